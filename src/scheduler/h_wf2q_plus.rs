//! WF²Q+ at every node of the share tree (H-PFQ, Bennett and Zhang, ToN 1997).

use super::node_rule::Hierarchy;
use super::wf2q_plus::Wf2qPlus;

/// Each node divides its service among its children by [`Wf2qPlus`]; the clock of the node at the top
/// follows the wire, those below follow the messages their node sends. The worst-case fair index of a
/// queue is Σₕ (φᵢ/φ_pʰ) α_pʰ over its ancestors.
pub type HierarchicalWf2qPlus = Hierarchy<Wf2qPlus>;

impl HierarchicalWf2qPlus {
    /// The policy without queues.
    pub fn new() -> Self {
        Self::of(Wf2qPlus::new())
    }
}

impl Default for HierarchicalWf2qPlus {
    fn default() -> Self {
        Self::new()
    }
}
