//! Outages and error bursts do what they say, to whom they say, while they last.

use apportion::event::{Event, What};
use apportion::scenario::{FaultKind, Probability, Scenario};
use apportion::scheduler::{Happening, Status, Truth};
use apportion::time::{Span, Time};
use apportion::units::DestinationId;

use super::support::{Move, checked_run, count, events_of, fits, moves, scenario, seconds};

/// A hundred messages a second, answers after two seconds, deliveries after five.
fn outage(unknown: &str, destination: &str) -> Scenario {
    let text = r#"
duration = "5min"
[[destination]]
name = "us"
quota = "100/s"
burst = 5
[destination.gateway]
window = 10000
response = "2s"
delivery = "3s"
receipt = "1s"
[destination.retry]
temporary = { attempts = 3, first-wait = "5s" }
unknown = "UNKNOWN"
[[destination]]
name = "eu"
quota = "unlimited"
[[tenant]]
name = "a"
[[tenant.traffic]]
kind = "poisson"
destination = "us"
rate = "90/s"
[[fault]]
kind = "outage"
destination = "DESTINATION"
start = "60s"
duration = "30s"
"#;
    scenario(&text.replace("UNKNOWN", unknown).replace("DESTINATION", destination))
}

const DOWN: std::ops::Range<u64> = 60..90;

fn is_down(time: Time) -> bool {
    (seconds(DOWN.start)..seconds(DOWN.end)).contains(&time)
}

/// Moves at the first destination while the outage lasts.
fn while_down(events: &[Event], why: Happening) -> usize {
    let is_it = |step: &Move| step.why == why && step.destination == DestinationId(0);
    moves(events).filter(|step| is_it(step) && is_down(step.time)).count()
}

/// Attempts dispatched and not answered just before the outage: answers take two seconds.
fn unanswered_at_the_start(events: &[Event]) -> u64 {
    let window = seconds(DOWN.start - 2)..seconds(DOWN.start);
    let waits = |step: &Move| step.why == Happening::Dispatched && window.contains(&step.time);
    moves(events).filter(waits).count() as u64
}

#[test]
fn an_outage_leaves_unknown_outcomes_and_resubmission_makes_duplicates() {
    let (events, result) = checked_run(&outage("resubmit", "us"), "scoring");
    let unanswered = unanswered_at_the_start(&events);
    assert!(unanswered > 150, "{unanswered}");
    let unknown: Vec<Move> =
        moves(&events).filter(|step| step.why == Happening::OutcomeUnknownRetry).collect();
    assert_eq!(unknown.len() as u64, unanswered);
    assert!(unknown.iter().all(|step| step.time == seconds(DOWN.start)));
    assert_eq!(while_down(&events, Happening::Dispatched), 0);
    assert_eq!(while_down(&events, Happening::AnsweredAccepted), 0);
    assert_eq!(while_down(&events, Happening::ReceiptDelivered), 0, "the carrier keeps receipts");
    assert!(while_down(&events, Happening::Submitted) > 2_000, "tenants do not know");
    let delivered_meanwhile = events
        .iter()
        .filter(|event| is_down(event.time))
        .filter(|event| matches!(event.what, What::TruthMoved { to: Truth::Delivered, .. }))
        .count();
    assert!(delivered_meanwhile > 300, "the carrier goes on delivering: {delivered_meanwhile}");
    // The carrier had them all, and got them all again.
    let summary = &result.findings.summary;
    assert_eq!(summary.messages.duplicates, unanswered);
    assert_eq!(summary.attempts["outcome_unknown"], unanswered);
    assert_eq!(summary.messages.delivered, summary.messages.submitted, "all of them in the end");
    assert_eq!(result.outcome.carriers[0].held, 0);
    let carrier = result.outcome.carriers[0].delivered;
    assert_eq!(carrier, summary.messages.submitted + unanswered);
    let edges: Vec<(Time, bool)> = events
        .iter()
        .filter_map(|event| match event.what {
            What::FaultBegan(0) => Some((event.time, true)),
            What::FaultEnded(0) => Some((event.time, false)),
            _ => None,
        })
        .collect();
    assert_eq!(edges, [(seconds(DOWN.start), true), (seconds(DOWN.end), false)]);
}

#[test]
fn giving_up_makes_no_duplicates_and_leaves_the_outcome_unknown() {
    let (events, result) = checked_run(&outage("give-up", "us"), "scoring");
    let unanswered = unanswered_at_the_start(&events);
    let messages = &result.findings.summary.messages;
    assert!(unanswered > 150);
    assert_eq!(count(&events, Happening::OutcomeUnknownGiveUp), unanswered);
    assert_eq!((messages.unknown, messages.duplicates), (unanswered, 0));
    // The platform does not know that the handsets have them; the truth does.
    assert_eq!(result.findings.summary.truth["delivered"], messages.submitted);
}

/// What the outage test says of a destination is false of one that has no outage.
#[test]
fn an_outage_elsewhere_is_no_outage_here() {
    let (events, result) = checked_run(&outage("resubmit", "eu"), "scoring");
    assert!(while_down(&events, Happening::Dispatched) > 2_000);
    assert!(while_down(&events, Happening::ReceiptDelivered) > 2_000);
    assert_eq!(count(&events, Happening::OutcomeUnknownRetry), 0);
    assert_eq!(result.findings.summary.messages.duplicates, 0);
}

/// An answer due at the very instant of the outage is lost; a nanosecond earlier it is not.
#[test]
fn the_first_instant_of_an_outage_belongs_to_it_and_the_last_does_not() {
    let text = r#"
duration = "3min"
[[destination]]
name = "us"
quota = "unlimited"
[destination.gateway]
window = 100
response = "2s"
[destination.retry]
unknown = "give-up"
[[tenant]]
name = "a"
[[tenant.traffic]]
kind = "campaign"
at = "58s"
messages = 3
[[tenant.traffic]]
kind = "campaign"
at = "60s"
messages = 5
[[fault]]
kind = "outage"
start = "60s"
duration = "30s"
"#;
    let mut scenario = scenario(text);
    let of = |scenario: &Scenario| {
        let events = events_of(scenario);
        let resumed = moves(&events)
            .filter(|step| step.why == Happening::Dispatched && step.time == seconds(90))
            .count();
        (count(&events, Happening::OutcomeUnknownGiveUp), resumed)
    };
    assert_eq!(of(&scenario), (3, 5));
    scenario.faults[0].start = Time::from_nanoseconds(60_000_000_001);
    scenario.faults[0].duration = Span::from_nanoseconds(29_999_999_999);
    // Now the five go out at once, and it is their answers that are lost.
    assert_eq!(of(&scenario), (5, 0));
}

const BURST: &str = r#"
duration = "60min"
[[destination]]
name = "us"
quota = "unlimited"
[destination.gateway]
window = 100000
response = "100ms"
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
[[fault]]
kind = "error-burst"
tenant = "b"
start = "10min"
duration = "30min"
fraction = 0.4
status = "ESME_RSUBMITFAIL"
"#;

/// Attempts refused and made, by tenant, while the burst lasts and while it does not; and whether all
/// refusals have the burst's status.
fn refusals(scenario: &Scenario) -> ([[(u64, u64); 2]; 2], bool) {
    let fault = &scenario.faults[0];
    let FaultKind::ErrorBurst { status, .. } = fault.kind else {
        panic!("the fault is an error burst");
    };
    let mut counts = [[(0, 0); 2]; 2];
    let mut status_is_it = true;
    for step in moves(&events_of(scenario)) {
        let is_refused = match step.why {
            Happening::AnsweredAccepted => false,
            Happening::AnsweredPermanent => true,
            _ => continue,
        };
        // The carrier decides when the attempt arrives, not when it answers.
        let decided = step.record.first_dispatch;
        let lasts = decided >= fault.start && decided < fault.start + fault.duration;
        let cell = &mut counts[step.record.message.tenant.index()][usize::from(lasts)];
        cell.0 += u64::from(is_refused);
        cell.1 += 1;
        status_is_it &= !is_refused || Status(step.code) == status;
    }
    (counts, status_is_it)
}

#[test]
fn an_error_burst_refuses_its_fraction_with_its_status_in_its_scope() {
    let scenario = scenario(BURST);
    let ([[a_outside, a_inside], [b_outside, b_inside]], status_is_it) = refusals(&scenario);
    assert!(status_is_it);
    assert_eq!((a_outside.0, a_inside.0, b_outside.0), (0, 0, 0), "out of scope");
    assert!(b_inside.1 > 15_000 && a_inside.1 > 15_000);
    assert!(fits(b_inside.0, b_inside.1, 0.4), "{b_inside:?}");
    assert!(!fits(b_inside.0, b_inside.1, 0.43), "three hundredths are found out");
}

#[test]
fn a_burst_of_another_scope_or_fraction_is_found_out() {
    let mut unscoped = scenario(BURST);
    unscoped.faults[0].tenant = None;
    let ([[_, a_inside], _], _) = refusals(&unscoped);
    assert!(fits(a_inside.0, a_inside.1, 0.4), "everybody's now: {a_inside:?}");
    let mut stronger = scenario(BURST);
    stronger.faults[0].kind = FaultKind::ErrorBurst {
        fraction: Probability::from_billionths(430_000_000).expect("below one"),
        status: Status::INVALID_RECIPIENT,
    };
    let ([_, [_, b_inside]], status_is_it) = refusals(&stronger);
    assert!(status_is_it && !fits(b_inside.0, b_inside.1, 0.4), "{b_inside:?}");
}

/// One more fault, of somebody else, is no reason for anybody's luck to change.
#[test]
fn a_fault_more_changes_no_other_faults_luck() {
    let refused = |text: &str| -> Vec<u64> {
        let answers = |step: &Move| step.why == Happening::AnsweredPermanent;
        moves(&events_of(&scenario(text)))
            .filter(answers)
            .filter(|step| step.record.message.tenant.0 == 1)
            .map(|step| step.record.message.reference)
            .collect()
    };
    let fault = |tenant: &str, name: &str| {
        format!(
            "[[fault]]\nkind = \"error-burst\"\nname = \"{name}\"\ntenant = \"{tenant}\"\n\
             start = \"50min\"\nduration = \"5min\"\nfraction = 0.5\nstatus = \"ESME_RSUBMITFAIL\"\n"
        )
    };
    let named = BURST.replace("[[fault]]\n", "[[fault]]\nname = \"burst\"\n");
    let alone = refused(&named);
    let before = named.replacen("[[fault]]", &(fault("a", "other") + "[[fault]]"), 1);
    assert!(refused(&before) == alone, "a fault before it changes its luck");
    let after = format!("{named}{}", fault("a", "other"));
    assert!(refused(&after) == alone, "a fault after it changes its luck");
    // Another name is another luck, and another fault of the same tenant is seen.
    assert!(refused(&named.replace("\"burst\"", "\"blast\"")) != alone);
    assert!(refused(&format!("{named}{}", fault("b", "other"))) != alone);
}
