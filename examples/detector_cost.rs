//! What the detector costs: nanoseconds an outcome and bytes an account, of a million accounts.
//!
//! `cargo run --release --example detector_cost [ACCOUNTS] [WINDOWS] [MESSAGES]` lets the detector watch so
//! many accounts of fifty destinations, each with so many messages in every window, one observation at a
//! time and in an order that has nothing to do with where they lie in memory. It prints, for the first
//! windows, in which memory is still taken, and for those after them: nanoseconds an observation, an
//! outcome with everything that belongs to it, and a judged account when a window ends; then the bytes that
//! are held an account, and the most that ever were.
//!
//! Time is processor time where the system tells it, so that waiting for a core costs nothing. The accounts
//! do not fit into any cache, which is the point: an outcome costs what the memory costs.

#![expect(clippy::disallowed_methods, reason = "measuring speed is about the wall clock")]

#[path = "support/clock.rs"]
mod clock;
#[path = "../tests/support/counting.rs"]
mod counting;

use std::time::Duration;

use apportion::detector::{
    Account, Detector, DetectorSettings, ErrorClass, Observation, ScoresDetector,
};
use apportion::time::Time;
use apportion::units::{DestinationId, TenantId, mix};
use clock::Clock;

/// Destinations that the accounts are divided among.
const DESTINATIONS: u64 = 50;
/// Windows until the quarantine is full: from then on every window is also learnt.
const FILLING: u64 = 13;
/// Seconds of a window.
const WINDOW_S: u64 = 300;

/// What a stretch of windows took.
#[derive(Default)]
struct Spent {
    observing: Duration,
    judging: Duration,
    windows: u64,
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut number =
        |otherwise: u64| arguments.next().map_or(otherwise, |text| text.parse().expect("a number"));
    let (accounts, windows, messages) = (number(1_000_000), number(24), number(1));
    let before = counting::held();
    counting::forget_most_held();
    let mut detector = ScoresDetector::new(DetectorSettings::STANDARD);
    let (mut filling, mut full) = (Spent::default(), Spent::default());
    let mut alerts = 0_u64;
    for window in 0..windows {
        let spent = if window < FILLING { &mut filling } else { &mut full };
        let start = Clock::start();
        observe_all(&mut detector, window, accounts, messages);
        spent.observing += start.passed();
        let start = Clock::start();
        detector.tick(Time::from_seconds((window + 1) * WINDOW_S), &mut |_| alerts += 1);
        spent.judging += start.passed();
        spent.windows += 1;
    }

    println!("{accounts} accounts, {messages} messages each in a window, {windows} windows\n");
    println!(
        "{:>16}{:>9}{:>20}{:>16}{:>20}",
        "stretch", "windows", "ns an observation", "ns an outcome", "ns a judged account"
    );
    for (name, spent) in [("memory is taken", &filling), ("and then", &full)] {
        if spent.windows == 0 {
            continue;
        }
        let judged = (spent.windows * accounts) as f64;
        let outcomes = judged * messages as f64;
        let nanoseconds = |time: Duration| time.as_secs_f64() * 1e9;
        println!(
            "{name:>16}{:>9}{:>20.1}{:>16.1}{:>20.1}",
            spent.windows,
            // What is submitted, dispatched and settled is told three times.
            nanoseconds(spent.observing) / (3.0 * outcomes),
            nanoseconds(spent.observing + spent.judging) / outcomes,
            nanoseconds(spent.judging) / judged,
        );
    }
    println!(
        "\n{:.1} bytes an account are held, {:.1} at the most while memory was taken; {alerts} alerts",
        (counting::held() - before) as f64 / accounts as f64,
        (counting::most_held() - before) as f64 / accounts as f64,
    );
}

/// Every account sends its messages, of which one in fifty fails.
fn observe_all(detector: &mut ScoresDetector, window: u64, accounts: u64, messages: u64) {
    for ordinal in 0..accounts * messages {
        // A step that shares no factor with the number of accounts visits each of them once a round.
        let index = ordinal.wrapping_mul(2_654_435_761) % accounts;
        let account = Account {
            tenant: TenantId((index / DESTINATIONS) as u32),
            destination: DestinationId((index % DESTINATIONS) as u16),
        };
        let second = ordinal * (WINDOW_S - 60) / (accounts * messages);
        let now = Time::from_seconds(window * WINDOW_S + second);
        let has_failed = mix(window ^ mix(ordinal)).is_multiple_of(50);
        let outcome = if has_failed {
            Observation::FailedAs(ErrorClass::InvalidRecipient)
        } else {
            Observation::Succeeded
        };
        for seen in [Observation::Submitted, Observation::Dispatched, outcome] {
            detector.observe(now, account, seen);
        }
    }
}
