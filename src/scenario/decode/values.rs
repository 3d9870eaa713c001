//! Single values: from a node of the tree to a typed value, or a report.

use super::super::Zone;
use super::super::clock::{parse_time_of_day, parse_week_time, parse_zone};
use super::super::diagnostics::{Mark, Problem, Reporter};
use super::super::quantity::{
    QuantityError, parse_probability, parse_rate, parse_scaled, parse_span, parse_weight,
};
use super::super::reader::{Shape, TableReader};
use super::super::resolved::Probability;
use super::super::suggest::{list, nearest};
use super::super::tree::{Node, Value};
use crate::time::Span;
use crate::units::{Rate, Weight};

/// A text and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Placed {
    pub(crate) text: String,
    pub(crate) mark: Mark,
}

impl TableReader<'_> {
    pub(crate) fn text(&self, key: &'static str) -> Option<Placed> {
        text(self.reporter, &quoted(key), &*self.get(key)?)
    }

    /// A text that serves as a name in files, streams and on the command line.
    pub(crate) fn name(&self, key: &'static str) -> Option<Placed> {
        let name = self.text(key)?;
        if let Err(label) = check_name(&name.text) {
            let title = format!("`{key}` is not a good name");
            self.reporter.report(Problem::new(title, name.mark, label));
            return None;
        }
        Some(name)
    }

    pub(crate) fn span(&self, key: &'static str) -> Option<Span> {
        span(self.reporter, &quoted(key), &*self.get(key)?)
    }

    /// A span that is above zero.
    pub(crate) fn positive_span(&self, key: &'static str) -> Option<Span> {
        let span = self.span(key)?;
        if span == Span::ZERO {
            self.reject(key, format!("`{key}` is zero"), "it must be above zero, such as \"10s\"");
            return None;
        }
        Some(span)
    }

    pub(crate) fn rate(&self, key: &'static str) -> Option<Rate> {
        rate(self.reporter, &quoted(key), &*self.get(key)?)
    }

    pub(crate) fn probability(&self, key: &'static str) -> Option<Probability> {
        probability(self.reporter, &quoted(key), &*self.get(key)?)
    }

    pub(crate) fn weight(&self, key: &'static str) -> Option<Weight> {
        let node = self.get(key)?;
        let Some(written) = numeral(&node) else {
            wrong_type(self.reporter, &quoted(key), &node, "a number such as 2 or 0.5");
            return None;
        };
        let kind = ("a weight", "2 or 0.5");
        quantity(self.reporter, &quoted(key), kind, &node, parse_weight(&written))
    }

    /// A number in thousandths.
    pub(crate) fn thousandths(&self, key: &'static str, least: u32, most: u32) -> Option<u32> {
        let node = self.get(key)?;
        let Some(written) = numeral(&node) else {
            wrong_type(self.reporter, &quoted(key), &node, "a number such as 2 or 1.5");
            return None;
        };
        let parsed = parse_scaled(&written, 3, "a thousandth");
        let value = quantity(self.reporter, &quoted(key), ("a number", "2 or 1.5"), &node, parsed)?;
        match u32::try_from(value) {
            Ok(value) if (least..=most).contains(&value) => Some(value),
            _ => {
                let (least, most) = (f64::from(least) / 1000.0, f64::from(most) / 1000.0);
                let label = format!("it must be between {least} and {most}");
                self.reject(key, format!("`{key}` is out of range"), label);
                None
            }
        }
    }

    /// A number, within the bounds that the description of the table gives.
    pub(crate) fn number(&self, key: &'static str) -> Option<f64> {
        let node = self.get(key)?;
        let value = match node.value {
            Value::Integer(integer) => integer as f64,
            Value::Float(float) => float,
            _ => {
                wrong_type(self.reporter, &quoted(key), &node, "a number such as 0.5");
                return None;
            }
        };
        let (least, most) = match self.shape(key) {
            Shape::Number { least, most } => (*least, *most),
            other => unreachable!("`{key}` is read as a number and declared as {other:?}"),
        };
        if (least..=most).contains(&value) {
            return Some(value);
        }
        let label = format!("it must be between {least} and {most}");
        self.reporter.report(Problem::new(format!("`{key}` is out of range"), node.mark, label));
        None
    }

    /// An integer, within the bounds that the description of the table gives.
    pub(crate) fn integer(&self, key: &'static str) -> Option<u64> {
        let (least, most) = match self.shape(key) {
            Shape::Integer { least, most } => (*least, *most),
            other => unreachable!("`{key}` is read as an integer and declared as {other:?}"),
        };
        integer(self.reporter, &quoted(key), &*self.get(key)?, least, most)
    }

    pub(crate) fn integer_u32(&self, key: &'static str) -> Option<u32> {
        let value = self.integer(key)?;
        Some(u32::try_from(value).expect("the description bounds it to 32 bits"))
    }

    pub(crate) fn boolean(&self, key: &'static str) -> Option<bool> {
        let node = self.get(key)?;
        if let Value::Boolean(value) = node.value {
            return Some(value);
        }
        wrong_type(self.reporter, &quoted(key), &node, "true or false, without quotes");
        None
    }

    /// One of the words that the description of the table gives.
    pub(crate) fn word(&self, key: &'static str) -> Option<&'static str> {
        one_of(self.reporter, key, self.shape(key), &*self.get(key)?)
    }

    /// A time of day, since midnight.
    pub(crate) fn time_of_day(&self, key: &'static str) -> Option<Span> {
        let written = self.text(key)?;
        clock_text(self.reporter, &quoted(key), "a time of day", &written, parse_time_of_day)
    }

    /// A moment of the week, since Monday, 00:00.
    pub(crate) fn week_time(&self, key: &'static str) -> Option<Span> {
        let written = self.text(key)?;
        clock_text(self.reporter, &quoted(key), "a moment of the week", &written, parse_week_time)
    }

    /// An offset from UTC.
    pub(crate) fn zone(&self, key: &'static str) -> Option<Zone> {
        zone(self.reporter, &quoted(key), &*self.get(key)?)
    }

    /// Reports that the value of `key` will not do.
    pub(crate) fn reject(&self, key: &str, title: impl Into<String>, label: impl Into<String>) {
        self.reporter.report(Problem::new(title, self.mark(key), label));
    }
}

/// One of the words of `shape`, the value of `key`.
pub(crate) fn one_of(
    reporter: &Reporter,
    key: &str,
    shape: &'static Shape,
    node: &Node,
) -> Option<&'static str> {
    let words = match shape {
        Shape::OneOf(words) => *words,
        other => unreachable!("`{key}` is read as a word and declared as {other:?}"),
    };
    let written = text(reporter, &quoted(key), node)?;
    let known = words.iter().find(|word| **word == written.text);
    if known.is_none() {
        let title = format!("`{key}` cannot be `{}`", written.text);
        let label = did_you_mean(&written.text, words.iter().copied());
        reporter.report(Problem::new(title, written.mark, label));
    }
    known.copied()
}

/// "did you mean …?", or all that there is to choose from.
pub(crate) fn did_you_mean<'a>(
    written: &str,
    candidates: impl Iterator<Item = &'a str> + Clone,
) -> String {
    match nearest(written, candidates.clone()) {
        Some(meant) => format!("did you mean \"{meant}\"?"),
        None => known(candidates),
    }
}

/// All that there is, as a sentence.
pub(crate) fn known<'a>(candidates: impl Iterator<Item = &'a str> + Clone) -> String {
    match candidates.clone().count() {
        0 => "the scenario has none".into(),
        1 => format!("there is only {}", list(candidates)),
        _ => format!("there are {}", list(candidates)),
    }
}

pub(crate) fn quoted(key: &str) -> String {
    format!("`{key}`")
}

pub(crate) fn wrong_type(reporter: &Reporter, what: &str, node: &Node, wanted: &str) {
    let label = format!("expected {wanted}, found {}", node.kind());
    reporter.report(Problem::new(format!("{what} has the wrong type"), node.mark, label));
}

pub(crate) fn text(reporter: &Reporter, what: &str, node: &Node) -> Option<Placed> {
    if let Value::Text(text) = &node.value {
        return Some(Placed { text: text.clone(), mark: node.mark });
    }
    wrong_type(reporter, what, node, "a text in quotes");
    None
}

/// An offset from UTC.
pub(crate) fn zone(reporter: &Reporter, what: &str, node: &Node) -> Option<Zone> {
    clock_text(reporter, what, "a zone", &text(reporter, what, node)?, parse_zone)
}

fn clock_text<T>(
    reporter: &Reporter,
    what: &str,
    kind: &str,
    written: &Placed,
    parse: fn(&str) -> Result<T, &'static str>,
) -> Option<T> {
    match parse(&written.text) {
        Ok(value) => Some(value),
        Err(wanted) => {
            let title = format!("{what} is not {kind}");
            reporter.report(Problem::new(title, written.mark, wanted));
            None
        }
    }
}

/// A number in thousandths, up to `most` thousandths.
pub(crate) fn thousandths(reporter: &Reporter, what: &str, node: &Node, most: u64) -> Option<u64> {
    let Some(written) = numeral(node) else {
        wrong_type(reporter, what, node, "a number such as 2 or 0.5");
        return None;
    };
    let parsed = parse_scaled(&written, 3, "a thousandth");
    let value = quantity(reporter, what, ("a number", "2 or 0.5"), node, parsed)?;
    let value = u64::try_from(value).ok().filter(|value| *value <= most);
    if value.is_none() {
        let label = format!("it must be between 0 and {}", most / 1000);
        reporter.report(Problem::new(format!("{what} is out of range"), node.mark, label));
    }
    value
}

/// A number above zero in millionths.
pub(crate) fn millionths(reporter: &Reporter, what: &str, node: &Node) -> Option<u64> {
    let Some(written) = numeral(node) else {
        wrong_type(reporter, what, node, "a number such as 2 or 0.5");
        return None;
    };
    let parsed = parse_scaled(&written, 6, "a millionth");
    let value = quantity(reporter, what, ("a number", "2 or 0.5"), node, parsed)?;
    let value = u64::try_from(value).ok().filter(|value| (1..=1_000_000_000_000).contains(value));
    if value.is_none() {
        let label = "it must be above 0 and at most 1000000";
        reporter.report(Problem::new(format!("{what} is out of range"), node.mark, label));
    }
    value
}

pub(crate) fn span(reporter: &Reporter, what: &str, node: &Node) -> Option<Span> {
    with_unit(reporter, what, ("a span", "\"10min\""), node, parse_span)
}

pub(crate) fn rate(reporter: &Reporter, what: &str, node: &Node) -> Option<Rate> {
    with_unit(reporter, what, ("a rate", "\"100/s\""), node, parse_rate)
}

/// As [`rate`], where "unlimited" would have been right too.
pub(crate) fn quota_rate(reporter: &Reporter, what: &str, node: &Node) -> Option<Rate> {
    with_unit(reporter, what, ("a rate", "\"100/s\", or \"unlimited\""), node, parse_rate)
}

pub(crate) fn probability(reporter: &Reporter, what: &str, node: &Node) -> Option<Probability> {
    part_of_one(reporter, what, "a probability", node)
}

/// A number from 0 to 1, or a percentage; `kind` is what it stands for.
pub(crate) fn part_of_one(
    reporter: &Reporter,
    what: &str,
    kind: &str,
    node: &Node,
) -> Option<Probability> {
    let written = match &node.value {
        Value::Text(text) => text.clone(),
        _ => match numeral(node) {
            Some(number) => number,
            None => {
                wrong_type(reporter, what, node, &format!("{kind} such as 0.02 or \"2%\""));
                return None;
            }
        },
    };
    let parsed = parse_probability(&written);
    let percentage = format!("{written}%");
    let meant_percent = matches!(parsed, Err(QuantityError::OutOfRange(_)))
        && parse_probability(&percentage).is_ok();
    if meant_percent {
        let label = format!("it must be between 0 and 1; did you mean \"{percentage}\"?");
        reporter.report(Problem::new(format!("{what} is not {kind}"), node.mark, label));
        return None;
    }
    quantity(reporter, what, (kind, "0.02 or \"2%\""), node, parsed)
}

pub(crate) fn integer(
    reporter: &Reporter,
    what: &str,
    node: &Node,
    least: u64,
    most: u64,
) -> Option<u64> {
    let Value::Integer(value) = node.value else {
        wrong_type(reporter, what, node, "an integer without quotes");
        return None;
    };
    let inside = u64::try_from(value).ok().filter(|value| (least..=most).contains(value));
    if inside.is_none() {
        let label = format!("it must be between {least} and {most}");
        reporter.report(Problem::new(format!("{what} is out of range"), node.mark, label));
    }
    inside
}

/// A text that carries a unit. A bare number is told what it would be with one. `kind` is what is
/// wanted, with an example.
fn with_unit<T>(
    reporter: &Reporter,
    what: &str,
    kind: (&str, &str),
    node: &Node,
    parse: impl Fn(&str) -> Result<T, QuantityError>,
) -> Option<T> {
    match &node.value {
        Value::Text(text) => quantity(reporter, what, kind, node, parse(text)),
        Value::Integer(_) | Value::Float(_) => {
            let written = numeral(node).unwrap_or_default();
            quantity(reporter, what, kind, node, parse(&written))
        }
        _ => {
            wrong_type(reporter, what, node, &format!("{} such as {}", kind.0, kind.1));
            None
        }
    }
}

fn quantity<T>(
    reporter: &Reporter,
    what: &str,
    (kind, example): (&str, &str),
    node: &Node,
    parsed: Result<T, QuantityError>,
) -> Option<T> {
    let error = match parsed {
        Ok(value) => return Some(value),
        Err(error) => error,
    };
    let says_what_is_right = matches!(
        error,
        QuantityError::MissingUnit(_)
            | QuantityError::UnknownUnit(_, Some(_))
            | QuantityError::Blank(_)
            | QuantityError::OutOfRange(_)
    );
    let label = if says_what_is_right {
        error.to_string()
    } else {
        format!("{error}; expected {kind} such as {example}")
    };
    reporter.report(Problem::new(format!("{what} is not {kind}"), node.mark, label));
    None
}

/// The decimal digits of a number. A float prints the shortest decimal that reads back as itself,
/// which is what was written whenever that had at most 15 digits.
pub(crate) fn numeral(node: &Node) -> Option<String> {
    match node.value {
        Value::Integer(integer) => Some(integer.to_string()),
        Value::Float(float) => Some(float.to_string()),
        _ => None,
    }
}

/// What keeps `name` from being a name, if anything.
///
/// Names appear in CSV files, in the names of random streams (with `/` between the parts) and in
/// paths of `--set`.
pub(crate) fn check_name(name: &str) -> Result<(), String> {
    const MOST_BYTES: usize = 100;
    let bad = name.chars().find(|c| c.is_control() || matches!(c, '/' | '"' | '`'));
    if name.is_empty() {
        Err("it is empty".into())
    } else if name.len() > MOST_BYTES {
        Err(format!("it has {} bytes; the most is {MOST_BYTES}", name.len()))
    } else if name.trim() != name {
        Err("it begins or ends with a blank".into())
    } else if let Some(bad) = bad {
        Err(format!("it contains {bad:?}; names have no `/`, quotes or control characters"))
    } else {
        Ok(())
    }
}
