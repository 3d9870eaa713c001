//! The course of every tenant's service, followed at every dispatch.
//!
//! Times are in seconds of own share, so they need a quota. *Lag* and *lead* are against the fluid
//! division of what was really dispatched ([`super::contention::Fluid`]), within each time of unserved
//! work: just before a tenant's own dispatch it is furthest behind, just after it furthest ahead.

use super::contention::{Fluid, Tally};
use crate::time::Time;

/// Pairs of tenants are followed while a destination has at most this many.
pub(super) const PAIRS_OF_TENANTS_MAX: usize = 64;
/// A coefficient of variation needs this many gaps.
const GAPS_MIN: u64 = 10;

/// What one account's service was like.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Course {
    /// Part of the destination's service that it has when every tenant of the scenario has work.
    pub(super) guaranteed: f64,
    /// Dispatched before the present time of unserved work.
    sent_before: u64,
    /// When it was served last, or came to have unserved work.
    since: Time,
    was_served: bool,
    /// The least of guaranteed × dispatched by all − dispatched, in the present time of unserved work.
    least_behind: f64,
    lag_max_s: f64,
    lead_max_s: f64,
    worst_case_s: f64,
    starvation: f64,
    gaps: u64,
    gap_sum: f64,
    gap_squares: f64,
    /// The number of its first dispatch among all of the destination, from 0.
    first: Option<u64>,
}

/// The relative fairness of all pairs of one destination.
#[derive(Clone, Debug, Default)]
pub(super) struct Pairs {
    /// Accounts by place; beyond the most, nobody is followed.
    members: Vec<u32>,
    is_waiting: Vec<bool>,
    /// Service ÷ guaranteed rate, seconds.
    served_s: Vec<f64>,
    /// Least and greatest difference of two since both wait; by place × most + place.
    ranges: Vec<(f64, f64)>,
    largest_s: f64,
    is_over: bool,
}

/// What the courses of one destination come to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CourseFigures {
    /// The largest |Wᵢ/rᵢ − Wⱼ/rⱼ| while both wait; `None` without a quota or with too many tenants.
    pub relative_fairness_bound_s: Option<f64>,
    /// How far a tenant was behind the fluid division at most.
    pub lag_max_s: Option<f64>,
    /// How far ahead.
    pub lead_max_s: Option<f64>,
    /// The largest W(t₁, t₂)/r − Wᵢ(t₁, t₂)/rᵢ that ends with a dispatch of i.
    pub worst_case_fair_index_s: Option<f64>,
    /// The longest that a tenant waited without being served.
    pub starvation_max_s: Option<f64>,
    /// The largest coefficient of variation of a tenant's gaps between dispatches while it waits.
    pub service_jitter_max: Option<f64>,
    /// Σ number of a tenant's first dispatch ÷ tenants².
    pub unfairness_first: Option<f64>,
}

impl Course {
    /// Nothing happened yet to a tenant with this part of the service when all have work.
    pub(super) fn new(guaranteed: f64) -> Self {
        Course { guaranteed, ..Course::default() }
    }

    /// Unserved work from now on.
    pub(super) fn begin(&mut self, now: Time, tally: &Tally, sent_by_all: u64) {
        self.sent_before = tally.sent;
        self.since = now;
        self.was_served = false;
        self.least_behind = self.guaranteed * sent_by_all as f64 - tally.sent as f64;
    }

    /// No unserved work any more, or the run is over.
    pub(super) fn end(&mut self, now: Time) {
        self.starvation = self.starvation.max(now.since(self.since).as_seconds_f64());
    }

    /// Just before a dispatch of its own; `rate` is the destination's in segments a second.
    pub(super) fn before_dispatch(
        &mut self,
        now: Time,
        fluid: &mut Fluid,
        tallies: &[Tally],
        account: u32,
        rate: Option<f64>,
    ) {
        let gap = now.since(self.since).as_seconds_f64();
        self.starvation = self.starvation.max(gap);
        if self.was_served {
            self.gaps += 1;
            self.gap_sum += gap;
            self.gap_squares += gap * gap;
        }
        self.was_served = true;
        self.since = now;
        let Some(rate) = rate else { return };
        let tally = &tallies[account as usize];
        let owed = fluid.owed_now(tally);
        let behind = owed - (tally.sent - self.sent_before) as f64;
        self.lag_max_s = self.lag_max_s.max(behind / (fluid.share_now(tally) * rate));
    }

    /// Just after it.
    pub(super) fn after_dispatch(
        &mut self,
        fluid: &mut Fluid,
        tallies: &[Tally],
        account: u32,
        (number, rate): (u64, Option<f64>),
    ) {
        self.first.get_or_insert(number);
        let Some(rate) = rate else { return };
        let tally = &tallies[account as usize];
        let ahead = (tally.sent - self.sent_before) as f64 - fluid.owed_now(tally);
        self.lead_max_s = self.lead_max_s.max(ahead / (fluid.share_now(tally) * rate));
        let by_guarantee = self.guaranteed * fluid.sent as f64 - tally.sent as f64;
        let index = (by_guarantee - self.least_behind) / (self.guaranteed * rate);
        self.worst_case_s = self.worst_case_s.max(index);
        self.least_behind = self.least_behind.min(by_guarantee);
    }

    fn jitter(&self) -> Option<f64> {
        if self.gaps < GAPS_MIN || self.gap_sum <= 0.0 {
            return None;
        }
        let mean = self.gap_sum / self.gaps as f64;
        let variance = (self.gap_squares / self.gaps as f64 - mean * mean).max(0.0);
        Some(variance.sqrt() / mean)
    }
}

impl Pairs {
    fn place(&mut self, account: u32) -> Option<usize> {
        if let Some(place) = self.members.iter().position(|member| *member == account) {
            return Some(place);
        }
        if self.members.len() == PAIRS_OF_TENANTS_MAX {
            self.is_over = true;
            return None;
        }
        if self.members.is_empty() {
            self.ranges = vec![(0.0, 0.0); PAIRS_OF_TENANTS_MAX * PAIRS_OF_TENANTS_MAX];
        }
        self.members.push(account);
        self.is_waiting.push(false);
        self.served_s.push(0.0);
        Some(self.members.len() - 1)
    }

    /// Unserved work from now on.
    pub(super) fn begin(&mut self, account: u32) {
        if self.is_over {
            return;
        }
        let Some(place) = self.place(account) else { return };
        self.is_waiting[place] = true;
        for other in 0..self.members.len() {
            let (index, difference) = self.pair(place, other);
            self.ranges[index] = (difference, difference);
        }
    }

    /// No unserved work any more.
    pub(super) fn end(&mut self, account: u32) {
        if !self.is_over
            && let Some(place) = self.place(account)
        {
            self.is_waiting[place] = false;
        }
    }

    /// So many seconds of its guaranteed rate were dispatched.
    pub(super) fn dispatch(&mut self, account: u32, seconds: f64) {
        if self.is_over {
            return;
        }
        let Some(place) = self.place(account) else { return };
        self.served_s[place] += seconds;
        for other in (0..self.members.len()).filter(|other| *other != place) {
            if !self.is_waiting[other] {
                continue;
            }
            let (index, difference) = self.pair(place, other);
            let range = &mut self.ranges[index];
            *range = (range.0.min(difference), range.1.max(difference));
            self.largest_s = self.largest_s.max(range.1 - range.0);
        }
    }

    /// The place of a pair, and the difference of the two, always in the same direction.
    fn pair(&self, one: usize, other: usize) -> (usize, f64) {
        let (first, second) = (one.min(other), one.max(other));
        let index = first * PAIRS_OF_TENANTS_MAX + second;
        (index, self.served_s[first] - self.served_s[second])
    }
}

impl CourseFigures {
    /// Of the courses of one destination.
    pub(super) fn of<'a>(
        courses: impl Iterator<Item = &'a Course> + Clone,
        pairs: &Pairs,
        has_rate: bool,
    ) -> Self {
        let most =
            |of: &dyn Fn(&Course) -> Option<f64>| courses.clone().filter_map(of).reduce(f64::max);
        let timed = |of: &dyn Fn(&Course) -> f64| {
            most(&|course| (has_rate && course.first.is_some()).then(|| of(course)))
        };
        let firsts: Vec<u64> = courses.clone().filter_map(|course| course.first).collect();
        let tenants = firsts.len() as f64;
        CourseFigures {
            relative_fairness_bound_s: (has_rate && !pairs.is_over && pairs.members.len() > 1)
                .then_some(pairs.largest_s),
            lag_max_s: timed(&|course| course.lag_max_s),
            lead_max_s: timed(&|course| course.lead_max_s),
            worst_case_fair_index_s: timed(&|course| course.worst_case_s),
            starvation_max_s: most(&|course| Some(course.starvation)),
            service_jitter_max: most(&Course::jitter),
            unfairness_first: (firsts.len() > 1)
                .then(|| firsts.iter().sum::<u64>() as f64 / (tenants * tenants)),
        }
    }

    /// The worst of two destinations.
    pub fn worst(self, other: &CourseFigures) -> Self {
        let most =
            |one: Option<f64>, other: Option<f64>| one.into_iter().chain(other).reduce(f64::max);
        let relative = most(self.relative_fairness_bound_s, other.relative_fairness_bound_s);
        CourseFigures {
            relative_fairness_bound_s: relative,
            lag_max_s: most(self.lag_max_s, other.lag_max_s),
            lead_max_s: most(self.lead_max_s, other.lead_max_s),
            worst_case_fair_index_s: most(
                self.worst_case_fair_index_s,
                other.worst_case_fair_index_s,
            ),
            starvation_max_s: most(self.starvation_max_s, other.starvation_max_s),
            service_jitter_max: most(self.service_jitter_max, other.service_jitter_max),
            unfairness_first: most(self.unfairness_first, other.unfairness_first),
        }
    }
}
