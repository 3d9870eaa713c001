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
