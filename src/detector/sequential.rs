//! Baselines from sequential analysis: CUSUM, generalised likelihood ratio, e-process.

use super::rule::{History, KindScores, LongRun, Rule};
use super::windows::Closed;

/// Failures beyond the usual that the CUSUM is tuned for.
const EXCESS: f64 = 0.1;

/// A CUSUM and the level it is held against.
#[derive(Clone, Default)]
pub(super) struct CusumMemory {
    level: LongRun,
    statistic: f64,
}

/// Bernoulli CUSUM (Page 1954) of the failures, tuned for ten points more than the account's long-run
/// rate: registered as `bernoulli-cusum`.
pub(super) struct CusumRule;

impl Rule for CusumRule {
    type Memory = CusumMemory;
    const WATCHES_SILENCE: bool = false;

    fn score(&self, seen: &Closed, memory: &mut CusumMemory) -> KindScores {
        let p0 = memory.level.rate();
        let p1 = (p0 + EXCESS).min(0.99);
        let step = f64::from(seen.counts.failed) * libm::log(p1 / p0)
            + f64::from(seen.counts.succeeded) * libm::log((1.0 - p1) / (1.0 - p0));
        memory.statistic = (memory.statistic + step).max(0.0);
        let score = memory.statistic;
        // Its memory of an incident would outlast the incident by hours; twice the usual thresholds are
        // enough to know, and a level that learnt the incident would not know the next.
        memory.statistic = memory.statistic.min(40.0);
        if memory.statistic < 3.0 {
            memory.level.learn(u64::from(seen.counts.failed), seen.counts.outcomes());
        }
        [score, 0.0, 0.0]
    }
}

/// Windows that the likelihood ratio looks back (window-limited, Lai 1995).
const LOOK_BACK: usize = 48;

/// Past of the likelihood ratio.
#[derive(Clone, Default)]
pub(super) struct GlrMemory {
    level: LongRun,
    history: History,
}

/// Generalised likelihood ratio: the largest n·KL(p̂ ‖ p₀) over the last 1 to 48 windows: registered as
/// `glr`.
pub(super) struct GlrRule;

impl Rule for GlrRule {
    type Memory = GlrMemory;
    const WATCHES_SILENCE: bool = false;

    fn score(&self, seen: &Closed, memory: &mut GlrMemory) -> KindScores {
        memory.history.push(seen, LOOK_BACK + 1);
        let p0 = memory.level.rate();
        let (mut failed, mut outcomes, mut best) = (0_u64, 0_u64, 0.0_f64);
        for tally in memory.history.iter().take(LOOK_BACK) {
            failed += u64::from(tally.failed);
            outcomes += tally.outcomes();
            let (x, n) = (failed as f64, outcomes as f64);
            if x > p0 * n {
                let part = |count: f64, p: f64| {
                    if count > 0.0 { count * libm::log(count / n / p) } else { 0.0 }
                };
                best = best.max(part(x, p0) + part(n - x, 1.0 - p0));
            }
        }
        let (failed, outcomes, _) = memory.history.totals(LOOK_BACK, LOOK_BACK + 1);
        memory.level.learn(failed, outcomes);
        [best, 0.0, 0.0]
    }
}

/// An e-process and the level it is held against.
#[derive(Clone, Default)]
pub(super) struct EMemory {
    level: LongRun,
    /// Failures and successes since it began anew.
    since: (f64, f64),
}

/// e-process with a uniform mixture of rates, begun anew whenever it falls below 1 (an e-detector, Shin,
/// Ramdas and Rinaldo 2022): registered as `e-process`. It needs no least number of messages.
pub(super) struct EProcessRule;

impl Rule for EProcessRule {
    type Memory = EMemory;
    const WATCHES_SILENCE: bool = false;

    fn score(&self, seen: &Closed, memory: &mut EMemory) -> KindScores {
        let p0 = memory.level.rate();
        memory.since.0 += f64::from(seen.counts.failed);
        memory.since.1 += f64::from(seen.counts.succeeded);
        let (x, y) = memory.since;
        let ln_beta = |a: f64, b: f64| libm::lgamma(a) + libm::lgamma(b) - libm::lgamma(a + b);
        // Only excess is looked for: a rate below the usual must not count as evidence.
        let ln_e = if x > p0 * (x + y) {
            ln_beta(x + 1.0, y + 1.0) - x * libm::log(p0) - y * libm::log1p(-p0)
        } else {
            f64::NEG_INFINITY
        };
        if ln_e <= 0.0 {
            memory.level.learn(memory.since.0 as u64, (x + y) as u64);
            memory.since = (0.0, 0.0);
        }
        [ln_e.max(0.0), 0.0, 0.0]
    }
}
