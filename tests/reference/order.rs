//! What a rule is told in the reference: flows (or queues, or classes) that wake, are served and sleep.

use super::rational::Ratio;
use super::scheduler::{Path, State};
use std::fmt::Debug;

/// What one flow is to a rule.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Unit {
    /// A queue in its place in the tree.
    Queue,
    Class,
    Tenant,
}

/// The first message of a flow among those that may go.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct First {
    pub(crate) queue: Path,
    pub(crate) sequence: u64,
    pub(crate) segments: u64,
    pub(crate) deadline: u64,
    pub(crate) arrived: u64,
}

/// A flow: its weight among its siblings, the product of the weights down to it, and its place in the
/// keyed order among its siblings and among all flows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    pub(crate) own: Ratio,
    pub(crate) product: Ratio,
    pub(crate) sibling_tie: u64,
    pub(crate) tie: u64,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Choice {
    Flow(Path),
    NotUntil(u64),
}

/// A rule. Paths name flows; those above them in the tree are added before them.
pub(crate) trait Order: Debug {
    fn unit(&self) -> Unit {
        Unit::Tenant
    }
    fn add(&mut self, now: u64, path: &Path, terms: Terms);
    /// `path` and all below it are gone.
    fn remove(&mut self, now: u64, path: &Path);
    fn reweigh(&mut self, now: u64, path: &Path, terms: Terms);
    fn set_rate(&mut self, _now: u64, _rate: Ratio) {}
    fn arrived(&mut self, _now: u64, _flow: &Path, _queue: &Path, _sequence: u64, _segments: u64) {}
    /// A message that was never sent before arrived.
    fn sent_by_tenant(&mut self, _now: u64, _flow: &Path) {}
    fn withdrawn(
        &mut self,
        _now: u64,
        _flow: &Path,
        _queue: &Path,
        _sequence: u64,
        _segments: u64,
    ) {
    }
    /// A flow has another first message, or none, other than by being served.
    fn set_first(&mut self, now: u64, flow: &Path, first: Option<First>);
    /// A queue is idle, may be served, or is held back: for rules that tell the last from the first.
    fn set_state(&mut self, _now: u64, _queue: &Path, _state: State) {}
    /// Asked what is next while nothing may be served.
    fn idle(&mut self, _now: u64) {}
    /// Something is awake.
    fn pick(&mut self, now: u64) -> Choice;
    /// The queue whose head goes when `flow` is next.
    fn queue_of(&self, flow: &Path) -> Path;
    fn serve(&mut self, now: u64, flow: &Path, sent: &First, next: Option<First>);
    fn completed(&mut self, now: u64, flow: &Path, queue: &Path, charged: u64, used: u64);
    /// How close a decision between two flows was; a large number if it was not.
    fn distance(&self, _a: &Path, _b: &Path) -> Ratio {
        Ratio::from(u64::MAX)
    }
    /// Whether `flow` may go instead of `chosen` where tags are known only to within `tolerance`. A choice
    /// that is closer than that may fall either way at every node, and what a node would send next, which
    /// its parent orders it by, follows from the choices below it.
    fn is_near(&self, _now: u64, chosen: &Path, flow: &Path, tolerance: Ratio) -> bool {
        self.distance(chosen, flow) < tolerance
    }
}
