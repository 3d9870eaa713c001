//! Scores are what they say: lags that add up to nothing, and the highest is next.

use crate::rig::*;
use apportion::scheduler::{Change, LaneConfig, Message, Scoring, Standing, Status, TermTimes};
use apportion::units::{ClassId, SenderId, TenantId, Weight, mix};

/// All standings, by tenant and sender.
fn standings(rig: &Rig<Scoring>, tenants: u32) -> Vec<(u32, u32, Standing)> {
    (0..tenants)
        .flat_map(|tenant| {
            let own = rig.lane.explain(TenantId(tenant));
            own.into_iter().map(move |(sender, standing)| (tenant, sender.0, standing))
        })
        .collect()
}

pub(crate) fn assert_balanced(standings: &[(u32, u32, Standing)]) {
    let lags: i128 = standings.iter().map(|(_, _, standing)| standing.lag_nanosegments).sum();
    let shares: u64 = standings.iter().map(|(_, _, standing)| standing.share_billionths).sum();
    let rounding = 8 * standings.len() as u64;
    assert!(lags.unsigned_abs() <= rounding.into(), "the lags add up to {lags} billionths");
    assert!(shares.abs_diff(1_000_000_000) <= rounding, "the shares add up to {shares} billionths");
}

#[test]
fn a_score_is_the_lag_in_seconds_of_the_own_share() {
    let mut rig = Rig::with_tenants(paced(2, 9), Scoring::new(), &[1, 3]);
    for _ in 0..3 {
        rig.put_sized(0, 0, 2);
        rig.put_sized(1, 1, 2);
    }
    let standing = |score_ns, lag_nanosegments, share_billionths| Standing {
        score_ns,
        lag_nanosegments,
        terms: TermTimes::default(),
        share_billionths,
    };
    let found: Vec<Standing> = standings(&rig, 2).into_iter().map(|(.., s)| s).collect();
    assert_eq!(found, [standing(0, 0, 250_000_000), standing(0, 0, 750_000_000)]);
    let first = rig.send();
    // Of two segments the fluid division gives 0.5 to tenant 0 and 1.5 to tenant 1, at 0.5/s and 1.5/s.
    let (half, one_and_a_half) = (500_000_000, 1_500_000_000);
    let expected = if first.message.tenant == TenantId(0) {
        [
            standing(-3_000_000_000, -one_and_a_half, 250_000_000),
            standing(1_000_000_000, one_and_a_half, 750_000_000),
        ]
    } else {
        [standing(1_000_000_000, half, 250_000_000), standing(-333_333_333, -half, 750_000_000)]
    };
    let found: Vec<Standing> = standings(&rig, 2).into_iter().map(|(.., s)| s).collect();
    assert_eq!(found, expected);
    // Without a rate, seconds are told as if it were one segment a second.
    rig.change(Change::Quota(None));
    let slower: Vec<i128> = standings(&rig, 2).into_iter().map(|(.., s)| s.score_ns).collect();
    for (slow, fast) in slower.into_iter().zip(expected) {
        assert!((slow - 2 * fast.score_ns).abs() <= 1);
    }
}

#[test]
fn in_a_flat_tree_the_highest_score_goes_next() {
    let weights: [u32; 7] = [1, 2, 3, 5, 8, 13, 16];
    let mut rig = Rig::with_tenants(plain(), Scoring::new(), &weights);
    for step in 0..3000_u64 {
        let luck = mix(step);
        let tenant = (luck % 7) as u32;
        if luck >> 32 & 3 < 2 {
            rig.put_sized(tenant, tenant, 1 + (luck >> 8 & 3) as u32);
            continue;
        }
        let before = standings(&rig, 7);
        if before.is_empty() {
            continue;
        }
        assert_balanced(&before);
        let highest = before.iter().map(|(.., standing)| standing.score_ns).max().expect("some");
        let attempt = rig.send();
        rig.answer(attempt, Status::OK);
        let picked = before.iter().find(|(tenant, ..)| *tenant == attempt.message.tenant.0);
        let (.., picked) = picked.expect("what is sent was eligible");
        // Scores are rounded to the nanosecond, shares to the billionth.
        assert!(
            highest - picked.score_ns <= 1 + highest.abs() / 10_000_000,
            "{picked:?} {highest}"
        );
    }
}

#[test]
fn lags_add_up_to_nothing_in_a_tree_and_leave_out_the_held() {
    let config = LaneConfig {
        tenant_sets: vec![weight(2), weight(3)],
        classes: vec![weight(1), weight(5)],
        ..plain()
    };
    let mut rig = Rig::new(config, Scoring::new());
    rig.up(0, u32::MAX);
    for tenant in 0..5 {
        rig.attach(tenant, Some(tenant % 2), 1 + tenant);
    }
    rig.change(Change::SenderCap(SenderId(3), Some(quota(1, 2))));
    for step in 0..2000_u64 {
        let luck = mix(step + 1_000_000);
        if luck >> 32 & 3 < 2 {
            let tenant = (luck % 5) as u32;
            let sender = tenant + 5 * (luck >> 16 & 1) as u32;
            let message = rig.message(tenant, sender, 1 + (luck >> 8 & 3) as u32);
            let class = ClassId((luck >> 20 & 1) as u16);
            rig.submit(Message { class, ..message }).expect("nothing refuses it");
        } else if let Some(attempt) = rig.drain_one() {
            rig.answer(attempt, if luck >> 40 & 7 == 0 { Status::THROTTLED } else { Status::OK });
        }
        let found = standings(&rig, 5);
        if !found.is_empty() {
            assert_balanced(&found);
        }
    }
    assert!(standings(&rig, 5).iter().all(|(_, sender, _)| *sender != 3), "held by its cap");
    assert!(rig.lane.explain(TenantId(99)).is_empty());
}

#[test]
fn a_new_weight_owes_no_fractions_of_the_old_one() {
    // A weight that divides nothing leaves almost a million millionths of a unit uncharged; at a
    // weight of millionths that would be a thousand billionths of a segment.
    let millionths = |weight| Weight::from_millionths(weight).expect("valid");
    let mut rig = Rig::with_tenants(plain(), Scoring::new(), &[1, 1]);
    rig.change(Change::TenantWeight(TenantId(0), millionths(999_999_999_989)));
    rig.change(Change::TenantWeight(TenantId(1), millionths(17)));
    rig.put(0, 0);
    rig.send();
    rig.change(Change::TenantWeight(TenantId(0), millionths(17)));
    for tenant in [0, 0, 1, 1] {
        rig.put(tenant, tenant);
    }
    // What tenant 0 had is a segment still, and tenant 1 has its own first.
    assert_eq!(rig.send().message.tenant, TenantId(1));
    for tenant in [0, 1] {
        rig.put(tenant, tenant);
    }
    assert_ne!(rig.send().message.tenant, rig.send().message.tenant);
    let found = standings(&rig, 2);
    assert!(found.iter().all(|(.., one)| one.lag_nanosegments.abs() <= 1), "{found:?}");
}
