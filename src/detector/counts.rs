//! What a platform counts, and what it may announce.

use super::Observation;
use crate::time::Time;

/// Why a message failed, as far as its status tells.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum ErrorClass {
    /// No session, no answer, a system error: the carrier cannot be reached.
    Unreachable = 0,
    /// The carrier takes fewer messages than are sent.
    Throttled = 1,
    /// The carrier takes it for spam or forbids it.
    Filtered = 2,
    /// There is no such recipient.
    InvalidRecipient = 3,
    /// Anything else, or not known.
    Other = 4,
}

impl ErrorClass {
    /// All classes, in the order of their numbers.
    pub const ALL: [ErrorClass; 5] = [
        ErrorClass::Unreachable,
        ErrorClass::Throttled,
        ErrorClass::Filtered,
        ErrorClass::InvalidRecipient,
        ErrorClass::Other,
    ];
}

/// What was seen of an account in a stretch of time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// Messages submitted.
    pub submitted: u32,
    /// Attempts handed to the carrier whose outcome may be expected by now; 0 where the platform does
    /// not count them, and then no outcome is ever late.
    pub dispatched: u32,
    /// Attempts that were accepted, or receipts that said delivered.
    pub succeeded: u32,
    /// Attempts that failed, by [`ErrorClass`].
    pub failed: [u32; ErrorClass::ALL.len()],
}

impl Counts {
    pub(super) const NONE: Counts =
        Counts { submitted: 0, dispatched: 0, succeeded: 0, failed: [0; 5] };

    /// Whether nothing was seen.
    pub fn is_empty(&self) -> bool {
        *self == Self::NONE
    }

    /// Attempts that failed, of all classes.
    pub fn failures(&self) -> u32 {
        self.failed.iter().fold(0, |sum, failed| sum.saturating_add(*failed))
    }

    /// Counts one observation.
    #[inline]
    pub fn add(&mut self, seen: Observation) {
        let count = match seen {
            Observation::Submitted => &mut self.submitted,
            Observation::Dispatched => &mut self.dispatched,
            Observation::Succeeded => &mut self.succeeded,
            Observation::Failed => &mut self.failed[ErrorClass::Other as usize],
            Observation::FailedAs(class) => &mut self.failed[class as usize],
        };
        *count = count.saturating_add(1);
    }

    /// Counts all that the other counted.
    pub fn merge(&mut self, other: &Counts) {
        self.submitted = self.submitted.saturating_add(other.submitted);
        self.dispatched = self.dispatched.saturating_add(other.dispatched);
        self.succeeded = self.succeeded.saturating_add(other.succeeded);
        for (to, from) in self.failed.iter_mut().zip(other.failed) {
            *to = to.saturating_add(from);
        }
    }
}

/// Something the platform knows that outcomes alone cannot tell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Notice {
    /// The tenant begins to use the destination: whatever comes is its beginning.
    Attached,
    /// The tenant stops using the destination: silence from now on is no drop.
    Detached,
    /// A campaign was announced: until then a larger volume is no spike.
    CampaignAnnounced {
        /// When it is over.
        until: Time,
    },
    /// Maintenance of the destination was announced: until then nothing about it is raised.
    Maintenance {
        /// When it is over.
        until: Time,
    },
}
