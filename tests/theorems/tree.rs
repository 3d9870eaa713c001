//! Share trees above the flows of a workload, and what a run gave their nodes.

use crate::direct::whole;
use crate::rational::Ratio;
use crate::workload::{Dice, Run};
use apportion::scheduler::{Hop, Level, NodeId};
use apportion::time::Time;

/// A node below the root. The flows are the first nodes of a workload, what is above them comes after.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Node {
    pub(crate) weight: u32,
    /// `None` is the root.
    pub(crate) parent: Option<usize>,
}

const LEVELS: [Level; 4] = [Level::TenantSet, Level::Tenant, Level::Class, Level::Sender];

/// Flows side by side below the root.
pub(crate) fn flat(weights: &[u32]) -> Vec<Node> {
    weights.iter().map(|weight| Node { weight: *weight, parent: None }).collect()
}

/// Puts one to three levels above the flows: neighbours may have a parent in common.
pub(crate) fn grow(nodes: &mut Vec<Node>, dice: &mut Dice) {
    let mut below = 0..nodes.len();
    for _ in 0..1 + dice.below(3) {
        let first = nodes.len();
        for child in below.clone() {
            if child == below.start || dice.below(2) == 0 {
                nodes.push(Node { weight: dice.weight(), parent: None });
            }
            nodes[child].parent = Some(nodes.len() - 1);
        }
        below = first..nodes.len();
    }
}

/// The way from the root to a flow.
pub(crate) fn path(nodes: &[Node], flow: usize) -> Vec<Hop> {
    let upwards = std::iter::successors(Some(flow), |node| nodes[*node].parent);
    let mut downwards: Vec<usize> = upwards.collect();
    downwards.reverse();
    let is_flat = downwards.len() == 1;
    let levels = if is_flat { &LEVELS[1..] } else { &LEVELS[..] };
    let hop = |(node, level): (&usize, &Level)| Hop {
        node: NodeId(*node as u32),
        level: *level,
        weight: whole(nodes[*node].weight),
        tie: *node as u64,
    };
    downwards.iter().zip(levels).map(hop).collect()
}

/// Brings intervals together where they touch.
fn union(mut intervals: Vec<(Time, Time)>) -> Vec<(Time, Time)> {
    intervals.sort_unstable();
    let mut all: Vec<(Time, Time)> = Vec::new();
    for (from, to) in intervals {
        match all.last_mut() {
            Some((_, end)) if from <= *end => *end = to.max(*end),
            _ => all.push((from, to)),
        }
    }
    all
}

impl Run {
    pub(crate) fn nodes(&self) -> std::ops::Range<usize> {
        0..self.workload.nodes.len()
    }

    pub(crate) fn parent(&self, node: usize) -> Option<usize> {
        self.workload.nodes[node].parent
    }

    /// A node and what is above it, without the root.
    pub(crate) fn upwards(&self, node: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(Some(node), |node| self.parent(*node))
    }

    /// A node's siblings and itself.
    pub(crate) fn family(&self, node: usize) -> impl Iterator<Item = usize> {
        self.nodes().filter(move |other| self.parent(*other) == self.parent(node))
    }

    /// A node's part of its parent.
    pub(crate) fn part(&self, node: usize) -> Ratio {
        let weights = self.family(node).map(|sibling| self.weight(sibling));
        self.weight(node) / weights.fold(Ratio::ZERO, |sum, weight| sum + weight)
    }

    /// A node's part of the wire.
    pub(crate) fn share(&self, node: usize) -> Ratio {
        self.upwards(node).fold(Ratio::from(1), |share, node| share * self.part(node))
    }

    /// The flows below a node, or of all.
    pub(crate) fn flows_below(&self, node: Option<usize>) -> impl Iterator<Item = usize> {
        self.flows()
            .filter(move |flow| node.is_none_or(|node| self.upwards(*flow).any(|n| n == node)))
    }

    /// The longest message below a node, or of all.
    pub(crate) fn longest_below(&self, node: Option<usize>) -> Ratio {
        let longest = self.flows_below(node).map(|flow| self.longest(flow));
        longest.max().expect("below a node are flows")
    }

    pub(crate) fn service_below(&self, node: Option<usize>, time: Time) -> Ratio {
        self.flows_below(node).fold(Ratio::ZERO, |sum, flow| sum + self.service(flow, time))
    }

    /// The intervals in which something below a node is to be sent or on the wire.
    pub(crate) fn backlogs_below(&self, node: usize) -> Vec<(Time, Time)> {
        union(self.flows_below(Some(node)).flat_map(|flow| self.backlogs(flow)).collect())
    }

    /// The intervals in which something below a node waits.
    pub(crate) fn waits_below(&self, node: usize) -> Vec<(Time, Time)> {
        union(self.flows_below(Some(node)).flat_map(|flow| self.waits(flow)).collect())
    }
}
