//! Named random streams.
//!
//! Every draw belongs to a name (an entity and a purpose) and an ordinal. One ChaCha8 block is the luck
//! of one ordinal, for instance of one message: eight numbers of 64 bits. So adding an entity, or
//! drawing more often in one place, shifts nobody else's draws; and the policy's name is in no stream's
//! name, so that all policies meet the same luck.

use xxhash_rust::xxh3::xxh3_64;

use super::chacha;

/// The seed of a run: the key of all its streams.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Seed {
    key: [u32; 8],
}

impl Seed {
    /// The seed of this number.
    pub fn new(number: u64) -> Self {
        // The rest of the key is the name of the scheme, so that another scheme is another key.
        let mut key = [0; 8];
        key[0] = number as u32;
        key[1] = (number >> 32) as u32;
        for (word, text) in key[2..].iter_mut().zip(b"apportion streams, v1...".chunks_exact(4)) {
            *word = u32::from_le_bytes(text.try_into().expect("chunks of four bytes"));
        }
        Seed { key }
    }

    /// The stream of this name.
    pub fn stream(self, name: &StreamName) -> Stream {
        Stream { key: self.key, number: name.number() }
    }
}

/// The name of a stream: whose draws, and what for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct StreamName {
    /// Whose, for instance `tenant/acme`.
    pub entity: String,
    /// What for, for instance `traffic/otp`.
    pub purpose: String,
}

impl StreamName {
    /// A name.
    pub fn new(entity: impl Into<String>, purpose: impl Into<String>) -> Self {
        StreamName { entity: entity.into(), purpose: purpose.into() }
    }

    /// The number of the stream: a hash of the name. Two names of one scenario with the same number are
    /// an error of the scenario.
    pub fn number(&self) -> u64 {
        xxh3_64(format!("{}\0{}", self.entity, self.purpose).as_bytes())
    }
}

/// One named stream. Drawing from it changes nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stream {
    key: [u32; 8],
    number: u64,
}

impl Stream {
    /// The luck of an ordinal; `part` gives further luck to the same ordinal, for instance to later
    /// attempts of a message. Parts above 255 are out of range, ordinals above 2⁵⁶ too.
    pub fn luck(&self, ordinal: u64, part: u8) -> Luck {
        let words = chacha::block(&self.key, self.number, ordinal << 8 | u64::from(part));
        Luck { words }
    }

    /// The number of the stream.
    pub fn number(&self) -> u64 {
        self.number
    }
}

/// Eight numbers drawn for one ordinal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Luck {
    words: [u32; 16],
}

impl Luck {
    /// Number `index` of the eight.
    ///
    /// # Panics
    /// When the index is above 7.
    pub fn number(&self, index: usize) -> u64 {
        u64::from(self.words[2 * index]) | u64::from(self.words[2 * index + 1]) << 32
    }
}
