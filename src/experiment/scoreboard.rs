//! Detectors against each other and against an oracle, on incidents whose truth is known.
//!
//! All detectors see the same counts in the same windows and get the same alert hygiene, each at the one
//! threshold it ships with. An onset within an incident finds it; every other onset is a false alarm.

mod controls;
mod oracle;
mod table;
mod verdicts;

pub use controls::{ControlResult, run_controls};
pub use oracle::oracle_delay;
pub use table::{Cell, cells, print_board, print_mistakes};
pub use verdicts::{Claim, claims, print_claims};

use std::num::NonZeroUsize;
use std::thread;

use crate::detector::{
    Account, AlertChange, AlertEvent, AlertScope, Cause, Counts, Detector, DetectorSettings, Part,
    ScoresDetector, Severity, detector, detector_at,
};
use crate::model::incidents::{
    GeneratorConfig, Injected, TenantModel, WINDOW_S, WINDOWS_A_DAY, World, generate,
};
use crate::time::Time;
use crate::units::{DestinationId, TenantId};

/// Which detector is to be judged.
#[derive(Clone, PartialEq, Debug)]
pub enum Contestant {
    /// One of the registry at the threshold it ships with.
    Shipped(&'static str),
    /// One of the registry at another threshold.
    At(&'static str, f64),
    /// Ours with parts switched off.
    Without(&'static str, Vec<Part>),
}

impl Contestant {
    /// The name in output.
    pub fn name(&self) -> String {
        match self {
            Contestant::Shipped(name) => (*name).to_owned(),
            Contestant::At(name, threshold) => format!("{name}@{threshold}"),
            Contestant::Without(name, _) => (*name).to_owned(),
        }
    }

    /// A new detector.
    ///
    /// # Panics
    /// When the registry has no such name.
    pub fn build(&self) -> Box<dyn Detector> {
        let settings = DetectorSettings::STANDARD;
        match self {
            Contestant::Shipped(name) => detector(name, settings).expect("registered"),
            Contestant::At(name, threshold) => {
                detector_at(name, *threshold, settings).expect("registered")
            }
            Contestant::Without(_, parts) => Box::new(ScoresDetector::without(settings, parts)),
        }
    }
}

/// An alert, from its onset to its end.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Raised {
    /// At its onset.
    pub event: AlertEvent,
    /// The window at whose end it was raised.
    pub window: u64,
    /// Severity and harmed share when it was cleared, if it was.
    pub closing: Option<(Severity, f64)>,
}

/// What a detector made of an incident.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Found {
    /// Windows from the first of the incident to the one at whose end it was told.
    pub delay: u64,
    /// At the onset.
    pub severity: Severity,
    /// The worst at the end of any alert about it; that of the onset while it is still on.
    pub closing: Severity,
    /// The harmed share that belongs to it.
    pub harmed: f64,
    /// The likely cause it named.
    pub cause: Cause,
}

/// What a detector made of all seeds.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// The incidents of all seeds in order.
    pub incidents: Vec<Injected>,
    /// The stratum of each.
    pub strata: Vec<usize>,
    /// By incident.
    pub found: Vec<Option<Found>>,
    /// Onsets.
    pub alerts: u64,
    /// Onsets that belong to no incident, by stratum.
    pub false_alarms: Vec<u64>,
    /// Each of them, with the seed of its world and its tenant.
    pub false_raised: Vec<(u64, TenantModel, Raised)>,
    /// The same by kind of alert.
    pub false_by_kind: [u64; 4],
    /// Tenant-days watched outside incidents, by stratum.
    pub tenant_days: Vec<f64>,
    /// Delays of the oracle in windows, by incident, where it was asked for.
    pub oracle: Vec<Option<u64>>,
}

/// Lets a detector watch a world.
pub fn watch(world: &World, detector: &mut dyn Detector) -> Vec<Raised> {
    let mut raised: Vec<Raised> = Vec::new();
    for window in 0..world.windows {
        let now = Time::from_seconds(window * WINDOW_S + 1);
        for (tenant, seen) in world.tenants.iter().zip(&world.seen) {
            let account = Account {
                tenant: TenantId(tenant.number),
                destination: DestinationId(tenant.destination),
            };
            detector.observe_counts(now, account, &sent_at_once(&seen[window as usize]));
        }
        detector.tick(
            Time::from_seconds((window + 1) * WINDOW_S),
            &mut |event| match event.change {
                // A notice pages nobody: it earns nothing and costs nothing.
                AlertChange::Raised if event.severity == Severity::None => {}
                AlertChange::Raised => raised.push(Raised { event, window, closing: None }),
                AlertChange::Cleared => {
                    let same = |one: &&mut Raised| {
                        (one.event.account, one.event.kind) == (event.account, event.kind)
                            && one.closing.is_none()
                    };
                    if let Some(one) = raised.iter_mut().rev().find(same) {
                        one.closing = Some((event.severity, event.explanation.harmed));
                    }
                }
            },
        );
    }
    raised
}

/// The platform of a generated world holds nothing back: what is submitted is dispatched.
fn sent_at_once(seen: &Counts) -> Counts {
    Counts { dispatched: seen.submitted, ..*seen }
}

/// Whether an onset can be owed to an incident: raised at the end of one of its windows, or of the one
/// after.
fn explains(incident: &Injected, destination: u16, raised: &Raised) -> bool {
    let concerns = match raised.event.explanation.scope {
        AlertScope::Account => raised.event.account.tenant.0 == incident.tenant,
        AlertScope::Destination { .. } => {
            incident.outage.is_some() && raised.event.account.destination.0 == destination
        }
    };
    concerns && (incident.start..=incident.end).contains(&raised.window)
}

/// Judges what a detector raised in one world.
pub fn judge(world: &World, seed: u64, strata: usize, raised: &[Raised]) -> Verdict {
    let stratum = |tenant: u32| world.tenants[tenant as usize].stratum;
    let mut verdict = Verdict {
        incidents: world.incidents.clone(),
        strata: world.incidents.iter().map(|one| stratum(one.tenant)).collect(),
        found: vec![None; world.incidents.len()],
        false_alarms: vec![0; strata],
        tenant_days: vec![0.0; strata],
        ..Verdict::default()
    };
    for one in raised.iter().filter(|one| one.window >= world.warm_up) {
        verdict.alerts += 1;
        let mut is_owed = false;
        for (incident, found) in world.incidents.iter().zip(&mut verdict.found) {
            let destination = world.tenants[incident.tenant as usize].destination;
            if !explains(incident, destination, one) {
                continue;
            }
            is_owed = true;
            // Alerts come in order, so the first that is owed is the onset; what the worst of all said
            // at its end is what the operator is left with.
            let onset = (one.event.severity, one.event.explanation.harmed);
            let (closing, harmed) = one.closing.unwrap_or(onset);
            match found {
                Some(first) => {
                    first.closing = first.closing.max(closing);
                    first.harmed = first.harmed.max(harmed);
                }
                None => {
                    *found = Some(Found {
                        delay: one.window - incident.start + 1,
                        severity: one.event.severity,
                        closing,
                        harmed,
                        cause: one.event.explanation.cause,
                    });
                }
            }
        }
        if !is_owed {
            verdict.false_alarms[stratum(one.event.account.tenant.0)] += 1;
            verdict.false_by_kind[one.event.kind as usize] += 1;
            let tenant = world.tenants[one.event.account.tenant.index()];
            verdict.false_raised.push((seed, tenant, *one));
        }
    }
    for tenant in &world.tenants {
        let days = (world.windows - world.warm_up) as f64 / WINDOWS_A_DAY as f64;
        verdict.tenant_days[tenant.stratum] += days;
    }
    for incident in &world.incidents {
        let days = (incident.end - incident.start) as f64 / WINDOWS_A_DAY as f64;
        verdict.tenant_days[stratum(incident.tenant)] -= days;
    }
    verdict
}

impl Verdict {
    /// Adds the verdict of another world.
    fn append(&mut self, mut other: Verdict) {
        self.incidents.append(&mut other.incidents);
        self.strata.append(&mut other.strata);
        self.found.append(&mut other.found);
        self.oracle.append(&mut other.oracle);
        self.false_raised.append(&mut other.false_raised);
        self.alerts += other.alerts;
        self.false_by_kind.iter_mut().zip(other.false_by_kind).for_each(|(a, b)| *a += b);
        self.false_alarms.resize(other.false_alarms.len(), 0);
        self.tenant_days.resize(other.tenant_days.len(), 0.0);
        self.false_alarms.iter_mut().zip(other.false_alarms).for_each(|(a, b)| *a += b);
        self.tenant_days.iter_mut().zip(other.tenant_days).for_each(|(a, b)| *a += b);
    }

    /// False alarms a tenant-day, of one stratum or of all.
    pub fn false_alarm_rate(&self, stratum: Option<usize>) -> f64 {
        let chosen = |index: &usize| stratum.is_none_or(|one| one == *index);
        let all = 0..self.false_alarms.len();
        let alarms: u64 = all.clone().filter(chosen).map(|at| self.false_alarms[at]).sum();
        let days: f64 = all.filter(chosen).map(|at| self.tenant_days[at]).sum();
        alarms as f64 / days
    }
}

/// Judges all contestants on all seeds of a configuration, on so many threads: by contestant. The oracle
/// is asked at the false-alarm rate that the first contestant realised in each stratum, if wanted.
pub fn run(
    config: &GeneratorConfig,
    contestants: &[Contestant],
    threads: NonZeroUsize,
    with_oracle: bool,
) -> Vec<Verdict> {
    let seeds: Vec<u64> = (0..config.seeds).map(|index| config.first_seed + index).collect();
    let of_seed = |seed: u64| -> Vec<Verdict> {
        let world = generate(config, seed);
        let judged = |contestant: &Contestant| {
            let raised = watch(&world, contestant.build().as_mut());
            judge(&world, seed, config.strata.len(), &raised)
        };
        contestants.iter().map(judged).collect()
    };
    let mut all = vec![Verdict::default(); contestants.len()];
    for verdicts in by_index(&seeds, threads, of_seed) {
        all.iter_mut().zip(verdicts).for_each(|(sum, one)| sum.append(one));
    }
    if with_oracle {
        let rates: Vec<f64> = (0..config.strata.len())
            .map(|stratum| all[0].false_alarm_rate(Some(stratum)).max(1e-4))
            .collect();
        let of_seed = |seed: u64| -> Vec<Option<u64>> {
            let world = generate(config, seed);
            let delay = |incident: &Injected| oracle_delay(&world, incident, &rates);
            world.incidents.iter().map(delay).collect()
        };
        all[0].oracle = by_index(&seeds, threads, of_seed).concat();
    }
    all
}

/// Applies a function to all items on several threads; results come in the order of the items, whatever
/// the number of threads.
fn by_index<T: Sync + Copy, R: Send>(
    items: &[T],
    threads: NonZeroUsize,
    apply: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    let mut results: Vec<Option<R>> = items.iter().map(|_| None).collect();
    thread::scope(|scope| {
        let size = items.len().div_ceil(threads.get()).max(1);
        for (items, results) in items.chunks(size).zip(results.chunks_mut(size)) {
            scope.spawn(|| {
                for (item, result) in items.iter().zip(results) {
                    *result = Some(apply(*item));
                }
            });
        }
    });
    results.into_iter().map(|result| result.expect("every item was applied")).collect()
}
