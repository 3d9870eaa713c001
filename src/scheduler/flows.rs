//! What the flat baselines share: queues grouped into flows.
//!
//! A flow is a [`FlowUnit`], usually a tenant; its weight is the product of the weights along the path
//! down to it. Inside a flow the message that arrived first goes first. A flow none of whose queues is
//! eligible is idle, whether it has nothing to send or is held back: the papers know no third state.

use alloc::vec::Vec;

use super::heap::{Heap, Positions};
use super::policy::{Entry, Hop, Level, NodeId};
use crate::units::{QueueId, Weight};

/// Number of a flow: that of its node in the share tree. Dense, and reused after the flow is gone.
pub type FlowId = u32;

/// What a flat policy treats as one flow.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub enum FlowUnit {
    /// A tenant (the queue itself where a path has no tenant), so that more senders gain nothing.
    #[default]
    Tenant,
    /// A class of one tenant; the tenant where a path has no class.
    Class,
    /// A queue: every sender of a tenant counts as much as another tenant.
    Queue,
}

impl FlowUnit {
    /// Where in `path` the flow's node is.
    fn position(self, path: &[Hop]) -> usize {
        let at = |level| path.iter().position(|hop| hop.level == level);
        let last = path.len().saturating_sub(1);
        match self {
            FlowUnit::Tenant => at(Level::Tenant).unwrap_or(last),
            FlowUnit::Class => at(Level::Class).or(at(Level::Tenant)).unwrap_or(last),
            FlowUnit::Queue => last,
        }
    }
}

/// What a rule is told of a flow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct FlowTerms {
    /// The product of the weights along the path down to the flow.
    pub weight: Weight,
    /// The weight of the flow's own node among its siblings.
    pub own_weight: Weight,
    /// The level of the flow's node.
    pub level: Level,
    /// Breaks ties: the smaller goes first. A keyed hash of the whole path.
    pub tie: u64,
}

/// The keyed order of what is at the end of `path`, wherever in the tree it is.
pub(crate) fn tie_of(path: &[Hop]) -> u64 {
    use crate::units::mix;
    path.iter().fold(0, |tie, hop| mix(tie ^ hop.tie))
}

/// The flows, and which of their queues are eligible.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Flows {
    queues: Vec<Queue>,
    flows: Vec<Flow>,
    positions: Positions,
}

#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
struct Queue {
    flow: FlowId,
    head: Option<Entry>,
}

#[derive(Clone, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
struct Flow {
    terms: FlowTerms,
    /// The tenant above or at the flow, and the product of the weights below that tenant.
    tenant: Option<NodeId>,
    below: Weight,
    queues: u32,
    heads: Heap<u64>,
}

impl Default for Flow {
    fn default() -> Self {
        let terms = FlowTerms {
            weight: Weight::ONE,
            own_weight: Weight::ONE,
            level: Level::Tenant,
            tie: 0,
        };
        Flow { terms, tenant: None, below: Weight::ONE, queues: 0, heads: Heap::default() }
    }
}

/// What a change of one queue did to its flow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub(crate) enum FlowChange {
    /// It became eligible.
    Woke,
    /// It has no eligible queue any more.
    Slept,
    /// Neither.
    Stayed,
}

impl Flows {
    /// Adds a queue of a tenant's flow; returns the flow, and whether that is new.
    pub(crate) fn attach(&mut self, queue: QueueId, path: &[Hop]) -> (FlowId, bool) {
        self.attach_by(FlowUnit::Tenant, queue, path)
    }

    /// Adds a queue; returns its flow, and whether that is new.
    pub(crate) fn attach_by(
        &mut self,
        unit: FlowUnit,
        queue: QueueId,
        path: &[Hop],
    ) -> (FlowId, bool) {
        let end = unit.position(path);
        let hop = path.get(end).expect("a path has at least one hop");
        let product =
            |hops: &[Hop]| hops.iter().fold(Weight::ONE, |product, hop| product.times(hop.weight));
        let terms = FlowTerms {
            weight: product(&path[..=end]),
            own_weight: hop.weight,
            level: hop.level,
            tie: tie_of(&path[..=end]),
        };
        let tenant = path[..=end].iter().position(|hop| hop.level == Level::Tenant);
        let id = hop.node.0;
        if self.flows.len() <= id as usize {
            self.flows.resize_with(id as usize + 1, Flow::default);
        }
        if self.queues.len() <= queue.index() {
            self.queues.resize(queue.index() + 1, Queue { flow: 0, head: None });
        }
        self.queues[queue.index()] = Queue { flow: id, head: None };
        let flow = &mut self.flows[id as usize];
        let is_new = flow.queues == 0;
        flow.queues += 1;
        flow.terms = terms;
        flow.tenant = tenant.map(|at| path[at].node);
        flow.below = tenant.map_or(Weight::ONE, |at| product(&path[at + 1..=end]));
        (id, is_new)
    }

    /// Removes a queue; returns its flow, and whether that was its last queue.
    pub(crate) fn detach(&mut self, queue: QueueId) -> (FlowId, bool) {
        let id = self.of(queue);
        let flow = &mut self.flows[id as usize];
        flow.queues -= 1;
        if flow.queues == 0 {
            flow.tenant = None;
        }
        (id, flow.queues == 0)
    }

    pub(crate) fn of(&self, queue: QueueId) -> FlowId {
        self.queues[queue.index()].flow
    }

    pub(crate) fn terms(&self, flow: FlowId) -> FlowTerms {
        self.flows[flow as usize].terms
    }

    pub(crate) fn weight(&self, flow: FlowId) -> Weight {
        self.terms(flow).weight
    }

    /// Whether a flow of this number exists.
    pub(crate) fn exists(&self, flow: FlowId) -> bool {
        self.flows.get(flow as usize).is_some_and(|flow| flow.queues > 0)
    }

    pub(crate) fn set_weight(&mut self, flow: FlowId, weight: Weight) {
        if let Some(flow) = self.flows.get_mut(flow as usize) {
            flow.terms.weight = weight;
        }
    }

    /// A tenant has another weight: changes its flows and calls `changed` for each.
    pub(crate) fn reweigh(
        &mut self,
        node: NodeId,
        weight: Weight,
        product: Weight,
        mut changed: impl FnMut(FlowId, FlowTerms),
    ) {
        // Nearly always the tenant is the flow, and there is no need to look at the others.
        let own = self.flows.get(node.0 as usize).and_then(|flow| flow.tenant) == Some(node);
        let range = if own { node.0 as usize..node.0 as usize + 1 } else { 0..self.flows.len() };
        for id in range {
            let flow = &mut self.flows[id];
            if flow.tenant == Some(node) {
                flow.terms.weight = product.times(flow.below);
                if id == node.0 as usize {
                    flow.terms.own_weight = weight;
                }
                changed(id as FlowId, flow.terms);
            }
        }
    }

    /// A queue has this head, or may not be picked.
    pub(crate) fn set_head(&mut self, queue: QueueId, head: Option<Entry>) -> FlowChange {
        let slot = &mut self.queues[queue.index()];
        slot.head = head;
        let flow = &mut self.flows[slot.flow as usize];
        let was_eligible = !flow.heads.is_empty();
        match head {
            Some(entry) => flow.heads.set(&mut self.positions, queue.0, entry.sequence),
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

    /// The head that arrived first of a flow's eligible queues.
    pub(crate) fn head(&self, flow: FlowId) -> Option<Entry> {
        self.first(flow).and_then(|queue| self.queues[queue.index()].head)
    }
}

/// Sets the entry of a flow in a table, which grows if it must.
pub(crate) fn put<T: Clone>(table: &mut Vec<T>, flow: FlowId, value: T) {
    if table.len() <= flow as usize {
        table.resize(flow as usize + 1, value.clone());
    }
    table[flow as usize] = value;
}
