//! The results folder of many runs: a comparison, a sweep, a check.

use std::fs;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::manifest::{MANIFEST_FILE, write_json};
use super::{Host, Input, ReportError, ResultsFolder, TOOL, write_text};

/// `manifest.json` of many runs: everything that determines the result, and nothing else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ManyManifest<P> {
    /// Always [`TOOL`].
    pub tool: String,
    /// Version of the tool.
    pub version: String,
    /// Layout of the files.
    pub schema_version: u32,
    /// Which command made it: `compare`, `sweep`, `check`.
    pub kind: String,
    /// The scenarios, as written.
    pub scenarios: Vec<ScenarioSource>,
    /// What the command was asked for, as it depends on the command.
    pub plan: P,
}

/// A scenario as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScenarioSource {
    /// Its name.
    pub name: String,
    /// The text of its file.
    pub text: String,
    /// The `path=value` texts that it was changed by, in the order given.
    pub overrides: Vec<String>,
    /// Files that it reads.
    pub inputs: Vec<Input>,
}

/// A picture to be written: its name and its SVG.
pub type Picture = (String, String);

impl<P> ManyManifest<P> {
    /// A manifest; `plan` is what `kind` was asked for.
    pub fn new(kind: &str, scenarios: Vec<ScenarioSource>, plan: P) -> Self {
        ManyManifest {
            tool: TOOL.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            schema_version: 1,
            kind: kind.to_owned(),
            scenarios,
            plan,
        }
    }
}

impl<P: DeserializeOwned> ManyManifest<P> {
    /// Reads the manifest of the result in `folder`.
    ///
    /// # Errors
    /// When there is none, or it is not one of many runs.
    pub fn read(folder: &Path) -> Result<Self, ReportError> {
        let path = folder.join(MANIFEST_FILE);
        let text = fs::read_to_string(&path).map_err(|source| ReportError::io(&path, source))?;
        serde_json::from_str(&text).map_err(|source| ReportError::Json { path, source })
    }
}

/// Fills a staged results folder with texts by file name, and pictures.
///
/// # Errors
/// When a file cannot be written; the folder should then be dropped.
pub fn write_many<P: Serialize>(
    folder: &ResultsFolder,
    manifest: &ManyManifest<P>,
    host: &Host,
    files: &[(String, String)],
    pictures: &[Picture],
) -> Result<(), ReportError> {
    let place = folder.staging();
    write_json(&place.join(MANIFEST_FILE), manifest)?;
    host.write(place)?;
    for (name, text) in files {
        write_text(&place.join(name), text)?;
    }
    if !pictures.is_empty() {
        let plots = place.join("plots");
        fs::create_dir_all(&plots).map_err(|source| ReportError::io(&plots, source))?;
        for (name, svg) in pictures {
            write_text(&plots.join(format!("{name}.svg")), svg)?;
        }
    }
    Ok(())
}
