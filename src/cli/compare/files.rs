//! A comparison for programs.

use serde::Serialize;

use super::super::exit::Failure;
use super::table;
use crate::experiment::{Change, Comparison, seed_of};

/// A row a metric and contestant.
#[derive(Serialize)]
struct Row<'a> {
    scenario: &'a str,
    metric: &'a str,
    unit: &'a str,
    contestant: &'a str,
    n: usize,
    mean: Option<f64>,
    half_width: Option<f64>,
    level: f64,
    median: Option<f64>,
    median_low: Option<f64>,
    median_high: Option<f64>,
    censored: usize,
    baseline: &'a str,
    difference: Option<f64>,
    difference_half_width: Option<f64>,
    p_holm: Option<f64>,
    variance_ratio: Option<f64>,
    standing: &'a str,
    with_best_low: Option<f64>,
    with_best_high: Option<f64>,
}

/// A row a tenant and contestant.
#[derive(Serialize)]
struct TenantRow<'a> {
    contestant: &'a str,
    baseline: &'a str,
    tenant: &'a str,
    group: &'a str,
    n: usize,
    baseline_s: f64,
    dwell_p99_s: f64,
    censored: usize,
    difference_s: f64,
    half_width_s: Option<f64>,
    p_holm: Option<f64>,
    change: Change,
}

/// A row a contestant, replication and metric.
#[derive(Serialize)]
struct ReplicationRow<'a> {
    contestant: &'a str,
    replication: usize,
    seed: u64,
    digest: &'a str,
    metric: &'a str,
    unit: &'a str,
    value: Option<f64>,
}

/// A row a policy and tenant.
#[derive(Serialize)]
struct IsolationRow<'a> {
    policy: &'a str,
    tenant: &'a str,
    group: &'a str,
    n: usize,
    added_dwell_s: Option<f64>,
    added_dwell_half_width_s: Option<f64>,
    dwell_slowdown: Option<f64>,
    slowdown_mean: Option<f64>,
    slowdown_mean_half_width: Option<f64>,
    slowdown_p99: Option<f64>,
    slowdown_p99_half_width: Option<f64>,
    isolation_index: Option<f64>,
    isolation_index_half_width: Option<f64>,
    undelivered: u64,
}

/// A row a contestant, of its first run.
#[derive(Serialize)]
struct LongRunRow<'a> {
    contestant: &'a str,
    seed: &'a str,
    messages: usize,
    dwell_mean_s: Option<f64>,
    batch_mean_s: Option<f64>,
    half_width_s: Option<f64>,
    batches: Option<usize>,
    batch: Option<usize>,
    lag_1: Option<f64>,
    needed: Option<usize>,
}

/// A row a contestant and part of the run.
#[derive(Serialize)]
struct CourseRow<'a> {
    contestant: &'a str,
    start_s: f64,
    dwell_mean_s: f64,
}

pub(super) fn csv(comparisons: &[Comparison]) -> Result<String, Failure> {
    let rows = comparisons.iter().flat_map(|comparison| {
        comparison.metrics.iter().flat_map(move |metric| {
            metric.rows.iter().map(move |row| Row {
                scenario: &comparison.scenario,
                metric: &metric.metric,
                unit: metric.unit,
                contestant: &row.contestant,
                n: metric.n,
                mean: row.mean,
                half_width: row.half_width,
                level: comparison.level,
                median: row.median.median,
                median_low: row.median.median_low,
                median_high: row.median.median_high,
                censored: row.censored,
                baseline: &comparison.baseline,
                difference: row.difference,
                difference_half_width: row.difference_half_width,
                p_holm: row.p_holm,
                variance_ratio: row.variance_ratio,
                standing: row.standing.unwrap_or_default(),
                with_best_low: row.with_best.map(|ends| ends[0]),
                with_best_high: row.with_best.map(|ends| ends[1]),
            })
        })
    });
    written(rows)
}

/// All texts of the results folder, by file name.
pub(super) fn all(comparison: &Comparison) -> Result<Vec<(String, String)>, Failure> {
    let json = serde_json::to_string_pretty(comparison).map_err(std::io::Error::from)? + "\n";
    let tenants = comparison.tenants.iter().flat_map(|changes| {
        changes.tenants.iter().map(|row| TenantRow {
            contestant: &changes.contestant,
            baseline: &comparison.baseline,
            tenant: &row.tenant,
            group: &row.group,
            n: row.n,
            baseline_s: row.baseline_s,
            dwell_p99_s: row.dwell_p99_s,
            censored: row.censored,
            difference_s: row.difference_s,
            half_width_s: row.half_width_s,
            p_holm: row.p_holm,
            change: row.change,
        })
    });
    let first: u64 = comparison.first_seed.parse().unwrap_or_default();
    let mut replications = Vec::new();
    for (index, contestant) in comparison.contestants.iter().enumerate() {
        for k in 0..comparison.replications {
            for (position, metric) in comparison.metrics.iter().enumerate() {
                replications.push(ReplicationRow {
                    contestant,
                    replication: k + 1,
                    seed: seed_of(first, k as u64),
                    digest: &comparison.digests[index][k],
                    metric: &metric.metric,
                    unit: metric.unit,
                    value: comparison.values[index][position][k],
                });
            }
        }
    }
    let courses = comparison.warm_up.iter().flat_map(|one| {
        one.course.iter().map(|(start_s, dwell_mean_s)| CourseRow {
            contestant: &one.contestant,
            start_s: *start_s,
            dwell_mean_s: *dwell_mean_s,
        })
    });
    let mut files = vec![
        ("comparison.json".to_owned(), json),
        ("comparison.csv".to_owned(), csv(std::slice::from_ref(comparison))?),
        ("comparison.md".to_owned(), table::markdown(comparison)),
        ("tenants.csv".to_owned(), written(tenants)?),
        ("replications.csv".to_owned(), written(replications.into_iter())?),
        ("course.csv".to_owned(), written(courses)?),
    ];
    if !comparison.long_runs.is_empty() {
        let rows = comparison.long_runs.iter().map(|run| LongRunRow {
            contestant: &run.contestant,
            seed: &run.seed,
            messages: run.messages,
            dwell_mean_s: run.dwell_mean_s,
            batch_mean_s: run.batch_mean_s,
            half_width_s: run.half_width_s,
            batches: run.batches,
            batch: run.batch,
            lag_1: run.lag_1,
            needed: run.needed,
        });
        files.push(("long-runs.csv".to_owned(), written(rows)?));
    }
    if let Some(isolation) = &comparison.isolation {
        let rows = isolation.policies.iter().flat_map(|policy| {
            policy.tenants.iter().map(|row| IsolationRow {
                policy: &policy.policy,
                tenant: &row.tenant,
                group: &row.group,
                n: isolation.replications,
                added_dwell_s: row.added_dwell_s.mean,
                added_dwell_half_width_s: row.added_dwell_s.half_width,
                dwell_slowdown: row.dwell_slowdown.mean,
                slowdown_mean: row.slowdown_mean.mean,
                slowdown_mean_half_width: row.slowdown_mean.half_width,
                slowdown_p99: row.slowdown_p99.mean,
                slowdown_p99_half_width: row.slowdown_p99.half_width,
                isolation_index: row.isolation_index.mean,
                isolation_index_half_width: row.isolation_index.half_width,
                undelivered: row.undelivered,
            })
        });
        files.push(("isolation.csv".to_owned(), written(rows)?));
    }
    Ok(files)
}

fn written<R: Serialize>(rows: impl Iterator<Item = R>) -> Result<String, Failure> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.serialize(row).map_err(std::io::Error::from)?;
    }
    let bytes = writer.into_inner().map_err(|error| std::io::Error::other(error.to_string()))?;
    Ok(String::from_utf8(bytes).expect("names and numbers are text"))
}
