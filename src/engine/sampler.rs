//! Our own samplers, over integers and `libm`, pinned by golden hashes.
//!
//! A library's samplers may change with its version and even with the features that *other* packages
//! switch on, and the platform's `ln` differs between platforms in the last bit. These do not.
//!
//! How many numbers a sample takes is part of its signature. A sampler that takes exactly one takes a
//! `draw`, one of the eight numbers of a block of luck; one that may take more, because it rejects,
//! takes [`Draws`], which go on through further blocks of the same ordinal. So a rejection never shifts
//! the next sample.
//!
//! | sampler | numbers a sample | method |
//! |---|---|---|
//! | [`uniform_open`], [`uniform_u64`], [`index_below`], [`bernoulli`] | 1 | multiplication |
//! | [`exponential`], [`weibull`], [`pareto`], [`geometric`] | 1 | inversion |
//! | [`standard_normal`], [`lognormal`] | 1 | inversion, AS 241 |
//! | [`Categorical`] | 1 | alias table |
//! | [`Empirical`] | 1 | a value at random |
//! | [`gamma`], [`log_gamma`] | 2 or more; one more below shape 1 | rejection, Marsaglia and Tsang |
//! | [`Zipf`] | 1 or more | rejection-inversion, Hörmann and Derflinger |

mod categorical;
mod draws;
mod empirical;
mod exponential;
mod gamma;
mod normal;
mod uniform;
mod zipf;

pub use categorical::Categorical;
pub use draws::Draws;
pub use empirical::Empirical;
pub use exponential::{exponential, geometric, pareto, weibull};
pub use gamma::{gamma, log_gamma};
pub use normal::{lognormal, standard_normal};
pub use uniform::{bernoulli, index_below, uniform_open, uniform_u64};
pub use zipf::Zipf;

use crate::time::Span;

/// Rounds to the nearest nanosecond; what is out of range becomes the longest span.
fn to_span(nanoseconds: f64) -> Span {
    Span::from_nanoseconds(rounded(nanoseconds))
}

/// What `libm::round` and a conversion would give, in a fraction of the instructions: the conversion
/// cuts off the fraction anyway, and the difference to what is left of it is exact.
fn rounded(value: f64) -> u64 {
    let whole = value as u64;
    whole.saturating_add(u64::from(value - whole as f64 >= 0.5))
}

#[cfg(test)]
mod tests;
