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

/// One who asks, and is promised and held to something.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BoundedClaim {
    /// How much it can use, and its weight.
    pub claim: Claim,
    /// What it is promised if it can use it.
    pub least: f64,
    /// What it is held to; at least `least`.
    pub most: f64,
}

/// The same with bounds: xᵢ = λ·wᵢ, but at least what it is promised and at most what it can use and is
/// held to. Promises of more than the capacity are scaled down in proportion.
///
/// While the bounds that bind add more than they take away, those at their least are settled, else those
/// at their most; each round settles one at least.
pub fn divide_within(capacity: f64, claims: &[BoundedClaim]) -> Vec<f64> {
    let range = |claim: &BoundedClaim| {
        let most = claim.most.min(claim.claim.demand);
        (claim.least.min(most), most)
    };
    let promised: f64 = claims.iter().map(|claim| range(claim).0).sum();
    if promised >= capacity && promised > 0.0 {
        return claims.iter().map(|claim| range(claim).0 * capacity.max(0.0) / promised).collect();
    }
    let mut shares: Vec<Option<f64>> = vec![None; claims.len()];
    loop {
        let left = (capacity - shares.iter().flatten().sum::<f64>()).max(0.0);
        let open: Vec<usize> = (0..claims.len()).filter(|index| shares[*index].is_none()).collect();
        let weights: f64 = open.iter().map(|index| claims[*index].claim.weight).sum();
        let wanted = |index: usize| {
            let by_weight = left * claims[index].claim.weight / weights;
            let (least, most) = range(&claims[index]);
            (by_weight, by_weight.max(least).min(most))
        };
        if open.is_empty() {
            return shares.into_iter().map(Option::unwrap_or_default).collect();
        }
        let moved: f64 = open.iter().map(|index| wanted(*index).1 - wanted(*index).0).sum();
        let settled: Vec<(usize, f64)> = open
            .iter()
            .map(|index| (*index, wanted(*index)))
            .filter(|(_, (by_weight, bound))| match moved.total_cmp(&0.0) {
                std::cmp::Ordering::Greater => bound > by_weight,
                std::cmp::Ordering::Less => bound < by_weight,
                std::cmp::Ordering::Equal => true,
            })
            .map(|(index, (_, bound))| (index, bound))
            .collect();
        for (index, share) in settled {
            shares[index] = Some(share);
        }
    }
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

    fn within(capacity: f64, claims: &[(f64, f64, f64, f64)], expected: &[f64]) {
        let claims: Vec<BoundedClaim> = claims
            .iter()
            .map(|(demand, weight, least, most)| BoundedClaim {
                claim: Claim { demand: *demand, weight: *weight },
                least: *least,
                most: *most,
            })
            .collect();
        let found = divide_within(capacity, &claims);
        let near = found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9);
        assert!(near && found.len() == expected.len(), "{found:?}, expected {expected:?}");
    }

    #[test]
    fn promises_and_limits_bind_only_where_they_must() {
        let (all, free) = (f64::INFINITY, 0.0);
        within(100.0, &[(all, 1.0, 40.0, all), (all, 3.0, free, all)], &[40.0, 60.0]);
        within(100.0, &[(all, 1.0, 10.0, all), (all, 3.0, free, all)], &[25.0, 75.0]);
        within(100.0, &[(all, 1.0, free, 10.0), (all, 1.0, free, all)], &[10.0, 90.0]);
        // Who asks less than it is promised gets what it asks.
        within(100.0, &[(5.0, 1.0, 40.0, all), (all, 3.0, free, all)], &[5.0, 95.0]);
        // One at its most leaves so much that the other's promise does not bind.
        within(
            100.0,
            &[(all, 8.0, free, 10.0), (all, 1.0, 20.0, all), (all, 1.0, free, all)],
            &[10.0, 45.0, 45.0],
        );
        // Nobody may have the rest.
        within(100.0, &[(all, 1.0, free, 10.0), (20.0, 1.0, free, all)], &[10.0, 20.0]);
        // Promises of more than there is.
        within(
            60.0,
            &[(all, 1.0, 90.0, all), (all, 5.0, 30.0, all), (all, 1.0, free, all)],
            &[45.0, 15.0, 0.0],
        );
    }

    #[test]
    fn without_bounds_it_is_the_same_division() {
        for seed in 0..300u64 {
            let draw = |i: u64| (crate::units::mix(seed * 64 + i) % 1000) as f64;
            let claims: Vec<Claim> = (0..1 + seed % 20)
                .map(|i| Claim { demand: draw(2 * i), weight: draw(2 * i + 1) + 1.0 })
                .collect();
            let capacity = draw(63) * 5.0;
            let bounded: Vec<BoundedClaim> = claims
                .iter()
                .map(|claim| BoundedClaim { claim: *claim, least: 0.0, most: f64::INFINITY })
                .collect();
            let (free, within) = (divide(capacity, &claims), divide_within(capacity, &bounded));
            assert!(free.iter().zip(&within).all(|(a, b)| (a - b).abs() < 1e-6), "{seed}");
        }
    }
}
