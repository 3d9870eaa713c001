//! The keys of all that has a rate, and their meaning.

use super::super::super::reader::{Field, Shape, TableReader};
use super::super::super::resolved::{Curve, Pace};
use super::{Where, in_words};
use crate::time::{Span, Time};
use std::sync::Arc;

/// From when to when.
pub(super) const SPAN: &[Field] = &[
    Field::with_default("from", Shape::Span, "\"0s\"", "when it begins"),
    Field::optional("until", Shape::Span, "when it ends; with the arrivals when not given"),
];

/// How many.
pub(super) const RATE: &[Field] =
    &[Field::required("rate", Shape::Rate, "messages, such as \"2/min\"")];

/// How that changes.
pub(super) const CURVE: &[Field] = &[Field::optional(
    "curve",
    Shape::Name,
    "the name of a `[[curve]]`; the rate is then its mean over a week",
)];

/// Reads rate, beginning, end and curve.
pub(super) fn pace(reader: &TableReader<'_>, place: &Where<'_>) -> Option<Pace> {
    let curve = place.curves.named_by(reader);
    steady_pace(reader, place)
        .zip(curve)
        .map(|(pace, curve): (Pace, Option<Arc<Curve>>)| Pace { curve, ..pace })
}

/// Reads rate, beginning and end.
pub(super) fn steady_pace(reader: &TableReader<'_>, place: &Where<'_>) -> Option<Pace> {
    let rate = reader.rate("rate");
    let span = span(reader, place.duration);
    let (from, until) = span?;
    Some(Pace { rate: rate?, from, until, curve: None })
}

/// Reads beginning and end.
pub(super) fn span(reader: &TableReader<'_>, duration: Option<Span>) -> Option<(Time, Time)> {
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
    Some((Time::ZERO + from?, Time::ZERO + until?))
}
