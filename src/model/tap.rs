//! Turns what a lane reports into events of the run and observations of the detector.

use super::awaited::AwaitedMessages;
use super::world::observe;
use crate::detector::{Detector, Observation};
use crate::event::{Event, Flow, Sink, What};
use crate::scheduler::{Belief, Happening, LaneObserver, Record, Status};
use crate::time::Time;
use crate::units::{DestinationId, SenderId};

/// Listens to one lane for the length of one call.
pub(super) struct Tap<'a, S> {
    pub(super) sink: &'a mut S,
    pub(super) flow: &'a mut Flow,
    pub(super) detector: Option<&'a mut (dyn Detector + 'static)>,
    pub(super) destination: DestinationId,
    /// Messages that closed loops wait for.
    pub(super) awaited: &'a mut AwaitedMessages,
    /// Whether any session is up: the platform knows when it has lost a carrier.
    pub(super) is_reachable: bool,
}

impl<S: Sink> Tap<'_, S> {
    fn emit(&mut self, time: Time, what: What) {
        let event = Event { time, destination: Some(self.destination), what };
        if self.sink.record(&event) == Flow::Stop {
            *self.flow = Flow::Stop;
        }
    }
}

impl<S: Sink> LaneObserver for Tap<'_, S> {
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
        if self.detector.is_none() {
            return;
        }
        let mut tell = |seen| {
            let tenant = record.message.tenant;
            observe(self.detector.as_deref_mut(), now, tenant, self.destination, seen);
        };
        match why {
            Happening::Submitted => {
                tell(Observation::Submitted);
                if !self.is_reachable {
                    tell(Observation::Failed);
                }
            }
            Happening::QueueOverflow => tell(Observation::Submitted),
            Happening::Dispatched => tell(Observation::Dispatched),
            Happening::ReceiptDelivered => tell(Observation::Succeeded),
            Happening::AnsweredPermanent
            | Happening::AnsweredRetry
            | Happening::AnsweredExhausted
            | Happening::OutcomeUnknownRetry
            | Happening::OutcomeUnknownGiveUp
            | Happening::ReceiptFailed
            | Happening::ReceiptOverdue => tell(Observation::Failed),
            Happening::AnsweredAccepted
            | Happening::BackoffOver
            | Happening::LateAccepted
            | Happening::Expired
            | Happening::Cancelled => {}
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
