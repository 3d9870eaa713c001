//! `[[tenant.traffic]]`: what a tenant submits.

use super::super::diagnostics::{Problem, Reporter};
use super::super::reader::{Field, Presence, Shape, TableReader, TableSpec, choose_kind};
use super::super::resolved::Arrivals;
use super::super::tree::{Node, Value};
use super::ROOT;
use super::names::Names;
use super::tenant::TRAFFIC_KINDS;
use super::values::{Placed, check_name, integer, quoted, wrong_type};
use crate::time::{Span, Time};
use crate::units::{ClassId, DestinationId};

/// The keys that every kind of traffic has.
const COMMON: &[Field] = &[
    Field::optional("class", Shape::Name, "its class; needed when there is more than one"),
    Field::optional("destination", Shape::Name, "where to; needed when there is more than one"),
    Field::with_default(
        "segments",
        Shape::Either(&SIZE, &Shape::List(&Shape::List(&SIZE_OR_FREQUENCY))),
        "1",
        "what a message costs: a number, or pairs of a number and its relative frequency",
    ),
    Field::optional("validity", Shape::Span, "how long a message stays worth sending"),
    Field::optional("name", Shape::Name, "names its random stream; by default kind and position"),
];

/// A message has at most 255 parts, because its header counts them in one octet (3GPP TS 23.040).
pub(crate) const MOST_SEGMENTS: u64 = 255;
const MOST_FREQUENCY: u64 = 1_000_000;
const SIZE: Shape = Shape::Integer { least: 1, most: MOST_SEGMENTS };
const SIZE_OR_FREQUENCY: Shape = Shape::Integer { least: 1, most: MOST_FREQUENCY };

pub(crate) static POISSON: TableSpec = TableSpec {
    title: "`[[tenant.traffic]]` of kind poisson",
    doc: "Messages that arrive independently of each other, at a constant rate.",
    fields: &[
        &[
            Field {
                name: "kind",
                shape: Shape::OneOf(&["poisson"]),
                presence: Presence::Required,
                doc: "the kind of traffic",
            },
            Field::required("rate", Shape::Rate, "messages, such as \"2/min\""),
            Field::with_default("from", Shape::Span, "\"0s\"", "when it begins"),
            Field::optional("until", Shape::Span, "when it ends; with the arrivals when not given"),
        ],
        COMMON,
    ],
    kind: Some("poisson"),
};

pub(crate) static CAMPAIGN: TableSpec = TableSpec {
    title: "`[[tenant.traffic]]` of kind campaign",
    doc: "A number of messages, all at once or evenly over a span.",
    fields: &[
        &[
            Field {
                name: "kind",
                shape: Shape::OneOf(&["campaign"]),
                presence: Presence::Required,
                doc: "the kind of traffic",
            },
            Field::required("at", Shape::Span, "when the first message arrives"),
            Field::required(
                "messages",
                Shape::Integer { least: 1, most: 1_000_000_000 },
                "how many messages",
            ),
            Field::with_default("over", Shape::Span, "\"0s\"", "over how long; 0s for all at once"),
        ],
        COMMON,
    ],
    kind: Some("campaign"),
};

/// What traffic refers to.
pub(crate) struct Where<'a> {
    pub(crate) destinations: &'a Names,
    pub(crate) classes: &'a Names,
    /// When arrivals end, where that could be read.
    pub(crate) duration: Option<Span>,
}

/// A traffic table as decoded.
#[derive(Clone, Debug)]
pub(crate) struct Traffic {
    pub(crate) name: String,
    pub(crate) destination: DestinationId,
    pub(crate) class: ClassId,
    pub(crate) segments: Vec<(u32, u32)>,
    pub(crate) validity: Option<Span>,
    pub(crate) arrivals: Arrivals,
}

/// Reads one traffic table, number `position` of its tenant from 1, and adds its name to `names`.
pub(crate) fn traffic(
    reporter: &Reporter,
    names: &mut Names,
    place: &Where<'_>,
    position: usize,
    node: &Node,
) -> Option<Traffic> {
    let spec = choose_kind(reporter, &TRAFFIC_KINDS, "traffic", node)?;
    let reader = TableReader::open(reporter, &ROOT, spec, node)?;
    let kind = spec.kind.expect("it was chosen by its kind");
    let name = if reader.has("name") {
        reader.name("name")
    } else {
        let _ = reader.get("name");
        Some(Placed { text: default_name(kind, position), mark: node.mark })
    };
    names.add(reporter, name.clone());
    let class = place.classes.find_or_only(&reader, "class");
    let destination = place.destinations.find_or_only(&reader, "destination");
    let segments = reader.get("segments").and_then(|node| sizes(reporter, &node));
    let validity = reader.positive_span("validity");
    let arrivals = match kind {
        "poisson" => poisson(&reader, place.duration),
        _ => campaign(&reader, place.duration),
    };
    reader.finish();
    Some(Traffic {
        name: name?.text,
        destination: DestinationId(destination? as u16),
        class: ClassId(class? as u16),
        segments: segments?,
        validity,
        arrivals: arrivals?,
    })
}

/// What a traffic table without a name is called.
pub(crate) fn default_name(kind: &str, position: usize) -> String {
    let name = format!("{kind}-{position}");
    debug_assert!(check_name(&name).is_ok());
    name
}

fn poisson(reader: &TableReader<'_>, duration: Option<Span>) -> Option<Arrivals> {
    let rate = reader.rate("rate");
    let from = reader.span("from");
    let until_given = reader.span("until");
    let until = if reader.has("until") { until_given } else { duration };
    if let (Some(until), Some(duration), true) = (until, duration, reader.has("until"))
        && until > duration
    {
        let label = format!("arrivals end at {}", in_words(duration));
        reader.reject("until", "the traffic goes on after the arrivals end", label);
    }
    if let (Some(from), Some(until)) = (from, until)
        && from >= until
    {
        let label = format!("it would end at {}", in_words(until));
        reader.reject("from", "the traffic ends before it begins", label);
    }
    Some(Arrivals::Poisson { rate: rate?, from: Time::ZERO + from?, until: Time::ZERO + until? })
}

fn campaign(reader: &TableReader<'_>, duration: Option<Span>) -> Option<Arrivals> {
    let at = reader.span("at");
    let messages = reader.integer("messages");
    let over = reader.span("over");
    if let (Some(at), Some(duration)) = (at, duration) {
        let label = format!("arrivals end at {}", in_words(duration));
        if at >= duration {
            reader.reject("at", "the campaign starts after the arrivals end", label);
        } else if over.is_some_and(|over| over > duration - at) {
            let label = format!("{label}, that is {} after `at`", in_words(duration - at));
            reader.reject("over", "the campaign goes on after the arrivals end", label);
        }
    }
    Some(Arrivals::Campaign { at: Time::ZERO + at?, messages: messages?, over: over? })
}

/// Sizes of messages with their relative frequencies.
fn sizes(reporter: &Reporter, node: &Node) -> Option<Vec<(u32, u32)>> {
    let what = quoted("segments");
    let small = |value: Option<u64>| value.map(|value| value as u32);
    let Value::Array(pairs) = &node.value else {
        return if matches!(node.value, Value::Integer(_)) {
            small(integer(reporter, &what, node, 1, MOST_SEGMENTS)).map(|size| vec![(size, 1)])
        } else {
            wrong_type(reporter, &what, node, "an integer, or pairs such as [[1, 8], [2, 1]]");
            None
        };
    };
    if pairs.is_empty() {
        let label = "give at least one pair, such as [[1, 8], [2, 1]]";
        reporter.report(Problem::new("`segments` is empty", node.mark, label));
        return None;
    }
    let mut sizes: Vec<(u32, u32)> = Vec::new();
    let mut whole = true;
    for pair in pairs {
        let Value::Array(items) = &pair.value else {
            wrong_type(reporter, &what, pair, "a pair of size and frequency such as [1, 8]");
            whole = false;
            continue;
        };
        let [size, frequency] = items.as_slice() else {
            let label = format!("a pair has two numbers, this has {}", items.len());
            reporter.report(Problem::new("`segments` has a broken pair", pair.mark, label));
            whole = false;
            continue;
        };
        let size = small(integer(reporter, "the size", size, 1, MOST_SEGMENTS));
        let frequency =
            small(integer(reporter, "the relative frequency", frequency, 1, MOST_FREQUENCY));
        let (Some(size), Some(frequency)) = (size, frequency) else {
            whole = false;
            continue;
        };
        if sizes.iter().any(|(known, _)| *known == size) {
            let title = format!("the size {size} is given twice");
            reporter.report(Problem::new(title, pair.mark, "the second; give one frequency"));
        }
        sizes.push((size, frequency));
    }
    whole.then_some(sizes)
}

/// A span as a person would write it: in the largest unit that keeps it whole.
pub(crate) fn in_words(span: Span) -> String {
    const UNITS: [(&str, u64); 6] = [
        ("d", 86_400_000_000_000),
        ("h", 3_600_000_000_000),
        ("min", 60_000_000_000),
        ("s", 1_000_000_000),
        ("ms", 1_000_000),
        ("us", 1_000),
    ];
    let nanoseconds = span.as_nanoseconds();
    let whole =
        UNITS.iter().find(|(_, size)| nanoseconds != 0 && nanoseconds.is_multiple_of(*size));
    match whole {
        Some((unit, size)) => format!("{}{unit}", nanoseconds / size),
        None if nanoseconds == 0 => "0s".into(),
        None => format!("{nanoseconds}ns"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::quantity::parse_span;
    use super::*;

    #[test]
    fn words_read_back_as_the_span() {
        for text in ["0s", "1ns", "20us", "1500ms", "90s", "36h", "3d", "1min"] {
            let span = parse_span(text).expect("a span");
            assert_eq!(in_words(span), text);
        }
    }
}
