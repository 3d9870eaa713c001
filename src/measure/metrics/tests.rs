//! Each metric on a run small enough to work by hand.

use super::super::recorder::{Measures, RunIdentity};
use super::super::testing::{Script, Submission, at, scenario, with_sets};
use super::*;
use crate::event::{DigestSink, Sink};
use crate::scenario::Check;
use crate::scheduler::Happening;

fn findings(scenario: &Scenario, script: &Script) -> Findings {
    let mut measures = Measures::new(scenario);
    for event in &script.events {
        assert_eq!(measures.record(event), crate::event::Flow::Continue);
    }
    let digest = DigestSink::new(["dest"]).digest();
    let events = script.events.len() as u64;
    measures.finish(scenario, RunIdentity { policy: "fifo".into(), seed: 7, digest, events })
}

fn tenant(name: &str) -> Selector {
    Selector { tenant: Some(name.into()), ..Selector::default() }
}

/// Ten messages of `big` (weight 1) and two of each `small` (weight 1), each a second apart:
/// message k of big is dispatched after k seconds; small-1's after 1 s and 2 s; small-2's first
/// after 1 s, its second never.
fn run() -> (Scenario, Findings) {
    let scenario =
        with_sets(scenario(&[("big", 1), ("small-1", 1), ("small-2", 1)]), &[1, 1], &[0, 1, 1]);
    let mut script = Script::default();
    let big = script.submit_many(0.0, 0, 10);
    let one = script.submit_many(0.0, 1, 2);
    let two = script.submit_many(0.0, 2, 2);
    let refused = script.submit_as(0.0, Submission::of(2), Happening::QueueOverflow);
    assert_eq!(refused, 14);
    for k in 0..10u32 {
        let s = f64::from(k + 1);
        if k < 2 {
            script.send(s, one + u64::from(k));
        }
        if k < 1 {
            script.send(s, two);
        }
        script.send(s, big + u64::from(k));
    }
    script.deliver(11.0, big, 1);
    script.happen(12.0, big, Happening::ReceiptDelivered);
    let findings = findings(&scenario, &script);
    (scenario, findings)
}

fn check(name: &str, selector: &Selector, expected: Option<Quantile>) {
    let (scenario, findings) = run();
    let metric = find(name).expect("registered");
    assert_eq!(figure(&findings, metric, selector, &scenario), expected, "{name} of {selector:?}");
}

fn exactly(value: f64) -> Option<Quantile> {
    Some(Quantile::Exactly(value))
}

#[test]
fn names_are_unique_and_found() {
    for (index, metric) in METRICS.iter().enumerate() {
        assert_eq!(METRICS.iter().position(|other| other.name == metric.name), Some(index));
        assert!(!metric.doc.is_empty() && !metric.scope.describe().is_empty());
    }
    assert!(find("dwell_p98").is_none());
}

#[test]
fn counts_and_ratios_of_messages() {
    let all = Selector::default();
    check("submitted", &all, exactly(15.0));
    check("submitted", &tenant("small"), exactly(5.0));
    check("submitted", &tenant("small-2"), exactly(3.0));
    check("delivered", &all, exactly(1.0));
    check("duplicates", &all, exactly(0.0));
    check("delivered_ratio", &tenant("big"), exactly(0.1));
    check("refused_ratio", &tenant("small"), exactly(0.2));
    check("expired_ratio", &all, exactly(0.0));
    check("failed_ratio", &all, exactly(0.0));
    // All three dispatched and big's ten are within 10 s; refused and never dispatched are not.
    check("on_time", &all, exactly(13.0 / 15.0));
    // Of small-2's three one was refused and one never went.
    check("on_time_worst", &all, exactly(1.0 / 3.0));
    check("on_time_worst", &tenant("small-1"), exactly(1.0));
    check("on_time", &Selector { class: Some("bulk".into()), ..all }, None);
    let set = Selector { tenant_set: Some("set1".into()), ..Selector::default() };
    check("submitted", &set, exactly(5.0));
    let both = Selector { class: Some("otp".into()), ..set };
    check("on_time", &both, exactly(3.0 / 5.0));
}

#[test]
fn quantiles_are_of_merged_messages_and_the_worst_is_of_one_tenant() {
    check("dwell_max", &tenant("big"), exactly(10.0));
    check("dwell_p999", &tenant("big"), exactly(10.0));
    check("latency_p999", &tenant("big"), Some(Quantile::Above(12.0)));
    check("dwell_mean", &tenant("big"), exactly(5.5));
    check("dwell_p99", &tenant("small-1"), exactly(2.0));
    // Small's four: 1, 1, 2 and one that waits for 12 s until the run ends.
    check("dwell_max", &tenant("small"), Some(Quantile::Above(12.0)));
    check("dwell_p99_worst", &tenant("small-1"), exactly(2.0));
    check("dwell_p99_worst", &Selector::default(), Some(Quantile::Above(12.0)));
    check("latency_max", &tenant("big"), Some(Quantile::Above(12.0)));
    check("latency_mean", &tenant("big"), exactly(11.0));
    check("latency_mean", &tenant("small"), None);
}

#[test]
fn shares() {
    // While small-1 waited, 2 + 1 + 2 segments were sent, 2 of them its own.
    check("share_mean", &tenant("small-1"), exactly(0.5));
    // While any of small waited (to the end: small-2), 13 were sent, 3 of them theirs.
    check("share_mean", &tenant("small"), exactly(3.0 / 13.0));
    let set = Selector { tenant_set: Some("set1".into()), ..Selector::default() };
    check("share_mean", &set, exactly(3.0 / 13.0));
    check("share_mean", &tenant("big"), exactly(10.0 / 13.0));
    check("utilisation", &Selector::default(), None);
}

#[test]
fn unknown_names_and_wrong_selections_have_no_figure() {
    check("submitted", &tenant("nobody"), None);
    let class = Selector { class: Some("otp".into()), ..Selector::default() };
    check("submitted", &Selector { class: Some("x".into()), ..class.clone() }, None);
    check("jain", &class, None);
    check("recall", &Selector::default(), None);
    check("false_alarms", &Selector::default(), None);
    check("alerts", &Selector::default(), exactly(0.0));
    let accepted =
        |name: &str, selector: &Selector| accepts(find(name).expect("registered"), selector);
    assert!(accepted("dwell_p99", &class) && !accepted("share_mean", &class));
    assert!(accepted("share_mean", &tenant("big")) && !accepted("jain", &tenant("big")));
    assert!(!accepted("share_mean", &Selector::default()));
    assert!(accepted("recall", &Selector::default()) && !accepted("recall", &tenant("big")));
    assert!(accepted("alerts", &tenant("big")) && accepted("contention_share_min", &tenant("big")));
}

#[test]
fn verdicts_on_censored_and_absent_figures() {
    let (mut scenario, findings) = run();
    let check = |metric: &str, of: Selector, bound| Check {
        name: format!("{metric} check"),
        metric: metric.into(),
        selector: of,
        bound,
        margin: crate::scenario::Margin::Relative(0.05),
        line: 9,
    };
    let all = Selector::default;
    scenario.checks = vec![
        check("dwell_max", tenant("big"), Bound::AtMost(10.0)),
        check("dwell_max", tenant("big"), Bound::AtMost(9.9)),
        check("dwell_max", tenant("small"), Bound::AtMost(1000.0)),
        check("dwell_max", tenant("small"), Bound::AtLeast(12.0)),
        check("dwell_max", tenant("small"), Bound::AtLeast(12.1)),
        check("recall", all(), Bound::AtLeast(0.0)),
        check("no_such_metric", all(), Bound::AtLeast(0.0)),
    ];
    let results = judge(&scenario, &findings);
    let verdicts: Vec<_> =
        results.iter().map(|result| (result.value, result.censored, result.passed)).collect();
    let expected = [
        (Some(10.0), false, true),
        (Some(10.0), false, false),
        (Some(12.0), true, false),
        (Some(12.0), true, true),
        (Some(12.0), true, false),
        (None, false, false),
        (None, false, false),
    ];
    assert_eq!(verdicts, expected);
    assert_eq!((results[0].of.as_str(), results[5].of.as_str()), ("tenant big", "all"));
    assert_eq!((results[0].unit.as_str(), results[0].operator.as_str()), ("s", "<="));
    let infinite = value(&findings, find("dwell_max").expect("there"), &tenant("small"), &scenario);
    assert_eq!(infinite, Some(f64::INFINITY));
    assert_eq!(findings.summary.ended_s, at(12.0).as_seconds_f64());
}
