//! What an on-call person may expect of the detectors, on simulated traffic.

#[path = "detector/lateness.rs"]
mod lateness;
#[path = "detector/together.rs"]
mod together;
#[path = "detector/traffic.rs"]
mod traffic;

use apportion::detector::{
    AlertChange, AlertKind, Cause, DetectorSettings, Notice, Observation, Part, ScoresDetector,
    Severity, StaticThresholdDetector, detector,
};
use apportion::time::{Span, Time};

use traffic::{Bench, DAY, Luck, account, standard};

fn scores() -> Bench {
    Bench::new(ScoresDetector::new(standard()))
}

/// Healthy Poisson traffic of tenant 0: 2 % fail.
fn healthy(luck: &mut Luck, mean: f64, windows: u64) -> Vec<(u32, u32)> {
    let window = |_| {
        let submitted = luck.poisson(mean);
        (submitted, luck.binomial(submitted, 0.02))
    };
    (0..windows).map(window).collect()
}

/// A healthy day and then windows of 50 messages of which so many fail.
fn bench_with_failures(mut bench: Bench, failed: u32, windows: usize) -> Bench {
    bench.run(healthy(&mut Luck::seeded(1), 50.0, DAY));
    bench.run(vec![(50, failed); windows]);
    bench
}

/// Windows after which an account's week is known.
const SETTLED: u64 = 8 * DAY;

/// A healthy week of 50 messages a window and then so many a window.
fn bench_with_volume(mut bench: Bench, submitted: u32, windows: usize) -> Bench {
    bench.run(healthy(&mut Luck::seeded(2), 50.0, SETTLED));
    bench.run(vec![(submitted, submitted / 50); windows]);
    bench
}

/// A message every fourth hour or so for a week, then 5,000 in one window.
fn bench_with_first_campaign(mut bench: Bench) -> Bench {
    bench.run((0..7 * DAY).map(|window| (u32::from(window % 50 == 0), 0)));
    bench.run([(5_000, 100)]);
    bench.run(vec![(0, 0); 20]);
    bench
}

#[test]
fn an_outage_is_raised_in_its_first_whole_window_with_high_severity() {
    let bench = bench_with_failures(scores(), 50, 3);
    assert_eq!(bench.raised(), [(DAY + 1, 0, AlertKind::Failure)]);
    let (_, event) = bench.events[0];
    assert_eq!(event.severity, Severity::High);
    assert_eq!(event.since, Time::from_seconds(300 * DAY));
    assert!(event.scores.failure > 0.9 && event.scores.impact >= event.scores.failure);
}

#[test]
fn an_outage_is_raised_for_an_account_that_was_seen_for_an_hour() {
    let mut bench = scores();
    bench.run(healthy(&mut Luck::seeded(3), 50.0, 12));
    bench.run([(50, 50)]);
    assert_eq!(bench.raised(), [(13, 0, AlertKind::Failure)]);
    assert_eq!(bench.events[0].1.severity, Severity::High);
}

#[test]
fn an_outage_of_a_slow_account_is_raised_once_its_failures_add_up() {
    let mut bench = scores();
    bench.run(healthy(&mut Luck::seeded(4), 2.0, 3 * DAY));
    bench.run(vec![(2, 2); 4]);
    let raised = bench.raised();
    assert_eq!(raised.len(), 1);
    assert!((3 * DAY + 2..=3 * DAY + 3).contains(&raised[0].0), "{raised:?}");
}

#[test]
fn an_error_burst_of_thirty_percent_is_raised_and_cleared() {
    let mut bench = bench_with_failures(scores(), 15, 6);
    bench.run(healthy(&mut Luck::seeded(5), 50.0, 12));
    assert_eq!(bench.raised(), [(DAY + 1, 0, AlertKind::Failure)]);
    assert!(bench.events[0].1.severity >= Severity::Medium);
    let (cleared, end) = bench.events[1];
    assert_eq!(end.change, AlertChange::Cleared);
    assert!(cleared <= DAY + 6 + 8, "cleared at {cleared}");
    assert_eq!(bench.events.len(), 2);
}

#[test]
fn one_failure_of_one_message_never_alerts() {
    let mut luck = Luck::seeded(6);
    let mut bench = scores();
    for _ in 0..30 * DAY {
        for tenant in 0..1_000 {
            if luck.happens(1.0 / 48.0) {
                bench.feed(tenant, 1, u32::from(luck.happens(0.3)));
            }
        }
        bench.close();
    }
    assert_eq!(bench.raised(), []);
}

#[test]
fn ordinary_changes_of_life_alert_nobody() {
    let cases: [(&str, Vec<(u32, u32)>); 7] = [
        ("silence", vec![(0, 0); 2_000]),
        ("one message, then silence", [vec![(1, 1)], vec![(0, 0); 2_000]].concat()),
        ("beginning", [vec![(0, 0); 20], vec![(500, 10); 500]].concat()),
        ("a campaign first of all", [vec![(5_000, 100)], vec![(50, 1); 600]].concat()),
        ("a day's trial that ends", [vec![(1, 0); 20], vec![(0, 0); 2_000]].concat()),
        ("zero variance", vec![(50, 1); 2_000]),
        ("constant, then a little more", [vec![(50, 1); 600], vec![(60, 1); 300]].concat()),
    ];
    for (name, windows) in cases {
        let mut bench = scores();
        bench.run(windows);
        assert_eq!(bench.raised(), [], "{name}");
    }
}

#[test]
fn healthy_accounts_of_every_rate_are_left_alone() {
    for (mean, seed) in [(0.5, 10), (5.0, 11), (50.0, 12), (500.0, 13)] {
        let mut luck = Luck::seeded(seed);
        let mut bench = scores();
        for _ in 0..7 * DAY {
            for tenant in 0..100 {
                let submitted = luck.poisson(mean);
                let failed = luck.failures(submitted, 0.02);
                bench.feed(tenant, submitted, failed);
            }
            bench.close();
        }
        let per_tenant_day = bench.raised().len() as f64 / 700.0;
        assert!(per_tenant_day <= 0.01, "{per_tenant_day} at {mean} a window");
    }
}

#[test]
fn chance_is_no_surge_of_who_hardly_sends_whatever_sparsity_thinks_of_it() {
    let mut luck = Luck::seeded(17);
    let mut bench = Bench::new(ScoresDetector::without(standard(), &[Part::Sparsity]));
    for _ in 0..21 * DAY {
        for tenant in 0..50 {
            let submitted = luck.poisson((0.5 + f64::from(tenant) / 20.0) / DAY as f64);
            bench.feed(tenant, submitted, 0);
        }
        bench.close();
    }
    let raised = bench.raised();
    assert!(raised.len() <= 10, "{} in 1,050 tenant-days: {raised:?}", raised.len());
}

#[test]
fn a_sixfold_volume_of_who_sends_forty_messages_a_day_is_told_within_a_day() {
    let mut found = 0;
    for seed in 0..20 {
        let mut luck = Luck::seeded(300 + seed);
        let mut bench = scores();
        let mut run = |windows: u64, a_day: f64| {
            for _ in 0..windows {
                bench.feed(0, luck.poisson(a_day / DAY as f64), 0);
                bench.close();
            }
            bench.raised()
        };
        assert_eq!(run(14 * DAY, 40.0), [], "seed {seed}");
        let raised = run(DAY, 240.0);
        found += u64::from(raised.first().is_some_and(|one| one.2 == AlertKind::VolumeUp));
    }
    assert!(found >= 18, "{found} of 20");
}

#[test]
fn bursty_and_daily_traffic_is_left_alone() {
    let mut luck = Luck::seeded(14);
    let mut bench = scores();
    for window in 0..7 * DAY {
        for tenant in 0..50 {
            let submitted = luck.geometric(50.0);
            let failed = luck.failures(submitted, 0.02);
            bench.feed(tenant, submitted, failed);
            // Between half and one and a half times the mean, once a day.
            let phase = (window % DAY) as f64 / DAY as f64 * core::f64::consts::TAU;
            let submitted = luck.poisson(50.0 * (1.0 + 0.5 * libm::sin(phase)));
            let failed = luck.failures(submitted, 0.02);
            bench.feed(50 + tenant, submitted, failed);
        }
        bench.close();
    }
    let bursty = bench.raised().iter().filter(|(_, tenant, _)| *tenant < 50).count();
    let daily = bench.raised().len() - bursty;
    assert!(bursty as f64 / 350.0 <= 0.02, "{bursty} false alarms on bursty traffic");
    assert!(daily as f64 / 350.0 <= 0.02, "{daily} false alarms on daily traffic");
}

#[test]
fn a_tenfold_volume_and_a_drop_to_nothing_are_raised() {
    let up = bench_with_volume(scores(), 500, 2);
    assert_eq!(up.raised(), [(SETTLED + 1, 0, AlertKind::VolumeUp)]);
    assert!(up.events[0].1.scores.fluctuation > 0.85);
    let down = bench_with_volume(scores(), 0, 2);
    assert_eq!(down.raised(), [(SETTLED + 1, 0, AlertKind::VolumeDown)]);
    assert_eq!(down.events[0].1.severity, Severity::High);
    assert_eq!(down.events[0].1.since, Time::from_seconds(300 * SETTLED));
}

#[test]
fn half_as_much_again_and_a_third_less_are_told_within_hours_and_a_fiftieth_never() {
    let raised = |mean: f64| {
        let mut bench = scores();
        bench.run(healthy(&mut Luck::seeded(2), 50.0, SETTLED));
        bench.run(healthy(&mut Luck::seeded(5), mean, DAY / 2));
        bench.raised().first().map(|(_, _, kind)| *kind)
    };
    assert_eq!(raised(75.0), Some(AlertKind::VolumeUp));
    assert_eq!(raised(33.0), Some(AlertKind::VolumeDown));
    assert_eq!([raised(51.0), raised(49.0)], [None, None]);
}

#[test]
fn who_has_seen_no_weekend_is_told_of_silence_in_its_third_window() {
    let mut bench = scores();
    bench.run(healthy(&mut Luck::seeded(2), 50.0, DAY));
    bench.run([(0, 0); 4]);
    assert_eq!(bench.raised(), [(DAY + 3, 0, AlertKind::VolumeDown)]);
}

#[test]
fn a_busy_account_that_ends_is_told_once_and_then_forgotten() {
    let mut bench = bench_with_volume(scores(), 0, 30 * DAY as usize);
    assert_eq!(bench.raised(), [(SETTLED + 1, 0, AlertKind::VolumeDown)]);
    let (cleared, end) = bench.events[1];
    assert_eq!((end.change, cleared), (AlertChange::Cleared, SETTLED + DAY + 1));
    bench.run(healthy(&mut Luck::seeded(7), 50.0, DAY));
    assert_eq!(bench.raised().len(), 1, "a new beginning is no news either");
}

#[test]
fn who_comes_back_begins_anew_and_not_after_a_silence() {
    // So few a window that their absence is learnt, until the account is not looked at any more.
    let mut bench = scores();
    bench.run(healthy(&mut Luck::seeded(8), 3.0, SETTLED));
    bench.notice(Notice::Detached);
    bench.run(vec![(0, 0); 21 * DAY as usize]);
    bench.notice(Notice::Attached);
    bench.run(healthy(&mut Luck::seeded(9), 3.0, SETTLED));
    assert_eq!(bench.raised(), []);
    bench.run([(60, 1); 3]);
    let back = SETTLED + 21 * DAY + SETTLED;
    assert_eq!(bench.raised(), [(back + 1, 0, AlertKind::VolumeUp)]);
}

#[test]
fn a_new_level_becomes_usual_after_a_day() {
    let mut bench = bench_with_failures(scores(), 15, 2 * DAY as usize);
    assert_eq!(bench.raised(), [(DAY + 1, 0, AlertKind::Failure)]);
    assert_eq!(bench.events[1].0, 2 * DAY + 1);
    bench.run(vec![(50, 45); 4]);
    assert_eq!(bench.raised().len(), 2, "what is worse than the new level is news");
}

#[test]
fn a_first_campaign_without_history_is_no_news() {
    assert_eq!(bench_with_first_campaign(scores()).raised(), []);
}

#[test]
fn an_unannounced_campaign_of_who_sends_every_hour_is_told_once_and_as_what_it_may_be() {
    let mut bench = scores();
    bench.run((0..7 * DAY).map(|window| (u32::from(window % 10 == 0), 0)));
    bench.run([(5_000, 100)]);
    bench.run(vec![(0, 0); 20]);
    assert_eq!(bench.raised(), [(7 * DAY + 1, 0, AlertKind::VolumeUp)]);
    // Pumping, or a campaign that nobody announced: counts cannot tell one from the other.
    assert_eq!(bench.events[0].1.explanation.cause, Cause::UnannouncedSurge);
}

#[test]
fn flapping_around_the_threshold_is_one_alert() {
    let mut bench = scores();
    bench.run(vec![(500, 10); 300]);
    // 4 and 8 points above the usual in turn: on both sides of the threshold.
    bench.run((0..72).map(|window| (500, if window % 2 == 0 { 30 } else { 50 })));
    assert_eq!(bench.raised().len(), 1);
    // Nothing and 8 points in turn.
    let mut bench = scores();
    bench.run(vec![(500, 10); 300]);
    bench.run((0..72).map(|window| (500, if window % 2 == 0 { 10 } else { 50 })));
    assert_eq!(bench.raised().len(), 1);
}

#[test]
fn alerts_again_only_after_the_quiet_period() {
    let mut bench = bench_with_failures(scores(), 50, 1);
    for _ in 0..12 {
        bench.run([(50, 1), (50, 1), (50, 1), (50, 50)]);
    }
    let turns: Vec<(u64, AlertChange)> =
        bench.events.iter().map(|(window, event)| (*window, event.change)).collect();
    let from_end_to_beginning: Vec<u64> = turns
        .windows(2)
        .filter(|pair| pair[1].1 == AlertChange::Raised)
        .map(|pair| pair[1].0 - pair[0].0)
        .collect();
    // Twelve quiet windows, and the next failures are in the one after them, whatever fails in between.
    assert!(from_end_to_beginning.len() >= 2, "{turns:?}");
    assert!(from_end_to_beginning.iter().all(|windows| *windows == 13), "{turns:?}");
    let eager = DetectorSettings { quiet: Span::ZERO, ..standard() };
    let mut bench = bench_with_failures(Bench::new(ScoresDetector::new(eager)), 50, 1);
    for _ in 0..12 {
        bench.run([(50, 1), (50, 1), (50, 1), (50, 50)]);
    }
    assert_eq!(bench.raised().len(), 13);
}

#[test]
fn every_score_is_needed() {
    let without = |part| Bench::new(ScoresDetector::without(standard(), &[part]));
    let outage = |bench| bench_with_failures(bench, 50, 3).raised().len();
    let spike = |bench| bench_with_volume(bench, 500, 2).raised().len();
    let drop = |bench| bench_with_volume(bench, 0, 2).raised().len();
    let campaign = |bench| bench_with_first_campaign(bench).raised().len();
    assert_eq!([outage(scores()), spike(scores()), drop(scores())], [1, 1, 1]);
    assert_eq!(campaign(scores()), 0);
    assert_eq!(outage(without(Part::Failure)), 0);
    assert_eq!(spike(without(Part::Fluctuation)), 0);
    assert_eq!(drop(without(Part::Fluctuation)), 0);
    assert_eq!(campaign(without(Part::Sparsity)), 1);
}

#[test]
fn the_static_threshold_is_five_percent_of_twenty() {
    for (submitted, failed, alerts) in
        [(20, 1, 1), (21, 1, 0), (19, 19, 0), (400, 20, 1), (400, 19, 0), (0, 0, 0)]
    {
        let mut bench = Bench::new(StaticThresholdDetector::new(standard()));
        bench.run(vec![(submitted, failed); 4]);
        assert_eq!(bench.raised().len(), alerts, "{failed} of {submitted}");
    }
    let bench = bench_with_volume(Bench::new(StaticThresholdDetector::new(standard())), 0, 5);
    assert!(bench.raised().iter().all(|(_, _, kind)| *kind == AlertKind::Failure));
    let mut bench = Bench::new(StaticThresholdDetector::new(standard()));
    bench.run(vec![(50, 15); 4]);
    assert_eq!(bench.events[0].1.severity, Severity::High);
    bench.run(vec![(50, 0); 4]);
    assert_eq!(bench.events[1].0, 7);
}

#[test]
fn late_and_spurious_ticks_and_other_accounts_change_nothing() {
    let mut luck = Luck::seeded(8);
    let mut windows = healthy(&mut luck, 20.0, DAY);
    windows.extend([(20, 12), (20, 15), (300, 6), (0, 0), (0, 0), (0, 0), (0, 0), (20, 0)]);
    let mut prompt = scores();
    prompt.run(windows.iter().copied());
    let prompt: Vec<_> = prompt.events.into_iter().map(|(_, event)| event).collect();
    assert!(prompt.len() >= 2);

    for (ticks_every, neighbour) in [(7, false), (1_000_000, false), (1, true)] {
        let mut detector = detector("scores", standard()).expect("registered");
        let mut seen = Vec::new();
        for (window, &(submitted, failed)) in windows.iter().enumerate() {
            let start = 300 * window as u64;
            for index in 0..submitted {
                let now = Time::from_seconds(start + 1);
                let outcome =
                    if index < failed { Observation::Failed } else { Observation::Succeeded };
                detector.observe(now, account(5), Observation::Submitted);
                detector.observe(now, account(5), outcome);
                if neighbour {
                    detector.observe(now, account(4), Observation::Submitted);
                    detector.tick(now, &mut |_| {});
                }
            }
            if window % ticks_every == ticks_every - 1 {
                detector.tick(Time::from_seconds(start + 300), &mut |event| seen.push(event));
            }
        }
        let end = Time::from_seconds(300 * windows.len() as u64);
        detector.tick(end, &mut |event| seen.push(event));
        seen.retain(|event| event.account == account(5));
        let moved = |mut event: apportion::detector::AlertEvent| {
            event.account = account(0);
            event
        };
        let seen: Vec<_> = seen.into_iter().map(moved).collect();
        assert_eq!(seen, prompt, "ticks every {ticks_every} windows");
        assert!(detector.next_tick() > end);
    }
}
