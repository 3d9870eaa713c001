//! An order that stands for several messages: what is sent meanwhile is charged when it is found anew.

use alloc::vec::Vec;

use super::super::tags::Tag;
use super::node::{Place, ROOT};
use super::{FullScoring, Reach};
use crate::time::Time;
use crate::units::Segments;

/// What happened since the order was found.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Batched {
    /// Messages retrieved, and when the first was.
    pub(super) sent: u32,
    pub(super) since: Time,
    /// Nodes with something to charge or to give back, each once.
    pub(super) touched: Vec<u32>,
    /// Queues that had their turn.
    pub(super) taken: Vec<u32>,
}

impl Batched {
    pub(super) fn is_empty(&self) -> bool {
        self.touched.is_empty() && self.taken.is_empty()
    }
}

impl FullScoring {
    /// Notes what all nodes from a queue upwards are to be charged.
    pub(super) fn note_charge(&mut self, leaf: u32, segments: Segments) {
        self.note(leaf, |charged, _| *charged += segments.get());
    }

    /// Notes what all nodes from a queue upwards get back.
    pub(super) fn note_return(&mut self, leaf: u32, segments: Segments) {
        self.note(leaf, |_, returned| *returned += segments.get());
    }

    fn note(&mut self, leaf: u32, add: impl Fn(&mut u64, &mut u64)) {
        let mut index = leaf;
        while index != ROOT {
            let node = &mut self.nodes[index as usize];
            if node.charged == 0 && node.returned == 0 {
                self.batch.touched.push(index);
            }
            add(&mut node.charged, &mut node.returned);
            index = node.parent;
        }
    }

    /// Finds the order anew: charges what was sent since it was found last, evaluates the terms, and lets
    /// every queue have its turn again.
    pub(super) fn rescore(&mut self, now: Time) {
        self.release_the_limited(now);
        let mut touched = core::mem::take(&mut self.batch.touched);
        let mut taken = core::mem::take(&mut self.batch.taken);
        self.batch.sent = 0;
        // Who was served and is held back now was level with its siblings' tags when it was served.
        for index in &touched {
            let (value, promised) = self.level(*index);
            let node = &mut self.nodes[*index as usize];
            node.tag.move_to(value);
            if let Some(promise) = &mut node.promise {
                promise.move_to(promised);
            }
        }
        // Promises are held against the service before it grows, that of all who were served alike.
        for index in &touched {
            if self.nodes[*index as usize].charged > 0 {
                let (floor, parent) = (self.reached(*index), self.nodes[*index as usize].parent);
                self.nodes[parent as usize].division.clock.lift(floor);
            }
        }
        for index in &touched {
            let node = &self.nodes[*index as usize];
            let (charged, parent) = (node.charged, node.parent);
            self.nodes[parent as usize].division.promised_clock.charge_all(charged);
        }
        for index in &touched {
            self.charge(*index);
        }
        for index in &touched {
            if self.nodes[*index as usize].place.takes_part() {
                self.rank(*index);
            }
        }
        for leaf in &taken {
            self.nodes[*leaf as usize].is_taken = false;
            self.settle(now, *leaf, Reach::Changed);
        }
        if self.terms.are_set() {
            self.evaluate_all(now);
        }
        touched.clear();
        taken.clear();
        (self.batch.touched, self.batch.taken) = (touched, taken);
    }

    /// The tag of a node and of its promise; while it is held back they follow its parent's clocks.
    fn level(&self, index: u32) -> (i128, i128) {
        let node = &self.nodes[index as usize];
        let division = &self.nodes[node.parent as usize].division;
        match node.place {
            Place::Frozen { lag, promise_lag } => {
                (division.clock.value() + lag, division.promised_clock.value() + promise_lag)
            }
            _ => (node.tag.value(), node.promise.map_or(0, |promise| promise.value())),
        }
    }

    /// What V has reached because a node was served: its start tag. Who goes first by its promise may be far
    /// ahead of its siblings; V then is no further than the least of those that take part, or whoever wakes
    /// would have to wait until all others are as far ahead.
    fn reached(&self, index: u32) -> i128 {
        let node = &self.nodes[index as usize];
        let division = &self.nodes[node.parent as usize].division;
        let own = node.tag.value();
        let is_due = |promise: &Tag| promise.value() <= division.promised_clock.value();
        if !node.promise.as_ref().is_some_and(is_due) {
            return own;
        }
        let tags = division.members().map(|child| self.nodes[child as usize].tag.value());
        tags.fold(own, i128::min)
    }

    /// Moves what was noted into the tags of a node.
    fn charge(&mut self, index: u32) {
        let node = &self.nodes[index as usize];
        let division = &self.nodes[node.parent as usize].division;
        let (clock, promised) = (division.clock.value(), division.promised_clock.value());
        let node = &mut self.nodes[index as usize];
        let (charged, returned) =
            (core::mem::take(&mut node.charged), core::mem::take(&mut node.returned));
        // Who only gets something back moves along with the clocks while it is held back.
        let moves_along = charged == 0;
        let before = (node.tag.value(), node.promise.map_or(0, |promise| promise.value()));
        node.tag.charge_all(charged);
        node.tag.refund_all(returned);
        if let Some(promise) = &mut node.promise {
            promise.charge_all(charged);
            // What it got beyond its promise is held against it up to one batch.
            let mut most = *promise;
            most.move_to(promised);
            most.charge_all(2 * charged);
            if charged > 0 && promise.value() > most.value() {
                promise.move_to(most.value());
            }
            promise.refund_all(returned);
        }
        let after = (node.tag.value(), node.promise.map_or(0, |promise| promise.value()));
        if let Place::Frozen { lag, promise_lag } = &mut node.place {
            if moves_along {
                *lag += after.0 - before.0;
                *promise_lag += after.1 - before.1;
            } else {
                *lag = after.0 - clock;
                *promise_lag = after.1 - promised;
            }
        }
    }
}
