//! The figures that a scenario's `[[check]]` can bound, by name.

mod better;
mod registry;
mod selection;
#[cfg(test)]
mod tests;

pub use registry::METRICS;

use super::findings::{CheckResult, Findings, Quantile};
use crate::scenario::{Bound, Scenario, Selector};
use selection::Selection;

/// A figure that can be checked.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// The name that a check gives.
    pub name: &'static str,
    /// What it is in.
    pub unit: Unit,
    /// What a check can select.
    pub scope: Scope,
    /// Its definition in a sentence.
    pub doc: &'static str,
    of: fn(&Selection<'_>) -> Option<Quantile>,
}

/// The unit of a metric.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unit {
    /// Seconds.
    Seconds,
    /// A number without unit.
    Ratio,
    /// A number of things.
    Count,
}

/// What a check on a metric can select.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scope {
    /// Tenant or population, tenant set, class, destination.
    Messages,
    /// Tenant or population, tenant set, destination.
    Accounts,
    /// Exactly one of tenant or population and tenant set; destination.
    Party,
    /// Tenant or population, destination.
    Alerts,
    /// Destination.
    Destinations,
    /// Nothing: it is of the whole run.
    Run,
}

impl Unit {
    /// The unit as it is written in results: `"s"`, or empty.
    pub const fn symbol(self) -> &'static str {
        match self {
            Unit::Seconds => "s",
            Unit::Ratio | Unit::Count => "",
        }
    }
}

impl Scope {
    /// What can be selected, in words.
    pub const fn describe(self) -> &'static str {
        match self {
            Scope::Messages => "tenant, tenant_set, class, destination",
            Scope::Accounts => "tenant, tenant_set, destination",
            Scope::Party => "one of tenant and tenant_set; destination",
            Scope::Alerts => "tenant, destination",
            Scope::Destinations => "destination",
            Scope::Run => "nothing",
        }
    }
}

/// The metric of this name.
pub fn find(name: &str) -> Option<&'static Metric> {
    METRICS.iter().find(|metric| metric.name == name)
}

/// Whether a check on `metric` may select like `selector`.
pub fn accepts(metric: &Metric, selector: &Selector) -> bool {
    let tenant = selector.tenant.is_some();
    let set = selector.tenant_set.is_some();
    let class = selector.class.is_some();
    let destination = selector.destination.is_some();
    match metric.scope {
        Scope::Messages => true,
        Scope::Accounts => !class,
        Scope::Party => !class && tenant != set,
        Scope::Alerts => !class && !set,
        Scope::Destinations => !class && !set && !tenant,
        Scope::Run => !class && !set && !tenant && !destination,
    }
}

/// What `metric` amounts to, of those selected. `None` when the run has no such figure, the
/// selector names something unknown, or the metric cannot be selected like that ([`accepts`]).
pub fn figure(
    findings: &Findings,
    metric: &Metric,
    selector: &Selector,
    scenario: &Scenario,
) -> Option<Quantile> {
    if !accepts(metric, selector) {
        return None;
    }
    (metric.of)(&Selection::new(findings, selector, scenario)?)
}

/// [`figure`] as a number: a quantile among messages that never got there is +∞.
pub fn value(
    findings: &Findings,
    metric: &Metric,
    selector: &Selector,
    scenario: &Scenario,
) -> Option<f64> {
    Some(match figure(findings, metric, selector, scenario)? {
        Quantile::Exactly(value) => value,
        Quantile::Above(_) => f64::INFINITY,
    })
}

/// The verdict on each check of the scenario, in order.
///
/// A check whose figure is absent fails. A quantile that is only known to be above x keeps no upper
/// bound, because the message may never arrive, and keeps a lower bound when x does: then the
/// true value does whatever it is. The result shows x and says that it is censored.
pub fn judge(scenario: &Scenario, findings: &Findings) -> Vec<CheckResult> {
    let judged = |check: &crate::scenario::Check| {
        let metric = find(&check.metric);
        let found = metric.and_then(|metric| figure(findings, metric, &check.selector, scenario));
        let (operator, bound) = match check.bound {
            Bound::AtMost(bound) => ("<=", bound),
            Bound::AtLeast(bound) => (">=", bound),
        };
        let (value, censored, passed) = match (found, check.bound) {
            (None, _) => (None, false, false),
            (Some(Quantile::Exactly(value)), bound) => (Some(value), false, bound.holds(value)),
            (Some(Quantile::Above(known)), Bound::AtMost(_)) => (Some(known), true, false),
            (Some(Quantile::Above(known)), bound) => (Some(known), true, bound.holds(known)),
        };
        CheckResult {
            name: check.name.clone(),
            metric: check.metric.clone(),
            of: describe(&check.selector),
            value,
            operator: operator.into(),
            bound,
            unit: metric.map_or("", |metric| metric.unit.symbol()).into(),
            censored,
            passed,
            line: check.line,
        }
    };
    scenario.checks.iter().map(judged).collect()
}

/// Of whom, in words.
fn describe(selector: &Selector) -> String {
    let parts = [
        ("tenant", &selector.tenant),
        ("tenant set", &selector.tenant_set),
        ("class", &selector.class),
        ("destination", &selector.destination),
    ];
    let said: Vec<String> = parts
        .iter()
        .filter_map(|(what, name)| name.as_ref().map(|name| format!("{what} {name}")))
        .collect();
    if said.is_empty() { "all".into() } else { said.join(", ") }
}
