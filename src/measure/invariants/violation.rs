//! What can be wrong with a run, in words that name who, what and how much.

use std::fmt;

use super::conformance::Excess;
use crate::scheduler::{Belief, Happening, Truth};
use crate::time::Time;
use crate::units::MessageId;

/// The first invariant that a run broke.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// When.
    pub time: Time,
    /// Where; empty when the event named no destination.
    pub destination: String,
    /// Whose message; empty where none is concerned.
    pub tenant: String,
    /// Which message.
    pub message: Option<MessageId>,
    /// What is wrong.
    pub what: Broken,
}

/// What is wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Broken {
    /// An event lies before the one before it.
    TimeWentBack {
        /// When that was.
        before: Time,
    },
    /// A message or session event names no destination.
    NoDestination,
    /// Messages must be numbered 0, 1, 2, … in order of submission.
    NotNumberedInOrder {
        /// The number that was due.
        expected: u64,
    },
    /// Something happened to a message that was never submitted.
    NeverSubmitted,
    /// What a message is (tenant, class, destination, segments, submission) changed on the way.
    RecordChanged,
    /// The move is not in the table of the life of a message.
    IllegalMove {
        /// Belief before.
        from: Option<Belief>,
        /// What happened.
        why: Happening,
        /// Belief after.
        to: Belief,
    },
    /// The move begins where the message is not.
    NotWhereItWas {
        /// Where it was.
        recorded: Belief,
        /// Where the move begins.
        claimed: Belief,
    },
    /// A dispatch must be one attempt more, and nothing else may change the number.
    WrongAttempts {
        /// The number that was due.
        expected: u32,
        /// The number found.
        found: u32,
    },
    /// The record's first dispatch is not the time of the first dispatch.
    WrongFirstDispatch {
        /// The time found.
        found: Time,
    },
    /// Dispatched after its validity ran out.
    DispatchedAfterExpiry {
        /// When that was.
        expired: Time,
    },
    /// More was sent than the destination's quota allows.
    OverQuota(Excess),
    /// More was sent than the sender's cap allows.
    OverSenderCap(
        /// The sender's name.
        Box<str>,
        /// The interval.
        Excess,
    ),
    /// More was sent than the tenant's cap allows.
    OverTenantCap(
        /// The tenant's name.
        Box<str>,
        /// The interval.
        Excess,
    ),
    /// More attempts are unanswered than the windows of all sessions allow.
    OverWindow {
        /// Unanswered attempts.
        in_flight: u64,
        /// Sessions × window.
        allowed: u64,
    },
    /// The carrier cannot move a copy like that.
    IllegalTruth {
        /// Truth before.
        from: Truth,
        /// Truth after.
        to: Truth,
    },
    /// The carrier's move begins where the copy is not.
    CopyNotWhereItWas {
        /// The attempt that made the copy.
        attempt: u32,
        /// Where the move begins.
        claimed: Truth,
    },
    /// A copy of an attempt that was never made.
    CopyOfNoAttempt {
        /// The attempt that is said to have made it.
        attempt: u32,
        /// Attempts that were made.
        made: u32,
    },
    /// A late answer though no attempt of this destination is of unknown outcome.
    LateAnswerToNothing,
    /// A receipt tells of a delivery that is still to come.
    ToldOfTheFuture {
        /// When it is said to have been.
        delivered: Time,
    },
    /// The lane counts otherwise than its events do.
    CountsDisagree {
        /// Of messages believed to be what.
        belief: Belief,
        /// Messages and segments by the events.
        events: (u64, u64),
        /// Messages and segments by the lane.
        lane: (u64, u64),
    },
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at {} s", self.time)?;
        if !self.destination.is_empty() {
            write!(f, ", destination {}", self.destination)?;
        }
        if let Some(message) = self.message {
            write!(f, ", message {}", message.0)?;
        }
        if !self.tenant.is_empty() {
            write!(f, " of tenant {}", self.tenant)?;
        }
        write!(f, ": {}", self.what)
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let or_none = |belief: &Option<Belief>| belief.map_or("(none)", Belief::name);
        match self {
            Broken::TimeWentBack { before } => write!(f, "time went back from {before} s"),
            Broken::NoDestination => f.write_str("the event names no destination"),
            Broken::NotNumberedInOrder { expected } => {
                write!(f, "submitted out of number, {expected} was due")
            }
            Broken::NeverSubmitted => f.write_str("was never submitted"),
            Broken::RecordChanged => {
                f.write_str("its tenant, class, destination, segments or submission changed")
            }
            Broken::IllegalMove { from, why, to } => {
                write!(f, "{why:?} cannot move it from {} to {}", or_none(from), to.name())
            }
            Broken::NotWhereItWas { recorded, claimed } => {
                write!(f, "moved from {} but was {}", claimed.name(), recorded.name())
            }
            Broken::WrongAttempts { expected, found } => {
                write!(f, "counts {found} attempts, {expected} were made")
            }
            Broken::WrongFirstDispatch { found } => {
                write!(f, "first dispatched now but recorded as at {found} s")
            }
            Broken::DispatchedAfterExpiry { expired } => {
                write!(f, "dispatched after its validity ran out at {expired} s")
            }
            Broken::OverQuota(excess) => write!(f, "over the quota: {excess}"),
            Broken::OverSenderCap(sender, excess) => {
                write!(f, "over the cap of sender {sender}: {excess}")
            }
            Broken::OverTenantCap(tenant, excess) => {
                write!(f, "over the cap of tenant {tenant}: {excess}")
            }
            Broken::OverWindow { in_flight, allowed } => {
                write!(f, "{in_flight} attempts unanswered, the windows allow {allowed}")
            }
            Broken::IllegalTruth { from, to } => {
                write!(f, "the carrier cannot move a copy from {} to {}", from.name(), to.name())
            }
            Broken::CopyNotWhereItWas { attempt, claimed } => {
                write!(f, "the copy of attempt {attempt} is not {}", claimed.name())
            }
            Broken::CopyOfNoAttempt { attempt, made } => {
                write!(f, "a copy of attempt {attempt} after {made} attempts")
            }
            Broken::LateAnswerToNothing => {
                f.write_str("a late answer, but no attempt is of unknown outcome")
            }
            Broken::ToldOfTheFuture { delivered } => {
                write!(f, "a receipt tells of a delivery at {delivered} s, which is to come")
            }
            Broken::CountsDisagree { belief, events, lane } => {
                let name = belief.name();
                let (messages, segments) = events;
                write!(f, "{name}: {messages} messages, {segments} segments by the events, ")?;
                write!(f, "{} and {} by the lane", lane.0, lane.1)
            }
        }
    }
}

impl fmt::Display for Excess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} segments since {} s, {} allowed", self.sent, self.since, self.allowed)
    }
}
