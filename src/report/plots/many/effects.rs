//! A metric against each of many axes of a sweep: a dot a point, which shows what matters and what not.

use super::super::super::text_table::shortened;
use super::super::canvas::{Anchor, FAINT, GRID, INK, WIDTH, picture, text_width, without_data};
use super::axis::Axis;
use super::colour;

const LEFT: i32 = 90;
const RIGHT: i32 = WIDTH - 250;
const PANEL: i32 = 170;

/// A metric against one axis.
#[derive(Clone, Debug, PartialEq)]
pub struct EffectPanel {
    /// The axis.
    pub axis: String,
    /// Its values as written, each at its place.
    pub ticks: Vec<(f64, String)>,
    /// By policy.
    pub clouds: Vec<Cloud>,
}

/// The points of one policy.
#[derive(Clone, Debug, PartialEq)]
pub struct Cloud {
    /// The policy.
    pub name: String,
    /// Place on the axis and mean.
    pub points: Vec<(f64, f64)>,
    /// Spearman's correlation of the two.
    pub correlation: Option<f64>,
}

/// Draws a panel an axis.
///
/// # Errors
/// When the drawing library fails.
pub fn draw(
    title: &str,
    subtitle: &str,
    unit: &str,
    panels: &[EffectPanel],
) -> Result<String, String> {
    let means = panels.iter().flat_map(|panel| &panel.clouds).flat_map(|cloud| &cloud.points);
    let Some(scale) = Axis::around(means.map(|(_, mean)| *mean), (0, 1), 1.7) else {
        return without_data(title, subtitle, "there are no figures");
    };
    let height = 80 + PANEL * panels.len() as i32 + 16;
    picture(height, title, subtitle, |canvas| {
        for (number, panel) in panels.iter().enumerate() {
            let (top, bottom) = (84 + PANEL * number as i32, 84 + PANEL * (number as i32 + 1) - 52);
            let up = scale.over((bottom - 6, top + 6));
            let places = panel.clouds.iter().flat_map(|cloud| cloud.points.iter().map(|p| p.0));
            let Some(across) = Axis::around(places, (LEFT + 16, RIGHT - 16), 0.9) else { continue };
            up.draw_vertical(canvas, (LEFT, RIGHT), unit);
            canvas.line(vec![(LEFT, bottom), (RIGHT, bottom)], GRID, 1.0, 1);
            let mut free_from = i32::MIN;
            for (place, text) in &panel.ticks {
                let (x, half) = (across.at(*place), text_width(text, 12) / 2 + 8);
                if x - half > free_from {
                    let text = shortened(text, 20);
                    canvas.text(&text, (x, bottom + 12), 12, FAINT, Anchor::Middle);
                    free_from = x + half;
                }
            }
            let log = if across.is_logarithmic() { " (logarithmic)" } else { "" };
            let name = format!("{}{log}", panel.axis);
            canvas.text(&name, ((LEFT + RIGHT) / 2, bottom + 28), 13, INK, Anchor::Middle);
            for (index, cloud) in panel.clouds.iter().enumerate() {
                for (x, mean) in &cloud.points {
                    canvas.circle((across.at(*x), up.at(*mean)), 3, colour(index));
                }
                let y = top + 12 + 20 * index as i32;
                canvas.circle((RIGHT + 20, y), 5, colour(index));
                let rank = cloud.correlation.map_or("-".to_owned(), |rho| format!("{rho:+.2}"));
                let words = format!("{}: rank correlation {rank}", shortened(&cloud.name, 16));
                canvas.text(&words, (RIGHT + 32, y), 12, INK, Anchor::Left);
            }
        }
    })
}
