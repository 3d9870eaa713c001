//! Scoring with all its options: an order that stands for several messages, worst-case fairness, terms
//! beside the lag, and nodes that are promised a part and held to a rate.
//!
//! It decides as [`Scoring`](super::Scoring) does when none of them is set (a test holds the two together),
//! and costs more; so [`Scoring`](super::Scoring) serves where none is.
//!
//! - **An order that stands** ([`Rescore`](super::Rescore)). Between two findings all tags stand still. The
//!   order is the one in which the picker would take the queues then; a queue that wakes meanwhile takes its
//!   place in it. What was sent is charged when the order is found anew, as if it had been one message: so
//!   siblings stay within K·(Lᵢ/wᵢ + Lⱼ/wⱼ) of each other.
//! - **Worst-case fairness**: at each node, among the children whose start tag V has reached, the earliest
//!   finish tag (Bennett and Zhang, ToN 1997, as [`Wf2qPlus`](super::Wf2qPlus)). Unlike in the paper a child
//!   that a cap holds back keeps its distance to V.
//! - **A promise** is a part f of the service of the node's parent. A child whose service ÷ f is not ahead of
//!   its parent's service goes first, whatever its weight; the weights divide the rest. So among ready
//!   children xᵢ = max(fᵢ·X, λ·wᵢ). Promises of more than everything are scaled down in proportion. What a
//!   child got beyond its promise is held against that up to one message (or batch): over every interval in which it is ready
//!   f·X − x ≤ f·(Lmax + ΣLⱼ of the others with promises) + 2L. Its service moves V no further than to the
//!   least tag of those that take part, or whoever wakes would start level with the most favoured.
//! - **A limit** is a rate M. A child that has used it up takes no part until it may go on, and is then like
//!   one that was idle: with distances kept, as for the caps of senders, a limit near the child's share would
//!   leave it less than both. For the same reason the turn that the limit made it miss, one segment, is not
//!   forgotten: it goes at once when it may, if its share allows. So xᵢ = min(Mᵢ, λ·wᵢ), and over every
//!   interval a limited node sends at most M·T + 2 segments (and Lmax − 1): one at once, and one that makes up
//!   for what it waited until the wire was free. When limits leave nothing to send, the answer is when
//!   something may be ([`Pick::NotUntil`]).

mod batch;
mod contract;
mod node;
mod standing;
mod terms;

use alloc::vec::Vec;

use self::batch::Batched;
use self::node::{Below, NONE, Node, Place, ROOT};
use super::heap::{IndexedHeap, Positions};
use super::pacing::Pacer;
use super::policy::{
    Entropy, Entry, Hop, Ineligible, Level, NodeBounds, NodeId, Pick, Policy, Reshape, Standing,
    Verdict,
};
use super::scoring_options::{Batch, Rescore, ScoringOptions, Terms};
use super::tags::{Tag, TagKey, mean, unused};
use crate::time::Time;
use crate::units::{QueueId, Quota, Rate, Segments, Weight};

/// The scoring policy with options.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct FullScoring {
    rescore: Rescore,
    terms: Terms,
    is_worst_case_fair: bool,
    /// Index 0 is the root; the node of a hop is its number plus one.
    nodes: Vec<Node>,
    /// Places in the heaps by tag, and in those by the tag of the promise.
    ranks: Positions,
    promises: Positions,
    /// The leaf of each queue.
    leaves: Vec<u32>,
    rate: Option<Rate>,
    /// Nodes that nothing but their limit holds back, by when it lets them.
    limited: IndexedHeap<(Time, u64)>,
    batch: Batched,
}

/// How far up a change is followed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
enum Reach {
    /// As long as it makes a difference.
    Changed,
    /// To the top, because the tags have changed all the way.
    Top,
}

impl FullScoring {
    /// The policy without queues.
    pub fn new(options: ScoringOptions) -> Self {
        let (rescore, terms, is_worst_case_fair) = match options {
            ScoringOptions::FurthestBehind { rescore, terms } => (rescore, terms, false),
            ScoringOptions::WorstCaseFair => (Rescore::default(), Terms::NONE, true),
        };
        FullScoring {
            rescore,
            terms,
            is_worst_case_fair,
            nodes: alloc::vec![Node::new(NONE, Weight::ONE, 0)],
            ranks: Positions::default(),
            promises: Positions::default(),
            leaves: Vec::new(),
            rate: None,
            limited: IndexedHeap::default(),
            batch: Batched::default(),
        }
    }

    fn leaf(&self, queue: QueueId) -> u32 {
        let leaf = self.leaves.get(queue.index()).copied().unwrap_or(NONE);
        assert_ne!(leaf, NONE, "queue {} is not attached", queue.0);
        leaf
    }

    /// Where the fluid division of what was really sent has all children that take part; see
    /// [`Scoring`](super::Scoring).
    fn fluid_time(&self, parent: u32) -> i128 {
        let division = &self.nodes[parent as usize].division;
        mean(
            division.clock.value(),
            division.members().map(|child| &self.nodes[child as usize].tag),
        )
    }

    /// Whether a node's parent has to know what the node would send.
    fn looks_ahead(&self) -> bool {
        self.is_worst_case_fair || self.terms.are_set()
    }

    /// The child that a node would serve now. It does not lift V: a cap holds several queues back, or lets
    /// them go, one after the other at the same time, and what is left in between divides nothing.
    fn choose(&mut self, now: Time, index: u32) -> Option<u32> {
        if self.is_worst_case_fair {
            self.nodes[index as usize].division.clock.advance(now);
            self.promote(index);
        }
        let division = &self.nodes[index as usize].division;
        let due = |(key, _): &(TagKey, u32)| key.tag() <= division.promised_clock.value();
        let promised = division.promised.peek().filter(due);
        let next = promised.or(division.ready.peek()).map(|(_, child)| child);
        next.or(division.early.peek().map(|(_, child)| child))
    }

    /// A node is asked for the next message: if nothing is on the wire V is where the first begins.
    fn reach_when_idle(&mut self, now: Time, index: u32) {
        let clock = &mut self.nodes[index as usize].division.clock;
        clock.advance(now);
        if clock.is_idle() {
            self.promote(index);
            self.reach_the_first(index);
        }
    }

    /// V is never below the least start of those with work.
    fn reach_the_first(&mut self, index: u32) {
        let division = &mut self.nodes[index as usize].division;
        if let Some(((start, ..), _)) = division.early.peek().filter(|_| division.ready.is_empty())
        {
            division.clock.lift(start);
            self.promote(index);
        }
    }

    fn promote(&mut self, index: u32) {
        loop {
            let division = &self.nodes[index as usize].division;
            match division.early.peek() {
                Some(((start, ..), child)) if start <= division.clock.value() => self.rank(child),
                _ => return,
            }
        }
    }

    /// Puts a node that takes part where its tags belong among its siblings.
    fn rank(&mut self, index: u32) {
        let node = &self.nodes[index as usize];
        let (parent, before, tie, start) = (node.parent, node.place, node.tie, node.tag.value());
        let promise = node.promise.map(|promise| promise.value());
        let key = match (self.is_worst_case_fair, node.head) {
            (true, Some(head)) => node.tag.after(head.segments),
            _ => start - self.units(parent, node.terms.total()),
        };
        let division = &mut self.nodes[parent as usize].division;
        let place = match before {
            Place::Taken => Place::Taken,
            _ if self.is_worst_case_fair && start > division.clock.value() => Place::Early,
            _ => Place::Ready,
        };
        let ranks = &mut self.ranks;
        if before != place {
            division.ready.remove_if_there(ranks, index, before == Place::Ready);
            division.early.remove_if_there(ranks, index, before == Place::Early);
        }
        match place {
            Place::Taken => division.taken.set(ranks, index, TagKey::new(start, tie)),
            Place::Early => division.early.set(ranks, index, (start, key, tie)),
            _ => division.ready.set(ranks, index, TagKey::new(key, tie)),
        }
        if let (Some(tag), true) = (promise, place != Place::Taken) {
            division.promised.set(&mut self.promises, index, TagKey::new(tag, tie));
        }
        self.nodes[index as usize].place = place;
    }

    /// Takes a node out of its parent's heaps, if it is in any.
    fn unrank(&mut self, index: u32) {
        let node = &self.nodes[index as usize];
        let (before, parent) = (node.place, node.parent);
        let part = node.promise.map_or(0, |promise| promise.weight());
        let division = &mut self.nodes[parent as usize].division;
        let ranks = &mut self.ranks;
        match before {
            Place::Idle | Place::Limited | Place::Frozen { .. } => return,
            Place::Ready => division.ready.remove(ranks, index),
            Place::Early => division.early.remove(ranks, index),
            Place::Taken => division.taken.remove(ranks, index),
        }
        if before != Place::Taken && part > 0 {
            division.promised.remove(&mut self.promises, index);
            division.promise(part, 0);
        }
    }

    /// How a node wants to take part now.
    fn wanted(&mut self, now: Time, index: u32) -> Below {
        let node = &self.nodes[index as usize];
        let may_go = matches!(node.below, Below::Ready | Below::Taken);
        let limit = node.limit.filter(|limit| may_go && !limit.conforms(now));
        if let Some(limit) = limit {
            self.limited.set(index, (limit.earliest(now), node.tie));
            return Below::Limited;
        }
        let wanted = if node.is_taken && may_go { Below::Taken } else { node.below };
        self.limited.remove(index);
        wanted
    }

    /// Lets a node take part as it wants to, and its ancestors follow.
    fn settle(&mut self, now: Time, mut index: u32, reach: Reach) {
        while index != ROOT {
            let wanted = self.wanted(now, index);
            self.take_part(now, index, wanted);
            let parent = self.nodes[index as usize].parent;
            if !self.follow(now, parent) && reach == Reach::Changed {
                return;
            }
            index = parent;
        }
    }

    fn take_part(&mut self, now: Time, index: u32, wanted: Below) {
        let node = &self.nodes[index as usize];
        let (parent, before) = (node.parent, node.place);
        let part = node.promise.map_or(0, |promise| promise.weight());
        let division = &mut self.nodes[parent as usize].division;
        if self.is_worst_case_fair {
            // V moves on to the least start only when a message is chosen, as in the paper's algorithm.
            division.clock.advance(now);
        }
        let (clock, promised) = (division.clock.value(), division.promised_clock.value());
        let rests = matches!(
            (before, wanted),
            (Place::Frozen { .. }, Below::Held)
                | (Place::Limited, Below::Limited)
                | (Place::Idle, Below::Idle)
        );
        if rests {
            return;
        }
        let node = &mut self.nodes[index as usize];
        let promise = node.promise.as_mut();
        match before {
            Place::Idle | Place::Limited => {
                if !matches!(wanted, Below::Idle | Below::Limited) {
                    let credit = match before {
                        Place::Limited => node.tag.after(Segments(1)) - node.tag.value(),
                        _ => 0,
                    };
                    node.tag.lift(clock - credit);
                    promise.into_iter().for_each(|promise| promise.lift(promised));
                }
            }
            Place::Frozen { lag, promise_lag } => {
                node.tag.move_to(clock + lag);
                promise.into_iter().for_each(|promise| promise.move_to(promised + promise_lag));
            }
            Place::Taken | Place::Early | Place::Ready => {}
        }
        if matches!(before, Place::Limited | Place::Frozen { .. }) {
            self.nodes[parent as usize].division.held -= 1;
        }
        let was_counted = matches!(before, Place::Early | Place::Ready);
        match wanted {
            Below::Ready => {
                if before == Place::Taken {
                    self.unrank(index);
                }
                self.nodes[index as usize].place = if was_counted { before } else { Place::Idle };
                if !was_counted && part > 0 {
                    self.nodes[parent as usize].division.promise(0, part);
                }
                self.rank(index);
            }
            Below::Taken => {
                if before != Place::Taken {
                    self.unrank(index);
                }
                self.nodes[index as usize].place = Place::Taken;
                self.rank(index);
            }
            Below::Held => {
                self.unrank(index);
                let node = &mut self.nodes[index as usize];
                let lag = node.tag.value() - clock;
                let promise_lag = node.promise.map_or(0, |promise| promise.value() - promised);
                node.place = Place::Frozen { lag, promise_lag };
                self.nodes[parent as usize].division.held += 1;
            }
            Below::Limited => {
                self.unrank(index);
                self.nodes[index as usize].place = Place::Limited;
                self.nodes[parent as usize].division.held += 1;
            }
            Below::Idle => {
                self.unrank(index);
                self.nodes[index as usize].place = Place::Idle;
            }
        }
    }

    /// Lets a node follow what its children are now; whether its own parent should know.
    fn follow(&mut self, now: Time, index: u32) -> bool {
        let below = self.nodes[index as usize].division.below();
        let mut changed = self.nodes[index as usize].below != below;
        self.nodes[index as usize].below = below;
        if index != ROOT && self.looks_ahead() && below == Below::Ready {
            let next = self.choose(now, index).expect("a node that is ready has a child to serve");
            let next = &self.nodes[next as usize];
            let (head, terms) = (next.head, next.terms);
            let node = &mut self.nodes[index as usize];
            changed |= node.head.map(|head| head.segments) != head.map(|head| head.segments)
                || node.terms != terms;
            (node.head, node.terms) = (head, terms);
        }
        changed
    }

    /// Charges all nodes from a queue upwards at once, on clocks that follow the service.
    fn serve_worst_case_fair(&mut self, now: Time, leaf: u32, segments: Segments) {
        let mut index = leaf;
        while index != ROOT {
            let parent = self.nodes[index as usize].parent;
            self.nodes[parent as usize].division.clock.finish(now);
            self.promote(parent);
            self.reach_the_first(parent);
            let division = &mut self.nodes[parent as usize].division;
            division.clock.serve(now, segments);
            division.promised_clock.charge(segments);
            let promised = division.promised_clock.value();
            let node = &mut self.nodes[index as usize];
            node.tag.charge(segments);
            if let Some(promise) = &mut node.promise {
                promise.charge(segments);
                let mut most = *promise;
                most.move_to(promised);
                most.charge_all(2 * segments.get());
                promise.move_to(promise.value().min(most.value()));
            }
            index = parent;
        }
    }

    fn give_back_worst_case_fair(&mut self, now: Time, leaf: u32, segments: Segments) {
        self.release_the_limited(now);
        let mut index = leaf;
        while index != ROOT {
            let node = &mut self.nodes[index as usize];
            let before = (node.tag.value(), node.promise.map_or(0, |promise| promise.value()));
            node.tag.refund(segments);
            node.promise.iter_mut().for_each(|promise| promise.refund(segments));
            let after = (node.tag.value(), node.promise.map_or(0, |promise| promise.value()));
            if let Place::Frozen { lag, promise_lag } = &mut node.place {
                *lag += after.0 - before.0;
                *promise_lag += after.1 - before.1;
            }
            index = node.parent;
        }
        self.settle(now, leaf, Reach::Top);
    }

    fn charge_limits(&mut self, now: Time, leaf: u32, segments: Segments) {
        let mut index = leaf;
        while index != ROOT {
            let node = &mut self.nodes[index as usize];
            if let Some(limit) = &mut node.limit {
                limit.charge(now, segments);
            }
            index = node.parent;
        }
    }

    /// Lets the nodes go whose limits are over, each as of when its limit was: from then on a node above may be
    /// held back by its own limit alone, and whom that holds back forgets more than whom those below hold back.
    fn release_the_limited(&mut self, now: Time) {
        while let Some(((due, _), index)) = self.limited.peek() {
            if due > now {
                return;
            }
            self.settle(due, index, Reach::Changed);
        }
    }

    fn is_too_old(&self, now: Time) -> bool {
        let age = now.since(self.batch.since);
        !self.batch.is_empty() && self.rescore.max_age.is_some_and(|most| age >= most)
    }

    /// What the order rests on has changed.
    fn rescore_if_begun(&mut self, now: Time) {
        if !self.batch.is_empty() {
            self.rescore(now);
        }
    }

    fn forget_arrival(&mut self, leaf: u32, sequence: u64) {
        let arrivals = &mut self.nodes[leaf as usize].arrivals;
        let place = arrivals.partition_point(|(other, _)| *other < sequence);
        if arrivals.get(place).is_some_and(|(other, _)| *other == sequence) {
            arrivals.remove(place);
        }
    }
}
