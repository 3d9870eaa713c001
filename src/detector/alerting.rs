//! From scores to alerts: hysteresis, one alert an episode, quiet after it.

use super::{AlertChange, DetectorSettings, Severity};
use crate::time::Time;

/// Windows in a row below `clear_at` that end an alert. What flaps from window to window is one
/// episode.
const CALM_WINDOWS: u8 = 3;

/// The alert of one account and kind. A million accounts keep four of them each, so times are kept in whole
/// seconds since time zero, which last for 136 years.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum AlertState {
    /// Nothing is reported, and nothing new before this.
    Silent { quiet_until_s: u32 },
    /// An alert is on.
    Raised { since_s: u32, worst: Severity, calm: u8, windows: u32 },
}

/// What a window shows of one kind of alert.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Reading {
    /// When the window ended.
    pub(super) end: Time,
    /// What the kind contributes to the impact.
    pub(super) contribution: f64,
    /// How bad all is together.
    pub(super) severity: Severity,
    /// Start of the first abnormal window, should an alert begin.
    pub(super) since: Time,
}

/// An alert that begins or ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Turn {
    pub(super) change: AlertChange,
    /// At the beginning how bad it is, at the end how bad it was.
    pub(super) severity: Severity,
    pub(super) since: Time,
}

impl AlertState {
    /// Nothing reported yet.
    pub(super) const NEW: AlertState = AlertState::Silent { quiet_until_s: 0 };

    /// Whether an alert is on.
    pub(super) fn is_raised(&self) -> bool {
        matches!(self, AlertState::Raised { .. })
    }

    /// For how many windows the alert has been on, 0 if none is.
    pub(super) fn windows(&self) -> u32 {
        match self {
            AlertState::Silent { .. } => 0,
            AlertState::Raised { windows, .. } => *windows,
        }
    }

    /// Takes a window into account.
    pub(super) fn update(
        &mut self,
        reading: &Reading,
        settings: &DetectorSettings,
    ) -> Option<Turn> {
        match self {
            AlertState::Silent { quiet_until_s } => {
                let is_quiet = reading.end < Time::from_seconds((*quiet_until_s).into());
                if reading.contribution < settings.raise_at || is_quiet {
                    return None;
                }
                let Reading { since, severity, .. } = *reading;
                let since_s = whole_seconds(since.as_nanoseconds() / SECOND);
                *self = AlertState::Raised { since_s, worst: severity, calm: 0, windows: 0 };
                // The end names the same beginning, so both are told to the second.
                let since = Time::from_seconds(since_s.into());
                Some(Turn { change: AlertChange::Raised, severity, since })
            }
            AlertState::Raised { worst, calm, windows, .. } => {
                *windows = windows.saturating_add(1);
                *worst = (*worst).max(reading.severity);
                *calm = if reading.contribution < settings.clear_at { *calm + 1 } else { 0 };
                if *calm < CALM_WINDOWS { None } else { self.clear(reading.end, settings) }
            }
        }
    }

    /// Ends the alert, if one is on.
    pub(super) fn clear(&mut self, now: Time, settings: &DetectorSettings) -> Option<Turn> {
        let AlertState::Raised { since_s, worst, .. } = *self else { return None };
        let quiet_until = now.saturating_add(settings.quiet);
        let quiet_until_s = whole_seconds(quiet_until.as_nanoseconds().div_ceil(SECOND));
        *self = AlertState::Silent { quiet_until_s };
        let since = Time::from_seconds(since_s.into());
        Some(Turn { change: AlertChange::Cleared, severity: worst, since })
    }
}

/// Nanoseconds of a second.
const SECOND: u64 = 1_000_000_000;

fn whole_seconds(seconds: u64) -> u32 {
    u32::try_from(seconds).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use alloc::vec::Vec;

    use super::*;

    const MINUTE: u64 = 60;

    /// Windows of 5 minutes with these contributions: when which change came.
    fn turns(contributions: &[f64]) -> Vec<(u64, AlertChange)> {
        let mut state = AlertState::NEW;
        let mut turns = Vec::new();
        for (window, &contribution) in contributions.iter().enumerate() {
            let minutes = 5 * (window as u64 + 1);
            let reading = Reading {
                end: Time::from_seconds(minutes * MINUTE),
                contribution,
                severity: Severity::of_impact(contribution),
                since: Time::from_seconds((minutes - 5) * MINUTE),
            };
            if let Some(turn) = state.update(&reading, &DetectorSettings::STANDARD) {
                turns.push((minutes, turn.change));
            }
        }
        turns
    }

    #[test]
    fn an_episode_is_one_alert() {
        let episode = [0.49, 0.5, 0.4, 0.31, 0.9, 0.29, 0.29, 0.3, 0.2, 0.2, 0.2, 0.0];
        assert_eq!(turns(&episode), [(10, AlertChange::Raised), (55, AlertChange::Cleared)]);
    }

    #[test]
    fn what_comes_back_in_the_quiet_hour_is_reported_when_it_is_over() {
        let mut contributions = vec![0.9, 0.0, 0.0, 0.0];
        contributions.resize(30, 0.9);
        // Cleared at 20 minutes, so nothing is said before minute 80.
        assert_eq!(
            turns(&contributions),
            [(5, AlertChange::Raised), (20, AlertChange::Cleared), (80, AlertChange::Raised)]
        );
    }

    #[test]
    fn the_end_names_the_beginning_and_the_worst() {
        let settings = DetectorSettings::STANDARD;
        let mut state = AlertState::NEW;
        let begin = Reading {
            end: Time::from_seconds(300),
            contribution: 0.6,
            severity: Severity::Low,
            since: Time::from_nanoseconds(7_900_000_000),
        };
        let raised = state.update(&begin, &settings).expect("it is enough");
        assert_eq!(raised.since, Time::from_seconds(7));
        let worse = Reading { severity: Severity::High, since: Time::from_seconds(300), ..begin };
        assert_eq!(state.update(&worse, &settings), None);
        let end = state.clear(Time::from_seconds(900), &settings).expect("raised");
        assert_eq!((end.severity, end.since), (Severity::High, Time::from_seconds(7)));
        assert_eq!(state, AlertState::Silent { quiet_until_s: 4_500 });
    }
}
