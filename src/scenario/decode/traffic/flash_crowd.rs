//! Kind `flash-crowd`.

use super::super::super::reader::{Field, Shape, TableReader, TableSpec};
use super::super::super::resolved::Arrivals;
use super::{COMMON, Where, in_words, kind_field};
use crate::time::Time;

pub(super) static FLASH_CROWD: TableSpec = TableSpec {
    title: "`[[tenant.traffic]]` of kind flash-crowd",
    doc: "A Poisson stream whose rate rises evenly to a peak and then halves again and again.",
    fields: &[
        &[
            kind_field(&["flash-crowd"]),
            Field::required("at", Shape::Span, "when it begins"),
            Field::required("peak", Shape::Rate, "the highest rate, such as \"50/s\""),
            Field::with_default("rise", Shape::Span, "\"1min\"", "from the beginning to the peak"),
            Field::with_default(
                "half-life",
                Shape::Span,
                "\"5min\"",
                "in which the rate halves after the peak",
            ),
        ],
        COMMON,
    ],
    kind: Some("flash-crowd"),
};

pub(super) fn decode(reader: &TableReader<'_>, place: &Where<'_>) -> Option<Arrivals> {
    let at = reader.span("at");
    let peak = reader.rate("peak");
    let (rise, half_life) = (reader.span("rise"), reader.positive_span("half-life"));
    if let (Some(at), Some(duration)) = (at, place.duration)
        && at >= duration
    {
        let label = format!("arrivals end at {}", in_words(duration));
        reader.reject("at", "the crowd comes after the arrivals end", label);
    }
    Some(Arrivals::FlashCrowd {
        at: Time::ZERO + at?,
        peak: peak?,
        rise: rise?,
        half_life: half_life?,
    })
}
