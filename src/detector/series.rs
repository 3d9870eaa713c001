//! Scores for a series of values that has no account behind it: one series, one number a step.
//!
//! The detector of accounts counts outcomes and messages in windows of its own; what other monitoring
//! systems export is often a value a time step only. These scorers put the same two questions to it,
//! causally, in one pass, with one setting for all series: has the **volume** moved, or has the **failure**
//! level risen?
//!
//! What they share with [`ScoresDetector`](super::ScoresDetector) is the approach: the past of the series
//! itself is what it is judged by, at the time of the day where there is one; counts vary by the root of
//! their level; evidence for failures is a CUSUM; little history damps. What they do not share: there are
//! no numbers of messages to compute a likelihood from, so evidence is in roots of ratios and not in nats;
//! and a score is a number to put a threshold on, without severity, grouping or hysteresis.

mod failures;
mod volume;

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use failures::Failures;
use volume::Volume;

/// What a series measures.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SeriesKind {
    /// A volume or another level: abnormal in both directions.
    Volume,
    /// Failures, or a rate of them: abnormal when it rises.
    Failure,
}

/// Scores the values of one series as they come.
///
/// - **Volume**: max(s, s′) + 16·min(d ÷ range, 1). s = |z| ÷ √z_max is the surprise of the value against
///   its exponentially weighted mean and variance, where z_max is the largest |z| of the past, slowly
///   forgotten: a series with heavy tails needs more to surprise than one without. s′ is the same of the
///   difference from the value a day before. d is how far the value lies outside all values before: a value
///   never seen before is worth more than one that comes back.
/// - **Failure**: (h + w)·n ÷ (n + 3) of the n-th value. With u the usual number of failures plus 5, h is
///   the larger of √(x ÷ √u) of this value x and the last one, and w a CUSUM of √(x ÷ u) − 1.2 whose
///   steps are at most 1 and whose level is at most 2. The usual is the median of the last 720 values; of
///   outcomes, it is their number times the median of the shares that failed.
///
///   h says how high the value is: √u is the standard deviation of a count. It holds for one more step,
///   because what has been normal for a single step is not over. w says how long failures have been half
///   as many again as usual, bounded so that neither a single value nor a long past decides alone.
#[derive(Clone, Debug)]
pub struct SeriesScorer(Scorer);

#[derive(Clone, Debug)]
enum Scorer {
    Volume(Volume),
    Failure(Failures),
}

impl SeriesScorer {
    /// A scorer that has seen nothing, of a series of which a day has so many values; where that is below
    /// 2, nothing is compared with the day before.
    pub fn new(kind: SeriesKind, values_a_day: usize) -> Self {
        SeriesScorer(match kind {
            SeriesKind::Volume => Scorer::Volume(Volume::new(values_a_day)),
            SeriesKind::Failure => Scorer::Failure(Failures::default()),
        })
    }

    /// Scores the next value, and then learns it. At least 0; higher is more abnormal.
    pub fn score(&mut self, value: f64) -> f64 {
        match &mut self.0 {
            Scorer::Volume(volume) => volume.score(value),
            Scorer::Failure(failures) => failures.score(value),
        }
    }

    /// Scores the next step, in which so many of so many outcomes `failed`, and then learns it. At least 0;
    /// higher is more abnormal. A step without outcomes says nothing new of failures. To a scorer of
    /// volume the number of outcomes is the volume.
    pub fn score_outcomes(&mut self, failed: f64, outcomes: f64) -> f64 {
        match &mut self.0 {
            Scorer::Volume(volume) => volume.score(outcomes),
            Scorer::Failure(failures) => failures.score_outcomes(failed, outcomes),
        }
    }
}

/// Leaves out repeats: a score counts only if none as high was given in the `quiet_s` seconds before.
/// Whatever the threshold, one episode is then one alarm.
pub fn without_repeats(times_s: &[i64], scores: &[f64], quiet_s: i64) -> Vec<f64> {
    // Scores that no later one has reached yet, the highest first.
    let mut standing: VecDeque<(i64, f64)> = VecDeque::new();
    let mut kept = Vec::with_capacity(scores.len());
    for (&time_s, &score) in times_s.iter().zip(scores) {
        while standing.front().is_some_and(|(since_s, _)| *since_s < time_s - quiet_s) {
            standing.pop_front();
        }
        let is_repeat = standing.front().is_some_and(|(_, highest)| *highest >= score);
        while standing.back().is_some_and(|(_, lower)| *lower < score) {
            standing.pop_back();
        }
        standing.push_back((time_s, score));
        kept.push(if is_repeat { 0.0 } else { score });
    }
    kept
}

/// The median of the newest values of a series.
#[derive(Clone, Debug)]
pub struct MovingMedian {
    kept: usize,
    order: VecDeque<f64>,
    sorted: Vec<f64>,
}

impl MovingMedian {
    /// Of the newest `kept` values, at least one.
    pub fn of(kept: usize) -> Self {
        MovingMedian { kept: kept.max(1), order: VecDeque::new(), sorted: Vec::new() }
    }

    /// The median of what is kept, of an even number the upper one; `None` of nothing.
    pub fn get(&self) -> Option<f64> {
        self.sorted.get(self.sorted.len() / 2).copied()
    }

    /// Takes in a value, and forgets the oldest where that is one too many.
    pub fn push(&mut self, value: f64) {
        let below = |sorted: &[f64], value: f64| {
            sorted.partition_point(|one| one.total_cmp(&value).is_lt())
        };
        if self.order.len() == self.kept
            && let Some(oldest) = self.order.pop_front()
        {
            self.sorted.remove(below(&self.sorted, oldest));
        }
        self.order.push_back(value);
        self.sorted.insert(below(&self.sorted, value), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_episode_is_one_alarm_at_every_threshold() {
        let times = [0, 60, 120, 180, 100_000, 100_060];
        let scores = [1.0, 3.0, 2.0, 3.0, 2.0, 2.5];
        assert_eq!(without_repeats(&times, &scores, 3_600), [1.0, 3.0, 0.0, 0.0, 2.0, 2.5]);
    }

    #[test]
    fn the_median_is_of_the_newest_values() {
        let mut median = MovingMedian::of(3);
        assert_eq!(median.get(), None);
        let after = |median: &mut MovingMedian, value: f64| {
            median.push(value);
            median.get()
        };
        let medians = [5.0, 1.0, 3.0, 9.0, 9.0].map(|value| after(&mut median, value));
        assert_eq!(medians, [5.0, 5.0, 3.0, 3.0, 9.0].map(Some));
    }
}
