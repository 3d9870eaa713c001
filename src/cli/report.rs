//! `apportion report`

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::exit::Failure;
use super::{Exit, Global};
use crate::report::{
    Column, Host, Manifest, ManyManifest, ResultsFolder, ScenarioSource, read_summary, recover,
    render_side_by_side, write_many,
};

/// Put runs side by side on one page
#[derive(Debug, clap::Args)]
pub(super) struct Report {
    /// The folders of runs
    #[arg(required = true, num_args = 1..=12)]
    runs: Vec<PathBuf>,
}

impl Report {
    pub(super) fn execute(&self, global: &Global, output: &mut dyn Write) -> Result<Exit, Failure> {
        let mut columns = Vec::new();
        let mut sources: Vec<ScenarioSource> = Vec::new();
        let mut digests = Vec::new();
        for run in &self.runs {
            recover(run)?;
            let manifest = Manifest::read(run)?;
            digests.push(manifest.digest);
            sources.push(ScenarioSource {
                name: manifest.scenario,
                text: manifest.scenario_text,
                overrides: manifest.overrides,
                inputs: manifest.inputs,
            });
            columns.push(Column {
                folder: run.display().to_string(),
                summary: read_summary(run)?,
                pictures: pictures(run)?,
            });
        }
        let target = global.out.clone().unwrap_or_else(|| PathBuf::from("results/report"));
        let mut folder = ResultsFolder::prepare(&target)?;
        let replaces = target.join("report.html").exists();
        let manifest = ManyManifest::new("report", sources, digests);
        let host = Host::here(1, 0.0, std::env::args().collect(), String::new());
        let page = ("report.html".to_owned(), render_side_by_side(&columns));
        write_many(&folder, &manifest, &host, &[page], &[])?;
        folder.commit()?;
        if replaces && global.out.is_none() {
            let kept = "--out writes the next one elsewhere";
            global.note(&format!("replaced the page that was in {}; {kept}", target.display()));
        }
        writeln!(output, "{}", target.join("report.html").display())?;
        Ok(Exit::Done)
    }
}

/// The pictures of a run by name, in order of their names.
fn pictures(run: &Path) -> Result<BTreeMap<String, String>, Failure> {
    let folder = run.join("plots");
    let failed = |path: &Path, error| {
        Failure::new(Exit::InputOutput, format!("error: {}: {error}", path.display()))
    };
    let mut pictures = BTreeMap::new();
    for entry in std::fs::read_dir(&folder).map_err(|error| failed(&folder, error))? {
        let path = entry.map_err(|error| failed(&folder, error))?.path();
        if path.extension().is_some_and(|extension| extension == "svg") {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let svg = std::fs::read_to_string(&path).map_err(|error| failed(&path, error))?;
            pictures.insert(name, svg);
        }
    }
    Ok(pictures)
}
