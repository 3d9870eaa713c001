//! A lane against its carrier: pauses, an adaptive rate, a circuit breaker, rules of single statuses; and
//! what a queue is too long for.

use crate::rig::*;
use apportion::scheduler::{
    AdaptiveRate, Attempt, Backpressure, Belief as B, Change, CircuitBreaker, Congestion,
    Happening as H, LaneConfig, LaneObserver, Next, Record, Refused, RequeuePlace, RetryPolicy,
    RetryRule, Scoring, Status, Target, UnknownOutcome, retry_profile,
};
use apportion::time::Time;
use apportion::units::{SenderId, TenantId};

const ADAPTIVE: AdaptiveRate = AdaptiveRate {
    decrease_permille: 500,
    increase_permille: 100,
    interval: apportion::time::Span::from_seconds(1),
    floor_permille: 100,
    congested_at: Congestion::NEARING,
};

const BREAKER: CircuitBreaker = CircuitBreaker {
    failures: 3,
    cool_down: apportion::time::Span::from_seconds(10),
    longest: apportion::time::Span::from_seconds(60),
    slow_start: apportion::time::Span::from_seconds(10),
};

/// What a listener hears of how the lane yields.
#[derive(Default)]
struct Heard(Vec<(Time, u32, Option<Time>)>);

impl LaneObserver for Heard {
    fn yielded(&mut self, now: Time, permille: u32, held_until: Option<Time>) {
        self.0.push((now, permille, held_until));
    }
}

fn yielding(backpressure: Backpressure, retry: RetryPolicy) -> Rig<Scoring> {
    let config = LaneConfig { backpressure, retry, ..paced(10, 1) };
    let mut rig = Rig::with_tenants(config, Scoring::new(), &[1]);
    for _ in 0..2000 {
        rig.put(0, 0);
    }
    rig
}

/// Sends until `end`, answering at once; counts what was sent in each second.
fn by_second(rig: &mut Rig<Scoring>, end: u64, status: impl Fn(Time) -> Status) -> Vec<usize> {
    let mut seconds = vec![0; end as usize];
    let begin = rig.now.as_nanoseconds() / 1_000_000_000;
    while let Some(sent) = rig.step(at(end)) {
        for attempt in sent {
            let second = rig.now.as_nanoseconds() / 1_000_000_000;
            if second < end {
                seconds[second as usize] += 1;
            }
            let status = status(rig.now);
            rig.answer(attempt, status);
        }
    }
    rig.now = at(end);
    seconds.split_off(begin as usize)
}

#[test]
fn the_rate_falls_when_throttled_and_climbs_back_by_and_by() {
    let backpressure = Backpressure { adaptive: Some(ADAPTIVE), ..Backpressure::default() };
    let mut rig = yielding(backpressure, RetryPolicy::NEVER);
    let throttled_until_five = |now: Time| if now < at(5) { Status::THROTTLED } else { Status::OK };
    let sent = by_second(&mut rig, 20, throttled_until_five);
    assert!(sent[1..5].iter().all(|sent| *sent <= 2), "at the floor, one a second: {sent:?}");
    let climbs = sent[6..16].windows(2).all(|pair| pair[1] >= pair[0] && pair[1] - pair[0] <= 2);
    assert!(climbs, "a tenth of the quota more each second: {sent:?}");
    assert_eq!(sent[17], 10, "{sent:?}");
    let mut rig = yielding(Backpressure::default(), RetryPolicy::NEVER);
    let naive = by_second(&mut rig, 20, throttled_until_five);
    assert!(naive.iter().all(|sent| (10..=11).contains(sent)), "{naive:?}");
    rig.check_ledgers();
}

#[test]
fn a_throttling_answer_pauses_everything() {
    let pause = Some(seconds(3));
    let backpressure = Backpressure { throttle_pause: pause, ..Backpressure::default() };
    let retry =
        RetryPolicy { throttled: again(9, seconds(1), RequeuePlace::Head), ..RetryPolicy::NEVER };
    let mut rig = yielding(backpressure, retry);
    rig.up(0, 2);
    let (first, second) = (rig.send(), {
        rig.now = at(1);
        rig.send()
    });
    rig.now = at(2);
    rig.answer(first, Status::THROTTLED);
    assert_eq!(rig.next(), Next::NotUntil(at(5)));
    rig.now = at(4);
    rig.answer(second, Status::THROTTLED);
    assert_eq!(rig.next(), Next::NotUntil(at(5)), "it was sent before the pause");
    rig.now = at(5);
    let again = rig.send();
    assert_eq!((again.message.id.0, again.number), (0, 2), "what was refused goes first");
}

#[test]
fn the_breaker_opens_for_refusals_and_silence_and_comes_back_slowly() {
    let backpressure = Backpressure { breaker: Some(BREAKER), ..Backpressure::default() };
    let mut rig = yielding(backpressure, RetryPolicy::NEVER);
    let sent =
        by_second(&mut rig, 30, |now| if now < at(2) { Status::SYSTEM_ERROR } else { Status::OK });
    assert_eq!(sent[0], 3, "three failures open it: {sent:?}");
    assert!(sent[1..10].iter().all(|sent| *sent == 0), "{sent:?}");
    assert!(sent[11..20].windows(2).all(|pair| pair[0] <= pair[1]), "it climbs: {sent:?}");
    assert!(sent[11] <= 2 && sent[21..].iter().all(|sent| *sent >= 9), "{sent:?}");

    // No answer is a failure as well, and a breaker that opens again stays open for longer.
    let response_timeout = seconds(2);
    let config = LaneConfig { backpressure, response_timeout, ..paced(10, 1) };
    let mut rig = Rig::with_tenants(config, Scoring::new(), &[1]);
    for _ in 0..100 {
        rig.put(0, 0);
    }
    rig.up(0, 3);
    let mut times = Vec::new();
    while let Some(sent) = rig.step(at(40)) {
        times.extend(sent.iter().map(|_| rig.now.as_nanoseconds() / 1_000_000_000));
    }
    // The third silence opens it; the first two had freed seats for two more.
    assert_eq!(times[..6], [0, 0, 0, 2, 2, 12], "it cools down for ten seconds");
    let later = times.iter().find(|time| **time > 20);
    assert!(later.is_some_and(|time| *time >= 35), "then for twenty: {times:?}");
    rig.check_ledgers();
}

#[test]
fn an_answer_that_takes_the_message_begins_the_count_of_failures_anew() {
    let backpressure = Backpressure { breaker: Some(BREAKER), ..Backpressure::default() };
    let mut rig = yielding(backpressure, RetryPolicy::NEVER);
    for nth in 0..30 {
        let attempt = rig.send();
        rig.answer(attempt, if nth % 3 == 2 { Status::OK } else { Status::SYSTEM_ERROR });
        rig.pass(milliseconds(100));
    }
}

#[test]
fn a_change_of_quota_keeps_the_part_that_is_left_of_it() {
    let backpressure = Backpressure { adaptive: Some(ADAPTIVE), ..Backpressure::default() };
    let mut rig = yielding(backpressure, RetryPolicy::NEVER);
    let attempt = rig.send();
    rig.answer(attempt, Status::THROTTLED);
    rig.change(Change::Quota(Some(quota(20, 1))));
    // What was sent is owed at half of twenty a second.
    assert_eq!(rig.next(), Next::NotUntil(Time::ZERO + milliseconds(100)));
}

#[test]
fn a_listener_hears_what_is_left_and_until_when() {
    let backpressure = Backpressure {
        throttle_pause: Some(seconds(2)),
        adaptive: Some(ADAPTIVE),
        ..Backpressure::default()
    };
    let mut rig = yielding(backpressure, RetryPolicy::NEVER);
    let mut heard = Heard::default();
    let attempt = rig.send();
    let _ = rig.lane.answered(at(0), attempt.ticket, Status::THROTTLED, &mut heard);
    for second in 1..8 {
        assert!(rig.lane.wake().is_some_and(|wake| wake <= at(second)) || second > 5);
        let _ = rig.lane.next(at(second), &mut || 0, &mut heard);
    }
    let expected = [
        (at(0), 500, Some(at(2))),
        (at(1), 600, Some(at(2))),
        (at(2), 700, None),
        (at(3), 800, None),
        (at(4), 900, None),
        (at(5), 1000, None),
    ];
    assert_eq!(heard.0, expected);
}

#[test]
fn a_congestion_state_lowers_the_rate_once_and_means_nothing_of_what_is_over() {
    let backpressure = Backpressure { adaptive: Some(ADAPTIVE), ..Backpressure::default() };
    let mut rig = yielding(backpressure, RetryPolicy::NEVER);
    let mut heard = Heard::default();
    let [first, second, third] = [0, 100, 200].map(|ms| {
        rig.now = Time::ZERO + milliseconds(ms);
        rig.send()
    });
    rig.now = Time::ZERO + milliseconds(250);
    let mut tell = |rig: &mut Rig<Scoring>, attempt: Attempt, state: u8| {
        rig.lane.congestion(rig.now, attempt.ticket, Congestion(state), &mut heard);
        rig.answer(attempt, Status::OK);
        heard.0.len()
    };
    assert_eq!(tell(&mut rig, first, 89), 0, "not nearly congested");
    assert_eq!(tell(&mut rig, first, 100), 0, "its attempt is over");
    assert_eq!(tell(&mut rig, second, 90), 1);
    assert_eq!(tell(&mut rig, third, 100), 1, "it was sent before that was known");
    assert_eq!(heard.0, [(rig.now, 500, None)], "half the rate, and no pause");
    // Half of ten a second: what was sent at 200 ms is owed until 300 ms at the old rate or 400 at the new.
    let Next::NotUntil(then) = rig.next() else { panic!("it goes on after a while") };
    assert!(then > Time::ZERO + milliseconds(300), "{then}");
}

#[test]
fn a_status_may_have_a_rule_of_its_own() {
    let profile = retry_profile("jasmin").expect("a known profile");
    for (status, attempts) in [
        (Status::SYSTEM_ERROR, 3),
        (Status::QUEUE_FULL, 3),
        (Status::THROTTLED, 21),
        (Status::INVALID_SCHEDULE, 3),
        (Status::RECEIVER_TEMPORARY, 1),
        (Status::INVALID_RECIPIENT, 1),
    ] {
        let config = LaneConfig { retry: profile.retry, ..plain() };
        let mut rig = Rig::with_tenants(config, Scoring::new(), &[1]);
        rig.put(0, 0);
        assert_eq!(rig.run_until(at(10_000), status).len(), attempts, "{status}");
        assert_eq!(rig.belief(0), B::Failed);
    }
    let own = [(Status::SUBMIT_FAILED, again(4, seconds(1), RequeuePlace::Tail))];
    let mut by_status = RetryPolicy::NO_STATUS_RULES;
    by_status[7] = own.first().copied();
    let retry = RetryPolicy { by_status, ..RetryPolicy::NEVER };
    let mut rig = Rig::with_tenants(LaneConfig { retry, ..plain() }, Scoring::new(), &[1]);
    rig.put(0, 0);
    assert_eq!(rig.run_until(at(99), Status::SUBMIT_FAILED).len(), 4, "the last of eight");
}

#[test]
fn every_profile_comes_to_an_end_whatever_the_carrier_says() {
    for profile in apportion::scheduler::RETRY_PROFILES {
        for status in [Status::THROTTLED, Status::QUEUE_FULL, Status::SYSTEM_ERROR] {
            let config =
                LaneConfig { retry: profile.retry, backpressure: profile.backpressure, ..plain() };
            let mut rig = Rig::with_tenants(config, Scoring::new(), &[1]);
            rig.put(0, 0);
            let sent = rig.run_until(at(1_000_000), status);
            assert!(sent.len() as u32 <= RetryRule::MOST_ATTEMPTS, "{}", profile.name);
            assert_eq!(rig.belief(0), B::Failed, "{}", profile.name);
            assert_eq!(rig.lane.wake(), None, "{}", profile.name);
        }
        let unknown = profile.retry.unknown;
        let again = matches!(unknown, UnknownOutcome::Resubmit(rule) if rule.attempts > 1);
        assert!(again || profile.name == "operator");
    }
}

/// Senders 0, 1 and 2 of tenant 0, of which each has two seconds' worth of queue.
fn spilling(order: &[u32]) -> Rig<Scoring> {
    let config = LaneConfig { admission: Some(seconds(2)), ..paced(1000, 9) };
    let mut rig = Rig::with_tenants(config, Scoring::new(), &[1, 1]);
    for sender in 0..3 {
        rig.change(Change::SenderCap(SenderId(sender), Some(quota(1, 1))));
    }
    let order: Vec<SenderId> = order.iter().copied().map(SenderId).collect();
    rig.lane.set_spill(TenantId(0), &order).expect("attached");
    rig
}

#[test]
fn overflow_goes_to_the_sender_that_drains_soonest_and_is_refused_when_all_are_full() {
    #[derive(Default)]
    struct Spills(Vec<(u32, u32)>, usize);
    impl LaneObserver for Spills {
        fn moved(&mut self, _: Time, _: &Record, from: Option<B>, to: B, why: H, _: u32) {
            if to == B::Refused {
                assert_eq!((from, why), (None, H::QueueOverflow));
                self.1 += 1;
            }
        }
        fn spilled(&mut self, _: Time, record: &Record, from: SenderId) {
            self.0.push((from.0, record.message.sender.0));
        }
    }
    let mut rig = spilling(&[2, 1, 0]);
    let mut spills = Spills::default();
    for _ in 0..11 {
        let message = rig.message(0, 0, 1);
        let _ = rig.lane.submit(rig.now, message, &mut spills);
    }
    // Three of its own, then the others in turn, the first named first.
    assert_eq!(spills.0, [(0, 2), (0, 1), (0, 2), (0, 1), (0, 2), (0, 1)]);
    assert_eq!(spills.1, 2, "all three are full");
    let mut senders = Vec::new();
    while let Next::Send(attempt) = rig.lane.next(rig.now, &mut || 0, &mut ()) {
        senders.push(attempt.message.sender.0);
    }
    senders.sort_unstable();
    assert_eq!(senders, [0, 1, 2], "it goes out from the other sender, under its cap");
    // What spilled is the other sender's in every respect.
    let gone = rig.lane.cancel(rig.now, Target::Sender(SenderId(2)), &mut ());
    assert_eq!(gone, 2);
}

#[test]
fn without_a_list_overflow_is_refused_and_others_tenants_have_lists_of_their_own() {
    let mut rig = spilling(&[]);
    let refused = |rig: &mut Rig<Scoring>, tenant, sender| {
        let message = rig.message(tenant, sender, 1);
        matches!(rig.submit(message), Err(Refused::QueueOverflow { .. }))
    };
    for _ in 0..3 {
        assert!(!refused(&mut rig, 0, 0));
    }
    assert!(refused(&mut rig, 0, 0));
    assert!(rig.lane.set_spill(TenantId(9), &[]).is_err(), "nobody is there");
    rig.lane.set_spill(TenantId(0), &[SenderId(0)]).expect("attached");
    assert!(refused(&mut rig, 0, 0), "its own queue is no other");
    rig.lane.set_spill(TenantId(0), &[SenderId(0), SenderId(1)]).expect("attached");
    assert!(!refused(&mut rig, 0, 0));
    rig.check_ledgers();
}

#[test]
fn a_smaller_message_that_comes_to_the_head_of_a_day_that_is_nearly_used_up_goes() {
    use apportion::scheduler::DailyCap;
    let mut rig = Rig::with_tenants(plain(), Scoring::new(), &[1]);
    let cap = DailyCap { segments: 3, resets: at(3600) };
    rig.change(Change::TenantDailyCap(TenantId(0), Some(cap)));
    let small = rig.put(0, 0);
    let (paused, _) = (Target::Message(small), rig.put(0, 0));
    assert!(rig.lane.pause(rig.now, paused, &mut rig.log));
    rig.put_sized(0, 0, 3);
    assert_eq!(rig.drain().len(), 1, "two are left, and three do not fit");
    assert_eq!(rig.next(), Next::Idle);
    assert!(rig.lane.resume(rig.now, paused, &mut rig.log));
    let gone: Vec<u64> = rig.drain().iter().map(|attempt| attempt.message.id.0).collect();
    assert_eq!(gone, [0], "the one of one segment is first again, and fits");
    assert_eq!(rig.lane.wake(), Some(at(10)), "the time-outs of both, long before the new day");
    rig.check_ledgers();
}

#[test]
fn admission_counts_the_days_of_a_daily_cap() {
    use apportion::scheduler::DailyCap;
    let config = LaneConfig { admission: Some(seconds(7200)), ..paced(1000, 1) };
    let mut rig = Rig::with_tenants(config, Scoring::new(), &[1]);
    let cap = DailyCap { segments: 5, resets: at(3600) };
    rig.change(Change::TenantDailyCap(TenantId(0), Some(cap)));
    let mut taken = 0;
    for _ in 0..20 {
        let message = rig.message(0, 0, 1);
        taken += u32::from(rig.submit(message).is_ok());
    }
    assert_eq!(
        taken, 11,
        "today's five, tomorrow's five, and the one that makes it a day too long"
    );
    assert_eq!(rig.run_until(at(3599), Status::OK).len(), 5);
    assert_eq!(rig.run_until(at(7200), Status::OK).len(), 5);
    assert_eq!(rig.next(), Next::Idle);
    assert_eq!(rig.lane.wake().map(|wake| wake > at(80_000)), Some(true));
}
