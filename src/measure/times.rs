//! Times of messages of which some never got there.

use super::findings::{Quantile, TimeFigures};
use super::histogram::Histogram;
use crate::time::Span;

/// Spans from submission to some goal (first dispatch, delivery), over **all** messages of a group.
///
/// A message that did not reach the goal before the run ended is right-censored: all that is known
/// is how long it went without. Quantiles are of type 1 (the inverse of the empirical distribution:
/// the value of rank ⌈p·n⌉ of n). The censored count as longer than every observed span, however
/// recently they were submitted, so a quantile is never too good. A rank among them is
/// [`Quantile::Above`] the span of that rank when each censored message stands with the time it is
/// known to have gone without: whatever becomes of them, the true quantile is not below that.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Times {
    /// Spans of those that got there.
    pub observed: Histogram,
    /// How long the others are known to have gone without.
    pub censored: Histogram,
}

/// A probability in thousandths, 1 to 1000, so that ranks are exact.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Permille(pub u32);

impl Permille {
    /// The median.
    pub const P50: Permille = Permille(500);
    /// The 90th percentile.
    pub const P90: Permille = Permille(900);
    /// The 99th percentile.
    pub const P99: Permille = Permille(990);
    /// The 99.9th percentile.
    pub const P999: Permille = Permille(999);
    /// The longest.
    pub const MAX: Permille = Permille(1000);

    fn rank_of(self, count: u64) -> u64 {
        let rank = (u128::from(count) * u128::from(self.0)).div_ceil(1000);
        u64::try_from(rank).unwrap_or(u64::MAX).clamp(1, count.max(1))
    }
}

impl Times {
    /// Adds the messages of another group.
    pub fn merge(&mut self, other: &Times) {
        self.observed.merge(&other.observed);
        self.censored.merge(&other.censored);
    }

    /// A quantile in seconds; `None` of no messages.
    pub fn quantile(&self, probability: Permille) -> Option<Quantile> {
        let rank = probability.rank_of(self.observed.count() + self.censored.count());
        if rank <= self.observed.count() {
            return self.observed.at_rank(rank).map(Span::as_seconds_f64).map(Quantile::Exactly);
        }
        let mut known = self.observed.clone();
        known.merge(&self.censored);
        known.at_least_at_rank(rank).map(Span::as_seconds_f64).map(Quantile::Above)
    }

    /// Mean in seconds of those that got there; `None` when none did.
    pub fn mean_s(&self) -> Option<f64> {
        self.observed.mean_s()
    }

    /// The figures as they are written to files.
    pub fn figures(&self) -> TimeFigures {
        TimeFigures {
            observed: self.observed.count(),
            censored: self.censored.count(),
            p50: self.quantile(Permille::P50),
            p90: self.quantile(Permille::P90),
            p99: self.quantile(Permille::P99),
            p999: self.quantile(Permille::P999),
            max: self.quantile(Permille::MAX),
            mean: self.mean_s(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Quantile::{Above, Exactly};
    use super::*;

    /// Quantiles at 50 %, 90 %, 99 % and 100 % of spans in nanoseconds, in nanoseconds.
    fn check(observed: &[u64], censored: &[u64], expected: [Option<Quantile>; 4]) {
        let mut times = Times::default();
        observed.iter().for_each(|ns| times.observed.record(Span::from_nanoseconds(*ns)));
        censored.iter().for_each(|ns| times.censored.record(Span::from_nanoseconds(*ns)));
        let ns = |quantile: Option<Quantile>| {
            quantile.map(|quantile| match quantile {
                Exactly(seconds) => Exactly((seconds * 1e9).round()),
                Above(seconds) => Above((seconds * 1e9).round()),
            })
        };
        let figures = times.figures();
        let found = [figures.p50, figures.p90, figures.p99, figures.max].map(ns);
        assert_eq!(found, expected, "observed {observed:?}, censored {censored:?}");
    }

    #[test]
    fn quantiles_are_the_inverse_of_the_empirical_distribution() {
        check(&[], &[], [None; 4]);
        check(&[7], &[], [Some(Exactly(7.0)); 4]);
        // Of four, rank ⌈0.5·4⌉ = 2, ⌈0.9·4⌉ = 4.
        let last = Some(Exactly(40.0));
        check(&[40, 10, 30, 20], &[], [Some(Exactly(20.0)), last, last, last]);
        // Of ten, rank 9 at 90 %.
        let ten: Vec<u64> = (1..=10).collect();
        let expected = [5.0, 9.0, 10.0, 10.0].map(|value| Some(Exactly(value)));
        check(&ten, &[], expected);
    }

    #[test]
    fn a_rank_among_the_censored_is_above_the_time_known_at_that_rank() {
        // Six observed 1..6, four known to have gone 100 without: ranks 5, 9, 10, 10.
        let six: Vec<u64> = (1..=6).collect();
        let above = Some(Above(100.0));
        check(&six, &[100; 4], [Some(Exactly(5.0)), above, above, above]);
        // Recently submitted ones pull the bound down, never the observed part up or down.
        let expected = [Some(Exactly(5.0)), Some(Above(5.0)), Some(Above(6.0)), Some(Above(6.0))];
        check(&six, &[0; 4], expected);
        // Nothing observed at all.
        let expected = [Some(Above(2.0)), Some(Above(3.0)), Some(Above(3.0)), Some(Above(3.0))];
        check(&[], &[1, 2, 3], expected);
    }

    #[test]
    fn ranks_are_exact_where_floats_are_not() {
        // 0.99 · 700 is 693.0000000000001 in floats.
        assert_eq!(Permille::P99.rank_of(700), 693);
        assert_eq!((Permille::P999.rank_of(1000), Permille::P999.rank_of(1001)), (999, 1000));
        assert_eq!(Permille::P90.rank_of(10_000_001), 9_000_001);
        assert_eq!(Permille::MAX.rank_of(3), 3);
    }
}
