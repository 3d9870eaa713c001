//! Dwell and latency of all submitted messages, by tenant, destination and class.

use super::cells::Cells;
use super::findings::{ClassFigures, Ledger};
use super::ledgers::BeliefLedger;
use super::messages::Messages;
use super::times::Times;
use crate::scenario::Scenario;
use crate::scheduler::{Belief, Truth};
use crate::time::{Span, Time};
use crate::units::{ClassId, DestinationId, TenantId};

/// The messages of one tenant, destination and class: the smallest group that is measured.
///
/// Every larger group is a merge of cells, so its quantiles are those of all its messages and not
/// a mean of quantiles.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// Whose.
    pub tenant: TenantId,
    /// Where to.
    pub destination: DestinationId,
    /// Of which class.
    pub class: ClassId,
    /// What came of them.
    pub group: Group,
}

/// What came of a group of messages.
///
/// *Dwell* is the span from submission to first dispatch, *latency* from submission to the delivery
/// of the first copy, by truth. Both are over all messages since the warm-up but the refused,
/// which the platform never had: those still waiting, expired or cancelled are censored in both, those failed, lost
/// or on their way in latency.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Group {
    /// Ledger A.
    pub ledger: BeliefLedger,
    /// Messages of classes with a deadline, the refused **included**: turning a message away is no
    /// way to be on time.
    pub with_deadline: u64,
    /// Those of them that were first dispatched within the deadline.
    pub on_time: u64,
    /// Submission to first dispatch.
    pub dwell: Times,
    /// Submission to delivery.
    pub latency: Times,
    /// Submission to delivery as receipts tell it, where they tell a time: by the carrier's rounded
    /// clock, and none at all where that is before the submission. Nothing is censored.
    pub told_latency: Times,
    /// Messages that went to the queue of another sender than their own.
    pub spilled: u64,
    /// Segments of all attempts.
    pub attempted: u64,
    /// Those of attempts that were refused for now or that nothing was heard of.
    pub attempted_in_vain: u64,
}

/// Times of every cell while the run goes on.
#[derive(Clone, Debug)]
pub(crate) struct Latencies {
    groups: Vec<Group>,
    deadlines: Vec<Option<Span>>,
    /// Messages submitted before this are in the ledgers alone.
    counts_from: Time,
}

impl Group {
    /// Adds another group.
    pub fn merge(&mut self, other: &Group) {
        self.ledger.merge(&other.ledger);
        self.with_deadline += other.with_deadline;
        self.on_time += other.on_time;
        self.dwell.merge(&other.dwell);
        self.latency.merge(&other.latency);
        self.told_latency.merge(&other.told_latency);
        self.spilled += other.spilled;
        self.attempted += other.attempted;
        self.attempted_in_vain += other.attempted_in_vain;
    }

    fn times_mut(&mut self) -> [&mut Times; 3] {
        [&mut self.dwell, &mut self.latency, &mut self.told_latency]
    }

    /// Ledger A in messages.
    pub fn messages(&self) -> &Ledger {
        &self.ledger.messages
    }

    /// First dispatched within the deadline ÷ submitted, over classes with a deadline; `None` when
    /// there are no such messages.
    pub fn on_time_ratio(&self) -> Option<f64> {
        (self.with_deadline > 0).then(|| self.on_time as f64 / self.with_deadline as f64)
    }

    /// The figures as they are written to files.
    pub fn figures(&self) -> ClassFigures {
        ClassFigures {
            submitted: self.messages().submitted,
            dwell_s: self.dwell.figures(),
            latency_s: self.latency.figures(),
            on_time: self.on_time_ratio(),
        }
    }
}

impl Latencies {
    /// Nothing happened yet in a run of `scenario`.
    pub(crate) fn new(scenario: &Scenario) -> Self {
        let deadlines = scenario.classes.iter().map(|class| class.deadline).collect();
        let counts_from = Time::ZERO.saturating_add(scenario.warm_up);
        Latencies { groups: Vec::new(), deadlines, counts_from }
    }

    /// A message of a cell was submitted.
    pub(crate) fn submitted(&mut self, cell: u32, class: ClassId, at: Time) {
        if cell as usize >= self.groups.len() {
            self.groups.resize_with(cell as usize + 1, Group::default);
        }
        let has_deadline = self.deadlines[class.index()].is_some();
        let counts = has_deadline && at >= self.counts_from;
        self.groups[cell as usize].with_deadline += u64::from(counts);
    }

    /// A message of a cell, submitted then, was dispatched for the first time.
    pub(crate) fn dispatched(&mut self, cell: u32, class: ClassId, submitted: Time, dwell: Span) {
        if submitted < self.counts_from {
            return;
        }
        let group = &mut self.groups[cell as usize];
        group.dwell.observed.record(dwell);
        let deadline = self.deadlines[class.index()];
        group.on_time += u64::from(deadline.is_some_and(|deadline| dwell <= deadline));
    }

    /// A message of a cell spilled.
    pub(crate) fn spilled(&mut self, cell: u32) {
        self.groups[cell as usize].spilled += 1;
    }

    /// So many segments of a cell were dispatched.
    pub(crate) fn attempted(&mut self, cell: u32, segments: u64) {
        self.groups[cell as usize].attempted += segments;
    }

    /// And used the quota for nothing.
    pub(crate) fn attempted_in_vain(&mut self, cell: u32, segments: u64) {
        self.groups[cell as usize].attempted_in_vain += segments;
    }

    /// A message of a cell left its queue for good without ever having been dispatched.
    pub(crate) fn gave_up_waiting(&mut self, cell: u32, submitted: Time, waited: Span) {
        if submitted >= self.counts_from {
            self.groups[cell as usize].dwell.censored.record(waited);
        }
    }

    /// The first copy of a message reached the handset.
    pub(crate) fn delivered(&mut self, cell: u32, submitted: Time, latency: Span) {
        if submitted >= self.counts_from {
            self.groups[cell as usize].latency.observed.record(latency);
        }
    }

    /// A receipt told how long that took.
    pub(crate) fn delivery_told(&mut self, cell: u32, submitted: Time, latency: Span) {
        if submitted >= self.counts_from {
            self.groups[cell as usize].told_latency.observed.record(latency);
        }
    }

    /// A further copy did.
    pub(crate) fn duplicated(&mut self, cell: u32, segments: u64) {
        self.groups[cell as usize].ledger.duplicated(segments);
    }

    /// Counts where each message ended, censors what had not got there by then, and returns the
    /// cells in order of tenant, destination and class.
    ///
    /// Ledger A of a cell is counted here and not move by move: the table of messages knows where
    /// each one is, and a run has several moves a message.
    pub(crate) fn finish(mut self, cells: &Cells, messages: &Messages, ended: Time) -> Vec<Cell> {
        for message in messages.iter() {
            let group = &mut self.groups[message.cell as usize];
            group.ledger.submitted(message.belief(), u64::from(message.segments));
            if message.belief() == Belief::Refused || message.submitted < self.counts_from {
                continue;
            }
            let waited = ended.since(message.submitted);
            if message.belief() == Belief::Queued && message.attempts() == 0 {
                group.dwell.censored.record(waited);
            }
            if message.settled() != Truth::Delivered {
                group.latency.censored.record(waited);
            }
        }
        for times in self.groups.iter_mut().flat_map(Group::times_mut) {
            times.observed.settle();
            times.censored.settle();
        }
        let finished = |number: u32| {
            let key = cells.cell(number);
            let group = std::mem::take(&mut self.groups[number as usize]);
            let (tenant, destination, class) = (key.tenant, key.destination, key.class);
            Cell { tenant, destination, class, group }
        };
        cells.cells_in_order().map(finished).collect()
    }
}
