//! From evidence and size to a score, and from scores to the impact.

/// Evidence, in powers of ten, below which a score is 0. With 288 windows a day and many accounts,
/// one chance in twenty-five thousand is ordinary.
const EVIDENCE_NONE: f64 = 4.4;
/// Evidence from which only the size counts: one chance in two and a half million is not chance.
const EVIDENCE_FULL: f64 = 6.4;

/// How sure it is that something is abnormal, in [0, 1]: the evidence in powers of ten rises from 0 at
/// 4.4 to 1 at 6.4. A CUSUM raises no more often than once in e^h windows (Page's bound), so a score of ½
/// stands for no more than one false alarm of a kind in 2.5·10⁵ windows, two years of one account; measured it
/// is several times less.
pub(super) fn confidence(nats: f64) -> f64 {
    let evidence = nats / core::f64::consts::LN_10;
    ((evidence - EVIDENCE_NONE) / (EVIDENCE_FULL - EVIDENCE_NONE)).clamp(0.0, 1.0)
}

/// The harmed share of the traffic on a logarithmic scale: 1 from one half, 0.5 at 1 %, 0 at one in ten
/// thousand. People judge tenfold differences: 5 % and 10 % lost are further apart than 80 % and 85 %.
pub(super) fn size(share: f64) -> f64 {
    if share <= 0.0 {
        return 0.0;
    }
    let decades = libm::log10(0.5 / share).max(0.0);
    (1.0 - 0.5 * decades / libm::log10(50.0)).clamp(0.0, 1.0)
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
    fn confidence_runs_over_two_powers_of_ten() {
        let ten = core::f64::consts::LN_10;
        assert_eq!(confidence(4.3 * ten), 0.0);
        assert!((confidence(5.4 * ten) - 0.5).abs() < 1e-12);
        assert_eq!(confidence(6.5 * ten), 1.0);
    }

    #[test]
    fn size_falls_by_half_from_one_half_to_one_in_a_hundred() {
        for (share, expected) in [(1.0, 1.0), (0.5, 1.0), (0.01, 0.5), (0.0002, 0.0), (-0.1, 0.0)] {
            assert!((size(share) - expected).abs() < 1e-12, "{share}: {}", size(share));
        }
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
