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

/// The fluid clock under test rounds V down to a unit of tag, 2⁻²⁵ segments at weight 1. Tags
/// of one flow build on each other, and the weights here divide a unit evenly, so a tag is off by that.
fn wfq<'a>(policy: Build<'a>) -> Subject<'a> {
    Subject { kind: FLUID, rule: fluid, policy, tolerance: Ratio::new(1, 1 << 24) }
}

fn fifo<'a>(policy: Build<'a>) -> Subject<'a> {
    Subject { kind: WHOLE, rule: |_| Rule::Fifo, policy, tolerance: Ratio::ZERO }
}

fn list(steps: &[Step]) -> String {
    steps.iter().map(|step| format!("  {step:?}\n")).collect()
}

fn agree(subject: &Subject<'_>) -> Tally {
    let tally = subject.compare(0..TRACES).unwrap_or_else(|found| {
        let (trace, difference) = *found;
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
    assert!(tally.near_ties_are_rare(), "{tally:?}");
}

#[test]
fn wfq_agrees_decision_by_decision() {
    let tally = agree(&wfq(&|rate| Box::new(Wfq::new(rate))));
    assert!(tally.near_ties_are_rare(), "{tally:?}");
}

#[test]
fn fifo_agrees_decision_by_decision() {
    let tally = agree(&fifo(&|_| Box::new(Fifo::new())));
    assert_eq!(tally.near_ties, 0);
}

/// The comparison sees each broken rule: without these, the tests above might not be able to fail.
macro_rules! turns_red {
    ($($name:ident: $subject:ident, $policy:expr, $fault:ident;)*) => {$(
        #[test]
        fn $name() {
            let build = |fault| move |rate| -> Box<dyn Policy> {
                let policy: fn(Rate) -> _ = $policy;
                Box::new(Broken::new(policy(rate), fault))
            };
            let sound = build(Fault::Nothing);
            assert!($subject(&sound).compare(0..50).is_ok(), "the wrapper itself changes nothing");
            let broken = build(Fault::$fault);
            let found = $subject(&broken).compare(0..TRACES);
            let (trace, difference) =
 *found.expect_err("the comparison reports a difference");
            println!("seed {}: {}\n{}", trace.seed, difference.text, list(&trace.steps));
            assert_eq!(difference.step + 1, trace.steps.len(), "cut at the first difference");
            assert!(trace.steps.len() <= 40, "shrunk to what a person can follow");
        }
    )*};
}

turns_red! {
    scoring_that_charges_one_segment_more_is_caught: scoring, |_| Scoring::new(), ChargesOneMore;
    scoring_that_keeps_unused_credit_is_caught: scoring, |_| Scoring::new(), WindsUpCredit;
    scoring_that_forgives_debt_is_caught: scoring, |_| Scoring::new(), ForgivesDebt;
    scoring_that_lifts_the_held_is_caught: scoring, |_| Scoring::new(), LiftsTheHeld;
    scoring_that_ignores_caps_is_caught: scoring, |_| Scoring::new(), IgnoresCaps;
    scoring_that_ignores_refunds_is_caught: scoring, |_| Scoring::new(), IgnoresRefunds;
    scoring_that_reverses_ties_is_caught: scoring, |_| Scoring::new(), ReversesTies;
    scoring_that_ignores_weights_is_caught: scoring, |_| Scoring::new(), IgnoresWeights;
    scoring_that_ignores_new_weights_is_caught: scoring, |_| Scoring::new(), IgnoresNewWeights;
    wfq_that_stamps_one_segment_more_is_caught: wfq, Wfq::new, StampsOneMore;
    wfq_whose_clock_stands_still_is_caught: wfq, Wfq::new, StopsTheClock;
    wfq_that_ignores_new_rates_is_caught: wfq, Wfq::new, IgnoresNewRates;
    wfq_that_ignores_weights_is_caught: wfq, Wfq::new, IgnoresWeights;
    wfq_that_ignores_new_weights_is_caught: wfq, Wfq::new, IgnoresNewWeights;
    wfq_that_keeps_old_heads_is_caught: wfq, Wfq::new, KeepsOldHeads;
    wfq_that_ignores_caps_is_caught: wfq, Wfq::new, IgnoresCaps;
    fifo_that_reverses_arrivals_is_caught: fifo, |_| Fifo::new(), ReversesArrivals;
    fifo_that_keeps_old_heads_is_caught: fifo, |_| Fifo::new(), KeepsOldHeads;
    fifo_that_ignores_caps_is_caught: fifo, |_| Fifo::new(), IgnoresCaps;
}

/// Equal tags are near-ties, so each may go; but not so many of them.
#[test]
fn wfq_that_reverses_ties_is_caught_by_the_number_of_near_ties() {
    let reversed =
        |rate| -> Box<dyn Policy> { Box::new(Broken::new(Wfq::new(rate), Fault::ReversesTies)) };
    let tally = wfq(&reversed).compare(0..1000).expect("every difference is a near-tie");
    assert!(!tally.near_ties_are_rare(), "{tally:?}");
}
