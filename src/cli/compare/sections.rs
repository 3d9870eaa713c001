//! What a comparison says, a table a section.

use super::table::worded;
use crate::experiment::{
    Change, Comparison, ContestantFigures, Figure, Isolation, LongRun, Median, MetricComparison,
    PolicyIsolation, TenantChange, TenantChanges, TenantIsolation,
};
use crate::report::{Tone, count, time};

/// Tenants shown that are hit worst, and least; the others are in `tenants.csv`.
const MOST_TENANTS: usize = 4;
const LEAST_TENANTS: usize = 2;
/// Contestants whose tenants have a table each; of more, a row each says who is hit worst.
const MOST_TABLES: usize = 4;

/// A table with its title.
pub(super) struct Section {
    pub(super) title: String,
    /// What follows the title.
    pub(super) remark: String,
    pub(super) head: Vec<String>,
    pub(super) rows: Vec<(Tone, Vec<String>)>,
}

impl Section {
    /// Columns after the first in which no row has anything but `nothing` are left out.
    fn new(
        (title, remark): (String, String),
        head: &[&str],
        mut rows: Vec<(Tone, Vec<String>)>,
        nothing: &[&str],
    ) -> Section {
        let mut head: Vec<String> = head.iter().map(|name| (*name).to_owned()).collect();
        for column in (1..head.len()).rev() {
            if rows.iter().all(|(_, cells)| nothing.contains(&cells[column].as_str())) {
                head.remove(column);
                rows.iter_mut().for_each(|(_, cells)| drop(cells.remove(column)));
            }
        }
        Section { title, remark, head, rows }
    }
}

/// All tables of a comparison, in order.
pub(super) fn sections(comparison: &Comparison) -> Vec<Section> {
    let mut sections: Vec<Section> =
        comparison.metrics.iter().map(|one| of_metric(one, comparison)).collect();
    if comparison.tenants.len() > MOST_TABLES {
        sections.push(of_all_tenants(comparison));
    } else {
        sections.extend(comparison.tenants.iter().map(|one| of_tenants(one, comparison)));
    }
    if !comparison.long_runs.is_empty() {
        sections.push(of_long_runs(&comparison.long_runs));
    }
    if let Some(isolation) = &comparison.isolation {
        sections.extend(isolation.policies.iter().map(|policy| of_isolation(isolation, policy)));
    }
    sections
}

fn of_metric(metric: &MetricComparison, comparison: &Comparison) -> Section {
    let rows = metric.rows.iter().map(|row| {
        let tone = if row.standing == Some("best") { Tone::Good } else { Tone::Plain };
        (tone, cells(row, metric))
    });
    let against = format!("against {}", comparison.baseline);
    let head = ["", "mean", "median", &against, "p", "pairing", ""];
    let title = title(metric, comparison.replications);
    Section::new((title, String::new()), &head, rows.collect(), &[""])
}

fn of_tenants(changes: &TenantChanges, comparison: &Comparison) -> Section {
    let row = |(index, row): (usize, Option<&TenantChange>)| match row {
        Some(row) if row.change == Change::Worse && index < MOST_TENANTS => {
            (Tone::Bad, tenant_cells(row))
        }
        Some(row) => (Tone::Plain, tenant_cells(row)),
        None => {
            let hidden = changes.tenants.len() - MOST_TENANTS - LEAST_TENANTS;
            let mut cells = vec![String::new(); 5];
            cells[0] = format!("{hidden} more: tenants.csv");
            (Tone::Faint, cells)
        }
    };
    let title =
        format!("99 % dwell of tenants, {} against {}", changes.contestant, comparison.baseline);
    let remark = format!(
        ": {} worse, {} better, {} not shown to change",
        changes.worse, changes.better, changes.unchanged
    );
    let rows = shown(&changes.tenants).into_iter().enumerate().map(row).collect();
    Section::new((title, remark), &["", "before", "now", "change", "p"], rows, &[""])
}

/// A row a contestant: how many are worse off, and who is hit worst.
fn of_all_tenants(comparison: &Comparison) -> Section {
    let row = |changes: &TenantChanges| {
        let numbers = [changes.worse, changes.better, changes.unchanged].map(|n| n.to_string());
        let mut cells = vec![changes.contestant.clone()];
        cells.extend(numbers);
        let worst = changes.tenants.first().filter(|row| row.change == Change::Worse);
        cells.extend(match worst {
            Some(row) => {
                let own = tenant_cells(row);
                [0, 2, 3].map(|column| own[column].clone())
            }
            None => ["nobody".to_owned(), String::new(), String::new()],
        });
        (if changes.worse > 0 { Tone::Bad } else { Tone::Plain }, cells)
    };
    let title = format!("99 % dwell of tenants against {}", comparison.baseline);
    let remark = ": how many are shown to wait longer or shorter, and who is hit worst".to_owned();
    let head = ["", "worse", "better", "neither", "hit worst", "now", "change"];
    Section::new((title, remark), &head, comparison.tenants.iter().map(row).collect(), &[""])
}

fn of_long_runs(runs: &[LongRun]) -> Section {
    let row = |run: &LongRun| {
        let mean = match (run.dwell_mean_s, run.batch_mean_s, run.half_width_s) {
            (_, Some(mean), Some(half)) => format!("{} ± {}", time(mean), time(half)),
            (Some(mean), ..) => time(mean),
            _ => "-".to_owned(),
        };
        let how = match (run.batches, run.batch, run.needed) {
            (Some(batches), Some(batch), _) => format!("{batches} of {}", count(batch as u64)),
            (_, _, Some(needed)) => format!("too short: at least {}", count(needed as u64)),
            _ => String::new(),
        };
        let lag = run.lag_1.map(|lag_1| format!("{lag_1:.2}")).unwrap_or_default();
        let cells = vec![run.contestant.clone(), count(run.messages as u64), mean, how, lag];
        (Tone::Plain, cells)
    };
    let seed = runs.first().map(|run| run.seed.as_str()).unwrap_or_default();
    let title = format!("mean dwell of one long run, seed {seed}");
    let head = ["", "messages", "mean", "batches", "correlation"];
    Section::new((title, String::new()), &head, runs.iter().map(row).collect(), &[""])
}

fn title(metric: &MetricComparison, replications: usize) -> String {
    let better = metric.better.map(|better| format!(", {better} is better")).unwrap_or_default();
    let n = match metric.n {
        n if n == replications => String::new(),
        n => format!(", in {n} of {replications} replications"),
    };
    format!("{}{better}{n}", metric.metric)
}

fn cells(row: &ContestantFigures, metric: &MetricComparison) -> Vec<String> {
    let word = |value: f64| worded(value, metric.unit);
    let plus_minus = |mean: Option<f64>, half: Option<f64>, sign: &str| match (mean, half) {
        (None, _) => "-".to_owned(),
        (Some(mean), None) => format!("{sign}{}", word(mean)),
        (Some(mean), Some(half)) => format!("{sign}{} ± {}", word(mean), word(half)),
    };
    let censored = if row.censored > 0 { ">" } else { "" };
    let end = |value: Option<f64>| value.map_or("-".to_owned(), word);
    let Median { median, median_low, median_high } = row.median;
    let has_ends = median_low.or(median_high).is_some();
    let median = match (row.is_too_skewed || row.censored > 0) && has_ends {
        true => format!("{} ({} to {})", end(median), end(median_low), end(median_high)),
        false => String::new(),
    };
    let mut mean = plus_minus(row.mean, row.half_width, censored);
    if row.is_too_skewed {
        mean.push('*');
    }
    let sign = if row.difference.is_some_and(|difference| difference > 0.0) { "+" } else { "" };
    let difference = match row.difference {
        None => String::new(),
        difference => plus_minus(difference, row.difference_half_width, sign),
    };
    vec![
        row.contestant.clone(),
        mean,
        median,
        difference,
        row.p_holm.map(p_value).unwrap_or_default(),
        row.variance_ratio.map(|ratio| format!("{ratio:.1}x")).unwrap_or_default(),
        row.standing.unwrap_or_default().to_owned(),
    ]
}

fn shown(tenants: &[TenantChange]) -> Vec<Option<&TenantChange>> {
    if tenants.len() <= MOST_TENANTS + LEAST_TENANTS + 1 {
        return tenants.iter().map(Some).collect();
    }
    let first = tenants[..MOST_TENANTS].iter().map(Some);
    first.chain([None]).chain(tenants[tenants.len() - LEAST_TENANTS..].iter().map(Some)).collect()
}

fn tenant_cells(row: &TenantChange) -> Vec<String> {
    let sign = if row.difference_s > 0.0 { "+" } else { "" };
    let censored = if row.censored > 0 { ">" } else { "" };
    let half = row.half_width_s.map(|half| format!(" ± {}", time(half))).unwrap_or_default();
    vec![
        row.tenant.clone(),
        time(row.baseline_s),
        format!("{censored}{}", time(row.dwell_p99_s)),
        format!("{censored}{sign}{}{half}", time(row.difference_s)),
        row.p_holm.map(p_value).unwrap_or_default(),
    ]
}

fn of_isolation(isolation: &Isolation, policy: &PolicyIsolation) -> Section {
    let of = match isolation.measured == isolation.tenants {
        true => format!("{} tenants", isolation.tenants),
        false => format!("{} of {} tenants", isolation.measured, isolation.tenants),
    };
    let aggressor = isolation.aggressor.as_ref().zip(isolation.times);
    let index =
        aggressor.map(|(name, times)| format!("; index: {name} sends {times} times as much"));
    let most = if isolation.policies.len() > 1 { 5 } else { 12 };
    // Whoever is not shown is in isolation.csv; a table that just ends would hide that.
    let shown = match policy.tenants.len() > most {
        true => format!("the {most} worst"),
        false => "worst first".to_owned(),
    };
    let index = index.unwrap_or_default();
    let remark = format!(": in company against alone, {of}, {shown}{index}");
    let head =
        ["", "added dwell", "dwell ratio", "slowdown", "its p99", "isolation index", "undelivered"];
    let figure = |one: &Figure, unit: &str| match (one.mean, one.half_width) {
        (None, _) => "-".to_owned(),
        (Some(mean), None) => worded(mean, unit),
        (Some(mean), Some(half)) => format!("{} ± {}", worded(mean, unit), worded(half, unit)),
    };
    let row = |row: &TenantIsolation| {
        let cells = vec![
            row.tenant.clone(),
            figure(&row.added_dwell_s, "s"),
            figure(&row.dwell_slowdown, ""),
            figure(&row.slowdown_mean, ""),
            figure(&row.slowdown_p99, ""),
            figure(&row.isolation_index, ""),
            row.undelivered.to_string(),
        ];
        (Tone::Plain, cells)
    };
    let rows = policy.tenants.iter().take(most).map(row).collect();
    let title = format!("isolation under {}", policy.policy);
    Section::new((title, remark), &head, rows, &["-", "0"])
}

fn p_value(p: f64) -> String {
    if p < 0.0001 { "<0.0001".to_owned() } else { format!("{p:.4}") }
}
