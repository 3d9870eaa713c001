//! What is remembered of every message: 24 bytes.

use std::collections::BTreeMap;

use crate::paged::Paged;
use crate::scheduler::{Belief, Truth, better_truth};
use crate::time::Time;
use crate::units::MessageId;

/// A hundred kilobytes: the places of ten million messages' pages fit into the nearest cache.
const MESSAGES_A_PAGE: usize = 4096;

/// The table of all messages of a run, by number. It grows by pages: a run may have a hundred million
/// messages, and a vector would at times take three times the memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Messages {
    table: Paged<Message, MESSAGES_A_PAGE>,
    /// Copies made by attempts beyond [`INLINE_COPIES`]: hardly any.
    late_copies: BTreeMap<(u64, u32), Copy>,
}

/// One message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Message {
    /// When it was submitted.
    pub(crate) submitted: Time,
    /// The number of its cell.
    pub(crate) cell: u32,
    /// What it costs.
    pub(crate) segments: u32,
    state: u64,
}

/// How far one copy of a message got at the carrier.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Copy {
    /// The carrier never took it.
    Nowhere,
    /// The carrier holds it.
    AtCarrier,
    /// The handset has it.
    Delivered,
    /// It never will: lost or rejected.
    Gone,
}

// The state: 4 bits belief, 6 bits attempts, 3 bits settled truth, then 2 bits a copy.
const BELIEF: (u32, u64) = (0, 0xf);
const ATTEMPTS: (u32, u64) = (4, 0x3f);
const SETTLED: (u32, u64) = (10, 0x7);
const COPIES: u32 = 13;
const INLINE_COPIES: u32 = (u64::BITS - COPIES) / 2;

impl Messages {
    /// How many messages were submitted.
    pub(crate) fn len(&self) -> u64 {
        self.table.len() as u64
    }

    /// Appends a message; its number is [`Messages::len`] before.
    pub(crate) fn submit(&mut self, submitted: Time, cell: u32, segments: u32, belief: Belief) {
        self.table.push(Message { submitted, cell, segments, state: belief as u64 });
    }

    /// A message, if it was submitted.
    pub(crate) fn get(&self, id: MessageId) -> Option<&Message> {
        self.table.get(usize::try_from(id.0).ok()?)
    }

    /// A message to change, if it was submitted.
    pub(crate) fn get_mut(&mut self, id: MessageId) -> Option<&mut Message> {
        self.table.get_mut(usize::try_from(id.0).ok()?)
    }

    /// All messages in order of submission.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Message> {
        self.table.iter()
    }

    /// Where the copy that attempt number `attempt` (from 1) made is.
    pub(crate) fn copy(&self, id: MessageId, attempt: u32) -> Copy {
        if attempt > INLINE_COPIES {
            return self.late_copies.get(&(id.0, attempt)).copied().unwrap_or(Copy::Nowhere);
        }
        self.get(id).map_or(Copy::Nowhere, |message| message.inline_copy(attempt))
    }

    /// The truth of a message: of the best of its copies.
    pub(crate) fn truth(&self, id: MessageId) -> Truth {
        let Some(message) = self.get(id) else { return Truth::Nowhere };
        let held = (1..=message.attempts()).any(|n| self.copy(id, n) == Copy::AtCarrier);
        better_truth(message.settled(), if held { Truth::AtCarrier } else { Truth::Nowhere })
    }

    /// Notes where the copy that attempt number `attempt` (from 1) made is now.
    pub(crate) fn set_copy(&mut self, id: MessageId, attempt: u32, copy: Copy) {
        if attempt > INLINE_COPIES {
            self.late_copies.insert((id.0, attempt), copy);
        } else if let Some(message) = self.get_mut(id) {
            message.set_bits((copy_shift(attempt), 3), copy as u64);
        }
    }
}

fn copy_shift(attempt: u32) -> u32 {
    COPIES + 2 * attempt.saturating_sub(1)
}

impl Message {
    /// What the platform believes of it.
    pub(crate) fn belief(&self) -> Belief {
        Belief::ALL[self.bits(BELIEF) as usize]
    }

    /// Notes what the platform believes now.
    pub(crate) fn set_belief(&mut self, belief: Belief) {
        self.set_bits(BELIEF, belief as u64);
    }

    /// How often it was dispatched; at most 63.
    pub(crate) fn attempts(&self) -> u32 {
        self.bits(ATTEMPTS) as u32
    }

    /// Notes one more dispatch.
    pub(crate) fn count_attempt(&mut self) {
        self.set_bits(ATTEMPTS, self.bits(ATTEMPTS) + 1);
    }

    /// The truth of the best of its copies that the carrier is done with.
    pub(crate) fn settled(&self) -> Truth {
        Truth::ALL[self.bits(SETTLED) as usize]
    }

    /// Notes the truth of the best of its copies that the carrier is done with.
    pub(crate) fn set_settled(&mut self, truth: Truth) {
        self.set_bits(SETTLED, truth as u64);
    }

    /// Where its copy is, when there was one attempt.
    pub(crate) fn only_copy(&self) -> Copy {
        self.inline_copy(1)
    }

    /// Notes where its copy is now, when there was one attempt.
    pub(crate) fn set_only_copy(&mut self, copy: Copy) {
        self.set_bits((copy_shift(1), 3), copy as u64);
    }

    /// The truth of the message, when there was one attempt.
    pub(crate) fn truth_of_only_copy(&self) -> Truth {
        let is_held = self.only_copy() == Copy::AtCarrier;
        better_truth(self.settled(), if is_held { Truth::AtCarrier } else { Truth::Nowhere })
    }

    fn inline_copy(&self, attempt: u32) -> Copy {
        match self.bits((copy_shift(attempt), 3)) {
            0 => Copy::Nowhere,
            1 => Copy::AtCarrier,
            2 => Copy::Delivered,
            _ => Copy::Gone,
        }
    }

    fn bits(&self, (shift, mask): (u32, u64)) -> u64 {
        self.state >> shift & mask
    }

    fn set_bits(&mut self, (shift, mask): (u32, u64), value: u64) {
        debug_assert!(value <= mask);
        self.state = self.state & !(mask << shift) | (value & mask) << shift;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_takes_24_bytes() {
        assert_eq!(size_of::<Message>(), 24);
        assert_eq!(INLINE_COPIES, 25);
    }

    #[test]
    fn the_parts_of_the_state_do_not_touch_each_other() {
        let id = MessageId(0);
        let mut messages = Messages::default();
        messages.submit(Time::from_seconds(3), 7, 2, Belief::Queued);
        for _ in 0..32 {
            messages.get_mut(id).expect("there").count_attempt();
        }
        for attempt in 1..=32 {
            messages.set_copy(id, attempt, Copy::AtCarrier);
        }
        messages.set_copy(id, 25, Copy::Gone);
        messages.set_copy(id, 26, Copy::Delivered);
        let message = messages.get_mut(id).expect("there");
        message.set_settled(Truth::Rejected);
        message.set_belief(Belief::Unknown);
        assert_eq!((message.belief(), message.attempts()), (Belief::Unknown, 32));
        assert_eq!((message.settled(), message.cell), (Truth::Rejected, 7));
        assert_eq!(messages.copy(id, 1), Copy::AtCarrier);
        assert_eq!(messages.copy(id, 24), Copy::AtCarrier);
        assert_eq!(messages.copy(id, 25), Copy::Gone);
        assert_eq!(messages.copy(id, 26), Copy::Delivered);
        assert_eq!(messages.copy(id, 32), Copy::AtCarrier);
        assert_eq!(messages.copy(id, 33), Copy::Nowhere);
        assert!(messages.get(MessageId(1)).is_none());
    }
}
