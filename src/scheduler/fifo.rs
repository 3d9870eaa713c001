//! First in, first out over the whole lane: the baseline in which one tenant's campaign delays all.

use super::heap::IndexedHeap;
use super::policy::{Entropy, Entry, Hop, Ineligible, Pick, Policy, Reshape, Standing};
use crate::time::Time;
use crate::units::{QueueId, Segments};

/// The message that arrived first, among the queues that no cap holds back. A message that comes
/// back for another attempt keeps its place if it goes to the head of its queue, and takes a new one
/// if it goes to the tail.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct Fifo {
    heads: IndexedHeap<u64>,
}

impl Fifo {
    /// The policy without queues.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Policy for Fifo {
    fn attach(&mut self, _: Time, _: QueueId, _: &[Hop]) {}

    fn detach(&mut self, _: Time, _: QueueId) {}

    fn enqueued(&mut self, _: Time, _: QueueId, _: Entry) {}

    fn withdrawn(&mut self, _: Time, _: QueueId, _: Entry) {}

    fn eligible(&mut self, _: Time, queue: QueueId, head: Entry) {
        self.heads.set(queue.0, head.sequence);
    }

    fn ineligible(&mut self, _: Time, queue: QueueId, _: Ineligible) {
        self.heads.remove(queue.0);
    }

    fn pick(&mut self, _: Time, _: Entropy<'_>) -> Pick {
        self.heads.peek().map_or(Pick::Idle, |(_, queue)| Pick::Queue(QueueId(queue)))
    }

    fn dispatched(&mut self, _: Time, queue: QueueId, _: Entry, next: Option<Entry>) {
        match next {
            Some(head) => self.heads.set(queue.0, head.sequence),
            None => self.heads.remove(queue.0),
        }
    }

    fn completed(&mut self, _: Time, _: QueueId, _: Segments, _: Segments) {}

    fn reshape(&mut self, _: Time, _: Reshape) {}

    fn explain(&self, _: QueueId) -> Option<Standing> {
        None
    }
}
