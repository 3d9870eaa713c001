//! Ledgers A and C as the lane itself keeps them.

use crate::scheduler::life::Belief;
use crate::units::Segments;

/// Messages and segments by belief (ledger A), and attempts (ledger C).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct Counts {
    /// Messages and their segments, by [`Belief`] as a number: side by side, because a move changes both.
    pub held: [(u64, u64); Belief::ALL.len()],
    /// Attempts.
    pub attempts: AttemptCounts,
}

/// Ledger C: `dispatched = answered + unanswered + unknown`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
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
        self.held[belief as usize].0
    }

    /// Segments of which the platform believes this.
    pub fn segments_in(&self, belief: Belief) -> u64 {
        self.held[belief as usize].1
    }

    /// All messages ever submitted: a message is counted under exactly one belief.
    pub fn submitted(&self) -> u64 {
        self.held.iter().map(|(messages, _)| messages).sum()
    }

    /// Messages that something is still expected of.
    pub fn live(&self) -> u64 {
        Belief::ALL.iter().filter(|b| b.is_live()).map(|b| self.messages_in(*b)).sum()
    }

    /// Adds the ledgers of another lane.
    pub fn add(&mut self, other: &Counts) {
        let sum = |own: &mut u64, other: &u64| *own += other;
        for (own, other) in self.held.iter_mut().zip(&other.held) {
            sum(&mut own.0, &other.0);
            sum(&mut own.1, &other.1);
        }
        let (own, other) = (&mut self.attempts, &other.attempts);
        sum(&mut own.dispatched, &other.dispatched);
        sum(&mut own.answered, &other.answered);
        sum(&mut own.unanswered, &other.unanswered);
        sum(&mut own.unknown, &other.unknown);
    }

    pub(super) fn moved(&mut self, from: Option<Belief>, to: Belief, segments: Segments) {
        if let Some(from) = from {
            let (messages, held) = &mut self.held[from as usize];
            *messages -= 1;
            *held -= segments.get();
        }
        let (messages, held) = &mut self.held[to as usize];
        *messages += 1;
        *held += segments.get();
    }
}
