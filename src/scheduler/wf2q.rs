//! WF²Q, worst-case fair weighted fair queueing: among the messages that the fluid division has begun to
//! serve, the one it finishes first.
//!
//! Bennett and Zhang (INFOCOM 1996). The tags are those of [`Wfq`](super::Wfq), stamped at arrival by the
//! fluid clock; only messages with S ≤ V may go. So no flow is behind the fluid division by more than Lmax,
//! or ahead of it by more than (1 − rᵢ/r)Lᵢ. While the lane sends less than the fluid clock's rate, for a
//! cap or an outage, nothing is early and the order is that of WFQ; when caps leave only early messages,
//! the one that the fluid division begins first goes.

use alloc::vec::Vec;

use super::flows::{Flows, put, tie_of};
use super::fluid_clock::FluidClock;
use super::heap::IndexedHeap;
use super::policy::{Entropy, Entry, Hop, Ineligible, Pick, Policy, Reshape, Standing};
use super::stamps::Stamps;
use crate::time::Time;
use crate::units::{QueueId, Rate, Segments};

/// The smallest finish tag among the messages whose start tag the fluid clock has reached.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct Wf2q {
    clock: FluidClock,
    flows: Flows,
    /// Finish tag of each flow's last message.
    last_finish: Vec<u128>,
    /// Start and finish tag.
    stamps: Stamps<(u128, u128)>,
    ties: Vec<u64>,
    /// Queues whose head the clock has reached, by finish tag; and the others, by start tag, with the
    /// finish tag.
    ready: IndexedHeap<(u128, u64)>,
    early: IndexedHeap<(u128, u64, u128)>,
}

impl Wf2q {
    /// The policy without queues, on a fluid clock of `rate`.
    pub fn new(rate: Rate) -> Self {
        Wf2q {
            clock: FluidClock::new(rate),
            flows: Flows::default(),
            last_finish: Vec::new(),
            stamps: Stamps::default(),
            ties: Vec::new(),
            ready: IndexedHeap::default(),
            early: IndexedHeap::default(),
        }
    }

    fn set_head(&mut self, queue: QueueId, head: Option<Entry>) {
        self.ready.remove(queue.0);
        self.early.remove(queue.0);
        if let Some(head) = head {
            let (start, finish) = self.stamps.head(queue, head);
            self.early.set(queue.0, (start, self.ties[queue.index()], finish));
        }
    }
}

impl Policy for Wf2q {
    fn attach(&mut self, _: Time, queue: QueueId, path: &[Hop]) {
        let (flow, is_new) = self.flows.attach(queue, path);
        if is_new {
            put(&mut self.last_finish, flow, 0);
        }
        self.stamps.attach(queue);
        put(&mut self.ties, queue.0, tie_of(path));
    }

    fn detach(&mut self, now: Time, queue: QueueId) {
        let (flow, was_last) = self.flows.detach(queue);
        if was_last {
            self.clock.advance(now);
            self.clock.forget(flow);
        }
    }

    fn enqueued(&mut self, now: Time, queue: QueueId, entry: Entry) {
        let flow = self.flows.of(queue);
        let weight = self.flows.weight(flow);
        self.clock.advance(now);
        let last_finish = &mut self.last_finish[flow as usize];
        let stamp = self.clock.stamp(flow, weight, last_finish, entry.segments);
        self.stamps.insert(queue, entry, stamp);
    }

    fn withdrawn(&mut self, _: Time, queue: QueueId, entry: Entry) {
        self.stamps.remove(queue, entry);
    }

    fn eligible(&mut self, _: Time, queue: QueueId, head: Entry) {
        self.set_head(queue, Some(head));
    }

    fn ineligible(&mut self, _: Time, queue: QueueId, _: Ineligible) {
        self.set_head(queue, None);
    }

    fn pick(&mut self, now: Time, _: Entropy<'_>) -> Pick {
        self.clock.advance(now);
        while let Some(((start, tie, finish), queue)) = self.early.peek() {
            if start > self.clock.virtual_time {
                break;
            }
            self.early.remove(queue);
            self.ready.set(queue, (finish, tie));
        }
        let ready = self.ready.peek().map(|(_, queue)| queue);
        let next = ready.or(self.early.peek().map(|(_, queue)| queue));
        next.map_or(Pick::Idle, |queue| Pick::Queue(QueueId(queue)))
    }

    fn dispatched(&mut self, _: Time, queue: QueueId, sent: Entry, next: Option<Entry>) {
        self.stamps.remove(queue, sent);
        self.set_head(queue, next);
    }

    fn completed(&mut self, _: Time, _: QueueId, _: Segments, _: Segments) {}

    fn reshape(&mut self, now: Time, change: Reshape) {
        self.clock.advance(now);
        match change {
            Reshape::Rate(Some(rate)) => self.clock.set_rate(rate),
            Reshape::Rate(None) => {}
            Reshape::Weight { node, weight, product } => {
                self.flows.reweigh(node, weight, product, |_, _| {});
            }
        }
    }

    fn explain(&self, _: QueueId) -> Option<Standing> {
        None
    }
}
