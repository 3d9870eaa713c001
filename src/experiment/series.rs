//! Scorers on labelled series of others, by the same measures.

mod scorers;

pub use scorers::{SERIES_SCORERS, SeriesScorerInfo, score_series};

use std::collections::BTreeMap;

use crate::detector::without_repeats;
use crate::measure::accuracy::events::match_events;
use crate::measure::accuracy::nab::{self, PROFILES};
use crate::measure::accuracy::onsets::{Judged, OnsetRecall, best_onset_recall};
use crate::measure::accuracy::ranking::average_precision;
use crate::scenario::LabelledSeries;

/// False onsets a day that are allowed where onset recall is measured.
pub const FALSE_ONSETS_A_DAY: f64 = 0.2;

/// An onset one step before an event belongs to it.
const EARLY: usize = 1;

/// Repeats within a day are left out where the benchmark's own score is computed.
const QUIET_S: i64 = 86_400;

/// What a scorer makes of the series of one group.
#[derive(Clone, PartialEq, Debug)]
pub struct GroupFigures {
    /// The folder, or `all`.
    pub group: String,
    /// One of [`SERIES_SCORERS`].
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
    /// The same under one threshold for all series of the group, the best for them.
    pub one_threshold: Option<OnsetRecall>,
    /// Median delay of the onsets under that threshold in seconds; `None` where more than half of the
    /// events were missed.
    pub delay_median_s: Option<f64>,
    /// The benchmark's standard score under its own best threshold, without repeats within a day.
    pub nab: Option<f64>,
    /// The same with the threshold that is best for all the other groups; of `all`, with each group at
    /// the threshold that is best for the others.
    pub nab_fixed: Option<f64>,
}

/// A labelled series with the scores of one scorer.
struct Scored<'a> {
    series: &'a LabelledSeries,
    labels: Vec<bool>,
    scores: Vec<f64>,
    /// As the benchmark wants them.
    benchmark: nab::Series,
}

impl Scored<'_> {
    fn of<'a>(series: &'a LabelledSeries, scorer: &SeriesScorerInfo) -> Option<Scored<'a>> {
        let labels = series.labels()?;
        let windows = series.windows.clone()?;
        let scores = scorer.score(series);
        let quiet = without_repeats(&series.times_s, &scores, QUIET_S);
        let benchmark = nab::Series { scores: quiet, windows };
        Some(Scored { series, labels, scores, benchmark })
    }

    fn judged(&self) -> Judged<'_> {
        Judged { labels: &self.labels, scores: &self.scores }
    }

    fn false_onsets_max(&self) -> f64 {
        let days = self.scores.len() as f64 * self.series.step_s() as f64 / 86_400.0;
        FALSE_ONSETS_A_DAY * days
    }

    fn onset_recall(&self) -> Option<f64> {
        let best = best_onset_recall(&[self.judged()], EARLY, self.false_onsets_max())?;
        Some(best.mean)
    }
}

/// The series of a group, or of all.
struct Group<'a> {
    name: &'a str,
    members: Vec<&'a Scored<'a>>,
}

impl Group<'_> {
    fn benchmark(&self) -> Vec<nab::Series> {
        self.members.iter().map(|one| one.benchmark.clone()).collect()
    }

    /// The figures, with [`GroupFigures::nab_fixed`] left to those who know the other groups.
    fn judge(&self, scorer: &'static str) -> GroupFigures {
        let of = |figure: fn(&Scored) -> Option<f64>| -> Vec<f64> {
            self.members.iter().filter_map(|one| figure(one)).collect()
        };
        let points = |of: fn(&Scored) -> bool| self.members.iter().filter(move |one| of(one));
        let labels: Vec<bool> = points(|_| true).flat_map(|one| one.labels.clone()).collect();
        let scores: Vec<f64> = points(|_| true).flat_map(|one| one.scores.clone()).collect();
        let one_threshold = best_onset_recall(
            &self.members.iter().map(|one| one.judged()).collect::<Vec<_>>(),
            EARLY,
            self.members.iter().map(|one| one.false_onsets_max()).sum(),
        );
        GroupFigures {
            group: self.name.to_owned(),
            scorer,
            series: self.members.len(),
            events: self.members.iter().map(|one| one.benchmark.windows.len()).sum(),
            mean_precision: mean(&of(|one| average_precision(&one.labels, &one.scores))),
            pooled_precision: average_precision(&labels, &scores),
            onset_recall: mean(&of(|one| one.onset_recall())),
            one_threshold,
            delay_median_s: one_threshold.and_then(|one| self.delay_median_s(one.threshold)),
            nab: nab::best(&self.benchmark(), &PROFILES[0]).map(|score| score.normalised),
            nab_fixed: None,
        }
    }

    fn delay_median_s(&self, threshold: f64) -> Option<f64> {
        let mut delays: Vec<f64> = Vec::new();
        for one in &self.members {
            let called: Vec<bool> = one.scores.iter().map(|score| *score >= threshold).collect();
            let step_s = one.series.step_s() as f64;
            let figures = match_events(&one.labels, &called, EARLY, 0);
            let delay = |points: Option<usize>| {
                points.map_or(f64::INFINITY, |points| points as f64 * step_s)
            };
            delays.extend(figures.delays.into_iter().map(delay));
        }
        delays.sort_by(f64::total_cmp);
        let median = delays.get(delays.len().checked_sub(1)? / 2)?;
        median.is_finite().then_some(*median)
    }
}

/// Judges all scorers on the labelled ones of these series: by group, and on all together where there are
/// several groups. Series without labels are left out.
pub fn judge_series(all: &[LabelledSeries]) -> Vec<GroupFigures> {
    let mut figures = Vec::new();
    for scorer in SERIES_SCORERS {
        let scored: Vec<Scored> = all.iter().filter_map(|one| Scored::of(one, scorer)).collect();
        let mut groups: BTreeMap<&str, Vec<&Scored>> = BTreeMap::new();
        for one in &scored {
            groups.entry(one.series.group.as_str()).or_default().push(one);
        }
        let groups: Vec<Group> =
            groups.into_iter().map(|(name, members)| Group { name, members }).collect();
        figures.extend(judge_groups(&groups, scorer.name));
        if groups.len() > 1 {
            let whole = Group { name: "all", members: scored.iter().collect() };
            let fixed = fixed_for_all(&groups);
            figures.push(GroupFigures { nab_fixed: fixed, ..whole.judge(scorer.name) });
        }
    }
    figures.sort_by_key(|one| (one.group == "all", one.group.clone()));
    figures
}

fn judge_groups(groups: &[Group<'_>], scorer: &'static str) -> Vec<GroupFigures> {
    let judge = |(at, group): (usize, &Group)| {
        let elsewhere = best_elsewhere(groups, at);
        let fixed = elsewhere
            .and_then(|threshold| nab::at_threshold(&group.benchmark(), &PROFILES[0], threshold));
        GroupFigures { nab_fixed: fixed.map(|score| score.normalised), ..group.judge(scorer) }
    };
    groups.iter().enumerate().map(judge).collect()
}

/// The threshold that is best for all groups but one.
fn best_elsewhere(groups: &[Group<'_>], but: usize) -> Option<f64> {
    let others = groups.iter().enumerate().filter(|(at, _)| *at != but);
    let rest: Vec<nab::Series> = others.flat_map(|(_, group)| group.benchmark()).collect();
    nab::best(&rest, &PROFILES[0]).map(|score| score.threshold)
}

fn fixed_for_all(groups: &[Group<'_>]) -> Option<f64> {
    let mut parts = Vec::new();
    for (at, group) in groups.iter().enumerate() {
        parts.push((group.benchmark(), best_elsewhere(groups, at)?));
    }
    let parts: Vec<(&[nab::Series], f64)> =
        parts.iter().map(|(corpus, threshold)| (corpus.as_slice(), *threshold)).collect();
    nab::at_thresholds(&parts, &PROFILES[0])
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
            content_hash: String::new(),
        }
    }

    #[test]
    fn an_obvious_event_is_found_in_every_group() {
        let all = [series("one", 90.0), series("two", 40.0)];
        let figures = judge_series(&all);
        assert_eq!(figures.len(), 3 * SERIES_SCORERS.len());
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
        let always = of("all", "always").one_threshold.expect("events");
        assert_eq!((always.mean, always.pooled), (0.0, 0.0), "only onsets earn credit");
        let one = of("all", "failure").one_threshold.expect("events");
        assert_eq!((one.mean, one.pooled, one.false_onsets), (1.0, 1.0, 0));
        assert_eq!(of("all", "failure").delay_median_s, Some(0.0));
        // Each group at the threshold of the other, put together.
        let (first, second) = (of("one", "volume").nab_fixed, of("two", "volume").nab_fixed);
        let mean = (first.expect("fixed") + second.expect("fixed")) / 2.0;
        assert!((of("all", "volume").nab_fixed.expect("fixed") - mean).abs() < 1e-9);
    }

    #[test]
    fn what_has_no_labels_is_left_out() {
        let unlabelled = LabelledSeries { windows: None, ..series("one", 90.0) };
        assert_eq!(judge_series(&[unlabelled]), []);
    }
}
