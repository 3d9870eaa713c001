//! Where a lane keeps its messages: a slab, with lists threaded through it.
//!
//! A message is in at most one list at a time (its queue, those beside its queue, the unanswered, those
//! without receipt, or those kept for late news), so two links a slot serve them all: joining, leaving from the middle
//! and walking cost no allocation.

use alloc::vec::Vec;

use crate::scheduler::life::Belief;
use crate::scheduler::message::Record;
use crate::scheduler::policy::{Entry, EntryKind};
use crate::scheduler::status::ReceiptState;
use crate::time::Time;
use crate::units::{QueueId, SessionId};

pub(super) const NONE: u32 = u32::MAX;

/// A message and its place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    pub(super) record: Record,
    /// Place in the order of arrival; renewed when it goes to the tail after a retry.
    pub(super) sequence: u64,
    /// When its belief last moved.
    pub(super) since: Time,
    pub(super) queue: QueueId,
    /// Tells a slot's present message from earlier ones.
    pub(super) generation: u32,
    /// Bit n: attempt n + 1 was given up without an answer.
    pub(super) unknown_attempts: u32,
    previous: u32,
    next: u32,
    pub(super) session: SessionId,
    pub(super) belief: Belief,
    pub(super) aside: Aside,
}

/// What is remembered beside the belief, by what it means there; a byte in all.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
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

impl Slot {
    /// The message as its policy sees it.
    pub(super) fn entry(&self) -> Entry {
        Entry {
            segments: self.record.message.segments,
            deadline: self.record.message.expires,
            sequence: self.sequence,
            kind: match (self.record.attempts, self.aside) {
                (0, Aside::Spilled) => EntryKind::Spill,
                (0, _) => EntryKind::New,
                _ => EntryKind::Retry,
            },
        }
    }
}

/// A list threaded through the slots.
#[derive(Clone, Copy, Debug)]
pub(super) struct List {
    head: u32,
    tail: u32,
}

impl List {
    pub(super) const EMPTY: List = List { head: NONE, tail: NONE };

    pub(super) fn head(&self) -> Option<u32> {
        (self.head != NONE).then_some(self.head)
    }
}

/// The slab.
#[derive(Clone, Debug, Default)]
pub(super) struct Store {
    slots: Vec<Slot>,
    free: Vec<u32>,
}

impl Store {
    pub(super) fn insert(&mut self, record: Record, queue: QueueId, sequence: u64) -> u32 {
        let mut slot = Slot {
            record,
            sequence,
            since: record.submitted,
            queue,
            generation: 0,
            unknown_attempts: 0,
            previous: NONE,
            next: NONE,
            session: SessionId(0),
            belief: Belief::Queued,
            aside: Aside::Nothing,
        };
        match self.free.pop() {
            Some(index) => {
                slot.generation = self.slots[index as usize].generation;
                self.slots[index as usize] = slot;
                index
            }
            None => {
                self.slots.push(slot);
                (self.slots.len() - 1) as u32
            }
        }
    }

    /// Frees a slot that is in no list; its tickets are stale from then on.
    pub(super) fn remove(&mut self, index: u32) {
        let slot = &mut self.slots[index as usize];
        slot.generation = slot.generation.wrapping_add(1);
        self.free.push(index);
    }

    pub(super) fn get(&self, index: u32) -> &Slot {
        &self.slots[index as usize]
    }

    pub(super) fn get_mut(&mut self, index: u32) -> &mut Slot {
        &mut self.slots[index as usize]
    }

    /// The slot of this index, if it still holds the message of this generation.
    pub(super) fn find(&self, index: u32, generation: u32) -> Option<&Slot> {
        self.slots.get(index as usize).filter(|slot| slot.generation == generation)
    }

    pub(super) fn next(&self, index: u32) -> Option<u32> {
        let next = self.slots[index as usize].next;
        (next != NONE).then_some(next)
    }

    pub(super) fn push_back(&mut self, list: &mut List, index: u32) {
        let slot = &mut self.slots[index as usize];
        (slot.previous, slot.next) = (list.tail, NONE);
        match list.tail {
            NONE => list.head = index,
            tail => self.slots[tail as usize].next = index,
        }
        list.tail = index;
    }

    /// Puts a slot where its sequence belongs in a list ordered by sequence, searching from behind
    /// `known`, a smaller one of the list, or from the head: what goes back to the head of its queue is
    /// older than almost all of it.
    pub(super) fn insert_by_sequence(&mut self, list: &mut List, known: Option<u32>, index: u32) {
        let sequence = self.slots[index as usize].sequence;
        let mut after = known.map_or(list.head, |known| self.slots[known as usize].next);
        while after != NONE && self.slots[after as usize].sequence < sequence {
            after = self.slots[after as usize].next;
        }
        if after == NONE {
            self.push_back(list, index);
            return;
        }
        let before = self.slots[after as usize].previous;
        self.slots[after as usize].previous = index;
        match before {
            NONE => list.head = index,
            before => self.slots[before as usize].next = index,
        }
        let slot = &mut self.slots[index as usize];
        (slot.previous, slot.next) = (before, after);
    }

    pub(super) fn unlink(&mut self, list: &mut List, index: u32) {
        let Slot { previous, next, .. } = self.slots[index as usize];
        match previous {
            NONE => list.head = next,
            previous => self.slots[previous as usize].next = next,
        }
        match next {
            NONE => list.tail = previous,
            next => self.slots[next as usize].previous = previous,
        }
    }
}
