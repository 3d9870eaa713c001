//! Nodes that are promised a part, held to a rate, or may not borrow.

use crate::rig::*;
use apportion::scheduler::{
    Amount, Borrowing, ByFlow, Change, ChangeError, FullScoring, LaneConfig, Mclock, Message, Next,
    Policy, Refused, Scoring, ScoringOptions, ShareBounds, ShareNode, Status, Target,
};
use apportion::units::{ClassId, Rate, TenantId, TenantSetId, Weight};

const NONE: ShareBounds = ShareBounds::NONE;

fn percent(percent: u64) -> Option<Amount> {
    Weight::from_millionths(percent * 10_000).map(Amount::Part)
}

fn per_second(segments: u64) -> Option<Amount> {
    Rate::per_second(segments).map(Amount::Rate)
}

fn full() -> FullScoring {
    FullScoring::new(ScoringOptions::default())
}

fn worst_case_fair() -> FullScoring {
    FullScoring::new(ScoringOptions::WorstCaseFair)
}

fn bound<P: Policy>(rig: &mut Rig<P>, tenant: u32, bounds: ShareBounds) {
    rig.change(Change::Bounds(ShareNode::Tenant(TenantId(tenant)), bounds));
}

fn fill<P: Policy>(rig: &mut Rig<P>, tenants: u32, count: u32) {
    for _ in 0..count {
        for tenant in 0..tenants {
            rig.put(tenant, tenant);
        }
    }
}

/// Messages of each tenant within the next seconds.
fn sent<P: Policy>(rig: &mut Rig<P>, tenants: usize, seconds: u64) -> Vec<usize> {
    let end = rig.now + crate::rig::seconds(seconds);
    let mut counts = vec![0; tenants];
    for (_, attempt) in rig.run_until(end, Status::OK) {
        counts[attempt.message.tenant.index()] += 1;
    }
    counts
}

fn close(found: &[usize], expected: &[usize]) {
    let near = found.iter().zip(expected).all(|(found, expected)| found.abs_diff(*expected) <= 2);
    assert!(near, "{found:?}, expected {expected:?}");
}

/// Six tenants of equal weight at 10/s, the first with these bounds.
fn shares_of_six<P: Policy>(policy: P, bounds: ShareBounds) -> Vec<usize> {
    let mut rig = Rig::with_tenants(paced(10, 1), policy, &[1; 6]);
    bound(&mut rig, 0, bounds);
    fill(&mut rig, 6, 700);
    sent(&mut rig, 6, 60)
}

#[test]
fn a_promise_is_kept_whatever_the_weights_and_the_rest_is_divided_by_them() {
    for min in [percent(50), per_second(5)] {
        let bounds = ShareBounds { min, ..NONE };
        close(&shares_of_six(full(), bounds), &[300, 60, 60, 60, 60, 60]);
        close(&shares_of_six(worst_case_fair(), bounds), &[300, 60, 60, 60, 60, 60]);
        // A policy that divides by weight alone keeps no promises.
        close(&shares_of_six(Scoring::new(), bounds), &[100; 6]);
    }
}

#[test]
fn a_promise_below_the_share_by_weight_changes_nothing() {
    let bounds = ShareBounds { min: percent(10), ..NONE };
    close(&shares_of_six(full(), bounds), &[100; 6]);
}

#[test]
fn promises_of_more_than_there_is_are_scaled_down_in_proportion() {
    let mut rig = Rig::with_tenants(paced(10, 1), full(), &[1; 3]);
    bound(&mut rig, 0, ShareBounds { min: percent(100), ..NONE });
    bound(&mut rig, 1, ShareBounds { min: percent(50), ..NONE });
    fill(&mut rig, 3, 700);
    close(&sent(&mut rig, 3, 60), &[400, 200, 0]);
    // When one of them has nothing more to send, the other's promise is kept in full at once: what it
    // lacked before is not made up for.
    rig.cancel(Target::Tenant(TenantId(0)));
    close(&sent(&mut rig, 3, 60), &[0, 300, 300]);
}

#[test]
fn what_was_got_beyond_a_promise_is_not_held_against_it() {
    let mut rig = Rig::with_tenants(paced(10, 1), full(), &[1; 6]);
    bound(&mut rig, 0, ShareBounds { min: percent(50), ..NONE });
    for _ in 0..900 {
        rig.put(0, 0);
    }
    close(&sent(&mut rig, 6, 60), &[600, 0, 0, 0, 0, 0]);
    for _ in 0..300 {
        (1..6).for_each(|tenant| {
            rig.put(tenant, tenant);
        });
    }
    close(&sent(&mut rig, 6, 20), &[100, 20, 20, 20, 20, 20]);
}

#[test]
fn a_promise_saves_nothing_up_while_nothing_can_be_sent() {
    let mut rig = Rig::with_tenants(paced(10, 1), full(), &[1; 6]);
    bound(&mut rig, 0, ShareBounds { min: percent(50), ..NONE });
    fill(&mut rig, 6, 300);
    rig.down(0);
    rig.pass(seconds(600));
    rig.up(0, u32::MAX);
    close(&sent(&mut rig, 6, 20), &[100, 20, 20, 20, 20, 20]);
}

#[test]
fn a_limit_holds_a_node_alone_and_among_others() {
    for max in [percent(20), per_second(2)] {
        let bounds = ShareBounds { max, ..NONE };
        close(&shares_of_six(full(), ShareBounds { max: percent(10), ..NONE })[..1], &[60]);
        for policy in [full(), worst_case_fair()] {
            let mut rig = Rig::with_tenants(paced(10, 1), policy, &[8, 1, 1]);
            bound(&mut rig, 0, bounds);
            fill(&mut rig, 1, 500);
            // Alone: two a second, and the lane knows when the next may go.
            // One may be made up: the wire is seldom free when the limit lets the next go.
            assert_eq!(rig.drain().len(), 1);
            rig.pass(milliseconds(100));
            assert_eq!(rig.drain().len(), 1);
            assert_eq!(rig.next(), Next::NotUntil(at(0) + milliseconds(500)));
            close(&sent(&mut rig, 3, 60), &[120, 0, 0]);
            fill(&mut rig, 3, 500);
            close(&sent(&mut rig, 3, 60), &[120, 240, 240]);
        }
        // A policy that divides by weight alone does not know of it.
        assert!(shares_of_six(Scoring::new(), bounds)[0] > 90);
    }
}

#[test]
fn a_limit_is_reached_however_busy_the_wire_is() {
    for (part, of_600) in [(10, 60), (30, 180), (45, 270), (60, 360), (70, 420)] {
        for policy in [full(), worst_case_fair()] {
            let mut rig = Rig::with_tenants(paced(10, 1), policy, &[8, 1, 1]);
            bound(&mut rig, 0, ShareBounds { max: percent(part), ..NONE });
            fill(&mut rig, 3, 1000);
            let others = (600 - of_600) / 2;
            close(&sent(&mut rig, 3, 60), &[of_600, others, others]);
            rig.cancel(Target::Tenant(TenantId(1)));
            rig.cancel(Target::Tenant(TenantId(2)));
            close(&sent(&mut rig, 3, 60), &[of_600, 0, 0]);
        }
    }
}

#[test]
fn nothing_is_waited_for_when_who_is_limited_has_nothing_to_send() {
    let mut rig = Rig::with_tenants(paced(10, 1), full(), &[1, 1]);
    bound(&mut rig, 0, ShareBounds { max: per_second(1), ..NONE });
    for sent in 0..2 {
        rig.pass(milliseconds(100 * sent));
        rig.put(0, 0);
        rig.send();
    }
    rig.put(0, 0);
    assert_eq!(rig.next(), Next::NotUntil(at(1)));
    rig.cancel(Target::Tenant(TenantId(0)));
    assert_eq!(rig.next(), Next::Idle);
}

#[test]
fn who_may_not_borrow_has_its_own_share_and_no_more() {
    let mut rig = Rig::with_tenants(paced(12, 1), full(), &[1, 2]);
    bound(&mut rig, 0, ShareBounds { borrowing: Borrowing::Never, ..NONE });
    fill(&mut rig, 1, 900);
    close(&sent(&mut rig, 2, 60), &[240, 0]);
    // Who is attached counts, whether it sends or not.
    rig.attach(2, None, 3);
    close(&sent(&mut rig, 3, 60), &[120, 0, 0]);
    rig.change(Change::TenantWeight(TenantId(0), weight(5)));
    close(&sent(&mut rig, 3, 60), &[360, 0, 0]);
    rig.change(Change::Quota(Some(quota(2, 1))));
    close(&sent(&mut rig, 3, 60), &[60, 0, 0]);
    bound(&mut rig, 0, NONE);
    close(&sent(&mut rig, 3, 30), &[60, 0, 0]);
}

#[test]
fn an_own_share_is_what_the_promises_of_the_others_leave() {
    let alone = ShareBounds { borrowing: Borrowing::Never, ..NONE };
    let beside = |other: ShareBounds, work: u32| {
        let mut rig = Rig::with_tenants(paced(10, 1), full(), &[1, 1, 2]);
        bound(&mut rig, 0, alone);
        bound(&mut rig, 1, other);
        fill(&mut rig, work, 1000);
        sent(&mut rig, 3, 60)
    };
    close(&beside(NONE, 3), &[150, 150, 300]);
    // Who takes what a limit does not let through borrows it.
    let limited = ShareBounds { max: per_second(1), ..NONE };
    close(&beside(limited, 3), &[150, 60, 390]);
    close(&beside(limited, 1), &[150, 0, 0]);
    // What is promised is nobody else's own, whether it is used or not.
    let promised = ShareBounds { min: percent(70), ..NONE };
    close(&beside(promised, 3), &[60, 420, 120]);
    close(&beside(promised, 1), &[60, 0, 0]);
    // Promises of more than there is are scaled down, and leave nothing but the least rate there is.
    let all = ShareBounds { min: percent(100), ..NONE };
    close(&beside(all, 1), &[0, 0, 0]);
}

#[test]
fn own_shares_of_sets_and_classes_know_of_promises_too() {
    let config =
        LaneConfig { tenant_sets: vec![weight(1); 2], classes: vec![weight(1); 2], ..paced(12, 1) };
    let mut rig = Rig::new(config, full());
    rig.up(0, u32::MAX);
    for (tenant, set) in [0, 0, 1].into_iter().enumerate() {
        rig.attach(tenant as u32, Some(set), 1);
    }
    let alone = ShareBounds { borrowing: Borrowing::Never, ..NONE };
    let set = |set| ShareNode::TenantSet(TenantSetId(set));
    let class = |class| ShareNode::Class(ClassId(class));
    rig.change(Change::Bounds(
        set(1),
        ShareBounds { min: per_second(2), max: per_second(2), ..NONE },
    ));
    rig.change(Change::Bounds(set(0), alone));
    rig.change(Change::Bounds(class(1), ShareBounds { min: percent(80), ..NONE }));
    rig.change(Change::Bounds(class(0), alone));
    fill(&mut rig, 2, 1000);
    // The set's own is 6/s, each of the two has 3/s of it, and a fifth of that is for class 0.
    close(&sent(&mut rig, 3, 60), &[36, 36, 0]);
    rig.change(Change::Bounds(set(1), ShareBounds { min: per_second(10), ..NONE }));
    close(&sent(&mut rig, 3, 60), &[12, 12, 0]);
    // A limit above holds what is a part of it to less as well: of the set, and of a tenant.
    rig.change(Change::Bounds(set(1), NONE));
    rig.change(Change::Bounds(set(0), ShareBounds { max: per_second(5), ..NONE }));
    close(&sent(&mut rig, 3, 60), &[30, 30, 0]);
    bound(&mut rig, 0, ShareBounds { max: per_second(1), ..NONE });
    close(&sent(&mut rig, 3, 60), &[12, 30, 0]);
}

#[test]
fn a_limited_set_leaves_the_rest_to_the_others_and_divides_what_it_has() {
    let config = LaneConfig { tenant_sets: vec![weight(1); 2], ..paced(10, 1) };
    let mut rig = Rig::new(config, full());
    rig.up(0, u32::MAX);
    for (tenant, set) in [0, 0, 1].into_iter().enumerate() {
        rig.attach(tenant as u32, Some(set), 1 + 2 * u32::from(tenant == 0));
    }
    let set = |set| ShareNode::TenantSet(TenantSetId(set));
    rig.change(Change::Bounds(set(0), ShareBounds { max: per_second(2), ..NONE }));
    fill(&mut rig, 3, 1500);
    close(&sent(&mut rig, 3, 60), &[90, 30, 480]);
    // A tenant's promise is a part of its set's share.
    bound(&mut rig, 1, ShareBounds { min: percent(75), ..NONE });
    close(&sent(&mut rig, 3, 60), &[30, 90, 480]);
    rig.change(Change::Bounds(set(0), ShareBounds { min: percent(90), ..NONE }));
    close(&sent(&mut rig, 3, 60), &[135, 405, 60]);
}

#[test]
fn a_class_is_bounded_within_every_tenant() {
    let config = LaneConfig { classes: vec![weight(1); 2], ..paced(10, 1) };
    let mut rig = Rig::with_tenants(config, full(), &[1, 1]);
    let class = |class| ShareNode::Class(ClassId(class));
    rig.change(Change::Bounds(class(1), ShareBounds { min: percent(80), ..NONE }));
    for round in 0..1200 {
        let message = rig.message(round % 2, round % 2, 1);
        let class = ClassId((round / 2 % 2) as u16);
        rig.submit(Message { class, ..message }).expect("nothing refuses it");
    }
    let mut counts = [[0; 2]; 2];
    for (_, attempt) in rig.run_until(at(60), Status::OK) {
        counts[attempt.message.tenant.index()][attempt.message.class.index()] += 1;
    }
    counts.iter().for_each(|own| close(own, &[60, 240]));
}

#[test]
fn admission_knows_of_promises_and_limits() {
    let config = LaneConfig { admission: Some(seconds(10)), ..paced(10, 1) };
    // How many messages of tenant 0 are taken while both have work.
    let taken = |bounds| {
        let mut rig = Rig::with_tenants(config.clone(), full(), &[1, 1]);
        bound(&mut rig, 0, bounds);
        rig.put(1, 1);
        let mut taken = 0;
        loop {
            let message = rig.message(0, 0, 1);
            match rig.submit(message) {
                Ok(_) => taken += 1,
                Err(Refused::QueueOverflow { .. }) => return taken,
                Err(other) => panic!("{other}"),
            }
        }
    };
    // Ten seconds of the share, and the one that is over.
    assert_eq!(taken(NONE), 51);
    assert_eq!(taken(ShareBounds { min: percent(80), ..NONE }), 81);
    assert_eq!(taken(ShareBounds { max: per_second(2), ..NONE }), 21);
}

#[test]
fn bounds_that_cannot_be_are_refused_and_change_nothing() {
    let mut rig = Rig::with_tenants(paced(10, 1), full(), &[1, 1]);
    let refused = |rig: &mut Rig<FullScoring>, node, bounds| {
        rig.lane.reconfigure(rig.now, Change::Bounds(node, bounds)).expect_err("it cannot be")
    };
    let cases = [
        (ShareNode::Tenant(TenantId(7)), ChangeError::TenantNotAttached(TenantId(7))),
        (ShareNode::TenantSet(TenantSetId(0)), ChangeError::NoSuchTenantSet(Some(TenantSetId(0)))),
        (ShareNode::Class(ClassId(0)), ChangeError::NoSuchClass(ClassId(0))),
    ];
    for (node, expected) in cases {
        assert_eq!(refused(&mut rig, node, NONE), expected);
    }
    let two = Weight::whole(2).map(Amount::Part);
    let node = ShareNode::Tenant(TenantId(0));
    let error = refused(&mut rig, node, ShareBounds { max: two, ..NONE });
    assert_eq!(error, ChangeError::PartAboveOne);
    fill(&mut rig, 2, 100);
    close(&sent(&mut rig, 2, 10), &[50, 50]);
}

/// A tenant that is promised 1/s of 10/s, beside one of a thousand times its weight.
fn promised_under_mclock() -> Rig<ByFlow<Mclock>> {
    let mut rig = Rig::with_tenants(paced(10, 1), ByFlow::tenants(Mclock::new()), &[1, 1000]);
    bound(&mut rig, 0, ShareBounds { min: per_second(1), ..NONE });
    fill(&mut rig, 2, 1100);
    rig
}

#[test]
fn a_promise_under_mclock_is_as_large_whoever_else_comes_and_goes() {
    for comes_and_goes in [false, true] {
        let mut rig = promised_under_mclock();
        let mut counts = [0; 2];
        for tenth in 0..1000 {
            if comes_and_goes && tenth % 2 == 0 {
                rig.attach(2, None, 1);
            } else if comes_and_goes {
                rig.lane.detach(rig.now, TenantId(2)).expect("it has nothing");
            }
            let attempt = rig.send();
            counts[attempt.message.tenant.index()] += 1;
            rig.answer(attempt, Status::OK);
            rig.pass(milliseconds(100));
        }
        assert_eq!(counts, [100, 900], "comes and goes: {comes_and_goes}");
    }
}

#[test]
fn a_promise_under_mclock_is_of_what_the_carrier_takes() {
    let mut rig = promised_under_mclock();
    let (mut taken, mut attempts) = ([0; 2], 0);
    for _ in 0..1000 {
        let attempt = rig.send();
        let tenant = attempt.message.tenant.index();
        attempts += 1 - tenant;
        // Of the promised tenant every other attempt is throttled.
        if tenant == 0 && attempts % 2 == 1 {
            rig.answer(attempt, Status::THROTTLED);
        } else {
            rig.answer(attempt, Status::OK);
            taken[tenant] += 1;
        }
        rig.pass(milliseconds(100));
    }
    assert_eq!(taken, [100, 800]);
}
