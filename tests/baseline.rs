//! `apportion check` against recorded baselines: identical, worse, better, undecided, missing.

#[path = "cli/place.rs"]
#[allow(dead_code, reason = "shared with the other tests of the program")]
mod place;

use place::{CALM, Place};
use serde_json::{Value, json};

/// The calm scenario, with a check on what small tenants wait.
fn scenario(quota: &str) -> String {
    let check = "[[check]]\nname = \"small ones wait\"\nmetric = \"dwell_mean\"\ntenant = \"small\"\n\
                 at-most = \"10min\"\nmargin = \"20%\"\n";
    CALM.replace("quota = \"5/s\"", &format!("quota = \"{quota}\"")) + check
}

fn recorded() -> Place {
    let place = Place::new();
    place.write("calm.toml", &scenario("5/s"));
    let done = place.expect(0, "check calm.toml --update --replications 6");
    assert!(done.stdout.contains("baseline recorded in results/baselines/calm.json"), "{done:?}");
    place
}

#[test]
fn what_did_not_change_is_identical_and_needs_no_statistics() {
    let place = recorded();
    let done = place.expect(0, "check calm.toml");
    assert!(done.stdout.contains("6 replications: identical"), "{}", done.stdout);
    let baseline = place.json("results/baselines/calm.json");
    assert_eq!(baseline["digests"].as_array().map(Vec::len), Some(6));
    assert_eq!(baseline["metrics"], json!(["delivered_ratio", "dwell_mean:tenant=small"]));
    // The first digest is that of a single run.
    place.expect(0, "run calm.toml --out run");
    assert_eq!(place.json("run/summary.json")["digest"], baseline["digests"][0]);
}

#[test]
fn a_regression_fails_and_an_improvement_passes() {
    let place = recorded();
    place.write("calm.toml", &scenario("2/s"));
    let done = place.expect(1, "check calm.toml --baseline");
    assert!(done.stdout.contains("6 replications: fail"), "{}", done.stdout);
    assert!(done.stdout.contains("✗ no worse than the baseline (dwell_mean:tenant=small: "));
    let again = "reproduce: apportion check calm.toml --baseline results/baselines\n";
    assert!(done.stdout.contains(again), "{}", done.stdout);
    place.write("calm.toml", &scenario("8/s"));
    let done = place.expect(0, "check calm.toml --baseline");
    assert!(done.stdout.contains("6 replications: pass"), "{}", done.stdout);
    assert!(done.stdout.contains("better: dwell_mean:tenant=small"), "{}", done.stdout);
    // Worse, and within a margin that was fixed beforehand.
    place.write("calm.toml", &scenario("2/s").replace("\"20%\"", "\"1h\""));
    let done = place.expect(0, "check calm.toml");
    assert!(done.stdout.contains("6 replications: pass"), "{}", done.stdout);
}

#[test]
fn what_noise_leaves_open_is_inconclusive() {
    let place = recorded();
    let mut baseline = place.json("results/baselines/calm.json");
    let values = baseline["values"][1].as_array_mut().expect("values");
    for (k, value) in values.iter_mut().enumerate() {
        let factor = if k % 2 == 0 { 0.2 } else { 1.8 };
        *value = json!(value.as_f64().expect("a number") * factor);
    }
    baseline["digests"][0] = Value::from("v1:00000000000000000000000000000000");
    place.write("results/baselines/calm.json", &baseline.to_string());
    let done = place.expect(3, "check calm.toml");
    assert!(done.stdout.contains("6 replications: inconclusive"), "{}", done.stdout);
    assert!(done.stdout.contains("not decided: dwell_mean:tenant=small"), "{}", done.stdout);
    assert!(done.stdout.contains("replications would decide"), "{}", done.stdout);
}

#[test]
fn a_baseline_that_is_missing_is_4_when_it_was_asked_for_and_a_note_otherwise() {
    let place = recorded();
    place.write("other.toml", CALM);
    let done = place.expect(0, "check other.toml");
    assert!(done.stdout.contains("no baseline in results/baselines/other.json"), "{}", done.stdout);
    place.expect(4, "check other.toml --baseline results/baselines");
    place.expect(4, "check calm.toml --baseline elsewhere");
    place.write("results/baselines/calm.json", "{");
    place.expect(74, "check calm.toml");
    place.write("calm.toml", &scenario("5/s").replace("seed = 1", "seed = 2"));
    place.expect(0, "check calm.toml --update --baseline elsewhere");
    assert!(place.path("elsewhere/calm.json").exists());
}
