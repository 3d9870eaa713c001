//! `[destination.backpressure]`: how our side yields to a carrier that throttles or fails.

use super::super::diagnostics::Reporter;
use super::super::reader::{Field, Shape, TableReader, TableSpec};
use super::super::tree::{Node, Value};
use super::values::{quoted, wrong_type};
use super::{ROOT, default_table};
use crate::scheduler::{AdaptiveRate, Backpressure, CircuitBreaker, Congestion};

pub(crate) static BACKPRESSURE: TableSpec = TableSpec {
    title: "`[destination.backpressure]`",
    doc: "How our side yields to a carrier that throttles or fails.",
    fields: &[&[
        Field::optional(
            "throttle-pause",
            Shape::Span,
            "how long nothing is sent after a throttling answer; by default what `retry.profile` says",
        ),
        Field::with_default(
            "adaptive",
            Shape::Either(&Shape::Boolean, &Shape::Table(&ADAPTIVE)),
            "false",
            "whether the rate follows the carrier's limit: lower when throttled, higher by and by",
        ),
        Field::with_default(
            "breaker",
            Shape::Either(&Shape::Boolean, &Shape::Table(&BREAKER)),
            "false",
            "whether a carrier that fails again and again is left alone for a while",
        ),
    ]],
    kind: None,
};

static ADAPTIVE: TableSpec = TableSpec {
    title: "`adaptive`",
    doc: "Additive increase, multiplicative decrease of the rate.",
    fields: &[&[
        Field::with_default(
            "lower-to",
            Shape::Probability,
            "\"50%\"",
            "what a throttling answer leaves of the rate",
        ),
        Field::with_default(
            "raise-by",
            Shape::Probability,
            "\"5%\"",
            "what every interval without one adds, of the quota",
        ),
        Field::with_default(
            "congested-at",
            Shape::Integer { least: 1, most: 100 },
            "90",
            "the congestion state from which on a response lowers the rate, where the carrier tells it",
        ),
        Field::with_default("every", Shape::Span, "\"1s\"", "how long an interval is"),
        Field::with_default(
            "floor",
            Shape::Probability,
            "\"5%\"",
            "the part of the quota below which the rate never falls",
        ),
    ]],
    kind: None,
};

static BREAKER: TableSpec = TableSpec {
    title: "`breaker`",
    doc: "Leaves a carrier alone that fails, and comes back slowly.",
    fields: &[&[
        Field::with_default(
            "failures",
            Shape::Integer { least: 1, most: 1_000_000 },
            "20",
            "so many in a row open it: refused for now, or unanswered",
        ),
        Field::with_default(
            "cool-down",
            Shape::Span,
            "\"10s\"",
            "how long nothing is sent then; each time it opens on the way back, twice as long",
        ),
        Field::with_default("longest", Shape::Span, "\"5min\"", "no cool-down is longer"),
        Field::with_default(
            "slow-start",
            Shape::Span,
            "\"30s\"",
            "how long the rate climbs from a tenth to the whole quota afterwards",
        ),
    ]],
    kind: None,
};

/// Reads how a destination yields; `usual` is what its retry profile says.
pub(crate) fn backpressure(
    reporter: &Reporter,
    node: &Node,
    usual: Backpressure,
) -> Option<Backpressure> {
    let reader = TableReader::open(reporter, &ROOT, &BACKPRESSURE, node)?;
    let throttle_pause = match reader.positive_span("throttle-pause") {
        None => (!reader.has("throttle-pause")).then_some(usual.throttle_pause),
        pause => Some(pause),
    };
    let adaptive = reader.get("adaptive");
    let adaptive = adaptive.and_then(|node| wanted(reporter, "adaptive", &node, adaptive_rate));
    let breaker = reader.get("breaker");
    let breaker = breaker.and_then(|node| wanted(reporter, "breaker", &node, circuit_breaker));
    reader.finish();
    Some(Backpressure { throttle_pause: throttle_pause?, adaptive: adaptive?, breaker: breaker? })
}

/// `false` for none of it, `true` for its defaults, or a table; the outer `None` was reported.
fn wanted<T>(
    reporter: &Reporter,
    key: &str,
    node: &Node,
    read: fn(&Reporter, &Node) -> Option<T>,
) -> Option<Option<T>> {
    match &node.value {
        Value::Boolean(false) => Some(None),
        Value::Boolean(true) => read(reporter, &default_table(node.mark)).map(Some),
        Value::Table(_) => read(reporter, node).map(Some),
        _ => {
            wrong_type(reporter, &quoted(key), node, "true, false or a table");
            None
        }
    }
}

fn adaptive_rate(reporter: &Reporter, node: &Node) -> Option<AdaptiveRate> {
    let reader = TableReader::open(reporter, &ROOT, &ADAPTIVE, node)?;
    let lower_to = permille(&reader, "lower-to", 1..1000);
    let raise_by = permille(&reader, "raise-by", 1..1001);
    let floor = permille(&reader, "floor", 1..1001);
    let interval = reader.positive_span("every");
    let congested_at = reader.integer_u32("congested-at");
    reader.finish();
    Some(AdaptiveRate {
        decrease_permille: lower_to?,
        increase_permille: raise_by?,
        interval: interval?,
        floor_permille: floor?,
        congested_at: Congestion(congested_at? as u8),
    })
}

fn circuit_breaker(reporter: &Reporter, node: &Node) -> Option<CircuitBreaker> {
    let reader = TableReader::open(reporter, &ROOT, &BREAKER, node)?;
    let failures = reader.integer_u32("failures");
    let [cool_down, longest, slow_start] =
        ["cool-down", "longest", "slow-start"].map(|key| reader.positive_span(key));
    if let (Some(first), Some(longest)) = (cool_down, longest)
        && first > longest
    {
        let key = if reader.has("cool-down") { "cool-down" } else { "longest" };
        let label = "no cool-down is longer than `longest`; raise it or lower the first";
        reader.reject(key, "`cool-down` is longer than `longest`", label);
    }
    reader.finish();
    Some(CircuitBreaker {
        failures: failures?,
        cool_down: cool_down?,
        longest: longest?,
        slow_start: slow_start?,
    })
}

/// A part in thousandths.
fn permille(
    reader: &TableReader<'_>,
    key: &'static str,
    range: std::ops::Range<u32>,
) -> Option<u32> {
    let part = reader.probability(key)?.billionths();
    let permille = part / 1_000_000;
    if part % 1_000_000 != 0 {
        reader.reject(key, format!("`{key}` is not kept exactly"), "the finest step is 0.1%");
        return None;
    }
    if !range.contains(&permille) {
        let (least, most) = (f64::from(range.start) / 10.0, f64::from(range.end - 1) / 10.0);
        let label = format!("it must be between {least}% and {most}%");
        reader.reject(key, format!("`{key}` is out of range"), label);
        return None;
    }
    Some(permille)
}
