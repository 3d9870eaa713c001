//! Loading: from a file and overrides to a resolved scenario, or to everything that is wrong.

use std::io;
use std::path::{Path, PathBuf};

use super::decode::log::report_rows;
use super::decode::{self, Findings};
use super::diagnostics::{Diagnostics, Mark, Problem, Reporter};
use super::message_log::{LogFormat, content_hash, read_log, replay_log};
use super::overrides;
use super::resolved::Scenario;
use super::sweep::Sweep;
use super::tree::{Node, Value, parse_document};

/// A scenario that is ready to run, and where it came from.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    /// What runs.
    pub scenario: Scenario,
    /// The text of the scenario file.
    pub source: String,
    /// The path of the scenario file, as given.
    pub path: PathBuf,
    /// The overrides, as given.
    pub overrides: Vec<String>,
    /// The files that the scenario reads.
    pub inputs: Vec<InputFile>,
    /// What is odd and not wrong, a sentence each.
    pub warnings: Vec<String>,
    /// The points of its `[sweep]` table, if it has one.
    pub sweep: Option<Sweep>,
}

/// A file that a scenario reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputFile {
    /// Its path as written in the scenario.
    pub path_as_written: String,
    /// XXH3-128 of its bytes, in hexadecimal.
    pub content_hash: String,
}

/// The names that exist in other rooms.
#[derive(Clone, Copy, Debug)]
pub struct Registries<'a> {
    /// Metrics that checks may bound, with the unit of their bounds.
    pub metrics: &'a [(&'a str, MetricUnit)],
    /// Policies.
    pub policies: &'a [&'a str],
    /// Detectors.
    pub detectors: &'a [&'a str],
}

/// The unit of a metric's values and bounds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MetricUnit {
    /// A time; bounds are spans such as `"5s"`.
    Seconds,
    /// Between 0 and 1; bounds are numbers or percentages.
    Ratio,
    /// Any number from 0; bounds are numbers.
    Count,
}

/// Why a scenario was not loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The scenario file, or a log to replay, cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// The scenario is wrong.
    #[error("{0}")]
    Invalid(Diagnostics),
    /// Nothing is wrong but that an input path names an environment variable that is not set.
    #[error("the environment variable {name}, which the path of the log names, is not set")]
    MissingVariable {
        /// The variable.
        name: String,
    },
}

/// Loads the scenario file `path` with `overrides` (`path.to.key=value`, as of `--set`).
///
/// # Errors
/// All that is wrong, see [`LoadError`].
pub fn load(
    path: &Path,
    overrides: &[String],
    registries: Registries<'_>,
) -> Result<Loaded, LoadError> {
    let failed = |source| LoadError::Io { path: path.into(), source };
    let bytes = std::fs::read(path).map_err(failed)?;
    let name = path.display().to_string();
    let text = String::from_utf8(bytes).map_err(|error| {
        LoadError::Invalid(not_text(&name, error.as_bytes(), error.utf8_error().valid_up_to()))
    })?;
    let base_directory = path.parent().unwrap_or(Path::new(""));
    resolve_text(&name, &text, base_directory, overrides, registries)
}

/// Resolves the text of a scenario file. `name_of_file` stands in messages, and its stem is the
/// scenario's name unless the text states one; paths are relative to `base_directory`.
///
/// # Errors
/// All that is wrong; never [`LoadError::Io`].
pub fn resolve_text(
    name_of_file: &str,
    text: &str,
    base_directory: &Path,
    overrides: &[String],
    registries: Registries<'_>,
) -> Result<Loaded, LoadError> {
    let reporter = Reporter::default();
    let source = reporter.add_source(name_of_file, text, 1);
    let mut findings = Findings::default();
    let path = Path::new(name_of_file);
    let stem = path.file_stem().map(|stem| stem.to_string_lossy()).unwrap_or_default();
    let mut scenario = None;
    if let Some(mut root) = parse_document(&reporter, source, text) {
        if is_empty(&root) && overrides.is_empty() {
            let label = "there is nothing in it but blanks and comments";
            let problem = Problem::new("the scenario is empty", root.mark, label);
            reporter.report(problem.help(
                "a scenario has at least a `description`, a `duration`, a `[[destination]]` and \
                 traffic; `apportion init` writes one",
            ));
        } else {
            for text in overrides {
                overrides::apply(&reporter, &mut root, text);
            }
            let place = (stem.as_ref(), base_directory);
            scenario = decode::scenario(&reporter, registries, place, &root, &mut findings);
        }
    }
    if reporter.has_problems() {
        return Err(LoadError::Invalid(reporter.finish()));
    }
    if let Some(name) = findings.missing_variable {
        return Err(LoadError::MissingVariable { name });
    }
    Ok(Loaded {
        scenario: scenario.expect("a scenario without problems resolves"),
        source: text.into(),
        path: path.into(),
        overrides: overrides.to_vec(),
        inputs: findings.inputs,
        warnings: findings.warnings,
        sweep: findings.sweep,
    })
}

/// Replaces all traffic of `scenario` by the log at `path`, for a replay. Returns warnings.
///
/// A log that a run of this very scenario exported makes the same submissions again.
///
/// # Errors
/// [`LoadError::Io`] when the file cannot be read, [`LoadError::Invalid`] with all lines that are
/// wrong; the scenario is unchanged but for its traffic then.
pub fn replace_traffic(
    scenario: &mut Scenario,
    path: &Path,
    format: &LogFormat,
) -> Result<Vec<String>, LoadError> {
    let failed = |source| LoadError::Io { path: path.into(), source };
    let bytes = std::fs::read(path).map_err(failed)?;
    let origin = (path.display().to_string(), content_hash(&bytes));
    let attached = read_log(&bytes, format).and_then(|rows| replay_log(scenario, origin, rows));
    attached.map_err(|errors| {
        let reporter = Reporter::default();
        report_rows(&reporter, &path.display().to_string(), &bytes, &errors);
        LoadError::Invalid(reporter.finish())
    })
}

fn is_empty(root: &Node) -> bool {
    matches!(&root.value, Value::Table(table) if table.is_empty())
}

/// Points at the first byte that is not UTF-8.
fn not_text(name: &str, bytes: &[u8], valid_up_to: usize) -> Diagnostics {
    let before = &bytes[..valid_up_to];
    let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let line_number = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let line_end = bytes[valid_up_to..].iter().position(|byte| *byte == b'\n');
    let line_end = line_end.map_or(bytes.len(), |length| valid_up_to + length);
    let line = String::from_utf8_lossy(&bytes[line_start..line_end]);
    let reporter = Reporter::default();
    let source = reporter.add_source(name, &line, line_number);
    let start = valid_up_to - line_start;
    let mark = Mark { source, start, end: start + char::REPLACEMENT_CHARACTER.len_utf8() };
    let label = format!("the byte 0x{:02x} is not UTF-8", bytes[valid_up_to]);
    let problem = Problem::new("the scenario is not a text file", mark, label);
    reporter.report(problem.help("a scenario is TOML, which is text in UTF-8"));
    reporter.finish()
}
