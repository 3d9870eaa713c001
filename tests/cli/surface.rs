//! `init`, `--timeline`: what is written for other programs and for beginners.

use std::collections::BTreeMap;

use serde_json::Value;

use super::place::{Done, Place};

#[test]
fn init_writes_a_scenario_that_runs_and_never_replaces_one() {
    let place = Place::new();
    let done = place.expect(0, "init");
    assert_eq!(done.stdout, "apportion run scenario.toml\n");
    let text = place.read("scenario.toml");
    assert!(text.starts_with("#:schema scenario.schema.json\n"), "{text}");
    let schema = place.expect(0, "schema").stdout;
    assert_eq!(place.read("scenario.schema.json"), schema);
    place.expect(0, "show scenario.toml");
    let table = place.expect(0, "run scenario.toml").stdout;
    assert!(table.contains("2 of 2 passed"), "{table}");
    place.write("scenario.toml", "mine");
    let done = place.expect(2, "init");
    assert!(done.stderr.contains("scenario.toml exists, and is not replaced"), "{}", done.stderr);
    assert_eq!(place.read("scenario.toml"), "mine");
    place.write("other.toml.d/x", "");
    place.expect(0, "init other.toml.d/monday.toml");
    assert_eq!(place.read("other.toml.d/monday.toml"), text);
}

#[test]
fn the_timeline_is_a_trace_with_every_attempt_fault_and_alert_and_no_overlap_on_a_track() {
    let place = Place::calm();
    place.expect(0, "run calm.toml --timeline --messages");
    let folder = "results/calm/scoring-1";
    let text = place.read(&format!("{folder}/timeline.json"));
    let trace: Value = serde_json::from_str(&text).expect("JSON");
    let summary = place.json(&format!("{folder}/summary.json"));
    assert_eq!(trace["otherData"]["digest"], summary["digest"]);
    let events = trace["traceEvents"].as_array().expect("events");
    let mut tracks: BTreeMap<(u64, u64), Vec<(f64, f64)>> = BTreeMap::new();
    let mut kinds: BTreeMap<&str, u64> = BTreeMap::new();
    for span in events.iter().filter(|event| event["ph"] == "X") {
        let number = |key: &str| span[key].as_f64().unwrap_or_else(|| panic!("{key}: {span}"));
        let track = (span["pid"].as_u64().expect("pid"), span["tid"].as_u64().expect("tid"));
        tracks.entry(track).or_default().push((number("ts"), number("dur")));
        *kinds.entry(span["cat"].as_str().expect("a kind")).or_default() += 1;
        let named = events.iter().any(|event| {
            event["name"] == "thread_name"
                && event["pid"] == span["pid"]
                && event["tid"] == span["tid"]
        });
        assert!(named, "{span}");
    }
    for spans in tracks.values_mut() {
        spans.sort_by(|a, b| a.partial_cmp(b).expect("numbers"));
        for pair in spans.windows(2) {
            assert!(pair[0].0 + pair[0].1 <= pair[1].0 + 1e-3, "{pair:?}");
        }
    }
    let attempts = summary["attempts"]["dispatched"].as_u64().expect("a count");
    assert_eq!(kinds["attempt"], attempts);
    assert_eq!((kinds["failure"], kinds["session"]), (1, 4), "two sessions, lost once");
    let alerts = place.read(&format!("{folder}/alerts.csv")).lines().count() as u64 - 1;
    assert_eq!(kinds.get("alert").copied().unwrap_or(0), alerts);
    let counters = events.iter().filter(|event| event["ph"] == "C").count();
    assert!(counters > 100, "{counters}");
    // Asked for again, the same bytes.
    place.expect(0, "run calm.toml --timeline --out again --jobs 1");
    assert_eq!(place.read("again/timeline.json"), text);
}

#[test]
fn completions_and_manual_pages_know_every_command() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = place.expect(0, &format!("completions {shell}")).stdout;
        for word in ["explain", "causal"] {
            assert!(script.contains(word), "{shell} lacks {word}");
        }
    }
    let page = place.expect(0, "man").stdout;
    assert!(page.contains(".TH") && page.contains("explain"), "{page}");
    let page = place.expect(0, "man run").stdout;
    assert!(page.contains("apportion\\-run") && page.contains("causal"), "{page}");
    let done = place.expect(2, "man fly");
    assert!(done.stderr.contains("there is no command `fly`"), "{}", done.stderr);
}

#[test]
fn runs_are_put_side_by_side_on_one_page() {
    let place = Place::calm();
    place.expect(0, "run calm.toml");
    place.expect(0, "run calm.toml --policy fifo");
    let done = place.expect(0, "report results/calm/scoring-1 results/calm/fifo-1");
    assert_eq!(done.stdout, "results/report/report.html\n");
    let page = place.read("results/report/report.html");
    assert!(!done.stderr.contains("replaced"), "{}", done.stderr);
    let again = place.expect(0, "report results/calm/scoring-1");
    assert!(again.stderr.contains("replaced the page that was in results/report"));
    assert!(page.contains("<td>policy</td><td>scoring</td><td>fifo</td>"), "{page}");
    assert_eq!(page.matches("<svg").count(), 6);
    place.expect(74, "report results/calm/nowhere");
    place.expect(2, "report");
}

#[test]
fn the_schema_is_json_or_an_error() {
    let done = Place::new().expect(2, "schema --format csv");
    assert!(done.stderr.contains("the schema is JSON"), "{}", done.stderr);
}

#[test]
fn a_run_on_a_relative_log_is_made_again_from_anywhere() {
    let place = Place::new();
    let log = "time,tenant\n0.5,a\n1.5,a\n2.5,b\n";
    place.write("deep/log.csv", log);
    place.write(
        "deep/world.toml",
        "description = \"x\"\nduration = \"1min\"\n[[destination]]\nname = \"us\"\n\
         quota = \"1/s\"\n[log]\npath = \"log.csv\"\ntime = \"seconds\"\n",
    );
    place.write("elsewhere/note.txt", "");
    place.expect(0, "run deep/world.toml --messages --out one");
    for arguments in ["replay ../one", "diff ../one ../one", "explain ../one a"] {
        Done::of(place.command_in("elsewhere", arguments), 0, arguments);
    }
    // Its input is still held against what it was.
    place.write("deep/log.csv", &log.replace("2.5", "2.6"));
    let command = place.command_in("elsewhere", "explain ../one a");
    assert!(Done::of(command, 2, "changed").stderr.contains("log.csv has changed"));
}

#[test]
fn quiet_keeps_warnings() {
    let place = Place::new();
    let scenario = "description = \"x\"\nduration = \"1min\"\n[[destination]]\nname = \"us\"\n\
                    quota = \"10/s\"\n\
                    [[tenant-set]]\nname = \"some\"\n[[tenant-set]]\nname = \"none\"\n\
                    [[tenant]]\nname = \"a\"\nset = \"some\"\n[[tenant.traffic]]\n\
                    kind = \"constant\"\nrate = \"1/s\"\n";
    place.write("odd.toml", scenario);
    let done = place.expect(0, "run odd.toml --quiet");
    assert_eq!(done.stderr, "odd.toml: warning: the tenant set `none` has no tenants\n");
}

#[test]
fn check_keeps_its_verdicts_where_it_is_asked_to() {
    let place = Place::calm();
    place.expect(0, "check calm.toml --out verdicts");
    let names =
        ["host.json", "junit.xml", "manifest.json", "verdicts.csv", "verdicts.json", "verdicts.md"];
    assert_eq!(place.names("verdicts"), names);
    assert_eq!(place.json("verdicts/verdicts.json")[0]["check"], "nearly all arrive");
    assert_eq!(place.json("verdicts/manifest.json")["kind"], "check");
    // A folder of somebody else's stays.
    place.write("mine/note.txt", "");
    place.expect(2, "check calm.toml --out mine");
}

#[test]
fn a_policy_that_is_nearly_right_is_answered_with_the_one_that_is() {
    let done = Place::calm().expect(2, "run calm.toml --policy scorin");
    assert_eq!(done.stderr, "error: no policy `scorin`; did you mean `scoring`?\n");
}
