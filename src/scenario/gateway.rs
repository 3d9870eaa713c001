//! The carrier's side of a destination, as a scenario describes it.

use super::resolved::{Latency, Probability};
use crate::scheduler::{RetryRule, Status, WindowUnit};
use crate::time::{Span, Time};
use crate::units::{Quota, Rate, SessionId};

/// How the carrier of one destination behaves when nothing is wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct Gateway {
    /// The carrier profile that it was made from.
    pub profile: Option<&'static str>,
    /// Sessions (binds).
    pub sessions: u16,
    /// What each session allows unanswered, where `binds` does not say otherwise.
    pub window: u32,
    /// Sessions that differ, in order; empty where all are alike.
    pub binds: Vec<Bind>,
    /// What a window counts.
    pub window_counts: WindowUnit,
    /// How the platform gets a lost session back.
    pub reconnect: Reconnect,
    /// How the platform finds out that a session is dead; `None` for never.
    pub enquire_link: Option<EnquireLink>,
    /// What the carrier lets through; beyond it attempts are throttled. `None` for no limit of its own.
    pub limit: Option<Quota>,
    /// The same for each session, where `binds` does not say otherwise.
    pub session_limit: Option<Quota>,
    /// The same for senders, tenants and classes of senders.
    pub sender_limits: Vec<SenderLimit>,
    /// What the carrier processes; what comes faster waits there, unanswered. `None` for at once.
    pub capacity: Option<Capacity>,
    /// Whether responses tell how full the queue of that capacity is, as a congestion state.
    pub tells_congestion: bool,
    /// How many undelivered messages it keeps for one recipient; `None` for any number.
    pub recipient_queue: Option<RecipientQueue>,
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
    /// How often a receipt comes late, and by how much.
    pub receipt_late: Option<(Probability, Latency)>,
    /// How often the receipt of a message is lost.
    pub receipt_lost: Probability,
    /// How often a receipt comes twice.
    pub receipt_duplicated: Probability,
    /// How exactly a receipt tells when its message was delivered, rounded down: classic receipts have
    /// `done date:YYMMDDhhmm`, minutes. `None` when they tell no time that the platform reads.
    pub receipt_resolution: Option<Span>,
    /// How the carrier writes a message's number in a receipt.
    pub receipt_ids: ReceiptIds,
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
            profile: None,
            sessions: 1,
            window: 10,
            binds: Vec::new(),
            window_counts: WindowUnit::Messages,
            reconnect: Reconnect::WhenPossible(Span::ZERO),
            enquire_link: None,
            limit: None,
            session_limit: None,
            sender_limits: Vec::new(),
            capacity: None,
            tells_congestion: false,
            recipient_queue: None,
            response: lognormal(50, 0.6),
            refusals: Vec::new(),
            delivery: lognormal(3_000, 0.73),
            absent: None,
            undeliverable: Probability::NEVER,
            lost: Probability::NEVER,
            receipt: lognormal(1_000, 0.5),
            receipt_late: None,
            receipt_lost: Probability::NEVER,
            receipt_duplicated: Probability::NEVER,
            receipt_resolution: None,
            receipt_ids: ReceiptIds::Same,
        }
    }
}

impl Gateway {
    /// What a session allows unanswered.
    pub fn window_of(&self, session: SessionId) -> u32 {
        self.binds.get(session.index()).map_or(self.window, |bind| bind.window)
    }

    /// What the carrier lets through on a session.
    pub fn limit_of(&self, session: SessionId) -> Option<Quota> {
        self.binds.get(session.index()).map_or(self.session_limit, |bind| bind.limit)
    }

    /// The largest window of its sessions.
    pub fn largest_window(&self) -> u32 {
        let windows = (0..self.sessions).map(|session| self.window_of(SessionId(session)));
        windows.max().unwrap_or(self.window)
    }

    /// What all sessions allow unanswered.
    pub fn seats(&self) -> u64 {
        (0..self.sessions).map(|session| u64::from(self.window_of(SessionId(session)))).sum()
    }
}

/// A session that differs from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bind {
    /// What it allows unanswered.
    pub window: u32,
    /// What the carrier lets through on it.
    pub limit: Option<Quota>,
}

/// How the platform gets a lost session back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reconnect {
    /// This long after it can.
    WhenPossible(Span),
    /// It tries, waits and tries again; its jitter is a function of destination, session and attempt.
    Backoff(RetryRule),
}

/// How the platform finds out that a session is dead although nobody closed it (SMPP 3.4, 4.11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnquireLink {
    /// How often it asks on each session.
    pub every: Span,
    /// When it gives the session up if nothing answered.
    pub timeout: Span,
}

/// A limit of the carrier on senders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SenderLimit {
    /// The class of senders it is for; `None` for all.
    pub sender_class: Option<String>,
    /// What it is counted by.
    pub per: LimitPer,
    /// What it lets through; beyond it attempts are throttled.
    pub limit: Option<Quota>,
    /// What it lets through in a day.
    pub daily: Option<DailyLimit>,
}

/// What a limit on senders is counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitPer {
    /// Each number has its own.
    Sender,
    /// All numbers of a tenant share it: a campaign, or a brand.
    Tenant,
    /// All senders of the class share it.
    Class,
}

/// A limit on a day's segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DailyLimit {
    /// Segments of a day.
    pub segments: u64,
    /// The first reset after the run began; one a day follows.
    pub first_reset: Time,
    /// What the rest of a day is refused with.
    pub status: Status,
}

/// What a carrier processes, and how much may wait for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// Segments in a span.
    pub rate: Rate,
    /// Segments that may wait; beyond it attempts are refused with `ESME_RMSGQFUL`.
    pub queue: u64,
}

/// Undelivered messages of one recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecipientQueue {
    /// How many recipients there are; a message's own key says which.
    pub recipients: u64,
    /// Messages that the carrier keeps for each; beyond it attempts are refused with `ESME_RMSGQFUL`.
    pub most: u32,
}

/// Subscribers that are switched off or out of cover, and how the carrier tries again.
#[derive(Clone, Debug, PartialEq)]
pub struct Absent {
    /// How often a handset cannot be reached when its message comes.
    pub probability: Probability,
    /// How long it then stays away.
    pub away: Latency,
    /// When the carrier tries; at least one, the last until it gives up.
    pub retry: Vec<RetryStep>,
    /// When the carrier gives up, with a receipt that says `EXPIRED`.
    pub validity: Span,
    /// Whether it gives up when the message's own validity is over, where that is sooner.
    pub minds_message_validity: bool,
    /// How often the carrier is told that the handset is back, and tries at once.
    pub alert: Probability,
}

/// A stretch of a carrier's schedule of tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryStep {
    /// How often it tries.
    pub every: Span,
    /// Until this long after acceptance.
    pub until: Span,
}

/// How a carrier writes the number of a message in its receipt. The platform takes the response and the
/// receipt for the same text, and where they are not, some receipts match nothing, or another message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceiptIds {
    /// As in the response.
    Same,
    /// In decimal, where the response was in hexadecimal.
    DecimalForHexadecimal,
    /// In hexadecimal, where the response was in decimal.
    HexadecimalForDecimal,
    /// With leading zeros up to so many digits, where the response had none.
    ZeroPadded(u8),
}
