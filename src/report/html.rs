//! `report.html`: one page that needs nothing else, offline and without scripts.

mod alerts;

use self::alerts::alerts;
use super::glance::{ClassLine, Glance, GroupLine, RunInfo, longest_first};
use super::human::{ABSENT, count, measured_against, percent, quantile, time};
use super::impact;
use super::plots::Plot;
use super::terminal::{detector, fairness, outcomes};
use super::xml::escape;
use crate::measure::{CheckResult, Findings, TenantRow};

/// More rows make a page that nobody reads; the table has them all.
const MOST_TENANTS: usize = 200;

pub(super) const STYLE: &str = "
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, sans-serif; color: #222; background: #fff; margin: 0 auto;
  max-width: 1160px; padding: 24px 20px 64px; }
h1 { font-size: 24px; margin: 0; } h2 { font-size: 18px; margin: 36px 0 8px; }
p { margin: 4px 0; } .faint { color: #6b6b6b; }
.scroll { overflow-x: auto; }
.scroll + .scroll, .scroll + p { margin-top: 1em; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: 4px 10px; text-align: right; white-space: nowrap; border-bottom: 1px solid #e3e3e3; }
th { font-weight: 600; color: #6b6b6b; } th:first-child, td:first-child, .text { text-align: left; }
tr.worst td { color: #6b6b6b; } tr.worst td:first-child { padding-left: 28px; }
.passed { color: #00704f; font-weight: 600; } .failed { color: #b34700; font-weight: 600; }
code { font: 13px/1.4 ui-monospace, monospace; background: #f4f4f4; padding: 2px 5px; }
figure { margin: 20px 0; } svg { max-width: 100%; height: auto; }
";

/// The page of one run, with `plots` drawn into it.
pub fn render(findings: &Findings, info: &RunInfo, plots: &[Plot]) -> String {
    let glance = Glance::new(findings, info);
    let title = format!("{} · {} · seed {}", glance.scenario, glance.policy, glance.seed);
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{0}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{0}</h1>\n",
        escape(&title)
    );
    page.push_str(&format!(
        "<p class=\"faint\">{} messages in {} · {} events · <code>{}</code></p>\n",
        count(glance.messages.submitted),
        time(glance.ended_s),
        count(glance.events),
        escape(&glance.digest)
    ));
    page.push_str(&checks(&glance));
    page.push_str("<h2>At a glance</h2>\n");
    page.push_str(&groups(&glance.groups));
    page.push_str(&classes(&glance.classes));
    for (label, words) in [
        ("Messages", outcomes(glance.messages)),
        ("Fairness", fairness(glance.fairness)),
        ("Detector", detector(&glance)),
    ] {
        page.push_str(&format!("<p><b>{label}:</b> {}</p>\n", escape(&words.join(" · "))));
    }
    if let Some(causal) = &glance.causal {
        page.push_str(&impact::html(causal));
    }
    for plot in plots {
        page.push_str(&format!(
            "<figure aria-label=\"{}\">\n{}</figure>\n",
            escape(plot.title),
            plot.svg
        ));
    }
    page.push_str(&alerts(&findings.alerts));
    page.push_str(&tenants(&findings.tenants));
    if !info.reproduce.is_empty() {
        let command = escape(&info.reproduce);
        page.push_str(&format!("<h2>Reproduce</h2>\n<p><code>{command}</code></p>\n"));
    }
    page.push_str("</body>\n</html>\n");
    page
}

fn checks(glance: &Glance) -> String {
    if glance.checks.is_empty() {
        return String::new();
    }
    let row = |check: &CheckResult| {
        let (class, word) =
            if check.passed { ("passed", "✓ passed") } else { ("failed", "✗ failed") };
        format!(
            "<tr><td class=\"{class}\">{word}</td><td class=\"text\">{}</td>\
             <td class=\"text\">{} of {}</td><td>{}</td><td>{}</td></tr>\n",
            escape(&check.name),
            escape(&check.metric),
            escape(&check.of),
            escape(&measured_against(check)),
            check.line
        )
    };
    let rows: String = glance.checks.iter().map(row).collect();
    format!(
        "<h2>Checks</h2>\n<div class=\"scroll\"><table>\n<tr><th></th><th class=\"text\">check</th>\
         <th class=\"text\">of</th><th>measured</th><th>line</th></tr>\n{rows}</table></div>\n"
    )
}

fn groups(groups: &[GroupLine]) -> String {
    let mut rows = String::new();
    for group in groups {
        let name = match group.tenants {
            0 | 1 => group.name.clone(),
            tenants => format!("{} ({})", group.name, count(tenants as u64)),
        };
        let ledger = [
            group.messages.submitted,
            group.messages.delivered,
            group.messages.refused,
            group.messages.expired,
        ];
        let dwell = &group.figures.dwell_s;
        rows.push_str(&line(
            "",
            &name,
            ledger,
            [dwell.p50, dwell.p99, dwell.max].map(quantile),
            [group.share, group.entitled],
        ));
        if let Some(worst) = &group.worst {
            let name = format!("worst: {} at {}", worst.tenant, worst.destination);
            let messages = worst.messages;
            let ledger =
                [messages.submitted, messages.delivered, messages.refused, messages.expired];
            let dwell = &worst.dwell_s;
            let times = [dwell.p50, dwell.p99, dwell.max].map(quantile);
            rows.push_str(&line("worst", &name, ledger, times, [worst.share, worst.entitled]));
        }
    }
    format!(
        "<div class=\"scroll\"><table>\n<tr><th>who</th><th>submitted</th><th>delivered</th>\
         <th>refused</th><th>expired</th><th>dwell p50</th><th>p99</th><th>max</th><th>share</th>\
         <th>entitled</th></tr>\n{rows}</table></div>\n"
    )
}

fn line(
    class: &str,
    name: &str,
    ledger: [u64; 4],
    dwell: [String; 3],
    shares: [Option<f64>; 2],
) -> String {
    let shares = shares.map(|share| share.map_or(ABSENT.to_owned(), percent));
    let cells = ledger.map(count).into_iter().chain(dwell).chain(shares);
    let cells: String = cells.map(|cell| format!("<td>{}</td>", escape(&cell))).collect();
    format!("<tr class=\"{class}\"><td>{}</td>{cells}</tr>\n", escape(name))
}

fn classes(classes: &[ClassLine]) -> String {
    let mut rows = String::new();
    for class in classes {
        let figures = &class.figures;
        let (dwell, latency) = (&figures.dwell_s, &figures.latency_s);
        let cells = [
            count(figures.submitted),
            figures.on_time.map_or(ABSENT.to_owned(), percent),
            quantile(dwell.p50),
            quantile(dwell.p99),
            quantile(dwell.max),
            quantile(latency.p50),
            quantile(latency.p99),
        ];
        let cells = cells.map(|cell| format!("<td>{}</td>", escape(&cell))).concat();
        rows.push_str(&format!("<tr><td>{}</td>{cells}</tr>\n", escape(&class.name)));
    }
    format!(
        "<div class=\"scroll\"><table>\n<tr><th>class</th><th>submitted</th><th>on time</th>\
         <th>dwell p50</th><th>p99</th><th>max</th><th>latency p50</th><th>p99</th></tr>\n\
         {rows}</table></div>\n"
    )
}

fn tenants(tenants: &[TenantRow]) -> String {
    let mut sorted: Vec<&TenantRow> = tenants.iter().collect();
    sorted.sort_by(|a, b| longest_first(&a.dwell_s, &b.dwell_s));
    let mut rows = String::new();
    for row in sorted.iter().take(MOST_TENANTS) {
        let ledger = [
            row.messages.submitted,
            row.messages.delivered,
            row.messages.refused,
            row.messages.expired,
        ];
        let dwell = &row.dwell_s;
        let name = format!("{} at {}", row.tenant, row.destination);
        let times = [dwell.p50, dwell.p99, dwell.max].map(quantile);
        rows.push_str(&line("", &name, ledger, times, [row.share_mean, row.entitlement_mean]));
    }
    let note = if sorted.len() > MOST_TENANTS {
        let all = count(sorted.len() as u64);
        format!(
            "<p class=\"faint\">The {MOST_TENANTS} longest of {all}; all are in tenants.csv.</p>\n"
        )
    } else {
        String::new()
    };
    format!(
        "<h2>Tenants, the longest wait first</h2>\n{note}<div class=\"scroll\"><table>\n\
         <tr><th>tenant</th><th>submitted</th><th>delivered</th><th>refused</th><th>expired</th>\
         <th>dwell p50</th><th>p99</th><th>max</th><th>share while it waits</th><th>entitled then</th></tr>\n\
         {rows}</table></div>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::super::{draw_plots, sample};
    use super::*;

    fn page(findings: &Findings) -> String {
        let info = RunInfo { reproduce: "apportion run a.toml --seed 1".into(), results: None };
        render(findings, &info, &draw_plots(findings).expect("drawn"))
    }

    #[test]
    fn the_page_needs_nothing_from_outside() {
        let text = page(&sample::findings());
        for outside in ["<script", "src=", "<link", "@import", "url("] {
            assert!(!text.contains(outside), "{outside}");
        }
        // The only addresses are the names of XML name spaces.
        assert_eq!(
            text.matches("http").count(),
            text.matches("http://www.w3.org/2000/svg").count()
        );
        assert_eq!(text.matches("<svg").count(), 3);
        for word in ["✗ failed", "✓ passed", "&gt;41 min", "small-2 at carrier", "--seed 1"] {
            assert!(text.contains(word), "{word}");
        }
    }

    #[test]
    fn every_alert_explains_itself() {
        let mut findings = sample::findings();
        let text = page(&findings);
        let table = text.split("<h2>Alerts</h2>").nth(1).expect("a table");
        let row = table.lines().find(|line| line.contains("carrier: 3 tenants")).expect("a row");
        for part in [
            "failure, high",
            "10 min",
            "40.0 %",
            "<td>2</td>",
            "<td>41</td>",
            "10^7.5",
            "carrier-outage",
            "the sessions and the carrier&#39;s own status",
            "burst",
        ] {
            assert!(row.contains(part), "{part} in {row}");
        }
        findings.alerts.clear();
        assert!(!page(&findings).contains("<h2>Alerts"));
    }

    #[test]
    fn names_cannot_become_markup() {
        let mut findings = sample::findings();
        findings.tenants[0].tenant = "<img onerror=1>".into();
        findings.summary.checks[0].name = "</table><b>".into();
        findings.summary.scenario = "</title><i>".into();
        let text = page(&findings);
        assert!(!text.contains("<img") && !text.contains("<b></") && !text.contains("<i>"));
        assert!(text.contains("&lt;img onerror=1&gt;"));
    }

    #[test]
    fn the_table_of_tenants_is_capped_with_the_worst_kept() {
        let mut findings = sample::findings();
        let small = findings.tenants[1].clone();
        for number in 0..250 {
            let tenant = format!("extra-{number}");
            findings.tenants.insert(0, TenantRow { tenant, ..small.clone() });
        }
        let text = page(&findings);
        let table = text.split("<h2>Tenants").nth(1).expect("a table");
        assert_eq!(table.matches("<tr").count(), 201);
        assert!(table.contains("bulk at carrier"));
        assert!(table.contains("The 200 longest of 254; all are in tenants.csv."));
    }
}
