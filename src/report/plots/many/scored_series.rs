//! A series along time: its values, where it is abnormal, scores of it, and what a threshold calls.

use super::super::canvas::{
    Anchor, BLUE, Canvas, FAINT, GREEN, GRID, INK, SHADE, VERMILLION, WIDTH, picture, without_data,
};
use super::super::time_axis::TimeAxis;
use super::axis::Axis;

const LEFT: i32 = 96;
const RIGHT: i32 = WIDTH - 30;
const TOP: i32 = 84;
const PANEL: i32 = 150;
/// Between the lines of two panels.
const GAP: i32 = 40;

/// A series to be drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoredSeries {
    /// When, in seconds from the start, ascending.
    pub times_s: Vec<f64>,
    /// What was measured.
    pub values: Vec<f64>,
    /// The abnormal stretches, seconds from the start.
    pub events: Vec<(f64, f64)>,
    /// Scores, one panel each.
    pub tracks: Vec<Track>,
}

/// What a scorer made of a series.
#[derive(Clone, Debug, PartialEq)]
pub struct Track {
    /// Name of the scorer, and what else is to be said.
    pub name: String,
    /// By step.
    pub scores: Vec<f64>,
    /// Steps with at least this score are called, where there is a threshold.
    pub threshold: Option<f64>,
    /// First steps of what is called, and whether each belongs to an event.
    pub onsets: Vec<(usize, bool)>,
}

/// Draws a panel of values and one a track.
///
/// # Errors
/// When the drawing library fails.
pub fn draw(title: &str, subtitle: &str, series: &ScoredSeries) -> Result<String, String> {
    let Some(end_s) = series.times_s.last().filter(|end_s| **end_s > 0.0) else {
        return without_data(title, subtitle, "the series has fewer than two steps");
    };
    let across = TimeAxis::new(LEFT, RIGHT, *end_s);
    let panels = 1 + series.tracks.len() as i32;
    let bottom = TOP + panels * PANEL - GAP;
    picture(bottom + 84, title, subtitle, |canvas| {
        let values = Panel { name: "value", index: 0, values: &series.values };
        values.draw(canvas, series, &across, None);
        for (index, track) in series.tracks.iter().enumerate() {
            let panel = Panel { name: &track.name, index: 1 + index as i32, values: &track.scores };
            panel.draw(canvas, series, &across, Some(track));
        }
        across.draw_named(canvas, bottom, bottom + 4, "time from the start");
        let words = "shaded: labelled abnormal; marks: onsets at the threshold drawn, green \
                     inside or one step before, red outside";
        canvas.text(words, ((LEFT + RIGHT) / 2, bottom + 66), 12, FAINT, Anchor::Middle);
    })
}

struct Panel<'a> {
    name: &'a str,
    index: i32,
    values: &'a [f64],
}

impl Panel<'_> {
    fn draw(
        &self,
        canvas: &mut Canvas<'_>,
        series: &ScoredSeries,
        across: &TimeAxis,
        track: Option<&Track>,
    ) {
        let top = TOP + self.index * PANEL;
        let bottom = top + PANEL - GAP;
        canvas.text(self.name, (LEFT, top - 10), 13, INK, Anchor::Left);
        for (start_s, end_s) in &series.events {
            let (from, to) = (across.x(*start_s), across.x(*end_s));
            canvas.rectangle((from, top), (to.max(from + 2), bottom), SHADE, 1.0);
        }
        let threshold = track.and_then(|track| track.threshold).filter(|one| one.is_finite());
        let shown = self.values.iter().copied().chain(threshold);
        let Some(up) = Axis::around(shown, (bottom, top), f64::INFINITY) else { return };
        up.draw_vertical(canvas, (LEFT, RIGHT), "");
        canvas.line(columns(&series.times_s, self.values, across, &up), BLUE, 1.0, 1);
        if let Some(threshold) = threshold {
            let y = up.at(threshold);
            canvas.line(vec![(LEFT, y), (RIGHT, y)], FAINT, 1.0, 1);
        }
        for (step, is_right) in track.iter().flat_map(|track| &track.onsets) {
            let x = across.x(series.times_s[*step]);
            let color = if *is_right { GREEN } else { VERMILLION };
            canvas.rectangle((x - 1, top - 6), (x + 2, top + 8), color, 1.0);
        }
        canvas.line(vec![(LEFT, bottom), (RIGHT, bottom)], GRID, 1.0, 1);
    }
}

/// The line through all values: where many fall into one column of pixels, the first, the lowest, the
/// highest and the last of them, so that no spike is lost.
fn columns(times_s: &[f64], values: &[f64], across: &TimeAxis, up: &Axis) -> Vec<(i32, i32)> {
    let mut points: Vec<(i32, i32)> = Vec::new();
    let mut at = 0;
    while at < values.len() {
        let x = across.x(times_s[at]);
        let column = times_s[at..].iter().take_while(|time_s| across.x(**time_s) == x).count();
        let of_column = &values[at..at + column.max(1)];
        let lowest = of_column.iter().copied().fold(f64::INFINITY, f64::min);
        let highest = of_column.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let last = of_column[of_column.len() - 1];
        for value in [of_column[0], lowest, highest, last] {
            let point = (x, up.at(value));
            if points.last() != Some(&point) {
                points.push(point);
            }
        }
        at += column.max(1);
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timeline() -> ScoredSeries {
        let values: Vec<f64> =
            (0..5_000).map(|at| if at == 2_345 { 900.0 } else { 10.0 }).collect();
        ScoredSeries {
            times_s: (0..5_000).map(|at| f64::from(at) * 60.0).collect(),
            events: vec![(2_340.0 * 60.0, 2_350.0 * 60.0)],
            tracks: vec![Track {
                name: "failure".to_owned(),
                scores: values.clone(),
                threshold: Some(500.0),
                onsets: vec![(2_345, true), (4_000, false)],
            }],
            values,
        }
    }

    #[test]
    fn every_spike_event_and_onset_is_drawn() {
        let svg = draw("a title", "a subtitle", &timeline()).expect("drawn");
        for text in ["a title", "a subtitle", "value", "failure", "time from the start (days)"] {
            assert!(svg.contains(text), "{text} is missing");
        }
        for (color, times) in [("#F3DCD2", 2), ("#009E73", 1), ("#D55E00", 1)] {
            assert_eq!(svg.matches(color).count(), times, "{color}");
        }
        let line = svg.lines().find(|line| line.contains("<polyline") && line.contains("#0072B2"));
        let line = line.expect("the values");
        assert!(line.matches(',').count() > 800, "a point a column");
        let rows = line.split_whitespace().filter_map(|point| point.split_once(','));
        let rows: Vec<i32> = rows.filter_map(|(_, y)| y.parse().ok()).collect();
        let (highest, lowest) = (rows.iter().min(), rows.iter().max());
        assert!(lowest.zip(highest).is_some_and(|(low, high)| low - high > 80), "the spike");
    }

    #[test]
    fn nothing_to_draw_is_said() {
        let mut timeline = timeline();
        timeline.times_s.truncate(1);
        assert!(draw("t", "s", &timeline).expect("drawn").contains("no data"));
    }
}
