//! The score of the Numenta Anomaly Benchmark from the published row scores of two detectors.

use std::fs;
use std::path::{Path, PathBuf};

use apportion::measure::accuracy::nab::{PROFILES, Series, best};
use apportion::scenario::{LabelledSeries, load_series};

/// The folder of the benchmark, unless there are no real data here.
fn corpus() -> Option<PathBuf> {
    let Some(data) = std::env::var_os("APPORTION_DATA") else {
        eprintln!("skipped: APPORTION_DATA is not set");
        return None;
    };
    Some(Path::new(&data).join("series/nab"))
}

/// The published scores of a detector for these series.
fn published(corpus: &Path, detector: &str, all: &[LabelledSeries]) -> Vec<Series> {
    let read = |series: &LabelledSeries| {
        let file = format!("results/{detector}/{}/{detector}_{}.csv", series.group, series.name);
        let text = fs::read_to_string(corpus.join(file)).expect("published scores");
        let scores: Vec<f64> =
            text.lines().skip(1).map(|line| line.parse().expect("a score")).collect();
        assert_eq!(scores.len(), series.values.len(), "{}", series.name);
        Series { scores, windows: series.windows.clone().expect("labelled") }
    };
    all.iter().map(read).collect()
}

#[test]
fn two_published_triples_are_reproduced() {
    let Some(corpus) = corpus() else { return };
    let all = load_series(&corpus).expect("the benchmark");
    assert_eq!(all.len(), 58);
    assert_eq!(all.iter().map(|series| series.values.len()).sum::<usize>(), 365_558);
    let windows = all.iter().map(|series| series.windows.as_ref().map_or(0, Vec::len));
    assert_eq!(windows.sum::<usize>(), 116);
    for (detector, triple) in [
        ("windowedGaussian", [39.6495, 20.8680, 47.4100]),
        ("twitterADVec", [47.0620, 33.6101, 53.5011]),
    ] {
        let scored = published(&corpus, detector, &all);
        for (profile, expected) in PROFILES.iter().zip(triple) {
            let found = best(&scored, profile).expect("windows").normalised;
            assert!((found - expected).abs() < 0.01, "{detector} {}: {found}", profile.name);
        }
    }
}

#[test]
fn a_score_shifted_by_a_row_is_found_out() {
    let Some(corpus) = corpus() else { return };
    let all = load_series(&corpus).expect("the benchmark");
    let mut scored = published(&corpus, "twitterADVec", &all);
    for series in &mut scored {
        series.scores.rotate_right(20);
    }
    let found = best(&scored, &PROFILES[0]).expect("windows").normalised;
    assert!((found - 47.0620).abs() > 0.5, "{found}");
}
