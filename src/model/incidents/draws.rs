//! Counts from one draw each, and the likelihood ratios of their distributions.

use crate::engine::{standard_normal, uniform_open};

/// Means from which a normal approximation with its skewness corrected (Cornish and Fisher 1938) is
/// used; below it, inversion is exact.
const LARGE: f64 = 40.0;

/// A Poisson count.
pub(super) fn poisson(draw: u64, mean: f64) -> u32 {
    if mean <= 0.0 {
        return 0;
    }
    if mean > LARGE {
        let z = standard_normal(draw);
        return nearest(mean + mean.sqrt() * z + (z * z - 1.0) / 6.0);
    }
    let u = uniform_open(draw);
    let mut term = libm::exp(-mean);
    let (mut sum, mut k) = (term, 0_u32);
    while sum < u && term > 1e-18 {
        k += 1;
        term *= mean / f64::from(k);
        sum += term;
    }
    k
}

/// A binomial count.
pub(super) fn binomial(draw: u64, n: u32, p: f64) -> u32 {
    if p > 0.5 {
        return n - binomial(draw, n, 1.0 - p);
    }
    let mean = f64::from(n) * p;
    if mean <= 0.0 {
        return 0;
    }
    if mean > LARGE {
        let z = standard_normal(draw);
        let skewed = (1.0 - 2.0 * p) * (z * z - 1.0) / 6.0;
        return nearest(mean + (mean * (1.0 - p)).sqrt() * z + skewed).min(n);
    }
    let u = uniform_open(draw);
    let odds = p / (1.0 - p);
    let mut term = libm::exp(f64::from(n) * libm::log1p(-p));
    let (mut sum, mut k) = (term, 0_u32);
    while sum < u && k < n && term > 1e-18 {
        term *= f64::from(n - k) / f64::from(k + 1) * odds;
        k += 1;
        sum += term;
    }
    k
}

/// A gamma variable of this shape and mean 1, by the cube of a normal (Wilson and Hilferty 1931); close
/// for shapes above 1.
pub(super) fn gamma(draw: u64, shape: f64) -> f64 {
    let ninth = 1.0 / (9.0 * shape);
    let cube_root = 1.0 - ninth + standard_normal(draw) * ninth.sqrt();
    (cube_root * cube_root * cube_root).max(0.0)
}

/// A beta variable of this mean and strength (sum of both parameters), from two gammas.
pub(super) fn beta(draws: [u64; 2], mean: f64, strength: f64) -> f64 {
    let (a, b) = (mean * strength, (1.0 - mean) * strength);
    let (x, y) = (a * gamma(draws[0], a), b * gamma(draws[1], b));
    if x + y > 0.0 { x / (x + y) } else { mean }
}

fn nearest(value: f64) -> u32 {
    libm::round(value.max(0.0)) as u32
}

/// ln of the likelihood of `failed` among `outcomes` under beta-binomial rate `p1` over that under `p0`,
/// both with this strength.
pub fn beta_binomial_ln_ratio(failed: u32, outcomes: u32, p1: f64, p0: f64, strength: f64) -> f64 {
    let (x, y) = (f64::from(failed), f64::from(outcomes - failed));
    let side =
        |count: f64, parameter: f64| libm::lgamma(count + parameter) - libm::lgamma(parameter);
    // A rate of 1 leaves no room for a success.
    let bounded = |p: f64| p.clamp(1e-9, 1.0 - 1e-9) * strength;
    let (a1, a0) = (bounded(p1), bounded(p0));
    side(x, a1) - side(x, a0) + side(y, strength - a1) - side(y, strength - a0)
}

/// ln of the likelihood of a count under mean `after` over that under `before`, both negative binomial
/// with this dispersion (0 for Poisson).
pub fn negative_binomial_ln_ratio(count: u32, after: f64, before: f64, dispersion: f64) -> f64 {
    let (k, after, before) = (f64::from(count), after.max(1e-9), before.max(1e-9));
    if dispersion < 1e-6 {
        return k * libm::log(after / before) - after + before;
    }
    let r = 1.0 / dispersion;
    k * libm::log(after / before) - (k + r) * libm::log((r + after) / (r + before))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(ordinal: u64) -> u64 {
        crate::units::mix(ordinal.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    fn moments(sample: impl Fn(u64) -> f64) -> (f64, f64) {
        const N: u64 = 100_000;
        let (mut sum, mut squares) = (0.0, 0.0);
        for ordinal in 0..N {
            let value = sample(ordinal);
            sum += value;
            squares += value * value;
        }
        let mean = sum / N as f64;
        (mean, squares / N as f64 - mean * mean)
    }

    #[test]
    fn means_and_variances_are_those_of_the_distributions() {
        let near = |(mean, variance): (f64, f64), m: f64, v: f64| {
            assert!((mean / m - 1.0).abs() < 0.02, "mean {mean}, expected {m}");
            assert!((variance / v - 1.0).abs() < 0.04, "variance {variance}, expected {v}");
        };
        for mean in [0.3, 7.0, 39.0, 41.0, 900.0] {
            near(moments(|n| f64::from(poisson(draw(n), mean))), mean, mean);
        }
        for (n, p) in [(5, 0.3), (100, 0.02), (10_000, 0.02), (1_000, 0.7)] {
            let mean = f64::from(n) * p;
            let found = moments(|at| f64::from(binomial(draw(at), n, p)));
            near(found, mean, mean * (1.0 - p));
        }
        near(moments(|n| gamma(draw(n), 4.0)), 1.0, 0.25);
        let rate = |n| beta([draw(2 * n), draw(2 * n + 1)], 0.05, 200.0);
        near(moments(rate), 0.05, 0.05 * 0.95 / 201.0);
    }

    #[test]
    fn likelihood_ratios_worked_by_hand() {
        // Beta(1, 1) against Beta(½, 1½): two failures of two have 1/3 and (½·1½)/(2·3) = 1/8.
        let found = beta_binomial_ln_ratio(2, 2, 0.5, 0.25, 2.0);
        assert!((found - libm::log(8.0 / 3.0)).abs() < 1e-9, "{found}");
        // Dispersion 1 is geometric: Pr(k) = q^k·(1 − q), q = mean ÷ (mean + 1).
        let found = negative_binomial_ln_ratio(3, 4.0, 1.0, 1.0);
        let expected = libm::log(0.8 * 0.8 * 0.8 * 0.2) - libm::log(0.5 * 0.5 * 0.5 * 0.5);
        assert!((found - expected).abs() < 1e-12);
        let poisson = negative_binomial_ln_ratio(3, 4.0, 1.0, 0.0);
        assert!((poisson - (3.0 * libm::log(4.0) - 3.0)).abs() < 1e-12);
    }
}
