//! Of whom a metric is taken.

use super::super::fairness::{AccountShares, PartyShare};
use super::super::findings::{Findings, Quantile};
use super::super::latency::{Cell, Group};
use super::super::times::{Permille, Times};
use crate::scenario::{Scenario, Selector};
use crate::units::{ClassId, DestinationId, TenantId};

/// A selector with its names resolved, over the findings of one run.
pub(super) struct Selection<'a> {
    pub(super) findings: &'a Findings,
    pub(super) scenario: &'a Scenario,
    selector: &'a Selector,
    /// By tenant; `None` for all.
    tenants: Option<Vec<bool>>,
    class: Option<ClassId>,
    pub(super) destination: Option<DestinationId>,
}

impl<'a> Selection<'a> {
    /// `None` when a name is unknown or nobody is selected.
    pub(super) fn new(
        findings: &'a Findings,
        selector: &'a Selector,
        scenario: &'a Scenario,
    ) -> Option<Self> {
        let mut tenants = None;
        if selector.tenant.is_some() || selector.tenant_set.is_some() {
            let named = |name: &Option<String>, of: &[&String]| {
                name.as_ref().is_none_or(|name| of.contains(&name))
            };
            let wanted = |tenant: &crate::scenario::Tenant| {
                let set = tenant.set.map(|set| &scenario.tenant_sets[set.index()].name);
                named(&selector.tenant, &[&tenant.name, &tenant.group])
                    && (selector.tenant_set.is_none() || set == selector.tenant_set.as_ref())
            };
            let selected: Vec<bool> = scenario.tenants.iter().map(wanted).collect();
            if !selected.contains(&true) {
                return None;
            }
            tenants = Some(selected);
        }
        let class = match &selector.class {
            None => None,
            Some(name) => {
                let index = scenario.classes.iter().position(|class| class.name == *name)?;
                Some(ClassId(index as u16))
            }
        };
        let destination = match &selector.destination {
            None => None,
            Some(name) => {
                let index = scenario.destinations.iter().position(|d| d.name == *name)?;
                Some(DestinationId(index as u16))
            }
        };
        Some(Selection { findings, scenario, selector, tenants, class, destination })
    }

    /// Everything selected as one group of messages.
    pub(super) fn group(&self) -> Group {
        self.findings.detail.group(|tenant, destination, class| {
            self.has_account(tenant, destination) && self.class.is_none_or(|wanted| wanted == class)
        })
    }

    /// A number of messages ÷ messages submitted.
    pub(super) fn ratio(&self, part: impl Fn(&Group) -> u64) -> Option<Quantile> {
        let group = self.group();
        let submitted = group.messages().submitted;
        (submitted > 0).then(|| Quantile::Exactly(part(&group) as f64 / submitted as f64))
    }

    /// The worst quantile of any single tenant, at all its destinations together.
    pub(super) fn worst_tenant(
        &self,
        times: impl Fn(&Group) -> &Times,
        probability: Permille,
    ) -> Option<Quantile> {
        let cells = self.findings.detail.cells.chunk_by(|a, b| a.tenant == b.tenant);
        let mut worst = None;
        for cells in cells {
            let mut merged = Times::default();
            for cell in cells {
                if self.has_cell(cell) {
                    merged.merge(times(&cell.group));
                }
            }
            worst = Quantile::worse(worst, merged.quantile(probability));
        }
        worst
    }

    /// The least part of any single tenant, at all its destinations together.
    pub(super) fn least_tenant(&self, of: impl Fn(&Group) -> Option<f64>) -> Option<Quantile> {
        let cells = self.findings.detail.cells.chunk_by(|a, b| a.tenant == b.tenant);
        let of_one = |cells: &[Cell]| {
            let mut merged = Group::default();
            cells.iter().filter(|cell| self.has_cell(cell)).for_each(|it| merged.merge(&it.group));
            of(&merged)
        };
        cells.filter_map(of_one).reduce(f64::min).map(Quantile::Exactly)
    }

    /// The accounts selected.
    pub(super) fn accounts(&self) -> impl Iterator<Item = &AccountShares> {
        let accounts = self.findings.detail.fairness.accounts.iter();
        accounts.filter(|account| self.has_account(account.tenant, account.destination))
    }

    /// What the tenant, population or tenant set that is selected got, over its destinations.
    pub(super) fn party(&self) -> Option<PartyShare> {
        let fairness = &self.findings.detail.fairness;
        let destinations = self.scenario.destinations.len();
        let mut total = PartyShare::default();
        let mut add = |sent, sent_by_all| {
            total.sent += sent;
            total.sent_by_all += sent_by_all;
        };
        let mut add_party = |parties: &[PartyShare], index: usize| {
            for destination in 0..destinations {
                if self.destination.is_none_or(|wanted| wanted.index() == destination) {
                    let party = parties[index * destinations + destination];
                    add(party.sent, party.sent_by_all);
                }
            }
        };
        if let Some(set) = &self.selector.tenant_set {
            let index = self.scenario.tenant_sets.iter().position(|one| one.name == *set)?;
            add_party(&fairness.sets, index);
            return Some(total);
        }
        let name = self.selector.tenant.as_ref()?;
        if let Some(tenant) = self.scenario.tenants.iter().position(|one| one.name == *name) {
            let own = |account: &&AccountShares| account.tenant.index() == tenant;
            self.accounts().filter(own).for_each(|own| add(own.sent, own.sent_by_all));
        } else {
            let member = self.scenario.tenants.iter().position(|one| one.group == *name)?;
            add_party(&fairness.groups, fairness.group_of[member] as usize);
        }
        Some(total)
    }

    /// Whether a row with these names is selected.
    pub(super) fn has_names(&self, tenant: &str, destination: &str) -> bool {
        let index = |name: &str| self.scenario.tenants.iter().position(|one| one.name == name);
        let tenant_wanted = match &self.tenants {
            None => true,
            Some(selected) => index(tenant).is_some_and(|index| selected[index]),
        };
        tenant_wanted
            && self.selector.destination.as_ref().is_none_or(|wanted| wanted == destination)
    }

    fn has_cell(&self, cell: &Cell) -> bool {
        self.has_account(cell.tenant, cell.destination)
            && self.class.is_none_or(|wanted| wanted == cell.class)
    }

    fn has_account(&self, tenant: TenantId, destination: DestinationId) -> bool {
        self.tenants.as_ref().is_none_or(|selected| selected[tenant.index()])
            && self.destination.is_none_or(|wanted| wanted == destination)
    }
}
