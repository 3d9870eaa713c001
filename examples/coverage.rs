//! Does every interval hold as often as it says, and every error stay as rare?
//!
//! `cargo run --release --example coverage [THREADS [DIVISOR [SEED]]]` prints the table and exits with 1
//! when a row is not as it must be: a procedure that breaks its promise, or a red row, wrong on purpose,
//! that is not found out. The table is the same, byte for byte, for any number of threads. A divisor makes
//! that many times fewer macro-runs, for a quick look that decides less.

#![expect(clippy::disallowed_methods, reason = "tells how long the table took")]

use std::process::ExitCode;
use std::time::Instant;

use apportion::experiment::statistics::Level;

#[path = "../tests/statistics/shared.rs"]
mod shared;

use shared::{Plan, Promise, SEED, Verdict, rows};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = arguments.next().map_or(cores, |text| text.parse().expect("a number of threads"));
    let divisor = arguments.next().map_or(1, |text| text.parse().expect("a divisor"));
    let seed = arguments.next().map_or(SEED, |text| text.parse().expect("a seed"));
    let rows = rows();
    let level = Level::P95.split(rows.len());
    let plan = Plan { seed, divisor, threads, level };
    println!(
        "seed {seed}; nominal 95 %, or 5 % of errors; intervals of the measured proportions: \
         {:.2} % each, 95 % together",
        100.0 * level.get()
    );
    println!(
        "{:<58} {:>6} {:>8} {:>9} {:>17}  {:<13} verdict",
        "row", "runs", "declined", "measured", "Monte-Carlo", "must be"
    );
    let (mut wrong, start) = (0, Instant::now());
    for row in &rows {
        let finding = plan.run(row);
        let verdict = finding.verdict(row.promise);
        let is_as_it_must_be = verdict == if row.is_red { Verdict::Broken } else { Verdict::Kept };
        wrong += u32::from(!is_as_it_must_be);
        let name = format!("{}{}", if row.is_red { "✗ " } else { "  " }, row.name);
        let must_be = match row.promise {
            Promise::Covers => "≥ 93 %",
            Promise::CoversExactly => "93 to 97 %",
            Promise::SeldomErrs => "≤ 5 %",
        };
        let says = match verdict {
            Verdict::Kept => "kept",
            Verdict::Broken => "broken",
            Verdict::Undecided => "undecided",
        };
        let proportion = finding.proportion;
        println!(
            "{name:<58} {:>6} {:>8} {:>7.2} % {:>6.2} to {:>6.2} %  {must_be:<13} {says}{}{}",
            proportion.trials + finding.declined,
            finding.declined,
            100.0 * proportion.estimate,
            100.0 * proportion.low,
            100.0 * proportion.high,
            if row.is_red { ", as it must be: wrong on purpose" } else { "" },
            if is_as_it_must_be { "" } else { "  ← FAILS" },
        );
    }
    println!("{} rows, {wrong} not as they must be", rows.len());
    eprintln!("{:.0} s on {threads} threads", start.elapsed().as_secs_f64());
    if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
