//! Times of day, days of the week and zones with fixed offsets.
//!
//! A run has no date: it begins at some moment of some week, and offsets from UTC do not change while
//! it lasts.

use crate::time::{Span, Time};

/// A day.
pub(crate) const DAY: Span = Span::from_seconds(86_400);
/// A week.
pub(crate) const WEEK: Span = Span::from_seconds(7 * 86_400);

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Minutes east of UTC, within fourteen hours.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Zone(i16);

impl Zone {
    /// Minutes east of UTC; `None` beyond 14 hours.
    pub const fn from_minutes(minutes: i16) -> Option<Self> {
        if minutes.unsigned_abs() <= 14 * 60 { Some(Zone(minutes)) } else { None }
    }

    /// Nanoseconds since the local Monday, 00:00, at `time` of a run that begins at `begins` of a UTC
    /// week.
    pub fn local(self, begins: Span, time: Time) -> Span {
        let week = i128::from(WEEK.as_nanoseconds());
        let east = i128::from(self.0) * 60_000_000_000;
        let utc = i128::from(begins.as_nanoseconds()) + i128::from(time.as_nanoseconds());
        let local = (utc + east).rem_euclid(week);
        Span::from_nanoseconds(u64::try_from(local).expect("less than a week"))
    }
}

/// A time of day such as `08:30`, since midnight; `24:00` is the end of the day.
///
/// # Errors
/// What a time of day looks like.
pub(crate) fn parse_time_of_day(text: &str) -> Result<Span, &'static str> {
    const WANTED: &str = "expected hours and minutes such as \"08:30\", up to \"24:00\"";
    let minutes = minutes(text).ok_or(WANTED)?;
    if minutes > 24 * 60 { Err(WANTED) } else { Ok(Span::from_seconds(minutes * 60)) }
}

/// An offset from UTC such as `+05:30`.
///
/// # Errors
/// What an offset looks like.
pub(crate) fn parse_zone(text: &str) -> Result<Zone, &'static str> {
    const WANTED: &str = "expected an offset from UTC such as \"-05:00\", at most 14 hours";
    let (sign, rest) = match text.as_bytes().first() {
        Some(b'+') => (1, &text[1..]),
        Some(b'-') => (-1, &text[1..]),
        _ => return Err(WANTED),
    };
    let minutes = minutes(rest).and_then(|minutes| i16::try_from(minutes).ok());
    minutes.and_then(|minutes| Zone::from_minutes(sign * minutes)).ok_or(WANTED)
}

/// A moment of the week such as `mon 08:00`, since Monday, 00:00.
///
/// # Errors
/// What a moment of the week looks like.
pub(crate) fn parse_week_time(text: &str) -> Result<Span, &'static str> {
    const WANTED: &str = "expected a day and a time such as \"mon 08:00\"";
    let (day, time) = text.split_once(' ').ok_or(WANTED)?;
    let day = DAYS.iter().position(|known| *known == day).ok_or(WANTED)?;
    let time = parse_time_of_day(time).map_err(|_| WANTED)?;
    if time == DAY { Err(WANTED) } else { Ok(DAY.saturating_mul(day as u64) + time) }
}

/// Two digits, a colon, two digits below 60.
fn minutes(text: &str) -> Option<u64> {
    let (hours, minutes) = text.split_once(':')?;
    let two = |digits: &str| {
        let proper = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
        proper.then(|| digits.parse::<u64>().ok()).flatten()
    };
    let (hours, minutes) = (two(hours)?, two(minutes)?);
    (minutes < 60).then_some(hours * 60 + minutes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_zones_and_moments_of_the_week() {
        let minutes = |minutes: u64| Span::from_seconds(60 * minutes);
        assert_eq!(parse_time_of_day("08:30"), Ok(minutes(510)));
        assert_eq!(parse_time_of_day("24:00"), Ok(DAY));
        assert_eq!(parse_zone("+05:30").ok(), Zone::from_minutes(330));
        assert_eq!(parse_zone("-08:00").ok(), Zone::from_minutes(-480));
        assert_eq!(parse_week_time("tue 01:05"), Ok(minutes(1440 + 65)));
        for wrong in ["8:30", "24:01", "08:60", "0830", "", "ab:cd", "+8:00"] {
            assert!(parse_time_of_day(wrong).is_err(), "{wrong}");
        }
        for wrong in ["05:00", "+15:00", "+5", "UTC", "é05:00"] {
            assert!(parse_zone(wrong).is_err(), "{wrong}");
        }
        for wrong in ["08:00", "monday 08:00", "sun 24:00", "sun"] {
            assert!(parse_week_time(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn local_time_wraps_around_the_week_in_both_directions() {
        let hours = |hours: u64| Span::from_seconds(3600 * hours);
        let zone = |hours: i16| Zone::from_minutes(60 * hours).expect("near enough");
        assert_eq!(zone(-5).local(hours(2), Time::ZERO), hours(7 * 24 - 3));
        assert_eq!(
            zone(2).local(hours(7 * 24 - 1), Time::from_seconds(600)),
            hours(1) + Span::from_seconds(600)
        );
        let later = Time::ZERO + WEEK.saturating_mul(3);
        assert_eq!(zone(0).local(hours(5), later), hours(5));
    }
}
