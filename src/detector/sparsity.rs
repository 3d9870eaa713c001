//! The sparsity score: how little the account's earlier traffic can say about its volume.

use super::baseline::VolumeLevel;

/// Windows that a history must have to be half believed …
const WINDOWS: f64 = 24.0;
/// … and messages.
const MESSAGES: f64 = 12.0;

/// The larger of 24 ÷ (24 + windows) and 12 ÷ (12 + messages), both as remembered: older ones count less,
/// a day's worth is remembered.
///
/// A new account scores 1, one with two hours of history 0.5, with a day of it 0.08 if it was busy; one
/// that sends fewer than twelve messages a day never falls below 0.5. So a beginning, a first campaign and
/// the habits of an account that hardly sends are no news, while the silence of an account that never
/// was silent is.
pub(super) fn score(volume: &VolumeLevel) -> f64 {
    let part = |enough: f64, remembered: f64| enough / (enough + remembered);
    part(WINDOWS, volume.windows()).max(part(MESSAGES, volume.messages()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_falls_with_history_of_both_kinds() {
        let mut volume = VolumeLevel::default();
        assert_eq!(score(&volume), 1.0);
        (0..24).for_each(|_| volume.learn(3.0, None));
        assert!((score(&volume) - 0.5).abs() < 0.02);
        (0..3_000).for_each(|_| volume.learn(3.0, None));
        assert!((score(&volume) - 24.0 / 312.0).abs() < 1e-3);
        (0..3_000).for_each(|window| volume.learn(if window % 100 == 0 { 1.0 } else { 0.0 }, None));
        assert!(score(&volume) > 0.75, "{}", score(&volume));
    }
}
