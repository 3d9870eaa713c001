//! The house as tests: what DESIGN's rooms may name, how long a file may be, what a scenario must
//! have. Every rule is a function over text, and every rule is shown a text that breaks it.

#[path = "house/arrows.rs"]
mod arrows;
#[path = "house/source.rs"]
mod source;

use std::fs;
use std::path::Path;

use source::{Source, rust_files};

/// Longer files are looked for; the way out is to split them, not to raise this.
const LONGEST_LINES: usize = 700;

/// Files that may be longer, with the reason.
const MAY_BE_LONGER: &[(&str, &str)] = &[];

/// Rooms whose results are compared byte by byte between machines.
const DETERMINISTIC_ROOMS: [&str; 6] =
    ["engine", "event", "model", "scheduler", "detector", "measure"];

/// Rooms that are linked into a messaging platform.
const PRODUCTION_ROOMS: [&str; 5] = ["time", "units", "paged", "scheduler", "detector"];

/// Random order, the wall clock, and the outside world.
const UNREPEATABLE: [&str; 6] =
    ["HashMap", "HashSet", "RandomState", "Instant", "SystemTime", "thread_rng"];

/// What code that only decides has no use for.
const NOT_IN_PRODUCTION: [&str; 8] =
    ["std", "thread", "println", "eprintln", "print", "Mutex", "env", "fs"];

/// Mathematics whose last bits differ between platforms; `libm::` by path is the same everywhere.
const PLATFORM_MATHEMATICS: [&str; 17] = [
    "ln", "ln_1p", "log", "log2", "log10", "exp", "exp2", "exp_m1", "powf", "powi", "sin", "cos",
    "sin_cos", "tan", "tanh", "cbrt", "hypot",
];

/// Lines of a file beyond the limit, and an exemption that is no longer needed.
fn too_long(source: &Source, may_be_longer: &[(&str, &str)]) -> Vec<String> {
    let lines = source.text.lines().count();
    let exemption = may_be_longer.iter().find(|(path, _)| *path == source.path);
    match exemption {
        None if lines > LONGEST_LINES => {
            vec![format!("{}: {lines} lines, more than {LONGEST_LINES}", source.path)]
        }
        Some(_) if lines <= LONGEST_LINES => {
            vec![format!("{}: {lines} lines: take it off the list", source.path)]
        }
        _ => Vec::new(),
    }
}

/// Names that the file must not use at all.
fn forbidden_names(source: &Source, names: &[&str]) -> Vec<String> {
    let found = source.words().filter(|(_, word)| names.contains(word));
    found.map(|(line, word)| format!("{}:{line}: names `{word}`", source.path)).collect()
}

/// Calls such as `x.ln()` and `f64::powf(x, y)`.
fn platform_mathematics(source: &Source) -> Vec<String> {
    let called = |at: usize, word: &str| {
        let (before, after) = (&source.code[..at], &source.code[at + word.len()..]);
        let before = before.trim_end();
        let of_float =
            before.ends_with('.') || ["f64::", "f32::"].iter().any(|p| before.ends_with(p));
        of_float && (after.starts_with('(') || !before.ends_with('.'))
    };
    let found = source
        .words_at()
        .filter(|(at, word)| PLATFORM_MATHEMATICS.contains(word) && called(*at, word));
    found
        .map(|(at, word)| format!("{}:{}: calls `{word}`", source.path, source.line_of(at)))
        .collect()
}

/// Work that was left for later, in code or in comments.
fn leftovers(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    for (line, word) in source.words() {
        if ["todo", "unimplemented"].contains(&word) {
            found.push(format!("{}:{line}: `{word}`", source.path));
        }
    }
    for (number, line) in source.comments.lines().enumerate() {
        for mark in ["TODO", "FIXME", "XXX", "HACK"] {
            if line.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == mark) {
                found.push(format!("{}:{}: `{mark}`", source.path, number + 1));
            }
        }
    }
    for (number, line) in source.code.lines().enumerate() {
        if line.trim_start().starts_with("#[ignore") {
            found.push(format!("{}:{}: a test that is not run", source.path, number + 1));
        }
    }
    found
}

/// What every scenario that is shown to others has.
fn scenario_manners(path: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut lines = text.lines();
    let up = "../".repeat(path.matches('/').count().max(1));
    let schema = format!("#:schema {up}schema/scenario.schema.json");
    if lines.next() != Some(schema.as_str()) {
        found.push(format!("{path}: the first line does not name the schema"));
    }
    if !lines.next().is_some_and(|line| line.starts_with("# ") && line.len() > 20) {
        found.push(format!("{path}: no comment says what it shows and why"));
    }
    let has = |start: &str| text.lines().any(|line| line.starts_with(start));
    if !has("description = \"") {
        found.push(format!("{path}: no description"));
    }
    if !has("[[check]]") {
        found.push(format!("{path}: no check: it cannot fail"));
    }
    found
}

fn room(path: &str) -> &str {
    let below = path.strip_prefix("src/").unwrap_or("");
    let first = below.split('/').next().unwrap_or("");
    first.strip_suffix(".rs").unwrap_or(first)
}

fn assert_none(found: Vec<String>) {
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn no_file_is_too_long() {
    let files = rust_files(&["src", "tests", "examples", "benches"]);
    for (path, reason) in MAY_BE_LONGER {
        assert!(files.iter().any(|source| source.path == *path), "{path} is gone");
        assert!(reason.len() > 20, "{path}: say why");
    }
    assert_none(files.iter().flat_map(|source| too_long(source, MAY_BE_LONGER)).collect());
}

#[test]
fn production_code_names_nothing_of_the_laboratory_and_nothing_of_the_machine() {
    let mut found = Vec::new();
    let mut seen = 0;
    for source in rust_files(&["src"]) {
        if PRODUCTION_ROOMS.contains(&room(&source.path)) {
            seen += 1;
            let source = source.without_tests();
            found.extend(forbidden_names(&source, &NOT_IN_PRODUCTION));
            found.extend(forbidden_names(&source, &UNREPEATABLE));
            found.extend(arrows::violations(&source));
        }
    }
    assert!(seen > 20, "only {seen} files of production code were found");
    assert_none(found);
}

#[test]
fn deterministic_rooms_name_no_clock_no_random_order_and_no_platform_mathematics() {
    let mut found = Vec::new();
    for source in rust_files(&["src"]) {
        if DETERMINISTIC_ROOMS.contains(&room(&source.path)) {
            found.extend(forbidden_names(&source, &UNREPEATABLE));
            found.extend(platform_mathematics(&source));
        }
    }
    assert_none(found);
}

#[test]
fn the_arrows_of_the_house_point_one_way() {
    assert_none(rust_files(&["src"]).iter().flat_map(arrows::violations).collect());
}

#[test]
fn nothing_is_left_for_later() {
    let files = rust_files(&["src", "tests", "examples", "benches"]);
    assert_none(files.iter().flat_map(leftovers).collect());
}

#[test]
fn every_scenario_has_a_schema_a_reason_a_description_and_a_check() {
    let mut found = Vec::new();
    let mut seen = 0;
    let folders = ["scenarios", "scenarios/adversaries"];
    let entries = folders.map(|folder| fs::read_dir(folder).expect("a folder of scenarios"));
    for entry in entries.into_iter().flatten() {
        let path = entry.expect("readable").path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            let text = fs::read_to_string(&path).expect("readable");
            found.extend(scenario_manners(&path.display().to_string(), &text));
            seen += 1;
        }
    }
    assert!(seen > 0, "there are no scenarios");
    assert_none(found);
}

#[test]
fn every_room_is_known_to_the_rules() {
    for entry in fs::read_dir("src").expect("the folder of the source") {
        let name = entry.expect("readable").file_name().to_string_lossy().into_owned();
        let room = name.strip_suffix(".rs").unwrap_or(&name);
        let known = ["lib", "main"].contains(&room) || arrows::is_known(room);
        assert!(known, "src/{name} is in no rule: say in tests/house/arrows.rs what it may name");
    }
    for room in DETERMINISTIC_ROOMS.iter().chain(&PRODUCTION_ROOMS) {
        assert!(Path::new("src").join(format!("{room}.rs")).exists(), "no room {room}");
    }
}

/// The red side: each rule, given a text that breaks it, says so.
mod broken {
    use super::*;

    #[test]
    fn a_long_file_and_a_needless_exemption() {
        let long = Source::new("src/a.rs", &"fn f() {}\n".repeat(LONGEST_LINES + 1));
        assert_eq!(too_long(&long, &[]), ["src/a.rs: 701 lines, more than 700"]);
        assert!(too_long(&long, &[("src/a.rs", "it is a table")]).is_empty());
        let short = Source::new("src/a.rs", "fn f() {}\n");
        assert!(too_long(&short, &[]).is_empty());
        assert_eq!(
            too_long(&short, &[("src/a.rs", "")]),
            ["src/a.rs: 1 lines: take it off the list"]
        );
    }

    #[test]
    fn a_forbidden_name() {
        let text = "// HashMap\nuse std::collections::HashMap;\nlet s = \"HashMap\";\nMyHashMap";
        let source = Source::new("src/model/a.rs", text);
        assert_eq!(forbidden_names(&source, &UNREPEATABLE), ["src/model/a.rs:2: names `HashMap`"]);
        assert_eq!(forbidden_names(&source, &NOT_IN_PRODUCTION), ["src/model/a.rs:2: names `std`"]);
        let tested = "use core::fmt;\n#[cfg(test)]\nmod tests {\n    use std::vec;\n}\n";
        let source = Source::new("src/time.rs", tested).without_tests();
        assert!(forbidden_names(&source, &NOT_IN_PRODUCTION).is_empty());
    }

    #[test]
    fn platform_mathematics_by_method_and_by_path() {
        let text = "x.ln();\nlibm::log(x);\nf64::powf(x, y);\nmap(f64::exp);\nself.log.len();\n\
                    x\n    .powi(2);\nlet ln = 1;\nlog(x);";
        let source = Source::new("src/engine/a.rs", text);
        assert_eq!(
            platform_mathematics(&source),
            [
                "src/engine/a.rs:1: calls `ln`",
                "src/engine/a.rs:3: calls `powf`",
                "src/engine/a.rs:4: calls `exp`",
                "src/engine/a.rs:7: calls `powi`",
            ]
        );
    }

    #[test]
    fn work_left_for_later() {
        let macros = format!("{}!();\n{}!();\nlet s = \"// TODO\";", "todo", "unimplemented");
        let marks =
            format!("// {}: later\n/* {} */\n{}]\nfn f() {{}}", "TODO", "FIXME", "#[ignore");
        assert_eq!(
            leftovers(&Source::new("a.rs", &macros)),
            ["a.rs:1: `todo`", "a.rs:2: `unimplemented`"]
        );
        assert_eq!(
            leftovers(&Source::new("a.rs", &marks)),
            ["a.rs:1: `TODO`", "a.rs:2: `FIXME`", "a.rs:3: a test that is not run"]
        );
    }

    #[test]
    fn a_scenario_without_manners() {
        let good = fs::read_to_string("scenarios/noisy-neighbour.toml").expect("readable");
        assert!(scenario_manners("a", &good).is_empty());
        for (missing, complaint) in [
            ("#:schema", "a: the first line does not name the schema"),
            ("description = ", "a: no description"),
            ("[[check]]", "a: no check: it cannot fail"),
        ] {
            let without: Vec<&str> =
                good.lines().filter(|line| !line.starts_with(missing)).collect();
            let found = scenario_manners("a", &without.join("\n"));
            assert!(found.contains(&complaint.to_owned()), "{missing}: {found:?}");
        }
        let bare: Vec<&str> = good.lines().filter(|line| !line.starts_with("# ")).collect();
        let found = scenario_manners("a", &bare.join("\n"));
        assert_eq!(found, ["a: no comment says what it shows and why"]);
    }
}
