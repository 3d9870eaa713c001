//! Rules among the children of a node, flat or at every node of the tree.
//!
//! - Deficit round robin (Shreedhar, Varghese 1995): the first in line gets its quantum when its turn
//!   comes, and sends while its deficit covers its head; when it does not, at the next choice, it goes to
//!   the end of the line. Who has nothing loses what it saved.
//! - WF²Q+ (Bennett, Zhang 1997): S = max(V, F), F = S + L ÷ φ; among the children with S ≤ V the least F.
//!   V grows with the service, 1 ÷ Σφ of all children that exist, and is at least the least S. At the top
//!   it grows while a message is on the wire; below, with the message at once. It is raised to the least S
//!   only when a message is chosen: until then who comes begins before those who were alone.
//!
//! A node's head is the head it would send now.

use super::near::{self, Contender};
use super::order::{Choice, First, Order, Terms, Unit};
use super::rational::Ratio;
use super::scheduler::Path;
use std::collections::BTreeMap;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Deficit,
    WorstCaseFair,
}

#[derive(Clone, Debug)]
struct Node {
    weight: Ratio,
    tie: u64,
    is_awake: bool,
    /// The deficit, or the start tag.
    tag: Ratio,
    /// Of a leaf.
    first: Option<First>,
    /// The children in turn, and whether the first has had its quantum.
    line: Vec<Path>,
    is_open: bool,
    /// V of the children.
    virtual_time: Ratio,
}

#[derive(Debug)]
pub(crate) struct Tree {
    kind: Kind,
    unit: Unit,
    /// The root is the empty path. A flat rule has its flows right below it.
    nodes: BTreeMap<Path, Node>,
    rate: Ratio,
    /// On the wire: since when V is known, and how many segments are left.
    since: u64,
    left: Ratio,
}

impl Tree {
    /// A flow of `Unit::Tenant` is right below the root; one of `Unit::Queue` in its place.
    pub(crate) fn new(kind: Kind, unit: Unit, rate: Ratio) -> Self {
        let root = Node {
            weight: Ratio::from(1),
            tie: 0,
            is_awake: false,
            tag: Ratio::ZERO,
            first: None,
            line: Vec::new(),
            is_open: false,
            virtual_time: Ratio::ZERO,
        };
        let nodes = BTreeMap::from([(Vec::new(), root)]);
        Tree { kind, unit, nodes, rate, since: 0, left: Ratio::ZERO }
    }

    fn parent(&self, path: &Path) -> Path {
        match self.unit {
            Unit::Queue => path[..path.len() - 1].to_vec(),
            _ => Vec::new(),
        }
    }

    fn children<'a>(&'a self, parent: &'a Path) -> impl Iterator<Item = (&'a Path, &'a Node)> {
        self.nodes.iter().filter(move |(path, _)| !path.is_empty() && self.parent(path) == *parent)
    }

    fn node(&mut self, path: &Path) -> &mut Node {
        self.nodes.get_mut(path).expect("the node exists")
    }

    /// Size of what a node would send now.
    fn head(&self, path: &Path) -> Ratio {
        match &self.nodes[path].first {
            Some(first) => Ratio::from(first.segments),
            None => self.head(&self.choose(path)),
        }
    }

    fn finish(&self, path: &Path) -> Ratio {
        let node = &self.nodes[path];
        node.tag + self.head(path) / node.weight
    }

    /// The child that a node would serve now; it has one that is awake.
    fn choose(&self, parent: &Path) -> Path {
        let node = &self.nodes[parent];
        if self.kind == Kind::Deficit {
            let (mut line, mut is_open) = (node.line.clone(), node.is_open);
            let mut deficits: BTreeMap<Path, Ratio> =
                line.iter().map(|path| (path.clone(), self.nodes[path].tag)).collect();
            loop {
                self.turn(&line[0], &mut is_open, &mut deficits);
                if self.head(&line[0]) <= deficits[&line[0]] {
                    return line[0].clone();
                }
                line.rotate_left(1);
                is_open = false;
            }
        }
        let awake = || self.children(parent).filter(|(_, child)| child.is_awake);
        let reached = awake().filter(|(_, child)| child.tag <= node.virtual_time);
        let least = reached.min_by_key(|(path, child)| (self.finish(path), child.tie));
        let first =
            || awake().min_by_key(|(path, child)| (child.tag, self.finish(path), child.tie));
        least.or_else(first).expect("a child is awake").0.clone()
    }

    /// What a node may send now where tags are known to within `tolerance`: leaves and the sizes of their
    /// heads.
    fn outcomes(&self, path: &Path, tolerance: Ratio) -> Vec<(Path, Ratio)> {
        if let Some(first) = &self.nodes[path].first {
            return vec![(path.clone(), Ratio::from(first.segments))];
        }
        let clock = self.nodes[path].virtual_time;
        let awake = self.children(path).filter(|(_, child)| child.is_awake);
        let contenders = awake.map(|(path, child)| {
            let below = self.outcomes(path, tolerance).into_iter();
            let ends = below.map(|(leaf, head)| (leaf, child.tag + head / child.weight, head));
            Contender { start: child.tag, ends: ends.collect() }
        });
        near::worst_case_fair(contenders.collect(), clock, tolerance)
    }

    /// The first in line gets its quantum unless it had it.
    fn turn(&self, path: &Path, is_open: &mut bool, deficits: &mut BTreeMap<Path, Ratio>) {
        if !std::mem::replace(is_open, true) {
            let deficit = deficits.get_mut(path).expect("it is in line");
            *deficit = *deficit + self.nodes[path].weight;
        }
    }

    /// The wire goes on until `now`.
    fn wire(&mut self, now: u64) {
        let given = (Ratio::from(now - self.since) * self.rate).min(self.left);
        self.since = now;
        self.give(given);
    }

    /// The same, and if it is idle V is where the first of those awake begins.
    fn advance(&mut self, now: u64) {
        self.wire(now);
        if self.left == Ratio::ZERO {
            self.reach(&Vec::new());
        }
    }

    fn give(&mut self, given: Ratio) {
        let root = Vec::new();
        let weights = self.weights(&root);
        if given != Ratio::ZERO && weights != Ratio::ZERO {
            let node = self.node(&root);
            node.virtual_time = node.virtual_time + given / weights;
        }
        self.left = self.left - given;
    }

    fn weights(&self, parent: &Path) -> Ratio {
        self.children(parent).fold(Ratio::ZERO, |sum, (_, child)| sum + child.weight)
    }

    /// V is at least the least start of those awake.
    fn reach(&mut self, parent: &Path) {
        let awake = self.children(parent).filter(|(_, child)| child.is_awake);
        if let Some(least) = awake.map(|(_, child)| child.tag).min() {
            let node = self.node(parent);
            node.virtual_time = node.virtual_time.max(least);
        }
    }

    fn wake(&mut self, now: u64, path: &Path) {
        let parent = self.parent(path);
        match self.kind {
            Kind::Deficit => self.node(path).tag = Ratio::ZERO,
            Kind::WorstCaseFair => {
                if parent.is_empty() {
                    self.wire(now);
                }
                let virtual_time = self.nodes[&parent].virtual_time;
                let node = self.node(path);
                node.tag = node.tag.max(virtual_time);
            }
        }
        self.node(path).is_awake = true;
        self.node(&parent).line.push(path.clone());
        if !parent.is_empty() && !self.nodes[&parent].is_awake {
            self.wake(now, &parent);
        }
    }

    fn sleep(&mut self, path: &Path) {
        let parent = self.parent(path);
        self.node(path).is_awake = false;
        let node = self.node(&parent);
        if node.line[0] == *path {
            node.is_open = false;
        }
        node.line.retain(|other| other != path);
        let is_empty = node.line.is_empty();
        if !parent.is_empty() && is_empty {
            self.sleep(&parent);
        }
    }

    /// The paths from a leaf up to, and without, the root.
    fn upwards(&self, leaf: &Path) -> Vec<Path> {
        let mut paths = vec![leaf.clone()];
        while !self.parent(&paths[paths.len() - 1]).is_empty() {
            paths.push(self.parent(&paths[paths.len() - 1]));
        }
        paths
    }

    /// All turns up to that of `path` are taken.
    fn take_turns(&mut self, path: &Path) {
        let parent = self.parent(path);
        let (mut line, mut is_open) =
            (self.nodes[&parent].line.clone(), self.nodes[&parent].is_open);
        let mut deficits: BTreeMap<Path, Ratio> =
            line.iter().map(|path| (path.clone(), self.nodes[path].tag)).collect();
        loop {
            self.turn(&line[0], &mut is_open, &mut deficits);
            if line[0] == *path && self.head(path) <= deficits[path] {
                break;
            }
            line.rotate_left(1);
            is_open = false;
        }
        for (path, deficit) in deficits {
            self.node(&path).tag = deficit;
        }
        let node = self.node(&parent);
        (node.line, node.is_open) = (line, is_open);
    }
}

impl Order for Tree {
    fn unit(&self) -> Unit {
        self.unit
    }

    fn add(&mut self, now: u64, path: &Path, terms: Terms) {
        self.wire(now);
        let (weight, tie) = match self.unit {
            Unit::Queue => (terms.own, terms.sibling_tie),
            _ => (terms.product, terms.tie),
        };
        let root = &self.nodes[&Vec::new()];
        let node = Node {
            weight,
            tie,
            is_awake: false,
            line: Vec::new(),
            is_open: false,
            virtual_time: Ratio::ZERO,
            ..root.clone()
        };
        self.nodes.insert(path.clone(), Node { tag: Ratio::ZERO, ..node });
    }

    fn remove(&mut self, now: u64, path: &Path) {
        self.wire(now);
        self.nodes.retain(|node, _| node.is_empty() || !node.starts_with(path));
    }

    fn reweigh(&mut self, now: u64, path: &Path, terms: Terms) {
        if self.parent(path).is_empty() {
            self.wire(now);
        }
        let is_own = self.unit == Unit::Queue;
        self.node(path).weight = if is_own { terms.own } else { terms.product };
    }

    fn set_rate(&mut self, now: u64, rate: Ratio) {
        self.wire(now);
        self.rate = rate;
    }

    fn set_first(&mut self, now: u64, path: &Path, first: Option<First>) {
        let (was_awake, is_awake) = (self.nodes[path].is_awake, first.is_some());
        if is_awake {
            self.node(path).first = first;
        }
        match (was_awake, is_awake) {
            (false, true) => self.wake(now, path),
            (true, false) => {
                self.sleep(path);
                self.node(path).first = None;
            }
            _ => {}
        }
    }

    fn pick(&mut self, now: u64) -> Choice {
        self.advance(now);
        let mut path = Vec::new();
        while self.nodes[&path].first.is_none() {
            if !path.is_empty() {
                self.reach(&path);
            }
            path = self.choose(&path);
        }
        Choice::Flow(path)
    }

    fn queue_of(&self, flow: &Path) -> Path {
        self.nodes[flow].first.as_ref().expect("it is awake").queue.clone()
    }

    fn serve(&mut self, now: u64, leaf: &Path, sent: &First, next: Option<First>) {
        let segments = Ratio::from(sent.segments);
        if self.kind == Kind::Deficit {
            // From the top, while the heads are still what they were.
            for path in self.upwards(leaf).iter().rev() {
                self.take_turns(path);
            }
        } else {
            self.wire(now);
            self.give(self.left);
            for path in self.upwards(leaf) {
                self.reach(&self.parent(&path));
            }
            (self.since, self.left) = (now, segments);
        }
        for path in self.upwards(leaf) {
            let parent = self.parent(&path);
            let weights = self.weights(&parent);
            let kind = self.kind;
            let node = self.node(&path);
            match kind {
                Kind::Deficit => node.tag = node.tag - segments,
                Kind::WorstCaseFair => {
                    node.tag = node.tag + segments / node.weight;
                    if !parent.is_empty() {
                        let above = self.node(&parent);
                        above.virtual_time = above.virtual_time + segments / weights;
                    }
                }
            }
        }
        match next {
            Some(first) => self.node(leaf).first = Some(first),
            None => {
                self.sleep(leaf);
                self.node(leaf).first = None;
            }
        }
    }

    fn completed(&mut self, _: u64, leaf: &Path, _: &Path, charged: u64, used: u64) {
        let back = Ratio::from(charged - used);
        if back == Ratio::ZERO {
            return;
        }
        for path in self.upwards(leaf) {
            let kind = self.kind;
            let node = self.node(&path);
            match kind {
                Kind::Deficit if node.is_awake => node.tag = node.tag + back,
                Kind::Deficit => {}
                Kind::WorstCaseFair => node.tag = node.tag - back / node.weight,
            }
        }
    }

    fn is_near(&self, _: u64, _: &Path, flow: &Path, tolerance: Ratio) -> bool {
        self.kind == Kind::WorstCaseFair
            && tolerance > Ratio::ZERO
            && self.outcomes(&Vec::new(), tolerance).iter().any(|(leaf, _)| leaf == flow)
    }
}
