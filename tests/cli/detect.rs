//! Series of others: scores, the scoreboard, and what is wrong with a file.

use super::place::Place;

/// Ten days by the hour, 4 to 7 failures an hour, with 90 in three hours of the ninth.
fn crashes() -> String {
    let mut text = "TimeStamp,Value,Label\n".to_owned();
    for hour in 0..240 {
        let is_bad = (200..203).contains(&hour);
        let value = if is_bad { 90 } else { 4 + hour * 7 % 4 };
        let day = 1 + hour / 24;
        let label = u8::from(is_bad);
        text += &format!("2018-07-{day:02} {:02}:00:00,{value},{label}\n", hour % 24);
    }
    text
}

#[test]
fn the_scoreboard_says_the_same_in_every_format() {
    let place = Place::new();
    place.write("rates/a.csv", &crashes());
    place.write("rates/b.csv", &crashes().replace(",90,", ",70,"));
    let table = place.expect(0, "detect rates").stdout;
    assert!(table.starts_with("rates: 2 series, 2 events\n"), "{table}");
    let json = place.expect(0, "detect rates --format json").json();
    let rows = place.expect(0, "detect rates --format csv").csv();
    let (head, rows) = rows.split_first().expect("a header");
    let markdown = place.expect(0, "detect rates --format md").stdout;
    assert_eq!(markdown.lines().count(), rows.len() + 2);
    let scorers: Vec<&str> = rows.iter().map(|row| row[1].as_str()).collect();
    assert_eq!(
        scorers,
        [
            "volume",
            "failure",
            "value",
            "ewma-z",
            "previous-period",
            "seasonal",
            "s-h-esd",
            "random",
            "always"
        ]
    );
    for (record, row) in json.as_array().expect("records").iter().zip(rows) {
        assert!(table.contains(&format!("\n  {} ", row[1])), "{} is not in the table", row[1]);
        for (name, cell) in head.iter().zip(row) {
            let same = match &record[name] {
                serde_json::Value::Null => cell.is_empty(),
                serde_json::Value::String(text) => text == cell,
                number => number.as_f64() == cell.parse().ok(),
            };
            assert!(same, "{name}: {} is not {cell}", record[name]);
        }
    }
    let failure = &json[1];
    assert_eq!(failure["onset_recall_one_threshold"], 1.0);
    assert!(failure["mean_ap"].as_f64().expect("a figure") > 0.9);
    assert_eq!(json[8]["onset_recall"], 0.0, "what is always on has no onset");
    let done = place.expect(2, "detect rates --format github");
    assert!(done.stderr.contains("--format github is for `apportion check`"));
}

#[test]
fn a_series_without_labels_is_scored_step_by_step() {
    let place = Place::new();
    let unlabelled: String = crashes()
        .lines()
        .map(|line| line[..line.rfind(',').expect("three")].to_owned() + "\n")
        .collect();
    place.write("a.csv", &unlabelled);
    let done = place.expect(0, "detect a.csv --format csv");
    assert!(done.stderr.contains("no series has labels"), "{}", done.stderr);
    let rows = done.csv();
    assert_eq!(place.expect(0, "detect a.csv --rows").csv(), rows);
    assert_eq!(rows[0][2..], ["time_s", "value", "volume_score", "failure_score"]);
    assert_eq!(rows.len(), 241);
    let score = |row: &[String]| row[5].parse::<f64>().expect("a score");
    let highest = rows[1..].iter().max_by(|a, b| score(a).total_cmp(&score(b))).expect("rows");
    assert_eq!(highest[3], "90");
    // A person is told where to look.
    let table = place.expect(0, "detect a.csv").stdout;
    let head = "series/a: 240 steps, 2018-07-01 00:00:00 to 2018-07-10 23:00:00\n";
    assert!(table.starts_with(head), "{table}");
    let first = |score| table.lines().skip_while(|line| !line.contains(score)).nth(1);
    for score in ["volume score", "failure score"] {
        let peak = first(score).expect("a peak");
        assert!(peak.contains("2018-07-09 ") && peak.ends_with("value 90"), "{table}");
    }
    // Beside a labelled one it is left out of the scoreboard, and that is said.
    place.write("b.csv", &crashes());
    let done = place.expect(0, "detect a.csv b.csv --format json");
    assert!(done.stderr.contains("1 of 2 series have no labels: left out"), "{}", done.stderr);
    assert_eq!(done.json()[0]["series"], 1);
}

#[test]
fn outcomes_are_judged_by_the_share_that_failed_and_by_how_many_there_were() {
    let place = Place::new();
    let mut text = "time,failed,total,label\n".to_owned();
    for hour in 0..300 {
        // One message of one fails at night; half of a thousand fail in one hour.
        let (failed, total, label) = match hour {
            100 => (1, 1, 0),
            200 => (500, 1_000, 1),
            _ => (20 + hour % 3, 1_000, 0),
        };
        text += &format!("{},{failed},{total},{label}\n", hour * 3_600);
    }
    place.write("o.csv", &text);
    let json = place.expect(0, "detect o.csv --format json").json();
    let of = |scorer: &str, figure: &str| {
        let mut rows = json.as_array().expect("records").iter();
        rows.find(|row| row["scorer"] == scorer).expect(scorer)[figure].as_f64()
    };
    assert_eq!(of("failure", "mean_ap"), Some(1.0));
    assert_eq!(of("value", "mean_ap"), Some(0.5), "the bare share prefers one of one");
}

#[test]
fn what_is_wrong_with_a_series_is_said_with_its_line() {
    let place = Place::new();
    for (text, expected) in [
        ("timestamp,height\n1,2\n", "a.csv:1: there is no column `value`"),
        ("1,2\n3,4\n", "a.csv:1: there is no column `timestamp`"),
        ("timestamp,value\n1,2\nnoon,2\n", "a.csv:3: `noon` is no time such as"),
        ("timestamp,value,label\n1,2,yes\n", "a.csv:2: `yes` is no label"),
        ("timestamp,failed,total\n5,3,2\n", "a.csv:2: 3 of 2 failed"),
        ("timestamp,value\n", "a.csv:1: there is no row with a value below the header"),
        ("", "a.csv:1: there is no column `timestamp`"),
    ] {
        place.write("a.csv", text);
        let done = place.expect(2, "detect a.csv");
        assert!(done.stderr.contains(expected), "{text:?}: {}", done.stderr);
        assert!(done.stderr.contains("reproduce: apportion detect a.csv"), "{}", done.stderr);
    }
    let done = place.expect(74, "detect nowhere.csv");
    assert!(done.stderr.contains("error: nowhere.csv: "), "{}", done.stderr);
}

#[test]
fn a_results_folder_holds_the_board_the_scores_and_a_timeline_of_every_series() {
    let place = Place::new();
    place.write("rates/a.csv", &crashes());
    place.write("rates/b.csv", &crashes());
    place.expect(0, "detect rates --out seen");
    place.expect(0, "detect rates --out again");
    assert_eq!(place.files("seen"), place.files("again"));
    let names: Vec<String> = place.files("seen").into_keys().collect();
    assert_eq!(
        names,
        [
            "manifest.json",
            "plots/",
            "plots/rates-a.svg",
            "plots/rates-b.svg",
            "scoreboard.csv",
            "scoreboard.json",
            "scores.csv"
        ]
    );
    assert_eq!(place.json("seen/manifest.json")["plan"]["series"][1]["name"], "b");
    let picture = place.read("seen/plots/rates-a.svg");
    assert!(picture.contains("failure score, threshold"), "{picture}");
    assert!(picture.contains("#009E73"), "the onset inside the event is marked");
}
