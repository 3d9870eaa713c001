//! When a fault happens, and how often.

use super::super::super::fault::Recurrence;
use super::super::super::reader::{TableReader, TableSpec};
use super::super::traffic::in_words;
use super::Horizon;
use crate::time::{Span, Time};

/// When a fault happens.
#[derive(Clone, Copy)]
pub(super) struct When {
    pub(super) start: Span,
    pub(super) duration: Span,
    pub(super) recurrence: Recurrence,
}

/// Reads when a fault happens; what could not be read was reported.
pub(super) fn when(
    reader: &TableReader<'_>,
    spec: &TableSpec,
    horizon: Horizon,
) -> (Option<Span>, Option<Span>, Option<When>) {
    let start = reader.span("start");
    let has_duration = spec.field("duration").is_some();
    let given = if has_duration { reader.positive_span("duration") } else { None };
    let recurrence = if spec.field("mtbf").is_some() {
        recurrence(reader, given)
    } else {
        Some(Recurrence::Once)
    };
    let is_random = spec.field("mtbf").is_some() && reader.has("mtbf");
    let may_be_left_out = is_random || spec.field("mtbf").is_none();
    if has_duration && !may_be_left_out && !reader.has("duration") {
        reader.report_missing("duration");
    }
    check_times(reader, start, given, recurrence, horizon);
    let duration = given.or_else(|| {
        let may = may_be_left_out && !(has_duration && reader.has("duration"));
        may.then(|| rest(start, horizon, is_random)).flatten()
    });
    let when = (|| Some(When { start: start?, duration: duration?, recurrence: recurrence? }))();
    (start, duration, when)
}

/// What is left of the run: for what comes at random, of its arrivals; for what is for good, longer
/// than it lasts.
fn rest(start: Option<Span>, horizon: Horizon, is_random: bool) -> Option<Span> {
    let (start, duration, drain) = (start?, horizon.duration?, horizon.drain?);
    let arrivals_end = Time::ZERO.saturating_add(duration);
    let start = Time::ZERO.saturating_add(start);
    if is_random {
        return Some(arrivals_end.since(start));
    }
    let for_good = arrivals_end.saturating_add(drain).since(start);
    Some(Span::from_nanoseconds(for_good.as_nanoseconds().saturating_add(1)))
}

fn recurrence(reader: &TableReader<'_>, duration: Option<Span>) -> Option<Recurrence> {
    let (every, times) = (reader.positive_span("every"), reader.integer("times"));
    let (mtbf, mttr) = (reader.positive_span("mtbf"), reader.positive_span("mttr"));
    let has = |key| reader.has(key);
    if has("every") && (has("mtbf") || has("mttr")) {
        let label = "it happens `every` so often, or at random by `mtbf` and `mttr`";
        reader.reject("every", "a fault recurs in one way", label);
        return None;
    }
    if has("times") && !has("every") {
        reader.reject("times", "`times` needs `every`", "how long after each other?");
        return None;
    }
    if has("mtbf") != has("mttr") {
        let (given, missing) = if has("mtbf") { ("mtbf", "mttr") } else { ("mttr", "mtbf") };
        let title = format!("`{given}` needs `{missing}`");
        reader.reject(given, title, "a fault that comes at random has both");
        return None;
    }
    match (has("every"), has("mtbf")) {
        (true, _) => {
            let every = every?;
            if duration.is_some_and(|duration| every < duration) {
                let label = "it would begin again before it ends";
                reader.reject("every", "`every` is shorter than `duration`", label);
                return None;
            }
            let times = if has("times") { times? } else { u64::from(u32::MAX) };
            let times = u32::try_from(times).expect("the description bounds it");
            Some(Recurrence::Every { period: every, times })
        }
        (false, true) => Some(Recurrence::Random { mtbf: mtbf?, mttr: mttr? }),
        (false, false) => Some(Recurrence::Once),
    }
}

fn check_times(
    reader: &TableReader<'_>,
    start: Option<Span>,
    lasts: Option<Span>,
    recurrence: Option<Recurrence>,
    horizon: Horizon,
) {
    let (Some(start), Some(duration)) = (start, horizon.duration) else { return };
    if start >= duration {
        let label = format!("arrivals end at {}", in_words(duration));
        reader.reject("start", "the fault begins after the arrivals end", label);
        return;
    }
    let (Some(lasts), Some(drain)) = (lasts, horizon.drain) else { return };
    let end = Time::ZERO.saturating_add(duration).saturating_add(drain);
    let ends = Time::ZERO.saturating_add(start).saturating_add(lasts);
    let in_all = in_words(end - Time::ZERO);
    if ends > end {
        let label = format!("the run ends at {in_all} at the latest");
        reader.reject("duration", "the fault lasts longer than the run", label);
        return;
    }
    if let Some(Recurrence::Every { period, times }) = recurrence
        && times < u32::MAX
        && ends.saturating_add(period.saturating_mul(u64::from(times) - 1)) > end
    {
        let label = format!("the run ends at {in_all} at the latest");
        reader.reject("times", "the fault happens more often than the run is long", label);
    }
}
