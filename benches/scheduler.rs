//! The cost of a decision, by policy, number of queues and kind of load.
//!
//! `cargo bench --bench scheduler -- --quick` runs all; `-- --quick sfq/all` some. A decision is what a
//! policy does for one message that goes and one that comes: `enqueued`, `pick`, `dispatched`, `completed`,
//! and with churn `eligible`. The lane around it is not measured here.
//!
//! - `all`: every queue is backlogged, and stays so;
//! - `tenth`: every tenth is, and stays so;
//! - `churn`: every tenth has a single message; who is served falls idle, and another one wakes.

use apportion::scheduler::{
    Entry, EntryKind, Hop, Level, NodeId, POLICIES, Pick, Policy, PolicyInfo, Reshape,
};
use apportion::time::Time;
use apportion::units::{QueueId, Rate, Segments, Weight, mix};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};

const SIZES: [u32; 6] = [10, 100, 1_000, 10_000, 100_000, 1_000_000];
/// Smooth weighted round robin looks at every queue for each decision: at more than these it takes too long.
const MOST_FOR_LINEAR: u32 = 10_000;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Load {
    All,
    Tenth,
    Churn,
}

struct World {
    policy: Box<dyn Policy>,
    load: Load,
    rate: Rate,
    now: Time,
    sequence: u64,
    /// The two messages that wait in each queue, if any.
    waiting: Vec<[Option<Entry>; 2]>,
    draws: u64,
}

impl World {
    fn new(info: &PolicyInfo, queues: u32, load: Load) -> World {
        let rate = Rate::per_second(1_000_000).expect("a valid rate");
        let mut policy = info.build(Some(rate)).expect("it has a rate");
        policy.reshape(Time::ZERO, Reshape::Rate(Some(rate)));
        for queue in 0..queues {
            let weight = Weight::whole(1 + (mix(queue.into()) % 8) as u32).expect("a valid weight");
            let hop = |node, level, weight: Weight| Hop {
                node: NodeId(node),
                level,
                weight,
                tie: mix(u64::from(node) << 8),
            };
            let path = [
                hop(2 * queue, Level::Tenant, weight),
                hop(2 * queue + 1, Level::Sender, Weight::ONE),
            ];
            policy.attach(Time::ZERO, QueueId(queue), &path);
        }
        let waiting = vec![[None, None]; queues as usize];
        let mut world =
            World { policy, load, rate, now: Time::ZERO, sequence: 0, waiting, draws: 0 };
        let step = if load == Load::All { 1 } else { 10 };
        for queue in (0..queues).step_by(step) {
            world.put(queue);
            if load != Load::Churn {
                world.put(queue);
            }
        }
        world
    }

    fn put(&mut self, queue: u32) {
        self.sequence += 1;
        let segments = Segments(1 + (mix(self.sequence) % 3) as u32);
        let deadline = self.now.saturating_add(self.rate.span_of(mix(self.sequence) % 100_000));
        let entry = Entry { segments, deadline, sequence: self.sequence, kind: EntryKind::New };
        self.policy.enqueued(self.now, QueueId(queue), entry);
        let waiting = &mut self.waiting[queue as usize];
        if waiting[0].is_none() {
            waiting[0] = Some(entry);
            self.policy.eligible(self.now, QueueId(queue), entry);
        } else {
            waiting[1] = Some(entry);
        }
    }

    fn decide(&mut self) {
        let draws = &mut self.draws;
        let mut draw = || {
            *draws += 1;
            mix(*draws)
        };
        let queue = loop {
            match self.policy.pick(self.now, &mut draw) {
                Pick::Queue(queue) => break queue,
                Pick::NotUntil(time) => self.now = time,
                Pick::Idle => unreachable!("something always waits"),
            }
        };
        let [sent, next] = self.waiting[queue.index()];
        let sent = sent.expect("only what waits is picked");
        self.waiting[queue.index()] = [next, None];
        self.policy.dispatched(self.now, queue, sent, next);
        self.now += self.rate.span_of(sent.segments.get());
        self.policy.completed(self.now, queue, sent.segments, sent.segments);
        let comes = match self.load {
            Load::All | Load::Tenth => queue.0,
            Load::Churn => loop {
                self.draws += 1;
                let other = (mix(self.draws) % self.waiting.len() as u64) as u32;
                if self.waiting[other as usize][0].is_none() {
                    break other;
                }
            },
        };
        self.put(comes);
    }
}

fn decisions(criterion: &mut Criterion) {
    for info in POLICIES {
        let mut group = criterion.benchmark_group(info.name);
        for (name, load) in [("all", Load::All), ("tenth", Load::Tenth), ("churn", Load::Churn)] {
            for size in SIZES {
                if info.name == "weighted-round-robin" && size > MOST_FOR_LINEAR {
                    continue;
                }
                // Built when it is asked for: a filter should not wait for a million queues.
                let mut world = None;
                group.bench_function(BenchmarkId::new(name, size), |bencher| {
                    let world = world.get_or_insert_with(|| World::new(info, size, load));
                    bencher.iter(|| world.decide());
                });
            }
        }
        group.finish();
    }
}

criterion_group!(benches, decisions);
criterion_main!(benches);
