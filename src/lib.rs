//! Apportion divides a carrier's message quota among many tenants, and proves that the division is
//! fair, fast and safe before anyone rolls it out.
//!
//! Two things live here and are never confused. **Production code** ([`scheduler`], [`detector`]
//! and the [`time`] and [`units`] they stand on) is written to be linked into a messaging platform:
//! no clock, no input or output, no allocation per message in the steady state, and no dependency but
//! `libm`. It is `no_std`; `cargo build --lib --no-default-features` builds it alone. **The
//! laboratory** (everything else, feature `lab`) drives that same code, unchanged, with synthetic or
//! recorded traffic against a modelled carrier.
//!
//! | room | what for |
//! |---|---|
//! | [`time`], [`units`] | integer time, identities, exact rates and weights |
//! | [`scheduler`] | lanes, queues, admission, pacing, retry, and the policies |
//! | [`detector`] | failure, fluctuation and sparsity scores, impact, severity, alerts |
//! | [`event`] | the typed domain events of a run, sinks, the digest |
//! | [`engine`] | virtual clock, calendar, named random streams, samplers |
//! | [`scenario`] | scenario files, from text to resolved |
//! | [`model`] | traffic, gateway, faults, and the world that ties them to the lanes |
//! | [`measure`] | latency, fairness, detection accuracy, invariants |
//! | [`experiment`] | runs, checks, verification, comparison of runs |
//! | [`report`] | files, plots, tables |
//! | [`cli`] | one file a command |

#![cfg_attr(not(any(test, feature = "lab")), no_std)]

extern crate alloc;

pub mod detector;
mod paged;
pub mod scheduler;
pub mod time;
pub mod units;

#[cfg(feature = "lab")]
pub mod cli;
#[cfg(feature = "lab")]
pub mod engine;
#[cfg(feature = "lab")]
pub mod event;
#[cfg(feature = "lab")]
pub mod experiment;
#[cfg(feature = "lab")]
pub mod measure;
#[cfg(feature = "lab")]
pub mod model;
#[cfg(feature = "lab")]
pub mod report;
#[cfg(feature = "lab")]
pub mod scenario;
