//! `apportion verify`

use std::io::Write;
use std::path::PathBuf;

use super::exit::Failure;
use super::lists::write_rows;
use super::load::{choose_policy, load_for_run, quoted_path, set_arguments};
use super::{Exit, Global, OutputFormat};
use crate::experiment::{Verification, verify};

/// Verify that a scenario's result depends on nothing but scenario, inputs and seed
#[derive(Debug, clap::Args)]
pub(super) struct Verify {
    /// The scenario file
    scenario: PathBuf,
    /// The policy [default: the scenario's]
    #[arg(long)]
    policy: Option<String>,
    /// The first of the seeds [default: the scenario's]
    #[arg(long)]
    seed: Option<u64>,
    /// Override a value of the scenario
    #[arg(long = "set", value_name = "PATH=VALUE")]
    set: Vec<String>,
}

impl Verify {
    pub(super) fn execute(&self, global: &Global, output: &mut dyn Write) -> Result<Exit, Failure> {
        let loaded = load_for_run(&self.scenario, &self.set, global)?;
        let policy = choose_policy(self.policy.as_deref(), &loaded.scenario)?;
        let seed = self.seed.unwrap_or(loaded.scenario.seed);
        let found = verify(&loaded.scenario, policy, seed, global.threads().max(2))?;
        let name = &loaded.scenario.name;
        match global.format {
            OutputFormat::Table => {
                let digest = found.digest;
                writeln!(output, "{name} · {} · seed {seed} · {digest}", policy.name)?;
                print(&found, output)?;
            }
            format => write_steps(format, &found, output)?,
        }
        if found.holds() {
            return Ok(Exit::Done);
        }
        let (scenario, set) = (quoted_path(&self.scenario), set_arguments(&self.set));
        let command =
            format!("apportion verify {scenario} --policy {} --seed {seed}{set}", policy.name);
        let message = format!("error: {name}: the same inputs gave two results");
        Err(Failure::new(Exit::Nondeterministic, message).reproduced_by(command))
    }
}

fn print(found: &Verification, output: &mut dyn Write) -> Result<(), Failure> {
    for step in &found.steps {
        let mark = if step.holds() { '✓' } else { '✗' };
        writeln!(output, "  {mark} {}", step.what)?;
        if !step.holds() {
            writeln!(output, "      expected {}\n      found    {}", step.expected, step.found)?;
        }
    }
    Ok(())
}

/// A record a step, for machines.
fn write_steps(
    format: OutputFormat,
    found: &Verification,
    output: &mut dyn Write,
) -> Result<(), Failure> {
    let rows = found.steps.iter().map(|step| {
        let (expected, digest) = (step.expected.to_string(), step.found.to_string());
        [step.what.clone(), expected, digest, step.holds().to_string()]
    });
    write_rows(format, &["step", "expected", "found", "holds"], rows, output)
}
