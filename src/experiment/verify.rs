//! Verification: whether a scenario's result depends on anything but the scenario, its inputs and its
//! seed.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::run::{build_detector, digest_of};
use crate::engine::{HeapCalendar, LadderCalendar};
use crate::event::{Digest, DigestSink};
use crate::model::{Setup, SetupError, policies_of, simulate, simulate_with};
use crate::report::MessageTable;
use crate::scenario::{LogFormat, Scenario, read_log, replay_log};
use crate::scheduler::{Fifo, FullScoring, Policy, PolicyInfo, PolicyOptions, Scoring};

/// How many seeds are run one after another and then side by side.
const SEEDS: u64 = 4;

/// One thing that was compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyStep {
    /// What was varied.
    pub what: String,
    /// The digest it should have.
    pub expected: Digest,
    /// The digest it has.
    pub found: Digest,
}

impl VerifyStep {
    /// Whether the result is the same.
    pub fn holds(&self) -> bool {
        self.expected == self.found
    }
}

/// All that was compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// Digest of the scenario's own seed.
    pub digest: Digest,
    /// Every comparison.
    pub steps: Vec<VerifyStep>,
}

impl Verification {
    /// Whether everything holds.
    pub fn holds(&self) -> bool {
        self.steps.iter().all(VerifyStep::holds)
    }
}

/// Why a scenario could not be verified.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// A run could not begin.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The exported log could not be written.
    #[error("the exported message log cannot be written: {0}")]
    Export(#[from] csv::Error),
    /// The exported log could not be read back: a defect of this program.
    #[error("the exported message log is not a valid one: {0}")]
    Replay(String),
}

/// Runs four seeds one after another and on `threads` threads, one of them again, on the other
/// calendar, with the policy's own type, and from its exported message log.
///
/// # Errors
/// See [`VerifyError`]. Differences are no errors but steps that do not hold.
pub fn verify(
    scenario: &Scenario,
    policy: &PolicyInfo,
    seed: u64,
    threads: usize,
) -> Result<Verification, VerifyError> {
    let seeds: Vec<u64> = (0..SEEDS).map(|offset| seed.wrapping_add(offset)).collect();
    let one_by_one: Vec<Digest> =
        seeds.iter().map(|seed| digest_of(scenario, policy, *seed)).collect::<Result<_, _>>()?;
    let side_by_side = on_threads(scenario, policy, &seeds, threads)?;
    let mut steps: Vec<VerifyStep> = seeds
        .iter()
        .zip(one_by_one.iter().zip(side_by_side))
        .map(|(seed, (expected, found))| VerifyStep {
            what: format!("seed {seed} on {threads} threads"),
            expected: *expected,
            found,
        })
        .collect();
    let expected = one_by_one[0];
    let mut add = |what: &str, found| {
        steps.push(VerifyStep { what: what.to_owned(), expected, found });
    };
    add("the same seed again", digest_of(scenario, policy, seed)?);
    let setup = Setup { scenario, seed };
    add("on the heap calendar", on_heap(setup, policies_of(scenario, policy)?));
    match policy.name {
        "scoring" if scenario.policy_options() == PolicyOptions::default() => {
            add("monomorphised policy", own_type(setup, Scoring::new()));
        }
        "scoring" => {
            add("monomorphised policy", own_type(setup, FullScoring::new(scenario.scoring)));
        }
        "fifo" => add("monomorphised policy", own_type(setup, Fifo::new())),
        _ => {}
    }
    add("from its exported message log", exported_and_replayed(setup, policy)?);
    Ok(Verification { digest: expected, steps })
}

fn on_threads(
    scenario: &Scenario,
    policy: &PolicyInfo,
    seeds: &[u64],
    threads: usize,
) -> Result<Vec<Digest>, SetupError> {
    let next = AtomicUsize::new(0);
    let mut found: Vec<(usize, Result<Digest, SetupError>)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.max(1))
            .map(|_| {
                scope.spawn(|| {
                    let mut own = Vec::new();
                    loop {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        let Some(seed) = seeds.get(index) else { return own };
                        own.push((index, digest_of(scenario, policy, *seed)));
                    }
                })
            })
            .collect();
        let join = |worker: std::thread::ScopedJoinHandle<'_, Vec<_>>| match worker.join() {
            Ok(own) => own,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        workers.into_iter().flat_map(join).collect()
    });
    found.sort_by_key(|(index, _)| *index);
    found.into_iter().map(|(_, digest)| digest).collect()
}

fn digest_sink(scenario: &Scenario) -> DigestSink {
    DigestSink::new(scenario.destinations.iter().map(|destination| destination.name.as_str()))
}

fn on_heap(setup: Setup<'_>, policies: Vec<Box<dyn Policy>>) -> Digest {
    let mut sink = digest_sink(setup.scenario);
    let detector = build_detector(setup.scenario);
    simulate_with(setup, policies, detector, &mut sink, HeapCalendar::default());
    sink.digest()
}

fn own_type<P: Policy + Clone>(setup: Setup<'_>, policy: P) -> Digest {
    let mut sink = digest_sink(setup.scenario);
    let detector = build_detector(setup.scenario);
    let counts = setup.scenario.destinations.iter().map(|one| usize::from(one.dispatchers.count));
    let policies = vec![policy; counts.sum()];
    simulate_with(setup, policies, detector, &mut sink, LadderCalendar::default());
    sink.digest()
}

fn exported_and_replayed(setup: Setup<'_>, policy: &PolicyInfo) -> Result<Digest, VerifyError> {
    let mut table = MessageTable::new(setup.scenario);
    simulate(setup, policy, build_detector(setup.scenario), &mut table)?;
    let mut exported = Vec::new();
    table.write_to(&mut exported)?;
    let mut scenario = setup.scenario.clone();
    let origin = ("messages.csv".to_owned(), String::new());
    read_log(&exported, &LogFormat::default())
        .and_then(|rows| replay_log(&mut scenario, origin, rows))
        .map_err(|errors| VerifyError::Replay(errors[0].to_string()))?;
    Ok(digest_of(&scenario, policy, setup.seed)?)
}
