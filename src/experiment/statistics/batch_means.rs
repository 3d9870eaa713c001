//! One long run: the interval of a mean from batches.

use super::level::Level;
use super::mean::{MeanInterval, mean, mean_interval};

/// Batches that the interval is made of. Between 10 and 30 cost little width and keep batches long
/// (Schmeiser, *Operations Research* 30, 1982).
const BATCHES: usize = 20;

/// Fewer batches than this show dependence too rarely to be believed when they show none.
const FEWEST_TESTED: usize = 100;

/// The most that is tested: beyond, a batch is so short that dependence over longer times hides in it.
const MOST_TESTED: usize = 512;

/// One-sided normal quantile of the test at 10 %.
const CRITICAL: f64 = 1.281_551_565_544_600_4;

/// A mean with its interval, from one run.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct BatchMeans {
    /// Mean of the batches and its interval; its `n` is the number of batches.
    pub interval: MeanInterval,
    /// Observations in a batch.
    pub batch: usize,
    /// Observations left out at the start, because they do not fill a batch.
    pub left_out: usize,
    /// Correlation of neighbouring *short* batches, the ones that passed the test.
    pub short_lag_1: f64,
    /// Observations in a short batch.
    pub short_batch: usize,
}

/// No interval: the run is too short for how long its observations depend on each other.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct TooShort {
    /// Correlation of neighbouring batches when there were no longer enough of them; absent for fewer
    /// than 100 observations, or when one is not finite.
    pub lag_1: Option<f64>,
    /// About how many observations it takes to go on, at least.
    pub needed: usize,
}

/// The interval of the mean of one long, stationary run, whose start has been deleted.
///
/// Batches are doubled until von Neumann's ratio finds no correlation between neighbours at 10 % (one
/// side), with 100 to 512 of them, so that the test has power; then they are joined into 20 long ones, and
/// Student's interval is that of the 20 means. What little the test overlooks at the borders of short
/// batches is diluted in the long ones. (Fishman, *Management Science* 24, 1978; Law & Carson, *Operations
/// Research* 27, 1979; the two scales as in Tafazzoli & Wilson, *IIE Transactions* 43, 2011, without their
/// corrections.)
///
/// Independent replications are the better choice whenever runs are cheap: they need no such test.
///
/// # Errors
/// [`TooShort`] when even 100 batches are correlated.
pub fn batch_means(series: &[f64], level: Level) -> Result<BatchMeans, TooShort> {
    let n = series.len();
    if n < FEWEST_TESTED || !series.iter().all(|value| value.is_finite()) {
        return Err(TooShort { lag_1: None, needed: FEWEST_TESTED });
    }
    let mut size = n.div_ceil(MOST_TESTED);
    loop {
        let short = batches(series, size);
        let (lag_1, is_independent) = von_neumann(&short);
        if is_independent {
            let batch = n / BATCHES;
            let long = batches(series, batch);
            let interval = mean_interval(&long, level).expect("twenty finite means");
            return Ok(BatchMeans {
                interval,
                batch,
                left_out: n - batch * BATCHES,
                short_lag_1: lag_1,
                short_batch: size,
            });
        }
        if n / (2 * size) < FEWEST_TESTED {
            return Err(TooShort { lag_1: Some(lag_1), needed: 2 * size * FEWEST_TESTED });
        }
        size *= 2;
    }
}

/// Means of batches of `size`, as many as fill up; the remainder at the start is left out, where a warm-up
/// that was cut too short would show.
fn batches(series: &[f64], size: usize) -> Vec<f64> {
    series[series.len() % size..].chunks_exact(size).map(mean).collect()
}

/// The correlation of neighbours, 1 − Σ(Z_j − Z_{j+1})² ÷ 2Σ(Z_j − Z̄)², and whether it may be chance: of
/// independent values it has mean 0 and variance (m − 2) ÷ (m² − 1) (von Neumann 1941).
fn von_neumann(values: &[f64]) -> (f64, bool) {
    let m = values.len() as f64;
    let mean = mean(values);
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    if squares == 0.0 {
        return (0.0, true);
    }
    let steps: f64 = values.windows(2).map(|pair| (pair[1] - pair[0]) * (pair[1] - pair[0])).sum();
    let lag_1 = 1.0 - steps / (2.0 * squares);
    (lag_1, lag_1 <= CRITICAL * libm::sqrt((m - 2.0) / (m * m - 1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Seed, StreamName, standard_normal};

    /// A stationary series with correlation `phi` between neighbours, mean 5 and variance 1.
    fn series(n: u64, phi: f64) -> Vec<f64> {
        let stream = Seed::new(1).stream(&StreamName::new("series", "batch means"));
        let innovation = libm::sqrt(1.0 - phi * phi);
        let mut x = standard_normal(stream.luck(n, 1).number(0));
        let mut next = |i| {
            x = phi * x + innovation * standard_normal(stream.luck(i, 0).number(0));
            5.0 + x
        };
        (0..n).map(&mut next).collect()
    }

    /// Worked by hand: 1, 2, 3, 4 have squares 5 and steps 3, so 1 − 3/10; 1, −1, 1, −1 have squares 4
    /// and steps 12, so 1 − 12/8.
    #[test]
    fn the_ratio_worked_by_hand() {
        assert!((von_neumann(&[1.0, 2.0, 3.0, 4.0]).0 - 0.7).abs() < 1e-15);
        assert_eq!(von_neumann(&[1.0, -1.0, 1.0, -1.0]), (-0.5, true));
        let ramp: Vec<f64> = (0..20).map(f64::from).collect();
        assert!(!von_neumann(&ramp).1);
        assert_eq!(von_neumann(&[3.0; 10]), (0.0, true));
    }

    #[test]
    fn batches_leave_the_remainder_out_at_the_start() {
        assert_eq!(batches(&[100.0, 1.0, 3.0, 5.0, 7.0], 2), [2.0, 6.0]);
        let found = batch_means(&[2.0; 1_009], Level::P95).expect("nothing varies");
        assert_eq!((found.batch, found.left_out, found.interval.n), (50, 9, 20));
        assert_eq!((found.interval.mean, found.interval.half_width), (2.0, 0.0));
    }

    #[test]
    fn the_interval_is_as_wide_as_dependence_makes_it() {
        // The variance of the mean is (1 + φ) ÷ (1 − φ) = 9 times that of independent values.
        let n = 20_000;
        let found = batch_means(&series(n, 0.8), Level::P95).expect("long enough");
        let expected = 2.093 * libm::sqrt(9.0 / n as f64);
        assert!((found.interval.half_width / expected - 1.0).abs() < 0.4, "{found:?} {expected}");
        assert!(found.interval.contains(5.0), "{found:?}");
        assert!(found.short_batch >= 40 && found.short_lag_1.abs() < 0.12, "{found:?}");
        assert_eq!(found.interval.n, 20);
    }

    #[test]
    fn a_run_too_short_for_its_dependence_has_no_interval() {
        let too_short = batch_means(&series(2_000, 0.99), Level::P95).expect_err("too short");
        assert!(too_short.lag_1.is_some_and(|lag_1| lag_1 > 0.3), "{too_short:?}");
        assert!(too_short.needed > 2_000, "{too_short:?}");
        let none = Err(TooShort { lag_1: None, needed: 100 });
        assert_eq!(batch_means(&[1.0; 99], Level::P95), none);
        let mut infinite = vec![1.0; 200];
        infinite[7] = f64::INFINITY;
        assert_eq!(batch_means(&infinite, Level::P95), none);
    }
}
