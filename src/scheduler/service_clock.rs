//! Clocks that follow the service a destination really gives.

use super::tags::UNITS_PER_MILLIONTH;
use crate::time::{Span, Time};
use crate::units::{Rate, Segments};

/// The virtual time of the served: while a message of L segments is on the wire, V grows at
/// r ÷ Σφ, L ÷ Σφ in all. Without a rate the wire is infinitely fast.
///
/// What was served and not yet turned into virtual time is kept in units of service, so V is exact to
/// one unit of tag, however long the run.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct ServiceClock {
    rate: Option<Rate>,
    now: Time,
    value: i128,
    /// Service still to be given, and given but less than a unit of V: both in tag units × millionths ×
    /// segments × `per` of the rate.
    outstanding: u128,
    remainder: u128,
    /// Sum of the weights, in millionths.
    weights: u128,
}

impl ServiceClock {
    pub(crate) fn new(rate: Option<Rate>) -> Self {
        ServiceClock { rate, now: Time::ZERO, value: 0, outstanding: 0, remainder: 0, weights: 0 }
    }

    pub(crate) fn value(&self) -> i128 {
        self.value
    }

    /// Whether nothing is on the wire; meaningful right after `advance`.
    pub(crate) fn is_idle(&self) -> bool {
        self.outstanding == 0
    }

    /// Raises V to `floor` if it is below.
    pub(crate) fn lift(&mut self, floor: i128) {
        self.value = self.value.max(floor);
    }

    /// Lets real time pass until `now`.
    pub(crate) fn advance(&mut self, now: Time) {
        if now <= self.now && self.rate.is_some() {
            return;
        }
        let elapsed = u128::from(now.since(self.now).as_nanoseconds());
        self.now = now;
        let given = match self.rate {
            Some(rate) => (elapsed * u128::from(rate.segments()))
                .saturating_mul(u128::from(UNITS_PER_MILLIONTH))
                .min(self.outstanding),
            None => self.outstanding,
        };
        self.give(given);
    }

    /// What is on the wire has gone by now, whatever the rate says.
    pub(crate) fn finish(&mut self, now: Time) {
        self.advance(now);
        self.give(self.outstanding);
    }

    /// A message goes on the wire now; what was before it has gone.
    pub(crate) fn serve(&mut self, now: Time, segments: Segments) {
        self.finish(now);
        let work = u128::from(segments.get()) * u128::from(UNITS_PER_MILLIONTH);
        self.outstanding = work.saturating_mul(self.per());
    }

    /// A message joins what is on the wire already.
    pub(crate) fn add(&mut self, now: Time, segments: Segments) {
        self.advance(now);
        let work = u128::from(segments.get()) * u128::from(UNITS_PER_MILLIONTH);
        self.outstanding = self.outstanding.saturating_add(work.saturating_mul(self.per()));
    }

    /// V is shared by these weights from now on.
    pub(crate) fn set_weights(&mut self, now: Time, weights: u128) {
        self.advance(now);
        self.weights = weights;
    }

    pub(crate) fn weights(&self) -> u128 {
        self.weights
    }

    pub(crate) fn set_rate(&mut self, now: Time, rate: Option<Rate>) {
        self.advance(now);
        let old = self.per();
        self.rate = rate;
        let new = self.per();
        self.outstanding = (self.outstanding / old).saturating_mul(new);
        self.remainder = (self.remainder / old).saturating_mul(new);
    }

    fn per(&self) -> u128 {
        self.rate.map_or(1, |rate| u128::from(rate.per().as_nanoseconds()))
    }

    fn give(&mut self, given: u128) {
        if given == 0 {
            return;
        }
        self.outstanding -= given;
        self.remainder = self.remainder.saturating_add(given);
        let unit = self.per() * self.weights.max(1);
        self.value += (self.remainder / unit) as i128;
        self.remainder %= unit;
    }
}

/// When the messages that were sent so far will have gone over the wire.
#[derive(Clone, Copy, Debug, Default)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct BusyPeriod {
    rate: Option<Rate>,
    until: Time,
}

impl BusyPeriod {
    pub(crate) fn set_rate(&mut self, rate: Option<Rate>) {
        self.rate = rate;
    }

    pub(crate) fn served(&mut self, now: Time, segments: Segments) {
        let span = self.rate.map_or(Span::ZERO, |rate| rate.span_of(segments.get()));
        self.until = self.until.max(now).saturating_add(span);
    }

    pub(crate) fn is_over(&self, now: Time) -> bool {
        now >= self.until
    }
}

#[cfg(test)]
mod tests {
    use super::super::scoring::TAG_UNITS;
    use super::*;

    #[test]
    fn virtual_time_grows_while_a_message_is_on_the_wire() {
        let rate = Rate::per_second(2).expect("valid");
        let mut clock = ServiceClock::new(Some(rate));
        clock.set_weights(Time::ZERO, 4_000_000);
        clock.serve(Time::from_seconds(1), Segments(4));
        let quarter = i128::from(TAG_UNITS) / 4;
        assert_eq!(clock.value(), 0);
        clock.advance(Time::from_nanoseconds(1_500_000_000));
        assert_eq!((clock.value(), clock.is_idle()), (quarter, false));
        // Three of the four segments are shared by 8 instead of 4.
        clock.set_weights(Time::from_nanoseconds(1_500_000_000), 8_000_000);
        clock.advance(Time::from_seconds(9));
        assert_eq!((clock.value(), clock.is_idle()), (quarter + 3 * quarter / 2, true));
        // The next message on the wire means that the one before has gone.
        clock.serve(Time::from_seconds(9), Segments(8));
        clock.serve(Time::from_seconds(9), Segments(8));
        assert_eq!(clock.value(), quarter + 3 * quarter / 2 + i128::from(TAG_UNITS));
    }

    #[test]
    fn without_a_rate_a_message_has_gone_at_once() {
        let mut clock = ServiceClock::new(None);
        clock.set_weights(Time::ZERO, 2_000_000);
        clock.serve(Time::ZERO, Segments(1));
        clock.advance(Time::ZERO);
        assert_eq!(clock.value(), i128::from(TAG_UNITS) / 2);
        let mut busy = BusyPeriod::default();
        busy.served(Time::ZERO, Segments(7));
        assert!(busy.is_over(Time::ZERO));
        busy.set_rate(Rate::per_second(7));
        busy.served(Time::ZERO, Segments(14));
        assert!(!busy.is_over(Time::from_seconds(1)) && busy.is_over(Time::from_seconds(2)));
    }
}
