//! The trace as JSON, one event a line.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use super::{Span, Timeline};
use crate::measure::Summary;
use crate::report::ReportError;
use crate::scheduler::Status;
use crate::time::Time;

/// Tracks in the order in which a destination shows them.
const FAULTS: usize = 1;
const ALERTS: usize = 1_000;
const SESSIONS: usize = 10_000;
const SLOTS: usize = 100_000;

pub(super) fn to_file(
    timeline: &Timeline,
    path: &Path,
    summary: &Summary,
) -> Result<(), ReportError> {
    let failed = |source| ReportError::io(path, source);
    let mut output = BufWriter::new(File::create(path).map_err(failed)?);
    write(timeline, summary, &mut output).and_then(|()| output.flush()).map_err(failed)
}

/// Writes the whole trace.
pub(super) fn write(
    timeline: &Timeline,
    summary: &Summary,
    output: &mut dyn Write,
) -> io::Result<()> {
    let other = [
        ("scenario", summary.scenario.clone()),
        ("policy", summary.policy.clone()),
        ("seed", summary.seed.clone()),
        ("digest", summary.digest.clone()),
        ("attempts", timeline.left_out().unwrap_or_else(|| "all".to_owned())),
    ];
    let other: Vec<String> =
        other.iter().map(|(key, value)| format!("\"{key}\":{}", text(value))).collect();
    writeln!(output, "{{\"displayTimeUnit\":\"ms\",\"otherData\":{{{}}},", other.join(","))?;
    writeln!(output, "\"traceEvents\":[")?;
    let mut trace = Trace { output, is_first: true };
    for (index, name) in timeline.names.destinations.iter().enumerate() {
        trace.event(&format!(
            "\"ph\":\"M\",\"name\":\"process_name\",\"pid\":{},\"tid\":0,\"args\":{{\"name\":{}}}",
            index + 1,
            text(name)
        ))?;
    }
    if let Some(time) = timeline.arrivals_over {
        let ts = microseconds(time.as_nanoseconds());
        trace.event(&format!(
            "\"ph\":\"i\",\"s\":\"g\",\"name\":\"arrivals over\",\"pid\":1,\"tid\":0,\"ts\":{ts}"
        ))?;
    }
    spans(timeline, &mut trace)?;
    attempts(timeline, &mut trace)?;
    counters(timeline, &mut trace)?;
    writeln!(trace.output, "\n]}}")
}

struct Trace<'a> {
    output: &'a mut dyn Write,
    is_first: bool,
}

impl Trace<'_> {
    fn event(&mut self, fields: &str) -> io::Result<()> {
        let comma = if self.is_first { "" } else { ",\n" };
        self.is_first = false;
        write!(self.output, "{comma}{{{fields}}}")
    }

    fn track(&mut self, pid: usize, tid: usize, name: &str) -> io::Result<()> {
        let name = text(name);
        self.event(&format!(
            "\"ph\":\"M\",\"name\":\"thread_name\",\"pid\":{pid},\"tid\":{tid},\
             \"args\":{{\"name\":{name}}}"
        ))?;
        self.event(&format!(
            "\"ph\":\"M\",\"name\":\"thread_sort_index\",\"pid\":{pid},\"tid\":{tid},\
             \"args\":{{\"sort_index\":{tid}}}"
        ))
    }

    /// A span on a track, with what else is known of it as JSON fields.
    fn span(
        &mut self,
        (pid, tid): (usize, usize),
        (kind, name): (&str, &str),
        (start, end): (Time, Time),
        more: &str,
    ) -> io::Result<()> {
        let (ts, duration) =
            (microseconds(start.as_nanoseconds()), microseconds(end.since(start).as_nanoseconds()));
        let name = text(name);
        self.event(&format!(
            "\"ph\":\"X\",\"cat\":\"{kind}\",\"name\":{name},\"pid\":{pid},\"tid\":{tid},\
             \"ts\":{ts},\"dur\":{duration},\"args\":{{{more}}}"
        ))
    }
}

/// Failures, alerts and sessions.
fn spans(timeline: &Timeline, trace: &mut Trace<'_>) -> io::Result<()> {
    let end = |end: Time| end.min(timeline.ended);
    for span in &timeline.faults {
        let name = &timeline.names.faults[span.what as usize];
        let (pid, tid) = (process(span), FAULTS + span.what as usize);
        trace.track(pid, tid, &format!("failure {name}"))?;
        trace.span((pid, tid), ("failure", name), (span.start, end(span.end)), "")?;
    }
    let places = 0..timeline.names.destinations.len();
    for pid in places.map(|index| index + 1) {
        let here = || timeline.alerts.iter().filter(|span| process(span) == pid);
        let tracks = lowest_free(here().map(|span| (span.start, end(span.end))));
        for track in 0..tracks.iter().map(|track| track + 1).max().unwrap_or(0) {
            trace.track(pid, ALERTS + track, "alerts")?;
        }
        for (span, track) in here().zip(tracks) {
            let alert = span.what;
            let tenant = &timeline.names.tenants[alert.account.tenant.index()];
            let name = format!("{tenant}: {}", alert.kind.name());
            let more = format!(
                "\"severity\":\"{}\",\"impact\":{}",
                alert.severity.name(),
                alert.scores.impact
            );
            let times = (span.start, end(span.end));
            trace.span((pid, ALERTS + track), ("alert", &name), times, &more)?;
        }
    }
    let mut named = Vec::new();
    for span in &timeline.sessions {
        let (pid, tid) = (process(span), SESSIONS + span.what.index());
        if !named.contains(&(pid, tid)) {
            named.push((pid, tid));
            trace.track(pid, tid, &format!("session {}", span.what.0))?;
        }
        trace.span((pid, tid), ("session", "up"), (span.start, end(span.end)), "")?;
    }
    Ok(())
}

fn attempts(timeline: &Timeline, trace: &mut Trace<'_>) -> io::Result<()> {
    for (index, _) in timeline.names.destinations.iter().enumerate() {
        let here: Vec<_> = timeline
            .attempts
            .iter()
            .filter(|attempt| attempt.destination.index() == index)
            .collect();
        let pid = index + 1;
        let end = |end: Time| end.min(timeline.ended);
        let slots = lowest_free(here.iter().map(|attempt| (attempt.start, end(attempt.end))));
        for slot in 0..slots.iter().map(|slot| slot + 1).max().unwrap_or(0) {
            trace.track(pid, SLOTS + slot, &format!("slot {}", slot + 1))?;
        }
        for (attempt, slot) in here.iter().zip(slots) {
            let name = &timeline.names.tenants[attempt.tenant.index()];
            let answered = attempt.result.starts_with("refused") || attempt.result == "accepted";
            let status = if answered {
                format!(",\"status\":\"{}\"", Status(attempt.status))
            } else {
                String::new()
            };
            let more = format!(
                "\"message\":{},\"class\":{},\"segments\":{},\"attempt\":{},\"waited_ms\":{},\
                 \"result\":\"{}\"{status}",
                attempt.message.0,
                text(&timeline.names.classes[attempt.class.index()]),
                attempt.segments.0,
                attempt.number,
                thousandths(attempt.waited_ns / 1_000),
                attempt.result
            );
            let times = (attempt.start, end(attempt.end));
            trace.span((pid, SLOTS + slot), ("attempt", name), times, &more)?;
        }
    }
    Ok(())
}

fn counters(timeline: &Timeline, trace: &mut Trace<'_>) -> io::Result<()> {
    for (index, counters) in timeline.counters.iter().enumerate() {
        let pid = index + 1;
        for sample in &counters.samples {
            let mut counter = |name: &str, time: Time, values: &str| {
                let ts = microseconds(time.as_nanoseconds());
                trace.event(&format!(
                    "\"ph\":\"C\",\"name\":\"{name}\",\"pid\":{pid},\"tid\":0,\"ts\":{ts},\
                     \"args\":{{{values}}}"
                ))
            };
            let by_group = |value: &dyn Fn(usize) -> String| -> String {
                let names = counters.groups.iter().enumerate();
                let fields: Vec<String> =
                    names.map(|(line, name)| format!("{}:{}", text(name), value(line))).collect();
                fields.join(",")
            };
            let sent: u64 = sample.sent.iter().sum();
            let share =
                |line: usize| format!("{:.4}", sample.sent[line] as f64 / sent.max(1) as f64);
            // A value stands from its time on: what was sent is told from when it began to be.
            let (time, since) = (sample.time, sample.since);
            counter("segments waiting", time, &by_group(&|line| sample.waiting[line].to_string()))?;
            counter("share of what is sent", since, &by_group(&share))?;
            counter("attempts unanswered", time, &format!("\"attempts\":{}", sample.unanswered))?;
            if let Some(quota) = counters.quota {
                let allowed = quota.per_second_f64() * counters.step.as_seconds_f64();
                counter("quota used", since, &format!("\"part\":{:.4}", sent as f64 / allowed))?;
            }
        }
    }
    Ok(())
}

/// A run-wide span is shown at the first destination.
fn process<T>(span: &Span<T>) -> usize {
    span.destination.map_or(1, |destination| destination.index() + 1)
}

/// For each span, in order of their starts, the lowest track on which nothing lasts any more.
fn lowest_free(spans: impl Iterator<Item = (Time, Time)>) -> Vec<usize> {
    let mut busy: BTreeSet<(Time, usize)> = BTreeSet::new();
    let mut free: BTreeSet<usize> = BTreeSet::new();
    let mut tracks = 0;
    let track = |(start, end): (Time, Time)| {
        while let Some(&(until, track)) = busy.first()
            && until <= start
        {
            busy.pop_first();
            free.insert(track);
        }
        let track = free.pop_first().unwrap_or_else(|| {
            tracks += 1;
            tracks - 1
        });
        busy.insert((end, track));
        track
    };
    spans.map(track).collect()
}

/// Nanoseconds as a decimal of microseconds.
fn microseconds(nanoseconds: u64) -> String {
    thousandths(nanoseconds)
}

fn thousandths(value: u64) -> String {
    format!("{}.{:03}", value / 1_000, value % 1_000)
}

fn text(name: &str) -> String {
    serde_json::to_string(name).expect("text is always JSON")
}
