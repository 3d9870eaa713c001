//! One run: a scenario, a policy, a seed; measured, checked against its ledgers, judged.

use crate::detector::{self, Detector};
use crate::event::{Digest, DigestSink, Sink};
use crate::measure::detection::{Exposure, Incident, Onset, match_onsets};
use crate::measure::{Findings, Measures, RunIdentity, Violation, judge};
use crate::model::{Outcome, Setup, SetupError, simulate};
use crate::report::MessageTable;
use crate::scenario::{DetectorChoice, Nature, Scenario};
use crate::scheduler::{Belief, PolicyInfo};
use crate::time::Time;
use crate::units::DestinationId;

/// What to run.
#[derive(Clone, Copy)]
pub struct RunRequest<'a> {
    /// The scenario.
    pub scenario: &'a Scenario,
    /// The policy.
    pub policy: &'a PolicyInfo,
    /// The seed.
    pub seed: u64,
    /// Whether to keep a row a message.
    pub keeps_messages: bool,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct RunResult {
    /// All figures, judged.
    pub findings: Findings,
    /// The digest.
    pub digest: Digest,
    /// A row a message, if that was asked for.
    pub messages: Option<MessageTable>,
    /// What the model says of itself.
    pub outcome: Outcome,
}

/// Why a run has no result.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The run could not begin.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// An invariant was violated: a defect of this program, not of the scenario.
    #[error("invariant violated: {0}")]
    Violation(Violation),
    /// Two accounts of the same run disagree: a defect of this program, not of the scenario.
    #[error("ledgers disagree: {0}")]
    LedgersDisagree(String),
    /// Only one scheduler at a time can be watched deciding.
    #[error(
        "destination `{destination}` has {count} dispatchers, and a wait is explained by the decisions of \
         one; explain it with `--set destination.{destination}.dispatchers.count=1` in the run"
    )]
    SeveralDispatchers {
        /// The destination.
        destination: String,
        /// How many it has.
        count: u16,
    },
}

/// Runs, measures and judges. `watcher` listens too; it may stop nothing that is not its own.
///
/// # Errors
/// See [`RunError`].
pub fn run(request: RunRequest<'_>, watcher: &mut dyn Sink) -> Result<RunResult, RunError> {
    let RunRequest { scenario, policy, seed, keeps_messages } = request;
    let names = scenario.destinations.iter().map(|destination| destination.name.as_str());
    let mut measures = Measures::new(scenario);
    let mut digest = DigestSink::new(names);
    let mut messages = keeps_messages.then(|| MessageTable::new(scenario));
    let sink = (&mut measures, (&mut digest, (&mut messages, watcher)));
    let outcome = simulate(Setup { scenario, seed }, policy, build_detector(scenario), sink)?;
    if let Some(violation) = measures.violation() {
        return Err(RunError::Violation(violation.clone()));
    }
    for (index, lane) in outcome.lanes.iter().enumerate() {
        let counts = Belief::ALL.map(|b| (lane.messages_in(b), lane.segments_in(b)));
        measures.agree_with(DestinationId(index as u16), counts).map_err(RunError::Violation)?;
    }
    let onsets = measures.onsets().to_vec();
    let occurrences = measures.occurrences();
    let identity = RunIdentity {
        policy: policy.name.to_owned(),
        seed,
        digest: digest.digest(),
        events: digest.events(),
    };
    let mut findings = measures.finish(scenario, identity);
    compare_ledgers(&findings, &outcome)?;
    if let Some(choice) = &scenario.detector {
        match_detection(scenario, choice, &outcome, &onsets, &occurrences, &mut findings);
    }
    findings.summary.checks = judge(scenario, &findings);
    Ok(RunResult { findings, digest: digest.digest(), messages, outcome })
}

/// The digest of a run, and nothing else of it.
///
/// # Errors
/// When the run cannot begin.
pub fn digest_of(
    scenario: &Scenario,
    policy: &PolicyInfo,
    seed: u64,
) -> Result<Digest, SetupError> {
    let names = scenario.destinations.iter().map(|destination| destination.name.as_str());
    let mut digest = DigestSink::new(names);
    simulate(Setup { scenario, seed }, policy, build_detector(scenario), &mut digest)?;
    Ok(digest.digest())
}

/// The detector that a scenario asks for.
pub(super) fn build_detector(scenario: &Scenario) -> Option<Box<dyn Detector>> {
    scenario.detector.as_ref().map(|choice| {
        detector::detector(&choice.name, choice.settings)
            .expect("a resolved scenario names a detector of the registry")
    })
}

/// Ledgers B and C as the events tell them, against what carriers and lanes say they hold.
fn compare_ledgers(findings: &Findings, outcome: &Outcome) -> Result<(), RunError> {
    let summary = &findings.summary;
    let truth = |name: &str| summary.truth.get(name).copied().unwrap_or(0);
    let attempts = |name: &str| summary.attempts.get(name).copied().unwrap_or(0);
    let by_carriers: u64 = outcome.carriers.iter().map(|carrier| carrier.delivered).sum();
    let arrived: u64 = outcome.carriers.iter().map(|carrier| carrier.attempts).sum();
    let lanes = outcome.lanes.iter().map(|lane| lane.attempts);
    let pairs = [
        (
            "copies delivered, by events and by carriers",
            truth("delivered") + summary.messages.duplicates,
            by_carriers,
        ),
        (
            "attempts dispatched, by lanes and by carriers",
            lanes.clone().map(|attempts| attempts.dispatched).sum(),
            arrived,
        ),
        (
            "attempts dispatched, by events and by lanes",
            attempts("dispatched"),
            lanes.clone().map(|attempts| attempts.dispatched).sum(),
        ),
        (
            "attempts answered, by events and by lanes",
            attempts("answered"),
            lanes.clone().map(|attempts| attempts.answered).sum(),
        ),
        (
            "attempts of unknown outcome, by events and by lanes",
            attempts("outcome_unknown"),
            lanes.map(|attempts| attempts.unknown).sum(),
        ),
    ];
    match pairs.into_iter().find(|(_, one, other)| one != other) {
        None => Ok(()),
        Some((what, one, other)) => {
            Err(RunError::LedgersDisagree(format!("{what}: {one} and {other}")))
        }
    }
}

/// Judges the alerts against the injected failures.
fn match_detection(
    scenario: &Scenario,
    choice: &DetectorChoice,
    outcome: &Outcome,
    onsets: &[crate::measure::Onset],
    occurrences: &[(u32, Time, Option<Time>)],
    findings: &mut Findings,
) {
    let end = Time::ZERO + scenario.duration;
    let incidents: Vec<Incident> = occurrences
        .iter()
        .zip(&findings.incidents)
        .map(|((index, start, ended), row)| {
            let fault = &scenario.faults[*index as usize];
            Incident {
                fault: *index as usize,
                destination: fault.destination,
                tenant: fault.tenant,
                start: *start,
                end: ended.unwrap_or_else(|| fault.end().max(*start)),
                // A change or a negative control is nothing to be found.
                touched_traffic: fault.kind.nature() == Nature::Failure
                    && (row.submitted > 0 || row.attempts > 0),
            }
        })
        .collect();
    let onsets: Vec<Onset> = onsets
        .iter()
        .map(|onset| Onset {
            account: onset.alert.account,
            kind: onset.alert.kind,
            severity: onset.alert.severity,
            scores: onset.alert.scores,
            since: onset.alert.since,
            raised: onset.raised,
            cleared: onset.cleared,
        })
        .collect();
    let exposure = Exposure {
        tenants: scenario.tenants.len() as u64,
        observed: outcome.ended.min(end).since(Time::ZERO),
    };
    let detection = match_onsets(&incidents, &onsets, choice.settings.window, exposure);
    for (row, fault) in findings.alerts.iter_mut().zip(&detection.faults) {
        row.fault = fault.map(|fault| scenario.faults[fault].name.clone()).unwrap_or_default();
    }
    for (row, delay) in findings.incidents.iter_mut().zip(&detection.delays) {
        row.detected_after_s = delay.map(|delay| delay.as_seconds_f64());
    }
    findings.summary.detection = Some(detection.figures);
}
