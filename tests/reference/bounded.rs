//! Tells a policy what each tenant is promised and held to, as a lane with such settings would: all of it
//! again whenever a queue comes or goes.

use super::platform::bounds_of;
use super::rational::Ratio;
use super::scoring;
use apportion::scheduler::{
    Entropy, Entry, Hop, Ineligible, Level, NodeBounds, NodeId, Pick, Policy, Reshape, Standing,
};
use apportion::time::{Span, Time};
use apportion::units::{QueueId, Rate, Segments, Weight, mix};
use std::collections::BTreeMap;

#[derive(Debug)]
pub(crate) struct Bounded<P> {
    inner: P,
    /// The interval of all rates of the trace, in nanoseconds.
    per: u64,
    /// The tenants that are there, by queue.
    tenants: BTreeMap<QueueId, (NodeId, NodeBounds)>,
}

impl<P: Policy> Bounded<P> {
    pub(crate) fn new(inner: P, rate: Rate) -> Self {
        Bounded { inner, per: rate.per().as_nanoseconds(), tenants: BTreeMap::new() }
    }

    fn tell_all(&mut self, now: Time) {
        for (node, bounds) in self.tenants.values() {
            self.inner.bound(now, *node, *bounds);
        }
    }
}

impl<P: Policy> Policy for Bounded<P> {
    fn attach(&mut self, now: Time, queue: QueueId, path: &[Hop]) {
        self.inner.attach(now, queue, path);
        let end = path.iter().position(|hop| hop.level == Level::Tenant).expect("a tenant");
        let node = path[end].node;
        let tie = path[..=end].iter().fold(0, |tie, hop| mix(tie ^ hop.tie));
        let halves = Ratio::from(2 * self.per);
        let rate = |rate: Ratio| {
            let segments = (rate * halves).ceil() as u64;
            Rate::new(segments, Span::from_nanoseconds(2 * self.per)).expect("a valid rate")
        };
        let (reservation, limit) = bounds_of(tie, self.per);
        let (reservation, limit) = (reservation.map(rate), limit.map(rate));
        self.tenants.insert(queue, (node, NodeBounds { reservation, part: None, limit }));
        self.tell_all(now);
    }
    fn detach(&mut self, now: Time, queue: QueueId) {
        self.tenants.remove(&queue);
        self.inner.detach(now, queue);
        self.tell_all(now);
    }
    fn enqueued(&mut self, now: Time, queue: QueueId, entry: Entry) {
        self.inner.enqueued(now, queue, entry);
    }
    fn withdrawn(&mut self, now: Time, queue: QueueId, entry: Entry) {
        self.inner.withdrawn(now, queue, entry);
    }
    fn eligible(&mut self, now: Time, queue: QueueId, head: Entry) {
        self.inner.eligible(now, queue, head);
    }
    fn ineligible(&mut self, now: Time, queue: QueueId, why: Ineligible) {
        self.inner.ineligible(now, queue, why);
    }
    fn pick(&mut self, now: Time, entropy: Entropy<'_>) -> Pick {
        self.inner.pick(now, entropy)
    }
    fn dispatched(&mut self, now: Time, queue: QueueId, sent: Entry, next: Option<Entry>) {
        self.inner.dispatched(now, queue, sent, next);
    }
    fn completed(&mut self, now: Time, queue: QueueId, charged: Segments, used: Segments) {
        self.inner.completed(now, queue, charged, used);
    }
    fn reshape(&mut self, now: Time, change: Reshape) {
        self.inner.reshape(now, change);
    }
    fn explain(&self, queue: QueueId) -> Option<Standing> {
        self.inner.explain(queue)
    }
}

/// The same for all nodes of the share tree but the queues.
#[derive(Debug)]
pub(crate) struct BoundedTree<P> {
    inner: P,
    per: u64,
    /// The nodes above each queue.
    above: BTreeMap<QueueId, Vec<NodeId>>,
}

impl<P: Policy> BoundedTree<P> {
    pub(crate) fn new(inner: P, rate: Rate) -> Self {
        BoundedTree { inner, per: rate.per().as_nanoseconds(), above: BTreeMap::new() }
    }
}

impl<P: Policy> Policy for BoundedTree<P> {
    fn attach(&mut self, now: Time, queue: QueueId, path: &[Hop]) {
        self.inner.attach(now, queue, path);
        let nodes = path.iter().filter(|hop| hop.level != Level::Sender);
        for hop in nodes.clone() {
            let is_new = !self.above.values().any(|known| known.contains(&hop.node));
            let (part, limit) = scoring::bounds_of(hop.tie, self.per);
            if is_new && (part.is_some() || limit.is_some()) {
                let millionths = |part: Ratio| (part * Ratio::from(1_000_000)).ceil() as u64;
                let rate = |rate: Ratio| {
                    let segments = (rate * Ratio::from(self.per)).ceil() as u64;
                    Rate::new(segments, Span::from_nanoseconds(self.per)).expect("a valid rate")
                };
                let part = part.and_then(|part| Weight::from_millionths(millionths(part)));
                let bounds = NodeBounds { reservation: None, part, limit: limit.map(rate) };
                self.inner.bound(now, hop.node, bounds);
            }
        }
        self.above.insert(queue, nodes.map(|hop| hop.node).collect());
    }
    fn detach(&mut self, now: Time, queue: QueueId) {
        self.above.remove(&queue);
        self.inner.detach(now, queue);
    }
    fn enqueued(&mut self, now: Time, queue: QueueId, entry: Entry) {
        self.inner.enqueued(now, queue, entry);
    }
    fn withdrawn(&mut self, now: Time, queue: QueueId, entry: Entry) {
        self.inner.withdrawn(now, queue, entry);
    }
    fn eligible(&mut self, now: Time, queue: QueueId, head: Entry) {
        self.inner.eligible(now, queue, head);
    }
    fn ineligible(&mut self, now: Time, queue: QueueId, why: Ineligible) {
        self.inner.ineligible(now, queue, why);
    }
    fn pick(&mut self, now: Time, entropy: Entropy<'_>) -> Pick {
        self.inner.pick(now, entropy)
    }
    fn dispatched(&mut self, now: Time, queue: QueueId, sent: Entry, next: Option<Entry>) {
        self.inner.dispatched(now, queue, sent, next);
    }
    fn completed(&mut self, now: Time, queue: QueueId, charged: Segments, used: Segments) {
        self.inner.completed(now, queue, charged, used);
    }
    fn reshape(&mut self, now: Time, change: Reshape) {
        self.inner.reshape(now, change);
    }
    fn explain(&self, queue: QueueId) -> Option<Standing> {
        self.inner.explain(queue)
    }
}
