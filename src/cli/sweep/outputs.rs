//! What a sweep or a merge of its parts ends in: the same bytes, from the records alone.

use std::io::{self, IsTerminal, Write};

use super::super::compare::worded;
use super::super::exit::Failure;
use super::super::{Exit, Global, OutputFormat};
use super::SweepManifest;
use super::pictures::pictures;
use crate::experiment::{
    Median, PointFigures, PointRecord, Stopped, SweepFacts, SweepSummary, summarise,
};
use crate::report::{Host, Paint, ResultsFolder, Style, TextTable, Tone, percent, write_many};

/// Rows of the table for people; the rest is in `points.csv`.
const MOST_ROWS: usize = 24;

/// Fills the folder of a sweep. A part has its records only; the whole has tables and plots as well.
pub(in super::super) fn write_outputs(
    folder: &ResultsFolder,
    manifest: &SweepManifest,
    host: &Host,
    records: &[PointRecord],
) -> Result<SweepSummary, Failure> {
    let summary = summarise(&manifest.plan, records);
    let mut lines = String::new();
    for record in records {
        lines.push_str(&serde_json::to_string(record).map_err(io::Error::from)?);
        lines.push('\n');
    }
    let mut files = vec![("records.jsonl".to_owned(), lines)];
    let mut plots = Vec::new();
    if manifest.plan.shard.is_none() {
        let json = serde_json::to_string_pretty(&summary).map_err(io::Error::from)? + "\n";
        files.push(("summary.json".to_owned(), json));
        files.push(("points.csv".to_owned(), csv(&summary)?));
        plots = pictures(&summary)?;
    }
    write_many(folder, manifest, host, &files, &plots)?;
    Ok(summary)
}

/// Prints a sweep in the form that was asked for.
pub(in super::super) fn print(
    summary: &SweepSummary,
    place: &str,
    global: &Global,
    output: &mut dyn Write,
) -> Result<(), Failure> {
    match global.format {
        OutputFormat::Json => {
            let text = serde_json::to_string_pretty(summary).map_err(io::Error::from)?;
            writeln!(output, "{text}")?;
        }
        OutputFormat::Csv => write!(output, "{}", csv(summary)?)?,
        OutputFormat::Md => {
            let (head, rows) = table(summary);
            writeln!(output, "## {}\n", heading(summary))?;
            writeln!(output, "| {} |", head.join(" | "))?;
            writeln!(output, "|{}", "---|".repeat(head.len()))?;
            for row in rows {
                writeln!(output, "| {} |", row.join(" | ").replace('\n', " "))?;
            }
        }
        OutputFormat::Table | OutputFormat::Github => {
            let is_coloured = global.wants_colour(io::stdout().is_terminal());
            let paint = Paint::new(if is_coloured { Style::Coloured } else { Style::Plain });
            let (head, rows) = table(summary);
            let hidden = rows.len().saturating_sub(MOST_ROWS);
            let mut table = TextTable::new(&head.iter().map(String::as_str).collect::<Vec<_>>());
            for row in rows.into_iter().take(MOST_ROWS) {
                table.row(Tone::Plain, row);
            }
            writeln!(output, "{}\n", paint.apply(Tone::Strong, &heading(summary)))?;
            write!(output, "{}", table.print(paint, 160))?;
            if hidden > 0 {
                writeln!(output, "{hidden} more: points.csv")?;
            }
            writeln!(output, "\nresults    {place}")?;
        }
    }
    Ok(())
}

/// Whether all points are as precise as they were to be; says so where they are not.
pub(in super::super) fn exit(summary: &SweepSummary, global: &Global) -> Exit {
    let metrics = summary.sweep.metrics.len().max(1);
    let of_runs = summary.points.iter().step_by(metrics);
    let capped = of_runs.filter(|row| row.stopped == Stopped::Capped).count();
    if capped == 0 {
        return Exit::Done;
    }
    global.note(&format!(
        "{capped} of {} means are not precise after {} replications: inconclusive; a higher \
         sweep.cap goes on from here",
        summary.points.len() / metrics,
        summary.sweep.replications
    ));
    Exit::Inconclusive
}

/// What differs between two plans, in words.
pub(in super::super) fn differences(one: &SweepManifest, other: &SweepManifest) -> Vec<String> {
    let (a, b) = (&one.plan, &other.plan);
    let texts = |manifest: &SweepManifest| -> Vec<String> {
        manifest.scenarios.iter().map(|scenario| scenario.text.clone()).collect()
    };
    let changes = |manifest: &SweepManifest| -> Vec<Vec<String>> {
        manifest.scenarios.iter().map(|scenario| scenario.overrides.clone()).collect()
    };
    let parts = [
        (one.version != other.version, "another version"),
        (a.scenario != b.scenario, "another scenario"),
        (texts(one) != texts(other), "the scenario file was changed"),
        (changes(one) != changes(other), "other --set"),
        (a.first_seed != b.first_seed, "another seed"),
        (a.replications != b.replications, "another number of replications"),
        (a.precision != b.precision, "another precision"),
        (a.policies != b.policies, "other policies"),
        (a.metrics != b.metrics, "other metrics"),
        (a.axes != b.axes || a.points != b.points, "other points"),
        (a.records != b.records, "other inputs or values"),
    ];
    let found = parts.into_iter().filter(|(differs, _)| *differs);
    found.map(|(_, what)| what.to_owned()).collect()
}

pub(super) fn heading(summary: &SweepSummary) -> String {
    let SweepFacts {
        scenario,
        design,
        points,
        excluded,
        replications,
        precision,
        policies,
        shard,
        ..
    } = &summary.sweep;
    let part = shard.map(|s| format!(" · part {} of {}", s.index, s.of)).unwrap_or_default();
    let excluded = match excluded {
        0 => String::new(),
        excluded => format!(" ({excluded} break a constraint)"),
    };
    let policies = policies.join(", ");
    let replications = match precision {
        None => format!("{replications} replications"),
        Some(precision) => {
            let part = percent(precision.relative).replace(".0 %", " %");
            format!("to {part} with at most {replications} replications")
        }
    };
    format!(
        "{scenario} · {design} of {points} points{excluded} · {policies} · {replications} · 95 % \
         intervals{part}"
    )
}

/// A row a point and policy, a column a metric.
fn table(summary: &SweepSummary) -> (Vec<String>, Vec<Vec<String>>) {
    let facts = &summary.sweep;
    let metrics = facts.metrics.len().max(1);
    let mut head = vec!["point".to_owned()];
    head.extend(facts.axes.iter().map(|axis| axis.name.clone()));
    head.push("policy".to_owned());
    // Where they are all the same, they stand in the heading.
    let has_counts = facts.precision.is_some();
    head.extend(has_counts.then(|| "runs".to_owned()));
    head.extend(facts.metrics.iter().map(|metric| metric.metric.clone()));
    let row = |figures: &[PointFigures]| {
        let first = &figures[0];
        let mut cells = vec![first.point.to_string()];
        cells.extend(first.values.iter().cloned());
        cells.push(first.policy.clone());
        let runs = figures.iter().map(|one| one.n).max().unwrap_or_default();
        cells.extend(has_counts.then(|| runs.to_string()));
        cells.extend(figures.iter().map(cell));
        cells
    };
    (head, summary.points.chunks(metrics).map(row).collect())
}

fn cell(figures: &PointFigures) -> String {
    let sign = if figures.censored > 0 { ">" } else { "" };
    match (figures.mean, figures.half_width) {
        (None, _) => "-".to_owned(),
        (Some(mean), None) => format!("{sign}{}", worded(mean, &figures.unit)),
        (Some(mean), Some(half)) => {
            format!("{sign}{} ± {}", worded(mean, &figures.unit), worded(half, &figures.unit))
        }
    }
}

fn csv(summary: &SweepSummary) -> Result<String, Failure> {
    let facts = &summary.sweep;
    let mut writer = csv::Writer::from_writer(Vec::new());
    let failed = |error: csv::Error| Failure::from(io::Error::from(error));
    let names = facts.axes.iter().map(|axis| axis.name.as_str());
    let figures = [
        "policy",
        "metric",
        "unit",
        "n",
        "stopped",
        "mean",
        "half_width",
        "level",
        "median",
        "median_low",
        "median_high",
        "difference",
        "difference_half_width",
        "variance_ratio",
        "least",
        "most",
        "censored",
    ];
    writer.write_record(["point"].into_iter().chain(names).chain(figures)).map_err(failed)?;
    let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    for row in &summary.points {
        let mut cells = vec![row.point.to_string()];
        cells.extend(row.values.iter().cloned());
        cells.extend([row.policy.clone(), row.metric.clone(), row.unit.clone(), row.n.to_string()]);
        cells.push(row.stopped.name().to_owned());
        cells.extend([number(row.mean), number(row.half_width), summary.level.to_string()]);
        let Median { median, median_low, median_high } = row.median;
        cells.extend([median, median_low, median_high].map(number));
        let differences = [row.difference, row.difference_half_width, row.variance_ratio];
        cells.extend(differences.map(number));
        cells.extend([number(row.least), number(row.most), row.censored.to_string()]);
        writer.write_record(cells).map_err(failed)?;
    }
    let bytes = writer.into_inner().map_err(|error| io::Error::other(error.to_string()))?;
    Ok(String::from_utf8(bytes).expect("names and numbers are text"))
}
