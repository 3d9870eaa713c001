//! Whole small runs: a fair division has perfect figures, and each broken one moves them.

use super::super::recorder::{Measures, RunIdentity};
use super::super::testing::{Script, Submission, at, quota, scenario, with_sets};
use super::super::{FairnessFigures, Findings, Quantile};
use crate::event::{DigestSink, Event, Flow, Sink, What};
use crate::scenario::Scenario;
use crate::scheduler::Happening;
use crate::units::{DestinationId, TenantId, Weight};

fn findings(scenario: &Scenario, script: &Script) -> Findings {
    let mut measures = Measures::new(scenario);
    for event in &script.events {
        assert_eq!(measures.record(event), Flow::Continue, "{:?}", measures.violation());
    }
    let digest = DigestSink::new(["dest"]).digest();
    measures.finish(scenario, RunIdentity { policy: "fifo".into(), seed: 7, digest, events: 0 })
}

fn figures(scenario: &Scenario, script: &Script) -> FairnessFigures {
    findings(scenario, script).summary.fairness
}

fn close(found: Option<f64>, expected: f64) {
    assert!(found.is_some_and(|found| (found - expected).abs() < 1e-9), "{found:?}");
}

fn exactly(quantile: Option<Quantile>) -> Option<f64> {
    match quantile? {
        Quantile::Exactly(value) => Some(value),
        Quantile::Above(_) => None,
    }
}

/// A hog with 1000 messages at 0 s, three tenants with one at 1 s, ten dispatches a second.
fn beside_a_hog(hog_first: bool) -> Script {
    let mut script = Script::default();
    script.submit_many(0.0, 0, 1000);
    let mut queue: Vec<u64> = (0..1000).collect();
    let small = 1000..1003;
    if hog_first {
        queue.extend(small);
    } else {
        queue.splice(10..10, small);
    }
    for (k, id) in queue.into_iter().enumerate() {
        if k == 10 {
            (1..4).for_each(|tenant| _ = script.submit(1.0, tenant));
        }
        script.send(k as f64 * 0.1, id);
    }
    script
}

#[test]
fn first_come_first_served_behind_a_hog_is_seen_in_every_figure() {
    let scenario = scenario(&[("hog", 1), ("small-1", 1), ("small-2", 1), ("small-3", 1)]);
    let fair = findings(&scenario, &beside_a_hog(false));
    // The small ones are served at once, inside the first window.
    close(fair.summary.fairness.jain, 1.0);
    close(fair.summary.fairness.max_min_distance, 0.0);
    let judged = |findings: &Findings, index: usize| {
        let account = &findings.detail.fairness.accounts[index];
        (account.judged_sent, account.judged_entitled)
    };
    assert_eq!(judged(&fair, 1), (1, 1.0));

    // Behind the hog they wait for 99 s. In the nine windows from 10 s on Jain is 1/4 and three of
    // a hundred segments went to the wrong one; in the first they had only just come.
    let unfair = findings(&scenario, &beside_a_hog(true));
    close(unfair.summary.fairness.jain, 0.25);
    close(unfair.summary.fairness.max_min_distance, 0.03);
    assert_eq!(judged(&unfair, 1), (0, 9.0));
    assert_eq!(judged(&unfair, 0), (900, 9.0 * 97.0));
    // From 1 s on 990 segments went to the hog while four waited: a quarter was owed to each. The
    // last small one got its segment only when nobody else waited.
    close(unfair.summary.fairness.contention_share_min, 0.0);
    let small = &unfair.tenants[1];
    close(small.share_mean, 1.0 / 991.0);
    close(small.entitlement_mean, (247.5 + 1.0 / 3.0) / 991.0);
}

/// Two tenants with 1000 messages each; `pattern` says in which turn they are served.
fn in_turn(pattern: &[u32]) -> Script {
    let mut script = Script::default();
    let first = [script.submit_many(0.0, 0, 1000), script.submit_many(0.0, 1, 1000)];
    let mut sent = [0, 0];
    for k in 0..400 {
        let tenant = pattern[k % pattern.len()] as usize;
        script.send(k as f64 * 0.1, first[tenant] + sent[tenant]);
        sent[tenant] += 1;
    }
    script
}

#[test]
fn weights_are_what_shares_are_held_to() {
    let weighted = scenario(&[("heavy", 3), ("light", 1)]);
    let fair = figures(&weighted, &in_turn(&[0, 0, 1, 0]));
    close(fair.jain, 1.0);
    close(fair.max_min_distance, 0.0);
    close(fair.contention_share_min, 1.0);
    // In equal turns heavy has 50 of 75 in each window and light 50 of 25: y = 2/3 and 2.
    let equal = figures(&weighted, &in_turn(&[0, 1]));
    close(equal.jain, 0.8);
    close(equal.max_min_distance, 0.25);
    close(equal.contention_share_min, 2.0 / 3.0);
    assert_eq!(equal.work_conservation, None);
}

#[test]
fn sets_share_before_their_tenants() {
    let tenants = scenario(&[("a", 1), ("b", 1)]);
    // Sets weigh 3 and 1, so what was right for weights of tenants is right for sets.
    let sets = with_sets(tenants, &[3, 1], &[0, 1]);
    let fair = figures(&sets, &in_turn(&[0, 0, 1, 0]));
    close(fair.jain, 1.0);
    close(fair.contention_share_min, 1.0);
    close(figures(&sets, &in_turn(&[0, 1])).contention_share_min, 2.0 / 3.0);
}

#[test]
fn a_cap_limits_what_a_tenant_can_be_owed() {
    // Tenant 0 may send one a second, and does; the rest goes to tenant 1.
    let mut scenario = scenario(&[("capped", 1), ("free", 1)]);
    let script = in_turn(&[0, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
    // Without the cap: 10 and 90 of 50 and 50, so y = 1/5 and 9/5.
    close(figures(&scenario, &script).jain, 25.0 / 41.0);
    scenario.senders[0].cap = quota(1, 1);
    // Burst and rate allow 11 in each full window and 10 in the last, of 9.9 s; 10 were sent: one
    // segment of 100 is misplaced in three windows of four.
    let capped = figures(&scenario, &script);
    assert!(capped.jain.is_some_and(|jain| jain > 0.99), "{capped:?}");
    close(capped.max_min_distance, 0.0075);
}

#[test]
fn quota_that_is_lost_while_work_waits_lowers_work_conservation() {
    let mut scenario = scenario(&[("a", 1)]);
    scenario.destinations[0].quota = quota(10, 1);
    let every = |seconds: f64| {
        let mut script = Script::default();
        script.submit_many(0.0, 0, 100);
        (0..100).for_each(|k| script.send(k as f64 * seconds, k));
        script
    };
    close(figures(&scenario, &every(0.1)).work_conservation, 1.0);
    // Half the rate: the first window could have sent all 100, the second its 50.
    close(figures(&scenario, &every(0.2)).work_conservation, 100.0 / 150.0);
    // Idle because nothing is there to send is no loss.
    let mut late = Script::default();
    (0..5u32).for_each(|k| {
        let id = late.submit(f64::from(k) * 30.0, 0);
        late.send(f64::from(k) * 30.0, id);
    });
    close(figures(&scenario, &late).work_conservation, 1.0);
}

#[test]
fn work_that_expires_unserved_was_owed_its_share() {
    let scenario = scenario(&[("a", 1), ("b", 1)]);
    let mut script = Script::default();
    script.submit_many(0.0, 0, 100);
    let submission = Submission { expires: at(5.0), ..Submission::of(1) };
    let b = script.submit_as(0.0, submission, Happening::Submitted);
    (0..10).for_each(|k| script.send(0.1 * k as f64, k));
    script.happen(5.0, b, Happening::Expired);
    script.send(11.0, 10);
    close(figures(&scenario, &script).jain, 0.5);
}

#[test]
fn work_that_is_cancelled_was_owed_nothing() {
    let scenario = scenario(&[("a", 1), ("b", 1), ("c", 1)]);
    let mut script = Script::default();
    let a = script.submit_many(0.0, 0, 100);
    let b = script.submit(0.0, 1);
    let c = script.submit_many(0.0, 2, 100);
    let send_both = |script: &mut Script, time: f64, k: u64| {
        script.send(time, a + k);
        script.send(time, c + k);
    };
    (0..5).for_each(|k| send_both(&mut script, 0.2 * k as f64, k));
    script.happen(5.0, b, Happening::Cancelled);
    send_both(&mut script, 11.0, 5);
    let fair = figures(&scenario, &script);
    close(fair.jain, 1.0);
    close(fair.max_min_distance, 0.0);
}

#[test]
fn the_series_has_a_row_for_each_window_in_which_something_was() {
    let scenario = scenario(&[("a", 1), ("b", 1)]);
    let mut script = Script::default();
    let a = script.submit_many(0.0, 0, 3);
    script.submit_as(1.0, Submission::of(1), Happening::QueueOverflow);
    script.dispatch(9.0, a);
    script.happen(10.0, a, Happening::AnsweredRetry);
    script.send(10.0, a + 1);
    script.happen(11.0, a, Happening::BackoffOver);
    script.send(25.0, a);
    script.send(25.0, a + 2);
    let b = script.submit(71.0, 1);
    script.send(71.0, b);
    let rows: Vec<_> = findings(&scenario, &script)
        .series
        .iter()
        .map(|row| {
            let figures = [row.offered, row.sent, row.backlog, row.failed];
            (row.start_s, row.tenant.clone(), figures, row.entitled)
        })
        .collect();
    let expected = [
        (0.0, "a".to_owned(), [3, 1, 2, 0], 1.0),
        (0.0, "b".to_owned(), [1, 0, 0, 0], 0.0),
        (10.0, "a".to_owned(), [0, 1, 2, 1], 1.0),
        (20.0, "a".to_owned(), [0, 2, 0, 0], 2.0),
        (70.0, "b".to_owned(), [1, 1, 0, 0], 1.0),
    ];
    assert_eq!(rows, expected);
}

/// Two tenants of equal weight with four messages each at 0 s, on one segment a second: A A B A B A B B.
fn eight_messages() -> (Scenario, Findings) {
    eight_messages_in_turn([0, 0, 1, 0, 1, 0, 1, 1])
}

fn eight_messages_in_turn(turns: [usize; 8]) -> (Scenario, Findings) {
    let mut scenario = scenario(&[("a", 1), ("b", 1)]);
    scenario.destinations[0].quota = quota(1, 1);
    let mut script = Script::default();
    let mut next = [script.submit_many(0.0, 0, 4), script.submit_many(0.0, 1, 4)];
    for (second, tenant) in turns.into_iter().enumerate() {
        script.send(second as f64, next[tenant]);
        next[tenant] += 1;
    }
    let findings = findings(&scenario, &script);
    (scenario, findings)
}

#[test]
fn the_course_of_service_is_followed() {
    let fairness = eight_messages().1.summary.fairness;
    // When b is served first the fluid division has given it one of the first two messages, which is two
    // seconds of its half a segment a second; a is as far ahead then, and no further later.
    close(fairness.lag_max_s, 2.0);
    close(fairness.lead_max_s, 2.0);
    // Twice two seconds at the guaranteed half; from the beginning until a's second message.
    close(fairness.relative_fairness_bound_s, 4.0);
    // Until the end of b's first message three were sent: it lacks half a message of its half of them.
    close(fairness.worst_case_fair_index_s, 1.0);
    close(fairness.starvation_max_s, 2.0);
    // Numbers 0 and 2, of two tenants.
    close(fairness.unfairness_first, 0.5);
    assert_eq!(fairness.service_jitter_max, None, "too few gaps");
}

#[test]
fn gaps_between_dispatches_have_a_variation() {
    let mut scenario = scenario(&[("a", 1)]);
    scenario.destinations[0].quota = quota(1, 1);
    let mut script = Script::default();
    let a = script.submit_many(0.0, 0, 12);
    let mut at = 0.0;
    for message in 0..12 {
        // Gaps of 1 and 3 s in turn: mean 2, deviation 1; the eleventh is a 1.
        script.send(at, a + message);
        at += if message % 2 == 0 { 1.0 } else { 3.0 };
    }
    let fairness = figures(&scenario, &script);
    let (mean, squares): (f64, f64) = (21.0 / 11.0, (6.0 + 5.0 * 9.0) / 11.0);
    close(fairness.service_jitter_max, (squares - mean * mean).sqrt() / mean);
    assert_eq!(fairness.relative_fairness_bound_s, None, "nobody to compare with");
    assert_eq!(fairness.unfairness_first, None);
    close(fairness.starvation_max_s, 3.0);
}

#[test]
fn every_figure_of_fairness_has_the_metric_of_its_name() {
    let (scenario, findings) = eight_messages();
    let fairness = findings.summary.fairness;
    let all = crate::scenario::Selector::default();
    let figures = [
        ("relative_fairness_bound", fairness.relative_fairness_bound_s),
        ("lag_max", fairness.lag_max_s),
        ("lead_max", fairness.lead_max_s),
        ("worst_case_fair_index", fairness.worst_case_fair_index_s),
        ("starvation_max", fairness.starvation_max_s),
        ("service_jitter_max", fairness.service_jitter_max),
        ("unfairness_first", fairness.unfairness_first),
        ("gps_lag", fairness.gps_lag_max_segments),
        ("gps_lead", fairness.gps_lead_max_segments),
        ("gps_lag_max", fairness.gps_lag_max_s),
        ("gps_lead_max", fairness.gps_lead_max_s),
        ("gps_lateness_p99", exactly(fairness.gps_lateness_p99_s)),
        ("gps_lateness_max", exactly(fairness.gps_lateness_max_s)),
        ("absolute_fairness_bound", fairness.absolute_fairness_bound_s),
        ("jain_normalised", fairness.jain_normalised),
        ("max_min_distance_worst", fairness.max_min_distance_worst),
        ("starvation_segments", fairness.starvation_max_segments),
        ("welfare_loss_1", fairness.welfare_loss_1),
        ("welfare_loss_2", fairness.welfare_loss_2),
        ("welfare_loss_max_min", fairness.welfare_loss_max_min),
        ("service_difference_max", fairness.service_difference_max_s),
        ("service_difference_mean", fairness.service_difference_mean_s),
        ("service_difference_deviation", fairness.service_difference_deviation_s),
        ("displacement_max", fairness.displacement_max),
        ("wrong_orderness", fairness.wrong_orderness),
        ("time_to_fairness", exactly(fairness.time_to_fairness_max_s)),
        ("finish_time_fairness_max", fairness.finish_time_fairness_max),
        ("gini", fairness.gini),
        ("theil", fairness.theil),
        ("atkinson", fairness.atkinson),
        ("min_max_ratio", fairness.min_max_ratio),
        ("service_gap", fairness.service_gap),
    ];
    for (name, figure) in figures {
        let metric = super::super::find(name).expect("registered");
        assert_eq!(super::super::value(&findings, metric, &all, &scenario), figure, "{name}");
    }
}

#[test]
fn inequality_is_that_of_sent_over_entitled() {
    let scenario = scenario(&[("hog", 1), ("small-1", 1), ("small-2", 1), ("small-3", 1)]);
    let unfair = findings(&scenario, &beside_a_hog(true));
    let accounts = &unfair.detail.fairness.accounts;
    let ratios: Vec<f64> = accounts
        .iter()
        .filter(|account| account.judged_entitled > 0.0)
        .map(|account| account.judged_sent as f64 / account.judged_entitled)
        .collect();
    assert_eq!(ratios.len(), 4);
    let fairness = unfair.summary.fairness;
    assert_eq!(fairness.gini, super::gini(&ratios));
    assert_eq!(fairness.theil, super::theil(&ratios));
    assert_eq!(fairness.atkinson, super::atkinson(&ratios));
    assert_eq!(fairness.min_max_ratio, super::min_max_ratio(&ratios));
    assert_eq!(fairness.service_gap, super::service_gap(&ratios));
    assert!(fairness.gini > Some(0.3), "{fairness:?}");
    let fair = figures(&scenario, &beside_a_hog(false));
    close(fair.gini, 0.0);
    close(fair.min_max_ratio, 1.0);
}

#[test]
fn the_fluid_system_of_the_arrivals_is_what_service_is_held_against() {
    // The fluid system ends one of each tenant every two seconds. b is served at 2, 4, 6 and 7 s, each time
    // when its message has just ended there; a has two segments at 1 s, where the fluid system has half of one.
    let fairness = eight_messages().1.summary.fairness;
    close(fairness.gps_lag_max_segments, 1.0);
    close(fairness.gps_lag_max_s, 2.0);
    close(fairness.gps_lead_max_segments, 1.5);
    close(fairness.gps_lead_max_s, 3.0);
    close(exactly(fairness.gps_lateness_max_s), 0.0);
    // a goes from 0 to 1.5 ahead; b from 1 behind to half a segment ahead.
    close(fairness.absolute_fairness_bound_s, 3.0);
    // b after a: its first two messages are 2 s and 1 s late, and it lacks two segments at 4 s.
    let late = eight_messages_in_turn([0, 0, 0, 0, 1, 1, 1, 1]).1.summary.fairness;
    close(late.gps_lag_max_segments, 2.0);
    close(late.gps_lag_max_s, 4.0);
    close(exactly(late.gps_lateness_max_s), 2.0);
    close(exactly(late.gps_lateness_p99_s), 2.0);
}

#[test]
fn waits_are_held_against_those_on_a_part_of_ones_own() {
    // Two seconds at half a segment a second.
    let fairness = eight_messages().1.summary.fairness;
    close(fairness.starvation_max_segments, 1.0);
    // Alone the four messages of each would wait for 2, 4, 6 and 8 s. Those of a wait for 0 + 1 + 3 + 5 s,
    // those of b for 2 + 4 + 6 + 7.
    close(fairness.finish_time_fairness_max, 19.0 / 20.0);
    // a's messages 0 to 3 leave as numbers 0, 1, 3 and 5: by 3/4 later each × 2 tenants ÷ (4 × 8).
    close(fairness.displacement_max, 0.046875);
    let late = eight_messages_in_turn([0, 0, 0, 0, 1, 1, 1, 1]).1.summary.fairness;
    close(late.starvation_max_segments, 2.0);
    close(late.finish_time_fairness_max, 22.0 / 20.0);
    close(late.displacement_max, 0.0);
}

#[test]
fn a_heavier_class_goes_first_or_is_in_the_wrong_order() {
    let mut scenario = scenario(&[("a", 1)]);
    scenario.classes[0].weight = Weight::whole(3).expect("valid");
    let in_order = |order: [u64; 4]| {
        let mut script = Script::default();
        let of = |class| Submission { class, ..Submission::of(0) };
        for class in [0, 1, 1, 0] {
            script.submit_as(0.0, of(class), Happening::Submitted);
        }
        order.into_iter().for_each(|id| script.send(1.0, id));
        figures(&scenario, &script).wrong_orderness
    };
    close(in_order([0, 3, 1, 2]), 0.0);
    // The first light one goes before one heavy one, or both before both: of six pairs.
    close(in_order([0, 1, 3, 2]), 1.0 / 6.0);
    close(in_order([1, 2, 0, 3]), 4.0 / 6.0);
}

#[test]
fn windows_tell_how_far_an_unfair_division_is_off_and_how_long() {
    let mut weighted = scenario(&[("heavy", 3), ("light", 1)]);
    weighted.destinations[0].quota = quota(10, 1);
    let fair = figures(&weighted, &in_turn(&[0, 0, 1, 0]));
    close(fair.jain_normalised, 1.0);
    close(fair.max_min_distance_worst, 0.0);
    close(fair.service_difference_max_s, 0.0);
    close(fair.welfare_loss_max_min, 0.0);
    // Both come at 0 s, and the first window is fair.
    assert_eq!(fair.time_to_fairness_max_s, Some(Quantile::Exactly(10.0)));
    // In equal turns heavy has 50 of 75 in each window and light 50 of 25.
    let equal = figures(&weighted, &in_turn(&[0, 1]));
    close(equal.jain_normalised, 0.6);
    close(equal.max_min_distance_worst, 1.0);
    let logarithm = 0.75 * libm::log(2.0 / 3.0) + 0.25 * libm::log(2.0);
    close(equal.welfare_loss_1, 1.0 - libm::exp(logarithm));
    close(equal.welfare_loss_2, 0.2);
    close(equal.welfare_loss_max_min, 1.0 / 3.0);
    // Fifty segments are 20 s of 2.5 a second, and 6.67 s of 7.5.
    close(equal.service_difference_max_s, 20.0 - 50.0 / 7.5);
    close(equal.service_difference_mean_s, 20.0 - 50.0 / 7.5);
    assert!(equal.service_difference_deviation_s.is_some_and(|deviation| deviation < 1e-6));
    assert_eq!(equal.time_to_fairness_max_s, Some(Quantile::Above(39.9)));
    // Another weight at 20 s makes the same turns fair from then on, which a whole window shows at 30 s.
    let mut script = in_turn(&[0, 1]);
    let light =
        What::WeightChanged { tenant: TenantId(1), weight: Weight::whole(3).expect("valid") };
    let from = script.events.iter().position(|event| event.time >= at(20.0)).expect("it lasts");
    let destination = Some(DestinationId(0));
    script.events.insert(from, Event { time: at(20.0), destination, what: light });
    let changed = figures(&weighted, &script);
    assert_eq!(changed.time_to_fairness_max_s, Some(Quantile::Exactly(30.0)));
}

#[test]
fn what_leaves_a_queue_leaves_the_fluid_system() {
    let mut scenario = scenario(&[("a", 1), ("b", 1)]);
    scenario.destinations[0].quota = quota(1, 1);
    let mut script = Script::default();
    let a = script.submit_many(0.0, 0, 4);
    let b = script.submit_many(0.0, 1, 3);
    // At 3 s the fluid system has ended one of b's and half of the next; all three are withdrawn.
    (0..3u32).for_each(|k| script.send(f64::from(k), a + u64::from(k)));
    (0..3).for_each(|k| script.happen(3.0, b + k, Happening::Cancelled));
    // Of a it has served 1.5, and ends the third at 4.5 s and the fourth at 5.5 s.
    script.send(6.0, a + 3);
    let fairness = figures(&scenario, &script).fairness_of_gps();
    assert_eq!(fairness, (Some(1.5), Some(Quantile::Above(1.0))));
    // An attempt in vain arrives again: the first is dispatched at 0 s, and again 9 s after its end there.
    let mut again = Script::default();
    let a = again.submit(0.0, 0);
    again.dispatch(0.0, a);
    again.happen(1.0, a, Happening::AnsweredRetry);
    again.happen(2.0, a, Happening::BackoffOver);
    again.send(12.0, a);
    let fairness = figures(&scenario, &again).fairness_of_gps();
    assert_eq!(fairness, (Some(1.0), Some(Quantile::Exactly(9.0))));
}

impl FairnessFigures {
    fn fairness_of_gps(&self) -> (Option<f64>, Option<Quantile>) {
        (self.gps_lag_max_segments, self.gps_lateness_max_s)
    }
}

#[test]
fn classes_of_a_tenant_divide_what_it_gets_in_the_fluid_system() {
    let mut scenario = scenario(&[("a", 1), ("b", 1)]);
    scenario.destinations[0].quota = quota(4, 20);
    scenario.classes[0].weight = Weight::whole(3).expect("valid");
    let mut script = Script::default();
    let class = |class, tenant| Submission { class, segments: 3, ..Submission::of(tenant) };
    let otp = script.submit_as(0.0, class(0, 0), Happening::Submitted);
    let bulk = script.submit_as(0.0, class(1, 0), Happening::Submitted);
    let other =
        script.submit_as(0.0, Submission { segments: 8, ..class(1, 1) }, Happening::Submitted);
    // a has two a second: 1.5 and 0.5 until otp ends at 2 s, then bulk has both and ends at 3 s.
    script.send(1.0, other);
    script.send(2.5, otp);
    script.send(3.25, bulk);
    let found = exactly(figures(&scenario, &script).gps_lateness_max_s);
    assert!(found.is_some_and(|found| (found - 0.5).abs() < 1e-8), "{found:?}");
}
