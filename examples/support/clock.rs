//! Processor time, for examples that measure.

use std::time::{Duration, Instant};

/// Processor time of this thread where the system tells it, else the time of day.
pub(crate) enum Clock {
    Processor(Duration),
    Wall(Instant),
}

impl Clock {
    pub(crate) fn start() -> Clock {
        processor_time().map_or_else(|| Clock::Wall(Instant::now()), Clock::Processor)
    }

    pub(crate) fn passed(&self) -> Duration {
        match self {
            Clock::Processor(start) => processor_time().unwrap_or(*start) - *start,
            Clock::Wall(start) => start.elapsed(),
        }
    }
}

/// Linux keeps the nanoseconds that a thread was on a processor as the first number of this file.
fn processor_time() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}
