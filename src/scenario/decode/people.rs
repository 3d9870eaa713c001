//! Everybody a scenario can name: tenants, populations, and those that only the log knows.

use super::names::Names;
use std::collections::BTreeMap;

use super::super::diagnostics::{Problem, Reporter};
use super::super::resolved::Scenario;
use super::super::suggest::list;
use super::values::{Placed, did_you_mean};
use crate::units::TenantId;

/// Tenants and populations by name.
pub(crate) struct People<'a> {
    /// The tenants of each name: one tenant, or all of one population.
    by_name: BTreeMap<&'a str, Vec<TenantId>>,
    /// Whether all tenants are known: not so when the log, or a table, could not be read.
    complete: bool,
    /// The names of the tenant tables, where they are all that can make tenants and all could be read.
    declared: Option<&'a Names>,
}

impl<'a> People<'a> {
    pub(crate) fn new(scenario: &'a Scenario, complete: bool, declared: Option<&'a Names>) -> Self {
        let mut by_name: BTreeMap<&str, Vec<TenantId>> = BTreeMap::new();
        for (index, tenant) in scenario.tenants.iter().enumerate() {
            let id = TenantId(index as u32);
            by_name.entry(&tenant.name).or_default().push(id);
            if tenant.group != tenant.name {
                by_name.entry(&tenant.group).or_default().push(id);
            }
        }
        People { by_name, complete, declared }
    }

    /// The tenants that `name` stands for; `None` when there are none, which is reported.
    pub(crate) fn tenants(&self, reporter: &Reporter, name: &Placed) -> Option<&[TenantId]> {
        let found = self.by_name.get(name.text.as_str());
        if found.is_none() {
            let label = match self.declared {
                _ if self.complete => did_you_mean(&name.text, self.by_name.keys().copied()),
                // Something else in a table is wrong, so that nobody was made of it; the name can
                // be told all the same, unless it may be that of a population's member.
                Some(names) if !names.names().any(|table| may_stand_for(&name.text, table)) => {
                    did_you_mean(&name.text, names.names())
                }
                _ => return None,
            };
            let title = format!("there is no tenant or population named `{}`", name.text);
            reporter.report(Problem::new(title, name.mark, label));
        }
        found.map(Vec::as_slice)
    }

    /// The one tenant that `name` stands for; a population is reported.
    pub(crate) fn one_tenant(&self, reporter: &Reporter, name: &Placed) -> Option<TenantId> {
        let tenants = self.tenants(reporter, name)?;
        if let [one] = tenants {
            return Some(*one);
        }
        let title = format!("`{}` is a population of {} tenants", name.text, tenants.len());
        let prefix = format!("{}-", name.text);
        let members = self.by_name.keys().copied().filter(|member| member.starts_with(&prefix));
        let label = format!("name one of them: {}", list(members));
        reporter.report(Problem::new(title, name.mark, label));
        None
    }
}

/// Whether `name` is that of a tenant table, or could be that of one of the tenants it makes.
fn may_stand_for(name: &str, table: &str) -> bool {
    name.strip_prefix(table).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}
