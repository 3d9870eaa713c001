//! The carrier of one destination: takes or refuses attempts, answers, delivers, sends receipts.
//!
//! An attempt is decided when it arrives: from then on the carrier has a copy of the message or it does
//! not. The answer tells the platform later, and may never reach it.

use super::faults::Effects;
use super::{AttemptLuck, happens, sample};
use crate::engine::index_below;
use crate::scenario::{Absent, Gateway, Probability};
use crate::scheduler::{Attempt, Pacer, ReceiptState, Status, StatusClass, Ticket, Truth};
use crate::time::{Span, Time};
use crate::units::{MessageId, Quota, Rate, Segments, SessionId, TenantId};

/// The carrier at work.
pub(super) struct Carrier {
    /// Copies on their way; the calendar refers to them by index.
    copies: Vec<Copy>,
    free: Vec<u32>,
    counts: CarrierCounts,
    /// Numbers each session's lives: an answer from an earlier life is lost.
    lives: Vec<u32>,
    /// What it lets through, in all and by session.
    limit: Option<Pacer>,
    session_limits: Vec<Pacer>,
    processing: Option<Pacer>,
}

/// What the carrier says it did, in copies of messages: ledger B from its side.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct CarrierCounts {
    /// Attempts that arrived.
    pub attempts: u64,
    /// Copies taken and not finished.
    pub held: u64,
    /// Copies delivered.
    pub delivered: u64,
    /// Copies lost.
    pub lost: u64,
    /// Copies given up.
    pub rejected: u64,
}

/// An attempt at the carrier: at most a cache line, because there are as many as messages on their way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Copy {
    pub(super) ticket: Ticket,
    pub(super) message: MessageId,
    pub(super) tenant: TenantId,
    pub(super) status: Status,
    pub(super) session: SessionId,
    pub(super) fate: Fate,
    /// From answer to the end of its fate.
    pub(super) delivery: Span,
    /// From there to the receipt; the longest span when it is lost.
    receipt: Span,
    life: u32,
    /// Whether the platform got the answer; without it, it cannot match a receipt.
    pub(super) is_answered: bool,
    /// Whether one more receipt follows the next.
    pub(super) is_receipt_repeated: bool,
}

impl Copy {
    /// From the end of its fate to the receipt; `None` when it is lost.
    pub(super) fn receipt(&self) -> Option<Span> {
        (self.receipt < Span::MAX).then_some(self.receipt)
    }
}

/// What becomes of a copy that was taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fate {
    Delivered,
    Undeliverable,
    /// The subscriber stayed away for longer than the carrier tries.
    Expired,
    /// Filtered, with a receipt.
    Rejected,
    Lost,
}

impl Fate {
    pub(super) fn receipt(self) -> Option<ReceiptState> {
        match self {
            Fate::Delivered => Some(ReceiptState::Delivered),
            Fate::Undeliverable => Some(ReceiptState::Undeliverable),
            Fate::Expired => Some(ReceiptState::Expired),
            Fate::Rejected => Some(ReceiptState::Rejected),
            Fate::Lost => None,
        }
    }

    pub(super) fn truth(self) -> Truth {
        match self {
            Fate::Delivered => Truth::Delivered,
            Fate::Undeliverable | Fate::Expired | Fate::Rejected => Truth::Rejected,
            Fate::Lost => Truth::Lost,
        }
    }
}

impl Carrier {
    pub(super) fn new(gateway: &Gateway) -> Self {
        let sessions = usize::from(gateway.sessions);
        Carrier {
            copies: Vec::new(),
            free: Vec::new(),
            counts: CarrierCounts::default(),
            lives: vec![0; sessions],
            limit: gateway.limit.map(Pacer::new),
            session_limits: gateway
                .session_limit
                .map_or(Vec::new(), |limit| vec![Pacer::new(limit); sessions]),
            processing: gateway.capacity.map(|capacity| Pacer::new(one_by_one(capacity.rate))),
        }
    }

    pub(super) fn counts(&self) -> CarrierCounts {
        self.counts
    }

    /// Copies and answers still on their way.
    pub(super) fn on_their_way(&self) -> usize {
        self.copies.len() - self.free.len()
    }

    pub(super) fn copy(&mut self, index: u32) -> &mut Copy {
        &mut self.copies[index as usize]
    }

    /// A session is lost, and with it the answers on their way.
    pub(super) fn lose(&mut self, session: SessionId) {
        self.lives[session.index()] += 1;
    }

    /// Processes so much from now on; what waits already keeps its turn.
    pub(super) fn process_at(&mut self, now: Time, rate: Option<Rate>) {
        match (&mut self.processing, rate) {
            (Some(pacer), Some(rate)) => pacer.change(now, one_by_one(rate)),
            (processing, rate) => *processing = rate.map(|rate| Pacer::new(one_by_one(rate))),
        }
    }

    /// Decides an attempt; returns its index and how long the answer takes, or `None` when there will
    /// be no answer because it disappears.
    pub(super) fn take(
        &mut self,
        now: Time,
        gateway: &Gateway,
        attempt: &Attempt,
        luck: &AttemptLuck,
        effects: &Effects,
    ) -> Option<(u32, Span)> {
        self.counts.attempts += 1;
        if effects.disappears {
            return None;
        }
        let segments = attempt.message.segments;
        let (mut status, mut wait) = (Status::OK, Span::ZERO);
        if let Some(refused) = effects.refusal {
            status = refused;
        } else if !self.lets_through(now, attempt.session, segments) {
            status = Status::THROTTLED;
        } else if let Some(refused) = ordinary_refusal(gateway, luck.refusal()) {
            status = refused;
        } else {
            match self.queue(now, gateway, segments) {
                Some(waits) => wait = waits,
                None => status = Status::QUEUE_FULL,
            }
        }
        let is_taken = status.class() == StatusClass::Accepted;
        self.counts.held += u64::from(is_taken);
        let (fate, delivery) = match effects.filtered {
            Some(true) => (Fate::Rejected, sample(&gateway.delivery, luck.delivery())),
            Some(false) => (Fate::Lost, sample(&gateway.delivery, luck.delivery())),
            None => delivered(gateway, luck),
        };
        let is_lost = effects.receipt_lost || happens(gateway.receipt_lost, luck.receipt_lost());
        let receipt =
            || sample(&gateway.receipt, luck.receipt()).saturating_add(effects.receipt_delay);
        let copy = Copy {
            ticket: attempt.ticket,
            message: attempt.message.id,
            tenant: attempt.message.tenant,
            status,
            session: attempt.session,
            fate,
            delivery,
            receipt: if is_lost { Span::MAX } else { receipt() },
            life: self.lives[attempt.session.index()],
            is_answered: false,
            is_receipt_repeated: effects.receipt_duplicated
                || happens(gateway.receipt_duplicated, luck.receipt_duplicated()),
        };
        let index = match self.free.pop() {
            Some(index) => {
                self.copies[index as usize] = copy;
                index
            }
            None => {
                self.copies.push(copy);
                (self.copies.len() - 1) as u32
            }
        };
        let response = effects.slowness.times(sample(&gateway.response, luck.response()));
        Some((index, response.saturating_add(wait)))
    }

    /// Whether the carrier's own limits let an attempt through; what they do is charged to them.
    fn lets_through(&mut self, now: Time, session: SessionId, segments: Segments) -> bool {
        let own = self.session_limits.get_mut(session.index());
        let conforms = self.limit.iter().chain(own.as_deref()).all(|pacer| pacer.conforms(now));
        if conforms {
            self.limit.iter_mut().chain(own).for_each(|pacer| pacer.charge(now, segments));
        }
        conforms
    }

    /// How long an attempt waits to be processed; `None` when too much waits already.
    fn queue(&mut self, now: Time, gateway: &Gateway, segments: Segments) -> Option<Span> {
        let Some(pacer) = &mut self.processing else { return Some(Span::ZERO) };
        let wait = pacer.earliest(now).since(now);
        let waiting = pacer.quota().rate.whole_segments_in(wait);
        if gateway.capacity.is_some_and(|capacity| waiting >= capacity.queue) {
            return None;
        }
        pacer.charge(now, segments);
        Some(wait)
    }

    /// Whether the session that an attempt went out on is still there to carry its answer.
    pub(super) fn can_answer(&self, index: u32) -> bool {
        let copy = &self.copies[index as usize];
        self.lives[copy.session.index()] == copy.life
    }

    /// The fate of a taken copy is fulfilled.
    pub(super) fn finish(&mut self, index: u32) -> Fate {
        let fate = self.copies[index as usize].fate;
        self.counts.held -= 1;
        match fate.truth() {
            Truth::Delivered => self.counts.delivered += 1,
            Truth::Lost => self.counts.lost += 1,
            _ => self.counts.rejected += 1,
        }
        fate
    }

    pub(super) fn forget(&mut self, index: u32) {
        self.free.push(index);
    }
}

/// A quota that lets one segment go after the other.
fn one_by_one(rate: Rate) -> Quota {
    Quota { rate, burst: 1 }
}

/// What becomes of a message that is taken, and when.
fn delivered(gateway: &Gateway, luck: &AttemptLuck) -> (Fate, Span) {
    let (fate, delivery) = (fate(gateway, luck.fate()), sample(&gateway.delivery, luck.delivery()));
    match gateway.absent {
        Some(absent) if happens(absent.probability, luck.absent()) && fate != Fate::Lost => {
            after_absence(&absent, fate, delivery, luck)
        }
        _ => (fate, delivery),
    }
}

/// The carrier tries at every multiple of its interval; the first try that finds the subscriber there
/// delivers, as fast as usual.
fn after_absence(absent: &Absent, fate: Fate, delivery: Span, luck: &AttemptLuck) -> (Fate, Span) {
    let away = sample(&absent.away, luck.away()).as_nanoseconds();
    let retry = absent.retry.as_nanoseconds();
    let found = Span::from_nanoseconds(away.div_ceil(retry).saturating_mul(retry));
    if found > absent.validity {
        (Fate::Expired, absent.validity)
    } else {
        (fate, found.saturating_add(delivery))
    }
}

fn ordinary_refusal(gateway: &Gateway, draw: u64) -> Option<Status> {
    if gateway.refusals.is_empty() {
        return None;
    }
    let mut left = index_below(draw, u64::from(Probability::ALWAYS.billionths()));
    gateway.refusals.iter().find_map(|(status, probability)| {
        let probability = u64::from(probability.billionths());
        let is_here = left < probability;
        left = left.saturating_sub(probability);
        is_here.then_some(*status)
    })
}

fn fate(gateway: &Gateway, draw: u64) -> Fate {
    let drawn = index_below(draw, u64::from(Probability::ALWAYS.billionths()));
    let lost = u64::from(gateway.lost.billionths());
    let undeliverable = u64::from(gateway.undeliverable.billionths());
    if drawn < lost {
        Fate::Lost
    } else if drawn < lost + undeliverable {
        Fate::Undeliverable
    } else {
        Fate::Delivered
    }
}
