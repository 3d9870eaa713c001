//! The baseline everybody has: a fixed threshold on the failure rate.

use super::alerting::{AlertState, Reading};
use super::windows::{Attention, Closed, Judge, Watch};
use super::{
    Account, AlertEvent, AlertKind, Detector, DetectorSettings, Observation, Scores, Severity,
};
use crate::time::Time;

/// Outcomes below which a window says nothing.
const OUTCOMES_MIN: u64 = 20;
/// One failure in this many outcomes is abnormal: 5 %.
const ONE_IN: u64 = 20;

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
        StaticThresholdDetector { watch: Watch::new(StaticThreshold { settings }, settings.window) }
    }
}

impl Detector for StaticThresholdDetector {
    fn observe(&mut self, now: Time, account: Account, seen: Observation) {
        self.watch.observe(now, account, seen);
    }

    fn tick(&mut self, now: Time, report: &mut dyn FnMut(AlertEvent)) {
        self.watch.tick(now, report);
    }

    fn next_tick(&self) -> Time {
        self.watch.next_tick()
    }
}

struct StaticThreshold {
    settings: DetectorSettings,
}

impl Judge for StaticThreshold {
    type State = AlertState;

    fn begin(&self, _: u64) -> AlertState {
        AlertState::NEW
    }

    fn judge(
        &self,
        seen: &Closed,
        alert: &mut AlertState,
        report: &mut dyn FnMut(AlertEvent),
    ) -> Attention {
        let (failed, outcomes) = (u64::from(seen.counts.failed), seen.counts.outcomes());
        let abnormal = outcomes >= OUTCOMES_MIN && failed * ONE_IN >= outcomes;
        let rate = if outcomes == 0 { 0.0 } else { failed as f64 / outcomes as f64 };
        let severity = severity(rate);
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
            });
        }
        if alert.is_raised() { Attention::Awake } else { Attention::Asleep }
    }
}

/// Severity of a failure rate: the cut points of [`Severity::of_impact`] as shares of messages.
fn severity(rate: f64) -> Severity {
    if rate >= 0.25 {
        Severity::High
    } else if rate >= 0.1 {
        Severity::Medium
    } else if rate >= 0.02 {
        Severity::Low
    } else {
        Severity::None
    }
}
