//! How improbable a count is: tails of the beta-binomial and the negative binomial distribution.
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
        (first + libm::log(series(x, |k| if k >= n { 0.0 } else { ratio(k) }, 0.0))).min(0.0)
    }
}

/// A negative binomial distribution of a volume.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct NegativeBinomial {
    /// The mean; above 0.
    pub(super) mean: f64,
    /// (variance − mean) ÷ mean²; above 0.
    pub(super) dispersion: f64,
}

impl NegativeBinomial {
    /// Distance of `count` from the mean in standard deviations, signed.
    pub(super) fn deviation(self, count: u64) -> f64 {
        let variance = self.mean + self.dispersion * self.mean * self.mean;
        (count as f64 - self.mean) / libm::sqrt(variance)
    }

    /// ln Pr(X ≥ `count`); meant for counts above the mean.
    pub(super) fn ln_at_least(self, count: u64) -> f64 {
        let (r, q) = (1.0 / self.dispersion, self.success());
        // Where r < 1 the ratio of successive terms rises towards q, which then bounds the rest.
        let sum = series(count as f64, |k| (k + r) / (k + 1.0) * q, q);
        (self.ln_probability(count as f64) + libm::log(sum)).min(0.0)
    }

    /// ln Pr(X ≤ `count`); meant for counts below the mean.
    pub(super) fn ln_at_most(self, count: u64) -> f64 {
        let (r, q) = (1.0 / self.dispersion, self.success());
        let top = count as f64;
        let down = |k: f64| {
            let x = top - (k - top);
            if x <= 0.0 { 0.0 } else { x / ((x - 1.0 + r) * q) }
        };
        (self.ln_probability(top) + libm::log(series(top, down, 0.0))).min(0.0)
    }

    fn success(self) -> f64 {
        let r = 1.0 / self.dispersion;
        self.mean / (self.mean + r)
    }

    fn ln_probability(self, x: f64) -> f64 {
        let r = 1.0 / self.dispersion;
        libm::lgamma(x + r) - libm::lgamma(x + 1.0) - libm::lgamma(r)
            + r * libm::log(r / (self.mean + r))
            + x * libm::log(self.mean / (self.mean + r))
    }
}

/// 1 + r(x) + r(x)·r(x+1) + …, where r is the ratio of successive terms. The remainder is bounded
/// by a geometric series of the last ratio, or of `limit` where that is larger.
fn series(x: f64, ratio: impl Fn(f64) -> f64, limit: f64) -> f64 {
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
    let common = last.max(limit);
    if common < 1.0 { sum + term * common / (1.0 - common) } else { f64::INFINITY }
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

    #[test]
    fn negative_binomial_tails_equal_the_geometric_closed_form() {
        // Dispersion 1 is geometric: Pr(X ≥ x) = qˣ with q = mean ÷ (mean + 1).
        let volume = NegativeBinomial { mean: 4.0, dispersion: 1.0 };
        close(volume.ln_at_least(30), 30.0 * libm::log(0.8));
        close(libm::exp(volume.ln_at_most(2)), 1.0 - 0.8 * 0.8 * 0.8);
        close(libm::exp(volume.ln_at_most(0)), 0.2);
        let wide = NegativeBinomial { mean: 4_000.0, dispersion: 1.0 };
        close(wide.ln_at_least(40_000), 40_000.0 * libm::log(4_000.0 / 4_001.0));
    }

    #[test]
    fn nearly_no_dispersion_gives_poisson_tails() {
        // Pr(Poisson(5) ≥ 15) = 2.2625e-4; Pr(Poisson(5) ≤ 0) = e⁻⁵.
        let volume = NegativeBinomial { mean: 5.0, dispersion: 1e-6 };
        assert!((libm::exp(volume.ln_at_least(15)) / 2.2625e-4 - 1.0).abs() < 1e-3);
        assert!((volume.ln_at_most(0) + 5.0).abs() < 1e-4);
    }
}
