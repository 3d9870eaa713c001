//! The oracle: a CUSUM that knows the true rates with and without the incident.
//!
//! Nothing can beat it by much. It is calibrated by simulation: its threshold is the one at which healthy
//! windows of the very same tenant would raise as many false alarms as the detector it is held against
//! really did. ln γ, the textbook's threshold, would be far from that.

use crate::detector::Counts;
use crate::model::incidents::{
    Injected, Rates, TenantModel, WINDOWS_A_DAY, World, beta_binomial_ln_ratio,
    negative_binomial_ln_ratio,
};

/// Healthy days that are simulated for the threshold.
const TRIAL_DAYS: u64 = 21;
/// The rank of the excursion from which the threshold is extrapolated.
const RANK: usize = 5;

/// Windows that the oracle needs for an incident, `None` if it never raises in it. `rates` are the
/// false alarms a tenant-day that it may raise, by stratum.
pub fn oracle_delay(world: &World, incident: &Injected, rates: &[f64]) -> Option<u64> {
    let tenant = &world.tenants[incident.tenant as usize];
    let threshold = threshold(tenant, incident, rates[tenant.stratum]);
    let seen = &world.seen[incident.tenant as usize];
    let mut statistic = 0.0_f64;
    for window in incident.start..incident.end.min(world.windows) {
        let (harmed, healthy) = (tenant.harmed(incident, window), tenant.healthy(window));
        let step = ln_ratio(tenant, &seen[window as usize], harmed, healthy);
        statistic = (statistic + step).max(0.0);
        if statistic >= threshold {
            return Some(window - incident.start + 1);
        }
    }
    None
}

/// The threshold at which healthy windows raise so many alarms a day. The number of excursions of a
/// CUSUM of likelihood ratios above h falls as e^(−h), so the tail is extrapolated from a rank that is
/// seen often enough.
fn threshold(tenant: &TenantModel, incident: &Injected, alarms_a_day: f64) -> f64 {
    let trial = tenant.trial(incident.start as u32);
    let windows = TRIAL_DAYS * WINDOWS_A_DAY;
    let length = incident.end - incident.start;
    let (mut statistic, mut highest) = (0.0_f64, 0.0_f64);
    let mut excursions: Vec<f64> = Vec::new();
    for window in 0..windows {
        let healthy = trial.healthy(window);
        // What it looks for at any time of day: the incident, as if it were in its second half.
        let at = incident.start + length / 2 + (window % 4) % length.div_ceil(2);
        let size = tenant.harmed(incident, at);
        let usual = tenant.healthy(at);
        let harmed =
            Rates { volume: healthy.volume * size.volume / usual.volume.max(1e-12), ..size };
        let step = ln_ratio(&trial, &trial.healthy_counts(window), harmed, healthy);
        statistic = (statistic + step).max(0.0);
        highest = highest.max(statistic);
        if statistic == 0.0 && highest > 0.0 {
            excursions.push(highest);
            highest = 0.0;
        }
    }
    excursions.sort_by(|a, b| b.total_cmp(a));
    let rank = RANK.min(excursions.len());
    let wanted = alarms_a_day * TRIAL_DAYS as f64;
    match rank.checked_sub(1) {
        Some(last) => (excursions[last] + libm::log(rank as f64 / wanted)).max(0.1),
        // Healthy windows never look like it at all: whatever speaks for it is enough.
        None => libm::log(1.0 / wanted).max(0.1),
    }
}

/// ln of how much likelier the counts are with the incident than without.
fn ln_ratio(tenant: &TenantModel, counts: &Counts, harmed: Rates, healthy: Rates) -> f64 {
    let failed = counts.failures();
    let outcomes = failed + counts.succeeded;
    let mut sum = 0.0;
    if harmed.failure != healthy.failure {
        let strength = tenant.steadiness;
        sum += beta_binomial_ln_ratio(failed, outcomes, harmed.failure, healthy.failure, strength);
    }
    if harmed.volume != healthy.volume {
        let (after, before) = (harmed.volume, healthy.volume);
        sum += negative_binomial_ln_ratio(counts.submitted, after, before, tenant.dispersion);
    }
    if harmed.delayed > 0.0 && counts.submitted > 0 {
        let late = f64::from(counts.submitted.saturating_sub(outcomes));
        let prompt = f64::from(counts.submitted) - late;
        let (p1, p0) = (harmed.delayed.min(0.999), 0.001);
        sum += late * libm::log(p1 / p0) + prompt * libm::log((1.0 - p1) / (1.0 - p0));
    }
    sum
}
