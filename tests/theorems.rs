//! Each policy's theorem on hundreds of random workloads, and each measure shown a policy that breaks it.
//!
//! `cargo run --release --example theorems` prints the table.

#[path = "support/direct.rs"]
mod direct;
#[allow(dead_code, reason = "the reference scheduler uses the rest")]
#[path = "reference/doubles.rs"]
mod doubles;
#[path = "support/gps.rs"]
mod gps;
#[path = "theorems/measures.rs"]
mod measures;
#[allow(dead_code, reason = "the reference scheduler uses the rest")]
#[path = "reference/rational.rs"]
mod rational;
#[path = "theorems/table.rs"]
mod table;
#[path = "theorems/tree.rs"]
mod tree;
#[path = "theorems/tree_measures.rs"]
mod tree_measures;
#[path = "theorems/workload.rs"]
mod workload;

use apportion::scheduler::{POLICIES, Pick};
use direct::{is_tree, whole};
use rational::Ratio;
use table::THEOREMS;
use workload::{SEEDS, Shape, Workload};

fn assert_hold(policies: &[&str]) {
    let own = || THEOREMS.iter().filter(|theorem| policies.contains(&theorem.policy));
    assert!(own().count() > 0);
    let mut wrong = Vec::new();
    for theorem in own() {
        let found = theorem.find();
        let (largest, broken) = (found.largest.as_f64(), found.broken.as_f64());
        let what =
            format!("{}: {}: {largest:.3}, broken {broken:.3}", theorem.policy, theorem.bound);
        println!("{what}");
        let holds = found.largest <= Ratio::from(1);
        let can_fail = found.broken > Ratio::from(1);
        let is_near = !theorem.is_tight || largest >= 0.9;
        wrong.extend((!holds || !can_fail || !is_near).then_some(what));
    }
    assert_eq!(wrong, [""; 0], "bounds that do not hold, cannot fail, or are not nearly reached");
}

#[test]
fn turns_and_deficits_hold_their_bounds() {
    assert_hold(&["round-robin", "deficit-round-robin", "hierarchical-drr"]);
}

#[test]
fn the_fluid_is_followed_by_wfq() {
    assert_hold(&["wfq"]);
}

#[test]
fn the_fluid_is_followed_by_wf2q() {
    assert_hold(&["wf2q"]);
}

#[test]
fn guaranteed_rates_are_kept() {
    assert_hold(&["wf2q-plus", "h-wf2q-plus", "virtual-clock"]);
}

#[test]
fn start_times_and_finish_times_hold_their_bounds() {
    assert_hold(&["sfq", "scfq"]);
}

#[test]
fn passes_and_counters_hold_their_bounds() {
    assert_hold(&["stride", "vtc", "used-over-weight", "scoring"]);
}

#[test]
fn an_order_that_stands_holds_its_bound() {
    assert_hold(&table::BATCHES);
}

#[test]
fn scoring_can_be_worst_case_fair_and_keeps_promises_and_limits() {
    assert_hold(&[table::WORST_CASE_FAIR, table::WITH_BOUNDS]);
}

#[test]
fn priorities_deadlines_and_reservations_hold_their_bounds() {
    assert_hold(&["strict-priority", "edf", "mclock"]);
}

/// The conservation law: whoever is next, the wire is busy at the same times.
#[test]
fn the_busy_periods_do_not_depend_on_the_policy() {
    for seed in SEEDS.take(60) {
        let workload = Workload::random(seed, Shape::Any);
        let busy = |name: &str| -> Vec<_> {
            let run = workload.run(table::build(name));
            run.served.iter().map(|message| message.began).fold(Vec::new(), |mut starts, began| {
                let continues = run.served.iter().any(|message| message.ended == began);
                starts.extend((!continues).then_some(began));
                starts
            })
        };
        let expected = busy("fifo");
        let gambles = ["lottery", "token-partition"];
        let of_registry = POLICIES.iter().map(|info| info.name);
        let names = of_registry.chain(table::BATCHES).chain([table::WORST_CASE_FAIR]);
        for name in names.filter(|name| !gambles.contains(name)) {
            assert_eq!(busy(name), expected, "seed {seed}: {name}");
        }
    }
}

/// Any Σw messages in a row hold each flow w times, counted from the beginning.
#[test]
fn smooth_weighted_round_robin_is_exact_in_every_round() {
    for seed in SEEDS {
        let workload = Workload::random(seed, Shape::UnitsAtOnce);
        let sum: u32 = workload.weights.iter().sum();
        let weights: Vec<_> = workload.weights.iter().map(|weight| whole(*weight)).collect();
        let info = apportion::scheduler::policy("weighted-round-robin").expect("known");
        let policy = info.build(None).expect("it needs no rate");
        let mut direct = direct::Direct::new(policy, None, &weights, is_tree(info.name));
        for arrival in &workload.arrivals {
            direct.put(arrival.at, *arrival);
        }
        for round in 1..=2 {
            let mut counts = vec![0; weights.len()];
            for _ in 0..sum {
                let now = apportion::time::Time::ZERO;
                let Pick::Queue(queue) = direct.pick(now) else { panic!("something waits") };
                direct.send(now, queue.index());
                counts[queue.index()] += 1;
            }
            let exact = counts == workload.weights;
            // A flow that ran dry takes no part in the round any more.
            let ran_dry = (0..weights.len()).any(|flow| direct.waiting(flow) == 0);
            assert!(exact || ran_dry, "seed {seed}, round {round}: {counts:?}");
        }
    }
}

/// Whoever has no theorem in the table is held to something else.
#[test]
fn every_policy_has_a_theorem_or_a_reason() {
    let otherwise = [
        ("fifo", "the order of arrival is all of it"),
        ("weighted-round-robin", "exact in every round, above"),
        ("lottery", "gambles: its draws are counted where it is"),
        ("shuffle-shard-fq", "fair between shards only: the API server's suite"),
        ("sqs-fair", "promises no bound: compared with a reference"),
        ("token-partition", "promises a rate: compared with a reference"),
    ];
    for info in POLICIES {
        let has_theorem = THEOREMS.iter().any(|theorem| theorem.policy == info.name);
        let has_reason = otherwise.iter().any(|(name, _)| *name == info.name);
        assert!(has_theorem != has_reason, "{}", info.name);
    }
}
