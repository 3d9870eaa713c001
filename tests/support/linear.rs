//! A double: the same division as start-time fair queueing among queues, by looking at every one.

use apportion::scheduler::{Entropy, Entry, Hop, Ineligible, Pick, Policy, Reshape, Standing};
use apportion::time::Time;
use apportion::units::{QueueId, Segments};

/// Picks the smallest tag among all eligible queues by a linear scan.
#[derive(Default)]
pub(crate) struct LinearScan {
    /// By queue: its tag, what a segment adds to it, and whether it is eligible.
    queues: Vec<(u64, u64, bool)>,
    virtual_time: u64,
}

impl Policy for LinearScan {
    fn attach(&mut self, _: Time, queue: QueueId, path: &[Hop]) {
        if self.queues.len() <= queue.index() {
            self.queues.resize(queue.index() + 1, (0, 0, false));
        }
        let cost = |cost: u64, hop: &Hop| cost * 1_000_000 / hop.weight.millionths();
        self.queues[queue.index()] = (0, path.iter().fold(1 << 20, cost), false);
    }

    fn detach(&mut self, _: Time, _: QueueId) {}

    fn enqueued(&mut self, _: Time, _: QueueId, _: Entry) {}

    fn withdrawn(&mut self, _: Time, _: QueueId, _: Entry) {}

    fn eligible(&mut self, _: Time, queue: QueueId, _: Entry) {
        let (tag, _, is_eligible) = &mut self.queues[queue.index()];
        if !*is_eligible {
            *tag = self.virtual_time.max(*tag);
            *is_eligible = true;
        }
    }

    fn ineligible(&mut self, _: Time, queue: QueueId, _: Ineligible) {
        self.queues[queue.index()].2 = false;
    }

    fn pick(&mut self, _: Time, _: Entropy<'_>) -> Pick {
        let eligible = self.queues.iter().zip(0..).filter(|((_, _, is_eligible), _)| *is_eligible);
        let first = eligible.min_by_key(|((tag, ..), queue)| (*tag, *queue));
        first.map_or(Pick::Idle, |(_, queue)| Pick::Queue(QueueId(queue)))
    }

    fn dispatched(&mut self, _: Time, queue: QueueId, sent: Entry, next: Option<Entry>) {
        let (tag, cost, is_eligible) = &mut self.queues[queue.index()];
        self.virtual_time = *tag;
        *tag += *cost * sent.segments.get();
        *is_eligible = next.is_some();
    }

    fn completed(&mut self, _: Time, _: QueueId, _: Segments, _: Segments) {}

    fn reshape(&mut self, _: Time, _: Reshape) {}

    fn explain(&self, _: QueueId) -> Option<Standing> {
        None
    }
}
