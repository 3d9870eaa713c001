//! Shares, as a tenant sees them.

use crate::rig::*;
use apportion::scheduler::{
    Change, FullScoring, LaneConfig, Message, Policy, Scoring, ScoringOptions, Status, Wfq,
};
use apportion::time::Span;
use apportion::units::{ClassId, Quota, Rate, SenderId, TenantId};

/// The tenants of the next `count` messages.
fn order<P: Policy>(rig: &mut Rig<P>, count: usize) -> Vec<u32> {
    (0..count)
        .map(|_| {
            let attempt = rig.send();
            rig.answer(attempt, Status::OK);
            attempt.message.tenant.0
        })
        .collect()
}

fn sorted(tenants: &[u32]) -> Vec<u32> {
    let mut sorted = tenants.to_vec();
    sorted.sort_unstable();
    sorted
}

/// Bennett and Zhang (INFOCOM 1996): session 0 is entitled to half and has 11 messages, ten others have
/// a twentieth and one message each.
fn eleven_sessions<P: Policy>(policy: P) -> Vec<u32> {
    let mut rig = Rig::with_tenants(plain(), policy, &[10, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
    for _ in 0..11 {
        rig.put(0, 0);
    }
    for tenant in 1..=10 {
        rig.put(tenant, tenant);
    }
    order(&mut rig, 21)
}

#[test]
fn eleven_sessions_under_wfq_run_ahead_and_then_wait() {
    let order = eleven_sessions(Wfq::new(quota(1, 1).rate));
    assert_eq!(order[..9], [0; 9]);
    // The tenth message of session 0 and those of all others finish at the same time: a tie.
    assert_eq!(sorted(&order[9..20]), (0..=10).collect::<Vec<_>>());
    assert_eq!(order[20], 0);
}

#[test]
fn eleven_sessions_under_scoring_begin_with_everyone() {
    let order = eleven_sessions(Scoring::new());
    assert_eq!(sorted(&order[..11]), (0..=10).collect::<Vec<_>>());
    assert_eq!(order[11..], [0; 10]);
}

/// Weights 3, 2, 1 (Waldspurger and Weihl 1995).
fn three_two_one<P: Policy>(policy: P) -> Vec<u32> {
    let mut rig = Rig::with_tenants(plain(), policy, &[3, 2, 1]);
    for _ in 0..60 {
        for tenant in 0..3 {
            rig.put(tenant, tenant);
        }
    }
    order(&mut rig, 60)
}

#[test]
fn three_two_one_comes_in_rounds_of_six() {
    // By start tags: all at 0, then a third, a half, two thirds.
    let order = three_two_one(Scoring::new());
    for round in order.chunks(6) {
        assert_eq!(sorted(&round[..3]), [0, 1, 2]);
        assert_eq!(round, [&order[..3], &[0, 1, 0]].concat());
    }
    // By finish tags: a third, a half, two thirds, then all at 1.
    let order = three_two_one(Wfq::new(quota(1, 1).rate));
    for round in order.chunks(6) {
        assert_eq!(round[..3], [0, 1, 0]);
        assert_eq!(sorted(&round[3..]), [0, 1, 2]);
    }
}

#[test]
fn the_number_of_senders_moves_nothing() {
    let mut rig = Rig::with_tenants(plain(), Scoring::new(), &[1, 1]);
    for sender in 0..50 {
        for _ in 0..4 {
            rig.put(0, 0);
            rig.put(1, 1 + sender);
        }
    }
    let (mut one, mut fifty) = (0_i32, 0_i32);
    for tenant in order(&mut rig, 400) {
        *(if tenant == 0 { &mut one } else { &mut fifty }) += 1;
        assert!((one - fifty).abs() <= 1, "{one} against {fifty}");
    }
}

#[test]
fn who_returns_from_idleness_gets_its_share_and_no_more() {
    for idle in [false, true] {
        let mut rig = Rig::with_tenants(paced(1, 1), Scoring::new(), &[1, 1, 2]);
        for _ in 0..500 {
            rig.put(1, 1);
            rig.put(2, 2);
        }
        if !idle {
            rig.put(0, 0);
        }
        rig.run_until(at(300), Status::OK);
        for _ in 0..200 {
            rig.put(0, 0);
        }
        let sent = rig.run_until(at(500), Status::OK);
        assert_eq!(sent.len(), 200);
        for count in 1..=200_u32 {
            let own =
                sent[..count as usize].iter().filter(|(_, a)| a.message.tenant == TenantId(0));
            let own = own.count() as u32;
            // A quarter, and one message: 4 × (own − 1) ≤ count.
            assert!(4 * own <= count + 4, "{own} of the first {count}");
            assert!(4 * own + 8 >= count, "{own} of the first {count}");
        }
    }
}

#[test]
fn what_one_leaves_unused_the_others_have_at_once() {
    let mut rig = Rig::with_tenants(paced(10, 1), Scoring::new(), &[1, 3]);
    rig.change(Change::SenderCap(SenderId(1), Some(quota(1, 1))));
    for _ in 0..200 {
        rig.put(0, 0);
        rig.put(1, 1);
    }
    let sent = rig.run_until(at(10), Status::OK);
    let of = |tenant| sent.iter().filter(|(_, a)| a.message.tenant == TenantId(tenant)).count();
    assert_eq!(sent.len(), 101, "work-conserving");
    assert!((10..=11).contains(&of(1)), "its cap, although entitled to more: {}", of(1));
}

/// The cap of one sender holds its queues of two classes back, and lets them go, at the same time; what either
/// would have had alone in between must not count. The third class has most of the weight and nothing to
/// send, so that V is slow and is where the first begins most of the time.
#[test]
fn a_cap_that_holds_two_classes_back_at_once_moves_neither() {
    type Build = fn() -> Box<dyn Policy>;
    let policies: [Build; 2] =
        [|| Box::new(Scoring::new()), || Box::new(FullScoring::new(ScoringOptions::WorstCaseFair))];
    for (policy, first) in policies.into_iter().flat_map(|policy| [(policy, 0), (policy, 1)]) {
        let classes = [3, 1, 20].map(weight).to_vec();
        let mut rig = Rig::with_tenants(LaneConfig { classes, ..paced(100, 1) }, policy(), &[1]);
        let submit = |rig: &mut Rig<_>, class: u16, sender: u32| {
            let message = rig.message(0, sender, 1);
            rig.submit(Message { class: ClassId(class), ..message }).expect("no threshold is set");
        };
        rig.change(Change::SenderCap(SenderId(0), Some(quota(1, 1))));
        submit(&mut rig, 2, 1);
        for _ in 0..400 {
            submit(&mut rig, first, 0);
            submit(&mut rig, 1 - first, 0);
        }
        let sent = rig.run_until(at(400), Status::OK);
        let of = |class| sent.iter().filter(|(_, a)| a.message.class == ClassId(class)).count();
        let shares = [of(0), of(1)];
        assert!((299..=302).contains(&shares[0]) && (99..=102).contains(&shares[1]), "{shares:?}");
    }
}

#[test]
fn running_dry_between_messages_gains_nothing() {
    let mut rig = Rig::with_tenants(plain(), Scoring::new(), &[1, 1]);
    for _ in 0..400 {
        rig.put(1, 1);
    }
    let (mut all, mut own) = (0, 0);
    rig.put_sized(0, 0, 5);
    while all < 700 {
        let attempt = rig.send();
        rig.answer(attempt, Status::OK);
        all += attempt.message.segments.get();
        if attempt.message.tenant == TenantId(0) {
            own += 5;
        } else if rig.lane.explain(TenantId(0)).is_empty() {
            // It was idle for one message, and comes back with the next large one.
            rig.put_sized(0, 0, 5);
        }
        assert!(2 * own <= all + 6, "{own} of {all} segments by running dry after each message");
    }
}

#[test]
fn the_fluid_clock_loses_nothing_however_often_it_is_read() {
    // Alone, tenant 0 is served 1 segment a second by the fluid division. Its messages finish at 1, 2, …
    // millionths of virtual time; a hundredth of a second is less than a unit of that.
    let million = 1_000_000;
    let mut rig = Rig::with_tenants(plain(), Wfq::new(quota(1, 1).rate), &[million, million]);
    for _ in 0..10 {
        rig.put(0, 0);
    }
    for _ in 0..550 {
        rig.pass(milliseconds(10));
        // Nothing changes, but the clock is read.
        rig.change(Change::TenantWeight(TenantId(0), weight(million)));
    }
    rig.put(1, 1);
    // At 5.5 seconds the sixth is under way; the newcomer finishes between it and the seventh.
    assert_eq!(order(&mut rig, 11), [0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]);
}

#[test]
fn the_fluid_clock_carries_its_remainder_over_to_a_new_rate() {
    let million = 1_000_000;
    let mut rig = Rig::with_tenants(plain(), Wfq::new(quota(1, 1).rate), &[million, million]);
    for _ in 0..10 {
        rig.put(0, 0);
    }
    // Five nanoseconds at 1/s are next to nothing; one at 1 in 2 ns is half a message.
    rig.pass(Span::from_nanoseconds(5));
    let rate = Rate::new(1, Span::from_nanoseconds(2)).expect("a valid rate");
    rig.change(Change::Quota(Some(Quota { rate, burst: 100 })));
    rig.pass(Span::from_nanoseconds(1));
    rig.put(1, 1);
    assert_eq!(order(&mut rig, 11), [0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
}
