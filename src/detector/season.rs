//! What volume is usual at this time of the day and of the week.

mod day;

use day::{Day, HOURS};

use super::brief::Brief;

const DAYS: usize = 7;
/// Seconds of an hour of the day that its mean remembers: a week.
const MEMORY_S: f64 = 7.0 * 3_600.0;
/// By what share of itself a day's volume differs from what its day of the week has, beyond chance.
const DAYS_DIFFER_BY: f64 = 0.12;
/// Seconds of a day.
pub(super) const DAY_S: u64 = 86_400;

/// Means by hour of the day, and how much of them each day of the week has.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Season {
    /// Messages a window.
    hours: [Brief; HOURS],
    /// Relative to the average of the hours; 1 until the day was seen to differ by more than chance.
    days: [Brief; DAYS],
    /// Seen and expected of the day that is being learnt, and which day of the week that is: what is
    /// judged is an hour ahead of what is learnt.
    today: (f32, f32),
    today_is: u8,
    /// Time learnt.
    learnt_s: u32,
}

impl Default for Season {
    fn default() -> Self {
        Season {
            hours: [Brief::default(); HOURS],
            days: [Brief::new(1.0); DAYS],
            today: (0.0, 0.0),
            today_is: 0,
            learnt_s: 0,
        }
    }
}

/// What a window is expected to bring.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Expected {
    /// Messages.
    pub(super) mean: f64,
    /// The mean is known as well as that of so many windows.
    pub(super) windows: f64,
}

/// A time within day and week.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Phase {
    pub(super) hour: usize,
    pub(super) day: usize,
    start_s: u64,
    width_s: u32,
}

impl Phase {
    /// Of the window that starts at `start_s` and lasts `width_s`.
    pub(super) fn of(start_s: u64, width_s: u64) -> Phase {
        Phase {
            hour: (start_s / 3_600 % 24) as usize,
            day: (start_s / 86_400 % 7) as usize,
            start_s,
            width_s: width_s.max(1) as u32,
        }
    }

    /// Seconds of the window.
    pub(super) fn width_s(&self) -> u64 {
        self.width_s.into()
    }

    /// Whether the day ends with it.
    pub(super) fn ends_day(&self) -> bool {
        self.start_s / 86_400 != (self.start_s + u64::from(self.width_s)) / 86_400
    }

    fn is_first_of_hour(&self) -> bool {
        self.start_s % 3_600 < u64::from(self.width_s)
    }
}

impl Season {
    /// Learns an ordinary window of an account whose volume is so over-dispersed.
    pub(super) fn learn(&mut self, submitted: f64, phase: Phase, dispersion: f64) {
        let (mean, value) = (self.hours[phase.hour].get(), submitted as f32);
        // What the day explains is not the hour's; a day all but silent says nothing of its hours.
        let of_hour = value / (self.factor(phase, dispersion) as f32).max(0.2);
        if u64::from(self.learnt_s) >= DAY_S {
            self.today_is = phase.day as u8;
            self.today = (self.today.0 + value, self.today.1 + mean);
            let weight = 1.0 / self.windows_of_an_hour(phase) as f32;
            self.hours[phase.hour] = Brief::new(mean + (of_hour - mean) * weight);
        } else if phase.is_first_of_hour() {
            self.hours[phase.hour] = Brief::new(of_hour);
        } else {
            let weight = (phase.width_s as f32 / 3_600.0).min(1.0);
            self.hours[phase.hour] = Brief::new(mean + (of_hour - mean) * weight);
        }
        self.learnt_s = self.learnt_s.saturating_add(phase.width_s);
    }

    /// Ends a day: how much of the hours' means it had is how much its day of the week has, as far as chance
    /// does not explain it.
    pub(super) fn end_day(&mut self, phase: Phase, dispersion: f64) {
        let (seen, expected) = core::mem::take(&mut self.today);
        if expected > 5.0 {
            let day = &mut self.days[phase.day];
            let known = day.get();
            // The hours were measured with the day taken out, so this is relative to an average day.
            let off = (seen / expected).clamp(0.05, 4.0) - known;
            let windows = DAY_S as f32 / phase.width_s as f32;
            let chance = 1.0 / expected + dispersion as f32 / windows;
            let believed = if off * off > chance { off - chance / off } else { 0.0 };
            let is_first = known == 1.0;
            *day = Brief::new(known + believed * if is_first { 1.0 } else { 0.5 });
        }
    }

    /// What is expected of a window of an account whose volume is so over-dispersed, once a day and a half
    /// is known.
    pub(super) fn expected(&self, phase: Phase, dispersion: f64) -> Option<Expected> {
        if u64::from(self.learnt_s) < DAY_S + DAY_S / 2 {
            return None;
        }
        let windows = self.windows_of_an_hour(phase);
        let least = 1.0 / (HOURS as f64 * windows);
        // A count has its mean for a variance, and what bursts add; of nothing seen one may have been missed.
        let noise = |mean: f64| mean.max(least) * (1.0 + dispersion * mean) / windows;
        let day = Day::new(self.hours.map(|mean| mean.get().into()), noise);
        // From the middle of an hour to that of the next the mean changes steadily.
        let middle_s = phase.start_s % 3_600 + u64::from(phase.width_s) / 2;
        let offset = middle_s.min(3_600) as f64 / 3_600.0 - 0.5;
        let neighbour = (phase.hour + if offset < 0.0 { HOURS - 1 } else { 1 }) % HOURS;
        let here = day.of(phase.hour);
        let mean = here + (day.of(neighbour) - here) * offset.abs();
        Some(Expected {
            mean: mean * self.factor(phase, dispersion),
            windows: windows / day.variance_left(),
        })
    }

    /// How much of the hours' means today has: what its day of the week had, corrected by what was seen
    /// of it so far. All former weeks weigh as much as three hours of it, or as much of it as it takes to
    /// tell a day that differs from chance.
    fn factor(&self, phase: Phase, dispersion: f64) -> f64 {
        let prior = f64::from(self.days[phase.day].get());
        if usize::from(self.today_is) != phase.day {
            return prior;
        }
        let (seen, expected) = (f64::from(self.today.0), f64::from(self.today.1));
        let mean = f64::from(self.hours[phase.hour].get());
        let three_hours = mean * 3.0 * 3_600.0 / f64::from(phase.width_s);
        let telling = (1.0 + dispersion * mean) / (DAYS_DIFFER_BY * DAYS_DIFFER_BY);
        let weight = three_hours.max(telling);
        ((seen + weight * prior) / (expected + weight)).clamp(0.05, 4.0)
    }

    /// How many windows an hour's mean is made of: a week's once they were seen.
    fn windows_of_an_hour(&self, phase: Phase) -> f64 {
        let seen_s = f64::from(self.learnt_s) / HOURS as f64;
        (MEMORY_S.min(seen_s) / f64::from(phase.width_s)).max(1.0)
    }

    /// Whether a whole week was seen, so that a quiet weekend is no news.
    pub(super) fn knows_the_week(&self) -> bool {
        u64::from(self.learnt_s) >= 7 * DAY_S
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Learns days of windows whose volume depends on hour and day.
    fn learnt(days: u64, volume: impl Fn(usize, usize) -> f64) -> Season {
        let mut season = Season::default();
        for window in 0..days * 288 {
            let phase = Phase::of(window * 300, 300);
            season.learn(volume(phase.hour, phase.day), phase, 0.01);
            if phase.ends_day() {
                season.end_day(phase, 0.01);
            }
        }
        season
    }

    #[test]
    fn hours_are_told_apart_after_a_day_and_a_half() {
        let by_hour = |hour: usize, _| if hour < 6 { 5.0 } else { 50.0 };
        assert_eq!(learnt(1, by_hour).expected(Phase::of(0, 300), 0.01), None);
        let season = learnt(3, by_hour);
        let at =
            |hour: u64| season.expected(Phase::of(hour * 3_600, 300), 0.01).expect("known").mean;
        assert!((at(3) - 5.0).abs() < 0.2 && (at(12) - 50.0).abs() < 1.0, "{} {}", at(3), at(12));
        assert!(!season.knows_the_week());
    }

    #[test]
    fn the_first_hour_of_a_day_is_expected_as_that_day_and_not_as_the_one_before() {
        let volume = |_, day| if day >= 5 { 15.0 } else { 50.0 };
        let mut season = learnt(18, volume);
        // Friday has been learnt up to eleven in the evening when Saturday begins.
        for window in 18 * 288..19 * 288 - 12 {
            season.learn(50.0, Phase::of(window * 300, 300), 0.01);
        }
        let at = season.expected(Phase::of(19 * 86_400, 300), 0.01).expect("known").mean;
        assert!((12.0..22.0).contains(&at), "{at}");
    }

    #[test]
    fn between_the_middles_of_two_hours_the_mean_changes_steadily() {
        let season = learnt(7, |hour, _| 10.0 * (1 + hour % 2) as f64);
        let at = |second: u64| season.expected(Phase::of(second, 300), 0.01).expect("known").mean;
        let [first, edge, second] = [at(1_650), at(3_450), at(5_250)];
        assert!(
            first < edge && edge < second && (edge - 15.0).abs() < 1.0,
            "{first} {edge} {second}"
        );
    }

    #[test]
    fn a_day_of_the_week_that_chance_explains_is_like_the_others() {
        // A fifth more of 20 messages is within the square root of 20, of 4,000 it is not.
        let thursdays = |a_day: f64| {
            let a_window = a_day / 288.0;
            let season = learnt(28, |_, day| if day == 3 { 1.2 * a_window } else { a_window });
            season.days[3].get()
        };
        assert_eq!(thursdays(20.0), 1.0);
        assert!((1.1..1.25).contains(&thursdays(4_000.0)), "{}", thursdays(4_000.0));
    }

    #[test]
    fn a_quiet_weekend_is_expected_after_a_few_weeks() {
        let season = learnt(21, |_, day| if day >= 5 { 15.0 } else { 50.0 });
        assert!(season.knows_the_week());
        let at =
            |day: u64| season.expected(Phase::of(day * 86_400, 300), 0.01).expect("known").mean;
        assert!((12.0..22.0).contains(&at(5)), "{}", at(5));
        assert!((40.0..62.0).contains(&at(2)), "{}", at(2));
    }
}
