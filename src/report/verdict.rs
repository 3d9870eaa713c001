//! What `check` found of one scenario, as machines are told.

use crate::measure::CheckResult;

/// The verdict on one scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// Name of the scenario.
    pub scenario: String,
    /// Path of its file, relative to where the command ran.
    pub file: String,
    /// The command that reproduces it.
    pub reproduce: String,
    /// How it went.
    pub outcome: Outcome,
    /// What is to be said beside its checks, in sentences.
    pub remarks: Vec<String>,
}

/// How the checks of one scenario went.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It ran to the end and was judged.
    Judged {
        /// Its checks, in the order of the file.
        checks: Vec<CheckResult>,
    },
    /// It did not run, and need not.
    Skipped {
        /// Why.
        reason: String,
    },
    /// It did not run to its end: the file is wrong, or an invariant was violated.
    Broken {
        /// What happened.
        message: String,
    },
}

impl Verdict {
    /// The checks that failed; none where nothing was judged.
    pub fn failed(&self) -> impl Iterator<Item = &CheckResult> {
        let checks = match &self.outcome {
            Outcome::Judged { checks } => checks.as_slice(),
            Outcome::Skipped { .. } | Outcome::Broken { .. } => &[],
        };
        checks.iter().filter(|check| !check.passed)
    }
}

/// How far a failed check is beyond its bound, relative to the bound; without a figure, infinitely.
pub(super) fn excess(check: &CheckResult) -> f64 {
    let distance = check.value.map_or(f64::INFINITY, |value| (value - check.bound).abs());
    distance / check.bound.abs().max(f64::MIN_POSITIVE)
}
