//! Pictures of many runs: means with intervals, changes by tenant, courses, one or two axes of a sweep.

mod axis;
mod changes;
mod courses;
mod effects;
mod intervals;
mod lines;
mod map;
mod scored_series;

pub use changes::{Bar, draw as draw_changes};
pub use courses::{Course, draw as draw_courses};
pub use effects::{Cloud, EffectPanel, draw as draw_effects};
pub use intervals::{Interval, IntervalPanel, draw as draw_intervals};
pub use lines::{Line, draw as draw_lines};
pub use map::draw as draw_map;
pub use scored_series::{ScoredSeries, Track, draw as draw_scored_series};

use plotters::style::RGBColor;

use super::canvas::{BLACK_LINE, BLUE, GREEN, OLIVE, ORANGE, PURPLE, SKY, VERMILLION};

/// Colours by position.
fn colour(index: usize) -> RGBColor {
    const COLOURS: [RGBColor; 8] =
        [BLUE, VERMILLION, GREEN, ORANGE, PURPLE, SKY, OLIVE, BLACK_LINE];
    COLOURS[index % COLOURS.len()]
}

/// A number on an axis or beside a mark, in the unit of its metric.
fn worded(value: f64, unit: &str) -> String {
    if unit == "s" {
        return super::super::human::time(value);
    }
    let text = super::super::human::figure(value);
    // Four places say nothing of very small numbers.
    if text == "0" && value != 0.0 { format!("{value:.1e}") } else { text }
}
