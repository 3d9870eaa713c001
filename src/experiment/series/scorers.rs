//! Ways to score a series: ours, and those they have to beat.

use crate::detector::{MovingMedian, SeriesKind, SeriesScorer};
use crate::scenario::LabelledSeries;
use crate::units::mix;

/// A way to score a series, causally: the score of a step knows nothing of later ones.
#[derive(Clone, Copy, Debug)]
pub struct SeriesScorerInfo {
    /// Its name in output.
    pub name: &'static str,
    /// What is scored, in one sentence.
    pub rule: &'static str,
    /// Where it comes from.
    pub source: &'static str,
    /// Whether it is ours.
    pub is_ours: bool,
    score: fn(&LabelledSeries) -> Vec<f64>,
}

impl SeriesScorerInfo {
    /// A score for every step, at least 0; higher is more abnormal.
    pub fn score(&self, series: &LabelledSeries) -> Vec<f64> {
        (self.score)(series)
    }
}

/// Every scorer; ours first.
pub const SERIES_SCORERS: &[SeriesScorerInfo] = &[
    SeriesScorerInfo {
        name: "volume",
        rule: "far from the recent mean, from yesterday, or beyond all that was seen",
        source: "Apportion",
        is_ours: true,
        score: |series| ours(series, SeriesKind::Volume),
    },
    SeriesScorerInfo {
        name: "failure",
        rule: "higher than usual for a count of failures, and for how long",
        source: "Apportion",
        is_ours: true,
        score: |series| ours(series, SeriesKind::Failure),
    },
    SeriesScorerInfo {
        name: "value",
        rule: "the value itself, or the share that failed: the best static threshold",
        source: "a control",
        is_ours: false,
        score: |series| level(series).into_iter().map(|value| value.max(0.0)).collect(),
    },
    SeriesScorerInfo {
        name: "ewma-z",
        rule: "distance from the moving average, in standard deviations",
        source: "Roberts 1959",
        is_ours: false,
        score: |series| ewma_z(&level(series)),
    },
    SeriesScorerInfo {
        name: "previous-period",
        rule: "the last hour differs from the one before, relative to their sum",
        source: "common practice",
        is_ours: false,
        score: |series| previous_period(&level(series), steps_in(series, 3_600).max(1)),
    },
    SeriesScorerInfo {
        name: "seasonal",
        rule: "the value differs from the same time yesterday by more than counts vary",
        source: "common practice, with the square-root transform",
        is_ours: false,
        score: |series| yesterday(&level(series), steps_in(series, 86_400)),
    },
    SeriesScorerInfo {
        name: "s-h-esd",
        rule: "far from the median of this time of the day, in median absolute deviations",
        source: "Hochenbaum, Vallis and Kejariwal 2017, without hindsight",
        is_ours: false,
        score: |series| s_h_esd(&level(series), steps_in(series, 86_400)),
    },
    SeriesScorerInfo {
        name: "random",
        rule: "chance",
        source: "a control",
        is_ours: false,
        score: |series| (0..series.values.len()).map(random).collect(),
    },
    SeriesScorerInfo {
        name: "always",
        rule: "everything is abnormal",
        source: "a control: only onsets may earn credit",
        is_ours: false,
        score: |series| vec![1.0; series.values.len()],
    },
];

/// The scores of a series, causally; `None` if no scorer has this name.
pub fn score_series(series: &LabelledSeries, scorer: &str) -> Option<Vec<f64>> {
    SERIES_SCORERS.iter().find(|info| info.name == scorer).map(|info| info.score(series))
}

fn ours(series: &LabelledSeries, kind: SeriesKind) -> Vec<f64> {
    let mut scorer = SeriesScorer::new(kind, steps_in(series, 86_400));
    match &series.totals {
        None => series.values.iter().map(|value| scorer.score(*value)).collect(),
        Some(totals) => {
            let steps = series.values.iter().zip(totals);
            steps.map(|(failed, outcomes)| scorer.score_outcomes(*failed, *outcomes)).collect()
        }
    }
}

/// The values, or of outcomes the share that failed.
fn level(series: &LabelledSeries) -> Vec<f64> {
    let Some(totals) = &series.totals else { return series.values.clone() };
    let share = |(failed, of): (&f64, &f64)| if *of > 0.0 { failed / of } else { 0.0 };
    series.values.iter().zip(totals).map(share).collect()
}

/// Steps of the series in so many seconds.
fn steps_in(series: &LabelledSeries, seconds: i64) -> usize {
    usize::try_from(seconds / series.step_s()).unwrap_or(0)
}

/// |z| against exponentially weighted mean and variance of weight 0.01.
fn ewma_z(values: &[f64]) -> Vec<f64> {
    let (mut mean, mut variance) = (values.first().copied().unwrap_or(0.0), 0.0_f64);
    let score = |(at, value): (usize, &f64)| {
        let difference = value - mean;
        let z = if variance > 1e-18 && at >= 50 { difference.abs() / variance.sqrt() } else { 0.0 };
        let alpha = 0.01_f64.max(1.0 / (at + 1) as f64);
        mean += alpha * difference;
        variance = (1.0 - alpha) * (variance + alpha * difference * difference);
        z
    };
    values.iter().enumerate().map(score).collect()
}

/// |a − b| ÷ (|a| + |b|) of the sums of the last `period` values and of as many before.
fn previous_period(values: &[f64], period: usize) -> Vec<f64> {
    let sum = |until: usize| values[until - period..until].iter().sum::<f64>();
    let score = |at: usize| {
        let until = at + 1;
        if until < 2 * period {
            return 0.0;
        }
        let (now, before) = (sum(until), sum(until - period));
        let both = now.abs() + before.abs();
        if both > 0.0 { (now - before).abs() / both } else { 0.0 }
    };
    (0..values.len()).map(score).collect()
}

/// √2·|√(a + 3/8) − √(b + 3/8)| of a value and the one a `day` of steps before.
fn yesterday(values: &[f64], day: usize) -> Vec<f64> {
    let root = |value: f64| (value.max(0.0) + 0.375).sqrt();
    let score = |at: usize| match at.checked_sub(day.max(1)) {
        Some(before) if day > 1 => {
            std::f64::consts::SQRT_2 * (root(values[at]) - root(values[before])).abs()
        }
        _ => 0.0,
    };
    (0..values.len()).map(score).collect()
}

/// Days that S-H-ESD looks back.
const DAYS: usize = 7;

/// |r − median| ÷ MAD of the residuals r of a week, where a residual is the distance of a value from the
/// median at this time of the day on the seven days before; where there is no day, from 0.
fn s_h_esd(values: &[f64], day: usize) -> Vec<f64> {
    let kept = (day * DAYS).clamp(100, 10_080);
    let (mut residuals, mut deviations) = (MovingMedian::of(kept), MovingMedian::of(kept));
    let mut score = |at: usize| {
        let mut same: Vec<f64> = (1..=DAYS)
            .filter_map(|days| values.get(at.checked_sub(days * day)?))
            .copied()
            .collect();
        same.sort_by(f64::total_cmp);
        let season = if day > 1 { same.get(same.len() / 2).copied() } else { Some(0.0) };
        let Some(season) = season else { return 0.0 };
        let residual = values[at] - season;
        let centre = residuals.get().unwrap_or(residual);
        let spread = 1.4826 * deviations.get().unwrap_or(0.0);
        residuals.push(residual);
        deviations.push((residual - centre).abs());
        // Where most residuals are equal there is no spread, and what differs is not infinitely far.
        (residual - centre).abs() / spread.max(1e-9 + 0.01 * centre.abs())
    };
    (0..values.len()).map(&mut score).collect()
}

/// Uniform in [0, 1) by the number of the step.
fn random(at: usize) -> f64 {
    (mix(at as u64) >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rivals_worked_by_hand() {
        assert_eq!(previous_period(&[1.0, 1.0, 3.0, 3.0, 0.0], 2), [0.0, 0.0, 0.0, 0.5, 1.0 / 7.0]);
        assert_eq!(previous_period(&[0.0; 4], 1), [0.0; 4]);
        let roots = std::f64::consts::SQRT_2 * (3.0_f64.sqrt() - 0.375_f64.sqrt());
        assert_eq!(yesterday(&[0.0, 5.0, 2.625, 5.0], 2), [0.0, 0.0, roots, 0.0]);
        assert_eq!(yesterday(&[0.0, 5.0], 1), [0.0, 0.0], "a day of one value has no season");
    }

    #[test]
    fn s_h_esd_knows_the_time_of_the_day() {
        let peak = |at: usize| if at % 24 == 8 { 90.0 } else { 10.0 };
        let mut values: Vec<f64> = (0..24 * 15).map(|at| peak(at) + (at * 7 % 5) as f64).collect();
        let ordinary = s_h_esd(&values, 24);
        let at_peak = 24 * 14 + 8;
        assert!(ordinary[at_peak] < 4.0, "{}", ordinary[at_peak]);
        values[at_peak] = 10.0;
        assert!(s_h_esd(&values, 24)[at_peak] > 20.0);
        assert_eq!(s_h_esd(&[5.0; 300], 24)[299], 0.0);
    }

    #[test]
    fn no_scorer_looks_ahead() {
        let values: Vec<f64> = (0..400).map(|at| (mix(at) % 50) as f64).collect();
        let of = |values: Vec<f64>, totals: Option<Vec<f64>>| LabelledSeries {
            group: "g".to_owned(),
            name: "s".to_owned(),
            times_s: (0..values.len() as i64).map(|at| 3_600 * at).collect(),
            values,
            totals,
            windows: None,
            content_hash: String::new(),
        };
        for totals in [None, Some(vec![60.0; 400])] {
            let part = totals.as_ref().map(|totals| totals[..300].to_vec());
            let (whole, part) = (of(values.clone(), totals), of(values[..300].to_vec(), part));
            for scorer in SERIES_SCORERS {
                let scores = scorer.score(&whole);
                assert_eq!(scores[..300], scorer.score(&part), "{}", scorer.name);
                assert!(scores.iter().all(|score| *score >= 0.0), "{}", scorer.name);
            }
        }
    }

    #[test]
    fn of_outcomes_the_share_counts() {
        let outcomes = LabelledSeries {
            group: "g".to_owned(),
            name: "s".to_owned(),
            times_s: vec![0, 60, 120],
            values: vec![1.0, 2.0, 0.0],
            totals: Some(vec![4.0, 4.0, 0.0]),
            windows: None,
            content_hash: String::new(),
        };
        assert_eq!(score_series(&outcomes, "value"), Some(vec![0.25, 0.5, 0.0]));
        assert_eq!(score_series(&outcomes, "no such"), None);
    }
}
