//! Kind `closed-loop`.

use super::super::super::reader::{Field, Shape, TableReader, TableSpec};
use super::super::super::resolved::{Arrivals, Awaited};
use super::super::latency::{LATENCY, latency};
use super::pace::{SPAN, span};
use super::{COMMON, Where, kind_field};

pub(super) static CLOSED_LOOP: TableSpec = TableSpec {
    title: "`[[tenant.traffic]]` of kind closed-loop",
    doc: "Submitters that wait for their message, think, and submit the next: they never overload.",
    fields: &[
        &[
            kind_field(&["closed-loop"]),
            Field::required(
                "submitters",
                Shape::Integer { least: 1, most: MOST_SUBMITTERS },
                "how many wait at most at a time",
            ),
            Field::required("think", LATENCY, "how long they think: a span or a distribution"),
            Field::with_default(
                "after",
                Shape::OneOf(&["dispatch", "completion"]),
                "\"completion\"",
                "what they wait for before they think: the first dispatch, or the outcome",
            ),
        ],
        SPAN,
        COMMON,
    ],
    kind: Some("closed-loop"),
};

const MOST_SUBMITTERS: u64 = 1_000_000;

pub(super) fn decode(reader: &TableReader<'_>, place: &Where<'_>) -> Option<Arrivals> {
    let submitters = reader.integer_u32("submitters");
    let think = reader.get("think");
    let think = think.and_then(|node| latency(reader.reporter, "`think`", &node));
    if think.is_some_and(|think| think.mean_s() == 0.0) {
        let label = "submitters that do not think submit forever within an instant";
        reader.reject("think", "`think` is zero", label);
    }
    let awaits = reader.word("after");
    let span = span(reader, place.duration);
    if reader.has("send-window") {
        let label = "submitters that wait for their own message cannot be held back";
        reader.reject("send-window", "a closed loop has no send window", label);
    }
    let (from, until) = span?;
    Some(Arrivals::ClosedLoop {
        submitters: submitters?,
        think: think?,
        awaits: if awaits? == "dispatch" { Awaited::Dispatch } else { Awaited::Completion },
        from,
        until,
    })
}
