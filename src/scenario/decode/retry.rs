//! `[destination.retry]`: what happens after each class of failure.

use super::super::diagnostics::{Problem, Reporter};
use super::super::reader::{Field, Shape, TableReader, TableSpec};
use super::super::tree::{Node, Value};
use super::gateway::failure_status;
use super::values::{did_you_mean, quoted, wrong_type};
use super::{ROOT, default_table};
use crate::scheduler::{
    RETRY_PROFILES, RequeuePlace, RetryPolicy, RetryProfile, RetryRule, Status, StatusRules,
    UnknownOutcome, retry_profile,
};

pub(crate) static RETRY: TableSpec = TableSpec {
    title: "`[destination.retry]`",
    doc: "What happens after failures.",
    fields: &[&[
        Field::optional(
            "profile",
            Shape::OneOf(&PROFILES),
            "the policy of a well-known gateway; what is given beside it replaces its part",
        ),
        Field::optional("temporary", Shape::Table(&TEMPORARY), "after a temporary refusal"),
        Field::optional("throttled", Shape::Table(&THROTTLED), "after a throttling refusal"),
        Field::with_default(
            "unknown",
            Shape::Either(&UNKNOWN_WORDS, &Shape::Table(&TEMPORARY)),
            "\"resubmit\"",
            "when no outcome was learnt: \"give-up\", \"resubmit\" by the rule for temporary refusals, or a rule",
        ),
        Field::optional(
            "by-status",
            Shape::Tables(&BY_STATUS),
            "statuses with rules of their own, whatever their class",
        ),
    ]],
    kind: None,
};

const UNKNOWN_WORDS: Shape = Shape::OneOf(&["give-up", "resubmit"]);

/// The names of all profiles.
const PROFILES: [&str; RETRY_PROFILES.len()] = {
    let mut names = [""; RETRY_PROFILES.len()];
    let mut index = 0;
    while index < names.len() {
        names[index] = RETRY_PROFILES[index].name;
        index += 1;
    }
    names
};

static BY_STATUS: TableSpec = TableSpec {
    title: "a rule for a status",
    doc: "How often, how soon and where to try again after one status.",
    fields: &[
        &[Field::required("status", Shape::Text, "an SMPP status such as \"ESME_RMSGQFUL\"")],
        TEMPORARY_KEYS,
    ],
    kind: None,
};

/// The keys of a rule, with the defaults of one class of failure.
macro_rules! rule {
    ($name:ident, $keys:ident, $title:literal, $doc:literal,
     $attempts:literal, $first_wait:literal, $growth:literal, $longest_wait:literal, $place:literal) => {
        const $keys: &[Field] = &[
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
            Field::with_default("longest-wait", Shape::Span, $longest_wait, "no wait is longer"),
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
        ];

        static $name: TableSpec =
            TableSpec { title: $title, doc: $doc, fields: &[$keys], kind: None };
    };
}

rule!(
    TEMPORARY,
    TEMPORARY_KEYS,
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
    THROTTLED_KEYS,
    "the rule for throttling",
    "How often, how soon and where to try again when throttled.",
    "20",
    "\"1s\"",
    "1.5",
    "\"30s\"",
    "\"head\""
);

/// Reads the retry policy of a destination, and the profile that it begins with, if one is named.
pub(crate) fn retry(
    reporter: &Reporter,
    node: &Node,
) -> Option<(RetryPolicy, Option<&'static RetryProfile>)> {
    let reader = TableReader::open(reporter, &ROOT, &RETRY, node)?;
    let profile = match reader.word("profile") {
        None => (!reader.has("profile")).then_some(None),
        Some(name) => Some(retry_profile(name)),
    };
    let begins_with = profile.flatten().map(|profile| profile.retry);
    let [temporary, throttled] = [
        ("temporary", &TEMPORARY, begins_with.map(|retry| retry.temporary)),
        ("throttled", &THROTTLED, begins_with.map(|retry| retry.throttled)),
    ]
    .map(|(key, spec, usual)| match (reader.get(key), usual) {
        (Some(node), _) => rule(reporter, spec, &node),
        (None, Some(usual)) => Some(usual),
        (None, None) => rule(reporter, spec, &default_table(node.mark)),
    });
    let written = reader.get("unknown");
    let unknown = match begins_with {
        Some(retry) if !reader.has("unknown") => Some(retry.unknown),
        _ => written.and_then(|node| unknown_outcome(reporter, temporary, &node)),
    };
    let own = by_status(reporter, &reader);
    let usual = begins_with.map_or(RetryPolicy::NO_STATUS_RULES, |retry| retry.by_status);
    reader.finish();
    let by_status = own?.unwrap_or(usual);
    let policy =
        RetryPolicy { temporary: temporary?, throttled: throttled?, unknown: unknown?, by_status };
    Some((policy, profile?))
}

fn unknown_outcome(
    reporter: &Reporter,
    temporary: Option<RetryRule>,
    node: &Node,
) -> Option<UnknownOutcome> {
    match &node.value {
        Value::Table(_) => rule(reporter, &TEMPORARY, node).map(UnknownOutcome::Resubmit),
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
            wrong_type(reporter, &quoted("unknown"), node, wanted);
            None
        }
    }
}

/// The rules of single statuses; the inner `None` when none are given.
fn by_status(reporter: &Reporter, reader: &TableReader<'_>) -> Option<Option<StatusRules>> {
    let nodes = reader.tables("by-status");
    if !reader.has("by-status") {
        return Some(None);
    }
    let read: Vec<Option<(Status, RetryRule)>> = nodes
        .iter()
        .map(|node| {
            let reader = TableReader::open(reporter, &ROOT, &BY_STATUS, node)?;
            let status = failure_status(&reader, "status");
            let rule = rule_of(&reader);
            reader.finish();
            Some((status?, rule?))
        })
        .collect();
    if read.len() > RetryPolicy::MOST_STATUS_RULES {
        let title = format!("`by-status` has more than {} rules", RetryPolicy::MOST_STATUS_RULES);
        reader.reject("by-status", title, format!("it has {}", read.len()));
        return None;
    }
    let mut rules = RetryPolicy::NO_STATUS_RULES;
    for (index, read) in read.into_iter().enumerate() {
        let (status, rule) = read?;
        if rules.iter().flatten().any(|(other, _)| *other == status) {
            let title = format!("`by-status` has two rules for {status}");
            reader.reject("by-status", title, "the second would never be used");
            return None;
        }
        rules[index] = Some((status, rule));
    }
    Some(Some(rules))
}

fn rule(reporter: &Reporter, spec: &'static TableSpec, node: &Node) -> Option<RetryRule> {
    let reader = TableReader::open(reporter, &ROOT, spec, node)?;
    let rule = rule_of(&reader);
    reader.finish();
    rule
}

fn rule_of(reader: &TableReader<'_>) -> Option<RetryRule> {
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
    Some(RetryRule {
        attempts: attempts?,
        first_wait: first_wait?,
        growth_permille: growth_permille?,
        longest_wait: longest_wait?,
        jitter_permille: jitter_permille?,
        place: if place? == "head" { RequeuePlace::Head } else { RequeuePlace::Tail },
    })
}
