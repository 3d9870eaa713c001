//! `[[curve]]`: how rates change over the day and the week.

use std::sync::Arc;

use super::super::clock::WEEK;
use super::super::diagnostics::{Problem, Reporter};
use super::super::reader::{Field, Shape, TableReader, TableSpec};
use super::super::resolved::Curve;
use super::super::tree::{Node, Value};
use super::ROOT;
use super::names::Names;
use super::values::{thousandths, wrong_type};
use crate::time::{Span, Time};

pub(crate) static CURVE: TableSpec = TableSpec {
    title: "`[[curve]]`",
    doc: "How rates change over the day and the week. A rate with a curve is its mean over a week.",
    fields: &[&[
        Field::required("name", Shape::Name, "its name"),
        Field::with_default(
            "daily",
            Shape::List(&RELATIVE_RATE),
            "[1]",
            "relative rates of equal parts of a day, such as 24 of them for the hours",
        ),
        Field::with_default(
            "weekly",
            Shape::List(&RELATIVE_RATE),
            "[1, 1, 1, 1, 1, 1, 1]",
            "relative rates of the seven days from Monday on",
        ),
        Field::with_default("zone", Shape::Zone, "\"+00:00\"", "whose days these are"),
    ]],
    kind: None,
};

const MOST_RELATIVE_RATE: u64 = 100;
const RELATIVE_RATE: Shape = Shape::Number { least: 0.0, most: MOST_RELATIVE_RATE as f64 };
/// As many parts as a day has minutes.
const MOST_PARTS: usize = 1440;

/// The curves of a scenario by name; one that could not be read holds its place with `None`.
pub(crate) struct Curves {
    names: Names,
    all: Vec<Option<Arc<Curve>>>,
}

/// Reads all curves; the run begins at `begins` of a UTC week.
pub(crate) fn curves(reporter: &Reporter, nodes: &[&Node], begins: Span) -> Curves {
    let mut curves = Curves { names: Names::new("curve"), all: Vec::new() };
    for node in nodes {
        let read = curve(reporter, &mut curves.names, begins, node);
        curves.all.push(read.map(Arc::new));
    }
    curves
}

impl Curves {
    /// Whether all could be read.
    pub(crate) fn are_complete(&self) -> bool {
        self.all.iter().all(Option::is_some)
    }

    /// The curve that the key `curve` of a table names. The outer `None` was reported.
    pub(crate) fn named_by(&self, reader: &TableReader<'_>) -> Option<Option<Arc<Curve>>> {
        match reader.text("curve") {
            None => (!reader.has("curve")).then_some(None),
            Some(name) => self.all[self.names.find(reader.reporter, &name)?].clone().map(Some),
        }
    }
}

fn curve(reporter: &Reporter, names: &mut Names, begins: Span, node: &Node) -> Option<Curve> {
    let Some(reader) = TableReader::open(reporter, &ROOT, &CURVE, node) else {
        names.add(reporter, None);
        return None;
    };
    let name = reader.name("name");
    names.add(reporter, name.clone());
    let daily = reader.get("daily").and_then(|node| rates(reporter, "daily", &node));
    let weekly = reader.get("weekly").and_then(|node| rates(reporter, "weekly", &node));
    let zone = reader.zone("zone");
    let local = zone.map(|zone| zone.local(begins, Time::ZERO));
    let weekly = weekly.and_then(|weekly| match <[u64; 7]>::try_from(weekly) {
        Ok(weekly) => Some(weekly),
        Err(other) => {
            let label = format!("a week has seven days, this has {}", other.len());
            reader.reject("weekly", "`weekly` is no week", label);
            None
        }
    });
    let fits = |parts: usize| parts > 0 && parts <= MOST_PARTS && 86_400 % parts == 0;
    let daily = daily.filter(|daily| {
        if !fits(daily.len()) {
            let label = format!("{} parts do not divide a day; 24, 48 or 96 do", daily.len());
            reader.reject("daily", "`daily` is no day", label);
        }
        fits(daily.len())
    });
    reader.finish();
    let (daily, weekly, local) = (daily?, weekly?, local?);
    debug_assert!(local < WEEK, "a moment of the week");
    let curve = Curve::new(&daily, &weekly, local);
    if curve.is_none() {
        let label = "a rate must be above zero at some time of the week";
        reporter.report(Problem::new("the curve is zero everywhere", node.mark, label));
    }
    curve
}

/// Relative rates in thousandths.
fn rates(reporter: &Reporter, key: &str, node: &Node) -> Option<Vec<u64>> {
    let Value::Array(items) = &node.value else {
        wrong_type(reporter, &format!("`{key}`"), node, "an array of numbers");
        return None;
    };
    let rates: Vec<Option<u64>> = items
        .iter()
        .map(|item| thousandths(reporter, "a relative rate", item, 1000 * MOST_RELATIVE_RATE))
        .collect();
    rates.into_iter().collect()
}
