//! What is done with runs: run one, verify that it is reproducible, find where two part.

mod compare_events;
mod run;
pub mod scoreboard;
pub mod series;
mod verify;

pub use compare_events::{FirstDifference, Side, first_difference};
pub use run::{RunError, RunRequest, RunResult, digest_of, run};
pub use verify::{Verification, VerifyError, VerifyStep, verify};
