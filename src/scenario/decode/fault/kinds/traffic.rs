//! Faults that make, withhold or repeat messages, and what only looks like one.

use super::super::super::super::reader::{Field, Shape, TableSpec};
use super::super::super::traffic::MOST_SEGMENTS;
use super::{COMMON, PLACE, RAMP, kind};

const WHOSE: Field = Field::required("tenant", Shape::Name, "whose traffic it is");

/// What the messages are that a fault makes.
const MESSAGES: &[Field] = &[
    Field::optional("class", Shape::Name, "their class; needed when there is more than one"),
    Field::with_default(
        "segments",
        Shape::Integer { least: 1, most: MOST_SEGMENTS },
        "1",
        "what each costs",
    ),
    Field::optional("validity", Shape::Span, "how long each stays worth sending"),
];

const LASTS: Field = Field::required("duration", Shape::Span, "how long it lasts");

pub(super) static TRAFFIC_SPIKE: TableSpec = TableSpec {
    title: "`[[fault]]` of kind traffic-spike",
    doc: "A tenant submits more than usual, unannounced: a Poisson stream beside its own traffic.",
    fields: &[
        &[
            kind(&["traffic-spike"]),
            WHOSE,
            Field::required("rate", Shape::Rate, "messages beyond the usual, such as \"50/s\""),
        ],
        MESSAGES,
        RAMP,
        COMMON,
    ],
    kind: Some("traffic-spike"),
};

pub(super) static TRAFFIC_DROP: TableSpec = TableSpec {
    title: "`[[fault]]` of kind traffic-drop",
    doc: "A tenant submits less than usual.",
    fields: &[
        &[
            kind(&["traffic-drop"]),
            Field::optional("tenant", Shape::Name, "whose traffic; everybody's when not given"),
            Field::optional("sender", Shape::Name, "which of its senders; all when not given"),
            Field::optional("class", Shape::Name, "which class; all when not given"),
            Field::required("fraction", Shape::Probability, "how many messages are missing"),
        ],
        RAMP,
        COMMON,
    ],
    kind: Some("traffic-drop"),
};

pub(super) static RUNAWAY_RETRY: TableSpec = TableSpec {
    title: "`[[fault]]` of kind runaway-retry",
    doc: "A tenant's own system submits everything again that failed, as new messages.",
    fields: &[
        &[
            kind(&["runaway-retry"]),
            WHOSE,
            Field::optional("sender", Shape::Name, "which of its senders; all when not given"),
            Field::optional("class", Shape::Name, "which class; all when not given"),
            Field::with_default(
                "copies",
                Shape::Integer { least: 1, most: 10 },
                "1",
                "how often it submits each that failed",
            ),
            Field::with_default("wait", Shape::Span, "\"1s\"", "how long it waits before"),
        ],
        COMMON,
    ],
    kind: Some("runaway-retry"),
};

pub(super) static FLASH_CROWD: TableSpec = TableSpec {
    title: "`[[fault]]` of kind flash-crowd",
    doc: "A negative control: tenants submit more for a while, as crowds do, and nothing is wrong.",
    fields: &[
        &[
            kind(&["flash-crowd"]),
            Field::optional("tenant", Shape::Name, "whose crowd; everybody's when not given"),
            Field::required("peak", Shape::Rate, "the highest rate of each tenant"),
            Field::with_default("rise", Shape::Span, "\"1min\"", "from the beginning to the peak"),
            Field::with_default(
                "half-life",
                Shape::Span,
                "\"5min\"",
                "in which the rate halves after the peak",
            ),
            LASTS,
        ],
        MESSAGES,
        PLACE,
    ],
    kind: Some("flash-crowd"),
};

pub(super) static CAMPAIGN: TableSpec = TableSpec {
    title: "`[[fault]]` of kind campaign",
    doc: "A negative control: a tenant submits a campaign, evenly while it lasts, and nothing is wrong.",
    fields: &[
        &[
            kind(&["campaign"]),
            WHOSE,
            Field::required(
                "messages",
                Shape::Integer { least: 1, most: 1_000_000_000 },
                "how many messages",
            ),
            Field::with_default(
                "announced",
                Shape::Boolean,
                "true",
                "whether the platform was told beforehand",
            ),
            LASTS,
        ],
        MESSAGES,
        PLACE,
    ],
    kind: Some("campaign"),
};

pub(super) static DIURNAL: TableSpec = TableSpec {
    title: "`[[fault]]` of kind diurnal",
    doc: "A negative control: traffic goes down and comes up again with the hour, and nothing is wrong.",
    fields: &[
        &[
            kind(&["diurnal"]),
            Field::optional("tenant", Shape::Name, "whose traffic; everybody's when not given"),
            Field::required(
                "depth",
                Shape::Probability,
                "how many messages are missing in the middle of a period",
            ),
            Field::with_default("period", Shape::Span, "\"24h\"", "from one height to the next"),
            LASTS,
        ],
        PLACE,
    ],
    kind: Some("diurnal"),
};
