//! The scoreboard, the scores by step and the timelines, in every format.

use std::io::Write;

use serde::Serialize;

use super::super::exit::Failure;
use super::super::lists::write_rows;
use super::super::{Exit, OutputFormat};
use crate::experiment::series::{
    FALSE_ONSETS_A_DAY, GroupFigures, SERIES_SCORERS, SeriesScorerInfo, score_series,
};
use crate::measure::accuracy::events::match_events;
use crate::measure::accuracy::{at_least, runs};
use crate::report::{Picture, ScoredSeries, Track, draw_scored_series, time};
use crate::scenario::LabelledSeries;

/// A row of the scoreboard for programs. Figures that do not exist are absent.
#[derive(Serialize)]
struct Row<'a> {
    group: &'a str,
    scorer: &'a str,
    series: usize,
    events: usize,
    mean_ap: Option<f64>,
    pooled_ap: Option<f64>,
    onset_recall: Option<f64>,
    onset_recall_one_threshold: Option<f64>,
    events_found_one_threshold: Option<f64>,
    threshold: Option<f64>,
    delay_median_s: Option<f64>,
    nab: Option<f64>,
    nab_fixed: Option<f64>,
}

const HEAD: [&str; 13] = [
    "group",
    "scorer",
    "series",
    "events",
    "mean_ap",
    "pooled_ap",
    "onset_recall",
    "onset_recall_one_threshold",
    "events_found_one_threshold",
    "threshold",
    "delay_median_s",
    "nab",
    "nab_fixed",
];

impl<'a> Row<'a> {
    fn of(one: &'a GroupFigures) -> Row<'a> {
        let threshold = one.one_threshold.map(|best| best.threshold);
        Row {
            group: &one.group,
            scorer: one.scorer,
            series: one.series,
            events: one.events,
            mean_ap: one.mean_precision,
            pooled_ap: one.pooled_precision,
            onset_recall: one.onset_recall,
            onset_recall_one_threshold: one.one_threshold.map(|best| best.mean),
            events_found_one_threshold: one.one_threshold.map(|best| best.pooled),
            threshold: threshold.filter(|threshold| threshold.is_finite()),
            delay_median_s: one.delay_median_s,
            nab: one.nab,
            nab_fixed: one.nab_fixed,
        }
    }

    fn cells(&self) -> [String; 13] {
        let text = |figure: Option<f64>| figure.map_or_else(String::new, |one| one.to_string());
        [
            self.group.to_owned(),
            self.scorer.to_owned(),
            self.series.to_string(),
            self.events.to_string(),
            text(self.mean_ap),
            text(self.pooled_ap),
            text(self.onset_recall),
            text(self.onset_recall_one_threshold),
            text(self.events_found_one_threshold),
            text(self.threshold),
            text(self.delay_median_s),
            text(self.nab),
            text(self.nab_fixed),
        ]
    }
}

/// Prints the scoreboard.
pub(super) fn print_board(
    figures: &[GroupFigures],
    format: OutputFormat,
    output: &mut dyn Write,
) -> Result<(), Failure> {
    let rows: Vec<Row> = figures.iter().map(Row::of).collect();
    match format {
        OutputFormat::Table => print_table(figures, output),
        OutputFormat::Json => {
            let text = serde_json::to_string_pretty(&rows).map_err(std::io::Error::from)?;
            Ok(writeln!(output, "{text}")?)
        }
        _ => write_rows(format, &HEAD, rows.iter().map(Row::cells), output),
    }
}

fn print_table(figures: &[GroupFigures], output: &mut dyn Write) -> Result<(), Failure> {
    let number = |figure: Option<f64>, places: usize| {
        figure.map_or_else(|| "-".to_owned(), |figure| format!("{figure:.places$}"))
    };
    let mut group = "";
    for one in figures {
        if group != one.group {
            let gap = if group.is_empty() { "" } else { "\n" };
            writeln!(output, "{gap}{}: {} series, {} events", one.group, one.series, one.events)?;
            writeln!(
                output,
                "  {:<17}{:>8}{:>8}{:>8}{:>8}{:>8}{:>14}{:>8}{:>8}",
                "", "mean AP", "pooled", "onsets", "at one", "events", "delay", "NAB", "fixed"
            )?;
            group = &one.group;
        }
        let recall = one.one_threshold;
        writeln!(
            output,
            "  {:<17}{:>8}{:>8}{:>8}{:>8}{:>8}{:>14}{:>8}{:>8}",
            one.scorer,
            number(one.mean_precision, 3),
            number(one.pooled_precision, 3),
            number(one.onset_recall, 3),
            number(recall.map(|recall| recall.mean), 3),
            number(recall.map(|recall| recall.pooled), 3),
            one.delay_median_s.map_or_else(|| "-".to_owned(), time),
            number(one.nab, 2),
            number(one.nab_fixed, 2),
        )?;
    }
    let ours: Vec<&str> =
        SERIES_SCORERS.iter().filter(|info| info.is_ours).map(|info| info.name).collect();
    writeln!(
        output,
        "\n{} are ours. mean AP: average precision, mean over the series; pooled: of all points under one\n\
         threshold. onsets: share of the events with an onset, at no more than {FALSE_ONSETS_A_DAY} false \
         onsets a day, each series at\nits own best threshold; at one: the same under one threshold for the \
         group; events: share of all events\nfound under it, delay: their median delay. NAB: the \
         benchmark's standard score, without repeats within a\nday, at the threshold that is best for these \
         labels; fixed: at the one that is best for all other groups.",
        ours.join(" and ")
    )?;
    Ok(())
}

/// Our scores of every step, by series and step; the same scorers for all.
pub(super) fn scored(all: &[LabelledSeries]) -> Vec<Vec<Vec<f64>>> {
    let scores = |series: &LabelledSeries| ours().map(|info| info.score(series)).collect();
    all.iter().map(scores).collect()
}

pub(super) fn ours() -> impl Iterator<Item = &'static SeriesScorerInfo> {
    SERIES_SCORERS.iter().filter(|info| info.is_ours)
}

/// Prints every step with our scores.
pub(super) fn print_rows(
    all: &[LabelledSeries],
    format: OutputFormat,
    output: &mut dyn Write,
) -> Result<(), Failure> {
    let scores = scored(all);
    let head: Vec<String> = ["group", "series", "time_s", "value"]
        .map(str::to_owned)
        .into_iter()
        .chain(ours().map(|info| format!("{}_score", info.name)))
        .collect();
    let head: Vec<&str> = head.iter().map(String::as_str).collect();
    let rows = all.iter().zip(&scores).flat_map(|(series, scores)| {
        (0..series.values.len()).map(move |at| {
            let mut row = vec![
                series.group.clone(),
                series.name.clone(),
                series.times_s[at].to_string(),
                series.values[at].to_string(),
            ];
            row.extend(scores.iter().map(|scores| format!("{:.6}", scores[at])));
            row
        })
    });
    // So many rows are nothing to look at one by one.
    let format = if format == OutputFormat::Table { OutputFormat::Csv } else { format };
    write_rows(format, &head, rows, output)
}

/// The files of a results folder.
pub(super) fn files(
    all: &[LabelledSeries],
    figures: &[GroupFigures],
) -> Result<Vec<(String, String)>, Failure> {
    let mut files = Vec::new();
    for (name, format) in
        [("scoreboard.csv", OutputFormat::Csv), ("scoreboard.json", OutputFormat::Json)]
    {
        let mut text = Vec::new();
        print_board(figures, format, &mut text)?;
        files.push((name.to_owned(), of_utf8(text)?));
    }
    let mut text = Vec::new();
    print_rows(all, OutputFormat::Csv, &mut text)?;
    files.push(("scores.csv".to_owned(), of_utf8(text)?));
    Ok(files)
}

fn of_utf8(text: Vec<u8>) -> Result<String, Failure> {
    String::from_utf8(text)
        .map_err(|error| Failure::new(Exit::InputOutput, format!("error: {error}")))
}

/// A timeline of every series.
pub(super) fn pictures(
    all: &[LabelledSeries],
    figures: &[GroupFigures],
) -> Result<Vec<Picture>, Failure> {
    let draw = |series: &LabelledSeries| {
        let title = format!("{} / {}", series.group, series.name);
        let words = match &series.windows {
            Some(windows) => format!("{} events", windows.len()),
            None => "no labels".to_owned(),
        };
        let subtitle = format!("{} steps, {words}", series.values.len());
        let svg = draw_scored_series(&title, &subtitle, &timeline(series, figures))
            .map_err(|error| Failure::new(Exit::InputOutput, format!("error: {title}: {error}")))?;
        Ok((file_name(series), svg))
    };
    all.iter().map(draw).collect()
}

/// A name that is harmless as a file's.
fn file_name(series: &LabelledSeries) -> String {
    let name = format!("{}-{}", series.group, series.name);
    let harmless = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    name.chars().map(|c| if harmless(c) { c } else { '-' }).collect()
}

fn timeline(series: &LabelledSeries, figures: &[GroupFigures]) -> ScoredSeries {
    let start_s = series.times_s.first().copied().unwrap_or(0);
    let since = |time_s: i64| (time_s - start_s) as f64;
    let step_s = series.step_s() as f64;
    let events = series.windows.iter().flatten().map(|window| {
        (since(series.times_s[*window.start()]), since(series.times_s[*window.end()]) + step_s)
    });
    ScoredSeries {
        times_s: series.times_s.iter().map(|time_s| since(*time_s)).collect(),
        values: series.values.clone(),
        events: events.collect(),
        tracks: ours().map(|info| track(series, info.name, figures)).collect(),
    }
}

/// What a scorer made of a series, at the threshold that is best for the series of its group.
fn track(series: &LabelledSeries, scorer: &str, figures: &[GroupFigures]) -> Track {
    let scores = score_series(series, scorer).unwrap_or_default();
    let of_group = figures.iter().find(|one| one.group == series.group && one.scorer == scorer);
    let threshold = of_group
        .and_then(|one| one.one_threshold)
        .map(|best| best.threshold)
        .filter(|threshold| threshold.is_finite());
    let mut onsets = Vec::new();
    if let (Some(threshold), Some(labels)) = (threshold, series.labels()) {
        for called in runs(&at_least(&scores, threshold)) {
            let mut one = vec![false; labels.len()];
            one[called.start] = true;
            let is_right = match_events(&labels, &one, 1, 0).false_onsets == 0;
            onsets.push((called.start, is_right));
        }
    }
    let name = match threshold {
        Some(threshold) => format!("{scorer} score, threshold {threshold:.2} for its group"),
        None => format!("{scorer} score"),
    };
    Track { name, scores, threshold, onsets }
}
