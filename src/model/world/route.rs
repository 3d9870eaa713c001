//! One destination of the world: its lane (or several dispatchers that act as one), its carrier, and when it wants to be asked.

use super::super::carrier::Carrier;
use super::super::dispatchers::Dispatchers;
use crate::engine::{Key, Seed, Stream, StreamName};
use crate::scenario::{Destination, Scenario};
use crate::scheduler::{Change, LaneConfig, Policy, TenantSpec};
use crate::time::Time;
use crate::units::{DestinationId, SenderId, TenantId};

/// One destination.
pub(super) struct Route<P> {
    pub(super) id: DestinationId,
    pub(super) lane: Dispatchers<P>,
    pub(super) carrier: Carrier,
    /// For policies that gamble: one draw a dispatch.
    pub(super) policy_luck: Stream,
    /// The earliest wake in the calendar.
    pub(super) wake: Time,
    pub(super) wakes: u64,
    pub(super) attempts: u64,
    pub(super) needs_poll: bool,
    /// Whether the lane said last that it waits for a free seat.
    pub(super) waits_for_seat: bool,
    /// By session.
    pub(super) sessions: Vec<SessionState>,
    pub(super) reconnects: u64,
    /// By session: failed tries to get it back, and when the platform next asks on it, or judges that
    /// nothing answered.
    pub(super) links: Vec<Link>,
    /// Draws of the answers to those questions, and how many there were.
    pub(super) enquiry_luck: Stream,
    pub(super) enquiries: u64,
    /// Tenants that leave, and of which something is still with the carrier.
    pub(super) leaving: Vec<TenantId>,
    /// Receipts that came while no session was up: the carrier keeps them until one is.
    pub(super) kept_receipts: Vec<(Key, u32)>,
}

/// A session, as the carrier and the network have it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum SessionState {
    Down,
    /// Nothing holds it down any more, and it comes up at this time.
    Reconnecting(Time),
    Up,
}

/// What the platform knows and does about a session beside its attempts.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Link {
    pub(super) failed_tries: u32,
    /// `None` while it does not ask.
    pub(super) enquiry: Option<Time>,
}

impl<P: Policy> Route<P> {
    pub(super) fn new(
        id: DestinationId,
        scenario: &Scenario,
        destination: &Destination,
        seed: Seed,
        policies: Vec<P>,
    ) -> Self {
        let stream = |purpose: &str| {
            seed.stream(&StreamName::new(format!("destination/{}", destination.name), purpose))
        };
        let config = LaneConfig {
            quota: destination.quota,
            admission: destination.admission,
            retry: destination.retry,
            backpressure: destination.backpressure,
            response_timeout: destination.response_timeout,
            receipt_timeout: destination.receipt_timeout,
            tenant_sets: scenario.tenant_sets.iter().map(|set| set.weight).collect(),
            classes: scenario.classes.iter().map(|class| class.weight).collect(),
            salt: stream("ties").luck(0, 0).number(0),
        };
        let mut lane = Dispatchers::new(
            destination.dispatchers,
            config,
            policies,
            (scenario, &destination.name, seed),
        );
        lane.count_windows_by(destination.gateway.window_counts);
        for (index, tenant) in scenario.tenants.iter().enumerate() {
            let spec = TenantSpec { set: tenant.set, weight: tenant.weight };
            lane.attach(TenantId(index as u32), spec)
                .expect("a resolved scenario's tenants fit its sets");
        }
        let mut cap = |change| {
            lane.reconfigure(Time::ZERO, change).expect("a resolved cap has a burst and a tenant");
        };
        for (index, tenant) in scenario.tenants.iter().enumerate() {
            let id = TenantId(index as u32);
            if tenant.cap.is_some() {
                cap(Change::TenantCap(id, tenant.cap));
            }
            if tenant.daily_cap.is_some() {
                cap(Change::TenantDailyCap(id, tenant.daily_cap));
            }
        }
        spill(scenario, &mut lane);
        let mut cap = |change| {
            lane.reconfigure(Time::ZERO, change).expect("a resolved cap has a burst and a tenant");
        };
        for (index, sender) in scenario.senders.iter().enumerate() {
            let id = SenderId(index as u32);
            if sender.cap.is_some() {
                cap(Change::SenderCap(id, sender.cap));
            }
            if sender.daily_cap.is_some() {
                cap(Change::SenderDailyCap(id, sender.daily_cap));
            }
        }
        for (node, bounds) in &scenario.bounds {
            let change = Change::Bounds(*node, *bounds);
            lane.reconfigure(Time::ZERO, change)
                .expect("a resolved scenario's bounds are of nodes that its lanes have");
        }
        Route {
            id,
            lane,
            carrier: Carrier::new(&destination.gateway, scenario),
            policy_luck: stream("policy"),
            wake: Time::NEVER,
            wakes: 0,
            attempts: 0,
            needs_poll: false,
            waits_for_seat: false,
            sessions: vec![SessionState::Down; usize::from(destination.gateway.sessions)],
            reconnects: 0,
            links: vec![Link::default(); usize::from(destination.gateway.sessions)],
            enquiry_luck: stream("enquire-link"),
            enquiries: 0,
            leaving: Vec::new(),
            kept_receipts: Vec::new(),
        }
    }

    /// Whether any session is up: a platform knows when it has lost its carrier.
    pub(super) fn is_reachable(&self) -> bool {
        self.sessions.contains(&SessionState::Up)
    }
}

/// Tells a lane which senders the overflow of each tenant may go out from.
fn spill<P: Policy>(scenario: &Scenario, lane: &mut Dispatchers<P>) {
    let spills = |tenant: TenantId| scenario.tenants[tenant.index()].spills;
    let numbered =
        scenario.senders.iter().enumerate().map(|(index, sender)| (index, sender.tenant));
    let mut rest = numbered.filter(|(_, tenant)| spills(*tenant)).peekable();
    while let Some(&(_, tenant)) = rest.peek() {
        let own = std::iter::from_fn(|| rest.next_if(|(_, of)| *of == tenant));
        let own: Vec<SenderId> = own.map(|(index, _)| SenderId(index as u32)).collect();
        lane.set_spill(tenant, &own).expect("every tenant of a scenario is attached");
    }
}
