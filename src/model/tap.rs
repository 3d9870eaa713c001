//! Turns what a lane reports into events of the run and observations of the detector.

use std::collections::BTreeMap;

use super::awaited::AwaitedMessages;
use super::failover::Failovers;
use super::faults::Resubmissions;
use super::world::observe;
use crate::detector::{Account, Detector, ErrorClass, Observation};
use crate::event::{Event, Flow, Sink, What};
use crate::scheduler::{Belief, Happening, LaneObserver, ReceiptState, Record, Status};
use crate::time::Time;
use crate::units::{DestinationId, MessageId, SenderId};

/// Listens to one lane for the length of one call.
pub(super) struct Tap<'a, 'f, S> {
    pub(super) sink: &'a mut S,
    pub(super) flow: &'a mut Flow,
    pub(super) detector: Option<&'a mut (dyn Detector + 'static)>,
    pub(super) destination: DestinationId,
    /// Messages that closed loops wait for.
    pub(super) awaited: &'a mut AwaitedMessages,
    /// Messages that tenants' own systems submit again when they fail.
    pub(super) resubmissions: &'a mut Resubmissions,
    /// Who sends elsewhere when attempts fail here.
    pub(super) failovers: &'a mut Failovers<'f>,
    /// Messages that the detector was told had failed: when, and as what.
    pub(super) failed: &'a mut BTreeMap<MessageId, (Time, ErrorClass)>,
    /// Whether any session is up: the platform knows when it has lost a carrier.
    pub(super) is_reachable: bool,
}

impl<S: Sink> Tap<'_, '_, S> {
    fn emit(&mut self, time: Time, what: What) {
        let event = Event { time, destination: Some(self.destination), what };
        if self.sink.record(&event) == Flow::Stop {
            *self.flow = Flow::Stop;
        }
    }
}

impl<S: Sink> LaneObserver for Tap<'_, '_, S> {
    fn moved(
        &mut self,
        now: Time,
        record: &Record,
        from: Option<Belief>,
        to: Belief,
        why: Happening,
        code: u32,
    ) {
        self.emit(now, What::Moved { record: *record, from, to, why, code });
        self.awaited.moved(record.message.id, to, why);
        self.resubmissions.moved(now, self.destination, record, to);
        self.failovers.happened(now, self.destination, why);
        if self.detector.is_none() {
            return;
        }
        let (message, tenant) = (record.message.id, record.message.tenant);
        if why == Happening::ReceiptDelivered
            && let Some((then, class)) = self.failed.remove(&message)
            && let Some(detector) = self.detector.as_deref_mut()
        {
            let account = Account { tenant, destination: self.destination };
            detector.correct(now, account, then, class);
            return;
        }
        let failed = &mut *self.failed;
        let mut tell = |seen| {
            // Only what the platform gave up can still turn out otherwise.
            if let Observation::FailedAs(class) = seen
                && matches!(to, Belief::Failed | Belief::Unknown)
            {
                failed.insert(message, (now, class));
            }
            observe(self.detector.as_deref_mut(), now, tenant, self.destination, seen);
        };
        match why {
            Happening::Submitted => {
                tell(Observation::Submitted);
                if !self.is_reachable {
                    tell(Observation::FailedAs(ErrorClass::Unreachable));
                }
            }
            Happening::QueueOverflow => tell(Observation::Submitted),
            Happening::Dispatched => tell(Observation::Dispatched),
            Happening::ReceiptDelivered => tell(Observation::Succeeded),
            Happening::AnsweredPermanent
            | Happening::AnsweredRetry
            | Happening::AnsweredExhausted => {
                tell(Observation::FailedAs(class_of_status(Status(code))));
            }
            Happening::OutcomeUnknownRetry | Happening::OutcomeUnknownGiveUp => {
                tell(Observation::FailedAs(ErrorClass::Unreachable));
            }
            Happening::ReceiptFailed => tell(Observation::FailedAs(class_of_receipt(code))),
            Happening::ReceiptOverdue => tell(Observation::FailedAs(ErrorClass::Other)),
            Happening::AnsweredAccepted
            | Happening::BackoffOver
            | Happening::LateAccepted
            | Happening::Expired
            | Happening::Cancelled
            | Happening::LostOnRestart => {}
        }
    }

    fn spilled(&mut self, now: Time, record: &Record, from: SenderId) {
        let (message, tenant) = (record.message.id, record.message.tenant);
        self.emit(now, What::Spilled { message, tenant, from });
    }

    fn yielded(&mut self, now: Time, permille: u32, held_until: Option<Time>) {
        self.emit(now, What::Yielded { permille, held_until: held_until.unwrap_or(now) });
    }

    fn answered_late(&mut self, now: Time, record: &Record, status: Status) {
        let (message, tenant) = (record.message.id, record.message.tenant);
        self.emit(now, What::LateAnswer { message, tenant, status });
    }
}

/// What a refusal says of its cause.
fn class_of_status(status: Status) -> ErrorClass {
    match status {
        Status::THROTTLED | Status::QUEUE_FULL => ErrorClass::Throttled,
        Status::SYSTEM_ERROR | Status::SUBMIT_FAILED | Status::RECEIVER_TEMPORARY => {
            ErrorClass::Unreachable
        }
        Status::INVALID_RECIPIENT => ErrorClass::InvalidRecipient,
        Status::INVALID_SENDER | Status::RECEIVER_PERMANENT => ErrorClass::Filtered,
        _ => ErrorClass::Other,
    }
}

/// What a receipt that says not delivered says of its cause.
fn class_of_receipt(code: u32) -> ErrorClass {
    if code == ReceiptState::Rejected as u32 {
        ErrorClass::Filtered
    } else if code == ReceiptState::Undeliverable as u32 {
        ErrorClass::InvalidRecipient
    } else {
        ErrorClass::Other
    }
}
