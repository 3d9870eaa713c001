//! `apportion show`

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use super::exit::Failure;
use super::load::load_for_run;
use super::{Exit, Global, OutputFormat};
use crate::report::{figure, percent, time};
use crate::scenario::{Arrivals, FaultKind, Scenario};
use crate::units::{DestinationId, TenantId};

/// Show what a scenario means: who is entitled to what, load against quota, warnings
#[derive(Debug, clap::Args)]
pub(super) struct Show {
    /// The scenario file
    scenario: PathBuf,
    /// Override a value of the scenario
    #[arg(long = "set", value_name = "PATH=VALUE")]
    set: Vec<String>,
}

/// One population at one destination.
#[derive(Debug, serde::Serialize)]
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

impl Show {
    pub(super) fn execute(&self, global: &Global, output: &mut dyn Write) -> Result<Exit, Failure> {
        let loaded = load_for_run(&self.scenario, &self.set, global)?;
        let scenario = &loaded.scenario;
        let lines = lines(scenario);
        match global.format {
            OutputFormat::Json => {
                let text = serde_json::to_string_pretty(&lines).map_err(std::io::Error::from)?;
                writeln!(output, "{text}")?;
            }
            OutputFormat::Csv => {
                let mut writer = csv::Writer::from_writer(output);
                for line in &lines {
                    writer.serialize(line).map_err(std::io::Error::from)?;
                }
                writer.flush()?;
            }
            OutputFormat::Table | OutputFormat::Md => print(scenario, &lines, output)?,
            OutputFormat::Github => {
                return Err(Failure::usage("--format github is for `apportion check`"));
            }
        }
        Ok(Exit::Done)
    }
}

fn lines(scenario: &Scenario) -> Vec<Line> {
    let seconds = scenario.duration.as_seconds_f64();
    let mut lines = Vec::new();
    for (index, destination) in scenario.destinations.iter().enumerate() {
        let offered = offered_segments(scenario, DestinationId(index as u16));
        let quota = destination.quota.map(|quota| quota.rate.per_second_f64());
        let entitled = quota.map(|quota| entitlements(scenario, &offered, quota));
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
        lines.extend(groups.into_values());
    }
    lines
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
        let messages = match source.arrivals {
            Arrivals::Poisson { rate, from, until } => {
                rate.per_second_f64() * until.since(from).as_seconds_f64()
            }
            Arrivals::Campaign { messages, .. } => messages as f64,
        };
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
) -> BTreeMap<TenantId, f64> {
    let mut by_set: BTreeMap<Option<usize>, Vec<TenantId>> = BTreeMap::new();
    for tenant in offered.keys() {
        let set = scenario.tenants[tenant.index()].set.map(|set| set.index());
        by_set.entry(set).or_default().push(*tenant);
    }
    let weight_of = |tenant: &TenantId| scenario.tenants[tenant.index()].weight.as_f64();
    let set_weight =
        |set: &Option<usize>| set.map_or(1.0, |set| scenario.tenant_sets[set].weight.as_f64());
    let all: f64 = by_set.keys().map(set_weight).sum();
    let mut entitled = BTreeMap::new();
    for (set, tenants) in &by_set {
        let part = quota * set_weight(set) / all;
        let weights: f64 = tenants.iter().map(weight_of).sum();
        for tenant in tenants {
            entitled.insert(*tenant, part * weight_of(tenant) / weights);
        }
    }
    entitled
}

fn print(scenario: &Scenario, lines: &[Line], output: &mut dyn Write) -> Result<(), Failure> {
    writeln!(output, "{} · policy {} · seed {}", scenario.name, scenario.policy, scenario.seed)?;
    writeln!(output, "{}", scenario.description.trim())?;
    let (duration, drain) = (scenario.duration.as_seconds_f64(), scenario.drain.as_seconds_f64());
    writeln!(output, "arrivals for {}, then at most {} to drain", time(duration), time(drain))?;
    for destination in &scenario.destinations {
        let here = || lines.iter().filter(|line| line.destination == destination.name);
        let offered: f64 = here().map(|line| line.offered_per_s).sum();
        let gateway = &destination.gateway;
        let load = match destination.quota {
            Some(quota) => {
                let rate = quota.rate.per_second_f64();
                format!("quota {}/s, load {}", figure(rate), percent(offered / rate))
            }
            None => "no quota".to_owned(),
        };
        writeln!(
            output,
            "\n{}: {load}, {} sessions x {} unanswered",
            destination.name, gateway.sessions, gateway.window
        )?;
        writeln!(
            output,
            "  {:24} {:>8} {:>7} {:>12} {:>12} {:>12}",
            "who", "tenants", "weight", "segments", "offered/s", "entitled/s"
        )?;
        for line in here() {
            writeln!(
                output,
                "  {:24} {:>8} {:>7} {:>12} {:>12} {:>12}",
                line.group,
                line.tenants,
                figure(line.weight),
                figure(line.offered_segments),
                figure(line.offered_per_s),
                line.entitled_per_s.map_or("-".to_owned(), figure)
            )?;
        }
    }
    for fault in &scenario.faults {
        let scope = fault
            .tenant
            .map_or("everybody", |tenant| scenario.tenants[tenant.index()].name.as_str());
        let detail = match fault.kind {
            FaultKind::Outage => String::new(),
            FaultKind::ErrorBurst { fraction, status } => {
                format!(", {} of attempts with {status}", percent(fraction.as_f64()))
            }
        };
        writeln!(
            output,
            "\nfault {}: {} of {} for {scope} from {}, for {}{detail}",
            fault.name,
            fault.kind.name(),
            scenario.destinations[fault.destination.index()].name,
            time(fault.start.as_seconds_f64()),
            time(fault.duration.as_seconds_f64()),
        )?;
    }
    Ok(())
}
