//! Values with units: spans, rates, probabilities, weights. All are exact.

use std::fmt;

use super::resolved::Probability;
use super::suggest::nearest;
use crate::time::Span;
use crate::units::{Rate, Weight};

/// Why a text is not the quantity it should be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum QuantityError {
    /// It does not begin with a number.
    NoNumber,
    /// It is below zero.
    Negative,
    /// It is a number alone: what it would be with the usual unit.
    MissingUnit(String),
    /// The unit is not known: the unit as written, and what was probably meant.
    UnknownUnit(String, Option<&'static str>),
    /// Number and unit are apart: what it would be without the blank.
    Blank(String),
    /// It has more decimal places than are kept: what is the finest.
    TooFine(&'static str),
    /// It is out of range: the range in words.
    OutOfRange(&'static str),
}

impl fmt::Display for QuantityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            QuantityError::NoNumber => f.write_str("this does not begin with a number"),
            QuantityError::Negative => f.write_str("this is below zero"),
            QuantityError::MissingUnit(example) => {
                write!(f, "the unit is missing; did you mean \"{example}\"?")
            }
            QuantityError::UnknownUnit(unit, Some(meant)) => {
                write!(f, "`{unit}` is not a unit here; did you mean `{meant}`?")
            }
            QuantityError::UnknownUnit(unit, None) => write!(f, "`{unit}` is not a unit here"),
            QuantityError::Blank(example) => write!(f, "write \"{example}\", without the blank"),
            QuantityError::TooFine(finest) => write!(f, "this is finer than {finest}"),
            QuantityError::OutOfRange(range) => write!(f, "out of range: {range}"),
        }
    }
}

impl std::error::Error for QuantityError {}

const SECOND: u64 = 1_000_000_000;
const SPAN_UNITS: [(&str, u64); 7] = [
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", SECOND),
    ("min", 60 * SECOND),
    ("h", 3_600 * SECOND),
    ("d", 86_400 * SECOND),
];
const RATE_UNITS: [(&str, u64); 5] = [
    ("/s", SECOND),
    ("/min", 60 * SECOND),
    ("/h", 3_600 * SECOND),
    ("/day", 86_400 * SECOND),
    ("/d", 86_400 * SECOND),
];
/// What people write instead, and what it most likely means.
const OTHER_WORDS: [(&str, &str); 14] = [
    ("m", "min"),
    ("mins", "min"),
    ("minute", "min"),
    ("minutes", "min"),
    ("sec", "s"),
    ("secs", "s"),
    ("second", "s"),
    ("seconds", "s"),
    ("hr", "h"),
    ("hour", "h"),
    ("hours", "h"),
    ("day", "d"),
    ("days", "d"),
    ("µs", "us"),
];

/// A span such as `250ms`, `1.5h` or `2d`, exact to the nanosecond and at most 500 years.
///
/// Units: `ns`, `us`, `ms`, `s`, `min`, `h`, `d`.
///
/// # Errors
/// When the text is no such span; the error says what would be.
pub fn parse_span(text: &str) -> Result<Span, QuantityError> {
    let (number, unit) = split(text)?;
    let nanoseconds = unit_of(text, unit, &SPAN_UNITS, "s")?;
    let product = number.mantissa.checked_mul(u128::from(nanoseconds));
    let power = 10_u128.pow(number.scale);
    let product = product.ok_or(QuantityError::OutOfRange(SPAN_RANGE))?;
    if product % power != 0 {
        return Err(QuantityError::TooFine("a nanosecond"));
    }
    let most = u128::from(LONGEST_SPAN.as_nanoseconds());
    match u64::try_from(product / power) {
        Ok(span) if u128::from(span) <= most => Ok(Span::from_nanoseconds(span)),
        _ => Err(QuantityError::OutOfRange(SPAN_RANGE)),
    }
}

const LONGEST_SPAN: Span = Span::from_seconds(500 * 365 * 86_400);
const SPAN_RANGE: &str = "a span is at most 500 years";

/// A rate such as `100/s`, `2.5/s`, `90/min`, `1000/h` or `200000/day`, as an exact fraction.
///
/// # Errors
/// When the text is no such rate, or one outside [`Rate`]'s range.
pub fn parse_rate(text: &str) -> Result<Rate, QuantityError> {
    const RANGE: &str = "a rate is above one in ten years and at most 1000000000/s";
    let (number, unit) = split(text)?;
    let per = u128::from(unit_of(text, unit, &RATE_UNITS, "/s")?);
    if number.mantissa == 0 {
        return Err(QuantityError::OutOfRange("a rate is above zero"));
    }
    let per = per * 10_u128.pow(number.scale);
    let divisor = greatest_common_divisor(number.mantissa, per);
    let segments = u64::try_from(number.mantissa / divisor);
    let per = u64::try_from(per / divisor);
    match (segments, per) {
        (Ok(segments), Ok(per)) => Rate::new(segments, Span::from_nanoseconds(per)),
        _ => None,
    }
    .ok_or(QuantityError::OutOfRange(RANGE))
}

/// A probability: a number from 0 to 1 such as `0.02`, or a percentage such as `2.5%`.
///
/// # Errors
/// When the text is neither, is above 1, or is finer than a billionth.
pub(crate) fn parse_probability(text: &str) -> Result<Probability, QuantityError> {
    const RANGE: &str = "a probability is between 0 and 1, or 0% and 100%";
    let (number, unit) = split(text)?;
    let places = match unit {
        "" => 9,
        "%" => 7,
        other => return Err(QuantityError::UnknownUnit(other.into(), Some("%"))),
    };
    let billionths = number.scaled(places, "a billionth")?;
    let billionths = u32::try_from(billionths).ok();
    let probability = billionths.and_then(Probability::from_billionths);
    probability.ok_or(QuantityError::OutOfRange(RANGE))
}

/// A part of one: a number from 0 to 1 such as `0.02`, or a percentage such as `2%`.
///
/// # Errors
/// When the text is neither, is above 1, or is finer than a billionth.
pub fn parse_part(text: &str) -> Result<f64, QuantityError> {
    parse_probability(text).map(Probability::as_f64)
}

/// A weight: a number from 0.000001 to 1000000.
///
/// # Errors
/// When the text is no such number.
pub(crate) fn parse_weight(text: &str) -> Result<Weight, QuantityError> {
    let millionths = parse_scaled(text, 6, "a millionth")?;
    let weight = u64::try_from(millionths).ok().and_then(Weight::from_millionths);
    weight.ok_or(QuantityError::OutOfRange("a weight is above 0 and at most 1000000"))
}

/// A plain number times 10 to the power of `places`, which must be whole.
///
/// # Errors
/// When the text is no plain number, is negative, or has more places; `finest` names the last one.
pub(crate) fn parse_scaled(
    text: &str,
    places: u32,
    finest: &'static str,
) -> Result<u128, QuantityError> {
    let (number, unit) = split(text)?;
    if !unit.is_empty() {
        return Err(QuantityError::UnknownUnit(unit.into(), None));
    }
    number.scaled(places, finest)
}

/// `mantissa ÷ 10^scale`. Both are bounded, so that no product with a unit leaves 128 bits unseen.
#[derive(Clone, Copy)]
struct Decimal {
    mantissa: u128,
    scale: u32,
}

impl Decimal {
    /// The number times 10 to the power of `places`.
    fn scaled(self, places: u32, finest: &'static str) -> Result<u128, QuantityError> {
        let too_large = QuantityError::OutOfRange("the number is too large");
        match places.checked_sub(self.scale) {
            Some(up) => self.mantissa.checked_mul(10_u128.pow(up)).ok_or(too_large),
            None => {
                let power = 10_u128.pow(self.scale - places);
                let whole = self.mantissa.is_multiple_of(power);
                whole.then_some(self.mantissa / power).ok_or(QuantityError::TooFine(finest))
            }
        }
    }
}

/// The number that `text` begins with, and what follows it.
fn split(text: &str) -> Result<(Decimal, &str), QuantityError> {
    /// 10²⁷ times the longest unit (8.64 · 10¹³ ns) does not fit 128 bits, 10²⁴ times it does.
    const MOST_DIGITS: usize = 24;
    if let Some(rest) = text.strip_prefix('-') {
        return Err(match split(rest) {
            Ok(_) => QuantityError::Negative,
            Err(error) => error,
        });
    }
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let fraction_is_digits = !fraction.is_empty() && !fraction.contains('.');
    if whole.is_empty() || !fraction_is_digits {
        return Err(QuantityError::NoNumber);
    }
    let fraction = fraction.trim_end_matches('0');
    let whole = whole.trim_start_matches('0');
    if whole.len() + fraction.len() > MOST_DIGITS {
        return Err(QuantityError::OutOfRange("the number has more than 24 digits"));
    }
    let mantissa = whole.bytes().chain(fraction.bytes());
    let mantissa = mantissa.fold(0_u128, |sum, digit| sum * 10 + u128::from(digit - b'0'));
    let scale = u32::try_from(fraction.len()).expect("at most 24 digits");
    Ok((Decimal { mantissa, scale }, unit))
}

fn unit_of(
    text: &str,
    unit: &str,
    units: &[(&'static str, u64)],
    usual: &str,
) -> Result<u64, QuantityError> {
    if let Some((_, size)) = units.iter().find(|(name, _)| *name == unit) {
        return Ok(*size);
    }
    if unit.is_empty() {
        return Err(QuantityError::MissingUnit(format!("{text}{usual}")));
    }
    let without_blanks: String = unit.split_whitespace().collect();
    if without_blanks != unit && units.iter().any(|(name, _)| *name == without_blanks) {
        let number = &text[..text.len() - unit.len()];
        return Err(QuantityError::Blank(format!("{number}{without_blanks}")));
    }
    Err(QuantityError::UnknownUnit(unit.into(), meant(unit.trim(), units)))
}

/// The unit of `units` that was probably meant by `unit`.
fn meant(unit: &str, units: &[(&'static str, u64)]) -> Option<&'static str> {
    let lower = unit.to_lowercase();
    let bare = lower.trim_start_matches('/');
    let bare = OTHER_WORDS.iter().find(|(word, _)| *word == bare).map_or(bare, |(_, unit)| unit);
    let names = || units.iter().map(|(name, _)| *name);
    let exact = names().find(|name| name.trim_start_matches('/') == bare);
    exact.or_else(|| nearest(&lower, names()))
}

fn greatest_common_divisor(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spans_in_every_unit() {
        let cases = [
            ("7ns", 7),
            ("20us", 20_000),
            ("250ms", 250_000_000),
            ("5s", 5_000_000_000),
            ("1.5s", 1_500_000_000),
            ("10min", 600_000_000_000),
            ("2h", 7_200_000_000_000),
            ("1d", 86_400_000_000_000),
            ("0.000000001s", 1),
            ("0s", 0),
        ];
        for (text, nanoseconds) in cases {
            assert_eq!(parse_span(text), Ok(Span::from_nanoseconds(nanoseconds)), "{text}");
        }
    }

    #[test]
    fn spans_that_are_none_say_what_would_be() {
        let message = |text| parse_span(text).expect_err("not a span").to_string();
        assert_eq!(message("10"), "the unit is missing; did you mean \"10s\"?");
        assert_eq!(message("10m"), "`m` is not a unit here; did you mean `min`?");
        assert_eq!(message("10 min"), "write \"10min\", without the blank");
        assert_eq!(message("3 hours"), "` hours` is not a unit here; did you mean `h`?");
        assert_eq!(message("-5s"), "this is below zero");
        assert_eq!(message("0.1ns"), "this is finer than a nanosecond");
        assert_eq!(message("soon"), "this does not begin with a number");
        assert_eq!(message("1.2.3s"), "this does not begin with a number");
        assert_eq!(message("999999999d"), "out of range: a span is at most 500 years");
        assert_eq!(message("5/s"), "`/s` is not a unit here; did you mean `s`?");
    }

    #[test]
    fn rates_are_exact_fractions() {
        let of = |segments, per| Rate::new(segments, Span::from_seconds(per)).expect("valid");
        assert_eq!(parse_rate("100/s"), Ok(of(100, 1)));
        assert_eq!(parse_rate("2.5/s"), Ok(of(5, 2)));
        assert_eq!(parse_rate("90/min"), Ok(of(3, 2)));
        assert_eq!(parse_rate("1000/h"), Ok(of(1000, 3600)));
        assert_eq!(parse_rate("200000/day"), Ok(of(200_000, 86_400)));
        assert_eq!(parse_rate("0.1/s"), Ok(of(1, 10)));
    }

    #[test]
    fn rates_that_are_none_say_what_would_be() {
        let message = |text| parse_rate(text).expect_err("not a rate").to_string();
        assert_eq!(message("10"), "the unit is missing; did you mean \"10/s\"?");
        assert_eq!(message("10/sec"), "`/sec` is not a unit here; did you mean `/s`?");
        assert_eq!(message("10s"), "`s` is not a unit here; did you mean `/s`?");
        assert_eq!(message("0/s"), "out of range: a rate is above zero");
        assert_eq!(message("-1/s"), "this is below zero");
        assert!(message("1000000001/s").starts_with("out of range"), "above the most");
        assert!(message("0.0001/day").starts_with("out of range: "), "below the least");
    }

    #[test]
    fn probabilities_and_weights_are_exact() {
        let billionths = |text| parse_probability(text).map(Probability::billionths);
        assert_eq!(billionths("0.02"), Ok(20_000_000));
        assert_eq!(billionths("2.5%"), Ok(25_000_000));
        assert_eq!(billionths("1"), Ok(1_000_000_000));
        assert_eq!(billionths("100%"), Ok(1_000_000_000));
        assert!(matches!(billionths("1.5"), Err(QuantityError::OutOfRange(_))));
        assert!(matches!(billionths("0.0000000001"), Err(QuantityError::TooFine(_))));
        assert_eq!(parse_weight("2.5").map(Weight::millionths), Ok(2_500_000));
        assert!(parse_weight("0").is_err() && parse_weight("1000001").is_err());
    }

    proptest! {
        #[test]
        fn no_text_makes_a_parser_panic(text in any::<String>(), number in any::<i64>()) {
            for text in [text.clone(), format!("{number}{text}"), format!("{number}.{text}/s")] {
                let _ = parse_span(&text);
                let _ = parse_rate(&text);
                let _ = parse_probability(&text);
                let _ = parse_weight(&text);
            }
        }

        #[test]
        fn every_span_survives_printing_as_seconds(nanoseconds in 0..=LONGEST_SPAN.as_nanoseconds()) {
            let span = Span::from_nanoseconds(nanoseconds);
            prop_assert_eq!(parse_span(&format!("{span}s")), Ok(span));
            prop_assert_eq!(parse_span(&format!("{nanoseconds}ns")), Ok(span));
        }

        #[test]
        fn every_rate_equals_the_fraction_it_states(
            whole in 0_u64..1_000_000, thousandths in 1_u64..1000, unit in 0..RATE_UNITS.len(),
        ) {
            let (name, nanoseconds) = RATE_UNITS[unit];
            let rate = parse_rate(&format!("{whole}.{thousandths:03}{name}")).expect("in range");
            let stated = u128::from(whole * 1000 + thousandths) * u128::from(rate.per().as_nanoseconds());
            let kept = u128::from(rate.segments()) * 1000 * u128::from(nanoseconds);
            prop_assert_eq!(stated, kept);
        }
    }
}
