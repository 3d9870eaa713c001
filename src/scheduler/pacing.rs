//! The generic cell rate algorithm (ITU-T I.371, annex A), in segments and exact.
//!
//! A quota of rate r and burst B lets a message of k segments go when the theoretical arrival time
//! TAT is at most τ = (B − 1) ÷ r ahead of now, and then moves TAT to max(TAT, now) + k ÷ r. The head
//! of the line decides, whatever its size, so a small message never overtakes a large one, and over
//! every interval of length T
//!
//! > sent ≤ B + r·T + (Lmax − 1)
//!
//! where Lmax is the largest message. One nanosecond is `rate.segments()` ticks, so k ÷ r is the
//! whole number k × `rate.per()` of ticks: the bound is exact. Since messages leave at whole
//! nanoseconds, a burst of 1 costs up to a nanosecond a message; any larger burst costs nothing.

use crate::time::Time;
use crate::units::{Quota, Rate, Segments};

/// The pacer of one quota or cap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct Pacer {
    quota: Quota,
    /// Theoretical arrival time in ticks.
    arrival: u128,
}

impl Pacer {
    /// A pacer that has been idle for ever.
    pub fn new(quota: Quota) -> Self {
        Pacer { quota, arrival: 0 }
    }

    /// The quota in force.
    pub fn quota(&self) -> Quota {
        self.quota
    }

    /// Whether a message may go now.
    pub fn conforms(&self, now: Time) -> bool {
        self.arrival <= self.ticks(now) + self.tolerance()
    }

    /// The earliest time at which a message may go; `now` when it may at once.
    pub fn earliest(&self, now: Time) -> Time {
        if self.conforms(now) {
            return now;
        }
        let ticks = self.arrival - self.tolerance();
        let segments = self.quota.rate.segments();
        // A 64-bit division is several times faster, and enough unless the rate is an odd fraction.
        let nanoseconds = match u64::try_from(ticks) {
            Ok(ticks) => Some(ticks.div_ceil(segments)),
            Err(_) => u64::try_from(ticks.div_ceil(u128::from(segments))).ok(),
        };
        nanoseconds.map_or(Time::NEVER, Time::from_nanoseconds)
    }

    /// Charges a message that goes now.
    pub fn charge(&mut self, now: Time, segments: Segments) {
        let cost = u128::from(segments.get()) * u128::from(self.quota.rate.per().as_nanoseconds());
        self.arrival = self.arrival.max(self.ticks(now)) + cost;
    }

    /// Puts another quota in force; segments sent ahead of the old rate stay owed at the new one.
    pub fn change(&mut self, now: Time, quota: Quota) {
        let owed = self.arrival.saturating_sub(self.ticks(now));
        let owed = at_another_rate(owed, self.quota.rate, quota.rate);
        self.quota = quota;
        self.arrival = self.ticks(now) + owed;
    }

    fn ticks(&self, time: Time) -> u128 {
        u128::from(time.as_nanoseconds()) * u128::from(self.quota.rate.segments())
    }

    fn tolerance(&self) -> u128 {
        u128::from(self.quota.burst.max(1) - 1) * u128::from(self.quota.rate.per().as_nanoseconds())
    }
}

/// The ticks that as many segments take at another rate as these took at the old one, rounded up.
pub(super) fn at_another_rate(ticks: u128, old: Rate, new: Rate) -> u128 {
    let old_per = u128::from(old.per().as_nanoseconds());
    let new_per = u128::from(new.per().as_nanoseconds());
    // Whole segments first: the product of a long debt and a long interval may not fit.
    let (whole, part) = (ticks / old_per, ticks % old_per);
    whole * new_per + (part * new_per).div_ceil(old_per)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Span;

    fn quota(segments: u64, per: Span, burst: u64) -> Quota {
        Quota { rate: Rate::new(segments, per).expect("valid"), burst }
    }

    /// Sends whenever allowed until `end` and returns how many segments went.
    fn drain(pacer: &mut Pacer, end: Time, size: u32) -> u64 {
        let (mut now, mut sent) = (Time::ZERO, 0);
        loop {
            now = pacer.earliest(now);
            if now > end {
                return sent;
            }
            assert!(pacer.conforms(now));
            pacer.charge(now, Segments(size));
            sent += u64::from(size);
        }
    }

    #[test]
    fn three_a_second_are_exact_over_a_day() {
        let mut pacer = Pacer::new(quota(3, Span::from_seconds(1), 2));
        assert_eq!(drain(&mut pacer, Time::from_seconds(86_400), 1), 3 * 86_400 + 2);
    }

    #[test]
    fn without_a_burst_each_message_waits_for_a_whole_nanosecond() {
        // Two messages 333,333,333 ns apart would be more than 1 + 3/s × T: the bound is exact, so
        // each gap is rounded up, and the last message of the day misses it by 173 µs.
        let mut pacer = Pacer::new(quota(3, Span::from_seconds(1), 1));
        assert_eq!(drain(&mut pacer, Time::from_seconds(86_400), 1), 3 * 86_400);
    }

    #[test]
    fn a_burst_goes_at_once_and_the_rest_at_the_rate() {
        let mut pacer = Pacer::new(quota(10, Span::from_seconds(1), 5));
        assert_eq!(drain(&mut pacer, Time::ZERO, 1), 5);
        assert_eq!(pacer.earliest(Time::ZERO), Time::from_nanoseconds(100_000_000));
    }

    #[test]
    fn a_large_head_goes_whole_and_is_owed_afterwards() {
        let mut pacer = Pacer::new(quota(1, Span::from_seconds(1), 1));
        pacer.charge(Time::ZERO, Segments(4));
        assert_eq!(pacer.earliest(Time::ZERO), Time::from_seconds(4));
    }

    #[test]
    fn a_change_of_rate_keeps_what_is_owed_in_segments() {
        let mut pacer = Pacer::new(quota(1, Span::from_seconds(1), 1));
        pacer.charge(Time::ZERO, Segments(4));
        pacer.change(Time::from_seconds(1), quota(2, Span::from_seconds(1), 1));
        // Three segments are still owed, at two a second.
        assert_eq!(pacer.earliest(Time::from_seconds(1)), Time::from_nanoseconds(2_500_000_000));
    }

    #[test]
    fn ten_years_at_an_odd_rate_do_not_overflow() {
        let odd = quota(999_999_937, Span::from_nanoseconds(1_000_000_007), 1_000_000);
        let mut pacer = Pacer::new(odd);
        let late = Time::from_seconds(10 * 366 * 86_400);
        pacer.charge(late, Segments(u32::MAX));
        assert!(pacer.earliest(late) > late);
    }
}
