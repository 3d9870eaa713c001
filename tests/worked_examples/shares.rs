//! Max-min shares of what is offered.

use crate::direct::{Arrival, Direct};
use apportion::scheduler::policy;
use apportion::time::Time;
use apportion::units::Weight;

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
