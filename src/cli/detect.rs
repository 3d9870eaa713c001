//! `apportion detect`

#![expect(clippy::disallowed_methods, reason = "how long it took is the host's; no result sees it")]

mod outputs;
mod peaks;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::Serialize;

use super::exit::Failure;
use super::load::quoted_path;
use super::{Exit, Global, OutputFormat};
use crate::experiment::series::judge_series;
use crate::report::{Host, ManyManifest, ResultsFolder, write_many};
use crate::scenario::{LabelledSeries, SeriesError, load_series};

/// Score series of others, and judge the scores where there are labels
#[derive(Debug, clap::Args)]
#[command(after_long_help = COLUMNS)]
pub(super) struct Detect {
    /// CSV files, folders of them, or the folder of the Numenta Anomaly Benchmark
    #[arg(required = true, value_name = "SERIES")]
    series: Vec<PathBuf>,
    /// Print every step with our scores instead of the scoreboard
    #[arg(long)]
    rows: bool,
}

/// Shown below the long help, above the exit codes.
const COLUMNS: &str = "\
Columns are found by name:
  timestamp  (time, start_s)       2015-02-26 21:42:53, RFC 3339, or seconds
  value      (count, failed)       what was measured
  total      (outcomes)            optional: of how many, where the value counts failures
  label      (is_anomaly, anomaly) optional: 1 where it is abnormal, else 0
Without labels there is nothing to judge: the table tells where the scores are highest,
every other format the scores of every step.
--out DIR writes the scoreboard, the scores and a timeline of every series.

";

/// What the manifest says was asked for.
#[derive(Serialize)]
struct Plan {
    series: Vec<PlannedSeries>,
}

#[derive(Serialize)]
struct PlannedSeries {
    group: String,
    name: String,
    steps: usize,
    content_hash: String,
}

impl Detect {
    pub(super) fn execute(&self, global: &Global, output: &mut dyn Write) -> Result<Exit, Failure> {
        if global.format == OutputFormat::Github {
            return Err(Failure::usage("error: --format github is for `apportion check`"));
        }
        let started = Instant::now();
        let mut all = Vec::new();
        for path in &self.series {
            all.extend(load_series(path).map_err(|error| failure(&error, path))?);
        }
        let has_labels = all.iter().any(|series| series.windows.is_some());
        if !has_labels && !self.rows {
            let shown = match global.format {
                OutputFormat::Table => "where the scores are highest (--rows prints every step)",
                _ => "the scores by step",
            };
            global.note(&format!("no series has labels, so there is nothing to judge: {shown}"));
        }
        let unlabelled = all.iter().filter(|series| series.windows.is_none()).count();
        if has_labels && unlabelled > 0 {
            global.note(&format!("{unlabelled} of {} series have no labels: left out", all.len()));
        }
        let figures = judge_series(&all);
        if let Some(target) = &global.out {
            let mut folder = ResultsFolder::prepare(target)?;
            let manifest = ManyManifest::new("detect", Vec::new(), plan(&all));
            let command = std::env::args().collect();
            let wall_s = started.elapsed().as_secs_f64();
            let paths: Vec<String> =
                self.series.iter().map(|path| path.display().to_string()).collect();
            let host = Host::here(global.threads(), wall_s, command, paths.join(" "));
            let files = outputs::files(&all, &figures)?;
            let pictures = outputs::pictures(&all, &figures)?;
            write_many(&folder, &manifest, &host, &files, &pictures)?;
            folder.commit()?;
            global.note(&format!("written to {}", quoted_path(folder.target())));
        }
        match (self.rows, has_labels, global.format) {
            (false, true, format) => outputs::print_board(&figures, format, output)?,
            (false, false, OutputFormat::Table) => peaks::print_peaks(&all, output)?,
            (_, _, format) => outputs::print_rows(&all, format, output)?,
        }
        Ok(Exit::Done)
    }
}

fn failure(error: &SeriesError, path: &Path) -> Failure {
    let exit = match error {
        SeriesError::Read { .. } => Exit::InputOutput,
        _ => Exit::Usage,
    };
    Failure::new(exit, format!("error: {error}"))
        .reproduced_by(format!("apportion detect {}", quoted_path(path)))
}

fn plan(all: &[LabelledSeries]) -> Plan {
    let planned = |series: &LabelledSeries| PlannedSeries {
        group: series.group.clone(),
        name: series.name.clone(),
        steps: series.values.len(),
        content_hash: series.content_hash.clone(),
    };
    Plan { series: all.iter().map(planned).collect() }
}
