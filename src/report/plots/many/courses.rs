//! The course of the dwell over a run, averaged over replications, with what a warm-up would delete.

use super::super::super::human;
use super::super::super::text_table::shortened;
use super::super::canvas::{
    Anchor, FAINT, GRID, INK, SHADE, VERMILLION, WIDTH, picture, without_data,
};
use super::axis::Axis;
use super::colour;

const LEFT: i32 = 96;
const RIGHT: i32 = WIDTH - 30;
const PANEL: i32 = 150;

/// One contestant.
#[derive(Clone, Debug, PartialEq)]
pub struct Course {
    /// Its name.
    pub name: String,
    /// Start and mean dwell of each part of the run, seconds.
    pub points: Vec<(f64, f64)>,
    /// What its scenario deletes, seconds.
    pub fixed_s: f64,
    /// What is suggested.
    pub suggested_s: Option<f64>,
    /// What to make of it.
    pub remark: String,
}

/// Draws a panel a contestant.
///
/// # Errors
/// When the drawing library fails.
pub fn draw(title: &str, subtitle: &str, courses: &[Course]) -> Result<String, String> {
    let times = courses.iter().flat_map(|course| course.points.iter().map(|(time, _)| *time));
    let Some(across) = Axis::around(times.chain([0.0]), (LEFT, RIGHT), f64::INFINITY)
        .filter(|_| courses.iter().any(|course| !course.points.is_empty()))
    else {
        return without_data(title, subtitle, "no message was dispatched");
    };
    let height = 80 + PANEL * courses.len() as i32 + 20;
    picture(height, title, subtitle, |canvas| {
        for (index, course) in courses.iter().enumerate() {
            let top = 84 + PANEL * index as i32;
            let bottom = top + PANEL - 48;
            let words = match course.suggested_s {
                Some(cut) => format!("MSER-5: {}; {}", human::time(cut), course.remark),
                None => format!("MSER-5: {}", course.remark),
            };
            let heading = format!("{} - {words}", shortened(&course.name, 40));
            canvas.text(&heading, (LEFT, top), 13, INK, Anchor::Left);
            let dwell = course.points.iter().map(|(_, dwell)| *dwell).chain([0.0]);
            let Some(up) = Axis::around(dwell, (bottom, top + 14), f64::INFINITY) else { continue };
            if course.fixed_s > 0.0 {
                let to = across.at(course.fixed_s);
                canvas.rectangle((across.at(0.0), top + 14), (to, bottom), SHADE, 1.0);
            }
            up.draw_vertical(canvas, (LEFT, RIGHT), "s");
            across.draw_horizontal(canvas, (bottom, bottom + 3), "s");
            let points: Vec<(i32, i32)> = course
                .points
                .iter()
                .map(|(time, dwell)| (across.at(*time), up.at(*dwell)))
                .collect();
            if points.len() > 1 {
                canvas.line(points, colour(index), 1.0, 2);
            }
            if let Some(cut) = course.suggested_s {
                let x = across.at(cut);
                canvas.line(vec![(x, top + 14), (x, bottom)], VERMILLION, 1.0, 2);
            }
            canvas.line(vec![(LEFT, bottom), (RIGHT, bottom)], GRID, 1.0, 1);
        }
        let words = "mean dwell by time of submission; red: suggested cut; shaded: what the \
                     scenario deletes";
        canvas.text(words, ((LEFT + RIGHT) / 2, height - 14), 12, FAINT, Anchor::Middle);
    })
}
