//! Scripts of events for tests: legal by construction, so that a test breaks one thing at a time.

use std::collections::BTreeMap;

use crate::detector::DetectorSettings;
use crate::event::{Event, What};
use crate::scenario::{
    Class, Destination, DetectorChoice, Dispatchers, Gateway, Latency, Probability, Scenario,
    Sender, Submissions, Tenant, TenantSet,
};
use crate::scheduler::{
    Belief, Happening, Message, Record, RetryPolicy, Status, Truth, next_belief,
};
use crate::time::{Span, Time};
use crate::units::{
    ClassId, DestinationId, MessageId, Quota, Rate, Segments, SenderId, TenantId, TenantSetId,
    Weight,
};

/// Seconds and fractions of them as a time.
pub(super) fn at(seconds: f64) -> Time {
    Time::from_nanoseconds((seconds * 1e9).round() as u64)
}

/// A scenario with destination `dest` (no quota), classes `otp` (deadline 10 s) and `bulk` (none),
/// windows of 10 s, and these tenants with whole weights, one sender each.
pub(super) fn scenario(tenants: &[(&str, u32)]) -> Scenario {
    Scenario {
        name: "test".into(),
        description: String::new(),
        seed: 1,
        policy: "fifo".into(),
        duration: Span::from_seconds(100),
        drain: Span::from_seconds(100),
        warm_up: Span::ZERO,
        window: Span::from_seconds(10),
        failovers: Vec::new(),
        destinations: vec![destination("dest")],
        classes: vec![class("otp", Some(10)), class("bulk", None)],
        tenant_sets: Vec::new(),
        scoring: crate::scheduler::ScoringOptions::default(),
        bounds: Vec::new(),
        tenants: tenants
            .iter()
            .map(|(name, weight)| Tenant {
                name: (*name).into(),
                group: name.split('-').next().unwrap_or(name).into(),
                set: None,
                weight: Weight::whole(*weight).expect("valid"),
                cap: None,
                daily_cap: None,
                spills: false,
            })
            .collect(),
        senders: (0..tenants.len() as u32)
            .map(|index| Sender {
                name: format!("s{index}"),
                tenant: TenantId(index),
                cap: None,
                class: None,
                daily_cap: None,
            })
            .collect(),
        sources: Vec::new(),
        log: None,
        faults: Vec::new(),
        submissions: Submissions::Made,
        actions: Vec::new(),
        detector: Some(DetectorChoice {
            name: "static".into(),
            settings: DetectorSettings {
                window: Span::from_seconds(60),
                quiet: Span::ZERO,
                raise_at: 0.5,
                clear_at: 0.2,
            },
        }),
        checks: Vec::new(),
    }
}

/// Puts the tenants into sets of these weights, by position.
pub(super) fn with_sets(mut scenario: Scenario, weights: &[u32], set_of: &[u32]) -> Scenario {
    let set = |(index, weight): (usize, &u32)| TenantSet {
        name: format!("set{index}"),
        weight: Weight::whole(*weight).expect("valid"),
    };
    scenario.tenant_sets = weights.iter().enumerate().map(set).collect();
    for (tenant, set) in scenario.tenants.iter_mut().zip(set_of) {
        tenant.set = Some(TenantSetId(*set));
    }
    scenario
}

pub(super) fn quota(per_second: u64, burst: u64) -> Option<Quota> {
    Some(Quota { rate: Rate::per_second(per_second).expect("valid"), burst })
}

fn class(name: &str, deadline: Option<u64>) -> Class {
    Class { name: name.into(), weight: Weight::ONE, deadline: deadline.map(Span::from_seconds) }
}

fn destination(name: &str) -> Destination {
    Destination {
        name: name.into(),
        quota: None,
        admission: None,
        retry: RetryPolicy::NEVER,
        backpressure: Default::default(),
        response_timeout: Span::from_seconds(5),
        receipt_timeout: Span::from_seconds(60),
        gateway: Gateway {
            sessions: 2,
            window: 50,
            response: Latency::Constant(Span::ZERO),
            refusals: Vec::new(),
            delivery: Latency::Constant(Span::ZERO),
            undeliverable: Probability::NEVER,
            lost: Probability::NEVER,
            receipt: Latency::Constant(Span::ZERO),
            ..Gateway::default()
        },
        dispatchers: Dispatchers::ONE,
    }
}

/// Writes events as a correct lane would.
#[derive(Clone, Default)]
pub(super) struct Script {
    pub(super) events: Vec<Event>,
    records: BTreeMap<u64, (Record, Belief)>,
    truths: BTreeMap<(u64, u32), Truth>,
}

/// What a test submits.
#[derive(Clone, Copy)]
pub(super) struct Submission {
    pub(super) tenant: u32,
    pub(super) class: u16,
    pub(super) segments: u32,
    pub(super) expires: Time,
}

impl Submission {
    /// One segment of class `otp` that never expires.
    pub(super) fn of(tenant: u32) -> Self {
        Submission { tenant, class: 0, segments: 1, expires: Time::NEVER }
    }
}

impl Script {
    /// Submits and returns the number; `why` says whether it was taken.
    pub(super) fn submit_as(&mut self, s: f64, submission: Submission, why: Happening) -> u64 {
        let id = self.records.len() as u64;
        let message = Message {
            id: MessageId(id),
            key: id,
            reference: id,
            tenant: TenantId(submission.tenant),
            sender: SenderId(submission.tenant),
            class: ClassId(submission.class),
            segments: Segments(submission.segments),
            expires: submission.expires,
        };
        let record = Record { message, submitted: at(s), first_dispatch: Time::NEVER, attempts: 0 };
        let to = next_belief(None, why).expect("legal");
        self.records.insert(id, (record, to));
        self.push(s, What::Moved { record, from: None, to, why, code: 0 });
        id
    }

    /// Submits one segment of class `otp`.
    pub(super) fn submit(&mut self, s: f64, tenant: u32) -> u64 {
        self.submit_as(s, Submission::of(tenant), Happening::Submitted)
    }

    /// Submits several single segments at once and returns the first number.
    pub(super) fn submit_many(&mut self, s: f64, tenant: u32, messages: u64) -> u64 {
        let first = self.records.len() as u64;
        (0..messages).for_each(|_| _ = self.submit(s, tenant));
        first
    }

    /// Moves a message.
    pub(super) fn happen(&mut self, s: f64, id: u64, why: Happening) {
        let (mut record, from) = self.records[&id];
        let to = next_belief(Some(from), why).expect("a legal script");
        if why == Happening::Dispatched {
            record.attempts += 1;
            record.first_dispatch = record.first_dispatch.min(at(s));
        }
        self.records.insert(id, (record, to));
        self.push(s, What::Moved { record, from: Some(from), to, why, code: 0 });
    }

    /// Dispatches a message.
    pub(super) fn dispatch(&mut self, s: f64, id: u64) {
        self.happen(s, id, Happening::Dispatched);
    }

    /// Dispatches a message and has it accepted at once.
    pub(super) fn send(&mut self, s: f64, id: u64) {
        self.dispatch(s, id);
        self.happen(s, id, Happening::AnsweredAccepted);
    }

    /// Moves a copy at the carrier.
    pub(super) fn carrier(&mut self, s: f64, id: u64, attempt: u32, to: Truth) {
        let from = self.truths.insert((id, attempt), to).unwrap_or(Truth::Nowhere);
        let tenant = self.records[&id].0.message.tenant;
        let message = MessageId(id);
        self.push(s, What::TruthMoved { message, tenant, attempt, from, to });
    }

    /// The carrier takes and delivers the copy of an attempt at once.
    pub(super) fn deliver(&mut self, s: f64, id: u64, attempt: u32) {
        self.carrier(s, id, attempt, Truth::AtCarrier);
        self.carrier(s, id, attempt, Truth::Delivered);
    }

    /// An attempt that was given up is answered.
    pub(super) fn late_answer(&mut self, s: f64, id: u64) {
        let tenant = self.records[&id].0.message.tenant;
        self.push(s, What::LateAnswer { message: MessageId(id), tenant, status: Status::OK });
    }

    /// Anything else, at the only destination.
    pub(super) fn push(&mut self, s: f64, what: What) {
        self.events.push(Event { time: at(s), destination: Some(DestinationId(0)), what });
    }
}
