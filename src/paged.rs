//! A vector that grows by pages: what it holds never moves, and growing never takes twice the memory.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ops::{Index, IndexMut};

/// Entries by number, in pages of `PAGE`: small ones where there may be few entries, large ones where there
/// are always many.
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
pub(crate) struct Paged<T, const PAGE: usize = 256> {
    /// Always whole, so that a place in a page need not be checked: what is not in use yet is filled with
    /// the entry that opened the page.
    pages: Vec<Box<[T; PAGE]>>,
    len: usize,
}

impl<T, const PAGE: usize> Default for Paged<T, PAGE> {
    fn default() -> Self {
        Paged { pages: Vec::new(), len: 0 }
    }
}

impl<T: Clone, const PAGE: usize> Paged<T, PAGE> {
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

    #[cfg(feature = "lab")]
    pub(crate) fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        (index < self.len).then(|| &mut self.pages[index / PAGE][index % PAGE])
    }

    /// All entries, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.pages.iter().flat_map(|page| page.iter()).take(self.len)
    }
}

impl<T: Clone, const PAGE: usize> From<Vec<T>> for Paged<T, PAGE> {
    fn from(entries: Vec<T>) -> Self {
        let mut paged = Paged::default();
        entries.into_iter().for_each(|entry| paged.push(entry));
        paged
    }
}

impl<T: Clone, const PAGE: usize> From<Paged<T, PAGE>> for Vec<T> {
    fn from(paged: Paged<T, PAGE>) -> Self {
        paged.iter().cloned().collect()
    }
}

impl<T, const PAGE: usize> Index<u32> for Paged<T, PAGE> {
    type Output = T;

    #[inline]
    fn index(&self, index: u32) -> &T {
        &self.pages[index as usize / PAGE][index as usize % PAGE]
    }
}

impl<T, const PAGE: usize> IndexMut<u32> for Paged<T, PAGE> {
    #[inline]
    fn index_mut(&mut self, index: u32) -> &mut T {
        &mut self.pages[index as usize / PAGE][index as usize % PAGE]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: usize = 4;

    #[test]
    fn entries_are_where_they_were_put() {
        let mut paged = Paged::<u32, PAGE>::default();
        for number in 0..3 * PAGE as u32 + 1 {
            assert_eq!((paged.len(), paged.get(number as usize)), (number as usize, None));
            paged.push(number);
        }
        paged[PAGE as u32] += 7;
        let expected = |number: u32| number + if number == PAGE as u32 { 7 } else { 0 };
        assert!((0..paged.len() as u32).all(|number| paged[number] == expected(number)));

        let all: Vec<u32> = paged.into();
        assert_eq!(all, (0..3 * PAGE as u32 + 1).map(expected).collect::<Vec<u32>>());
        let again = Paged::<u32, PAGE>::from(all);
        assert_eq!(
            (again.len(), again.get(1), again.get(3 * PAGE + 1)),
            (3 * PAGE + 1, Some(&1), None)
        );
    }
}
