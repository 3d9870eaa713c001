//! What nodes of the share tree are promised and held to, as figures.

use std::collections::BTreeMap;

use super::water_filling::{BoundedClaim, Claim, divide_within};
use crate::scenario::{Scenario, Tenant};
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
        let bounds_of = |node: (i32, u32)| bounds.get(&node).copied().unwrap_or(ShareBounds::NONE);
        let of_sets: Vec<(f64, ShareBounds)> = scenario
            .tenant_sets
            .iter()
            .enumerate()
            .map(|(index, set)| (set.weight.as_f64(), bounds_of((0, index as u32))))
            .collect();
        let shares = guaranteed(quota, &of_sets);
        let sets = ranges(quota, &of_sets, &shares);
        let place = |tenant: &Tenant| tenant.set.map_or(0, |set| set.index());
        let mut tenants = BTreeMap::new();
        for set in 0..shares.len().max(1) {
            let ids = (0..scenario.tenants.len() as u32)
                .filter(|id| place(&scenario.tenants[*id as usize]) == set);
            let (bounded, free): (Vec<u32>, Vec<u32>) =
                ids.partition(|id| bounds.contains_key(&(1, *id)));
            let weight = |id: &u32| scenario.tenants[*id as usize].weight.as_f64();
            let mut members: Vec<(f64, ShareBounds)> =
                bounded.iter().map(|id| (weight(id), bounds_of((1, *id)))).collect();
            // All others together divide as one of their weights' sum.
            let others: f64 = free.iter().map(weight).sum();
            members.extend((others > 0.0).then_some((others, ShareBounds::NONE)));
            let parent = shares.get(set).copied().unwrap_or(quota);
            let own = ranges(parent, &members, &guaranteed(parent, &members));
            tenants.extend(bounded.iter().map(|id| TenantId(*id)).zip(own));
        }
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

/// What siblings of these weights and bounds have of their parent's share when all have work.
fn guaranteed(parent: f64, siblings: &[(f64, ShareBounds)]) -> Vec<f64> {
    let most_of =
        |bounds: &ShareBounds| bounds.max.map_or(f64::INFINITY, |max| amount_of(max, parent));
    if parent.is_infinite() {
        return siblings.iter().map(|(_, bounds)| most_of(bounds)).collect();
    }
    let claims: Vec<BoundedClaim> = siblings
        .iter()
        .map(|(weight, bounds)| {
            let least = bounds.min.map_or(0.0, |min| amount_of(min, parent)).min(most_of(bounds));
            let claim = Claim { demand: f64::INFINITY, weight: *weight };
            // Who takes what a sibling's limit does not let through borrows it.
            BoundedClaim { claim, least, most: f64::INFINITY }
        })
        .collect();
    let shares = divide_within(parent, &claims).into_iter().zip(siblings);
    shares.map(|(share, (_, bounds))| share.min(most_of(bounds))).collect()
}

fn ranges(parent: f64, siblings: &[(f64, ShareBounds)], guaranteed: &[f64]) -> Vec<NodeRange> {
    let own = siblings.iter().zip(guaranteed);
    own.map(|((_, bounds), guaranteed)| range(*bounds, parent, *guaranteed)).collect()
}

fn range(bounds: ShareBounds, parent: f64, guaranteed: f64) -> NodeRange {
    let ShareBounds { min, max, borrowing } = bounds;
    let most = max.map_or(f64::INFINITY, |max| amount_of(max, parent));
    let own = match borrowing {
        Borrowing::Allowed => f64::INFINITY,
        Borrowing::Never => guaranteed,
    };
    let least_part = match min {
        None => 0.0,
        Some(Amount::Part(part)) => Weight::as_f64(part),
        Some(Amount::Rate(rate)) => (rate.per_second_f64() / parent).min(1.0),
    };
    NodeRange { least_part, most_per_s: most.min(own) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guaranteed_share_is_what_the_promises_of_the_others_leave() {
        let per_second = |segments| crate::units::Rate::per_second(segments).map(Amount::Rate);
        let percent = |percent: u64| Weight::from_millionths(percent * 10_000).map(Amount::Part);
        let alone = ShareBounds { borrowing: Borrowing::Never, ..ShareBounds::NONE };
        let beside = |other: ShareBounds| {
            let siblings = [(1.0, alone), (1.0, other)];
            ranges(10.0, &siblings, &guaranteed(10.0, &siblings))[0].most_per_s
        };
        assert_eq!(beside(ShareBounds::NONE), 5.0);
        assert_eq!(beside(ShareBounds { max: per_second(1), ..ShareBounds::NONE }), 5.0);
        assert_eq!(beside(ShareBounds { min: percent(80), ..ShareBounds::NONE }), 2.0);
        let own = |own: ShareBounds| guaranteed(10.0, &[(1.0, own), (1.0, ShareBounds::NONE)])[0];
        assert_eq!(own(ShareBounds { min: percent(80), ..alone }), 8.0);
        assert_eq!(own(ShareBounds { max: per_second(2), ..alone }), 2.0);
        let unlimited = [(1.0, ShareBounds { max: per_second(2), ..alone }), (1.0, alone)];
        assert_eq!(guaranteed(f64::INFINITY, &unlimited), [2.0, f64::INFINITY]);
    }
}
