//! A recorded baseline, and the gate that asks whether a change made anything worse.
//!
//! Equal digests pass at once. Otherwise every check's metric is tested for non-inferiority on the same
//! seeds, with the margin that the scenario fixed beforehand. See [`statistics::gate`].
//!
//! [`statistics::gate`]: super::statistics::gate

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use super::compare::significant;
use super::replicate::{Chosen, Ended, Keep, Overseer, fold_in_order, observe, seed_of};
use super::run::RunError;
use super::statistics::{Better, GateVerdict, GatedMetric, Level, Margin, Outcome, gate};
use crate::measure::{Quantile, find};
use crate::scenario::{Check, Margin as Allowed, Scenario};
use crate::scheduler::PolicyInfo;

/// Version of the layout of a baseline.
pub const BASELINE_SCHEMA_VERSION: u32 = 1;

/// What a scenario came to when its baseline was recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// Layout of this.
    pub schema_version: u32,
    /// Always `apportion`.
    pub tool: String,
    /// Version that recorded it.
    pub version: String,
    /// Name of the scenario.
    pub scenario: String,
    /// The policy.
    pub policy: String,
    /// Seed of the first replication, as text.
    pub first_seed: String,
    /// The metrics that checks bound, as on the command line.
    pub metrics: Vec<String>,
    /// The digest of each replication.
    pub digests: Vec<String>,
    /// By metric and replication; null where there is no figure.
    pub values: Vec<Vec<Option<Quantile>>>,
}

/// What the gate says of a scenario.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GateReport {
    /// `"identical"`, `"pass"`, `"fail"` or `"inconclusive"`.
    pub verdict: &'static str,
    /// Replications.
    pub n: usize,
    /// By metric; none when nothing that happens has changed.
    pub metrics: Vec<GateFigures>,
    /// About how many replications would decide what is undecided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replications_needed: Option<usize>,
}

/// What the gate says of a metric.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GateFigures {
    /// The metric.
    pub metric: String,
    /// Its unit.
    pub unit: &'static str,
    /// Mean before.
    pub before: f64,
    /// Mean now.
    pub after: f64,
    /// Upper end of the interval of the worsening beyond the margin: at most 0 passes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beyond_margin_high: Option<f64>,
    /// `"pass"`, `"fail"` or `"inconclusive"`.
    pub outcome: &'static str,
    /// Whether it is shown to be better than before.
    pub is_improved: bool,
}

/// The metrics that a scenario's checks bound and of which one can say which way they are good, each
/// with its margin.
fn gated(scenario: &Scenario) -> Vec<(Chosen, Better, &Check)> {
    let mut gated: Vec<(Chosen, Better, &Check)> = Vec::new();
    for check in &scenario.checks {
        let Some(metric) = find(&check.metric) else { continue };
        let chosen = Chosen { metric, selector: check.selector.clone() };
        let named = chosen.to_string();
        let better = match metric.smaller_is_better() {
            Some(true) => Better::Smaller,
            Some(false) => Better::Larger,
            None => continue,
        };
        if !gated.iter().any(|(other, _, _)| other.to_string() == named) {
            gated.push((chosen, better, check));
        }
    }
    gated
}

/// Runs a scenario so often and records what it came to.
///
/// # Errors
/// When a run fails, or the overseer wants to stop.
pub fn record_baseline(
    scenario: &Scenario,
    policy: &PolicyInfo,
    replications: usize,
    threads: usize,
    overseer: &dyn Overseer,
) -> Result<Baseline, Ended<Box<RunError>>> {
    let metrics: Vec<Chosen> = gated(scenario).into_iter().map(|(chosen, _, _)| chosen).collect();
    let mut digests = Vec::new();
    let mut values = vec![Vec::new(); metrics.len()];
    let work = |k: usize| {
        let seed = seed_of(scenario.seed, k as u64);
        observe(scenario, policy, seed, &metrics, Keep::default(), overseer).map_err(Box::new)
    };
    fold_in_order(threads, replications, overseer, work, |_, record| {
        digests.push(record.digest);
        for (all, value) in values.iter_mut().zip(record.values) {
            all.push(value);
        }
        ControlFlow::Continue(())
    })?;
    Ok(Baseline {
        schema_version: BASELINE_SCHEMA_VERSION,
        tool: "apportion".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        scenario: scenario.name.clone(),
        policy: policy.name.to_owned(),
        first_seed: scenario.seed.to_string(),
        metrics: metrics.iter().map(Chosen::to_string).collect(),
        digests,
        values,
    })
}

/// Judges `now` against `before`, which have the same seeds and as many replications.
///
/// Metrics that only one of them has are left out; of a quantile that is only known to be above x, x
/// counts.
pub fn judge_baseline(scenario: &Scenario, before: &Baseline, now: &Baseline) -> GateReport {
    let n = before.digests.len().min(now.digests.len());
    let column = |baseline: &Baseline, name: &str| -> Option<Vec<f64>> {
        let index = baseline.metrics.iter().position(|metric| metric == name)?;
        let values = baseline.values.get(index)?.iter().take(n);
        values
            .map(|value| match value {
                Some(Quantile::Exactly(value) | Quantile::Above(value)) => Some(*value),
                None => None,
            })
            .collect()
    };
    let mut names = Vec::new();
    let mut columns = Vec::new();
    for (chosen, better, check) in gated(scenario) {
        let name = chosen.to_string();
        if let (Some(old), Some(new)) = (column(before, &name), column(now, &name)) {
            let margin = match check.margin {
                Allowed::Relative(part) => Margin::Relative(part),
                Allowed::Absolute(value) => Margin::Absolute(value),
            };
            names.push((name, chosen.metric.unit.symbol()));
            columns.push((better, margin, old, new));
        }
    }
    let metrics: Vec<GatedMetric<'_>> = columns
        .iter()
        .map(|(better, margin, before, after)| GatedMetric {
            better: *better,
            margin: *margin,
            before,
            after,
        })
        .collect();
    let judged = gate(before.digests == now.digests, &metrics, Level::P95);
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
    let figures = judged.metrics.iter().zip(names).zip(&columns);
    let figures = figures.map(|((verdict, (metric, unit)), (_, _, old, new))| GateFigures {
        metric,
        unit,
        before: mean(old),
        after: mean(new),
        beyond_margin_high: verdict
            .test
            .map(|test| significant(test.worsening.high() - test.margin)),
        outcome: match verdict.outcome {
            Outcome::Pass => "pass",
            Outcome::Fail => "fail",
            Outcome::Inconclusive => "inconclusive",
        },
        is_improved: verdict.test.is_some_and(|test| test.is_improved),
    });
    GateReport {
        verdict: match judged.verdict {
            GateVerdict::Identical => "identical",
            GateVerdict::Pass => "pass",
            GateVerdict::Fail => "fail",
            GateVerdict::Inconclusive => "inconclusive",
        },
        n,
        metrics: figures.collect(),
        replications_needed: judged.replications_needed(),
    }
}
