//! Whether the first contestant is no worse than the best of the others, class by class and stratum by
//! stratum.

use std::fmt::Write;

use super::{Contestant, Verdict, cells};
use crate::measure::accuracy::significance::{chance_not_above, holm};
use crate::model::incidents::GeneratorConfig;

/// False alarms a tenant-day above which a contestant is out of competition: who alerts all day finds
/// everything.
const BUDGET: f64 = 0.1;
/// How much less recall is no worse.
const RECALL_MARGIN: f64 = 0.02;
/// How many times the delay is no worse.
const DELAY_MARGIN: f64 = 1.1;
/// Incidents that a cell must have to be judged.
const INCIDENTS_MIN: usize = 50;
/// The level of all claims together.
const LEVEL: f64 = 0.05;

/// One claim: in a cell, not worse than the best rival by one measure.
#[derive(Clone, PartialEq, Debug)]
pub struct Claim {
    /// Class and stratum, or all.
    pub cell: String,
    /// `recall` or `delay`.
    pub measure: &'static str,
    /// Incidents.
    pub incidents: usize,
    /// The best rival.
    pub rival: String,
    /// Recall of the first contestant and of the rival, or the geometric means of their delays.
    pub values: [f64; 2],
    /// The chance of such a difference if it were worse by the margin, adjusted for all claims (Holm).
    pub p: f64,
    /// Whether the measured difference is beyond the margin.
    pub is_worse: bool,
}

impl Claim {
    /// Whether it is shown that the first contestant is not worse by the margin.
    pub fn is_shown(&self) -> bool {
        self.p <= LEVEL
    }
}

/// Windows until it was told, a missed incident counting as told at its end.
fn delay(verdict: &Verdict, at: usize) -> f64 {
    let incident = &verdict.incidents[at];
    let length = (incident.end - incident.start + 1) as f64;
    verdict.found[at].map_or(length, |found| found.delay as f64)
}

fn found(verdict: &Verdict, at: usize) -> f64 {
    f64::from(u8::from(verdict.found[at].is_some()))
}

fn mean(values: impl Iterator<Item = f64>, number: usize) -> f64 {
    values.sum::<f64>() / number.max(1) as f64
}

/// Holds the first contestant against the best of the others in every cell of enough incidents, and in
/// all together.
pub fn claims(
    config: &GeneratorConfig,
    contestants: &[Contestant],
    verdicts: &[Verdict],
) -> Vec<Claim> {
    let Some((ours, rest)) = verdicts.split_first() else { return Vec::new() };
    let rivals: Vec<(&Contestant, &Verdict)> = contestants[1..]
        .iter()
        .zip(rest)
        .filter(|(_, verdict)| verdict.false_alarm_rate(None) <= BUDGET)
        .collect();
    if rivals.is_empty() {
        return Vec::new();
    }
    let mut places = vec![("all".to_owned(), ours.visible())];
    for cell in cells(ours, config.strata.len()) {
        if cell.incidents.len() >= INCIDENTS_MIN {
            let name = format!("{} {}", cell.class.name(), config.strata[cell.stratum].name);
            places.push((name, cell.incidents));
        }
    }
    let mut claims = Vec::new();
    for (name, incidents) in places {
        let number = incidents.len();
        let over = |verdict: &Verdict, of: &dyn Fn(&Verdict, usize) -> f64| {
            mean(incidents.iter().map(|at| of(verdict, *at)), number)
        };
        let log_delay = |verdict: &Verdict, at: usize| libm::log(delay(verdict, at));
        let best = |of: &dyn Fn(&Verdict, usize) -> f64, sign: f64| {
            let better = |a: &&(&Contestant, &Verdict), b: &&(&Contestant, &Verdict)| {
                (sign * over(a.1, of)).total_cmp(&(sign * over(b.1, of)))
            };
            rivals.iter().max_by(better).expect("there are rivals")
        };
        let mut claim = |measure,
                         rival: &(&Contestant, &Verdict),
                         values: [f64; 2],
                         lead: &[f64],
                         margin: f64| {
            let seed = claims.len() as u64;
            claims.push(Claim {
                cell: name.clone(),
                measure,
                incidents: number,
                rival: rival.0.name(),
                values,
                p: chance_not_above(lead, margin, seed).unwrap_or(1.0),
                is_worse: mean(lead.iter().copied(), number) < -margin,
            });
        };
        let rival = best(&found, 1.0);
        let lead: Vec<f64> =
            incidents.iter().map(|at| found(ours, *at) - found(rival.1, *at)).collect();
        claim("recall", rival, [over(ours, &found), over(rival.1, &found)], &lead, RECALL_MARGIN);
        let rival = best(&log_delay, -1.0);
        let lead: Vec<f64> =
            incidents.iter().map(|at| log_delay(rival.1, *at) - log_delay(ours, *at)).collect();
        let values = [ours, rival.1].map(|verdict| libm::exp(over(verdict, &log_delay)));
        claim("delay", rival, values, &lead, libm::log(DELAY_MARGIN));
    }
    let adjusted = holm(&claims.iter().map(|claim| claim.p).collect::<Vec<_>>());
    claims.iter_mut().zip(adjusted).for_each(|(claim, p)| claim.p = p);
    claims
}

/// The claims as a table, with a line that counts them.
pub fn print_claims(claims: &[Claim]) -> String {
    let mut text = format!(
        "\nnot worse than the best rival: recall within {RECALL_MARGIN}, delay within {:.0} %; cells of at \
         least {INCIDENTS_MIN} incidents, rivals of at most {BUDGET} false alarms a tenant-day, Holm\n\
         {:<24}{:<8}{:>6}{:>9}{:>9}  {:<22}{:>8}  verdict\n",
        100.0 * (DELAY_MARGIN - 1.0),
        "class and stratum",
        "measure",
        "n",
        "ours",
        "rival",
        "best rival",
        "p"
    );
    for claim in claims {
        let verdict = match (claim.is_shown(), claim.is_worse) {
            (true, _) => "shown",
            (false, false) => "not shown",
            (false, true) => "worse",
        };
        let _ = writeln!(
            text,
            "{:<24}{:<8}{:>6}{:>9.3}{:>9.3}  {:<22}{:>8.4}  {verdict}",
            claim.cell,
            claim.measure,
            claim.incidents,
            claim.values[0],
            claim.values[1],
            claim.rival,
            claim.p
        );
    }
    let shown = claims.iter().filter(|claim| claim.is_shown()).count();
    let worse = claims.iter().filter(|claim| claim.is_worse && !claim.is_shown()).count();
    let _ = writeln!(text, "{shown} of {} shown, {worse} worse beyond the margin", claims.len());
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detector::{Cause, Severity};
    use crate::experiment::scoreboard::Found;
    use crate::model::incidents::{Class, Harm, IncidentCause, Injected};

    /// A verdict on 120 incidents of one cell: found after so many windows, or not.
    fn verdict(delay: impl Fn(usize) -> Option<u64>, false_alarms: u64) -> Verdict {
        let harm = Harm { harmed: 50.0, traffic: 100.0, information: 99.0 };
        let incident = Injected {
            tenant: 0,
            class: Class::Step,
            cause: IncidentCause::BadList,
            start: 10,
            end: 30,
            size: 0.5,
            outage: None,
            harm,
        };
        let found = |delay| Found {
            delay,
            severity: Severity::High,
            closing: Severity::High,
            harmed: 0.5,
            cause: Cause::BadList,
        };
        Verdict {
            incidents: vec![incident; 120],
            strata: vec![0; 120],
            found: (0..120).map(|at| delay(at).map(found)).collect(),
            false_alarms: vec![false_alarms],
            tenant_days: vec![1_000.0],
            ..Verdict::default()
        }
    }

    fn judged(ours: Verdict, rivals: &[Verdict]) -> Vec<Claim> {
        let text = include_str!("../../../scenarios/detection/development.json");
        let config = GeneratorConfig::parse(text).expect("committed");
        let names = ["scores", "glr", "random"].map(Contestant::Shipped);
        let verdicts: Vec<Verdict> = std::iter::once(ours).chain(rivals.iter().cloned()).collect();
        claims(&config, &names[..verdicts.len()], &verdicts)
    }

    #[test]
    fn equal_is_shown_worse_is_not_and_who_alerts_all_day_does_not_compete() {
        let good = || verdict(|_| Some(3), 5);
        let all_day = || verdict(|_| Some(1), 7_000);
        let equal = judged(good(), &[good(), all_day()]);
        assert_eq!(equal.len(), 4, "all and the one cell, recall and delay");
        assert!(equal.iter().all(|claim| claim.is_shown() && claim.rival == "glr"), "{equal:?}");
        let misses = judged(verdict(|at| (at % 10 > 0).then_some(3), 5), &[good()]);
        assert!(misses.iter().filter(|claim| claim.measure == "recall").all(|one| one.is_worse));
        let slow = judged(verdict(|_| Some(4), 5), &[good()]);
        let verdicts: Vec<bool> = slow.iter().map(Claim::is_shown).collect();
        assert_eq!(verdicts, [true, false, true, false]);
        assert!(print_claims(&slow).contains("2 of 4 shown, 2 worse"));
    }
}
