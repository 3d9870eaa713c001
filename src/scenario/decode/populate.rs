//! Unrolls `[[tenant]]` tables into tenants, senders and sources.

use std::collections::BTreeMap;

use super::super::diagnostics::{Problem, Reporter};
use super::super::resolved::{Scenario, Sender, Source, Tenant};
use super::names::Names;
use super::tenant::{MOST_SENDERS, MOST_TENANTS, TenantTable, numbered, tenant_names};
use crate::scheduler::{ShareBounds, ShareNode};
use crate::units::{SenderId, TenantId};

/// Fills `draft` from `tables`; false when that failed, which is reported.
pub(crate) fn populate(
    reporter: &Reporter,
    draft: &mut Scenario,
    declared: &Names,
    tables: &[TenantTable],
) -> bool {
    if !within_limits(reporter, tables) || !names_are_apart(reporter, declared, tables) {
        return false;
    }
    for table in tables {
        let sizes = table.sizes.map(|sizes| sizes.of(table.count));
        for (member, name) in tenant_names(table).enumerate() {
            let size = sizes.as_ref().map(|sizes| sizes[member]);
            let tenant = TenantId(draft.tenants.len() as u32);
            let first_sender = SenderId(draft.senders.len() as u32);
            draft.tenants.push(Tenant {
                name,
                group: table.name.text.clone(),
                set: table.set,
                weight: table.weight,
                cap: table.caps.rate,
                daily_cap: table.caps.daily,
                spills: table.spills,
            });
            if table.bounds != ShareBounds::NONE {
                draft.bounds.push((ShareNode::Tenant(tenant), table.bounds));
            }
            draft.senders.extend(numbered("sender", table.senders).map(|name| Sender {
                name,
                tenant,
                cap: table.sender_caps.rate,
                daily_cap: table.sender_caps.daily,
                class: table.sender_class.as_ref().map(|class| class.text.clone()),
            }));
            draft.sources.extend(table.traffic.iter().map(|traffic| Source {
                name: traffic.name.clone(),
                tenant,
                destination: traffic.destination,
                class: traffic.class,
                first_sender,
                senders: table.senders,
                segments: traffic.segments.clone(),
                validity: traffic.validity,
                sender_use: table.sender_use,
                send_window: traffic.send_window.clone(),
                arrivals: match size {
                    Some(size) => traffic.arrivals.scaled(size),
                    None => traffic.arrivals.clone(),
                },
            }));
        }
    }
    true
}

fn within_limits(reporter: &Reporter, tables: &[TenantTable]) -> bool {
    let (mut tenants, mut senders, mut sources) = (0_u64, 0_u64, 0_u64);
    for table in tables {
        let count = u64::from(table.count);
        tenants += count;
        senders += count * u64::from(table.senders);
        sources += count * table.traffic.len() as u64;
        let excess = [
            (tenants, MOST_TENANTS, "tenants", table.count_mark),
            (senders, MOST_SENDERS, "senders", table.senders_mark),
            (sources, MOST_SENDERS, "sources of traffic", table.count_mark),
        ]
        .into_iter()
        .find(|(number, most, ..)| number > most);
        if let Some((number, most, what, mark)) = excess {
            let title = format!("the scenario has more than {most} {what}");
            let label = format!("with these it has {number}");
            reporter.report(Problem::new(title, mark, label));
            return false;
        }
    }
    true
}

/// Reports members of a population that bear the name of another tenant.
fn names_are_apart(reporter: &Reporter, declared: &Names, tables: &[TenantTable]) -> bool {
    let mut taken: BTreeMap<String, usize> = BTreeMap::new();
    let mut apart = true;
    for (index, table) in tables.iter().enumerate().filter(|(_, table)| table.count > 1) {
        for name in tenant_names(table) {
            let declared_at = declared.mark(&name);
            let other = taken.get(&name).map(|other| tables[*other].name.mark).or(declared_at);
            if let Some(other) = other {
                let title = format!("two tenants are named `{name}`");
                let label = "this population has a member of that name";
                let problem = Problem::new(title, table.name.mark, label);
                reporter.report(problem.also(other, "the other one").help("rename one of them"));
                apart = false;
                break;
            }
            taken.insert(name, index);
        }
    }
    // Two declared names that are equal were reported when they were added.
    apart && tables.len() == declared.len() && declared.names().count() == distinct(declared)
}

fn distinct(names: &Names) -> usize {
    let mut all: Vec<&str> = names.names().collect();
    all.sort_unstable();
    all.dedup();
    all.len()
}
