//! What is noted of each message of a run for warm-up, isolation and pairing, beside the findings.

use super::{Keep, Overseer};
use crate::event::{Event, Flow, Sink, What};
use crate::scenario::Scenario;
use crate::scheduler::{Belief, Truth};
use crate::time::{Span, Time};
use crate::units::mix;

/// Parts into which the time of arrivals is cut for the course of a run.
pub const SLOTS: usize = 600;

/// Events between two questions whether to stop.
const ASK_EVERY: u64 = 1 << 12;

/// The messages submitted in one part of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Slot {
    /// How many of them were dispatched.
    pub dispatched: u64,
    /// Their dwell together, nanoseconds.
    pub dwell_ns: u128,
}

/// Dwell and latency of each message of one tenant, in order of its submissions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dwells {
    /// To first dispatch, of those that were dispatched.
    pub dwell: Vec<Option<Span>>,
    /// To delivery of the first copy, of those that were delivered.
    pub latency: Vec<Option<Span>>,
}

/// Listens beside the measures.
pub(super) struct Tap<'a> {
    overseer: &'a dyn Overseer,
    events: u64,
    slot_width: Span,
    pub(super) slots: Vec<Slot>,
    /// Sum over all submissions of a hash of what and when they are: does not depend on their order.
    pub(super) arrivals: u64,
    /// Number of submissions of each tenant so far.
    submitted: Vec<u64>,
    /// Messages by tenant, where they are asked for.
    pub(super) messages: Option<Vec<Dwells>>,
    /// Of each message: its tenant's number, its place among the tenant's, its submission.
    places: Vec<(u32, u32, Time)>,
    /// Where the series of dwells begins.
    warm_up: Span,
    /// The dwell of each message by its number, where it is asked for: messages are numbered in order of
    /// submission.
    course: Option<Vec<Option<Span>>>,
}

impl<'a> Tap<'a> {
    pub(super) fn new(scenario: &Scenario, overseer: &'a dyn Overseer, keep: Keep) -> Self {
        let width = scenario.duration.as_nanoseconds().div_ceil(SLOTS as u64).max(1);
        Tap {
            overseer,
            events: 0,
            slot_width: Span::from_nanoseconds(width),
            slots: vec![Slot::default(); SLOTS],
            arrivals: 0,
            submitted: vec![0; scenario.tenants.len()],
            messages: keep.messages.then(|| vec![Dwells::default(); scenario.tenants.len()]),
            places: Vec::new(),
            warm_up: scenario.warm_up,
            course: keep.course.then(Vec::new),
        }
    }
}

impl Tap<'_> {
    /// The dwells in seconds, in order of submission.
    pub(super) fn course_s(&self) -> Vec<f64> {
        let dwells = self.course.iter().flatten().flatten();
        dwells.map(|dwell| dwell.as_seconds_f64()).collect()
    }
}

impl Sink for Tap<'_> {
    fn record(&mut self, event: &Event) -> Flow {
        self.events += 1;
        if self.events.is_multiple_of(ASK_EVERY) && self.overseer.wants_stop() {
            return Flow::Stop;
        }
        match &event.what {
            What::Moved { record, from, to, .. } => {
                let message = record.message;
                if from.is_none() {
                    let tenant = message.tenant.index();
                    let ordinal = self.submitted[tenant];
                    self.submitted[tenant] += 1;
                    let who = mix(u64::from(message.tenant.0) << 32 ^ ordinal);
                    let what = mix(event.time.as_nanoseconds()) ^ u64::from(message.segments.0);
                    self.arrivals = self.arrivals.wrapping_add(mix(who ^ what));
                    if let Some(messages) = &mut self.messages {
                        let place = messages[tenant].dwell.len() as u32;
                        messages[tenant].dwell.push(None);
                        messages[tenant].latency.push(None);
                        let index = message.id.0 as usize;
                        if self.places.len() <= index {
                            self.places.resize(index + 1, (0, 0, Time::ZERO));
                        }
                        self.places[index] = (message.tenant.0, place, event.time);
                    }
                }
                if *to == Belief::InFlight && record.attempts == 1 {
                    let dwell = event.time.since(record.submitted);
                    let slot = record.submitted.as_nanoseconds() / self.slot_width.as_nanoseconds();
                    let slot = &mut self.slots[(slot as usize).min(SLOTS - 1)];
                    slot.dispatched += 1;
                    slot.dwell_ns += u128::from(dwell.as_nanoseconds());
                    if let Some(messages) = &mut self.messages {
                        let (tenant, place, _) = self.places[message.id.0 as usize];
                        messages[tenant as usize].dwell[place as usize] = Some(dwell);
                    }
                    let is_late = record.submitted.since(Time::ZERO) >= self.warm_up;
                    if let Some(course) = self.course.as_mut().filter(|_| is_late) {
                        let index = message.id.0 as usize;
                        if course.len() <= index {
                            course.resize(index + 1, None);
                        }
                        course[index] = Some(dwell);
                    }
                }
            }
            What::TruthMoved { message, to: Truth::Delivered, .. } => {
                if let Some(messages) = &mut self.messages {
                    let (tenant, place, submitted) = self.places[message.0 as usize];
                    let latency = &mut messages[tenant as usize].latency[place as usize];
                    // Further copies make no difference to when the first one arrived.
                    latency.get_or_insert(event.time.since(submitted));
                }
            }
            _ => {}
        }
        Flow::Continue
    }
}
