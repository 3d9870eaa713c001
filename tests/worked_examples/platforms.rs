//! Test suites of platforms: dmClock, Seastar, and the public comparison of policies on a job queue.

use crate::direct::{Arrival, Direct, rates, unmix, whole};
use apportion::scheduler::{
    ByFlow, FlowUnit, Mclock, NodeId, Pick, Policy, Reshape, RoundRobin, UsedOverWeight, policy,
};
use apportion::time::{Span, Time};
use apportion::units::{QueueId, Rate, Weight};

fn milliseconds(milliseconds: u64) -> Time {
    Time::from_nanoseconds(milliseconds * 1_000_000)
}

/// Per second.
type Bounds = (Option<u64>, Option<u64>);

/// dmClock's clients: weights, and reservation and limit; `count` requests each at time 0, in turn.
fn clients(weights: &[u32], bounds: &[Bounds], count: usize) -> Direct {
    let weights: Vec<Weight> = weights.iter().map(|weight| whole(*weight)).collect();
    let policy: Box<dyn Policy> = Box::new(ByFlow::tenants(Mclock::new()));
    let mut direct = Direct::new(policy, None, &weights, false);
    for (flow, (reservation, limit)) in bounds.iter().enumerate() {
        let rate = |rate: Option<u64>| rate.map(|rate| Rate::per_second(rate).expect("valid"));
        let node = NodeId(flow as u32);
        direct.policy.bound(Time::ZERO, node, rates(rate(*reservation), rate(*limit)));
    }
    for _ in 0..count {
        for flow in 0..weights.len() {
            direct.put(Time::ZERO, Arrival::new(Time::ZERO, flow, 1));
        }
    }
    direct
}

/// How many of the next requests each of two clients gets.
fn pull(direct: &mut Direct, now: Time, count: usize) -> [usize; 2] {
    let mut pulled = [0, 0];
    for _ in 0..count {
        let Pick::Queue(QueueId(flow)) = direct.pick(now) else { panic!("something may go") };
        direct.send(now, flow as usize);
        pulled[flow as usize] += 1;
    }
    pulled
}

#[test]
fn dmclock_pull_weight() {
    let mut direct = clients(&[1, 2], &[], 5);
    assert_eq!(pull(&mut direct, Time::ZERO, 6), [2, 4]);
}

#[test]
fn dmclock_pull_reservation() {
    // Requests of 100 seconds ago: all six in the reservation phase, whatever the weights.
    for weights in [[1, 1], [1, 100]] {
        let mut direct = clients(&weights, &[(Some(2), None), (Some(1), None)], 5);
        assert_eq!(pull(&mut direct, Time::from_seconds(100), 6), [4, 2]);
    }
}

#[test]
fn dmclock_update_client_info() {
    let mut direct = clients(&[100, 200], &[], 10);
    assert_eq!(pull(&mut direct, Time::ZERO, 6), [2, 4]);
    let (node, weight) = (NodeId(0), whole(200));
    direct.policy.reshape(Time::ZERO, Reshape::Weight { node, weight, product: weight });
    assert_eq!(pull(&mut direct, Time::ZERO, 6), [3, 3]);
}

#[test]
fn dmclock_dynamic_client_info() {
    let mut direct = clients(&[100, 200], &[], 10);
    assert_eq!(pull(&mut direct, Time::ZERO, 6), [2, 4]);
    for (node, weight) in [(NodeId(0), whole(150)), (NodeId(1), whole(50))] {
        direct.policy.reshape(Time::ZERO, Reshape::Weight { node, weight, product: weight });
    }
    assert_eq!(pull(&mut direct, Time::ZERO, 8), [6, 2]);
}

#[test]
fn dmclock_ready_and_under_limit() {
    let mut direct = clients(&[1, 1], &[(Some(1), Some(1)), (Some(1), Some(1))], 3);
    for at in [500, 1500, 2500] {
        let now = milliseconds(at);
        assert_eq!(pull(&mut direct, now, 2), [1, 1]);
        if at < 2500 {
            assert!(matches!(direct.pick(now), Pick::NotUntil(time) if time > now));
        }
    }
    assert_eq!(direct.pick(milliseconds(4500)), Pick::Idle);
}

#[test]
fn dmclock_pull_future() {
    // Held to one a second: the second of two requests has its time told.
    let mut direct = clients(&[1], &[(None, Some(1))], 2);
    direct.send(Time::ZERO, 0);
    assert_eq!(direct.pick(Time::ZERO), Pick::NotUntil(Time::from_seconds(1)));
}

/// Seastar's fair queue: in each tick the requests that fit into `capacity` go.
struct Seastar {
    direct: Direct,
    now: u64,
    done: [u64; 2],
}

impl Seastar {
    fn new(name: &str, shares: [u32; 2]) -> Self {
        let built: Box<dyn Policy> = match name {
            "used" => Box::new(ByFlow::tenants(UsedOverWeight::new(Span::from_milliseconds(400)))),
            name => policy(name).expect("known").build(Rate::per_second(1000)).expect("a rate"),
        };
        let direct = Direct::new(built, Rate::per_second(1000), &shares.map(whole), true);
        Seastar { direct, now: 0, done: [0, 0] }
    }

    fn queue(&mut self, flow: usize, operations: u64, cost: u32) {
        for _ in 0..operations {
            let now = milliseconds(self.now);
            self.direct.put(now, Arrival::new(now, flow, cost));
        }
    }

    /// Ticks of a millisecond.
    fn ticks(&mut self, ticks: u64, capacity: u32) {
        for _ in 0..ticks {
            let mut left = capacity;
            let now = milliseconds(self.now);
            while let Pick::Queue(QueueId(flow)) = self.direct.pick(now) {
                let flow = flow as usize;
                let Some(rest) = left.checked_sub(self.direct.head(flow)) else { break };
                left = rest;
                self.done[flow] += 1;
                let (size, ..) = self.direct.send(now, flow);
                self.direct.complete(now, flow, size, size);
            }
            self.now += 1;
        }
    }

    /// The second has `ratio` times what the first has, give or take `off` of the first.
    fn assert_ratio(&self, what: &str, ratio: u64, off: u64) {
        let [first, second] = self.done;
        let (least, most) = (ratio * first.saturating_sub(off), ratio * (first + off));
        assert!((least..=most).contains(&second), "{what}: {first} and {second}, 1:{ratio}");
    }
}

const FAIR: [&str; 7] = ["sfq", "scfq", "stride", "vtc", "wf2q-plus", "scoring", "used"];

#[test]
fn seastar_equal_and_different_shares() {
    for name in FAIR {
        for (shares, ratio) in [([10, 10], 1), ([10, 20], 2)] {
            let mut queue = Seastar::new(name, shares);
            queue.queue(0, 100, 1);
            queue.queue(1, 100, 1);
            queue.ticks(100, 1);
            queue.assert_ratio(name, ratio, 1);
            // High capacity: ten at once, ten ticks.
            let mut queue = Seastar::new(name, shares);
            queue.queue(0, 100, 1);
            queue.queue(1, 100, 1);
            queue.ticks(10, 10);
            queue.assert_ratio(name, ratio, 1);
        }
    }
}

#[test]
fn seastar_different_costs() {
    for name in FAIR {
        let mut queue = Seastar::new(name, [10, 10]);
        queue.queue(0, 100, 2);
        queue.queue(1, 100, 1);
        queue.ticks(100, 2);
        queue.assert_ratio(name, 2, 1);
    }
}

/// What the only one had counts when another comes, or it is forgiven: inside a window the first, after a
/// pause the second. Rules with a lift forgive at once.
#[test]
fn seastar_dominant_and_forgiving_queue() {
    let alone_then_both = |name: &str, pause: u64| {
        let mut queue = Seastar::new(name, [10, 10]);
        queue.queue(1, 100, 1);
        queue.ticks(100, 1);
        assert_eq!(queue.done, [0, 100]);
        queue.now += pause;
        queue.done = [0, 0];
        queue.queue(0, 20, 1);
        queue.queue(1, 20, 1);
        queue.ticks(20, 1);
        queue.done
    };
    assert_eq!(alone_then_both("used", 0), [20, 0], "history counts");
    assert_eq!(alone_then_both("used", 500), [10, 10], "and is forgiven");
    for name in ["sfq", "vtc", "scfq"] {
        assert_eq!(alone_then_both(name, 0), [10, 10], "{name}");
    }
}

#[test]
fn seastar_update_shares() {
    for name in FAIR {
        let mut queue = Seastar::new(name, [20, 10]);
        queue.queue(0, 500, 1);
        queue.queue(1, 500, 1);
        queue.ticks(250, 1);
        for (node, weight) in [(NodeId(0), whole(10)), (NodeId(1), whole(20))] {
            let change = Reshape::Weight { node, weight, product: weight };
            queue.direct.policy.reshape(milliseconds(queue.now), change);
        }
        queue.ticks(250, 1);
        queue.assert_ratio(name, 1, 2);
    }
}

#[test]
fn seastar_longer_run() {
    for name in FAIR {
        for (shares, capacity, ratio) in [([10, 10], 2, 1), ([10, 20], 3, 2)] {
            let mut queue = Seastar::new(name, shares);
            queue.queue(0, 20_000, 1);
            queue.queue(1, 20_000, 1);
            queue.ticks(1000, capacity);
            queue.assert_ratio(name, ratio, 2);
        }
    }
}

/// A scenario of the comparison: concurrent slots; queues with their tenant, runs, hold in milliseconds.
struct Comparison {
    slots: usize,
    weights: Vec<u32>,
    /// Tenant, runs, hold, arrival.
    queues: Vec<(usize, usize, u64, u64)>,
}

impl Comparison {
    /// The least share ÷ share by weight of any tenant in what is started while at least two tenants wait.
    fn contention(&self, name: &str, unit: FlowUnit) -> f64 {
        use apportion::scheduler::{Hop, Level};
        let mut policy: Box<dyn Policy> = match name {
            "round-robin" => Box::new(ByFlow::of(unit, RoundRobin::new())),
            name => policy(name).expect("known").build(Rate::per_second(1000)).expect("a rate"),
        };
        let tenants = self.weights.len() as u32;
        let mut waiting: Vec<(u64, usize)> = Vec::new();
        for (index, (tenant, runs, _, at)) in self.queues.iter().enumerate() {
            let hop = |node: u32, level, weight| Hop {
                node: NodeId(node),
                level,
                weight,
                tie: unmix(node.into()),
            };
            let path = [
                hop(*tenant as u32, Level::Tenant, whole(self.weights[*tenant])),
                hop(tenants + index as u32, Level::Sender, whole(1)),
            ];
            policy.attach(Time::ZERO, QueueId(index as u32), &path);
            waiting.extend((0..*runs).map(|_| (*at, index)));
        }
        waiting.sort_unstable();
        let mut left: Vec<usize> = vec![0; self.queues.len()];
        let (mut sequence, mut running): (u64, Vec<(u64, usize)>) = (0, Vec::new());
        let mut fields: Vec<std::collections::VecDeque<apportion::scheduler::Entry>> =
            vec![Default::default(); self.queues.len()];
        let mut arrivals = waiting.into_iter().peekable();
        let (mut now, mut started) = (0, vec![0.0_f64; self.weights.len()]);
        loop {
            while let Some((_, queue)) = arrivals.next_if(|(at, _)| *at <= now) {
                sequence += 1;
                let entry = apportion::scheduler::Entry {
                    segments: apportion::units::Segments(1),
                    deadline: Time::NEVER,
                    sequence,
                    kind: apportion::scheduler::EntryKind::New,
                };
                fields[queue].push_back(entry);
                left[queue] += 1;
                policy.enqueued(milliseconds(now), QueueId(queue as u32), entry);
                if left[queue] == 1 {
                    policy.eligible(milliseconds(now), QueueId(queue as u32), entry);
                }
            }
            while running.len() < self.slots {
                let tenants_waiting = (0..self.weights.len()).filter(|tenant| {
                    self.queues.iter().zip(&left).any(|(q, left)| q.0 == *tenant && *left > 0)
                });
                let is_contended = tenants_waiting.count() > 1;
                let Pick::Queue(QueueId(queue)) =
                    policy.pick(milliseconds(now), &mut || unreachable!("nobody gambles"))
                else {
                    break;
                };
                let (queue, id) = (queue as usize, QueueId(queue));
                let sent = fields[queue].pop_front().expect("it waits");
                left[queue] -= 1;
                policy.dispatched(milliseconds(now), id, sent, fields[queue].front().copied());
                running.push((now + self.queues[queue].2, queue));
                if is_contended {
                    started[self.queues[queue].0] += 1.0;
                }
            }
            let ended = running.iter().map(|(end, _)| *end).min();
            let Some(next) = ended.into_iter().chain(arrivals.peek().map(|a| a.0)).min() else {
                break;
            };
            now = next;
            running.sort_unstable();
            while let Some((end, queue)) = running.first().copied().filter(|(end, _)| *end <= now) {
                running.remove(0);
                let one = apportion::units::Segments(1);
                policy.completed(milliseconds(end), QueueId(queue as u32), one, one);
            }
        }
        let (all, weights) = (started.iter().sum::<f64>(), self.weights.iter().sum::<u32>());
        let shares = started.iter().zip(&self.weights);
        let relative = shares.map(|(own, w)| own / all / (f64::from(*w) / f64::from(weights)));
        relative.fold(f64::INFINITY, f64::min)
    }
}

/// Published: the least share ÷ weight while contended, of start-time fair queueing, deficit round robin
/// and stride, means of three seeds. Ours have no randomness and must not be worse.
#[test]
fn the_public_comparison_of_policies() {
    let same = |count: usize, runs, hold, at| -> Vec<(usize, usize, u64, u64)> {
        (0..count).map(|tenant| (tenant, runs, hold, at)).collect()
    };
    let balanced = Comparison { slots: 5, weights: vec![1; 4], queues: same(4, 50, 30, 0) };
    let mut skew = Comparison { slots: 5, weights: vec![1; 6], queues: Vec::new() };
    skew.queues.extend((0..30).map(|index| (0, 8 + usize::from(index < 10), 25, 0)));
    skew.queues.extend((1..6).map(|tenant| (tenant, 20, 25, 0)));
    let big = vec![(0, 300, 30, 0), (1, 300, 30, 0)];
    let weighted = Comparison { slots: 4, weights: vec![3, 1], queues: big };
    let burst = Comparison { slots: 6, weights: vec![1; 6], queues: same(6, 100, 20, 500) };
    let mut holds = same(4, 40, 500, 0);
    (holds[2].2, holds[3].2) = (20, 20);
    let long_hold = Comparison { slots: 4, weights: vec![1; 4], queues: holds };
    for (scenario, what, published) in [
        (&balanced, "balanced", [0.985, 0.954, 0.985]),
        (&skew, "adversarialSkew", [1.000, 0.978, 1.000]),
        (&weighted, "weighted", [1.000, 0.990, 1.000]),
        (&burst, "burst", [0.992, 0.958, 0.992]),
        (&long_hold, "longHold", [0.981, 0.981, 0.981]),
    ] {
        for (name, published) in ["sfq", "deficit-round-robin", "stride"].iter().zip(published) {
            let found = scenario.contention(name, FlowUnit::Tenant);
            println!("{what}: {name} {found:.3}, published {published}");
            assert!(found >= published - 0.03, "{what}: {name} {found:.3}, published {published}");
        }
    }
    // Thirty queues count as thirty where queues are what takes turns: the published baseline has 0.288.
    let split = skew.contention("round-robin", FlowUnit::Queue);
    assert!(split < 0.4, "splitting pays among queues: {split}");
    let whole_tenants = skew.contention("round-robin", FlowUnit::Tenant);
    assert!(whole_tenants > 0.97, "and not among tenants: {whole_tenants}");
}
