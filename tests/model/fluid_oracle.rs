//! Theorems about the fluid system of the arrivals, as the measures of a run tell them.

use apportion::measure::{FairnessFigures, Quantile};

use super::support::{checked_run, scenario};

const LARGEST_SEGMENTS: f64 = 3.0;
const QUOTA_PER_S: f64 = 10.0;

/// Nineteen in ten of what a route of 10 segments a second can take, for a while, from tenants of different
/// weights with messages of different lengths; then the queues drain.
const SATURATED: &str = r#"
duration = "20min"
drain = "1h"
[[destination]]
name = "us"
quota = "10/s"
burst = 1
[destination.gateway]
window = 100000
[[tenant]]
name = "heavy"
weight = 5
[[tenant.traffic]]
kind = "poisson"
rate = "4/s"
segments = [[1, 1], [3, 1]]
[[tenant]]
name = "campaign"
[[tenant.traffic]]
kind = "campaign"
at = "2min"
messages = 4000
[[tenant]]
name = "small"
count = 20
weight = 0.7
[[tenant.traffic]]
kind = "poisson"
rate = "9/min"
segments = [[1, 2], [2, 1]]
"#;

fn figures(text: &str, policy: &str) -> FairnessFigures {
    checked_run(&scenario(text), policy).1.findings.summary.fairness
}

fn lateness_max_s(figures: &FairnessFigures) -> f64 {
    match figures.gps_lateness_max_s.expect("there is a quota") {
        Quantile::Exactly(value) => value,
        Quantile::Above(value) => panic!("something was never dispatched: {value}"),
    }
}

#[test]
fn wfq_and_wf2q_are_late_by_one_message_at_most_and_others_by_many() {
    for policy in ["wfq", "wf2q"] {
        let figures = figures(SATURATED, policy);
        let late = lateness_max_s(&figures) * QUOTA_PER_S / LARGEST_SEGMENTS;
        let lag = figures.gps_lag_max_segments.expect("there is a quota") / LARGEST_SEGMENTS;
        // Parekh and Gallager: one message of the largest; and it comes near, so it is not idle.
        assert!(late <= 1.0 && late > 0.15, "{policy}: {late}");
        assert!(lag <= 1.0 && lag > 0.15, "{policy}: {lag}");
    }
    // Bennett and Zhang: WF²Q is not ahead by more than a message either; WFQ is.
    let ahead = |policy| figures(SATURATED, policy).gps_lead_max_segments.expect("a quota");
    assert!(ahead("wf2q") <= LARGEST_SEGMENTS, "{}", ahead("wf2q"));
    assert!(ahead("wfq") > 1.2 * LARGEST_SEGMENTS, "{}", ahead("wfq"));
    for policy in ["scfq", "fifo", "round-robin"] {
        let late = lateness_max_s(&figures(SATURATED, policy)) * QUOTA_PER_S / LARGEST_SEGMENTS;
        assert!(late > 2.0, "{policy} is late by {late} messages only");
    }
}

#[test]
fn the_theorems_hold_in_a_share_tree_level_by_level() {
    let sets = SATURATED
        .replace("name = \"heavy\"", "name = \"heavy\"\nset = \"gold\"")
        .replace("name = \"campaign\"", "name = \"campaign\"\nset = \"gold\"")
        .replace("name = \"small\"", "name = \"small\"\nset = \"rest\"");
    let tree = format!(
        "{sets}\n[[tenant-set]]\nname = \"gold\"\nweight = 3\n[[tenant-set]]\nname = \"rest\"\n"
    );
    // A flat policy knows no sets, so its division is another one than the fluid system's.
    let hierarchical = figures(&tree, "h-wf2q-plus").gps_lag_max_segments.expect("a quota");
    let flat = figures(&tree, "wf2q").gps_lag_max_segments.expect("a quota");
    assert!(hierarchical <= 3.0 * LARGEST_SEGMENTS, "{hierarchical}");
    assert!(flat > 10.0 * LARGEST_SEGMENTS, "{flat}");
}

#[test]
fn ten_thousand_tenants_stay_on() {
    let text = r#"
duration = "2min"
drain = "10min"
[[destination]]
name = "us"
quota = "100/s"
burst = 1
[destination.gateway]
window = 100000
[[tenant]]
name = "many"
count = 10000
[[tenant.traffic]]
kind = "poisson"
rate = "0.6/min"
"#;
    let figures = figures(text, "wf2q");
    let late = lateness_max_s(&figures) * 100.0;
    assert!(late <= 1.0, "{late} segments late among ten thousand");
    assert!(figures.gps_lag_max_segments.expect("a quota") <= 1.0);
}
