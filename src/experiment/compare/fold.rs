//! What is kept of all runs while they come in, in order.

use super::super::long_run::LongRun;
use super::super::replicate::{Record, SLOTS, Slot};
use super::figures;
use super::tenants;
use super::{COMPARISON_SCHEMA_VERSION, Comparison, ComparisonPlan, Stopped};
use crate::measure::Quantile;

/// All that the figures are made of.
pub(super) struct Fold<'a> {
    plan: &'a ComparisonPlan<'a>,
    pub(super) sides: Vec<Side>,
}

/// What is kept of one contestant.
pub(super) struct Side {
    /// By metric and replication.
    pub(super) values: Vec<Vec<Option<Quantile>>>,
    /// By tenant and replication, seconds: what is censored counts as the time known.
    pub(super) dwell_p99_s: Vec<Vec<f64>>,
    /// By tenant: replications in which that is censored.
    pub(super) censored: Vec<usize>,
    /// Sums over replications.
    pub(super) slots: Vec<Slot>,
    digests: Vec<String>,
    arrivals: Vec<u64>,
    long_run: Option<LongRun>,
}

/// The number of a quantile: of one that is only known to be above x, x.
pub(super) fn known(quantile: Quantile) -> f64 {
    match quantile {
        Quantile::Exactly(value) | Quantile::Above(value) => value,
    }
}

impl<'a> Fold<'a> {
    pub(super) fn new(plan: &'a ComparisonPlan<'a>) -> Self {
        let side = |tenants: usize| Side {
            values: vec![Vec::new(); plan.metrics.len()],
            dwell_p99_s: vec![Vec::new(); tenants],
            censored: vec![0; tenants],
            slots: vec![Slot::default(); SLOTS],
            digests: Vec::new(),
            arrivals: Vec::new(),
            long_run: None,
        };
        let sides = plan.contestants.iter().map(|one| side(one.scenario.tenants.len()));
        Fold { plan, sides: sides.collect() }
    }

    /// Takes in the next replication of a contestant.
    pub(super) fn add(&mut self, contestant: usize, record: Record) {
        let side = &mut self.sides[contestant];
        for (values, value) in side.values.iter_mut().zip(record.values) {
            values.push(value);
        }
        for (values, tenant) in side.dwell_p99_s.iter_mut().zip(&record.tenants) {
            values.push(tenant.dwell_p99_s.map_or(f64::NAN, known));
        }
        for (count, tenant) in side.censored.iter_mut().zip(&record.tenants) {
            *count += usize::from(matches!(tenant.dwell_p99_s, Some(Quantile::Above(_))));
        }
        for (sum, slot) in side.slots.iter_mut().zip(&record.slots) {
            sum.dispatched += slot.dispatched;
            sum.dwell_ns += slot.dwell_ns;
        }
        if self.plan.judges_first_run && side.digests.is_empty() {
            let (name, level) = (self.plan.contestants[contestant].name, self.plan.level);
            side.long_run = Some(LongRun::new(name, record.seed, &record.course_s, level));
        }
        side.digests.push(record.digest);
        side.arrivals.push(record.arrivals);
    }

    /// The first so many metrics of the last replication, of every contestant.
    pub(super) fn latest(&self, metrics: usize) -> Vec<f64> {
        let last = |values: &Vec<Option<Quantile>>| {
            values.last().copied().flatten().map_or(f64::NAN, known)
        };
        self.sides.iter().flat_map(|side| side.values[..metrics].iter().map(last)).collect()
    }

    pub(super) fn finish(self, stopped: Stopped) -> Comparison {
        let plan = self.plan;
        let baseline = &plan.contestants[plan.baseline];
        let metrics = figures::metrics(plan, &self.sides);
        let tenants = tenants::changes(plan, &self.sides);
        let warm_up = plan.contestants.iter().zip(&self.sides);
        let warm_up = warm_up.map(|(one, side)| figures::warm_up(one, &side.slots));
        let pairing = self.pairing();
        let number = |value: &Option<Quantile>| value.map(known);
        Comparison {
            schema_version: COMPARISON_SCHEMA_VERSION,
            scenario: baseline.scenario.name.clone(),
            baseline: baseline.name.to_owned(),
            replications: self.sides[plan.baseline].digests.len(),
            stopped,
            level: plan.level.get(),
            first_seed: plan.seed.to_string(),
            contestants: plan.contestants.iter().map(|one| one.name.to_owned()).collect(),
            pairing,
            metrics,
            tenants,
            isolation: None,
            long_runs: self.sides.iter().filter_map(|side| side.long_run.clone()).collect(),
            warm_up: warm_up.collect(),
            values: self
                .sides
                .iter()
                .map(|side| {
                    let of = |values: &Vec<Option<Quantile>>| values.iter().map(number).collect();
                    side.values.iter().map(of).collect()
                })
                .collect(),
            digests: self.sides.into_iter().map(|side| side.digests).collect(),
        }
    }

    /// Whether the contestants met the same arrivals: pairs whose arrivals differ do not share
    /// their luck.
    fn pairing(&self) -> Vec<String> {
        let plan = self.plan;
        let baseline = &plan.contestants[plan.baseline];
        let own = &self.sides[plan.baseline].arrivals;
        let mut notes = Vec::new();
        for (contestant, side) in plan.contestants.iter().zip(&self.sides) {
            let different = side.arrivals.iter().zip(own).filter(|(a, b)| a != b).count();
            if different == 0 {
                continue;
            }
            let (name, of) = (contestant.name, own.len());
            notes.push(if std::ptr::eq(contestant.scenario, baseline.scenario) {
                format!(
                    "{name}: in {different} of {of} replications other messages arrived than for \
                     {}: arrivals react to the policy (closed loop), so the pairs do not share all \
                     their luck; the intervals hold, the pairing buys less",
                    baseline.name
                )
            } else {
                format!(
                    "{name}: in {different} of {of} replications other messages arrived than for \
                     {}: the configurations differ in their traffic, and the differences are of \
                     both",
                    baseline.name
                )
            });
        }
        notes
    }
}
