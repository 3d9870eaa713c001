//! Counts and means in two bytes: a million accounts keep dozens of them each.

/// A number of at least 0 in 16 bits: six of exponent and eleven of precision, one of them hidden. Whole
/// numbers to 2,048 are exact, others to within one in 2,048, from 2⁻³¹ to 2³²; what is smaller is 0.
///
/// Steps are relative, so a mean that is moved by an 84th at a time follows as well where it is small. Against
/// a constant without any noise it stops up to 84 ÷ 2,048 = 4 % short of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Brief(u16);

/// Bits of the fraction of an `f32` that are left out.
const LEFT_OUT: u32 = 13;
/// The exponent field of an `f32` that becomes 0, above the bits of the fraction that are kept.
const OFFSET: u32 = (127 - 32) << (23 - LEFT_OUT);

impl Brief {
    pub(super) fn new(value: f32) -> Self {
        debug_assert!(value >= 0.0, "{value}");
        let rounded = value.to_bits().saturating_add(1 << (LEFT_OUT - 1)) >> LEFT_OUT;
        Brief(rounded.saturating_sub(OFFSET).min(u32::from(u16::MAX)) as u16)
    }

    pub(super) fn get(self) -> f32 {
        if self.0 == 0 { 0.0 } else { f32::from_bits((u32::from(self.0) + OFFSET) << LEFT_OUT) }
    }

    pub(super) fn of_count(count: u32) -> Self {
        Brief::new(count as f32)
    }

    pub(super) fn count(self) -> u32 {
        self.get() as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_that_are_small_are_exact_and_others_within_one_in_2048() {
        for count in 0..=2_048 {
            assert_eq!(Brief::of_count(count).count(), count);
        }
        for count in [2_049, 65_537, 1_000_003, 123_456_789, u32::MAX / 2] {
            let error = f64::from(Brief::of_count(count).count()) / f64::from(count) - 1.0;
            assert!(error.abs() <= 1.0 / 2_048.0, "{count}: {error}");
        }
        assert!(Brief::of_count(u32::MAX).count() >= u32::MAX - (1 << 21), "it is the largest");
    }

    #[test]
    fn a_mean_that_is_moved_by_an_84th_follows_what_it_is_told() {
        let follow = |from: f32, values: &[f32]| {
            let mut mean = Brief::new(from);
            for value in values.iter().cycle().take(3_000) {
                mean = Brief::new(mean.get() + (value - mean.get()) / 84.0);
            }
            mean.get()
        };
        // One message in fifty windows, and none.
        let mut seldom = [0.0; 50];
        seldom[7] = 1.0;
        assert!((follow(0.5, &seldom) - 0.02).abs() < 0.007, "{}", follow(0.5, &seldom));
        assert!(follow(0.5, &[0.0]) < 1e-6);
        assert!((follow(10.0, &[50.0]) / 50.0 - 1.0).abs() <= 84.0 / 2_048.0);
        let noisy = [40.0, 61.0, 48.0, 55.0, 44.0, 52.0];
        assert!((follow(9e5, &noisy) / 50.0 - 1.0).abs() < 0.025, "{}", follow(9e5, &noisy));
    }
}
