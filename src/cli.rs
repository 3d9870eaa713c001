//! The command line, one file a command.
//!
//! stdout is the result, stderr progress and diagnostics. Every report of trouble ends with the command
//! that reproduces it. The exit codes are in [`Exit`].

mod check;
mod compare;
mod detect;
mod diff;
mod exit;
mod explain;
mod init;
mod lists;
mod load;
mod merge;
mod pipe;
mod progress;
mod replay;
mod report;
mod run;
mod shell;
mod show;
mod sweep;
mod verify;
mod watchman;

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

pub use exit::{Exit, Failure};

use crate::report::{Format, Style};
use crate::scenario::Colouring;

/// Divides a carrier's message quota among many tenants, and proves that the division is fair, fast and
/// safe before anyone rolls it out.
#[derive(Debug, Parser)]
#[command(name = "apportion", version, max_term_width = 100, after_help = exit::help())]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    global: Global,
}

/// What every command understands.
#[derive(Clone, Debug, clap::Args)]
struct Global {
    /// Write the result into this folder instead of results/...
    #[arg(long, global = true, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Use this many threads [default: all cores]
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// How the result is printed
    #[arg(long, global = true, value_enum, default_value_t = OutputFormat::Table)]
    format: OutputFormat,
    /// No progress and no notes on stderr; warnings and errors remain
    #[arg(long, short, global = true)]
    quiet: bool,
    /// When to colour [auto: on a terminal, unless NO_COLOR is set]
    #[arg(long, global = true, value_enum, default_value_t = Colour::Auto, value_name = "WHEN")]
    color: Colour,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a scenario: who waited how long, was it fair, was the detector right
    Run(run::Run),
    /// Show what a scenario means: who is entitled to what, load against quota, warnings
    Show(show::Show),
    /// Compare policies or configurations on the same luck
    Compare(compare::Compare),
    /// Run the points of a scenario's [sweep] table; what is there is not run again
    Sweep(sweep::Sweep),
    /// Put the parts of a sharded sweep together: the same bytes as from one sweep
    Merge(merge::Merge),
    /// Run scenarios and judge their checks, for CI
    Check(check::Check),
    /// Verify that a scenario's result depends on nothing but scenario, inputs and seed
    Verify(verify::Verify),
    /// Name the first event in which two runs differ
    Diff(diff::Diff),
    /// Run again from the recorded messages of a run, or from a message log
    Replay(replay::Replay),
    /// Put runs side by side on one page
    Report(report::Report),
    /// Explain why a message, or a tenant, waited: behind whom, held back by what
    Explain(explain::Explain),
    /// Score series of others, and judge the scores where there are labels
    Detect(detect::Detect),
    /// Write a commented scenario to start from, and the schema for editors beside it
    Init(init::Init),
    /// List the policies: rule, flow unit, cost, guarantee, source
    Policies,
    /// List the detectors
    Detectors,
    /// List the failures that can be injected
    Faults,
    /// List the carrier profiles
    Carriers,
    /// List the metrics that checks can bound
    Metrics,
    /// Print the JSON schema of scenario files
    Schema,
    /// Print a script that teaches a shell to complete the commands
    Completions(shell::Completions),
    /// Print a manual page: apportion man | man -l -
    Man(shell::Man),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum OutputFormat {
    /// For people
    Table,
    /// For programs
    Json,
    /// Markdown
    Md,
    /// Comma-separated values
    Csv,
    /// Annotations of GitHub Actions (check only)
    Github,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Colour {
    Auto,
    Always,
    Never,
}

impl Global {
    fn threads(&self) -> usize {
        self.jobs.map_or_else(
            || std::thread::available_parallelism().map_or(1, usize::from),
            usize::from,
        )
    }

    fn wants_colour(&self, is_terminal: bool) -> bool {
        match self.color {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => {
                let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
                is_terminal && !refused
            }
        }
    }

    fn colouring(&self) -> Colouring {
        if self.wants_colour(io::stderr().is_terminal()) {
            Colouring::Coloured
        } else {
            Colouring::Plain
        }
    }

    /// The format of a run's closing table.
    fn report_format(&self) -> Result<Format, Failure> {
        Ok(match self.format {
            OutputFormat::Table if self.wants_colour(io::stdout().is_terminal()) => {
                Format::Table(Style::Coloured)
            }
            OutputFormat::Table => Format::Table(Style::Plain),
            OutputFormat::Json => Format::Json,
            OutputFormat::Md => Format::Markdown,
            OutputFormat::Csv => Format::Csv,
            OutputFormat::Github => {
                return Err(Failure::usage("error: --format github is for `apportion check`"));
            }
        })
    }

    /// Something about a scenario that is odd and not wrong: to be seen also by who wants quiet.
    fn warn(&self, text: &str) {
        eprintln!("{text}");
    }

    /// A remark on stderr.
    fn note(&self, text: &str) {
        if !self.quiet {
            eprintln!("{text}");
        }
    }
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let exit = run_with(std::env::args_os(), &mut io::stdout().lock());
    ExitCode::from(exit as u8)
}

/// Runs a command line; results go to `output`.
pub fn run_with<A: Into<OsString> + Clone>(
    arguments: impl IntoIterator<Item = A>,
    output: &mut dyn Write,
) -> Exit {
    let output = &mut pipe::Forgiving::new(output);
    let arguments = match parse(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version go to stdout and are no error.
            let failed = error.use_stderr();
            let printed = if failed { error.print() } else { write!(output, "{error}") };
            return match printed {
                _ if failed => Exit::Usage,
                Ok(()) => Exit::Done,
                Err(_) => Exit::InputOutput,
            };
        }
    };
    let global = arguments.global;
    let result = match arguments.command {
        Command::Run(command) => command.execute(&global, output),
        Command::Show(command) => command.execute(&global, output),
        Command::Compare(command) => command.execute(&global, output),
        Command::Sweep(command) => command.execute(&global, output),
        Command::Merge(command) => command.execute(&global, output),
        Command::Check(command) => command.execute(&global, output),
        Command::Verify(command) => command.execute(&global, output),
        Command::Diff(command) => command.execute(&global, output),
        Command::Replay(command) => command.execute(&global, output),
        Command::Report(command) => command.execute(&global, output),
        Command::Explain(command) => command.execute(&global, output),
        Command::Detect(command) => command.execute(&global, output),
        Command::Init(command) => command.execute(&global, output),
        Command::Policies => lists::policies(global.format, output),
        Command::Detectors => lists::detectors(global.format, output),
        Command::Faults => lists::faults(global.format, output),
        Command::Carriers => lists::carriers(global.format, output),
        Command::Metrics => lists::metrics(global.format, output),
        Command::Schema => lists::schema(global.format, output),
        Command::Completions(command) => command.execute(output),
        Command::Man(command) => command.execute(output),
    };
    match result {
        Ok(exit) => exit,
        Err(failure) => {
            failure.print();
            failure.exit()
        }
    }
}

/// Parses a command line. The help of every command tells the exit codes.
fn parse<A: Into<OsString> + Clone>(
    arguments: impl IntoIterator<Item = A>,
) -> Result<Arguments, clap::Error> {
    Arguments::from_arg_matches(&command_line().try_get_matches_from(arguments)?)
}

/// The command line as it is parsed and told.
fn command_line() -> clap::Command {
    Arguments::command().mut_subcommands(|command| {
        let own = command.get_after_long_help().map(|own| format!("{own}\n\n{}", exit::CODES));
        match own {
            Some(both) => command.after_help(exit::CODES).after_long_help(both),
            None => command.after_help(exit::CODES),
        }
    })
}
