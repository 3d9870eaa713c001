//! `timeline.json`: a run as a trace that Perfetto opens.
//!
//! The format is Chrome's (its "Trace Event Format" document): complete spans (`"X"`), counters (`"C"`),
//! names of tracks (`"M"`). A destination is a process. An attempt is a span from dispatch to answer on
//! the lowest track that is free, so spans on one track never overlap; sessions, failures and alerts are
//! spans on tracks of their own. Times are microseconds, written as exact decimals of nanoseconds.
//!
//! The file stays small enough to open: of more than [`MOST_ATTEMPTS`] attempts it keeps those of one
//! message in 2, 4, 8 …, chosen by a hash of the message's number, and counters are sampled at most
//! [`MOST_SAMPLES`] times in all. What was left out is said in `otherData`.

mod counters;
mod write;

use std::collections::BTreeMap;
use std::path::Path;

use self::counters::Counters;
use super::ReportError;
use crate::detector::{AlertChange, AlertEvent};
use crate::event::{Event, Flow, Sink, What};
use crate::measure::Summary;
use crate::scenario::Scenario;
use crate::scheduler::{Belief, Happening, Record};
use crate::time::Time;
use crate::units::{ClassId, DestinationId, MessageId, Segments, SessionId, TenantId, mix};

/// Attempts beyond this are thinned out.
pub const MOST_ATTEMPTS: usize = 50_000;
/// Samples of all counters of all destinations together.
pub const MOST_SAMPLES: u64 = 4_000;

/// Collects the spans and counters of a run: a sink. Its memory is bounded.
#[derive(Clone, Debug)]
pub struct Timeline {
    names: Names,
    attempts: Vec<Attempt>,
    /// Where unanswered attempts are in `attempts`.
    unanswered: BTreeMap<MessageId, usize>,
    /// Messages are kept of which the hash is a multiple of this.
    one_of: u64,
    attempts_seen: u64,
    most_attempts: usize,
    sessions: Vec<Span<SessionId>>,
    faults: Vec<Span<u32>>,
    alerts: Vec<Span<AlertEvent>>,
    counters: Vec<Counters>,
    arrivals_over: Option<Time>,
    ended: Time,
}

#[derive(Clone, Debug)]
struct Names {
    tenants: Vec<String>,
    classes: Vec<String>,
    destinations: Vec<String>,
    faults: Vec<String>,
}

/// An attempt, from dispatch to answer.
#[derive(Clone, Copy, Debug)]
struct Attempt {
    destination: DestinationId,
    message: MessageId,
    tenant: TenantId,
    class: ClassId,
    segments: Segments,
    number: u32,
    start: Time,
    /// [`Time::NEVER`] while it is unanswered.
    end: Time,
    waited_ns: u64,
    result: &'static str,
    status: u32,
}

/// Something that lasts, at a destination or everywhere.
#[derive(Clone, Copy, Debug)]
struct Span<T> {
    destination: Option<DestinationId>,
    start: Time,
    /// [`Time::NEVER`] while it lasts.
    end: Time,
    what: T,
}

impl Timeline {
    /// An empty trace of a run of `scenario`.
    pub fn new(scenario: &Scenario) -> Self {
        Timeline::with_at_most(scenario, MOST_ATTEMPTS)
    }

    fn with_at_most(scenario: &Scenario, most_attempts: usize) -> Self {
        let places = scenario.destinations.len() as u64;
        let samples = (MOST_SAMPLES / places.max(1)).max(50);
        Timeline {
            names: Names {
                tenants: scenario.tenants.iter().map(|tenant| tenant.name.clone()).collect(),
                classes: scenario.classes.iter().map(|class| class.name.clone()).collect(),
                destinations: scenario.destinations.iter().map(|d| d.name.clone()).collect(),
                faults: scenario.faults.iter().map(|fault| fault.name.clone()).collect(),
            },
            attempts: Vec::new(),
            unanswered: BTreeMap::new(),
            one_of: 1,
            attempts_seen: 0,
            most_attempts,
            sessions: Vec::new(),
            faults: Vec::new(),
            alerts: Vec::new(),
            counters: (0..scenario.destinations.len())
                .map(|index| Counters::new(scenario, index, samples))
                .collect(),
            arrivals_over: None,
            ended: Time::ZERO,
        }
    }

    /// What was left out, in words; `None` where everything is there.
    pub fn left_out(&self) -> Option<String> {
        (self.one_of > 1).then(|| {
            format!(
                "the timeline has the attempts of one message in {}: {} of {}",
                self.one_of,
                self.attempts.len(),
                self.attempts_seen
            )
        })
    }

    /// Writes `timeline.json` into `folder`.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn write(&self, folder: &Path, summary: &Summary) -> Result<(), ReportError> {
        write::to_file(self, &folder.join("timeline.json"), summary)
    }

    fn moved(&mut self, event: &Event, record: &Record, from: Option<Belief>, to: Belief) {
        let (What::Moved { why, code, .. }, Some(destination)) = (event.what, event.destination)
        else {
            return;
        };
        let message = record.message;
        self.counters[destination.index()].moved(event.time, record, from, to);
        if from == Some(Belief::InFlight)
            && let Some(place) = self.unanswered.remove(&message.id)
        {
            let attempt = &mut self.attempts[place];
            (attempt.end, attempt.status, attempt.result) = (event.time, code, result(why));
        }
        if to == Belief::InFlight {
            self.attempts_seen += 1;
            if !mix(message.id.0).is_multiple_of(self.one_of) {
                return;
            }
            self.unanswered.insert(message.id, self.attempts.len());
            self.attempts.push(Attempt {
                destination,
                message: message.id,
                tenant: message.tenant,
                class: message.class,
                segments: message.segments,
                number: record.attempts,
                start: event.time,
                end: Time::NEVER,
                waited_ns: event.time.since(record.submitted).as_nanoseconds(),
                result: "unanswered",
                status: 0,
            });
            if self.attempts.len() > self.most_attempts {
                self.thin_out();
            }
        }
    }

    /// Keeps every second message.
    fn thin_out(&mut self) {
        self.one_of *= 2;
        let one_of = self.one_of;
        self.attempts.retain(|attempt| mix(attempt.message.0).is_multiple_of(one_of));
        let unanswered = self.attempts.iter().enumerate();
        let unanswered = unanswered.filter(|(_, attempt)| attempt.end == Time::NEVER);
        self.unanswered = unanswered.map(|(place, attempt)| (attempt.message, place)).collect();
    }
}

fn result(why: Happening) -> &'static str {
    match why {
        Happening::AnsweredAccepted => "accepted",
        Happening::AnsweredPermanent => "refused for good",
        Happening::AnsweredRetry => "refused for now",
        Happening::AnsweredExhausted => "refused, no attempt left",
        Happening::OutcomeUnknownRetry | Happening::OutcomeUnknownGiveUp => "outcome unknown",
        _ => "over",
    }
}

/// Begins something that lasts.
fn begin<T>(spans: &mut Vec<Span<T>>, event: &Event, what: T) {
    let (destination, start) = (event.destination, event.time);
    spans.push(Span { destination, start, end: Time::NEVER, what });
}

/// Ends the one that lasts and is meant.
fn end<T>(spans: &mut [Span<T>], event: &Event, is_it: impl Fn(&T) -> bool) {
    let open = spans.iter_mut().rev().find(|span| {
        span.end == Time::NEVER && span.destination == event.destination && is_it(&span.what)
    });
    if let Some(span) = open {
        span.end = event.time;
    }
}

impl Sink for Timeline {
    fn record(&mut self, event: &Event) -> Flow {
        self.ended = event.time;
        match event.what {
            What::Moved { record, from, to, .. } => self.moved(event, &record, from, to),
            What::SessionUp(session) => begin(&mut self.sessions, event, session),
            What::SessionDown(session) => end(&mut self.sessions, event, |one| *one == session),
            What::FaultBegan(fault) => begin(&mut self.faults, event, fault),
            What::FaultEnded(fault) => end(&mut self.faults, event, |one| *one == fault),
            What::Alert(alert) if alert.change == AlertChange::Raised => {
                begin(&mut self.alerts, event, alert);
            }
            What::Alert(alert) => end(&mut self.alerts, event, |one| {
                (one.account, one.kind) == (alert.account, alert.kind)
            }),
            What::ArrivalsOver => self.arrivals_over = Some(event.time),
            What::RunOver => {
                self.counters.iter_mut().for_each(|counters| counters.finish(event.time));
            }
            _ => {}
        }
        Flow::Continue
    }
}

#[cfg(test)]
mod tests;
