//! The figures of one run, as they are written to files.
//!
//! A figure that does not exist (a quantile of nothing, a recall without incidents) is absent,
//! never 0. Names are stable: fields are added, never renamed.

mod fairness;

pub use fairness::FairnessFigures;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::causal::{CausalFigures, CausalRow, FaultFigures};
use super::detail::Detail;

/// Version of the layout of `summary.json`.
pub const SCHEMA_VERSION: u32 = 1;

/// Everything measured of one run.
#[derive(Clone, Debug, PartialEq)]
pub struct Findings {
    /// The run at a glance.
    pub summary: Summary,
    /// A row a tenant and destination.
    pub tenants: Vec<TenantRow>,
    /// A row a destination.
    pub destinations: Vec<DestinationRow>,
    /// A row a window, tenant and destination.
    pub series: Vec<SeriesRow>,
    /// A row an injected failure.
    pub incidents: Vec<IncidentRow>,
    /// A row an alert raised.
    pub alerts: Vec<AlertRow>,
    /// What each injected failure did, a row a tenant and destination; empty unless asked for.
    pub causal: Vec<CausalRow>,
    /// What the figures were made from: checks merge it over whom they select. Not written to files.
    pub detail: Detail,
}

/// `summary.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Name of the scenario.
    pub scenario: String,
    /// Name of the policy.
    pub policy: String,
    /// The seed, as text because some readers lose integers above 2⁵³.
    pub seed: String,
    /// The digest of the run.
    pub digest: String,
    /// Number of domain events.
    pub events: u64,
    /// Virtual time at the end, seconds.
    pub ended_s: f64,
    /// Ledger A in messages.
    pub messages: Ledger,
    /// Ledger A in segments.
    pub segments: Ledger,
    /// Ledger B: messages by truth.
    pub truth: BTreeMap<String, u64>,
    /// Ledger C: attempts dispatched, answered, unanswered, of unknown outcome.
    pub attempts: BTreeMap<String, u64>,
    /// Messages of unknown outcome that a process which died held in memory.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub lost_on_restart: u64,
    /// Fairness over the windows in which at least two tenants had unserved work.
    pub fairness: FairnessFigures,
    /// By class of service.
    pub classes: BTreeMap<String, ClassFigures>,
    /// By destination.
    pub destinations: BTreeMap<String, ClassFigures>,
    /// By population of tenants, as the scenario's `[[tenant]]` tables name them.
    pub groups: BTreeMap<String, ClassFigures>,
    /// The detector against the injected failures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detection: Option<DetectionFigures>,
    /// What each injected failure did, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causal: Option<CausalFigures>,
    /// The scenario's checks.
    pub checks: Vec<CheckResult>,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// Ledger A: `submitted` is the sum of the others but `duplicates`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// Handed to the platform.
    pub submitted: u64,
    /// Turned away.
    pub refused: u64,
    /// Waiting in queues.
    pub queued: u64,
    /// Submitted to the gateway, unanswered.
    pub in_flight: u64,
    /// Waiting for the next attempt.
    pub parked: u64,
    /// At the carrier, no receipt.
    pub accepted: u64,
    /// Delivered, by receipt.
    pub delivered: u64,
    /// Failed.
    pub failed: u64,
    /// Validity over before dispatch.
    pub expired: u64,
    /// Withdrawn.
    pub cancelled: u64,
    /// Outcome never learnt.
    pub unknown: u64,
    /// Copies beyond the first that the carrier delivered (ledger B).
    pub duplicates: u64,
}

/// Times of a group of messages.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClassFigures {
    /// Messages submitted.
    pub submitted: u64,
    /// Submission to first dispatch.
    pub dwell_s: TimeFigures,
    /// Submission to delivery (truth).
    pub latency_s: TimeFigures,
    /// Dispatched within the class's deadline ÷ submitted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_time: Option<f64>,
}

/// Quantiles over **all** submitted messages; those that never got there are right-censored.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TimeFigures {
    /// How many got there.
    pub observed: u64,
    /// How many did not.
    pub censored: u64,
    /// Median.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p50: Option<Quantile>,
    /// 90th percentile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p90: Option<Quantile>,
    /// 99th percentile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p99: Option<Quantile>,
    /// 99.9th percentile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p999: Option<Quantile>,
    /// The longest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<Quantile>,
    /// Mean of those that got there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean: Option<f64>,
}

/// A quantile in seconds: a number, or in the censored part the text `">x"`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Quantile {
    /// The value.
    Exactly(f64),
    /// The value is above this.
    Above(f64),
}

impl Quantile {
    /// The worse of two: one that is only known to be above something is worse than any that is known, and
    /// the worse of the two is above both.
    pub(super) fn worse(a: Option<Quantile>, b: Option<Quantile>) -> Option<Quantile> {
        let (Some(a), Some(b)) = (a, b) else { return a.or(b) };
        let number = |quantile| match quantile {
            Quantile::Exactly(value) | Quantile::Above(value) => value,
        };
        let larger = number(a).max(number(b));
        match (a, b) {
            (Quantile::Exactly(_), Quantile::Exactly(_)) => Some(Quantile::Exactly(larger)),
            _ => Some(Quantile::Above(larger)),
        }
    }
}

impl Serialize for Quantile {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Quantile::Exactly(value) => serializer.serialize_f64(*value),
            Quantile::Above(value) => serializer.collect_str(&format_args!(">{value}")),
        }
    }
}

impl<'de> Deserialize<'de> for Quantile {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl serde::de::Visitor<'_> for Reader {
            type Value = Quantile;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a number of seconds, or \">\" and a number")
            }
            fn visit_f64<E>(self, value: f64) -> Result<Quantile, E> {
                Ok(Quantile::Exactly(value))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Quantile, E> {
                Ok(Quantile::Exactly(value as f64))
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Quantile, E> {
                let number = text.strip_prefix('>').and_then(|rest| rest.parse().ok());
                number
                    .map(Quantile::Above)
                    .ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

/// The detector against the injected failures.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DetectionFigures {
    /// Injected failures that touched traffic.
    pub incidents: u64,
    /// Those with an alert onset inside.
    pub detected: u64,
    /// `detected ÷ incidents`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recall: Option<f64>,
    /// Alert onsets inside an incident of their account ÷ alert onsets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub precision: Option<f64>,
    /// Median over detected incidents of first onset − start, seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay_median_s: Option<f64>,
    /// The delay within which nine in ten of all incidents were found, seconds. A missed one counts as
    /// later than any, so it is absent where more than one in ten was missed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay_p90_s: Option<f64>,
    /// Mean over all incidents of first onset − start, seconds, where a missed one counts with its whole
    /// length: nothing is won by missing what is hard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay_censored_mean_s: Option<f64>,
    /// Alert onsets inside incidents ÷ `detected`; 1 is ideal, more are repeats.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alerts_per_incident: Option<f64>,
    /// Median over detected incidents of last clearing − end, seconds, 0 where it was cleared before. One
    /// that was never cleared counts as later than any; absent where that is the median.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reset_median_s: Option<f64>,
    /// Alert onsets.
    pub alerts: u64,
    /// Alert onsets outside every incident.
    pub false_alarms: u64,
    /// False alarms per tenant and day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub false_alarms_per_tenant_day: Option<f64>,
}

/// The verdict of one check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckResult {
    /// Its name.
    pub name: String,
    /// The metric.
    pub metric: String,
    /// Of whom, in words.
    pub of: String,
    /// What was measured; `None` when the run has no such figure, which fails the check.
    pub value: Option<f64>,
    /// `"<="` or `">="`.
    pub operator: String,
    /// The bound.
    pub bound: f64,
    /// The unit of value and bound: `"s"`, or empty.
    pub unit: String,
    /// Whether `value` is only known to be exceeded: the quantile lies among messages that never
    /// got there.
    #[serde(default)]
    pub censored: bool,
    /// Whether it holds.
    pub passed: bool,
    /// Line in the scenario file.
    pub line: u32,
}

/// A row of `tenants.csv`.
#[derive(Clone, Debug, PartialEq)]
pub struct TenantRow {
    /// Tenant.
    pub tenant: String,
    /// Its population.
    pub group: String,
    /// Its set, or empty.
    pub tenant_set: String,
    /// Destination.
    pub destination: String,
    /// Ledger A in messages.
    pub messages: Ledger,
    /// Segments dispatched.
    pub segments_sent: u64,
    /// Mean share of what the destination sent while the tenant had unserved work, 0 to 1.
    pub share_mean: Option<f64>,
    /// The same for its max-min entitlement.
    pub entitlement_mean: Option<f64>,
    /// Submission to first dispatch.
    pub dwell_s: TimeFigures,
}

/// A row of `destinations.csv`.
#[derive(Clone, Debug, PartialEq)]
pub struct DestinationRow {
    /// Destination.
    pub destination: String,
    /// Quota in segments a second; `None` for no limit.
    pub quota_per_s: Option<f64>,
    /// Segments offered.
    pub offered_segments: u64,
    /// Segments dispatched.
    pub sent_segments: u64,
    /// Attempts.
    pub attempts: u64,
    /// Sent ÷ what demand and quota allowed.
    pub work_conservation: Option<f64>,
    /// Submission to first dispatch.
    pub dwell_s: TimeFigures,
}

/// A row of `series.csv`: one window of one tenant at one destination.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesRow {
    /// Start of the window, seconds.
    pub start_s: f64,
    /// Tenant.
    pub tenant: String,
    /// Its population.
    pub group: String,
    /// Destination.
    pub destination: String,
    /// Segments submitted in the window.
    pub offered: u64,
    /// Segments dispatched in the window.
    pub sent: u64,
    /// Segments waiting at its end.
    pub backlog: u64,
    /// Its max-min entitlement of what was sent in the window, segments.
    pub entitled: f64,
    /// Attempts that failed in the window.
    pub failed: u64,
}

/// A row of `incidents.csv`.
#[derive(Clone, Debug, PartialEq)]
pub struct IncidentRow {
    /// The fault's name.
    pub fault: String,
    /// Its kind.
    pub kind: String,
    /// Whether it is a failure, a change or a negative control.
    pub nature: String,
    /// Destination.
    pub destination: String,
    /// Tenant, or empty for all.
    pub tenant: String,
    /// Start, seconds.
    pub start_s: f64,
    /// End, seconds.
    pub end_s: f64,
    /// Messages submitted in its scope while it lasted.
    pub submitted: u64,
    /// Attempts in its scope while it lasted.
    pub attempts: u64,
    /// Those of them that failed.
    pub failed: u64,
    /// First alert onset inside, seconds after the start.
    pub detected_after_s: Option<f64>,
    /// What it did, where that was asked for.
    pub causal: Option<FaultFigures>,
}

/// A row of `alerts.csv`.
#[derive(Clone, Debug, PartialEq)]
pub struct AlertRow {
    /// When it was raised, seconds.
    pub raised_s: f64,
    /// When it was cleared, seconds.
    pub cleared_s: Option<f64>,
    /// Tenant.
    pub tenant: String,
    /// Destination.
    pub destination: String,
    /// What is abnormal.
    pub kind: String,
    /// How bad.
    pub severity: String,
    /// The scores at the onset.
    pub failure: f64,
    /// The scores at the onset.
    pub fluctuation: f64,
    /// The scores at the onset.
    pub sparsity: f64,
    /// The scores at the onset.
    pub impact: f64,
    /// The fault it belongs to, or empty for a false alarm.
    pub fault: String,
    /// Start of the first abnormal window, seconds.
    pub since_s: f64,
    /// Whom it hits: how many accounts of the destination, 1 for the tenant alone.
    pub accounts: u32,
    /// How sure it is: powers of ten by which what was seen is likelier if something is wrong.
    pub evidence: f64,
    /// The harmed share of the traffic.
    pub harmed: f64,
    /// What was expected since it began: failures, messages or late outcomes, by kind.
    pub expected: f64,
    /// What was seen instead.
    pub seen: f64,
    /// The likely cause.
    pub cause: String,
    /// Where to look first.
    pub look: String,
}
