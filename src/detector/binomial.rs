//! Baselines: tail probabilities of the failures of the last window and the last hour.

use super::rule::{History, KindScores, LongRun, Rule};
use super::tail::Beta;
use super::windows::Closed;

/// Windows of the longer look.
const HOUR: usize = 12;
/// As strong as a belief gets that is meant to be certain.
const CERTAIN: f64 = 1e9;
/// As strong as the belief of the beta-binomial rule gets.
const STRENGTH_MAX: f64 = 500.0;

/// What both remember.
#[derive(Clone, Default)]
pub(super) struct Past {
    history: History,
    level: LongRun,
}

impl Past {
    /// −log₁₀ of the smaller tail of the last window and the last hour.
    fn score(&mut self, seen: &Closed, strength_max: f64, certain: bool) -> f64 {
        self.history.push(seen, HOUR + 1);
        let (mut failed, mut succeeded) = self.level.parameters(strength_max);
        if certain {
            let scale = CERTAIN / (failed + succeeded);
            (failed, succeeded) = (failed * scale, succeeded * scale);
        }
        let usual = Beta { failed: failed.max(1.0), succeeded: succeeded.max(1.0) };
        let mut best = 0.0_f64;
        for windows in [1, HOUR] {
            let (failed, outcomes, _) = self.history.totals(0, windows);
            if failed as f64 > usual.mean() * outcomes as f64 {
                let tail = usual.ln_at_least(failed, outcomes);
                best = best.max(-tail / core::f64::consts::LN_10);
            }
        }
        // What was seen an hour ago is learnt, so that the hour at hand is not judged by itself.
        let (failed, outcomes, _) = self.history.totals(HOUR, HOUR + 1);
        self.level.learn(failed, outcomes);
        best
    }
}

/// Exact binomial test against the account's long-run rate, taken to be certain: registered as
/// `exact-binomial`.
pub(super) struct ExactBinomialRule;

impl Rule for ExactBinomialRule {
    type Memory = Past;
    const WATCHES_SILENCE: bool = false;

    fn score(&self, seen: &Closed, memory: &mut Past) -> KindScores {
        [memory.score(seen, CERTAIN, true), 0.0, 0.0]
    }
}

/// Beta-binomial predictive test: the account's rate is only known as well as its history says, and
/// never better than 500 messages would tell: registered as `beta-binomial`.
pub(super) struct BetaBinomialRule;

impl Rule for BetaBinomialRule {
    type Memory = Past;
    const WATCHES_SILENCE: bool = false;

    fn score(&self, seen: &Closed, memory: &mut Past) -> KindScores {
        [memory.score(seen, STRENGTH_MAX, false), 0.0, 0.0]
    }
}
