//! What nodes of the share tree are promised and held to, as figures.

use std::collections::BTreeMap;

use super::resolved::Scenario;
use crate::scheduler::{Amount, Borrowing, ShareBounds, ShareNode};
use crate::units::{Quota, TenantId, Weight};

/// A node's bounds at one destination.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NodeRange {
    /// The part of its parent's service that it is promised, 0 to 1.
    pub least_part: f64,
    /// The segments a second that it is held to; +∞ where nothing holds it.
    pub most_per_s: f64,
}

impl NodeRange {
    /// Nothing promised, and held to nothing.
    pub const NONE: NodeRange = NodeRange { least_part: 0.0, most_per_s: f64::INFINITY };
}

/// The bounds of all sets and tenants at one destination; most have none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ranges {
    /// Index = tenant set.
    sets: Vec<NodeRange>,
    tenants: BTreeMap<TenantId, NodeRange>,
}

impl Ranges {
    /// The bounds that the lane of a destination with this quota resolves.
    pub fn of(scenario: &Scenario, quota: Option<Quota>) -> Self {
        if scenario.bounds.is_empty() {
            return Ranges::default();
        }
        let quota = quota.map_or(f64::INFINITY, |quota| quota.rate.per_second_f64());
        let bounds: BTreeMap<_, _> = scenario
            .bounds
            .iter()
            .filter_map(|(node, bounds)| match node {
                ShareNode::TenantSet(set) => Some(((0, set.0), *bounds)),
                ShareNode::Tenant(tenant) => Some(((1, tenant.0), *bounds)),
                ShareNode::Class(_) => None,
            })
            .collect();
        let all_sets: f64 = scenario.tenant_sets.iter().map(|set| set.weight.as_f64()).sum();
        let (mut sets, mut shares) = (Vec::new(), Vec::new());
        for (index, set) in scenario.tenant_sets.iter().enumerate() {
            let own = bounds.get(&(0, index as u32)).copied().unwrap_or(ShareBounds::NONE);
            let by_weight = quota * set.weight.as_f64() / all_sets;
            sets.push(range(own, quota, by_weight));
            shares.push(guaranteed(own, quota, by_weight));
        }
        let mut weights = vec![0.0; shares.len().max(1)];
        let place = |tenant: &super::Tenant| tenant.set.map_or(0, |set| set.index());
        for tenant in &scenario.tenants {
            weights[place(tenant)] += tenant.weight.as_f64();
        }
        let of_tenant = |((_, id), own): (&(i32, u32), &ShareBounds)| {
            let tenant = &scenario.tenants[*id as usize];
            let parent = shares.get(place(tenant)).copied().unwrap_or(quota);
            let by_weight = parent * tenant.weight.as_f64() / weights[place(tenant)];
            (TenantId(*id), range(*own, parent, by_weight))
        };
        let tenants = bounds.iter().filter(|((level, _), _)| *level == 1).map(of_tenant).collect();
        Ranges { sets, tenants }
    }

    /// Of a tenant set.
    pub fn set(&self, index: usize) -> NodeRange {
        self.sets.get(index).copied().unwrap_or(NodeRange::NONE)
    }

    /// Of a tenant.
    pub fn tenant(&self, id: TenantId) -> NodeRange {
        self.tenants.get(&id).copied().unwrap_or(NodeRange::NONE)
    }
}

fn amount_of(amount: Amount, parent: f64) -> f64 {
    match amount {
        Amount::Rate(rate) => rate.per_second_f64(),
        Amount::Part(part) => part.as_f64() * parent,
    }
}

fn range(bounds: ShareBounds, parent: f64, by_weight: f64) -> NodeRange {
    let ShareBounds { min, max, borrowing } = bounds;
    let most = max.map_or(f64::INFINITY, |max| amount_of(max, parent));
    let own = match borrowing {
        Borrowing::Allowed => f64::INFINITY,
        Borrowing::Never => guaranteed(bounds, parent, by_weight),
    };
    let least_part = match min {
        None => 0.0,
        Some(Amount::Part(part)) => Weight::as_f64(part),
        Some(Amount::Rate(rate)) => (rate.per_second_f64() / parent).min(1.0),
    };
    NodeRange { least_part, most_per_s: most.min(own) }
}

fn guaranteed(bounds: ShareBounds, parent: f64, by_weight: f64) -> f64 {
    let least = bounds.min.map_or(0.0, |min| amount_of(min, parent));
    let most = bounds.max.map_or(parent, |max| amount_of(max, parent));
    by_weight.max(least).min(most)
}
