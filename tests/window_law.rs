//! Throughput is what quota and window allow, whichever is less.

#[path = "window_law/shared.rs"]
mod shared;

use shared::{Cell, RoundTrip, grid};

/// How far a measured rate is from the law, as a part of it.
fn error(cell: &Cell, measured: f64) -> f64 {
    (measured / cell.law() - 1.0).abs()
}

#[test]
fn a_constant_round_trip_lets_through_what_window_and_quota_allow() {
    let (mut by_window, mut by_quota) = (0, 0);
    for cell in grid().into_iter().filter(Cell::is_held_to_it) {
        let measured = cell.measure();
        assert!(error(&cell, measured) <= 0.01, "{cell:?}: {measured}, law {}", cell.law());
        let limited_by_window = cell.ratio() < 1.0;
        by_window += u32::from(limited_by_window);
        by_quota += u32::from(!limited_by_window);
    }
    assert!(by_window >= 10 && by_quota >= 10, "both sides of it: {by_window}, {by_quota}");
}

/// A law that forgets the sessions, the window or the quota is off by far more than 1 %.
#[test]
fn laws_that_forget_something_are_found_out() {
    let cell = Cell {
        sessions: 2,
        window: 5,
        round_trip_ms: 130,
        quota_per_s: 300,
        shape: RoundTrip::Constant,
    };
    let measured = cell.measure();
    for forgetful in [
        Cell { sessions: 1, ..cell },
        Cell { window: 4, ..cell },
        Cell { round_trip_ms: 140, ..cell },
        Cell { quota_per_s: 70, ..cell },
    ] {
        assert!(error(&forgetful, measured) > 0.05, "{forgetful:?} explains {measured} too");
    }
}

/// Seats that are answered at random times are sometimes all empty and sometimes all taken while
/// the quota waits, so near the bend a random round trip lets less through than the law.
#[test]
fn a_random_round_trip_rounds_the_knee_off() {
    let at_the_bend = |shape| {
        let cell = Cell { sessions: 1, window: 10, round_trip_ms: 200, quota_per_s: 50, shape };
        cell.measure() / cell.law()
    };
    let shapes = [RoundTrip::Constant, RoundTrip::Exponential, RoundTrip::Lognormal(1.5)];
    let [constant, exponential, heavy] = shapes.map(at_the_bend);
    assert!((constant - 1.0).abs() < 0.01, "{constant}");
    assert!((0.70..0.95).contains(&exponential), "{exponential}");
    assert!(heavy < exponential, "the heavier the tail the rounder: {heavy} and {exponential}");
}
