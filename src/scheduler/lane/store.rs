//! Where a lane keeps its messages: a slab, with lists threaded through it.
//!
//! A message is in at most one list at a time (its queue, those beside its queue, the unanswered, those
//! without receipt, or those kept for late news), so two links a slot serve them all: joining, leaving
//! from the middle and walking cost no allocation.
//!
//! What waits may be millions of messages, so it is kept small: 62 bytes a message, in pages that never
//! move. What messages of one queue have in common is kept once for all of them (a *lot*), and what a
//! message has only since its first dispatch in a slab of its own (its *journey*).

use crate::paged::Paged;
use crate::scheduler::life::Belief;
use crate::scheduler::message::{Message, Record};
use crate::scheduler::policy::{Entry, EntryKind};
use crate::scheduler::status::ReceiptState;
use crate::time::Time;
use crate::units::{ClassId, MessageId, QueueId, Segments, SenderId, SessionId, TenantId};

pub(super) const NONE: u32 = u32::MAX;

/// A message and what the lane remembers of it, put together from where it is kept: once an event, since
/// every look for it may miss every cache.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Slot {
    pub(super) record: Record,
    /// Place in the order of arrival; renewed when it goes to the tail after a retry.
    pub(super) sequence: u64,
    pub(super) queue: QueueId,
    /// Of its latest attempt.
    pub(super) session: SessionId,
    pub(super) belief: Belief,
    pub(super) aside: Aside,
    /// When its belief last moved, since it was dispatched.
    pub(super) since: Time,
    /// Tells it from earlier messages of the same slot.
    pub(super) generation: u32,
    /// Bit n: attempt n + 1 was given up without an answer.
    pub(super) unknown_attempts: u32,
}

impl Slot {
    /// It as its policy sees it.
    pub(super) fn entry(&self) -> Entry {
        let kind = match (self.record.attempts, self.aside) {
            (0, Aside::Spilled) => EntryKind::Spill,
            (0, _) => EntryKind::New,
            _ => EntryKind::Retry,
        };
        let Message { segments, expires: deadline, .. } = self.record.message;
        Entry { segments, deadline, sequence: self.sequence, kind }
    }
}

/// What is remembered beside the belief, by what it means there; a byte in all.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub(super) enum Aside {
    Nothing,
    /// Queued for the first time: by right it is another sender's.
    Spilled,
    /// Parked: it queues again before the others when its back-off is over.
    RequeueAtHead,
    /// Parked: it queues again behind them.
    RequeueAtTail,
    /// In flight: a receipt came before the answer, and counts when the attempt is over.
    EarlyReceipt(ReceiptState),
}

/// What is kept of every message. Packed: eight bytes that begin anywhere are read as fast.
#[derive(Clone, Copy, Debug)]
#[repr(Rust, packed)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
struct Kept {
    id: u64,
    key: u64,
    reference: u64,
    expires: Time,
    submitted: Time,
    lot: u32,
    previous: u32,
    /// In the list it is in, or the next free slot.
    next: u32,
    /// Before its first dispatch the low and the high part of its sequence; after that, where its journey
    /// is, and [`HAS_JOURNEY`].
    place: u32,
    place_high: u16,
    segments: u16,
    /// `None` where there is no message.
    belief: Option<Belief>,
    aside: Aside,
}

const HAS_JOURNEY: u16 = u16::MAX;

/// What a message has since its first dispatch.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
struct Journey {
    sequence: u64,
    since: Time,
    first_dispatch: Time,
    generation: u32,
    unknown_attempts: u32,
    attempts: u32,
    session: SessionId,
}

/// What the messages of one queue have in common.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
struct Lot {
    queue: QueueId,
    tenant: TenantId,
    sender: SenderId,
    class: ClassId,
    /// Messages that belong to it; without any it is free.
    messages: u32,
}

/// A list threaded through the slots.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct List {
    pub(super) head: u32,
    pub(super) tail: u32,
}

impl List {
    pub(super) const EMPTY: List = List { head: NONE, tail: NONE };

    pub(super) fn head(&self) -> Option<u32> {
        (self.head != NONE).then_some(self.head)
    }
}

/// The slab.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Store {
    slots: Paged<Kept>,
    free_slot: u32,
    journeys: Paged<Journey>,
    /// Free ones are chained by their generations.
    free_journey: u32,
    lots: Paged<Lot>,
    /// Free ones are chained by their numbers of messages.
    free_lot: u32,
    /// By queue: its latest lot.
    lot_of_queue: Paged<u32>,
}

impl Default for Store {
    fn default() -> Self {
        Store {
            slots: Paged::default(),
            free_slot: NONE,
            journeys: Paged::default(),
            free_journey: NONE,
            lots: Paged::default(),
            free_lot: NONE,
            lot_of_queue: Paged::default(),
        }
    }
}

impl Store {
    /// The most segments that a message can have here.
    pub(super) const MOST_SEGMENTS: Segments = Segments(u16::MAX as u32);

    /// Takes in a message that waits for its first dispatch.
    ///
    /// # Panics
    /// When it has more than [`Store::MOST_SEGMENTS`], or after 2⁴⁸ messages.
    pub(super) fn insert(&mut self, record: Record, queue: QueueId, sequence: u64) -> u32 {
        let Record { message, submitted, .. } = record;
        let place_high = u16::try_from(sequence >> 32).unwrap_or(HAS_JOURNEY);
        assert_ne!(place_high, HAS_JOURNEY, "a lane takes fewer than 2^48 messages");
        let lot = self.join_lot(queue, &message);
        let kept = Kept {
            id: message.id.0,
            key: message.key,
            reference: message.reference,
            expires: message.expires,
            submitted,
            lot,
            previous: NONE,
            next: NONE,
            place: sequence as u32,
            place_high,
            segments: u16::try_from(message.segments.0).expect("at most the most segments"),
            belief: Some(Belief::Queued),
            aside: Aside::Nothing,
        };
        if self.free_slot == NONE {
            self.slots.push(kept);
            return (self.slots.len() - 1) as u32;
        }
        let index = self.free_slot;
        self.free_slot = self.slots[index].next;
        self.slots[index] = kept;
        index
    }

    /// One message more in the lot of those that it joins in this queue: the queue's latest, unless that is
    /// of others.
    fn join_lot(&mut self, queue: QueueId, message: &Message) -> u32 {
        while self.lot_of_queue.len() <= queue.index() {
            self.lot_of_queue.push(NONE);
        }
        let Message { tenant, sender, class, .. } = *message;
        let latest = self.lot_of_queue[queue.0];
        if latest != NONE {
            let lot = &mut self.lots[latest];
            if (lot.tenant, lot.sender, lot.class) == (tenant, sender, class) {
                lot.messages += 1;
                return latest;
            }
        }
        let lot = Lot { queue, tenant, sender, class, messages: 1 };
        let index = if self.free_lot == NONE {
            self.lots.push(lot);
            (self.lots.len() - 1) as u32
        } else {
            let free = self.free_lot;
            self.free_lot = core::mem::replace(&mut self.lots[free], lot).messages;
            free
        };
        self.lot_of_queue[queue.0] = index;
        index
    }

    /// One message fewer in a lot.
    fn leave_lot(&mut self, index: u32) {
        let lot = &mut self.lots[index];
        lot.messages -= 1;
        if lot.messages == 0 {
            lot.messages = core::mem::replace(&mut self.free_lot, index);
            let latest = &mut self.lot_of_queue[lot.queue.0];
            if *latest == index {
                *latest = NONE;
            }
        }
    }

    /// Frees a slot that is in no list; its tickets are stale from then on.
    pub(super) fn remove(&mut self, index: u32) {
        let kept = &mut self.slots[index];
        let (lot, journey) = (kept.lot, kept.journey());
        kept.belief = None;
        kept.next = core::mem::replace(&mut self.free_slot, index);
        if let Some(journey) = journey {
            self.journeys[journey].generation = core::mem::replace(&mut self.free_journey, journey);
        }
        self.leave_lot(lot);
    }

    /// A message and what is remembered of it.
    ///
    /// # Panics
    /// When there is none in this slot.
    #[inline]
    pub(super) fn get(&self, index: u32) -> Slot {
        let kept = &self.slots[index];
        self.together(kept, { kept.belief }.expect("only slots in use are asked for"))
    }

    /// The message of a slot, if it is still that of this generation.
    #[inline]
    pub(super) fn find(&self, index: u32, generation: u32) -> Option<Slot> {
        let kept = self.slots.get(index as usize)?;
        let found = self.together(kept, { kept.belief }?);
        (found.generation == generation).then_some(found)
    }

    #[inline]
    fn together(&self, kept: &Kept, belief: Belief) -> Slot {
        let lot = &self.lots[kept.lot];
        let message = Message {
            id: MessageId(kept.id),
            key: kept.key,
            reference: kept.reference,
            tenant: lot.tenant,
            sender: lot.sender,
            class: lot.class,
            segments: Segments(kept.segments.into()),
            expires: kept.expires,
        };
        let (submitted, aside, queue) = (kept.submitted, kept.aside, lot.queue);
        let journey = match kept.journey() {
            Some(journey) => self.journeys[journey],
            None => Journey {
                sequence: kept.sequence(),
                since: submitted,
                first_dispatch: Time::NEVER,
                generation: kept.place,
                unknown_attempts: 0,
                attempts: 0,
                session: SessionId(0),
            },
        };
        let Journey { sequence, since, first_dispatch, generation, .. } = journey;
        let Journey { unknown_attempts, attempts, session, .. } = journey;
        let record = Record { message, submitted, first_dispatch, attempts };
        Slot {
            record,
            sequence,
            queue,
            session,
            belief,
            aside,
            since,
            generation,
            unknown_attempts,
        }
    }

    /// Indices of all messages.
    pub(super) fn indices(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.slots.len() as u32).filter(|index| self.slots[*index].is_used())
    }

    /// Which queue a message belongs to.
    pub(super) fn queue(&self, index: u32) -> QueueId {
        self.lots[self.slots[index].lot].queue
    }

    /// What the platform believes of a message.
    ///
    /// # Panics
    /// When there is none in this slot.
    pub(super) fn belief(&self, index: u32) -> Belief {
        { self.slots[index].belief }.expect("only slots in use are asked for")
    }

    /// The session of a message's latest attempt.
    pub(super) fn session(&self, index: u32) -> SessionId {
        let journey = self.slots[index].journey();
        journey.map_or(SessionId(0), |journey| self.journeys[journey].session)
    }

    /// What a message costs.
    pub(super) fn segments(&self, index: u32) -> Segments {
        Segments(self.slots[index].segments.into())
    }

    /// When a message stops being worth sending.
    pub(super) fn expires(&self, index: u32) -> Time {
        self.slots[index].expires
    }

    /// When the belief of a message that was dispatched last moved.
    pub(super) fn since(&self, index: u32) -> Time {
        match self.slots[index].journey() {
            None => self.slots[index].submitted,
            Some(journey) => self.journeys[journey].since,
        }
    }

    /// A message as its policy sees it.
    pub(super) fn entry(&self, index: u32) -> Entry {
        let kept = &self.slots[index];
        let (sequence, kind) = match kept.journey() {
            None if { kept.aside } == Aside::Spilled => (kept.sequence(), EntryKind::Spill),
            None => (kept.sequence(), EntryKind::New),
            Some(journey) => (self.journeys[journey].sequence, EntryKind::Retry),
        };
        let segments = Segments(kept.segments.into());
        Entry { segments, deadline: kept.expires, sequence, kind }
    }

    /// The place of a message in the order of arrival.
    pub(super) fn sequence(&self, index: u32) -> u64 {
        let kept = &self.slots[index];
        kept.journey().map_or_else(|| kept.sequence(), |journey| self.journeys[journey].sequence)
    }

    /// A message joins another queue; what it is stays as it was.
    pub(super) fn set_queue(&mut self, index: u32, queue: QueueId) {
        let message = self.get(index).record.message;
        let lot = self.join_lot(queue, &message);
        let before = self.slots[index].lot;
        self.slots[index].lot = lot;
        self.leave_lot(before);
    }

    /// The belief of a message moves.
    pub(super) fn set_belief(&mut self, now: Time, index: u32, belief: Belief) {
        let kept = &mut self.slots[index];
        kept.belief = Some(belief);
        if let Some(journey) = kept.journey() {
            self.journeys[journey].since = now;
        }
    }

    pub(super) fn set_aside(&mut self, index: u32, aside: Aside) {
        self.slots[index].aside = aside;
    }

    /// A message is dispatched on a session; returns which attempt that is, from 1.
    pub(super) fn dispatch(&mut self, now: Time, index: u32, session: SessionId) -> u32 {
        let kept = &mut self.slots[index];
        if let Some(journey) = kept.journey() {
            let journey = &mut self.journeys[journey];
            journey.attempts += 1;
            journey.session = session;
            return journey.attempts;
        }
        let journey = Journey {
            sequence: kept.sequence(),
            since: now,
            first_dispatch: now,
            generation: kept.place,
            unknown_attempts: 0,
            attempts: 1,
            session,
        };
        let place = self.free_journey;
        kept.place_high = HAS_JOURNEY;
        if place == NONE {
            kept.place = self.journeys.len() as u32;
            self.journeys.push(journey);
        } else {
            kept.place = place;
            self.free_journey = core::mem::replace(&mut self.journeys[place], journey).generation;
        }
        1
    }

    /// Bit n: attempt n + 1 was given up without an answer.
    pub(super) fn set_unknown_attempts(&mut self, index: u32, attempts: u32) {
        self.journey_mut(index).unknown_attempts = attempts;
    }

    /// A message that was dispatched takes another place in the order of arrival.
    pub(super) fn set_sequence(&mut self, index: u32, sequence: u64) {
        self.journey_mut(index).sequence = sequence;
    }

    fn journey_mut(&mut self, index: u32) -> &mut Journey {
        let journey = self.slots[index].journey().expect("it was dispatched");
        &mut self.journeys[journey]
    }

    pub(super) fn next(&self, index: u32) -> Option<u32> {
        let next = self.slots[index].next;
        (next != NONE).then_some(next)
    }

    pub(super) fn push_back(&mut self, list: &mut List, index: u32) {
        let kept = &mut self.slots[index];
        (kept.previous, kept.next) = (list.tail, NONE);
        match list.tail {
            NONE => list.head = index,
            tail => self.slots[tail].next = index,
        }
        list.tail = index;
    }

    /// Puts a slot where its sequence belongs in a list ordered by sequence, searching from behind
    /// `known`, a smaller one of the list, or from the head: what goes back to the head of its queue is
    /// older than almost all of it.
    pub(super) fn insert_by_sequence(&mut self, list: &mut List, known: Option<u32>, index: u32) {
        let sequence = self.sequence(index);
        let mut after = known.map_or(list.head, |known| self.slots[known].next);
        while after != NONE && self.sequence(after) < sequence {
            after = self.slots[after].next;
        }
        if after == NONE {
            self.push_back(list, index);
            return;
        }
        let before = self.slots[after].previous;
        self.slots[after].previous = index;
        match before {
            NONE => list.head = index,
            before => self.slots[before].next = index,
        }
        let kept = &mut self.slots[index];
        (kept.previous, kept.next) = (before, after);
    }

    pub(super) fn unlink(&mut self, list: &mut List, index: u32) {
        let Kept { previous, next, .. } = self.slots[index];
        match previous {
            NONE => list.head = next,
            previous => self.slots[previous].next = next,
        }
        match next {
            NONE => list.tail = previous,
            next => self.slots[next].previous = previous,
        }
    }
}

impl Kept {
    fn is_used(&self) -> bool {
        { self.belief }.is_some()
    }

    fn journey(&self) -> Option<u32> {
        (self.place_high == HAS_JOURNEY).then_some(self.place)
    }

    /// Of a message that was never dispatched.
    fn sequence(&self) -> u64 {
        u64::from(self.place_high) << 32 | u64::from(self.place)
    }
}

#[cfg(test)]
mod tests;
