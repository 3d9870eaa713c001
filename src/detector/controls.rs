//! Controls: a detector that guesses and one that never stops.

use super::rule::{KindScores, Rule};
use super::windows::Closed;
use crate::units::mix;

/// A number in [0, 1) that depends on nothing but account and window: registered as `random`.
pub(super) struct RandomRule;

impl Rule for RandomRule {
    type Memory = ();
    const WATCHES_SILENCE: bool = true;

    fn score(&self, seen: &Closed, (): &mut ()) -> KindScores {
        let account =
            u64::from(seen.account.tenant.0) << 16 | u64::from(seen.account.destination.0);
        let draw = mix(mix(account) ^ seen.window);
        [(draw >> 11) as f64 / (1_u64 << 53) as f64, 0.0, 0.0]
    }
}

/// Always abnormal, so one alert that never ends: registered as `always`.
pub(super) struct AlwaysRule;

impl Rule for AlwaysRule {
    type Memory = ();
    const WATCHES_SILENCE: bool = true;

    fn score(&self, _: &Closed, (): &mut ()) -> KindScores {
        [f64::INFINITY; 3]
    }
}
