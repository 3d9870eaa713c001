//! What every account did in every window, kept within bounds.

use super::super::findings::SeriesRow;
use crate::scenario::Scenario;
use crate::time::Time;
use crate::units::{DestinationId, TenantId};

/// Rows kept by tenant; a run that makes more keeps one a population from then on and before.
pub const SERIES_ROWS_BY_TENANT_MAX: usize = 500_000;

/// One window of one tenant, or population, at one destination.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Row {
    pub(super) start: Time,
    pub(super) destination: DestinationId,
    pub(super) who: Who,
    pub(super) offered: u64,
    pub(super) sent: u64,
    pub(super) backlog: u64,
    pub(super) failed: u64,
    pub(super) entitled: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Who {
    Tenant(TenantId),
    /// A population, by the first tenant of it.
    Group(TenantId),
}

/// The rows so far, in order of window, destination and tenant.
#[derive(Clone, Debug)]
pub(super) struct Series {
    rows: Vec<Row>,
    /// The first tenant of each tenant's population.
    group_of: Vec<TenantId>,
    by_tenant_max: usize,
    by_group: bool,
}

impl Series {
    pub(super) fn new(group_of: Vec<TenantId>, by_tenant_max: usize) -> Self {
        Series { rows: Vec::new(), group_of, by_tenant_max, by_group: false }
    }

    /// Appends the rows of one window at one destination.
    pub(super) fn extend(&mut self, rows: impl Iterator<Item = Row>) {
        let first = self.rows.len();
        self.rows.extend(rows.filter(Row::says_something));
        if self.by_group {
            self.fold_from(first);
        } else if self.rows.len() > self.by_tenant_max {
            self.by_group = true;
            self.fold_from(0);
        }
    }

    /// Rows with names.
    pub(super) fn named(self, scenario: &Scenario) -> Vec<SeriesRow> {
        let named = |row: Row| {
            let (tenant, group) = match row.who {
                Who::Tenant(id) => (scenario.tenants[id.index()].name.clone(), id),
                Who::Group(first) => (String::new(), first),
            };
            SeriesRow {
                start_s: row.start.as_seconds_f64(),
                tenant,
                group: scenario.tenants[group.index()].group.clone(),
                destination: scenario.destinations[row.destination.index()].name.clone(),
                offered: row.offered,
                sent: row.sent,
                backlog: row.backlog,
                entitled: row.entitled,
                failed: row.failed,
            }
        };
        self.rows.into_iter().map(named).collect()
    }

    /// Adds up the rows from `first` on by window, destination and population.
    fn fold_from(&mut self, first: usize) {
        let mut rows = self.rows.split_off(first);
        for row in &mut rows {
            if let Who::Tenant(tenant) = row.who {
                row.who = Who::Group(self.group_of[tenant.index()]);
            }
        }
        // The sort is stable, so floats are added in order of the tenants.
        rows.sort_by_key(|row| (row.start, row.destination, row.who));
        for row in rows {
            let key = (row.start, row.destination, row.who);
            match self.rows[first..].last_mut() {
                Some(last) if (last.start, last.destination, last.who) == key => last.add(&row),
                _ => self.rows.push(row),
            }
        }
    }
}

impl Row {
    fn says_something(&self) -> bool {
        self.offered + self.sent + self.backlog + self.failed > 0 || self.entitled > 0.0
    }

    fn add(&mut self, other: &Row) {
        self.offered += other.offered;
        self.sent += other.sent;
        self.backlog += other.backlog;
        self.failed += other.failed;
        self.entitled += other.entitled;
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{at, scenario};
    use super::*;

    fn row(start: f64, tenant: u32, sent: u64) -> Row {
        Row {
            start: at(start),
            destination: DestinationId(0),
            who: Who::Tenant(TenantId(tenant)),
            offered: 1,
            sent,
            backlog: 2,
            failed: 0,
            entitled: 0.5,
        }
    }

    #[test]
    fn too_many_rows_are_kept_by_population() {
        let scenario = scenario(&[("small-1", 1), ("big", 1), ("small-2", 1)]);
        let group_of = vec![TenantId(0), TenantId(1), TenantId(0)];
        let mut series = Series::new(group_of, 5);
        let window = |start| [row(start, 0, 10), row(start, 1, 20), row(start, 2, 30)];
        series.extend(window(0.0).into_iter());
        assert_eq!(series.clone().named(&scenario)[2].tenant, "small-2");
        series.extend(window(10.0).into_iter());
        series.extend(window(20.0).into_iter());
        let rows = series.named(&scenario);
        let short: Vec<_> =
            rows.iter().map(|row| (row.start_s, row.group.as_str(), row.sent)).collect();
        let expected: Vec<_> = [0.0, 10.0, 20.0]
            .into_iter()
            .flat_map(|start| [(start, "small", 40), (start, "big", 20)])
            .collect();
        assert_eq!(short, expected);
        assert!(rows.iter().all(|row| row.tenant.is_empty()));
        assert_eq!((rows[0].offered, rows[0].backlog, rows[0].entitled), (2, 4, 1.0));
    }

    #[test]
    fn rows_of_nothing_are_not_kept() {
        let mut series = Series::new(vec![TenantId(0)], 5);
        let nothing = Row { offered: 0, backlog: 0, entitled: 0.0, ..row(0.0, 0, 0) };
        series.extend([nothing].into_iter());
        assert!(series.rows.is_empty());
    }
}
