//! Precision and recall of ranges (Tatbul et al., NeurIPS 2018, arXiv 1803.03639).

use std::ops::Range;

use super::point::f_beta;
use super::runs;

/// Which part of a range counts more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bias {
    /// Every point the same.
    Flat,
    /// The first points: rewards early detection.
    Front,
    /// The last points.
    Back,
    /// The points in the middle.
    Middle,
}

impl Bias {
    /// The weight of the point at `place` (from 0) of `length`.
    fn weight(self, place: usize, length: usize) -> f64 {
        match self {
            Bias::Flat => 1.0,
            Bias::Front => (length - place) as f64,
            Bias::Back => (place + 1) as f64,
            Bias::Middle => (place + 1).min(length - place) as f64,
        }
    }
}

/// Range recall: the mean over events of α·(anything found?) + (1 − α)·(how much was found, divided by
/// the number of pieces it was found in). `None` if there are no events.
pub fn recall(labels: &[bool], predictions: &[bool], alpha: f64, bias: Bias) -> Option<f64> {
    let events = runs(labels);
    let calls = runs(predictions);
    let of_event = |event: &Range<usize>| {
        let overlap = overlap(event, &calls, bias);
        let exists = if overlap > 0.0 { 1.0 } else { 0.0 };
        alpha * exists + (1.0 - alpha) * overlap
    };
    mean(events.iter().map(of_event))
}

/// Range precision: the mean over predicted ranges of how much of them is abnormal, divided by the
/// number of events they touch. `None` if nothing was predicted.
pub fn precision(labels: &[bool], predictions: &[bool], bias: Bias) -> Option<f64> {
    let events = runs(labels);
    mean(runs(predictions).iter().map(|call| overlap(call, &events, bias)))
}

/// F1 of range precision and range recall, both flat, with the `alpha` of recall. `None` where recall
/// is; 0 if nothing was predicted.
pub fn f1(labels: &[bool], predictions: &[bool], alpha: f64) -> Option<f64> {
    let recall = recall(labels, predictions, alpha, Bias::Flat)?;
    let precision = precision(labels, predictions, Bias::Flat).unwrap_or(0.0);
    Some(f_beta(precision, recall, 1.0))
}

/// Cardinality (1 ÷ number of overlapping ranges) × weighted share of `range` inside `others`.
fn overlap(range: &Range<usize>, others: &[Range<usize>], bias: Bias) -> f64 {
    let weight = |at: usize| bias.weight(at - range.start, range.len());
    let (mut inside, mut pieces) = (0.0, 0_u32);
    for other in others {
        let common = range.start.max(other.start)..range.end.min(other.end);
        if !common.is_empty() {
            pieces += 1;
            inside += common.map(weight).sum::<f64>();
        }
    }
    if pieces == 0 {
        return 0.0;
    }
    inside / range.clone().map(weight).sum::<f64>() / f64::from(pieces)
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> Option<f64> {
    let number = values.len();
    (number > 0).then(|| values.sum::<f64>() / number as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(text: &str) -> Vec<bool> {
        text.chars().map(|c| c == 'x').collect()
    }

    #[test]
    fn pieces_and_biases_worked_by_hand() {
        let labels = points("xxxx..");
        let called = points("x.x...");
        // Half of it, in two pieces.
        assert_eq!(recall(&labels, &called, 0.0, Bias::Flat), Some(0.25));
        assert_eq!(recall(&labels, &called, 0.5, Bias::Flat), Some(0.625));
        assert_eq!(recall(&labels, &called, 0.0, Bias::Front), Some((4.0 + 2.0) / 10.0 / 2.0));
        assert_eq!(recall(&labels, &called, 0.0, Bias::Back), Some((1.0 + 3.0) / 10.0 / 2.0));
        assert_eq!(recall(&labels, &called, 0.0, Bias::Middle), Some((1.0 + 2.0) / 6.0 / 2.0));
        assert_eq!(precision(&labels, &called, Bias::Flat), Some(1.0));
    }

    #[test]
    fn undefined_and_nothing() {
        assert_eq!(recall(&points("..."), &points("x.."), 0.0, Bias::Flat), None);
        assert_eq!(precision(&points("x.."), &points("..."), Bias::Flat), None);
        assert_eq!(f1(&points("x.."), &points("..."), 0.2), Some(0.0));
        assert_eq!(f1(&points("x.."), &points(".x."), 0.2), Some(0.0));
    }
}
