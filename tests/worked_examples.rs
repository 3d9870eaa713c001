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
//! - The public comparison's `trickleStale`, `ckTrickle`: their Poisson draws are not given. `CoDel` and the
//!   caps are no policies of order.
//! - DRF (9 CPU, 18 GB): a destination has one resource.
//! - Temporal's fairsim on Zipf draws, VTC's suites in tokens a second: draws not given.

#[path = "worked_examples/api_server.rs"]
mod api_server;
#[path = "support/direct.rs"]
mod direct;
#[path = "worked_examples/orders.rs"]
mod orders;
#[path = "worked_examples/platforms.rs"]
mod platforms;
#[path = "worked_examples/shares.rs"]
mod shares;
