//! Has the volume moved?
//!
//! The Numenta benchmark's score is 56.8 with these constants, and between 51.8 and 59.0 when any one of
//! them is halved or doubled ([`FORGOTTEN`]: its distance from 1); on its tweets 66.8, and 62.6 to 68.5.

use alloc::collections::VecDeque;

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

/// The volume of a series; formulas at [`SeriesScorer`](super::SeriesScorer).
#[derive(Clone, Debug)]
pub(super) struct Volume {
    recent: Surprise,
    /// Of the differences from the day before.
    daily: Surprise,
    values_a_day: usize,
    day: VecDeque<f64>,
    range: Range,
}

impl Volume {
    pub(super) fn new(values_a_day: usize) -> Self {
        Volume {
            recent: Surprise::NONE,
            daily: Surprise::NONE,
            values_a_day,
            day: VecDeque::new(),
            range: Range { low: f64::INFINITY, high: f64::NEG_INFINITY },
        }
    }

    pub(super) fn score(&mut self, value: f64) -> f64 {
        let is_warm = self.recent.seen >= WARM_UP;
        let surprise = self.recent.of(value).max(self.of_the_day(value));
        let novelty = self.range.extend(value);
        surprise + if is_warm { NOVELTY * novelty } else { 0.0 }
    }

    fn of_the_day(&mut self, value: f64) -> f64 {
        if self.values_a_day < 2 {
            return 0.0;
        }
        let yesterday =
            if self.day.len() == self.values_a_day { self.day.pop_front() } else { None };
        self.day.push_back(value);
        yesterday.map_or(0.0, |yesterday| self.daily.of(value - yesterday))
    }
}

/// How surprising a value is to those who saw the values before.
#[derive(Clone, Debug)]
struct Surprise {
    seen: u32,
    mean: f64,
    variance: f64,
    largest: f64,
}

impl Surprise {
    const NONE: Surprise =
        Surprise { seen: 0, mean: 0.0, variance: 0.0, largest: LARGEST_AT_FIRST };

    fn of(&mut self, value: f64) -> f64 {
        if self.seen == 0 {
            (self.mean, self.seen) = (value, 1);
            return 0.0;
        }
        let difference = value - self.mean;
        let spread = libm::sqrt(self.variance);
        let z = match (self.seen >= WARM_UP, spread > 1e-9) {
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
        let surprise = z / libm::sqrt(self.largest);
        self.largest = (self.largest * FORGOTTEN).max(z);
        self.seen = self.seen.saturating_add(1);
        let alpha = ALPHA.max(1.0 / f64::from(self.seen));
        self.mean += alpha * difference;
        self.variance = (1.0 - alpha) * (self.variance + alpha * difference * difference);
        surprise
    }
}

#[derive(Clone, Debug)]
struct Range {
    low: f64,
    high: f64,
}

impl Range {
    /// How far a value lies outside all before it, as a part of their range; at most 1.
    fn extend(&mut self, value: f64) -> f64 {
        let range = self.high - self.low;
        let beyond = (value - self.high).max(self.low - value).max(0.0);
        (self.low, self.high) = (self.low.min(value), self.high.max(value));
        if range > 0.0 { (beyond / range).min(1.0) } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last(values_a_day: usize, values: &[f64]) -> f64 {
        let mut volume = Volume::new(values_a_day);
        values.iter().fold(0.0, |_, value| volume.score(*value))
    }

    fn wave(steps: u32) -> Vec<f64> {
        (0..steps).map(|step| 10.0 + f64::from(step * 7 % 5)).collect()
    }

    #[test]
    fn a_value_never_seen_before_is_worth_more_than_one_that_comes_back() {
        let with = |values: &[f64]| last(0, &[wave(500), values.to_vec()].concat());
        assert!(with(&[12.0]) < 1.0);
        assert!(with(&[40.0]) > 16.0);
        assert!(with(&[-20.0]) > 16.0);
        let back = [vec![40.0], wave(100), vec![40.0]].concat();
        assert!(with(&back) < 3.0, "{}", with(&back));
    }

    #[test]
    fn a_constant_series_scores_nothing_and_any_change_of_it_something() {
        assert_eq!(last(0, &[5.0; 200]), 0.0);
        let changed = last(0, &[vec![5.0; 200], vec![6.0]].concat());
        // The first value starts the mean; the 199 after it each forget a step of the largest.
        let largest = LARGEST_AT_FIRST * libm::pow(FORGOTTEN, 199.0);
        assert!((changed - 10.0 / libm::sqrt(largest)).abs() < 1e-12, "{changed}");
    }

    #[test]
    fn a_peak_that_does_not_come_is_seen_by_those_who_know_the_day() {
        let day = |step: u32| if step % 24 == 12 { 50.0 } else { 10.0 + f64::from(step % 3) };
        let mut values: Vec<f64> = (0..24 * 20).map(day).collect();
        values.extend((0..12).map(day));
        values.push(10.0);
        assert!(last(0, &values) < 0.5, "{}", last(0, &values));
        assert!(last(24, &values) > 5.0, "{}", last(24, &values));
    }
}
