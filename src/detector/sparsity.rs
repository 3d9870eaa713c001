//! The sparsity score: how little the account's earlier traffic can say about its volume.

use super::baseline::VolumeLevel;

/// Silent windows that every account is taken to have had before it was first seen.
const SILENT_BEFORE: f64 = 24.0;

/// 1 − occupied ÷ (remembered + 24), where `remembered` is the number of learnt windows, older
/// ones counting less, and `occupied` how many of them had traffic.
///
/// A new account scores 1, one that was busy in each of 24 windows 0.5, in each window of a day
/// 0.08; one that sends in every tenth window never falls below 0.9. So a beginning, a first campaign
/// and the habits of an account that sends now and then are no news, while the silence of an account that
/// never was silent is.
pub(super) fn score(volume: &VolumeLevel) -> f64 {
    (1.0 - volume.occupied() / (volume.windows() + SILENT_BEFORE)).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_falls_with_occupied_history_only() {
        let mut volume = VolumeLevel::default();
        assert_eq!(score(&volume), 1.0);
        (0..24).for_each(|_| volume.learn(3.0));
        assert!((score(&volume) - 0.5).abs() < 0.01);
        (0..3_000).for_each(|_| volume.learn(3.0));
        assert!((score(&volume) - 24.0 / 312.0).abs() < 1e-3);
        (0..3_000).for_each(|window| volume.learn(if window % 10 == 0 { 90.0 } else { 0.0 }));
        assert!(score(&volume) > 0.9);
    }
}
