//! What is measured of a run: sinks of the event stream, and the figures they end in.

mod cells;
mod findings;
mod histogram;
mod invariants;
mod latency;
mod ledgers;
mod messages;
#[cfg(test)]
mod testing;
mod times;
mod water_filling;

pub use findings::{
    AlertRow, CheckResult, ClassFigures, DestinationRow, DetectionFigures, FairnessFigures,
    Findings, IncidentRow, Ledger, Quantile, SCHEMA_VERSION, SeriesRow, Summary, TenantRow,
    TimeFigures,
};
pub use histogram::Histogram;
pub use invariants::{Broken, Checked, Conformance, Excess, Invariants, Violation};
pub use latency::{Cell, Group};
pub use ledgers::{AttemptLedger, BeliefLedger, TruthLedger};
pub use times::{Permille, Times};
pub use water_filling::{Claim, divide};
