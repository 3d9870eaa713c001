//! Messages that wait for their send window.

use std::collections::BTreeMap;

use super::Drawn;
use crate::engine::Categorical;
use crate::scenario::{Outside, SendWindow};
use crate::time::Time;

/// Merges what a process makes with what its window held back.
pub(super) struct Held<'a> {
    window: &'a SendWindow,
    zones: Categorical,
    end: Time,
    /// The next message of the process, not placed yet.
    fresh: Option<(Time, Drawn, u64)>,
    is_exhausted: bool,
    /// By the time they are released, then in the order in which they came.
    waiting: BTreeMap<(Time, u64), Drawn>,
    count: u64,
}

impl<'a> Held<'a> {
    pub(super) fn new(window: &'a SendWindow, end: Time) -> Self {
        let weights: Vec<u64> = window.zones.iter().map(|(_, share)| u64::from(*share)).collect();
        Held {
            window,
            zones: Categorical::new(&weights).expect("a resolved window has zones with a share"),
            end,
            fresh: None,
            is_exhausted: false,
            waiting: BTreeMap::new(),
            count: 0,
        }
    }

    /// The next message to be submitted, and when. `fresh` gives the next one of the process: its time,
    /// itself, and the draw that decides its zone.
    pub(super) fn next(
        &mut self,
        mut fresh: impl FnMut() -> Option<(Time, Drawn, u64)>,
    ) -> Option<(Time, Drawn)> {
        loop {
            if self.fresh.is_none() && !self.is_exhausted {
                self.fresh = fresh();
                self.is_exhausted = self.fresh.is_none();
            }
            let released = self.waiting.first_key_value().map(|((time, _), _)| *time);
            // What was held back was meant for earlier, so it goes first.
            let is_due = |released: Time| self.fresh.is_none_or(|(time, ..)| released <= time);
            if released.is_some_and(is_due) {
                let ((time, _), drawn) = self.waiting.pop_first()?;
                return (time < self.end).then_some((time, drawn));
            }
            let (time, drawn, zone) = self.fresh.take()?;
            let zone = self.window.zones[self.zones.index(zone)].0;
            let opens = self.window.open_from(time, zone);
            if opens == time {
                return Some((time, drawn));
            }
            if self.window.outside == Outside::Hold {
                self.waiting.insert((opens, self.count), drawn);
                self.count += 1;
            }
        }
    }
}
