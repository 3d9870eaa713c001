//! A crowd that gathers within minutes and goes away as crowds do.

use core::f64::consts::LN_2;

use super::Turn;
use crate::engine::exponential;
use crate::time::{Span, Time};
use crate::units::Rate;

/// Poisson with the rate peak × t ÷ rise up to the peak and then peak × 2^(−t ÷ half-life), by
/// time-rescaling: the integral of the rate is inverted in closed form.
pub(super) struct FlashCrowd {
    at: Time,
    peak_per_s: f64,
    rise_s: f64,
    half_life_s: f64,
    end: Time,
    /// Integral of the rate up to the last message.
    sum: f64,
}

impl FlashCrowd {
    pub(super) fn new(at: Time, peak: Rate, rise: Span, half_life: Span, end: Time) -> Self {
        FlashCrowd {
            at,
            peak_per_s: peak.per_second_f64(),
            rise_s: rise.as_seconds_f64(),
            half_life_s: half_life.as_seconds_f64(),
            end,
            sum: 0.0,
        }
    }

    pub(super) fn next(&mut self, turn: &Turn<'_>) -> Option<Time> {
        self.sum += exponential(turn.gap(), Span::from_seconds(1)).as_seconds_f64();
        // Seconds at the peak rate that would make as many messages.
        let full_s = self.sum / self.peak_per_s;
        let since_s = if full_s < self.rise_s / 2.0 {
            libm::sqrt(2.0 * self.rise_s * full_s)
        } else {
            let decayed = (full_s - self.rise_s / 2.0) * LN_2 / self.half_life_s;
            if decayed >= 1.0 {
                return None;
            }
            self.rise_s - self.half_life_s / LN_2 * libm::log1p(-decayed)
        };
        let since = Span::from_nanoseconds(libm::round(since_s * 1e9) as u64);
        Some(self.at.saturating_add(since)).filter(|time| *time < self.end)
    }
}
