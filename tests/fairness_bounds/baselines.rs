//! What the baselines promise, and what they do not.

use crate::rig::*;
use apportion::scheduler::{Change, Lottery, Policy, Status, TokenPartition};
use apportion::time::Time;
use apportion::units::{Rate, TenantId};

/// Messages that each tenant got of `count`, all tenants always backlogged.
fn drawn<P: Policy>(rig: &mut Rig<P>, tenants: u32, count: u64) -> Vec<u64> {
    let mut drawn = vec![0; tenants as usize];
    for _ in 0..count {
        let attempt = rig.send();
        rig.answer(attempt, Status::OK);
        let _ = rig.receipt(attempt.ticket, apportion::scheduler::ReceiptState::Delivered);
        let tenant = attempt.message.tenant.0;
        drawn[tenant as usize] += 1;
        rig.put(tenant, tenant);
    }
    drawn
}

fn assert_within_five_standard_errors(drawn: &[u64], weights: &[u32], count: u64) {
    let sum: u32 = weights.iter().sum();
    for (tenant, weight) in weights.iter().enumerate() {
        let share = f64::from(*weight) / f64::from(sum);
        let expected = count as f64 * share;
        let deviation = (expected * (1.0 - share)).sqrt();
        let found = drawn[tenant] as f64;
        assert!(
            (found - expected).abs() <= 5.0 * deviation,
            "tenant {tenant}: {found} drawn, {expected} ± {deviation} expected"
        );
    }
}

#[test]
fn a_lottery_shares_by_weight_in_expectation() {
    let mut weights = vec![7, 1, 4, 2, 16, 5];
    let mut rig = Rig::with_tenants(plain(), Lottery::new(), &weights);
    for tenant in 0..6 {
        rig.put(tenant, tenant);
        rig.put(tenant, tenant);
    }
    let count = 20_000;
    assert_within_five_standard_errors(&drawn(&mut rig, 6, count), &weights, count);
    weights[0] = 1;
    rig.change(Change::TenantWeight(TenantId(0), weight(1)));
    assert_within_five_standard_errors(&drawn(&mut rig, 6, count), &weights, count);
    // Who has nothing takes no part.
    rig.cancel(apportion::scheduler::Target::Tenant(TenantId(4)));
    weights[4] = 0;
    assert_within_five_standard_errors(&drawn(&mut rig, 6, count), &weights, count);
}

#[test]
fn a_lottery_draws_anew_for_each_message_but_spends_one_draw_on_each() {
    let mut rig = Rig::with_tenants(plain(), Lottery::new(), &[1, 1]);
    for _ in 0..100 {
        rig.put(0, 0);
        rig.put(1, 1);
    }
    let mut draws = 0;
    for _ in 0..100 {
        let mut draw = || {
            draws += 1;
            apportion::units::mix(draws)
        };
        let next = rig.lane.next(rig.now, &mut draw, &mut rig.log);
        assert!(matches!(next, apportion::scheduler::Next::Send(_)));
    }
    assert_eq!(draws, 100);
}

/// When each tenant sent how much, at 10/s divided 3 to 1.
fn partition(
    put: impl Fn(&mut Rig<TokenPartition>),
    end: Time,
) -> (Rig<TokenPartition>, [Vec<(Time, u64)>; 2]) {
    // The destination has a burst for messages of both tenants that come due together: with a burst
    // of 1 they delay each other, and buckets of one message lose what they could not send in time.
    let config = paced(10, 8);
    let rate = config.quota.expect("paced").rate;
    let mut rig = Rig::with_tenants(config, TokenPartition::new(rate), &[3, 1]);
    put(&mut rig);
    let mut by_tenant = [Vec::new(), Vec::new()];
    for (time, attempt) in rig.run_until(end, Status::OK) {
        by_tenant[attempt.message.tenant.index()].push((time, attempt.message.segments.get()));
    }
    (rig, by_tenant)
}

/// On no interval more than `rate` × its length and one message of `longest`.
fn assert_within(sent: &[(Time, u64)], rate: Rate, longest: u64) {
    for (first, (begin, _)) in sent.iter().enumerate() {
        let mut segments = 0;
        for (end, size) in &sent[first..] {
            segments += size;
            let allowed = longest + rate.whole_segments_in(*end - *begin);
            assert!(segments <= allowed, "{segments} between {begin} and {end}");
        }
    }
}

fn rate(segments: u64, seconds: u64) -> Rate {
    Rate::new(segments, crate::rig::seconds(seconds)).expect("a valid rate")
}

#[test]
fn a_partition_leaves_unused_parts_unused() {
    let (rig, [busy, idle]) = partition(
        |rig| {
            rig.put(1, 1);
            for _ in 0..1000 {
                rig.put(0, 0);
            }
        },
        at(100),
    );
    assert_eq!(idle.len(), 1);
    // Three quarters of 10/s, whoever else is there: 7.5/s for 100 s, and the first at once.
    assert!((750..=751).contains(&busy.len()), "{}", busy.len());
    assert_within(&busy, rate(15, 2), 1);
    assert_eq!(rig.messages(apportion::scheduler::Belief::Queued), 1000 - busy.len() as u64);
}

#[test]
fn a_partition_gives_each_its_part_and_not_more() {
    let (_, [heavy, light]) = partition(
        |rig| {
            for size in [1, 4, 2, 3].into_iter().cycle().take(500) {
                rig.put_sized(0, 0, size);
                rig.put_sized(1, 1, size);
            }
        },
        at(100),
    );
    assert_within(&heavy, rate(15, 2), 4);
    assert_within(&light, rate(5, 2), 4);
    let total = |sent: &[(Time, u64)]| sent.iter().map(|(_, segments)| segments).sum::<u64>();
    assert!(total(&heavy).abs_diff(750) <= 8, "{}", total(&heavy));
    assert!(total(&light).abs_diff(250) <= 8, "{}", total(&light));
}

#[test]
fn a_partition_follows_weights_and_rates() {
    let config = paced(8, 4);
    let rate = config.quota.expect("paced").rate;
    let mut rig = Rig::with_tenants(config, TokenPartition::new(rate), &[1, 1]);
    for _ in 0..2000 {
        rig.put(0, 0);
        rig.put(1, 1);
    }
    let shares = |rig: &mut Rig<TokenPartition>, end| {
        let sent = rig.run_until(at(end), Status::OK);
        let first = sent.iter().filter(|(_, a)| a.message.tenant == TenantId(0)).count();
        [first, sent.len() - first]
    };
    let close = |found: [usize; 2], expected: [usize; 2]| {
        assert!((0..2).all(|i| found[i].abs_diff(expected[i]) <= 2), "{found:?} {expected:?}");
    };
    close(shares(&mut rig, 50), [200, 200]);
    rig.change(Change::TenantWeight(TenantId(0), weight(3)));
    close(shares(&mut rig, 100), [300, 100]);
    rig.change(Change::Quota(Some(quota(4, 4))));
    close(shares(&mut rig, 150), [150, 50]);
    // A tenant that is gone counts no more.
    rig.cancel(apportion::scheduler::Target::Tenant(TenantId(0)));
    rig.run_until(at(300), Status::OK);
    rig.lane.detach(rig.now, TenantId(0)).expect("nothing of it is live");
    close(shares(&mut rig, 350), [0, 200]);
}

#[test]
fn a_tenant_that_comes_back_to_a_partition_owes_nothing() {
    let config = paced(1, 100);
    let rate = config.quota.expect("paced").rate;
    let mut rig = Rig::with_tenants(config, TokenPartition::new(rate), &[1]);
    rig.put_sized(0, 0, 50);
    let attempt = rig.send();
    rig.put(0, 0);
    assert_eq!(rig.next(), apportion::scheduler::Next::NotUntil(at(50)), "its part is spent");
    rig.cancel(apportion::scheduler::Target::Tenant(TenantId(0)));
    rig.answer(attempt, Status::INVALID_RECIPIENT);
    rig.lane.detach(rig.now, TenantId(0)).expect("nothing of it is live");
    rig.attach(0, None, 1);
    rig.put(0, 0);
    assert_eq!(rig.drain().len(), 1);
}

#[test]
fn a_partition_saves_nothing_up() {
    let config = paced(10, 100);
    let rate = config.quota.expect("paced").rate;
    let mut rig = Rig::with_tenants(config, TokenPartition::new(rate), &[1]);
    rig.put(0, 0);
    rig.run_until(at(100), Status::OK);
    for _ in 0..50 {
        rig.put(0, 0);
    }
    assert_eq!(rig.drain().len(), 1, "one message at once, however long it was idle");
    assert_eq!(rig.run_until(at(101), Status::OK).len(), 10);
}
