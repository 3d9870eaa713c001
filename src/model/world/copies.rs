//! The way of a copy through the carrier: sent, answered, delivered, receipted.

use super::super::AttemptLuck;
use super::super::carrier::Fate;
use super::super::faults::position_of;
use super::{World, rank};
use crate::engine::{Agenda, Calendar, Key};
use crate::event::{Sink, What};
use crate::scheduler::{Attempt, Policy, ReceiptOutcome, StatusClass, Truth};
use crate::time::{Span, Time};

impl<P: Policy, S: Sink> World<'_, P, S> {
    pub(super) fn send<C: Calendar<u32>>(
        &mut self,
        now: Time,
        index: usize,
        attempt: &Attempt,
        agenda: &mut Agenda<'_, C>,
    ) {
        let message = &attempt.message;
        let (stream, _) = self.tenants[message.tenant.index()];
        let part = u8::try_from(attempt.number).unwrap_or(u8::MAX);
        let injected = position_of(message.reference).and_then(|place| self.injected.get(place));
        let luck = AttemptLuck(match injected {
            None => stream.luck(message.reference, part),
            Some(injected) => injected.luck(message.reference, part),
        });
        let gateway = &self.scenario.destinations[index].gateway;
        let route = &mut self.routes[index];
        let destination = route.id;
        let effects = self.faults.effects(now, destination, attempt, &luck);
        route.attempts += 1;
        let Some((copy, delay)) = route.carrier.take(now, gateway, attempt, &luck, &effects) else {
            return;
        };
        let key = Key::new(rank::RESPONSE, index as u32, route.attempts);
        let is_taken = route.carrier.copy(copy).status.class() == StatusClass::Accepted;
        agenda.schedule(now.saturating_add(delay), key, copy);
        if is_taken {
            self.emit(
                now,
                Some(destination),
                What::TruthMoved {
                    message: message.id,
                    tenant: message.tenant,
                    attempt: attempt.number,
                    from: Truth::Nowhere,
                    to: Truth::AtCarrier,
                },
            );
        }
    }

    pub(super) fn respond<C: Calendar<u32>>(
        &mut self,
        now: Time,
        index: usize,
        key: Key,
        copy: u32,
        agenda: &mut Agenda<'_, C>,
    ) {
        let carrier = &mut self.routes[index].carrier;
        let can_answer = carrier.can_answer(copy);
        let held = *carrier.copy(copy);
        let is_accepted = held.status.class() == StatusClass::Accepted;
        if can_answer && is_accepted {
            carrier.answered(copy);
        }
        let congestion = carrier.congestion(now, &self.scenario.destinations[index].gateway);
        if can_answer {
            let (lane, mut tap) = self.lane(index);
            if let Some(state) = congestion {
                lane.congestion(now, held.ticket, state, &mut tap);
            }
            lane.answered(now, held.ticket, held.status, &mut tap);
            // A free seat matters to a lane that waited for one, a retry to its timers. Otherwise the
            // lane would only say again what it said last.
            let route = &mut self.routes[index];
            route.needs_poll |= route.waits_for_seat || !is_accepted;
        }
        if is_accepted {
            let key = Key::new(rank::DELIVERY, index as u32, key.ordinal());
            // What is due at once still comes after the answer: at the next nanosecond.
            let time = (now + held.delivery).max(just_after(now));
            agenda.schedule(time, key, copy);
        } else {
            self.routes[index].carrier.forget(copy);
        }
    }

    pub(super) fn deliver<C: Calendar<u32>>(
        &mut self,
        now: Time,
        index: usize,
        key: Key,
        copy: u32,
        agenda: &mut Agenda<'_, C>,
    ) {
        let route = &mut self.routes[index];
        let destination = route.id;
        let held = *route.carrier.copy(copy);
        let fate = route.carrier.finish(now, copy);
        match held.receipt().filter(|_| fate != Fate::Lost) {
            Some(delay) => {
                let key = Key::new(rank::RECEIPT, index as u32, key.ordinal());
                agenda.schedule((now + delay).max(just_after(now)), key, copy);
            }
            None => route.carrier.forget(copy),
        }
        self.emit(
            now,
            Some(destination),
            What::TruthMoved {
                message: held.message,
                tenant: held.tenant,
                attempt: held.ticket.attempt(),
                from: Truth::AtCarrier,
                to: fate.truth(),
            },
        );
    }

    pub(super) fn receipt<C: Calendar<u32>>(
        &mut self,
        now: Time,
        index: usize,
        key: Key,
        copy: u32,
        agenda: &mut Agenda<'_, C>,
    ) {
        let route = &mut self.routes[index];
        if !route.is_reachable() {
            // The carrier keeps its receipts until it can be reached again.
            route.kept_receipts.push((key, copy));
            return;
        }
        let held = *route.carrier.copy(copy);
        let destination = route.id;
        let ticket = route.carrier.receipt_matches(copy);
        let told = route.carrier.time_told(copy);
        match held.receipt().filter(|_| held.is_receipt_repeated) {
            Some(delay) => {
                route.carrier.copy(copy).is_receipt_repeated = false;
                agenda.schedule(now.saturating_add(delay).max(just_after(now)), key, copy);
            }
            None => route.carrier.forget(copy),
        }
        if let (Some(state), Some(ticket)) = (held.fate.receipt(), ticket) {
            let (lane, mut tap) = self.lane(index);
            let message = told.and_then(|_| lane.message(ticket)).map(|record| record.message);
            let outcome = lane.receipt(now, ticket, state, &mut tap);
            if let (Some(delivered), Some(message)) = (told, message)
                && state.is_delivered()
                && outcome != ReceiptOutcome::Stray
            {
                let (message, tenant) = (message.id, message.tenant);
                let what = What::DeliveryTold { message, tenant, delivered };
                self.emit(now, Some(destination), what);
            }
        }
    }
}

/// The first instant after `now`.
fn just_after(now: Time) -> Time {
    now + Span::from_nanoseconds(1)
}
