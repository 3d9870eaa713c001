//! What is kept of one run among many.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Overseer;
use super::tap::{Dwells, Slot, Tap};
use crate::experiment::run::{RunError, RunRequest, run};
use crate::measure::{
    Detail, Group, METRICS, Metric, Permille, Quantile, Scope, accepts, figure, find,
};
use crate::scenario::{Scenario, Selector};
use crate::scheduler::PolicyInfo;
use crate::units::TenantId;

/// A metric, and of whom it is taken.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// The metric.
    pub metric: &'static Metric,
    /// Of whom.
    pub selector: Selector,
}

/// Why a text names no metric that can be taken.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ChosenError {
    /// There is no such metric.
    #[error("no metric `{0}`; `apportion metrics` lists them")]
    Metric(String),
    /// What stands behind the metric is no selection.
    #[error(
        "`{0}` selects nothing; write METRIC:tenant=NAME, with tenant, tenant-set, class or \
         destination, several with commas between"
    )]
    Selector(String),
    /// The metric cannot be taken of that.
    #[error("the metric `{0}` has no figure of what is selected; it can be taken of {1}")]
    NotOfThat(&'static str, &'static str),
    /// The scenario has nobody of that name.
    #[error("the scenario has no {0} `{1}`")]
    Nobody(&'static str, String),
}

/// What is kept of one run.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The seed.
    pub seed: u64,
    /// The digest of its events, as text.
    pub digest: String,
    /// Messages submitted.
    pub submitted: u64,
    /// A hash of what was submitted when: equal for equal arrivals.
    pub arrivals: u64,
    /// Each metric that was asked for, in that order.
    pub values: Vec<Option<Quantile>>,
    /// By tenant, in the scenario's order; empty where they were not asked for.
    pub tenants: Vec<TenantFigures>,
    /// The course of the dwell, in [`super::SLOTS`] parts of the time of arrivals.
    pub slots: Vec<Slot>,
    /// Every message by tenant; empty where they were not asked for.
    pub messages: Vec<Dwells>,
    /// The dwell in seconds of every message that was dispatched, in order of submission, of those
    /// submitted after the warm-up; empty where it was not asked for.
    pub course_s: Vec<f64>,
}

/// What is kept of a tenant's messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TenantFigures {
    /// Submitted, the refused included.
    pub submitted: u64,
    /// Delivered, by receipt.
    pub delivered: u64,
    /// Mean dwell of those dispatched, seconds.
    pub dwell_mean_s: Option<f64>,
    /// 99th percentile of the dwell, seconds.
    pub dwell_p99_s: Option<Quantile>,
}

/// What to keep of a run beside its metrics.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Keep {
    /// Figures by tenant.
    pub tenants: bool,
    /// Times of every message.
    pub messages: bool,
    /// The dwell of every message, as a series.
    pub course: bool,
}

impl Chosen {
    /// Reads `metric`, or `metric:tenant=name,destination=name`, against a scenario.
    ///
    /// # Errors
    /// See [`ChosenError`].
    pub fn parse(text: &str, scenario: &Scenario) -> Result<Chosen, ChosenError> {
        let (name, rest) = text.split_once(':').unwrap_or((text, ""));
        let metric = find(name).ok_or_else(|| ChosenError::Metric(name.to_owned()))?;
        let mut selector = Selector::default();
        for part in rest.split(',').filter(|part| !part.is_empty()) {
            let wrong = || ChosenError::Selector(part.to_owned());
            let (key, value) = part.split_once('=').ok_or_else(wrong)?;
            let place = match key {
                "tenant" => &mut selector.tenant,
                "tenant-set" => &mut selector.tenant_set,
                "class" => &mut selector.class,
                "destination" => &mut selector.destination,
                _ => return Err(wrong()),
            };
            *place = Some(value.to_owned());
        }
        let chosen = Chosen { metric, selector };
        chosen.check(scenario)?;
        Ok(chosen)
    }

    /// Whether the metric can be taken of what is selected, in this scenario.
    ///
    /// # Errors
    /// When it cannot.
    pub fn check(&self, scenario: &Scenario) -> Result<(), ChosenError> {
        if !accepts(self.metric, &self.selector) {
            return Err(ChosenError::NotOfThat(self.metric.name, self.metric.scope.describe()));
        }
        let missing = |what, name: &Option<String>, is_there: &dyn Fn(&str) -> bool| match name {
            Some(name) if !is_there(name) => Err(ChosenError::Nobody(what, name.clone())),
            _ => Ok(()),
        };
        let Selector { tenant, tenant_set, class, destination } = &self.selector;
        missing("tenant", tenant, &|name| scenario.tenants_named(name).next().is_some())?;
        missing("tenant set", tenant_set, &|name| {
            scenario.tenant_sets.iter().any(|set| set.name == name)
        })?;
        missing("class", class, &|name| scenario.classes.iter().any(|one| one.name == name))?;
        missing("destination", destination, &|name| {
            scenario.destinations.iter().any(|one| one.name == name)
        })
    }
}

/// As it is written on the command line.
impl fmt::Display for Chosen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.metric.name)?;
        let Selector { tenant, tenant_set, class, destination } = &self.selector;
        let parts = [
            ("tenant", tenant),
            ("tenant-set", tenant_set),
            ("class", class),
            ("destination", destination),
        ];
        let mut separator = ':';
        for (key, name) in parts {
            if let Some(name) = name {
                write!(f, "{separator}{key}={name}")?;
                separator = ',';
            }
        }
        Ok(())
    }
}

/// The metrics that are taken where none are named: those of the scenario's checks, and then the
/// ones that every scenario has an answer to.
pub fn default_metrics(scenario: &Scenario) -> Vec<Chosen> {
    const USUAL: [&str; 4] =
        ["dwell_p99_worst", "max_min_distance", "work_conservation", "delivered_ratio"];
    let of_checks = scenario.checks.iter().filter_map(|check| {
        Some(Chosen { metric: find(&check.metric)?, selector: check.selector.clone() })
    });
    let usual = METRICS.iter().filter(|metric| USUAL.contains(&metric.name));
    let usual = usual.map(|metric| Chosen { metric, selector: Selector::default() });
    let mut chosen: Vec<Chosen> = Vec::new();
    for one in of_checks.chain(usual) {
        let named = one.to_string();
        let is_statistic = one.metric.scope != Scope::Alerts;
        if is_statistic && !chosen.iter().any(|other| other.to_string() == named) {
            chosen.push(one);
        }
    }
    chosen
}

/// Runs a scenario and keeps what was asked for.
///
/// When the overseer wants to stop, the run ends early and the record is of no use.
///
/// # Errors
/// As [`run`].
pub fn observe(
    scenario: &Scenario,
    policy: &PolicyInfo,
    seed: u64,
    metrics: &[Chosen],
    keep: Keep,
    overseer: &dyn Overseer,
) -> Result<Record, RunError> {
    let mut tap = Tap::new(scenario, overseer, keep);
    let request = RunRequest { scenario, policy, seed, keeps_messages: false };
    let result = run(request, &mut tap);
    let findings = match result {
        Ok(result) => result.findings,
        // A run that was cut short adds up to nothing, and need not.
        Err(RunError::LedgersDisagree(_) | RunError::Violation(_)) if overseer.wants_stop() => {
            return Ok(Record::cut_short(seed));
        }
        Err(error) => return Err(error),
    };
    let values =
        metrics.iter().map(|chosen| figure(&findings, chosen.metric, &chosen.selector, scenario));
    let tenants = if keep.tenants { by_tenant(&findings.detail, scenario) } else { Vec::new() };
    Ok(Record {
        seed,
        digest: findings.summary.digest.clone(),
        submitted: findings.summary.messages.submitted,
        arrivals: tap.arrivals,
        values: values.collect(),
        tenants,
        slots: std::mem::take(&mut tap.slots),
        messages: tap.messages.take().unwrap_or_default(),
        course_s: tap.course_s(),
    })
}

impl Record {
    fn cut_short(seed: u64) -> Record {
        Record {
            seed,
            digest: String::new(),
            submitted: 0,
            arrivals: 0,
            values: Vec::new(),
            tenants: Vec::new(),
            slots: Vec::new(),
            messages: Vec::new(),
            course_s: Vec::new(),
        }
    }
}

/// The figures of every tenant, over all its destinations and classes.
fn by_tenant(detail: &Detail, scenario: &Scenario) -> Vec<TenantFigures> {
    let mut groups: Vec<Group> = vec![Group::default(); scenario.tenants.len()];
    for cell in &detail.cells {
        let TenantId(tenant) = cell.tenant;
        groups[tenant as usize].merge(&cell.group);
    }
    let figures = |group: &Group| TenantFigures {
        submitted: group.messages().submitted,
        delivered: group.messages().delivered,
        dwell_mean_s: group.dwell.mean_s(),
        dwell_p99_s: group.dwell.quantile(Permille::P99),
    };
    groups.iter().map(figures).collect()
}
