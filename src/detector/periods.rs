//! Baselines that compare periods: the previous hour, the same time yesterday, and S-H-ESD.

use alloc::vec::Vec;

use super::rule::{History, KindScores, Rule};
use super::windows::Closed;

/// Windows of an hour and of a day.
const HOUR: usize = 12;
const DAY: usize = 288;

/// |a − b| ÷ (a + b) of the last hour and the one before, of failures and of volume: registered as
/// `previous-period`. The bare ratio, which saturates at quiet hours; here to show that.
pub(super) struct PreviousPeriodRule;

impl Rule for PreviousPeriodRule {
    type Memory = History;
    const WATCHES_SILENCE: bool = true;

    fn score(&self, seen: &Closed, memory: &mut History) -> KindScores {
        memory.push(seen, 2 * HOUR);
        if memory.len() < 2 * HOUR {
            return [0.0; 3];
        }
        let (failed, _, submitted) = memory.totals(0, HOUR);
        let (failed_before, _, submitted_before) = memory.totals(HOUR, 2 * HOUR);
        let ratio = |now: u64, before: u64| {
            let (now, before) = (now as f64, before as f64);
            if now + before > 0.0 { (now - before) / (now + before) } else { 0.0 }
        };
        let volume = ratio(submitted, submitted_before);
        [ratio(failed, failed_before), volume, -volume]
    }
}

/// The last hour against the same hour yesterday, as a variance-stabilised difference
/// √2·(√(a + 3/8) − √(b + 3/8)), of failures and of volume: registered as `seasonal`.
pub(super) struct SeasonalRule;

impl Rule for SeasonalRule {
    type Memory = History;
    const WATCHES_SILENCE: bool = true;

    fn score(&self, seen: &Closed, memory: &mut History) -> KindScores {
        memory.push(seen, DAY + HOUR);
        if memory.len() < DAY + HOUR {
            return [0.0; 3];
        }
        let (failed, _, submitted) = memory.totals(0, HOUR);
        let (failed_then, _, submitted_then) = memory.totals(DAY, DAY + HOUR);
        let z = |now: u64, then: u64| {
            let root = |count: u64| libm::sqrt(count as f64 + 0.375);
            core::f64::consts::SQRT_2 * (root(now) - root(then))
        };
        let volume = z(submitted, submitted_then);
        [z(failed, failed_then), volume, -volume]
    }
}

/// Hours that S-H-ESD looks back: a week.
const HOURS: usize = 168;

/// Seasonal hybrid ESD (Hochenbaum, Vallis, Kejariwal 2017) on hourly volumes and failures, looked at
/// when an hour ends: the distance of the residual from the median in MADs: registered as `s-h-esd`. The
/// season is the median of the same hour on the other days.
pub(super) struct ShesdRule;

/// Hours gone by, and the one that is open.
#[derive(Clone, Default)]
pub(super) struct Hours {
    closed: Vec<[f64; 2]>,
    open: [f64; 2],
    windows: usize,
    scores: KindScores,
}

impl Rule for ShesdRule {
    type Memory = Hours;
    const WATCHES_SILENCE: bool = true;

    fn score(&self, seen: &Closed, memory: &mut Hours) -> KindScores {
        memory.open[0] += f64::from(seen.counts.failed);
        memory.open[1] += f64::from(seen.counts.submitted);
        memory.windows += 1;
        if memory.windows == HOUR {
            memory.windows = 0;
            memory.closed.push(core::mem::take(&mut memory.open));
            if memory.closed.len() > HOURS {
                memory.closed.remove(0);
            }
            let [failure, volume] = [0, 1].map(|which| distance(&memory.closed, which));
            memory.scores = [failure, volume, -volume];
            return memory.scores;
        }
        // An hour's verdict stands until the next.
        memory.scores
    }
}

fn distance(hours: &[[f64; 2]], which: usize) -> f64 {
    if hours.len() < 48 {
        return 0.0;
    }
    let last = hours.len() - 1;
    let season = |phase: usize| {
        let mut same: Vec<f64> =
            (0..=last).filter(|at| at % 24 == phase).map(|at| hours[at][which]).collect();
        median(&mut same)
    };
    let seasons: Vec<f64> = (0..24).map(season).collect();
    let mut residuals: Vec<f64> =
        (0..=last).map(|at| hours[at][which] - seasons[at % 24]).collect();
    let newest = residuals[last];
    let centre = median(&mut residuals);
    let mut deviations: Vec<f64> =
        residuals.iter().map(|residual| (residual - centre).abs()).collect();
    // A constant series has no spread of its own; half a message keeps it from dividing by nothing.
    let spread = (1.4826 * median(&mut deviations)).max(0.5);
    (newest - centre) / spread
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.is_empty() {
        0.0
    } else if values.len() % 2 == 1 {
        values[middle]
    } else {
        (values[middle - 1] + values[middle]) / 2.0
    }
}
