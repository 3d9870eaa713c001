//! Max-min shares of what is offered, dominant shares, and how far each is behind its share.

use crate::direct::{Arrival, Direct, SEGMENT, direct, unit_rate, whole};
use apportion::scheduler::{FullScoring, Pick, Policy, ScoringOptions, policy};
use apportion::time::Time;
use apportion::units::{QueueId, Weight};

/// Messages that each flow gets in `seconds` of a wire that carries `capacity` a second, where flow i
/// offers `demands[i]` a second.
fn served(name: &str, demands: &[u64], weights: &[u64], capacity: u64, seconds: u64) -> Vec<f64> {
    let rate = apportion::units::Rate::per_second(capacity).expect("a valid rate");
    let built = policy(name).expect("known").build(Some(rate)).expect("it has a rate");
    let weights: Vec<Weight> =
        weights.iter().map(|w| Weight::from_millionths(*w).expect("a valid weight")).collect();
    let mut arrivals: Vec<Arrival> = Vec::new();
    for (flow, demand) in demands.iter().enumerate() {
        let at = |k: u64| Time::from_nanoseconds(k * 1_000_000_000 / demand);
        arrivals.extend((0..demand * seconds).map(|k| Arrival::new(at(k), flow, 1)));
    }
    arrivals.sort_by_key(|arrival| (arrival.at, arrival.flow));
    let end = Time::from_seconds(seconds);
    let mut counts = vec![0.0; demands.len()];
    let mut wire = Direct::new(built, Some(rate), &weights, true);
    for message in wire.run(rate, &arrivals).iter().filter(|message| message.ended <= end) {
        counts[message.flow] += 1.0 / seconds as f64;
    }
    counts
}

const FAIR: [&str; 14] = [
    "scoring",
    "deficit-round-robin",
    "hierarchical-drr",
    "wf2q",
    "wf2q-plus",
    "h-wf2q-plus",
    "wfq",
    "sfq",
    "scfq",
    "stride",
    "vtc",
    "mclock",
    "weighted-round-robin",
    "virtual-clock",
];

fn assert_max_min(demands: &[u64], weights: &[u64], capacity: u64, expected: &[f64]) {
    assert_fair(demands, weights, capacity, expected);
    // The order of arrival divides in proportion to what is offered.
    let fifo = served("fifo", demands, weights, capacity, 40);
    let worst = fifo.iter().zip(expected).map(|(f, e)| (f - e).abs()).fold(0.0, f64::max);
    assert!(worst > 0.3, "first come, first served is not fair: {fifo:?}");
}

fn assert_fair(demands: &[u64], weights: &[u64], capacity: u64, expected: &[f64]) {
    for name in FAIR {
        let found = served(name, demands, weights, capacity, 40);
        for (flow, (found, expected)) in found.iter().zip(expected).enumerate() {
            let off = (found - expected).abs();
            assert!(off <= 0.15, "{name}: flow {flow} has {found}/s, {expected}/s expected");
        }
    }
}

/// Keshav (1997), section 9.2.1.
#[test]
fn max_min_of_keshav() {
    let weights = [2_500_000, 4_000_000, 500_000, 1_000_000];
    assert_max_min(&[4, 2, 10, 4], &weights, 16, &[4.0, 2.0, 6.0, 4.0]);
}

#[test]
fn max_min_with_two_satisfied() {
    let weights = [2_000_000, 4_000_000, 3_000_000, 1_000_000];
    assert_max_min(&[6, 5, 10, 5], &weights, 20, &[5.0, 5.0, 7.5, 2.5]);
}

/// Kubernetes `TestFairAlloc`.
#[test]
fn max_min_of_the_api_server() {
    let one = 1_000_000;
    assert_max_min(&[3, 7, 9, 1], &[one; 4], 14, &[3.0, 5.0, 5.0, 1.0]);
    assert_fair(&[1, 47], &[one; 2], 42, &[1.0, 41.0]);
}

/// Tasks of two users that fit into 9 CPUs and 18 GB: a task of A takes 1 CPU and 4 GB, one of B 3 and 1.
fn tasks(name: &str, costs: [u32; 2]) -> ([u32; 2], String) {
    let mut wire = direct(name, &[1, 1]);
    for (flow, cost) in costs.into_iter().enumerate() {
        for _ in 0..18 {
            wire.put(Time::ZERO, Arrival::new(Time::ZERO, flow, cost));
        }
    }
    let (mut tasks, mut order) = ([0_u32; 2], String::new());
    let mut now = Time::ZERO;
    while let Pick::Queue(QueueId(flow)) = wire.pick(now) {
        let flow = flow as usize;
        let mut more = tasks;
        more[flow] += 1;
        if more[0] + 3 * more[1] > 9 || 4 * more[0] + more[1] > 18 {
            break;
        }
        tasks = more;
        order.push(char::from(b'A' + flow as u8));
        let (size, ..) = wire.send(now, flow);
        now = Time::from_nanoseconds(now.as_nanoseconds() + u64::from(size) * SEGMENT);
        wire.complete(now, flow, size, size);
    }
    (tasks, order)
}

/// Ghodsi et al. (NSDI 2011), section 4.1: the next task is of the user with the least dominant share. A
/// destination has one resource, and what is divided of it may be the dominant share itself: 4 of 18 GB for
/// a task of A, 3 of 9 CPUs for one of B, in ninths. Both end with two thirds of what they need most.
#[test]
fn dominant_shares() {
    for name in ["sfq", "scoring", "used-over-weight", "vtc"] {
        let (tasks, order) = tasks(name, [2, 3]);
        assert_eq!((tasks, &order[..]), ([3, 2], "ABABA"), "{name}");
        assert_eq!(tasks[0] * 2, tasks[1] * 3, "{name}: dominant shares");
    }
    // By one resource alone, or in the order of arrival, they do not.
    assert_eq!(tasks("sfq", [1, 3]).0, [4, 1]);
    assert_eq!(tasks("sfq", [4, 1]).0, [1, 2]);
    assert_eq!(tasks("fifo", [2, 3]).0, [4, 0]);
}

/// The example of EEVDF (LWN 925371): three alike with slices of 30; after each slice the lags of all.
#[test]
fn lags_of_three_slices() {
    let policies: [Box<dyn Policy>; 3] = [
        policy("scoring").expect("known").build(None).expect("it needs no rate"),
        Box::new(FullScoring::new(ScoringOptions::default())),
        Box::new(FullScoring::new(ScoringOptions::WorstCaseFair)),
    ];
    for policy in policies {
        let mut wire = Direct::new(policy, Some(unit_rate()), &[whole(1); 3], true);
        for flow in [0, 1, 2, 0, 1, 2] {
            wire.put(Time::ZERO, Arrival::new(Time::ZERO, flow, 30));
        }
        for (turn, expected) in [[-20, 10, 10], [-10, -10, 20], [0, 0, 0]].iter().enumerate() {
            let now = Time::from_nanoseconds(turn as u64 * 30 * SEGMENT);
            assert_eq!(wire.pick(now), Pick::Queue(QueueId(turn as u32)));
            wire.send(now, turn);
            let lag = |flow| wire.policy.explain(QueueId(flow)).expect("it waits").lag_nanosegments;
            let lags = [0, 1, 2].map(lag);
            assert_eq!(lags, expected.map(|lag| lag * 1_000_000_000), "after turn {turn}");
            assert_eq!(lags.iter().sum::<i128>(), 0);
        }
    }
}
