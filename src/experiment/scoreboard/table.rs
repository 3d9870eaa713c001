//! The scoreboard as text.

use std::fmt::Write;

use super::{Contestant, Found, Verdict, claims, print_claims};
use crate::detector::{AlertEvent, AlertKind, Severity};
use crate::measure::accuracy::agreement::{quadratic_kappa, spearman};
use crate::model::incidents::{
    Class, GeneratorConfig, IncidentCause, WINDOWS_A_DAY, severity_of_share,
};

/// One class in one stratum.
#[derive(Clone, PartialEq, Debug)]
pub struct Cell {
    /// The class.
    pub class: Class,
    /// The stratum.
    pub stratum: usize,
    /// Positions of the incidents that anybody could see.
    pub incidents: Vec<usize>,
}

/// Classes and strata with the incidents above the bound of detectability.
pub fn cells(verdict: &Verdict, strata: usize) -> Vec<Cell> {
    let mut cells = Vec::new();
    for class in Class::ALL {
        for stratum in 0..strata {
            let belongs = |at: &usize| {
                let incident = &verdict.incidents[*at];
                incident.class == class
                    && verdict.strata[*at] == stratum
                    && incident.harm.is_detectable()
            };
            let incidents: Vec<usize> = (0..verdict.incidents.len()).filter(belongs).collect();
            cells.push(Cell { class, stratum, incidents });
        }
    }
    cells
}

impl Verdict {
    /// The share of these incidents that was found; `None` if there are none.
    pub fn recall(&self, incidents: &[usize]) -> Option<f64> {
        let found = incidents.iter().filter(|at| self.found[**at].is_some()).count();
        (!incidents.is_empty()).then(|| found as f64 / incidents.len() as f64)
    }

    /// The median delay over these incidents in windows, a missed one counting as longer than any.
    pub fn median_delay(&self, incidents: &[usize]) -> Option<u64> {
        median(incidents.iter().map(|at| self.found[*at].map(|found| found.delay)))
    }

    /// Quadratic-weighted κ of the severity over the incidents that anybody could see, a missed one
    /// judged as none: at the onset, and at the close.
    pub fn severity_kappa(&self) -> (Option<f64>, Option<f64>) {
        let judged = |of: fn(&Found) -> Severity| {
            self.kappa(&self.visible(), |at| self.found[at].as_ref().map_or(Severity::None, of))
        };
        (judged(|found| found.severity), judged(|found| found.closing))
    }

    /// What the misses leave of κ: what it were if all that was found had been judged rightly, by this
    /// detector and by the oracle; and κ at the close over what was found alone.
    pub fn kappa_ceilings(&self) -> [Option<f64>; 3] {
        let visible = self.visible();
        let rightly = |found: &dyn Fn(usize) -> bool| {
            let judged = |at| if found(at) { self.true_severity(at) } else { Severity::None };
            self.kappa(&visible, judged)
        };
        let found: Vec<usize> =
            visible.iter().copied().filter(|at| self.found[*at].is_some()).collect();
        let closing = |at: usize| self.found[at].map_or(Severity::None, |found| found.closing);
        [
            rightly(&|at| self.found[at].is_some()),
            rightly(&|at| self.oracle.get(at).copied().flatten().is_some()),
            self.kappa(&found, closing),
        ]
    }

    fn kappa(&self, incidents: &[usize], judged: impl Fn(usize) -> Severity) -> Option<f64> {
        let pair = |at: &usize| (self.true_severity(*at) as usize, judged(*at) as usize);
        quadratic_kappa(&incidents.iter().map(pair).collect::<Vec<_>>(), 4)
    }

    fn true_severity(&self, at: usize) -> Severity {
        severity_of_share(self.incidents[at].harm.share())
    }

    /// Counts of (truth, judged at the close) over the incidents that anybody could see.
    pub fn severity_confusion(&self) -> [[u64; 4]; 4] {
        let mut table = [[0; 4]; 4];
        for at in self.visible() {
            let judged = self.found[at].map_or(Severity::None, |found| found.closing);
            table[self.true_severity(at) as usize][judged as usize] += 1;
        }
        table
    }

    /// The share of the incidents found whose cause was named right.
    pub fn cause_accuracy(&self) -> Option<f64> {
        let found: Vec<bool> = (self.incidents.iter().zip(&self.found))
            .filter_map(|(incident, found)| {
                found.map(|found| found.cause.name() == incident.cause.name())
            })
            .collect();
        let right = found.iter().filter(|right| **right).count();
        (!found.is_empty()).then(|| right as f64 / found.len() as f64)
    }

    /// Positions of the incidents that anybody could see.
    pub fn visible(&self) -> Vec<usize> {
        (0..self.incidents.len()).filter(|at| self.incidents[*at].harm.is_detectable()).collect()
    }
}

/// The median where `None` is longer than any.
fn median(values: impl Iterator<Item = Option<u64>>) -> Option<u64> {
    let mut values: Vec<u64> = values.map(|value| value.unwrap_or(u64::MAX)).collect();
    values.sort_unstable();
    let middle = values.len().checked_sub(1)? / 2;
    (values[middle] != u64::MAX).then_some(values[middle])
}

fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "-".to_owned(), |share| format!("{:.1}", 100.0 * share))
}

fn windows(delay: Option<u64>) -> String {
    delay.map_or_else(|| "-".to_owned(), |delay| delay.to_string())
}

/// The scoreboard: totals by detector, then recall and median delay by class and stratum.
pub fn print_board(
    config: &GeneratorConfig,
    contestants: &[Contestant],
    verdicts: &[Verdict],
) -> String {
    let mut text = String::new();
    let first = &verdicts[0];
    let visible = first.visible();
    let _ = writeln!(
        text,
        "{}: {} seeds, {} tenants, {} incidents, of which {} could be seen by anybody",
        config.name,
        config.seeds,
        config.tenants,
        first.incidents.len(),
        visible.len()
    );
    let _ = writeln!(
        text,
        "\n{:<24}{:>8}{:>10}{:>9}{:>12}{:>8}{:>8}{:>8}",
        "detector", "recall", "precision", "delay", "false/t-day", "κ on", "κ end", "cause"
    );
    for (contestant, verdict) in contestants.iter().zip(verdicts) {
        let false_alarms: u64 = verdict.false_alarms.iter().sum();
        let precision = (verdict.alerts > 0)
            .then(|| (verdict.alerts - false_alarms) as f64 / verdict.alerts as f64);
        let (onset, close) = verdict.severity_kappa();
        let kappa =
            |kappa: Option<f64>| kappa.map_or("-".to_owned(), |kappa| format!("{kappa:.2}"));
        let _ = writeln!(
            text,
            "{:<24}{:>8}{:>10}{:>9}{:>12.5}{:>8}{:>8}{:>8}",
            contestant.name(),
            percent(verdict.recall(&visible)),
            percent(precision),
            windows(verdict.median_delay(&visible)),
            verdict.false_alarm_rate(None),
            kappa(onset),
            kappa(close),
            percent(verdict.cause_accuracy()),
        );
    }
    if !first.oracle.is_empty() {
        let _ = writeln!(text, "{}", oracle_line(first, &visible));
    }
    let _ = writeln!(text, "\nfalse alarms a tenant-day by stratum");
    for (contestant, verdict) in contestants.iter().zip(verdicts) {
        let _ = write!(text, "{:<24}", contestant.name());
        for stratum in 0..config.strata.len() {
            let _ = write!(text, "{:>10.5}", verdict.false_alarm_rate(Some(stratum)));
        }
        for (kind, number) in AlertKind::ALL.iter().zip(verdict.false_by_kind) {
            if number > 0 {
                let _ = write!(text, "  {number} {}", kind.name());
            }
        }
        let _ = writeln!(text);
    }
    let cells = cells(first, config.strata.len());
    let columns: Vec<String> = contestants.iter().map(|one| abbreviated(&one.name())).collect();
    for (title, of_cell) in [
        ("recall in percent", &recall_of_cell as &dyn Fn(&Verdict, &Cell) -> String),
        ("median delay in windows of 5 minutes", &delay_of_cell),
    ] {
        let _ = write!(text, "\n{title}\n{:<16}{:<8}{:>5}", "class", "stratum", "n");
        columns.iter().for_each(|name| {
            let _ = write!(text, "{name:>9}");
        });
        let _ = writeln!(text, "{:>9}", "oracle");
        for cell in &cells {
            let name = &config.strata[cell.stratum].name;
            let _ = write!(text, "{:<16}{name:<8}{:>5}", cell.class.name(), cell.incidents.len());
            verdicts.iter().for_each(|verdict| {
                let _ = write!(text, "{:>9}", of_cell(verdict, cell));
            });
            let oracle = oracle_of_cell(first, cell, title.starts_with("recall"));
            let _ = writeln!(text, "{oracle:>9}");
        }
    }
    let claims = claims(config, contestants, verdicts);
    if !claims.is_empty() {
        text.push_str(&print_claims(&claims));
    }
    text.push_str(&severity_table(first));
    text.push_str(&cause_table(first));
    text
}

/// Every false alarm of a detector, and every incident it missed that anybody could see: what there is
/// to learn from.
pub fn print_mistakes(config: &GeneratorConfig, verdict: &Verdict) -> String {
    let mut text = String::new();
    for (seed, tenant, raised) in &verdict.false_raised {
        let AlertEvent { kind, explanation: why, since, .. } = raised.event;
        let _ = writeln!(
            text,
            "false {} seed {seed} tenant {} ({}): {:.2} d since {:.2} d, evidence {:.1}, harmed {:.3}, \
             expected {:.1}, seen {:.0}; {:.1} a day, fails {:.3}, steadiness {:.0}, dispersion {:.2}, \
             daily {:.2}, weekend {:.2}",
            kind.name(),
            tenant.number,
            config.strata[tenant.stratum].name,
            (raised.window + 1) as f64 / WINDOWS_A_DAY as f64,
            since.as_seconds_f64() / 86_400.0,
            why.evidence,
            why.harmed,
            why.expected,
            why.seen,
            tenant.messages_a_day,
            tenant.failure_rate,
            tenant.steadiness,
            tenant.dispersion,
            tenant.daily,
            tenant.weekend
        );
    }
    for at in verdict.visible().into_iter().filter(|at| verdict.found[*at].is_none()) {
        let incident = &verdict.incidents[at];
        let _ = writeln!(
            text,
            "missed {} ({}) tenant {}: {:.2} d for {} windows, size {:.3}, harmed {:.0} of {:.0}, {:.1} nats",
            incident.class.name(),
            config.strata[verdict.strata[at]].name,
            incident.tenant,
            incident.start as f64 / WINDOWS_A_DAY as f64,
            incident.end - incident.start,
            incident.size,
            incident.harm.harmed,
            incident.harm.traffic,
            incident.harm.information
        );
    }
    for at in verdict.visible() {
        let (incident, Some(found)) = (&verdict.incidents[at], &verdict.found[at]) else {
            continue;
        };
        let share = incident.harm.share();
        if severity_of_share(share) != found.closing {
            let _ = writeln!(
                text,
                "judged {} {:.3} for {:.3} in {} ({}), {} windows, {:.0} messages",
                found.closing.name(),
                found.harmed,
                share,
                incident.class.name(),
                config.strata[verdict.strata[at]].name,
                incident.end - incident.start,
                incident.harm.traffic
            );
        }
    }
    text
}

fn recall_of_cell(verdict: &Verdict, cell: &Cell) -> String {
    percent(verdict.recall(&cell.incidents))
}

fn delay_of_cell(verdict: &Verdict, cell: &Cell) -> String {
    windows(verdict.median_delay(&cell.incidents))
}

fn oracle_of_cell(verdict: &Verdict, cell: &Cell, recall: bool) -> String {
    if verdict.oracle.is_empty() || cell.incidents.is_empty() {
        return "-".to_owned();
    }
    let delays = cell.incidents.iter().map(|at| verdict.oracle[*at]);
    if recall {
        let found = delays.flatten().count();
        return percent(Some(found as f64 / cell.incidents.len() as f64));
    }
    windows(median(delays))
}

/// Ours against the oracle, on the incidents that anybody could see.
fn oracle_line(verdict: &Verdict, visible: &[usize]) -> String {
    let oracle = median(visible.iter().map(|at| verdict.oracle[*at]));
    let found = visible.iter().filter(|at| verdict.oracle[**at].is_some()).count();
    let ratios: Vec<(f64, f64)> = visible
        .iter()
        .filter_map(|at| Some((verdict.found[*at]?.delay as f64, verdict.oracle[*at]? as f64)))
        .collect();
    let ours: f64 = ratios.iter().map(|pair| pair.0).sum();
    let best: f64 = ratios.iter().map(|pair| pair.1).sum();
    let mut each: Vec<f64> = ratios.iter().map(|pair| pair.0 / pair.1).collect();
    each.sort_by(f64::total_cmp);
    format!(
        "{:<24}{:>8}{:>10}{:>9}   at the same false-alarm rate; where both found it, ours took {:.2} \
         times as long in total and {:.2} times in the median (rank correlation {:.2})",
        "oracle CUSUM",
        percent(Some(found as f64 / visible.len().max(1) as f64)),
        "",
        windows(oracle),
        ours / best,
        each.get(each.len() / 2).copied().unwrap_or(f64::NAN),
        spearman(&ratios).unwrap_or(0.0)
    )
}

fn abbreviated(name: &str) -> String {
    name.chars().filter(|c| *c != '-').take(8).collect()
}

fn severity_table(verdict: &Verdict) -> String {
    let names = [Severity::None, Severity::Low, Severity::Medium, Severity::High].map(|s| s.name());
    let mut text = format!("\nseverity at the close: truth by row, judged by column\n{:<8}", "");
    names.iter().for_each(|name| text.push_str(&format!("{name:>8}")));
    text.push('\n');
    for (name, row) in names.iter().zip(verdict.severity_confusion()).skip(1) {
        text.push_str(&format!("{name:<8}"));
        row.iter().for_each(|count| text.push_str(&format!("{count:>8}")));
        text.push('\n');
    }
    let all = (0..verdict.incidents.len()).map(|at| verdict.true_severity(at));
    let of = |severity| all.clone().filter(|truth| *truth == severity).count() as f64;
    let part = |severity| percent(Some(of(severity) / verdict.incidents.len().max(1) as f64));
    let [low, medium, high] = [Severity::Low, Severity::Medium, Severity::High].map(part);
    let _ = writeln!(text, "of all incidents {low} % are low, {medium} % medium and {high} % high");
    let kappa = |kappa: Option<f64>| kappa.map_or("-".to_owned(), |kappa| format!("{kappa:.2}"));
    let [ours, oracle, found] = verdict.kappa_ceilings().map(kappa);
    let _ = writeln!(
        text,
        "κ {found} of what was found alone; a missed one counts as none, so {ours} if all that was found \
         were judged rightly, and {oracle} if all that the oracle finds were"
    );
    text
}

fn cause_table(verdict: &Verdict) -> String {
    let causes = [
        IncidentCause::CarrierOutage,
        IncidentCause::Throttling,
        IncidentCause::Filtering,
        IncidentCause::BadList,
        IncidentCause::Surge,
        IncidentCause::TrafficStopped,
        IncidentCause::ReceiptDelay,
    ];
    let mut text = "\ncause named right, of those found\n".to_owned();
    for cause in causes {
        let found: Vec<bool> = (verdict.incidents.iter().zip(&verdict.found))
            .filter(|(incident, _)| incident.cause == cause)
            .filter_map(|(_, found)| found.map(|found| found.cause.name() == cause.name()))
            .collect();
        let right = found.iter().filter(|right| **right).count();
        let share = (!found.is_empty()).then(|| right as f64 / found.len() as f64);
        text.push_str(&format!("{:<18}{:>7} of {}\n", cause.name(), percent(share), found.len()));
    }
    text
}
