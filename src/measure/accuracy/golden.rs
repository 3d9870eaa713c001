//! The measures against values of their reference implementations (TSB-AD, prts, affiliation).

use super::range::Bias;
use super::{affiliation, at_least, events, point, range, ranking, surface};

fn labels() -> Vec<bool> {
    (0..60).map(|i| (20..=25).contains(&i) || (45..=46).contains(&i)).collect()
}

fn scores() -> Vec<f64> {
    let score = |i: usize| {
        let raised = match i {
            22..=27 => 0.5,
            46 => 0.45,
            10 => 0.42,
            _ => 0.0,
        };
        ((37 * i) % 101) as f64 / 200.0 + raised
    };
    (0..60).map(score).collect()
}

fn called() -> Vec<bool> {
    let called = at_least(&scores(), 0.55 + 1e-9);
    let at: Vec<usize> = (0..60).filter(|at| called[*at]).collect();
    assert_eq!(at, [10, 23, 24, 25, 26, 27, 46]);
    called
}

fn near(found: Option<f64>, golden: f64) {
    let found = found.expect("defined");
    assert!((found - golden).abs() < 1e-6, "{found} is not {golden}");
}

#[test]
fn scores_over_all_thresholds() {
    near(ranking::roc_area(&labels(), &scores()), 0.786_058);
    near(ranking::average_precision(&labels(), &scores()), 0.440_040);
    // TSB-AD adds 10⁻⁵ to the denominator.
    let best = ranking::best_f1(&labels(), &scores()).expect("defined");
    assert!((best - 0.624_995).abs() < 1e-5, "{best}");
}

#[test]
fn volumes_under_the_surface() {
    for (buffer, roc, precision_recall) in
        [(0, 0.786_058, 0.450_457), (4, 0.846_798, 0.554_151), (10, 0.907_097, 0.699_616)]
    {
        let found = surface::volumes(&labels(), &scores(), buffer, 60).expect("both kinds");
        near(Some(found.roc), roc);
        near(Some(found.precision_recall), precision_recall);
    }
}

#[test]
fn points_events_and_adjustment() {
    let (labels, called) = (labels(), called());
    near(point::Confusion::of(&labels, &called).f1(), 0.533_333);
    let adjusted = point::adjusted(&labels, &called, 0.0);
    near(point::Confusion::of(&labels, &adjusted).f1(), 0.842_105);
    near(events::composite_f1(&labels, &called), 0.727_273);
}

#[test]
fn ranges() {
    let (labels, called) = (labels(), called());
    near(range::f1(&labels, &called, 0.2), 0.564_706);
    near(range::precision(&labels, &called, Bias::Flat), 0.533_333);
    near(range::recall(&labels, &called, 0.0, Bias::Flat), 0.5);
    near(range::recall(&labels, &called, 0.5, Bias::Flat), 0.75);
    near(range::precision(&labels, &called, Bias::Front), 0.6);
    near(range::recall(&labels, &called, 0.0, Bias::Front), 0.309_524);
    near(range::recall(&labels, &called, 0.5, Bias::Front), 0.654_762);
}

#[test]
fn affiliations() {
    let found = affiliation::of_points(&labels(), &called());
    let equal =
        |found: f64, golden: f64| assert!((found - golden).abs() < 1e-12, "{found} {golden}");
    equal(found.precision.expect("two"), 0.904_049_295_774_647_8);
    equal(found.recall.expect("two"), 0.968_669_157_803_966_6);
    equal(found.precisions[0].expect("near"), 0.808_098_591_549_295_6);
    equal(found.precisions[1].expect("near"), 1.0);
    equal(found.recalls[0], 0.957_746_478_873_239_4);
    equal(found.recalls[1], 0.979_591_836_734_693_9);
}
