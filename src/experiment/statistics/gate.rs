//! The gate that a change must pass: did anything get worse than its margin allows?

use super::best::Better;
use super::holm::holm;
use super::level::Level;
use super::non_inferiority::{NonInferiority, Outcome, non_inferiority};

/// How much worse a metric may get: fixed in the scenario, before the runs.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Margin {
    /// By so much, in the units of the metric.
    Absolute(f64),
    /// By this part of the mean before, for instance 0.05.
    Relative(f64),
}

/// A metric before and after, replication by replication on the same luck.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct GatedMetric<'a> {
    /// Which way it is good.
    pub better: Better,
    /// How much worse it may get.
    pub margin: Margin,
    /// Its values before.
    pub before: &'a [f64],
    /// Its values after, as many.
    pub after: &'a [f64],
}

/// What a gate says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GateVerdict {
    /// The digests are equal: nothing that happens has changed. No statistics were needed.
    Identical,
    /// Every metric is shown to be no worse than its margin allows.
    Pass,
    /// At least one metric is shown to be worse than its margin allows.
    Fail,
    /// Neither.
    Inconclusive,
}

/// One metric's part in the verdict.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct MetricVerdict {
    /// What follows for the metric, with the correction for several metrics.
    pub outcome: Outcome,
    /// The test by itself; absent for fewer than two replications or when a value is not finite.
    pub test: Option<NonInferiority>,
    /// Its `p_worse`, adjusted for several metrics (Holm).
    pub adjusted_p_worse: Option<f64>,
}

/// A gate's verdict, and each metric's part in it.
#[derive(Clone, PartialEq, Debug)]
pub struct Gate {
    /// The verdict.
    pub verdict: GateVerdict,
    /// The metrics, in order; none when the digests are equal.
    pub metrics: Vec<MetricVerdict>,
}

impl Gate {
    /// About how many replications would decide every metric that is undecided now; absent when none
    /// is, or when one cannot say.
    pub fn replications_needed(&self) -> Option<usize> {
        let undecided = self.metrics.iter().filter(|one| one.outcome == Outcome::Inconclusive);
        let needed: Option<Vec<usize>> =
            undecided.map(|one| one.test.and_then(|test| test.replications_needed)).collect();
        needed?.into_iter().max()
    }
}

/// Judges a change. Equal digests pass at once: the same events happened in the same order. Otherwise
/// each metric is tested for non-inferiority (see [`non_inferiority`]).
///
/// *Pass* means that all metrics pass: that claim is wrong with probability at most α without any
/// correction (intersection–union; Berger, *Technometrics* 24, 1982). *Fail* means that some metric fails,
/// and with fifty metrics some would by chance: so failures are by Holm's step-down, and the probability
/// that an unharmed change fails is at most α, however many metrics are watched. All else is inconclusive,
/// also no metrics at all. Who looks several times passes `level.split(looks)`.
///
/// **Relative margins** are tested on after − (1 + r)·before, whose mean is at most 0 just when the mean
/// after is at most 1 + r times the mean before ((1 − r)·before − after where larger is better). Unlike
/// logarithms this is about the ratio of means, and zeros do no harm (Laster & Johnson, *Statistics in
/// Medicine* 22, 2003). [`NonInferiority::worsening`] is then that difference and its margin 0.
///
/// Violated promises (a quota exceeded, a message lost) are not statistical: one is a failure, and it is
/// not this function's business.
///
/// # Panics
/// When a metric has more values before than after or the reverse, or a margin is negative or not finite.
pub fn gate(digests_are_equal: bool, metrics: &[GatedMetric<'_>], level: Level) -> Gate {
    if digests_are_equal {
        return Gate { verdict: GateVerdict::Identical, metrics: Vec::new() };
    }
    let tests: Vec<Option<NonInferiority>> =
        metrics.iter().map(|metric| metric.test(level)).collect();
    // A metric without a test cannot fail; leaving it out of the family favours nobody else, since it
    // was left out for lack of values and not for what they were.
    let p_values: Vec<f64> = tests.iter().flatten().map(|test| test.p_worse).collect();
    let mut adjusted = holm(&p_values).into_iter();
    let metrics: Vec<MetricVerdict> = tests
        .into_iter()
        .map(|test| {
            let adjusted_p_worse = test.and_then(|_| adjusted.next());
            let outcome = match (test, adjusted_p_worse) {
                (Some(test), _) if test.outcome == Outcome::Pass => Outcome::Pass,
                (Some(_), Some(p)) if p < level.error() => Outcome::Fail,
                _ => Outcome::Inconclusive,
            };
            MetricVerdict { outcome, test, adjusted_p_worse }
        })
        .collect();
    let verdict = if metrics.iter().any(|one| one.outcome == Outcome::Fail) {
        GateVerdict::Fail
    } else if !metrics.is_empty() && metrics.iter().all(|one| one.outcome == Outcome::Pass) {
        GateVerdict::Pass
    } else {
        GateVerdict::Inconclusive
    };
    Gate { verdict, metrics }
}

impl GatedMetric<'_> {
    fn test(&self, level: Level) -> Option<NonInferiority> {
        assert_eq!(self.before.len(), self.after.len(), "as many values before as after");
        let (part, margin) = match self.margin {
            Margin::Absolute(margin) => (0.0, margin),
            Margin::Relative(part) => {
                assert!(part >= 0.0 && part.is_finite(), "a margin of {part} tolerates nothing");
                (part, 0.0)
            }
        };
        let pairs = self.before.iter().zip(self.after);
        let worsening: Vec<f64> = match self.better {
            Better::Smaller => pairs.map(|(before, after)| after - (1.0 + part) * before).collect(),
            Better::Larger => pairs.map(|(before, after)| (1.0 - part) * before - after).collect(),
        };
        non_inferiority(&worsening, margin, level)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: [f64; 5] = [10.0, 11.0, 9.0, 10.0, 10.0];

    /// Before plus `by`, give or take `spread`.
    fn after(by: f64, spread: f64) -> [f64; 5] {
        let signs = [-1.0, 1.0, 0.0, -1.0, 1.0];
        std::array::from_fn(|index| BEFORE[index] + by + spread * signs[index])
    }

    fn metric(after: &[f64], margin: Margin) -> GatedMetric<'_> {
        GatedMetric { better: Better::Smaller, margin, before: &BEFORE, after }
    }

    fn verdict(metrics: &[GatedMetric<'_>]) -> GateVerdict {
        gate(false, metrics, Level::P95).verdict
    }

    #[test]
    fn equal_digests_pass_without_statistics() {
        let worse = after(100.0, 0.0);
        let gate = gate(true, &[metric(&worse, Margin::Absolute(0.0))], Level::P95);
        assert_eq!((gate.verdict, gate.metrics.len()), (GateVerdict::Identical, 0));
    }

    #[test]
    fn all_must_pass_and_one_may_fail() {
        let (same, worse, unclear) = (after(0.0, 0.1), after(3.0, 0.1), after(1.0, 1.0));
        let [same, worse, unclear] =
            [&same, &worse, &unclear].map(|after| metric(after, Margin::Absolute(1.0)));
        assert_eq!(verdict(&[same, same]), GateVerdict::Pass);
        assert_eq!(verdict(&[same, unclear]), GateVerdict::Inconclusive);
        assert_eq!(verdict(&[same, unclear, worse]), GateVerdict::Fail);
        // Of nothing nothing is shown.
        assert_eq!(verdict(&[]), GateVerdict::Inconclusive);
    }

    /// t = (1.5 − 0.5) ÷ (S ÷ √5); S = 1 gives 2.236 and p = 0.0445: below 5 % alone, not among three.
    #[test]
    fn one_failure_among_many_is_corrected_for() {
        let (same, worse) = (after(0.0, 0.1), after(1.5, 1.0));
        let [same, worse] = [&same, &worse].map(|after| metric(after, Margin::Absolute(0.5)));
        assert_eq!(verdict(&[worse]), GateVerdict::Fail);
        let among_three = gate(false, &[same, worse, same], Level::P95);
        assert_eq!(among_three.verdict, GateVerdict::Inconclusive);
        let judged = among_three.metrics[1];
        let alone = judged.test.expect("five pairs");
        assert_eq!((alone.outcome, judged.outcome), (Outcome::Fail, Outcome::Inconclusive));
        assert!((alone.p_worse - 0.0445).abs() < 5e-5, "{judged:?}");
        let adjusted = judged.adjusted_p_worse.expect("five pairs");
        assert!((adjusted - 3.0 * alone.p_worse).abs() < 1e-12, "{judged:?}");
        assert_eq!(among_three.replications_needed(), alone.replications_needed);
    }

    #[test]
    fn a_metric_without_values_decides_nothing() {
        let (same, broken) = (after(0.0, 0.1), after(f64::NAN, 0.0));
        let [same, broken] = [&same, &broken].map(|after| metric(after, Margin::Absolute(1.0)));
        let judged = gate(false, &[broken, same], Level::P95);
        assert_eq!(judged.verdict, GateVerdict::Inconclusive);
        assert_eq!((judged.metrics[0].test, judged.metrics[0].adjusted_p_worse), (None, None));
        assert_eq!(judged.metrics[1].outcome, Outcome::Pass);
        assert_eq!(judged.replications_needed(), None);
    }

    #[test]
    fn relative_margins_are_parts_of_the_mean_before() {
        let times = |factor: f64| BEFORE.map(|value| factor * value);
        for (factor, better, expected) in [
            (1.04, Better::Smaller, GateVerdict::Pass),
            (1.06, Better::Smaller, GateVerdict::Fail),
            (0.5, Better::Smaller, GateVerdict::Pass),
            (0.96, Better::Larger, GateVerdict::Pass),
            (0.94, Better::Larger, GateVerdict::Fail),
            (2.0, Better::Larger, GateVerdict::Pass),
        ] {
            let after = times(factor);
            let one = GatedMetric { better, ..metric(&after, Margin::Relative(0.05)) };
            assert_eq!(verdict(&[one]), expected, "{factor} {better:?}");
        }
        // Nothing before and nothing after is no worse.
        let nothing = GatedMetric {
            better: Better::Smaller,
            margin: Margin::Relative(0.05),
            before: &[0.0; 3],
            after: &[0.0; 3],
        };
        assert_eq!(verdict(&[nothing]), GateVerdict::Pass);
    }
}
