//! Confidence levels, and the quantiles that go with them.

use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

/// A confidence level in (0, 1), for instance 0.95. What is left to 1 is the error that is accepted.
#[derive(Clone, Copy, PartialEq, PartialOrd, Debug)]
pub struct Level(f64);

impl Level {
    /// 95 %, the level of everything that does not say otherwise.
    pub const P95: Level = Level(0.95);

    /// A level; none unless 0 < `level` < 1.
    pub fn new(level: f64) -> Option<Level> {
        (level > 0.0 && level < 1.0).then_some(Level(level))
    }

    /// As a number, 0.95 for 95 %.
    pub fn get(self) -> f64 {
        self.0
    }

    /// The accepted error, 1 − level.
    pub fn error(self) -> f64 {
        1.0 - self.0
    }

    /// The level of each of `parts` statements that hold together with this level, whatever depends on
    /// whatever: the error is divided (Bonferroni). No parts are taken for one.
    pub fn split(self, parts: usize) -> Level {
        Level(1.0 - self.error() / parts.max(1) as f64)
    }

    /// The level of an interval whose two ends each hold with this level: its error is twice this one.
    pub(super) fn both_sides(self) -> Level {
        Level(1.0 - 2.0 * self.error())
    }

    /// Student's quantile of an interval with two sides: t(ν; 1 − α/2).
    pub(super) fn two_sided_t(self, degrees_of_freedom: f64) -> f64 {
        student(degrees_of_freedom).inverse_cdf(1.0 - self.error() / 2.0)
    }

    /// Student's quantile of a bound on one side: t(ν; 1 − α).
    pub(super) fn one_sided_t(self, degrees_of_freedom: f64) -> f64 {
        student(degrees_of_freedom).inverse_cdf(self.0)
    }

    /// The normal quantile of an interval with two sides, which every t quantile exceeds.
    pub(super) fn two_sided_z(self) -> f64 {
        Normal::standard().inverse_cdf(1.0 - self.error() / 2.0)
    }
}

/// The probability that Student's t exceeds `t`.
pub(super) fn upper_tail_of_t(t: f64, degrees_of_freedom: f64) -> f64 {
    // At ±∞ the incomplete beta function is asked for 0 ÷ ∞.
    if t.is_infinite() {
        return if t > 0.0 { 0.0 } else { 1.0 };
    }
    student(degrees_of_freedom).sf(t)
}

fn student(degrees_of_freedom: f64) -> StudentsT {
    StudentsT::new(0.0, 1.0, degrees_of_freedom).expect("at least one degree of freedom")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Printed in every table of Student's distribution (for instance Fisher & Yates 1963, table III).
    #[test]
    fn quantiles_are_those_of_the_printed_tables() {
        let rows = [
            (1.0, 12.706),
            (2.0, 4.303),
            (4.0, 2.776),
            (9.0, 2.262),
            (29.0, 2.045),
            (120.0, 1.980),
        ];
        for (degrees, printed) in rows {
            let t = Level::P95.two_sided_t(degrees);
            assert!((t - printed).abs() < 0.0005, "{degrees}: {t}");
        }
        let one_sided = Level::P95.one_sided_t(9.0);
        assert!((one_sided - 1.833).abs() < 0.0005, "{one_sided}");
        assert!((Level::P95.two_sided_z() - 1.959_964).abs() < 1e-6);
    }

    #[test]
    fn tails_are_the_inverse_of_quantiles() {
        for degrees in [1.0, 3.0, 30.0] {
            let tail = upper_tail_of_t(Level::P95.one_sided_t(degrees), degrees);
            assert!((tail - 0.05).abs() < 1e-9, "{degrees}: {tail}");
        }
        assert_eq!(upper_tail_of_t(f64::INFINITY, 5.0), 0.0);
        assert_eq!(upper_tail_of_t(f64::NEG_INFINITY, 5.0), 1.0);
        assert_eq!(upper_tail_of_t(0.0, 5.0), 0.5);
    }

    #[test]
    fn levels_outside_of_the_unit_interval_do_not_exist() {
        for wrong in [0.0, 1.0, -0.1, 95.0, f64::NAN] {
            assert_eq!(Level::new(wrong), None, "{wrong}");
        }
        assert_eq!(Level::new(0.95), Some(Level::P95));
        assert!((Level::P95.split(5).get() - 0.99).abs() < 1e-12);
        assert_eq!(Level::P95.split(0).get(), 0.95);
    }
}
