//! Which way a metric is good.

use super::Metric;

/// Metrics of which less is better.
const SMALLER: [&str; 50] = [
    "duplicates",
    "refused_ratio",
    "expired_ratio",
    "failed_ratio",
    "dwell_p50",
    "dwell_p90",
    "dwell_p99",
    "dwell_max",
    "dwell_mean",
    "dwell_p99_worst",
    "latency_p50",
    "latency_p90",
    "latency_p99",
    "latency_max",
    "latency_mean",
    "max_min_distance",
    "relative_fairness_bound",
    "lag_max",
    "lead_max",
    "worst_case_fair_index",
    "gps_lag",
    "gps_lead",
    "gps_lag_max",
    "gps_lead_max",
    "gps_lateness_p99",
    "gps_lateness_max",
    "absolute_fairness_bound",
    "max_min_distance_worst",
    "starvation_segments",
    "welfare_loss_1",
    "welfare_loss_2",
    "welfare_loss_max_min",
    "service_difference_max",
    "service_difference_mean",
    "service_difference_deviation",
    "displacement_max",
    "wrong_orderness",
    "time_to_fairness",
    "finish_time_fairness_max",
    "dwell_p999",
    "latency_p999",
    "starvation_max",
    "service_jitter_max",
    "unfairness_first",
    "gini",
    "theil",
    "atkinson",
    "service_gap",
    "false_alarms",
    "detection_delay",
];

/// Metrics of which more is better.
const LARGER: [&str; 12] = [
    "delivered",
    "delivered_ratio",
    "on_time",
    "on_time_worst",
    "jain",
    "jain_normalised",
    "work_conservation",
    "utilisation",
    "contention_share_min",
    "min_max_ratio",
    "recall",
    "precision",
];

impl Metric {
    /// Whether less of it is better (`Some(true)`), more (`Some(false)`), or neither can be said: a
    /// number of submissions or a share is good or bad only for somebody.
    pub fn smaller_is_better(&self) -> Option<bool> {
        let is = |names: &[&str]| names.contains(&self.name);
        if is(&SMALLER) {
            return Some(true);
        }
        is(&LARGER).then_some(false)
    }
}

#[cfg(test)]
mod tests {
    use super::super::find;
    use super::*;

    #[test]
    fn every_name_is_a_metric_and_stands_once() {
        for name in SMALLER.iter().chain(&LARGER) {
            let metric = find(name).unwrap_or_else(|| panic!("no metric {name}"));
            assert_eq!(metric.smaller_is_better(), Some(SMALLER.contains(name)));
            assert_ne!(SMALLER.contains(name), LARGER.contains(name), "{name}");
        }
        assert_eq!(find("share_mean").and_then(Metric::smaller_is_better), None);
    }
}
