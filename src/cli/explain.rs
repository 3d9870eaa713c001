//! `apportion explain`

mod facts;
mod text;

use std::io::Write;
use std::path::PathBuf;

use super::exit::Failure;
use super::load::quoted_path;
use super::replay::Recorded;
use super::{Exit, Global, OutputFormat};
use crate::experiment::{Explanation, Seen, Subject, explain};
use crate::report::{Paint, Style, count, quoted};
use crate::scenario::{Scenario, nearest};
use crate::units::{MessageId, TenantId};

/// Explain why a message, or a tenant, waited: behind whom, held back by what
#[derive(Debug, clap::Args)]
pub(super) struct Explain {
    /// The folder of a run
    run: PathBuf,
    /// A message by its number, or a tenant or population by its name
    #[arg(value_name = "MESSAGE|TENANT")]
    subject: String,
}

impl Explain {
    pub(super) fn execute(&self, global: &Global, output: &mut dyn Write) -> Result<Exit, Failure> {
        if !matches!(global.format, OutputFormat::Table | OutputFormat::Json) {
            return Err(Failure::usage("error: explain prints --format table or json"));
        }
        let recorded = Recorded::read(&self.run, global)?;
        let scenario = &recorded.loaded.scenario;
        let subject = self.subject(scenario)?;
        let explained = explain(scenario, recorded.policy, recorded.seed, &subject)
            .map_err(|error| Failure::from(error).reproduced_by(self.command()))?;
        self.check_digest(&recorded, &explained)?;
        let about = facts::About::new(&explained.findings.summary, quoted_path(&self.run));
        let style = if global.wants_colour(std::io::IsTerminal::is_terminal(&std::io::stdout())) {
            Style::Coloured
        } else {
            Style::Plain
        };
        let paint = Paint::new(style);
        let text = match &explained.seen {
            Seen::Message(None) => return Err(self.no_message(explained.submitted)),
            Seen::Message(Some(story)) => {
                let facts = facts::message(about, story, scenario);
                match global.format {
                    OutputFormat::Json => facts::json(&facts)?,
                    _ => text::message(&facts, paint),
                }
            }
            Seen::Tenants(story) => {
                let Subject::Tenants(tenants) = &subject else { unreachable!("as it was asked") };
                let name = &self.subject;
                let facts =
                    facts::tenants(about, name, tenants, story, scenario, &explained.findings);
                match global.format {
                    OutputFormat::Json => facts::json(&facts)?,
                    _ => text::tenants(&facts, paint),
                }
            }
        };
        output.write_all(text.as_bytes())?;
        Ok(Exit::Done)
    }

    /// A tenant or population of this name, or a message of this number.
    fn subject(&self, scenario: &Scenario) -> Result<Subject, Failure> {
        let name = self.subject.as_str();
        let tenants: Vec<TenantId> = scenario.tenants_named(name).collect();
        if !tenants.is_empty() {
            return Ok(Subject::Tenants(tenants));
        }
        if let Ok(number) = name.replace(',', "").parse() {
            return Ok(Subject::Message(MessageId(number)));
        }
        let known = scenario.tenants.iter();
        let known = known.flat_map(|tenant| [tenant.group.as_str(), tenant.name.as_str()]);
        let hint = match nearest(name, known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => {
                let mut groups: Vec<&str> =
                    scenario.tenants.iter().map(|tenant| tenant.group.as_str()).collect();
                groups.dedup();
                groups.truncate(12);
                format!("there are {}", groups.join(", "))
            }
        };
        Err(Failure::usage(format!(
            "error: `{name}` is neither the number of a message nor a tenant of {}; {hint}",
            scenario.name
        )))
    }

    fn no_message(&self, submitted: u64) -> Failure {
        let run = quoted_path(&self.run);
        let numbers = match submitted {
            0 => "the run has none".to_owned(),
            _ => format!("the run's are numbered from 0 to {}", count(submitted - 1)),
        };
        Failure::usage(format!(
            "error: there is no message {}; {numbers}; `apportion explain {run} TENANT` names those \
             that waited longest",
            self.subject
        ))
    }

    fn check_digest(&self, recorded: &Recorded, explained: &Explanation) -> Result<(), Failure> {
        let (then, now) = (&recorded.manifest.digest, explained.digest.to_string());
        if *then == now {
            return Ok(());
        }
        let (theirs, ours) = (&recorded.manifest.version, env!("CARGO_PKG_VERSION"));
        if theirs != ours {
            return Err(Failure::usage(format!(
                "error: {} was made by version {theirs}; version {ours} makes {now} of it",
                self.run.display()
            )));
        }
        let message = format!("error: {} does not come out again: now {now}", self.run.display());
        Err(Failure::new(Exit::Nondeterministic, message).reproduced_by(self.command()))
    }

    fn command(&self) -> String {
        format!("apportion explain {} {}", quoted_path(&self.run), quoted(&self.subject))
    }
}
