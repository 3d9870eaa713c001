//! How the program ends.

use std::io;

use crate::experiment::{CompareError, Ended, RunError, VerifyError};
use crate::model::SetupError;
use crate::report::ReportError;

/// The exit codes. Where several apply, the first of 70, 5, 1, 3, 4 is taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Exit {
    /// Done, and all checks passed.
    Done = 0,
    /// A check failed.
    CheckFailed = 1,
    /// Usage or configuration is wrong; nothing ran.
    Usage = 2,
    /// What was to be shown is not shown, for as many replications as were allowed.
    Inconclusive = 3,
    /// Nothing was selected, or a baseline that was asked for is missing.
    NothingSelected = 4,
    /// Determinism is violated: the same inputs gave two results.
    Nondeterministic = 5,
    /// An invariant is violated: a defect of this program.
    InvariantViolated = 70,
    /// Input or output failed.
    InputOutput = 74,
    /// Interrupted; nothing half written is left.
    Interrupted = 130,
}

impl Exit {
    /// The one of two that is reported.
    pub fn worse(self, other: Exit) -> Exit {
        let rank = |exit| match exit {
            Exit::Interrupted => 8,
            Exit::InvariantViolated => 7,
            Exit::Nondeterministic => 6,
            Exit::InputOutput => 5,
            Exit::Usage => 4,
            Exit::CheckFailed => 3,
            Exit::Inconclusive => 2,
            Exit::NothingSelected => 1,
            Exit::Done => 0,
        };
        if rank(self) >= rank(other) { self } else { other }
    }
}

/// Shown below the help of every command.
pub(super) const CODES: &str = "\
Exit codes:
  0  done                        5  determinism is violated
  1  a check failed              70  an invariant is violated: a defect of this program
  2  usage or configuration      74  input or output failed
  3  inconclusive               130  interrupted
  4  nothing selected, or no baseline";

/// Shown below the help of the program.
pub(super) fn help() -> String {
    format!("{CODES}\n\nStart with: apportion run scenarios/noisy-neighbour.toml")
}

/// Why a command did not do what it was asked for.
#[derive(Debug)]
pub struct Failure {
    exit: Exit,
    message: String,
    reproduce: Option<String>,
}

impl Failure {
    /// The command line or the scenario is wrong.
    pub(super) fn usage(message: impl Into<String>) -> Self {
        Failure { exit: Exit::Usage, message: message.into(), reproduce: None }
    }

    pub(super) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Failure { exit, message: message.into(), reproduce: None }
    }

    /// Adds the command that shows it again.
    pub(super) fn reproduced_by(mut self, command: impl Into<String>) -> Self {
        self.reproduce = Some(command.into());
        self
    }

    /// The code to exit with.
    pub fn exit(&self) -> Exit {
        self.exit
    }

    /// The message without the command.
    pub fn message(&self) -> &str {
        &self.message
    }

    pub(super) fn print(&self) {
        eprintln!("{}", self.message.trim_end());
        if let Some(command) = &self.reproduce {
            eprintln!("reproduce: {command}");
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::new(Exit::InputOutput, format!("error: {error}"))
    }
}

impl From<ReportError> for Failure {
    fn from(error: ReportError) -> Self {
        let exit = match error {
            ReportError::NotOurs { .. } | ReportError::NoName { .. } => Exit::Usage,
            _ => Exit::InputOutput,
        };
        Failure::new(exit, format!("error: {error}"))
    }
}

impl From<SetupError> for Failure {
    fn from(error: SetupError) -> Self {
        Failure::usage(format!("error: {error}"))
    }
}

/// How a run that failed ends the program.
pub(super) fn exit_of(error: &RunError) -> Exit {
    match error {
        RunError::Setup(_) | RunError::SeveralDispatchers { .. } => Exit::Usage,
        RunError::Violation(_) | RunError::LedgersDisagree(_) => Exit::InvariantViolated,
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        let exit = exit_of(&error);
        Failure::new(exit, format!("error: {error}"))
    }
}

impl From<CompareError> for Failure {
    fn from(error: CompareError) -> Self {
        let exit = match &error {
            CompareError::Metric { .. } => Exit::Usage,
            CompareError::Run { error, .. } => exit_of(error),
        };
        Failure::new(exit, format!("error: {error}"))
    }
}

impl<E: Into<Failure>> From<Ended<E>> for Failure {
    fn from(ended: Ended<E>) -> Self {
        match ended {
            Ended::Failed(error) => error.into(),
            Ended::Interrupted => {
                Failure::new(Exit::Interrupted, "interrupted: nothing is written")
            }
        }
    }
}

impl From<VerifyError> for Failure {
    fn from(error: VerifyError) -> Self {
        let exit = match error {
            VerifyError::Setup(_) => Exit::Usage,
            VerifyError::Export(_) => Exit::InputOutput,
            VerifyError::Replay(_) => Exit::InvariantViolated,
        };
        Failure::new(exit, format!("error: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn precedence_is_as_documented() {
        let order = [
            Exit::InvariantViolated,
            Exit::Nondeterministic,
            Exit::CheckFailed,
            Exit::Inconclusive,
            Exit::NothingSelected,
        ];
        for pair in order.windows(2) {
            assert_eq!(pair[0].worse(pair[1]), pair[0]);
            assert_eq!(pair[1].worse(pair[0]), pair[0]);
        }
        assert_eq!(Exit::Done.worse(Exit::Done) as u8, 0);
    }
}
