//! Baselines: burn rates of an error budget, as in the Site Reliability Workbook, chapter 5.

use super::rule::{History, KindScores, Rule};
use super::windows::Closed;

/// The budget: 1 − SLO. Messages fail more often than requests of a web service.
const BUDGET: f64 = 0.01;
/// Long and short windows (at 5 minutes) and the burn rate that pages.
const PAGES: [(usize, usize, f64); 2] = [(12, 1, 14.4), (72, 6, 6.0)];

/// Multi-window, multi-burn-rate alert: 14.4 over an hour and five minutes, or 6 over six hours and half
/// an hour; the score is how many times that is reached: registered as `burn-rate`.
pub(super) struct BurnRateRule;

fn burn(history: &History, windows: usize) -> f64 {
    let (failed, outcomes, _) = history.totals(0, windows);
    if outcomes == 0 { 0.0 } else { failed as f64 / outcomes as f64 / BUDGET }
}

impl Rule for BurnRateRule {
    type Memory = History;
    const WATCHES_SILENCE: bool = false;

    fn score(&self, seen: &Closed, memory: &mut History) -> KindScores {
        memory.push(seen, PAGES[1].0);
        let reached =
            PAGES.map(|(long, short, page)| burn(memory, long).min(burn(memory, short)) / page);
        [reached[0].max(reached[1]), 0.0, 0.0]
    }
}

/// Traffic-aware burn rate (Stark): as [`BurnRateRule`], but failures are held against the budget of what
/// the account sends in a whole day, so that a quiet hour cannot page: registered as
/// `burn-rate-by-traffic`. The score is the share of the day's budget that the window spent, relative to
/// the 2 % and 5 % that page.
pub(super) struct TrafficBurnRateRule;

/// Windows of a day.
const DAY: usize = 288;

impl Rule for TrafficBurnRateRule {
    type Memory = History;
    const WATCHES_SILENCE: bool = false;

    fn score(&self, seen: &Closed, memory: &mut History) -> KindScores {
        memory.push(seen, DAY);
        let (_, period, _) = memory.totals(0, DAY);
        let scale = DAY as f64 / memory.len().max(1) as f64;
        // The budget of 30 days, of which an hour may spend 2 % and six hours 5 %.
        let budget = BUDGET * (period as f64 * scale).max(20.0) * 30.0;
        let spent = |windows: usize| memory.totals(0, windows).0 as f64 / budget;
        [(spent(12) / 0.02).max(spent(72) / 0.05), 0.0, 0.0]
    }
}
