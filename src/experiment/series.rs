//! Scorers on labelled series of others, by the same measures.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use crate::detector::{SeriesKind, SeriesScorer, without_repeats};
use crate::measure::accuracy::events::match_events;
use crate::measure::accuracy::nab::{self, PROFILES};
use crate::measure::accuracy::ranking::average_precision;
use crate::scenario::LabelledSeries;
use crate::units::mix;

/// Ways to score a series; the first two are ours.
pub const SCORERS: [&str; 5] = ["volume", "failure", "value", "ewma-z", "random"];

/// False onsets a day that are allowed where onset recall is measured.
pub const FALSE_ONSETS_A_DAY: f64 = 0.2;

/// Thresholds that are tried for it at most.
const THRESHOLDS_MAX: usize = 600;

/// Repeats within a day are left out where the benchmark's own score is computed.
const QUIET_S: i64 = 86_400;

/// What a scorer makes of the series of one group.
#[derive(Clone, PartialEq, Debug)]
pub struct GroupFigures {
    /// The folder, or `all`.
    pub group: String,
    /// One of [`SCORERS`].
    pub scorer: &'static str,
    /// Labelled series.
    pub series: usize,
    /// Abnormal stretches in them.
    pub events: usize,
    /// Average precision, mean over the series with anything abnormal.
    pub mean_precision: Option<f64>,
    /// Average precision of all points of all series under one threshold.
    pub pooled_precision: Option<f64>,
    /// Share of the events with an onset inside or one step before, at no more than
    /// [`FALSE_ONSETS_A_DAY`], each series at its own best threshold; mean over the series with events.
    pub onset_recall: Option<f64>,
    /// The benchmark's standard score under its own best threshold, without repeats within a day.
    pub nab: Option<f64>,
    /// The same with the threshold that is best for all the other groups.
    pub nab_fixed: Option<f64>,
}

/// The scores of a series, causally.
///
/// # Panics
/// When `scorer` is none of [`SCORERS`].
pub fn score_series(series: &LabelledSeries, scorer: &str) -> Vec<f64> {
    let with = |kind| {
        let mut scorer = SeriesScorer::new(kind);
        series.values.iter().map(|value| scorer.score(*value)).collect()
    };
    match scorer {
        "volume" => with(SeriesKind::Volume),
        "failure" => with(SeriesKind::Failure),
        "value" => series.values.clone(),
        "ewma-z" => ewma_z(&series.values),
        "random" => {
            let draw = |at: usize| (mix(at as u64) >> 11) as f64 / (1_u64 << 53) as f64;
            (0..series.values.len()).map(draw).collect()
        }
        other => panic!("no scorer is named `{other}`"),
    }
}

/// |z| against exponentially weighted mean and variance of weight 0.01: the bar to clear.
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

/// A labelled series with the scores of one scorer.
struct Scored<'a> {
    series: &'a LabelledSeries,
    windows: &'a [RangeInclusive<usize>],
    labels: Vec<bool>,
    scores: Vec<f64>,
}

impl Scored<'_> {
    fn for_benchmark(&self) -> nab::Series {
        let scores = without_repeats(&self.series.times_s, &self.scores, QUIET_S);
        nab::Series { scores, windows: self.windows.to_vec() }
    }

    fn onset_recall(&self) -> Option<f64> {
        if self.windows.is_empty() {
            return None;
        }
        let mut levels = self.scores.clone();
        levels.sort_by(f64::total_cmp);
        levels.dedup();
        let stride = levels.len().div_ceil(THRESHOLDS_MAX).max(1);
        let days = self.scores.len() as f64 * self.series.step_s() as f64 / 86_400.0;
        let mut best = 0.0_f64;
        for threshold in levels.iter().step_by(stride) {
            let called: Vec<bool> = self.scores.iter().map(|score| score >= threshold).collect();
            let figures = match_events(&self.labels, &called, 1, 0);
            if figures.false_onsets as f64 <= FALSE_ONSETS_A_DAY * days {
                best = best.max(figures.recall().unwrap_or(0.0));
            }
        }
        Some(best)
    }
}

/// Judges all scorers on the labelled ones of these series: by group, and on all together where there are
/// several groups. Series without labels are left out.
pub fn judge_series(all: &[LabelledSeries]) -> Vec<GroupFigures> {
    let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, series) in all.iter().enumerate().filter(|(_, series)| series.windows.is_some()) {
        groups.entry(series.group.as_str()).or_default().push(at);
    }
    let mut figures = Vec::new();
    for scorer in SCORERS {
        let scored: BTreeMap<usize, Scored> = all
            .iter()
            .enumerate()
            .filter_map(|(at, series)| {
                let scores = score_series(series, scorer);
                let windows = series.windows.as_deref()?;
                Some((at, Scored { series, windows, labels: series.labels()?, scores }))
            })
            .collect();
        let benchmark: BTreeMap<usize, nab::Series> =
            scored.iter().map(|(at, one)| (*at, one.for_benchmark())).collect();
        for (group, members) in &groups {
            let rest: Vec<nab::Series> = benchmark
                .iter()
                .filter(|(at, _)| !members.contains(at))
                .map(|(_, one)| one.clone())
                .collect();
            let elsewhere = nab::best(&rest, &PROFILES[0]).map(|score| score.threshold);
            figures.push(judge_group(group, scorer, members, &scored, &benchmark, elsewhere));
        }
        if groups.len() > 1 {
            let members: Vec<usize> = scored.keys().copied().collect();
            figures.push(judge_group("all", scorer, &members, &scored, &benchmark, None));
        }
    }
    let order = |one: &GroupFigures| (one.group == "all", one.group.clone());
    figures.sort_by_key(order);
    figures
}

fn judge_group(
    group: &str,
    scorer: &'static str,
    members: &[usize],
    scored: &BTreeMap<usize, Scored<'_>>,
    benchmark: &BTreeMap<usize, nab::Series>,
    elsewhere: Option<f64>,
) -> GroupFigures {
    let own: Vec<&Scored> = members.iter().map(|at| &scored[at]).collect();
    let corpus: Vec<nab::Series> = members.iter().map(|at| benchmark[at].clone()).collect();
    let precision = |one: &&Scored| average_precision(&one.labels, &one.scores);
    let precisions: Vec<f64> = own.iter().filter_map(precision).collect();
    let recalls: Vec<f64> = own.iter().filter_map(|one| one.onset_recall()).collect();
    let labels: Vec<bool> = own.iter().flat_map(|one| one.labels.iter().copied()).collect();
    let scores: Vec<f64> = own.iter().flat_map(|one| one.scores.iter().copied()).collect();
    let fixed = elsewhere.and_then(|at| nab::at_threshold(&corpus, &PROFILES[0], at));
    GroupFigures {
        group: group.to_owned(),
        scorer,
        series: own.len(),
        events: own.iter().map(|one| one.windows.len()).sum(),
        mean_precision: mean(&precisions),
        pooled_precision: average_precision(&labels, &scores),
        onset_recall: mean(&recalls),
        nab: nab::best(&corpus, &PROFILES[0]).map(|score| score.normalised),
        nab_fixed: fixed.map(|score| score.normalised),
    }
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(group: &str, height: f64) -> LabelledSeries {
        let values: Vec<f64> = (0..400)
            .map(|at| if (300..310).contains(&at) { height } else { 10.0 + f64::from(at % 3) })
            .collect();
        LabelledSeries {
            group: group.to_owned(),
            name: "a".to_owned(),
            times_s: (0..400).map(|at| 300 * i64::from(at)).collect(),
            values,
            totals: None,
            windows: Some(vec![300..=309]),
        }
    }

    #[test]
    fn an_obvious_event_is_found_in_every_group() {
        let all = [series("one", 90.0), series("two", 40.0)];
        let figures = judge_series(&all);
        assert_eq!(figures.len(), 3 * SCORERS.len());
        let of = |group: &str, scorer: &str| {
            figures.iter().find(|one| one.group == group && one.scorer == scorer).expect("judged")
        };
        for group in ["one", "two", "all"] {
            assert_eq!(of(group, "value").onset_recall, Some(1.0));
            assert!(of(group, "volume").nab.expect("a window") > 90.0);
            assert!(of(group, "failure").mean_precision.expect("events") > 0.8);
            assert!(of(group, "random").mean_precision.expect("events") < 0.2);
        }
        assert_eq!(of("all", "value").events, 2);
        assert!(of("one", "volume").nab_fixed.expect("another group") > 90.0);
        assert_eq!(of("all", "volume").nab_fixed, None);
    }

    #[test]
    fn what_has_no_labels_is_left_out() {
        let unlabelled = LabelledSeries { windows: None, ..series("one", 90.0) };
        assert_eq!(judge_series(&[unlabelled]), []);
    }
}
