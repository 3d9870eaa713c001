//! The fair scheduler that a platform links in: production code.
//!
//! A [`Lane`] is everything between submission and gateway for one destination; it asks a [`Policy`]
//! which queue is next. [`Scoring`] is ours, the others are baselines; [`POLICIES`] lists them by name.
//! The life of a message is a table, [`next_belief`].

mod fifo;
mod flows;
mod heap;
mod lane;
mod life;
mod lottery;
mod message;
mod pacing;
mod policy;
mod registry;
mod retry;
mod scoring;
mod status;
mod token_partition;
mod wfq;

pub use fifo::Fifo;
pub use lane::{
    Accepted, Answer, Attempt, AttemptCounts, Change, ChangeError, Counts, Lane, LaneConfig,
    LaneObserver, Next, ReceiptOutcome, Refused, SessionChange, TenantSpec, Withdraw,
};
pub use life::{Belief, Happening, Truth, better_truth, next_belief, truth_may_move};
pub use lottery::Lottery;
pub use message::{Message, Record, Ticket};
pub use pacing::Pacer;
pub use policy::{
    Entropy, Entry, EntryKind, Hop, Ineligible, Level, NodeId, Pick, Policy, Reshape, Standing,
};
pub use registry::{POLICIES, PolicyInfo, policy};
pub use retry::{RequeuePlace, RetryPolicy, RetryRule, UnknownOutcome};
pub use scoring::{Scoring, TAG_UNITS};
pub use status::{ReceiptState, Status, StatusClass};
pub use token_partition::TokenPartition;
pub use wfq::Wfq;
