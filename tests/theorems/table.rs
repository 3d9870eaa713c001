//! The theorems: a policy, its bound, and a double that breaks it.

use crate::doubles::{Broken, Fault};
use crate::measures as m;
use crate::rational::Ratio;
use crate::tree_measures as t;
use crate::workload::{Run, Shape, Workload};
use apportion::scheduler::{
    ByFlow, DeficitRoundRobin, FullScoring, HierarchicalDrr, OneNode, Policy, Rescore,
    ScoringOptions, Terms, Wfq, policy,
};
use apportion::units::Segments;

/// What breaks the bound, to see that the measure can tell.
#[derive(Clone, Copy)]
pub(crate) enum Double {
    /// The policy itself with a fault.
    With(Fault),
    /// Another policy, which does not promise it.
    Other(&'static str),
}

pub(crate) struct Theorem {
    pub(crate) policy: &'static str,
    pub(crate) bound: &'static str,
    pub(crate) shape: Shape,
    measure: fn(&Run) -> Ratio,
    pub(crate) double: Double,
    /// Whether workloads come within a tenth of the bound.
    pub(crate) is_tight: bool,
}

/// What was found over all workloads.
pub(crate) struct Found {
    pub(crate) largest: Ratio,
    /// The same of the double.
    pub(crate) broken: Ratio,
}

/// Scoring with options.
pub(crate) const BATCHES: [&str; 3] = ["scoring K=2", "scoring K=8", "scoring K=64"];
pub(crate) const WORST_CASE_FAIR: &str = "scoring worst-case-fair";
pub(crate) const WITH_BOUNDS: &str = "scoring with bounds";

/// A policy of the registry, or scoring with options.
pub(crate) fn build(name: &str) -> Box<dyn Policy> {
    let rate = crate::direct::unit_rate();
    if let Some(every) = name.strip_prefix("scoring K=") {
        let every = every.parse().expect("a number above zero");
        let rescore = Rescore { every, ..Rescore::default() };
        let options = ScoringOptions::FurthestBehind { rescore, terms: Terms::NONE };
        return Box::new(FullScoring::new(options));
    }
    match name {
        WORST_CASE_FAIR => Box::new(FullScoring::new(ScoringOptions::WorstCaseFair)),
        WITH_BOUNDS => Box::new(FullScoring::new(ScoringOptions::default())),
        // The bound presupposes quanta that cover the longest message.
        "deficit-round-robin" => {
            let rule = DeficitRoundRobin::new(Segments(m::QUANTUM as u32));
            Box::new(ByFlow::tenants(OneNode::new(rule)))
        }
        "hierarchical-drr" => Box::new(HierarchicalDrr::new(Segments(m::QUANTUM as u32))),
        "wfq" => Box::new(Wfq::new(rate)),
        name => policy(name).expect("a policy of the registry").build(Some(rate)).expect("a rate"),
    }
}

impl Theorem {
    pub(crate) fn find(&self) -> Found {
        let double = || -> Box<dyn Policy> {
            match self.double {
                Double::With(fault) => Box::new(Broken::new(build(self.policy), fault)),
                Double::Other(name) => build(name),
            }
        };
        let mut found = Found { largest: Ratio::ZERO, broken: Ratio::ZERO };
        for seed in self.shape.seeds() {
            let workload = Workload::random(seed, self.shape);
            found.largest = found.largest.max((self.measure)(&workload.run(build(self.policy))));
            // One workload that shows it is enough.
            if found.broken <= Ratio::from(1) {
                found.broken = found.broken.max((self.measure)(&workload.run(double())));
            }
        }
        found
    }
}

const fn theorem(
    policy: &'static str,
    bound: &'static str,
    shape: Shape,
    measure: fn(&Run) -> Ratio,
    double: Double,
) -> Theorem {
    Theorem { policy, bound, shape, measure, double, is_tight: false }
}

const fn tight(theorem: Theorem) -> Theorem {
    Theorem { is_tight: true, ..theorem }
}

const RELATIVE: &str = "|Wi/wi - Wj/wj| <= Li/wi + Lj/wj";
const RATE: &str = "delay <= guaranteed-rate clock + Lmax/r";
const FLUID: &str = "delay <= fluid delay + Lmax/r";
const SIBLINGS: &str = "siblings: |Wi/wi - Wj/wj| <= Li/wi + Lj/wj";
const RATE_OF_LEVELS: &str = "delay <= guaranteed-rate clock + sum over levels of Lmax/r(level)";
const INDEX_OF_NODES: &str = "worst-case fair index of each node in its parent";
const INDEX_OF_LEVELS: &str =
    "worst-case fair index composed: sum over levels of (wi/w(level)) index";
const INDEX: &str = "worst-case fair index Li + (Lmax - Li)ri/r";
const BY_WEIGHT: Double = Double::With(Fault::IgnoresWeights);

pub(crate) const THEOREMS: &[Theorem] = &[
    theorem("round-robin", "|ni - nj| <= 1", Shape::Any, m::turns, Double::Other("fifo")),
    theorem(
        "deficit-round-robin",
        "|Wi/ri - Wj/rj| <= (F/r)(1 + Li/Qi + Lj/Qj)",
        Shape::Any,
        m::deficit_relative,
        BY_WEIGHT,
    ),
    theorem(
        "deficit-round-robin",
        "latency ((F - Qi)(1 + Li/Qi) + sum L)/r",
        Shape::Any,
        m::deficit_latency,
        BY_WEIGHT,
    ),
    theorem(
        "hierarchical-drr",
        "siblings: |Wi/ri - Wj/rj| <= (F/r)(1 + Li/Qi + Lj/Qj)",
        Shape::Tree,
        t::deficit_among_siblings,
        BY_WEIGHT,
    ),
    theorem(
        "hierarchical-drr",
        "latency: sum over levels of ((F - Q)(1 + L/Q) + sum L)/r(parent)",
        Shape::Tree,
        t::deficit_latency_of_levels,
        BY_WEIGHT,
    ),
    theorem("wfq", FLUID, Shape::Any, m::fluid_delay, BY_WEIGHT),
    theorem("wfq", "behind the fluid <= Lmax", Shape::Any, m::fluid_lag, BY_WEIGHT),
    theorem("wfq", RATE, Shape::Any, m::guaranteed_rate, BY_WEIGHT),
    theorem("wf2q", FLUID, Shape::Any, m::fluid_delay, BY_WEIGHT),
    theorem("wf2q", "behind the fluid <= Lmax", Shape::Any, m::fluid_lag, BY_WEIGHT),
    tight(theorem(
        "wf2q",
        "ahead of the fluid <= (1 - ri/r)Li",
        Shape::Any,
        m::fluid_lead,
        Double::Other("wfq"),
    )),
    theorem("wf2q", RATE, Shape::Any, m::guaranteed_rate, BY_WEIGHT),
    theorem("wf2q", INDEX, Shape::Any, m::worst_case_fair_index, Double::Other("wfq")),
    theorem("wf2q-plus", RATE, Shape::Any, m::guaranteed_rate, BY_WEIGHT),
    theorem("wf2q-plus", INDEX, Shape::Any, m::worst_case_fair_index, Double::Other("wfq")),
    theorem("h-wf2q-plus", RATE, Shape::Any, m::guaranteed_rate, BY_WEIGHT),
    theorem("h-wf2q-plus", RATE_OF_LEVELS, Shape::Tree, t::guaranteed_rate_of_levels, BY_WEIGHT),
    theorem(
        "h-wf2q-plus",
        INDEX_OF_NODES,
        Shape::Tree,
        t::worst_case_fair_index_of_nodes,
        Double::Other("scoring"),
    ),
    theorem(
        "h-wf2q-plus",
        INDEX_OF_LEVELS,
        Shape::Tree,
        t::worst_case_fair_index_of_levels,
        Double::Other("scoring"),
    ),
    tight(theorem("sfq", RELATIVE, Shape::Any, m::relative_fairness, BY_WEIGHT)),
    tight(theorem(
        "sfq",
        "delay <= expected arrival + (sum of other L + l)/r",
        Shape::Any,
        m::start_time_delay,
        BY_WEIGHT,
    )),
    theorem("scfq", RELATIVE, Shape::Any, m::relative_fairness, BY_WEIGHT),
    theorem(
        "scfq",
        "delay <= guaranteed-rate clock + sum of other L/r",
        Shape::Any,
        m::self_clocked_delay,
        BY_WEIGHT,
    ),
    theorem("virtual-clock", RATE, Shape::Any, m::guaranteed_rate, BY_WEIGHT),
    theorem(
        "stride",
        "|ni - (ni + nj)wi/(wi + wj)| <= 1",
        Shape::UnitsAtOnce,
        m::stride_pair,
        BY_WEIGHT,
    ),
    theorem(
        "strict-priority",
        "the heaviest wait <= Lmax/r",
        Shape::Any,
        m::priority_wait,
        Double::Other("round-robin"),
    ),
    tight(theorem(
        "strict-priority",
        "each has what the heavier leave, but for the longest of the lighter",
        Shape::Any,
        t::left_by_the_heavier,
        Double::Other("round-robin"),
    )),
    theorem(
        "strict-priority",
        "delay <= (sum of s(j), j <= k, + L(>k))/(r - sum of p(j), j < k)",
        Shape::Any,
        t::priority_delay,
        Double::Other("fifo"),
    ),
    theorem(
        "edf",
        "lateness <= Lmax/r where the fluid is in time",
        Shape::Deadlines,
        m::lateness,
        Double::Other("fifo"),
    ),
    theorem("used-over-weight", RELATIVE, Shape::AtOnce, m::relative_fairness, BY_WEIGHT),
    theorem(
        "vtc",
        "|Wi/wi - Wj/wj| <= 2 max(Li/wi, Lj/wj)",
        Shape::Any,
        m::token_counter,
        BY_WEIGHT,
    ),
    theorem(
        "mclock",
        "reservation x T - n <= 1",
        Shape::Bounded,
        m::reservation,
        Double::Other("sfq"),
    ),
    theorem("mclock", "n <= limit x T + 1", Shape::Bounded, m::limit::<1>, Double::Other("sfq")),
    tight(theorem("scoring", RELATIVE, Shape::Any, m::relative_fairness, BY_WEIGHT)),
    tight(theorem("scoring", SIBLINGS, Shape::Tree, t::relative_among_siblings, BY_WEIGHT)),
    tight(batches(BATCHES[0], m::relative_in_batches::<2>, "scoring K=4")),
    tight(batches(BATCHES[1], m::relative_in_batches::<8>, "scoring K=16")),
    tight(batches(BATCHES[2], m::relative_in_batches::<64>, "scoring K=128")),
    theorem(WORST_CASE_FAIR, RATE, Shape::Any, m::guaranteed_rate, BY_WEIGHT),
    theorem(WORST_CASE_FAIR, INDEX, Shape::Any, m::worst_case_fair_index, Double::Other("scoring")),
    theorem(WORST_CASE_FAIR, RATE_OF_LEVELS, Shape::Tree, t::guaranteed_rate_of_levels, BY_WEIGHT),
    theorem(
        WORST_CASE_FAIR,
        INDEX_OF_NODES,
        Shape::Tree,
        t::worst_case_fair_index_of_nodes,
        Double::Other("scoring"),
    ),
    theorem(
        WORST_CASE_FAIR,
        INDEX_OF_LEVELS,
        Shape::Tree,
        t::worst_case_fair_index_of_levels,
        Double::Other("scoring"),
    ),
    theorem(
        WITH_BOUNDS,
        "f X - x <= f (Lmax + sum of other L) + 2 L",
        Shape::Bounded,
        m::promise,
        Double::Other("scoring"),
    ),
    theorem(
        WITH_BOUNDS,
        "n <= limit x T + 2",
        Shape::Bounded,
        m::limit::<2>,
        Double::Other("scoring"),
    ),
];

/// An order of K messages that is drained; the double is one of twice as many.
const fn batches(policy: &'static str, measure: fn(&Run) -> Ratio, twice: &'static str) -> Theorem {
    let bound = "|Wi/wi - Wj/wj| <= K (Li/wi + Lj/wj)";
    theorem(policy, bound, Shape::Long, measure, Double::Other(twice))
}
