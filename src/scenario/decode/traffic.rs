//! `[[tenant.traffic]]`: what a tenant submits.

mod campaign;
mod closed_loop;
mod constant;
mod flash_crowd;
mod on_off;
mod pace;
mod poisson;
mod renewal;

pub(crate) use renewal::{GAPS, gap_law};

use std::sync::Arc;

use super::super::diagnostics::{Problem, Reporter};
use super::super::reader::{Field, Shape, TableReader, TableSpec, choose_kind};
use super::super::resolved::{Arrivals, SendWindow};
use super::super::tree::{Node, Value};
use super::ROOT;
use super::curve::Curves;
use super::names::Names;
use super::send_window::{SEND_WINDOW, send_window};
use super::values::{Placed, check_name, integer, quoted, wrong_type};
use crate::time::Span;
use crate::units::{ClassId, DestinationId};

/// The keys that every kind of traffic has.
const COMMON: &[Field] = &[
    Field::optional("class", Shape::Name, "its class; needed when there is more than one"),
    Field::optional("destination", Shape::Name, "where to; needed when there is more than one"),
    Field::with_default(
        "segments",
        SEGMENTS,
        "1",
        "what a message costs: a number, or pairs of a number and its relative frequency",
    ),
    Field::optional("validity", Shape::Span, "how long a message stays worth sending"),
    Field::optional("send-window", Shape::Table(&SEND_WINDOW), "when it may be submitted"),
    Field::optional("name", Shape::Name, "names its random stream; by default kind and position"),
];

/// A message has at most 255 parts, because its header counts them in one octet (3GPP TS 23.040).
pub(crate) const MOST_SEGMENTS: u64 = 255;
const MOST_FREQUENCY: u64 = 1_000_000;
const SIZE: Shape = Shape::Integer { least: 1, most: MOST_SEGMENTS };
/// A number of segments, or several with their relative frequencies.
pub(crate) const SEGMENTS: Shape =
    Shape::Either(&SIZE, &Shape::List(&Shape::List(&SIZE_OR_FREQUENCY)));
const SIZE_OR_FREQUENCY: Shape = Shape::Integer { least: 1, most: MOST_FREQUENCY };

/// One kind of arrivals: its keys, and how they are read.
pub(crate) struct Kind {
    spec: &'static TableSpec,
    decode: fn(&TableReader<'_>, &Where<'_>) -> Option<Arrivals>,
}

/// The registry: a line a kind.
const KINDS: [Kind; 7] = [
    Kind { spec: &constant::CONSTANT, decode: constant::decode },
    Kind { spec: &poisson::POISSON, decode: poisson::decode },
    Kind { spec: &renewal::RENEWAL, decode: renewal::decode },
    Kind { spec: &on_off::ON_OFF, decode: on_off::decode },
    Kind { spec: &campaign::CAMPAIGN, decode: campaign::decode },
    Kind { spec: &flash_crowd::FLASH_CROWD, decode: flash_crowd::decode },
    Kind { spec: &closed_loop::CLOSED_LOOP, decode: closed_loop::decode },
];

/// The keys of every kind.
pub(crate) static TRAFFIC_KINDS: [&TableSpec; KINDS.len()] = {
    let mut specs = [KINDS[0].spec; KINDS.len()];
    let mut index = 0;
    while index < KINDS.len() {
        specs[index] = KINDS[index].spec;
        index += 1;
    }
    specs
};

/// The key that tells the kind.
const fn kind_field(kind: &'static [&'static str]) -> Field {
    Field::required("kind", Shape::OneOf(kind), "the kind of traffic")
}

/// What traffic refers to.
pub(crate) struct Where<'a> {
    pub(crate) destinations: &'a Names,
    pub(crate) classes: &'a Names,
    pub(crate) curves: &'a Curves,
    /// When arrivals end, where that could be read.
    pub(crate) duration: Option<Span>,
    /// The moment of a UTC week at which the run begins.
    pub(crate) begins: Span,
}

/// A traffic table as decoded.
#[derive(Clone, Debug)]
pub(crate) struct Traffic {
    pub(crate) name: String,
    pub(crate) destination: DestinationId,
    pub(crate) class: ClassId,
    pub(crate) segments: Vec<(u32, u32)>,
    pub(crate) validity: Option<Span>,
    pub(crate) send_window: Option<Arc<SendWindow>>,
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
        let text = default_name(kind, position);
        debug_assert!(check_name(&text).is_ok());
        Some(Placed { text, mark: node.mark })
    };
    names.add(reporter, name.clone());
    let class = place.classes.find_or_only(&reader, "class");
    let destination = place.destinations.find_or_only(&reader, "destination");
    let segments = reader.get("segments").and_then(|node| sizes(reporter, &node));
    let validity = reader.positive_span("validity");
    let window = reader.get("send-window");
    let send_window = window.map(|node| send_window(reporter, place.begins, &node));
    let decode = KINDS.iter().find(|kind| std::ptr::eq(kind.spec, spec)).map(|kind| kind.decode);
    let arrivals = decode.expect("it was chosen among the kinds")(&reader, place);
    reader.finish();
    Some(Traffic {
        name: name?.text,
        destination: DestinationId(destination? as u16),
        class: ClassId(class? as u16),
        segments: segments?,
        validity,
        send_window: match send_window {
            Some(window) => Some(window?),
            None => None,
        },
        arrivals: arrivals?,
    })
}

/// What a traffic table without a name is called. Of a kind that there is it is a valid name.
pub(crate) fn default_name(kind: &str, position: usize) -> String {
    format!("{kind}-{position}")
}

/// Sizes of messages with their relative frequencies.
pub(crate) fn sizes(reporter: &Reporter, node: &Node) -> Option<Vec<(u32, u32)>> {
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
