//! Causal impact as it is written to files.

use serde::{Deserialize, Serialize};

use super::{Account, CausalImpact, Felt, Impact, Reconvergence};
use crate::measure::Findings;
use crate::scenario::Scenario;

/// `causal` of `summary.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CausalFigures {
    /// `"open-loop"`, or `"frozen"` where closed loops were replaced by what they submitted in the run
    /// without any failure.
    pub arrivals: String,
    /// A failure each, in the scenario's order.
    pub faults: Vec<FaultFigures>,
    /// What all failures together did beyond the sum of `faults`; absent where there is only one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interaction: Option<ImpactFigures>,
    /// All failures against none: the sum of `faults` and `interaction`.
    pub total: ImpactFigures,
}

/// What one failure did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FaultFigures {
    /// The fault's name.
    pub fault: String,
    /// When it began, seconds.
    pub start_s: f64,
    /// When it ended, seconds.
    pub end_s: f64,
    /// When its consequences ended, seconds; `null` where they outlast the run. The start where it had
    /// none.
    pub reconverged_s: Option<f64>,
    /// The signed differences.
    #[serde(flatten)]
    pub impact: ImpactFigures,
    /// Messages that it made come later.
    pub delayed: u64,
    /// Messages that it made come sooner.
    pub hastened: u64,
    /// Messages that it lost, made late or made come twice.
    pub harmed: u64,
    /// Messages submitted at its destination while it lasted.
    pub expected: u64,
    /// The tenant that it delayed most in all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub most_delayed: Option<String>,
    /// By how much, seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub most_delayed_s: Option<f64>,
}

/// Signed differences; definitions in `measure::causal`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImpactFigures {
    /// Sum of delays until delivery, seconds.
    pub delay_s: f64,
    /// Sum of delays until first dispatch, seconds.
    pub dwell_s: f64,
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

/// A row of `causal.csv`.
#[derive(Clone, Debug, PartialEq)]
pub struct CausalRow {
    /// `"fault"`, `"interaction"` or `"total"`.
    pub what: &'static str,
    /// The fault's name, or empty.
    pub fault: String,
    /// Tenant.
    pub tenant: String,
    /// Destination.
    pub destination: String,
    /// The signed differences, exact.
    pub impact: Impact,
    /// What only a single failure has.
    pub felt: Option<Felt>,
}

impl Impact {
    /// As numbers for people and programs; times lose what a float cannot hold.
    pub fn figures(&self) -> ImpactFigures {
        ImpactFigures {
            delay_s: self.delay_ns as f64 / 1e9,
            dwell_s: self.dwell_ns as f64 / 1e9,
            lost: self.lost,
            late: self.late,
            duplicates: self.duplicates,
            wasted_segments: self.wasted_segments,
            messages_made: self.messages_made,
        }
    }
}

impl CausalImpact {
    /// The figures of `summary.json`.
    pub fn figures(&self, scenario: &Scenario) -> CausalFigures {
        let faults = scenario.faults.iter().zip(&self.faults).map(|(fault, impact)| {
            let felt = impact.total();
            // Of equals the first in the scenario's order.
            let most = impact
                .accounts
                .iter()
                .filter(|(_, felt)| felt.impact.delay_ns > 0)
                .reduce(|a, b| if b.1.impact.delay_ns > a.1.impact.delay_ns { b } else { a });
            FaultFigures {
                fault: fault.name.clone(),
                start_s: fault.start.as_seconds_f64(),
                end_s: fault.end().as_seconds_f64(),
                reconverged_s: match impact.reconvergence {
                    Reconvergence::NoEffect => Some(fault.start.as_seconds_f64()),
                    Reconvergence::At(time) => Some(time.as_seconds_f64()),
                    Reconvergence::NotWithinTheRun => None,
                },
                impact: felt.impact.figures(),
                delayed: felt.delayed,
                hastened: felt.hastened,
                harmed: felt.harmed,
                expected: felt.expected,
                most_delayed: most.map(|(account, _)| name_of(scenario, account).0),
                most_delayed_s: most.map(|(_, felt)| felt.impact.delay_ns as f64 / 1e9),
            }
        });
        let sum = |impacts: &std::collections::BTreeMap<Account, Impact>| {
            impacts.values().fold(Impact::NONE, |sum, impact| sum.plus(*impact)).figures()
        };
        CausalFigures {
            arrivals: if self.is_frozen { "frozen" } else { "open-loop" }.to_owned(),
            faults: faults.collect(),
            interaction: (self.faults.len() > 1).then(|| sum(&self.interaction)),
            total: sum(&self.total),
        }
    }

    /// The rows of `causal.csv`: each failure by tenant and destination, then what they did beyond that
    /// together, then all.
    pub fn rows(&self, scenario: &Scenario) -> Vec<CausalRow> {
        let mut rows = Vec::new();
        let mut row = |what, fault: &str, account: &Account, impact, felt| {
            let (tenant, destination) = name_of(scenario, account);
            rows.push(CausalRow {
                what,
                fault: fault.to_owned(),
                tenant,
                destination,
                impact,
                felt,
            });
        };
        for (fault, impact) in scenario.faults.iter().zip(&self.faults) {
            for (account, felt) in &impact.accounts {
                row("fault", &fault.name, account, felt.impact, Some(*felt));
            }
        }
        for (what, impacts) in [("interaction", &self.interaction), ("total", &self.total)] {
            for (account, impact) in impacts {
                row(what, "", account, *impact, None);
            }
        }
        rows
    }
}

impl Findings {
    /// Adds what each injected failure did.
    pub fn add_causal(&mut self, scenario: &Scenario, impact: &CausalImpact) {
        let figures = impact.figures(scenario);
        for (row, fault) in self.incidents.iter_mut().zip(&figures.faults) {
            row.causal = Some(fault.clone());
        }
        self.causal = impact.rows(scenario);
        self.summary.causal = Some(figures);
    }
}

fn name_of(scenario: &Scenario, (tenant, destination): &Account) -> (String, String) {
    (
        scenario.tenants[tenant.index()].name.clone(),
        scenario.destinations[destination.index()].name.clone(),
    )
}
