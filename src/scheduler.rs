//! The fair scheduler that a platform links in: production code.
//!
//! A [`Lane`] is everything between submission and gateway for one destination; it asks a [`Policy`]
//! which queue is next. [`Scoring`] is ours, the others are baselines; [`POLICIES`] lists them by name.
//! Most baselines are a [`FlowRule`] that [`ByFlow`] makes a policy of, or a [`NodeRule`] that
//! [`Hierarchy`] follows at every node of the share tree.
//! The life of a message is a table, [`next_belief`].

mod by_flow;
mod deficit_round_robin;
mod edf;
mod fifo;
mod flows;
mod fluid_clock;
mod full_scoring;
mod h_wf2q_plus;
mod heap;
mod hierarchical_drr;
mod lane;
mod life;
mod lottery;
mod mclock;
mod message;
mod node_rule;
mod pacing;
mod policy;
mod registry;
mod retry;
mod retry_profiles;
mod ring;
mod round_robin;
mod scfq;
mod scoring;
mod scoring_options;
mod service_clock;
mod sfq;
mod shuffle_shard_fq;
mod sqs_fair;
mod stamps;
mod status;
mod strict_priority;
mod stride;
mod tags;
mod token_partition;
mod used_over_weight;
mod virtual_clock;
mod vtc;
mod weighted_round_robin;
mod wf2q;
mod wf2q_plus;
mod wfq;

pub use by_flow::{ByFlow, FlowPick, FlowRule};
pub use deficit_round_robin::{DeficitChildren, DeficitRoundRobin};
pub use edf::Edf;
pub use fifo::Fifo;
pub use flows::{FlowId, FlowTerms, FlowUnit};
pub use full_scoring::FullScoring;
pub use h_wf2q_plus::HierarchicalWf2qPlus;
#[cfg(feature = "lab")]
pub(crate) use heap::{Heap, Positions};
pub use hierarchical_drr::HierarchicalDrr;
pub use lane::{
    Accepted, AdaptiveRate, Amount, Answer, Attempt, AttemptCounts, Backpressure, Borrowing,
    Change, ChangeError, CircuitBreaker, Counts, DailyCap, Lane, LaneConfig, LaneObserver, Next,
    ReceiptOutcome, Refused, RestoreError, SessionChange, ShareBounds, ShareNode, Snapshot, Target,
    TenantSpec, WindowUnit,
};
pub use life::{Belief, Happening, Truth, better_truth, next_belief, truth_may_move};
pub use lottery::Lottery;
pub use mclock::Mclock;
pub use message::{Message, Record, Ticket};
pub use node_rule::{ChildId, Hierarchy, NodeRule, OneNode};
pub use pacing::Pacer;
pub use policy::{
    Entropy, Entry, EntryKind, Hop, Ineligible, Level, NodeBounds, NodeId, Pick, Policy, Reshape,
    Standing, TermTimes, Verdict,
};
pub use registry::{POLICIES, PolicyInfo, PolicyOptions, policy};
pub use retry::{RequeuePlace, RetryPolicy, RetryRule, StatusRules, UnknownOutcome};
pub use retry_profiles::{RETRY_PROFILES, RetryProfile, retry_profile};
pub use round_robin::RoundRobin;
pub use scfq::Scfq;
pub use scoring::{Scoring, TAG_UNITS};
pub use scoring_options::{Batch, Rescore, ScoringOptions, Terms};
pub use sfq::Sfq;
pub use shuffle_shard_fq::ShuffleShardFq;
pub use sqs_fair::SqsFair;
pub use status::{Congestion, ReceiptState, Status, StatusClass};
pub use strict_priority::StrictPriority;
pub use stride::Stride;
pub use token_partition::TokenPartition;
pub use used_over_weight::UsedOverWeight;
pub use virtual_clock::VirtualClock;
pub use vtc::Vtc;
pub use weighted_round_robin::WeightedRoundRobin;
pub use wf2q::Wf2q;
pub use wf2q_plus::{Wf2qChildren, Wf2qPlus};
pub use wfq::Wfq;
