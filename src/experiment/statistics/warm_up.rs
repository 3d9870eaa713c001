//! Where the start stops mattering: MSER-5.

use super::mean::mean;

/// Observations in a batch: the 5 of MSER-5.
const BATCH: usize = 5;

/// Fewer batches than this say nothing.
const FEWEST_BATCHES: usize = 20;

/// Batches at the end that are never left alone: of a handful the spread is small by chance, and of one
/// it is 0 (Hoad & Robinson, WSC 2011, §3).
const KEPT_BATCHES: usize = 5;

/// What MSER-5 says of a series.
#[derive(Clone, PartialEq, Debug)]
pub struct WarmUp {
    /// The suggestion.
    pub suggestion: Suggestion,
    /// The statistic that is made small, by the number of batches of five deleted, for a plot.
    pub statistic: Vec<f64>,
}

/// How much to delete.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Suggestion {
    /// Delete so many observations at the start.
    Delete(usize),
    /// The best cut lies in the second half: the run has not settled, or has an end of its own kind (a
    /// drain). Make it longer or look at the plot; nothing is suggested.
    NotReached,
    /// Fewer than 100 observations.
    TooShort,
}

/// MSER-5 (White, Cobb & Spratt, WSC 2000): with Z_j the means of groups of five, delete the d groups for
/// which MSER(d) = Σ over j > d of (Z_j − Z̄_d)² ÷ (m − d)² is smallest, the squared standard error of what
/// remains as if it were independent. Of equal cuts the earliest. What is left over at the *end* of the
/// series is ignored. Values that are not finite leave nothing to suggest.
///
/// Give it the average over several replications, observation by observation: one run is too rough.
/// It is a suggestion to be looked at in a plot and then fixed in the scenario, before the runs that
/// count: a warm-up that each run chooses for itself makes them differ in what they measure. It is known
/// to misjudge slow starts that look settled (Wang & Glynn, *TOMACS* 27, 2016), and periodic series.
pub fn warm_up(series: &[f64]) -> WarmUp {
    let batches: Vec<f64> = series.chunks_exact(BATCH).map(mean).collect();
    let m = batches.len();
    if m < FEWEST_BATCHES {
        return WarmUp { suggestion: Suggestion::TooShort, statistic: Vec::new() };
    }
    // From the end to the start, so that one pass gives the statistic of every cut. Running means and
    // squares instead of sums: the difference of two large sums would have no digits left.
    let mut statistic = vec![0.0; m];
    let (mut mean, mut squares) = (0.0, 0.0);
    for (kept, batch) in (1_u32..).zip(batches.iter().rev()) {
        let kept_f = f64::from(kept);
        let off = batch - mean;
        mean += off / kept_f;
        squares += off * (batch - mean);
        statistic[m - kept as usize] = squares / (kept_f * kept_f);
    }
    statistic.truncate(m - KEPT_BATCHES + 1);
    let mut best = 0;
    for (cut, value) in statistic.iter().enumerate() {
        if *value < statistic[best] {
            best = cut;
        }
    }
    let suggestion = if 2 * best > m || statistic.iter().any(|value| !value.is_finite()) {
        Suggestion::NotReached
    } else {
        Suggestion::Delete(BATCH * best)
    };
    WarmUp { suggestion, statistic }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `means` as a series: each five times.
    fn series(means: &[f64]) -> Vec<f64> {
        means.iter().flat_map(|mean| [*mean; BATCH]).collect()
    }

    /// Worked by hand: batches 3, 1, 1, ..., 1 (20 of them) have mean 1.1 and squares 3.61 + 19·0.01.
    #[test]
    fn the_statistic_worked_by_hand() {
        let mut means = [1.0; 20];
        means[0] = 3.0;
        let found = warm_up(&series(&means));
        assert_eq!(found.suggestion, Suggestion::Delete(5));
        assert!((found.statistic[0] - 3.8 / 400.0).abs() < 1e-15, "{found:?}");
        assert_eq!(found.statistic[1..], [0.0; 15]);
    }

    #[test]
    fn a_decaying_start_is_cut_where_noise_begins_to_hide_it() {
        // 20·0.8^j on top of a noise of ±1: 20·0.8^13 is 1.1.
        let means: Vec<f64> = (0..200)
            .map(|j| 20.0 * libm::pow(0.8, f64::from(j)) + if j % 2 == 0 { 1.0 } else { -1.0 })
            .collect();
        let Suggestion::Delete(cut) = warm_up(&series(&means)).suggestion else { panic!("no cut") };
        assert!((8 * BATCH..=16 * BATCH).contains(&cut), "{cut}");
        // Steady noise needs no cut, however far from 0 it is.
        let steady: Vec<f64> = (0..200).map(|j| 1e9 + f64::from(j % 2)).collect();
        assert_eq!(warm_up(&series(&steady)).suggestion, Suggestion::Delete(0));
        assert_eq!(warm_up(&[7.0; 100]).suggestion, Suggestion::Delete(0));
    }

    #[test]
    fn a_run_that_never_settles_gets_no_suggestion() {
        let ramp: Vec<f64> = (0..1_000).map(f64::from).collect();
        assert_eq!(warm_up(&ramp).suggestion, Suggestion::NotReached);
        // A drain at the end: noise, and then nothing.
        let noise = (0..600).map(|i| f64::from(i / 5 % 2));
        let drained: Vec<f64> = noise.chain((0..400).map(|_| 0.0)).collect();
        assert_eq!(warm_up(&drained).suggestion, Suggestion::NotReached);
        let mut infinite = vec![1.0; 200];
        infinite[50] = f64::INFINITY;
        assert_eq!(warm_up(&infinite).suggestion, Suggestion::NotReached);
    }

    #[test]
    fn a_handful_at_the_end_is_no_place_to_cut() {
        // The last four batches agree by chance, so a cut there would have the smallest statistic, 0.
        let mut means: Vec<f64> = (0..40).map(|j| f64::from(j % 2)).collect();
        means[36..].fill(0.5);
        let found = warm_up(&series(&means));
        assert_eq!(found.suggestion, Suggestion::Delete(0));
        assert_eq!(found.statistic.len(), 40 - 5 + 1);
    }

    #[test]
    fn a_hundred_observations_are_the_fewest() {
        assert_eq!(warm_up(&[1.0; 99]).suggestion, Suggestion::TooShort);
        assert_eq!(warm_up(&[1.0; 99]).statistic, Vec::<f64>::new());
    }
}
