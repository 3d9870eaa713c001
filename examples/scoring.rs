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

#![expect(clippy::disallowed_methods, reason = "measuring cost is about the wall clock")]

use std::process::ExitCode;

use apportion::report::{Line, draw_lines};
use apportion::scheduler::{FullScoring, POLICIES, Pick, Policy, Rescore, ScoringOptions, Terms};
use apportion::time::Time;
use apportion::units::{QueueId, Weight, mix};
use plotters::prelude::*;

#[path = "support/clock.rs"]
mod clock;
#[path = "../tests/support/direct.rs"]
mod direct;

use clock::Clock;
use direct::{Arrival, Direct, SEGMENT, after, unit_rate, whole};

const ORDERS: [u32; 9] = [1, 2, 4, 8, 16, 32, 64, 128, 256];
const WORKLOADS: u64 = 60;
/// Times the cost of each policy is measured; the least counts.
const TURNS: usize = 3;
/// The picture of the policies, in pixels, and a line of its text.
const SIZE: (u32, u32) = (900, 620);
const LETTER: (f64, f64) = (6.6, 14.0);

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

type Build = Box<dyn Fn() -> Box<dyn Policy>>;

fn contestants() -> Vec<Contestant> {
    let mut all: Vec<(String, Build)> = Vec::new();
    for info in POLICIES {
        let build = || info.build(Some(unit_rate())).expect("it has a rate");
        all.push((info.name.to_owned(), Box::new(build)));
    }
    for every in [8, 64] {
        let build = move || standing_for(every);
        all.push((format!("scoring, K = {every}"), Box::new(build)));
    }
    let fair = || -> Box<dyn Policy> { Box::new(FullScoring::new(ScoringOptions::WorstCaseFair)) };
    all.push(("scoring, worst-case fair".to_owned(), Box::new(fair)));
    // All in turn, so that what else the machine does falls on all alike.
    let mut costs = vec![f64::INFINITY; all.len()];
    for _ in 0..TURNS {
        for ((_, build), least) in all.iter().zip(&mut costs) {
            *least = least.min(cost(build()));
        }
    }
    let with_wait = |((name, build), cost_ns): ((String, Build), f64)| Contestant {
        name,
        cost_ns,
        wait: wait(build()),
    };
    all.into_iter().zip(costs).map(with_wait).collect()
}

/// Nanoseconds a decision among a thousand queues that are never empty.
fn cost(policy: Box<dyn Policy>) -> f64 {
    const QUEUES: usize = 1000;
    const DECISIONS: u32 = 1_000_000;
    let weights: Vec<Weight> =
        (0..QUEUES as u64).map(|queue| whole(1 + (mix(queue) % 8) as u32)).collect();
    let mut wire = Wire::new(policy, &weights);
    for queue in 0..QUEUES {
        for _ in 0..2 {
            wire.direct.put(Time::ZERO, Arrival::new(Time::ZERO, queue, 1));
        }
    }
    let start = Clock::start();
    for _ in 0..DECISIONS {
        let (flow, _) = wire.serve().expect("something always waits");
        wire.direct.put(wire.now, Arrival::new(wire.now, flow, 1));
    }
    start.passed().as_nanos() as f64 / f64::from(DECISIONS)
}

/// A backlog of one tenant beside a hundred that send a message now and then, half a wire in all.
fn wait(policy: Box<dyn Policy>) -> f64 {
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
    let mut wire = Wire::new(policy, &weights);
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
    /// With ties that are mixed, as a lane's are: shuffle sharding deals its hands by them.
    fn new(policy: Box<dyn Policy>, weights: &[Weight]) -> Self {
        let ties = (0..weights.len() as u64).map(mix);
        let direct = Direct::with_ties(policy, Some(unit_rate()), weights, ties);
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
        (least / 1.6, most * 2.6)
    };
    let (across, up) = (range(&|one| one.cost_ns), range(&|one| one.wait));
    // Where a value lies between the ends of its axis.
    let place =
        |value: f64, (least, most): (f64, f64)| libm::log(value / least) / libm::log(most / least);
    let root = SVGBackend::new(path, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .caption("What small tenants wait, against what a decision costs", ("sans-serif", 18))
        .margin(14)
        .x_label_area_size(46)
        .y_label_area_size(66)
        .build_cartesian_2d((across.0..across.1).log_scale(), (up.0..up.1).log_scale())?;
    let (width, height) = chart.plotting_area().dim_in_pixel();
    chart
        .configure_mesh()
        .x_desc("nanoseconds a decision, 1,000 queues (logarithmic)")
        .y_desc("99th percentile of small tenants' wait, messages (logarithmic)")
        .light_line_style(WHITE)
        .draw()?;
    // A label that would lie on another, or on a point, goes further up.
    let pixels = |one: &Contestant| {
        let x = place(one.cost_ns, across) * f64::from(width);
        (x, place(one.wait.max(1.0), up) * f64::from(height))
    };
    let points: Vec<(f64, f64)> = contestants.iter().map(pixels).collect();
    let mut taken: Vec<(f64, f64, f64)> =
        points.iter().map(|(x, y)| (x - 5.0, x + 5.0, *y)).collect();
    let mut order: Vec<(&Contestant, (f64, f64))> = contestants.iter().zip(points).collect();
    order.sort_by(|(_, a), (_, b)| a.1.total_cmp(&b.1).then(b.0.total_cmp(&a.0)));
    for (one, (x, y)) in order {
        let (from, to) = (x + 7.0, x + 7.0 + LETTER.0 * one.name.len() as f64);
        let is_taken = |line: f64, (start, end, at): &(f64, f64, f64)| {
            *start < to && from < *end && (at - line).abs() < LETTER.1
        };
        let mut line = y;
        while taken.iter().any(|other| is_taken(line, other)) {
            line += 2.0;
        }
        taken.push((from, to, line));
        let value = |pixels: f64, size: u32, (least, most): (f64, f64)| {
            least * libm::pow(most / least, pixels / f64::from(size))
        };
        let at = (value(from, width, across), value(line + 5.0, height, up));
        let point = (one.cost_ns, one.wait.max(1.0));
        let ours = one.name.starts_with("scoring");
        let colour = if ours { RGBColor(213, 94, 0) } else { RGBColor(0, 114, 178) };
        chart.draw_series([Circle::new(point, 4, colour.filled())])?;
        if line > y + LETTER.1 {
            let foot = value(line - 4.0, height, up);
            chart.draw_series([PathElement::new([point, (at.0, foot)], colour.mix(0.4))])?;
        }
        let style = ("sans-serif", 12).into_font().color(&BLACK);
        chart.draw_series([Text::new(one.name.clone(), at, style)])?;
    }
    root.present()?;
    Ok(())
}
