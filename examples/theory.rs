//! Queueing theory through the real engine and lane, to full precision.
//!
//! `cargo run --release --example theory [THREADS [DIVISOR]]` prints the table of waits and exits with 1
//! when any interval misses theory or is too wide, or when any input or Little's law is off. The result
//! is the same for any number of threads. A divisor counts that many times fewer messages, for a quick
//! look whose intervals are too wide.

#![expect(clippy::disallowed_methods, reason = "tells how long the table took")]

use std::process::ExitCode;
use std::time::Instant;

#[path = "../tests/theory/shared.rs"]
mod shared;

use shared::{CELLS, Plan, REPLICATIONS, SERVICE, level};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = arguments.next().map_or(cores, |text| text.parse().expect("a number of threads"));
    let divisor = arguments.next().map_or(1, |text| text.parse().expect("a divisor"));
    let plan = Plan { replications: REPLICATIONS, divisor, threads, service: SERVICE };
    println!(
        "mean wait in mean services; {REPLICATIONS} replications a cell; \
         intervals of level {:.3} %, together 95 %",
        100.0 * level()
    );
    println!(
        "{:<6} {:>5} {:>11} {:>9} {:>9} {:>7} {:>7} {:>9}  verdict",
        "queue", "load", "messages", "theory", "measured", "off %", "± %", "plain"
    );
    let (mut all_pass, start, mut messages) = (true, Instant::now(), 0);
    for cell in &CELLS {
        let runs = &plan.run(std::slice::from_ref(cell))[0];
        let conclusion = plan.conclude(cell, runs, level());
        let counted = REPLICATIONS as u64 * (cell.messages / divisor);
        messages += counted + REPLICATIONS as u64 * cell.deleted();
        let passes = conclusion.passes(cell.half_width);
        all_pass &= passes;
        println!(
            "{:<6} {:>5} {counted:>11} {:>9.4} {:>9.4} {:>+7.2} {:>7.2} {:>9.4}  {}",
            cell.queue,
            cell.load(),
            conclusion.theory_s,
            conclusion.measured_s,
            100.0 * (conclusion.measured_s / conclusion.theory_s - 1.0),
            100.0 * conclusion.relative_half_width(),
            conclusion.plain_s,
            if passes { "inside" } else { "FAILS" },
        );
        for law in conclusion.laws.iter().filter(|law| !law.holds()) {
            println!("    {} is {}, expected {}", law.name, law.measured, law.expected);
        }
        if !conclusion.little_holds {
            println!("    Little's law does not hold");
        }
    }
    println!("{messages} messages in {:.0} s on {threads} threads", start.elapsed().as_secs_f64());
    if all_pass { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
