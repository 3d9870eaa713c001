//! The sparsity score: how little the account's earlier traffic can say about its volume.

use super::baseline::{PRIOR_RATE, VolumeLevel};

/// Windows that a history must have to be half believed …
const WINDOWS: f64 = 24.0;
/// … and messages, where volume is at stake …
const MESSAGES: f64 = 8.0;
/// … or failures, which are fewer.
const MESSAGES_OF_FAILURES: f64 = 12.0;
/// Windows of a day, of the standard width.
const A_DAY: f64 = 288.0;

/// The larger of 24 ÷ (24 + windows) and 8 ÷ (8 + messages), both as remembered: older ones count less,
/// a day's worth is remembered.
///
/// A new account scores 1, one with two hours of history 0.5, with a day of it 0.08 if it was busy; one
/// that sends fewer than eight messages a day never falls below 0.5. So a beginning, a first campaign and
/// the habits of an account that hardly sends are no news, while the silence of an account that never
/// was silent is.
pub(super) fn score(volume: &VolumeLevel) -> f64 {
    lacking(WINDOWS, volume.windows()).max(lacking(MESSAGES, volume.messages()))
}

/// Powers of ten of evidence that an account must show more of a failure because little is known of it, less
/// what its [`rarity`] is worth.
///
/// The first is the larger of 26·(24 ÷ (24 + windows))² and 5·(12 ÷ (12 + messages))³. A rate that was
/// learnt from a few hours is uncertain in itself and in how much it wanders; one learnt from few messages
/// over days is only uncertain in itself, which its belief knows. But a handful of failures among a handful
/// of messages is what nobody wants to be woken for.
///
/// The second is one for one: so much evidence is asked for because an account is judged so often, and one
/// with a tenth of the occasions is wrong by chance a tenth as often. `rate` is the share of its messages
/// that usually fail.
pub(super) fn caution(volume: &VolumeLevel, rate: f64) -> f64 {
    let windows = lacking(WINDOWS, volume.windows());
    let messages = lacking(MESSAGES_OF_FAILURES, volume.messages());
    let unknown = (26.0 * windows * windows).max(5.0 * messages * messages * messages);
    unknown - rarity(volume, rate)
}

/// Powers of ten by which messages are rarer than windows, from 0 for one a window to 2.5 for one a day; less
/// for those who fail more often than is ordinary, because it is failures that look like more of them.
///
/// It is 0 until half a day is remembered: an account that begins in its night is not rare.
fn rarity(volume: &VolumeLevel, rate: f64) -> f64 {
    if volume.windows() < A_DAY / 2.0 {
        return 0.0;
    }
    let a_day = A_DAY * volume.messages() / volume.windows();
    let occasions = a_day.clamp(1.0, A_DAY) * (rate / PRIOR_RATE).max(1.0);
    libm::log10(A_DAY / occasions).max(0.0)
}

/// How little is remembered of what would be half enough: 1 for nothing, 0.5 for half enough.
fn lacking(half_enough: f64, remembered: f64) -> f64 {
    half_enough / (half_enough + remembered)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caution_ends_with_the_first_day_and_stays_with_who_hardly_sends() {
        let mut volume = VolumeLevel::default();
        assert_eq!(caution(&volume, 0.02), 26.0);
        (0..24).for_each(|_| volume.learn(3.0, None));
        assert!((caution(&volume, 0.02) - 6.5).abs() < 0.6, "{}", caution(&volume, 0.02));
        (0..3_000).for_each(|_| volume.learn(3.0, None));
        assert!(caution(&volume, 0.02) < 0.18, "{}", caution(&volume, 0.02));
        // Six messages a day: 5·(2 ÷ 3)³ − log₁₀ 48.
        (0..3_000).for_each(|window| volume.learn(if window % 48 == 0 { 1.0 } else { 0.0 }, None));
        assert!((caution(&volume, 0.02) + 0.2).abs() < 0.3, "{}", caution(&volume, 0.02));
    }

    #[test]
    fn who_sends_rarely_is_asked_for_less_as_soon_as_that_is_known() {
        let mut volume = VolumeLevel::default();
        let sends = |window: u32| if window.is_multiple_of(10) { 1.0 } else { 0.0 };
        (0..140).for_each(|window| volume.learn(sends(window), None));
        assert_eq!(rarity(&volume, 0.02), 0.0);
        (140..3_000).for_each(|window| volume.learn(sends(window), None));
        assert!((rarity(&volume, 0.02) - 1.0).abs() < 0.03, "{}", rarity(&volume, 0.02));
        let busy = volume_of_one_a_window();
        assert!(
            rarity(&busy, 0.02).abs() < 0.01 && caution(&volume, 0.02) < caution(&busy, 0.02) - 0.5
        );
    }

    #[test]
    fn who_fails_often_has_more_occasions() {
        let volume = volume_of_one_a_window();
        assert_eq!(rarity(&volume, 0.9), 0.0);
        let mut sparse = VolumeLevel::default();
        (0..3_000).for_each(|window| sparse.learn(f64::from(u8::from(window % 48 == 0)), None));
        let [ordinary, often] = [0.05, 0.5].map(|rate| rarity(&sparse, rate));
        assert!((ordinary - often - 1.0).abs() < 1e-9 && often > 0.4, "{ordinary} {often}");
        assert_eq!(rarity(&sparse, 0.001), ordinary);
    }

    fn volume_of_one_a_window() -> VolumeLevel {
        let mut volume = VolumeLevel::default();
        (0..3_000).for_each(|_| volume.learn(1.0, None));
        volume
    }

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
