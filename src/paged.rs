//! A vector that grows by pages: what it holds never moves, and growing never takes twice the memory.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ops::{Index, IndexMut};

/// Entries of a page.
const PAGE: usize = 256;

/// Entries by number, in pages of 256.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "snapshot", serde(from = "Vec<T>", into = "Vec<T>"))]
#[cfg_attr(
    feature = "snapshot",
    serde(bound(
        serialize = "T: Clone + serde::Serialize",
        deserialize = "T: Clone + serde::Deserialize<'de>"
    ))
)]
pub(crate) struct Paged<T> {
    /// Always whole, so that a place in a page need not be checked: what is not in use yet is filled with
    /// the entry that opened the page.
    pages: Vec<Box<[T; PAGE]>>,
    len: usize,
}

impl<T> Default for Paged<T> {
    fn default() -> Self {
        Paged { pages: Vec::new(), len: 0 }
    }
}

impl<T: Clone> Paged<T> {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn push(&mut self, entry: T) {
        let place = self.len % PAGE;
        if place == 0 {
            let page = alloc::vec![entry; PAGE].into_boxed_slice();
            let page = page.try_into().ok().expect("a page has the size of a page");
            self.pages.push(page);
        } else {
            self.pages[self.len / PAGE][place] = entry;
        }
        self.len += 1;
    }

    pub(crate) fn get(&self, index: usize) -> Option<&T> {
        (index < self.len).then(|| &self.pages[index / PAGE][index % PAGE])
    }
}

impl<T: Clone> From<Vec<T>> for Paged<T> {
    fn from(entries: Vec<T>) -> Self {
        let mut paged = Paged::default();
        entries.into_iter().for_each(|entry| paged.push(entry));
        paged
    }
}

impl<T: Clone> From<Paged<T>> for Vec<T> {
    fn from(paged: Paged<T>) -> Self {
        paged.pages.iter().flat_map(|page| page.iter()).take(paged.len).cloned().collect()
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

        let all: Vec<u32> = paged.into();
        assert_eq!(all, (0..3 * PAGE as u32 + 1).map(expected).collect::<Vec<u32>>());
        let again = Paged::from(all);
        assert_eq!(
            (again.len(), again.get(1), again.get(3 * PAGE + 1)),
            (3 * PAGE + 1, Some(&1), None)
        );
    }
}
