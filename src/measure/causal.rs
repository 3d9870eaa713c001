//! What an injected failure did: the run with it minus the run without it, all other failures on and
//! the same luck.
//!
//! Runs are compared message by message. A message is known by its tenant and its key, which no failure
//! and no policy changes, so each has its twin in every run. The impact of a failure is the sum of the
//! differences of all twins, signed: who profits from a failure counts against who suffers.
//!
//! | figure | over | of one message in one run |
//! |---|---|---|
//! | `delay` | messages that every compared run delivered | submission to delivery of the first copy |
//! | `dwell` | messages that every compared run dispatched | submission to first dispatch |
//! | `lost` | messages that are in every compared run | 1 if no copy reached the handset |
//! | `late` | the same | 1 if it was not dispatched within its class's deadline |
//! | `duplicates` | the same | copies delivered beyond the first |
//! | `wasted_segments` | all | segments of all attempts − its own segments if it was delivered |
//! | `messages_made` | all | 1: what the failure itself submits or keeps from being submitted |
//!
//! Every figure is a sum of what one run did to one message, over messages that are the same for all
//! compared runs. So with the impact of each failure left out alone and the total against a run without
//! any, *interaction* := total − Σ impacts is exact, in integers. Times over which a failure is felt end
//! at its *reconvergence*: from then on nothing happens to any message that fared differently. Outside
//! of [start, reconvergence] all differences are zero, so the sums are those over that span.

mod fates;
mod figures;

use std::collections::BTreeMap;

pub use fates::{Fate, Fates};
pub use figures::{CausalFigures, CausalRow, FaultFigures, ImpactFigures};

use crate::scenario::Scenario;
use crate::time::Time;
use crate::units::{DestinationId, TenantId};

/// Differences between two runs over some messages, run with minus run without.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Impact {
    /// Submission to delivery, nanoseconds.
    pub delay_ns: i128,
    /// Submission to first dispatch, nanoseconds.
    pub dwell_ns: i128,
    /// Messages lost.
    pub lost: i64,
    /// Messages dispatched after their deadline.
    pub late: i64,
    /// Copies beyond the first.
    pub duplicates: i64,
    /// Segments sent that brought nothing.
    pub wasted_segments: i64,
    /// Messages submitted.
    pub messages_made: i64,
}

impl Impact {
    /// Nothing differs.
    pub const NONE: Impact = Impact {
        delay_ns: 0,
        dwell_ns: 0,
        lost: 0,
        late: 0,
        duplicates: 0,
        wasted_segments: 0,
        messages_made: 0,
    };

    /// The sum of two.
    #[must_use]
    pub fn plus(self, other: Impact) -> Impact {
        Impact {
            delay_ns: self.delay_ns + other.delay_ns,
            dwell_ns: self.dwell_ns + other.dwell_ns,
            lost: self.lost + other.lost,
            late: self.late + other.late,
            duplicates: self.duplicates + other.duplicates,
            wasted_segments: self.wasted_segments + other.wasted_segments,
            messages_made: self.messages_made + other.messages_made,
        }
    }

    /// One less another.
    #[must_use]
    pub fn minus(self, other: Impact) -> Impact {
        Impact {
            delay_ns: self.delay_ns - other.delay_ns,
            dwell_ns: self.dwell_ns - other.dwell_ns,
            lost: self.lost - other.lost,
            late: self.late - other.late,
            duplicates: self.duplicates - other.duplicates,
            wasted_segments: self.wasted_segments - other.wasted_segments,
            messages_made: self.messages_made - other.messages_made,
        }
    }
}

/// What a failure did to one tenant at one destination, or to all.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Felt {
    /// The signed differences.
    pub impact: Impact,
    /// Messages that it made come later.
    pub delayed: u64,
    /// Messages that it made come sooner.
    pub hastened: u64,
    /// Messages that it lost, made late or made come twice.
    pub harmed: u64,
    /// Messages that are submitted at its destination while it lasts, with or without it.
    pub expected: u64,
}

impl Felt {
    fn plus(self, other: Felt) -> Felt {
        Felt {
            impact: self.impact.plus(other.impact),
            delayed: self.delayed + other.delayed,
            hastened: self.hastened + other.hastened,
            harmed: self.harmed + other.harmed,
            expected: self.expected + other.expected,
        }
    }
}

/// Where and whose.
pub type Account = (TenantId, DestinationId);

/// How a failure's consequences end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reconvergence {
    /// It had none.
    NoEffect,
    /// After this moment nothing happens to a message that fared differently.
    At(Time),
    /// They outlast the run: the last messages still fare differently.
    NotWithinTheRun,
}

/// The impact of one failure.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FaultImpact {
    /// By tenant and destination, where anything differs or is expected.
    pub accounts: BTreeMap<Account, Felt>,
    /// When its consequences end.
    pub reconvergence: Reconvergence,
}

impl FaultImpact {
    /// Of all tenants.
    pub fn total(&self) -> Felt {
        self.accounts.values().fold(Felt::default(), |sum, felt| sum.plus(*felt))
    }
}

/// The impact of every failure of a run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CausalImpact {
    /// Whether arrivals were frozen as they are without any failure, because those of closed loops
    /// depend on what happens. The run with all failures is then not the one that is reported.
    pub is_frozen: bool,
    /// By the fault's number.
    pub faults: Vec<FaultImpact>,
    /// All of them against none.
    pub total: BTreeMap<Account, Impact>,
    /// What `total` is beyond the sum of `faults`.
    pub interaction: BTreeMap<Account, Impact>,
}

/// The runs to compare, each as the fates of its messages.
#[derive(Debug)]
pub struct ComparedRuns<'a> {
    /// With all failures.
    pub all: &'a Fates,
    /// Without one, by the fault's number.
    pub without: Vec<&'a Fates>,
    /// Without any.
    pub none: &'a Fates,
}

/// Compares the runs. A single failure's run without it is the run without any.
///
/// # Panics
/// When there is not one run without each fault of `scenario`.
pub fn causal_impact(
    scenario: &Scenario,
    runs: &ComparedRuns<'_>,
    is_frozen: bool,
) -> CausalImpact {
    assert_eq!(runs.without.len(), scenario.faults.len(), "one run without each fault");
    let faults = runs.without.len();
    // The run with all failures first, the one without any last.
    let lists: Vec<Vec<&Fate>> = std::iter::once(runs.all)
        .chain(runs.without.iter().copied())
        .chain([runs.none])
        .map(Fates::in_order)
        .collect();
    let mut comparison = Comparison::new(scenario, faults);
    let mut cursors = vec![0; lists.len()];
    let mut twins: Vec<Option<&Fate>> = vec![None; lists.len()];
    loop {
        let heads = lists.iter().zip(&cursors).filter_map(|(list, at)| list.get(*at));
        let Some(identity) = heads.map(|fate| fate.identity()).min() else { break };
        for ((list, cursor), twin) in lists.iter().zip(&mut cursors).zip(&mut twins) {
            *twin = list.get(*cursor).copied().filter(|fate| fate.identity() == identity);
            *cursor += usize::from(twin.is_some());
        }
        comparison.add(&twins);
    }
    comparison.finish(runs, is_frozen)
}

/// Sums up twins.
struct Comparison<'a> {
    scenario: &'a Scenario,
    faults: Vec<BTreeMap<Account, Felt>>,
    total: BTreeMap<Account, Impact>,
    ends: Vec<Ends>,
}

/// What decides on the reconvergence of one failure.
#[derive(Clone, Copy, Default)]
struct Ends {
    /// The last thing that happened to a message that fared differently.
    last_difference: Option<Time>,
    /// The last submission of a message that fared the same.
    last_same: Option<Time>,
}

impl<'a> Comparison<'a> {
    fn new(scenario: &'a Scenario, faults: usize) -> Self {
        Comparison {
            scenario,
            faults: vec![BTreeMap::new(); faults],
            total: BTreeMap::new(),
            ends: vec![Ends::default(); faults],
        }
    }

    /// `twins` are one message's fates: with all failures, without each, without any.
    fn add(&mut self, twins: &[Option<&Fate>]) {
        let Some(first) = twins.iter().flatten().next() else { return };
        let account = (first.tenant, first.destination);
        let common = Common {
            exists: twins.iter().all(Option::is_some),
            is_dispatched: twins.iter().all(|twin| twin.is_some_and(Fate::is_dispatched)),
            is_delivered: twins.iter().all(|twin| twin.is_some_and(Fate::is_delivered)),
            deadline: self.scenario.classes[first.class.index()].deadline,
        };
        let (with, none) = (twins[0], twins[twins.len() - 1]);
        let total = difference(with, none, &common);
        if total != Impact::NONE {
            let sum = self.total.entry(account).or_default();
            *sum = sum.plus(total);
        }
        for (fault, without) in twins[1..twins.len() - 1].iter().enumerate() {
            let ends = &mut self.ends[fault];
            let submitted = first.submitted;
            let is_same = match (with, without) {
                (Some(with), Some(without)) => with.trace == without.trace,
                (None, None) => continue,
                _ => false,
            };
            let injected = &self.scenario.faults[fault];
            let expected = common.exists
                && injected.destination == first.destination
                && (injected.start..injected.end()).contains(&submitted);
            if is_same {
                ends.last_same = ends.last_same.max(Some(submitted));
            } else {
                let last = [with, *without].into_iter().flatten().map(|fate| fate.last).max();
                ends.last_difference = ends.last_difference.max(last);
            }
            if !is_same || expected {
                let mut felt = self.felt(with, *without, &common);
                felt.expected = u64::from(expected);
                let sum = self.faults[fault].entry(account).or_default();
                *sum = sum.plus(felt);
            }
        }
    }

    fn felt(&self, with: Option<&Fate>, without: Option<&Fate>, common: &Common) -> Felt {
        let impact = difference(with, without, common);
        let (mut delayed, mut hastened, mut harmed) = (false, false, false);
        if let (Some(with), Some(without), true) = (with, without, common.exists) {
            if with.is_delivered() && without.is_delivered() {
                delayed = with.delivered > without.delivered;
                hastened = with.delivered < without.delivered;
            }
            harmed = impact.lost > 0 || impact.late > 0 || impact.duplicates > 0;
        }
        Felt {
            impact,
            delayed: u64::from(delayed),
            hastened: u64::from(hastened),
            harmed: u64::from(harmed),
            expected: 0,
        }
    }

    fn finish(self, runs: &ComparedRuns<'_>, is_frozen: bool) -> CausalImpact {
        let mut interaction = self.total.clone();
        for (account, felt) in self.faults.iter().flatten() {
            let rest = interaction.entry(*account).or_default();
            *rest = rest.minus(felt.impact);
        }
        interaction.retain(|_, impact| *impact != Impact::NONE);
        let faults = self.faults.into_iter().zip(self.ends).zip(&runs.without);
        let faults = faults.map(|((accounts, ends), without)| FaultImpact {
            accounts,
            reconvergence: ends.reconvergence(runs.all, without),
        });
        CausalImpact { is_frozen, faults: faults.collect(), total: self.total, interaction }
    }
}

impl Ends {
    fn reconvergence(self, with: &Fates, without: &Fates) -> Reconvergence {
        let Some(last) = self.last_difference else { return Reconvergence::NoEffect };
        // A message that came after it and fared the same shows that the worlds are one again; so does
        // that nothing is left in either.
        let is_shown = self.last_same.is_some_and(|same| same > last);
        if is_shown || (with.are_over() && without.are_over()) {
            Reconvergence::At(last)
        } else {
            Reconvergence::NotWithinTheRun
        }
    }
}

/// What holds of one message in all compared runs.
struct Common {
    exists: bool,
    is_dispatched: bool,
    is_delivered: bool,
    deadline: Option<crate::time::Span>,
}

fn difference(with: Option<&Fate>, without: Option<&Fate>, common: &Common) -> Impact {
    let of = |fate: Option<&Fate>| {
        let Some(fate) = fate else { return Impact::NONE };
        let ns = |span: crate::time::Span| i128::from(span.as_nanoseconds());
        let mut own =
            Impact { wasted_segments: fate.wasted_segments(), messages_made: 1, ..Impact::NONE };
        if common.exists {
            own.lost = i64::from(!fate.is_delivered());
            own.late = i64::from(common.deadline.is_some_and(|deadline| fate.is_late(deadline)));
            own.duplicates = i64::from(fate.copies.saturating_sub(1));
        }
        if common.is_dispatched {
            own.dwell_ns = ns(fate.first_dispatch.since(fate.submitted));
        }
        if common.is_delivered {
            own.delay_ns = ns(fate.delivered.since(fate.submitted));
        }
        own
    };
    of(with).minus(of(without))
}
