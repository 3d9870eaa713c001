//! What a detector tells a person.

use crate::time::Time;
use crate::units::{DestinationId, TenantId};

/// What a detector watches: one tenant at one destination.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Account {
    /// The tenant.
    pub tenant: TenantId,
    /// The destination.
    pub destination: DestinationId,
}

/// What is abnormal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum AlertKind {
    /// Too much fails.
    Failure = 0,
    /// Far more than usual is submitted.
    VolumeUp = 1,
    /// Far less than usual is submitted.
    VolumeDown = 2,
}

impl AlertKind {
    /// All kinds, in the order of their numbers.
    pub const ALL: [AlertKind; 3] =
        [AlertKind::Failure, AlertKind::VolumeUp, AlertKind::VolumeDown];

    /// The name used in files and output.
    pub const fn name(self) -> &'static str {
        match self {
            AlertKind::Failure => "failure",
            AlertKind::VolumeUp => "volume-up",
            AlertKind::VolumeDown => "volume-down",
        }
    }
}

/// The bin of an impact.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Severity {
    /// Nothing to act on.
    None = 0,
    /// Look at it in working hours.
    Low = 1,
    /// Look at it today.
    Medium = 2,
    /// Look at it now.
    High = 3,
}

impl Severity {
    /// The name used in files and output.
    pub const fn name(self) -> &'static str {
        match self {
            Severity::None => "none",
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
        }
    }
}

/// The scores behind an alert, each in [0, 1].
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Scores {
    /// How far the failure rate is above the account's own.
    pub failure: f64,
    /// How far the volume is from the previous periods.
    pub fluctuation: f64,
    /// How little the account's earlier traffic can say.
    pub sparsity: f64,
    /// All three combined.
    pub impact: f64,
}

/// An alert was raised or cleared.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct AlertEvent {
    /// Whom it is about.
    pub account: Account,
    /// What is abnormal.
    pub kind: AlertKind,
    /// How bad it is.
    pub severity: Severity,
    /// Whether it begins or ends.
    pub change: AlertChange,
    /// Why.
    pub scores: Scores,
    /// Start of the first abnormal window.
    pub since: Time,
}

/// Whether an alert begins or ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AlertChange {
    /// It begins.
    Raised,
    /// It ends.
    Cleared,
}
