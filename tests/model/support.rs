//! Scenarios from text, runs as lists of events, and what the events say of attempts.

use std::collections::BTreeMap;
use std::path::Path;

use apportion::event::{Event, What};
use apportion::experiment::{RunRequest, RunResult, run};
use apportion::model::{Outcome, Setup, simulate};
use apportion::scenario::{Registries, Scenario, resolve_text};
use apportion::scheduler::{Happening, Record, Truth, policy};
use apportion::time::{Span, Time};
use apportion::units::DestinationId;

/// The scenario of this text; `description` is added.
pub(crate) fn scenario(text: &str) -> Scenario {
    let registries = Registries {
        metrics: &[],
        policies: &["scoring", "fifo", "wfq", "token-partition", "lottery"],
        detectors: &["scores", "static-threshold"],
    };
    let text = format!("description = \"for a test\"\n{text}");
    let loaded = resolve_text("model.toml", &text, Path::new(""), &[], registries);
    loaded.unwrap_or_else(|error| panic!("{error}")).scenario
}

/// Everything that happens, and how it ended.
pub(crate) fn simulated(scenario: &Scenario, name: &str, seed: u64) -> (Vec<Event>, Outcome) {
    let mut events = Vec::new();
    let info = policy(name).expect("a policy of the registry");
    let outcome = simulate(Setup { scenario, seed }, info, None, &mut events);
    (events, outcome.expect("the policy can serve the scenario"))
}

/// Everything that happens under first in, first out and seed 1.
pub(crate) fn events_of(scenario: &Scenario) -> Vec<Event> {
    simulated(scenario, "fifo", 1).0
}

/// A run with all its measures; invariants and ledgers are checked by it.
pub(crate) fn checked_run(scenario: &Scenario, name: &str) -> (Vec<Event>, RunResult) {
    let mut events = Vec::new();
    let policy = policy(name).expect("a policy of the registry");
    let request = RunRequest { scenario, policy, seed: 1, keeps_messages: false };
    let result = run(request, &mut events);
    (events, result.unwrap_or_else(|error| panic!("{error}")))
}

pub(crate) fn seconds(seconds: u64) -> Time {
    Time::from_seconds(seconds)
}

/// A move of a message's belief.
#[derive(Clone, Copy)]
pub(crate) struct Move {
    pub(crate) time: Time,
    pub(crate) destination: DestinationId,
    pub(crate) record: Record,
    pub(crate) why: Happening,
    pub(crate) code: u32,
}

/// All moves, in order.
pub(crate) fn moves(events: &[Event]) -> impl Iterator<Item = Move> + '_ {
    events.iter().filter_map(|event| match event.what {
        What::Moved { record, why, code, .. } => Some(Move {
            time: event.time,
            destination: event.destination.expect("messages move at destinations"),
            record,
            why,
            code,
        }),
        _ => None,
    })
}

/// Number of moves for this reason.
pub(crate) fn count(events: &[Event], why: Happening) -> u64 {
    moves(events).filter(|step| step.why == why).count() as u64
}

/// What happened to one attempt, relative to when it was dispatched: another policy dispatches at
/// another time, and everything else must be the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct AttemptFate {
    /// From dispatch to answer, with the answer's status.
    pub(crate) answer: Option<(Span, u32)>,
    /// From dispatch to the end of the copy, and what that was.
    pub(crate) end: Option<(Span, Truth)>,
    /// From dispatch to the receipt, and its state.
    pub(crate) receipt: Option<(Span, u32)>,
}

/// Whose message (by name, ordinal within the tenant) and which attempt.
pub(crate) type AttemptKey = (String, u64, u32);

/// The fates of all attempts of the run.
pub(crate) fn fates(scenario: &Scenario, events: &[Event]) -> BTreeMap<AttemptKey, AttemptFate> {
    let mut dispatched: BTreeMap<(u64, u32), (Time, AttemptKey)> = BTreeMap::new();
    let mut fates: BTreeMap<AttemptKey, AttemptFate> = BTreeMap::new();
    for event in events {
        let (id, number) = match event.what {
            What::Moved { record, .. } => (record.message.id.0, record.attempts),
            What::TruthMoved { message, attempt, .. } => (message.0, attempt),
            _ => continue,
        };
        if let What::Moved { record, why: Happening::Dispatched, .. } = event.what {
            let tenant = scenario.tenants[record.message.tenant.index()].name.clone();
            let key = (tenant, record.message.reference, number);
            fates.insert(key.clone(), AttemptFate::default());
            dispatched.insert((id, number), (event.time, key));
            continue;
        }
        let Some((start, key)) = dispatched.get(&(id, number)) else { continue };
        let fate = fates.get_mut(key).expect("it was dispatched");
        let after = event.time - *start;
        match event.what {
            What::TruthMoved { from: Truth::AtCarrier, to, .. } => fate.end = Some((after, to)),
            What::Moved { why, code, .. } => match why {
                Happening::AnsweredAccepted
                | Happening::AnsweredPermanent
                | Happening::AnsweredRetry
                | Happening::AnsweredExhausted => fate.answer = Some((after, code)),
                Happening::ReceiptDelivered | Happening::ReceiptFailed => {
                    fate.receipt = Some((after, code));
                }
                _ => {}
            },
            _ => {}
        }
    }
    fates
}

/// Whether `hits` of `trials` fits a probability: within 5 standard errors.
pub(crate) fn fits(hits: u64, trials: u64, probability: f64) -> bool {
    let trials = trials as f64;
    let standard_error = (trials * probability * (1.0 - probability)).sqrt();
    (hits as f64 - trials * probability).abs() <= 5.0 * standard_error
}
