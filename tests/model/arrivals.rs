//! Arrivals of every kind in a world: whose they are, what closed loops wait for, and that a recorded
//! run replays.

use std::collections::BTreeMap;

use apportion::event::Event;
use apportion::experiment::verify;
use apportion::scenario::{Arrivals, Scenario};
use apportion::scheduler::{Happening, policy};
use apportion::time::{Span, Time};

use super::support::{checked_run, events_of, moves, scenario, seconds, simulated};

fn head(quota: &str) -> String {
    format!(
        r#"
duration = "30min"
begins = "wed 07:45"
[[curve]]
name = "morning"
daily = [0, 1, 4, 2]
[profile]
path = "tests/scenario_valid/profile.csv"
interval = "10min"
skip = "1h"
[[destination]]
name = "us"
quota = "{quota}"
[destination.gateway]
window = 100000
undeliverable = 0.1
"#
    )
}

/// A tenant with traffic of every kind.
const EVERY_KIND: &str = r#"
[[tenant]]
name = "NAME"
senders = 4
sender-skew = 0.7
[[tenant.traffic]]
kind = "constant"
rate = "2/s"
curve = "morning"
[[tenant.traffic]]
kind = "poisson"
rate = "1/s"
curve = "morning"
send-window = { opens = "08:00", closes = "20:00", zones = [["+00:00", 1], ["+05:00", 1]] }
[[tenant.traffic]]
kind = "renewal"
rate = "1/s"
cv = 4
segments = [[1, 2], [3, 1]]
[[tenant.traffic]]
kind = "renewal"
rate = "1/s"
cv = 2
gaps = "weibull"
[[tenant.traffic]]
kind = "on-off"
rate = "5/s"
on = { lognormal = { median = "10s", sigma = 0.8 } }
off = { uniform = { from = "5s", to = "60s" } }
[[tenant.traffic]]
kind = "campaign"
at = "10min"
messages = 300
over = "1min"
[[tenant.traffic]]
kind = "flash-crowd"
at = "5min"
peak = "5/s"
[[tenant.traffic]]
kind = "closed-loop"
submitters = 7
think = { exponential = { mean = "8s" } }
"#;

fn with(quota: &str, tenants: &[&str]) -> Scenario {
    let tenants = tenants.iter().map(|name| EVERY_KIND.replace("NAME", name));
    scenario(&(head(quota) + &tenants.collect::<String>()))
}

type Arrival = (Time, u32, String);

/// Time, size and sender of each submission, by tenant in order.
fn arrivals(scenario: &Scenario, events: &[Event]) -> BTreeMap<String, Vec<Arrival>> {
    let mut found: BTreeMap<String, Vec<Arrival>> = BTreeMap::new();
    for step in moves(events) {
        if matches!(step.why, Happening::Submitted | Happening::QueueOverflow) {
            let message = step.record.message;
            let tenant = scenario.tenants[message.tenant.index()].name.clone();
            let sender = scenario.senders[message.sender.index()].name.clone();
            found.entry(tenant).or_default().push((step.time, message.segments.0, sender));
        }
    }
    found
}

#[test]
fn a_tenant_more_shifts_no_arrival_of_any_kind() {
    let seen = |quota: &str, tenants: &[&str]| {
        let scenario = with(quota, tenants);
        arrivals(&scenario, &events_of(&scenario))
    };
    let few = seen("unlimited", &["alice", "bob"]);
    assert!(few["alice"].len() > 10_000 && few["alice"] != few["bob"]);
    assert!(few["client-0"].len() > 200, "the profile is there too: {}", few["client-0"].len());
    for order in [["carol", "alice", "bob"], ["alice", "carol", "bob"], ["bob", "alice", "carol"]] {
        let many = seen("unlimited", &order);
        for (tenant, own) in &few {
            assert!(many[tenant] == *own, "{tenant} changed in {order:?}");
        }
    }
    // The comparison can fail: where a quota is shared, closed loops wait for each other.
    assert!(
        seen("10/s", &["alice", "bob"])["alice"]
            != seen("10/s", &["alice", "bob", "carol"])["alice"]
    );
}

/// Nobody's stream of one kind shifts that of another kind of the same tenant. A closed loop does depend
/// on what else its tenant sends: a message's luck at the carrier goes by the tenant's ordinals.
#[test]
fn one_kind_less_leaves_the_others_where_they_were() {
    let mut whole = with("unlimited", &["alice"]);
    whole.sources.retain(|source| !matches!(source.arrivals, Arrivals::ClosedLoop { .. }));
    assert_eq!(whole.sources.len(), 10, "seven of alice and three of the profile");
    let all = arrivals(&whole, &events_of(&whole));
    for missing in 0..whole.sources.len() {
        let mut less = whole.clone();
        let gone = less.sources.remove(missing);
        let left = arrivals(&less, &events_of(&less));
        let tenant = &whole.tenants[gone.tenant.index()].name;
        let count = |found: &BTreeMap<String, Vec<Arrival>>| found.get(tenant).map_or(0, Vec::len);
        assert!(count(&left) < count(&all), "{} made nothing", gone.name);
        // What is left is a part of what was, in its order.
        let mut before = all[tenant].iter();
        for arrival in left.get(tenant).into_iter().flatten() {
            assert!(before.any(|one| one == arrival), "{} shifted {arrival:?}", gone.name);
        }
    }
}

#[test]
fn a_run_of_every_kind_verifies_and_replays() {
    for (quota, name) in [("unlimited", "fifo"), ("8/s", "scoring")] {
        let info = policy(name).expect("a policy of the registry");
        let verified = verify(&with(quota, &["alice", "bob"]), info, 3, 2).expect("it can run");
        let broken: Vec<_> = verified.steps.iter().filter(|step| !step.holds()).collect();
        assert!(broken.is_empty() && verified.steps.len() > 6, "{broken:?}");
    }
}

/// Answers after 1 s, delivers 2 s later, receipt 3 s after that.
fn clockwork(quota: &str, traffic: &str) -> Scenario {
    scenario(&format!(
        "duration = \"1000s\"\n[[destination]]\nname = \"us\"\nquota = \"{quota}\"\n{}\
         [destination.gateway]\nwindow = 100000\nresponse = \"1s\"\ndelivery = \"2s\"\n\
         receipt = \"3s\"\n[[tenant]]\nname = \"a\"\n[[tenant.traffic]]\nkind = \"closed-loop\"\n\
         {traffic}",
        if quota == "unlimited" { "" } else { "burst = 1\nadmission = \"20s\"\n" }
    ))
}

/// The most messages that are neither over nor, where that is enough, dispatched.
fn most_awaited(events: &[Event], until_dispatch: bool) -> i64 {
    let (mut awaited, mut most) = (0_i64, 0);
    for step in moves(events) {
        let is_over = match step.why {
            Happening::Submitted => {
                awaited += 1;
                false
            }
            Happening::Dispatched => until_dispatch && step.record.attempts == 1,
            _ => !until_dispatch && step.record.first_dispatch != Time::NEVER && is_end(step.why),
        };
        awaited -= i64::from(is_over);
        most = most.max(awaited);
    }
    most
}

fn is_end(why: Happening) -> bool {
    matches!(why, Happening::ReceiptDelivered | Happening::ReceiptFailed)
}

#[test]
fn a_closed_loop_turns_as_fast_as_it_thinks_and_is_served() {
    let times = |scenario: &Scenario| -> Vec<Time> {
        let (events, _) = checked_run(scenario, "fifo");
        moves(&events).filter(|s| s.why == Happening::Submitted).map(|s| s.time).collect()
    };
    // Three think 4 s and wait 6 s for the receipt: all three submit at 4, 14, 24 …
    let completion = times(&clockwork("unlimited", "submitters = 3\nthink = \"4s\"\n"));
    assert_eq!(completion.len(), 300);
    assert!(
        completion
            .iter()
            .enumerate()
            .all(|(i, t)| t.as_nanoseconds() / 1_000_000_000 == 4 + 10 * (i as u64 / 3))
    );
    // From dispatch on they think at once: at 4, 8, 12 …
    let dispatch =
        times(&clockwork("unlimited", "submitters = 3\nthink = \"4s\"\nafter = \"dispatch\"\n"));
    assert_eq!(dispatch.len(), 3 * 249, "4 s to 996 s");
    // Only between `from` and `until`.
    let part = times(&clockwork(
        "unlimited",
        "submitters = 2\nthink = \"4s\"\nfrom = \"100s\"\nuntil = \"200s\"\n",
    ));
    assert!(part[0] == seconds(104) && part[part.len() - 1] < seconds(200) && part.len() == 20);
}

#[test]
fn a_closed_loop_never_has_more_messages_than_submitters() {
    for after in ["dispatch", "completion"] {
        let think = "think = { exponential = { mean = \"1s\" } }";
        let traffic = format!("submitters = 12\n{think}\nafter = \"{after}\"\n");
        let slow = clockwork("unlimited", &traffic);
        let mut limited = slow.clone();
        limited.destinations[0].quota = clockwork("1/s", &traffic).destinations[0].quota;
        let (events, _) = checked_run(&limited, "fifo");
        let most = most_awaited(&events, after == "dispatch");
        assert_eq!(most, 12, "{after}: the quota is the bottleneck, so all of them wait");
        let sent = moves(&events).filter(|step| step.why == Happening::Dispatched).count();
        assert!(sent.abs_diff(1000) < 20, "{after}: and the quota is used: {sent}");
        // The interactive response-time law: at 1/s, waiting and thinking take 12 s together.
        let submitted = moves(&events).filter(|step| step.why == Happening::Submitted).count();
        assert!(submitted.abs_diff(1000) < 30, "{after}: {submitted}");
        // Another policy, another seed: another history. Open-loop arrivals would be the same.
        let (other, _) = simulated(&limited, "fifo", 2);
        assert!(other != events);
    }
}

/// Whoever is turned away, expires or fails thinks again as well.
#[test]
fn a_closed_loop_goes_on_after_refusals_and_expiries() {
    let traffic = "submitters = 60\nthink = \"2s\"\nvalidity = \"15s\"\nafter = \"completion\"\n";
    let (events, result) = checked_run(&clockwork("1/s", traffic), "fifo");
    let refused = moves(&events).filter(|step| step.why == Happening::QueueOverflow);
    let refused: Vec<Time> = refused.map(|step| step.time).collect();
    assert!(refused.len() > 500, "{}", refused.len());
    assert!(*refused.last().expect("refusals") > seconds(950), "to the end");
    let expired = moves(&events).filter(|step| step.why == Happening::Expired).count();
    assert!(expired > 50, "{expired}");
    assert!(result.outcome.lanes[0].live() == 0);
    assert!(result.outcome.ended < seconds(1000) + Span::from_seconds(60));
}
