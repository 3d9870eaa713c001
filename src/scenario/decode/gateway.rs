//! `[destination.gateway]`: the carrier's side of a destination.

use super::super::diagnostics::{Problem, Reporter};
use super::super::gateway::{Absent, Capacity, Gateway};
use super::super::reader::{Field, Shape, TableReader, TableSpec};
use super::super::resolved::Probability;
use super::super::tree::Node;
use super::ROOT;
use super::destination::{MOST_BURST, quota};
use super::latency::{LATENCY, latency};
use super::values::{did_you_mean, quoted};
use crate::scheduler::Status;

pub(crate) static GATEWAY: TableSpec = TableSpec {
    title: "`[destination.gateway]`",
    doc: "How the carrier behaves when nothing is wrong.",
    fields: &[&[
        Field::with_default(
            "sessions",
            Shape::Integer { least: 1, most: 10_000 },
            "1",
            "sessions (binds)",
        ),
        Field::with_default(
            "window",
            Shape::Integer { least: 1, most: 1_000_000 },
            "10",
            "unanswered attempts that each session allows",
        ),
        Field::with_default(
            "reconnect",
            Shape::Span,
            "\"0s\"",
            "how long a session that was lost takes to come back once it can",
        ),
        Field::optional(
            "limit",
            Shape::Rate,
            "segments that the carrier lets through; beyond it attempts are throttled",
        ),
        Field::optional(
            "limit-burst",
            Shape::Integer { least: 1, most: MOST_BURST },
            "segments that it lets through at once after a pause; 1 when not given",
        ),
        Field::optional(
            "session-limit",
            Shape::Rate,
            "segments that it lets through on each session",
        ),
        Field::optional(
            "session-burst",
            Shape::Integer { least: 1, most: MOST_BURST },
            "segments at once on each session after a pause; 1 when not given",
        ),
        Field::optional("capacity", Shape::Table(&CAPACITY), "what the carrier processes"),
        Field::optional(
            "absent",
            Shape::Table(&ABSENT),
            "handsets that cannot be reached at first",
        ),
        Field::with_default(
            "response",
            LATENCY,
            "{ lognormal = { median = \"50ms\", sigma = 0.6 } }",
            "from submission to response",
        ),
        Field::with_default(
            "delivery",
            LATENCY,
            "{ lognormal = { median = \"3s\", sigma = 0.73 } }",
            "from acceptance to the handset",
        ),
        Field::with_default(
            "receipt",
            LATENCY,
            "{ lognormal = { median = \"1s\", sigma = 0.5 } }",
            "from delivery, or its failure, to the receipt",
        ),
        Field::with_default(
            "undeliverable",
            Shape::Probability,
            "0",
            "how often an accepted message is never delivered, with a receipt that says so",
        ),
        Field::with_default(
            "lost",
            Shape::Probability,
            "0",
            "how often an accepted message disappears without a receipt",
        ),
        Field::with_default(
            "receipt-lost",
            Shape::Probability,
            "0",
            "how often the receipt of a message is lost",
        ),
        Field::with_default(
            "receipt-duplicated",
            Shape::Probability,
            "0",
            "how often a receipt comes twice",
        ),
        Field::optional("refusals", Shape::Tables(&REFUSAL), "refusals in ordinary operation"),
    ]],
    kind: None,
};

static CAPACITY: TableSpec = TableSpec {
    title: "`capacity`",
    doc: "What the carrier processes; what comes faster waits there, unanswered.",
    fields: &[&[
        Field::required("rate", Shape::Rate, "segments, such as \"100/s\""),
        Field::with_default(
            "queue",
            Shape::Integer { least: 1, most: MOST_BURST },
            "10000",
            "segments that may wait; beyond it attempts are refused with ESME_RMSGQFUL",
        ),
    ]],
    kind: None,
};

static ABSENT: TableSpec = TableSpec {
    title: "`absent`",
    doc: "Subscribers that are switched off or out of cover.",
    fields: &[&[
        Field::required("probability", Shape::Probability, "how often one is away"),
        Field::required("away", LATENCY, "for how long"),
        Field::with_default("retry", Shape::Span, "\"10min\"", "how often the carrier tries"),
        Field::with_default("validity", Shape::Span, "\"48h\"", "when it gives up, with a receipt"),
    ]],
    kind: None,
};

static REFUSAL: TableSpec = TableSpec {
    title: "a refusal",
    doc: "A status that the carrier answers with now and then.",
    fields: &[&[
        Field::required("status", Shape::Text, "an SMPP status such as \"ESME_RSYSERR\""),
        Field::required("probability", Shape::Probability, "how often"),
    ]],
    kind: None,
};

pub(crate) fn gateway(reporter: &Reporter, node: &Node) -> Option<Gateway> {
    let reader = TableReader::open(reporter, &ROOT, &GATEWAY, node)?;
    let sessions = reader.integer("sessions");
    let window = reader.integer_u32("window");
    let [response, delivery, receipt] = ["response", "delivery", "receipt"].map(|key| {
        let node = reader.get(key)?;
        latency(reporter, &quoted(key), &node)
    });
    let reconnect = reader.span("reconnect");
    let limit = quota(&reader, "limit", "limit-burst", false);
    let session_limit = quota(&reader, "session-limit", "session-burst", false);
    let capacity = reader.get("capacity").map(|node| capacity(reporter, &node));
    let absent = reader.get("absent").map(|node| absent(reporter, &node));
    let receipt_duplicated = reader.probability("receipt-duplicated");
    let undeliverable = reader.probability("undeliverable");
    let lost = reader.probability("lost");
    let receipt_lost = reader.probability("receipt-lost");
    let refusals: Vec<_> =
        reader.tables("refusals").into_iter().map(|n| refusal(reporter, n)).collect();
    let refusals: Option<Vec<_>> = refusals.into_iter().collect();
    let whole = Probability::ALWAYS.billionths();
    if let Some(refusals) = &refusals {
        let sum: u64 = refusals.iter().map(|(_, p)| u64::from(p.billionths())).sum();
        if sum > u64::from(whole) {
            let label = format!("together they are {}", sum as f64 / 1e9);
            reader.reject(
                "refusals",
                "the probabilities of `refusals` add up to more than 1",
                label,
            );
        }
    }
    if let (Some(undeliverable), Some(lost)) = (undeliverable, lost)
        && undeliverable.billionths() > whole - lost.billionths()
    {
        let title = "`undeliverable` and `lost` add up to more than 1";
        let sum = u64::from(undeliverable.billionths()) + u64::from(lost.billionths());
        let label = format!("with `lost` it is {}", sum as f64 / 1e9);
        reader.reject("undeliverable", title, label);
    }
    reader.finish();
    Some(Gateway {
        sessions: u16::try_from(sessions?).expect("the description bounds it"),
        window: window?,
        response: response?,
        refusals: refusals?,
        delivery: delivery?,
        undeliverable: undeliverable?,
        lost: lost?,
        receipt: receipt?,
        receipt_lost: receipt_lost?,
        reconnect: reconnect?,
        limit: limit?,
        session_limit: session_limit?,
        capacity: all_or_none(capacity)?,
        absent: all_or_none(absent)?,
        receipt_duplicated: receipt_duplicated?,
    })
}

/// What was given and could be read, or was not given at all.
fn all_or_none<T>(given: Option<Option<T>>) -> Option<Option<T>> {
    match given {
        None => Some(None),
        Some(read) => read.map(Some),
    }
}

fn capacity(reporter: &Reporter, node: &Node) -> Option<Capacity> {
    let reader = TableReader::open(reporter, &ROOT, &CAPACITY, node)?;
    let (rate, queue) = (reader.rate("rate"), reader.integer("queue"));
    reader.finish();
    Some(Capacity { rate: rate?, queue: queue? })
}

fn absent(reporter: &Reporter, node: &Node) -> Option<Absent> {
    let reader = TableReader::open(reporter, &ROOT, &ABSENT, node)?;
    let probability = reader.probability("probability");
    let away = reader.get("away").and_then(|node| latency(reporter, &quoted("away"), &node));
    let (retry, validity) = (reader.positive_span("retry"), reader.positive_span("validity"));
    if let (Some(retry), Some(validity)) = (retry, validity)
        && retry > validity
    {
        reader.reject("retry", "`retry` is longer than `validity`", "the carrier would never try");
    }
    reader.finish();
    Some(Absent { probability: probability?, away: away?, retry: retry?, validity: validity? })
}

fn refusal(reporter: &Reporter, node: &Node) -> Option<(Status, Probability)> {
    let reader = TableReader::open(reporter, &ROOT, &REFUSAL, node)?;
    let status = failure_status(&reader, "status");
    let probability = reader.probability("probability");
    reader.finish();
    Some((status?, probability?))
}

/// An SMPP status by name, or by number as `0x00000014`; never the one that means accepted.
pub(crate) fn failure_status(reader: &TableReader<'_>, key: &'static str) -> Option<Status> {
    let written = reader.text(key)?;
    let number = written.text.strip_prefix("0x").map(|digits| u32::from_str_radix(digits, 16));
    let status = match number {
        Some(number) => number.ok().map(Status),
        None => Status::from_name(&written.text),
    };
    match status {
        None => {
            let names = Status::NAMED.iter().filter(|(status, _)| *status != Status::OK);
            let title = format!("there is no status `{}`", written.text);
            let label = did_you_mean(&written.text, names.map(|(_, name)| *name));
            let problem = Problem::new(title, written.mark, label);
            reader.reporter.report(problem.help("other statuses are written as \"0x00000400\""));
            None
        }
        Some(Status::OK) => {
            let title = format!("`{}` is not a failure", written.text);
            let label =
                "this status means accepted; name one that refuses, such as \"ESME_RSYSERR\"";
            reader.reporter.report(Problem::new(title, written.mark, label));
            None
        }
        status => status,
    }
}
