//! Static partition of the rate: each tenant its own token bucket, whatever the others do.
//!
//! The baseline that is *not* work-conserving: what one tenant leaves unused, nobody has. Tenants
//! count from the time their first queue is attached until their last one is detached.

use super::flows::{FlowChange, FlowId, Flows};
use super::heap::IndexedHeap;
use super::policy::{Entropy, Entry, Hop, Ineligible, NodeId, Pick, Policy, Reshape, Standing};
use crate::time::Time;
use crate::units::{QueueId, Rate, Segments, Weight};
use alloc::vec::Vec;

/// Each tenant gets rate × weight ÷ weights of all attached tenants, with a burst of one message.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct TokenPartition {
    rate: Rate,
    flows: Flows,
    /// Sum of the weights of the attached tenants, in millionths.
    weights: u64,
    /// When each tenant may send again.
    ready: Vec<Time>,
    /// Tenants with an eligible queue, by when they may send, then in the keyed order.
    waiting: IndexedHeap<(Time, u64)>,
}

impl TokenPartition {
    /// The policy without queues, dividing `rate`.
    pub fn new(rate: Rate) -> Self {
        TokenPartition {
            rate,
            flows: Flows::default(),
            weights: 0,
            ready: Vec::new(),
            waiting: IndexedHeap::default(),
        }
    }

    fn set_head(&mut self, queue: QueueId, head: Option<Entry>) {
        let flow = self.flows.of(queue);
        match self.flows.set_head(queue, head) {
            FlowChange::Woke => self.wait(flow),
            FlowChange::Slept => self.waiting.remove(flow),
            FlowChange::Stayed => {}
        }
    }
}

impl Policy for TokenPartition {
    fn attach(&mut self, _: Time, queue: QueueId, path: &[Hop]) {
        let (flow, is_new) = self.flows.attach(queue, path);
        if is_new {
            self.weights += self.flows.weight(flow).millionths();
            if self.ready.len() <= flow as usize {
                self.ready.resize(flow as usize + 1, Time::ZERO);
            }
            self.ready[flow as usize] = Time::ZERO;
        }
    }

    fn detach(&mut self, _: Time, queue: QueueId) {
        let (flow, was_last) = self.flows.detach(queue);
        if was_last {
            self.weights -= self.flows.weight(flow).millionths();
        }
    }

    fn enqueued(&mut self, _: Time, _: QueueId, _: Entry) {}

    fn withdrawn(&mut self, _: Time, _: QueueId, _: Entry) {}

    fn eligible(&mut self, _: Time, queue: QueueId, head: Entry) {
        self.set_head(queue, Some(head));
    }

    fn ineligible(&mut self, _: Time, queue: QueueId, _: Ineligible) {
        self.set_head(queue, None);
    }

    fn pick(&mut self, now: Time, _: Entropy<'_>) -> Pick {
        match self.waiting.peek() {
            None => Pick::Idle,
            Some(((ready, _), _)) if ready > now => Pick::NotUntil(ready),
            Some((_, flow)) => {
                Pick::Queue(self.flows.first(flow).expect("a waiting flow has an eligible queue"))
            }
        }
    }

    fn dispatched(&mut self, now: Time, queue: QueueId, sent: Entry, next: Option<Entry>) {
        let flow = self.flows.of(queue);
        let weight = u128::from(self.flows.weight(flow).millionths());
        let per = u128::from(self.rate.per().as_nanoseconds()) * u128::from(self.weights);
        let cost = (per * u128::from(sent.segments.get()))
            .div_ceil(u128::from(self.rate.segments()) * weight);
        let cost = u64::try_from(cost).unwrap_or(u64::MAX);
        let ready = self.ready[flow as usize].max(now);
        self.ready[flow as usize] = ready.saturating_add(crate::time::Span::from_nanoseconds(cost));
        self.set_head(queue, next);
        if self.waiting.contains(flow) {
            self.wait(flow);
        }
    }

    fn completed(&mut self, _: Time, _: QueueId, _: Segments, _: Segments) {}

    fn reshape(&mut self, _: Time, change: Reshape) {
        match change {
            Reshape::Rate(Some(rate)) => self.rate = rate,
            Reshape::Rate(None) => {}
            Reshape::Weight { node: NodeId(flow), product, .. } => {
                self.change_weight(flow, product)
            }
        }
    }

    fn explain(&self, _: QueueId) -> Option<Standing> {
        None
    }
}

impl TokenPartition {
    fn wait(&mut self, flow: FlowId) {
        self.waiting.set(flow, (self.ready[flow as usize], self.flows.terms(flow).tie));
    }

    fn change_weight(&mut self, flow: FlowId, weight: Weight) {
        self.weights += weight.millionths();
        self.weights -= self.flows.weight(flow).millionths();
        self.flows.set_weight(flow, weight);
    }
}
