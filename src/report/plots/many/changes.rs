//! Who waits longer than under the baseline and who shorter, worst hit first.

use super::super::super::text_table::shortened;
use super::super::canvas::{Anchor, FAINT, GREEN, INK, VERMILLION, WIDTH, picture, without_data};
use super::axis::Axis;
use super::worded;

const LEFT: i32 = 220;
const RIGHT: i32 = WIDTH - 210;
const ROW: i32 = 20;
/// Rows from each end; those between are left to the table.
const MOST_A_SIDE: usize = 14;

/// One tenant.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// Its name.
    pub name: String,
    /// Mean change, seconds; above 0 is worse.
    pub change_s: f64,
    /// Half the width of its interval.
    pub half_width_s: Option<f64>,
    /// Whether the change is shown.
    pub is_shown: bool,
}

/// Draws a bar a tenant; `bars` come worst hit first.
///
/// # Errors
/// When the drawing library fails.
pub fn draw(title: &str, subtitle: &str, bars: &[Bar]) -> Result<String, String> {
    let hidden = bars.len().saturating_sub(2 * MOST_A_SIDE);
    let shown: Vec<Option<&Bar>> = match hidden {
        0 | 1 => bars.iter().map(Some).collect(),
        _ => {
            let first = bars[..MOST_A_SIDE].iter().map(Some);
            let last = bars[bars.len() - MOST_A_SIDE..].iter().map(Some);
            first.chain([None]).chain(last).collect()
        }
    };
    let ends = bars.iter().flat_map(|bar| {
        let half = bar.half_width_s.unwrap_or(0.0);
        [bar.change_s - half, bar.change_s + half]
    });
    let ends = ends.chain([0.0]);
    let Some(axis) = Axis::around(ends, (LEFT, RIGHT), f64::INFINITY).filter(|_| !bars.is_empty())
    else {
        return without_data(title, subtitle, "no tenant has figures in both");
    };
    let bottom = 84 + ROW * shown.len() as i32;
    picture(bottom + 60, title, subtitle, |canvas| {
        axis.draw_horizontal(canvas, (76, bottom), "s");
        for (index, bar) in shown.iter().enumerate() {
            let y = 92 + ROW * index as i32;
            let Some(bar) = bar else {
                let words = format!("{hidden} more in tenants.csv");
                canvas.text(&words, (LEFT - 12, y), 12, FAINT, Anchor::Right);
                continue;
            };
            canvas.text(&shortened(&bar.name, 26), (LEFT - 12, y), 12, INK, Anchor::Right);
            let colour = match (bar.is_shown, bar.change_s > 0.0) {
                (false, _) => FAINT,
                (true, true) => VERMILLION,
                (true, false) => GREEN,
            };
            let (zero, to) = (axis.at(0.0), axis.at(bar.change_s));
            let (from, to) = (zero.min(to), zero.max(to).max(zero.min(to) + 1));
            canvas.rectangle((from, y - 6), (to, y + 6), colour, 0.7);
            if let Some(half) = bar.half_width_s {
                let ends = [bar.change_s - half, bar.change_s + half].map(|end| axis.at(end));
                canvas.line(vec![(ends[0], y), (ends[1], y)], INK, 0.8, 1);
            }
            let sign = if bar.change_s > 0.0 { "+" } else { "" };
            let words = format!("{sign}{}", worded(bar.change_s, "s"));
            canvas.text(&words, (RIGHT + 14, y), 12, INK, Anchor::Left);
        }
        let words = "change of the 99 % dwell, with its interval; grey where no change is shown";
        canvas.text(words, ((LEFT + RIGHT) / 2, bottom + 36), 12, FAINT, Anchor::Middle);
    })
}
