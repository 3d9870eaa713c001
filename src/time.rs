//! Virtual and real time as integers.
//!
//! A [`Time`] is a point, a [`Span`] a length, both in whole nanoseconds. Production code never
//! reads a clock: every call that needs the time takes it as an argument, so the same code runs
//! under a real clock and under the laboratory's virtual one.
//!
//! The range of `u64` nanoseconds is 584 years; arithmetic that would leave it panics, because
//! the package is built with overflow checks in every profile.

use core::fmt;
use core::ops::{Add, AddAssign, Sub};

/// A point in time: nanoseconds since the start of the run, or since an epoch of the caller's choice.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct Time(u64);

/// A length of time in nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct Span(u64);

impl Time {
    /// The start of the run.
    pub const ZERO: Time = Time(0);
    /// Later than anything that happens: "never".
    pub const NEVER: Time = Time(u64::MAX);

    /// The point `nanoseconds` after [`Time::ZERO`].
    pub const fn from_nanoseconds(nanoseconds: u64) -> Self {
        Time(nanoseconds)
    }

    /// The point `seconds` after [`Time::ZERO`].
    ///
    /// # Panics
    /// When the result exceeds 584 years.
    pub const fn from_seconds(seconds: u64) -> Self {
        Time(seconds * 1_000_000_000)
    }

    /// Nanoseconds since [`Time::ZERO`].
    pub const fn as_nanoseconds(self) -> u64 {
        self.0
    }

    /// Seconds since [`Time::ZERO`], for figures only: above 104 days it is rounded.
    pub fn as_seconds_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// The span from `earlier` to `self`, or nothing at all when `earlier` is not earlier.
    pub const fn since(self, earlier: Time) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }

    /// The last multiple of `step` since [`Time::ZERO`] that is not later; `self` where the step is
    /// nothing at all.
    pub const fn rounded_down(self, step: Span) -> Time {
        match self.0.checked_rem(step.0) {
            Some(beyond) => Time(self.0 - beyond),
            None => self,
        }
    }

    /// `self + span`, or [`Time::NEVER`] when that is out of range.
    pub const fn saturating_add(self, span: Span) -> Time {
        Time(self.0.saturating_add(span.0))
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Span = Span(0);
    /// The longest span.
    pub const MAX: Span = Span(u64::MAX);

    /// A span of `nanoseconds`.
    pub const fn from_nanoseconds(nanoseconds: u64) -> Self {
        Span(nanoseconds)
    }

    /// A span of `milliseconds`.
    ///
    /// # Panics
    /// When the result exceeds 584 years.
    pub const fn from_milliseconds(milliseconds: u64) -> Self {
        Span(milliseconds * 1_000_000)
    }

    /// A span of `seconds`.
    ///
    /// # Panics
    /// When the result exceeds 584 years.
    pub const fn from_seconds(seconds: u64) -> Self {
        Span(seconds * 1_000_000_000)
    }

    /// The length in nanoseconds.
    pub const fn as_nanoseconds(self) -> u64 {
        self.0
    }

    /// The length in seconds, for figures only.
    pub fn as_seconds_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// `self + other`, or [`Span::MAX`] when that is out of range.
    pub const fn saturating_add(self, other: Span) -> Span {
        Span(self.0.saturating_add(other.0))
    }

    /// `self × factor`, or [`Span::MAX`] when that is out of range.
    pub const fn saturating_mul(self, factor: u64) -> Span {
        Span(self.0.saturating_mul(factor))
    }
}

impl Add<Span> for Time {
    type Output = Time;
    fn add(self, span: Span) -> Time {
        Time(self.0 + span.0)
    }
}

impl AddAssign<Span> for Time {
    fn add_assign(&mut self, span: Span) {
        self.0 += span.0;
    }
}

impl Sub<Time> for Time {
    type Output = Span;
    fn sub(self, earlier: Time) -> Span {
        Span(self.0 - earlier.0)
    }
}

impl Add for Span {
    type Output = Span;
    fn add(self, other: Span) -> Span {
        Span(self.0 + other.0)
    }
}

impl Sub for Span {
    type Output = Span;
    fn sub(self, other: Span) -> Span {
        Span(self.0 - other.0)
    }
}

/// Seconds with nine places, derived from the integer: exact.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:09}", self.0 / 1_000_000_000, self.0 % 1_000_000_000)
    }
}

/// Seconds with nine places, derived from the integer: exact.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Time(self.0).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn prints_nine_exact_places() {
        assert_eq!(Time::from_nanoseconds(1_000_000_001).to_string(), "1.000000001");
        assert_eq!(Span::from_milliseconds(250).to_string(), "0.250000000");
    }

    #[test]
    fn since_is_zero_when_the_clock_has_not_moved_forward() {
        let (early, late) = (Time::from_seconds(1), Time::from_seconds(3));
        assert_eq!(late.since(early), Span::from_seconds(2));
        assert_eq!(early.since(late), Span::ZERO);
    }

    #[test]
    #[should_panic(expected = "overflow")]
    fn leaving_the_range_panics_instead_of_wrapping() {
        let _ = Time::NEVER + Span::from_nanoseconds(1);
    }
}
