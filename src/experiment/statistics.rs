//! What may be concluded from replications, and how sure one can be.
//!
//! Every procedure is a pure function over values in the order of their replications, one file each,
//! with formula and source. `cargo run --release --example coverage` shows by simulation against known
//! truth that each keeps what it promises, and that the tempting shortcuts do not.
//!
//! | question | procedure |
//! |---|---|
//! | how sure is this mean? | [`mean_interval`]; one long run: [`batch_means`] |
//! | how many replications are enough? | [`StoppingRule`] |
//! | where does the start stop mattering? | [`warm_up`] (MSER-5) |
//! | how sure is this quantile? | [`quantile_interval`] |
//! | is A better than B on the same luck? | [`paired_difference`], [`paired_ratio`] |
//! | which of k policies is best? | [`compare_with_best`] |
//! | which of m metrics moved? | [`holm`] |
//! | is the new version no worse than the margin? | [`non_inferiority`], [`gate`] |
//! | how sure is this proportion? | [`proportion_interval`] |
//!
//! **Replications, not observations.** Waits within one run depend on each other: an interval that takes
//! them for independent is far too narrow. So one replication gives one value (a mean, a quantile) and
//! intervals are over replications. Only [`batch_means`] takes a series of one run, and says so.
//!
//! **Absent, never 0.** Where an interval does not exist (one value, no finite spread) there is none.
//! Figures that are not finite make an interval absent, except where the order alone counts.

mod batch_means;
mod best;
mod gate;
mod holm;
mod level;
mod mean;
mod non_inferiority;
mod paired;
mod proportion;
mod quantile;
mod sequential;
mod warm_up;

pub use batch_means::{BatchMeans, TooShort, batch_means};
pub use best::{Better, Standing, WithBest, compare_with_best};
pub use gate::{Gate, GateVerdict, GatedMetric, Margin, MetricVerdict, gate};
pub use holm::holm;
pub use level::Level;
pub use mean::{MeanInterval, Moments, mean_interval};
pub use non_inferiority::{NonInferiority, Outcome, non_inferiority};
pub use paired::{PairedDifference, PairedRatio, paired_difference, paired_ratio};
pub use proportion::{ProportionInterval, proportion_interval};
pub use quantile::{QuantileInterval, quantile, quantile_interval};
pub use sequential::{Decision, StoppingRule, Watch};
pub use warm_up::{Suggestion, WarmUp, warm_up};
