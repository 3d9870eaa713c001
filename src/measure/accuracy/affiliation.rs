//! Affiliation precision and recall (Huet, Navarro, Rossi, KDD 2022).
//!
//! Time is cut in the middle between neighbouring events; each event owns the zone around it. Inside a
//! zone, distances between events and predictions are compared with those of a uniformly random point.
//! A random detector gets about 0.5 for both, so values look high.

use std::ops::Range;

use super::runs;

/// An interval of time, from the first to the second.
type Interval = (f64, f64);

/// Affiliation precision and recall, with the values of each event.
#[derive(Clone, PartialEq, Debug)]
pub struct Affiliation {
    /// Mean over the events near which anything was predicted; `None` if nothing was.
    pub precision: Option<f64>,
    /// Mean over all events; `None` if there are none.
    pub recall: Option<f64>,
    /// By event.
    pub precisions: Vec<Option<f64>>,
    /// By event.
    pub recalls: Vec<f64>,
}

/// Affiliation of a series of points; a point is the interval [i, i + 1).
///
/// # Panics
/// When both are not of the same length.
pub fn of_points(labels: &[bool], predictions: &[bool]) -> Affiliation {
    assert_eq!(labels.len(), predictions.len(), "a prediction for every label");
    let interval = |run: Range<usize>| (run.start as f64, run.end as f64);
    let intervals = |points| runs(points).into_iter().map(interval).collect::<Vec<_>>();
    of_intervals(&intervals(labels), &intervals(predictions), (0.0, labels.len() as f64))
}

/// Affiliation of disjoint intervals in ascending order within `range`.
pub fn of_intervals(events: &[Interval], predictions: &[Interval], range: Interval) -> Affiliation {
    let (mut precisions, mut recalls) = (Vec::new(), Vec::new());
    for (index, &event) in events.iter().enumerate() {
        let from = match index.checked_sub(1) {
            Some(before) => (events[before].1 + event.0) / 2.0,
            None => range.0,
        };
        let to = events.get(index + 1).map_or(range.1, |after| (event.1 + after.0) / 2.0);
        let zone = (from, to);
        let near: Vec<Interval> = predictions
            .iter()
            .map(|call| (call.0.max(from), call.1.min(to)))
            .filter(|call| call.0 < call.1)
            .collect();
        precisions.push(precision(event, &near, zone));
        recalls.push(recall(event, &near, zone));
    }
    let defined: Vec<f64> = precisions.iter().copied().flatten().collect();
    Affiliation { precision: mean(&defined), recall: mean(&recalls), precisions, recalls }
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Mean over the predicted points x of Pr(dist(X, event) > dist(x, event)), X uniform in the zone.
fn precision(event: Interval, near: &[Interval], zone: Interval) -> Option<f64> {
    let length: f64 = near.iter().map(|call| call.1 - call.0).sum();
    if near.is_empty() {
        return None;
    }
    let (left, right) = (event.0 - zone.0, zone.1 - event.1);
    // ∫ from 0 to d of the survival function of the distance, times the zone's length.
    let survived = |d: f64| {
        let side = |room: f64| {
            let within = d.min(room);
            room * within - within * within / 2.0
        };
        side(left) + side(right)
    };
    let width = zone.1 - zone.0;
    let mut sum = 0.0;
    for call in near {
        let inside = (call.1.min(event.1) - call.0.max(event.0)).max(0.0);
        sum += inside;
        if call.0 < event.0 {
            let (far, close) = (event.0 - call.0, (event.0 - call.1).max(0.0));
            sum += (survived(far) - survived(close)) / width;
        }
        if call.1 > event.1 {
            let (far, close) = (call.1 - event.1, (call.0 - event.1).max(0.0));
            sum += (survived(far) - survived(close)) / width;
        }
    }
    Some(sum / length)
}

/// Mean over the points y of the event of Pr(|y − X| > dist(y, predictions)).
fn recall(event: Interval, near: &[Interval], zone: Interval) -> f64 {
    if near.is_empty() {
        return 0.0;
    }
    let width = zone.1 - zone.0;
    let mut sum = 0.0;
    // Gaps between predictions: the nearer edge changes in the middle of each.
    let mut edge: Option<f64> = None;
    for call in near {
        let gap_start = edge.map_or(event.0, |edge| edge.max(event.0));
        let middle = edge.map_or(f64::NEG_INFINITY, |edge| (edge + call.0) / 2.0);
        if let Some(edge) = edge {
            sum += from_the_left(edge, (gap_start, middle.min(call.0).min(event.1)), zone) / width;
        }
        sum += from_the_right(call.0, (gap_start.max(middle), call.0.min(event.1)), zone) / width;
        sum += (call.1.min(event.1) - call.0.max(event.0)).max(0.0);
        edge = Some(call.1);
    }
    if let Some(edge) = edge {
        sum += from_the_left(edge, (edge.max(event.0), event.1), zone) / width;
    }
    sum / (event.1 - event.0)
}

/// ∫ over y of what is farther from y than the prediction that ends at `edge` before y.
fn from_the_left(edge: f64, over: Interval, zone: Interval) -> f64 {
    if over.0 >= over.1 {
        return 0.0;
    }
    (edge - zone.0) * (over.1 - over.0) + positive_line(zone.1 + edge, -2.0, over)
}

/// ∫ over y of what is farther from y than the prediction that begins at `edge` after y.
fn from_the_right(edge: f64, over: Interval, zone: Interval) -> f64 {
    if over.0 >= over.1 {
        return 0.0;
    }
    (zone.1 - edge) * (over.1 - over.0) + positive_line(-edge - zone.0, 2.0, over)
}

/// ∫ max(c + k·y, 0) dy over an interval.
fn positive_line(c: f64, k: f64, over: Interval) -> f64 {
    let at = |y: f64| c + k * y;
    let zero = -c / k;
    let (from, to) = match (at(over.0) > 0.0, at(over.1) > 0.0) {
        (true, true) => over,
        (true, false) => (over.0, zero),
        (false, true) => (zero, over.1),
        (false, false) => return 0.0,
    };
    (at(from) + at(to)) / 2.0 * (to - from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_example() {
        let found =
            of_intervals(&[(3.0, 4.0), (7.0, 10.0)], &[(4.0, 5.0), (8.0, 9.0)], (0.0, 10.0));
        let (precision, recall) = (found.precision.expect("two"), found.recall.expect("two"));
        assert!((precision - 0.818_181_818_181_818_1).abs() < 1e-12, "{precision}");
        assert!((recall - 0.844_276_094_276_094_3).abs() < 1e-12, "{recall}");
    }

    #[test]
    fn exact_is_one_and_nothing_is_nothing() {
        let labels = [false, true, true, false];
        let exact = of_points(&labels, &labels);
        assert_eq!((exact.precision, exact.recall), (Some(1.0), Some(1.0)));
        let none = of_points(&labels, &[false; 4]);
        assert_eq!((none.precision, none.recall), (None, Some(0.0)));
        let quiet = of_points(&[false; 4], &labels);
        assert_eq!((quiet.precision, quiet.recall), (None, None));
    }

    #[test]
    fn two_predictions_around_an_event_each_count_to_the_middle() {
        // Event [4, 6) of [0, 10), predictions [3, 4) and [6, 7): every y is nearest to an edge of the
        // event. For y in [4, 5): d = y − 4, farther: (4 − 0) + (10 − y − d = 14 − 2y); by symmetry
        // twice ∫ (18 − 2y) dy = 2·(18 − 9) = 18, over 10 and the event's length 2.
        let found = of_intervals(&[(4.0, 6.0)], &[(3.0, 4.0), (6.0, 7.0)], (0.0, 10.0));
        assert!((found.recall.expect("one") - 0.9).abs() < 1e-12);
    }
}
