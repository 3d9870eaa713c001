//! One incident of a carrier is one alert, not one for each of its tenants.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::{AlertChange, AlertEvent, AlertKind, AlertScope, Cause, Explanation, Severity};
use crate::units::{DestinationId, TenantId};

/// Accounts that must raise in one window before a carrier is suspected.
const RAISED_MIN: u32 = 3;
/// Accounts in trouble, raised or suspicious, that make it the carrier's …
const TROUBLED_MIN: u32 = 5;
/// … if they are also at least one in this many of the accounts with outcomes in the window.
const ONE_IN: u32 = 4;

/// Destinations of which many accounts fail at once.
#[derive(Clone, Debug, Default)]
pub(super) struct Groups {
    on: BTreeMap<DestinationId, Group>,
    /// In the window that is being judged.
    window: BTreeMap<DestinationId, Census>,
}

#[derive(Clone, Debug)]
struct Group {
    raised: AlertEvent,
    members: Vec<TenantId>,
    /// Harmed shares of the members that are over it: their sum, and how many.
    over: (f64, u32),
}

/// Accounts of a destination in one window.
#[derive(Clone, Copy, Debug, Default)]
struct Census {
    with_outcomes: u32,
    suspicious: u32,
}

impl Groups {
    /// Takes note of an account with outcomes in the window that is being judged.
    pub(super) fn count(&mut self, destination: DestinationId, is_suspicious: bool) {
        let census = self.window.entry(destination).or_default();
        census.with_outcomes += 1;
        census.suspicious += u32::from(is_suspicious);
    }

    /// Replaces failures of many accounts of one destination by one alert.
    pub(super) fn settle(&mut self, found: &mut Vec<AlertEvent>) {
        let mut raised: BTreeMap<DestinationId, u32> = BTreeMap::new();
        for event in found.iter().filter(|event| is_raised(event)) {
            *raised.entry(event.account.destination).or_default() += 1;
        }
        for (destination, raised) in raised {
            let census = self.window.get(&destination).copied().unwrap_or_default();
            // Whoever raises is suspicious too, so this counts nobody twice.
            let troubled = census.suspicious.max(raised);
            let is_the_carrier = raised >= RAISED_MIN
                && troubled >= TROUBLED_MIN
                && troubled * ONE_IN >= census.with_outcomes;
            if is_the_carrier && !self.on.contains_key(&destination) {
                self.begin(destination, troubled, found);
            }
        }
        self.window.clear();
        let on = &mut self.on;
        found.retain_mut(|event| {
            if event.kind != AlertKind::Failure || is_new_group(event) {
                return true;
            }
            let destination = event.account.destination;
            let Some(group) = on.get_mut(&destination) else { return true };
            let tenant = event.account.tenant;
            match event.change {
                AlertChange::Raised => {
                    group.members.push(tenant);
                    false
                }
                AlertChange::Cleared => {
                    let Some(at) = group.members.iter().position(|one| *one == tenant) else {
                        return true;
                    };
                    group.members.swap_remove(at);
                    group.over.0 += event.explanation.harmed;
                    group.over.1 += 1;
                    if !group.members.is_empty() {
                        return false;
                    }
                    // The last member's end is the end of all, and what was harmed is their mean.
                    let AlertEvent { account, since, explanation, .. } = group.raised;
                    let harmed = group.over.0 / f64::from(group.over.1);
                    let explanation = Explanation { harmed, ..explanation };
                    let severity = Severity::of_share(harmed).max(Severity::Low);
                    *event = AlertEvent { account, since, severity, explanation, ..*event };
                    on.remove(&destination);
                    true
                }
            }
        });
    }

    /// Puts one alert in front that speaks for all of a destination.
    fn begin(&mut self, destination: DestinationId, accounts: u32, found: &mut Vec<AlertEvent>) {
        let members =
            || found.iter().filter(|one| is_raised(one) && one.account.destination == destination);
        let Some(first) = members().next().copied() else { return };
        let worst = members().map(|one| one.severity).max().unwrap_or(first.severity);
        let since = members().map(|one| one.since).min().unwrap_or(first.since);
        let harmed: f64 = members().map(|one| one.explanation.harmed).sum();
        let number = members().count() as f64;
        let mut raised = AlertEvent { severity: worst, since, ..first };
        raised.explanation.harmed = harmed / number;
        raised.explanation.scope = AlertScope::Destination { accounts };
        // What hits so many tenants at once is the carrier's, whatever status it shows.
        raised.explanation.cause = Cause::CarrierOutage;
        found.insert(0, raised);
        self.on.insert(destination, Group { raised, members: Vec::new(), over: (0.0, 0) });
    }
}

/// A failure of one account that begins.
fn is_raised(event: &AlertEvent) -> bool {
    event.kind == AlertKind::Failure
        && event.change == AlertChange::Raised
        && event.explanation.scope == AlertScope::Account
}

/// The alert that speaks for a destination, as it begins.
fn is_new_group(event: &AlertEvent) -> bool {
    event.change == AlertChange::Raised && event.explanation.scope != AlertScope::Account
}
