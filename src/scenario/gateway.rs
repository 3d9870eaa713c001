//! The carrier's side of a destination, as a scenario describes it.

use super::resolved::{Latency, Probability};
use crate::scheduler::Status;
use crate::time::Span;
use crate::units::{Quota, Rate};

/// How the carrier of one destination behaves when nothing is wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct Gateway {
    /// Sessions (binds).
    pub sessions: u16,
    /// Unanswered attempts that each session allows.
    pub window: u32,
    /// How long a session that was lost takes to come back once it can.
    pub reconnect: Span,
    /// What the carrier lets through; beyond it attempts are throttled. `None` for no limit of its own.
    pub limit: Option<Quota>,
    /// The same for each session.
    pub session_limit: Option<Quota>,
    /// What the carrier processes; what comes faster waits there, unanswered. `None` for at once.
    pub capacity: Option<Capacity>,
    /// From submission to response, waiting for the capacity apart.
    pub response: Latency,
    /// Refusals in ordinary operation; the probabilities add up to at most 1.
    pub refusals: Vec<(Status, Probability)>,
    /// From acceptance to the handset, when it can be reached.
    pub delivery: Latency,
    /// Handsets that cannot be reached at first; `None` for none.
    pub absent: Option<Absent>,
    /// How often an accepted message is never delivered, with a receipt that says so.
    pub undeliverable: Probability,
    /// How often an accepted message disappears: not delivered, no receipt.
    pub lost: Probability,
    /// From delivery (or its failure) to the receipt.
    pub receipt: Latency,
    /// How often the receipt of a message is lost.
    pub receipt_lost: Probability,
    /// How often a receipt comes twice.
    pub receipt_duplicated: Probability,
}

/// One session with a window of 10, answers in about 50 ms, delivery in about 3 s, receipts a second
/// later, nothing refused or lost: what a scenario says nothing of is so.
impl Default for Gateway {
    fn default() -> Self {
        let lognormal = |median_ms, sigma| {
            let median = Span::from_milliseconds(median_ms);
            Latency::Lognormal { median, sigma }
        };
        Gateway {
            sessions: 1,
            window: 10,
            reconnect: Span::ZERO,
            limit: None,
            session_limit: None,
            capacity: None,
            response: lognormal(50, 0.6),
            refusals: Vec::new(),
            delivery: lognormal(3_000, 0.73),
            absent: None,
            undeliverable: Probability::NEVER,
            lost: Probability::NEVER,
            receipt: lognormal(1_000, 0.5),
            receipt_lost: Probability::NEVER,
            receipt_duplicated: Probability::NEVER,
        }
    }
}

/// What a carrier processes, and how much may wait for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// Segments in a span.
    pub rate: Rate,
    /// Segments that may wait; beyond it attempts are refused with `ESME_RMSGQFUL`.
    pub queue: u64,
}

/// Subscribers that are switched off or out of cover, and how the carrier tries again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Absent {
    /// How often a handset cannot be reached when its message comes.
    pub probability: Probability,
    /// How long it then stays away.
    pub away: Latency,
    /// How often the carrier tries: at every multiple of this after acceptance.
    pub retry: Span,
    /// When the carrier gives up, with a receipt that says `EXPIRED`.
    pub validity: Span,
}
