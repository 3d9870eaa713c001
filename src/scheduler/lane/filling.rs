//! The weighted max-min division of a share among children that are promised and held to something.

use alloc::vec::Vec;

use super::bounds::Range;

/// A child with bounds.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Bounded {
    /// In millionths.
    pub(super) weight: u128,
    pub(super) range: Range,
}

/// Divides `amount` among bounded children and others whose weights add up to `free`: xᵢ = λ·wᵢ, but not
/// less than the child's min and not more than its max, such that they add up to the amount. Returns what
/// the bounded get, in their order, and what is left for the others together.
///
/// When the promises are more than the amount they are scaled down in proportion, and nothing is left.
/// Otherwise those whose bounds bind are found as in the layout of flexible boxes: while the bounds add
/// more than they take away, those at their min are settled, else those at their max. Each round settles
/// one at least, so it takes O(n²) at worst.
pub(super) fn fill(amount: u128, free: u128, children: &[Bounded]) -> (Vec<u128>, u128) {
    let promised: u128 = children.iter().map(|child| child.range.min).sum();
    if promised >= amount && promised > 0 {
        let scaled = |child: &Bounded| child.range.min.saturating_mul(amount) / promised;
        return (children.iter().map(scaled).collect(), 0);
    }
    let mut shares: Vec<Option<u128>> = alloc::vec![None; children.len()];
    loop {
        let settled: u128 = shares.iter().flatten().sum();
        let left = amount.saturating_sub(settled);
        let open = || children.iter().zip(&shares).filter(|(_, share)| share.is_none());
        let weights = free + open().map(|(child, _)| child.weight).sum::<u128>();
        if open().count() == 0 {
            let all = shares.into_iter().map(Option::unwrap_or_default);
            return (all.collect(), left);
        }
        let by_weight = |child: &Bounded| left * child.weight / weights;
        let (mut added, mut taken) = (0, 0);
        for (child, _) in open() {
            let (share, bound) = (by_weight(child), child.range.clamp(by_weight(child)));
            added += bound.saturating_sub(share);
            taken += share.saturating_sub(bound);
        }
        let settles = |child: &Bounded| {
            let share = by_weight(child);
            let bound = child.range.clamp(share);
            let at_a_bound = match added.cmp(&taken) {
                core::cmp::Ordering::Greater => bound > share,
                core::cmp::Ordering::Less => bound < share,
                core::cmp::Ordering::Equal => true,
            };
            at_a_bound.then_some(bound)
        };
        let next: Vec<Option<u128>> = children
            .iter()
            .zip(&shares)
            .map(|(child, share)| share.or_else(|| settles(child)))
            .collect();
        shares = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::mix;

    fn child(weight: u128, min: u128, max: u128) -> Bounded {
        Bounded { weight, range: Range { min, max } }
    }

    #[test]
    fn bounds_bind_only_where_they_must() {
        let most = u128::MAX;
        assert_eq!(fill(100, 3, &[child(1, 0, most)]), (alloc::vec![25], 75));
        assert_eq!(fill(100, 3, &[child(1, 40, most)]), (alloc::vec![40], 60));
        assert_eq!(fill(100, 1, &[child(1, 0, 10)]), (alloc::vec![10], 90));
        // One at its min takes from the other, which then is below its max.
        let both = [child(1, 70, most), child(1, 0, 40)];
        assert_eq!(fill(100, 1, &both), (alloc::vec![70, 15], 15));
        // One at its max leaves so much that the other's min does not bind.
        let both = [child(8, 0, 10), child(1, 20, most)];
        assert_eq!(fill(100, 1, &both), (alloc::vec![10, 45], 45));
        // All at their max: something is left over, and nobody is there to have it.
        assert_eq!(fill(100, 0, &[child(1, 0, 10), child(1, 0, 20)]), (alloc::vec![10, 20], 70));
    }

    #[test]
    fn too_many_promises_are_scaled_down_in_proportion() {
        let most = u128::MAX;
        let both = [child(1, 90, most), child(5, 30, most), child(1, 0, most)];
        assert_eq!(fill(60, 2, &both), (alloc::vec![45, 15, 0], 0));
    }

    #[test]
    fn whoever_is_not_at_a_bound_stands_at_the_same_level() {
        for seed in 0..500 {
            let draw = |i: u64, below: u64| u128::from(mix(mix(seed) ^ i) % below);
            let children: Vec<Bounded> = (0..1 + seed % 7)
                .map(|i| {
                    let min = draw(4 * i, 100_000);
                    child(1 + draw(4 * i + 1, 9), min, min + draw(4 * i + 2, 400_000))
                })
                .collect();
            let (amount, free) = (700_000 + draw(99, 900_000), 1 + draw(98, 9));
            let (shares, left) = fill(amount, free, &children);
            let sum: u128 = shares.iter().sum();
            assert_eq!(sum + left, amount);
            let level = left / free;
            for (child, share) in children.iter().zip(shares) {
                let wanted = child.range.clamp(level * child.weight);
                assert!(wanted.abs_diff(share) <= 20 * child.weight, "{seed}: {share} {wanted}");
            }
        }
    }
}
