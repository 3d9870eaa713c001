//! Makes a policy of a rule that only orders flows.
//!
//! Most baselines of the literature are rules over flows with one queue each. [`ByFlow`] groups a lane's
//! queues into flows and serves each first come, first served; a [`FlowRule`] says which flow is next.

use super::flows::{FlowChange, FlowId, FlowTerms, FlowUnit, Flows};
use super::policy::{
    Entropy, Entry, Hop, Ineligible, NodeBounds, NodeId, Pick, Policy, Reshape, Standing,
};
use crate::time::Time;
use crate::units::{QueueId, Rate, Segments};

/// A rule's answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub enum FlowPick {
    /// This flow is next.
    Flow(FlowId),
    /// Nothing may go before this time, although something waits.
    NotUntil(Time),
    /// No flow is awake.
    Idle,
}

impl From<Option<FlowId>> for FlowPick {
    fn from(flow: Option<FlowId>) -> Self {
        flow.map_or(FlowPick::Idle, FlowPick::Flow)
    }
}

/// A rule that orders flows. Each flow goes through
///
/// ```text
/// attach ( arrived | left | woke | head_changed | slept | served | completed | reweighed )* detach
/// ```
///
/// and is *awake* from `woke` until `slept`, or until `served` without a next head. The hooks that most
/// rules have no use for do nothing by default.
pub trait FlowRule {
    /// A flow exists from now on, asleep.
    fn attach(&mut self, now: Time, flow: FlowId, terms: FlowTerms);
    /// A flow, asleep, is gone.
    fn detach(&mut self, now: Time, flow: FlowId) {
        let _ = (now, flow);
    }
    /// A message joined a queue of the flow, awake or not.
    fn arrived(&mut self, now: Time, flow: FlowId, entry: Entry) {
        let _ = (now, flow, entry);
    }
    /// A message left a queue of the flow without being served.
    fn left(&mut self, now: Time, flow: FlowId, entry: Entry) {
        let _ = (now, flow, entry);
    }
    /// The flow may be picked, with this head.
    fn woke(&mut self, now: Time, flow: FlowId, head: Entry);
    /// A flow that is awake has another head, other than by being served.
    fn head_changed(&mut self, now: Time, flow: FlowId, head: Entry) {
        let _ = (now, flow, head);
    }
    /// The flow may not be picked any more.
    fn slept(&mut self, now: Time, flow: FlowId);
    /// Which flow is next? Changes nothing that a second call at the same time would notice.
    fn pick(&mut self, now: Time) -> FlowPick;
    /// A message of a flow that is awake was sent; `next` is the flow's new head. Without one it sleeps.
    fn served(&mut self, now: Time, flow: FlowId, sent: Entry, next: Option<Entry>);
    /// An attempt that was charged `charged` used `used`.
    fn completed(&mut self, now: Time, flow: FlowId, charged: Segments, used: Segments) {
        let _ = (now, flow, charged, used);
    }
    /// The flow has other weights.
    fn reweighed(&mut self, now: Time, flow: FlowId, terms: FlowTerms) {
        let _ = (now, flow, terms);
    }
    /// The destination has another rate.
    fn set_rate(&mut self, now: Time, rate: Option<Rate>) {
        let _ = (now, rate);
    }
    /// The flow is promised `reservation` and held to `limit`.
    fn set_bounds(
        &mut self,
        now: Time,
        flow: FlowId,
        reservation: Option<Rate>,
        limit: Option<Rate>,
    ) {
        let _ = (now, flow, reservation, limit);
    }
}

/// The policy that follows a rule over flows.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct ByFlow<R> {
    rule: R,
    unit: FlowUnit,
    flows: Flows,
}

impl<R: FlowRule> ByFlow<R> {
    /// The rule over tenants.
    pub fn tenants(rule: R) -> Self {
        Self::of(FlowUnit::Tenant, rule)
    }

    /// The rule over flows of this kind.
    pub fn of(unit: FlowUnit, rule: R) -> Self {
        ByFlow { rule, unit, flows: Flows::default() }
    }

    fn set_head(&mut self, now: Time, queue: QueueId, head: Option<Entry>) {
        let flow = self.flows.of(queue);
        let before = self.flows.head(flow);
        let change = self.flows.set_head(queue, head);
        match (change, self.flows.head(flow)) {
            (FlowChange::Woke, Some(head)) => self.rule.woke(now, flow, head),
            (FlowChange::Slept, _) => self.rule.slept(now, flow),
            (_, Some(head)) if before != Some(head) => self.rule.head_changed(now, flow, head),
            _ => {}
        }
    }
}

impl<R: FlowRule> Policy for ByFlow<R> {
    fn attach(&mut self, now: Time, queue: QueueId, path: &[Hop]) {
        let (flow, is_new) = self.flows.attach_by(self.unit, queue, path);
        if is_new {
            self.rule.attach(now, flow, self.flows.terms(flow));
        }
    }

    fn detach(&mut self, now: Time, queue: QueueId) {
        let (flow, was_last) = self.flows.detach(queue);
        if was_last {
            self.rule.detach(now, flow);
        }
    }

    fn enqueued(&mut self, now: Time, queue: QueueId, entry: Entry) {
        self.rule.arrived(now, self.flows.of(queue), entry);
    }

    fn withdrawn(&mut self, now: Time, queue: QueueId, entry: Entry) {
        self.rule.left(now, self.flows.of(queue), entry);
    }

    fn eligible(&mut self, now: Time, queue: QueueId, head: Entry) {
        self.set_head(now, queue, Some(head));
    }

    fn ineligible(&mut self, now: Time, queue: QueueId, _: Ineligible) {
        self.set_head(now, queue, None);
    }

    fn pick(&mut self, now: Time, _: Entropy<'_>) -> Pick {
        match self.rule.pick(now) {
            FlowPick::Flow(flow) => {
                Pick::Queue(self.flows.first(flow).expect("a flow that is awake has a head"))
            }
            FlowPick::NotUntil(time) => Pick::NotUntil(time),
            FlowPick::Idle => Pick::Idle,
        }
    }

    fn dispatched(&mut self, now: Time, queue: QueueId, sent: Entry, next: Option<Entry>) {
        let flow = self.flows.of(queue);
        self.flows.set_head(queue, next);
        self.rule.served(now, flow, sent, self.flows.head(flow));
    }

    fn completed(&mut self, now: Time, queue: QueueId, charged: Segments, used: Segments) {
        self.rule.completed(now, self.flows.of(queue), charged, used);
    }

    fn reshape(&mut self, now: Time, change: Reshape) {
        match change {
            Reshape::Rate(rate) => self.rule.set_rate(now, rate),
            Reshape::Weight { node, weight, product } => {
                let rule = &mut self.rule;
                self.flows.reweigh(node, weight, product, |flow, terms| {
                    rule.reweighed(now, flow, terms);
                });
            }
        }
    }

    fn bound(&mut self, now: Time, node: NodeId, bounds: NodeBounds) {
        if self.flows.exists(node.0) {
            self.rule.set_bounds(now, node.0, bounds.reservation, bounds.limit);
        }
    }

    fn explain(&self, _: QueueId) -> Option<Standing> {
        None
    }
}
