//! `send-window`: when messages may be submitted.

use std::sync::Arc;

use super::super::Zone;
use super::super::clock::DAY;
use super::super::diagnostics::{Problem, Reporter};
use super::super::reader::{Field, Shape, TableReader, TableSpec};
use super::super::resolved::{Outside, SendWindow};
use super::super::tree::{Node, Value};
use super::ROOT;
use super::values::{integer, wrong_type, zone};
use crate::time::Span;

pub(crate) static SEND_WINDOW: TableSpec = TableSpec {
    title: "`send-window`",
    doc: "When messages may be submitted, in the zones of their recipients: all else are quiet hours.",
    fields: &[&[
        Field::required("opens", Shape::TimeOfDay, "local time of day, such as \"08:00\""),
        Field::required(
            "closes",
            Shape::TimeOfDay,
            "local time of day; before `opens` for a window over midnight",
        ),
        Field::with_default(
            "zones",
            Shape::List(&Shape::List(&ZONE_OR_FREQUENCY)),
            "[[\"+00:00\", 1]]",
            "zones of the recipients with their relative frequencies",
        ),
        Field::with_default(
            "outside",
            Shape::OneOf(&["hold", "drop"]),
            "\"hold\"",
            "what becomes of a message in quiet hours: held until the window opens, or not sent",
        ),
    ]],
    kind: None,
};

const MOST_FREQUENCY: u64 = 1_000_000;
const FREQUENCY: Shape = Shape::Integer { least: 1, most: MOST_FREQUENCY };
const ZONE_OR_FREQUENCY: Shape = Shape::Either(&Shape::Zone, &FREQUENCY);

/// Reads a send window; the run begins at `begins` of a UTC week.
pub(crate) fn send_window(
    reporter: &Reporter,
    begins: Span,
    node: &Node,
) -> Option<Arc<SendWindow>> {
    let reader = TableReader::open(reporter, &ROOT, &SEND_WINDOW, node)?;
    let (opens, closes) = (reader.time_of_day("opens"), reader.time_of_day("closes"));
    let zones = reader.get("zones").and_then(|node| zones(reporter, &node));
    let outside = reader.word("outside");
    if opens.is_some() && opens == closes {
        let label = "it closes when it opens; leave the window out for one that never closes";
        reader.reject("closes", "the send window is empty", label);
    }
    if opens == Some(DAY) {
        reader.reject("opens", "the send window opens at 24:00", "that is 00:00 of the next day");
    }
    reader.finish();
    let outside = if outside? == "hold" { Outside::Hold } else { Outside::Drop };
    let (opens, closes, zones) = (opens?, closes?, zones?);
    Some(Arc::new(SendWindow { opens, closes, zones, outside, begins }))
}

fn zones(reporter: &Reporter, node: &Node) -> Option<Vec<(Zone, u32)>> {
    let wanted = "pairs such as [[\"-05:00\", 3], [\"-08:00\", 1]]";
    let Value::Array(pairs) = &node.value else {
        wrong_type(reporter, "`zones`", node, wanted);
        return None;
    };
    if pairs.is_empty() {
        let label = format!("give {wanted}");
        reporter.report(Problem::new("`zones` is empty", node.mark, label));
        return None;
    }
    let mut found = Vec::new();
    for pair in pairs {
        let items = match &pair.value {
            Value::Array(items) if items.len() == 2 => items,
            _ => {
                wrong_type(reporter, "`zones`", pair, "a pair such as [\"-05:00\", 3]");
                found.push(None);
                continue;
            }
        };
        let zone = zone(reporter, "the zone", &items[0]);
        let what = "the relative frequency";
        let frequency = integer(reporter, what, &items[1], 1, MOST_FREQUENCY);
        found.push(zone.zip(frequency).map(|(zone, frequency)| (zone, frequency as u32)));
    }
    found.into_iter().collect()
}
