//! The modelled world around the scheduler: traffic, carrier, failures.
//!
//! The [`World`] drives real [`Lane`](crate::scheduler::Lane)s, one a dispatcher, through the engine:
//! sources submit, lanes dispatch, the carrier answers, delivers and sends receipts, faults interfere.
//! It emits every move into a sink and never asks which policy runs.
//!
//! Luck belongs to messages: what a message costs and when it comes is drawn from its source's
//! stream, what happens to it at the carrier from its tenant's, each at the message's own ordinal. So
//! no policy, no fault and no other tenant shifts anybody's draws, and a recorded run replays exactly.

mod awaited;
mod carrier;
mod dispatchers;
mod failover;
mod faults;
pub mod incidents;
mod tap;
mod traffic;
mod world;

pub use carrier::CarrierCounts;
pub use world::{Outcome, Setup, SetupError, World, policies_of, simulate, simulate_with};

use crate::engine::{Luck, exponential, lognormal, uniform_u64};
use crate::scenario::{Latency, Probability};
use crate::time::Span;

/// Draws from a distribution of spans.
fn sample(latency: &Latency, draw: u64) -> Span {
    match *latency {
        Latency::Constant(span) => span,
        Latency::Uniform { from, to } => {
            Span::from_nanoseconds(uniform_u64(draw, from.as_nanoseconds(), to.as_nanoseconds()))
        }
        Latency::Exponential { mean } => exponential(draw, mean),
        Latency::Lognormal { median, sigma } => lognormal(draw, median, sigma),
    }
}

/// Whether something of this probability happens: exactly as often as it says, in billionths.
fn happens(probability: Probability, draw: u64) -> bool {
    crate::engine::index_below(draw, u64::from(Probability::ALWAYS.billionths()))
        < u64::from(probability.billionths())
}

/// The luck of one attempt, by what it decides.
struct AttemptLuck(Luck);

impl AttemptLuck {
    fn response(&self) -> u64 {
        self.0.number(0)
    }
    fn refusal(&self) -> u64 {
        self.0.number(1)
    }
    /// `fault` is the number of the fault's name.
    fn fault(&self, fault: u64) -> u64 {
        crate::units::mix(self.0.number(2) ^ fault)
    }
    fn fate(&self) -> u64 {
        self.0.number(3)
    }
    fn delivery(&self) -> u64 {
        self.0.number(4)
    }
    fn receipt(&self) -> u64 {
        self.0.number(5)
    }
    fn receipt_lost(&self) -> u64 {
        self.0.number(6)
    }
    fn absent(&self) -> u64 {
        self.0.number(7)
    }
    // A block has eight numbers; what seldom matters is made of one that mattered already.
    fn away(&self) -> u64 {
        crate::units::mix(self.0.number(7))
    }
    fn alert(&self) -> u64 {
        crate::units::mix(self.away())
    }
    fn receipt_late(&self) -> u64 {
        crate::units::mix(self.0.number(5))
    }
    fn lateness(&self) -> u64 {
        crate::units::mix(self.receipt_late())
    }
    fn receipt_duplicated(&self) -> u64 {
        crate::units::mix(self.0.number(6))
    }
}
