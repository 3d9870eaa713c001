//! What the world tells a detector: everything that a platform would see, and nothing else.

use std::cell::RefCell;
use std::rc::Rc;

use apportion::detector::{Account, AlertEvent, Counts, Detector, ErrorClass, Notice, Observation};
use apportion::model::{Setup, simulate};
use apportion::scenario::Scenario;
use apportion::scheduler::policy;
use apportion::time::Time;

use super::support::{scenario, seconds};

/// What was told, in order.
#[derive(Clone, Debug, Default)]
struct Told {
    seen: Vec<Observation>,
    notices: Vec<(Time, Notice)>,
    corrected: Vec<(Time, Time, ErrorClass)>,
}

/// A detector that only takes notes.
struct Notes(Rc<RefCell<Told>>);

impl Detector for Notes {
    fn observe(&mut self, _: Time, _: Account, seen: Observation) {
        self.0.borrow_mut().seen.push(seen);
    }
    fn observe_counts(&mut self, _: Time, _: Account, _: &Counts) {}
    fn correct(&mut self, now: Time, _: Account, then: Time, failed_as: ErrorClass) {
        self.0.borrow_mut().corrected.push((now, then, failed_as));
    }
    fn notice(&mut self, now: Time, _: Account, notice: Notice) {
        self.0.borrow_mut().notices.push((now, notice));
    }
    fn tick(&mut self, _: Time, _: &mut dyn FnMut(AlertEvent)) {}
    fn next_tick(&self) -> Time {
        Time::NEVER
    }
}

fn told(scenario: &Scenario) -> Told {
    let notes = Rc::new(RefCell::new(Told::default()));
    let detector = Box::new(Notes(Rc::clone(&notes)));
    let info = policy("fifo").expect("registered");
    let setup = Setup { scenario, seed: 1 };
    simulate(setup, info, Some(detector), Vec::new()).expect("it can be served");
    notes.take()
}

fn campaign(more: &str, gateway: &str) -> Scenario {
    scenario(&format!(
        "duration = \"1h\"\ndrain = \"2h\"\n[[destination]]\nname = \"us\"\nquota = \"10/s\"\n\
         receipt-timeout = \"10min\"\n[destination.gateway]\n{gateway}\n[[tenant]]\nname = \"a\"\n\
         [[tenant.traffic]]\nkind = \"campaign\"\nat = \"10min\"\nmessages = 100\nover = \"5min\"\n{more}"
    ))
}

#[test]
fn a_campaign_is_announced_when_the_scenario_says_so() {
    assert_eq!(told(&campaign("", "")).notices, []);
    let until = seconds(900);
    let expected = [(seconds(600), Notice::CampaignAnnounced { until })];
    assert_eq!(told(&campaign("announced = true", "")).notices, expected);
}

#[test]
fn every_attempt_is_seen_to_leave_and_to_end() {
    let told = told(&campaign("", "undeliverable = 0.2"));
    let count = |what: Observation| told.seen.iter().filter(|seen| **seen == what).count();
    assert_eq!(count(Observation::Submitted), 100);
    assert_eq!(count(Observation::Dispatched), 100);
    let failed = count(Observation::FailedAs(ErrorClass::InvalidRecipient));
    assert!((5..40).contains(&failed), "{failed}");
    assert_eq!(count(Observation::Succeeded) + failed, 100);
}

#[test]
fn a_receipt_that_comes_after_the_platform_gave_up_corrects_the_past() {
    let late = told(&campaign("", "receipt = \"15min\""));
    assert_eq!(late.corrected.len(), 100);
    for (now, then, class) in late.corrected {
        assert!(then < now && class == ErrorClass::Other);
    }
    assert_eq!(told(&campaign("", "receipt = \"5min\"")).corrected, []);
}
