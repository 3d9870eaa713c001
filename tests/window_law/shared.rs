//! The window law, measured: what a carrier's window and round trip let through.
//!
//! With a constant round trip R and n = sessions × window seats, a saturated lane sends
//! min(quota, n ÷ R): the law of the bandwidth-delay product, and Little's law for the seats. Where
//! the two are close and seats are few, attempts that wait for the quota leave seats empty and the
//! other way round, so the law is held to 1 % wherever their ratio is outside 0.3 to 3 or there are
//! at least 10 seats.

use std::path::Path;

use apportion::experiment::{RunRequest, run};
use apportion::scenario::{Registries, Scenario, resolve_text};
use apportion::scheduler::{Happening, policy};
use apportion::time::Time;

/// How the round trip varies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum RoundTrip {
    Constant,
    Exponential,
    /// Of this σ of the logarithm, the mean kept.
    Lognormal(f64),
}

/// One saturated lane.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cell {
    pub(crate) sessions: u32,
    pub(crate) window: u32,
    /// Mean, in milliseconds.
    pub(crate) round_trip_ms: u32,
    pub(crate) quota_per_s: u32,
    pub(crate) shape: RoundTrip,
}

/// The second from which sent messages are counted, and the one to which.
const COUNTED_S: (u64, u64) = (10, 210);

impl Cell {
    pub(crate) fn seats(&self) -> u32 {
        self.sessions * self.window
    }

    /// Segments a second that seats and round trip allow.
    pub(crate) fn by_window(&self) -> f64 {
        f64::from(self.seats()) * 1000.0 / f64::from(self.round_trip_ms)
    }

    /// Seats × quota's interval ÷ round trip: above 1 the quota limits, below it the window.
    pub(crate) fn ratio(&self) -> f64 {
        self.by_window() / f64::from(self.quota_per_s)
    }

    pub(crate) fn law(&self) -> f64 {
        self.by_window().min(f64::from(self.quota_per_s))
    }

    pub(crate) fn is_held_to_it(&self) -> bool {
        !(0.3..=3.0).contains(&self.ratio()) || self.seats() >= 10
    }

    /// Segments a second that the lane sent.
    pub(crate) fn measure(&self) -> f64 {
        let mut counter = Counter { sent: 0 };
        let policy = policy("scoring").expect("it is in the registry");
        let scenario = self.scenario();
        let request = RunRequest { scenario: &scenario, policy, seed: 1, keeps_messages: false };
        run(request, &mut counter).expect("the run keeps its invariants");
        counter.sent as f64 / (COUNTED_S.1 - COUNTED_S.0) as f64
    }

    fn scenario(&self) -> Scenario {
        let mean = format!("{}ms", self.round_trip_ms);
        let response = match self.shape {
            RoundTrip::Constant => format!("\"{mean}\""),
            RoundTrip::Exponential => format!("{{ exponential = {{ mean = \"{mean}\" }} }}"),
            RoundTrip::Lognormal(sigma) => {
                // The mean of a lognormal is its median × exp(σ² ÷ 2).
                let median = f64::from(self.round_trip_ms) * libm::exp(-sigma * sigma / 2.0);
                let median = format!("{}us", libm::round(median * 1000.0));
                format!("{{ lognormal = {{ median = \"{median}\", sigma = {sigma} }} }}")
            }
        };
        let Cell { sessions, window, quota_per_s, .. } = self;
        let offered = libm::ceil(self.law() * 240.0) as u64 + 1_000;
        let end = COUNTED_S.1;
        let text = format!(
            r#"description = "one saturated lane"
duration = "{end}s"
drain = "1s"
[[destination]]
name = "route"
quota = "{quota_per_s}/s"
[destination.gateway]
sessions = {sessions}
window = {window}
response = {response}
delivery = "0s"
receipt = "0s"
[[tenant]]
name = "busy"
[[tenant.traffic]]
kind = "campaign"
at = "0s"
messages = {offered}
"#
        );
        let registries =
            Registries { metrics: &[], policies: &["scoring"], detectors: &["scores"] };
        let loaded = resolve_text("window-law.toml", &text, Path::new(""), &[], registries);
        loaded.unwrap_or_else(|error| panic!("{error}")).scenario
    }
}

struct Counter {
    sent: u64,
}

impl apportion::event::Sink for Counter {
    fn record(&mut self, event: &apportion::event::Event) -> apportion::event::Flow {
        let counted = Time::from_seconds(COUNTED_S.0)..Time::from_seconds(COUNTED_S.1);
        if let apportion::event::What::Moved { record, why: Happening::Dispatched, .. } =
            &event.what
            && counted.contains(&event.time)
        {
            self.sent += record.message.segments.get();
        }
        apportion::event::Flow::Continue
    }
}

/// Sessions, windows, round trips and quotas on both sides of the law's bend.
pub(crate) fn grid() -> Vec<Cell> {
    let mut cells = Vec::new();
    for (sessions, window) in [(1, 1), (1, 4), (2, 5), (4, 10), (3, 33)] {
        for round_trip_ms in [20, 130, 1_000] {
            for quota_per_s in [7, 50, 300] {
                let shape = RoundTrip::Constant;
                cells.push(Cell { sessions, window, round_trip_ms, quota_per_s, shape });
            }
        }
    }
    cells
}
