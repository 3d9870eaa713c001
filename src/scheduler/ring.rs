//! Rings of numbers in which every turn is taken in order: joining, leaving from the middle and passing
//! the turn on cost O(1).
//!
//! Several rings may share a table of links as long as no number is in two of them at once.

use alloc::vec::Vec;

const ABSENT: u32 = u32::MAX;

/// The neighbours of each number.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Links(Vec<(u32, u32)>);

impl Links {
    pub(crate) fn contains(&self, number: u32) -> bool {
        self.0.get(number as usize).is_some_and(|(previous, _)| *previous != ABSENT)
    }

    pub(crate) fn next(&self, number: u32) -> u32 {
        self.0[number as usize].1
    }
}

/// Numbers in turn.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Ring {
    front: u32,
    length: u32,
}

impl Default for Ring {
    fn default() -> Self {
        Ring { front: ABSENT, length: 0 }
    }
}

impl Ring {
    pub(crate) fn length(&self) -> u32 {
        self.length
    }

    /// Whose turn it is.
    pub(crate) fn front(&self) -> Option<u32> {
        (self.length > 0).then_some(self.front)
    }

    /// Gives the turn to a member; those before it have had theirs.
    pub(crate) fn turn_to(&mut self, member: u32) {
        self.front = member;
    }

    /// Adds a number whose turn comes last.
    pub(crate) fn join(&mut self, links: &mut Links, number: u32) {
        if links.0.len() <= number as usize {
            links.0.resize(number as usize + 1, (ABSENT, ABSENT));
        }
        self.length += 1;
        if self.length == 1 {
            self.front = number;
            links.0[number as usize] = (number, number);
            return;
        }
        let last = links.0[self.front as usize].0;
        links.0[number as usize] = (last, self.front);
        links.0[last as usize].1 = number;
        links.0[self.front as usize].0 = number;
    }

    /// Removes a member; the turn goes on from it if it was its turn.
    pub(crate) fn leave(&mut self, links: &mut Links, member: u32) {
        let (previous, next) = links.0[member as usize];
        links.0[previous as usize].1 = next;
        links.0[next as usize].0 = previous;
        links.0[member as usize] = (ABSENT, ABSENT);
        self.length -= 1;
        if self.front == member {
            self.front = next;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::mix;
    use alloc::collections::VecDeque;

    #[test]
    fn behaves_like_a_queue_that_is_searched() {
        let (mut ring, mut links) = (Ring::default(), Links::default());
        let mut model: VecDeque<u32> = VecDeque::new();
        for step in 0..20_000_u64 {
            let number = (mix(step) % 13) as u32;
            match (mix(step + 1_000_000) % 3, links.contains(number)) {
                (0, false) => {
                    ring.join(&mut links, number);
                    model.push_back(number);
                }
                (1, true) => {
                    ring.leave(&mut links, number);
                    model.retain(|other| *other != number);
                }
                (_, true) => {
                    ring.turn_to(number);
                    while model[0] != number {
                        model.rotate_left(1);
                    }
                }
                _ => {}
            }
            assert_eq!(ring.front(), model.front().copied());
            assert_eq!(ring.length() as usize, model.len());
            let mut at = ring.front();
            for expected in &model {
                assert_eq!(at, Some(*expected));
                at = at.map(|at| links.next(at));
            }
        }
    }
}
