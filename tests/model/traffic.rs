//! Sources submit what the scenario says.

use apportion::event::Event;
use apportion::scenario::Scenario;
use apportion::scheduler::Happening;
use apportion::time::Time;

use super::support::{events_of, fits, moves, scenario};

fn world(traffic: &str) -> Scenario {
    scenario(&format!(
        "duration = \"10000s\"\n[[destination]]\nname = \"us\"\nquota = \"unlimited\"\n\
         [destination.gateway]\nwindow = 100000\n\
         [[tenant]]\nname = \"a\"\nsenders = 3\n[[tenant.traffic]]\n{traffic}"
    ))
}

/// Time, size and sender of each submission.
fn submissions(events: &[Event]) -> Vec<(Time, u32, u32)> {
    moves(events)
        .filter(|step| step.why == Happening::Submitted)
        .map(|step| {
            let message = step.record.message;
            (step.time, message.segments.0, message.sender.0)
        })
        .collect()
}

#[test]
fn a_campaign_is_spread_exactly_and_takes_its_senders_in_turn() {
    let spread = |messages: u64, over: &str| {
        let text = format!("kind = \"campaign\"\nat = \"5s\"\nmessages = {messages}\n{over}");
        submissions(&events_of(&world(&text)))
    };
    // Seven messages over a second: a seventh is not a whole number of nanoseconds.
    let seven = spread(7, "over = \"1s\"");
    let expected: Vec<(Time, u32, u32)> = (0..7)
        .map(|i| (Time::from_nanoseconds(5_000_000_000 + i * 1_000_000_000 / 7), 1, i as u32 % 3))
        .collect();
    assert_eq!(seven, expected);
    let at_once = spread(1000, "");
    assert_eq!(at_once.len(), 1000);
    assert!(at_once.iter().all(|(time, ..)| *time == Time::from_seconds(5)));
    assert_ne!(spread(7, "over = \"2s\""), expected);
}

#[test]
fn a_poisson_source_keeps_its_rate_its_gaps_and_its_borders() {
    let sent = submissions(&events_of(&world(
        "kind = \"poisson\"\nrate = \"20/s\"\nfrom = \"1000s\"\nuntil = \"6000s\"",
    )));
    let n = sent.len() as f64;
    // A Poisson count has variance equal to its mean.
    let keeps = |rate: f64| (n - rate * 5_000.0).abs() <= 5.0 * (rate * 5_000.0).sqrt();
    assert!(keeps(20.0), "{n}");
    assert!(!keeps(20.6) && !keeps(19.4), "3 % is found out");
    let (first, last) = (sent[0].0, sent[sent.len() - 1].0);
    assert!(first >= Time::from_seconds(1000) && last < Time::from_seconds(6000));
    assert!((last - first).as_seconds_f64() > 4_990.0, "and it uses all of it");
    // Exponential gaps: e⁻¹ are longer than the mean, e⁻³ longer than three times it.
    let gaps: Vec<f64> =
        sent.windows(2).map(|pair| (pair[1].0 - pair[0].0).as_seconds_f64()).collect();
    for (times, probability) in [(1.0_f64, 0.367_879_441), (3.0, 0.049_787_068)] {
        let longer = gaps.iter().filter(|gap| **gap > times / 20.0).count() as u64;
        assert!(fits(longer, gaps.len() as u64, probability), "{times}: {longer}");
        assert!(!fits(longer, gaps.len() as u64, probability * 1.1), "a tenth is found out");
    }
}

#[test]
fn sizes_come_in_the_proportions_of_the_mix() {
    let sent = submissions(&events_of(&world(
        "kind = \"poisson\"\nrate = \"10/s\"\nsegments = [[1, 7], [2, 2], [10, 1]]",
    )));
    let n = sent.len() as u64;
    let of_size = |size| sent.iter().filter(|(_, segments, _)| *segments == size).count() as u64;
    assert_eq!(of_size(1) + of_size(2) + of_size(10), n);
    for (size, probability) in [(1, 0.7), (2, 0.2), (10, 0.1)] {
        assert!(fits(of_size(size), n, probability), "{size}: {} of {n}", of_size(size));
        assert!(!fits(of_size(size), n, probability - 0.01), "a hundredth is found out");
    }
    // Size and gap are different numbers of a message's luck: large ones come as soon as small ones.
    let gaps_before = |size| {
        let gaps: Vec<f64> = sent
            .windows(2)
            .filter(|pair| pair[1].1 == size)
            .map(|pair| (pair[1].0 - pair[0].0).as_seconds_f64())
            .collect();
        (gaps.iter().sum::<f64>() / gaps.len() as f64, gaps.len() as f64)
    };
    let (mean, gaps) = gaps_before(10);
    assert!((mean - 0.1).abs() <= 5.0 * 0.1 / gaps.sqrt(), "{mean}");
}
