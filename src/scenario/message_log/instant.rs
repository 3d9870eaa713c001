//! Points in time as logs write them, exact to the nanosecond.

use super::super::quantity::parse_scaled;

const SECOND: i128 = 1_000_000_000;

/// Decimal seconds, in nanoseconds. The error says what would be right.
pub(in crate::scenario) fn parse_seconds(text: &str) -> Result<i128, &'static str> {
    const WANTED: &str = "expected seconds such as 1082040961 or 12.5, with at most nine places";
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text),
    };
    let nanoseconds = parse_scaled(digits, 9, "a nanosecond").map_err(|_| WANTED)?;
    // A bound far beyond any calendar keeps differences of two instants inside 128 bits.
    i128::try_from(nanoseconds).map(|nanoseconds| sign * nanoseconds).map_err(|_| WANTED)
}

/// RFC 3339, in nanoseconds since 1970. The error says what would be right.
///
/// A leap second (`:60`) is the first second of the next minute, as in Unix time.
pub(in crate::scenario) fn parse_rfc3339(text: &str) -> Result<i128, &'static str> {
    const WANTED: &str = "expected RFC 3339 such as 2026-01-31T09:30:00.5Z";
    parse_parts(text).ok_or(WANTED)
}

fn parse_parts(text: &str) -> Option<i128> {
    let (date, rest) = (text.get(..10)?, text.get(10..)?);
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let (year, month, day) = (digits(date, 0, 4)?, digits(date, 5, 2)?, digits(date, 8, 2)?);
    let dashes = date.as_bytes()[4] == b'-' && date.as_bytes()[7] == b'-';
    let (hour, minute, second) = (digits(rest, 0, 2)?, digits(rest, 3, 2)?, digits(rest, 6, 2)?);
    let colons = rest.as_bytes()[2] == b':' && rest.as_bytes()[5] == b':';
    let date_is_real = (1..=12).contains(&month) && (1..=days_in(year, month)).contains(&day);
    if !dashes || !colons || !date_is_real || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let rest = rest.get(8..)?;
    let zone_at = rest.find(['Z', 'z', '+', '-'])?;
    let (fraction, zone) = rest.split_at(zone_at);
    let fraction = match fraction {
        "" => 0,
        text => fraction_of_second(text.strip_prefix('.')?)?,
    };
    let offset_minutes = match zone {
        "Z" | "z" => 0,
        _ => {
            let (hours, minutes) = (digits(zone, 1, 2)?, digits(zone, 4, 2)?);
            if zone.len() != 6 || zone.as_bytes()[3] != b':' || hours > 23 || minutes > 59 {
                return None;
            }
            let sign = if zone.starts_with('-') { -1 } else { 1 };
            sign * (hours * 60 + minutes)
        }
    };
    let seconds = days_since_1970(year, month, day) * 86_400
        + hour * 3_600
        + (minute - offset_minutes) * 60
        + second;
    Some(i128::from(seconds) * SECOND + i128::from(fraction))
}

/// Nanoseconds that the digits behind the point stand for; digits behind the ninth must be zero.
fn fraction_of_second(digits: &str) -> Option<i64> {
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let trimmed = digits.trim_end_matches('0');
    (trimmed.len() <= 9).then(|| format!("{trimmed:0<9}").parse().ok()).flatten()
}

/// The number that `count` ASCII digits of `text` from `at` make.
fn digits(text: &str, at: usize, count: usize) -> Option<i64> {
    let part = text.get(at..at + count)?;
    part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok()).flatten()
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 in the proleptic Gregorian calendar: the algorithm `days_from_civil` of
/// Howard Hinnant, "chrono-compatible low-level date algorithms".
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn instants_worked_by_hand() {
        let second = |text| parse_rfc3339(text).map(|instant| instant / SECOND);
        assert_eq!(second("1970-01-01T00:00:00Z"), Ok(0));
        assert_eq!(second("2000-03-01T00:00:00Z"), Ok(951_868_800));
        assert_eq!(second("2004-04-15T14:56:01Z"), Ok(1_082_040_961));
        assert_eq!(second("2004-04-15t16:56:01+02:00"), Ok(1_082_040_961));
        assert_eq!(second("1969-12-31T23:59:59Z"), Ok(-1));
        assert_eq!(parse_rfc3339("1970-01-01T00:00:00.000000001Z"), Ok(1));
        assert_eq!(parse_rfc3339("1970-01-01 00:00:00.5Z"), Ok(500_000_000));
    }

    #[test]
    fn what_is_no_instant() {
        for text in [
            "",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:00:00",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00+0200",
            "2026/01/01T00:00:00Z",
            "2026-01-01T00:00:00.1234567891Z",
        ] {
            assert!(parse_rfc3339(text).is_err(), "{text}");
        }
        assert_eq!(parse_seconds("12.000000001"), Ok(12_000_000_001));
        assert_eq!(parse_seconds("-1.5"), Ok(-1_500_000_000));
        assert!(parse_seconds("1e9").is_err() && parse_seconds("").is_err());
        assert!(parse_seconds("--1").is_err() && parse_seconds("0.0000000001").is_err());
    }

    proptest! {
        #[test]
        fn no_text_makes_a_parser_panic(text in any::<String>(), tail in "[-0-9TZ:.+é ]{0,30}") {
            for text in [text.clone(), tail.clone(), format!("2026-01-01T00:00:0{tail}")] {
                let _ = (parse_rfc3339(&text), parse_seconds(&text));
            }
        }

        #[test]
        fn days_follow_each_other(year in -4000_i64..4000, month in 1_i64..=12) {
            let last = days_since_1970(year, month, days_in(year, month));
            let (next_year, next) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
            prop_assert_eq!(days_since_1970(next_year, next, 1), last + 1);
        }
    }
}
