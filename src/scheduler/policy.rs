//! What a policy is: the rule that picks the next queue, and nothing else.
//!
//! A policy only *orders* queues. Pacing, windows, admission, expiry, retry and accounting live in
//! the [`Lane`](super::Lane), the same for all, so that comparing policies compares policies.
//!
//! The lane tells the policy of every change, in this grammar for each queue:
//!
//! ```text
//! attach ( enqueued | withdrawn | eligible | ineligible | dispatched | completed )* detach
//! ```
//!
//! - `enqueued` comes for every message that joins a queue, in whatever state the queue is.
//! - `eligible` comes when a queue may be picked, and again whenever the head of an eligible queue
//!   changes other than by a dispatch. `ineligible` comes when it may not: it is empty, or blocked by
//!   a cap or a pause. A queue that was never announced is empty.
//! - `pick` is asked only while the lane could send at once. It changes nothing that a second `pick`
//!   at the same time would notice; `dispatched` commits.
//! - `dispatched` names the next head, if the queue stays eligible with one; without one the queue is
//!   empty from then on.
//! - `completed` tells, once an attempt is over, what of its charge the carrier really used.
//! - `detach` comes only for an empty queue.

use alloc::boxed::Box;

use crate::time::Time;
use crate::units::{QueueId, Rate, Segments, Weight};

/// A node of the share tree. Numbers are dense and reused after the node is gone.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct NodeId(pub u32);

/// The levels of the share tree below the destination, any of which may be absent.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub enum Level {
    /// Tenant sets.
    TenantSet,
    /// Tenants.
    Tenant,
    /// Classes of one tenant.
    Class,
    /// Senders of one class: the queues themselves.
    Sender,
}

/// One step of a queue's path through the share tree.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct Hop {
    /// The node stepped to.
    pub node: NodeId,
    /// Its level.
    pub level: Level,
    /// Its weight among its siblings.
    pub weight: Weight,
    /// Breaks ties among siblings: the smaller goes first. A keyed hash, so that no tenant can
    /// choose a name or number that wins ties.
    pub tie: u64,
}

/// A queued message as a policy sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct Entry {
    /// What it costs.
    pub segments: Segments,
    /// When it stops being worth sending.
    pub deadline: Time,
    /// Its place in the order of arrival at this lane; unique, and ascending within a queue.
    pub sequence: u64,
    /// Whether it was here before.
    pub kind: EntryKind,
}

/// Whether a queued message was here before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub enum EntryKind {
    /// Its first time in the queue.
    New,
    /// Back for another attempt.
    Retry,
    /// Its first time, in a queue of its tenant that is not its own: its own was too long.
    Spill,
}

/// Why a queue may not be picked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub enum Ineligible {
    /// It has no message.
    Empty,
    /// It has one, but a cap of its own or a pause holds it back.
    Blocked,
}

/// A policy's answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pick {
    /// This queue is next.
    Queue(QueueId),
    /// Nothing may go before this time, although something waits: the policy is not work-conserving.
    NotUntil(Time),
    /// No queue is eligible.
    Idle,
}

/// A change of what is divided, or of how.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reshape {
    /// The destination's rate; `None` for no limit.
    Rate(Option<Rate>),
    /// The weight of a node.
    Weight {
        /// The node.
        node: NodeId,
        /// Its weight among its siblings.
        weight: Weight,
        /// The product of the weights along the path down to it, for flat policies.
        product: Weight,
    },
}

/// What a node is promised and held to, whatever its weight.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct NodeBounds {
    /// The rate it is promised, where the destination has one.
    pub reservation: Option<Rate>,
    /// The same as a part of the service of its parent, at most 1.
    pub part: Option<Weight>,
    /// The rate it is held to.
    pub limit: Option<Rate>,
}

/// What the carrier thinks of an attempt.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub enum Verdict {
    /// It took the message.
    Taken,
    /// It refused the message for a reason of its own, not because there were too many.
    Refused,
}

/// What counts in a score beside the lag, in nanoseconds; all are 0 unless the policy was told to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct TermTimes {
    /// For the time that the first message has waited.
    pub waiting_ns: i128,
    /// For the nearness of its deadline.
    pub urgency_ns: i128,
    /// For failures of late; not positive.
    pub health_ns: i128,
}

impl TermTimes {
    /// All of them together.
    pub fn total(&self) -> i128 {
        self.waiting_ns + self.urgency_ns + self.health_ns
    }
}

/// Why a queue stands where it stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct Standing {
    /// How far the queue is behind its entitlement, in nanoseconds of its own share, and the terms that
    /// count beside that; negative when it is ahead. The highest goes first.
    pub score_ns: i128,
    /// How far it is behind in billionths of a segment. Over all eligible queues these add up to 0 but
    /// for rounding.
    pub lag_nanosegments: i128,
    /// The terms in the score.
    pub terms: TermTimes,
    /// What the queue is entitled to now, in billionths of the destination's rate.
    pub share_billionths: u64,
}

/// A source of entropy for policies that gamble; asked at most once a pick.
pub type Entropy<'a> = &'a mut dyn FnMut() -> u64;

/// The rule that picks the next queue. The module's documentation has the contract.
pub trait Policy {
    /// A queue exists from now on, empty, at the end of `path` (from the top; the last hop is the
    /// queue itself).
    fn attach(&mut self, now: Time, queue: QueueId, path: &[Hop]);
    /// A queue, empty, is gone.
    fn detach(&mut self, now: Time, queue: QueueId);
    /// A message joined a queue.
    fn enqueued(&mut self, now: Time, queue: QueueId, entry: Entry);
    /// A message left a queue without being dispatched.
    fn withdrawn(&mut self, now: Time, queue: QueueId, entry: Entry);
    /// The queue may be picked, with this head.
    fn eligible(&mut self, now: Time, queue: QueueId, head: Entry);
    /// The queue may not be picked.
    fn ineligible(&mut self, now: Time, queue: QueueId, why: Ineligible);
    /// Which queue is next?
    fn pick(&mut self, now: Time, entropy: Entropy<'_>) -> Pick;
    /// The head of a queue was sent and is charged; `next` is the new head, if there is one.
    fn dispatched(&mut self, now: Time, queue: QueueId, sent: Entry, next: Option<Entry>);
    /// An attempt is over: it was charged `charged` and used `used` of the carrier's slots.
    fn completed(&mut self, now: Time, queue: QueueId, charged: Segments, used: Segments);
    /// The division changed.
    fn reshape(&mut self, now: Time, change: Reshape);
    /// A node has these bounds from now on. Most policies divide by weight alone and ignore them.
    fn bound(&mut self, now: Time, node: NodeId, bounds: NodeBounds) {
        let _ = (now, node, bounds);
    }
    /// The carrier answered an attempt of a queue, other than that there are too many. Comes after
    /// `completed`; most policies do not care.
    fn answered(&mut self, now: Time, queue: QueueId, verdict: Verdict) {
        let _ = (now, queue, verdict);
    }
    /// Where a queue stands; `None` when it is not eligible or the policy has no such notion.
    fn explain(&self, queue: QueueId) -> Option<Standing>;
}

impl<P: Policy + ?Sized> Policy for Box<P> {
    fn attach(&mut self, now: Time, queue: QueueId, path: &[Hop]) {
        (**self).attach(now, queue, path);
    }
    fn detach(&mut self, now: Time, queue: QueueId) {
        (**self).detach(now, queue);
    }
    fn enqueued(&mut self, now: Time, queue: QueueId, entry: Entry) {
        (**self).enqueued(now, queue, entry);
    }
    fn withdrawn(&mut self, now: Time, queue: QueueId, entry: Entry) {
        (**self).withdrawn(now, queue, entry);
    }
    fn eligible(&mut self, now: Time, queue: QueueId, head: Entry) {
        (**self).eligible(now, queue, head);
    }
    fn ineligible(&mut self, now: Time, queue: QueueId, why: Ineligible) {
        (**self).ineligible(now, queue, why);
    }
    fn pick(&mut self, now: Time, entropy: Entropy<'_>) -> Pick {
        (**self).pick(now, entropy)
    }
    fn dispatched(&mut self, now: Time, queue: QueueId, sent: Entry, next: Option<Entry>) {
        (**self).dispatched(now, queue, sent, next);
    }
    fn completed(&mut self, now: Time, queue: QueueId, charged: Segments, used: Segments) {
        (**self).completed(now, queue, charged, used);
    }
    fn reshape(&mut self, now: Time, change: Reshape) {
        (**self).reshape(now, change);
    }
    fn bound(&mut self, now: Time, node: NodeId, bounds: NodeBounds) {
        (**self).bound(now, node, bounds);
    }
    fn answered(&mut self, now: Time, queue: QueueId, verdict: Verdict) {
        (**self).answered(now, queue, verdict);
    }
    fn explain(&self, queue: QueueId) -> Option<Standing> {
        (**self).explain(queue)
    }
}
