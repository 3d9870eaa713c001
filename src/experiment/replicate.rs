//! Many runs on all cores, folded in order: the same result for any number of threads.
//!
//! Replication k of every policy and every parameter point runs with the same seed (common random
//! numbers), so that luck cancels out of differences. Of each run a [`Record`] is kept, never the run.

mod record;
mod tap;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;

pub use record::{Chosen, ChosenError, Keep, Record, TenantFigures, default_metrics, observe};
pub use tap::{Dwells, SLOTS, Slot};

/// Who watches over many runs: may end them, and is told of progress.
pub trait Overseer: Sync {
    /// Whether to stop without a result. Asked often, also in the middle of a run.
    fn wants_stop(&self) -> bool {
        false
    }

    /// One more run is done.
    fn run_done(&self) {}
}

/// Nobody watches.
impl Overseer for () {}

/// Why there is no result.
#[derive(Debug, PartialEq, Eq)]
pub enum Ended<E> {
    /// A job failed. Of several that did, it is the first in order.
    Failed(E),
    /// The overseer wanted to stop.
    Interrupted,
}

impl<E> From<E> for Ended<E> {
    fn from(error: E) -> Self {
        Ended::Failed(error)
    }
}

/// The seed of replication `index`, counted from 0, of a scenario whose own seed is `first`.
///
/// Neighbouring numbers are as unrelated as any: a seed is the key of a cipher. So replication k
/// is what `apportion run --seed` with this number runs.
pub const fn seed_of(first: u64, index: u64) -> u64 {
    first.wrapping_add(index)
}

/// Does the jobs `0..count` on `threads` threads and hands their results to `fold` in order of the
/// jobs, on this thread. When `fold` breaks, jobs that were begun ahead are dropped.
///
/// # Errors
/// The first job in order that failed, or the interruption.
pub fn fold_in_order<R: Send, E: Send>(
    threads: usize,
    count: usize,
    overseer: &dyn Overseer,
    work: impl Fn(usize) -> Result<R, E> + Sync,
    mut fold: impl FnMut(usize, R) -> ControlFlow<()>,
) -> Result<(), Ended<E>> {
    let next = AtomicUsize::new(0);
    let is_over = AtomicBool::new(false);
    let (sender, receiver) = mpsc::channel();
    let work = |sender: mpsc::Sender<(usize, Result<R, E>)>| {
        while !is_over.load(Ordering::Relaxed) && !overseer.wants_stop() {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= count {
                break;
            }
            let result = work(index);
            overseer.run_done();
            // Jobs are begun in order: all that come before one that failed are begun already.
            let failed = result.is_err();
            if sender.send((index, result)).is_err() || failed {
                break;
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, count.max(1)) {
            let (work, sender) = (&work, sender.clone());
            scope.spawn(move || work(sender));
        }
        drop(sender);
        let mut waiting = BTreeMap::new();
        let mut due = 0;
        for (index, result) in receiver {
            if result.is_err() {
                is_over.store(true, Ordering::Relaxed);
            }
            waiting.insert(index, result);
            while let Some(result) = waiting.remove(&due) {
                // What a run that was cut short left behind is no result.
                if overseer.wants_stop() {
                    return Err(Ended::Interrupted);
                }
                let flow = match result {
                    Ok(result) => fold(due, result),
                    Err(error) => return Err(Ended::Failed(error)),
                };
                due += 1;
                if flow.is_break() {
                    is_over.store(true, Ordering::Relaxed);
                    return Ok(());
                }
            }
        }
        if due < count { Err(Ended::Interrupted) } else { Ok(()) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collect(threads: usize, count: usize, stop_at: usize) -> Vec<usize> {
        let mut found = Vec::new();
        let work = |index: usize| {
            // Later jobs are done sooner, so that order has to be made.
            std::thread::sleep(std::time::Duration::from_micros(((count - index) * 20) as u64));
            Ok::<_, ()>(index * index)
        };
        let folded = fold_in_order(threads, count, &(), work, |index, square| {
            assert_eq!(square, index * index);
            found.push(square);
            if index + 1 == stop_at { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert_eq!(folded, Ok(()));
        found
    }

    #[test]
    fn results_are_folded_in_order_whatever_the_threads_and_up_to_where_the_fold_stops() {
        for threads in [1, 2, 7] {
            assert_eq!(collect(threads, 20, 99), (0..20).map(|i| i * i).collect::<Vec<_>>());
            assert_eq!(collect(threads, 20, 5), [0, 1, 4, 9, 16]);
            assert!(collect(threads, 0, 99).is_empty());
        }
    }

    #[test]
    fn the_first_failure_in_order_is_reported() {
        for threads in [1, 2, 5] {
            let work = |index: usize| {
                if index == 3 {
                    // The later failure is there first.
                    std::thread::sleep(std::time::Duration::from_millis(5));
                }
                if index == 3 || index == 4 { Err(index) } else { Ok(()) }
            };
            let mut folded = 0;
            let ended = fold_in_order(threads, 9, &(), work, |_, ()| {
                folded += 1;
                ControlFlow::Continue(())
            });
            assert_eq!(ended, Err(Ended::Failed(3)));
            assert_eq!(folded, 3);
        }
    }

    #[test]
    fn an_interruption_leaves_no_result() {
        struct After(AtomicUsize);
        impl Overseer for After {
            fn wants_stop(&self) -> bool {
                self.0.load(Ordering::Relaxed) >= 4
            }
            fn run_done(&self) {
                self.0.fetch_add(1, Ordering::Relaxed);
            }
        }
        let after = After(AtomicUsize::new(0));
        let mut folded = 0;
        let ended = fold_in_order(2, 50, &after, Ok::<_, ()>, |_, _| {
            folded += 1;
            ControlFlow::Continue(())
        });
        assert_eq!(ended, Err(Ended::Interrupted));
        assert!(folded <= 4, "{folded}");
    }
}
