//! Sweeps: many points, each replicated under each policy, with results that survive being killed.
//!
//! The record of a point and policy is stored under a hash of everything that determines it, as soon
//! as its last replication is done; what is there is not run again. When all records are there, they
//! become tables and plots, which depend on the records alone: resumed, sharded and merged, or run at
//! one go, the bytes are the same.

mod design;
mod key;
mod sobol;
mod store;
mod summary;

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

pub use design::{Point, Points, points};
pub use sobol::MOST_DIMENSIONS;
pub use store::{Replication, Store, StoreError, Stored};
pub use summary::{PointFigures, SweepSummary, summarise};

use super::replicate::{Chosen, Ended, Keep, Overseer, fold_in_order, observe, seed_of};
use super::run::RunError;
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
    /// Replications of each point and policy.
    pub replications: u32,
    /// Seed of the first replication.
    pub first_seed: String,
    /// Hash of the keys of all records of the whole sweep.
    pub records: String,
    /// Which part of it this is; absent for the whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
}

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
    pub replications: usize,
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

/// Runs what is not in the store, and stores it.
///
/// `begins` is told, before anything runs, how many runs there will be.
///
/// # Errors
/// See [`SweepError`]; also when the overseer wants to stop. What was done until then stays stored.
pub fn sweep(
    plan: &SweepPlan<'_>,
    store: &Store,
    overseer: &dyn Overseer,
    begins: impl FnOnce(usize),
) -> Result<Swept, Ended<SweepError>> {
    let metrics = plan.metrics.len();
    let mut done: Vec<Vec<Replication>> = Vec::with_capacity(plan.jobs.len());
    for key in plan.keys {
        let stored = if plan.runs_all { None } else { store.read(key, metrics) };
        let mut replications = stored.unwrap_or_default();
        replications.truncate(plan.replications);
        done.push(replications);
    }
    let found = done.iter().filter(|one| one.len() == plan.replications).count();
    // Each run that is missing: its job and its replication. A job's are adjacent and in order.
    let missing: Vec<(usize, usize)> = done
        .iter()
        .enumerate()
        .flat_map(|(job, there)| (there.len()..plan.replications).map(move |k| (job, k)))
        .collect();
    begins(missing.len());
    let work = |index: usize| {
        let (job, k) = missing[index];
        let SweepJob { point, scenario, policy } = plan.jobs[job];
        let seed = seed_of(plan.first_seed, k as u64);
        observe(scenario, policy, seed, plan.metrics, Keep::default(), overseer).map_err(|error| {
            let error = Box::new(error);
            SweepError::Run { point, policy: policy.name, seed, error }
        })
    };
    let mut failure = None;
    fold_in_order(plan.threads, missing.len(), overseer, work, |index, record| {
        let (job, _) = missing[index];
        done[job].push(Replication {
            seed: record.seed.to_string(),
            digest: record.digest,
            submitted: record.submitted,
            values: record.values,
        });
        if done[job].len() < plan.replications {
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
        None => Ok(Swept { replications: done, found }),
    }
}
