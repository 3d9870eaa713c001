//! Queueing theory against the real engine and lane: the table, its seeds and its precision.
//!
//! **Set-up.** Quota unlimited, one session of window c, response = service time: the lane is an M/G/c
//! queue, first in first out, and the wait is the dwell. Mean waits are compared with Erlang's formula
//! (M/M/c) and with Pollaczek–Khinchine (M/M/1, M/D/1, M/G/1).
//!
//! **Intervals.** Independent replications from an empty queue, each under its own seed; messages of
//! the first 20 relaxation times are deleted; a t interval over the replications' means. The family of
//! all cells has level 95 % (Bonferroni): each interval has level 1 − 5 % ÷ 12.
//!
//! **Control variates.** From each replication's mean wait is taken what theory's slope says of how its
//! realised mean gap, mean service and mean squared service missed their known expectations. The
//! slopes are constants, so this adds no bias; in heavy traffic it halves the variance, and it takes out
//! the rare giant services that would leave a lognormal mean skewed even after 10⁸ messages. What
//! controls take out they would also hide, were the inputs themselves wrong; so the inputs and the
//! utilisation must each be within 6 standard errors (theirs are known exactly). Little's law must hold
//! to the nanosecond in every replication.
//!
//! **Seeds** were named before they were first run. The numbers of messages come from a quarter-size
//! pilot under other seeds (these plus 900,000,000), with a margin of about a fifth in width.

mod cells;
mod observer;
mod replications;

pub(crate) use cells::{Cell, SERVICE, Service};
pub(crate) use replications::Plan;

/// Replications of the full table.
pub(crate) const REPLICATIONS: usize = 96;

/// Level of one interval, by Bonferroni.
pub(crate) fn level() -> f64 {
    1.0 - 0.05 / CELLS.len() as f64
}

/// The table. Seeds of the cells are 1,000,000 apart; replication i of a cell runs under seed + i.
pub(crate) const CELLS: [Cell; 12] = [
    cell("M/M/1", 1, Service::Exponential, 500, 41_000_000, 30_000, 0.01),
    cell("M/M/1", 1, Service::Exponential, 800, 42_000_000, 100_000, 0.01),
    cell("M/M/1", 1, Service::Exponential, 950, 43_000_000, 300_000, 0.02),
    cell("M/M/4", 4, Service::Exponential, 500, 44_000_000, 100_000, 0.01),
    cell("M/M/4", 4, Service::Exponential, 800, 45_000_000, 180_000, 0.01),
    cell("M/M/4", 4, Service::Exponential, 950, 46_000_000, 300_000, 0.02),
    cell("M/D/1", 1, Service::Constant, 500, 47_000_000, 30_000, 0.01),
    cell("M/D/1", 1, Service::Constant, 800, 48_000_000, 100_000, 0.01),
    cell("M/D/1", 1, Service::Constant, 950, 49_000_000, 300_000, 0.02),
    cell("M/G/1", 1, Service::Lognormal, 500, 50_000_000, 100_000, 0.01),
    cell("M/G/1", 1, Service::Lognormal, 800, 51_000_000, 300_000, 0.01),
    cell("M/G/1", 1, Service::Lognormal, 950, 52_000_000, 900_000, 0.02),
];

const fn cell(
    queue: &'static str,
    servers: u32,
    service: Service,
    load_permille: u64,
    seed: u64,
    messages: u64,
    half_width: f64,
) -> Cell {
    Cell { queue, servers, service, load_permille, seed, messages, half_width }
}
