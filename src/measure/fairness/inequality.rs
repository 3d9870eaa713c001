//! How unequal numbers are that should be equal: sent ÷ entitled of tenants.

/// How much a loss of those who have little counts: α of α-fairness.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Aversion {
    /// Proportional fairness.
    One,
    /// Least potential delay.
    Two,
    /// Max-min fairness.
    Infinite,
}

/// Gini's coefficient ΣΣ|yᵢ − yⱼ| ÷ (2n²ȳ): 0 when all are equal, up to 1 − 1/n. `None` of nothing and of
/// zeros alone.
pub fn gini(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (count, sum) = (sorted.len() as f64, sorted.iter().sum::<f64>());
    // Of the sorted, the k-th is the greater one k times and the smaller one n − 1 − k times.
    let ranked = sorted.iter().enumerate().map(|(k, y)| (2.0 * k as f64 + 1.0 - count) * y);
    (sum > 0.0).then(|| ranked.sum::<f64>() / (count * sum))
}

/// Theil's index (1/n)·Σ(yᵢ/ȳ)·ln(yᵢ/ȳ): 0 when all are equal, up to ln n.
pub fn theil(values: &[f64]) -> Option<f64> {
    let (count, sum) = (values.len() as f64, values.iter().sum::<f64>());
    let part = |y: &f64| {
        let ratio = y * count / sum;
        if ratio > 0.0 { ratio * libm::log(ratio) } else { 0.0 }
    };
    (sum > 0.0).then(|| (values.iter().map(part).sum::<f64>() / count).max(0.0))
}

/// Atkinson's index with aversion 1: 1 − geometric mean ÷ mean. It is the part of the whole that could be
/// given up for an equal division that is as good by Σ ln y (α-fairness with α = 1). 1 when one has nothing.
pub fn atkinson(values: &[f64]) -> Option<f64> {
    let (count, sum) = (values.len() as f64, values.iter().sum::<f64>());
    if sum <= 0.0 {
        return None;
    }
    if values.contains(&0.0) {
        return Some(1.0);
    }
    let logarithms: f64 = values.iter().map(|y| libm::log(y * count / sum)).sum();
    Some((1.0 - libm::exp(logarithms / count)).max(0.0))
}

/// Welfare that a division loses against the max-min one, of (sent, entitled): 1 − c, where c times what each
/// is entitled to would be as good by U_α(x) = Σ wᵢ^α·xᵢ^(1 − α) ÷ (1 − α), for α = 1 Σ wᵢ·ln xᵢ (Mo and Walrand
/// 2000), w in proportion to the entitlements. Of all divisions of one quota those are best by every such U.
///
/// With p = entitled ÷ Σ entitled and y = sent ÷ entitled: 1 − Π y^p for α = 1, 1 − 1 ÷ Σ p/y for α = 2,
/// 1 − min y for infinite α; 1 when one has nothing. For α = 0 it is what was not sent at all, whoever's it is:
/// 1 − work conservation. So the larger α, the larger the loss.
pub fn welfare_loss(portions: &[(f64, f64)], aversion: Aversion) -> Option<f64> {
    let entitled: f64 = portions.iter().map(|(_, entitled)| entitled).sum();
    if entitled <= 0.0 {
        return None;
    }
    let each = portions.iter().map(|(sent, own)| (own / entitled, sent / own));
    let least = each.clone().map(|(_, y)| y).fold(f64::INFINITY, f64::min);
    if least <= 0.0 {
        return Some(1.0);
    }
    let as_good = match aversion {
        Aversion::One => libm::exp(each.map(|(p, y)| p * libm::log(y)).sum()),
        Aversion::Two => 1.0 / each.map(|(p, y)| p / y).sum::<f64>(),
        Aversion::Infinite => least,
    };
    Some((1.0 - as_good).max(0.0))
}

/// The largest |y − 1|: D∞ of sent ÷ entitled.
pub fn distance_worst(ratios: &[f64]) -> Option<f64> {
    ratios.iter().map(|y| (y - 1.0).abs()).reduce(f64::max)
}

/// The least ÷ the greatest.
pub fn min_max_ratio(values: &[f64]) -> Option<f64> {
    let (least, most) = range(values)?;
    (most > 0.0).then(|| least / most)
}

/// The greatest − the least.
pub fn service_gap(values: &[f64]) -> Option<f64> {
    range(values).map(|(least, most)| most - least)
}

fn range(values: &[f64]) -> Option<(f64, f64)> {
    let least = values.iter().copied().reduce(f64::min)?;
    Some((least, values.iter().copied().reduce(f64::max)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: Option<f64>, expected: f64) {
        assert!(found.is_some_and(|found| (found - expected).abs() < 1e-12), "{found:?}");
    }

    #[test]
    fn equal_numbers_are_not_unequal() {
        for of in [gini, theil, atkinson, service_gap] {
            close(of(&[3.0; 7]), 0.0);
        }
        close(min_max_ratio(&[3.0; 7]), 1.0);
    }

    #[test]
    fn one_who_has_everything() {
        let all = [0.0, 0.0, 0.0, 8.0];
        close(gini(&all), 0.75);
        close(theil(&all), libm::log(4.0));
        close(atkinson(&all), 1.0);
        close(min_max_ratio(&all), 0.0);
        close(service_gap(&all), 8.0);
    }

    #[test]
    fn worked_by_hand() {
        // Differences of 1, 3, 5: 2 · (2 + 4 + 2) = 16; 16 ÷ (2 · 9 · 3).
        close(gini(&[5.0, 1.0, 3.0]), 16.0 / 54.0);
        let ln = |x: f64| libm::log(x);
        close(theil(&[1.0, 3.0]), (0.5 * ln(0.5) + 1.5 * ln(1.5)) / 2.0);
        close(atkinson(&[1.0, 4.0]), 1.0 - 2.0 / 2.5);
        close(min_max_ratio(&[1.0, 4.0, 2.0]), 0.25);
        close(service_gap(&[1.0, 4.0, 2.0]), 3.0);
    }

    #[test]
    fn welfare_is_lost_the_more_the_more_aversion_there_is() {
        // 30 and 10 are right, 20 and 20 were sent: y = 2/3 of three quarters and 2 of one.
        let portions = [(20.0, 30.0), (20.0, 10.0)];
        let one = 1.0 - libm::exp(0.75 * libm::log(2.0 / 3.0) + 0.25 * libm::log(2.0));
        close(welfare_loss(&portions, Aversion::One), one);
        // 3/4 ÷ 2/3 + 1/4 ÷ 2 = 5/4.
        close(welfare_loss(&portions, Aversion::Two), 0.2);
        close(welfare_loss(&portions, Aversion::Infinite), 1.0 / 3.0);
        assert!(one > 0.0 && one < 0.2);
        for aversion in [Aversion::One, Aversion::Two, Aversion::Infinite] {
            close(welfare_loss(&[(3.0, 3.0), (1.0, 1.0)], aversion), 0.0);
            close(welfare_loss(&[(4.0, 3.0), (0.0, 1.0)], aversion), 1.0);
            assert_eq!(welfare_loss(&[], aversion), None);
        }
    }

    #[test]
    fn the_worst_distance_is_in_either_direction() {
        close(distance_worst(&[1.0, 0.75, 1.5]), 0.5);
        close(distance_worst(&[1.0, 0.25, 1.5]), 0.75);
        assert_eq!(distance_worst(&[]), None);
    }

    #[test]
    fn nothing_and_zeros_have_no_figure() {
        for of in [gini, theil, atkinson, min_max_ratio] {
            assert_eq!(of(&[]), None);
            assert_eq!(of(&[0.0, 0.0]), None);
        }
        assert_eq!(service_gap(&[]), None);
    }
}
