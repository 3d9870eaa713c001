//! What a lane tells and asks, as scoring with its options answers.

use super::*;

/// The wire is seldom free at the very moment at which a limit lets its node go. A segment may be made up for
/// what is waited, or the node would get less than its limit: at 10/s only 2.5/s of 3/s.
const LIMIT_BURST: u64 = 2;

impl Policy for FullScoring {
    fn attach(&mut self, now: Time, queue: QueueId, path: &[Hop]) {
        let mut parent = ROOT;
        for hop in path {
            let index = hop.node.0 + 1;
            if self.nodes.len() <= index as usize {
                self.nodes.resize_with(index as usize + 1, || Node::new(NONE, Weight::ONE, 0));
            }
            if self.nodes[index as usize].parent == NONE {
                if hop.level == Level::Tenant {
                    self.rescore_if_begun(now);
                }
                self.nodes[index as usize] = Node::new(parent, hop.weight, hop.tie);
                let above = &mut self.nodes[parent as usize];
                above.children += 1;
                above.division.weigh(now, 0, hop.weight.millionths());
            }
            parent = index;
        }
        self.nodes[parent as usize].queue = queue.0;
        if self.leaves.len() <= queue.index() {
            self.leaves.resize(queue.index() + 1, NONE);
        }
        self.leaves[queue.index()] = parent;
        if self.terms.are_set() {
            self.rank_all(now);
        }
    }

    fn detach(&mut self, now: Time, queue: QueueId) {
        self.rescore_if_begun(now);
        let mut index = self.leaf(queue);
        self.leaves[queue.index()] = NONE;
        while index != ROOT && self.nodes[index as usize].children == 0 {
            let node = &mut self.nodes[index as usize];
            debug_assert_eq!(node.place, Place::Idle);
            let (parent, weight) = (node.parent, node.tag.weight());
            node.parent = NONE;
            let above = &mut self.nodes[parent as usize];
            above.children -= 1;
            above.division.weigh(now, weight, 0);
            index = parent;
        }
        if self.terms.are_set() {
            self.rank_all(now);
        }
    }

    fn enqueued(&mut self, now: Time, queue: QueueId, entry: Entry) {
        if self.terms.waiting_millionths > 0 {
            let leaf = self.leaf(queue);
            let arrivals = &mut self.nodes[leaf as usize].arrivals;
            let place = arrivals.partition_point(|(other, _)| *other < entry.sequence);
            arrivals.insert(place, (entry.sequence, now));
        }
    }

    fn withdrawn(&mut self, _: Time, queue: QueueId, entry: Entry) {
        self.forget_arrival(self.leaf(queue), entry.sequence);
    }

    fn eligible(&mut self, now: Time, queue: QueueId, head: Entry) {
        self.release_the_limited(now);
        let leaf = self.leaf(queue);
        let node = &mut self.nodes[leaf as usize];
        let was_ready = node.below == Below::Ready;
        let same_size = node.head.is_some_and(|before| before.segments == head.segments);
        node.head = Some(head);
        node.below = Below::Ready;
        if !was_ready {
            self.evaluate(now, leaf);
        }
        if !was_ready || (self.is_worst_case_fair && !same_size) {
            self.settle(now, leaf, Reach::Changed);
        }
    }

    fn ineligible(&mut self, now: Time, queue: QueueId, why: Ineligible) {
        self.release_the_limited(now);
        let leaf = self.leaf(queue);
        self.nodes[leaf as usize].below = match why {
            Ineligible::Empty => Below::Idle,
            Ineligible::Blocked => Below::Held,
        };
        self.settle(now, leaf, Reach::Changed);
    }

    fn pick(&mut self, now: Time, _: Entropy<'_>) -> Pick {
        self.release_the_limited(now);
        if self.is_too_old(now) {
            self.rescore(now);
        }
        self.evaluate_before_it_begins(now);
        loop {
            let mut index = ROOT;
            loop {
                if self.is_worst_case_fair {
                    self.reach_when_idle(now, index);
                }
                let Some(child) = self.choose(now, index) else { break };
                index = child;
            }
            if index != ROOT {
                return Pick::Queue(QueueId(self.nodes[index as usize].queue));
            }
            if self.batch.is_empty() {
                let due = self.limited.peek();
                return due.map_or(Pick::Idle, |((due, _), _)| Pick::NotUntil(due));
            }
            self.rescore(now);
        }
    }

    fn dispatched(&mut self, now: Time, queue: QueueId, sent: Entry, next: Option<Entry>) {
        let leaf = self.leaf(queue);
        self.charge_limits(now, leaf, sent.segments);
        self.forget_arrival(leaf, sent.sequence);
        let node = &mut self.nodes[leaf as usize];
        node.head = next;
        node.below = if next.is_some() { Below::Ready } else { Below::Idle };
        if self.is_worst_case_fair {
            self.serve_worst_case_fair(now, leaf, sent.segments);
        } else {
            if self.batch.sent == 0 {
                self.batch.since = now;
            }
            self.batch.sent += 1;
            self.note_charge(leaf, sent.segments);
            if self.batch.sent >= self.rescore.every.get() {
                self.rescore(now);
            } else if self.rescore.batch == Batch::Walk {
                self.nodes[leaf as usize].is_taken = true;
                self.batch.taken.push(leaf);
            }
        }
        self.settle(now, leaf, Reach::Top);
    }

    fn completed(&mut self, now: Time, queue: QueueId, charged: Segments, used: Segments) {
        let Some(back) = unused(charged, used) else { return };
        let leaf = self.leaf(queue);
        if self.is_worst_case_fair {
            self.give_back_worst_case_fair(now, leaf, back);
            return;
        }
        self.note_return(leaf, back);
        if self.rescore.every.get() == 1 {
            self.rescore(now);
        }
    }

    fn answered(&mut self, _: Time, queue: QueueId, verdict: Verdict) {
        let leaf = self.leaf(queue);
        self.remember(leaf, verdict);
    }

    fn reshape(&mut self, now: Time, change: Reshape) {
        // Whose limit is over by now missed a turn at the weight that it had.
        self.release_the_limited(now);
        self.rescore_if_begun(now);
        match change {
            Reshape::Rate(rate) => {
                self.rate = rate;
                if self.is_worst_case_fair {
                    self.nodes[ROOT as usize].division.clock.set_rate(now, rate);
                }
            }
            Reshape::Weight { node: NodeId(node), weight, .. } => {
                let index = node + 1;
                let parent = self.nodes.get(index as usize).map_or(NONE, |node| node.parent);
                if parent != NONE {
                    let before = self.nodes[index as usize].tag.weight();
                    let above = &mut self.nodes[parent as usize].division;
                    above.weigh(now, before, weight.millionths());
                    let clock = above.clock.value();
                    let fluid =
                        if self.is_worst_case_fair { clock } else { self.fluid_time(parent) };
                    let node = &mut self.nodes[index as usize];
                    // What it owes stays the same number of segments.
                    match &mut node.place {
                        Place::Frozen { lag, .. } => {
                            node.tag.move_to(clock + *lag);
                            node.tag.reweigh_from(fluid, weight);
                            *lag = node.tag.value() - clock;
                        }
                        _ => node.tag.reweigh_from(fluid, weight),
                    }
                    self.settle(now, index, Reach::Top);
                }
            }
        }
        if self.terms.are_set() {
            self.evaluate_all(now);
        }
    }

    fn bound(&mut self, now: Time, node: NodeId, bounds: NodeBounds) {
        let index = node.0 + 1;
        if self.nodes.get(index as usize).is_none_or(|node| node.parent == NONE) {
            return;
        }
        self.release_the_limited(now);
        self.rescore_if_begun(now);
        let parent = self.nodes[index as usize].parent;
        let promised = self.nodes[parent as usize].division.promised_clock.value();
        let node = &mut self.nodes[index as usize];
        match (&mut node.limit, bounds.limit.map(|rate| Quota { rate, burst: LIMIT_BURST })) {
            (Some(pacer), Some(quota)) => pacer.change(now, quota),
            (pacer, quota) => *pacer = quota.map(Pacer::new),
        }
        let before = node.promise.map_or(0, |promise| promise.weight());
        let after = bounds.part.map_or(0, Weight::millionths);
        if before != after {
            // What it had by its old promise neither helps nor hinders it under the new one.
            node.promise = bounds.part.map(|part| {
                let mut tag = Tag::new(part);
                tag.set(promised);
                tag
            });
            let place = match node.place {
                Place::Frozen { lag, .. } => Place::Frozen { lag, promise_lag: 0 },
                place => place,
            };
            node.place = place;
            if matches!(place, Place::Ready | Place::Early) {
                let division = &mut self.nodes[parent as usize].division;
                division.promised.remove(&mut self.promises, index);
                division.promise(before, after);
                self.rank(index);
            }
        }
        self.settle(now, index, Reach::Changed);
    }

    fn explain(&self, queue: QueueId) -> Option<Standing> {
        self.standing(queue)
    }
}
