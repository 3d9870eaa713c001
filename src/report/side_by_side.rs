//! Several runs on one page: a column each.

use std::collections::BTreeMap;

use super::html::STYLE;
use super::human::{ABSENT, count, figure, measured_against, percent, quantile, time};
use super::xml::escape;
use crate::measure::{CheckResult, ClassFigures, Quantile, Summary};

/// One of the runs.
#[derive(Clone, Debug)]
pub struct Column {
    /// Where it is, relative to nothing in particular: a name for people.
    pub folder: String,
    /// Its figures.
    pub summary: Summary,
    /// Its pictures, by name, as SVG.
    pub pictures: BTreeMap<String, String>,
}

const WIDER: &str = "
body { max-width: none; }
.pictures { display: grid; gap: 16px; }
";

/// The page. A row a figure, a column a run; then the pictures of the same name beside each other.
pub fn render_side_by_side(columns: &[Column]) -> String {
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Runs side by side</title>\n<style>{STYLE}{WIDER}</style>\n</head>\n<body>\n\
         <h1>Runs side by side</h1>\n"
    );
    let mut table = Table { columns, rows: String::new() };
    table.row("", "folder", |column| column.folder.clone());
    table.row("", "scenario", |column| column.summary.scenario.clone());
    table.row("", "policy", |column| column.summary.policy.clone());
    table.row("", "seed", |column| column.summary.seed.clone());
    table.row("", "messages", |column| count(column.summary.messages.submitted));
    table.row("", "delivered", |column| count(column.summary.messages.delivered));
    table.row("", "digest", |column| column.summary.digest.clone());
    for (title, of) in [
        ("Tenants", (|summary: &Summary| &summary.groups) as fn(&Summary) -> &BTreeMap<_, _>),
        ("Classes", |summary| &summary.classes),
        ("Destinations", |summary| &summary.destinations),
    ] {
        table.title(title);
        table.groups(of);
    }
    table.title("Fairness");
    let maybe = |value: Option<f64>, show: fn(f64) -> String| value.map_or(ABSENT.into(), show);
    table.row("", "Jain's index", |column| maybe(column.summary.fairness.jain, figure));
    table.row("", "off the max-min division", |column| {
        maybe(column.summary.fairness.max_min_distance, percent)
    });
    table.row("", "usable quota used", |column| {
        maybe(column.summary.fairness.work_conservation, percent)
    });
    table.title("Detector");
    table.row("", "incidents found", |column| match &column.summary.detection {
        Some(figures) => format!("{} of {}", figures.detected, figures.incidents),
        None => ABSENT.to_owned(),
    });
    table.row("", "false alarms", |column| match &column.summary.detection {
        Some(figures) => format!("{} of {} alerts", figures.false_alarms, figures.alerts),
        None => ABSENT.to_owned(),
    });
    table.title("Checks");
    table.checks();
    page.push_str(&format!("<div class=\"scroll\"><table>\n{}</table></div>\n", table.rows));
    page.push_str(&pictures(columns));
    page.push_str("</body>\n</html>\n");
    page
}

struct Table<'a> {
    columns: &'a [Column],
    rows: String,
}

impl Table<'_> {
    fn title(&mut self, title: &str) {
        let span = self.columns.len() + 1;
        self.rows.push_str(&format!("<tr><th colspan=\"{span}\">{title}</th></tr>\n"));
    }

    fn row(&mut self, class: &str, name: &str, cell: impl Fn(&Column) -> String) {
        let cells: String = self
            .columns
            .iter()
            .map(|column| format!("<td>{}</td>", escape(&cell(column))))
            .collect();
        let name = escape(name);
        self.rows.push_str(&format!("<tr class=\"{class}\"><td>{name}</td>{cells}</tr>\n"));
    }

    /// Times of all groups that any run has.
    fn groups(&mut self, of: fn(&Summary) -> &BTreeMap<String, ClassFigures>) {
        let mut names: Vec<&String> =
            self.columns.iter().flat_map(|column| of(&column.summary).keys()).collect();
        names.sort_unstable();
        names.dedup();
        let names: Vec<String> = names.into_iter().cloned().collect();
        type Pick = fn(&ClassFigures) -> Option<Quantile>;
        let times: [(&str, Pick); 3] = [
            ("dwell p50", |figures| figures.dwell_s.p50),
            ("dwell p99", |figures| figures.dwell_s.p99),
            ("latency p99", |figures| figures.latency_s.p99),
        ];
        for name in names {
            for (what, pick) in times {
                self.row("", &format!("{name}: {what}"), |column| {
                    quantile(of(&column.summary).get(&name).and_then(pick))
                });
            }
            let on_time = |column: &Column| of(&column.summary).get(&name)?.on_time;
            if self.columns.iter().any(|column| on_time(column).is_some()) {
                self.row("", &format!("{name}: on time"), |column| {
                    on_time(column).map_or(ABSENT.to_owned(), percent)
                });
            }
        }
    }

    /// The checks that any run has, by their names.
    fn checks(&mut self) {
        let mut names: Vec<String> = Vec::new();
        for check in self.columns.iter().flat_map(|column| &column.summary.checks) {
            if !names.contains(&check.name) {
                names.push(check.name.clone());
            }
        }
        for name in names {
            let of = |column: &Column| -> Option<CheckResult> {
                column.summary.checks.iter().find(|check| check.name == name).cloned()
            };
            self.row("", &name, |column| match of(column) {
                Some(check) => {
                    let mark = if check.passed { "✓" } else { "✗" };
                    format!("{mark} {}", measured_against(&check))
                }
                None => ABSENT.to_owned(),
            });
        }
        self.row("", "run ended after", |column| time(column.summary.ended_s));
    }
}

/// Pictures of one name beside each other. A picture that a run has not leaves its place empty.
fn pictures(columns: &[Column]) -> String {
    let mut names: Vec<&String> =
        columns.iter().flat_map(|column| column.pictures.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let mut text = String::new();
    for name in names {
        text.push_str(&format!(
            "<h2>{}</h2>\n<div class=\"pictures\" style=\"grid-template-columns: repeat({}, minmax(420px, 1fr))\">\n",
            escape(name),
            columns.len()
        ));
        for column in columns {
            let picture = column.pictures.get(name).map_or("", String::as_str);
            text.push_str(&format!("<figure>{picture}</figure>\n"));
        }
        text.push_str("</div>\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::{draw_plots, sample};
    use super::*;

    fn column(policy: &str) -> Column {
        let mut findings = sample::findings();
        findings.summary.policy = policy.into();
        let plots = draw_plots(&findings).expect("drawn");
        Column {
            folder: format!("results/noisy/{policy}-1"),
            pictures: plots.into_iter().map(|plot| (plot.name.to_owned(), plot.svg)).collect(),
            summary: findings.summary,
        }
    }

    #[test]
    fn every_figure_is_a_row_with_a_cell_a_run() {
        let mut other = column("fifo");
        other.summary.groups.remove("small");
        other.summary.checks.truncate(1);
        let page = render_side_by_side(&[column("scoring"), other]);
        for row in [
            "<td>policy</td><td>scoring</td><td>fifo</td>",
            "<td>small: dwell p99</td><td>1.2 s</td><td>-</td>",
            "<td>bulk: dwell p99</td><td>&gt;41 min</td><td>&gt;41 min</td>",
            "<td>recall</td><td>✗ no such figure &gt;= 0.9</td><td>-</td>",
            "<td>incidents found</td><td>1 of 2</td><td>1 of 2</td>",
        ] {
            assert!(page.contains(row), "{row}\n{page}");
        }
        assert_eq!(page.matches("<svg").count(), 6);
        for outside in ["<script", "src=", "<link", "@import", "url("] {
            assert!(!page.contains(outside), "{outside}");
        }
    }

    #[test]
    fn names_cannot_become_markup() {
        let mut hostile = column("scoring");
        hostile.folder = "<script>".into();
        hostile.summary.checks[0].name = "</table><b>".into();
        let page = render_side_by_side(&[hostile]);
        assert!(
            !page.contains("<script>") && !page.contains("<b></") && !page.contains("</table><b>")
        );
    }
}
