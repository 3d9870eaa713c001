//! What a `[sweep]` table asks for: axes, a design, constraints. The points are made elsewhere.

mod expression;

pub(crate) use expression::{AxisKind, parse};
pub use expression::{Constraint, Operand};

use super::quantity::{parse_probability, parse_rate, parse_span};

/// A sweep over parameter points.
#[derive(Clone, Debug, PartialEq)]
pub struct Sweep {
    /// Which points.
    pub design: Design,
    /// Replications of each point and policy.
    pub repeats: Repeats,
    /// Policies that run at each point; at least one.
    pub policies: Vec<String>,
    /// Metrics as written; empty for the usual ones.
    pub metrics: Vec<String>,
    /// The seed of what the design draws at random.
    pub seed: u64,
    /// What varies; at least one.
    pub axes: Vec<Axis>,
    /// Points that break one are left out.
    pub constraints: Vec<Constraint>,
}

/// How often each point runs under each policy.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Repeats {
    /// So often.
    Fixed(u32),
    /// Until the mean is known to this part of itself.
    Until {
        /// The part, for instance 0.05.
        precision: f64,
        /// At most so often; then it is inconclusive.
        cap: u32,
    },
}

/// How points are chosen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Design {
    /// Every combination.
    Grid,
    /// So many points, one in each of as many strata of every axis.
    LatinHypercube(u32),
    /// So many points of a scrambled Sobol' sequence.
    Sobol(u32),
}

impl Design {
    /// The name in files.
    pub const fn name(self) -> &'static str {
        match self {
            Design::Grid => "grid",
            Design::LatinHypercube(_) => "latin-hypercube",
            Design::Sobol(_) => "sobol",
        }
    }
}

/// One thing that varies.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// What columns, plots and constraints call it.
    pub name: String,
    /// What it changes, as of `--set`.
    pub path: String,
    /// Which values it takes.
    pub values: AxisValues,
    /// Axes of the same group go forward together.
    pub zip: Option<String>,
}

/// The values of an axis.
#[derive(Clone, Debug, PartialEq)]
pub enum AxisValues {
    /// These.
    List(Vec<AxisValue>),
    /// Between two ends, both included.
    Range {
        /// The first.
        from: f64,
        /// The last.
        to: f64,
        /// Values of a grid; `None` where a design chooses them.
        steps: Option<u32>,
        /// Equal ratios instead of equal differences.
        is_logarithmic: bool,
        /// Only whole numbers.
        is_whole: bool,
        /// What stands behind the number: `ms`, `/s`, `%` or nothing.
        unit: String,
    },
}

/// A value as `--set` takes it.
#[derive(Clone, Debug, PartialEq)]
pub struct AxisValue {
    /// In TOML.
    pub toml: String,
    /// What people read.
    pub text: String,
    /// The number that it stands for, in seconds, segments a second or parts of one, if it does.
    pub number: Option<f64>,
}

impl AxisValue {
    /// A text: a quantity or a word.
    pub fn of_text(text: &str) -> AxisValue {
        // What TOML calls a basic string is what JSON calls a string.
        let toml = serde_json::to_string(text).expect("a text is always JSON");
        AxisValue { toml, text: text.to_owned(), number: number_of(text) }
    }

    /// A number without unit, as written.
    pub fn of_number(text: &str) -> AxisValue {
        AxisValue { toml: text.to_owned(), text: text.to_owned(), number: text.parse().ok() }
    }
}

/// The number that a quantity stands for: seconds, segments a second, parts of one.
pub(crate) fn number_of(text: &str) -> Option<f64> {
    if let Ok(span) = parse_span(text) {
        return Some(span.as_seconds_f64());
    }
    if let Ok(rate) = parse_rate(text) {
        return Some(rate.per_second_f64());
    }
    if text.ends_with('%') {
        return parse_probability(text).ok().map(|part| part.as_f64());
    }
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

impl Axis {
    /// How many values it has in a grid.
    pub fn len(&self) -> usize {
        match &self.values {
            AxisValues::List(values) => values.len(),
            AxisValues::Range { steps, .. } => steps.map_or(0, |steps| steps as usize),
        }
    }

    /// Whether it has none, which no decoded axis of a grid has.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Value `index` of a grid.
    ///
    /// # Panics
    /// When there is no such value.
    pub fn at(&self, index: usize) -> AxisValue {
        let len = self.len();
        assert!(index < len, "axis {} has {len} values", self.name);
        match &self.values {
            AxisValues::List(values) => values[index].clone(),
            AxisValues::Range { .. } => self.within(index as f64 / (len.max(2) - 1) as f64),
        }
    }

    /// The value for `part`, 0 to 1, of a design that fills the space: whole numbers are as likely
    /// at the ends as between them.
    pub fn covering(&self, part: f64) -> AxisValue {
        match &self.values {
            AxisValues::Range { from, to, is_whole: true, is_logarithmic, .. } => {
                let (low, high) = (from - 0.5, to + 0.5);
                let value = match is_logarithmic {
                    true => low * libm::pow(high / low, part),
                    false => low + (high - low) * part,
                };
                let value = libm::round(value).clamp(*from, *to);
                self.written(value)
            }
            _ => self.within(part),
        }
    }

    /// The value at `part` of the way, 0 to 1; of a list, the one that covers it.
    pub fn within(&self, part: f64) -> AxisValue {
        match &self.values {
            AxisValues::List(values) => {
                let index = (part * values.len() as f64) as usize;
                values[index.min(values.len() - 1)].clone()
            }
            AxisValues::Range { from, to, is_logarithmic, is_whole, .. } => {
                let value = if part <= 0.0 {
                    *from
                } else if part >= 1.0 {
                    *to
                } else if *is_logarithmic {
                    from * libm::pow(to / from, part)
                } else {
                    from + (to - from) * part
                };
                self.written(if *is_whole { libm::round(value) } else { six_digits(value) })
            }
        }
    }

    /// A number of the range with its unit.
    fn written(&self, value: f64) -> AxisValue {
        match &self.values {
            AxisValues::Range { unit, .. } if !unit.is_empty() => {
                AxisValue::of_text(&format!("{value}{unit}"))
            }
            _ => AxisValue::of_number(&value.to_string()),
        }
    }
}

/// Six significant digits: what a person would write, and far above the last bits in which
/// logarithms differ.
fn six_digits(value: f64) -> f64 {
    format!("{value:.5e}").parse().expect("a number that was just written")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(from: f64, to: f64, steps: u32, log: bool, whole: bool, unit: &str) -> Vec<String> {
        let axis = Axis {
            name: "x".into(),
            path: "x".into(),
            values: AxisValues::Range {
                from,
                to,
                steps: Some(steps),
                is_logarithmic: log,
                is_whole: whole,
                unit: unit.into(),
            },
            zip: None,
        };
        (0..axis.len()).map(|index| axis.at(index).text).collect()
    }

    #[test]
    fn ranges_by_hand() {
        assert_eq!(range(5.0, 20.0, 4, false, false, "/s"), ["5/s", "10/s", "15/s", "20/s"]);
        assert_eq!(range(1.0, 1000.0, 4, true, false, "ms"), ["1ms", "10ms", "100ms", "1000ms"]);
        assert_eq!(range(10.0, 100.0, 3, true, true, ""), ["10", "32", "100"]);
        assert_eq!(range(0.0, 1.0, 4, false, false, ""), ["0", "0.333333", "0.666667", "1"]);
    }

    #[test]
    fn quantities_stand_for_numbers() {
        for (text, number) in [
            ("250ms", Some(0.25)),
            ("90/min", Some(1.5)),
            ("2.5%", Some(0.025)),
            ("7", Some(7.0)),
            ("-7.5", Some(-7.5)),
            ("give-up", None),
            ("inf", None),
        ] {
            assert_eq!(number_of(text), number, "{text}");
        }
        assert_eq!(AxisValue::of_text("a\"b").toml, r#""a\"b""#);
    }

    #[test]
    fn a_list_is_covered_evenly() {
        let values = ["a", "b", "c"].map(AxisValue::of_text).to_vec();
        let values = AxisValues::List(values);
        let axis = Axis { name: "x".into(), path: "x".into(), values, zip: None };
        let at = |part| axis.within(part).text;
        assert_eq!([at(0.0), at(0.3), at(0.34), at(0.99), at(1.0)], ["a", "a", "b", "c", "c"]);
    }
}
