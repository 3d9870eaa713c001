//! Injected failures and the detector's alerts, as they came.

use super::super::cells::AccountKey;
use super::super::findings::{AlertRow, IncidentRow};
use crate::detector::{AlertChange, AlertEvent, AlertScope};
use crate::scenario::{Recurrence, Scenario};
use crate::scheduler::Belief;
use crate::time::Time;
use crate::units::{DestinationId, TenantId};

/// An alert that was raised.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Onset {
    /// When.
    pub raised: Time,
    /// When it was cleared; `None` when it never was.
    pub cleared: Option<Time>,
    /// What was raised.
    pub alert: AlertEvent,
}

/// Collects injected failures and alerts.
#[derive(Clone, Debug)]
pub(super) struct Incidents {
    /// By fault: where, and whom it hits.
    scopes: Vec<(DestinationId, Option<TenantId>)>,
    /// Each time that a fault happened, in order.
    incidents: Vec<Incident>,
    /// Positions in `incidents` of those that last now.
    active: Vec<usize>,
    onsets: Vec<Onset>,
    /// Positions in `onsets` that are not cleared.
    open: Vec<usize>,
}

/// Attempts are counted by when their outcome came.
#[derive(Clone, Debug)]
struct Incident {
    fault: u32,
    start: Time,
    end: Option<Time>,
    destination: DestinationId,
    tenant: Option<TenantId>,
    submitted: u64,
    attempts: u64,
    failed: u64,
}

impl Incidents {
    pub(super) fn new(scenario: &Scenario) -> Self {
        let scope = |fault: &crate::scenario::Fault| (fault.destination, fault.tenant);
        Incidents {
            scopes: scenario.faults.iter().map(scope).collect(),
            incidents: Vec::new(),
            active: Vec::new(),
            onsets: Vec::new(),
            open: Vec::new(),
        }
    }

    pub(super) fn began(&mut self, now: Time, fault: u32) {
        let (destination, tenant) = self.scopes[fault as usize];
        self.active.push(self.incidents.len());
        self.incidents.push(Incident {
            fault,
            start: now,
            end: None,
            destination,
            tenant,
            submitted: 0,
            attempts: 0,
            failed: 0,
        });
    }

    pub(super) fn ended(&mut self, now: Time, fault: u32) {
        let incidents = &mut self.incidents;
        self.active.retain(|active| {
            let is_it = incidents[*active].fault == fault;
            if is_it {
                incidents[*active].end = Some(now);
            }
            !is_it
        });
    }

    pub(super) fn occurrences(&self) -> Vec<(u32, Time, Option<Time>)> {
        self.incidents.iter().map(|one| (one.fault, one.start, one.end)).collect()
    }

    /// A message of an account was submitted.
    pub(super) fn submitted(&mut self, account: AccountKey) {
        for fault in &self.active {
            let incident = &mut self.incidents[*fault];
            let in_scope = incident.destination == account.destination
                && incident.tenant.is_none_or(|tenant| tenant == account.tenant);
            incident.submitted += u64::from(in_scope);
        }
    }

    /// An attempt of an account came to an end.
    pub(super) fn outcome(&mut self, account: AccountKey, to: Belief) {
        for fault in &self.active {
            let incident = &mut self.incidents[*fault];
            let in_scope = incident.destination == account.destination
                && incident.tenant.is_none_or(|tenant| tenant == account.tenant);
            if in_scope {
                incident.attempts += 1;
                let failed = matches!(to, Belief::Failed | Belief::Parked | Belief::Unknown);
                incident.failed += u64::from(failed);
            }
        }
    }

    pub(super) fn alert(&mut self, now: Time, alert: &AlertEvent) {
        let same =
            |onset: &Onset| (onset.alert.account, onset.alert.kind) == (alert.account, alert.kind);
        match alert.change {
            AlertChange::Raised => {
                self.open.push(self.onsets.len());
                self.onsets.push(Onset { raised: now, cleared: None, alert: *alert });
            }
            AlertChange::Cleared => {
                let found = self.open.iter().position(|index| same(&self.onsets[*index]));
                if let Some(position) = found {
                    let index = self.open.remove(position);
                    self.onsets[index].cleared = Some(now);
                }
            }
        }
    }

    pub(super) fn onsets(&self) -> &[Onset] {
        &self.onsets
    }

    /// A row each time that a fault happened. What had not ended when the run did ends with it, or as
    /// planned.
    pub(super) fn incident_rows(&self, scenario: &Scenario, ended: Time) -> Vec<IncidentRow> {
        let horizon = Time::ZERO.saturating_add(scenario.duration).saturating_add(scenario.drain);
        let row = |incident: &Incident| {
            let fault = &scenario.faults[incident.fault as usize];
            let planned = match fault.recurrence {
                Recurrence::Once => fault.end().min(horizon),
                Recurrence::Every { .. } => {
                    incident.start.saturating_add(fault.duration).min(horizon)
                }
                Recurrence::Random { .. } => ended,
            };
            IncidentRow {
                fault: fault.name.clone(),
                kind: fault.kind.name().to_owned(),
                nature: fault.kind.nature().name().to_owned(),
                destination: scenario.destinations[fault.destination.index()].name.clone(),
                tenant: fault
                    .tenant
                    .map(|tenant| scenario.tenants[tenant.index()].name.clone())
                    .unwrap_or_default(),
                start_s: incident.start.as_seconds_f64(),
                end_s: incident.end.unwrap_or(planned).as_seconds_f64(),
                submitted: incident.submitted,
                attempts: incident.attempts,
                failed: incident.failed,
                detected_after_s: None,
                causal: None,
            }
        };
        self.incidents.iter().map(row).collect()
    }

    pub(super) fn alert_rows(&self, scenario: &Scenario) -> Vec<AlertRow> {
        let row = |onset: &Onset| {
            let (account, scores) = (onset.alert.account, onset.alert.scores);
            let why = onset.alert.explanation;
            AlertRow {
                raised_s: onset.raised.as_seconds_f64(),
                cleared_s: onset.cleared.map(Time::as_seconds_f64),
                tenant: scenario.tenants[account.tenant.index()].name.clone(),
                destination: scenario.destinations[account.destination.index()].name.clone(),
                kind: onset.alert.kind.name().to_owned(),
                severity: onset.alert.severity.name().to_owned(),
                failure: scores.failure,
                fluctuation: scores.fluctuation,
                sparsity: scores.sparsity,
                impact: scores.impact,
                fault: String::new(),
                since_s: onset.alert.since.as_seconds_f64(),
                accounts: match why.scope {
                    AlertScope::Account => 1,
                    AlertScope::Destination { accounts } => accounts,
                },
                evidence: why.evidence,
                harmed: why.harmed,
                expected: why.expected,
                seen: why.seen,
                cause: why.cause.name().to_owned(),
                look: why.cause.where_to_look().to_owned(),
            }
        };
        self.onsets.iter().map(row).collect()
    }
}
