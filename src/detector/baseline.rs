//! What is ordinary for an account: its own failure rate and its own volume.
//!
//! Both are learnt from windows that have left the quarantine of recent windows and were not found
//! abnormal, so an anomaly does not teach the level it is judged against. The past is forgotten by
//! windows: each learnt window weighs [`RETAINED`] times what the next one does.

use super::tail::{Beta, NegativeBinomial};

/// The weight of a window once another is learnt. The memory of 288 windows is one day of the
/// standard width: yesterday is a better guide than last week while a history is short.
pub(super) const RETAINED: f64 = 1.0 - 1.0 / 288.0;

/// What is believed of failures before anything is known: a rate of 5 %, the failures of a
/// nationwide carrier in ordinary operation (Meng et al., INFOCOM 2007: 5.1 %) …
const PRIOR_FAILED: f64 = 1.0;
/// … with the strength of 20 messages, so that an account soon speaks for itself.
const PRIOR_SUCCEEDED: f64 = 19.0;
/// The belief never gets stronger than this many messages: rates of healthy accounts wander, which
/// makes counts over-dispersed by 1 ÷ (1 + strength) however long the history.
const STRENGTH_MAX: f64 = 500.0;
/// No account is believed to fail less often, so that a single failure is never surprising.
const RATE_MIN: f64 = 0.005;

/// The learnt failure rate of an account.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(super) struct FailureLevel {
    failed: f64,
    succeeded: f64,
}

impl FailureLevel {
    /// Learns a window. A window without outcomes teaches and forgets nothing, so a sparse account
    /// remembers as many messages as a busy one remembers windows.
    pub(super) fn learn(&mut self, failed: u32, succeeded: u32) {
        if failed == 0 && succeeded == 0 {
            return;
        }
        self.failed = self.failed * RETAINED + f64::from(failed);
        self.succeeded = self.succeeded * RETAINED + f64::from(succeeded);
    }

    /// The belief about the rate: prior and history added up, at most as strong as
    /// 500 messages, its mean at least 0.5 %.
    pub(super) fn belief(&self) -> Beta {
        let failed = PRIOR_FAILED + self.failed;
        let total = failed + PRIOR_SUCCEEDED + self.succeeded;
        let rate = (failed / total).max(RATE_MIN);
        let strength = total.min(STRENGTH_MAX);
        Beta { failed: (rate * strength).max(1.0), succeeded: ((1.0 - rate) * strength).max(1.0) }
    }
}

/// Dispersion believed of an account of which little is known, and the windows it counts for. It
/// never quite vanishes, so no account's volume is taken to be steadier than about 14 %.
const PRIOR_DISPERSION: f64 = 0.25;
const PRIOR_WINDOWS: f64 = 24.0;

/// The learnt volume of an account, in messages a window.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(super) struct VolumeLevel {
    windows: f64,
    occupied: f64,
    sum: f64,
    squares: f64,
}

impl VolumeLevel {
    /// Learns a window with `submitted` messages.
    pub(super) fn learn(&mut self, submitted: f64) {
        self.windows = self.windows * RETAINED + 1.0;
        self.occupied = self.occupied * RETAINED + if submitted > 0.0 { 1.0 } else { 0.0 };
        self.sum = self.sum * RETAINED + submitted;
        self.squares = self.squares * RETAINED + submitted * submitted;
    }

    /// Learns `windows` without a message at once.
    pub(super) fn learn_silence(&mut self, windows: u64) {
        let retained = libm::pow(RETAINED, windows as f64);
        self.windows = self.windows * retained + (1.0 - retained) / (1.0 - RETAINED);
        self.occupied *= retained;
        self.sum *= retained;
        self.squares *= retained;
    }

    /// How many windows are remembered, 0 to 288; older ones count less.
    pub(super) fn windows(&self) -> f64 {
        self.windows
    }

    /// How many of them had traffic.
    pub(super) fn occupied(&self) -> f64 {
        self.occupied
    }

    /// Mean messages a window, if anything is remembered.
    pub(super) fn mean(&self) -> Option<f64> {
        (self.windows > 0.0).then(|| self.sum / self.windows)
    }

    /// Over-dispersion (variance − mean) ÷ mean² by moments, shrunk towards the prior: 0 for
    /// Poisson traffic, 1 for geometric.
    pub(super) fn dispersion(&self) -> f64 {
        let learnt = match self.mean() {
            Some(mean) if mean > 0.0 => {
                let variance = self.squares / self.windows - mean * mean;
                ((variance - mean) / (mean * mean)).max(0.0)
            }
            _ => 0.0,
        };
        (self.windows * learnt + PRIOR_WINDOWS * PRIOR_DISPERSION) / (self.windows + PRIOR_WINDOWS)
    }

    /// The distribution of the messages of `windows` windows whose mean is `mean` each. Windows are
    /// not taken to be independent: the dispersion of one window holds for a run of them.
    pub(super) fn expected(&self, mean: f64, windows: u64) -> NegativeBinomial {
        // Half a message in all that is remembered: a mean of zero would make anything impossible.
        let mean = mean.max(0.5 / (self.windows + 1.0));
        NegativeBinomial { mean: mean * windows as f64, dispersion: self.dispersion() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_shrunk_bounded_in_strength_and_never_perfect() {
        let mut level = FailureLevel::default();
        assert!((level.belief().mean() - 0.05).abs() < 1e-12);
        level.learn(1, 0);
        assert!((level.belief().mean() - 2.0 / 21.0).abs() < 1e-12);
        for _ in 0..2_000 {
            level.learn(0, 50);
        }
        let belief = level.belief();
        assert!((belief.mean() - 0.005).abs() < 1e-12);
        assert!((belief.failed + belief.succeeded - 500.0).abs() < 1e-9);
    }

    #[test]
    fn a_shift_is_learnt_within_the_memory() {
        let mut level = FailureLevel::default();
        (0..2_000).for_each(|_| level.learn(1, 49));
        assert!((level.belief().mean() - 0.02).abs() < 1e-3);
        (0..2_000).for_each(|_| level.learn(10, 40));
        assert!((level.belief().mean() - 0.2).abs() < 1e-3);
    }

    #[test]
    fn dispersion_tells_constant_from_geometric_traffic() {
        let mut constant = VolumeLevel::default();
        (0..2_000).for_each(|_| constant.learn(50.0));
        // 24 × 0.25 ÷ (288 + 24): the prior alone.
        assert!((constant.dispersion() - 6.0 / 312.0).abs() < 1e-4);
        let mut bursty = VolumeLevel::default();
        (0..2_000).for_each(|window| bursty.learn(if window % 4 == 0 { 200.0 } else { 0.0 }));
        assert!((bursty.mean().expect("learnt") - 50.0).abs() < 0.5);
        // Variance 7,500: (7,500 − 50) ÷ 2,500 = 2.98, shrunk by 288 of 312 windows.
        assert!((bursty.dispersion() - 2.77).abs() < 0.06);
    }

    #[test]
    fn silence_is_learnt_at_once_as_window_by_window() {
        let mut one_by_one = VolumeLevel::default();
        (0..20).for_each(|_| one_by_one.learn(7.0));
        let mut at_once = one_by_one;
        (0..1_000).for_each(|_| one_by_one.learn(0.0));
        at_once.learn_silence(1_000);
        for (left, right) in [
            (one_by_one.windows, at_once.windows),
            (one_by_one.occupied, at_once.occupied),
            (one_by_one.sum, at_once.sum),
            (one_by_one.squares, at_once.squares),
        ] {
            assert!((left - right).abs() < 1e-9);
        }
    }
}
