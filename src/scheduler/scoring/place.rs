//! Where the children of a node stand, as the heap of its family keeps them.

use core::cmp::Ordering;

use super::super::tags::TagKey;
use crate::units::QueueId;

/// What is under a node, in four bytes: see [`Under`].
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Below(u32);

/// What is under a node.
#[derive(Clone, Copy, Debug)]
pub(super) enum Under {
    /// It is the leaf of this queue.
    Queue(QueueId),
    /// Children, by the index of their [`Family`](super::Family).
    Family(u32),
}

impl Below {
    /// Of numbers of queues and families none is near this: there is memory for neither.
    const IS_QUEUE: u32 = 1 << 31;

    pub(super) fn queue(queue: QueueId) -> Self {
        Below(queue.0 | Self::IS_QUEUE)
    }

    pub(super) fn family(index: u32) -> Self {
        Below(index)
    }

    pub(super) fn under(self) -> Under {
        match self.0 & Self::IS_QUEUE {
            0 => Under::Family(self.0),
            _ => Under::Queue(QueueId(self.0 & !Self::IS_QUEUE)),
        }
    }
}

/// Where a child is among its siblings; and what is under it, so that who looks for the queue that is next
/// goes from heap to heap and need not look at the nodes between. Packed, to be 32 bytes with the number of
/// the child.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
#[repr(Rust, packed(4))]
pub(super) struct Place {
    key: TagKey,
    below: Below,
}

impl Place {
    pub(super) fn new(key: TagKey, below: Below) -> Self {
        Place { key, below }
    }

    pub(super) fn below(&self) -> Below {
        self.below
    }

    #[inline]
    pub(super) fn key(&self) -> TagKey {
        self.key
    }
}

impl PartialEq for Place {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Place {}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }

    #[inline]
    fn lt(&self, other: &Self) -> bool {
        self.key() < other.key()
    }

    #[inline]
    fn le(&self, other: &Self) -> bool {
        self.key() <= other.key()
    }

    #[inline]
    fn ge(&self, other: &Self) -> bool {
        self.key() >= other.key()
    }
}

impl Ord for Place {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}
