//! What all simple detectors share: a score for each kind, one threshold, the alert hygiene of ours.
//!
//! The rivals get the same hysteresis, the same quiet period and the same windows as [`ScoresDetector`]
//! has, because suppressing repeats is worth more than a better model: comparing without it would
//! compare hygiene.
//!
//! [`ScoresDetector`]: super::ScoresDetector

use super::alerting::{AlertState, Reading};
use super::windows::{Attention, Closed, Judge, Watch};
use super::{
    Account, AlertEvent, AlertKind, Counts, Detector, DetectorSettings, Explanation, Observation,
    Scores, Severity,
};
use crate::time::Time;

/// Scores of a window by kind of alert: failure, volume up, volume down.
pub(super) type KindScores = [f64; 3];

/// A rule that scores windows.
pub(super) trait Rule {
    /// What it remembers of an account.
    type Memory: Default + Clone;

    /// Whether windows without anything count, so that an account once seen is never left out.
    const WATCHES_SILENCE: bool;

    /// Scores the window that ended, and then learns from it. Only the scores that reach the threshold
    /// alert.
    fn score(&self, seen: &Closed, memory: &mut Self::Memory) -> KindScores;
}

/// A detector that alerts where a rule's score reaches a threshold.
pub(super) struct RuleDetector<R: Rule> {
    watch: Watch<RuleJudge<R>>,
}

impl<R: Rule> RuleDetector<R> {
    pub(super) fn new(rule: R, threshold: f64, settings: DetectorSettings) -> Self {
        let judge = RuleJudge { rule, threshold, settings };
        RuleDetector { watch: Watch::new(judge, settings.window) }
    }
}

impl<R: Rule> Detector for RuleDetector<R> {
    fn observe(&mut self, now: Time, account: Account, seen: Observation) {
        self.watch.observe(now, account, seen);
    }

    fn observe_counts(&mut self, now: Time, account: Account, seen: &Counts) {
        self.watch.observe_counts(now, account, seen);
    }

    fn tick(&mut self, now: Time, report: &mut dyn FnMut(AlertEvent)) {
        self.watch.tick(now, report);
    }

    fn next_tick(&self) -> Time {
        self.watch.next_tick()
    }
}

struct RuleJudge<R> {
    rule: R,
    threshold: f64,
    settings: DetectorSettings,
}

impl<R: Rule> Judge for RuleJudge<R> {
    type State = (R::Memory, [AlertState; 3]);

    fn begin(&self, _: u64) -> Self::State {
        (R::Memory::default(), [AlertState::NEW; 3])
    }

    fn judge(
        &mut self,
        seen: &Closed,
        (memory, alerts): &mut Self::State,
        report: &mut dyn FnMut(AlertEvent),
    ) -> Attention {
        let scores = self.rule.score(seen, memory);
        let rate = seen.counts.failure_rate();
        for ((kind, alert), score) in AlertKind::ALL.into_iter().zip(alerts.iter_mut()).zip(scores)
        {
            let reading = Reading {
                end: seen.end(),
                contribution: if score >= self.threshold {
                    f64::INFINITY
                } else {
                    f64::NEG_INFINITY
                },
                severity: Severity::of_share(rate),
                since: seen.start_of(seen.window),
            };
            if let Some(turn) = alert.update(&reading, &self.settings) {
                report(AlertEvent {
                    account: seen.account,
                    kind,
                    severity: turn.severity,
                    change: turn.change,
                    scores: Scores { failure: rate, impact: rate, ..Scores::default() },
                    since: turn.since,
                    explanation: Explanation { evidence: score, ..Explanation::default() },
                });
            }
        }
        let is_on = alerts.iter().any(AlertState::is_raised);
        if R::WATCHES_SILENCE || is_on { Attention::Awake } else { Attention::Asleep }
    }
}

/// Sums over the newest windows of an account, for rules that look back.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    windows: alloc::collections::VecDeque<super::windows::Tally>,
    next: u64,
}

impl History {
    /// Takes in the window that ended, and the silent ones slept through before it; keeps `kept`.
    pub(super) fn push(&mut self, seen: &Closed, kept: usize) {
        let slept = if self.windows.is_empty() { 0 } else { seen.window.saturating_sub(self.next) };
        for _ in 0..slept.min(kept as u64) {
            self.windows.push_front(super::windows::Tally::default());
        }
        self.windows.push_front(seen.counts);
        self.windows.truncate(kept);
        self.next = seen.window + 1;
    }

    /// The windows, the newest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &super::windows::Tally> {
        self.windows.iter()
    }

    /// How many windows are kept.
    pub(super) fn len(&self) -> usize {
        self.windows.len()
    }

    /// Failed, outcomes and submitted of the windows of ages `from..until`.
    pub(super) fn totals(&self, from: usize, until: usize) -> (u64, u64, u64) {
        let windows = self.windows.iter().skip(from).take(until - from);
        windows.fold((0, 0, 0), |(failed, outcomes, submitted), tally| {
            (
                failed + u64::from(tally.failed),
                outcomes + tally.outcomes(),
                submitted + u64::from(tally.submitted),
            )
        })
    }
}

/// The failure rate of all that an account ever showed, with a little belief to begin with: 5 % worth 20
/// messages, never below half a percent.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LongRun {
    failed: f64,
    outcomes: f64,
}

impl LongRun {
    pub(super) fn rate(&self) -> f64 {
        ((self.failed + 1.0) / (self.outcomes + 20.0)).max(0.005)
    }

    pub(super) fn learn(&mut self, failed: u64, outcomes: u64) {
        self.failed += failed as f64;
        self.outcomes += outcomes as f64;
    }

    /// Failures and successes believed.
    pub(super) fn parameters(&self, strength_max: f64) -> (f64, f64) {
        let strength = (self.outcomes + 20.0).min(strength_max);
        (self.rate() * strength, (1.0 - self.rate()) * strength)
    }
}
