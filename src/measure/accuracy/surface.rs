//! Volumes under the surface of precision-recall and ROC curves (Paparrizos et al., PVLDB 2022), as the
//! reference implementation of TSB-AD computes them.

use std::ops::Range;

use super::runs;

/// Volumes under the surface.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Volumes {
    /// Of the precision-recall curves.
    pub precision_recall: f64,
    /// Of the ROC curves.
    pub roc: f64,
}

/// The thresholds that the reference implementation takes.
pub const THRESHOLDS: usize = 250;

/// The mean areas under the range-aware curves over all buffers 0..=`buffer_max` points around the
/// events, with `thresholds` scores at equally spaced ranks. `None` unless both kinds of points exist.
///
/// # Panics
/// When labels and scores are not of the same length, or fewer than 2 thresholds are asked for.
pub fn volumes(
    labels: &[bool],
    scores: &[f64],
    buffer_max: usize,
    thresholds: usize,
) -> Option<Volumes> {
    assert_eq!(labels.len(), scores.len(), "a score for every label");
    assert!(thresholds >= 2, "a curve has two ends");
    let events = runs(labels);
    let abnormal = labels.iter().filter(|label| **label).count();
    if abnormal == 0 || abnormal == labels.len() {
        return None;
    }
    let mut sorted = scores.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let last = (sorted.len() - 1) as f64;
    let levels: Vec<f64> = (0..thresholds)
        .map(|step| sorted[(last * step as f64 / (thresholds - 1) as f64) as usize])
        .collect();
    let (mut precision_recall, mut roc) = (0.0, 0.0);
    for buffer in 0..=buffer_max {
        let areas = areas(labels, scores, &events, abnormal, buffer, &levels);
        precision_recall += areas.precision_recall;
        roc += areas.roc;
    }
    let surfaces = (buffer_max + 1) as f64;
    Some(Volumes { precision_recall: precision_recall / surfaces, roc: roc / surfaces })
}

/// The areas for one buffer.
fn areas(
    labels: &[bool],
    scores: &[f64],
    events: &[Range<usize>],
    abnormal: usize,
    buffer: usize,
    levels: &[f64],
) -> Volumes {
    let soft = soften(labels, events, buffer);
    let extended = extend(events, buffer / 2, labels.len());
    let (mut precision_recall, mut roc) = (0.0, 0.0);
    let (mut rate_before, mut false_before) = (0.0, 0.0);
    for level in levels {
        let (mut hit, mut called, mut outside) = (0.0, 0_u64, 0.0);
        for ((soft, label), score) in soft.iter().zip(labels).zip(scores) {
            if score >= level {
                called += 1;
                hit += soft;
                if !label {
                    outside += soft;
                }
            }
        }
        let seen = |event: &&Range<usize>| scores[(*event).clone()].iter().any(|s| s >= level);
        let existence = extended.iter().filter(seen).count() as f64 / extended.len() as f64;
        let positives = (abnormal as f64 + abnormal as f64 + outside) / 2.0;
        let rate = (hit / positives).min(1.0) * existence;
        let false_rate = (called as f64 - hit) / (labels.len() as f64 - positives);
        precision_recall += (rate - rate_before) * hit / called as f64;
        roc += (false_rate - false_before) * (rate + rate_before) / 2.0;
        (rate_before, false_before) = (rate, false_rate);
    }
    roc += (1.0 - false_before) * (1.0 + rate_before) / 2.0;
    Volumes { precision_recall, roc }
}

/// Labels that fall off as √(1 − k ÷ buffer) over the ⌊buffer ÷ 2⌋ points outside an event.
fn soften(labels: &[bool], events: &[Range<usize>], buffer: usize) -> Vec<f64> {
    let mut soft: Vec<f64> = labels.iter().map(|label| if *label { 1.0 } else { 0.0 }).collect();
    for event in events {
        for step in 1..=buffer / 2 {
            let value = (1.0 - step as f64 / buffer as f64).sqrt();
            if let Some(after) = soft.get_mut(event.end - 1 + step) {
                *after += value;
            }
            if let Some(before) = event.start.checked_sub(step) {
                soft[before] += value;
            }
        }
    }
    soft.into_iter().map(|value| value.min(1.0)).collect()
}

/// Events with `reach` points on both sides; those that then touch are one.
fn extend(events: &[Range<usize>], reach: usize, length: usize) -> Vec<Range<usize>> {
    let mut extended: Vec<Range<usize>> = Vec::new();
    for event in events {
        let (start, end) = (event.start.saturating_sub(reach), (event.end + reach).min(length));
        match extended.last_mut() {
            Some(before) if before.end > start => before.end = end,
            _ => extended.push(start..end),
        }
    }
    extended
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_perfect_score_fills_the_volume_without_a_buffer() {
        let labels = [false, false, true, true, false, false];
        let scores = [0.1, 0.2, 0.9, 0.9, 0.3, 0.0];
        let found = volumes(&labels, &scores, 0, 6).expect("both kinds");
        assert!((found.precision_recall - 1.0).abs() < 1e-12);
        assert!((found.roc - 1.0).abs() < 1e-12);
        assert_eq!(volumes(&[true; 3], &[0.0; 3], 2, 3), None);
    }

    #[test]
    fn soft_labels_fall_off_and_are_clipped() {
        let labels = [false, false, false, true, false, true, false];
        let soft = soften(&labels, &runs(&labels), 4);
        let (near, far) = ((0.75_f64).sqrt(), (0.5_f64).sqrt());
        assert_eq!(soft, [0.0, far, near, 1.0, 1.0, 1.0, near]);
        assert_eq!(extend(&runs(&labels), 2, 7), vec![1..7]);
    }
}
