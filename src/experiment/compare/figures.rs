//! The figures of a comparison, metric by metric.

use serde::Serialize;

use super::super::medians::{Median, median};
use super::super::replicate::{SLOTS, Slot};
use super::super::statistics::{
    Better, Standing, Suggestion, compare_with_best, holm, mean_interval, paired_difference,
    warm_up as mser_5,
};
use super::fold::{Side, known};
use super::{ComparisonPlan, Contestant};
use crate::measure::Quantile;

/// One metric of all contestants.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MetricComparison {
    /// The metric, with its selection as written on the command line.
    pub metric: String,
    /// Its unit: `"s"` or empty.
    pub unit: &'static str,
    /// `"smaller"`, `"larger"`, or absent where neither is better.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub better: Option<&'static str>,
    /// Replications in which every contestant has the figure: only they count.
    pub n: usize,
    /// By contestant, in order.
    pub rows: Vec<ContestantFigures>,
}

/// One metric of one contestant. What rests on Student's distribution is rounded to six digits.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ContestantFigures {
    /// The contestant.
    pub contestant: String,
    /// Mean over the replications; absent when there are none that count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean: Option<f64>,
    /// Half the width of its interval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub half_width: Option<f64>,
    /// Replications in which the figure is only known to be larger than what was counted: the quantile
    /// lies among messages that never got there. The mean is then too small.
    pub censored: usize,
    /// Whether the values lean so much to one side that n is too small for the interval.
    pub is_too_skewed: bool,
    /// The median, whose interval needs no assumption about skewness, and holds for censored figures.
    #[serde(flatten)]
    pub median: Median,
    /// Mean of this minus the baseline, in pairs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub difference: Option<f64>,
    /// Half the width of its interval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub difference_half_width: Option<f64>,
    /// Probability of such a difference if there were none, adjusted for all differences of the table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p_holm: Option<f64>,
    /// What pairing bought: variance of independent replications ÷ variance of the pairs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variance_ratio: Option<f64>,
    /// `"best"`, `"possibly best"` or `"not best"`, all contestants at the level together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standing: Option<&'static str>,
    /// Interval of the difference from the best of the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub with_best: Option<[f64; 2]>,
}

/// Where a contestant's course has settled.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WarmUpSuggestion {
    /// The contestant.
    pub contestant: String,
    /// What its scenario deletes.
    pub warm_up_s: f64,
    /// What MSER-5 would delete, seconds from the start; absent when it has nothing to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suggested_s: Option<f64>,
    /// Why not, or what to make of it.
    pub remark: &'static str,
    /// Start in seconds and mean dwell in seconds of each part of the run that has messages.
    #[serde(skip)]
    pub course: Vec<(f64, f64)>,
}

/// Six significant digits: below them platforms may differ.
pub fn significant(value: f64) -> f64 {
    if value.is_finite() { format!("{value:.5e}").parse().unwrap_or(value) } else { value }
}

pub(super) fn metrics(plan: &ComparisonPlan<'_>, sides: &[Side]) -> Vec<MetricComparison> {
    let mut compared: Vec<MetricComparison> =
        (0..plan.metrics.len()).map(|index| metric(plan, sides, index)).collect();
    // One family: every difference of the table.
    let rows = || compared.iter().flat_map(|metric| &metric.rows);
    let p_values: Vec<f64> = rows().filter_map(|row| row.p_holm).collect();
    let mut adjusted = holm(&p_values).into_iter();
    for row in compared.iter_mut().flat_map(|metric| &mut metric.rows) {
        if row.p_holm.is_some() {
            row.p_holm = adjusted.next().map(significant);
        }
    }
    compared
}

/// One metric; `p_holm` of its rows is not adjusted yet.
fn metric(plan: &ComparisonPlan<'_>, sides: &[Side], index: usize) -> MetricComparison {
    let chosen = &plan.metrics[index];
    let replications = sides.iter().map(|side| side.values[index].len()).min().unwrap_or(0);
    let complete: Vec<usize> = (0..replications)
        .filter(|k| sides.iter().all(|side| side.values[index][*k].is_some()))
        .collect();
    let of = |side: &Side| -> Vec<Quantile> {
        complete.iter().filter_map(|k| side.values[index][*k]).collect()
    };
    let quantiles: Vec<Vec<Quantile>> = sides.iter().map(of).collect();
    let values: Vec<Vec<f64>> =
        quantiles.iter().map(|one| one.iter().map(|value| known(*value)).collect()).collect();
    let better = chosen.metric.smaller_is_better().map(|smaller| match smaller {
        true => Better::Smaller,
        false => Better::Larger,
    });
    let with_best = better.and_then(|better| compare_with_best(&values, better, plan.level));
    let row = |(position, contestant): (usize, &Contestant<'_>)| {
        let own = &values[position];
        let interval = mean_interval(own, plan.level);
        let mean = (!own.is_empty()).then(|| own.iter().sum::<f64>() / own.len() as f64);
        let pair = (position != plan.baseline)
            .then(|| paired_difference(own, &values[plan.baseline], plan.level))
            .flatten();
        let best = with_best.as_ref().map(|all| &all[position]);
        let is_censored = |value: &&Quantile| matches!(value, Quantile::Above(_));
        ContestantFigures {
            contestant: contestant.name.to_owned(),
            mean: interval.map(|interval| interval.mean).or(mean),
            half_width: interval.map(|interval| significant(interval.half_width)),
            censored: quantiles[position].iter().filter(is_censored).count(),
            is_too_skewed: interval.is_some_and(|interval| interval.is_too_skewed()),
            median: median(&quantiles[position], plan.level),
            difference: pair.map(|pair| pair.difference.mean),
            difference_half_width: pair.map(|pair| significant(pair.difference.half_width)),
            p_holm: pair.map(|pair| pair.p_value),
            variance_ratio: pair.and_then(|pair| pair.variance_ratio).map(significant),
            standing: best.map(|best| match best.standing {
                Standing::Best => "best",
                Standing::PossiblyBest => "possibly best",
                Standing::NotBest => "not best",
            }),
            with_best: best.map(|best| [significant(best.low), significant(best.high)]),
        }
    };
    MetricComparison {
        metric: chosen.to_string(),
        unit: chosen.metric.unit.symbol(),
        better: better.map(|better| match better {
            Better::Smaller => "smaller",
            Better::Larger => "larger",
        }),
        n: complete.len(),
        rows: plan.contestants.iter().enumerate().map(row).collect(),
    }
}

/// What MSER-5 makes of a contestant's course, averaged over the replications.
pub(super) fn warm_up(contestant: &Contestant<'_>, slots: &[Slot]) -> WarmUpSuggestion {
    let width_s = contestant.scenario.duration.as_seconds_f64() / SLOTS as f64;
    let course: Vec<(f64, f64)> = slots
        .iter()
        .enumerate()
        .filter(|(_, slot)| slot.dispatched > 0)
        .map(|(index, slot)| {
            (index as f64 * width_s, slot.dwell_ns as f64 / slot.dispatched as f64 / 1e9)
        })
        .collect();
    let series: Vec<f64> = course.iter().map(|(_, dwell_s)| *dwell_s).collect();
    let (suggested_s, remark) = match mser_5(&series).suggestion {
        Suggestion::Delete(0) => (Some(0.0), "settled from the start"),
        Suggestion::Delete(observations) => {
            let cut = course.get(observations).map(|(start_s, _)| *start_s);
            (cut, "fix it as `warm-up` in the scenario if the plot agrees")
        }
        Suggestion::NotReached => (None, "not settled within the run, or it has an end of its own"),
        Suggestion::TooShort => (None, "too few messages to say"),
    };
    let warm_up_s = contestant.scenario.warm_up.as_seconds_f64();
    let contestant = contestant.name.to_owned();
    WarmUpSuggestion { contestant, warm_up_s, suggested_s, remark, course }
}
