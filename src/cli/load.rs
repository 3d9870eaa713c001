//! From what a person typed to what can run.

use std::path::Path;

use super::exit::Failure;
use super::{Exit, Global};
use crate::detector::DETECTORS;
use crate::measure::{METRICS, Unit, accepts, find};
use crate::report::{Input, quoted};
use crate::scenario::{
    self, Colouring, LoadError, Loaded, MetricUnit, Registries, Scenario, nearest,
};
use crate::scheduler::{POLICIES, PolicyInfo, policy};

/// Calls `with` with the names of all rooms that a scenario may name.
pub(super) fn with_registries<T>(with: impl FnOnce(Registries<'_>) -> T) -> T {
    let metrics: Vec<(&str, MetricUnit)> = METRICS
        .iter()
        .map(|metric| {
            let unit = match metric.unit {
                Unit::Seconds => MetricUnit::Seconds,
                Unit::Ratio => MetricUnit::Ratio,
                Unit::Count => MetricUnit::Count,
            };
            (metric.name, unit)
        })
        .collect();
    let policies: Vec<&str> = POLICIES.iter().map(|info| info.name).collect();
    let detectors: Vec<&str> = DETECTORS.iter().map(|info| info.name).collect();
    with(Registries { metrics: &metrics, policies: &policies, detectors: &detectors })
}

/// A scenario that could not be loaded.
pub(super) enum NotLoaded {
    /// It reads a file below a variable that is not set: no error for `check`.
    MissingVariable(String),
    /// Anything else.
    Failed(Failure),
}

/// Loads a scenario file.
pub(super) fn load(
    path: &Path,
    overrides: &[String],
    colouring: Colouring,
    global: &Global,
) -> Result<Loaded, NotLoaded> {
    let loaded = with_registries(|registries| scenario::load(path, overrides, registries));
    accept(loaded, path, colouring, global)
}

/// Turns the result of loading into this room's, and checks what only the registry of metrics knows.
pub(super) fn accept(
    loaded: Result<Loaded, LoadError>,
    path: &Path,
    colouring: Colouring,
    global: &Global,
) -> Result<Loaded, NotLoaded> {
    let loaded = loaded.map_err(|error| match error {
        LoadError::Invalid(diagnostics) => {
            NotLoaded::Failed(Failure::usage(diagnostics.render(colouring)))
        }
        LoadError::MissingVariable { .. } => {
            NotLoaded::MissingVariable(format!("{}: {error}", path.display()))
        }
        LoadError::Io { .. } => {
            NotLoaded::Failed(Failure::new(Exit::InputOutput, format!("error: {error}")))
        }
    })?;
    let unselectable: Vec<String> = loaded
        .scenario
        .checks
        .iter()
        .filter(|check| !find(&check.metric).is_some_and(|metric| accepts(metric, &check.selector)))
        .map(|check| {
            format!(
                "{}:{}: error: the metric `{}` has no figure of what this check selects; \
                 `apportion metrics` lists what each can be taken of",
                path.display(),
                check.line,
                check.metric
            )
        })
        .collect();
    if !unselectable.is_empty() {
        return Err(NotLoaded::Failed(Failure::usage(unselectable.join("\n"))));
    }
    for warning in &loaded.warnings {
        global.warn(&format!("{}: warning: {warning}", path.display()));
    }
    Ok(loaded)
}

/// Loads a scenario file for a command that cannot do without it.
pub(super) fn load_for_run(
    path: &Path,
    overrides: &[String],
    global: &Global,
) -> Result<Loaded, Failure> {
    load(path, overrides, global.colouring(), global).map_err(|error| match error {
        NotLoaded::MissingVariable(message) => Failure::usage(format!("error: {message}")),
        NotLoaded::Failed(failure) => failure,
    })
}

/// The policy that was asked for, or the scenario's.
pub(super) fn choose_policy(
    asked: Option<&str>,
    scenario: &Scenario,
) -> Result<&'static PolicyInfo, Failure> {
    let name = asked.unwrap_or(&scenario.policy);
    policy(name).ok_or_else(|| {
        let known: Vec<&str> = POLICIES.iter().map(|info| info.name).collect();
        let hint = match nearest(name, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are {}", known.join(", ")),
        };
        Failure::usage(format!("error: no policy `{name}`; {hint}"))
    })
}

/// The inputs of a scenario, for a manifest.
pub(super) fn inputs(loaded: &Loaded) -> Vec<Input> {
    loaded
        .inputs
        .iter()
        .map(|input| Input {
            path: input.path_as_written.clone(),
            content_hash: input.content_hash.clone(),
        })
        .collect()
}

/// A path as a shell takes it, for the commands that reproduce something.
pub(super) fn quoted_path(path: &Path) -> String {
    quoted(&path.display().to_string())
}

/// The overrides as arguments, each with a space before it.
pub(super) fn set_arguments(overrides: &[String]) -> String {
    overrides.iter().map(|text| format!(" --set {}", quoted(text))).collect()
}
