//! The registries, the schema and the help pages.

use super::place::Place;

#[test]
fn the_registries_say_the_same_in_every_format() {
    let place = Place::new();
    for (list, member) in [
        ("policies", "token-partition"),
        ("detectors", "static-threshold"),
        ("faults", "error-burst"),
        ("carriers", "us-short-code"),
        ("metrics", "dwell_p99_worst"),
    ] {
        let json = place.expect(0, &format!("{list} --format json")).json();
        let json = json.as_array().expect("records");
        let rows = place.expect(0, &format!("{list} --format csv")).csv();
        let (head, rows) = rows.split_first().expect("a header");
        assert_eq!(json.len(), rows.len(), "{list}");
        assert!(rows.iter().any(|row| row[0] == member), "{list} has no {member}");
        let table = place.expect(0, list).stdout;
        let markdown = place.expect(0, &format!("{list} --format md")).stdout;
        assert_eq!(markdown.lines().count(), rows.len() + 2, "{list}");
        for (record, row) in json.iter().zip(rows) {
            for (name, cell) in head.iter().zip(row) {
                assert_eq!(record[name], cell.as_str(), "{list}");
                assert!(table.contains(cell), "{list}: {cell}");
                assert!(markdown.contains(&cell.replace('|', "\\|")), "{list}: {cell}");
            }
            assert!(!row[1..].iter().all(String::is_empty), "{list}: {} is not explained", row[0]);
        }
        let done = place.expect(2, &format!("{list} --format github"));
        assert!(done.stderr.contains("error: --format github is for `apportion check`"));
    }
}

#[test]
fn the_schema_is_the_one_that_is_checked_in() {
    let place = Place::new();
    let checked_in = include_str!("../../schema/scenario.schema.json");
    for format in ["table", "json"] {
        let done = place.expect(0, &format!("schema --format {format}"));
        assert_eq!(done.stdout.trim_end(), checked_in.trim_end());
    }
}

#[test]
fn every_help_page_tells_usage_and_exit_codes() {
    let place = Place::new();
    let overview = place.expect(0, "--help").stdout;
    assert!(overview.contains("Start with: apportion run scenarios/noisy-neighbour.toml"));
    let commands: Vec<&str> = overview
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert_eq!(
        commands,
        [
            "run",
            "show",
            "compare",
            "sweep",
            "merge",
            "check",
            "verify",
            "diff",
            "replay",
            "report",
            "explain",
            "detect",
            "init",
            "policies",
            "detectors",
            "faults",
            "carriers",
            "metrics",
            "schema",
            "completions",
            "man",
            "help",
        ]
    );
    for command in commands.iter().filter(|command| **command != "help") {
        for page in
            [format!("{command} --help"), format!("{command} -h"), format!("help {command}")]
        {
            let done = place.expect(0, &page);
            assert!(done.stdout.contains(&format!("Usage: apportion {command}")), "{page}");
            assert!(done.stdout.contains("Exit codes:\n  0  done"), "{page}\n{}", done.stdout);
            assert!(done.stdout.contains("130  interrupted"), "{page}");
            assert_eq!(done.stderr, "");
        }
    }
    let version = place.expect(0, "--version").stdout;
    assert_eq!(version, format!("apportion {}\n", env!("CARGO_PKG_VERSION")));
}
