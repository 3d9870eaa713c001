//! A tenant: how it is when it is well, and what the platform sees of it.

use super::draws::{beta, binomial, gamma, poisson};
use super::{Class, GeneratorConfig, Harm, IncidentCause, Injected, WINDOWS_A_DAY, draws};
use crate::detector::{Counts, ErrorClass};
use crate::engine::{Seed, Stream, StreamName, uniform_open};

/// Shares of a healthy tenant's failures by class of status.
const HEALTHY_MIX: [f64; ErrorClass::ALL.len()] = [0.25, 0.05, 0.1, 0.5, 0.1];

/// How a tenant is when it is well.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct TenantModel {
    /// Its number.
    pub number: u32,
    /// Position in the strata of the configuration.
    pub stratum: usize,
    /// The carrier it uses.
    pub destination: u16,
    /// Messages of an average weekday.
    pub messages_a_day: f64,
    /// Its failure rate.
    pub failure_rate: f64,
    /// Strength of the beta distribution of each window's rate.
    pub steadiness: f64,
    /// (variance − mean) ÷ mean² of a window's volume, beyond the season.
    pub dispersion: f64,
    /// Depth of the day.
    pub daily: f64,
    /// When its day is fullest, in days.
    pub peak: f64,
    /// Volume of Saturday and Sunday relative to a weekday.
    pub weekend: f64,
    stream: Stream,
}

/// The true rates of a window: what an oracle knows.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Rates {
    /// Mean messages.
    pub volume: f64,
    /// Failure rate.
    pub failure: f64,
    /// Share of the outcomes that come late.
    pub delayed: f64,
}

impl TenantModel {
    /// The tenant of this number.
    pub(super) fn draw(config: &GeneratorConfig, seed: Seed, number: u32) -> TenantModel {
        let name = |purpose| StreamName::new(format!("tenant/{number}"), purpose);
        let luck = seed.stream(&name("incidents/nature"));
        let u = |index: u64| uniform_open(luck.luck(index / 8, 0).number(index as usize % 8));
        let stratum = config.stratum_of(number);
        TenantModel {
            number,
            stratum,
            destination: (number / config.strata.len() as u32 % u32::from(config.destinations))
                as u16,
            messages_a_day: config.strata[stratum].messages_a_day.logarithmic(u(0)),
            failure_rate: config.failure_rate.logarithmic(u(1)),
            steadiness: config.steadiness.logarithmic(u(2)),
            dispersion: config.dispersion.linear(u(3)),
            daily: config.daily.linear(u(4)),
            peak: u(5),
            weekend: config.weekend.linear(u(6)),
            stream: seed.stream(&name("incidents/windows")),
        }
    }

    /// The true rates of a window in which nothing is wrong.
    pub fn healthy(&self, window: u64) -> Rates {
        let day = (window % WINDOWS_A_DAY) as f64 / WINDOWS_A_DAY as f64;
        let daily = 1.0 + self.daily * libm::cos(core::f64::consts::TAU * (day - self.peak));
        let weekly = if window / WINDOWS_A_DAY % 7 >= 5 { self.weekend } else { 1.0 };
        let volume = self.messages_a_day / WINDOWS_A_DAY as f64 * daily * weekly;
        Rates { volume, failure: self.failure_rate, delayed: 0.0 }
    }

    /// The true rates of a window of an incident.
    pub fn harmed(&self, incident: &Injected, window: u64) -> Rates {
        let healthy = self.healthy(window);
        let share = |excess: f64| healthy.failure + (1.0 - healthy.failure) * excess;
        let size = incident.size;
        let elapsed = (window - incident.start) as f64 / (incident.end - incident.start) as f64;
        match incident.class {
            Class::Step | Class::Subset | Class::CarrierOutage => {
                Rates { failure: share(size), ..healthy }
            }
            Class::Ramp => Rates { failure: share(size * (2.0 * elapsed).min(1.0)), ..healthy },
            Class::Flapping if (window - incident.start) % 4 < 2 => {
                Rates { failure: share(size), ..healthy }
            }
            Class::Flapping => healthy,
            Class::Blackout | Class::Surge => Rates { volume: healthy.volume * size, ..healthy },
            Class::RetryStorm => Rates {
                failure: share(size),
                volume: healthy.volume * (1.0 + 2.0 * size),
                ..healthy
            },
            Class::ReceiptDelay => Rates { delayed: size, ..healthy },
        }
    }

    /// What the platform sees, window by window; notes in each incident what it did.
    pub(super) fn windows(&self, incidents: &mut [Injected], windows: u64) -> Vec<Counts> {
        let mut seen = Vec::with_capacity(windows as usize);
        let mut late: Vec<(u64, Counts)> = Vec::new();
        let mut next = 0;
        for window in 0..windows {
            while incidents.get(next).is_some_and(|one| one.end <= window) {
                next += 1;
            }
            let incident = incidents.get_mut(next).filter(|one| one.start <= window);
            let healthy = self.healthy(window);
            let (rates, cause, release) = match &incident {
                Some(one) => (self.harmed(one, window), Some(one.cause), one.end + 2),
                None => (healthy, None, 0),
            };
            let mut counts = self.sample(window, rates, healthy, cause);
            if let Some(incident) = incident {
                incident.harm.add(&self.harm(window, rates, healthy, &counts));
            }
            if rates.delayed > 0.0 {
                let held = self.hold_back(window, &mut counts, rates.delayed);
                late.push((release, held));
            }
            late.retain(|(due, held)| {
                if *due == window {
                    counts.succeeded += held.succeeded;
                    counts.failed.iter_mut().zip(held.failed).for_each(|(to, from)| *to += from);
                }
                *due != window
            });
            seen.push(counts);
        }
        seen
    }

    /// Counts of one window from its own luck.
    fn sample(
        &self,
        window: u64,
        rates: Rates,
        healthy: Rates,
        cause: Option<IncidentCause>,
    ) -> Counts {
        let luck = self.stream.luck(window, 0);
        let shape = 1.0 / self.dispersion;
        let bursts = if self.dispersion > 1e-6 { gamma(luck.number(0), shape) } else { 1.0 };
        let submitted = poisson(luck.number(1), rates.volume * bursts);
        let mut counts = Counts { submitted, ..Counts::default() };
        if submitted == 0 {
            return counts;
        }
        let rate = beta([luck.number(2), luck.number(3)], rates.failure, self.steadiness);
        let failed = binomial(luck.number(4), submitted, rate);
        counts.succeeded = submitted - failed;
        // Of the failures, the excess has the class of the cause, the others the healthy mix.
        let excess = 1.0 - (healthy.failure / rates.failure).min(1.0);
        let caused = match cause {
            Some(_) => binomial(luck.number(5), failed, excess),
            None => 0,
        };
        if let Some(class) = cause.and_then(class_of) {
            counts.failed[class as usize] += caused;
        }
        self.split(window, failed - caused, &mut counts.failed);
        counts
    }

    /// Splits failures by the healthy mix: binomials of what is left.
    fn split(&self, window: u64, failed: u32, into: &mut [u32; ErrorClass::ALL.len()]) {
        let luck = self.stream.luck(window, 1);
        let (mut left, mut share) = (failed, 1.0);
        for (index, part) in HEALTHY_MIX.iter().enumerate() {
            if left == 0 {
                return;
            }
            let taken = binomial(luck.number(index), left, (part / share).min(1.0));
            into[index] += taken;
            left -= taken;
            share -= part;
        }
        into[HEALTHY_MIX.len() - 1] += left;
    }

    /// Takes out what comes late; each outcome is as likely to as any other.
    fn hold_back(&self, window: u64, counts: &mut Counts, share: f64) -> Counts {
        let luck = self.stream.luck(window, 2);
        let succeeded = binomial(luck.number(0), counts.succeeded, share);
        let mut held = Counts { succeeded, ..Counts::default() };
        counts.succeeded -= held.succeeded;
        for (index, (from, to)) in counts.failed.iter_mut().zip(&mut held.failed).enumerate() {
            *to = binomial(luck.number(1 + index), *from, share);
            *from -= *to;
        }
        held
    }

    /// What the incident did in this window.
    fn harm(&self, window: u64, rates: Rates, healthy: Rates, counts: &Counts) -> Harm {
        let _ = window;
        let failing = f64::from(counts.submitted) * (rates.failure - healthy.failure).max(0.0);
        let missing = (healthy.volume - rates.volume).max(0.0);
        let surplus = (rates.volume - healthy.volume).max(0.0);
        let paid_for = if rates.failure > healthy.failure { 0.0 } else { surplus };
        let delayed = f64::from(counts.submitted) * rates.delayed;
        // Bursts add to the variance as dispersion·mean², which makes the count less informative.
        let blur = 1.0 + healthy.volume * self.dispersion;
        let volume = draws_information(rates.volume / blur, healthy.volume / blur);
        let outcomes =
            f64::from(counts.submitted) / (1.0 + f64::from(counts.submitted) / self.steadiness);
        let failures = bernoulli(rates.failure, healthy.failure) * outcomes;
        let lateness = bernoulli(rates.delayed.min(0.999), 0.01) * f64::from(counts.submitted);
        Harm {
            harmed: failing + missing + paid_for + delayed,
            traffic: healthy.volume.max(rates.volume),
            information: volume + failures + if rates.delayed > 0.0 { lateness } else { 0.0 },
        }
    }
}

fn class_of(cause: IncidentCause) -> Option<ErrorClass> {
    match cause {
        IncidentCause::CarrierOutage => Some(ErrorClass::Unreachable),
        IncidentCause::Throttling => Some(ErrorClass::Throttled),
        IncidentCause::Filtering => Some(ErrorClass::Filtered),
        IncidentCause::BadList => Some(ErrorClass::InvalidRecipient),
        IncidentCause::Surge | IncidentCause::TrafficStopped | IncidentCause::ReceiptDelay => None,
    }
}

/// Kullback-Leibler divergence of Poisson counts.
fn draws_information(after: f64, before: f64) -> f64 {
    if before <= 0.0 || after == before {
        return 0.0;
    }
    let logarithmic = if after > 0.0 { after * libm::log(after / before) } else { 0.0 };
    logarithmic - after + before
}

/// Kullback-Leibler divergence of one outcome.
fn bernoulli(p1: f64, p0: f64) -> f64 {
    let part = |p: f64, q: f64| if p <= 0.0 { 0.0 } else { p * libm::log(p / q) };
    part(p1, p0) + part(1.0 - p1, 1.0 - p0)
}

impl TenantModel {
    /// The stream of a tenant for draws that are not of its own traffic, such as an oracle's trial days.
    pub fn trial(&self, trial: u32) -> TenantModel {
        let name = StreamName::new(format!("tenant/{}", self.number), format!("trial/{trial}"));
        TenantModel { stream: Seed::new(u64::from(trial)).stream(&name), ..*self }
    }

    /// Counts of a healthy window.
    pub fn healthy_counts(&self, window: u64) -> Counts {
        let rates = self.healthy(window);
        self.sample(window, rates, rates, None)
    }
}

pub(super) use draws::poisson as draw_poisson;
