//! A metric along one axis of a sweep: means with intervals, a line a policy.

use super::super::super::text_table::shortened;
use super::super::canvas::{Anchor, FAINT, INK, WIDTH, picture, text_width, without_data};
use super::axis::Axis;
use super::colour;

const LEFT: i32 = 110;
const RIGHT: i32 = WIDTH - 30;
const BOTTOM: i32 = 420;

/// One policy.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Its name.
    pub name: String,
    /// Place on the axis, mean, and half the width of its interval.
    pub points: Vec<(f64, f64, Option<f64>)>,
}

/// Draws all lines; `axis` is the name of what varies, `ticks` its values as written.
///
/// # Errors
/// When the drawing library fails.
pub fn draw(
    title: &str,
    subtitle: &str,
    (axis, ticks): (&str, &[(f64, String)]),
    unit: &str,
    lines: &[Line],
) -> Result<String, String> {
    let points = lines.iter().flat_map(|line| &line.points);
    let values = points.clone().flat_map(|(_, mean, half)| {
        let half = half.unwrap_or(0.0);
        [mean - half, mean + half]
    });
    let across = Axis::around(points.map(|(x, _, _)| *x), (LEFT + 20, RIGHT - 20), 0.9);
    let up = Axis::around(values, (BOTTOM, 100), 1.7);
    let (Some(across), Some(up)) = (across, up) else {
        return without_data(title, subtitle, "there are no figures");
    };
    picture(BOTTOM + 60, title, subtitle, |canvas| {
        up.draw_vertical(canvas, (LEFT, RIGHT), unit);
        let mut free_from = i32::MIN;
        for (place, text) in ticks {
            let x = across.at(*place);
            let half = text_width(text, 12) / 2 + 4;
            if x - half > free_from {
                canvas.text(&shortened(text, 20), (x, BOTTOM + 14), 12, FAINT, Anchor::Middle);
                free_from = x + half;
            }
        }
        let log = |axis: &Axis| if axis.is_logarithmic() { " (logarithmic)" } else { "" };
        let name = format!("{axis}{}; vertical{}", log(&across), log(&up));
        let name = if up.is_logarithmic() { name } else { format!("{axis}{}", log(&across)) };
        canvas.text(&name, ((LEFT + RIGHT) / 2, BOTTOM + 38), 13, FAINT, Anchor::Middle);
        let mut legend = LEFT;
        for (index, line) in lines.iter().enumerate() {
            let colour = colour(index);
            canvas.circle((legend, 78), 5, colour);
            canvas.text(&shortened(&line.name, 30), (legend + 12, 78), 13, INK, Anchor::Left);
            legend += text_width(&shortened(&line.name, 30), 13) + 40;
            let path: Vec<(i32, i32)> =
                line.points.iter().map(|(x, mean, _)| (across.at(*x), up.at(*mean))).collect();
            if path.len() > 1 {
                canvas.line(path.clone(), colour, 0.8, 2);
            }
            for ((x, y), (_, mean, half)) in path.into_iter().zip(&line.points) {
                if let Some(half) = half {
                    let ends = [mean - half, mean + half].map(|end| up.at(end));
                    canvas.line(vec![(x, ends[0]), (x, ends[1])], colour, 1.0, 2);
                }
                canvas.circle((x, y), 4, colour);
            }
        }
    })
}
