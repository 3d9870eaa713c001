//! The tables and the summary of a result.
//!
//! Points in time are decimals with nine places; other figures are the shortest decimals that read
//! back as the same number; a figure that does not exist is empty; a quantile in the censored part
//! reads `>x`. The first columns are fixed, further ones are only ever appended.

use std::collections::BTreeMap;
use std::path::Path;

use super::ReportError;
use super::manifest::{SUMMARY_FILE, write_json};
use super::messages::MESSAGE_COLUMNS;
use crate::measure::causal::{CausalRow, FaultFigures, Felt};
use crate::measure::{
    AlertRow, DestinationRow, Findings, IncidentRow, Quantile, SeriesRow, TenantRow,
};

const TENANTS: (&str, [&str; 25]) = (
    "tenants.csv",
    [
        "tenant",
        "tenant_set",
        "destination",
        "submitted",
        "refused",
        "delivered",
        "failed",
        "expired",
        "segments",
        "share_mean",
        "dwell_p50_s",
        "dwell_p99_s",
        "dwell_max_s",
        "group",
        "entitlement_mean",
        "dwell_p90_s",
        "dwell_mean_s",
        "dwell_observed",
        "dwell_censored",
        "queued",
        "in_flight",
        "parked",
        "accepted",
        "cancelled",
        "unknown",
    ],
);

const DESTINATIONS: (&str, [&str; 13]) = (
    "destinations.csv",
    [
        "destination",
        "quota_per_s",
        "offered_segments",
        "sent_segments",
        "attempts",
        "work_conservation",
        "dwell_p50_s",
        "dwell_p99_s",
        "dwell_max_s",
        "dwell_p90_s",
        "dwell_mean_s",
        "dwell_observed",
        "dwell_censored",
    ],
);

const SERIES: (&str, [&str; 9]) = (
    "series.csv",
    [
        "start_s",
        "tenant",
        "group",
        "destination",
        "offered",
        "sent",
        "backlog",
        "entitled",
        "failed",
    ],
);

const INCIDENTS: (&str, [&str; 21]) = (
    "incidents.csv",
    [
        "fault",
        "kind",
        "destination",
        "tenant",
        "start_s",
        "end_s",
        "attempts",
        "failed",
        "detected_after_s",
        "submitted",
        "causal_delay_s",
        "causal_dwell_s",
        "causal_lost",
        "causal_late",
        "causal_duplicates",
        "causal_wasted_segments",
        "delayed",
        "hastened",
        "harmed",
        "reconverged_s",
        "nature",
    ],
);

const ALERTS: (&str, [&str; 19]) = (
    "alerts.csv",
    [
        "raised_s",
        "cleared_s",
        "tenant",
        "destination",
        "kind",
        "severity",
        "failure",
        "fluctuation",
        "sparsity",
        "impact",
        "fault",
        "since_s",
        "accounts",
        "evidence",
        "harmed",
        "expected",
        "seen",
        "cause",
        "look",
    ],
);

const CAUSAL: (&str, [&str; 15]) = (
    "causal.csv",
    [
        "what",
        "fault",
        "tenant",
        "destination",
        "delay_s",
        "dwell_s",
        "lost",
        "late",
        "duplicates",
        "wasted_segments",
        "messages_made",
        "delayed",
        "hastened",
        "harmed",
        "expected",
    ],
);

/// The columns of every table that a result can have, in order, by file.
pub fn columns() -> BTreeMap<String, Vec<String>> {
    fn of(file: &str, names: &[&str]) -> (String, Vec<String>) {
        (file.to_owned(), names.iter().map(|name| (*name).to_owned()).collect())
    }
    BTreeMap::from([
        of(TENANTS.0, &TENANTS.1),
        of(DESTINATIONS.0, &DESTINATIONS.1),
        of(SERIES.0, &SERIES.1),
        of(INCIDENTS.0, &INCIDENTS.1),
        of(ALERTS.0, &ALERTS.1),
        of(CAUSAL.0, &CAUSAL.1),
        of("messages.csv", &MESSAGE_COLUMNS),
    ])
}

/// Writes `summary.json` and the five tables into `folder`, and the sixth where impact was asked for.
pub(super) fn write_all(folder: &Path, findings: &Findings) -> Result<(), ReportError> {
    write_json(&folder.join(SUMMARY_FILE), &findings.summary)?;
    write(folder, TENANTS, findings.tenants.iter().map(tenant))?;
    write(folder, DESTINATIONS, findings.destinations.iter().map(destination))?;
    write(folder, SERIES, findings.series.iter().map(series))?;
    write(folder, INCIDENTS, findings.incidents.iter().map(incident))?;
    write(folder, ALERTS, findings.alerts.iter().map(alert))?;
    if findings.summary.causal.is_some() {
        write(folder, CAUSAL, findings.causal.iter().map(causal))?;
    }
    Ok(())
}

/// Writes one table. A header and its rows have the same number of cells by their types.
fn write<const N: usize>(
    folder: &Path,
    (file, header): (&str, [&str; N]),
    rows: impl Iterator<Item = [String; N]>,
) -> Result<(), ReportError> {
    let path = folder.join(file);
    let fail = |source| ReportError::Csv { path: path.clone(), source };
    let mut writer = csv::Writer::from_path(&path).map_err(fail)?;
    writer.write_record(header).map_err(fail)?;
    for row in rows {
        writer.write_record(&row).map_err(fail)?;
    }
    writer.flush().map_err(|source| ReportError::io(&path, source))
}

fn tenant(row: &TenantRow) -> [String; 25] {
    [
        row.tenant.clone(),
        row.tenant_set.clone(),
        row.destination.clone(),
        row.messages.submitted.to_string(),
        row.messages.refused.to_string(),
        row.messages.delivered.to_string(),
        row.messages.failed.to_string(),
        row.messages.expired.to_string(),
        row.segments_sent.to_string(),
        number(row.share_mean),
        bound(row.dwell_s.p50),
        bound(row.dwell_s.p99),
        bound(row.dwell_s.max),
        row.group.clone(),
        number(row.entitlement_mean),
        bound(row.dwell_s.p90),
        number(row.dwell_s.mean),
        row.dwell_s.observed.to_string(),
        row.dwell_s.censored.to_string(),
        row.messages.queued.to_string(),
        row.messages.in_flight.to_string(),
        row.messages.parked.to_string(),
        row.messages.accepted.to_string(),
        row.messages.cancelled.to_string(),
        row.messages.unknown.to_string(),
    ]
}

fn destination(row: &DestinationRow) -> [String; 13] {
    [
        row.destination.clone(),
        number(row.quota_per_s),
        row.offered_segments.to_string(),
        row.sent_segments.to_string(),
        row.attempts.to_string(),
        number(row.work_conservation),
        bound(row.dwell_s.p50),
        bound(row.dwell_s.p99),
        bound(row.dwell_s.max),
        bound(row.dwell_s.p90),
        number(row.dwell_s.mean),
        row.dwell_s.observed.to_string(),
        row.dwell_s.censored.to_string(),
    ]
}

fn series(row: &SeriesRow) -> [String; 9] {
    [
        point(row.start_s),
        row.tenant.clone(),
        row.group.clone(),
        row.destination.clone(),
        row.offered.to_string(),
        row.sent.to_string(),
        row.backlog.to_string(),
        row.entitled.to_string(),
        row.failed.to_string(),
    ]
}

fn incident(row: &IncidentRow) -> [String; 21] {
    let causal = row.causal.as_ref();
    let whole = |figure: fn(&FaultFigures) -> i64| {
        causal.map(|figures| figure(figures).to_string()).unwrap_or_default()
    };
    [
        row.fault.clone(),
        row.kind.clone(),
        row.destination.clone(),
        row.tenant.clone(),
        point(row.start_s),
        point(row.end_s),
        row.attempts.to_string(),
        row.failed.to_string(),
        row.detected_after_s.map(point).unwrap_or_default(),
        row.submitted.to_string(),
        number(causal.map(|figures| figures.impact.delay_s)),
        number(causal.map(|figures| figures.impact.dwell_s)),
        whole(|figures| figures.impact.lost),
        whole(|figures| figures.impact.late),
        whole(|figures| figures.impact.duplicates),
        whole(|figures| figures.impact.wasted_segments),
        whole(|figures| figures.delayed as i64),
        whole(|figures| figures.hastened as i64),
        whole(|figures| figures.harmed as i64),
        causal.and_then(|figures| figures.reconverged_s).map(point).unwrap_or_default(),
        row.nature.clone(),
    ]
}

fn causal(row: &CausalRow) -> [String; 15] {
    let felt = |figure: fn(&Felt) -> u64| {
        row.felt.as_ref().map(|felt| figure(felt).to_string()).unwrap_or_default()
    };
    [
        row.what.to_owned(),
        row.fault.clone(),
        row.tenant.clone(),
        row.destination.clone(),
        signed(row.impact.delay_ns),
        signed(row.impact.dwell_ns),
        row.impact.lost.to_string(),
        row.impact.late.to_string(),
        row.impact.duplicates.to_string(),
        row.impact.wasted_segments.to_string(),
        row.impact.messages_made.to_string(),
        felt(|felt| felt.delayed),
        felt(|felt| felt.hastened),
        felt(|felt| felt.harmed),
        felt(|felt| felt.expected),
    ]
}

fn alert(row: &AlertRow) -> [String; 19] {
    [
        point(row.raised_s),
        row.cleared_s.map(point).unwrap_or_default(),
        row.tenant.clone(),
        row.destination.clone(),
        row.kind.clone(),
        row.severity.clone(),
        row.failure.to_string(),
        row.fluctuation.to_string(),
        row.sparsity.to_string(),
        row.impact.to_string(),
        row.fault.clone(),
        point(row.since_s),
        row.accounts.to_string(),
        row.evidence.to_string(),
        row.harmed.to_string(),
        row.expected.to_string(),
        row.seen.to_string(),
        row.cause.clone(),
        row.look.clone(),
    ]
}

fn point(seconds: f64) -> String {
    format!("{seconds:.9}")
}

/// Nanoseconds as an exact decimal of seconds.
fn signed(nanoseconds: i128) -> String {
    let (sign, size) = (if nanoseconds < 0 { "-" } else { "" }, nanoseconds.unsigned_abs());
    format!("{sign}{}.{:09}", size / 1_000_000_000, size % 1_000_000_000)
}

fn number(value: Option<f64>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn bound(value: Option<Quantile>) -> String {
    match value {
        None => String::new(),
        Some(Quantile::Exactly(value)) => value.to_string(),
        Some(Quantile::Above(value)) => format!(">{value}"),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::sample::{self, TemporaryPlace};
    use super::*;

    #[test]
    fn tables_begin_with_the_stable_columns() {
        let columns = columns();
        let stable = "tenant,tenant_set,destination,submitted,refused,delivered,failed,expired,\
                      segments,share_mean,dwell_p50_s,dwell_p99_s,dwell_max_s";
        assert!(columns["tenants.csv"].join(",").starts_with(stable));
    }

    #[test]
    fn every_table_says_what_the_findings_say() {
        let place = TemporaryPlace::new("tables");
        let findings = sample::findings();
        write_all(place.path(), &findings).expect("written");
        let text = |file: &str| fs::read_to_string(place.path().join(file)).expect("readable");
        let line = |file: &str, number: usize| -> String {
            text(file).lines().nth(number).expect("a line").to_owned()
        };
        assert_eq!(
            line("tenants.csv", 1),
            "bulk,,carrier,25000,0,24410,90,0,25000,0.71,720.5,>2460,>2460,bulk,0.7125,1800,731.25,\
             24500,500,500,0,0,0,0,0"
        );
        assert_eq!(
            line("destinations.csv", 1),
            "carrier,10,28104,27604,27700,0.999,0.5,2400.25,>2460,1700,500,27604,500"
        );
        assert_eq!(line("series.csv", 1), "0.000000000,bulk,bulk,carrier,25000,600,24400,600,3");
        assert_eq!(
            line("incidents.csv", 1),
            "burst,error-burst,carrier,bulk,600.000000000,1200.000000000,900,450,300.000000000,950,,,,,,,,,,,failure"
        );
        assert_eq!(
            line("alerts.csv", 1),
            "900.000000000,1500.000000000,bulk,carrier,failure,high,0.9,0.2,0.05,0.8,burst,\
             600.000000000,3,7.5,0.4,2,41,carrier-outage,the sessions and the carrier's own status"
        );
        let open = text("alerts.csv").lines().nth(2).expect("a line").to_owned();
        assert!(open.starts_with("2100.500000000,,"), "{open}");
        for (file, rows) in [
            ("tenants.csv", findings.tenants.len()),
            ("series.csv", findings.series.len()),
            ("alerts.csv", findings.alerts.len()),
        ] {
            assert_eq!(text(file).lines().count(), rows + 1, "{file}");
        }
    }

    #[test]
    fn empty_tables_still_have_their_header() {
        let place = TemporaryPlace::new("empty-tables");
        write_all(place.path(), &sample::empty()).expect("written");
        for (file, names) in columns() {
            if file != "messages.csv" && file != "causal.csv" {
                let text = fs::read_to_string(place.path().join(&file)).expect("readable");
                assert_eq!(text, names.join(",") + "\n", "{file}");
            }
        }
    }

    #[test]
    fn figures_are_the_shortest_that_read_back() {
        assert_eq!(number(Some(0.1 + 0.2)), "0.30000000000000004");
        assert_eq!(number(None), "");
        assert_eq!(bound(Some(Quantile::Above(7200.0))), ">7200");
        assert_eq!(point(4_000_000.123_456_789), "4000000.123456789");
        assert_eq!(signed(-1_500_000_001), "-1.500000001");
        assert_eq!(signed(3), "0.000000003");
    }
}
