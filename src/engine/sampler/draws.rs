//! As many numbers as a sample takes.

use super::super::stream::{Luck, Stream};

/// The numbers of one ordinal of a stream, one after another: those of a block, then those of the next.
#[derive(Clone, Debug)]
pub struct Draws {
    stream: Stream,
    ordinal: u64,
    luck: Luck,
    part: u8,
    next: usize,
}

impl Draws {
    /// Numbers in a block.
    const BLOCK: usize = 8;

    /// All numbers of an ordinal from the beginning of a part.
    pub fn new(stream: &Stream, ordinal: u64, part: u8) -> Self {
        Draws { stream: *stream, ordinal, luck: stream.luck(ordinal, part), part, next: 0 }
    }

    /// The numbers from `first` on of a block that is at hand: part 0 of the ordinal.
    pub fn continuing(stream: &Stream, ordinal: u64, luck: Luck, first: usize) -> Self {
        Draws { stream: *stream, ordinal, luck, part: 0, next: first }
    }

    /// The next number.
    ///
    /// # Panics
    /// When 256 blocks do not do: a sampler that rejects half of its trials needs a thousand
    /// rejections for that.
    pub fn number(&mut self) -> u64 {
        if self.next == Self::BLOCK {
            self.part = self.part.checked_add(1).expect("no sample takes 256 blocks");
            self.luck = self.stream.luck(self.ordinal, self.part);
            self.next = 0;
        }
        self.next += 1;
        self.luck.number(self.next - 1)
    }
}
