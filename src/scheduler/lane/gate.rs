//! What holds back a tenant or a sender as a whole: a cap, a daily cap, a pause.

use crate::scheduler::pacing::Pacer;
use crate::time::{Span, Time};
use crate::units::{Quota, Segments};

/// A day; days of other lengths, as clocks are changed, are told by another [`DailyCap`].
const DAY: Span = Span::from_seconds(86_400);

/// What may be sent from one reset to the next.
///
/// Days are of 24 hours. A lane knows no zones: whoever sets the cap works out when the first reset is.
/// A message goes only if all its segments fit into what is left, so what is sent in a day never exceeds
/// the cap; one that is larger than the cap waits until it expires, is withdrawn, or the cap is raised.
/// What the carrier throttled is given back, if it was sent since the last reset.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct DailyCap {
    /// Segments a day.
    pub segments: u64,
    /// When a new day begins; days before and after follow from it.
    pub resets: Time,
}

impl DailyCap {
    /// The latest reset that is not after `now`; before the first day of all, the beginning of time.
    fn day_of(self, now: Time) -> Time {
        let day = DAY.as_nanoseconds();
        let into = (i128::from(now.as_nanoseconds()) - i128::from(self.resets.as_nanoseconds()))
            .rem_euclid(i128::from(day));
        let into = u64::try_from(into).expect("less than a day");
        Time::from_nanoseconds(now.as_nanoseconds().saturating_sub(into))
    }

    /// The first reset after `now`.
    fn next_reset(self, now: Time) -> Time {
        let day = i128::from(DAY.as_nanoseconds());
        let now = i128::from(now.as_nanoseconds());
        let into = (now - i128::from(self.resets.as_nanoseconds())).rem_euclid(day);
        u64::try_from(now - into + day).map_or(Time::NEVER, Time::from_nanoseconds)
    }
}

/// A daily cap and what of it was used.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
struct Allowance {
    cap: DailyCap,
    used: u64,
    /// When something was last used: what was used before the last reset counts no more.
    at: Time,
}

impl Allowance {
    fn used(&self, now: Time) -> u64 {
        if self.at >= self.cap.day_of(now) { self.used } else { 0 }
    }

    fn left(&self, now: Time) -> u64 {
        self.cap.segments.saturating_sub(self.used(now))
    }
}

/// What holds back a tenant or a sender.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Gate {
    pacer: Option<Pacer>,
    allowance: Option<Allowance>,
    is_paused: bool,
}

impl Gate {
    /// Whether it never holds anything back.
    pub(super) fn is_open_for_good(&self) -> bool {
        self.pacer.is_none() && self.allowance.is_none() && !self.is_paused
    }

    /// Whether a smaller message may go when a larger one may not.
    pub(super) fn depends_on_size(&self) -> bool {
        self.allowance.is_some()
    }

    /// Whether a message of any size may go now.
    pub(super) fn is_open_to_all(&self, now: Time) -> bool {
        let by_rate = self.pacer.as_ref().is_none_or(|pacer| pacer.conforms(now));
        !self.is_paused && self.allowance.is_none() && by_rate
    }

    /// Until when a message of this size may not go; `None` when it may now, [`Time::NEVER`] when only
    /// an order lets it.
    pub(super) fn held_until(&self, now: Time, segments: Segments) -> Option<Time> {
        if self.is_paused {
            return Some(Time::NEVER);
        }
        let by_rate = self.pacer.filter(|pacer| !pacer.conforms(now)).map(|p| p.earliest(now));
        let by_day = self.allowance.filter(|it| it.left(now) < segments.get()).map(|it| {
            if segments.get() > it.cap.segments { Time::NEVER } else { it.cap.next_reset(now) }
        });
        by_rate.max(by_day)
    }

    /// Charges a message that goes now.
    pub(super) fn charge(&mut self, now: Time, segments: Segments) {
        if let Some(pacer) = &mut self.pacer {
            pacer.charge(now, segments);
        }
        if let Some(allowance) = &mut self.allowance {
            allowance.used = allowance.used(now) + segments.get();
            allowance.at = now;
        }
    }

    /// A message that went at `sent` used nothing; tells whether that lets something go.
    pub(super) fn refund(&mut self, now: Time, sent: Time, segments: Segments) -> bool {
        match &mut self.allowance {
            Some(allowance) if sent >= allowance.cap.day_of(now) => {
                allowance.used = allowance.used.saturating_sub(segments.get());
                true
            }
            _ => false,
        }
    }

    pub(super) fn set_rate(&mut self, now: Time, cap: Option<Quota>) {
        match (&mut self.pacer, cap) {
            (Some(pacer), Some(cap)) => pacer.change(now, cap),
            (pacer, cap) => *pacer = cap.map(Pacer::new),
        }
    }

    /// Another daily cap; what was sent since its own last reset counts against it.
    pub(super) fn set_daily(&mut self, now: Time, cap: Option<DailyCap>) {
        let used = self.allowance.map_or(0, |allowance| allowance.used(now));
        let at = self.allowance.map_or(Time::ZERO, |allowance| allowance.at);
        self.allowance = cap.map(|cap| Allowance { cap, used, at });
    }

    /// Pauses or resumes; tells whether that changed anything.
    pub(super) fn set_paused(&mut self, is_paused: bool) -> bool {
        core::mem::replace(&mut self.is_paused, is_paused) != is_paused
    }

    /// How long `backlog` segments take if nothing else is sent through this gate; `None` for no limit.
    pub(super) fn drain_time(&self, now: Time, backlog: u64) -> Option<Span> {
        let by_rate = self.pacer.map(|pacer| pacer.quota().rate.span_of(backlog));
        let by_day = self.allowance.map(|allowance| {
            let beyond = backlog.saturating_sub(allowance.left(now));
            if beyond == 0 {
                return Span::ZERO;
            }
            // The day that has begun is used up; each whole day more is a wait for one more reset.
            let days = (beyond - 1).checked_div(allowance.cap.segments).unwrap_or(u64::MAX);
            let first = allowance.cap.next_reset(now).since(now);
            Span::from_nanoseconds(
                DAY.as_nanoseconds().saturating_mul(days).saturating_add(first.as_nanoseconds()),
            )
        });
        by_rate.max(by_day)
    }

    /// Whether the time to drain is within `limit`; without a division, unless there is a daily cap.
    pub(super) fn drains_within(&self, now: Time, backlog: u64, limit: Span) -> bool {
        if self.allowance.is_some() {
            return self.drain_time(now, backlog).is_none_or(|drain| drain <= limit);
        }
        self.pacer.is_none_or(|pacer| pacer.quota().rate.yields(backlog, limit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Rate;

    const HOUR: u64 = 3600;

    fn at(seconds: u64) -> Time {
        Time::from_seconds(seconds)
    }

    fn capped(segments: u64, resets: u64) -> Gate {
        let mut gate = Gate::default();
        gate.set_daily(at(0), Some(DailyCap { segments, resets: at(resets) }));
        gate
    }

    #[test]
    fn days_begin_at_the_reset_and_every_24_hours_before_and_after() {
        let cap = DailyCap { segments: 1, resets: at(30 * HOUR) };
        for (now, day, next) in [(0, 0, 6), (6, 6, 30), (29, 6, 30), (30, 30, 54), (100, 78, 102)] {
            let (day, next) = (at(day * HOUR), at(next * HOUR));
            let now = at(now * HOUR);
            assert_eq!((cap.day_of(now), cap.next_reset(now)), (day, next), "{now}");
        }
    }

    #[test]
    fn a_day_holds_what_the_cap_says_to_the_segment() {
        let mut gate = capped(5, 6 * HOUR);
        gate.charge(at(0), Segments(3));
        assert_eq!(gate.held_until(at(1), Segments(2)), None);
        assert_eq!(gate.held_until(at(1), Segments(3)), Some(at(6 * HOUR)), "two are left");
        assert_eq!(gate.held_until(at(1), Segments(6)), Some(Time::NEVER), "it never fits");
        gate.charge(at(1), Segments(2));
        assert_eq!(gate.held_until(at(6 * HOUR - 1), Segments(1)), Some(at(6 * HOUR)));
        assert_eq!(gate.held_until(at(6 * HOUR), Segments(5)), None, "a new day");
    }

    #[test]
    fn what_used_nothing_is_given_back_on_the_same_day_only() {
        let mut gate = capped(2, 6 * HOUR);
        gate.charge(at(10), Segments(2));
        assert!(gate.refund(at(20), at(10), Segments(2)));
        assert_eq!(gate.held_until(at(20), Segments(2)), None);
        gate.charge(at(20), Segments(2));
        gate.charge(at(6 * HOUR), Segments(2));
        assert!(!gate.refund(at(6 * HOUR + 1), at(20), Segments(2)), "yesterday is over");
        assert!(gate.held_until(at(6 * HOUR + 1), Segments(1)).is_some());
    }

    #[test]
    fn the_time_to_drain_counts_resets() {
        let mut gate = capped(10, 6 * HOUR);
        assert_eq!(gate.drain_time(at(0), 10), Some(Span::ZERO));
        let hours = |hours: u64| Some(Span::from_seconds(hours * HOUR));
        assert_eq!(gate.drain_time(at(0), 11), hours(6));
        assert_eq!(gate.drain_time(at(0), 20), hours(6));
        assert_eq!(gate.drain_time(at(0), 21), hours(30));
        gate.charge(at(HOUR), Segments(10));
        assert_eq!(gate.drain_time(at(HOUR), 1), hours(5));
        assert_eq!(capped(0, 0).drain_time(at(0), 1), Some(Span::MAX));
    }

    #[test]
    fn the_stricter_of_rate_and_day_holds_and_a_pause_holds_for_ever() {
        let mut gate = capped(3, 6 * HOUR);
        let rate = Rate::per_second(1).expect("valid");
        gate.set_rate(at(0), Some(Quota { rate, burst: 1 }));
        gate.charge(at(0), Segments(2));
        assert_eq!(gate.held_until(at(0), Segments(1)), Some(at(2)));
        assert_eq!(gate.held_until(at(0), Segments(2)), Some(at(6 * HOUR)));
        assert!(gate.set_paused(true) && !gate.set_paused(true));
        assert_eq!(gate.held_until(at(9 * HOUR), Segments(1)), Some(Time::NEVER));
        assert!(!gate.is_open_for_good() && Gate::default().is_open_for_good());
    }

    #[test]
    fn another_cap_keeps_what_was_used_today() {
        let mut gate = capped(5, 6 * HOUR);
        gate.charge(at(0), Segments(4));
        gate.set_daily(at(1), Some(DailyCap { segments: 6, resets: at(6 * HOUR) }));
        assert_eq!(gate.held_until(at(1), Segments(2)), None);
        assert!(gate.held_until(at(1), Segments(3)).is_some());
    }
}
