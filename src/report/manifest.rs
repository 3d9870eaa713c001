//! What a result is a result of, and the machine it was made on.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{ReportError, tables, write_text};
use crate::measure::{SCHEMA_VERSION, Summary};

/// Name of the manifest's file; a folder that has it is a result and may be replaced by a newer one.
pub const MANIFEST_FILE: &str = "manifest.json";
/// Name of the summary's file.
pub const SUMMARY_FILE: &str = "summary.json";
/// What [`Manifest::tool`] says.
pub const TOOL: &str = "apportion";

/// `manifest.json`: everything that determines the result, and nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Always [`TOOL`].
    pub tool: String,
    /// Version of the tool.
    pub version: String,
    /// Layout of the files: [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Name of the scenario.
    pub scenario: String,
    /// The scenario file as written.
    pub scenario_text: String,
    /// The `path=value` texts of `--set`, in the order given.
    pub overrides: Vec<String>,
    /// Name of the policy.
    pub policy: String,
    /// The seed, as text because some readers lose integers above 2⁵³.
    pub seed: String,
    /// The digest of the run.
    pub digest: String,
    /// Files that the scenario reads.
    pub inputs: Vec<Input>,
    /// The columns of each table, in order.
    pub columns: BTreeMap<String, Vec<String>>,
}

/// A file that a scenario reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// The path as the scenario writes it.
    pub path: String,
    /// XXH3-128 of the file's bytes, in hexadecimal.
    pub content_hash: String,
}

impl Manifest {
    /// The manifest of the run that `summary` sums up.
    pub fn new(
        summary: &Summary,
        scenario_text: String,
        overrides: Vec<String>,
        inputs: Vec<Input>,
    ) -> Self {
        Manifest {
            tool: TOOL.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            schema_version: SCHEMA_VERSION,
            scenario: summary.scenario.clone(),
            scenario_text,
            overrides,
            policy: summary.policy.clone(),
            seed: summary.seed.clone(),
            digest: summary.digest.clone(),
            inputs,
            columns: tables::columns(),
        }
    }

    /// Reads the manifest of the result in `folder`.
    ///
    /// # Errors
    /// When there is none, or it is not one.
    pub fn read(folder: &Path) -> Result<Self, ReportError> {
        read_json(&folder.join(MANIFEST_FILE))
    }

    /// Writes the manifest into `folder`.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn write(&self, folder: &Path) -> Result<(), ReportError> {
        write_json(&folder.join(MANIFEST_FILE), self)
    }

    /// The command that makes this result again, on the scenario file that `host` remembers.
    pub fn reproduce(&self, host: &Host) -> String {
        self.reproduce_from(&host.scenario_path)
    }

    /// The same for files that are compared byte by byte: where the scenario file was does not belong
    /// there, so it is named as if it were in the current folder.
    pub(super) fn reproduce_from_anywhere(&self) -> String {
        self.reproduce_from(&format!("{}.toml", self.scenario))
    }

    fn reproduce_from(&self, scenario: &str) -> String {
        let mut command = format!(
            "apportion run {} --policy {} --seed {}",
            quoted(scenario),
            quoted(&self.policy),
            self.seed
        );
        for setting in &self.overrides {
            command.push_str(&format!(" --set {}", quoted(setting)));
        }
        command
    }
}

/// `host.json`: what may differ between two identical runs. It names no machine and no person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Host {
    /// Operating system.
    pub os: String,
    /// Processor architecture.
    pub arch: String,
    /// Threads used.
    pub threads: usize,
    /// Duration of the run on the wall clock, seconds.
    pub wall_s: f64,
    /// The command line.
    pub command: Vec<String>,
    /// The scenario file's path as given.
    pub scenario_path: String,
    /// The folder that the scenario's own paths start from, from the root; empty where it has none.
    #[serde(default)]
    pub scenario_folder: String,
}

impl Host {
    /// The machine this runs on.
    pub fn here(threads: usize, wall_s: f64, command: Vec<String>, scenario_path: String) -> Self {
        let (os, arch) = (std::env::consts::OS.to_owned(), std::env::consts::ARCH.to_owned());
        // Where there is a file, its path made absolute has a folder above it.
        let scenario_folder = std::path::absolute(&scenario_path)
            .ok()
            .and_then(|path| Some(path.parent()?.display().to_string()))
            .unwrap_or_default();
        Host { os, arch, threads, wall_s, command, scenario_path, scenario_folder }
    }

    /// Writes `host.json` into `folder`.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn write(&self, folder: &Path) -> Result<(), ReportError> {
        write_json(&folder.join("host.json"), self)
    }
}

/// Reads the summary of the result in `folder`.
///
/// # Errors
/// When there is none, or it is not one.
pub fn read_summary(folder: &Path) -> Result<Summary, ReportError> {
    read_json(&folder.join(SUMMARY_FILE))
}

/// Whether `folder` holds a result of this tool, of whatever version.
pub(super) fn is_ours(folder: &Path) -> bool {
    #[derive(Deserialize)]
    struct Signature {
        tool: String,
    }
    read_json(&folder.join(MANIFEST_FILE)).is_ok_and(|found: Signature| found.tool == TOOL)
}

pub(super) fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<(), ReportError> {
    let mut text = serde_json::to_string_pretty(value)
        .map_err(|source| ReportError::Json { path: path.to_path_buf(), source })?;
    text.push('\n');
    write_text(path, &text)
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, ReportError> {
    let text = fs::read_to_string(path).map_err(|source| ReportError::io(path, source))?;
    serde_json::from_str(&text)
        .map_err(|source| ReportError::Json { path: path.to_path_buf(), source })
}

/// A word as a POSIX shell takes it.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn the_reproducing_command_survives_a_shell() {
        let mut manifest = sample::manifest(&sample::findings());
        manifest.overrides = vec!["duration=10min".into(), "tenant.name=it's".into()];
        let host = Host { scenario_path: "my scenarios/a.toml".into(), ..sample::host() };
        assert_eq!(
            manifest.reproduce(&host),
            "apportion run 'my scenarios/a.toml' --policy scoring --seed 1 \
             --set duration=10min --set 'tenant.name=it'\\''s'"
        );
    }

    #[test]
    fn the_manifest_names_the_columns_of_every_table() {
        let manifest = sample::manifest(&sample::findings());
        assert_eq!(manifest.columns["alerts.csv"][0], "raised_s");
        assert_eq!(manifest.columns.len(), 7);
        assert_eq!((manifest.tool.as_str(), manifest.schema_version), ("apportion", 1));
    }

    #[test]
    fn a_broken_manifest_is_named_in_the_error() {
        let place = sample::TemporaryPlace::new("broken-manifest");
        fs::write(place.path().join(MANIFEST_FILE), "{").expect("written");
        let error = Manifest::read(place.path()).expect_err("broken").to_string();
        assert!(error.contains("manifest.json") && error.contains("line 1"), "{error}");
        assert!(!is_ours(place.path()));
    }
}
