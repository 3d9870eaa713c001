//! `check`: verdicts, exit codes and what machines are told.

use super::place::{CALM, Done, IMPOSSIBLE_CHECK, Place};

const WRONG: &str = "description = 1\n[[destination]]\nnam = \"us\"\n";

/// One scenario of every kind; what is below is not searched.
fn mixed() -> Place {
    let place = Place::new();
    let skipped = format!("{CALM}[log]\npath = \"${{APPORTION_DATA}}/log.csv\"\n");
    place.write("all/1-passes.toml", CALM);
    place.write("all/2-fails.toml", &format!("{CALM}{IMPOSSIBLE_CHECK}"));
    place.write("all/3-is-skipped.toml", &skipped);
    place.write("all/4-is-wrong.toml", WRONG);
    place.write("all/read-me.txt", "not a scenario");
    place.write("all/below/5-unseen.toml", WRONG);
    place
}

#[test]
fn exit_codes_follow_the_worst_verdict() {
    let place = mixed();
    for (code, files) in [
        (0, "all/1-passes.toml"),
        (0, "all/3-is-skipped.toml"),
        (1, "all/2-fails.toml"),
        (1, "all/1-passes.toml all/2-fails.toml all/3-is-skipped.toml"),
        (2, "all/4-is-wrong.toml"),
        (2, "all/4-is-wrong.toml all/2-fails.toml"),
        (74, "all/1-passes.toml all/absent.toml"),
        (74, "all/absent.toml all/2-fails.toml all/4-is-wrong.toml"),
        (2, "all"),
    ] {
        place.expect(code, &format!("check {files}"));
    }
    place.write("empty/read-me.txt", "");
    let done = place.expect(4, "check empty");
    assert!(done.stderr.contains("no scenario here"), "{}", done.stderr);
    assert!(!place.path("results").exists(), "check alone writes no results");
}

#[test]
fn people_see_every_verdict_and_how_to_reproduce_it() {
    let place = mixed();
    let done = place.expect(2, "check all");
    let lines: Vec<&str> = done.stdout.lines().collect();
    assert_eq!(lines[0], "✓ 1-passes: 1 of 1 checks passed");
    assert_eq!(lines[1], "✗ 2-fails: 1 of 2 checks passed");
    assert!(lines[2].starts_with("  ✗ nobody waits: dwell_max of all: "), "{}", done.stdout);
    assert!(lines[2].ends_with(" <= 1 ms  (all/2-fails.toml:37)"), "{}", done.stdout);
    assert_eq!(lines[3], "  reproduce: apportion run all/2-fails.toml");
    assert!(lines[4].starts_with("- 3-is-skipped: skipped: "), "{}", done.stdout);
    assert!(lines[4].contains("APPORTION_DATA"), "{}", done.stdout);
    assert_eq!(lines[5], "✗ 4-is-wrong");
    assert!(done.stdout.contains("did you mean `name`"), "{}", done.stdout);
    assert_eq!(lines[lines.len() - 2], "  reproduce: apportion run all/4-is-wrong.toml");
    assert_eq!(lines[lines.len() - 1], "1 passed, 2 failed, 1 skipped");
}

#[test]
fn every_form_of_the_verdicts_says_the_same_on_any_number_of_threads() {
    let place = mixed();
    for format in ["table", "json", "csv", "md", "github"] {
        let one = place.expect(2, &format!("check all --format {format} --jobs 1 --junit 1.xml"));
        let two = place.expect(2, &format!("check all --format {format} --jobs 2 --junit 2.xml"));
        assert_eq!(one.stdout, two.stdout, "{format}");
        assert_eq!(place.read("1.xml"), place.read("2.xml"));
    }
    let json = place.expect(2, "check all --format json").json();
    let rows = place.expect(2, "check all --format csv").csv();
    let json = json.as_array().expect("rows");
    assert_eq!((json.len(), rows.len()), (5, 6));
    for (record, row) in json.iter().zip(&rows[1..]) {
        for (name, cell) in rows[0].iter().zip(row) {
            let value = match &record[name] {
                serde_json::Value::String(text) => text.clone(),
                serde_json::Value::Null => String::new(),
                other => other.to_string(),
            };
            assert_eq!(value, *cell, "{name}");
        }
    }
    let outcomes: Vec<&str> = json.iter().filter_map(|row| row["outcome"].as_str()).collect();
    assert_eq!(outcomes, ["judged", "judged", "judged", "skipped", "broken"]);
    assert_eq!((&json[2]["passed"], &json[2]["bound"]), (&false.into(), &0.001.into()));
    let markdown = place.expect(2, "check all --format md").stdout;
    assert_eq!(markdown.lines().count(), 2 + 5);
    assert!(markdown.contains("| 2-fails | nobody waits | "), "{markdown}");
}

#[test]
fn junit_is_xml_with_the_counts_and_the_commands() {
    let place = mixed();
    // Colour belongs to terminals; in a file its control characters would not even be XML.
    place.expect(2, "check all --junit verdicts.xml --color always --set seed=3");
    let text = place.read("verdicts.xml");
    let elements = well_formed(&text);
    let count = |name: &str| elements.iter().filter(|element| **element == name).count();
    assert_eq!((count("testsuites"), count("testsuite"), count("testcase")), (1, 4, 5));
    assert_eq!((count("failure"), count("error"), count("skipped")), (1, 1, 1));
    assert!(text.contains("tests=\"5\" failures=\"1\" errors=\"1\">"), "{text}");
    assert!(text.contains("apportion run all/2-fails.toml --set seed=3</failure>"), "{text}");
    assert!(text.contains("apportion run all/4-is-wrong.toml --set seed=3</error>"), "{text}");
    assert!(!text.contains('\u{1b}') && !text.contains('\u{fffd}'), "{text}");
    place.expect(74, "check all/1-passes.toml --junit absent/verdicts.xml");
}

/// The elements in the order of their beginnings; panics where tags do not nest.
fn well_formed(text: &str) -> Vec<&str> {
    let text = text.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n").expect("a head");
    let (mut open, mut seen) = (Vec::new(), Vec::new());
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        assert!(!rest[..at].contains('>'), "a bare > in {:?}", &rest[..at]);
        let end = at + rest[at..].find('>').expect("a tag ends");
        let tag = &rest[at + 1..end];
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name));
        } else {
            assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
            let name = tag.split([' ', '/']).next().expect("a name");
            seen.push(name);
            if !tag.ends_with('/') {
                open.push(name);
            }
        }
        rest = &rest[end + 1..];
    }
    assert!(open.is_empty() && rest.trim().is_empty(), "{open:?} {rest}");
    seen
}

#[test]
fn github_gets_annotations_at_the_lines_of_the_checks() {
    let place = mixed();
    let done = place.expect(2, "check all --format github --color always");
    let lines: Vec<&str> = done.stdout.lines().collect();
    assert_eq!(lines.len(), 3, "{}", done.stdout);
    let wrong = "::error file=all/4-is-wrong.toml,title=4-is-wrong%3A did not finish::";
    assert!(lines[0].starts_with(wrong) && lines[0].contains("%0A"), "{}", lines[0]);
    let fails = "::error file=all/2-fails.toml,line=37,title=2-fails%3A nobody waits::dwell_max of";
    assert!(lines[1].starts_with(fails), "{}", lines[1]);
    assert!(lines[1].ends_with("%0Aapportion run all/2-fails.toml"), "{}", lines[1]);
    assert!(lines[2].starts_with("::notice file=all/3-is-skipped.toml,title="), "{}", lines[2]);
    assert!(!done.stdout.contains('\u{1b}'));
}

#[test]
fn a_variable_that_is_set_makes_the_skipped_scenario_run() {
    let place = mixed();
    place.write("data/log.csv", "time,tenant\n1,bulk\n");
    let mut command = place.command("check all/3-is-skipped.toml");
    command.env("APPORTION_DATA", place.path("data"));
    let done = Done::of(command, 0, "with the variable");
    assert!(done.stdout.ends_with("1 passed, 0 failed, 0 skipped\n"), "{}", done.stdout);
}

#[test]
fn the_default_is_the_folder_of_scenarios() {
    let place = Place::new();
    place.write("scenarios/calm.toml", CALM);
    let done = place.expect(0, "check");
    assert_eq!(done.stdout, "✓ calm: 1 of 1 checks passed\n1 passed, 0 failed, 0 skipped\n");
}
