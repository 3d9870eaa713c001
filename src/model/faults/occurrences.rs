//! When a fault happens: once, again and again, or at random.

use crate::engine::{Seed, Stream, StreamName, exponential};
use crate::scenario::{Fault, Occurrence, Recurrence};
use crate::time::{Span, Time};

/// The times at which one fault happens, one after the other.
pub(super) struct Occurrences {
    stream: Stream,
    /// How many there were.
    count: u64,
    /// When the last one ended.
    last_end: Time,
    arrivals_end: Time,
}

impl Occurrences {
    /// Its luck belongs to the fault's name, as the luck of what it hits does.
    pub(super) fn new(fault: &Fault, seed: Seed, arrivals_end: Time) -> Self {
        let name = StreamName::new(format!("fault/{}", fault.name), "occurrences");
        Occurrences { stream: seed.stream(&name), count: 0, last_end: fault.start, arrivals_end }
    }

    /// The next one, with its number from 0. What recurs begins no more when arrivals are over.
    pub(super) fn next(&mut self, fault: &Fault) -> Option<(u64, Occurrence)> {
        let number = self.count;
        let start_and_end = match fault.recurrence {
            Recurrence::Once => (number == 0).then(|| (fault.start, fault.end())),
            Recurrence::Every { period, times } => {
                let start = fault.start.saturating_add(period.saturating_mul(number));
                let happens = number < u64::from(times) && start < self.arrivals_end;
                happens.then(|| (start, start.saturating_add(fault.duration)))
            }
            Recurrence::Random { mtbf, mttr } => {
                let luck = self.stream.luck(number, 0);
                let start = self.last_end.saturating_add(exponential(luck.number(0), mtbf));
                let lasts = exponential(luck.number(1), mttr).max(Span::from_nanoseconds(1));
                let end = start.saturating_add(lasts).min(fault.end());
                // An instant between two of them, so that each ends before the next begins.
                (start < end).then_some((start, end))
            }
        };
        let (start, end) = start_and_end?;
        self.count += 1;
        self.last_end = end;
        Some((number, Occurrence { start, end }))
    }
}
