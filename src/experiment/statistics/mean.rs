//! The mean of independent replications, with Student's interval.

use super::level::Level;

/// A mean with its interval: never print one without the other.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct MeanInterval {
    /// How many values, at least 2.
    pub n: usize,
    /// Their mean.
    pub mean: f64,
    /// Half of the interval's width: it reaches from `mean - half_width` to `mean + half_width`.
    pub half_width: f64,
    /// How often an interval made like this has the true mean in it.
    pub level: Level,
    /// Standard deviation of one value (of the sample, with n − 1).
    pub standard_deviation: f64,
    /// How far the values lean to one side: the sample's skewness g₁ = m₃ ÷ m₂^(3/2); 0 for values that
    /// are all the same.
    pub skewness: f64,
}

impl MeanInterval {
    /// Lower end.
    pub fn low(&self) -> f64 {
        self.mean - self.half_width
    }

    /// Upper end.
    pub fn high(&self) -> f64 {
        self.mean + self.half_width
    }

    /// Whether `value` is inside, ends included.
    pub fn contains(&self, value: f64) -> bool {
        self.low() <= value && value <= self.high()
    }

    /// Half-width as a part of the mean; absent for a mean of 0.
    pub fn relative_half_width(&self) -> Option<f64> {
        (self.mean != 0.0).then(|| self.half_width / self.mean.abs())
    }

    /// Whether the values lean so much that n is too small for Student's interval: n < 25·g₁². Cochran
    /// (*Sampling Techniques*, 3rd edition 1977, §2.15) chose the factor so that a 95 % interval misses
    /// at most 6 % of the time. Then make more replications, or ask for the median
    /// ([`quantile_interval`](super::quantile_interval)), which needs no such assumption.
    ///
    /// A few values cannot show how skewed their distribution is: a `false` with small n proves nothing.
    pub fn is_too_skewed(&self) -> bool {
        (self.n as f64) < 25.0 * self.skewness * self.skewness
    }
}

/// Student's interval of the mean of independent values: Ȳ ± t(n−1; 1−α/2)·S ÷ √n. Exact for normal
/// values, and for others in the limit of many (see [`MeanInterval::is_too_skewed`]). Absent for fewer
/// than two values or when one is not finite.
///
/// **Not for observations within one run**, which depend on each other: see
/// [`batch_means`](super::batch_means) and the module's page. Source: Law, *Simulation Modeling and
/// Analysis*, 5th edition, §4.5 and §9.4.
pub fn mean_interval(values: &[f64], level: Level) -> Option<MeanInterval> {
    let n = values.len();
    if n < 2 || !values.iter().all(|value| value.is_finite()) {
        return None;
    }
    let mean = mean(values);
    let (mut second, mut third) = (0.0, 0.0);
    for value in values {
        let off = value - mean;
        second += off * off;
        third += off * off * off;
    }
    let variance = second / (n - 1) as f64;
    let scale = second / n as f64;
    let skewness = if scale > 0.0 { third / n as f64 / (scale * libm::sqrt(scale)) } else { 0.0 };
    Some(MeanInterval {
        n,
        mean,
        half_width: level.two_sided_t((n - 1) as f64) * libm::sqrt(variance / n as f64),
        level,
        standard_deviation: libm::sqrt(variance),
        skewness,
    })
}

/// The mean, added up in order; of no values it is not a number.
pub(super) fn mean(values: &[f64]) -> f64 {
    // Of equal values the mean must be that value, or a deviation would appear that nobody has.
    let first = values.first().copied().unwrap_or(f64::NAN);
    first + values.iter().map(|value| value - first).sum::<f64>() / values.len() as f64
}

/// The sample's variance, with n − 1; for fewer than two values it is not a number.
pub(super) fn variance(values: &[f64]) -> f64 {
    let mean = mean(values);
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    squares / (values.len() as f64 - 1.0)
}

/// Running count, mean and variance (Welford 1962): one pass, no cancellation.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Moments {
    n: usize,
    mean: f64,
    squares: f64,
}

impl Moments {
    /// Takes one more value in.
    pub fn push(&mut self, value: f64) {
        self.n += 1;
        let off = value - self.mean;
        self.mean += off / self.n as f64;
        self.squares += off * (value - self.mean);
    }

    /// How many values.
    pub fn n(&self) -> usize {
        self.n
    }

    /// Their mean, absent for none.
    pub fn mean(&self) -> Option<f64> {
        (self.n > 0).then_some(self.mean)
    }

    /// The sample's variance, with n − 1; absent for fewer than two.
    pub fn variance(&self) -> Option<f64> {
        (self.n > 1).then(|| self.squares / (self.n - 1) as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Worked by hand: mean 5, S² = 32/7; t(7; 0.975) = 2.364624; 2.364624·√(32/7/8) = 1.787488.
    #[test]
    fn an_interval_worked_by_hand() {
        let values = [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0];
        let interval = mean_interval(&values, Level::P95).expect("eight values");
        assert_eq!((interval.n, interval.mean), (8, 5.0));
        assert!((interval.half_width - 1.787_488).abs() < 1e-5, "{interval:?}");
        assert!((interval.standard_deviation - libm::sqrt(32.0 / 7.0)).abs() < 1e-12);
        // m₂ = 4 and m₃ = (−27 − 3 + 0 + 8 + 64) ÷ 8 = 5.25, so g₁ = 5.25 ÷ 8.
        assert!((interval.skewness - 0.656_25).abs() < 1e-12, "{interval:?}");
        // 25·g₁² = 10.8: more than eight values, less than twice as many of the same.
        assert!(interval.is_too_skewed());
        let twice = mean_interval(&values.repeat(2), Level::P95).expect("sixteen values");
        assert!(!twice.is_too_skewed(), "{twice:?}");
        assert!((interval.relative_half_width().expect("a mean") - 0.357_497_6).abs() < 1e-6);
        assert!(interval.contains(3.22) && !interval.contains(3.21));
    }

    /// Law's example of ten observations (5th edition, example 4.26): 1.34 ± 0.24 at 90 %.
    #[test]
    fn an_interval_of_the_textbook() {
        let values = [1.20, 1.50, 1.68, 1.89, 0.95, 1.49, 1.58, 1.55, 0.50, 1.09];
        let level = Level::new(0.90).expect("a level");
        let interval = mean_interval(&values, level).expect("ten values");
        assert!((interval.mean - 1.34).abs() < 0.005, "{interval:?}");
        assert!((interval.half_width - 0.24).abs() < 0.005, "{interval:?}");
    }

    #[test]
    fn fewer_than_two_values_or_infinite_ones_have_no_interval() {
        assert_eq!(mean_interval(&[], Level::P95), None);
        assert_eq!(mean_interval(&[1.0], Level::P95), None);
        assert_eq!(mean_interval(&[1.0, f64::INFINITY], Level::P95), None);
        assert_eq!(mean_interval(&[1.0, f64::NAN], Level::P95), None);
    }

    #[test]
    fn equal_values_have_a_width_of_exactly_nothing() {
        let interval = mean_interval(&[0.1; 7], Level::P95).expect("seven values");
        assert_eq!((interval.mean, interval.half_width, interval.skewness), (0.1, 0.0, 0.0));
        assert!(!interval.is_too_skewed());
        let nothing = mean_interval(&[0.0, 0.0], Level::P95).expect("two values");
        assert_eq!(nothing.relative_half_width(), None);
    }

    #[test]
    fn running_moments_agree_and_do_not_cancel() {
        let values = [1e9 + 4.0, 1e9 + 7.0, 1e9 + 13.0, 1e9 + 16.0];
        let mut moments = Moments::default();
        assert_eq!((moments.mean(), moments.variance()), (None, None));
        for value in values {
            moments.push(value);
        }
        assert_eq!(moments.n(), 4);
        assert_eq!((moments.mean(), moments.variance()), (Some(1e9 + 10.0), Some(30.0)));
        assert_eq!((mean(&values), variance(&values)), (1e9 + 10.0, 30.0));
    }
}
