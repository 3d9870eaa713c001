//! The table of `examples/coverage.rs` at a small size, and that it can fail.

#[path = "statistics/shared.rs"]
mod shared;

use apportion::experiment::statistics::{Level, proportion_interval};
use shared::{Draws, Finding, Plan, Promise, SEED, Trial, Verdict, green, rows};

/// The table's own seed, so a row here is the beginning of the row there.
fn plan(divisor: u64, threads: usize) -> Plan {
    Plan { seed: SEED, divisor, threads, level: Level::P95.split(rows().len()) }
}

/// With an eightieth of the macro-runs, too few to show that a promise is kept; enough to see it broken.
#[test]
fn no_procedure_is_seen_to_break_its_promise() {
    for row in rows().iter().filter(|row| !row.is_red) {
        let finding = plan(80, 2).run(row);
        assert_ne!(finding.verdict(row.promise), Verdict::Broken, "{}: {finding:?}", row.name);
        assert!(finding.proportion.trials >= 90, "{}: {finding:?}", row.name);
    }
}

#[test]
fn every_procedure_that_is_wrong_on_purpose_is_seen_to_break_it() {
    let red: Vec<_> = rows().into_iter().filter(|row| row.is_red).collect();
    assert!(red.len() >= 15, "only {} red rows", red.len());
    for row in &red {
        let finding = plan(4, 2).run(row);
        assert_eq!(finding.verdict(row.promise), Verdict::Broken, "{}: {finding:?}", row.name);
    }
}

#[test]
fn the_number_of_threads_changes_nothing() {
    for row in rows().iter().step_by(6) {
        assert_eq!(plan(100, 1).run(row), plan(100, 3).run(row), "{}", row.name);
    }
    // The comparison can fail: another seed is other luck.
    let row = &rows()[0];
    let other = Plan { seed: SEED + 1, ..plan(100, 1) };
    assert_ne!(plan(100, 1).run(row), other.run(row));
}

#[test]
fn every_row_has_luck_of_its_own_and_enough_macro_runs() {
    let rows = rows();
    let names: std::collections::BTreeSet<&str> = rows.iter().map(|row| row.name).collect();
    assert_eq!(names.len(), rows.len());
    assert!(rows.iter().all(|row| row.macro_runs >= 2_000), "{rows:?}");
}

fn finding(yes: u64, trials: u64, declined: u64) -> Finding {
    let proportion = proportion_interval(yes, trials, Level::P95).expect("trials");
    Finding { proportion, declined }
}

/// Of 10,000 the interval is about ±0.45 %.
#[test]
fn verdicts_follow_from_the_whole_interval() {
    use Promise::{Covers, CoversExactly, SeldomErrs};
    use Verdict::{Broken, Kept, Undecided};
    for (promise, yes, expected) in [
        (Covers, 9_500, Kept),
        (Covers, 10_000, Kept),
        (Covers, 9_360, Kept),
        (Covers, 9_340, Undecided),
        (Covers, 9_260, Undecided),
        (Covers, 9_240, Broken),
        (CoversExactly, 9_500, Kept),
        (CoversExactly, 9_690, Undecided),
        (CoversExactly, 9_750, Broken),
        (CoversExactly, 9_240, Broken),
        (SeldomErrs, 500, Kept),
        (SeldomErrs, 535, Kept),
        (SeldomErrs, 560, Broken),
    ] {
        assert_eq!(finding(yes, 10_000, 0).verdict(promise), expected, "{promise:?} {yes}");
    }
    // Few macro-runs decide nothing, and whoever declines often promises little.
    assert_eq!(finding(95, 100, 0).verdict(Covers), Undecided);
    assert_eq!(finding(9_500, 10_000, 520).verdict(Covers), Kept);
    assert_eq!(finding(9_500, 10_000, 540).verdict(Covers), Undecided);
}

#[test]
fn a_row_that_always_declines_is_not_kept() {
    for promise in [Promise::Covers, Promise::CoversExactly, Promise::SeldomErrs] {
        let row = green("nothing to say", promise, 2_000, |_| Trial::Declined);
        let finding = plan(1, 1).run(&row);
        assert_eq!((finding.declined, finding.proportion.successes), (2_000, 0));
        assert_ne!(finding.verdict(promise), Verdict::Kept, "{finding:?}");
    }
}

/// Each kind of luck has the mean and variance that the rows take for the truth, to 6 standard errors.
#[test]
fn draws_are_of_the_distributions_they_say() {
    let n = 100_000;
    let mut draws = Draws::new(SEED, "draws", 0);
    let means = |values: &[f64]| {
        let mean = values.iter().sum::<f64>() / n as f64;
        (mean, values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / n as f64)
    };
    for (name, values, mean, variance, kurtosis) in [
        ("normal", draws.many(n, Draws::normal), 0.0, 1.0, 3.0),
        ("exponential", draws.many(n, Draws::exponential), 1.0, 1.0, 9.0),
        ("gamma", draws.many(n, Draws::gamma_4), 4.0, 4.0, 4.5),
        ("uniform", draws.many(n, Draws::uniform), 0.5, 1.0 / 12.0, 1.8),
    ] {
        let (got_mean, got_variance) = means(&values);
        let errors = (variance / n as f64, variance * variance * (kurtosis - 1.0) / n as f64);
        assert!((got_mean - mean).abs() < 6.0 * errors.0.sqrt(), "{name}: mean {got_mean}");
        assert!((got_variance - variance).abs() < 6.0 * errors.1.sqrt(), "{name}: {got_variance}");
    }
    // Of series the variance of the mean is larger: (1 + φ) ÷ (1 − φ) = 19 ÷ n for the first; for the
    // waits ρ(2 + 5ρ − 4ρ² + ρ³) ÷ (1 − ρ)⁴ = 29 ÷ n (Whitt, *Management Science* 35, 1989).
    let (mean, variance) = means(&draws.autoregressive(n, 0.9));
    assert!(mean.abs() < 6.0 * libm::sqrt(19.0 / n as f64), "{mean}");
    assert!((variance - 1.0).abs() < 0.1, "{variance}");
    let waits = draws.waits(n, 0.5);
    let (mean, _) = means(&waits);
    let truth = shared::mean_wait(0.5);
    assert!(truth == 1.0 && (mean - truth).abs() < 6.0 * libm::sqrt(29.0 / n as f64), "{mean}");
    let below = waits.iter().filter(|wait| **wait <= shared::wait_quantile(0.5, 0.9)).count();
    assert!((below as f64 / n as f64 - 0.9).abs() < 0.02, "{below}");
    assert_eq!(shared::wait_quantile(0.5, 0.4), 0.0);
}
