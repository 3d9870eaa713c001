//! How sure is a proportion?

use statrs::distribution::{Beta, ContinuousCDF};

use super::level::Level;

/// A proportion with its interval.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ProportionInterval {
    /// How many successes.
    pub successes: u64,
    /// Of how many trials, at least 1.
    pub trials: u64,
    /// Their ratio.
    pub estimate: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// How often an interval made like this has the true proportion in it, at least.
    pub level: Level,
}

/// The exact interval of a proportion from independent trials (Clopper & Pearson 1934): quantiles of the
/// beta distribution. It never holds less often than its level, and stays inside [0, 1]. Absent for no
/// trials.
///
/// # Panics
/// When there are more successes than trials.
pub fn proportion_interval(
    successes: u64,
    trials: u64,
    level: Level,
) -> Option<ProportionInterval> {
    assert!(successes <= trials, "{successes} successes of {trials} trials");
    if trials == 0 {
        return None;
    }
    let (x, n) = (successes as f64, trials as f64);
    let half_error = level.error() / 2.0;
    let beta = |a: f64, b: f64, p: f64| {
        Beta::new(a, b).expect("both parameters are at least 1").inverse_cdf(p)
    };
    Some(ProportionInterval {
        successes,
        trials,
        estimate: x / n,
        low: if successes == 0 { 0.0 } else { beta(x, n - x + 1.0, half_error) },
        high: if successes == trials { 1.0 } else { beta(x + 1.0, n - x, 1.0 - half_error) },
        level,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Closed forms at the ends, 1 − 0.025^(1/10); in the middle the printed 0.1871 to 0.8129.
    #[test]
    fn intervals_of_the_printed_tables() {
        let none = proportion_interval(0, 10, Level::P95).expect("trials");
        let bound = 1.0 - libm::pow(0.025, 0.1);
        assert!(none.low == 0.0 && (none.high - bound).abs() < 1e-9, "{none:?}");
        let all = proportion_interval(10, 10, Level::P95).expect("trials");
        assert!(all.high == 1.0 && (all.low - (1.0 - bound)).abs() < 1e-9, "{all:?}");
        let half = proportion_interval(5, 10, Level::P95).expect("trials");
        assert!((half.low - 0.187_086).abs() < 1e-6, "{half:?}");
        assert!((half.high - 0.812_914).abs() < 1e-6, "{half:?}");
        assert_eq!(proportion_interval(0, 0, Level::P95), None);
    }

    #[test]
    fn of_many_trials_it_is_the_normal_one() {
        let many = proportion_interval(9_500, 10_000, Level::P95).expect("trials");
        let half_width = 1.959_964 * libm::sqrt(0.95 * 0.05 / 10_000.0);
        assert!((many.low - (0.95 - half_width)).abs() < 2e-4, "{many:?}");
        assert!((many.high - (0.95 + half_width)).abs() < 2e-4, "{many:?}");
    }

    #[test]
    #[should_panic(expected = "3 successes of 2 trials")]
    fn more_successes_than_trials_are_a_mistake_of_the_caller() {
        let _ = proportion_interval(3, 2, Level::P95);
    }
}
