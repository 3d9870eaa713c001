//! The promises of the policies, measured through the real lane.

#[path = "fairness_bounds/baselines.rs"]
mod baselines;
#[path = "fairness_bounds/explain.rs"]
mod explain;
#[path = "fairness_bounds/meter.rs"]
mod meter;
#[path = "fairness_bounds/options.rs"]
mod options;
#[path = "fairness_bounds/relative.rs"]
mod relative;
#[path = "support/rig.rs"]
mod rig;
#[path = "fairness_bounds/shares.rs"]
mod shares;
