//! Annotations for GitHub Actions, at the line of the check in the scenario file.

use super::human::measured_against;
use super::verdict::{Outcome, Verdict, excess};

/// GitHub shows ten annotations of a kind and step: the worst nine, and one that counts the rest.
const MOST_SHOWN: usize = 10;

/// The workflow commands for all that went wrong, worst first, and a notice a skipped scenario.
pub fn render(verdicts: &[Verdict]) -> String {
    let mut errors: Vec<(f64, String)> = Vec::new();
    let mut notices = Vec::new();
    for verdict in verdicts {
        let place = |line: Option<u32>| {
            let line = line.map(|line| format!(",line={line}")).unwrap_or_default();
            format!("file={}{line}", property(&verdict.file))
        };
        match &verdict.outcome {
            Outcome::Judged { .. } => errors.extend(verdict.failed().map(|check| {
                let title = property(&format!("{}: {}", verdict.scenario, check.name));
                let (metric, of, measured) = (&check.metric, &check.of, measured_against(check));
                let text = format!("{metric} of {of}: {measured}\n{}", verdict.reproduce);
                let place = place(Some(check.line));
                (excess(check), format!("::error {place},title={title}::{}\n", data(&text)))
            })),
            Outcome::Skipped { reason } => {
                let title = property(&format!("{}: skipped", verdict.scenario));
                notices.push(format!("::notice {},title={title}::{}\n", place(None), data(reason)));
            }
            Outcome::Broken { message } => {
                let title = property(&format!("{}: did not finish", verdict.scenario));
                let text = data(&format!("{message}\n{}", verdict.reproduce));
                let command = format!("::error {},title={title}::{text}\n", place(None));
                errors.push((f64::INFINITY, command));
            }
        }
    }
    errors.sort_by(|a, b| b.0.total_cmp(&a.0));
    notices.truncate(MOST_SHOWN);
    let mut text = String::new();
    let shown = if errors.len() > MOST_SHOWN { MOST_SHOWN - 1 } else { errors.len() };
    errors[..shown].iter().for_each(|(_, command)| text.push_str(command));
    if errors.len() > shown {
        let hidden = errors.len() - shown;
        text.push_str(&format!(
            "::error title=apportion::and {hidden} more failures, see the log\n"
        ));
    }
    notices.iter().for_each(|command| text.push_str(command));
    text
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn the_worst_comes_first_and_points_at_its_line() {
        assert_eq!(
            render(&sample::verdicts()),
            "::error file=scenarios/noisy.toml,line=50,title=noisy%3A recall::recall of all: \
             no such figure >= 0.9%0Aapportion run scenarios/noisy.toml --policy scoring --seed 1\n\
             ::error file=scenarios/broken.toml,title=broken%3A did not finish::ledger A: 3 queued,\
             %0Athe lane says 2%0Aapportion run scenarios/broken.toml\n\
             ::error file=scenarios/noisy.toml,line=41,title=noisy%3A bulk < 30 min::dwell_p99 of \
             bulk: 41 min <= 30 min%0Aapportion run scenarios/noisy.toml --policy scoring --seed 1\n\
             ::notice file=scenarios/real.toml,title=real%3A skipped::APPORTION_DATA is not set\n"
        );
    }

    #[test]
    fn text_cannot_end_its_field_or_begin_a_command() {
        assert_eq!(property("a:b,c%\r\n::error::x"), "a%3Ab%2Cc%25%0D%0A%3A%3Aerror%3A%3Ax");
        assert_eq!(data("100 %: a,b"), "100 %25: a,b");
    }

    #[test]
    fn more_than_ten_failures_are_counted_and_not_lost() {
        let broken = sample::verdicts().pop().expect("the broken one");
        let text = render(&vec![broken; 25]);
        assert_eq!(text.lines().count(), 10);
        assert!(text.ends_with("and 16 more failures, see the log\n"), "{text}");
    }
}
