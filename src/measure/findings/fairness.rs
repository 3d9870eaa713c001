//! The figures of fairness, as they are written to `summary.json`.

use serde::{Deserialize, Serialize};

use super::Quantile;

/// Fairness figures; definitions in `measure::fairness`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FairnessFigures {
    /// Jain's index of service ÷ entitlement over tenants, 1 is fair.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jain: Option<f64>,
    /// Half the summed distance from the max-min division, as a share of the service; 0 is fair.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_min_distance: Option<f64>,
    /// The least share of a tenant while contended, over what its weight entitles it to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contention_share_min: Option<f64>,
    /// Segments sent ÷ segments that demand and quota allowed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub work_conservation: Option<f64>,
    /// The largest |Wᵢ/rᵢ − Wⱼ/rⱼ| of two tenants while both waited (Golestani 1994), r by weight among all
    /// tenants of the scenario. Absent without a quota; of more than 64 tenants, the largest of a sample.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relative_fairness_bound_s: Option<f64>,
    /// How far a tenant was behind the fluid division of what was dispatched, at most: seconds of its share.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lag_max_s: Option<f64>,
    /// How far a tenant was ahead of it, at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lead_max_s: Option<f64>,
    /// The largest W(t₁, t₂)/r − Wᵢ(t₁, t₂)/rᵢ while i waited, t₂ a dispatch of i (Bennett and Zhang 1996).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worst_case_fair_index_s: Option<f64>,
    /// The longest that a tenant waited without a dispatch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub starvation_max_s: Option<f64>,
    /// The largest coefficient of variation of the gaps between a waiting tenant's dispatches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_jitter_max: Option<f64>,
    /// Σ number of a tenant's first dispatch ÷ tenants²: below a half where newcomers do not queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unfairness_first: Option<f64>,
    /// Gini's coefficient of sent ÷ entitled, over tenants.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gini: Option<f64>,
    /// Theil's index of the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub theil: Option<f64>,
    /// Atkinson's index of the same, with aversion 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub atkinson: Option<f64>,
    /// The least of the same ÷ the greatest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_max_ratio: Option<f64>,
    /// The greatest of the same − the least.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_gap: Option<f64>,
    /// How far a tenant was behind the fluid system of the arrivals (GPS), at most: Wᵢᴳᴾˢ − Wᵢ, segments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gps_lag_max_segments: Option<f64>,
    /// How far a tenant was ahead of it, at most, segments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gps_lead_max_segments: Option<f64>,
    /// How far a tenant was behind it, at most: seconds of its guaranteed rate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gps_lag_max_s: Option<f64>,
    /// How far a tenant was ahead of it, at most: seconds of its guaranteed rate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gps_lead_max_s: Option<f64>,
    /// The 99th percentile over dispatches of the time of dispatch − the end in the fluid system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gps_lateness_p99_s: Option<Quantile>,
    /// The largest time of dispatch − end in the fluid system (Parekh and Gallager 1993).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gps_lateness_max_s: Option<Quantile>,
    /// The largest |Wᵢ(t₁, t₂) − Wᵢᴳᴾˢ(t₁, t₂)| ÷ rᵢ while i waited (Zhou and Sethu 2002).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub absolute_fairness_bound_s: Option<f64>,
    /// Jain's index from 0, one has all, to 1: (n·J − 1) ÷ (n − 1) of each window, averaged as `jain` is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jain_normalised: Option<f64>,
    /// The largest |sent − entitled| ÷ entitled of a tenant, over contended windows: D∞.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_min_distance_worst: Option<f64>,
    /// How far somebody who asked was behind the tenant that got most, in the worst window: seconds of its
    /// guaranteed rate (Sheng et al. 2024).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_difference_max_s: Option<f64>,
    /// The mean of the same over windows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_difference_mean_s: Option<f64>,
    /// Its standard deviation over windows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_difference_deviation_s: Option<f64>,
    /// Welfare lost against the max-min division, with α = 1; α = 0 is 1 − `work_conservation`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub welfare_loss_1: Option<f64>,
    /// The same with α = 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub welfare_loss_2: Option<f64>,
    /// The same with α = ∞: 1 − the least sent ÷ entitled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub welfare_loss_max_min: Option<f64>,
    /// The largest over tenants of its messages' waits ÷ those on its part of the quota alone (Mahajan et al.
    /// 2020); at most 1 where sharing is worth while.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finish_time_fairness_max: Option<f64>,
    /// The longest that a tenant waited without a dispatch × its guaranteed rate, segments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub starvation_max_segments: Option<f64>,
    /// The longest from a change to the end of a window in which everybody was sent what it is entitled to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_to_fairness_max_s: Option<Quantile>,
    /// Pairs dispatched in the wrong order of their classes ÷ pairs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wrong_orderness: Option<f64>,
    /// The largest over tenants of its messages' mean displacement, normalised by volume.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub displacement_max: Option<f64>,
}
