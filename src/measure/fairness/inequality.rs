//! How unequal numbers are that should be equal: sent ÷ entitled of tenants.

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
    fn nothing_and_zeros_have_no_figure() {
        for of in [gini, theil, atkinson, min_max_ratio] {
            assert_eq!(of(&[]), None);
            assert_eq!(of(&[0.0, 0.0]), None);
        }
        assert_eq!(service_gap(&[]), None);
    }
}
