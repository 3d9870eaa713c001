//! The fluctuation score: how far the volume is from the previous periods.

use super::baseline::VolumeLevel;
use super::failure::Found;
use super::impact::confidence;
use super::recent::Recent;

/// Runs of recent windows that are tried.
const SPANS: [usize; 2] = [1, 4];
/// Every run is tried in both directions.
const COMPARISONS: u32 = 2 * SPANS.len() as u32;
/// Windows before the run that make the previous period …
const PREVIOUS: usize = 12;
/// … which counts only if this many of them were ordinary.
const PREVIOUS_MIN: u64 = 6;
/// Messages that must be usual in a run to see whether a fluctuation still goes on.
const ENOUGH: f64 = 20.0;

/// Where the volume went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Direction {
    Up,
    Down,
}

/// A score, and the volume it was measured against in messages a window.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(super) struct Fluctuation {
    pub(super) found: Found,
    pub(super) usual: f64,
}

/// The highest of confidence × [`change`] over the runs of recent windows.
///
/// The reference is the account's learnt level or the mean of the previous 12 windows, whichever
/// explains the present better: what is far from only one of them is a daily rhythm or a return to
/// normal. The confidence rests on the negative binomial tail with the account's own over-dispersion: the
/// bare ratio of two windows is the worst of all detectors, because it saturates at quiet hours.
/// Only the newest `fresh` windows are looked at.
pub(super) fn begins(
    recent: &Recent,
    volume: &VolumeLevel,
    direction: Direction,
    fresh: usize,
) -> Fluctuation {
    let mut best = Fluctuation::default();
    for windows in SPANS.map(|windows| windows.min(fresh)) {
        let Some(usual) = reference(recent, volume, windows, direction) else { continue };
        let totals = recent.totals(windows);
        let expected = volume.expected(usual, totals.windows);
        let change = change(totals.submitted as f64, expected.mean, direction);
        let deviation = expected.deviation(totals.submitted);
        // What a glance at the deviation shows to be ordinary needs no tail.
        let ordinary = match direction {
            Direction::Up => deviation < 2.0,
            Direction::Down => deviation > -1.0,
        };
        if ordinary || change <= best.found.score {
            continue;
        }
        let tail = match direction {
            Direction::Up => expected.ln_at_least(totals.submitted),
            Direction::Down => expected.ln_at_most(totals.submitted),
        };
        let score = change * confidence(tail, COMPARISONS);
        if score > best.found.score {
            best = Fluctuation { found: Found { score, windows: totals.windows as usize }, usual };
        }
    }
    best
}

/// The score once the volume is known to be abnormal: its [`change`] from what was `usual` when that
/// began, over the shortest run in which 20 messages are usual.
pub(super) fn goes_on(recent: &Recent, usual: f64, direction: Direction) -> f64 {
    let longest = SPANS[SPANS.len() - 1];
    let windows = (1..longest).find(|&windows| windows as f64 * usual >= ENOUGH);
    let totals = recent.totals(windows.unwrap_or(longest));
    change(totals.submitted as f64, usual * totals.windows as f64, direction)
}

/// The first window of the newest `windows` on the wrong side of `usual`, as windows since.
pub(super) fn first_abnormal(
    recent: &Recent,
    usual: f64,
    windows: usize,
    direction: Direction,
) -> usize {
    let away = |age: &usize| {
        recent.at(*age).is_some_and(|counts| match direction {
            Direction::Up => f64::from(counts.submitted) > usual,
            Direction::Down => f64::from(counts.submitted) < usual,
        })
    };
    (0..windows).rev().find(away).unwrap_or(0)
}

/// |seen − expected| ÷ the larger of both, 0 in the other direction: 0.5 for twice or half as much,
/// 0.9 for ten times as much, 1 for nothing at all.
fn change(seen: f64, expected: f64, direction: Direction) -> f64 {
    let (low, high) = match direction {
        Direction::Up => (expected, seen),
        Direction::Down => (seen, expected),
    };
    if high > low { (high - low) / high } else { 0.0 }
}

fn reference(
    recent: &Recent,
    volume: &VolumeLevel,
    windows: usize,
    direction: Direction,
) -> Option<f64> {
    let (submitted, ordinary) = recent.ordinary_volume(windows, windows + PREVIOUS);
    let previous = (ordinary >= PREVIOUS_MIN).then(|| submitted as f64 / ordinary as f64);
    match (volume.mean(), previous) {
        (Some(learnt), Some(previous)) => Some(match direction {
            Direction::Up => learnt.max(previous),
            Direction::Down => learnt.min(previous),
        }),
        (learnt, previous) => learnt.or(previous),
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use alloc::vec::Vec;

    use super::super::windows::Counts;
    use super::*;

    fn recent(windows: &[u32]) -> Recent {
        let mut recent = Recent::beginning_at(0);
        for &submitted in windows {
            recent.push(Counts { submitted, ..Counts::default() });
        }
        recent
    }

    fn level(submitted: f64) -> VolumeLevel {
        let mut level = VolumeLevel::default();
        (0..2_000).for_each(|_| level.learn(submitted));
        level
    }

    #[test]
    fn change_is_symmetric_in_the_ratio() {
        for (seen, expected, direction, score) in [
            (100.0, 50.0, Direction::Up, 0.5),
            (25.0, 50.0, Direction::Down, 0.5),
            (500.0, 50.0, Direction::Up, 0.9),
            (0.0, 50.0, Direction::Down, 1.0),
            (100.0, 50.0, Direction::Down, 0.0),
            (0.0, 0.0, Direction::Up, 0.0),
        ] {
            assert_eq!(change(seen, expected, direction), score, "{seen} {expected}");
        }
    }

    #[test]
    fn the_same_ratio_counts_more_when_there_is_more_of_it() {
        let up = |usual: u32, seen: u32| {
            let windows: Vec<u32> = [vec![usual; 12], vec![seen]].concat();
            begins(&recent(&windows), &level(f64::from(usual)), Direction::Up, 16).found.score
        };
        assert_eq!(up(1, 3), 0.0);
        assert!(up(5, 15) < 0.5);
        assert!(up(50, 150) > 0.5);
        let fifty = begins(
            &recent(&[[50; 12].to_vec(), vec![500]].concat()),
            &level(50.0),
            Direction::Up,
            16,
        );
        assert!((fifty.found.score - 0.9).abs() < 1e-9);
        assert_eq!(fifty.found.windows, 1);
        assert!((fifty.usual - 50.0).abs() < 1e-9);
    }

    #[test]
    fn what_the_previous_hour_explains_is_no_fluctuation() {
        let evening = recent(&[20; 13]);
        assert_eq!(begins(&evening, &level(60.0), Direction::Down, 16).found.score, 0.0);
        let back = recent(&[[20; 12].to_vec(), vec![60]].concat());
        assert_eq!(begins(&back, &level(60.0), Direction::Up, 16).found.score, 0.0);
    }

    #[test]
    fn silence_of_a_slow_account_adds_up() {
        let windows: Vec<u32> = [vec![5; 12], vec![0; 4]].concat();
        let one = begins(&recent(&windows[..13]), &level(5.0), Direction::Down, 16);
        assert!(one.found.score < 0.1, "{one:?}");
        let four = begins(&recent(&windows), &level(5.0), Direction::Down, 16);
        assert!(four.found.score > 0.6, "{four:?}");
        assert_eq!(first_abnormal(&recent(&windows), four.usual, 4, Direction::Down), 3);
    }

    #[test]
    fn it_goes_on_against_what_was_usual_at_its_beginning() {
        assert_eq!(goes_on(&recent(&[500, 500, 50]), 50.0, Direction::Up), 0.0);
        assert_eq!(goes_on(&recent(&[500, 500, 100]), 50.0, Direction::Up), 0.5);
        assert_eq!(goes_on(&recent(&[0, 0, 0, 10]), 5.0, Direction::Down), 0.5);
    }
}
