//! A Poisson stream that is switched on and off.

use super::{Turn, stretched};
use crate::engine::{Luck, Stream, exponential, lognormal, uniform_open};
use crate::model::sample;
use crate::scenario::{Latency, Pace};
use crate::time::{Span, Time};

/// Messages are Poisson in the time that it is on, whatever the phases: what a gap lacks at the end of a
/// phase is waited for in the next. Phases have a stream of their own, so the rate does not shift them.
pub(super) struct OnOff<'a> {
    pace: &'a Pace,
    on: &'a Latency,
    off: &'a Latency,
    phases: Stream,
    /// How many phases have begun.
    phase: u64,
    is_on: bool,
    /// When the present phase ends.
    ends: Time,
    /// The last message, or the beginning of the phase.
    position: Time,
}

impl<'a> OnOff<'a> {
    pub(super) fn new(pace: &'a Pace, on: &'a Latency, off: &'a Latency, phases: Stream) -> Self {
        // It is met at a random moment: in a phase by their mean lengths, somewhere inside of it.
        let luck = phases.luck(0, 0);
        let is_on = uniform_open(luck.number(0)) * (on.mean_s() + off.mean_s()) < on.mean_s();
        let length = length_biased(if is_on { on } else { off }, &luck);
        let left = libm::round(length * uniform_open(luck.number(1))) as u64;
        let ends = pace.from.saturating_add(Span::from_nanoseconds(left));
        OnOff { pace, on, off, phases, phase: 1, is_on, ends, position: pace.from }
    }

    pub(super) fn next(&mut self, turn: &Turn<'_>) -> Option<Time> {
        let mut gap = stretched(exponential(turn.gap(), Span::from_seconds(1)), self.pace.rate);
        while self.position < self.pace.until {
            let left = self.ends.since(self.position);
            if self.is_on && gap < left {
                self.position = self.position.saturating_add(gap);
                return Some(self.position).filter(|time| *time < self.pace.until);
            }
            if self.is_on {
                gap = gap - left;
            }
            self.position = self.ends;
            self.is_on = !self.is_on;
            let law = if self.is_on { self.on } else { self.off };
            let length = sample(law, self.phases.luck(self.phase, 0).number(0));
            self.phase += 1;
            self.ends = self.ends.saturating_add(length);
        }
        None
    }
}

/// Nanoseconds of a span that is met in proportion to its length.
fn length_biased(law: &Latency, luck: &Luck) -> f64 {
    let nanoseconds = |span: Span| span.as_nanoseconds() as f64;
    match *law {
        Latency::Constant(span) => nanoseconds(span),
        // The density is in proportion to x between the ends.
        Latency::Uniform { from, to } => {
            let (from, to) = (nanoseconds(from), nanoseconds(to));
            libm::sqrt(from * from + uniform_open(luck.number(2)) * (to * to - from * from))
        }
        // A gamma of shape 2: the sum of two exponentials.
        Latency::Exponential { mean } => {
            let spans = [2, 3].map(|index| exponential(luck.number(index), mean));
            nanoseconds(spans[0]) + nanoseconds(spans[1])
        }
        // Its median grows by the exponential of the variance.
        Latency::Lognormal { median, sigma } => {
            nanoseconds(lognormal(luck.number(2), median, sigma)) * libm::exp(sigma * sigma)
        }
    }
}
