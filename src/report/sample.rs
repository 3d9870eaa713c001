//! A small run, worked by hand, for the tests of this room.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::manifest::{Host, Manifest};
use super::verdict::{Outcome, Verdict};
use crate::measure::{
    AlertRow, CheckResult, ClassFigures, DestinationRow, DetectionFigures, FairnessFigures,
    Findings, IncidentRow, Ledger, Quantile, SCHEMA_VERSION, SeriesRow, Summary, TenantRow,
    TimeFigures,
};

/// A folder of one test's own, gone when the test is over.
pub(super) struct TemporaryPlace(PathBuf);

impl TemporaryPlace {
    pub(super) fn new(test: &str) -> Self {
        let name = format!("apportion-report-{}-{test}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a temporary folder");
        TemporaryPlace(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TemporaryPlace {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Bulk swamps a carrier beside three small tenants; one burst is found, one outage is missed.
pub(super) fn findings() -> Findings {
    let bulk = censored(720.5, 1800.0, 2460.0, 24_500, 500, 731.25);
    let small = observed(0.1, 0.4, 1.24, 3.0, 3104);
    let class = |submitted, dwell_s: &TimeFigures, on_time| ClassFigures {
        submitted,
        dwell_s: dwell_s.clone(),
        latency_s: dwell_s.clone(),
        on_time,
    };
    let messages =
        Ledger { submitted: 28_104, queued: 500, delivered: 27_490, failed: 114, ..zero() };
    let all = TimeFigures {
        observed: 27_604,
        censored: 500,
        p50: exactly(0.5),
        p90: exactly(1700.0),
        p99: exactly(2400.25),
        p999: None,
        max: Some(Quantile::Above(2460.0)),
        mean: Some(500.0),
    };
    Findings {
        detail: crate::measure::Detail::default(),
        summary: Summary {
            scenario: "noisy".into(),
            digest: "v1:ab12cd34ef56ab12cd34ef56ab12cd34".into(),
            events: 140_000,
            ended_s: 3600.0,
            messages,
            segments: messages,
            truth: BTreeMap::from([("delivered".into(), 27_490)]),
            attempts: BTreeMap::from([("dispatched".into(), 27_700)]),
            lost_on_restart: 0,
            fairness: FairnessFigures {
                jain: Some(0.9994),
                max_min_distance: Some(0.0041),
                contention_share_min: Some(0.981),
                work_conservation: Some(0.999),
                ..FairnessFigures::default()
            },
            classes: BTreeMap::from([
                ("marketing".into(), class(25_000, &bulk, None)),
                ("otp".into(), class(3104, &small, Some(0.9871))),
            ]),
            destinations: BTreeMap::from([("carrier".into(), class(28_104, &all, None))]),
            groups: BTreeMap::from([
                ("bulk".into(), class(25_000, &bulk, None)),
                ("small".into(), class(3104, &small, Some(0.9871))),
            ]),
            detection: Some(DetectionFigures {
                incidents: 2,
                detected: 1,
                recall: Some(0.5),
                precision: Some(0.5),
                delay_median_s: Some(300.0),
                alerts: 2,
                false_alarms: 1,
                false_alarms_per_tenant_day: Some(6.0),
                ..DetectionFigures::default()
            }),
            checks: checks(),
            ..empty().summary
        },
        tenants: vec![
            TenantRow {
                messages: Ledger {
                    submitted: 25_000,
                    queued: 500,
                    delivered: 24_410,
                    failed: 90,
                    ..zero()
                },
                segments_sent: 25_000,
                share_mean: Some(0.71),
                entitlement_mean: Some(0.7125),
                ..tenant("bulk", "bulk", bulk)
            },
            TenantRow { messages: ledger(1000), ..tenant("small-1", "small", small) },
            TenantRow {
                messages: ledger(1100),
                ..tenant("small-2", "small", observed(0.2, 0.5, 2.5, 3.0, 1100))
            },
            TenantRow {
                messages: ledger(1004),
                ..tenant("small-3", "small", observed(0.1, 0.4, 0.9, 2.0, 1004))
            },
        ],
        destinations: vec![DestinationRow {
            destination: "carrier".into(),
            quota_per_s: Some(10.0),
            offered_segments: 28_104,
            sent_segments: 27_604,
            attempts: 27_700,
            work_conservation: Some(0.999),
            dwell_s: all,
        }],
        series: series(),
        incidents: vec![
            IncidentRow {
                fault: "burst".into(),
                kind: "error-burst".into(),
                nature: "failure".into(),
                destination: "carrier".into(),
                tenant: "bulk".into(),
                start_s: 600.0,
                end_s: 1200.0,
                submitted: 950,
                attempts: 900,
                failed: 450,
                detected_after_s: Some(300.0),
                causal: None,
            },
            IncidentRow {
                fault: "carrier-down".into(),
                kind: "outage".into(),
                nature: "failure".into(),
                destination: "carrier".into(),
                tenant: String::new(),
                start_s: 2700.0,
                end_s: 2760.0,
                submitted: 15,
                attempts: 12,
                failed: 12,
                detected_after_s: None,
                causal: None,
            },
        ],
        alerts: vec![
            alert("bulk", 900.0, Some(1500.0), "burst"),
            alert("small-1", 2100.5, None, ""),
        ],
        causal: Vec::new(),
    }
}

/// A run in which nothing happened.
pub(super) fn empty() -> Findings {
    Findings {
        detail: crate::measure::Detail::default(),
        summary: Summary {
            schema_version: SCHEMA_VERSION,
            scenario: "empty".into(),
            policy: "scoring".into(),
            seed: "1".into(),
            digest: "v1:00000000000000000000000000000000".into(),
            events: 0,
            ended_s: 0.0,
            messages: zero(),
            segments: zero(),
            truth: BTreeMap::new(),
            attempts: BTreeMap::new(),
            lost_on_restart: 0,
            fairness: FairnessFigures::default(),
            classes: BTreeMap::new(),
            destinations: BTreeMap::new(),
            groups: BTreeMap::new(),
            detection: None,
            causal: None,
            checks: Vec::new(),
        },
        tenants: Vec::new(),
        destinations: Vec::new(),
        series: Vec::new(),
        incidents: Vec::new(),
        alerts: Vec::new(),
        causal: Vec::new(),
    }
}

/// An idle window of one tenant.
pub(super) fn window(start_s: f64, tenant: &str) -> SeriesRow {
    SeriesRow {
        start_s,
        tenant: tenant.into(),
        group: tenant.split('-').next().unwrap_or(tenant).into(),
        destination: "carrier".into(),
        offered: 0,
        sent: 0,
        backlog: 0,
        entitled: 0.0,
        failed: 0,
    }
}

pub(super) fn manifest(findings: &Findings) -> Manifest {
    Manifest::new(&findings.summary, "duration = \"1h\"\n".into(), Vec::new(), Vec::new())
}

pub(super) fn host() -> Host {
    Host::here(1, 0.5, vec!["apportion".into(), "run".into()], "scenarios/noisy.toml".into())
}

/// A judged, a skipped and a broken scenario.
pub(super) fn verdicts() -> Vec<Verdict> {
    let verdict = |scenario: &str, arguments: &str, outcome| Verdict {
        scenario: scenario.into(),
        file: format!("scenarios/{scenario}.toml"),
        reproduce: format!("apportion run scenarios/{scenario}.toml{arguments}"),
        outcome,
        remarks: Vec::new(),
    };
    vec![
        verdict("noisy", " --policy scoring --seed 1", Outcome::Judged { checks: checks() }),
        verdict("real", "", Outcome::Skipped { reason: "APPORTION_DATA is not set".into() }),
        verdict(
            "broken",
            "",
            Outcome::Broken { message: "ledger A: 3 queued,\nthe lane says 2".into() },
        ),
    ]
}

fn checks() -> Vec<CheckResult> {
    let check = |name: &str, metric: &str, of: &str, value, line| CheckResult {
        censored: false,
        name: name.into(),
        metric: metric.into(),
        of: of.into(),
        value,
        operator: "<=".into(),
        bound: 5.0,
        unit: "s".into(),
        passed: false,
        line,
    };
    vec![
        CheckResult {
            passed: true,
            ..check("small tenants wait seconds", "dwell_p99", "small", Some(1.24), 36)
        },
        CheckResult {
            bound: 1800.0,
            ..check("bulk < 30 min", "dwell_p99", "bulk", Some(2460.0), 41)
        },
        CheckResult {
            operator: ">=".into(),
            bound: 0.9,
            unit: String::new(),
            ..check("recall", "recall", "all", None, 50)
        },
    ]
}

fn series() -> Vec<SeriesRow> {
    let mut rows = Vec::new();
    for minute in 0_u32..40 {
        let start_s = f64::from(minute) * 60.0;
        let backlog = 24_400_u64.saturating_sub(u64::from(minute) * 600);
        let offered = if minute == 0 { 25_000 } else { 0 };
        let (sent, entitled, failed) = (600, 600.0, 3);
        rows.push(SeriesRow {
            offered,
            sent,
            backlog,
            entitled,
            failed,
            ..window(start_s, "bulk")
        });
        for tenant in ["small-1", "small-2", "small-3"] {
            let (sent, entitled) = (80, 80.0);
            rows.push(SeriesRow { offered: 80, sent, entitled, ..window(start_s, tenant) });
        }
    }
    rows
}

fn alert(tenant: &str, raised_s: f64, cleared_s: Option<f64>, fault: &str) -> AlertRow {
    AlertRow {
        raised_s,
        cleared_s,
        tenant: tenant.into(),
        destination: "carrier".into(),
        kind: "failure".into(),
        severity: "high".into(),
        failure: 0.9,
        fluctuation: 0.2,
        sparsity: 0.05,
        impact: 0.8,
        fault: fault.into(),
        since_s: raised_s - 300.0,
        accounts: 3,
        evidence: 7.5,
        harmed: 0.4,
        expected: 2.0,
        seen: 41.0,
        cause: "carrier-outage".into(),
        look: "the sessions and the carrier's own status".into(),
    }
}

fn tenant(tenant: &str, group: &str, dwell_s: TimeFigures) -> TenantRow {
    TenantRow {
        tenant: tenant.into(),
        group: group.into(),
        tenant_set: String::new(),
        destination: "carrier".into(),
        messages: zero(),
        segments_sent: 0,
        share_mean: None,
        entitlement_mean: None,
        dwell_s,
    }
}

fn ledger(delivered: u64) -> Ledger {
    Ledger { submitted: delivered, delivered, ..zero() }
}

fn zero() -> Ledger {
    Ledger::default()
}

fn exactly(seconds: f64) -> Option<Quantile> {
    Some(Quantile::Exactly(seconds))
}

fn observed(p50: f64, p90: f64, p99: f64, max: f64, observed: u64) -> TimeFigures {
    let [p50, p90, p99, max] = [p50, p90, p99, max].map(exactly);
    TimeFigures { observed, censored: 0, p50, p90, p99, p999: None, max, mean: Some(0.2) }
}

fn censored(
    p50: f64,
    p90: f64,
    above: f64,
    observed: u64,
    censored: u64,
    mean: f64,
) -> TimeFigures {
    let above = Some(Quantile::Above(above));
    TimeFigures {
        observed,
        censored,
        p50: exactly(p50),
        p90: exactly(p90),
        p99: above,
        p999: None,
        max: above,
        mean: Some(mean),
    }
}
