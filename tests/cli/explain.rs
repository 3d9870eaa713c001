//! `explain`: whose fault it is that somebody waits.

use serde_json::Value;

use super::place::Place;

/// A campaign in front of two tenants that send a message now and then. Nothing else is wrong.
const CROWDED: &str = r#"
description = "A campaign beside two tenants"
duration = "5min"
drain = "10min"
[[destination]]
name = "us"
quota = "5/s"
[[tenant]]
name = "bulk"
[[tenant.traffic]]
kind = "campaign"
at = "1min"
messages = 600
[[tenant]]
name = "small"
count = 2
[[tenant.traffic]]
kind = "poisson"
rate = "20/min"
"#;

/// Rows of messages.csv by the names of their columns.
fn messages(place: &Place, folder: &str) -> Vec<Vec<String>> {
    let text = place.read(&format!("{folder}/messages.csv"));
    text.lines().skip(1).map(|row| row.split(',').map(str::to_owned).collect()).collect()
}

const TENANT: usize = 1;
const SUBMITTED: usize = 8;
const FIRST_DISPATCH: usize = 9;

fn seconds(cell: &str) -> f64 {
    cell.parse().expect("a time")
}

/// A message of a small tenant that came while the campaign was young.
fn victim(place: &Place, folder: &str) -> Vec<String> {
    let rows = messages(place, folder);
    let hit = |row: &&Vec<String>| row[TENANT] == "small-1" && seconds(&row[SUBMITTED]) > 62.0;
    rows.iter()
        .filter(hit)
        .min_by(|a, b| seconds(&a[SUBMITTED]).total_cmp(&seconds(&b[SUBMITTED])))
        .expect("one")
        .clone()
}

fn sum_of(parts: &Value) -> f64 {
    parts.as_array().expect("parts").iter().map(|part| part["waited_s"].as_f64().expect("s")).sum()
}

fn cause<'a>(parts: &'a Value, name: &str) -> Option<&'a Value> {
    parts.as_array().expect("parts").iter().find(|part| part["cause"] == name)
}

#[test]
fn a_message_behind_a_campaign_tells_whom_it_waited_for_under_each_policy() {
    let place = Place::new();
    place.write("crowded.toml", CROWDED);
    let mut dwells = Vec::new();
    for policy in ["fifo", "scoring", "wfq"] {
        place.expect(0, &format!("run crowded.toml --policy {policy} --messages"));
        let folder = format!("results/crowded/{policy}-1");
        let row = victim(&place, &folder);
        let facts = place.expect(0, &format!("explain {folder} {} --format json", row[0])).json();
        let summary = place.json(&format!("{folder}/summary.json"));
        assert_eq!((&facts["digest"], &facts["tenant"]), (&summary["digest"], &"small-1".into()));
        let stay = &facts["stays"][0];
        assert_eq!(stay["from_s"], seconds(&row[SUBMITTED]));
        assert_eq!(stay["until_s"], seconds(&row[FIRST_DISPATCH]));
        let dwell = facts["dwell_s"].as_f64().expect("a dwell");
        assert!((sum_of(&stay["waits"]) - dwell).abs() < 1e-6, "{policy}: causes add up");
        let went_first = stay["went_first"].as_array().expect("parties");
        let bulk = went_first.iter().find(|party| party["tenant"] == "bulk");
        let passed = bulk.map_or(0, |party| party["messages"].as_u64().expect("a count"));
        if policy == "fifo" {
            let others = cause(&stay["waits"], "others first").expect("others");
            assert!(others["part"].as_f64().expect("a part") > 0.9, "{others}");
            assert_eq!(others["tenant"], "bulk");
            // One at a time, five a second: who came first tells how long it took.
            assert!((passed as f64 / 5.0 - dwell).abs() < 3.0 && passed > 500, "{passed} {dwell}");
        } else {
            assert!(passed < 5, "{policy}: {passed}");
        }
        let scores = stay["scores"].as_array().expect("scores");
        assert_eq!(scores.is_empty(), policy != "scoring", "{policy}");
        dwells.push(dwell);
    }
    assert!(dwells[0] > 100.0 && dwells[1] < 2.0, "{dwells:?}");
    let row = victim(&place, "results/crowded/fifo-1");
    let text = place.expect(0, &format!("explain results/crowded/fifo-1 {}", row[0])).stdout;
    for words in
        ["others are first: bulk 1 min", "went first: bulk", "receipt: delivered", "crowded · fifo"]
    {
        assert!(text.contains(words), "{words}\n{text}");
    }
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
}

#[test]
fn a_tenants_waiting_is_that_of_its_messages_together() {
    let place = Place::new();
    place.write("crowded.toml", CROWDED);
    place.expect(0, "run crowded.toml --policy fifo --messages");
    let folder = "results/crowded/fifo-1";
    let rows = messages(&place, folder);
    for (who, members) in [("small-1", 1), ("small", 2), ("bulk", 1)] {
        let facts = place.expect(0, &format!("explain {folder} {who} --format json")).json();
        let own = rows.iter().filter(|row| row[TENANT].starts_with(who));
        let dwell = |row: &Vec<String>| seconds(&row[FIRST_DISPATCH]) - seconds(&row[SUBMITTED]);
        let (count, dwells) = (own.clone().count(), own.clone().map(dwell).sum::<f64>());
        assert_eq!((&facts["messages"], &facts["tenants"]), (&count.into(), &members.into()));
        assert!((facts["waited_s"].as_f64().expect("s") - dwells).abs() < 1e-3, "{who}");
        assert!((sum_of(&facts["waits"]) - dwells).abs() < 1e-3, "{who}");
        let longest = own.map(dwell).fold(0.0, f64::max);
        assert!((facts["worst"][0]["waited_s"].as_f64().expect("s") - longest).abs() < 1e-6);
        let own_part = cause(&facts["waits"], "own backlog")
            .map_or(0.0, |part| part["part"].as_f64().expect("a part"));
        assert_eq!(own_part > 0.8, who == "bulk", "{who}: {own_part}");
        let series = facts["series"].as_array().expect("parts of the run");
        let sent: u64 = series.iter().map(|part| part["sent"].as_u64().expect("a count")).sum();
        assert_eq!(sent, count as u64, "every message has one segment and one attempt");
    }
    let text = place.expect(0, &format!("explain {folder} small")).stdout;
    for words in ["small (2 tenants)", "others are first: bulk", "waited longest:", "entitled"] {
        assert!(text.contains(words), "{words}\n{text}");
    }
}

/// A steady tenant under a quota of 100 a second, with what holds it back.
fn held_back(quota: &str, gateway: &str, tenant: &str, more: &str) -> String {
    format!(
        "description = \"held back\"\nduration = \"60s\"\ndrain = \"10min\"\n\
         [[destination]]\nname = \"us\"\n{quota}\n[destination.gateway]\n{gateway}\n\
         [[tenant]]\nname = \"a\"\n{tenant}\n[[tenant.traffic]]\nkind = \"constant\"\n\
         rate = \"2/s\"\n{more}"
    )
}

#[test]
fn every_cause_is_told_from_the_others() {
    let quota = "quota = \"100/s\"";
    let outage =
        "[[fault]]\nname = \"down\"\nkind = \"outage\"\nstart = \"10s\"\nduration = \"30s\"\n";
    let refusals = "[[fault]]\nname = \"burst\"\nkind = \"error-burst\"\nfraction = 1\n\
                    status = \"ESME_RSYSERR\"\nstart = \"10s\"\nduration = \"10s\"\n";
    let retry = "quota = \"100/s\"\n[destination.retry]\n\
                 temporary = { attempts = 9, first-wait = \"4s\" }";
    let cases = [
        ("window", held_back(quota, "sessions = 1\nwindow = 1\nresponse = \"1s\"", "", "")),
        ("no session", held_back(quota, "sessions = 1", "", outage)),
        ("sender's cap", held_back(quota, "sessions = 1", "sender-cap = \"1/s\"", "")),
        ("own backlog", held_back("quota = \"1/s\"", "sessions = 1", "", "")),
        ("back-off", held_back(retry, "sessions = 1", "", refusals)),
    ];
    for (name, scenario) in cases {
        let place = Place::new();
        place.write("held.toml", &scenario);
        place.expect(0, "run held.toml");
        let facts = place.expect(0, "explain results/held/scoring-1 a --format json").json();
        let part = cause(&facts["waits"], name).unwrap_or_else(|| panic!("{name}: {facts}"));
        assert!(part["part"].as_f64().expect("a part") > 0.5, "{name}: {}", facts["waits"]);
        let worst = facts["worst"][0]["message"].to_string();
        let text = place.expect(0, &format!("explain results/held/scoring-1 {worst}")).stdout;
        assert!(text.contains("message ") && text.contains(" of a "), "{text}");
        if name == "no session" {
            assert!(text.contains("in force meanwhile: down (outage)"), "{text}");
            assert!(text.contains("no session is up"), "{text}");
        }
    }
}

#[test]
fn who_is_not_there_is_answered_with_who_is() {
    let place = Place::calm();
    place.expect(0, "run calm.toml --quiet");
    let folder = "results/calm/scoring-1";
    for (subject, words) in [
        ("smal-1", "did you mean `small-1`?"),
        ("nobody-like-that", "there are bulk, small"),
        ("999999", "numbered from 0 to "),
    ] {
        let done = place.expect(2, &format!("explain {folder} {subject}"));
        assert!(done.stderr.contains(words), "{}", done.stderr);
    }
    place.expect(74, "explain results/calm/nowhere 1");
    place.expect(2, &format!("explain {folder} 1 --format csv"));
}

#[test]
fn a_run_that_does_not_come_out_again_is_not_explained() {
    let place = Place::calm();
    place.expect(0, "run calm.toml --quiet");
    let path = "results/calm/scoring-1/manifest.json";
    let digest = place.json(path)["digest"].as_str().expect("text").to_owned();
    let other = format!("v1:{}", "0".repeat(32));
    place.write(path, &place.read(path).replace(&digest, &other));
    let done = place.expect(5, "explain results/calm/scoring-1 bulk");
    assert!(done.stderr.contains("does not come out again"), "{}", done.stderr);
    assert!(done.stderr.contains("reproduce: apportion explain results/calm/scoring-1 bulk"));
}
