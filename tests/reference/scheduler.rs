//! The reference: three rules of division in exact rationals, as plainly as the papers state them.
//!
//! - Start-time fair queueing (Goyal, Vin, Cheng, SIGCOMM 1996) at every node of the share tree. A
//!   child has a start tag, its service ÷ weight; the least is next; V is the tag last served and never
//!   goes back. A child that becomes backlogged starts at max(own tag, V). One that is held back
//!   moves along with V. What an attempt did not use is taken off the tags again.
//! - Weighted fair queueing (Demers, Keshav, Shenker 1989; Parekh, Gallager 1993): V grows at r ÷ Σφ of
//!   the flows with fluid work; S = max(V, F of the flow's previous), F = S + L ÷ φ; least F next. A
//!   flow's weight in the fluid system is the one of its last arrival.
//! - Order of arrival.
//!
//! Nothing is imported from the scheduler under test. Everything is found by search, nothing is kept
//! that can be recomputed.

use super::rational::Ratio;
use std::collections::BTreeMap;

/// A step down the share tree: level (0 set, 1 tenant, 2 class, 3 sender) and identity.
pub(crate) type Step = (u64, u64);
/// A queue or inner node: the steps that lead to it.
pub(crate) type Path = Vec<Step>;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum State {
    Idle,
    /// Backlogged, and may be served.
    Ready,
    /// Backlogged, and held back.
    Held,
}

/// Which rule a reference follows.
#[derive(Clone, Debug)]
pub(crate) enum Rule {
    Scoring,
    Wfq(Fluid),
    Fifo,
}

#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) weight: Ratio,
    pub(crate) state: State,
    pub(crate) start: Ratio,
    /// V of the children.
    pub(crate) virtual_time: Ratio,
}

/// The head of a queue that may be served: its place in the order of arrival, and its finish tag.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub(crate) queue: Path,
    pub(crate) sequence: u64,
    pub(crate) finish: Ratio,
}

#[derive(Clone, Debug)]
pub(crate) struct Reference {
    pub(crate) rule: Rule,
    pub(crate) salt: u64,
    /// Every node by its path; the root is the empty path.
    pub(crate) nodes: BTreeMap<Path, Node>,
}

impl Reference {
    pub(crate) fn new(rule: Rule, salt: u64) -> Self {
        let mut reference = Reference { rule, salt, nodes: BTreeMap::new() };
        reference.add(&[], Ratio::from(1));
        reference
    }

    pub(crate) fn add(&mut self, path: &[Step], weight: Ratio) {
        let (start, virtual_time) = (Ratio::ZERO, Ratio::ZERO);
        let node = Node { weight, state: State::Idle, start, virtual_time };
        self.nodes.entry(path.to_vec()).or_insert(node);
    }

    /// Removes a tenant with all below it, and its set if nothing else is in that.
    pub(crate) fn remove(&mut self, tenant: &[Step]) {
        self.nodes.retain(|path, _| !path.starts_with(tenant));
        let set = &tenant[..tenant.len() - 1];
        if !set.is_empty() && self.children(set).next().is_none() {
            self.nodes.remove(set);
        }
        if let Rule::Wfq(fluid) = &mut self.rule {
            fluid.flows.remove(tenant);
        }
    }

    fn children<'a>(&'a self, parent: &'a [Step]) -> impl Iterator<Item = (&'a Path, &'a Node)> {
        let below = |path: &Path| path.len() == parent.len() + 1 && path.starts_with(parent);
        self.nodes.iter().filter(move |(path, _)| below(path))
    }

    /// The queue next in order among `heads`, which are not empty.
    pub(crate) fn pick(&self, heads: &[Head]) -> Path {
        match self.rule {
            Rule::Fifo => heads.iter().min_by_key(|head| head.sequence),
            Rule::Wfq(_) => heads.iter().min_by_key(|head| (head.finish, self.chain(&head.queue))),
            Rule::Scoring => {
                let mut path = Vec::new();
                let ready = |(_, node): &(&Path, &Node)| node.state == State::Ready;
                while let Some((child, _)) = self
                    .children(&path)
                    .filter(ready)
                    .min_by_key(|(path, node)| (node.start, self.tie(path)))
                {
                    path = child.clone();
                }
                heads.iter().find(|head| head.queue == path)
            }
        }
        .expect("something is ready")
        .queue
        .clone()
    }

    /// A queue changed its state; so may the nodes above.
    pub(crate) fn set_state(&mut self, queue: &[Step], state: State) {
        self.node(queue).state = match (self.nodes[queue].state, state) {
            (State::Idle, State::Ready | State::Held) => {
                let virtual_time = self.nodes[&queue[..queue.len() - 1]].virtual_time;
                let node = self.node(queue);
                node.start = node.start.max(virtual_time);
                state
            }
            _ => state,
        };
        let parent = &queue[..queue.len() - 1];
        if !parent.is_empty() {
            let any = |wanted| self.children(parent).any(|(_, node)| node.state == wanted);
            let state = match (any(State::Ready), any(State::Held)) {
                (true, _) => State::Ready,
                (false, true) => State::Held,
                (false, false) => State::Idle,
            };
            self.set_state(parent, state);
        }
    }

    /// A queue was served `segments`.
    pub(crate) fn serve(&mut self, queue: &[Step], segments: u64) {
        for depth in 1..=queue.len() {
            let (parent, path) = (&queue[..depth - 1], &queue[..depth]);
            let before = self.nodes[parent].virtual_time;
            let after = before.max(self.nodes[path].start);
            self.node(parent).virtual_time = after;
            let held =
                |(path, node): (&Path, &Node)| (node.state == State::Held).then(|| path.clone());
            for path in self.children(parent).filter_map(held).collect::<Vec<_>>() {
                let node = self.node(&path);
                node.start = node.start + (after - before);
            }
            let node = self.node(path);
            node.start = node.start + Ratio::from(segments) / node.weight;
        }
    }

    /// `segments` that a queue was charged for were not used.
    pub(crate) fn refund(&mut self, queue: &[Step], segments: u64) {
        for depth in 1..=queue.len() {
            let node = self.node(&queue[..depth]);
            node.start = node.start - Ratio::from(segments) / node.weight;
        }
    }

    /// The finish tag of a message that arrives now; only the fluid system gives one.
    pub(crate) fn stamp(&mut self, now: u64, queue: &[Step], segments: u64) -> Ratio {
        let end = 1 + queue.iter().position(|(level, _)| *level == 1).expect("a tenant");
        let weight = (1..=end)
            .fold(Ratio::from(1), |product, depth| product * self.nodes[&queue[..depth]].weight);
        match &mut self.rule {
            Rule::Wfq(fluid) => fluid.stamp(now, &queue[..end], weight, segments),
            Rule::Scoring | Rule::Fifo => Ratio::ZERO,
        }
    }

    pub(crate) fn node(&mut self, path: &[Step]) -> &mut Node {
        self.nodes.get_mut(path).expect("the node exists")
    }

    /// The keyed order of siblings.
    fn tie(&self, path: &[Step]) -> u64 {
        path.iter().fold(0, |above, (level, identity)| {
            mix(mix(self.salt ^ above) ^ mix(identity << 3 | level))
        })
    }

    /// The keyed order of queues at different places of the tree.
    fn chain(&self, path: &[Step]) -> u64 {
        (1..=path.len()).fold(0, |tie, depth| mix(tie ^ self.tie(&path[..depth])))
    }
}

/// The fluid division and its virtual time.
#[derive(Clone, Debug)]
pub(crate) struct Fluid {
    /// Segments a nanosecond.
    pub(crate) rate: Ratio,
    pub(crate) now: u64,
    pub(crate) virtual_time: Ratio,
    /// Weight and last finish tag of each flow; it has fluid work while that is above V.
    pub(crate) flows: BTreeMap<Path, (Ratio, Ratio)>,
}

impl Fluid {
    pub(crate) fn new(rate: Ratio) -> Self {
        Fluid { rate, now: 0, virtual_time: Ratio::ZERO, flows: BTreeMap::new() }
    }

    pub(crate) fn advance(&mut self, now: u64) {
        let mut service = Ratio::from(now - self.now) * self.rate;
        self.now = now;
        loop {
            let busy = || self.flows.values().filter(|(_, finish)| *finish > self.virtual_time);
            let weights = busy().fold(Ratio::ZERO, |sum, (weight, _)| sum + *weight);
            let Some(first) = busy().map(|(_, finish)| *finish).min() else { return };
            let needed = (first - self.virtual_time) * weights;
            if service < needed {
                self.virtual_time = self.virtual_time + service / weights;
                return;
            }
            self.virtual_time = first;
            service = service - needed;
        }
    }

    fn stamp(&mut self, now: u64, flow: &[Step], weight: Ratio, segments: u64) -> Ratio {
        self.advance(now);
        let last = self.flows.get(flow).map_or(Ratio::ZERO, |(_, finish)| *finish);
        let finish = self.virtual_time.max(last) + Ratio::from(segments) / weight;
        self.flows.insert(flow.to_vec(), (weight, finish));
        finish
    }
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).
fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ x >> 31
}
