//! The causal impact of each failure of a run, from runs without it.

use std::ops::ControlFlow;

use super::replicate::{Ended, Overseer, fold_in_order};
use super::run::{RunError, RunRequest, run};
use crate::event::{Event, Flow, Sink};
use crate::measure::causal::{CausalImpact, ComparedRuns, Fates, causal_impact};
use crate::scenario::{MessageLog, Scenario, Submissions};
use crate::scheduler::PolicyInfo;

/// Whose impact is asked for.
#[derive(Clone, Copy)]
pub struct CausalPlan<'a> {
    /// The scenario with all failures.
    pub scenario: &'a Scenario,
    /// The policy.
    pub policy: &'a PolicyInfo,
    /// The seed.
    pub seed: u64,
    /// How many threads.
    pub threads: usize,
}

/// How many runs it takes, the one with all failures included.
pub fn causal_runs(scenario: &Scenario) -> usize {
    worlds(scenario).len() + usize::from(!scenario.is_open_loop())
}

/// Runs the scenario with all failures, without each and without any, on the same luck, and compares.
///
/// Where a closed loop makes arrivals depend on what happens, all runs have the arrivals of the run
/// without any failure.
///
/// # Errors
/// When a run fails, or the overseer wants to stop.
pub fn causal(
    plan: CausalPlan<'_>,
    overseer: &dyn Overseer,
) -> Result<CausalImpact, Ended<RunError>> {
    let scenario = plan.scenario;
    let is_frozen = !scenario.is_open_loop();
    let frozen;
    let basis = if is_frozen {
        let healthy = fates_of(plan, &without_faults(scenario, |_| false), overseer)?;
        if overseer.wants_stop() {
            return Err(Ended::Interrupted);
        }
        frozen = with_arrivals_of(scenario, &healthy);
        &frozen
    } else {
        scenario
    };
    let worlds = worlds(basis);
    let work = |index: usize| fates_of(plan, &worlds[index], overseer);
    let mut runs: Vec<Fates> = Vec::with_capacity(worlds.len());
    fold_in_order(plan.threads, worlds.len(), overseer, work, |_, fates| {
        runs.push(fates);
        ControlFlow::Continue(())
    })?;
    // Without its only failure a run is without any.
    let faults = scenario.faults.len();
    let all = &runs[0];
    let none = runs.last().expect("there is the run with all failures");
    let without = if faults == 1 { vec![none] } else { runs[1..=faults].iter().collect() };
    Ok(causal_impact(basis, &ComparedRuns { all, without, none }, is_frozen))
}

/// With all failures, without each, without any; what is the same is there once.
fn worlds(scenario: &Scenario) -> Vec<Scenario> {
    let faults = scenario.faults.len();
    let mut worlds = vec![scenario.clone()];
    if faults > 1 {
        worlds
            .extend((0..faults).map(|left_out| without_faults(scenario, |kept| kept != left_out)));
    }
    if faults > 0 {
        worlds.push(without_faults(scenario, |_| false));
    }
    worlds
}

/// The scenario with the faults whose number is to be kept. A fault's luck is its name's, so the others
/// strike as they did.
fn without_faults(scenario: &Scenario, keeps: impl Fn(usize) -> bool) -> Scenario {
    let mut less = scenario.clone();
    let mut number = 0;
    less.faults.retain(|_| {
        number += 1;
        keeps(number - 1)
    });
    less
}

/// The scenario with the submissions of a run in place of its sources.
fn with_arrivals_of(scenario: &Scenario, fates: &Fates) -> Scenario {
    let mut frozen = scenario.clone();
    frozen.submissions = Submissions::Frozen;
    frozen.log = Some(MessageLog {
        path: "(the run without any fault)".to_owned(),
        content_hash: String::new(),
        arrivals: fates.arrivals(),
    });
    frozen
}

fn fates_of(
    plan: CausalPlan<'_>,
    scenario: &Scenario,
    overseer: &dyn Overseer,
) -> Result<Fates, RunError> {
    let mut listener = Listener { fates: Fates::default(), overseer, events: 0 };
    let (policy, seed) = (plan.policy, plan.seed);
    let request = RunRequest { scenario, policy, seed, keeps_messages: false };
    match run(request, &mut listener) {
        Ok(_) => Ok(listener.fates),
        // A run that was cut short adds up to nothing, and need not.
        Err(RunError::LedgersDisagree(_) | RunError::Violation(_)) if overseer.wants_stop() => {
            Ok(Fates::default())
        }
        Err(error) => Err(error),
    }
}

/// Events between two questions whether to stop.
const ASK_EVERY: u64 = 1 << 12;

/// Keeps the fates, and stops a run that nobody wants any more.
struct Listener<'a> {
    fates: Fates,
    overseer: &'a dyn Overseer,
    events: u64,
}

impl Sink for Listener<'_> {
    fn record(&mut self, event: &Event) -> Flow {
        self.events += 1;
        if self.events.is_multiple_of(ASK_EVERY) && self.overseer.wants_stop() {
            return Flow::Stop;
        }
        self.fates.record(event)
    }
}
