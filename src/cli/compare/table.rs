//! A comparison for people: on a terminal and in Markdown.

use std::io::{self, IsTerminal, Write};

use super::super::Global;
use super::super::exit::Failure;
use super::sections::{Section, sections};
use crate::experiment::{Comparison, Stopped};
use crate::report::{Paint, Style, TextTable, Tone, figure, percent, time};

/// As wide as a metric's row with all its columns and a policy's whole name.
const WIDTH: usize = 140;

pub(super) fn print(
    comparison: &Comparison,
    place: &str,
    global: &Global,
    output: &mut dyn Write,
) -> Result<(), Failure> {
    let is_coloured = global.wants_colour(io::stdout().is_terminal());
    let paint = Paint::new(if is_coloured { Style::Coloured } else { Style::Plain });
    writeln!(output, "{}", paint.apply(Tone::Strong, &heading(comparison)))?;
    for Section { title, remark, head, rows } in sections(comparison) {
        writeln!(output, "\n{title}{remark}")?;
        let mut table = TextTable::new(&head.iter().map(String::as_str).collect::<Vec<_>>());
        rows.into_iter().for_each(|(tone, cells)| table.row(tone, cells));
        write!(output, "{}", table.print(paint, WIDTH))?;
    }
    writeln!(output)?;
    for note in notes(comparison) {
        writeln!(output, "{}", paint.apply(Tone::Faint, &note))?;
    }
    writeln!(output, "results    {place}")?;
    Ok(())
}

pub(super) fn markdown(comparison: &Comparison) -> String {
    let mut text = format!("## {}\n", heading(comparison));
    for Section { title, remark, head, rows } in sections(comparison) {
        text.push_str(&format!("\n**{title}**{remark}\n\n| {} |\n", head.join(" | ")));
        text.push_str(&format!("|---|{}\n", "--:|".repeat(head.len() - 1)));
        for (_, cells) in rows {
            let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
            text.push_str(&format!("| {} |\n", cells.join(" | ")));
        }
    }
    text.push('\n');
    for note in notes(comparison) {
        text.push_str(&format!("- {note}\n"));
    }
    text
}

fn heading(comparison: &Comparison) -> String {
    let n = comparison.replications;
    let first: u64 = comparison.first_seed.parse().unwrap_or_default();
    let last = first.wrapping_add(n as u64 - 1);
    format!(
        "{} · {n} replications (seeds {first} to {last}) · {} intervals",
        comparison.scenario,
        percent(comparison.level).replace(".0 %", " %")
    )
}

fn notes(comparison: &Comparison) -> Vec<String> {
    let mut notes = Vec::new();
    let rows = || comparison.metrics.iter().flat_map(|metric| &metric.rows);
    if comparison.stopped == Stopped::Capped {
        notes.push("not precise at the cap of replications: inconclusive".to_owned());
    }
    notes.extend(comparison.pairing.iter().cloned());
    let differences = rows().filter(|row| row.p_holm.is_some()).count();
    if differences > 0 {
        notes.push(format!(
            "p: of such a difference by chance, adjusted for all differences of the table \
             ({differences}, Holm); for tenants, for all tenants"
        ));
        notes.push(
            "pairing: how many times fewer replications the shared luck takes; below 1 it harms"
                .to_owned(),
        );
        notes.push(
            "best: shown to be the best of all, all answers together at the level (Hsu's MCB)"
                .to_owned(),
        );
    }
    if rows().any(|row| row.censored > 0) {
        notes.push("> the quantile lies among messages that never got there".to_owned());
    }
    if rows().any(|row| row.is_too_skewed) {
        notes.push("* so skewed that the interval of the mean needs more replications".to_owned());
    }
    if rows().any(|row| row.censored > 0 || row.is_too_skewed) {
        notes.push(
            "median: over replications, with the interval of the sign test, which holds for these too"
                .to_owned(),
        );
    }
    if !comparison.long_runs.is_empty() {
        notes.push(
            "long run: its dwells depend on each other, so the interval is that of batches of them"
                .to_owned(),
        );
    }
    if comparison.isolation.is_some() {
        notes.push(
            "slowdown: latency in company / alone, message by message, on the same luck; 1 is perfect"
                .to_owned(),
        );
    }
    for one in &comparison.warm_up {
        if let Some(cut) = one.suggested_s.filter(|cut| *cut > one.warm_up_s) {
            notes.push(format!(
                "warm-up of {}: MSER-5 suggests {}; {} (plots/warm-up.svg)",
                one.contestant,
                time(cut),
                one.remark
            ));
        }
    }
    notes
}

/// A figure in the unit of its metric; small ones keep a digit.
pub(in super::super) fn worded(value: f64, unit: &str) -> String {
    if unit == "s" {
        return time(value);
    }
    let text = figure(value);
    if text == "0" && value != 0.0 { format!("{value:.1e}") } else { text }
}
