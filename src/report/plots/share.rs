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
const TOP: i32 = 134;
/// Rows of pixels of one destination: the graph, and with it its labels above and below.
const GRAPH: i32 = 280;
const PANEL: i32 = GRAPH + 110;

/// More destinations are left to `series.csv`.
const MOST_DESTINATIONS: usize = 4;
/// More lines than this cannot be told apart; what the others got is told in the legend.
const MOST_LINES: usize = 8;
/// More points than this become a blot, the sooner the more lines cross; neighbouring windows are
/// drawn as one.
const MOST_POINTS: usize = 160;
/// The same where more than [`FEW_LINES`] cross.
const MOST_POINTS_CROSSING: usize = 60;
const FEW_LINES: usize = 4;
/// Ends of the axis of shares.
const SCALES: [f64; 7] = [0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 1.0];

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
    let widths = starts.windows(2).map(|pair| pair[1] - pair[0]);
    let window_s = widths.reduce(f64::min).unwrap_or_else(|| last_s.max(1.0));
    let destinations = busiest(&findings.series);
    let shown = destinations.len().min(MOST_DESTINATIONS);
    let windows = ((last_s + window_s) / window_s).round() as usize;
    let owners: BTreeSet<&str> = findings.series.iter().map(Owner::of(&findings.series)).collect();
    let most = if owners.len() > FEW_LINES { MOST_POINTS_CROSSING } else { MOST_POINTS };
    let bin = windows.div_ceil(most).max(1);
    let bins = Bins { bin_s: window_s * bin as f64, end_s: last_s + window_s };
    let each = human::time(bins.bin_s);
    let more = match destinations.len() - shown {
        0 => String::new(),
        hidden => format!("; {hidden} smaller destinations are in series.csv"),
    };
    let subtitle = format!("{run}; each point {each}{more}");
    let height = TOP + PANEL * i32::try_from(shown).unwrap_or(1) - 56;
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

/// Everything drawn of one destination.
struct Shares<'a> {
    /// The largest owners, largest first.
    lines: Vec<(&'a str, Line)>,
    /// How many owners there are beyond those.
    others: usize,
    /// What those were sent of everything, 0 to 1.
    others_share: f64,
    /// Segments sent to anybody, by point.
    sent: BTreeMap<u64, u64>,
}

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
    let name = format!("share of segments sent to {destination}");
    canvas.text(&shortened(&name, 70), (LEFT, top - 48), 13, FAINT, Anchor::Left);
    name_incidents(canvas, &incidents, &axis, top);

    let shares = Shares::of(&rows, Owner::of(&findings.series), bins);
    let scale = shares.scale();
    let y =
        |share: f64| bottom - ((share / scale).clamp(0.0, 1.0) * f64::from(GRAPH)).round() as i32;
    for quarter in 0..=4 {
        let share = scale * f64::from(quarter) / 4.0;
        canvas.line(vec![(LEFT, y(share)), (RIGHT, y(share))], GRID, 1.0, 1);
        let label = format!("{} %", human::figure(share * 100.0));
        canvas.text(&label, (LEFT - 8, y(share)), 13, FAINT, Anchor::Right);
    }
    // The largest is drawn last, all entitlements below all shares.
    let colored: Vec<_> = shares.lines.iter().zip(COLORS).rev().collect();
    for ((_, line), color) in &colored {
        for stretch in stretches(line, &shares.sent, |_, entitled| entitled, bins, &axis, &y) {
            canvas.line(stretch, *color, 0.28, 7);
        }
    }
    for ((_, line), color) in &colored {
        for stretch in stretches(line, &shares.sent, |sent, _| sent as f64, bins, &axis, &y) {
            canvas.line(stretch, *color, 1.0, 2);
        }
    }
    legend(canvas, &shares, !incidents.is_empty(), top);
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

/// Whose line a row belongs to.
struct Owner;

impl Owner {
    /// Groups where there are several, else the tenants of the only one.
    fn of<'a>(series: &[SeriesRow]) -> fn(&'a SeriesRow) -> &'a str {
        let mut groups = series.iter().map(|row| &row.group);
        let first = groups.next();
        if groups.all(|group| Some(group) == first) { |row| &row.tenant } else { |row| &row.group }
    }
}

impl<'a> Shares<'a> {
    fn of(rows: &[&'a SeriesRow], owner: fn(&'a SeriesRow) -> &'a str, bins: &Bins) -> Shares<'a> {
        let mut totals: BTreeMap<&str, u64> = BTreeMap::new();
        for row in rows {
            *totals.entry(owner(row)).or_default() += row.sent;
        }
        let mut names: Vec<(&str, u64)> = totals.into_iter().collect();
        names.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        let total = |names: &[(&str, u64)]| names.iter().map(|(_, sent)| sent).sum::<u64>() as f64;
        let (named, others) = names.split_at(names.len().min(MOST_LINES));
        let places: BTreeMap<&str, usize> =
            named.iter().enumerate().map(|(place, (name, _))| (*name, place)).collect();
        let mut shares = Shares {
            lines: named.iter().map(|(name, _)| (*name, Line::new())).collect(),
            others: others.len(),
            others_share: total(others) / total(&names).max(1.0),
            sent: BTreeMap::new(),
        };
        for row in rows {
            // A start is a multiple of the window's width but for the rounding of floats.
            let point = (row.start_s / bins.bin_s + 1e-9).floor() as u64;
            *shares.sent.entry(point).or_default() += row.sent;
            if let Some(place) = places.get(owner(row)) {
                let sum = shares.lines[*place].1.entry(point).or_default();
                sum.0 += row.sent;
                sum.1 += row.entitled;
            }
        }
        shares
    }

    /// The end of the axis: the smallest that holds every line.
    fn scale(&self) -> f64 {
        let points = self.lines.iter().flat_map(|(_, line)| line);
        let share = |(point, (sent, entitled)): (&u64, &(u64, f64))| match self.sent[point] {
            0 => 0.0,
            all => (*sent as f64).max(*entitled) / all as f64,
        };
        let largest = points.map(share).fold(0.0, f64::max);
        SCALES.into_iter().find(|scale| largest <= *scale).unwrap_or(1.0)
    }
}

/// Names the incidents in two lines above the graph; a name that fits in neither is left to the table.
fn name_incidents(canvas: &mut Canvas<'_>, incidents: &[&IncidentRow], axis: &TimeAxis, top: i32) {
    let mut free_from = [LEFT; 2];
    for incident in incidents {
        let name = shortened(&incident.fault, 26);
        let width = text_width(&name, 12);
        let middle = (axis.x(incident.start_s) + axis.x(incident.end_s)) / 2;
        let from = (middle - width / 2).clamp(LEFT, RIGHT - width);
        if let Some(line) = free_from.iter().position(|free| *free <= from) {
            let at = (from + width / 2, top - 10 - 15 * line as i32);
            canvas.text(&name, at, 12, VERMILLION, Anchor::Middle);
            free_from[line] = from + width + 10;
        }
    }
}

fn legend(canvas: &mut Canvas<'_>, shares: &Shares<'_>, with_faults: bool, top: i32) {
    let left = RIGHT + 22;
    let mut row = top + 6;
    for ((name, _), color) in shares.lines.iter().zip(COLORS) {
        canvas.line(vec![(left, row), (left + 26, row)], color, 0.28, 7);
        canvas.line(vec![(left, row), (left + 26, row)], color, 1.0, 2);
        canvas.text(&shortened(name, 19), (left + 34, row), 13, INK, Anchor::Left);
        row += 20;
    }
    if shares.others > 0 {
        let others = human::count(shares.others as u64);
        let text = format!("{others} others: {}", human::percent(shares.others_share));
        canvas.text(&text, (left, row), 13, FAINT, Anchor::Left);
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

#[cfg(test)]
mod tests {
    use super::super::super::sample;
    use super::*;

    #[test]
    fn many_tenants_of_one_group_are_drawn_as_the_largest_and_a_count() {
        let rows: Vec<SeriesRow> = (0..20_u64)
            .map(|number| {
                let sent = 100 - number;
                let window = sample::window(0.0, &format!("user-{number}"));
                SeriesRow { sent, entitled: sent as f64, ..window }
            })
            .collect();
        let bins = Bins { bin_s: 60.0, end_s: 60.0 };
        let shares = Shares::of(&rows.iter().collect::<Vec<_>>(), Owner::of(&rows), &bins);
        assert_eq!((shares.lines.len(), shares.others), (8, 12));
        assert_eq!(shares.lines[0].0, "user-0");
        // 92 + 91 + … + 81 of 100 + 99 + … + 81.
        assert!((shares.others_share - 1038.0 / 1810.0).abs() < 1e-12);
        // The largest has 100 ÷ 1810 = 5.5 %.
        assert_eq!(shares.scale(), 0.1);
    }

    #[test]
    fn a_line_breaks_where_nothing_was_sent() {
        let line = Line::from([(0, (1, 1.0)), (1, (0, 0.0)), (2, (1, 1.0))]);
        let sent = BTreeMap::from([(0, 2), (1, 0), (2, 2)]);
        let bins = Bins { bin_s: 10.0, end_s: 30.0 };
        let axis = TimeAxis::new(0, 300, 30.0);
        let y = |share: f64| (share * 100.0) as i32;
        let drawn = stretches(&line, &sent, |sent, _| sent as f64, &bins, &axis, &y);
        assert_eq!(drawn, [vec![(0, 50), (100, 50)], vec![(200, 50), (300, 50)]]);
    }
}
