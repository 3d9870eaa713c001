//! The table that ends a run: who waited how long, was it fair, was the detector right.

use super::glance::{Glance, GroupLine, RunInfo, TenantLine};
use super::human::{ABSENT, count, figure, measured_against, percent, quantile, time};
use super::impact;
use super::text_table::{TextTable, shortened, wrapped};
use super::twins;
use crate::measure::{
    CheckResult, DetectionFigures, FairnessFigures, Findings, Ledger, TimeFigures,
};

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
    if let Some(causal) = &glance.causal {
        sections.push(impact::table(causal, paint, WIDTH));
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
    let longest =
        |part: &dyn Fn(&CheckResult) -> usize| glance.checks.iter().map(part).max().unwrap_or(0);
    let name_width = longest(&|check| check.name.chars().count()).min(40);
    let of = |check: &CheckResult| format!("{} of {}", check.metric, check.of);
    let of_longest = longest(&|check| of(check).chars().count());
    let measured = longest(&|check| measured_against(check).chars().count());
    // Mark, gaps and the line number of a failed check take 20 columns.
    let of_width = of_longest.min(WIDTH.saturating_sub(name_width + measured + 20).max(20));
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
pub(crate) enum Tone {
    Plain,
    Strong,
    Faint,
    Good,
    Bad,
}

/// Colours text, or not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint(Style);

impl Paint {
    pub(crate) const fn new(style: Style) -> Self {
        Paint(style)
    }

    pub(crate) fn apply(self, tone: Tone, text: &str) -> String {
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

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    fn rendered(findings: &Findings, format: Format) -> String {
        let info = RunInfo {
            reproduce: "apportion run scenarios/noisy.toml --policy scoring --seed 1".into(),
            results: Some("results/noisy/scoring-1".into()),
        };
        render(findings, &info, format)
    }

    #[test]
    fn the_table_reads_as_promised() {
        let text = rendered(&sample::findings(), Format::Table(Style::Plain));
        assert_eq!(
            text,
            "\
noisy · scoring · seed 1                                   28,104 messages in 1 h · v1:ab12cd34ef56…

who               submitted  delivered   dwell p50      p99      max   share  entitled
bulk                 25,000     24,410  12 min 1 s  >41 min  >41 min  71.4 %    71.4 %
small (3)             3,104      3,104      100 ms    1.2 s      3 s  28.6 %    28.6 %
  worst: small-2      1,100      1,100      200 ms    2.5 s      3 s   9.5 %     9.5 %

class      submitted  on time   dwell p50      p99      max  latency p50      p99
marketing     25,000        -  12 min 1 s  >41 min  >41 min   12 min 1 s  >41 min
otp            3,104   98.7 %      100 ms    1.2 s      3 s       100 ms    1.2 s

messages   27,490 delivered · 114 failed · 500 still queued
fairness   Jain's index 0.9994 · 0.4 % off the max-min division
           least served tenant got 98.1 % of its due · 99.9 % of usable quota used
detector   1 of 2 incidents found after 5 min · missed carrier-down · 1 false alarm in 2 alerts
checks     2 of 3 failed
  ✓ small tenants wait seconds  dwell_p99 of small  1.2 s <= 5 s
  ✗ bulk < 30 min               dwell_p99 of bulk   41 min <= 30 min  line 41
  ✗ recall                      recall of all       no such figure >= 0.9  line 50
results    results/noisy/scoring-1
reproduce  apportion run scenarios/noisy.toml --policy scoring --seed 1
"
        );
    }

    #[test]
    fn colour_changes_nothing_but_colour() {
        let findings = sample::findings();
        let coloured = rendered(&findings, Format::Table(Style::Coloured));
        assert!(coloured.contains("\u{1b}[1;31m✗\u{1b}[0m"));
        let mut plain = String::new();
        for (index, part) in coloured.split('\u{1b}').enumerate() {
            let skipped = if index == 0 { 0 } else { part.find('m').expect("a code") + 1 };
            plain.push_str(&part[skipped..]);
        }
        assert_eq!(plain, rendered(&findings, Format::Table(Style::Plain)));
    }

    #[test]
    fn no_line_is_wider_than_a_terminal() {
        let mut findings = sample::findings();
        let long = "a-population-with-a-name-that-nobody-should-have-chosen".to_owned();
        let figures = findings.summary.groups["small"].clone();
        findings.summary.groups.insert(long.clone(), figures);
        findings.summary.checks[1].of = long.clone();
        findings.summary.checks[1].name = long;
        for line in rendered(&findings, Format::Table(Style::Plain)).lines() {
            assert!(line.chars().count() <= WIDTH, "{line}");
        }
    }

    #[test]
    fn an_empty_run_says_what_there_is_not() {
        let text = rendered(&sample::empty(), Format::Table(Style::Plain));
        for words in
            ["none were submitted", "nobody competed", "switched off", "none in the scenario"]
        {
            assert!(text.contains(words), "{words}: {text}");
        }
        assert!(!text.contains("reproduce"));
    }

    #[test]
    fn many_groups_are_counted_and_not_listed() {
        let mut findings = sample::findings();
        let figures = findings.summary.groups["small"].clone();
        for number in 0..30 {
            findings.summary.groups.insert(format!("group-{number}"), figures.clone());
        }
        let text = rendered(&findings, Format::Table(Style::Plain));
        assert!(text.contains("and 20 more groups: tenants.csv"), "{text}");
        assert!(text.contains("\nbulk "), "the longest wait is among those shown");
    }
}
