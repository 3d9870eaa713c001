//! Has the failure level risen?
//!
//! The constants are round numbers in the middle of where they hardly matter, looked for on the crash rates of
//! a public monitoring data set: mean average precision is 0.83 there, and between 0.82 and 0.83 when any
//! one is halved or doubled ([`NO_RISE`]: between 1.1 and 1.4). Searched without the file that is judged it is
//! 0.825, and 0.81 when searched on purchase rates alone. Without the hold for a step it is 0.74, without the
//! evidence 0.81, by the value itself 0.69.

use super::MovingMedian;

/// Values of which the usual level of failures is the median.
const REMEMBERED: usize = 720;
/// Failures a step that are nothing to speak of.
const FEW: f64 = 5.0;
/// Root of failures ÷ usual up to which there is no evidence of a rise: 1.44 times the usual.
const NO_RISE: f64 = 1.2;
/// What one value may add to the evidence or take from it.
const STEP_MAX: f64 = 1.0;
/// The evidence is bounded, so that an episode ends within two ordinary values.
const EVIDENCE_MAX: f64 = 2.0;
/// Values that a median must have seen to be half believed.
const HALF_BELIEVED: f64 = 3.0;

/// The failures of a series; formulas at [`SeriesScorer`](super::SeriesScorer).
#[derive(Clone, Debug)]
pub(super) struct Failures {
    /// Of the failures, or of the shares of the outcomes that failed.
    usual: MovingMedian,
    seen: u32,
    /// Height of the last value.
    before: f64,
    evidence: f64,
}

impl Default for Failures {
    fn default() -> Self {
        Failures { usual: MovingMedian::of(REMEMBERED), seen: 0, before: 0.0, evidence: 0.0 }
    }
}

impl Failures {
    pub(super) fn score(&mut self, failed: f64) -> f64 {
        let usual = self.usual.get().unwrap_or(failed);
        self.usual.push(failed);
        self.judge(failed.max(0.0), usual.max(0.0))
    }

    pub(super) fn score_outcomes(&mut self, failed: f64, outcomes: f64) -> f64 {
        if outcomes <= 0.0 {
            return self.evidence * self.belief();
        }
        let share = failed.max(0.0) / outcomes;
        let usual = self.usual.get().unwrap_or(share);
        self.usual.push(share);
        self.judge(failed.max(0.0), usual * outcomes)
    }

    fn judge(&mut self, failed: f64, usual: f64) -> f64 {
        let usual = usual + FEW;
        self.seen = self.seen.saturating_add(1);
        let height = libm::sqrt(failed / libm::sqrt(usual));
        let rise = libm::sqrt(failed / usual) - NO_RISE;
        self.evidence = (self.evidence + rise.clamp(-STEP_MAX, STEP_MAX)).clamp(0.0, EVIDENCE_MAX);
        let held = height.max(self.before);
        self.before = height;
        (held + self.evidence) * self.belief()
    }

    /// How far the median can be believed.
    fn belief(&self) -> f64 {
        let seen = f64::from(self.seen);
        seen / (seen + HALF_BELIEVED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scores(values: &[f64]) -> Vec<f64> {
        let mut failures = Failures::default();
        values.iter().map(|value| failures.score(*value)).collect()
    }

    fn close(left: f64, right: f64) {
        assert!((left - right).abs() < 1e-12, "{left} is not {right}");
    }

    #[test]
    fn failures_worked_by_hand() {
        // Usual 4 + 5 = 9: height √(27 ÷ 3) = 3, rise √3 − 1.2; a second time evidence adds up, at a
        // third it is full; an ordinary value is still held, and its rise √(4 ÷ 9) − 1.2 taken off.
        let scores = scores(&[4.0, 4.0, 4.0, 27.0, 27.0, 27.0, 27.0, 4.0, 4.0]);
        let rise = libm::sqrt(3.0) - 1.2;
        close(scores[0], libm::sqrt(4.0 / 3.0) / 4.0);
        close(scores[3], (3.0 + rise) * 4.0 / 7.0);
        close(scores[4], (3.0 + 2.0 * rise) * 5.0 / 8.0);
        // From the seventh value on the median of the earlier ones is 27.
        close(scores[5], (3.0 + 3.0 * rise) * 6.0 / 9.0);
        let ordinary = libm::sqrt(27.0 / 32.0) - 1.2;
        let height = libm::sqrt(27.0 / libm::sqrt(32.0));
        close(scores[6], (3.0 + 3.0 * rise + ordinary) * 7.0 / 10.0);
        assert!(height < 3.0);
    }

    #[test]
    fn an_end_is_held_for_one_step_and_evidence_for_two() {
        let mut values = vec![4.0; 700];
        values.extend([100.0, 100.0, 100.0, 0.0, 0.0, 0.0]);
        let scores = scores(&values);
        let belief = |at: usize| at as f64 / (at as f64 + 3.0);
        let height = libm::sqrt(100.0 / 3.0);
        close(scores[702], (height + 2.0) * belief(703));
        close(scores[703], (height + 1.0) * belief(704));
        close(scores[704], 0.0);
        close(scores[705], 0.0);
    }

    #[test]
    fn the_usual_is_of_the_newest_values_and_not_poisoned_by_an_episode() {
        let long = [vec![1_000.0; 800], vec![4.0; 720], vec![100.0]].concat();
        let fresh = [vec![4.0; 1_520], vec![100.0]].concat();
        close(*scores(&long).last().expect("one"), *scores(&fresh).last().expect("one"));
        let after = [vec![4.0; 300], vec![1_000.0; 200], vec![4.0; 100], vec![100.0]].concat();
        let without = [vec![4.0; 600], vec![100.0]].concat();
        close(*scores(&after).last().expect("one"), *scores(&without).last().expect("one"));
    }

    #[test]
    fn a_failure_of_one_is_nothing_and_the_same_share_of_many_is_much() {
        let last = |failed: f64, outcomes: f64| {
            let mut failures = Failures::default();
            (0..300).for_each(|_| {
                failures.score_outcomes(0.02 * outcomes, outcomes);
            });
            failures.score_outcomes(failed, outcomes)
        };
        assert!(last(1.0, 1.0) < 0.8, "{}", last(1.0, 1.0));
        assert!(last(500.0, 1_000.0) > 9.0, "{}", last(500.0, 1_000.0));
        // Twice the outcomes with twice the failures are as usual.
        let mut failures = Failures::default();
        (0..300).for_each(|_| {
            failures.score_outcomes(20.0, 1_000.0);
        });
        let (doubled, risen) = {
            let mut other = failures.clone();
            (other.score_outcomes(40.0, 2_000.0), failures.score_outcomes(120.0, 2_000.0))
        };
        assert!(doubled < 2.5 && risen > 4.0, "{doubled} {risen}");
    }

    #[test]
    fn a_step_without_outcomes_says_nothing() {
        let mut failures = Failures::default();
        (0..300).for_each(|_| {
            failures.score_outcomes(2.0, 100.0);
        });
        assert!(failures.score_outcomes(80.0, 100.0) > 6.0);
        let (before, silent) = (failures.evidence, failures.score_outcomes(0.0, 0.0));
        assert_eq!((failures.evidence, failures.seen), (before, 301));
        assert!(silent > 0.0 && silent < 1.01, "{silent}");
    }
}
