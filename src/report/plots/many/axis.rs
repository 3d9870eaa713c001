//! An axis for numbers, linear or logarithmic.

use super::super::canvas::{Anchor, Canvas, FAINT, GRID};
use super::worded;

/// Round times, for logarithmic axes.
const ROUND_TIMES: [f64; 12] =
    [1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0, 60.0, 600.0, 3600.0, 36_000.0, 345_600.0, 3_456_000.0];
/// Distances of ticks that people count in.
const TIME_STEPS: [f64; 14] = [
    30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0, 14_400.0, 21_600.0, 43_200.0,
    86_400.0, 864_000.0,
];

/// From pixels to pixels, between two numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Axis {
    from: f64,
    to: f64,
    first: i32,
    last: i32,
    is_logarithmic: bool,
}

impl Axis {
    /// An axis that holds all of `values`; logarithmic where they span more than `decades` decades.
    /// `None` when there are none.
    pub(super) fn around(
        values: impl Iterator<Item = f64> + Clone,
        (first, last): (i32, i32),
        decades: f64,
    ) -> Option<Axis> {
        let finite = values.filter(|value| value.is_finite());
        let low = finite.clone().reduce(f64::min)?;
        let high = finite.reduce(f64::max)?;
        if low > 0.0 && libm::log10(high / low) > decades {
            let (from, to) = (low / 1.15, high * 1.15);
            return Some(Axis { from, to, first, last, is_logarithmic: true });
        }
        let margin = match high - low {
            0.0 if low == 0.0 => 1.0,
            0.0 => low.abs() * 0.1,
            width => width * 0.06,
        };
        Some(Axis { from: low - margin, to: high + margin, first, last, is_logarithmic: false })
    }

    pub(super) fn at(&self, value: f64) -> i32 {
        let value = value.clamp(self.from, self.to);
        let part = if self.is_logarithmic {
            libm::log(value / self.from) / libm::log(self.to / self.from)
        } else {
            (value - self.from) / (self.to - self.from)
        };
        self.first + (part * f64::from(self.last - self.first)).round() as i32
    }

    /// The same numbers between other pixels.
    pub(super) fn over(&self, (first, last): (i32, i32)) -> Axis {
        Axis { first, last, ..*self }
    }

    pub(super) fn is_logarithmic(&self) -> bool {
        self.is_logarithmic
    }

    /// Round numbers inside, few enough to be read.
    pub(super) fn ticks(&self, unit: &str) -> Vec<f64> {
        let (rounds, is_time): (&[f64], bool) = match unit {
            "s" if self.is_logarithmic && self.to > 30.0 => (&ROUND_TIMES, true),
            "s" if self.to - self.from > 100.0 => (&TIME_STEPS, true),
            _ => (&[], false),
        };
        if is_time && self.is_logarithmic {
            let inside = |time: &&f64| (self.from..=self.to).contains(*time);
            return rounds.iter().filter(inside).copied().collect();
        }
        if is_time {
            let rough = (self.to - self.from) / 6.0;
            let step = rounds.iter().find(|step| **step >= rough);
            return self.multiples(step.copied().unwrap_or(rough));
        }
        if self.is_logarithmic {
            let decades = libm::log10(self.to / self.from);
            let every = libm::ceil(decades / 6.0).max(1.0);
            let mut exponent = libm::ceil(libm::log10(self.from));
            let mut ticks = Vec::new();
            while libm::pow(10.0, exponent) <= self.to {
                ticks.push(libm::pow(10.0, exponent));
                exponent += every;
            }
            return ticks;
        }
        let rough = (self.to - self.from) / 5.0;
        let power = libm::pow(10.0, libm::floor(libm::log10(rough)));
        let step = [1.0, 2.0, 5.0, 10.0].iter().map(|one| one * power);
        self.multiples(step.clone().find(|step| *step >= rough).unwrap_or(power * 10.0))
    }

    fn multiples(&self, step: f64) -> Vec<f64> {
        let mut number = libm::ceil(self.from / step);
        let mut ticks = Vec::new();
        while number * step <= self.to {
            ticks.push(number * step);
            number += 1.0;
        }
        ticks
    }

    /// Draws it as a horizontal axis with a grid from `top` to `bottom`.
    pub(super) fn draw_horizontal(
        &self,
        canvas: &mut Canvas<'_>,
        (top, bottom): (i32, i32),
        unit: &str,
    ) {
        for tick in self.ticks(unit) {
            let x = self.at(tick);
            canvas.line(vec![(x, top), (x, bottom)], GRID, 1.0, 1);
            canvas.text(&worded(tick, unit), (x, bottom + 12), 12, FAINT, Anchor::Middle);
        }
    }

    /// Draws it as a vertical axis with a grid from `left` to `right`.
    pub(super) fn draw_vertical(
        &self,
        canvas: &mut Canvas<'_>,
        (left, right): (i32, i32),
        unit: &str,
    ) {
        for tick in self.ticks(unit) {
            let y = self.at(tick);
            canvas.line(vec![(left, y), (right, y)], GRID, 1.0, 1);
            canvas.text(&worded(tick, unit), (left - 8, y), 12, FAINT, Anchor::Right);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_hold_what_they_are_around_and_have_round_ticks() {
        let axis = Axis::around([0.0, 10.0].into_iter(), (100, 200), 2.0).expect("numbers");
        assert!(!axis.is_logarithmic() && axis.at(5.0) == 150);
        assert_eq!(axis.ticks(""), [0.0, 5.0, 10.0]);
        let axis = Axis::around([0.01, 1000.0].into_iter(), (0, 500), 2.0).expect("numbers");
        assert!(axis.is_logarithmic() && (axis.at(3.162) - 250).abs() <= 1);
        assert_eq!(axis.ticks("").len(), 6);
        assert_eq!(axis.ticks("s"), [0.01, 0.1, 1.0, 10.0, 60.0, 600.0]);
        let same = Axis::around([7.0].into_iter(), (0, 100), 2.0).expect("a number");
        assert_eq!(same.at(7.0), 50);
        assert!(Axis::around(std::iter::empty(), (0, 1), 2.0).is_none());
        assert!(Axis::around([f64::NAN].into_iter(), (0, 1), 2.0).is_none());
    }
}
