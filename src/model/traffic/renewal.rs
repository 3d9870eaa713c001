//! Independent gaps of a given variability.

use super::{Turn, in_seconds, saturating_sum, stretched};
use crate::engine::{gamma, uniform_open, weibull};
use crate::scenario::{GapLaw, Pace};
use crate::time::{Span, Time};

pub(super) struct Renewal<'a> {
    pace: &'a Pace,
    gaps: GapLaw,
    /// Working time of the last message.
    worked: Span,
}

impl<'a> Renewal<'a> {
    pub(super) fn new(pace: &'a Pace, gaps: GapLaw) -> Self {
        Renewal { pace, gaps, worked: Span::ZERO }
    }

    pub(super) fn next(&mut self, turn: &Turn<'_>) -> Option<Time> {
        let gaps =
            if turn.ordinal == 0 { residual(self.gaps, turn) } else { whole(self.gaps, turn) };
        let gap = stretched(in_seconds(gaps), self.pace.rate);
        self.worked = saturating_sum(self.worked, gap);
        self.pace.time_after(self.worked)
    }
}

/// A gap.
fn whole(gaps: GapLaw, turn: &Turn<'_>) -> f64 {
    match gaps {
        GapLaw::Gamma { shape } => gamma(shape, &mut turn.gap_draws()) / shape,
        GapLaw::Weibull { shape, scale } => scale * weibull(turn.gap(), shape),
    }
}

/// What is left of a gap at a random moment: a uniform part of a gap that is met in proportion to its
/// length. With it the process is stationary from the start; with a whole gap a source of cv 5 would
/// begin with twelve messages too many (the renewal function is t/μ + (cv² − 1)/2 in the end).
fn residual(gaps: GapLaw, turn: &Turn<'_>) -> f64 {
    let mut draws = turn.gap_draws();
    let met = match gaps {
        // Length-biased, a gamma's shape grows by one.
        GapLaw::Gamma { shape } => gamma(shape + 1.0, &mut draws) / shape,
        // The k-th power of a length-biased Weibull is gamma of shape 1 + 1/k.
        GapLaw::Weibull { shape, scale } => {
            scale * libm::pow(gamma(1.0 + 1.0 / shape, &mut draws), 1.0 / shape)
        }
    };
    met * uniform_open(turn.gap())
}
