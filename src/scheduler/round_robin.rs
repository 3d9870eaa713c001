//! Round robin: flows in turn, a message each, whatever their weights and the sizes of their messages.
//!
//! For flows i and j that are both backlogged, |nᵢ − nⱼ| ≤ 1 in messages on every interval; in segments
//! there is no bound. A flow that wakes waits for all others to have had a turn.

use super::by_flow::{FlowPick, FlowRule};
use super::flows::{FlowId, FlowTerms};
use super::policy::Entry;
use super::ring::{Links, Ring};
use crate::time::Time;

/// Flows in turn, a message each.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct RoundRobin {
    ring: Ring,
    links: Links,
}

impl RoundRobin {
    /// The rule without flows.
    pub fn new() -> Self {
        Self::default()
    }
}

impl FlowRule for RoundRobin {
    fn attach(&mut self, _: Time, _: FlowId, _: FlowTerms) {}

    fn woke(&mut self, _: Time, flow: FlowId, _: Entry) {
        self.ring.join(&mut self.links, flow);
    }

    fn slept(&mut self, _: Time, flow: FlowId) {
        self.ring.leave(&mut self.links, flow);
    }

    fn pick(&mut self, _: Time) -> FlowPick {
        self.ring.front().into()
    }

    fn served(&mut self, _: Time, flow: FlowId, _: Entry, next: Option<Entry>) {
        self.ring.leave(&mut self.links, flow);
        if next.is_some() {
            self.ring.join(&mut self.links, flow);
        }
    }
}
