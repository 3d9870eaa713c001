//! `run` and the folder it writes.

use std::fs;

use super::place::{CALM, Done, IMPOSSIBLE_CHECK, Place};

const FILES: [&str; 13] = [
    "alerts.csv",
    "destinations.csv",
    "host.json",
    "incidents.csv",
    "manifest.json",
    "plots/",
    "plots/detection.svg",
    "plots/dwell.svg",
    "plots/share.svg",
    "report.html",
    "series.csv",
    "summary.json",
    "tenants.csv",
];

#[test]
fn a_run_writes_its_folder_and_nothing_else() {
    let place = Place::calm();
    let done = place.expect(0, "run calm.toml");
    assert_eq!(place.names("results/calm/scoring-1"), FILES);
    assert_eq!(place.names("results"), {
        let mut all = vec!["calm/".to_owned(), "calm/scoring-1/".to_owned()];
        all.extend(FILES.iter().map(|file| format!("calm/scoring-1/{file}")));
        all
    });
    assert!(done.stdout.starts_with("calm · scoring · seed 1 "), "{}", done.stdout);
    assert!(done.stdout.contains("results    results/calm/scoring-1\n"), "{}", done.stdout);
    assert!(done.stderr.contains("messages/s"), "{}", done.stderr);
}

#[test]
fn summary_manifest_and_tables_have_their_stable_names() {
    let place = Place::calm();
    place.expect(0, "run calm.toml --messages --causal");
    let folder = "results/calm/scoring-1";
    let summary = place.json(&format!("{folder}/summary.json"));
    for key in [
        "schema_version",
        "scenario",
        "policy",
        "seed",
        "digest",
        "events",
        "fairness",
        "detection",
        "checks",
    ] {
        assert!(!summary[key].is_null(), "summary.json has no {key}");
    }
    assert!(
        summary["seed"].is_string() && summary["digest"].as_str().expect("text").starts_with("v1:")
    );
    for ledger in ["messages", "segments"] {
        let parts = [
            "refused",
            "queued",
            "in_flight",
            "parked",
            "accepted",
            "delivered",
            "failed",
            "expired",
            "cancelled",
            "unknown",
        ];
        let figure = |name: &str| {
            summary[ledger][name].as_u64().unwrap_or_else(|| panic!("{ledger} has no {name}"))
        };
        assert_eq!(parts.map(figure).iter().sum::<u64>(), figure("submitted"), "{ledger}");
        assert_eq!(figure("duplicates"), 0);
    }
    for time in ["dwell_s", "latency_s"] {
        for quantile in ["p50", "p90", "p99", "max", "mean"] {
            for of in [&summary["classes"]["notification"], &summary["destinations"]["us"]] {
                assert!(!of[time][quantile].is_null(), "no {quantile} of {time}");
            }
        }
    }
    let manifest = place.json(&format!("{folder}/manifest.json"));
    assert_eq!(manifest["digest"], summary["digest"]);
    assert_eq!(manifest["scenario_text"], CALM);
    assert_eq!((&manifest["tool"], &manifest["seed"]), (&"apportion".into(), &"1".into()));
    for (file, header) in [
        (
            "tenants.csv",
            "tenant,tenant_set,destination,submitted,refused,delivered,failed,expired,segments,\
             share_mean,dwell_p50_s,dwell_p99_s,dwell_max_s",
        ),
        (
            "messages.csv",
            "id,tenant,sender,class,destination,segments,recipient,validity_s,submitted_s,\
             first_dispatch_s,attempts,outcome,delivered_s,told_delivered_s",
        ),
    ] {
        let text = place.read(&format!("{folder}/{file}"));
        assert!(text.starts_with(header), "{file}");
        for (file, columns) in manifest["columns"].as_object().expect("columns") {
            let columns: Vec<&str> =
                columns.as_array().expect("names").iter().filter_map(|c| c.as_str()).collect();
            let text = place.read(&format!("{folder}/{file}"));
            assert_eq!(text.lines().next(), Some(columns.join(",").as_str()), "{file}");
        }
    }
    let rows = place.read(&format!("{folder}/messages.csv")).lines().count() as u64;
    assert_eq!(rows, summary["messages"]["submitted"].as_u64().expect("a number") + 1);
    let incidents = place.read(&format!("{folder}/incidents.csv"));
    assert!(incidents.lines().nth(1).expect("one").starts_with("carrier-down,outage,us,,120.0"));
}

#[test]
fn causal_impact_is_in_table_files_and_twins_with_one_voice() {
    let place = Place::calm();
    let plain = place.expect(0, "run calm.toml").stdout;
    assert!(
        !plain.contains("impact of") && !place.path("results/calm/scoring-1/causal.csv").exists()
    );
    let table = place.expect(0, "run calm.toml --causal --jobs 2").stdout;
    let summary = place.json("results/calm/scoring-1/summary.json");
    let fault = &summary["causal"]["faults"][0];
    assert_eq!(
        (&fault["fault"], &summary["causal"]["arrivals"]),
        (&"carrier-down".into(), &"open-loop".into())
    );
    assert!(fault["delay_s"].as_f64().expect("a sum") > 1_000.0, "600 messages wait 20 s longer");
    let line = table.lines().find(|line| line.starts_with("carrier-down ")).expect("a row");
    assert!(line.contains(&format!(" {} ", fault["delayed"])), "{line} {fault}");
    let rows = place.read("results/calm/scoring-1/causal.csv");
    let cells = |row: &str| -> Vec<String> { row.split(',').map(str::to_owned).collect() };
    let of = |what: &str| -> f64 {
        let rows = rows.lines().map(cells).filter(|row| row[0] == what);
        rows.map(|row| row[4].parse::<f64>().expect("seconds")).sum()
    };
    assert!((of("fault") - fault["delay_s"].as_f64().expect("a sum")).abs() < 1e-6);
    assert_eq!((of("fault"), of("interaction")), (of("total"), 0.0));
    let incident = place.read("results/calm/scoring-1/incidents.csv");
    let incident = cells(incident.lines().nth(1).expect("one"));
    assert_eq!(incident[10], fault["delay_s"].to_string());
    let json = place.expect(0, "run calm.toml --causal --format json").json();
    assert_eq!(json["causal"], summary["causal"]);
}

#[test]
fn the_same_run_writes_the_same_bytes_wherever_it_is_started() {
    let place = Place::calm();
    place.write("elsewhere/deep/note.txt", "");
    place.expect(0, "run calm.toml --messages --out one");
    place.expect(0, "run ./calm.toml --messages --out two --jobs 1 --quiet --format json");
    let command =
        place.command_in("elsewhere/deep", "run ../../calm.toml --messages --out ../../three");
    Done::of(command, 0, "from another folder");
    let mut command = place.command("run --messages --out four");
    command.arg(place.path("calm.toml")).env("TZ", "Asia/Kathmandu").env("LC_ALL", "de_DE.UTF-8");
    Done::of(command, 0, "by its absolute path, in another locale");
    let one = place.files("one");
    assert_eq!(one.len(), FILES.len(), "messages.csv more, host.json less");
    for other in ["two", "three", "four"] {
        let files = place.files(other);
        assert_eq!(one.keys().collect::<Vec<_>>(), files.keys().collect::<Vec<_>>());
        for (name, bytes) in &one {
            assert!(*bytes == files[name], "{other}/{name} differs");
        }
    }
    // A second run in the same place replaces the first.
    place.expect(0, "run calm.toml --out one");
    assert!(!place.path("one/messages.csv").exists());
}

#[test]
fn the_twins_of_the_table_carry_its_numbers() {
    let place = Place::calm();
    let table = place.expect(0, "run calm.toml").stdout;
    let json = place.expect(0, "run calm.toml --format json").json();
    let rows = place.expect(0, "run calm.toml --format csv").csv();
    let markdown = place.expect(0, "run calm.toml --format md").stdout;
    let summary = place.json("results/calm/scoring-1/summary.json");
    for key in ["digest", "events", "messages", "fairness", "detection", "checks"] {
        assert_eq!(json[key], summary[key], "{key}");
    }
    assert_eq!(rows[0], ["section", "name", "figure", "value"]);
    for group in json["groups"].as_array().expect("groups") {
        let name = group["name"].as_str().expect("a name");
        let submitted = group["messages"]["submitted"].to_string();
        let row = ["group", name, "submitted", submitted.as_str()];
        assert!(rows.iter().any(|found| *found == row), "{row:?}");
        let of_table = |start: &str, cells: &str| {
            let line = table.lines().find(|line| line.starts_with(start));
            line.unwrap_or_else(|| panic!("{start}\n{table}")).contains(cells)
        };
        assert!(of_table(name, &format!(" {submitted} ")), "{table}");
        let line = markdown.lines().find(|line| line.starts_with(&format!("| {name}")));
        assert!(line.expect("a row").contains(&format!("| {submitted} |")), "{markdown}");
    }
    let jain = json["fairness"]["jain"].as_f64().expect("a figure");
    let of_csv = rows.iter().find(|row| row[2] == "jain").expect("a row");
    assert_eq!(of_csv[3].parse::<f64>().expect("a number"), jain);
}

#[test]
fn seed_policy_and_overrides_name_the_folder_and_change_the_run() {
    let place = Place::calm();
    let digest = |arguments: &str, folder: &str| {
        place.expect(0, &format!("run calm.toml {arguments}"));
        assert!(place.path("results/calm").join(folder).is_dir(), "no {folder}");
        let summary = place.json(&format!("results/calm/{folder}/summary.json"));
        summary["digest"].as_str().expect("text").to_owned()
    };
    let plain = digest("", "scoring-1");
    assert_ne!(plain, digest("--seed 2", "scoring-2"));
    assert_ne!(plain, digest("--policy fifo", "fifo-1"));
    assert_eq!(plain, digest("--policy scoring --seed 1", "scoring-1"));
    place.expect(0, "run calm.toml --set destination.us.quota=20/s");
    let names = place.names("results/calm");
    let with_hash = names.iter().find(|name| name.starts_with("scoring-1-") && name.ends_with('/'));
    let folder = format!("results/calm/{}", with_hash.expect("a folder with a hash"));
    assert_ne!(place.json(&format!("{folder}summary.json"))["digest"], plain.as_str());
    let manifest = place.json(&format!("{folder}manifest.json"));
    assert_eq!(manifest["overrides"][0], "destination.us.quota=20/s");
    let huge = u64::MAX.to_string();
    place.expect(0, &format!("run calm.toml --seed {huge}"));
    let summary = place.json(&format!("results/calm/scoring-{huge}/summary.json"));
    assert_eq!(summary["seed"], huge.as_str());
}

#[test]
fn a_failed_check_exits_1_with_its_result_and_the_command_that_shows_it_again() {
    let place = Place::new();
    place.write("my scenarios/strict.toml", &format!("{CALM}{IMPOSSIBLE_CHECK}"));
    let mut command = place.command("run --set description=it's --policy fifo");
    command.arg("my scenarios/strict.toml");
    let done = Done::of(command, 1, "strict");
    let last = done.stdout.lines().last().expect("a line");
    let command = "apportion run 'my scenarios/strict.toml' --policy fifo --seed 1 \
                   --set 'description=it'\\''s'";
    assert_eq!(last, format!("reproduce  {command}"));
    assert_eq!(place.names("results").iter().filter(|name| name.ends_with(".json")).count(), 3);
    // The command is what a shell makes the same run of.
    let again = command.replacen("apportion", env!("CARGO_BIN_EXE_apportion"), 1);
    let mut shell = std::process::Command::new("sh");
    shell.arg("-c").arg(again).current_dir(place.path(""));
    assert_eq!(Done::of(shell, 1, command).stdout, done.stdout);
}

#[test]
fn what_is_wrong_exits_2_and_writes_nothing() {
    let wrong = "description = 1\nduration = \"soon\"\n[[destination]]\nnam = \"us\"\n";
    for (text, arguments, complaint) in [
        (CALM, "run calm.toml --policy best", "error: no policy `best`; there are scoring, fifo"),
        (CALM, "run calm.toml --set destination.us.quota=fast", "--set:1:"),
        (CALM, "run calm.toml --seed one", "invalid value 'one' for '--seed <SEED>'"),
        (CALM, "run calm.toml --format github", "error: --format github is for `apportion check`"),
        (CALM, "run calm.toml --jobs 0", "0 is not in 1..=65535"),
        (CALM, "run calm.toml --fast", "unexpected argument '--fast'"),
        (CALM, "run", "<SCENARIO>"),
        (CALM, "dance", "unrecognized subcommand 'dance'"),
        (CALM, "run calm.toml --policy wfq --set destination.us.quota=unlimited", "unlimited"),
        (wrong, "run calm.toml", "did you mean `name`"),
        ("", "run calm.toml", "the scenario is empty"),
    ] {
        let place = Place::new();
        place.write("calm.toml", text);
        let done = place.expect(2, arguments);
        assert!(done.stderr.contains(complaint), "{arguments}\n{}", done.stderr);
        assert_eq!(done.stdout, "", "{arguments}");
        assert_eq!(place.names(""), ["calm.toml"], "{arguments}");
    }
}

#[test]
fn an_unset_variable_and_a_missing_file_are_told_apart() {
    let place = Place::calm();
    let logged = format!("{CALM}[log]\npath = \"${{APPORTION_DATA}}/log.csv\"\n");
    place.write("logged.toml", &logged);
    let done = place.expect(2, "run logged.toml");
    assert!(done.stderr.contains("the environment variable APPORTION_DATA"), "{}", done.stderr);
    let done = place.expect(74, "run absent.toml");
    assert!(done.stderr.contains("cannot read absent.toml"), "{}", done.stderr);
    assert_eq!(place.names(""), ["calm.toml", "logged.toml"]);
    place.write("data/log.csv", "time,tenant\n1,bulk\n2,bulk\n");
    let mut command = place.command("run logged.toml");
    command.env("APPORTION_DATA", place.path("data"));
    Done::of(command, 0, "with the variable");
    let manifest = place.json("results/logged/scoring-1/manifest.json");
    assert_eq!(manifest["inputs"][0]["path"], "${APPORTION_DATA}/log.csv");
}

#[test]
fn a_folder_that_is_not_ours_is_refused_and_untouched() {
    let place = Place::calm();
    place.write("thesis/chapter.txt", "irreplaceable");
    place.write("notes", "a file");
    for target in ["thesis", "notes"] {
        let before = place.names("");
        let done = place.expect(2, &format!("run calm.toml --out {target}"));
        assert!(done.stderr.contains(&format!("{target}: exists and has no manifest.json")));
        assert_eq!(done.stdout, "", "nothing ran");
        assert_eq!(place.names(""), before);
    }
    assert_eq!(place.read("thesis/chapter.txt"), "irreplaceable");
}

#[test]
#[cfg(unix)]
fn a_folder_that_cannot_be_written_exits_74() {
    let place = Place::calm();
    place.write("in-the-way", "a file where a folder should be");
    let done = place.expect(74, "run calm.toml --out in-the-way/results");
    assert!(done.stderr.starts_with("error: in-the-way"), "{}", done.stderr);
    assert!(fs::metadata(place.path("in-the-way")).expect("there").is_file());
}
