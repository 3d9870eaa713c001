//! Which injected faults are in force, and what they do to an attempt and to traffic.

mod occurrences;
mod traffic;

use self::occurrences::Occurrences;
pub(super) use self::traffic::{Injected, Resubmission, Resubmissions, injected, position_of};
use super::AttemptLuck;
use super::{happens, sample};
use crate::engine::{Seed, StreamName};
use crate::scenario::{Factor, Fault, FaultKind, Occurrence, Probability, Scenario, Submissions};
use crate::scheduler::{Attempt, Pacer, Status};
use crate::time::{Span, Time};
use crate::units::{DestinationId, Quota, Rate, SessionId, TenantId, Weight, mix};

/// The faults of a scenario, by whether they are in force.
pub(super) struct Faults<'a> {
    all: &'a [Fault],
    /// By position: when it happens.
    occurrences: Vec<Occurrences>,
    /// By position: when it happens now, or happened last.
    current: Vec<Occurrence>,
    /// By position: when it happens next, and the number of the last time that it began.
    next: Vec<Occurrence>,
    begun: Vec<u64>,
    /// Whether a failure's effects on traffic are in the recorded messages already.
    is_replay: bool,
    /// By position: the number of the fault's name. Its luck belongs to the name, because a fault more in
    /// the scenario moves positions.
    numbers: Vec<u64>,
    /// By position: what a throttling fault still lets through.
    throttles: Vec<Option<Pacer>>,
    /// By position: whether a flapping fault holds its sessions up for now.
    is_up: Vec<bool>,
    /// Positions of those in force, ascending: their effects compose in the order of the scenario.
    in_force: Vec<usize>,
}

/// What all faults in force do to one attempt together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Effects {
    /// The first refusal, in the order of the scenario.
    pub(super) refusal: Option<Status>,
    /// It disappears: the carrier never takes nor answers it.
    pub(super) disappears: bool,
    /// Taken and never delivered; the flag is whether a receipt says so.
    pub(super) filtered: Option<bool>,
    /// Answers take so many times as long.
    pub(super) slowness: Factor,
    /// The receipt comes so much later.
    pub(super) receipt_delay: Span,
    pub(super) receipt_lost: bool,
    pub(super) receipt_duplicated: bool,
}

impl Effects {
    /// Nothing is wrong.
    pub(super) const NONE: Effects = Effects {
        refusal: None,
        disappears: false,
        filtered: None,
        slowness: Factor(1000),
        receipt_delay: Span::ZERO,
        receipt_lost: false,
        receipt_duplicated: false,
    };
}

impl<'a> Faults<'a> {
    pub(super) fn new(scenario: &'a Scenario, seed: Seed) -> Self {
        let all = &scenario.faults[..];
        let arrivals_end = Time::ZERO.saturating_add(scenario.duration);
        let never = Occurrence { start: Time::NEVER, end: Time::NEVER };
        let number =
            |fault: &Fault| StreamName::new(format!("fault/{}", fault.name), "refusal").number();
        let throttle = |fault: &Fault| match fault.kind {
            FaultKind::Throttle { limit } => Some(Pacer::new(limit)),
            _ => None,
        };
        Faults {
            all,
            occurrences: all.iter().map(|f| Occurrences::new(f, seed, arrivals_end)).collect(),
            current: vec![never; all.len()],
            next: vec![never; all.len()],
            begun: vec![0; all.len()],
            is_replay: scenario.submissions == Submissions::Replayed,
            numbers: all.iter().map(number).collect(),
            throttles: all.iter().map(throttle).collect(),
            is_up: vec![false; all.len()],
            in_force: Vec::new(),
        }
    }

    /// The next time that a fault happens, and its number among those.
    pub(super) fn next_occurrence(&mut self, fault: usize) -> Option<(u64, Occurrence)> {
        let (number, occurrence) = self.occurrences[fault].next(&self.all[fault])?;
        self.next[fault] = occurrence;
        Some((number, occurrence))
    }

    /// A fault begins; returns when it ends.
    pub(super) fn begin(&mut self, fault: usize, number: u64) -> Time {
        let occurrence = self.next[fault];
        (self.current[fault], self.begun[fault]) = (occurrence, number);
        let place = self.in_force.partition_point(|other| *other < fault);
        self.in_force.insert(place, fault);
        occurrence.end
    }

    pub(super) fn end(&mut self, fault: usize) {
        self.in_force.retain(|other| *other != fault);
        self.is_up[fault] = false;
    }

    /// A flapping fault turns its sessions from down to up or back; returns how long it leaves them
    /// so, or `None` when that occurrence of it, by its number, is over.
    pub(super) fn turn(&mut self, fault: usize, occurrence: u64) -> Option<Span> {
        let FaultKind::Flap { down, up, .. } = self.all[fault].kind else { return None };
        if !self.in_force.contains(&fault) || self.begun[fault] != occurrence {
            return None;
        }
        self.is_up[fault] = !self.is_up[fault];
        Some(if self.is_up[fault] { up } else { down })
    }

    /// How many of a destination's sessions, from the first, are held down now.
    pub(super) fn sessions_down(&self, destination: DestinationId, all: u16) -> u16 {
        self.at(destination)
            .filter(|position| !self.is_up[*position])
            .map(|position| self.all[position].kind.sessions_down(all))
            .max()
            .unwrap_or(0)
    }

    /// How long the answer to a question about a session itself takes that would usually take so long;
    /// `None` where it disappears. Faults that hit only some tenants' messages do not hit it.
    pub(super) fn on_link(
        &self,
        now: Time,
        destination: DestinationId,
        session: SessionId,
        usual: Span,
        draw: u64,
    ) -> Option<Span> {
        let mut slowness = Factor(1000);
        for position in self.at(destination) {
            let (fault, during) = (&self.all[position], self.current[position]);
            let only_some =
                fault.tenant.is_some() || fault.sender.is_some() || fault.class.is_some();
            if only_some || fault.session.is_some_and(|only| only != session) {
                continue;
            }
            match fault.kind {
                FaultKind::Blackhole { fraction } => {
                    let strength = fault.strength(fraction, during, now);
                    if happens(strength, mix(draw ^ self.numbers[position])) {
                        return None;
                    }
                }
                FaultKind::SlowResponse { factor } | FaultKind::Brownout { factor, .. } => {
                    slowness = product(slowness, at_strength(fault, factor, during, now));
                }
                _ => {}
            }
        }
        Some(slowness.times(usual))
    }

    /// What the carrier processes now, if a fault has cut it.
    pub(super) fn processed_rate(&self, destination: DestinationId) -> Option<Rate> {
        let rate = |position: usize| match self.all[position].kind {
            FaultKind::RateCut { rate } => Some(rate),
            _ => None,
        };
        self.at(destination).filter_map(rate).min_by(|a, b| speed(a, b).cmp(&speed(b, a)))
    }

    /// What the faults in force do to an attempt.
    pub(super) fn effects(
        &mut self,
        now: Time,
        destination: DestinationId,
        attempt: &Attempt,
        luck: &AttemptLuck,
    ) -> Effects {
        let mut effects = Effects::NONE;
        for index in 0..self.in_force.len() {
            let position = self.in_force[index];
            let fault = &self.all[position];
            if fault.destination == destination && is_in_scope(fault, attempt) {
                self.strike(now, position, attempt, luck, &mut effects);
            }
        }
        effects
    }

    fn strike(
        &mut self,
        now: Time,
        position: usize,
        attempt: &Attempt,
        luck: &AttemptLuck,
        effects: &mut Effects,
    ) {
        let (fault, number) = (&self.all[position], self.numbers[position]);
        let during = self.current[position];
        let hits =
            |fraction: Probability, draw: u64| happens(fault.strength(fraction, during, now), draw);
        let refuse = |effects: &mut Effects, status: Status| {
            effects.refusal = effects.refusal.or(Some(status));
        };
        match fault.kind {
            // What happens to sessions, to the carrier's capacity, to traffic and to the platform itself
            // happens elsewhere.
            FaultKind::Outage
            | FaultKind::SessionDrop { .. }
            | FaultKind::Flap { .. }
            | FaultKind::RateCut { .. }
            | FaultKind::TrafficSpike
            | FaultKind::TrafficDrop { .. }
            | FaultKind::RunawayRetry { .. }
            | FaultKind::TenantJoins
            | FaultKind::TenantLeaves
            | FaultKind::WeightChange { .. }
            | FaultKind::QuotaChange { .. }
            | FaultKind::SchedulerRestart
            | FaultKind::FlashCrowd
            | FaultKind::Campaign { .. }
            | FaultKind::Diurnal { .. } => {}
            FaultKind::ErrorBurst { fraction, status } => {
                if hits(fraction, luck.fault(number)) {
                    refuse(effects, status);
                }
            }
            FaultKind::Brownout { fraction, status, factor } => {
                if hits(fraction, luck.fault(number)) {
                    refuse(effects, status);
                }
                effects.slowness =
                    product(effects.slowness, at_strength(fault, factor, during, now));
            }
            FaultKind::SlowResponse { factor } => {
                effects.slowness =
                    product(effects.slowness, at_strength(fault, factor, during, now));
            }
            FaultKind::Throttle { .. } => {
                let pacer = self.throttles[position].as_mut().expect("made for this kind");
                if effects.refusal.is_some() {
                    // What is refused anyway takes nothing of what is let through.
                } else if pacer.conforms(now) {
                    pacer.charge(now, attempt.message.segments);
                } else {
                    refuse(effects, Status::THROTTLED);
                }
            }
            FaultKind::Blackhole { fraction } => {
                effects.disappears |= hits(fraction, luck.fault(number));
            }
            FaultKind::Filtering { fraction, has_receipt } => {
                if hits(fraction, luck.fault(number)) {
                    effects.filtered = Some(effects.filtered.unwrap_or(true) && has_receipt);
                }
            }
            FaultKind::ReceiptDelay { delay } => {
                let late = sample(&delay, luck.fault(number));
                effects.receipt_delay = effects.receipt_delay.saturating_add(late);
            }
            FaultKind::ReceiptLoss { fraction } => {
                effects.receipt_lost |= hits(fraction, luck.fault(number));
            }
            FaultKind::ReceiptDuplicate { fraction } => {
                effects.receipt_duplicated |= hits(fraction, luck.fault(number));
            }
            FaultKind::BadList { fraction, status } => {
                // A number that does not exist does not exist for a later attempt either.
                if hits(fraction, mix(attempt.message.key ^ number)) {
                    refuse(effects, status);
                }
            }
            FaultKind::SenderBlock { status } => refuse(effects, status),
        }
    }

    /// A tenant's weight as the faults in force have it, or as the scenario does.
    pub(super) fn weight(
        &self,
        destination: DestinationId,
        tenant: TenantId,
        usual: Weight,
    ) -> Weight {
        let changed = |position: usize| match self.all[position].kind {
            FaultKind::WeightChange { weight } if self.all[position].tenant == Some(tenant) => {
                Some(weight)
            }
            _ => None,
        };
        self.at(destination).filter_map(changed).last().unwrap_or(usual)
    }

    /// Our quota as the faults in force have it, or as the scenario does.
    pub(super) fn quota(&self, destination: DestinationId, usual: Option<Quota>) -> Option<Quota> {
        let changed = |position: usize| match self.all[position].kind {
            FaultKind::QuotaChange { quota } => Some(quota),
            _ => None,
        };
        self.at(destination).filter_map(changed).last().or(usual)
    }

    fn at(&self, destination: DestinationId) -> impl Iterator<Item = usize> + '_ {
        let here = move |position: &usize| self.all[*position].destination == destination;
        self.in_force.iter().copied().filter(here)
    }
}

fn is_in_scope(fault: &Fault, attempt: &Attempt) -> bool {
    let message = &attempt.message;
    fault.session.is_none_or(|session| session == attempt.session)
        && fault.tenant.is_none_or(|tenant| tenant == message.tenant)
        && fault.sender.is_none_or(|sender| sender == message.sender)
        && fault.class.is_none_or(|class| class == message.class)
}

/// How fast `a` is on a scale that it shares with `b`: exact, unlike a quotient.
fn speed(a: &Rate, b: &Rate) -> u128 {
    u128::from(a.segments()) * u128::from(b.per().as_nanoseconds())
}

/// A factor as it is on a ramp: between one and the whole.
fn at_strength(fault: &Fault, factor: Factor, during: Occurrence, now: Time) -> Factor {
    let part = u64::from(fault.strength(Probability::ALWAYS, during, now).billionths());
    let whole = u64::from(Probability::ALWAYS.billionths());
    let (one, full) = (1000, u64::from(factor.0));
    let moved = full.abs_diff(one) * part / whole;
    Factor(if full >= one { one + moved } else { one - moved } as u32)
}

fn product(a: Factor, b: Factor) -> Factor {
    let product = u64::from(a.0) * u64::from(b.0) / 1000;
    Factor(u32::try_from(product).unwrap_or(u32::MAX))
}
