//! The world: ties traffic, lanes, carriers, faults and detector together.

mod arrivals;
mod changes;
mod copies;
mod detection;
mod failures;
mod links;
mod orders;
mod route;

use std::collections::BTreeMap;

use self::route::Route;
use super::awaited::AwaitedMessages;
use super::carrier::CarrierCounts;
use super::dispatchers::Dispatchers;
use super::failover::Failovers;
use super::faults::{Faults, Injected, Resubmission, Resubmissions, injected};
use super::tap::Tap;
use super::traffic::SourceState;
use crate::detector::{Account, Detector, ErrorClass, Notice, Observation};
use crate::engine::{self, Agenda, Calendar, Key, LadderCalendar, Model, Seed, Stream, StreamName};
use crate::event::{Event, Flow, Sink, What};
use crate::scenario::{Scenario, Source, Submissions};
use crate::scheduler::{Counts, Next, Policy, PolicyInfo};
use crate::time::Time;
use crate::units::{DestinationId, MessageId, SessionId, TenantId};

/// Ranks of simultaneous events. What the platform is told comes before what it does about it; when
/// all of an instant has been told, the lanes are asked.
mod rank {
    pub(super) const FAULT_ENDS: u8 = 0;
    pub(super) const FAULT_BEGINS: u8 = 1;
    pub(super) const FAULT_TURNS: u8 = 2;
    pub(super) const RECONNECT: u8 = 3;
    pub(super) const RECEIPT: u8 = 4;
    pub(super) const DELIVERY: u8 = 5;
    pub(super) const RESPONSE: u8 = 6;
    pub(super) const ACTION: u8 = 7;
    pub(super) const LOGGED_ARRIVAL: u8 = 8;
    pub(super) const ARRIVAL: u8 = 9;
    pub(super) const DETECTOR: u8 = 10;
    pub(super) const WAKE: u8 = 11;
    pub(super) const ARRIVALS_OVER: u8 = 12;
    pub(super) const NOTICE: u8 = 13;
    pub(super) const RESUBMISSION: u8 = 14;
    pub(super) const ENQUIRE_LINK: u8 = 15;
    pub(super) const LINK_IS_DEAD: u8 = 16;
    pub(super) const FAILOVER: u8 = 17;
}

/// A scenario with the seed it runs under.
#[derive(Clone, Copy)]
pub struct Setup<'a> {
    /// The scenario.
    pub scenario: &'a Scenario,
    /// The seed of all luck.
    pub seed: u64,
}

/// Why a run cannot begin.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SetupError {
    /// The policy divides a rate, and the destination has none.
    #[error(
        "policy `{policy}` divides a finite quota, but destination `{destination}` is unlimited; \
         give it a quota, or use a policy that needs none"
    )]
    PolicyNeedsQuota {
        /// The policy.
        policy: String,
        /// The destination.
        destination: String,
    },
}

/// How a run ended, apart from what its sink measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Virtual time at the end.
    pub ended: Time,
    /// Whether a sink stopped the run.
    pub was_stopped: bool,
    /// Calendar entries handled.
    pub calendar_events: u64,
    /// What each lane says it holds, by destination.
    pub lanes: Vec<Counts>,
    /// What each carrier says it did, by destination.
    pub carriers: Vec<CarrierCounts>,
}

/// Runs a scenario under a policy of the registry.
///
/// # Errors
/// When the policy cannot serve a destination of the scenario.
pub fn simulate<S: Sink>(
    setup: Setup<'_>,
    policy: &PolicyInfo,
    detector: Option<Box<dyn Detector>>,
    sink: S,
) -> Result<Outcome, SetupError> {
    let policies = policies_of(setup.scenario, policy)?;
    Ok(simulate_with(setup, policies, detector, sink, LadderCalendar::default()))
}

/// A policy of the registry for each dispatcher of each destination, in order.
///
/// # Errors
/// When the policy cannot serve a destination of the scenario.
pub fn policies_of(
    scenario: &Scenario,
    policy: &PolicyInfo,
) -> Result<Vec<Box<dyn Policy>>, SetupError> {
    let mut policies = Vec::new();
    for destination in &scenario.destinations {
        for _ in 0..destination.dispatchers.count {
            let rate = destination.quota.map(|quota| quota.rate);
            let built = policy.build_with(rate, scenario.policy_options());
            policies.push(built.ok_or_else(|| SetupError::PolicyNeedsQuota {
                policy: policy.name.to_owned(),
                destination: destination.name.clone(),
            })?);
        }
    }
    Ok(policies)
}

/// Runs a scenario with a policy for each dispatcher of each destination, in order, of any type, on any
/// calendar.
///
/// # Panics
/// When there are fewer policies than dispatchers.
pub fn simulate_with<P: Policy, S: Sink, C: Calendar<u32>>(
    setup: Setup<'_>,
    policies: Vec<P>,
    detector: Option<Box<dyn Detector>>,
    sink: S,
    mut calendar: C,
) -> Outcome {
    let mut world = World::new(setup, policies, detector, sink);
    world.start(&mut Agenda::before_start(&mut calendar));
    let horizon = Time::ZERO + setup.scenario.duration + setup.scenario.drain;
    let ended = engine::run(&mut world, &mut calendar, horizon);
    world.finish(ended, horizon)
}

/// The state of a run.
pub struct World<'a, P, S> {
    scenario: &'a Scenario,
    sink: S,
    flow: Flow,
    routes: Vec<Route<P>>,
    sources: Vec<SourceState<'a>>,
    /// By tenant: the stream of its messages' luck at the carrier, and how many it submitted.
    tenants: Vec<(Stream, u64)>,
    /// What the submitters of closed loops wait for.
    awaited: AwaitedMessages,
    faults: Faults<'a>,
    /// What faults inject, and what tenants' own systems will submit again.
    injected: Vec<Injected<'a>>,
    /// By source of an injected one, counted after the scenario's own: its place among `injected`.
    injected_sources: Vec<usize>,
    resubmissions: Resubmissions,
    failovers: Failovers<'a>,
    /// Times at which a failover wants to be asked: orders simultaneous ones.
    failover_asks: u64,
    to_resubmit: BTreeMap<u32, Resubmission>,
    resubmitted: u32,
    /// Who does not use a destination now, by how many faults keep them away.
    absent: BTreeMap<(DestinationId, TenantId), u32>,
    /// By source: whether an action names it as a campaign.
    is_campaign: Vec<bool>,
    detector: Option<Box<dyn Detector>>,
    /// Messages that the detector was told had failed for good.
    failed: BTreeMap<MessageId, (Time, ErrorClass)>,
    next_message: u64,
    next_logged: usize,
    arrivals_are_over: bool,
    /// Set when arrivals are over and nothing is left: the run ends before its horizon.
    is_drained: bool,
}

impl<'a, P: Policy, S: Sink> World<'a, P, S> {
    fn new(
        setup: Setup<'a>,
        policies: Vec<P>,
        detector: Option<Box<dyn Detector>>,
        sink: S,
    ) -> Self {
        let Setup { scenario, seed } = setup;
        let seed = Seed::new(seed);
        let mut policies = policies.into_iter();
        let routes = scenario
            .destinations
            .iter()
            .enumerate()
            .map(|(index, destination)| {
                let count = usize::from(destination.dispatchers.count);
                let own: Vec<P> = policies.by_ref().take(count).collect();
                assert_eq!(own.len(), count, "every dispatcher has a policy");
                Route::new(DestinationId(index as u16), scenario, destination, seed, own)
            })
            .collect();
        let end = Time::ZERO + scenario.duration;
        let injected = injected(scenario, seed);
        let comes_by_itself = |place: &usize| injected[*place].source.is_some();
        let injected_sources: Vec<usize> = if scenario.submissions == Submissions::Replayed {
            Vec::new()
        } else {
            (0..injected.len()).filter(comes_by_itself).collect()
        };
        let tenant_name = |source: &Source| scenario.tenants[source.tenant.index()].name.as_str();
        let own = scenario
            .sources
            .iter()
            .map(|source| SourceState::new(source, tenant_name(source), seed, end));
        let made = injected_sources.iter().filter_map(|place| {
            let injected = &injected[*place];
            let fault = &scenario.faults[injected.fault].name;
            let source = injected.source?;
            Some(SourceState::of_fault(source, fault, tenant_name(source), seed, end))
        });
        let sources = own.chain(made).collect();
        let tenants = scenario
            .tenants
            .iter()
            .map(|tenant| {
                let name = StreamName::new(format!("tenant/{}", tenant.name), "carrier");
                (seed.stream(&name), 0)
            })
            .collect();
        World {
            scenario,
            sink,
            flow: Flow::Continue,
            routes,
            sources,
            tenants,
            awaited: AwaitedMessages::default(),
            faults: Faults::new(scenario, seed),
            injected,
            injected_sources,
            resubmissions: Resubmissions::default(),
            failovers: Failovers::new(&scenario.failovers),
            failover_asks: 0,
            to_resubmit: BTreeMap::new(),
            resubmitted: 0,
            absent: BTreeMap::new(),
            is_campaign: scenario.ordered_campaigns(),
            detector,
            failed: BTreeMap::new(),
            next_message: 0,
            next_logged: 0,
            arrivals_are_over: false,
            is_drained: false,
        }
    }

    fn start<C: Calendar<u32>>(&mut self, agenda: &mut Agenda<'_, C>) {
        for index in 0..self.routes.len() {
            for session in 0..self.scenario.destinations[index].gateway.sessions {
                self.bring_up(Time::ZERO, index, SessionId(session), agenda);
            }
        }
        let first = match self.scenario.submissions {
            Submissions::Made => 0,
            Submissions::Frozen | Submissions::Replayed => self.scenario.sources.len(),
        };
        for index in first..self.sources.len() {
            self.schedule_arrival(index, agenda);
            for (time, thought) in self.sources[index].first_thoughts() {
                agenda.schedule(time, Key::new(rank::ARRIVAL, index as u32, thought), index as u32);
            }
        }
        self.schedule_logged(agenda);
        for index in 0..self.scenario.faults.len() {
            self.schedule_fault(index, agenda);
        }
        self.keep_out_who_joins_later();
        for (index, action) in self.scenario.actions.iter().enumerate() {
            agenda.schedule(action.at, Key::new(rank::ACTION, index as u32, 0), 0);
        }
        self.schedule_detection(agenda);
        let end = Time::ZERO + self.scenario.duration;
        agenda.schedule(end, Key::new(rank::ARRIVALS_OVER, 0, 0), 0);
    }

    fn finish(mut self, ended: engine::Ended, horizon: Time) -> Outcome {
        let was_stopped = ended.flow == Flow::Stop && !self.is_drained;
        let time = if self.is_drained || was_stopped { ended.time } else { horizon };
        self.emit(time, None, What::RunOver);
        Outcome {
            ended: time,
            was_stopped: was_stopped || self.flow == Flow::Stop,
            calendar_events: ended.events,
            lanes: self.routes.iter().map(|route| *route.lane.counts()).collect(),
            carriers: self.routes.iter().map(|route| route.carrier.counts()).collect(),
        }
    }

    fn emit(&mut self, time: Time, destination: Option<DestinationId>, what: What) {
        if self.sink.record(&Event { time, destination, what }) == Flow::Stop {
            self.flow = Flow::Stop;
        }
    }

    /// A route's lane, and what listens to it.
    fn lane(&mut self, index: usize) -> (&mut Dispatchers<P>, Tap<'_, 'a, S>) {
        let route = &mut self.routes[index];
        let tap = Tap {
            sink: &mut self.sink,
            flow: &mut self.flow,
            detector: self.detector.as_deref_mut(),
            awaited: &mut self.awaited,
            resubmissions: &mut self.resubmissions,
            failovers: &mut self.failovers,
            failed: &mut self.failed,
            destination: route.id,
            is_reachable: route.is_reachable(),
        };
        (&mut route.lane, tap)
    }

    /// Asks a lane until it has nothing to send, and schedules its next wake.
    fn poll<C: Calendar<u32>>(&mut self, now: Time, index: usize, agenda: &mut Agenda<'_, C>) {
        let (mut wanted, mut waits_for_seat) = (Time::NEVER, false);
        while self.flow == Flow::Continue {
            let route = &self.routes[index];
            let (luck, dispatched) = (route.policy_luck, route.lane.counts().attempts.dispatched);
            let (lane, mut tap) = self.lane(index);
            let next = lane.next(now, &mut || luck.luck(dispatched, 0).number(0), &mut tap);
            self.sink.asked(now, DestinationId(index as u16), &next);
            match next {
                Next::Send(attempt) => self.send(now, index, &attempt, agenda),
                Next::NotUntil(time) => {
                    wanted = time;
                    break;
                }
                Next::NoSession => {
                    waits_for_seat = true;
                    break;
                }
                Next::Idle => break,
            }
        }
        let route = &mut self.routes[index];
        route.needs_poll = false;
        route.waits_for_seat = waits_for_seat;
        let sooner = route.lane.wake_before(wanted.min(route.wake));
        let wanted = sooner.unwrap_or(wanted).max(now);
        if wanted < route.wake {
            route.wake = wanted;
            route.wakes += 1;
            let key = Key::new(rank::WAKE, index as u32, route.wakes);
            agenda.schedule(wanted, key, index as u32);
        }
    }

    /// Whether arrivals are over and nothing is left to happen.
    fn has_drained(&self) -> bool {
        let log_is_done =
            self.scenario.log.as_ref().is_none_or(|log| self.next_logged == log.arrivals.len());
        self.arrivals_are_over
            && log_is_done
            && self.to_resubmit.is_empty()
            && self
                .routes
                .iter()
                .all(|route| route.lane.counts().live() == 0 && route.carrier.on_their_way() == 0)
    }
}

impl<P: Policy, S: Sink> Model for World<'_, P, S> {
    type Payload = u32;

    fn handle<C: Calendar<u32>>(
        &mut self,
        now: Time,
        key: Key,
        payload: u32,
        agenda: &mut Agenda<'_, C>,
    ) -> Flow {
        let index = key.entity() as usize;
        match key.rank() {
            rank::ARRIVAL => self.source_arrival(now, index, agenda),
            rank::LOGGED_ARRIVAL => self.logged_arrival(now, agenda),
            rank::RESPONSE => self.respond(now, index, key, payload, agenda),
            rank::DELIVERY => self.deliver(now, index, key, payload, agenda),
            rank::RECEIPT => self.receipt(now, index, key, payload, agenda),
            rank::WAKE => {
                let route = &mut self.routes[index];
                // A wake that an earlier one has replaced is stale; asking then would be harmless.
                if route.wake == now {
                    route.wake = Time::NEVER;
                    route.needs_poll = true;
                }
            }
            rank::FAULT_BEGINS => self.fault_begins(now, index, key, agenda),
            rank::FAULT_ENDS => self.fault_ends(now, index, agenda),
            rank::FAULT_TURNS => self.fault_turns(now, index, key, agenda),
            rank::ENQUIRE_LINK => self.enquire_link(now, index, payload, agenda),
            rank::LINK_IS_DEAD => self.link_is_dead(now, index, payload, agenda),
            rank::FAILOVER => self.fail_over(now, index, agenda),
            rank::RESUBMISSION => self.resubmission_arrives(now, payload),
            rank::ACTION => self.act(now, index),
            rank::RECONNECT => self.reconnect(now, index, payload, agenda),
            rank::DETECTOR => self.tick(now, agenda),
            rank::NOTICE => self.announce(now, index),
            rank::ARRIVALS_OVER => {
                self.arrivals_are_over = true;
                self.emit(now, None, What::ArrivalsOver);
            }
            other => unreachable!("no event has rank {other}"),
        }
        self.flow
    }

    fn settle<C: Calendar<u32>>(&mut self, now: Time, agenda: &mut Agenda<'_, C>) -> Flow {
        for index in 0..self.routes.len() {
            if self.routes[index].needs_poll {
                self.poll(now, index, agenda);
            }
            if !self.routes[index].leaving.is_empty() {
                self.let_leave(now, index);
            }
        }
        if self.awaited.has_ready() {
            self.let_think(now, agenda);
        }
        while let Some(index) = self.failovers.triggered() {
            self.fail_over(now, index, agenda);
        }
        if self.resubmissions.has_failed() {
            self.schedule_resubmissions(agenda);
        }
        if self.arrivals_are_over && self.has_drained() {
            self.is_drained = true;
            return Flow::Stop;
        }
        self.flow
    }
}

/// Tells the detector of something that explains what is to come, if there is one.
fn observe_notice(
    detector: Option<&mut (dyn Detector + 'static)>,
    now: Time,
    tenant: TenantId,
    destination: DestinationId,
    notice: Notice,
) {
    if let Some(detector) = detector {
        detector.notice(now, Account { tenant, destination }, notice);
    }
}

/// Tells the detector, if there is one.
pub(super) fn observe(
    detector: Option<&mut (dyn Detector + 'static)>,
    now: Time,
    tenant: TenantId,
    destination: DestinationId,
    seen: Observation,
) {
    if let Some(detector) = detector {
        detector.observe(now, Account { tenant, destination }, seen);
    }
}
