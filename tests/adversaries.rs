//! Tenants that try to get more than their share: what `scenarios/adversaries` promises holds under
//! scoring, and does not hold under the policies that each of them games. So no check there is idle.

#[path = "support/direct.rs"]
mod direct;
#[path = "adversaries/weights.rs"]
mod weights;

use std::fs;
use std::path::{Path, PathBuf};

use apportion::experiment::{RunRequest, run};
use apportion::measure::{Findings, METRICS};
use apportion::scenario::{MetricUnit, Registries, Scenario, load};
use apportion::scheduler::{
    ByFlow, FlowRule, FlowUnit, POLICIES, Policy, PolicyInfo, RoundRobin, Sfq, policy,
};
use apportion::units::Rate;

const FOLDER: &str = "scenarios/adversaries";

/// Policies that nobody should run: they divide among queues, and a tenant makes as many as it likes.
const AMONG_QUEUES: [PolicyInfo; 2] = [
    among_queues("round-robin-among-queues", |_| boxed(RoundRobin::new())),
    among_queues("sfq-among-queues", |_| boxed(Sfq::new())),
];

const fn among_queues(
    name: &'static str,
    build: fn(Option<Rate>) -> Box<dyn Policy>,
) -> PolicyInfo {
    PolicyInfo {
        name,
        rule: "",
        flow: "queue",
        cost: "",
        guarantee: "",
        source: "",
        needs_rate: false,
        build,
    }
}

fn boxed<R: FlowRule + 'static>(rule: R) -> Box<dyn Policy> {
    Box::new(ByFlow::of(FlowUnit::Queue, rule))
}

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

fn findings(scenario: &Scenario, name: &str) -> Findings {
    let double = AMONG_QUEUES.iter().find(|info| info.name == name);
    let policy = double.or(policy(name)).unwrap_or_else(|| panic!("no policy {name}"));
    let request = RunRequest { scenario, policy, seed: scenario.seed, keeps_messages: false };
    run(request, &mut ()).unwrap_or_else(|error| panic!("{name}: {error}")).findings
}

/// The checks that fail under a policy.
fn broken(scenario: &Scenario, name: &str) -> Vec<String> {
    let checks = findings(scenario, name).summary.checks;
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
    assert!(files.len() >= 10, "only {} adversaries", files.len());
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

/// Without the share tree's level of tenants fifty senders get fifty times what one gets.
#[test]
fn splitting_senders_pays_where_queues_take_turns() {
    let scenario = scenario(&Path::new(FOLDER).join("sender-split.toml"));
    for info in AMONG_QUEUES {
        let broken = broken(&scenario, info.name);
        for check in ["the single sender keeps its half", "splitting gains nothing"] {
            assert!(broken.iter().any(|name| name == check), "{}: {broken:?}", info.name);
        }
    }
}

#[test]
fn those_who_come_and_go_send_one_message_each() {
    let scenario = scenario(&Path::new(FOLDER).join("churn.toml"));
    let rows = findings(&scenario, "scoring").tenants;
    let passers_by = rows.iter().filter(|row| row.group == "passer-by");
    let submitted: Vec<u64> = passers_by.map(|row| row.messages.submitted).collect();
    assert_eq!(submitted, vec![1; 10_000]);
}
