//! Who is worse off than under the baseline, and who better.

use serde::Serialize;

use super::super::statistics::{holm, paired_difference};
use super::ComparisonPlan;
use super::figures::significant;
use super::fold::Side;

/// What changed for the tenants of one contestant, against the baseline.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TenantChanges {
    /// The contestant.
    pub contestant: String,
    /// Tenants that are shown to wait longer.
    pub worse: usize,
    /// Tenants that are shown to wait shorter.
    pub better: usize,
    /// Tenants of which neither is shown.
    pub unchanged: usize,
    /// Tenants that both have, worst hit first.
    pub tenants: Vec<TenantChange>,
}

/// How the 99th percentile of one tenant's dwell changed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TenantChange {
    /// The tenant.
    pub tenant: String,
    /// Its population.
    pub group: String,
    /// Replications in which both have the figure.
    pub n: usize,
    /// Mean under the baseline, seconds.
    pub baseline_s: f64,
    /// Mean under the contestant, seconds.
    pub dwell_p99_s: f64,
    /// Replications in which the contestant's figure is only known to be larger.
    pub censored: usize,
    /// Mean of the paired differences, seconds: above 0 is worse.
    pub difference_s: f64,
    /// Half the width of its interval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub half_width_s: Option<f64>,
    /// Probability of such a difference if there were none, adjusted for all tenants of the contestant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p_holm: Option<f64>,
    /// What follows.
    pub change: Change,
}

/// What is shown of a tenant.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// It waits longer.
    Worse,
    /// It waits shorter.
    Better,
    /// Neither is shown.
    Unchanged,
}

pub(super) fn changes(plan: &ComparisonPlan<'_>, sides: &[Side]) -> Vec<TenantChanges> {
    let others = (0..plan.contestants.len()).filter(|index| *index != plan.baseline);
    others.map(|index| of_one(plan, sides, index)).collect()
}

fn of_one(plan: &ComparisonPlan<'_>, sides: &[Side], index: usize) -> TenantChanges {
    let (contestant, baseline) = (&plan.contestants[index], &plan.contestants[plan.baseline]);
    let is_same = std::ptr::eq(contestant.scenario, baseline.scenario);
    let mut rows = Vec::new();
    let mut p_values = Vec::new();
    for (position, tenant) in contestant.scenario.tenants.iter().enumerate() {
        let other = match is_same {
            true => Some(position),
            false => baseline.scenario.tenants.iter().position(|one| one.name == tenant.name),
        };
        let Some(other) = other else { continue };
        let own = sides[index].dwell_p99_s[position].iter();
        let pairs = own.zip(&sides[plan.baseline].dwell_p99_s[other]);
        let (own, before): (Vec<f64>, Vec<f64>) =
            pairs.filter(|(a, b)| a.is_finite() && b.is_finite()).unzip();
        if own.is_empty() {
            continue;
        }
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let pair = paired_difference(&own, &before, plan.level);
        p_values.push(pair.map_or(1.0, |pair| pair.p_value));
        rows.push(TenantChange {
            tenant: tenant.name.clone(),
            group: tenant.group.clone(),
            n: own.len(),
            baseline_s: mean(&before),
            dwell_p99_s: mean(&own),
            censored: sides[index].censored[position],
            difference_s: mean(&own) - mean(&before),
            half_width_s: pair.map(|pair| significant(pair.difference.half_width)),
            p_holm: pair.map(|pair| pair.p_value),
            change: Change::Unchanged,
        });
    }
    for (row, adjusted) in rows.iter_mut().zip(holm(&p_values)) {
        row.p_holm = row.p_holm.map(|_| significant(adjusted));
        if adjusted <= plan.level.error() {
            row.change = if row.difference_s > 0.0 { Change::Worse } else { Change::Better };
        }
    }
    // The sort is stable: equal changes stay in the scenario's order.
    rows.sort_by(|a, b| b.difference_s.total_cmp(&a.difference_s));
    let count = |change| rows.iter().filter(|row| row.change == change).count();
    TenantChanges {
        contestant: contestant.name.to_owned(),
        worse: count(Change::Worse),
        better: count(Change::Better),
        unchanged: count(Change::Unchanged),
        tenants: rows,
    }
}
