//! Two policies on the same luck: differences replication by replication.

use super::level::{Level, upper_tail_of_t};
use super::mean::{MeanInterval, mean_interval, variance};

/// What changes from B to A, from replications in pairs.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct PairedDifference {
    /// Mean of A − B with its interval.
    pub difference: MeanInterval,
    /// What common random numbers bought: (S_A² + S_B²) ÷ S_D², the variance that two independent sets
    /// of replications would have had against the variance of the pairs. 10 means that ten times fewer
    /// replications are needed; below 1 the pairing harms, and the luck is not shared as it should be.
    /// Absent when all differences are equal.
    pub variance_ratio: Option<f64>,
    /// Probability of a mean difference this far from 0, to either side, if there were none: for
    /// [`holm`](super::holm).
    pub p_value: f64,
}

impl PairedDifference {
    /// Whether pairing made the comparison worse: the luck is not shared as it should be.
    pub fn pairing_harms(&self) -> bool {
        self.variance_ratio.is_some_and(|ratio| ratio < 1.0)
    }
}

/// The paired t interval: D_j = A_j − B_j, D̄ ± t(n−1; 1−α/2)·S_D ÷ √n (Law, 5th edition, §10.2.1 and
/// §11.2). Replication j of both must have had the same luck. Absent for fewer than two pairs or when a
/// value is not finite.
///
/// Closed-loop traffic reacts to the policy, so its arrivals differ between A and B: the interval holds,
/// but the pairing buys less.
///
/// # Panics
/// When one has more replications than the other.
pub fn paired_difference(a: &[f64], b: &[f64], level: Level) -> Option<PairedDifference> {
    let differences = differences(a, b);
    let difference = mean_interval(&differences, level)?;
    let paired = variance(&differences);
    Some(PairedDifference {
        difference,
        variance_ratio: (paired > 0.0).then(|| (variance(a) + variance(b)) / paired),
        p_value: two_sided_p(&difference),
    })
}

/// A ÷ B, from replications in pairs.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct PairedRatio {
    /// Geometric mean of A ÷ B: 0.5 when A is half of B.
    pub ratio: f64,
    /// Lower end of its interval.
    pub low: f64,
    /// Upper end of its interval.
    pub high: f64,
    /// How many pairs.
    pub n: usize,
    /// Level of the interval.
    pub level: Level,
    /// Probability of a ratio this far from 1, to either side, if it were 1.
    pub p_value: f64,
}

/// Ratios on the same luck: the paired t interval of ln A_j − ln B_j, raised again by exp. So it is about
/// the *geometric* mean of the ratios, and 1 ÷ 2 and 2 ÷ 1 are equally far from 1. Absent for fewer than
/// two pairs, or when a value is not positive: then take [`paired_difference`] and say so.
///
/// # Panics
/// When one has more replications than the other.
pub fn paired_ratio(a: &[f64], b: &[f64], level: Level) -> Option<PairedRatio> {
    if a.iter().chain(b).any(|value| *value <= 0.0) {
        return None;
    }
    let logarithms = |values: &[f64]| values.iter().map(|x| libm::log(*x)).collect::<Vec<f64>>();
    let of_logarithms = mean_interval(&differences(&logarithms(a), &logarithms(b)), level)?;
    Some(PairedRatio {
        ratio: libm::exp(of_logarithms.mean),
        low: libm::exp(of_logarithms.low()),
        high: libm::exp(of_logarithms.high()),
        n: of_logarithms.n,
        level,
        p_value: two_sided_p(&of_logarithms),
    })
}

/// A_j − B_j in order.
pub(super) fn differences(a: &[f64], b: &[f64]) -> Vec<f64> {
    assert_eq!(a.len(), b.len(), "pairs need as many replications of one as of the other");
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

/// Probability of a mean this far from 0 if the true one were 0. Values that are all equal have no
/// spread to compare with: 0 tells nothing (1), anything else cannot be chance (0).
fn two_sided_p(interval: &MeanInterval) -> f64 {
    if interval.mean == 0.0 {
        return 1.0;
    }
    2.0 * upper_tail_of_t(t_statistic(interval, 0.0).abs(), (interval.n - 1) as f64)
}

/// How many standard errors the mean is above `hypothesis`; ±∞ when there is no spread.
pub(super) fn t_statistic(interval: &MeanInterval, hypothesis: f64) -> f64 {
    let off = interval.mean - hypothesis;
    if off == 0.0 {
        return 0.0;
    }
    off / (interval.standard_deviation / libm::sqrt(interval.n as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Student's own example (1908): hours of additional sleep by two drugs, on the same ten patients;
    /// mean difference 1.58, t = 4.0621, p = 0.002833.
    #[test]
    fn students_sleep_data() {
        let b = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0];
        let a = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];
        let paired = paired_difference(&a, &b, Level::P95).expect("ten pairs");
        assert!((paired.difference.mean - 1.58).abs() < 1e-12, "{paired:?}");
        assert!((paired.difference.low() - 0.700_114_2).abs() < 1e-6, "{paired:?}");
        assert!((paired.difference.high() - 2.459_885_8).abs() < 1e-6, "{paired:?}");
        assert!((paired.p_value - 0.002_833).abs() < 1e-6, "{paired:?}");
        // S² of the two are 3.200556 and 4.009, of the differences 1.512889.
        let ratio = paired.variance_ratio.expect("they differ");
        assert!((ratio - (3.200_556 + 4.009) / 1.512_889).abs() < 1e-5, "{ratio}");
        assert!(!paired.pairing_harms());
    }

    #[test]
    fn luck_that_is_shared_the_wrong_way_round_harms() {
        let a = [1.0, 2.0, 3.0, 4.0];
        let b = [4.0, 3.0, 2.0, 1.0];
        let paired = paired_difference(&a, &b, Level::P95).expect("four pairs");
        // S_A² = S_B² = 5/3 and D = −3, −1, 1, 3 with S_D² = 20/3.
        assert!((paired.variance_ratio.expect("they differ") - 0.5).abs() < 1e-12);
        assert!(paired.pairing_harms());
        assert_eq!(paired.p_value, 1.0);
    }

    #[test]
    fn equal_differences_have_no_ratio_and_are_no_chance_unless_they_are_nothing() {
        let same = paired_difference(&[1.0, 2.0], &[1.0, 2.0], Level::P95).expect("two pairs");
        assert_eq!((same.variance_ratio, same.p_value), (None, 1.0));
        assert_eq!(same.difference.half_width, 0.0);
        let shifted = paired_difference(&[2.0, 3.0], &[1.0, 2.0], Level::P95).expect("two pairs");
        assert_eq!((shifted.variance_ratio, shifted.p_value), (None, 0.0));
        assert_eq!(shifted.difference.mean, 1.0);
        assert_eq!(paired_difference(&[1.0], &[1.0], Level::P95), None);
    }

    /// Ratios 2, 8 and 32 (worked by hand): logarithms of base 2 are 1, 3, 5 with S = 2.
    #[test]
    fn ratios_are_geometric() {
        let ratio = paired_ratio(&[2.0, 8.0, 32.0], &[1.0; 3], Level::P95).expect("three pairs");
        let width = 4.302_652_73 * 2.0 / libm::sqrt(3.0);
        assert!((ratio.ratio - 8.0).abs() < 1e-12, "{ratio:?}");
        assert!((ratio.low - libm::exp2(3.0 - width)).abs() < 1e-7, "{ratio:?}");
        assert!((ratio.high / libm::exp2(3.0 + width) - 1.0).abs() < 1e-7, "{ratio:?}");
        assert_eq!(paired_ratio(&[1.0, 0.0], &[1.0, 1.0], Level::P95), None);
        let halves = paired_ratio(&[1.0, 1.0], &[2.0, 2.0], Level::P95).expect("two pairs");
        assert!((halves.ratio - 0.5).abs() < 1e-15 && halves.p_value == 0.0, "{halves:?}");
    }

    #[test]
    #[should_panic(expected = "as many replications")]
    fn unequal_numbers_are_a_mistake_of_the_caller() {
        let _ = paired_difference(&[1.0, 2.0], &[1.0], Level::P95);
    }
}
