//! `apportion run`

use std::io::Write;
use std::path::{Path, PathBuf};

use super::exit::Failure;
use super::load::{choose_policy, inputs, load_for_run, quoted_path, set_arguments};
use super::progress::Progress;
use super::watchman::Watchman;
use super::{Exit, Global};
use crate::experiment::{CausalPlan, RunRequest, RunResult, causal, causal_runs, run};
use crate::measure::causal::CausalImpact;
use crate::report::{
    Host, Manifest, ResultsFolder, RunInfo, Timeline, render, run_folder, write_run,
};
use crate::scenario::{Loaded, Scenario};
use crate::scheduler::PolicyInfo;

/// Run a scenario: who waited how long, was it fair, was the detector right
#[derive(Debug, clap::Args)]
pub(super) struct Run {
    /// The scenario file
    scenario: PathBuf,
    /// The policy [default: the scenario's]
    #[arg(long)]
    policy: Option<String>,
    /// The seed [default: the scenario's]
    #[arg(long)]
    seed: Option<u64>,
    /// Override a value of the scenario, for instance destination.us.quota=20/s
    #[arg(long = "set", value_name = "PATH=VALUE")]
    set: Vec<String>,
    /// Also write messages.csv: a row a message, which `replay` understands
    #[arg(long)]
    messages: bool,
    /// Also run without each injected failure, on the same luck: what did each of them do?
    #[arg(long)]
    causal: bool,
    /// Also write timeline.json, which opens in Perfetto (https://ui.perfetto.dev)
    #[arg(long)]
    timeline: bool,
}

impl Run {
    pub(super) fn execute(&self, global: &Global, output: &mut dyn Write) -> Result<Exit, Failure> {
        let format = global.report_format()?;
        let loaded = load_for_run(&self.scenario, &self.set, global)?;
        let policy = choose_policy(self.policy.as_deref(), &loaded.scenario)?;
        let seed = self.seed.unwrap_or(loaded.scenario.seed);
        let target = global.out.clone().unwrap_or_else(|| {
            let (results, name) = (Path::new("results"), &loaded.scenario.name);
            run_folder(results, name, policy.name, seed, &self.set)
        });
        // Before the run: what cannot be written need not be computed.
        let mut folder = ResultsFolder::prepare(&target)?;
        let mut progress = Progress::new(global, &loaded.scenario);
        let request =
            RunRequest { scenario: &loaded.scenario, policy, seed, keeps_messages: self.messages };
        let mut timeline = self.timeline.then(|| Timeline::new(&loaded.scenario));
        let result = run(request, &mut (&mut progress, &mut timeline));
        let elapsed = progress.finish();
        let result = result
            .map_err(|error| Failure::from(error).reproduced_by(self.command(policy.name, seed)))?;
        let wall_s = elapsed.as_secs_f64();
        let mut result = result;
        if self.causal {
            let impact = self.impact(&loaded.scenario, policy, seed, global)?;
            result.findings.add_causal(&loaded.scenario, &impact);
        }
        if let Some(timeline) = &timeline {
            timeline.write(folder.staging(), &result.findings.summary)?;
            if let Some(note) = timeline.left_out() {
                global.note(&note);
            }
        }
        let info = write(&mut folder, &loaded, &result, wall_s, &self.scenario)?;
        write!(output, "{}", render(&result.findings, &info, format))?;
        let submitted = result.findings.summary.messages.submitted as f64;
        let rate = submitted / wall_s.max(1e-9);
        global.note(&format!(
            "{} events in {wall_s:.2} s: {rate:.0} messages/s",
            result.findings.summary.events
        ));
        let passed = result.findings.summary.checks.iter().all(|check| check.passed);
        Ok(if passed { Exit::Done } else { Exit::CheckFailed })
    }

    fn impact(
        &self,
        scenario: &Scenario,
        policy: &'static PolicyInfo,
        seed: u64,
        global: &Global,
    ) -> Result<CausalImpact, Failure> {
        let watchman = Watchman::new(global, causal_runs(scenario));
        let plan = CausalPlan { scenario, policy, seed, threads: global.threads() };
        let impact = causal(plan, &watchman);
        watchman.finish();
        let command = format!("{} --causal", self.command(policy.name, seed));
        impact.map_err(|ended| Failure::from(ended).reproduced_by(command))
    }

    fn command(&self, policy: &str, seed: u64) -> String {
        let scenario = quoted_path(&self.scenario);
        let set = set_arguments(&self.set);
        format!("apportion run {scenario} --policy {policy} --seed {seed}{set}")
    }
}

/// Writes and commits the folder of a run.
pub(super) fn write(
    folder: &mut ResultsFolder,
    loaded: &Loaded,
    result: &RunResult,
    wall_s: f64,
    path: &Path,
) -> Result<RunInfo, Failure> {
    let manifest = Manifest::new(
        &result.findings.summary,
        loaded.source.clone(),
        loaded.overrides.clone(),
        inputs(loaded),
    );
    let command = std::env::args().collect();
    let host = Host::here(1, wall_s, command, path.display().to_string());
    write_run(folder, &result.findings, &manifest, &host, result.messages.as_ref())?;
    folder.commit()?;
    Ok(RunInfo {
        reproduce: manifest.reproduce(&host),
        results: Some(folder.target().display().to_string()),
    })
}
