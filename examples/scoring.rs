//! What an order that stands costs in fairness, and what every policy costs in time, as two pictures.
//!
//! `cargo run --release --example scoring [FOLDER]` measures, prints and draws into a folder (default `docs`)
//!
//! - `rescoring.svg`: the largest |Wᵢ/wᵢ − Wⱼ/wⱼ| ÷ (Lᵢ/wᵢ + Lⱼ/wⱼ) of random workloads against the number of
//!   messages K after which scoring finds its order anew, beside the bound K;
//! - `quality-and-cost.svg`: of every policy, what small tenants wait beside a large backlog (99th percentile,
//!   in messages on the wire) against what a decision among a thousand queues costs. Times are of the machine
//!   at hand; their order is what matters.
//!
//! It exits with 1 when a measured distance is above K.

use std::process::ExitCode;
use std::time::Instant;

use apportion::report::{Line, draw_lines};
use apportion::scheduler::{FullScoring, POLICIES, Pick, Policy, Rescore, ScoringOptions, Terms};
use apportion::time::Time;
use apportion::units::{QueueId, Weight, mix};
use plotters::prelude::*;

#[path = "../tests/support/direct.rs"]
mod direct;

use direct::{Arrival, Direct, SEGMENT, after, is_tree, unit_rate, whole};

const ORDERS: [u32; 9] = [1, 2, 4, 8, 16, 32, 64, 128, 256];
const WORKLOADS: u64 = 60;

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "docs".into());
    let law: Vec<(u32, f64)> = ORDERS.map(|every| (every, distance(every))).to_vec();
    println!("{:>5} {:>10} {:>8}", "K", "distance", "of bound");
    for (every, found) in &law {
        println!("{every:>5} {found:>10.3} {:>8.3}", found / f64::from(*every));
    }
    let contestants = contestants();
    println!("\n{:24} {:>12} {:>14}", "policy", "ns/decision", "p99, messages");
    for one in &contestants {
        println!("{:24} {:>12.1} {:>14.1}", one.name, one.cost_ns, one.wait);
    }
    let drawn = draw_law(&law, &format!("{folder}/rescoring.svg"))
        .and_then(|()| draw_contestants(&contestants, &format!("{folder}/quality-and-cost.svg")));
    if let Err(error) = drawn {
        eprintln!("error: {folder}: {error}");
        return ExitCode::from(74);
    }
    let holds = law.iter().all(|(every, found)| *found <= f64::from(*every));
    if holds { ExitCode::SUCCESS } else { ExitCode::from(1) }
}

fn standing_for(every: u32) -> Box<dyn Policy> {
    let every = every.try_into().expect("above zero");
    let rescore = Rescore { every, ..Rescore::default() };
    Box::new(FullScoring::new(ScoringOptions::FurthestBehind { rescore, terms: Terms::NONE }))
}

/// The largest distance of two flows, both always backlogged, over all workloads.
fn distance(every: u32) -> f64 {
    let mut largest = 0.0_f64;
    for seed in 0..WORKLOADS {
        let draw = |index: u64, below: u64| mix(mix(seed) ^ index) % below;
        let count = 2 + draw(0, 5) as usize;
        let flows = 0..count as u64;
        let weights: Vec<u32> = flows.clone().map(|f| 1 + draw(1 + f, 8) as u32).collect();
        let sizes: Vec<u32> = flows.map(|f| 1 + draw(20 + f, 3) as u32).collect();
        let exact: Vec<Weight> = weights.iter().map(|weight| whole(*weight)).collect();
        let mut direct = Direct::new(standing_for(every), None, &exact, true);
        for (flow, size) in sizes.iter().enumerate() {
            direct.put(Time::ZERO, Arrival::new(Time::ZERO, flow, *size));
            direct.put(Time::ZERO, Arrival::new(Time::ZERO, flow, *size));
        }
        let mut served = vec![0_i64; count];
        // By pair: the range of Wᵢ·wⱼ − Wⱼ·wᵢ.
        let mut ranges = vec![(0_i64, 0_i64); count * count];
        for _ in 0..40 * every * count as u32 {
            let Pick::Queue(QueueId(flow)) = direct.pick(Time::ZERO) else { break };
            let flow = flow as usize;
            direct.send(Time::ZERO, flow);
            direct.put(Time::ZERO, Arrival::new(Time::ZERO, flow, sizes[flow]));
            served[flow] += i64::from(sizes[flow]);
            for (i, j) in (0..count).flat_map(|i| (0..i).map(move |j| (i, j))) {
                let now = served[i] * i64::from(weights[j]) - served[j] * i64::from(weights[i]);
                let range = &mut ranges[i * count + j];
                *range = (range.0.min(now), range.1.max(now));
            }
        }
        for (i, j) in (0..count).flat_map(|i| (0..i).map(move |j| (i, j))) {
            let (least, most) = ranges[i * count + j];
            let unit = sizes[i] * weights[j] + sizes[j] * weights[i];
            largest = largest.max((most - least) as f64 / f64::from(unit));
        }
    }
    largest
}

struct Contestant {
    name: String,
    cost_ns: f64,
    /// The 99th percentile of what small tenants wait, in messages.
    wait: f64,
}

fn contestants() -> Vec<Contestant> {
    let rate = Some(unit_rate());
    let of_registry = POLICIES.iter().map(|info| {
        let build = || info.build(rate).expect("it has a rate");
        Contestant {
            name: info.name.to_owned(),
            cost_ns: cost(build(), is_tree(info.name)),
            wait: wait(build(), is_tree(info.name)),
        }
    });
    let full = |name: &str, build: &dyn Fn() -> Box<dyn Policy>| Contestant {
        name: name.to_owned(),
        cost_ns: cost(build(), true),
        wait: wait(build(), true),
    };
    let mut all: Vec<Contestant> = of_registry.collect();
    all.push(full("scoring, K = 8", &|| standing_for(8)));
    all.push(full("scoring, K = 64", &|| standing_for(64)));
    let fair = || -> Box<dyn Policy> { Box::new(FullScoring::new(ScoringOptions::WorstCaseFair)) };
    all.push(full("scoring, worst-case fair", &fair));
    all
}

/// Nanoseconds a decision among a thousand queues that are never empty.
#[allow(clippy::disallowed_methods, reason = "it measures this machine")]
fn cost(policy: Box<dyn Policy>, is_tree: bool) -> f64 {
    const QUEUES: usize = 1000;
    const DECISIONS: u32 = 200_000;
    let weights: Vec<Weight> =
        (0..QUEUES as u64).map(|queue| whole(1 + (mix(queue) % 8) as u32)).collect();
    let mut wire = Wire::new(policy, &weights, is_tree);
    for queue in 0..QUEUES {
        for _ in 0..2 {
            wire.direct.put(Time::ZERO, Arrival::new(Time::ZERO, queue, 1));
        }
    }
    let start = Instant::now();
    for _ in 0..DECISIONS {
        let (flow, _) = wire.serve().expect("something always waits");
        wire.direct.put(wire.now, Arrival::new(wire.now, flow, 1));
    }
    start.elapsed().as_nanos() as f64 / f64::from(DECISIONS)
}

/// A backlog of one tenant beside a hundred that send a message now and then, half a wire in all.
fn wait(policy: Box<dyn Policy>, is_tree: bool) -> f64 {
    const SMALL: u64 = 100;
    const HORIZON: u64 = 20_000;
    let weights = vec![whole(1); 1 + SMALL as usize];
    let mut arrivals: Vec<Arrival> = vec![Arrival::new(Time::ZERO, 0, 1); HORIZON as usize];
    let small = (0..HORIZON / 2).map(|message| {
        let at = Time::from_nanoseconds(mix(message) % HORIZON * SEGMENT);
        Arrival::new(at, 1 + (mix(message + HORIZON) % SMALL) as usize, 1)
    });
    arrivals.extend(small);
    arrivals.sort_by_key(|arrival| (arrival.at, arrival.flow));
    let mut wire = Wire::new(policy, &weights, is_tree);
    let mut left = arrivals.into_iter().peekable();
    let mut waits: Vec<u64> = Vec::new();
    while wire.now < after(HORIZON) {
        while let Some(arrival) = left.next_if(|arrival| arrival.at <= wire.now) {
            wire.direct.put(arrival.at, arrival);
        }
        let began = wire.now;
        match wire.serve() {
            Some((flow, arrived)) if flow > 0 => {
                waits.push(began.since(arrived).as_nanoseconds() / SEGMENT);
            }
            Some(_) => {}
            None => wire.now = left.peek().map_or(after(HORIZON), |arrival| arrival.at),
        }
    }
    // What still waits has waited until now at least.
    for flow in 1..=SMALL as usize {
        while wire.direct.waiting(flow) > 0 {
            let (_, arrived, _) = wire.direct.send(wire.now, flow);
            waits.push(wire.now.since(arrived).as_nanoseconds() / SEGMENT);
        }
    }
    waits.sort_unstable();
    waits[waits.len() * 99 / 100] as f64
}

/// One message at a time; policies that gamble have their luck.
struct Wire {
    direct: Direct,
    now: Time,
    draws: u64,
}

impl Wire {
    fn new(policy: Box<dyn Policy>, weights: &[Weight], is_tree: bool) -> Self {
        let direct = Direct::new(policy, Some(unit_rate()), weights, is_tree);
        Wire { direct, now: Time::ZERO, draws: 0 }
    }

    /// Sends what is next; whose it was and when it came.
    fn serve(&mut self) -> Option<(usize, Time)> {
        loop {
            let draws = &mut self.draws;
            let mut draw = || {
                *draws += 1;
                mix(*draws)
            };
            match self.direct.policy.pick(self.now, &mut draw) {
                Pick::Queue(QueueId(flow)) => {
                    let flow = flow as usize;
                    let (segments, arrived, _) = self.direct.send(self.now, flow);
                    self.now += unit_rate().span_of(segments.into());
                    self.direct.complete(self.now, flow, segments, segments);
                    return Some((flow, arrived));
                }
                Pick::NotUntil(time) => self.now = time,
                Pick::Idle => return None,
            }
        }
    }
}

fn draw_law(law: &[(u32, f64)], path: &str) -> Result<(), Failure> {
    let line = |name: &str, of: &dyn Fn(u32, f64) -> f64| Line {
        name: name.to_owned(),
        points: law.iter().map(|(k, found)| (f64::from(*k), of(*k, *found), None)).collect(),
    };
    let lines = [
        line("largest distance measured", &|_, found| found),
        line("bound: K", &|every, _| f64::from(every)),
    ];
    let ticks: Vec<(f64, String)> =
        law.iter().map(|(every, _)| (f64::from(*every), every.to_string())).collect();
    let title = "What an order that stands for K messages costs in fairness";
    let subtitle = "largest |Wi/wi - Wj/wj| of backlogged siblings, in units of Li/wi + Lj/wj";
    let svg = draw_lines(title, subtitle, ("messages per order, K", &ticks), "", &lines)?;
    Ok(std::fs::write(path, svg)?)
}

fn draw_contestants(contestants: &[Contestant], path: &str) -> Result<(), Failure> {
    let range = |of: &dyn Fn(&Contestant) -> f64| {
        let values = contestants.iter().map(of).map(|value| value.max(1.0));
        let (least, most) = values.fold((f64::MAX, 1.0_f64), |(a, b), v| (a.min(v), b.max(v)));
        least / 1.6..most * 2.6
    };
    let root = SVGBackend::new(path, (900, 620)).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .caption("What small tenants wait, against what a decision costs", ("sans-serif", 18))
        .margin(14)
        .x_label_area_size(46)
        .y_label_area_size(66)
        .build_cartesian_2d(
            range(&|one| one.cost_ns).log_scale(),
            range(&|one| one.wait).log_scale(),
        )?;
    chart
        .configure_mesh()
        .x_desc("nanoseconds a decision, 1,000 queues (logarithmic)")
        .y_desc("99th percentile of small tenants' wait, messages (logarithmic)")
        .light_line_style(WHITE)
        .draw()?;
    // Labels that would lie on each other go below one another.
    let mut placed: Vec<(f64, f64)> = Vec::new();
    let mut order: Vec<&Contestant> = contestants.iter().collect();
    order.sort_by(|a, b| a.wait.total_cmp(&b.wait).then(a.cost_ns.total_cmp(&b.cost_ns)));
    for one in order {
        let (x, y) = (one.cost_ns, one.wait.max(1.0));
        let ours = one.name.starts_with("scoring");
        let colour = if ours { RGBColor(213, 94, 0) } else { RGBColor(0, 114, 178) };
        let mut label = y;
        while placed
            .iter()
            .any(|(px, py)| (px / x).max(x / px) < 1.9 && (py / label).max(label / py) < 1.22)
        {
            label *= 1.23;
        }
        placed.push((x, label));
        chart.draw_series([Circle::new((x, y), 4, colour.filled())])?;
        if label > y {
            chart.draw_series([PathElement::new([(x, y), (x * 1.03, label)], colour.mix(0.4))])?;
        }
        let style = ("sans-serif", 12).into_font().color(&BLACK);
        chart.draw_series([Text::new(one.name.clone(), (x * 1.05, label * 1.04), style)])?;
    }
    root.present()?;
    Ok(())
}
