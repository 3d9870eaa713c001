//! Random workloads, and what a policy makes of them.

use crate::direct::{Arrival, Direct, SEGMENT, Served, rates, unit_rate};
use crate::gps::{Fluid, Work};
use crate::rational::Ratio;
use crate::tree::{self, Node};
use apportion::scheduler::{Hop, NodeBounds, NodeId, Policy};
use apportion::time::{Span, Time};
use apportion::units::{Rate, Weight, mix};

/// The seeds of the workloads, named before any was looked at.
pub(crate) const SEEDS: std::ops::Range<u64> = 0..300;

/// What a theorem presupposes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Shape {
    /// Messages of up to four segments that come and go, or are all there at first.
    Any,
    /// Of one segment, all there at first.
    UnitsAtOnce,
    /// Of up to four segments, all there at first.
    AtOnce,
    /// Any, with the fluid division's finish times as deadlines.
    Deadlines,
    /// Of one segment, all there at first; some flows have a reservation, some a limit.
    Bounded,
    /// Of up to three segments, all there at first, so many that orders of many messages show.
    Long,
    /// Any, at the leaves of a share tree of two to four levels.
    Tree,
}

impl Shape {
    /// The seeds of its workloads: fewer where they are long.
    pub(crate) fn seeds(self) -> std::ops::Range<u64> {
        if self == Shape::Long { 0..40 } else { SEEDS }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Workload {
    /// Of the flows, each among its siblings.
    pub(crate) weights: Vec<u32>,
    /// The flows and what is above them.
    pub(crate) nodes: Vec<Node>,
    /// The longest message that each flow sends, in segments.
    pub(crate) longest: Vec<u32>,
    pub(crate) arrivals: Vec<Arrival>,
    /// Reservation and limit of each flow, as parts of the rate in hundredths.
    pub(crate) bounds: Vec<(Option<u64>, Option<u64>)>,
}

pub(crate) struct Dice(u64);

impl Dice {
    /// A weight, small ones more often.
    pub(crate) fn weight(&mut self) -> u32 {
        [1, 1, 2, 3, 4, 6, 8][self.below(7) as usize]
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(1);
        mix(mix(self.0)) % bound
    }
}

impl Workload {
    pub(crate) fn random(seed: u64, shape: Shape) -> Workload {
        let mut dice = Dice(mix(seed ^ (shape as u64) << 32));
        let is_long = shape == Shape::Long;
        let one_against_many = !is_long && dice.below(8) == 0;
        let count = match (one_against_many, is_long) {
            (true, _) => 11,
            (_, true) => 2 + dice.below(2) as usize,
            _ => 2 + dice.below(7) as usize,
        };
        let weights: Vec<u32> = (0..count)
            .map(|flow| match (one_against_many, flow) {
                (true, 0) => 10,
                (true, _) => 1,
                _ => dice.weight(),
            })
            .collect();
        let units = matches!(shape, Shape::UnitsAtOnce | Shape::Bounded);
        let longest: Vec<u32> = (0..count)
            .map(|_| match (units, is_long) {
                (true, _) => 1,
                (_, true) => 1 + dice.below(3) as u32,
                _ => 1 + dice.below(4) as u32,
            })
            .collect();
        let always_longest: Vec<bool> = (0..count).map(|_| dice.below(2) == 0).collect();
        let at_once = is_long
            || matches!(shape, Shape::UnitsAtOnce | Shape::AtOnce | Shape::Bounded)
            || dice.below(3) == 0;
        let mut arrivals = Vec::new();
        for flow in 0..count {
            let size = |dice: &mut Dice| match always_longest[flow] {
                true => longest[flow],
                false => 1 + dice.below(longest[flow].into()) as u32,
            };
            if at_once {
                let messages = match is_long {
                    true => 200,
                    false => 4 + 120 * u64::from(weights[flow]) / 20 / u64::from(longest[flow]),
                };
                for _ in 0..messages {
                    let segments = size(&mut dice);
                    arrivals.push(Arrival::new(Time::ZERO, flow, segments));
                }
            } else {
                for _ in 0..1 + dice.below(4) {
                    let at = Time::from_nanoseconds(dice.below(160) * (SEGMENT / 4));
                    for _ in 0..1 + dice.below(5) {
                        let segments = size(&mut dice);
                        arrivals.push(Arrival::new(at, flow, segments));
                    }
                }
            }
        }
        arrivals.sort_by_key(|arrival| (arrival.at, arrival.flow));
        let nodes = tree::flat(&weights);
        let mut workload = Workload { weights, nodes, longest, arrivals, bounds: Vec::new() };
        match shape {
            Shape::Tree => tree::grow(&mut workload.nodes, &mut dice),
            Shape::Deadlines => workload.set_deadlines(),
            Shape::Bounded => {
                // Reservations of nine tenths in all.
                let part = 90 / count as u64;
                workload.bounds = (0..count)
                    .map(|_| match dice.below(3) {
                        0 => (Some(1 + dice.below(part)), None),
                        1 => (None, Some(5 + dice.below(30))),
                        _ => (None, None),
                    })
                    .collect();
            }
            _ => {}
        }
        workload
    }

    fn set_deadlines(&mut self) {
        let fluid = self.fluid();
        let mut next = vec![0; self.weights.len()];
        for arrival in &mut self.arrivals {
            let finish = fluid.finishes[arrival.flow][next[arrival.flow]];
            next[arrival.flow] += 1;
            let nanoseconds = (finish * Ratio::from(SEGMENT)).ceil();
            arrival.deadline = Time::from_nanoseconds(nanoseconds as u64);
        }
    }

    pub(crate) fn fluid(&self) -> Fluid {
        let weights: Vec<Ratio> = self.weights.iter().map(|w| Ratio::from(u64::from(*w))).collect();
        let mut work: Vec<Vec<Work>> = vec![Vec::new(); weights.len()];
        for arrival in &self.arrivals {
            let size = Ratio::from(u64::from(arrival.segments));
            work[arrival.flow].push((segments(arrival.at), size));
        }
        Fluid::divide(&weights, &work)
    }

    pub(crate) fn run(&self, policy: Box<dyn Policy>) -> Run {
        let flows = 0..self.weights.len();
        let paths: Vec<Vec<Hop>> = flows.map(|flow| tree::path(&self.nodes, flow)).collect();
        let mut direct = Direct::with_paths(policy, Some(unit_rate()), &paths);
        let per = Span::from_nanoseconds(100 * SEGMENT);
        for (flow, (reservation, limit)) in self.bounds.iter().enumerate() {
            let rate = |part: Option<u64>| part.map(|part| Rate::new(part, per).expect("valid"));
            let node = NodeId(flow as u32);
            let part = reservation.and_then(|part| Weight::from_millionths(part * 10_000));
            let bounds = rates(rate(*reservation), rate(*limit));
            direct.policy.bound(Time::ZERO, node, NodeBounds { part, ..bounds });
        }
        let served = direct.run(unit_rate(), &self.arrivals);
        assert_eq!(served.len(), self.arrivals.len(), "everything is served");
        let mut by_flow = vec![Vec::new(); self.weights.len()];
        for message in &served {
            by_flow[message.flow].push(*message);
        }
        Run { workload: self.clone(), served, by_flow }
    }
}

/// What a policy did.
pub(crate) struct Run {
    pub(crate) workload: Workload,
    pub(crate) served: Vec<Served>,
    pub(crate) by_flow: Vec<Vec<Served>>,
}

/// A time in segments of the wire.
pub(crate) fn segments(time: Time) -> Ratio {
    Ratio::new(time.as_nanoseconds().into(), SEGMENT.into())
}

impl Run {
    pub(crate) fn flows(&self) -> std::ops::Range<usize> {
        0..self.workload.weights.len()
    }

    pub(crate) fn weight(&self, node: usize) -> Ratio {
        Ratio::from(u64::from(self.workload.nodes[node].weight))
    }

    pub(crate) fn longest(&self, flow: usize) -> Ratio {
        Ratio::from(u64::from(self.workload.longest[flow]))
    }

    /// The longest message of all.
    pub(crate) fn longest_of_all(&self) -> Ratio {
        self.flows().map(|flow| self.longest(flow)).max().expect("there are flows")
    }

    /// The longest messages of the other flows together.
    pub(crate) fn longest_of_others(&self, flow: usize) -> Ratio {
        let others = self.flows().filter(|other| *other != flow);
        others.fold(Ratio::ZERO, |sum, other| sum + self.longest(other))
    }

    /// Service of a flow until `time`: a message counts while it is on the wire.
    pub(crate) fn service(&self, flow: usize, time: Time) -> Ratio {
        let own = &self.by_flow[flow];
        let over = own.partition_point(|message| message.ended <= time);
        let done: u64 = own[..over].iter().map(|message| u64::from(message.segments)).sum();
        let part = own.get(over).map_or(Span::ZERO, |message| time.since(message.began));
        Ratio::from(done) + Ratio::new(part.as_nanoseconds().into(), SEGMENT.into())
    }

    /// The intervals in which a flow has something to send or on the wire.
    pub(crate) fn backlogs(&self, flow: usize) -> Vec<(Time, Time)> {
        let mut backlogs: Vec<(Time, Time)> = Vec::new();
        for message in &self.by_flow[flow] {
            match backlogs.last_mut() {
                Some((_, end)) if message.arrived <= *end => *end = message.ended,
                _ => backlogs.push((message.arrived, message.ended)),
            }
        }
        backlogs
    }

    /// The intervals in which something of a flow waits, not counting what is on the wire: turns are lost
    /// by who has nothing when its turn ends.
    pub(crate) fn waits(&self, flow: usize) -> Vec<(Time, Time)> {
        let mut waits: Vec<(Time, Time)> = Vec::new();
        for message in &self.by_flow[flow] {
            match waits.last_mut() {
                Some((_, end)) if message.arrived <= *end => *end = message.began,
                _ => waits.push((message.arrived, message.began)),
            }
        }
        waits
    }

    /// Times at which some service begins or ends in an interval, and its own ends.
    pub(crate) fn instants(&self, from: Time, to: Time) -> Vec<Time> {
        let ends = self.served.iter().flat_map(|message| [message.began, message.ended]);
        let mut instants: Vec<Time> = ends.filter(|time| (from..=to).contains(time)).collect();
        instants.extend([from, to]);
        instants.sort_unstable();
        instants.dedup();
        instants
    }
}
