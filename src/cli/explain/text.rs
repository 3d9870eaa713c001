//! An explanation for people.

use super::facts::{About, MessageFacts, Party, ScoreFacts, StayFacts, TenantFacts, WaitFacts};
use crate::report::{Paint, TextTable, Tone, count, percent, time};

/// Columns that the text keeps to.
const WIDTH: usize = 100;
/// Parties that are named; the others are counted.
const MOST_PARTIES: usize = 4;
/// Scores that are shown of one stay.
const MOST_SCORES: usize = 6;
/// Where the text beside the times begins.
const INDENT: usize = 16;

pub(super) fn message(facts: &MessageFacts, paint: Paint) -> String {
    let plural = if facts.segments == 1 { "" } else { "s" };
    let mut text = paint.apply(
        Tone::Strong,
        &format!(
            "message {} of {} · {} · {} segment{plural} to {}",
            facts.message, facts.tenant, facts.class, facts.segments, facts.destination
        ),
    );
    text.push('\n');
    text.push_str(&of_run(&facts.about, paint));
    for fault in &facts.faults {
        let words = format!(
            "in force meanwhile: {} ({}) from {:.3} s to {:.3} s",
            fault.fault, fault.kind, fault.start_s, fault.end_s
        );
        text.push_str(&line("", &words));
    }
    let mut stays = facts.stays.iter().peekable();
    for event in &facts.events {
        let words =
            if event.is_truth { format!("in truth: {}", event.what) } else { event.what.clone() };
        text.push_str(&line(&format!("{:.3} s", event.time_s), &words));
        if stays.peek().is_some_and(|stay| stay.from_s == event.time_s) && joins(&event.what) {
            text.push_str(&of_stay(stays.next().expect("just seen"), facts));
        }
    }
    let end = match facts.dwell_s {
        Some(dwell) => format!(
            "waited {} for its first attempt, {} in its queue in all; {}",
            time(dwell),
            time(facts.waited_s),
            facts.outcome.replace('_', " ")
        ),
        None => format!("was never sent; {}", facts.outcome.replace('_', " ")),
    };
    text.push_str(&line("", &end));
    text
}

/// Whether a message joins its queue by it.
fn joins(what: &str) -> bool {
    what == "submitted" || what == "back in its queue"
}

fn of_stay(stay: &StayFacts, facts: &MessageFacts) -> String {
    let mut text = String::new();
    let waiting: u64 = stay.waiting.iter().map(|party| party.messages).sum();
    if waiting > 0 {
        let words = format!(
            "{} messages wait at {}, {} of them before it in its own queue: {}",
            count(waiting),
            facts.destination,
            count(stay.ahead),
            parties(&stay.waiting)
        );
        text.push_str(&line("", &words));
    }
    let waited = stay.until_s - stay.from_s;
    if waited <= 0.0 {
        text.push_str(&line("", "goes at once"));
        return text;
    }
    text.push_str(&line("", &format!("waits {}:", time(waited))));
    for (cause, words) in waits(&stay.waits) {
        text.push_str(&line("", &format!("{:>8}  {words}", percent(cause))));
    }
    let passed: u64 = stay.went_first.iter().map(|party| party.messages).sum();
    if passed > 0 {
        let words = format!("{} went first: {}", count(passed), parties(&stay.went_first));
        text.push_str(&line("", &words));
    }
    for (number, score) in chosen_scores(&stay.scores).enumerate() {
        text.push_str(&line("", &of_score(score, number == 0)));
    }
    text
}

/// The first, the last, and some in between.
fn chosen_scores(scores: &[ScoreFacts]) -> impl Iterator<Item = &ScoreFacts> {
    let shown = scores.len().min(MOST_SCORES);
    let last = scores.len().saturating_sub(1);
    (0..shown).map(move |number| &scores[number * last / (shown - 1).max(1)])
}

fn of_score(score: &ScoreFacts, is_first: bool) -> String {
    let own = format!("{:.3} s: score {:+.3} s", score.time_s, score.score_s);
    let share = if is_first {
        format!(", entitled to {} of the quota", percent(score.share))
    } else {
        String::new()
    };
    match score.chosen_score_s {
        Some(other) => format!("{own}{share}; first is {} with {other:+.3} s", score.chosen),
        None => format!("{own}{share}; its queue's turn"),
    }
}

/// Causes with those who were first put together, longest first.
fn waits(waits: &[WaitFacts]) -> Vec<(f64, String)> {
    let others: Vec<&WaitFacts> = waits.iter().filter(|wait| wait.tenant.is_some()).collect();
    let mut lines: Vec<(f64, String)> = waits
        .iter()
        .filter(|wait| wait.tenant.is_none())
        .map(|wait| (wait.part, format!("{}: {}", in_words(wait.cause), time(wait.waited_s))))
        .collect();
    if !others.is_empty() {
        let named = others.iter().take(MOST_PARTIES).map(|wait| {
            format!("{} {}", wait.tenant.as_deref().unwrap_or_default(), time(wait.waited_s))
        });
        let mut names: Vec<String> = named.collect();
        if others.len() > MOST_PARTIES {
            let rest: f64 = others[MOST_PARTIES..].iter().map(|wait| wait.waited_s).sum();
            names.push(format!("{} others {}", others.len() - MOST_PARTIES, time(rest)));
        }
        let part = others.iter().map(|wait| wait.part).sum();
        lines.push((part, format!("others are first: {}", names.join(" · "))));
    }
    lines.sort_by(|a, b| b.0.total_cmp(&a.0));
    lines
}

fn in_words(cause: &str) -> &str {
    match cause {
        "quota" => "its turn, the quota is used up",
        "own backlog" => "its own tenant's messages are first",
        "policy" => "the policy lets nobody go",
        "window" => "all seats of all sessions are taken",
        "no session" => "no session is up",
        "sender's cap" => "its sender's cap holds it back",
        "paused" => "it is paused",
        "back-off" => "backs off before another attempt",
        other => other,
    }
}

fn parties(parties: &[Party]) -> String {
    let mut names: Vec<String> = parties
        .iter()
        .take(MOST_PARTIES)
        .map(|party| format!("{} {}", party.tenant, count(party.messages)))
        .collect();
    if parties.len() > MOST_PARTIES {
        let rest: u64 = parties[MOST_PARTIES..].iter().map(|party| party.messages).sum();
        names.push(format!("{} others {}", parties.len() - MOST_PARTIES, count(rest)));
    }
    names.join(" · ")
}

pub(super) fn tenants(facts: &TenantFacts, paint: Paint) -> String {
    let who = match facts.tenants {
        1 => facts.who.clone(),
        tenants => format!("{} ({} tenants)", facts.who, count(tenants as u64)),
    };
    let title = format!("{who} · {} messages", count(facts.messages));
    let mut text = paint.apply(Tone::Strong, &title);
    text.push('\n');
    text.push_str(&of_run(&facts.about, paint));
    if facts.messages == 0 {
        text.push_str("it submitted nothing\n");
        return text;
    }
    let each = facts.waited_s / facts.messages as f64;
    text.push_str(&format!(
        "\nwaited {} in all, {} a message:\n",
        time(facts.waited_s),
        time(each)
    ));
    for (part, words) in waits(&facts.waits) {
        text.push_str(&wrapped(&format!("{:>8}  {words}", percent(part)), 10));
    }
    if !facts.series.is_empty() {
        text.push('\n');
        let mut table = TextTable::new(&[
            "from", "offered", "sent", "entitled", "share", "entitled", "backlog",
        ]);
        for row in &facts.series {
            let of_all = |segments: f64| match row.sent_by_all {
                0 => "-".to_owned(),
                all => percent(segments / all as f64),
            };
            table.row(
                Tone::Plain,
                vec![
                    time(row.from_s),
                    count(row.offered),
                    count(row.sent),
                    count(row.entitled.round() as u64),
                    of_all(row.sent as f64),
                    of_all(row.entitled),
                    count(row.backlog),
                ],
            );
        }
        text.push_str(&table.print(paint, WIDTH));
    }
    if !facts.worst.is_empty() {
        text.push_str("\nwaited longest:\n");
        let mut table = TextTable::new(&["message", "class", "submitted at", "waited", ""]);
        for worst in &facts.worst {
            table.row(
                Tone::Plain,
                vec![
                    worst.message.to_string(),
                    worst.class.clone(),
                    format!("{:.3} s", worst.submitted_s),
                    time(worst.waited_s),
                    if worst.was_dispatched { "" } else { "never sent" }.to_owned(),
                ],
            );
        }
        text.push_str(&table.print(paint, WIDTH));
        let first = facts.worst[0].message;
        text.push_str(&format!("\napportion explain {} {first}\n", facts.about.folder));
    }
    text
}

fn of_run(about: &About, paint: Paint) -> String {
    let words = format!(
        "{} · {} · seed {} · same digest as recorded: {}",
        about.scenario, about.policy, about.seed, about.digest
    );
    paint.apply(Tone::Faint, &words) + "\n"
}

/// A time and what is said of it, wrapped under its beginning.
fn line(when: &str, words: &str) -> String {
    let gap = INDENT - 3;
    wrapped(&format!("{when:>gap$}   {words}"), INDENT)
}

/// A line that is too long goes on below, indented.
fn wrapped(line: &str, indent: usize) -> String {
    let mut text = String::new();
    let mut rest = line;
    let mut width = WIDTH;
    loop {
        let end = rest.char_indices().nth(width).map(|(at, _)| at);
        let Some(end) = end else {
            text.push_str(rest);
            text.push('\n');
            return text;
        };
        let lead = rest.len() - rest.trim_start().len();
        let cut = rest[..end].rfind(' ').filter(|at| *at > lead).unwrap_or(end);
        text.push_str(rest[..cut].trim_end());
        text.push_str(&format!("\n{:indent$}", ""));
        rest = rest[cut..].trim_start();
        width = WIDTH - indent;
    }
}
