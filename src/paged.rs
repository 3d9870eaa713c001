//! A vector that grows by pages: what it holds never moves, and growing never takes twice the memory.

use alloc::vec::Vec;
use core::ops::{Index, IndexMut};

/// Entries of a page.
const PAGE: usize = 256;

/// Entries by number, in pages of 256.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Paged<T> {
    /// All full but the last.
    pages: Vec<Vec<T>>,
    len: usize,
}

impl<T> Default for Paged<T> {
    fn default() -> Self {
        Paged { pages: Vec::new(), len: 0 }
    }
}

impl<T> Paged<T> {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn push(&mut self, entry: T) {
        if self.len.is_multiple_of(PAGE) {
            self.pages.push(Vec::with_capacity(PAGE));
        }
        self.pages[self.len / PAGE].push(entry);
        self.len += 1;
    }

    pub(crate) fn get(&self, index: usize) -> Option<&T> {
        self.pages.get(index / PAGE)?.get(index % PAGE)
    }
}

impl<T> Index<u32> for Paged<T> {
    type Output = T;

    #[inline]
    fn index(&self, index: u32) -> &T {
        &self.pages[index as usize / PAGE][index as usize % PAGE]
    }
}

impl<T> IndexMut<u32> for Paged<T> {
    #[inline]
    fn index_mut(&mut self, index: u32) -> &mut T {
        &mut self.pages[index as usize / PAGE][index as usize % PAGE]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_where_they_were_put() {
        let mut paged = Paged::default();
        for number in 0..3 * PAGE as u32 + 1 {
            assert_eq!((paged.len(), paged.get(number as usize)), (number as usize, None));
            paged.push(number);
        }
        paged[PAGE as u32] += 7;
        let expected = |number: u32| number + if number == PAGE as u32 { 7 } else { 0 };
        assert!((0..paged.len() as u32).all(|number| paged[number] == expected(number)));
    }
}
