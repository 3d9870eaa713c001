//! The plain calendar: a binary heap. The reference that any other calendar must agree with.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::calendar::{Calendar, Entry};
use crate::time::Time;

/// A calendar over the standard library's binary heap.
#[derive(Debug)]
pub struct HeapCalendar<P> {
    heap: BinaryHeap<Reverse<Ordered<P>>>,
}

#[derive(Debug)]
struct Ordered<P>(Entry<P>);

impl<P> PartialEq for Ordered<P> {
    fn eq(&self, other: &Self) -> bool {
        self.0.order() == other.0.order()
    }
}

impl<P> Eq for Ordered<P> {}

impl<P> PartialOrd for Ordered<P> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<P> Ord for Ordered<P> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.order().cmp(&other.0.order())
    }
}

impl<P> Default for HeapCalendar<P> {
    fn default() -> Self {
        HeapCalendar { heap: BinaryHeap::new() }
    }
}

impl<P> Calendar<P> for HeapCalendar<P> {
    fn push(&mut self, entry: Entry<P>) {
        self.heap.push(Reverse(Ordered(entry)));
    }

    fn pop(&mut self) -> Option<Entry<P>> {
        self.heap.pop().map(|Reverse(Ordered(entry))| entry)
    }

    fn next_time(&mut self) -> Option<Time> {
        self.heap.peek().map(|Reverse(Ordered(entry))| entry.time)
    }

    fn len(&self) -> usize {
        self.heap.len()
    }
}
