//! Poisson: independent exponential gaps.

use super::{Turn, saturating_sum, stretched};
use crate::engine::exponential;
use crate::scenario::Pace;
use crate::time::{Span, Time};
use crate::units::Rate;

pub(super) struct Poisson<'a> {
    pace: &'a Pace,
    rate: Rate,
    /// From when until when, where the rate never changes: then the pace, which lies elsewhere in memory,
    /// need not be looked at.
    steady: Option<(Time, Time)>,
    /// Working time of the last message.
    worked: Span,
}

impl<'a> Poisson<'a> {
    pub(super) fn new(pace: &'a Pace) -> Self {
        let steady = pace.curve.is_none().then_some((pace.from, pace.until));
        Poisson { pace, rate: pace.rate, steady, worked: Span::ZERO }
    }

    pub(super) fn next(&mut self, turn: &Turn<'_>) -> Option<Time> {
        let gap = stretched(exponential(turn.gap(), Span::from_seconds(1)), self.rate);
        self.worked = saturating_sum(self.worked, gap);
        match self.steady {
            Some((from, until)) => {
                Some(from.saturating_add(self.worked)).filter(|time| *time < until)
            }
            None => self.pace.time_after(self.worked),
        }
    }
}
