//! `apportion detect`

use std::io::Write;
use std::path::PathBuf;

use super::exit::Failure;
use super::lists::write_rows;
use super::load::quoted_path;
use super::{Exit, Global, OutputFormat};
use crate::experiment::series::{FALSE_ONSETS_A_DAY, GroupFigures, judge_series, score_series};
use crate::scenario::{LabelledSeries, SeriesError, load_series};

/// Score series of others, and judge the scores where there are labels
#[derive(Debug, clap::Args)]
pub(super) struct Detect {
    /// A CSV file of timestamp, value and perhaps label; a folder of them; or the folder of the
    /// Numenta Anomaly Benchmark
    series: PathBuf,
    /// Write every row with its scores, as CSV, instead of the scoreboard
    #[arg(long)]
    rows: bool,
}

const HEAD: [&str; 9] = [
    "group",
    "scorer",
    "series",
    "events",
    "mean_ap",
    "pooled_ap",
    "onset_recall",
    "nab",
    "nab_fixed",
];

impl Detect {
    pub(super) fn execute(&self, global: &Global, output: &mut dyn Write) -> Result<Exit, Failure> {
        let all = load_series(&self.series).map_err(|error| {
            let exit = match error {
                SeriesError::Read { .. } => Exit::InputOutput,
                _ => Exit::Usage,
            };
            Failure::new(exit, format!("error: {error}"))
                .reproduced_by(format!("apportion detect {}", quoted_path(&self.series)))
        })?;
        let has_labels = all.iter().any(|series| series.windows.is_some());
        if self.rows || !has_labels {
            if !self.rows {
                global
                    .note("no series has labels, so there is nothing to judge: the scores by row");
            }
            return print_rows(&all, output);
        }
        let figures = judge_series(&all);
        if global.format == OutputFormat::Table {
            print_table(&figures, output)?;
            return Ok(Exit::Done);
        }
        let rows = figures.iter().map(|one| {
            let number = |figure: Option<f64>| {
                figure.map_or_else(String::new, |figure| format!("{figure:.6}"))
            };
            [
                one.group.clone(),
                one.scorer.to_owned(),
                one.series.to_string(),
                one.events.to_string(),
                number(one.mean_precision),
                number(one.pooled_precision),
                number(one.onset_recall),
                number(one.nab),
                number(one.nab_fixed),
            ]
        });
        write_rows(global.format, &HEAD, rows, output)?;
        Ok(Exit::Done)
    }
}

fn print_table(figures: &[GroupFigures], output: &mut dyn Write) -> Result<(), Failure> {
    writeln!(
        output,
        "{:<34}{:<9}{:>7}{:>8}{:>9}{:>9}{:>9}{:>9}{:>10}",
        "group", "scorer", "series", "events", "mean AP", "pooled", "onsets", "NAB", "NAB fixed"
    )?;
    let number = |figure: Option<f64>, places: usize| {
        figure.map_or_else(|| "-".to_owned(), |figure| format!("{figure:.places$}"))
    };
    let mut group = "";
    for one in figures {
        if group != one.group && !group.is_empty() {
            writeln!(output)?;
        }
        group = &one.group;
        writeln!(
            output,
            "{:<34}{:<9}{:>7}{:>8}{:>9}{:>9}{:>9}{:>9}{:>10}",
            one.group,
            one.scorer,
            one.series,
            one.events,
            number(one.mean_precision, 3),
            number(one.pooled_precision, 3),
            number(one.onset_recall, 3),
            number(one.nab, 2),
            number(one.nab_fixed, 2),
        )?;
    }
    writeln!(
        output,
        "\nvolume and failure are ours. Onsets: share of the events with an onset, at no more than \
         {FALSE_ONSETS_A_DAY} false\nonsets a day, each series at its own best threshold. NAB: the \
         benchmark's standard score without repeats\nwithin a day, at the best threshold for these \
         labels; fixed: at the best for all other groups."
    )?;
    Ok(())
}

fn print_rows(all: &[LabelledSeries], output: &mut dyn Write) -> Result<Exit, Failure> {
    writeln!(output, "group,series,time_s,value,volume_score,failure_score")?;
    for series in all {
        let (volume, failure) = (score_series(series, "volume"), score_series(series, "failure"));
        for (at, time_s) in series.times_s.iter().enumerate() {
            let (group, name, value) = (&series.group, &series.name, series.values[at]);
            let (volume, failure) = (volume[at], failure[at]);
            writeln!(output, "{group},{name},{time_s},{value},{volume:.6},{failure:.6}")?;
        }
    }
    Ok(Exit::Done)
}
