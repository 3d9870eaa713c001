//! `[log]`: recorded traffic.

use std::io;
use std::path::Path;

use super::super::InputFile;
use super::super::diagnostics::{Mark, Problem, Reporter};
use super::super::message_log::{
    COLUMNS, LogDefaults, LogError, LogFormat, LogTime, attach_log, content_hash, line_of, read_log,
};
use super::super::reader::{Field, Shape, TableReader, TableSpec};
use super::super::resolved::Scenario;
use super::super::tree::{Node, Value};
use super::names::Names;
use super::values::{Placed, did_you_mean, millionths, text, wrong_type};
use super::{Findings, ROOT};
use crate::units::{ClassId, DestinationId, TenantSetId};

pub(crate) static LOG: TableSpec = TableSpec {
    title: "`[log]`",
    doc: "Recorded traffic. It creates the tenants it names that are not declared.",
    fields: &[&[
        Field::required(
            "path",
            Shape::Text,
            "the file, relative to the scenario; ${NAME} stands for an environment variable",
        ),
        Field::with_default("format", Shape::OneOf(&["csv"]), "\"csv\"", "how it is written"),
        Field::optional(
            "columns",
            Shape::List(&Shape::Text),
            "the columns in order, when the file has no header; \"-\" for one to ignore",
        ),
        Field::with_default("separator", Shape::Text, "\",\"", "the character between columns"),
        Field::with_default(
            "time",
            Shape::OneOf(&["seconds", "unix-seconds", "rfc3339"]),
            "\"seconds\"",
            "what the time column holds; all but \"seconds\" start at the earliest row",
        ),
        Field::with_default(
            "compress",
            Shape::Integer { least: 1, most: 1_000_000_000 },
            "1",
            "recorded time is divided by this",
        ),
        Field::with_default(
            "skip",
            Shape::Span,
            "\"0s\"",
            "recorded time that is left out at the beginning",
        ),
        Field::with_default(
            "scale",
            Shape::Number { least: 0.000_001, most: 1_000_000.0 },
            "1",
            "how many messages each row makes; a fraction thins the log at random",
        ),
        Field::with_default(
            "spread",
            Shape::Span,
            "\"0s\"",
            "copies that `scale` makes come at random up to this long after the row",
        ),
        Field::optional("destination", Shape::Name, "for rows that do not say"),
        Field::optional("class", Shape::Name, "for rows that do not say"),
        Field::optional("validity", Shape::Span, "for rows that do not say"),
        Field::with_default(
            "group",
            Shape::Name,
            "\"log\"",
            "the population of the created tenants",
        ),
        Field::optional("set", Shape::Name, "the tenant set of the created tenants"),
    ]],
    kind: None,
};

/// What a log refers to.
pub(crate) struct References<'a> {
    pub(crate) destinations: &'a Names,
    pub(crate) classes: &'a Names,
    pub(crate) sets: &'a Names,
    pub(crate) base_directory: &'a Path,
}

/// Reads the log into `draft`, which is `None` when what it refers to could not be read: then only
/// the file itself is checked. False when not all of its tenants are known afterwards.
pub(crate) fn log(
    reporter: &Reporter,
    references: &References<'_>,
    draft: Option<&mut Scenario>,
    node: &Node,
    findings: &mut Findings,
) -> bool {
    let Some(reader) = TableReader::open(reporter, &ROOT, &LOG, node) else { return false };
    let path = reader.text("path");
    // There is one format so far; the word is checked all the same.
    let written_as = reader.word("format");
    let columns = reader.get("columns").map(|node| columns(reporter, &node));
    let separator = separator(&reader);
    let time = reader.word("time");
    let compress = reader.integer("compress");
    let (skip, spread) = (reader.span("skip"), reader.span("spread"));
    let scale = reader.get("scale").and_then(|node| millionths(reporter, "`scale`", &node));
    let find = |names: &Names, key| {
        reader
            .text(key)
            .map(|name| names.find(reporter, &name))
            .unwrap_or_else(|| (!reader.has(key) && names.len() == 1 && key != "set").then_some(0))
    };
    let destination = find(references.destinations, "destination");
    let class = find(references.classes, "class");
    let set = find(references.sets, "set");
    let validity = reader.positive_span("validity");
    let group = reader.name("group");
    let head = reader.head;
    let references_hold = ["destination", "class", "set"]
        .into_iter()
        .zip([destination, class, set])
        .all(|(key, found)| found.is_some() || !reader.has(key))
        && (validity.is_some() || !reader.has("validity"));
    reader.finish();
    let defaults = group.map(|group| LogDefaults {
        destination: destination.map(|position| DestinationId(position as u16)),
        class: class.map(|position| ClassId(position as u16)),
        validity,
        group: group.text,
        set: set.map(|position| TenantSetId(position as u32)),
    });
    let format = (|| {
        let time = match time? {
            "unix-seconds" => LogTime::UnixSeconds,
            "rfc3339" => LogTime::Rfc3339,
            _ => LogTime::Seconds,
        };
        let columns = match columns {
            Some(columns) => Some(columns?),
            None => None,
        };
        let _: &str = written_as?;
        let (compress, skip, scale, spread) = (compress?, skip?, scale?, spread?);
        Some(LogFormat { columns, separator: separator?, time, compress, skip, scale, spread })
    })();
    let (Some(path), Some(format)) = (path, format) else { return false };
    let Some((name, bytes)) = read_file(reporter, references.base_directory, &path, findings)
    else {
        return false;
    };
    let content_hash = content_hash(&bytes);
    let input =
        InputFile { path_as_written: path.text.clone(), content_hash: content_hash.clone() };
    findings.inputs.push(input);
    let rows = match read_log(&bytes, &format) {
        Ok(rows) => rows,
        Err(errors) => {
            report_rows(reporter, &name, &bytes, &errors);
            return false;
        }
    };
    let (Some(draft), Some(defaults), true) = (draft, defaults, references_hold) else {
        return false;
    };
    let declared = draft.tenants.len();
    match attach_log(draft, (path.text.clone(), content_hash), rows, &defaults) {
        Ok(warnings) => {
            findings.warnings.extend(warnings);
            check_sets(reporter, draft, declared, head)
        }
        Err(errors) => {
            report_rows(reporter, &name, &bytes, &errors);
            false
        }
    }
}

fn columns(reporter: &Reporter, node: &Node) -> Option<Vec<String>> {
    let Value::Array(items) = &node.value else {
        wrong_type(reporter, "`columns`", node, "an array such as [\"tenant\", \"time\"]");
        return None;
    };
    let mut columns: Vec<String> = Vec::new();
    let mut whole = true;
    for item in items {
        let Some(column) = text(reporter, "a column", item) else {
            whole = false;
            continue;
        };
        let ignored = matches!(column.text.as_str(), "" | "-");
        if !ignored && !COLUMNS.contains(&column.text.as_str()) {
            let title = format!("there is no column `{}` in a message log", column.text);
            let label = did_you_mean(&column.text, COLUMNS.iter().copied());
            let problem = Problem::new(title, column.mark, label);
            reporter.report(problem.help("a column to ignore is written as \"-\""));
            whole = false;
        } else if !ignored && columns.contains(&column.text) {
            let title = format!("the column `{}` is given twice", column.text);
            reporter.report(Problem::new(title, column.mark, "the second"));
            whole = false;
        }
        columns.push(column.text);
    }
    for needed in ["time", "tenant"] {
        if whole && !columns.iter().any(|column| column == needed) {
            let label = format!("one of them must be \"{needed}\"");
            let title = format!("`columns` has no {needed}");
            reporter.report(Problem::new(title, node.mark, label));
            whole = false;
        }
    }
    whole.then_some(columns)
}

fn separator(reader: &TableReader<'_>) -> Option<u8> {
    let written = reader.text("separator")?;
    match written.text.as_bytes() {
        [one] if one.is_ascii() && !matches!(one, b'"' | b'\n' | b'\r') => Some(*one),
        _ => {
            let label = "it must be one ASCII character, such as \",\", \";\" or \"\\t\"";
            reader.reject("separator", "`separator` is not one character", label);
            None
        }
    }
}

/// The name of the file in messages, and what is in it.
pub(crate) fn read_file(
    reporter: &Reporter,
    base_directory: &Path,
    path: &Placed,
    findings: &mut Findings,
) -> Option<(String, Vec<u8>)> {
    let expanded = match expand(&path.text) {
        Ok(expanded) => expanded,
        Err(Expansion::Unset(name)) => {
            findings.missing_variable = Some(name);
            return None;
        }
        Err(Expansion::Broken) => {
            let label = "a variable is written as ${NAME}";
            reporter.report(Problem::new("`path` has a broken variable", path.mark, label));
            return None;
        }
    };
    let full = base_directory.join(&expanded);
    match std::fs::read(&full) {
        Ok(bytes) => Some((full.display().to_string(), bytes)),
        Err(error) => {
            let reason = match error.kind() {
                io::ErrorKind::NotFound => "there is no such file".into(),
                io::ErrorKind::PermissionDenied => "reading it is not permitted".into(),
                io::ErrorKind::IsADirectory => "it is a directory".into(),
                _ => error.to_string(),
            };
            let title = format!("the log `{}` cannot be read: {reason}", full.display());
            let label = "paths are relative to the scenario file";
            reporter.report(Problem::new(title, path.mark, label));
            None
        }
    }
}

enum Expansion {
    Unset(String),
    Broken,
}

/// `path` with each `${NAME}` replaced by the variable's value.
fn expand(path: &str) -> Result<String, Expansion> {
    let mut expanded = String::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, behind) = after.split_once('}').ok_or(Expansion::Broken)?;
        let proper = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || !name.chars().all(proper) {
            return Err(Expansion::Broken);
        }
        let value = std::env::var(name).ok().filter(|value| !value.is_empty());
        expanded += before;
        expanded += &value.ok_or_else(|| Expansion::Unset(name.into()))?;
        rest = behind;
    }
    Ok(expanded + rest)
}

/// Points at the lines of the log that are wrong.
pub(crate) fn report_rows(reporter: &Reporter, name: &str, bytes: &[u8], errors: &[LogError]) {
    const SHOWN: usize = 10;
    for (index, error) in errors.iter().enumerate().take(SHOWN) {
        let line = line_of(bytes, error.line);
        let source = reporter.add_source(name, &line, usize::try_from(error.line).unwrap_or(1));
        let (start, end) = match line.find(&error.written) {
            Some(start) if !error.written.is_empty() => (start, start + error.written.len()),
            _ => (0, line.len()),
        };
        let mut problem = Problem::new(&error.what, Mark { source, start, end }, &error.wanted);
        if index + 1 == SHOWN && errors.len() > SHOWN {
            problem = problem.help(format!("and {} more lines are wrong", errors.len() - SHOWN));
        }
        reporter.report(problem);
    }
}

/// All tenants have a set or none has: reports when the created ones differ from the declared.
pub(crate) fn check_sets(
    reporter: &Reporter,
    draft: &Scenario,
    declared: usize,
    head: Mark,
) -> bool {
    let (declared, created) = draft.tenants.split_at(declared);
    let (Some(one), Some(other)) = (declared.first(), created.first()) else { return true };
    if one.set.is_some() == other.set.is_some() {
        return true;
    }
    let (title, label) = if one.set.is_some() {
        ("the tenants of the log have no set", "declared tenants have one, so give the log a `set`")
    } else {
        (
            "the tenants of the log have a set",
            "declared tenants have none; all have one or none has",
        )
    };
    reporter.report(Problem::new(title, head, label));
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_expanded_or_named() {
        assert!(matches!(expand("plain/path.csv"), Ok(path) if path == "plain/path.csv"));
        let missing = expand("${APPORTION_SURELY_NOT_SET}/x");
        assert!(
            matches!(missing, Err(Expansion::Unset(name)) if name == "APPORTION_SURELY_NOT_SET")
        );
        assert!(matches!(expand("${X"), Err(Expansion::Broken)));
        assert!(matches!(expand("${a b}"), Err(Expansion::Broken)));
        let path = std::env::var("PATH").expect("set wherever tests run");
        assert!(matches!(expand("${PATH}/x"), Ok(expanded) if expanded == format!("{path}/x")));
    }
}
