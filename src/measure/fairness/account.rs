//! What is kept of a tenant at a destination, and what it asked for in a window.

use super::super::cells::AccountKey;
use super::exclusive::Exclusive;
use super::order::Places;
use super::series::{Row, Who};
use super::window::{Portion, Standing};
use crate::scenario::Scenario;
use crate::time::{Span, Time};
use crate::units::{DestinationId, Quota, Weight};

#[derive(Clone, Debug)]
pub(super) struct Account {
    pub(super) key: AccountKey,
    pub(super) weight: Weight,
    pub(super) active: bool,
    pub(super) backlog: u64,
    /// Since when the backlog is above 0.
    pub(super) waiting_since: Time,
    pub(super) backlog_at_start: u64,
    pub(super) queued: u64,
    /// Of what was waiting at the start or was queued since: withdrawn by somebody's order.
    pub(super) cancelled: u64,
    pub(super) offered: u64,
    pub(super) sent: u64,
    pub(super) failed: u64,
    pub(super) judged_sent: u64,
    pub(super) judged_entitled: f64,
    pub(super) exclusive: Exclusive,
    pub(super) places: Places,
}

#[derive(Clone, Debug)]
pub(super) struct TenantInfo {
    pub(super) weight: Weight,
    pub(super) set: Option<u32>,
    pub(super) group: u32,
    /// The caps of its senders; `None` when one of them has none.
    pub(super) caps: Option<Vec<Quota>>,
}

/// What shares are parts of when every tenant of the scenario has work.
#[derive(Clone, Debug)]
pub(super) struct Guaranteed {
    /// Weights of the tenants by set; one sum where there are no sets.
    pub(super) tenants: Vec<f64>,
    pub(super) sets: Vec<f64>,
}

impl Guaranteed {
    pub(super) fn of(scenario: &Scenario) -> Self {
        let sets: Vec<f64> = scenario.tenant_sets.iter().map(|set| set.weight.as_f64()).collect();
        let mut tenants = vec![0.0; sets.len().max(1)];
        for tenant in &scenario.tenants {
            tenants[tenant.set.map_or(0, |set| set.index())] += tenant.weight.as_f64();
        }
        Guaranteed { tenants, sets }
    }

    pub(super) fn part(&self, tenant: &TenantInfo) -> f64 {
        let set = tenant.set.unwrap_or(0) as usize;
        let of_set = self.sets.get(set).map_or(1.0, |set| set / self.sets.iter().sum::<f64>());
        of_set * tenant.weight.as_f64() / self.tenants[set]
    }
}

impl Account {
    /// Nothing happened yet to an account.
    pub(super) fn new(key: AccountKey, weight: Weight, exclusive: Exclusive) -> Self {
        Account {
            key,
            weight,
            active: false,
            backlog: 0,
            waiting_since: Time::ZERO,
            backlog_at_start: 0,
            queued: 0,
            cancelled: 0,
            offered: 0,
            sent: 0,
            failed: 0,
            judged_sent: 0,
            judged_entitled: 0.0,
            exclusive,
            places: Places::default(),
        }
    }

    /// Whether the message at hand is the first that ever waited.
    pub(super) fn is_new(&self) -> bool {
        self.places.is_first()
    }

    /// What it wanted sent in the window. Who withdraws a message asks for it no more; one that expires
    /// was asked for in vain.
    pub(super) fn asked(&self) -> u64 {
        self.backlog_at_start + self.queued - self.cancelled
    }

    pub(super) fn portion(&self, tenant: &TenantInfo, start: Time, length: Span) -> Portion {
        let standing = if self.backlog == 0 {
            Standing::Served
        } else if self.waiting_since <= start {
            Standing::Waiting
        } else {
            Standing::Joined
        };
        let allowed = tenant.caps.as_ref().map_or(u64::MAX, |caps| {
            let most = |cap: &Quota| cap.burst.saturating_add(cap.rate.whole_segments_in(length));
            caps.iter().map(most).fold(0, u64::saturating_add)
        });
        Portion {
            demand: self.asked().min(allowed),
            sent: self.sent,
            weight: self.weight.as_f64(),
            set: tenant.set,
            standing,
        }
    }

    pub(super) fn row(&self, start: Time, destination: DestinationId, entitled: f64) -> Row {
        Row {
            start,
            destination,
            who: Who::Tenant(self.key.tenant),
            offered: self.offered,
            sent: self.sent,
            backlog: self.backlog,
            failed: self.failed,
            entitled,
        }
    }

    pub(super) fn begin_window(&mut self) {
        self.backlog_at_start = self.backlog;
        (self.queued, self.cancelled) = (0, 0);
        (self.offered, self.sent, self.failed) = (0, 0, 0);
        self.active = self.backlog > 0;
    }
}
