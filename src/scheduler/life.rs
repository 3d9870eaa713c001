//! The life of a message: what the platform believes, what is true, and which moves are legal.
//!
//! Belief and truth are kept apart on purpose. The platform learns of the carrier's doings only
//! through responses and receipts, both of which can be lost; the laboratory knows both sides and
//! compares them. The tables below are the contract: the lane checks each move against
//! [`next_belief`] and the laboratory checks each event against both.
//!
//! | belief | what happened | next |
//! |---|---|---|
//! | (none) | submitted | queued |
//! | (none) | refused by admission | refused |
//! | queued | dispatched | in flight |
//! | queued, parked | validity over | expired |
//! | queued, parked | cancelled | cancelled |
//! | in flight | accepted by the carrier | accepted |
//! | in flight | refused for good, or once too often | failed |
//! | in flight | refused for now; no answer, resubmit | parked |
//! | in flight | no answer, give up | unknown |
//! | parked | back-off over | queued |
//! | queued, parked, unknown, failed | a late answer: accepted after all | accepted |
//! | accepted, unknown, failed | receipt: delivered | delivered |
//! | accepted, unknown | receipt: not delivered | failed |
//! | accepted | no receipt in time | unknown |
//! | queued, parked, accepted | the process that held it died | unknown |
//!
//! Everything else is illegal.

/// What the platform believes of a message.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub enum Belief {
    /// Turned away at submission.
    Refused = 0,
    /// Waiting in its queue.
    Queued = 1,
    /// Submitted to the gateway, not answered yet.
    InFlight = 2,
    /// Waiting for its next attempt.
    Parked = 3,
    /// Taken by the carrier, no receipt yet.
    Accepted = 4,
    /// Receipt: delivered.
    Delivered = 5,
    /// Refused for good, out of attempts, or receipt: not delivered.
    Failed = 6,
    /// Its validity ran out before it was dispatched.
    Expired = 7,
    /// Withdrawn before it was dispatched.
    Cancelled = 8,
    /// The outcome could not be learnt.
    Unknown = 9,
}

impl Belief {
    /// All beliefs, in the order of their numbers.
    pub const ALL: [Belief; 10] = [
        Belief::Refused,
        Belief::Queued,
        Belief::InFlight,
        Belief::Parked,
        Belief::Accepted,
        Belief::Delivered,
        Belief::Failed,
        Belief::Expired,
        Belief::Cancelled,
        Belief::Unknown,
    ];

    /// The name used in files and output.
    pub const fn name(self) -> &'static str {
        match self {
            Belief::Refused => "refused",
            Belief::Queued => "queued",
            Belief::InFlight => "in_flight",
            Belief::Parked => "parked",
            Belief::Accepted => "accepted",
            Belief::Delivered => "delivered",
            Belief::Failed => "failed",
            Belief::Expired => "expired",
            Belief::Cancelled => "cancelled",
            Belief::Unknown => "unknown",
        }
    }

    /// Whether the message waits, or may come back to wait.
    pub(super) const fn may_wait(self) -> bool {
        matches!(self, Belief::Queued | Belief::InFlight | Belief::Parked)
    }

    /// Whether the lane still holds the message for something other than a late receipt.
    pub const fn is_live(self) -> bool {
        matches!(self, Belief::Queued | Belief::InFlight | Belief::Parked | Belief::Accepted)
    }
}

/// What happened to a message, as far as the platform can see.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum Happening {
    /// The tenant submitted it and the lane took it.
    Submitted = 0,
    /// Admission turned it away: its queue would take too long to drain.
    QueueOverflow = 1,
    /// It was submitted to the gateway.
    Dispatched = 2,
    /// The carrier took it.
    AnsweredAccepted = 3,
    /// The carrier refused it for good.
    AnsweredPermanent = 4,
    /// The carrier refused it for now, and an attempt is left.
    AnsweredRetry = 5,
    /// The carrier refused it for now, and no attempt is left.
    AnsweredExhausted = 6,
    /// No answer came in time, or the session was lost; it will be submitted again.
    OutcomeUnknownRetry = 7,
    /// No answer came in time, or the session was lost; the platform gives up.
    OutcomeUnknownGiveUp = 8,
    /// Its back-off is over.
    BackoffOver = 9,
    /// An attempt that was given up turns out to have been accepted.
    LateAccepted = 10,
    /// A receipt says delivered.
    ReceiptDelivered = 11,
    /// A receipt says it never will be.
    ReceiptFailed = 12,
    /// No receipt came in time.
    ReceiptOverdue = 13,
    /// Its validity ran out.
    Expired = 14,
    /// It was withdrawn.
    Cancelled = 15,
    /// The process that held it in memory ended without a snapshot.
    LostOnRestart = 16,
}

impl Happening {
    /// All happenings, in the order of their numbers.
    pub const ALL: [Happening; 17] = [
        Happening::Submitted,
        Happening::QueueOverflow,
        Happening::Dispatched,
        Happening::AnsweredAccepted,
        Happening::AnsweredPermanent,
        Happening::AnsweredRetry,
        Happening::AnsweredExhausted,
        Happening::OutcomeUnknownRetry,
        Happening::OutcomeUnknownGiveUp,
        Happening::BackoffOver,
        Happening::LateAccepted,
        Happening::ReceiptDelivered,
        Happening::ReceiptFailed,
        Happening::ReceiptOverdue,
        Happening::Expired,
        Happening::Cancelled,
        Happening::LostOnRestart,
    ];
}

/// The belief that follows, or `None` where the move is illegal. `from` is `None` before submission.
pub const fn next_belief(from: Option<Belief>, what: Happening) -> Option<Belief> {
    let row = match from {
        None => 0,
        Some(from) => from as usize + 1,
    };
    NEXT[row][what as usize]
}

/// [`successor`] of every belief (the first row: of none) and happening, worked out beforehand: it is
/// asked at every move.
static NEXT: [[Option<Belief>; Happening::ALL.len()]; Belief::ALL.len() + 1] = {
    let mut table = [[None; Happening::ALL.len()]; Belief::ALL.len() + 1];
    let mut what = 0;
    while what < Happening::ALL.len() {
        table[0][what] = successor(None, Happening::ALL[what]);
        let mut from = 0;
        while from < Belief::ALL.len() {
            table[from + 1][what] = successor(Some(Belief::ALL[from]), Happening::ALL[what]);
            from += 1;
        }
        what += 1;
    }
    table
};

const fn successor(from: Option<Belief>, what: Happening) -> Option<Belief> {
    use Belief as B;
    use Happening as H;
    let next = match (from, what) {
        (None, H::Submitted) => B::Queued,
        (None, H::QueueOverflow) => B::Refused,
        (Some(B::Queued), H::Dispatched) => B::InFlight,
        (Some(B::Queued | B::Parked), H::Expired) => B::Expired,
        (Some(B::Queued | B::Parked), H::Cancelled) => B::Cancelled,
        (Some(B::InFlight), H::AnsweredAccepted) => B::Accepted,
        (Some(B::InFlight), H::AnsweredPermanent | H::AnsweredExhausted) => B::Failed,
        (Some(B::InFlight), H::AnsweredRetry | H::OutcomeUnknownRetry) => B::Parked,
        (Some(B::InFlight), H::OutcomeUnknownGiveUp) => B::Unknown,
        (Some(B::Parked), H::BackoffOver) => B::Queued,
        (Some(B::Queued | B::Parked | B::Unknown | B::Failed), H::LateAccepted) => B::Accepted,
        (Some(B::Accepted | B::Unknown | B::Failed), H::ReceiptDelivered) => B::Delivered,
        (Some(B::Accepted | B::Unknown), H::ReceiptFailed) => B::Failed,
        (Some(B::Accepted), H::ReceiptOverdue) => B::Unknown,
        (Some(B::Queued | B::Parked | B::Accepted), H::LostOnRestart) => B::Unknown,
        _ => return None,
    };
    Some(next)
}

/// Where a message really is. Only the laboratory knows.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub enum Truth {
    /// No carrier ever took it.
    Nowhere = 0,
    /// The carrier holds it.
    AtCarrier = 1,
    /// The handset has it.
    Delivered = 2,
    /// The carrier took it and lost it.
    Lost = 3,
    /// The carrier took it and could not or would not deliver it.
    Rejected = 4,
}

impl Truth {
    /// All truths, in the order of their numbers.
    pub const ALL: [Truth; 5] =
        [Truth::Nowhere, Truth::AtCarrier, Truth::Delivered, Truth::Lost, Truth::Rejected];

    /// The name used in files and output.
    pub const fn name(self) -> &'static str {
        match self {
            Truth::Nowhere => "nowhere",
            Truth::AtCarrier => "at_carrier",
            Truth::Delivered => "delivered",
            Truth::Lost => "lost",
            Truth::Rejected => "rejected",
        }
    }
}

/// Whether the carrier may move one copy of a message from `from` to `to`.
///
/// A message that is submitted twice can be taken twice: the second copy starts again at the
/// carrier while the first is already delivered. A copy is never worse news than an earlier one,
/// so the truth of the *message* is the best of its copies; see [`better_truth`].
pub const fn truth_may_move(from: Truth, to: Truth) -> bool {
    matches!(
        (from, to),
        (Truth::Nowhere, Truth::AtCarrier)
            | (Truth::AtCarrier, Truth::Delivered | Truth::Lost | Truth::Rejected)
    )
}

/// The truth of a message of which one copy is at `a` and another at `b`.
pub const fn better_truth(a: Truth, b: Truth) -> Truth {
    const fn rank(truth: Truth) -> u8 {
        match truth {
            Truth::Nowhere => 0,
            Truth::Lost => 1,
            Truth::Rejected => 2,
            Truth::AtCarrier => 3,
            Truth::Delivered => 4,
        }
    }
    if rank(a) >= rank(b) { a } else { b }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_the_moves_of_the_contract_and_no_others() {
        let mut legal = 0;
        for from in core::iter::once(None).chain(Belief::ALL.map(Some)) {
            for what in Happening::ALL {
                legal += usize::from(next_belief(from, what).is_some());
            }
        }
        assert_eq!(legal, 27);
    }

    #[test]
    fn terminal_beliefs_move_only_on_late_news() {
        for what in Happening::ALL {
            assert_eq!(next_belief(Some(Belief::Delivered), what), None);
            assert_eq!(next_belief(Some(Belief::Expired), what), None);
            assert_eq!(next_belief(Some(Belief::Cancelled), what), None);
            assert_eq!(next_belief(Some(Belief::Refused), what), None);
        }
        assert_eq!(
            next_belief(Some(Belief::Failed), Happening::ReceiptDelivered),
            Some(Belief::Delivered)
        );
    }

    #[test]
    fn numbers_are_the_positions_in_all() {
        assert!(Belief::ALL.iter().enumerate().all(|(i, b)| *b as usize == i));
        assert!(Happening::ALL.iter().enumerate().all(|(i, h)| *h as usize == i));
        assert!(Truth::ALL.iter().enumerate().all(|(i, t)| *t as usize == i));
    }

    #[test]
    fn a_second_copy_never_makes_the_news_worse() {
        assert_eq!(better_truth(Truth::Delivered, Truth::Lost), Truth::Delivered);
        assert_eq!(better_truth(Truth::Lost, Truth::AtCarrier), Truth::AtCarrier);
        assert!(truth_may_move(Truth::AtCarrier, Truth::Delivered));
        assert!(!truth_may_move(Truth::Delivered, Truth::AtCarrier));
    }
}
