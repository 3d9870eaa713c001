//! Since when something is wrong.

use super::super::brief::Brief;
use super::kind::Kind;
use super::memory::{Episode, Memory};

/// Sums over the newest windows.
#[derive(Clone, Copy, Debug, Default)]
struct Stretch {
    windows: u16,
    expected: f64,
    seen: f64,
    traffic: f64,
    nats: f64,
}

impl Stretch {
    /// How much likelier it is under the rate it had than under the usual one, in nats; 0 when it
    /// changed in the other direction.
    fn speaks(&self, kind: Kind) -> f64 {
        let part = |seen: f64, expected: f64| {
            if seen > 0.0 && expected > 0.0 { seen * libm::log(seen / expected) } else { 0.0 }
        };
        match kind {
            Kind::Failure | Kind::Late if self.seen > self.expected => {
                part(self.seen, self.expected)
                    + part(self.traffic - self.seen, self.traffic - self.expected)
            }
            Kind::Up if self.seen > self.expected => {
                part(self.seen, self.expected) - self.seen + self.expected
            }
            Kind::Down if self.seen < self.expected => {
                part(self.seen, self.expected) - self.seen + self.expected
            }
            _ => 0.0,
        }
    }
}

impl Memory {
    /// Dates the beginning of what is suspected: the stretch of the newest windows that speaks most for a
    /// change. A CUSUM begins to rise earlier, and what was healthy then would dilute the harm.
    pub(super) fn date(&mut self, kind: Kind, window: u64) {
        let episode = self.episodes[kind as usize];
        let usual_volume = f64::from(episode.expected) / f64::from(episode.windows.max(1));
        let usual_rate = match kind {
            Kind::Late => self.late.belief().mean(),
            _ => self.failures.belief().mean(),
        };
        let (mut sums, mut best) = (Stretch::default(), Stretch::default());
        for counts in self.recent.iter().take(episode.windows as usize) {
            sums.windows += 1;
            let (seen, of) = match kind {
                Kind::Failure => (counts.failed, counts.outcomes() as f64),
                Kind::Late => (counts.late(), counts.dispatched.into()),
                Kind::Up | Kind::Down => (counts.submitted, 0.0),
            };
            sums.seen += f64::from(seen);
            if kind.is_volume() {
                sums.expected += usual_volume;
                sums.traffic += usual_volume.max(seen.into());
            } else {
                sums.expected += usual_rate * of;
                sums.traffic += of;
            }
            sums.nats = sums.speaks(kind);
            if sums.nats > best.nats {
                best = sums;
            }
        }
        if best.windows == 0 || best.windows >= episode.windows || best.traffic <= 0.0 {
            return;
        }
        let excess = (best.seen - best.expected).abs();
        self.episodes[kind as usize] = Episode {
            onset: (window + 1 - u64::from(best.windows)).min(u32::MAX.into()) as u32,
            windows: best.windows,
            expected: best.expected as f32,
            seen: best.seen as f32,
            traffic: best.traffic as f32,
            share: Brief::new((excess / best.traffic).clamp(0.0, 1.0) as f32),
            over: Brief::default(),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stretch_speaks_by_its_divergence_and_only_for_its_own_direction() {
        let stretch =
            |expected, seen, traffic| Stretch { windows: 1, expected, seen, traffic, nats: 0.0 };
        // 100·KL(0.2 ‖ 0.02) = 100·(0.2·ln 10 + 0.8·ln(0.8 ÷ 0.98)).
        let failures = stretch(2.0, 20.0, 100.0);
        assert!((failures.speaks(Kind::Failure) - 29.816).abs() < 1e-3);
        assert_eq!(stretch(20.0, 2.0, 100.0).speaks(Kind::Failure), 0.0);
        // Poisson: 5·ln(5 ÷ 50) − 5 + 50.
        let drop = stretch(50.0, 5.0, 50.0);
        assert!((drop.speaks(Kind::Down) - 33.487).abs() < 1e-3);
        assert_eq!(drop.speaks(Kind::Up), 0.0);
    }
}
