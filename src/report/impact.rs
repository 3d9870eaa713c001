//! What each injected failure did, as a table.

use super::human::{ABSENT, count, time};
use super::terminal::{Paint, Tone};
use super::text_table::TextTable;
use super::xml::escape;
use crate::measure::causal::{CausalFigures, FaultFigures, ImpactFigures};

/// More failures than this are left to the files.
const MOST_ROWS: usize = 20;

const HEAD: [&str; 10] = [
    "impact of",
    "delay in all",
    "later",
    "sooner",
    "lost",
    "late",
    "twice",
    "wasted",
    "messages",
    "felt until",
];

/// Rows of cells, each with how it is to be shown.
fn rows(figures: &CausalFigures) -> Vec<(Tone, Vec<String>)> {
    let mut rows = Vec::new();
    for fault in figures.faults.iter().take(MOST_ROWS) {
        let mut cells = vec![fault.fault.clone(), time_signed(fault.impact.delay_s)];
        cells.extend([fault.delayed, fault.hastened].map(count));
        cells.extend(whole(&fault.impact));
        cells.push(felt_until(fault));
        rows.push((Tone::Plain, cells));
        if let (Some(tenant), Some(delay)) = (&fault.most_delayed, fault.most_delayed_s) {
            let mut cells = vec![format!("  most: {tenant}"), time_signed(delay)];
            cells.resize(HEAD.len(), String::new());
            rows.push((Tone::Faint, cells));
        }
    }
    let of_all = |name: &str, impact: &ImpactFigures| {
        let mut cells = vec![name.to_owned(), time_signed(impact.delay_s)];
        cells.extend([ABSENT, ABSENT].map(str::to_owned));
        cells.extend(whole(impact));
        cells.push(ABSENT.to_owned());
        cells
    };
    if let Some(interaction) = &figures.interaction {
        rows.push((Tone::Plain, of_all("interaction", interaction)));
        rows.push((Tone::Strong, of_all("all together", &figures.total)));
    }
    rows
}

/// The table for a terminal.
pub(super) fn table(figures: &CausalFigures, paint: Paint, width: usize) -> String {
    if figures.faults.is_empty() {
        return paint.apply(Tone::Faint, "impact     no failure was injected\n");
    }
    let mut table = TextTable::new(&HEAD);
    rows(figures).into_iter().for_each(|(tone, cells)| table.row(tone, cells));
    table.drop_empty(&["", "0", ABSENT]);
    let mut text = table.print(paint, width);
    if figures.faults.len() > MOST_ROWS {
        let more = figures.faults.len() - MOST_ROWS;
        let note = format!("and {more} more failures: incidents.csv");
        text.push_str(&(paint.apply(Tone::Faint, &note) + "\n"));
    }
    if figures.arrivals == "frozen" {
        let note = "closed loops submit what they submit without any failure, in all runs compared";
        text.push_str(&(paint.apply(Tone::Faint, note) + "\n"));
    }
    text
}

/// The same for a pull request; `escape` makes a name safe there.
pub(super) fn markdown(figures: &CausalFigures, escape: impl Fn(&str) -> String) -> String {
    let mut text = format!("\n| {} |\n|---{}|\n", HEAD.join(" | "), "|--:".repeat(HEAD.len() - 1));
    for (_, mut cells) in rows(figures) {
        cells[0] = escape(cells[0].trim_start());
        text.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    text
}

/// The same for a page.
pub(super) fn html(figures: &CausalFigures) -> String {
    let head: String = HEAD.iter().map(|name| format!("<th>{name}</th>")).collect();
    let row = |(tone, cells): (Tone, Vec<String>)| {
        let class = if tone == Tone::Faint { "worst" } else { "" };
        let cells: String =
            cells.iter().map(|cell| format!("<td>{}</td>", escape(cell.trim_start()))).collect();
        format!("<tr class=\"{class}\">{cells}</tr>\n")
    };
    let rows: String = rows(figures).into_iter().map(row).collect();
    format!(
        "<h2>What each failure did</h2>\n<p class=\"faint\">This run minus the run without it, on the \
         same luck.</p>\n<div class=\"scroll\"><table>\n<tr>{head}</tr>\n{rows}</table></div>\n"
    )
}

fn whole(impact: &ImpactFigures) -> [String; 5] {
    [impact.lost, impact.late, impact.duplicates, impact.wasted_segments, impact.messages_made]
        .map(count_signed)
}

/// How long after its end a failure was still felt.
fn felt_until(fault: &FaultFigures) -> String {
    match fault.reconverged_s {
        None => "the end of the run".to_owned(),
        Some(at) if at <= fault.start_s => "not felt".to_owned(),
        Some(at) if at < fault.end_s => format!("{} before its end", time(fault.end_s - at)),
        Some(at) => format!("{} after its end", time(at - fault.end_s)),
    }
}

fn time_signed(seconds: f64) -> String {
    if seconds > 0.0 { format!("+{}", time(seconds)) } else { time(seconds) }
}

fn count_signed(value: i64) -> String {
    let size = count(value.unsigned_abs());
    match value.signum() {
        0 => size,
        1 => format!("+{size}"),
        _ => format!("-{size}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::terminal::Style;
    use super::*;

    fn impact(delay_s: f64, lost: i64) -> ImpactFigures {
        ImpactFigures {
            delay_s,
            dwell_s: 0.0,
            lost,
            late: 12,
            duplicates: 0,
            wasted_segments: -3,
            messages_made: 0,
        }
    }

    fn fault(name: &str, reconverged_s: Option<f64>) -> FaultFigures {
        FaultFigures {
            fault: name.into(),
            start_s: 600.0,
            end_s: 660.0,
            reconverged_s,
            impact: impact(7_200.0, 4),
            delayed: 1_200,
            hastened: 7,
            harmed: 16,
            expected: 90,
            most_delayed: Some("small-2".into()),
            most_delayed_s: Some(95.0),
        }
    }

    fn figures() -> CausalFigures {
        CausalFigures {
            arrivals: "open-loop".into(),
            faults: vec![fault("carrier-down", Some(720.0)), fault("burst", None)],
            interaction: Some(impact(-60.0, 0)),
            total: impact(14_340.0, 8),
        }
    }

    #[test]
    fn signs_are_shown_and_columns_without_anything_are_not() {
        let text = table(&figures(), Paint::new(Style::Plain), 100);
        assert_eq!(
            text,
            "\
impact of        delay in all  later  sooner  lost  late  wasted           felt until
carrier-down             +2 h  1,200       7    +4   +12      -3  1 min after its end
  most: small-2   +1 min 35 s
burst                    +2 h  1,200       7    +4   +12      -3   the end of the run
  most: small-2   +1 min 35 s
interaction            -1 min      -       -     0   +12      -3                    -
all together      +3 h 59 min      -       -    +8   +12      -3                    -
"
        );
    }

    #[test]
    fn no_failure_and_frozen_arrivals_are_said() {
        let none = CausalFigures { faults: Vec::new(), interaction: None, ..figures() };
        assert!(table(&none, Paint::new(Style::Plain), 100).contains("no failure was injected"));
        let frozen = CausalFigures { arrivals: "frozen".into(), ..figures() };
        assert!(table(&frozen, Paint::new(Style::Plain), 100).contains("closed loops submit"));
        let text = markdown(&figures(), |name| name.replace('-', "\\-"));
        assert!(text.contains("| carrier\\-down | +2 h |"), "{text}");
        let page = html(&CausalFigures { faults: vec![fault("<b>", None)], ..figures() });
        assert!(page.contains("<td>&lt;b&gt;</td><td>+2 h</td><td>1,200</td>"), "{page}");
    }
}
