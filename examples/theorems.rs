//! Each policy's theorem on hundreds of random workloads.
//!
//! `cargo run --release --example theorems` prints, for each policy and bound, the largest measured ÷ bound,
//! and the same of a double that breaks the bound. It exits with 1 when a bound does not hold, a double
//! keeps it, or a bound that is tight is not nearly reached.

use std::process::ExitCode;

#[path = "../tests/support/direct.rs"]
mod direct;
#[allow(dead_code, reason = "the reference scheduler uses the rest")]
#[path = "../tests/reference/doubles.rs"]
mod doubles;
#[path = "../tests/support/gps.rs"]
mod gps;
#[path = "../tests/theorems/measures.rs"]
mod measures;
#[allow(dead_code, reason = "the reference scheduler uses the rest")]
#[path = "../tests/reference/rational.rs"]
mod rational;
#[path = "../tests/theorems/table.rs"]
mod table;
#[path = "../tests/theorems/tree.rs"]
mod tree;
#[path = "../tests/theorems/tree_measures.rs"]
mod tree_measures;
#[path = "../tests/theorems/workload.rs"]
mod workload;

fn main() -> ExitCode {
    let seeds = workload::SEEDS;
    println!("workloads {} to {} of each shape, of long ones fewer\n", seeds.start, seeds.end - 1);
    println!("| policy | bound | largest measured ÷ bound | of a double that breaks it |");
    println!("|---|---|---|---|");
    let mut all_hold = true;
    for theorem in table::THEOREMS {
        let found = theorem.find();
        let (largest, broken) = (found.largest.as_f64(), found.broken.as_f64());
        let holds = found.largest <= rational::Ratio::from(1)
            && found.broken > rational::Ratio::from(1)
            && (!theorem.is_tight || largest >= 0.9);
        all_hold &= holds;
        let tight = if theorem.is_tight { " (tight)" } else { "" };
        let failed = if holds { "" } else { " FAILS" };
        let bound = theorem.bound.replace('|', "\\|");
        println!("| {} | {bound}{tight} | {largest:.3} | {broken:.3} |{failed}", theorem.policy);
    }
    if all_hold { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
