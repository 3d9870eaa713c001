//! The share tree as the lane keeps it: who is under whom, and who is eligible.
//!
//! It answers two questions: the path of a queue, for policies; and the rate a queue may count on
//! now, for admission. Under each node the weight of the *eligible* children is kept (what a
//! cap or a pause holds back divides nothing), so that a share costs O(depth).

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::bounds::{Range, millionths_a_second};
use super::filling::{Bounded, fill};
use crate::paged::Paged;
use crate::scheduler::policy::{Hop, Level, NodeId};
use crate::units::{Rate, Weight, mix};

const ROOT: u32 = u32::MAX;

/// The tree; the root is implied.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct ShareTree {
    nodes: Paged<Node>,
    free: Vec<u32>,
    root_eligible: u64,
    salt: u64,
    /// Nodes with bounds, and under each parent which they are.
    ranges: BTreeMap<u32, Range>,
    bounded: BTreeMap<u32, Vec<u32>>,
}

#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
struct Node {
    weight: Weight,
    /// Decides ties, as a keyed order.
    tie: u64,
    /// Sum of the eligible children's weights, in millionths.
    eligible_weight: u64,
    parent: u32,
    children: u32,
    eligible_children: u32,
    level: Level,
}

impl ShareTree {
    pub(super) fn new(salt: u64) -> Self {
        ShareTree { salt, ..Self::default() }
    }

    /// Adds a node. `identity` is what it stands for; with the salt it decides ties.
    pub(super) fn insert(
        &mut self,
        parent: Option<NodeId>,
        level: Level,
        identity: u64,
        weight: Weight,
    ) -> NodeId {
        let index = self.free.pop().unwrap_or(self.nodes.len() as u32);
        let parent = parent.map_or(ROOT, |node| node.0);
        let above = if parent == ROOT { 0 } else { self.nodes[parent].tie };
        let tie = mix(mix(self.salt ^ above) ^ mix(identity << 3 | level as u64));
        let node = Node {
            weight,
            tie,
            eligible_weight: 0,
            parent,
            children: 0,
            eligible_children: 0,
            level,
        };
        if index as usize == self.nodes.len() {
            self.nodes.push(node);
        } else {
            self.nodes[index] = node;
        }
        if parent != ROOT {
            self.nodes[parent].children += 1;
        }
        NodeId(index)
    }

    /// Removes a node without children; returns its parent if that has none left either.
    pub(super) fn remove(&mut self, id: NodeId) -> Option<NodeId> {
        let Node { parent, .. } = self.nodes[id.0];
        self.forget_range(id.0, parent);
        self.free.push(id.0);
        if parent == ROOT {
            return None;
        }
        let node = &mut self.nodes[parent];
        node.children -= 1;
        (node.children == 0).then_some(NodeId(parent))
    }

    /// The path down to a node, written over `path`.
    pub(super) fn path(&self, id: NodeId, path: &mut Vec<Hop>) {
        path.clear();
        let mut index = id.0;
        while index != ROOT {
            let Node { level, weight, tie, parent, .. } = self.nodes[index];
            path.push(Hop { node: NodeId(index), level, weight, tie });
            index = parent;
        }
        path.reverse();
    }

    /// The product of the weights along the path down to a node.
    pub(super) fn product(&self, id: NodeId) -> Weight {
        let (mut index, mut product) = (id.0, Weight::ONE);
        while index != ROOT {
            product = product.times(self.nodes[index].weight);
            index = self.nodes[index].parent;
        }
        product
    }

    pub(super) fn set_weight(&mut self, id: NodeId, weight: Weight) {
        let node = self.nodes[id.0];
        if node.eligible_children > 0 {
            let sum = self.weight_below(node.parent);
            *sum = *sum + weight.millionths() - node.weight.millionths();
        }
        self.nodes[id.0].weight = weight;
    }

    /// A leaf became eligible, or stopped being so.
    pub(super) fn set_eligible(&mut self, leaf: NodeId, is_eligible: bool) {
        let mut index = leaf.0;
        loop {
            let Node { weight, parent, .. } = self.nodes[index];
            let sum = self.weight_below(parent);
            *sum =
                if is_eligible { *sum + weight.millionths() } else { *sum - weight.millionths() };
            if parent == ROOT {
                return;
            }
            let children = &mut self.nodes[parent].eligible_children;
            let before = *children;
            *children = if is_eligible { before + 1 } else { before - 1 };
            if before.min(*children) > 0 {
                return;
            }
            index = parent;
        }
    }

    /// What a leaf may count on, in millionths of a segment a second: the share it has if eligible,
    /// or would have if it became so now.
    pub(super) fn share(&self, leaf: NodeId, is_eligible: bool, rate: Rate) -> u128 {
        let share = millionths_a_second(rate);
        match self.ranges.is_empty() {
            true => self.share_by_weight(leaf, is_eligible, share),
            false => self.share_within(leaf.0, is_eligible, share),
        }
    }

    /// The sum of the weights of a node's eligible siblings and its own, and its parent.
    fn level_of(&self, node: &Node, is_eligible: bool) -> (u64, Option<&Node>) {
        let parent = (node.parent != ROOT).then(|| &self.nodes[node.parent]);
        let eligible = parent.map_or(self.root_eligible, |parent| parent.eligible_weight);
        (eligible + if is_eligible { 0 } else { node.weight.millionths() }, parent)
    }

    fn share_by_weight(&self, leaf: NodeId, is_eligible: bool, mut share: u128) -> u128 {
        let (mut node, mut counted) = (&self.nodes[leaf.0], is_eligible);
        // From the bottom up: the order of the factors does not matter but for rounding.
        loop {
            let (sum, parent) = self.level_of(node, counted);
            share = part(share, node.weight.millionths(), sum);
            let Some(parent) = parent else { return share };
            (node, counted) = (parent, parent.eligible_children > 0);
        }
    }

    /// The same where some nodes are promised or held to something: from the top down.
    fn share_within(&self, index: u32, is_eligible: bool, amount: u128) -> u128 {
        let node = &self.nodes[index];
        let (sum, parent) = self.level_of(node, is_eligible);
        let amount = parent.map_or(amount, |parent| {
            self.share_within(node.parent, parent.eligible_children > 0, amount)
        });
        let weight = |index: u32| u128::from(self.nodes[index].weight.millionths());
        let siblings = self.bounded.get(&node.parent).map_or(&[][..], Vec::as_slice);
        let takes_part = |other: &u32| *other == index || self.nodes[*other].eligible_children > 0;
        let bounded: Vec<u32> = siblings.iter().copied().filter(takes_part).collect();
        let children: Vec<Bounded> = bounded
            .iter()
            .map(|other| Bounded { weight: weight(*other), range: self.ranges[other] })
            .collect();
        let of_bounded: u128 = children.iter().map(|child| child.weight).sum();
        let free = u128::from(sum).saturating_sub(of_bounded);
        let (shares, left) = fill(amount, free, &children);
        match bounded.iter().position(|other| *other == index) {
            Some(place) => shares[place],
            None => left * weight(index) / free.max(1),
        }
    }

    /// Promises a node something, or holds it to something.
    pub(super) fn set_range(&mut self, id: NodeId, range: Range) {
        let siblings = self.bounded.entry(self.nodes[id.0].parent).or_default();
        if self.ranges.insert(id.0, range).is_none() {
            siblings.push(id.0);
        }
    }

    fn forget_range(&mut self, index: u32, parent: u32) {
        if self.ranges.remove(&index).is_some()
            && let Some(siblings) = self.bounded.get_mut(&parent)
        {
            siblings.retain(|other| *other != index);
        }
    }

    fn weight_below(&mut self, parent: u32) -> &mut u64 {
        if parent == ROOT {
            &mut self.root_eligible
        } else {
            &mut self.nodes[parent].eligible_weight
        }
    }
}

/// `amount` × `weight` ÷ `sum`; nearly always that fits into 64 bits, where it is several times cheaper.
#[inline]
fn part(amount: u128, weight: u64, sum: u64) -> u128 {
    match u64::try_from(amount).ok().and_then(|amount| amount.checked_mul(weight)) {
        Some(product) => u128::from(product / sum),
        None => amount * u128::from(weight) / u128::from(sum),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_count_only_the_eligible_and_ignore_the_number_of_senders() {
        let mut tree = ShareTree::new(1);
        let weight = |w| Weight::whole(w).expect("valid");
        let heavy = tree.insert(None, Level::Tenant, 0, weight(3));
        let light = tree.insert(None, Level::Tenant, 1, weight(1));
        let [a, b] = [0, 1].map(|s| tree.insert(Some(heavy), Level::Sender, s, Weight::ONE));
        let c = tree.insert(Some(light), Level::Sender, 2, Weight::ONE);
        let rate = Rate::per_second(8).expect("valid");

        assert_eq!(tree.share(c, false, rate), 8_000_000, "alone, it would have everything");
        tree.set_eligible(a, true);
        assert_eq!(tree.share(c, false, rate), 2_000_000);
        tree.set_eligible(c, true);
        assert_eq!(tree.share(c, true, rate), 2_000_000);
        assert_eq!(tree.share(a, true, rate), 6_000_000);
        assert_eq!(tree.share(b, false, rate), 3_000_000, "a second sender halves the first's");
        tree.set_eligible(b, true);
        assert_eq!(tree.share(a, true, rate), 3_000_000);
        assert_eq!(tree.share(c, true, rate), 2_000_000);
        tree.set_eligible(a, false);
        tree.set_eligible(b, false);
        assert_eq!(tree.share(c, true, rate), 8_000_000);
        tree.set_weight(light, weight(5));
        tree.set_eligible(a, true);
        assert_eq!(tree.share(c, true, rate), 5_000_000);
    }

    #[test]
    fn shares_keep_to_what_is_promised_and_to_limits() {
        let mut tree = ShareTree::new(1);
        let [gold, lead] = [0, 1].map(|set| tree.insert(None, Level::TenantSet, set, Weight::ONE));
        let [a, b, c] = [(gold, 0), (gold, 1), (lead, 2)].map(|(set, tenant)| {
            let tenant_node = tree.insert(Some(set), Level::Tenant, tenant, Weight::ONE);
            (tenant_node, tree.insert(Some(tenant_node), Level::Sender, tenant, Weight::ONE))
        });
        let rate = Rate::per_second(8).expect("valid");
        for (_, queue) in [a, b, c] {
            tree.set_eligible(queue, true);
        }
        assert_eq!([a, b, c].map(|(_, q)| tree.share(q, true, rate) / 1000), [2000, 2000, 4000]);
        // A promise inside a set takes from its other member alone; a limit of a set gives to the other.
        tree.set_range(a.0, Range { min: 3_000_000, max: u128::MAX });
        assert_eq!([a, b, c].map(|(_, q)| tree.share(q, true, rate) / 1000), [3000, 1000, 4000]);
        tree.set_range(lead, Range { min: 0, max: 1_000_000 });
        assert_eq!([a, b, c].map(|(_, q)| tree.share(q, true, rate) / 1000), [3500, 3500, 1000]);
        // Who is not there is promised nothing; who comes has its promise.
        tree.set_eligible(a.1, false);
        assert_eq!(tree.share(b.1, true, rate), 7_000_000);
        assert_eq!(tree.share(a.1, false, rate), 3_500_000);
        // A node that is gone has no bounds.
        let parent = tree.remove(a.1).expect("its tenant has no other queue");
        tree.remove(parent);
        assert_eq!((tree.ranges.len(), tree.bounded[&gold.0].len()), (1, 0));
    }
}
