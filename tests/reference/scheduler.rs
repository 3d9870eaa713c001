//! The reference: rules of division in exact rationals, as plainly as the papers state them. Here are
//! those that need the whole tree or a fluid clock; rules over flows are in `flat`, `tree`, `platform`.
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

use super::order::{Choice, First, Order, Terms, Unit};
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
#[derive(Debug)]
pub(crate) enum Rule {
    Scoring,
    Wfq(Fluid),
    /// The same, among those that the fluid system has begun: S ≤ V (Bennett, Zhang 1996).
    Wf2q(Fluid),
    /// Each flow stamps by a clock of its own rate (Zhang 1990).
    VirtualClock(Clocks),
    Fifo,
    /// One that is told of flows.
    Other(Box<dyn Order>),
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
    pub(crate) start: Ratio,
    pub(crate) finish: Ratio,
}

#[derive(Debug)]
pub(crate) struct Reference {
    pub(crate) rule: Rule,
    pub(crate) salt: u64,
    /// Every node by its path; the root is the empty path.
    pub(crate) nodes: BTreeMap<Path, Node>,
}

impl Reference {
    pub(crate) fn new(rule: Rule, salt: u64) -> Self {
        let mut reference = Reference { rule, salt, nodes: BTreeMap::new() };
        let (start, virtual_time) = (Ratio::ZERO, Ratio::ZERO);
        let weight = Ratio::from(1);
        let root = Node { weight, state: State::Idle, start, virtual_time };
        reference.nodes.insert(Vec::new(), root);
        reference
    }

    pub(crate) fn add(&mut self, now: u64, path: &[Step], weight: Ratio) {
        if self.nodes.contains_key(path) {
            return;
        }
        let (start, virtual_time) = (Ratio::ZERO, Ratio::ZERO);
        let node = Node { weight, state: State::Idle, start, virtual_time };
        self.nodes.insert(path.to_vec(), node);
        let terms = self.terms(path);
        if let Rule::Other(order) = &mut self.rule {
            // A queue has all the levels above it, other flows none.
            let is_flow = path.len() == flow_of(order.unit(), path).len();
            if is_flow && !path.is_empty() && is_flow_level(order.unit(), path) {
                order.add(now, &path.to_vec(), terms);
            }
        }
    }

    /// The weights of a node and its place in the keyed order.
    fn terms(&self, path: &[Step]) -> Terms {
        let product = (1..=path.len())
            .fold(Ratio::from(1), |product, depth| product * self.nodes[&path[..depth]].weight);
        let own = self.nodes[path].weight;
        Terms { own, product, sibling_tie: self.tie(path), tie: self.chain(path) }
    }

    /// The weight of a tenant changed, if it is there.
    pub(crate) fn reweigh(&mut self, now: u64, tenant: &[Step], weight: Ratio) {
        if !self.nodes.contains_key(tenant) {
            return;
        }
        let parent = &tenant[..tenant.len() - 1];
        let ready = || self.children(parent).filter(|(_, node)| node.state == State::Ready);
        let weights = ready().fold(Ratio::ZERO, |sum, (_, node)| sum + node.weight);
        let fluid = match weights == Ratio::ZERO {
            true => self.nodes[parent].virtual_time,
            false => {
                let tags =
                    ready().fold(Ratio::ZERO, |sum, (_, node)| sum + node.weight * node.start);
                (tags / weights).rounded_down()
            }
        };
        let node = self.node(tenant);
        // What it is ahead of the fluid division, or behind it, is service.
        node.start = fluid + (node.start - fluid) * node.weight / weight;
        node.weight = weight;
        let below: Vec<Path> =
            self.nodes.keys().filter(|path| path.starts_with(tenant)).cloned().collect();
        for path in below {
            let terms = self.terms(&path);
            if let Rule::Other(order) = &mut self.rule
                && is_flow_level(order.unit(), &path)
                && (order.unit() != Unit::Queue || path == tenant)
            {
                order.reweigh(now, &path, terms);
            }
        }
    }

    /// Removes a tenant with all below it, and its set if nothing else is in that.
    pub(crate) fn remove(&mut self, now: u64, tenant: &[Step]) {
        self.nodes.retain(|path, _| !path.starts_with(tenant));
        let set = &tenant[..tenant.len() - 1];
        let set_is_empty = !set.is_empty() && self.children(set).next().is_none();
        if set_is_empty {
            self.nodes.remove(set);
        }
        match &mut self.rule {
            Rule::Wfq(fluid) | Rule::Wf2q(fluid) => {
                fluid.flows.remove(tenant);
            }
            Rule::VirtualClock(clocks) => {
                clocks.last.remove(tenant);
            }
            Rule::Other(order) => {
                order.remove(now, &tenant.to_vec());
                if set_is_empty {
                    order.remove(now, &set.to_vec());
                }
            }
            Rule::Scoring | Rule::Fifo => {}
        }
    }

    fn children<'a>(&'a self, parent: &'a [Step]) -> impl Iterator<Item = (&'a Path, &'a Node)> {
        let below = |path: &Path| path.len() == parent.len() + 1 && path.starts_with(parent);
        self.nodes.iter().filter(move |(path, _)| below(path))
    }

    /// The queue next in order among `heads`, which are not empty.
    pub(crate) fn pick(&mut self, now: u64, heads: &[Head]) -> Choice {
        if let Rule::Wf2q(fluid) = &mut self.rule {
            fluid.advance(now);
        }
        if let Rule::Other(order) = &mut self.rule {
            return match order.pick(now) {
                Choice::Flow(flow) => Choice::Flow(order.queue_of(&flow)),
                choice => choice,
            };
        }
        let head = match &self.rule {
            Rule::Fifo => heads.iter().min_by_key(|head| head.sequence),
            Rule::Wfq(_) | Rule::VirtualClock(_) => {
                heads.iter().min_by_key(|head| (head.finish, self.chain(&head.queue)))
            }
            Rule::Wf2q(fluid) => {
                let begun = heads.iter().filter(|head| head.start <= fluid.virtual_time);
                let least = begun.min_by_key(|head| (head.finish, self.chain(&head.queue)));
                let first =
                    || heads.iter().min_by_key(|head| (head.start, self.chain(&head.queue)));
                least.or_else(first)
            }
            Rule::Other(_) => unreachable!("returned above"),
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
        };
        Choice::Flow(head.expect("something is ready").queue.clone())
    }

    /// What a flow sends next, after anything but a service changed.
    pub(crate) fn set_firsts(
        &mut self,
        now: u64,
        firsts: &BTreeMap<Path, First>,
        known: &mut BTreeMap<Path, First>,
    ) {
        let Rule::Other(order) = &mut self.rule else { return };
        let gone: Vec<Path> =
            known.keys().filter(|flow| !firsts.contains_key(*flow)).cloned().collect();
        for flow in gone {
            order.set_first(now, &flow, None);
            known.remove(&flow);
        }
        for (flow, first) in firsts {
            if known.get(flow) != Some(first) {
                order.set_first(now, flow, Some(first.clone()));
                known.insert(flow.clone(), first.clone());
            }
        }
    }

    /// The same, told to rules over queues.
    pub(crate) fn move_to(&mut self, now: u64, queue: &[Step], state: State) {
        self.set_state(queue, state);
        if let Rule::Other(order) = &mut self.rule
            && order.unit() == Unit::Queue
        {
            order.set_state(now, &queue.to_vec(), state);
        }
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

    /// Start and finish tag of a message that arrives now, where the rule stamps at arrival.
    pub(crate) fn stamp(&mut self, now: u64, queue: &[Step], segments: u64) -> (Ratio, Ratio) {
        let tenant = flow_of(Unit::Tenant, queue);
        let weight = self.terms(&tenant).product;
        let is_tenant = |path: &&Path| path.last().is_some_and(|(level, _)| *level == 1);
        let tenants: Vec<Path> = self.nodes.keys().filter(is_tenant).cloned().collect();
        let all = tenants.iter().fold(Ratio::ZERO, |sum, path| sum + self.terms(path).product);
        match &mut self.rule {
            Rule::Wfq(fluid) | Rule::Wf2q(fluid) => fluid.stamp(now, &tenant, weight, segments),
            Rule::VirtualClock(clocks) => {
                let last = clocks.last.entry(tenant).or_insert(Ratio::ZERO);
                let cost = Ratio::from(segments) * all / (clocks.rate * weight);
                *last = (*last).max(now.into()) + cost;
                (*last, *last)
            }
            Rule::Scoring | Rule::Fifo | Rule::Other(_) => (Ratio::ZERO, Ratio::ZERO),
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

/// The flow of this kind that a queue belongs to.
pub(crate) fn flow_of(unit: Unit, queue: &[Step]) -> Path {
    let end = |level: u64| queue.iter().position(|(at, _)| *at == level).map(|at| at + 1);
    let end = match unit {
        Unit::Queue => None,
        Unit::Class => end(2).or(end(1)),
        Unit::Tenant => end(1),
    };
    queue[..end.unwrap_or(queue.len())].to_vec()
}

/// Whether a node is told to a rule over flows of this kind: one over queues knows all the levels.
fn is_flow_level(unit: Unit, path: &[Step]) -> bool {
    match (unit, path.last()) {
        (_, None) => false,
        (Unit::Queue, _) => true,
        (Unit::Class, Some((level, _))) => *level == 1 || *level == 2,
        (Unit::Tenant, Some((level, _))) => *level == 1,
    }
}

/// The clocks of all flows: the rate divided, and each flow's last stamp in nanoseconds.
#[derive(Clone, Debug)]
pub(crate) struct Clocks {
    pub(crate) rate: Ratio,
    pub(crate) last: BTreeMap<Path, Ratio>,
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

    fn stamp(&mut self, now: u64, flow: &[Step], weight: Ratio, segments: u64) -> (Ratio, Ratio) {
        self.advance(now);
        let last = self.flows.get(flow).map_or(Ratio::ZERO, |(_, finish)| *finish);
        let start = self.virtual_time.max(last);
        let finish = start + Ratio::from(segments) / weight;
        self.flows.insert(flow.to_vec(), (weight, finish));
        (start, finish)
    }
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).
fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ x >> 31
}
