//! The carrier of one destination: takes or refuses attempts, answers, delivers, sends receipts.
//!
//! An attempt is decided when it arrives: from then on the carrier has a copy of the message or it does
//! not. The answer tells the platform later, and may never reach it.

mod limits;
mod numbers;

use self::limits::{Limits, Recipients};
use self::numbers::Numbers;
use super::faults::Effects;
use super::{AttemptLuck, happens, sample};
use crate::engine::index_below;
use crate::scenario::{Absent, Gateway, Probability, Scenario};
use crate::scheduler::{
    Attempt, Congestion, Pacer, ReceiptState, Status, StatusClass, Ticket, Truth,
};
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
    /// What it lets through.
    limits: Limits,
    processing: Option<Pacer>,
    recipients: Option<Recipients>,
    /// How it numbers messages, and by copy which number one has.
    numbers: Numbers,
    number_of: Vec<u64>,
    /// How exactly receipts tell when it delivered, and by copy what they tell.
    receipt_resolution: Option<Span>,
    told: Vec<Time>,
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
    pub(super) fn new(gateway: &Gateway, scenario: &Scenario) -> Self {
        let sessions = usize::from(gateway.sessions);
        Carrier {
            copies: Vec::new(),
            free: Vec::new(),
            counts: CarrierCounts::default(),
            lives: vec![0; sessions],
            limits: Limits::new(gateway, scenario),
            processing: gateway.capacity.map(|capacity| Pacer::new(one_by_one(capacity.rate))),
            recipients: gateway.recipient_queue.map(Recipients::new),
            numbers: Numbers::new(gateway.receipt_ids),
            number_of: Vec::new(),
            receipt_resolution: gateway.receipt_resolution,
            told: Vec::new(),
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
        } else if let Some(refused) = self.limits.refuse(now, attempt) {
            status = refused;
        } else if let Some(refused) = ordinary_refusal(gateway, luck.refusal()) {
            status = refused;
        } else if self.recipients.as_ref().is_some_and(|all| all.is_full(attempt.message.key)) {
            status = Status::QUEUE_FULL;
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
            None => delivered(gateway, attempt.message.expires.since(now), luck),
        };
        let is_lost = effects.receipt_lost || happens(gateway.receipt_lost, luck.receipt_lost());
        let late = match &gateway.receipt_late {
            Some((probability, by)) if happens(*probability, luck.receipt_late()) => {
                sample(by, luck.lateness())
            }
            _ => Span::ZERO,
        };
        let receipt = || {
            let usual = sample(&gateway.receipt, luck.receipt());
            usual.saturating_add(late).saturating_add(effects.receipt_delay)
        };
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
        if let Some(recipients) = self.recipients.as_mut().filter(|_| is_taken) {
            recipients.hold(index, attempt.message.key);
        }
        if !self.numbers.are_the_same() && is_taken {
            let place = index as usize;
            if self.number_of.len() <= place {
                self.number_of.resize(place + 1, 0);
            }
            self.number_of[place] = self.numbers.number();
        }
        let response = effects.slowness.times(sample(&gateway.response, luck.response()));
        Some((index, response.saturating_add(wait)))
    }

    /// The platform got the response to a taken attempt.
    pub(super) fn answered(&mut self, index: u32) {
        self.copies[index as usize].is_answered = true;
        if !self.numbers.are_the_same() {
            let number = self.number_of[index as usize];
            self.numbers.learn(number, self.copies[index as usize].ticket);
        }
    }

    /// The attempt that the platform takes the receipt of a copy for, if it knows one: without the
    /// response it never learnt the carrier's number.
    pub(super) fn receipt_matches(&self, index: u32) -> Option<Ticket> {
        let copy = &self.copies[index as usize];
        if self.numbers.are_the_same() {
            return copy.is_answered.then_some(copy.ticket);
        }
        self.numbers.match_receipt(self.number_of[index as usize])
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

    /// How full the queue is when an answer goes out, if answers tell.
    pub(super) fn congestion(&self, now: Time, gateway: &Gateway) -> Option<Congestion> {
        let capacity = gateway.capacity.filter(|_| gateway.tells_congestion)?;
        let pacer = self.processing.as_ref()?;
        let waiting = pacer.quota().rate.whole_segments_in(pacer.earliest(now).since(now));
        let hundredths = u128::from(waiting) * 100 / u128::from(capacity.queue.max(1));
        Some(Congestion(hundredths.min(u128::from(Congestion::FULL.0)) as u8))
    }

    /// Whether the session that an attempt went out on is still there to carry its answer.
    pub(super) fn can_answer(&self, index: u32) -> bool {
        let copy = &self.copies[index as usize];
        self.lives[copy.session.index()] == copy.life
    }

    /// When a finished copy was delivered, as its receipt tells it; `None` when it tells no time.
    pub(super) fn time_told(&self, index: u32) -> Option<Time> {
        self.receipt_resolution.map(|_| self.told[index as usize])
    }

    /// The fate of a taken copy is fulfilled.
    pub(super) fn finish(&mut self, now: Time, index: u32) -> Fate {
        let fate = self.copies[index as usize].fate;
        if let Some(resolution) = self.receipt_resolution {
            let place = index as usize;
            if self.told.len() <= place {
                self.told.resize(place + 1, Time::ZERO);
            }
            self.told[place] = now.rounded_down(resolution);
        }
        self.counts.held -= 1;
        if let Some(recipients) = &mut self.recipients {
            recipients.release(index);
        }
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
fn delivered(gateway: &Gateway, valid_for: Span, luck: &AttemptLuck) -> (Fate, Span) {
    let (fate, delivery) = (fate(gateway, luck.fate()), sample(&gateway.delivery, luck.delivery()));
    match &gateway.absent {
        Some(absent) if happens(absent.probability, luck.absent()) && fate != Fate::Lost => {
            after_absence(absent, fate, delivery, valid_for, luck)
        }
        _ => (fate, delivery),
    }
}

/// The first try that finds the subscriber there delivers, as fast as usual.
fn after_absence(
    absent: &Absent,
    fate: Fate,
    delivery: Span,
    valid_for: Span,
    luck: &AttemptLuck,
) -> (Fate, Span) {
    let away = sample(&absent.away, luck.away());
    let found = if happens(absent.alert, luck.alert()) { away } else { first_try(absent, away) };
    let validity = if absent.minds_message_validity {
        absent.validity.min(valid_for)
    } else {
        absent.validity
    };
    if found > validity {
        (Fate::Expired, validity)
    } else {
        (fate, found.saturating_add(delivery))
    }
}

/// The carrier's first try after the subscriber is back: in each stretch of its schedule it tries at
/// every multiple of the interval after the stretch began.
fn first_try(absent: &Absent, away: Span) -> Span {
    let mut began = 0;
    for (position, step) in absent.retry.iter().enumerate() {
        let every = step.every.as_nanoseconds();
        let missing = away.as_nanoseconds().saturating_sub(began);
        let found = began.saturating_add(missing.div_ceil(every).saturating_mul(every));
        let is_last = position + 1 == absent.retry.len();
        if is_last || found <= step.until.as_nanoseconds() {
            return Span::from_nanoseconds(found);
        }
        began = step.until.as_nanoseconds();
    }
    away
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
