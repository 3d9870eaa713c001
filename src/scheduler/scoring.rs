//! The scoring policy: at each node of the share tree, the child furthest behind its share is next.
//!
//! Each inner node keeps a virtual time V and, for each child, a start tag: the service the child
//! received, in segments ÷ weight. The pick walks from the top to the child with the smallest tag.
//! Serving k segments moves the child's tag by k ÷ weight and V to the tag the child had: start-time
//! fair queueing (Goyal, Vin, Cheng, SIGCOMM 1996, section 2) at every node. Hence, for siblings i
//! and j that are both backlogged over an interval,
//!
//! > |Wᵢ/wᵢ − Wⱼ/wⱼ| ≤ Lᵢ/wᵢ + Lⱼ/wⱼ.
//!
//! A child that becomes backlogged starts at max(own tag, V): unused credit is forgotten, debt is
//! kept. A child that its own cap holds back keeps its distance to V: it neither winds up credit nor
//! is lifted. Shares count only eligible children, so what one leaves unused the others have at once,
//! and splitting traffic over more senders moves nothing between tenants.
//!
//! Tags are integers: a segment at weight 1 is [`TAG_UNITS`] units, a multiple of every number up to
//! 16, so shares by whole weights up to 16 are exact. For other weights the fraction of a unit is
//! carried to the next charge and never lost, so a tag is off by less than one unit, always.

use alloc::vec::Vec;

use super::heap::{Heap, Positions};
use super::policy::{
    Entropy, Entry, Hop, Ineligible, NodeId, Pick, Policy, Reshape, Standing, TermTimes,
};
use crate::time::Time;
use crate::units::{QueueId, Rate, Segments, Weight};

/// Tag units of one segment at weight 1: the least common multiple of 1 to 16, times 2²⁰.
pub const TAG_UNITS: u64 = 720_720 << 20;

/// The same for a weight of one millionth.
const UNITS_PER_MILLIONTH: u64 = TAG_UNITS * 1_000_000;

/// Children that a family has room for although it has none now.
const MOST_ROOM_KEPT: usize = 8;

const ROOT: u32 = 0;
const NONE: u32 = u32::MAX;

/// The scoring policy; re-scores after every message.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct Scoring {
    /// Index 0 is the root; the node of a hop is its number plus one.
    nodes: Vec<Node>,
    /// What only nodes with children have; index 0 is the root's.
    families: Vec<Family>,
    free_families: Vec<u32>,
    positions: Positions,
    /// The leaf of each queue.
    leaves: Vec<u32>,
    /// Only to tell scores in seconds.
    rate: Option<Rate>,
}

/// Key of a child among its siblings: tag, then the keyed order.
type Key = (i128, u64);

/// There is a node for every queue, so what only parents need is kept apart.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
struct Node {
    parent: u32,
    below: Below,
    state: State,
    weight: Weight,
    tie: u64,
    /// Whole units of tag a segment costs, and what is left over, in `1/weight` units.
    cost: u64,
    cost_remainder: u64,
    /// Fraction of a unit not charged yet, in `1/weight` units.
    carry: u64,
    /// Service received ÷ weight; while the node is frozen, how far that was ahead of V when it was held
    /// back.
    start: i128,
}

/// What is under a node.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
enum Below {
    /// It is the leaf of this queue.
    Queue(u32),
    /// Children, by the index of their [`Family`].
    Family(u32),
}

/// The children of a node.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
struct Family {
    /// V of the children.
    virtual_time: i128,
    /// Eligible children.
    eligible: Heap<Key>,
    /// Children held back by caps of their own.
    frozen: u32,
    /// Children in any state.
    children: u32,
}

impl Family {
    /// Makes it nobody's. It keeps the room of a small heap for whoever has it next: queues come and go
    /// all the time, and a steady state allocates nothing.
    fn forget(&mut self) {
        let mut eligible = core::mem::take(&mut self.eligible);
        debug_assert!(eligible.is_empty(), "who has no children has none that is eligible");
        eligible.shrink_to(MOST_ROOM_KEPT);
        *self = Family { eligible, ..Family::default() };
    }
}

/// How a node takes part in its parent's division.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
enum State {
    Idle,
    Eligible,
    /// Backlogged but held back.
    Frozen,
}

impl Node {
    fn new(parent: u32, below: Below, weight: Weight, tie: u64) -> Self {
        let mut node = Node {
            parent,
            below,
            state: State::Idle,
            weight,
            tie,
            cost: 0,
            cost_remainder: 0,
            carry: 0,
            start: 0,
        };
        node.set_weight(weight);
        node
    }

    fn set_weight(&mut self, weight: Weight) {
        self.weight = weight;
        self.cost = UNITS_PER_MILLIONTH / weight.millionths();
        self.cost_remainder = UNITS_PER_MILLIONTH % weight.millionths();
        self.carry = 0;
    }

    /// Tag units that `segments` cost now; the fraction is carried.
    fn charge(&mut self, segments: Segments) -> i128 {
        let mut units = i128::from(self.cost) * i128::from(segments.0);
        if self.cost_remainder != 0 {
            let fraction =
                u128::from(self.cost_remainder) * u128::from(segments.0) + u128::from(self.carry);
            let weight = u128::from(self.weight.millionths());
            units += (fraction / weight) as i128;
            self.carry = (fraction % weight) as u64;
        }
        units
    }

    /// Takes a charge back, to the unit.
    fn refund(&mut self, segments: Segments) -> i128 {
        let mut units = i128::from(self.cost) * i128::from(segments.0);
        if self.cost_remainder != 0 {
            let weight = i128::from(self.weight.millionths());
            let fraction =
                i128::from(self.carry) - i128::from(self.cost_remainder) * i128::from(segments.0);
            units -= fraction.div_euclid(weight);
            self.carry = fraction.rem_euclid(weight) as u64;
        }
        units
    }
}

impl Default for Scoring {
    fn default() -> Self {
        Self::new()
    }
}

impl Scoring {
    /// The policy without queues.
    pub fn new() -> Self {
        Scoring {
            nodes: alloc::vec![Node::new(NONE, Below::Family(ROOT), Weight::ONE, 0)],
            families: alloc::vec![Family::default()],
            free_families: Vec::new(),
            positions: Positions::default(),
            leaves: Vec::new(),
            rate: None,
        }
    }

    fn leaf(&self, queue: QueueId) -> u32 {
        let leaf = self.leaves.get(queue.index()).copied().unwrap_or(NONE);
        assert_ne!(leaf, NONE, "queue {} is not attached", queue.0);
        leaf
    }

    /// The index of the children of a node that has some.
    fn family_of(&self, parent: u32) -> usize {
        match self.nodes[parent as usize].below {
            Below::Family(family) => family as usize,
            Below::Queue(queue) => unreachable!("queue {queue} has no children"),
        }
    }

    fn new_family(&mut self) -> Below {
        let index = self.free_families.pop().unwrap_or_else(|| {
            self.families.push(Family::default());
            (self.families.len() - 1) as u32
        });
        Below::Family(index)
    }

    /// Moves a node to another state and lets its ancestors follow.
    fn settle(&mut self, mut index: u32, mut target: State) {
        while index != ROOT {
            let parent = self.nodes[index as usize].parent;
            let family = self.family_of(parent);
            let family = &mut self.families[family];
            let node = &mut self.nodes[index as usize];
            let before = node.state;
            let start = match before {
                State::Idle => node.start.max(family.virtual_time),
                State::Frozen => family.virtual_time + node.start,
                State::Eligible => node.start,
            };
            node.start = match target {
                State::Frozen => start - family.virtual_time,
                State::Idle | State::Eligible => start,
            };
            if before == State::Idle && target == State::Idle {
                return;
            }
            node.state = target;
            family.frozen -= u32::from(before == State::Frozen);
            family.frozen += u32::from(target == State::Frozen);
            if target == State::Eligible {
                family.eligible.set(&mut self.positions, index, (start, node.tie));
            } else if before == State::Eligible {
                family.eligible.remove(&mut self.positions, index);
            }
            let wanted = if !family.eligible.is_empty() {
                State::Eligible
            } else if family.frozen > 0 {
                State::Frozen
            } else {
                State::Idle
            };
            if parent == ROOT || self.nodes[parent as usize].state == wanted {
                return;
            }
            (index, target) = (parent, wanted);
        }
    }

    /// Adds `units` to the tag of a node, wherever it is kept now.
    fn move_tag(&mut self, index: u32, units: i128) {
        let node = &mut self.nodes[index as usize];
        node.start += units;
        if node.state == State::Eligible {
            let (key, parent) = ((node.start, node.tie), node.parent);
            let family = self.family_of(parent);
            self.families[family].eligible.set(&mut self.positions, index, key);
        }
    }
}

impl Policy for Scoring {
    fn attach(&mut self, _: Time, queue: QueueId, path: &[Hop]) {
        let mut parent = ROOT;
        for (depth, hop) in path.iter().enumerate() {
            let index = hop.node.0 + 1;
            if self.nodes.len() <= index as usize {
                let nobody = || Node::new(NONE, Below::Queue(NONE), Weight::ONE, 0);
                self.nodes.resize_with(index as usize + 1, nobody);
            }
            if self.nodes[index as usize].parent == NONE {
                let is_leaf = depth + 1 == path.len();
                let below = if is_leaf { Below::Queue(queue.0) } else { self.new_family() };
                self.nodes[index as usize] = Node::new(parent, below, hop.weight, hop.tie);
                let family = self.family_of(parent);
                self.families[family].children += 1;
            }
            parent = index;
        }
        if self.leaves.len() <= queue.index() {
            self.leaves.resize(queue.index() + 1, NONE);
        }
        self.leaves[queue.index()] = parent;
    }

    fn detach(&mut self, _: Time, queue: QueueId) {
        let mut index = self.leaf(queue);
        self.leaves[queue.index()] = NONE;
        while index != ROOT {
            if let Below::Family(family) = self.nodes[index as usize].below {
                if self.families[family as usize].children > 0 {
                    return;
                }
                self.families[family as usize].forget();
                self.free_families.push(family);
            }
            let node = &mut self.nodes[index as usize];
            debug_assert_eq!(node.state, State::Idle);
            index = core::mem::replace(&mut node.parent, NONE);
            let family = self.family_of(index);
            self.families[family].children -= 1;
        }
    }

    fn enqueued(&mut self, _: Time, _: QueueId, _: Entry) {}

    fn withdrawn(&mut self, _: Time, _: QueueId, _: Entry) {}

    fn eligible(&mut self, _: Time, queue: QueueId, _: Entry) {
        let leaf = self.leaf(queue);
        if self.nodes[leaf as usize].state != State::Eligible {
            self.settle(leaf, State::Eligible);
        }
    }

    fn ineligible(&mut self, _: Time, queue: QueueId, why: Ineligible) {
        let leaf = self.leaf(queue);
        match why {
            Ineligible::Empty => self.settle(leaf, State::Idle),
            Ineligible::Blocked if self.nodes[leaf as usize].state == State::Frozen => {}
            Ineligible::Blocked => self.settle(leaf, State::Frozen),
        }
    }

    fn pick(&mut self, _: Time, _: Entropy<'_>) -> Pick {
        let mut index = ROOT;
        loop {
            let family = match self.nodes[index as usize].below {
                Below::Queue(queue) => return Pick::Queue(QueueId(queue)),
                Below::Family(family) => &self.families[family as usize],
            };
            match family.eligible.peek() {
                Some((_, child)) => index = child,
                None => return Pick::Idle,
            }
        }
    }

    fn dispatched(&mut self, _: Time, queue: QueueId, sent: Entry, next: Option<Entry>) {
        // Whether the node at hand stays eligible; one that does not leaves its parent's heap at once
        // instead of being moved in it first.
        let mut stays = next.is_some();
        let mut index = self.leaf(queue);
        while index != ROOT {
            let parent = self.nodes[index as usize].parent;
            let family = self.family_of(parent);
            let holds_frozen = match self.nodes[index as usize].below {
                Below::Family(below) => self.families[below as usize].frozen > 0,
                Below::Queue(_) => false,
            };
            let family = &mut self.families[family];
            let node = &mut self.nodes[index as usize];
            debug_assert_eq!(node.state, State::Eligible, "a picked queue and all above it are");
            let before = node.start;
            node.start += node.charge(sent.segments);
            family.virtual_time = family.virtual_time.max(before);
            if stays {
                family.eligible.set(&mut self.positions, index, (node.start, node.tie));
            } else {
                family.eligible.remove(&mut self.positions, index);
                family.frozen += u32::from(holds_frozen);
                if holds_frozen {
                    node.state = State::Frozen;
                    node.start -= family.virtual_time;
                } else {
                    node.state = State::Idle;
                }
            }
            (index, stays) = (parent, !family.eligible.is_empty());
        }
    }

    fn completed(&mut self, _: Time, queue: QueueId, charged: Segments, used: Segments) {
        let back = Segments(charged.0.saturating_sub(used.0));
        if back.0 == 0 {
            return;
        }
        let mut index = self.leaf(queue);
        while index != ROOT {
            let units = self.nodes[index as usize].refund(back);
            self.move_tag(index, -units);
            index = self.nodes[index as usize].parent;
        }
    }

    fn reshape(&mut self, _: Time, change: Reshape) {
        match change {
            Reshape::Rate(rate) => self.rate = rate,
            Reshape::Weight { node: NodeId(node), weight, .. } => {
                if let Some(node) = self.nodes.get_mut(node as usize + 1) {
                    node.set_weight(weight);
                }
            }
        }
    }

    /// The lag of a child is w × (mean tag of the eligible siblings, by weight − own tag): what the
    /// fluid division of the service that node really received would have given it beyond what it got
    /// (Stoica and Abdel-Wahab 1995). A queue has its own lag and its part of its ancestors' lags.
    /// Where the destination has no rate, seconds are told as if it were one segment a second.
    fn explain(&self, queue: QueueId) -> Option<Standing> {
        const BILLION: i128 = 1_000_000_000;
        let mut index = self.leaves.get(queue.index()).copied().filter(|leaf| *leaf != NONE)?;
        // `share` is the part of the node above that the queue is entitled to.
        let (mut lag, mut share) = (0_i128, BILLION);
        while index != ROOT {
            let node = &self.nodes[index as usize];
            if node.state != State::Eligible {
                return None;
            }
            let siblings = &self.families[self.family_of(node.parent)];
            let (mut weights, mut ahead) = (0_i128, 0_i128);
            for ((start, _), child) in siblings.eligible.iter() {
                let weight = i128::from(self.nodes[child as usize].weight.millionths());
                weights += weight;
                // Tags grow for ever, their distances do not.
                ahead += (start - node.start) * weight;
            }
            let weight = i128::from(node.weight.millionths());
            let own = ahead / weights * weight * (BILLION / 1_000_000) / i128::from(TAG_UNITS);
            lag += own * share / BILLION;
            share = share * weight / weights;
            index = node.parent;
        }
        let (segments, per) = self.rate.map_or((1, BILLION), |rate| {
            (i128::from(rate.segments()), i128::from(rate.per().as_nanoseconds()))
        });
        let score_ns = lag * per / (segments * share.max(1));
        Some(Standing {
            score_ns,
            lag_nanosegments: lag,
            terms: TermTimes::default(),
            share_billionths: share as u64,
        })
    }
}
