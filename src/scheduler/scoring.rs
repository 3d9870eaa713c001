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
//! A child whose weight changes owes the fluid division, or is owed by it, as many segments as before: the
//! distance of its tag to the mean tag of the eligible, by weight, times its own weight stays (Stoica and
//! Abdel-Wahab 1995, section 4). Else one that was just served at a hundredth of the weight would wait a
//! hundred times as long as it should.
//!
//! A child that becomes backlogged starts at max(own tag, V): unused credit is forgotten, debt is
//! kept. A child that its own cap holds back keeps its distance to V: it neither winds up credit nor
//! is lifted. Shares count only eligible children, so what one leaves unused the others have at once,
//! and splitting traffic over more senders moves nothing between tenants.
//!
//! Tags are integers: a segment at weight 1 is [`TAG_UNITS`] units, a multiple of every number up to
//! 16, so shares by whole weights up to 16 are exact. For other weights the fraction of a unit is
//! carried to the next charge and never lost, so a tag is off by less than one unit, always.

mod place;

use alloc::vec::Vec;

use self::place::{Below, Place, Under};
use super::heap::{Heap, Positions};
use super::policy::{
    Entropy, Entry, Hop, Ineligible, NodeId, Pick, Policy, Reshape, Standing, TermTimes,
};
use super::tags::{Tag, TagKey, ahead_of, mean, unused};
use crate::paged::Paged;
use crate::time::Time;
use crate::units::{QueueId, Rate, Segments, Weight};

/// Tag units of one segment at weight 1: the least common multiple of 1 to 16, times 2²⁰.
pub const TAG_UNITS: u64 = 720_720 << 20;

/// Children that a family has room for although it has none now.
const MOST_ROOM_KEPT: usize = 8;

const ROOT: u32 = 0;
/// The family of the root's children.
const OLDEST: u32 = 0;
const NONE: u32 = u32::MAX;

/// The scoring policy; re-scores after every message.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct Scoring {
    /// Index 0 is the root; the node of a hop is its number plus one.
    nodes: Paged<Node>,
    /// What only nodes with children have; index 0 is the root's.
    families: Paged<Family>,
    free_families: Vec<u32>,
    positions: Positions,
    /// The leaf of each queue.
    leaves: Paged<u32>,
    /// Only to tell scores in seconds.
    rate: Option<Rate>,
}

/// There is a node for every queue, so it is a cache line, and what only parents need is kept apart.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
#[repr(align(64))]
struct Node {
    /// Its own and its siblings', by the index of their [`Family`]; of nobody's node none.
    family: u32,
    below: Below,
    state: State,
    tie: u64,
    /// Service received ÷ weight; while the node is frozen, how far that was ahead of V when it was held
    /// back.
    start: Tag,
}

/// The children of a node.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
#[repr(align(64))]
struct Family {
    /// V of the children.
    virtual_time: i128,
    /// Eligible children.
    eligible: Heap<Place>,
    /// Children held back by caps of their own.
    frozen: u32,
    /// Children in any state.
    children: u32,
    /// Whose they are, and to which family that one belongs.
    parent: u32,
    above: u32,
}

impl Family {
    /// A child becomes eligible. Most families are small, so room is made for hardly more than there are
    /// children.
    fn enter(&mut self, positions: &mut Positions, child: u32, place: Place) {
        self.eligible.reserve(self.children as usize);
        self.eligible.set(positions, child, place);
    }

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
    fn new(family: u32, below: Below, weight: Weight, tie: u64) -> Self {
        Node { family, below, state: State::Idle, tie, start: Tag::new(weight) }
    }

    fn place(&self) -> Place {
        Place::new(TagKey::new(self.start.value(), self.tie), self.below)
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
        let mut policy = Scoring {
            nodes: Paged::default(),
            families: Paged::default(),
            free_families: Vec::new(),
            positions: Positions::default(),
            leaves: Paged::default(),
            rate: None,
        };
        let family = policy.new_family(ROOT, NONE);
        policy.nodes.push(Node::new(NONE, Below::family(family), Weight::ONE, 0));
        policy
    }

    fn leaf(&self, queue: QueueId) -> u32 {
        let leaf = self.leaves.get(queue.index()).copied().unwrap_or(NONE);
        assert_ne!(leaf, NONE, "queue {} is not attached", queue.0);
        leaf
    }

    /// A family for the children of a node, which itself belongs to the family `above`.
    fn new_family(&mut self, parent: u32, above: u32) -> u32 {
        let index = self.free_families.pop().unwrap_or_else(|| {
            self.families.push(Family::default());
            (self.families.len() - 1) as u32
        });
        let family = &mut self.families[index];
        (family.parent, family.above) = (parent, above);
        index
    }

    /// Where the fluid division of what was really sent has all eligible children: the mean of their tags, by
    /// weight, rounded down to a unit. V where there are none.
    fn fluid_time(&self, family: u32) -> i128 {
        let family = &self.families[family];
        let children = family.eligible.iter().map(|(_, child)| &self.nodes[child].start);
        mean(family.virtual_time, children)
    }

    /// Moves a node to another state and lets its ancestors follow.
    fn settle(&mut self, mut index: u32, mut target: State) {
        while index != ROOT {
            let node = &mut self.nodes[index];
            let family = &mut self.families[node.family];
            let before = node.state;
            let start = match before {
                State::Idle => node.start.value().max(family.virtual_time),
                State::Frozen => family.virtual_time + node.start.value(),
                State::Eligible => node.start.value(),
            };
            node.start.move_to(match target {
                State::Frozen => start - family.virtual_time,
                State::Idle | State::Eligible => start,
            });
            if before == State::Idle && target == State::Idle {
                return;
            }
            node.state = target;
            family.frozen -= u32::from(before == State::Frozen);
            family.frozen += u32::from(target == State::Frozen);
            if target == State::Eligible {
                family.enter(&mut self.positions, index, node.place());
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
            let parent = family.parent;
            if parent == ROOT || self.nodes[parent].state == wanted {
                return;
            }
            (index, target) = (parent, wanted);
        }
    }
}

impl Policy for Scoring {
    fn attach(&mut self, _: Time, queue: QueueId, path: &[Hop]) {
        let (mut family, mut leaf) = (OLDEST, ROOT);
        for (depth, hop) in path.iter().enumerate() {
            let index = hop.node.0 + 1;
            while self.nodes.len() <= index as usize {
                self.nodes.push(Node::new(NONE, Below::queue(queue), Weight::ONE, 0));
            }
            if self.nodes[index].family == NONE {
                let is_leaf = depth + 1 == path.len();
                let below = if is_leaf {
                    Below::queue(queue)
                } else {
                    Below::family(self.new_family(index, family))
                };
                self.nodes[index] = Node::new(family, below, hop.weight, hop.tie);
                self.families[family].children += 1;
            }
            if let Under::Family(below) = self.nodes[index].below.under() {
                family = below;
            }
            leaf = index;
        }
        while self.leaves.len() <= queue.index() {
            self.leaves.push(NONE);
        }
        self.leaves[queue.0] = leaf;
    }

    fn detach(&mut self, _: Time, queue: QueueId) {
        let mut index = self.leaf(queue);
        self.leaves[queue.0] = NONE;
        while index != ROOT {
            if let Under::Family(family) = self.nodes[index].below.under() {
                let children = &mut self.families[family];
                if children.children > 0 {
                    return;
                }
                children.forget();
                self.free_families.push(family);
            }
            let node = &mut self.nodes[index];
            debug_assert_eq!(node.state, State::Idle);
            let family = core::mem::replace(&mut node.family, NONE);
            let family = &mut self.families[family];
            family.children -= 1;
            index = family.parent;
        }
    }

    fn enqueued(&mut self, _: Time, _: QueueId, _: Entry) {}

    fn withdrawn(&mut self, _: Time, _: QueueId, _: Entry) {}

    fn eligible(&mut self, _: Time, queue: QueueId, _: Entry) {
        let leaf = self.leaf(queue);
        if self.nodes[leaf].state != State::Eligible {
            self.settle(leaf, State::Eligible);
        }
    }

    fn ineligible(&mut self, _: Time, queue: QueueId, why: Ineligible) {
        let leaf = self.leaf(queue);
        match why {
            Ineligible::Empty => self.settle(leaf, State::Idle),
            Ineligible::Blocked if self.nodes[leaf].state == State::Frozen => {}
            Ineligible::Blocked => self.settle(leaf, State::Frozen),
        }
    }

    fn pick(&mut self, _: Time, _: Entropy<'_>) -> Pick {
        let mut family = OLDEST;
        loop {
            let Some((first, _)) = self.families[family].eligible.peek() else { return Pick::Idle };
            match first.below().under() {
                Under::Queue(queue) => return Pick::Queue(queue),
                Under::Family(below) => family = below,
            }
        }
    }

    fn dispatched(&mut self, _: Time, queue: QueueId, sent: Entry, next: Option<Entry>) {
        // Whether the node at hand stays eligible; one that does not leaves its siblings' heap at once
        // instead of being moved in it first.
        let mut stays = next.is_some();
        let mut holds_frozen = false;
        let mut index = self.leaf(queue);
        // By way of the families, which picking has just looked at: nodes are looked up all at once.
        let mut siblings = self.nodes[index].family;
        while index != ROOT {
            let node = &mut self.nodes[index];
            let family = &mut self.families[siblings];
            debug_assert_eq!(node.state, State::Eligible, "a picked queue and all above it are");
            family.virtual_time = family.virtual_time.max(node.start.value());
            node.start.charge(sent.segments);
            if stays {
                // Whoever goes is first among its siblings.
                debug_assert_eq!(family.eligible.peek().map(|(_, first)| first), Some(index));
                family.eligible.put_off_first(&mut self.positions, node.place());
            } else {
                family.eligible.remove(&mut self.positions, index);
                family.frozen += u32::from(holds_frozen);
                if holds_frozen {
                    node.state = State::Frozen;
                    node.start.move_to(node.start.value() - family.virtual_time);
                } else {
                    node.state = State::Idle;
                }
            }
            (stays, holds_frozen) = (!family.eligible.is_empty(), family.frozen > 0);
            (index, siblings) = (family.parent, family.above);
        }
    }

    fn completed(&mut self, _: Time, queue: QueueId, charged: Segments, used: Segments) {
        let Some(back) = unused(charged, used) else { return };
        let mut index = self.leaf(queue);
        while index != ROOT {
            let node = &mut self.nodes[index];
            let family = &mut self.families[node.family];
            node.start.refund(back);
            if node.state == State::Eligible {
                family.eligible.set(&mut self.positions, index, node.place());
            }
            index = family.parent;
        }
    }

    fn reshape(&mut self, _: Time, change: Reshape) {
        match change {
            Reshape::Rate(rate) => self.rate = rate,
            Reshape::Weight { node: NodeId(node), weight, .. } => {
                let index = node + 1;
                if self.nodes.get(index as usize).is_none_or(|node| node.family == NONE) {
                    return;
                }
                let fluid = self.fluid_time(self.nodes[index].family);
                let node = &mut self.nodes[index];
                let family = &mut self.families[node.family];
                match node.state {
                    State::Frozen => node.start.reweigh_from(fluid - family.virtual_time, weight),
                    State::Idle => node.start.reweigh_from(fluid, weight),
                    State::Eligible => {
                        node.start.reweigh_from(fluid, weight);
                        family.eligible.set(&mut self.positions, index, node.place());
                    }
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
            let node = &self.nodes[index];
            if node.state != State::Eligible {
                return None;
            }
            let siblings = &self.families[node.family];
            let tags = siblings
                .eligible
                .iter()
                .map(|(place, child)| (place.key().tag(), self.nodes[child].start.weight()));
            let (ahead, weights) = ahead_of(node.start.value(), tags);
            let weight = i128::from(node.start.weight());
            let own = ahead / weights * weight * (BILLION / 1_000_000) / i128::from(TAG_UNITS);
            lag += own * share / BILLION;
            share = share * weight / weights;
            index = siblings.parent;
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
