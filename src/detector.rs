//! The anomaly detector that a platform links in: production code.

mod alert;

pub use alert::{Account, AlertChange, AlertEvent, AlertKind, Scores, Severity};

use crate::time::{Span, Time};

/// What the platform saw of one account.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Observation {
    /// The tenant submitted a message.
    Submitted,
    /// An attempt was accepted, or a receipt said delivered.
    Succeeded,
    /// An attempt was refused or never answered, or a receipt said not delivered.
    Failed,
}

/// A detector: observations and ticks in, alerts out. It never reads a clock.
pub trait Detector {
    /// Takes note of one observation.
    fn observe(&mut self, now: Time, account: Account, seen: Observation);

    /// Evaluates all windows that ended at or before `now`. Calling it early is harmless.
    fn tick(&mut self, now: Time, report: &mut dyn FnMut(AlertEvent));

    /// When [`Detector::tick`] should be called next.
    fn next_tick(&self) -> Time;
}

/// The settings shared by all detectors.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct DetectorSettings {
    /// Width of an evaluation window.
    pub window: Span,
    /// After an alert was cleared, the same account and kind stays quiet this long.
    pub quiet: Span,
    /// Impact in [0, 1] at which an alert is raised.
    pub raise_at: f64,
    /// Impact in [0, 1] below which it is cleared; below `raise_at`.
    pub clear_at: f64,
}
