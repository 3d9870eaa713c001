//! What the fairness measures end in.

use super::super::findings::{FairnessFigures, Quantile, SeriesRow};
use super::super::times::Permille;
use super::course::CourseFigures;
use super::gps::GpsFigures;
use super::inequality::{
    Aversion, atkinson, distance_worst, gini, min_max_ratio, service_gap, theil, welfare_loss,
};
use super::service_difference::ServiceDifference;
use super::window::WindowFigures;
use crate::units::{DestinationId, TenantId};

/// Everything about fairness in one run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FairnessOutcome {
    /// In order of tenant and destination.
    pub accounts: Vec<AccountShares>,
    /// Index = [`DestinationId`].
    pub destinations: Vec<DestinationFairness>,
    /// The courses of the tenants' service. Index = [`DestinationId`].
    pub courses: Vec<CourseFigures>,
    /// The tenants beside the fluid oracle. Index = [`DestinationId`].
    pub gps: Vec<GpsFigures>,
    /// Index = number of the population × destinations + [`DestinationId`].
    pub groups: Vec<PartyShare>,
    /// The number of each tenant's population.
    pub group_of: Vec<u32>,
    /// Index = tenant set × destinations + [`DestinationId`].
    pub sets: Vec<PartyShare>,
    /// Rows of `series.csv`.
    pub series: Vec<SeriesRow>,
}

/// What one account got and was entitled to, in segments.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AccountShares {
    /// Whose.
    pub tenant: TenantId,
    /// Where.
    pub destination: DestinationId,
    /// Dispatched.
    pub sent: u64,
    /// Dispatched by all while this account had unserved work.
    pub sent_by_all: u64,
    /// Its entitlement by weight of those.
    pub owed: f64,
    /// Dispatched in its periods of contention that count.
    pub contended_sent: u64,
    /// Its entitlement by weight in them.
    pub contended_owed: f64,
    /// Dispatched in the contended windows in which it was judged.
    pub judged_sent: u64,
    /// Its max-min entitlement in them.
    pub judged_entitled: f64,
    /// How long its messages waited ÷ how long they would have on its part of the quota alone.
    pub finish_time_fairness: Option<f64>,
}

/// What a population or tenant set got, in segments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PartyShare {
    /// Dispatched.
    pub sent: u64,
    /// Dispatched by all while one of its members had unserved work.
    pub sent_by_all: u64,
}

/// Sums over the windows of one destination, from which its figures follow.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DestinationFairness {
    /// Σ Jain's index × segments sent, over contended windows that have one.
    pub jain_times_sent: f64,
    /// Σ normalised Jain's index × segments sent, over the same.
    pub jain_normalised_times_sent: f64,
    /// Σ segments sent, over the same.
    pub jain_sent: u64,
    /// Σ|sent − entitled| ÷ 2, over contended windows.
    pub misplaced: f64,
    /// Σ segments sent (which is Σ entitled), over contended windows.
    pub contended_sent: u64,
    /// Segments sent under a quota.
    pub sent_under_quota: u64,
    /// Segments that demand and quota allowed.
    pub allowed: f64,
    /// How far somebody was behind the one that got most, window by window.
    pub service_difference: ServiceDifference,
    /// The longest that a change took to settle.
    pub time_to_fairness_max_s: Option<Quantile>,
    /// Pairs of messages in the wrong order of their classes ÷ pairs.
    pub wrong_orderness: Option<f64>,
    /// The largest normalised displacement of a tenant.
    pub displacement_max: Option<f64>,
}

impl DestinationFairness {
    pub(super) fn add(&mut self, figures: &WindowFigures, sent: u64) {
        if !figures.contended {
            return;
        }
        if let Some(jain) = figures.jain {
            self.jain_times_sent += jain * sent as f64;
            self.jain_sent += sent;
            self.jain_normalised_times_sent += figures.jain_normalised.unwrap_or(1.0) * sent as f64;
        }
        self.misplaced += figures.misplaced;
        self.contended_sent += sent;
    }

    /// Adds the sums of another destination.
    pub fn merge(&mut self, other: &DestinationFairness) {
        self.jain_times_sent += other.jain_times_sent;
        self.jain_sent += other.jain_sent;
        self.misplaced += other.misplaced;
        self.contended_sent += other.contended_sent;
        self.sent_under_quota += other.sent_under_quota;
        self.allowed += other.allowed;
        self.jain_normalised_times_sent += other.jain_normalised_times_sent;
        self.service_difference.merge(&other.service_difference);
        let most =
            |one: Option<f64>, other: Option<f64>| one.into_iter().chain(other).reduce(f64::max);
        self.wrong_orderness = most(self.wrong_orderness, other.wrong_orderness);
        self.displacement_max = most(self.displacement_max, other.displacement_max);
        self.time_to_fairness_max_s =
            Quantile::worse(self.time_to_fairness_max_s, other.time_to_fairness_max_s);
    }

    /// Sent ÷ what demand and quota allowed; `None` without a quota or without demand.
    pub fn work_conservation(&self) -> Option<f64> {
        (self.allowed > 0.0).then(|| self.sent_under_quota as f64 / self.allowed)
    }
}

impl AccountShares {
    /// Sent ÷ owed in contention; `None` when it never was in contention long enough.
    pub fn contention_share(&self) -> Option<f64> {
        (self.contended_owed > 0.0).then(|| self.contended_sent as f64 / self.contended_owed)
    }

    /// Its share of what was sent while it had unserved work.
    pub fn share_mean(&self) -> Option<f64> {
        (self.sent_by_all > 0).then(|| self.sent as f64 / self.sent_by_all as f64)
    }

    /// The share of the same that its weight entitled it to.
    pub fn entitlement_mean(&self) -> Option<f64> {
        (self.sent_by_all > 0).then(|| self.owed / self.sent_by_all as f64)
    }
}

impl FairnessOutcome {
    /// The figures of one destination, or of all taken together.
    pub fn figures(&self, destination: Option<DestinationId>) -> FairnessFigures {
        let wanted = |index: usize| destination.is_none_or(|only| only.index() == index);
        let mut sums = DestinationFairness::default();
        for (index, one) in self.destinations.iter().enumerate() {
            if wanted(index) {
                sums.merge(one);
            }
        }
        let over = |part: f64, whole: u64| (whole > 0).then(|| part / whole as f64);
        let mut courses = CourseFigures::default();
        for (index, one) in self.courses.iter().enumerate() {
            if wanted(index) {
                courses = courses.worst(one);
            }
        }
        let mut gps = GpsFigures::default();
        for (_, one) in self.gps.iter().enumerate().filter(|(index, _)| wanted(*index)) {
            gps.worst(one);
        }
        let accounts = || self.accounts.iter().filter(|it| wanted(it.destination.index()));
        let judged: Vec<(f64, f64)> = accounts()
            .filter(|account| account.judged_entitled > 0.0)
            .map(|account| (account.judged_sent as f64, account.judged_entitled))
            .collect();
        let ratios: Vec<f64> = judged.iter().map(|(sent, entitled)| sent / entitled).collect();
        let among = |of: fn(&[f64]) -> Option<f64>| of(&ratios).filter(|_| ratios.len() > 1);
        let loss = |aversion| welfare_loss(&judged, aversion).filter(|_| judged.len() > 1);
        FairnessFigures {
            jain: over(sums.jain_times_sent, sums.jain_sent),
            jain_normalised: over(sums.jain_normalised_times_sent, sums.jain_sent),
            max_min_distance_worst: among(distance_worst),
            service_difference_max_s: sums.service_difference.max_s(),
            service_difference_mean_s: sums.service_difference.mean_s(),
            service_difference_deviation_s: sums.service_difference.deviation_s(),
            welfare_loss_1: loss(Aversion::One),
            welfare_loss_2: loss(Aversion::Two),
            welfare_loss_max_min: loss(Aversion::Infinite),
            finish_time_fairness_max: accounts()
                .filter_map(|account| account.finish_time_fairness)
                .reduce(f64::max),
            starvation_max_segments: courses.starvation_max_segments,
            time_to_fairness_max_s: sums.time_to_fairness_max_s,
            wrong_orderness: sums.wrong_orderness,
            displacement_max: sums.displacement_max,
            max_min_distance: over(sums.misplaced, sums.contended_sent),
            contention_share_min: accounts()
                .filter_map(AccountShares::contention_share)
                .reduce(f64::min),
            work_conservation: sums.work_conservation(),
            relative_fairness_bound_s: courses.relative_fairness_bound_s,
            lag_max_s: courses.lag_max_s,
            lead_max_s: courses.lead_max_s,
            worst_case_fair_index_s: courses.worst_case_fair_index_s,
            starvation_max_s: courses.starvation_max_s,
            service_jitter_max: courses.service_jitter_max,
            unfairness_first: courses.unfairness_first,
            gps_lag_max_segments: gps.lag_max_segments,
            gps_lead_max_segments: gps.lead_max_segments,
            gps_lag_max_s: gps.lag_max_s,
            gps_lead_max_s: gps.lead_max_s,
            gps_lateness_p99_s: gps.lateness.quantile(Permille::P99),
            gps_lateness_max_s: gps.lateness.quantile(Permille::MAX),
            absolute_fairness_bound_s: gps.absolute_fairness_bound_s,
            gini: among(gini),
            theil: among(theil),
            atkinson: among(atkinson),
            min_max_ratio: among(min_max_ratio),
            service_gap: among(service_gap),
        }
    }
}
