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
//!
//! **What goes wrong, and what is done about it.**
//!
//! | mistake | here |
//! |---|---|
//! | a mean without its error | [`MeanInterval`] carries n, half-width and level |
//! | the start counted in | delete a warm-up fixed beforehand; [`warm_up`] only suggests one, and says when it cannot |
//! | skewed values, few of them | [`MeanInterval::is_too_skewed`]; the median by [`quantile_interval`] |
//! | stopping at a lucky moment | [`StoppingRule`]: not too early, adjusted precision, confirmed; a cap is *inconclusive* |
//! | looking until it is significant | fixed n, or the error spent over the looks: [`Level::split`] |
//! | luck that is not shared | [`PairedDifference::variance_ratio`] below 1 |
//! | traffic that answers the policy | the pairing weakens; the interval still holds |
//! | the winner of k by its mean | [`compare_with_best`]; of a tuned winner, a new evaluation on fresh seeds: the values that chose it flatter it |
//! | many metrics, one of them moved by chance | [`holm`]; in [`gate`] for failures |
//! | "no significant difference" read as "equal" | [`non_inferiority`] against a margin set beforehand, with *inconclusive* |
//! | statistics on a promise | a quota exceeded or a message lost fails by itself, not here |
//! | a quantile of few values | an end is absent rather than made up |
//! | a mean of p99s read as the p99 of all | it is the mean of what single replications showed; say so |
//! | equal values taken for certainty | a width of 0 is what they show; with few replications of a rare event, little |
//! | last bits that differ between platforms | quantiles of t and beta come from `statrs`; print 6 significant digits |
//!
//! **What is left out.** The bootstrap: means, ratios and quantiles have formulas that need no resampling,
//! and with few replications it covers worse. Overlapping batch means and N-Skart: replications are cheap
//! here. Multiple comparisons under sphericity: see [`compare_with_best`]. Ranking and selection (KN,
//! OCBA): with replications of all policies on the same luck they save nothing for a handful of policies.
//! Equivalence (no worse and no better) is [`non_inferiority`] twice, of the worsening and of its negative,
//! each at the full level. A gate that fails on a mean beyond the margin whose interval straddles it: half
//! of all changes that are just on the margin would fail.

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
