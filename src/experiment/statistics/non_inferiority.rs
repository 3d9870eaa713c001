//! Is the new version no worse than a margin allows?

use super::level::{Level, upper_tail_of_t};
use super::mean::{MeanInterval, mean_interval};
use super::paired::t_statistic;

/// What a test for non-inferiority came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Shown to be no worse than the margin allows.
    Pass,
    /// Shown to be worse than the margin allows.
    Fail,
    /// Neither is shown: replicate more.
    Inconclusive,
}

/// The answer, and what it rests on.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct NonInferiority {
    /// What follows.
    pub outcome: Outcome,
    /// Mean worsening with the interval of level 1 − 2α: each of its ends holds by itself with 1 − α.
    pub worsening: MeanInterval,
    /// The margin, in the same units.
    pub margin: f64,
    /// Whether it is shown to be better than before: then the new figures may become the baseline.
    pub is_improved: bool,
    /// Probability of a worsening this large, if it were just the margin: for
    /// [`holm`](super::holm) when several metrics may fail.
    pub p_worse: f64,
    /// About how many replications would decide with probability 80 %, if the true worsening were the one
    /// seen. Absent when the mean is on the margin, or nothing varies.
    pub replications_needed: Option<usize>,
}

/// Tests for non-inferiority: `worsening[j]` is by how much replication j got worse (negative: better),
/// on the same luck, and `margin` how much is tolerated, *set before the runs*. With the two-sided
/// interval [L, U] of level 1 − 2α: pass when U ≤ margin, fail when L > margin, else inconclusive. So each
/// of the two claims is wrong with probability at most α = 1 − `level` (Schuirmann 1987; Wellek, *Testing
/// Statistical Hypotheses of Equivalence and Noninferiority*, 2nd edition, ch. 1). Absent for fewer than
/// two replications or when a value is not finite.
///
/// A mean beyond the margin is not enough to fail, nor is one within it enough to pass: with few noisy
/// replications the answer is *inconclusive*. Those who replicate until the answer comes must spend the
/// error over their looks: `level.split(looks)` at each.
///
/// # Panics
/// When the margin is negative or not finite, or the level not above a half.
pub fn non_inferiority(worsening: &[f64], margin: f64, level: Level) -> Option<NonInferiority> {
    assert!(margin >= 0.0 && margin.is_finite(), "a margin of {margin} tolerates nothing sensible");
    assert!(level.get() > 0.5, "at {level:?} both claims could be true at once");
    let interval = mean_interval(worsening, level.both_sides())?;
    let outcome = if interval.high() <= margin {
        Outcome::Pass
    } else if interval.low() > margin {
        Outcome::Fail
    } else {
        Outcome::Inconclusive
    };
    let degrees = (interval.n - 1) as f64;
    Some(NonInferiority {
        outcome,
        margin,
        is_improved: interval.high() < 0.0,
        p_worse: upper_tail_of_t(t_statistic(&interval, margin), degrees),
        replications_needed: replications_needed(&interval, margin, level),
        worsening: interval,
    })
}

/// n ≈ ((t(1−α) + t(0.8))·S ÷ (margin − D̄))², with the degrees of freedom at hand.
fn replications_needed(interval: &MeanInterval, margin: f64, level: Level) -> Option<usize> {
    const POWER: f64 = 0.8;
    let distance = (margin - interval.mean).abs();
    if distance == 0.0 || interval.standard_deviation == 0.0 {
        return None;
    }
    let power = Level::new(POWER).expect("between 0 and 1");
    let degrees = (interval.n - 1) as f64;
    let errors = level.one_sided_t(degrees) + power.one_sided_t(degrees);
    let root = errors * interval.standard_deviation / distance;
    Some(libm::ceil(root * root).max(2.0) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mean 0 and S = 1 for five values: ±√2 twice each around 0 has S² = 8/4; so scaled.
    fn around(mean: f64, standard_deviation: f64) -> [f64; 5] {
        let a = standard_deviation;
        [mean - a, mean + a, mean, mean - a, mean + a]
    }

    /// t(4; 0.95) = 2.131847, S = 1, n = 5: the half-width is 0.953391.
    #[test]
    fn three_outcomes_worked_by_hand() {
        use Outcome::{Fail, Inconclusive, Pass};
        for (mean, expected, is_improved) in [
            (-1.0, Pass, true),
            (-0.9, Pass, false),
            (1.0 - 0.953_40, Pass, false),
            (1.0 - 0.953_38, Inconclusive, false),
            (1.0, Inconclusive, false),
            (1.0 + 0.953_38, Inconclusive, false),
            (1.0 + 0.953_40, Fail, false),
        ] {
            let answer = non_inferiority(&around(mean, 1.0), 1.0, Level::P95).expect("five values");
            assert_eq!((answer.outcome, answer.is_improved), (expected, is_improved), "{answer:?}");
            assert!((answer.worsening.half_width - 0.953_391).abs() < 1e-5, "{answer:?}");
            assert!((answer.worsening.level.get() - 0.9).abs() < 1e-12);
            // The test and the interval say the same.
            assert_eq!(answer.p_worse < 0.05, expected == Fail, "{answer:?}");
        }
    }

    /// (2.131847 + 0.940965)² · 1 ÷ 0.5² = 37.77.
    #[test]
    fn an_inconclusive_answer_says_how_many_replications_it_takes() {
        let answer = non_inferiority(&around(0.5, 1.0), 1.0, Level::P95).expect("five values");
        assert_eq!((answer.outcome, answer.replications_needed), (Outcome::Inconclusive, Some(38)));
        let on_the_margin = non_inferiority(&around(1.0, 1.0), 1.0, Level::P95).expect("five");
        assert_eq!(on_the_margin.replications_needed, None);
    }

    #[test]
    fn without_spread_the_difference_decides_and_the_margin_itself_is_allowed() {
        for (value, expected) in [(0.0, Outcome::Pass), (1.0, Outcome::Pass), (1.1, Outcome::Fail)]
        {
            let answer = non_inferiority(&[value; 3], 1.0, Level::P95).expect("three values");
            assert_eq!((answer.outcome, answer.replications_needed), (expected, None));
        }
        let unmoved = non_inferiority(&[0.0; 3], 0.0, Level::P95).expect("three values");
        assert_eq!((unmoved.outcome, unmoved.p_worse), (Outcome::Pass, 0.5));
        assert_eq!(non_inferiority(&[0.0], 1.0, Level::P95), None);
    }

    #[test]
    #[should_panic(expected = "tolerates nothing")]
    fn a_negative_margin_is_a_mistake_of_the_caller() {
        let _ = non_inferiority(&[0.0, 1.0], -1.0, Level::P95);
    }
}
