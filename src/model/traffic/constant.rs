//! Equal gaps.

use super::Turn;
use crate::engine::index_below;
use crate::scenario::Pace;
use crate::time::{Span, Time};

pub(super) struct Constant<'a> {
    pace: &'a Pace,
    staggered: bool,
    /// The first message comes so long after the beginning.
    phase: Span,
}

impl<'a> Constant<'a> {
    pub(super) fn new(pace: &'a Pace, staggered: bool) -> Self {
        Constant { pace, staggered, phase: Span::ZERO }
    }

    pub(super) fn next(&mut self, turn: &Turn<'_>) -> Option<Time> {
        let rate = self.pace.rate;
        if turn.ordinal == 0 && self.staggered {
            let gap = rate.span_of(1).as_nanoseconds();
            self.phase = Span::from_nanoseconds(index_below(turn.gap(), gap));
        }
        // From the beginning each time, so that fractions of a nanosecond do not add up.
        let since = u128::from(turn.ordinal) * u128::from(rate.per().as_nanoseconds())
            / u128::from(rate.segments());
        let since = u128::from(self.phase.as_nanoseconds()) + since;
        let since = u64::try_from(since).unwrap_or(u64::MAX);
        self.pace.time_after(Span::from_nanoseconds(since))
    }
}
