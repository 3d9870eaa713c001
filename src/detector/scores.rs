//! The detector of failure, fluctuation and sparsity.

use super::alerting::{AlertState, Reading};
use super::baseline::{FailureLevel, VolumeLevel};
use super::failure::Found;
use super::fluctuation::{Direction, Fluctuation};
use super::impact::{damped, impact};
use super::recent::{KEPT, Left, Lesson, Recent};
use super::windows::{Attention, Closed, Counts, Judge, Watch};
use super::{
    Account, AlertEvent, AlertKind, Detector, DetectorSettings, Observation, Scores, Severity,
};
use super::{failure, fluctuation, sparsity};
use crate::time::Time;

/// The detector of failure, fluctuation and sparsity: registered as `scores`.
///
/// Every account is judged against its own past when a window ends:
///
/// - **failure** = confidence × size. The confidence is the evidence −log₁₀ p between 4 and 6, scaled
///   to [0, 1], where p is the beta-binomial probability of so many failures among so many outcomes under
///   the account's own rate (prior: 5 %, worth 20 messages). The size is
///   1 + log₁₀(h ÷ ½) ÷ 2 of the share h of outcomes that fail beyond the usual: 0.5 at 5 points,
///   1 from 50.
/// - **fluctuation** = confidence × |seen − usual| ÷ max(seen, usual), up and down, with the negative
///   binomial tail of the account's own over-dispersion; usual is the learnt level or the previous
///   12 windows, whichever is nearer.
/// - **sparsity** = 1 − occupied ÷ (remembered + 24) windows. It damps the fluctuation.
/// - **impact** = 1 − (1 − failure)·(1 − (1 − sparsity)·fluctuation).
///
/// An alert of a kind is raised when what the kind contributes to the impact (the failure score, or the
/// damped fluctuation in its direction) reaches [`DetectorSettings::raise_at`], and cleared after
/// three windows in a row below [`DetectorSettings::clear_at`]. An alert that has been on for 288
/// windows is cleared and its level becomes the account's usual: what lasts a day is the new normal.
pub struct ScoresDetector {
    watch: Watch<ScoresJudge>,
}

/// A score that can be switched off, to show what it is good for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// Failures are never abnormal.
    Failure,
    /// Volumes are never abnormal.
    Fluctuation,
    /// Every account's past is taken at face value.
    Sparsity,
}

impl ScoresDetector {
    /// A detector with all its parts.
    pub fn new(settings: DetectorSettings) -> Self {
        Self::without(settings, &[])
    }

    /// A detector with the parts named switched off.
    pub fn without(settings: DetectorSettings, parts: &[Part]) -> Self {
        let judge = ScoresJudge {
            settings,
            failure: !parts.contains(&Part::Failure),
            fluctuation: !parts.contains(&Part::Fluctuation),
            sparsity: !parts.contains(&Part::Sparsity),
        };
        ScoresDetector { watch: Watch::new(judge, settings.window) }
    }
}

impl Detector for ScoresDetector {
    fn observe(&mut self, now: Time, account: Account, seen: Observation) {
        self.watch.observe(now, account, seen);
    }

    fn tick(&mut self, now: Time, report: &mut dyn FnMut(AlertEvent)) {
        self.watch.tick(now, report);
    }

    fn next_tick(&self) -> Time {
        self.watch.next_tick()
    }
}

/// Windows after which the level of an alert becomes the account's usual.
const ADOPTED_AFTER: u32 = 288;

/// A window is learnt as at most this many times the mean of those that follow it, so that one
/// campaign does not make an account look bursty for days.
const LEARNT_AT_MOST: f64 = 12.0;

struct ScoresJudge {
    settings: DetectorSettings,
    failure: bool,
    fluctuation: bool,
    sparsity: bool,
}

/// Everything remembered of an account.
pub(super) struct Memory {
    recent: Recent,
    failures: FailureLevel,
    volume: VolumeLevel,
    /// By kind.
    alerts: [AlertState; 3],
    /// Messages a window that were usual when a volume alert was raised: up, down.
    usual: [f64; 2],
}

/// What one kind of alert sees in a window.
#[derive(Clone, Copy, Default)]
struct Sighting {
    found: Found,
    /// How many windows ago it began.
    age: usize,
    usual: f64,
}

impl Judge for ScoresJudge {
    type State = Memory;

    fn begin(&self, window: u64) -> Memory {
        Memory {
            recent: Recent::beginning_at(window),
            failures: FailureLevel::default(),
            volume: VolumeLevel::default(),
            alerts: [AlertState::NEW; 3],
            usual: [0.0; 2],
        }
    }

    fn judge(
        &self,
        seen: &Closed,
        memory: &mut Memory,
        report: &mut dyn FnMut(AlertEvent),
    ) -> Attention {
        memory.catch_up(seen);
        let sightings = AlertKind::ALL.map(|kind| self.look(kind, seen, memory));
        let [failure, up, down] = sightings.map(|sighting| sighting.found.score);
        let sparsity = if self.sparsity { sparsity::score(&memory.volume) } else { 0.0 };
        let fluctuation = up.max(down);
        let impact = impact(failure, fluctuation, sparsity);
        let scores = Scores { failure, fluctuation, sparsity, impact };

        for (kind, sighting) in AlertKind::ALL.into_iter().zip(sightings) {
            let reading = Reading {
                end: seen.end(),
                contribution: match kind {
                    AlertKind::Failure => failure,
                    AlertKind::VolumeUp => damped(up, sparsity),
                    AlertKind::VolumeDown => damped(down, sparsity),
                },
                severity: Severity::of_impact(impact),
                since: seen.start_of(seen.window.saturating_sub(sighting.age as u64)),
            };
            if let Some(turn) = self.decide(kind, &reading, sighting, memory) {
                let (change, severity, since) = (turn.change, turn.severity, turn.since);
                let account = seen.account;
                report(AlertEvent { account, kind, severity, change, scores, since });
            }
        }

        let may_fall = self.fluctuation && 1.0 - sparsity >= self.settings.raise_at;
        let alerting = memory.alerts.iter().any(AlertState::is_raised);
        if alerting || may_fall || !seen.counts.is_empty() {
            Attention::Awake
        } else {
            Attention::Asleep
        }
    }
}

impl ScoresJudge {
    fn look(&self, kind: AlertKind, seen: &Closed, memory: &Memory) -> Sighting {
        let on = match kind {
            AlertKind::Failure => self.failure,
            AlertKind::VolumeUp | AlertKind::VolumeDown => self.fluctuation,
        };
        if !on {
            return Sighting::default();
        }
        let recent = &memory.recent;
        // Windows that no alert has told of yet; `None` while one is on.
        let fresh = memory.alerts[kind as usize].cleared().map(|cleared| {
            let fresh = seen.end().since(cleared).as_nanoseconds() / seen.width.as_nanoseconds();
            fresh.min(KEPT as u64) as usize
        });
        let direction = match kind {
            AlertKind::Failure => {
                let usual = memory.failures.belief();
                let Some(fresh) = fresh else {
                    let found = Found { score: failure::goes_on(recent, usual), windows: 1 };
                    return Sighting { found, ..Sighting::default() };
                };
                let found = failure::begins(recent, usual, fresh);
                let age = failure::first_abnormal(recent, usual, found.windows);
                return Sighting { found, age, usual: 0.0 };
            }
            AlertKind::VolumeUp => Direction::Up,
            AlertKind::VolumeDown => Direction::Down,
        };
        let Some(fresh) = fresh else {
            let usual = memory.usual[direction as usize];
            let score = fluctuation::goes_on(recent, usual, direction);
            return Sighting { found: Found { score, windows: 1 }, age: 0, usual };
        };
        let Fluctuation { found, usual } =
            fluctuation::begins(recent, &memory.volume, direction, fresh);
        let age = fluctuation::first_abnormal(recent, usual, found.windows, direction);
        Sighting { found, age, usual }
    }

    fn decide(
        &self,
        kind: AlertKind,
        reading: &Reading,
        sighting: Sighting,
        memory: &mut Memory,
    ) -> Option<super::alerting::Turn> {
        let lesson = match kind {
            AlertKind::Failure => Lesson::Failures,
            AlertKind::VolumeUp | AlertKind::VolumeDown => Lesson::Volume,
        };
        let alert = &mut memory.alerts[kind as usize];
        let was_raised = alert.is_raised();
        let turn = alert.update(reading, &self.settings);
        if was_raised || reading.contribution >= self.settings.raise_at {
            memory.recent.mark_abnormal(lesson, sighting.found.windows);
        }
        if !was_raised && alert.is_raised() {
            match kind {
                AlertKind::Failure => {}
                AlertKind::VolumeUp => memory.usual[0] = sighting.usual,
                AlertKind::VolumeDown => memory.usual[1] = sighting.usual,
            }
        }
        if alert.windows() >= ADOPTED_AFTER {
            let cleared = alert.clear(reading.end, &self.settings);
            memory.adopt(lesson);
            return cleared;
        }
        turn
    }
}

impl Memory {
    /// Takes in the window that ended, and before it those the account slept through.
    fn catch_up(&mut self, seen: &Closed) {
        let missed = seen.window.saturating_sub(self.recent.next());
        for _ in 0..missed.min(KEPT as u64) {
            self.push(Counts::default());
        }
        if missed > KEPT as u64 {
            self.volume.learn_silence(missed - KEPT as u64);
            self.recent.skip(missed - KEPT as u64);
        }
        self.push(seen.counts);
    }

    fn push(&mut self, counts: Counts) {
        if let Some(left) = self.recent.push(counts) {
            self.learn(left);
        }
    }

    fn learn(&mut self, left: Left) {
        let Counts { submitted, succeeded, failed } = left.counts;
        if left.failures_ordinary {
            self.failures.learn(failed, succeeded);
        }
        if left.volume_ordinary {
            let (following, windows) = self.recent.ordinary_volume(0, KEPT);
            let mean = following as f64 / windows.max(1) as f64;
            self.volume.learn(f64::from(submitted).min(LEARNT_AT_MOST * (mean + 1.0)));
        }
    }

    /// Forgets what was usual and takes the recent windows for it.
    fn adopt(&mut self, lesson: Lesson) {
        match lesson {
            Lesson::Failures => {
                self.failures = FailureLevel::default();
                self.recent.iter().for_each(|counts| {
                    self.failures.learn(counts.failed, counts.succeeded);
                });
            }
            Lesson::Volume => {
                self.volume = VolumeLevel::default();
                self.recent.iter().for_each(|counts| {
                    self.volume.learn(f64::from(counts.submitted));
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_takes_at_most_512_bytes() {
        assert!(size_of::<Memory>() + 16 <= 512, "{}", size_of::<Memory>());
    }
}
