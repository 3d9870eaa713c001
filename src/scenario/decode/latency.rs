//! Constant spans and distributions of spans.

use super::super::diagnostics::{Problem, Reporter};
use super::super::reader::{Field, Shape, TableReader, TableSpec};
use super::super::resolved::Latency;
use super::super::tree::{Node, Value};
use super::ROOT;
use super::values::{span, wrong_type};
use crate::time::Span;

/// A constant span or a distribution.
pub(crate) const LATENCY: Shape = Shape::Either(&Shape::Span, &Shape::Table(&DISTRIBUTION));

static DISTRIBUTION: TableSpec = TableSpec {
    title: "a latency",
    doc: "A distribution of spans; exactly one of the keys.",
    fields: &[&[
        Field::optional("lognormal", Shape::Table(&LOGNORMAL), "half are below the median"),
        Field::optional("exponential", Shape::Table(&EXPONENTIAL), "memoryless"),
        Field::optional("uniform", Shape::Table(&UNIFORM), "evenly between two spans"),
    ]],
    kind: None,
};

static LOGNORMAL: TableSpec = TableSpec {
    title: "`lognormal`",
    doc: "A lognormal distribution.",
    fields: &[&[
        Field::required("median", Shape::Span, "half are below it"),
        Field::required(
            "sigma",
            Shape::Number { least: 0.0, most: 5.0 },
            "standard deviation of the natural logarithm",
        ),
    ]],
    kind: None,
};

static EXPONENTIAL: TableSpec = TableSpec {
    title: "`exponential`",
    doc: "An exponential distribution.",
    fields: &[&[Field::required("mean", Shape::Span, "its mean")]],
    kind: None,
};

static UNIFORM: TableSpec = TableSpec {
    title: "`uniform`",
    doc: "A uniform distribution; both ends are included.",
    fields: &[&[
        Field::required("from", Shape::Span, "the shortest"),
        Field::required("to", Shape::Span, "the longest"),
    ]],
    kind: None,
};

/// Reads a constant span or a distribution.
pub(crate) fn latency(reporter: &Reporter, what: &str, node: &Node) -> Option<Latency> {
    let latency = latency_of_any_length(reporter, what, node)?;
    let (Latency::Constant(scale)
    | Latency::Uniform { to: scale, .. }
    | Latency::Exponential { mean: scale }
    | Latency::Lognormal { median: scale, .. }) = latency;
    if scale > LONGEST_LATENCY {
        let label = "the most is 30d";
        reporter.report(Problem::new(format!("{what} is absurdly long"), node.mark, label));
        return None;
    }
    Some(latency)
}

/// The longest constant, mean, median or upper end of a latency: carriers give up after days.
const LONGEST_LATENCY: Span = Span::from_seconds(30 * 86_400);

fn latency_of_any_length(reporter: &Reporter, what: &str, node: &Node) -> Option<Latency> {
    match &node.value {
        Value::Table(_) => distribution(reporter, what, node),
        Value::Text(_) | Value::Integer(_) | Value::Float(_) => {
            span(reporter, what, node).map(Latency::Constant)
        }
        Value::Boolean(_) | Value::Array(_) => {
            let wanted =
                "a span such as \"50ms\" or a table such as { exponential = { mean = \"50ms\" } }";
            wrong_type(reporter, what, node, wanted);
            None
        }
    }
}

fn distribution(reporter: &Reporter, what: &str, node: &Node) -> Option<Latency> {
    let reader = TableReader::open(reporter, &ROOT, &DISTRIBUTION, node)?;
    let lognormal = reader.get("lognormal").map(|node| {
        let reader = TableReader::open(reporter, &ROOT, &LOGNORMAL, &node)?;
        let (median, sigma) = (reader.positive_span("median"), reader.number("sigma"));
        reader.finish();
        Some(Latency::Lognormal { median: median?, sigma: sigma? })
    });
    let exponential = reader.get("exponential").map(|node| {
        let reader = TableReader::open(reporter, &ROOT, &EXPONENTIAL, &node)?;
        let mean = reader.positive_span("mean");
        reader.finish();
        Some(Latency::Exponential { mean: mean? })
    });
    let uniform = reader.get("uniform").map(|node| {
        let reader = TableReader::open(reporter, &ROOT, &UNIFORM, &node)?;
        let (from, to) = (reader.span("from"), reader.span("to"));
        if let (Some(from), Some(to)) = (from, to)
            && from > to
        {
            reader.reject("from", "`from` is longer than `to`", "swap the two");
        }
        reader.finish();
        Some(Latency::Uniform { from: from?, to: to? })
    });
    reader.finish();
    let mut given = [lognormal, exponential, uniform].into_iter().flatten();
    match (given.next(), given.next()) {
        (Some(one), None) => one,
        (None, _) => {
            let known = "give one of `lognormal`, `exponential` and `uniform`, or a constant span";
            reporter.report(Problem::new(format!("{what} has no distribution"), node.mark, known));
            None
        }
        (Some(_), Some(_)) => {
            let title = format!("{what} has more than one distribution");
            reporter.report(Problem::new(title, node.mark, "keep one"));
            None
        }
    }
}
