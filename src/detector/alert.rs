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
    /// Outcomes stay out: what is submitted is neither delivered nor failed.
    Delay = 3,
}

impl AlertKind {
    /// All kinds, in the order of their numbers.
    pub const ALL: [AlertKind; 4] =
        [AlertKind::Failure, AlertKind::VolumeUp, AlertKind::VolumeDown, AlertKind::Delay];

    /// The name used in files and output.
    pub const fn name(self) -> &'static str {
        match self {
            AlertKind::Failure => "failure",
            AlertKind::VolumeUp => "volume-up",
            AlertKind::VolumeDown => "volume-down",
            AlertKind::Delay => "delay",
        }
    }
}

/// The bin of an impact.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Severity {
    /// Nothing to act on: a notice, which pages nobody.
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
    /// Start of the first abnormal window, to the second below.
    pub since: Time,
    /// What a person needs to act on it.
    pub explanation: Explanation,
}

/// What a person needs to act on an alert.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Explanation {
    /// How sure it is: powers of ten by which what was seen is likelier if something is wrong.
    pub evidence: f64,
    /// The share of the account's traffic that is harmed; at the end of an alert that of its whole
    /// length.
    pub harmed: f64,
    /// What was expected since it began: failures, messages or late outcomes, by kind.
    pub expected: f64,
    /// What was seen instead.
    pub seen: f64,
    /// The likely cause.
    pub cause: Cause,
    /// Whom it hits.
    pub scope: AlertScope,
}

/// Whom an alert is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum AlertScope {
    /// The account named.
    #[default]
    Account,
    /// The whole destination: so many accounts at once, of which the one named is the first.
    Destination {
        /// Accounts in which it was seen when it was raised.
        accounts: u32,
    },
}

/// Why something is wrong, as far as counts can tell.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum Cause {
    /// The counts do not say.
    #[default]
    Unknown,
    /// The carrier cannot be reached, or fails for many tenants at once.
    CarrierOutage,
    /// The carrier takes fewer messages than are sent.
    Throttling,
    /// The carrier takes messages for spam.
    Filtering,
    /// The tenant sends to numbers that do not exist.
    BadList,
    /// Pumping or a flash crowd that nobody announced: counts cannot tell one from the other.
    UnannouncedSurge,
    /// Everybody's traffic at a destination rises at once: for the record, nothing has failed.
    FlashCrowd,
    /// The tenant submits nothing more: broken, or gone without notice.
    TrafficStopped,
    /// Receipts are late.
    ReceiptDelay,
}

impl Cause {
    /// The name used in files and output.
    pub const fn name(self) -> &'static str {
        match self {
            Cause::Unknown => "unknown",
            Cause::CarrierOutage => "carrier-outage",
            Cause::Throttling => "throttling",
            Cause::Filtering => "filtering",
            Cause::BadList => "bad-list",
            Cause::UnannouncedSurge => "surge",
            Cause::FlashCrowd => "flash-crowd",
            Cause::TrafficStopped => "traffic-stopped",
            Cause::ReceiptDelay => "receipt-delay",
        }
    }

    /// Where a person should look first.
    pub const fn where_to_look(self) -> &'static str {
        match self {
            Cause::Unknown => "the statuses of the failures since it began",
            Cause::CarrierOutage => "the sessions and the carrier's own status",
            Cause::Throttling => "the carrier's rate against our quota for the destination",
            Cause::Filtering => "what the tenant's messages say, and the sender's registration",
            Cause::BadList => "where the tenant's recipients come from",
            Cause::UnannouncedSurge => {
                "the recipients' prefixes: one expensive range is pumping, a spread is a crowd"
            }
            Cause::FlashCrowd => "nothing to repair: whether quota and queues will do",
            Cause::TrafficStopped => "the tenant's own system, or whether it has left",
            Cause::ReceiptDelay => "the carrier's receipts: messages may well be delivered",
        }
    }
}

/// Whether an alert begins or ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AlertChange {
    /// It begins.
    Raised,
    /// It ends.
    Cleared,
}
