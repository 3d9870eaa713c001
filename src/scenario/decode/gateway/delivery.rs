//! What happens to a message that was taken: capacity, absent subscribers, receipts.

use super::super::super::diagnostics::{Problem, Reporter};
use super::super::super::gateway::{Absent, Capacity, ReceiptIds, RetryStep};
use super::super::super::reader::{Field, Shape, TableReader, TableSpec};
use super::super::super::resolved::{Latency, Probability};
use super::super::super::tree::{Node, Value};
use super::super::ROOT;
use super::super::destination::MOST_BURST;
use super::super::latency::{LATENCY, latency};
use super::super::values::{integer, quoted, span, wrong_type};
use crate::time::Span;

pub(super) static CAPACITY: TableSpec = TableSpec {
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

pub(super) static ABSENT: TableSpec = TableSpec {
    title: "`absent`",
    doc: "Subscribers that are switched off or out of cover.",
    fields: &[&[
        Field::required("probability", Shape::Probability, "how often one is away"),
        Field::required("away", LATENCY, "for how long"),
        Field::with_default(
            "retry",
            Shape::Either(&Shape::Span, &Shape::List(&Shape::List(&Shape::Span))),
            "\"10min\"",
            "how often the carrier tries, or a schedule of [how often, until when] after acceptance",
        ),
        Field::with_default("validity", Shape::Span, "\"48h\"", "when it gives up, with a receipt"),
        Field::with_default(
            "message-validity",
            Shape::Boolean,
            "false",
            "whether it gives up when the message's own validity is over, where that is sooner",
        ),
        Field::with_default(
            "alert",
            Shape::Probability,
            "0",
            "how often it is told that the handset is back, and tries at once",
        ),
    ]],
    kind: None,
};

pub(super) static RECEIPT_LATE: TableSpec = TableSpec {
    title: "`receipt-late`",
    doc: "Receipts that come late now and then.",
    fields: &[&[
        Field::required("probability", Shape::Probability, "how often"),
        Field::required("delay", LATENCY, "by how much"),
    ]],
    kind: None,
};

const ID_WORDS: Shape =
    Shape::OneOf(&["same", "decimal-for-hexadecimal", "hexadecimal-for-decimal"]);

static ZERO_PADDED: TableSpec = TableSpec {
    title: "`receipt-ids`",
    doc: "Receipts write numbers with leading zeros.",
    fields: &[&[Field::required(
        "zero-padded",
        Shape::Integer { least: 1, most: 20 },
        "up to so many digits",
    )]],
    kind: None,
};

pub(super) const RECEIPT_IDS: Shape = Shape::Either(&ID_WORDS, &Shape::Table(&ZERO_PADDED));

pub(super) fn capacity(reporter: &Reporter, node: &Node) -> Option<Capacity> {
    let reader = TableReader::open(reporter, &ROOT, &CAPACITY, node)?;
    let (rate, queue) = (reader.rate("rate"), reader.integer("queue"));
    reader.finish();
    Some(Capacity { rate: rate?, queue: queue? })
}

pub(super) fn absent(reporter: &Reporter, node: &Node) -> Option<Absent> {
    let reader = TableReader::open(reporter, &ROOT, &ABSENT, node)?;
    let probability = reader.probability("probability");
    let away = reader.get("away").and_then(|node| latency(reporter, &quoted("away"), &node));
    let retry = reader.get("retry").and_then(|node| schedule(reporter, &node));
    let validity = reader.positive_span("validity");
    let (minds, alert) = (reader.boolean("message-validity"), reader.probability("alert"));
    if let (Some(retry), Some(validity)) = (&retry, validity)
        && retry[0].every > validity
    {
        reader.reject("retry", "`retry` is longer than `validity`", "the carrier would never try");
    }
    reader.finish();
    Some(Absent {
        probability: probability?,
        away: away?,
        retry: retry?,
        validity: validity?,
        minds_message_validity: minds?,
        alert: alert?,
    })
}

/// A single interval for ever, or stretches that follow each other.
fn schedule(reporter: &Reporter, node: &Node) -> Option<Vec<RetryStep>> {
    let positive = |what: &str, node: &Node| {
        let read = span(reporter, what, node)?;
        if read == Span::ZERO {
            let label = "it must be above zero, such as \"10min\"";
            reporter.report(Problem::new(format!("{what} is zero"), node.mark, label));
            return None;
        }
        Some(read)
    };
    let Value::Array(steps) = &node.value else {
        let every = positive("`retry`", node)?;
        return Some(vec![RetryStep { every, until: Span::MAX }]);
    };
    let wanted = "pairs such as [[\"1min\", \"5min\"], [\"1h\", \"24h\"]]";
    if steps.is_empty() {
        reporter.report(Problem::new("`retry` is empty", node.mark, format!("give {wanted}")));
        return None;
    }
    let mut schedule: Vec<RetryStep> = Vec::new();
    for step in steps {
        let pair = match &step.value {
            Value::Array(pair) if pair.len() == 2 => pair,
            _ => {
                wrong_type(reporter, "`retry`", step, "a pair such as [\"1min\", \"5min\"]");
                return None;
            }
        };
        let every = positive("the interval", &pair[0]);
        let until = positive("the end of the stretch", &pair[1]);
        let (every, until) = (every?, until?);
        if schedule.last().is_some_and(|before| before.until >= until) {
            let label = "each stretch ends later than the one before";
            let title = "the stretches of `retry` are out of order";
            reporter.report(Problem::new(title, pair[1].mark, label));
            return None;
        }
        schedule.push(RetryStep { every, until });
    }
    Some(schedule)
}

pub(super) fn receipt_late(reporter: &Reporter, node: &Node) -> Option<(Probability, Latency)> {
    let reader = TableReader::open(reporter, &ROOT, &RECEIPT_LATE, node)?;
    let probability = reader.probability("probability");
    let delay = reader.get("delay").and_then(|node| latency(reporter, &quoted("delay"), &node));
    reader.finish();
    Some((probability?, delay?))
}

pub(super) fn receipt_ids(reader: &TableReader<'_>) -> Option<ReceiptIds> {
    let node = reader.get("receipt-ids")?;
    if let Value::Table(_) = &node.value {
        let inner = TableReader::open(reader.reporter, &ROOT, &ZERO_PADDED, &node)?;
        let digits = inner
            .get("zero-padded")
            .and_then(|node| integer(reader.reporter, &quoted("zero-padded"), &node, 1, 20));
        inner.finish();
        return Some(ReceiptIds::ZeroPadded(digits? as u8));
    }
    match super::super::values::one_of(reader.reporter, "receipt-ids", &ID_WORDS, &node)? {
        "decimal-for-hexadecimal" => Some(ReceiptIds::DecimalForHexadecimal),
        "hexadecimal-for-decimal" => Some(ReceiptIds::HexadecimalForDecimal),
        _ => Some(ReceiptIds::Same),
    }
}
