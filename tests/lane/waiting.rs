//! What happens to a message before it is sent: admission, expiry, withdrawal.

use crate::rig::*;
use apportion::scheduler::{
    Belief as B, Change, Happening as H, LaneConfig, Message, Next, Refused, RequeuePlace,
    RetryPolicy, Scoring, Status, Target,
};
use apportion::time::{Span, Time};
use apportion::units::{ClassId, Segments, SenderId, TenantId};

fn drain_of(outcome: Result<apportion::scheduler::Accepted, Refused>) -> Option<Span> {
    match outcome {
        Ok(_) => None,
        Err(Refused::QueueOverflow { drain }) => Some(drain),
        Err(other) => panic!("{other}"),
    }
}

/// Submits until refused; returns how many were taken, and the drain time of the first refused.
fn fill(rig: &mut Rig<Scoring>, tenant: u32, sender: u32) -> (u64, Span) {
    for taken in 0.. {
        let message = rig.message(tenant, sender, 1);
        if let Some(drain) = drain_of(rig.submit(message)) {
            return (taken, drain);
        }
    }
    unreachable!("admission has a limit")
}

#[test]
fn admission_refuses_by_the_time_to_drain_at_the_present_share() {
    let config = LaneConfig { admission: Some(seconds(2)), ..paced(10, 1) };
    let mut rig = Rig::with_tenants(config, Scoring::new(), &[1, 1]);
    // Alone: 20 segments at 10/s take 2 s, which is not longer than allowed.
    assert_eq!(fill(&mut rig, 0, 0), (21, milliseconds(2100)));
    // Beside the other, each has half.
    assert_eq!(fill(&mut rig, 1, 1), (11, milliseconds(2200)));
    assert_eq!(fill(&mut rig, 0, 0), (0, milliseconds(4200)));
    // Another sender of the tenant is another queue; it would have half of the half.
    assert_eq!(fill(&mut rig, 0, 2), (6, milliseconds(2400)));
    assert_eq!(rig.messages(B::Queued), 38, "what is queued stays");
    assert_eq!(rig.messages(B::Refused), 4);
    let refused = rig.log.moves.iter().find(|step| step.to == B::Refused).expect("one");
    assert_eq!((refused.why, refused.from, refused.code), (H::QueueOverflow, None, 30_001));
    let of_tenant = rig.lane.tenant_counts(TenantId(0)).expect("attached");
    assert_eq!((of_tenant.messages_in(B::Refused), of_tenant.messages_in(B::Queued)), (3, 27));
    rig.check_ledgers();

    assert_eq!(rig.run_until(at(4), Status::OK).len(), 38);
    assert_eq!(fill(&mut rig, 0, 0), (21, milliseconds(2100)), "as at first");
}

#[test]
fn admission_goes_by_the_cap_where_that_is_less() {
    let config = LaneConfig { admission: Some(seconds(2)), ..paced(10, 1) };
    let mut rig = Rig::with_tenants(config, Scoring::new(), &[1]);
    rig.change(Change::SenderCap(SenderId(0), Some(quota(1, 1))));
    assert_eq!(fill(&mut rig, 0, 0), (3, seconds(3)));
    assert_eq!(fill(&mut rig, 0, 1), (11, milliseconds(2200)), "the other is not refused for it");
    // A fast cap leaves the share as the limit.
    rig.change(Change::SenderCap(SenderId(0), Some(quota(1000, 1))));
    assert_eq!(fill(&mut rig, 0, 0), (8, milliseconds(2200)));
    // Without a quota only the cap counts, and without both nothing is refused.
    rig.change(Change::Quota(None));
    rig.change(Change::SenderCap(SenderId(0), Some(quota(1, 1))));
    assert_eq!(fill(&mut rig, 0, 0), (0, seconds(11)));
    rig.change(Change::SenderCap(SenderId(0), None));
    for _ in 0..1000 {
        rig.put(0, 0);
    }
}

#[test]
fn admission_counts_segments_and_weights() {
    let config = LaneConfig { admission: Some(seconds(2)), ..paced(8, 1) };
    let mut rig = Rig::with_tenants(config, Scoring::new(), &[3, 1]);
    rig.put_sized(1, 1, 4);
    // A quarter of 8/s is 2/s once the other is there; 5 segments take 2.5 s.
    rig.put_sized(0, 0, 1);
    let message = rig.message(1, 1, 1);
    assert_eq!(drain_of(rig.submit(message)), None, "4 segments take 2 s");
    let message = rig.message(1, 1, 1);
    assert_eq!(drain_of(rig.submit(message)), Some(milliseconds(2500)));
    let other = rig.message(0, 0, 1);
    assert_eq!(drain_of(rig.submit(other)), None);
    rig.change(Change::TenantWeight(TenantId(1), weight(3)));
    let message = rig.message(1, 1, 1);
    assert_eq!(drain_of(rig.submit(message)), None, "half of 8/s, by the new weight");
}

#[test]
fn admission_shares_with_nobody_who_is_held_back() {
    let config = LaneConfig { admission: Some(seconds(10)), ..paced(10, 1) };
    let mut rig = Rig::with_tenants(config, Scoring::new(), &[1, 9]);
    rig.put(1, 1);
    let heavy = Target::Tenant(TenantId(1));
    assert!(rig.lane.pause(rig.now, heavy, &mut rig.log));
    assert_eq!(fill(&mut rig, 0, 0), (101, milliseconds(10_100)), "all of 10/s for 10 s");
    assert!(rig.lane.resume(rig.now, heavy, &mut rig.log));
    assert_eq!(fill(&mut rig, 0, 0), (0, seconds(101)), "a tenth of it");
    // Who is held back itself has what would be its share, and waits for its turn besides.
    assert!(rig.lane.pause(rig.now, heavy, &mut rig.log));
    assert_eq!(fill(&mut rig, 1, 1).0, 90, "91 segments take more than 10 s at 9/s");
    // What is sent in one go leaves nobody to share with.
    assert!(rig.lane.resume(rig.now, heavy, &mut rig.log));
    rig.run_until(at(60), Status::OK);
    assert_eq!(fill(&mut rig, 0, 0), (101, milliseconds(10_100)));
}

#[test]
fn what_cannot_be_taken_is_refused_and_not_counted() {
    let mut rig = Rig::with_tenants(plain(), Scoring::new(), &[1]);
    let good = rig.message(0, 0, 1);
    let cases = [
        (Message { tenant: TenantId(1), ..good }, Refused::TenantNotAttached),
        (Message { tenant: TenantId(9), ..good }, Refused::TenantNotAttached),
        (Message { class: ClassId(1), ..good }, Refused::NoSuchClass),
        (Message { segments: Segments(0), ..good }, Refused::NoSegments),
        (Message { segments: Segments(65_536), ..good }, Refused::TooManySegments),
    ];
    for (message, why) in cases {
        assert_eq!(rig.submit(message), Err(why));
        assert_eq!(why.code(), None);
    }
    assert_eq!(Refused::QueueOverflow { drain: seconds(1) }.code(), Some(30_001));
    assert_eq!(rig.lane.counts().submitted(), 0);
    assert_eq!((rig.log.moves.len(), rig.lane.queue_count()), (0, 0));
}

fn expiring(rig: &mut Rig<Scoring>, tenant: u32, valid: Span) -> Result<(), Refused> {
    let message = rig.message(tenant, tenant, 1);
    let expires = rig.now + valid;
    rig.submit(Message { expires, ..message }).map(|_| ())
}

#[test]
fn expiry_uses_no_quota() {
    let mut rig = Rig::with_tenants(paced(1, 1), Scoring::new(), &[1]);
    rig.put(0, 0);
    expiring(&mut rig, 0, milliseconds(500)).expect("taken");
    expiring(&mut rig, 0, seconds(1)).expect("taken");
    rig.put(0, 0);
    expiring(&mut rig, 0, milliseconds(1001)).expect("taken");
    let sent = rig.run_until(at(5), Status::OK);
    let sent: Vec<_> = sent.into_iter().map(|(time, a)| (time, a.message.id.0)).collect();
    assert_eq!(sent, [(at(0), 0), (at(1), 3)]);
    // A message is not sent at the very time it expires; nor later, when its turn comes.
    let expired: Vec<_> =
        rig.log.moves.iter().filter(|s| s.why == H::Expired).map(|s| (s.at, s.message)).collect();
    let times = [milliseconds(500), seconds(1), milliseconds(1001)].map(|span| Time::ZERO + span);
    assert_eq!(expired, [(times[0], 1), (times[1], 2), (times[2], 4)]);
    rig.check_ledgers();
}

#[test]
fn expiry_uses_no_entitlement() {
    let order = |expiring_too: bool| {
        let mut rig = Rig::with_tenants(paced(1, 1), Scoring::new(), &[1, 1]);
        for _ in 0..4 {
            if expiring_too {
                expiring(&mut rig, 0, milliseconds(1)).expect("taken");
            }
            rig.put(0, 0);
            rig.put(1, 1);
        }
        rig.pass(seconds(1));
        let sent = rig.run_until(at(30), Status::OK);
        sent.into_iter().map(|(time, a)| (time, a.message.tenant)).collect::<Vec<_>>()
    };
    let fair = order(false);
    assert_eq!(fair.len(), 8);
    assert_eq!(order(true), fair);
}

#[test]
fn a_parked_message_expires_when_its_time_has_come() {
    let retry =
        RetryPolicy { temporary: again(3, seconds(5), RequeuePlace::Head), ..RetryPolicy::NEVER };
    let mut rig = Rig::with_tenants(LaneConfig { retry, ..plain() }, Scoring::new(), &[1]);
    expiring(&mut rig, 0, seconds(2)).expect("taken");
    let attempt = rig.send();
    rig.answer(attempt, Status::QUEUE_FULL);
    assert_eq!((rig.belief(0), rig.lane.wake()), (B::Parked, Some(at(2))));
    rig.now = at(2);
    assert_eq!((rig.next(), rig.belief(0)), (Next::Idle, B::Expired));
    assert_eq!((rig.lane.wake(), rig.lane.counts().live()), (None, 0));
    rig.check_ledgers();
}

#[test]
fn withdrawal_takes_what_waits_and_nothing_else() {
    let retry =
        RetryPolicy { temporary: again(3, seconds(5), RequeuePlace::Head), ..RetryPolicy::NEVER };
    let setup = || {
        let config = LaneConfig { retry, ..plain() };
        let mut rig = Rig::with_tenants(config, Scoring::new(), &[1, 1]);
        let tickets = [(0, 0), (0, 2), (1, 1)].map(|(tenant, sender)| rig.put(tenant, sender));
        let sent = rig.drain();
        assert_eq!(sent.len(), 3);
        // One of each tenant is parked, one is with the carrier.
        for attempt in sent.iter().filter(|attempt| attempt.message.id.0 != 0) {
            rig.answer(*attempt, Status::QUEUE_FULL);
        }
        rig.up(0, 0);
        let queued =
            [(0, 0), (0, 2), (1, 1), (0, 0)].map(|(tenant, sender)| rig.put(tenant, sender));
        (rig, tickets, queued)
    };
    let cases: [(Target, &[u64]); 4] = [
        (Target::Tenant(TenantId(0)), &[1, 3, 4, 6]),
        (Target::Tenant(TenantId(1)), &[2, 5]),
        (Target::Sender(SenderId(2)), &[1, 4]),
        (Target::Sender(SenderId(7)), &[]),
    ];
    for (what, expected) in cases {
        let (mut rig, ..) = setup();
        assert_eq!(rig.cancel(what), expected.len() as u64, "{what:?}");
        let mut gone: Vec<u64> =
            rig.log.moves.iter().filter(|s| s.why == H::Cancelled).map(|s| s.message).collect();
        gone.sort_unstable();
        assert_eq!(gone, expected, "{what:?}");
        assert_eq!(rig.cancel(what), 0, "{what:?} again");
        rig.check_ledgers();
        rig.up(0, 99);
        rig.now = at(5);
        let left: Vec<u64> = rig.drain().iter().map(|attempt| attempt.message.id.0).collect();
        let parked_or_queued = [1, 2, 3, 4, 5, 6].into_iter().filter(|id| !expected.contains(id));
        assert_eq!(left.len(), parked_or_queued.count(), "{what:?}");
    }
    let (mut rig, tickets, queued) = setup();
    assert_eq!(rig.cancel(Target::Message(tickets[0])), 0, "it is with the carrier");
    assert_eq!(rig.cancel(Target::Message(tickets[1])), 1, "it is parked");
    assert_eq!(rig.cancel(Target::Message(queued[0])), 1, "it is the head of its queue");
    assert_eq!(rig.cancel(Target::Message(queued[0])), 0, "it is gone");
    rig.put(0, 0);
    assert_eq!(rig.cancel(Target::Message(queued[0])), 0, "its slot has another message now");
    rig.check_ledgers();
}
