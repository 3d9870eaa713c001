//! The detectors by name.

use alloc::boxed::Box;

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
    make: fn(DetectorSettings) -> Box<dyn Detector>,
}

/// Every detector; the first is the one a scenario gets that names none.
pub const DETECTORS: &[DetectorInfo] = &[
    DetectorInfo {
        name: "scores",
        rule: "failures above the account's own rate, or a volume far from its previous periods \
               and not explained by how sparse they were",
        source: "Apportion; the scores of US20250168056A1 under definitions of our own",
        make: |settings| Box::new(ScoresDetector::new(settings)),
    },
    DetectorInfo {
        name: "static-threshold",
        rule: "at least 5 % of at least 20 outcomes in a window failed",
        source: "common practice",
        make: |settings| Box::new(StaticThresholdDetector::new(settings)),
    },
];

/// The detector with this name.
pub fn detector(name: &str, settings: DetectorSettings) -> Option<Box<dyn Detector>> {
    DETECTORS.iter().find(|info| info.name == name).map(|info| (info.make)(settings))
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
