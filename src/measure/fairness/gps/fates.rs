//! Which messages the fluid system still has, which the lane, and which it finished before the lane did.

use std::collections::{BTreeMap, VecDeque};

use super::fluid::ChildId;
use crate::time::Time;
use crate::units::{DestinationId, MessageId};

/// A message as long as the lane's queues or the fluid system have it.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Fate {
    /// When the fluid system finished it, if the lane has it still.
    pub(super) finished: Option<Time>,
    /// How often the fluid system has it: a message that is sent again may be in it twice.
    pub(super) in_fluid: u32,
    /// The child of the fluid system in which it arrived last.
    pub(super) queue: ChildId,
    pub(super) destination: DestinationId,
    /// Whether it waits in a queue of the lane.
    pub(super) is_waiting: bool,
}

/// The fates of messages, by number. Numbers are given out in order and most messages are gone from both
/// systems soon, so what is kept is a window of them, and apart from it those that come back later.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Fates {
    first: u64,
    window: VecDeque<Fate>,
    come_back: BTreeMap<u64, Fate>,
}

impl Fate {
    const GONE: Fate = Fate {
        finished: None,
        in_fluid: 0,
        queue: ChildId::NONE,
        destination: DestinationId(0),
        is_waiting: false,
    };

    fn is_gone(&self) -> bool {
        self.in_fluid == 0 && !self.is_waiting
    }
}

impl Fates {
    /// The fate of a message, to be changed by `change`; forgotten if it is gone from both systems after that.
    pub(super) fn change<T>(&mut self, id: MessageId, change: impl FnOnce(&mut Fate) -> T) -> T {
        let Some(place) = id.0.checked_sub(self.first) else {
            let fate = self.come_back.entry(id.0).or_insert(Fate::GONE);
            let changed = change(fate);
            if fate.is_gone() {
                self.come_back.remove(&id.0);
            }
            return changed;
        };
        let place = place as usize;
        if place >= self.window.len() {
            self.window.resize(place + 1, Fate::GONE);
        }
        let fate = &mut self.window[place];
        let changed = change(fate);
        if fate.is_gone() && place == 0 {
            while self.window.front().is_some_and(Fate::is_gone) {
                self.window.pop_front();
                self.first += 1;
            }
        }
        changed
    }

    /// All that are not gone.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Fate> {
        self.window.iter().chain(self.come_back.values()).filter(|fate| !fate.is_gone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_gone_is_forgotten_and_what_comes_back_is_known_again() {
        let mut fates = Fates::default();
        let wait = |fates: &mut Fates, id, waits| {
            fates.change(MessageId(id), |fate| fate.is_waiting = waits);
        };
        (0..1000).for_each(|id| wait(&mut fates, id, true));
        (1..1000).for_each(|id| wait(&mut fates, id, false));
        assert_eq!((fates.window.len(), fates.iter().count()), (1000, 1));
        wait(&mut fates, 0, false);
        assert_eq!((fates.window.len(), fates.first), (0, 1000));
        wait(&mut fates, 7, true);
        assert_eq!(fates.iter().count(), 1);
        wait(&mut fates, 7, false);
        assert!(fates.come_back.is_empty());
    }
}
