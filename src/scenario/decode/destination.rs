//! `[[destination]]` and the carrier behind it.

use super::super::diagnostics::{Problem, Reporter};
use super::super::reader::{Field, Shape, TableReader, TableSpec};
use super::super::resolved::{Destination, Gateway, Probability};
use super::super::tree::{Node, Value};
use super::latency::{LATENCY, latency};
use super::names::Names;
use super::retry::{self, RETRY};
use super::values::{did_you_mean, quota_rate, quoted, rate};
use super::{ROOT, default_table};
use crate::scheduler::Status;
use crate::units::Quota;

pub(crate) static DESTINATION: TableSpec = TableSpec {
    title: "`[[destination]]`",
    doc: "A route to recipients, with our quota and the carrier behind it.",
    fields: &[&[
        Field::required("name", Shape::Name, "its name"),
        Field::required(
            "quota",
            Shape::Quota,
            "segments we may send, such as \"10/s\", or \"unlimited\"",
        ),
        Field::optional(
            "burst",
            Shape::Integer { least: 1, most: MOST_BURST },
            "segments that may go at once after a pause; 1 when not given",
        ),
        Field::optional(
            "admission",
            Shape::Span,
            "later submissions are refused while their queue would take longer than this to drain",
        ),
        Field::with_default(
            "response-timeout",
            Shape::Span,
            "\"60s\"",
            "how long to wait for a response",
        ),
        Field::with_default(
            "receipt-timeout",
            Shape::Span,
            "\"72h\"",
            "how long to wait for a receipt",
        ),
        Field::optional("gateway", Shape::Table(&GATEWAY), "the carrier's side"),
        Field::optional("retry", Shape::Table(&RETRY), "what happens after failures"),
    ]],
    kind: None,
};

/// The largest burst: a second of the highest rate.
pub(crate) const MOST_BURST: u64 = 1_000_000_000;

static GATEWAY: TableSpec = TableSpec {
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

/// Reads one destination and adds its name to `names`.
pub(crate) fn destination(
    reporter: &Reporter,
    names: &mut Names,
    node: &Node,
) -> Option<Destination> {
    let Some(reader) = TableReader::open(reporter, &ROOT, &DESTINATION, node) else {
        names.add(reporter, None);
        return None;
    };
    let name = reader.name("name");
    names.add(reporter, name.clone());
    let quota = quota(&reader, "quota", "burst", true);
    let admission = reader.positive_span("admission");
    let response_timeout = reader.positive_span("response-timeout");
    let receipt_timeout = reader.positive_span("receipt-timeout");
    let gateway = match reader.get("gateway") {
        Some(node) => gateway(reporter, &node),
        None => gateway(reporter, &default_table(node.mark)),
    };
    let retry = match reader.get("retry") {
        Some(node) => retry::retry(reporter, &node),
        None => retry::retry(reporter, &default_table(node.mark)),
    };
    reader.finish();
    Some(Destination {
        name: name?.text,
        quota: quota?,
        admission,
        retry: retry?,
        response_timeout: response_timeout?,
        receipt_timeout: receipt_timeout?,
        gateway: gateway?,
    })
}

/// A rate and its burst. The outer `None` was reported, the inner one is "no limit".
pub(crate) fn quota(
    reader: &TableReader<'_>,
    rate_key: &'static str,
    burst_key: &'static str,
    may_be_unlimited: bool,
) -> Option<Option<Quota>> {
    let node = reader.get(rate_key);
    let burst_given = reader.has(burst_key);
    let burst = match reader.integer(burst_key) {
        Some(burst) => Some(burst),
        None => (!burst_given).then_some(1),
    };
    let unlimited = match node.as_deref() {
        None if may_be_unlimited => return None,
        None => true,
        Some(node) => {
            may_be_unlimited && matches!(&node.value, Value::Text(text) if text == "unlimited")
        }
    };
    if unlimited {
        if burst_given {
            let title = format!("`{burst_key}` has nothing to limit");
            let label = format!("give `{rate_key}` a rate such as \"10/s\", or remove this");
            reader.reject(burst_key, title, label);
            return None;
        }
        return Some(None);
    }
    let node = node.expect("a missing rate is unlimited or was reported");
    let read = if may_be_unlimited { quota_rate } else { rate };
    let rate = read(reader.reporter, &quoted(rate_key), &node)?;
    Some(Some(Quota { rate, burst: burst? }))
}

fn gateway(reporter: &Reporter, node: &Node) -> Option<Gateway> {
    let reader = TableReader::open(reporter, &ROOT, &GATEWAY, node)?;
    let sessions = reader.integer("sessions");
    let window = reader.integer_u32("window");
    let [response, delivery, receipt] = ["response", "delivery", "receipt"].map(|key| {
        let node = reader.get(key)?;
        latency(reporter, &quoted(key), &node)
    });
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
    })
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
