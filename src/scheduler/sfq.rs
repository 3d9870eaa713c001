//! Start-time fair queueing (Goyal, Vin and Cheng, SIGCOMM 1996): the smallest start tag first.
//!
//! A message has the start tag S = max(V, F of the flow's previous) and the finish tag F = S + L ÷ φ; V is
//! the start tag of the message in service, and the largest finish tag of those served when a busy period
//! is over. Whatever the rate does, flows that are both backlogged differ by
//!
//! > |Wᵢ/wᵢ − Wⱼ/wⱼ| ≤ Lᵢ/wᵢ + Lⱼ/wⱼ
//!
//! on every interval, and at a rate r a message leaves by EAT + Σ_{n≠i} Lₙ/r + L/r.

use alloc::vec::Vec;

use super::by_flow::{FlowPick, FlowRule};
use super::flows::{FlowId, FlowTerms, put};
use super::heap::IndexedHeap;
use super::policy::Entry;
use super::service_clock::BusyPeriod;
use super::tags::{Tag, unused};
use crate::time::Time;
use crate::units::{Rate, Segments};

/// The smallest start tag first.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct Sfq {
    /// Start tag of each flow's head, or of what will be its head.
    flows: Vec<(Tag, u64)>,
    awake: IndexedHeap<(i128, u64)>,
    virtual_time: i128,
    last_finish: i128,
    busy: BusyPeriod,
}

impl Sfq {
    /// The rule without flows.
    pub fn new() -> Self {
        Self::default()
    }

    fn rank(&mut self, flow: FlowId) {
        let (start, tie) = self.flows[flow as usize];
        self.awake.set(flow, (start.value(), tie));
    }
}

impl FlowRule for Sfq {
    fn attach(&mut self, _: Time, flow: FlowId, terms: FlowTerms) {
        put(&mut self.flows, flow, (Tag::new(terms.weight), terms.tie));
    }

    fn woke(&mut self, now: Time, flow: FlowId, _: Entry) {
        if self.awake.peek().is_none() && self.busy.is_over(now) {
            self.virtual_time = self.virtual_time.max(self.last_finish);
        }
        self.flows[flow as usize].0.lift(self.virtual_time);
        self.rank(flow);
    }

    fn slept(&mut self, _: Time, flow: FlowId) {
        self.awake.remove(flow);
    }

    fn pick(&mut self, _: Time) -> FlowPick {
        self.awake.peek().map(|(_, flow)| flow).into()
    }

    fn served(&mut self, now: Time, flow: FlowId, sent: Entry, next: Option<Entry>) {
        let (tag, _) = &mut self.flows[flow as usize];
        self.virtual_time = self.virtual_time.max(tag.value());
        tag.charge(sent.segments);
        self.last_finish = self.last_finish.max(tag.value());
        self.busy.served(now, sent.segments);
        match next {
            Some(_) => self.rank(flow),
            None => self.awake.remove(flow),
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

    fn set_rate(&mut self, _: Time, rate: Option<Rate>) {
        self.busy.set_rate(rate);
    }
}
