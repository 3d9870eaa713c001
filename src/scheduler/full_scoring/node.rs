//! A node of the share tree as scoring keeps it.

use alloc::collections::VecDeque;

use super::super::heap::Heap;
use super::super::pacing::Pacer;
use super::super::policy::{Entry, TermTimes};
use super::super::service_clock::ServiceClock;
use super::super::tags::{Tag, TagKey};
use crate::time::Time;
use crate::units::Weight;

pub(super) const ROOT: u32 = 0;
pub(super) const NONE: u32 = u32::MAX;

/// Key of a child that V has not reached: its start, then its finish, so that among those that V reaches
/// next the first is the one that goes next.
pub(super) type EarlyKey = (i128, i128, u64);

/// What is below a node, or for a queue what the lane said of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub(super) enum Below {
    /// Nothing waits.
    Idle,
    /// All that waits is held back.
    Held,
    /// Something may be sent but for the node's own limit.
    Limited,
    /// What may be sent has had its turn in the order that stands.
    Taken,
    /// Something may be sent.
    Ready,
}

/// How a node takes part in its parent's division.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub(super) enum Place {
    Idle,
    /// Held back: it keeps its distance, and that of its promise, to the clocks of its parent.
    Frozen {
        lag: i128,
        promise_lag: i128,
    },
    /// Held back by its own limit: like one that is idle, it keeps its debt and forgets unused credit.
    Limited,
    /// Had its turn.
    Taken,
    /// The fluid division has not begun to serve it; only under worst-case fairness.
    Early,
    Ready,
}

impl Place {
    /// Whether it is among those that the parent divides its service among.
    pub(super) fn takes_part(self) -> bool {
        matches!(self, Place::Taken | Place::Early | Place::Ready)
    }
}

#[derive(Clone, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Node {
    pub(super) parent: u32,
    /// The queue, for a leaf.
    pub(super) queue: u32,
    /// Children in any state.
    pub(super) children: u32,
    pub(super) tie: u64,
    /// Service received ÷ weight.
    pub(super) tag: Tag,
    /// Service received ÷ the part of the parent's that it is promised.
    pub(super) promise: Option<Tag>,
    pub(super) limit: Option<Pacer>,
    pub(super) below: Below,
    pub(super) place: Place,
    /// Had its turn in the order that stands; of a queue.
    pub(super) is_taken: bool,
    /// Segments sent, and segments given back, that are not in the tag yet.
    pub(super) charged: u64,
    pub(super) returned: u64,
    /// What it would send now, where that matters.
    pub(super) head: Option<Entry>,
    /// What counts beside the lag; of an inner node, that of the queue it would send from.
    pub(super) terms: TermTimes,
    pub(super) division: Division,
    /// When the messages that wait came, by their sequence; of a queue, where waiting counts.
    pub(super) arrivals: VecDeque<(u64, Time)>,
    /// How often attempts failed of late, in billionths.
    pub(super) failing: u32,
}

/// A node's division among its children.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Division {
    /// V. It knows the sum of the children's weights.
    pub(super) clock: ServiceClock,
    pub(super) ready: Heap<TagKey>,
    pub(super) early: Heap<EarlyKey>,
    pub(super) taken: Heap<TagKey>,
    /// Children with a promise that are ready, by the tag of that.
    pub(super) promised: Heap<TagKey>,
    /// Service of the node, slowed down while its ready children are promised more than all of it.
    pub(super) promised_clock: Tag,
    /// Sum of the parts promised to ready children, in millionths.
    pub(super) promised_parts: u64,
    /// Children held back, by their limits or otherwise.
    pub(super) held: u32,
}

impl Node {
    pub(super) fn new(parent: u32, weight: Weight, tie: u64) -> Self {
        Node {
            parent,
            queue: NONE,
            children: 0,
            tie,
            tag: Tag::new(weight),
            promise: None,
            limit: None,
            below: Below::Idle,
            place: Place::Idle,
            is_taken: false,
            charged: 0,
            returned: 0,
            head: None,
            terms: TermTimes::default(),
            division: Division::new(),
            arrivals: VecDeque::new(),
            failing: 0,
        }
    }

    /// The tag with what is not in it yet.
    pub(super) fn tag_now(&self) -> i128 {
        let mut tag = self.tag;
        tag.charge_all(self.charged);
        tag.refund_all(self.returned);
        tag.value()
    }
}

impl Division {
    fn new() -> Self {
        Division {
            clock: ServiceClock::new(None),
            ready: Heap::default(),
            early: Heap::default(),
            taken: Heap::default(),
            promised: Heap::default(),
            promised_clock: Tag::new(Weight::ONE),
            promised_parts: 0,
            held: 0,
        }
    }

    pub(super) fn weigh(&mut self, now: Time, taken: u64, added: u64) {
        let weights = self.clock.weights() + u128::from(added) - u128::from(taken);
        self.clock.set_weights(now, weights);
    }

    /// A ready child is promised another part than before.
    pub(super) fn promise(&mut self, taken: u64, added: u64) {
        self.promised_parts = self.promised_parts + added - taken;
        let pace = self.promised_parts.max(Weight::ONE.millionths());
        if self.promised_clock.weight() != pace {
            let pace = Weight::from_millionths(pace).expect("a million children at most");
            self.promised_clock.reweigh(pace);
        }
    }

    /// What is below the node.
    pub(super) fn below(&self) -> Below {
        if !self.ready.is_empty() || !self.early.is_empty() {
            Below::Ready
        } else if !self.taken.is_empty() {
            Below::Taken
        } else if self.held > 0 {
            Below::Held
        } else {
            Below::Idle
        }
    }

    /// All children that take part, with their numbers.
    pub(super) fn members(&self) -> impl Iterator<Item = u32> + '_ {
        let early = self.early.iter().map(|(_, child)| child);
        self.ready.iter().chain(self.taken.iter()).map(|(_, child)| child).chain(early)
    }
}
