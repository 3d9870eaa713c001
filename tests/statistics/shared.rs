//! The table of coverage: what each procedure promises, by simulation against known truth.
//!
//! A row is a procedure on data whose truth is known, repeated in many independent *macro-runs*. What is
//! counted is how often the interval has the truth in it, or how often an error is made, with the exact
//! interval of that proportion. The intervals of all rows together have level 95 % (Bonferroni).
//!
//! | promise | kept | broken |
//! |---|---|---|
//! | coverage of a nominal 95 % interval | its whole interval ≥ 93 % | its whole interval < 93 % |
//! | coverage of an exact interval | whole interval in 93 to 97 % | whole interval outside |
//! | error rate, nominal 5 % | not shown to be above 5 % | shown to be above 5 % |
//!
//! What is neither is *undecided*, and that is a failure of the row too. An answer that the procedure
//! declines to give (run too short, cap reached) is not counted as covered or not; a row may decline at
//! most 5 %.
//!
//! **Red rows** are wrong on purpose: the shortcut that the procedure is there to avoid. They must be
//! *broken*; if one were kept, the criterion could not tell right from wrong.
//!
//! **Seeds and bounds** were fixed before the table was first made. Sizes and numbers of macro-runs come
//! from pilots under another seed.

#[path = "draws.rs"]
mod draws;
#[path = "families.rs"]
mod families;
#[path = "fixed.rs"]
mod fixed;
#[path = "long_run.rs"]
mod long_run;
#[path = "stopping.rs"]
mod stopping;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use apportion::experiment::statistics::{Level, ProportionInterval, proportion_interval};

pub(crate) use draws::{Draws, mean_wait, wait_quantile};

/// The seed of the table.
pub(crate) const SEED: u64 = 2_611_030_417;

/// Coverage of a nominal 95 % interval must not be below.
const LEAST_COVERAGE: f64 = 0.93;

/// Coverage of an exact 95 % interval must not be above.
const MOST_COVERAGE: f64 = 0.97;

/// Error rates must not be above.
const MOST_ERRORS: f64 = 0.05;

/// A row may decline to answer in this part of its macro-runs.
const MOST_DECLINED: f64 = 0.05;

/// Macro-runs are handed to threads in so many parts.
const PARTS: u64 = 64;

/// What a row promises.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Promise {
    /// The interval has the truth in it often enough.
    Covers,
    /// And not too often: it is exact.
    CoversExactly,
    /// An error is made seldom enough.
    SeldomErrs,
}

/// What one macro-run came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Trial {
    /// The interval has the truth in it; or an error was made.
    Yes,
    /// It has not; or no error was made.
    No,
    /// No answer was given.
    Declined,
}

impl Trial {
    /// From an answer that may not have been given.
    pub(crate) fn from_answer(answer: Option<bool>) -> Trial {
        match answer {
            Some(true) => Trial::Yes,
            Some(false) => Trial::No,
            None => Trial::Declined,
        }
    }
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    /// What is done to what; also the name of its luck.
    pub(crate) name: &'static str,
    /// What it promises.
    pub(crate) promise: Promise,
    /// Whether it is wrong on purpose, and must be found out.
    pub(crate) is_red: bool,
    /// How many macro-runs.
    pub(crate) macro_runs: u64,
    /// One macro-run.
    pub(crate) trial: fn(&mut Draws) -> Trial,
}

/// A row that must keep its promise.
pub(crate) const fn green(
    name: &'static str,
    promise: Promise,
    macro_runs: u64,
    trial: fn(&mut Draws) -> Trial,
) -> Row {
    Row { name, promise, is_red: false, macro_runs, trial }
}

/// A row that must be seen to break it.
pub(crate) const fn red(
    name: &'static str,
    promise: Promise,
    macro_runs: u64,
    trial: fn(&mut Draws) -> Trial,
) -> Row {
    Row { name, promise, is_red: true, macro_runs, trial }
}

/// All rows.
pub(crate) fn rows() -> Vec<Row> {
    let rooms = [fixed::ROWS, long_run::ROWS, stopping::ROWS, families::ROWS];
    rooms.concat()
}

/// Whether a promise is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    /// It is.
    Kept,
    /// It is not.
    Broken,
    /// There are too few macro-runs to tell, or too many declined.
    Undecided,
}

/// A row with what it came to.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Finding {
    /// How often `Yes`, of those that answered.
    pub(crate) proportion: ProportionInterval,
    /// How many declined.
    pub(crate) declined: u64,
}

impl Finding {
    /// Whether the promise is kept.
    pub(crate) fn verdict(&self, promise: Promise) -> Verdict {
        let ProportionInterval { low, high, trials, .. } = self.proportion;
        let declined = self.declined as f64 / (self.declined + trials) as f64;
        let (is_kept, is_broken) = match promise {
            Promise::Covers => (low >= LEAST_COVERAGE, high < LEAST_COVERAGE),
            Promise::CoversExactly => (
                low >= LEAST_COVERAGE && high <= MOST_COVERAGE,
                high < LEAST_COVERAGE || low > MOST_COVERAGE,
            ),
            Promise::SeldomErrs => (low <= MOST_ERRORS, low > MOST_ERRORS),
        };
        match (is_kept, is_broken) {
            (_, true) => Verdict::Broken,
            (true, _) if declined <= MOST_DECLINED => Verdict::Kept,
            _ => Verdict::Undecided,
        }
    }
}

/// How the table is made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// The seed, [`SEED`] but for pilots.
    pub(crate) seed: u64,
    /// Each row has its macro-runs divided by this.
    pub(crate) divisor: u64,
    /// Threads; they change nothing but the time it takes.
    pub(crate) threads: usize,
    /// Level of the interval of one row's proportion.
    pub(crate) level: Level,
}

impl Plan {
    /// All macro-runs of a row.
    pub(crate) fn run(&self, row: &Row) -> Finding {
        let macro_runs = (row.macro_runs / self.divisor).max(1);
        let next = AtomicUsize::new(0);
        // Counts are whole numbers: their sums are the same in any order.
        let counts = Mutex::new([0_u64; 3]);
        std::thread::scope(|scope| {
            for _ in 0..self.threads.max(1) {
                scope.spawn(|| {
                    loop {
                        let part = next.fetch_add(1, Ordering::Relaxed) as u64;
                        if part >= PARTS {
                            break;
                        }
                        let own = self.run_part(row, part, macro_runs);
                        let mut counts = counts.lock().expect("no thread panics while it adds");
                        for (sum, count) in counts.iter_mut().zip(own) {
                            *sum += count;
                        }
                    }
                });
            }
        });
        let [yes, no, declined] = counts.into_inner().expect("all threads are done");
        // When all decline there is no proportion; one that says nothing stands for it.
        let proportion = proportion_interval(yes, (yes + no).max(1), self.level);
        Finding { proportion: proportion.expect("at least one trial"), declined }
    }

    fn run_part(&self, row: &Row, part: u64, macro_runs: u64) -> [u64; 3] {
        let mut counts = [0; 3];
        for number in (part..macro_runs).step_by(PARTS as usize) {
            let place = match (row.trial)(&mut Draws::new(self.seed, row.name, number)) {
                Trial::Yes => 0,
                Trial::No => 1,
                Trial::Declined => 2,
            };
            counts[place] += 1;
        }
        counts
    }
}
