//! Watches over many runs: Ctrl-C, and progress on a terminal.

#![expect(
    clippy::disallowed_methods,
    reason = "progress is about the wall clock; no result sees it"
)]

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use super::{Exit, Global};
use crate::experiment::Overseer;

/// Tells how far many runs are, and whether somebody pressed Ctrl-C.
pub(super) struct Watchman {
    interrupted: Arc<AtomicBool>,
    is_shown: bool,
    began: Instant,
    done: AtomicUsize,
    /// How many runs there will be, at most.
    of: AtomicUsize,
    shown: Mutex<Option<Instant>>,
}

/// The first Ctrl-C asks the runs to end, so that nothing half written is left; a second one does not
/// wait for them.
fn interruption() -> Arc<AtomicBool> {
    static FLAG: OnceLock<Arc<AtomicBool>> = OnceLock::new();
    let flag = FLAG.get_or_init(|| {
        let flag = Arc::new(AtomicBool::new(false));
        let signal = signal_hook::consts::SIGINT;
        // Without a handler Ctrl-C ends the process at once, which is safe as well: results are
        // exchanged whole. So where it cannot be set, nothing is lost but the exit code.
        let second = signal_hook::flag::register_conditional_shutdown(
            signal,
            Exit::Interrupted as i32,
            Arc::clone(&flag),
        );
        let _ = second.and_then(|_| signal_hook::flag::register(signal, Arc::clone(&flag)));
        flag
    });
    Arc::clone(flag)
}

impl Watchman {
    /// Watches over at most `runs` runs.
    pub(super) fn new(global: &Global, runs: usize) -> Self {
        Watchman {
            interrupted: interruption(),
            is_shown: !global.quiet && std::io::stderr().is_terminal(),
            began: Instant::now(),
            done: AtomicUsize::new(0),
            of: AtomicUsize::new(runs),
            shown: Mutex::new(None),
        }
    }

    /// Further runs that are to come.
    pub(super) fn expect_more(&self, runs: usize) {
        self.of.fetch_add(runs, Ordering::Relaxed);
    }

    /// Runs done so far.
    pub(super) fn done(&self) -> usize {
        self.done.load(Ordering::Relaxed)
    }

    /// Wipes the line; returns how long it all took.
    pub(super) fn finish(&self) -> Duration {
        if let Ok(shown) = self.shown.lock()
            && shown.is_some()
        {
            eprint!("\r\x1b[K");
        }
        self.began.elapsed()
    }

    fn show(&self, done: usize) {
        let Ok(mut shown) = self.shown.try_lock() else { return };
        let now = Instant::now();
        if now - shown.unwrap_or(self.began) < Duration::from_millis(250) {
            return;
        }
        *shown = Some(now);
        let of = self.of.load(Ordering::Relaxed).max(done);
        let rate = done as f64 / (now - self.began).as_secs_f64();
        let left = (of - done) as f64 / rate.max(1e-9);
        eprint!("\r\x1b[K{done} of {of} runs  {rate:.1} runs/s  {left:.0} s left");
        // Progress that cannot be shown is no reason to stop.
        let _ = std::io::stderr().flush();
    }
}

impl Overseer for Watchman {
    fn wants_stop(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    fn run_done(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        if self.is_shown {
            self.show(done);
        }
    }
}
