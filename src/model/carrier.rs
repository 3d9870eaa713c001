//! The carrier of one destination: takes or refuses attempts, answers, delivers, sends receipts.
//!
//! An attempt is decided when it arrives: from then on the carrier has a copy of the message or it does
//! not. The answer tells the platform later, and may never reach it.

use super::{AttemptLuck, happens, sample};
use crate::engine::index_below;
use crate::scenario::{Gateway, Probability};
use crate::scheduler::{Attempt, ReceiptState, Status, StatusClass, Ticket};
use crate::time::Span;
use crate::units::{MessageId, TenantId};

/// The carrier at work.
pub(super) struct Carrier {
    /// Copies on their way; the calendar refers to them by index.
    copies: Vec<Copy>,
    free: Vec<u32>,
    counts: CarrierCounts,
    /// Numbers the sessions' lives: an answer from an earlier life is lost.
    pub(super) epoch: u32,
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

/// An attempt at the carrier.
#[derive(Clone, Copy, Debug)]
pub(super) struct Copy {
    pub(super) ticket: Ticket,
    pub(super) message: MessageId,
    pub(super) tenant: TenantId,
    pub(super) status: Status,
    pub(super) fate: Fate,
    /// From answer to the end of its fate.
    pub(super) delivery: Span,
    /// From there to the receipt; `None` when it is lost.
    pub(super) receipt: Option<Span>,
    epoch: u32,
    /// Whether the platform got the answer; without it, it cannot match a receipt.
    pub(super) is_answered: bool,
}

/// What becomes of a copy that was taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fate {
    Delivered,
    Rejected,
    Lost,
}

impl Fate {
    pub(super) fn receipt(self) -> Option<ReceiptState> {
        match self {
            Fate::Delivered => Some(ReceiptState::Delivered),
            Fate::Rejected => Some(ReceiptState::Undeliverable),
            Fate::Lost => None,
        }
    }
}

impl Carrier {
    pub(super) fn new() -> Self {
        Carrier { copies: Vec::new(), free: Vec::new(), counts: CarrierCounts::default(), epoch: 0 }
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

    /// Decides an attempt; returns its index and how long the answer takes.
    pub(super) fn take(
        &mut self,
        gateway: &Gateway,
        attempt: &Attempt,
        luck: &AttemptLuck,
        refused_by_fault: Option<Status>,
    ) -> (u32, Span) {
        self.counts.attempts += 1;
        let status = refused_by_fault
            .or_else(|| ordinary_refusal(gateway, luck.refusal()))
            .unwrap_or(Status::OK);
        let is_taken = status.class() == StatusClass::Accepted;
        self.counts.held += u64::from(is_taken);
        let copy = Copy {
            ticket: attempt.ticket,
            message: attempt.message.id,
            tenant: attempt.message.tenant,
            status,
            fate: fate(gateway, luck.fate()),
            delivery: sample(&gateway.delivery, luck.delivery()),
            receipt: (!happens(gateway.receipt_lost, luck.receipt_lost()))
                .then(|| sample(&gateway.receipt, luck.receipt())),
            epoch: self.epoch,
            is_answered: false,
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
        (index, sample(&gateway.response, luck.response()))
    }

    /// Whether the session that an attempt went out on is still there to carry its answer.
    pub(super) fn can_answer(&self, index: u32) -> bool {
        self.copies[index as usize].epoch == self.epoch
    }

    /// The fate of a taken copy is fulfilled.
    pub(super) fn finish(&mut self, index: u32) -> Fate {
        let fate = self.copies[index as usize].fate;
        self.counts.held -= 1;
        match fate {
            Fate::Delivered => self.counts.delivered += 1,
            Fate::Rejected => self.counts.rejected += 1,
            Fate::Lost => self.counts.lost += 1,
        }
        fate
    }

    pub(super) fn forget(&mut self, index: u32) {
        self.free.push(index);
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
        Fate::Rejected
    } else {
        Fate::Delivered
    }
}
