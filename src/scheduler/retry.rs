//! When a message that was not accepted is submitted again, and where it queues then.

use super::status::{Status, StatusClass};
use crate::time::Span;
use crate::units::mix;

/// What to do after each class of failure.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct RetryPolicy {
    /// After a temporary refusal.
    pub temporary: RetryRule,
    /// After a throttling refusal.
    pub throttled: RetryRule,
    /// After an attempt of which no outcome was learnt.
    pub unknown: UnknownOutcome,
    /// Statuses that go by a rule of their own, whatever their class; the first that matches.
    pub by_status: StatusRules,
}

/// Rules of single statuses.
pub type StatusRules = [Option<(Status, RetryRule)>; RetryPolicy::MOST_STATUS_RULES];

/// How often, how soon and where to try again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct RetryRule {
    /// Attempts in all, the first included; 1 means never again. At most [`RetryRule::MOST_ATTEMPTS`].
    pub attempts: u32,
    /// The wait before the second attempt.
    pub first_wait: Span,
    /// Each further wait is this many thousandths of the one before; 2000 doubles it.
    pub growth_permille: u32,
    /// No wait is longer.
    pub longest_wait: Span,
    /// Each wait is shortened by up to this many thousandths of itself.
    pub jitter_permille: u32,
    /// Where the message queues again.
    pub place: RequeuePlace,
}

/// Where a message queues again after its wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub enum RequeuePlace {
    /// Before the others of its queue.
    Head,
    /// Behind them.
    Tail,
}

/// What to do when no outcome was learnt: the message may or may not be with the carrier.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub enum UnknownOutcome {
    /// Submit it again: it may arrive twice.
    Resubmit(RetryRule),
    /// Leave it: it may never arrive.
    GiveUp,
}

impl RetryRule {
    /// The most attempts a message can have; the lane keeps one bit for each.
    pub const MOST_ATTEMPTS: u32 = 32;

    /// Once and never again.
    pub const NEVER: RetryRule = RetryRule {
        attempts: 1,
        first_wait: Span::ZERO,
        growth_permille: 1000,
        longest_wait: Span::ZERO,
        jitter_permille: 0,
        place: RequeuePlace::Tail,
    };

    /// The wait after attempt number `made` (from 1), or `None` when that was the last.
    ///
    /// The jitter is a function of the message's key and the attempt, not of a random draw, so
    /// that restoring a snapshot or adding a tenant changes no other message's waits.
    pub fn wait_after(&self, made: u32, key: u64) -> Option<Span> {
        if made >= self.attempts.min(Self::MOST_ATTEMPTS) {
            return None;
        }
        let longest = u128::from(self.longest_wait.as_nanoseconds());
        let mut wait = u128::from(self.first_wait.as_nanoseconds()).min(longest);
        for _ in 1..made {
            wait = (wait * u128::from(self.growth_permille) / 1000).min(longest);
        }
        let spread = wait * u128::from(self.jitter_permille.min(1000)) / 1000;
        let draw = u128::from(mix(key ^ mix(u64::from(made))));
        let wait = wait - ((spread * draw) >> 64);
        Some(Span::from_nanoseconds(u64::try_from(wait).unwrap_or(u64::MAX)))
    }
}

impl RetryPolicy {
    /// Never tries again, whatever happens.
    pub const NEVER: RetryPolicy = RetryPolicy {
        temporary: RetryRule::NEVER,
        throttled: RetryRule::NEVER,
        unknown: UnknownOutcome::GiveUp,
        by_status: Self::NO_STATUS_RULES,
    };

    /// The most statuses with rules of their own.
    pub const MOST_STATUS_RULES: usize = 8;

    /// All statuses go by their class.
    pub const NO_STATUS_RULES: StatusRules = [None; Self::MOST_STATUS_RULES];

    /// The rule for an attempt that was answered with `status`, or `None` where the answer was final.
    pub fn rule(&self, status: Status) -> Option<&RetryRule> {
        let mut own = self.by_status.iter().flatten().filter(|(of, _)| *of == status);
        if let Some((_, rule)) = own.next() {
            return Some(rule);
        }
        match status.class() {
            StatusClass::Temporary => Some(&self.temporary),
            StatusClass::Throttled => Some(&self.throttled),
            StatusClass::Accepted | StatusClass::Permanent => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOUBLING: RetryRule = RetryRule {
        attempts: 5,
        first_wait: Span::from_seconds(1),
        growth_permille: 2000,
        longest_wait: Span::from_seconds(3),
        jitter_permille: 0,
        place: RequeuePlace::Tail,
    };

    #[test]
    fn waits_grow_to_the_longest_and_end_with_the_attempts() {
        let waits: Vec<_> = (1..6).map(|made| DOUBLING.wait_after(made, 0)).collect();
        let seconds = |s| Some(Span::from_seconds(s));
        assert_eq!(waits, [seconds(1), seconds(2), seconds(3), seconds(3), None]);
        assert_eq!(RetryRule::NEVER.wait_after(1, 0), None);
    }

    #[test]
    fn jitter_only_shortens_differs_between_messages_and_never_changes() {
        let rule = RetryRule { jitter_permille: 500, ..DOUBLING };
        let waits: Vec<_> = (0..100).map(|key| rule.wait_after(1, key).expect("left")).collect();
        let half = Span::from_milliseconds(500);
        assert!(waits.iter().all(|w| *w > half && *w <= Span::from_seconds(1)));
        assert!(waits.windows(2).any(|pair| pair[0] != pair[1]));
        // All of the spread is used.
        let milliseconds = |wait: Option<&Span>| wait.map(|wait| wait.as_nanoseconds() / 1_000_000);
        assert!(milliseconds(waits.iter().min()).is_some_and(|least| least < 530));
        assert!(milliseconds(waits.iter().max()).is_some_and(|most| most > 970));
        assert_eq!(rule.wait_after(1, 7), rule.wait_after(1, 7));
    }

    use alloc::vec::Vec;
}
