//! The description of each kind of fault: its keys, and what it does.

mod platform;
mod traffic;

use super::super::super::reader::{Field, Presence, Shape, TAG, TableSpec};
use super::super::destination::MOST_BURST;
use super::super::latency::LATENCY;

/// Keys of every fault.
const PLACE: &[Field] = &[
    Field::optional("name", Shape::Name, "its name; by default kind and position"),
    Field::optional("destination", Shape::Name, "where; needed when there is more than one"),
    Field::required("start", Shape::Span, "when it begins, or from when on it may"),
];

/// Keys of the faults that happen once, again and again, or at random.
const COMMON: &[Field] = &[
    Field::optional("name", Shape::Name, "its name; by default kind and position"),
    Field::optional("destination", Shape::Name, "where; needed when there is more than one"),
    Field::required("start", Shape::Span, "when it begins, or from when on it may"),
    Field::optional(
        "duration",
        Shape::Span,
        "how long it lasts; with `mtbf`, for how long it may come, by default to the end",
    ),
    Field::optional("every", Shape::Span, "it happens again, this long after it began"),
    Field::optional(
        "times",
        Shape::Integer { least: 2, most: 1_000_000 },
        "how often in all; to the end when not given",
    ),
    Field::optional("mtbf", Shape::Span, "mean time between failures: it comes at random"),
    Field::optional("mttr", Shape::Span, "mean time to repair, with `mtbf`"),
];

const SCOPE: &[Field] = &[
    Field::optional(
        "session",
        Shape::Integer { least: 1, most: 10_000 },
        "on which session, from 1; all when not given",
    ),
    Field::optional("tenant", Shape::Name, "for whom; everybody when not given"),
    Field::optional("sender", Shape::Name, "for which of its senders; all when not given"),
    Field::optional("class", Shape::Name, "for which class; all when not given"),
];

const RAMP: &[Field] = &[Field::with_default(
    "ramp",
    Shape::Span,
    "\"0s\"",
    "how long it takes to reach its full strength, and to lose it before the end",
)];

const STATUS: Field =
    Field::required("status", Shape::Text, "an SMPP status such as \"ESME_RSYSERR\"");

const FACTOR: Field = Field::required(
    "factor",
    Shape::Number { least: 0.001, most: 1000.0 },
    "what answers take, as a multiple of usual",
);

const SESSIONS: Field = Field::required(
    "sessions",
    Shape::Integer { least: 1, most: 10_000 },
    "how many of them, from the first",
);

const fn kind(word: &'static [&'static str]) -> Field {
    let shape = Shape::OneOf(word);
    Field { name: TAG, shape, presence: Presence::Required, doc: "the kind of fault" }
}

/// All kinds of faults, for people: name, effect, settings.
pub(crate) fn fault_kinds() -> impl Iterator<Item = [String; 3]> {
    FAULT_KINDS.iter().map(|spec| {
        let settings: Vec<&str> =
            spec.all_fields().map(|field| field.name).filter(|name| *name != TAG).collect();
        [spec.kind.unwrap_or_default().to_owned(), spec.doc.to_owned(), settings.join(", ")]
    })
}

static OUTAGE: TableSpec = TableSpec {
    title: "`[[fault]]` of kind outage",
    doc: "All sessions are down; what was unanswered has an unknown outcome.",
    fields: &[&[kind(&["outage"])], COMMON],
    kind: Some("outage"),
};

static SESSION_DROP: TableSpec = TableSpec {
    title: "`[[fault]]` of kind session-drop",
    doc: "The first sessions are down; what was unanswered on them has an unknown outcome.",
    fields: &[&[kind(&["session-drop"]), SESSIONS], COMMON],
    kind: Some("session-drop"),
};

static FLAP: TableSpec = TableSpec {
    title: "`[[fault]]` of kind flap",
    doc: "Sessions go down and come up again, over and over.",
    fields: &[
        &[
            kind(&["flap"]),
            SESSIONS,
            Field::required("down", Shape::Span, "how long they stay down"),
            Field::required("up", Shape::Span, "how long they stay up"),
        ],
        COMMON,
    ],
    kind: Some("flap"),
};

static ERROR_BURST: TableSpec = TableSpec {
    title: "`[[fault]]` of kind error-burst",
    doc: "Some attempts are refused.",
    fields: &[
        &[
            kind(&["error-burst"]),
            Field::required("fraction", Shape::Probability, "how many attempts it refuses"),
            STATUS,
        ],
        SCOPE,
        RAMP,
        COMMON,
    ],
    kind: Some("error-burst"),
};

static BROWNOUT: TableSpec = TableSpec {
    title: "`[[fault]]` of kind brownout",
    doc: "Some attempts are refused, and all answers are slow.",
    fields: &[
        &[
            kind(&["brownout"]),
            Field::required("fraction", Shape::Probability, "how many attempts it refuses"),
            STATUS,
            FACTOR,
        ],
        SCOPE,
        RAMP,
        COMMON,
    ],
    kind: Some("brownout"),
};

static THROTTLE: TableSpec = TableSpec {
    title: "`[[fault]]` of kind throttle",
    doc: "The carrier lets less through and refuses the rest as throttled.",
    fields: &[
        &[
            kind(&["throttle"]),
            Field::required(
                "limit",
                Shape::Rate,
                "segments that it lets through, such as \"10/s\"",
            ),
            Field::optional(
                "burst",
                Shape::Integer { least: 1, most: MOST_BURST },
                "segments at once after a pause; 1 when not given",
            ),
        ],
        SCOPE,
        COMMON,
    ],
    kind: Some("throttle"),
};

static RATE_CUT: TableSpec = TableSpec {
    title: "`[[fault]]` of kind rate-cut",
    doc: "The carrier processes less; the rest waits there, unanswered.",
    fields: &[
        &[
            kind(&["rate-cut"]),
            Field::required("rate", Shape::Rate, "segments that it processes, such as \"10/s\""),
        ],
        COMMON,
    ],
    kind: Some("rate-cut"),
};

static SLOW_RESPONSE: TableSpec = TableSpec {
    title: "`[[fault]]` of kind slow-response",
    doc: "Answers are slow.",
    fields: &[&[kind(&["slow-response"]), FACTOR], SCOPE, RAMP, COMMON],
    kind: Some("slow-response"),
};

static BLACKHOLE: TableSpec = TableSpec {
    title: "`[[fault]]` of kind blackhole",
    doc: "Some attempts disappear: never answered, never taken.",
    fields: &[
        &[
            kind(&["blackhole"]),
            Field::required("fraction", Shape::Probability, "how many attempts"),
        ],
        SCOPE,
        RAMP,
        COMMON,
    ],
    kind: Some("blackhole"),
};

static FILTERING: TableSpec = TableSpec {
    title: "`[[fault]]` of kind filtering",
    doc: "Some messages are taken and never delivered.",
    fields: &[
        &[
            kind(&["filtering"]),
            Field::required("fraction", Shape::Probability, "how many messages"),
            Field::with_default("receipts", Shape::Boolean, "false", "whether a receipt says so"),
        ],
        SCOPE,
        RAMP,
        COMMON,
    ],
    kind: Some("filtering"),
};

static RECEIPT_DELAY: TableSpec = TableSpec {
    title: "`[[fault]]` of kind receipt-delay",
    doc: "Receipts come later than usual.",
    fields: &[
        &[kind(&["receipt-delay"]), Field::required("delay", LATENCY, "by how much")],
        SCOPE,
        COMMON,
    ],
    kind: Some("receipt-delay"),
};

static RECEIPT_LOSS: TableSpec = TableSpec {
    title: "`[[fault]]` of kind receipt-loss",
    doc: "Some receipts are lost.",
    fields: &[
        &[
            kind(&["receipt-loss"]),
            Field::required("fraction", Shape::Probability, "how many receipts"),
        ],
        SCOPE,
        RAMP,
        COMMON,
    ],
    kind: Some("receipt-loss"),
};

static RECEIPT_DUPLICATE: TableSpec = TableSpec {
    title: "`[[fault]]` of kind receipt-duplicate",
    doc: "Some receipts come twice.",
    fields: &[
        &[
            kind(&["receipt-duplicate"]),
            Field::required("fraction", Shape::Probability, "how many receipts"),
        ],
        SCOPE,
        RAMP,
        COMMON,
    ],
    kind: Some("receipt-duplicate"),
};

static BAD_LIST: TableSpec = TableSpec {
    title: "`[[fault]]` of kind bad-list",
    doc: "A tenant sends to numbers that do not exist; retries do not help.",
    fields: &[
        &[
            kind(&["bad-list"]),
            Field::required("tenant", Shape::Name, "whose list it is"),
            Field::optional("sender", Shape::Name, "which of its senders; all when not given"),
            Field::optional("class", Shape::Name, "which class; all when not given"),
            Field::required("fraction", Shape::Probability, "how many of its messages"),
            Field::with_default(
                "status",
                Shape::Text,
                "\"ESME_RINVDSTADR\"",
                "the SMPP status that they are refused with",
            ),
        ],
        RAMP,
        COMMON,
    ],
    kind: Some("bad-list"),
};

static SENDER_BLOCK: TableSpec = TableSpec {
    title: "`[[fault]]` of kind sender-block",
    doc: "The carrier refuses a tenant's sender altogether.",
    fields: &[
        &[
            kind(&["sender-block"]),
            Field::required("tenant", Shape::Name, "whose sender it is"),
            Field::optional("sender", Shape::Name, "which of its senders; all when not given"),
            Field::with_default(
                "status",
                Shape::Text,
                "\"ESME_RINVSRCADR\"",
                "the SMPP status that it refuses with",
            ),
        ],
        COMMON,
    ],
    kind: Some("sender-block"),
};

pub(crate) static FAULT_KINDS: [&TableSpec; 26] = [
    &OUTAGE,
    &SESSION_DROP,
    &FLAP,
    &ERROR_BURST,
    &BROWNOUT,
    &THROTTLE,
    &RATE_CUT,
    &SLOW_RESPONSE,
    &BLACKHOLE,
    &FILTERING,
    &RECEIPT_DELAY,
    &RECEIPT_LOSS,
    &RECEIPT_DUPLICATE,
    &BAD_LIST,
    &SENDER_BLOCK,
    &traffic::TRAFFIC_SPIKE,
    &traffic::TRAFFIC_DROP,
    &traffic::RUNAWAY_RETRY,
    &platform::TENANT_JOINS,
    &platform::TENANT_LEAVES,
    &platform::WEIGHT_CHANGE,
    &platform::QUOTA_CHANGE,
    &platform::SCHEDULER_RESTART,
    &traffic::FLASH_CROWD,
    &traffic::CAMPAIGN,
    &traffic::DIURNAL,
];
