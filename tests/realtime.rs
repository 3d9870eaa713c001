//! The program of `examples/realtime`: what it decides in real time it decides again in virtual time.

#[path = "../examples/realtime/driver.rs"]
mod driver;
#[path = "../examples/realtime/log.rs"]
mod log;

use std::time::Duration;

/// Only what the log says is compared, so the speed of the machine does not matter.
#[test]
fn a_decision_log_replays_to_the_same_decisions() {
    let recorded = driver::run(Duration::from_millis(300));
    let sent = recorded.lines().filter(|line| line.contains("next => Send")).count();
    assert!(sent > 0, "something was sent:\n{recorded}");
    let replayed = log::replay(&recorded).expect("every call is read back");
    assert_eq!(replayed, recorded);
}

#[test]
fn a_replay_of_another_log_is_another_log() {
    let recorded = driver::run(Duration::from_millis(100));
    // Without its first submission, whatever came of it is missing.
    let first = recorded.lines().find(|line| line.contains(" submit ")).expect("one was submitted");
    let other: String =
        recorded.lines().filter(|line| *line != first).map(|line| format!("{line}\n")).collect();
    assert_ne!(log::replay(&other).expect("the rest is in order"), other);
    assert!(log::replay("12 sumbit 1 2 3 4 => \n").is_err());
}
