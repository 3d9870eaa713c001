//! What is measured of a run: sinks of the event stream, and the figures they end in.

pub mod detection;
mod findings;

pub use findings::{
    AlertRow, CheckResult, ClassFigures, DestinationRow, DetectionFigures, FairnessFigures,
    Findings, IncidentRow, Ledger, Quantile, SCHEMA_VERSION, SeriesRow, Summary, TenantRow,
    TimeFigures,
};
