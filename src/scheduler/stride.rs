//! Stride scheduling (Waldspurger and Weihl, MIT/LCS/TM-528, 1995): each flow's pass advances by its
//! stride, the inverse of its weight, for every segment; the smallest pass first.
//!
//! A flow that sleeps keeps its distance to the global pass, which advances as the pass of one flow with
//! all weights together would; a new flow is one stride ahead of it. Any two flows that are both
//! backlogged are within one quantum: |nᵢ − (nᵢ + nⱼ)wᵢ/(wᵢ + wⱼ)| ≤ 1. The absolute error of one flow
//! against many grows with their number.

use alloc::vec::Vec;

use super::by_flow::{FlowPick, FlowRule};
use super::flows::{FlowId, FlowTerms, put};
use super::heap::IndexedHeap;
use super::policy::Entry;
use super::service_clock::ServiceClock;
use super::tags::{Tag, unused};
use crate::time::Time;
use crate::units::Segments;

/// The smallest pass first.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct Stride {
    flows: Vec<Flow>,
    awake: IndexedHeap<(i128, u64)>,
    /// The global pass: V of the flows that are awake.
    global: ServiceClock,
}

#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
struct Flow {
    /// The pass; of a flow that sleeps, its distance to the global pass.
    pass: Tag,
    tie: u64,
}

impl Default for Stride {
    fn default() -> Self {
        Stride { flows: Vec::new(), awake: IndexedHeap::default(), global: ServiceClock::new(None) }
    }
}

impl Stride {
    /// The rule without flows.
    pub fn new() -> Self {
        Self::default()
    }

    fn rank(&mut self, flow: FlowId) {
        let Flow { pass, tie } = self.flows[flow as usize];
        self.awake.set(flow, (pass.value(), tie));
    }

    fn weigh(&mut self, now: Time, taken: u64, added: u64) {
        let weights = self.global.weights() + u128::from(added) - u128::from(taken);
        self.global.set_weights(now, weights);
    }
}

impl FlowRule for Stride {
    fn attach(&mut self, _: Time, flow: FlowId, terms: FlowTerms) {
        let mut pass = Tag::new(terms.weight);
        pass.charge(Segments(1));
        put(&mut self.flows, flow, Flow { pass, tie: terms.tie });
    }

    fn woke(&mut self, now: Time, flow: FlowId, _: Entry) {
        self.weigh(now, 0, self.flows[flow as usize].pass.weight());
        let pass = &mut self.flows[flow as usize].pass;
        pass.set(pass.value() + self.global.value());
        self.rank(flow);
    }

    fn slept(&mut self, now: Time, flow: FlowId) {
        self.weigh(now, self.flows[flow as usize].pass.weight(), 0);
        let pass = &mut self.flows[flow as usize].pass;
        pass.set(pass.value() - self.global.value());
        self.awake.remove(flow);
    }

    fn pick(&mut self, _: Time) -> FlowPick {
        self.awake.peek().map(|(_, flow)| flow).into()
    }

    fn served(&mut self, now: Time, flow: FlowId, sent: Entry, next: Option<Entry>) {
        self.global.serve(now, sent.segments);
        self.global.advance(now);
        self.flows[flow as usize].pass.charge(sent.segments);
        match next {
            Some(_) => self.rank(flow),
            None => self.slept(now, flow),
        }
    }

    fn completed(&mut self, _: Time, flow: FlowId, charged: Segments, used: Segments) {
        if let Some(back) = unused(charged, used) {
            self.flows[flow as usize].pass.refund(back);
            if self.awake.contains(flow) {
                self.rank(flow);
            }
        }
    }

    /// The distance to the global pass is in strides of the flow, so it is stretched with the stride.
    fn reweighed(&mut self, now: Time, flow: FlowId, terms: FlowTerms) {
        let is_awake = self.awake.contains(flow);
        let pass = &mut self.flows[flow as usize].pass;
        let global = if is_awake { self.global.value() } else { 0 };
        let (old, new) = (pass.weight(), terms.weight.millionths());
        pass.reweigh_from(global, terms.weight);
        if is_awake {
            self.weigh(now, old, new);
            self.rank(flow);
        }
    }
}
