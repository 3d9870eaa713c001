//! The course of every tenant's service, followed at every dispatch.
//!
//! Times are in seconds of own share, so they need a quota. *Lag* and *lead* are against the fluid
//! division of what was really dispatched ([`super::contention::Fluid`]), within each time of unserved
//! work: just before a tenant's own dispatch it is furthest behind, just after it furthest ahead.

use super::contention::{Fluid, Tally};
use crate::time::Time;
use crate::units::TenantId;

/// So many tenants are followed in pairs: those that come first, half of all, and then those of a sample.
const PAIRS_OF_TENANTS_MAX: usize = 128;
/// Of how many tenants of a scenario there is a sample, beside those that come first.
const SAMPLE_OF_TENANTS: usize = PAIRS_OF_TENANTS_MAX / 2;
/// An account that has no place among them, and one that has not come yet.
const NOT_FOLLOWED: u8 = u8::MAX;
const UNKNOWN: u8 = u8::MAX - 1;
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

/// The relative fairness of the pairs of one destination: of all, up to 64 tenants. Of more it is followed
/// between the first 64 and up to 64 others, a sample over the scenario with one of every population first: each
/// pair costs memory and each dispatch a step a tenant. Then the figure is of those, and the true one may be
/// larger.
#[derive(Clone, Debug, Default)]
pub(super) struct Pairs {
    /// By number of the account: its place.
    places: Vec<u8>,
    /// Accounts that have one.
    members: usize,
    /// The places of those who wait, in no particular order.
    waiting: Vec<u8>,
    /// Service ÷ guaranteed rate, seconds.
    served_s: Vec<f64>,
    /// Least and greatest difference of two since both wait; by place × most + place.
    ranges: Vec<(f64, f64)>,
    largest_s: f64,
}

/// What the courses of one destination come to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CourseFigures {
    /// The largest |Wᵢ/rᵢ − Wⱼ/rⱼ| while both wait; `None` without a quota. Of more than 64 tenants, the
    /// largest of a sample.
    pub relative_fairness_bound_s: Option<f64>,
    /// How far a tenant was behind the fluid division at most.
    pub lag_max_s: Option<f64>,
    /// How far ahead.
    pub lead_max_s: Option<f64>,
    /// The largest W(t₁, t₂)/r − Wᵢ(t₁, t₂)/rᵢ that ends with a dispatch of i.
    pub worst_case_fair_index_s: Option<f64>,
    /// The longest that a tenant waited without being served.
    pub starvation_max_s: Option<f64>,
    /// The largest time that a tenant waited without being served × its guaranteed rate, segments.
    pub starvation_max_segments: Option<f64>,
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
    /// A place, if there is one left for such a tenant.
    fn new_place(&mut self, is_in_sample: bool) -> u8 {
        let most = if is_in_sample { PAIRS_OF_TENANTS_MAX } else { SAMPLE_OF_TENANTS };
        if self.members >= most {
            return NOT_FOLLOWED;
        }
        if self.members == 0 {
            self.ranges = vec![(0.0, 0.0); PAIRS_OF_TENANTS_MAX * PAIRS_OF_TENANTS_MAX];
        }
        self.members += 1;
        self.served_s.push(0.0);
        (self.members - 1) as u8
    }

    fn place(&self, account: u32) -> Option<usize> {
        let place = self.places.get(account as usize).copied()?;
        (place < UNKNOWN).then_some(usize::from(place))
    }

    /// Unserved work from now on, of a tenant that is in the sample or not.
    pub(super) fn begin(&mut self, account: u32, is_in_sample: bool) {
        if self.places.len() <= account as usize {
            self.places.resize(account as usize + 1, UNKNOWN);
        }
        if self.places[account as usize] == UNKNOWN {
            self.places[account as usize] = self.new_place(is_in_sample);
        }
        let Some(place) = self.place(account) else { return };
        // The range of a pair of which the other does not wait begins when that one does.
        for position in 0..self.waiting.len() {
            let (index, difference) = self.pair(place, usize::from(self.waiting[position]));
            self.ranges[index] = (difference, difference);
        }
        self.waiting.push(place as u8);
    }

    /// No unserved work any more.
    pub(super) fn end(&mut self, account: u32) {
        if let Some(place) = self.place(account) {
            self.waiting.retain(|waiting| usize::from(*waiting) != place);
        }
    }

    /// So many seconds of its guaranteed rate were dispatched.
    pub(super) fn dispatch(&mut self, account: u32, seconds: f64) {
        let Some(place) = self.place(account) else { return };
        self.served_s[place] += seconds;
        for position in 0..self.waiting.len() {
            let other = usize::from(self.waiting[position]);
            if other == place {
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

/// Which tenants are followed in pairs beside those that come first, `group_of` each its population's first: one
/// of every population, in their order, and then others at even distances.
pub(super) fn sample_of(group_of: &[TenantId]) -> Vec<bool> {
    let is_first = |index: usize| group_of[index].index() == index;
    let (firsts, others): (Vec<usize>, Vec<usize>) =
        (0..group_of.len()).partition(|index| is_first(*index));
    let mut sample = vec![false; group_of.len()];
    firsts.iter().take(SAMPLE_OF_TENANTS).for_each(|index| sample[*index] = true);
    let left = SAMPLE_OF_TENANTS.saturating_sub(firsts.len()).min(others.len());
    for step in 0..left {
        sample[others[step * others.len() / left]] = true;
    }
    sample
}

impl CourseFigures {
    /// Of the courses of one destination.
    pub(super) fn of<'a>(
        courses: impl Iterator<Item = &'a Course> + Clone,
        pairs: &Pairs,
        rate: Option<f64>,
    ) -> Self {
        let has_rate = rate.is_some();
        let most =
            |of: &dyn Fn(&Course) -> Option<f64>| courses.clone().filter_map(of).reduce(f64::max);
        let timed = |of: &dyn Fn(&Course) -> f64| {
            most(&|course| (has_rate && course.first.is_some()).then(|| of(course)))
        };
        let firsts: Vec<u64> = courses.clone().filter_map(|course| course.first).collect();
        let tenants = firsts.len() as f64;
        CourseFigures {
            relative_fairness_bound_s: (has_rate && pairs.members > 1).then_some(pairs.largest_s),
            lag_max_s: timed(&|course| course.lag_max_s),
            lead_max_s: timed(&|course| course.lead_max_s),
            worst_case_fair_index_s: timed(&|course| course.worst_case_s),
            starvation_max_s: most(&|course| Some(course.starvation)),
            starvation_max_segments: rate.and_then(|rate| {
                most(&|course| Some(course.starvation * course.guaranteed * rate))
            }),
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
            starvation_max_segments: most(
                self.starvation_max_segments,
                other.starvation_max_segments,
            ),
            service_jitter_max: most(self.service_jitter_max, other.service_jitter_max),
            unfairness_first: most(self.unfairness_first, other.unfairness_first),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_has_one_of_every_population_and_others_at_even_distances() {
        // A hog at the end of a thousand.
        let mut group_of = vec![TenantId(0); 1000];
        group_of.push(TenantId(1000));
        let sample = sample_of(&group_of);
        let chosen: Vec<usize> = (0..sample.len()).filter(|index| sample[*index]).collect();
        assert_eq!(chosen.len(), SAMPLE_OF_TENANTS);
        assert_eq!((chosen[0], chosen[63]), (0, 1000));
        assert!(chosen.windows(2).all(|two| two[1] - two[0] <= 18), "{chosen:?}");
        assert_eq!(sample_of(&[TenantId(0); 3]), [true; 3]);
    }

    #[test]
    fn among_more_than_64_tenants_those_of_the_sample_are_followed() {
        let largest = |late_is_in_sample: bool| {
            let mut pairs = Pairs::default();
            (0..100).for_each(|account| pairs.begin(account, false));
            pairs.begin(200, late_is_in_sample);
            (0..5).for_each(|_| pairs.dispatch(200, 2.0));
            // Nobody's place: it is not followed.
            pairs.dispatch(99, 1000.0);
            pairs.dispatch(999, 1000.0);
            pairs.largest_s
        };
        assert_eq!(largest(true), 10.0);
        assert_eq!(largest(false), 0.0);
    }
}
