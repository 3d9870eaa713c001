//! How improbable a count of failures is: tails of the beta-binomial distribution.
//!
//! Tails are natural logarithms, because what is looked for is far below the smallest float.

/// Terms that are summed one by one; what follows is bounded by a geometric series.
const TERMS: u32 = 64;

/// A beta distribution of a rate: what an account's failure rate is believed to be.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Beta {
    /// Failures believed; at least 1, so that the tails are log-concave.
    pub(super) failed: f64,
    /// Successes believed; at least 1.
    pub(super) succeeded: f64,
}

impl Beta {
    /// The expected rate.
    pub(super) fn mean(self) -> f64 {
        self.failed / (self.failed + self.succeeded)
    }

    /// ln Pr(X ≥ `failed`) of the beta-binomial number X of failures among `outcomes`.
    /// Exact but for the remainder of the series; meant for counts above the mean.
    pub(super) fn ln_at_least(self, failed: u64, outcomes: u64) -> f64 {
        if failed == 0 {
            return 0.0;
        }
        let (x, n) = (failed as f64, outcomes as f64);
        let first = ln_choose(n, x) + ln_beta(x + self.failed, n - x + self.succeeded)
            - ln_beta(self.failed, self.succeeded);
        let ratio = |k: f64| {
            (n - k) / (k + 1.0) * ((k + self.failed) / (n - k - 1.0 + self.succeeded)).max(0.0)
        };
        (first + libm::log(series(x, |k| if k >= n { 0.0 } else { ratio(k) }))).min(0.0)
    }
}

/// 1 + r(x) + r(x)·r(x+1) + …, where r is the ratio of successive terms. The remainder is bounded
/// by a geometric series of the last ratio.
fn series(x: f64, ratio: impl Fn(f64) -> f64) -> f64 {
    let (mut sum, mut term, mut k, mut last) = (1.0, 1.0, x, 0.0);
    for _ in 0..TERMS {
        last = ratio(k);
        term *= last;
        sum += term;
        k += 1.0;
        if term <= sum * 1e-12 {
            return sum;
        }
    }
    if last < 1.0 { sum + term * last / (1.0 - last) } else { f64::INFINITY }
}

fn ln_beta(a: f64, b: f64) -> f64 {
    libm::lgamma(a) + libm::lgamma(b) - libm::lgamma(a + b)
}

fn ln_choose(n: f64, k: f64) -> f64 {
    libm::lgamma(n + 1.0) - libm::lgamma(k + 1.0) - libm::lgamma(n - k + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(left: f64, right: f64) {
        assert!((left - right).abs() <= 1e-9 * right.abs().max(1.0), "{left} is not {right}");
    }

    #[test]
    fn beta_binomial_tails_equal_hand_worked_fractions() {
        // Beta(1, 19): Pr(k of k) = 1 ÷ C(19 + k, k).
        let prior = Beta { failed: 1.0, succeeded: 19.0 };
        close(prior.mean(), 0.05);
        close(libm::exp(prior.ln_at_least(1, 1)), 1.0 / 20.0);
        close(libm::exp(prior.ln_at_least(2, 2)), 1.0 / 210.0);
        close(libm::exp(prior.ln_at_least(5, 5)), 1.0 / 42_504.0);
        // Beta(1, 1) is uniform: every count of 0 to n has probability 1 ÷ (n + 1).
        let flat = Beta { failed: 1.0, succeeded: 1.0 };
        close(libm::exp(flat.ln_at_least(7, 9)), 0.3);
        close(flat.ln_at_least(0, 9), 0.0);
    }

    #[test]
    fn a_strong_belief_gives_the_binomial_tails_of_the_reference() {
        // Pr(X ≥ x | n, 0.02): 1/10 .183, 5/100 .051, 5/10 7.4e-7.
        let sure = Beta { failed: 2e6, succeeded: 98e6 };
        for (failed, outcomes, tail) in [(1, 10, 0.183), (5, 100, 0.0508), (5, 10, 7.4e-7)] {
            let computed = libm::exp(sure.ln_at_least(failed, outcomes));
            assert!((computed / tail - 1.0).abs() < 5e-3, "{failed}/{outcomes}: {computed}");
        }
    }
}
