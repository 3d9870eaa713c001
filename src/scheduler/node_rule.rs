//! A rule among the children of one node, and the two policies that follow from it: over flows side by
//! side, and at every node of the share tree.

use alloc::vec::Vec;

use super::by_flow::{FlowPick, FlowRule};
use super::flows::{FlowId, FlowTerms};
use super::policy::{Entropy, Entry, Hop, Ineligible, NodeId, Pick, Policy, Reshape, Standing};
use super::tags::unused;
use crate::time::Time;
use crate::units::{QueueId, Rate, Segments, Weight};

/// Number of a child: unique among all that share one table.
pub type ChildId = u32;

/// Divides one node among its children. What the rule keeps of a child is in a table that the nodes of a
/// tree share, so that a node without children costs next to nothing.
///
/// A child is *awake* from `wake` until `sleep`, or until `serve` without a next head; a rule's
/// prototype is cloned for each node.
pub trait NodeRule: Clone {
    /// What is kept of the children.
    type Children: Default;

    /// A child exists from now on, asleep.
    fn attach(
        &mut self,
        children: &mut Self::Children,
        now: Time,
        child: ChildId,
        weight: Weight,
        tie: u64,
    );
    /// A child, asleep, is gone.
    fn detach(&mut self, children: &mut Self::Children, now: Time, child: ChildId);
    /// A child has another weight.
    fn reweigh(&mut self, children: &mut Self::Children, now: Time, child: ChildId, weight: Weight);
    /// A child may be picked, with a head of this size.
    fn wake(&mut self, children: &mut Self::Children, now: Time, child: ChildId, head: Segments);
    /// A child may not be picked any more.
    fn sleep(&mut self, children: &mut Self::Children, now: Time, child: ChildId);
    /// A child that is awake has a head of another size.
    fn set_head(
        &mut self,
        children: &mut Self::Children,
        now: Time,
        child: ChildId,
        head: Segments,
    );
    /// The size of a child's head, if it is awake.
    fn head(children: &Self::Children, child: ChildId) -> Option<Segments>;
    /// Which child is next? Changes nothing that a second call at the same time would notice.
    fn pick(&mut self, children: &mut Self::Children, now: Time) -> Option<ChildId>;
    /// The child that would be picked, for a parent that orders this node by what it would send. Whatever a
    /// rule commits to when it picks must wait: who comes in between is to find it undone.
    fn look(&mut self, children: &mut Self::Children, now: Time) -> Option<ChildId> {
        self.pick(children, now)
    }
    /// A child that is awake sent a message, and has this head now.
    fn serve(
        &mut self,
        children: &mut Self::Children,
        now: Time,
        child: ChildId,
        sent: Segments,
        next: Option<Segments>,
    );
    /// A child gets back what it was charged and did not use.
    fn give_back(
        &mut self,
        children: &mut Self::Children,
        now: Time,
        child: ChildId,
        segments: Segments,
    );
    /// The destination has another rate; told only to the node at the top.
    fn set_rate(&mut self, now: Time, rate: Option<Rate>) {
        let _ = (now, rate);
    }
}

/// A single node over flows: the flat policy of a rule.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct OneNode<R: NodeRule> {
    rule: R,
    children: R::Children,
}

impl<R: NodeRule> OneNode<R> {
    /// The rule without flows.
    pub fn new(rule: R) -> Self {
        OneNode { rule, children: R::Children::default() }
    }
}

impl<R: NodeRule> FlowRule for OneNode<R> {
    fn attach(&mut self, now: Time, flow: FlowId, terms: FlowTerms) {
        self.rule.attach(&mut self.children, now, flow, terms.weight, terms.tie);
    }

    fn detach(&mut self, now: Time, flow: FlowId) {
        self.rule.detach(&mut self.children, now, flow);
    }

    fn woke(&mut self, now: Time, flow: FlowId, head: Entry) {
        self.rule.wake(&mut self.children, now, flow, head.segments);
    }

    fn head_changed(&mut self, now: Time, flow: FlowId, head: Entry) {
        self.rule.set_head(&mut self.children, now, flow, head.segments);
    }

    fn slept(&mut self, now: Time, flow: FlowId) {
        self.rule.sleep(&mut self.children, now, flow);
    }

    fn pick(&mut self, now: Time) -> FlowPick {
        self.rule.pick(&mut self.children, now).into()
    }

    fn served(&mut self, now: Time, flow: FlowId, sent: Entry, next: Option<Entry>) {
        let next = next.map(|head| head.segments);
        self.rule.serve(&mut self.children, now, flow, sent.segments, next);
    }

    fn completed(&mut self, now: Time, flow: FlowId, charged: Segments, used: Segments) {
        if let Some(back) = unused(charged, used) {
            self.rule.give_back(&mut self.children, now, flow, back);
        }
    }

    fn reweighed(&mut self, now: Time, flow: FlowId, terms: FlowTerms) {
        self.rule.reweigh(&mut self.children, now, flow, terms.weight);
    }

    fn set_rate(&mut self, now: Time, rate: Option<Rate>) {
        self.rule.set_rate(now, rate);
    }
}

const ROOT: u32 = 0;
const NONE: u32 = u32::MAX;

/// The rule at every node of the share tree, each with the weights of its own children.
///
/// An inner node's head is the head its own rule would send now; it is chosen anew whenever something
/// below it changes, and nothing is committed before it is sent.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct Hierarchy<R: NodeRule> {
    prototype: R,
    /// Index 0 is the root; the node of a hop is its number plus one, which is also its number as a child.
    nodes: Vec<Node<R>>,
    children: R::Children,
    leaves: Vec<u32>,
}

#[derive(Clone, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
struct Node<R> {
    rule: R,
    parent: u32,
    /// The queue, for a leaf.
    queue: u32,
    children: u32,
}

impl<R: NodeRule> Hierarchy<R> {
    /// The policy without queues.
    pub fn of(prototype: R) -> Self {
        let root = Node { rule: prototype.clone(), parent: NONE, queue: NONE, children: 0 };
        let children = R::Children::default();
        Hierarchy { prototype, nodes: alloc::vec![root], children, leaves: Vec::new() }
    }

    /// The head that the rule of a node would send now.
    fn head_below(&mut self, now: Time, node: u32) -> Option<Segments> {
        let child = self.nodes[node as usize].rule.look(&mut self.children, now)?;
        R::head(&self.children, child)
    }

    /// Lets the nodes above follow a change among the children of `node`.
    fn follow(&mut self, now: Time, mut node: u32) {
        while node != ROOT {
            let above = self.nodes[node as usize].parent;
            let head = self.head_below(now, node);
            let rule = &mut self.nodes[above as usize].rule;
            match (R::head(&self.children, node), head) {
                (None, Some(head)) => rule.wake(&mut self.children, now, node, head),
                (Some(_), None) => rule.sleep(&mut self.children, now, node),
                (Some(before), Some(head)) if before != head => {
                    rule.set_head(&mut self.children, now, node, head);
                }
                _ => return,
            }
            node = above;
        }
    }

    /// Lets the nodes above a leaf follow changes at several levels.
    fn follow_all(&mut self, now: Time, leaf: u32) {
        let mut node = self.nodes[leaf as usize].parent;
        while node != ROOT {
            self.follow(now, node);
            node = self.nodes[node as usize].parent;
        }
    }

    fn set_head(&mut self, now: Time, queue: QueueId, head: Option<Segments>) {
        let leaf = self.leaves[queue.index()];
        let above = self.nodes[leaf as usize].parent;
        let rule = &mut self.nodes[above as usize].rule;
        match (R::head(&self.children, leaf), head) {
            (None, Some(head)) => rule.wake(&mut self.children, now, leaf, head),
            (Some(_), None) => rule.sleep(&mut self.children, now, leaf),
            (Some(before), Some(head)) if before != head => {
                rule.set_head(&mut self.children, now, leaf, head);
            }
            _ => return,
        }
        self.follow(now, above);
    }
}

impl<R: NodeRule> Policy for Hierarchy<R> {
    fn attach(&mut self, now: Time, queue: QueueId, path: &[Hop]) {
        let mut parent = ROOT;
        for hop in path {
            let index = hop.node.0 + 1;
            while self.nodes.len() <= index as usize {
                let rule = self.prototype.clone();
                self.nodes.push(Node { rule, parent: NONE, queue: NONE, children: 0 });
            }
            if self.nodes[index as usize].parent == NONE {
                let rule = self.prototype.clone();
                self.nodes[index as usize] = Node { rule, parent, queue: NONE, children: 0 };
                let above = &mut self.nodes[parent as usize];
                above.children += 1;
                above.rule.attach(&mut self.children, now, index, hop.weight, hop.tie);
            }
            parent = index;
        }
        self.nodes[parent as usize].queue = queue.0;
        if self.leaves.len() <= queue.index() {
            self.leaves.resize(queue.index() + 1, NONE);
        }
        self.leaves[queue.index()] = parent;
    }

    fn detach(&mut self, now: Time, queue: QueueId) {
        let mut index = core::mem::replace(&mut self.leaves[queue.index()], NONE);
        while index != ROOT && self.nodes[index as usize].children == 0 {
            let parent = core::mem::replace(&mut self.nodes[index as usize].parent, NONE);
            let above = &mut self.nodes[parent as usize];
            above.children -= 1;
            above.rule.detach(&mut self.children, now, index);
            index = parent;
        }
    }

    fn enqueued(&mut self, _: Time, _: QueueId, _: Entry) {}

    fn withdrawn(&mut self, _: Time, _: QueueId, _: Entry) {}

    fn eligible(&mut self, now: Time, queue: QueueId, head: Entry) {
        self.set_head(now, queue, Some(head.segments));
    }

    fn ineligible(&mut self, now: Time, queue: QueueId, _: Ineligible) {
        self.set_head(now, queue, None);
    }

    fn pick(&mut self, now: Time, _: Entropy<'_>) -> Pick {
        let mut index = ROOT;
        loop {
            match self.nodes[index as usize].rule.pick(&mut self.children, now) {
                Some(child) => index = child,
                None if index == ROOT => return Pick::Idle,
                None => return Pick::Queue(QueueId(self.nodes[index as usize].queue)),
            }
        }
    }

    fn dispatched(&mut self, now: Time, queue: QueueId, sent: Entry, next: Option<Entry>) {
        let mut index = self.leaves[queue.index()];
        let mut next = next.map(|head| head.segments);
        while index != ROOT {
            let above = self.nodes[index as usize].parent;
            let rule = &mut self.nodes[above as usize].rule;
            rule.serve(&mut self.children, now, index, sent.segments, next);
            index = above;
            next = if index == ROOT { None } else { self.head_below(now, index) };
        }
    }

    fn completed(&mut self, now: Time, queue: QueueId, charged: Segments, used: Segments) {
        let Some(back) = unused(charged, used) else { return };
        let leaf = self.leaves[queue.index()];
        let mut index = leaf;
        while index != ROOT {
            let above = self.nodes[index as usize].parent;
            self.nodes[above as usize].rule.give_back(&mut self.children, now, index, back);
            index = above;
        }
        // Another child may be next now, with a head of another size.
        self.follow_all(now, leaf);
    }

    fn reshape(&mut self, now: Time, change: Reshape) {
        match change {
            Reshape::Rate(rate) => self.nodes[ROOT as usize].rule.set_rate(now, rate),
            Reshape::Weight { node: NodeId(node), weight, .. } => {
                let index = node + 1;
                let parent = self.nodes.get(index as usize).map_or(NONE, |node| node.parent);
                if parent != NONE {
                    let rule = &mut self.nodes[parent as usize].rule;
                    rule.reweigh(&mut self.children, now, index, weight);
                    self.follow(now, parent);
                }
            }
        }
    }

    fn explain(&self, _: QueueId) -> Option<Standing> {
        None
    }
}
