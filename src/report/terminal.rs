//! The table that ends a run: who waited how long, was it fair, was the detector right.

use super::glance::{Glance, GroupLine, RunInfo, TenantLine};
use super::human::{ABSENT, count, figure, measured_against, percent, quantile, time};
use super::text_table::{TextTable, shortened, wrapped};
use super::twins;
use crate::measure::{DetectionFigures, FairnessFigures, Findings, Ledger, TimeFigures};

/// Columns of a terminal that the table keeps to.
const WIDTH: usize = 100;
/// More groups, classes or destinations than this are left to the files.
const MOST_ROWS: usize = 12;

/// In which form the closing numbers are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people, at a terminal.
    Table(Style),
    /// For programs: unrounded.
    Json,
    /// For programs: one row a number, unrounded.
    Csv,
    /// For people, in a pull request.
    Markdown,
}

/// Whether the table is coloured. Who calls knows the terminal and `NO_COLOR`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Text alone.
    Plain,
    /// With ANSI colours.
    Coloured,
}

/// The closing numbers of a run in the form asked for.
pub fn render(findings: &Findings, info: &RunInfo, format: Format) -> String {
    let glance = Glance::new(findings, info);
    match format {
        Format::Table(style) => table(&glance, Paint::new(style)),
        Format::Json => twins::json(&glance),
        Format::Csv => twins::csv(&glance),
        Format::Markdown => twins::markdown(&glance),
    }
}

fn table(glance: &Glance, paint: Paint) -> String {
    let mut sections = vec![heading(glance, paint)];
    if !glance.groups.is_empty() {
        sections.push(groups(glance, paint));
    }
    let graded = glance.classes.iter().any(|class| class.figures.on_time.is_some());
    if glance.classes.len() > 1 || graded {
        sections.push(classes(glance, paint));
    }
    if glance.destinations.len() > 1 {
        sections.push(destinations(glance, paint));
    }
    let mut verdicts = wrapped(paint, "messages", &outcomes(glance.messages), WIDTH);
    verdicts.push_str(&wrapped(paint, "fairness", &fairness(glance.fairness), WIDTH));
    verdicts.push_str(&wrapped(paint, "detector", &detector(glance), WIDTH));
    verdicts.push_str(&checks(glance, paint));
    sections.push(verdicts);
    sections.join("\n")
}

fn heading(glance: &Glance, paint: Paint) -> String {
    let title = format!("{} · {} · seed {}", glance.scenario, glance.policy, glance.seed);
    let messages = count(glance.messages.submitted);
    let digest = shortened(&glance.digest, 16);
    let facts = format!("{messages} messages in {} · {digest}", time(glance.ended_s));
    let used = title.chars().count() + facts.chars().count();
    let (title, facts) = (paint.apply(Tone::Strong, &title), paint.apply(Tone::Faint, &facts));
    if used + 3 > WIDTH {
        return format!("{title}\n{facts}\n");
    }
    format!("{title}{:1$}{facts}\n", "", WIDTH - used)
}

fn groups(glance: &Glance, paint: Paint) -> String {
    let mut table = TextTable::new(&[
        "who",
        "submitted",
        "delivered",
        "refused",
        "expired",
        "dwell p50",
        "p99",
        "max",
        "share",
        "entitled",
    ]);
    for group in glance.groups.iter().take(MOST_ROWS) {
        table.row(Tone::Plain, group_cells(group));
        if let Some(worst) = &group.worst {
            table.row(Tone::Faint, worst_cells(worst, glance.destinations.len() > 1));
        }
    }
    table.drop_empty(&["", "0", ABSENT]);
    table.print(paint, WIDTH) + &left_out(glance.groups.len(), "groups", "tenants.csv", paint)
}

fn group_cells(group: &GroupLine) -> Vec<String> {
    let name = match group.tenants {
        0 | 1 => group.name.clone(),
        tenants => format!("{} ({})", group.name, count(tenants as u64)),
    };
    let mut cells = vec![name];
    cells.extend(ledger_cells(group.messages));
    cells.extend(dwell_cells(&group.figures.dwell_s));
    cells.extend([group.share, group.entitled].map(share_cell));
    cells
}

fn worst_cells(worst: &TenantLine, name_destination: bool) -> Vec<String> {
    let place = if name_destination { format!(" at {}", worst.destination) } else { String::new() };
    let mut cells = vec![format!("  worst: {}{place}", worst.tenant)];
    cells.extend(ledger_cells(worst.messages));
    cells.extend(dwell_cells(&worst.dwell_s));
    cells.extend([worst.share, worst.entitled].map(share_cell));
    cells
}

fn ledger_cells(messages: Ledger) -> [String; 4] {
    [messages.submitted, messages.delivered, messages.refused, messages.expired].map(count)
}

fn dwell_cells(times: &TimeFigures) -> [String; 3] {
    [times.p50, times.p99, times.max].map(quantile)
}

fn share_cell(share: Option<f64>) -> String {
    share.map_or(ABSENT.to_owned(), percent)
}

fn classes(glance: &Glance, paint: Paint) -> String {
    let mut table = TextTable::new(&[
        "class",
        "submitted",
        "on time",
        "dwell p50",
        "p99",
        "max",
        "latency p50",
        "p99",
    ]);
    for class in glance.classes.iter().take(MOST_ROWS) {
        let figures = &class.figures;
        let mut cells = vec![class.name.clone(), count(figures.submitted)];
        cells.push(share_cell(figures.on_time));
        cells.extend(dwell_cells(&figures.dwell_s));
        cells.extend([figures.latency_s.p50, figures.latency_s.p99].map(quantile));
        table.row(Tone::Plain, cells);
    }
    table.drop_empty(&[ABSENT]);
    table.print(paint, WIDTH) + &left_out(glance.classes.len(), "classes", "summary.json", paint)
}

fn destinations(glance: &Glance, paint: Paint) -> String {
    let mut table = TextTable::new(&[
        "destination",
        "quota",
        "offered",
        "sent",
        "quota used",
        "dwell p50",
        "p99",
        "max",
    ]);
    for place in glance.destinations.iter().take(MOST_ROWS) {
        let quota = place.quota_per_s.map(|rate| format!("{}/s", figure(rate)));
        let mut cells = vec![place.name.clone(), quota.unwrap_or_else(|| "no limit".to_owned())];
        cells.extend([place.offered_segments, place.sent_segments].map(count));
        cells.push(share_cell(place.work_conservation));
        cells.extend(dwell_cells(&place.dwell_s));
        table.row(Tone::Plain, cells);
    }
    let hidden = left_out(glance.destinations.len(), "destinations", "destinations.csv", paint);
    table.print(paint, WIDTH) + &hidden
}

fn left_out(all: usize, what: &str, file: &str, paint: Paint) -> String {
    if all <= MOST_ROWS {
        return String::new();
    }
    let hidden = count((all - MOST_ROWS) as u64);
    paint.apply(Tone::Faint, &format!("and {hidden} more {what}: {file}")) + "\n"
}

/// Where the messages ended, naming only the states that any is in.
pub(super) fn outcomes(messages: Ledger) -> Vec<String> {
    let parts = [
        (messages.delivered, "delivered"),
        (messages.accepted, "at the carrier without receipt"),
        (messages.failed, "failed"),
        (messages.refused, "refused"),
        (messages.expired, "expired"),
        (messages.cancelled, "cancelled"),
        (messages.unknown, "of unknown outcome"),
        (messages.queued, "still queued"),
        (messages.parked, "waiting for another attempt"),
        (messages.in_flight, "in flight"),
        (messages.duplicates, "delivered twice"),
    ];
    let some = parts.into_iter().filter(|(number, _)| *number > 0);
    let words: Vec<String> =
        some.map(|(number, name)| format!("{} {name}", count(number))).collect();
    if words.is_empty() { vec!["none were submitted".to_owned()] } else { words }
}

/// Fairness in words.
pub(super) fn fairness(figures: FairnessFigures) -> Vec<String> {
    let words: Vec<String> = [
        figures.jain.map(|jain| format!("Jain's index {}", figure(jain))),
        figures.max_min_distance.map(|part| format!("{} off the max-min division", percent(part))),
        figures
            .contention_share_min
            .map(|part| format!("least served tenant got {} of its due", percent(part))),
        figures.work_conservation.map(|part| format!("{} of usable quota used", percent(part))),
    ]
    .into_iter()
    .flatten()
    .collect();
    if words.is_empty() { vec!["nobody competed".to_owned()] } else { words }
}

/// Detection in words.
pub(super) fn detector(glance: &Glance) -> Vec<String> {
    let Some(figures) = &glance.detection else { return vec!["switched off".to_owned()] };
    let mut words = vec![found(figures)];
    if !glance.missed.is_empty() {
        let mut names: Vec<&str> = glance.missed.iter().take(3).map(String::as_str).collect();
        if glance.missed.len() > 3 {
            names.push("…");
        }
        words.push(format!("missed {}", names.join(", ")));
    }
    let plural = |number: u64, one: &str| {
        if number == 1 { format!("1 {one}") } else { format!("{} {one}s", count(number)) }
    };
    let (alerts, wrong) =
        (plural(figures.alerts, "alert"), plural(figures.false_alarms, "false alarm"));
    words.push(format!("{wrong} in {alerts}"));
    words
}

fn found(figures: &DetectionFigures) -> String {
    if figures.incidents == 0 {
        return "no incident to find".to_owned();
    }
    let of = format!("{} of {}", count(figures.detected), count(figures.incidents));
    let noun = if figures.incidents == 1 { "incident" } else { "incidents" };
    match figures.delay_median_s {
        Some(delay) if figures.detected > 1 => {
            format!("{of} {noun} found, half of them within {}", time(delay))
        }
        Some(delay) => format!("{of} {noun} found after {}", time(delay)),
        None => format!("{of} {noun} found"),
    }
}

fn checks(glance: &Glance, paint: Paint) -> String {
    let passed = glance.checks.iter().filter(|check| check.passed).count();
    let total = glance.checks.len();
    let verdict = match total {
        0 => "none in the scenario".to_owned(),
        _ if passed == total => paint.apply(Tone::Good, &format!("{total} of {total} passed")),
        _ => paint.apply(Tone::Bad, &format!("{} of {total} failed", total - passed)),
    };
    let mut text = wrapped(paint, "checks", &[verdict], usize::MAX);
    let longest = |part: fn(&crate::measure::CheckResult) -> usize| {
        glance.checks.iter().map(part).max().unwrap_or(0)
    };
    let name_width = longest(|check| check.name.chars().count()).min(44);
    let of = |check: &crate::measure::CheckResult| format!("{} of {}", check.metric, check.of);
    let of_width = longest(|check| check.metric.len() + 4 + check.of.chars().count()).min(28);
    for check in &glance.checks {
        let (mark, tone) = if check.passed { ("✓", Tone::Good) } else { ("✗", Tone::Bad) };
        let line = if check.passed { String::new() } else { format!("  line {}", check.line) };
        text.push_str(&format!(
            "  {} {:<name_width$}  {}  {}{}\n",
            paint.apply(tone, mark),
            shortened(&check.name, name_width),
            paint.apply(Tone::Faint, &format!("{:<of_width$}", shortened(&of(check), of_width))),
            measured_against(check),
            paint.apply(Tone::Faint, &line),
        ));
    }
    if let Some(results) = &glance.results {
        text.push_str(&wrapped(paint, "results", std::slice::from_ref(results), usize::MAX));
    }
    if passed < total {
        let command = std::slice::from_ref(&glance.reproduce);
        text.push_str(&wrapped(paint, "reproduce", command, usize::MAX));
    }
    text
}

/// What a piece of text is, to be shown by colour as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    Strong,
    Faint,
    Good,
    Bad,
}

/// Colours text, or not.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paint(Style);

impl Paint {
    pub(super) const fn new(style: Style) -> Self {
        Paint(style)
    }

    pub(super) fn apply(self, tone: Tone, text: &str) -> String {
        let code = match (self.0, tone) {
            (Style::Plain, _) | (_, Tone::Plain) => return text.to_owned(),
            (_, Tone::Strong) => "1",
            (_, Tone::Faint) => "2",
            (_, Tone::Good) => "32",
            (_, Tone::Bad) => "1;31",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }
}
