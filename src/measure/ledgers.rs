//! The three ledgers: messages by belief, messages by truth, and attempts.

use std::collections::BTreeMap;

use super::findings::Ledger;
use crate::scheduler::{Belief, Happening, Truth};

/// Ledger A of a group of messages, in messages and in segments, and the duplicates of ledger B.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BeliefLedger {
    /// In messages.
    pub messages: Ledger,
    /// In segments.
    pub segments: Ledger,
}

impl BeliefLedger {
    /// Counts a message that was submitted and is now believed to be at `belief`.
    pub fn submitted(&mut self, belief: Belief, segments: u64) {
        for (ledger, amount) in [(&mut self.messages, 1), (&mut self.segments, segments)] {
            ledger.submitted += amount;
            *entry(ledger, belief) += amount;
        }
    }

    /// The carrier delivered a copy beyond the first.
    pub fn duplicated(&mut self, segments: u64) {
        self.messages.duplicates += 1;
        self.segments.duplicates += segments;
    }

    /// Adds another group.
    pub fn merge(&mut self, other: &BeliefLedger) {
        for (into, from) in
            [(&mut self.messages, other.messages), (&mut self.segments, other.segments)]
        {
            into.submitted += from.submitted;
            into.duplicates += from.duplicates;
            for belief in Belief::ALL {
                let mut from = from;
                *entry(into, belief) += *entry(&mut from, belief);
            }
        }
    }
}

fn entry(ledger: &mut Ledger, belief: Belief) -> &mut u64 {
    match belief {
        Belief::Refused => &mut ledger.refused,
        Belief::Queued => &mut ledger.queued,
        Belief::InFlight => &mut ledger.in_flight,
        Belief::Parked => &mut ledger.parked,
        Belief::Accepted => &mut ledger.accepted,
        Belief::Delivered => &mut ledger.delivered,
        Belief::Failed => &mut ledger.failed,
        Belief::Expired => &mut ledger.expired,
        Belief::Cancelled => &mut ledger.cancelled,
        Belief::Unknown => &mut ledger.unknown,
    }
}

/// Ledger B: messages and segments by where they really are, the best of the copies counting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TruthLedger {
    /// Messages, by [`Truth`] as a number.
    pub messages: [u64; 5],
    /// Segments likewise.
    pub segments: [u64; 5],
    /// Copies beyond the first that were delivered.
    pub duplicates: u64,
}

impl TruthLedger {
    /// A message was submitted, or refused: no carrier has it.
    pub fn submitted(&mut self, segments: u64) {
        self.messages[Truth::Nowhere as usize] += 1;
        self.segments[Truth::Nowhere as usize] += segments;
    }

    /// The truth of a message moved.
    pub fn moved(&mut self, before: Truth, after: Truth, segments: u64) {
        self.messages[before as usize] -= 1;
        self.segments[before as usize] -= segments;
        self.messages[after as usize] += 1;
        self.segments[after as usize] += segments;
    }

    /// Messages by name of the truth, and the duplicates.
    pub fn named_messages(&self) -> BTreeMap<String, u64> {
        let mut named = Self::named(&self.messages);
        named.insert("duplicates".into(), self.duplicates);
        named
    }

    /// Segments by name of the truth.
    pub fn named_segments(&self) -> BTreeMap<String, u64> {
        Self::named(&self.segments)
    }

    fn named(counts: &[u64; 5]) -> BTreeMap<String, u64> {
        let name = |truth: Truth| (truth.name().to_owned(), counts[truth as usize]);
        Truth::ALL.into_iter().map(name).collect()
    }
}

/// Ledger C: `dispatched` is the sum of the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AttemptLedger {
    /// Attempts made.
    pub dispatched: u64,
    /// Answered, in time or late.
    pub answered: u64,
    /// Still waiting for an answer.
    pub unanswered: u64,
    /// Given up without an answer, and none came since.
    pub outcome_unknown: u64,
}

impl AttemptLedger {
    /// Something happened to a message.
    pub fn happened(&mut self, why: Happening) {
        match why {
            Happening::Dispatched => {
                self.dispatched += 1;
                self.unanswered += 1;
            }
            Happening::AnsweredAccepted
            | Happening::AnsweredPermanent
            | Happening::AnsweredRetry
            | Happening::AnsweredExhausted => {
                self.unanswered -= 1;
                self.answered += 1;
            }
            Happening::OutcomeUnknownRetry | Happening::OutcomeUnknownGiveUp => {
                self.unanswered -= 1;
                self.outcome_unknown += 1;
            }
            _ => {}
        }
    }

    /// An attempt of unknown outcome was answered after all.
    pub fn answered_late(&mut self) {
        self.outcome_unknown -= 1;
        self.answered += 1;
    }

    /// Adds the attempts of another destination.
    pub fn merge(&mut self, other: &AttemptLedger) {
        self.dispatched += other.dispatched;
        self.answered += other.answered;
        self.unanswered += other.unanswered;
        self.outcome_unknown += other.outcome_unknown;
    }

    /// By name, as in `summary.json`.
    pub fn named(&self) -> BTreeMap<String, u64> {
        [
            ("dispatched", self.dispatched),
            ("answered", self.answered),
            ("unanswered", self.unanswered),
            ("outcome_unknown", self.outcome_unknown),
        ]
        .map(|(name, count)| (name.to_owned(), count))
        .into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `submitted` is the sum of the ten beliefs.
    fn adds_up(ledger: &Ledger) -> bool {
        let mut copy = *ledger;
        let sum: u64 = Belief::ALL.into_iter().map(|belief| *entry(&mut copy, belief)).sum();
        sum == ledger.submitted
    }

    #[test]
    fn ledger_a_counts_messages_and_segments_where_they_are() {
        let mut ledger = BeliefLedger::default();
        ledger.submitted(Belief::Accepted, 3);
        ledger.submitted(Belief::Refused, 2);
        ledger.submitted(Belief::Queued, 1);
        ledger.duplicated(3);
        let messages = ledger.messages;
        assert_eq!((messages.submitted, messages.refused), (3, 1));
        assert_eq!((messages.queued, messages.in_flight, messages.accepted), (1, 0, 1));
        let segments = ledger.segments;
        assert_eq!((segments.submitted, segments.refused, segments.accepted), (6, 2, 3));
        assert_eq!((messages.duplicates, segments.duplicates), (1, 3));
        assert!(adds_up(&messages) && adds_up(&segments));

        let mut double = ledger;
        double.merge(&ledger);
        assert_eq!((double.messages.submitted, double.segments.accepted), (6, 6));
        assert!(adds_up(&double.messages) && adds_up(&double.segments));
    }

    #[test]
    fn ledger_b_follows_the_best_copy() {
        let mut ledger = TruthLedger::default();
        ledger.submitted(2);
        ledger.submitted(5);
        ledger.moved(Truth::Nowhere, Truth::AtCarrier, 2);
        ledger.moved(Truth::AtCarrier, Truth::Delivered, 2);
        assert_eq!(ledger.named_messages()["delivered"], 1);
        assert_eq!(ledger.named_messages()["nowhere"], 1);
        assert_eq!(ledger.named_segments()["nowhere"], 5);
        assert_eq!(ledger.messages.iter().sum::<u64>(), 2);
    }

    #[test]
    fn a_late_answer_turns_an_unknown_outcome_into_an_answer() {
        let mut ledger = AttemptLedger::default();
        for why in [
            Happening::Submitted,
            Happening::Dispatched,
            Happening::OutcomeUnknownRetry,
            Happening::BackoffOver,
            Happening::Dispatched,
            Happening::AnsweredRetry,
            Happening::Dispatched,
        ] {
            ledger.happened(why);
        }
        let expected =
            AttemptLedger { dispatched: 3, answered: 1, unanswered: 1, outcome_unknown: 1 };
        assert_eq!(ledger, expected);
        ledger.answered_late();
        let expected =
            AttemptLedger { dispatched: 3, answered: 2, unanswered: 1, outcome_unknown: 0 };
        assert_eq!(ledger, expected);
        assert_eq!(ledger.named()["answered"], 2);
    }
}
