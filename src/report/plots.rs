//! The three pictures of a run, as SVG: shares over time, waiting times, what the detector saw.
//!
//! Equal findings give equal bytes. Every picture says which scenario, policy and seed it shows, and
//! one without data says so instead of being left out. Colours are those of Okabe and Ito, which
//! remain distinct to colour-blind readers.

mod canvas;
mod detection;
mod dwell;
mod many;
mod share;
mod time_axis;

pub use many::{
    Bar, Cloud, Course, EffectPanel, Interval, IntervalPanel, Line, ScoredSeries, Track,
    draw_changes, draw_courses, draw_effects, draw_intervals, draw_lines, draw_map,
    draw_scored_series,
};

use super::ReportError;
use crate::measure::{Findings, Summary};

/// One picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plot {
    /// Its name; the file is `plots/<name>.svg`.
    pub name: &'static str,
    /// What it shows, in a few words.
    pub title: &'static str,
    /// The picture.
    pub svg: String,
}

/// Draws all pictures of a run.
///
/// # Errors
/// When the drawing library fails, which it has no known reason to.
pub fn draw(findings: &Findings) -> Result<Vec<Plot>, ReportError> {
    let drawers: [(&'static str, &'static str, Drawer); 3] = [
        ("share", "Share against entitlement", share::draw),
        ("dwell", "Waiting time until first dispatch", dwell::draw),
        ("detection", "Injected failures and alerts", detection::draw),
    ];
    let plot = |(name, title, draw): (&'static str, &'static str, Drawer)| {
        let svg = draw(findings, title).map_err(|message| ReportError::Plot { name, message })?;
        Ok(Plot { name, title, svg })
    };
    drawers.into_iter().map(plot).collect()
}

type Drawer = fn(&Findings, &str) -> Result<String, String>;

/// Which run a picture shows.
fn run_of(summary: &Summary) -> String {
    format!("{}, policy {}, seed {}", summary.scenario, summary.policy, summary.seed)
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    fn svg(findings: &Findings, name: &str) -> String {
        let plots = draw(findings).expect("drawn");
        plots.into_iter().find(|plot| plot.name == name).expect("a picture").svg
    }

    #[test]
    fn every_picture_holds_its_series() {
        let findings = sample::findings();
        let share = svg(&findings, "share");
        for text in ["bulk", "small", "carrier-down", "burst", "noisy, policy scoring, seed 1"] {
            assert!(share.contains(text), "share lacks {text}");
        }
        assert!(share.matches("<polyline").count() >= 4, "two groups, sent and entitled");
        let dwell = svg(&findings, "dwell");
        for text in ["bulk", "small (3)", "otp", "marketing", "&gt;41 min", "1.2 s"] {
            assert!(dwell.contains(text), "dwell lacks {text}");
        }
        let detection = svg(&findings, "detection");
        for text in ["burst", "found after 5 min", "carrier-down", "missed", "small-1"] {
            assert!(detection.contains(text), "detection lacks {text}");
        }
    }

    #[test]
    fn a_run_without_data_draws_pictures_that_say_so() {
        for plot in draw(&sample::empty()).expect("drawn") {
            assert!(plot.svg.starts_with("<svg"), "{}", plot.name);
            assert!(plot.svg.trim_end().ends_with("</svg>"), "{}", plot.name);
            assert!(plot.svg.contains("no data"), "{}", plot.name);
        }
    }

    #[test]
    fn equal_findings_give_equal_bytes() {
        assert_eq!(
            draw(&sample::findings()).expect("drawn"),
            draw(&sample::findings()).expect("drawn")
        );
    }

    #[test]
    fn hostile_names_stay_text() {
        let mut findings = sample::findings();
        findings.summary.scenario = "<script>&\u{1}".into();
        findings.incidents[0].fault = "</text><b>".into();
        for plot in draw(&findings).expect("drawn") {
            assert!(!plot.svg.contains("<script>") && !plot.svg.contains("<b>"), "{}", plot.name);
            assert!(!plot.svg.contains('\u{1}'), "{}", plot.name);
        }
    }
}
