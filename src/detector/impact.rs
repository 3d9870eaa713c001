//! From evidence and size to a score, and from scores to the impact.

/// Powers of ten of evidence between which confidence rises from 0 to 1.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Evidence {
    /// Below it a score is 0.
    pub(super) none: f64,
    /// From it on only the size counts.
    pub(super) full: f64,
}

/// For proportions, of failures and of late outcomes.
pub(super) const PROPORTION: Evidence = Evidence { none: 3.1, full: 5.5 };
/// For volumes.
pub(super) const VOLUME: Evidence = Evidence { none: 3.6, full: 6.0 };
/// Powers of ten of evidence that an account must show more whose rate wanders as much as it can.
const MORE_OF_THE_UNSTEADY: f64 = 0.8;

/// How sure it is that something is abnormal, in [0, 1]: the powers of ten of evidence rise from none to
/// full. A CUSUM raises no more often than once in e^h windows (Page's bound); measured it is several
/// times less.
///
/// An account of which little is known must show more, and one that sends rarely less, by its `caution`
/// ([`caution`](super::sparsity::caution)), in powers of ten.
///
/// So must one whose rate is [`wandering`], by up to 0.8: how much it wanders is only estimated, and a
/// likelihood is most wrong in its tails.
pub(super) fn confidence(nats: f64, takes: Evidence, caution: f64, wandering: f64) -> f64 {
    let more = caution + MORE_OF_THE_UNSTEADY * wandering;
    let evidence = nats / core::f64::consts::LN_10 - more;
    ((evidence - takes.none) / (takes.full - takes.none)).clamp(0.0, 1.0)
}

/// How much a rate wanders that matters, in [0, 1]: it is 1 at a correlation of two outcomes of a window of
/// 1 in 60 and more, if windows hold many outcomes. A window of one outcome shows nothing of it: at four
/// a window it counts half.
pub(super) fn wandering(correlation: f64, messages_a_window: f64) -> f64 {
    (60.0 * correlation).min(1.0) * messages_a_window / (messages_a_window + 4.0)
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
        let takes = Evidence { none: 4.4, full: 6.4 };
        assert_eq!(confidence(4.3 * ten, takes, 0.0, 0.0), 0.0);
        assert!((confidence(5.4 * ten, takes, 0.0, 0.0) - 0.5).abs() < 1e-12);
        assert_eq!(confidence(6.5 * ten, takes, 0.0, 0.0), 1.0);
        assert!((confidence(6.9 * ten, takes, 1.5, 0.0) - 0.5).abs() < 1e-12);
        assert!((confidence(6.2 * ten, takes, 0.0, 1.0) - 0.5).abs() < 1e-12);
    }

    #[test]
    fn wandering_matters_when_windows_hold_many_outcomes() {
        assert_eq!(wandering(0.1, 0.0), 0.0);
        assert_eq!(wandering(0.1, 4.0), 0.5);
        assert_eq!(wandering(0.0, 400.0), 0.0);
        assert!((wandering(1.0 / 120.0, 1e6) - 0.5).abs() < 1e-5);
        assert!((wandering(0.5, 1e6) - 1.0).abs() < 1e-5);
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
