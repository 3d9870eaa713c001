//! Exact limits of rates and shares from counts.
//!
//! All are found by bisection on sums of exact terms over `libm`, so that they are the same on every
//! platform.

/// The exact upper limit of a Poisson mean after `count` events: Pr(X ≤ count | limit) = 1 − `level`.
/// None seen at 95 %: 3.00, the rule of three. Divided by the exposure it limits a rate.
pub fn poisson_upper(count: u64, level: f64) -> f64 {
    let below = |mean: f64| {
        let mut term = -mean;
        let mut sum = libm::exp(term);
        for k in 1..=count {
            term += libm::log(mean / k as f64);
            sum += libm::exp(term);
        }
        sum
    };
    let mut high = count as f64 + 10.0;
    while below(high) > 1.0 - level {
        high *= 2.0;
    }
    bisect(0.0, high, |mean| below(mean) > 1.0 - level)
}

/// The Wilson interval of a share with `z` standard deviations (1.96 for 95 %).
pub fn wilson(hits: u64, of: u64, z: f64) -> Option<(f64, f64)> {
    if of == 0 {
        return None;
    }
    let (n, share) = (of as f64, hits as f64 / of as f64);
    let scale = 1.0 + z * z / n;
    let centre = (share + z * z / (2.0 * n)) / scale;
    let half = z / scale * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    Some(((centre - half).max(0.0), (centre + half).min(1.0)))
}

/// The exact two-sided interval of a share (Clopper and Pearson 1934) at `level`.
pub fn clopper_pearson(hits: u64, of: u64, level: f64) -> Option<(f64, f64)> {
    if of == 0 {
        return None;
    }
    let tail = (1.0 - level) / 2.0;
    let low = if hits == 0 {
        0.0
    } else {
        bisect(0.0, 1.0, |rate| binomial_at_least(hits, of, rate) < tail)
    };
    let high = if hits == of {
        1.0
    } else {
        bisect(0.0, 1.0, |rate| 1.0 - binomial_at_least(hits + 1, of, rate) > tail)
    };
    Some((low, high))
}

/// Pr(X ≥ `hits`) of a binomial number of `of` trials at `rate`.
pub fn binomial_at_least(hits: u64, of: u64, rate: f64) -> f64 {
    if hits == 0 || rate >= 1.0 {
        return 1.0;
    }
    if rate <= 0.0 {
        return 0.0;
    }
    let n = of as f64;
    let term = |k: u64| {
        let k = k as f64;
        let choose = libm::lgamma(n + 1.0) - libm::lgamma(k + 1.0) - libm::lgamma(n - k + 1.0);
        libm::exp(choose + k * libm::log(rate) + (n - k) * libm::log1p(-rate))
    };
    (hits..=of).map(term).sum::<f64>().min(1.0)
}

/// Where `is_left` turns false, to the last bit that matters.
fn bisect(mut low: f64, mut high: f64, is_left: impl Fn(f64) -> bool) -> f64 {
    for _ in 0..100 {
        let middle = (low + high) / 2.0;
        if is_left(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    (low + high) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_of_none_and_of_some() {
        assert!((poisson_upper(0, 0.95) - 2.995_732_273_553_991).abs() < 1e-9);
        // χ² with 2·(k + 1) degrees of freedom at 95 %, halved: 9.4877 ÷ 2 and 31.4104 ÷ 2.
        assert!((poisson_upper(1, 0.95) - 4.743_864_5).abs() < 1e-6);
        assert!((poisson_upper(9, 0.95) - 15.705_216).abs() < 1e-5);
        assert!((poisson_upper(200, 0.95) - 225.0).abs() < 1.5);
    }

    #[test]
    fn small_sample_intervals_of_the_reference() {
        let near = |found: Option<(f64, f64)>, low: f64, high: f64| {
            let (a, b) = found.expect("tried");
            assert!((a - low).abs() < 6e-4 && (b - high).abs() < 6e-4, "{a} {b}, {low} {high}");
        };
        near(wilson(1, 1, 1.96), 0.207, 1.0);
        near(clopper_pearson(1, 1, 0.95), 0.025, 1.0);
        near(wilson(1, 2, 1.96), 0.095, 0.906);
        near(clopper_pearson(1, 2, 0.95), 0.013, 0.987);
        near(wilson(5, 10, 1.96), 0.237, 0.763);
        near(clopper_pearson(5, 10, 0.95), 0.187, 0.813);
        near(wilson(5, 100, 1.96), 0.0215, 0.112);
        near(clopper_pearson(5, 100, 0.95), 0.0164, 0.113);
        near(clopper_pearson(20, 1_000, 0.95), 0.0123, 0.0307);
        near(clopper_pearson(0, 10, 0.95), 0.0, 0.309);
        assert_eq!((wilson(0, 0, 1.96), clopper_pearson(0, 0, 0.95)), (None, None));
    }

    #[test]
    fn one_sided_tails_of_the_reference() {
        for (hits, of, tail) in [
            (1, 1, 0.02),
            (2, 2, 4e-4),
            (3, 3, 8e-6),
            (1, 10, 0.183),
            (5, 10, 7.4e-7),
            (5, 100, 0.0508),
        ] {
            let found = binomial_at_least(hits, of, 0.02);
            assert!((found / tail - 1.0).abs() < 6e-3, "{hits} of {of}: {found}");
        }
    }
}
