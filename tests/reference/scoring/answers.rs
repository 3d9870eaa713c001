//! What happens to queues, as scoring with its options answers to it.

use super::*;

impl Scoring {
    /// Does something while nothing above this leaf has a limit: who is limited from now on took part until
    /// now.
    fn as_if_unlimited(&mut self, leaf: &Path, act: impl FnOnce(&mut Self)) {
        let limits = upwards(leaf).into_iter().map(|path| {
            let limit = self.node(&path).limit.take();
            (path, limit)
        });
        let limits: Vec<(Path, Option<Ratio>)> = limits.collect();
        act(self);
        for (path, limit) in limits {
            self.node(&path).limit = limit;
        }
    }
}

impl Order for Scoring {
    fn unit(&self) -> Unit {
        Unit::Queue
    }

    fn add(&mut self, now: u64, path: &Path, terms: Terms) {
        if path.last().is_some_and(|(level, _)| *level == 1) {
            self.rescore_if_begun(now);
        }
        if self.options.is_worst_case_fair {
            self.pass(now, &above(path));
        }
        let (promise, limit) = match self.options.is_bounded && !Self::is_leaf(path) {
            true => bounds_of(terms.sibling_tie, self.per),
            false => (None, None),
        };
        if promise.is_some() || limit.is_some() {
            self.rescore_if_begun(now);
        }
        let root = self.nodes[&Vec::new()].clone();
        let promise_tag = match promise {
            Some(_) => self.nodes[&above(path)].promised_time,
            None => Ratio::ZERO,
        };
        let zero = Ratio::ZERO;
        let node = Node {
            weight: terms.own,
            tie: terms.sibling_tie,
            promise,
            limit,
            promise_tag,
            virtual_time: zero,
            promised_time: zero,
            left: zero,
            ..root
        };
        self.nodes.insert(path.clone(), Node { since: now, ..node });
    }

    fn remove(&mut self, now: u64, path: &Path) {
        // A tenant that never had a message is not in the tree, and no order rests on it.
        if !self.nodes.contains_key(path) {
            return;
        }
        self.rescore_if_begun(now);
        if self.options.is_worst_case_fair {
            self.pass(now, &above(path));
        }
        self.nodes.retain(|node, _| node.is_empty() || !node.starts_with(path));
    }

    fn reweigh(&mut self, now: u64, path: &Path, terms: Terms) {
        // Whose limit is over by now missed a turn at the weight that it had.
        self.end_limits(now);
        self.rescore_if_begun(now);
        if self.options.is_worst_case_fair {
            self.pass(now, &above(path));
        }
        let (parent, (clock, _)) = (above(path), self.clocks(&above(path)));
        let going = || self.children(&parent).filter(|(_, child)| child.stand == Stand::Going);
        let weights = going().fold(Ratio::ZERO, |sum, (_, child)| sum + child.weight);
        let fluid = match self.options.is_worst_case_fair || weights == Ratio::ZERO {
            true => clock,
            false => {
                let tags =
                    going().fold(Ratio::ZERO, |sum, (_, child)| sum + child.weight * child.tag);
                (tags / weights).rounded_down()
            }
        };
        let node = self.node(path);
        let ratio = node.weight / terms.own;
        // What it is ahead of the fluid division, or behind it, is service.
        match &mut node.lag {
            Some((lag, _)) => *lag = fluid + (clock + *lag - fluid) * ratio - clock,
            None => node.tag = fluid + (node.tag - fluid) * ratio,
        }
        node.weight = terms.own;
        self.evaluate_all(now);
    }

    fn set_rate(&mut self, now: u64, rate: Ratio) {
        self.rescore_if_begun(now);
        if self.options.is_worst_case_fair {
            self.pass(now, &Vec::new());
        }
        self.rate = rate;
        self.evaluate_all(now);
    }

    fn set_first(&mut self, now: u64, path: &Path, first: Option<First>) {
        let is_new = first.is_some() && !self.nodes[path].is_known;
        self.node(path).is_known = first.is_some();
        if first.is_some() {
            self.node(path).first = first;
        }
        if is_new {
            self.evaluate(now, path);
        }
    }

    fn set_state(&mut self, now: u64, queue: &Path, state: State) {
        self.change(now, |own| own.node(queue).state = state);
    }

    fn idle(&mut self, now: u64) {
        self.rescore_if_begun(now);
    }

    fn pick(&mut self, now: u64) -> Choice {
        self.end_limits(now);
        let is_old = |most: u64| now - self.began >= most;
        if self.has_begun() && self.options.max_age.is_some_and(is_old) {
            self.rescore(now);
        }
        // An order begins with its first message; what is given back before that begins nothing.
        if self.sent == 0 {
            self.evaluate_all(now);
        }
        loop {
            let mut path = Vec::new();
            loop {
                if self.options.is_worst_case_fair {
                    self.reach_when_idle(now, &path);
                }
                let Some(child) = self.choose(now, &path) else { break };
                path = child;
                if Self::is_leaf(&path) {
                    return Choice::Flow(path);
                }
            }
            if !self.has_begun() {
                break;
            }
            self.rescore(now);
        }
        let held = self.nodes.iter().filter(|(path, node)| {
            node.limit.is_some()
                && self.is_limited(now, path)
                && self.children(path).any(|(child, _)| self.may_go(now, child, false))
        });
        let due = held.filter_map(|(_, node)| Some(node.limited_until()?.ceil())).min();
        Choice::NotUntil(due.expect("what waits and may not go is limited") as u64)
    }

    fn queue_of(&self, flow: &Path) -> Path {
        flow.clone()
    }

    fn serve(&mut self, now: u64, leaf: &Path, sent: &First, next: Option<First>) {
        let segments = Ratio::from(sent.segments);
        for path in upwards(leaf) {
            let node = self.node(&path);
            if let Some(limit) = node.limit {
                node.gone = node.gone.max(now.into()) + segments / limit;
            }
        }
        if self.options.is_worst_case_fair {
            self.as_if_unlimited(leaf, |scoring| {
                scoring.serve_worst_case_fair(now, leaf, segments)
            });
        } else {
            if self.sent == 0 {
                self.began = now;
            }
            self.sent += 1;
            for path in upwards(leaf) {
                let node = self.node(&path);
                node.charged = node.charged + segments;
            }
            if self.sent >= self.options.every {
                self.as_if_unlimited(leaf, |scoring| {
                    scoring.node(leaf).first = next.clone();
                    scoring.rescore(now);
                });
            } else if self.options.is_walked {
                self.node(leaf).is_taken = true;
            }
        }
        let node = self.node(leaf);
        node.is_known = next.is_some();
        if next.is_none() {
            node.state = State::Idle;
        } else {
            node.first = next;
        }
        let stands = self.stands();
        self.follow(now, &stands);
    }

    fn completed(&mut self, now: u64, leaf: &Path, _: &Path, charged: u64, used: u64) {
        let back = Ratio::from(charged - used);
        if back == Ratio::ZERO {
            return;
        }
        for path in upwards(leaf) {
            let fair = self.options.is_worst_case_fair;
            let node = self.node(&path);
            if !fair {
                node.returned = node.returned + back;
                continue;
            }
            let moved = (back / node.weight, node.promise.map_or(Ratio::ZERO, |part| back / part));
            match &mut node.lag {
                Some(lag) => *lag = (lag.0 - moved.0, lag.1 - moved.1),
                None => {
                    (node.tag, node.promise_tag) = (node.tag - moved.0, node.promise_tag - moved.1);
                }
            }
        }
        if self.options.every == 1 && !self.options.is_worst_case_fair {
            self.rescore(now);
        }
    }

    fn is_near(&self, now: u64, _: &Path, flow: &Path, tolerance: Ratio) -> bool {
        tolerance > Ratio::ZERO
            && self.outcomes(now, &Vec::new(), tolerance).iter().any(|(leaf, _)| leaf == flow)
    }
}
