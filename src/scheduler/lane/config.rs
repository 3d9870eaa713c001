//! What a lane is told before and while it runs.

use alloc::vec::Vec;
use core::fmt;

use super::backpressure::Backpressure;
use super::bounds::{ShareBounds, ShareNode};
use super::gate::DailyCap;
use crate::scheduler::retry::RetryPolicy;
use crate::time::Span;
use crate::units::{ClassId, Quota, SenderId, TenantId, TenantSetId, Weight};

/// The settings of a lane.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct LaneConfig {
    /// What may be sent; `None` for no limit.
    pub quota: Option<Quota>,
    /// Submissions are refused, or go out from another sender ([`Lane::set_spill`]), while their queue
    /// would take longer than this to drain at its present share or caps; `None` to take everything.
    ///
    /// [`Lane::set_spill`]: super::Lane::set_spill
    pub admission: Option<Span>,
    /// What happens after failures.
    pub retry: RetryPolicy,
    /// How the lane yields to a carrier that throttles or fails.
    pub backpressure: Backpressure,
    /// How long an attempt may stay unanswered.
    pub response_timeout: Span,
    /// How long an accepted message may stay without a receipt, and how long after a bad end the
    /// lane still recognises a late one.
    pub receipt_timeout: Span,
    /// Weights of the tenant sets, by number; empty when there is no such level.
    pub tenant_sets: Vec<Weight>,
    /// Weights of the classes among those of one tenant, by number; with a single class the share
    /// tree has no such level.
    pub classes: Vec<Weight>,
    /// Keys the order of ties; no tenant may know it.
    pub salt: u64,
}

/// A tenant, as a lane needs to know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct TenantSpec {
    /// Its set; must be given exactly when the lane has tenant sets.
    pub set: Option<TenantSetId>,
    /// Its weight in its set, or among all tenants.
    pub weight: Weight,
}

/// A change to a lane at work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Another quota; what was sent ahead of the old one stays owed.
    Quota(Option<Quota>),
    /// Another weight of a tenant, for what is queued as well as for what comes.
    TenantWeight(TenantId, Weight),
    /// Another cap of a sender; what was sent ahead of the old one stays owed.
    SenderCap(SenderId, Option<Quota>),
    /// Another cap of a tenant, over all its senders.
    TenantCap(TenantId, Option<Quota>),
    /// Another daily cap of a sender; what was sent since the last reset counts against it.
    SenderDailyCap(SenderId, Option<DailyCap>),
    /// Another daily cap of a tenant, over all its senders.
    TenantDailyCap(TenantId, Option<DailyCap>),
    /// What a node of the share tree is promised and held to.
    Bounds(ShareNode, ShareBounds),
}

/// Why a change was not made. The lane is as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeError {
    /// A burst of nothing would never let anything go.
    BurstIsZero,
    /// No such tenant is attached.
    TenantNotAttached(TenantId),
    /// The tenant is attached already.
    TenantAttached(TenantId),
    /// The lane has no such tenant set, or has sets and the tenant names none.
    NoSuchTenantSet(Option<TenantSetId>),
    /// The tenant still has messages in the lane.
    TenantHasMessages(TenantId),
    /// The lane has no such class, or only one and thus no such level.
    NoSuchClass(ClassId),
    /// A part of a share is at most all of it.
    PartAboveOne,
}

impl fmt::Display for ChangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ChangeError::BurstIsZero => f.write_str("a burst of 0 segments never lets anything go"),
            ChangeError::TenantNotAttached(tenant) => {
                write!(f, "tenant {} is not attached to this lane", tenant.0)
            }
            ChangeError::TenantAttached(tenant) => {
                write!(f, "tenant {} is attached to this lane already", tenant.0)
            }
            ChangeError::NoSuchTenantSet(Some(set)) => {
                write!(f, "the lane has no tenant set {}", set.0)
            }
            ChangeError::NoSuchTenantSet(None) => {
                f.write_str("the lane divides among tenant sets, and the tenant names none")
            }
            ChangeError::TenantHasMessages(tenant) => {
                write!(f, "tenant {} still has messages in this lane; cancel them first", tenant.0)
            }
            ChangeError::NoSuchClass(class) => {
                write!(f, "the share tree of the lane has no class {}", class.0)
            }
            ChangeError::PartAboveOne => f.write_str("a part of a share is at most all of it"),
        }
    }
}

impl core::error::Error for ChangeError {}
