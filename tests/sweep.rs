//! `apportion sweep` and `merge`: resumed, sharded or at one go, the same bytes.

#[path = "cli/place.rs"]
#[allow(dead_code, reason = "shared with the other tests of the program")]
mod place;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Stdio;
use std::time::Duration;

use place::{Done, Place};

/// A run of it takes less than a millisecond.
const TINY: &str = r#"
description = "A campaign of twenty beside one other tenant"
duration = "20s"
drain = "20s"
[[destination]]
name = "us"
quota = "2/s"
[[tenant]]
name = "bulk"
[[tenant.traffic]]
kind = "campaign"
at = "2s"
messages = 20
[[tenant]]
name = "small"
[[tenant.traffic]]
kind = "poisson"
rate = "30/min"
"#;

const GRID: &str = r#"
[sweep]
replications = 2
policies = ["scoring", "fifo"]
metrics = ["dwell_p99:tenant=small", "delivered_ratio"]
constraints = ["campaign <= quota * 10 or quota == '8/s'"]
[[sweep.axis]]
path = "destination.us.quota"
values = ["1/s", "2/s", "8/s"]
[[sweep.axis]]
name = "campaign"
path = "tenant.bulk.traffic.0.messages"
from = 10
to = 100
steps = 3
scale = "log"
"#;

fn with(sweep: &str) -> Place {
    let place = Place::new();
    place.write("tiny.toml", &format!("{TINY}{sweep}"));
    place
}

fn lines(text: &str) -> Vec<serde_json::Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn every_point_is_what_a_single_run_of_it_is() {
    let place = with(GRID);
    let done = place.expect(0, "sweep tiny.toml --out s");
    // Of 3 × 3 points (1, 10), (2, 10), (8, 10), (8, 32), (8, 100) keep the constraint.
    assert!(done.stdout.starts_with("tiny · grid of 5 points (4 break a constraint)"), "{done:?}");
    let records = lines(&place.read("s/records.jsonl"));
    assert_eq!(records.len(), 10);
    for record in &records {
        let policy = record["policy"].as_str().expect("text");
        let [quota, campaign] = [0, 1].map(|axis| record["values"][axis].as_str().expect("text"));
        for (k, replication) in record["replications"].as_array().expect("runs").iter().enumerate()
        {
            let run = format!(
                "run tiny.toml --policy {policy} --seed {} --set destination.us.quota={quota} \
                 --set tenant.bulk.traffic.0.messages={campaign} --format json --out r",
                k + 1
            );
            let single = place.expect(0, &run).json();
            assert_eq!(replication["digest"], single["digest"], "{record}");
            assert_eq!(replication["seed"], (k + 1).to_string());
            assert_eq!(replication["submitted"], single["messages"]["submitted"]);
        }
    }
    // The table of points has the mean of the two values.
    let mut reader = csv::Reader::from_path(place.path("s/points.csv")).expect("readable");
    let rows: Vec<BTreeMap<String, String>> =
        reader.deserialize().map(|row| row.expect("a row")).collect();
    assert_eq!(rows.len(), 20);
    let row = rows.iter().find(|row| row["point"] == "1" && row["policy"] == "fifo");
    let row = row.expect("there");
    assert_eq!((row["quota"].as_str(), row["campaign"].as_str()), ("2/s", "10"));
    let record = &records[3];
    let values: Vec<f64> =
        (0..2).map(|k| record["replications"][k]["values"][0].as_f64().expect("exact")).collect();
    let mean: f64 = row["mean"].parse().expect("a number");
    assert!((mean - (values[0] + values[1]) / 2.0).abs() < 1e-12, "{row:?} {values:?}");
    let json = place.expect(0, "sweep tiny.toml --out s --format json").json();
    assert_eq!(json["points"].as_array().map(Vec::len), Some(20));
    assert_eq!(json, place.json("s/summary.json"));
}

#[test]
fn what_is_there_is_not_run_again_and_any_threads_write_the_same_bytes() {
    let place = with(GRID);
    let done = place.expect(0, "sweep tiny.toml --out a --jobs 1");
    assert!(done.stderr.contains("20 runs in") && done.stderr.contains("0 of 10 records"));
    place.expect(0, "sweep tiny.toml --out b --jobs 3");
    assert!(place.files("a") == place.files("b"));
    assert!(place.files("a.records") == place.files("b.records"));
    let done = place.expect(0, "sweep tiny.toml --out a --resume");
    assert!(done.stderr.contains("0 runs in") && done.stderr.contains("10 of 10 records"));
    assert!(place.files("a") == place.files("b"));
    // A third replication runs ten times, another name of a column not at all.
    let done = place.expect(0, "sweep tiny.toml --out a --set sweep.replications=3");
    assert!(done.stderr.contains("10 runs in"), "{}", done.stderr);
    place.write("tiny.toml", &format!("{TINY}{GRID}").replace("campaign\"\np", "size\"\np"));
    place.write("tiny.toml", &place.read("tiny.toml").replace("campaign <=", "size <="));
    let done = place.expect(0, "sweep tiny.toml --out a");
    assert!(done.stderr.contains("0 runs in"), "{}", done.stderr);
    assert!(place.read("a/points.csv").starts_with("point,quota,size,policy,"));
    let done = place.expect(0, "sweep tiny.toml --out a --fresh");
    assert!(done.stderr.contains("20 runs in"), "{}", done.stderr);
    // A record that is broken is run again.
    let record = place.names("a.records").into_iter().find(|name| name.len() == 37);
    place.write(&format!("a.records/{}", record.expect("a record")), "{\"schema_version\":1");
    let done = place.expect(0, "sweep tiny.toml --out a");
    assert!(done.stderr.contains("2 runs in") && done.stderr.contains("9 of 10"), "{done:?}");
}

#[test]
fn resume_refuses_another_sweep_and_says_what_differs() {
    let place = with(GRID);
    place.expect(0, "sweep tiny.toml --out a --resume");
    let done = place.expect(2, "sweep tiny.toml --out a --resume --set destination.us.burst=3");
    assert!(done.stderr.contains("other --set, other inputs or values"), "{}", done.stderr);
    let done = place.expect(2, "sweep tiny.toml --out a --resume --set sweep.replications=4");
    assert!(done.stderr.contains("another number of replications"), "{}", done.stderr);
    place.expect(0, "sweep tiny.toml --out a --resume");
    place.expect(2, "sweep tiny.toml --out a --resume --fresh");
}

/// SIGKILL at moments spread over the whole of it. `APPORTION_KILLS=200 cargo test --test sweep kill`
/// takes longer and kills more often.
#[test]
fn killed_at_any_moment_results_are_old_or_new_and_resumed_they_are_as_if_never_killed() {
    let kills: u32 =
        std::env::var("APPORTION_KILLS").map_or(6, |text| text.parse().expect("number"));
    let place = with(&GRID.replace("steps = 3", "steps = 12").replace("constraints", "# none"));
    let place = &place;
    // The old result has one replication a record, the new one two.
    place.expect(0, "sweep tiny.toml --out old --records old.records --set sweep.replications=1");
    #[expect(clippy::disallowed_methods, reason = "only how long to wait before a kill")]
    let began = std::time::Instant::now();
    place.expect(0, "sweep tiny.toml --out new --records new.records");
    let whole = began.elapsed();
    let (old, new) = (place.files("old"), place.files("new"));
    let (old_records, new_records) = (place.files("old.records"), place.files("new.records"));
    assert!(new_records.len() > 70 && old != new);
    let restore = || {
        for (from, to) in [("old", "out"), ("old.records", "out.records")] {
            let _ = fs::remove_dir_all(place.path(to));
            for (name, bytes) in place.files(from) {
                if !name.ends_with('/') {
                    place.write(&format!("{to}/{name}"), &String::from_utf8(bytes).expect("text"));
                }
            }
        }
    };
    restore();
    let mut luck = 0x2545_f491_4f6c_dd1d_u64;
    let (mut died, mut seen_old, mut seen_new) = (0, BTreeSet::new(), BTreeSet::new());
    for _ in 0..kills {
        luck ^= luck << 13;
        luck ^= luck >> 7;
        luck ^= luck << 17;
        let mut command = place.command("sweep tiny.toml --out out --records out.records");
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut child = child.expect("the program starts");
        let until_end = whole.as_micros() as u64 * 5 / 4;
        std::thread::sleep(Duration::from_micros(luck % until_end.max(1)));
        let _ = child.kill();
        let status = child.wait().expect("it ends");
        died += u32::from(!status.success());
        for (name, bytes) in place.files("out.records") {
            if name.starts_with('.') || name == "plan.json" {
                continue;
            }
            let is_old = old_records.get(&name) == Some(&bytes);
            let is_new = new_records.get(&name) == Some(&bytes);
            assert!(is_old || is_new, "{name} is neither: {}", String::from_utf8_lossy(&bytes));
            if is_old {
                seen_old.insert(name)
            } else {
                seen_new.insert(name)
            };
        }
        let out = match place.path("out").exists() {
            true => place.files("out"),
            // Between two renames the old one stands aside, whole; the next run puts it back.
            false => place.files(".out.apportion-old"),
        };
        assert!(out == old || out == new, "the result is neither the old nor the new one");
        if status.success() {
            restore();
        }
    }
    assert!(died > 0 && !seen_old.is_empty(), "{died} of {kills} died");
    assert!(kills < 50 || !seen_new.is_empty(), "none got anywhere");
    place.expect(0, "sweep tiny.toml --out out --records out.records");
    assert!(place.files("out") == new, "resumed it differs");
    let mut records = place.files("out.records");
    records.remove("plan.json");
    let mut expected = new_records;
    expected.remove("plan.json");
    assert!(records == expected, "nothing unfinished is left");
}

const PRECISE: &str = r#"
[sweep]
precision = "20%"
cap = 60
policies = ["scoring", "fifo"]
metrics = ["dwell_mean:tenant=small"]
[[sweep.axis]]
path = "destination.us.quota"
values = ["1/s", "2/s", "8/s"]
"#;

#[test]
fn a_precision_decides_how_many_and_resumed_or_in_parts_the_bytes_are_the_same() {
    let place = with(PRECISE);
    let capped = "sweep tiny.toml --out s --records r --set sweep.cap=25";
    let done = place.expect(3, capped);
    assert!(done.stderr.contains("not precise after 25 replications: inconclusive"), "{done:?}");
    // A higher cap goes on from what is there, and looks every fifth replication.
    let done = place.expect(3, "sweep tiny.toml --out s --records r --jobs 3 --format json");
    let summary = done.json();
    let mut counts = BTreeSet::new();
    for row in summary["points"].as_array().expect("rows") {
        let n = row["n"].as_u64().expect("a number");
        counts.insert(n);
        let [mean, half] = ["mean", "half_width"].map(|key| row[key].as_f64().expect("a number"));
        let is_precise = half <= 0.2 / 1.2 * mean;
        match row["stopped"].as_str().expect("text") {
            "precise" => assert!(is_precise && n >= 25 && n % 5 == 0, "{row}"),
            "capped" => assert!(n == 60, "{row}"),
            other => panic!("{other}"),
        }
    }
    assert!(counts.len() > 1, "they differ: {counts:?}");
    place.expect(3, "sweep tiny.toml --out fresh --jobs 1");
    assert!(place.files("s") == place.files("fresh"));
    for index in 1..=2 {
        // A part may be precise where the whole is not.
        let mut command =
            place.command(&format!("sweep tiny.toml --shard {index}/2 --out p{index}"));
        let code = command.output().expect("it starts").status.code();
        assert!(code == Some(0) || code == Some(3), "{code:?}");
    }
    place.expect(3, "merge p1 p2 --out merged");
    assert!(place.files("merged") == place.files("fresh"));
    // One replication more or less than the rule asks for is not what the sweep asked for.
    let text = place.read("p2/records.jsonl");
    let first_run = text.find("{\"seed\":\"1\"").expect("there");
    let second_run = text.find("{\"seed\":\"2\"").expect("there");
    place.write("p2/records.jsonl", &(text[..first_run].to_owned() + &text[second_run..]));
    let done = place.expect(74, "merge p1 p2 --out merged");
    assert!(done.stderr.contains("is not whole"), "{}", done.stderr);
}

#[test]
fn policies_are_compared_point_by_point_on_the_same_luck() {
    let place = with(&GRID.replace("replications = 2", "replications = 6"));
    let summary = place.expect(0, "sweep tiny.toml --out s --format json").json();
    let records = lines(&place.read("s/records.jsonl"));
    let values = |record: &serde_json::Value| -> Vec<f64> {
        let runs = record["replications"].as_array().expect("runs");
        runs.iter().map(|run| run["values"][0].as_f64().expect("exact")).collect()
    };
    let rows = summary["points"].as_array().expect("rows");
    for (pair, rows) in records.chunks(2).zip(rows.chunks(4)) {
        let (scoring, fifo) = (values(&pair[0]), values(&pair[1]));
        let differences: Vec<f64> = fifo.iter().zip(&scoring).map(|(a, b)| a - b).collect();
        let mean = differences.iter().sum::<f64>() / 6.0;
        assert!(rows[0].get("difference").is_none(), "the first differs from nobody");
        let found = rows[2]["difference"].as_f64().expect("a number");
        assert!((found - mean).abs() < 1e-12, "{found}, not {mean}");
        let squares: f64 = differences.iter().map(|d| (d - mean) * (d - mean)).sum();
        // Student's quantile at 97.5 % with five degrees of freedom is 2.570582 (any table).
        let half = 2.570_582 * (squares / 5.0 / 6.0).sqrt();
        let found = rows[2]["difference_half_width"].as_f64().expect("a number");
        assert!((found - half).abs() < 1e-4 * half + 1e-12, "{found}, not {half}");
        // Of six values the median's interval reaches from the least to the most: (1/2)⁶ < 2.5 %.
        let mut sorted = fifo.clone();
        sorted.sort_by(f64::total_cmp);
        for (key, rank) in [("median_low", 0), ("median", 2), ("median_high", 5)] {
            assert_eq!(rows[2][key].as_f64(), Some(sorted[rank]), "{key} of {sorted:?}");
        }
    }
    assert!(
        rows.iter().any(|row| row["difference"].as_f64() > Some(1.0)),
        "fifo lets small ones wait"
    );
}

#[test]
fn of_many_axes_it_is_shown_which_matter() {
    let sweep = format!("[sweep]\ndesign = \"sobol\"\npoints = 32\n{}", &THOUSAND[9..])
        .replace("steps = 40\n", "")
        .replace("steps = 25\n", "");
    let third =
        "[[sweep.axis]]\npath = \"tenant.small.traffic.0.class\"\nvalues = [\"a\", \"b\"]\n";
    let place = with("");
    let classes = "[[class]]\nname = \"a\"\n[[class]]\nname = \"b\"\n";
    let classed = |kind: &str| format!("kind = \"{kind}\"\nclass = \"a\"");
    let text = ["poisson", "campaign"].iter().fold(place.read("tiny.toml"), |text, kind| {
        text.replace(&format!("kind = \"{kind}\""), &classed(kind))
    });
    place.write("tiny.toml", &format!("{text}{classes}{sweep}{third}"));
    let summary = place.expect(0, "sweep tiny.toml --out s --format json").json();
    let effects = summary["effects"].as_array().expect("effects");
    let of = |axis: &str| {
        let found = effects.iter().find(|one| one["axis"] == axis).expect(axis);
        assert_eq!(found["n"], 32);
        found["rank_correlation"].as_f64().expect("both vary")
    };
    let (quota, campaign, class) = (of("quota"), of("campaign"), of("class"));
    assert!(quota < -0.5, "a larger quota shortens the wait: {quota}");
    assert!(campaign > 0.3, "a larger campaign lengthens it: {campaign}");
    assert!(class.abs() < 0.3, "the name of a class says nothing: {class}");
    let plot = place.read("s/plots/1-dwell_mean.svg");
    for words in ["quota", "campaign", "class", "rank correlation -0."] {
        assert!(plot.contains(words), "{words}");
    }
}

const THOUSAND: &str = r#"
[sweep]
replications = 1
metrics = ["dwell_mean"]
[[sweep.axis]]
path = "destination.us.quota"
from = "1/s"
to = "20/s"
steps = 40
[[sweep.axis]]
name = "campaign"
path = "tenant.bulk.traffic.0.messages"
from = 1
to = 25
steps = 25
"#;

#[test]
fn a_thousand_points_in_eight_parts_merge_to_the_same_bytes() {
    let place = with(THOUSAND);
    place.expect(0, "sweep tiny.toml --out whole");
    let mut parts = Vec::new();
    for index in 1..=8 {
        let out = format!("part-{index}");
        place.expect(0, &format!("sweep tiny.toml --shard {index}/8 --out {out}"));
        assert_eq!(lines(&place.read(&format!("{out}/records.jsonl"))).len(), 125);
        assert!(!place.path(&out).join("points.csv").exists(), "a part is not the whole");
        parts.push(out);
    }
    // In any order.
    parts.rotate_left(3);
    place.expect(0, &format!("merge {} --out merged", parts.join(" ")));
    assert!(place.files("whole") == place.files("merged"));
    assert_eq!(lines(&place.read("merged/records.jsonl")).len(), 1000);
}

#[test]
fn parts_that_do_not_belong_together_are_not_merged() {
    let place = with(GRID);
    for index in 1..=2 {
        place.expect(0, &format!("sweep tiny.toml --shard {index}/2 --out p{index}"));
    }
    let more = "--set sweep.replications=1";
    place.expect(0, &format!("sweep tiny.toml --shard 2/2 --out other {more}"));
    place.expect(0, "sweep tiny.toml --shard 2/3 --out third");
    place.expect(0, "run tiny.toml --out run");
    for (code, arguments, words) in [
        (2, "p1", "of 2 parts, 2 missing"),
        (2, "p1 p1 p2", "are both part 1 of 2"),
        (2, "p1 other", "not parts of one sweep"),
        (2, "p1 third", "p1 is a part of 2, third one of 3"),
        (74, "p1 run", "run: is no part of a sweep"),
        (74, "p1 absent", "absent"),
    ] {
        let done = place.expect(code, &format!("merge {arguments} --out m"));
        assert!(done.stderr.contains(words), "{arguments}: {}", done.stderr);
    }
    assert!(!place.path("m").exists());
    let text = place.read("p2/records.jsonl");
    let first_line = text.split_inclusive('\n').next().expect("a line");
    place.write("p2/records.jsonl", &text[first_line.len()..]);
    let done = place.expect(74, "merge p1 p2 --out m");
    assert!(done.stderr.contains("is missing"), "{}", done.stderr);
    place.write("p2/records.jsonl", &text.replacen("\"key\":\"", "\"key\":\"0", 1));
    let done = place.expect(74, "merge p1 p2 --out m");
    assert!(done.stderr.contains("not those that the sweep asked for"), "{}", done.stderr);
    place.write("p2/records.jsonl", &text);
    place.expect(0, "merge p2 p1 --out m");
}

#[test]
fn an_array_job_tells_which_part_it_is() {
    let place = with(GRID);
    let mut command = place.command("sweep tiny.toml --shard env --out a");
    command.env("SLURM_ARRAY_TASK_ID", "7").env("SLURM_ARRAY_TASK_MIN", "6");
    command.env("SLURM_ARRAY_TASK_COUNT", "3");
    Done::of(command, 0, "as a Slurm array job");
    place.expect(0, "sweep tiny.toml --shard 2/3 --out b");
    assert!(place.files("a") == place.files("b"));
    let done = place.expect(2, "sweep tiny.toml --shard 4/3");
    assert!(done.stderr.contains("no part 4 of 3"), "{}", done.stderr);
}

#[test]
fn designs_that_fill_the_space_have_as_many_points_as_they_say() {
    for design in ["latin-hypercube", "sobol"] {
        let sweep = format!("[sweep]\ndesign = \"{design}\"\npoints = 16\n{}", &THOUSAND[9..])
            .replace("steps = 40\n", "")
            .replace("steps = 25\n", "");
        let place = with(&sweep);
        place.expect(0, "sweep tiny.toml --out a");
        let records = lines(&place.read("a/records.jsonl"));
        assert_eq!(records.len(), 16);
        // One in each sixteenth of the range from 1 to 20 segments a second.
        let quota = |record: &serde_json::Value| {
            let text = record["values"][0].as_str().expect("text");
            text.trim_end_matches("/s").parse::<f64>().expect("a number")
        };
        let strata: BTreeSet<u32> =
            records.iter().map(|record| ((quota(record) - 1.0) / 19.0 * 16.0) as u32).collect();
        assert_eq!(strata.len(), 16, "{design}");
        place.expect(0, "sweep tiny.toml --out b --set sweep.seed=2");
        assert_ne!(place.read("a/records.jsonl"), place.read("b/records.jsonl"));
    }
}

#[test]
fn what_cannot_be_swept_is_refused_before_anything_runs() {
    let place = with("");
    let done = place.expect(2, "sweep tiny.toml");
    assert!(done.stderr.contains("has no [sweep] table"), "{}", done.stderr);
    let place = with(&GRID.replace("campaign <= quota * 10 or quota == '8/s'", "campaign < 0"));
    let done = place.expect(4, "sweep tiny.toml");
    assert!(done.stderr.contains("no point keeps all constraints"), "{}", done.stderr);
    // The third value is wrong: found before the first one runs.
    let place = with(&GRID.replace("\"8/s\"]", "\"8s\"]").replace(" or quota == '8/s'", ""));
    let place_constraint = place.expect(2, "sweep tiny.toml");
    assert!(place_constraint.stderr.contains("8s"), "{}", place_constraint.stderr);
    assert_eq!(place.names(""), ["tiny.toml"]);
}

#[cfg(unix)]
#[test]
fn ctrl_c_keeps_what_was_done() {
    let place = with(&GRID.replace("replications = 2", "replications = 5000"));
    let mut command = place.command("sweep tiny.toml --out s");
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().expect("the program starts");
    let plan = place.path("s.records/plan.json");
    let has_begun = (0..4000).any(|_| {
        std::thread::sleep(Duration::from_millis(5));
        plan.exists()
    });
    assert!(has_begun, "nothing began in 20 seconds");
    std::thread::sleep(Duration::from_millis(300));
    let pid = child.id().to_string();
    let sent = std::process::Command::new("kill").args(["-INT", &pid]).status();
    assert!(sent.expect("kill exists").success());
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    assert!(plan.exists() && !place.path("s").exists());
    assert!(!place.path(".s.apportion-new").exists());
}
