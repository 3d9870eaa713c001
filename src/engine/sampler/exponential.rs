//! What inverts a logarithm: exponential, Weibull, Pareto and geometric.

use super::{to_span, uniform_open};
use crate::time::Span;

/// An exponential span of this mean.
pub fn exponential(draw: u64, mean: Span) -> Span {
    to_span(-libm::log(uniform_open(draw)) * mean.as_nanoseconds() as f64)
}

/// A Weibull number of scale 1: P(X > x) = exp(−xᵏ) for the shape k > 0.
pub fn weibull(draw: u64, shape: f64) -> f64 {
    libm::exp(libm::log(-libm::log(uniform_open(draw))) / shape)
}

/// A Pareto number of scale 1: P(X > x) = x⁻ᵃ for x ≥ 1 and the shape a > 0.
pub fn pareto(draw: u64, shape: f64) -> f64 {
    libm::exp(-libm::log(uniform_open(draw)) / shape)
}

/// How many trials fail before one of this probability, in (0, 1], succeeds.
pub fn geometric(draw: u64, probability: f64) -> u64 {
    // The logarithm of zero failures' complement is −∞ for a certain success; 0 ÷ −∞ is no failure.
    let failures = libm::log(uniform_open(draw)) / libm::log1p(-probability);
    libm::floor(failures) as u64
}
