//! Injected failures and the detector's alerts, as they came.

use super::super::cells::AccountKey;
use super::super::findings::{AlertRow, IncidentRow};
use crate::detector::{AlertChange, AlertEvent, AlertScope};
use crate::scenario::Scenario;
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
    incidents: Vec<Incident>,
    /// Faults that last now.
    active: Vec<u32>,
    onsets: Vec<Onset>,
    /// Positions in `onsets` that are not cleared.
    open: Vec<usize>,
}

/// Attempts are counted by when their outcome came.
#[derive(Clone, Debug)]
struct Incident {
    destination: DestinationId,
    tenant: Option<TenantId>,
    submitted: u64,
    attempts: u64,
    failed: u64,
}

impl Incidents {
    pub(super) fn new(scenario: &Scenario) -> Self {
        let incident = |fault: &crate::scenario::Fault| Incident {
            destination: fault.destination,
            tenant: fault.tenant,
            submitted: 0,
            attempts: 0,
            failed: 0,
        };
        Incidents {
            incidents: scenario.faults.iter().map(incident).collect(),
            active: Vec::new(),
            onsets: Vec::new(),
            open: Vec::new(),
        }
    }

    pub(super) fn began(&mut self, fault: u32) {
        self.active.push(fault);
    }

    pub(super) fn ended(&mut self, fault: u32) {
        self.active.retain(|active| *active != fault);
    }

    /// A message of an account was submitted.
    pub(super) fn submitted(&mut self, account: AccountKey) {
        for fault in &self.active {
            let incident = &mut self.incidents[*fault as usize];
            let in_scope = incident.destination == account.destination
                && incident.tenant.is_none_or(|tenant| tenant == account.tenant);
            incident.submitted += u64::from(in_scope);
        }
    }

    /// An attempt of an account came to an end.
    pub(super) fn outcome(&mut self, account: AccountKey, to: Belief) {
        for fault in &self.active {
            let incident = &mut self.incidents[*fault as usize];
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

    pub(super) fn incident_rows(&self, scenario: &Scenario) -> Vec<IncidentRow> {
        let row = |(fault, incident): (&crate::scenario::Fault, &Incident)| IncidentRow {
            fault: fault.name.clone(),
            kind: fault.kind.name().to_owned(),
            destination: scenario.destinations[fault.destination.index()].name.clone(),
            tenant: fault
                .tenant
                .map(|tenant| scenario.tenants[tenant.index()].name.clone())
                .unwrap_or_default(),
            start_s: fault.start.as_seconds_f64(),
            end_s: fault.start.saturating_add(fault.duration).as_seconds_f64(),
            submitted: incident.submitted,
            attempts: incident.attempts,
            failed: incident.failed,
            detected_after_s: None,
            causal: None,
        };
        scenario.faults.iter().zip(&self.incidents).map(row).collect()
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
