//! How a rate changes over the day and the week.

use super::super::clock::{DAY, WEEK};
use crate::time::{Span, Time};

/// A weekly pattern of relative rates, constant within cells of equal length, with the moment of the
/// week at which the run begins.
///
/// Time-rescaling: a process of constant rate runs in *working time*, which passes in proportion to the
/// pattern and over whole weeks exactly as fast as real time. So the pattern changes when messages
/// come and not how many there are in a week. All in integers, exact to the nanosecond below.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Curve {
    /// Sum of the cells before each; one more entry than cells, the last is the sum of all.
    before: Vec<u64>,
    /// Length of a cell.
    cell: Span,
    /// Local time since Monday, 00:00, when the run begins.
    begins: Span,
}

impl Curve {
    /// Relative rates of equal parts of a day, whose number divides 86,400, times those of the seven
    /// days from Monday. `None` when the parts do not divide the day, when all are 0, or when a product
    /// of two is above 10¹⁰.
    pub fn new(daily: &[u64], weekly: &[u64; 7], begins: Span) -> Option<Self> {
        const MOST: u64 = 10_000_000_000;
        let parts = daily.len() as u64;
        if parts == 0 || !86_400_u64.is_multiple_of(parts) {
            return None;
        }
        let mut before = vec![0];
        let mut sum = 0;
        for (day, part) in weekly.iter().flat_map(|day| daily.iter().map(move |part| (day, part))) {
            sum += day.checked_mul(*part).filter(|product| *product <= MOST)?;
            before.push(sum);
        }
        let cell = Span::from_seconds(86_400 / parts);
        (sum > 0 && begins < WEEK).then_some(Curve { before, cell, begins })
    }

    /// When `worked` of working time has passed since `from`.
    pub fn after(&self, from: Time, worked: Span) -> Time {
        // The mean of a cell is the sum of all ÷ their number, so this much weight × time passes.
        let weight = u128::from(worked.as_nanoseconds()) * u128::from(self.total());
        let target = self.weight_by(from) + weight / self.cells();
        let per_week = u128::from(self.total()) * self.cell_ns();
        let (weeks, rest) = (target / per_week, target % per_week);
        // The cell in which the rest is reached; one of weight zero is never it.
        let index =
            self.before.partition_point(|sum| u128::from(*sum) * self.cell_ns() <= rest) - 1;
        let inside = rest - u128::from(self.before[index]) * self.cell_ns();
        let local = weeks * u128::from(WEEK.as_nanoseconds())
            + index as u128 * self.cell_ns()
            + inside / self.weight(index);
        let time = local - u128::from(self.begins.as_nanoseconds());
        Time::from_nanoseconds(u64::try_from(time).unwrap_or(u64::MAX))
    }

    /// How much working time passes between two moments.
    pub fn worked(&self, from: Time, until: Time) -> Span {
        let weight = self.weight_by(until) - self.weight_by(from);
        let span = weight * self.cells() / u128::from(self.total());
        Span::from_nanoseconds(u64::try_from(span).unwrap_or(u64::MAX))
    }

    /// The rate at a moment, relative to the mean of a week.
    pub fn relative_rate(&self, time: Time) -> f64 {
        let local = self.begins.as_nanoseconds() + time.as_nanoseconds();
        let index = (local % WEEK.as_nanoseconds()) / self.cell.as_nanoseconds();
        self.weight(index as usize) as f64 * self.cells() as f64 / self.total() as f64
    }

    /// Weight × nanoseconds from the Monday before the run to `time`.
    fn weight_by(&self, time: Time) -> u128 {
        let local = u128::from(self.begins.as_nanoseconds()) + u128::from(time.as_nanoseconds());
        let week = u128::from(WEEK.as_nanoseconds());
        let (weeks, rest) = (local / week, local % week);
        let index = (rest / self.cell_ns()) as usize;
        let within = rest % self.cell_ns();
        weeks * u128::from(self.total()) * self.cell_ns()
            + u128::from(self.before[index]) * self.cell_ns()
            + within * self.weight(index)
    }

    fn weight(&self, index: usize) -> u128 {
        u128::from(self.before[index + 1] - self.before[index])
    }

    fn total(&self) -> u64 {
        self.before[self.before.len() - 1]
    }

    fn cells(&self) -> u128 {
        self.before.len() as u128 - 1
    }

    fn cell_ns(&self) -> u128 {
        u128::from(self.cell.as_nanoseconds())
    }
}

/// When messages may be submitted: a part of each day in the recipient's zone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SendWindow {
    /// Local time of day at which it opens.
    pub opens: Span,
    /// Local time of day at which it closes; before `opens` when it is open over midnight.
    pub closes: Span,
    /// Zones of the recipients, with their relative frequencies; at least one.
    pub zones: Vec<(super::super::Zone, u32)>,
    /// What becomes of a message outside of it.
    pub outside: Outside,
    /// Time since Monday, 00:00 UTC, when the run begins.
    pub begins: Span,
}

/// What becomes of a message outside its send window.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outside {
    /// It is held back and submitted when the window opens.
    Hold,
    /// It is never submitted.
    Drop,
}

impl SendWindow {
    /// The first moment from `time` on at which the window is open in a zone.
    pub fn open_from(&self, time: Time, zone: super::super::Zone) -> Time {
        let day = DAY.as_nanoseconds();
        let clock = zone.local(self.begins, time).as_nanoseconds() % day;
        let (opens, closes) = (self.opens.as_nanoseconds(), self.closes.as_nanoseconds());
        let is_open = if opens < closes {
            (opens..closes).contains(&clock)
        } else {
            clock >= opens || clock < closes
        };
        let wait = if is_open { 0 } else { (opens + day - clock) % day };
        time.saturating_add(Span::from_nanoseconds(wait))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hours(hours: u64) -> Span {
        Span::from_seconds(3600 * hours)
    }

    #[test]
    fn working_time_passes_with_the_pattern() {
        // Twelve hours at rate 1, twelve at rate 3, every day: means 0.5 and 1.5.
        let curve = Curve::new(&[1, 3], &[1; 7], Span::ZERO).expect("valid");
        let at = |worked| curve.after(Time::ZERO, worked);
        assert_eq!(at(hours(6)), Time::ZERO + hours(12));
        assert_eq!(at(hours(9)), Time::ZERO + hours(14));
        assert_eq!(at(hours(24 * 7 * 5)), Time::ZERO + hours(24 * 7 * 5));
        assert_eq!(curve.after(Time::ZERO + hours(12), hours(3)), Time::ZERO + hours(14));
        assert_eq!(curve.worked(Time::ZERO + hours(6), Time::ZERO + hours(18)), hours(12));
        assert_eq!(curve.relative_rate(Time::ZERO + hours(13)), 1.5);
        // The same from noon: the fast half comes first.
        let noon = Curve::new(&[1, 3], &[1; 7], hours(12)).expect("valid");
        assert_eq!(noon.after(Time::ZERO, hours(18)), Time::ZERO + hours(12));
    }

    #[test]
    fn nothing_comes_where_the_pattern_is_zero() {
        let weekdays = [1, 1, 1, 1, 1, 0, 0];
        let curve = Curve::new(&[0, 1, 0, 0], &weekdays, Span::ZERO).expect("valid");
        // A week's work of 168 hours in five mornings: 33.6 hours of work a morning of 6 hours.
        assert_eq!(curve.after(Time::ZERO, Span::ZERO), Time::ZERO + hours(6));
        let friday_noon = Time::ZERO + hours(4 * 24 + 12);
        assert_eq!(curve.worked(Time::ZERO, friday_noon), hours(168));
        assert_eq!(curve.after(Time::ZERO, hours(168)), Time::ZERO + hours(7 * 24 + 6));
        assert!(Curve::new(&[0], &[1; 7], Span::ZERO).is_none());
        assert!(Curve::new(&[1; 7], &[1; 7], Span::ZERO).is_none(), "seven do not divide a day");
    }

    proptest! {
        #[test]
        fn after_undoes_worked(
            daily in prop::collection::vec(0_u64..100_000, 24), from in 0..WEEK.as_nanoseconds(),
            span in 0..3 * WEEK.as_nanoseconds(), begins in 0..WEEK.as_nanoseconds(),
        ) {
            prop_assume!(daily.iter().any(|part| *part > 0));
            let weekly = [1, 2, 3, 1, 0, 5, 1];
            let curve = Curve::new(&daily, &weekly, Span::from_nanoseconds(begins)).expect("valid");
            let (from, worked) = (Time::from_nanoseconds(from), Span::from_nanoseconds(span));
            let until = curve.after(from, worked);
            // A nanosecond of real time is at most this much working time; rounding loses less.
            let steepest = daily.iter().max().expect("24") * 5 * 24 * 7;
            let slack = steepest / curve.total() + 2;
            let again = curve.worked(from, until).as_nanoseconds();
            prop_assert!(again <= span && again + slack >= span, "{} {}", again, span);
        }
    }

    #[test]
    fn a_window_holds_back_until_it_opens_in_the_zone() {
        let zone = |hours: i16| super::super::super::Zone::from_minutes(60 * hours).expect("near");
        let window = |opens, closes| SendWindow {
            opens: hours(opens),
            closes: hours(closes),
            zones: vec![(zone(0), 1)],
            outside: Outside::Hold,
            begins: hours(24),
        };
        let at = |hour| Time::ZERO + hours(hour);
        let day = window(8, 21);
        assert_eq!(day.open_from(at(7), zone(0)), at(8));
        assert_eq!(day.open_from(at(8), zone(0)), at(8));
        assert_eq!(day.open_from(at(21), zone(0)), at(32), "it is closed when it closes");
        assert_eq!(day.open_from(at(8), zone(-5)), at(13), "there it is 03:00");
        assert_eq!(day.open_from(at(8), zone(9)), at(8), "there it is 17:00");
        let night = window(21, 6);
        assert_eq!(night.open_from(at(23), zone(0)), at(23));
        assert_eq!(night.open_from(at(5), zone(0)), at(5));
        assert_eq!(night.open_from(at(6), zone(0)), at(21));
        let until_midnight = window(12, 24);
        assert_eq!(until_midnight.open_from(at(23), zone(0)), at(23));
        assert_eq!(until_midnight.open_from(at(24), zone(0)), at(36));
    }
}
