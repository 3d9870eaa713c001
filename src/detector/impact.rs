//! From evidence and size to a score, and from scores to the impact.

/// Evidence, in powers of ten, below which a score is 0. With 288 windows a day and many accounts,
/// one chance in ten thousand is ordinary.
const EVIDENCE_NONE: f64 = 4.0;
/// Evidence from which only the size counts: one chance in a million is not chance.
const EVIDENCE_FULL: f64 = 6.0;

/// How sure it is that something is abnormal, in [0, 1]: the evidence −log₁₀ p, where p is the
/// probability of what was seen (`ln_tail`, as a logarithm) times the number of `comparisons` made,
/// rises from 0 at p = 10⁻⁴ to 1 at p = 10⁻⁶. The correction is Bonferroni's, because the
/// comparisons overlap.
pub(super) fn confidence(ln_tail: f64, comparisons: u32) -> f64 {
    let evidence = -(ln_tail + libm::log(f64::from(comparisons))) / core::f64::consts::LN_10;
    ((evidence - EVIDENCE_NONE) / (EVIDENCE_FULL - EVIDENCE_NONE)).clamp(0.0, 1.0)
}

/// The impact of all that is abnormal at once: 1 − (1 − failure)·(1 − (1 − sparsity)·fluctuation).
///
/// What fails and what is missing harm different messages, so the unharmed shares multiply; the
/// impact is at least as high as either part.
pub(super) fn impact(failure: f64, fluctuation: f64, sparsity: f64) -> f64 {
    1.0 - (1.0 - failure) * (1.0 - damped(fluctuation, sparsity))
}

/// What a fluctuation counts for when this little is known of the past.
pub(super) fn damped(fluctuation: f64, sparsity: f64) -> f64 {
    fluctuation * (1.0 - sparsity)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn confidence_runs_from_a_ten_thousandth_to_a_millionth() {
        assert_eq!(confidence(libm::log(1.1e-4), 1), 0.0);
        assert!((confidence(libm::log(1e-5), 1) - 0.5).abs() < 1e-12);
        assert!((confidence(libm::log(1e-6), 10) - 0.5).abs() < 1e-12);
        assert_eq!(confidence(libm::log(0.9e-6), 1), 1.0);
        assert_eq!(confidence(f64::NEG_INFINITY, 4), 1.0);
    }

    #[test]
    fn impact_is_no_less_than_its_parts_and_sparsity_only_damps_the_volume() {
        assert_eq!(impact(0.0, 0.0, 0.0), 0.0);
        assert_eq!(impact(1.0, 0.0, 1.0), 1.0);
        assert!((impact(0.5, 0.5, 0.0) - 0.75).abs() < 1e-12);
        assert!((impact(0.5, 0.5, 0.5) - 0.625).abs() < 1e-12);
        assert_eq!(impact(0.25, 1.0, 1.0), 0.25);
    }
}
