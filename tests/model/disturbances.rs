//! Faults that make, withhold and repeat messages, and changes on the platform's own side.

use apportion::event::{Event, What};
use apportion::scenario::{FaultKind, Nature, Scenario};
use apportion::scheduler::Happening;
use apportion::time::Time;
use apportion::units::TenantId;

use super::support::{Move, checked_run, count, events_of, fates, fits, moves, scenario, seconds};

/// Two tenants of ten messages a second each for an hour, nothing scarce.
fn world(faults: &str) -> Scenario {
    let head = r#"
duration = "60min"
drain = "10min"
[[destination]]
name = "us"
quota = "QUOTA"
burst = 10
[destination.gateway]
window = 100000
response = "100ms"
undeliverable = 0.1
[[tenant]]
name = "a"
[[tenant.traffic]]
kind = "poisson"
rate = "10/s"
[[tenant]]
name = "b"
[[tenant.traffic]]
kind = "poisson"
rate = "10/s"
"#;
    scenario(&format!("{}{faults}", head.replace("QUOTA", "1000/s")))
}

fn scarce(quota: &str, faults: &str) -> Scenario {
    let mut scarce = world(faults);
    let rate = apportion::scenario::parse_rate(quota).expect("a rate");
    scarce.destinations[0].quota = Some(apportion::units::Quota { rate, burst: 10 });
    scarce
}

/// Submissions of a tenant in [from, to) minutes.
fn submitted(events: &[Event], tenant: u32, from: u64, to: u64) -> u64 {
    happened(events, Happening::Submitted, tenant, from, to)
}

/// Dispatches of a tenant in [from, to) minutes.
fn sent(events: &[Event], tenant: u32, from: u64, to: u64) -> u64 {
    happened(events, Happening::Dispatched, tenant, from, to)
}

fn happened(events: &[Event], why: Happening, tenant: u32, from: u64, to: u64) -> u64 {
    let is_it = |step: &Move| {
        step.why == why
            && step.record.message.tenant == TenantId(tenant)
            && (seconds(60 * from)..seconds(60 * to)).contains(&step.time)
    };
    moves(events).filter(is_it).count() as u64
}

fn times(events: &[Event], began: bool) -> Vec<Time> {
    let edge = |event: &Event| match event.what {
        What::FaultBegan(_) if began => Some(event.time),
        What::FaultEnded(_) if !began => Some(event.time),
        _ => None,
    };
    events.iter().filter_map(edge).collect()
}

const SPIKE: &str = r#"
[[fault]]
kind = "traffic-spike"
name = "spike"
tenant = "b"
start = "20min"
duration = "10min"
rate = "40/s"
"#;

#[test]
fn a_spike_adds_its_rate_to_its_tenant_while_it_lasts_and_shifts_nobodys_luck() {
    let (without, with) = (world(""), world(SPIKE));
    let (before, after) = (events_of(&without), events_of(&with));
    let extra = submitted(&after, 1, 20, 30) - submitted(&before, 1, 20, 30);
    assert!((23_000..25_000).contains(&extra), "40 a second for ten minutes: {extra}");
    for (from, to) in [(0, 20), (30, 60)] {
        assert_eq!(submitted(&after, 1, from, to), submitted(&before, 1, from, to));
    }
    let (ordinary, disturbed) = (fates(&without, &before), fates(&with, &after));
    assert!(ordinary.len() > 70_000);
    for (key, fate) in &ordinary {
        assert_eq!(disturbed.get(key), Some(fate), "{key:?}");
    }
    // What the spike made has luck of its own: it fails as often as everything.
    let made = disturbed.iter().filter(|(key, _)| !ordinary.contains_key(*key));
    let (mut all, mut failed) = (0, 0);
    for (_, fate) in made {
        all += 1;
        failed += u64::from(fate.receipt.is_some_and(|(_, state)| state != 2));
    }
    assert_eq!(all, extra);
    assert!(fits(failed, all, 0.1), "{failed} of {all}");
}

#[test]
fn a_ramp_lets_a_spike_rise_and_fall() {
    let ramped = SPIKE.replace("rate =", "ramp = \"5min\"\nrate =");
    let events = events_of(&world(&ramped));
    let extra =
        |from, to| submitted(&events, 1, from, to) as f64 / (60.0 * (to - from) as f64) - 10.0;
    // A triangle over ten minutes with its height, 40, in the middle.
    for (from, to, mean) in [(20, 22, 8.0), (24, 26, 36.0), (28, 30, 8.0)] {
        assert!((extra(from, to) - mean).abs() < 2.5, "{from} to {to}: {}", extra(from, to));
    }
}

#[test]
fn a_drop_withholds_its_fraction_and_shifts_nobodys_luck() {
    let fault = r#"
[[fault]]
kind = "traffic-drop"
tenant = "b"
start = "20min"
duration = "20min"
fraction = 0.7
"#;
    let (without, with) = (world(""), world(fault));
    let (before, after) = (events_of(&without), events_of(&with));
    let usual = submitted(&before, 1, 20, 40);
    let missing = usual - submitted(&after, 1, 20, 40);
    assert!(fits(missing, usual, 0.7) && !fits(missing, usual, 0.65), "{missing} of {usual}");
    assert_eq!(submitted(&after, 0, 0, 60), submitted(&before, 0, 0, 60));
    assert_eq!(submitted(&after, 1, 40, 60), submitted(&before, 1, 40, 60));
    let (ordinary, disturbed) = (fates(&without, &before), fates(&with, &after));
    assert!(disturbed.iter().all(|(key, fate)| ordinary.get(key) == Some(fate)));
}

#[test]
fn a_runaway_system_submits_again_what_failed() {
    let fault = r#"
[[fault]]
kind = "error-burst"
tenant = "b"
start = "10min"
duration = "20min"
fraction = 0.5
status = "ESME_RSUBMITFAIL"
[[fault]]
kind = "runaway-retry"
tenant = "b"
start = "10min"
duration = "20min"
wait = "2s"
"#;
    let scenario = world(fault);
    assert!(!scenario.is_open_loop(), "what is submitted depends on what failed");
    let events = events_of(&scenario);
    let refused: Vec<Time> = moves(&events)
        .filter(|step| step.why == Happening::AnsweredPermanent)
        .map(|step| step.time)
        .collect();
    // Half of the usual and half of what comes again fail: as many again as usual in the end.
    let during = submitted(&events, 1, 11, 30);
    let usual = submitted(&events_of(&world("")), 1, 11, 30);
    let ratio = during as f64 / usual as f64;
    assert!((2.0..2.6).contains(&ratio), "{ratio}");
    assert!(refused.len() > 10_000);
    assert_eq!(submitted(&events, 0, 0, 60), submitted(&events_of(&world("")), 0, 0, 60));
}

#[test]
fn who_joins_is_not_there_before_and_who_leaves_takes_along_what_waits() {
    let faults = r#"
[[fault]]
kind = "tenant-joins"
tenant = "a"
start = "15min"
[[fault]]
kind = "tenant-leaves"
tenant = "b"
start = "30min"
duration = "15min"
"#;
    let (events, result) = checked_run(&scarce("12/s", faults), "scoring");
    assert_eq!(submitted(&events, 0, 0, 15), 0);
    assert!(submitted(&events, 0, 15, 60) > 25_000);
    assert_eq!(submitted(&events, 1, 30, 45), 0);
    assert!(submitted(&events, 1, 45, 60) > 8_000);
    // Two tenants of 10/s share 12/s from the fifteenth minute on: a backlog of b's is withdrawn.
    let withdrawn: Vec<Time> = moves(&events)
        .filter(|step| step.why == Happening::Cancelled)
        .map(|step| step.time)
        .collect();
    assert!(withdrawn.len() > 1_000 && withdrawn.iter().all(|time| *time == seconds(1800)));
    assert_eq!(result.findings.summary.messages.cancelled, withdrawn.len() as u64);
    assert!(result.findings.incidents.iter().all(|row| row.nature == "change"));
}

#[test]
fn a_tenant_that_comes_back_has_its_share_again() {
    let faults = r#"
[[fault]]
kind = "tenant-leaves"
tenant = "b"
start = "10min"
duration = "10min"
"#;
    let (events, _) = checked_run(&scarce("10/s", faults), "scoring");
    let share = |from: u64, to: u64| {
        let [a, b] = [0, 1].map(|tenant| sent(&events, tenant, from, to) as f64);
        b / (a + b)
    };
    assert!((share(2, 10) - 0.5).abs() < 0.01, "{}", share(2, 10));
    assert_eq!(share(11, 20), 0.0);
    assert!((share(21, 60) - 0.5).abs() < 0.01, "{}", share(21, 60));
}

#[test]
fn another_weight_divides_otherwise_and_the_measures_know_it() {
    let faults = r#"
[[fault]]
kind = "weight-change"
tenant = "b"
start = "20min"
duration = "20min"
weight = 3
"#;
    let (events, result) = checked_run(&scarce("10/s", faults), "scoring");
    let share = |from: u64, to: u64| {
        let [a, b] = [0, 1].map(|tenant| sent(&events, tenant, from, to) as f64);
        b / (a + b)
    };
    for (from, to, expected) in [(2, 20, 0.5), (20, 40, 0.75), (40, 60, 0.5)] {
        assert!((share(from, to) - expected).abs() < 0.01, "{from}: {}", share(from, to));
    }
    let fairness = result.findings.summary.fairness;
    assert!(fairness.jain.expect("contended") > 0.999, "{fairness:?}");
    let owed = fairness.contention_share_min.expect("contended");
    assert!(owed > 0.98, "whoever goes by the old weights sees 0.66: {owed}");
}

#[test]
fn another_quota_is_kept_and_used() {
    let faults = r#"
[[fault]]
kind = "quota-change"
start = "20min"
duration = "20min"
quota = "5/s"
burst = 10
"#;
    // The invariants hold every run to the quota of the moment, so a lane that did not change stops it.
    let (events, result) = checked_run(&scarce("15/s", faults), "scoring");
    let rate = |from: u64, to: u64| {
        let all = sent(&events, 0, from, to) + sent(&events, 1, from, to);
        all as f64 / (60 * (to - from)) as f64
    };
    for (from, to, expected) in [(1, 20, 15.0), (20, 40, 5.0), (40, 60, 15.0)] {
        assert!((rate(from, to) - expected).abs() < 0.05, "{from}: {}", rate(from, to));
    }
    assert!(result.findings.summary.fairness.work_conservation.expect("quota") > 0.999);
}

#[test]
fn a_restart_loses_what_is_in_memory_and_counts_it() {
    let faults = r#"
[[fault]]
kind = "scheduler-restart"
start = "20min"
duration = "30s"
"#;
    let (events, result) = checked_run(&scarce("15/s", faults), "scoring");
    let lost: Vec<Move> =
        moves(&events).filter(|step| step.why == Happening::LostOnRestart).collect();
    // A backlog of 5/s for twenty minutes, and what had no receipt yet.
    assert!((5_900..6_300).contains(&lost.len()), "{}", lost.len());
    assert!(lost.iter().all(|step| step.time == seconds(1200)));
    let summary = &result.findings.summary;
    assert_eq!(summary.lost_on_restart, lost.len() as u64);
    assert_eq!(summary.messages.unknown, lost.len() as u64, "nothing of them is learnt any more");
    assert_eq!(summary.messages.duplicates, 0, "what it does not know it cannot send twice");
    let after = moves(&events).filter(|step| {
        step.why == Happening::Dispatched && step.time >= seconds(1200) && step.time < seconds(1230)
    });
    assert_eq!(after.count(), 0);
    assert!(count(&events, Happening::OutcomeUnknownRetry) > 0, "its sessions were lost too");
}

#[test]
fn faults_recur_as_often_as_they_say() {
    let fault = r#"
[[fault]]
kind = "error-burst"
start = "10min"
duration = "1min"
every = "10min"
times = 4
fraction = 1
status = "ESME_RSUBMITFAIL"
"#;
    let events = events_of(&world(fault));
    let minutes = |from: &[u64]| from.iter().map(|minute| seconds(60 * minute)).collect::<Vec<_>>();
    assert_eq!(times(&events, true), minutes(&[10, 20, 30, 40]));
    assert_eq!(times(&events, false), minutes(&[11, 21, 31, 41]));
    let endless = events_of(&world(&fault.replace("times = 4\n", "")));
    assert_eq!(times(&endless, true), minutes(&[10, 20, 30, 40, 50]));
    // They do what they say each time: 20 a second for a minute.
    let refused = count(&events, Happening::AnsweredPermanent);
    assert!((4_500..5_100).contains(&refused), "{refused}");
}

#[test]
fn faults_at_random_have_their_mean_times_and_a_stream_of_their_own() {
    let fault = |name: &str| {
        format!(
            "[[fault]]\nname = \"{name}\"\nkind = \"slow-response\"\nstart = \"1min\"\n\
             mtbf = \"20s\"\nmttr = \"5s\"\nfactor = 2\n"
        )
    };
    let events = events_of(&world(&fault("one")));
    let (began, ended) = (times(&events, true), times(&events, false));
    let occurrences = ended.len() as f64;
    assert!((110.0..175.0).contains(&occurrences), "59 minutes of 25 s: {occurrences}");
    let repair: f64 =
        began.iter().zip(&ended).map(|(began, ended)| ended.since(*began).as_seconds_f64()).sum();
    assert!((3.8..6.3).contains(&(repair / occurrences)), "{}", repair / occurrences);
    // Another fault, before or after it, does not move it; another name does.
    let both = events_of(&world(&(fault("other") + &fault("one"))));
    let of_one = |event: &Event| match event.what {
        What::FaultBegan(1) => Some(event.time),
        _ => None,
    };
    assert_eq!(both.iter().filter_map(of_one).collect::<Vec<_>>(), began);
    assert_ne!(times(&events_of(&world(&fault("two"))), true), began);
}

#[test]
fn a_fault_on_one_session_leaves_the_others_alone() {
    let fault = r#"
[[fault]]
kind = "error-burst"
session = 2
start = "10min"
duration = "20min"
fraction = 1
status = "ESME_RSUBMITFAIL"
"#;
    let mut two = world(fault);
    two.destinations[0].gateway.sessions = 2;
    let events = events_of(&two);
    let during = submitted(&events, 0, 10, 30) + submitted(&events, 1, 10, 30);
    let refused = count(&events, Happening::AnsweredPermanent);
    assert!(fits(refused, during, 0.5), "sessions take turns: {refused} of {during}");
}

#[test]
fn controls_change_traffic_and_are_nothing_to_be_found() {
    let faults = r#"
[[fault]]
kind = "flash-crowd"
start = "5min"
duration = "15min"
peak = "20/s"
rise = "2min"
half-life = "3min"
[[fault]]
kind = "campaign"
tenant = "a"
start = "25min"
duration = "5min"
messages = 1500
[[fault]]
kind = "diurnal"
tenant = "b"
start = "30min"
duration = "30min"
depth = 1
period = "30min"
[detector]
"#;
    let scenario = world(faults);
    assert!(scenario.faults.iter().all(|fault| fault.kind.nature() == Nature::Control));
    assert!(matches!(scenario.faults[1].kind, FaultKind::Campaign { is_announced: true }));
    let (events, result) = checked_run(&scenario, "scoring");
    let usual = events_of(&world(""));
    let extra = |tenant, from, to| {
        submitted(&events, tenant, from, to) as i64 - submitted(&usual, tenant, from, to) as i64
    };
    // Each tenant's crowd: half of 20/s for two minutes, then 20/s ÷ ln 2 × 3 min, cut at the end.
    for tenant in [0, 1] {
        let crowd = extra(tenant, 5, 20);
        assert!((5_700..6_400).contains(&crowd), "{crowd}");
    }
    assert_eq!(extra(0, 25, 31), 1_500);
    // A cosine takes half of everything away over its period, all of it in the middle.
    let missing = -extra(1, 30, 60);
    assert!((8_600..9_400).contains(&missing), "{missing}");
    assert!(submitted(&events, 1, 44, 46) < 40);
    let detection = result.findings.summary.detection.expect("a detector watched");
    assert_eq!((detection.incidents, detection.detected), (0, 0));
    assert_eq!(detection.alerts, detection.false_alarms, "whatever it says is a false alarm");
}
