//! All policies by name: one line each.

use alloc::boxed::Box;

use super::fifo::Fifo;
use super::lottery::Lottery;
use super::policy::Policy;
use super::scoring::Scoring;
use super::token_partition::TokenPartition;
use super::wfq::Wfq;
use crate::units::Rate;

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
    build: fn(Option<Rate>) -> Box<dyn Policy>,
}

impl PolicyInfo {
    /// The policy, for a destination of this rate; `None` when it needs a rate and there is none.
    pub fn build(&self, rate: Option<Rate>) -> Option<Box<dyn Policy>> {
        (rate.is_some() || !self.needs_rate).then(|| (self.build)(rate))
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
        name: "wfq",
        rule: "the smallest finish tag of the fluid division, stamped at arrival",
        flow: "tenant, product of weights along the path",
        cost: "O(log n), and the fluid clock",
        guarantee: "no message leaves later than in the fluid division plus Lmax/r",
        source: "Demers, Keshav, Shenker (SIGCOMM 1989); Parekh, Gallager (ToN 1993)",
        needs_rate: true,
        build: |rate| Box::new(Wfq::new(rate.expect("checked by PolicyInfo::build"))),
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
