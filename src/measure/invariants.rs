//! What must hold in every run, checked event by event in constant time.

mod caps;
mod conformance;
#[cfg(test)]
mod tests;
mod violation;

pub use conformance::{Conformance, Excess};
pub use violation::{Broken, Violation};

use self::caps::Caps;
use super::cells::Cells;
use super::messages::{Copy, Messages};
use crate::event::{Event, Flow, Sink, What};
use crate::scenario::{QuotaOf, Scenario};
use crate::scheduler::{
    Belief, Happening, Record, RetryRule, Truth, WindowUnit, better_truth, next_belief,
    truth_may_move,
};
use crate::time::Time;
use crate::units::{DestinationId, MessageId, TenantId};

/// Checks every event and stops at the first that breaks an invariant.
///
/// Checked are: time; the numbering of messages; each move against the table of the life of a
/// message and against where the message was; attempts; expiry; quotas and caps over every
/// interval; windows; the carrier's moves of each copy; and, when asked, the lane's own counts.
#[derive(Clone, Debug)]
pub struct Invariants {
    now: Time,
    cells: Cells,
    messages: Messages,
    destinations: Vec<DestinationState>,
    caps: Caps,
    names: Names,
    violation: Option<Violation>,
}

#[derive(Clone, Debug)]
struct DestinationState {
    counts: [(u64, u64); 10],
    unknown_attempts: u64,
    window: u64,
    /// What windows count, the largest of them, and the seats that are taken.
    window_counts: WindowUnit,
    largest_window: u32,
    seats: u64,
    quota: Option<Conformance>,
}

impl DestinationState {
    /// Seats that a message takes; sessions differ, and the largest window bounds them all.
    fn seats_of(&self, segments: u32) -> u64 {
        match self.window_counts {
            WindowUnit::Messages => 1,
            // What is larger than its own session's window takes less than this.
            WindowUnit::Segments if segments > self.largest_window => {
                u64::from(self.largest_window)
            }
            WindowUnit::Segments => u64::from(segments),
        }
    }
}

#[derive(Clone, Debug)]
struct Names {
    destinations: Vec<String>,
    tenants: Vec<String>,
    senders: Vec<String>,
}

/// What a checked event was about, for those who measure it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Checked {
    /// The belief of a message of this cell moved.
    Moved {
        /// Number of the cell.
        cell: u32,
    },
    /// The truth of a copy moved.
    TruthMoved {
        /// Number of the cell.
        cell: u32,
        /// Truth of the message before: of the best of its copies.
        before: Truth,
        /// Truth of the message after.
        after: Truth,
        /// What the message costs.
        segments: u32,
        /// When it was submitted.
        submitted: Time,
    },
    /// An attempt that had been given up was answered.
    LateAnswer,
    /// Something else.
    Other,
}

impl Invariants {
    /// Nothing happened yet in a run of `scenario`.
    pub fn new(scenario: &Scenario) -> Self {
        let destinations = scenario.destinations.iter().map(|destination| DestinationState {
            counts: [(0, 0); 10],
            unknown_attempts: 0,
            window: destination.gateway.seats(),
            window_counts: destination.gateway.window_counts,
            largest_window: destination.gateway.largest_window(),
            seats: 0,
            quota: destination.quota.map(|quota| {
                Conformance::shared(quota, destination.dispatchers.enforcing(QuotaOf::Destination))
            }),
        });
        Invariants {
            now: Time::ZERO,
            cells: Cells::new(
                scenario.tenants.len(),
                scenario.destinations.len(),
                scenario.classes.len(),
            ),
            messages: Messages::default(),
            destinations: destinations.collect(),
            caps: Caps::new(scenario),
            names: Names {
                destinations: scenario.destinations.iter().map(|d| d.name.clone()).collect(),
                tenants: scenario.tenants.iter().map(|tenant| tenant.name.clone()).collect(),
                senders: scenario.senders.iter().map(|sender| sender.name.clone()).collect(),
            },
            violation: None,
        }
    }

    /// The first violation, if there was one.
    pub fn violation(&self) -> Option<&Violation> {
        self.violation.as_ref()
    }

    /// The cells that occurred.
    pub(crate) fn cells(&self) -> &Cells {
        &self.cells
    }

    /// The messages that were submitted.
    pub(crate) fn messages(&self) -> &Messages {
        &self.messages
    }

    /// Time of the last event.
    pub fn now(&self) -> Time {
        self.now
    }

    /// Compares what the lane of a destination counts (messages and segments, by
    /// [`Belief`] as a number) with what its events amount to.
    ///
    /// # Errors
    /// With the first belief whose counts differ.
    pub fn agree_with(
        &self,
        destination: DestinationId,
        counts: [(u64, u64); 10],
    ) -> Result<(), Violation> {
        let events = &self.destinations[destination.index()].counts;
        for belief in Belief::ALL {
            let (events, lane) = (events[belief as usize], counts[belief as usize]);
            if events != lane {
                let what = Broken::CountsDisagree { belief, events, lane };
                return Err(self.violation_of(Some(destination), None, None, what));
            }
        }
        Ok(())
    }

    /// Checks one event.
    ///
    /// # Errors
    /// With the invariant that it breaks. The state is then of no further use.
    pub fn check(&mut self, event: &Event) -> Result<Checked, Violation> {
        let before = std::mem::replace(&mut self.now, event.time);
        let checked = if event.time < before {
            Err(Broken::TimeWentBack { before })
        } else {
            self.check_what(event)
        };
        checked.map_err(|what| self.violation_by(event, what))
    }

    fn check_what(&mut self, event: &Event) -> Result<Checked, Broken> {
        match (event.destination, &event.what) {
            (None, What::Moved { .. } | What::LateAnswer { .. } | What::TruthMoved { .. }) => {
                Err(Broken::NoDestination)
            }
            (
                None,
                What::SessionUp(_)
                | What::SessionDown(_)
                | What::QuotaChanged(_)
                | What::ActionTaken(_)
                | What::Spilled { .. }
                | What::OfCampaign { .. }
                | What::DeliveryTold { .. }
                | What::Yielded { .. },
            ) => Err(Broken::NoDestination),
            (Some(destination), What::Moved { record, from, to, why, code }) => {
                self.caps.answered(event.time, destination, &record.message, (*why, *code));
                self.check_move(destination, record, *from, *to, *why)
            }
            (Some(_), What::TruthMoved { message, attempt, from, to, .. }) => {
                self.check_truth(*message, *attempt, *from, *to)
            }
            (Some(destination), What::LateAnswer { .. }) => {
                let unknown = &mut self.destinations[destination.index()].unknown_attempts;
                match unknown.checked_sub(1) {
                    Some(left) => {
                        *unknown = left;
                        Ok(Checked::LateAnswer)
                    }
                    None => Err(Broken::LateAnswerToNothing),
                }
            }
            (Some(_), What::DeliveryTold { message, delivered, .. }) => {
                if self.messages.get(*message).is_none() {
                    Err(Broken::NeverSubmitted)
                } else if *delivered > self.now {
                    Err(Broken::ToldOfTheFuture { delivered: *delivered })
                } else {
                    Ok(Checked::Other)
                }
            }
            (Some(destination), What::QuotaChanged(quota)) => {
                let known = &mut self.destinations[destination.index()].quota;
                match (known.as_mut(), quota) {
                    (Some(known), Some(quota)) => known.change(self.now, *quota),
                    (_, quota) => *known = quota.map(Conformance::new),
                }
                Ok(Checked::Other)
            }
            _ => Ok(Checked::Other),
        }
    }

    #[cold]
    fn violation_by(&self, event: &Event, what: Broken) -> Violation {
        let (message, tenant) = subject_of(&event.what);
        self.violation_of(event.destination, tenant, message, what)
    }

    fn check_move(
        &mut self,
        destination: DestinationId,
        record: &Record,
        from: Option<Belief>,
        to: Belief,
        why: Happening,
    ) -> Result<Checked, Broken> {
        if next_belief(from, why) != Some(to) {
            return Err(Broken::IllegalMove { from, why, to });
        }
        let submitted = &record.message;
        let Some(claimed) = from else {
            return self.check_submission(destination, record, to);
        };
        let dispatched = why == Happening::Dispatched;
        let message = self.messages.get_mut(submitted.id).ok_or(Broken::NeverSubmitted)?;
        let cell = message.cell;
        let key = self.cells.cell(cell);
        if message.belief() != claimed {
            return Err(Broken::NotWhereItWas { recorded: message.belief(), claimed });
        }
        if (key.tenant, key.destination, key.class)
            != (submitted.tenant, destination, submitted.class)
            || (message.submitted, message.segments) != (record.submitted, submitted.segments.0)
        {
            return Err(Broken::RecordChanged);
        }
        let expected = message.attempts() + u32::from(dispatched);
        if record.attempts != expected || expected > RetryRule::MOST_ATTEMPTS {
            return Err(Broken::WrongAttempts { expected, found: record.attempts });
        }
        message.set_belief(to);
        if dispatched {
            message.count_attempt();
        }
        let segments = submitted.segments.get();
        let state = &mut self.destinations[destination.index()];
        let (messages_before, segments_before) = &mut state.counts[claimed as usize];
        *messages_before -= 1;
        *segments_before -= segments;
        let (messages_after, segments_after) = &mut state.counts[to as usize];
        *messages_after += 1;
        *segments_after += segments;
        let seats = state.seats_of(submitted.segments.0);
        if dispatched {
            state.seats += seats;
        } else if claimed == Belief::InFlight {
            state.seats = state.seats.saturating_sub(seats);
        }
        if matches!(why, Happening::OutcomeUnknownRetry | Happening::OutcomeUnknownGiveUp) {
            state.unknown_attempts += 1;
        }
        if dispatched {
            self.check_dispatch(destination, record)?;
        }
        Ok(Checked::Moved { cell })
    }

    fn check_submission(
        &mut self,
        destination: DestinationId,
        record: &Record,
        to: Belief,
    ) -> Result<Checked, Broken> {
        let message = &record.message;
        let expected = self.messages.len();
        if message.id.0 != expected {
            return Err(Broken::NotNumberedInOrder { expected });
        }
        if record.attempts != 0 {
            return Err(Broken::WrongAttempts { expected: 0, found: record.attempts });
        }
        if record.submitted != self.now {
            return Err(Broken::RecordChanged);
        }
        let cell = self.cells.number(message.tenant, destination, message.class);
        self.messages.submit(record.submitted, cell, message.segments.0, to);
        let counts = &mut self.destinations[destination.index()].counts[to as usize];
        counts.0 += 1;
        counts.1 += message.segments.get();
        Ok(Checked::Moved { cell })
    }

    fn check_dispatch(
        &mut self,
        destination: DestinationId,
        record: &Record,
    ) -> Result<(), Broken> {
        let (now, message) = (self.now, &record.message);
        if record.attempts == 1 && record.first_dispatch != now {
            return Err(Broken::WrongFirstDispatch { found: record.first_dispatch });
        }
        if now > message.expires {
            return Err(Broken::DispatchedAfterExpiry { expired: message.expires });
        }
        let state = &mut self.destinations[destination.index()];
        let in_flight = state.seats;
        if in_flight > state.window {
            return Err(Broken::OverWindow { in_flight, allowed: state.window });
        }
        if let Some(quota) = &mut state.quota {
            quota.sent(now, message.segments.0).map_err(Broken::OverQuota)?;
        }
        let names = (self.names.tenants.as_slice(), self.names.senders.as_slice());
        self.caps.sent(now, destination, message, names)
    }

    fn check_truth(
        &mut self,
        id: MessageId,
        attempt: u32,
        from: Truth,
        to: Truth,
    ) -> Result<Checked, Broken> {
        if !truth_may_move(from, to) {
            return Err(Broken::IllegalTruth { from, to });
        }
        let message = self.messages.get_mut(id).ok_or(Broken::NeverSubmitted)?;
        let made = message.attempts();
        if attempt == 0 || attempt > made {
            return Err(Broken::CopyOfNoAttempt { attempt, made });
        }
        if made == 1 {
            // Nearly all messages: there is one copy, and the message is where that is.
            if message.only_copy() != copy_at(from) {
                return Err(Broken::CopyNotWhereItWas { attempt, claimed: from });
            }
            let before = message.truth_of_only_copy();
            message.set_only_copy(copy_at(to));
            if to != Truth::AtCarrier {
                message.set_settled(better_truth(message.settled(), to));
            }
            let after = message.truth_of_only_copy();
            let (cell, segments, submitted) = (message.cell, message.segments, message.submitted);
            return Ok(Checked::TruthMoved { cell, before, after, segments, submitted });
        }
        // Only a copy that is nowhere or at the carrier can move, so telling these two from all
        // others is enough.
        if self.messages.copy(id, attempt) != copy_at(from) {
            return Err(Broken::CopyNotWhereItWas { attempt, claimed: from });
        }
        let before = self.messages.truth(id);
        self.messages.set_copy(id, attempt, copy_at(to));
        let message = self.messages.get_mut(id).ok_or(Broken::NeverSubmitted)?;
        if to != Truth::AtCarrier {
            message.set_settled(better_truth(message.settled(), to));
        }
        let (cell, segments, submitted) = (message.cell, message.segments, message.submitted);
        let after = self.messages.truth(id);
        Ok(Checked::TruthMoved { cell, before, after, segments, submitted })
    }

    fn violation_of(
        &self,
        destination: Option<DestinationId>,
        tenant: Option<TenantId>,
        message: Option<MessageId>,
        what: Broken,
    ) -> Violation {
        let name = |names: &[String], index: Option<usize>| {
            index.and_then(|index| names.get(index)).cloned().unwrap_or_default()
        };
        Violation {
            time: self.now,
            destination: name(&self.names.destinations, destination.map(DestinationId::index)),
            tenant: name(&self.names.tenants, tenant.map(TenantId::index)),
            message,
            what,
        }
    }
}

impl Sink for Invariants {
    fn record(&mut self, event: &Event) -> Flow {
        if self.violation.is_some() {
            return Flow::Stop;
        }
        match self.check(event) {
            Ok(_) => Flow::Continue,
            Err(violation) => {
                self.violation = Some(violation);
                Flow::Stop
            }
        }
    }
}

fn subject_of(what: &What) -> (Option<MessageId>, Option<TenantId>) {
    match what {
        What::Moved { record, .. } => (Some(record.message.id), Some(record.message.tenant)),
        What::LateAnswer { message, tenant, .. }
        | What::TruthMoved { message, tenant, .. }
        | What::DeliveryTold { message, tenant, .. } => (Some(*message), Some(*tenant)),
        _ => (None, None),
    }
}

fn copy_at(truth: Truth) -> Copy {
    match truth {
        Truth::Nowhere => Copy::Nowhere,
        Truth::AtCarrier => Copy::AtCarrier,
        Truth::Delivered => Copy::Delivered,
        Truth::Lost | Truth::Rejected => Copy::Gone,
    }
}
