//! The failure score: how far the failure rate is above the account's own.

use super::impact::confidence;
use super::recent::{KEPT, Recent, Totals};
use super::tail::Beta;

/// Runs of recent windows that are tried: a short one is quick, a long one sees what is small or
/// sparse.
const SPANS: [usize; 3] = [1, 4, KEPT];

/// Outcomes that are enough to see whether failures still go on.
const ENOUGH: u64 = 20;

/// A score and the newest windows it was found in.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(super) struct Found {
    pub(super) score: f64,
    pub(super) windows: usize,
}

/// The highest of confidence × [`size`] over the runs of recent windows.
///
/// The confidence rests on the exact probability of at least as many failures among as many
/// outcomes under the account's own rate (a beta-binomial tail), so it knows how much the counts can
/// say: one failure of one message scores 0 whatever the account's history. The size is the share
/// of outcomes harmed: failures beyond the usual, of all outcomes; it is no larger than what still
/// [`goes_on`], so what is over is not raised. Only the newest `fresh` windows are looked at.
pub(super) fn begins(recent: &Recent, usual: Beta, fresh: usize) -> Found {
    let mut best = Found::default();
    let present = goes_on(recent, usual);
    if present <= 0.0 {
        return best;
    }
    for windows in SPANS {
        let totals = recent.totals(windows.min(fresh));
        let size = size(excess(totals, usual)).min(present);
        // Confidence is at most 1, so the tail need not be known where the size alone is too low.
        if size > best.score {
            let tail = usual.ln_at_least(totals.failed, totals.outcomes);
            let score = size * confidence(tail, SPANS.len() as u32);
            if score > best.score {
                best = Found { score, windows: totals.windows as usize };
            }
        }
    }
    best
}

/// The score once failures are known to be abnormal: their [`size`] over the shortest run of recent
/// windows with 20 outcomes. Being sure again is not asked for, so few outcomes end no alert.
pub(super) fn goes_on(recent: &Recent, usual: Beta) -> f64 {
    size(excess(recent.totals_until(|totals| totals.outcomes >= ENOUGH), usual))
}

/// The first window of the newest `windows` with failures above the usual, as windows since.
pub(super) fn first_abnormal(recent: &Recent, usual: Beta, windows: usize) -> usize {
    let above = |age: &usize| {
        recent.at(*age).is_some_and(|counts| {
            f64::from(counts.failed) > usual.mean() * counts.outcomes() as f64
        })
    };
    (0..windows).rev().find(above).unwrap_or(0)
}

fn excess(totals: Totals, usual: Beta) -> f64 {
    if totals.outcomes == 0 {
        return 0.0;
    }
    totals.failed as f64 / totals.outcomes as f64 - usual.mean()
}

/// The share of outcomes harmed on a logarithmic scale: 1 from one half, 0.5 at 5 %, 0 below 0.5 %.
/// People judge tenfold differences: 5 % and 10 % lost are further apart than 80 % and 85 %.
fn size(share: f64) -> f64 {
    if share <= 0.0 { 0.0 } else { (1.0 + 0.5 * libm::log10(share / 0.5)).clamp(0.0, 1.0) }
}

#[cfg(test)]
mod tests {
    use super::super::baseline::FailureLevel;
    use super::super::windows::Counts;
    use super::*;

    fn recent(windows: &[(u32, u32)]) -> Recent {
        let mut recent = Recent::beginning_at(0);
        for &(failed, succeeded) in windows {
            recent.push(Counts { submitted: failed + succeeded, succeeded, failed });
        }
        recent
    }

    fn usual(failed: u32, succeeded: u32) -> Beta {
        let mut level = FailureLevel::default();
        (0..2_000).for_each(|_| level.learn(failed, succeeded));
        level.belief()
    }

    #[test]
    fn size_is_halved_by_ten() {
        for (share, expected) in [(1.0, 1.0), (0.5, 1.0), (0.05, 0.5), (0.005, 0.0), (-0.1, 0.0)] {
            assert!((size(share) - expected).abs() < 1e-12, "{share}");
        }
    }

    #[test]
    fn a_single_failure_is_nothing_whatever_the_history() {
        let histories = [FailureLevel::default().belief(), usual(0, 1_000), usual(1, 49)];
        for usual in histories {
            assert_eq!(begins(&recent(&[(1, 0)]), usual, KEPT).score, 0.0);
            assert!(begins(&recent(&[(2, 0)]), usual, KEPT).score < 0.5);
        }
    }

    #[test]
    fn the_same_rate_counts_more_when_there_is_more_of_it() {
        let usual = usual(1, 49);
        let scores =
            [(1, 9), (5, 45), (20, 180)].map(|window| begins(&recent(&[window]), usual, KEPT));
        assert_eq!(scores[0].score, 0.0);
        assert!(scores[1].score < 0.3, "{scores:?}");
        assert!(scores[2].score > scores[1].score);
        // The size of 8 percentage points: 1 + log₁₀(0.16) ÷ 2.
        assert!(scores[2].score <= 0.6021);
    }

    #[test]
    fn what_is_sparse_adds_up_over_windows() {
        let usual = usual(1, 49);
        let once = begins(&recent(&[(2, 0)]), usual, KEPT);
        assert!(once.score < 0.5);
        let found = begins(&recent(&[(0, 2), (2, 0), (2, 0), (2, 0)]), usual, KEPT);
        assert!(found.score >= 0.5, "{found:?}");
        assert_eq!(found.windows, 4);
        let windows = [(0, 2), (2, 0), (2, 0), (2, 0)];
        assert_eq!(first_abnormal(&recent(&windows), usual, 4), 2);
    }

    #[test]
    fn it_goes_on_until_enough_succeeds() {
        let usual = usual(1, 49);
        assert_eq!(goes_on(&recent(&[(50, 0), (0, 20)]), usual), 0.0);
        assert!(goes_on(&recent(&[(50, 0), (0, 10)]), usual) > 0.9);
        assert!(goes_on(&recent(&[(3, 0), (0, 0), (0, 0)]), usual) > 0.9);
    }
}
