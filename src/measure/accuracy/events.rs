//! What an operator cares about: were the events found, how late, and how many alarms were for nothing.
//!
//! An alarm is an **onset**, the first point of a run of predictions. A run that began before the event
//! earns nothing, so a detector that is always on finds at most what begins with the series. For alerts
//! with tenants and kinds there is [`match_onsets`](crate::measure::detection::match_onsets), which
//! follows the same rule.

use super::point::{Confusion, f_beta};
use super::runs;

/// Events and alarms matched.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct EventFigures {
    /// By event: points from its start to its first onset; `None` if it was missed.
    pub delays: Vec<Option<usize>>,
    /// By event: its length in points.
    pub lengths: Vec<usize>,
    /// Alarms.
    pub onsets: usize,
    /// Alarms that belong to no event.
    pub false_onsets: usize,
    /// Points outside all events.
    pub healthy_points: usize,
}

/// Matches the onsets of `predictions` with the events of `labels`. An onset belongs to an event if it
/// lies inside, at most `early` points before, or at most `grace` points after it.
///
/// # Panics
/// When both are not of the same length.
pub fn match_events(
    labels: &[bool],
    predictions: &[bool],
    early: usize,
    grace: usize,
) -> EventFigures {
    assert_eq!(labels.len(), predictions.len(), "a prediction for every label");
    let events = runs(labels);
    let mut delays = vec![None; events.len()];
    let (mut onsets, mut false_onsets) = (0, 0);
    for alarm in runs(predictions) {
        onsets += 1;
        let owner = events.iter().position(|event| {
            alarm.start + early >= event.start && alarm.start < event.end + grace
        });
        match owner {
            Some(index) => {
                let delay = alarm.start.saturating_sub(events[index].start);
                delays[index] = Some(delays[index].map_or(delay, |first: usize| first.min(delay)));
            }
            None => false_onsets += 1,
        }
    }
    let healthy_points = labels.iter().filter(|label| !**label).count();
    let lengths = events.iter().map(|event| event.len()).collect();
    EventFigures { delays, lengths, onsets, false_onsets, healthy_points }
}

impl EventFigures {
    /// Share of the events that were found.
    pub fn recall(&self) -> Option<f64> {
        share(self.delays.iter().flatten().count(), self.delays.len())
    }

    /// Share of the alarms that belong to an event.
    pub fn precision(&self) -> Option<f64> {
        share(self.onsets - self.false_onsets, self.onsets)
    }

    /// Alarms for nothing a healthy point; times the points of a day this is the rate a day.
    pub fn false_onsets_per_point(&self) -> Option<f64> {
        share(self.false_onsets, self.healthy_points)
    }

    /// The quantile `q` in [0, 1] of the delays of all events in points, a missed one counting as longer
    /// than any; `None` where that quantile was missed, or there are no events.
    pub fn delay_quantile(&self, q: f64) -> Option<usize> {
        let mut delays: Vec<usize> =
            self.delays.iter().map(|delay| delay.unwrap_or(usize::MAX)).collect();
        delays.sort_unstable();
        let last = delays.len().checked_sub(1)?;
        let delay = delays[((q * delays.len() as f64).ceil() as usize).saturating_sub(1).min(last)];
        (delay != usize::MAX).then_some(delay)
    }

    /// Mean delay in points where a missed event counts with its length: the part of the event that was
    /// lost. A detector cannot improve it by missing what is hard.
    pub fn censored_mean_delay(&self) -> Option<f64> {
        let lost = |(delay, length): (&Option<usize>, &usize)| delay.unwrap_or(*length) as f64;
        let sum: f64 = self.delays.iter().zip(&self.lengths).map(lost).sum();
        (!self.delays.is_empty()).then(|| sum / self.delays.len() as f64)
    }

    /// Cost of alarms and delays without windows: `false_alarm` an alarm for nothing, and for an event
    /// `miss`·(1 − e^(−delay ÷ patience)), all of `miss` when it was missed.
    pub fn cost(&self, false_alarm: f64, miss: f64, patience: f64) -> f64 {
        let of_event = |delay: &Option<usize>| {
            delay.map_or(miss, |delay| -miss * libm::expm1(-(delay as f64) / patience))
        };
        false_alarm * self.false_onsets as f64 + self.delays.iter().map(of_event).sum::<f64>()
    }
}

fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// The composite F of Garg et al. (2021): the harmonic mean of point-wise precision and the share of
/// events in which any point was called (TSB-AD's Event-based-F1). 0 if nothing right was called.
pub fn composite_f1(labels: &[bool], predictions: &[bool]) -> Option<f64> {
    let events = runs(labels);
    let touched = |event: &&std::ops::Range<usize>| predictions[(*event).clone()].contains(&true);
    let recall = share(events.iter().filter(touched).count(), events.len())?;
    let precision = Confusion::of(labels, predictions).precision().unwrap_or(0.0);
    Some(f_beta(precision, recall, 1.0))
}

/// Predictions without repeats: a point is called only if none was in the `quiet` points before it.
/// Users complain more about repeats than about anything else, and scores by windows punish every one.
pub fn without_repeats(predictions: &[bool], quiet: usize) -> Vec<bool> {
    let mut last: Option<usize> = None;
    let mut kept = vec![false; predictions.len()];
    for at in (0..predictions.len()).filter(|at| predictions[*at]) {
        kept[at] = last.is_none_or(|last| at - last > quiet);
        last = Some(at);
    }
    kept
}

/// Changes of state an event: 2 is ideal, one on and one off.
pub fn flap_rate(labels: &[bool], predictions: &[bool]) -> Option<f64> {
    let before = core::iter::once(&false).chain(predictions);
    let changes = before.zip(predictions).filter(|(before, now)| before != now).count();
    share(changes, runs(labels).len())
}

/// A point of the early-detection curve (AMOC): what a threshold costs and how early it is.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Operating {
    /// The threshold on the scores.
    pub threshold: f64,
    /// Alarms for nothing a healthy point.
    pub false_onsets_per_point: f64,
    /// Share of the events found.
    pub recall: f64,
    /// Median delay in points, `None` where more than half were missed.
    pub delay_median: Option<usize>,
}

/// The early-detection curve: an operating point for each of the `thresholds`.
pub fn early_detection(
    labels: &[bool],
    scores: &[f64],
    thresholds: &[f64],
    early: usize,
    grace: usize,
) -> Vec<Operating> {
    let operating = |&threshold: &f64| {
        let figures = match_events(labels, &super::at_least(scores, threshold), early, grace);
        Some(Operating {
            threshold,
            false_onsets_per_point: figures.false_onsets_per_point()?,
            recall: figures.recall()?,
            delay_median: figures.delay_quantile(0.5),
        })
    };
    thresholds.iter().filter_map(operating).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(text: &str) -> Vec<bool> {
        text.chars().map(|c| c == 'x').collect()
    }

    #[test]
    fn only_onsets_earn_credit() {
        let labels = points("...xxxx....xx...");
        let always = match_events(&labels, &[true; 16], 0, 0);
        assert_eq!((always.recall(), always.precision()), (Some(0.0), Some(0.0)));
        let figures = match_events(&labels, &points(".x...x.x..x...x."), 0, 0);
        assert_eq!(figures.delays, [Some(2), None]);
        assert_eq!((figures.onsets, figures.false_onsets), (5, 4));
        let lenient = match_events(&labels, &points(".x...x.x..x...x."), 1, 2);
        assert_eq!(lenient.delays, [Some(2), Some(0)]);
        assert_eq!(lenient.false_onsets, 1);
    }

    #[test]
    fn missed_events_count_in_delays() {
        let figures = EventFigures {
            delays: vec![Some(1), None, Some(3), Some(0)],
            lengths: vec![5, 10, 5, 5],
            onsets: 7,
            false_onsets: 4,
            healthy_points: 200,
        };
        assert_eq!(figures.recall(), Some(0.75));
        assert_eq!(figures.delay_quantile(0.5), Some(1));
        assert_eq!(figures.delay_quantile(0.75), Some(3));
        assert_eq!(figures.delay_quantile(0.9), None);
        assert_eq!(figures.censored_mean_delay(), Some(14.0 / 4.0));
        assert_eq!(figures.false_onsets_per_point(), Some(0.02));
        let expected = 4.0 * 0.1 + 1.0 + (1.0 - libm::exp(-0.5)) + (1.0 - libm::exp(-1.5));
        assert!((figures.cost(0.1, 1.0, 2.0) - expected).abs() < 1e-12);
    }

    #[test]
    fn repeats_are_left_out_and_flaps_counted() {
        assert_eq!(without_repeats(&points("xx..x....x"), 3), points("x........x"));
        assert_eq!(flap_rate(&points("..xxxx.."), &points("..x.xx..")), Some(4.0));
        assert_eq!(flap_rate(&points("...."), &points("..x.")), None);
    }

    #[test]
    fn the_curve_trades_alarms_for_delay() {
        let labels = points("....xxx...");
        let scores = [0.0, 0.6, 0.0, 0.0, 0.5, 0.9, 0.9, 0.0, 0.0, 0.0];
        let curve = early_detection(&labels, &scores, &[0.9, 0.5], 0, 0);
        assert_eq!(curve[0].delay_median, Some(1));
        assert_eq!(curve[0].false_onsets_per_point, 0.0);
        assert_eq!(curve[1].delay_median, Some(0));
        assert_eq!(curve[1].false_onsets_per_point, 1.0 / 7.0);
    }
}
