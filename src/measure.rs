//! What is measured of a run: sinks of the event stream, and the figures they end in.

pub mod accuracy;
pub mod causal;
mod cells;
mod detail;
pub mod detection;
mod fairness;
mod findings;
mod histogram;
mod invariants;
mod latency;
mod ledgers;
mod messages;
mod metrics;
mod ranges;
mod recorder;
#[cfg(test)]
mod testing;
mod times;
mod water_filling;

pub use detail::Detail;
pub use fairness::{
    AccountShares, Aversion, CourseFigures, DestinationFairness, FairnessOutcome, GpsFigures,
    PartyShare, SERIES_ROWS_BY_TENANT_MAX, atkinson, distance_worst, gini, min_max_ratio,
    service_gap, theil, welfare_loss,
};
pub use findings::{
    AlertRow, CheckResult, ClassFigures, DestinationRow, DetectionFigures, FairnessFigures,
    Findings, IncidentRow, Ledger, Quantile, SCHEMA_VERSION, SeriesRow, Summary, TenantRow,
    TimeFigures,
};
pub use histogram::Histogram;
pub use invariants::{Broken, Checked, Conformance, Excess, Invariants, Violation};
pub use latency::{Cell, Group};
pub use ledgers::{AttemptLedger, BeliefLedger, TruthLedger};
pub use metrics::{METRICS, Metric, Scope, Unit, accepts, figure, find, judge, value};
pub use ranges::{NodeRange, Ranges};
pub use recorder::{Measures, Onset, RunIdentity};
pub use times::{Permille, Times};
pub use water_filling::{BoundedClaim, Claim, divide, divide_within};
