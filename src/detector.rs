//! The anomaly detector that a platform links in: production code.
//!
//! A detector counts what the platform sees of every [`Account`] in windows aligned to multiples of
//! their width, judges each window when it ends, and reports alerts that begin and end. The
//! platform calls [`Detector::observe`] for everything it sees and [`Detector::tick`] when
//! [`Detector::next_tick`] has come; which detector is behind that is one name in [`DETECTORS`].
//!
//! [`ScoresDetector`] is ours; its documentation has the formulas of the scores.

mod alert;
mod alerting;
mod baseline;
mod binomial;
mod brief;
mod burn_rate;
mod composition;
mod controls;
mod counts;
mod evidence;
mod ewma;
mod grouping;
mod impact;
mod marks;
mod periods;
mod recent;
mod registry;
mod rule;
mod scores;
mod season;
mod sequential;
mod series;
mod severity;
mod sparsity;
mod static_threshold;
mod tail;
mod windows;

pub use alert::{
    Account, AlertChange, AlertEvent, AlertKind, AlertScope, Cause, Explanation, Scores, Severity,
};
pub use counts::{Counts, ErrorClass, Notice};
pub use registry::{DETECTORS, DetectorInfo, detector, detector_at};
pub use scores::{Part, ScoresDetector};
pub use series::{MovingMedian, SeriesKind, SeriesScorer, without_repeats};
pub use static_threshold::StaticThresholdDetector;

use crate::time::{Span, Time};

/// What the platform saw of one account.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Observation {
    /// The tenant submitted a message.
    Submitted,
    /// An attempt was handed to the carrier. Lateness is counted from here: what the platform itself
    /// holds back is nobody's delay but the platform's.
    Dispatched,
    /// An attempt was accepted, or a receipt said delivered.
    Succeeded,
    /// An attempt was refused or never answered, or a receipt said not delivered.
    Failed,
    /// The same, and why is known.
    FailedAs(ErrorClass),
}

/// A detector: observations and ticks in, alerts out. It never reads a clock.
pub trait Detector {
    /// Takes note of one observation.
    ///
    /// Observations come in order of time; one that does not counts in the window that is open.
    /// Windows that ended before `now` are judged first, so a late tick changes no verdict.
    fn observe(&mut self, now: Time, account: Account, seen: Observation);

    /// Takes note of many observations of one account at once, as a platform that counts has them.
    fn observe_counts(&mut self, now: Time, account: Account, seen: &Counts);

    /// A late receipt says that what was counted as a failure of this class at `then` was delivered after
    /// all: the past is corrected, as if it had been counted as a success. Detectors that keep no past
    /// count a success now.
    fn correct(&mut self, now: Time, account: Account, then: Time, failed_as: ErrorClass) {
        let _ = (then, failed_as);
        self.observe(now, account, Observation::Succeeded);
    }

    /// Takes note of something that explains what is to come. Detectors that have no use for it ignore
    /// it.
    fn notice(&mut self, now: Time, account: Account, notice: Notice) {
        let _ = (now, account, notice);
    }

    /// Evaluates all windows that ended at or before `now`. Calling it early is harmless.
    fn tick(&mut self, now: Time, report: &mut dyn FnMut(AlertEvent));

    /// When [`Detector::tick`] should be called next.
    fn next_tick(&self) -> Time;
}

/// The settings shared by all detectors.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct DetectorSettings {
    /// Width of an evaluation window; windows begin at multiples of it. At least a nanosecond; whole seconds
    /// from 15 to an hour where the hour of the day is learnt ([`ScoresDetector`]).
    pub window: Span,
    /// After an alert was cleared, the same account and kind stays quiet this long.
    pub quiet: Span,
    /// What a kind of alert must contribute to the impact, in [0, 1], to be raised.
    pub raise_at: f64,
    /// What it must fall below, in [0, 1], to be cleared; below `raise_at`.
    pub clear_at: f64,
}

impl DetectorSettings {
    /// What a scenario gets that states nothing else: windows of 5 minutes and a quiet hour, as the
    /// shipped product that is nearest to this one; raised at 0.5 and cleared at 0.3, which for
    /// failures means 5 and 2 percentage points above the account's own rate.
    pub const STANDARD: DetectorSettings = DetectorSettings {
        window: Span::from_seconds(300),
        quiet: Span::from_seconds(3600),
        raise_at: 0.5,
        clear_at: 0.3,
    };
}

impl Default for DetectorSettings {
    fn default() -> Self {
        Self::STANDARD
    }
}
