//! `apportion compare`: figures that equal those of single runs, whatever the threads.

#[path = "cli/place.rs"]
#[allow(dead_code, reason = "shared with the other tests of the program")]
mod place;

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

use apportion::experiment::statistics::{Level, batch_means};
use place::{CALM, Place};
use serde_json::Value;

/// The rows of one metric of the only comparison, by contestant.
fn rows(comparison: &Value, metric: &str) -> BTreeMap<String, Value> {
    let metrics = comparison["metrics"].as_array().expect("metrics");
    let found = metrics.iter().find(|one| one["metric"] == metric);
    let rows = found.unwrap_or_else(|| panic!("no {metric}"))["rows"].as_array().expect("rows");
    let named = |row: &Value| (row["contestant"].as_str().expect("text").to_owned(), row.clone());
    rows.iter().map(named).collect()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn close(found: f64, expected: f64) {
    assert!((found - expected).abs() <= 1e-9 * expected.abs().max(1.0), "{found}, not {expected}");
}

/// Columns of a CSV file by name.
fn table(text: &str) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows = reader.deserialize().map(|row| row.expect("a row"));
    rows.collect()
}

#[test]
fn means_and_differences_are_those_of_single_runs_on_the_same_seeds() {
    let place = Place::calm();
    let metric = "dwell_p99:tenant=small";
    let compare = "compare calm.toml --policies scoring,fifo --replications 3 --seed 5 --out c \
                   --format json --metric dwell_p99:tenant=small --metric delivered_ratio";
    let json = place.expect(0, compare).json();
    let comparison = &json[0];
    let mut found: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    let replications = table(&place.read("c/replications.csv"));
    for policy in ["scoring", "fifo"] {
        for seed in 5..8 {
            let out = format!("run-{policy}-{seed}");
            let run = format!("run calm.toml --policy {policy} --seed {seed} --out {out}");
            place.expect(0, &run);
            let summary = place.json(&format!("{out}/summary.json"));
            let p99 = number(&summary["groups"]["small"]["dwell_s"]["p99"]);
            found.entry(policy).or_default().push(p99);
            let row = replications.iter().find(|row| {
                row["contestant"] == policy
                    && row["seed"] == seed.to_string()
                    && row["metric"] == metric
            });
            let row = row.expect("every replication has a row");
            assert_eq!(row["digest"], summary["digest"].as_str().expect("text"));
            close(row["value"].parse().expect("a number"), p99);
        }
    }
    let rows = rows(comparison, metric);
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    for (policy, values) in &found {
        close(number(&rows[*policy]["mean"]), mean(values));
    }
    let differences: Vec<f64> =
        found["fifo"].iter().zip(&found["scoring"]).map(|(a, b)| a - b).collect();
    close(number(&rows["fifo"]["difference"]), mean(&differences));
    // Student's quantile at 97.5 % with two degrees of freedom is 4.302653 (any table).
    let center = mean(&differences);
    let variance = differences.iter().map(|d| (d - center) * (d - center)).sum::<f64>() / 2.0;
    let half_width = 4.302_653 * (variance / 3.0).sqrt();
    let stated = number(&rows["fifo"]["difference_half_width"]);
    assert!((stated - half_width).abs() < 1e-4 * half_width, "{stated}, not {half_width}");
    assert!(rows["scoring"].get("difference").is_none(), "the baseline differs from nobody");
    let variance_of = |values: &[f64]| {
        let center = mean(values);
        values.iter().map(|v| (v - center) * (v - center)).sum::<f64>() / 2.0
    };
    let ratio = (variance_of(&found["fifo"]) + variance_of(&found["scoring"])) / variance;
    let stated = number(&rows["fifo"]["variance_ratio"]);
    assert!((stated - ratio).abs() < 1e-4 * ratio, "{stated}, not {ratio}");
    assert_eq!(rows["scoring"]["standing"], "best", "first come first served lets small ones wait");
    assert_eq!(rows["fifo"]["standing"], "not best");
    assert!(comparison["pairing"].as_array().expect("notes").is_empty());
    let tenants = &comparison["tenants"][0];
    assert_eq!(tenants["contestant"], "fifo");
    let all = tenants["tenants"].as_array().expect("tenants");
    let changes: Vec<f64> = all.iter().map(|row| number(&row["difference_s"])).collect();
    assert_eq!(all.len(), 3);
    assert!(changes.is_sorted_by(|a, b| a >= b), "worst hit first: {changes:?}");
}

#[test]
fn any_number_of_threads_writes_the_same_bytes_in_every_format() {
    let place = Place::calm();
    let all = "compare calm.toml --policies all --replications 4 --isolation --aggressor bulk";
    for format in ["table", "json", "csv", "md"] {
        let one = place.expect(0, &format!("{all} --jobs 1 --out a --format {format}"));
        let three = place.expect(0, &format!("{all} --jobs 3 --out b --format {format}"));
        assert_eq!(one.stdout.replace("results    a", "results    b"), three.stdout);
        assert!(place.files("a") == place.files("b"), "{format}");
    }
    let files = place.names("a");
    let expected = [
        "comparison.json",
        "isolation.csv",
        "tenants.csv",
        "plots/means.svg",
        "plots/isolation.svg",
    ];
    for name in expected {
        assert!(files.iter().any(|file| file == name), "{name} is missing: {files:?}");
    }
    // Every format has the same numbers.
    let json = &place.expect(0, &format!("{all} --format json --out a")).json()[0];
    let rows_of_csv = place.expect(0, &format!("{all} --format csv --out a")).csv();
    let metrics = json["metrics"].as_array().expect("metrics");
    assert_eq!(rows_of_csv.len() - 1, metrics.len() * apportion::scheduler::POLICIES.len());
    let mean_at = rows_of_csv[0].iter().position(|name| name == "mean").expect("a column");
    let of_json = metrics.iter().flat_map(|metric| metric["rows"].as_array().expect("rows"));
    for (row, json) in rows_of_csv[1..].iter().zip(of_json) {
        match json.get("mean") {
            Some(mean) => close(row[mean_at].parse().expect("a number"), number(mean)),
            None => assert_eq!(row[mean_at], ""),
        }
    }
}

#[test]
fn precision_stops_when_it_is_reached_and_says_when_it_is_not() {
    let place = Place::calm();
    let precise = "compare calm.toml --precision 20% --metric dwell_mean --format json";
    let json = &place.expect(0, precise).json()[0];
    let rows = rows(json, "dwell_mean");
    let (mean, half) = (&rows["scoring"]["mean"], &rows["scoring"]["half_width"]);
    assert!(number(half) <= 0.2 / 1.2 * number(mean), "{half} of {mean}");
    let n = json["replications"].as_u64().expect("a number");
    assert!((25..100).contains(&n), "twenty, and five to confirm: {n}");
    assert_eq!(json["stopped"], "precise");
    let never = "compare calm.toml --precision 0.01% --cap 21 --metric dwell_mean";
    let done = place.expect(3, never);
    assert!(done.stdout.contains("inconclusive"), "{}", done.stdout);
    place.expect(2, "compare calm.toml --precision 90%");
    place.expect(2, "compare calm.toml --precision much");
}

#[test]
fn configurations_are_compared_and_differing_arrivals_are_told() {
    let place = Place::calm();
    let faster = "destination.us.quota=8/s";
    let more = "tenant.small.traffic.0.rate=30/min";
    let compare = format!(
        "compare calm.toml --variant {faster} --variant {more} --replications 3 --format json"
    );
    let json = &place.expect(0, &compare).json()[0];
    assert_eq!(json["contestants"], serde_json::json!(["calm", faster, more]));
    let notes = json["pairing"].as_array().expect("notes");
    assert_eq!(notes.len(), 1, "another quota meets the same arrivals: {notes:?}");
    assert!(notes[0].as_str().expect("text").starts_with(more), "{notes:?}");
    let rows = rows(json, "dwell_p99_worst");
    assert!(number(&rows[faster]["difference"]) < 0.0);
    place.write("b.toml", &CALM.replace("quota = \"5/s\"", "quota = \"8/s\""));
    let json = place.expect(0, "compare calm.toml --against b.toml --replications 3 --format json");
    let other = &json.json()[0];
    let same = self::rows(other, "dwell_p99_worst");
    assert_eq!(same["b"]["mean"], rows[faster]["mean"], "the same configuration in a file");
    // With the other as baseline the difference turns round.
    let turned = "compare calm.toml --against b.toml --baseline b --replications 3 --format json";
    let turned = self::rows(&place.expect(0, turned).json()[0], "dwell_p99_worst");
    close(number(&turned["calm"]["difference"]), -number(&same["b"]["difference"]));
}

/// Alone in the scenario is alone in a file of its own, because luck goes by names.
#[test]
fn a_tenant_alone_is_a_scenario_of_its_own_with_the_same_luck() {
    let place = Place::calm();
    let bulk = &CALM[CALM.find("[[tenant]]\nname = \"bulk\"").expect("there")
        ..CALM.find("[[tenant]]\nname = \"small\"").expect("there")];
    let alone = CALM.replace(bulk, "").replace("name = \"small\"\ncount = 2", "name = \"small-1\"");
    place.write("alone.toml", &alone);
    let mut added = Vec::new();
    let mut slowdown = Vec::new();
    for seed in 1..=2 {
        let mut sides = Vec::new();
        for name in ["calm", "alone"] {
            let out = format!("{name}-{seed}");
            let run = format!("run {name}.toml --policy fifo --seed {seed} --messages --out {out}");
            place.expect(0, &run);
            let mut rows = table(&place.read(&format!("{out}/messages.csv")));
            rows.retain(|row| row["tenant"] == "small-1");
            rows.sort_by_key(|row| row["id"].parse::<u64>().expect("a number"));
            sides.push(rows);
        }
        let time = |row: &BTreeMap<String, String>, name: &str| row[name].parse::<f64>().ok();
        let dwell = |rows: &Vec<BTreeMap<String, String>>| {
            let all: Vec<f64> = rows
                .iter()
                .filter_map(|r| Some(time(r, "first_dispatch_s")? - time(r, "submitted_s")?))
                .collect();
            all.iter().sum::<f64>() / all.len() as f64
        };
        assert_eq!(sides[0].len(), sides[1].len(), "the same messages");
        added.push(dwell(&sides[0]) - dwell(&sides[1]));
        let ratios: Vec<f64> = sides[0]
            .iter()
            .zip(&sides[1])
            .filter_map(|(company, alone)| {
                assert_eq!(company["submitted_s"], alone["submitted_s"]);
                let latency = |r| Some(time(r, "delivered_s")? - time(r, "submitted_s")?);
                Some(latency(company)? / latency(alone)?)
            })
            .collect();
        slowdown.push(ratios.iter().sum::<f64>() / ratios.len() as f64);
    }
    let compare = "compare calm.toml --policies fifo --replications 2 --isolation --format json";
    let json = &place.expect(0, compare).json()[0];
    let rows = json["isolation"]["policies"][0]["tenants"].as_array().expect("tenants");
    let row = rows.iter().find(|row| row["tenant"] == "small-1").expect("it was run alone");
    let near = |found: &Value, values: &[f64]| {
        let (found, mean) = (number(found), values.iter().sum::<f64>() / values.len() as f64);
        assert!((found - mean).abs() < 1e-5 * mean.abs(), "{found}, not {mean}");
    };
    near(&row["added_dwell_s"]["mean"], &added);
    near(&row["slowdown_mean"]["mean"], &slowdown);
    assert!(added[0] > 1.0 && slowdown[0] > 1.5, "{added:?} {slowdown:?}");
    assert_eq!(rows[0]["tenant"].as_str().map(|name| name.starts_with("small")), Some(true));
}

#[test]
fn an_aggressor_hurts_its_victims_under_fifo_and_not_under_scoring() {
    let place = Place::calm();
    let compare = "compare calm.toml --policies scoring,fifo --replications 3 --isolation \
                   --aggressor bulk --times 3 --format json";
    let json = &place.expect(0, compare).json()[0];
    let policies = json["isolation"]["policies"].as_array().expect("policies");
    let index = |policy: usize| {
        let rows = policies[policy]["tenants"].as_array().expect("tenants");
        let row = rows.iter().find(|row| row["tenant"] == "small-2").expect("measured");
        number(&row["isolation_index"]["mean"])
    };
    let (scoring, fifo) = (index(0), index(1));
    assert!(scoring < 1.3 && fifo > 1.5, "scoring {scoring}, fifo {fifo}");
    let rows = policies[1]["tenants"].as_array().expect("tenants");
    let own = rows.iter().find(|row| row["tenant"] == "bulk").expect("measured");
    assert!(own["isolation_index"]["mean"].is_null(), "nobody is a victim of itself");
    place.expect(2, "compare calm.toml --isolation --aggressor nobody");
    place.expect(2, "compare calm.toml --aggressor bulk");
}

/// The series is built from the file of messages here, and from the events there.
#[test]
fn one_long_run_is_judged_by_batches_of_its_messages() {
    let place = Place::calm();
    let long = "--set duration=1h --set warm-up=5min --set tenant.bulk.traffic.0.messages=50";
    place.expect(0, &format!("run calm.toml --messages --out run {long}"));
    let mut rows: Vec<(u64, f64, f64)> = table(&place.read("run/messages.csv"))
        .iter()
        .filter_map(|row| {
            let number = |name: &str| row[name].parse::<f64>().ok();
            let (submitted, first) = (number("submitted_s")?, number("first_dispatch_s")?);
            (submitted >= 300.0)
                .then(|| (row["id"].parse().expect("a number"), submitted, first - submitted))
        })
        .collect();
    rows.sort_by_key(|(id, ..)| *id);
    assert!(rows.is_sorted_by(|a, b| a.1 <= b.1), "numbered in order of submission");
    let dwells: Vec<f64> = rows.iter().map(|(_, _, dwell)| *dwell).collect();
    let expected = batch_means(&dwells, Level::P95).expect("a calm hour");
    let compare =
        format!("compare calm.toml --batch-means --replications 2 --format json --out c {long}");
    let run = &place.expect(0, &compare).json()[0]["long_runs"][0];
    assert_eq!(run["messages"], dwells.len());
    close(number(&run["dwell_mean_s"]), dwells.iter().sum::<f64>() / dwells.len() as f64);
    close(number(&run["batch_mean_s"]), expected.interval.mean);
    let half = number(&run["half_width_s"]);
    assert!((half / expected.interval.half_width - 1.0).abs() < 1e-4, "{run} {expected:?}");
    assert_eq!((&run["batches"], &run["batch"]), (&20.into(), &expected.batch.into()));
    assert_eq!(table(&place.read("c/long-runs.csv"))[0]["batches"], "20");
    // In the few minutes of a campaign each wait follows from the one before.
    let done = place.expect(0, "compare calm.toml --batch-means --replications 2 --policies fifo");
    assert!(done.stdout.contains("too short: at least "), "{}", done.stdout);
    let without = place.expect(0, "compare calm.toml --replications 2 --format json").json();
    assert!(without[0].get("long_runs").is_none());
}

#[test]
fn a_skewed_or_censored_figure_has_a_median_that_holds() {
    let place = Place::calm();
    // What waits in the queue for longer than half a minute expires, and is later than anything.
    let expiring = "--set tenant.bulk.traffic.0.validity=30s";
    let compare = format!(
        "compare calm.toml --policies fifo --replications 8 --out c {expiring} --metric \
         dwell_p50:tenant=bulk --metric dwell_p99:tenant=small --format json"
    );
    let json = &place.expect(0, &compare).json()[0];
    let bulk = &rows(json, "dwell_p50:tenant=bulk")["fifo"];
    assert_eq!(bulk["censored"], 8, "{bulk}");
    assert!(bulk.get("median").is_none() && bulk.get("median_high").is_none(), "{bulk}");
    assert!(number(&bulk["median_low"]) > 0.0, "it is at least as long as what was seen: {bulk}");
    let small = &rows(json, "dwell_p99:tenant=small")["fifo"];
    let replications = table(&place.read("c/replications.csv"));
    let own = replications.iter().filter(|row| row["metric"] == "dwell_p99:tenant=small");
    let mut values: Vec<f64> = own.map(|row| row["value"].parse().expect("a number")).collect();
    values.sort_by(f64::total_cmp);
    assert_eq!(values.len(), 8);
    // P(Bin(8, ½) < 1) is 0.4 % and P(Bin(8, ½) < 2) is 3.5 %: from the first to the last.
    for (key, rank) in [("median_low", 0), ("median", 3), ("median_high", 7)] {
        close(number(&small[key]), values[rank]);
    }
    let text = place.expect(0, &compare.replace(" --format json", "")).stdout;
    assert!(text.contains("(") && text.contains(" to -)"), "{text}");
}

#[test]
fn of_many_policies_each_has_a_row_that_says_who_is_hit_worst() {
    let place = Place::calm();
    let done = place.expect(0, "compare calm.toml --policies all --replications 6 --out c");
    let (_, tenants) = done.stdout.split_once("99 % dwell of tenants against scoring").expect("it");
    let row = |policy: &str| {
        let found = tenants.lines().find(|line| line.starts_with(&format!("{policy} ")));
        found
            .unwrap_or_else(|| panic!("{policy}: {tenants}"))
            .split_whitespace()
            .collect::<Vec<_>>()
    };
    assert_eq!(row("fifo")[1..4], ["2", "1", "0"], "both small ones wait for the campaign");
    assert!(row("fifo")[4].starts_with("small-"), "{tenants}");
    assert!(place.names("c").iter().any(|name| name == "plots/tenants-fifo.svg"));
}

#[test]
fn a_warm_up_leaves_out_what_was_submitted_before() {
    let place = Place::calm();
    place.expect(0, "run calm.toml --messages --out whole");
    place.expect(0, "run calm.toml --set warm-up=90s --out late");
    let rows = table(&place.read("whole/messages.csv"));
    let time = |row: &BTreeMap<String, String>, name: &str| row[name].parse::<f64>().ok();
    let dwell = |from: f64| {
        let late = rows.iter().filter(|row| time(row, "submitted_s") >= Some(from));
        let all: Vec<f64> = late
            .filter_map(|row| Some(time(row, "first_dispatch_s")? - time(row, "submitted_s")?))
            .collect();
        (all.len() as u64, all.iter().sum::<f64>() / all.len() as f64)
    };
    for (folder, from) in [("whole", 0.0), ("late", 90.0)] {
        let summary = place.json(&format!("{folder}/summary.json"));
        let times = &summary["destinations"]["us"]["dwell_s"];
        let (count, mean) = dwell(from);
        assert_eq!(times["observed"], count, "{folder}");
        assert!((number(&times["mean"]) - mean).abs() < 1e-6 * mean, "{folder}: {times} {mean}");
    }
    assert!(dwell(90.0).0 < dwell(0.0).0, "the campaign comes before");
    let [whole, late] = ["whole", "late"].map(|name| place.json(&format!("{name}/summary.json")));
    assert_eq!(whole["digest"], late["digest"], "nothing else happens");
    assert_eq!(whole["messages"], late["messages"], "the ledgers are of the whole run");
    let done = place.expect(2, "run calm.toml --set warm-up=1h");
    assert!(done.stderr.contains("leaves nothing to measure"), "{}", done.stderr);
}

#[test]
fn what_cannot_be_compared_is_refused_before_anything_runs() {
    let place = Place::calm();
    for (arguments, words) in [
        ("--policies scoring,scoring", "names scoring twice"),
        ("--policies best", "no policy `best`"),
        ("--metric dwel", "no metric `dwel`"),
        ("--metric dwell_p99:tenant=nobody", "no tenant `nobody`"),
        ("--metric dwell_p99:who=small", "selects nothing"),
        ("--metric jain:tenant=small", "can be taken of destination"),
        ("--baseline other", "there are scoring"),
        ("--level 0", "--level is a part of one"),
        ("--variant tenant.nobody.weight=2", "nothing named `nobody`"),
        (
            "--variant seed=2;tenant.nobody.weight=2",
            "in --variant 'seed=2;tenant.nobody.weight=2':\n",
        ),
        ("--against calm.toml", "the same name"),
        ("--format github", "apportion check"),
    ] {
        let done = place.expect(2, &format!("compare calm.toml {arguments}"));
        assert!(done.stderr.contains(words), "{arguments}: {}", done.stderr);
    }
    assert_eq!(place.names(""), ["calm.toml"]);
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_it_with_130_and_leaves_nothing() {
    let place = Place::calm();
    let long = "compare calm.toml --replications 100000 --set duration=1d --out c";
    let mut command = place.command(long);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().expect("the program starts");
    let staged = place.path(".c.apportion-new");
    let has_begun = (0..4000).any(|_| {
        std::thread::sleep(Duration::from_millis(5));
        staged.exists()
    });
    assert!(has_begun, "nothing was staged in 20 seconds");
    // The handler is set after the staging.
    std::thread::sleep(Duration::from_millis(300));
    let pid = child.id().to_string();
    let sent = std::process::Command::new("kill").args(["-INT", &pid]).status();
    assert!(sent.expect("kill exists").success());
    let status = child.wait().expect("it ends");
    assert_eq!(status.code(), Some(130));
    assert_eq!(place.names(""), ["calm.toml"]);
}
