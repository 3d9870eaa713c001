//! A tenant whose weight flips every second, beside one whose weight stays.

use crate::direct::{Arrival, Direct, is_tree};
use apportion::scheduler::{
    FullScoring, NodeId, POLICIES, Pick, Policy, Reshape, ScoringOptions, policy,
};
use apportion::time::Time;
use apportion::units::{QueueId, Rate, Weight};

const SECONDS: u64 = 1_000;
const A_SECOND: u64 = 10;

/// Between two weights, against a third, in tenths.
const FLIPS: [(u64, u64, u64); 3] = [(10, 100, 80), (1, 100, 50), (10, 10_000, 80)];

fn tenths(weight: u64) -> Weight {
    Weight::from_millionths(weight * 100_000).expect("a valid weight")
}

/// What the one that flips would have of the fluid division.
fn fluid((a, b, other): (u64, u64, u64)) -> f64 {
    let share = |weight: u64| weight as f64 / (weight + other) as f64;
    (share(a) + share(b)) / 2.0
}

fn build(name: &str) -> Box<dyn Policy> {
    match name {
        "worst-case-fair" => Box::new(FullScoring::new(ScoringOptions::WorstCaseFair)),
        "full-scoring" => Box::new(FullScoring::new(ScoringOptions::default())),
        name => {
            let rate = Rate::per_second(A_SECOND).expect("a valid rate");
            policy(name).expect("known").build(Some(rate)).expect("it has a rate")
        }
    }
}

/// The part of the one that flips, in what goes while both wait.
fn share(name: &str, (a, b, other): (u64, u64, u64)) -> f64 {
    let rate = Rate::per_second(A_SECOND).expect("a valid rate");
    let weights = [tenths(a), tenths(other)];
    let mut wire = Direct::new(build(name), Some(rate), &weights, is_tree(name));
    for flow in (0..2 * SECONDS * A_SECOND).map(|index| (index % 2) as usize) {
        wire.put(Time::ZERO, Arrival::new(Time::ZERO, flow, 1));
    }
    let mut served = [0_u64; 2];
    let mut now = Time::ZERO;
    for second in 0..SECONDS {
        let weight = tenths(if second % 2 == 0 { a } else { b });
        let change = Reshape::Weight { node: NodeId(0), weight, product: weight };
        let begins = Time::from_seconds(second);
        wire.policy.reshape(begins, change);
        let end = Time::from_seconds(second + 1);
        now = now.max(begins);
        while now < end {
            match wire.pick(now) {
                Pick::Queue(QueueId(flow)) => {
                    wire.send(now, flow as usize);
                    served[flow as usize] += 1;
                    now += rate.span_of(1);
                    wire.complete(now, flow as usize, 1, 1);
                }
                Pick::NotUntil(time) => now = time,
                Pick::Idle => unreachable!("both wait"),
            }
        }
    }
    served[0] as f64 / (served[0] + served[1]) as f64
}

/// What each policy makes of it, in parts of ten thousand, beside the fluid division's. Each keeps its own
/// promise, which is about weights that stay: who divides fairly between two flips need not between many.
const MEASURED: &[(&str, [u64; 3])] = &[
    ("the fluid division", [3333, 3431, 5516]),
    // It stretches what a flow has ahead with its stride.
    ("stride", [3333, 3432, 5516]),
    // Stamps keep the weight that a message came under: all of these came under the first.
    ("wfq", [1111, 196, 1111]),
    ("wf2q", [1111, 197, 1111]),
    ("virtual-clock", [1111, 196, 1111]),
    // What was sent stays divided by the weight that it was sent under. By start tags a message that was sent
    // while light is still being paid for while heavy.
    ("sfq", [2436, 1163, 1992]),
    ("vtc", [2436, 1163, 1992]),
    ("wf2q-plus", [3556, 1163, 2007]),
    ("h-wf2q-plus", [3556, 1163, 2007]),
    // By finish tags nothing is sent while light, and that is made up for while heavy.
    ("scfq", [3556, 4835, 5543]),
    ("mclock", [3556, 4835, 5543]),
    // It begins anew with each window, of ten messages here, and rounds up in each.
    ("used-over-weight", [4000, 4000, 5500]),
    // What it gained while heavy it spends while light.
    ("weighted-round-robin", [3279, 3524, 6379]),
    // A second holds less than a round: a turn begun while heavy is sent to its end.
    ("deficit-round-robin", [5112, 5045, 9816]),
    ("hierarchical-drr", [5112, 5045, 9816]),
    // A message sent while light bars the way for long, and what nobody has goes to nobody.
    ("token-partition", [2000, 1425, 8693]),
    // It is the heavier of the two every other second.
    ("strict-priority", [5000, 5000, 5000]),
    // Weights do not count.
    ("round-robin", [5000, 5000, 5000]),
    ("fifo", [5000, 5000, 5000]),
    ("edf", [5000, 5000, 5000]),
    ("sqs-fair", [5000, 5000, 5000]),
    ("shuffle-shard-fq", [5000, 5000, 5000]),
];

#[test]
fn what_policies_make_of_a_weight_that_flips() {
    for (name, expected) in MEASURED {
        let found = FLIPS.map(|flip| match *name {
            "the fluid division" => fluid(flip),
            name => share(name, flip),
        });
        assert_eq!(found.map(|share| (share * 1e4).round() as u64), *expected, "{name}");
    }
    let others = ["scoring", "lottery"];
    let told = |name: &str| MEASURED.iter().any(|(other, _)| *other == name);
    assert!(POLICIES.iter().all(|info| told(info.name) != others.contains(&info.name)));
}

/// Scoring divides by the weights as they are, not as they were when a message went: it is within two parts in
/// a hundred of the fluid division.
#[test]
fn a_weight_that_flips_gains_nothing_under_scoring() {
    let off = |name: &str, flip| (share(name, flip) / fluid(flip) - 1.0).abs();
    let mut missed = Vec::new();
    for flip in FLIPS {
        for name in ["scoring", "full-scoring", "worst-case-fair"] {
            let (found, fluid) = (share(name, flip), fluid(flip));
            let is_near = off(name, flip) <= 0.02;
            missed
                .extend((!is_near).then(|| format!("{name}: {flip:?}: {found:.4} of {fluid:.4}")));
        }
        assert!(off("wfq", flip) > 0.02 && off("vtc", flip) > 0.02, "{flip:?}");
    }
    assert_eq!(missed, [""; 0]);
}
