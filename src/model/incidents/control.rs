//! Negative controls: tenants with whom nothing is wrong, however odd they look.

use super::draws::{beta, binomial, gamma, poisson};
use super::{WINDOW_S, WINDOWS_A_DAY};
use crate::detector::{Counts, ErrorClass, Notice};
use crate::engine::{Seed, Stream, StreamName, uniform_open};
use crate::time::Time;

/// A kind of tenant that nobody should be paged for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Control {
    /// A message now and then, of which 30 % fail: most failures are 1 of 1.
    SingleFailures,
    /// A message at the very beginning and nothing more.
    Silence,
    /// Five messages a day.
    Sparse,
    /// Fifty messages in each window.
    Steady,
    /// A failure rate and a volume that wander.
    Noisy,
    /// Ten times as much at noon as at night.
    Day,
    /// A fifth of the volume at the weekend.
    Week,
    /// Leaves after four days, and says so.
    Ends,
    /// Begins on the third day with full volume.
    Begins,
    /// Twenty times the volume for two hours, announced.
    Campaign,
    /// Everything fails in two hours of announced maintenance.
    Maintenance,
    /// The same number in each window.
    NoVariance,
}

/// All controls.
pub fn controls() -> [Control; 12] {
    use Control::*;
    [
        SingleFailures,
        Silence,
        Sparse,
        Steady,
        Noisy,
        Day,
        Week,
        Ends,
        Begins,
        Campaign,
        Maintenance,
        NoVariance,
    ]
}

/// When the two hours of a campaign or a maintenance begin: noon of the fifth day.
const EVENT: u64 = 4 * WINDOWS_A_DAY + WINDOWS_A_DAY / 2;
const EVENT_WINDOWS: u64 = 24;

impl Control {
    /// The name used in output.
    pub fn name(self) -> &'static str {
        match self {
            Control::SingleFailures => "single-failures",
            Control::Silence => "silence",
            Control::Sparse => "sparse",
            Control::Steady => "steady",
            Control::Noisy => "noisy",
            Control::Day => "day",
            Control::Week => "week",
            Control::Ends => "ends",
            Control::Begins => "begins",
            Control::Campaign => "campaign",
            Control::Maintenance => "maintenance",
            Control::NoVariance => "no-variance",
        }
    }

    /// The stream of a tenant.
    pub fn stream(self, seed: u64, tenant: u32) -> Stream {
        let name = StreamName::new(format!("tenant/{tenant}"), format!("control/{}", self.name()));
        Seed::new(seed).stream(&name)
    }

    /// What the platform announces at the start of a window.
    pub fn notice(self, window: u64) -> Option<Notice> {
        let until = Time::from_seconds((EVENT + EVENT_WINDOWS) * WINDOW_S);
        match (self, window) {
            (Control::Ends, window) if window == 4 * WINDOWS_A_DAY => Some(Notice::Detached),
            (Control::Begins, window) if window == 2 * WINDOWS_A_DAY => Some(Notice::Attached),
            (Control::Campaign, EVENT) => Some(Notice::CampaignAnnounced { until }),
            (Control::Maintenance, EVENT) => Some(Notice::Maintenance { until }),
            _ => None,
        }
    }

    /// What is seen of a tenant in a window.
    pub fn counts(self, stream: &Stream, window: u64) -> Counts {
        let luck = stream.luck(window, 0);
        let day = (window % WINDOWS_A_DAY) as f64 / WINDOWS_A_DAY as f64;
        let in_event = (EVENT..EVENT + EVENT_WINDOWS).contains(&window);
        let usual = 0.02;
        let (mean, rate) = match self {
            Control::SingleFailures => {
                let comes = uniform_open(luck.number(0)) < 1.0 / 48.0;
                return counts(u32::from(comes), binomial(luck.number(1), u32::from(comes), 0.3));
            }
            Control::Silence => return counts(u32::from(window == 0), 0),
            Control::NoVariance => return counts(50, 1),
            Control::Sparse => (5.0 / WINDOWS_A_DAY as f64, usual),
            Control::Steady => (50.0, usual),
            Control::Noisy => {
                let rate = beta([luck.number(4), luck.number(5)], 0.05, 60.0);
                (50.0 * gamma(luck.number(3), 2.0), rate)
            }
            Control::Day => (20.0 * (1.0 - 0.82 * libm::cos(core::f64::consts::TAU * day)), usual),
            Control::Week if window / WINDOWS_A_DAY % 7 >= 5 => (10.0, usual),
            Control::Week => (50.0, usual),
            Control::Ends if window >= 4 * WINDOWS_A_DAY => (0.0, usual),
            Control::Begins if window < 2 * WINDOWS_A_DAY => (0.0, usual),
            Control::Campaign if in_event => (1_000.0, usual),
            Control::Maintenance if in_event => (50.0, 1.0),
            Control::Ends | Control::Begins | Control::Campaign | Control::Maintenance => {
                (50.0, usual)
            }
        };
        let submitted = poisson(luck.number(1), mean);
        counts(submitted, binomial(luck.number(2), submitted, rate))
    }
}

fn counts(submitted: u32, failed: u32) -> Counts {
    let mut counts = Counts { submitted, succeeded: submitted - failed, ..Counts::default() };
    counts.failed[ErrorClass::InvalidRecipient as usize] = failed;
    counts
}
