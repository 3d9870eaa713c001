//! The speed mark: messages and events a second of the whole laboratory, in one thread.
//!
//! `cargo run --release --example speed [MESSAGES] [TENANTS] [POLICY] [ONLY]` runs Poisson traffic of many
//! tenants at 90 % of one destination's quota and prints the rate with nothing listening, with the
//! digest, and with everything that `apportion run` measures. Responses take 50 ms and receipts 500 ms
//! in the mean (`ONLY` picks the lines whose name contains it), the load of the published event loops that the figures are compared with.

#![expect(clippy::disallowed_methods, reason = "measuring speed is about the wall clock")]

use std::time::Instant;

use apportion::engine::LadderCalendar;
use apportion::event::DigestSink;
use apportion::experiment::{RunRequest, run};
use apportion::model::{Setup, simulate, simulate_with};
use apportion::scenario::{
    Arrivals, Class, Destination, Dispatchers, Gateway, Latency, Pace, Probability, Scenario,
    Sender, SenderUse, Source, Tenant,
};
use apportion::scheduler::{RetryPolicy, Scoring, policy};
use apportion::time::{Span, Time};
use apportion::units::{ClassId, DestinationId, Quota, Rate, SenderId, TenantId, Weight};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let messages: u64 = arguments.next().map_or(10_000_000, |text| text.parse().expect("a number"));
    let tenants: u32 = arguments.next().map_or(1_000, |text| text.parse().expect("a number"));
    let name = arguments.next().unwrap_or_else(|| "scoring".to_owned());
    let scenario = scenario(messages, tenants);
    let setup = Setup { scenario: &scenario, seed: 1 };
    let info = policy(&name).expect("a policy of the registry");

    let mut digest = DigestSink::new(["route"]);
    println!("{tenants} tenants, about {messages} messages, policy {name}");
    timed("nothing listens", || {
        let outcome = simulate(setup, info, None, ()).expect("the scenario has a quota");
        (outcome.lanes[0].submitted(), outcome.calendar_events)
    });
    timed("digest", || {
        let outcome = simulate(setup, info, None, &mut digest).expect("the scenario has a quota");
        (outcome.lanes[0].submitted(), outcome.calendar_events)
    });
    let mut again = DigestSink::new(["route"]);
    if name == "scoring" {
        timed("digest, monomorphised policy", || {
            let policies = vec![Scoring::new()];
            let outcome =
                simulate_with(setup, policies, None, &mut again, LadderCalendar::default());
            (outcome.lanes[0].submitted(), outcome.calendar_events)
        });
    }
    timed("all that `apportion run` measures", || {
        let request =
            RunRequest { scenario: &scenario, policy: info, seed: 1, keeps_messages: false };
        let result = run(request, &mut ()).expect("no invariant is violated");
        (result.outcome.lanes[0].submitted(), result.outcome.calendar_events)
    });
}

fn timed(what: &str, run: impl FnOnce() -> (u64, u64)) {
    if std::env::args().nth(4).is_some_and(|only| !what.contains(&only)) {
        return;
    }
    let start = Instant::now();
    let (messages, events) = run();
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{what:>32}: {:>6.2} s, {:>5.2} M messages/s, {:>5.2} M calendar events/s, {:>4.0} ns a message",
        seconds,
        messages as f64 / seconds / 1e6,
        events as f64 / seconds / 1e6,
        seconds * 1e9 / messages as f64,
    );
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
        destinations: vec![Destination {
            name: "route".into(),
            quota: Some(quota),
            admission: None,
            retry: RetryPolicy::NEVER,
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
        tenants: (0..tenants)
            .map(|index| Tenant {
                name: format!("tenant-{index}"),
                group: "tenant".into(),
                set: None,
                weight: Weight::ONE,
            })
            .collect(),
        senders: (0..tenants)
            .map(|index| Sender { name: "sender".into(), tenant: TenantId(index), cap: None })
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
        detector: None,
        checks: Vec::new(),
    }
}
