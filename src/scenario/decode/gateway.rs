//! `[destination.gateway]`: the carrier's side of a destination.

mod delivery;
mod profile;
mod senders;
mod sessions;

use super::super::diagnostics::{Problem, Reporter};
use super::super::gateway::Gateway;
use super::super::reader::{Field, Shape, TableReader, TableSpec};
use super::super::resolved::Probability;
use super::super::tree::Node;
use super::ROOT;
use super::destination::{MOST_BURST, quota};
use super::latency::{LATENCY, latency};
use super::values::{did_you_mean, quoted};
use crate::scheduler::{Status, WindowUnit};
use crate::time::Span;
use delivery::{ABSENT, CAPACITY, RECEIPT_IDS, RECEIPT_LATE};
pub(crate) use profile::carrier_profiles;
use senders::{RECIPIENT_QUEUE, SENDER_LIMIT};
use sessions::{BIND, ENQUIRE_LINK, MOST_SESSIONS, RECONNECT};

pub(crate) static GATEWAY: TableSpec = TableSpec {
    title: "`[destination.gateway]`",
    doc: "How the carrier behaves when nothing is wrong.",
    fields: &[&[
        Field::optional(
            "profile",
            Shape::Text,
            "a carrier profile, whose keys hold where others are not given: `apportion carriers`",
        ),
        Field::with_default(
            "sessions",
            Shape::Integer { least: 1, most: MOST_SESSIONS },
            "1",
            "sessions (binds)",
        ),
        Field::with_default(
            "window",
            Shape::Integer { least: 1, most: 1_000_000 },
            "10",
            "unanswered attempts that each session allows",
        ),
        Field::optional("bind", Shape::Tables(&BIND), "sessions that differ from each other"),
        Field::with_default(
            "window-counts",
            Shape::OneOf(&["messages", "segments"]),
            "\"messages\"",
            "what a window counts; by segments, a message takes a seat for each until it is answered",
        ),
        Field::with_default(
            "reconnect",
            RECONNECT,
            "\"0s\"",
            "how long a session that was lost takes to come back once it can, or how the platform tries",
        ),
        Field::optional("enquire-link", Shape::Table(&ENQUIRE_LINK), "how a dead session is found"),
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
        Field::optional(
            "sender-limit",
            Shape::Tables(&SENDER_LIMIT),
            "what the carrier lets through of senders",
        ),
        Field::optional("capacity", Shape::Table(&CAPACITY), "what the carrier processes"),
        Field::with_default(
            "congestion-state",
            Shape::Boolean,
            "false",
            "whether responses tell how full the queue of `capacity` is, 0 to 100, as in SMPP 5.0",
        ),
        Field::optional(
            "recipient-queue",
            Shape::Table(&RECIPIENT_QUEUE),
            "how many undelivered messages it keeps for one recipient",
        ),
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
        Field::optional(
            "receipt-resolution",
            Shape::Span,
            "how exactly receipts tell when a message was delivered, rounded down, such as \"1min\"; \
             without it they tell no time",
        ),
        Field::optional("receipt-late", Shape::Table(&RECEIPT_LATE), "receipts that come late"),
        Field::with_default(
            "receipt-ids",
            RECEIPT_IDS,
            "\"same\"",
            "how receipts write the numbers of messages, compared with responses",
        ),
        Field::optional("refusals", Shape::Tables(&REFUSAL), "refusals in ordinary operation"),
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

pub(crate) fn gateway(reporter: &Reporter, begins: Span, node: &Node) -> Option<Gateway> {
    let (node, profile) = profile::with_profile(reporter, node);
    let reader = TableReader::open(reporter, &ROOT, &GATEWAY, &node)?;
    let _ = reader.text("profile");
    let sessions_read = reader.integer("sessions");
    let window = reader.integer_u32("window");
    let binds = sessions::binds(&reader);
    let window_counts = reader.word("window-counts");
    let [response, delivery, receipt] = ["response", "delivery", "receipt"].map(|key| {
        let node = reader.get(key)?;
        latency(reporter, &quoted(key), &node)
    });
    let reconnect = reader.get("reconnect").and_then(|node| sessions::reconnect(reporter, &node));
    let enquire_link =
        reader.get("enquire-link").map(|node| sessions::enquire_link(reporter, &node));
    let limit = quota(&reader, "limit", "limit-burst", false);
    let session_limit = quota(&reader, "session-limit", "session-burst", false);
    let nodes = reader.tables("sender-limit");
    let sender_limits: Vec<_> =
        nodes.iter().map(|node| senders::sender_limit(reporter, begins, node)).collect();
    let sender_limits: Option<Vec<_>> = sender_limits.into_iter().collect();
    let capacity = reader.get("capacity").map(|node| delivery::capacity(reporter, &node));
    let tells_congestion = reader.boolean("congestion-state");
    if tells_congestion == Some(true) && capacity.is_none() {
        let title = "`congestion-state` without `capacity`";
        let label = "what is not queued is never congested; give the carrier a `capacity`";
        reader.reject("congestion-state", title, label);
    }
    let recipient_queue =
        reader.get("recipient-queue").map(|node| senders::recipient_queue(reporter, &node));
    let absent = reader.get("absent").map(|node| delivery::absent(reporter, &node));
    let receipt_late =
        reader.get("receipt-late").map(|node| delivery::receipt_late(reporter, &node));
    let receipt_ids = delivery::receipt_ids(&reader);
    let receipt_resolution =
        reader.get("receipt-resolution").map(|_| reader.positive_span("receipt-resolution"));
    let receipt_duplicated = reader.probability("receipt-duplicated");
    let undeliverable = reader.probability("undeliverable");
    let lost = reader.probability("lost");
    let receipt_lost = reader.probability("receipt-lost");
    let refusals: Vec<_> =
        reader.tables("refusals").into_iter().map(|n| refusal(reporter, n)).collect();
    let refusals: Option<Vec<_>> = refusals.into_iter().collect();
    check_sums(&reader, refusals.as_deref(), undeliverable, lost);
    reader.finish();
    let binds = binds?;
    let sessions = if binds.is_empty() { sessions_read? } else { binds.len() as u64 };
    Some(Gateway {
        profile,
        sessions: u16::try_from(sessions).expect("the description bounds it"),
        window: window?,
        binds,
        window_counts: match window_counts? {
            "segments" => WindowUnit::Segments,
            _ => WindowUnit::Messages,
        },
        reconnect: reconnect?,
        enquire_link: all_or_none(enquire_link)?,
        limit: limit?,
        session_limit: session_limit?,
        sender_limits: sender_limits?,
        capacity: all_or_none(capacity)?,
        tells_congestion: tells_congestion?,
        recipient_queue: all_or_none(recipient_queue)?,
        response: response?,
        refusals: refusals?,
        delivery: delivery?,
        absent: all_or_none(absent)?,
        undeliverable: undeliverable?,
        lost: lost?,
        receipt: receipt?,
        receipt_late: all_or_none(receipt_late)?,
        receipt_lost: receipt_lost?,
        receipt_duplicated: receipt_duplicated?,
        receipt_resolution: all_or_none(receipt_resolution)?,
        receipt_ids: receipt_ids?,
    })
}

/// Reports probabilities that add up to more than one.
fn check_sums(
    reader: &TableReader<'_>,
    refusals: Option<&[(Status, Probability)]>,
    undeliverable: Option<Probability>,
    lost: Option<Probability>,
) {
    let whole = Probability::ALWAYS.billionths();
    if let Some(refusals) = refusals {
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
}

/// What was given and could be read, or was not given at all.
fn all_or_none<T>(given: Option<Option<T>>) -> Option<Option<T>> {
    match given {
        None => Some(None),
        Some(read) => read.map(Some),
    }
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
