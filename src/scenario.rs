//! Scenario files: as written → decoded with spans → resolved.

mod resolved;

pub use resolved::{
    Arrivals, Bound, Check, Class, Destination, DetectorChoice, Fault, FaultKind, Gateway, Latency,
    LoggedArrival, MessageLog, Probability, Scenario, Selector, Sender, Source, Tenant, TenantSet,
};
