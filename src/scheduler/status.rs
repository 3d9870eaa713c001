//! Statuses of the carrier's responses and receipts, with the names and codes of SMPP 3.4.

use core::fmt;

/// The `command_status` of a response (SMPP 3.4, section 5.1.3).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct Status(pub u32);

/// How loaded a carrier says that it is, 0 (idle) to 100 (congested): `congestion_state`, which responses
/// of SMPP 5.0 may carry (section 4.8.4.18). A window is no flow control, for it is filled up again
/// whatever the carrier has to do; this is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct Congestion(pub u8);

impl Congestion {
    /// The lowest state of "nearing congestion".
    pub const NEARING: Congestion = Congestion(90);
    /// Congested.
    pub const FULL: Congestion = Congestion(100);
}

/// What a status asks of the platform.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub enum StatusClass {
    /// The carrier took the message.
    Accepted,
    /// It never will: trying again is useless.
    Permanent,
    /// Try again later.
    Temporary,
    /// Try again later, and go slower.
    Throttled,
}

impl StatusClass {
    /// The name used in files and output.
    pub const fn name(self) -> &'static str {
        match self {
            StatusClass::Accepted => "accepted",
            StatusClass::Permanent => "permanent",
            StatusClass::Temporary => "temporary",
            StatusClass::Throttled => "throttled",
        }
    }
}

impl Status {
    /// `ESME_ROK`: accepted, which is not yet delivered.
    pub const OK: Status = Status(0x00);
    /// `ESME_RSYSERR`: all or part of the message centre is unavailable.
    pub const SYSTEM_ERROR: Status = Status(0x08);
    /// `ESME_RINVSRCADR`: bad sender.
    pub const INVALID_SENDER: Status = Status(0x0a);
    /// `ESME_RINVDSTADR`: bad recipient.
    pub const INVALID_RECIPIENT: Status = Status(0x0b);
    /// `ESME_RMSGQFUL`: the message centre holds too many messages, in all or for this recipient.
    pub const QUEUE_FULL: Status = Status(0x14);
    /// `ESME_RSUBMITFAIL`: the submission failed, no reason given.
    pub const SUBMIT_FAILED: Status = Status(0x45);
    /// `ESME_RINVSCHED`: bad scheduled delivery time.
    pub const INVALID_SCHEDULE: Status = Status(0x61);
    /// `ESME_RTHROTTLED`: over the carrier's rate limit.
    pub const THROTTLED: Status = Status(0x58);
    /// `ESME_RX_T_APPN`: the receiving side refuses for now.
    pub const RECEIVER_TEMPORARY: Status = Status(0x64);
    /// `ESME_RX_P_APPN`: the receiving side refuses for good.
    pub const RECEIVER_PERMANENT: Status = Status(0x65);

    /// Every status that has a name here.
    pub const NAMED: [(Status, &'static str); 10] = [
        (Status::OK, "ESME_ROK"),
        (Status::SYSTEM_ERROR, "ESME_RSYSERR"),
        (Status::INVALID_SENDER, "ESME_RINVSRCADR"),
        (Status::INVALID_RECIPIENT, "ESME_RINVDSTADR"),
        (Status::QUEUE_FULL, "ESME_RMSGQFUL"),
        (Status::SUBMIT_FAILED, "ESME_RSUBMITFAIL"),
        (Status::THROTTLED, "ESME_RTHROTTLED"),
        (Status::INVALID_SCHEDULE, "ESME_RINVSCHED"),
        (Status::RECEIVER_TEMPORARY, "ESME_RX_T_APPN"),
        (Status::RECEIVER_PERMANENT, "ESME_RX_P_APPN"),
    ];

    /// The usual reading of the status. A status that is not known is taken for permanent:
    /// resubmitting what was refused for an unknown reason is how duplicates and bans are made.
    pub const fn class(self) -> StatusClass {
        match self {
            Status::OK => StatusClass::Accepted,
            Status::THROTTLED => StatusClass::Throttled,
            Status::SYSTEM_ERROR | Status::QUEUE_FULL | Status::RECEIVER_TEMPORARY => {
                StatusClass::Temporary
            }
            _ => StatusClass::Permanent,
        }
    }

    /// The SMPP name, if the status has one here.
    pub fn name(self) -> Option<&'static str> {
        Self::NAMED.iter().find(|(status, _)| *status == self).map(|(_, name)| *name)
    }

    /// The status with this SMPP name.
    pub fn from_name(name: &str) -> Option<Status> {
        Self::NAMED.iter().find(|(_, known)| *known == name).map(|(status, _)| *status)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "0x{:08X}", self.0),
        }
    }
}

/// The final state in a delivery receipt (SMPP 3.4, section 5.2.28).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub enum ReceiptState {
    /// `DELIVRD`.
    Delivered = 2,
    /// `EXPIRED`: the carrier's validity ran out.
    Expired = 3,
    /// `UNDELIV`.
    Undeliverable = 5,
    /// `REJECTD`.
    Rejected = 8,
}

impl ReceiptState {
    /// Whether the handset has the message.
    pub const fn is_delivered(self) -> bool {
        matches!(self, ReceiptState::Delivered)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_and_unknown_statuses_are_permanent() {
        for (status, name) in Status::NAMED {
            assert_eq!(Status::from_name(name), Some(status));
            assert_eq!(status.name(), Some(name));
        }
        assert_eq!(Status(0x0400).class(), StatusClass::Permanent);
        assert_eq!(Status(0x0400).name(), None);
        assert_eq!(Status::THROTTLED.class(), StatusClass::Throttled);
        assert_eq!(Status::QUEUE_FULL.class(), StatusClass::Temporary);
    }
}
