//! Nobody's luck depends on anybody else, nor on the policy.

use std::collections::BTreeMap;

use apportion::event::{Event, What};
use apportion::scenario::Scenario;
use apportion::scheduler::Happening;
use apportion::time::Time;

use super::support::{events_of, fates, moves, scenario, simulated};

const HEAD: &str = r#"
duration = "10min"
[[destination]]
name = "us"
quota = "QUOTA"
[destination.gateway]
sessions = 2
window = 100000
response = { lognormal = { median = "200ms", sigma = 0.6 } }
delivery = { exponential = { mean = "3s" } }
receipt = { uniform = { from = "1s", to = "2s" } }
undeliverable = 0.1
lost = 0.02
receipt-lost = 0.05
refusals = [{ status = "ESME_RSYSERR", probability = 0.1 }, { status = "ESME_RTHROTTLED", probability = 0.1 }]
[destination.retry]
temporary = { attempts = 4, first-wait = "2s" }
throttled = { attempts = 4, first-wait = "1s" }
"#;

const ALICE: &str = r#"
[[tenant]]
name = "alice"
senders = 3
[[tenant.traffic]]
kind = "poisson"
rate = "2/s"
segments = [[1, 6], [2, 3], [5, 1]]
[[tenant.traffic]]
kind = "campaign"
at = "1min"
messages = 500
over = "10s"
segments = [[1, 1], [3, 1]]
"#;

const BOB: &str = r#"
[[tenant]]
name = "bob"
[[tenant.traffic]]
kind = "poisson"
rate = "3/s"
"#;

const CAROL: &str = r#"
[[tenant]]
name = "carol"
senders = 2
[[tenant.traffic]]
kind = "poisson"
rate = "5/s"
segments = [[1, 1], [2, 1]]
[[tenant.traffic]]
kind = "campaign"
at = "1min"
messages = 2000
"#;

fn with(quota: &str, tenants: &[&str]) -> Scenario {
    scenario(&(HEAD.replace("QUOTA", quota) + &tenants.concat()))
}

/// All that ever happens to a tenant's messages, at its absolute time, with names and the tenant's own
/// ordinals in place of numbers that depend on who else is there.
fn history(scenario: &Scenario, events: &[Event], tenant: &str) -> Vec<(Time, String)> {
    let mut ordinals: BTreeMap<u64, u64> = BTreeMap::new();
    let is_tenant = |index: usize| scenario.tenants[index].name == tenant;
    let mut history = Vec::new();
    for event in events {
        let line = match event.what {
            What::Moved { record, from, to, why, code }
                if is_tenant(record.message.tenant.index()) =>
            {
                let message = record.message;
                ordinals.insert(message.id.0, message.reference);
                let sender = &scenario.senders[message.sender.index()].name;
                let (ordinal, size) = (message.reference, message.segments.0);
                format!("{ordinal} of {size} from {sender}: {from:?} {to:?} {why:?} {code}")
            }
            What::TruthMoved { message, tenant, attempt, from, to }
                if is_tenant(tenant.index()) =>
            {
                format!("{} attempt {attempt}: {from:?} {to:?}", ordinals[&message.0])
            }
            _ => continue,
        };
        history.push((event.time, line));
    }
    history
}

fn histories(scenario: &Scenario, seed: u64) -> [Vec<(Time, String)>; 2] {
    let (events, _) = simulated(scenario, "fifo", seed);
    ["alice", "bob"].map(|tenant| history(scenario, &events, tenant))
}

#[test]
fn a_tenant_more_changes_nothing_of_the_others_without_a_quota() {
    let alone = histories(&with("unlimited", &[ALICE, BOB]), 1);
    assert!(alone[0].len() > 5_000 && alone[1].len() > 5_000, "there is a history to compare");
    for order in [[CAROL, ALICE, BOB], [ALICE, BOB, CAROL], [ALICE, CAROL, BOB]] {
        assert!(histories(&with("unlimited", &order), 1) == alone, "somebody's history changed");
    }
    // The comparison sees another seed, and a quota that is shared.
    assert_ne!(histories(&with("unlimited", &[ALICE, BOB]), 2), alone);
    let limited = histories(&with("20/s", &[ALICE, BOB]), 1);
    assert_ne!(histories(&with("20/s", &[ALICE, BOB, CAROL]), 1), limited);
}

#[test]
fn a_tenant_more_changes_no_arrival_and_no_fate_under_a_shared_quota() {
    let without = with("20/s", &[ALICE, BOB]);
    let among = with("20/s", &[CAROL, ALICE, BOB]);
    let [few, many] = [&without, &among].map(|scenario| {
        let events = simulated(scenario, "scoring", 1).0;
        (arrivals(scenario, &events), fates(scenario, &events))
    });
    for (key, arrival) in &few.0 {
        assert_eq!(many.0.get(key), Some(arrival), "{key:?}");
    }
    for (key, fate) in &few.1 {
        assert_eq!(many.1.get(key), Some(fate), "{key:?}");
    }
    assert!(few.1.len() > 3_000 && many.1.len() > few.1.len());
}

/// Time, size and sender of each submission, by tenant and ordinal.
fn arrivals(scenario: &Scenario, events: &[Event]) -> BTreeMap<(String, u64), (Time, u32, String)> {
    moves(events)
        .filter(|step| matches!(step.why, Happening::Submitted | Happening::QueueOverflow))
        .map(|step| {
            let message = step.record.message;
            let tenant = scenario.tenants[message.tenant.index()].name.clone();
            let sender = scenario.senders[message.sender.index()].name.clone();
            ((tenant, message.reference), (step.time, message.segments.0, sender))
        })
        .collect()
}

#[test]
fn every_policy_meets_the_same_arrivals_and_the_same_fates() {
    let scenario = with("20/s", &[ALICE, BOB, CAROL]);
    let of = |policy: &str, seed| {
        let events = simulated(&scenario, policy, seed).0;
        let dispatches: Vec<(Time, u64)> = moves(&events)
            .filter(|step| step.why == Happening::Dispatched)
            .map(|step| (step.time, step.record.message.id.0))
            .collect();
        (arrivals(&scenario, &events), fates(&scenario, &events), dispatches)
    };
    let fifo = of("fifo", 1);
    assert!(fifo.1.keys().any(|(_, _, attempt)| *attempt == 4), "there are retries to compare");
    for policy in ["scoring", "wfq", "token-partition", "lottery"] {
        let other = of(policy, 1);
        assert!(other.0 == fifo.0, "{policy} meets other arrivals");
        // One that does not use the whole quota may not get round to all attempts.
        assert!(other.1.len() > 5_000);
        for (key, fate) in &other.1 {
            assert_eq!(fifo.1.get(key), Some(fate), "{policy}, {key:?}");
        }
        assert!(other.2 != fifo.2, "{policy} decides otherwise, or this test compares nothing");
    }
    let reseeded = of("fifo", 2);
    assert!(reseeded.0 != fifo.0);
    assert!(reseeded.1.iter().any(|(key, fate)| fifo.1.get(key) != Some(fate)));
}

/// Two tenants under one name would have one luck; under two names they have two.
#[test]
fn equal_traffic_of_two_names_is_not_equal_luck() {
    let other = BOB.replace("bob", "rob");
    let scenario = with("unlimited", &[BOB, &other]);
    let events = events_of(&scenario);
    let [bob, rob] = ["bob", "rob"].map(|tenant| history(&scenario, &events, tenant));
    assert_ne!(bob, rob);
}
