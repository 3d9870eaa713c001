//! The calendar: what is still to happen, in order.

use crate::time::Time;

/// Orders simultaneous events: rank of the kind, then number of the entity, then the ordinal of that
/// entity's event. At one time a key stands for one event only.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(u64);

impl Key {
    /// No key is before it.
    pub(super) const FIRST: Key = Key(0);
    /// Ranks are below this.
    pub const RANKS: u8 = 1 << 5;
    /// Entities are below this.
    pub const ENTITIES: u32 = 1 << 26;
    /// Ordinals are kept modulo this; an entity never has so many events at one time.
    pub const ORDINALS: u64 = 1 << 33;

    /// A key.
    ///
    /// # Panics
    /// When the rank or the entity is out of range.
    pub const fn new(rank: u8, entity: u32, ordinal: u64) -> Self {
        assert!(rank < Self::RANKS && entity < Self::ENTITIES, "rank or entity out of range");
        Key(((rank as u64) << 59) | ((entity as u64) << 33) | (ordinal % Self::ORDINALS))
    }

    /// The rank of the kind.
    pub const fn rank(self) -> u8 {
        (self.0 >> 59) as u8
    }

    /// The number of the entity.
    pub const fn entity(self) -> u32 {
        (self.0 >> 33) as u32 & (Self::ENTITIES - 1)
    }

    /// The ordinal, modulo [`Key::ORDINALS`].
    pub const fn ordinal(self) -> u64 {
        self.0 & (Self::ORDINALS - 1)
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "rank {} entity {} ordinal {}", self.rank(), self.entity(), self.ordinal())
    }
}

/// An event to come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Entry<P> {
    /// When.
    pub time: Time,
    /// In which order among simultaneous ones.
    pub key: Key,
    /// What it carries.
    pub payload: P,
}

impl<P> Entry<P> {
    /// What entries are ordered by, as one number: comparing it is a single instruction pair.
    pub(super) fn order(&self) -> u128 {
        order(self.time, self.key)
    }
}

/// Time, then key, as one number.
pub(super) fn order(time: Time, key: Key) -> u128 {
    u128::from(time.as_nanoseconds()) << 64 | u128::from(key.0)
}

/// A priority queue of events, exact in the order of (time, key).
pub trait Calendar<P> {
    /// Adds an event. It is never earlier than the last one popped.
    fn push(&mut self, entry: Entry<P>);
    /// Removes the first event.
    fn pop(&mut self) -> Option<Entry<P>>;
    /// When the first event is.
    fn next_time(&mut self) -> Option<Time>;
    /// How many are still to come.
    fn len(&self) -> usize;
    /// Whether nothing is.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
