//! The score of the Numenta Anomaly Benchmark (Lavin and Ahmad 2015), as its sweeper computes it.
//!
//! Known flaws, which is why it is no headline here: the window opens before there is any evidence, so
//! 100 is out of reach; the threshold is chosen on the labels; every further point outside a window is
//! another false alarm, so repeats cost more than a worse model.

use std::ops::RangeInclusive;

/// What a hit, a false alarm and a miss are worth.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Profile {
    /// The name in the benchmark's tables.
    pub name: &'static str,
    /// Weight of an early hit.
    pub hit: f64,
    /// Weight of a false alarm.
    pub false_alarm: f64,
    /// Weight of a missed window.
    pub miss: f64,
}

/// The three profiles of the benchmark: standard, low false alarms, low misses.
pub const PROFILES: [Profile; 3] = [
    Profile { name: "standard", hit: 1.0, false_alarm: 0.11, miss: 1.0 },
    Profile { name: "reward-low-fp", hit: 1.0, false_alarm: 0.22, miss: 1.0 },
    Profile { name: "reward-low-fn", hit: 1.0, false_alarm: 0.11, miss: 2.0 },
];

/// A scored series with its windows.
#[derive(Clone, PartialEq, Debug)]
pub struct Series {
    /// By row, in [0, 1].
    pub scores: Vec<f64>,
    /// The windows around the labels in ascending order, by row.
    pub windows: Vec<RangeInclusive<usize>>,
}

/// The score of a corpus under one threshold.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Score {
    /// 0 for no alarm at all, 100 for perfection.
    pub normalised: f64,
    /// The threshold; rows with at least this score are alarms.
    pub threshold: f64,
}

/// σ(y) = 2 ÷ (1 + e^(5y)) − 1; −1 beyond 3.
fn sigmoid(y: f64) -> f64 {
    if y > 3.0 { -1.0 } else { 2.0 / (1.0 + libm::exp(5.0 * y)) - 1.0 }
}

/// Rows at the beginning that are never scored: 15 %, at most 750.
pub fn probation(rows: usize) -> usize {
    (rows * 15 / 100).min(750)
}

/// A row that counts: what its alarm is worth, and whose window it hits.
#[derive(Clone, Copy)]
struct Row {
    score: f64,
    value: f64,
    window: Option<usize>,
}

/// Every row that counts, in descending order of score, and the number of windows.
fn rows(corpus: &[Series], profile: &Profile) -> (Vec<Row>, usize) {
    let earliest = sigmoid(-1.0);
    let mut rows = Vec::new();
    let mut windows = 0;
    for series in corpus {
        let from = probation(series.scores.len());
        let mut next = series.windows.iter().enumerate().peekable();
        let mut before: Option<&RangeInclusive<usize>> = None;
        for (at, &score) in series.scores.iter().enumerate() {
            while next.peek().is_some_and(|(_, window)| *window.end() < at) {
                before = next.next().map(|(_, window)| window);
            }
            let inside = next.peek().filter(|(_, window)| window.contains(&at));
            let (value, window) = match (inside, before) {
                (Some((index, window)), _) => {
                    let width = (window.end() - window.start() + 1) as f64;
                    let place = -((window.end() - at + 1) as f64) / width;
                    (profile.hit * sigmoid(place) / earliest, Some(windows + index))
                }
                (None, Some(window)) => {
                    let place = (at - window.end()) as f64 / (window.end() - window.start()) as f64;
                    (profile.false_alarm * sigmoid(place), None)
                }
                (None, None) => (-profile.false_alarm, None),
            };
            if at >= from {
                rows.push(Row { score, value, window });
            }
        }
        windows += series.windows.len();
    }
    // A stable sort: rows of equal score are always taken together, so their order decides nothing.
    rows.sort_by(|a, b| b.score.total_cmp(&a.score));
    (rows, windows)
}

/// The score under the threshold that is best for it, chosen on the labels over every distinct score, as
/// the benchmark's own optimiser does. `None` if there is no window.
pub fn best(corpus: &[Series], profile: &Profile) -> Option<Score> {
    let mut best: Option<Score> = None;
    sweep(corpus, profile, |score| {
        if best.is_none_or(|best| score.normalised > best.normalised) {
            best = Some(score);
        }
    })?;
    best
}

/// The score under a threshold that was fixed elsewhere. `None` if there is no window.
pub fn at_threshold(corpus: &[Series], profile: &Profile, threshold: f64) -> Option<Score> {
    let normalised = at_thresholds(&[(corpus, threshold)], profile)?;
    Some(Score { normalised, threshold })
}

/// The score of a corpus of which each part has a threshold of its own, normalised over all of them; a
/// part without a window can only lose. `None` if there is no window at all.
pub fn at_thresholds(parts: &[(&[Series], f64)], profile: &Profile) -> Option<f64> {
    let mut gained = 0.0;
    let mut windows = 0;
    for (corpus, threshold) in parts {
        let (rows, of_part) = rows(corpus, profile);
        let mut tally = Tally::new(of_part, profile);
        rows.iter().take_while(|row| row.score >= *threshold).for_each(|row| tally.add(row));
        gained += tally.gained;
        windows += of_part;
    }
    (windows > 0).then(|| normalised(gained, windows, profile))
}

/// What the alarms so far are worth.
struct Tally {
    /// Beyond what no alarm at all is worth.
    gained: f64,
    /// The best hit of each window.
    hits: Vec<f64>,
}

impl Tally {
    fn new(windows: usize, profile: &Profile) -> Tally {
        Tally { gained: 0.0, hits: vec![-profile.miss; windows] }
    }

    fn add(&mut self, row: &Row) {
        match row.window {
            None => self.gained += row.value,
            Some(window) if row.value > self.hits[window] => {
                self.gained += row.value - self.hits[window];
                self.hits[window] = row.value;
            }
            Some(_) => {}
        }
    }
}

fn normalised(gained: f64, windows: usize, profile: &Profile) -> f64 {
    100.0 * gained / ((profile.hit + profile.miss) * windows as f64)
}

/// Visits the score at no alarms (threshold infinite) and at every distinct score from the highest down.
fn sweep(corpus: &[Series], profile: &Profile, mut visit: impl FnMut(Score)) -> Option<()> {
    let (rows, windows) = rows(corpus, profile);
    if windows == 0 {
        return None;
    }
    let mut tally = Tally::new(windows, profile);
    visit(Score { normalised: 0.0, threshold: f64::INFINITY });
    for (at, row) in rows.iter().enumerate() {
        tally.add(row);
        if rows.get(at + 1).is_none_or(|next| next.score != row.score) {
            let normalised = normalised(tally.gained, windows, profile);
            visit(Score { normalised, threshold: row.score });
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(alarms: &[usize]) -> Series {
        let mut scores = vec![0.0; 100];
        alarms.iter().for_each(|at| scores[*at] = 1.0);
        Series { scores, windows: vec![40..=49] }
    }

    fn standard(alarms: &[usize]) -> f64 {
        at_threshold(&[series(alarms)], &PROFILES[0], 0.5).expect("a window").normalised
    }

    #[test]
    fn hits_by_place_misses_and_false_alarms_worked_by_hand() {
        assert!((sigmoid(-1.0) - 0.986_614).abs() < 1e-6);
        assert_eq!(standard(&[]), 0.0);
        assert!((standard(&[40]) - 100.0).abs() < 1e-9);
        // The last row of ten: σ(−0.1) ÷ σ(−1) = 0.24492 ÷ 0.98661; (0.24824 + 1) ÷ 2.
        assert!((standard(&[49]) - 62.412).abs() < 1e-3, "{}", standard(&[49]));
        assert!((standard(&[40, 45, 49]) - 100.0).abs() < 1e-9, "the best of a window counts");
        // A false alarm before any window costs its weight, nine rows after one σ(1).
        assert!((standard(&[40, 30]) - (100.0 - 5.5)).abs() < 1e-9);
        assert!((standard(&[40, 58]) - (100.0 - 5.5 * 0.986_614)).abs() < 1e-4);
        // The first 15 rows are never scored.
        assert_eq!(standard(&[14]), 0.0);
        assert!(standard(&[15]) < 0.0);
        assert_eq!((probation(100), probation(20_000)), (15, 750));
    }

    #[test]
    fn parts_with_thresholds_of_their_own_are_one_corpus() {
        let mut healthy = series(&[60]);
        healthy.windows.clear();
        let hit = series(&[40]);
        let (one, two) = (core::slice::from_ref(&hit), core::slice::from_ref(&healthy));
        let both = |threshold| at_thresholds(&[(one, 0.5), (two, threshold)], &PROFILES[0]);
        assert!((both(1.5).expect("a window") - 100.0).abs() < 1e-9);
        assert!((both(0.5).expect("a window") - 94.5).abs() < 1e-9, "a false alarm in the other");
        assert_eq!(at_thresholds(&[(two, 0.5)], &PROFILES[0]), None);
        let twice = at_thresholds(&[(one, 0.5), (one, 1.5)], &PROFILES[0]).expect("windows");
        assert!((twice - 50.0).abs() < 1e-9);
    }

    #[test]
    fn the_best_threshold_is_found_and_nothing_is_an_option() {
        let mut bad = series(&[]);
        bad.scores[20] = 0.9;
        bad.scores[41] = 0.8;
        let best_score = best(&[bad.clone()], &PROFILES[0]).expect("a window");
        assert_eq!(best_score.threshold, 0.8);
        bad.scores[41] = 0.0;
        let best_score = best(&[bad], &PROFILES[0]).expect("a window");
        assert_eq!((best_score.normalised, best_score.threshold), (0.0, f64::INFINITY));
        let unlabelled = Series { scores: vec![1.0; 100], windows: Vec::new() };
        assert_eq!(best(&[unlabelled], &PROFILES[0]), None);
    }
}
