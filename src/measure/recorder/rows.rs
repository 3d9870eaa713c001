//! Rows and tables of the findings, merged from cells.

use std::collections::BTreeMap;

use super::super::detail::Detail;
use super::super::findings::{ClassFigures, DestinationRow, TenantRow};
use super::super::latency::{Cell, Group};
use super::super::ledgers::AttemptLedger;
use crate::scenario::Scenario;

/// A row an account, in order of tenant and destination.
pub(super) fn tenants(detail: &Detail, scenario: &Scenario) -> Vec<TenantRow> {
    // Cells and accounts are in the same order, so one pass over both suffices.
    let groups = detail.cells.chunk_by(|a, b| account_of(a) == account_of(b)).map(merged);
    let row = |(shares, group): (&super::super::fairness::AccountShares, Group)| {
        let tenant = &scenario.tenants[shares.tenant.index()];
        let set = tenant.set.map(|set| scenario.tenant_sets[set.index()].name.clone());
        TenantRow {
            tenant: tenant.name.clone(),
            group: tenant.group.clone(),
            tenant_set: set.unwrap_or_default(),
            destination: scenario.destinations[shares.destination.index()].name.clone(),
            messages: *group.messages(),
            segments_sent: shares.sent,
            share_mean: shares.share_mean(),
            entitlement_mean: shares.entitlement_mean(),
            dwell_s: group.dwell.figures(),
        }
    };
    detail.fairness.accounts.iter().zip(groups).map(row).collect()
}

/// A row a destination, in order of declaration.
pub(super) fn destinations(
    detail: &Detail,
    scenario: &Scenario,
    attempts: &[AttemptLedger],
) -> Vec<DestinationRow> {
    let groups = merged_by(detail, scenario.destinations.len(), |cell| cell.destination.index());
    let row = |(index, group): (usize, Group)| {
        let destination = &scenario.destinations[index];
        let sent =
            |account: &&super::super::fairness::AccountShares| account.destination.index() == index;
        DestinationRow {
            destination: destination.name.clone(),
            quota_per_s: destination.quota.map(|quota| quota.rate.per_second_f64()),
            offered_segments: group.ledger.segments.submitted,
            sent_segments: detail.fairness.accounts.iter().filter(sent).map(|a| a.sent).sum(),
            attempts: attempts[index].dispatched,
            work_conservation: detail.fairness.destinations[index].work_conservation(),
            dwell_s: group.dwell.figures(),
        }
    };
    groups.into_iter().enumerate().map(row).collect()
}

/// Figures by class.
pub(super) fn classes(detail: &Detail, scenario: &Scenario) -> BTreeMap<String, ClassFigures> {
    let groups = merged_by(detail, scenario.classes.len(), |cell| cell.class.index());
    let names = scenario.classes.iter().map(|class| class.name.clone());
    names.zip(groups.iter().map(Group::figures)).collect()
}

/// Figures by destination.
pub(super) fn destination_figures(
    detail: &Detail,
    scenario: &Scenario,
) -> BTreeMap<String, ClassFigures> {
    let groups = merged_by(detail, scenario.destinations.len(), |cell| cell.destination.index());
    let names = scenario.destinations.iter().map(|destination| destination.name.clone());
    names.zip(groups.iter().map(Group::figures)).collect()
}

/// Figures by population.
pub(super) fn groups(detail: &Detail, scenario: &Scenario) -> BTreeMap<String, ClassFigures> {
    let mut groups: BTreeMap<&str, Group> =
        scenario.tenants.iter().map(|tenant| (tenant.group.as_str(), Group::default())).collect();
    for cell in &detail.cells {
        let name = scenario.tenants[cell.tenant.index()].group.as_str();
        groups.entry(name).or_default().merge(&cell.group);
    }
    groups.into_iter().map(|(name, group)| (name.to_owned(), group.figures())).collect()
}

fn account_of(cell: &Cell) -> (crate::units::TenantId, crate::units::DestinationId) {
    (cell.tenant, cell.destination)
}

fn merged(cells: &[Cell]) -> Group {
    let mut group = Group::default();
    cells.iter().for_each(|cell| group.merge(&cell.group));
    group
}

fn merged_by(detail: &Detail, groups: usize, key: impl Fn(&Cell) -> usize) -> Vec<Group> {
    let mut merged = vec![Group::default(); groups];
    detail.cells.iter().for_each(|cell| merged[key(cell)].merge(&cell.group));
    merged
}
