//! Properties of the modelled world: whose luck is whose, what faults do, how runs end.
//!
//! Each property is a comparison that is also shown something it must reject: a scenario that was
//! changed, another seed, or a broken double.

#[path = "model/actions.rs"]
mod actions;
#[path = "model/arrivals.rs"]
mod arrivals;
#[path = "model/carrier.rs"]
mod carrier;
#[path = "model/dispatchers.rs"]
mod dispatchers;
#[path = "model/disturbances.rs"]
mod disturbances;
#[path = "model/endings.rs"]
mod endings;
#[path = "model/failover.rs"]
mod failover;
#[path = "model/failures.rs"]
mod failures;
#[path = "model/faults.rs"]
mod faults;
#[path = "model/fluid_oracle.rs"]
mod fluid_oracle;
#[path = "model/gateway.rs"]
mod gateway;
#[path = "model/impact.rs"]
mod impact;
#[path = "model/luck.rs"]
mod luck;
#[path = "model/observed.rs"]
mod observed;
#[path = "model/paths.rs"]
mod paths;
#[path = "model/storm.rs"]
mod storm;
#[path = "model/support.rs"]
mod support;
#[path = "model/traffic.rs"]
mod traffic;
