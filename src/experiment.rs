//! What is done with runs: run one, verify that it is reproducible, find where two part; and what may be
//! concluded from many.

mod baseline;
mod causal;
mod compare;
mod compare_events;
mod explain;
mod isolation;
mod long_run;
mod medians;
mod replicate;
mod run;
pub mod scoreboard;
pub mod series;
pub mod statistics;
mod sweep;
mod verify;

pub use baseline::{
    BASELINE_SCHEMA_VERSION, Baseline, GateFigures, GateReport, judge_baseline, record_baseline,
};
pub use causal::{CausalPlan, causal, causal_runs};
pub use compare::{
    COMPARISON_SCHEMA_VERSION, Change, CompareError, Comparison, ComparisonPlan, Contestant,
    ContestantFigures, MetricComparison, Replications, Stopped, TenantChange, TenantChanges,
    WarmUpSuggestion, compare, significant,
};
pub use compare_events::{FirstDifference, Side, first_difference};
pub use explain::{
    Cause, Explanation, Passed, Sample, Seen, Stay, Story, Subject, TenantStory, Waits,
    WorstMessage, explain,
};
pub use isolation::{
    Figure, Isolation, IsolationPlan, PolicyIsolation, TenantIsolation, isolation, isolation_runs,
};
pub use long_run::LongRun;
pub use medians::{Median, median};
pub use replicate::{
    Chosen, ChosenError, Dwells, Ended, Keep, Overseer, Record, SLOTS, Slot, TenantFigures,
    default_metrics, fold_in_order, observe, seed_of,
};
pub use run::{RunError, RunRequest, RunResult, digest_of, run};
pub use sweep::{
    AxisFacts, Due, Effect, MOST_DIMENSIONS, MetricFacts, Point, PointFigures, PointRecord, Points,
    PrecisionFacts, Replication, SWEEP_SCHEMA_VERSION, Shard, Store, StoreError, Stored,
    SweepError, SweepFacts, SweepJob, SweepPlan, SweepSummary, Swept, due, keys, places, points,
    summarise, sweep,
};
pub use verify::{Verification, VerifyError, VerifyStep, verify};
