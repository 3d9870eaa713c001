//! A process that ends without a snapshot loses its messages, and only those.

use crate::rig::*;
use apportion::scheduler::{
    Answer, Belief as B, Happening as H, LaneConfig, Next, ReceiptOutcome, ReceiptState,
    RequeuePlace, RetryPolicy, Scoring, Status, UnknownOutcome,
};

/// A lane with a message in every state in which one can be, by their numbers: 0 accepted, 1 parked, 2 ended
/// badly, 3 in flight, 4 queued.
fn one_of_each(unknown: UnknownOutcome) -> (Rig<Scoring>, Vec<apportion::scheduler::Attempt>) {
    let temporary = again(3, seconds(5), RequeuePlace::Tail);
    let retry = RetryPolicy { temporary, unknown, ..RetryPolicy::NEVER };
    let config = LaneConfig { retry, ..paced(1, 4) };
    let mut rig = Rig::with_tenants(config, Scoring::new(), &[1]);
    for _ in 0..5 {
        rig.put(0, 0);
    }
    let sent = rig.drain();
    assert_eq!(sent.len(), 4, "the burst of the quota");
    rig.answer(sent[0], Status::OK);
    rig.answer(sent[1], Status::SYSTEM_ERROR);
    rig.answer(sent[2], Status::OK);
    rig.receipt(sent[2].ticket, ReceiptState::Undeliverable);
    let beliefs: Vec<B> = (0..5).map(|message| rig.belief(message)).collect();
    assert_eq!(beliefs, [B::Accepted, B::Parked, B::Failed, B::InFlight, B::Queued]);
    (rig, sent)
}

#[test]
fn everything_that_something_was_expected_of_is_lost_and_told_of() {
    let (mut rig, sent) = one_of_each(UnknownOutcome::GiveUp);
    assert_eq!(rig.lane.lose_everything(rig.now, &mut rig.log), 3);
    let ends: Vec<H> =
        (0..5).map(|message| rig.life(message).last().expect("it lived").0).collect();
    let lost = H::LostOnRestart;
    assert_eq!(ends, [lost, lost, H::ReceiptFailed, H::OutcomeUnknownGiveUp, lost]);
    assert_eq!((rig.lane.counts().live(), rig.lane.wake()), (0, None));
    rig.check_ledgers();

    // Nothing of them can be learnt any more.
    assert_eq!(rig.answer(sent[3], Status::OK), Answer::Stray);
    for attempt in &sent {
        let outcome = rig.receipt(attempt.ticket, ReceiptState::Delivered);
        assert_eq!(outcome, ReceiptOutcome::Stray);
    }
    assert_eq!(rig.lane.lose_everything(rig.now, &mut rig.log), 0, "and nothing is left");
    rig.check_ledgers();
}

#[test]
fn what_would_have_been_sent_again_is_lost_as_well() {
    let again = UnknownOutcome::Resubmit(again(3, seconds(5), RequeuePlace::Tail));
    let (mut rig, _) = one_of_each(again);
    assert_eq!(rig.lane.lose_everything(rig.now, &mut rig.log), 4);
    let expected = [(H::OutcomeUnknownRetry, B::Parked), (H::LostOnRestart, B::Unknown)];
    assert!(rig.life(3).ends_with(&expected), "{:?}", rig.life(3));
    rig.check_ledgers();
}

#[test]
fn tenants_and_the_pacer_outlive_it() {
    let (mut rig, _) = one_of_each(UnknownOutcome::GiveUp);
    rig.lane.lose_everything(rig.now, &mut rig.log);
    for _ in 0..2 {
        rig.put(0, 0);
    }
    // The burst was spent before: a new process does not send it twice.
    assert_eq!(rig.next(), Next::NotUntil(at(1)));
    assert_eq!(rig.run_until(at(2), Status::OK).len(), 2);
    assert_eq!(rig.lane.queue_count(), 1, "the queue is found again");
    rig.check_ledgers();
}
