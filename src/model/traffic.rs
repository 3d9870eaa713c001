//! When messages arrive, and what they are.

use crate::engine::{Seed, Stream, StreamName, exponential, index_below};
use crate::scenario::{Arrivals, Source};
use crate::time::{Span, Time};
use crate::units::{Segments, SenderId};

/// A source at work.
pub(super) struct SourceState {
    stream: Stream,
    /// Ordinal of the next message.
    ordinal: u64,
    /// Sum of the relative frequencies of the segment sizes.
    sizes_total: u64,
}

/// One message of a source.
pub(super) struct Drawn {
    pub(super) segments: Segments,
    pub(super) sender: SenderId,
}

impl SourceState {
    pub(super) fn new(source: &Source, tenant: &str, seed: Seed) -> Self {
        let name = StreamName::new(format!("tenant/{tenant}"), format!("traffic/{}", source.name));
        SourceState {
            stream: seed.stream(&name),
            ordinal: 0,
            sizes_total: source.segments.iter().map(|(_, share)| u64::from(*share)).sum(),
        }
    }

    /// Ordinal of the next message.
    pub(super) fn ordinal(&self) -> u64 {
        self.ordinal
    }

    /// When the next message arrives, if one does; `now` is when the last one did.
    pub(super) fn next_arrival(&self, source: &Source, now: Time) -> Option<Time> {
        match source.arrivals {
            Arrivals::Poisson { rate, from, until } => {
                let gap = exponential(
                    self.stream.luck(self.ordinal, 0).number(0),
                    Span::from_nanoseconds(1_000_000_000),
                );
                // A gap of mean one, stretched by the exact rate: no rounding of the rate itself.
                let stretched = u128::from(gap.as_nanoseconds())
                    * u128::from(rate.per().as_nanoseconds())
                    / (u128::from(rate.segments()) * 1_000_000_000);
                let gap = Span::from_nanoseconds(u64::try_from(stretched).unwrap_or(u64::MAX));
                let start = if self.ordinal == 0 { from } else { now };
                Some(start.saturating_add(gap)).filter(|time| *time < until)
            }
            Arrivals::Campaign { at, messages, over } => (self.ordinal < messages).then(|| {
                let offset = u128::from(over.as_nanoseconds()) * u128::from(self.ordinal)
                    / u128::from(messages);
                at + Span::from_nanoseconds(offset as u64)
            }),
        }
    }

    /// Draws the message that arrives now.
    pub(super) fn draw(&mut self, source: &Source) -> Drawn {
        let segments = if source.segments.len() == 1 {
            source.segments[0].0
        } else {
            let mut left =
                index_below(self.stream.luck(self.ordinal, 0).number(1), self.sizes_total);
            let chosen = source.segments.iter().find(|(_, share)| {
                let share = u64::from(*share);
                let is_here = left < share;
                left = left.saturating_sub(share);
                is_here
            });
            chosen.expect("the draw is below the sum of all frequencies").0
        };
        let turn = (self.ordinal % u64::from(source.senders)) as u32;
        self.ordinal += 1;
        Drawn { segments: Segments(segments), sender: SenderId(source.first_sender.0 + turn) }
    }
}
