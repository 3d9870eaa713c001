//! JUnit XML: a suite a scenario, a case a check. It holds no time stamps, so equal runs give equal
//! files.

use super::human::measured_against;
use super::verdict::{Outcome, Verdict};
use super::xml::escape;
use crate::measure::CheckResult;

/// The file for `check --junit`.
pub fn render(verdicts: &[Verdict]) -> String {
    let suites: Vec<Suite> = verdicts.iter().map(Suite::of).collect();
    let total = |part: fn(&Suite) -> usize| suites.iter().map(part).sum::<usize>();
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    text.push_str(&format!(
        "<testsuites name=\"apportion\" tests=\"{}\" failures=\"{}\" errors=\"{}\">\n",
        total(|suite| suite.cases),
        total(|suite| suite.failures),
        total(|suite| suite.errors)
    ));
    for suite in &suites {
        text.push_str(&suite.text);
    }
    text.push_str("</testsuites>\n");
    text
}

struct Suite {
    text: String,
    cases: usize,
    failures: usize,
    errors: usize,
}

impl Suite {
    fn of(verdict: &Verdict) -> Suite {
        let cases: Vec<String> = match &verdict.outcome {
            Outcome::Judged { checks } => {
                checks.iter().map(|check| judged(verdict, check)).collect()
            }
            Outcome::Skipped { reason } => {
                vec![case(verdict, "run", &format!("<skipped message=\"{}\"/>", escape(reason)))]
            }
            Outcome::Broken { message } => {
                let body = trouble("error", message, &verdict.reproduce);
                vec![case(verdict, "run", &body)]
            }
        };
        let failures = verdict.failed().count();
        let errors = usize::from(matches!(verdict.outcome, Outcome::Broken { .. }));
        let skipped = usize::from(matches!(verdict.outcome, Outcome::Skipped { .. }));
        let text = format!(
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{failures}\" errors=\"{errors}\" \
             skipped=\"{skipped}\">\n{}  </testsuite>\n",
            escape(&verdict.scenario),
            cases.len(),
            cases.concat()
        );
        Suite { text, cases: cases.len(), failures, errors }
    }
}

fn judged(verdict: &Verdict, check: &CheckResult) -> String {
    if check.passed {
        return case(verdict, &check.name, "");
    }
    let message = format!("{} of {}: {}", check.metric, check.of, measured_against(check));
    let place = format!("{}:{}\n{}", verdict.file, check.line, verdict.reproduce);
    case(verdict, &check.name, &trouble("failure", &message, &place))
}

fn case(verdict: &Verdict, name: &str, body: &str) -> String {
    let (scenario, file) = (escape(&verdict.scenario), escape(&verdict.file));
    let name = escape(name);
    let head = format!("    <testcase classname=\"{scenario}\" name=\"{name}\" file=\"{file}\"");
    if body.is_empty() {
        return format!("{head}/>\n");
    }
    format!("{head}>{body}</testcase>\n")
}

fn trouble(element: &str, message: &str, text: &str) -> String {
    // A line break in an attribute would be read back as a space; written out, it stays one.
    let attribute = escape(message).replace('\n', "&#10;");
    format!("<{element} message=\"{attribute}\">{}</{element}>", escape(text))
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn suites_cases_and_counts_agree() {
        let text = render(&sample::verdicts());
        assert_eq!(
            text,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <testsuites name=\"apportion\" tests=\"5\" failures=\"2\" errors=\"1\">\n  \
             <testsuite name=\"noisy\" tests=\"3\" failures=\"2\" errors=\"0\" skipped=\"0\">\n    \
             <testcase classname=\"noisy\" name=\"small tenants wait seconds\" \
             file=\"scenarios/noisy.toml\"/>\n    \
             <testcase classname=\"noisy\" name=\"bulk &lt; 30 min\" file=\"scenarios/noisy.toml\">\
             <failure message=\"dwell_p99 of bulk: 41 min &lt;= 30 min\">scenarios/noisy.toml:41\n\
             apportion run scenarios/noisy.toml --policy scoring --seed 1</failure></testcase>\n    \
             <testcase classname=\"noisy\" name=\"recall\" file=\"scenarios/noisy.toml\">\
             <failure message=\"recall of all: no such figure &gt;= 0.9\">scenarios/noisy.toml:50\n\
             apportion run scenarios/noisy.toml --policy scoring --seed 1</failure></testcase>\n  \
             </testsuite>\n  \
             <testsuite name=\"real\" tests=\"1\" failures=\"0\" errors=\"0\" skipped=\"1\">\n    \
             <testcase classname=\"real\" name=\"run\" file=\"scenarios/real.toml\">\
             <skipped message=\"APPORTION_DATA is not set\"/></testcase>\n  \
             </testsuite>\n  \
             <testsuite name=\"broken\" tests=\"1\" failures=\"0\" errors=\"1\" skipped=\"0\">\n    \
             <testcase classname=\"broken\" name=\"run\" file=\"scenarios/broken.toml\">\
             <error message=\"ledger A: 3 queued,&#10;the lane says 2\">\
             apportion run scenarios/broken.toml</error></testcase>\n  \
             </testsuite>\n\
             </testsuites>\n"
        );
    }
}
