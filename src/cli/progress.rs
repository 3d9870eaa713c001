//! Progress on a terminal, for runs that take longer than a moment.

#![expect(
    clippy::disallowed_methods,
    reason = "progress is about the wall clock; no result sees it"
)]

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use super::Global;
use crate::event::{Event, Flow, Sink};
use crate::scenario::Scenario;

/// Tells how far a run is. Silent where stderr is no terminal.
pub(super) struct Progress {
    is_shown: bool,
    began: Instant,
    shown: Option<Instant>,
    end_s: f64,
    events: u64,
}

/// Events between two looks at the clock: looking is dear.
const LOOK_EVERY: u64 = 1 << 16;

impl Progress {
    pub(super) fn new(global: &Global, scenario: &Scenario) -> Self {
        Progress {
            is_shown: !global.quiet && std::io::stderr().is_terminal(),
            began: Instant::now(),
            shown: None,
            end_s: scenario.duration.as_seconds_f64(),
            events: 0,
        }
    }

    fn show(&mut self, event: &Event) {
        let now = Instant::now();
        let last = self.shown.unwrap_or(self.began);
        if now - last < Duration::from_millis(250) {
            return;
        }
        self.shown = Some(now);
        let done = (event.time.as_seconds_f64() / self.end_s).min(1.0);
        let elapsed = (now - self.began).as_secs_f64();
        let left = elapsed * (1.0 - done) / done.max(1e-9);
        let rate = self.events as f64 / elapsed / 1e6;
        eprint!("\r\x1b[K{:3.0} %  {rate:.1} M events/s  {left:.0} s left", done * 100.0);
        // Progress that cannot be shown is no reason to stop a run.
        let _ = std::io::stderr().flush();
    }

    /// Wipes the line; returns how long it all took.
    pub(super) fn finish(&self) -> Duration {
        if self.shown.is_some() {
            eprint!("\r\x1b[K");
        }
        self.began.elapsed()
    }
}

impl Sink for Progress {
    fn record(&mut self, event: &Event) -> Flow {
        self.events += 1;
        if self.is_shown && self.events.is_multiple_of(LOOK_EVERY) {
            self.show(event);
        }
        Flow::Continue
    }
}
