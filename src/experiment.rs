//! What is done with runs: run one, verify that it is reproducible, find where two part; and what may be
//! concluded from many.

mod compare_events;
mod run;
pub mod statistics;
mod verify;

pub use compare_events::{FirstDifference, Side, first_difference};
pub use run::{RunError, RunRequest, RunResult, digest_of, run};
pub use verify::{Verification, VerifyError, VerifyStep, verify};
