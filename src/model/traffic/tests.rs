//! Statistics of every arrival kind that comes by itself, each beside something that must fail.
//!
//! Seeds were fixed before the first look, levels are one in a thousand or five standard errors.

use std::sync::Arc;

use statrs::distribution::{ContinuousCDF, Exp, Gamma, Uniform, Weibull};

use super::*;
use crate::scenario::{
    Curve, GapLaw, Latency, Outside, Pace, ProfileInterval, RateProfile, SendWindow, Zone,
};
use crate::units::{ClassId, DestinationId, TenantId};

fn source(arrivals: Arrivals) -> Source {
    Source {
        name: "s".into(),
        tenant: TenantId(0),
        destination: DestinationId(0),
        class: ClassId(0),
        first_sender: SenderId(0),
        senders: 1,
        sender_use: SenderUse::InTurn,
        segments: vec![(1, 1)],
        validity: None,
        send_window: None,
        arrivals,
    }
}

/// All arrivals of a source before `end`.
fn all(source: &Source, tenant: &str, end: Time) -> Vec<(Time, Drawn)> {
    let mut state = SourceState::new(source, tenant, Seed::new(17), end);
    let mut found = Vec::new();
    while let Some(time) = state.next_arrival() {
        assert!(found.last().is_none_or(|(last, _)| *last <= time), "time goes forward");
        assert!(time < end, "arrivals are over");
        found.push((time, state.draw()));
    }
    found
}

fn times(arrivals: &Arrivals, end: Time) -> Vec<Time> {
    all(&source(arrivals.clone()), "t", end).into_iter().map(|(time, _)| time).collect()
}

fn gaps_s(times: &[Time]) -> Vec<f64> {
    times.windows(2).map(|pair| (pair[1] - pair[0]).as_seconds_f64()).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn cv(values: &[f64]) -> f64 {
    let mean = mean(values);
    let squares = values.iter().map(|value| (value - mean) * (value - mean));
    libm::sqrt(squares.sum::<f64>() / (values.len() - 1) as f64) / mean
}

fn pace(per_second: u64, seconds: u64) -> Pace {
    Pace {
        rate: Rate::per_second(per_second).expect("valid"),
        from: Time::ZERO,
        until: Time::from_seconds(seconds),
        curve: None,
    }
}

fn seconds(seconds: u64) -> Time {
    Time::from_seconds(seconds)
}

/// Distance from a distribution times √n (Kolmogorov); above 1.95 once in a thousand times.
fn kolmogorov(values: Vec<f64>, cdf: impl Fn(f64) -> f64) -> f64 {
    kolmogorov_above(f64::NEG_INFINITY, values, cdf)
}

/// The same where only values above `least` can be told apart: time has nanoseconds.
fn kolmogorov_above(least: f64, mut values: Vec<f64>, cdf: impl Fn(f64) -> f64) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let n = values.len() as f64;
    let told_apart = values.iter().enumerate().filter(|(_, value)| **value > least);
    let worst = told_apart.fold(0.0_f64, |worst, (rank, value)| {
        let expected = cdf(*value);
        worst.max((expected - rank as f64 / n).abs()).max((expected - (rank + 1) as f64 / n).abs())
    });
    worst * libm::sqrt(n)
}
const LIMIT: f64 = 1.95;

/// Whether a count fits an expectation when its variance is `dispersion` × the expectation.
fn fits(count: usize, expected: f64, dispersion: f64) -> bool {
    (count as f64 - expected).abs() <= 5.0 * libm::sqrt(expected * dispersion)
}

#[test]
fn constant_arrivals_are_equally_far_apart_to_the_nanosecond() {
    let kind = |staggered| Arrivals::Constant { pace: pace(3, 1_000), staggered };
    let exact = times(&kind(false), seconds(2_000));
    let expected: Vec<u64> = (0..3_000).map(|k| k * 1_000_000_000 / 3).collect();
    assert_eq!(exact.iter().map(|time| time.as_nanoseconds()).collect::<Vec<_>>(), expected);
    let staggered = times(&kind(true), seconds(2_000));
    let phase = staggered[0] - Time::ZERO;
    assert!(phase > Span::ZERO && phase.as_nanoseconds() < 333_333_334);
    let moved: Vec<Time> = exact.iter().map(|time| *time + phase).collect();
    assert_eq!(staggered, moved[..staggered.len()]);
    // Two tenants do not march in step.
    let other = all(&source(kind(true)), "another", seconds(2_000));
    assert_ne!(other[0].0, staggered[0]);
}

#[test]
fn poisson_gaps_are_exponential_and_counts_disperse_like_their_mean() {
    let found = times(&Arrivals::Poisson { pace: pace(20, 2_000) }, seconds(2_000));
    assert!(fits(found.len(), 40_000.0, 1.0) && !fits(found.len(), 41_200.0, 1.0));
    let exp = |rate| move |x: f64| Exp::new(rate).expect("valid").cdf(x);
    assert!(kolmogorov(gaps_s(&found), exp(20.0)) < LIMIT);
    assert!(kolmogorov(gaps_s(&found), exp(20.8)) > LIMIT, "4 % is found out");
    let regular = times(
        &Arrivals::Renewal { pace: pace(20, 2_000), gaps: GapLaw::gamma(0.9) },
        seconds(2_000),
    );
    assert!(kolmogorov(gaps_s(&regular), exp(20.0)) > LIMIT, "cv 0.9 is found out");
}

#[test]
fn renewal_gaps_have_their_law_their_rate_and_their_variability() {
    for cv_wanted in [0.5, 1.0, 3.0] {
        let shape = 1.0 / (cv_wanted * cv_wanted);
        let GapLaw::Weibull { shape: k, scale } = GapLaw::weibull(cv_wanted) else {
            panic!("a Weibull")
        };
        let gamma = Gamma::new(shape, shape).expect("valid");
        let weibull = Weibull::new(k, scale).expect("valid");
        let gamma_cdf: &dyn Fn(f64) -> f64 = &|x| gamma.cdf(x);
        let weibull_cdf: &dyn Fn(f64) -> f64 = &|x| weibull.cdf(x);
        for (gaps, own, other) in [
            (GapLaw::gamma(cv_wanted), gamma_cdf, weibull_cdf),
            (GapLaw::weibull(cv_wanted), weibull_cdf, gamma_cdf),
        ] {
            let found = times(&Arrivals::Renewal { pace: pace(10, 6_000), gaps }, seconds(6_000));
            let dispersion = cv_wanted * cv_wanted;
            assert!(fits(found.len(), 60_000.0, dispersion), "{gaps:?}: {}", found.len());
            assert!(!fits(found.len(), 57_000.0, dispersion.min(1.0)));
            let gaps_found: Vec<f64> = gaps_s(&found).iter().map(|gap| gap * 10.0).collect();
            let cv_found = cv(&gaps_found);
            assert!((cv_found / cv_wanted - 1.0).abs() < 0.06, "{gaps:?}: {cv_found}");
            let fit = kolmogorov_above(1e-6, gaps_found.clone(), own);
            assert!(fit < LIMIT, "{gaps:?} {fit}");
            let wrong = kolmogorov_above(1e-6, gaps_found, other);
            assert_eq!(wrong > LIMIT, cv_wanted != 1.0, "{gaps:?}: the laws differ, {wrong}");
        }
    }
}

/// A stationary process of rate 1 has on average one arrival in its first second, whatever its gaps. One
/// that begins with a whole gap of cv 3 has more than two.
#[test]
fn renewal_arrivals_are_stationary_from_the_first() {
    for gaps in [GapLaw::gamma(3.0), GapLaw::weibull(3.0), GapLaw::gamma(0.3)] {
        let kind = source(Arrivals::Renewal { pace: pace(1, 1), gaps });
        let count = |tenant: u32| all(&kind, &format!("t{tenant}"), seconds(1)).len() as f64;
        let counts: Vec<f64> = (0..20_000).map(count).collect();
        let standard_error = cv(&counts) * mean(&counts) / libm::sqrt(20_000.0);
        assert!((mean(&counts) - 1.0).abs() < 5.0 * standard_error, "{gaps:?} {}", mean(&counts));
        assert!(standard_error < 0.05, "{gaps:?}: so a whole gap at the start is found out");
    }
}

#[test]
fn on_off_traffic_is_silent_when_off_and_disperses_as_theory_says() {
    let [on, off] = [10, 20].map(|s| Latency::Constant(Span::from_seconds(s)));
    let steps = |per_second| {
        let kind = Arrivals::OnOff { pace: pace(per_second, 3_000), on, off };
        times(&kind, seconds(3_000))
    };
    let found = steps(20);
    // A third of the time at 20 a second; the number of whole phases hardly varies.
    assert!(fits(found.len(), 20_000.0, 2.0), "{}", found.len());
    let silences = gaps_s(&found).into_iter().filter(|gap| *gap > 15.0).collect::<Vec<_>>();
    assert!((99..=101).contains(&silences.len()), "{}", silences.len());
    // The first after a silence, modulo the cycle, is where the phase begins: at any rate the same.
    let begins = |times: &[Time]| {
        let first = times.windows(2).find(|pair| (pair[1] - pair[0]).as_seconds_f64() > 15.0);
        first.expect("it was off")[1].as_seconds_f64() % 30.0
    };
    assert!((begins(&found) - begins(&steps(200))).abs() < 0.5, "the rate does not shift phases");
    let origin = begins(&steps(200)) - 0.1;
    assert!(found.iter().all(|t| (t.as_seconds_f64() - origin).rem_euclid(30.0) < 10.2));

    // Exponential phases: the variance of long counts is 1 + 2 λ a ÷ (a + b)² times their mean, for the
    // rates a and b of leaving on and off (Heffes and Lucantoni 1986 with the second rate 0).
    let [on, off] = [2, 8].map(|s| Latency::Exponential { mean: Span::from_seconds(s) });
    let kind = Arrivals::OnOff { pace: pace(10, 200_000), on, off };
    let found = times(&kind, seconds(200_000));
    let (a, b) = (0.5, 0.125);
    let theory = 1.0 + 2.0 * 10.0 * a / ((a + b) * (a + b));
    assert!(fits(found.len(), 400_000.0, theory), "{}", found.len());
    let mut counts = vec![0.0; 1000];
    for time in &found {
        counts[(time.as_seconds_f64() / 200.0) as usize] += 1.0;
    }
    let dispersion = cv(&counts) * cv(&counts) * mean(&counts);
    // A variance of 1000 windows is known to 4.5 %; windows of 200 s miss 1 ÷ (200 (a + b)) of it.
    assert!((dispersion / theory - 1.0).abs() < 0.2, "{dispersion} {theory}");
}

/// Whatever its phases are, at any moment it is on with the same probability; one that begins with whole
/// phases, or always on, is not.
#[test]
fn on_off_traffic_is_stationary_from_the_first() {
    let span = |seconds: f64| Span::from_nanoseconds((seconds * 1e9) as u64);
    let laws: [fn(Span) -> Latency; 4] = [
        Latency::Constant,
        |mean| Latency::Uniform { from: Span::ZERO, to: mean.saturating_mul(2) },
        |mean| Latency::Exponential { mean },
        |median| Latency::Lognormal { median, sigma: 1.2 },
    ];
    for law in laws {
        // The medians of the last keep the proportion of the means.
        let (on, off) = (law(span(1.0)), law(span(3.0)));
        let kind = source(Arrivals::OnOff { pace: pace(20, 4), on, off });
        let mut halves = [0.0; 8];
        for tenant in 0..10_000 {
            for (time, _) in all(&kind, &format!("t{tenant}"), seconds(4)) {
                halves[(time.as_seconds_f64() * 2.0) as usize] += 1.0;
            }
        }
        // A quarter of the time at 20 a second, half a second, 10,000 times. Where a source is on or off
        // throughout, a count has a mean square of 10 × 11 ÷ 4 and so a standard deviation of 4.6.
        for count in halves {
            let deviation: f64 = count - 25_000.0;
            assert!(deviation.abs() < 5.0 * 4.6 * 100.0, "{on:?}: {halves:?}");
        }
    }
}

fn office() -> Arc<Curve> {
    let hours: Vec<u64> = (0..24)
        .map(|hour| match hour {
            0..=6 | 22..=23 => 0,
            7..=9 => 1,
            _ => 4,
        })
        .collect();
    Arc::new(Curve::new(&hours, &[1, 1, 1, 1, 1, 0, 2], Span::from_seconds(36_000)).expect("valid"))
}

#[test]
fn a_curve_moves_arrivals_to_where_its_rate_is_and_changes_no_total() {
    const WEEK: u64 = 7 * 86_400;
    let curve = office();
    let curved = |gaps: Option<GapLaw>, per_second: u64| {
        let pace = Pace { curve: Some(Arc::clone(&curve)), ..pace(per_second, 2 * WEEK) };
        let kind = match gaps {
            None => Arrivals::Poisson { pace },
            Some(gaps) => Arrivals::Renewal { pace, gaps },
        };
        assert_eq!(kind.expected_messages(seconds(2 * WEEK)), Some((2 * WEEK * per_second) as f64));
        times(&kind, seconds(2 * WEEK))
    };
    let found = curved(None, 1);
    assert!(fits(found.len(), (2 * WEEK) as f64, 1.0), "{}", found.len());
    let mut by_hour = vec![0_usize; 2 * 7 * 24];
    for time in &found {
        by_hour[(time.as_nanoseconds() / 3_600_000_000_000) as usize] += 1;
    }
    for (hour, count) in by_hour.iter().enumerate() {
        let relative = curve.relative_rate(seconds(3600 * hour as u64));
        assert!(fits(*count, 3600.0 * relative, 1.0), "hour {hour}: {count} at {relative}");
        // The run begins on Monday at 10:00, so a Saturday is 110 hours later.
        let local = (hour + 10) % (7 * 24);
        assert_eq!(*count == 0, local / 24 == 5 || local % 24 < 7 || local % 24 > 21, "{hour}");
    }
    assert!(!fits(by_hour[0], 3600.0, 1.0), "a flat rate is found out");
    // In working time the gaps are what they would be without a curve.
    let worked = |times: &[Time]| -> Vec<f64> {
        times.windows(2).map(|pair| curve.worked(pair[0], pair[1]).as_seconds_f64()).collect()
    };
    let exp = Exp::new(1.0).expect("valid");
    assert!(kolmogorov(worked(&found), |x| exp.cdf(x)) < LIMIT);
    assert!(kolmogorov(gaps_s(&found), |x| exp.cdf(x)) > LIMIT);
    let bursty = curved(Some(GapLaw::gamma(2.0)), 1);
    let gamma = Gamma::new(0.25, 0.25).expect("valid");
    assert!(kolmogorov_above(1e-6, worked(&bursty), |x| gamma.cdf(x)) < LIMIT);
}

#[test]
fn a_flash_crowd_rises_and_halves() {
    let crowd = |half_life| Arrivals::FlashCrowd {
        at: seconds(100),
        peak: Rate::per_second(100).expect("valid"),
        rise: Span::from_seconds(60),
        half_life: Span::from_seconds(half_life),
    };
    let found = times(&crowd(120), seconds(10_000));
    let between = |from: u64, until: u64| {
        found.iter().filter(|time| (seconds(from)..seconds(until)).contains(*time)).count()
    };
    let fallen = 100.0 * 120.0 / core::f64::consts::LN_2;
    assert_eq!(between(0, 100), 0);
    assert!(fits(between(100, 130), 750.0, 1.0), "a quarter of the rise in half of it");
    assert!(fits(between(100, 160), 3_000.0, 1.0));
    assert!(fits(between(160, 280), fallen / 2.0, 1.0), "half in the first half-life");
    assert!(fits(between(280, 400), fallen / 4.0, 1.0));
    let expected = crowd(120).expected_messages(seconds(10_000)).expect("open");
    assert!((expected - 3_000.0 - fallen).abs() < 1.0 && fits(found.len(), expected, 1.0));
    let early = crowd(120).expected_messages(seconds(280)).expect("open");
    assert!((early - 3_000.0 - fallen / 2.0).abs() < 1.0);
    let slower = times(&crowd(150), seconds(10_000));
    let first = slower.iter().filter(|time| (seconds(160)..seconds(280)).contains(*time)).count();
    assert!(!fits(first, fallen / 2.0, 1.0), "another half-life is found out at once");
    assert!(!fits(slower.len(), expected, 1.0), "and in the end");
}

fn profile(intervals: &[(u64, f64, GapLaw)]) -> Arrivals {
    let one = RateProfile::ONE as f64;
    let intervals = intervals
        .iter()
        .map(|(start, messages, gaps)| ProfileInterval {
            start: seconds(*start),
            messages: (messages * one) as u128,
            gaps: *gaps,
        })
        .collect();
    Arrivals::Profile(Arc::new(RateProfile { length: Span::from_seconds(600), intervals }))
}

#[test]
fn a_profile_carries_fractions_and_leaves_missing_intervals_empty() {
    // 0.3 messages an interval, the third of every four missing.
    let rows: Vec<(u64, f64, GapLaw)> =
        (0..4000).filter(|i| i % 4 != 2).map(|i| (600 * i, 0.3, GapLaw::gamma(2.0))).collect();
    let found = times(&profile(&rows), seconds(600 * 4000));
    assert!(found.iter().all(|time| time.as_nanoseconds() / 600_000_000_000 % 4 != 2));
    for (index, row) in rows.iter().enumerate() {
        let until = seconds(row.0 + 600);
        let count = found.iter().filter(|time| **time < until).count() as f64;
        // The count is that of a rate of 0.3 to within the one fraction it began with.
        assert!((count - 0.3 * (index + 1) as f64).abs() < 1.000_001, "{index}: {count}");
    }
    // That fraction is luck: over many tenants the first interval holds 0.3 messages on average.
    let kind = source(profile(&rows[..1]));
    let first: usize = (0..10_000).map(|t| all(&kind, &format!("t{t}"), seconds(600)).len()).sum();
    assert!(fits(first, 3_000.0, 0.7), "{first}");
}

#[test]
fn a_profile_fills_its_intervals_evenly_at_the_recorded_variability() {
    for (gaps, wanted) in [
        (GapLaw::gamma(4.0), 4.0),
        (GapLaw::weibull(2.0), 2.0),
        (GapLaw::gamma(1.0), 1.0),
        (GapLaw::gamma(0.2), 0.2),
    ] {
        let rows: Vec<(u64, f64, GapLaw)> = (0..50).map(|i| (600 * i, 2000.0, gaps)).collect();
        let found = times(&profile(&rows), seconds(30_000));
        assert!(found.len().abs_diff(100_000) <= 1);
        let mut inside = Vec::new();
        for number in 0..50 {
            let range = seconds(600 * number)..seconds(600 * (number + 1));
            let own: Vec<Time> = found.iter().copied().filter(|t| range.contains(t)).collect();
            assert!(own.len().abs_diff(2000) <= 1, "{}", own.len());
            inside.extend(gaps_s(&own));
        }
        assert!((cv(&inside) / wanted - 1.0).abs() < 0.08, "{gaps:?} {}", cv(&inside));
    }
    // One message an interval is anywhere in it: no pile at its beginning or end.
    let rows: Vec<(u64, f64, GapLaw)> =
        (0..20_000).map(|i| (600 * i, 1.0, GapLaw::gamma(5.0))).collect();
    let found = times(&profile(&rows), seconds(600 * 20_000));
    let places: Vec<f64> = found.iter().map(|time| time.as_seconds_f64() % 600.0).collect();
    let even = Uniform::new(0.0, 600.0).expect("valid");
    assert!(kolmogorov(places.clone(), |x| even.cdf(x)) < LIMIT);
    let late = places.iter().map(|place| place.max(20.0)).collect();
    assert!(kolmogorov(late, |x| even.cdf(x)) > LIMIT, "a pile is found out");
    // So variable that every gap but one is too short for a float: still all of them, within it.
    let wild = times(&profile(&[(0, 500.0, GapLaw::gamma(67.0))]), seconds(600));
    assert!(wild.len().abs_diff(500) <= 1);
}

#[test]
fn quiet_hours_hold_messages_back_and_lose_none() {
    let zone = |hours: i16| Zone::from_minutes(60 * hours).expect("near enough");
    let window = |outside| {
        Some(Arc::new(SendWindow {
            opens: Span::from_seconds(8 * 3600),
            closes: Span::from_seconds(21 * 3600),
            zones: vec![(zone(-5), 3), (zone(-8), 1)],
            outside,
            begins: Span::from_seconds(12 * 3600),
        }))
    };
    let day = seconds(86_400);
    let free = source(Arrivals::Poisson { pace: pace(1, 86_400) });
    let meant = all(&free, "t", day).len();
    let held = Source { send_window: window(Outside::Hold), ..free.clone() };
    let held: Vec<u64> = all(&held, "t", day)
        .iter()
        .map(|(time, _)| time.as_nanoseconds() / 1_000_000_000)
        .collect();
    // From noon UTC on: in the east it is 07:00, in the west 04:00. They open after one hour and four.
    assert!(held.iter().all(|second| *second >= 3600));
    let at = |second: u64| held.iter().filter(|s| **s == second).count();
    assert!(fits(at(3600), 2700.0, 1.0), "the east's first hour at once: {}", at(3600));
    assert!(fits(at(4 * 3600), 3600.0, 1.0), "the west's four: {}", at(4 * 3600));
    // East closes at hour 14, west at 17; then nothing until the end.
    let after = |hour: u64| held.iter().filter(|s| **s >= 3600 * hour).count();
    assert_eq!(after(17), 0);
    assert!(fits(after(14), 3.0 * 3600.0 / 4.0, 1.0), "only the west: {}", after(14));
    // What was meant for later than that would open after the end of arrivals.
    let late = 7.0 * 3600.0 + 3.0 * 3600.0 * 0.75;
    assert!(fits(meant - held.len(), late, 1.0), "{} {}", meant, held.len());
    let dropped = Source { send_window: window(Outside::Drop), ..free };
    let dropped = all(&dropped, "t", day).len();
    assert!(fits(dropped, 13.0 * 3600.0, 1.0), "open for 13 hours of 24: {dropped}");
}

#[test]
fn senders_in_turn_and_by_rank() {
    let pace = pace(100, 1000);
    let mut kind = source(Arrivals::Poisson { pace });
    kind.senders = 4;
    kind.first_sender = SenderId(10);
    let counts = |kind: &Source| {
        let mut counts = [0_usize; 4];
        for (_, drawn) in all(kind, "t", seconds(1000)) {
            counts[drawn.sender.index() - 10] += 1;
        }
        counts
    };
    let turns = counts(&kind);
    assert!(turns.iter().all(|count| count.abs_diff(turns[0]) <= 1), "{turns:?}");
    kind.sender_use = SenderUse::Zipf(1.0);
    let ranks = counts(&kind);
    // 12 : 6 : 4 : 3.
    for (count, share) in ranks.iter().zip([0.48, 0.24, 0.16, 0.12]) {
        assert!(fits(*count, 100_000.0 * share, 1.0), "{ranks:?}");
    }
}

/// Two sources of one tenant, alike but for their names, have luck of their own.
#[test]
fn every_source_has_a_stream_of_its_own() {
    let one = source(Arrivals::Poisson { pace: pace(10, 100) });
    let other = Source { name: "other".into(), ..one.clone() };
    let [one, other] = [one, other].map(|source| all(&source, "t", seconds(100)));
    let shared = one.iter().filter(|(time, _)| other.iter().any(|(same, _)| same == time)).count();
    assert!(one.len() > 500 && other.len() > 500 && shared == 0, "{shared} at the same time");
}

/// What decides when a message comes does not decide what it is, and the other way round.
#[test]
fn another_mix_of_sizes_moves_no_arrival() {
    let kinds = [
        Arrivals::Renewal { pace: pace(10, 100), gaps: GapLaw::gamma(3.0) },
        Arrivals::Poisson { pace: pace(10, 100) },
        profile(&[(0, 700.5, GapLaw::weibull(3.0))]),
    ];
    for kind in kinds {
        let plain = source(kind);
        let mixed = Source {
            segments: vec![(1, 3), (4, 1)],
            senders: 50,
            sender_use: SenderUse::Zipf(1.2),
            ..plain.clone()
        };
        let [plain, mixed] = [plain, mixed].map(|source| all(&source, "t", seconds(600)));
        assert!(plain.len() > 500 && plain.len() == mixed.len());
        assert!(plain.iter().zip(&mixed).all(|(one, other)| one.0 == other.0));
        let large = mixed.iter().filter(|(_, drawn)| drawn.segments == Segments(4)).count();
        assert!(fits(large, mixed.len() as f64 / 4.0, 0.75), "{large} of {}", mixed.len());
    }
}
