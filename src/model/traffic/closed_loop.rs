//! Submitters that wait for their message before they think of the next.

use core::ops::Range;

use crate::engine::Stream;
use crate::model::sample;
use crate::scenario::{Awaited, Latency};
use crate::time::{Span, Time};

/// The world asks it when a message that somebody here waits for was dispatched or is over.
pub(super) struct ClosedLoop<'a> {
    submitters: u32,
    think: &'a Latency,
    awaits: Awaited,
    active: Range<Time>,
    side: Stream,
    /// How often somebody thought; each time has luck of its own.
    thoughts: u64,
}

impl<'a> ClosedLoop<'a> {
    pub(super) fn new(
        submitters: u32,
        think: &'a Latency,
        awaits: Awaited,
        active: Range<Time>,
        side: Stream,
    ) -> Self {
        ClosedLoop { submitters, think, awaits, active, side, thoughts: 0 }
    }

    pub(super) fn awaits(&self) -> Awaited {
        self.awaits
    }

    pub(super) fn first_thoughts(&mut self) -> Vec<(Time, u64)> {
        (0..self.submitters).filter_map(|_| self.think(self.active.start)).collect()
    }

    pub(super) fn think(&mut self, now: Time) -> Option<(Time, u64)> {
        let number = self.thoughts;
        let luck = self.side.luck(number, 0);
        self.thoughts += 1;
        // Nobody thinks in no time: a refused message would else be submitted again within its instant.
        let thought = sample(self.think, luck.number(0)).max(Span::from_nanoseconds(1));
        let time = now.saturating_add(thought);
        (time < self.active.end).then_some((time, number))
    }
}
