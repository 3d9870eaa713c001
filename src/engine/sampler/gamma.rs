//! Gamma, by rejection.

use super::{Draws, standard_normal, uniform_open};

/// A gamma number of this shape (above 0) and scale 1: mean and variance are the shape.
pub fn gamma(shape: f64, draws: &mut Draws) -> f64 {
    if shape < 1.0 { libm::exp(log_gamma(shape, draws)) } else { at_least_one(shape, draws) }
}

/// The natural logarithm of a gamma number of this shape and scale 1.
///
/// At small shapes most numbers are too small for a float (at shape 1/1000 half of them are below
/// 10⁻³⁰⁰), and their ratios still matter where gaps are rescaled.
pub fn log_gamma(shape: f64, draws: &mut Draws) -> f64 {
    if shape < 1.0 {
        // G(a) is G(a + 1) × U^(1/a) (Marsaglia and Tsang 2000, section 6).
        let boost = libm::log(uniform_open(draws.number())) / shape;
        libm::log(at_least_one(shape + 1.0, draws)) + boost
    } else {
        libm::log(at_least_one(shape, draws))
    }
}

/// Marsaglia and Tsang, "A simple method for generating gamma variables", 2000, section 4. At most one
/// trial in twenty is rejected.
fn at_least_one(shape: f64, draws: &mut Draws) -> f64 {
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / libm::sqrt(9.0 * d);
    loop {
        let x = standard_normal(draws.number());
        let u = uniform_open(draws.number());
        let root = 1.0 + c * x;
        let v = root * root * root;
        if v > 0.0 && libm::log(u) < 0.5 * x * x + d - d * v + d * libm::log(v) {
            return d * v;
        }
    }
}
