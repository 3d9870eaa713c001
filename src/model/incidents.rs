//! Incidents for measuring detectors: counts of outcomes by tenant and window, with exact truth.
//!
//! A detector sees counts, so no message has to be simulated: for each tenant and window this draws how
//! many messages were submitted, how many succeeded and how many failed with which class of status.
//! Between incidents tenants are healthy, each in its own way: sparse or busy, with a day and a week,
//! more or less bursty, with a failure rate that wanders. What is injected is known exactly, also how
//! much information about it there was to be seen.
//!
//! Every draw belongs to (seed, tenant, window), so an incident shifts nobody's luck.

mod class;
mod config;
mod control;
mod draws;
mod tenant;
mod truth;

pub use class::{Class, IncidentCause};
pub use config::{ConfigError, GeneratorConfig, Outages, Range, Stratum};
pub use control::{Control, controls};
pub use draws::{beta_binomial_ln_ratio, negative_binomial_ln_ratio};
pub use tenant::{Rates, TenantModel};
pub use truth::{Harm, Injected, SEVERITY_CUTS, severity_of_share};

use crate::detector::Counts;
use crate::engine::Seed;

/// Width of a window in seconds.
pub const WINDOW_S: u64 = 300;
/// Windows of a day.
pub const WINDOWS_A_DAY: u64 = 86_400 / WINDOW_S;

/// A generated world: tenants, what was injected, and what the platform saw.
pub struct World {
    /// By number.
    pub tenants: Vec<TenantModel>,
    /// In order of tenant and start.
    pub incidents: Vec<Injected>,
    /// By tenant, then window.
    pub seen: Vec<Vec<Counts>>,
    /// Windows of the whole.
    pub windows: u64,
    /// Windows before the first in which an incident may begin.
    pub warm_up: u64,
}

/// Generates the world of a configuration and a seed.
pub fn generate(config: &GeneratorConfig, seed: u64) -> World {
    let streams = Seed::new(seed);
    let windows = config.days * WINDOWS_A_DAY;
    let warm_up = config.warm_up_days * WINDOWS_A_DAY;
    let tenants: Vec<TenantModel> =
        (0..config.tenants).map(|number| TenantModel::draw(config, streams, number)).collect();
    let mut incidents = truth::inject(config, streams, &tenants, warm_up, windows);
    let mut seen = Vec::with_capacity(tenants.len());
    let mut first = 0;
    for tenant in &tenants {
        let end = incidents[first..]
            .iter()
            .position(|incident| incident.tenant != tenant.number)
            .map_or(incidents.len(), |offset| first + offset);
        seen.push(tenant.windows(&mut incidents[first..end], windows));
        first = end;
    }
    World { tenants, incidents, seen, windows, warm_up }
}

impl World {
    /// The share of tenant-hours that lie in an incident.
    pub fn prevalence(&self) -> f64 {
        let abnormal: u64 = self.incidents.iter().map(|one| one.end - one.start).sum();
        abnormal as f64 / (self.windows * self.tenants.len() as u64) as f64
    }
}

#[cfg(test)]
mod tests;
