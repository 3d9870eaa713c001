//! `apportion show`

mod bounds;
mod carrier;
mod render;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use serde::Serialize;

use super::exit::Failure;
use super::load::load_for_run;
use super::{Exit, Global, OutputFormat};
use crate::measure::{BoundedClaim, Claim, NodeRange, Ranges, divide_within};
use crate::report::time;
use crate::scenario::{Loaded, Probability, Recurrence, Scenario};
use crate::time::{Span, Time};
use crate::units::{DestinationId, TenantId};

/// Show what a scenario means: what each is guaranteed when all are busy, load against quota, warnings
#[derive(Debug, clap::Args)]
pub(super) struct Show {
    /// The scenario file
    scenario: PathBuf,
    /// Override a value of the scenario
    #[arg(long = "set", value_name = "PATH=VALUE")]
    set: Vec<String>,
}

/// What a scenario means; JSON says it all.
#[derive(Debug, Serialize)]
struct Meaning {
    scenario: String,
    description: String,
    policy: String,
    seed: String,
    /// For how long messages arrive.
    duration_s: f64,
    /// How long the queues may take to drain afterwards.
    drain_s: f64,
    destinations: Vec<Place>,
    faults: Vec<Failing>,
    warnings: Vec<String>,
}

/// One destination.
#[derive(Debug, Serialize)]
struct Place {
    name: String,
    /// Segments a second; absent where nothing limits it.
    quota_per_s: Option<f64>,
    /// Mean over the run.
    offered_per_s: f64,
    /// Offered ÷ quota.
    load: Option<f64>,
    sessions: u16,
    /// Unanswered attempts that a session allows.
    window: u32,
    /// The carrier's side, key by key, after its profile and the scenario's own keys.
    carrier: Vec<(&'static str, String)>,
    groups: Vec<Line>,
}

/// One population at one destination.
#[derive(Debug, Serialize)]
struct Line {
    destination: String,
    group: String,
    tenants: u64,
    weight: f64,
    /// Segments offered over the whole run.
    offered_segments: f64,
    /// Mean over the run.
    offered_per_s: f64,
    /// What the group could count on if every tenant always had work.
    entitled_per_s: Option<f64>,
}

/// One injected failure.
#[derive(Debug, Serialize)]
struct Failing {
    name: String,
    kind: &'static str,
    /// Whether it is a failure, a change or a negative control.
    nature: &'static str,
    destination: String,
    /// Absent where it concerns everybody.
    tenant: Option<String>,
    start_s: f64,
    duration_s: f64,
    /// How often it happens, where it happens more than once.
    recurs: Option<String>,
    fraction: Option<f64>,
    status: Option<String>,
}

impl Show {
    pub(super) fn execute(&self, global: &Global, output: &mut dyn Write) -> Result<Exit, Failure> {
        let meaning = Meaning::of(load_for_run(&self.scenario, &self.set, global)?);
        match global.format {
            OutputFormat::Json => {
                let text = serde_json::to_string_pretty(&meaning).map_err(std::io::Error::from)?;
                writeln!(output, "{text}")?;
            }
            OutputFormat::Csv => {
                let mut writer = csv::Writer::from_writer(output);
                for line in meaning.destinations.iter().flat_map(|place| &place.groups) {
                    writer.serialize(line).map_err(std::io::Error::from)?;
                }
                writer.flush()?;
            }
            OutputFormat::Table => render::table(&meaning, output)?,
            OutputFormat::Md => render::markdown(&meaning, output)?,
            OutputFormat::Github => {
                return Err(Failure::usage("error: --format github is for `apportion check`"));
            }
        }
        Ok(Exit::Done)
    }
}

impl Meaning {
    fn of(loaded: Loaded) -> Self {
        let scenario = &loaded.scenario;
        let mut warnings = loaded.warnings.clone();
        if !scenario.is_open_loop() {
            let text = "closed loops offer what is served; they are not in the offered load, and their \
                        arrivals depend on the policy";
            warnings.push(text.to_owned());
        }
        warnings.extend(bounds::warnings(scenario));
        let destinations = (0..scenario.destinations.len()).map(|index| place(scenario, index));
        Meaning {
            scenario: scenario.name.clone(),
            description: scenario.description.trim().to_owned(),
            policy: scenario.policy.clone(),
            seed: scenario.seed.to_string(),
            duration_s: scenario.duration.as_seconds_f64(),
            drain_s: scenario.drain.as_seconds_f64(),
            destinations: destinations.collect(),
            faults: failings(scenario),
            warnings,
        }
    }
}

fn failings(scenario: &Scenario) -> Vec<Failing> {
    let of = |fault: &crate::scenario::Fault| Failing {
        name: fault.name.clone(),
        kind: fault.kind.name(),
        nature: fault.kind.nature().name(),
        destination: scenario.destinations[fault.destination.index()].name.clone(),
        tenant: fault.tenant.map(|tenant| scenario.tenants[tenant.index()].name.clone()),
        start_s: fault.start.as_seconds_f64(),
        duration_s: fault.duration.as_seconds_f64(),
        recurs: recurs(fault.recurrence),
        fraction: fault.kind.fraction().map(Probability::as_f64),
        status: fault.kind.status().map(|status| status.to_string()),
    };
    scenario.faults.iter().map(of).collect()
}

fn recurs(recurrence: Recurrence) -> Option<String> {
    let words = |span: Span| time(span.as_seconds_f64());
    match recurrence {
        Recurrence::Once => None,
        Recurrence::Every { period, times: u32::MAX } => Some(format!("every {}", words(period))),
        Recurrence::Every { period, times } => {
            Some(format!("every {}, {times} times", words(period)))
        }
        Recurrence::Random { mtbf, mttr } => {
            Some(format!("at random, {} after a repair, for {}", words(mtbf), words(mttr)))
        }
    }
}

fn place(scenario: &Scenario, index: usize) -> Place {
    let destination = &scenario.destinations[index];
    let seconds = scenario.duration.as_seconds_f64();
    let offered = offered_segments(scenario, DestinationId(index as u16));
    let quota = destination.quota.map(|quota| quota.rate.per_second_f64());
    let ranges = Ranges::of(scenario, destination.quota);
    let entitled = quota.map(|quota| entitlements(scenario, &offered, quota, &ranges));
    let mut groups: BTreeMap<&str, Line> = BTreeMap::new();
    for (tenant, segments) in &offered {
        let spec = &scenario.tenants[tenant.index()];
        let line = groups.entry(&spec.group).or_insert_with(|| Line {
            destination: destination.name.clone(),
            group: spec.group.clone(),
            tenants: 0,
            weight: spec.weight.as_f64(),
            offered_segments: 0.0,
            offered_per_s: 0.0,
            entitled_per_s: quota.map(|_| 0.0),
        });
        line.tenants += 1;
        line.offered_segments += segments;
        line.offered_per_s += segments / seconds;
        if let (Some(sum), Some(entitled)) = (&mut line.entitled_per_s, &entitled) {
            *sum += entitled.get(tenant).copied().unwrap_or(0.0);
        }
    }
    let groups: Vec<Line> = groups.into_values().collect();
    let offered_per_s: f64 = groups.iter().map(|line| line.offered_per_s).sum();
    Place {
        name: destination.name.clone(),
        quota_per_s: quota,
        offered_per_s,
        load: quota.map(|quota| offered_per_s / quota),
        sessions: destination.gateway.sessions,
        window: destination.gateway.largest_window(),
        carrier: carrier::resolved(&destination.gateway),
        groups,
    }
}

/// Segments that each tenant will offer at a destination; expected ones for random traffic.
fn offered_segments(scenario: &Scenario, at: DestinationId) -> BTreeMap<TenantId, f64> {
    let mut offered = BTreeMap::new();
    for source in scenario.sources.iter().filter(|source| source.destination == at) {
        let shares: f64 = source.segments.iter().map(|(_, share)| f64::from(*share)).sum();
        let mean: f64 = source
            .segments
            .iter()
            .map(|(size, share)| f64::from(*size) * f64::from(*share) / shares)
            .sum();
        let end = Time::ZERO + scenario.duration;
        // A closed loop offers what is served, and counts for nothing here.
        let messages = source.arrivals.expected_messages(end).unwrap_or(0.0);
        *offered.entry(source.tenant).or_insert(0.0) += mean * messages;
    }
    for arrival in scenario.log.iter().flat_map(|log| &log.arrivals) {
        if arrival.destination == at {
            *offered.entry(arrival.tenant).or_insert(0.0) += f64::from(arrival.segments);
        }
    }
    offered
}

/// The division of `quota` if all of these tenants always had work: by sets, then by tenants.
fn entitlements(
    scenario: &Scenario,
    offered: &BTreeMap<TenantId, f64>,
    quota: f64,
    ranges: &Ranges,
) -> BTreeMap<TenantId, f64> {
    let mut by_set: BTreeMap<Option<usize>, Vec<TenantId>> = BTreeMap::new();
    for tenant in offered.keys() {
        let set = scenario.tenants[tenant.index()].set.map(|set| set.index());
        by_set.entry(set).or_default().push(*tenant);
    }
    let weight_of = |tenant: &TenantId| scenario.tenants[tenant.index()].weight.as_f64();
    let set_weight =
        |set: &Option<usize>| set.map_or(1.0, |set| scenario.tenant_sets[set].weight.as_f64());
    let sets: Vec<_> = by_set
        .keys()
        .map(|set| (set_weight(set), set.map_or(NodeRange::NONE, |set| ranges.set(set))))
        .collect();
    let mut entitled = BTreeMap::new();
    for (tenants, part) in by_set.values().zip(divided(quota, &sets)) {
        let members: Vec<_> =
            tenants.iter().map(|tenant| (weight_of(tenant), ranges.tenant(*tenant))).collect();
        entitled.extend(tenants.iter().copied().zip(divided(part, &members)));
    }
    entitled
}

/// A share divided among all who have these weights and bounds.
fn divided(share: f64, members: &[(f64, NodeRange)]) -> Vec<f64> {
    let claims: Vec<BoundedClaim> = members
        .iter()
        .map(|(weight, range)| BoundedClaim {
            claim: Claim { demand: f64::INFINITY, weight: *weight },
            least: (range.least_part * share).min(range.most_per_s),
            most: range.most_per_s,
        })
        .collect();
    divide_within(share, &claims)
}
