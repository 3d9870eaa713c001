//! The plots of a sweep: lines for one axis, or two of which one has few values; maps for two; what
//! follows which for more. Axes that are zipped count one by one.

use crate::experiment::{AxisFacts, PointFigures, SweepSummary, places};
use crate::report::{
    Cloud, EffectPanel, Line, Picture, ReportError, draw_effects, draw_lines, draw_map,
};

use super::outputs::heading;

/// The most lines in a plot that can still be told apart.
const MOST_LINES: usize = 8;

pub(super) fn pictures(summary: &SweepSummary) -> Result<Vec<Picture>, ReportError> {
    let facts = &summary.sweep;
    let failed = |message| ReportError::Plot { name: "sweep", message };
    let subtitle = heading(summary);
    let mut pictures = Vec::new();
    for (number, metric) in facts.metrics.iter().enumerate() {
        let named = |policy: &str| format!("{}-{}{policy}", number + 1, plain(&metric.metric));
        let axis_of = |index: usize| facts.axes[index].name.as_str();
        if let Some(lines) = lines(summary, &metric.metric) {
            let ticks = places(&summary.points, 0);
            let axis = (axis_of(0), ticks.as_slice());
            let svg = draw_lines(&metric.metric, &subtitle, axis, &metric.unit, &lines);
            pictures.push((named(""), svg.map_err(failed)?));
        } else if facts.axes.len() == 2 {
            let both = [places(&summary.points, 0), places(&summary.points, 1)];
            for policy in &facts.policies {
                let point = |row: &PointFigures| {
                    let [x, y] = [0, 1].map(|axis| place_of(&both[axis], &row.values[axis]));
                    Some((x, y, row.mean?))
                };
                let points: Vec<(f64, f64, f64)> =
                    rows(summary, &metric.metric, policy).filter_map(point).collect();
                let title = format!("{}, {policy}", metric.metric);
                let axes = [0, 1].map(|axis| (axis_of(axis), both[axis].as_slice()));
                let svg = draw_map(&title, &subtitle, axes, &metric.unit, &points);
                pictures.push((named(&format!("-{}", plain(policy))), svg.map_err(failed)?));
            }
        } else {
            let panels = effect_panels(summary, &metric.metric);
            let svg = draw_effects(&metric.metric, &subtitle, &metric.unit, &panels);
            pictures.push((named(""), svg.map_err(failed)?));
        }
    }
    Ok(pictures)
}

/// The figures of one metric under one policy.
fn rows<'a>(
    summary: &'a SweepSummary,
    metric: &'a str,
    policy: &'a str,
) -> impl Iterator<Item = &'a PointFigures> {
    summary.points.iter().filter(move |row| row.metric == metric && row.policy == policy)
}

fn place_of(places: &[(f64, String)], text: &str) -> f64 {
    places.iter().find(|(_, known)| known == text).map_or(0.0, |(place, _)| *place)
}

/// A line a policy along the first axis; of two axes a line a policy and value of the second, where
/// there are few enough. `None` where lines cannot show it.
fn lines(summary: &SweepSummary, metric: &str) -> Option<Vec<Line>> {
    let facts = &summary.sweep;
    let along = places(&summary.points, 0);
    let values: Vec<Option<String>> = match facts.axes.len() {
        1 => vec![None],
        2 if facts.design == "grid" => {
            places(&summary.points, 1).into_iter().map(|(_, text)| Some(text)).collect()
        }
        _ => return None,
    };
    let is_few = values.len() == 1
        || values.len() * facts.policies.len() <= MOST_LINES && along.len() >= values.len();
    is_few.then_some(())?;
    let line = |policy: &String, value: &Option<String>| {
        let own = rows(summary, metric, policy)
            .filter(|row| value.as_ref().is_none_or(|value| row.values[1] == *value));
        let point = |row: &PointFigures| {
            Some((place_of(&along, &row.values[0]), row.mean?, row.half_width))
        };
        let mut points: Vec<(f64, f64, Option<f64>)> = own.filter_map(point).collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        let name = match (value, facts.policies.len()) {
            (None, _) => policy.clone(),
            (Some(value), 1) => format!("{} {value}", facts.axes[1].name),
            (Some(value), _) => format!("{policy}, {value}"),
        };
        Line { name, points }
    };
    let pairs = facts.policies.iter().flat_map(|policy| values.iter().map(move |v| (policy, v)));
    Some(pairs.map(|(policy, value)| line(policy, value)).collect())
}

/// One metric against each axis.
fn effect_panels(summary: &SweepSummary, metric: &str) -> Vec<EffectPanel> {
    let facts = &summary.sweep;
    let panel = |(index, axis): (usize, &AxisFacts)| {
        let ticks = places(&summary.points, index);
        let cloud = |policy: &String| {
            let own =
                summary.points.iter().filter(|row| row.metric == metric && row.policy == *policy);
            let points = own.filter_map(|row| {
                let place = ticks.iter().find(|(_, text)| *text == row.values[index])?.0;
                Some((place, row.mean?))
            });
            let effect = summary
                .effects
                .iter()
                .find(|one| one.metric == metric && one.policy == *policy && one.axis == axis.name);
            let correlation = effect.and_then(|effect| effect.rank_correlation);
            Cloud { name: policy.clone(), points: points.collect(), correlation }
        };
        let clouds = facts.policies.iter().map(cloud).collect();
        EffectPanel { axis: axis.name.clone(), ticks: ticks.clone(), clouds }
    };
    facts.axes.iter().enumerate().map(panel).collect()
}

/// A name as part of a file's.
fn plain(name: &str) -> String {
    let kept = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    name.chars().map(|c| if kept(c) { c } else { '-' }).collect()
}
