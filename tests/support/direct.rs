//! A policy on a wire of its own: messages come, one at a time is sent, and takes its size ÷ rate.
//!
//! Nothing but the policy's contract is used, so what is seen is the policy's doing and not the lane's.

#![allow(dead_code, reason = "each test binary uses its own part of it")]

use apportion::scheduler::{
    Entry, EntryKind, Hop, Ineligible, Level, NodeBounds, NodeId, Pick, Policy, Reshape,
};
use apportion::time::{Span, Time};
use apportion::units::{QueueId, Rate, Segments, Weight};
use std::collections::VecDeque;

/// A message that comes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Arrival {
    pub(crate) at: Time,
    pub(crate) flow: usize,
    pub(crate) segments: u32,
    pub(crate) deadline: Time,
}

impl Arrival {
    pub(crate) fn new(at: Time, flow: usize, segments: u32) -> Self {
        Arrival { at, flow, segments, deadline: Time::NEVER }
    }
}

/// A message that went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Served {
    pub(crate) flow: usize,
    pub(crate) segments: u32,
    pub(crate) arrived: Time,
    pub(crate) began: Time,
    pub(crate) ended: Time,
    pub(crate) deadline: Time,
}

/// Flows with one queue each, whose ties are broken by index.
pub(crate) struct Direct {
    pub(crate) policy: Box<dyn Policy>,
    queues: Vec<VecDeque<(Entry, Time)>>,
    sequence: u64,
}

/// What `mix` gives `x` for: the finaliser of SplitMix64 backwards.
pub(crate) fn unmix(x: u64) -> u64 {
    let x = (x ^ x >> 31 ^ x >> 62).wrapping_mul(0x3196_42b2_d24d_8ec3);
    let x = (x ^ x >> 27 ^ x >> 54).wrapping_mul(0x96de_1b17_3f11_9089);
    (x ^ x >> 30 ^ x >> 60).wrapping_sub(0x9e37_79b9_7f4a_7c15)
}

impl Direct {
    /// Rules over flows hash the path; those over the tree compare the hops themselves.
    pub(crate) fn new(
        policy: Box<dyn Policy>,
        rate: Option<Rate>,
        weights: &[Weight],
        is_tree: bool,
    ) -> Self {
        let ties = (0..weights.len() as u64).map(|i| if is_tree { i } else { unmix(i) });
        Self::with_ties(policy, rate, weights, ties)
    }

    pub(crate) fn with_ties(
        policy: Box<dyn Policy>,
        rate: Option<Rate>,
        weights: &[Weight],
        ties: impl Iterator<Item = u64>,
    ) -> Self {
        let hops = weights.iter().enumerate().zip(ties).map(|((flow, weight), tie)| {
            let node = NodeId(flow as u32);
            vec![Hop { node, level: Level::Tenant, weight: *weight, tie }]
        });
        Self::with_paths(policy, rate, &hops.collect::<Vec<_>>())
    }

    /// Flows that are the leaves of a share tree.
    pub(crate) fn with_paths(
        mut policy: Box<dyn Policy>,
        rate: Option<Rate>,
        paths: &[Vec<Hop>],
    ) -> Self {
        policy.reshape(Time::ZERO, Reshape::Rate(rate));
        for (flow, path) in paths.iter().enumerate() {
            policy.attach(Time::ZERO, QueueId(flow as u32), path);
        }
        Direct { policy, queues: vec![VecDeque::new(); paths.len()], sequence: 0 }
    }

    pub(crate) fn put(&mut self, now: Time, arrival: Arrival) {
        self.sequence += 1;
        let entry = Entry {
            segments: Segments(arrival.segments),
            deadline: arrival.deadline,
            sequence: self.sequence,
            kind: EntryKind::New,
        };
        let (id, queue) = (QueueId(arrival.flow as u32), &mut self.queues[arrival.flow]);
        queue.push_back((entry, arrival.at));
        self.policy.enqueued(now, id, entry);
        if queue.len() == 1 {
            self.policy.eligible(now, id, entry);
        }
    }

    pub(crate) fn waiting(&self, flow: usize) -> usize {
        self.queues[flow].len()
    }

    pub(crate) fn pick(&mut self, now: Time) -> Pick {
        self.policy.pick(now, &mut || unreachable!("no policy here gambles"))
    }

    /// The size of a flow's first message.
    pub(crate) fn head(&self, flow: usize) -> u32 {
        self.queues[flow].front().expect("it has one").0.segments.0
    }

    /// Sends the head of a flow; returns its size, arrival and deadline.
    pub(crate) fn send(&mut self, now: Time, flow: usize) -> (u32, Time, Time) {
        let (sent, arrived) = self.queues[flow].pop_front().expect("only what waits is picked");
        let next = self.queues[flow].front().map(|(entry, _)| *entry);
        self.policy.dispatched(now, QueueId(flow as u32), sent, next);
        (sent.segments.0, arrived, sent.deadline)
    }

    pub(crate) fn complete(&mut self, now: Time, flow: usize, charged: u32, used: u32) {
        self.policy.completed(now, QueueId(flow as u32), Segments(charged), Segments(used));
    }

    /// Withdraws everything of a flow.
    pub(crate) fn clear(&mut self, now: Time, flow: usize) {
        let id = QueueId(flow as u32);
        for (entry, _) in std::mem::take(&mut self.queues[flow]) {
            self.policy.withdrawn(now, id, entry);
        }
        self.policy.ineligible(now, id, Ineligible::Empty);
    }

    /// Serves arrivals, which are in the order of time, until nothing is left. What comes at an instant
    /// comes before what is chosen then.
    pub(crate) fn run(&mut self, rate: Rate, arrivals: &[Arrival]) -> Vec<Served> {
        let mut left = arrivals.iter().copied().peekable();
        let (mut now, mut served) = (Time::ZERO, Vec::new());
        loop {
            while let Some(arrival) = left.next_if(|arrival| arrival.at <= now) {
                self.put(arrival.at, arrival);
            }
            match self.pick(now) {
                Pick::Queue(QueueId(flow)) => {
                    let flow = flow as usize;
                    let (segments, arrived, deadline) = self.send(now, flow);
                    let ended = now + rate.span_of(segments.into());
                    served.push(Served { flow, segments, arrived, began: now, ended, deadline });
                    while let Some(arrival) = left.next_if(|arrival| arrival.at < ended) {
                        self.put(arrival.at, arrival);
                    }
                    self.complete(ended, flow, segments, segments);
                    now = ended;
                }
                Pick::NotUntil(time) => {
                    let next = left.peek().map_or(Time::NEVER, |arrival| arrival.at);
                    now = time.min(next);
                }
                Pick::Idle => match left.peek() {
                    Some(arrival) => now = arrival.at,
                    None => return served,
                },
            }
        }
    }
}

/// One segment in this many nanoseconds: a number with many divisors.
pub(crate) const SEGMENT: u64 = 720_720;

/// One segment every [`SEGMENT`] nanoseconds.
pub(crate) fn unit_rate() -> Rate {
    Rate::new(1, Span::from_nanoseconds(SEGMENT)).expect("a valid rate")
}

/// A reservation and a limit, both as rates.
pub(crate) fn rates(reservation: Option<Rate>, limit: Option<Rate>) -> NodeBounds {
    NodeBounds { reservation, part: None, limit }
}

/// The time of so many segments.
pub(crate) fn after(segments: u64) -> Time {
    Time::from_nanoseconds(segments * SEGMENT)
}

pub(crate) fn whole(weight: u32) -> Weight {
    Weight::whole(weight).expect("a valid weight")
}

/// Whether a policy of the registry follows the share tree, whose ties are among siblings.
pub(crate) fn is_tree(name: &str) -> bool {
    ["scoring", "hierarchical-drr", "h-wf2q-plus"].contains(&name)
}

/// A policy of the registry on the unit rate.
pub(crate) fn direct(name: &str, weights: &[u32]) -> Direct {
    let info = apportion::scheduler::policy(name).expect("a policy of the registry");
    let policy = info.build(Some(unit_rate())).expect("it has a rate");
    let weights: Vec<Weight> = weights.iter().map(|weight| whole(*weight)).collect();
    Direct::new(policy, Some(unit_rate()), &weights, is_tree(name))
}
