//! `apportion diff`

use std::io::Write;
use std::path::{Path, PathBuf};

use super::exit::Failure;
use super::lists::write_rows;
use super::load::quoted_path;
use super::replay::Recorded;
use super::{Exit, Global, OutputFormat};
use crate::event::{Event, What};
use crate::experiment::{Side, digest_of, first_difference};
use crate::scenario::Scenario;

/// Name the first event in which two runs differ
#[derive(Debug, clap::Args)]
pub(super) struct Diff {
    /// The folder of a run
    left: PathBuf,
    /// The folder of another run
    right: PathBuf,
}

impl Diff {
    pub(super) fn execute(&self, global: &Global, output: &mut dyn Write) -> Result<Exit, Failure> {
        let left = Recorded::read(&self.left, global)?;
        let right = Recorded::read(&self.right, global)?;
        let is_for_people = global.format == OutputFormat::Table;
        if is_for_people {
            writeln!(output, "left   {}  {}", left.manifest.digest, self.left.display())?;
            writeln!(output, "right  {}  {}", right.manifest.digest, self.right.display())?;
        }
        let same = |words: &str, output: &mut dyn Write| -> Result<Exit, Failure> {
            if is_for_people {
                writeln!(output, "{words}")?;
            } else {
                write_rows(global.format, &HEAD, std::iter::empty::<[String; 5]>(), output)?;
            }
            Ok(Exit::Done)
        };
        if left.manifest.digest == right.manifest.digest {
            return same("the same events from first to last", output);
        }
        for (recorded, folder) in [(&left, &self.left), (&right, &self.right)] {
            self.check_reproduces(recorded, folder)?;
        }
        let side = |recorded: &'_ Recorded| -> (Scenario, _, u64) {
            (recorded.loaded.scenario.clone(), recorded.policy, recorded.seed)
        };
        let (one, other) = (side(&left), side(&right));
        let found = first_difference(
            Side { scenario: &one.0, policy: one.1, seed: one.2 },
            Side { scenario: &other.0, policy: other.1, seed: other.2 },
        )?;
        let Some(found) = found else {
            return same("the same events; the destinations have other names", output);
        };
        let place = found.place;
        let rows = [
            ("before", place.checked_sub(1), found.before, &one.0),
            ("left", Some(place), found.left, &one.0),
            ("right", Some(place), found.right, &other.0),
        ];
        if !is_for_people {
            let rows = rows.into_iter().map(|(side, place, event, scenario)| {
                row(side, place.filter(|_| event.is_some()), event, scenario)
            });
            write_rows(global.format, &HEAD, rows, output)?;
            return Ok(Exit::Done);
        }
        writeln!(output, "the first {place} events are the same")?;
        for (side, _, event, scenario) in rows {
            match event {
                Some(event) => writeln!(output, "{side:<7} {}", describe(&event, scenario))?,
                None if side == "before" => {}
                None => writeln!(output, "{side:<7} (the run is over)")?,
            }
        }
        Ok(Exit::Done)
    }

    /// A run of another version, or of changed inputs, cannot be compared event by event.
    fn check_reproduces(&self, recorded: &Recorded, folder: &Path) -> Result<(), Failure> {
        let digest = digest_of(&recorded.loaded.scenario, recorded.policy, recorded.seed)?;
        if digest.to_string() == recorded.manifest.digest {
            return Ok(());
        }
        let ours = env!("CARGO_PKG_VERSION");
        if recorded.manifest.version != ours {
            return Err(Failure::usage(format!(
                "error: {} was made by version {}; version {ours} makes {digest} of it",
                folder.display(),
                recorded.manifest.version
            )));
        }
        let message = format!("error: {} does not come out again: now {digest}", folder.display());
        let (left, right) = (quoted_path(&self.left), quoted_path(&self.right));
        let command = format!("apportion diff {left} {right}");
        Err(Failure::new(Exit::Nondeterministic, message).reproduced_by(command))
    }
}

/// What machines are told of the event before and of the two that differ; nothing of equal runs. The
/// place of an event counts from 0; a run that is over has no event.
const HEAD: [&str; 5] = ["side", "place", "time_s", "destination", "event"];

fn row(side: &str, place: Option<u64>, event: Option<Event>, scenario: &Scenario) -> [String; 5] {
    let place = place.map(|place| place.to_string()).unwrap_or_default();
    let time = event.map(|event| event.time.to_string()).unwrap_or_default();
    let at = event.and_then(|event| destination_of(&event, scenario)).unwrap_or_default();
    let what = event.map(|event| what(&event, scenario)).unwrap_or_default();
    [side.to_owned(), place, time, at.to_owned(), what]
}

/// An event in words.
fn describe(event: &Event, scenario: &Scenario) -> String {
    let place = destination_of(event, scenario).map(|name| format!(" at {name}"));
    format!("{} s{}: {}", event.time, place.unwrap_or_default(), what(event, scenario))
}

fn destination_of<'a>(event: &Event, scenario: &'a Scenario) -> Option<&'a str> {
    let destination = scenario.destinations.get(event.destination?.index())?;
    Some(&destination.name)
}

fn what(event: &Event, scenario: &Scenario) -> String {
    let tenant = |id: crate::units::TenantId| {
        scenario.tenants.get(id.index()).map_or("?", |tenant| tenant.name.as_str())
    };
    let fault =
        |number: u32| scenario.faults.get(number as usize).map_or("?", |fault| fault.name.as_str());
    match event.what {
        What::Moved { record, from, to, why, code } => {
            let from = from.map_or("submitted", |belief| belief.name());
            let (message, tenant) = (record.message.id.0, tenant(record.message.tenant));
            let code = if code == 0 { String::new() } else { format!(", code {code}") };
            format!("message {message} of {tenant}: {from} -> {} ({why:?}{code})", to.name())
        }
        What::LateAnswer { message, tenant: id, status } => {
            format!("message {} of {}: late answer {status}", message.0, tenant(id))
        }
        What::TruthMoved { message, tenant: id, attempt, from, to } => format!(
            "message {} of {}, attempt {attempt}: truth {} -> {}",
            message.0,
            tenant(id),
            from.name(),
            to.name()
        ),
        What::DeliveryTold { message, tenant: id, delivered } => format!(
            "message {} of {}: its receipt tells of a delivery at {delivered} s",
            message.0,
            tenant(id)
        ),
        What::SessionUp(session) => format!("session {} up", session.0),
        What::SessionDown(session) => format!("session {} down", session.0),
        What::FaultBegan(number) => format!("fault {} begins", fault(number)),
        What::FaultEnded(number) => format!("fault {} ends", fault(number)),
        What::Alert(alert) => format!(
            "alert on {}: {} {:?}, severity {}",
            tenant(alert.account.tenant),
            alert.kind.name(),
            alert.change,
            alert.severity.name()
        ),
        What::Spilled { message, tenant: id, from } => {
            let sender = scenario.senders.get(from.index());
            let from = sender.map_or("?", |sender| sender.name.as_str());
            format!("message {} of {}: spilled from {from}", message.0, tenant(id))
        }
        What::OfCampaign { message, tenant: id, campaign } => {
            let source = scenario.sources.get(campaign.index());
            let name = source.map_or("?", |source| source.name.as_str());
            format!("message {} of {}: of the campaign {name}", message.0, tenant(id))
        }
        What::Yielded { permille, held_until } => {
            format!("the lane sends at {permille} thousandths, not before {held_until} s")
        }
        What::ActionTaken(number) => {
            let action = scenario.actions.get(number as usize);
            format!("action {}", action.map_or("?", |action| action.name.as_str()))
        }
        What::ArrivalsOver => "arrivals are over".to_owned(),
        What::RunOver => "the run is over".to_owned(),
        What::WeightChanged { tenant: id, weight } => {
            format!("the weight of {} is {}", tenant(id), weight.as_f64())
        }
        What::QuotaChanged(Some(quota)) => {
            format!("the quota is {} with a burst of {}", quota.rate, quota.burst)
        }
        What::Rerouted { failover, to } => {
            let name = |index: usize| scenario.destinations.get(index).map_or("?", |d| &d.name);
            let group = scenario.failovers.get(failover as usize).map_or("?", |f| &f.name);
            format!("failover {group}: to {}", name(to.index()))
        }
        What::QuotaChanged(None) => "the quota is unlimited".to_owned(),
    }
}
