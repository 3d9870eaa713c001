//! A lane under the load that its cost is stated for: four levels, two pacers, admission, expiry and
//! accounting, and queues that are served in no order that a cache could guess.
//!
//! Each tenant has two classes and five senders: ten queues. A set has at most a thousand tenants. Every
//! sender has a cap, wide enough that it holds nothing back, and every message expires some day.

use apportion::scheduler::{
    Backpressure, Change, Lane, LaneConfig, Message, Next, Policy, ReceiptState, RetryPolicy,
    SessionChange, Status, Target, TenantSpec, Ticket,
};
use apportion::time::{Span, Time};
use apportion::units::{
    ClassId, MessageId, Quota, Rate, Segments, SenderId, SessionId, TenantId, TenantSetId, Weight,
    mix,
};

pub(crate) const QUEUES_OF_TENANT: u32 = 10;
const SENDERS_OF_TENANT: u32 = 5;
const TENANTS_OF_SET: u32 = 1_000;
pub(crate) const SEGMENTS_PER_SECOND: u64 = 1_000_000;

pub(crate) struct Crowd<P> {
    pub(crate) lane: Lane<P>,
    queues: u32,
    now: Time,
    messages: u64,
    rate: Rate,
    draws: u64,
}

impl<P: Policy> Crowd<P> {
    /// A lane of so many queues, each of which exists once it was used.
    pub(crate) fn new(policy: P, queues: u32) -> Self {
        let tenants = queues.div_ceil(QUEUES_OF_TENANT);
        let weight = |number: u32| Weight::whole(1 + number % 5).expect("a valid weight");
        let rate = Rate::per_second(SEGMENTS_PER_SECOND).expect("a valid rate");
        let config = LaneConfig {
            quota: Some(Quota { rate, burst: 10 }),
            admission: Some(Span::from_seconds(365 * 86_400)),
            retry: RetryPolicy::NEVER,
            backpressure: Backpressure::default(),
            response_timeout: Span::from_seconds(60),
            receipt_timeout: Span::from_seconds(72 * 3600),
            tenant_sets: (0..tenants.div_ceil(TENANTS_OF_SET)).map(weight).collect(),
            classes: vec![weight(3), weight(0)],
            salt: 7,
        };
        let mut lane = Lane::new(config, policy);
        for tenant in 0..tenants {
            let set = Some(TenantSetId(tenant / TENANTS_OF_SET));
            let spec = TenantSpec { set, weight: weight(mix(tenant.into()) as u32 % 5) };
            lane.attach(TenantId(tenant), spec).expect("a new tenant of a set that there is");
        }
        for sender in 0..tenants * SENDERS_OF_TENANT {
            let cap = Quota { rate, burst: 1_000_000 };
            let change = Change::SenderCap(SenderId(sender), Some(cap));
            lane.reconfigure(Time::ZERO, change).expect("a valid cap");
        }
        let up = SessionChange::Up { window: 1_000_000 };
        lane.session(Time::ZERO, SessionId(0), up, &mut ());
        Crowd { lane, queues, now: Time::ZERO, messages: 0, rate, draws: 0 }
    }

    /// Submits a message to a queue.
    pub(crate) fn submit(&mut self, queue: u32) {
        let (tenant, place) = (queue / QUEUES_OF_TENANT, queue % QUEUES_OF_TENANT);
        let number = self.messages;
        self.messages += 1;
        let message = Message {
            id: MessageId(number),
            key: mix(number),
            reference: number,
            tenant: TenantId(tenant),
            sender: SenderId(tenant * SENDERS_OF_TENANT + place % SENDERS_OF_TENANT),
            class: ClassId((place / SENDERS_OF_TENANT) as u16),
            segments: Segments(1 + (mix(number) % 3) as u32),
            expires: self.now + Span::from_seconds(86_400 + mix(number) % 86_400),
        };
        self.lane.submit(self.now, message, &mut ()).expect("admission takes it");
    }

    /// Withdraws all that waits of the tenant that a queue belongs to.
    pub(crate) fn withdraw(&mut self, queue: u32) {
        let tenant = TenantId(queue / QUEUES_OF_TENANT);
        self.lane.cancel(self.now, Target::Tenant(tenant), &mut ());
    }

    /// Submits so many messages to each queue.
    pub(crate) fn fill(&mut self, messages: u32) {
        self.fill_every(1, messages);
    }

    /// The same to the first of every `step` queues.
    pub(crate) fn fill_every(&mut self, step: usize, messages: u32) {
        for _ in 0..messages {
            (0..self.queues).step_by(step).for_each(|queue| self.submit(queue));
        }
    }

    /// Sends the next message; its segments.
    pub(crate) fn send(&mut self) -> (Ticket, Segments) {
        loop {
            let draws = &mut self.draws;
            let mut draw = || {
                *draws += 1;
                mix(*draws)
            };
            match self.lane.next(self.now, &mut draw, &mut ()) {
                Next::Send(attempt) => return (attempt.ticket, attempt.message.segments),
                Next::NotUntil(time) => self.now = time,
                other => unreachable!("something waits and may go: {other:?}"),
            }
        }
    }

    /// The carrier takes it and delivers it.
    pub(crate) fn settle(&mut self, ticket: Ticket) {
        self.lane.answered(self.now, ticket, Status::OK, &mut ());
        self.lane.receipt(self.now, ticket, ReceiptState::Delivered, &mut ());
    }

    /// One message comes to some queue, one goes, is answered and receipted.
    pub(crate) fn turn(&mut self) {
        self.turn_among(1);
    }

    /// The same, where only the first of every `step` queues get messages.
    pub(crate) fn turn_among(&mut self, step: u32) {
        let queue = mix(self.messages ^ 0x5eed) % u64::from(self.queues.div_ceil(step));
        self.submit(queue as u32 * step);
        let (ticket, segments) = self.send();
        self.settle(ticket);
        self.now += self.rate.span_of(segments.get());
    }

    /// Sends and settles until nothing waits.
    pub(crate) fn drain(&mut self) {
        while self.lane.counts().live() > 0 {
            let (ticket, segments) = self.send();
            self.settle(ticket);
            self.now += self.rate.span_of(segments.get());
        }
    }
}
