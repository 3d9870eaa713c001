//! What a person or a build server sees of a run: files, tables, plots, pages, annotations.
//!
//! Everything here is derived from [`Findings`]; nothing is measured.
//! A results folder is staged beside its place, filled by [`write_run`] and exchanged by
//! [`ResultsFolder::commit`], so a reader finds the old result or the new one, never half of either.
//!
//! Files that are compared byte by byte hold nothing of the machine or the hour; what differs
//! between two identical runs lives in `host.json` alone.

mod folder;
mod github;
mod glance;
mod html;
mod human;
mod impact;
mod junit;
mod manifest;
mod many;
mod messages;
mod plots;
mod shares;
mod side_by_side;
mod tables;
mod terminal;
mod text_table;
mod timeline;
mod twins;
mod verdict;
mod xml;

#[cfg(test)]
mod sample;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub use folder::{ResultsFolder, recover, run_folder};
pub use github::render as render_github;
pub use glance::{ClassLine, DestinationLine, Glance, GroupLine, RunInfo, TenantLine};
pub use html::render as render_html;
pub use human::{count, figure, measured_against, moment, percent, quantile, time};
pub use junit::render as render_junit;
pub use manifest::{
    Host, Input, MANIFEST_FILE, Manifest, SUMMARY_FILE, TOOL, quoted, read_summary,
};
pub use many::{ManyManifest, Picture, ScenarioSource, write_many};
pub use messages::{MESSAGE_COLUMNS, MessageTable};
pub use plots::{
    Bar, Cloud, Course, EffectPanel, Interval, IntervalPanel, Line, Plot, ScoredSeries, Track,
    draw as draw_plots, draw_changes, draw_courses, draw_effects, draw_intervals, draw_lines,
    draw_map, draw_scored_series,
};
pub use side_by_side::{Column, render_side_by_side};
pub use tables::columns;
pub use terminal::{Format, Style, render};
pub(crate) use terminal::{Paint, Tone};
pub(crate) use text_table::TextTable;
pub use timeline::{MOST_ATTEMPTS, MOST_SAMPLES, Timeline};
pub use verdict::{Outcome, Verdict};

use crate::measure::Findings;

/// Why a report could not be written or a result could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The file system refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// On which file or folder.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// The folder exists and is not a result of this tool: it is left alone.
    #[error(
        "{}: exists and has no manifest.json of apportion; it is not replaced: name another folder \
         with --out, or remove it yourself",
        path.display()
    )]
    NotOurs {
        /// The folder.
        path: PathBuf,
    },
    /// Another process is writing the same result.
    #[error("{}: another apportion process is writing this result", path.display())]
    Busy {
        /// The folder.
        path: PathBuf,
    },
    /// The path ends in no name that a folder could have.
    #[error("{}: is not the name of a folder", path.display())]
    NoName {
        /// The path.
        path: PathBuf,
    },
    /// The folder was about to be put in place without a manifest, so it could never be replaced.
    #[error("{}: the result has no manifest", path.display())]
    NoManifest {
        /// The staged folder.
        path: PathBuf,
    },
    /// A JSON file is not what it should be.
    #[error("{}: {source}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// A CSV file could not be written.
    #[error("{}: {source}", path.display())]
    Csv {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: csv::Error,
    },
    /// A plot could not be drawn.
    #[error("plot {name}: {message}")]
    Plot {
        /// Its name.
        name: &'static str,
        /// What the drawing library said.
        message: String,
    },
}

impl ReportError {
    fn io(path: &Path, source: io::Error) -> Self {
        ReportError::Io { path: path.to_path_buf(), source }
    }
}

/// Fills a staged results folder with everything known of one run.
///
/// The caller commits the folder afterwards; until then the previous result stays in place.
///
/// # Errors
/// When a file cannot be written or a plot cannot be drawn; the folder should then be dropped.
pub fn write_run(
    folder: &ResultsFolder,
    findings: &Findings,
    manifest: &Manifest,
    host: &Host,
    messages: Option<&MessageTable>,
) -> Result<(), ReportError> {
    let place = folder.staging();
    manifest.write(place)?;
    host.write(place)?;
    tables::write_all(place, findings)?;
    if let Some(messages) = messages {
        messages.write(place)?;
    }
    let plots = draw_plots(findings)?;
    let plot_folder = place.join("plots");
    fs::create_dir_all(&plot_folder).map_err(|source| ReportError::io(&plot_folder, source))?;
    for plot in &plots {
        write_text(&plot_folder.join(format!("{}.svg", plot.name)), &plot.svg)?;
    }
    let info = RunInfo { reproduce: manifest.reproduce_from_anywhere(), results: None };
    write_text(&place.join("report.html"), &render_html(findings, &info, &plots))
}

fn write_text(path: &Path, text: &str) -> Result<(), ReportError> {
    fs::write(path, text).map_err(|source| ReportError::io(path, source))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_run_is_written_and_reads_back() {
        let place = sample::TemporaryPlace::new("whole-run");
        let target = place.path().join("results/noisy/scoring-1");
        let findings = sample::findings();
        let manifest = sample::manifest(&findings);
        let mut folder = ResultsFolder::prepare(&target).expect("prepared");
        write_run(&folder, &findings, &manifest, &sample::host(), None).expect("written");
        folder.commit().expect("committed");
        for file in [
            "manifest.json",
            "host.json",
            "summary.json",
            "tenants.csv",
            "destinations.csv",
            "series.csv",
            "incidents.csv",
            "alerts.csv",
            "plots/share.svg",
            "plots/dwell.svg",
            "plots/detection.svg",
            "report.html",
        ] {
            assert!(target.join(file).is_file(), "{file} is missing");
        }
        assert!(!target.join("messages.csv").exists());
        assert_eq!(Manifest::read(&target).expect("readable"), manifest);
        assert_eq!(read_summary(&target).expect("readable"), findings.summary);
    }

    #[test]
    fn the_same_run_on_another_host_differs_in_host_json_alone() {
        let place = sample::TemporaryPlace::new("two-hosts");
        let findings = sample::findings();
        let manifest = sample::manifest(&findings);
        let mut texts = Vec::new();
        for (name, threads) in [("a", 1), ("b", 64)] {
            let mut folder = ResultsFolder::prepare(&place.path().join(name)).expect("prepared");
            let scenario_path = format!("/home/{name}/noisy.toml");
            let host = Host { threads, wall_s: threads as f64, scenario_path, ..sample::host() };
            write_run(&folder, &findings, &manifest, &host, None).expect("written");
            folder.commit().expect("committed");
            texts.push(["manifest.json", "summary.json", "report.html", "host.json"].map(|file| {
                fs::read_to_string(place.path().join(name).join(file)).expect("readable")
            }));
        }
        assert_eq!(texts[0][..3], texts[1][..3]);
        assert_ne!(texts[0][3], texts[1][3]);
    }
}
