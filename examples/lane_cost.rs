//! What a message and a queue cost the lane: time, allocations, bytes.
//!
//! `cargo run --release --example lane_cost [QUEUES|POLICY...]` prints, for each number of queues (100,
//! 10,000 and 1,000,000 unless told otherwise) and for each policy named, or all of the registry, the
//! nanoseconds from submission to receipt under the load of `tests/support/crowd.rs`: four levels, two pacers,
//! admission, expiry, accounting, random order. They are compared with first-in-first-out, which has one heap;
//! and `linear-scan`, which the registry does not have, looks at every queue.
//!
//! Scoring and first-in-first-out are compiled into their lanes; the others are called through a pointer, which
//! costs them a few nanoseconds.
//!
//! Time is processor time where the system tells it, and the fastest of several turns counts. `valgrind
//! --tool=callgrind` around it counts instructions.

#![expect(clippy::disallowed_methods, reason = "measuring cost is about the wall clock")]

#[path = "support/clock.rs"]
mod clock;
#[path = "../tests/support/counting.rs"]
mod counting;
#[path = "../tests/support/crowd.rs"]
#[allow(dead_code, reason = "tests use more of it")]
mod crowd;
#[path = "../tests/support/linear.rs"]
mod linear;

use std::process::ExitCode;
use std::time::Duration;

use apportion::scheduler::{Fifo, POLICIES, Policy, Scoring};
use apportion::units::Rate;
use clock::Clock;
use crowd::Crowd;
use linear::LinearScan;

/// Policies that look at every queue or at every tenant.
const LINEAR: [&str; 2] = ["linear-scan", "weighted-round-robin"];
/// Looking at all of more than these takes milliseconds a message.
const MOST_FOR_LINEAR: u32 = 10_000;
/// Times each policy is measured.
const TURNS: usize = 5;

fn main() -> ExitCode {
    let known: Vec<&str> = POLICIES.iter().map(|info| info.name).chain(["linear-scan"]).collect();
    let (mut sizes, mut names) = (Vec::new(), Vec::new());
    for argument in std::env::args().skip(1) {
        match argument.parse::<u32>() {
            Ok(queues) if queues > 0 => sizes.push(queues),
            _ if known.contains(&argument.as_str()) => names.push(argument),
            _ => {
                eprintln!("error: `{argument}` is no number of queues and no policy");
                eprintln!("policies: {}", known.join(", "));
                return ExitCode::from(2);
            }
        }
    }
    if sizes.is_empty() {
        sizes = vec![100, 10_000, 1_000_000];
    }
    let is_wanted = |name: &str| names.is_empty() || names.iter().any(|wanted| wanted == name);
    println!(
        "{:>9}  {:>20}  ns a message  of fifo  allocations  bytes a message  bytes a queue",
        "queues", "policy"
    );
    for queues in sizes {
        let fifo = is_wanted("fifo").then(|| measure("fifo", queues, Fifo::new(), None));
        let others = known.iter().copied().filter(|name| *name != "fifo" && is_wanted(name));
        for name in others.filter(|name| !LINEAR.contains(name) || queues <= MOST_FOR_LINEAR) {
            match name {
                "scoring" => measure(name, queues, Scoring::new(), fifo),
                "linear-scan" => measure(name, queues, LinearScan::default(), fifo),
                _ => measure(name, queues, of_registry(name), fifo),
            };
        }
    }
    ExitCode::SUCCESS
}

fn of_registry(name: &str) -> Box<dyn Policy> {
    let info = apportion::scheduler::policy(name).expect("checked by main");
    let rate = Rate::per_second(crowd::SEGMENTS_PER_SECOND).expect("a valid rate");
    info.build(Some(rate)).expect("it has a rate")
}

/// Prints a line; returns nanoseconds a message.
fn measure<P: Policy>(name: &str, queues: u32, policy: P, fifo: Option<f64>) -> f64 {
    let mut crowd = Crowd::new(policy, queues);
    let attached = counting::held();
    crowd.fill(1);
    let one_each = counting::held();
    let more = 1 + 200_000 / queues;
    crowd.fill(more);
    let filled = counting::held();
    let a_message = (filled - one_each) as f64 / f64::from(queues) / f64::from(more);
    let a_queue = (one_each - attached) as f64 / f64::from(queues) - a_message;

    let messages = if LINEAR.contains(&name) { 100_000_000 / queues.max(1_000) } else { 300_000 };
    (0..messages).for_each(|_| crowd.turn());
    let before = counting::allocations();
    let mut best = Duration::MAX;
    for _ in 0..TURNS {
        let start = Clock::start();
        (0..messages).for_each(|_| crowd.turn());
        best = best.min(start.passed());
    }
    let nanoseconds = best.as_secs_f64() * 1e9 / f64::from(messages);
    println!(
        "{queues:>9}  {name:>20}  {nanoseconds:>12.0}  {:>7.2}  {:>11}  {a_message:>15.1}  {a_queue:>13.1}",
        nanoseconds / fifo.unwrap_or(nanoseconds),
        counting::allocations() - before,
    );
    nanoseconds
}
