//! What a sweep or a merge of its parts ends in: the same bytes, from the records alone.

use std::io::{self, IsTerminal, Write};

use super::super::compare::worded;
use super::super::exit::Failure;
use super::super::{Global, OutputFormat};
use super::SweepManifest;
use crate::experiment::{PointFigures, PointRecord, SweepFacts, SweepSummary, summarise};
use crate::report::{
    Host, Line, Paint, Picture, ReportError, ResultsFolder, Style, TextTable, Tone, draw_lines,
    draw_map, write_many,
};
use crate::scenario::AxisValue;

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
        (a.policies != b.policies, "other policies"),
        (a.metrics != b.metrics, "other metrics"),
        (a.axes != b.axes || a.points != b.points, "other points"),
        (a.records != b.records, "other inputs or values"),
    ];
    let found = parts.into_iter().filter(|(differs, _)| *differs);
    found.map(|(_, what)| what.to_owned()).collect()
}

fn heading(summary: &SweepSummary) -> String {
    let SweepFacts { scenario, design, points, excluded, replications, policies, shard, .. } =
        &summary.sweep;
    let part = shard.map(|s| format!(" · part {} of {}", s.index, s.of)).unwrap_or_default();
    let excluded = match excluded {
        0 => String::new(),
        excluded => format!(" ({excluded} break a constraint)"),
    };
    let policies = policies.join(", ");
    format!(
        "{scenario} · {design} of {points} points{excluded} · {policies} · {replications} \
         replications · 95 % intervals{part}"
    )
}

/// A row a point and policy, a column a metric.
fn table(summary: &SweepSummary) -> (Vec<String>, Vec<Vec<String>>) {
    let facts = &summary.sweep;
    let metrics = facts.metrics.len().max(1);
    let mut head = vec!["point".to_owned()];
    head.extend(facts.axes.iter().map(|axis| axis.name.clone()));
    head.push("policy".to_owned());
    head.extend(facts.metrics.iter().map(|metric| metric.metric.clone()));
    let row = |figures: &[PointFigures]| {
        let first = &figures[0];
        let mut cells = vec![first.point.to_string()];
        cells.extend(first.values.iter().cloned());
        cells.push(first.policy.clone());
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
        "mean",
        "half_width",
        "level",
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
        cells.extend([number(row.mean), number(row.half_width), summary.level.to_string()]);
        cells.extend([number(row.least), number(row.most), row.censored.to_string()]);
        writer.write_record(cells).map_err(failed)?;
    }
    let bytes = writer.into_inner().map_err(|error| io::Error::other(error.to_string()))?;
    Ok(String::from_utf8(bytes).expect("names and numbers are text"))
}

/// Where the values of an axis lie: at their numbers, or one after another where they have none.
fn places(summary: &SweepSummary, axis: usize) -> Vec<(f64, String)> {
    let mut texts: Vec<String> = Vec::new();
    for row in &summary.points {
        if !texts.contains(&row.values[axis]) {
            texts.push(row.values[axis].clone());
        }
    }
    let numbers: Option<Vec<f64>> =
        texts.iter().map(|text| AxisValue::of_text(text).number).collect();
    let numbers = numbers.unwrap_or_else(|| (0..texts.len()).map(|i| i as f64).collect());
    let mut places: Vec<(f64, String)> = numbers.into_iter().zip(texts).collect();
    places.sort_by(|a, b| a.0.total_cmp(&b.0));
    places
}

/// Plots for one axis (lines) and for two (maps); axes that are zipped count as the first.
fn pictures(summary: &SweepSummary) -> Result<Vec<Picture>, ReportError> {
    let facts = &summary.sweep;
    let failed = |message| ReportError::Plot { name: "sweep", message };
    let place_of = |places: &[(f64, String)], text: &str| {
        places.iter().find(|(_, known)| known == text).map_or(0.0, |(place, _)| *place)
    };
    let subtitle = heading(summary);
    let mut pictures = Vec::new();
    for (number, metric) in facts.metrics.iter().enumerate() {
        let rows = || summary.points.iter().filter(|row| row.metric == metric.metric);
        let named = |policy: &str| format!("{}-{}{policy}", number + 1, plain(&metric.metric));
        match facts.axes.len() {
            1 => {
                let places = places(summary, 0);
                let line = |policy: &String| {
                    let own = rows().filter(|row| row.policy == *policy);
                    let mut points: Vec<(f64, f64, Option<f64>)> = own
                        .filter_map(|row| {
                            let place = place_of(&places, &row.values[0]);
                            Some((place, row.mean?, row.half_width))
                        })
                        .collect();
                    points.sort_by(|a, b| a.0.total_cmp(&b.0));
                    Line { name: policy.clone(), points }
                };
                let lines: Vec<Line> = facts.policies.iter().map(line).collect();
                let axis = (facts.axes[0].name.as_str(), places.as_slice());
                let svg = draw_lines(&metric.metric, &subtitle, axis, &metric.unit, &lines);
                pictures.push((named(""), svg.map_err(failed)?));
            }
            2 => {
                let both = [places(summary, 0), places(summary, 1)];
                for policy in &facts.policies {
                    let own = rows().filter(|row| row.policy == *policy);
                    let points: Vec<(f64, f64, f64)> = own
                        .filter_map(|row| {
                            let [x, y] = [0, 1].map(|i| place_of(&both[i], &row.values[i]));
                            Some((x, y, row.mean?))
                        })
                        .collect();
                    let title = format!("{}, {policy}", metric.metric);
                    let axes = [0, 1].map(|i| (facts.axes[i].name.as_str(), both[i].as_slice()));
                    let svg = draw_map(&title, &subtitle, axes, &metric.unit, &points);
                    pictures.push((named(&format!("-{}", plain(policy))), svg.map_err(failed)?));
                }
            }
            _ => {}
        }
    }
    Ok(pictures)
}

/// A name as part of a file's.
fn plain(name: &str) -> String {
    let kept = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    name.chars().map(|c| if kept(c) { c } else { '-' }).collect()
}
