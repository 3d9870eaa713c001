//! The JSON schema that is checked in, the loader, and a scenario that has every key.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use apportion::scenario::{
    Arrivals, Awaited, Bound, GapLaw, Latency, Loaded, MetricUnit, Outside, RateProfile,
    Registries, Scenario, SenderUse, Source, Submissions, load, replace_traffic, resolve_text,
    schema,
};
use apportion::time::{Span, Time};
use serde_json::Value;

const SCHEMA: &str = "schema/scenario.schema.json";
const EVERYTHING: &str = "tests/scenario_valid/everything.toml";

const REGISTRIES: Registries<'_> = Registries {
    metrics: &[
        ("dwell_p99", MetricUnit::Seconds),
        ("jain", MetricUnit::Ratio),
        ("false_alarms", MetricUnit::Count),
    ],
    policies: &["scoring", "fifo"],
    detectors: &["scores"],
};

fn everything(overrides: &[&str]) -> Loaded {
    let overrides: Vec<String> = overrides.iter().map(|text| text.to_string()).collect();
    load(Path::new(EVERYTHING), &overrides, REGISTRIES).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn the_schema_that_is_checked_in_is_the_loaders() {
    if std::env::var_os("APPORTION_BLESS").is_some() {
        fs::write(SCHEMA, schema()).expect("the folder is writable");
    }
    let checked_in = fs::read_to_string(SCHEMA).expect("it is in the repository");
    assert_eq!(checked_in, schema(), "run this test with APPORTION_BLESS=1 and commit the schema");
}

/// Because the loader panics on a table whose keys it does not all read, a file with every key of
/// the schema shows that loader and schema agree.
#[test]
fn a_scenario_with_every_key_of_the_schema_loads() {
    let schema: Value = serde_json::from_str(&schema()).expect("valid JSON");
    let text = fs::read_to_string(EVERYTHING).expect("it is in the repository");
    let words: BTreeSet<&str> =
        text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_').collect();
    let definitions = schema["definitions"].as_object().expect("an object").values();
    let mut keys = 0;
    for table in definitions.chain([&schema]) {
        for key in table["properties"].as_object().expect("an object").keys() {
            assert!(words.contains(key.as_str()), "{EVERYTHING} does not have the key `{key}`");
            keys += 1;
        }
    }
    assert!(keys > 160, "the schema has only {keys} keys");
    assert_eq!(everything(&[]).warnings, ["the tenant set `spare` has no tenants"]);
}

fn seconds(seconds: u64) -> Span {
    Span::from_seconds(seconds)
}

#[test]
fn names_populations_and_units_are_resolved() {
    let Loaded { scenario, inputs, source, overrides, .. } = everything(&[]);
    assert_eq!(scenario.name, "everything");
    assert_eq!(scenario.duration, seconds(7200));
    assert_eq!(scenario.window, seconds(60));
    assert_eq!(scenario.destinations[0].quota.expect("limited").burst, 10);
    assert_eq!(scenario.destinations[1].quota, None);
    let names: Vec<&str> = scenario.tenants.iter().map(|tenant| tenant.name.as_str()).collect();
    assert_eq!(names[..3], ["campaigner", "small-01", "small-02"]);
    assert_eq!(names[40..43], ["small-40", "mixed-1", "mixed-2"]);
    assert_eq!(names[53..], ["varied-10", "client-0", "client-1", "visitor"]);
    assert_eq!(scenario.tenants_named("small").count(), 40);
    let senders: Vec<_> = scenario.senders.iter().filter(|s| s.tenant.index() == 0).collect();
    assert_eq!(senders.len(), 51, "fifty declared, one more in the log");
    assert_eq!(senders[0].name, "sender-01");
    assert_eq!(senders[50].name, "desk");
    assert_eq!(senders[50].cap, senders[0].cap);
    for source in &scenario.sources {
        let first = source.first_sender.index();
        let own = &scenario.senders[first..first + source.senders as usize];
        assert!(own.iter().all(|sender| sender.tenant == source.tenant), "{}", source.name);
    }
    let paths: Vec<&str> = inputs.iter().map(|input| input.path_as_written.as_str()).collect();
    assert_eq!(paths, ["profile.csv", "log.csv"]);
    assert_eq!(scenario.log.as_ref().expect("a log").content_hash, inputs[1].content_hash);
    assert!(source.starts_with("#:schema") && overrides.is_empty());
    let Latency::Lognormal { median, sigma } = scenario.destinations[0].gateway.response else {
        panic!("the response is lognormal");
    };
    assert_eq!((median, sigma), (Span::from_milliseconds(50), 0.6));
    assert_eq!(scenario.destinations[0].gateway.undeliverable.billionths(), 20_000_000);
    assert_eq!(scenario.checks[0].bound, Bound::AtMost(5.0));
    assert_eq!(scenario.checks[1].bound, Bound::AtLeast(0.95));
    assert_eq!(
        scenario.checks[2].name,
        "false_alarms of tenant campaigner, tenant-set gold, class otp, destination us <= 3"
    );
    let line = source.lines().position(|line| line == "[[check]]").expect("it has checks");
    assert_eq!(scenario.checks[0].line as usize, line + 1);
}

#[test]
fn every_kind_of_traffic_is_resolved_with_its_size() {
    let scenario = everything(&[]).scenario;
    let of = |tenant: &str, name: &str| {
        let index = scenario.tenants.iter().position(|one| one.name == tenant).expect(tenant);
        let own = |source: &&Source| source.tenant.index() == index && source.name == name;
        scenario.sources.iter().find(own).expect(name).clone()
    };
    let Arrivals::Constant { pace, staggered: false } = of("mixed-1", "constant-1").arrivals else {
        panic!("constant, not staggered");
    };
    // 1, 2^-1.1 and 3^-1.1 have the mean 0.58839; the rate is a minute's.
    let wanted = 1.0 / 0.588_389_8 / 60.0;
    assert!((pace.rate.per_second_f64() / wanted - 1.0).abs() < 1e-6, "{}", pace.rate);
    let curve = pace.curve.expect("office");
    // The run begins on Tuesday 09:30 UTC, 04:30 on the east coast: the second eighth of a day.
    assert_eq!(curve.relative_rate(Time::ZERO), 0.0);
    // At 14:30 it is the fifth, 1, over the mean of 8 ÷ 8 a day and 5.4 ÷ 7 a week.
    let afternoon = curve.relative_rate(Time::from_seconds(10 * 3600));
    assert!((afternoon - 7.0 / 5.4).abs() < 1e-12, "{afternoon}");
    let Arrivals::Renewal { gaps: GapLaw::Weibull { shape, .. }, .. } =
        of("mixed-2", "renewal-2").arrivals
    else {
        panic!("Weibull gaps");
    };
    assert!(shape < 0.5, "cv 3.5 needs a small shape: {shape}");
    let Arrivals::OnOff { on, off, .. } = of("mixed-2", "on-off-3").arrivals else {
        panic!("on and off");
    };
    assert_eq!(on, Latency::Exponential { mean: seconds(20) });
    assert_eq!(off, Latency::Constant(seconds(60)));
    let Arrivals::FlashCrowd { at, rise, half_life, .. } = of("mixed-1", "flash-crowd-4").arrivals
    else {
        panic!("a crowd");
    };
    assert_eq!((at, rise, half_life), (Time::from_seconds(1200), seconds(120), seconds(240)));
    // 5 submitters on average: 8.5, 3.96 and 2.54 of them.
    let submitters = ["mixed-1", "mixed-2", "mixed-3"].map(|tenant| {
        match of(tenant, "closed-loop-5").arrivals {
            Arrivals::ClosedLoop { submitters, awaits: Awaited::Dispatch, .. } => submitters,
            other => panic!("{other:?}"),
        }
    });
    assert_eq!(submitters, [8, 4, 3]);
    let mixed = of("mixed-1", "constant-1");
    assert_eq!((mixed.senders, mixed.sender_use), (4, SenderUse::Zipf(0.8)));
    let window = of("campaigner", "campaign-2").send_window.expect("a window");
    assert_eq!((window.opens, window.closes), (seconds(8 * 3600), seconds(21 * 3600)));
    assert_eq!((window.outside, window.zones.len()), (Outside::Drop, 2));
    let Arrivals::Profile(profile) = of("client-0", "profile").arrivals else {
        panic!("a profile");
    };
    // The row before 3600 s is skipped; 1200 s later, compressed by two, are 600 s.
    assert_eq!(profile.length, seconds(300));
    let starts: Vec<Time> = profile.intervals.iter().map(|interval| interval.start).collect();
    assert_eq!(starts, [Time::ZERO, Time::from_seconds(600)]);
    // 0.4 a second for 600 s times 2.5.
    assert_eq!(profile.intervals[0].messages, 600 * RateProfile::ONE);
    assert_eq!(profile.intervals[0].gaps, GapLaw::weibull(2.0));
    assert_eq!(of("client-1", "profile").segments, [(1, 9), (2, 1)]);
    assert!(matches!(of("campaigner", "profile").arrivals, Arrivals::Profile(_)));
}

#[test]
fn the_log_becomes_arrivals_in_order_with_senders_in_turn() {
    let scenario = everything(&[]).scenario;
    let log = scenario.log.as_ref().expect("a log");
    let seen: Vec<(u64, &str, &str, u32)> = log
        .arrivals
        .iter()
        .map(|arrival| {
            let tenant = &scenario.tenants[arrival.tenant.index()].name;
            let sender = &scenario.senders[arrival.sender.index()];
            assert_eq!(sender.tenant, arrival.tenant);
            let milliseconds = arrival.time.as_nanoseconds() / 1_000_000;
            (milliseconds, tenant.as_str(), sender.name.as_str(), arrival.segments)
        })
        .collect();
    assert_eq!(
        seen,
        [
            (0, "campaigner", "desk", 1),
            (500, "visitor", "sender-1", 2),
            (1000, "campaigner", "sender-01", 1),
            (1500, "campaigner", "sender-02", 1),
        ]
    );
    assert_eq!(log.arrivals[1].validity, Some(seconds(60)), "from the row");
    assert_eq!(log.arrivals[0].validity, Some(seconds(3600)), "from the table");
}

#[test]
fn overrides_go_through_the_same_decoding() {
    let changed = everything(&[
        "duration=3h",
        "destination.us.quota=20/s",
        "tenant.small.weight=3",
        "tenant.0.traffic.campaign-2.at=5min",
        "destination.us.gateway.response.lognormal.median=70ms",
        "destination.us.gateway.window=7",
        "description = plain words",
    ])
    .scenario;
    assert_eq!(changed.duration, seconds(10_800));
    assert_eq!(changed.description, "plain words");
    assert_eq!(changed.destinations[0].quota.expect("limited").rate.per_second_f64(), 20.0);
    assert_eq!(changed.destinations[0].gateway.window, 7);
    assert_eq!(changed.tenants[1].weight.as_f64(), 3.0);
    let Arrivals::Campaign { at, .. } = changed.sources[1].arrivals else {
        panic!("the second source is a campaign");
    };
    assert_eq!(at, Time::from_seconds(300));
}

fn minimal(more: &str) -> Scenario {
    let text = format!(
        "description = \"d\"\nduration = \"1h\"\n[[destination]]\nname = \"us\"\nquota = \"1/s\"\n\
         [[tenant]]\nname = \"a\"\n[[tenant.traffic]]\nkind = \"poisson\"\nrate = \"1/s\"\n{more}"
    );
    let loaded = resolve_text("minimal.toml", &text, Path::new(""), &[], REGISTRIES);
    loaded.unwrap_or_else(|error| panic!("{error}")).scenario
}

#[test]
fn defaults_are_those_of_the_schema() {
    let scenario = minimal("");
    assert_eq!((scenario.name.as_str(), scenario.seed), ("minimal", 1));
    assert_eq!(scenario.policy, "scoring");
    assert_eq!((scenario.drain, scenario.window), (seconds(3600), seconds(30)));
    assert_eq!(scenario.classes[0].name, "notification");
    let destination = &scenario.destinations[0];
    assert_eq!(destination.response_timeout, seconds(60));
    assert_eq!(destination.receipt_timeout, seconds(72 * 3600));
    assert_eq!((destination.gateway.sessions, destination.gateway.window), (1, 10));
    let retry = destination.retry;
    assert_eq!((retry.temporary.attempts, retry.temporary.growth_permille), (5, 2000));
    assert_eq!((retry.throttled.attempts, retry.throttled.growth_permille), (20, 1500));
    assert_eq!(retry.temporary.jitter_permille, 200);
    assert_eq!(scenario.senders[0].name, "sender-1");
    assert_eq!(scenario.sources[0].name, "poisson-1");
    assert_eq!(scenario.sources[0].segments, [(1, 1)]);
    assert!(scenario.detector.is_none() && scenario.log.is_none());
}

#[test]
fn a_detector_table_switches_it_on_and_enabled_false_off_again() {
    let on = minimal("[detector]\n").detector.expect("switched on");
    assert_eq!((on.name.as_str(), on.settings.window), ("scores", seconds(300)));
    assert_eq!((on.settings.raise_at, on.settings.clear_at), (0.5, 0.3));
    assert!(minimal("[detector]\nenabled = false\n").detector.is_none());
}

#[test]
fn a_log_can_take_the_place_of_all_traffic() {
    let mut scenario = minimal("");
    let path = std::env::temp_dir().join(format!("apportion-replay-{}.csv", std::process::id()));
    fs::write(&path, "submitted_s,tenant,id\n3.000000007,a,1\n2.5,a,0\n3600,a,2\n")
        .expect("writable");
    let warnings = replace_traffic(&mut scenario, &path, &Default::default());
    fs::remove_file(&path).expect("it was written");
    let warnings = warnings.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(
        warnings,
        ["1 of 3 messages of the log come at or after the end of arrivals and are left out"]
    );
    assert_eq!(scenario.submissions, Submissions::Replayed, "its sources are silent");
    let times: Vec<u64> =
        scenario.log.expect("a log").arrivals.iter().map(|a| a.time.as_nanoseconds()).collect();
    assert_eq!(times, [2_500_000_000, 3_000_000_007]);
}
