//! Rows that replicate until the answer is precise.

use apportion::experiment::statistics::{Decision, StoppingRule, mean_interval};

use super::Promise::Covers;
use super::{Draws, Row, Trial, green, red};

pub(super) const ROWS: &[Row] = &[
    // Where the rule stops near its first look, and the further ones right after it, a lucky stop costs
    // most; so spreads of 20 to 50 %.
    green("until ±10 %, normal of spread 20 %", Covers, 20_000, |d| until(&TENTH, d, normal_20)),
    green("until ±10 %, normal of spread 25 %", Covers, 20_000, |d| until(&TENTH, d, normal_25)),
    green("until ±10 %, normal of spread 30 %", Covers, 20_000, |d| until(&TENTH, d, normal_30)),
    green("until ±10 %, normal of spread 50 %", Covers, 20_000, |d| until(&TENTH, d, normal_50)),
    green("until ±5 %, normal of spread 50 %", Covers, 10_000, |d| {
        until(&TWENTIETH, d, normal_50)
    }),
    green("until ±10 %, skewness 1, spread 50 %", Covers, 20_000, |d| until(&TENTH, d, gamma)),
    green("until ±10 %, skewness 2, spread 100 %", Covers, 10_000, |d| {
        until(&TENTH, d, exponential)
    }),
    green("until ±10 %, looks every 10", Covers, 20_000, |d| {
        until(&StoppingRule { step: 10, ..TENTH }, d, normal_30)
    }),
    green("until ±10 %, true error within 10 %", Covers, 20_000, |d| {
        let answer = stop(&TENTH, d, normal_30);
        Trial::from_answer(answer.map(|(mean, _)| (mean - 1.0).abs() <= 0.1))
    }),
    green("until ±10 %, two metrics, both hold", Covers, 20_000, |d| {
        let mut watch = TENTH.watch(2);
        let (mut first, mut second) = (Vec::new(), Vec::new());
        loop {
            first.push(normal_30(d));
            second.push(normal_25(d));
            let last = first.len() - 1;
            match watch.push(&[first[last], second[last]]) {
                Decision::More { .. } => {}
                Decision::Capped { .. } => return Trial::Declined,
                Decision::Precise { n } => {
                    let holds = |values: &[f64]| {
                        let interval = mean_interval(&values[..n], TENTH.level_of_each(2));
                        interval.is_some_and(|interval| interval.contains(1.0))
                    };
                    return Trial::from_answer(Some(holds(&first) && holds(&second)));
                }
            }
        }
    }),
    red("until ±10 %, from 2 on, spread 20 %, unconfirmed", Covers, 10_000, |d| {
        until(&HASTY, d, normal_20)
    }),
    red("until ±20 %, from 2 on, skewness 1, unconfirmed", Covers, 10_000, |d| {
        until(&StoppingRule { relative: 0.2, ..HASTY }, d, gamma)
    }),
];

/// The recommended rule, to 10 %.
const TENTH: StoppingRule = StoppingRule::to_relative_precision(0.1);

/// To 5 %.
const TWENTIETH: StoppingRule = StoppingRule::to_relative_precision(0.05);

/// What one would write without having read about it.
const HASTY: StoppingRule = StoppingRule { first: 2, look_ahead: 0, ..TENTH };

/// All of them have mean 1.
fn normal_20(d: &mut Draws) -> f64 {
    1.0 + 0.2 * d.normal()
}

fn normal_25(d: &mut Draws) -> f64 {
    1.0 + 0.25 * d.normal()
}

fn normal_30(d: &mut Draws) -> f64 {
    1.0 + 0.3 * d.normal()
}

fn normal_50(d: &mut Draws) -> f64 {
    1.0 + 0.5 * d.normal()
}

fn gamma(d: &mut Draws) -> f64 {
    d.gamma_4() / 4.0
}

fn exponential(d: &mut Draws) -> f64 {
    d.exponential()
}

fn until(rule: &StoppingRule, d: &mut Draws, one: fn(&mut Draws) -> f64) -> Trial {
    Trial::from_answer(stop(rule, d, one).map(|(_, holds)| holds))
}

/// The mean where the rule stops, and whether its interval has the truth, 1, in it.
fn stop(rule: &StoppingRule, d: &mut Draws, one: fn(&mut Draws) -> f64) -> Option<(f64, bool)> {
    let mut watch = rule.watch(1);
    let mut values = Vec::new();
    loop {
        let value = one(d);
        values.push(value);
        match watch.push(&[value]) {
            Decision::More { .. } => {}
            Decision::Capped { .. } => return None,
            Decision::Precise { n } => {
                let interval = mean_interval(&values[..n], rule.level)?;
                return Some((interval.mean, interval.contains(1.0)));
            }
        }
    }
}
