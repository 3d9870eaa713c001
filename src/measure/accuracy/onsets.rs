//! The most events that can be found at a bounded number of false alarms, exactly.
//!
//! An onset at point i stands for every threshold in (s_(i−1), s_i]. So one descent through the sorted
//! scores visits every threshold there is, and none has to be sampled.

use std::ops::Range;

use super::runs;

/// A series that is judged: labels and scores of its points.
#[derive(Clone, Copy, Debug)]
pub struct Judged<'a> {
    /// Whether a point is abnormal.
    pub labels: &'a [bool],
    /// The higher the more abnormal.
    pub scores: &'a [f64],
}

/// What can be found under the best threshold that keeps within bounds.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct OnsetRecall {
    /// The threshold; points with at least this score are called. Infinite if none kept within bounds.
    pub threshold: f64,
    /// Share of the events found, mean over the series that have any.
    pub mean: f64,
    /// Share of all events found.
    pub pooled: f64,
    /// Onsets that belong to no event.
    pub false_onsets: usize,
}

/// A point at which an onset begins or ceases to be one as the threshold falls.
struct Edge {
    at: f64,
    begins: bool,
    /// The event it belongs to, counted over all series.
    event: Option<usize>,
}

/// The best recall of events by onsets under one threshold for all `series`, with at most
/// `false_onsets_max` false onsets in all of them. An onset belongs to an event if it lies inside or at
/// most `early` points before. Of thresholds that are equally good the highest. `None` without events.
///
/// # Panics
/// When labels and scores of a series are not of the same length.
pub fn best_onset_recall(
    series: &[Judged<'_>],
    early: usize,
    false_onsets_max: f64,
) -> Option<OnsetRecall> {
    let mut edges = Vec::new();
    // By event: what its series gives to the mean for it.
    let mut weights: Vec<f64> = Vec::new();
    let with_events = series.iter().filter(|one| one.labels.contains(&true)).count();
    for one in series {
        assert_eq!(one.labels.len(), one.scores.len(), "a score for every label");
        let events = runs(one.labels);
        add_edges(&mut edges, one.scores, &events, early, weights.len());
        let weight = 1.0 / (events.len() as f64 * with_events as f64);
        weights.extend(events.iter().map(|_| weight));
    }
    if weights.is_empty() {
        return None;
    }
    edges.sort_by(|a, b| b.at.total_cmp(&a.at));
    let mut standing = vec![0_usize; weights.len()];
    let mut false_onsets = 0_usize;
    let mut best =
        OnsetRecall { threshold: f64::INFINITY, mean: 0.0, pooled: 0.0, false_onsets: 0 };
    let mut sum = 0.0_f64;
    let mut found = 0_usize;
    for (at, edge) in edges.iter().enumerate() {
        let count = match edge.event {
            Some(event) => &mut standing[event],
            None => &mut false_onsets,
        };
        let before = *count;
        *count = if edge.begins { before + 1 } else { before - 1 };
        if let Some(event) = edge.event {
            if before == 0 {
                (sum, found) = (sum + weights[event], found + 1);
            } else if *count == 0 {
                (sum, found) = (sum - weights[event], found - 1);
            }
        }
        let is_last_of_level = edges.get(at + 1).is_none_or(|next| next.at != edge.at);
        // Rounding of the sum is not a better recall.
        let is_better = sum > best.mean + 1e-9;
        if is_last_of_level && is_better && false_onsets as f64 <= false_onsets_max {
            let pooled = found as f64 / weights.len() as f64;
            best = OnsetRecall { threshold: edge.at, mean: sum, pooled, false_onsets };
        }
    }
    Some(best)
}

fn add_edges(
    edges: &mut Vec<Edge>,
    scores: &[f64],
    events: &[Range<usize>],
    early: usize,
    first_event: usize,
) {
    let mut next = 0;
    for (at, &score) in scores.iter().enumerate() {
        while events.get(next).is_some_and(|event| event.end <= at) {
            next += 1;
        }
        let before = at.checked_sub(1).map(|before| scores[before]);
        if before.is_some_and(|before| before >= score) {
            continue;
        }
        let owner = events.get(next).is_some_and(|event| event.start <= at + early);
        let event = owner.then_some(first_event + next);
        // It ceases strictly below where it begins, so no count falls below nothing.
        edges.push(Edge { at: score, begins: true, event });
        edges.extend(before.map(|before| Edge { at: before, begins: false, event }));
    }
}

#[cfg(test)]
mod tests {
    use super::super::events::match_events;
    use super::*;
    use crate::units::mix;

    /// By trying every threshold with the plain measure.
    fn by_trial(series: &[Judged<'_>], early: usize, false_onsets_max: f64) -> f64 {
        let mut levels: Vec<f64> = series.iter().flat_map(|one| one.scores.to_vec()).collect();
        levels.sort_by(f64::total_cmp);
        let mut best = 0.0_f64;
        for level in levels {
            let (mut recalls, mut false_onsets) = (Vec::new(), 0);
            for one in series {
                let called: Vec<bool> = one.scores.iter().map(|score| *score >= level).collect();
                let figures = match_events(one.labels, &called, early, 0);
                false_onsets += figures.false_onsets;
                recalls.extend(figures.recall());
            }
            if false_onsets as f64 <= false_onsets_max {
                best = best.max(recalls.iter().sum::<f64>() / recalls.len() as f64);
            }
        }
        best
    }

    #[test]
    fn one_descent_finds_what_trying_every_threshold_finds() {
        for case in 0..200_u64 {
            let draw = |at: u64, bound: u64| mix(case * 1_000 + at) % bound;
            let made: Vec<(Vec<bool>, Vec<f64>)> = (0..3)
                .map(|one| {
                    let labels = (0..40).map(|at| draw(one * 100 + at / 5, 4) == 0).collect();
                    let scores = (0..40).map(|at| draw(500 + one * 100 + at, 12) as f64).collect();
                    (labels, scores)
                })
                .collect();
            let series: Vec<Judged<'_>> =
                made.iter().map(|(labels, scores)| Judged { labels, scores }).collect();
            for (early, bound) in [(0, 2.0), (1, 5.0), (1, 0.5)] {
                let Some(found) = best_onset_recall(&series, early, bound) else { continue };
                let expected = by_trial(&series, early, bound);
                assert!((found.mean - expected).abs() < 1e-9, "{case}: {found:?} {expected}");
                assert!(found.false_onsets as f64 <= bound);
            }
        }
    }

    #[test]
    fn a_series_that_is_always_on_finds_nothing_and_nothing_is_an_answer() {
        let labels = [false, false, true, true, false, false];
        let found = best_onset_recall(&[Judged { labels: &labels, scores: &[1.0; 6] }], 1, 9.0);
        assert_eq!(found.map(|found| (found.mean, found.false_onsets)), Some((0.0, 0)));
        let none = Judged { labels: &[false; 6], scores: &[1.0; 6] };
        assert_eq!(best_onset_recall(&[none], 1, 9.0), None);
    }

    #[test]
    fn the_mean_is_over_series_and_the_share_over_events() {
        let labels = |text: &str| -> Vec<bool> { text.chars().map(|c| c == 'x').collect() };
        let (one, two) = (labels("..x..x..x."), labels("....x....."));
        let (quiet, loud) = (vec![0.0; 10], one.iter().map(|one| f64::from(u8::from(*one))));
        let loud: Vec<f64> = loud.collect();
        let series =
            [Judged { labels: &one, scores: &loud }, Judged { labels: &two, scores: &quiet }];
        let found = best_onset_recall(&series, 0, 0.0).expect("events");
        assert_eq!((found.mean, found.pooled, found.threshold), (0.5, 0.75, 1.0));
    }
}
