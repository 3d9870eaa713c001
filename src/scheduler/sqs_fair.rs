//! The rule of Amazon SQS fair queues (2025): quiet tenants before noisy ones.
//!
//! A tenant is noisy when it has more than a tenth of the messages in flight and at least 30, or took more
//! than a tenth of the recent processing time. While quiet tenants have messages those go first, in the
//! order of arrival; among noisy ones, the one with the fewest in flight. A noisy tenant is quiet again
//! when its backlog is drained or it has sent nothing for five minutes. There are no weights, no limits
//! and no stated bound.
//!
//! What is published leaves open what "recent" is: here it is the present minute and the one before. A
//! tenant is judged whenever one of its own messages is sent or answered. Published is also that quiet
//! tenants go first until what a noisy one takes has fallen to what they take; so five minutes without a
//! message end nothing while a tenant's backlog still makes it noisy, as that of a large campaign does.

use alloc::vec::Vec;

use super::by_flow::{FlowPick, FlowRule};
use super::flows::{FlowId, FlowTerms, put};
use super::heap::IndexedHeap;
use super::policy::{Entry, EntryKind};
use crate::time::{Span, Time};
use crate::units::Segments;

/// From so many messages in flight on, a large part of them makes a tenant noisy.
const IN_FLIGHT: u64 = 30;
/// What is large: more than one part in this many.
const PARTS: u128 = 10;
/// Nobody who has sent nothing for so long is noisy.
const SILENCE: Span = Span::from_seconds(300);
/// Half of the time that counts as recent.
const MINUTE: Span = Span::from_seconds(60);

/// Quiet tenants first.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct SqsFair {
    in_flight: u64,
    half: u64,
    silence: Span,
    tenants: Vec<Tenant>,
    all: Processing,
    /// Noisy, in flight if noisy, arrival of the head.
    awake: IndexedHeap<(bool, u64, u64)>,
    /// Noisy tenants, by when they will have been silent for long enough.
    silent: IndexedHeap<(Time, FlowId)>,
    /// Noisy tenants that have been: quiet as soon as they take little. There are fewer than twenty, each with
    /// more than a tenth of what is in flight or of the recent time.
    due: Vec<FlowId>,
}

#[derive(Clone, Copy, Debug, Default)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
struct Tenant {
    processing: Processing,
    waiting: u64,
    last_sent: Time,
    is_noisy: bool,
    /// Arrival of its head, while it is awake.
    head: Option<u64>,
}

/// Messages in flight and the time they took, as message-nanoseconds.
#[derive(Clone, Copy, Debug, Default)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
struct Processing {
    in_flight: u64,
    since: u64,
    /// Number of the present half of the recent time; what was taken in it, and in the one before.
    number: u64,
    present: u128,
    before: u128,
}

impl Processing {
    fn advance(&mut self, now: Time, half: u64) {
        let now = now.as_nanoseconds();
        let number = now / half;
        let in_flight = u128::from(self.in_flight);
        if number > self.number {
            let rest = (self.number + 1) * half - self.since;
            self.before = match number - self.number {
                1 => self.present + in_flight * u128::from(rest),
                _ => in_flight * u128::from(half),
            };
            (self.number, self.since, self.present) = (number, number * half, 0);
        }
        self.present += in_flight * u128::from(now - self.since);
        self.since = now;
    }

    fn recent(&self) -> u128 {
        self.before + self.present
    }
}

impl Default for SqsFair {
    fn default() -> Self {
        Self::new()
    }
}

impl SqsFair {
    /// The rule without flows.
    pub fn new() -> Self {
        Self::with(IN_FLIGHT, MINUTE, SILENCE)
    }

    /// The same with other settings: from how many messages in flight on a large part of them is noisy,
    /// half of what is recent (at least 1 ns), and the silence after which nobody is noisy.
    pub fn with(in_flight: u64, half: Span, silence: Span) -> Self {
        SqsFair {
            in_flight,
            half: half.as_nanoseconds().max(1),
            silence,
            tenants: Vec::new(),
            all: Processing::default(),
            awake: IndexedHeap::default(),
            silent: IndexedHeap::default(),
            due: Vec::new(),
        }
    }

    fn rank(&mut self, flow: FlowId) {
        let tenant = &self.tenants[flow as usize];
        if let Some(head) = tenant.head {
            let in_flight = if tenant.is_noisy { tenant.processing.in_flight } else { 0 };
            self.awake.set(flow, (tenant.is_noisy, in_flight, head));
        } else {
            self.awake.remove(flow);
        }
    }

    fn set_noisy(&mut self, flow: FlowId, is_noisy: bool) {
        self.tenants[flow as usize].is_noisy = is_noisy;
        if !is_noisy {
            self.silent.remove(flow);
            self.due.retain(|other| *other != flow);
        } else if !self.due.contains(&flow) {
            self.await_silence(flow);
        }
        self.rank(flow);
    }

    fn await_silence(&mut self, flow: FlowId) {
        let end = self.tenants[flow as usize].last_sent.saturating_add(self.silence);
        self.silent.set(flow, (end, flow));
    }

    /// Whether a tenant takes what makes it noisy, as of the last `advance`.
    fn takes_much(&self, flow: FlowId) -> bool {
        let (own, all) = (&self.tenants[flow as usize].processing, &self.all);
        let has_many = own.in_flight >= self.in_flight
            && u128::from(own.in_flight) * PARTS > u128::from(all.in_flight);
        has_many || own.recent() * PARTS > all.recent()
    }

    /// One message more or fewer of a tenant is in flight.
    fn judge(&mut self, now: Time, flow: FlowId, in_flight: impl Fn(u64) -> u64) {
        let tenant = &mut self.tenants[flow as usize];
        for processing in [&mut tenant.processing, &mut self.all] {
            processing.advance(now, self.half);
            processing.in_flight = in_flight(processing.in_flight);
        }
        let tenant = &self.tenants[flow as usize];
        let is_drained = tenant.waiting == 0;
        let is_noisy = !is_drained && (tenant.is_noisy || self.takes_much(flow));
        self.set_noisy(flow, is_noisy);
    }

    /// Those who have been silent for long enough and take little are quiet again.
    fn forgive(&mut self, now: Time) {
        while let Some(((due, flow), _)) = self.silent.peek() {
            if due > now {
                break;
            }
            self.silent.remove(flow);
            self.due.push(flow);
        }
        if !self.due.is_empty() {
            self.all.advance(now, self.half);
        }
        let mut place = 0;
        while let Some(flow) = self.due.get(place).copied() {
            self.tenants[flow as usize].processing.advance(now, self.half);
            if self.takes_much(flow) {
                place += 1;
            } else {
                self.set_noisy(flow, false);
            }
        }
    }

    fn left_the_queue(&mut self, flow: FlowId) {
        let tenant = &mut self.tenants[flow as usize];
        tenant.waiting -= 1;
        if tenant.waiting == 0 && tenant.is_noisy {
            self.set_noisy(flow, false);
        }
    }
}

impl FlowRule for SqsFair {
    fn attach(&mut self, _: Time, flow: FlowId, _: FlowTerms) {
        put(&mut self.tenants, flow, Tenant::default());
    }

    fn arrived(&mut self, now: Time, flow: FlowId, entry: Entry) {
        let tenant = &mut self.tenants[flow as usize];
        tenant.waiting += 1;
        if entry.kind != EntryKind::Retry {
            tenant.last_sent = now;
            if tenant.is_noisy {
                self.due.retain(|other| *other != flow);
                self.await_silence(flow);
            }
        }
    }

    fn left(&mut self, _: Time, flow: FlowId, _: Entry) {
        self.left_the_queue(flow);
    }

    fn woke(&mut self, now: Time, flow: FlowId, head: Entry) {
        self.head_changed(now, flow, head);
    }

    fn head_changed(&mut self, _: Time, flow: FlowId, head: Entry) {
        self.tenants[flow as usize].head = Some(head.sequence);
        self.rank(flow);
    }

    fn slept(&mut self, _: Time, flow: FlowId) {
        self.tenants[flow as usize].head = None;
        self.rank(flow);
    }

    fn pick(&mut self, now: Time) -> FlowPick {
        self.forgive(now);
        self.awake.peek().map(|(_, flow)| flow).into()
    }

    fn served(&mut self, now: Time, flow: FlowId, _: Entry, next: Option<Entry>) {
        self.tenants[flow as usize].head = next.map(|head| head.sequence);
        self.left_the_queue(flow);
        self.judge(now, flow, |in_flight| in_flight + 1);
    }

    fn completed(&mut self, now: Time, flow: FlowId, _: Segments, _: Segments) {
        self.judge(now, flow, |in_flight| in_flight.saturating_sub(1));
    }
}
