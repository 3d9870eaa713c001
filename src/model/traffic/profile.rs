//! Recorded rates, interval by interval.

use super::Turn;
use crate::engine::{Draws, Stream, index_below, log_gamma, uniform_open};
use crate::scenario::{GapLaw, RateProfile};
use crate::time::{Span, Time};

/// Each interval holds as many messages as its rate says, the fraction carried to the next, at gaps of its
/// own variability that are rescaled to fill it: the gaps lie around a circle as long as the interval,
/// which is turned by a random angle. So every moment of the interval is as likely as any other, and the
/// count is not random at all.
pub(super) struct Profile<'a> {
    profile: &'a RateProfile,
    side: Stream,
    end: Time,
    /// The next interval to be filled.
    interval: usize,
    /// What is left of fractions of messages, in parts of [`RateProfile::ONE`].
    carried: u128,
    /// The messages of the present interval, latest first.
    times: Vec<Time>,
}

impl<'a> Profile<'a> {
    pub(super) fn new(profile: &'a RateProfile, side: Stream, end: Time) -> Self {
        // A random fraction to begin with: many small tenants would else all wait for their first whole.
        let carried = u128::from(index_below(side.luck(0, 1).number(0), RateProfile::ONE as u64));
        Profile { profile, side, end, interval: 0, carried, times: Vec::new() }
    }

    pub(super) fn next(&mut self, turn: &Turn<'_>) -> Option<Time> {
        while self.times.is_empty() {
            self.fill(turn)?;
        }
        self.times.pop()
    }

    /// Fills the next interval with messages, of which the one at hand is the first.
    fn fill(&mut self, turn: &Turn<'_>) -> Option<()> {
        let interval = self.profile.intervals.get(self.interval)?;
        if interval.start >= self.end {
            return None;
        }
        let messages = self.carried + interval.messages;
        self.carried = messages % RateProfile::ONE;
        let messages = u64::try_from(messages / RateProfile::ONE).unwrap_or(u64::MAX);
        let gaps: Vec<f64> = (0..messages)
            .map(|index| log_gap(interval.gaps, turn.stream, turn.ordinal + index))
            .collect();
        // Only their ratios matter, and the largest becomes 1, so that the sum is never 0.
        let largest = gaps.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut sum = 0.0;
        let sums: Vec<f64> = gaps
            .iter()
            .map(|gap| {
                sum += libm::exp(gap - largest);
                sum
            })
            .collect();
        let length = self.profile.length.as_nanoseconds();
        let turned = index_below(self.side.luck(self.interval as u64, 0).number(0), length);
        let along = |up_to: f64| {
            let nanoseconds = libm::floor(up_to / sum * length as f64) as u64;
            Span::from_nanoseconds((nanoseconds.min(length) + turned) % length)
        };
        self.times =
            sums.iter().map(|up_to| interval.start.saturating_add(along(*up_to))).collect();
        self.times.retain(|time| *time < self.end);
        self.times.sort_unstable_by(|one, other| other.cmp(one));
        self.interval += 1;
        Some(())
    }
}

/// The logarithm of a gap: at a high variability most gaps are too short for a float.
fn log_gap(gaps: GapLaw, stream: &Stream, ordinal: u64) -> f64 {
    // From the second part on; the first decides what the message is.
    let mut draws = Draws::new(stream, ordinal, 1);
    match gaps {
        GapLaw::Gamma { shape } => log_gamma(shape, &mut draws),
        GapLaw::Weibull { shape, .. } => {
            libm::log(-libm::log(uniform_open(draws.number()))) / shape
        }
    }
}
