//! Licences and bans, from what Cargo resolved for all features and all platforms. Nothing is asked of
//! the network.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// Licences whose terms a program under MIT or Apache-2.0 can meet by naming its dependencies.
const ALLOWED_LICENCES: [&str; 12] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Crates that must not become part of the program, each with the reason.
const BANNED: [(&str, &str); 16] = [
    ("font-kit", "needs the fonts of the machine: plots would differ between machines"),
    ("freetype-sys", "needs a C library, and the fonts of the machine"),
    ("fontconfig", "needs a C library, and the fonts of the machine"),
    ("yeslogic-fontconfig-sys", "needs a C library, and the fonts of the machine"),
    ("openssl-sys", "needs a C library; nothing here talks to a network"),
    ("native-tls", "nothing here talks to a network"),
    ("reqwest", "nothing here talks to a network"),
    ("tokio", "a run is one thread and a calendar; a run-time brings its own clock"),
    ("rand_distr", "its values change with the features of other crates: samplers are our own"),
    ("getrandom", "entropy of the machine would make a run unrepeatable"),
    ("fastrand", "seeds itself from the clock: a run would be unrepeatable"),
    ("ahash", "seeds itself at random: the order of a map would differ between runs"),
    ("chrono", "reads the clock and the time zone of the machine"),
    ("time", "reads the clock and the time zone of the machine"),
    ("cc", "builds C: the program builds wherever Rust does"),
    ("bindgen", "builds C: the program builds wherever Rust does"),
];

/// All that the half which is linked into a messaging platform may depend on.
const PRODUCTION: [&str; 1] = ["libm"];

/// The packages of `cargo metadata` with their licences, this one left out.
fn licences(metadata: &Value) -> BTreeMap<String, Option<String>> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let packages = metadata["packages"].as_array().expect("packages").iter();
    packages
        .map(|package| (text(&package["name"]).expect("a name"), text(&package["license"])))
        .filter(|(name, _)| name != env!("CARGO_PKG_NAME"))
        .collect()
}

/// Whether an SPDX expression can be met by allowed licences; `/` is the old way to write `OR`.
fn is_allowed(expression: &str) -> bool {
    let expression = expression.replace('/', " OR ").replace(['(', ')'], " ");
    // `(A OR B) AND C` is the only nesting in use; read flat, `A OR B AND C` asks for more, not less.
    expression
        .split(" AND ")
        .all(|part| part.split(" OR ").any(|licence| ALLOWED_LICENCES.contains(&licence.trim())))
}

fn wrong_licences(licences: &BTreeMap<String, Option<String>>) -> Vec<String> {
    let wrong = licences.iter().filter(|(_, one)| !one.as_deref().is_some_and(is_allowed));
    wrong
        .map(|(name, licence)| {
            let licence = licence.as_deref().unwrap_or("none that it tells");
            format!("{name}: its licence is {licence}")
        })
        .collect()
}

fn banned(names: &BTreeSet<String>) -> Vec<String> {
    let found = BANNED.iter().filter(|(name, _)| names.contains(*name));
    found.map(|(name, reason)| format!("{name}: {reason}")).collect()
}

fn beyond_production(names: &BTreeSet<String>) -> Vec<&String> {
    names.iter().filter(|name| !PRODUCTION.contains(&name.as_str())).collect()
}

/// What Cargo answers from its lock file and its local copies.
fn cargo(arguments: &str) -> Vec<u8> {
    let output = Command::new(env!("CARGO"))
        .args(arguments.split_whitespace())
        .args(["--offline", "--locked"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaint}\nafter `cargo fetch` this works offline");
    output.stdout
}

/// Names of all packages that become part of the program with these features on any platform. Those
/// of tests and build scripts do not, nor do the features that only they switch on.
fn parts_of_the_program(features: &str) -> BTreeSet<String> {
    let arguments = "tree --edges normal --target all --prefix none --format {p}";
    let answer = String::from_utf8(cargo(&format!("{arguments} {features}"))).expect("text");
    names_of_tree(&answer)
}

/// The names in lines such as `libm v0.2.16` and `serde v1.0.0 (*)`.
fn names_of_tree(answer: &str) -> BTreeSet<String> {
    let names = answer.lines().filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != env!("CARGO_PKG_NAME")).map(str::to_owned).collect()
}

#[test]
fn every_dependency_has_an_allowed_licence() {
    let metadata = cargo("metadata --format-version 1 --all-features");
    let licences = licences(&serde_json::from_slice(&metadata).expect("JSON"));
    assert!(licences.len() > 50, "only {} packages", licences.len());
    assert_eq!(wrong_licences(&licences), Vec::<String>::new());
}

#[test]
fn nothing_banned_is_part_of_the_program() {
    let names = parts_of_the_program("--all-features");
    assert!(names.contains("plotters") && !names.contains("criterion"), "{names:?}");
    assert_eq!(banned(&names), Vec::<String>::new());
}

#[test]
fn the_production_half_depends_on_nothing_but_libm() {
    let names = parts_of_the_program("--no-default-features");
    assert_eq!(beyond_production(&names), Vec::<&String>::new());
    assert_eq!(names.len(), PRODUCTION.len());
}

/// The red side.
mod broken {
    use super::*;

    #[test]
    fn licences_that_are_not_allowed_or_not_told() {
        let metadata = serde_json::json!({ "packages": [
            { "name": "apportion", "license": "MIT" },
            { "name": "silent", "license": null },
            { "name": "fine", "license": "MIT OR Apache-2.0" },
            { "name": "viral", "license": "AGPL-3.0" },
        ]});
        assert_eq!(
            wrong_licences(&licences(&metadata)),
            ["silent: its licence is none that it tells", "viral: its licence is AGPL-3.0"]
        );
        for (expression, allowed) in [
            ("MIT OR Apache-2.0", true),
            ("Unlicense/MIT", true),
            ("GPL-3.0 OR MIT", true),
            ("(MIT OR Apache-2.0) AND Unicode-3.0", true),
            ("Apache-2.0 WITH LLVM-exception OR Apache-2.0", true),
            ("MIT AND GPL-3.0", false),
            ("LGPL-2.1-or-later", false),
            ("", false),
        ] {
            assert_eq!(is_allowed(expression), allowed, "{expression}");
        }
    }

    #[test]
    fn banned_crates_and_dependencies_of_the_production_half() {
        let answer =
            "apportion v0.1.0 (/somewhere)\nlibm v0.2.16\nfont-kit v0.14.2\nlibm v0.2.16 (*)\n";
        let names = names_of_tree(answer);
        assert_eq!(beyond_production(&names), ["font-kit"]);
        let found = banned(&names);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("font-kit: needs the fonts"), "{found:?}");
    }
}
