//! `apportion diff`

use std::io::Write;
use std::path::PathBuf;

use super::exit::Failure;
use super::replay::Recorded;
use super::{Exit, Global};
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
        writeln!(output, "left   {}  {}", left.manifest.digest, self.left.display())?;
        writeln!(output, "right  {}  {}", right.manifest.digest, self.right.display())?;
        if left.manifest.digest == right.manifest.digest {
            writeln!(output, "the same events from first to last")?;
            return Ok(Exit::Done);
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
            writeln!(output, "the same events; the destinations have other names")?;
            return Ok(Exit::Done);
        };
        writeln!(output, "the first {} events are the same", found.place)?;
        let show = |event: Option<Event>, scenario: &Scenario| match event {
            Some(event) => describe(&event, scenario),
            None => "(the run is over)".to_owned(),
        };
        if found.before.is_some() {
            writeln!(output, "before  {}", show(found.before, &one.0))?;
        }
        writeln!(output, "left    {}", show(found.left, &one.0))?;
        writeln!(output, "right   {}", show(found.right, &other.0))?;
        Ok(Exit::Done)
    }

    /// A run of another version, or of changed inputs, cannot be compared event by event.
    fn check_reproduces(&self, recorded: &Recorded, folder: &PathBuf) -> Result<(), Failure> {
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
        let command = format!("apportion diff {} {}", self.left.display(), self.right.display());
        Err(Failure::new(Exit::Nondeterministic, message).reproduced_by(command))
    }
}

/// An event in words.
fn describe(event: &Event, scenario: &Scenario) -> String {
    let tenant = |id: crate::units::TenantId| {
        scenario.tenants.get(id.index()).map_or("?", |tenant| tenant.name.as_str())
    };
    let fault =
        |number: u32| scenario.faults.get(number as usize).map_or("?", |fault| fault.name.as_str());
    let what = match event.what {
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
        What::ArrivalsOver => "arrivals are over".to_owned(),
        What::RunOver => "the run is over".to_owned(),
    };
    let place = event.destination.and_then(|id| scenario.destinations.get(id.index()));
    let place = place.map_or(String::new(), |place| format!(" at {}", place.name));
    format!("{} s{place}: {what}", event.time)
}
