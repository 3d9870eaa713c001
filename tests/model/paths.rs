//! Two policies' paths and two calendars' give one digest.

use std::collections::BTreeMap;

use apportion::detector::{Detector, detector};
use apportion::engine::{Calendar, Entry, HeapCalendar, Key, LadderCalendar};
use apportion::event::{Digest, DigestSink, Sink, What};
use apportion::model::{Setup, simulate, simulate_with};
use apportion::scenario::Scenario;
use apportion::scheduler::{Fifo, Happening, Policy, Scoring, policy};
use apportion::time::Time;

use super::support::{checked_run, count, scenario};

/// Everything at once: two destinations, sets, classes, capped senders, validity, admission, refusals,
/// lost receipts, retries, an outage, an error burst and a detector. The campaigns begin at one instant,
/// one of them as the outage does.
const RICH: &str = r#"
duration = "20min"
drain = "10min"
[[destination]]
name = "us"
quota = "40/s"
burst = 8
admission = "60s"
receipt-timeout = "2min"
[destination.gateway]
sessions = 2
window = 60
response = { lognormal = { median = "300ms", sigma = 0.8 } }
delivery = { exponential = { mean = "3s" } }
receipt = { uniform = { from = "1s", to = "2s" } }
undeliverable = 0.05
lost = 0.01
receipt-lost = 0.02
refusals = [{ status = "ESME_RSYSERR", probability = 0.05 }, { status = "ESME_RTHROTTLED", probability = 0.05 }, { status = "ESME_RINVDSTADR", probability = 0.01 }]
[destination.retry]
temporary = { attempts = 4, first-wait = "5s", place = "tail" }
throttled = { attempts = 6, first-wait = "1s", place = "head" }
unknown = "resubmit"
[[destination]]
name = "eu"
quota = "7/s"
response-timeout = "400ms"
[destination.gateway]
window = 3
response = { exponential = { mean = "100ms" } }
[destination.retry]
unknown = "give-up"
[[class]]
name = "otp"
weight = 4
[[class]]
name = "bulk"
[[tenant-set]]
name = "gold"
weight = 3
[[tenant-set]]
name = "free"
[[tenant]]
name = "big"
set = "gold"
senders = 5
sender-cap = "4/s"
sender-burst = 3
[[tenant.traffic]]
kind = "campaign"
at = "5min"
messages = 4000
class = "bulk"
destination = "us"
segments = [[1, 3], [2, 2], [4, 1]]
validity = "3min"
[[tenant.traffic]]
kind = "poisson"
rate = "1/s"
class = "otp"
destination = "eu"
[[tenant]]
name = "small"
count = 12
set = "free"
[[tenant.traffic]]
kind = "poisson"
rate = "1/s"
class = "otp"
destination = "us"
validity = "30s"
[[tenant.traffic]]
kind = "poisson"
rate = "40/min"
class = "bulk"
destination = "eu"
[[tenant.traffic]]
kind = "campaign"
at = "5min"
messages = 60
class = "bulk"
destination = "us"
[[tenant.traffic]]
kind = "campaign"
at = "10min"
messages = 40
class = "bulk"
destination = "us"
[[fault]]
kind = "outage"
destination = "us"
start = "10min"
duration = "15s"
[[fault]]
kind = "error-burst"
destination = "us"
tenant = "small-03"
start = "12min"
duration = "5min"
fraction = 0.7
status = "ESME_RSYSERR"
[detector]
"#;

fn watching(scenario: &Scenario) -> Option<Box<dyn Detector>> {
    let choice = scenario.detector.as_ref().expect("the scenario has one");
    detector(&choice.name, choice.settings)
}

fn digest_sink(scenario: &Scenario) -> DigestSink {
    DigestSink::new(scenario.destinations.iter().map(|destination| destination.name.as_str()))
}

fn boxed(scenario: &Scenario, name: &str) -> Digest {
    let mut sink = digest_sink(scenario);
    let info = policy(name).expect("a policy of the registry");
    let setup = Setup { scenario, seed: 1 };
    simulate(setup, info, watching(scenario), &mut sink).expect("every destination has a quota");
    sink.digest()
}

fn on<C: Calendar<u32>, P: Policy>(scenario: &Scenario, calendar: C, policies: Vec<P>) -> Digest {
    let mut sink = digest_sink(scenario);
    let setup = Setup { scenario, seed: 1 };
    let listener: &mut dyn Sink = &mut sink;
    simulate_with(setup, policies, watching(scenario), listener, calendar);
    sink.digest()
}

/// One policy of the registry for each destination.
fn registered(scenario: &Scenario, name: &str) -> Vec<Box<dyn Policy>> {
    let info = policy(name).expect("a policy of the registry");
    let quotas = scenario.destinations.iter().map(|destination| destination.quota);
    quotas.map(|quota| info.build(quota.map(|q| q.rate)).expect("there is a quota")).collect()
}

#[test]
fn the_rich_scenario_is_as_rich_as_it_says() {
    let (events, result) = checked_run(&scenario(RICH), "scoring");
    for why in Happening::ALL {
        let expected = !matches!(why, Happening::Cancelled | Happening::LostOnRestart);
        assert_eq!(count(&events, why) > 0, expected, "{why:?}");
    }
    assert!(events.iter().any(|event| matches!(event.what, What::Alert(_))));
    assert!(result.findings.summary.messages.duplicates > 0);
}

#[test]
fn boxed_and_monomorphised_policies_have_one_digest() {
    let scenario = scenario(RICH);
    let scoring = on(&scenario, LadderCalendar::default(), vec![Scoring::new(), Scoring::new()]);
    let fifo = on(&scenario, LadderCalendar::default(), vec![Fifo::new(), Fifo::new()]);
    assert_eq!(boxed(&scenario, "scoring"), scoring);
    assert_eq!(boxed(&scenario, "fifo"), fifo);
    assert_ne!(scoring, fifo);
}

#[test]
fn heap_and_ladder_have_one_digest_under_every_policy() {
    let scenario = scenario(RICH);
    for name in ["scoring", "fifo", "wfq", "token-partition", "lottery"] {
        let policies = || registered(&scenario, name);
        let ladder = on(&scenario, LadderCalendar::default(), policies());
        assert_eq!(on(&scenario, HeapCalendar::default(), policies()), ladder, "{name}");
    }
}

/// A calendar in order of time, and of insertion where times are equal: wrong.
#[derive(Default)]
struct InsertionOrder {
    entries: BTreeMap<(Time, u64), Entry<u32>>,
    pushed: u64,
}

impl Calendar<u32> for InsertionOrder {
    fn push(&mut self, entry: Entry<u32>) {
        self.entries.insert((entry.time, self.pushed), entry);
        self.pushed += 1;
    }

    fn pop(&mut self) -> Option<Entry<u32>> {
        self.entries.pop_first().map(|(_, entry)| entry)
    }

    fn next_time(&mut self) -> Option<Time> {
        self.entries.first_key_value().map(|((time, _), _)| *time)
    }

    fn len(&self) -> usize {
        self.entries.len()
    }
}

/// A third calendar, right again: a sorted map.
#[derive(Default)]
struct SortedMap(BTreeMap<(Time, Key), u32>);

impl Calendar<u32> for SortedMap {
    fn push(&mut self, Entry { time, key, payload }: Entry<u32>) {
        let replaced = self.0.insert((time, key), payload);
        assert_eq!(replaced, None, "{key:?} stands for two events at {time} s");
    }

    fn pop(&mut self) -> Option<Entry<u32>> {
        let ((time, key), payload) = self.0.pop_first()?;
        Some(Entry { time, key, payload })
    }

    fn next_time(&mut self) -> Option<Time> {
        self.0.first_key_value().map(|((time, _), _)| *time)
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

#[test]
fn keys_are_unique_and_a_calendar_that_ignores_them_is_found_out() {
    let scenario = scenario(RICH);
    let policies = || vec![Fifo::new(), Fifo::new()];
    let ladder = on(&scenario, LadderCalendar::default(), policies());
    assert_eq!(on(&scenario, SortedMap::default(), policies()), ladder);
    assert_ne!(on(&scenario, InsertionOrder::default(), policies()), ladder);
}
