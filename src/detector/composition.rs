//! What the classes of failures say beyond their number.

use super::ErrorClass;

const CLASSES: usize = ErrorClass::ALL.len();

/// What is wrong fails in one way, each as likely as another, …
const OF_ONE_CLASS: f64 = 0.18;
/// … or in all the ways in which messages fail anyway.
const OF_ALL_CLASSES: f64 = 1.0 - OF_ONE_CLASS * CLASSES as f64;
/// How steady the usual shares are, in failures: two of them have the same cause once in 51 times.
const STEADINESS: f64 = 50.0;
/// What never was the class of a failure may be it tomorrow: no share is below this.
const LEAST_SHARE: f64 = 0.005;
/// Not all failures of an episode are due to what is wrong, however few were expected.
const EXCESS_MAX: f64 = 0.95;

/// By how many nats the classes of the `failures` of an episode are likelier if something is wrong, where
/// `usual` are the shares of the classes when nothing is and `excess` is the share of the failures beyond
/// what was expected.
///
/// Dirichlet-multinomial likelihoods, so that many failures of one class are not as many witnesses. Failures
/// of the usual classes speak against a change, by ln 10 at most: whatever is wrong may be wrong in every
/// way.
pub(super) fn nats(failures: &[u16; CLASSES], usual: &[f64; CLASSES], excess: f64) -> f64 {
    let excess = excess.clamp(0.0, EXCESS_MAX);
    let usual = usual.map(|share| LEAST_SHARE + (1.0 - LEAST_SHARE * CLASSES as f64) * share);
    let likelier = |class: usize| {
        // Of one class more, of all others less; what all have in common cancels out.
        let of_class = |other: usize| {
            let count = f64::from(failures[other]);
            if count == 0.0 {
                return 0.0;
            }
            let share = usual[other] * (1.0 - excess) + if other == class { excess } else { 0.0 };
            rising(count, share * STEADINESS) - rising(count, usual[other] * STEADINESS)
        };
        (0..CLASSES).map(of_class).sum::<f64>()
    };
    let each: [f64; CLASSES] = core::array::from_fn(likelier);
    let most = each.iter().copied().fold(0.0, f64::max);
    let sum: f64 = each.iter().map(|nats| OF_ONE_CLASS * libm::exp(nats - most)).sum();
    most + libm::log(sum + OF_ALL_CLASSES * libm::exp(-most))
}

/// ln of the rising factorial: Γ(count + parameter) ÷ Γ(parameter).
fn rising(count: f64, parameter: f64) -> f64 {
    libm::lgamma(count + parameter) - libm::lgamma(parameter)
}

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: [f64; CLASSES] = [0.25, 0.05, 0.1, 0.5, 0.1];

    #[test]
    fn no_failures_and_usual_failures_say_nothing_for_a_change() {
        assert!(nats(&[0; CLASSES], &USUAL, 0.9).abs() < 1e-12);
        let mixed = nats(&[25, 5, 10, 50, 10], &USUAL, 0.9);
        assert!((mixed - libm::log(OF_ALL_CLASSES)).abs() < 0.02, "{mixed}");
    }

    #[test]
    fn a_rare_class_says_much_and_a_common_one_little() {
        // One of one: share 0.05, which counts as 0.005 + 0.975·0.05, becomes a tenth of it and 0.9 more; all
        // others a tenth.
        let rare = nats(&[0, 1, 0, 0, 0], &USUAL, 0.9);
        let grown = (0.1 * 0.05375 + 0.9) / 0.05375;
        let expected = OF_ONE_CLASS * grown + 4.0 * OF_ONE_CLASS * 0.1 + OF_ALL_CLASSES;
        assert!((rare - libm::log(expected)).abs() < 1e-9, "{rare}");
        let common = nats(&[0, 0, 0, 1, 0], &USUAL, 0.9);
        assert!(common < 0.0 && common > -1.0, "{common}");
        assert!(nats(&[0, 3, 0, 0, 0], &USUAL, 0.9) > 5.8);
        assert!(nats(&[0, 0, 0, 3, 0], &USUAL, 0.9) < 0.5);
    }

    #[test]
    fn a_class_that_never_was_seen_is_not_impossible() {
        let never = [0.0, 0.0, 0.5, 0.5, 0.0];
        let one = nats(&[1, 0, 0, 0, 0], &never, 0.9);
        assert!(one > 2.0 && one < 4.0, "{one}");
    }

    #[test]
    fn many_failures_of_one_class_are_not_as_many_witnesses() {
        let ten = nats(&[0, 10, 0, 0, 0], &USUAL, 0.9);
        let hundred = nats(&[0, 100, 0, 0, 0], &USUAL, 0.9);
        // Independent ones would say ten times as much.
        assert!(hundred > 2.0 * ten && hundred < 5.0 * ten, "{ten} {hundred}");
    }
}
