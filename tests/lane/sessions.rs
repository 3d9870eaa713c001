//! Sessions, windows, and who is asked what first.

use crate::rig::*;
use apportion::scheduler::{
    AdaptiveRate, Answer, Attempt, Backpressure, Belief, Change, CircuitBreaker, Congestion,
    DailyCap, Fifo, Happening, Lane, LaneConfig, Message, Next, Policy, RequeuePlace, RetryPolicy,
    Scoring, Status, Target, Ticket, UnknownOutcome,
};
use apportion::time::{Span, Time};
use apportion::units::{CampaignId, ClassId, SenderId, SessionId, TenantId};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

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
    Submit { tenant: u32, sender: u32, segments: u32, valid_ms: u64, campaign: Option<u32> },
    Answer { nth: usize, status: Status },
    Up { session: u16, window: u32 },
    Down { session: u16 },
    Order { what: Whom, order: Order },
}

/// Whom an order concerns; a message by its position among all.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Whom {
    Message(usize),
    Tenant(u32),
    Sender(u32),
    Campaign(u32),
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Order {
    Cancel,
    Pause,
    Resume,
    Reprioritise(u16),
}

pub(crate) fn input() -> impl Strategy<Value = Input> {
    let status = prop::sample::select(vec![Status::OK, Status::THROTTLED, Status::QUEUE_FULL]);
    let whom = prop_oneof![
        2 => any::<usize>().prop_map(Whom::Message),
        1 => (0_u32..3).prop_map(Whom::Tenant),
        1 => (0_u32..6).prop_map(Whom::Sender),
        2 => (0_u32..2).prop_map(Whom::Campaign),
    ];
    let order = prop_oneof![
        1 => Just(Order::Cancel),
        3 => Just(Order::Pause),
        4 => Just(Order::Resume),
        2 => (0_u16..2).prop_map(Order::Reprioritise),
    ];
    let campaign = prop::option::of(0_u32..2);
    let valid = prop_oneof![1 => 1_u64..5000, 3 => Just(u64::MAX)];
    prop_oneof![
        6 => (0_u32..3, 0_u32..2, 1_u32..4, valid, campaign).prop_map(
            |(tenant, part, segments, valid_ms, campaign)| {
                Input::Submit { tenant, sender: 2 * tenant + part, segments, valid_ms, campaign }
            }
        ),
        6 => (any::<usize>(), status).prop_map(|(nth, status)| Input::Answer { nth, status }),
        2 => (0_u16..2, 0_u32..5).prop_map(|(session, window)| Input::Up { session, window }),
        1 => (0_u16..2).prop_map(|session| Input::Down { session }),
        4 => (whom, order).prop_map(|(what, order)| Input::Order { what, order }),
    ]
}

/// The orders in force, and what they mean.
#[derive(Debug, Default)]
struct Orders {
    messages: Vec<(Ticket, Option<CampaignId>)>,
    paused: BTreeSet<Target>,
}

impl Orders {
    fn submit<P: Policy>(&mut self, rig: &mut Rig<P>, message: Message, of: Option<CampaignId>) {
        let taken = match of {
            Some(campaign) => rig.lane.submit_for(rig.now, campaign, message, &mut rig.log),
            None => rig.submit(message),
        };
        self.messages.push((taken.expect("nothing is refused").ticket, of));
    }

    fn give<P: Policy>(&mut self, rig: &mut Rig<P>, what: Whom, order: Order) {
        let what = match what {
            Whom::Message(_) if self.messages.is_empty() => return,
            Whom::Message(nth) => Target::Message(self.messages[nth % self.messages.len()].0),
            Whom::Tenant(tenant) => Target::Tenant(TenantId(tenant)),
            Whom::Sender(sender) => Target::Sender(SenderId(sender)),
            Whom::Campaign(campaign) => Target::Campaign(CampaignId(campaign)),
        };
        let (now, log) = (rig.now, &mut rig.log);
        match order {
            Order::Cancel => {
                rig.lane.cancel(now, what, log);
            }
            Order::Reprioritise(class) => {
                rig.lane.reprioritise(now, what, ClassId(class), log);
                assert_eq!(rig.lane.reprioritise(now, what, ClassId(class), log), 0, "twice");
            }
            Order::Pause => {
                let is_news = rig.lane.pause(now, what, log);
                assert!(!rig.lane.pause(now, what, log), "twice");
                if is_news {
                    assert!(self.paused.insert(what), "{what:?} was paused already");
                }
            }
            // That of a message may have ended with it.
            Order::Resume => {
                let was_paused = self.paused.remove(&what);
                let is_news = rig.lane.resume(now, what, log);
                assert!(was_paused || !is_news);
            }
        }
    }

    /// Nothing that is paused was sent.
    fn may_go(&self, sent: &[Attempt]) {
        for Attempt { message, .. } in sent {
            let (ticket, campaign) = self.messages[message.id.index()];
            let mut targets = vec![
                Target::Message(ticket),
                Target::Tenant(message.tenant),
                Target::Sender(message.sender),
            ];
            targets.extend(campaign.map(Target::Campaign));
            let paused = targets.iter().find(|what| self.paused.contains(what));
            assert_eq!(paused, None, "{message:?}");
        }
    }
}

/// What was sent on each of the two days, but for what was throttled, keeps the daily caps.
fn check_days(log: &Log, reset: Time) {
    for (is_of, cap) in [
        ((|m: &Message| m.sender == SenderId(4)) as fn(&Message) -> bool, 9_i64),
        (|m: &Message| m.tenant == TenantId(0), 14),
    ] {
        let (mut days, mut sent_on) = ([0_i64; 2], BTreeMap::new());
        for step in log.moves.iter().filter(|step| is_of(&log.messages[&step.message])) {
            let segments = i64::from(log.messages[&step.message].segments.0);
            let today = usize::from(step.at >= reset);
            let throttled = step.code == Status::THROTTLED.0
                && matches!(step.why, Happening::AnsweredRetry | Happening::AnsweredExhausted);
            if step.why == Happening::Dispatched {
                days[today] += segments;
                sent_on.insert(step.message, today);
            } else if throttled {
                days[sent_on[&step.message]] -= segments;
            }
            assert!(days[today] <= cap, "{days:?} of {cap} at {}", step.at);
        }
    }
}

/// Drives a lane through `inputs`, each after its wait, calling `next` only when it asks to be called,
/// and then `spurious` times more in between.
pub(crate) fn drive<P: Policy>(policy: P, inputs: &[(u64, Input)], spurious: u64) -> Log {
    drive_with(policy, inputs, spurious, |_, _| ())
}

/// The same, with something done to the lane before each input.
pub(crate) fn drive_with<P: Policy>(
    policy: P,
    inputs: &[(u64, Input)],
    spurious: u64,
    mut before: impl FnMut(usize, &mut Lane<P>),
) -> Log {
    let retry = again(3, milliseconds(700), RequeuePlace::Head);
    let unknown = UnknownOutcome::Resubmit(again(3, milliseconds(300), RequeuePlace::Tail));
    let retry = RetryPolicy { temporary: retry, throttled: retry, unknown, ..RetryPolicy::NEVER };
    let classes = vec![weight(1), weight(3)];
    let adaptive = AdaptiveRate {
        decrease_permille: 600,
        increase_permille: 70,
        interval: milliseconds(300),
        floor_permille: 100,
        congested_at: Congestion::NEARING,
    };
    let breaker = CircuitBreaker {
        failures: 3,
        cool_down: milliseconds(700),
        longest: seconds(2),
        slow_start: milliseconds(900),
    };
    let backpressure = Backpressure {
        throttle_pause: Some(milliseconds(150)),
        adaptive: Some(adaptive),
        breaker: Some(breaker),
    };
    let response_timeout = seconds(2);
    let config = LaneConfig { retry, response_timeout, backpressure, classes, ..paced(4, 2) };
    let mut rig = Rig::with_tenants(config, policy, &[1, 2, 3]);
    rig.up(0, 3);
    rig.change(Change::SenderCap(SenderId(2), Some(quota(1, 1))));
    rig.change(Change::TenantCap(TenantId(2), Some(quota(2, 3))));
    let a_day = DailyCap { segments: 9, resets: at(20) };
    rig.change(Change::SenderDailyCap(SenderId(4), Some(a_day)));
    rig.change(Change::TenantDailyCap(TenantId(0), Some(DailyCap { segments: 14, ..a_day })));
    let (mut attempts, mut orders) = (Vec::new(), Orders::default());
    for (number, (wait_ms, input)) in inputs.iter().enumerate() {
        before(number, &mut rig.lane);
        let (begin, end) = (rig.now, rig.now + milliseconds(*wait_ms));
        for part in 0..=spurious {
            // The last part ends at `end`.
            let span = u128::from((end - begin).as_nanoseconds()) * u128::from(part + 1)
                / u128::from(spurious + 1);
            let stop = Time::from_nanoseconds(begin.as_nanoseconds() + span as u64);
            while let Some(sent) = rig.step(stop) {
                orders.may_go(&sent);
                attempts.extend(sent);
            }
            rig.now = stop;
        }
        match *input {
            Input::Submit { tenant, sender, segments, valid_ms, campaign } => {
                let message = rig.message(tenant, sender, segments);
                let valid = Span::from_nanoseconds(valid_ms.saturating_mul(1_000_000));
                let expires = rig.now.saturating_add(valid);
                orders.submit(&mut rig, Message { expires, ..message }, campaign.map(CampaignId));
            }
            Input::Answer { nth, status } if !attempts.is_empty() => {
                let attempt = attempts[nth % attempts.len()];
                rig.answer(attempt, status);
            }
            Input::Up { session, window } => rig.up(session, window),
            Input::Down { session } => rig.down(session),
            Input::Order { what, order } => orders.give(&mut rig, what, order),
            Input::Answer { .. } => {}
        }
        let sent = rig.drain();
        orders.may_go(&sent);
        attempts.extend(sent);
        rig.check_ledgers();
    }
    check_days(&rig.log, a_day.resets);
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
