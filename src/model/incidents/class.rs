//! What goes wrong, by its shape and by its cause.

/// The shape of an incident.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// The failure rate jumps.
    Step,
    /// The failure rate climbs from nothing to its full height over the first half.
    Ramp,
    /// One class of recipients fails altogether, the others do not.
    Subset,
    /// The failure rate jumps up and down from window to window.
    Flapping,
    /// Nothing fails; hardly anything is submitted any more.
    Blackout,
    /// Far more than usual is submitted, unannounced; it is delivered and has to be paid for.
    Surge,
    /// Failures are submitted again and again: more traffic, most of which fails.
    RetryStorm,
    /// Receipts come hours late; nothing fails.
    ReceiptDelay,
    /// A carrier fails for every tenant that uses it.
    CarrierOutage,
}

impl Class {
    /// All classes, in order.
    pub const ALL: [Class; 9] = [
        Class::Step,
        Class::Ramp,
        Class::Subset,
        Class::Flapping,
        Class::Blackout,
        Class::Surge,
        Class::RetryStorm,
        Class::ReceiptDelay,
        Class::CarrierOutage,
    ];

    /// Those that strike one tenant.
    pub const OF_ONE_TENANT: [Class; 8] = [
        Class::Step,
        Class::Ramp,
        Class::Subset,
        Class::Flapping,
        Class::Blackout,
        Class::Surge,
        Class::RetryStorm,
        Class::ReceiptDelay,
    ];

    /// The name used in output.
    pub fn name(self) -> &'static str {
        match self {
            Class::Step => "step",
            Class::Ramp => "ramp",
            Class::Subset => "subset",
            Class::Flapping => "flapping",
            Class::Blackout => "blackout",
            Class::Surge => "surge",
            Class::RetryStorm => "retry-storm",
            Class::ReceiptDelay => "receipt-delay",
            Class::CarrierOutage => "carrier-outage",
        }
    }
}

/// Why it goes wrong: what an operator would write into the report.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum IncidentCause {
    /// The carrier cannot be reached.
    CarrierOutage,
    /// The carrier takes fewer messages than are sent.
    Throttling,
    /// The carrier takes messages for spam.
    Filtering,
    /// The tenant sends to numbers that do not exist.
    BadList,
    /// Pumping or a flash crowd: outcomes cannot tell one from the other.
    Surge,
    /// The tenant's own system stopped submitting.
    TrafficStopped,
    /// Receipts are late.
    ReceiptDelay,
}

impl IncidentCause {
    /// The name used in output.
    pub fn name(self) -> &'static str {
        match self {
            IncidentCause::CarrierOutage => "carrier-outage",
            IncidentCause::Throttling => "throttling",
            IncidentCause::Filtering => "filtering",
            IncidentCause::BadList => "bad-list",
            IncidentCause::Surge => "surge",
            IncidentCause::TrafficStopped => "traffic-stopped",
            IncidentCause::ReceiptDelay => "receipt-delay",
        }
    }
}
