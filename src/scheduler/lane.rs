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

mod admission;
mod backpressure;
mod bounds;
mod campaigns;
mod config;
mod control;
mod counts;
mod directory;
mod filling;
mod gate;
mod guarantees;
mod observer;
mod outcomes;
mod restart;
mod sessions;
mod shares;
mod snapshot;
mod spill;
mod store;
mod submission;
mod waiting;

use alloc::boxed::Box;
use alloc::vec::Vec;

pub use backpressure::{AdaptiveRate, Backpressure, CircuitBreaker};
pub use bounds::{Amount, Borrowing, ShareBounds, ShareNode};
pub use config::{Change, ChangeError, LaneConfig, TenantSpec};
pub use control::Target;
pub use counts::{AttemptCounts, Counts};
pub use gate::DailyCap;
pub use observer::LaneObserver;
pub use outcomes::{Answer, ReceiptOutcome};
pub use sessions::{SessionChange, WindowUnit};
pub use snapshot::{RestoreError, Snapshot};
pub use submission::{Accepted, Refused};

use self::backpressure::{WHOLE, Yielding, part_of};
use self::campaigns::Holds;
use self::directory::{Directory, Party, QueueStanding};
use self::sessions::Sessions;
use self::store::{List, Slot, Store};
use super::heap::IndexedHeap;
use super::life::{Belief, Happening, next_belief};
use super::message::{Message, Record, Ticket};
use super::pacing::Pacer;
use super::policy::{Entropy, Pick, Policy, Reshape, Standing};
use crate::time::{Span, Time};
use crate::units::{QueueId, Quota, SenderId, SessionId, TenantId};

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

/// The lane of one destination. The module's documentation tells how to drive it.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
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
    /// Queues whose head will expire, by when; see [`Lane::watch_expiry`].
    expiring: IndexedHeap<(Time, u32)>,
    /// Campaigns, and what is paused below the level of a sender.
    holds: Holds,
    /// Where the lane yields to its carrier at all.
    yielding: Option<Box<Yielding>>,
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
            holds: Holds::default(),
            yielding: Yielding::new(config.backpressure).map(Box::new),
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
            | Change::SenderCap(_, Some(Quota { burst: 0, .. }))
            | Change::TenantCap(_, Some(Quota { burst: 0, .. })) => {
                return Err(ChangeError::BurstIsZero);
            }
            Change::TenantCap(tenant, _) | Change::TenantDailyCap(tenant, _)
                if self.directory.tenant(tenant).is_none() =>
            {
                return Err(ChangeError::TenantNotAttached(tenant));
            }
            Change::Quota(quota) => {
                let left = self.yielding.as_ref().map_or(WHOLE, |yielding| yielding.permille(now));
                match (&mut self.pacer, quota.map(|quota| part_of(quota, left))) {
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
            Change::SenderCap(sender, cap) => self.set_rate(now, Party::Sender(sender), cap),
            Change::TenantCap(tenant, cap) => self.set_rate(now, Party::Tenant(tenant), cap),
            Change::SenderDailyCap(sender, cap) => self.set_daily(now, Party::Sender(sender), cap),
            Change::TenantDailyCap(tenant, cap) => self.set_daily(now, Party::Tenant(tenant), cap),
        }
        self.directory.refresh_bounds(now, &mut self.policy);
        Ok(())
    }

    fn set_rate(&mut self, now: Time, party: Party, cap: Option<Quota>) {
        self.directory.change_gate(party, |gate| gate.set_rate(now, cap));
        self.reconsider(now, party);
    }

    fn set_daily(&mut self, now: Time, party: Party, cap: Option<DailyCap>) {
        self.directory.change_gate(party, |gate| gate.set_daily(now, cap));
        self.reconsider(now, party);
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
        if !self.has_room(queue) {
            return Next::NoSession;
        }
        if let Some(until) = self.yielding.as_ref().and_then(|it| it.held_until(now)) {
            return Next::NotUntil(until);
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
            .min(first_of_id(self.directory.held_tenants.peek()))
            .min(first_of_id(self.holds.expiring.peek()))
            .min(first_of_id(self.expiring.peek()))
            .min(self.yielding.as_ref().map_or(Time::NEVER, |yielding| yielding.due()));
        (due < Time::NEVER).then_some(due)
    }

    /// The same if it is before `time`: for whoever has a call at that time in mind anyway, nearly free.
    pub fn wake_before(&self, time: Time) -> Option<Time> {
        if self.due >= time {
            return None;
        }
        self.wake().filter(|wake| *wake < time)
    }

    /// When the first message of a list has waited for `wait`; a time-out beyond all time never ends.
    fn end_of_wait(&self, list: &List, wait: Span) -> Time {
        list.head().map_or(Time::NEVER, |slot| self.store.since(slot).saturating_add(wait))
    }

    /// Lets what the carrier did, or what time did, act on what may be sent.
    fn yield_to_carrier<O: LaneObserver>(
        &mut self,
        now: Time,
        observer: &mut O,
        tell: impl FnOnce(&mut Yielding),
    ) {
        let Some(yielding) = &mut self.yielding else { return };
        tell(yielding);
        let (news, due) = (yielding.news(now), yielding.due());
        if let Some((permille, held_until)) = news {
            if let (Some(pacer), Some(quota)) = (&mut self.pacer, self.config.quota) {
                pacer.change(now, part_of(quota, permille));
            }
            observer.yielded(now, permille, held_until);
        }
        self.watch(due);
    }

    /// Something falls due then.
    fn watch(&mut self, due: Time) {
        self.due = self.due.min(due);
    }

    /// Ledgers A and C.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// The message of an attempt, while the lane remembers it: for what a receipt tells beyond its
    /// state.
    pub fn message(&self, ticket: Ticket) -> Option<Record> {
        self.store.find(ticket.slot, ticket.generation).map(|held| held.record)
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
        let parties = [Party::Sender(queue.sender), Party::Tenant(queue.tenant)];
        let slot = queue.messages.head();
        let slot = slot.expect("a policy picks only eligible queues, and those have a head");
        let mut held = self.store.get(slot);
        let sent = held.entry();
        let next = self.pop_queue(queue_id, slot, sent.segments);
        if let Some(pacer) = &mut self.pacer {
            pacer.charge(now, sent.segments);
        }
        let session = self.sessions.seat(sent.segments);
        let entry = next.map(|next| self.store.entry(next));
        self.policy.dispatched(now, queue_id, sent, entry);
        if entry.is_none() {
            self.set_standing(queue_id, QueueStanding::Empty);
        }
        for party in parties {
            if let Some(gate) = self.directory.gate_mut(party) {
                gate.charge(now, sent.segments);
                // What holds nothing back held nothing back before the charge either.
                let is_open = gate.is_open_to_all(now);
                let (held, number) = self.directory.held(party);
                if !is_open || held.contains(number) {
                    self.reconsider(now, party);
                }
            }
        }
        let number = self.store.dispatch(now, slot, session);
        held.record.attempts = number;
        held.record.first_dispatch = held.record.first_dispatch.min(now);
        let ticket = Ticket { slot, generation: held.generation, attempt: number };
        let attempt = Attempt { ticket, session, number, message: held.record.message };
        self.counts.attempts.dispatched += 1;
        self.counts.attempts.unanswered += 1;
        self.move_to(now, slot, &mut held, Happening::Dispatched, 0, observer);
        self.store.push_back(&mut self.unanswered, slot);
        self.watch(now.saturating_add(self.config.response_timeout));
        attempt
    }

    /// Makes a legal move of the belief in a message that is `held` in a slot, counts it and tells the
    /// observer.
    fn move_to<O: LaneObserver>(
        &mut self,
        now: Time,
        slot: u32,
        held: &mut Slot,
        why: Happening,
        code: u32,
        observer: &mut O,
    ) -> Belief {
        let (from, message) = (held.belief, &held.record.message);
        let to = next_belief(Some(from), why).expect("the lane makes only legal moves");
        self.store.set_belief(now, slot, to);
        held.belief = to;
        self.counts.moved(Some(from), to, message.segments);
        self.directory.tenant_mut(message.tenant).counts.moved(Some(from), to, message.segments);
        observer.moved(now, &held.record, Some(from), to, why, code);
        to
    }

    fn take_sequence(&mut self) -> u64 {
        self.next_sequence += 1;
        self.next_sequence
    }

    /// Forgets a message that is in no list.
    fn free(&mut self, now: Time, slot: u32, held: &Slot) {
        // A message that was accepted left its queue's count then.
        if matches!(held.belief, Belief::Expired | Belief::Cancelled) {
            self.holds.forget(slot);
            self.directory.release(now, held.queue, &mut self.policy);
        }
        self.store.remove(slot);
    }
}
