//! What was injected and what the detector made of it, one above the other along time.

use std::collections::BTreeMap;

use plotters::style::RGBColor;

use super::super::human;
use super::super::text_table::shortened;
use super::canvas::{
    Anchor, BLUE, Canvas, FAINT, GREEN, GRID, INK, VERMILLION, WIDTH, picture, without_data,
};
use super::run_of;
use super::time_axis::TimeAxis;
use crate::measure::{AlertRow, Findings, IncidentRow};
use crate::scenario::Nature;

const LEFT: i32 = 262;
const RIGHT: i32 = WIDTH - 196;
const TOP: i32 = 104;
const ROW: i32 = 26;
const MOST_INCIDENTS: usize = 12;
/// Accounts shown below one incident.
const MOST_RIGHT: usize = 5;
/// Accounts with false alarms shown.
const MOST_WRONG: usize = 12;

/// One row of the picture.
enum Row<'a> {
    Incident(&'a IncidentRow),
    Alerts { account: String, alerts: Vec<&'a AlertRow>, color: RGBColor },
    Heading(&'static str),
    Note(String),
}

/// Whether an account's destination has to be told.
#[derive(Clone, Copy)]
enum Place {
    Obvious,
    Named,
}

pub(super) fn draw(findings: &Findings, title: &str) -> Result<String, String> {
    let run = run_of(&findings.summary);
    let rows = rows(findings);
    if rows.is_empty() {
        return without_data(title, &run, "nothing was injected and no alert was raised");
    }
    let ends = findings.incidents.iter().map(|row| row.end_s);
    let alerts = findings.alerts.iter().map(|row| row.cleared_s.unwrap_or(row.raised_s));
    let latest = ends.chain(alerts).fold(0.0, f64::max);
    let end_s = if findings.summary.ended_s > 0.0 { findings.summary.ended_s } else { latest };
    let axis = TimeAxis::new(LEFT, RIGHT, end_s.max(1.0));
    let bottom = TOP + ROW * rows.len() as i32;
    picture(bottom + 56, title, &run, |canvas| {
        legend(canvas);
        axis.draw(canvas, TOP - 6, bottom);
        for (index, row) in rows.iter().enumerate() {
            row.draw(canvas, &axis, TOP + ROW * index as i32 + ROW / 2, index > 0);
        }
    })
}

fn rows(findings: &Findings) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    let first = findings.alerts.first().map(|alert| &alert.destination);
    let one = findings.alerts.iter().all(|alert| Some(&alert.destination) == first);
    let place = if one { Place::Obvious } else { Place::Named };
    for incident in findings.incidents.iter().take(MOST_INCIDENTS) {
        rows.push(Row::Incident(incident));
        let right = findings.alerts.iter().filter(|alert| alert.fault == incident.fault);
        rows.extend(accounts(right, MOST_RIGHT, GREEN, place));
    }
    if let hidden @ 1.. = findings.incidents.len().saturating_sub(MOST_INCIDENTS) {
        rows.push(Row::Note(format!("{hidden} more incidents are in incidents.csv")));
    }
    let wrong = findings.alerts.iter().filter(|alert| alert.fault.is_empty());
    let wrong = accounts(wrong, MOST_WRONG, VERMILLION, place);
    if !wrong.is_empty() {
        rows.push(Row::Heading("outside every failure"));
        rows.extend(wrong);
    }
    rows
}

/// One row an account and kind, those with the earliest alerts first.
fn accounts<'a>(
    alerts: impl Iterator<Item = &'a AlertRow>,
    most: usize,
    color: RGBColor,
    place: Place,
) -> Vec<Row<'a>> {
    let mut by_account: BTreeMap<(&str, &str, &str), Vec<&AlertRow>> = BTreeMap::new();
    for alert in alerts {
        let account = (alert.tenant.as_str(), alert.destination.as_str(), alert.kind.as_str());
        by_account.entry(account).or_default().push(alert);
    }
    let mut accounts: Vec<_> = by_account.into_iter().collect();
    let earliest = |alerts: &[&AlertRow]| {
        alerts.iter().map(|alert| alert.raised_s).fold(f64::INFINITY, f64::min)
    };
    accounts.sort_by(|a, b| earliest(&a.1).total_cmp(&earliest(&b.1)).then(a.0.cmp(&b.0)));
    let hidden = accounts.len().saturating_sub(most);
    let mut rows: Vec<Row<'a>> = accounts
        .into_iter()
        .take(most)
        .map(|((tenant, destination, kind), alerts)| {
            let account = match place {
                Place::Named => format!("{} {destination} {kind}", shortened(tenant, 12)),
                Place::Obvious => format!("{} {kind}", shortened(tenant, 18)),
            };
            Row::Alerts { account, alerts, color }
        })
        .collect();
    if hidden > 0 {
        rows.push(Row::Note(format!("{hidden} more accounts are in alerts.csv")));
    }
    rows
}

impl Row<'_> {
    fn draw(&self, canvas: &mut Canvas<'_>, axis: &TimeAxis, y: i32, separated: bool) {
        match self {
            Row::Incident(incident) => {
                separate(canvas, y, separated);
                let (from, to) = (axis.x(incident.start_s), axis.x(incident.end_s));
                canvas.rectangle((from, y - 8), (to.max(from + 2), y + 8), BLUE, 1.0);
                let name = format!("{}: {}", incident.fault, incident.kind);
                canvas.text(&shortened(&name, 29), (24, y), 14, INK, Anchor::Left);
                let (verdict, color) = verdict(incident);
                canvas.text(&verdict, (RIGHT + 16, y), 13, color, Anchor::Left);
            }
            Row::Alerts { account, alerts, color } => {
                canvas.text(&shortened(account, 29), (44, y), 13, FAINT, Anchor::Left);
                for alert in alerts {
                    bar(canvas, alert, axis, y, *color);
                }
            }
            Row::Heading(text) => {
                separate(canvas, y, separated);
                canvas.text(text, (24, y), 14, INK, Anchor::Left);
            }
            Row::Note(text) => canvas.text(text, (44, y), 12, FAINT, Anchor::Left),
        }
    }
}

fn separate(canvas: &mut Canvas<'_>, y: i32, separated: bool) {
    if separated {
        let above = y - ROW / 2;
        canvas.line(vec![(20, above), (WIDTH - 20, above)], GRID, 1.0, 1);
    }
}

fn bar(canvas: &mut Canvas<'_>, alert: &AlertRow, axis: &TimeAxis, y: i32, color: RGBColor) {
    let from = axis.x(alert.raised_s);
    let to = alert.cleared_s.map_or(RIGHT, |cleared| axis.x(cleared));
    canvas.rectangle((from, y - 5), (to.max(from + 2), y + 5), color, 0.55);
    canvas.rectangle((from, y - 9), (from + 3, y + 9), color, 1.0);
    if alert.cleared_s.is_none() {
        canvas.arrow_head((RIGHT + 9, y), color);
    }
}

fn verdict(incident: &IncidentRow) -> (String, RGBColor) {
    match incident.detected_after_s {
        Some(delay) => (format!("found after {}", human::time(delay)), GREEN),
        None if incident.nature != Nature::Failure.name() => (incident.nature.clone(), FAINT),
        None if incident.attempts == 0 && incident.submitted == 0 => {
            ("touched no traffic".to_owned(), FAINT)
        }
        None => ("missed".to_owned(), VERMILLION),
    }
}

fn legend(canvas: &mut Canvas<'_>) {
    let y = 78;
    let entries =
        [(BLUE, "injected failure"), (GREEN, "alert inside one"), (VERMILLION, "false alarm")];
    let mut x = LEFT;
    for (color, name) in entries {
        if color == BLUE {
            canvas.rectangle((x, y - 7), (x + 24, y + 7), color, 1.0);
        } else {
            canvas.rectangle((x, y - 5), (x + 24, y + 5), color, 0.55);
            canvas.rectangle((x, y - 8), (x + 3, y + 8), color, 1.0);
        }
        canvas.text(name, (x + 32, y), 13, FAINT, Anchor::Left);
        x += 164;
    }
}
