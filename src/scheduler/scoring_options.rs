//! How the scoring policy can be set.

use core::num::NonZeroU32;

use crate::time::Span;

/// How scoring chooses among the children of a node. The default is [`Scoring`](super::Scoring)'s:
/// the one furthest behind, found anew after every message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub enum ScoringOptions {
    /// The child furthest behind its share.
    FurthestBehind {
        /// When the order is found anew.
        rescore: Rescore,
        /// What counts beside the lag.
        terms: Terms,
    },
    /// Among the children that the fluid division has begun to serve, the one it finishes first (WF²Q+ at
    /// every node). This bounds how far anybody gets ahead, which an order that stands for several messages
    /// or heeds other terms would undo.
    WorstCaseFair,
}

impl Default for ScoringOptions {
    fn default() -> Self {
        ScoringOptions::FurthestBehind { rescore: Rescore::default(), terms: Terms::NONE }
    }
}

/// When the order of the queues is found anew. It stands until one of these happens: so many messages were
/// retrieved; it has grown too old; nothing in it may be sent; a tenant is attached or detached; a weight, a
/// bound or the rate changes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct Rescore {
    /// Messages retrieved (K). Siblings i and j that are both backlogged stay within
    /// K·(Lᵢ/wᵢ + Lⱼ/wⱼ) of each other under [`Batch::Drain`].
    pub every: NonZeroU32,
    /// The greatest age, counted from the first message retrieved.
    pub max_age: Option<Span>,
    /// How the order is followed.
    pub batch: Batch,
}

impl Default for Rescore {
    fn default() -> Self {
        Rescore { every: NonZeroU32::MIN, max_age: None, batch: Batch::Drain }
    }
}

/// How an order that stands is followed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub enum Batch {
    /// The first queue that may be sent from, as long as it may.
    Drain,
    /// One message a queue. A queue then gets at most one of min(K, n) messages, so larger shares among n
    /// queues are not kept.
    Walk,
}

/// What counts in a score beside the lag, each with its own weight; all are 0 unless set. A term takes from
/// others what it gives: with any of them the relative fairness bound does not hold. Evaluated for every
/// queue when the order is found anew, which then costs O(n).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct Terms {
    /// Millionths of a second for each second that the queue's first message has waited.
    pub waiting_millionths: u32,
    /// Millionths of a second for each second by which the first message's deadline is nearer than
    /// `urgency_horizon`.
    pub urgency_millionths: u32,
    /// Deadlines farther away than this are not urgent.
    pub urgency_horizon: Span,
    /// What a queue loses whose attempts all fail; in proportion for those that sometimes do.
    pub health: Span,
}

impl Terms {
    /// None of them.
    pub const NONE: Terms = Terms {
        waiting_millionths: 0,
        urgency_millionths: 0,
        urgency_horizon: Span::ZERO,
        health: Span::ZERO,
    };

    /// Whether any term counts.
    pub fn are_set(&self) -> bool {
        self.waiting_millionths > 0 || self.urgency_millionths > 0 || self.health > Span::ZERO
    }
}
