//! Tenants that come and go, weights that change, queues that are reclaimed.

use crate::rig::*;
use apportion::scheduler::{
    Belief as B, Change, ChangeError, DailyCap, Fifo, Lane, LaneConfig, Lottery, Policy,
    ReceiptOutcome, ReceiptState, Scoring, SessionChange, Status, Target, TenantSpec,
    TokenPartition, Wfq,
};
use apportion::time::Time;
use apportion::units::{ClassId, Quota, SenderId, SessionId, TenantId, TenantSetId, Weight};

/// Segments that each of two tenants got of the next `count`.
fn shares<P: Policy>(rig: &mut Rig<P>, count: usize) -> [usize; 2] {
    let mut shares = [0, 0];
    for _ in 0..count {
        let attempt = rig.send();
        shares[attempt.message.tenant.index()] += 1;
        rig.answer(attempt, Status::OK);
    }
    shares
}

#[test]
fn a_new_weight_acts_on_the_present_backlog() {
    let mut rig = Rig::with_tenants(plain(), Scoring::new(), &[1, 1]);
    for _ in 0..100 {
        rig.put(0, 0);
        rig.put(1, 1);
    }
    assert_eq!(shares(&mut rig, 20), [10, 10]);
    rig.change(Change::TenantWeight(TenantId(1), weight(3)));
    let [first, second] = shares(&mut rig, 40);
    assert!(first.abs_diff(10) <= 1 && second.abs_diff(30) <= 1, "{first} {second}");
}

#[test]
fn a_weight_that_is_set_before_the_first_message_counts_too() {
    let mut rig = Rig::with_tenants(plain(), Scoring::new(), &[1, 1]);
    rig.change(Change::TenantWeight(TenantId(0), weight(4)));
    for _ in 0..50 {
        rig.put(0, 0);
        rig.put(1, 1);
    }
    assert_eq!(shares(&mut rig, 50), [40, 10]);
}

#[test]
fn changes_that_cannot_be_made_change_nothing() {
    let sets = vec![Weight::ONE; 2];
    let mut lane: Lane<Scoring> =
        Lane::new(LaneConfig { tenant_sets: sets, ..paced(1, 1) }, Scoring::new());
    let spec = |set: Option<u32>| TenantSpec { set: set.map(TenantSetId), weight: Weight::ONE };
    let id = TenantId(3);
    for set in [None, Some(2)] {
        let error = ChangeError::NoSuchTenantSet(set.map(TenantSetId));
        assert_eq!(lane.attach(id, spec(set)), Err(error));
        assert!(!error.to_string().is_empty());
    }
    assert_eq!(lane.attach(id, spec(Some(1))), Ok(()));
    assert_eq!(lane.attach(id, spec(Some(1))), Err(ChangeError::TenantAttached(id)));
    let zero = Some(Quota { burst: 0, ..quota(1, 1) });
    let daily = DailyCap { segments: 1, resets: Time::ZERO };
    let bad = [
        (Change::Quota(zero), ChangeError::BurstIsZero),
        (Change::SenderCap(SenderId(0), zero), ChangeError::BurstIsZero),
        (Change::TenantCap(id, zero), ChangeError::BurstIsZero),
        (Change::TenantWeight(TenantId(0), weight(2)), ChangeError::TenantNotAttached(TenantId(0))),
        (Change::TenantWeight(TenantId(9), weight(2)), ChangeError::TenantNotAttached(TenantId(9))),
    ];
    for (change, error) in bad {
        assert_eq!(lane.reconfigure(at(0), change), Err(error));
    }
    for stranger in [TenantId(0), TenantId(9)] {
        for cap in [
            Change::TenantCap(stranger, Some(quota(1, 1))),
            Change::TenantCap(stranger, None),
            Change::TenantDailyCap(stranger, Some(daily)),
        ] {
            let error = ChangeError::TenantNotAttached(stranger);
            assert_eq!(lane.reconfigure(at(0), cap), Err(error));
        }
        assert_eq!(lane.detach(at(0), stranger), Err(ChangeError::TenantNotAttached(stranger)));
    }

    let mut flat: Lane<Scoring> = Lane::new(plain(), Scoring::new());
    let error = ChangeError::NoSuchTenantSet(Some(TenantSetId(0)));
    assert_eq!(flat.attach(id, spec(Some(0))), Err(error), "there are no sets");
}

#[test]
#[should_panic(expected = "at least one class")]
fn a_lane_needs_a_class() {
    let _ = Lane::new(LaneConfig { classes: Vec::new(), ..plain() }, Fifo::new());
}

#[test]
#[should_panic(expected = "at least 1 segment")]
fn a_quota_needs_a_burst() {
    let quota = Some(Quota { burst: 0, ..quota(1, 1) });
    let _ = Lane::new(LaneConfig { quota, ..plain() }, Fifo::new());
}

#[test]
fn a_tenant_leaves_only_with_nothing_live() {
    let mut rig = Rig::with_tenants(plain(), Scoring::new(), &[1, 1]);
    let id = TenantId(0);
    let busy = Err(ChangeError::TenantHasMessages(id));
    rig.put(0, 0);
    assert_eq!(rig.lane.detach(rig.now, id), busy, "queued");
    let attempt = rig.send();
    assert_eq!(rig.lane.detach(rig.now, id), busy, "in flight");
    rig.answer(attempt, Status::OK);
    assert_eq!(rig.lane.detach(rig.now, id), busy, "a receipt may come");
    rig.now = at(100);
    let _ = rig.next();
    assert_eq!(rig.belief(0), B::Unknown);
    let counts = rig.lane.detach(rig.now, id).expect("nothing live");
    assert_eq!((counts.submitted(), counts.messages_in(B::Unknown)), (1, 1));
    assert_eq!(rig.lane.queue_count(), 0);
    let late = rig.receipt(attempt.ticket, ReceiptState::Delivered);
    assert_eq!(late, ReceiptOutcome::Stray, "nobody is there to tell");
    assert_eq!(rig.lane.tenant_counts(id), None);
    assert_eq!(rig.lane.counts().messages_in(B::Unknown), 1, "the totals keep it");
    rig.attach(0, None, 1);
    rig.put(0, 0);
    assert_eq!(rig.drain().len(), 1);
}

fn all_policies() -> Vec<(&'static str, Box<dyn Policy>)> {
    let rate = quota(1000, 1).rate;
    vec![
        ("scoring", Box::new(Scoring::new())),
        ("fifo", Box::new(Fifo::new())),
        ("wfq", Box::new(Wfq::new(rate))),
        ("token-partition", Box::new(TokenPartition::new(rate))),
        ("lottery", Box::new(Lottery::new())),
    ]
}

#[test]
fn queues_of_a_hundred_thousand_tenants_are_reclaimed() {
    for (name, policy) in all_policies() {
        let mut lane = Lane::new(plain(), policy);
        let up = SessionChange::Up { window: 10 };
        lane.session(at(0), SessionId(0), up, &mut ());
        let mut entropy = 0;
        let mut most = 0;
        for tenant in 0..100_000 {
            // Slow enough for the one that paces by tenant.
            let now = at(u64::from(tenant) * 1000);
            let spec = TenantSpec { set: None, weight: Weight::ONE };
            lane.attach(TenantId(tenant), spec).expect("a fresh tenant");
            let message = apportion::scheduler::Message {
                id: apportion::units::MessageId(u64::from(tenant)),
                key: 0,
                reference: 0,
                tenant: TenantId(tenant),
                sender: SenderId(tenant),
                class: ClassId(0),
                segments: apportion::units::Segments(1),
                expires: apportion::time::Time::NEVER,
            };
            lane.submit(now, message, &mut ()).expect("taken");
            most = most.max(lane.queue_count());
            let mut draw = || {
                entropy += 1;
                apportion::units::mix(entropy)
            };
            let apportion::scheduler::Next::Send(attempt) = lane.next(now, &mut draw, &mut ())
            else {
                panic!("{name}: not sent");
            };
            let _ = lane.answered(now, attempt.ticket, Status::INVALID_RECIPIENT, &mut ());
        }
        assert_eq!(most, 1025, "{name}: the kept ones, and the one in use");
        assert_eq!(lane.counts().messages_in(B::Failed), 100_000, "{name}");
    }
}

#[test]
fn a_reclaimed_queue_comes_back_in_its_place_of_the_tree() {
    let config = LaneConfig {
        tenant_sets: vec![weight(1), weight(1)],
        classes: vec![weight(1), weight(3)],
        ..plain()
    };
    let mut rig = Rig::new(config, Scoring::new());
    rig.up(0, u32::MAX);
    rig.attach(0, Some(0), 1);
    rig.attach(1, Some(1), 1);
    let send_all = |rig: &mut Rig<Scoring>| {
        for attempt in rig.drain() {
            rig.answer(attempt, Status::INVALID_RECIPIENT);
        }
    };
    rig.put(0, 0);
    send_all(&mut rig);
    // Two thousand other queues come and go: those of tenant 0 are reclaimed, up to its set.
    for sender in 0..2000 {
        rig.put(1, 10 + sender);
        send_all(&mut rig);
    }
    assert_eq!(rig.lane.queue_count(), 1024);
    for _ in 0..40 {
        for (tenant, class) in [(0, 0), (0, 1), (1, 0)] {
            let message = rig.message(tenant, tenant, 1);
            let message = apportion::scheduler::Message { class: ClassId(class), ..message };
            rig.submit(message).expect("taken");
        }
    }
    let mut by_queue = [0, 0, 0];
    for _ in 0..40 {
        let attempt = rig.send();
        by_queue[attempt.message.tenant.index() * 2 + attempt.message.class.index()] += 1;
    }
    // Their shares, but for a message: not one of them starts with the credit or debt of its place.
    let distance = by_queue.iter().zip([5_i32, 15, 20]).map(|(got, due)| (got - due).abs());
    assert!(distance.max() <= Some(1), "{by_queue:?}");
}

#[test]
fn a_queue_with_anything_under_way_is_not_reclaimed() {
    let mut rig = Rig::with_tenants(plain(), Scoring::new(), &[1]);
    rig.put(0, 0);
    let kept = rig.send();
    for sender in 1..3000 {
        rig.put(0, sender);
        let attempt = rig.send();
        rig.answer(attempt, Status::INVALID_RECIPIENT);
    }
    assert_eq!(rig.lane.queue_count(), 1025);
    assert_eq!(rig.answer(kept, Status::THROTTLED), apportion::scheduler::Answer::InTime);
    assert_eq!(rig.cancel(Target::Tenant(TenantId(0))), 0);
    assert_eq!(rig.lane.queue_count(), 1024);
    assert!(rig.lane.detach(rig.now, TenantId(0)).is_ok());
    assert_eq!(rig.lane.queue_count(), 0);
}

/// How much a lane holds, by the length of its own description.
fn held_after<P: Policy + std::fmt::Debug>(policy: P, messages: u64) -> usize {
    let mut lane = Lane::new(plain(), policy);
    for tenant in 0..4 {
        let spec = TenantSpec { set: None, weight: Weight::ONE };
        lane.attach(TenantId(tenant), spec).expect("a fresh tenant");
    }
    let up = SessionChange::Up { window: 10 };
    lane.session(at(0), SessionId(0), up, &mut ());
    for number in 0..messages {
        let now = at(1_000_000_000 + number);
        let tenant = (number % 4) as u32;
        let message = apportion::scheduler::Message {
            id: apportion::units::MessageId(number),
            key: 0,
            reference: 0,
            tenant: TenantId(tenant),
            sender: SenderId(tenant),
            class: ClassId(0),
            segments: apportion::units::Segments(1),
            expires: apportion::time::Time::NEVER,
        };
        lane.submit(now, message, &mut ()).expect("taken");
        let apportion::scheduler::Next::Send(attempt) = lane.next(now, &mut || 0, &mut ()) else {
            panic!("message {number} was not sent");
        };
        let _ = lane.answered(now, attempt.ticket, Status::INVALID_RECIPIENT, &mut ());
    }
    format!("{lane:?}").len()
}

#[test]
fn what_a_lane_holds_does_not_grow_with_what_went_through_it() {
    let rate = quota(1000, 1).rate;
    let sizes = [1000, 20_000].map(|messages| {
        [
            held_after(Scoring::new(), messages),
            held_after(Fifo::new(), messages),
            held_after(Wfq::new(rate), messages),
            held_after(TokenPartition::new(rate), messages),
            held_after(Lottery::new(), messages),
        ]
    });
    for (few, many) in sizes[0].into_iter().zip(sizes[1]) {
        // A note of idleness a message would be more than ten times as long.
        assert!(many < 2 * few, "{few} characters after a thousand messages, {many} after twenty");
    }
}
