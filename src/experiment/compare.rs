//! Policies or configurations against each other, on the same luck.
//!
//! Each contestant runs replication k with the same seed. Differences are taken replication by
//! replication against the baseline; which contestant may be the best is said for all of them at once;
//! p values are adjusted for all differences of the table (Holm). See [`statistics`](super::statistics).

mod figures;
mod fold;
mod tenants;

use std::ops::ControlFlow;

use serde::Serialize;

pub use figures::{ContestantFigures, MetricComparison, WarmUpSuggestion, significant};
pub use tenants::{Change, TenantChange, TenantChanges};

use super::long_run::LongRun;
use super::replicate::{
    Chosen, ChosenError, Ended, Keep, Overseer, fold_in_order, observe, seed_of,
};
use super::run::RunError;
use super::statistics::{Decision, Level, StoppingRule};
use crate::scenario::Scenario;
use crate::scheduler::PolicyInfo;
use fold::Fold;

/// Version of the layout of the results of many runs.
pub const COMPARISON_SCHEMA_VERSION: u32 = 1;

/// One of those compared.
#[derive(Clone, Copy)]
pub struct Contestant<'a> {
    /// What tables call it; unique.
    pub name: &'a str,
    /// What it runs.
    pub scenario: &'a Scenario,
    /// Under which policy.
    pub policy: &'static PolicyInfo,
}

/// How many replications.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Replications {
    /// So many, at least 2.
    Fixed(usize),
    /// Until these metrics (the first so many of the comparison) are precise, of every contestant.
    Until(StoppingRule, usize),
}

/// What to compare.
pub struct ComparisonPlan<'a> {
    /// Those compared; at least one.
    pub contestants: &'a [Contestant<'a>],
    /// Position of the one that differences are taken against.
    pub baseline: usize,
    /// What is measured; at least one.
    pub metrics: &'a [Chosen],
    /// How often.
    pub replications: Replications,
    /// Level of the intervals.
    pub level: Level,
    /// Seed of the first replication.
    pub seed: u64,
    /// How many threads.
    pub threads: usize,
    /// Whether the first replication of each is judged by itself as well, by batch means.
    pub judges_first_run: bool,
}

/// Why the replications ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stopped {
    /// There were as many as were asked for.
    Fixed,
    /// What was to be precise is.
    Precise,
    /// There were as many as are allowed, and it is not precise.
    Capped,
}

impl Stopped {
    /// The word in files.
    pub const fn name(self) -> &'static str {
        match self {
            Stopped::Fixed => "fixed",
            Stopped::Precise => "precise",
            Stopped::Capped => "capped",
        }
    }
}

/// Everything that was found. Tables, JSON, CSV and plots all show these numbers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// Layout of this.
    pub schema_version: u32,
    /// The scenario's name: that of the baseline.
    pub scenario: String,
    /// Name of the contestant that differences are taken against.
    pub baseline: String,
    /// Replications.
    pub replications: usize,
    /// Why there are no more.
    pub stopped: Stopped,
    /// Level of the intervals.
    pub level: f64,
    /// Seed of the first replication; the others follow it one by one.
    pub first_seed: String,
    /// The names of those compared, in order.
    pub contestants: Vec<String>,
    /// What stands in the way of pairing, in sentences; empty when nothing does.
    pub pairing: Vec<String>,
    /// By metric.
    pub metrics: Vec<MetricComparison>,
    /// By contestant but the baseline: who is worse off, who better.
    pub tenants: Vec<TenantChanges>,
    /// What company costs each tenant, if that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub isolation: Option<super::isolation::Isolation>,
    /// The first replication of each judged by itself, if that was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub long_runs: Vec<LongRun>,
    /// Where each contestant's course has settled, as MSER-5 sees it.
    pub warm_up: Vec<WarmUpSuggestion>,
    /// The digest of each replication of each contestant, in order of replication.
    #[serde(skip)]
    pub digests: Vec<Vec<String>>,
    /// The value of each metric in each replication of each contestant: `[contestant][metric][k]`.
    #[serde(skip)]
    pub values: Vec<Vec<Vec<Option<f64>>>>,
}

/// Why there is no comparison.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// A metric cannot be taken of a contestant.
    #[error("{contestant}: {error}")]
    Metric {
        /// The contestant.
        contestant: String,
        /// Why not.
        error: ChosenError,
    },
    /// A run failed.
    #[error("{contestant}, seed {seed}: {error}")]
    Run {
        /// The contestant.
        contestant: String,
        /// The seed.
        seed: u64,
        /// Why.
        error: Box<RunError>,
    },
}

/// Runs and compares.
///
/// # Errors
/// See [`CompareError`]; also when the overseer wants to stop.
///
/// # Panics
/// When there are no contestants or no metrics, or the baseline is not one of them.
pub fn compare(
    plan: &ComparisonPlan<'_>,
    overseer: &dyn Overseer,
) -> Result<Comparison, Ended<CompareError>> {
    assert!(plan.baseline < plan.contestants.len() && !plan.metrics.is_empty());
    for contestant in plan.contestants {
        for chosen in plan.metrics {
            chosen.check(contestant.scenario).map_err(|error| CompareError::Metric {
                contestant: contestant.name.to_owned(),
                error,
            })?;
        }
    }
    let contestants = plan.contestants.len();
    let (most, mut watch) = match plan.replications {
        Replications::Fixed(n) => (n, None),
        Replications::Until(rule, metrics) => {
            let watched = metrics.clamp(1, plan.metrics.len());
            (rule.cap, Some((rule.watch(watched * contestants), watched)))
        }
    };
    let work = |index: usize| {
        let course = plan.judges_first_run && index < contestants;
        let keep = Keep { tenants: true, course, ..Keep::default() };
        let contestant = &plan.contestants[index % contestants];
        let seed = seed_of(plan.seed, (index / contestants) as u64);
        let (scenario, policy) = (contestant.scenario, contestant.policy);
        observe(scenario, policy, seed, plan.metrics, keep, overseer).map_err(|error| {
            let (contestant, error) = (contestant.name.to_owned(), Box::new(error));
            CompareError::Run { contestant, seed, error }
        })
    };
    let mut fold = Fold::new(plan);
    let mut stopped = Stopped::Fixed;
    fold_in_order(plan.threads, most * contestants, overseer, work, |index, record| {
        fold.add(index % contestants, record);
        if (index + 1) % contestants != 0 {
            return ControlFlow::Continue(());
        }
        let Some((watch, watched)) = &mut watch else { return ControlFlow::Continue(()) };
        let decision = watch.push(&fold.latest(*watched));
        stopped = match decision {
            Decision::More { .. } => return ControlFlow::Continue(()),
            Decision::Precise { .. } => Stopped::Precise,
            Decision::Capped { .. } => Stopped::Capped,
        };
        ControlFlow::Break(())
    })?;
    Ok(fold.finish(stopped))
}
