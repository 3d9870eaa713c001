//! The alerts of a run, each with what a person needs to act on it.

use super::super::human::{ABSENT, count, percent, time};
use super::super::xml::escape;
use crate::measure::AlertRow;

/// More rows make a page that nobody reads; the table has them all.
const MOST_ALERTS: usize = 100;

/// What was raised, since when, whom it hits, how big and how sure it is, its likely cause, and where to
/// look; nothing when nothing was raised.
pub(super) fn alerts(alerts: &[AlertRow]) -> String {
    if alerts.is_empty() {
        return String::new();
    }
    let rows: String = alerts.iter().take(MOST_ALERTS).map(row).collect();
    let note = if alerts.len() > MOST_ALERTS {
        let all = count(alerts.len() as u64);
        format!("<p class=\"faint\">The first {MOST_ALERTS} of {all}; all are in alerts.csv.</p>\n")
    } else {
        String::new()
    };
    format!(
        "<h2>Alerts</h2>\n{note}<div class=\"scroll\"><table>\n<tr><th>raised</th>\
         <th class=\"text\">what</th><th class=\"text\">whom it hits</th><th>since</th><th>over</th>\
         <th>harmed</th><th>expected</th><th>seen</th><th>evidence</th>\
         <th class=\"text\">likely cause</th><th class=\"text\">where to look</th>\
         <th class=\"text\">injected</th></tr>\n{rows}</table></div>\n"
    )
}

fn row(alert: &AlertRow) -> String {
    let whom = match alert.accounts {
        0 | 1 => format!("{} at {}", alert.tenant, alert.destination),
        accounts => format!("{}: {} tenants", alert.destination, count(u64::from(accounts))),
    };
    let text = [format!("{}, {}", alert.kind, alert.severity), whom];
    let numbers = [
        time(alert.since_s),
        alert.cleared_s.map_or(ABSENT.to_owned(), time),
        percent(alert.harmed),
        format!("{:.0}", alert.expected),
        format!("{:.0}", alert.seen),
        format!("10^{:.1}", alert.evidence),
    ];
    let why = [alert.cause.clone(), alert.look.clone(), alert.fault.clone()];
    let left = |cells: &[String]| -> String {
        cells.iter().map(|cell| format!("<td class=\"text\">{}</td>", escape(cell))).collect()
    };
    let right: String = numbers.iter().map(|cell| format!("<td>{}</td>", escape(cell))).collect();
    format!("<tr><td>{}</td>{}{right}{}</tr>\n", time(alert.raised_s), left(&text), left(&why))
}
