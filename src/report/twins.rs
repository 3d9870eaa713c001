//! The closing numbers for programs and pull requests: the same as the table's.

use super::glance::{Glance, GroupLine};
use super::human::{ABSENT, count, measured_against, percent, quantile, time};
use super::impact;
use super::terminal::{detector, fairness, outcomes};
use crate::measure::causal::ImpactFigures;
use crate::measure::{Ledger, Quantile, TimeFigures};

/// Pretty JSON, unrounded.
pub(super) fn json(glance: &Glance) -> String {
    let text = serde_json::to_string_pretty(glance).expect("names and numbers are always JSON");
    text + "\n"
}

/// `section,name,figure,value`: one row a number, unrounded, so that every table has one shape.
pub(super) fn csv(glance: &Glance) -> String {
    let mut rows = Rows::new();
    rows.add("run", &glance.scenario, "policy", &glance.policy);
    rows.add("run", &glance.scenario, "seed", &glance.seed);
    rows.add("run", &glance.scenario, "digest", &glance.digest);
    rows.add("run", &glance.scenario, "events", glance.events);
    rows.add("run", &glance.scenario, "ended_s", glance.ended_s);
    rows.ledger("run", &glance.scenario, glance.messages);
    for group in &glance.groups {
        rows.add("group", &group.name, "tenants", group.tenants);
        rows.ledger("group", &group.name, group.messages);
        rows.times("group", &group.name, "dwell", &group.figures.dwell_s);
        rows.times("group", &group.name, "latency", &group.figures.latency_s);
        rows.maybe("group", &group.name, "on_time", group.figures.on_time);
        rows.maybe("group", &group.name, "share", group.share);
        rows.maybe("group", &group.name, "entitled", group.entitled);
        if let Some(worst) = &group.worst {
            rows.add("group", &group.name, "worst_tenant", &worst.tenant);
            rows.times("group", &group.name, "worst_dwell", &worst.dwell_s);
        }
    }
    for class in &glance.classes {
        rows.add("class", &class.name, "submitted", class.figures.submitted);
        rows.times("class", &class.name, "dwell", &class.figures.dwell_s);
        rows.times("class", &class.name, "latency", &class.figures.latency_s);
        rows.maybe("class", &class.name, "on_time", class.figures.on_time);
    }
    for place in &glance.destinations {
        rows.maybe("destination", &place.name, "quota_per_s", place.quota_per_s);
        rows.add("destination", &place.name, "offered_segments", place.offered_segments);
        rows.add("destination", &place.name, "sent_segments", place.sent_segments);
        rows.maybe("destination", &place.name, "work_conservation", place.work_conservation);
        rows.times("destination", &place.name, "dwell", &place.dwell_s);
    }
    let fairness = glance.fairness;
    rows.maybe("fairness", "", "jain", fairness.jain);
    rows.maybe("fairness", "", "max_min_distance", fairness.max_min_distance);
    rows.maybe("fairness", "", "contention_share_min", fairness.contention_share_min);
    rows.maybe("fairness", "", "work_conservation", fairness.work_conservation);
    if let Some(figures) = &glance.detection {
        rows.add("detection", "", "incidents", figures.incidents);
        rows.add("detection", "", "detected", figures.detected);
        rows.maybe("detection", "", "recall", figures.recall);
        rows.maybe("detection", "", "precision", figures.precision);
        rows.maybe("detection", "", "delay_median_s", figures.delay_median_s);
        rows.maybe("detection", "", "delay_p90_s", figures.delay_p90_s);
        rows.maybe("detection", "", "delay_censored_mean_s", figures.delay_censored_mean_s);
        rows.maybe("detection", "", "alerts_per_incident", figures.alerts_per_incident);
        rows.maybe("detection", "", "reset_median_s", figures.reset_median_s);
        rows.add("detection", "", "alerts", figures.alerts);
        rows.add("detection", "", "false_alarms", figures.false_alarms);
    }
    if let Some(causal) = &glance.causal {
        rows.add("causal", "", "arrivals", &causal.arrivals);
        for fault in &causal.faults {
            rows.impact("fault", &fault.fault, &fault.impact);
            rows.add("fault", &fault.fault, "delayed", fault.delayed);
            rows.add("fault", &fault.fault, "hastened", fault.hastened);
            rows.add("fault", &fault.fault, "harmed", fault.harmed);
            rows.add("fault", &fault.fault, "expected", fault.expected);
            rows.maybe("fault", &fault.fault, "reconverged_s", fault.reconverged_s);
        }
        if let Some(interaction) = &causal.interaction {
            rows.impact("interaction", "", interaction);
        }
        rows.impact("all faults", "", &causal.total);
    }
    for check in &glance.checks {
        rows.maybe("check", &check.name, "value", check.value);
        rows.add("check", &check.name, "operator", &check.operator);
        rows.add("check", &check.name, "bound", check.bound);
        rows.add("check", &check.name, "passed", check.passed);
    }
    rows.finished()
}

struct Rows(csv::Writer<Vec<u8>>);

impl Rows {
    fn new() -> Self {
        let mut rows = Rows(csv::Writer::from_writer(Vec::new()));
        rows.write(["section", "name", "figure", "value"]);
        rows
    }

    fn add(&mut self, section: &str, name: &str, figure: &str, value: impl ToString) {
        self.write([section, name, figure, &value.to_string()]);
    }

    fn maybe(&mut self, section: &str, name: &str, figure: &str, value: Option<f64>) {
        if let Some(value) = value {
            self.add(section, name, figure, value);
        }
    }

    fn impact(&mut self, section: &str, name: &str, impact: &ImpactFigures) {
        self.add(section, name, "delay_s", impact.delay_s);
        self.add(section, name, "dwell_s", impact.dwell_s);
        self.add(section, name, "lost", impact.lost);
        self.add(section, name, "late", impact.late);
        self.add(section, name, "duplicates", impact.duplicates);
        self.add(section, name, "wasted_segments", impact.wasted_segments);
        self.add(section, name, "messages_made", impact.messages_made);
    }

    fn ledger(&mut self, section: &str, name: &str, messages: Ledger) {
        for (figure, value) in [
            ("submitted", messages.submitted),
            ("refused", messages.refused),
            ("queued", messages.queued),
            ("in_flight", messages.in_flight),
            ("parked", messages.parked),
            ("accepted", messages.accepted),
            ("delivered", messages.delivered),
            ("failed", messages.failed),
            ("expired", messages.expired),
            ("cancelled", messages.cancelled),
            ("unknown", messages.unknown),
            ("duplicates", messages.duplicates),
        ] {
            self.add(section, name, figure, value);
        }
    }

    fn times(&mut self, section: &str, name: &str, prefix: &str, times: &TimeFigures) {
        for (figure, value) in
            [("p50", times.p50), ("p90", times.p90), ("p99", times.p99), ("max", times.max)]
        {
            let figure = format!("{prefix}_{figure}_s");
            match value {
                None => {}
                Some(Quantile::Exactly(seconds)) => self.add(section, name, &figure, seconds),
                Some(Quantile::Above(seconds)) => {
                    self.add(section, name, &figure, format!(">{seconds}"));
                }
            }
        }
    }

    fn write(&mut self, row: [&str; 4]) {
        self.0.write_record(row).expect("memory takes all, and all rows have four cells");
    }

    fn finished(self) -> String {
        let bytes = self.0.into_inner().expect("memory takes all");
        String::from_utf8(bytes).expect("made of text")
    }
}

/// Markdown tables.
pub(super) fn markdown(glance: &Glance) -> String {
    let mut text = format!(
        "### {} · {} · seed {}\n\n{} messages in {} · `{}`\n\n",
        cell(&glance.scenario),
        cell(&glance.policy),
        glance.seed,
        count(glance.messages.submitted),
        time(glance.ended_s),
        glance.digest
    );
    if !glance.groups.is_empty() {
        text.push_str("| who | submitted | delivered | refused | expired | dwell p50 | p99 | max ");
        text.push_str("| share | entitled |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n");
        glance.groups.iter().for_each(|group| text.push_str(&markdown_group(group)));
        text.push('\n');
    }
    if !glance.classes.is_empty() {
        text.push_str("| class | submitted | on time | dwell p50 | p99 | max | latency p99 |\n");
        text.push_str("|---|--:|--:|--:|--:|--:|--:|\n");
    }
    for class in &glance.classes {
        let figures = &class.figures;
        let mut cells = vec![cell(&class.name), count(figures.submitted)];
        cells.push(figures.on_time.map_or(ABSENT.to_owned(), percent));
        cells.extend([figures.dwell_s.p50, figures.dwell_s.p99, figures.dwell_s.max].map(quantile));
        cells.push(quantile(figures.latency_s.p99));
        text.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    text.push_str(&format!("\n**Messages:** {}  \n", outcomes(glance.messages).join(" · ")));
    text.push_str(&format!("**Fairness:** {}  \n", fairness(glance.fairness).join(" · ")));
    text.push_str(&format!("**Detector:** {}\n", cell(&detector(glance).join(" · "))));
    if let Some(causal) = &glance.causal {
        text.push_str(&impact::markdown(causal, cell));
    }
    if !glance.checks.is_empty() {
        text.push_str("\n| | check | of | measured |\n|---|---|---|---|\n");
    }
    for check in &glance.checks {
        let mark = if check.passed { "✓" } else { "✗" };
        let of = format!("{} of {}", check.metric, check.of);
        let measured = measured_against(check);
        let (name, of, measured) = (cell(&check.name), cell(&of), cell(&measured));
        text.push_str(&format!("| {mark} | {name} | {of} | {measured} |\n"));
    }
    if glance.checks.iter().any(|check| !check.passed) {
        text.push_str(&format!("\nReproduce: `{}`\n", glance.reproduce));
    }
    text
}

fn markdown_group(group: &GroupLine) -> String {
    let mut cells = vec![match group.tenants {
        0 | 1 => cell(&group.name),
        tenants => format!("{} ({})", cell(&group.name), count(tenants as u64)),
    }];
    let messages = group.messages;
    cells.extend(
        [messages.submitted, messages.delivered, messages.refused, messages.expired].map(count),
    );
    let dwell = &group.figures.dwell_s;
    cells.extend([dwell.p50, dwell.p99, dwell.max].map(quantile));
    cells.extend(
        [group.share, group.entitled].map(|share| share.map_or(ABSENT.to_owned(), percent)),
    );
    format!("| {} |\n", cells.join(" | "))
}

/// Text that can neither end its cell nor become markup.
fn cell(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '#' => escaped.extend(['\\', c]),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            _ if c.is_control() => escaped.push(' '),
            _ => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::super::glance::RunInfo;
    use super::super::sample;
    use super::*;

    fn glance() -> Glance {
        Glance::new(&sample::findings(), &RunInfo::default())
    }

    #[test]
    fn json_holds_the_numbers_of_the_table_unrounded() {
        let text = json(&glance());
        let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(value["groups"][0]["name"], "bulk");
        assert_eq!(value["groups"][0]["dwell_s"]["p50"], 720.5);
        assert_eq!(value["groups"][0]["dwell_s"]["p99"], ">2460");
        assert_eq!(value["groups"][1]["worst"]["tenant"], "small-2");
        assert_eq!(value["groups"][1]["messages"]["delivered"], 3104);
        assert_eq!(value["detection"]["false_alarms"], 1);
        assert_eq!(value["missed"][0], "carrier-down");
        assert_eq!(value["checks"][0]["value"], 1.24);
        assert!(value["groups"][0].get("worst").is_none(), "absent, not null");
    }

    #[test]
    fn csv_has_one_row_a_number() {
        let text = csv(&glance());
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "section,name,figure,value");
        for row in [
            "run,noisy,seed,1",
            "group,bulk,dwell_p99_s,>2460",
            "group,small,worst_tenant,small-2",
            "class,otp,on_time,0.9871",
            "destination,carrier,sent_segments,27604",
            "fairness,,jain,0.9994",
            "detection,,delay_median_s,300",
            "check,bulk < 30 min,passed,false",
        ] {
            assert!(lines.contains(&row), "{row}\n{text}");
        }
        assert!(!text.contains("check,recall,value"), "a figure that does not exist has no row");
    }

    #[test]
    fn markdown_cells_stay_cells() {
        let mut glance = glance();
        glance.checks[0].name = "a | b <i>".into();
        let text = markdown(&glance);
        assert!(text.contains(r"| ✓ | a \| b &lt;i&gt; | dwell\_p99 of small | 1.2 s &lt;= 5 s |"));
        assert!(text.contains("| small (3) | 3,104 | 3,104 | 0 | 0 | 100 ms | 1.2 s | 3 s |"));
    }
}
