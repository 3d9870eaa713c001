//! Who goes when, message by message.

use crate::direct::{Arrival, Direct, SEGMENT, after, direct, unit_rate, whole};
use apportion::scheduler::{
    ByFlow, DeficitRoundRobin, FullScoring, HierarchicalDrr, OneNode, POLICIES, Policy,
    ScoringOptions,
};
use apportion::time::Time;
use apportion::units::{Segments, Weight};

/// Flows as letters, in the order in which they were served.
fn letters(name: &str, weights: &[u32], arrivals: &[Arrival]) -> String {
    let served = direct(name, weights).run(unit_rate(), arrivals);
    served.iter().map(|served| char::from(b'a' + served.flow as u8)).collect()
}

/// Bennett and Zhang (INFOCOM 1996), figure 1: session a is entitled to a half and has 11 messages, ten
/// others to a twentieth each and have one.
#[test]
fn eleven_sessions_in_the_order_of_every_policy() {
    let mut weights = vec![1; 11];
    weights[0] = 10;
    let mut arrivals = vec![Arrival::new(Time::ZERO, 0, 1); 11];
    arrivals.extend((1..11).map(|flow| Arrival::new(Time::ZERO, flow, 1)));
    let by_finish = "aaaaaaaaaabcdefghijka";
    let by_start = "abcdefghijkaaaaaaaaaa";
    let worst_case_fair = "abacadaeafagahaiajaka";
    let by_arrival = "aaaaaaaaaaabcdefghijk";
    for (name, expected) in [
        ("wfq", by_finish),
        ("scfq", by_finish),
        ("virtual-clock", by_finish),
        ("deficit-round-robin", by_finish),
        ("hierarchical-drr", by_finish),
        // Stride begins one stride in, and mClock tags what a message will have cost: finish tags both.
        ("stride", by_finish),
        ("mclock", by_finish),
        ("wf2q", worst_case_fair),
        ("wf2q-plus", worst_case_fair),
        ("h-wf2q-plus", worst_case_fair),
        // Spread by turns; the others have one message each and then weigh nothing any more.
        ("weighted-round-robin", "abacadaeaafagaahaaijk"),
        ("sfq", by_start),
        ("scoring", by_start),
        ("vtc", by_start),
        ("used-over-weight", by_start),
        ("round-robin", by_start),
        ("fifo", by_arrival),
        ("edf", by_arrival),
        ("strict-priority", by_arrival),
    ] {
        assert_eq!(letters(name, &weights, &arrivals), expected, "{name}");
    }
    // Scoring with an eligibility test.
    let fair = Box::new(FullScoring::new(ScoringOptions::WorstCaseFair));
    let weights: Vec<Weight> = weights.iter().map(|weight| whole(*weight)).collect();
    let mut fair = Direct::new(fair, Some(unit_rate()), &weights, true);
    let served = fair.run(unit_rate(), &arrivals);
    let order: String = served.iter().map(|s| char::from(b'a' + s.flow as u8)).collect();
    assert_eq!(order, worst_case_fair);
    // The rest has no order of its own here: by chance, by hash, by real time, by what is in flight.
    let others = ["lottery", "shuffle-shard-fq", "token-partition", "sqs-fair"];
    assert_eq!(POLICIES.len(), 19 + others.len());
}

/// Two sessions alike: messages of 5 and 8 against one of 10.
#[test]
fn five_and_eight_against_ten() {
    let arrivals = [(0, 5), (0, 8), (1, 10)].map(|(f, size)| Arrival::new(Time::ZERO, f, size));
    for name in ["wfq", "wf2q", "scfq", "sfq", "wf2q-plus"] {
        assert_eq!(letters(name, &[1, 1], &arrivals), "aba", "{name}");
    }
}

/// Shreedhar and Varghese (SIGCOMM 1995): four queues of bytes with a quantum of 500.
#[test]
fn deficit_round_robin_in_bytes() {
    let queues: [&[u32]; 4] = [&[200, 750, 20], &[500, 500], &[100, 600, 200], &[180, 700, 50]];
    let arrivals: Vec<Arrival> = queues
        .iter()
        .enumerate()
        .flat_map(|(flow, sizes)| sizes.iter().map(move |size| (flow, *size)))
        .map(|(flow, size)| Arrival::new(Time::ZERO, flow, size))
        .collect();
    let rule = DeficitRoundRobin::new(Segments(500));
    let flat: Box<dyn Policy> = Box::new(ByFlow::tenants(OneNode::new(rule)));
    let tree: Box<dyn Policy> = Box::new(HierarchicalDrr::new(Segments(500)));
    for policy in [flat, tree] {
        let served = Direct::new(policy, None, &[whole(1); 4], true).run(unit_rate(), &arrivals);
        let order: Vec<(usize, u32)> = served.iter().map(|s| (s.flow + 1, s.segments)).collect();
        let first_round = [(1, 200), (2, 500), (3, 100), (4, 180)];
        let second = [(1, 750), (1, 20), (2, 500), (3, 600), (3, 200), (4, 700), (4, 50)];
        assert_eq!(order, [&first_round[..], &second[..]].concat());
    }
}

/// a has the wire alone for ten messages, then b comes. Only Virtual Clock punishes a for that.
#[test]
fn virtual_clock_punishes_the_use_of_idle_bandwidth() {
    let mut arrivals = vec![Arrival::new(Time::ZERO, 0, 1); 40];
    arrivals.extend(vec![Arrival::new(after(10), 1, 1); 20]);
    let order = |name| letters(name, &[1, 1], &arrivals);
    let (a, b, ab, ba) = (str::repeat, "b", "ab", "ba");
    let punished = [a("a", 10), b.repeat(5), ab.repeat(15), a("a", 15)].concat();
    assert_eq!(order("virtual-clock"), punished);
    let not_punished = [a("a", 10), ba.repeat(20), a("a", 10)].concat();
    for name in ["sfq", "wf2q-plus", "scoring", "h-wf2q-plus"] {
        assert_eq!(order(name), not_punished, "{name}");
    }
    // By finish tags of the fluid division a tie, and a comes first.
    assert_eq!(order("wfq"), [a("a", 11), ba.repeat(19), "b".to_owned(), a("a", 10)].concat());
}

/// Waldspurger and Weihl (1995), section 2: strides 2, 3 and 6.
#[test]
fn stride_three_two_one() {
    let arrivals: Vec<Arrival> =
        (0..36).map(|index| Arrival::new(Time::ZERO, index % 3, 1)).collect();
    let order = letters("stride", &[3, 2, 1], &arrivals);
    assert_eq!(order[..24], "abaabc".repeat(4));
}

/// The example of nginx: weights 5, 1, 1.
#[test]
fn smooth_weighted_round_robin_five_one_one() {
    let arrivals: Vec<Arrival> =
        (0..60).map(|index| Arrival::new(Time::ZERO, index % 3, 1)).collect();
    assert_eq!(letters("weighted-round-robin", &[5, 1, 1], &arrivals)[..21], "aabacaa".repeat(3));
}

/// CockroachDB's transcript: tenants of weight 2 and 5; the least used ÷ weight, ties by tenant.
#[test]
fn used_over_weight_two_and_five() {
    let arrivals: Vec<Arrival> =
        (0..28).map(|index| Arrival::new(Time::ZERO, index % 2, 1)).collect();
    // a at 0, ½, 1; b at 0, 1/5, 2/5, 3/5, 4/5, 1.
    assert_eq!(letters("used-over-weight", &[2, 5], &arrivals)[..14], "abbbabb".repeat(2));
}

/// Fairness by script (Temporal's fairsim): four of a, then one of b: b need not wait for all of a.
#[test]
fn a_newcomer_does_not_wait_for_a_backlog() {
    let mut arrivals = vec![Arrival::new(Time::ZERO, 0, 1); 4];
    arrivals.push(Arrival::new(Time::ZERO, 1, 1));
    for name in ["sfq", "stride", "vtc", "scoring", "round-robin", "deficit-round-robin"] {
        assert_eq!(letters(name, &[1, 1], &arrivals), "abaaa", "{name}");
    }
}

/// Earliest deadline first, and messages that never expire last.
#[test]
fn deadlines_decide() {
    let mut arrivals = [(0, 9), (1, 7), (2, 8), (3, u64::MAX / SEGMENT)].map(|(flow, deadline)| {
        Arrival { deadline: after(deadline), ..Arrival::new(Time::ZERO, flow, 1) }
    });
    assert_eq!(letters("edf", &[1; 4], &arrivals), "bcad");
    arrivals[3].deadline = after(1);
    assert_eq!(letters("edf", &[1; 4], &arrivals), "dbca");
}
