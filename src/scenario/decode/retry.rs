//! `[destination.retry]`: what happens after each class of failure.

use super::super::diagnostics::{Problem, Reporter};
use super::super::reader::{Field, Shape, TableReader, TableSpec};
use super::super::tree::{Node, Value};
use super::values::{did_you_mean, quoted, wrong_type};
use super::{ROOT, default_table};
use crate::scheduler::{RequeuePlace, RetryPolicy, RetryRule, UnknownOutcome};

pub(crate) static RETRY: TableSpec = TableSpec {
    title: "`[destination.retry]`",
    doc: "What happens after failures.",
    fields: &[&[
        Field::optional("temporary", Shape::Table(&TEMPORARY), "after a temporary refusal"),
        Field::optional("throttled", Shape::Table(&THROTTLED), "after a throttling refusal"),
        Field::with_default(
            "unknown",
            Shape::Either(&UNKNOWN_WORDS, &Shape::Table(&TEMPORARY)),
            "\"resubmit\"",
            "when no outcome was learnt: \"give-up\", \"resubmit\" by the rule for temporary refusals, or a rule",
        ),
    ]],
    kind: None,
};

const UNKNOWN_WORDS: Shape = Shape::OneOf(&["give-up", "resubmit"]);

/// The keys of a rule, with the defaults of one class of failure.
macro_rules! rule {
    ($name:ident, $title:literal, $doc:literal,
     $attempts:literal, $first_wait:literal, $growth:literal, $longest_wait:literal, $place:literal) => {
        static $name: TableSpec = TableSpec {
            title: $title,
            doc: $doc,
            fields: &[&[
                Field::with_default(
                    "attempts",
                    Shape::Integer { least: 1, most: RetryRule::MOST_ATTEMPTS as u64 },
                    $attempts,
                    "attempts in all, the first included",
                ),
                Field::with_default(
                    "first-wait",
                    Shape::Span,
                    $first_wait,
                    "the wait before the second attempt",
                ),
                Field::with_default(
                    "growth",
                    Shape::Number { least: 1.0, most: 100.0 },
                    $growth,
                    "each further wait is this many times the one before",
                ),
                Field::with_default(
                    "longest-wait",
                    Shape::Span,
                    $longest_wait,
                    "no wait is longer",
                ),
                Field::with_default(
                    "jitter",
                    Shape::Probability,
                    "\"20%\"",
                    "each wait is shortened by up to this part of itself",
                ),
                Field::with_default(
                    "place",
                    Shape::OneOf(&["head", "tail"]),
                    $place,
                    "where the message queues again",
                ),
            ]],
            kind: None,
        };
    };
}

rule!(
    TEMPORARY,
    "a rule for temporary refusals",
    "How often, how soon and where to try again.",
    "5",
    "\"30s\"",
    "2.0",
    "\"10min\"",
    "\"tail\""
);
rule!(
    THROTTLED,
    "the rule for throttling",
    "How often, how soon and where to try again when throttled.",
    "20",
    "\"1s\"",
    "1.5",
    "\"30s\"",
    "\"head\""
);

/// Reads the retry policy of a destination.
pub(crate) fn retry(reporter: &Reporter, node: &Node) -> Option<RetryPolicy> {
    let reader = TableReader::open(reporter, &ROOT, &RETRY, node)?;
    let [temporary, throttled] =
        [("temporary", &TEMPORARY), ("throttled", &THROTTLED)].map(|(key, spec)| {
            match reader.get(key) {
                Some(node) => rule(reporter, spec, &node),
                None => rule(reporter, spec, &default_table(node.mark)),
            }
        });
    let unknown = reader.get("unknown").and_then(|node| match &node.value {
        Value::Table(_) => rule(reporter, &TEMPORARY, &node).map(UnknownOutcome::Resubmit),
        Value::Text(word) if word == "give-up" => Some(UnknownOutcome::GiveUp),
        Value::Text(word) if word == "resubmit" => temporary.map(UnknownOutcome::Resubmit),
        Value::Text(word) => {
            let title = format!("`unknown` cannot be `{word}`");
            let label = did_you_mean(word, ["give-up", "resubmit"].into_iter());
            let problem = Problem::new(title, node.mark, label);
            reporter.report(problem.help("or give a rule, such as { attempts = 3 }"));
            None
        }
        _ => {
            let wanted = "\"give-up\", \"resubmit\" or a rule such as { attempts = 3 }";
            wrong_type(reporter, &quoted("unknown"), &node, wanted);
            None
        }
    });
    reader.finish();
    Some(RetryPolicy { temporary: temporary?, throttled: throttled?, unknown: unknown? })
}

fn rule(reporter: &Reporter, spec: &'static TableSpec, node: &Node) -> Option<RetryRule> {
    let reader = TableReader::open(reporter, &ROOT, spec, node)?;
    let attempts = reader.integer_u32("attempts");
    let first_wait = reader.positive_span("first-wait");
    let growth_permille = reader.thousandths("growth", 1_000, 100_000);
    let longest_wait = reader.positive_span("longest-wait");
    let jitter = reader.probability("jitter");
    let place = reader.word("place");
    if let (Some(first), Some(longest)) = (first_wait, longest_wait)
        && first > longest
    {
        let title = "`first-wait` is longer than `longest-wait`";
        let key = if reader.has("first-wait") { "first-wait" } else { "longest-wait" };
        reader.reject(
            key,
            title,
            "no wait is longer than `longest-wait`; raise it or lower the first",
        );
    }
    let jitter_permille = jitter.map(|jitter| jitter.billionths() / 1_000_000);
    if jitter.is_some_and(|jitter| jitter.billionths() % 1_000_000 != 0) {
        reader.reject("jitter", "`jitter` is not kept exactly", "the finest step is 0.1%");
    }
    reader.finish();
    Some(RetryRule {
        attempts: attempts?,
        first_wait: first_wait?,
        growth_permille: growth_permille?,
        longest_wait: longest_wait?,
        jitter_permille: jitter_permille?,
        place: if place? == "head" { RequeuePlace::Head } else { RequeuePlace::Tail },
    })
}
