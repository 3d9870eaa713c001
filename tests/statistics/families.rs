//! Rows of several statements at once: the best of k, several metrics, the regression gate.

use apportion::experiment::statistics::{
    Better, GateVerdict, GatedMetric, Level, Margin, Outcome, WithBest, compare_with_best, gate,
    holm, mean_interval, non_inferiority, paired_difference,
};

use super::Promise::SeldomErrs;
use super::{Draws, Row, Trial, green, red};

pub(super) const ROWS: &[Row] = &[
    green("best of 5, the first by a hair: an interval is wrong", SeldomErrs, 20_000, |d| {
        best_errs(d, &BY_A_HAIR, Level::P95)
    }),
    green("best of 5, one better: an interval is wrong", SeldomErrs, 20_000, |d| {
        best_errs(d, &[1.0, 1.5, 1.5, 2.0, 3.0], Level::P95)
    }),
    green("best of 10, two tie: an interval is wrong", SeldomErrs, 20_000, |d| {
        let means = [1.0, 1.0, 1.2, 1.2, 1.4, 1.4, 2.0, 2.0, 3.0, 3.0];
        best_errs(d, &means, Level::P95)
    }),
    green("Holm, 10 metrics, none moved: one is said to", SeldomErrs, 20_000, |d| {
        moved_errs(d, &[0.0; 10], holm)
    }),
    green("Holm, 10 metrics, 5 moved: another is said to", SeldomErrs, 20_000, |d| {
        let moves = [0.0, 1.0, 0.0, 2.0, 0.0, 1.5, 0.0, 0.5, 0.0, 1.0];
        moved_errs(d, &moves, holm)
    }),
    green("gate, 1 of 3 metrics on its margin: passes", SeldomErrs, 20_000, |d| {
        let verdict = gate_of(d, &[1.1, 1.0, 1.0], Margin::Relative(0.1));
        Trial::from_answer(Some(verdict == GateVerdict::Pass))
    }),
    green("gate, 20 metrics on their margins: fails", SeldomErrs, 20_000, |d| {
        let verdict = gate_of(d, &[1.1; 20], Margin::Absolute(0.1));
        Trial::from_answer(Some(verdict == GateVerdict::Fail))
    }),
    green("gate, 5 looks with the error spent: passes", SeldomErrs, 20_000, |d| {
        looks_err(d, Level::P95.split(5))
    }),
    red("best of 5 without a correction", SeldomErrs, 4_000, |d| {
        // An error of 20 % together is 5 % for each of the four comparisons.
        best_errs(d, &BY_A_HAIR, Level::new(0.8).expect("a level"))
    }),
    red("10 metrics without a correction", SeldomErrs, 4_000, |d| {
        moved_errs(d, &[0.0; 10], <[f64]>::to_vec)
    }),
    red("20 to 100 pairs, until the interval excludes 0", SeldomErrs, 4_000, |d| {
        let mut differences = d.many(20, Draws::normal);
        let finds = (20..100).any(|_| {
            differences.push(d.normal());
            !mean_interval(&differences, Level::P95).expect("twenty values").contains(0.0)
        });
        Trial::from_answer(Some(finds))
    }),
    red("gate by the mean alone, on the margin: passes", SeldomErrs, 4_000, |d| {
        let mean = d.many(10, |d| 0.1 + 0.2 * d.normal()).iter().sum::<f64>() / 10.0;
        Trial::from_answer(Some(mean <= 0.1))
    }),
    red("gate, 20 metrics on their margins, uncorrected", SeldomErrs, 4_000, |d| {
        let fails = (0..20).any(|_| {
            let worsening = d.many(10, |d| 0.1 + 0.2 * d.normal());
            let test = non_inferiority(&worsening, 0.1, Level::P95).expect("ten values");
            test.outcome == Outcome::Fail
        });
        Trial::from_answer(Some(fails))
    }),
    red("gate, 5 looks at the full error each", SeldomErrs, 4_000, |d| looks_err(d, Level::P95)),
];

/// The hardest case: whoever says that the first is not the best is wrong, and all others are as close as
/// can be. (Of policies that are equal the interval always has the truth, 0, in it.)
const BY_A_HAIR: [f64; 5] = [1.0, 1.000_001, 1.000_001, 1.000_001, 1.000_001];

/// Policies of these means, smaller is better, under shared luck that some feel more than others, with
/// own luck of spreads 0.2, 0.4, ...: nothing like sphericity. Whether any of the intervals misses.
fn best_errs(d: &mut Draws, means: &[f64], level: Level) -> Trial {
    let mut replications = vec![Vec::new(); means.len()];
    for _ in 0..15 {
        let luck = d.normal();
        for (index, values) in replications.iter_mut().enumerate() {
            let own = 0.2 * (index + 1) as f64 * d.normal();
            values.push(means[index] + luck * (1.0 + 0.1 * index as f64) + own);
        }
    }
    let table = compare_with_best(&replications, Better::Smaller, level);
    let misses = |(i, one): (usize, &WithBest)| {
        let others = means.iter().enumerate().filter(|(l, _)| *l != i);
        let best = others.map(|(_, mean)| *mean).fold(f64::INFINITY, f64::min);
        let truth = means[i] - best;
        truth < one.low || truth > one.high
    };
    let errs = |table: Vec<WithBest>| table.iter().enumerate().any(misses);
    Trial::from_answer(table.map(errs))
}

/// Metrics that moved by this much, in pairs of 12 with luck that all metrics share. Whether one that has
/// not moved is said to have.
fn moved_errs(d: &mut Draws, moves: &[f64], adjust: fn(&[f64]) -> Vec<f64>) -> Trial {
    let mut after = vec![Vec::new(); moves.len()];
    for _ in 0..12 {
        let luck = 0.5 * d.normal();
        for (values, by) in after.iter_mut().zip(moves) {
            values.push(by + luck + d.normal());
        }
    }
    let before = [0.0; 12];
    let p_values: Vec<f64> = after
        .iter()
        .map(|after| paired_difference(after, &before, Level::P95).expect("twelve pairs").p_value)
        .collect();
    let adjusted = adjust(&p_values);
    Trial::from_answer(Some(moves.iter().zip(&adjusted).any(|(by, p)| *by == 0.0 && *p <= 0.05)))
}

/// The verdict on metrics with mean 1 before and these means after, 10 pairs.
fn gate_of(d: &mut Draws, means: &[f64], margin: Margin) -> GateVerdict {
    let pairs: Vec<(Vec<f64>, Vec<f64>)> = means
        .iter()
        .map(|mean| {
            let one = |d: &mut Draws| {
                let luck = 0.2 * d.normal();
                (1.0 + luck, mean + luck + 0.05 * d.normal())
            };
            (0..10).map(|_| one(d)).unzip()
        })
        .collect();
    let metrics: Vec<GatedMetric<'_>> = pairs
        .iter()
        .map(|(before, after)| GatedMetric { better: Better::Smaller, margin, before, after })
        .collect();
    gate(false, &metrics, Level::P95).verdict
}

/// Replicates by tens, up to five times, until one of the looks passes a change that is on its margin.
fn looks_err(d: &mut Draws, level: Level) -> Trial {
    let mut worsening = Vec::new();
    let passes = (0..5).any(|_| {
        worsening.extend(d.many(10, |d| 0.1 + 0.2 * d.normal()));
        let test = non_inferiority(&worsening, 0.1, level).expect("ten values");
        test.outcome == Outcome::Pass
    });
    Trial::from_answer(Some(passes))
}
