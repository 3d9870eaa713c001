//! Numbers as people read them. Rounded on purpose: files keep the exact figures.

use crate::measure::{CheckResult, Quantile};

/// Stands for a figure that does not exist.
pub(super) const ABSENT: &str = "-";

/// A count with separators: `25,000`.
pub fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A moment, in seconds since 1970, as a date and a time of day in UTC: `2018-07-03 14:00:00`.
///
/// The date by Hinnant's `civil_from_days` ("chrono-compatible low-level date algorithms", 2021).
pub fn moment(seconds: i64) -> String {
    const DAY_S: i64 = 86_400;
    // Days since 1 March of the year 0: leap days then come last.
    let days = seconds.div_euclid(DAY_S) + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = 400 * era + year_of_era + i64::from(month <= 2);
    let second = seconds.rem_euclid(DAY_S);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}

/// A span of `seconds` in at most two units: `120 ms`, `1.2 s`, `14 min 3 s`, `2 h 5 min`, `3 d 4 h`.
///
/// A span that rounds to a whole number is written as one: `5 s`.
pub fn time(seconds: f64) -> String {
    if !seconds.is_finite() {
        return ABSENT.to_owned();
    }
    if seconds < 0.0 {
        return format!("-{}", time(-seconds));
    }
    if seconds == 0.0 {
        return "0 s".to_owned();
    }
    // Each limit is where rounding would reach the next unit, so that "60 s" cannot appear.
    if seconds < 0.000_05 {
        return "<0.1 ms".to_owned();
    }
    if seconds < 0.009_95 {
        return format!("{} ms", tenths(seconds * 1e3));
    }
    if seconds < 0.999_5 {
        return format!("{:.0} ms", seconds * 1e3);
    }
    if seconds < 59.95 {
        return format!("{} s", tenths(seconds));
    }
    let whole = seconds.round();
    if whole < 3600.0 {
        return two_units(whole as u64, 60, "min", "s");
    }
    let minutes = (seconds / 60.0).round();
    if minutes < 48.0 * 60.0 {
        return two_units(minutes as u64, 60, "h", "min");
    }
    two_units((seconds / 3600.0).round() as u64, 24, "d", "h")
}

fn tenths(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

fn two_units(value: u64, size: u64, large: &str, small: &str) -> String {
    match (value / size, value % size) {
        (whole, 0) => format!("{} {large}", count(whole)),
        (whole, rest) => format!("{} {large} {rest} {small}", count(whole)),
    }
}

/// A quantile of spans: `41 min`, `>2 h` in the censored part, `-` where there is none.
pub fn quantile(value: Option<Quantile>) -> String {
    match value {
        None => ABSENT.to_owned(),
        Some(Quantile::Exactly(seconds)) => time(seconds),
        Some(Quantile::Above(seconds)) => format!(">{}", time(seconds)),
    }
}

/// A share of one: `71.2 %`. It is 0 % or 100 % only when it is that exactly.
pub fn percent(share: f64) -> String {
    if !share.is_finite() {
        return ABSENT.to_owned();
    }
    let text = format!("{:.1} %", share * 100.0);
    match text.as_str() {
        // A sum of floats that should be one may miss it by its rounding.
        "100.0 %" if (share - 1.0).abs() < 1e-9 => "100 %".to_owned(),
        "100.0 %" if share < 1.0 => ">99.9 %".to_owned(),
        "0.0 %" | "-0.0 %" if share > 0.0 => "<0.1 %".to_owned(),
        "0.0 %" | "-0.0 %" => "0 %".to_owned(),
        _ => text,
    }
}

/// A plain figure to at most four places: `0.9994`, `12`.
pub fn figure(value: f64) -> String {
    if !value.is_finite() {
        return ABSENT.to_owned();
    }
    let text = format!("{value:.4}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// A check's figure beside its bound: `1.2 s <= 5 s`.
///
/// Where rounding would make two different numbers look equal, or turn the comparison round, both
/// are written in full.
pub fn measured_against(check: &CheckResult) -> String {
    let in_seconds = check.unit == "s";
    let rounded = |value: f64| if in_seconds { time(value) } else { figure(value) };
    let exact = |value: f64| {
        let space = if check.unit.is_empty() { "" } else { " " };
        format!("{value}{space}{}", check.unit)
    };
    let Some(value) = check.value else {
        return format!("no such figure {} {}", check.operator, rounded(check.bound));
    };
    if value != check.bound && rounded(value) == rounded(check.bound) {
        return format!("{} {} {}", exact(value), check.operator, exact(check.bound));
    }
    format!("{} {} {}", rounded(value), check.operator, rounded(check.bound))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_separated_by_thousands() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(25_000), "25,000");
        assert_eq!(count(1_234_567), "1,234,567");
    }

    #[test]
    fn moments_are_dates_in_utc() {
        for (seconds, text) in [
            (0, "1970-01-01 00:00:00"),
            (-1, "1969-12-31 23:59:59"),
            (951782399, "2000-02-28 23:59:59"),
            (951782400, "2000-02-29 00:00:00"),
            (951868800, "2000-03-01 00:00:00"),
            (1530626400, "2018-07-03 14:00:00"),
            (4107542399, "2100-02-28 23:59:59"),
            (1709164800, "2024-02-29 00:00:00"),
            (1735689599, "2024-12-31 23:59:59"),
            (1735689600, "2025-01-01 00:00:00"),
            (-2203891200, "1900-03-01 00:00:00"),
        ] {
            assert_eq!(moment(seconds), text);
        }
    }

    #[test]
    fn times_change_their_unit_where_rounding_would_reach_the_next() {
        for (seconds, text) in [
            (0.0, "0 s"),
            (0.000_01, "<0.1 ms"),
            (0.001_24, "1.2 ms"),
            (0.009_96, "10 ms"),
            (0.12, "120 ms"),
            (0.999_4, "999 ms"),
            (0.999_6, "1 s"),
            (1.24, "1.2 s"),
            (5.0, "5 s"),
            (59.94, "59.9 s"),
            (59.96, "1 min"),
            (843.2, "14 min 3 s"),
            (2460.0, "41 min"),
            (3599.6, "1 h"),
            (7500.0, "2 h 5 min"),
            (172_799.0, "2 d"),
            (273_600.0, "3 d 4 h"),
            (-1.5, "-1.5 s"),
        ] {
            assert_eq!(time(seconds), text, "{seconds}");
        }
        assert_eq!(quantile(Some(Quantile::Above(7200.0))), ">2 h");
        assert_eq!(quantile(None), "-");
    }

    #[test]
    fn rounding_never_claims_perfection() {
        assert_eq!(percent(0.712), "71.2 %");
        assert_eq!(percent(0.99999), ">99.9 %");
        assert_eq!(percent(1.0), "100 %");
        assert_eq!(percent(1.0 - 1e-12), "100 %");
        assert_eq!(percent(0.0), "0 %");
        assert_eq!(percent(0.00001), "<0.1 %");
        assert_eq!(percent(1.25), "125.0 %");
        assert_eq!(figure(0.99941), "0.9994");
        assert_eq!(figure(12.0), "12");
        assert_eq!(figure(-0.00001), "0");
    }

    #[test]
    fn a_narrow_miss_does_not_look_like_a_pass() {
        let check = |value, unit: &str| CheckResult {
            censored: false,
            name: String::new(),
            metric: String::new(),
            of: String::new(),
            value,
            operator: "<=".into(),
            bound: 5.0,
            unit: unit.into(),
            passed: false,
            line: 1,
        };
        assert_eq!(measured_against(&check(Some(1.24), "s")), "1.2 s <= 5 s");
        assert_eq!(measured_against(&check(Some(5.001), "s")), "5.001 s <= 5 s");
        assert_eq!(measured_against(&check(Some(5.000001), "")), "5.000001 <= 5");
        assert_eq!(measured_against(&check(None, "s")), "no such figure <= 5 s");
    }
}
