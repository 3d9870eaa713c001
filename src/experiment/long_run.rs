//! One long run judged by itself: the mean dwell with an interval from batches.

use serde::Serialize;

use super::compare::significant;
use super::statistics::{Level, batch_means};

/// The mean dwell of the messages of one run, in order of their submission, after the warm-up.
///
/// The interval says how far the mean of this run may be from that of a run without end, if the run is
/// stationary. It knows nothing of what differs from seed to seed for a whole run, such as how many
/// campaigns there are: for that, and whenever runs are cheap, replications are better.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LongRun {
    /// The contestant.
    pub contestant: String,
    /// The seed.
    pub seed: String,
    /// Messages that were dispatched.
    pub messages: usize,
    /// Their mean dwell in seconds, the ones left out included; absent when there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dwell_mean_s: Option<f64>,
    /// Mean of the batches, which leave a few messages out at the start; absent where the run is too
    /// short for how long its dwells depend on each other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_mean_s: Option<f64>,
    /// Half the width of its interval, to six digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub half_width_s: Option<f64>,
    /// How many batches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batches: Option<usize>,
    /// Messages in a batch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch: Option<usize>,
    /// Correlation of neighbouring batches at the last test, to six digits: it passed where there is an
    /// interval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lag_1: Option<f64>,
    /// About how many messages it takes at least, where there is no interval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needed: Option<usize>,
}

impl LongRun {
    /// Judges the dwells of one run, in seconds and in order of submission.
    pub(super) fn new(contestant: &str, seed: u64, dwells_s: &[f64], level: Level) -> LongRun {
        let n = dwells_s.len();
        let found = batch_means(dwells_s, level);
        let interval = found.as_ref().ok().map(|found| found.interval);
        LongRun {
            contestant: contestant.to_owned(),
            seed: seed.to_string(),
            messages: n,
            dwell_mean_s: (n > 0).then(|| dwells_s.iter().sum::<f64>() / n as f64),
            batch_mean_s: interval.map(|interval| interval.mean),
            half_width_s: interval.map(|interval| significant(interval.half_width)),
            batches: interval.map(|interval| interval.n),
            batch: found.as_ref().ok().map(|found| found.batch),
            lag_1: match &found {
                Ok(found) => Some(significant(found.short_lag_1)),
                Err(too_short) => too_short.lag_1.map(significant),
            },
            needed: found.err().map(|too_short| too_short.needed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_has_an_interval_or_says_how_long_it_should_be() {
        let calm: Vec<f64> = (0..1_000).map(|i| f64::from(i % 2)).collect();
        let found = LongRun::new("scoring", 7, &calm, Level::P95);
        assert_eq!((found.dwell_mean_s, found.batch_mean_s), (Some(0.5), Some(0.5)));
        assert_eq!((found.batches, found.batch, found.needed), (Some(20), Some(50), None));
        assert_eq!(found.seed, "7");
        // A ramp depends on itself over its whole length.
        let ramp: Vec<f64> = (0..1_000).map(f64::from).collect();
        let found = LongRun::new("scoring", 7, &ramp, Level::P95);
        assert_eq!((found.dwell_mean_s, found.half_width_s), (Some(499.5), None));
        assert!(found.needed.is_some_and(|needed| needed > 1_000), "{found:?}");
        assert!(found.lag_1.is_some_and(|lag_1| lag_1 > 0.9), "{found:?}");
        let none = LongRun::new("scoring", 7, &[], Level::P95);
        assert_eq!((none.dwell_mean_s, none.needed), (None, Some(100)));
    }
}
