//! Injected faults: what goes wrong, changes, or only looks odd; where, for whom, and when.

use super::resolved::{Latency, Probability, Source};
use crate::scheduler::Status;
use crate::time::{Span, Time};
use crate::units::{ClassId, DestinationId, Quota, Rate, SenderId, SessionId, TenantId, Weight};

/// An injected fault.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// Its name; unique.
    pub name: String,
    /// What goes wrong.
    pub kind: FaultKind,
    /// Where.
    pub destination: DestinationId,
    /// On which session; `None` for all.
    pub session: Option<SessionId>,
    /// For whom; `None` for everybody.
    pub tenant: Option<TenantId>,
    /// For which of its senders; `None` for all.
    pub sender: Option<SenderId>,
    /// For which class; `None` for all.
    pub class: Option<ClassId>,
    /// When it begins, or from when on it may.
    pub start: Time,
    /// How long it lasts; where it comes at random, for how long it may come.
    pub duration: Span,
    /// How long it takes to reach its full strength, and to lose it before the end.
    pub ramp: Span,
    /// How often it happens.
    pub recurrence: Recurrence,
    /// The messages that it makes, each source with streams of its own.
    pub sources: Vec<Source>,
}

/// How often a fault happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recurrence {
    /// Once.
    Once,
    /// Again and again.
    Every {
        /// From one beginning to the next; at least as long as it lasts.
        period: Span,
        /// How many times in all.
        times: u32,
    },
    /// At random: times between failures and times to repair are exponential, each fault with a
    /// stream of its own.
    Random {
        /// Mean time from a repair to the next failure.
        mtbf: Span,
        /// Mean time to repair.
        mttr: Span,
    },
}

/// One time that a fault happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Occurrence {
    /// When it begins.
    pub start: Time,
    /// When it ends.
    pub end: Time,
}

/// What a fault is to those who judge by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Nature {
    /// Something goes wrong: a detector should find it.
    Failure,
    /// The platform is changed on purpose: nobody need be paged.
    Change,
    /// It only looks odd: whoever pages somebody for it raises a false alarm.
    Control,
}

impl Nature {
    /// The name used in files and output.
    pub const fn name(self) -> &'static str {
        match self {
            Nature::Failure => "failure",
            Nature::Change => "change",
            Nature::Control => "control",
        }
    }
}

impl Fault {
    /// When it ends, where it happens once.
    pub fn end(&self) -> Time {
        self.start.saturating_add(self.duration)
    }

    /// `fraction` as it is in force at `now` of an occurrence: less than whole on the ramps. Time and
    /// ramp are whole nanoseconds, so it is exact to a billionth.
    pub fn strength(&self, fraction: Probability, during: Occurrence, now: Time) -> Probability {
        if self.ramp == Span::ZERO {
            return fraction;
        }
        let from_start = now.since(during.start);
        let to_end = during.end.since(now);
        let part = u128::from(from_start.min(to_end).min(self.ramp).as_nanoseconds());
        let billionths =
            u128::from(fraction.billionths()) * part / u128::from(self.ramp.as_nanoseconds());
        Probability::from_billionths(billionths as u32).expect("at most the fraction itself")
    }
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FaultKind {
    /// All sessions are down: what was unanswered has an unknown outcome. Never scoped to a tenant.
    Outage,
    /// The first sessions are down.
    SessionDrop {
        /// How many of them.
        sessions: u16,
    },
    /// Sessions go down and come up again, over and over.
    Flap {
        /// How many of them, from the first.
        sessions: u16,
        /// How long they stay down.
        down: Span,
        /// How long they stay up.
        up: Span,
    },
    /// Some attempts are refused.
    ErrorBurst {
        /// How many of them.
        fraction: Probability,
        /// With which status.
        status: Status,
    },
    /// Some attempts are refused, and all answers are slow.
    Brownout {
        /// How many are refused.
        fraction: Probability,
        /// With which status.
        status: Status,
        /// What answers take, as a multiple of usual.
        factor: Factor,
    },
    /// The carrier lets less through and refuses the rest as throttled.
    Throttle {
        /// What it lets through.
        limit: Quota,
    },
    /// The carrier processes less; the rest waits there, unanswered.
    RateCut {
        /// What it processes.
        rate: Rate,
    },
    /// Answers are slow.
    SlowResponse {
        /// What they take, as a multiple of usual.
        factor: Factor,
    },
    /// Some attempts disappear: never answered, never taken.
    Blackhole {
        /// How many of them.
        fraction: Probability,
    },
    /// Some messages are taken and never delivered.
    Filtering {
        /// How many of them.
        fraction: Probability,
        /// Whether a receipt says so.
        has_receipt: bool,
    },
    /// Receipts come later than usual.
    ReceiptDelay {
        /// By how much.
        delay: Latency,
    },
    /// Some receipts are lost.
    ReceiptLoss {
        /// How many of them.
        fraction: Probability,
    },
    /// Some receipts come twice.
    ReceiptDuplicate {
        /// How many of them.
        fraction: Probability,
    },
    /// A tenant sends to numbers that do not exist; retries do not help.
    BadList {
        /// How many of its messages.
        fraction: Probability,
        /// With which status they are refused.
        status: Status,
    },
    /// The carrier refuses a tenant's sender altogether.
    SenderBlock {
        /// With which status.
        status: Status,
    },
    /// A tenant submits more than usual, unannounced.
    TrafficSpike,
    /// A tenant submits less than usual.
    TrafficDrop {
        /// How many of its messages are missing.
        fraction: Probability,
    },
    /// A tenant's own system submits everything again that failed, as a new message.
    RunawayRetry {
        /// How often it submits each.
        copies: u32,
        /// How long it waits.
        wait: Span,
    },
    /// A tenant begins to use the destination.
    TenantJoins,
    /// A tenant stops using the destination; what waits of it is withdrawn.
    TenantLeaves,
    /// A tenant's weight is another.
    WeightChange {
        /// Its weight meanwhile.
        weight: Weight,
    },
    /// Our quota is another.
    QuotaChange {
        /// The quota meanwhile.
        quota: Quota,
    },
    /// The platform's process at the destination dies and loses all that it holds in memory; it is
    /// back at the end.
    SchedulerRestart,
    /// Many tenants submit more for a while; nothing is wrong.
    FlashCrowd,
    /// A tenant submits a campaign; nothing is wrong.
    Campaign {
        /// Whether the platform was told.
        is_announced: bool,
    },
    /// Traffic goes down and comes up again with the hour; nothing is wrong.
    Diurnal {
        /// How many messages are missing in the middle of a period.
        depth: Probability,
        /// From one full height to the next.
        period: Span,
    },
}

/// A multiple of something, in thousandths: exact, so that it is the same on every machine.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Factor(pub u32);

impl Factor {
    /// A span made so many times as long; the longest span when that is too long.
    pub fn times(self, span: Span) -> Span {
        let nanoseconds = u128::from(span.as_nanoseconds()) * u128::from(self.0) / 1000;
        Span::from_nanoseconds(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
    }

    /// As a number, for figures only.
    pub fn as_f64(self) -> f64 {
        f64::from(self.0) / 1000.0
    }
}

impl FaultKind {
    /// The name used in files and output.
    pub const fn name(self) -> &'static str {
        match self {
            FaultKind::Outage => "outage",
            FaultKind::SessionDrop { .. } => "session-drop",
            FaultKind::Flap { .. } => "flap",
            FaultKind::ErrorBurst { .. } => "error-burst",
            FaultKind::Brownout { .. } => "brownout",
            FaultKind::Throttle { .. } => "throttle",
            FaultKind::RateCut { .. } => "rate-cut",
            FaultKind::SlowResponse { .. } => "slow-response",
            FaultKind::Blackhole { .. } => "blackhole",
            FaultKind::Filtering { .. } => "filtering",
            FaultKind::ReceiptDelay { .. } => "receipt-delay",
            FaultKind::ReceiptLoss { .. } => "receipt-loss",
            FaultKind::ReceiptDuplicate { .. } => "receipt-duplicate",
            FaultKind::BadList { .. } => "bad-list",
            FaultKind::SenderBlock { .. } => "sender-block",
            FaultKind::TrafficSpike => "traffic-spike",
            FaultKind::TrafficDrop { .. } => "traffic-drop",
            FaultKind::RunawayRetry { .. } => "runaway-retry",
            FaultKind::TenantJoins => "tenant-joins",
            FaultKind::TenantLeaves => "tenant-leaves",
            FaultKind::WeightChange { .. } => "weight-change",
            FaultKind::QuotaChange { .. } => "quota-change",
            FaultKind::SchedulerRestart => "scheduler-restart",
            FaultKind::FlashCrowd => "flash-crowd",
            FaultKind::Campaign { .. } => "campaign",
            FaultKind::Diurnal { .. } => "diurnal",
        }
    }

    /// Whether something is wrong, changed on purpose, or only looks odd.
    pub const fn nature(self) -> Nature {
        match self {
            FaultKind::TenantJoins
            | FaultKind::TenantLeaves
            | FaultKind::WeightChange { .. }
            | FaultKind::QuotaChange { .. } => Nature::Change,
            FaultKind::FlashCrowd | FaultKind::Campaign { .. } | FaultKind::Diurnal { .. } => {
                Nature::Control
            }
            _ => Nature::Failure,
        }
    }

    /// Whether it makes, withholds or repeats messages: a recorded run holds what it did already.
    pub const fn shapes_traffic(self) -> bool {
        matches!(
            self,
            FaultKind::TrafficSpike
                | FaultKind::TrafficDrop { .. }
                | FaultKind::RunawayRetry { .. }
                | FaultKind::FlashCrowd
                | FaultKind::Campaign { .. }
                | FaultKind::Diurnal { .. }
        )
    }

    /// How many of the attempts, messages or receipts in its scope it hits, where it is a part of
    /// them.
    pub const fn fraction(self) -> Option<Probability> {
        match self {
            FaultKind::ErrorBurst { fraction, .. }
            | FaultKind::Brownout { fraction, .. }
            | FaultKind::Blackhole { fraction }
            | FaultKind::Filtering { fraction, .. }
            | FaultKind::ReceiptLoss { fraction }
            | FaultKind::ReceiptDuplicate { fraction }
            | FaultKind::BadList { fraction, .. }
            | FaultKind::TrafficDrop { fraction } => Some(fraction),
            _ => None,
        }
    }

    /// The status it answers with, if it answers.
    pub const fn status(self) -> Option<Status> {
        match self {
            FaultKind::ErrorBurst { status, .. }
            | FaultKind::Brownout { status, .. }
            | FaultKind::BadList { status, .. }
            | FaultKind::SenderBlock { status } => Some(status),
            FaultKind::Throttle { .. } => Some(Status::THROTTLED),
            _ => None,
        }
    }

    /// How many sessions it holds down while it does.
    pub(crate) fn sessions_down(self, all: u16) -> u16 {
        match self {
            FaultKind::Outage | FaultKind::SchedulerRestart => all,
            FaultKind::SessionDrop { sessions } | FaultKind::Flap { sessions, .. } => {
                sessions.min(all)
            }
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ramp_rises_to_the_whole_fraction_and_falls_before_the_end() {
        let fraction = Probability::from_billionths(600_000_000).expect("valid");
        let mut fault = Fault {
            name: "x".into(),
            kind: FaultKind::Blackhole { fraction },
            destination: DestinationId(0),
            session: None,
            tenant: None,
            sender: None,
            class: None,
            start: Time::from_seconds(100),
            duration: Span::from_seconds(60),
            ramp: Span::from_seconds(20),
            recurrence: Recurrence::Once,
            sources: Vec::new(),
        };
        let during = Occurrence { start: fault.start, end: fault.end() };
        let at = |fault: &Fault, second| {
            fault.strength(fraction, during, Time::from_seconds(second)).billionths() / 1_000_000
        };
        assert_eq!(
            [100, 105, 120, 130, 140, 150, 160].map(|s| at(&fault, s)),
            [0, 150, 600, 600, 600, 300, 0]
        );
        fault.ramp = Span::ZERO;
        assert_eq!([100, 105, 160].map(|s| at(&fault, s)), [600; 3]);
    }

    #[test]
    fn factors_are_exact_and_saturate() {
        assert_eq!(Factor(2_500).times(Span::from_nanoseconds(101)), Span::from_nanoseconds(252));
        assert_eq!(Factor(u32::MAX).times(Span::MAX), Span::MAX);
    }
}
