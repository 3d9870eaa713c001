//! Tells a policy what each tenant is promised and held to, as a lane with such settings would.

use super::platform::bounds_of;
use super::rational::Ratio;
use apportion::scheduler::{
    Entropy, Entry, Hop, Ineligible, Level, NodeId, Pick, Policy, Reshape, Standing,
};
use apportion::time::{Span, Time};
use apportion::units::{QueueId, Rate, Segments, mix};
use std::collections::BTreeMap;

#[derive(Debug)]
pub(crate) struct Bounded<P> {
    inner: P,
    /// The interval of all rates of the trace, in nanoseconds.
    per: u64,
    /// The tenants that are there, by queue.
    tenants: BTreeMap<QueueId, NodeId>,
}

impl<P: Policy> Bounded<P> {
    pub(crate) fn new(inner: P, rate: Rate) -> Self {
        Bounded { inner, per: rate.per().as_nanoseconds(), tenants: BTreeMap::new() }
    }
}

impl<P: Policy> Policy for Bounded<P> {
    fn attach(&mut self, now: Time, queue: QueueId, path: &[Hop]) {
        self.inner.attach(now, queue, path);
        let end = path.iter().position(|hop| hop.level == Level::Tenant).expect("a tenant");
        let node = path[end].node;
        let is_new = !self.tenants.values().any(|other| *other == node);
        self.tenants.insert(queue, node);
        if is_new {
            let tie = path[..=end].iter().fold(0, |tie, hop| mix(tie ^ hop.tie));
            let halves = Ratio::from(2 * self.per);
            let rate = |rate: Ratio| {
                let segments = (rate * halves).ceil() as u64;
                Rate::new(segments, Span::from_nanoseconds(2 * self.per)).expect("a valid rate")
            };
            let (reservation, limit) = bounds_of(tie, self.per);
            self.inner.bound(now, node, reservation.map(rate), limit.map(rate));
        }
    }
    fn detach(&mut self, now: Time, queue: QueueId) {
        self.tenants.remove(&queue);
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
