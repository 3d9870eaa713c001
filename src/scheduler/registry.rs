//! All policies by name: one line each.

use alloc::boxed::Box;

use super::by_flow::ByFlow;
use super::deficit_round_robin::DeficitRoundRobin;
use super::edf::Edf;
use super::fifo::Fifo;
use super::flows::FlowUnit;
use super::full_scoring::FullScoring;
use super::h_wf2q_plus::HierarchicalWf2qPlus;
use super::hierarchical_drr::HierarchicalDrr;
use super::lottery::Lottery;
use super::mclock::Mclock;
use super::node_rule::OneNode;
use super::policy::Policy;
use super::round_robin::RoundRobin;
use super::scfq::Scfq;
use super::scoring::Scoring;
use super::scoring_options::ScoringOptions;
use super::sfq::Sfq;
use super::shuffle_shard_fq::ShuffleShardFq;
use super::sqs_fair::SqsFair;
use super::strict_priority::StrictPriority;
use super::stride::Stride;
use super::token_partition::TokenPartition;
use super::used_over_weight::UsedOverWeight;
use super::virtual_clock::VirtualClock;
use super::vtc::Vtc;
use super::weighted_round_robin::WeightedRoundRobin;
use super::wf2q::Wf2q;
use super::wf2q_plus::Wf2qPlus;
use super::wfq::Wfq;
use crate::time::Span;
use crate::units::{Rate, Segments};

/// The quantum of a flow of weight 1: small, so that turns are as short as they can be.
const QUANTUM: Segments = Segments(1);
/// The window that CockroachDB resets `used` in.
const WINDOW: Span = Span::from_seconds(1);
/// Shards and hand of the API server's ordinary priority levels.
const SHARDS: usize = 128;
const HAND: usize = 6;

/// What is known of a policy before it runs.
pub struct PolicyInfo {
    /// The name on the command line and in files.
    pub name: &'static str,
    /// Which queue is next.
    pub rule: &'static str,
    /// What the policy treats as one flow, and with which weight.
    pub flow: &'static str,
    /// Cost of a decision among n flows.
    pub cost: &'static str,
    /// What it promises.
    pub guarantee: &'static str,
    /// Where it is from.
    pub source: &'static str,
    /// Whether it can only divide a finite quota.
    pub needs_rate: bool,
    /// Makes one. [`PolicyInfo::build`] sees to it that there is a rate where one is needed.
    pub build: fn(Option<Rate>) -> Box<dyn Policy>,
}

/// What a policy is to heed beside weights.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct PolicyOptions {
    /// Options of the policy `scoring`.
    pub scoring: ScoringOptions,
    /// Whether nodes of the share tree have bounds.
    pub has_bounds: bool,
}

impl PolicyInfo {
    /// The policy, for a destination of this rate; `None` when it needs a rate and there is none.
    pub fn build(&self, rate: Option<Rate>) -> Option<Box<dyn Policy>> {
        (rate.is_some() || !self.needs_rate).then(|| (self.build)(rate))
    }

    /// The same with options, for policies that have some.
    pub fn build_with(
        &self,
        rate: Option<Rate>,
        options: PolicyOptions,
    ) -> Option<Box<dyn Policy>> {
        match options == PolicyOptions::default() || self.name != "scoring" {
            true => self.build(rate),
            // Without options the policy that has none is the faster one.
            false => Some(Box::new(FullScoring::new(options.scoring))),
        }
    }
}

/// Every policy, ours first.
pub const POLICIES: &[PolicyInfo] = &[
    PolicyInfo {
        name: "scoring",
        rule: "top-down through the share tree to the child furthest behind its share",
        flow: "node of the share tree, own weight",
        cost: "O(depth x log n)",
        guarantee: "siblings i, j backlogged: |Wi/wi - Wj/wj| <= Li/wi + Lj/wj on every interval",
        source: "this project; start-time fair queueing (Goyal, Vin, Cheng, SIGCOMM 1996) a node",
        needs_rate: false,
        build: |_| Box::new(Scoring::new()),
    },
    PolicyInfo {
        name: "fifo",
        rule: "the message that arrived first, among queues not held back by a cap",
        flow: "none",
        cost: "O(log n)",
        guarantee: "order of arrival; none between tenants",
        source: "classic",
        needs_rate: false,
        build: |_| Box::new(Fifo::new()),
    },
    PolicyInfo {
        name: "round-robin",
        rule: "tenants in turn, a message each",
        flow: "tenant, weights do not count",
        cost: "O(1)",
        guarantee: "i, j backlogged: |ni - nj| <= 1 message on every interval; none in segments",
        source: "classic",
        needs_rate: false,
        build: |_| Box::new(ByFlow::tenants(RoundRobin::new())),
    },
    PolicyInfo {
        name: "weighted-round-robin",
        rule: "each tenant gains its weight, the one with the most goes and pays the sum of them",
        flow: "tenant, product of weights along the path",
        cost: "O(n)",
        guarantee: "any sum-of-weights messages in a row hold each tenant its weight times; none in segments",
        source: "smooth weighted balancing of nginx (2012)",
        needs_rate: false,
        build: |_| Box::new(ByFlow::tenants(WeightedRoundRobin::new())),
    },
    PolicyInfo {
        name: "deficit-round-robin",
        rule: "tenants in turn, each up to its quantum and what it saved",
        flow: "tenant, product of weights along the path",
        cost: "O(1) when quanta cover a message, else O(n)",
        guarantee: "quanta Q >= L, F = sum of Q: |Wi/ri - Wj/rj| <= (F/r)(1 + Li/Qi + Lj/Qj) on every interval",
        source: "Shreedhar, Varghese (SIGCOMM 1995)",
        needs_rate: false,
        build: |_| Box::new(ByFlow::tenants(OneNode::new(DeficitRoundRobin::new(QUANTUM)))),
    },
    PolicyInfo {
        name: "hierarchical-drr",
        rule: "deficit round-robin at every node of the share tree",
        flow: "node of the share tree, own weight",
        cost: "O(depth) when quanta cover a message, else O(depth x n)",
        guarantee: "siblings: as deficit-round-robin, in the service of their node",
        source: "Shreedhar, Varghese (SIGCOMM 1995) a node",
        needs_rate: false,
        build: |_| Box::new(HierarchicalDrr::new(QUANTUM)),
    },
    PolicyInfo {
        name: "wfq",
        rule: "the smallest finish tag of the fluid division, stamped at arrival by the weight there is then",
        flow: "tenant, product of weights along the path",
        cost: "O(log n), and the fluid clock",
        guarantee: "no message leaves later than in the fluid division plus Lmax/r",
        source: "Demers, Keshav, Shenker (SIGCOMM 1989); Parekh, Gallager (ToN 1993)",
        needs_rate: true,
        build: |rate| Box::new(Wfq::new(rate.expect("checked by PolicyInfo::build"))),
    },
    PolicyInfo {
        name: "wf2q",
        rule: "the smallest finish tag, stamped at arrival by the weight there is then, among messages that the fluid division has begun",
        flow: "tenant, product of weights along the path",
        cost: "O(log n), and the fluid clock",
        guarantee: "behind the fluid division by at most Lmax, ahead of it by at most (1 - ri/r)Li",
        source: "Bennett, Zhang (INFOCOM 1996)",
        needs_rate: true,
        build: |rate| Box::new(Wf2q::new(rate.expect("checked by PolicyInfo::build"))),
    },
    PolicyInfo {
        name: "wf2q-plus",
        rule: "the smallest finish tag among tenants whose start tag the served have reached",
        flow: "tenant, product of weights along the path",
        cost: "O(log n)",
        guarantee: "delay <= guaranteed-rate clock + Lmax/r; worst-case fair index Li + (Lmax - Li)ri/r",
        source: "Bennett, Zhang (ToN 1997)",
        needs_rate: false,
        build: |_| Box::new(ByFlow::tenants(OneNode::new(Wf2qPlus::new()))),
    },
    PolicyInfo {
        name: "h-wf2q-plus",
        rule: "wf2q-plus at every node of the share tree",
        flow: "node of the share tree, own weight",
        cost: "O(depth x log n)",
        guarantee: "worst-case fair index: sum over the ancestors of (wi/wp) times that of the node",
        source: "Bennett, Zhang (ToN 1997)",
        needs_rate: false,
        build: |_| Box::new(HierarchicalWf2qPlus::new()),
    },
    PolicyInfo {
        name: "sfq",
        rule: "the smallest start tag; virtual time is that of the message in service",
        flow: "tenant, product of weights along the path",
        cost: "O(log n)",
        guarantee: "i, j backlogged: |Wi/wi - Wj/wj| <= Li/wi + Lj/wj on every interval, whatever the rate does",
        source: "Goyal, Vin, Cheng (SIGCOMM 1996)",
        needs_rate: false,
        build: |_| Box::new(ByFlow::tenants(Sfq::new())),
    },
    PolicyInfo {
        name: "scfq",
        rule: "the smallest finish tag; virtual time is that of the message in service",
        flow: "tenant, product of weights along the path",
        cost: "O(log n)",
        guarantee: "i, j backlogged: |Wi/wi - Wj/wj| <= Li/wi + Lj/wj on every interval",
        source: "Golestani (INFOCOM 1994)",
        needs_rate: false,
        build: |_| Box::new(ByFlow::tenants(Scfq::new())),
    },
    PolicyInfo {
        name: "virtual-clock",
        rule: "the smallest stamp, each tenant's messages stamped at arrival by a clock of the rate it has then",
        flow: "tenant, product of weights along the path",
        cost: "O(log n)",
        guarantee: "delay <= guaranteed-rate clock + Lmax/r; no fairness: idle bandwidth used is punished",
        source: "Zhang (SIGCOMM 1990)",
        needs_rate: true,
        build: |rate| Box::new(VirtualClock::new(rate.expect("checked by PolicyInfo::build"))),
    },
    PolicyInfo {
        name: "stride",
        rule: "the smallest pass; each segment advances a tenant by the inverse of its weight",
        flow: "tenant, product of weights along the path",
        cost: "O(log n)",
        guarantee: "i, j backlogged: |ni - (ni + nj)wi/(wi + wj)| <= 1 quantum; one against many: grows with n",
        source: "Waldspurger, Weihl (MIT/LCS/TM-528, 1995)",
        needs_rate: false,
        build: |_| Box::new(ByFlow::tenants(Stride::new())),
    },
    PolicyInfo {
        name: "strict-priority",
        rule: "the heaviest class first, within it the message that arrived first",
        flow: "class of a tenant by its own weight; the tenant where there are no classes",
        cost: "O(log n)",
        guarantee: "the heaviest class waits for one message at most; the others may starve",
        source: "classic",
        needs_rate: false,
        build: |_| Box::new(ByFlow::of(FlowUnit::Class, StrictPriority::new())),
    },
    PolicyInfo {
        name: "edf",
        rule: "the earliest deadline of the heads, without preemption",
        flow: "queue, weights do not count",
        cost: "O(log n)",
        guarantee: "lateness <= Lmax/r when the preemptive fluid meets all deadlines",
        source: "Georgiadis, Guerin, Parekh (ToN 1997)",
        needs_rate: false,
        build: |_| Box::new(Edf::new()),
    },
    PolicyInfo {
        name: "sqs-fair",
        rule: "tenants that are not noisy first, then the noisy one with the fewest in flight",
        flow: "tenant, weights do not count",
        cost: "O(log n)",
        guarantee: "none stated",
        source: "Amazon SQS fair queues (2025)",
        needs_rate: false,
        build: |_| Box::new(ByFlow::tenants(SqsFair::new())),
    },
    PolicyInfo {
        name: "shuffle-shard-fq",
        rule: "fair queueing among shards; a message joins the emptiest shard of its tenant's hand",
        flow: "shard of 128, hand of 6, weights do not count",
        cost: "O(shards)",
        guarantee: "fair among shards up to what is in flight; two hands are the same with probability 1 in 5.4e9",
        source: "Kubernetes API Priority and Fairness (KEP 1040)",
        needs_rate: false,
        build: |_| Box::new(ShuffleShardFq::new(SHARDS, HAND)),
    },
    PolicyInfo {
        name: "used-over-weight",
        rule: "the least used over weight since the second began",
        flow: "tenant, product of weights along the path",
        cost: "O(log n), O(n) once a second",
        guarantee: "as scoring inside a second; what was before is forgotten",
        source: "CockroachDB admission control",
        needs_rate: false,
        build: |_| Box::new(ByFlow::tenants(UsedOverWeight::new(WINDOW))),
    },
    PolicyInfo {
        name: "vtc",
        rule: "the smallest counter of service over weight, lifted to the others' on return",
        flow: "tenant, product of weights along the path",
        cost: "O(log n)",
        guarantee: "i, j backlogged: |Wi/wi - Wj/wj| <= 2 max(Li/wi, Lj/wj) on every interval",
        source: "Sheng et al. (OSDI 2024)",
        needs_rate: false,
        build: |_| Box::new(ByFlow::tenants(Vtc::new())),
    },
    PolicyInfo {
        name: "mclock",
        rule: "reservations that are due, then by weight among those under their limit",
        flow: "tenant, product of weights along the path; reservation and limit where they are set",
        cost: "O(log n)",
        guarantee: "at least reservation x T - 1 segment while backlogged; at most limit x T + 1",
        source: "Gulati, Merchant, Varman (OSDI 2010)",
        needs_rate: false,
        build: |_| Box::new(ByFlow::tenants(Mclock::new())),
    },
    PolicyInfo {
        name: "token-partition",
        rule: "each tenant a fixed part of the rate, unused parts stay unused",
        flow: "tenant, product of weights along the path",
        cost: "O(log n)",
        guarantee: "never more than its part; less when tenants delay each other at a small burst; not work-conserving",
        source: "static rate partition, as in per-tenant rate limits",
        needs_rate: true,
        build: |rate| Box::new(TokenPartition::new(rate.expect("checked by PolicyInfo::build"))),
    },
    PolicyInfo {
        name: "lottery",
        rule: "draws a tenant with probability proportional to its weight",
        flow: "tenant, product of weights along the path",
        cost: "O(log n)",
        guarantee: "share in expectation; error grows with the root of the number of draws",
        source: "Waldspurger, Weihl (OSDI 1994)",
        needs_rate: false,
        build: |_| Box::new(Lottery::new()),
    },
];

/// The policy of this name.
pub fn policy(name: &str) -> Option<&'static PolicyInfo> {
    POLICIES.iter().find(|info| info.name == name)
}
