//! Everything between submission and gateway for one destination.
//!
//! A lane is a state machine: time and entropy come in as arguments, decisions come out as values. It
//! never sleeps, never reads a clock, and calling it too early or too often is harmless. Its driver
//! does three things:
//!
//! 1. hands it what happens: [`Lane::submit`], [`Lane::session`], [`Lane::answered`], [`Lane::receipt`];
//! 2. after each of these, calls [`Lane::next`] until the answer is not [`Next::Send`];
//! 3. calls `next` again at the time of [`Next::NotUntil`] or of [`Lane::wake`], whichever is earlier.
//!
//! The lane paces, admits, expires, retries and accounts; *which* queue is next it asks its
//! [`Policy`]. The life of a message is in [`next_belief`](super::next_belief); the lane makes no
//! other move, and tells a [`LaneObserver`] of each.

mod bounds;
mod config;
mod counts;
mod directory;
mod filling;
mod outcomes;
mod sessions;
mod shares;
mod store;
mod waiting;

use alloc::vec::Vec;
use core::fmt;

pub use bounds::{Amount, Borrowing, ShareBounds, ShareNode};
pub use config::{Change, ChangeError, LaneConfig, TenantSpec};
pub use counts::{AttemptCounts, Counts};
pub use outcomes::{Answer, ReceiptOutcome};
pub use sessions::SessionChange;

use self::directory::{Directory, QueueStanding};
use self::sessions::Sessions;
use self::store::{List, Store};
use super::heap::IndexedHeap;
use super::life::{Belief, Happening, next_belief};
use super::message::{Message, Record, Ticket};
use super::pacing::Pacer;
use super::policy::{Entropy, Pick, Policy, Reshape, Standing};
use super::retry::RequeuePlace;
use super::status::Status;
use crate::time::{Span, Time};
use crate::units::{QueueId, Quota, Segments, SenderId, SessionId, TenantId};

/// Listens to a lane. `()` listens to nothing.
pub trait LaneObserver {
    /// The belief of a message moved; `record` is as after the move. `code` is the status or receipt
    /// state that came with it, or 0.
    fn moved(
        &mut self,
        now: Time,
        record: &Record,
        from: Option<Belief>,
        to: Belief,
        why: Happening,
        code: u32,
    ) {
        let _ = (now, record, from, to, why, code);
    }

    /// An attempt was answered after it had been given up.
    fn answered_late(&mut self, now: Time, record: &Record, status: Status) {
        let _ = (now, record, status);
    }
}

impl LaneObserver for () {}

/// What a lane wants.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use]
pub enum Next {
    /// Send this now.
    Send(Attempt),
    /// Something waits, and may not go before this time.
    NotUntil(Time),
    /// Something waits, and no session has a free seat.
    NoSession,
    /// Nothing may be sent: no queue is eligible.
    Idle,
}

/// An attempt to hand to the gateway.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Attempt {
    /// Names it in [`Lane::answered`] and [`Lane::receipt`].
    pub ticket: Ticket,
    /// The session to send it on.
    pub session: SessionId,
    /// Which attempt of its message this is, from 1.
    pub number: u32,
    /// The message.
    pub message: Message,
}

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
        }
    }
}

impl core::error::Error for Refused {}

/// Which waiting messages to withdraw.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Withdraw {
    /// One message.
    Message(Ticket),
    /// All of a tenant.
    Tenant(TenantId),
    /// All of a sender.
    Sender(SenderId),
}

/// The lane of one destination. The module's documentation tells how to drive it.
#[derive(Clone, Debug)]
pub struct Lane<P> {
    config: LaneConfig,
    policy: P,
    pacer: Option<Pacer>,
    directory: Directory,
    sessions: Sessions,
    store: Store,
    unanswered: List,
    without_receipt: List,
    /// Ended badly, kept for late news.
    kept: List,
    parked: IndexedHeap<(Time, u64)>,
    /// Queues whose head will expire, by when.
    expiring: IndexedHeap<(Time, u32)>,
    /// Nothing falls due before this. May be too early, never too late: most calls of `next` then
    /// need not look at any of the lists.
    due: Time,
    next_sequence: u64,
    counts: Counts,
}

impl<P: Policy> Lane<P> {
    /// An empty lane without sessions.
    ///
    /// # Panics
    /// When the configuration has no class, or a quota with a burst of 0.
    pub fn new(config: LaneConfig, mut policy: P) -> Self {
        assert!(!config.classes.is_empty(), "a lane has at least one class");
        assert!(config.quota.is_none_or(|quota| quota.burst > 0), "a burst is at least 1 segment");
        policy.reshape(Time::ZERO, Reshape::Rate(config.quota.map(|quota| quota.rate)));
        Lane {
            pacer: config.quota.map(Pacer::new),
            directory: Directory::new(&config),
            sessions: Sessions::default(),
            store: Store::default(),
            unanswered: List::EMPTY,
            without_receipt: List::EMPTY,
            kept: List::EMPTY,
            parked: IndexedHeap::default(),
            expiring: IndexedHeap::default(),
            due: Time::NEVER,
            next_sequence: 0,
            counts: Counts::default(),
            config,
            policy,
        }
    }

    /// Lets a tenant submit.
    ///
    /// # Errors
    /// When it is attached already, or its set does not fit the lane.
    pub fn attach(&mut self, tenant: TenantId, spec: TenantSpec) -> Result<(), ChangeError> {
        self.directory.attach(tenant, spec)
    }

    /// Forgets a tenant; returns its final counts.
    ///
    /// # Errors
    /// When it is not attached, or messages of it are still live.
    pub fn detach(&mut self, now: Time, tenant: TenantId) -> Result<Counts, ChangeError> {
        let counts = self.directory.detach(now, tenant, &mut self.policy)?;
        let mut cursor = self.kept.head();
        while let Some(slot) = cursor {
            cursor = self.store.next(slot);
            if self.store.get(slot).record.message.tenant == tenant {
                self.store.unlink(&mut self.kept, slot);
                self.store.remove(slot);
            }
        }
        Ok(counts)
    }

    /// Changes the division while the lane is at work. The change is validated whole, then applied to
    /// the present backlog.
    ///
    /// # Errors
    /// When the change cannot be made; the lane is then as it was.
    pub fn reconfigure(&mut self, now: Time, change: Change) -> Result<(), ChangeError> {
        match change {
            Change::Quota(Some(Quota { burst: 0, .. }))
            | Change::SenderCap(_, Some(Quota { burst: 0, .. })) => {
                return Err(ChangeError::BurstIsZero);
            }
            Change::Quota(quota) => {
                match (&mut self.pacer, quota) {
                    (Some(pacer), Some(quota)) => pacer.change(now, quota),
                    (pacer, quota) => *pacer = quota.map(Pacer::new),
                }
                self.config.quota = quota;
                let rate = quota.map(|quota| quota.rate);
                self.policy.reshape(now, Reshape::Rate(rate));
                self.directory.set_rate(rate);
            }
            Change::TenantWeight(tenant, weight) => {
                if let Some((node, product)) = self.directory.set_weight(tenant, weight)? {
                    self.policy.reshape(now, Reshape::Weight { node, weight, product });
                }
            }
            Change::Bounds(node, bounds) => {
                self.directory.knows(node)?;
                bounds.check()?;
                self.directory.set_bounds(node, bounds);
            }
            Change::SenderCap(sender, cap) => {
                self.directory.set_cap(now, sender, cap);
                self.reconsider_sender(now, sender);
            }
        }
        self.directory.refresh_bounds(now, &mut self.policy);
        Ok(())
    }

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
        if self.directory.tenant(message.tenant).is_none() {
            return Err(Refused::TenantNotAttached);
        }
        if message.class.index() >= self.config.classes.len() {
            return Err(Refused::NoSuchClass);
        }
        if message.segments.0 == 0 {
            return Err(Refused::NoSegments);
        }
        self.directory.refresh_bounds(now, &mut self.policy);
        let record = Record { message, submitted: now, first_dispatch: Time::NEVER, attempts: 0 };
        let queue = self.directory.queue_for(now, &message, &mut self.policy);
        if let Some(limit) = self.config.admission {
            let drain = self.drain_time(queue);
            if drain > limit {
                let (segments, to) = (message.segments, Belief::Refused);
                self.counts.moved(None, to, segments);
                self.directory.tenant_mut(message.tenant).counts.moved(None, to, segments);
                observer.moved(now, &record, None, to, Happening::QueueOverflow, 30_001);
                return Err(Refused::QueueOverflow { drain });
            }
        }
        let sequence = self.take_sequence();
        let slot = self.store.insert(record, queue, sequence);
        self.directory.hold(queue);
        self.counts.moved(None, Belief::Queued, message.segments);
        self.directory.tenant_mut(message.tenant).counts.moved(
            None,
            Belief::Queued,
            message.segments,
        );
        observer.moved(now, &record, None, Belief::Queued, Happening::Submitted, 0);
        self.enqueue(now, slot, RequeuePlace::Tail);
        let generation = self.store.get(slot).generation;
        Ok(Accepted { ticket: Ticket { slot, generation, attempt: 0 } })
    }

    /// Withdraws messages that wait in a queue or for their next attempt; returns how many. What is
    /// with the carrier cannot be called back.
    ///
    /// A single message costs O(log n); a tenant or sender costs a walk over all messages held.
    pub fn cancel<O: LaneObserver>(&mut self, now: Time, what: Withdraw, observer: &mut O) -> u64 {
        let waits = |belief| matches!(belief, Belief::Queued | Belief::Parked);
        let chosen: Vec<u32> = match what {
            Withdraw::Message(ticket) => {
                let slot = self.store.find(ticket.slot, ticket.generation);
                slot.filter(|slot| waits(slot.belief)).map(|_| ticket.slot).into_iter().collect()
            }
            Withdraw::Tenant(_) | Withdraw::Sender(_) => self
                .store
                .indices()
                .filter(|index| {
                    let slot = self.store.get(*index);
                    let message = &slot.record.message;
                    waits(slot.belief)
                        && match what {
                            Withdraw::Tenant(tenant) => message.tenant == tenant,
                            Withdraw::Sender(sender) => message.sender == sender,
                            Withdraw::Message(_) => false,
                        }
                })
                .collect(),
        };
        for slot in &chosen {
            self.leave_waiting(now, *slot);
            self.move_to(now, *slot, Happening::Cancelled, 0, observer);
            self.free(now, *slot);
        }
        chosen.len() as u64
    }

    /// Decides what happens next, after doing all that is due: time-outs, retries, caps, expiry.
    ///
    /// `entropy` is asked at most once, and only by policies that gamble.
    pub fn next<O: LaneObserver>(
        &mut self,
        now: Time,
        entropy: Entropy<'_>,
        observer: &mut O,
    ) -> Next {
        self.do_what_is_due(now, observer);
        self.directory.refresh_bounds(now, &mut self.policy);
        // Whether anything is eligible comes first: "no session" is news only to those who wait.
        let queue = match self.policy.pick(now, entropy) {
            Pick::Queue(queue) => queue,
            Pick::NotUntil(time) => return Next::NotUntil(time),
            Pick::Idle => return Next::Idle,
        };
        if !self.sessions.has_free_seat() {
            return Next::NoSession;
        }
        if let Some(pacer) = self.pacer.as_ref().filter(|pacer| !pacer.conforms(now)) {
            return Next::NotUntil(pacer.earliest(now));
        }
        Next::Send(self.dispatch(now, queue, observer))
    }

    /// The earliest time at which `next` should be called although nothing else happens, apart from
    /// what [`Next::NotUntil`] said. Earlier calls are harmless.
    pub fn wake(&self) -> Option<Time> {
        let first = |due: Option<((Time, u64), u32)>| due.map_or(Time::NEVER, |((due, _), _)| due);
        let first_of_id =
            |due: Option<((Time, u32), u32)>| due.map_or(Time::NEVER, |((due, _), _)| due);
        let due = self
            .end_of_wait(&self.unanswered, self.config.response_timeout)
            .min(self.end_of_wait(&self.without_receipt, self.config.receipt_timeout))
            .min(first(self.parked.peek()))
            .min(first_of_id(self.directory.held_senders.peek()))
            .min(first_of_id(self.expiring.peek()));
        (due < Time::NEVER).then_some(due)
    }

    /// When the first message of a list has waited for `wait`; a time-out beyond all time never ends.
    fn end_of_wait(&self, list: &List, wait: Span) -> Time {
        list.head().map_or(Time::NEVER, |slot| self.store.get(slot).since.saturating_add(wait))
    }

    /// Something falls due then.
    fn watch(&mut self, due: Time) {
        self.due = self.due.min(due);
    }

    /// Ledgers A and C.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Ledgers A and C of one tenant; its attempts are not counted apart.
    pub fn tenant_counts(&self, tenant: TenantId) -> Option<&Counts> {
        self.directory.tenant(tenant).map(|tenant| &tenant.counts)
    }

    /// Where each of a tenant's queues stands in the policy's order.
    pub fn explain(&self, tenant: TenantId) -> Vec<(SenderId, Standing)> {
        self.directory
            .queues_of(tenant)
            .filter_map(|id| {
                let sender = self.directory.queue(id).sender;
                self.policy.explain(id).map(|standing| (sender, standing))
            })
            .collect()
    }

    /// Queues that exist now, in use or kept for their next message.
    pub fn queue_count(&self) -> usize {
        self.directory.queue_count()
    }

    fn dispatch<O: LaneObserver>(
        &mut self,
        now: Time,
        queue_id: QueueId,
        observer: &mut O,
    ) -> Attempt {
        let queue = self.directory.queue(queue_id);
        let (slot, sender) = (queue.messages.head(), queue.sender);
        let slot = slot.expect("a policy picks only eligible queues, and those have a head");
        let sent = self.store.get(slot).entry();
        let next = self.pop_queue(queue_id, slot);
        if let Some(pacer) = &mut self.pacer {
            pacer.charge(now, sent.segments);
        }
        let session = self.sessions.seat();
        let entry = next.map(|next| self.store.get(next).entry());
        self.policy.dispatched(now, queue_id, sent, entry);
        if entry.is_none() {
            self.directory.queue_mut(queue_id).standing = QueueStanding::Empty;
        }
        if let Some(pacer) = &mut self.directory.sender_mut(sender).pacer {
            pacer.charge(now, sent.segments);
            self.reconsider_sender(now, sender);
        }
        let held = self.store.get_mut(slot);
        held.record.attempts += 1;
        held.record.first_dispatch = held.record.first_dispatch.min(now);
        held.session = session;
        let attempt = Attempt {
            ticket: Ticket { slot, generation: held.generation, attempt: held.record.attempts },
            session,
            number: held.record.attempts,
            message: held.record.message,
        };
        self.counts.attempts.dispatched += 1;
        self.counts.attempts.unanswered += 1;
        self.move_to(now, slot, Happening::Dispatched, 0, observer);
        self.store.push_back(&mut self.unanswered, slot);
        self.watch(now.saturating_add(self.config.response_timeout));
        attempt
    }

    /// Makes a legal move of the belief, counts it and tells the observer.
    fn move_to<O: LaneObserver>(
        &mut self,
        now: Time,
        slot: u32,
        why: Happening,
        code: u32,
        observer: &mut O,
    ) -> Belief {
        let held = self.store.get_mut(slot);
        let from = held.belief;
        let to = next_belief(Some(from), why).expect("the lane makes only legal moves");
        held.belief = to;
        held.since = now;
        let (segments, tenant): (Segments, TenantId) =
            (held.record.message.segments, held.record.message.tenant);
        self.counts.moved(Some(from), to, segments);
        self.directory.tenant_mut(tenant).counts.moved(Some(from), to, segments);
        observer.moved(now, &self.store.get(slot).record, Some(from), to, why, code);
        to
    }

    fn take_sequence(&mut self) -> u64 {
        self.next_sequence += 1;
        self.next_sequence
    }

    /// Forgets a message that is in no list.
    fn free(&mut self, now: Time, slot: u32) {
        let held = self.store.get(slot);
        let (queue, belief) = (held.queue, held.belief);
        // A message that was accepted left its queue's count then.
        if matches!(belief, Belief::Expired | Belief::Cancelled) {
            self.directory.release(now, queue, &mut self.policy);
        }
        self.store.remove(slot);
    }
}
