//! Sweeps: many points, each replicated under each policy, with results that survive being killed.
//!
//! The record of a point and policy is stored under a hash of everything that determines it, as soon
//! as its last replication is done; what is there is not run again. When all records are there, they
//! become tables and plots, which depend on the records alone: resumed, sharded and merged, or run at
//! one go, the bytes are the same.

mod design;
mod effects;
mod key;
mod sobol;
mod store;
mod summary;

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

pub use design::{Point, Points, points};
pub use effects::{Effect, places};
pub use sobol::MOST_DIMENSIONS;
pub use store::{Replication, Store, StoreError, Stored};
pub use summary::{PointFigures, SweepSummary, summarise};

use super::compare::{Replications, Stopped};
use super::replicate::{Chosen, Ended, Keep, Overseer, fold_in_order, observe, seed_of};
use super::run::RunError;
use super::statistics::{Decision, StoppingRule};
use crate::measure::Quantile;
use crate::scenario::Scenario;
use crate::scheduler::PolicyInfo;

/// Version of the layout of a sweep's files.
pub const SWEEP_SCHEMA_VERSION: u32 = 1;

/// A point under a policy, ready to run.
pub struct SweepJob<'a> {
    /// Number of the point.
    pub point: usize,
    /// What runs.
    pub scenario: &'a Scenario,
    /// Under which policy.
    pub policy: &'static PolicyInfo,
}

/// One record as it stands in `records.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PointRecord {
    /// Number of the point.
    pub point: usize,
    /// The value of each axis, as written.
    pub values: Vec<String>,
    /// The policy.
    pub policy: String,
    /// What determines it, hashed.
    pub key: String,
    /// In order of the seeds.
    pub replications: Vec<Replication>,
}

/// What a sweep is, as it stands in its manifest. Two shards belong together when all but `shard` is
/// the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SweepFacts {
    /// Name of the scenario.
    pub scenario: String,
    /// How points are chosen.
    pub design: String,
    /// Number of points that are run.
    pub points: usize,
    /// Number of points that break a constraint.
    pub excluded: usize,
    /// What varies.
    pub axes: Vec<AxisFacts>,
    /// Policies, in order.
    pub policies: Vec<String>,
    /// Metrics, in order.
    pub metrics: Vec<MetricFacts>,
    /// Replications of each point and policy; at most, where there is a precision.
    pub replications: u32,
    /// How precise the means are to be, where that decides how many replications there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub precision: Option<PrecisionFacts>,
    /// Seed of the first replication.
    pub first_seed: String,
    /// Hash of the keys of all records of the whole sweep.
    pub records: String,
    /// Which part of it this is; absent for the whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
}

/// What decides how many replications there are.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PrecisionFacts {
    /// Half the width of the interval of the mean, as a part of the mean.
    pub relative: f64,
    /// Of how many of the metrics, from the first on.
    pub metrics: usize,
}

impl SweepFacts {
    /// How many replications each point and policy has.
    pub fn plan(&self) -> Replications {
        let most = self.replications as usize;
        let Some(PrecisionFacts { relative, metrics }) = self.precision else {
            return Replications::Fixed(most);
        };
        let rule = StoppingRule::to_relative_precision(relative);
        // A look every fifth replication: between looks all cores are busy with all points.
        Replications::Until(StoppingRule { step: LOOK_EVERY, cap: most, ..rule }, metrics)
    }
}

/// Replications of a point and policy between two looks at its precision.
const LOOK_EVERY: usize = 5;

/// An axis of a sweep.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AxisFacts {
    /// Its name.
    pub name: String,
    /// What it changes.
    pub path: String,
}

/// A metric of a sweep.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetricFacts {
    /// Its name and selection, as on the command line.
    pub metric: String,
    /// Its unit: `"s"` or empty.
    pub unit: String,
}

/// A part of a sweep: the points whose number leaves `index` − 1 when divided by `of`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shard {
    /// Which part, from 1.
    pub index: usize,
    /// Of how many.
    pub of: usize,
}

impl Shard {
    /// Whether a point belongs to the part.
    pub fn has(self, point: usize) -> bool {
        point % self.of == self.index - 1
    }
}

/// Why a sweep has no result.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// A run failed.
    #[error("point {point}, policy {policy}, seed {seed}: {error}")]
    Run {
        /// The point.
        point: usize,
        /// The policy.
        policy: &'static str,
        /// The seed.
        seed: u64,
        /// Why.
        error: Box<RunError>,
    },
    /// A record could not be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The key of every job's record, in order.
pub fn keys(jobs: &[SweepJob<'_>], metrics: &[Chosen], first_seed: u64) -> Vec<String> {
    let names: Vec<String> = metrics.iter().map(Chosen::to_string).collect();
    let key = |job: &SweepJob<'_>| key::key(job.scenario, job.policy.name, first_seed, &names);
    jobs.iter().map(key).collect()
}

/// What to run.
pub struct SweepPlan<'a> {
    /// Points under policies, in order.
    pub jobs: &'a [SweepJob<'a>],
    /// Their keys, from [`keys`].
    pub keys: &'a [String],
    /// What is measured.
    pub metrics: &'a [Chosen],
    /// How often.
    pub replications: Replications,
    /// Seed of the first replication.
    pub first_seed: u64,
    /// How many threads.
    pub threads: usize,
    /// Whether to run again what is stored already.
    pub runs_all: bool,
}

/// What came of it.
#[derive(Debug)]
pub struct Swept {
    /// The replications of every job, in order.
    pub replications: Vec<Vec<Replication>>,
    /// How many jobs had their record already.
    pub found: usize,
}

/// Where the replications of one point and policy stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// There must be so many before the next look.
    Until(usize),
    /// The first so many are all.
    Ended(usize, Stopped),
}

/// What a plan makes of the replications that are there, in order of their seeds.
pub fn due(plan: Replications, replications: &[Replication]) -> Due {
    let (rule, metrics) = match plan {
        Replications::Fixed(n) if replications.len() < n => return Due::Until(n),
        Replications::Fixed(n) => return Due::Ended(n, Stopped::Fixed),
        Replications::Until(rule, metrics) => (rule, metrics),
    };
    let number = |value: &Option<Quantile>| match value {
        Some(Quantile::Exactly(value) | Quantile::Above(value)) => *value,
        None => f64::NAN,
    };
    let mut watch = rule.watch(metrics);
    for replication in replications {
        let row: Vec<f64> = replication.values.iter().take(metrics).map(number).collect();
        watch.push(&row);
    }
    match watch.decision() {
        Decision::More { until } => Due::Until(until),
        Decision::Precise { n } => Due::Ended(n, Stopped::Precise),
        Decision::Capped { n } => Due::Ended(n, Stopped::Capped),
    }
}

/// Runs what is not in the store, and stores it.
///
/// `begins` is told, before they run, how many runs there will be until the next look: all of them
/// where their number is fixed.
///
/// # Errors
/// See [`SweepError`]; also when the overseer wants to stop. What was done until then stays stored.
pub fn sweep(
    plan: &SweepPlan<'_>,
    store: &Store,
    overseer: &dyn Overseer,
    mut begins: impl FnMut(usize),
) -> Result<Swept, Ended<SweepError>> {
    let metrics = plan.metrics.len();
    let read = |key: &String| if plan.runs_all { None } else { store.read(key, metrics) };
    let mut done: Vec<Vec<Replication>> =
        plan.keys.iter().map(|key| read(key).unwrap_or_default()).collect();
    let mut found = None;
    loop {
        let dues = done.iter().map(|one| due(plan.replications, one));
        // Each run that is missing until the next look: its job, its replication, and whether it is the
        // last before the look. A job's are adjacent and in order.
        let missing: Vec<(usize, usize, bool)> = dues
            .enumerate()
            .flat_map(|(job, due)| {
                let there = done[job].len();
                let until = match due {
                    Due::Until(until) => until,
                    Due::Ended(..) => there,
                };
                (there..until).map(move |k| (job, k, k + 1 == until))
            })
            .collect();
        let looks = missing.iter().filter(|(_, _, is_last)| *is_last).count();
        found.get_or_insert(plan.jobs.len() - looks);
        if missing.is_empty() {
            break;
        }
        begins(missing.len());
        run_missing(plan, store, overseer, &missing, &mut done)?;
    }
    for replications in &mut done {
        if let Due::Ended(n, _) = due(plan.replications, replications) {
            replications.truncate(n);
        }
    }
    Ok(Swept { replications: done, found: found.unwrap_or_default() })
}

/// Runs what is missing until the next look, and stores each job's replications when it is reached.
fn run_missing(
    plan: &SweepPlan<'_>,
    store: &Store,
    overseer: &dyn Overseer,
    missing: &[(usize, usize, bool)],
    done: &mut [Vec<Replication>],
) -> Result<(), Ended<SweepError>> {
    let work = |index: usize| {
        let (job, k, _) = missing[index];
        let SweepJob { point, scenario, policy } = plan.jobs[job];
        let seed = seed_of(plan.first_seed, k as u64);
        observe(scenario, policy, seed, plan.metrics, Keep::default(), overseer).map_err(|error| {
            let error = Box::new(error);
            SweepError::Run { point, policy: policy.name, seed, error }
        })
    };
    let mut failure = None;
    fold_in_order(plan.threads, missing.len(), overseer, work, |index, record| {
        let (job, _, is_last) = missing[index];
        done[job].push(Replication {
            seed: record.seed.to_string(),
            digest: record.digest,
            submitted: record.submitted,
            values: record.values,
        });
        if !is_last {
            return ControlFlow::Continue(());
        }
        match store.write(&plan.keys[job], &done[job]) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                failure = Some(error);
                ControlFlow::Break(())
            }
        }
    })?;
    match failure {
        Some(error) => Err(Ended::Failed(error.into())),
        None => Ok(()),
    }
}
