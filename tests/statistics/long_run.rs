//! Rows whose observations depend on each other: batch means, and quantiles of runs.

use apportion::experiment::statistics::{
    Level, batch_means, mean_interval, quantile, quantile_interval,
};

use super::Promise::Covers;
use super::{Draws, Row, Trial, green, mean_wait, red, wait_quantile};

pub(super) const ROWS: &[Row] = &[
    green("batch means, independent, 2,000 of skewness 2", Covers, 20_000, |d| {
        let values = d.many(2_000, Draws::exponential);
        batches_cover(&values, 1.0)
    }),
    green("batch means, autoregressive φ 0.9, 60,000", Covers, 10_000, |d| {
        let series = d.autoregressive(60_000, 0.9);
        batches_cover(&series, 0.0)
    }),
    green("batch means, slow φ 0.95 under equal noise, 120,000", Covers, 8_000, |d| {
        let mut series = d.autoregressive(120_000, 0.95);
        for value in &mut series {
            *value += d.normal();
        }
        batches_cover(&series, 0.0)
    }),
    green("batch means, waits of M/M/1 at 0.7, 150,000", Covers, 8_000, |d| {
        let series = d.waits(150_000, 0.7);
        batches_cover(&series, mean_wait(0.7))
    }),
    green("p90 of M/M/1 at 0.5, t over 20 runs of 2,000", Covers, 10_000, |d| {
        let values = d.many(20, |d| quantile(&d.waits(2_000, 0.5), 0.9).expect("waits"));
        let interval = mean_interval(&values, Level::P95);
        Trial::from_answer(interval.map(|it| it.contains(wait_quantile(0.5, 0.9))))
    }),
    red("t of an autoregressive run, φ 0.9, as independent", Covers, 4_000, |d| {
        let series = d.autoregressive(1_000, 0.9);
        let interval = mean_interval(&series, Level::P95);
        Trial::from_answer(interval.map(|it| it.contains(0.0)))
    }),
    red("20 untested batches of a short M/M/1 run at 0.8", Covers, 4_000, |d| {
        let series = d.waits(4_000, 0.8);
        let means: Vec<f64> =
            series.chunks_exact(200).map(|batch| batch.iter().sum::<f64>() / 200.0).collect();
        let interval = mean_interval(&means, Level::P95);
        Trial::from_answer(interval.map(|it| it.contains(mean_wait(0.8))))
    }),
    red("p90 by order statistics within one M/M/1 run", Covers, 4_000, |d| {
        let interval = quantile_interval(&d.waits(2_000, 0.5), 0.9, Level::P95);
        let truth = wait_quantile(0.5, 0.9);
        Trial::from_answer(interval.and_then(|it| Some(it.low? <= truth && truth <= it.high?)))
    }),
];

fn batches_cover(series: &[f64], truth: f64) -> Trial {
    Trial::from_answer(batch_means(series, Level::P95).ok().map(|it| it.interval.contains(truth)))
}
