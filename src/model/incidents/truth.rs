//! What was injected, and how bad it truly was.

use super::tenant::draw_poisson;
use super::{Class, GeneratorConfig, IncidentCause, TenantModel, WINDOW_S};
use crate::detector::Severity;
use crate::engine::{Seed, StreamName, index_below, uniform_open};

/// The harmed shares of a tenant's traffic from which an incident is medium and high: a tenth and a
/// quarter. Written before any detector was tuned; a change voids every scoreboard.
pub const SEVERITY_CUTS: [f64; 2] = [0.1, 0.25];

/// The true severity of an incident that harmed this share of the tenant's traffic while it lasted.
pub fn severity_of_share(share: f64) -> Severity {
    if share >= SEVERITY_CUTS[1] {
        Severity::High
    } else if share >= SEVERITY_CUTS[0] {
        Severity::Medium
    } else {
        Severity::Low
    }
}

/// An incident that was injected.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Injected {
    /// Whom it hit.
    pub tenant: u32,
    /// Its shape.
    pub class: Class,
    /// Why.
    pub cause: IncidentCause,
    /// Its first window.
    pub start: u64,
    /// The window after its last.
    pub end: u64,
    /// Failures beyond the usual as a share, the volume as a multiple of the usual, or the share of
    /// receipts that are late, by class.
    pub size: f64,
    /// Incidents of one outage have one number.
    pub outage: Option<u32>,
    /// What it did.
    pub harm: Harm,
}

/// What an incident did.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Harm {
    /// Messages that failed, are missing, came late, or are paid for in vain.
    pub harmed: f64,
    /// Messages that were or should have been sent.
    pub traffic: f64,
    /// How much there was to be seen: the Kullback-Leibler divergence of what is seen with and without
    /// the incident, summed over its windows, in nats.
    pub information: f64,
}

impl Harm {
    pub(super) fn add(&mut self, other: &Harm) {
        self.harmed += other.harmed;
        self.traffic += other.traffic;
        self.information += other.information;
    }

    /// The harmed share of the traffic, in [0, 1].
    pub fn share(&self) -> f64 {
        if self.traffic > 0.0 { (self.harmed / self.traffic).min(1.0) } else { 0.0 }
    }

    /// Whether any detector with one false alarm in 100 tenant-days could be expected to see it: the
    /// information reaches ln of the windows of 100 days.
    pub fn is_detectable(&self) -> bool {
        self.information >= libm::log(100.0 * 86_400.0 / WINDOW_S as f64)
    }
}

/// Draws the incidents of a world, in order of tenant and start, not overlapping within a tenant.
pub(super) fn inject(
    config: &GeneratorConfig,
    seed: Seed,
    tenants: &[TenantModel],
    warm_up: u64,
    windows: u64,
) -> Vec<Injected> {
    let outages = outages(config, seed, warm_up, windows);
    let mut incidents = Vec::new();
    for tenant in tenants {
        let mut own: Vec<Injected> = outages
            .iter()
            .enumerate()
            .filter(|(_, outage)| outage.0 == tenant.destination)
            .map(|(index, outage)| Injected {
                tenant: tenant.number,
                class: Class::CarrierOutage,
                cause: IncidentCause::CarrierOutage,
                start: outage.1,
                end: outage.2,
                size: outage.3,
                outage: Some(index as u32),
                harm: Harm::default(),
            })
            .collect();
        let stratum = &config.strata[tenant.stratum];
        let name = StreamName::new(format!("tenant/{}", tenant.number), "incidents/truth");
        let stream = seed.stream(&name);
        let number = draw_poisson(stream.luck(0, 0).number(0), stratum.incidents);
        for ordinal in 1..=u64::from(number) {
            let luck = stream.luck(ordinal, 0);
            let length = windows_of(stratum.hours.logarithmic(uniform_open(luck.number(0))));
            let room = (windows - warm_up).saturating_sub(length).max(1);
            let start = warm_up + index_below(luck.number(1), room);
            let classes = Class::OF_ONE_TENANT;
            let class = classes[index_below(luck.number(2), classes.len() as u64) as usize];
            let (size, cause) = nature(config, class, luck.number(3), luck.number(4));
            let end = (start + length).min(windows);
            // An hour apart from any other, so that an alert belongs to one of them.
            let apart = 3_600 / WINDOW_S + 3;
            let is_free =
                |other: &Injected| other.end + apart <= start || end + apart <= other.start;
            if own.iter().all(is_free) {
                let (tenant, outage, harm) = (tenant.number, None, Harm::default());
                own.push(Injected { tenant, class, cause, start, end, size, outage, harm });
            }
        }
        own.sort_by_key(|incident| incident.start);
        incidents.append(&mut own);
    }
    incidents
}

/// Destination, first window, window after the last, and size of each outage.
fn outages(
    config: &GeneratorConfig,
    seed: Seed,
    warm_up: u64,
    windows: u64,
) -> Vec<(u16, u64, u64, f64)> {
    let stream = seed.stream(&StreamName::new("carriers", "incidents/outages"));
    let mut outages: Vec<(u16, u64, u64, f64)> = Vec::new();
    for ordinal in 0..u64::from(config.outages.number) {
        let luck = stream.luck(ordinal, 0);
        let destination = index_below(luck.number(0), u64::from(config.destinations)) as u16;
        let length = windows_of(config.outages.hours.logarithmic(uniform_open(luck.number(1))));
        let start = warm_up + index_below(luck.number(2), windows - warm_up - length);
        let size = config.outages.harm.logarithmic(uniform_open(luck.number(3)));
        let apart = 3_600 / WINDOW_S + 3;
        let is_free = |other: &(u16, u64, u64, f64)| {
            other.0 != destination || other.2 + apart <= start || start + length + apart <= other.1
        };
        if outages.iter().all(is_free) {
            outages.push((destination, start, start + length, size));
        }
    }
    outages
}

fn windows_of(hours: f64) -> u64 {
    (libm::round(hours * 3_600.0 / WINDOW_S as f64) as u64).max(1)
}

/// Size and cause of an incident of this class.
fn nature(config: &GeneratorConfig, class: Class, size: u64, cause: u64) -> (f64, IncidentCause) {
    let u = uniform_open(size);
    let of_failures = [IncidentCause::Throttling, IncidentCause::Filtering, IncidentCause::BadList];
    let failing = of_failures[index_below(cause, 3) as usize];
    let range = match class {
        Class::Blackout | Class::Surge => config.volume_harm,
        _ => config.harm,
    };
    let harm = range.logarithmic(u);
    match class {
        // Half of the time, or half of the height on average, harms half as much.
        Class::Ramp | Class::Flapping => ((2.0 * harm).min(1.0), failing),
        Class::Step | Class::Subset => (harm, failing),
        Class::RetryStorm => (harm, IncidentCause::Throttling),
        Class::Blackout => (1.0 - harm, IncidentCause::TrafficStopped),
        Class::Surge => (1.0 / (1.0 - harm.min(0.97)), IncidentCause::Surge),
        Class::ReceiptDelay => (harm, IncidentCause::ReceiptDelay),
        Class::CarrierOutage => (harm, IncidentCause::CarrierOutage),
    }
}
