//! The baseline everybody has: a fixed threshold on the failure rate.

use super::alerting::{AlertState, Reading};
use super::windows::{Attention, Closed, Judge, Watch};
use super::{
    Account, AlertEvent, AlertKind, Counts, Detector, DetectorSettings, Explanation, Observation,
    Scores, Severity,
};
use crate::time::Time;

/// Outcomes below which a window says nothing.
const OUTCOMES_MIN: u64 = 20;
/// The share of failures from which a window is abnormal.
pub(super) const THRESHOLD: f64 = 0.05;

/// Alerts when at least 5 % of at least 20 outcomes in a window failed, whatever is usual for the
/// account: registered as `static-threshold`. Volume is not watched.
///
/// Its failure score and its impact are the failure rate. It has the hysteresis of counting calm windows
/// and the quiet period of all detectors, but one threshold: `raise_at` and `clear_at` do not apply.
pub struct StaticThresholdDetector {
    watch: Watch<StaticThreshold>,
}

impl StaticThresholdDetector {
    /// A detector with these settings.
    pub fn new(settings: DetectorSettings) -> Self {
        Self::at(THRESHOLD, settings)
    }

    /// One that alerts at another share of failures.
    pub(super) fn at(threshold: f64, settings: DetectorSettings) -> Self {
        let judge = StaticThreshold { threshold, settings };
        StaticThresholdDetector { watch: Watch::new(judge, settings.window) }
    }
}

impl Detector for StaticThresholdDetector {
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

struct StaticThreshold {
    threshold: f64,
    settings: DetectorSettings,
}

impl Judge for StaticThreshold {
    type State = AlertState;

    fn begin(&self, _: u64) -> AlertState {
        AlertState::NEW
    }

    fn judge(
        &mut self,
        seen: &Closed,
        alert: &mut AlertState,
        report: &mut dyn FnMut(AlertEvent),
    ) -> Attention {
        let outcomes = seen.counts.outcomes();
        let rate = seen.counts.failure_rate();
        let abnormal = outcomes >= OUTCOMES_MIN && rate >= self.threshold;
        let severity = Severity::of_share(rate);
        let reading = Reading {
            end: seen.end(),
            contribution: if abnormal { f64::INFINITY } else { f64::NEG_INFINITY },
            severity,
            since: seen.start_of(seen.window),
        };
        if let Some(turn) = alert.update(&reading, &self.settings) {
            report(AlertEvent {
                account: seen.account,
                kind: AlertKind::Failure,
                severity: turn.severity,
                change: turn.change,
                scores: Scores { failure: rate, impact: rate, ..Scores::default() },
                since: turn.since,
                explanation: Explanation { evidence: rate, harmed: rate, ..Explanation::default() },
            });
        }
        if alert.is_raised() { Attention::Awake } else { Attention::Asleep }
    }
}
