//! Who got which part of what a destination sent, and what was due.

use std::collections::{BTreeMap, BTreeSet};

use plotters::style::RGBColor;

use super::super::human;
use super::super::text_table::shortened;
use super::canvas::{
    Anchor, BLACK_LINE, BLUE, Canvas, FAINT, GREEN, GRID, INK, OLIVE, ORANGE, PURPLE, SHADE, SKY,
    VERMILLION, WIDTH, picture, text_width, without_data,
};
use super::run_of;
use super::time_axis::TimeAxis;
use crate::measure::{Findings, IncidentRow, SeriesRow};

const LEFT: i32 = 76;
const RIGHT: i32 = WIDTH - 216;
const TOP: i32 = 84;
/// Rows of pixels of one destination: the graph, and its labels below.
const GRAPH: i32 = 280;
const PANEL: i32 = GRAPH + 92;

/// More destinations are left to `series.csv`.
const MOST_DESTINATIONS: usize = 4;
/// More lines than this cannot be told apart; the rest is drawn as one.
const MOST_LINES: usize = 8;
/// More points than this become a blot; neighbouring windows are drawn as one.
const MOST_POINTS: usize = 160;
const OTHERS: &str = "all others";

const COLORS: [RGBColor; MOST_LINES] =
    [BLUE, VERMILLION, GREEN, ORANGE, PURPLE, SKY, BLACK_LINE, OLIVE];

pub(super) fn draw(findings: &Findings, title: &str) -> Result<String, String> {
    let run = run_of(&findings.summary);
    let busy = |row: &&SeriesRow| row.offered > 0 || row.sent > 0 || row.backlog > 0;
    let Some(last_s) = findings.series.iter().filter(busy).map(|row| row.start_s).reduce(f64::max)
    else {
        return without_data(title, &run, "nothing was sent");
    };
    let starts = starts(&findings.series);
    let window_s = starts.get(1).map_or(last_s.max(1.0), |second| second - starts[0]);
    let destinations = busiest(&findings.series);
    let shown = destinations.len().min(MOST_DESTINATIONS);
    let bin = starts.iter().filter(|start| **start <= last_s).count().div_ceil(MOST_POINTS).max(1);
    let bins = Bins { bin_s: window_s * bin as f64, end_s: last_s + window_s };
    let each = human::time(bins.bin_s);
    let more = match destinations.len() - shown {
        0 => String::new(),
        hidden => format!("; {hidden} smaller destinations are in series.csv"),
    };
    let subtitle = format!("{run}; each point {each}{more}");
    let height = TOP + PANEL * i32::try_from(shown).unwrap_or(1);
    picture(height, title, &subtitle, |canvas| {
        for (index, destination) in destinations.iter().take(shown).enumerate() {
            let top = TOP + PANEL * i32::try_from(index).unwrap_or(0);
            panel(canvas, findings, destination, &bins, top);
        }
    })
}

/// Windows drawn as one point.
struct Bins {
    bin_s: f64,
    end_s: f64,
}

/// What one line shows: sent and entitled segments by point.
type Line = BTreeMap<u64, (u64, f64)>;

fn panel(canvas: &mut Canvas<'_>, findings: &Findings, destination: &str, bins: &Bins, top: i32) {
    let bottom = top + GRAPH;
    let rows: Vec<&SeriesRow> =
        findings.series.iter().filter(|row| row.destination == destination).collect();
    let axis = TimeAxis::new(LEFT, RIGHT, bins.end_s);
    let incidents: Vec<&IncidentRow> =
        findings.incidents.iter().filter(|row| row.destination == destination).collect();
    for incident in &incidents {
        let (from, to) = (axis.x(incident.start_s), axis.x(incident.end_s));
        canvas.rectangle((from, top), (to.max(from + 1), bottom), SHADE, 1.0);
    }
    axis.draw(canvas, top, bottom);
    let y = |share: f64| bottom - (share.clamp(0.0, 1.0) * f64::from(GRAPH)).round() as i32;
    for quarter in 0..=4 {
        let share = f64::from(quarter) / 4.0;
        canvas.line(vec![(LEFT, y(share)), (RIGHT, y(share))], GRID, 1.0, 1);
        let label = format!("{} %", quarter * 25);
        canvas.text(&label, (LEFT - 8, y(share)), 13, FAINT, Anchor::Right);
    }
    let name = format!("share of segments sent to {destination}");
    canvas.text(&shortened(&name, 70), (LEFT, top - 12), 13, FAINT, Anchor::Left);
    name_incidents(canvas, &incidents, &axis, bottom);

    let lines = lines(&rows, bins);
    let mut sent_by_all: BTreeMap<u64, u64> = BTreeMap::new();
    for (point, (sent, _)) in lines.iter().flat_map(|(_, line)| line) {
        *sent_by_all.entry(*point).or_default() += sent;
    }
    let colors = COLORS.iter().copied().chain(std::iter::repeat(FAINT));
    let colored: Vec<_> = lines.iter().zip(colors).collect();
    for ((_, line), color) in colored.iter().rev() {
        for stretch in stretches(line, &sent_by_all, |_, entitled| entitled, bins, &axis, &y) {
            canvas.line(stretch, *color, 0.28, 7);
        }
    }
    for ((_, line), color) in colored.iter().rev() {
        for stretch in stretches(line, &sent_by_all, |sent, _| sent as f64, bins, &axis, &y) {
            canvas.line(stretch, *color, 1.0, 2);
        }
    }
    legend(canvas, &colored, !incidents.is_empty(), top);
}

/// The points of a line, broken where nobody was sent anything.
fn stretches(
    line: &Line,
    sent_by_all: &BTreeMap<u64, u64>,
    part: impl Fn(u64, f64) -> f64,
    bins: &Bins,
    axis: &TimeAxis,
    y: &impl Fn(f64) -> i32,
) -> Vec<Vec<(i32, i32)>> {
    let mut stretches = Vec::new();
    let mut current: Vec<(i32, i32)> = Vec::new();
    let mut expected = 0;
    for (point, all) in sent_by_all {
        if *all == 0 || *point != expected {
            stretches.push(std::mem::take(&mut current));
        }
        expected = point + 1;
        if *all > 0 {
            let (sent, entitled) = line.get(point).copied().unwrap_or_default();
            // A step as wide as the windows it stands for: even a single one can be seen.
            let row = y(part(sent, entitled) / *all as f64);
            current.push((axis.x(*point as f64 * bins.bin_s), row));
            current.push((axis.x((*point + 1) as f64 * bins.bin_s), row));
        }
    }
    stretches.push(current);
    stretches.retain(|stretch| stretch.len() > 1);
    stretches
}

/// The largest owners' lines, largest first, then one of all others.
fn lines<'a>(rows: &[&'a SeriesRow], bins: &Bins) -> Vec<(&'a str, Line)> {
    let groups: BTreeSet<&str> = rows.iter().map(|row| row.group.as_str()).collect();
    let owner = |row: &'a SeriesRow| {
        if groups.len() > 1 { row.group.as_str() } else { row.tenant.as_str() }
    };
    let mut totals: BTreeMap<&str, u64> = BTreeMap::new();
    for row in rows {
        *totals.entry(owner(row)).or_default() += row.sent;
    }
    let mut names: Vec<(&str, u64)> = totals.into_iter().collect();
    names.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let hidden = names.len() > MOST_LINES;
    names.truncate(MOST_LINES);
    let mut lines: Vec<(&str, Line)> = names.iter().map(|(name, _)| (*name, Line::new())).collect();
    if hidden {
        lines.push((OTHERS, Line::new()));
    }
    let places: BTreeMap<&str, usize> =
        names.iter().enumerate().map(|(place, (name, _))| (*name, place)).collect();
    for row in rows {
        let place = places.get(owner(row)).copied().unwrap_or(names.len());
        let point = (row.start_s / bins.bin_s + 1e-9).floor() as u64;
        let sum = lines[place].1.entry(point).or_default();
        sum.0 += row.sent;
        sum.1 += row.entitled;
    }
    lines
}

fn name_incidents(
    canvas: &mut Canvas<'_>,
    incidents: &[&IncidentRow],
    axis: &TimeAxis,
    bottom: i32,
) {
    // A name goes into the strip below the graph, unless it would run into the one before.
    let mut free_from = LEFT;
    for incident in incidents {
        let name = shortened(&incident.fault, 26);
        let width = text_width(&name, 12);
        let middle = (axis.x(incident.start_s) + axis.x(incident.end_s)) / 2;
        let from = (middle - width / 2).clamp(LEFT, RIGHT - width);
        if from >= free_from {
            let at = (from + width / 2, bottom + 54);
            canvas.text(&name, at, 12, VERMILLION, Anchor::Middle);
            free_from = from + width + 10;
        }
    }
}

fn legend(
    canvas: &mut Canvas<'_>,
    lines: &[(&(&str, Line), RGBColor)],
    with_faults: bool,
    top: i32,
) {
    let left = RIGHT + 22;
    let mut row = top + 6;
    for ((name, _), color) in lines {
        canvas.line(vec![(left, row), (left + 26, row)], *color, 0.28, 7);
        canvas.line(vec![(left, row), (left + 26, row)], *color, 1.0, 2);
        canvas.text(&shortened(name, 20), (left + 34, row), 13, INK, Anchor::Left);
        row += 20;
    }
    row += 8;
    canvas.line(vec![(left, row), (left + 26, row)], FAINT, 1.0, 2);
    canvas.text("actual share", (left + 34, row), 12, FAINT, Anchor::Left);
    row += 19;
    canvas.line(vec![(left, row), (left + 26, row)], FAINT, 0.28, 7);
    canvas.text("entitlement", (left + 34, row), 12, FAINT, Anchor::Left);
    if with_faults {
        row += 19;
        canvas.rectangle((left, row - 7), (left + 26, row + 7), SHADE, 1.0);
        canvas.text("injected failure", (left + 34, row), 12, FAINT, Anchor::Left);
    }
}

/// The distinct starts of windows, in order.
fn starts(series: &[SeriesRow]) -> Vec<f64> {
    let mut starts: Vec<f64> = series.iter().map(|row| row.start_s).collect();
    starts.sort_by(f64::total_cmp);
    starts.dedup();
    starts
}

/// Destinations by segments sent, most first.
fn busiest(series: &[SeriesRow]) -> Vec<&str> {
    let mut sent: BTreeMap<&str, u64> = BTreeMap::new();
    for row in series {
        *sent.entry(&row.destination).or_default() += row.sent;
    }
    let mut names: Vec<(&str, u64)> = sent.into_iter().collect();
    names.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    names.into_iter().map(|(name, _)| name).collect()
}
