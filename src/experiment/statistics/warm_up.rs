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
    for (kept, batch) in (1..).zip(batches.iter().rev()) {
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
