//! Wrong scenario files and what they are answered, as golden files: `NN-name.toml` beside
//! `NN-name.txt`. `APPORTION_BLESS=1 cargo test --test scenario_errors` writes the answers anew;
//! read them before they are committed.

use std::fs;
use std::path::{Path, PathBuf};

use apportion::scenario::{LoadError, MetricUnit, Registries, load, resolve_text};
use proptest::prelude::*;

const FOLDER: &str = "tests/scenario_errors";

const REGISTRIES: Registries<'_> = Registries {
    metrics: &[
        ("dwell_p50", MetricUnit::Seconds),
        ("dwell_p99", MetricUnit::Seconds),
        ("delay_median_s", MetricUnit::Seconds),
        ("jain", MetricUnit::Ratio),
        ("recall", MetricUnit::Ratio),
        ("false_alarms", MetricUnit::Count),
    ],
    policies: &["scoring", "fifo", "wfq", "token-partition", "lottery"],
    detectors: &["scores", "static-threshold"],
};

/// The wrong files in order, each with the overrides that its `# --set` lines ask for.
fn cases() -> Vec<(PathBuf, Vec<String>)> {
    let entries = fs::read_dir(FOLDER).expect("the folder of cases exists");
    let paths = entries.map(|entry| entry.expect("readable").path());
    let mut cases: Vec<(PathBuf, Vec<String>)> = paths
        .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
        .map(|path| {
            let bytes = fs::read(&path).expect("readable");
            let text = String::from_utf8_lossy(&bytes);
            let overrides = text.lines().filter_map(|line| line.strip_prefix("# --set "));
            let overrides = overrides.map(String::from).collect();
            (path, overrides)
        })
        .collect();
    cases.sort();
    cases
}

#[test]
fn every_wrong_file_is_answered_as_its_golden_file_says() {
    let bless = std::env::var_os("APPORTION_BLESS").is_some();
    let cases = cases();
    assert!(cases.len() >= 24, "only {} cases were found", cases.len());
    let mut different = Vec::new();
    for (path, overrides) in &cases {
        let error = load(path, overrides, REGISTRIES).expect_err("every case is wrong");
        let answer = format!("{}\n", error.to_string().trim_end());
        let golden = path.with_extension("txt");
        if bless {
            fs::write(&golden, &answer).expect("the folder is writable");
        } else if fs::read_to_string(&golden).unwrap_or_default() != answer {
            different.push(format!("{}:\n{answer}", golden.display()));
        }
    }
    let hint = "if this is better, run with APPORTION_BLESS=1, read the files, and commit them";
    assert!(different.is_empty(), "{}\n{hint}", different.join("\n"));
}

#[test]
fn every_golden_file_has_its_case() {
    for entry in fs::read_dir(FOLDER).expect("the folder of cases exists") {
        let path = entry.expect("readable").path();
        let is_golden = path.extension().is_some_and(|ending| ending == "txt");
        assert!(!is_golden || path.with_extension("toml").exists(), "{}", path.display());
    }
}

#[test]
fn an_unset_variable_is_told_apart_from_a_wrong_file() {
    let path = Path::new(FOLDER).join("19-unset-variable.toml");
    match load(&path, &[], REGISTRIES) {
        Err(LoadError::MissingVariable { name }) => assert_eq!(name, "APPORTION_SURELY_NOT_SET"),
        other => panic!("expected a missing variable, got {other:?}"),
    }
}

#[test]
fn a_missing_scenario_file_is_an_input_error() {
    let error = load(Path::new("no/such/scenario.toml"), &[], REGISTRIES).expect_err("missing");
    assert!(matches!(&error, LoadError::Io { .. }), "{error:?}");
    assert!(error.to_string().starts_with("cannot read no/such/scenario.toml: "), "{error}");
}

/// A valid scenario that has every key, for mutation.
fn everything() -> String {
    fs::read_to_string("tests/scenario_valid/everything.toml").expect("it is in the repository")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn no_mutation_of_a_scenario_makes_the_loader_panic(
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0_u8..6, ".{0,6}"), 1..6),
    ) {
        let mut text = everything();
        for (place, kind, insert) in edits {
            mutate(&mut text, &place, kind, &insert);
        }
        let _ = resolve_text("mutated.toml", &text, Path::new("tests/scenario_valid"), &[], REGISTRIES)
            .map_err(|error| error.to_string());
    }

    #[test]
    fn no_override_makes_the_loader_panic(path in "[a-z.\"0-9]{0,30}", value in any::<String>()) {
        let text = everything();
        let base = Path::new("tests/scenario_valid");
        for path in [path.as_str(), "duration", "tenant.small.weight", "destination.us.gateway"] {
            let overrides = [format!("{path}={value}"), format!("{path}{value}")];
            let _ = resolve_text("set.toml", &text, base, &overrides, REGISTRIES)
                .map_err(|error| error.to_string());
        }
    }
}

/// Removes, doubles or replaces something of `text`.
fn mutate(text: &mut String, place: &prop::sample::Index, kind: u8, insert: &str) {
    let mut lines: Vec<&str> = text.lines().collect();
    if lines.is_empty() {
        return;
    }
    let line = place.index(lines.len());
    match kind {
        0 => _ = lines.remove(line),
        1 => lines.insert(line, lines[line]),
        2 => lines.reverse(),
        _ => {
            let characters: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
            let start = characters[place.index(characters.len())];
            let end = if kind == 3 { start } else { (start + usize::from(kind)).min(text.len()) };
            let end =
                (end..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
            text.replace_range(start..end, insert);
            return;
        }
    }
    *text = lines.join("\n");
}
