//! How long messages waited: median, percentiles and maximum of each group and class, on one
//! logarithmic axis, because seconds and hours have to fit.

use plotters::style::RGBColor;

use super::super::glance::longest_first;
use super::super::human;
use super::super::text_table::shortened;
use super::canvas::{
    Anchor, BLUE, Canvas, FAINT, GRID, INK, ORANGE, VERMILLION, WIDTH, picture, without_data,
};
use super::run_of;
use crate::measure::{ClassFigures, Findings, Quantile, TimeFigures};

const LEFT: i32 = 216;
const RIGHT: i32 = WIDTH - 262;
const TOP: i32 = 112;
const ROW: i32 = 27;
/// More rows of one kind are left to `summary.json`.
const MOST_ROWS: usize = 16;

/// Round times, for ticks and for the ends of the axis.
const TICKS: [(f64, &str); 14] = [
    (0.000_01, "10 us"),
    (0.000_1, "0.1 ms"),
    (0.001, "1 ms"),
    (0.01, "10 ms"),
    (0.1, "100 ms"),
    (1.0, "1 s"),
    (10.0, "10 s"),
    (60.0, "1 min"),
    (600.0, "10 min"),
    (3600.0, "1 h"),
    (36_000.0, "10 h"),
    (86_400.0 * 4.0, "4 d"),
    (86_400.0 * 40.0, "40 d"),
    (86_400.0 * 400.0, "400 d"),
];

pub(super) fn draw(findings: &Findings, title: &str) -> Result<String, String> {
    let run = run_of(&findings.summary);
    let mut groups: Vec<(String, &ClassFigures)> = findings
        .summary
        .groups
        .iter()
        .map(|(name, figures)| (named(findings, name), figures))
        .collect();
    groups.sort_by(|a, b| longest_first(&a.1.dwell_s, &b.1.dwell_s));
    let classes: Vec<(String, &ClassFigures)> =
        findings.summary.classes.iter().map(|(name, figures)| (name.clone(), figures)).collect();
    let all = groups.iter().chain(&classes).map(|(_, figures)| &figures.dwell_s);
    let times: Vec<f64> = all
        .flat_map(|times| [times.p50, times.p90, times.p99, times.max])
        .flatten()
        .map(seconds)
        .collect();
    let Some(axis) = LogAxis::around(&times) else {
        return without_data(title, &run, "no message was submitted");
    };
    let sections = [("groups of tenants", groups), ("classes", classes)];
    let height_of = |rows: usize| if rows == 0 { 0 } else { ROW * rows.min(MOST_ROWS) as i32 + 40 };
    let height = TOP + sections.iter().map(|(_, rows)| height_of(rows.len())).sum::<i32>() + 48;
    picture(height, title, &run, |canvas| {
        legend(canvas);
        axis.draw(canvas, TOP - 12, height - 56);
        let mut row = TOP;
        for (name, rows) in &sections {
            if !rows.is_empty() {
                section(canvas, name, rows, &axis, row);
                row += height_of(rows.len());
            }
        }
    })
}

fn section(
    canvas: &mut Canvas<'_>,
    name: &str,
    rows: &[(String, &ClassFigures)],
    axis: &LogAxis,
    top: i32,
) {
    let more = match rows.len().saturating_sub(MOST_ROWS) {
        0 => String::new(),
        hidden => format!(", the {MOST_ROWS} longest; {hidden} more are in summary.json"),
    };
    canvas.rectangle((20, top - 8), (LEFT - 6, top + 10), plotters::style::WHITE, 1.0);
    canvas.text(&format!("{name}{more}"), (24, top), 13, FAINT, Anchor::Left);
    for (index, (name, figures)) in rows.iter().take(MOST_ROWS).enumerate() {
        let y = top + 24 + ROW * index as i32;
        canvas.text(&shortened(name, 24), (LEFT - 14, y), 14, INK, Anchor::Right);
        marks(canvas, &figures.dwell_s, axis, y);
        canvas.text(&words(figures), (RIGHT + 16, y), 13, INK, Anchor::Left);
    }
}

/// A line from the median to the maximum with a mark at each quantile. Where the quantiles are
/// censored the line ends in an arrow: the truth lies further right.
fn marks(canvas: &mut Canvas<'_>, times: &TimeFigures, axis: &LogAxis, y: i32) {
    let quantiles = [times.p50, times.p90, times.p99, times.max];
    let known: Vec<Quantile> = quantiles.into_iter().flatten().collect();
    let (Some(first), Some(last)) = (known.first(), known.last()) else {
        canvas.text("no figures", ((LEFT + RIGHT) / 2, y), 12, FAINT, Anchor::Middle);
        return;
    };
    let (from, to) = (axis.x(seconds(*first)), axis.x(seconds(*last)));
    canvas.line(vec![(from, y), (to.max(from + 1), y)], FAINT, 0.55, 3);
    if let Some(Quantile::Above(limit)) =
        known.iter().find(|quantile| matches!(quantile, Quantile::Above(_)))
    {
        let x = axis.x(*limit);
        canvas.line(vec![(x, y), (x + 20, y)], VERMILLION, 1.0, 3);
        canvas.arrow_head((x + 27, y), VERMILLION);
    }
    // The median last: where all are equal, it is the one to see.
    let drawn: [(Option<Quantile>, Mark); 4] = [
        (times.max, Mark::Maximum),
        (times.p99, Mark::P99),
        (times.p90, Mark::P90),
        (times.p50, Mark::Median),
    ];
    for (quantile, mark) in drawn {
        if let Some(Quantile::Exactly(value)) = quantile {
            mark.draw(canvas, (axis.x(value), y));
        }
    }
}

#[derive(Clone, Copy)]
enum Mark {
    Median,
    P90,
    P99,
    Maximum,
}

impl Mark {
    fn color(self) -> RGBColor {
        match self {
            Mark::Median => BLUE,
            Mark::P90 => ORANGE,
            Mark::P99 => VERMILLION,
            Mark::Maximum => INK,
        }
    }

    /// Shapes differ too, for readers of black and white.
    fn draw(self, canvas: &mut Canvas<'_>, (x, y): (i32, i32)) {
        let color = self.color();
        match self {
            Mark::Median => canvas.circle((x, y), 6, color),
            Mark::P90 => canvas.rectangle((x - 5, y - 5), (x + 5, y + 5), color, 1.0),
            Mark::P99 => {
                canvas.polygon(vec![(x, y - 7), (x + 7, y), (x, y + 7), (x - 7, y)], color);
            }
            Mark::Maximum => canvas.line(vec![(x, y - 8), (x, y + 8)], color, 1.0, 3),
        }
    }
}

fn legend(canvas: &mut Canvas<'_>) {
    let y = 78;
    let marks = [
        (Mark::Median, "median"),
        (Mark::P90, "90 %"),
        (Mark::P99, "99 %"),
        (Mark::Maximum, "longest"),
    ];
    let mut x = LEFT;
    for (mark, name) in marks {
        mark.draw(canvas, (x + 8, y));
        canvas.text(name, (x + 22, y), 13, FAINT, Anchor::Left);
        x += 92;
    }
    canvas.line(vec![(x, y), (x + 16, y)], VERMILLION, 1.0, 3);
    canvas.arrow_head((x + 23, y), VERMILLION);
    canvas.text("still waiting at the end", (x + 32, y), 13, FAINT, Anchor::Left);
}

fn words(figures: &ClassFigures) -> String {
    let times = &figures.dwell_s;
    let p50 = human::quantile(times.p50);
    let p99 = human::quantile(times.p99);
    format!("p50 {p50}, p99 {p99}")
}

/// A group with the number of its tenants.
fn named(findings: &Findings, group: &str) -> String {
    let rows = findings.tenants.iter().filter(|row| row.group == group);
    let mut tenants: Vec<&str> = rows.map(|row| row.tenant.as_str()).collect();
    tenants.sort_unstable();
    tenants.dedup();
    match tenants.len() {
        0 | 1 => group.to_owned(),
        tenants => format!("{} ({})", shortened(group, 16), human::count(tenants as u64)),
    }
}

fn seconds(quantile: Quantile) -> f64 {
    match quantile {
        Quantile::Exactly(value) | Quantile::Above(value) => value,
    }
}

/// A logarithmic axis between two round times.
struct LogAxis {
    from_s: f64,
    to_s: f64,
}

impl LogAxis {
    /// An axis that holds all `times`, or `None` when there are none. Waits of no time at all are
    /// drawn at its lower end.
    fn around(times: &[f64]) -> Option<LogAxis> {
        let longest = times.iter().copied().reduce(f64::max)?;
        let positive = times.iter().copied().filter(|time| *time > 0.0);
        // Below a millisecond nobody cares, unless everything is.
        let shortest = positive.reduce(f64::min).unwrap_or(0.001).max(0.001_f64.min(longest));
        let from = TICKS.iter().rev().find(|(tick, _)| *tick <= shortest).unwrap_or(&TICKS[0]).0;
        let above = TICKS.iter().position(|(tick, _)| *tick >= longest && *tick > from);
        let to = TICKS[above.unwrap_or(TICKS.len() - 1)].0;
        Some(LogAxis { from_s: from, to_s: to })
    }

    fn x(&self, seconds: f64) -> i32 {
        let position = libm::log(seconds.clamp(self.from_s, self.to_s) / self.from_s);
        let part = position / libm::log(self.to_s / self.from_s);
        LEFT + (part * f64::from(RIGHT - LEFT - 30)).round() as i32
    }

    fn draw(&self, canvas: &mut Canvas<'_>, top: i32, bottom: i32) {
        for (tick, label) in TICKS {
            if (self.from_s..=self.to_s).contains(&tick) {
                let x = self.x(tick);
                canvas.line(vec![(x, top), (x, bottom)], GRID, 1.0, 1);
                let label =
                    if tick == self.from_s { format!("<={label}") } else { label.to_owned() };
                canvas.text(&label, (x, bottom + 14), 13, FAINT, Anchor::Middle);
            }
        }
        let title = "dwell: submission to first dispatch (logarithmic)";
        canvas.text(title, ((LEFT + RIGHT) / 2, bottom + 36), 13, FAINT, Anchor::Middle);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_ends_at_round_times_that_hold_everything() {
        let axis = LogAxis::around(&[0.0, 0.02, 1000.0]).expect("times");
        assert_eq!((axis.from_s, axis.to_s), (0.01, 3600.0));
        assert_eq!(axis.x(0.0), LEFT);
        assert_eq!(axis.x(0.01), LEFT);
        assert_eq!(axis.x(3600.0), RIGHT - 30);
        // Six in 5.556 decades: the geometric mean lies in the middle.
        assert_eq!(axis.x(6.0), (LEFT + RIGHT - 30) / 2);
        assert!(LogAxis::around(&[]).is_none());
        let none = LogAxis::around(&[0.0]).expect("a time");
        assert!(none.from_s < none.to_s);
    }
}
