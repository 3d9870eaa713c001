//! The cost of a message in a lane: submitted, sent, answered and receipted, under the load of
//! `tests/support/crowd.rs` (four levels, two pacers, admission, expiry, accounting, random order).
//!
//! `cargo bench --bench lane -- --quick` compares scoring with first-in-first-out, which has one heap, and
//! with a policy that looks at every queue. What the policy alone costs is in the bench `scheduler`.
//!
//! - `all`: every queue has two messages to begin with, and each is as likely to get the next one;
//! - `tenth`: the same of every tenth queue;
//! - `churn`: every tenth queue has one message to begin with; who is served falls idle, and another one wakes.

#[path = "../tests/support/crowd.rs"]
#[allow(dead_code, reason = "tests use more of it")]
mod crowd;
#[path = "../tests/support/linear.rs"]
mod linear;

use apportion::scheduler::{Fifo, Policy, Scoring};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use crowd::Crowd;
use linear::LinearScan;

const SIZES: [u32; 6] = [10, 100, 1_000, 10_000, 100_000, 1_000_000];
/// Looking at every queue of more than these takes milliseconds a message.
const MOST_FOR_LINEAR: u32 = 10_000;

#[derive(Clone, Copy)]
enum Load {
    All,
    Tenth,
    Churn,
}

impl Load {
    /// The distance of the queues that messages wait in to begin with, and how many wait in each.
    fn waiting(self) -> (usize, u32) {
        match self {
            Load::All => (1, 2),
            Load::Tenth => (10, 2),
            Load::Churn => (10, 1),
        }
    }

    /// The distance of the queues that messages come to.
    fn step(self) -> u32 {
        match self {
            Load::All | Load::Churn => 1,
            Load::Tenth => 10,
        }
    }
}

fn messages(criterion: &mut Criterion) {
    for (name, load) in [("all", Load::All), ("tenth", Load::Tenth), ("churn", Load::Churn)] {
        for queues in SIZES {
            measure(criterion, &format!("scoring/{name}"), queues, load, Scoring::new);
            measure(criterion, &format!("fifo/{name}"), queues, load, Fifo::new);
            if queues <= MOST_FOR_LINEAR {
                let name = format!("linear-scan/{name}");
                measure(criterion, &name, queues, load, LinearScan::default);
            }
        }
    }
}

fn measure<P: Policy>(
    criterion: &mut Criterion,
    name: &str,
    queues: u32,
    load: Load,
    policy: impl Fn() -> P,
) {
    // Built when it is asked for: a filter should not wait for a million queues.
    let mut crowd = None;
    let mut group = criterion.benchmark_group("lane");
    group.bench_function(BenchmarkId::new(name, queues), |bencher| {
        let crowd = crowd.get_or_insert_with(|| {
            let mut crowd = Crowd::new(policy(), queues);
            let (step, messages) = load.waiting();
            crowd.fill_every(step, messages);
            crowd
        });
        bencher.iter(|| crowd.turn_among(load.step()));
    });
    group.finish();
}

criterion_group!(benches, messages);
criterion_main!(benches);
