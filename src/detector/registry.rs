//! The detectors by name.

use alloc::boxed::Box;

use super::binomial::{BetaBinomialRule, ExactBinomialRule};
use super::burn_rate::{BurnRateRule, TrafficBurnRateRule};
use super::controls::{AlwaysRule, RandomRule};
use super::ewma::EwmaRule;
use super::periods::{PreviousPeriodRule, SeasonalRule, ShesdRule};
use super::rule::RuleDetector;
use super::sequential::{CusumRule, EProcessRule, GlrRule};
use super::{Detector, DetectorSettings, ScoresDetector, StaticThresholdDetector};

/// A detector that can be chosen by name.
#[derive(Clone, Copy, Debug)]
pub struct DetectorInfo {
    /// Its name in scenarios and output.
    pub name: &'static str,
    /// When it alerts, in one sentence.
    pub rule: &'static str,
    /// Where it comes from.
    pub source: &'static str,
    /// The threshold it ships with. Those of the rivals were set on development seeds so that each
    /// raises about 0.01 false alarms a tenant-day, or as few as it can.
    pub threshold: f64,
    make: fn(f64, DetectorSettings) -> Box<dyn Detector>,
}

/// Every detector; the first is the one a scenario gets that names none.
pub const DETECTORS: &[DetectorInfo] = &[
    DetectorInfo {
        name: "scores",
        rule: "failures above the account's own rate, a volume far from its season, or outcomes that \
               stay out, each by as much evidence as it takes for many accounts",
        source: "Apportion; the scores of US20250168056A1 under definitions of our own",
        threshold: DetectorSettings::STANDARD.raise_at,
        make: |threshold, settings| {
            Box::new(ScoresDetector::new(DetectorSettings { raise_at: threshold, ..settings }))
        },
    },
    DetectorInfo {
        name: "static-threshold",
        rule: "at least 5 % of at least 20 outcomes in a window failed",
        source: "common practice",
        threshold: super::static_threshold::THRESHOLD,
        make: |threshold, settings| Box::new(StaticThresholdDetector::at(threshold, settings)),
    },
    DetectorInfo {
        name: "ewma-z",
        rule: "failure rate or volume far from its moving average, in standard deviations",
        source: "Roberts 1959",
        threshold: 80.0,
        make: |threshold, settings| Box::new(RuleDetector::new(EwmaRule, threshold, settings)),
    },
    DetectorInfo {
        name: "exact-binomial",
        rule: "so many failures in a window or an hour are improbable at the long-run rate",
        source: "Clopper and Pearson 1934",
        threshold: 4.3,
        make: |threshold, settings| {
            Box::new(RuleDetector::new(ExactBinomialRule, threshold, settings))
        },
    },
    DetectorInfo {
        name: "beta-binomial",
        rule: "the same, with the rate known only as well as the account's history tells",
        source: "empirical Bayes",
        threshold: 3.7,
        make: |threshold, settings| {
            Box::new(RuleDetector::new(BetaBinomialRule, threshold, settings))
        },
    },
    DetectorInfo {
        name: "e-process",
        rule: "a mixture of rates above the usual explains the failures so many times better",
        source: "Shin, Ramdas and Rinaldo 2022",
        threshold: 20.0,
        make: |threshold, settings| Box::new(RuleDetector::new(EProcessRule, threshold, settings)),
    },
    DetectorInfo {
        name: "bernoulli-cusum",
        rule: "a CUSUM tuned for ten points more failures than usual",
        source: "Page 1954",
        threshold: 11.0,
        make: |threshold, settings| Box::new(RuleDetector::new(CusumRule, threshold, settings)),
    },
    DetectorInfo {
        name: "glr",
        rule: "some higher rate explains the failures since some window of the last 48 better",
        source: "Lorden 1971, Lai 1995",
        threshold: 9.5,
        make: |threshold, settings| Box::new(RuleDetector::new(GlrRule, threshold, settings)),
    },
    DetectorInfo {
        name: "burn-rate",
        rule: "an error budget of 1 % burns 14.4 times too fast for an hour and for five minutes, or \
               6 times for six hours and half an hour",
        source: "Site Reliability Workbook, chapter 5",
        threshold: 15.0,
        make: |threshold, settings| Box::new(RuleDetector::new(BurnRateRule, threshold, settings)),
    },
    DetectorInfo {
        name: "burn-rate-by-traffic",
        rule: "an hour or six spend too much of the error budget of the account's own traffic",
        source: "Stark",
        threshold: 9.0,
        make: |threshold, settings| {
            Box::new(RuleDetector::new(TrafficBurnRateRule, threshold, settings))
        },
    },
    DetectorInfo {
        name: "previous-period",
        rule: "the last hour differs from the one before, relative to their sum",
        source: "common practice",
        threshold: 0.999,
        make: |threshold, settings| {
            Box::new(RuleDetector::new(PreviousPeriodRule, threshold, settings))
        },
    },
    DetectorInfo {
        name: "seasonal",
        rule: "the last hour differs from the same hour yesterday by more than counts vary",
        source: "common practice, with the square-root transform",
        threshold: 20.0,
        make: |threshold, settings| Box::new(RuleDetector::new(SeasonalRule, threshold, settings)),
    },
    DetectorInfo {
        name: "s-h-esd",
        rule: "an hour is far from the median of the same hours, in median absolute deviations",
        source: "Hochenbaum, Vallis and Kejariwal 2017",
        threshold: 11.0,
        make: |threshold, settings| Box::new(RuleDetector::new(ShesdRule, threshold, settings)),
    },
    DetectorInfo {
        name: "random",
        rule: "chance",
        source: "a control: whatever does no better than this knows nothing",
        threshold: 0.99997,
        make: |threshold, settings| Box::new(RuleDetector::new(RandomRule, threshold, settings)),
    },
    DetectorInfo {
        name: "always",
        rule: "everything is abnormal for ever",
        source: "a control: credit for anything but onsets would make it perfect",
        threshold: 0.0,
        make: |threshold, settings| Box::new(RuleDetector::new(AlwaysRule, threshold, settings)),
    },
];

/// The detector with this name, at the threshold that it ships with; for the first one that is
/// [`DetectorSettings::raise_at`].
pub fn detector(name: &str, settings: DetectorSettings) -> Option<Box<dyn Detector>> {
    let info = DETECTORS.iter().find(|info| info.name == name)?;
    let is_ours = info.name == DETECTORS[0].name;
    let threshold = if is_ours { settings.raise_at } else { info.threshold };
    Some((info.make)(threshold, settings))
}

/// The detector with this name at another threshold, to see what a threshold costs.
pub fn detector_at(
    name: &str,
    threshold: f64,
    settings: DetectorSettings,
) -> Option<Box<dyn Detector>> {
    DETECTORS.iter().find(|info| info.name == name).map(|info| (info.make)(threshold, settings))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Time;

    #[test]
    fn every_name_makes_a_detector_and_no_other_does() {
        for (index, info) in DETECTORS.iter().enumerate() {
            let made = detector(info.name, DetectorSettings::STANDARD).expect(info.name);
            assert_eq!(made.next_tick(), Time::from_seconds(300));
            assert!(DETECTORS[..index].iter().all(|earlier| earlier.name != info.name));
        }
        assert!(detector("score", DetectorSettings::STANDARD).is_none());
    }
}
