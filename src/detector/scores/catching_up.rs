//! Windows enter an account's memory: those that were seen, and those that it slept through.

use super::super::baseline::Young;
use super::super::evidence::{MOST, RISES, Usual};
use super::super::recent::{KEPT, Left, Lesson};
use super::super::season::{DAY_S, Phase};
use super::super::windows::{Closed, Tally};
use super::kind::Kind;
use super::memory::Memory;

/// A window is learnt as at most this many times the mean of those that follow it, so that one
/// campaign does not make an account look bursty for days.
const LEARNT_AT_MOST: f64 = 12.0;
/// How much of a sleep is learnt hour by hour: of what is older, the volume's day remembers nothing, and the
/// hours of the season about a third.
const SLEEP_LEARNT_S: u64 = 7 * DAY_S;

impl Memory {
    /// Takes in the window that ended, and before it those the account slept through.
    ///
    /// An account that hardly sends is judged in the windows in which it does. What it is believed to
    /// send has to come from all windows, and so has the evidence that it sends more than that.
    pub(super) fn catch_up(&mut self, seen: &Closed, young: &mut Young) {
        let width_s = (seen.width.as_nanoseconds() / 1_000_000_000).max(1);
        let slept_from = self.recent.next();
        let missed = seen.window.saturating_sub(slept_from);
        self.subside(Slept { first: slept_from, windows: missed, width_s });
        for _ in 0..missed.min(KEPT as u64) {
            self.push(Tally::default(), width_s, seen, young);
        }
        if missed > KEPT as u64 {
            // What is kept is silence now, and so is what leaves it.
            let first = self.recent.next() - KEPT as u64;
            let slept = Slept { first, windows: missed - KEPT as u64, width_s };
            let is_excused = |window| self.is_excused_from(Kind::Up, seen.start_of(window));
            self.learn_silence(slept.after(is_excused));
            self.recent.skip(missed - KEPT as u64);
        }
        if seen.counts.submitted > 0 {
            self.is_detached = false;
        }
        self.push(seen.counts, width_s, seen, young);
    }

    fn push(&mut self, counts: Tally, width_s: u64, seen: &Closed, young: &mut Young) {
        let leaving = self.recent.next().saturating_sub(KEPT as u64);
        let is_excused = self.is_excused_from(Kind::Up, seen.start_of(self.recent.next()));
        if let Some(left) = self.recent.push(counts) {
            let phase = Phase::of(leaving.saturating_mul(width_s), width_s);
            self.learn(left, phase, young);
        }
        if is_excused {
            self.recent.mark_abnormal(Lesson::Volume, 1);
        }
    }

    fn learn(&mut self, left: Left, phase: Phase, young: &mut Young) {
        let Tally { submitted, succeeded, failed, .. } = left.counts;
        if left.failures_ordinary {
            if left.counts.outcomes() > 0 {
                let late = left.counts.late_rate();
                young.learn(&self.failures, left.counts.failure_rate(), late);
            }
            self.failures.learn(failed, succeeded);
            let late = left.counts.late();
            self.late.learn(late, left.counts.dispatched - late);
        }
        if left.volume_ordinary {
            let (following, windows) = self.recent.ordinary_volume(0, KEPT);
            let mean = following as f64 / windows.max(1) as f64;
            let bounded = f64::from(submitted).min(LEARNT_AT_MOST * (mean + 1.0));
            let dispersion = self.volume.dispersion();
            let expected = self.season.expected(phase, dispersion);
            self.volume.learn(bounded, expected.map(|expected| expected.mean));
            self.season.learn(bounded, phase, dispersion);
        }
        if phase.ends_day() {
            self.season.end_day(phase, self.volume.dispersion());
        }
    }

    /// Learns windows without a message, which are ordinary.
    fn learn_silence(&mut self, slept: Slept) {
        let learnt = slept.newest(SLEEP_LEARNT_S / slept.width_s);
        self.volume.learn_silence(slept.windows - learnt.windows, None);
        for hour in learnt.hours() {
            let dispersion = self.volume.dispersion();
            let expected = self.season.expected(hour.phase(), dispersion);
            self.volume.learn_silence(hour.windows, expected.map(|expected| expected.mean));
            for phase in hour.phases() {
                self.season.learn(0.0, phase, dispersion);
                if phase.ends_day() {
                    self.season.end_day(phase, dispersion);
                }
            }
        }
    }

    /// Lets windows without a message speak against a rise.
    fn subside(&mut self, slept: Slept) {
        for hour in slept.newest(SLEEP_LEARNT_S / slept.width_s).hours() {
            if self.nats(Kind::Up) == 0.0 {
                return;
            }
            let dispersion = self.volume.dispersion();
            let expected = self.season.expected(hour.phase(), dispersion);
            let Some(mean) = self.usual_volume(Kind::Up, expected) else { continue };
            let usual =
                Usual { mean: mean * self.margin(Kind::Up), dispersion, most_at_once: MOST };
            self.moved[0].take_silence(hour.windows, usual, &RISES);
            for window in hour.first..hour.first + hour.windows {
                self.account(Kind::Up, window, mean, 0.0, mean);
            }
        }
    }
}

/// Windows in a row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Slept {
    first: u64,
    windows: u64,
    width_s: u64,
}

impl Slept {
    /// At most so many of them, the newest.
    fn newest(self, at_most: u64) -> Slept {
        let windows = self.windows.min(at_most);
        Slept { first: self.first + (self.windows - windows), windows, ..self }
    }

    /// Those from the first on of which this is not so; once it is not, it never is again.
    fn after(self, is_so: impl Fn(u64) -> bool) -> Slept {
        let (mut from, mut to) = (self.first, self.first + self.windows);
        let end = to;
        while from < to {
            let middle = from + (to - from) / 2;
            if is_so(middle) { from = middle + 1 } else { to = middle }
        }
        Slept { first: from, windows: end - from, ..self }
    }

    /// The same windows by hours of the clock.
    fn hours(self) -> impl Iterator<Item = Slept> {
        let mut left = self;
        core::iter::from_fn(move || {
            let to_next_hour_s = 3_600 - left.first.saturating_mul(left.width_s) % 3_600;
            let windows = to_next_hour_s.div_ceil(left.width_s).min(left.windows);
            let hour = Slept { windows, ..left };
            left = Slept { first: left.first + windows, windows: left.windows - windows, ..left };
            (windows > 0).then_some(hour)
        })
    }

    fn phase(self) -> Phase {
        Phase::of(self.first.saturating_mul(self.width_s), self.width_s)
    }

    fn phases(self) -> impl Iterator<Item = Phase> {
        (self.first..self.first + self.windows)
            .map(move |window| Phase::of(window.saturating_mul(self.width_s), self.width_s))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detector::{Account, ErrorClass, Notice};
    use crate::time::Span;
    use crate::units::{DestinationId, TenantId};

    fn closed(window: u64, submitted: u32) -> Closed {
        let account = Account { tenant: TenantId(0), destination: DestinationId(0) };
        let counts = Tally { submitted, ..Tally::default() };
        let classes = [0; ErrorClass::ALL.len()];
        Closed { account, window, width: Span::from_seconds(300), counts, classes }
    }

    /// An account that sends in every window that `sends` says, told of those alone or of all.
    fn account(windows: u64, sends: impl Fn(u64) -> bool, is_awake: bool) -> Memory {
        let mut memory = Memory::beginning_at(0);
        let mut young = Young::default();
        for window in 0..windows {
            let submitted = u32::from(sends(window));
            if is_awake || submitted > 0 {
                memory.catch_up(&closed(window, submitted), &mut young);
            }
        }
        memory
    }

    #[test]
    fn an_account_learns_asleep_what_it_would_have_learnt_awake() {
        // Twice a day, in the morning, with a weekend: gaps longer and shorter than what is kept.
        let sends = |window: u64| window % 288 == 100 || window % 288 == 104;
        let sends = |window: u64| sends(window) && window / 288 % 7 < 5;
        let end = 18 * 288 + 105;
        let [awake, asleep] = [true, false].map(|is_awake| account(end, sends, is_awake));
        let close = |one: f64, other: f64| (one - other).abs() <= 0.02 * one.abs();
        for hour in 0..24 {
            let phase = Phase::of(19 * 86_400 + hour * 3_600, 300);
            let [one, other] = [&awake, &asleep]
                .map(|memory| memory.season.expected(phase, 0.01).expect("a week is known"));
            assert!(close(one.mean, other.mean), "{hour}: {one:?} {other:?}");
            assert!(close(one.windows, other.windows), "{hour}: {one:?} {other:?}");
        }
        let [one, other] = [&awake, &asleep].map(Memory::volume);
        assert!(close(one.messages(), other.messages()), "{one:?} {other:?}");
        assert!(close(one.windows(), other.windows()), "{one:?} {other:?}");
        assert!(close(one.dispersion(), other.dispersion()), "{one:?} {other:?}");
    }

    #[test]
    fn what_is_usual_is_believed_to_within_its_error() {
        let memory = account(14 * 288, |window| window.is_multiple_of(10), true);
        let expected = memory.season.expected(Phase::of(14 * 86_400, 300), 0.01);
        let usual = |kind| memory.usual_volume(kind, expected).expect("a week is known");
        // A tenth a window, known as well as that of 2,016 windows: 1.6·√(0.1 ÷ 2,016) is 0.011.
        assert!((usual(Kind::Up) - 0.111).abs() < 0.004, "{}", usual(Kind::Up));
        assert!((usual(Kind::Down) - 0.089).abs() < 0.004, "{}", usual(Kind::Down));
    }

    #[test]
    fn silence_speaks_against_a_rise_as_if_each_window_had_been_judged() {
        let sends = |window: u64| window.is_multiple_of(50);
        let mut memory = account(14 * 288, sends, false);
        let next = memory.recent.next();
        let usual = Usual { mean: 0.02, dispersion: 0.01, most_at_once: MOST };
        (0..20).for_each(|_| memory.moved[0].take(1, usual, &RISES, MOST));
        let before = memory.nats(Kind::Up);
        let mut judged = memory.clone();
        memory.subside(Slept { first: next, windows: 120, width_s: 300 });
        for window in next..next + 120 {
            let phase = Phase::of(window * 300, 300);
            judged.weigh(&closed(window, 0), phase, (0.05, 0.05));
        }
        let [one, other] = [&memory, &judged].map(|memory| memory.nats(Kind::Up));
        assert!(before - one > 1.0 && (one - other).abs() < 0.02 * (before - one), "{one} {other}");
        memory.subside(Slept { first: next, windows: 20_000, width_s: 300 });
        assert_eq!(memory.nats(Kind::Up), 0.0);
    }

    #[test]
    fn what_a_notice_excuses_is_not_learnt_asleep_either() {
        let sends = |window: u64| window.is_multiple_of(100);
        let until = |window: u64| crate::time::Time::from_seconds(300 * window);
        let remembered_after = |windows: u64| {
            let mut memory = account(7 * 288, sends, false);
            let notice = Notice::Maintenance { until: until(8 * 288) };
            memory.notice(until(7 * 288), 7 * 288, notice);
            memory.catch_up(&closed(7 * 288 + windows, 1), &mut Young::default());
            memory.volume().messages()
        };
        // Silence that is learnt makes forget: none of the day of the maintenance, 300 windows after it.
        let excused = remembered_after(280);
        assert!(excused > 3.0 && remembered_after(200) == excused, "{excused}");
        let share = remembered_after(600) / excused;
        assert!((share - 0.353).abs() < 0.01, "{share}");
    }

    #[test]
    fn the_hours_of_a_stretch_are_all_its_windows_in_order() {
        for width_s in [60, 300, 420, 3_600, 90_000] {
            let stretch = Slept { first: 7, windows: 1_000, width_s };
            let mut next = stretch.first;
            for hour in stretch.hours() {
                assert_eq!(hour.first, next);
                assert!((hour.windows - 1) * width_s < 3_600);
                next += hour.windows;
            }
            assert_eq!(next, 1_007);
        }
        let newest = Slept { first: 7, windows: 1_000, width_s: 300 }.newest(10);
        assert_eq!((newest.first, newest.windows), (997, 10));
        assert_eq!(newest.after(|window| window < 1_000), newest.newest(7));
        assert_eq!((newest.after(|_| true).windows, newest.after(|_| false)), (0, newest));
    }
}
