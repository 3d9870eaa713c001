//! Test suites of platforms: dmClock and Seastar.

use crate::direct::{Arrival, Direct, rates, whole};
use apportion::scheduler::{ByFlow, Mclock, NodeId, Pick, Policy, Reshape, UsedOverWeight, policy};
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

/// Ten messages a second, each five seconds in flight; the first of several tenants has a campaign.
struct Noise {
    direct: Direct,
    in_flight: std::collections::VecDeque<usize>,
    tenth: u64,
}

impl Noise {
    fn new(tenants: usize) -> Self {
        let built = policy("sqs-fair").expect("known").build(None).expect("without a rate");
        let mut direct = Direct::new(built, None, &vec![whole(1); tenants], false);
        for _ in 0..10_000 {
            direct.put(Time::ZERO, Arrival::new(Time::ZERO, 0, 1));
        }
        Noise { direct, in_flight: Default::default(), tenth: 0 }
    }

    fn put(&mut self, flow: usize) {
        let now = milliseconds(100 * self.tenth);
        self.direct.put(now, Arrival::new(now, flow, 1));
    }

    /// Whose message goes next, a tenth of a second after the one before.
    fn next(&mut self) -> usize {
        let now = milliseconds(100 * self.tenth);
        if self.in_flight.len() == 50 {
            let flow = self.in_flight.pop_front().expect("there are fifty");
            self.direct.complete(now, flow, 1, 1);
        }
        let Pick::Queue(QueueId(flow)) = self.direct.pick(now) else { panic!("something may go") };
        self.direct.send(now, flow as usize);
        self.in_flight.push_back(flow as usize);
        self.tenth += 1;
        flow as usize
    }
}

/// Nothing new for five minutes is no silence while the backlog has most of what is in flight.
#[test]
fn sqs_fair_goes_on_minding_a_campaign_that_came_at_once() {
    let mut noise = Noise::new(2);
    for second in 0..600 {
        // Noisy from its fourth message on: from 10 seconds on the other has not been kept waiting.
        noise.put(1);
        let sent: Vec<usize> = (0..10).map(|_| noise.next()).collect();
        assert!(second < 10 || sent[0] == 1, "{second}: {sent:?}");
    }
}

/// Whoever takes little any more is quiet again after five minutes, and not before.
#[test]
fn sqs_fair_forgives_a_campaign_that_quiet_tenants_have_kept_waiting() {
    let mut noise = Noise::new(21);
    let mut first = None;
    for tenth in 0..3_200 {
        if tenth >= 1_000 {
            noise.put(1 + tenth % 20);
        }
        if noise.next() == 0 && tenth >= 1_000 {
            first = first.or(Some(tenth));
        }
    }
    assert_eq!(first, Some(3_000));
}
