//! Uniform numbers.

/// A number in (0, 1), never 0 nor 1: the middle of one of 2⁵³ equal parts.
pub fn uniform_open(draw: u64) -> f64 {
    // The last middle is no float: without the bound it would round to 1, whose normal is infinite.
    (((draw >> 11) as f64 + 0.5) / (1_u64 << 53) as f64).min(1.0 - f64::EPSILON / 2.0)
}

/// A whole number in [0, bound), by multiplication (Lemire 2019, without the rejection: with 64 bits the
/// bias is below bound ÷ 2⁶⁴).
pub fn index_below(draw: u64, bound: u64) -> u64 {
    ((u128::from(draw) * u128::from(bound)) >> 64) as u64
}

/// A whole number, uniform between two, both included.
pub fn uniform_u64(draw: u64, from: u64, to: u64) -> u64 {
    if to - from == u64::MAX { draw } else { from + index_below(draw, to - from + 1) }
}

/// Whether something of probability `hits` ÷ `of` happens.
pub fn bernoulli(draw: u64, hits: u64, of: u64) -> bool {
    index_below(draw, of) < hits
}
