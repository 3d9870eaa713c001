//! Whether what was sent conforms to a quota, over every interval at once.

use crate::time::Time;
use crate::units::Quota;

/// Checks `sent ≤ B + r·T + (last − 1)` over **every** interval that begins and ends with a message.
///
/// `B` is the burst, `r` the rate, `T` the length of the interval, and `last` the segments of the
/// message that ends it: a sender conforms when at least one segment is due, so only the last
/// message of an interval can overdraw, and by all but one of its segments. As no message is larger
/// than the largest, this implies `sent ≤ B + r·T + (Lmax − 1)`.
///
/// With P(t) the segments sent before an instant, the bound says that P(t) + 1 − r·t exceeds the
/// least earlier P(s) − r·s by at most B. So one running minimum covers all intervals, in exact
/// integers (scaled by the denominator of the rate), and shares nothing with a token bucket or a
/// theoretical arrival time.
#[derive(Clone, Debug)]
pub struct Conformance {
    quota: Quota,
    /// How many enforce it, each its part.
    parts: u64,
    /// The largest message so far.
    largest: u32,
    sent: u64,
    /// The start of the tightest interval: when, how much was sent before, and its scaled P − r·t.
    tightest: Option<(Time, u64, i128)>,
}

/// More was sent in an interval than the quota allows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Excess {
    /// Start of the interval; it ends with the message that was sent now.
    pub since: Time,
    /// Segments sent in it.
    pub sent: u64,
    /// Segments that might have been.
    pub allowed: u64,
}

impl Conformance {
    /// Nothing sent yet under `quota`.
    pub fn new(quota: Quota) -> Self {
        Conformance::shared(quota, 1)
    }

    /// Nothing sent yet under `quota`, which `parts` enforce, each a part of it: the rates of all add up
    /// to its rate, and the bursts to its burst, of which everybody has at least 1. So each of the others
    /// may have overdrawn too, by all but one segment of its last message.
    pub fn shared(quota: Quota, parts: u64) -> Self {
        let quota = Quota { burst: quota.burst.max(parts), ..quota };
        Conformance { quota, parts, largest: 0, sent: 0, tightest: None }
    }

    /// Another quota from `now` on: what was sent ahead of the old one in its tightest interval stays
    /// owed under the new one.
    pub fn change(&mut self, now: Time, quota: Quota) {
        let (old, new) = (self.quota.rate, quota.rate);
        let ahead = self.tightest.map_or(0, |(_, _, least)| {
            let due = i128::from(old.segments()) * i128::from(now.as_nanoseconds());
            let level = i128::from(self.sent) * i128::from(old.per().as_nanoseconds()) - due;
            (level - least).max(0)
        });
        // Whole segments first, and in favour of whoever sends: less than one unit of the new scale.
        let (old_per, new_per) =
            (i128::from(old.per().as_nanoseconds()), i128::from(new.per().as_nanoseconds()));
        let ahead = ahead / old_per * new_per + ahead % old_per * new_per / old_per;
        let due = i128::from(new.segments()) * i128::from(now.as_nanoseconds());
        let level = i128::from(self.sent) * new_per - due;
        self.quota = quota;
        self.tightest = Some((now, self.sent, level - ahead));
    }

    /// Takes note of a message sent at `now`. O(1).
    ///
    /// # Errors
    /// With the interval that holds too much.
    pub fn sent(&mut self, now: Time, segments: u32) -> Result<(), Excess> {
        let rate = self.quota.rate;
        let per = i128::from(rate.per().as_nanoseconds());
        let due = i128::from(rate.segments()) * i128::from(now.as_nanoseconds());
        let level = i128::from(self.sent) * per - due;
        let tightest = match self.tightest {
            Some(tightest) if tightest.2 <= level => tightest,
            _ => (now, self.sent, level),
        };
        self.tightest = Some(tightest);
        let (since, sent_before, least) = tightest;
        self.largest = self.largest.max(segments);
        let overdrawn = (self.parts - 1) * u64::from(self.largest.saturating_sub(1));
        let burst = self.quota.burst + overdrawn;
        let fits = level + per - least <= i128::from(burst) * per;
        self.sent += u64::from(segments);
        if fits {
            return Ok(());
        }
        let last = u64::from(segments).saturating_sub(1);
        let allowed = burst + rate.whole_segments_in(now.since(since)) + last;
        Err(Excess { since, sent: self.sent - sent_before, allowed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Span;
    use crate::units::Rate;

    fn quota(segments: u64, seconds: u64, burst: u64) -> Quota {
        let rate = Rate::new(segments, Span::from_seconds(seconds)).expect("valid");
        Quota { rate, burst }
    }

    /// Feeds (nanoseconds, segments) and returns the position of the first excess.
    fn check(quota: Quota, sent: &[(u64, u32)], expected: Option<(usize, u64, u64)>) {
        let mut conformance = Conformance::new(quota);
        let found = sent.iter().enumerate().find_map(|(index, (ns, segments))| {
            let excess = conformance.sent(Time::from_nanoseconds(*ns), *segments).err()?;
            Some((index, excess.sent, excess.allowed))
        });
        assert_eq!(found, expected, "{sent:?}");
    }

    #[test]
    fn a_rate_that_is_no_whole_number_of_nanoseconds_is_held_to_the_nanosecond() {
        // Three a second, burst 1: the next may go ⌈10⁹/3⌉ ns after the last one went, no earlier.
        let three = quota(3, 1, 1);
        check(three, &[(0, 1), (333_333_334, 1), (666_666_668, 1), (1_000_000_002, 1)], None);
        check(three, &[(0, 1), (333_333_333, 1)], Some((1, 2, 1)));
        // Making up for the fraction lost to rounding breaks the bound between the last two.
        check(three, &[(0, 1), (333_333_334, 1), (666_666_667, 1)], Some((2, 2, 1)));
    }

    #[test]
    fn the_burst_may_go_at_once_and_only_after_a_pause_again() {
        let five = quota(1, 1, 5);
        check(five, &[(0, 1); 5], None);
        check(five, &[(0, 1); 6], Some((5, 6, 5)));
        let s = 1_000_000_000;
        let again = [(0, 5), (5 * s, 5), (6 * s, 1), (7 * s, 1)];
        check(five, &again, None);
        check(five, &[(0, 5), (5 * s, 5), (6 * s, 1), (7 * s - 1, 1)], Some((3, 12, 11)));
        // A long pause earns no more than the burst.
        check(five, &[(0, 1), (1000 * s, 5), (1000 * s, 1)], Some((2, 6, 5)));
    }

    #[test]
    fn only_the_last_message_of_an_interval_may_overdraw() {
        let one = quota(1, 1, 1);
        let s = 1_000_000_000;
        // Three segments go when one is due; the next waits until all three are paid.
        check(one, &[(0, 3), (3 * s, 1)], None);
        check(one, &[(0, 3), (3 * s - 1, 1)], Some((1, 4, 3)));
    }

    #[test]
    fn of_several_each_may_have_overdrawn_by_its_last_message() {
        // Two halves of two a second, burst 1 each: three segments each may go at once.
        let mut halves = Conformance::shared(quota(2, 1, 1), 2);
        let mut at = |ns, segments| halves.sent(Time::from_nanoseconds(ns), segments).is_ok();
        assert!(at(0, 3) && at(0, 3));
        // What was sent is paid after three seconds. Then four may go: a burst of two, and two that one
        // half could have overdrawn.
        assert!((0..4).all(|_| at(3_000_000_000, 1)));
        assert!(!at(3_000_000_000, 1));
        let mut one = Conformance::new(quota(2, 1, 2));
        assert!(one.sent(Time::ZERO, 3).is_ok() && one.sent(Time::ZERO, 3).is_err());
    }

    #[test]
    fn an_excess_after_years_is_still_seen() {
        let fast = Quota { rate: Rate::per_second(1_000_000_000).expect("valid"), burst: 1 };
        let start = 10 * 366 * 86_400 * 1_000_000_000;
        check(fast, &[(start, 1), (start + 1, 1), (start + 1, 1)], Some((2, 3, 2)));
    }
}
