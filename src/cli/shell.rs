//! `apportion completions` and `apportion man`: the command line told to shells and to `man`.

use std::io::Write;

use clap_complete::Shell;

use super::exit::Failure;
use super::{Exit, command_line};

/// Print a script that teaches a shell to complete the commands
#[derive(Debug, clap::Args)]
pub(super) struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Print a manual page: apportion man | man -l -
#[derive(Debug, clap::Args)]
pub(super) struct Man {
    /// The page of this command [default: of the program]
    command: Option<String>,
}

impl Completions {
    pub(super) fn execute(&self, output: &mut dyn Write) -> Result<Exit, Failure> {
        // Written to memory first: a closed pipe is no reason to panic.
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command_line(), "apportion", &mut script);
        output.write_all(&script)?;
        Ok(Exit::Done)
    }
}

impl Man {
    pub(super) fn execute(&self, output: &mut dyn Write) -> Result<Exit, Failure> {
        let mut program = command_line();
        program.build();
        let (page, title) = match &self.command {
            None => (program, "apportion".to_owned()),
            Some(name) => {
                let found = program.find_subcommand(name).filter(|_| name != "help").cloned();
                let page = found.ok_or_else(|| {
                    let words = format!("error: there is no command `{name}`");
                    Failure::usage(format!("{words}; `apportion --help` lists them"))
                })?;
                (page, format!("apportion-{name}"))
            }
        };
        let mut text = Vec::new();
        clap_mangen::Man::new(page).title(title).render(&mut text)?;
        output.write_all(&text)?;
        Ok(Exit::Done)
    }
}
