//! Means and their intervals, a panel a metric.

use super::super::super::text_table::shortened;
use super::super::canvas::{Anchor, BLUE, Canvas, FAINT, GREEN, INK, WIDTH, picture, without_data};
use super::axis::Axis;
use super::worded;

const LEFT: i32 = 200;
const RIGHT: i32 = WIDTH - 250;
const ROW: i32 = 24;

/// One metric.
#[derive(Clone, Debug, PartialEq)]
pub struct IntervalPanel {
    /// What it is.
    pub title: String,
    /// `"s"` or empty.
    pub unit: String,
    /// By contestant.
    pub rows: Vec<Interval>,
}

/// A mean and its interval.
#[derive(Clone, Debug, PartialEq)]
pub struct Interval {
    /// Of whom.
    pub name: String,
    /// The mean; absent where there is no figure.
    pub mean: Option<f64>,
    /// Half the width of its interval.
    pub half_width: Option<f64>,
    /// Whether it may be the best, and is marked.
    pub is_marked: bool,
    /// Whether the truth is larger than the mean.
    pub is_censored: bool,
}

/// Draws all panels below each other; the two texts say what the colours of marked and unmarked rows mean.
///
/// # Errors
/// When the drawing library fails.
pub fn draw(
    title: &str,
    subtitle: &str,
    [marked, unmarked]: [&str; 2],
    panels: &[IntervalPanel],
) -> Result<String, String> {
    if panels.iter().all(|panel| panel.rows.iter().all(|row| row.mean.is_none())) {
        return without_data(title, subtitle, "there are no figures");
    }
    let height_of = |panel: &IntervalPanel| 62 + ROW * panel.rows.len() as i32;
    let height = 84 + panels.iter().map(height_of).sum::<i32>() + 30;
    picture(height, title, subtitle, |canvas| {
        let mut top = 84;
        for panel in panels {
            draw_panel(canvas, panel, top);
            top += height_of(panel);
        }
        let y = height - 20;
        canvas.circle((32, y), 5, GREEN);
        canvas.text(marked, (44, y), 12, FAINT, Anchor::Left);
        canvas.circle((262, y), 5, BLUE);
        canvas.text(unmarked, (274, y), 12, FAINT, Anchor::Left);
    })
}

fn draw_panel(canvas: &mut Canvas<'_>, panel: &IntervalPanel, top: i32) {
    let ends = panel.rows.iter().filter_map(|row| {
        let half = row.half_width.unwrap_or(0.0);
        row.mean.map(|mean| [mean - half, mean + half, mean])
    });
    let axis = Axis::around(ends.flatten(), (LEFT, RIGHT), 1.7);
    let scale = axis.filter(Axis::is_logarithmic).map_or("", |_| " (logarithmic)");
    let heading = format!("{}{scale}", shortened(&panel.title, 90));
    canvas.text(&heading, (24, top), 14, INK, Anchor::Left);
    let Some(axis) = axis else {
        canvas.text("no figures", (LEFT, top + 22), 12, FAINT, Anchor::Left);
        return;
    };
    let bottom = top + 18 + ROW * panel.rows.len() as i32;
    axis.draw_horizontal(canvas, (top + 12, bottom), &panel.unit);
    for (index, row) in panel.rows.iter().enumerate() {
        let y = top + 26 + ROW * index as i32;
        canvas.text(&shortened(&row.name, 24), (LEFT - 12, y), 13, INK, Anchor::Right);
        let Some(mean) = row.mean else {
            canvas.text("no figure", (RIGHT + 14, y), 12, FAINT, Anchor::Left);
            continue;
        };
        let colour = if row.is_marked { GREEN } else { BLUE };
        if let Some(half) = row.half_width {
            let (from, to) = (axis.at(mean - half), axis.at(mean + half));
            canvas.line(vec![(from, y), (to, y)], colour, 1.0, 2);
            for end in [from, to] {
                canvas.line(vec![(end, y - 5), (end, y + 5)], colour, 1.0, 2);
            }
        }
        let x = axis.at(mean);
        canvas.circle((x, y), 4, colour);
        if row.is_censored {
            canvas.arrow_head((x + 16, y), colour);
        }
        let sign = if row.is_censored { ">" } else { "" };
        let half = row.half_width.map(|half| format!(" ± {}", worded(half, &panel.unit)));
        let words = format!("{sign}{}{}", worded(mean, &panel.unit), half.unwrap_or_default());
        canvas.text(&words, (RIGHT + 14, y), 12, INK, Anchor::Left);
    }
}
