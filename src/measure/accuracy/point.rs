//! Point-wise precision, recall and F, and their adjusted variants.

use super::runs;

/// Points by what they are and what they were called.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Confusion {
    /// Abnormal and called so.
    pub true_positives: u64,
    /// Ordinary and called abnormal.
    pub false_positives: u64,
    /// Abnormal and not called so.
    pub false_negatives: u64,
    /// Ordinary and not called abnormal.
    pub true_negatives: u64,
}

impl Confusion {
    /// Counts the points of a series.
    ///
    /// # Panics
    /// When both are not of the same length.
    pub fn of(labels: &[bool], predictions: &[bool]) -> Confusion {
        assert_eq!(labels.len(), predictions.len(), "a prediction for every label");
        let mut confusion = Confusion::default();
        for (label, predicted) in labels.iter().zip(predictions) {
            *match (label, predicted) {
                (true, true) => &mut confusion.true_positives,
                (false, true) => &mut confusion.false_positives,
                (true, false) => &mut confusion.false_negatives,
                (false, false) => &mut confusion.true_negatives,
            } += 1;
        }
        confusion
    }

    /// Share of the points called abnormal that are; `None` if none was.
    pub fn precision(&self) -> Option<f64> {
        share(self.true_positives, self.true_positives + self.false_positives)
    }

    /// Share of the abnormal points that were called so; `None` if there are none.
    pub fn recall(&self) -> Option<f64> {
        share(self.true_positives, self.true_positives + self.false_negatives)
    }

    /// F1, 2·TP ÷ (2·TP + FP + FN); `None` if nothing is abnormal and nothing was called so.
    pub fn f1(&self) -> Option<f64> {
        let both = 2 * self.true_positives;
        share(both, both + self.false_positives + self.false_negatives)
    }
}

fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// F_β = (1 + β²)·P·R ÷ (β²·P + R); 0 when both are 0.
pub fn f_beta(precision: f64, recall: f64, beta: f64) -> f64 {
    let weight = beta * beta;
    let below = weight * precision + recall;
    if below > 0.0 { (1.0 + weight) * precision * recall / below } else { 0.0 }
}

/// Predictions after **point adjustment** (PA%K, Kim et al., AAAI 2022): an event of which more than
/// `percent` of the points were called is called as a whole. 0 is plain adjustment, 100 changes nothing.
///
/// Adjustment flatters: with events of 500 points and 12 % abnormal, a *random* score reaches an
/// adjusted F1 of 0.96 ([`random_adjusted_f1`]). Never a headline.
pub fn adjusted(labels: &[bool], predictions: &[bool], percent: f64) -> Vec<bool> {
    let mut adjusted = predictions.to_vec();
    for event in runs(labels) {
        let called = predictions[event.clone()].iter().filter(|called| **called).count();
        if called as f64 > percent / 100.0 * event.len() as f64 {
            adjusted[event].fill(true);
        }
    }
    adjusted
}

/// The area under adjusted F1 over K = 0, 1, …, 100, by the trapezoidal rule.
pub fn adjusted_f1_area(labels: &[bool], predictions: &[bool]) -> Option<f64> {
    let f1 = |percent: u32| {
        Confusion::of(labels, &adjusted(labels, predictions, f64::from(percent))).f1()
    };
    let mut area = 0.0;
    for percent in 0..100 {
        area += (f1(percent)? + f1(percent + 1)?) / 200.0;
    }
    Some(area)
}

/// The best adjusted F1 that a uniformly random score is expected to reach, over all thresholds:
/// R = 1 − θᵗ, P = γR ÷ (γR + (1 − γ)(1 − θ)), for the share `prevalence` γ of abnormal points in
/// events of `length` t.
pub fn random_adjusted_f1(prevalence: f64, length: f64) -> f64 {
    let mut best = 0.0_f64;
    // Denser towards 1, where long events have their optimum.
    for step in 0..=4_000 {
        let rest = libm::pow(10.0, -6.0 * f64::from(step) / 4_000.0);
        let recall = -libm::expm1(length * libm::log1p(-rest.min(1.0 - 1e-12)));
        let hit = prevalence * recall;
        let precision = hit / (hit + (1.0 - prevalence) * rest);
        best = best.max(f_beta(precision, recall, 1.0));
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_their_shares() {
        let labels = [true, true, true, false, false];
        let confusion = Confusion::of(&labels, &[true, false, true, true, false]);
        assert_eq!((confusion.true_positives, confusion.false_positives), (2, 1));
        assert_eq!((confusion.false_negatives, confusion.true_negatives), (1, 1));
        assert_eq!((confusion.precision(), confusion.recall()), (Some(2.0 / 3.0), Some(2.0 / 3.0)));
        assert_eq!(confusion.f1(), Some(2.0 / 3.0));
        assert_eq!(Confusion::of(&[false], &[false]).f1(), None);
        assert_eq!(f_beta(0.5, 1.0, 2.0), 5.0 / 6.0);
    }

    #[test]
    fn adjustment_is_strict_in_k() {
        let labels = [true, true, true, true, false];
        let called = [false, true, true, false, true];
        assert_eq!(adjusted(&labels, &called, 49.0), [true; 5]);
        assert_eq!(adjusted(&labels, &called, 50.0), called);
        // K = 0 to 49: TP 4, FP 1; from 50 on TP 2, FP 1, FN 2.
        let expected =
            (49.0 * (8.0 / 9.0) + 50.0 * (4.0 / 7.0) + 0.5 * (8.0 / 9.0 + 4.0 / 7.0)) / 100.0;
        assert!((adjusted_f1_area(&labels, &called).expect("defined") - expected).abs() < 1e-12);
    }

    #[test]
    fn adjustment_flatters_a_random_score() {
        // The four figures of the derivation.
        for (prevalence, length, best) in
            [(0.05, 10.0, 0.368), (0.05, 100.0, 0.772), (0.12, 500.0, 0.963), (0.01, 288.0, 0.681)]
        {
            let found = random_adjusted_f1(prevalence, length);
            assert!((found - best).abs() < 1e-3, "{prevalence} {length}: {found}");
        }
    }
}
