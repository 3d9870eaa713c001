//! Tenants that try to get more than their share: what `scenarios/adversaries` promises holds under
//! scoring, and does not hold under the policies that each of them games. So no check there is idle.

#[path = "support/direct.rs"]
mod direct;
#[path = "adversaries/weights.rs"]
mod weights;

use std::fs;
use std::path::{Path, PathBuf};

use apportion::experiment::{RunRequest, run};
use apportion::measure::METRICS;
use apportion::scenario::{MetricUnit, Registries, Scenario, load};
use apportion::scheduler::{POLICIES, policy};

const FOLDER: &str = "scenarios/adversaries";

fn files() -> Vec<PathBuf> {
    let entries = fs::read_dir(FOLDER).expect("the folder exists");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("readable").path()).collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "toml"));
    files.sort();
    files
}

fn scenario(path: &Path) -> Scenario {
    let unit = |unit| match unit {
        apportion::measure::Unit::Seconds => MetricUnit::Seconds,
        apportion::measure::Unit::Ratio => MetricUnit::Ratio,
        apportion::measure::Unit::Count => MetricUnit::Count,
    };
    let metrics: Vec<(&str, MetricUnit)> =
        METRICS.iter().map(|metric| (metric.name, unit(metric.unit))).collect();
    let policies: Vec<&str> = POLICIES.iter().map(|policy| policy.name).collect();
    let registries = Registries { metrics: &metrics, policies: &policies, detectors: &[] };
    let loaded = load(path, &[], registries).unwrap_or_else(|error| panic!("{error}"));
    loaded.scenario
}

/// The checks that fail under a policy.
fn broken(scenario: &Scenario, name: &str) -> Vec<String> {
    let policy = policy(name).unwrap_or_else(|| panic!("no policy {name}"));
    let request = RunRequest { scenario, policy, seed: scenario.seed, keeps_messages: false };
    let result = run(request, &mut ()).unwrap_or_else(|error| panic!("{name}: {error}"));
    let checks = result.findings.summary.checks;
    checks.into_iter().filter(|check| !check.passed).map(|check| check.name).collect()
}

/// The policies that a file says are gamed.
fn gamed(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).expect("readable");
    let line = text.lines().find_map(|line| line.strip_prefix("# Gamed: "));
    let line = line.unwrap_or_else(|| panic!("{}: who is gamed?", path.display()));
    line.split(", ").map(str::to_owned).collect()
}

#[test]
fn no_adversary_gains_anything_under_scoring() {
    let files = files();
    assert!(files.len() >= 9, "only {} adversaries", files.len());
    for path in files {
        let scenario = scenario(&path);
        assert_eq!(scenario.policy, "scoring", "{}", path.display());
        assert_eq!(broken(&scenario, "scoring"), [""; 0], "{}", path.display());
    }
}

#[test]
fn every_adversary_games_the_policies_that_it_names() {
    for path in files() {
        let scenario = scenario(&path);
        let gamed = gamed(&path);
        assert!(gamed.len() >= 2, "{}", path.display());
        for name in gamed {
            let broken = broken(&scenario, &name);
            assert!(!broken.is_empty(), "{}: {name} is not gamed", path.display());
        }
    }
}
