//! Seeded traffic for the detector's tests: samplers by inverse transform, and a bench that feeds
//! whole windows.

use apportion::detector::{
    Account, AlertChange, AlertEvent, AlertKind, Detector, DetectorSettings, Notice, Observation,
};
use apportion::time::Time;
use apportion::units::{DestinationId, TenantId};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Windows of a day at the standard width.
pub(crate) const DAY: u64 = 288;

/// A generator with the samplers that the tests need.
pub(crate) struct Luck(ChaCha8Rng);

impl Luck {
    pub(crate) fn seeded(seed: u64) -> Self {
        Luck(ChaCha8Rng::seed_from_u64(seed))
    }

    /// Uniform in (0, 1).
    pub(crate) fn uniform(&mut self) -> f64 {
        ((self.0.next_u64() >> 11) as f64 + 0.5) / (1u64 << 53) as f64
    }

    pub(crate) fn happens(&mut self, probability: f64) -> bool {
        self.uniform() < probability
    }

    pub(crate) fn poisson(&mut self, mean: f64) -> u32 {
        // exp(-mean) leaves the range of a float above 700; a sum of Poisson counts is Poisson.
        if mean > 600.0 {
            return self.poisson(mean / 2.0) + self.poisson(mean / 2.0);
        }
        let (u, mut k) = (self.uniform(), 0);
        let mut term = libm::exp(-mean);
        let mut sum = term;
        while sum < u && k < 100_000 {
            k += 1;
            term *= mean / f64::from(k);
            sum += term;
        }
        k
    }

    /// Poisson with an exponential mean: negative binomial with dispersion 1.
    pub(crate) fn geometric(&mut self, mean: f64) -> u32 {
        let mean = -mean * libm::log(self.uniform());
        self.poisson(mean)
    }

    pub(crate) fn binomial(&mut self, n: u32, p: f64) -> u32 {
        (0..n).filter(|_| self.happens(p)).count() as u32
    }

    /// Failures of `n` messages at a low rate: one draw a failure, by the gaps between them.
    pub(crate) fn failures(&mut self, n: u32, p: f64) -> u32 {
        let (mut failed, mut at) = (0, 0.0);
        loop {
            at += 1.0 + libm::floor(libm::log(self.uniform()) / libm::log(1.0 - p));
            if at > f64::from(n) {
                return failed;
            }
            failed += 1;
        }
    }
}

/// A detector, fed window by window and ticked at the end of each.
pub(crate) struct Bench {
    detector: Box<dyn Detector>,
    window: u64,
    /// With the number of windows that had ended.
    pub(crate) events: Vec<(u64, AlertEvent)>,
}

impl Bench {
    pub(crate) fn new(detector: impl Detector + 'static) -> Self {
        Bench { detector: Box::new(detector), window: 0, events: Vec::new() }
    }

    /// Counts of one account in the window that is open.
    pub(crate) fn feed(&mut self, tenant: u32, submitted: u32, failed: u32) {
        assert!(failed <= submitted);
        let middle = Time::from_seconds(self.window * 300 + 150);
        for (seen, count) in [
            (Observation::Submitted, submitted),
            (Observation::Failed, failed),
            (Observation::Succeeded, submitted - failed),
        ] {
            for _ in 0..count {
                self.detector.observe(middle, account(tenant), seen);
            }
        }
    }

    /// Tells of tenant 0 what the platform announces.
    pub(crate) fn notice(&mut self, notice: Notice) {
        let now = Time::from_seconds(self.window * 300);
        self.detector.notice(now, account(0), notice);
    }

    /// Ends the window.
    pub(crate) fn close(&mut self) {
        self.window += 1;
        let (window, events) = (self.window, &mut self.events);
        self.detector.tick(Time::from_seconds(window * 300), &mut |event| {
            events.push((window, event));
        });
    }

    /// Feeds one account, tenant 0, with these windows.
    pub(crate) fn run(&mut self, windows: impl IntoIterator<Item = (u32, u32)>) {
        for (submitted, failed) in windows {
            self.feed(0, submitted, failed);
            self.close();
        }
    }

    /// Alerts raised: window, tenant, kind.
    pub(crate) fn raised(&self) -> Vec<(u64, u32, AlertKind)> {
        self.events
            .iter()
            .filter(|(_, event)| event.change == AlertChange::Raised)
            .map(|(window, event)| (*window, event.account.tenant.0, event.kind))
            .collect()
    }
}

pub(crate) fn account(tenant: u32) -> Account {
    Account { tenant: TenantId(tenant), destination: DestinationId(0) }
}

pub(crate) fn standard() -> DetectorSettings {
    DetectorSettings::STANDARD
}
