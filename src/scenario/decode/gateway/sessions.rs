//! Sessions: windows and limits that differ, how a lost one comes back, how a dead one is found.

use super::super::super::diagnostics::Reporter;
use super::super::super::gateway::{Bind, EnquireLink, Reconnect};
use super::super::super::reader::{Field, Shape, TableReader, TableSpec};
use super::super::super::tree::{Node, Value};
use super::super::ROOT;
use super::super::destination::{MOST_BURST, quota};
use super::super::values::{quoted, span};
use crate::scheduler::{RequeuePlace, RetryRule};
use crate::units::Quota;

/// The most sessions of a destination.
pub(super) const MOST_SESSIONS: u64 = 10_000;

pub(super) static BIND: TableSpec = TableSpec {
    title: "`[[destination.gateway.bind]]`",
    doc: "Sessions that differ from others.",
    fields: &[&[
        Field::with_default(
            "count",
            Shape::Integer { least: 1, most: MOST_SESSIONS },
            "1",
            "how many such sessions",
        ),
        Field::with_default(
            "window",
            Shape::Integer { least: 1, most: 1_000_000 },
            "10",
            "unanswered attempts that each allows",
        ),
        Field::optional("limit", Shape::Rate, "segments that the carrier lets through on each"),
        Field::optional(
            "burst",
            Shape::Integer { least: 1, most: MOST_BURST },
            "segments at once on each after a pause; 1 when not given",
        ),
    ]],
    kind: None,
};

pub(super) const RECONNECT: Shape = Shape::Either(&Shape::Span, &Shape::Table(&BACKOFF));

static BACKOFF: TableSpec = TableSpec {
    title: "`reconnect`",
    doc: "The platform tries to get a lost session back, waits and tries again.",
    fields: &[&[
        Field::with_default("first-wait", Shape::Span, "\"1s\"", "the wait before the first try"),
        Field::with_default(
            "growth",
            Shape::Number { least: 1.0, most: 100.0 },
            "2.0",
            "each further wait is this many times the one before",
        ),
        Field::with_default("longest-wait", Shape::Span, "\"1min\"", "no wait is longer"),
        Field::with_default(
            "jitter",
            Shape::Probability,
            "\"20%\"",
            "each wait is shortened by up to this part of itself",
        ),
    ]],
    kind: None,
};

pub(super) static ENQUIRE_LINK: TableSpec = TableSpec {
    title: "`enquire-link`",
    doc: "How the platform finds out that a session is dead although nobody closed it.",
    fields: &[&[
        Field::with_default("every", Shape::Span, "\"30s\"", "how often it asks on each session"),
        Field::with_default(
            "timeout",
            Shape::Span,
            "\"10s\"",
            "when it gives the session up if nothing answered",
        ),
    ]],
    kind: None,
};

/// Reads sessions that differ; none where the keys for sessions that are alike are used.
pub(super) fn binds(reader: &TableReader<'_>) -> Option<Vec<Bind>> {
    let nodes = reader.tables("bind");
    if !nodes.is_empty()
        && let Some(key) = ["sessions", "window", "session-limit", "session-burst"]
            .into_iter()
            .find(|key| reader.has(key))
    {
        let title = format!("`{key}` beside `bind`");
        reader.reject(key, title, "the `bind` tables say it for each session");
        return None;
    }
    let read: Vec<_> = nodes.into_iter().map(|node| bind(reader.reporter, node)).collect();
    let mut binds = Vec::new();
    for (count, bind) in read.into_iter().collect::<Option<Vec<_>>>()? {
        binds.extend(std::iter::repeat_n(bind, count as usize));
    }
    if binds.len() as u64 > MOST_SESSIONS {
        let label = format!("the most is {MOST_SESSIONS}, these are {}", binds.len());
        reader.reject("bind", "too many sessions", label);
        return None;
    }
    Some(binds)
}

fn bind(reporter: &Reporter, node: &Node) -> Option<(u64, Bind)> {
    let reader = TableReader::open(reporter, &ROOT, &BIND, node)?;
    let (count, window) = (reader.integer("count"), reader.integer_u32("window"));
    let limit: Option<Option<Quota>> = quota(&reader, "limit", "burst", false);
    reader.finish();
    Some((count?, Bind { window: window?, limit: limit? }))
}

/// Reads how a lost session comes back.
pub(super) fn reconnect(reporter: &Reporter, node: &Node) -> Option<Reconnect> {
    if !matches!(node.value, Value::Table(_)) {
        return span(reporter, &quoted("reconnect"), node).map(Reconnect::WhenPossible);
    }
    let reader = TableReader::open(reporter, &ROOT, &BACKOFF, node)?;
    let (first_wait, longest) =
        (reader.positive_span("first-wait"), reader.positive_span("longest-wait"));
    let growth_permille = reader.thousandths("growth", 1_000, 100_000);
    let jitter = reader.probability("jitter");
    if let (Some(first), Some(longest)) = (first_wait, longest)
        && first > longest
    {
        let key = if reader.has("first-wait") { "first-wait" } else { "longest-wait" };
        let title = "`first-wait` is longer than `longest-wait`";
        reader.reject(key, title, "no wait is longer than `longest-wait`");
    }
    reader.finish();
    Some(Reconnect::Backoff(RetryRule {
        attempts: RetryRule::MOST_ATTEMPTS,
        first_wait: first_wait?,
        growth_permille: growth_permille?,
        longest_wait: longest?,
        jitter_permille: jitter?.billionths() / 1_000_000,
        place: RequeuePlace::Tail,
    }))
}

/// Reads how a dead session is found.
pub(super) fn enquire_link(reporter: &Reporter, node: &Node) -> Option<EnquireLink> {
    let reader = TableReader::open(reporter, &ROOT, &ENQUIRE_LINK, node)?;
    let (every, timeout) = (reader.positive_span("every"), reader.positive_span("timeout"));
    reader.finish();
    Some(EnquireLink { every: every?, timeout: timeout? })
}
