//! Weighted fair queueing, also known as PGPS: messages leave in the order in which the fluid
//! division (GPS) would finish them, as stamped at arrival.
//!
//! Demers, Keshav and Shenker (SIGCOMM 1989); Parekh and Gallager (ToN 1993), whose notation this is:
//! a message of length L that arrives at time a has the start tag S = max(V(a), F of the flow's previous
//! message) and the finish tag F = S + L ÷ φ, where V is the fluid division's virtual time.
//!
//! A message that comes back for another attempt is stamped anew, and nothing is given back for
//! attempts that used no slot of the carrier: a stamp at arrival cannot be taken back.

use alloc::vec::Vec;

use super::flows::{Flows, put, tie_of};
use super::fluid_clock::FluidClock;
use super::heap::IndexedHeap;
use super::policy::{Entropy, Entry, Hop, Ineligible, Pick, Policy, Reshape, Standing};
use super::stamps::Stamps;
use crate::time::Time;
use crate::units::{QueueId, Rate, Segments};

/// The order of the fluid division's finish times.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct Wfq {
    clock: FluidClock,
    flows: Flows,
    /// Finish tag of each flow's last message.
    last_finish: Vec<u128>,
    stamps: Stamps<u128>,
    ties: Vec<u64>,
    heads: IndexedHeap<(u128, u64)>,
}

impl Wfq {
    /// The policy without queues, on a fluid clock of `rate`.
    pub fn new(rate: Rate) -> Self {
        Wfq {
            clock: FluidClock::new(rate),
            flows: Flows::default(),
            last_finish: Vec::new(),
            stamps: Stamps::default(),
            ties: Vec::new(),
            heads: IndexedHeap::default(),
        }
    }

    fn set_head(&mut self, queue: QueueId, head: Option<Entry>) {
        match head {
            Some(head) => {
                let finish = self.stamps.head(queue, head);
                self.heads.set(queue.0, (finish, self.ties[queue.index()]));
            }
            None => self.heads.remove(queue.0),
        }
    }
}

impl Policy for Wfq {
    fn attach(&mut self, _: Time, queue: QueueId, path: &[Hop]) {
        let (flow, is_new) = self.flows.attach(queue, path);
        if is_new {
            put(&mut self.last_finish, flow, 0);
        }
        self.stamps.attach(queue);
        // Queues of one tenant with equal tags differ by their own hop, tenants by theirs.
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
        let (_, finish) = self.clock.stamp(flow, weight, last_finish, entry.segments);
        self.stamps.insert(queue, entry, finish);
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

    fn pick(&mut self, _: Time, _: Entropy<'_>) -> Pick {
        self.heads.peek().map_or(Pick::Idle, |(_, queue)| Pick::Queue(QueueId(queue)))
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
