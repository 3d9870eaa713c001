//! A legal run passes; each broken run is stopped by exactly the invariant it breaks.

use super::super::testing::{Script, Submission, at, quota, scenario};
use super::*;
use crate::scheduler::DailyCap;
use crate::time::Span;
use crate::units::{ClassId, Segments};

/// The first violation of a script in a scenario changed by `change`.
fn broken(change: impl FnOnce(&mut Scenario), script: &Script) -> Option<Violation> {
    let mut scenario = scenario(&[("a", 1), ("b", 1)]);
    change(&mut scenario);
    let mut invariants = Invariants::new(&scenario);
    for event in &script.events {
        if invariants.record(event) == Flow::Stop {
            // Once stopped, it stays stopped and keeps the first violation.
            assert_eq!(invariants.record(event), Flow::Stop);
            break;
        }
    }
    invariants.violation().cloned()
}

fn check(script: &Script, expected: Broken) {
    assert_eq!(broken(|_| (), script).map(|violation| violation.what), Some(expected));
}

/// Rewrites the record of the last event.
fn tamper(script: &mut Script, change: impl FnOnce(&mut Record)) {
    match script.events.last_mut().map(|event| &mut event.what) {
        Some(What::Moved { record, .. }) => change(record),
        other => panic!("no move: {other:?}"),
    }
}

/// Every kind of legal move once.
fn legal() -> Script {
    let mut script = Script::default();
    let refused = script.submit_as(0.0, Submission::of(0), Happening::QueueOverflow);
    assert_eq!(refused, 0);
    for why in [Happening::Expired, Happening::Cancelled] {
        let id = script.submit(0.0, 1);
        script.happen(0.0, id, why);
    }
    let id = script.submit(1.0, 0);
    script.dispatch(1.0, id);
    script.carrier(1.1, id, 1, Truth::AtCarrier);
    script.happen(1.2, id, Happening::OutcomeUnknownRetry);
    script.happen(2.0, id, Happening::BackoffOver);
    script.dispatch(2.0, id);
    script.happen(2.1, id, Happening::AnsweredRetry);
    script.late_answer(2.2, id);
    script.happen(2.2, id, Happening::LateAccepted);
    script.carrier(2.3, id, 1, Truth::Delivered);
    script.happen(2.4, id, Happening::ReceiptOverdue);
    script.happen(2.5, id, Happening::ReceiptFailed);
    script.happen(2.6, id, Happening::ReceiptDelivered);
    script
}

#[test]
fn a_legal_run_passes_and_the_lane_is_held_to_its_counts() {
    let mut invariants = Invariants::new(&scenario(&[("a", 1), ("b", 1)]));
    for event in &legal().events {
        assert_eq!(invariants.record(event), Flow::Continue, "{:?}", invariants.violation());
    }
    let mut counts = [(0, 0); 10];
    for belief in [Belief::Refused, Belief::Expired, Belief::Cancelled, Belief::Delivered] {
        counts[belief as usize] = (1, 1);
    }
    assert_eq!(invariants.agree_with(DestinationId(0), counts), Ok(()));
    counts[Belief::Delivered as usize] = (1, 2);
    let violation = invariants.agree_with(DestinationId(0), counts).expect_err("differs");
    let belief = Belief::Delivered;
    let what = Broken::CountsDisagree { belief, events: (1, 1), lane: (1, 2) };
    assert_eq!(violation.what, what);
    assert_eq!(
        violation.to_string(),
        "at 2.600000000 s, destination dest: delivered: 1 messages, 1 segments by the events, \
         1 and 2 by the lane"
    );
}

#[test]
fn time_that_goes_back() {
    let mut script = Script::default();
    script.submit(5.0, 0);
    script.submit(4.9, 0);
    check(&script, Broken::TimeWentBack { before: at(5.0) });
}

#[test]
fn an_event_without_destination() {
    let mut script = Script::default();
    script.submit(0.0, 0);
    script.events[0].destination = None;
    check(&script, Broken::NoDestination);
}

#[test]
fn numbers_that_are_skipped_used_twice_or_unknown() {
    let mut script = Script::default();
    script.submit(0.0, 0);
    script.submit(0.0, 0);
    let mut skipped = script.events.clone();
    skipped.remove(0);
    let expected = |expected| Some(Broken::NotNumberedInOrder { expected });
    let mut check_events = |events, expected: Option<Broken>| {
        script.events = events;
        let found = broken(|_| (), &script).map(|violation| violation.what);
        assert_eq!(found, expected);
    };
    check_events(skipped.clone(), expected(0));
    check_events(vec![skipped[0], skipped[0]], expected(0));
    let mut unknown = Script::default();
    let id = unknown.submit(0.0, 0);
    unknown.dispatch(0.0, id);
    unknown.events.remove(0);
    check(&unknown, Broken::NeverSubmitted);
}

#[test]
fn a_move_that_is_not_in_the_table() {
    let mut script = Script::default();
    let id = script.submit(0.0, 0);
    script.dispatch(0.0, id);
    if let Some(What::Moved { to, .. }) = script.events.last_mut().map(|event| &mut event.what) {
        *to = Belief::Delivered;
    }
    let (from, to) = (Some(Belief::Queued), Belief::Delivered);
    check(&script, Broken::IllegalMove { from, why: Happening::Dispatched, to });
}

#[test]
fn a_move_from_where_the_message_is_not() {
    let mut script = Script::default();
    let id = script.submit(0.0, 0);
    script.dispatch(0.0, id);
    script.events.push(script.events[1]);
    let (recorded, claimed) = (Belief::InFlight, Belief::Queued);
    check(&script, Broken::NotWhereItWas { recorded, claimed });
}

#[test]
fn a_record_that_changes_on_the_way() {
    let changes: [fn(&mut Record); 4] = [
        |record| record.message.tenant = TenantId(1),
        |record| record.message.class = ClassId(1),
        |record| record.message.segments = Segments(2),
        |record| record.submitted = at(0.5),
    ];
    for change in changes {
        let mut script = Script::default();
        let id = script.submit(0.0, 0);
        script.dispatch(1.0, id);
        tamper(&mut script, change);
        check(&script, Broken::RecordChanged);
    }
    let mut backdated = Script::default();
    backdated.submit(1.0, 0);
    tamper(&mut backdated, |record| record.submitted = at(0.5));
    check(&backdated, Broken::RecordChanged);
}

#[test]
fn attempts_that_do_not_count_up_by_dispatches() {
    let mut script = Script::default();
    let id = script.submit(0.0, 0);
    script.dispatch(1.0, id);
    tamper(&mut script, |record| record.attempts = 2);
    check(&script, Broken::WrongAttempts { expected: 1, found: 2 });

    let mut script = Script::default();
    let id = script.submit(0.0, 0);
    script.send(1.0, id);
    tamper(&mut script, |record| record.attempts = 0);
    check(&script, Broken::WrongAttempts { expected: 1, found: 0 });
}

#[test]
fn more_attempts_than_a_message_can_have() {
    let mut script = Script::default();
    let id = script.submit(0.0, 0);
    for _ in 0..33 {
        script.dispatch(1.0, id);
        script.happen(1.0, id, Happening::AnsweredRetry);
        script.happen(1.0, id, Happening::BackoffOver);
    }
    check(&script, Broken::WrongAttempts { expected: 33, found: 33 });
}

#[test]
fn a_first_dispatch_at_another_time() {
    let mut script = Script::default();
    let id = script.submit(0.0, 0);
    script.dispatch(1.0, id);
    tamper(&mut script, |record| record.first_dispatch = at(0.5));
    check(&script, Broken::WrongFirstDispatch { found: at(0.5) });
}

#[test]
fn a_dispatch_after_expiry_but_not_at_expiry() {
    let dispatched = |s| {
        let mut script = Script::default();
        let submission = Submission { expires: at(2.0), ..Submission::of(1) };
        let id = script.submit_as(0.0, submission, Happening::Submitted);
        script.dispatch(s, id);
        script
    };
    assert_eq!(broken(|_| (), &dispatched(2.0)), None);
    let violation = broken(|_| (), &dispatched(2.5)).expect("too late");
    assert_eq!(
        violation.to_string(),
        "at 2.500000000 s, destination dest, message 0 of tenant b: dispatched after its validity \
         ran out at 2.000000000 s"
    );
}

#[test]
fn more_than_the_quota_or_the_cap() {
    let mut script = Script::default();
    let first = script.submit_many(0.0, 0, 3);
    script.send(0.0, first);
    script.send(1.0, first + 1);
    script.send(1.9, first + 2);
    let excess = Excess { since: at(0.0), sent: 3, allowed: 2 };
    assert_eq!(broken(|_| (), &script), None);
    let over = broken(|scenario| scenario.destinations[0].quota = quota(1, 1), &script);
    assert_eq!(over.map(|violation| violation.what), Some(Broken::OverQuota(excess)));
    let over = broken(|scenario| scenario.senders[0].cap = quota(1, 1), &script);
    let over = over.expect("over the cap");
    assert_eq!(over.what, Broken::OverSenderCap("s0".into(), excess));
    assert!(
        over.to_string()
            .ends_with("over the cap of sender s0: 3 segments since 0.000000000 s, 2 allowed")
    );
    let over = broken(|scenario| scenario.tenants[0].cap = quota(1, 1), &script);
    let over = over.expect("over the cap of all its senders");
    assert_eq!(over.what, Broken::OverTenantCap("a".into(), excess));
    // The cap of another sender is not touched.
    assert_eq!(broken(|scenario| scenario.senders[1].cap = quota(1, 1), &script), None);
}

#[test]
fn more_than_a_day_holds() {
    let daily = |segments| Some(DailyCap { segments, resets: at(1.5) });
    let mut script = Script::default();
    let first = script.submit_many(0.0, 0, 4);
    script.send(0.0, first);
    script.send(1.0, first + 1);
    script.send(2.0, first + 2);
    // Two before the reset, one after.
    assert_eq!(broken(|scenario| scenario.senders[0].daily_cap = daily(2), &script), None);
    let over = broken(|scenario| scenario.senders[0].daily_cap = daily(1), &script);
    let excess = Excess { since: at(0.0), sent: 2, allowed: 1 };
    assert_eq!(over.map(|it| it.what), Some(Broken::OverSenderCap("s0".into(), excess)));
    script.send(3.0, first + 3);
    let mut again = script.clone();
    let over = broken(|scenario| scenario.tenants[0].daily_cap = daily(2), &script);
    assert_eq!(over, None);
    let last = again.submit(4.0, 0);
    again.send(4.0, last);
    let over = broken(|scenario| scenario.tenants[0].daily_cap = daily(2), &again);
    let excess = Excess { since: at(1.5), sent: 3, allowed: 2 };
    assert_eq!(over.map(|it| it.what), Some(Broken::OverTenantCap("a".into(), excess)));
}

#[test]
fn more_in_flight_than_the_windows_allow() {
    let mut script = Script::default();
    let first = script.submit_many(0.0, 0, 101);
    (0..101).for_each(|index| script.dispatch(1.0, first + index));
    check(&script, Broken::OverWindow { in_flight: 101, allowed: 100 });
    script.events.pop();
    assert_eq!(broken(|_| (), &script), None);
}

#[test]
fn a_carrier_that_does_the_impossible() {
    let delivered = || {
        let mut script = Script::default();
        let id = script.submit(0.0, 0);
        script.send(0.0, id);
        script.deliver(0.0, id, 1);
        (script, id)
    };
    let (mut script, id) = delivered();
    script.carrier(1.0, id, 1, Truth::Lost);
    let (from, to) = (Truth::Delivered, Truth::Lost);
    check(&script, Broken::IllegalTruth { from, to });

    // The same copy cannot arrive twice.
    let (mut script, _) = delivered();
    let again = script.events[script.events.len() - 1];
    script.events.push(again);
    check(&script, Broken::CopyNotWhereItWas { attempt: 1, claimed: Truth::AtCarrier });

    let (mut script, id) = delivered();
    script.carrier(1.0, id, 2, Truth::AtCarrier);
    check(&script, Broken::CopyOfNoAttempt { attempt: 2, made: 1 });
}

#[test]
fn a_receipt_that_tells_of_what_is_to_come_or_of_no_message() {
    let told = |id: u64, s: f64| What::DeliveryTold {
        message: MessageId(id),
        tenant: TenantId(0),
        delivered: at(s),
    };
    let mut script = Script::default();
    let id = script.submit(0.0, 0);
    script.push(1.0, told(id, 1.5));
    check(&script, Broken::ToldOfTheFuture { delivered: at(1.5) });
    let mut script = Script::default();
    let id = script.submit(0.0, 0);
    script.push(1.0, told(id + 1, 0.5));
    check(&script, Broken::NeverSubmitted);
}

#[test]
fn a_late_answer_to_an_attempt_that_was_not_given_up() {
    let mut script = Script::default();
    let id = script.submit(0.0, 0);
    script.send(0.0, id);
    script.late_answer(1.0, id);
    check(&script, Broken::LateAnswerToNothing);
}

#[test]
fn the_truth_of_a_message_is_that_of_its_best_copy() {
    let mut script = Script::default();
    let id = script.submit(0.0, 0);
    for attempt in 1..=3 {
        script.dispatch(1.0, id);
        script.happen(1.0, id, Happening::OutcomeUnknownRetry);
        script.happen(1.0, id, Happening::BackoffOver);
        script.carrier(1.0, id, attempt, Truth::AtCarrier);
    }
    let start = script.events.len();
    script.carrier(2.0, id, 1, Truth::Rejected);
    script.carrier(2.0, id, 2, Truth::Lost);
    script.carrier(2.0, id, 3, Truth::Lost);
    let mut invariants = Invariants::new(&scenario(&[("a", 1)]));
    let mut truths = Vec::new();
    for (index, event) in script.events.iter().enumerate() {
        match invariants.check(event) {
            Ok(Checked::TruthMoved { before, after, .. }) if index >= start => {
                truths.push((before, after));
            }
            Ok(_) => {}
            Err(violation) => panic!("{violation}"),
        }
    }
    let held = Truth::AtCarrier;
    assert_eq!(truths, [(held, held), (held, held), (held, Truth::Rejected)]);
    assert_eq!(invariants.now(), Time::ZERO + Span::from_seconds(2));
}
