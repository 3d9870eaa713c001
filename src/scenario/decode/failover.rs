//! `[[failover]]`: from one destination to another.

use super::super::diagnostics::{Problem, Reporter};
use super::super::failover::{Failover, FailureTrigger};
use super::super::reader::{Field, Shape, TableReader, TableSpec};
use super::super::tree::Node;
use super::ROOT;
use super::names::Names;
use crate::units::DestinationId;

pub(crate) static FAILOVER: TableSpec = TableSpec {
    title: "`[[failover]]`",
    doc: "What is submitted for one destination goes to another while the first is in trouble; what waits there stays.",
    fields: &[&[
        Field::required("name", Shape::Name, "its name"),
        Field::required("primary", Shape::Name, "the destination that messages are for"),
        Field::required("secondary", Shape::Name, "the destination that they go to meanwhile"),
        Field::optional(
            "unreachable",
            Shape::Span,
            "it switches when no session of the primary was up for this long",
        ),
        Field::optional(
            "failures",
            Shape::Table(&FAILURES),
            "it switches when attempts at the primary fail too often",
        ),
        Field::with_default(
            "hold",
            Shape::Span,
            "\"5min\"",
            "how long it stays at least after a switch",
        ),
    ]],
    kind: None,
};

static FAILURES: TableSpec = TableSpec {
    title: "`failures`",
    doc: "When attempts fail too often: refused for now, throttled, or of unknown outcome.",
    fields: &[&[
        Field::required("fraction", Shape::Probability, "this part of them or more"),
        Field::with_default(
            "least",
            Shape::Integer { least: 1, most: 1_000_000 },
            "50",
            "of at least so many",
        ),
        Field::with_default("within", Shape::Span, "\"1min\"", "within so long"),
    ]],
    kind: None,
};

/// Reads all failovers. A destination is in one of them at most, so that nothing is sent in a circle.
pub(crate) fn failovers(
    reporter: &Reporter,
    destinations: &Names,
    nodes: &[&Node],
) -> Option<Vec<Failover>> {
    let mut names = Names::new("failover");
    let mut taken: Vec<usize> = Vec::new();
    let read: Vec<Option<Failover>> = nodes
        .iter()
        .map(|node| failover(reporter, destinations, &mut names, &mut taken, node))
        .collect();
    read.into_iter().collect()
}

fn failover(
    reporter: &Reporter,
    destinations: &Names,
    names: &mut Names,
    taken: &mut Vec<usize>,
    node: &Node,
) -> Option<Failover> {
    let Some(reader) = TableReader::open(reporter, &ROOT, &FAILOVER, node) else {
        names.add(reporter, None);
        return None;
    };
    let name = reader.name("name");
    names.add(reporter, name.clone());
    let [primary, secondary] = ["primary", "secondary"].map(|key| {
        let found = destinations.find(reporter, &reader.text(key)?)?;
        if taken.contains(&found) {
            let title = format!("`{key}` is in a failover already");
            reader.reject(key, title, "a destination is in one failover at most");
            return None;
        }
        taken.push(found);
        Some(DestinationId(found as u16))
    });
    let unreachable = reader.positive_span("unreachable");
    let failures = reader.get("failures").map(|node| failures(reporter, &node));
    let hold = reader.positive_span("hold");
    if !reader.has("unreachable") && !reader.has("failures") {
        let label = "give it `unreachable`, `failures`, or both";
        reporter.report(Problem::new("the failover never switches", reader.head, label));
    }
    let unreachable_is_fine = unreachable.is_some() || !reader.has("unreachable");
    reader.finish();
    Some(Failover {
        name: name?.text,
        primary: primary?,
        secondary: secondary?,
        unreachable: if unreachable_is_fine { unreachable } else { return None },
        failures: match failures {
            None => None,
            Some(failures) => Some(failures?),
        },
        hold: hold?,
    })
}

fn failures(reporter: &Reporter, node: &Node) -> Option<FailureTrigger> {
    let reader = TableReader::open(reporter, &ROOT, &FAILURES, node)?;
    let (fraction, least) = (reader.probability("fraction"), reader.integer_u32("least"));
    let within = reader.positive_span("within");
    reader.finish();
    Some(FailureTrigger { fraction: fraction?, least: least?, within: within? })
}
