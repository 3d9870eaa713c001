//! The scheduler against an independent one, decision by decision.
//!
//! The reference in `reference/` is written from the papers in exact rationals and imports nothing from
//! the package; the lane around it in `reference/lane.rs` neither. Both are driven, side by side with the
//! real [`Lane`](apportion::scheduler::Lane), through thousands of random traces a policy.

mod reference {
    pub(crate) mod bounded;
    pub(crate) mod doubles;
    pub(crate) mod flat;
    pub(crate) mod harness;
    pub(crate) mod lane;
    pub(crate) mod near;
    pub(crate) mod order;
    pub(crate) mod partition;
    pub(crate) mod platform;
    pub(crate) mod rational;
    pub(crate) mod scheduler;
    pub(crate) mod scoring;
    pub(crate) mod trace;
    pub(crate) mod tree;
}

use apportion::scheduler::{
    Batch, ByFlow, DeficitRoundRobin, Edf, Fifo, FlowUnit, FullScoring, HierarchicalDrr,
    HierarchicalWf2qPlus, Mclock, OneNode, Policy, Rescore, RoundRobin, Scfq, Scoring,
    ScoringOptions, Sfq, ShuffleShardFq, SqsFair, StrictPriority, Stride, Terms, TokenPartition,
    UsedOverWeight, VirtualClock, Vtc, WeightedRoundRobin, Wf2q, Wf2qPlus, Wfq,
};
use apportion::time::Span;
use apportion::units::{Rate, Segments};
use reference::bounded::{Bounded, BoundedTree};
use reference::doubles::{Broken, Fault};
use reference::flat::{self, Flat};
use reference::harness::{Subject, Tally, fluid};
use reference::lane::World;
use reference::order::{Order, Unit};
use reference::partition::Partition;
use reference::platform::{Mclock as ReferenceMclock, Shards, Sqs};
use reference::rational::Ratio;
use reference::scheduler::{Clocks, Rule};
use reference::scoring;
use reference::trace::{DIVISIBLE, FLUID, FRACTIONS, Kind, POWERS_OF_TWO, STEADY, Step, WHOLE};
use reference::tree::{self, Tree};
use std::collections::BTreeMap;

/// Nanoseconds: the traces last some thousands.
const WINDOW: u64 = 300;
/// Few enough that traces reach them.
const MANY_IN_FLIGHT: u64 = 4;

fn list(steps: &[Step]) -> String {
    steps.iter().map(|step| format!("  {step:?}\n")).collect()
}

/// A policy under test, and the rule it claims to follow.
#[derive(Clone, Copy)]
struct Claim {
    kind: Kind,
    rule: fn(&World) -> Rule,
    policy: fn(Rate) -> Box<dyn Policy>,
    tolerance: Ratio,
    traces: u64,
    /// Seeds of traces that once told the two apart: each is run every time.
    found: &'static [u64],
}

impl Claim {
    fn compare(
        self,
        seeds: impl IntoIterator<Item = u64>,
        wrap: &dyn Fn(Box<dyn Policy>) -> Box<dyn Policy>,
    ) -> Result<Tally, Box<(reference::trace::Trace, reference::harness::Difference)>> {
        let policy = |rate: Rate| wrap((self.policy)(rate));
        let Claim { kind, tolerance, .. } = self;
        Subject { kind, rule: &self.rule, policy: &policy, tolerance }.compare(seeds)
    }

    /// `APPORTION_TRACES` asks for more or fewer traces than there is time for every day.
    fn agrees(self) {
        let asked = std::env::var("APPORTION_TRACES").ok();
        let traces = asked.map_or(self.traces, |text| text.parse().expect("a number of traces"));
        let beyond = self.found.iter().copied().filter(|seed| *seed >= traces);
        let seeds = (0..traces).chain(beyond.clone());
        let tally = self.compare(seeds, &|policy| policy).unwrap_or_else(|found| {
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
        let traces = traces + beyond.count() as u64;
        assert_eq!(tally.traces, traces);
        // The traces are worth something: most decisions send, many choose, some give back or repeat.
        assert!(tally.sends > 10 * traces, "{tally:?}");
        assert!(tally.contested > 2 * traces, "{tally:?}");
        assert!(tally.refunds > traces / 2 && tally.retries > traces / 3, "{tally:?}");
        if self.tolerance == Ratio::ZERO {
            assert_eq!(tally.near_ties, 0);
        } else {
            assert!(tally.near_ties_are_rare(), "{tally:?}");
        }
    }

    /// The comparison sees a broken rule: without this, agreement might not be able to fail.
    fn catches(self, fault: Fault) {
        let wrap =
            |fault| move |policy| -> Box<dyn Policy> { Box::new(Broken::new(policy, fault)) };
        let sound = self.compare(0..50, &wrap(Fault::Nothing));
        assert!(sound.is_ok(), "the wrapper itself changes nothing");
        let found = self.compare(0..10_000, &wrap(fault));
        let (trace, difference) = *found.expect_err("the comparison reports a difference");
        println!("seed {}: {}\n{}", trace.seed, difference.text, list(&trace.steps));
        assert_eq!(difference.step + 1, trace.steps.len(), "cut at the first difference");
        assert!(trace.steps.len() <= 40, "shrunk to what a person can follow");
    }
}

fn other(order: impl Order + 'static) -> Rule {
    Rule::Other(Box::new(order))
}

fn flat(kind: flat::Kind, world: &World) -> Rule {
    other(Flat::new(kind, world.quota.rate()))
}

/// One test that the two agree, and one for each fault that is caught.
macro_rules! claims {
    ($($claim:ident = $value:expr; $agrees:ident { $($caught:ident: $fault:ident;)* })*) => {$(
        const $claim: Claim = $value;

        #[test]
        fn $agrees() {
            $claim.agrees();
        }

        $(#[test]
        fn $caught() {
            $claim.catches(Fault::$fault);
        })*
    )*};
}

/// Nanoseconds after which an order is old, or until a deadline that is near.
const OLD: u64 = 400;

/// Scoring with options; the rule first, then the policy.
const fn options(rule: fn(&World) -> Rule, policy: fn(Rate) -> Box<dyn Policy>) -> Claim {
    exact(rule, policy, 1_000).with_weights(STEADY)
}

fn with_options(world: &World, options: scoring::Options) -> Rule {
    other(scoring::Scoring::new(options, world.quota.rate(), world.quota.per))
}

fn standing_for(every: u32, max_age: Option<u64>, batch: Batch) -> Box<dyn Policy> {
    let rescore = Rescore {
        every: every.try_into().expect("above zero"),
        max_age: max_age.map(Span::from_nanoseconds),
        batch,
    };
    Box::new(FullScoring::new(ScoringOptions::FurthestBehind { rescore, terms: Terms::NONE }))
}

fn with_terms(terms: Terms) -> Box<dyn Policy> {
    let rescore = Rescore { every: 2.try_into().expect("above zero"), ..Rescore::default() };
    Box::new(FullScoring::new(ScoringOptions::FurthestBehind { rescore, terms }))
}

/// Rules whose tags are exact on whole weights; the rule first, then the policy.
const fn exact(
    rule: fn(&World) -> Rule,
    policy: fn(Rate) -> Box<dyn Policy>,
    traces: u64,
) -> Claim {
    Claim { kind: WHOLE, rule, policy, tolerance: Ratio::ZERO, traces, found: &[] }
}

/// Where V follows the service a segment at weight 1 is more than 2^39 units of tag. V, or a tag that is lifted
/// to it, is off by one unit more each time that one is put in the place of the other, which in a trace
/// happens fewer than a thousand times.
const FOLLOWS_THE_SERVICE: Ratio = Ratio::whole_over(1, 1 << 29);

/// Terms are turned into whole nanosegments of the own share by a division at each of at most four levels and
/// one by the rate, of which each drops less than a nanosegment, on either side of a comparison.
const WITH_TERMS: Ratio = Ratio::whole_over(1, 100_000_000);

/// Rules whose virtual time is rounded down to a unit of tag: a decision may go either way where two
/// candidates, or a start and V, are closer than that.
const fn rounded(
    rule: fn(&World) -> Rule,
    policy: fn(Rate) -> Box<dyn Policy>,
    traces: u64,
) -> Claim {
    let tolerance = Ratio::whole_over(1, 1 << 24);
    Claim { kind: FLUID, rule, policy, tolerance, traces, found: &[] }
}

claims! {
    SCORING =
        exact(|_| Rule::Scoring, |_| Box::new(Scoring::new()), 10_000).with_weights(STEADY);
    scoring_agrees_decision_by_decision {
        scoring_that_charges_one_segment_more_is_caught: ChargesOneMore;
        scoring_that_keeps_unused_credit_is_caught: WindsUpCredit;
        scoring_that_forgives_debt_is_caught: ForgivesDebt;
        scoring_that_lifts_the_held_is_caught: LiftsTheHeld;
        scoring_that_ignores_caps_is_caught: IgnoresCaps;
        scoring_that_ignores_refunds_is_caught: IgnoresRefunds;
        scoring_that_reverses_ties_is_caught: ReversesTies;
        scoring_that_ignores_weights_is_caught: IgnoresWeights;
    }

    SCORING_OF_ODD_WEIGHTS = Claim {
        kind: FRACTIONS,
        tolerance: Ratio::whole_over(1, 1 << 30),
        ..SCORING
    };
    scoring_agrees_on_weights_that_divide_nothing {
    }

    SCORING_REWEIGHED = SCORING.with_weights(POWERS_OF_TWO);
    scoring_agrees_when_weights_change {
        scoring_that_ignores_new_weights_is_caught: IgnoresNewWeights;
    }

    FULL_SCORING = Claim {
        policy: |_| Box::new(FullScoring::new(ScoringOptions::default())),
        traces: 4_000,
        ..SCORING
    };
    full_scoring_without_options_agrees_decision_by_decision {
        full_scoring_that_charges_one_segment_more_is_caught: ChargesOneMore;
        full_scoring_that_keeps_unused_credit_is_caught: WindsUpCredit;
        full_scoring_that_forgives_debt_is_caught: ForgivesDebt;
        full_scoring_that_lifts_the_held_is_caught: LiftsTheHeld;
        full_scoring_that_ignores_refunds_is_caught: IgnoresRefunds;
    }

    FULL_SCORING_OF_ODD_WEIGHTS = Claim { policy: FULL_SCORING.policy, ..SCORING_OF_ODD_WEIGHTS };
    full_scoring_agrees_on_weights_that_divide_nothing {
    }

    FULL_SCORING_REWEIGHED = FULL_SCORING.with_weights(POWERS_OF_TWO);
    full_scoring_agrees_when_weights_change {
        full_scoring_that_ignores_new_weights_is_caught: IgnoresNewWeights;
    }

    DRAIN = options(
        |world| with_options(world, scoring::Options { every: 5, ..scoring::PLAIN }),
        |_| standing_for(5, None, Batch::Drain),
    );
    an_order_that_is_drained_agrees_decision_by_decision {
        an_order_that_charges_one_segment_more_is_caught: ChargesOneMore;
        an_order_that_keeps_unused_credit_is_caught: WindsUpCredit;
        an_order_that_lifts_the_held_is_caught: LiftsTheHeld;
        an_order_that_ignores_refunds_is_caught: IgnoresRefunds;
    }

    DRAIN_REWEIGHED = DRAIN.with_weights(POWERS_OF_TWO);
    an_order_that_is_drained_agrees_when_weights_change {
        an_order_that_ignores_new_weights_is_caught: IgnoresNewWeights;
    }

    WALK = options(
        |world| with_options(world, scoring::Options { every: 4, is_walked: true, ..scoring::PLAIN }),
        |_| standing_for(4, None, Batch::Walk),
    );
    an_order_that_is_walked_agrees_decision_by_decision {
    }

    AGING = options(
        |world| with_options(world, scoring::Options {
            every: 50,
            max_age: Some(OLD),
            ..scoring::PLAIN
        }),
        |_| standing_for(50, Some(OLD), Batch::Drain),
    );
    an_order_that_ages_agrees_decision_by_decision {
        an_order_whose_clock_stands_still_is_caught: StopsTheClock;
    }

    WORST_CASE_FAIR = Claim {
        tolerance: FOLLOWS_THE_SERVICE,
        kind: FLUID,
        found: &[5_896, 9_737],
        ..options(
            |world| with_options(world, scoring::Options {
                is_worst_case_fair: true,
                ..scoring::PLAIN
            }),
            |_| Box::new(FullScoring::new(ScoringOptions::WorstCaseFair)),
        )
    };
    worst_case_fair_scoring_agrees_decision_by_decision {
        worst_case_fair_scoring_that_lifts_the_held_is_caught: LiftsTheHeld;
        worst_case_fair_scoring_that_keeps_old_heads_is_caught: KeepsOldHeads;
        worst_case_fair_scoring_whose_clock_stands_still_is_caught: StopsTheClock;
        worst_case_fair_scoring_that_ignores_refunds_is_caught: IgnoresRefunds;
    }

    BOUNDED = options(
        |world| with_options(world, scoring::Options { is_bounded: true, ..scoring::PLAIN }),
        |rate| Box::new(BoundedTree::new(FullScoring::new(ScoringOptions::default()), rate)),
    ).and(&[4_897, 7_616]);
    promises_and_limits_agree_decision_by_decision {
        promises_that_charge_one_segment_more_are_caught: ChargesOneMore;
        promises_whose_clock_stands_still_are_caught: StopsTheClock;
        promises_that_ignore_refunds_are_caught: IgnoresRefunds;
    }

    BOUNDED_BATCHES = options(
        |world| with_options(world, scoring::Options {
            is_bounded: true,
            every: 3,
            is_walked: true,
            ..scoring::PLAIN
        }),
        |rate| Box::new(BoundedTree::new(standing_for(3, None, Batch::Walk), rate)),
    );
    promises_and_limits_agree_when_an_order_stands {
    }

    BOUNDED_REWEIGHED = BOUNDED.with_weights(POWERS_OF_TWO);
    promises_and_limits_agree_when_weights_change {
        promises_that_ignore_new_weights_are_caught: IgnoresNewWeights;
    }

    WAITING = Claim { kind: WHOLE, tolerance: WITH_TERMS, found: &[2_139], ..options(
        |world| with_options(world, scoring::Options {
            waiting: Some(Ratio::whole_over(1, 4)),
            every: 2,
            ..scoring::PLAIN
        }),
        |_| with_terms(Terms { waiting_millionths: 250_000, ..Terms::NONE }),
    )};
    waiting_time_agrees_decision_by_decision {
        waiting_time_whose_clock_stands_still_is_caught: StopsTheClock;
    }

    URGENCY = Claim { kind: WHOLE, tolerance: WITH_TERMS, found: &[5_210], ..options(
        |world| with_options(world, scoring::Options {
            urgency: Some((Ratio::whole_over(2, 1), OLD)),
            every: 2,
            ..scoring::PLAIN
        }),
        |_| with_terms(Terms {
            urgency_millionths: 2_000_000,
            urgency_horizon: Span::from_nanoseconds(OLD),
            ..Terms::NONE
        }),
    )};
    urgency_agrees_decision_by_decision {
        urgency_whose_clock_stands_still_is_caught: StopsTheClock;
    }

    // The fluid clock under test rounds V down to a unit of tag, 2^-25 segments at weight 1. Tags of one
    // flow build on each other, and the weights here divide a unit evenly, so a tag is off by that.
    WFQ = rounded(fluid, |rate| Box::new(Wfq::new(rate)), 10_000);
    wfq_agrees_decision_by_decision {
        wfq_that_stamps_one_segment_more_is_caught: StampsOneMore;
        wfq_whose_clock_stands_still_is_caught: StopsTheClock;
        wfq_that_ignores_new_rates_is_caught: IgnoresNewRates;
        wfq_that_ignores_weights_is_caught: IgnoresWeights;
        wfq_that_ignores_new_weights_is_caught: IgnoresNewWeights;
        wfq_that_keeps_old_heads_is_caught: KeepsOldHeads;
        wfq_that_ignores_caps_is_caught: IgnoresCaps;
    }

    FIFO = exact(|_| Rule::Fifo, |_| Box::new(Fifo::new()), 10_000);
    fifo_agrees_decision_by_decision {
        fifo_that_reverses_arrivals_is_caught: ReversesArrivals;
        fifo_that_keeps_old_heads_is_caught: KeepsOldHeads;
        fifo_that_ignores_caps_is_caught: IgnoresCaps;
    }

    ROUND_ROBIN = exact(
        |world| flat(flat::Kind::RoundRobin, world),
        |_| Box::new(ByFlow::tenants(RoundRobin::new())),
        2_000,
    );
    round_robin_agrees_decision_by_decision {
        round_robin_that_ignores_caps_is_caught: IgnoresCaps;
        round_robin_that_reverses_arrivals_is_caught: ReversesArrivals;
    }

    SMOOTH = exact(
        |world| flat(flat::Kind::SmoothWeighted, world),
        |_| Box::new(ByFlow::tenants(WeightedRoundRobin::new())),
        2_000,
    );
    weighted_round_robin_agrees_decision_by_decision {
        weighted_round_robin_that_ignores_weights_is_caught: IgnoresWeights;
        weighted_round_robin_that_ignores_new_weights_is_caught: IgnoresNewWeights;
    }

    DEFICIT = exact(
        |world| other(Tree::new(tree::Kind::Deficit, Unit::Tenant, world.quota.rate())),
        |_| Box::new(ByFlow::tenants(OneNode::new(DeficitRoundRobin::new(Segments(1))))),
        1_000,
    );
    deficit_round_robin_agrees_decision_by_decision {
        deficit_round_robin_that_charges_one_segment_more_is_caught: ChargesOneMore;
        deficit_round_robin_that_keeps_old_heads_is_caught: KeepsOldHeads;
        deficit_round_robin_that_ignores_new_weights_is_caught: IgnoresNewWeights;
        deficit_round_robin_that_ignores_weights_is_caught: IgnoresWeights;
    }

    HIERARCHICAL_DEFICIT = exact(
        |world| other(Tree::new(tree::Kind::Deficit, Unit::Queue, world.quota.rate())),
        |_| Box::new(HierarchicalDrr::new(Segments(1))),
        1_000,
    );
    hierarchical_drr_agrees_decision_by_decision {
        hierarchical_drr_that_charges_one_segment_more_is_caught: ChargesOneMore;
        hierarchical_drr_that_keeps_old_heads_is_caught: KeepsOldHeads;
        hierarchical_drr_that_ignores_new_weights_is_caught: IgnoresNewWeights;
    }

    WF2Q = rounded(
        |world| match fluid(world) {
            Rule::Wfq(fluid) => Rule::Wf2q(fluid),
            rule => rule,
        },
        |rate| Box::new(Wf2q::new(rate)),
        2_000,
    );
    wf2q_agrees_decision_by_decision {
        wf2q_that_stamps_one_segment_more_is_caught: StampsOneMore;
        wf2q_whose_clock_stands_still_is_caught: StopsTheClock;
        wf2q_that_ignores_weights_is_caught: IgnoresWeights;
    }

    WF2Q_PLUS = rounded(
        |world| other(Tree::new(tree::Kind::WorstCaseFair, Unit::Tenant, world.quota.rate())),
        |_| Box::new(ByFlow::tenants(OneNode::new(Wf2qPlus::new()))),
        1_000,
    ).to_within(FOLLOWS_THE_SERVICE);
    wf2q_plus_agrees_decision_by_decision {
        wf2q_plus_that_charges_one_segment_more_is_caught: ChargesOneMore;
        wf2q_plus_whose_clock_stands_still_is_caught: StopsTheClock;
        wf2q_plus_that_ignores_new_rates_is_caught: IgnoresNewRates;
        wf2q_plus_that_ignores_refunds_is_caught: IgnoresRefunds;
    }

    HIERARCHICAL_WF2Q_PLUS = rounded(
        |world| other(Tree::new(tree::Kind::WorstCaseFair, Unit::Queue, world.quota.rate())),
        |_| Box::new(HierarchicalWf2qPlus::new()),
        1_000,
    ).to_within(FOLLOWS_THE_SERVICE).and(&[9_737, 9_805]);
    h_wf2q_plus_agrees_decision_by_decision {
        h_wf2q_plus_that_charges_one_segment_more_is_caught: ChargesOneMore;
        h_wf2q_plus_that_keeps_old_heads_is_caught: KeepsOldHeads;
        h_wf2q_plus_that_ignores_weights_is_caught: IgnoresWeights;
    }

    SFQ = exact(
        |world| flat(flat::Kind::StartTime, world),
        |_| Box::new(ByFlow::tenants(Sfq::new())),
        2_000,
    ).with_weights(FLUID);
    sfq_agrees_decision_by_decision {
        sfq_that_charges_one_segment_more_is_caught: ChargesOneMore;
        sfq_whose_clock_stands_still_is_caught: StopsTheClock;
        sfq_that_ignores_refunds_is_caught: IgnoresRefunds;
    }

    SCFQ = exact(
        |world| flat(flat::Kind::SelfClocked, world),
        |_| Box::new(ByFlow::tenants(Scfq::new())),
        2_000,
    ).with_weights(FLUID);
    scfq_agrees_decision_by_decision {
        scfq_that_keeps_old_heads_is_caught: KeepsOldHeads;
        scfq_that_ignores_new_weights_is_caught: IgnoresNewWeights;
    }

    VIRTUAL_CLOCK = exact(
        |world| {
            Rule::VirtualClock(Clocks { rate: world.quota.rate(), last: BTreeMap::new() })
        },
        |rate| Box::new(VirtualClock::new(rate)),
        2_000,
    )
    .with_weights(FLUID);
    virtual_clock_agrees_decision_by_decision {
        virtual_clock_that_stamps_one_segment_more_is_caught: StampsOneMore;
        virtual_clock_whose_clock_stands_still_is_caught: StopsTheClock;
        virtual_clock_that_ignores_new_weights_is_caught: IgnoresNewWeights;
    }

    STRIDE = rounded(
        |world| flat(flat::Kind::Stride, world),
        |_| Box::new(ByFlow::tenants(Stride::new())),
        2_000,
    );
    stride_agrees_decision_by_decision {
        stride_that_charges_one_segment_more_is_caught: ChargesOneMore;
        stride_that_ignores_new_weights_is_caught: IgnoresNewWeights;
        stride_that_ignores_refunds_is_caught: IgnoresRefunds;
    }

    PRIORITY = exact(
        |world| flat(flat::Kind::Priority, world),
        |_| Box::new(ByFlow::of(FlowUnit::Class, StrictPriority::new())),
        2_000,
    );
    strict_priority_agrees_decision_by_decision {
        strict_priority_that_ignores_weights_is_caught: IgnoresWeights;
        strict_priority_that_reverses_arrivals_is_caught: ReversesArrivals;
    }

    DEADLINE = exact(
        |world| flat(flat::Kind::Deadline, world),
        |_| Box::new(Edf::new()),
        2_000,
    );
    edf_agrees_decision_by_decision {
        edf_that_keeps_old_heads_is_caught: KeepsOldHeads;
        edf_that_reverses_arrivals_is_caught: ReversesArrivals;
    }

    SQS = exact(
        |_| other(Sqs::new(MANY_IN_FLIGHT, WINDOW, 5 * WINDOW)),
        |_| {
            let windows = [WINDOW, 5 * WINDOW].map(Span::from_nanoseconds);
            Box::new(ByFlow::tenants(SqsFair::with(MANY_IN_FLIGHT, windows[0], windows[1])))
        },
        2_000,
    );
    sqs_fair_agrees_decision_by_decision {
        sqs_fair_whose_clock_stands_still_is_caught: StopsTheClock;
        sqs_fair_that_never_learns_of_an_end_is_caught: IgnoresRefunds;
    }

    SHARDS = exact(
        |world| other(Shards::new(6, 3, world.quota.rate())),
        |_| Box::new(ShuffleShardFq::new(6, 3)),
        2_000,
    )
    .with_weights(DIVISIBLE);
    shuffle_shard_fq_agrees_decision_by_decision {
        shuffle_shard_fq_that_charges_one_segment_more_is_caught: ChargesOneMore;
        shuffle_shard_fq_that_ignores_what_was_used_is_caught: IgnoresRefunds;
        shuffle_shard_fq_whose_clock_stands_still_is_caught: StopsTheClock;
    }

    USED = exact(
        |world| flat(flat::Kind::Used(WINDOW), world),
        |_| {
            let window = Span::from_nanoseconds(WINDOW);
            Box::new(ByFlow::tenants(UsedOverWeight::new(window)))
        },
        2_000,
    ).with_weights(FLUID);
    used_over_weight_agrees_decision_by_decision {
        used_over_weight_whose_clock_stands_still_is_caught: StopsTheClock;
        used_over_weight_that_ignores_refunds_is_caught: IgnoresRefunds;
        used_over_weight_that_ignores_weights_is_caught: IgnoresWeights;
    }

    VTC = exact(
        |world| flat(flat::Kind::TokenCounter, world),
        |_| Box::new(ByFlow::tenants(Vtc::new())),
        2_000,
    ).with_weights(FLUID);
    vtc_agrees_decision_by_decision {
        vtc_that_keeps_unused_credit_is_caught: WindsUpCredit;
        vtc_that_ignores_new_weights_is_caught: IgnoresNewWeights;
    }

    MCLOCK = exact(
        |world| other(ReferenceMclock::new(world.quota.per)),
        |rate| Box::new(Bounded::new(ByFlow::tenants(Mclock::new()), rate)),
        2_000,
    ).with_weights(FLUID);
    mclock_agrees_decision_by_decision {
        mclock_that_charges_one_segment_more_is_caught: ChargesOneMore;
        mclock_whose_clock_stands_still_is_caught: StopsTheClock;
        mclock_that_ignores_weights_is_caught: IgnoresWeights;
        mclock_that_ignores_refunds_is_caught: IgnoresRefunds;
    }

    TOKEN_PARTITION = exact(
        |world| other(Partition::new(world.quota.rate())),
        |rate| Box::new(TokenPartition::new(rate)),
        1_000,
    );
    token_partition_agrees_decision_by_decision {
        token_partition_that_charges_one_segment_more_is_caught: ChargesOneMore;
        token_partition_that_ignores_weights_is_caught: IgnoresWeights;
        token_partition_that_ignores_new_weights_is_caught: IgnoresNewWeights;
        token_partition_that_ignores_new_rates_is_caught: IgnoresNewRates;
        token_partition_whose_clock_stands_still_is_caught: StopsTheClock;
        token_partition_that_reverses_ties_is_caught: ReversesTies;
    }
}

impl Claim {
    const fn with_weights(self, kind: Kind) -> Self {
        Claim { kind, ..self }
    }

    const fn to_within(self, tolerance: Ratio) -> Self {
        Claim { tolerance, ..self }
    }

    const fn and(self, found: &'static [u64]) -> Self {
        Claim { found, ..self }
    }
}

/// Each option makes a difference: without it, or with another value of it, the comparison fails.
#[test]
fn options_that_are_not_heeded_are_caught() {
    let plain =
        |_: Rate| -> Box<dyn Policy> { Box::new(FullScoring::new(ScoringOptions::default())) };
    type Build = fn(Rate) -> Box<dyn Policy>;
    let cases: [(&str, Claim, Build); 9] = [
        ("every", DRAIN, |_| standing_for(4, None, Batch::Drain)),
        ("drain", DRAIN, |_| standing_for(5, None, Batch::Walk)),
        ("walk", WALK, |_| standing_for(4, None, Batch::Drain)),
        ("age", AGING, |_| standing_for(50, None, Batch::Drain)),
        ("worst case", WORST_CASE_FAIR, plain),
        ("the paper's", WORST_CASE_FAIR, |_| Box::new(HierarchicalWf2qPlus::new())),
        ("bounds", BOUNDED, plain),
        ("waiting", WAITING, |_| with_terms(Terms::NONE)),
        ("urgency", URGENCY, |_| with_terms(Terms::NONE)),
    ];
    for (option, claim, policy) in cases {
        let wrong = Claim { policy, ..claim };
        assert!(wrong.compare(0..1_000, &|policy| policy).is_err(), "{option} makes no difference");
    }
}

/// Equal tags are near-ties, so each may go; but not so many of them.
#[test]
fn wfq_that_reverses_ties_is_caught_by_the_number_of_near_ties() {
    let reversed =
        |policy| -> Box<dyn Policy> { Box::new(Broken::new(policy, Fault::ReversesTies)) };
    let tally = WFQ.compare(0..1000, &reversed).expect("every difference is a near-tie");
    assert!(!tally.near_ties_are_rare(), "{tally:?}");
}
