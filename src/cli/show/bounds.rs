//! What is odd about bounds and options of a scenario's policy.

use std::collections::BTreeMap;

use crate::measure::{NodeRange, Ranges};
use crate::report::{figure, percent};
use crate::scenario::{Destination, Scenario, Tenant};
use crate::scheduler::{Amount, Batch, Borrowing, ScoringOptions, ShareBounds, ShareNode};
use crate::units::TenantId;

/// Nearer than this to all of it is all of it.
const ROUNDING: f64 = 1e-6;

/// All that a person should know before a run.
pub(super) fn warnings(scenario: &Scenario) -> Vec<String> {
    let mut warnings = Vec::new();
    let heeded = ["scoring", "mclock"].contains(&scenario.policy.as_str());
    if !scenario.bounds.is_empty() && !heeded {
        let policy = &scenario.policy;
        warnings.push(format!(
            "the policy {policy} divides by weight alone: `min`, `max` and `borrow` do nothing"
        ));
    }
    if scenario.scoring != ScoringOptions::default() && scenario.policy != "scoring" {
        let policy = &scenario.policy;
        warnings.push(format!("the policy {policy} does not look at `[scoring]`"));
    }
    for destination in &scenario.destinations {
        let ranges = Ranges::of(scenario, destination.quota);
        warnings.extend(parts_of_nothing(scenario, destination));
        warnings.extend(promised_too_much(scenario, destination, &ranges));
        warnings.extend(walked_away(scenario, destination));
    }
    warnings
}

/// Parts of an unlimited share hold nobody to anything.
fn parts_of_nothing(scenario: &Scenario, destination: &Destination) -> Option<String> {
    let is_part_of_share = |bounds: &ShareBounds| {
        matches!(bounds.max, Some(Amount::Part(_)))
            || matches!(bounds.min, Some(Amount::Rate(_)))
            || bounds.borrowing == Borrowing::Never
    };
    let any = scenario.bounds.iter().any(|(_, bounds)| is_part_of_share(bounds));
    (any && destination.quota.is_none()).then(|| {
        format!(
            "{} has no quota, so a `max` that is a part, a `min` that is a rate and `borrow = false` do \
             nothing there",
            destination.name
        )
    })
}

fn promised_too_much(
    scenario: &Scenario,
    destination: &Destination,
    ranges: &Ranges,
) -> Vec<String> {
    let least = |range: NodeRange| range.least_part;
    let mut sums: BTreeMap<Option<usize>, f64> = BTreeMap::new();
    for (index, tenant) in scenario.tenants.iter().enumerate() {
        let set = tenant.set.map(|set| set.index());
        *sums.entry(set).or_default() += least(ranges.tenant(TenantId(index as u32)));
    }
    let above = |set: &Option<usize>| match set {
        Some(set) => format!("tenants of the set {}", scenario.tenant_sets[*set].name),
        None => "tenants".to_owned(),
    };
    let mut found: Vec<(String, f64)> = sums.iter().map(|(set, sum)| (above(set), *sum)).collect();
    let sets = (0..scenario.tenant_sets.len()).map(|set| least(ranges.set(set))).sum();
    found.push(("tenant sets".to_owned(), sets));
    let classes = scenario.bounds.iter().filter_map(|(node, bounds)| match (node, bounds.min) {
        (ShareNode::Class(_), Some(Amount::Part(part))) => Some(part.as_f64()),
        _ => None,
    });
    found.push(("classes of a tenant".to_owned(), classes.sum()));
    found.retain(|(_, sum)| *sum > 1.0 + ROUNDING);
    let text = |(who, sum): (String, f64)| {
        format!(
            "at {} the {who} are promised {} of the share above them; their promises are scaled down in \
             proportion when all have work",
            destination.name,
            percent(sum)
        )
    };
    found.into_iter().map(text).collect()
}

/// A share larger than an order that is walked can keep: a queue gets one of min(K, n) messages.
fn walked_away(scenario: &Scenario, destination: &Destination) -> Option<String> {
    let ScoringOptions::FurthestBehind { rescore, .. } = scenario.scoring else { return None };
    if rescore.batch != Batch::Walk || scenario.policy != "scoring" {
        return None;
    }
    let place = |tenant: &Tenant| tenant.set.map_or(0, |set| set.index());
    let mut weights = vec![0.0; scenario.tenant_sets.len().max(1)];
    for tenant in &scenario.tenants {
        weights[place(tenant)] += tenant.weight.as_f64();
    }
    let sets: f64 = scenario.tenant_sets.iter().map(|set| set.weight.as_f64()).sum();
    let of_set = |index: usize| {
        scenario.tenant_sets.get(index).map_or(1.0, |set| set.weight.as_f64() / sets)
    };
    let of_queue = scenario.senders.chunk_by(|a, b| a.tenant == b.tenant).map(|senders| {
        let tenant = &scenario.tenants[senders[0].tenant.index()];
        let own = of_set(place(tenant)) * tenant.weight.as_f64() / weights[place(tenant)];
        own / senders.len() as f64
    });
    let largest = of_queue.fold(0.0, f64::max);
    let messages = f64::from(rescore.every.get()).min(scenario.senders.len() as f64);
    (largest > 1.0 / messages + ROUNDING).then(|| {
        format!(
            "`batch = \"walk\"` takes one message a queue: at {} a queue with a share of {} gets only one of \
             {} messages",
            destination.name,
            percent(largest),
            figure(messages)
        )
    })
}
