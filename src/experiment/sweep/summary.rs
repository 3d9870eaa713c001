//! The figures of a sweep, from its records alone.

use serde::Serialize;

use super::effects::{Effect, effects};
use super::{Due, PointRecord, SWEEP_SCHEMA_VERSION, SweepFacts, due};
use crate::experiment::compare::{Stopped, significant};
use crate::experiment::medians::{Median, median};
use crate::experiment::statistics::{Level, mean_interval, paired_difference};
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
    /// How each metric follows each axis; empty for a part of a sweep.
    pub effects: Vec<Effect>,
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
    /// Why there are no more of them.
    pub stopped: Stopped,
    /// Their mean.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean: Option<f64>,
    /// Half the width of its interval, to six digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub half_width: Option<f64>,
    /// The median, whose interval needs no assumption about skewness, and holds for censored figures.
    #[serde(flatten)]
    pub median: Median,
    /// Mean of this policy minus the sweep's first one at the same point, in pairs; absent for the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub difference: Option<f64>,
    /// Half the width of its interval, to six digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub difference_half_width: Option<f64>,
    /// What pairing bought: variance of independent replications ÷ variance of the pairs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variance_ratio: Option<f64>,
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
    let plan = facts.plan();
    let policies = facts.policies.len().max(1);
    let rows = records.iter().enumerate().flat_map(|(place, record)| {
        // A part of a sweep has whole points, so that each begins with its first policy.
        let first = &records[place - place % policies];
        let stopped = match due(plan, &record.replications) {
            Due::Ended(_, stopped) => stopped,
            Due::Until(_) => Stopped::Capped,
        };
        facts.metrics.iter().enumerate().map(move |(index, metric)| {
            let quantiles: Vec<Quantile> = of_metric(record, index).flatten().collect();
            let values: Vec<f64> = quantiles.iter().copied().map(known).collect();
            let n = values.len();
            let pair = (record.policy != first.policy).then(|| {
                let pairs = of_metric(record, index).zip(of_metric(first, index));
                let both = pairs.filter_map(|(own, first)| Some((known(own?), known(first?))));
                let (own, first): (Vec<f64>, Vec<f64>) = both.unzip();
                paired_difference(&own, &first, level)
            });
            let pair = pair.flatten();
            PointFigures {
                point: record.point,
                values: record.values.clone(),
                policy: record.policy.clone(),
                metric: metric.metric.clone(),
                unit: metric.unit.clone(),
                n,
                stopped,
                mean: (n > 0).then(|| values.iter().sum::<f64>() / n as f64),
                half_width: mean_interval(&values, level)
                    .map(|interval| significant(interval.half_width)),
                median: median(&quantiles, level),
                difference: pair.map(|pair| pair.difference.mean),
                difference_half_width: pair.map(|pair| significant(pair.difference.half_width)),
                variance_ratio: pair.and_then(|pair| pair.variance_ratio).map(significant),
                least: values.iter().copied().reduce(f64::min),
                most: values.iter().copied().reduce(f64::max),
                censored: quantiles.iter().filter(|one| matches!(one, Quantile::Above(_))).count(),
            }
        })
    });
    let points: Vec<PointFigures> = rows.collect();
    let effects = match facts.shard {
        None => effects(facts, &points),
        Some(_) => Vec::new(),
    };
    SweepSummary {
        schema_version: SWEEP_SCHEMA_VERSION,
        points,
        effects,
        sweep: facts.clone(),
        level: level.get(),
    }
}

/// The values of one metric, in order of the replications.
fn of_metric(record: &PointRecord, index: usize) -> impl Iterator<Item = Option<Quantile>> {
    record.replications.iter().map(move |one| one.values.get(index).copied().flatten())
}

fn known(value: Quantile) -> f64 {
    match value {
        Quantile::Exactly(value) | Quantile::Above(value) => value,
    }
}
