//! Virtual token counter (Sheng et al., OSDI 2024): the flow with the least service ÷ weight so far, and
//! a lift for those who come back.
//!
//! A flow that wakes is lifted to the least counter of those awake or, if there is none, to that of the
//! flow which slept last: what it did not use while idle is lost. Flows that are both backlogged differ
//! by at most twice the largest message ÷ weight. With segments as tokens a message's cost is known when
//! it goes, so the paper's M, what may go before a counter moves, is one message.

use alloc::vec::Vec;

use super::by_flow::{FlowPick, FlowRule};
use super::flows::{FlowId, FlowTerms, put};
use super::heap::IndexedHeap;
use super::policy::Entry;
use super::tags::{Tag, unused};
use crate::time::Time;
use crate::units::Segments;

/// The smallest counter first.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct Vtc {
    flows: Vec<(Tag, u64)>,
    awake: IndexedHeap<(i128, u64)>,
    /// Counter of the flow that slept last.
    last_left: i128,
}

impl Vtc {
    /// The rule without flows.
    pub fn new() -> Self {
        Self::default()
    }

    fn rank(&mut self, flow: FlowId) {
        let (counter, tie) = self.flows[flow as usize];
        self.awake.set(flow, (counter.value(), tie));
    }
}

impl FlowRule for Vtc {
    fn attach(&mut self, _: Time, flow: FlowId, terms: FlowTerms) {
        put(&mut self.flows, flow, (Tag::new(terms.weight), terms.tie));
    }

    fn woke(&mut self, _: Time, flow: FlowId, _: Entry) {
        let floor = self.awake.peek().map_or(self.last_left, |((least, _), _)| least);
        self.flows[flow as usize].0.lift(floor);
        self.rank(flow);
    }

    fn slept(&mut self, _: Time, flow: FlowId) {
        self.last_left = self.flows[flow as usize].0.value();
        self.awake.remove(flow);
    }

    fn pick(&mut self, _: Time) -> FlowPick {
        self.awake.peek().map(|(_, flow)| flow).into()
    }

    fn served(&mut self, now: Time, flow: FlowId, sent: Entry, next: Option<Entry>) {
        self.flows[flow as usize].0.charge(sent.segments);
        match next {
            Some(_) => self.rank(flow),
            None => self.slept(now, flow),
        }
    }

    fn completed(&mut self, _: Time, flow: FlowId, charged: Segments, used: Segments) {
        if let Some(back) = unused(charged, used) {
            self.flows[flow as usize].0.refund(back);
            if self.awake.contains(flow) {
                self.rank(flow);
            }
        }
    }

    fn reweighed(&mut self, _: Time, flow: FlowId, terms: FlowTerms) {
        self.flows[flow as usize].0.reweigh(terms.weight);
    }
}
