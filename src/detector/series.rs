//! Scores for a series of values that has no account behind it: one series, one number a step.
//!
//! The detector of accounts counts outcomes and messages; what other monitoring systems export is often a
//! value a time step only. These scorers apply the same two questions to it, causally, one pass, with one
//! setting for all series: has the **volume** moved, or has the **failure** level risen?

use alloc::collections::VecDeque;
use alloc::vec::Vec;

/// What a series measures.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SeriesKind {
    /// A volume or another level: abnormal in both directions.
    Volume,
    /// Failures, or a rate of them: abnormal when it rises.
    Failure,
}

/// Weight of a new value in moving mean and variance.
const ALPHA: f64 = 0.01;
/// Values before which nothing is said.
const WARM_UP: u32 = 50;
/// The largest deviation of the past is forgotten by this factor a step.
const FORGOTTEN: f64 = 0.9998;
/// The largest deviation believed of a series of which nothing is known, in standard deviations.
const LARGEST_AT_FIRST: f64 = 3.0;
/// What a value counts for that lies beyond all before it by the whole range so far.
const NOVELTY: f64 = 16.0;
/// Values of which the usual level of failures is the median.
const REMEMBERED: usize = 720;
/// Failures a step that are nothing to speak of.
const FEW: f64 = 5.0;

/// Scores the values of one series as they come.
///
/// - **Volume**: √(z · z ÷ z_max) + 16·min(d ÷ range, 1), where z is the distance from the exponentially
///   weighted mean in standard deviations, z_max the largest of the past, slowly forgotten, and d how far
///   the value lies outside all values before. So a series with heavy tails needs more to surprise than
///   one without, and a value never seen before is worth more than one that comes back.
/// - **Failure**: (max + mean of the last two values) ÷ √(median so far + 5). Counts of failures vary by
///   the root of their level; two values, because a failure that lasts is worse than a spike.
#[derive(Clone, Debug)]
pub struct SeriesScorer {
    kind: SeriesKind,
    seen: u32,
    mean: f64,
    variance: f64,
    largest: f64,
    low: f64,
    high: f64,
    before: f64,
    order: VecDeque<f64>,
    sorted: Vec<f64>,
}

impl SeriesScorer {
    /// A scorer that has seen nothing.
    pub fn new(kind: SeriesKind) -> Self {
        SeriesScorer {
            kind,
            seen: 0,
            mean: 0.0,
            variance: 0.0,
            largest: LARGEST_AT_FIRST,
            low: f64::INFINITY,
            high: f64::NEG_INFINITY,
            before: 0.0,
            order: VecDeque::new(),
            sorted: Vec::new(),
        }
    }

    /// Scores the next value, and then learns it. At least 0; higher is more abnormal.
    pub fn score(&mut self, value: f64) -> f64 {
        match self.kind {
            SeriesKind::Volume => self.score_volume(value),
            SeriesKind::Failure => self.score_failure(value),
        }
    }

    fn score_volume(&mut self, value: f64) -> f64 {
        if self.seen == 0 {
            (self.mean, self.low, self.high, self.seen) = (value, value, value, 1);
            return 0.0;
        }
        let is_warm = self.seen >= WARM_UP;
        let difference = value - self.mean;
        let spread = libm::sqrt(self.variance);
        let z = match (is_warm, spread > 1e-9) {
            (false, _) => 0.0,
            (true, true) => difference.abs() / spread,
            // A constant series has no spread: any change at all is large, none is nothing.
            (true, false) => {
                if difference.abs() < 1e-9 {
                    0.0
                } else {
                    10.0
                }
            }
        };
        let surprise = libm::sqrt(z * z / self.largest);
        self.largest = (self.largest * FORGOTTEN).max(z);
        let range = self.high - self.low;
        let beyond = (value - self.high).max(self.low - value).max(0.0);
        let novelty = if is_warm && range > 0.0 { (beyond / range).min(1.0) } else { 0.0 };
        (self.low, self.high) = (self.low.min(value), self.high.max(value));
        self.seen = self.seen.saturating_add(1);
        let alpha = ALPHA.max(1.0 / f64::from(self.seen));
        self.mean += alpha * difference;
        self.variance = (1.0 - alpha) * (self.variance + alpha * difference * difference);
        surprise + NOVELTY * novelty
    }

    fn score_failure(&mut self, value: f64) -> f64 {
        let usual = self.sorted.get(self.sorted.len() / 2).copied().unwrap_or(value);
        let previous = if self.seen == 0 { 0.0 } else { self.before };
        let level = value.max(previous) + (value + previous) / 2.0;
        self.before = value;
        self.seen = self.seen.saturating_add(1);
        self.remember(value);
        level.max(0.0) / libm::sqrt(usual.max(0.0) + FEW)
    }

    fn remember(&mut self, value: f64) {
        if self.order.len() == REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            let at = self.sorted.partition_point(|one| one.total_cmp(&oldest).is_lt());
            self.sorted.remove(at);
        }
        self.order.push_back(value);
        let at = self.sorted.partition_point(|one| one.total_cmp(&value).is_lt());
        self.sorted.insert(at, value);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn last(kind: SeriesKind, values: &[f64]) -> f64 {
        let mut scorer = SeriesScorer::new(kind);
        values.iter().fold(0.0, |_, value| scorer.score(*value))
    }

    fn wave(steps: u32) -> Vec<f64> {
        (0..steps).map(|step| 10.0 + f64::from(step * 7 % 5)).collect()
    }

    #[test]
    fn a_value_never_seen_before_is_worth_more_than_one_that_comes_back() {
        let with =
            |values: &[f64]| last(SeriesKind::Volume, &[wave(500), values.to_vec()].concat());
        assert!(with(&[12.0]) < 1.0);
        assert!(with(&[40.0]) > 16.0);
        assert!(with(&[-20.0]) > 16.0);
        let back = [vec![40.0], wave(100), vec![40.0]].concat();
        assert!(with(&back) < 3.0, "{}", with(&back));
    }

    #[test]
    fn a_constant_series_scores_nothing_and_any_change_of_it_something() {
        assert_eq!(last(SeriesKind::Volume, &[5.0; 200]), 0.0);
        let changed = last(SeriesKind::Volume, &[vec![5.0; 200], vec![6.0]].concat());
        assert!((changed - libm::sqrt(100.0 / 3.0)).abs() < 1e-12, "{changed}");
    }

    #[test]
    fn failures_worked_by_hand() {
        // Median of 4 4 4 is 4: (20 + 12) ÷ √9, then (20 + 20) ÷ √9.
        assert!((last(SeriesKind::Failure, &[4.0, 4.0, 4.0, 20.0]) - 32.0 / 3.0).abs() < 1e-12);
        let twice = last(SeriesKind::Failure, &[4.0, 4.0, 4.0, 4.0, 20.0, 20.0]);
        assert!((twice - 40.0 / 3.0).abs() < 1e-12);
        let long = [vec![100.0; 800], vec![4.0; 720], vec![20.0, 20.0]].concat();
        let forgotten = last(SeriesKind::Failure, &long);
        assert!((forgotten - 40.0 / 3.0).abs() < 1e-12, "{forgotten}");
    }

    #[test]
    fn an_episode_is_one_alarm_at_every_threshold() {
        let times = [0, 60, 120, 180, 100_000, 100_060];
        let scores = [1.0, 3.0, 2.0, 3.0, 2.0, 2.5];
        assert_eq!(without_repeats(&times, &scores, 3_600), [1.0, 3.0, 0.0, 0.0, 2.0, 2.5]);
    }
}
