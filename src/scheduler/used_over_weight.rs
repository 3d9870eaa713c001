//! Least used ÷ weight within a window first, as CockroachDB's admission control orders tenants.
//!
//! `used` begins at 0 in every window, so the order is fair inside a window only: what anybody had more
//! or less of before is forgotten.

use alloc::vec::Vec;

use super::by_flow::{FlowPick, FlowRule};
use super::flows::{FlowId, FlowTerms, put};
use super::heap::IndexedHeap;
use super::policy::Entry;
use super::tags::{Tag, unused};
use crate::time::{Span, Time};
use crate::units::Segments;

/// The least used ÷ weight in this window first.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct UsedOverWeight {
    window: Span,
    /// Number of the present window; `used` of another one counts as 0.
    present: u64,
    flows: Vec<Flow>,
    awake: IndexedHeap<(i128, u64)>,
}

#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
struct Flow {
    used: Tag,
    window: u64,
    tie: u64,
}

impl UsedOverWeight {
    /// The rule without flows, forgetting everything at each multiple of `window` (at least 1 ns).
    pub fn new(window: Span) -> Self {
        let awake = IndexedHeap::default();
        UsedOverWeight { window, present: 0, flows: Vec::new(), awake }
    }

    /// Begins a new window if it is time: everybody has used nothing.
    fn turn(&mut self, now: Time) {
        let window = now.as_nanoseconds() / self.window.as_nanoseconds().max(1);
        if window == self.present {
            return;
        }
        self.present = window;
        let flows = &self.flows;
        self.awake.rekey(|flow, _| (0, flows[flow as usize].tie));
    }

    /// A flow as of this window.
    fn flow(&mut self, flow: FlowId) -> &mut Flow {
        let flow = &mut self.flows[flow as usize];
        if flow.window != self.present {
            flow.window = self.present;
            flow.used.set(0);
        }
        flow
    }

    fn rank(&mut self, flow: FlowId) {
        let Flow { used, tie, .. } = *self.flow(flow);
        self.awake.set(flow, (used.value(), tie));
    }
}

impl FlowRule for UsedOverWeight {
    fn attach(&mut self, _: Time, flow: FlowId, terms: FlowTerms) {
        let used = Tag::new(terms.weight);
        put(&mut self.flows, flow, Flow { used, window: self.present, tie: terms.tie });
    }

    fn woke(&mut self, now: Time, flow: FlowId, _: Entry) {
        self.turn(now);
        self.rank(flow);
    }

    fn slept(&mut self, _: Time, flow: FlowId) {
        self.awake.remove(flow);
    }

    fn pick(&mut self, now: Time) -> FlowPick {
        self.turn(now);
        self.awake.peek().map(|(_, flow)| flow).into()
    }

    fn served(&mut self, now: Time, flow: FlowId, sent: Entry, next: Option<Entry>) {
        self.turn(now);
        self.flow(flow).used.charge(sent.segments);
        match next {
            Some(_) => self.rank(flow),
            None => self.awake.remove(flow),
        }
    }

    /// Nobody has used less than nothing: what was charged in an earlier window is forgotten already.
    fn completed(&mut self, now: Time, flow: FlowId, charged: Segments, used: Segments) {
        if let Some(back) = unused(charged, used) {
            self.turn(now);
            let own = self.flow(flow);
            own.used.refund(back);
            own.used.lift(0);
            if self.awake.contains(flow) {
                self.rank(flow);
            }
        }
    }

    fn reweighed(&mut self, _: Time, flow: FlowId, terms: FlowTerms) {
        self.flows[flow as usize].used.reweigh(terms.weight);
    }
}
