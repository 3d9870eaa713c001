//! What hits many accounts of a destination at once is told once.

use apportion::detector::{
    Account, AlertChange, AlertEvent, AlertKind, AlertScope, Cause, Counts, Detector, ErrorClass,
    Notice, Part, ScoresDetector, Severity,
};
use apportion::time::Time;
use apportion::units::{DestinationId, TenantId};

use super::traffic::{DAY, Luck, standard};

/// Counts of a window with so many messages of which so many failed.
fn counts(submitted: u32, failed: u32, class: ErrorClass) -> Counts {
    let succeeded = submitted - failed;
    let mut counts = Counts { submitted, dispatched: submitted, succeeded, ..Counts::default() };
    counts.failed[class as usize] = failed;
    counts
}

/// Many tenants of one destination, window by window.
struct Crowd {
    detector: ScoresDetector,
    tenants: u32,
    window: u64,
    luck: Luck,
    events: Vec<(u64, AlertEvent)>,
}

impl Crowd {
    fn new(tenants: u32, without: &[Part]) -> Self {
        let detector = ScoresDetector::without(standard(), without);
        Crowd { detector, tenants, window: 0, luck: Luck::seeded(31), events: Vec::new() }
    }

    /// Lets windows pass in which each tenant has its own counts.
    fn pass(&mut self, windows: u64, mut of: impl FnMut(&mut Luck, u32) -> Counts) {
        for _ in 0..windows {
            let now = Time::from_seconds(300 * self.window + 1);
            for tenant in 0..self.tenants {
                let account = Account { tenant: TenantId(tenant), destination: DestinationId(0) };
                self.detector.observe_counts(now, account, &of(&mut self.luck, tenant));
            }
            self.window += 1;
            let (window, events) = (self.window, &mut self.events);
            self.detector.tick(Time::from_seconds(300 * window), &mut |event| {
                events.push((window, event));
            });
        }
    }

    /// A day in which each tenant sends `mean` messages a window, of which 2 % fail.
    fn healthy(&mut self, windows: u64, mean: f64) {
        self.pass(windows, |luck, _| {
            let submitted = luck.poisson(mean);
            counts(submitted, luck.failures(submitted, 0.02), ErrorClass::InvalidRecipient)
        });
    }

    fn raised(&self) -> Vec<&(u64, AlertEvent)> {
        self.events.iter().filter(|(_, event)| event.change == AlertChange::Raised).collect()
    }
}

#[test]
fn an_outage_over_a_thousand_tenants_is_one_incident_in_its_first_window() {
    // Busy ones, and ones that send a message every three hours or so: none of those could know.
    for mean in [20.0, 0.03] {
        let mut crowd = Crowd::new(1_000, &[]);
        crowd.healthy(DAY, mean);
        assert_eq!(crowd.events.len(), 0);
        crowd.pass(6, |luck, _| {
            let submitted = luck.poisson(mean);
            counts(submitted, submitted, ErrorClass::Unreachable)
        });
        crowd.healthy(DAY / 4, mean);
        let raised = crowd.raised();
        assert_eq!(raised.len(), 1, "{mean}: {raised:?}");
        let (window, event) = raised[0];
        assert_eq!((*window, event.kind), (DAY + 1, AlertKind::Failure));
        assert_eq!(event.explanation.cause, Cause::CarrierOutage);
        assert_eq!(event.severity, Severity::High);
        let AlertScope::Destination { accounts } = event.explanation.scope else {
            panic!("{event:?}")
        };
        assert!(accounts >= 10, "{accounts}");
        let ends = crowd.events.iter().filter(|(_, event)| event.change == AlertChange::Cleared);
        assert_eq!(ends.count(), 1);
    }
}

#[test]
fn without_grouping_everybody_is_told_of_alone() {
    let mut crowd = Crowd::new(50, &[Part::Grouping]);
    crowd.healthy(DAY, 20.0);
    crowd.pass(3, |luck, _| {
        let submitted = luck.poisson(20.0);
        counts(submitted, submitted, ErrorClass::Unreachable)
    });
    assert_eq!(crowd.raised().len(), 50);
}

#[test]
fn a_carrier_that_throttles_everybody_is_named_for_it() {
    let mut crowd = Crowd::new(40, &[]);
    crowd.healthy(DAY, 30.0);
    crowd.pass(2, |luck, _| {
        let submitted = luck.poisson(30.0);
        counts(submitted, luck.binomial(submitted, 0.5), ErrorClass::Throttled)
    });
    let raised = crowd.raised();
    assert_eq!(raised.len(), 1);
    assert_eq!(raised[0].1.explanation.cause, Cause::Throttling);
}

#[test]
fn a_flash_crowd_is_a_notice_and_one_tenants_surge_is_not() {
    let surge = |many: bool| {
        let mut crowd = Crowd::new(60, &[]);
        crowd.healthy(8 * DAY, 10.0);
        crowd.pass(4, |luck, tenant| {
            let submitted = luck.poisson(if many || tenant == 7 { 120.0 } else { 10.0 });
            counts(submitted, luck.binomial(submitted, 0.02), ErrorClass::InvalidRecipient)
        });
        crowd.events.iter().map(|(_, event)| *event).collect::<Vec<_>>()
    };
    let everybody = surge(true);
    assert_eq!(everybody.len(), 1, "{everybody:?}");
    assert_eq!(everybody[0].severity, Severity::None);
    assert_eq!(everybody[0].explanation.cause, Cause::FlashCrowd);
    let one = surge(false);
    assert_eq!(one.len(), 1);
    assert!(one[0].severity >= Severity::Low && one[0].account.tenant == TenantId(7));
    assert_eq!(one[0].explanation.cause, Cause::UnannouncedSurge);
}

#[test]
fn a_few_tenants_in_trouble_are_not_the_carrier() {
    let mut crowd = Crowd::new(100, &[]);
    crowd.healthy(DAY, 30.0);
    crowd.pass(3, |luck, tenant| {
        let submitted = luck.poisson(30.0);
        let (rate, class) = match tenant {
            0..4 => (0.6, ErrorClass::Filtered),
            _ => (0.02, ErrorClass::InvalidRecipient),
        };
        counts(submitted, luck.binomial(submitted, rate), class)
    });
    let raised = crowd.raised();
    assert_eq!(raised.len(), 4);
    for (_, event) in raised {
        assert_eq!(event.explanation.scope, AlertScope::Account);
        assert_eq!(event.explanation.cause, Cause::Filtering);
    }
}

#[test]
fn failures_of_a_class_that_is_rare_are_told_of_sooner() {
    for (class, alerts) in [(ErrorClass::Throttled, 1), (ErrorClass::InvalidRecipient, 0)] {
        let mut crowd = Crowd::new(100, &[]);
        crowd.healthy(DAY, 30.0);
        let before = crowd.raised().len();
        crowd.pass(1, |_, tenant| match tenant {
            0 => counts(30, 4, class),
            _ => counts(30, 0, ErrorClass::InvalidRecipient),
        });
        assert_eq!(crowd.raised().len() - before, alerts, "{class:?}");
    }
}

#[test]
fn notices_explain_what_counts_cannot() {
    let at = |window: u64| Time::from_seconds(300 * window + 1);
    let account = Account { tenant: TenantId(0), destination: DestinationId(0) };
    // What is announced, what then happens, and whether anybody hears of it.
    type Windows = fn(&mut Luck) -> Counts;
    let ten_times: Windows = |luck| counts(luck.poisson(300.0), 6, ErrorClass::Other);
    let nothing: Windows = |_| Counts::default();
    let failing: Windows = |luck| {
        let submitted = luck.poisson(30.0);
        counts(submitted, submitted, ErrorClass::Unreachable)
    };
    let until = at(8 * DAY + 6);
    for (notice, happens) in [
        (Notice::CampaignAnnounced { until }, ten_times),
        (Notice::Detached, nothing),
        (Notice::Maintenance { until }, failing),
    ] {
        for announced in [true, false] {
            let mut crowd = Crowd::new(1, &[]);
            crowd.healthy(8 * DAY, 30.0);
            if announced {
                crowd.detector.notice(at(8 * DAY), account, notice);
            }
            crowd.pass(6, |luck, _| happens(luck));
            assert_eq!(crowd.raised().is_empty(), announced, "{notice:?}");
        }
    }
}

#[test]
fn what_begins_when_the_carrier_is_well_again_is_told_of_alone() {
    let mut crowd = Crowd::new(40, &[]);
    crowd.healthy(DAY, 20.0);
    let failing = |crowd: &mut Crowd, windows, who: &[u32]| {
        crowd.pass(windows, |luck, tenant| {
            let submitted = luck.poisson(20.0);
            if who.contains(&tenant) {
                counts(submitted, luck.binomial(submitted, 0.7), ErrorClass::Unreachable)
            } else {
                counts(submitted, luck.failures(submitted, 0.02), ErrorClass::InvalidRecipient)
            }
        });
    };
    failing(&mut crowd, 4, &(0..40).collect::<Vec<_>>());
    // One never recovers, so what was told of all of them stays open.
    failing(&mut crowd, 24, &[3]);
    failing(&mut crowd, 3, &[3, 9]);
    let raised = crowd.raised();
    assert_eq!(raised.len(), 2, "{raised:?}");
    assert!(matches!(raised[0].1.explanation.scope, AlertScope::Destination { .. }));
    let (window, event) = raised[1];
    assert_eq!((event.account.tenant, event.explanation.scope), (TenantId(9), AlertScope::Account));
    assert!((DAY + 29..DAY + 31).contains(window), "{window}");
}

#[test]
fn the_end_of_a_small_harm_is_seen_in_hours_and_its_share_is_that_of_its_time() {
    let mut crowd = Crowd::new(1, &[]);
    let steady = |crowd: &mut Crowd, windows, share| {
        crowd.pass(windows, |luck, _| counts(3, luck.binomial(3, share), ErrorClass::Filtered));
    };
    steady(&mut crowd, 3 * DAY, 0.01);
    steady(&mut crowd, 48, 0.16);
    let end = crowd.window;
    steady(&mut crowd, DAY, 0.01);
    assert_eq!(crowd.raised().len(), 1);
    let (window, event) = crowd.events[1];
    assert_eq!(event.change, AlertChange::Cleared);
    assert!((end..end + 24).contains(&window), "{window} after {end}");
    let harmed = event.explanation.harmed;
    assert!((harmed - 0.15).abs() < 0.06, "{harmed}");
}
