//! The figures of a sweep, from its records alone.

use serde::Serialize;

use super::{PointRecord, SWEEP_SCHEMA_VERSION, SweepFacts};
use crate::experiment::compare::significant;
use crate::experiment::statistics::{Level, mean_interval};
use crate::measure::Quantile;

/// `summary.json` of a sweep.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SweepSummary {
    /// Layout of this.
    pub schema_version: u32,
    /// What the sweep is.
    pub sweep: SweepFacts,
    /// Level of the intervals.
    pub level: f64,
    /// A row a point, policy and metric.
    pub points: Vec<PointFigures>,
}

/// One metric of one point and policy.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PointFigures {
    /// Number of the point.
    pub point: usize,
    /// The value of each axis, as written.
    pub values: Vec<String>,
    /// The policy.
    pub policy: String,
    /// The metric.
    pub metric: String,
    /// Its unit.
    pub unit: String,
    /// Replications that have the figure.
    pub n: usize,
    /// Their mean.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean: Option<f64>,
    /// Half the width of its interval, to six digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub half_width: Option<f64>,
    /// The smallest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub least: Option<f64>,
    /// The largest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub most: Option<f64>,
    /// Replications in which the figure is only known to be larger than what was counted.
    pub censored: usize,
}

/// Adds up all records of a sweep, which come in order of point and policy.
pub fn summarise(facts: &SweepFacts, records: &[PointRecord]) -> SweepSummary {
    let level = Level::P95;
    let rows = records.iter().flat_map(|record| {
        facts.metrics.iter().enumerate().map(move |(index, metric)| {
            let all = record.replications.iter().map(|one| one.values.get(index).copied());
            let quantiles: Vec<Quantile> = all.flatten().flatten().collect();
            let values: Vec<f64> = quantiles
                .iter()
                .map(|value| match value {
                    Quantile::Exactly(value) | Quantile::Above(value) => *value,
                })
                .collect();
            let n = values.len();
            PointFigures {
                point: record.point,
                values: record.values.clone(),
                policy: record.policy.clone(),
                metric: metric.metric.clone(),
                unit: metric.unit.clone(),
                n,
                mean: (n > 0).then(|| values.iter().sum::<f64>() / n as f64),
                half_width: mean_interval(&values, level)
                    .map(|interval| significant(interval.half_width)),
                least: values.iter().copied().reduce(f64::min),
                most: values.iter().copied().reduce(f64::max),
                censored: quantiles.iter().filter(|one| matches!(one, Quantile::Above(_))).count(),
            }
        })
    });
    SweepSummary {
        schema_version: SWEEP_SCHEMA_VERSION,
        points: rows.collect(),
        sweep: facts.clone(),
        level: level.get(),
    }
}
