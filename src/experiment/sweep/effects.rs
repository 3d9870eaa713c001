//! What matters of many axes: how a metric follows each of them over the points of a design.

use serde::Serialize;

use super::{PointFigures, SweepFacts};
use crate::measure::accuracy::agreement::spearman;
use crate::scenario::AxisValue;

/// How one metric follows one axis under one policy.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Effect {
    /// The metric.
    pub metric: String,
    /// The policy.
    pub policy: String,
    /// The axis.
    pub axis: String,
    /// Points that have the figure.
    pub n: usize,
    /// Spearman's rank correlation of the axis and the mean: 1 where the metric always grows with it, −1
    /// where it always falls, near 0 where it does not matter, or first helps and then harms. Absent
    /// where one of them never changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rank_correlation: Option<f64>,
}

/// Where the values of an axis lie: at their numbers, or one after another where they have none.
pub fn places(points: &[PointFigures], axis: usize) -> Vec<(f64, String)> {
    let mut texts: Vec<String> = Vec::new();
    for row in points {
        if !texts.contains(&row.values[axis]) {
            texts.push(row.values[axis].clone());
        }
    }
    let numbers: Option<Vec<f64>> =
        texts.iter().map(|text| AxisValue::of_text(text).number).collect();
    let numbers = numbers.unwrap_or_else(|| (0..texts.len()).map(|i| i as f64).collect());
    let mut places: Vec<(f64, String)> = numbers.into_iter().zip(texts).collect();
    places.sort_by(|a, b| a.0.total_cmp(&b.0));
    places
}

/// Every metric against every axis under every policy.
pub(super) fn effects(facts: &SweepFacts, points: &[PointFigures]) -> Vec<Effect> {
    let places: Vec<_> = (0..facts.axes.len()).map(|axis| places(points, axis)).collect();
    let mut effects = Vec::new();
    for metric in &facts.metrics {
        for policy in &facts.policies {
            let rows: Vec<&PointFigures> = points
                .iter()
                .filter(|row| row.metric == metric.metric && row.policy == *policy)
                .collect();
            for (index, (axis, places)) in facts.axes.iter().zip(&places).enumerate() {
                let pairs: Vec<(f64, f64)> = rows
                    .iter()
                    .filter_map(|row| {
                        let text = &row.values[index];
                        let place = places.iter().find(|(_, known)| known == text)?.0;
                        Some((place, row.mean?))
                    })
                    .collect();
                effects.push(Effect {
                    metric: metric.metric.clone(),
                    policy: policy.clone(),
                    axis: axis.name.clone(),
                    n: pairs.len(),
                    rank_correlation: spearman(&pairs),
                });
            }
        }
    }
    effects
}
