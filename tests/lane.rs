//! How a lane behaves, from submission to the last late receipt.

#[path = "lane/bounds.rs"]
mod bounds;
#[path = "lane/carrier.rs"]
mod carrier;
#[path = "lane/changes.rs"]
mod changes;
#[path = "lane/notices.rs"]
mod notices;
#[path = "lane/orders.rs"]
mod orders;
#[path = "lane/outcomes.rs"]
mod outcomes;
#[path = "lane/pacing.rs"]
mod pacing;
#[path = "lane/restart.rs"]
mod restart;
#[path = "support/rig.rs"]
mod rig;
#[path = "lane/sessions.rs"]
mod sessions;
#[cfg(feature = "lab")]
#[path = "lane/snapshot.rs"]
mod snapshot;
#[path = "lane/waiting.rs"]
mod waiting;
