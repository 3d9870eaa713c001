//! Deficit round robin at every node of the share tree.

use super::deficit_round_robin::DeficitRoundRobin;
use super::node_rule::Hierarchy;
use crate::units::Segments;

/// Each node's children in turn, by quanta of their own weights: what one tenant saves is spent inside
/// that tenant, and the number of its senders does not count. With quanta that cover a message, siblings
/// keep the bounds of [`DeficitRoundRobin`] in the service their node gets.
pub type HierarchicalDrr = Hierarchy<DeficitRoundRobin>;

impl HierarchicalDrr {
    /// The policy without queues; a node of weight 1 has a quantum of `quantum` (at least 1).
    pub fn new(quantum: Segments) -> Self {
        Self::of(DeficitRoundRobin::new(quantum))
    }
}
