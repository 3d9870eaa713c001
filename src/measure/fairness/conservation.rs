//! Quota that was lost while work waited.

use crate::time::Time;
use crate::units::Quota;

/// A token bucket of the quota beside the run, in exact integers: what overflows it while work
/// waits could have been sent and was not.
#[derive(Clone, Debug)]
pub(super) struct Conservation {
    quota: Quota,
    /// Tokens and losses are in segments times the denominator of the rate.
    tokens: i128,
    lost: i128,
    seen: Time,
}

impl Conservation {
    pub(super) fn new(quota: Quota) -> Self {
        let mut fresh = Conservation { quota, tokens: 0, lost: 0, seen: Time::ZERO };
        fresh.tokens = fresh.full();
        fresh
    }

    /// Lets time pass during which work did or did not wait.
    pub(super) fn advance(&mut self, now: Time, work_waited: bool) {
        let passed = i128::from(now.since(self.seen).as_nanoseconds());
        self.seen = now;
        self.tokens += passed * i128::from(self.quota.rate.segments());
        let over = self.tokens - self.full();
        if over > 0 {
            self.tokens = self.full();
            self.lost += if work_waited { over } else { 0 };
        }
    }

    /// Another quota from now on: what it holds is worth as many segments as before, up to the new burst.
    pub(super) fn change(&mut self, now: Time, work_waited: bool, quota: Quota) {
        self.advance(now, work_waited);
        let old_per = self.per();
        self.quota = quota;
        let in_new =
            |amount: i128| amount / old_per * self.per() + amount % old_per * self.per() / old_per;
        (self.tokens, self.lost) = (in_new(self.tokens).min(self.full()), in_new(self.lost));
    }

    /// Segments were dispatched.
    pub(super) fn dispatch(&mut self, segments: u64) {
        self.tokens -= i128::from(segments) * self.per();
    }

    /// Segments lost since this was last asked.
    pub(super) fn take_lost(&mut self) -> f64 {
        std::mem::take(&mut self.lost) as f64 / self.per() as f64
    }

    fn per(&self) -> i128 {
        i128::from(self.quota.rate.per().as_nanoseconds())
    }

    fn full(&self) -> i128 {
        i128::from(self.quota.burst) * self.per()
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{at, quota};
    use super::*;

    #[test]
    fn only_what_overflows_while_work_waits_is_lost() {
        let mut bucket = Conservation::new(quota(2, 5).expect("valid"));
        bucket.advance(at(10.0), false);
        assert_eq!(bucket.take_lost(), 0.0);
        bucket.dispatch(5);
        // Two seconds refill 4 of 5; a third would overflow by one.
        bucket.advance(at(12.0), true);
        assert_eq!(bucket.take_lost(), 0.0);
        bucket.advance(at(13.0), true);
        assert_eq!(bucket.take_lost(), 1.0);
        bucket.advance(at(13.25), true);
        assert_eq!(bucket.take_lost(), 0.5);
        assert_eq!(bucket.take_lost(), 0.0);
    }

    #[test]
    fn a_large_message_overdraws_the_bucket() {
        let mut bucket = Conservation::new(quota(1, 1).expect("valid"));
        bucket.dispatch(3);
        bucket.advance(at(3.0), true);
        assert_eq!(bucket.take_lost(), 0.0);
        bucket.advance(at(4.0), true);
        assert_eq!(bucket.take_lost(), 1.0);
    }
}
