//! The cost of a message in a lane: submitted, sent, answered and receipted, under the load of
//! `tests/support/crowd.rs` (four levels, two pacers, admission, expiry, accounting, random order).
//!
//! `cargo bench --bench lane -- --quick` compares scoring with first-in-first-out, which has one heap, and
//! with a policy that looks at every queue. What the policy alone costs is in the bench `scheduler`.

#[path = "../tests/support/crowd.rs"]
#[allow(dead_code, reason = "tests use more of it")]
mod crowd;
#[path = "../tests/support/linear.rs"]
mod linear;

use apportion::scheduler::{Fifo, Policy, Scoring};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use crowd::Crowd;
use linear::LinearScan;

/// Looking at every queue of more than these takes milliseconds a message.
const MOST_FOR_LINEAR: u32 = 10_000;

fn messages(criterion: &mut Criterion) {
    for queues in [100, 10_000, 1_000_000] {
        measure(criterion, "scoring", queues, Scoring::new);
        measure(criterion, "fifo", queues, Fifo::new);
        if queues <= MOST_FOR_LINEAR {
            measure(criterion, "linear-scan", queues, LinearScan::default);
        }
    }
}

fn measure<P: Policy>(criterion: &mut Criterion, name: &str, queues: u32, policy: impl Fn() -> P) {
    // Built when it is asked for: a filter should not wait for a million queues.
    let mut crowd = None;
    let mut group = criterion.benchmark_group("lane");
    group.bench_function(BenchmarkId::new(name, queues), |bencher| {
        let crowd = crowd.get_or_insert_with(|| {
            let mut crowd = Crowd::new(policy(), queues);
            crowd.fill(2);
            crowd
        });
        bencher.iter(|| crowd.turn());
    });
    group.finish();
}

criterion_group!(benches, messages);
criterion_main!(benches);
