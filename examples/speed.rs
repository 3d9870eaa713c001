//! The speed mark: messages and events a second of the whole laboratory, on one core.
//!
//! `cargo run --release --example speed [MESSAGES] [TENANTS] [POLICY] [ONLY]` runs Poisson traffic of many
//! tenants at 90 % of one destination's quota, with more and more listening, and prints the table: messages
//! and domain events a second, nanoseconds a message in all and beyond the line above, and the most memory
//! held. Responses take 50 ms and receipts 500 ms in the mean: the load of the published event loops that
//! the figures are compared with. `ONLY` picks the lines whose name contains it.
//!
//! Each line is run in three parts and the fastest counts, all lines in turn: what else the machine does
//! then falls on all of them alike. Time is processor time where the system tells it, so waiting for a core
//! costs nothing; caches that others share still do, which is why the ratios say more than the rates.

#![expect(clippy::disallowed_methods, reason = "measuring speed is about the wall clock")]

#[path = "support/clock.rs"]
mod clock;
#[path = "../tests/support/counting.rs"]
mod counting;

use std::time::Duration;

use apportion::engine::LadderCalendar;
use apportion::event::{DigestSink, Event, Flow, Sink};
use apportion::experiment::{RunRequest, run};
use apportion::measure::{Invariants, Measures};
use apportion::model::{Setup, simulate, simulate_with};
use apportion::scenario::{
    Arrivals, Class, Destination, Dispatchers, Gateway, Latency, Pace, Probability, Scenario,
    Sender, SenderUse, Source, Tenant,
};
use apportion::scheduler::{PolicyInfo, RetryPolicy, Scoring, policy};
use apportion::time::{Span, Time};
use apportion::units::{ClassId, DestinationId, Quota, Rate, SenderId, TenantId, Weight};
use clock::Clock;

/// Times each line is run.
const TURNS: usize = 3;

/// A line of the table: who listens.
type Line = (&'static str, fn(&Scenario, &'static PolicyInfo) -> Ran);

/// What a run says of itself: messages, and domain events where they were counted.
struct Ran {
    messages: u64,
    events: u64,
}

/// Counts events.
#[derive(Default)]
struct Count(u64);

impl Sink for Count {
    fn record(&mut self, _: &Event) -> Flow {
        self.0 += 1;
        Flow::Continue
    }
}

const LINES: [Line; 6] = [
    ("engine, model, lane", |scenario, info| {
        let mut count = Count::default();
        let messages = with_sink(scenario, info, &mut count);
        Ran { messages, events: count.0 }
    }),
    ("the same, monomorphised policy", |scenario, _| {
        let (setup, policies) = (Setup { scenario, seed: 1 }, vec![Scoring::new()]);
        let mut count = Count::default();
        let outcome = simulate_with(setup, policies, None, &mut count, LadderCalendar::default());
        Ran { messages: outcome.lanes[0].submitted(), events: count.0 }
    }),
    ("+ digest", |scenario, info| {
        let mut digest = DigestSink::new(["route"]);
        let messages = with_sink(scenario, info, &mut digest);
        Ran { messages, events: digest.events() }
    }),
    ("+ digest, invariants", |scenario, info| {
        let mut sinks = (DigestSink::new(["route"]), Invariants::new(scenario));
        let messages = with_sink(scenario, info, &mut sinks);
        assert_eq!(sinks.1.violation(), None);
        Ran { messages, events: sinks.0.events() }
    }),
    ("+ digest, invariants, measures", |scenario, info| {
        let mut sinks = (DigestSink::new(["route"]), Measures::new(scenario));
        let messages = with_sink(scenario, info, &mut sinks);
        assert_eq!(sinks.1.violation(), None);
        Ran { messages, events: sinks.0.events() }
    }),
    ("all of `apportion run`, judged", |scenario, policy| {
        let request = RunRequest { scenario, policy, seed: 1, keeps_messages: false };
        let result = run(request, &mut ()).expect("no invariant is violated");
        let summary = &result.findings.summary;
        Ran { messages: summary.messages.submitted, events: summary.events }
    }),
];

fn with_sink(scenario: &Scenario, info: &PolicyInfo, sink: &mut impl Sink) -> u64 {
    let setup = Setup { scenario, seed: 1 };
    let outcome = simulate(setup, info, None, sink).expect("the scenario has a quota");
    outcome.lanes[0].submitted()
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let messages: u64 = arguments.next().map_or(10_000_000, |text| text.parse().expect("a number"));
    let tenants: u32 = arguments.next().map_or(1_000, |text| text.parse().expect("a number"));
    let name = arguments.next().unwrap_or_else(|| "scoring".to_owned());
    let only = arguments.next().unwrap_or_default();
    let scenario = scenario(messages, tenants);
    let info = policy(&name).expect("a policy of the registry");
    let is_wanted = |line: &&Line| {
        line.0.contains(&only) && (name == "scoring" || !line.0.contains("monomorphised"))
    };
    let lines: Vec<&Line> = LINES.iter().filter(is_wanted).collect();

    println!("{tenants} tenants, about {messages} messages, policy {name}, best of {TURNS}\n");
    println!(
        "{:>32}  M messages/s  M events/s  ns a message  beyond line above  of first  most memory",
        "who listens"
    );
    let mut best: Vec<Option<(Duration, Ran, i64)>> = lines.iter().map(|_| None).collect();
    for _ in 0..TURNS {
        for (line, best) in lines.iter().zip(&mut best) {
            counting::forget_most_held();
            let (held, start) = (counting::held(), Clock::start());
            let ran = line.1(&scenario, info);
            let took = start.passed();
            if best.as_ref().is_none_or(|(time, ..)| took < *time) {
                *best = Some((took, ran, counting::most_held() - held));
            }
        }
    }
    let (mut first, mut above) = (None, None);
    for (line, (took, ran, memory)) in lines.iter().zip(best.into_iter().flatten()) {
        let a_message = took.as_secs_f64() * 1e9 / ran.messages as f64;
        let beyond = above.map_or(String::new(), |above: f64| format!("{:.0}", a_message - above));
        println!(
            "{:>32}  {:>12.2}  {:>10.2}  {:>12.0}  {:>17}  {:>8.2}  {:>8.1} MB",
            line.0,
            1e3 / a_message,
            1e3 / a_message * ran.events as f64 / ran.messages as f64,
            a_message,
            beyond,
            a_message / *first.get_or_insert(a_message),
            memory as f64 / 1e6,
        );
        above = Some(a_message);
    }
}

fn scenario(messages: u64, tenants: u32) -> Scenario {
    const QUOTA_PER_SECOND: u64 = 10_000;
    // 90 % of the quota, divided evenly.
    let load_per_second = QUOTA_PER_SECOND * 9 / 10;
    let duration = Span::from_seconds(messages / load_per_second);
    let exponential =
        |milliseconds| Latency::Exponential { mean: Span::from_milliseconds(milliseconds) };
    let quota = Quota { rate: Rate::per_second(QUOTA_PER_SECOND).expect("valid"), burst: 10 };
    let rate = Rate::new(load_per_second, Span::from_seconds(u64::from(tenants)));
    Scenario {
        name: "speed".into(),
        description: "Poisson traffic of many tenants at 90 % of the quota".into(),
        seed: 1,
        policy: "scoring".into(),
        duration,
        drain: Span::from_seconds(3600),
        warm_up: Span::ZERO,
        window: Span::from_seconds(60),
        failovers: Vec::new(),
        destinations: vec![Destination {
            name: "route".into(),
            quota: Some(quota),
            admission: None,
            retry: RetryPolicy::NEVER,
            backpressure: Default::default(),
            response_timeout: Span::from_seconds(60),
            receipt_timeout: Span::from_seconds(72 * 3600),
            gateway: Gateway {
                sessions: 4,
                window: 1000,
                response: exponential(50),
                refusals: Vec::new(),
                delivery: exponential(250),
                undeliverable: Probability::from_billionths(20_000_000).expect("valid"),
                lost: Probability::NEVER,
                receipt: exponential(250),
                ..Gateway::default()
            },
            dispatchers: Dispatchers::ONE,
        }],
        classes: vec![Class { name: "notification".into(), weight: Weight::ONE, deadline: None }],
        tenant_sets: Vec::new(),
        scoring: apportion::scheduler::ScoringOptions::default(),
        bounds: Vec::new(),
        tenants: (0..tenants)
            .map(|index| Tenant {
                name: format!("tenant-{index}"),
                group: "tenant".into(),
                set: None,
                weight: Weight::ONE,
                cap: None,
                daily_cap: None,
                spills: false,
            })
            .collect(),
        senders: (0..tenants)
            .map(|index| Sender {
                name: "sender".into(),
                tenant: TenantId(index),
                cap: None,
                class: None,
                daily_cap: None,
            })
            .collect(),
        sources: (0..tenants)
            .map(|index| Source {
                name: "poisson".into(),
                tenant: TenantId(index),
                destination: DestinationId(0),
                class: ClassId(0),
                first_sender: SenderId(index),
                senders: 1,
                segments: vec![(1, 1)],
                validity: None,
                sender_use: SenderUse::InTurn,
                send_window: None,
                arrivals: Arrivals::Poisson {
                    pace: Pace {
                        rate: rate.expect("valid"),
                        from: Time::ZERO,
                        until: Time::ZERO + duration,
                        curve: None,
                    },
                },
            })
            .collect(),
        log: None,
        faults: Vec::new(),
        submissions: apportion::scenario::Submissions::Made,
        actions: Vec::new(),
        detector: None,
        checks: Vec::new(),
    }
}
