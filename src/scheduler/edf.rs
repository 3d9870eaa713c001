//! Earliest deadline first, without preemption: the queue whose head expires first.
//!
//! Messages that never expire come last, in the order of arrival. When the fluid preemptive schedule
//! meets all deadlines, none is missed by more than Lmax ÷ r (Georgiadis, Guérin and Parekh 1997).

use super::heap::IndexedHeap;
use super::policy::{Entropy, Entry, Hop, Ineligible, Pick, Policy, Reshape, Standing};
use crate::time::Time;
use crate::units::{QueueId, Segments};

/// The head with the earliest deadline; of equal ones, the one that arrived first.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct Edf {
    heads: IndexedHeap<(Time, u64)>,
}

impl Edf {
    /// The policy without queues.
    pub fn new() -> Self {
        Self::default()
    }

    fn set_head(&mut self, queue: QueueId, head: Option<Entry>) {
        match head {
            Some(head) => self.heads.set(queue.0, (head.deadline, head.sequence)),
            None => self.heads.remove(queue.0),
        }
    }
}

impl Policy for Edf {
    fn attach(&mut self, _: Time, _: QueueId, _: &[Hop]) {}

    fn detach(&mut self, _: Time, _: QueueId) {}

    fn enqueued(&mut self, _: Time, _: QueueId, _: Entry) {}

    fn withdrawn(&mut self, _: Time, _: QueueId, _: Entry) {}

    fn eligible(&mut self, _: Time, queue: QueueId, head: Entry) {
        self.set_head(queue, Some(head));
    }

    fn ineligible(&mut self, _: Time, queue: QueueId, _: Ineligible) {
        self.set_head(queue, None);
    }

    fn pick(&mut self, _: Time, _: Entropy<'_>) -> Pick {
        self.heads.peek().map_or(Pick::Idle, |(_, queue)| Pick::Queue(QueueId(queue)))
    }

    fn dispatched(&mut self, _: Time, queue: QueueId, _: Entry, next: Option<Entry>) {
        self.set_head(queue, next);
    }

    fn completed(&mut self, _: Time, _: QueueId, _: Segments, _: Segments) {}

    fn reshape(&mut self, _: Time, _: Reshape) {}

    fn explain(&self, _: QueueId) -> Option<Standing> {
        None
    }
}
