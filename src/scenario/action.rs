//! What the platform's operators do while a scenario runs.

use crate::time::Time;
use crate::units::{CampaignId, ClassId, DestinationId, SenderId, TenantId, Weight};

/// One order, at its time.
#[derive(Clone, Debug, PartialEq)]
pub struct Action {
    /// Its name; unique.
    pub name: String,
    /// When it is given.
    pub at: Time,
    /// To the lane of which destination; to all when none is named.
    pub destination: Option<DestinationId>,
    /// Whom it concerns.
    pub whom: Whom,
    /// What is ordered.
    pub order: Order,
}

/// Whom an order concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whom {
    /// All of a tenant.
    Tenant(TenantId),
    /// All of one of its senders.
    Sender(SenderId),
    /// All of one of its traffic tables; the number is the position of the source.
    Campaign(CampaignId),
}

/// What is ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Dispatch nothing until it is resumed.
    Pause,
    /// End a pause.
    Resume,
    /// Withdraw what waits.
    Cancel,
    /// Let what waits queue with this class.
    Reclassify(ClassId),
    /// Give a tenant this weight.
    Reweight(Weight),
}

impl Order {
    /// The name used in files and output.
    pub const fn name(self) -> &'static str {
        match self {
            Order::Pause => "pause",
            Order::Resume => "resume",
            Order::Cancel => "cancel",
            Order::Reclassify(_) | Order::Reweight(_) => "reprioritise",
        }
    }
}
