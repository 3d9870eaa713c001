//! `show`: entitlement and load, worked by hand.

use super::place::Place;

/// 600 messages and twice 20 a minute in 5 minutes, on 5 segments a second.
#[test]
fn show_works_out_load_and_entitlement() {
    let place = Place::calm();
    let done = place.expect(0, "show calm.toml");
    let offered = (600.0 + 2.0 * 100.0) / 300.0;
    assert!(done.stdout.contains("us: quota 5/s, load 53.3 %, 2 sessions x 10 unanswered"));
    assert!(
        done.stdout.contains("fault carrier-down: outage of us for everybody from 2 min, for 20 s")
    );
    let line = |name: &str| {
        let line = done.stdout.lines().find(|line| line.trim_start().starts_with(name));
        line.expect("a line").split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(line("bulk"), ["bulk", "1", "1", "600", "2", "1.6667"]);
    assert_eq!(line("small"), ["small", "2", "1", "200", "0.6667", "3.3333"]);
    let json = place.expect(0, "show calm.toml --format json").json();
    let us = &json["destinations"][0];
    let close = |value: &serde_json::Value, expected: f64| {
        assert!((value.as_f64().expect("a figure") - expected).abs() < 1e-9, "{value}");
    };
    close(&us["load"], offered / 5.0);
    close(&us["quota_per_s"], 5.0);
    close(&us["groups"][0]["entitled_per_s"], 5.0 / 3.0);
    close(&us["groups"][1]["offered_segments"], 200.0);
    assert_eq!((&us["sessions"], &us["window"]), (&2.into(), &10.into()));
    close(&json["faults"][0]["start_s"], 120.0);
    assert_eq!(json["warnings"], serde_json::json!([]));
    assert_eq!(place.names(""), ["calm.toml"], "show writes nothing");
}

#[test]
fn show_follows_overrides_and_speaks_every_format() {
    let place = Place::calm();
    let heavier = "show calm.toml --set tenant.bulk.weight=3 --set destination.us.quota=10/s";
    let rows = place.expect(0, &format!("{heavier} --format csv")).csv();
    let entitled = rows[0].iter().position(|name| name == "entitled_per_s").expect("a column");
    assert_eq!((rows[1][1].as_str(), rows[1][entitled].as_str()), ("bulk", "6.0"));
    assert_eq!((rows[2][1].as_str(), rows[2][entitled].as_str()), ("small", "4.0"));
    let markdown = place.expect(0, &format!("{heavier} --format md")).stdout;
    assert!(markdown.contains("\n| bulk | 1 | 3 | 600 | 2 | 6 |\n"), "{markdown}");
    let done = place.expect(0, "show calm.toml --set destination.us.quota=unlimited");
    assert!(done.stdout.contains("us: no quota, "), "{}", done.stdout);
    place.expect(2, "show calm.toml --format github");
    place.expect(2, "show calm.toml --set duration=0s");
}

#[test]
fn show_says_what_a_profile_and_the_scenarios_own_keys_make_of_a_carrier() {
    let place = Place::calm();
    let set = "--set destination.us.gateway.profile=eu-smpp --set destination.us.gateway.window=25";
    let done = place.expect(0, &format!("show calm.toml {set}"));
    for line in [
        "  profile            eu-smpp",
        "  window             25",
        "  session-limit      30/s, burst 30",
        "  enquire-link       every 30 s, dead after 10 s",
        "  reconnect          tried after 10 s, times 1, at most 10 s",
    ] {
        assert!(done.stdout.lines().any(|found| found == line), "{line}\n{}", done.stdout);
    }
    let json = place.expect(0, &format!("show calm.toml {set} --format json")).json();
    assert_eq!(json["destinations"][0]["carrier"][0], serde_json::json!(["profile", "eu-smpp"]));
    let wrong = place.expect(2, "show calm.toml --set destination.us.gateway.profile=eu-smp");
    assert!(wrong.stderr.contains("did you mean \"eu-smpp\"?"), "{}", wrong.stderr);
}

#[test]
fn show_knows_of_promises_and_limits_and_warns_of_what_is_odd() {
    let place = Place::calm();
    let show = |set: &str| {
        let done = place.expect(0, &format!("show calm.toml {set} --format json"));
        let json = done.json();
        let groups = &json["destinations"][0]["groups"];
        let entitled = [0, 1].map(|group: usize| {
            let per_s = groups[group]["entitled_per_s"].as_f64();
            per_s.map_or(f64::INFINITY, |per_s| (per_s * 1000.0).round() / 1000.0)
        });
        let warnings: Vec<String> =
            serde_json::from_value(json["warnings"].clone()).expect("a list of texts");
        (entitled, warnings)
    };
    // Of 5/s: bulk and two small ones of equal weight.
    assert_eq!(show("--set tenant.bulk.min=60%"), ([3.0, 2.0], vec![]));
    assert_eq!(show("--set tenant.bulk.max=1/s"), ([1.0, 4.0], vec![]));
    assert_eq!(show("--set tenant.small.min=2/s"), ([1.0, 4.0], vec![]));
    let ([bulk, small], warnings) = show("--set tenant.bulk.min=80% --set tenant.small.min=60%");
    assert_eq!([bulk, small], [2.0, 3.0]);
    assert!(
        warnings[0].contains("tenants are promised 200.0 % of the share above"),
        "{warnings:?}"
    );
    let (_, warnings) = show("--set tenant.bulk.borrow=false --set policy=sfq");
    assert!(warnings[0].contains("sfq divides by weight alone"), "{warnings:?}");
    let (_, warnings) = show(
        "--set tenant.bulk.borrow=false --set destination.us.quota=unlimited --set policy=sfq",
    );
    assert!(warnings[1].contains("us has no quota"), "{warnings:?}");
}

#[test]
fn show_warns_of_shares_that_a_walk_cannot_keep() {
    let place = Place::calm();
    let path = place.path("calm.toml");
    let text = std::fs::read_to_string(&path).expect("it is there");
    let scoring = "[scoring]\nrescore-every = 8\nbatch = \"walk\"\n\n[[destination]]";
    std::fs::write(&path, text.replacen("[[destination]]", scoring, 1)).expect("writable");
    let warnings = |set: &str| {
        place.expect(0, &format!("show calm.toml {set} --format json")).json()["warnings"]
            .to_string()
    };
    assert_eq!(warnings(""), "[]", "a third for each of three queues");
    let heavy = warnings("--set tenant.bulk.weight=3");
    assert!(heavy.contains("a share of 60.0 % gets only one of 3 messages"), "{heavy}");
    assert_eq!(warnings("--set tenant.bulk.weight=3 --set scoring.batch=drain"), "[]");
    let other = warnings("--set tenant.bulk.weight=3 --set policy=sfq");
    assert!(other.contains("sfq does not look at `[scoring]`"), "{other}");
}
