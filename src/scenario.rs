//! Scenario files: as written → decoded with spans → resolved.
//!
//! [`load`] takes a file and the overrides of a command line and gives either a [`Scenario`] that
//! the model can run as it is, or [`Diagnostics`] with everything that is wrong. Each table of the
//! file is described once (`reader`); the loader, its "did you mean" and the JSON [`schema`] all
//! read that description. Quantities are exact (`quantity`), and values of `--set` go through the
//! same decoding as the file (`overrides`).

mod action;
mod clock;
mod decode;
mod diagnostics;
mod failover;
mod fault;
mod gateway;
mod load;
mod message_log;
mod overrides;
mod quantity;
mod rate_profile;
mod reader;
mod resolved;
mod schema;
mod series;
mod suggest;
mod sweep;
mod tree;

pub use action::{Action, Order, Whom};
pub use clock::Zone;
pub use diagnostics::{Colouring, Diagnostics};
pub use failover::{Failover, FailureTrigger};
pub use fault::{Factor, Fault, FaultKind, Nature, Occurrence, Recurrence};
pub use gateway::{
    Absent, Bind, Capacity, DailyLimit, EnquireLink, Gateway, LimitPer, ReceiptIds, RecipientQueue,
    Reconnect, RetryStep, SenderLimit,
};
pub use load::{
    InputFile, LoadError, Loaded, MetricUnit, Registries, load, replace_traffic, resolve_text,
};
pub use message_log::{
    LogDefaults, LogError, LogFormat, LogRow, LogTime, attach_log, content_hash, read_log,
    replay_log,
};
pub use quantity::{QuantityError, parse_part, parse_rate, parse_span};
pub use resolved::{
    Arrivals, Awaited, Bound, CampaignNotice, Check, Class, Curve, Destination, DetectorChoice,
    Dispatchers, GapLaw, HomeOf, Latency, LoggedArrival, Margin, MessageLog, Outside, Pace,
    Probability, ProfileInterval, QuotaOf, RateProfile, Scenario, Selector, SendWindow, Sender,
    SenderUse, Source, Submissions, Tenant, TenantSet,
};
pub use schema::schema;
pub(crate) use suggest::nearest;
pub use sweep::{Axis, AxisValue, AxisValues, Constraint, Design, Operand, Repeats, Sweep};

/// All kinds of faults: name, effect, and the keys that set them.
pub fn fault_kinds() -> Vec<[String; 3]> {
    decode::fault_kinds().collect()
}
pub use series::{LabelledSeries, SeriesError, load_series};

/// All carrier profiles: name, date, what it is of, sources, and its keys as TOML.
pub fn carrier_profiles() -> Vec<[String; 5]> {
    decode::carrier_profiles().collect()
}
