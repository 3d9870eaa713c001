//! Zipf: few who are large, many who are small.

use super::{Draws, uniform_open};

/// Ranks 1 to n, where rank k has a probability in proportion to k⁻ˢ.
///
/// Rejection-inversion (Hörmann and Derflinger 1996, "Rejection-inversion to generate variates from
/// monotone discrete distributions"): no table, whatever n is, and on average under 1.2 trials.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Zipf {
    exponent: f64,
    most: u64,
    /// Area under the hat up to half a rank above the largest, and down to the head of rank 1.
    area_to_last: f64,
    area_to_first: f64,
    /// Nearer than this to its rank a point needs no test.
    sure: f64,
}

impl Zipf {
    /// Ranks 1 to `most`, at least 1, with an exponent s ≥ 0; exponent 0 is uniform.
    pub fn new(most: u64, exponent: f64) -> Self {
        let hat = Hat { exponent };
        Zipf {
            exponent,
            most: most.max(1),
            area_to_last: hat.integral(most.max(1) as f64 + 0.5),
            area_to_first: hat.integral(1.5) - 1.0,
            sure: 2.0 - hat.inverse(hat.integral(2.5) - hat.height(2.0)),
        }
    }

    /// A rank.
    pub fn rank(&self, draws: &mut Draws) -> u64 {
        let hat = Hat { exponent: self.exponent };
        loop {
            let u = uniform_open(draws.number());
            let area = self.area_to_last + u * (self.area_to_first - self.area_to_last);
            let x = hat.inverse(area);
            let rank = (libm::round(x) as u64).clamp(1, self.most);
            let k = rank as f64;
            if k - x <= self.sure || area >= hat.integral(k + 0.5) - hat.height(k) {
                return rank;
            }
        }
    }
}

/// The curve x⁻ˢ over the ranks.
struct Hat {
    exponent: f64,
}

impl Hat {
    fn height(&self, x: f64) -> f64 {
        libm::exp(-self.exponent * libm::log(x))
    }

    /// (x^(1−s) − 1) ÷ (1 − s), which is ln x at s = 1, without cancellation near there.
    fn integral(&self, x: f64) -> f64 {
        let log = libm::log(x);
        log * over_argument(libm::expm1, (1.0 - self.exponent) * log)
    }

    fn inverse(&self, area: f64) -> f64 {
        let t = ((1.0 - self.exponent) * area).max(-1.0);
        libm::exp(area * over_argument(libm::log1p, t))
    }
}

/// f(x) ÷ x for an f that is near its argument around 0.
fn over_argument(f: fn(f64) -> f64, x: f64) -> f64 {
    if libm::fabs(x) > 1e-8 { f(x) / x } else { 1.0 }
}
