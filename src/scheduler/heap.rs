//! A 4-ary min-heap whose entries can be found again by number: key changes and removals from the
//! middle in O(log n), no allocation once it has reached its size.
//!
//! Each entry has a number that is unique among everything that shares one position table. Several
//! heaps may share a table as long as no number is in two of them at once: the scoring policy keeps
//! one heap a node over a single table, so that a million nodes cost four bytes each here.

use alloc::vec::Vec;

/// "Not in any heap".
const ABSENT: u32 = u32::MAX;

/// Where each number is inside the heap that holds it.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Positions(Vec<u32>);

impl Positions {
    pub(crate) fn contains(&self, number: u32) -> bool {
        self.0.get(number as usize).is_some_and(|position| *position != ABSENT)
    }

    fn set(&mut self, number: u32, position: usize) {
        self.0[number as usize] = position as u32;
    }

    /// The position of a number, for which there is room from then on.
    #[inline]
    fn of(&mut self, number: u32) -> u32 {
        if self.0.len() <= number as usize {
            self.make_room(number as usize + 1);
        }
        self.0[number as usize]
    }

    #[cold]
    fn make_room(&mut self, wanted: usize) {
        if self.0.capacity() < wanted {
            self.0.reserve_exact(wanted + wanted / 4 - self.0.len());
        }
        self.0.resize(wanted, ABSENT);
    }
}

/// The entries of one heap; see the module's documentation for the table of positions.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Heap<K> {
    entries: Vec<(K, u32)>,
}

impl<K> Default for Heap<K> {
    fn default() -> Self {
        Heap { entries: Vec::new() }
    }
}

impl<K: Ord + Copy> Heap<K> {
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Makes room for one more entry where there is none: for twice as many as there are, but not for more
    /// than `most`, or a quarter more than there are if that is more.
    pub(crate) fn reserve(&mut self, most: usize) {
        let count = self.entries.len();
        if count == self.entries.capacity() {
            let wanted = (2 * count).min(most.max(count + count / 4));
            self.entries.reserve_exact(wanted.max(count + 1) - count);
        }
    }

    /// Keeps room for so many entries, or for those that there are.
    pub(crate) fn shrink_to(&mut self, entries: usize) {
        self.entries.shrink_to(entries);
    }

    /// The smallest key and its number.
    pub(crate) fn peek(&self) -> Option<(K, u32)> {
        self.entries.first().copied()
    }

    /// All entries, in no order that matters.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (K, u32)> + '_ {
        self.entries.iter().copied()
    }

    /// Inserts `number`, or changes its key.
    pub(crate) fn set(&mut self, positions: &mut Positions, number: u32, key: K) {
        let position = positions.of(number);
        if position == ABSENT {
            self.entries.push((key, number));
            positions.set(number, self.entries.len() - 1);
            self.sift_up(positions, self.entries.len() - 1);
        } else {
            let position = position as usize;
            let before = self.entries[position].0;
            self.entries[position].0 = key;
            if key < before {
                self.sift_up(positions, position);
            } else {
                self.sift_down(positions, position);
            }
        }
    }

    /// The first entry is put off to a later key, as most that go first are.
    ///
    /// # Panics
    /// When there is none.
    pub(crate) fn put_off_first(&mut self, positions: &mut Positions, key: K) {
        self.entries[0].0 = key;
        self.sift_down(positions, 0);
    }

    /// Removes `number` if it is said to be in this one of the heaps that share a table.
    pub(crate) fn remove_if_there(
        &mut self,
        positions: &mut Positions,
        number: u32,
        is_there: bool,
    ) {
        if is_there {
            self.remove(positions, number);
        }
    }

    /// Removes `number`; nothing happens when it is not in the heap.
    pub(crate) fn remove(&mut self, positions: &mut Positions, number: u32) {
        if !positions.contains(number) {
            return;
        }
        let position = positions.0[number as usize] as usize;
        positions.0[number as usize] = ABSENT;
        let last = self.entries.pop().expect("a number with a position is in the heap");
        if position < self.entries.len() {
            self.entries[position] = last;
            positions.set(last.1, position);
            self.sift_down(positions, position);
            self.sift_up(positions, positions.0[last.1 as usize] as usize);
        }
    }

    /// Gives every entry another key, in O(n).
    pub(crate) fn rekey(&mut self, positions: &mut Positions, key: impl Fn(u32, K) -> K) {
        for entry in &mut self.entries {
            entry.0 = key(entry.1, entry.0);
        }
        for position in (0..self.entries.len() / 4 + 1).rev() {
            if position < self.entries.len() {
                self.sift_down(positions, position);
            }
        }
    }

    fn sift_up(&mut self, positions: &mut Positions, mut position: usize) {
        let entries = self.entries.as_mut_slice();
        let entry = entries[position];
        while position > 0 {
            let parent = (position - 1) / 4;
            let above = entries[parent];
            if above.0 <= entry.0 {
                break;
            }
            entries[position] = above;
            positions.set(above.1, position);
            position = parent;
        }
        entries[position] = entry;
        positions.set(entry.1, position);
    }

    fn sift_down(&mut self, positions: &mut Positions, mut position: usize) {
        let entries = self.entries.as_mut_slice();
        let entry = entries[position];
        while let Some(child) = least_child(entries, position) {
            let least = entries[child];
            if least.0 >= entry.0 {
                break;
            }
            entries[position] = least;
            positions.set(least.1, position);
            position = child;
        }
        entries[position] = entry;
        positions.set(entry.1, position);
    }
}

/// Where the child with the least key is, if there are children; of equal ones the first.
#[inline]
fn least_child<K: Ord + Copy>(entries: &[(K, u32)], parent: usize) -> Option<usize> {
    let first = 4 * parent + 1;
    let children = entries.get(first..)?;
    // Nearly always there are four: two pairs and their winners, so that no comparison waits for more
    // than one other.
    if let [a, b, c, d, ..] = children {
        let (left, left_key) = if b.0 < a.0 { (1, b.0) } else { (0, a.0) };
        let (right, right_key) = if d.0 < c.0 { (3, d.0) } else { (2, c.0) };
        return Some(first + if right_key < left_key { right } else { left });
    }
    let (mut least, mut least_key) = (0, children.first()?.0);
    for (place, (key, _)) in children.iter().enumerate().skip(1) {
        if *key < least_key {
            (least, least_key) = (place, *key);
        }
    }
    Some(first + least)
}

/// A heap with a table of positions of its own.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct IndexedHeap<K> {
    heap: Heap<K>,
    positions: Positions,
}

impl<K> Default for IndexedHeap<K> {
    fn default() -> Self {
        IndexedHeap { heap: Heap::default(), positions: Positions::default() }
    }
}

impl<K: Ord + Copy> IndexedHeap<K> {
    pub(crate) fn peek(&self) -> Option<(K, u32)> {
        self.heap.peek()
    }

    pub(crate) fn contains(&self, number: u32) -> bool {
        self.positions.contains(number)
    }

    /// The key of a number, if it is in the heap.
    pub(crate) fn key(&self, number: u32) -> Option<K> {
        let position = self.positions.0.get(number as usize).copied()?;
        self.heap.entries.get(position as usize).map(|(key, _)| *key)
    }

    pub(crate) fn set(&mut self, number: u32, key: K) {
        self.heap.set(&mut self.positions, number, key);
    }

    pub(crate) fn remove(&mut self, number: u32) {
        self.heap.remove(&mut self.positions, number);
    }

    pub(crate) fn rekey(&mut self, key: impl Fn(u32, K) -> K) {
        self.heap.rekey(&mut self.positions, key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::mix;
    use alloc::collections::BTreeMap;

    #[test]
    fn behaves_like_a_sorted_map_under_random_changes() {
        let mut heap = IndexedHeap::default();
        let mut model: BTreeMap<u32, (u64, u32)> = BTreeMap::new();
        for step in 0..20_000_u64 {
            let number = (mix(step) % 97) as u32;
            if mix(step + 3_000_000).is_multiple_of(50) {
                let key = |number: u32| (mix(step + u64::from(number)) % 1000, number);
                heap.rekey(|number, _| key(number));
                model.iter_mut().for_each(|(number, old)| *old = key(*number));
            } else if mix(step + 1_000_000).is_multiple_of(3) {
                heap.remove(number);
                model.remove(&number);
            } else {
                let key = (mix(step + 2_000_000) % 1000, number);
                heap.set(number, key);
                model.insert(number, key);
            }
            let least = model.values().min().copied();
            assert_eq!(heap.peek().map(|(key, _)| key), least);
            assert_eq!(heap.key(number), model.get(&number).copied());
            assert_eq!(heap.contains(number), model.contains_key(&number));
        }
    }
}
