//! Failover from one destination to another.

use super::resolved::Probability;
use crate::time::Span;
use crate::units::DestinationId;

/// Two destinations that lead to the same recipients: what is submitted for the first goes to the second
/// while the first is in trouble.
///
/// Only messages that are submitted meanwhile go there. What waits at the first stays: lanes share
/// nothing, a message is counted at one of them, and what was handed to a carrier cannot be called back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failover {
    /// Its name; unique.
    pub name: String,
    /// Where messages go when nothing is wrong.
    pub primary: DestinationId,
    /// Where they go meanwhile.
    pub secondary: DestinationId,
    /// It switches when no session of the primary was up for this long.
    pub unreachable: Option<Span>,
    /// It switches when so many attempts at the primary failed.
    pub failures: Option<FailureTrigger>,
    /// It stays at least this long after a switch, so that it does not flap.
    pub hold: Span,
}

/// When attempts fail too often. An attempt fails when it is refused for now or throttled, or when its
/// outcome stays unknown: what is refused for good is the message's fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailureTrigger {
    /// This part of them or more.
    pub fraction: Probability,
    /// Of at least so many.
    pub least: u32,
    /// Within so long, and since the last switch.
    pub within: Span,
}
