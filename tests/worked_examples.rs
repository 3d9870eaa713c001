//! Examples from papers, and other people's test suites, with the results that they give.
//!
//! What cannot be expressed, and why:
//!
//! - Kubernetes `TestDifferentFlowsWithoutQueuing`, `Exempt`: they have no queues, hence no policy: requests
//!   are refused, or run, at once. `ContextCancel` and `RequestWaitLimit` test how a request is told; that
//!   is the lane's `cancel` and expiry. `TestFindDispatchQueueLocked` sets fields from inside: its rules are
//!   checked decision by decision by `tests/reference.rs`. `TotalRequestsExecutingWithPanic`: no threads.
//! - dmClock `limit_break` and `reject_at_limit`: what is over a limit waits here, it is neither served nor
//!   refused. The distributed cases (`delta`, `rho`): a lane has one scheduler.
//! - Seastar `random_run`: its random numbers are not given; `longer_run` is the same at length.
//! - The public comparison's `trickleStale`, `ckTrickle`, `ckSybil`, and `ckSkew` with light keys that trickle
//!   in: the draws of their arrivals are not given. `CoDel` and the caps on concurrency (`perKeyCap`,
//!   `totalCap`) are no policies of order.
//! - Dominant shares of several resources at once: a destination has one. The example of the paper is
//!   divided by dominant share.
//! - Temporal's fairsim on Zipf draws, its functional test of them, and its sketch: draws not given, and
//!   counters are exact here.
//! - VTC's Poisson suites and its real trace: draws not given; `dist_shift` is `on_off_less`, an overload and
//!   `proportional` one after the other. Its machine serves a batch at once, ours one request at a time.
//! - Linux: clamped lags with slices of different lengths, as a message is never interrupted.

#[path = "worked_examples/api_server.rs"]
mod api_server;
#[path = "worked_examples/comparison.rs"]
mod comparison;
#[path = "support/direct.rs"]
mod direct;
#[path = "worked_examples/orders.rs"]
mod orders;
#[path = "worked_examples/platforms.rs"]
mod platforms;
#[path = "worked_examples/scripts.rs"]
mod scripts;
#[path = "worked_examples/shards.rs"]
mod shards;
#[path = "worked_examples/shares.rs"]
mod shares;
#[path = "worked_examples/tokens.rs"]
mod tokens;
