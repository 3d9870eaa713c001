//! The fluid oracle: what generalised processor sharing (GPS) of the arrivals would have done.
//!
//! Beside the lane runs a fluid system of the same quota and the same share tree (tenant sets, tenants,
//! classes, senders; levels with a single child are left out), which gets every message when it comes into a
//! queue ([`fluid::Fluid`]). Unlike [`super::contention::Fluid`], which divides what the lane really
//! dispatched among those who really wait, it depends on arrivals, weights and quota alone and is the same for
//! every policy: it is the system that the theorems of Parekh and Gallager (1993) and of Bennett and Zhang
//! (1996) compare a policy with.
//!
//! - **Lag** of a tenant at an instant is its service in the fluid system − its service at the lane, since the
//!   beginning: furthest behind just before a dispatch of its own, furthest ahead just after it. A message is
//!   service of the lane when it is dispatched, whole: the beginning of the time that it takes of the quota.
//! - **Lateness** of a message is its dispatch − its end in the fluid system, or 0 if it was dispatched first.
//!   For WFQ and WF²Q it is at most Lmax ÷ r (Parekh and Gallager 1993, theorem 1), r the quota, as long as
//!   the lane may send at r.
//!
//! What the fluid system does not know of: caps, pauses, windows, outages, `[min, max]`, a lowered rate while
//! the lane yields, and the burst (so a burst puts the lane ahead). All of these are lag and lateness, because
//! they are service that the whole quota would have given. Further:
//!
//! - What is **refused** never arrives.
//! - What **expires**, is **cancelled** or lost in a restart while it waits leaves the fluid system as well.
//!   What was served of it there is forgiven: it counts as service of the lane from then on, so that no debt
//!   stays that nobody can pay, and the lag was looked at just before. A message of which the fluid system had
//!   finished all has a lateness that is only known to be larger than the time until it left; so has one that
//!   still waits at the end of the run.
//! - A message that is **sent again** arrives again, and each dispatch is service, also of an attempt whose
//!   charge a policy refunds because the carrier throttled it: it did use the quota.
//! - A message that **spilled**, or that an order moved to another class, arrives where the tenant submitted it.
//! - Without a quota there is no fluid system. When the quota is lifted during the run, it serves at once.

mod fates;
mod fluid;
#[cfg(test)]
mod tests;

pub(super) use fates::Fates;

use super::super::times::Times;
use super::Move;
use super::account::TenantInfo;
use crate::scenario::Scenario;
use crate::scheduler::Happening;
use crate::time::{Span, Time};
use crate::units::{ClassId, DestinationId, MessageId, Quota, Rate, SenderId, Weight};
use fluid::{Arrival, ChildId, Fluid, ROOT, SERVICE_UNITS, ServerId};

/// The fluid system of one destination, and how its tenants and messages fare beside it.
#[derive(Clone, Debug)]
pub(super) struct Gps {
    fluid: Fluid,
    levels: Levels,
    /// By tenant set, where it occurred.
    sets: Vec<Option<ServerId>>,
    /// By number of the account: its place among the followed, plus one.
    places: Vec<u32>,
    followed: Vec<Followed>,
    lateness: Times,
    /// The quota at the beginning, segments a second.
    rate: f64,
}

/// Which levels the share tree has, and its weights.
#[derive(Clone, Debug)]
struct Levels {
    sets: Vec<Weight>,
    classes: Vec<Weight>,
    /// By tenant: whether it has several senders.
    has_senders: Vec<bool>,
}

/// A tenant beside the fluid system.
#[derive(Clone, Debug)]
struct Followed {
    /// Units dispatched or forgiven.
    served: u128,
    /// Least and greatest lag in the present time of unserved work.
    range: (i64, i64),
    lags: Lags,
    /// The part of the quota that it has when every tenant of the scenario has work.
    guaranteed: f64,
    child: ChildId,
    is_waiting: bool,
    /// Where its classes or senders are, if it has several.
    below: Option<Box<Below>>,
}

/// The nodes below a tenant.
#[derive(Clone, Debug)]
struct Below {
    server: ServerId,
    classes: Vec<(ClassId, ServerId)>,
    queues: Vec<((ClassId, SenderId), ChildId)>,
}

/// A tenant's place in the tree: the child, and the server that it is if it has more levels.
type Node = (ChildId, Option<ServerId>);

/// How far a tenant was from the fluid system, in units of service shortened by [`LAG_SHIFT`].
#[derive(Clone, Copy, Debug, Default)]
struct Lags {
    most: i64,
    least: i64,
    /// The widest range of the lag within one time of unserved work.
    widest: i64,
}

/// Lags are compared in parts of a segment of which a word holds twenty-five million segments, so that a tenant's
/// fit into a line of memory; a larger lag counts as that.
const LAG_SHIFT: u32 = 22;

/// How the tenants of one destination fared, at most.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GpsFigures {
    /// Behind the fluid system, segments.
    pub lag_max_segments: Option<f64>,
    /// Ahead of it, segments.
    pub lead_max_segments: Option<f64>,
    /// Behind it, in seconds of the tenant's guaranteed rate.
    pub lag_max_s: Option<f64>,
    /// Ahead of it, in seconds of the tenant's guaranteed rate.
    pub lead_max_s: Option<f64>,
    /// The largest |Wᵢ(t₁, t₂) − Gᵢ(t₁, t₂)| ÷ rᵢ while i waits.
    pub absolute_fairness_bound_s: Option<f64>,
    /// Dispatch − end in the fluid system, of all dispatches.
    pub lateness: Times,
}

impl Gps {
    /// Nothing happened yet at a destination with this quota.
    pub(super) fn new(scenario: &Scenario, quota: Quota) -> Self {
        let mut has_senders = vec![false; scenario.tenants.len()];
        for senders in scenario.senders.chunk_by(|a, b| a.tenant == b.tenant) {
            has_senders[senders[0].tenant.index()] = senders.len() > 1;
        }
        let levels = Levels {
            sets: scenario.tenant_sets.iter().map(|set| set.weight).collect(),
            classes: scenario.classes.iter().map(|class| class.weight).collect(),
            has_senders,
        };
        Gps {
            fluid: Fluid::new(quota.rate),
            sets: vec![None; levels.sets.len()],
            levels,
            places: Vec::new(),
            followed: Vec::new(),
            lateness: Times::default(),
            rate: quota.rate.per_second_f64(),
        }
    }

    /// A message came into a queue of a tenant with this weight and part of the quota.
    pub(super) fn queued(
        &mut self,
        now: Time,
        moved: &Move,
        (weight, guaranteed, tenant): (Weight, f64, &TenantInfo),
        fates: &mut Fates,
    ) {
        self.advance(now, fates);
        let place = self.known(moved.account).unwrap_or_else(|| {
            let child = self.add_tenant(weight, tenant.set, moved);
            self.follow(moved.account, Followed::new(child, guaranteed))
        });
        if !self.followed[place].is_waiting {
            let lag = self.lag(place);
            let tenant = &mut self.followed[place];
            tenant.is_waiting = true;
            tenant.range = (lag, lag);
        }
        let queue = self.queue(place, moved);
        let arrival = Arrival { message: moved.message.0, segments: moved.segments };
        self.fluid.arrive(queue, arrival);
        fates.change(moved.message, |fate| {
            fate.is_waiting = true;
            fate.in_fluid += 1;
            (fate.queue, fate.destination) = (queue, moved.key.destination);
        });
    }

    /// A message left a queue; `is_last` says whether its tenant has none left.
    pub(super) fn unqueued(&mut self, now: Time, moved: &Move, is_last: bool, fates: &mut Fates) {
        self.advance(now, fates);
        let Some(place) = self.known(moved.account) else { return };
        let given = self.fluid.given(self.followed[place].child);
        self.followed[place].note(given);
        let (finished, in_fluid, queue) = fates.change(moved.message, |fate| {
            fate.is_waiting = false;
            (fate.finished.take(), fate.in_fluid, fate.queue)
        });
        let late = finished.map(|finished| now.since(finished));
        let units = u128::from(moved.segments) * SERVICE_UNITS;
        let tenant = &mut self.followed[place];
        if moved.why == Happening::Dispatched {
            self.lateness.observed.record(late.unwrap_or(Span::ZERO));
            tenant.served += units;
        } else if let Some(late) = late {
            self.lateness.censored.record(late);
            tenant.served += units;
        } else if in_fluid > 0 {
            tenant.served += self.fluid.withdraw(queue, moved.message.0);
            fates.change(moved.message, |fate| fate.in_fluid -= 1);
        }
        self.followed[place].note(given);
        self.followed[place].is_waiting = !is_last;
    }

    /// A tenant's weight is another from now on.
    pub(super) fn reweigh(&mut self, now: Time, account: u32, weight: Weight, fates: &mut Fates) {
        self.advance(now, fates);
        if let Some(place) = self.known(account) {
            self.fluid.reweigh(self.followed[place].child, weight);
        }
    }

    /// The quota is another from now on.
    pub(super) fn requota(&mut self, now: Time, rate: Option<Rate>, fates: &mut Fates) {
        self.advance(now, fates);
        self.fluid.set_rate(rate);
    }

    /// The run is over: looks once more at those who wait, and at their messages.
    pub(super) fn finish(
        &mut self,
        ended: Time,
        destination: DestinationId,
        fates: &mut Fates,
    ) -> GpsFigures {
        self.advance(ended, fates);
        for place in 0..self.followed.len() {
            let given = self.fluid.given(self.followed[place].child);
            if self.followed[place].is_waiting {
                self.followed[place].note(given);
            }
        }
        for fate in fates.iter().filter(|fate| fate.destination == destination) {
            if let Some(finished) = fate.finished.filter(|_| fate.is_waiting) {
                self.lateness.censored.record(ended.since(finished));
            }
        }
        self.lateness.observed.settle();
        self.lateness.censored.settle();
        let most = |of: &dyn Fn(&Followed) -> f64| self.followed.iter().map(of).reduce(f64::max);
        let segments = |lag: i64| lag as f64 / (SERVICE_UNITS >> LAG_SHIFT) as f64;
        let seconds = |it: &Followed, lag| segments(lag) / (it.guaranteed * self.rate);
        GpsFigures {
            lag_max_segments: most(&|it| segments(it.lags.most)),
            lead_max_segments: most(&|it| segments(-it.lags.least)),
            lag_max_s: most(&|it| seconds(it, it.lags.most)),
            lead_max_s: most(&|it| seconds(it, -it.lags.least)),
            absolute_fairness_bound_s: most(&|it| seconds(it, it.lags.widest)),
            lateness: self.lateness.clone(),
        }
    }

    /// Lets the fluid system go on until `now`.
    fn advance(&mut self, now: Time, fates: &mut Fates) {
        self.fluid.advance(now);
        while let Some(finished) = self.fluid.take_finished() {
            fates.change(MessageId(finished.message), |fate| {
                fate.in_fluid = fate.in_fluid.saturating_sub(1);
                if fate.is_waiting && fate.in_fluid == 0 {
                    fate.finished = Some(self.fluid.time_of(finished));
                }
            });
        }
    }

    fn lag(&mut self, place: usize) -> i64 {
        let given = self.fluid.given(self.followed[place].child);
        self.followed[place].lag(given)
    }

    fn known(&self, account: u32) -> Option<usize> {
        let place = *self.places.get(account as usize)?;
        (place as usize).checked_sub(1)
    }

    fn follow(&mut self, account: u32, tenant: Followed) -> usize {
        if self.places.len() <= account as usize {
            self.places.resize(account as usize + 1, 0);
        }
        self.followed.push(tenant);
        self.places[account as usize] = self.followed.len() as u32;
        self.followed.len() - 1
    }

    fn add_tenant(&mut self, weight: Weight, set: Option<u32>, moved: &Move) -> Node {
        let above = match set {
            None => ROOT,
            Some(set) => {
                let known = &mut self.sets[set as usize];
                let weight = self.levels.sets[set as usize];
                *known.get_or_insert_with(|| self.fluid.add_server(ROOT, weight).1)
            }
        };
        let has_senders = self.levels.has_senders[moved.key.tenant.index()];
        if self.levels.classes.len() > 1 || has_senders {
            let (child, server) = self.fluid.add_server(above, weight);
            return (child, Some(server));
        }
        (self.fluid.add_queue(above, weight), None)
    }

    /// The queue in which a message of a tenant arrives.
    fn queue(&mut self, place: usize, moved: &Move) -> ChildId {
        let Gps { fluid, levels, followed, .. } = self;
        let tenant = &mut followed[place];
        let Some(below) = &mut tenant.below else { return tenant.child };
        let server = below.server;
        let key = (moved.class, moved.sender);
        let has_senders = levels.has_senders[moved.key.tenant.index()];
        match below.queues.binary_search_by_key(&key, |(key, _)| *key) {
            Ok(found) => below.queues[found].1,
            Err(position) => {
                let weight = levels.classes[moved.class.index()];
                let queue = match (levels.classes.len() > 1, has_senders) {
                    (true, true) => {
                        let class =
                            below.class_server(moved.class, || fluid.add_server(server, weight).1);
                        fluid.add_queue(class, Weight::ONE)
                    }
                    (true, false) => fluid.add_queue(server, weight),
                    (false, _) => fluid.add_queue(server, Weight::ONE),
                };
                below.queues.insert(position, (key, queue));
                queue
            }
        }
    }
}

impl GpsFigures {
    /// The worst of two destinations.
    pub(super) fn worst(&mut self, other: &GpsFigures) {
        let most = |one: &mut Option<f64>, other: Option<f64>| {
            *one = one.iter().copied().chain(other).reduce(f64::max);
        };
        most(&mut self.lag_max_segments, other.lag_max_segments);
        most(&mut self.lead_max_segments, other.lead_max_segments);
        most(&mut self.lag_max_s, other.lag_max_s);
        most(&mut self.lead_max_s, other.lead_max_s);
        most(&mut self.absolute_fairness_bound_s, other.absolute_fairness_bound_s);
        self.lateness.merge(&other.lateness);
    }
}

impl Followed {
    fn new((child, server): Node, guaranteed: f64) -> Self {
        Followed {
            served: 0,
            range: (0, 0),
            lags: Lags::default(),
            guaranteed,
            child,
            is_waiting: false,
            below: server
                .map(|server| Box::new(Below { server, classes: Vec::new(), queues: Vec::new() })),
        }
    }

    fn lag(&self, given: u128) -> i64 {
        let units = given as i128 - self.served as i128;
        ((units + (1 << (LAG_SHIFT - 1))) >> LAG_SHIFT)
            .clamp(i128::from(i64::MIN / 2), i128::from(i64::MAX / 2)) as i64
    }

    /// Looks at the lag now.
    fn note(&mut self, given: u128) {
        let lag = self.lag(given);
        let Lags { most, least, widest } = &mut self.lags;
        (*most, *least) = ((*most).max(lag), (*least).min(lag));
        self.range = (self.range.0.min(lag), self.range.1.max(lag));
        *widest = (*widest).max(self.range.1 - self.range.0);
    }
}

impl Below {
    /// The server of a class, made if need be.
    fn class_server(&mut self, class: ClassId, make: impl FnOnce() -> ServerId) -> ServerId {
        if let Some((_, server)) = self.classes.iter().find(|(known, _)| *known == class) {
            return *server;
        }
        let server = make();
        self.classes.push((class, server));
        server
    }
}
