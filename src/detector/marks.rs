//! Which of many are marked, a bit each.

use alloc::vec::Vec;

/// A set of small numbers that is walked in their order.
#[derive(Clone, Debug, Default)]
pub(super) struct Marks {
    words: Vec<u64>,
    marked: usize,
}

const BITS: usize = u64::BITS as usize;

impl Marks {
    /// Makes room for numbers up to this one.
    pub(super) fn make_room(&mut self, number: usize) {
        if self.words.len() <= number / BITS {
            self.words.resize(number / BITS + 1, 0);
        }
    }

    /// Marks a number that there is room for.
    #[inline]
    pub(super) fn set(&mut self, number: usize) {
        let word = &mut self.words[number / BITS];
        self.marked += usize::from(*word & 1 << (number % BITS) == 0);
        *word |= 1 << (number % BITS);
    }

    /// Takes a mark back.
    pub(super) fn clear(&mut self, number: usize) {
        let word = &mut self.words[number / BITS];
        self.marked -= usize::from(*word & 1 << (number % BITS) != 0);
        *word &= !(1 << (number % BITS));
    }

    /// Whether nothing is marked.
    pub(super) fn is_empty(&self) -> bool {
        self.marked == 0
    }

    /// The first marked number from this one on.
    pub(super) fn next(&self, from: usize) -> Option<usize> {
        let mut at = from / BITS;
        let mut word = self.words.get(at)? & u64::MAX << (from % BITS);
        while word == 0 {
            at += 1;
            word = *self.words.get(at)?;
        }
        Some(at * BITS + word.trailing_zeros() as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;

    use crate::units::mix;

    #[test]
    fn it_is_an_ordered_set() {
        let (mut marks, mut model) = (Marks::default(), BTreeSet::new());
        assert_eq!((marks.next(0), marks.is_empty()), (None, true));
        marks.make_room(299);
        for step in 0..3_000_u64 {
            let number = (mix(step) % 300) as usize;
            if mix(step + 1_000_000).is_multiple_of(2) {
                marks.set(number);
                model.insert(number);
            } else {
                marks.clear(number);
                model.remove(&number);
            }
            assert_eq!(marks.next(number), model.range(number..).next().copied());
            assert_eq!(marks.is_empty(), model.is_empty());
        }
        assert_eq!(marks.next(300), None);
    }
}
