//! How a lane yields to its carrier: it pauses when throttled, lowers its rate, and stops asking a carrier
//! that fails.
//!
//! The three are independent, each may be absent, and what they leave of the quota is the least of what
//! they say. They act on the whole lane and ask no policy: entitlement is divided as before, there is only
//! less of it.
//!
//! - **Pause**: after a throttling answer nothing is sent for a while. That is what an operator asks for
//!   who answers `ESME_RTHROTTLED`, and what Kannel does.
//! - **Adaptive rate**: additive increase, multiplicative decrease (Chiu and Jain 1989), which converges to
//!   a fair and efficient use of a limit that nobody announces. A throttling answer lowers the rate once;
//!   answers to what was sent before that tell nothing new. Every interval without one raises it again.
//!   A carrier that tells its congestion state (SMPP 5.0) is yielded to before it throttles.
//! - **Circuit breaker** (Nygard, *Release It!*, 2007): so many failures in a row, refusals for now or no
//!   answer, open it; nothing is sent until it has cooled down, then the rate climbs from a tenth to the
//!   whole in ten equal steps, and the breaker is closed when it got there. If it opens on the way, it
//!   cools down for twice as long.

use crate::scheduler::status::{Congestion, StatusClass};
use crate::time::{Span, Time};
use crate::units::{Quota, Rate};

/// How a lane yields to its carrier; by default not at all.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct Backpressure {
    /// After a throttling answer nothing is sent for this long.
    pub throttle_pause: Option<Span>,
    /// The rate follows the carrier's limit. Means nothing without a quota.
    pub adaptive: Option<AdaptiveRate>,
    /// A carrier that fails is left alone for a while.
    pub breaker: Option<CircuitBreaker>,
}

/// Additive increase, multiplicative decrease of the rate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct AdaptiveRate {
    /// What a throttling answer leaves of the rate, in thousandths; below 1000.
    pub decrease_permille: u32,
    /// What an interval without one adds, in thousandths of the quota; above 0.
    pub increase_permille: u32,
    /// How long an interval is.
    pub interval: Span,
    /// The rate never falls below this many thousandths of the quota; 1 to 1000.
    pub floor_permille: u32,
    /// A carrier that says it is loaded from here on lowers the rate like a throttling answer, before it
    /// has to refuse anything.
    pub congested_at: Congestion,
}

/// Leaves a carrier alone that fails, and comes back slowly.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct CircuitBreaker {
    /// So many failures in a row open it; at least 1.
    pub failures: u32,
    /// How long it cools down, the first time.
    pub cool_down: Span,
    /// No cool-down is longer.
    pub longest: Span,
    /// How long the rate climbs to the whole quota afterwards.
    pub slow_start: Span,
}

/// The whole quota.
pub(super) const WHOLE: u32 = 1000;
/// Steps of a slow start.
const STEPS: u64 = 10;

/// How a lane yields now.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Yielding {
    settings: Backpressure,
    /// Nothing is sent before this, for a pause or an open breaker.
    held_until: Time,
    /// What was sent before this was sent before the last pause was known.
    paused_since: Time,
    /// The adaptive rate, in thousandths of the quota.
    rate: u32,
    lowered_at: Time,
    raises_at: Time,
    failures: u32,
    breaker: State,
    /// How often it opened since it was closed.
    openings: u32,
    /// What was last told of the rate, and until when nothing is sent.
    told: (u32, Time),
    /// When something changes by itself.
    due: Time,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
enum State {
    Closed,
    Open { since: Time, until: Time },
    Climbing { since: Time },
}

impl Yielding {
    /// Nothing was sent yet; `None` when the settings ask for nothing.
    pub(super) fn new(settings: Backpressure) -> Option<Self> {
        (settings != Backpressure::default()).then_some(Yielding {
            settings,
            held_until: Time::ZERO,
            paused_since: Time::ZERO,
            rate: WHOLE,
            lowered_at: Time::ZERO,
            raises_at: Time::NEVER,
            failures: 0,
            breaker: State::Closed,
            openings: 0,
            told: (WHOLE, Time::ZERO),
            due: Time::NEVER,
        })
    }

    /// Until when nothing may be sent.
    pub(super) fn held_until(&self, now: Time) -> Option<Time> {
        (self.held_until > now).then_some(self.held_until)
    }

    /// What is left of the quota, in thousandths.
    pub(super) fn permille(&self, now: Time) -> u32 {
        match (self.breaker, self.settings.breaker) {
            (State::Climbing { since }, Some(breaker)) => {
                let elapsed = u128::from(now.since(since).as_nanoseconds()) * u128::from(STEPS);
                let whole = u128::from(breaker.slow_start.as_nanoseconds()).max(1);
                let step = (elapsed / whole).min(u128::from(STEPS - 1)) as u32;
                self.rate.min(WHOLE / STEPS as u32 * (step + 1))
            }
            _ => self.rate,
        }
    }

    /// When something changes by itself, as of the last [`Yielding::news`].
    pub(super) fn due(&self) -> Time {
        self.due
    }

    /// What is left of the quota, in thousandths, and until when nothing is sent; `None` when that is as
    /// it was last time.
    pub(super) fn news(&mut self, now: Time) -> Option<(u32, Option<Time>)> {
        self.due = self.next_change(now);
        let told = (self.permille(now), self.held_until);
        let is_news = core::mem::replace(&mut self.told, told) != told;
        is_news.then(|| (told.0, self.held_until(now)))
    }

    fn next_change(&self, now: Time) -> Time {
        let by_breaker = match (self.breaker, self.settings.breaker) {
            (State::Open { until, .. }, _) => until,
            (State::Climbing { since }, Some(breaker)) => {
                let step = u128::from(breaker.slow_start.as_nanoseconds()).div_ceil(STEPS.into());
                let done = u128::from(now.since(since).as_nanoseconds()) / step.max(1) + 1;
                let next = u64::try_from(step * done).map_or(Span::MAX, Span::from_nanoseconds);
                since.saturating_add(next)
            }
            _ => Time::NEVER,
        };
        self.raises_at.min(by_breaker)
    }

    /// Does what time alone brings about.
    pub(super) fn advance(&mut self, now: Time) {
        if let Some(adaptive) = self.settings.adaptive {
            while self.raises_at <= now {
                self.rate = self.rate.saturating_add(adaptive.increase_permille).min(WHOLE);
                self.raises_at = match self.rate {
                    WHOLE => Time::NEVER,
                    _ => self.raises_at.saturating_add(adaptive.interval),
                };
            }
        }
        if let State::Open { until, .. } = self.breaker
            && until <= now
        {
            (self.breaker, self.failures) = (State::Climbing { since: until }, 0);
        }
        if let (State::Climbing { since }, Some(breaker)) = (self.breaker, self.settings.breaker)
            && since.saturating_add(breaker.slow_start) <= now
        {
            (self.breaker, self.openings) = (State::Closed, 0);
        }
    }

    /// An attempt that was sent then was answered.
    pub(super) fn answered(&mut self, now: Time, sent: Time, class: StatusClass) {
        match class {
            StatusClass::Throttled => self.throttled(now, sent),
            StatusClass::Temporary => self.failed(now, sent),
            StatusClass::Accepted | StatusClass::Permanent => self.failures = 0,
        }
    }

    fn throttled(&mut self, now: Time, sent: Time) {
        if let Some(pause) = self.settings.throttle_pause
            && sent >= self.paused_since
        {
            self.held_until = self.held_until.max(now.saturating_add(pause));
            self.paused_since = now;
        }
        if let Some(adaptive) = self.settings.adaptive {
            self.lower(now, sent, adaptive);
        }
    }

    /// The answer to an attempt that was sent then told how loaded the carrier is.
    pub(super) fn congested(&mut self, now: Time, sent: Time, state: Congestion) {
        if let Some(adaptive) = self.settings.adaptive
            && state >= adaptive.congested_at
        {
            self.lower(now, sent, adaptive);
        }
    }

    fn lower(&mut self, now: Time, sent: Time, adaptive: AdaptiveRate) {
        if sent >= self.lowered_at {
            let lower = u64::from(self.rate) * u64::from(adaptive.decrease_permille) / 1000;
            self.rate = (lower as u32).max(adaptive.floor_permille).min(self.rate);
            self.lowered_at = now;
        }
        if self.rate < WHOLE {
            self.raises_at = now.saturating_add(adaptive.interval);
        }
    }

    /// An attempt that was sent then failed, though not for its own sake: refused for now, or unanswered.
    pub(super) fn failed(&mut self, now: Time, sent: Time) {
        let Some(breaker) = self.settings.breaker else { return };
        let counts_from = match self.breaker {
            State::Closed => Time::ZERO,
            State::Climbing { since } => since,
            State::Open { .. } => return,
        };
        if sent < counts_from {
            return;
        }
        self.failures += 1;
        if self.failures < breaker.failures {
            return;
        }
        let longest = breaker.longest.max(breaker.cool_down);
        let doubled = breaker.cool_down.saturating_mul(1 << self.openings.min(32));
        let until = now.saturating_add(doubled.min(longest));
        (self.failures, self.openings) = (0, self.openings.saturating_add(1));
        self.breaker = State::Open { since: now, until };
        self.held_until = self.held_until.max(until);
    }
}

/// What is left of a quota, in rate and burst; the whole where so little cannot be told exactly.
pub(super) fn part_of(quota: Quota, permille: u32) -> Quota {
    if permille >= WHOLE {
        return quota;
    }
    let segments = quota.rate.segments().checked_mul(u64::from(permille));
    let per = quota.rate.per().as_nanoseconds().checked_mul(u64::from(WHOLE));
    let rate = segments
        .zip(per)
        .and_then(|(segments, per)| Rate::new(segments, Span::from_nanoseconds(per)));
    let burst = (u128::from(quota.burst) * u128::from(permille) / u128::from(WHOLE)).max(1);
    rate.map_or(quota, |rate| Quota { rate, burst: burst as u64 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Time {
        Time::from_seconds(seconds)
    }

    const HALVING: AdaptiveRate = AdaptiveRate {
        decrease_permille: 500,
        increase_permille: 100,
        interval: Span::from_seconds(1),
        floor_permille: 200,
        congested_at: Congestion::NEARING,
    };

    const BREAKER: CircuitBreaker = CircuitBreaker {
        failures: 3,
        cool_down: Span::from_seconds(10),
        longest: Span::from_seconds(15),
        slow_start: Span::from_seconds(20),
    };

    fn is_open(it: &Yielding) -> bool {
        matches!(it.breaker, State::Open { .. })
    }

    fn yielding(settings: Backpressure) -> Yielding {
        Yielding::new(settings).expect("it asks for something")
    }

    #[test]
    fn the_rate_halves_once_for_all_that_was_sent_before_and_climbs_in_steps() {
        let mut it = yielding(Backpressure { adaptive: Some(HALVING), ..Default::default() });
        for answer in [5, 6, 7] {
            it.answered(at(answer), at(4), StatusClass::Throttled);
        }
        assert_eq!(it.permille(at(7)), 500, "all were sent before the first answer");
        assert_eq!(it.next_change(at(7)), at(8), "and each puts the raise off");
        it.answered(at(7), at(6), StatusClass::Throttled);
        it.answered(at(8), at(8), StatusClass::Throttled);
        it.answered(at(8), at(8), StatusClass::Throttled);
        assert_eq!(it.permille(at(8)), 200, "never below the floor");
        it.advance(at(10));
        assert_eq!((it.permille(at(10)), it.next_change(at(10))), (400, at(11)));
        it.advance(at(100));
        assert_eq!((it.permille(at(100)), it.next_change(at(100))), (WHOLE, Time::NEVER));
    }

    #[test]
    fn a_carrier_that_nears_congestion_is_yielded_to_before_it_throttles() {
        let mut it = yielding(Backpressure { adaptive: Some(HALVING), ..Default::default() });
        it.congested(at(5), at(4), Congestion(89));
        assert_eq!(it.permille(at(5)), WHOLE);
        it.congested(at(6), at(4), Congestion(90));
        it.congested(at(7), at(4), Congestion(100));
        assert_eq!((it.permille(at(7)), it.next_change(at(7))), (500, at(8)), "once for all sent");
        it.congested(at(8), at(7), Congestion(100));
        assert_eq!((it.permille(at(8)), it.held_until(at(8))), (250, None), "it never pauses");
    }

    #[test]
    fn a_pause_is_not_prolonged_by_what_was_sent_before_it() {
        let settings =
            Backpressure { throttle_pause: Some(Span::from_seconds(60)), ..Default::default() };
        let mut it = yielding(settings);
        it.answered(at(10), at(9), StatusClass::Throttled);
        it.answered(at(12), at(9), StatusClass::Throttled);
        assert_eq!(it.held_until(at(12)), Some(at(70)));
        assert_eq!(it.held_until(at(70)), None);
        it.answered(at(71), at(70), StatusClass::Throttled);
        assert_eq!(it.held_until(at(71)), Some(at(131)));
    }

    #[test]
    fn the_breaker_opens_climbs_and_opens_for_longer() {
        let mut it = yielding(Backpressure { breaker: Some(BREAKER), ..Default::default() });
        it.failed(at(1), at(0));
        it.failed(at(1), at(0));
        it.answered(at(1), at(0), StatusClass::Accepted);
        assert!(!is_open(&it), "one that was taken begins the count anew");
        for _ in 0..3 {
            it.answered(at(2), at(0), StatusClass::Temporary);
        }
        assert!(is_open(&it));
        it.failed(at(3), at(1));
        assert_eq!((it.held_until(at(3)), it.next_change(at(3))), (Some(at(12)), at(12)));
        it.advance(at(12));
        let climb: Vec<u32> = (12..33).step_by(4).map(|s| it.permille(at(s))).collect();
        assert_eq!(climb, [100, 300, 500, 700, 900, 1000]);
        assert_eq!(it.next_change(at(13)), at(14));
        for sent in [11, 13, 13] {
            it.failed(at(14), at(sent));
        }
        assert!(!is_open(&it), "one was sent before it opened");
        it.failed(at(14), at(13));
        assert_eq!(it.held_until(at(14)), Some(at(29)), "twice ten, at most 15");
        it.advance(at(29));
        it.advance(at(49));
        assert_eq!((it.permille(at(49)), it.next_change(at(49))), (WHOLE, Time::NEVER));
        for _ in 0..3 {
            it.failed(at(50), at(49));
        }
        assert_eq!(it.held_until(at(50)), Some(at(60)), "closed, it is the first time again");
    }

    #[test]
    fn parts_of_quotas_are_exact() {
        let rate = |segments, seconds| Rate::new(segments, Span::from_seconds(seconds));
        let quota = Quota { rate: rate(3, 1).expect("valid"), burst: 9 };
        let part = part_of(quota, 100);
        assert_eq!((Some(part.rate), part.burst), (rate(3, 10), 1));
        assert_eq!(part_of(quota, WHOLE), quota);
        assert!(Yielding::new(Backpressure::default()).is_none());
    }

    use alloc::vec::Vec;
}
