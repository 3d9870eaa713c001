//! One or several dispatchers in front of a carrier: what it costs not to have one scheduler.
//!
//! A platform that has outgrown one machine runs N dispatchers. Each has a lane of its own with a part
//! of the quota and of the gateway's windows, and knows of the messages that come to it alone. What is
//! unfair or slow about that no policy can mend: a dispatcher that runs dry leaves its part unused while
//! others have a backlog, and each divides its own part among its own tenants. With `rebalance` the
//! parts follow the demand, but only every so often: between two rebalancings they are stale.
//!
//! Seen from outside, several dispatchers are one [`Lane`]: the same calls, the same answers, one ledger.

use crate::engine::{Seed, StreamName};
use crate::scenario::{Dispatchers as Wanted, HomeOf, Scenario};
use crate::scheduler::{
    Amount, Answer, Attempt, Belief, Change, ChangeError, Congestion, Counts, DailyCap, Entropy,
    Lane, LaneConfig, LaneObserver, Message, Next, Policy, ReceiptOutcome, ReceiptState, Record,
    SessionChange, ShareBounds, ShareNode, Status, Target, TenantSpec, Ticket, WindowUnit,
};
use crate::time::{Span, Time};
use crate::units::{CampaignId, ClassId, Quota, Rate, SenderId, SessionId, TenantId, Weight, mix};

/// Rebalanced quotas are divided in so many parts.
const PARTS: u64 = 10_000;

/// Of these, shared equally whatever the demand, so that what comes to an idle dispatcher between two
/// rebalancings can leave.
const RESERVED: u64 = 1_000;

/// The dispatchers of one destination.
pub(super) struct Dispatchers<P> {
    lanes: Vec<Lane<P>>,
    /// All of them together, where there are several.
    counts: Counts,
    /// The quota of all together.
    quota: Option<Quota>,
    /// The dispatcher of each tenant, where they have one.
    homes: Option<Vec<u32>>,
    rebalancing: Option<Rebalancing>,
    /// When the earliest of those that are held back may send.
    held_until: Time,
}

struct Rebalancing {
    every: Span,
    next: Time,
    /// By tenant: what it counts where it has a backlog.
    weights: Vec<Weight>,
}

impl<P: Policy> Dispatchers<P> {
    /// As many as the scenario wants, each with one of the policies.
    pub(super) fn new(
        wanted: Wanted,
        config: LaneConfig,
        policies: Vec<P>,
        (scenario, destination, seed): (&Scenario, &str, Seed),
    ) -> Self {
        let count = policies.len() as u64;
        let quota = config.quota;
        let lanes = policies.into_iter().zip(0_u64..).map(|(policy, index)| {
            let mut own = config.clone();
            own.quota = quota.map(|quota| part_of(quota, index, count, 1, count));
            // Several must not decide ties alike, or they would all err to the same side.
            own.salt = if index == 0 { config.salt } else { mix(config.salt ^ mix(index)) };
            Lane::new(own, policy)
        });
        let home = |name: &str| {
            let name = StreamName::new(format!("destination/{destination}/dispatchers"), name);
            (seed.stream(&name).luck(0, 0).number(0) % count) as u32
        };
        let homes = matches!(wanted.by, HomeOf::Tenant)
            .then(|| scenario.tenants.iter().map(|tenant| home(&tenant.name)).collect());
        let weight = |set: Option<crate::units::TenantSetId>, own: Weight| match set {
            Some(set) => scenario.tenant_sets[set.index()].weight.times(own),
            None => own,
        };
        let rebalancing = wanted.rebalance.map(|every| Rebalancing {
            every,
            next: Time::ZERO + every,
            weights: scenario.tenants.iter().map(|one| weight(one.set, one.weight)).collect(),
        });
        Dispatchers {
            lanes: lanes.collect(),
            counts: Counts::default(),
            quota,
            homes,
            rebalancing: rebalancing.filter(|_| quota.is_some() && count > 1),
            held_until: Time::NEVER,
        }
    }

    fn count(&self) -> u32 {
        self.lanes.len() as u32
    }

    /// Adds the ledgers up again after something happened.
    fn recount(&mut self) {
        if self.lanes.len() == 1 {
            return;
        }
        self.counts = *self.lanes[0].counts();
        for lane in &self.lanes[1..] {
            self.counts.add(lane.counts());
        }
    }

    /// The dispatcher that a message comes to: by its tenant, or scattered message by message.
    fn home(&self, message: &Message) -> usize {
        match &self.homes {
            _ if self.lanes.len() == 1 => 0,
            Some(homes) => homes[message.tenant.index()] as usize,
            None => (mix(message.key) % u64::from(self.count())) as usize,
        }
    }

    pub(super) fn attach(&mut self, tenant: TenantId, spec: TenantSpec) -> Result<(), ChangeError> {
        self.lanes.iter_mut().try_for_each(|lane| lane.attach(tenant, spec))
    }

    /// As [`Lane::detach`], from every dispatcher or from none.
    pub(super) fn detach(&mut self, now: Time, tenant: TenantId) -> Result<(), ChangeError> {
        let busy = |lane: &Lane<P>| lane.tenant_counts(tenant).is_some_and(|own| own.live() > 0);
        if self.lanes.iter().any(busy) {
            return Err(ChangeError::TenantHasMessages(tenant));
        }
        self.lanes.iter_mut().try_for_each(|lane| lane.detach(now, tenant).map(|_| ()))
    }

    /// Messages of a tenant that wait for an attempt, at all dispatchers.
    pub(super) fn waiting_of(&self, tenant: TenantId) -> u64 {
        let of = |counts: &Counts| {
            counts.messages_in(Belief::Queued) + counts.messages_in(Belief::Parked)
        };
        self.lanes.iter().filter_map(|lane| lane.tenant_counts(tenant).map(of)).sum()
    }

    /// As [`Lane::count_windows_by`].
    pub(super) fn count_windows_by(&mut self, unit: WindowUnit) {
        self.lanes.iter_mut().for_each(|lane| lane.count_windows_by(unit));
    }

    /// As [`Lane::lose_everything`]: all dispatchers are one process group, and end together.
    pub(super) fn lose_everything<O: LaneObserver>(&mut self, now: Time, observer: &mut O) {
        self.order(|lane| {
            lane.lose_everything(now, observer);
        });
    }

    /// A quota is divided as before; so are caps and what is promised as a rate, unless all that they
    /// concern comes to one dispatcher anyway.
    pub(super) fn reconfigure(&mut self, now: Time, change: Change) -> Result<(), ChangeError> {
        if let Change::Quota(quota) = change {
            self.quota = quota;
        }
        for index in 0..self.lanes.len() {
            let own = self.part_of_change(change, index as u64);
            self.lanes[index].reconfigure(now, own)?;
        }
        Ok(())
    }

    /// What a change of all together is for one of them.
    fn part_of_change(&self, change: Change, index: u64) -> Change {
        let count = self.lanes.len() as u64;
        let is_scattered = self.homes.is_none();
        let part = |quota: Option<Quota>| quota.map(|it| part_of(it, index, count, 1, count));
        let part_of_day = |cap: Option<DailyCap>| {
            cap.map(|cap| DailyCap { segments: share_of(cap.segments, index, count), ..cap })
        };
        let part_of_bound = |amount: Option<Amount>| match amount {
            Some(Amount::Rate(rate)) => Some(Amount::Rate(part_of_rate(rate, 1, count))),
            other => other,
        };
        match change {
            Change::Quota(quota) => Change::Quota(part(quota)),
            Change::SenderCap(sender, cap) if is_scattered => Change::SenderCap(sender, part(cap)),
            Change::TenantCap(tenant, cap) if is_scattered => Change::TenantCap(tenant, part(cap)),
            Change::SenderDailyCap(sender, cap) if is_scattered => {
                Change::SenderDailyCap(sender, part_of_day(cap))
            }
            Change::TenantDailyCap(tenant, cap) if is_scattered => {
                Change::TenantDailyCap(tenant, part_of_day(cap))
            }
            Change::Bounds(node, bounds) if count > 1 => {
                let has_one_home = !is_scattered && matches!(node, ShareNode::Tenant(_));
                if has_one_home {
                    return change;
                }
                let (min, max) = (part_of_bound(bounds.min), part_of_bound(bounds.max));
                Change::Bounds(node, ShareBounds { min, max, ..bounds })
            }
            other => other,
        }
    }

    /// As [`Lane::set_spill`].
    pub(super) fn set_spill(
        &mut self,
        tenant: TenantId,
        senders: &[SenderId],
    ) -> Result<(), ChangeError> {
        self.lanes.iter_mut().try_for_each(|lane| lane.set_spill(tenant, senders))
    }

    /// As [`Lane::submit`], or [`Lane::submit_for`] where it belongs to a campaign.
    pub(super) fn submit<O: LaneObserver>(
        &mut self,
        now: Time,
        campaign: Option<CampaignId>,
        message: Message,
        observer: &mut O,
    ) {
        let home = self.home(&message);
        let lane = &mut self.lanes[home];
        // A refusal reaches the observer; nobody else is waiting for the answer.
        let _ = match campaign {
            None => lane.submit(now, message, observer),
            Some(campaign) => lane.submit_for(now, campaign, message, observer),
        };
        self.recount();
    }

    /// As [`Lane::pause`], at every dispatcher.
    pub(super) fn pause<O: LaneObserver>(&mut self, now: Time, what: Target, observer: &mut O) {
        self.order(|lane| {
            lane.pause(now, what, observer);
        });
    }

    /// As [`Lane::resume`], at every dispatcher.
    pub(super) fn resume<O: LaneObserver>(&mut self, now: Time, what: Target, observer: &mut O) {
        self.order(|lane| {
            lane.resume(now, what, observer);
        });
    }

    /// As [`Lane::cancel`], at every dispatcher.
    pub(super) fn cancel<O: LaneObserver>(&mut self, now: Time, what: Target, observer: &mut O) {
        self.order(|lane| {
            lane.cancel(now, what, observer);
        });
    }

    /// As [`Lane::reprioritise`], at every dispatcher.
    pub(super) fn reprioritise<O: LaneObserver>(
        &mut self,
        now: Time,
        what: Target,
        class: ClassId,
        observer: &mut O,
    ) {
        self.order(|lane| {
            lane.reprioritise(now, what, class, observer);
        });
    }

    /// An order to every dispatcher, one after another.
    fn order(&mut self, order: impl FnMut(&mut Lane<P>)) {
        self.lanes.iter_mut().for_each(order);
        self.recount();
    }

    /// As [`Lane::next`]: the first dispatcher that has something to send, sends.
    pub(super) fn next<O: LaneObserver>(
        &mut self,
        now: Time,
        entropy: Entropy<'_>,
        observer: &mut O,
    ) -> Next {
        self.rebalance(now);
        let (mut held_until, mut lacks_seat) = (Time::NEVER, false);
        let mut sent = None;
        for (lane, index) in self.lanes.iter_mut().zip(0_u32..) {
            // Those that gamble do not all draw the same number; a lone one draws it as it is.
            let mut own = || match index {
                0 => entropy(),
                _ => mix(entropy() ^ mix(u64::from(index))),
            };
            match lane.next(now, &mut own, observer) {
                Next::Send(attempt) => {
                    sent = Some((index, attempt));
                    break;
                }
                Next::NotUntil(time) => held_until = held_until.min(time),
                Next::NoSession => lacks_seat = true,
                Next::Idle => {}
            }
        }
        self.recount();
        if let Some((index, attempt)) = sent {
            let ticket = attempt.ticket.of_part(index, self.count());
            return Next::Send(Attempt { ticket, ..attempt });
        }
        self.held_until = held_until;
        match (lacks_seat, held_until) {
            (true, _) => Next::NoSession,
            (false, Time::NEVER) => Next::Idle,
            (false, time) => Next::NotUntil(time),
        }
    }

    /// As [`Lane::wake_before`]; also when a dispatcher that another hides behind its lack of seats may
    /// send, and when the quota is to be divided anew.
    pub(super) fn wake_before(&self, time: Time) -> Option<Time> {
        let of_lanes = self.lanes.iter().filter_map(|lane| lane.wake_before(time));
        let waits = self.counts().messages_in(Belief::Queued) > 0;
        let rebalancing = self.rebalancing.as_ref().filter(|_| waits).map(|own| own.next);
        let held = (self.lanes.len() > 1 && waits).then_some(self.held_until);
        let held = held.filter(|time| *time != Time::NEVER);
        of_lanes.chain(rebalancing).chain(held).min().filter(|wake| *wake < time)
    }

    /// As [`Lane::session`]; the window is divided among the dispatchers.
    pub(super) fn session<O: LaneObserver>(
        &mut self,
        now: Time,
        session: SessionId,
        change: SessionChange,
        observer: &mut O,
    ) {
        let count = self.count();
        for (lane, index) in self.lanes.iter_mut().zip(0_u32..) {
            let own = match change {
                SessionChange::Up { window } => {
                    let seats = seats_of(window, session, index, count);
                    if seats == 0 {
                        continue;
                    }
                    SessionChange::Up { window: seats }
                }
                SessionChange::Down => SessionChange::Down,
            };
            lane.session(now, session, own, observer);
        }
        self.recount();
    }

    pub(super) fn answered<O: LaneObserver>(
        &mut self,
        now: Time,
        ticket: Ticket,
        status: Status,
        observer: &mut O,
    ) -> Answer {
        let (index, own) = ticket.in_part(self.count());
        let answer = self.lanes[index as usize].answered(now, own, status, observer);
        self.recount();
        answer
    }

    /// Each dispatcher yields for itself: an answer is seen by the one that asked.
    pub(super) fn congestion<O: LaneObserver>(
        &mut self,
        now: Time,
        ticket: Ticket,
        state: Congestion,
        observer: &mut O,
    ) {
        let (index, own) = ticket.in_part(self.count());
        self.lanes[index as usize].congestion(now, own, state, observer);
    }

    pub(super) fn receipt<O: LaneObserver>(
        &mut self,
        now: Time,
        ticket: Ticket,
        state: ReceiptState,
        observer: &mut O,
    ) -> ReceiptOutcome {
        let (index, own) = ticket.in_part(self.count());
        let outcome = self.lanes[index as usize].receipt(now, own, state, observer);
        self.recount();
        outcome
    }

    /// The message of an attempt, while a lane remembers it.
    pub(super) fn message(&self, ticket: Ticket) -> Option<Record> {
        let (index, own) = ticket.in_part(self.count());
        self.lanes[index as usize].message(own)
    }

    pub(super) fn counts(&self) -> &Counts {
        match self.lanes.as_slice() {
            [only] => only.counts(),
            _ => &self.counts,
        }
    }

    /// Divides the quota by demand, when that is due. Called when everything of an instant is known.
    ///
    /// A tenant's demand is its weight, at each dispatcher as large a part of it as of its backlog; so
    /// a large backlog alone draws no quota, and tenants that are alike get alike wherever they are.
    fn rebalance(&mut self, now: Time) {
        let Some(rebalancing) = self.rebalancing.as_mut().filter(|own| own.next <= now) else {
            return;
        };
        let every = rebalancing.every.as_nanoseconds();
        let turns = now.as_nanoseconds() / every + 1;
        rebalancing.next = Time::from_nanoseconds(turns.saturating_mul(every));
        let Some(quota) = self.quota else { return };
        let mut demand = vec![0_u128; self.lanes.len()];
        for (tenant, weight) in (0..).map(TenantId).zip(&rebalancing.weights) {
            let queued = |lane: &Lane<P>| {
                lane.tenant_counts(tenant).map_or(0, |counts| counts.segments_in(Belief::Queued))
            };
            let all: u64 = self.lanes.iter().map(queued).sum();
            if all > 0 {
                for (demand, lane) in demand.iter_mut().zip(&self.lanes) {
                    let own = u128::from(queued(lane));
                    *demand += u128::from(weight.millionths()) * own / u128::from(all);
                }
            }
        }
        for (index, parts) in parts_by_demand(&demand).into_iter().enumerate() {
            let count = self.lanes.len() as u64;
            let own = part_of(quota, index as u64, count, parts, PARTS);
            let changed = self.lanes[index].reconfigure(now, Change::Quota(Some(own)));
            changed.expect("every part has a burst");
        }
    }
}

/// How many of [`PARTS`] each dispatcher gets: the reserved ones equally, the others by demand.
fn parts_by_demand(demand: &[u128]) -> Vec<u64> {
    let count = demand.len() as u64;
    let all: u128 = demand.iter().sum();
    if all == 0 {
        return vec![PARTS / count; demand.len()];
    }
    let base = (RESERVED / count).max(1);
    let rest = PARTS - base * count;
    demand.iter().map(|own| base + (u128::from(rest) * own / all) as u64).collect()
}

/// `parts` ÷ `of` of a quota's rate, for dispatcher `index` of `count`; the burst is divided equally, but
/// nobody can do without any.
fn part_of(quota: Quota, index: u64, count: u64, parts: u64, of: u64) -> Quota {
    if count == 1 {
        return quota;
    }
    let burst = share_of(quota.burst, index, count);
    Quota { rate: part_of_rate(quota.rate, parts, of), burst: burst.max(1) }
}

/// `parts` ÷ `of` of a rate. What is too slow to be divided becomes the slowest there is: less than its
/// part, never more.
fn part_of_rate(rate: Rate, parts: u64, of: u64) -> Rate {
    let per = Span::from_nanoseconds(rate.per().as_nanoseconds().saturating_mul(of));
    Rate::new(rate.segments().saturating_mul(parts), per)
        .or_else(|| Rate::new(1, Rate::LONGEST_INTERVAL))
        .unwrap_or(rate)
}

/// What dispatcher `index` of `count` gets of so many segments; they add up to all of them.
fn share_of(segments: u64, index: u64, count: u64) -> u64 {
    segments / count + u64::from(index < segments % count)
}

/// The seats of a session's window that dispatcher `index` of `count` has. Those left over go round
/// from session to session, so that all have some where there are enough.
fn seats_of(window: u32, session: SessionId, index: u32, count: u32) -> u32 {
    let left = window % count;
    let first = u64::from(session.0) * u64::from(left) % u64::from(count);
    let place = (u64::from(index) + u64::from(count) - first) % u64::from(count);
    window / count + u32::from(place < u64::from(left))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_divided_adds_up() {
        let rate = Rate::new(3, Span::from_seconds(1)).expect("valid");
        for (burst, count) in [(10, 4), (3, 7), (1, 2), (8, 8)] {
            let quota = Quota { rate, burst };
            let own: Vec<Quota> = (0..count).map(|i| part_of(quota, i, count, 1, count)).collect();
            let bursts: u64 = own.iter().map(|own| own.burst).sum();
            assert_eq!(bursts, burst.max(count));
            assert!(own.iter().all(|own| own.rate.span_of(1) == rate.span_of(count)), "{own:?}");
        }
        assert_eq!(part_of(Quota { rate, burst: 5 }, 0, 1, 1, 1), Quota { rate, burst: 5 });
    }

    #[test]
    fn every_seat_has_one_owner_and_everybody_a_seat_where_there_are_enough() {
        for (window, sessions, count) in [(10, 2, 4), (1, 4, 4), (3, 2, 6), (7, 3, 5), (1, 1, 1)] {
            let mut owned = vec![0; count as usize];
            for session in (0..sessions).map(SessionId) {
                let seats: Vec<u32> =
                    (0..count).map(|i| seats_of(window, session, i, count)).collect();
                assert_eq!(seats.iter().sum::<u32>(), window);
                owned.iter_mut().zip(seats).for_each(|(all, own)| *all += own);
            }
            assert!(owned.iter().all(|own| *own > 0), "{window} {sessions} {count}: {owned:?}");
        }
    }

    #[test]
    fn demand_draws_quota_and_nobody_is_left_without() {
        assert_eq!(parts_by_demand(&[0, 0, 0, 0]), [2_500; 4]);
        // 250 each are reserved, 9,000 by demand.
        assert_eq!(parts_by_demand(&[1, 1, 2, 0]), [2_500, 2_500, 4_750, 250]);
        let many = parts_by_demand(&vec![1; 64]);
        assert!(many.iter().sum::<u64>() <= PARTS && many.iter().all(|part| *part > 100));
    }
}
