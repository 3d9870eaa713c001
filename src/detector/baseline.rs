//! What is ordinary for an account: its own failure rate and its own volume.
//!
//! Both are learnt from windows that have left the quarantine of recent windows and were not found
//! abnormal, so an anomaly does not teach the level it is judged against. The past is forgotten by
//! windows: each learnt window weighs [`RETAINED`] times what the next one does.

use super::tail::Beta;

/// The weight of a window once another is learnt. The memory of 288 windows is one day of the
/// standard width: yesterday is a better guide than last week while a history is short.
pub(super) const RETAINED: f64 = 1.0 - 1.0 / 288.0;

/// What is believed of failures before anything is known: a rate of 5 %, the failures of a
/// nationwide carrier in ordinary operation (Meng et al., INFOCOM 2007: 5.1 %) …
const PRIOR_FAILED: f64 = 1.0;
/// … with the strength of 20 messages, so that an account soon speaks for itself.
const PRIOR_SUCCEEDED: f64 = 19.0;
/// The rate that this is.
pub(super) const PRIOR_RATE: f64 = PRIOR_FAILED / (PRIOR_FAILED + PRIOR_SUCCEEDED);
/// The belief never gets stronger than this many messages: rates of healthy accounts wander, which
/// makes counts over-dispersed by 1 ÷ (1 + strength) however long the history.
const STRENGTH_MAX: f64 = 500.0;
/// No account is believed to fail less often, so that neither one failure nor two are surprising enough.
pub(super) const RATE_MIN: f64 = 0.008;
/// No account's outcomes are believed to be late less often.
pub(super) const LATE_MIN: f64 = 0.005;

/// Windows of noise believed, in units of n·(n − 1)·p·(1 − p), before an account shows its own.
const PRIOR_NOISE: f64 = 500.0;
/// Correlation of two outcomes of one window that is believed until then.
const PRIOR_CORRELATION: f64 = 1.0 / 100.0;

/// How many outcomes a rate remembers at least, however few an account has in a day: with 16,000 a rate
/// of 5 % is known to 0.2 points. Busy accounts remember a day.
const MEMORY_MESSAGES: f64 = 16_000.0;

/// The learnt rate of an account, of failures or of outcomes that are late, and how much it wanders.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(super) struct FailureLevel {
    failed: f32,
    succeeded: f32,
    /// Squared deviations beyond what a constant rate explains, and what a rate that wanders by all
    /// there is would add: their ratio is the correlation of two outcomes of one window.
    beyond: f32,
    scale: f32,
}

impl FailureLevel {
    /// Learns a window. A window without outcomes teaches and forgets nothing, so a sparse account
    /// remembers as many messages as a busy one remembers windows.
    pub(super) fn learn(&mut self, failed: u32, succeeded: u32) {
        if failed == 0 && succeeded == 0 {
            return;
        }
        let (x, n) = (f64::from(failed), f64::from(failed) + f64::from(succeeded));
        let p = self.belief().mean();
        let variance = n * p * (1.0 - p);
        let retained = (1.0 - (n / MEMORY_MESSAGES).min(1.0 - RETAINED)) as f32;
        self.beyond = self.beyond * retained + ((x - n * p) * (x - n * p) - variance) as f32;
        self.scale = self.scale * retained + (variance * (n - 1.0)) as f32;
        self.failed = self.failed * retained + failed as f32;
        self.succeeded = self.succeeded * retained + succeeded as f32;
    }

    /// The correlation of two outcomes of one window: how much the rate has wandered, shrunk.
    pub(super) fn correlation(&self) -> f64 {
        let learnt = f64::from(self.beyond) + PRIOR_NOISE * PRIOR_CORRELATION;
        (learnt / (f64::from(self.scale) + PRIOR_NOISE)).clamp(1.0 / 5_000.0, 0.5)
    }

    /// A failure that was learnt was none.
    pub(super) fn correct(&mut self) {
        let taken = self.failed.min(1.0);
        self.failed -= taken;
        self.succeeded += taken;
    }

    /// The belief about the rate: prior and history added up, at most as strong as
    /// 500 messages, its mean at least 0.8 %.
    pub(super) fn belief(&self) -> Beta {
        let failed = PRIOR_FAILED + f64::from(self.failed);
        let total = failed + PRIOR_SUCCEEDED + f64::from(self.succeeded);
        let rate = (failed / total).max(RATE_MIN);
        let strength = total.min(STRENGTH_MAX);
        Beta { failed: (rate * strength).max(1.0), succeeded: ((1.0 - rate) * strength).max(1.0) }
    }

    /// How many outcomes are remembered.
    pub(super) fn messages(&self) -> f64 {
        f64::from(self.failed + self.succeeded)
    }

    /// The rate against which evidence is added up: a standard deviation above the believed one (three
    /// where nothing is known), because the error of the belief is the same in every window; its
    /// strength is that of one window's rate, from how much the account's rate has wandered.
    ///
    /// `rate` is what is believed of an account of which nothing is known, `least` the least rate that
    /// any account is believed to have.
    pub(super) fn pessimistic(&self, rate: f64, least: f64) -> Beta {
        let prior = PRIOR_FAILED + PRIOR_SUCCEEDED;
        let total = prior + f64::from(self.failed + self.succeeded);
        let mean = ((prior * rate + f64::from(self.failed)) / total).max(least);
        let deviations = 1.0 + 2.0 * prior / total;
        let error = libm::sqrt(mean * (1.0 - mean) / (total + 1.0));
        let rate = (mean + deviations * error).min(0.999);
        let strength = 1.0 / self.correlation() - 1.0;
        Beta { failed: rate * strength, succeeded: (1.0 - rate) * strength }
    }
}

/// What accounts of which little is known are like, all together: the mean failure rate and the mean
/// share of late outcomes in the windows that they taught.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Young {
    failed: f64,
    late: f64,
    windows: f64,
}

/// Outcomes up to which an account is young.
const YOUNG: f64 = 500.0;
/// Windows that the young remember.
const YOUNG_WINDOWS: f64 = 100_000.0;

impl Default for Young {
    /// 5 %, as if 50 windows had said so.
    fn default() -> Self {
        Young { failed: 2.5, late: 2.5, windows: 50.0 }
    }
}

impl Young {
    /// Learns an ordinary window of an account whose failures are known to this level.
    pub(super) fn learn(&mut self, level: &FailureLevel, failure_rate: f64, late_rate: f64) {
        if level.messages() >= YOUNG {
            return;
        }
        let retained = 1.0 - 1.0 / YOUNG_WINDOWS;
        self.failed = self.failed * retained + failure_rate;
        self.late = self.late * retained + late_rate;
        self.windows = self.windows * retained + 1.0;
    }

    /// The rate of failures and that of late outcomes.
    pub(super) fn rates(&self) -> (f64, f64) {
        (self.failed / self.windows, self.late / self.windows)
    }
}

/// Dispersion believed of an account of which little is known, and the windows it counts for. It
/// never quite vanishes, so no account's volume is taken to be steadier than about 14 %.
const PRIOR_DISPERSION: f64 = 0.25;
const PRIOR_WINDOWS: f64 = 24.0;

/// The learnt volume of an account, in messages a window.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(super) struct VolumeLevel {
    windows: f32,
    sum: f32,
    /// Squared deviations from what was expected beyond those of a Poisson count, and the squares of
    /// what was expected.
    beyond: f32,
    scale: f32,
}

impl VolumeLevel {
    /// Learns a window with `submitted` messages, of which the season had this expectation.
    pub(super) fn learn(&mut self, submitted: f64, expected: Option<f64>) {
        let retained = RETAINED as f32;
        let mean = expected.or(self.mean()).unwrap_or(submitted);
        let off = submitted - mean;
        self.beyond = self.beyond * retained + (off * off - mean) as f32;
        self.scale = self.scale * retained + (mean * mean) as f32;
        self.windows = self.windows * retained + 1.0;
        self.sum = self.sum * retained + submitted as f32;
    }

    /// Learns `windows` without a message at once, of each of which the season had this expectation.
    pub(super) fn learn_silence(&mut self, windows: u64, expected: Option<f64>) {
        let retained = libm::pow(RETAINED, windows as f64);
        let learnt = (1.0 - retained) / (1.0 - RETAINED);
        let mean = expected.or(self.mean()).unwrap_or(0.0);
        let taken = |sum: f32, each: f64| (f64::from(sum) * retained + each * learnt) as f32;
        self.windows = taken(self.windows, 1.0);
        self.sum = taken(self.sum, 0.0);
        self.beyond = taken(self.beyond, mean * mean - mean);
        self.scale = taken(self.scale, mean * mean);
    }

    /// How many windows are remembered, 0 to 288; older ones count less.
    pub(super) fn windows(&self) -> f64 {
        self.windows.into()
    }

    /// How many messages are remembered.
    pub(super) fn messages(&self) -> f64 {
        self.sum.into()
    }

    /// Mean messages a window, if anything is remembered.
    pub(super) fn mean(&self) -> Option<f64> {
        (self.windows > 0.0).then(|| f64::from(self.sum) / f64::from(self.windows))
    }

    /// Over-dispersion (variance − mean) ÷ mean² by moments, shrunk towards the prior: 0 for
    /// Poisson traffic, 1 for geometric.
    pub(super) fn dispersion(&self) -> f64 {
        let mean = self.mean().unwrap_or(0.0).max(0.01);
        let weight = PRIOR_WINDOWS * mean * mean;
        let learnt = f64::from(self.beyond) + PRIOR_DISPERSION * weight;
        (learnt / (f64::from(self.scale) + weight)).clamp(0.01, 1e4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_shrunk_bounded_in_strength_and_never_perfect() {
        let mut level = FailureLevel::default();
        assert!((level.belief().mean() - 0.05).abs() < 1e-9);
        level.learn(1, 0);
        assert!((level.belief().mean() - 2.0 / 21.0).abs() < 1e-12);
        for _ in 0..2_000 {
            level.learn(0, 50);
        }
        let belief = level.belief();
        assert!((belief.mean() - RATE_MIN).abs() < 1e-12);
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
        (0..2_000).for_each(|_| constant.learn(50.0, None));
        // It varies less than Poisson: no less than 0.01 is believed.
        assert_eq!(constant.dispersion(), 0.01);
        let mut bursty = VolumeLevel::default();
        (0..2_000)
            .for_each(|window| bursty.learn(if window % 4 == 0 { 200.0 } else { 0.0 }, Some(50.0)));
        assert!((bursty.mean().expect("learnt") - 50.0).abs() < 0.5);
        // Variance 7,500: (7,500 − 50) ÷ 2,500 = 2.98, shrunk by 288 of 312 windows.
        assert!((bursty.dispersion() - 2.77).abs() < 0.06, "{}", bursty.dispersion());
    }

    #[test]
    fn silence_is_learnt_at_once_as_window_by_window() {
        let mut one_by_one = VolumeLevel::default();
        (0..20).for_each(|_| one_by_one.learn(7.0, Some(7.0)));
        let mut at_once = one_by_one;
        (0..1_000).for_each(|_| one_by_one.learn(0.0, Some(0.0)));
        at_once.learn_silence(1_000, Some(0.0));
        for (left, right) in [
            (one_by_one.windows, at_once.windows),
            (one_by_one.sum, at_once.sum),
            (one_by_one.scale, at_once.scale),
        ] {
            assert!((left - right).abs() < 1e-2, "{left} {right}");
        }
        (0..100).for_each(|_| one_by_one.learn(0.0, Some(3.0)));
        at_once.learn_silence(100, Some(3.0));
        for (left, right) in
            [(one_by_one.beyond, at_once.beyond), (one_by_one.scale, at_once.scale)]
        {
            assert!(left > 100.0 && (left - right).abs() < 1e-2 * left, "{left} {right}");
        }
    }
}
