//! A metric over two axes of a sweep: a mark a point, darker where it is larger.

use plotters::style::RGBColor;

use super::super::super::text_table::shortened;
use super::super::canvas::{Anchor, FAINT, INK, WIDTH, picture, text_width, without_data};
use super::axis::Axis;
use super::worded;

const LEFT: i32 = 150;
const RIGHT: i32 = WIDTH - 150;
const TOP: i32 = 90;
const BOTTOM: i32 = 470;

/// Draws the points `(x, y, mean)`; each axis has a name and its values as written.
///
/// # Errors
/// When the drawing library fails.
pub fn draw(
    title: &str,
    subtitle: &str,
    axes: [(&str, &[(f64, String)]); 2],
    unit: &str,
    points: &[(f64, f64, f64)],
) -> Result<String, String> {
    let across = Axis::around(points.iter().map(|p| p.0), (LEFT + 24, RIGHT - 24), 0.9);
    let up = Axis::around(points.iter().map(|p| p.1), (BOTTOM - 24, TOP + 24), 0.9);
    let tone = Axis::around(points.iter().map(|p| p.2), (0, 1000), 1.7);
    let (Some(across), Some(up), Some(tone)) = (across, up, tone) else {
        return without_data(title, subtitle, "there are no figures");
    };
    let log = |axis: &Axis| if axis.is_logarithmic() { " (logarithmic)" } else { "" };
    picture(BOTTOM + 60, title, subtitle, |canvas| {
        let mut free_from = i32::MIN;
        for (place, text) in axes[0].1 {
            let (x, half) = (across.at(*place), text_width(text, 12) / 2 + 4);
            if x - half > free_from {
                canvas.text(&shortened(text, 20), (x, BOTTOM + 14), 12, FAINT, Anchor::Middle);
                free_from = x + half;
            }
        }
        let mut free_from = i32::MAX;
        for (place, text) in axes[1].1 {
            let y = up.at(*place);
            if y + 8 < free_from {
                canvas.text(&shortened(text, 14), (LEFT - 8, y), 12, FAINT, Anchor::Right);
                free_from = y - 8;
            }
        }
        let name = format!("{}{}", axes[0].0, log(&across));
        canvas.text(&name, ((LEFT + RIGHT) / 2, BOTTOM + 38), 13, FAINT, Anchor::Middle);
        let name = format!("{}{}", axes[1].0, log(&up));
        canvas.text(&name, (24, TOP - 8), 13, FAINT, Anchor::Left);
        let side = match points.len() {
            0..=30 => 18,
            31..=150 => 11,
            _ => 6,
        };
        for (x, y, value) in points {
            let (x, y) = (across.at(*x), up.at(*y));
            let (from, to) = ((x - side, y - side), (x + side, y + side));
            canvas.rectangle(from, to, shade(tone.at(*value)), 1.0);
        }
        let ticks = tone.ticks(unit);
        canvas.text(&format!("mean{}", log(&tone)), (RIGHT + 24, TOP), 12, INK, Anchor::Left);
        for (index, tick) in ticks.iter().rev().enumerate() {
            let y = TOP + 24 + 24 * index as i32;
            canvas.rectangle((RIGHT + 24, y - 9), (RIGHT + 44, y + 9), shade(tone.at(*tick)), 1.0);
            canvas.text(&worded(*tick, unit), (RIGHT + 52, y), 12, INK, Anchor::Left);
        }
    })
}

/// From pale yellow by green to dark blue: lighter is less, also in black and white.
fn shade(thousandths: i32) -> RGBColor {
    const STOPS: [(i32, i32, i32); 4] =
        [(253, 231, 160), (122, 202, 145), (42, 120, 142), (53, 26, 94)];
    let part = f64::from(thousandths.clamp(0, 999)) / 1000.0 * 3.0;
    let (from, to) = (STOPS[part as usize], STOPS[part as usize + 1]);
    let rest = part - libm::floor(part);
    let mix = |a: i32, b: i32| (f64::from(a) + f64::from(b - a) * rest) as u8;
    RGBColor(mix(from.0, to.0), mix(from.1, to.1), mix(from.2, to.2))
}
