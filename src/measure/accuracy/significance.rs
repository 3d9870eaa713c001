//! Whether one detector is really better than another: paired resampling and Holm's correction.

/// One-sided p-values made valid together (Holm 1979): in ascending order each is multiplied by the
/// number of those not yet smaller, never falling below the one before, at most 1.
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|a, b| p_values[*a].total_cmp(&p_values[*b]));
    let mut adjusted = vec![0.0; p_values.len()];
    let mut before = 0.0_f64;
    for (place, &at) in order.iter().enumerate() {
        before = before.max((p_values[at] * (p_values.len() - place) as f64).min(1.0));
        adjusted[at] = before;
    }
    adjusted
}

/// Resamples used by [`chance_not_above`].
pub const RESAMPLES: u32 = 2_000;

/// The share of paired bootstrap resamples in which the mean of `differences` is at most `-margin`: the
/// p-value against "not worse by the margin". Each difference is one unit of resampling — an incident,
/// whose points must not be resampled apart, since they fail together. Never below 1 ÷ (resamples + 1).
/// `None` without differences.
pub fn chance_not_above(differences: &[f64], margin: f64, seed: u64) -> Option<f64> {
    let number = differences.len() as u64;
    if number == 0 {
        return None;
    }
    let mut state = crate::units::mix(seed);
    let mut at_most = 0_u32;
    for _ in 0..RESAMPLES {
        let mut sum = 0.0;
        for _ in 0..number {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let draw = u128::from(crate::units::mix(state)) * u128::from(number);
            sum += differences[(draw >> 64) as usize];
        }
        at_most += u32::from(sum / number as f64 <= -margin);
    }
    Some(f64::from(at_most + 1) / f64::from(RESAMPLES + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holm_worked_by_hand() {
        let adjusted = holm(&[0.01, 0.04, 0.03, 0.005]);
        for (found, expected) in adjusted.iter().zip([0.03, 0.06, 0.06, 0.02]) {
            assert!((found - expected).abs() < 1e-12, "{adjusted:?}");
        }
        assert_eq!(holm(&[0.6, 0.7]), [1.0, 1.0]);
        assert_eq!(holm(&[]), Vec::<f64>::new());
    }

    #[test]
    fn resampling_tells_equal_from_worse() {
        let equal = vec![0.0; 100];
        assert!(chance_not_above(&equal, 0.02, 1).expect("some") < 0.001);
        // Half the incidents lost: certainly not within 2 points.
        let worse: Vec<f64> = (0..100).map(|at| if at % 2 == 0 { -1.0 } else { 0.0 }).collect();
        assert!(chance_not_above(&worse, 0.02, 1).expect("some") > 0.999);
        // As many won as lost is undecided around a margin of 0.
        let even: Vec<f64> = (0..100).map(|at| if at % 2 == 0 { -1.0 } else { 1.0 }).collect();
        let chance = chance_not_above(&even, 0.0, 1).expect("some");
        assert!((0.45..0.62).contains(&chance), "{chance}");
        assert_eq!(chance_not_above(&[], 0.0, 1), None);
    }
}
