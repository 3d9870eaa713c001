//! A scenario as it runs: names resolved, populations unrolled, units exact.
//!
//! Every index in here is valid and every combination is one the model can run; what a person may
//! have got wrong was reported when the file was decoded.

mod curve;
mod traffic;

pub use curve::{Curve, Outside, SendWindow};
pub use traffic::{
    Arrivals, Awaited, CampaignNotice, GapLaw, Pace, ProfileInterval, RateProfile, SenderUse,
    Source,
};

use super::action::{Action, Whom};
use super::failover::Failover;
use super::fault::{Fault, FaultKind};
use super::gateway::Gateway;
use crate::detector::DetectorSettings;
use crate::scheduler::{
    Backpressure, DailyCap, PolicyOptions, RetryPolicy, ScoringOptions, ShareBounds, ShareNode,
};
use crate::time::{Span, Time};
use crate::units::{
    CampaignId, ClassId, DestinationId, Quota, SenderId, TenantId, TenantSetId, Weight,
};

/// A resolved scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// The file's name without its ending, unless it states another.
    pub name: String,
    /// What it shows.
    pub description: String,
    /// The seed, unless the command line states another.
    pub seed: u64,
    /// The policy, unless the command line states another.
    pub policy: String,
    /// Arrivals end here.
    pub duration: Span,
    /// The run goes on for at most this long after the arrivals, or until nothing is left.
    pub drain: Span,
    /// Messages submitted before this are left out of dwell, latency and on-time figures.
    pub warm_up: Span,
    /// Width of the windows of every series and of the fairness measures.
    pub window: Span,
    /// Index = [`DestinationId`].
    pub destinations: Vec<Destination>,
    /// Destinations that stand in for each other.
    pub failovers: Vec<Failover>,
    /// Index = [`ClassId`]; at least one.
    pub classes: Vec<Class>,
    /// Index = [`TenantSetId`]; empty when the scenario has none.
    pub tenant_sets: Vec<TenantSet>,
    /// The options of the policy `scoring`.
    pub scoring: ScoringOptions,
    /// What nodes of the share tree are promised and held to; those without bounds are not listed.
    pub bounds: Vec<(ShareNode, ShareBounds)>,
    /// Index = [`TenantId`].
    pub tenants: Vec<Tenant>,
    /// Index = [`SenderId`]; the senders of one tenant are adjacent.
    pub senders: Vec<Sender>,
    /// Synthetic traffic; the position is the source's number.
    pub sources: Vec<Source>,
    /// Recorded traffic, in order of time.
    pub log: Option<MessageLog>,
    /// The position is the fault's number.
    pub faults: Vec<Fault>,
    /// What is submitted.
    pub submissions: Submissions,
    /// The position is the action's number.
    pub actions: Vec<Action>,
    /// The detector, unless it is switched off.
    pub detector: Option<DetectorChoice>,
    /// What must hold.
    pub checks: Vec<Check>,
}

/// One route and the carrier behind it.
#[derive(Clone, Debug, PartialEq)]
pub struct Destination {
    /// Its name.
    pub name: String,
    /// What we may send; `None` for no limit of ours.
    pub quota: Option<Quota>,
    /// Submissions are refused while their queue would take longer than this to drain.
    pub admission: Option<Span>,
    /// What happens after failures.
    pub retry: RetryPolicy,
    /// How our side yields to the carrier.
    pub backpressure: Backpressure,
    /// How long the lane waits for a response.
    pub response_timeout: Span,
    /// How long the lane waits for a receipt.
    pub receipt_timeout: Span,
    /// The carrier's side.
    pub gateway: Gateway,
    /// Who divides the quota.
    pub dispatchers: Dispatchers,
}

/// The dispatchers of a destination: one scheduler, or several that know of their own messages alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dispatchers {
    /// How many; at least 1, and at most as many as the gateway has seats.
    pub count: u16,
    /// What comes to the same dispatcher.
    pub by: HomeOf,
    /// How often the quota is divided anew by demand; `None` for equal parts for ever.
    pub rebalance: Option<Span>,
}

impl Dispatchers {
    /// One scheduler.
    pub const ONE: Dispatchers = Dispatchers { count: 1, by: HomeOf::Message, rebalance: None };

    /// How many of them enforce a quota, each its part of it: a sender that belongs to one dispatcher has
    /// its whole cap there.
    pub fn enforcing(self, quota: QuotaOf) -> u64 {
        match (quota, self.by) {
            (QuotaOf::Sender, HomeOf::Tenant) => 1,
            _ => u64::from(self.count),
        }
    }
}

/// What comes to the same dispatcher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HomeOf {
    /// Every message by itself, scattered.
    Message,
    /// All messages of a tenant.
    Tenant,
}

/// Whose quota is divided among dispatchers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuotaOf {
    /// The destination's.
    Destination,
    /// A sender's cap.
    Sender,
}

/// A distribution of spans.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Latency {
    /// Always the same.
    Constant(Span),
    /// Uniform between two spans, both included.
    Uniform {
        /// The shortest.
        from: Span,
        /// The longest.
        to: Span,
    },
    /// Exponential.
    Exponential {
        /// Its mean.
        mean: Span,
    },
    /// Lognormal: half are below `median`; `sigma` is the standard deviation of the logarithm.
    Lognormal {
        /// Its median.
        median: Span,
        /// Standard deviation of the natural logarithm; 0 to 5.
        sigma: f64,
    },
}

impl Latency {
    /// Its mean in seconds.
    pub fn mean_s(&self) -> f64 {
        match self {
            Latency::Constant(span) => span.as_seconds_f64(),
            Latency::Uniform { from, to } => (from.as_seconds_f64() + to.as_seconds_f64()) / 2.0,
            Latency::Exponential { mean } => mean.as_seconds_f64(),
            Latency::Lognormal { median, sigma } => {
                median.as_seconds_f64() * libm::exp(sigma * sigma / 2.0)
            }
        }
    }
}

/// A probability in billionths: exact, so that it is the same on every machine.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Probability(u32);

impl Probability {
    /// Never.
    pub const NEVER: Probability = Probability(0);
    /// Always.
    pub const ALWAYS: Probability = Probability(1_000_000_000);

    /// `billionths` ÷ 10⁹, or `None` above one.
    pub const fn from_billionths(billionths: u32) -> Option<Self> {
        if billionths <= Self::ALWAYS.0 { Some(Probability(billionths)) } else { None }
    }

    /// In billionths.
    pub const fn billionths(self) -> u32 {
        self.0
    }

    /// As a number, for figures only.
    pub fn as_f64(self) -> f64 {
        f64::from(self.0) / 1e9
    }
}

/// A class of service.
#[derive(Clone, Debug, PartialEq)]
pub struct Class {
    /// Its name.
    pub name: String,
    /// Its weight among the classes of one tenant.
    pub weight: Weight,
    /// How long a message of this class may wait; reported beside every latency.
    pub deadline: Option<Span>,
}

/// A tenant set.
#[derive(Clone, Debug, PartialEq)]
pub struct TenantSet {
    /// Its name.
    pub name: String,
    /// Its weight among the sets.
    pub weight: Weight,
}

/// A tenant.
#[derive(Clone, Debug, PartialEq)]
pub struct Tenant {
    /// Its name; unique.
    pub name: String,
    /// The name of the `[[tenant]]` table it came from: the population it belongs to.
    pub group: String,
    /// Its set; every tenant has one or none has.
    pub set: Option<TenantSetId>,
    /// Its weight in its set, or among all tenants.
    pub weight: Weight,
    /// Its cap at each destination, over all its senders.
    pub cap: Option<Quota>,
    /// Its daily cap at each destination, over all its senders.
    pub daily_cap: Option<DailyCap>,
    /// Whether what one sender's queue is too long for goes out from another.
    pub spills: bool,
}

/// A sender of a tenant.
#[derive(Clone, Debug, PartialEq)]
pub struct Sender {
    /// Its name; unique within the tenant.
    pub name: String,
    /// Whose it is.
    pub tenant: TenantId,
    /// Its cap at each destination.
    pub cap: Option<Quota>,
    /// Its daily cap at each destination.
    pub daily_cap: Option<DailyCap>,
    /// What carriers take it for, such as a short code.
    pub class: Option<String>,
}

/// Recorded traffic.
#[derive(Clone, Debug, PartialEq)]
pub struct MessageLog {
    /// The path as written in the scenario.
    pub path: String,
    /// XXH3-128 of the file's bytes, in hexadecimal.
    pub content_hash: String,
    /// The messages in order of time; equal times in order of the file.
    pub arrivals: Vec<LoggedArrival>,
}

/// One recorded submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoggedArrival {
    /// When.
    pub time: Time,
    /// Whose.
    pub tenant: TenantId,
    /// From which of the tenant's senders.
    pub sender: SenderId,
    /// Where to.
    pub destination: DestinationId,
    /// Its class.
    pub class: ClassId,
    /// What it costs.
    pub segments: u32,
    /// How long it stays worth sending.
    pub validity: Option<Span>,
    /// Of which campaign, where orders name it.
    pub campaign: Option<CampaignId>,
    /// Where its luck comes from, in a log that a run of the same scenario exported.
    pub luck: Option<u64>,
}

/// What is submitted in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Submissions {
    /// What the sources make and the log holds; faults add to it and withhold from it.
    Made,
    /// What the log holds, in place of the sources; faults add to it and withhold from it.
    Frozen,
    /// What the log holds, in place of the sources and of what faults do to traffic.
    Replayed,
}

/// Which detector watches, and how it is set.
#[derive(Clone, Debug, PartialEq)]
pub struct DetectorChoice {
    /// Its name in the registry of detectors.
    pub name: String,
    /// Its settings.
    pub settings: DetectorSettings,
}

/// Something that must hold after a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// What it is called in reports.
    pub name: String,
    /// The name of a metric in the registry of metrics.
    pub metric: String,
    /// Of whom.
    pub selector: Selector,
    /// The bound, in the metric's unit (seconds for times).
    pub bound: Bound,
    /// How much worse than a recorded baseline the figure may get.
    pub margin: Margin,
    /// Line in the scenario file, from 1.
    pub line: u32,
}

/// How much worse a figure may get.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Margin {
    /// By this part of what it was.
    Relative(f64),
    /// By this, in the metric's unit.
    Absolute(f64),
}

/// Of whom a metric is taken. Empty fields select all.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Selector {
    /// A tenant, or the population that a `[[tenant]]` table with a count made.
    pub tenant: Option<String>,
    /// A tenant set.
    pub tenant_set: Option<String>,
    /// A class.
    pub class: Option<String>,
    /// A destination.
    pub destination: Option<String>,
}

/// A bound; the value may equal it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// The value is at most this.
    AtMost(f64),
    /// The value is at least this.
    AtLeast(f64),
}

impl Bound {
    /// Whether `value` keeps the bound; NaN never does.
    pub fn holds(self, value: f64) -> bool {
        match self {
            Bound::AtMost(limit) => value <= limit,
            Bound::AtLeast(limit) => value >= limit,
        }
    }
}

impl Scenario {
    /// Whether all arrivals are the same whatever the policy: those of closed loops depend on when
    /// earlier messages were served, those of runaway retries on what failed, so runs that have some
    /// are not paired message by message.
    pub fn is_open_loop(&self) -> bool {
        !self.sources.iter().any(|source| matches!(source.arrivals, Arrivals::ClosedLoop { .. }))
            && !self.faults.iter().any(|fault| matches!(fault.kind, FaultKind::RunawayRetry { .. }))
    }

    /// Leaves only the sources that `keeps` chooses, and the orders that do not concern one of the others.
    pub fn retain_sources(&mut self, keeps: impl Fn(&Source) -> bool) {
        let mut left = 0;
        let places: Vec<Option<CampaignId>> = self
            .sources
            .iter()
            .map(|source| {
                keeps(source).then(|| {
                    left += 1;
                    CampaignId(left - 1)
                })
            })
            .collect();
        self.sources.retain(keeps);
        self.actions.retain_mut(|action| match &mut action.whom {
            Whom::Campaign(campaign) => {
                let place = places[campaign.index()];
                *campaign = place.unwrap_or(*campaign);
                place.is_some()
            }
            Whom::Tenant(_) | Whom::Sender(_) => true,
        });
        for arrival in self.log.iter_mut().flat_map(|log| &mut log.arrivals) {
            arrival.campaign = arrival.campaign.and_then(|campaign| places[campaign.index()]);
        }
    }

    /// By source: whether an order names it as a campaign.
    pub fn ordered_campaigns(&self) -> Vec<bool> {
        let mut named = vec![false; self.sources.len()];
        for action in &self.actions {
            if let Whom::Campaign(campaign) = action.whom {
                named[campaign.index()] = true;
            }
        }
        named
    }

    /// What the scenario asks of its policy beside weights.
    pub fn policy_options(&self) -> PolicyOptions {
        PolicyOptions { scoring: self.scoring, has_bounds: !self.bounds.is_empty() }
    }

    /// The tenants that `name` stands for: one tenant, or all of one population.
    pub fn tenants_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = TenantId> + 'a {
        self.tenants
            .iter()
            .enumerate()
            .filter(move |(_, tenant)| tenant.name == name || tenant.group == name)
            .map(|(index, _)| TenantId(index as u32))
    }
}
