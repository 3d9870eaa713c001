//! The median over replications, with an interval that assumes no distribution.

use serde::Serialize;

use super::statistics::{Level, quantile, quantile_interval};
use crate::measure::Quantile;

/// A median with its interval, all of them values of replications. It holds for skewed figures, and for
/// ones that are only known to be larger than what was counted, where the mean's interval does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Median {
    /// The middle value, of an even number the lower one; absent where more than half are censored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub median: Option<f64>,
    /// Lower end; absent for fewer than six values at 95 %.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub median_low: Option<f64>,
    /// Upper end; absent for fewer than six values at 95 %, or where it lies among censored values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub median_high: Option<f64>,
}

/// The median of one value a replication. What is only known to be above x counts as x for the lower
/// end and as infinite for the upper one, so the interval holds whatever the truth is.
pub fn median(values: &[Quantile], level: Level) -> Median {
    let at = |censored: fn(f64) -> f64| -> Vec<f64> {
        let number = |value: &Quantile| match value {
            Quantile::Exactly(value) => *value,
            Quantile::Above(value) => censored(*value),
        };
        values.iter().map(number).collect()
    };
    let (least, most) = (at(|value| value), at(|_| f64::INFINITY));
    let finite = |value: Option<f64>| value.filter(|value| value.is_finite());
    Median {
        median: finite(quantile(&most, 0.5)),
        median_low: finite(quantile_interval(&least, 0.5, level).and_then(|it| it.low)),
        median_high: finite(quantile_interval(&most, 0.5, level).and_then(|it| it.high)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exactly(values: impl IntoIterator<Item = u32>) -> Vec<Quantile> {
        values.into_iter().map(|value| Quantile::Exactly(f64::from(value))).collect()
    }

    /// Of ten values the interval at 95 % reaches from the second to the ninth: P(Bin(10, ½) < 2) is
    /// 11 ÷ 1024 and P(Bin(10, ½) < 3) is 56 ÷ 1024 (any table of the sign test).
    #[test]
    fn the_interval_is_that_of_the_sign_test() {
        let found = median(&exactly([70, 10, 90, 30, 100, 20, 60, 40, 80, 50]), Level::P95);
        let expected =
            Median { median: Some(50.0), median_low: Some(20.0), median_high: Some(90.0) };
        assert_eq!(found, expected);
        // Five values have no interval, but a middle.
        let few = median(&exactly([5, 1, 4, 2, 3]), Level::P95);
        assert_eq!(few, Median { median: Some(3.0), ..Median::default() });
        assert_eq!(median(&[], Level::P95), Median::default());
    }

    #[test]
    fn what_is_censored_can_be_anything_above() {
        let mut values = exactly(1..=10);
        // Three of ten are known to be above 0 only: they may be the largest.
        for value in &mut values[..3] {
            *value = Quantile::Above(0.0);
        }
        let found = median(&values, Level::P95);
        // As 0 they are the smallest three: the second of 0, 0, 0, 4, ... As infinite they are the
        // largest: the ninth of 4, ..., 10, ∞, ∞, ∞ is unknown, the fifth is 8.
        let expected = Median { median: Some(8.0), median_low: Some(0.0), median_high: None };
        assert_eq!(found, expected);
    }
}
