//! What nodes of the share tree are promised and held to, from what was asked for to what a policy is told.

use alloc::vec::Vec;

use super::config::ChangeError;
use super::directory::Directory;
use super::guarantees::Guarantees;
use crate::scheduler::policy::{NodeBounds, NodeId, Policy};
use crate::time::{Span, Time};
use crate::units::{ClassId, Rate, TenantId, TenantSetId, Weight};

/// A node of the share tree, as its lane's owner knows it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub enum ShareNode {
    /// A tenant set.
    TenantSet(TenantSetId),
    /// A tenant.
    Tenant(TenantId),
    /// A class, of every tenant.
    Class(ClassId),
}

/// How much a bound is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub enum Amount {
    /// A rate.
    Rate(Rate),
    /// A part, at most 1, of the share of the node's parent.
    Part(Weight),
}

/// Whether a node may have what others leave unused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub enum Borrowing {
    /// It may.
    #[default]
    Allowed,
    /// It never gets more than its own share: the one it has, by weights and promises, when all its siblings
    /// have work. What a sibling's limit does not let through would be borrowed.
    Never,
}

/// What a node is promised and held to. Policies that divide by weight alone ignore it.
///
/// Parts, and what a node without borrowing is held to, are of *guaranteed* shares: those that hold when
/// everybody who is attached has work. A promise given as a rate is that part of its parent's service which
/// the rate is of the parent's guaranteed share; so when the parent borrows, its children's promises grow
/// with it. Promises of more than their parent has are scaled down in proportion.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct ShareBounds {
    /// The least it gets while it has work.
    pub min: Option<Amount>,
    /// The most it gets, even when others leave something unused; over any time at most two segments more.
    pub max: Option<Amount>,
    /// Whether it may have what others leave unused.
    pub borrowing: Borrowing,
}

impl ShareBounds {
    /// Nothing promised, and held to nothing.
    pub const NONE: ShareBounds =
        ShareBounds { min: None, max: None, borrowing: Borrowing::Allowed };

    pub(super) fn check(&self) -> Result<(), ChangeError> {
        let is_too_much =
            |amount: Amount| matches!(amount, Amount::Part(part) if part > Weight::ONE);
        match self.min.into_iter().chain(self.max).any(is_too_much) {
            true => Err(ChangeError::PartAboveOne),
            false => Ok(()),
        }
    }
}

/// A rate in millionths of a segment a second.
pub(super) fn millionths_a_second(rate: Rate) -> u128 {
    u128::from(rate.segments()) * 1_000_000_000_000_000 / u128::from(rate.per().as_nanoseconds())
}

pub(super) fn part_of(amount: u128, part: Weight) -> u128 {
    amount * u128::from(part.millionths()) / 1_000_000
}

/// The nearest rate; a rate always is more than nothing.
fn rate_of(millionths: u128) -> Option<Rate> {
    Rate::new(u64::try_from(millionths.max(1)).ok()?, Span::from_seconds(1_000_000))
}

/// Bounds in millionths of a segment a second, for the shares that admission asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Range {
    pub(super) min: u128,
    pub(super) max: u128,
}

impl Range {
    fn of(bounds: &NodeBounds) -> Self {
        let min = bounds.reservation.map_or(0, millionths_a_second);
        let max = bounds.limit.map_or(u128::MAX, millionths_a_second);
        Range { min: min.min(max), max }
    }

    pub(super) fn clamp(self, amount: u128) -> u128 {
        amount.clamp(self.min, self.max)
    }
}

/// The bounds asked for, and what they are parts of.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct BoundTable {
    pub(super) quota: Option<Rate>,
    sets: Vec<ShareBounds>,
    classes: Vec<ShareBounds>,
    /// Attached tenants that have bounds, in order.
    pub(super) tenants: Vec<(TenantId, ShareBounds)>,
    /// Weights of the attached tenants, by set; one sum where there are no sets.
    pub(super) attached: Vec<u64>,
    /// What everybody has when all have work, by these bounds; `None` without a quota.
    pub(super) guarantees: Option<Guarantees>,
    /// Whether what bounds are parts of has changed since the policy was told.
    is_stale: bool,
}

impl BoundTable {
    pub(super) fn new(quota: Option<Rate>, sets: usize) -> Self {
        BoundTable { quota, attached: alloc::vec![0; sets.max(1)], ..Self::default() }
    }

    pub(super) fn of(&self, node: ShareNode) -> ShareBounds {
        let given = |list: &Vec<ShareBounds>, index: usize| list.get(index).copied();
        let bounds = match node {
            ShareNode::TenantSet(set) => given(&self.sets, set.index()),
            ShareNode::Class(class) => given(&self.classes, class.index()),
            ShareNode::Tenant(id) => self.place(id).ok().map(|place| self.tenants[place].1),
        };
        bounds.unwrap_or(ShareBounds::NONE)
    }

    /// Where a tenant is among those with bounds, or would be.
    pub(super) fn place(&self, id: TenantId) -> Result<usize, usize> {
        self.tenants.binary_search_by_key(&id, |(tenant, _)| *tenant)
    }

    fn set(&mut self, node: ShareNode, bounds: ShareBounds) {
        let put = |list: &mut Vec<ShareBounds>, index: usize| {
            if list.len() <= index {
                list.resize(index + 1, ShareBounds::NONE);
            }
            list[index] = bounds;
        };
        match node {
            ShareNode::TenantSet(set) => put(&mut self.sets, set.index()),
            ShareNode::Class(class) => put(&mut self.classes, class.index()),
            ShareNode::Tenant(id) => match self.place(id) {
                Ok(place) => self.tenants[place].1 = bounds,
                Err(place) => self.tenants.insert(place, (id, bounds)),
            },
        }
    }

    pub(super) fn forget(&mut self, id: TenantId) {
        if let Ok(place) = self.place(id) {
            self.tenants.remove(place);
        }
    }

    /// What bounds are parts of has changed.
    pub(super) fn mark_stale(&mut self) {
        self.is_stale = !self.is_empty();
    }

    fn is_empty(&self) -> bool {
        self.sets.is_empty() && self.classes.is_empty() && self.tenants.is_empty()
    }
}

impl Directory {
    /// Puts bounds on a node, for what is queued as well as for what comes.
    pub(super) fn set_bounds(&mut self, node: ShareNode, bounds: ShareBounds) {
        self.bounds.set(node, bounds);
        self.bounds.mark_stale();
    }

    pub(super) fn set_rate(&mut self, rate: Option<Rate>) {
        self.bounds.quota = rate;
        self.bounds.mark_stale();
    }

    /// Tells the policy all bounds anew if what they are parts of has changed.
    pub(super) fn refresh_bounds<P: Policy>(&mut self, now: Time, policy: &mut P) {
        if !core::mem::take(&mut self.bounds.is_stale) {
            return;
        }
        self.bounds.guarantees = self.guarantees();
        for index in 0..self.bounds.sets.len() {
            let set = TenantSetId(index as u32);
            if let Some(node) = self.node_of(ShareNode::TenantSet(set), None) {
                self.tell_bounds(now, node, ShareNode::TenantSet(set), None, policy);
            }
        }
        for place in 0..self.bounds.tenants.len() {
            let tenant = self.bounds.tenants[place].0;
            if let Some(node) = self.node_of(ShareNode::Tenant(tenant), None) {
                self.tell_bounds(now, node, ShareNode::Tenant(tenant), None, policy);
            }
        }
        if self.bounds.classes.is_empty() {
            return;
        }
        for tenant in (0..self.tenant_count() as u32).map(TenantId) {
            for class in (0..self.bounds.classes.len() as u16).map(ClassId) {
                if let Some(node) = self.node_of(ShareNode::Class(class), Some(tenant)) {
                    self.tell_bounds(now, node, ShareNode::Class(class), Some(tenant), policy);
                }
            }
        }
    }

    /// A node exists from now on.
    pub(super) fn tell_bounds<P: Policy>(
        &mut self,
        now: Time,
        id: NodeId,
        node: ShareNode,
        tenant: Option<TenantId>,
        policy: &mut P,
    ) {
        let bounds = self.resolved(node, tenant);
        self.tree.set_range(id, Range::of(&bounds));
        policy.bound(now, id, bounds);
    }

    /// Whether new nodes may have bounds.
    pub(super) fn has_bounds(&self) -> bool {
        !self.bounds.is_empty()
    }

    /// What a policy is told of a node; `tenant` is a class's.
    fn resolved(&self, node: ShareNode, tenant: Option<TenantId>) -> NodeBounds {
        let ShareBounds { min, max, borrowing } = self.bounds.of(node);
        let parent = self.guaranteed_above(node, tenant);
        let rate = |amount: Amount| match amount {
            Amount::Rate(rate) => Some(rate),
            Amount::Part(part) => parent.and_then(|parent| rate_of(part_of(parent, part))),
        };
        let part = |amount: Amount| match amount {
            Amount::Part(part) => Some(part),
            Amount::Rate(rate) => {
                let parent = parent?.max(1);
                let millionths = (millionths_a_second(rate) * 1_000_000).div_ceil(parent);
                Weight::from_millionths(millionths.clamp(1, 1_000_000) as u64)
            }
        };
        let mut limit = max.and_then(rate);
        if borrowing == Borrowing::Never {
            let own = self.guaranteed(node, tenant);
            let most = limit.map_or(u128::MAX, millionths_a_second);
            limit = own.and_then(|own| rate_of(own.min(most))).or(limit);
        }
        NodeBounds { reservation: min.and_then(rate), part: min.and_then(part), limit }
    }
}
