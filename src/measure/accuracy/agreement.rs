//! Agreement of severities: weighted kappa for bins, rank correlations for scores.

/// Quadratic-weighted κ = 1 − Σ w·observed ÷ Σ w·expected, w = (a − b)² ÷ (B − 1)², of pairs of bins
/// 0..`bins` (Cohen 1968). 1 is perfect, 0 what two independent raters with these habits would reach.
/// `None` without pairs, or when both raters always used one and the same bin.
///
/// # Panics
/// When a bin is not below `bins`.
pub fn quadratic_kappa(pairs: &[(usize, usize)], bins: usize) -> Option<f64> {
    let mut table = vec![vec![0_u64; bins]; bins];
    for &(truth, judged) in pairs {
        table[truth][judged] += 1;
    }
    let truths: Vec<u64> = table.iter().map(|row| row.iter().sum()).collect();
    let judged: Vec<u64> = (0..bins).map(|b| table.iter().map(|row| row[b]).sum()).collect();
    let (mut observed, mut expected) = (0.0, 0.0);
    for a in 0..bins {
        for b in 0..bins {
            let weight = (a.abs_diff(b) * a.abs_diff(b)) as f64;
            observed += weight * table[a][b] as f64;
            expected += weight * truths[a] as f64 * judged[b] as f64 / pairs.len() as f64;
        }
    }
    (expected > 0.0).then(|| 1.0 - observed / expected)
}

/// Kendall's τ_b of pairs, with the correction for ties. `None` if either side is constant.
pub fn kendall_tau_b(pairs: &[(f64, f64)]) -> Option<f64> {
    let (mut agreeing, mut left_ties, mut right_ties, mut all) = (0_i64, 0_i64, 0_i64, 0_i64);
    for (index, a) in pairs.iter().enumerate() {
        for b in &pairs[index + 1..] {
            let (left, right) = (a.0.total_cmp(&b.0) as i64, a.1.total_cmp(&b.1) as i64);
            agreeing += left * right;
            left_ties += i64::from(left == 0);
            right_ties += i64::from(right == 0);
            all += 1;
        }
    }
    let below = ((all - left_ties) as f64 * (all - right_ties) as f64).sqrt();
    (below > 0.0).then(|| agreeing as f64 / below)
}

/// Spearman's ρ: the correlation of the ranks, ties sharing their mean rank. `None` if either side is
/// constant.
pub fn spearman(pairs: &[(f64, f64)]) -> Option<f64> {
    let left = ranks(&pairs.iter().map(|pair| pair.0).collect::<Vec<_>>());
    let right = ranks(&pairs.iter().map(|pair| pair.1).collect::<Vec<_>>());
    let middle = (pairs.len() as f64 + 1.0) / 2.0;
    let (mut both, mut lefts, mut rights) = (0.0, 0.0, 0.0);
    for (a, b) in left.iter().zip(&right) {
        both += (a - middle) * (b - middle);
        lefts += (a - middle) * (a - middle);
        rights += (b - middle) * (b - middle);
    }
    (lefts > 0.0 && rights > 0.0).then(|| both / (lefts * rights).sqrt())
}

fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut from = 0;
    while from < order.len() {
        let mut to = from + 1;
        while to < order.len() && values[order[to]] == values[order[from]] {
            to += 1;
        }
        order[from..to].iter().for_each(|at| ranks[*at] = (from + to + 1) as f64 / 2.0);
        from = to;
    }
    ranks
}

/// Normalised discounted cumulative gain of the first `k` in a list for triage: `gains` in the order in
/// which the list shows them, gain ÷ log₂(place + 1), relative to the best order. `None` if nothing is
/// to be gained.
pub fn ndcg(gains: &[f64], k: usize) -> Option<f64> {
    let discounted = |gains: &[f64]| -> f64 {
        let gain = |(place, gain): (usize, &f64)| gain / libm::log2(place as f64 + 2.0);
        gains.iter().take(k).enumerate().map(gain).sum()
    };
    let mut best = gains.to_vec();
    best.sort_by(|a, b| b.total_cmp(a));
    let ideal = discounted(&best);
    (ideal > 0.0).then(|| discounted(gains) / ideal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kappa_worked_by_hand() {
        // Truth 0 0 1 1 2 2, judged 0 1 1 1 2 0: observed 0·3 + 1 + 4 = 5 over 6 pairs. Margins truth
        // 2 2 2, judged 2 3 1: expected (2·3 + 4·2·1 + 2·2 + 2·1 + 4·2·2 + 2·3) ÷ 6 = 42 ÷ 6 = 7.
        let pairs = [(0, 0), (0, 1), (1, 1), (1, 1), (2, 2), (2, 0)];
        let kappa = quadratic_kappa(&pairs, 3).expect("defined");
        assert!((kappa - (1.0 - 5.0 / 7.0)).abs() < 1e-12, "{kappa}");
        assert_eq!(quadratic_kappa(&[(0, 0), (3, 3)], 4), Some(1.0));
        assert_eq!(quadratic_kappa(&[(0, 3), (3, 0)], 4), Some(-1.0));
        assert_eq!(quadratic_kappa(&[(1, 1)], 4), None);
        assert_eq!(quadratic_kappa(&[], 4), None);
    }

    #[test]
    fn rank_correlations_worked_by_hand() {
        let pairs = [(1.0, 1.0), (2.0, 3.0), (3.0, 2.0), (4.0, 4.0)];
        assert!((kendall_tau_b(&pairs).expect("defined") - 4.0 / 6.0).abs() < 1e-12);
        assert!((spearman(&pairs).expect("defined") - 0.8).abs() < 1e-12);
        // Ties: of three pairs one is tied on the left, two agree.
        let tied = [(1.0, 1.0), (1.0, 2.0), (2.0, 3.0)];
        let tau = kendall_tau_b(&tied).expect("defined");
        assert!((tau - 2.0 / 6.0_f64.sqrt()).abs() < 1e-12);
        assert!((spearman(&tied).expect("defined") - 1.5 / (1.5_f64 * 2.0).sqrt()).abs() < 1e-12);
        assert_eq!(kendall_tau_b(&[(1.0, 1.0), (1.0, 2.0)]), None);
        assert_eq!(spearman(&[(1.0, 1.0), (1.0, 2.0)]), None);
    }

    #[test]
    fn gain_is_discounted_by_place() {
        assert_eq!(ndcg(&[3.0, 2.0, 0.0], 3), Some(1.0));
        let found = ndcg(&[0.0, 1.0], 2).expect("defined");
        assert!((found - 1.0 / libm::log2(3.0)).abs() < 1e-12);
        assert_eq!(ndcg(&[0.0], 1), None);
    }
}
