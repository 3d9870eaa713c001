//! Quantiles of independent values, with intervals that assume no distribution.

use statrs::distribution::{Binomial, DiscreteCDF};

use super::level::Level;

/// The quantile `q` as the smallest value that at least a part `q` of the values does not exceed: always
/// one of the values (type 1 of Hyndman & Fan 1996, the inverse of the empirical distribution). Absent for
/// no values or when one is not a number; infinite values count by their order.
///
/// # Panics
/// When `q` is not in (0, 1).
pub fn quantile(values: &[f64], q: f64) -> Option<f64> {
    let rank = rank(values.len(), q);
    if values.is_empty() || values.iter().any(|value| value.is_nan()) {
        return None;
    }
    let mut values = values.to_vec();
    Some(*values.select_nth_unstable_by(rank - 1, f64::total_cmp).1)
}

/// A quantile with its interval.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct QuantileInterval {
    /// How many values.
    pub n: usize,
    /// Which quantile, in (0, 1).
    pub q: f64,
    /// The quantile of the values, see [`quantile`].
    pub estimate: f64,
    /// Lower end, one of the values; absent when there are too few values to give one.
    pub low: Option<f64>,
    /// Upper end, one of the values; absent when there are too few values to give one.
    pub high: Option<f64>,
    /// The level that was asked for.
    pub level: Level,
    /// The probability that the interval holds, for a continuous distribution: at least the level. An
    /// absent end counts as infinitely far away.
    pub exact_level: f64,
}

/// The exact interval of a quantile from order statistics, of independent values from any distribution:
/// from Y₍ₗ₎ to Y₍ᵤ₎ with P(Bin(n, q) < l) ≤ α/2 and P(Bin(n, q) ≥ u) ≤ α/2, l as large and u as small as
/// possible. Each side holds by itself with 1 − α/2. There is no lower end when (1 − q)ⁿ > α/2 and no
/// upper end when qⁿ > α/2: at 95 % a median needs 6 values, p90 36, p99 368, p99.9 3,688. Absent for no
/// values or when one is not a number. Source: David & Nagaraja, *Order Statistics*, 3rd edition, §7.1.
///
/// The values must be independent, for instance one a replication: not the waits within one run. The
/// median over replications needs neither normal values nor finite ones, and is the interval to take for
/// skewed figures.
///
/// # Panics
/// When `q` is not in (0, 1).
pub fn quantile_interval(values: &[f64], q: f64, level: Level) -> Option<QuantileInterval> {
    let sorted = sorted(values)?;
    let n = sorted.len();
    let estimate = *sorted.get(rank(n, q) - 1)?;
    let binomial = Binomial::new(q, n as u64).expect("a quantile in (0, 1)");
    let half_error = level.error() / 2.0;
    // The smallest number x with P(Bin ≤ x) > α/2 is the largest l with P(Bin < l) ≤ α/2.
    let l = first(n, |x| binomial.cdf(x as u64) > half_error);
    // P(Bin ≥ u) = P(Bin > u − 1); the survival function keeps its digits where it is small.
    let u = 1 + first(n, |x| binomial.sf(x as u64) <= half_error);
    let below = if l == 0 { 0.0 } else { binomial.cdf(l as u64 - 1) };
    let above = if u > n { 0.0 } else { binomial.sf(u as u64 - 1) };
    Some(QuantileInterval {
        n,
        q,
        estimate,
        low: (l > 0).then(|| sorted[l - 1]),
        high: sorted.get(u - 1).copied(),
        level,
        exact_level: 1.0 - below - above,
    })
}

/// The rank of the quantile `q` among `n` values, from 1; 1 for no values.
fn rank(n: usize, q: f64) -> usize {
    assert!(q > 0.0 && q < 1.0, "{q} is no quantile: it must lie between 0 and 1");
    // 0.07 · 100 is a little above 7; a part in 10¹² is no reason for the next value.
    let exact = n as f64 * q;
    (libm::ceil(exact * (1.0 - 1e-12)) as usize).clamp(1, n.max(1))
}

fn sorted(values: &[f64]) -> Option<Vec<f64>> {
    if values.iter().any(|value| value.is_nan()) {
        return None;
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    Some(sorted)
}

/// The smallest x in 0..=n for which `holds`, which once true stays so; n when none is.
fn first(n: usize, holds: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, n);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    fn up_to(n: usize) -> Vec<f64> {
        // In an order that is not sorted: 7 is prime to every n used here.
        (0..n).map(|i| ((i * 7) % n + 1) as f64).collect()
    }

    /// Printed tables of the interval of the median (for instance Conover 1999, table A3; Altman 1991):
    /// at 95 % the ranks are 1 to 6 for n = 6, 2 to 9 for 10, 6 to 15 for 20, 10 to 21 for 30.
    #[test]
    fn medians_have_the_ranks_of_the_printed_tables() {
        for (n, low, high, exact) in [
            (6, 1.0, 6.0, 0.968_75),
            (10, 2.0, 9.0, 0.978_515_625),
            (20, 6.0, 15.0, 0.958_610_534_667_968_8),
            (30, 10.0, 21.0, 0.957_226_054_742_932_3),
        ] {
            let interval = quantile_interval(&up_to(n), 0.5, Level::P95).expect("values");
            assert_eq!((interval.low, interval.high), (Some(low), Some(high)), "{n}");
            assert!((interval.exact_level - exact).abs() < 1e-9, "{n}: {interval:?}");
            assert_eq!(interval.estimate, (n / 2) as f64);
        }
    }

    /// The thresholds of the reference: qⁿ ≤ 0.025.
    #[test]
    fn an_upper_end_needs_enough_values() {
        for (q, enough) in [(0.5, 6), (0.9, 36), (0.99, 368), (0.999, 3_688)] {
            let values = |n: usize| (0..n).map(|i| i as f64).collect::<Vec<f64>>();
            let just = quantile_interval(&values(enough), q, Level::P95).expect("values");
            assert_eq!(just.high, Some(enough as f64 - 1.0), "{q}: {just:?}");
            let short = quantile_interval(&values(enough - 1), q, Level::P95).expect("values");
            assert_eq!(short.high, None, "{q}: {short:?}");
            assert!(short.exact_level >= 0.975, "{short:?}");
            // By symmetry the same holds for the lower end.
            let low = |n| quantile_interval(&values(n), 1.0 - q, Level::P95).expect("values").low;
            assert_eq!((low(enough), low(enough - 1)), (Some(0.0), None), "{q}");
        }
    }

    #[test]
    fn quantiles_are_values_and_ranks_are_not_off_by_a_rounding() {
        assert_eq!(quantile(&up_to(100), 0.07), Some(7.0));
        assert_eq!(quantile(&up_to(100), 0.071), Some(8.0));
        assert_eq!(quantile(&up_to(100), 0.999), Some(100.0));
        assert_eq!(quantile(&up_to(100), 0.001), Some(1.0));
        assert_eq!(quantile(&[3.0], 0.5), Some(3.0));
        assert_eq!(quantile(&[], 0.5), None);
        assert_eq!(quantile(&[1.0, f64::NAN], 0.5), None);
    }

    #[test]
    fn values_without_bound_count_by_their_order() {
        let mut values = up_to(10);
        values[3] = f64::INFINITY;
        let interval = quantile_interval(&values, 0.5, Level::P95).expect("values");
        // The infinite value has taken the place of 2: 1, 3, 4, ..., 10, ∞.
        assert_eq!((interval.low, interval.high), (Some(3.0), Some(10.0)));
        assert_eq!(quantile_interval(&[], 0.5, Level::P95), None);
        let one = quantile_interval(&[4.0], 0.5, Level::P95).expect("a value");
        assert_eq!((one.estimate, one.low, one.high, one.exact_level), (4.0, None, None, 1.0));
    }

    #[test]
    #[should_panic(expected = "no quantile")]
    fn what_is_no_quantile_is_a_mistake_of_the_caller() {
        let _ = quantile(&[1.0], 99.0);
    }
}
