//! Negative controls: how often a detector pages for nothing.

use std::num::NonZeroUsize;

use super::{Contestant, by_index, sent_at_once};
use crate::detector::{Account, AlertChange, AlertKind, Severity};
use crate::measure::accuracy::confidence::poisson_upper;
use crate::model::incidents::{Control, WINDOW_S, WINDOWS_A_DAY};
use crate::time::Time;
use crate::units::{DestinationId, TenantId};

/// What a detector made of a control.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ControlResult {
    /// Alerts raised, by kind.
    pub by_kind: [u64; AlertKind::ALL.len()],
    /// The same by day, those of the seventh and later together.
    pub by_day: [u64; 7],
    /// Tenant-days watched.
    pub tenant_days: f64,
}

impl ControlResult {
    /// Alerts raised.
    pub fn alerts(&self) -> u64 {
        self.by_kind.iter().sum()
    }

    /// The upper 95 % limit of the alerts a tenant-day.
    pub fn upper(&self) -> f64 {
        poisson_upper(self.alerts(), 0.95) / self.tenant_days
    }
}

/// Lets a detector watch so many tenants of one control for some days, under so many seeds.
pub fn run_controls(
    contestant: &Contestant,
    control: Control,
    first_seed: u64,
    seeds: u64,
    tenants: u32,
    days: u64,
    threads: NonZeroUsize,
) -> ControlResult {
    let seeds: Vec<u64> = (first_seed..first_seed + seeds).collect();
    type Alerts = ([u64; AlertKind::ALL.len()], [u64; 7]);
    let of_seed = |seed: u64| -> Alerts {
        let mut detector = contestant.build();
        let streams: Vec<_> = (0..tenants).map(|tenant| control.stream(seed, tenant)).collect();
        let (mut alerts, mut by_day) = ([0; AlertKind::ALL.len()], [0; 7]);
        for window in 0..days * WINDOWS_A_DAY {
            let now = Time::from_seconds(window * WINDOW_S + 1);
            for (tenant, stream) in streams.iter().enumerate() {
                let account = Account {
                    tenant: TenantId(tenant as u32),
                    destination: DestinationId((tenant % 8) as u16),
                };
                if let Some(notice) = control.notice(window) {
                    detector.notice(now, account, notice);
                }
                let seen = sent_at_once(&control.counts(stream, window));
                detector.observe_counts(now, account, &seen);
            }
            detector.tick(Time::from_seconds((window + 1) * WINDOW_S), &mut |event| {
                let is_page =
                    event.change == AlertChange::Raised && event.severity != Severity::None;
                alerts[event.kind as usize] += u64::from(is_page);
                by_day[(window / WINDOWS_A_DAY).min(6) as usize] += u64::from(is_page);
            });
        }
        (alerts, by_day)
    };
    let (mut by_kind, mut by_day) = ([0; AlertKind::ALL.len()], [0; 7]);
    for (alerts, days) in by_index(&seeds, threads, of_seed) {
        by_kind.iter_mut().zip(alerts).for_each(|(sum, number)| *sum += number);
        by_day.iter_mut().zip(days).for_each(|(sum, number)| *sum += number);
    }
    let tenant_days = seeds.len() as f64 * f64::from(tenants) * days as f64;
    ControlResult { by_kind, by_day, tenant_days }
}
