//! The scheduler against an independent one, decision by decision.
//!
//! The reference in `reference/scheduler.rs` is written from the papers in exact rationals and imports
//! nothing from the package; the lane around it in `reference/lane.rs` neither. Both are driven, side by
//! side with the real [`Lane`](apportion::scheduler::Lane), through 10,000 random traces a policy.

mod reference {
    pub(crate) mod doubles;
    pub(crate) mod harness;
    pub(crate) mod lane;
    pub(crate) mod rational;
    pub(crate) mod scheduler;
    pub(crate) mod trace;
}

use apportion::scheduler::{Fifo, Policy, Scoring, Wfq};
use apportion::units::Rate;
use reference::doubles::{Broken, Fault};
use reference::harness::{Subject, Tally, fluid};
use reference::rational::Ratio;
use reference::scheduler::Rule;
use reference::trace::{FLUID, FRACTIONS, Step, WHOLE};

const TRACES: u64 = 10_000;

type Build<'a> = &'a dyn Fn(Rate) -> Box<dyn Policy>;

fn scoring<'a>(policy: Build<'a>) -> Subject<'a> {
    Subject { kind: WHOLE, rule: |_| Rule::Scoring, policy, tolerance: Ratio::ZERO }
}

/// The fluid clock under test rounds V down to a unit of tag, 2⁻²⁵ segments at weight 1. Two stamps of
/// one flow chain, so a tag is off by a few units at most.
fn wfq<'a>(policy: Build<'a>) -> Subject<'a> {
    Subject { kind: FLUID, rule: fluid, policy, tolerance: Ratio::new(1, 1 << 22) }
}

fn fifo<'a>(policy: Build<'a>) -> Subject<'a> {
    Subject { kind: WHOLE, rule: |_| Rule::Fifo, policy, tolerance: Ratio::ZERO }
}

fn list(steps: &[Step]) -> String {
    steps.iter().map(|step| format!("  {step:?}\n")).collect()
}

fn agree(subject: &Subject<'_>) -> Tally {
    let tally = subject.compare(0..TRACES).unwrap_or_else(|(trace, difference)| {
        panic!(
            "seed {}: {}\nafter {}\nin {:?}",
            trace.seed,
            difference.text,
            list(&trace.steps),
            trace.world
        )
    });
    println!("{tally:?}");
    assert_eq!(tally.traces, TRACES);
    // The traces are worth something: most decisions send, many choose, some give back or repeat.
    assert!(tally.sends > 10 * TRACES, "{tally:?}");
    assert!(tally.contested > 3 * TRACES, "{tally:?}");
    assert!(tally.refunds > TRACES / 2 && tally.retries > TRACES / 2, "{tally:?}");
    tally
}

#[test]
fn scoring_agrees_decision_by_decision() {
    let tally = agree(&scoring(&|_| Box::new(Scoring::new())));
    assert_eq!(tally.near_ties, 0);
}

#[test]
fn scoring_agrees_on_weights_that_divide_nothing() {
    let build: Build<'_> = &|_| Box::new(Scoring::new());
    let tolerance = Ratio::new(1, 1 << 30);
    let tally = agree(&Subject { kind: FRACTIONS, tolerance, ..scoring(build) });
    assert!(tally.near_ties * 100 < tally.sends, "{tally:?}");
}

#[test]
fn wfq_agrees_decision_by_decision() {
    let tally = agree(&wfq(&|rate| Box::new(Wfq::new(rate))));
    assert!(tally.near_ties * 100 < tally.sends, "{tally:?}");
}

#[test]
fn fifo_agrees_decision_by_decision() {
    let tally = agree(&fifo(&|_| Box::new(Fifo::new())));
    assert_eq!(tally.near_ties, 0);
}
