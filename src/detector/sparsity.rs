//! The sparsity score: how little the account's earlier traffic can say about its volume.

use super::baseline::VolumeLevel;

/// Windows that a history must have to be half believed …
const WINDOWS: f64 = 24.0;
/// … and messages.
const MESSAGES: f64 = 12.0;
/// Windows of a day.
const A_DAY: f64 = 288.0;

/// The larger of 24 ÷ (24 + windows) and 12 ÷ (12 + messages), both as remembered: older ones count less,
/// a day's worth is remembered.
///
/// A new account scores 1, one with two hours of history 0.5, with a day of it 0.08 if it was busy; one
/// that sends fewer than twelve messages a day never falls below 0.5. So a beginning, a first campaign and
/// the habits of an account that hardly sends are no news, while the silence of an account that never
/// was silent is.
pub(super) fn score(volume: &VolumeLevel) -> f64 {
    let (windows, messages) = parts(volume);
    windows.max(messages)
}

/// Powers of ten of evidence that an account must show more of a failure because little is known of it, less
/// what its [rarity](rarity) is worth.
///
/// The first is the larger of 26 times the square of the first part of the [`score`] and 5 times the cube
/// of the second. A rate that was learnt from a few hours is uncertain in itself and in how much it wanders;
/// one learnt from few messages over days is only uncertain in itself, which its belief knows. But a
/// handful of failures among a handful of messages is what nobody wants to be woken for.
///
/// The second is 0.8 a power of ten by which outcomes are rarer than windows. Evidence is asked for because an
/// account is judged so often: what has one message where another has ten has a tenth of the occasions
/// to be wrong by chance, and would otherwise be woken for far less often than it wants.
pub(super) fn caution(volume: &VolumeLevel) -> f64 {
    let (windows, messages) = parts(volume);
    let unknown = (26.0 * windows * windows).max(5.0 * messages * messages * messages);
    unknown - 0.8 * rarity(volume)
}

/// Powers of ten by which messages are rarer than windows, from 0 for one a window to 2.5 for one a day;
/// 0 until half a day is remembered, because an account that begins in its night is not rare.
fn rarity(volume: &VolumeLevel) -> f64 {
    if volume.windows() < A_DAY / 2.0 {
        return 0.0;
    }
    let a_day = A_DAY * volume.messages() / volume.windows();
    libm::log10(A_DAY / a_day.clamp(1.0, A_DAY))
}

/// How little the windows say, and how little the messages.
fn parts(volume: &VolumeLevel) -> (f64, f64) {
    let part = |enough: f64, remembered: f64| enough / (enough + remembered);
    (part(WINDOWS, volume.windows()), part(MESSAGES, volume.messages()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caution_ends_with_the_first_day_and_stays_with_who_hardly_sends() {
        let mut volume = VolumeLevel::default();
        assert_eq!(caution(&volume), 26.0);
        (0..24).for_each(|_| volume.learn(3.0, None));
        assert!((caution(&volume) - 6.5).abs() < 0.6, "{}", caution(&volume));
        (0..3_000).for_each(|_| volume.learn(3.0, None));
        assert!(caution(&volume) < 0.18, "{}", caution(&volume));
        // Six messages a day: 5·(2 ÷ 3)³ − 0.8·log₁₀ 48.
        (0..3_000).for_each(|window| volume.learn(if window % 48 == 0 { 1.0 } else { 0.0 }, None));
        assert!((caution(&volume) - 0.14).abs() < 0.4, "{}", caution(&volume));
    }

    #[test]
    fn who_sends_rarely_is_asked_for_less_as_soon_as_that_is_known() {
        let mut volume = VolumeLevel::default();
        let sends = |window: u32| if window.is_multiple_of(10) { 1.0 } else { 0.0 };
        (0..140).for_each(|window| volume.learn(sends(window), None));
        assert_eq!(rarity(&volume), 0.0);
        (140..3_000).for_each(|window| volume.learn(sends(window), None));
        assert!((rarity(&volume) - 1.0).abs() < 0.03, "{}", rarity(&volume));
        let busy = volume_of_one_a_window();
        assert!(rarity(&busy).abs() < 0.01 && caution(&volume) < caution(&busy) - 0.5);
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
