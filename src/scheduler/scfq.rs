//! Self-clocked fair queueing (Golestani, INFOCOM 1994): the smallest finish tag first, V is the finish
//! tag of the message in service.
//!
//! The relative bound is that of start-time fair queueing, without a clock of real time; a message
//! leaves by its guaranteed-rate clock + Σ_{n≠i} Lₙ/r.

use alloc::vec::Vec;

use super::by_flow::{FlowPick, FlowRule};
use super::flows::{FlowId, FlowTerms, put};
use super::heap::IndexedHeap;
use super::policy::Entry;
use super::tags::{Tag, unused};
use crate::time::Time;
use crate::units::Segments;

/// The smallest finish tag first.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct Scfq {
    flows: Vec<Flow>,
    awake: IndexedHeap<(i128, u64)>,
    virtual_time: i128,
}

#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
struct Flow {
    start: Tag,
    head: Segments,
    tie: u64,
}

impl Scfq {
    /// The rule without flows.
    pub fn new() -> Self {
        Self::default()
    }

    fn rank(&mut self, flow: FlowId) {
        let Flow { start, head, tie } = self.flows[flow as usize];
        self.awake.set(flow, (start.after(head), tie));
    }
}

impl FlowRule for Scfq {
    fn attach(&mut self, _: Time, flow: FlowId, terms: FlowTerms) {
        let (start, tie) = (Tag::new(terms.weight), terms.tie);
        put(&mut self.flows, flow, Flow { start, head: Segments(0), tie });
    }

    fn woke(&mut self, now: Time, flow: FlowId, head: Entry) {
        self.flows[flow as usize].start.lift(self.virtual_time);
        self.head_changed(now, flow, head);
    }

    fn head_changed(&mut self, _: Time, flow: FlowId, head: Entry) {
        self.flows[flow as usize].head = head.segments;
        self.rank(flow);
    }

    fn slept(&mut self, _: Time, flow: FlowId) {
        self.awake.remove(flow);
    }

    fn pick(&mut self, _: Time) -> FlowPick {
        self.awake.peek().map(|(_, flow)| flow).into()
    }

    fn served(&mut self, now: Time, flow: FlowId, sent: Entry, next: Option<Entry>) {
        let start = &mut self.flows[flow as usize].start;
        start.charge(sent.segments);
        self.virtual_time = self.virtual_time.max(start.value());
        match next {
            Some(head) => self.head_changed(now, flow, head),
            None => self.awake.remove(flow),
        }
    }

    fn completed(&mut self, _: Time, flow: FlowId, charged: Segments, used: Segments) {
        if let Some(back) = unused(charged, used) {
            self.flows[flow as usize].start.refund(back);
            if self.awake.contains(flow) {
                self.rank(flow);
            }
        }
    }

    fn reweighed(&mut self, _: Time, flow: FlowId, terms: FlowTerms) {
        self.flows[flow as usize].start.reweigh(terms.weight);
        if self.awake.contains(flow) {
            self.rank(flow);
        }
    }
}
