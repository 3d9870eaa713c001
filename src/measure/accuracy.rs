//! Measures of detection accuracy on labelled series: pure functions of labels, scores and alarms.
//!
//! A series has one point a time step. Its **labels** say which points are truly abnormal, its
//! **scores** how abnormal a detector finds each (higher is more), its **predictions** which of them
//! it calls abnormal. Runs of labelled points are **events**. What is undefined is `None`, never 0.
//!
//! Point-wise measures flatter or punish detectors for reasons that no operator cares about; the
//! headline is [`events`], which credits **onsets** only. The others are here to be comparable with
//! the literature, and each has the random scorer's figure beside it where it is printed.

pub mod affiliation;
pub mod agreement;
pub mod confidence;
pub mod events;
pub mod nab;
pub mod onsets;
pub mod point;
pub mod range;
pub mod ranking;
pub mod sequential;
pub mod significance;
pub mod surface;

#[cfg(test)]
mod golden;

use std::ops::Range;

/// The runs of `true`, in order: the events of a series of labels.
pub fn runs(labels: &[bool]) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for (at, _) in labels.iter().enumerate().filter(|(_, label)| **label) {
        match runs.last_mut() {
            Some(run) if run.end == at => run.end = at + 1,
            _ => runs.push(at..at + 1),
        }
    }
    runs
}

/// Which scores reach `threshold`.
pub fn at_least(scores: &[f64], threshold: f64) -> Vec<bool> {
    scores.iter().map(|score| *score >= threshold).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_maximal_and_half_open() {
        let labels = [true, true, false, true, false, false, true];
        assert_eq!(runs(&labels), [0..2, 3..4, 6..7]);
        assert!(runs(&[]).is_empty());
        assert!(runs(&[false; 3]).is_empty());
        assert_eq!(at_least(&[0.1, 0.5, 0.6], 0.5), [false, true, true]);
    }
}
