//! Several metrics, one question: which of them moved?

/// Holm's step-down procedure: p values in, adjusted p values out, in the same order. A metric whose
/// adjusted value is at most α has moved; the probability that *any* that has not moved is said to have
/// is then at most α, whatever depends on whatever.
///
/// With p₍₁₎ ≤ … ≤ p₍ₘ₎ the adjusted value of p₍ᵢ₎ is max over j ≤ i of min(1, (m − j + 1)·p₍ⱼ₎). Source:
/// Holm, *Scandinavian Journal of Statistics* 6 (1979). Never weaker than Bonferroni.
///
/// Pass only the metrics that were chosen beforehand: to drop the dull ones after looking is to have
/// tested them too. "All m are within their margin" needs no correction (each at α).
///
/// # Panics
/// When a value is not in [0, 1].
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    assert!(
        p_values.iter().all(|p| (0.0..=1.0).contains(p)),
        "probabilities lie between 0 and 1: {p_values:?}"
    );
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|a, b| p_values[*a].total_cmp(&p_values[*b]));
    let mut adjusted = vec![0.0; p_values.len()];
    let mut largest: f64 = 0.0;
    for (rank, index) in order.iter().enumerate() {
        let factor = (p_values.len() - rank) as f64;
        largest = largest.max((factor * p_values[*index]).min(1.0));
        adjusted[*index] = largest;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Worked by hand: sorted 0.005, 0.01, 0.03, 0.04 times 4, 3, 2, 1 is 0.02, 0.03, 0.06, 0.04, and
    /// the last is raised to the one before it.
    #[test]
    fn four_values_worked_by_hand() {
        let adjusted = holm(&[0.01, 0.04, 0.03, 0.005]);
        for (got, expected) in adjusted.iter().zip([0.03, 0.06, 0.06, 0.02]) {
            assert!((got - expected).abs() < 1e-15, "{adjusted:?}");
        }
    }

    #[test]
    fn one_value_stays_and_none_is_above_1() {
        assert_eq!(holm(&[]), Vec::<f64>::new());
        assert_eq!(holm(&[0.04]), [0.04]);
        assert_eq!(holm(&[0.9, 0.6]), [1.0, 1.0]);
        assert_eq!(holm(&[0.0, 0.0]), [0.0, 0.0]);
    }

    #[test]
    #[should_panic(expected = "between 0 and 1")]
    fn what_is_no_probability_is_a_mistake_of_the_caller() {
        let _ = holm(&[0.1, f64::NAN]);
    }
}
