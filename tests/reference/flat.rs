//! Rules over flows side by side, each as its paper has it: a tag a flow, and the least goes.
//!
//! - Round robin: who was served goes to the end of the line.
//! - Smooth weighted round robin (nginx): all gain their weight, the one with the most goes and pays the
//!   sum.
//! - Start-time fair queueing (Goyal, Vin, Cheng 1996): S = max(V, F); V is S in service, and the largest F
//!   when the server has nothing left to do.
//! - Self-clocked fair queueing (Golestani 1994): F = max(V, F) + L ÷ φ; V is F in service.
//! - Stride scheduling (Waldspurger, Weihl 1995): pass += L ÷ φ; who is away keeps its distance to the
//!   global pass, which moves by L ÷ Σφ.
//! - Used over weight, forgotten at each window.
//! - Virtual token counter (Sheng et al. 2024): least counter; who returns is lifted to the least of those
//!   present, or to that of who left last.
//! - Strict priority; earliest deadline first.

use super::order::{Choice, First, Order, Terms, Unit};
use super::rational::Ratio;
use super::scheduler::Path;
use std::collections::BTreeMap;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    RoundRobin,
    SmoothWeighted,
    StartTime,
    SelfClocked,
    Stride,
    /// Nanoseconds of a window.
    Used(u64),
    TokenCounter,
    Priority,
    Deadline,
}

#[derive(Clone, Debug)]
struct Flow {
    weight: Ratio,
    priority: Ratio,
    tie: u64,
    tag: Ratio,
    window: u64,
    first: Option<First>,
}

#[derive(Debug)]
pub(crate) struct Flat {
    kind: Kind,
    flows: BTreeMap<Path, Flow>,
    /// Whose turn it is, in order.
    line: Vec<Path>,
    virtual_time: Ratio,
    last_finish: Ratio,
    busy_until: u64,
    rate: Ratio,
}

impl Flat {
    pub(crate) fn new(kind: Kind, rate: Ratio) -> Self {
        Flat {
            kind,
            flows: BTreeMap::new(),
            line: Vec::new(),
            virtual_time: Ratio::ZERO,
            last_finish: Ratio::ZERO,
            busy_until: 0,
            rate,
        }
    }

    fn awake(&self) -> impl Iterator<Item = (&Path, &Flow, &First)> {
        self.flows.iter().filter_map(|(path, flow)| flow.first.as_ref().map(|f| (path, flow, f)))
    }

    fn weights(&self) -> Ratio {
        self.awake().fold(Ratio::ZERO, |sum, (_, flow, _)| sum + flow.weight)
    }

    fn flow(&mut self, path: &Path) -> &mut Flow {
        self.flows.get_mut(path).expect("the flow exists")
    }

    fn window(&self, now: u64) -> u64 {
        if let Kind::Used(window) = self.kind { now / window } else { 0 }
    }

    fn rank(&self, now: u64, path: &Path) -> (Ratio, u64) {
        let flow = &self.flows[path];
        let first = flow.first.as_ref().expect("it is awake");
        let length = Ratio::from(first.segments) / flow.weight;
        match self.kind {
            Kind::RoundRobin => {
                let place = self.line.iter().position(|other| other == path).expect("in line");
                (Ratio::ZERO, place as u64)
            }
            Kind::SmoothWeighted => (-(flow.tag + flow.weight), flow.tie),
            Kind::StartTime | Kind::Stride | Kind::TokenCounter => (flow.tag, flow.tie),
            Kind::SelfClocked => (flow.tag + length, flow.tie),
            Kind::Used(_) if flow.window != self.window(now) => (Ratio::ZERO, flow.tie),
            Kind::Used(_) => (flow.tag, flow.tie),
            Kind::Priority => (-flow.priority, first.sequence),
            Kind::Deadline => (Ratio::from(first.deadline), first.sequence),
        }
    }

    fn wake(&mut self, now: u64, path: &Path) {
        let nobody = self.awake().next().is_none();
        let tag = self.flows[path].tag;
        let tag = match self.kind {
            Kind::StartTime => {
                if nobody && now >= self.busy_until {
                    self.virtual_time = self.virtual_time.max(self.last_finish);
                }
                tag.max(self.virtual_time)
            }
            Kind::SelfClocked => tag.max(self.virtual_time),
            Kind::Stride => tag + self.virtual_time,
            Kind::TokenCounter => {
                let least = self.awake().map(|(_, flow, _)| flow.tag).min();
                tag.max(least.unwrap_or(self.last_finish))
            }
            _ => tag,
        };
        self.flow(path).tag = tag;
        self.line.push(path.clone());
    }

    fn sleep(&mut self, path: &Path) {
        let global = self.virtual_time;
        let flow = self.flow(path);
        flow.first = None;
        let tag = flow.tag;
        match self.kind {
            Kind::Stride => self.flow(path).tag = tag - global,
            Kind::TokenCounter => self.last_finish = tag,
            _ => {}
        }
        self.line.retain(|other| other != path);
    }
}

impl Order for Flat {
    fn unit(&self) -> Unit {
        match self.kind {
            Kind::Priority => Unit::Class,
            Kind::Deadline => Unit::Queue,
            _ => Unit::Tenant,
        }
    }

    fn add(&mut self, _: u64, path: &Path, terms: Terms) {
        let is_class = path.last().is_some_and(|(level, _)| *level == 2);
        let tag = match self.kind {
            Kind::Stride => Ratio::from(1) / terms.product,
            _ => Ratio::ZERO,
        };
        let priority = if is_class { terms.own } else { terms.product };
        let (weight, tie) = (terms.product, terms.tie);
        let flow = Flow { weight, priority, tie, tag, window: 0, first: None };
        self.flows.insert(path.clone(), flow);
    }

    fn remove(&mut self, _: u64, path: &Path) {
        self.flows.retain(|flow, _| !flow.starts_with(path));
    }

    fn reweigh(&mut self, _: u64, path: &Path, terms: Terms) {
        let global = self.virtual_time;
        let is_stride = self.kind == Kind::Stride;
        let is_class = path.last().is_some_and(|(level, _)| *level == 2);
        let flow = self.flow(path);
        if is_stride {
            let origin = if flow.first.is_some() { global } else { Ratio::ZERO };
            flow.tag = origin + (flow.tag - origin) * flow.weight / terms.product;
        }
        flow.weight = terms.product;
        flow.priority = if is_class { terms.own } else { terms.product };
    }

    fn set_rate(&mut self, _: u64, rate: Ratio) {
        self.rate = rate;
    }

    fn set_first(&mut self, now: u64, path: &Path, first: Option<First>) {
        match (self.flows[path].first.is_some(), first) {
            (false, Some(first)) => {
                self.wake(now, path);
                self.flow(path).first = Some(first);
            }
            (true, None) => self.sleep(path),
            (_, first) => self.flow(path).first = first,
        }
    }

    fn pick(&mut self, now: u64) -> Choice {
        let awake = self.awake().map(|(path, ..)| path);
        let least = awake.min_by_key(|path| self.rank(now, path)).expect("something is awake");
        Choice::Flow(least.clone())
    }

    fn queue_of(&self, flow: &Path) -> Path {
        self.flows[flow].first.as_ref().expect("it is awake").queue.clone()
    }

    fn serve(&mut self, now: u64, path: &Path, sent: &First, next: Option<First>) {
        let (weights, window) = (self.weights(), self.window(now));
        let flow = self.flow(path);
        let before = if flow.window == window { flow.tag } else { Ratio::ZERO };
        let after = before + Ratio::from(sent.segments) / flow.weight;
        match self.kind {
            Kind::RoundRobin | Kind::Priority | Kind::Deadline => {
                self.line.retain(|other| other != path);
                self.line.push(path.clone());
            }
            Kind::SmoothWeighted => {
                for flow in self.flows.values_mut().filter(|flow| flow.first.is_some()) {
                    flow.tag = flow.tag + flow.weight;
                }
                let flow = self.flow(path);
                flow.tag = flow.tag - weights;
            }
            Kind::StartTime => {
                self.virtual_time = self.virtual_time.max(before);
                self.last_finish = self.last_finish.max(after);
                let span = (Ratio::from(sent.segments) / self.rate).ceil() as u64;
                self.busy_until = self.busy_until.max(now) + span;
            }
            Kind::SelfClocked => self.virtual_time = self.virtual_time.max(after),
            Kind::Stride => {
                self.virtual_time = self.virtual_time + Ratio::from(sent.segments) / weights;
            }
            Kind::Used(_) | Kind::TokenCounter => {}
        }
        if !matches!(self.kind, Kind::SmoothWeighted) {
            let flow = self.flow(path);
            (flow.tag, flow.window) = (after, window);
        }
        self.set_first(now, path, next);
    }

    fn completed(&mut self, now: u64, path: &Path, _: &Path, charged: u64, used: u64) {
        let window = self.window(now);
        let kind = self.kind;
        let flow = self.flow(path);
        let back = Ratio::from(charged - used) / flow.weight;
        match kind {
            Kind::StartTime | Kind::SelfClocked | Kind::Stride | Kind::TokenCounter => {
                flow.tag = flow.tag - back;
            }
            Kind::Used(_) => {
                let present = if flow.window == window { flow.tag } else { Ratio::ZERO };
                (flow.tag, flow.window) = ((present - back).max(Ratio::ZERO), window);
            }
            _ => {}
        }
    }

    fn distance(&self, a: &Path, b: &Path) -> Ratio {
        match (self.kind, self.flows.get(a), self.flows.get(b)) {
            (Kind::Stride, Some(a), Some(b)) => (a.tag - b.tag).abs(),
            _ => Ratio::from(u64::MAX),
        }
    }
}
