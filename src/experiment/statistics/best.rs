//! Multiple comparisons with the best: which of k policies may be called best, and how far off are the
//! others at most?

use super::level::Level;
use super::mean::{mean, mean_interval};
use super::paired::differences;

/// Which way a metric is good.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Better {
    /// Smaller is better, as with waiting.
    Smaller,
    /// Larger is better, as with what was delivered.
    Larger,
}

/// Where one of k stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// It is the best: none of the others is better.
    Best,
    /// It may be the best.
    PossiblyBest,
    /// It is not the best, or not alone: another is at least as good.
    NotBest,
}

/// One of k against the best of the others.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct WithBest {
    /// Its mean.
    pub mean: f64,
    /// Its mean minus the mean of the best of the others, in the units of the metric.
    pub difference: f64,
    /// Lower end of the interval of that difference; never above 0.
    pub low: f64,
    /// Upper end; never below 0.
    pub high: f64,
    /// What follows.
    pub standing: Standing,
    /// How many replications.
    pub n: usize,
    /// Level of all k intervals together.
    pub level: Level,
}

/// Hsu's multiple comparisons with the best for replications that share their luck; `replications[i][j]`
/// is what policy i came to under luck j. One answer a policy, in order. Absent for fewer than two
/// policies or two replications, or when a value is not finite.
///
/// With D_il = Ȳ_i − Ȳ_l (turned so that larger is better) and W_il = t(n−1; 1−α/(k−1))·S of the
/// differences ÷ √n, the interval of μ_i − max over l ≠ i of μ_l reaches from min(0, min over l of
/// D_il − W_il) to max(0, min over l of D_il + W_il). Possible bests are those with D_il + W_il ≥ 0 for
/// all l. All k intervals hold together with probability 1 − α: it takes only the k − 1 one-sided
/// statements about the true best, so the error is divided by k − 1, where all pairs would need
/// k(k − 1) ÷ 2. No assumption on how the policies depend on each other. (Lower ends need only compare
/// with possible bests; of paired differences S obeys the triangle inequality, so the others never
/// give the smallest.)
///
/// Sources: Hsu, *Annals of Statistics* 12 (1984) and *Multiple Comparisons* (1996), ch. 4; Nelson &
/// Matejcik, *Management Science* 41 (1995), whose narrower form takes equal variances of all
/// differences (sphericity) for granted: policies of one family vary together far more than others do,
/// so it is not used here.
///
/// # Panics
/// When the policies have different numbers of replications.
pub fn compare_with_best<S: AsRef<[f64]>>(
    replications: &[S],
    better: Better,
    level: Level,
) -> Option<Vec<WithBest>> {
    let k = replications.len();
    let n = replications.first()?.as_ref().len();
    if k < 2 || n < 2 {
        return None;
    }
    let t = level.split(k - 1).one_sided_t((n - 1) as f64);
    // Row i, column l: D_il and W_il, both turned so that larger is better.
    let mut pairs = vec![vec![(0.0, 0.0); k]; k];
    for i in 0..k {
        for l in i + 1..k {
            let (first, second) = (replications[i].as_ref(), replications[l].as_ref());
            let between = match better {
                Better::Larger => mean_interval(&differences(first, second), level)?,
                Better::Smaller => mean_interval(&differences(second, first), level)?,
            };
            let width = t * between.standard_deviation / libm::sqrt(n as f64);
            pairs[i][l] = (between.mean, width);
            pairs[l][i] = (-between.mean, width);
        }
    }
    let others = |i: usize| (0..k).filter(move |l| *l != i);
    let least = |values: &mut dyn Iterator<Item = f64>| values.fold(f64::INFINITY, f64::min);
    let upper: Vec<f64> =
        (0..k).map(|i| least(&mut others(i).map(|l| pairs[i][l].0 + pairs[i][l].1))).collect();
    let possible: Vec<usize> = (0..k).filter(|i| upper[*i] >= 0.0).collect();
    let one = |i: usize| {
        let lower = least(&mut others(i).map(|l| pairs[i][l].0 - pairs[i][l].1));
        let standing = match upper[i] >= 0.0 {
            true if possible.len() == 1 => Standing::Best,
            true => Standing::PossiblyBest,
            false => Standing::NotBest,
        };
        let (low, high) = (lower.min(0.0), upper[i].max(0.0));
        let difference = least(&mut others(i).map(|l| pairs[i][l].0));
        // Adding 0 makes of −0 the 0 that people expect to read.
        let (difference, low, high) = match better {
            Better::Larger => (difference, low, high),
            Better::Smaller => (0.0 - difference, 0.0 - high, 0.0 - low),
        };
        WithBest { mean: mean(replications[i].as_ref()), difference, low, high, standing, n, level }
    };
    Some((0..k).map(one).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LUCK: [f64; 4] = [-3.0, -1.0, 1.0, 3.0];

    fn policy(mean: f64, own: f64) -> Vec<f64> {
        // Shared luck, and own luck that is orthogonal to it: 1, −1, −1, 1.
        let signs = [1.0, -1.0, -1.0, 1.0];
        LUCK.iter().zip(signs).map(|(luck, sign)| mean + luck + own * sign).collect()
    }

    /// Three policies with means 10, 11, 15; differences with the own luck ±1 have S² = 4/3. For k − 1 = 2
    /// the quantile is t(3; 0.975) = 3.182446, so W = 3.182446·√(4/3)/√4 = 1.837387 against the first.
    #[test]
    fn intervals_worked_by_hand() {
        let replications = [policy(10.0, 0.0), policy(11.0, 1.0), policy(15.0, 1.0)];
        let table = compare_with_best(&replications, Better::Smaller, Level::P95).expect("a table");
        let w = 1.837_387;
        let standings: Vec<Standing> = table.iter().map(|one| one.standing).collect();
        use Standing::{NotBest, PossiblyBest};
        assert_eq!(standings, [PossiblyBest, PossiblyBest, NotBest]);
        // Policies 2 and 3 have the same own luck, so they differ by exactly 4: W = 0.
        let expected = [(-1.0, -1.0 - w, w - 1.0), (1.0, 1.0 - w, 1.0 + w), (5.0, 0.0, 5.0 + w)];
        for (one, (difference, low, high)) in table.iter().zip(expected) {
            assert!((one.difference - difference).abs() < 1e-6, "{one:?}");
            assert!((one.low - low).abs() < 1e-5 && (one.high - high).abs() < 1e-5, "{one:?}");
        }
        assert_eq!((table[2].mean, table[2].n), (15.0, 4));
    }

    #[test]
    fn a_clear_best_has_a_lower_or_upper_end_of_0() {
        let replications = [policy(10.0, 0.0), policy(20.0, 1.0), policy(30.0, -1.0)];
        for (better, best) in [(Better::Smaller, 0), (Better::Larger, 2)] {
            let table = compare_with_best(&replications, better, Level::P95).expect("a table");
            for (index, one) in table.iter().enumerate() {
                let is_best = index == best;
                let expected = if is_best { Standing::Best } else { Standing::NotBest };
                assert_eq!(one.standing, expected, "{one:?}");
                // Of the best the end on the worse side is 0, of the others that on the better side.
                let end_is_low = is_best == (better == Better::Larger);
                assert_eq!(if end_is_low { one.low } else { one.high }, 0.0, "{one:?}");
            }
        }
    }

    #[test]
    fn policies_that_do_the_same_are_all_possibly_best() {
        let replications = [policy(10.0, 1.0), policy(10.0, 1.0), policy(12.0, 1.0)];
        let table = compare_with_best(&replications, Better::Smaller, Level::P95).expect("a table");
        for one in &table[..2] {
            assert_eq!((one.standing, one.low, one.high), (Standing::PossiblyBest, 0.0, 0.0));
            assert!(one.difference.is_sign_positive() && one.low.is_sign_positive());
        }
        assert_eq!((table[2].standing, table[2].low, table[2].high), (Standing::NotBest, 0.0, 2.0));
    }

    #[test]
    fn what_cannot_be_compared_is_absent() {
        let none: [Vec<f64>; 0] = [];
        assert_eq!(compare_with_best(&none, Better::Smaller, Level::P95), None);
        assert_eq!(compare_with_best(&[LUCK], Better::Smaller, Level::P95), None);
        assert_eq!(compare_with_best(&[[1.0], [2.0]], Better::Smaller, Level::P95), None);
        let infinite = [[1.0, 2.0], [2.0, f64::INFINITY]];
        assert_eq!(compare_with_best(&infinite, Better::Smaller, Level::P95), None);
    }
}
