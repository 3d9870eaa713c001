//! Weighted max-min division ("water filling").

/// One who asks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Claim {
    /// How much it can use; not negative.
    pub demand: f64,
    /// Its weight; above 0.
    pub weight: f64,
}

/// Divides `capacity` among `claims`: xᵢ = min(dᵢ, λ·wᵢ) with Σxᵢ = min(capacity, Σdᵢ).
///
/// No claim can get more without one that has less for its weight getting less. Those that get all
/// they ask get exactly their demand. O(n log n): claims are filled in order of demand ÷ weight,
/// ties in the order given (Bertsekas and Gallager, *Data Networks*, section 6.5.2; Keshav's
/// worked example is in the tests).
pub fn divide(capacity: f64, claims: &[Claim]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..claims.len()).collect();
    let level = |index: &usize| claims[*index].demand / claims[*index].weight;
    order.sort_by(|a, b| level(a).total_cmp(&level(b)));
    // Weights still unfilled behind each place, summed from the end so that nothing is cancelled.
    let mut weights_left = vec![0.0; claims.len() + 1];
    for (place, index) in order.iter().enumerate().rev() {
        weights_left[place] = weights_left[place + 1] + claims[*index].weight;
    }
    let mut shares = vec![0.0; claims.len()];
    let mut left = capacity.max(0.0);
    for (place, index) in order.iter().enumerate() {
        let claim = claims[*index];
        let fair = left * claim.weight / weights_left[place];
        shares[*index] = claim.demand.min(fair);
        left = (left - shares[*index]).max(0.0);
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(capacity: f64, demands: &[f64], weights: &[f64], expected: &[f64]) {
        let claims: Vec<Claim> = demands
            .iter()
            .zip(weights)
            .map(|(demand, weight)| Claim { demand: *demand, weight: *weight })
            .collect();
        let found = divide(capacity, &claims);
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-9, "{demands:?} / {capacity}: {found}");
        }
    }

    #[test]
    fn keshav_and_a_second_weighted_example() {
        check(16.0, &[4.0, 2.0, 10.0, 4.0], &[2.5, 4.0, 0.5, 1.0], &[4.0, 2.0, 6.0, 4.0]);
        check(20.0, &[6.0, 5.0, 10.0, 5.0], &[2.0, 4.0, 3.0, 1.0], &[5.0, 5.0, 7.5, 2.5]);
    }

    #[test]
    fn kubernetes_fair_allocation() {
        let equal = [1.0; 4];
        check(42.0, &[0.0, 0.0], &equal, &[0.0, 0.0]);
        check(42.0, &[47.0, 0.0], &equal, &[42.0, 0.0]);
        check(42.0, &[1.0, 47.0], &equal, &[1.0, 41.0]);
        check(14.0, &[3.0, 7.0, 9.0, 1.0], &equal, &[3.0, 5.0, 5.0, 1.0]);
        check(21.0, &[1.0, 9.0, 7.0, 3.0], &equal, &[1.0, 9.0, 7.0, 3.0]);
    }

    #[test]
    fn nothing_to_divide_and_nobody_to_ask() {
        check(0.0, &[3.0, 1.0], &[1.0, 2.0], &[0.0, 0.0]);
        check(5.0, &[], &[], &[]);
    }

    #[test]
    fn no_more_than_the_capacity_and_no_more_than_asked() {
        for seed in 0..500u64 {
            let draw = |i: u64| (crate::units::mix(seed * 64 + i) % 1000) as f64;
            let claims: Vec<Claim> = (0..1 + seed % 20)
                .map(|i| Claim { demand: draw(2 * i), weight: draw(2 * i + 1) + 1.0 })
                .collect();
            let capacity = draw(63) * 5.0;
            let shares = divide(capacity, &claims);
            let asked: f64 = claims.iter().map(|claim| claim.demand).sum();
            let given: f64 = shares.iter().sum();
            assert!((given - capacity.min(asked)).abs() < 1e-6);
            // Whoever is not satisfied stands at the highest level of all.
            let level = |i: usize| shares[i] / claims[i].weight;
            let highest = (0..claims.len()).map(level).fold(0.0, f64::max);
            for (i, claim) in claims.iter().enumerate() {
                assert!(shares[i] <= claim.demand);
                assert!(shares[i] == claim.demand || level(i) > highest - 1e-9);
            }
        }
    }
}
