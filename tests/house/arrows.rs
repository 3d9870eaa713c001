//! Which room may name which: the arrows of the house.

use super::source::Source;

/// A room, and the rooms it may name. Where only some items of a room may be named, they are named.
const ARROWS: [(&str, &[&str]); 13] = [
    ("time", &[]),
    ("units", &["time"]),
    // A vector for what there may be millions of.
    ("paged", &[]),
    ("scheduler", &["paged", "time", "units"]),
    ("detector", &["paged", "time", "units"]),
    ("event", &["scheduler", "detector", "time", "units"]),
    // The engine knows nothing of messages.
    ("engine", &["time", "event::Flow", "units::mix"]),
    ("scenario", &["scheduler", "detector", "time", "units"]),
    // The model does not know who measures it.
    ("model", &["scenario", "event", "engine", "scheduler", "detector", "time", "units"]),
    (
        "measure",
        &["scenario", "event", "engine", "scheduler", "detector", "paged", "time", "units"],
    ),
    ("report", &["measure", "scenario", "event", "scheduler", "detector", "time", "units"]),
    // The table of messages is a sink of the report, which a run fills.
    (
        "experiment",
        &[
            "report::MessageTable",
            "measure",
            "model",
            "scenario",
            "event",
            "engine",
            "scheduler",
            "detector",
            "time",
            "units",
        ],
    ),
    (
        "cli",
        &[
            "experiment",
            "report",
            "measure",
            "model",
            "scenario",
            "event",
            "engine",
            "scheduler",
            "detector",
            "time",
            "units",
        ],
    ),
];

/// Whether there is a rule for `room`.
pub(crate) fn is_known(room: &str) -> bool {
    ARROWS.iter().any(|(name, _)| *name == room)
}

/// Names that point against an arrow, and spellings that hide where they point.
pub(crate) fn violations(source: &Source) -> Vec<String> {
    let Some(below) = source.path.strip_prefix("src/") else { return Vec::new() };
    let below = below.strip_suffix(".rs").unwrap_or(below);
    let depth = below.split('/').count();
    let own = below.split('/').next().unwrap_or_default();
    let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == own) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    let mut complain = |at: usize, what: String| {
        found.push(format!("{}:{}: {what}", source.path, source.line_of(at)));
    };
    for (at, path) in paths(source) {
        let named = path.trim_start_matches("crate::");
        let room = named.split("::").next().unwrap_or_default();
        let is_allowed = room == own
            || allowed.iter().any(|one| named == *one || named.starts_with(&format!("{one}::")));
        if room.is_empty() || (allowed_in_part(allowed, room) && named.ends_with("::")) {
            complain(at, format!("`{path}{{` hides what it names: write the paths out"));
        } else if !is_allowed {
            complain(at, format!("{own} names `{named}`"));
        }
    }
    // Climbing out of the room by `super` would hide an arrow.
    let tests = source.start_of_tests().unwrap_or(usize::MAX);
    for (at, word) in source.words_at().filter(|(_, word)| *word == "super") {
        let is_first = !source.code[..at].trim_end().ends_with("super::");
        let climbs = source.code[at..].split("::").take_while(|part| *part == word).count();
        let own_depth = depth + usize::from(at > tests);
        if is_first && climbs >= own_depth {
            complain(at, "climbs out of its room by `super`".to_owned());
        }
    }
    found
}

fn allowed_in_part(allowed: &[&str], room: &str) -> bool {
    allowed.iter().any(|one| one.split_once("::").is_some_and(|(first, _)| first == room))
}

/// Every `crate::…` and `apportion::…` of the code up to where it stops being a plain path.
fn paths(source: &Source) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (at, _) in source.words_at().filter(|(_, word)| ["crate", "apportion"].contains(word)) {
        let rest = &source.code[at..];
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != ':');
        let path = &rest[..end.unwrap_or(rest.len())];
        if path.contains("::") {
            found.push((at, path.replace("apportion::", "crate::")));
        }
    }
    found
}

#[test]
fn arrows_against_the_house_are_found() {
    let found = |path: &str, code: &str| violations(&Source::new(path, code));
    assert!(found("src/engine/a.rs", "use crate::event::Flow;\nuse crate::time::Time;").is_empty());
    assert_eq!(
        found("src/engine/a.rs", "use crate::event::Sink;"),
        ["src/engine/a.rs:1: engine names `event::Sink`"]
    );
    assert_eq!(
        found("src/engine/a.rs", "use crate::event::{Flow, Sink};"),
        ["src/engine/a.rs:1: `crate::event::{` hides what it names: write the paths out"]
    );
    assert_eq!(
        found("src/engine.rs", "use crate::{time, event};"),
        ["src/engine.rs:1: `crate::{` hides what it names: write the paths out"]
    );
    for (path, code, named) in [
        ("src/scheduler/a.rs", "crate::detector::Alert", "detector::Alert"),
        ("src/detector.rs", "use crate::scheduler::{Lane};", "scheduler::"),
        ("src/model/world.rs", "fn f(x: crate::measure::Findings) {}", "measure::Findings"),
        ("src/report/a.rs", "use crate::cli::Exit;", "cli::Exit"),
        ("src/report/a.rs", "use crate::experiment::run;", "experiment::run"),
        ("src/units.rs", "use apportion::scheduler::Lane;", "scheduler::Lane"),
    ] {
        let room = path[4..].split(['/', '.']).next().expect("a room");
        assert_eq!(found(path, code), [format!("{path}:1: {room} names `{named}`")]);
    }
    assert!(found("src/model/a.rs", "// crate::measure\nlet s = \"crate::measure\";").is_empty());
    assert!(found("src/cli/a.rs", "use crate::measure::METRICS;").is_empty());
}

#[test]
fn climbing_out_of_a_room_is_found() {
    let found = |path: &str, code: &str| violations(&Source::new(path, code)).len();
    assert_eq!(found("src/model/a.rs", "use super::b;"), 0);
    assert_eq!(found("src/model/a.rs", "use super::super::measure;"), 1);
    assert_eq!(found("src/model.rs", "use super::measure;"), 1);
    let tests = "#[cfg(test)]\nmod tests {\n    use super::super::sample;\n}\n";
    assert_eq!(found("src/report/a.rs", tests), 0);
    assert_eq!(found("src/report.rs", tests), 1);
}
