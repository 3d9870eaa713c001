//! Answers, receipts, time-outs, and news that comes too late.

use crate::rig::*;
use apportion::scheduler::{
    Answer, Attempt, AttemptCounts, Belief as B, Fifo, Happening as H, LaneConfig, LaneObserver,
    Next, ReceiptOutcome, ReceiptState, Record, RequeuePlace, RetryPolicy, RetryRule, Scoring,
    Status, UnknownOutcome,
};
use apportion::time::{Span, Time};

/// One tenant; time-out after 10 s, unknown outcomes resubmitted as `unknown` says.
fn rig(unknown: UnknownOutcome) -> Rig<Scoring> {
    let retry = RetryPolicy { unknown, ..RetryPolicy::NEVER };
    Rig::with_tenants(LaneConfig { retry, ..plain() }, Scoring::new(), &[1])
}

fn resubmit(attempts: u32) -> UnknownOutcome {
    UnknownOutcome::Resubmit(again(attempts, seconds(5), RequeuePlace::Tail))
}

/// Sends a message and lets its answer time out, at 10 s.
fn timed_out(unknown: UnknownOutcome) -> (Rig<Scoring>, Attempt) {
    let mut rig = rig(unknown);
    rig.put(0, 0);
    let attempt = rig.send();
    assert_eq!(rig.lane.wake(), Some(at(10)));
    rig.now = Time::from_nanoseconds(at(10).as_nanoseconds() - 1);
    assert_eq!((rig.next(), rig.belief(0)), (Next::Idle, B::InFlight));
    rig.now = at(10);
    assert_eq!(rig.next(), Next::Idle);
    (rig, attempt)
}

fn attempts(dispatched: u64, answered: u64, unanswered: u64, unknown: u64) -> AttemptCounts {
    AttemptCounts { dispatched, answered, unanswered, unknown }
}

#[test]
fn each_status_ends_or_repeats_as_its_class_says() {
    let once_more = again(2, seconds(1), RequeuePlace::Tail);
    let retry = RetryPolicy { temporary: once_more, throttled: once_more, ..RetryPolicy::NEVER };
    let cases = [
        (Status::OK, vec![(H::AnsweredAccepted, B::Accepted)]),
        (Status::INVALID_RECIPIENT, vec![(H::AnsweredPermanent, B::Failed)]),
        (Status::SUBMIT_FAILED, vec![(H::AnsweredPermanent, B::Failed)]),
        (Status(0x0400), vec![(H::AnsweredPermanent, B::Failed)]),
    ];
    let repeats =
        [Status::QUEUE_FULL, Status::SYSTEM_ERROR, Status::RECEIVER_TEMPORARY, Status::THROTTLED];
    let again = vec![
        (H::AnsweredRetry, B::Parked),
        (H::BackoffOver, B::Queued),
        (H::Dispatched, B::InFlight),
        (H::AnsweredExhausted, B::Failed),
    ];
    for (status, end) in cases.into_iter().chain(repeats.map(|status| (status, again.clone()))) {
        let mut rig = Rig::with_tenants(LaneConfig { retry, ..plain() }, Scoring::new(), &[1]);
        rig.put(0, 0);
        let sent = rig.run_until(at(3), status);
        let mut life = vec![(H::Submitted, B::Queued), (H::Dispatched, B::InFlight)];
        life.extend(&end);
        assert_eq!(rig.life(0), life, "{status}");
        let codes: Vec<u32> =
            rig.log.moves.iter().map(|step| step.code).filter(|c| *c != 0).collect();
        assert!(codes.iter().all(|code| *code == status.0), "{status}");
        assert_eq!(codes.len(), if status == Status::OK { 0 } else { sent.len() }, "{status}");
        assert_eq!(
            rig.lane.counts().attempts,
            attempts(sent.len() as u64, sent.len() as u64, 0, 0)
        );
        rig.check_ledgers();
    }
}

#[test]
fn waits_grow_and_end_with_the_attempts() {
    let rule = RetryRule {
        attempts: 5,
        first_wait: seconds(1),
        growth_permille: 2000,
        longest_wait: seconds(3),
        jitter_permille: 0,
        place: RequeuePlace::Tail,
    };
    for (status, name) in [(Status::QUEUE_FULL, "temporary"), (Status::THROTTLED, "throttled")] {
        let mut retry = RetryPolicy::NEVER;
        *(if name == "temporary" { &mut retry.temporary } else { &mut retry.throttled }) = rule;
        let mut rig = Rig::with_tenants(LaneConfig { retry, ..plain() }, Scoring::new(), &[1]);
        rig.put(0, 0);
        let sent: Vec<_> =
            rig.run_until(at(60), status).into_iter().map(|(t, a)| (t, a.number)).collect();
        assert_eq!(sent, [(at(0), 1), (at(1), 2), (at(3), 3), (at(6), 4), (at(9), 5)], "{name}");
        assert_eq!(rig.belief(0), B::Failed);
    }
}

/// Which of three queued messages go, in order, when the first is refused once.
fn order_after_retry(place: RequeuePlace, fifo: bool) -> Vec<u64> {
    let retry = RetryPolicy { temporary: again(3, seconds(1), place), ..RetryPolicy::NEVER };
    let config = LaneConfig { retry, ..plain() };
    let policy: Box<dyn apportion::scheduler::Policy> =
        if fifo { Box::new(Fifo::new()) } else { Box::new(Scoring::new()) };
    let mut rig = Rig::with_tenants(config, policy, &[1]);
    rig.up(0, 2);
    for _ in 0..4 {
        rig.put(0, 0);
    }
    // Two are refused, the second first: their places differ from the order of their returning.
    let sent = rig.drain();
    rig.down(1);
    rig.up(0, 0);
    rig.answer(sent[1], Status::QUEUE_FULL);
    rig.pass(milliseconds(1));
    rig.answer(sent[0], Status::QUEUE_FULL);
    rig.pass(seconds(2));
    assert_eq!(rig.next(), Next::NoSession);
    rig.up(0, 9);
    rig.drain().into_iter().map(|attempt| attempt.message.id.0).collect()
}

#[test]
fn what_comes_back_queues_where_its_rule_says() {
    for fifo in [true, false] {
        assert_eq!(order_after_retry(RequeuePlace::Head, fifo), [0, 1, 2, 3]);
        assert_eq!(order_after_retry(RequeuePlace::Tail, fifo), [2, 3, 1, 0]);
    }
}

#[test]
fn a_time_out_parks_and_resubmits_until_the_attempts_are_over() {
    let (mut rig, _) = timed_out(resubmit(2));
    assert_eq!(rig.life(0).last(), Some(&(H::OutcomeUnknownRetry, B::Parked)));
    assert_eq!((rig.lane.wake(), rig.lane.counts().attempts), (Some(at(15)), attempts(1, 0, 0, 1)));
    rig.now = at(15);
    assert_eq!(rig.send().number, 2);
    rig.now = at(25);
    assert_eq!(rig.next(), Next::Idle);
    assert_eq!(rig.life(0).last(), Some(&(H::OutcomeUnknownGiveUp, B::Unknown)));
    assert_eq!(rig.lane.counts().attempts, attempts(2, 0, 0, 2));
    rig.check_ledgers();
}

#[test]
fn a_late_acceptance_stops_the_resubmission_wherever_it_waits() {
    for queued in [false, true] {
        let (mut rig, attempt) = timed_out(resubmit(3));
        if queued {
            rig.up(0, 0);
            rig.now = at(15);
            assert_eq!((rig.next(), rig.belief(0)), (Next::NoSession, B::Queued));
        }
        assert_eq!(rig.answer(attempt, Status::OK), Answer::Late);
        assert_eq!(rig.life(0).last(), Some(&(H::LateAccepted, B::Accepted)));
        assert_eq!(rig.log.late, [(0, Status::OK)]);
        assert_eq!(rig.lane.counts().attempts, attempts(1, 1, 0, 0));
        assert_eq!(rig.answer(attempt, Status::OK), Answer::Stray, "it is told once");
        rig.up(0, 9);
        rig.now = at(16);
        assert_eq!(rig.next(), Next::Idle);
        assert_eq!(rig.receipt(attempt.ticket, ReceiptState::Delivered), ReceiptOutcome::Applied);
        assert_eq!(rig.belief(0), B::Delivered);
        rig.check_ledgers();
    }
}

#[test]
fn a_late_refusal_corrects_the_ledger_and_nothing_else() {
    for status in [Status::THROTTLED, Status::INVALID_RECIPIENT] {
        let (mut rig, attempt) = timed_out(resubmit(3));
        assert_eq!(rig.answer(attempt, status), Answer::Late);
        assert_eq!((rig.belief(0), rig.lane.counts().attempts), (B::Parked, attempts(1, 1, 0, 0)));
        assert_eq!(rig.log.late, [(0, status)]);
        rig.now = at(15);
        assert_eq!(rig.send().number, 2);
        rig.check_ledgers();
    }
}

#[test]
fn a_late_answer_leaves_a_newer_attempt_alone() {
    let (mut rig, first) = timed_out(resubmit(3));
    rig.now = at(15);
    let second = rig.send();
    assert_eq!(rig.answer(first, Status::OK), Answer::Late);
    assert_eq!((rig.belief(0), rig.lane.counts().attempts), (B::InFlight, attempts(2, 1, 1, 0)));
    assert_eq!(rig.answer(second, Status::OK), Answer::InTime);
    assert_eq!(rig.life(0).last(), Some(&(H::AnsweredAccepted, B::Accepted)));
    rig.check_ledgers();
}

#[test]
fn a_late_acceptance_mends_a_bad_end() {
    // Given up, and failed by a later attempt.
    let (mut rig, attempt) = timed_out(UnknownOutcome::GiveUp);
    assert_eq!(rig.belief(0), B::Unknown);
    assert_eq!(rig.answer(attempt, Status::OK), Answer::Late);
    assert_eq!(rig.life(0).last(), Some(&(H::LateAccepted, B::Accepted)));

    let (mut rig, first) = timed_out(resubmit(3));
    rig.now = at(15);
    let second = rig.send();
    rig.answer(second, Status::INVALID_RECIPIENT);
    assert_eq!(rig.belief(0), B::Failed);
    assert_eq!(rig.answer(first, Status::OK), Answer::Late);
    assert_eq!(rig.life(0).last(), Some(&(H::LateAccepted, B::Accepted)));
    assert_eq!(rig.receipt(first.ticket, ReceiptState::Delivered), ReceiptOutcome::Applied);
    assert_eq!(rig.belief(0), B::Delivered);
    rig.check_ledgers();
}

#[test]
fn receipts_move_what_was_accepted() {
    for (state, end) in [
        (ReceiptState::Delivered, (H::ReceiptDelivered, B::Delivered)),
        (ReceiptState::Undeliverable, (H::ReceiptFailed, B::Failed)),
        (ReceiptState::Expired, (H::ReceiptFailed, B::Failed)),
        (ReceiptState::Rejected, (H::ReceiptFailed, B::Failed)),
    ] {
        let mut rig = rig(UnknownOutcome::GiveUp);
        rig.put(0, 0);
        let attempt = rig.send();
        rig.answer(attempt, Status::OK);
        assert_eq!(rig.receipt(attempt.ticket, state), ReceiptOutcome::Applied);
        assert_eq!(rig.life(0).last(), Some(&end));
        assert_eq!(rig.log.moves.last().map(|step| step.code), Some(state as u32));
        assert_eq!(rig.receipt(attempt.ticket, state), ReceiptOutcome::Stray, "a duplicate");
        assert_eq!(rig.lane.wake(), None, "nothing is left to wait for");
        rig.check_ledgers();
    }
}

#[test]
fn a_receipt_that_does_not_come_makes_unknown_and_may_still_come() {
    let overdue = || {
        let mut rig = rig(UnknownOutcome::GiveUp);
        rig.put(0, 0);
        let attempt = rig.send();
        rig.pass(seconds(1));
        rig.answer(attempt, Status::OK);
        assert_eq!(rig.lane.wake(), Some(at(101)));
        rig.now = Time::from_nanoseconds(at(101).as_nanoseconds() - 1);
        assert_eq!((rig.next(), rig.belief(0)), (Next::Idle, B::Accepted));
        rig.now = at(101);
        assert_eq!(rig.next(), Next::Idle);
        assert_eq!(rig.life(0).last(), Some(&(H::ReceiptOverdue, B::Unknown)));
        (rig, attempt)
    };
    for (state, end) in [
        (ReceiptState::Delivered, (H::ReceiptDelivered, B::Delivered)),
        (ReceiptState::Undeliverable, (H::ReceiptFailed, B::Failed)),
    ] {
        let (mut rig, attempt) = overdue();
        rig.now = Time::from_nanoseconds(at(201).as_nanoseconds() - 1);
        assert_eq!(rig.next(), Next::Idle);
        assert_eq!(rig.receipt(attempt.ticket, state), ReceiptOutcome::Applied);
        assert_eq!(rig.life(0).last(), Some(&end));
    }
    let (mut rig, attempt) = overdue();
    rig.now = at(201);
    assert_eq!(rig.next(), Next::Idle);
    let late = rig.receipt(attempt.ticket, ReceiptState::Delivered);
    assert_eq!((late, rig.belief(0)), (ReceiptOutcome::Stray, B::Unknown), "forgotten by then");
}

#[test]
fn a_receipt_for_an_attempt_that_was_given_up_counts_as_its_acceptance() {
    for (state, end) in
        [(ReceiptState::Delivered, B::Delivered), (ReceiptState::Expired, B::Failed)]
    {
        let (mut rig, attempt) = timed_out(resubmit(3));
        assert_eq!(rig.receipt(attempt.ticket, state), ReceiptOutcome::Applied);
        assert_eq!(rig.life(0)[3].0, H::LateAccepted);
        assert_eq!(rig.belief(0), end);
        rig.now = at(15);
        assert_eq!(rig.next(), Next::Idle, "it is not sent again");
        rig.check_ledgers();
    }
    let (mut rig, attempt) = timed_out(UnknownOutcome::GiveUp);
    assert_eq!(rig.receipt(attempt.ticket, ReceiptState::Delivered), ReceiptOutcome::Applied);
    assert_eq!(rig.life(0).last(), Some(&(H::ReceiptDelivered, B::Delivered)));
}

#[test]
fn bad_news_of_an_old_attempt_says_nothing_of_a_newer_one() {
    let (mut rig, first) = timed_out(resubmit(3));
    rig.now = at(15);
    let second = rig.send();
    rig.answer(second, Status::OK);
    assert_eq!(rig.receipt(first.ticket, ReceiptState::Rejected), ReceiptOutcome::Stray);
    assert_eq!(rig.belief(0), B::Accepted);
    assert_eq!(rig.receipt(second.ticket, ReceiptState::Rejected), ReceiptOutcome::Applied);
    assert_eq!(rig.belief(0), B::Failed);
    // Good news of the old one is good news, even after bad news of the new one.
    let last = rig.receipt(first.ticket, ReceiptState::Delivered);
    assert_eq!((last, rig.belief(0)), (ReceiptOutcome::Applied, B::Delivered));

    let (mut rig, first) = timed_out(resubmit(3));
    rig.now = at(15);
    let second = rig.send();
    rig.answer(second, Status::INVALID_RECIPIENT);
    assert_eq!(rig.receipt(first.ticket, ReceiptState::Rejected), ReceiptOutcome::Stray);
    assert_eq!(rig.receipt(first.ticket, ReceiptState::Delivered), ReceiptOutcome::Applied);
    assert_eq!(rig.belief(0), B::Delivered);
    rig.check_ledgers();
}

#[test]
fn a_receipt_ahead_of_its_answer_counts_when_that_comes() {
    use ReceiptState::{Delivered, Undeliverable};
    for (receipts, status, end) in [
        (vec![Delivered], Status::OK, B::Delivered),
        (vec![Undeliverable], Status::OK, B::Failed),
        (vec![Delivered, Undeliverable], Status::OK, B::Delivered),
        (vec![Undeliverable, Delivered], Status::OK, B::Delivered),
        // A carrier that refuses what it then delivers: the handset has it.
        (vec![Delivered], Status::INVALID_RECIPIENT, B::Delivered),
        (vec![Delivered], Status::THROTTLED, B::Delivered),
        (vec![Undeliverable], Status::THROTTLED, B::Parked),
    ] {
        let throttled = again(2, seconds(1), RequeuePlace::Tail);
        let retry = RetryPolicy { throttled, ..RetryPolicy::NEVER };
        let mut rig = Rig::with_tenants(LaneConfig { retry, ..plain() }, Scoring::new(), &[1]);
        rig.put(0, 0);
        let attempt = rig.send();
        for state in &receipts {
            assert_eq!(rig.receipt(attempt.ticket, *state), ReceiptOutcome::Kept);
        }
        assert_eq!(rig.belief(0), B::InFlight, "the seat is taken until the answer");
        assert_eq!(rig.answer(attempt, status), Answer::InTime);
        assert_eq!(rig.belief(0), end, "{receipts:?} before {status:?}");
        assert_eq!(rig.lane.counts().attempts, attempts(1, 1, 0, 0));
        rig.check_ledgers();
    }
}

#[test]
fn a_receipt_ahead_of_an_answer_that_never_comes_counts_at_the_time_out() {
    for (state, end) in
        [(ReceiptState::Delivered, B::Delivered), (ReceiptState::Undeliverable, B::Failed)]
    {
        for unknown in [UnknownOutcome::GiveUp, resubmit(3)] {
            let mut rig = rig(unknown);
            rig.put(0, 0);
            let attempt = rig.send();
            assert_eq!(rig.receipt(attempt.ticket, state), ReceiptOutcome::Kept);
            rig.now = at(10);
            assert_eq!((rig.next(), rig.belief(0)), (Next::Idle, end));
            rig.now = at(20);
            assert_eq!(rig.next(), Next::Idle, "it is not sent again");
            rig.check_ledgers();
        }
    }
}

#[test]
fn the_delivery_of_an_old_attempt_settles_the_message_when_the_newer_one_is_over() {
    for status in [Status::OK, Status::INVALID_RECIPIENT, Status::THROTTLED] {
        let (mut rig, first) = timed_out(resubmit(3));
        rig.now = at(15);
        let second = rig.send();
        assert_eq!(rig.receipt(first.ticket, ReceiptState::Rejected), ReceiptOutcome::Stray);
        assert_eq!(rig.receipt(first.ticket, ReceiptState::Delivered), ReceiptOutcome::Kept);
        rig.answer(second, status);
        assert_eq!(rig.belief(0), B::Delivered, "{status:?}");
        rig.check_ledgers();
    }
}

#[test]
fn a_receipt_for_an_attempt_that_was_never_made_is_stray() {
    let mut rig = rig(UnknownOutcome::GiveUp);
    let waiting = rig.put(0, 0);
    assert_eq!(rig.receipt(waiting, ReceiptState::Delivered), ReceiptOutcome::Stray);
    assert_eq!(rig.belief(0), B::Queued);
    rig.check_ledgers();
}

#[test]
fn a_receipt_that_moves_a_message_is_never_called_stray() {
    // Two attempts were given up and a third waits: bad news of the first proves that it was taken.
    let (mut rig, first) = timed_out(resubmit(3));
    rig.now = at(15);
    rig.send();
    rig.now = at(25);
    assert_eq!((rig.next(), rig.belief(0)), (Next::Idle, B::Parked));
    let moves = rig.log.moves.len();
    let outcome = rig.receipt(first.ticket, ReceiptState::Undeliverable);
    assert_eq!(outcome == ReceiptOutcome::Applied, rig.log.moves.len() > moves);
    assert_eq!(rig.belief(0), B::Accepted, "the second may still be delivered");
}

#[test]
fn throttling_gives_the_entitlement_back_and_other_refusals_do_not() {
    let once_more = again(9, Span::from_seconds(3600), RequeuePlace::Tail);
    let retry = RetryPolicy { temporary: once_more, throttled: once_more, ..RetryPolicy::NEVER };
    let order = |status| {
        let mut rig = Rig::with_tenants(LaneConfig { retry, ..plain() }, Scoring::new(), &[1, 1]);
        rig.up(0, 1);
        for _ in 0..6 {
            rig.put(0, 0);
            rig.put(1, 1);
        }
        let mut order = Vec::new();
        for _ in 0..6 {
            let attempt = rig.send();
            let tenant = attempt.message.tenant.0;
            order.push(tenant);
            // Tenant 0 is refused, tenant 1 accepted.
            rig.answer(attempt, if tenant == 0 { status } else { Status::OK });
        }
        order.iter().filter(|tenant| **tenant == 0).count()
    };
    assert_eq!(order(Status::QUEUE_FULL), 3, "a refusal costs what an acceptance costs");
    assert!(order(Status::THROTTLED) >= 5, "what was throttled costs nothing");
}

#[test]
fn jitter_differs_between_messages_and_between_attempts() {
    let rule = RetryRule {
        jitter_permille: 500,
        ..again(8, Span::from_seconds(1000), RequeuePlace::Tail)
    };
    let retry = RetryPolicy { temporary: rule, ..RetryPolicy::NEVER };
    let mut rig = Rig::with_tenants(LaneConfig { retry, ..plain() }, Scoring::new(), &[1]);
    rig.put(0, 0);
    rig.put(0, 0);
    let sent = rig.run_until(at(10_000), Status::QUEUE_FULL);
    let mut waits = Vec::new();
    for message in [0, 1] {
        let own = sent.iter().filter(|(_, attempt)| attempt.message.id.0 == message);
        let times: Vec<Time> = own.map(|(time, _)| *time).collect();
        waits.extend(times.windows(2).map(|pair| pair[1] - pair[0]));
    }
    assert_eq!(waits.len(), 14);
    assert!(waits.iter().all(|wait| *wait >= seconds(500) && *wait <= seconds(1000)));
    let total = waits.len();
    waits.sort_unstable();
    waits.dedup();
    assert_eq!(waits.len(), total, "no two are alike");
}

#[test]
fn the_record_keeps_the_first_dispatch_and_counts_the_attempts() {
    #[derive(Default)]
    struct Records(Vec<(H, Time, Time, u32)>);
    impl LaneObserver for Records {
        fn moved(&mut self, _: Time, record: &Record, _: Option<B>, _: B, why: H, _: u32) {
            self.0.push((why, record.submitted, record.first_dispatch, record.attempts));
        }
    }
    let retry =
        RetryPolicy { temporary: again(3, seconds(2), RequeuePlace::Tail), ..RetryPolicy::NEVER };
    let mut rig = Rig::with_tenants(LaneConfig { retry, ..plain() }, Scoring::new(), &[1]);
    let mut records = Records::default();
    let message = rig.message(0, 0, 1);
    rig.lane.submit(at(1), message, &mut records).expect("taken");
    for (time, status) in [(2, Status::QUEUE_FULL), (4, Status::OK)] {
        let next = rig.lane.next(at(time), &mut || 0, &mut records);
        let Next::Send(attempt) = next else { panic!("{next:?}") };
        let _ = rig.lane.answered(at(time), attempt.ticket, status, &mut records);
    }
    let expected = [
        (H::Submitted, at(1), Time::NEVER, 0),
        (H::Dispatched, at(1), at(2), 1),
        (H::AnsweredRetry, at(1), at(2), 1),
        (H::BackoffOver, at(1), at(2), 1),
        (H::Dispatched, at(1), at(2), 2),
        (H::AnsweredAccepted, at(1), at(2), 2),
    ];
    assert_eq!(records.0, expected);
}

#[test]
fn bad_news_of_an_old_attempt_does_not_settle_an_unknown_one() {
    let (mut rig, first) = timed_out(resubmit(2));
    rig.now = at(15);
    let second = rig.send();
    rig.now = at(25);
    assert_eq!((rig.next(), rig.belief(0)), (Next::Idle, B::Unknown));
    assert_eq!(rig.receipt(first.ticket, ReceiptState::Rejected), ReceiptOutcome::Stray);
    assert_eq!(rig.belief(0), B::Unknown);
    assert_eq!(rig.receipt(second.ticket, ReceiptState::Rejected), ReceiptOutcome::Applied);
    assert_eq!(rig.belief(0), B::Failed);
}

#[test]
fn every_attempt_can_be_answered_late_up_to_the_last() {
    let (mut rig, first) = timed_out(resubmit(u32::MAX));
    let mut attempts = vec![first];
    while let Some(sent) = rig.step(at(100_000)) {
        attempts.extend(sent);
        if rig.belief(0) == B::Unknown {
            break;
        }
    }
    assert_eq!(attempts.len() as u32, RetryRule::MOST_ATTEMPTS);
    let unknown = |rig: &Rig<Scoring>| rig.lane.counts().attempts.unknown;
    assert_eq!(unknown(&rig), 32);
    for (answered, attempt) in attempts.iter().enumerate() {
        assert_eq!(rig.answer(*attempt, Status::QUEUE_FULL), Answer::Late, "{answered}");
        assert_eq!(unknown(&rig), 31 - answered as u64);
    }
    rig.check_ledgers();
}
