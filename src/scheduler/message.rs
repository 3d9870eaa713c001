//! What a tenant submits, and what the lane remembers of it.

use crate::time::Time;
use crate::units::{ClassId, MessageId, Segments, SenderId, TenantId};

/// A message as submitted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct Message {
    /// Its number, in order of submission.
    pub id: MessageId,
    /// A key of the submitter's choice that never changes for this message, whatever else the
    /// platform carries: retry jitter is a function of it.
    pub key: u64,
    /// Opaque to the lane; handed back with each attempt.
    pub reference: u64,
    /// Whose it is.
    pub tenant: TenantId,
    /// The sender it goes out from.
    pub sender: SenderId,
    /// Its class of service.
    pub class: ClassId,
    /// What it costs.
    pub segments: Segments,
    /// When it stops being worth sending; [`Time::NEVER`] when it always is.
    pub expires: Time,
}

/// A message inside the lane: what was submitted, and its history so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct Record {
    /// What was submitted.
    pub message: Message,
    /// When it was submitted.
    pub submitted: Time,
    /// When it was first dispatched; [`Time::NEVER`] before.
    pub first_dispatch: Time,
    /// How often it was dispatched.
    pub attempts: u32,
}

/// Names one attempt. Stays harmless after the message is gone.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct Ticket {
    pub(crate) slot: u32,
    pub(crate) generation: u32,
    pub(crate) attempt: u32,
}

impl Ticket {
    /// The ticket of one of several lanes as one of all of them together; [`Ticket::in_part`] undoes it.
    #[cfg(feature = "lab")]
    pub(crate) const fn of_part(self, part: u32, parts: u32) -> Ticket {
        Ticket { slot: self.slot * parts + part, ..self }
    }

    /// Which of several lanes a ticket is of, and what that lane calls it.
    #[cfg(feature = "lab")]
    pub(crate) const fn in_part(self, parts: u32) -> (u32, Ticket) {
        (self.slot % parts, Ticket { slot: self.slot / parts, ..self })
    }

    /// Which attempt of its message it is, from 1; 0 names the message as a whole.
    pub const fn attempt(self) -> u32 {
        self.attempt
    }

    /// It as a number, for logs and for carriers that hand back what they were given; below 2⁹⁶.
    pub const fn number(self) -> u128 {
        (self.slot as u128) << 64 | (self.generation as u128) << 32 | self.attempt as u128
    }

    /// The ticket of a number, or `None` where no ticket has it. One that was made up is as harmless as
    /// any other that names nothing.
    pub const fn from_number(number: u128) -> Option<Ticket> {
        if number >> 96 != 0 {
            return None;
        }
        Some(Ticket {
            slot: (number >> 64) as u32,
            generation: (number >> 32) as u32,
            attempt: number as u32,
        })
    }
}
