//! Guaranteed shares: what the nodes of the share tree have when everybody who is attached has work.
//!
//! What is promised to the one is nobody else's, whether it is used or not; so it is the division with all
//! promises that counts, not the weights alone. What a limit does not let through is left unused, and whoever
//! takes that borrows it: limits of siblings count for nothing here, and its own holds a node to less.

use alloc::vec::Vec;

use super::bounds::{Amount, Range, ShareBounds, ShareNode, millionths_a_second, part_of};
use super::directory::{Directory, Tenant};
use super::filling::{Bounded, fill};
use crate::units::{ClassId, TenantId, TenantSetId};

/// Guaranteed shares in millionths of a segment a second, as of the last time that policies were told their
/// bounds; they are told again before they are asked whenever anything changed since.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Guarantees {
    /// By set; that of all tenants together where there are no sets.
    sets: Vec<u128>,
    /// Of the tenants with bounds, in the order of the table of bounds.
    tenants: Vec<u128>,
    /// By set: what its other tenants have together, and their weights.
    others: Vec<(u128, u128)>,
}

impl Directory {
    /// Divides the quota among sets and these among their tenants, as if all had work.
    pub(super) fn guarantees(&self) -> Option<Guarantees> {
        let quota = self.bounds.quota.map(millionths_a_second)?;
        let sets: Vec<ShareNode> =
            (0..self.set_count()).map(|set| ShareNode::TenantSet(TenantSetId(set))).collect();
        let sets = if sets.is_empty() { alloc::vec![quota] } else { self.divide(quota, &sets) };
        let set_of =
            |id: TenantId| self.tenant(id).and_then(Tenant::set).map_or(0, TenantSetId::index);
        let mut members: Vec<Vec<usize>> = alloc::vec![Vec::new(); sets.len()];
        for (place, (tenant, _)) in self.bounds.tenants.iter().enumerate() {
            members[set_of(*tenant)].push(place);
        }
        let mut tenants = alloc::vec![0; self.bounds.tenants.len()];
        let mut others = Vec::with_capacity(sets.len());
        for (set, members) in members.iter().enumerate() {
            let bounded: Vec<Bounded> = members
                .iter()
                .map(|place| {
                    self.bounded(ShareNode::Tenant(self.bounds.tenants[*place].0), sets[set])
                })
                .collect();
            let of_bounded: u128 = bounded.iter().map(|tenant| tenant.weight).sum();
            let weights = u128::from(self.bounds.attached[set]).saturating_sub(of_bounded);
            let (shares, left) = fill(sets[set], weights, &bounded);
            for (place, share) in members.iter().zip(shares) {
                tenants[*place] = share.min(most(self.bounds.tenants[*place].1, sets[set]));
            }
            others.push((left, weights));
        }
        Some(Guarantees { sets, tenants, others })
    }

    /// The guaranteed share of a node; `tenant` is a class's.
    pub(super) fn guaranteed(&self, node: ShareNode, tenant: Option<TenantId>) -> Option<u128> {
        let known = self.bounds.guarantees.as_ref()?;
        match node {
            ShareNode::TenantSet(set) => known.sets.get(set.index()).copied(),
            ShareNode::Tenant(id) => match self.bounds.place(id) {
                Ok(place) => known.tenants.get(place).copied(),
                Err(_) => {
                    let tenant = self.tenant(id)?;
                    let (left, weights) = known.others[tenant.set().map_or(0, TenantSetId::index)];
                    let weight = u128::from(tenant.weight().millionths());
                    Some(left * weight / weights.max(1))
                }
            },
            ShareNode::Class(class) => {
                let parent = self.guaranteed(ShareNode::Tenant(tenant?), None)?;
                let classes: Vec<ShareNode> =
                    (0..self.class_count()).map(|class| ShareNode::Class(ClassId(class))).collect();
                self.divide(parent, &classes).get(class.index()).copied()
            }
        }
    }

    /// That of the node above.
    pub(super) fn guaranteed_above(
        &self,
        node: ShareNode,
        tenant: Option<TenantId>,
    ) -> Option<u128> {
        match node {
            ShareNode::TenantSet(_) => self.bounds.quota.map(millionths_a_second),
            ShareNode::Tenant(tenant) => {
                let set = self.tenant(tenant)?.set().map_or(0, TenantSetId::index);
                self.bounds.guarantees.as_ref()?.sets.get(set).copied()
            }
            ShareNode::Class(_) => self.guaranteed(ShareNode::Tenant(tenant?), None),
        }
    }

    /// What each of these siblings, who have nobody beside them, has of `amount`.
    fn divide(&self, amount: u128, siblings: &[ShareNode]) -> Vec<u128> {
        let bounded: Vec<Bounded> =
            siblings.iter().map(|node| self.bounded(*node, amount)).collect();
        let shares = fill(amount, 0, &bounded).0.into_iter().zip(siblings);
        shares.map(|(share, node)| share.min(most(self.bounds.of(*node), amount))).collect()
    }

    /// A node with its promise.
    fn bounded(&self, node: ShareNode, parent: u128) -> Bounded {
        let bounds = self.bounds.of(node);
        let min = bounds.min.map_or(0, |min| of_parent(min, parent));
        let weight = u128::from(self.weight_of(node).millionths());
        let range = Range { min: min.min(most(bounds, parent)), max: u128::MAX };
        Bounded { weight, range }
    }
}

/// What bounds hold a node to whose parent has so much.
fn most(bounds: ShareBounds, parent: u128) -> u128 {
    bounds.max.map_or(u128::MAX, |max| of_parent(max, parent))
}

fn of_parent(amount: Amount, parent: u128) -> u128 {
    match amount {
        Amount::Rate(rate) => millionths_a_second(rate),
        Amount::Part(part) => part_of(parent, part),
    }
}
