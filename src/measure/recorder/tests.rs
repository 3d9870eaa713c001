//! Whole small runs through the one sink, worked by hand.

use super::super::Quantile;
use super::super::testing::{Script, Submission, at, scenario};
use super::*;
use crate::detector::{Account, AlertChange, AlertEvent, AlertKind, Scores, Severity};
use crate::event::DigestSink;
use crate::scenario::{Fault, FaultKind, Recurrence};
use crate::time::Span;
use crate::units::TenantId;

fn recorded(scenario: &Scenario, script: &Script) -> Measures {
    let mut measures = Measures::new(scenario);
    for event in &script.events {
        assert_eq!(measures.record(event), Flow::Continue, "{:?}", measures.violation());
    }
    measures
}

fn finished(scenario: &Scenario, script: &Script) -> Findings {
    let identity = RunIdentity {
        policy: "scoring".into(),
        seed: u64::MAX,
        digest: DigestSink::new(["dest"]).digest(),
        events: script.events.len() as u64,
    };
    recorded(scenario, script).finish(scenario, identity)
}

/// One message of each fate.
fn fates() -> Script {
    let mut script = Script::default();
    let submission = Submission { segments: 3, class: 1, ..Submission::of(1) };
    script.submit_as(0.0, submission, Happening::QueueOverflow);
    // Expires after 4 s, cancelled after 5 s, both undispatched.
    let id = script.submit(0.0, 0);
    script.happen(4.0, id, Happening::Expired);
    let id = script.submit(4.0, 0);
    script.happen(9.0, id, Happening::Cancelled);
    // Delivered twice: the answer to the first attempt was late.
    let id = script.submit_as(10.0, submission, Happening::Submitted);
    script.dispatch(11.0, id);
    script.carrier(11.0, id, 1, Truth::AtCarrier);
    script.happen(12.0, id, Happening::OutcomeUnknownRetry);
    script.happen(12.5, id, Happening::BackoffOver);
    script.dispatch(13.0, id);
    script.carrier(13.0, id, 2, Truth::AtCarrier);
    script.happen(13.0, id, Happening::AnsweredAccepted);
    script.late_answer(13.5, id);
    script.carrier(14.0, id, 2, Truth::Delivered);
    script.carrier(15.0, id, 1, Truth::Delivered);
    script.happen(15.0, id, Happening::ReceiptDelivered);
    // Refused by the carrier for good after 1 s, and one still waiting.
    let id = script.submit(15.0, 0);
    script.dispatch(16.0, id);
    script.happen(16.0, id, Happening::AnsweredPermanent);
    script.submit(18.0, 0);
    script.push(20.0, What::RunOver);
    script
}

#[test]
fn the_ledgers_of_one_message_of_each_fate() {
    let findings = finished(&scenario(&[("a", 1), ("b", 1)]), &fates());
    let summary = &findings.summary;
    let messages = &summary.messages;
    assert_eq!((messages.submitted, messages.refused, messages.expired), (6, 1, 1));
    assert_eq!((messages.cancelled, messages.delivered, messages.failed), (1, 1, 1));
    assert_eq!((messages.queued, messages.duplicates), (1, 1));
    let segments = &summary.segments;
    assert_eq!((segments.submitted, segments.refused, segments.delivered), (10, 3, 3));
    assert_eq!((summary.truth["delivered"], summary.truth["nowhere"]), (1, 5));
    assert_eq!(summary.truth["duplicates"], 1);
    assert_eq!(findings.detail.truth_segments["delivered"], 3);
    assert_eq!((summary.attempts["dispatched"], summary.attempts["answered"]), (3, 3));
    assert_eq!((summary.attempts["unanswered"], summary.attempts["outcome_unknown"]), (0, 0));
    assert_eq!((summary.seed.as_str(), summary.ended_s), ("18446744073709551615", 20.0));
    let row = &findings.destinations[0];
    assert_eq!((row.offered_segments, row.sent_segments, row.attempts), (10, 7, 3));
    let row = &findings.tenants[1];
    assert_eq!((row.tenant.as_str(), row.messages.submitted, row.segments_sent), ("b", 2, 6));
}

#[test]
fn what_never_got_there_is_censored_and_what_was_refused_is_not_there() {
    let findings = finished(&scenario(&[("a", 1), ("b", 1)]), &fates());
    // Class otp: dispatched after 1 s; expired at 4 s, cancelled at 5 s, waiting for 2 s.
    let otp = &findings.summary.classes["otp"];
    assert_eq!((otp.submitted, otp.dwell_s.observed, otp.dwell_s.censored), (4, 1, 3));
    assert_eq!(otp.dwell_s.max, Some(Quantile::Above(5.0)));
    assert_eq!(otp.dwell_s.mean, Some(1.0));
    assert_eq!(otp.on_time, Some(0.25));
    // None of them was delivered; the first was submitted 20 s before the end.
    assert_eq!((otp.latency_s.observed, otp.latency_s.censored), (0, 4));
    assert_eq!(otp.latency_s.max, Some(Quantile::Above(20.0)));
    assert_eq!(otp.latency_s.mean, None);
    // Class bulk: one refused, one delivered 4 s after submission by its second attempt.
    let bulk = &findings.summary.classes["bulk"];
    assert_eq!((bulk.submitted, bulk.latency_s.observed, bulk.latency_s.censored), (2, 1, 0));
    assert_eq!(bulk.latency_s.p50, Some(Quantile::Exactly(4.0)));
    assert_eq!(bulk.dwell_s.max, Some(Quantile::Exactly(1.0)));
    assert_eq!(bulk.on_time, None);
    assert_eq!(findings.summary.groups["b"], *bulk);
    assert_eq!(findings.summary.destinations["dest"].dwell_s.observed, 2);
}

#[test]
fn a_deadline_may_be_met_exactly() {
    let mut script = Script::default();
    let first = script.submit_many(0.0, 0, 2);
    script.send(10.0, first);
    script.send(10.000000001, first + 1);
    let findings = finished(&scenario(&[("a", 1)]), &script);
    assert_eq!(findings.summary.classes["otp"].on_time, Some(0.5));
}

#[test]
fn incidents_count_the_outcomes_in_their_scope() {
    let mut scenario = scenario(&[("a", 1), ("b", 1)]);
    let fault = |name: &str, tenant| Fault {
        name: name.into(),
        kind: FaultKind::Outage,
        destination: DestinationId(0),
        session: None,
        tenant,
        sender: None,
        class: None,
        start: at(1.0),
        duration: Span::from_seconds(2),
        ramp: Span::ZERO,
        recurrence: Recurrence::Once,
        sources: Vec::new(),
    };
    scenario.faults = vec![fault("all", None), fault("only-b", Some(TenantId(1)))];
    let mut script = Script::default();
    let a = script.submit_many(0.0, 0, 3);
    let b = script.submit(0.0, 1);
    script.send(0.5, a);
    script.push(1.0, What::FaultBegan(0));
    script.push(1.0, What::FaultBegan(1));
    script.dispatch(1.5, a + 1);
    script.happen(2.0, a + 1, Happening::AnsweredRetry);
    script.send(2.0, b);
    script.push(3.0, What::FaultEnded(0));
    script.push(3.0, What::FaultEnded(1));
    script.dispatch(3.5, a + 2);
    script.happen(4.0, a + 2, Happening::OutcomeUnknownGiveUp);
    let findings = finished(&scenario, &script);
    let counts: Vec<_> = findings
        .incidents
        .iter()
        .map(|row| (row.tenant.as_str(), row.start_s, row.end_s, row.attempts, row.failed))
        .collect();
    assert_eq!(counts, [("", 1.0, 3.0, 2, 1), ("b", 1.0, 3.0, 1, 0)]);
}

#[test]
fn alerts_are_cleared_by_account_and_kind() {
    let alert = |tenant, kind, change| {
        What::Alert(AlertEvent {
            account: Account { tenant: TenantId(tenant), destination: DestinationId(0) },
            kind,
            severity: Severity::High,
            change,
            scores: Scores { impact: 0.75, ..Scores::default() },
            since: at(0.0),
            explanation: crate::detector::Explanation::default(),
        })
    };
    use AlertChange::{Cleared, Raised};
    let mut script = Script::default();
    script.push(1.0, alert(0, AlertKind::Failure, Raised));
    script.push(2.0, alert(0, AlertKind::VolumeUp, Raised));
    script.push(3.0, alert(1, AlertKind::Failure, Cleared));
    script.push(4.0, alert(0, AlertKind::Failure, Cleared));
    script.push(5.0, alert(0, AlertKind::Failure, Raised));
    let scenario = scenario(&[("a", 1), ("b", 1)]);
    let measures = recorded(&scenario, &script);
    let times: Vec<_> =
        measures.onsets().iter().map(|onset| (onset.raised, onset.cleared)).collect();
    assert_eq!(times, [(at(1.0), Some(at(4.0))), (at(2.0), None), (at(5.0), None)]);
    let row = &finished(&scenario, &script).alerts[0];
    assert_eq!(
        (row.tenant.as_str(), row.kind.as_str(), row.severity.as_str()),
        ("a", "failure", "high")
    );
    assert_eq!((row.raised_s, row.cleared_s, row.impact), (1.0, Some(4.0), 0.75));
}

#[test]
fn a_violation_stops_the_run_and_is_kept() {
    let scenario = scenario(&[("a", 1)]);
    let mut script = Script::default();
    let id = script.submit(0.0, 0);
    script.dispatch(1.0, id);
    let again = script.events[1];
    let mut measures = recorded(&scenario, &script);
    assert_eq!(measures.record(&again), Flow::Stop);
    assert_eq!(measures.record(&script.events[0]), Flow::Stop);
    let text = measures.violation().map(ToString::to_string);
    let expected = "at 1.000000000 s, destination dest, message 0 of tenant a: moved from queued but was in_flight";
    assert_eq!(text.as_deref(), Some(expected));
    assert!(measures.agree_with(DestinationId(0), [(0, 0); 10]).is_err());
}
