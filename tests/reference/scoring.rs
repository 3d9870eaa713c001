//! Scoring with its options, as plainly as they are stated.
//!
//! - An order stands for K messages: tags and V stand still, what is sent is charged when the order is found
//!   anew, as one message. It is found anew after K messages; when it is too old; when nothing in it may go;
//!   when a tenant comes or goes; when a weight, a bound or the rate changes. Walked, a queue has one turn.
//! - Worst-case fairness: WF²Q+ at every node, but a child that is held back keeps its distance to V.
//! - A promise f: while service ÷ f is not ahead of the parent's service, slowed down where ready children
//!   are promised more than everything, the child goes first. Beyond it at most twice a batch is remembered.
//!   Who goes first by its promise moves V no further than to the least tag of those that take part.
//! - A limit: n ≤ 2 + limit·T by the generic cell rate algorithm. Who is over it is as if idle, but the turn
//!   that it missed, one segment, is not forgotten.

mod answers;

use super::near::{self, Contender};
use super::order::{Choice, First, Order, Terms, Unit};
use super::rational::Ratio;
use super::scheduler::{Path, State};
use std::collections::BTreeMap;

/// Which options are set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    pub(crate) every: u64,
    pub(crate) max_age: Option<u64>,
    pub(crate) is_walked: bool,
    pub(crate) is_worst_case_fair: bool,
    /// Whether nodes have the bounds of [`bounds_of`].
    pub(crate) is_bounded: bool,
    /// Seconds of lag a second of waiting, and a second of urgency within `horizon`.
    pub(crate) waiting: Option<Ratio>,
    pub(crate) urgency: Option<(Ratio, u64)>,
}

pub(crate) const PLAIN: Options = Options {
    every: 1,
    max_age: None,
    is_walked: false,
    is_worst_case_fair: false,
    is_bounded: false,
    waiting: None,
    urgency: None,
};

/// What a node of this place in the keyed order is promised, and held to in segments a nanosecond.
pub(crate) fn bounds_of(tie: u64, per: u64) -> (Option<Ratio>, Option<Ratio>) {
    let part =
        Ratio::new([1, 1, 2, 1][(tie >> 8 & 3) as usize], [2, 4, 5, 10][(tie >> 8 & 3) as usize]);
    let rate = Ratio::new((1 + (tie >> 16 & 1)).into(), per.into());
    ((tie & 1 == 1).then_some(part), (tie & 6 == 6).then_some(rate))
}

/// How a node takes part in its parent's division.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stand {
    Idle,
    /// All below it is held back.
    Held,
    /// Its own limit holds it back.
    Limited,
    Going,
}

#[derive(Clone, Debug)]
struct Node {
    weight: Ratio,
    tie: u64,
    stand: Stand,
    state: State,
    is_taken: bool,
    tag: Ratio,
    promise: Option<Ratio>,
    promise_tag: Ratio,
    limit: Option<Ratio>,
    /// When what it sent so far would have gone at its limit.
    gone: Ratio,
    /// While held back: distances of the tags to the clocks of the parent.
    lag: Option<(Ratio, Ratio)>,
    charged: Ratio,
    returned: Ratio,
    first: Option<First>,
    /// Whether that is announced: the queue may be served.
    is_known: bool,
    score: Ratio,
    /// V and the service of the node for its children.
    virtual_time: Ratio,
    promised_time: Ratio,
    /// On the wire, and since when that is known.
    left: Ratio,
    since: u64,
}

impl Node {
    /// Until when its limit holds it: it may be one segment ahead of it.
    fn limited_until(&self) -> Option<Ratio> {
        self.limit.map(|limit| self.gone - Ratio::from(1) / limit)
    }
}

#[derive(Debug)]
pub(crate) struct Scoring {
    options: Options,
    nodes: BTreeMap<Path, Node>,
    rate: Ratio,
    per: u64,
    sent: u64,
    began: u64,
    /// Limits that were over by then have ended.
    ended: u64,
}

fn above(path: &[(u64, u64)]) -> Path {
    path[..path.len() - 1].to_vec()
}

fn upwards(leaf: &Path) -> Vec<Path> {
    (1..=leaf.len()).rev().map(|depth| leaf[..depth].to_vec()).collect()
}

impl Scoring {
    pub(crate) fn new(options: Options, rate: Ratio, per: u64) -> Self {
        let zero = Ratio::ZERO;
        let root = Node {
            weight: Ratio::from(1),
            tie: 0,
            stand: Stand::Idle,
            state: State::Idle,
            is_taken: false,
            tag: zero,
            promise: None,
            promise_tag: zero,
            limit: None,
            gone: zero,
            lag: None,
            charged: zero,
            returned: zero,
            first: None,
            is_known: false,
            score: zero,
            virtual_time: zero,
            promised_time: zero,
            left: zero,
            since: 0,
        };
        let nodes = BTreeMap::from([(Vec::new(), root)]);
        Scoring { options, nodes, rate, per, sent: 0, began: 0, ended: 0 }
    }

    #[track_caller]
    fn node(&mut self, path: &[(u64, u64)]) -> &mut Node {
        self.nodes.get_mut(path).expect("the node exists")
    }

    fn children<'a>(&'a self, parent: &'a Path) -> impl Iterator<Item = (&'a Path, &'a Node)> {
        let below = |path: &Path| path.len() == parent.len() + 1 && path.starts_with(parent);
        self.nodes.iter().filter(move |(path, _)| below(path))
    }

    fn is_leaf(path: &Path) -> bool {
        path.last().is_some_and(|(level, _)| *level == 3)
    }

    fn is_limited(&self, now: u64, path: &Path) -> bool {
        self.nodes[path].limited_until().is_some_and(|until| until > now.into())
    }

    /// Whether a node may be served now; in the order that stands if `turns`.
    fn may_go(&self, now: u64, path: &Path, turns: bool) -> bool {
        if self.is_limited(now, path) {
            return false;
        }
        let node = &self.nodes[path];
        if Self::is_leaf(path) {
            return node.state == State::Ready && !(turns && node.is_taken);
        }
        self.children(path).any(|(child, _)| self.may_go(now, child, turns))
    }

    /// Whether something waits below a node.
    fn waits(&self, path: &Path) -> bool {
        if Self::is_leaf(path) {
            return self.nodes[path].state != State::Idle;
        }
        self.children(path).any(|(child, _)| self.waits(child))
    }

    fn clocks(&self, parent: &Path) -> (Ratio, Ratio) {
        (self.nodes[parent].virtual_time, self.nodes[parent].promised_time)
    }

    fn stand(&self, now: u64, path: &Path) -> Stand {
        let below = match Self::is_leaf(path) {
            true => self.nodes[path].state == State::Ready,
            false => self.children(path).any(|(child, _)| self.may_go(now, child, false)),
        };
        match (self.waits(path), below, self.is_limited(now, path)) {
            (false, ..) => Stand::Idle,
            (true, false, _) => Stand::Held,
            (true, true, true) => Stand::Limited,
            (true, true, false) => Stand::Going,
        }
    }

    /// Keeps the tags of all nodes as what they are now.
    fn follow(&mut self, now: u64, before: &BTreeMap<Path, Stand>) {
        let paths: Vec<Path> = self.nodes.keys().filter(|path| !path.is_empty()).cloned().collect();
        // From the leaves upwards, as states change.
        for path in paths.iter().rev() {
            let rested = |stand| matches!(stand, Stand::Idle | Stand::Limited);
            let (was, is) =
                (before.get(path).copied().unwrap_or(Stand::Idle), self.stand(now, path));
            let parent = above(path);
            if self.options.is_worst_case_fair {
                self.pass(now, &parent);
            }
            let (clock, promised) = self.clocks(&parent);
            let node = self.node(path);
            if let (Some((lag, promise_lag)), true) = (node.lag, is != Stand::Held) {
                (node.tag, node.promise_tag) = (clock + lag, promised + promise_lag);
                node.lag = None;
            }
            if rested(was) && !rested(is) {
                // Its limit made it miss a turn.
                let credit = match was {
                    Stand::Limited => Ratio::from(1) / node.weight,
                    _ => Ratio::ZERO,
                };
                node.tag = node.tag.max(clock - credit);
                node.promise_tag = node.promise_tag.max(promised);
            }
            if is == Stand::Held && node.lag.is_none() {
                node.lag = Some((node.tag - clock, node.promise_tag - promised));
            }
            node.stand = is;
        }
        if self.options.is_worst_case_fair {
            // Below the top a message is on no wire: what was sent has gone.
            let inner = paths.iter().filter(|path| !Self::is_leaf(path));
            for path in inner.cloned().collect::<Vec<_>>() {
                self.pass(now, &path);
            }
        }
    }

    /// How all nodes stand, as far as it was told.
    fn stands(&self) -> BTreeMap<Path, Stand> {
        self.nodes.iter().map(|(path, node)| (path.clone(), node.stand)).collect()
    }

    /// Limits that are over by now ended one after the other, each at its own time: from then on a node above
    /// may have been held back by its own limit alone.
    fn end_limits(&mut self, now: u64) {
        let next = |scoring: &Self| {
            let limited = scoring.nodes.values().filter_map(Node::limited_until);
            let ends = limited.map(|until| until.max(Ratio::ZERO).ceil() as u64);
            ends.filter(|end| *end > scoring.ended && *end <= now).min()
        };
        while let Some(end) = next(self) {
            self.ended = end;
            let stands = self.stands();
            self.follow(end, &stands);
        }
        self.ended = now;
        let stands = self.stands();
        self.follow(now, &stands);
    }

    /// Does something that changes who waits, and lets the tags follow.
    fn change(&mut self, now: u64, what: impl FnOnce(&mut Self)) {
        self.end_limits(now);
        let before = self.stands();
        what(self);
        self.follow(now, &before);
    }

    /// The wire goes on until `now`; only the root's takes time.
    fn pass(&mut self, now: u64, parent: &Path) {
        let rate = self.rate;
        let node = self.node(parent);
        let given = match parent.is_empty() {
            true => (Ratio::from(now - node.since) * rate).min(node.left),
            false => node.left,
        };
        node.since = now;
        self.give(parent, given);
    }

    fn give(&mut self, parent: &Path, given: Ratio) {
        let weights = self.weights(parent);
        let node = self.node(parent);
        node.left = node.left - given;
        if given != Ratio::ZERO && weights != Ratio::ZERO {
            node.virtual_time = node.virtual_time + given / weights;
        }
    }

    fn weights(&self, parent: &Path) -> Ratio {
        self.children(parent).fold(Ratio::ZERO, |sum, (_, child)| sum + child.weight)
    }

    /// V is at least the least start of those that take part.
    fn reach(&mut self, now: u64, parent: &Path) {
        let parts = self.children(parent).filter(|(path, _)| self.may_go(now, path, true));
        if let Some(least) = parts.map(|(_, child)| child.tag).min() {
            let node = self.node(parent);
            node.virtual_time = node.virtual_time.max(least);
        }
    }

    /// A node is asked for the next message. Only then, and when it is sent, V moves on to the least start: a
    /// cap that holds two children back does so at once, and what one would have alone in between is nothing.
    fn reach_when_idle(&mut self, now: u64, parent: &Path) {
        self.pass(now, parent);
        if self.nodes[parent].left == Ratio::ZERO {
            self.reach(now, parent);
        }
    }

    fn head(&mut self, now: u64, path: &Path) -> Ratio {
        match &self.nodes[path].first {
            Some(first) if Self::is_leaf(path) => Ratio::from(first.segments),
            _ => {
                let child = self.choose(now, path).expect("something may go");
                self.head(now, &child)
            }
        }
    }

    /// What counts beside the lag of the queue that a node would send from.
    fn score(&mut self, now: u64, path: &Path) -> Ratio {
        if Self::is_leaf(path) {
            return self.nodes[path].score;
        }
        let child = self.choose(now, path).expect("something may go");
        self.score(now, &child)
    }

    /// Nanoseconds of own share in the units of the tags of a node's children.
    fn units(&self, parent: &Path, nanoseconds: Ratio) -> Ratio {
        let mut units = nanoseconds * self.rate;
        for depth in 1..=parent.len() {
            let path = parent[..depth].to_vec();
            units = units * self.nodes[&path].weight / self.weights(&above(&path));
        }
        units / self.weights(parent)
    }

    fn choose(&mut self, now: u64, parent: &Path) -> Option<Path> {
        if self.options.is_worst_case_fair {
            self.pass(now, parent);
        }
        let parts: Vec<Path> = self
            .children(parent)
            .map(|(path, _)| path.clone())
            .filter(|path| self.may_go(now, path, true))
            .collect();
        let (clock, promised) = self.clocks(parent);
        let due = parts.iter().filter(|path| self.nodes[*path].promise.is_some());
        let due = due.min_by_key(|path| (self.nodes[*path].promise_tag, self.nodes[*path].tie));
        if let Some(due) = due.filter(|path| self.nodes[*path].promise_tag <= promised) {
            return Some(due.clone());
        }
        let terms = self.options.waiting.is_some() || self.options.urgency.is_some();
        let keyed: Vec<((bool, Ratio, Ratio, u64), Path)> = parts
            .into_iter()
            .map(|path| {
                let Node { tag, weight, tie, .. } = self.nodes[&path];
                // Who is not reached yet goes by its start; of those that V reaches at once the first to end.
                let key = if self.options.is_worst_case_fair {
                    let finish = tag + self.head(now, &path) / weight;
                    if tag <= clock { (false, finish, finish) } else { (true, tag, finish) }
                } else if terms {
                    let score = self.score(now, &path);
                    let key = tag - self.units(parent, score);
                    (false, key, key)
                } else {
                    (false, tag, tag)
                };
                ((key.0, key.1, key.2, tie), path)
            })
            .collect();
        keyed.into_iter().min().map(|(_, path)| path)
    }

    /// What a node may send now where tags are known to within `tolerance`: leaves, and what the node is
    /// ordered by beside its tag, the size of the head or the score.
    fn outcomes(&self, now: u64, path: &Path, tolerance: Ratio) -> Vec<(Path, Ratio)> {
        assert!(!self.options.is_bounded, "promises are compared exactly");
        let fair = self.options.is_worst_case_fair;
        if Self::is_leaf(path) {
            let node = &self.nodes[path];
            let head = node.first.as_ref().map_or(0, |first| first.segments);
            return vec![(path.clone(), if fair { Ratio::from(head) } else { node.score })];
        }
        let parts = self.children(path).filter(|(child, _)| self.may_go(now, child, true));
        let contenders = parts.map(|(child, node)| {
            let below = self.outcomes(now, child, tolerance).into_iter();
            let ends = below.map(|(leaf, passed)| {
                let key = match fair {
                    true => node.tag + passed / node.weight,
                    false => node.tag - self.units(path, passed),
                };
                (leaf, key, passed)
            });
            Contender { start: node.tag, ends: ends.collect() }
        });
        let contenders: Vec<Contender> = contenders.collect();
        match fair {
            true => near::worst_case_fair(contenders, self.nodes[path].virtual_time, tolerance),
            false => near::least(&contenders, tolerance),
        }
    }

    fn evaluate(&mut self, now: u64, leaf: &Path) {
        let options = self.options;
        let node = self.node(leaf);
        let Some(first) = &node.first else { return };
        let waited = Ratio::from(now - first.arrived);
        let slack = first.deadline.saturating_sub(now);
        node.score = options.waiting.map_or(Ratio::ZERO, |weight| whole(weight * waited))
            + options.urgency.map_or(Ratio::ZERO, |(weight, horizon)| {
                whole(weight * Ratio::from(horizon.saturating_sub(slack)))
            });
    }

    fn evaluate_all(&mut self, now: u64) {
        let ready = |(path, node): (&Path, &Node)| {
            (Self::is_leaf(path) && node.state == State::Ready).then(|| path.clone())
        };
        for leaf in self.nodes.iter().filter_map(ready).collect::<Vec<_>>() {
            self.evaluate(now, &leaf);
        }
    }

    /// The order is found anew.
    fn rescore(&mut self, now: u64) {
        self.end_limits(now);
        self.sent = 0;
        let touched = |(path, node): (&Path, &Node)| {
            let is_touched = node.charged != Ratio::ZERO || node.returned != Ratio::ZERO;
            is_touched.then(|| path.clone())
        };
        let touched: Vec<Path> = self.nodes.iter().filter_map(touched).collect();
        let served = |node: &Node| node.charged != Ratio::ZERO;
        let mut level: BTreeMap<Path, (Ratio, Ratio)> = BTreeMap::new();
        for path in &touched {
            let (clock, promised) = self.clocks(&above(path));
            let node = &self.nodes[path];
            let tags = match node.lag {
                Some((lag, promise_lag)) => (clock + lag, promised + promise_lag),
                None => (node.tag, node.promise_tag),
            };
            level.insert(path.clone(), tags);
        }
        for path in &touched {
            if !served(&self.nodes[path]) {
                continue;
            }
            let parent = above(path);
            let mut reached = level[path].0;
            if self.nodes[path].promise.is_some() && level[path].1 <= self.clocks(&parent).1 {
                // Who goes first by its promise may be far ahead: V is at the least of those that take part.
                let parts = self.children(&parent).filter(|(_, child)| child.stand == Stand::Going);
                reached = parts.map(|(_, child)| child.tag).fold(reached, Ratio::min);
            }
            let node = self.node(&parent);
            node.virtual_time = node.virtual_time.max(reached);
        }
        for path in &touched {
            if !served(&self.nodes[path]) {
                continue;
            }
            let (parent, charged) = (above(path), self.nodes[path].charged);
            let pace = self.pace(now, &parent);
            let node = self.node(&parent);
            node.promised_time = node.promised_time + charged / pace;
        }
        for path in &touched {
            let (clock, promised) = self.clocks(&above(path));
            let is_served = served(&self.nodes[path]);
            let node = self.node(path);
            let (charged, returned) = (node.charged, node.returned);
            (node.charged, node.returned) = (Ratio::ZERO, Ratio::ZERO);
            let mut tags = level[path];
            tags.0 = tags.0 + (charged - returned) / node.weight;
            if let Some(part) = node.promise {
                tags.1 = tags.1 + charged / part;
                if is_served {
                    tags.1 = tags.1.min(promised + Ratio::from(2) * charged / part);
                }
                tags.1 = tags.1 - returned / part;
            }
            match &mut node.lag {
                None => (node.tag, node.promise_tag) = tags,
                Some(lag) if is_served => *lag = (tags.0 - clock, tags.1 - promised),
                Some(lag) => {
                    let moved = (tags.0 - level[path].0, tags.1 - level[path].1);
                    *lag = (lag.0 + moved.0, lag.1 + moved.1);
                }
            }
        }
        self.nodes.values_mut().for_each(|node| node.is_taken = false);
        self.evaluate_all(now);
    }

    /// How much faster promises grow than the service: by what ready children are promised beyond all.
    fn pace(&self, now: u64, parent: &Path) -> Ratio {
        let ready = self.children(parent).filter(|(path, _)| self.may_go(now, path, true));
        let promised = ready.filter_map(|(_, child)| child.promise);
        promised.fold(Ratio::ZERO, |sum, part| sum + part).max(Ratio::from(1))
    }

    fn has_begun(&self) -> bool {
        self.nodes.values().any(|node| {
            node.is_taken || node.charged != Ratio::ZERO || node.returned != Ratio::ZERO
        })
    }

    fn rescore_if_begun(&mut self, now: u64) {
        if self.has_begun() {
            self.rescore(now);
        }
    }

    fn serve_worst_case_fair(&mut self, now: u64, leaf: &Path, segments: Ratio) {
        for path in upwards(leaf) {
            let parent = above(&path);
            self.pass(now, &parent);
            let left = self.nodes[&parent].left;
            self.give(&parent, left);
            self.reach(now, &parent);
            let pace = self.pace(now, &parent);
            let node = self.node(&parent);
            node.left = segments;
            node.promised_time = node.promised_time + segments / pace;
            let promised = node.promised_time;
            let node = self.node(&path);
            node.tag = node.tag + segments / node.weight;
            if let Some(part) = node.promise {
                let most = promised + Ratio::from(2) * segments / part;
                node.promise_tag = (node.promise_tag + segments / part).min(most);
            }
        }
    }
}

/// Whole nanoseconds.
fn whole(nanoseconds: Ratio) -> Ratio {
    Ratio::from(u64::try_from(-(-nanoseconds).ceil()).expect("not negative"))
}
