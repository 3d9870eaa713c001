//! What the flat baselines share: queues grouped into flows.
//!
//! A flow is a tenant (the queue itself where a path has no tenant); its weight is the product of the
//! weights along the path down to it. Inside a flow the message that arrived first goes first.

use alloc::vec::Vec;

use super::heap::{Heap, Positions};
use super::policy::{Hop, Level};
use crate::units::{QueueId, Weight};

/// Number of a flow: that of its node in the share tree.
pub(crate) type FlowId = u32;

/// The flows, and which of their queues are eligible.
#[derive(Clone, Debug, Default)]
pub(crate) struct Flows {
    flow_of_queue: Vec<FlowId>,
    flows: Vec<Flow>,
    positions: Positions,
}

#[derive(Clone, Debug, Default)]
struct Flow {
    weight: Weight,
    queues: u32,
    heads: Heap<u64>,
}

/// What a change of one queue did to its flow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum FlowChange {
    /// It became eligible.
    Woke,
    /// It has no eligible queue any more.
    Slept,
    /// Neither.
    Stayed,
}

impl Flows {
    /// Adds a queue; returns its flow, and whether that is new.
    pub(crate) fn attach(&mut self, queue: QueueId, path: &[Hop]) -> (FlowId, bool) {
        let end = path
            .iter()
            .position(|hop| hop.level == Level::Tenant)
            .unwrap_or(path.len().saturating_sub(1));
        let hop = path.get(end).expect("a path has at least one hop");
        let weight =
            path[..=end].iter().fold(Weight::ONE, |product, hop| product.times(hop.weight));
        let id = hop.node.0;
        if self.flows.len() <= id as usize {
            self.flows.resize_with(id as usize + 1, Flow::default);
        }
        if self.flow_of_queue.len() <= queue.index() {
            self.flow_of_queue.resize(queue.index() + 1, 0);
        }
        self.flow_of_queue[queue.index()] = id;
        let flow = &mut self.flows[id as usize];
        let is_new = flow.queues == 0;
        flow.queues += 1;
        flow.weight = weight;
        (id, is_new)
    }

    /// Removes a queue; returns its flow, and whether that was its last queue.
    pub(crate) fn detach(&mut self, queue: QueueId) -> (FlowId, bool) {
        let id = self.of(queue);
        let flow = &mut self.flows[id as usize];
        flow.queues -= 1;
        (id, flow.queues == 0)
    }

    pub(crate) fn of(&self, queue: QueueId) -> FlowId {
        self.flow_of_queue[queue.index()]
    }

    pub(crate) fn weight(&self, flow: FlowId) -> Weight {
        self.flows[flow as usize].weight
    }

    pub(crate) fn set_weight(&mut self, flow: FlowId, weight: Weight) {
        if let Some(flow) = self.flows.get_mut(flow as usize) {
            flow.weight = weight;
        }
    }

    /// A queue has this head (its place in the order of arrival), or may not be picked.
    pub(crate) fn set_head(&mut self, queue: QueueId, sequence: Option<u64>) -> FlowChange {
        let flow = &mut self.flows[self.flow_of_queue[queue.index()] as usize];
        let was_eligible = !flow.heads.is_empty();
        match sequence {
            Some(sequence) => flow.heads.set(&mut self.positions, queue.0, sequence),
            None => flow.heads.remove(&mut self.positions, queue.0),
        }
        match (was_eligible, !flow.heads.is_empty()) {
            (false, true) => FlowChange::Woke,
            (true, false) => FlowChange::Slept,
            _ => FlowChange::Stayed,
        }
    }

    /// The queue of a flow whose head arrived first.
    pub(crate) fn first(&self, flow: FlowId) -> Option<QueueId> {
        self.flows[flow as usize].heads.peek().map(|(_, queue)| QueueId(queue))
    }
}
