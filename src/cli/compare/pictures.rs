//! The plots of a comparison.

use crate::experiment::{Change, Comparison, Figure, PolicyIsolation, TenantIsolation};
use crate::report::{
    Bar, Course, Interval, IntervalPanel, Picture, ReportError, draw_changes, draw_courses,
    draw_intervals,
};

/// What the two colours of the means say.
const LEGEND: [&str; 2] = ["best, or not shown to be worse", "shown not to be best, or unordered"];
/// And those of the slowdowns.
const SLOWDOWN_LEGEND: [&str; 2] = ["not shown to be slowed down", "slowed down by company"];
/// Tenants in a plot of slowdowns; all of them are in `isolation.csv`.
const MOST_SLOWED: usize = 20;

/// The plots: means, changes by tenant, courses, isolation.
pub(super) fn pictures(comparison: &Comparison) -> Result<Vec<Picture>, ReportError> {
    let failed = |name: &'static str| move |message| ReportError::Plot { name, message };
    let subtitle = format!(
        "{}, {} replications, {} % intervals",
        comparison.scenario,
        comparison.replications,
        comparison.level * 100.0
    );
    let panels: Vec<IntervalPanel> = comparison
        .metrics
        .iter()
        .map(|metric| IntervalPanel {
            title: match metric.better {
                Some(better) => format!("{}, {better} is better", metric.metric),
                None => metric.metric.clone(),
            },
            unit: metric.unit.to_owned(),
            rows: metric
                .rows
                .iter()
                .map(|row| Interval {
                    name: row.contestant.clone(),
                    mean: row.mean,
                    half_width: row.half_width,
                    is_marked: row.standing.is_some_and(|standing| standing != "not best"),
                    is_censored: row.censored > 0,
                })
                .collect(),
        })
        .collect();
    let means = draw_intervals("Means and their intervals", &subtitle, LEGEND, &panels);
    let mut pictures = vec![("means".to_owned(), means.map_err(failed("means"))?)];
    for changes in &comparison.tenants {
        let bars: Vec<Bar> = changes
            .tenants
            .iter()
            .map(|row| Bar {
                name: row.tenant.clone(),
                change_s: row.difference_s,
                half_width_s: row.half_width_s,
                is_shown: row.change != Change::Unchanged,
            })
            .collect();
        let title = format!(
            "Who waits longer under {} than under {}",
            changes.contestant, comparison.baseline
        );
        let svg = draw_changes(&title, &subtitle, &bars).map_err(failed("tenants"))?;
        pictures.push((format!("tenants-{}", file_name(&changes.contestant)), svg));
    }
    let courses: Vec<Course> = comparison
        .warm_up
        .iter()
        .map(|one| Course {
            name: one.contestant.clone(),
            points: one.course.clone(),
            fixed_s: one.warm_up_s,
            suggested_s: one.suggested_s,
            remark: one.remark.to_owned(),
        })
        .collect();
    let svg = draw_courses("The course of the dwell", &subtitle, &courses);
    pictures.push(("warm-up".to_owned(), svg.map_err(failed("warm-up"))?));
    if let Some(isolation) = &comparison.isolation {
        let panels: Vec<IntervalPanel> = isolation.policies.iter().map(slowdowns).collect();
        let title = "What company costs: latency in company / alone";
        let svg = draw_intervals(title, &subtitle, SLOWDOWN_LEGEND, &panels);
        pictures.push(("isolation".to_owned(), svg.map_err(failed("isolation"))?));
    }
    Ok(pictures)
}

/// The tenants that company slows down most, under one policy.
fn slowdowns(policy: &PolicyIsolation) -> IntervalPanel {
    let row = |row: &TenantIsolation| {
        let Figure { mean, half_width, .. } = row.slowdown_mean;
        // An interval of no width around 1 is one that reaches to 1.
        let is_marked = mean.zip(half_width).is_some_and(|(mean, half)| mean - half <= 1.0);
        Interval { name: row.tenant.clone(), mean, half_width, is_marked, is_censored: false }
    };
    IntervalPanel {
        title: format!("mean slowdown under {}, 1 is perfect", policy.policy),
        unit: String::new(),
        rows: policy.tenants.iter().take(MOST_SLOWED).map(row).collect(),
    }
}

/// A contestant's name as part of a file's.
fn file_name(name: &str) -> String {
    let kept = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    name.chars().map(|c| if kept(c) { c } else { '-' }).collect()
}
