//! Several dispatchers instead of one scheduler: one ledger, one quota, and a price.

use std::collections::BTreeMap;

use apportion::event::Event;
use apportion::experiment::RunResult;
use apportion::scenario::Scenario;
use apportion::scheduler::Happening;
use apportion::time::Time;

use super::support::{checked_run, count, events_of, moves, scenario};

/// A campaign beside twelve others, with everything that a dispatcher must keep apart from the others':
/// windows, caps, retries, receipts and a carrier that goes away. `dispatchers` is a table or nothing.
fn world(dispatchers: &str) -> Scenario {
    scenario(&format!(
        r#"
        duration = "5min"
        drain = "10min"
        [[destination]]
        name = "us"
        quota = "40/s"
        burst = 8
        receipt-timeout = "1min"
        [destination.gateway]
        sessions = 3
        window = 5
        response = "30ms"
        refusals = [{{ status = "ESME_RTHROTTLED", probability = 0.05 }}]
        undeliverable = 0.02
        {dispatchers}
        [[tenant]]
        name = "bulk"
        sender-cap = "20/s"
        sender-burst = 3
        [[tenant.traffic]]
        kind = "campaign"
        at = "30s"
        messages = 3000
        segments = [[1, 2], [3, 1]]
        [[tenant]]
        name = "small"
        count = 12
        [[tenant.traffic]]
        kind = "poisson"
        rate = "30/min"
        validity = "40s"
        [[fault]]
        kind = "outage"
        name = "gone"
        destination = "us"
        start = "90s"
        duration = "20s"
        "#
    ))
}

fn of(count: u32, by: &str, rebalance: &str) -> Scenario {
    let rebalance = match rebalance {
        "" => String::new(),
        span => format!("rebalance = \"{span}\"\n"),
    };
    let table = format!("[destination.dispatchers]\ncount = {count}\nby = \"{by}\"\n{rebalance}");
    world(&table)
}

#[test]
fn one_dispatcher_is_one_scheduler() {
    let plain = events_of(&world(""));
    for scenario in [of(1, "message", ""), of(1, "tenant", "1s")] {
        assert!(events_of(&scenario) == plain);
    }
    assert!(events_of(&of(2, "message", "")) != plain, "two are not");
}

/// Ledgers, windows, quotas and caps over every interval are checked by the run itself.
#[test]
fn several_keep_every_invariant_under_every_policy() {
    for name in ["scoring", "fifo", "wfq", "token-partition", "lottery"] {
        for (many, by, rebalance) in
            [(2, "message", ""), (7, "tenant", ""), (15, "message", "2s"), (4, "tenant", "500ms")]
        {
            let (events, result) = checked_run(&of(many, by, rebalance), name);
            let messages = &result.findings.summary.messages;
            let one = &checked_run(&world(""), name).1.findings.summary.messages;
            assert_eq!(messages.submitted, one.submitted, "the same arrivals");
            assert!(messages.delivered > 1_000, "{name} {many} {by}: {messages:?}");
            assert!(
                count(&events, Happening::AnsweredRetry) > 50,
                "refusals come back to their lane"
            );
        }
    }
}

/// The order of a queue's messages is the submitter's where all of them come to one dispatcher.
#[test]
fn a_tenant_with_one_dispatcher_keeps_its_order_and_scattered_messages_do_not() {
    let overtaken = |scenario: &Scenario| {
        let mut last: BTreeMap<u32, u64> = BTreeMap::new();
        let events = events_of(scenario);
        let first = moves(&events)
            .filter(|step| step.why == Happening::Dispatched && step.record.attempts == 1);
        first
            .filter(|step| {
                let message = step.record.message;
                let before = last.insert(message.tenant.0, message.id.0);
                before.is_some_and(|before| before > message.id.0)
            })
            .count()
    };
    assert_eq!(overtaken(&of(5, "tenant", "")), 0);
    assert!(overtaken(&of(5, "message", "")) > 100);
}

/// A campaign alone: what it gets of the quota is what its dispatchers have.
fn alone(dispatchers: &str) -> Scenario {
    scenario(&format!(
        r#"
        duration = "100s"
        drain = "0s"
        [[destination]]
        name = "us"
        quota = "40/s"
        [destination.gateway]
        window = 400
        {dispatchers}
        [[tenant]]
        name = "bulk"
        [[tenant.traffic]]
        kind = "campaign"
        at = "0s"
        messages = 9000
        "#
    ))
}

fn dispatched(events: &[Event], until: Time) -> usize {
    moves(events).filter(|step| step.why == Happening::Dispatched && step.time < until).count()
}

#[test]
fn an_idle_dispatchers_part_is_wasted_until_the_quota_is_divided_anew() {
    let end = Time::from_seconds(100);
    let sent = |table: &str| {
        let table = match table {
            "" => String::new(),
            keys => format!("[destination.dispatchers]\ncount = 4\n{keys}"),
        };
        dispatched(&events_of(&alone(&table)), end)
    };
    // 40 a second for 100 s.
    assert!((3_999..=4_001).contains(&sent("")), "{}", sent(""));
    // Scattered over all four, the campaign has all of it; at one of them a quarter.
    let scattered = sent("by = \"message\"");
    assert!((3_990..=4_010).contains(&scattered), "{scattered}");
    let at_one = sent("by = \"tenant\"");
    assert!((999..=1_002).contains(&at_one), "{at_one}");
    // Every 10 s the quota is divided anew: a quarter for ten seconds, then a fortieth less than all
    // for each of the three idle ones: 0.925 of 40 a second.
    let rebalanced = sent("by = \"tenant\"\nrebalance = \"10s\"");
    assert!((3_428..=3_432).contains(&rebalanced), "{rebalanced}");
}

fn p99(result: &RunResult) -> f64 {
    let group = &result.findings.summary.groups["small"];
    let text = serde_json::to_value(group.dwell_s.p99).expect("JSON");
    text.as_f64().expect("nobody is left waiting")
}

/// Twelve tenants below their share wait for a message or two of one scheduler. Of eight, each is eight
/// times as slow, and what comes to a busy one waits although another one is free.
#[test]
fn the_price_of_several_is_paid_in_delay() {
    let crowd = |table: &str| {
        scenario(&format!(
            r#"
            duration = "10min"
            drain = "5min"
            [[destination]]
            name = "us"
            quota = "40/s"
            burst = 1
            [destination.gateway]
            window = 400
            {table}
            [[tenant]]
            name = "small"
            count = 40
            [[tenant.traffic]]
            kind = "poisson"
            rate = "36/min"
            "#
        ))
    };
    let wait = |table: &str| p99(&checked_run(&crowd(table), "scoring").1);
    let one = wait("");
    let eight = wait("[destination.dispatchers]\ncount = 8\n");
    assert!(eight > 3.0 * one, "{eight} s of eight, {one} s of one");
}
