//! The table of `examples/theory.rs` at a sixteenth of its size, and that it can fail.

#[path = "theory/shared.rs"]
mod shared;

use apportion::time::Span;
use shared::{CELLS, Cell, Plan, REPLICATIONS, SERVICE, level};

/// A quarter of the replications, each of a quarter of the length: fewer and longer ones than the
/// full table's, because each deletes its start.
const SIXTEENTH: Plan =
    Plan { replications: REPLICATIONS / 4, divisor: 4, threads: 2, service: SERVICE };

/// The table's half-widths are 1 % and 2 %; here 5 % and 10 %: a sixteenth of the messages makes
/// four times that, and 23 degrees of freedom instead of 95 another tenth.
const WIDER: f64 = 5.0;

#[test]
fn waits_through_engine_and_lane_are_those_of_queueing_theory() {
    let all = SIXTEENTH.run(&CELLS);
    for (cell, runs) in CELLS.iter().zip(&all) {
        let conclusion = SIXTEENTH.conclude(cell, runs, level());
        assert!(
            conclusion.passes(WIDER * cell.half_width),
            "{} at {}: {conclusion:#?}",
            cell.queue,
            cell.load()
        );
    }
}

fn mm1_at_80_percent() -> Cell {
    CELLS[1]
}

#[test]
fn a_theory_whose_service_is_3_percent_off_is_found_out() {
    let cell = mm1_at_80_percent();
    let runs = &SIXTEENTH.run(&[cell])[0];
    let mut conclusion = SIXTEENTH.conclude(&cell, runs, level());
    assert!(conclusion.passes(WIDER * cell.half_width), "{conclusion:#?}");
    for wrong in [0.97, 1.03] {
        let mut inputs = cell.nominal();
        inputs.service_s *= wrong;
        inputs.service_square_s2 *= wrong * wrong;
        conclusion.theory_s = cell.mean_wait_s(inputs);
        assert!(!conclusion.is_inside(), "{wrong}: {conclusion:#?}");
    }
}

#[test]
fn a_carrier_whose_service_is_3_percent_off_is_found_out() {
    let cell = mm1_at_80_percent();
    for milliseconds in [970, 1030] {
        let plan = Plan { service: Span::from_milliseconds(milliseconds), ..SIXTEENTH };
        let runs = &plan.run(&[cell])[0];
        let conclusion = plan.conclude(&cell, runs, level());
        assert!(!conclusion.passes(WIDER * cell.half_width), "{conclusion:#?}");
        // What the controls leave in, the laws of the inputs find: service, its square, utilisation.
        let broken: Vec<&str> =
            conclusion.laws.iter().filter(|law| !law.holds()).map(|law| law.name).collect();
        assert_eq!(broken, ["mean service", "mean service²", "mean in service"]);
        // Without controls, the wait itself is off by far more than any width.
        let off = (conclusion.plain_s / conclusion.theory_s - 1.0).abs();
        assert!(off > 0.1, "{off}");
    }
}

#[test]
fn littles_law_is_broken_by_a_single_lost_nanosecond() {
    let cell = mm1_at_80_percent();
    let plan = Plan { replications: 2, ..SIXTEENTH };
    let run = &plan.run(&[cell])[0][0];
    assert!(run.little.holds() && run.little.waits_ns > 0);
    let mut broken = run.little.clone();
    broken.waits_ns += 1;
    assert!(!broken.holds());
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let cells = [CELLS[0], CELLS[3], CELLS[9]];
    let plan = |threads| Plan { replications: 5, divisor: 100, threads, service: SERVICE };
    let alone = plan(1).run(&cells);
    assert_eq!(alone, plan(3).run(&cells));
    // The comparison can fail: other replications are other figures.
    assert_ne!(alone[0][0], alone[0][1]);
}

/// Worked by hand: Erlang's C for 4 servers at a load of a half is 4/23, and the wait 4/23 ÷ 2.
#[test]
fn the_formulas_give_the_values_of_textbooks() {
    let expected = [1.0, 4.0, 19.0, 2.0 / 23.0];
    for (cell, expected) in CELLS.iter().zip(expected) {
        let wait = cell.mean_wait_s(cell.nominal());
        assert!((wait - expected).abs() < 1e-12 * expected, "{} {wait}", cell.queue);
    }
    let constant = CELLS[7].mean_wait_s(CELLS[7].nominal());
    let lognormal = CELLS[10].mean_wait_s(CELLS[10].nominal());
    assert!((constant - 2.0).abs() < 1e-12 && (lognormal - 10.0).abs() < 1e-12);
}
