//! Scripts and generated loads of Temporal's fairsim: who goes when, and how far from the order of arrival.
//!
//! Displacement is the place in the order of service less that in the order of arrival.

use crate::direct::{Arrival, Direct, after, direct, unit_rate};
use apportion::scheduler::policy;
use apportion::time::Time;
use apportion::units::Weight;

const FAIR: [&str; 7] =
    ["sfq", "scfq", "stride", "vtc", "deficit-round-robin", "weighted-round-robin", "scoring"];

fn at_once(flows: impl IntoIterator<Item = usize>) -> Vec<Arrival> {
    flows.into_iter().map(|flow| Arrival::new(Time::ZERO, flow, 1)).collect()
}

/// Flows as letters, in the order in which they were served.
fn letters(name: &str, weights: &[u32], arrivals: &[Arrival]) -> String {
    let served = direct(name, weights).run(unit_rate(), arrivals);
    served.iter().map(|served| char::from(b'a' + served.flow as u8)).collect()
}

/// `-pri 4, 2, 3, 5, 1`: five levels, the first the most urgent, are weights here, the heaviest the most
/// urgent.
#[test]
fn by_priority() {
    let order = letters("strict-priority", &[2, 4, 3, 1, 5], &at_once(0..5));
    assert_eq!(order, "ebcad");
    assert_eq!(
        letters("sfq", &[2, 4, 3, 1, 5], &at_once(0..5)),
        "abcde",
        "shares are no priorities"
    );
}

/// `a a a a b`, two polls, `c c`: the newcomer alternates with who has waited.
#[test]
fn alternating() {
    let mut arrivals = at_once([0, 0, 0, 0, 1]);
    arrivals.extend([Arrival::new(after(2), 2, 1); 2]);
    for name in ["sfq", "scoring", "used-over-weight", "wf2q-plus", "h-wf2q-plus", "virtual-clock"]
    {
        assert_eq!(letters(name, &[1; 3], &arrivals), "abcacaa", "{name}");
    }
    // By finish tags, or in turn, the one that has waited is before the newcomer.
    for name in ["stride", "vtc", "scfq", "wfq", "wf2q", "deficit-round-robin", "round-robin"] {
        assert_eq!(letters(name, &[1; 3], &arrivals), "abacaca", "{name}");
    }
    assert_eq!(letters("fifo", &[1; 3], &arrivals), "aaaabcc");
}

/// Twenty of a, twenty of b with weight 5: five b for each a until b is done.
#[test]
fn five_to_one() {
    let arrivals = at_once((0..40).map(|index| index / 20));
    let is_five_to_one = |name: &str| {
        let order = letters(name, &[1, 5], &arrivals);
        let of = |six: &[u8]| six.iter().filter(|flow| **flow == b'b').count();
        order.as_bytes()[..24].chunks(6).all(|six| of(six) == 5) && order.ends_with(&"a".repeat(16))
    };
    for name in FAIR {
        assert!(is_five_to_one(name), "{name}: {}", letters(name, &[1, 5], &arrivals));
    }
    assert!(!is_five_to_one("fifo") && !is_five_to_one("round-robin"));
}

/// The median displacement of each flow.
fn displacements(name: &str, weights: &[f64], flows: &[usize]) -> Vec<i64> {
    let millionths = |weight: &f64| Weight::from_millionths((weight * 1e6) as u64).expect("valid");
    let weights: Vec<Weight> = weights.iter().map(millionths).collect();
    let built = policy(name).expect("known").build(Some(unit_rate())).expect("it has a rate");
    let mut wire = Direct::new(built, Some(unit_rate()), &weights, true);
    let served = wire.run(unit_rate(), &at_once(flows.iter().copied()));
    let mut places: Vec<Vec<i64>> = vec![Vec::new(); weights.len()];
    for (place, flow) in flows.iter().enumerate() {
        places[*flow].push(place as i64);
    }
    let mut all: Vec<Vec<i64>> = vec![Vec::new(); weights.len()];
    for (place, message) in served.iter().enumerate() {
        let own = &mut all[message.flow];
        own.push(place as i64 - places[message.flow][own.len()]);
    }
    let median = |mut own: Vec<i64>| {
        own.sort_unstable();
        own[own.len() / 2]
    };
    all.into_iter().map(median).collect()
}

#[test]
fn extreme_skew() {
    let flows: Vec<usize> = (0..10_000).map(|index| usize::from(index >= 9_500)).collect();
    for name in FAIR {
        let [heavy, light] = displacements(name, &[1.0; 2], &flows)[..] else { panic!("two") };
        assert!(light < 0 && heavy > 0, "{name}: heavy {heavy}, light {light}");
    }
    assert_eq!(displacements("fifo", &[1.0; 2], &flows), [0, 0]);
}

#[test]
fn weights_of_one_two_and_a_half() {
    let flows: Vec<usize> = (0..3_000).map(|index| index % 3).collect();
    let medians = |name| displacements(name, &[1.0, 2.0, 0.5], &flows);
    for name in FAIR {
        let [normal, high, low] = medians(name)[..] else { panic!("three") };
        assert!(high < normal && normal < low, "{name}: {high}, {normal}, {low}");
    }
    assert_eq!(medians("fifo"), [0; 3]);
    assert!(medians("round-robin").iter().all(|median| median.abs() <= 1));
}

/// The suite allows a spread of 1,000 among 50 keys with exact counters, and of half of all tasks among 500
/// with a sketch. There is no sketch here.
#[test]
fn equal_keys_are_not_told_apart() {
    for keys in [50, 500] {
        let flows: Vec<usize> = (0..20_000).map(|index| index % keys).collect();
        for name in ["sfq", "stride", "vtc", "scoring"] {
            let mut medians = displacements(name, &vec![1.0; keys], &flows);
            medians.sort_unstable();
            let spread = medians[keys * 9 / 10] - medians[keys / 10];
            assert!(spread < 1_000, "{name}: {keys} keys, {spread}");
        }
    }
    // The heaviest first: whole keys come before others.
    let flows: Vec<usize> = (0..20_000).map(|index| index % 50).collect();
    let weights: Vec<f64> = (0..50).map(|key| f64::from(key) + 1.0).collect();
    let mut medians = displacements("strict-priority", &weights, &flows);
    medians.sort_unstable();
    assert!(medians[45] - medians[5] > 1_000, "{medians:?}");
}
