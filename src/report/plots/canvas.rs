//! A surface of fixed width on which the pictures are drawn in pixels.

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::super::text_table::shortened;
use super::super::xml::allowed;

/// Width of every picture, pixels.
pub(super) const WIDTH: i32 = 960;

/// Text that carries the message.
pub(super) const INK: RGBColor = RGBColor(0x22, 0x22, 0x22);
/// Text and lines that explain it.
pub(super) const FAINT: RGBColor = RGBColor(0x6b, 0x6b, 0x6b);
/// Lines of the grid.
pub(super) const GRID: RGBColor = RGBColor(0xe3, 0xe3, 0xe3);
/// Behind injected failures.
pub(super) const SHADE: RGBColor = RGBColor(0xf3, 0xdc, 0xd2);

pub(super) const BLUE: RGBColor = RGBColor(0x00, 0x72, 0xb2);
pub(super) const ORANGE: RGBColor = RGBColor(0xe6, 0x9f, 0x00);
pub(super) const GREEN: RGBColor = RGBColor(0x00, 0x9e, 0x73);
pub(super) const VERMILLION: RGBColor = RGBColor(0xd5, 0x5e, 0x00);
pub(super) const PURPLE: RGBColor = RGBColor(0xcc, 0x79, 0xa7);
pub(super) const SKY: RGBColor = RGBColor(0x56, 0xb4, 0xe9);
pub(super) const BLACK_LINE: RGBColor = RGBColor(0x00, 0x00, 0x00);
/// Darker than Okabe and Ito's yellow, which vanishes on white.
pub(super) const OLIVE: RGBColor = RGBColor(0xb5, 0xa8, 0x00);

/// Where a text lies relative to its point.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Left,
    Middle,
    Right,
}

/// A picture in the making. The first failure is kept and returned at the end.
pub(super) struct Canvas<'a> {
    area: DrawingArea<SVGBackend<'a>, Shift>,
    failure: Option<String>,
}

/// Draws a picture `height` pixels high, headed by `title` and, smaller, `subtitle`.
pub(super) fn picture(
    height: i32,
    title: &str,
    subtitle: &str,
    draw: impl FnOnce(&mut Canvas<'_>),
) -> Result<String, String> {
    let mut svg = String::new();
    let size = (WIDTH.unsigned_abs(), height.unsigned_abs());
    let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
    let mut canvas = Canvas { area, failure: None };
    canvas.rectangle((0, 0), (WIDTH, height), WHITE, 1.0);
    canvas.text(title, (24, 28), 20, INK, Anchor::Left);
    canvas.text(&shortened(subtitle, 120), (24, 52), 14, FAINT, Anchor::Left);
    draw(&mut canvas);
    let presented = canvas.area.present().map_err(|error| error.to_string());
    let failure = canvas.failure.take();
    drop(canvas);
    failure.map_or(presented, Err)?;
    Ok(svg)
}

/// A picture that says that there is nothing to show.
pub(super) fn without_data(title: &str, subtitle: &str, why: &str) -> Result<String, String> {
    picture(160, title, subtitle, |canvas| {
        canvas.text(&format!("no data: {why}"), (WIDTH / 2, 105), 16, FAINT, Anchor::Middle);
    })
}

impl Canvas<'_> {
    pub(super) fn text(
        &mut self,
        text: &str,
        at: (i32, i32),
        size: i32,
        color: RGBColor,
        anchor: Anchor,
    ) {
        let horizontal = match anchor {
            Anchor::Left => HPos::Left,
            Anchor::Middle => HPos::Center,
            Anchor::Right => HPos::Right,
        };
        // The backend divides sizes by 1.24; undone here, so that a size is a size in pixels.
        let style = TextStyle::from(("sans-serif", f64::from(size) * 1.24).into_font())
            .color(&color)
            .pos(Pos::new(horizontal, VPos::Center));
        let text: String = text.chars().map(|c| if c == '\n' { ' ' } else { allowed(c) }).collect();
        let outcome = self.area.draw(&Text::new(text, at, style));
        self.note(outcome);
    }

    /// A line through at least two points.
    pub(super) fn line(
        &mut self,
        points: Vec<(i32, i32)>,
        color: RGBColor,
        opacity: f64,
        width: u32,
    ) {
        let style = color.mix(opacity).stroke_width(width);
        let outcome = self.area.draw(&PathElement::new(points, style));
        self.note(outcome);
    }

    pub(super) fn rectangle(
        &mut self,
        from: (i32, i32),
        to: (i32, i32),
        color: RGBColor,
        opacity: f64,
    ) {
        let outcome = self.area.draw(&Rectangle::new([from, to], color.mix(opacity).filled()));
        self.note(outcome);
    }

    pub(super) fn circle(&mut self, at: (i32, i32), radius: i32, color: RGBColor) {
        let outcome = self.area.draw(&Circle::new(at, radius, color.filled()));
        self.note(outcome);
    }

    pub(super) fn polygon(&mut self, points: Vec<(i32, i32)>, color: RGBColor) {
        let outcome = self.area.draw(&Polygon::new(points, color.filled()));
        self.note(outcome);
    }

    /// An arrow head that points right, its tip at `at`.
    pub(super) fn arrow_head(&mut self, (x, y): (i32, i32), color: RGBColor) {
        self.polygon(vec![(x, y), (x - 9, y - 6), (x - 9, y + 6)], color);
    }

    fn note<E: std::fmt::Display>(&mut self, outcome: Result<(), E>) {
        if let Err(error) = outcome
            && self.failure.is_none()
        {
            self.failure = Some(error.to_string());
        }
    }
}

/// How wide a text of `characters` is at `size`, roughly and rather too wide.
pub(super) fn text_width(text: &str, size: i32) -> i32 {
    i32::try_from(text.chars().count()).unwrap_or(i32::MAX / 100) * size * 55 / 100
}
