//! Ledgers A and C as the lane itself keeps them.

use crate::scheduler::life::Belief;
use crate::units::Segments;

/// Messages and segments by belief (ledger A), and attempts (ledger C).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Messages, indexed by [`Belief`].
    pub messages: [u64; Belief::ALL.len()],
    /// Segments, indexed by [`Belief`].
    pub segments: [u64; Belief::ALL.len()],
    /// Attempts.
    pub attempts: AttemptCounts,
}

/// Ledger C: `dispatched = answered + unanswered + unknown`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AttemptCounts {
    /// Attempts handed to the gateway.
    pub dispatched: u64,
    /// Answered, in time or late.
    pub answered: u64,
    /// Waiting for their answer.
    pub unanswered: u64,
    /// Given up without an answer.
    pub unknown: u64,
}

impl Counts {
    /// Messages of which the platform believes this.
    pub fn messages_in(&self, belief: Belief) -> u64 {
        self.messages[belief as usize]
    }

    /// Segments of which the platform believes this.
    pub fn segments_in(&self, belief: Belief) -> u64 {
        self.segments[belief as usize]
    }

    /// All messages ever submitted: a message is counted under exactly one belief.
    pub fn submitted(&self) -> u64 {
        self.messages.iter().sum()
    }

    /// Messages that something is still expected of.
    pub fn live(&self) -> u64 {
        Belief::ALL.iter().filter(|b| b.is_live()).map(|b| self.messages_in(*b)).sum()
    }

    /// Adds the ledgers of another lane.
    pub fn add(&mut self, other: &Counts) {
        let sum = |own: &mut u64, other: &u64| *own += other;
        self.messages.iter_mut().zip(&other.messages).for_each(|(own, other)| sum(own, other));
        self.segments.iter_mut().zip(&other.segments).for_each(|(own, other)| sum(own, other));
        let (own, other) = (&mut self.attempts, &other.attempts);
        sum(&mut own.dispatched, &other.dispatched);
        sum(&mut own.answered, &other.answered);
        sum(&mut own.unanswered, &other.unanswered);
        sum(&mut own.unknown, &other.unknown);
    }

    pub(super) fn moved(&mut self, from: Option<Belief>, to: Belief, segments: Segments) {
        if let Some(from) = from {
            self.messages[from as usize] -= 1;
            self.segments[from as usize] -= segments.get();
        }
        self.messages[to as usize] += 1;
        self.segments[to as usize] += segments.get();
    }
}
