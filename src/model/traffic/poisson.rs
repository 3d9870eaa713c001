//! Poisson: independent exponential gaps.

use super::{Turn, saturating_sum, stretched};
use crate::engine::exponential;
use crate::scenario::Pace;
use crate::time::{Span, Time};

pub(super) struct Poisson<'a> {
    pace: &'a Pace,
    /// Working time of the last message.
    worked: Span,
}

impl<'a> Poisson<'a> {
    pub(super) fn new(pace: &'a Pace) -> Self {
        Poisson { pace, worked: Span::ZERO }
    }

    pub(super) fn next(&mut self, turn: &Turn<'_>) -> Option<Time> {
        let gap = stretched(exponential(turn.gap(), Span::from_seconds(1)), self.pace.rate);
        self.worked = saturating_sum(self.worked, gap);
        self.pace.time_after(self.worked)
    }
}
