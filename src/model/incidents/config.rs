//! The configuration of the generator, as data: committed files in `scenarios/detection/`.

use serde::Deserialize;

/// A range from which something is drawn, both ends included.
#[derive(Clone, Copy, PartialEq, Debug, Deserialize)]
pub struct Range(pub f64, pub f64);

/// Everything that the generator draws from.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GeneratorConfig {
    /// What it is for.
    pub name: String,
    /// The first seed; the others follow.
    pub first_seed: u64,
    /// How many seeds.
    pub seeds: u64,
    /// Tenants of a world, split evenly between the strata.
    pub tenants: u32,
    /// Length of a world.
    pub days: u64,
    /// Days in which nothing is injected and nothing counted.
    pub warm_up_days: u64,
    /// Carriers between which the tenants are split.
    pub destinations: u16,
    /// Strata of traffic volume, ascending.
    pub strata: Vec<Stratum>,
    /// Failure rates of healthy tenants, drawn on a logarithmic scale.
    pub failure_rate: Range,
    /// How steady a tenant's failure rate is: the strength of the beta distribution from which each
    /// window's rate comes, on a logarithmic scale.
    pub steadiness: Range,
    /// Over-dispersion of the volume of a window: (variance − mean) ÷ mean².
    pub dispersion: Range,
    /// Depth of the day, 0 for none, 1 for silence at night.
    pub daily: Range,
    /// Volume of Saturday and Sunday, relative to a weekday's.
    pub weekend: Range,
    /// The share of the traffic that an incident harms at its full height, on a logarithmic scale:
    /// failures beyond the usual, or receipts that are late.
    pub harm: Range,
    /// The same where messages are missing or surplus: a volume varies by tens of percent anyway.
    pub volume_harm: Range,
    /// Outages of whole carriers.
    pub outages: Outages,
}

/// Tenants of one volume.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stratum {
    /// The name in output.
    pub name: String,
    /// Messages a day, drawn on a logarithmic scale.
    pub messages_a_day: Range,
    /// How long an incident lasts in hours, on a logarithmic scale: sparse tenants need long ones for
    /// anything to be seen.
    pub hours: Range,
    /// Incidents of a tenant in a world, on average.
    pub incidents: f64,
}

/// Outages of whole carriers.
#[derive(Clone, PartialEq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outages {
    /// In a world.
    pub number: u32,
    /// How long each lasts in hours, on a logarithmic scale.
    pub hours: Range,
    /// Failures beyond the usual, as a share, on a logarithmic scale.
    pub harm: Range,
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The text is not what it should be.
    #[error("not a generator configuration: {0}")]
    Json(#[from] serde_json::Error),
    /// A value makes no sense.
    #[error("{0}")]
    Absurd(&'static str),
}

impl Range {
    /// The value at `uniform` in (0, 1), linearly.
    pub(super) fn linear(self, uniform: f64) -> f64 {
        self.0 + (self.1 - self.0) * uniform
    }

    /// The value at `uniform` in (0, 1) on a logarithmic scale.
    pub(super) fn logarithmic(self, uniform: f64) -> f64 {
        libm::exp(Range(libm::log(self.0), libm::log(self.1)).linear(uniform))
    }

    fn lies_in(self, low: f64, high: f64) -> bool {
        low <= self.0 && self.0 <= self.1 && self.1 <= high
    }
}

impl GeneratorConfig {
    /// Reads a configuration from JSON.
    pub fn parse(text: &str) -> Result<GeneratorConfig, ConfigError> {
        let config: GeneratorConfig = serde_json::from_str(text)?;
        let require = |holds: bool, otherwise: &'static str| {
            if holds { Ok(()) } else { Err(ConfigError::Absurd(otherwise)) }
        };
        require(config.warm_up_days < config.days, "`warm_up_days` is less than `days`")?;
        require(config.destinations > 0, "there is at least one destination")?;
        require(!config.strata.is_empty(), "there is at least one stratum")?;
        require(config.failure_rate.lies_in(1e-6, 0.5), "`failure_rate` lies in (0, 0.5]")?;
        require(config.steadiness.lies_in(1.0, 1e9), "`steadiness` lies in [1, 10⁹]")?;
        require(config.dispersion.lies_in(0.0, 10.0), "`dispersion` lies in [0, 10]")?;
        require(config.daily.lies_in(0.0, 1.0), "`daily` lies in [0, 1]")?;
        require(config.weekend.lies_in(0.0, 10.0), "`weekend` lies in [0, 10]")?;
        require(config.harm.lies_in(1e-6, 1.0), "`harm` lies in (0, 1]")?;
        require(config.volume_harm.lies_in(1e-6, 1.0), "`volume_harm` lies in (0, 1]")?;
        require(config.outages.harm.lies_in(1e-6, 1.0), "`harm` of outages lies in (0, 1]")?;
        for stratum in &config.strata {
            require(stratum.messages_a_day.lies_in(1e-3, 1e7), "`messages_a_day` is above 0")?;
            require(stratum.hours.lies_in(0.1, 1e4), "`hours` is at least 0.1")?;
        }
        Ok(config)
    }

    /// The stratum of a tenant.
    pub fn stratum_of(&self, tenant: u32) -> usize {
        tenant as usize % self.strata.len()
    }
}
