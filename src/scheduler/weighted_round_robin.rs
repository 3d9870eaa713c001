//! Smooth weighted round robin, as nginx has it since 2012: turns by weight, spread evenly.
//!
//! For each message every flow that is awake gains its weight; the flow with the most goes, and pays the
//! sum of the weights. Weights 5:1:1 give `aabacaa`; every Σw messages in a row hold each flow exactly w
//! times. Counts messages, not segments. A flow that sleeps keeps what it gained, as in nginx a peer that
//! is down does.

use alloc::vec::Vec;

use super::by_flow::{FlowPick, FlowRule};
use super::flows::{FlowId, FlowTerms, put};
use super::policy::Entry;
use crate::time::Time;

/// The flow with the most gained turns. Each decision looks at every flow that is awake: O(n).
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct WeightedRoundRobin {
    flows: Vec<Flow>,
    awake: Vec<FlowId>,
    /// Sum of the weights of the flows that are awake, in millionths.
    weights: i128,
}

#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
struct Flow {
    weight: i128,
    tie: u64,
    gained: i128,
    /// Place among those awake, if it is.
    place: Option<u32>,
}

impl WeightedRoundRobin {
    /// The rule without flows.
    pub fn new() -> Self {
        Self::default()
    }
}

impl FlowRule for WeightedRoundRobin {
    fn attach(&mut self, _: Time, flow: FlowId, terms: FlowTerms) {
        let weight = i128::from(terms.weight.millionths());
        put(&mut self.flows, flow, Flow { weight, tie: terms.tie, gained: 0, place: None });
    }

    fn woke(&mut self, _: Time, flow: FlowId, _: Entry) {
        let own = &mut self.flows[flow as usize];
        own.place = Some(self.awake.len() as u32);
        self.weights += own.weight;
        self.awake.push(flow);
    }

    fn slept(&mut self, _: Time, flow: FlowId) {
        let own = &mut self.flows[flow as usize];
        let place = own.place.take().expect("a flow sleeps only after it was awake") as usize;
        self.weights -= own.weight;
        self.awake.swap_remove(place);
        if let Some(moved) = self.awake.get(place) {
            self.flows[*moved as usize].place = Some(place as u32);
        }
    }

    fn pick(&mut self, _: Time) -> FlowPick {
        let rank = |flow: &&FlowId| {
            let own = &self.flows[**flow as usize];
            (-(own.gained + own.weight), own.tie)
        };
        self.awake.iter().min_by_key(rank).copied().into()
    }

    fn served(&mut self, now: Time, flow: FlowId, _: Entry, next: Option<Entry>) {
        for other in &self.awake {
            let other = &mut self.flows[*other as usize];
            other.gained += other.weight;
        }
        self.flows[flow as usize].gained -= self.weights;
        if next.is_none() {
            self.slept(now, flow);
        }
    }

    fn reweighed(&mut self, _: Time, flow: FlowId, terms: FlowTerms) {
        let own = &mut self.flows[flow as usize];
        let weight = i128::from(terms.weight.millionths());
        if own.place.is_some() {
            self.weights += weight - own.weight;
        }
        own.weight = weight;
    }
}
