//! What changes on the platform's own side while a run goes: who uses a destination, weights, quotas,
//! and a process that dies.

use super::{World, observe_notice};
use crate::detector::Notice;
use crate::event::{Sink, What};
use crate::scenario::FaultKind;
use crate::scheduler::{Change, Policy, Target, TenantSpec};
use crate::time::Time;
use crate::units::{DestinationId, TenantId};

impl<P: Policy, S: Sink> World<'_, P, S> {
    /// Before the first event: whoever joins later is not there yet.
    pub(super) fn keep_out_who_joins_later(&mut self) {
        for fault in &self.scenario.faults {
            if let (FaultKind::TenantJoins, Some(tenant)) = (fault.kind, fault.tenant) {
                let count = self.absent.entry((fault.destination, tenant)).or_default();
                *count += 1;
                if *count == 1 {
                    let lane = &mut self.routes[fault.destination.index()].lane;
                    lane.detach(Time::ZERO, tenant).expect("nobody has messages yet");
                }
            }
        }
    }

    /// Whether a tenant uses a destination now.
    pub(super) fn is_present(&self, destination: DestinationId, tenant: TenantId) -> bool {
        self.absent.is_empty()
            || self.absent.get(&(destination, tenant)).is_none_or(|count| *count == 0)
    }

    /// A fault began that ends at `end`: what it changes on the platform's side.
    pub(super) fn change_begins(&mut self, now: Time, number: usize, end: Time) {
        let fault = &self.scenario.faults[number];
        let destination = fault.destination;
        match (fault.kind, fault.tenant) {
            (FaultKind::TenantJoins, Some(tenant)) => self.come(now, destination, tenant),
            (FaultKind::TenantLeaves, Some(tenant)) => self.leave(now, destination, tenant),
            (FaultKind::WeightChange { .. }, Some(tenant)) => {
                self.reweigh(now, destination, tenant);
            }
            (FaultKind::QuotaChange { .. }, _) => self.change_quota(now, destination),
            (FaultKind::SchedulerRestart, _) => {
                let (lane, mut tap) = self.lane(destination.index());
                lane.lose_everything(now, &mut tap);
                self.routes[destination.index()].needs_poll = true;
            }
            (FaultKind::Campaign { is_announced: true }, Some(tenant)) => {
                let notice = Notice::CampaignAnnounced { until: end };
                observe_notice(self.detector.as_deref_mut(), now, tenant, destination, notice);
            }
            (FaultKind::RunawayRetry { .. }, _) => {
                let place = self.injected.iter().position(|injected| injected.fault == number);
                let place = place.expect("it was made for each of these faults");
                self.resubmissions.begin(&self.faults, number, place);
            }
            _ => {}
        }
    }

    /// A fault ended: what it changed is as it was.
    pub(super) fn change_ends(&mut self, now: Time, number: usize) {
        let fault = &self.scenario.faults[number];
        let destination = fault.destination;
        match (fault.kind, fault.tenant) {
            (FaultKind::TenantLeaves, Some(tenant)) => self.come(now, destination, tenant),
            (FaultKind::WeightChange { .. }, Some(tenant)) => {
                self.reweigh(now, destination, tenant);
            }
            (FaultKind::QuotaChange { .. }, _) => self.change_quota(now, destination),
            (FaultKind::RunawayRetry { .. }, _) => self.resubmissions.end(number),
            _ => {}
        }
    }

    fn come(&mut self, now: Time, destination: DestinationId, tenant: TenantId) {
        let count = self.absent.entry((destination, tenant)).or_default();
        *count = count.saturating_sub(1);
        if *count > 0 {
            return;
        }
        let spec = &self.scenario.tenants[tenant.index()];
        let weight = self.faults.weight(destination, tenant, spec.weight);
        let route = &mut self.routes[destination.index()];
        match route.leaving.iter().position(|leaving| *leaving == tenant) {
            // It is back before it was gone.
            Some(place) => {
                route.leaving.remove(place);
            }
            None => {
                let spec = TenantSpec { set: spec.set, weight };
                route.lane.attach(tenant, spec).expect("it was detached and its set is known");
            }
        }
        observe_notice(self.detector.as_deref_mut(), now, tenant, destination, Notice::Attached);
        self.reweigh(now, destination, tenant);
    }

    fn leave(&mut self, now: Time, destination: DestinationId, tenant: TenantId) {
        let count = self.absent.entry((destination, tenant)).or_default();
        *count += 1;
        if *count > 1 {
            return;
        }
        observe_notice(self.detector.as_deref_mut(), now, tenant, destination, Notice::Detached);
        self.routes[destination.index()].leaving.push(tenant);
        self.routes[destination.index()].needs_poll = true;
    }

    /// Withdraws what waits of tenants that leave, and forgets those of which nothing is left.
    pub(super) fn let_leave(&mut self, now: Time, index: usize) {
        let leaving = std::mem::take(&mut self.routes[index].leaving);
        for tenant in leaving {
            if self.routes[index].lane.waiting_of(tenant) > 0 {
                let (lane, mut tap) = self.lane(index);
                lane.cancel(now, Target::Tenant(tenant), &mut tap);
            }
            if self.routes[index].lane.detach(now, tenant).is_err() {
                self.routes[index].leaving.push(tenant);
            }
        }
    }

    fn reweigh(&mut self, now: Time, destination: DestinationId, tenant: TenantId) {
        let usual = self.scenario.tenants[tenant.index()].weight;
        let weight = self.faults.weight(destination, tenant, usual);
        let lane = &mut self.routes[destination.index()].lane;
        // Whoever is not there has no weight; it is attached with the right one.
        if lane.reconfigure(now, Change::TenantWeight(tenant, weight)).is_ok() {
            self.emit(now, Some(destination), What::WeightChanged { tenant, weight });
            self.routes[destination.index()].needs_poll = true;
        }
    }

    fn change_quota(&mut self, now: Time, destination: DestinationId) {
        let usual = self.scenario.destinations[destination.index()].quota;
        let quota = self.faults.quota(destination, usual);
        let lane = &mut self.routes[destination.index()].lane;
        lane.reconfigure(now, Change::Quota(quota)).expect("a resolved quota has a burst");
        self.emit(now, Some(destination), What::QuotaChanged(quota));
        self.routes[destination.index()].needs_poll = true;
    }
}
