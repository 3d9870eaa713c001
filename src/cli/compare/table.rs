//! A comparison for people.

use std::io::{self, IsTerminal, Write};

use super::super::Global;
use super::super::exit::Failure;
use crate::experiment::{
    Change, Comparison, ContestantFigures, Figure, Isolation, MetricComparison, PolicyIsolation,
    Stopped, TenantChange, TenantIsolation,
};
use crate::report::{Paint, Style, TextTable, Tone, figure, percent, time};

const WIDTH: usize = 100;
/// Tenants shown that are hit worst, and least; the others are in `tenants.csv`.
const MOST_TENANTS: usize = 4;
const LEAST_TENANTS: usize = 2;

pub(super) fn print(
    comparison: &Comparison,
    place: &str,
    global: &Global,
    output: &mut dyn Write,
) -> Result<(), Failure> {
    let is_coloured = global.wants_colour(io::stdout().is_terminal());
    let paint = Paint::new(if is_coloured { Style::Coloured } else { Style::Plain });
    writeln!(output, "{}", paint.apply(Tone::Strong, &heading(comparison)))?;
    for metric in &comparison.metrics {
        writeln!(output, "\n{}", title(metric, comparison.replications))?;
        let mut table = TextTable::new(&["", "mean", &against(comparison), "p", "pairing", ""]);
        for row in &metric.rows {
            let tone = if row.standing == Some("best") { Tone::Good } else { Tone::Plain };
            table.row(tone, cells(row, metric));
        }
        table.drop_empty(&[""]);
        write!(output, "{}", table.print(paint, WIDTH))?;
    }
    for changes in &comparison.tenants {
        writeln!(
            output,
            "\n99 % dwell of tenants, {} against {}: {} worse, {} better, {} not shown to change",
            changes.contestant,
            comparison.baseline,
            changes.worse,
            changes.better,
            changes.unchanged
        )?;
        let mut table = TextTable::new(&["", "before", "now", "change", "p"]);
        for (index, row) in shown(&changes.tenants).into_iter().enumerate() {
            let cells = match row {
                Some(row) => tenant_cells(row),
                None => {
                    let hidden = changes.tenants.len() - MOST_TENANTS - LEAST_TENANTS;
                    let words = format!("{hidden} more: tenants.csv");
                    vec![words, String::new(), String::new(), String::new(), String::new()]
                }
            };
            let tone = match row.map(|row| row.change) {
                Some(Change::Worse) if index < MOST_TENANTS => Tone::Bad,
                Some(_) => Tone::Plain,
                None => Tone::Faint,
            };
            table.row(tone, cells);
        }
        write!(output, "{}", table.print(paint, WIDTH))?;
    }
    if let Some(isolation) = &comparison.isolation {
        for policy in &isolation.policies {
            writeln!(output, "\n{}", isolation_title(isolation, policy))?;
            let (head, rows) = isolation_rows(isolation, policy);
            let mut table = TextTable::new(&head);
            rows.into_iter().for_each(|row| table.row(Tone::Plain, row));
            table.drop_empty(&["-", "0"]);
            write!(output, "{}", table.print(paint, WIDTH))?;
        }
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
    for metric in &comparison.metrics {
        text.push_str(&format!("\n**{}**\n\n", title(metric, comparison.replications)));
        text.push_str(&format!("| | mean | {} | p | pairing | |\n", against(comparison)));
        text.push_str("|---|--:|--:|--:|--:|---|\n");
        for row in &metric.rows {
            text.push_str(&format!("| {} |\n", escaped(&cells(row, metric)).join(" | ")));
        }
    }
    for changes in &comparison.tenants {
        text.push_str(&format!(
            "\n**99 % dwell of tenants, {} against {}**: {} worse, {} better, {} not shown to \
             change\n\n| tenant | before | now | change | p |\n|---|--:|--:|--:|--:|\n",
            changes.contestant,
            comparison.baseline,
            changes.worse,
            changes.better,
            changes.unchanged
        ));
        for row in shown(&changes.tenants).into_iter().flatten() {
            text.push_str(&format!("| {} |\n", escaped(&tenant_cells(row)).join(" | ")));
        }
    }
    if let Some(isolation) = &comparison.isolation {
        for policy in &isolation.policies {
            let (head, rows) = isolation_rows(isolation, policy);
            text.push_str(&format!("\n**{}**\n\n", isolation_title(isolation, policy)));
            text.push_str(&format!("| {} |\n|{}\n", head.join(" | "), "---|".repeat(head.len())));
            for row in rows {
                text.push_str(&format!("| {} |\n", escaped(&row).join(" | ")));
            }
        }
    }
    text.push('\n');
    for note in notes(comparison) {
        text.push_str(&format!("- {note}\n"));
    }
    text
}

fn escaped(cells: &[String]) -> Vec<String> {
    cells.iter().map(|cell| cell.replace('|', "\\|")).collect()
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

fn against(comparison: &Comparison) -> String {
    format!("against {}", comparison.baseline)
}

fn title(metric: &MetricComparison, replications: usize) -> String {
    let better = metric.better.map(|better| format!(", {better} is better")).unwrap_or_default();
    let n = match metric.n {
        n if n == replications => String::new(),
        n => format!(", in {n} of {replications} replications"),
    };
    format!("{}{better}{n}", metric.metric)
}

fn cells(row: &ContestantFigures, metric: &MetricComparison) -> Vec<String> {
    let word = |value: f64| worded(value, metric.unit);
    let plus_minus = |mean: Option<f64>, half: Option<f64>, sign: &str| match (mean, half) {
        (None, _) => "-".to_owned(),
        (Some(mean), None) => format!("{sign}{}", word(mean)),
        (Some(mean), Some(half)) => format!("{sign}{} ± {}", word(mean), word(half)),
    };
    let censored = if row.censored > 0 { ">" } else { "" };
    let mut mean = plus_minus(row.mean, row.half_width, censored);
    if row.is_too_skewed {
        mean.push('*');
    }
    let sign = if row.difference.is_some_and(|difference| difference > 0.0) { "+" } else { "" };
    let difference = match row.difference {
        None => String::new(),
        difference => plus_minus(difference, row.difference_half_width, sign),
    };
    vec![
        row.contestant.clone(),
        mean,
        difference,
        row.p_holm.map(p_value).unwrap_or_default(),
        row.variance_ratio.map(|ratio| format!("{ratio:.1}x")).unwrap_or_default(),
        row.standing.unwrap_or_default().to_owned(),
    ]
}

fn shown(tenants: &[TenantChange]) -> Vec<Option<&TenantChange>> {
    if tenants.len() <= MOST_TENANTS + LEAST_TENANTS + 1 {
        return tenants.iter().map(Some).collect();
    }
    let first = tenants[..MOST_TENANTS].iter().map(Some);
    first.chain([None]).chain(tenants[tenants.len() - LEAST_TENANTS..].iter().map(Some)).collect()
}

fn tenant_cells(row: &TenantChange) -> Vec<String> {
    let sign = if row.difference_s > 0.0 { "+" } else { "" };
    let censored = if row.censored > 0 { ">" } else { "" };
    let half = row.half_width_s.map(|half| format!(" ± {}", time(half))).unwrap_or_default();
    vec![
        row.tenant.clone(),
        time(row.baseline_s),
        format!("{censored}{}", time(row.dwell_p99_s)),
        format!("{censored}{sign}{}{half}", time(row.difference_s)),
        row.p_holm.map(p_value).unwrap_or_default(),
    ]
}

fn isolation_title(isolation: &Isolation, policy: &PolicyIsolation) -> String {
    let of = match isolation.measured == isolation.tenants {
        true => format!("{} tenants", isolation.tenants),
        false => format!("{} of {} tenants", isolation.measured, isolation.tenants),
    };
    let aggressor = isolation.aggressor.as_ref().zip(isolation.times);
    let index =
        aggressor.map(|(name, times)| format!("; index: {name} sends {times} times as much"));
    let index = index.unwrap_or_default();
    format!("isolation under {}: in company against alone, {of}, worst first{index}", policy.policy)
}

fn isolation_rows(
    isolation: &Isolation,
    policy: &PolicyIsolation,
) -> ([&'static str; 7], Vec<Vec<String>>) {
    let head =
        ["", "added dwell", "dwell ratio", "slowdown", "its p99", "isolation index", "undelivered"];
    let figure = |one: &Figure, unit: &str| match (one.mean, one.half_width) {
        (None, _) => "-".to_owned(),
        (Some(mean), None) => worded(mean, unit),
        (Some(mean), Some(half)) => format!("{} ± {}", worded(mean, unit), worded(half, unit)),
    };
    let row = |row: &TenantIsolation| {
        vec![
            row.tenant.clone(),
            figure(&row.added_dwell_s, "s"),
            figure(&row.dwell_slowdown, ""),
            figure(&row.slowdown_mean, ""),
            figure(&row.slowdown_p99, ""),
            figure(&row.isolation_index, ""),
            row.undelivered.to_string(),
        ]
    };
    let most = if isolation.policies.len() > 1 { 5 } else { 12 };
    (head, policy.tenants.iter().take(most).map(row).collect())
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
        notes.push("* so skewed that the interval needs more replications".to_owned());
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

fn p_value(p: f64) -> String {
    if p < 0.0001 { "<0.0001".to_owned() } else { format!("{p:.4}") }
}
