//! Rows of independent replications, as many as were planned.

use apportion::experiment::statistics::{
    Level, mean_interval, paired_difference, paired_ratio, proportion_interval, quantile_interval,
};

use super::Promise::{Covers, CoversExactly};
use super::{Draws, Row, Trial, green, red};

pub(super) const ROWS: &[Row] = &[
    green("mean, t, 2 normal values", CoversExactly, 20_000, |d| t_of_normal(d, 2)),
    green("mean, t, 5 normal values", CoversExactly, 20_000, |d| t_of_normal(d, 5)),
    green("mean, t, 30 normal values", CoversExactly, 20_000, |d| t_of_normal(d, 30)),
    // As many as Cochran's rule asks for: 25 times the squared skewness.
    green("mean, t, 25 values of skewness 1", Covers, 40_000, |d| {
        let values = d.many(25, Draws::gamma_4);
        t_covers(&values, 4.0)
    }),
    green("mean, t, 100 values of skewness 2", Covers, 40_000, |d| {
        let values = d.many(100, Draws::exponential);
        t_covers(&values, 1.0)
    }),
    green("difference in pairs, 10 of correlation 0.9", CoversExactly, 20_000, |d| {
        let (a, b) = shared_luck(d, 10);
        let paired = paired_difference(&a, &b, Level::P95);
        Trial::from_answer(paired.map(|paired| paired.difference.contains(2.0)))
    }),
    green("ratio in pairs, 10 lognormal", CoversExactly, 20_000, |d| {
        let (a, b) = shared_luck(d, 10);
        let raised = |values: &[f64]| values.iter().map(|x| libm::exp(0.5 * x)).collect::<Vec<_>>();
        let ratio = paired_ratio(&raised(&a), &raised(&b), Level::P95);
        let truth = libm::exp(1.0);
        Trial::from_answer(ratio.map(|ratio| ratio.low <= truth && truth <= ratio.high))
    }),
    green("median, order statistics, 20 lognormal of σ 2", Covers, 20_000, |d| {
        let values = d.many(20, |d| libm::exp(2.0 * d.normal()));
        quantile_covers(&values, 0.5, 1.0)
    }),
    green("p90, order statistics, 100 exponential", Covers, 20_000, |d| {
        let values = d.many(100, Draws::exponential);
        quantile_covers(&values, 0.9, libm::log(10.0))
    }),
    green("p99, order statistics, 400 exponential", Covers, 20_000, |d| {
        let values = d.many(400, Draws::exponential);
        quantile_covers(&values, 0.99, libm::log(100.0))
    }),
    green("proportion 0.1 of 50", Covers, 20_000, |d| {
        let successes = (0..50).filter(|_| d.uniform() < 0.1).count() as u64;
        let interval = proportion_interval(successes, 50, Level::P95);
        Trial::from_answer(interval.map(|it| it.low <= 0.1 && 0.1 <= it.high))
    }),
    red("z instead of t, 5 normal values", CoversExactly, 4_000, |d| {
        let values = d.many(5, Draws::normal);
        let interval = mean_interval(&values, Level::P95).expect("five values");
        let half_width = 1.959_964 * interval.standard_deviation / libm::sqrt(5.0);
        Trial::from_answer(Some(interval.mean.abs() <= half_width))
    }),
    red("t, 10 values of skewness 6 (lognormal of σ 1)", Covers, 4_000, |d| {
        let values = d.many(10, |d| libm::exp(d.normal()));
        t_covers(&values, libm::exp(0.5))
    }),
    red("pairs taken for independent: too wide", CoversExactly, 4_000, |d| {
        let (a, b) = shared_luck(d, 10);
        let widths = [&a, &b].map(|values| mean_interval(values, Level::P95).expect("ten values"));
        let half_width = libm::hypot(widths[0].half_width, widths[1].half_width);
        let off = widths[0].mean - widths[1].mean - 2.0;
        Trial::from_answer(Some(off.abs() <= half_width))
    }),
    red("quantile plus and minus 1.96 binomial errors, 20 values", Covers, 4_000, |d| {
        // p90 ± 1.96·√(0.09 ÷ 20) reaches from rank 16 to beyond the last, which is taken instead.
        let mut values = d.many(20, Draws::exponential);
        values.sort_by(f64::total_cmp);
        Trial::from_answer(Some(values[15] <= libm::log(10.0) && libm::log(10.0) <= values[19]))
    }),
];

/// `n` normal values with mean 5.
fn t_of_normal(d: &mut Draws, n: usize) -> Trial {
    let values = d.many(n, |d| 5.0 + 2.0 * d.normal());
    t_covers(&values, 5.0)
}

fn t_covers(values: &[f64], truth: f64) -> Trial {
    Trial::from_answer(mean_interval(values, Level::P95).map(|it| it.contains(truth)))
}

/// Two policies under the same luck: variance 1 each, correlation 0.9, the first larger by 2.
fn shared_luck(d: &mut Draws, n: usize) -> (Vec<f64>, Vec<f64>) {
    let one = |d: &mut Draws| {
        let luck = libm::sqrt(0.9) * d.normal();
        (2.0 + luck + libm::sqrt(0.1) * d.normal(), luck + libm::sqrt(0.1) * d.normal())
    };
    (0..n).map(|_| one(d)).unzip()
}

fn quantile_covers(values: &[f64], q: f64, truth: f64) -> Trial {
    let interval = quantile_interval(values, q, Level::P95);
    Trial::from_answer(interval.and_then(|it| Some(it.low? <= truth && truth <= it.high?)))
}
