//! `verify`, `replay` and `diff`: whether two runs are one.

use super::place::{Done, Place};

/// With runs of the seeds 1 and 2 and of another quota; seed 1 with its messages.
fn with_runs() -> Place {
    let place = Place::calm();
    place.expect(0, "run calm.toml --messages --out one");
    place.expect(0, "run calm.toml --seed 2 --out two");
    place.expect(0, "run calm.toml --set destination.us.quota=6/s --out faster");
    place
}

#[test]
fn verify_holds_in_every_format() {
    let place = Place::calm();
    let done = place.expect(0, "verify calm.toml --jobs 2");
    assert!(done.stdout.starts_with("calm · scoring · seed 1 · v1:"), "{}", done.stdout);
    assert_eq!(done.stdout.matches("  ✓ ").count(), 8, "{}", done.stdout);
    let json = place.expect(0, "verify calm.toml --policy fifo --seed 9 --format json").json();
    let steps = json.as_array().expect("steps");
    assert_eq!(steps.len(), 8);
    assert!(steps.iter().all(|step| step["holds"] == "true" && step["found"] == step["expected"]));
    let rows = place.expect(0, "verify calm.toml --policy lottery --format csv").csv();
    assert_eq!((rows.len(), rows[0][0].as_str()), (8, "step"), "no second type of lottery");
    place.expect(2, "verify calm.toml --policy best");
    assert_eq!(place.names(""), ["calm.toml"], "verify writes nothing");
}

#[test]
fn a_run_is_replayed_to_the_same_digest_also_from_elsewhere() {
    let place = with_runs();
    let done = place.expect(0, "replay one");
    assert!(done.stderr.contains("the replay equals the run"), "{}", done.stderr);
    let json = place.expect(0, "replay one --format json").json();
    assert_eq!(json["digest"], place.json("one/summary.json")["digest"]);
    place.write("elsewhere/note.txt", "");
    Done::of(place.command_in("elsewhere", "replay ../one"), 0, "from elsewhere");
    let done = place.expect(2, "replay two");
    assert!(done.stderr.contains("run again with --messages"), "{}", done.stderr);
    let done = place.expect(2, "replay one --seed 2");
    assert!(done.stderr.contains("are for logs"), "{}", done.stderr);
    place.expect(74, "replay elsewhere");
}

#[test]
fn a_run_whose_messages_were_tampered_with_is_found_out() {
    let place = with_runs();
    let messages = place.read("one/messages.csv");
    let lines: Vec<&str> = messages.lines().collect();
    // One message less: a valid log of another run.
    let shorter = [&lines[..10], &lines[11..]].concat().join("\n") + "\n";
    place.write("one/messages.csv", &shorter);
    let done = place.expect(5, "replay one");
    assert!(done.stderr.contains("error: the replay differs from the run: v1:"), "{}", done.stderr);
    assert!(done.stderr.ends_with("reproduce: apportion replay one\n"), "{}", done.stderr);
    // Another tenant's message: valid as well, where the scenario knows the tenant.
    place.write("one/messages.csv", &messages.replacen(",small-1,", ",small-2,", 1));
    place.expect(5, "replay one");
    place.write("one/messages.csv", &messages.replacen(",us,1,", ",us,none,", 1));
    let done = place.expect(2, "replay one");
    assert!(done.stderr.contains("one/messages.csv:2:"), "{}", done.stderr);
    place.write("one/manifest.json", "{\"tool\": \"apportion\"}");
    place.expect(74, "replay one");
}

#[test]
fn a_log_is_replayed_in_the_world_of_a_scenario() {
    let place = Place::calm();
    place.write("log.csv", "time,tenant,segments\n0.5,bulk,2\n1.25,small-1,1\n2,small-2,1\n");
    let done = place.expect(2, "replay log.csv");
    assert!(done.stderr.contains("--scenario FILE"), "{}", done.stderr);
    let json = place.expect(0, "replay log.csv --scenario calm.toml --format json").json();
    assert_eq!(json["messages"]["submitted"], 3);
    assert_eq!(
        json["reproduce"],
        "apportion replay log.csv --scenario calm.toml --policy scoring --seed 1"
    );
    let fifo = "replay log.csv --scenario calm.toml --policy fifo --seed 5 --format json";
    let json = place.expect(0, fifo).json();
    assert_eq!((&json["policy"], &json["seed"]), (&"fifo".into(), &"5".into()));
    place.expect(74, "replay absent.csv --scenario calm.toml");
    place.write("log.csv", "time,tenant\nsoon,bulk\n");
    let done = place.expect(2, "replay log.csv --scenario calm.toml");
    assert!(done.stderr.contains("log.csv:2:"), "{}", done.stderr);
    assert_eq!(place.names(""), ["calm.toml", "log.csv"]);
}

#[test]
fn diff_says_that_equal_runs_are_equal() {
    let place = with_runs();
    place.expect(0, "run calm.toml --out again");
    let done = place.expect(0, "diff one again");
    assert_eq!(done.stdout.lines().last(), Some("the same events from first to last"));
    assert_eq!(place.expect(0, "diff one again --format json").json(), serde_json::json!([]));
    place.expect(74, "diff one absent");
}

#[test]
fn diff_names_the_first_event_that_differs() {
    let place = with_runs();
    for other in ["two", "faster"] {
        let done = place.expect(0, &format!("diff one {other}"));
        let lines: Vec<&str> = done.stdout.lines().collect();
        assert!(lines[2].starts_with("the first ") && lines[2].ends_with(" events are the same"));
        let number = lines[2].split(' ').nth(2).expect("a number");
        let sides: Vec<&str> = lines.iter().rev().take(2).copied().collect();
        assert!(sides[1].starts_with("left    ") && sides[0].starts_with("right   "), "{lines:?}");
        assert_ne!(sides[1][8..], sides[0][8..]);
        assert!(sides[1].contains(" s at us: message "), "{lines:?}");
        let json = place.expect(0, &format!("diff one {other} --format json")).json();
        let rows = json.as_array().expect("rows");
        let of: Vec<&str> = rows.iter().filter_map(|row| row["side"].as_str()).collect();
        assert_eq!(of, ["before", "left", "right"]);
        assert_eq!(rows[1]["place"], number);
        let event = format!("{} s at us: {}", text(&rows[1]["time_s"]), text(&rows[1]["event"]));
        assert_eq!(sides[1][8..], event);
    }
    // The other quota tells from the first message that had to wait for it, not from the first event.
    let done = place.expect(0, "diff one faster --format csv").csv();
    assert!(done[1][1].parse::<u64>().expect("a number") > 10, "{done:?}");
}

fn text(value: &serde_json::Value) -> &str {
    value.as_str().expect("text")
}

#[test]
fn a_run_that_does_not_come_out_again_is_told_with_its_command() {
    let place = with_runs();
    let manifest = place.read("one/manifest.json");
    let digest = place.json("one/manifest.json")["digest"].as_str().expect("text").to_owned();
    place.write(
        "one/manifest.json",
        &manifest.replace(&digest, "v1:00000000000000000000000000000000"),
    );
    let done = place.expect(5, "diff one two");
    assert!(done.stderr.contains("error: one does not come out again"), "{}", done.stderr);
    assert!(done.stderr.ends_with("reproduce: apportion diff one two\n"), "{}", done.stderr);
    place.expect(5, "replay one");
}
