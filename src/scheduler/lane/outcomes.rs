//! What comes back: answers, receipts, lost sessions, and everything that time alone brings about.

use super::directory::Party;
use super::sessions::SessionChange;
use super::store::{Aside, Slot};
use super::waiting::Joining;
use super::{Lane, LaneObserver};
use crate::scheduler::life::{Belief, Happening};
use crate::scheduler::message::Ticket;
use crate::scheduler::policy::{Policy, Verdict};
use crate::scheduler::retry::{RequeuePlace, UnknownOutcome};
use crate::scheduler::status::{Congestion, ReceiptState, Status, StatusClass};
use crate::time::Time;
use crate::units::{QueueId, Segments, SenderId, SessionId, TenantId};

/// What an answer was good for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    /// It was awaited.
    InTime,
    /// The attempt had been given up; the ledger of attempts is corrected.
    Late,
    /// No such attempt is open: answered before, or long over. Nothing changed.
    Stray,
}

/// What a receipt was good for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReceiptOutcome {
    /// It moved the message.
    Applied,
    /// The message's present attempt is not answered yet: the receipt counts when that is over.
    Kept,
    /// It told nothing that matters. Nothing changed.
    Stray,
}

impl<P: Policy> Lane<P> {
    /// A session came up or went down. Attempts unanswered on a session that goes down have an unknown
    /// outcome.
    pub fn session<O: LaneObserver>(
        &mut self,
        now: Time,
        id: SessionId,
        change: SessionChange,
        observer: &mut O,
    ) {
        self.sessions.change(id, change);
        if change == SessionChange::Down {
            let mut cursor = self.unanswered.head();
            while let Some(slot) = cursor {
                cursor = self.store.next(slot);
                if self.store.session(slot) == id {
                    self.outcome_unknown(now, slot, observer);
                }
            }
        }
    }

    /// The gateway answered an attempt.
    pub fn answered<O: LaneObserver>(
        &mut self,
        now: Time,
        ticket: Ticket,
        status: Status,
        observer: &mut O,
    ) -> Answer {
        let slot = ticket.slot;
        let Some(mut held) = self.store.find(slot, ticket.generation) else {
            return Answer::Stray;
        };
        if held.belief == Belief::InFlight && held.record.attempts == ticket.attempt {
            self.answered_in_time(now, slot, held, status, observer);
            return Answer::InTime;
        }
        let bit = attempt_bit(ticket.attempt);
        if held.unknown_attempts & bit == 0 {
            return Answer::Stray;
        }
        held.unknown_attempts &= !bit;
        self.store.set_unknown_attempts(slot, held.unknown_attempts);
        self.counts.attempts.unknown -= 1;
        self.counts.attempts.answered += 1;
        observer.answered_late(now, &held.record, status);
        if status.class() == StatusClass::Accepted {
            self.accepted_late(now, slot, &mut held, status.0, observer);
        }
        Answer::Late
    }

    /// The answer to an attempt tells how loaded the carrier is. To be told before the answer itself,
    /// after which the attempt is over; of an attempt that is over it means nothing.
    pub fn congestion<O: LaneObserver>(
        &mut self,
        now: Time,
        ticket: Ticket,
        state: Congestion,
        observer: &mut O,
    ) {
        let Some(held) = self.store.find(ticket.slot, ticket.generation) else { return };
        if held.belief == Belief::InFlight && held.record.attempts == ticket.attempt {
            let sent = held.since;
            self.yield_to_carrier(now, observer, |yielding| yielding.congested(now, sent, state));
        }
    }

    /// A delivery receipt came in for an attempt.
    ///
    /// That the handset has the message settles it, whichever attempt brought it there and whatever
    /// was believed; bad news counts only of the latest attempt. What comes before the answer of the
    /// attempt in flight counts when that is over.
    pub fn receipt<O: LaneObserver>(
        &mut self,
        now: Time,
        ticket: Ticket,
        state: ReceiptState,
        observer: &mut O,
    ) -> ReceiptOutcome {
        let Some(held) = self.store.find(ticket.slot, ticket.generation) else {
            return ReceiptOutcome::Stray;
        };
        if ticket.attempt == 0 || ticket.attempt > held.record.attempts {
            return ReceiptOutcome::Stray;
        }
        self.apply_receipt(now, ticket.slot, held, ticket.attempt, state, observer)
    }

    fn apply_receipt<O: LaneObserver>(
        &mut self,
        now: Time,
        slot: u32,
        mut held: Slot,
        attempt: u32,
        state: ReceiptState,
        observer: &mut O,
    ) -> ReceiptOutcome {
        let waits = matches!(held.belief, Belief::Queued | Belief::Parked);
        let was_taken = state.is_delivered() || held.unknown_attempts & attempt_bit(attempt) != 0;
        if waits && was_taken {
            self.accepted_late(now, slot, &mut held, 0, observer);
        }
        let counts = state.is_delivered() || held.record.attempts == attempt;
        let list = match held.belief {
            Belief::Accepted if counts => &mut self.without_receipt,
            Belief::Unknown if counts => &mut self.kept,
            Belief::Failed if state.is_delivered() => &mut self.kept,
            Belief::InFlight if counts => {
                if held.aside != Aside::EarlyReceipt(ReceiptState::Delivered) {
                    self.store.set_aside(slot, Aside::EarlyReceipt(state));
                }
                return ReceiptOutcome::Kept;
            }
            _ if waits && was_taken => return ReceiptOutcome::Applied,
            _ => return ReceiptOutcome::Stray,
        };
        self.store.unlink(list, slot);
        if state.is_delivered() {
            let why = Happening::ReceiptDelivered;
            self.move_to(now, slot, &mut held, why, state as u32, observer);
            self.free(now, slot, &held);
        } else {
            self.move_to(now, slot, &mut held, Happening::ReceiptFailed, state as u32, observer);
            self.keep(now, slot);
        }
        ReceiptOutcome::Applied
    }

    /// An attempt is over: a receipt that was ahead of its answer counts now.
    fn apply_early<O: LaneObserver>(
        &mut self,
        now: Time,
        slot: u32,
        attempt: u32,
        early: Aside,
        observer: &mut O,
    ) {
        if let Aside::EarlyReceipt(state) = early {
            self.apply_receipt(now, slot, self.store.get(slot), attempt, state, observer);
        }
    }

    /// Keeps a message that is in no list for news that may still come.
    fn keep(&mut self, now: Time, slot: u32) {
        self.store.push_back(&mut self.kept, slot);
        self.watch(now.saturating_add(self.config.receipt_timeout));
    }

    fn await_receipt(&mut self, now: Time, slot: u32) {
        self.store.push_back(&mut self.without_receipt, slot);
        self.watch(now.saturating_add(self.config.receipt_timeout));
    }

    pub(super) fn do_what_is_due<O: LaneObserver>(&mut self, now: Time, observer: &mut O) {
        if now < self.due {
            return;
        }
        self.yield_to_carrier(now, observer, |yielding| yielding.advance(now));
        while let Some(slot) = self.unanswered.head() {
            let sent = self.store.since(slot);
            if sent.saturating_add(self.config.response_timeout) > now {
                break;
            }
            self.outcome_unknown(now, slot, observer);
            self.yield_to_carrier(now, observer, |yielding| yielding.failed(now, sent));
        }
        while let Some(slot) = self.without_receipt.head() {
            if self.store.since(slot).saturating_add(self.config.receipt_timeout) > now {
                break;
            }
            self.store.unlink(&mut self.without_receipt, slot);
            let mut held = self.store.get(slot);
            self.move_to(now, slot, &mut held, Happening::ReceiptOverdue, 0, observer);
            self.store.push_back(&mut self.kept, slot);
        }
        while let Some(slot) = self.kept.head() {
            if self.store.since(slot).saturating_add(self.config.receipt_timeout) > now {
                break;
            }
            self.store.unlink(&mut self.kept, slot);
            self.free(now, slot, &self.store.get(slot));
        }
        while let Some(((due, _), slot)) = self.parked.peek() {
            if due > now {
                break;
            }
            self.parked.remove(slot);
            self.unpark(now, slot, observer);
        }
        while let Some(((due, _), queue)) = self.expiring.peek() {
            if due > now {
                break;
            }
            let slot = self.directory.queue(QueueId(queue)).messages.head();
            let slot = slot.expect("a queue is watched only while it has a head that expires");
            self.expire(now, slot, observer);
        }
        while let Some(((due, _), slot)) = self.holds.expiring.peek() {
            if due > now {
                break;
            }
            self.expire(now, slot, observer);
        }
        while let Some(((due, sender), _)) = self.directory.held_senders.peek() {
            if due > now {
                break;
            }
            self.reconsider(now, Party::Sender(SenderId(sender)));
        }
        while let Some(((due, tenant), _)) = self.directory.held_tenants.peek() {
            if due > now {
                break;
            }
            self.reconsider(now, Party::Tenant(TenantId(tenant)));
        }
        let kept = self.end_of_wait(&self.kept, self.config.receipt_timeout);
        self.due = self.wake().map_or(kept, |wake| wake.min(kept));
    }

    /// The validity of a message that waits is over.
    fn expire<O: LaneObserver>(&mut self, now: Time, slot: u32, observer: &mut O) {
        let mut held = self.store.get(slot);
        self.leave_waiting(now, slot, &held);
        self.move_to(now, slot, &mut held, Happening::Expired, 0, observer);
        self.free(now, slot, &held);
    }

    fn answered_in_time<O: LaneObserver>(
        &mut self,
        now: Time,
        slot: u32,
        mut held: Slot,
        status: Status,
        observer: &mut O,
    ) {
        self.store.unlink(&mut self.unanswered, slot);
        self.counts.attempts.unanswered -= 1;
        self.counts.attempts.answered += 1;
        let class = status.class();
        let charged = held.record.message.segments;
        // The carrier counts what it refuses for other reasons; what it throttles it does not.
        let used = if class == StatusClass::Throttled { Segments(0) } else { charged };
        let (queue, session, sent) = (held.queue, held.session, held.since);
        let (made, key, early) = (held.record.attempts, held.record.message.key, held.aside);
        self.sessions.release(session, charged);
        self.policy.completed(now, queue, charged, used);
        match class {
            StatusClass::Throttled => {}
            StatusClass::Accepted => self.policy.answered(now, queue, Verdict::Taken),
            _ => self.policy.answered(now, queue, Verdict::Refused),
        }
        if used < charged {
            self.give_back(now, queue, sent, charged);
        }
        self.yield_to_carrier(now, observer, |yielding| yielding.answered(now, sent, class));
        let rule = self.config.retry.rule(status);
        match rule.map(|rule| (rule.place, rule.wait_after(made, key))) {
            Some((place, Some(wait))) => {
                self.move_to(now, slot, &mut held, Happening::AnsweredRetry, status.0, observer);
                self.park(slot, &held, now.saturating_add(wait), place);
            }
            None | Some((_, None)) => {
                let why = match (rule, class) {
                    (Some(_), _) => Happening::AnsweredExhausted,
                    (None, StatusClass::Accepted) => Happening::AnsweredAccepted,
                    (None, _) => Happening::AnsweredPermanent,
                };
                self.end(now, slot, &mut held, why, status.0, observer);
            }
        }
        self.apply_early(now, slot, made, early, observer);
    }

    /// What was sent then used no slot of the carrier: it does not count against daily caps either.
    fn give_back(&mut self, now: Time, queue: QueueId, sent: Time, segments: Segments) {
        let queue = self.directory.queue(queue);
        for party in [Party::Sender(queue.sender), Party::Tenant(queue.tenant)] {
            let gate = self.directory.gate_mut(party);
            if gate.is_some_and(|gate| gate.refund(now, sent, segments)) {
                self.reconsider(now, party);
            }
        }
    }

    pub(super) fn outcome_unknown<O: LaneObserver>(
        &mut self,
        now: Time,
        slot: u32,
        observer: &mut O,
    ) {
        self.store.unlink(&mut self.unanswered, slot);
        self.counts.attempts.unanswered -= 1;
        self.counts.attempts.unknown += 1;
        let mut held = self.store.get(slot);
        held.unknown_attempts |= attempt_bit(held.record.attempts);
        self.store.set_unknown_attempts(slot, held.unknown_attempts);
        let charged = held.record.message.segments;
        let (queue, session) = (held.queue, held.session);
        let (made, key, early) = (held.record.attempts, held.record.message.key, held.aside);
        self.sessions.release(session, charged);
        self.policy.completed(now, queue, charged, charged);
        let again = match self.config.retry.unknown {
            UnknownOutcome::Resubmit(rule) => {
                rule.wait_after(made, key).map(|wait| (rule.place, wait))
            }
            UnknownOutcome::GiveUp => None,
        };
        match again {
            Some((place, wait)) => {
                let why = Happening::OutcomeUnknownRetry;
                self.move_to(now, slot, &mut held, why, 0, observer);
                self.park(slot, &held, now.saturating_add(wait), place);
            }
            None => self.end(now, slot, &mut held, Happening::OutcomeUnknownGiveUp, 0, observer),
        }
        self.apply_early(now, slot, made, early, observer);
    }

    /// An attempt that was given up had been accepted: what still waits need not be sent again.
    fn accepted_late<O: LaneObserver>(
        &mut self,
        now: Time,
        slot: u32,
        held: &mut Slot,
        code: u32,
        observer: &mut O,
    ) {
        match held.belief {
            Belief::Queued | Belief::Parked => {
                self.leave_waiting(now, slot, held);
                self.end(now, slot, held, Happening::LateAccepted, code, observer);
            }
            Belief::Unknown | Belief::Failed => {
                self.store.unlink(&mut self.kept, slot);
                self.move_to(now, slot, held, Happening::LateAccepted, code, observer);
                self.await_receipt(now, slot);
            }
            // A newer attempt is with the carrier; its own answer will tell.
            _ => {}
        }
    }

    /// Ends the waiting of a message that is in no list: it leaves its queue's count, and is kept
    /// where news of it may still come.
    fn end<O: LaneObserver>(
        &mut self,
        now: Time,
        slot: u32,
        held: &mut Slot,
        why: Happening,
        code: u32,
        observer: &mut O,
    ) {
        let belief = self.move_to(now, slot, held, why, code, observer);
        let may_be_there =
            held.unknown_attempts != 0 || matches!(held.aside, Aside::EarlyReceipt(_));
        self.holds.forget(slot);
        self.directory.release(now, held.queue, &mut self.policy);
        match belief {
            Belief::Accepted => self.await_receipt(now, slot),
            Belief::Unknown => self.keep(now, slot),
            _ if may_be_there => self.keep(now, slot),
            _ => self.store.remove(slot),
        }
    }

    fn park(&mut self, slot: u32, held: &Slot, due: Time, place: RequeuePlace) {
        let aside = match place {
            RequeuePlace::Head => Aside::RequeueAtHead,
            RequeuePlace::Tail => Aside::RequeueAtTail,
        };
        self.store.set_aside(slot, aside);
        let due = due.min(held.record.message.expires);
        self.parked.set(slot, (due, held.sequence));
        self.join_aside(slot);
        self.watch(due);
    }

    fn unpark<O: LaneObserver>(&mut self, now: Time, slot: u32, observer: &mut O) {
        self.leave_aside(slot);
        let mut held = self.store.get(slot);
        if held.record.message.expires <= now {
            self.move_to(now, slot, &mut held, Happening::Expired, 0, observer);
            self.free(now, slot, &held);
            return;
        }
        self.store.set_aside(slot, Aside::Nothing);
        let before = core::mem::replace(&mut held.aside, Aside::Nothing);
        let place = match before {
            Aside::RequeueAtHead => RequeuePlace::Head,
            _ => RequeuePlace::Tail,
        };
        if place == RequeuePlace::Tail {
            held.sequence = self.take_sequence();
            self.store.set_sequence(slot, held.sequence);
        }
        self.move_to(now, slot, &mut held, Happening::BackoffOver, 0, observer);
        self.enqueue(now, slot, held.queue, held.entry(), Joining::from(place));
    }
}

/// The bit of an attempt (from 1) in a slot's set of unknown outcomes. Attempts beyond the last bit
/// do not exist: see [`RetryRule::MOST_ATTEMPTS`](crate::scheduler::RetryRule::MOST_ATTEMPTS).
fn attempt_bit(attempt: u32) -> u32 {
    1_u32.checked_shl(attempt.wrapping_sub(1)).unwrap_or(0)
}
