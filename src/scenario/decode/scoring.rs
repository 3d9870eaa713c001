//! `[scoring]`: the options of the scoring policy.

use core::num::NonZeroU32;

use super::super::diagnostics::Reporter;
use super::super::reader::{Field, Shape, TableReader, TableSpec};
use super::super::tree::Node;
use super::ROOT;
use super::values::{millionths, quoted};
use crate::scheduler::{Batch, Rescore, ScoringOptions, Terms};
use crate::time::Span;

const PER_SECOND: Shape = Shape::Number { least: 0.0, most: MOST_PER_SECOND };
/// A second of a term counts for at most so many of lag.
const MOST_PER_SECOND: f64 = 1000.0;

pub(crate) static SCORING: TableSpec = TableSpec {
    title: "`[scoring]`",
    doc: "Options of the policy `scoring`; the others do not look at them.",
    fields: &[&[
        Field::with_default(
            "rescore-every",
            Shape::Integer { least: 1, most: 1_000_000 },
            "1",
            "messages after which the order of the queues is found anew",
        ),
        Field::optional("rescore-max-age", Shape::Span, "the greatest age of an order"),
        Field::with_default(
            "batch",
            Shape::OneOf(&["drain", "walk"]),
            "\"drain\"",
            "how an order is followed: its first queue as long as there is something in it, or one message \
             a queue",
        ),
        Field::with_default(
            "worst-case-fair",
            Shape::Boolean,
            "false",
            "among the children of a node that the fluid division has begun to serve, the one it finishes \
             first; bounds how far anybody gets ahead",
        ),
        Field::optional(
            "waiting",
            PER_SECOND,
            "seconds of lag that each second counts for which a queue's first message has waited",
        ),
        Field::optional(
            "urgency",
            PER_SECOND,
            "seconds of lag that each second counts by which its deadline is nearer than `urgency-horizon`",
        ),
        Field::optional("urgency-horizon", Shape::Span, "deadlines farther away are not urgent"),
        Field::optional(
            "health",
            Shape::Span,
            "what a queue loses of whose attempts the carrier refused all of late; less for a part of them",
        ),
    ]],
    kind: None,
};

/// Reads the table; `None` when something was reported.
pub(crate) fn scoring(reporter: &Reporter, node: &Node) -> Option<ScoringOptions> {
    let reader = TableReader::open(reporter, &ROOT, &SCORING, node)?;
    let every = reader.integer_u32("rescore-every");
    let max_age = optional(&reader, "rescore-max-age", |reader, key| reader.positive_span(key));
    let batch = reader.word("batch");
    let worst_case_fair = reader.boolean("worst-case-fair");
    let [waiting, urgency] = ["waiting", "urgency"].map(|key| optional(&reader, key, weight));
    let horizon = optional(&reader, "urgency-horizon", |reader, key| reader.positive_span(key));
    let health = optional(&reader, "health", |reader, key| reader.positive_span(key));
    if reader.has("urgency") != reader.has("urgency-horizon") {
        let (given, other) = match reader.has("urgency") {
            true => ("urgency", "urgency-horizon"),
            false => ("urgency-horizon", "urgency"),
        };
        reader.reject(given, format!("`{given}` needs `{other}`"), format!("give `{other}` too"));
    }
    if batch == Some("walk") && every == Some(1) {
        let label = "an order of one message is not walked; give `rescore-every` a number above 1";
        reader.reject("batch", "`batch` has nothing to follow", label);
    }
    if worst_case_fair == Some(true) {
        let stands = every.is_some_and(|every| every > 1).then_some("rescore-every");
        let terms = ["waiting", "urgency", "health"].into_iter().find(|key| reader.has(key));
        if let Some(other) = stands.or(terms) {
            let title = format!("`{other}` undoes `worst-case-fair`");
            reader.reject(other, title, "remove one of the two");
        }
    }
    reader.finish();
    let rescore = Rescore {
        every: NonZeroU32::new(every?)?,
        max_age: max_age?,
        batch: if batch? == "walk" { Batch::Walk } else { Batch::Drain },
    };
    let terms = Terms {
        waiting_millionths: waiting?.unwrap_or(0),
        urgency_millionths: urgency?.unwrap_or(0),
        urgency_horizon: horizon?.unwrap_or(Span::ZERO),
        health: health?.unwrap_or(Span::ZERO),
    };
    Some(match worst_case_fair? {
        true => ScoringOptions::WorstCaseFair,
        false => ScoringOptions::FurthestBehind { rescore, terms },
    })
}

/// The outer `None` was reported, the inner one is "not given".
fn optional<T>(
    reader: &TableReader<'_>,
    key: &'static str,
    read: impl Fn(&TableReader<'_>, &'static str) -> Option<T>,
) -> Option<Option<T>> {
    let value = read(reader, key);
    if reader.has(key) { value.map(Some) } else { Some(None) }
}

fn weight(reader: &TableReader<'_>, key: &'static str) -> Option<u32> {
    // The range first, in words that fit; then the exact number.
    if reader.number(key)? == 0.0 {
        return Some(0);
    }
    let exact = millionths(reader.reporter, &quoted(key), &*reader.get(key)?)?;
    u32::try_from(exact).ok()
}
