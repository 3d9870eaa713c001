//! A run at a glance: the numbers of the closing table, whatever form they are printed in.

use std::collections::BTreeMap;

use serde::Serialize;

use super::shares::{Shares, while_short};
use crate::measure::causal::CausalFigures;
use crate::measure::{
    CheckResult, ClassFigures, DetectionFigures, FairnessFigures, Findings, Ledger, Quantile,
    TenantRow, TimeFigures,
};
use crate::scenario::Nature;

/// What a table says about a run that was not measured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunInfo {
    /// The command that makes the run again.
    pub reproduce: String,
    /// The folder with the results, where there is one to name.
    pub results: Option<String>,
}

/// The numbers of the closing table, unrounded.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Glance {
    /// Name of the scenario.
    pub scenario: String,
    /// Name of the policy.
    pub policy: String,
    /// The seed.
    pub seed: String,
    /// The digest.
    pub digest: String,
    /// Number of domain events.
    pub events: u64,
    /// Virtual time at the end, seconds.
    pub ended_s: f64,
    /// Ledger A in messages.
    pub messages: Ledger,
    /// Populations of tenants, the longest wait first.
    pub groups: Vec<GroupLine>,
    /// Classes of service, in order of their names.
    pub classes: Vec<ClassLine>,
    /// Destinations, in order of their names.
    pub destinations: Vec<DestinationLine>,
    /// Fairness.
    pub fairness: FairnessFigures,
    /// Detection, where a detector watched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detection: Option<DetectionFigures>,
    /// Incidents that touched traffic and were not found, by the faults' names.
    pub missed: Vec<String>,
    /// What each injected failure did, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub causal: Option<CausalFigures>,
    /// The checks.
    pub checks: Vec<CheckResult>,
    /// The folder with the results.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub results: Option<String>,
    /// The command that makes the run again.
    pub reproduce: String,
}

/// A population of tenants.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GroupLine {
    /// Its name.
    pub name: String,
    /// How many tenants it has.
    pub tenants: usize,
    /// Ledger A in messages.
    pub messages: Ledger,
    /// Its times.
    #[serde(flatten)]
    pub figures: ClassFigures,
    /// Its share of what was sent while its destinations were short, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share: Option<f64>,
    /// What it was entitled to of that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entitled: Option<f64>,
    /// Of several tenants, the one with the longest 99th percentile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worst: Option<TenantLine>,
}

/// One tenant at one destination.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TenantLine {
    /// Its name.
    pub tenant: String,
    /// Where.
    pub destination: String,
    /// Ledger A in messages.
    pub messages: Ledger,
    /// Submission to first dispatch.
    pub dwell_s: TimeFigures,
    /// Its share of what was sent while its destinations were short, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share: Option<f64>,
    /// The same of its entitlement.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entitled: Option<f64>,
}

/// A class of service.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassLine {
    /// Its name.
    pub name: String,
    /// Its times.
    #[serde(flatten)]
    pub figures: ClassFigures,
}

/// A destination.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DestinationLine {
    /// Its name.
    pub name: String,
    /// Quota in segments a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quota_per_s: Option<f64>,
    /// Segments offered.
    pub offered_segments: u64,
    /// Segments dispatched.
    pub sent_segments: u64,
    /// Sent ÷ what demand and quota allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub work_conservation: Option<f64>,
    /// Submission to first dispatch.
    pub dwell_s: TimeFigures,
}

impl Glance {
    /// Picks the numbers out of `findings`.
    pub fn new(findings: &Findings, info: &RunInfo) -> Glance {
        let summary = &findings.summary;
        let classes = summary.classes.iter();
        let missed = findings.incidents.iter();
        Glance {
            scenario: summary.scenario.clone(),
            policy: summary.policy.clone(),
            seed: summary.seed.clone(),
            digest: summary.digest.clone(),
            events: summary.events,
            ended_s: summary.ended_s,
            messages: summary.messages,
            groups: groups(findings),
            classes: classes
                .map(|(name, figures)| ClassLine { name: name.clone(), figures: figures.clone() })
                .collect(),
            destinations: destinations(findings),
            fairness: summary.fairness,
            detection: summary.detection.clone(),
            missed: missed
                .filter(|row| row.nature == Nature::Failure.name())
                .filter(|row| row.attempts > 0 && row.detected_after_s.is_none())
                .map(|row| row.fault.clone())
                .collect(),
            causal: summary.causal.clone(),
            checks: summary.checks.clone(),
            results: info.results.clone(),
            reproduce: info.reproduce.clone(),
        }
    }
}

fn groups(findings: &Findings) -> Vec<GroupLine> {
    let shares = while_short(&findings.series, |row| &row.group);
    let by_tenant = while_short(&findings.series, |row| &row.tenant);
    let mut members: BTreeMap<&str, Vec<&TenantRow>> = BTreeMap::new();
    for row in &findings.tenants {
        members.entry(&row.group).or_default().push(row);
    }
    let line = |(name, figures): (&String, &ClassFigures)| {
        let rows = members.get(name.as_str()).map_or(&[][..], Vec::as_slice);
        let mut tenants: Vec<&str> = rows.iter().map(|row| row.tenant.as_str()).collect();
        tenants.sort_unstable();
        tenants.dedup();
        let share = shares.get(name.as_str());
        GroupLine {
            name: name.clone(),
            tenants: tenants.len(),
            messages: rows.iter().fold(Ledger::default(), |sum, row| added(sum, row.messages)),
            figures: figures.clone(),
            share: share.map(|share| share.actual),
            entitled: share.map(|share| share.entitled),
            worst: if tenants.len() > 1 {
                worst(rows).map(|row| tenant_line(row, &by_tenant))
            } else {
                None
            },
        }
    };
    let mut groups: Vec<GroupLine> = findings.summary.groups.iter().map(line).collect();
    groups.sort_by(|a, b| longest_first(&a.figures.dwell_s, &b.figures.dwell_s));
    groups
}

fn destinations(findings: &Findings) -> Vec<DestinationLine> {
    let line = |row: &crate::measure::DestinationRow| DestinationLine {
        name: row.destination.clone(),
        quota_per_s: row.quota_per_s,
        offered_segments: row.offered_segments,
        sent_segments: row.sent_segments,
        work_conservation: row.work_conservation,
        dwell_s: row.dwell_s.clone(),
    };
    let mut lines: Vec<DestinationLine> = findings.destinations.iter().map(line).collect();
    lines.sort_by(|a, b| a.name.cmp(&b.name));
    lines
}

fn worst<'a>(rows: &[&'a TenantRow]) -> Option<&'a TenantRow> {
    let with_figures = rows.iter().copied().filter(|row| row.dwell_s.p99.is_some());
    with_figures.min_by(|a, b| longest_first(&a.dwell_s, &b.dwell_s))
}

fn tenant_line(row: &TenantRow, shares: &BTreeMap<&str, Shares>) -> TenantLine {
    let share = shares.get(row.tenant.as_str());
    TenantLine {
        tenant: row.tenant.clone(),
        destination: row.destination.clone(),
        messages: row.messages,
        dwell_s: row.dwell_s.clone(),
        share: share.map(|share| share.actual),
        entitled: share.map(|share| share.entitled),
    }
}

/// Orders by the 99th percentile and then the longest wait, longest first. A wait above some value
/// counts as longer than that value; what has no figure comes last.
pub(super) fn longest_first(a: &TimeFigures, b: &TimeFigures) -> std::cmp::Ordering {
    let by = |x, y| order(y, x);
    by(a.p99, b.p99).then_with(|| by(a.max, b.max))
}

fn order(a: Option<Quantile>, b: Option<Quantile>) -> std::cmp::Ordering {
    let key = |value: Option<Quantile>| match value {
        None => (f64::NEG_INFINITY, false),
        Some(Quantile::Exactly(seconds)) => (seconds, false),
        Some(Quantile::Above(seconds)) => (seconds, true),
    };
    let ((a, a_above), (b, b_above)) = (key(a), key(b));
    a.total_cmp(&b).then(a_above.cmp(&b_above))
}

fn added(a: Ledger, b: Ledger) -> Ledger {
    Ledger {
        submitted: a.submitted + b.submitted,
        refused: a.refused + b.refused,
        queued: a.queued + b.queued,
        in_flight: a.in_flight + b.in_flight,
        parked: a.parked + b.parked,
        accepted: a.accepted + b.accepted,
        delivered: a.delivered + b.delivered,
        failed: a.failed + b.failed,
        expired: a.expired + b.expired,
        cancelled: a.cancelled + b.cancelled,
        unknown: a.unknown + b.unknown,
        duplicates: a.duplicates + b.duplicates,
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn groups_come_longest_wait_first_with_their_worst_tenant() {
        let glance = Glance::new(&sample::findings(), &RunInfo::default());
        let names: Vec<&str> = glance.groups.iter().map(|group| group.name.as_str()).collect();
        assert_eq!(names, ["bulk", "small"]);
        let small = &glance.groups[1];
        assert_eq!((small.tenants, small.messages.submitted), (3, 3104));
        assert_eq!(small.worst.as_ref().map(|line| line.tenant.as_str()), Some("small-2"));
        assert_eq!(glance.groups[0].worst, None);
        assert_eq!(glance.missed, ["carrier-down"]);
    }

    #[test]
    fn a_censored_wait_is_longer_than_the_same_wait_observed() {
        let times = |p99| TimeFigures { p99: Some(p99), ..TimeFigures::default() };
        let above = times(Quantile::Above(10.0));
        let exactly = times(Quantile::Exactly(10.0));
        assert_eq!(longest_first(&above, &exactly), std::cmp::Ordering::Less);
        assert_eq!(longest_first(&TimeFigures::default(), &exactly), std::cmp::Ordering::Greater);
    }
}
