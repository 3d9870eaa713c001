//! Outcomes that stay out are the carrier's delay; what the platform holds back is not.

use apportion::detector::{
    AlertChange, AlertKind, Counts, Detector, ErrorClass, Observation, ScoresDetector,
};
use apportion::time::Time;

use super::traffic::{account, standard};

/// Kinds raised while one account sends: `windows` of what was submitted, dispatched and settled.
fn raised(windows: impl IntoIterator<Item = (u32, u32, u32)>) -> Vec<AlertKind> {
    let mut detector = ScoresDetector::new(standard());
    let mut kinds = Vec::new();
    for (window, (submitted, dispatched, settled)) in (0_u64..).zip(windows) {
        let failed = settled / 50;
        let mut counts =
            Counts { submitted, dispatched, succeeded: settled - failed, ..Counts::default() };
        counts.failed[0] = failed;
        detector.observe_counts(Time::from_seconds(300 * window + 1), account(0), &counts);
        detector.tick(Time::from_seconds(300 * (window + 1)), &mut |event| {
            if event.change == AlertChange::Raised {
                kinds.push(event.kind);
            }
        });
    }
    kinds
}

#[test]
fn a_backlog_at_the_platform_is_no_delay_of_the_carrier() {
    // A campaign that takes three hours to send: of what was submitted most has no outcome yet.
    let campaign = [(9_000, 250, 250)].into_iter().chain([(0, 250, 250); 35]);
    assert_eq!(raised(campaign), []);
}

#[test]
fn receipts_that_stay_out_are_a_delay() {
    let prompt = [(100, 100, 100); 288];
    let late = [(100, 100, 40); 3];
    assert_eq!(raised(prompt.into_iter().chain(late)), [AlertKind::Delay]);
}

#[test]
fn what_is_dispatched_as_a_window_ends_is_not_late_in_it() {
    let mut detector = ScoresDetector::new(standard());
    let mut alerts = 0;
    for window in 0..60_u64 {
        // All is sent in the last ten seconds of a window and settled 20 seconds later, in the next;
        // once an hour there is nothing.
        let close = 300 * (window + 1);
        let sent = if window % 12 == 11 { 0 } else { 40 };
        for _ in 0..sent {
            let now = Time::from_seconds(close - 10);
            detector.observe(now, account(0), Observation::Submitted);
            detector.observe(now, account(0), Observation::Dispatched);
        }
        detector.tick(Time::from_seconds(close), &mut |_| alerts += 1);
        for _ in 0..sent {
            detector.observe(Time::from_seconds(close + 10), account(0), Observation::Succeeded);
        }
    }
    assert_eq!(alerts, 0);
}

#[test]
fn what_is_settled_within_its_window_is_not_missed_in_the_next() {
    let mut detector = ScoresDetector::new(standard());
    let mut alerts = 0;
    // Everything is sent in the last minute of a window and settled at once; every other window is
    // empty, so that nothing hides what is carried over.
    for window in 0..60_u64 {
        for second in 250..290 {
            let now = Time::from_seconds(600 * window + second);
            for seen in [Observation::Submitted, Observation::Dispatched, Observation::Succeeded] {
                detector.observe(now, account(0), seen);
            }
        }
        detector.tick(Time::from_seconds(600 * (window + 1)), &mut |_| alerts += 1);
    }
    assert_eq!(alerts, 0);
}

/// A healthy day, then a window in which all 50 messages fail, of which so many turn out delivered
/// before the windows that follow are judged; then an hour in which all is well.
fn corrected(before_it_is_judged: bool, corrections: u32) -> Vec<(u64, AlertChange, f64)> {
    let mut detector = ScoresDetector::new(standard());
    let mut told = Vec::new();
    let bad = 288;
    for window in 0..bad + 12 {
        let now = Time::from_seconds(300 * window + 1);
        let failed = if window == bad { 50 } else { 1 };
        let mut counts = Counts { submitted: 50, succeeded: 50 - failed, ..Counts::default() };
        counts.failed[ErrorClass::Other as usize] = failed;
        detector.observe_counts(now, account(0), &counts);
        let is_time = window == if before_it_is_judged { bad } else { bad + 1 };
        if is_time {
            let then = Time::from_seconds(300 * bad + 1);
            for _ in 0..corrections {
                detector.correct(now, account(0), then, ErrorClass::Other);
            }
        }
        detector.tick(Time::from_seconds(300 * (window + 1)), &mut |event| {
            told.push((window, event.change, event.explanation.harmed));
        });
    }
    told
}

#[test]
fn a_failure_that_was_none_is_taken_back() {
    // Nobody is told of what is known to be none in time.
    assert_eq!(corrected(true, 49), []);
    assert_eq!(corrected(true, 0).len(), 2);
    // Who was told is told at the end how little it was, and the end comes sooner.
    let (as_seen, taken_back) = (corrected(false, 0), corrected(false, 48));
    assert_eq!([as_seen.len(), taken_back.len()], [2, 2]);
    assert_eq!(taken_back[1].1, AlertChange::Cleared);
    assert!(taken_back[1].0 <= as_seen[1].0);
    assert!(as_seen[1].2 > 0.4 && taken_back[1].2 < 0.1, "{as_seen:?} {taken_back:?}");
}

#[test]
fn a_correction_of_what_nobody_remembers_is_harmless() {
    let mut detector = ScoresDetector::new(standard());
    let now = Time::from_seconds(1_000_000);
    detector.correct(now, account(3), Time::ZERO, ErrorClass::Throttled);
    detector.observe(now, account(3), Observation::Succeeded);
    detector.correct(now, account(3), Time::ZERO, ErrorClass::Throttled);
    detector.correct(now, account(3), now, ErrorClass::Throttled);
    let mut alerts = 0;
    detector.tick(Time::from_seconds(2_000_000), &mut |_| alerts += 1);
    assert_eq!(alerts, 0);
}
