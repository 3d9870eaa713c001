//! Shares and entitlements of tenants or groups, from the windows of a run.

use std::collections::BTreeMap;

use crate::measure::SeriesRow;

/// What somebody was sent and entitled to, as shares of what everybody was sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Shares {
    /// Sent, 0 to 1.
    pub(super) actual: f64,
    /// Max-min entitlement, 0 to 1.
    pub(super) entitled: f64,
}

/// The shares of everybody whom `owner` names, over the windows in which their destination was short.
///
/// A destination is short in a window when anybody waits at its end: only then is one message sent
/// instead of another. Nobody has a share when no destination was ever short.
pub(super) fn while_short<'a>(
    series: &'a [SeriesRow],
    owner: impl Fn(&'a SeriesRow) -> &'a str,
) -> BTreeMap<&'a str, Shares> {
    let mut short: BTreeMap<(u64, &str), bool> = BTreeMap::new();
    for row in series {
        *short.entry(window(row)).or_default() |= row.backlog > 0;
    }
    let mut sums: BTreeMap<&str, (u64, f64)> = BTreeMap::new();
    let mut sent_by_all = 0;
    for row in series.iter().filter(|row| short[&window(row)]) {
        let sum = sums.entry(owner(row)).or_default();
        sum.0 += row.sent;
        sum.1 += row.entitled;
        sent_by_all += row.sent;
    }
    if sent_by_all == 0 {
        return BTreeMap::new();
    }
    let all = sent_by_all as f64;
    let share = |(sent, entitled): (u64, f64)| Shares {
        actual: sent as f64 / all,
        entitled: entitled / all,
    };
    sums.into_iter().map(|(name, sum)| (name, share(sum))).collect()
}

/// Starts of windows are never negative, and such numbers are ordered like their bits.
fn window(row: &SeriesRow) -> (u64, &str) {
    (row.start_s.to_bits(), &row.destination)
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn only_windows_with_somebody_waiting_count() {
        let row = |start_s, tenant, sent, backlog, entitled| SeriesRow {
            sent,
            backlog,
            entitled,
            ..sample::window(start_s, tenant)
        };
        let series = [
            row(0.0, "bulk", 60, 40, 70.0),
            row(0.0, "small", 40, 0, 30.0),
            row(10.0, "bulk", 1000, 0, 1000.0),
        ];
        let shares = while_short(&series, |row| &row.tenant);
        assert_eq!(shares["bulk"], Shares { actual: 0.6, entitled: 0.7 });
        assert_eq!(shares["small"], Shares { actual: 0.4, entitled: 0.3 });
        assert!(while_short(&series[2..], |row| &row.tenant).is_empty());
    }
}
