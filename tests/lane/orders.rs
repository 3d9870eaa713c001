//! Orders about what waits: pause, resume, withdraw, hurry; of a message, campaign, sender or tenant.

use crate::rig::*;
use apportion::scheduler::{
    Belief as B, Change, Happening as H, LaneConfig, LaneObserver, Message, Next, Record,
    RequeuePlace, RetryPolicy, Scoring, Status, Target, Ticket,
};
use apportion::time::Time;
use apportion::units::{CampaignId, ClassId, SenderId, TenantId};

const SPRING: CampaignId = CampaignId(7);

/// Submits a segment of tenant 0, sender 0, for the campaign.
fn put_for(rig: &mut Rig<Scoring>, campaign: CampaignId) -> Ticket {
    let message = rig.message(0, 0, 1);
    let taken = rig.lane.submit_for(rig.now, campaign, message, &mut rig.log);
    taken.expect("nothing refuses it").ticket
}

fn pause(rig: &mut Rig<Scoring>, what: Target) -> bool {
    rig.lane.pause(rig.now, what, &mut rig.log)
}

fn resume(rig: &mut Rig<Scoring>, what: Target) -> bool {
    rig.lane.resume(rig.now, what, &mut rig.log)
}

/// The messages that go now.
fn gone(rig: &mut Rig<Scoring>) -> Vec<u64> {
    rig.drain().into_iter().map(|attempt| attempt.message.id.0).collect()
}

#[test]
fn a_pause_of_a_tenant_or_sender_holds_what_waits_and_what_comes() {
    for what in [Target::Tenant(TenantId(0)), Target::Sender(SenderId(0))] {
        let mut rig = Rig::with_tenants(plain(), Scoring::new(), &[1, 1]);
        rig.put(0, 0);
        rig.put(1, 1);
        assert!(pause(&mut rig, what), "{what:?}");
        assert!(!pause(&mut rig, what), "{what:?}: it is no news");
        rig.put(0, 0);
        assert_eq!(gone(&mut rig), [1], "{what:?}: the others go on");
        assert_eq!((rig.next(), rig.lane.wake()), (Next::Idle, Some(at(10))), "the time-out of 1");
        assert_eq!(rig.messages(B::Queued), 2);
        assert!(resume(&mut rig, what) && !resume(&mut rig, what), "{what:?}");
        assert_eq!(gone(&mut rig), [0, 2], "{what:?}: in their order");
        rig.check_ledgers();
    }
}

#[test]
fn pauses_add_up_and_each_ends_by_itself() {
    let mut rig = Rig::with_tenants(plain(), Scoring::new(), &[1]);
    let ticket = put_for(&mut rig, SPRING);
    let all = [
        Target::Tenant(TenantId(0)),
        Target::Sender(SenderId(0)),
        Target::Campaign(SPRING),
        Target::Message(ticket),
    ];
    for what in all {
        assert!(pause(&mut rig, what));
    }
    for what in all {
        assert!(gone(&mut rig).is_empty(), "{what:?} is paused still");
        assert!(resume(&mut rig, what));
    }
    assert_eq!(gone(&mut rig), [0]);
}

#[test]
fn a_pause_of_a_campaign_leaves_the_rest_of_the_queue_alone() {
    let mut rig = Rig::with_tenants(plain(), Scoring::new(), &[1]);
    for number in 0..6 {
        match number % 2 {
            0 => put_for(&mut rig, SPRING),
            _ => rig.put(0, 0),
        };
    }
    rig.up(0, 1);
    assert!(pause(&mut rig, Target::Campaign(SPRING)));
    let first = rig.send();
    assert_eq!(first.message.id.0, 1);
    put_for(&mut rig, SPRING);
    assert!(resume(&mut rig, Target::Campaign(SPRING)));
    rig.up(0, 99);
    assert_eq!(gone(&mut rig), [0, 2, 3, 4, 5, 6], "each took its place again");
    assert!(!resume(&mut rig, Target::Campaign(SPRING)));
    assert!(pause(&mut rig, Target::Campaign(CampaignId(8))), "one that nobody has heard of yet");
    put_for(&mut rig, CampaignId(8));
    assert!(gone(&mut rig).is_empty());
    rig.check_ledgers();
}

#[test]
fn what_is_paused_expires_and_is_withdrawn_without_a_trace() {
    let mut rig = Rig::with_tenants(paced(1, 1), Scoring::new(), &[1]);
    let message = rig.message(0, 0, 1);
    let brief = Message { expires: at(3), ..message };
    rig.lane.submit_for(rig.now, SPRING, brief, &mut rig.log).expect("taken");
    put_for(&mut rig, SPRING);
    pause(&mut rig, Target::Campaign(SPRING));
    assert_eq!((rig.next(), rig.lane.wake()), (Next::Idle, Some(at(3))));
    rig.now = at(3);
    assert_eq!((rig.next(), rig.belief(0)), (Next::Idle, B::Expired));
    assert_eq!(rig.lane.wake(), None);
    assert_eq!(rig.cancel(Target::Campaign(SPRING)), 1);
    assert_eq!((rig.belief(1), rig.lane.counts().live()), (B::Cancelled, 0));
    assert!(rig.lane.detach(rig.now, TenantId(0)).is_ok());
    assert_eq!(rig.lane.queue_count(), 0);
    rig.check_ledgers();
}

#[test]
fn a_pause_of_a_message_in_flight_concerns_its_next_attempt() {
    let retry =
        RetryPolicy { temporary: again(3, seconds(2), RequeuePlace::Head), ..RetryPolicy::NEVER };
    let mut rig = Rig::with_tenants(LaneConfig { retry, ..plain() }, Scoring::new(), &[1]);
    let ticket = rig.put(0, 0);
    let attempt = rig.send();
    let what = Target::Message(ticket);
    assert!(pause(&mut rig, what));
    rig.answer(attempt, Status::QUEUE_FULL);
    rig.put(0, 0);
    rig.now = at(2);
    assert_eq!(gone(&mut rig), [1]);
    assert_eq!(rig.life(0).last(), Some(&(H::BackoffOver, B::Queued)), "its back-off ran on");
    assert!(resume(&mut rig, what));
    let second = rig.send();
    assert_eq!((second.message.id.0, second.number), (0, 2));
    rig.answer(second, Status::INVALID_RECIPIENT);
    assert!(!pause(&mut rig, what), "it is over");
    assert!(!resume(&mut rig, Target::Message(second.ticket)));
    rig.check_ledgers();
}

#[test]
fn a_pause_ends_with_its_message_and_is_not_inherited_by_the_next_of_its_slot() {
    let mut rig = Rig::with_tenants(plain(), Scoring::new(), &[1]);
    let ticket = rig.put(0, 0);
    assert!(pause(&mut rig, Target::Message(ticket)));
    assert_eq!(rig.cancel(Target::Message(ticket)), 1);
    rig.put(0, 0);
    assert_eq!(gone(&mut rig), [1]);
    let unknown = [Target::Message(ticket), Target::Tenant(TenantId(9))];
    for what in unknown {
        assert!(!pause(&mut rig, what) && !resume(&mut rig, what), "{what:?}");
        assert_eq!(rig.cancel(what), 0);
    }
}

#[test]
fn a_campaign_is_withdrawn_where_it_waits_and_nowhere_else() {
    let retry =
        RetryPolicy { temporary: again(3, seconds(5), RequeuePlace::Tail), ..RetryPolicy::NEVER };
    let mut rig = Rig::with_tenants(LaneConfig { retry, ..plain() }, Scoring::new(), &[1]);
    for _ in 0..3 {
        put_for(&mut rig, SPRING);
    }
    let sent = rig.drain();
    rig.answer(sent[1], Status::QUEUE_FULL);
    rig.answer(sent[2], Status::OK);
    rig.up(0, 0);
    rig.put(0, 0);
    let last = put_for(&mut rig, SPRING);
    assert!(pause(&mut rig, Target::Message(last)));
    assert_eq!(rig.cancel(Target::Campaign(SPRING)), 2, "one is parked, one paused");
    let beliefs: Vec<B> = (0..5).map(|message| rig.belief(message)).collect();
    assert_eq!(beliefs, [B::InFlight, B::Cancelled, B::Accepted, B::Queued, B::Cancelled]);
    assert_eq!(rig.cancel(Target::Campaign(SPRING)), 0);
    // Withdrawn by campaign, and withdrawn no more: what comes later is not concerned.
    put_for(&mut rig, SPRING);
    assert_eq!(rig.belief(5), B::Queued);
    rig.check_ledgers();
}

#[test]
fn what_is_withdrawn_goes_in_the_order_of_its_submission() {
    let retry =
        RetryPolicy { temporary: again(3, seconds(5), RequeuePlace::Head), ..RetryPolicy::NEVER };
    let mut rig = Rig::with_tenants(LaneConfig { retry, ..plain() }, Scoring::new(), &[1]);
    for sender in [1, 0, 1] {
        rig.put(0, sender);
    }
    for attempt in rig.drain() {
        rig.answer(attempt, Status::QUEUE_FULL);
    }
    rig.up(0, 0);
    for sender in [0, 1, 0] {
        rig.put(0, sender);
    }
    assert_eq!(rig.cancel(Target::Tenant(TenantId(0))), 6);
    let moves = rig.log.moves.iter().filter(|step| step.why == H::Cancelled);
    assert_eq!(moves.map(|step| step.message).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5]);
}

#[test]
fn a_campaign_is_hurried_by_queueing_with_another_class() {
    let config = LaneConfig { classes: vec![weight(1), weight(9)], ..plain() };
    let mut rig = Rig::with_tenants(config, Scoring::new(), &[1]);
    rig.up(0, 1);
    for _ in 0..100 {
        rig.put(0, 0);
        put_for(&mut rig, SPRING);
    }
    let served = |rig: &mut Rig<Scoring>| {
        let mut of_campaign = 0;
        for _ in 0..20 {
            let attempt = rig.send();
            assert_eq!(attempt.message.class, ClassId(0), "what it was submitted with");
            of_campaign += attempt.message.id.0 % 2;
            rig.answer(attempt, Status::OK);
        }
        of_campaign
    };
    assert_eq!(served(&mut rig), 10, "in order of arrival");
    let moved = rig.lane.reprioritise(rig.now, Target::Campaign(SPRING), ClassId(1), &mut rig.log);
    assert_eq!(moved, 90);
    let hurried = served(&mut rig);
    assert!((17..=19).contains(&hurried), "nine parts of ten, but for one: {hurried}");
    let nowhere = rig.lane.reprioritise(rig.now, Target::Campaign(SPRING), ClassId(2), &mut ());
    assert_eq!(nowhere, 0, "the lane has no such class");
    // Back again: each takes the place of its arrival.
    let back = rig.lane.reprioritise(rig.now, Target::Campaign(SPRING), ClassId(0), &mut rig.log);
    assert_eq!(back, 90 - hurried);
    rig.up(0, 999);
    let left = gone(&mut rig);
    assert!(left.is_sorted(), "{left:?}");
    rig.check_ledgers();
}

#[test]
fn what_is_parked_or_paused_queues_with_the_other_class_when_it_returns() {
    let retry =
        RetryPolicy { temporary: again(3, seconds(2), RequeuePlace::Tail), ..RetryPolicy::NEVER };
    let config = LaneConfig { classes: vec![weight(1), weight(9)], retry, ..plain() };
    let mut rig = Rig::with_tenants(config, Scoring::new(), &[1]);
    let parked = rig.put(0, 0);
    let attempt = rig.send();
    rig.answer(attempt, Status::QUEUE_FULL);
    let paused = rig.put(0, 0);
    assert!(pause(&mut rig, Target::Message(paused)));
    for what in [parked, paused] {
        let what = Target::Message(what);
        assert_eq!(rig.lane.reprioritise(rig.now, what, ClassId(1), &mut rig.log), 1);
    }
    assert!(resume(&mut rig, Target::Message(paused)));
    rig.up(0, 0);
    rig.now = at(2);
    for _ in 0..9 {
        rig.put(0, 0);
    }
    assert_eq!(rig.next(), Next::NoSession);
    rig.up(0, 3);
    let order = gone(&mut rig);
    assert!(order.contains(&0) && order.contains(&1), "ahead of nine that wait: {order:?}");
    rig.check_ledgers();
}

#[test]
fn a_listener_hears_of_each_order_once() {
    #[derive(Default)]
    struct Heard(Vec<(&'static str, Time, Option<Target>)>);
    impl LaneObserver for Heard {
        fn paused(&mut self, now: Time, what: Target) {
            self.0.push(("paused", now, Some(what)));
        }
        fn resumed(&mut self, now: Time, what: Target) {
            self.0.push(("resumed", now, Some(what)));
        }
        fn reprioritised(&mut self, now: Time, _: &Record, _: ClassId) {
            self.0.push(("reprioritised", now, None));
        }
    }
    let config = LaneConfig { classes: vec![weight(1), weight(1)], ..plain() };
    let mut rig = Rig::with_tenants(config, Scoring::new(), &[1]);
    rig.put(0, 0);
    let (mut heard, what) = (Heard::default(), Target::Tenant(TenantId(0)));
    for second in [1, 2] {
        rig.lane.pause(at(second), what, &mut heard);
        rig.lane.reprioritise(at(second), what, ClassId(1), &mut heard);
    }
    for second in [3, 4] {
        rig.lane.resume(at(second), what, &mut heard);
    }
    let expected = [
        ("paused", at(1), Some(what)),
        ("reprioritised", at(1), None),
        ("resumed", at(3), Some(what)),
    ];
    assert_eq!(heard.0, expected);
}

#[test]
fn a_paused_tenant_neither_saves_up_nor_forgets_what_it_owes() {
    let mut rig = Rig::with_tenants(plain(), Scoring::new(), &[1, 1]);
    rig.up(0, 1);
    for _ in 0..60 {
        rig.put(0, 0);
        rig.put(1, 1);
    }
    let served = |rig: &mut Rig<Scoring>, count: usize| {
        let mut served = [0, 0];
        for _ in 0..count {
            let attempt = rig.send();
            served[attempt.message.tenant.index()] += 1;
            rig.answer(attempt, Status::OK);
        }
        served
    };
    assert_eq!(served(&mut rig, 10), [5, 5]);
    pause(&mut rig, Target::Tenant(TenantId(0)));
    assert_eq!(served(&mut rig, 20), [0, 20]);
    resume(&mut rig, Target::Tenant(TenantId(0)));
    assert_eq!(served(&mut rig, 20), [10, 10], "it does not catch up");
}

#[test]
fn a_cap_of_a_tenant_is_over_all_its_senders() {
    let mut rig = Rig::with_tenants(plain(), Scoring::new(), &[1, 1]);
    rig.change(Change::TenantCap(TenantId(0), Some(quota(2, 1))));
    rig.change(Change::SenderCap(SenderId(1), Some(quota(1, 1))));
    for sender in [0, 1, 0, 1, 0, 1] {
        rig.put(0, sender);
    }
    rig.put(1, 9);
    let sent = rig.run_until(at(60), Status::OK);
    let times: Vec<u64> = sent
        .iter()
        .filter(|(_, attempt)| attempt.message.tenant == TenantId(0))
        .map(|(time, _)| time.as_nanoseconds() / 100_000_000)
        .collect();
    assert_eq!(times[..5], [0, 5, 10, 15, 20], "two a second over both");
    assert_eq!(sent.len(), 7);
    // Without the tenant's, only the sender's holds.
    rig.change(Change::TenantCap(TenantId(0), None));
    for sender in [0, 0, 1, 1] {
        rig.put(0, sender);
    }
    let times: Vec<u64> = rig
        .run_until(at(70), Status::OK)
        .iter()
        .map(|(time, _)| time.as_nanoseconds() / 1_000_000_000)
        .collect();
    assert_eq!(times, [60, 60, 60, 61]);
}
