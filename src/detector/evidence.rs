//! Evidence that adds up over windows: banks of CUSUMs, each for one size of change.
//!
//! A CUSUM that knows the change is the fastest detector there is (Moustakides 1986); a bank of a few
//! sizes loses little against any one of them. It needs no least number of messages, and what is sparse
//! adds up over whatever time it takes. The likelihoods are those of over-dispersed counts, with the
//! dispersion that the account itself has shown, so a noisy account needs more to convince.

use super::tail::Beta;

/// Statistics stop here before an alert: far above any threshold.
pub(super) const MOST: f32 = 60.0;
/// And here while one is on, so that its end is seen as soon as its beginning was.
pub(super) const MOST_WHILE_RAISED: f32 = 10.0;

/// Shares of what usually succeeds that the bank of proportions looks for.
const EXCESSES: [f64; 4] = [0.06, 0.2, 0.5, 0.95];

/// Evidence that a proportion has risen, such as that of failures.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(super) struct Risen {
    /// In nats.
    bank: [f32; EXCESSES.len()],
}

impl Risen {
    /// Takes in `hits` of `of` under the usual rate.
    pub(super) fn take(&mut self, hits: u32, of: u64, usual: Beta, most: f32) {
        let p0 = usual.mean();
        let (x, n) = (f64::from(hits), of as f64);
        if of == 0 || (x <= p0 * n && self.is_at_rest()) {
            return;
        }
        let strength = usual.failed + usual.succeeded;
        let below = side(x, usual.failed) + side(n - x, usual.succeeded);
        for (statistic, excess) in self.bank.iter_mut().zip(EXCESSES) {
            let p1 = p0 + (1.0 - p0) * excess;
            let above = side(x, p1 * strength) + side(n - x, (1.0 - p1) * strength);
            *statistic = (*statistic + (above - below) as f32).clamp(0.0, most);
        }
    }

    /// Takes back what one failure said that was none, where `rate` is usual.
    pub(super) fn take_back(&mut self, rate: f64) {
        for (statistic, excess) in self.bank.iter_mut().zip(EXCESSES) {
            let p1 = rate + (1.0 - rate) * excess;
            let step = libm::log(p1 / rate) + libm::log((1.0 - rate) / (1.0 - p1));
            *statistic = (*statistic - step as f32).max(0.0);
        }
    }

    /// The most that any size of change is likelier than none, in nats.
    pub(super) fn nats(&self) -> f64 {
        f64::from(self.bank.iter().copied().fold(0.0, f32::max))
    }

    /// The evidence for the size that fits a harmed share best: small sizes take long to refute, so
    /// they are not asked whether a large change is over.
    pub(super) fn nats_for(&self, share: f64) -> f64 {
        let fits = EXCESSES.iter().rposition(|excess| *excess <= 1.5 * share).unwrap_or(0);
        self.bank[fits].into()
    }

    /// Whether nothing speaks for any change.
    pub(super) fn is_at_rest(&self) -> bool {
        self.bank.iter().all(|statistic| *statistic == 0.0)
    }
}

/// ln Γ(count + parameter) − ln Γ(parameter), one side of a beta-binomial likelihood.
fn side(count: f64, parameter: f64) -> f64 {
    if count == 0.0 { 0.0 } else { libm::lgamma(count + parameter) - libm::lgamma(parameter) }
}

/// The volume that is usual in a window.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Usual {
    pub(super) mean: f64,
    /// (variance − mean) ÷ mean²; above 0.
    pub(super) dispersion: f64,
    /// What one window can say at most, in nats: where the season is not known, one empty window is not
    /// enough.
    pub(super) most_at_once: f32,
}

impl Usual {
    /// By how many nats a window of `count` messages is likelier if the mean is `factor` times what it was.
    fn nats(&self, count: u32, factor: f64) -> f64 {
        let (k, r) = (f64::from(count), 1.0 / self.dispersion);
        k * libm::log(factor) - (k + r) * libm::log((r + self.mean * factor) / (r + self.mean))
    }
}

/// Evidence that a volume has become a multiple of what it was.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(super) struct Moved {
    /// In nats.
    bank: [f32; 3],
}

/// What is left of the volume: nothing to speak of, a third, or a good half.
pub(super) const DROPS: [f64; 3] = [0.02, 0.3, 0.65];
/// What is left of the volume where no whole week was seen: a quiet weekend must not look like it.
pub(super) const DROPS_OF_NEWCOMERS: [f64; 1] = [0.005];
/// How many times the volume.
pub(super) const RISES: [f64; 3] = [1.45, 2.2, 5.0];

impl Moved {
    /// Takes in a window of `count` messages where others were usual;
    /// `factors` that are looked for may be fewer where little is known.
    pub(super) fn take(&mut self, count: u32, usual: Usual, factors: &[f64], most: f32) {
        for (statistic, factor) in self.bank.iter_mut().zip(factors) {
            let step = (usual.nats(count, *factor) as f32).min(usual.most_at_once);
            *statistic = (*statistic + step).clamp(0.0, most);
        }
    }

    /// Takes in so many windows without a message.
    pub(super) fn take_silence(&mut self, windows: u64, usual: Usual, factors: &[f64]) {
        for (statistic, factor) in self.bank.iter_mut().zip(factors) {
            let step = usual.nats(0, *factor) * windows as f64;
            *statistic = (*statistic + step as f32).max(0.0);
        }
    }

    /// The most that any size of change is likelier than none, in nats.
    pub(super) fn nats(&self) -> f64 {
        f64::from(self.bank.iter().copied().fold(0.0, f32::max))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_add_up_and_successes_take_away() {
        let usual = Beta { failed: 10.0, succeeded: 490.0 };
        let mut risen = Risen::default();
        risen.take(0, 50, usual, MOST);
        assert!(risen.is_at_rest());
        // One failure of one: ln(0.951 ÷ 0.02) for the largest change.
        risen.take(1, 1, usual, MOST);
        assert!((risen.nats() - libm::log(0.951 / 0.02)).abs() < 1e-5, "{}", risen.nats());
        risen.take(1, 1, usual, MOST);
        assert!(risen.nats() > 7.0 && risen.nats() < 8.0);
        risen.take(0, 200, usual, MOST);
        assert!(risen.is_at_rest());
    }

    #[test]
    fn noise_that_is_usual_convinces_less() {
        let nats = |strength: f64| {
            let mut risen = Risen::default();
            let usual = Beta { failed: 0.02 * strength, succeeded: 0.98 * strength };
            risen.take(8, 100, usual, MOST);
            risen.nats()
        };
        assert!(nats(5_000.0) > 4.0);
        assert!(nats(60.0) < 2.0, "{}", nats(60.0));
    }

    #[test]
    fn silence_adds_up_by_what_was_expected() {
        let mut moved = Moved::default();
        let usual = Usual { mean: 1.0, dispersion: 1e-6, most_at_once: MOST };
        for _ in 0..10 {
            moved.take(0, usual, &DROPS, MOST);
        }
        // Poisson: ten messages that did not come, of which 2 % would not have come anyway.
        assert!((moved.nats() - 9.8).abs() < 1e-3, "{}", moved.nats());
        moved.take(1, usual, &DROPS, MOST);
        assert!(moved.nats() < 9.1, "{}", moved.nats());
    }
}
