//! Sessions, windows, and who is asked what first.

use crate::rig::*;
use apportion::scheduler::{Answer, Belief, Fifo, Happening, LaneConfig, Next, Scoring, Status};
use apportion::scheduler::{Policy, RequeuePlace, RetryPolicy, UnknownOutcome};
use apportion::time::Time;
use apportion::units::SessionId;
use proptest::prelude::*;

fn bare() -> Rig<Fifo> {
    let mut rig = Rig::new(plain(), Fifo::new());
    rig.attach(0, None, 1);
    rig
}

#[test]
fn windows_are_filled_in_turn_and_never_over() {
    let mut rig = bare();
    rig.up(0, 1);
    rig.up(1, 3);
    for _ in 0..6 {
        rig.put(0, 0);
    }
    let sent = rig.drain();
    let sessions: Vec<u16> = sent.iter().map(|attempt| attempt.session.0).collect();
    assert_eq!(sessions, [0, 1, 1, 1]);
    assert_eq!(rig.next(), Next::NoSession);
    assert_eq!(rig.answer(sent[0], Status::OK), Answer::InTime);
    assert_eq!(rig.send().session, SessionId(0), "the seat that was given back");
    assert_eq!(rig.next(), Next::NoSession);
}

#[test]
fn a_window_may_shrink_below_what_is_unanswered() {
    let mut rig = bare();
    rig.up(0, 3);
    for _ in 0..6 {
        rig.put(0, 0);
    }
    let sent = rig.drain();
    rig.up(0, 1);
    for attempt in &sent[..2] {
        rig.answer(*attempt, Status::OK);
        assert_eq!(rig.next(), Next::NoSession);
    }
    rig.answer(sent[2], Status::OK);
    assert_eq!(rig.drain().len(), 1);
    rig.up(0, 4);
    assert_eq!(rig.drain().len(), 2);
}

#[test]
fn a_lost_session_leaves_unknown_outcomes_and_only_its_own() {
    let mut rig = bare();
    rig.up(0, 2);
    rig.up(1, 2);
    for _ in 0..5 {
        rig.put(0, 0);
    }
    let sent = rig.drain();
    rig.down(0);
    for attempt in &sent {
        let expected =
            if attempt.session == SessionId(0) { Belief::Unknown } else { Belief::InFlight };
        assert_eq!(rig.belief(attempt.message.id.0), expected);
    }
    assert_eq!(rig.next(), Next::NoSession, "the other session is full");
    rig.down(0);
    rig.check_ledgers();
    assert_eq!(rig.lane.counts().attempts.unknown, 2, "going down twice loses nothing more");
    rig.up(0, 2);
    assert_eq!(rig.drain().len(), 1, "its seats are free again");
    assert_eq!(rig.lane.counts().attempts.dispatched, 5);
}

#[test]
fn the_answer_names_the_first_obstacle_of_those_who_wait() {
    let mut rig = Rig::new(paced(1, 1), Scoring::new());
    rig.attach(0, None, 1);
    assert_eq!(rig.next(), Next::Idle, "without messages no session is missed");
    rig.put(0, 0);
    assert_eq!(rig.next(), Next::NoSession);
    rig.up(0, 9);
    rig.send();
    assert_eq!(rig.next(), Next::Idle);
    rig.put(0, 0);
    assert_eq!(rig.next(), Next::NotUntil(at(1)));
    rig.down(0);
    assert_eq!(rig.next(), Next::NoSession);
}

/// What happens to a lane from outside.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Input {
    Submit { tenant: u32, sender: u32, segments: u32, valid_ms: u64 },
    Answer { nth: usize, status: Status },
    Up { session: u16, window: u32 },
    Down { session: u16 },
    Cancel { nth: usize },
}

pub(crate) fn input() -> impl Strategy<Value = Input> {
    let status = prop::sample::select(vec![Status::OK, Status::THROTTLED, Status::QUEUE_FULL]);
    prop_oneof![
        6 => (0_u32..3, 0_u32..2, 1_u32..4, prop_oneof![1 => 1_u64..5000, 3 => Just(u64::MAX)]).prop_map(
            |(tenant, part, segments, valid_ms)| Input::Submit { tenant, sender: 2 * tenant + part, segments, valid_ms }
        ),
        6 => (any::<usize>(), status).prop_map(|(nth, status)| Input::Answer { nth, status }),
        2 => (0_u16..2, 0_u32..5).prop_map(|(session, window)| Input::Up { session, window }),
        1 => (0_u16..2).prop_map(|session| Input::Down { session }),
        1 => any::<usize>().prop_map(|nth| Input::Cancel { nth }),
    ]
}

/// Drives a lane through `inputs`, each after its wait, calling `next` only when it asks to be called,
/// and then `spurious` times more in between.
pub(crate) fn drive<P: Policy>(policy: P, inputs: &[(u64, Input)], spurious: u64) -> Log {
    let retry = again(3, milliseconds(700), RequeuePlace::Head);
    let unknown = UnknownOutcome::Resubmit(again(3, milliseconds(300), RequeuePlace::Tail));
    let retry = RetryPolicy { temporary: retry, throttled: retry, unknown };
    let config = LaneConfig { retry, response_timeout: seconds(2), ..paced(4, 2) };
    let mut rig = Rig::with_tenants(config, policy, &[1, 2, 3]);
    rig.up(0, 3);
    let cap =
        apportion::scheduler::Change::SenderCap(apportion::units::SenderId(2), Some(quota(1, 1)));
    rig.change(cap);
    let (mut attempts, mut tickets) = (Vec::new(), Vec::new());
    for (wait_ms, input) in inputs {
        let (begin, end) = (rig.now, rig.now + milliseconds(*wait_ms));
        for part in 0..=spurious {
            // The last part ends at `end`.
            let span = u128::from((end - begin).as_nanoseconds()) * u128::from(part + 1)
                / u128::from(spurious + 1);
            let stop = Time::from_nanoseconds(begin.as_nanoseconds() + span as u64);
            while let Some(sent) = rig.step(stop) {
                attempts.extend(sent);
            }
            rig.now = stop;
        }
        match *input {
            Input::Submit { tenant, sender, segments, valid_ms } => {
                let message = rig.message(tenant, sender, segments);
                let valid =
                    apportion::time::Span::from_nanoseconds(valid_ms.saturating_mul(1_000_000));
                let expires = rig.now.saturating_add(valid);
                let taken = rig.submit(apportion::scheduler::Message { expires, ..message });
                tickets.push(taken.expect("nothing is refused").ticket);
            }
            Input::Answer { nth, status } if !attempts.is_empty() => {
                rig.answer(attempts[nth % attempts.len()], status);
            }
            Input::Up { session, window } => rig.up(session, window),
            Input::Down { session } => rig.down(session),
            Input::Cancel { nth } if !tickets.is_empty() => {
                rig.cancel(apportion::scheduler::Withdraw::Message(tickets[nth % tickets.len()]));
            }
            Input::Answer { .. } | Input::Cancel { .. } => {}
        }
        attempts.extend(rig.drain());
        rig.check_ledgers();
    }
    rig.log
}

proptest! {
    #![proptest_config(reproducible())]

    /// Calling early or often changes nothing, and calling only when asked misses nothing.
    #[test]
    fn spurious_calls_are_harmless_and_the_wake_times_complete(
        inputs in prop::collection::vec((0_u64..1500, input()), 1..60),
        spurious in 1_u64..7,
    ) {
        let (asked, polled) = (drive(Scoring::new(), &inputs, 0), drive(Scoring::new(), &inputs, spurious));
        prop_assert_eq!(asked.moves, polled.moves);
        prop_assert_eq!(asked.late, polled.late);
    }
}

#[test]
fn a_stray_answer_changes_nothing() {
    let mut rig = bare();
    rig.up(0, 1);
    let ticket = rig.put(0, 0);
    let unsent = rig.lane.answered(rig.now, ticket, Status::OK, &mut rig.log);
    assert_eq!(unsent, Answer::Stray, "an answer to what was never sent");
    let attempt = rig.send();
    assert_eq!(rig.answer(attempt, Status::INVALID_RECIPIENT), Answer::InTime);
    let before = (*rig.lane.counts(), rig.log.moves.len());
    for status in [Status::OK, Status::THROTTLED, Status::INVALID_RECIPIENT] {
        assert_eq!(rig.answer(attempt, status), Answer::Stray);
    }
    rig.put(0, 0);
    assert_eq!(rig.answer(attempt, Status::OK), Answer::Stray, "the slot has another message now");
    assert_eq!(rig.life(0).last(), Some(&(Happening::AnsweredPermanent, Belief::Failed)));
    assert_eq!(rig.log.moves.len(), before.1 + 1);
    assert_eq!(rig.lane.counts().attempts, before.0.attempts);
}
