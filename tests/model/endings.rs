//! Runs end; zero latencies and simultaneous events neither loop nor go back in time.

use apportion::engine::LadderCalendar;
use apportion::event::{Event, Flow, Sink};
use apportion::model::{Setup, SetupError, simulate, simulate_with};
use apportion::scenario::{Latency, Probability, Scenario};
use apportion::scheduler::{
    Fifo, Happening, POLICIES, RequeuePlace, RetryPolicy, RetryRule, Status, UnknownOutcome, policy,
};
use apportion::time::{Span, Time};

use super::support::{checked_run, count, moves, scenario, seconds, simulated};

/// Three tenants start a campaign at the same instant; the carrier takes no time for anything.
fn instant() -> Scenario {
    let tenant = |name: &str| {
        format!(
            "[[tenant]]\nname = \"{name}\"\nsenders = 2\n[[tenant.traffic]]\nkind = \"campaign\"\n\
             at = \"10s\"\nmessages = 200\n"
        )
    };
    let mut scenario = scenario(&format!(
        "duration = \"1min\"\n[[destination]]\nname = \"us\"\nquota = \"unlimited\"\n\
         [destination.gateway]\nwindow = 7\n{}{}{}",
        tenant("a"),
        tenant("b"),
        tenant("c")
    ));
    let gateway = &mut scenario.destinations[0].gateway;
    let nothing = Latency::Constant(Span::ZERO);
    (gateway.response, gateway.delivery, gateway.receipt) = (nothing, nothing, nothing);
    scenario
}

fn never_goes_back(events: &[Event]) -> bool {
    events.windows(2).all(|pair| pair[0].time <= pair[1].time)
}

#[test]
fn a_carrier_that_takes_no_time_ends_and_keeps_the_order() {
    for policy in ["fifo", "scoring", "lottery"] {
        let (events, result) = checked_run(&instant(), policy);
        assert!(never_goes_back(&events));
        let mut reversed = events.clone();
        reversed.reverse();
        assert!(!never_goes_back(&reversed), "the comparison can fail");
        assert_eq!(result.findings.summary.messages.delivered, 600, "{policy}");
        // Four calendar entries a message, and the end of arrivals.
        assert_eq!(result.outcome.calendar_events, 600 * 4 + 1);
        let all_at_once = moves(&events)
            .filter(|step| step.why == Happening::AnsweredAccepted)
            .all(|step| step.time == seconds(10));
        assert!(all_at_once, "windows open at the instant at which they filled");
        assert_eq!(result.outcome.ended, seconds(60));
    }
}

/// Simultaneous arrivals come in the order of their sources, each source's in order.
#[test]
fn simultaneous_campaigns_arrive_in_the_order_of_the_sources() {
    let (events, _) = simulated(&instant(), "fifo", 1);
    let arrived: Vec<(u32, u64)> = moves(&events)
        .filter(|step| step.why == Happening::Submitted)
        .map(|step| (step.record.message.tenant.0, step.record.message.reference))
        .collect();
    let expected: Vec<(u32, u64)> =
        (0..3).flat_map(|tenant| (0..200).map(move |ordinal| (tenant, ordinal))).collect();
    assert_eq!(arrived, expected);
}

#[test]
fn refusals_and_retries_without_any_wait_end_with_the_attempts() {
    let mut scenario = instant();
    let rule = RetryRule { attempts: 5, place: RequeuePlace::Head, ..RetryRule::NEVER };
    scenario.destinations[0].retry = RetryPolicy {
        temporary: rule,
        throttled: rule,
        unknown: UnknownOutcome::Resubmit(rule),
        ..RetryPolicy::NEVER
    };
    scenario.destinations[0].gateway.refusals = vec![(Status::THROTTLED, Probability::ALWAYS)];
    let (events, result) = checked_run(&scenario, "scoring");
    assert_eq!(count(&events, Happening::Dispatched), 600 * 5);
    assert_eq!(count(&events, Happening::AnsweredExhausted), 600);
    assert_eq!(result.outcome.carriers[0].attempts, 600 * 5);
    assert!(moves(&events).all(|step| step.time == seconds(10)));
}

fn loaded(quota: &str) -> Scenario {
    scenario(&format!(
        "duration = \"2min\"\ndrain = \"1min\"\n[[destination]]\nname = \"us\"\nquota = \"{quota}\"\n\
         [[tenant]]\nname = \"a\"\n[[tenant.traffic]]\nkind = \"poisson\"\nrate = \"5/s\"\n\
         [[tenant.traffic]]\nkind = \"campaign\"\nat = \"119s\"\nmessages = 50\n"
    ))
}

#[test]
fn a_run_ends_when_it_is_drained_and_else_exactly_at_its_horizon() {
    let (events, drained) = checked_run(&loaded("20/s"), "fifo");
    let last = events[events.len() - 2].time;
    assert_eq!(drained.outcome.ended, last, "at its last event");
    assert!(last > seconds(120) && last < seconds(180));
    assert!(!drained.outcome.was_stopped);
    assert_eq!(drained.outcome.lanes[0].live(), 0);
    // The same traffic against a tenth of the quota is not drained.
    let (_, backlogged) = checked_run(&loaded("2/s"), "fifo");
    assert_eq!(backlogged.outcome.ended, seconds(180));
    assert!(!backlogged.outcome.was_stopped);
    assert!(backlogged.findings.summary.messages.queued > 100);
}

#[test]
fn a_run_without_anything_to_drain_ends_with_its_arrivals() {
    let mut scenario = instant();
    scenario.duration = Span::from_seconds(11);
    assert_eq!(simulated(&scenario, "fifo", 1).1.ended, seconds(11));
    scenario.duration = Span::from_seconds(30);
    assert_eq!(simulated(&scenario, "fifo", 1).1.ended, seconds(30));
}

/// Stops a run at its hundredth event.
struct Impatient(u32);

impl Sink for Impatient {
    fn record(&mut self, _: &Event) -> Flow {
        self.0 += 1;
        if self.0 == 100 { Flow::Stop } else { Flow::Continue }
    }
}

#[test]
fn a_sink_stops_a_run_at_once() {
    let scenario = loaded("20/s");
    let setup = Setup { scenario: &scenario, seed: 1 };
    let calendar = LadderCalendar::default;
    let stopped = simulate_with(setup, vec![Fifo::new()], None, Impatient(0), calendar());
    assert!(stopped.was_stopped && stopped.ended < seconds(60), "{stopped:?}");
    let patient = simulate_with(setup, vec![Fifo::new()], None, Impatient(100), calendar());
    assert!(!patient.was_stopped);
}

#[test]
fn policies_that_divide_a_rate_refuse_a_destination_without_one() {
    let mut scenario = loaded("20/s");
    let begins = |scenario: &Scenario, name: &str| {
        let info = policy(name).expect("a policy of the registry");
        simulate(Setup { scenario, seed: 1 }, info, None, ())
    };
    for info in POLICIES {
        assert!(begins(&scenario, info.name).is_ok(), "{}", info.name);
    }
    scenario.destinations[0].quota = None;
    let mut refused = Vec::new();
    for info in POLICIES {
        match begins(&scenario, info.name) {
            Ok(outcome) => assert!(outcome.ended > Time::ZERO),
            Err(SetupError::PolicyNeedsQuota { policy, destination }) => {
                assert_eq!((policy.as_str(), destination.as_str()), (info.name, "us"));
                refused.push(info.name);
            }
        }
    }
    assert_eq!(refused, ["wfq", "wf2q", "virtual-clock", "token-partition"]);
}
