//! Causal impact where it can be worked out by hand, and that it adds up where it cannot.

use apportion::experiment::{CausalPlan, causal};
use apportion::measure::causal::{CausalImpact, Impact, Reconvergence};
use apportion::scenario::Scenario;
use apportion::scheduler::policy;
use apportion::time::{Span, Time};
use apportion::units::{DestinationId, TenantId};

use super::support::{events_of, moves, scenario, seconds};

/// Message a second on a route of two a second, and the same on another route that no fault touches.
fn stream(faults: &str) -> Scenario {
    scenario(&format!(
        r#"
duration = "10min"
drain = "10min"
[[class]]
name = "otp"
deadline = "10s"
{}{}
{TENANTS}
{faults}
"#,
        destination("us"),
        destination("uk"),
    ))
}

const TENANTS: &str = r#"
[[tenant]]
name = "a"
[[tenant.traffic]]
kind = "constant"
rate = "1/s"
destination = "us"
[[tenant]]
name = "b"
[[tenant.traffic]]
kind = "constant"
rate = "1/s"
destination = "uk"
"#;

fn destination(name: &str) -> String {
    format!(
        r#"
[[destination]]
name = "{name}"
quota = "2/s"
burst = 1
[destination.gateway]
sessions = 1
window = 1000
response = "10ms"
delivery = "10ms"
receipt = "10ms"
reconnect = "0s"
[destination.retry]
unknown = {{ attempts = 3, first-wait = "1s" }}
"#
    )
}

fn outage(name: &str, start: u64, seconds: u64) -> String {
    format!(
        "[[fault]]\nname = \"{name}\"\nkind = \"outage\"\ndestination = \"us\"\n\
         start = \"{start}s\"\nduration = \"{seconds}s\"\n"
    )
}

fn impact_of(scenario: &Scenario, name: &str, threads: usize) -> CausalImpact {
    let policy = policy(name).expect("a policy of the registry");
    let plan = CausalPlan { scenario, policy, seed: 1, threads };
    causal(plan, &()).unwrap_or_else(|error| panic!("{error:?}"))
}

/// How long after each full second the messages of `a` come.
fn phase(scenario: &Scenario) -> u64 {
    let first = moves(&events_of(scenario)).find(|step| step.record.message.tenant == A.0);
    let phase = first.expect("a message").record.submitted.as_nanoseconds();
    assert!(phase > 30_000_000 && phase < 1_000_000_000, "nothing is in flight at a full second");
    phase
}

const A: (TenantId, DestinationId) = (TenantId(0), DestinationId(0));
const SECOND: u64 = 1_000_000_000;

/// Delays of the messages that wait for the end of an outage of `d` seconds that begins at a full second:
/// number j comes at j + phase and leaves at d + j/2, until the queue has caught up.
fn delays(d: u64, phase: u64) -> Vec<u64> {
    let left = |j: u64| (d * SECOND).checked_sub(phase + j * SECOND / 2).filter(|left| *left > 0);
    (0..).map_while(left).collect()
}

fn delay_integral(d: u64, phase: u64) -> i128 {
    delays(d, phase).into_iter().map(i128::from).sum()
}

#[test]
fn the_delay_of_an_outage_on_a_constant_stream_is_the_triangle_that_it_is() {
    let scenario = stream(&outage("down", 100, 50));
    let phase = phase(&scenario);
    let delays = delays(50, phase);
    let late = delays.iter().filter(|delay| **delay > 10 * SECOND).count() as i64;
    assert!(delays.len() > 90 && late > 70);
    for policy in ["fifo", "scoring"] {
        let impact = impact_of(&scenario, policy, 2);
        let delay_ns = delay_integral(50, phase);
        let expected = Impact { delay_ns, dwell_ns: delay_ns, late, ..Impact::NONE };
        let felt = impact.faults[0].accounts[&A];
        assert_eq!(felt.impact, expected);
        assert_eq!((felt.delayed, felt.hastened), (delays.len() as u64, 0));
        assert_eq!((felt.harmed, felt.expected), (late as u64, 50));
        assert_eq!(impact.faults[0].accounts.len(), 1, "the other route feels nothing");
        assert_eq!((impact.total[&A], impact.interaction.len()), (expected, 0));
        // The last that waited came at its second and left half a second before the next, and then
        // answer, delivery and receipt take 10 ms each.
        let last = delays.len() as u64 - 1;
        let left = seconds(150) + Span::from_nanoseconds(last * SECOND / 2 + 30_000_000);
        assert_eq!(impact.faults[0].reconvergence, Reconvergence::At(left));
    }
}

#[test]
fn leave_one_out_and_interaction_of_overlapping_outages_are_what_the_triangles_say() {
    // One lasts from 100 s to 150 s, the other from 140 s to 170 s: together 70 s from 100 s on.
    let scenario = stream(&(outage("one", 100, 50) + &outage("two", 140, 30)));
    let phase = phase(&scenario);
    let [whole, first, second] = [70, 50, 30].map(|d| delay_integral(d, phase));
    let impact = impact_of(&scenario, "scoring", 3);
    let of = |fault: usize| impact.faults[fault].accounts[&A].impact.delay_ns;
    assert_eq!((of(0), of(1)), (whole - second, whole - first));
    assert_eq!(impact.total[&A].delay_ns, whole);
    assert_eq!(impact.interaction[&A].delay_ns, first + second - whole);
    assert!(first + second < whole, "two that overlap are worse than the sum");
}

#[test]
fn losses_and_waste_are_counted_message_by_message() {
    let burst = "[[fault]]\nname = \"burst\"\nkind = \"error-burst\"\ndestination = \"us\"\n\
                 status = \"ESME_RINVDSTADR\"\nfraction = 1.0\nstart = \"100s\"\nduration = \"50s\"\n";
    let impact = impact_of(&stream(burst), "scoring", 1);
    let felt = impact.faults[0].accounts[&A];
    let expected = Impact { lost: 50, wasted_segments: 50, ..Impact::NONE };
    assert_eq!((felt.impact, felt.harmed, felt.delayed), (expected, 50, 0));
}

#[test]
fn an_answer_that_is_lost_with_its_session_makes_a_second_copy_and_wastes_its_segment() {
    // Answers take so long that one is on its way when the sessions go.
    let text = stream(&outage("down", 100, 2));
    let mut slow = text.clone();
    for destination in &mut slow.destinations {
        destination.gateway.response =
            apportion::scenario::Latency::Constant(Span::from_milliseconds(1_000));
    }
    let felt = impact_of(&slow, "scoring", 1).faults[0].accounts[&A];
    assert_eq!((felt.impact.duplicates, felt.impact.wasted_segments), (1, 1));
    assert_eq!(impact_of(&text, "scoring", 1).faults[0].accounts[&A].impact.duplicates, 0);
}

#[test]
fn a_fault_that_strikes_nobody_has_no_effect_and_one_at_the_end_outlasts_an_undrained_run() {
    let idle = outage("nobody-there", 100, 0).replace("duration = \"0s\"", "duration = \"1ms\"");
    let impact = impact_of(&stream(&idle), "scoring", 1);
    assert_eq!(impact.faults[0].reconvergence, Reconvergence::NoEffect);
    let mut endless = stream(&outage("down", 590, 10));
    endless.drain = Span::ZERO;
    let impact = impact_of(&endless, "scoring", 1);
    assert_eq!(impact.faults[0].reconvergence, Reconvergence::NotWithinTheRun);
}

/// Everything random at once, under policies that keep and that gamble.
fn messy(arrivals: &str) -> Scenario {
    scenario(&format!(
        r#"
duration = "5min"
drain = "30min"
[[destination]]
name = "us"
quota = "20/s"
[destination.gateway]
sessions = 2
window = 20
response = {{ exponential = {{ mean = "200ms" }} }}
delivery = {{ exponential = {{ mean = "2s" }} }}
receipt = {{ exponential = {{ mean = "1s" }} }}
[destination.retry]
temporary = {{ attempts = 4, first-wait = "2s" }}
throttled = {{ attempts = 9, first-wait = "1s" }}
unknown = {{ attempts = 3, first-wait = "1s" }}
[[tenant]]
name = "a"
count = 3
{arrivals}
[[tenant]]
name = "bulk"
[[tenant.traffic]]
kind = "campaign"
at = "30s"
messages = 1200
[[fault]]
name = "down"
kind = "session-drop"
sessions = 1
start = "60s"
duration = "30s"
[[fault]]
name = "burst"
kind = "error-burst"
fraction = 0.4
status = "ESME_RSYSERR"
start = "80s"
duration = "40s"
[[fault]]
name = "throttle"
kind = "throttle"
limit = "5/s"
start = "100s"
duration = "30s"
"#
    ))
}

const OPEN: &str = "[[tenant.traffic]]\nkind = \"poisson\"\nrate = \"4/s\"";
const CLOSED: &str = "[[tenant.traffic]]\nkind = \"closed-loop\"\nsubmitters = 5\nthink = \"1s\"";

fn sum(impacts: impl IntoIterator<Item = Impact>) -> Impact {
    impacts.into_iter().fold(Impact::NONE, Impact::plus)
}

#[test]
fn impacts_and_interaction_add_up_to_the_total_for_every_tenant_and_figure() {
    for name in ["scoring", "fifo", "lottery"] {
        let impact = impact_of(&messy(OPEN), name, 2);
        assert!(!impact.is_frozen);
        let singles = |account| {
            impact.faults.iter().filter_map(move |fault| Some(fault.accounts.get(account)?.impact))
        };
        for (account, total) in &impact.total {
            let rest = impact.interaction.get(account).copied();
            assert_eq!(sum(singles(account).chain(rest)), *total, "{name}");
        }
        assert!(!impact.interaction.is_empty(), "{name}: failures that overlap interact");
        let all = sum(impact.total.values().copied());
        assert!(all.delay_ns > 0 && all.wasted_segments > 0 && all.dwell_ns > 0, "{all:?}");
        assert_ne!(all.delay_ns, sum(impact.faults.iter().map(|f| f.total().impact)).delay_ns);
        assert_eq!(all.messages_made, 0);
    }
}

#[test]
fn threads_change_nothing() {
    assert_eq!(impact_of(&messy(OPEN), "scoring", 1), impact_of(&messy(OPEN), "scoring", 4));
}

#[test]
fn closed_loops_submit_what_they_submit_without_failures() {
    let scenario = messy(CLOSED);
    let impact = impact_of(&scenario, "scoring", 2);
    assert!(impact.is_frozen);
    assert_eq!(sum(impact.total.values().copied()).messages_made, 0);
    assert!(sum(impact.total.values().copied()).delay_ns > 0);
    // Left to themselves they would submit less while they wait: that is what freezing prevents.
    let mut healthy = scenario.clone();
    healthy.faults.clear();
    let submitted = |scenario: &Scenario| {
        let submissions = events_of(scenario);
        moves(&submissions).filter(|step| step.time == step.record.submitted).count()
    };
    assert_ne!(submitted(&healthy), submitted(&scenario));
}

#[test]
fn a_wider_net_than_its_consequences_would_change_nothing() {
    // Outside of [start, reconvergence] nothing differs: a run that ends later has the same impact.
    let short = stream(&outage("down", 100, 50));
    let mut long = short.clone();
    long.duration = Span::from_seconds(900);
    let (short, long) = (impact_of(&short, "scoring", 1), impact_of(&long, "scoring", 1));
    assert_eq!(short.faults, long.faults);
    assert!(
        matches!(short.faults[0].reconvergence, Reconvergence::At(at) if at < Time::from_seconds(210))
    );
}
