//! Stamps that messages get when they arrive, kept by queue in the order of arrival.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::policy::Entry;
use crate::units::QueueId;

/// The stamps of the messages in each queue.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Stamps<T> {
    queues: Vec<VecDeque<(u64, T)>>,
}

impl<T> Default for Stamps<T> {
    fn default() -> Self {
        Stamps { queues: Vec::new() }
    }
}

impl<T: Copy> Stamps<T> {
    pub(crate) fn attach(&mut self, queue: QueueId) {
        if self.queues.len() <= queue.index() {
            self.queues.resize_with(queue.index() + 1, VecDeque::new);
        }
        self.queues[queue.index()].clear();
    }

    /// A message joined its queue, perhaps not at the end: it may be back for another attempt.
    pub(crate) fn insert(&mut self, queue: QueueId, entry: Entry, stamp: T) {
        let stamps = &mut self.queues[queue.index()];
        let place = stamps.partition_point(|(sequence, _)| *sequence < entry.sequence);
        stamps.insert(place, (entry.sequence, stamp));
    }

    /// A message left its queue from anywhere.
    pub(crate) fn remove(&mut self, queue: QueueId, entry: Entry) {
        let stamps = &mut self.queues[queue.index()];
        let place = stamps.partition_point(|(sequence, _)| *sequence < entry.sequence);
        stamps.remove(place);
    }

    /// The stamp of a queue's head.
    pub(crate) fn head(&self, queue: QueueId, head: Entry) -> T {
        let first = self.queues[queue.index()].front();
        debug_assert_eq!(first.map(|(sequence, _)| *sequence), Some(head.sequence));
        first.expect("the head of a queue was stamped").1
    }
}
