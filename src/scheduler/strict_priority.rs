//! Strict priority: the heaviest first, and nothing for the others while it has anything.
//!
//! Classes of service by their weight, whoever's they are; where a lane has no classes, tenants by the
//! product of their weights. Among equals the message that arrived first. Lower ones may starve for ever.

use alloc::vec::Vec;
use core::cmp::Reverse;

use super::by_flow::{FlowPick, FlowRule};
use super::flows::{FlowId, FlowTerms, put};
use super::heap::IndexedHeap;
use super::policy::{Entry, Level};
use crate::time::Time;
use crate::units::Weight;

/// The heaviest class first. Made for flows of [`FlowUnit::Class`](super::FlowUnit::Class).
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct StrictPriority {
    priorities: Vec<Weight>,
    awake: IndexedHeap<(Reverse<Weight>, u64)>,
}

impl StrictPriority {
    /// The rule without flows.
    pub fn new() -> Self {
        Self::default()
    }
}

fn priority(terms: FlowTerms) -> Weight {
    if terms.level == Level::Class { terms.own_weight } else { terms.weight }
}

impl FlowRule for StrictPriority {
    fn attach(&mut self, _: Time, flow: FlowId, terms: FlowTerms) {
        put(&mut self.priorities, flow, priority(terms));
    }

    fn woke(&mut self, now: Time, flow: FlowId, head: Entry) {
        self.head_changed(now, flow, head);
    }

    fn head_changed(&mut self, _: Time, flow: FlowId, head: Entry) {
        self.awake.set(flow, (Reverse(self.priorities[flow as usize]), head.sequence));
    }

    fn slept(&mut self, _: Time, flow: FlowId) {
        self.awake.remove(flow);
    }

    fn pick(&mut self, _: Time) -> FlowPick {
        self.awake.peek().map(|(_, flow)| flow).into()
    }

    fn served(&mut self, now: Time, flow: FlowId, _: Entry, next: Option<Entry>) {
        match next {
            Some(head) => self.head_changed(now, flow, head),
            None => self.awake.remove(flow),
        }
    }

    fn reweighed(&mut self, _: Time, flow: FlowId, terms: FlowTerms) {
        self.priorities[flow as usize] = priority(terms);
        if let Some((_, sequence)) = self.awake.key(flow) {
            self.awake.set(flow, (Reverse(priority(terms)), sequence));
        }
    }
}
