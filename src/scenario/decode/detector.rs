//! `[detector]`.

use super::super::diagnostics::{Problem, Reporter};
use super::super::reader::{Field, Shape, TableReader, TableSpec};
use super::super::resolved::DetectorChoice;
use super::super::tree::Node;
use super::ROOT;
use super::values::did_you_mean;
use crate::detector::DetectorSettings;
use crate::time::Span;

pub(crate) static DETECTOR: TableSpec = TableSpec {
    title: "`[detector]`",
    doc: "Switches the anomaly detector on.",
    fields: &[&[
        Field::with_default("enabled", Shape::Boolean, "true", "false switches it off again"),
        Field::with_default("name", Shape::Text, "\"scores\"", "which detector"),
        Field::with_default(
            "window",
            Shape::Span,
            "\"5min\"",
            "width of an evaluation window, 15 s to 1 h",
        ),
        Field::with_default(
            "quiet",
            Shape::Span,
            "\"1h\"",
            "after an alert was cleared, the same account stays quiet this long",
        ),
        Field::with_default(
            "raise-at",
            Shape::Number { least: 0.0, most: 1.0 },
            "0.5",
            "impact at which an alert is raised",
        ),
        Field::with_default(
            "clear-at",
            Shape::Number { least: 0.0, most: 1.0 },
            "0.3",
            "impact below which it is cleared; below `raise-at`",
        ),
    ]],
    kind: None,
};

/// Less than this is too little for an hour's mean to follow, in the precision in which it is kept.
const WINDOW_MIN: Span = Span::from_seconds(15);
/// More than this belongs to several hours of the day.
const WINDOW_MAX: Span = Span::from_seconds(3_600);

/// Why a detector cannot watch in windows of this width, if so.
fn unfit_window(width: Span) -> Option<&'static str> {
    if width > WINDOW_MAX {
        return Some("it would belong to several hours of the day");
    }
    if width < WINDOW_MIN {
        return Some("too short for the mean of an hour to follow");
    }
    let is_whole = width.as_nanoseconds().is_multiple_of(1_000_000_000);
    (!is_whole).then_some("hours and days are counted in whole seconds")
}

/// Reads the detector. The outer `None` was reported, the inner one is "switched off".
pub(crate) fn detector(
    reporter: &Reporter,
    known: &[&str],
    node: &Node,
) -> Option<Option<DetectorChoice>> {
    let reader = TableReader::open(reporter, &ROOT, &DETECTOR, node)?;
    let enabled = reader.boolean("enabled");
    let name = reader.text("name");
    let window = reader.positive_span("window");
    if let Some(why) = window.and_then(unfit_window) {
        let title = "a detector's window is whole seconds, from 15 s to 1 h";
        reader.reject("window", title, why.to_owned());
    }
    let quiet = reader.span("quiet");
    let (raise_at, clear_at) = (reader.number("raise-at"), reader.number("clear-at"));
    if let (Some(raise), Some(clear)) = (raise_at, clear_at)
        && clear >= raise
    {
        let key = if reader.has("clear-at") { "clear-at" } else { "raise-at" };
        let label = format!("it raises at {raise} and clears at {clear}");
        reader.reject(key, "`clear-at` is not below `raise-at`", label);
    }
    if let Some(name) = &name
        && !known.contains(&name.text.as_str())
    {
        let title = format!("there is no detector named `{}`", name.text);
        let label = did_you_mean(&name.text, known.iter().copied());
        reporter.report(Problem::new(title, name.mark, label));
    }
    reader.finish();
    let settings = DetectorSettings {
        window: window?,
        quiet: quiet?,
        raise_at: raise_at?,
        clear_at: clear_at?,
    };
    let choice = DetectorChoice { name: name?.text, settings };
    Some(enabled?.then_some(choice))
}
