//! A linear axis of virtual time with ticks at round times.

use super::canvas::{Anchor, Canvas, FAINT, GRID};

/// Maps seconds to pixels.
pub(super) struct TimeAxis {
    from: i32,
    to: i32,
    end_s: f64,
    unit_s: f64,
    unit: &'static str,
    step_s: f64,
}

/// Units with the length in seconds up to which a run is labelled in them.
const UNITS: [(&str, f64, f64); 4] = [
    ("s", 1.0, 180.0),
    ("min", 60.0, 10_800.0),
    ("h", 3600.0, 259_200.0),
    ("days", 86_400.0, f64::INFINITY),
];
const MOST_TICKS: f64 = 10.0;

impl TimeAxis {
    /// An axis from 0 to `end_s` seconds, which is above 0, between two columns of pixels.
    pub(super) fn new(from: i32, to: i32, end_s: f64) -> Self {
        let (unit, unit_s, _) =
            *UNITS.iter().find(|(_, _, most)| end_s <= *most).unwrap_or(&UNITS[3]);
        let in_units = end_s / unit_s;
        let decades = [0.1, 1.0, 10.0, 100.0, 1000.0, 10_000.0];
        let mut steps = decades.iter().flat_map(|decade| [1.0, 2.0, 5.0].map(|n| n * decade));
        let step = steps.find(|step| in_units / step <= MOST_TICKS).unwrap_or(in_units);
        // Hours and minutes are not counted in tens by anybody.
        let step = match (unit, step as u64) {
            ("min" | "s", 20) if in_units / 15.0 <= MOST_TICKS => 15.0,
            ("min" | "s", 20 | 50) => 30.0,
            ("h", 5) => 6.0,
            ("h", 10 | 20) => 12.0,
            _ => step,
        };
        TimeAxis { from, to, end_s, unit_s, unit, step_s: step * unit_s }
    }

    /// The column of a time; times beyond the ends are drawn at the ends.
    pub(super) fn x(&self, seconds: f64) -> i32 {
        let part = (seconds / self.end_s).clamp(0.0, 1.0);
        self.from + (part * f64::from(self.to - self.from)).round() as i32
    }

    /// Draws grid lines from row `top` to row `bottom`, with labels and the axis title below.
    pub(super) fn draw(&self, canvas: &mut Canvas<'_>, top: i32, bottom: i32) {
        self.draw_named(canvas, top, bottom, "virtual time");
    }

    /// The same with another name for what runs along it.
    pub(super) fn draw_named(&self, canvas: &mut Canvas<'_>, top: i32, bottom: i32, name: &str) {
        let mut tick = 0_u32;
        loop {
            let seconds = f64::from(tick) * self.step_s;
            if seconds > self.end_s * 1.000_001 {
                break;
            }
            let x = self.x(seconds);
            canvas.line(vec![(x, top), (x, bottom)], GRID, 1.0, 1);
            let label = format!("{}", (seconds / self.unit_s * 10.0).round() / 10.0);
            canvas.text(&label, (x, bottom + 14), 13, FAINT, Anchor::Middle);
            tick += 1;
        }
        let title = format!("{name} ({})", self.unit);
        canvas.text(&title, ((self.from + self.to) / 2, bottom + 36), 13, FAINT, Anchor::Middle);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_and_steps_suit_the_length() {
        let axis = |end_s| {
            let axis = TimeAxis::new(0, 100, end_s);
            (axis.unit, axis.step_s)
        };
        assert_eq!(axis(10.0), ("s", 1.0));
        assert_eq!(axis(60.0), ("s", 10.0));
        assert_eq!(axis(600.0), ("min", 60.0));
        assert_eq!(axis(5400.0), ("min", 600.0));
        assert_eq!(axis(7200.0), ("min", 900.0));
        assert_eq!(axis(36_000.0), ("h", 3600.0));
        assert_eq!(axis(86_400.0), ("h", 6.0 * 3600.0));
        assert_eq!(axis(864_000.0), ("days", 86_400.0));
    }

    #[test]
    fn times_beyond_the_axis_are_drawn_at_its_ends() {
        let axis = TimeAxis::new(100, 200, 50.0);
        assert_eq!([axis.x(0.0), axis.x(25.0), axis.x(50.0), axis.x(99.0)], [100, 150, 200, 200]);
    }
}
