//! A baseline: distance from an exponentially weighted moving average.

use super::rule::{KindScores, Rule};
use super::windows::Closed;

/// Weight of a new window.
const ALPHA: f64 = 0.02;
/// Windows before which nothing is said.
const WARM_UP: u32 = 50;

/// z-score of the window's failure rate and of its volume against exponentially weighted mean and
/// variance: registered as `ewma-z`. It knows nothing of counts, which is what it is here to show.
pub(super) struct EwmaRule;

/// Means and variances so far.
#[derive(Clone, Default)]
pub(super) struct Averages {
    rate: Average,
    volume: Average,
}

#[derive(Clone, Default)]
struct Average {
    mean: f64,
    variance: f64,
    seen: u32,
}

impl Average {
    fn score(&mut self, value: f64, least_spread: f64) -> f64 {
        let difference = value - self.mean;
        let spread = libm::sqrt(self.variance).max(least_spread);
        let score = if self.seen < WARM_UP { 0.0 } else { difference / spread };
        self.seen = self.seen.saturating_add(1);
        // The first values make a plain average, so that the start has no weight of its own.
        let alpha = ALPHA.max(1.0 / f64::from(self.seen));
        self.mean += alpha * difference;
        self.variance = (1.0 - alpha) * (self.variance + alpha * difference * difference);
        score
    }
}

impl Rule for EwmaRule {
    type Memory = Averages;
    const WATCHES_SILENCE: bool = true;

    fn score(&self, seen: &Closed, memory: &mut Averages) -> KindScores {
        let failure = if seen.counts.outcomes() > 0 {
            memory.rate.score(seen.counts.failure_rate(), 0.005)
        } else {
            0.0
        };
        let volume = memory.volume.score(f64::from(seen.counts.submitted), 0.5);
        [failure, volume, -volume]
    }
}
