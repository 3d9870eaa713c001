//! Quotas and caps: never over, never needlessly under.

use crate::rig::*;
use apportion::scheduler::{Change, LaneConfig, Next, Scoring, Status};
use apportion::time::{Span, Time};
use apportion::units::{ClassId, Quota, Rate, SenderId, Weight};
use proptest::prelude::*;

/// Sends as (time, segments).
type Sends = Vec<(Time, u64)>;

/// Asserts `sent ≤ B + r·T + Lmax − 1` over every interval, exactly.
fn assert_conforms(sends: &Sends, quota: Quota) {
    let longest = sends.iter().map(|(_, segments)| *segments).max().unwrap_or(1);
    let (segments, per) = (quota.rate.segments(), quota.rate.per().as_nanoseconds());
    for (first, (begin, _)) in sends.iter().enumerate() {
        let mut sent = 0;
        for (end, size) in &sends[first..] {
            sent += size;
            let excess = sent.saturating_sub(quota.burst + longest - 1);
            let allowed = u128::from((*end - *begin).as_nanoseconds()) * u128::from(segments);
            assert!(
                u128::from(excess) * u128::from(per) <= allowed,
                "{sent} segments between {begin} and {end} at {quota:?}"
            );
        }
    }
}

/// Asserts that whoever always had something to send sent more than `r·T + B − 1` by each time T
/// after the first, but for the last.
fn assert_no_less(sends: &Sends, quota: Quota) {
    let (segments, per) = (quota.rate.segments(), quota.rate.per().as_nanoseconds());
    let mut sent = 0;
    for pair in sends.windows(2) {
        let ((time, size), (next, _)) = (pair[0], pair[1]);
        sent += size;
        if time < next {
            let passed = (time - sends[0].0).as_nanoseconds();
            let earned = u128::from(passed) * u128::from(segments);
            let due = earned + u128::from(quota.burst - 1) * u128::from(per);
            assert!(u128::from(sent) * u128::from(per) > due, "only {sent} by {time} at {quota:?}");
        }
    }
}

/// Sends `sizes` in order, each as soon as the lane allows, after the pauses; checks that not a
/// nanosecond was wasted.
fn sends(mut rig: Rig<Scoring>, sizes: &[u32], pauses: &[Span]) -> Sends {
    for size in sizes {
        rig.put_sized(0, 0, *size);
    }
    let mut sends = Vec::new();
    let mut pauses = pauses.iter();
    while sends.len() < sizes.len() {
        for attempt in rig.drain() {
            sends.push((rig.now, attempt.message.segments.get()));
            rig.answer(attempt, Status::OK);
        }
        let mut early = rig.clone();
        let not_until = match early.next() {
            Next::NotUntil(time) => Some(time),
            _ => None,
        };
        let due = not_until.into_iter().chain(rig.lane.wake()).min();
        let Some(due) = due.filter(|due| *due < Time::NEVER) else { break };
        early.now = Time::from_nanoseconds(due.as_nanoseconds() - 1);
        assert!(!matches!(early.next(), Next::Send(_)), "sent before {due}");
        rig.now = due;
        match pauses.next() {
            Some(pause) if *pause > Span::ZERO => rig.pass(*pause),
            _ => assert!(matches!(rig.clone().next(), Next::Send(_)), "nothing sent at {due}"),
        }
    }
    sends
}

fn config(quota: Option<Quota>) -> LaneConfig {
    // Receipts never come here, and shall not wake anybody.
    LaneConfig { quota, response_timeout: Span::MAX, receipt_timeout: Span::MAX, ..plain() }
}

prop_compose! {
    /// A rate that is seldom a whole number of nanoseconds, and a burst.
    fn odd_quota()(per in 1_u64..10_000_000_000, part in 1_u64..1_000_000, burst in 1_u64..20) -> Quota {
        let rate = Rate::new(part.min(per), Span::from_nanoseconds(per)).expect("a valid rate");
        Quota { rate, burst }
    }
}

/// Now, or years later: the products are long then.
fn start() -> impl Strategy<Value = Time> {
    prop_oneof![Just(Time::ZERO), (0_u64..300_000_000_000_000_000).prop_map(Time::from_nanoseconds)]
}

proptest! {
    #![proptest_config(reproducible())]

    #[test]
    fn a_destination_sends_what_its_quota_allows_and_no_more(
        quota in odd_quota(),
        start in start(),
        sizes in prop::collection::vec(1_u32..=5, 1..60),
        pauses in prop::collection::vec(0_u64..4_000_000_000, 0..20),
    ) {
        let rig = || Rig { now: start, ..Rig::with_tenants(config(Some(quota)), Scoring::new(), &[1]) };
        assert_no_less(&sends(rig(), &sizes, &[]), quota);
        let pauses: Vec<Span> = pauses.into_iter().map(Span::from_nanoseconds).collect();
        assert_conforms(&sends(rig(), &sizes, &pauses), quota);
    }

    #[test]
    fn a_sender_sends_what_its_cap_allows_and_no_more(
        cap in odd_quota(),
        start in start(),
        sizes in prop::collection::vec(1_u32..=5, 1..60),
        pauses in prop::collection::vec(0_u64..4_000_000_000, 0..20),
    ) {
        let rig = || {
            let mut rig = Rig::with_tenants(config(None), Scoring::new(), &[1]);
            rig.change(Change::SenderCap(SenderId(0), Some(cap)));
            Rig { now: start, ..rig }
        };
        assert_no_less(&sends(rig(), &sizes, &[]), cap);
        let pauses: Vec<Span> = pauses.into_iter().map(Span::from_nanoseconds).collect();
        assert_conforms(&sends(rig(), &sizes, &pauses), cap);
    }
}

#[test]
fn the_bound_is_reached() {
    let quota = quota(3, 4);
    let rig = Rig::with_tenants(config(Some(quota)), Scoring::new(), &[1]);
    let sends = sends(rig, &[1, 1, 1, 5, 1], &[]);
    // B = 4 and Lmax = 5: 4 + 5 − 1 = 8 segments at once, then 5 segments are owed: 5/3 s.
    let late = Time::from_nanoseconds(1_666_666_667);
    assert_eq!(
        sends,
        [(Time::ZERO, 1), (Time::ZERO, 1), (Time::ZERO, 1), (Time::ZERO, 5), (late, 1)]
    );
}

#[test]
fn a_capped_sender_delays_nobody_else() {
    let mut rig = Rig::with_tenants(paced(10, 1), Scoring::new(), &[1, 1]);
    rig.change(Change::SenderCap(SenderId(0), Some(quota(1, 1))));
    for _ in 0..20 {
        rig.put(0, 0);
        rig.put(0, 2);
        rig.put(1, 1);
    }
    let sent = rig.run_until(at(4), Status::OK);
    let of = |sender| {
        let own = sent.iter().filter(|(_, attempt)| attempt.message.sender == SenderId(sender));
        own.map(|(time, _)| *time).collect::<Vec<_>>()
    };
    // One a second of the ten, and all the others' waiting is shared by the others: 36 in 3.9 s.
    assert_eq!(of(0).len(), 4);
    assert!(of(0).windows(2).all(|pair| pair[1] - pair[0] >= seconds(1)));
    assert_eq!((of(0).len() + of(1).len() + of(2).len()) as u64, 41);
    assert_eq!(of(1).len(), 20, "the other tenant has its half");
    rig.check_ledgers();
}

#[test]
fn the_cap_of_a_sender_holds_over_all_its_classes() {
    let classes = vec![Weight::ONE; 2];
    let mut rig = Rig::with_tenants(LaneConfig { classes, ..plain() }, Scoring::new(), &[1]);
    rig.change(Change::SenderCap(SenderId(0), Some(quota(1, 1))));
    for class in [0, 1, 0, 1] {
        let message = rig.message(0, 0, 1);
        rig.submit(apportion::scheduler::Message { class: ClassId(class), ..message })
            .expect("taken");
    }
    let times: Vec<Time> =
        rig.run_until(at(10), Status::OK).into_iter().map(|(time, _)| time).collect();
    assert_eq!(times, [at(0), at(1), at(2), at(3)]);
}

#[test]
fn a_cap_that_goes_or_comes_acts_on_what_is_queued() {
    let mut rig = Rig::with_tenants(plain(), Scoring::new(), &[1]);
    let sender = SenderId(0);
    rig.change(Change::SenderCap(sender, Some(quota(1, 2))));
    for _ in 0..6 {
        rig.put(0, 0);
    }
    assert_eq!(rig.drain().len(), 2);
    assert_eq!((rig.next(), rig.lane.wake()), (Next::Idle, Some(at(1))));
    // Twice as fast: one segment is still owed beyond the burst, which is half a second now.
    rig.change(Change::SenderCap(sender, Some(quota(2, 2))));
    assert_eq!(rig.lane.wake(), Some(Time::from_nanoseconds(500_000_000)));
    rig.change(Change::SenderCap(sender, None));
    assert_eq!(rig.drain().len(), 4);
    rig.put(0, 0);
    rig.change(Change::SenderCap(sender, Some(quota(1, 1))));
    rig.put(0, 0);
    assert_eq!(rig.drain().len(), 1, "a new cap starts with its burst");
}

#[test]
fn a_quota_that_changes_acts_at_once_and_keeps_what_is_owed() {
    let mut rig = Rig::with_tenants(paced(1, 1), Scoring::new(), &[1]);
    rig.put_sized(0, 0, 4);
    for _ in 0..5 {
        rig.put(0, 0);
    }
    assert_eq!(rig.drain().len(), 1);
    assert_eq!(rig.next(), Next::NotUntil(at(4)));
    rig.now = at(2);
    rig.change(Change::Quota(Some(quota(4, 1))));
    assert_eq!(rig.next(), Next::NotUntil(Time::from_nanoseconds(2_500_000_000)));
    rig.change(Change::Quota(None));
    assert_eq!(rig.drain().len(), 5, "no quota, no pacing");
    rig.change(Change::Quota(Some(quota(1, 3))));
    for _ in 0..5 {
        rig.put(0, 0);
    }
    assert_eq!(rig.drain().len(), 3, "a new quota starts with its burst");
}

#[test]
fn what_is_owed_is_never_rounded_down() {
    let quota = |segments, nanoseconds| {
        let rate = Rate::new(segments, Span::from_nanoseconds(nanoseconds)).expect("valid");
        Quota { rate, burst: 1 }
    };
    let mut rig = Rig::with_tenants(config(Some(quota(2, 3))), Scoring::new(), &[1]);
    rig.put(0, 0);
    rig.put(0, 0);
    rig.send();
    // One segment takes 1.5 ns; after 1 ns a third of it is owed, which takes 5/3 ns at the new rate.
    rig.pass(Span::from_nanoseconds(1));
    rig.change(Change::Quota(Some(quota(1, 5))));
    assert_eq!(rig.next(), Next::NotUntil(Time::from_nanoseconds(3)));
}
