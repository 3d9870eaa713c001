//! Measures of scores over all thresholds: average precision, best F1, area under the ROC curve.

use super::point::f_beta;

/// Points called abnormal, and how many of them are, at one threshold.
#[derive(Clone, Copy)]
struct Step {
    called: u64,
    correct: u64,
}

/// A step for every distinct score, from the highest down. Equal scores are called together: taking
/// them one by one would credit the order in which they happen to stand.
fn steps(labels: &[bool], scores: &[f64]) -> Vec<Step> {
    assert_eq!(labels.len(), scores.len(), "a score for every label");
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
    let mut steps = Vec::new();
    let mut step = Step { called: 0, correct: 0 };
    for (place, &at) in order.iter().enumerate() {
        step.called += 1;
        step.correct += u64::from(labels[at]);
        let next = order.get(place + 1).map(|next| scores[*next]);
        if next != Some(scores[at]) {
            steps.push(step);
        }
    }
    steps
}

/// Average precision Σ (R_k − R_{k−1})·P_k over the distinct thresholds in decreasing order. `None` if
/// nothing is abnormal. A random score is expected to get the prevalence.
///
/// # Panics
/// When labels and scores are not of the same length.
pub fn average_precision(labels: &[bool], scores: &[f64]) -> Option<f64> {
    let steps = steps(labels, scores);
    let all = steps.last()?.correct;
    let mut before = 0;
    let mut sum = 0.0;
    for step in &steps {
        sum += (step.correct - before) as f64 * (step.correct as f64 / step.called as f64);
        before = step.correct;
    }
    (all > 0).then(|| sum / all as f64)
}

/// Average precision on a scale where a random score gets 0 and a perfect one 1: (AP − γ) ÷ (1 − γ)
/// with the prevalence γ. `None` if nothing, or everything, is abnormal.
pub fn normalised_average_precision(labels: &[bool], scores: &[f64]) -> Option<f64> {
    let abnormal = labels.iter().filter(|label| **label).count();
    let prevalence = abnormal as f64 / labels.len() as f64;
    if abnormal == labels.len() {
        return None;
    }
    average_precision(labels, scores).map(|precision| (precision - prevalence) / (1.0 - prevalence))
}

/// The best point-wise F1 over all thresholds: chosen on the labels, so an upper limit of what a
/// detector with this score can do, not what it does.
pub fn best_f1(labels: &[bool], scores: &[f64]) -> Option<f64> {
    let steps = steps(labels, scores);
    let all = steps.last()?.correct as f64;
    let f1 = |step: &Step| {
        let correct = step.correct as f64;
        f_beta(correct / step.called as f64, correct / all, 1.0)
    };
    (all > 0.0).then(|| steps.iter().map(f1).fold(0.0, f64::max))
}

/// Area under the ROC curve, the probability that an abnormal point scores higher than an ordinary one
/// (ties count half). `None` unless both kinds exist.
pub fn roc_area(labels: &[bool], scores: &[f64]) -> Option<f64> {
    let steps = steps(labels, scores);
    let last = steps.last()?;
    let (abnormal, ordinary) = (last.correct, last.called - last.correct);
    if abnormal == 0 || ordinary == 0 {
        return None;
    }
    let (mut area, mut x, mut y) = (0.0, 0, 0);
    for step in &steps {
        let wrong = step.called - step.correct;
        area += (wrong - x) as f64 * (step.correct + y) as f64 / 2.0;
        (x, y) = (wrong, step.correct);
    }
    Some(area / (abnormal as f64 * ordinary as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worked_by_hand() {
        let labels = [true, false, true, false];
        let scores = [0.9, 0.8, 0.7, 0.1];
        // P = 1 at R = ½, 2/3 at R = 1.
        assert_eq!(average_precision(&labels, &scores), Some(0.5 + 0.5 * 2.0 / 3.0));
        assert_eq!(best_f1(&labels, &scores), Some(0.8));
        assert_eq!(roc_area(&labels, &scores), Some(0.75));
        let normalised = normalised_average_precision(&labels, &scores).expect("defined");
        assert!((normalised - (5.0 / 6.0 - 0.5) / 0.5).abs() < 1e-12);
    }

    #[test]
    fn ties_are_called_together() {
        let constant = [0.5; 4];
        for labels in [[true, false, false, false], [false, false, false, true]] {
            assert_eq!(average_precision(&labels, &constant), Some(0.25));
            assert_eq!(roc_area(&labels, &constant), Some(0.5));
        }
    }

    #[test]
    fn undefined_without_both_kinds() {
        assert_eq!(average_precision(&[false], &[1.0]), None);
        assert_eq!(average_precision(&[], &[]), None);
        assert_eq!(roc_area(&[true], &[1.0]), None);
        assert_eq!(best_f1(&[false, false], &[1.0, 2.0]), None);
        assert_eq!(normalised_average_precision(&[true], &[1.0]), None);
    }
}
