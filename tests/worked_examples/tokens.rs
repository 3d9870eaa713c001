//! The synthetic suites of the virtual token counter (Sheng et al., OSDI 2024) whose rates are constant.
//!
//! A request of 256 tokens in and 256 out costs 256 + 2 × 256. The published capacity is that of a machine;
//! here it is one and a half requests a second, which lies where the suites need it: clients that are meant
//! to ask for less than their share do, and those that are meant to ask for more do. A client's first request
//! comes at a time that is drawn there, and half an interval late here.

use crate::direct::{Arrival, Direct};
use apportion::scheduler::policy;
use apportion::time::Time;
use apportion::units::{Rate, Weight};

const COST: u32 = 256 + 2 * 256;
const MINUTE: f64 = 60.0;

/// A suite: how long, when a client asks how often, and what each is to have, in requests a minute.
struct Suite {
    name: &'static str,
    minutes: usize,
    weights: &'static [u32],
    /// Requests a second of a client at a time; `None` while it is off.
    rate: fn(client: usize, second: f64) -> Option<f64>,
    /// Requests in a minute, by client and minute; `None` where it has what the others leave.
    expected: fn(client: usize, minute: usize) -> Option<f64>,
    /// Whether first come, first served gives everyone the same.
    is_fair_anyway: bool,
}

fn is_on(second: f64) -> bool {
    ((second / MINUTE) as u64).is_multiple_of(2)
}

const SUITES: [Suite; 8] = [
    Suite {
        name: "overload",
        minutes: 6,
        weights: &[1, 1],
        rate: |client, _| Some([1.5, 3.0][client]),
        expected: |_, _| Some(45.0),
        is_fair_anyway: false,
    },
    Suite {
        name: "overload with weights",
        minutes: 6,
        weights: &[1, 2],
        rate: |client, _| Some([1.5, 3.0][client]),
        expected: |client, _| Some([30.0, 60.0][client]),
        is_fair_anyway: true,
    },
    Suite {
        name: "overload-multi",
        minutes: 6,
        weights: &[1; 8],
        rate: |client, _| Some(if client < 3 { 0.4 } else { 0.6 }),
        expected: |_, _| Some(11.25),
        is_fair_anyway: false,
    },
    Suite {
        name: "ablation_lshare",
        minutes: 5,
        weights: &[1, 1],
        rate: |client, _| Some([0.2, 0.8][client]),
        expected: |client, _| Some([12.0, 48.0][client]),
        is_fair_anyway: true,
    },
    Suite {
        name: "proportional",
        minutes: 10,
        weights: &[1, 1, 1],
        rate: |client, _| Some([0.25, 0.5, 1.5][client]),
        expected: |client, _| Some([15.0, 30.0, 45.0][client]),
        is_fair_anyway: false,
    },
    Suite {
        name: "increase",
        minutes: 10,
        weights: &[1, 1],
        rate: |client, second| {
            Some(if client == 0 { 0.5 } else { 0.2 + 1.8 * second / (10.0 * MINUTE) })
        },
        expected: |client, _| (client == 0).then_some(30.0),
        is_fair_anyway: false,
    },
    Suite {
        name: "on_off_less",
        minutes: 10,
        weights: &[1, 1],
        rate: |client, second| match client {
            0 => is_on(second).then_some(0.5),
            _ => Some(2.0),
        },
        expected: |client, minute| match (client, minute % 2) {
            (0, on) => Some([30.0, 0.0][on]),
            (_, on) => Some([60.0, 90.0][on]),
        },
        is_fair_anyway: false,
    },
    // What comes while it is on is more than it can have until it is on again.
    Suite {
        name: "on_off_overload",
        minutes: 10,
        weights: &[1, 1],
        rate: |client, second| match client {
            0 => is_on(second).then_some(2.0),
            _ => Some(3.0),
        },
        expected: |_, _| Some(45.0),
        is_fair_anyway: false,
    },
];

impl Suite {
    fn arrivals(&self) -> Vec<Arrival> {
        let end = self.minutes as f64 * MINUTE;
        let mut arrivals = Vec::new();
        for client in 0..self.weights.len() {
            let interval = |second: f64| 1.0 / (self.rate)(client, second).unwrap_or(0.5);
            let mut second = interval(0.0) / 2.0;
            while second < end {
                if (self.rate)(client, second).is_some() {
                    let at = Time::from_nanoseconds((second * 1e9) as u64);
                    arrivals.push(Arrival::new(at, client, COST));
                }
                second += interval(second);
            }
        }
        arrivals.sort_by_key(|arrival| (arrival.at, arrival.flow));
        arrivals
    }

    /// The requests of each client in each minute, and the largest difference of service ÷ weight of two
    /// clients that both wait, in requests.
    fn run(&self, name: &str) -> (Vec<Vec<f64>>, f64) {
        let rate = Rate::per_second(u64::from(COST) * 3 / 2).expect("a valid rate");
        let weights: Vec<Weight> =
            self.weights.iter().map(|w| Weight::whole(*w).expect("valid")).collect();
        let built = policy(name).expect("known").build(Some(rate)).expect("it has a rate");
        let arrivals = self.arrivals();
        let served = Direct::new(built, Some(rate), &weights, true).run(rate, &arrivals);
        let mut counts = vec![vec![0.0; self.minutes]; weights.len()];
        for message in &served {
            let minute = (message.ended.as_nanoseconds() as f64 / 1e9 / MINUTE) as usize;
            if let Some(count) = counts[message.flow].get_mut(minute) {
                *count += 1.0;
            }
        }
        let mut apart = 0.0_f64;
        for (i, j) in (0..weights.len()).flat_map(|j| (0..j).map(move |i| (i, j))) {
            let (mut now, mut least, mut most) = (0.0_f64, 0.0_f64, 0.0_f64);
            for (index, message) in served.iter().enumerate() {
                let waits = |flow: usize| {
                    let mut left = served[index..].iter().filter(|other| other.flow == flow);
                    left.next().is_some_and(|next| next.arrived <= message.began)
                };
                if !waits(i) || !waits(j) {
                    (now, least, most) = (0.0, 0.0, 0.0);
                    continue;
                }
                let of = |flow: usize| f64::from(u8::from(message.flow == flow));
                now += of(i) / weights[i].as_f64() - of(j) / weights[j].as_f64();
                (least, most) = (least.min(now), most.max(now));
                apart = apart.max(most - least);
            }
        }
        (counts, apart)
    }

    fn off(&self, counts: &[Vec<f64>]) -> f64 {
        let cells = (0..self.weights.len()).flat_map(|c| (0..self.minutes).map(move |m| (c, m)));
        let off = cells.filter_map(|(client, minute)| {
            (self.expected)(client, minute)
                .map(|expected| (counts[client][minute] - expected).abs())
        });
        off.fold(0.0, f64::max)
    }
}

/// In every minute everybody has its max-min share, give or take the requests at the ends; and the
/// theorem: clients that both wait differ by at most twice the largest cost ÷ weight.
#[test]
fn suites_of_the_virtual_token_counter() {
    for suite in &SUITES {
        for name in ["vtc", "scoring", "sfq", "deficit-round-robin"] {
            let (counts, apart) = suite.run(name);
            let off = suite.off(&counts);
            println!("{}: {name}: off by {off}, apart by {apart}", suite.name);
            assert!(off <= 2.0, "{}: {name}: {counts:?}", suite.name);
            if name == "vtc" {
                assert!(apart <= 2.0, "{}: {name}: apart by {apart} requests", suite.name);
            }
        }
        let (counts, apart) = suite.run("fifo");
        let is_off = suite.off(&counts) > 2.0;
        println!("{}: fifo: off by {}, apart by {apart}", suite.name, suite.off(&counts));
        assert_eq!(is_off, !suite.is_fair_anyway, "{}: fifo: {counts:?}", suite.name);
    }
}
