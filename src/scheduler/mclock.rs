//! mClock (Gulati, Merchant and Varman, OSDI 2010): a reservation first, then by weight up to a limit.
//!
//! Each flow has three tags. While some flow's reservation tag is due, the earliest such goes. Otherwise,
//! among flows under their limit, the smallest tag by weight; what is sent so is not charged to the
//! reservation. A flow that wakes starts level with those awake by weight. With Σ reservations ≤ the rate
//! a flow gets at least R·T − 1 segments in any time T in which it is backlogged, whatever the weights.
//!
//! The limit is kept by what was really sent, so it holds on every interval: at most limit·T + 1 segments
//! where messages have one. Tags by arrival, as in the paper, let a flow catch up after it was delayed.
//!
//! An attempt that used less than it was charged gives the rest back to the tag by weight, and to the
//! reservation if it was charged to that: else what a carrier throttles would count as promise kept. The
//! limit is not given anything back: an answer comes late, and two messages would then go at once.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::by_flow::{FlowPick, FlowRule};
use super::flows::{FlowId, FlowTerms};
use super::heap::IndexedHeap;
use super::pacing::{Pacer, at_another_rate};
use super::policy::Entry;
use super::tags::{Tag, unused};
use crate::time::Time;
use crate::units::{Quota, Rate, Segments};

/// Reservations, then weights up to limits. Bounds come by
/// [`Policy::bound`](super::Policy::bound); without any it divides by weight.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct Mclock {
    flows: Vec<Flow>,
    /// Flows awake with a reservation, by when their reservation tag is due.
    reserved: IndexedHeap<(Time, u64)>,
    /// Flows awake: all by their weight tag; those under their limit by what it will be after the head;
    /// the others by when they may go again.
    awake: IndexedHeap<(i128, u64)>,
    ready: IndexedHeap<(i128, u64)>,
    limited: IndexedHeap<(Time, u64)>,
}

#[derive(Clone, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
struct Flow {
    tag: Tag,
    tie: u64,
    reservation: Option<Reservation>,
    limit: Option<Pacer>,
    /// Sequence and time of arrival of what waits.
    arrivals: VecDeque<(u64, Time)>,
    head: Option<Entry>,
    /// Size of what is in flight, and whether the reservation was charged, in the order of dispatch.
    in_flight: VecDeque<(Segments, bool)>,
}

/// A reservation tag in ticks: `rate.segments()` of them are a nanosecond, so a segment is a whole number.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
struct Reservation {
    rate: Rate,
    paid_until: u128,
}

impl Reservation {
    fn tag(&self, arrival: Time) -> u128 {
        let arrival = u128::from(arrival.as_nanoseconds()) * u128::from(self.rate.segments());
        self.paid_until.max(arrival)
    }

    fn due(&self, arrival: Time) -> Time {
        let due = self.tag(arrival).div_ceil(u128::from(self.rate.segments()));
        u64::try_from(due).map_or(Time::NEVER, Time::from_nanoseconds)
    }

    fn charge(&mut self, arrival: Time, segments: Segments) {
        let per = u128::from(self.rate.per().as_nanoseconds());
        self.paid_until = self.tag(arrival) + u128::from(segments.get()) * per;
    }

    fn refund(&mut self, segments: Segments) {
        let per = u128::from(self.rate.per().as_nanoseconds());
        self.paid_until = self.paid_until.saturating_sub(u128::from(segments.get()) * per);
    }

    /// Promises another rate from now on; segments that the flow has ahead of the old one, or that it is
    /// still due since `arrival`, stay as many.
    fn change(&mut self, now: Time, arrival: Time, rate: Rate) {
        let ticks = |rate: Rate| u128::from(now.as_nanoseconds()) * u128::from(rate.segments());
        let (tag, present) = (self.tag(arrival), ticks(self.rate));
        let ahead = at_another_rate(tag.saturating_sub(present), self.rate, rate);
        let due = at_another_rate(present.saturating_sub(tag), self.rate, rate);
        self.paid_until = (ticks(rate) + ahead).saturating_sub(due);
        self.rate = rate;
    }
}

impl Mclock {
    /// The rule without flows.
    pub fn new() -> Self {
        Self::default()
    }

    fn arrival(&self, flow: FlowId, head: Entry) -> Time {
        let arrivals = &self.flows[flow as usize].arrivals;
        let place = arrivals.partition_point(|(sequence, _)| *sequence < head.sequence);
        arrivals.get(place).expect("a head has arrived").1
    }

    /// Puts a flow where its tags belong, or takes it out.
    fn rank(&mut self, now: Time, flow: FlowId) {
        self.ready.remove(flow);
        self.limited.remove(flow);
        let own = &self.flows[flow as usize];
        let Some(head) = own.head else {
            self.awake.remove(flow);
            self.reserved.remove(flow);
            return;
        };
        let tie = own.tie;
        self.awake.set(flow, (own.tag.value(), tie));
        match own.reservation {
            Some(reservation) => {
                self.reserved.set(flow, (reservation.due(self.arrival(flow, head)), tie));
            }
            None => self.reserved.remove(flow),
        }
        match own.limit.filter(|limit| !limit.conforms(now)) {
            Some(limit) => self.limited.set(flow, (limit.earliest(now), tie)),
            None => self.ready.set(flow, (own.tag.after(head.segments), tie)),
        }
    }

    fn forget(&mut self, flow: FlowId, entry: Entry) {
        let arrivals = &mut self.flows[flow as usize].arrivals;
        let place = arrivals.partition_point(|(sequence, _)| *sequence < entry.sequence);
        arrivals.remove(place);
    }
}

impl FlowRule for Mclock {
    fn attach(&mut self, _: Time, flow: FlowId, terms: FlowTerms) {
        let new = || Flow {
            tag: Tag::new(terms.weight),
            tie: terms.tie,
            reservation: None,
            limit: None,
            arrivals: VecDeque::new(),
            head: None,
            in_flight: VecDeque::new(),
        };
        if self.flows.len() <= flow as usize {
            self.flows.resize_with(flow as usize + 1, new);
        }
        self.flows[flow as usize] = new();
    }

    fn arrived(&mut self, now: Time, flow: FlowId, entry: Entry) {
        let arrivals = &mut self.flows[flow as usize].arrivals;
        let place = arrivals.partition_point(|(sequence, _)| *sequence < entry.sequence);
        arrivals.insert(place, (entry.sequence, now));
    }

    fn left(&mut self, _: Time, flow: FlowId, entry: Entry) {
        self.forget(flow, entry);
    }

    fn woke(&mut self, now: Time, flow: FlowId, head: Entry) {
        if let Some(((least, _), _)) = self.awake.peek() {
            self.flows[flow as usize].tag.lift(least);
        }
        self.head_changed(now, flow, head);
    }

    fn head_changed(&mut self, now: Time, flow: FlowId, head: Entry) {
        self.flows[flow as usize].head = Some(head);
        self.rank(now, flow);
    }

    fn slept(&mut self, now: Time, flow: FlowId) {
        self.flows[flow as usize].head = None;
        self.rank(now, flow);
    }

    fn pick(&mut self, now: Time) -> FlowPick {
        while let Some(((due, _), flow)) = self.limited.peek() {
            if due > now {
                break;
            }
            self.rank(now, flow);
        }
        let reserved = self.reserved.peek();
        if let Some((_, flow)) = reserved.filter(|((due, _), _)| *due <= now) {
            return FlowPick::Flow(flow);
        }
        if let Some((_, flow)) = self.ready.peek() {
            return FlowPick::Flow(flow);
        }
        let due = [reserved, self.limited.peek()].into_iter().flatten().map(|((due, _), _)| due);
        due.min().map_or(FlowPick::Idle, FlowPick::NotUntil)
    }

    fn served(&mut self, now: Time, flow: FlowId, sent: Entry, next: Option<Entry>) {
        let arrival = self.arrival(flow, sent);
        self.forget(flow, sent);
        let own = &mut self.flows[flow as usize];
        let due = own.reservation.as_mut().filter(|reservation| reservation.due(arrival) <= now);
        own.in_flight.push_back((sent.segments, due.is_some()));
        if let Some(reservation) = due {
            reservation.charge(arrival, sent.segments);
        }
        if let Some(limit) = &mut own.limit {
            limit.charge(now, sent.segments);
        }
        own.tag.charge(sent.segments);
        own.head = next;
        self.rank(now, flow);
    }

    /// Nobody says which attempt it was: it is taken to be the first of its size.
    fn completed(&mut self, now: Time, flow: FlowId, charged: Segments, used: Segments) {
        let own = &mut self.flows[flow as usize];
        let place = own.in_flight.iter().position(|(segments, _)| *segments == charged);
        let attempt = place.and_then(|place| own.in_flight.remove(place));
        let Some(back) = unused(charged, used) else { return };
        own.tag.refund(back);
        if let Some((_, true)) = attempt
            && let Some(reservation) = &mut own.reservation
        {
            reservation.refund(back);
        }
        self.rank(now, flow);
    }

    fn reweighed(&mut self, now: Time, flow: FlowId, terms: FlowTerms) {
        self.flows[flow as usize].tag.reweigh(terms.weight);
        self.rank(now, flow);
    }

    fn set_bounds(
        &mut self,
        now: Time,
        flow: FlowId,
        reservation: Option<Rate>,
        limit: Option<Rate>,
    ) {
        let own = &mut self.flows[flow as usize];
        match (&mut own.reservation, reservation) {
            // All bounds are told again whenever anybody comes or goes: that is no new promise.
            (Some(reservation), Some(rate)) if reservation.rate == rate => {}
            (Some(reservation), Some(rate)) => {
                let arrival = own.arrivals.front().map_or(now, |(_, arrival)| *arrival);
                reservation.change(now, arrival, rate);
            }
            (reservation, rate) => {
                *reservation = rate.map(|rate| {
                    let ticks = u128::from(now.as_nanoseconds()) * u128::from(rate.segments());
                    Reservation { rate, paid_until: ticks }
                });
            }
        }
        match (&mut own.limit, limit.map(|rate| Quota { rate, burst: 1 })) {
            (Some(pacer), Some(quota)) => pacer.change(now, quota),
            (pacer, quota) => *pacer = quota.map(Pacer::new),
        }
        self.rank(now, flow);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Span;

    fn rate(segments: u64) -> Rate {
        Rate::new(segments, Span::from_seconds(1)).expect("valid")
    }

    fn at(milliseconds: u64) -> Time {
        Time::from_nanoseconds(milliseconds * 1_000_000)
    }

    #[test]
    fn another_promise_keeps_what_was_got_ahead_in_segments() {
        let mut reservation = Reservation { rate: rate(1), paid_until: 0 };
        reservation.charge(at(0), Segments(4));
        reservation.change(at(1_000), at(0), rate(2));
        // Three segments ahead, at two a second.
        assert_eq!(reservation.due(at(0)), at(2_500));
    }

    #[test]
    fn another_promise_keeps_what_is_due_in_segments() {
        let mut reservation = Reservation { rate: rate(1), paid_until: 0 };
        reservation.change(at(3_000), at(0), rate(2));
        // Three segments behind, at two a second.
        assert_eq!(reservation.due(at(0)), at(1_500));
        // Nothing is due for the time in which nothing waited.
        let mut reservation = Reservation { rate: rate(1), paid_until: 0 };
        reservation.change(at(3_000), at(2_000), rate(2));
        assert_eq!(reservation.due(at(0)), at(2_500));
    }

    #[test]
    fn a_promise_of_the_same_rate_in_other_words_changes_nothing() {
        let mut reservation = Reservation { rate: rate(3), paid_until: 0 };
        reservation.charge(at(0), Segments(5));
        let before = reservation.due(at(0));
        let same = Rate::new(6, Span::from_seconds(2)).expect("valid");
        reservation.change(at(1_000), at(0), same);
        assert_eq!(reservation.due(at(0)), before);
    }
}
