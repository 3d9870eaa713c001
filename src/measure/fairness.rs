//! Whether tenants got what they were entitled to, measured only where they competed.
//!
//! Everything is in segments and at one destination at a time. *Unserved work* is what waits in
//! queues; what is parked or in flight is not the scheduler's to serve. There are two views:
//!
//! - **Windows** of the scenario's width: sent against the max-min division of what was sent; the
//!   definitions are those of `window::measure`. Jain's index is averaged over contended windows by
//!   segments sent; the max-min distance is Σ|x − x*| ÷ (2 Σx*) over them; *sent over entitled* of
//!   an account adds up over the contended windows in which it was judged.
//! - **Dispatches**: while at least two tenants have unserved work, each dispatch is owed to them by
//!   weight. The *contention share* of a tenant is sent ÷ owed over its periods of contention in
//!   which it was owed at least ten of the largest messages.
//!
//! A third view follows the course of every tenant's service at every dispatch: lag and lead against the
//! fluid division, gaps, the relative fairness of pairs (`course`). How unequal sent ÷ entitled is between
//! tenants, over the windows, is told by the indices of `inequality`.
//!
//! A fourth holds service against what the fluid system of the arrivals would have done, whatever the policy
//! (`gps`), and a fifth against the tenant's part of the quota alone (`exclusive`). Beside them stand the order
//! in which messages leave (`order`), how far who asks is behind who gets most (`service_difference`) and how
//! long the division takes to become fair after a change (`settling`).
//!
//! Three figures of the field are of two runs and not of one, because they are about what would have been:
//! slowdown and isolation (`experiment::isolation`), *sybil gain* (what a tenant gets as k tenants or with k
//! senders ÷ what it gets as one) and *strategy-proofness* (what it gets by over-reporting or splitting ÷ what
//! it gets honestly). The last two are held in `scenarios/adversaries` with an honest twin in the same run.
//!
//! *Work conservation* is segments sent ÷ Σ over windows of min(demand, sent + quota lost while work
//! waited); quota is lost when its token bucket is full. Work that only a sender's cap, a closed
//! window or an outage holds back waits too, so there the figure is below 1 on purpose.

mod account;
mod conservation;
mod contention;
mod course;
mod ending;
mod exclusive;
mod gps;
mod inequality;
mod order;
mod outcome;
mod series;
mod service_difference;
mod settling;
#[cfg(test)]
mod tests;
mod window;

pub use course::CourseFigures;
pub use gps::GpsFigures;
pub use inequality::{
    Aversion, atkinson, distance_worst, gini, min_max_ratio, service_gap, theil, welfare_loss,
};
pub use outcome::{AccountShares, DestinationFairness, FairnessOutcome, PartyShare};
pub use series::SERIES_ROWS_BY_TENANT_MAX;

use std::collections::BTreeMap;

use super::cells::AccountKey;
use super::ranges::Ranges;
use crate::scenario::Scenario;
use crate::scheduler::{Belief, Happening};
use crate::time::{Span, Time};
use crate::units::{ClassId, DestinationId, MessageId, Quota, SenderId, TenantId, Weight};
use account::{Account, Guaranteed, TenantInfo};
use conservation::Conservation;
use contention::{Fluid, Tally};
use course::{Course, Pairs, sample_of};
use exclusive::Exclusive;
use gps::{Fates, Gps};
use order::Order;
use series::Series;
use service_difference::Normalised;
use settling::Settling;
use window::{Portion, WindowBounds, measure};

/// Measures fairness while the run goes on.
#[derive(Clone, Debug)]
pub(crate) struct Fairness {
    width: Span,
    start: Time,
    end: Time,
    arrivals_end: Time,
    lanes: Vec<Lane>,
    accounts: Vec<Account>,
    tallies: Vec<Tally>,
    courses: Vec<Course>,
    fates: Fates,
    /// By tenant: whether it is in the sample that is followed in pairs.
    sample: Vec<bool>,
    tenants: Vec<TenantInfo>,
    /// Weights that changed meanwhile.
    reweighed: Vec<(AccountKey, Weight)>,
    set_weights: Vec<f64>,
    guaranteed: Guaranteed,
    /// Bounds at each destination, where the scenario has some.
    ranges: Vec<Ranges>,
    /// Populations first, then tenant sets; each for every destination.
    parties: Vec<Party>,
    groups: usize,
    series: Series,
}

#[derive(Clone, Debug)]
struct Lane {
    fluid: Fluid,
    pairs: Pairs,
    order: Order,
    settling: Settling,
    /// The quota, segments a second.
    rate: Option<f64>,
    /// Messages dispatched.
    dispatched: u64,
    conservation: Option<Conservation>,
    /// The fluid oracle, where there is a quota.
    gps: Option<Gps>,
    backlog: u64,
    /// Accounts that did something in this window or had unserved work at its start.
    active: Vec<u32>,
    sums: DestinationFairness,
}

/// A population or tenant set at one destination.
#[derive(Clone, Copy, Debug, Default)]
struct Party {
    backlogged: u32,
    sent_by_all_at_start: u64,
    share: PartyShare,
}

/// What moved, for the fairness measures.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Move {
    /// Number of the account.
    pub(crate) account: u32,
    /// What that number stands for.
    pub(crate) key: AccountKey,
    /// Which message.
    pub(crate) message: MessageId,
    /// Its class, as submitted.
    pub(crate) class: ClassId,
    /// Its sender, as submitted.
    pub(crate) sender: SenderId,
    /// Belief before.
    pub(crate) from: Option<Belief>,
    /// Belief after.
    pub(crate) to: Belief,
    /// Why.
    pub(crate) why: Happening,
    /// What the message costs.
    pub(crate) segments: u64,
    /// Whether it comes into a queue for the first time, or is there for the first time.
    pub(crate) is_first: bool,
}

impl Fairness {
    /// Nothing happened yet in a run of `scenario`.
    pub(crate) fn new(scenario: &Scenario) -> Self {
        let mut group_numbers: BTreeMap<&str, (u32, TenantId)> = BTreeMap::new();
        let mut group_of = Vec::with_capacity(scenario.tenants.len());
        let mut tenants = Vec::with_capacity(scenario.tenants.len());
        for (index, tenant) in scenario.tenants.iter().enumerate() {
            let next = (group_numbers.len() as u32, TenantId(index as u32));
            let (group, first) = *group_numbers.entry(&tenant.group).or_insert(next);
            group_of.push(first);
            let set = tenant.set.map(|set| set.0);
            tenants.push(TenantInfo { weight: tenant.weight, set, group, caps: None });
        }
        for senders in scenario.senders.chunk_by(|a, b| a.tenant == b.tenant) {
            let caps = senders.iter().map(|sender| sender.cap).collect();
            tenants[senders[0].tenant.index()].caps = caps;
        }
        let lane = |quota: Option<Quota>| Lane {
            fluid: Fluid::new(scenario.tenant_sets.iter().map(|set| set.weight)),
            pairs: Pairs::default(),
            order: Order::new(scenario.classes.iter().map(|class| class.weight)),
            settling: Settling::default(),
            rate: quota.map(|quota| quota.rate.per_second_f64()),
            dispatched: 0,
            conservation: quota.map(Conservation::new),
            gps: quota.map(|quota| Gps::new(scenario, quota)),
            backlog: 0,
            active: Vec::new(),
            sums: DestinationFairness::default(),
        };
        let groups = group_numbers.len();
        let parties = (groups + scenario.tenant_sets.len()) * scenario.destinations.len();
        let width = scenario.window.max(Span::from_nanoseconds(1));
        Fairness {
            width,
            start: Time::ZERO,
            arrivals_end: Time::ZERO.saturating_add(scenario.duration),
            end: Time::ZERO.saturating_add(width),
            lanes: scenario.destinations.iter().map(|d| lane(d.quota)).collect(),
            accounts: Vec::new(),
            tallies: Vec::new(),
            courses: Vec::new(),
            fates: Fates::default(),
            sample: sample_of(&group_of),
            guaranteed: Guaranteed::of(scenario),
            tenants,
            reweighed: Vec::new(),
            set_weights: scenario.tenant_sets.iter().map(|set| set.weight.as_f64()).collect(),
            ranges: match scenario.bounds.is_empty() {
                true => Vec::new(),
                false => {
                    scenario.destinations.iter().map(|d| Ranges::of(scenario, d.quota)).collect()
                }
            },
            parties: vec![Party::default(); parties],
            groups,
            series: Series::new(group_of, SERIES_ROWS_BY_TENANT_MAX),
        }
    }

    /// Lets time pass: closes the windows that end at or before `now`.
    #[inline]
    pub(crate) fn advance(&mut self, now: Time) {
        if now >= self.end {
            self.close_windows(now);
        }
    }

    #[cold]
    fn close_windows(&mut self, now: Time) {
        while now >= self.end && self.end < Time::NEVER {
            self.close_window(self.end);
            self.start = self.end;
            if self.lanes.iter().all(|lane| lane.active.is_empty()) {
                // Nothing waits anywhere, so the windows up to now are empty.
                let width = self.width.as_nanoseconds();
                let index = now.as_nanoseconds() / width;
                self.start = Time::from_nanoseconds(index * width);
            }
            self.end = self.start.saturating_add(self.width);
        }
    }

    /// Takes note of a move at `now`; [`Fairness::advance`] comes first.
    pub(crate) fn moved(&mut self, now: Time, moved: Move) {
        self.touch(moved.account, moved.key);
        let account = &mut self.accounts[moved.account as usize];
        if moved.from.is_none() {
            account.offered += moved.segments;
        }
        match moved.from {
            Some(Belief::InFlight) => {
                let failed = matches!(moved.to, Belief::Failed | Belief::Parked | Belief::Unknown);
                account.failed += u64::from(failed);
            }
            Some(Belief::Queued) => self.unqueue(now, &moved),
            _ => {}
        }
        if moved.to == Belief::Queued {
            self.queue(now, &moved);
        }
    }

    /// An account's weight is another from `now` on; [`Fairness::advance`] comes first. The window at
    /// hand is judged by the new one.
    pub(crate) fn reweigh(&mut self, now: Time, key: AccountKey, weight: Weight) {
        self.reweighed.retain(|(known, _)| *known != key);
        self.reweighed.push((key, weight));
        let number = self.accounts.iter().position(|account| account.key == key);
        if let Some(number) = number {
            let account = &mut self.accounts[number];
            account.weight = weight;
            let has_work = account.backlog > 0;
            let lane = &mut self.lanes[key.destination.index()];
            lane.settling.changed(now);
            lane.fluid.reweigh(&mut self.tallies, number as u32, weight, has_work);
            if let Some(gps) = &mut lane.gps {
                gps.reweigh(now, number as u32, weight, &mut self.fates);
            }
        }
    }

    /// A destination's quota is another from `now` on; [`Fairness::advance`] comes first.
    pub(crate) fn requota(&mut self, now: Time, destination: DestinationId, quota: Option<Quota>) {
        let lane = &mut self.lanes[destination.index()];
        lane.settling.changed(now);
        match (&mut lane.conservation, quota) {
            (Some(known), Some(quota)) => known.change(now, lane.backlog > 0, quota),
            (known, quota) => *known = quota.map(Conservation::new),
        }
        if let Some(gps) = &mut lane.gps {
            gps.requota(now, quota.map(|quota| quota.rate), &mut self.fates);
        }
    }

    fn queue(&mut self, now: Time, moved: &Move) {
        let destination = moved.key.destination;
        let lane = &mut self.lanes[destination.index()];
        let account = &mut self.accounts[moved.account as usize];
        if let Some(conservation) = &mut lane.conservation {
            conservation.advance(now, lane.backlog > 0);
        }
        lane.backlog += moved.segments;
        account.queued += moved.segments;
        if moved.is_first {
            account.exclusive.queued(now, moved.segments);
            lane.order.queued(moved.class, &mut account.places);
        }
        let was_idle = account.backlog == 0;
        account.backlog += moved.segments;
        if let Some(gps) = &mut lane.gps {
            let guaranteed = self.courses[moved.account as usize].guaranteed;
            let tenant = &self.tenants[moved.key.tenant.index()];
            gps.queued(now, moved, (account.weight, guaranteed, tenant), &mut self.fates);
        }
        if was_idle && account.backlog > 0 {
            account.waiting_since = now;
            if account.is_new() {
                lane.settling.changed(now);
            }
            lane.fluid.join(&mut self.tallies, moved.account);
            let (sent, number) = (lane.fluid.sent, moved.account as usize);
            self.courses[number].begin(now, &self.tallies[number], sent);
            lane.pairs.begin(moved.account, self.sample[moved.key.tenant.index()]);
            self.each_party(moved.key, |party| {
                if party.backlogged == 0 {
                    party.sent_by_all_at_start = sent;
                }
                party.backlogged += 1;
            });
        }
    }

    fn unqueue(&mut self, now: Time, moved: &Move) {
        let destination = moved.key.destination;
        let lane = &mut self.lanes[destination.index()];
        let account = &mut self.accounts[moved.account as usize];
        if let Some(conservation) = &mut lane.conservation {
            conservation.advance(now, lane.backlog > 0);
        }
        let dispatched = moved.why == Happening::Dispatched;
        if moved.is_first {
            account.exclusive.left(now);
            lane.order.unqueued(moved.class, dispatched, &mut account.places);
        }
        if dispatched {
            account.sent += moved.segments;
            let (number, rate) = (moved.account, lane.rate);
            let course = &mut self.courses[number as usize];
            course.before_dispatch(now, &mut lane.fluid, &self.tallies, number, rate);
            lane.fluid.dispatch(&mut self.tallies, number, moved.segments);
            let at = (lane.dispatched, rate);
            course.after_dispatch(&mut lane.fluid, &self.tallies, number, at);
            lane.dispatched += 1;
            if let Some(rate) = rate {
                lane.pairs.dispatch(number, moved.segments as f64 / (course.guaranteed * rate));
            }
            if let Some(conservation) = &mut lane.conservation {
                conservation.dispatch(moved.segments);
            }
        }
        if moved.to == Belief::Cancelled {
            account.cancelled += moved.segments;
        }
        let was_waiting = account.backlog > 0;
        lane.backlog -= moved.segments;
        account.backlog -= moved.segments;
        let left = was_waiting && account.backlog == 0;
        if let Some(gps) = &mut lane.gps {
            gps.unqueued(now, moved, left, &mut self.fates);
        }
        if left {
            lane.fluid.leave(&mut self.tallies, moved.account);
            lane.pairs.end(moved.account);
            self.courses[moved.account as usize].end(now);
        }
        let sent = lane.fluid.sent;
        let own = if dispatched { moved.segments } else { 0 };
        self.each_party(moved.key, |party| {
            party.share.sent += own;
            party.backlogged -= u32::from(left);
            if left && party.backlogged == 0 {
                party.share.sent_by_all += sent - party.sent_by_all_at_start;
            }
        });
    }

    fn each_party(&mut self, key: AccountKey, mut change: impl FnMut(&mut Party)) {
        let tenant = &self.tenants[key.tenant.index()];
        let set = tenant.set.map(|set| self.groups + set as usize);
        for party in [Some(tenant.group as usize), set].into_iter().flatten() {
            change(&mut self.parties[party * self.lanes.len() + key.destination.index()]);
        }
    }

    fn touch(&mut self, number: u32, key: AccountKey) {
        while self.accounts.len() <= number as usize {
            // Accounts are numbered as they occur, so at most the one at hand is new.
            let tenant = &self.tenants[key.tenant.index()];
            let changed = self.reweighed.iter().find(|(known, _)| *known == key);
            let weight = changed.map_or(tenant.weight, |(_, weight)| *weight);
            let guaranteed = self.guaranteed.part(tenant);
            self.courses.push(Course::new(guaranteed));
            self.tallies.push(Tally::new(weight, tenant.set));
            let rate = self.lanes[key.destination.index()].rate;
            let own = rate.map(|rate| guaranteed * rate);
            let exclusive = Exclusive::new(own, self.arrivals_end);
            self.accounts.push(Account::new(key, weight, exclusive));
        }
        let account = &mut self.accounts[number as usize];
        if !account.active {
            account.active = true;
            self.lanes[key.destination.index()].active.push(number);
        }
    }

    fn close_window(&mut self, end: Time) {
        let length = end.since(self.start);
        for (index, lane) in self.lanes.iter_mut().enumerate() {
            if let Some(conservation) = &mut lane.conservation {
                conservation.advance(end, lane.backlog > 0);
            }
            if lane.active.is_empty() {
                continue;
            }
            let accounts = &mut self.accounts;
            lane.active.sort_unstable_by_key(|number| accounts[*number as usize].key.tenant);
            let of = |number: &u32| {
                let account = &accounts[*number as usize];
                account.portion(&self.tenants[account.key.tenant.index()], self.start, length)
            };
            let portions: Vec<Portion> = lane.active.iter().map(of).collect();
            let bounds = self.ranges.get(index).map(|ranges| WindowBounds {
                sets: (0..self.set_weights.len()).map(|set| ranges.set(set)).collect(),
                tenants: lane
                    .active
                    .iter()
                    .map(|number| ranges.tenant(accounts[*number as usize].key.tenant))
                    .collect(),
                seconds: length.as_seconds_f64(),
            });
            let figures =
                measure(&portions, &self.set_weights, bounds.as_ref(), lane.fluid.largest);
            let asked: u64 = lane.active.iter().map(|n| accounts[*n as usize].asked()).sum();
            let sent: u64 = portions.iter().map(|portion| portion.sent).sum();
            lane.sums.add(&figures, sent);
            if figures.contended {
                lane.settling.window(self.start, end, figures.is_even);
            }
            if let Some(rate) = lane.rate {
                let normalised = |(number, portion): (&u32, &Portion)| {
                    let per_s = self.courses[*number as usize].guaranteed * rate;
                    let asked = portion.demand.max(portion.sent);
                    Normalised {
                        sent_s: portion.sent as f64 / per_s,
                        asked_s: asked as f64 / per_s,
                    }
                };
                let tenants = lane.active.iter().zip(&portions).map(normalised);
                lane.sums.service_difference.add(tenants);
            }
            if let Some(conservation) = &mut lane.conservation {
                let allowed = sent as f64 + conservation.take_lost();
                lane.sums.allowed += (asked as f64).min(allowed);
                lane.sums.sent_under_quota += sent;
            }
            let destination = DestinationId(index as u16);
            let rows = lane.active.iter().zip(&figures.entitled).map(|(number, entitled)| {
                accounts[*number as usize].row(self.start, destination, *entitled)
            });
            self.series.extend(rows);
            for (position, number) in lane.active.iter().enumerate() {
                let account = &mut accounts[*number as usize];
                if figures.contended && figures.judged[position] {
                    account.judged_sent += account.sent;
                    account.judged_entitled += figures.entitled[position];
                }
                account.begin_window();
            }
            lane.active.retain(|number| accounts[*number as usize].active);
        }
    }
}
