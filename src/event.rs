//! The typed domain events of a run, and who may listen.
//!
//! Everything that is measured, checked, drawn or hashed is derived from this one stream, so a
//! figure cannot disagree with the run it describes. The model emits into a generic [`Sink`], which
//! may ask to stop; it never knows what the sink measures.

mod digest;

pub use digest::{Digest, DigestSink, RECORD_BYTES, encode};

use crate::detector::AlertEvent;
use crate::scheduler::{Belief, Happening, Next, Record, Status, Truth};
use crate::time::Time;
use crate::units::{
    CampaignId, DestinationId, MessageId, Quota, SenderId, SessionId, TenantId, Weight,
};

/// One domain event.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event {
    /// When it happened.
    pub time: Time,
    /// Where: the destination, or `None` for what concerns the run as a whole.
    pub destination: Option<DestinationId>,
    /// What happened.
    pub what: What,
}

/// What happened. New kinds are added at the end and appear only in runs in which they occur.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum What {
    /// The platform's belief of a message moved.
    Moved {
        /// The message, as after the move.
        record: Record,
        /// The belief before; `None` at submission.
        from: Option<Belief>,
        /// The belief after.
        to: Belief,
        /// Why.
        why: Happening,
        /// The status or receipt code that came with it, 0 where none did.
        code: u32,
    },
    /// An attempt was answered after the platform had given it up.
    LateAnswer {
        /// Which message.
        message: MessageId,
        /// Whose.
        tenant: TenantId,
        /// With what.
        status: Status,
    },
    /// The truth of one copy of a message moved at the carrier.
    TruthMoved {
        /// Which message.
        message: MessageId,
        /// Whose.
        tenant: TenantId,
        /// Which attempt made the copy, from 1.
        attempt: u32,
        /// Where the copy was.
        from: Truth,
        /// Where it is now.
        to: Truth,
    },
    /// A session came up.
    SessionUp(SessionId),
    /// A session went down.
    SessionDown(SessionId),
    /// An injected failure began; the number is its position in the scenario.
    FaultBegan(u32),
    /// An injected failure ended.
    FaultEnded(u32),
    /// The detector raised or cleared an alert.
    Alert(AlertEvent),
    /// Arrivals are over; what follows drains the queues.
    ArrivalsOver,
    /// The run is over.
    RunOver,
    /// An order was given to the lane; the number is its position in the scenario.
    ActionTaken(u32),
    /// A message that was submitted just now went to the queue of another sender of its tenant.
    Spilled {
        /// Which message.
        message: MessageId,
        /// Whose.
        tenant: TenantId,
        /// The sender whose queue was too long.
        from: SenderId,
    },
    /// A message that is submitted just now belongs to a campaign that orders name.
    OfCampaign {
        /// Which message.
        message: MessageId,
        /// Whose.
        tenant: TenantId,
        /// The campaign; the number is the position of its source in the scenario.
        campaign: CampaignId,
    },
    /// The lane yields to its carrier otherwise than before.
    Yielded {
        /// What is left of the quota, in thousandths.
        permille: u32,
        /// Nothing is sent before this; the time itself where sending goes on.
        held_until: Time,
    },
    /// A tenant's weight at the destination is another from now on.
    WeightChanged {
        /// Whose.
        tenant: TenantId,
        /// Its weight.
        weight: Weight,
    },
    /// Our quota at the destination is another from now on.
    QuotaChanged(Option<Quota>),
    /// What is submitted for this destination goes elsewhere from now on, or here again.
    Rerouted {
        /// The position of the failover in the scenario.
        failover: u32,
        /// Where to.
        to: DestinationId,
    },
    /// A receipt told the platform when a message was delivered.
    DeliveryTold {
        /// Which message, as the platform read the receipt.
        message: MessageId,
        /// Whose.
        tenant: TenantId,
        /// When, by the carrier's rounded clock.
        delivered: Time,
    },
}

/// Whether a run goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub enum Flow {
    /// Go on.
    Continue,
    /// Stop at once.
    Stop,
}

/// Whoever listens to a run.
pub trait Sink {
    /// Takes note of one event, in the order of the run.
    fn record(&mut self, event: &Event) -> Flow;

    /// Takes note of what a destination's lane answered when it was asked what to send. That is no
    /// event: nothing has happened. It only matters to who wants to know what a message waits for.
    fn asked(&mut self, now: Time, destination: DestinationId, next: &Next) {
        let _ = (now, destination, next);
    }
}

/// Listens to nothing.
impl Sink for () {
    fn record(&mut self, _: &Event) -> Flow {
        Flow::Continue
    }
}

impl<S: Sink + ?Sized> Sink for &mut S {
    fn record(&mut self, event: &Event) -> Flow {
        (**self).record(event)
    }
    fn asked(&mut self, now: Time, destination: DestinationId, next: &Next) {
        (**self).asked(now, destination, next);
    }
}

/// Listens if it is there.
impl<S: Sink> Sink for Option<S> {
    fn record(&mut self, event: &Event) -> Flow {
        self.as_mut().map_or(Flow::Continue, |sink| sink.record(event))
    }
    fn asked(&mut self, now: Time, destination: DestinationId, next: &Next) {
        if let Some(sink) = self {
            sink.asked(now, destination, next);
        }
    }
}

/// Both listen; either may stop the run.
impl<A: Sink, B: Sink> Sink for (A, B) {
    fn record(&mut self, event: &Event) -> Flow {
        let first = self.0.record(event);
        let second = self.1.record(event);
        if first == Flow::Stop { first } else { second }
    }
    fn asked(&mut self, now: Time, destination: DestinationId, next: &Next) {
        self.0.asked(now, destination, next);
        self.1.asked(now, destination, next);
    }
}

/// Collects every event: for tests and for finding the first difference of two runs.
impl Sink for Vec<Event> {
    fn record(&mut self, event: &Event) -> Flow {
        self.push(*event);
        Flow::Continue
    }
}
