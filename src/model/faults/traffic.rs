//! Faults that make, withhold and repeat messages.

use super::{Faults, happens, mix};
use crate::engine::{Luck, Seed, Stream, StreamName};
use crate::scenario::{FaultKind, Probability, Scenario, Source};
use crate::scheduler::{Belief, Message, Record};
use crate::time::{Span, Time};
use crate::units::{ClassId, DestinationId, SenderId, TenantId};

/// Marks the luck of an injected message in its `reference`; an ordinary message has its ordinal there.
const INJECTED: u64 = 1 << 63;
/// Below it the number of the injected source, below that the ordinal.
const ORDINAL_BITS: u32 = 40;
const ORDINALS: u64 = (1 << ORDINAL_BITS) - 1;

/// Messages of one tenant that a fault makes. Their luck at the carrier is their own, so that they shift
/// nobody's.
pub(in crate::model) struct Injected<'a> {
    /// Position of the fault.
    pub(in crate::model) fault: usize,
    /// Where they come from by themselves; `None` where they repeat others.
    pub(in crate::model) source: Option<&'a Source>,
    stream: Stream,
    submitted: u64,
}

/// All that the faults of a scenario inject, in order.
pub(in crate::model) fn injected(scenario: &Scenario, seed: Seed) -> Vec<Injected<'_>> {
    let mut all = Vec::new();
    for (fault, spec) in scenario.faults.iter().enumerate() {
        let mut add = |tenant: TenantId, source| {
            let tenant = &scenario.tenants[tenant.index()].name;
            let name = StreamName::new(format!("fault/{}", spec.name), format!("carrier/{tenant}"));
            all.push(Injected { fault, source, stream: seed.stream(&name), submitted: 0 });
        };
        spec.sources.iter().for_each(|source| add(source.tenant, Some(source)));
        if let (FaultKind::RunawayRetry { .. }, Some(tenant)) = (spec.kind, spec.tenant) {
            add(tenant, None);
        }
    }
    all
}

impl Injected<'_> {
    /// The reference of the next message that comes by itself; `number` is this one's position.
    pub(in crate::model) fn next_reference(&mut self, number: usize) -> u64 {
        self.submitted += 1;
        reference(number, self.submitted - 1)
    }

    /// The number of the stream of its luck.
    pub(in crate::model) fn stream_number(&self) -> u64 {
        self.stream.number()
    }

    /// The luck of an attempt.
    pub(in crate::model) fn luck(&self, reference: u64, part: u8) -> Luck {
        self.stream.luck(reference & ORDINALS, part)
    }
}

fn reference(number: usize, ordinal: u64) -> u64 {
    INJECTED | (number as u64) << ORDINAL_BITS | (ordinal & ORDINALS)
}

/// The position of the injected source of a message, if it is an injected one.
pub(in crate::model) fn position_of(reference: u64) -> Option<usize> {
    (reference & INJECTED != 0).then_some(((reference & !INJECTED) >> ORDINAL_BITS) as usize)
}

impl Faults<'_> {
    /// Whether faults keep an ordinary message from being submitted; `key` is the message's own.
    pub(in crate::model) fn withhold(
        &self,
        now: Time,
        destination: DestinationId,
        (tenant, sender, class): (TenantId, SenderId, ClassId),
        key: u64,
    ) -> bool {
        !self.is_replay
            && self.at(destination).any(|position| {
                let fault = &self.all[position];
                let concerned = fault.tenant.is_none_or(|only| only == tenant)
                    && fault.sender.is_none_or(|only| only == sender)
                    && fault.class.is_none_or(|only| only == class);
                let missing = match fault.kind {
                    FaultKind::TrafficDrop { fraction } if concerned => {
                        fault.strength(fraction, self.current[position], now)
                    }
                    FaultKind::Diurnal { depth, period } if concerned => {
                        at_hour(depth, period, now.since(self.current[position].start))
                    }
                    _ => return false,
                };
                happens(missing, mix(key ^ self.numbers[position]))
            })
    }

    /// Whether a message that a fault makes is submitted: while it is in force, and on its ramps in
    /// proportion to them.
    pub(in crate::model) fn lets_through(&self, now: Time, fault: usize, key: u64) -> bool {
        self.in_force.contains(&fault)
            && happens(
                self.all[fault].strength(Probability::ALWAYS, self.current[fault], now),
                mix(key ^ self.numbers[fault]),
            )
    }
}

/// The part of `depth` that is missing after so much of a period: a cosine, nothing at both ends.
fn at_hour(depth: Probability, period: Span, since: Span) -> Probability {
    let turn =
        (since.as_nanoseconds() % period.as_nanoseconds()) as f64 / period.as_nanoseconds() as f64;
    let part = (1.0 - libm::cos(core::f64::consts::TAU * turn)) / 2.0;
    let billionths = libm::round(f64::from(depth.billionths()) * part) as u32;
    Probability::from_billionths(billionths).unwrap_or(depth)
}

/// Messages that failed and that their tenants' own systems will submit again. Empty, and free, where
/// no fault does that.
#[derive(Default)]
pub(in crate::model) struct Resubmissions {
    active: Vec<Runaway>,
    /// What failed in this instant.
    failed: Vec<Resubmission>,
}

/// A fault that repeats failed messages, while it is in force.
#[derive(Clone, Copy)]
struct Runaway {
    /// Its position among what is injected.
    number: usize,
    fault: usize,
    destination: DestinationId,
    tenant: TenantId,
    sender: Option<SenderId>,
    class: Option<ClassId>,
    copies: u32,
    wait: Span,
}

/// A message to be submitted again.
#[derive(Clone, Copy)]
pub(in crate::model) struct Resubmission {
    /// When.
    pub(in crate::model) time: Time,
    /// As it was.
    pub(in crate::model) message: Message,
    /// How long it stayed worth sending.
    pub(in crate::model) validity: Option<Span>,
    /// Its place among what is injected.
    pub(in crate::model) number: usize,
    /// Of its luck.
    pub(in crate::model) reference: u64,
}

impl Resubmissions {
    /// A fault begins to repeat.
    pub(in crate::model) fn begin(&mut self, faults: &Faults<'_>, fault: usize, number: usize) {
        let spec = &faults.all[fault];
        let (FaultKind::RunawayRetry { copies, wait }, Some(tenant)) = (spec.kind, spec.tenant)
        else {
            return;
        };
        if faults.is_replay {
            return;
        }
        let (destination, sender, class) = (spec.destination, spec.sender, spec.class);
        self.active.push(Runaway {
            number,
            fault,
            destination,
            tenant,
            sender,
            class,
            copies,
            wait,
        });
    }

    /// It ends; what it repeated already goes on its way.
    pub(in crate::model) fn end(&mut self, fault: usize) {
        self.active.retain(|runaway| runaway.fault != fault);
    }

    /// A message moved.
    pub(in crate::model) fn moved(
        &mut self,
        now: Time,
        destination: DestinationId,
        record: &Record,
        to: Belief,
    ) {
        if self.active.is_empty()
            || !matches!(to, Belief::Failed | Belief::Refused | Belief::Expired)
        {
            return;
        }
        let message = record.message;
        let concerns = |runaway: &&Runaway| {
            runaway.destination == destination
                && runaway.tenant == message.tenant
                && runaway.sender.is_none_or(|only| only == message.sender)
                && runaway.class.is_none_or(|only| only == message.class)
        };
        for runaway in self.active.iter().filter(concerns) {
            for copy in 0..runaway.copies {
                // The luck of a copy follows from the message it repeats, not from when that failed.
                let ordinal = mix(message.key ^ mix(u64::from(copy) + 1));
                let lasted = message.expires.since(record.submitted);
                self.failed.push(Resubmission {
                    time: now.saturating_add(runaway.wait),
                    message,
                    validity: (message.expires < Time::NEVER).then_some(lasted),
                    number: runaway.number,
                    reference: reference(runaway.number, ordinal),
                });
            }
        }
    }

    /// Whether something failed in this instant.
    pub(in crate::model) fn has_failed(&self) -> bool {
        !self.failed.is_empty()
    }

    /// What failed in this instant, in an order that does not depend on which event came first.
    pub(in crate::model) fn take_failed(&mut self) -> Vec<Resubmission> {
        let mut failed = std::mem::take(&mut self.failed);
        failed.sort_by_key(|one| (one.number, one.message.id, one.reference));
        failed
    }
}
