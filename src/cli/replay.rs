//! `apportion replay`, and how a run is made again from its folder.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::exit::Failure;
use super::load::{self, NotLoaded, choose_policy, load_for_run, quoted_path, with_registries};
use super::progress::Progress;
use super::{Exit, Global};
use crate::experiment::{RunRequest, run};
use crate::report::{Manifest, RunInfo, recover, render};
use crate::scenario::{
    Colouring, LoadError, Loaded, LogFormat, Scenario, replace_traffic, resolve_text,
};
use crate::scheduler::PolicyInfo;

/// Run again from the recorded messages of a run, or from a message log
#[derive(Debug, clap::Args)]
pub(super) struct Replay {
    /// The folder of a run that was made with --messages, or a message log (CSV)
    source: PathBuf,
    /// For a log: the scenario whose world it is replayed in
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,
    /// For a log: the policy [default: the scenario's]
    #[arg(long)]
    policy: Option<String>,
    /// For a log: the seed [default: the scenario's]
    #[arg(long)]
    seed: Option<u64>,
}

/// A run as its folder describes it.
pub(super) struct Recorded {
    pub(super) manifest: Manifest,
    pub(super) loaded: Loaded,
    pub(super) policy: &'static PolicyInfo,
    pub(super) seed: u64,
}

impl Recorded {
    /// Reads the folder of a run.
    pub(super) fn read(folder: &Path, global: &Global) -> Result<Self, Failure> {
        recover(folder)?;
        let manifest = Manifest::read(folder)?;
        let path = scenario_path(folder);
        let base = path.parent().unwrap_or(Path::new("")).to_owned();
        let name = path.display().to_string();
        let loaded = with_registries(|registries| {
            resolve_text(&name, &manifest.scenario_text, &base, &manifest.overrides, registries)
        });
        let loaded =
            load::accept(loaded, &path, global.colouring(), global).map_err(
                |error| match error {
                    NotLoaded::MissingVariable(message) => {
                        Failure::usage(format!("error: {message}"))
                    }
                    NotLoaded::Failed(failure) => failure,
                },
            )?;
        let changed = loaded
            .inputs
            .iter()
            .zip(&manifest.inputs)
            .find(|(found, recorded)| found.content_hash != recorded.content_hash);
        if let Some((input, _)) = changed {
            return Err(Failure::usage(format!(
                "error: {} has changed since {} was made",
                input.path_as_written,
                folder.display()
            )));
        }
        let seed = manifest.seed.parse().map_err(|_| {
            Failure::usage(format!("error: {}: no seed in the manifest", folder.display()))
        })?;
        let policy = choose_policy(Some(&manifest.policy), &loaded.scenario)?;
        Ok(Recorded { manifest, loaded, policy, seed })
    }
}

/// Where the scenario file of a run was; only its folder matters, for the inputs that it names. It is
/// known from the root, so that a run can be made again from anywhere.
fn scenario_path(folder: &Path) -> PathBuf {
    #[derive(serde::Deserialize)]
    struct Place {
        scenario_path: PathBuf,
        #[serde(default)]
        scenario_folder: PathBuf,
    }
    let text = std::fs::read_to_string(folder.join("host.json")).unwrap_or_default();
    let Ok(Place { scenario_path, scenario_folder }) = serde_json::from_str(&text) else {
        return PathBuf::from("scenario.toml");
    };
    let name = scenario_path.file_name().map(|name| scenario_folder.join(name));
    name.filter(|_| scenario_folder != Path::new("")).unwrap_or(scenario_path)
}

impl Replay {
    pub(super) fn execute(&self, global: &Global, output: &mut dyn Write) -> Result<Exit, Failure> {
        if self.source.is_dir() {
            if self.scenario.is_some() || self.policy.is_some() || self.seed.is_some() {
                return Err(Failure::usage(
                    "error: a run is replayed as it was; --scenario, --policy and --seed are for logs",
                ));
            }
            return self.replay_run(global, output);
        }
        let Some(path) = &self.scenario else {
            return Err(Failure::usage(
                "error: a log says what was sent, not where to: name the world with --scenario FILE",
            ));
        };
        let mut loaded = load_for_run(path, &[], global)?;
        replace(&mut loaded.scenario, &self.source, global)?;
        let policy = choose_policy(self.policy.as_deref(), &loaded.scenario)?;
        let seed = self.seed.unwrap_or(loaded.scenario.seed);
        let command = format!(
            "apportion replay {} --scenario {} --policy {} --seed {seed}",
            quoted_path(&self.source),
            quoted_path(path),
            policy.name
        );
        replay(&loaded.scenario, policy, seed, command, global, output).map(|_| Exit::Done)
    }

    fn replay_run(&self, global: &Global, output: &mut dyn Write) -> Result<Exit, Failure> {
        let Recorded { manifest, mut loaded, policy, seed } = Recorded::read(&self.source, global)?;
        let log = self.source.join("messages.csv");
        if !log.exists() {
            return Err(Failure::usage(format!(
                "error: {} has no messages.csv: make the run again with --messages",
                self.source.display()
            )));
        }
        replace(&mut loaded.scenario, &log, global)?;
        let command = format!("apportion replay {}", quoted_path(&self.source));
        let digest = replay(&loaded.scenario, policy, seed, command.clone(), global, output)?;
        if digest == manifest.digest {
            global.note("the replay equals the run");
            return Ok(Exit::Done);
        }
        let message =
            format!("error: the replay differs from the run: {} is now {digest}", manifest.digest);
        Err(Failure::new(Exit::Nondeterministic, message).reproduced_by(command))
    }
}

fn replace(scenario: &mut Scenario, log: &Path, global: &Global) -> Result<(), Failure> {
    let warnings =
        replace_traffic(scenario, log, &LogFormat::default()).map_err(|error| match error {
            LoadError::Invalid(problems) => {
                let colouring: Colouring = global.colouring();
                Failure::usage(problems.render(colouring))
            }
            LoadError::Io { .. } => Failure::new(Exit::InputOutput, format!("error: {error}")),
            LoadError::MissingVariable { .. } => Failure::usage(format!("error: {error}")),
        })?;
    for warning in warnings {
        global.warn(&format!("{}: warning: {warning}", log.display()));
    }
    Ok(())
}

/// Runs, prints the closing table, returns the digest.
fn replay(
    scenario: &Scenario,
    policy: &'static PolicyInfo,
    seed: u64,
    reproduce: String,
    global: &Global,
    output: &mut dyn Write,
) -> Result<String, Failure> {
    let format = global.report_format()?;
    let mut progress = Progress::new(global, scenario);
    let request = RunRequest { scenario, policy, seed, keeps_messages: false };
    let result = run(request, &mut progress);
    progress.finish();
    let result = result.map_err(|error| Failure::from(error).reproduced_by(reproduce.clone()))?;
    let info = RunInfo { reproduce, results: None };
    write!(output, "{}", render(&result.findings, &info, format))?;
    Ok(result.digest.to_string())
}
