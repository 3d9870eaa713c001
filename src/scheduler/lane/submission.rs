//! How messages come in: what is taken, what is refused, and why.

use core::fmt;

use super::store::{Aside, Store};
use super::waiting::Joining;
use super::{Lane, LaneObserver};
use crate::scheduler::life::{Belief, Happening};
use crate::scheduler::message::{Message, Record, Ticket};
use crate::scheduler::policy::{Entry, EntryKind, Policy};
use crate::time::{Span, Time};
use crate::units::CampaignId;

/// The message was taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Accepted {
    /// Names the message in [`Lane::cancel`].
    pub ticket: Ticket,
}

/// The message was not taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    /// Its queue would take this long to drain, longer than admission allows. Counted as refused.
    QueueOverflow {
        /// How long.
        drain: Span,
    },
    /// Its tenant is not attached. Not counted: the lane knows of nobody to count it for.
    TenantNotAttached,
    /// The lane has no such class. Not counted.
    NoSuchClass,
    /// It has no segments. Not counted.
    NoSegments,
    /// It has more than 65,535 segments. Not counted.
    TooManySegments,
}

impl Refused {
    /// The platform code that goes with it, if it has one.
    pub const fn code(self) -> Option<u32> {
        match self {
            Refused::QueueOverflow { .. } => Some(30_001),
            _ => None,
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refused::QueueOverflow { drain } => {
                write!(f, "queue overflow (30001): it would take {drain} s to drain")
            }
            Refused::TenantNotAttached => f.write_str("the tenant is not attached to this lane"),
            Refused::NoSuchClass => f.write_str("the lane has no such class"),
            Refused::NoSegments => f.write_str("a message has at least one segment"),
            Refused::TooManySegments => f.write_str("a message has at most 65,535 segments"),
        }
    }
}

impl core::error::Error for Refused {}

impl<P: Policy> Lane<P> {
    /// Takes a message into its queue, or says why not.
    ///
    /// # Errors
    /// See [`Refused`].
    pub fn submit<O: LaneObserver>(
        &mut self,
        now: Time,
        message: Message,
        observer: &mut O,
    ) -> Result<Accepted, Refused> {
        self.submit_with(now, message, None, observer)
    }

    /// The same for a message of a campaign, which can be paused, withdrawn and hurried as a whole.
    ///
    /// # Errors
    /// See [`Refused`].
    pub fn submit_for<O: LaneObserver>(
        &mut self,
        now: Time,
        campaign: CampaignId,
        message: Message,
        observer: &mut O,
    ) -> Result<Accepted, Refused> {
        self.submit_with(now, message, Some(campaign), observer)
    }

    fn submit_with<O: LaneObserver>(
        &mut self,
        now: Time,
        message: Message,
        campaign: Option<CampaignId>,
        observer: &mut O,
    ) -> Result<Accepted, Refused> {
        if self.directory.tenant(message.tenant).is_none() {
            return Err(Refused::TenantNotAttached);
        }
        if message.class.index() >= self.config.classes.len() {
            return Err(Refused::NoSuchClass);
        }
        if message.segments.0 == 0 {
            return Err(Refused::NoSegments);
        }
        if message.segments > Store::MOST_SEGMENTS {
            return Err(Refused::TooManySegments);
        }
        self.directory.refresh_bounds(now, &mut self.policy);
        let mut message = message;
        let record =
            |message| Record { message, submitted: now, first_dispatch: Time::NEVER, attempts: 0 };
        let mut queue = self.directory.queue_for(now, &message, message.class, &mut self.policy);
        let mut spilled_from = None;
        if let Some(limit) = self.config.admission
            && !self.drains_within(now, queue, limit)
        {
            let drain = self.drain_time(now, queue);
            let elsewhere = if drain > limit { self.spill(now, &message, limit) } else { None };
            if let Some(sender) = elsewhere {
                spilled_from = Some(core::mem::replace(&mut message.sender, sender));
                queue = self.directory.queue_for(now, &message, message.class, &mut self.policy);
            } else if drain > limit {
                let (segments, to) = (message.segments, Belief::Refused);
                self.counts.moved(None, to, segments);
                self.directory.tenant_mut(message.tenant).counts.moved(None, to, segments);
                observer.moved(now, &record(message), None, to, Happening::QueueOverflow, 30_001);
                return Err(Refused::QueueOverflow { drain });
            }
        }
        let sequence = self.take_sequence();
        let record = record(message);
        let slot = self.store.insert(record, queue, sequence);
        self.directory.hold(queue);
        self.counts.moved(None, Belief::Queued, message.segments);
        self.directory.tenant_mut(message.tenant).counts.moved(
            None,
            Belief::Queued,
            message.segments,
        );
        observer.moved(now, &record, None, Belief::Queued, Happening::Submitted, 0);
        if let Some(from) = spilled_from {
            self.store.set_aside(slot, Aside::Spilled);
            observer.spilled(now, &record, from);
        }
        if let Some(campaign) = campaign {
            self.holds.campaigns.join(slot, campaign);
        }
        let kind = if spilled_from.is_some() { EntryKind::Spill } else { EntryKind::New };
        let Message { segments, expires: deadline, .. } = message;
        let entry = Entry { segments, deadline, sequence, kind };
        self.enqueue(now, slot, queue, entry, Joining::Last);
        // Until it is dispatched its place in the order of arrival tells it from others.
        let generation = sequence as u32;
        Ok(Accepted { ticket: Ticket { slot, generation, attempt: 0 } })
    }
}
