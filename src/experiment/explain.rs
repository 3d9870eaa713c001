//! Why a message, or a tenant, waited: a run again, watched closely.
//!
//! The watched run is the recorded one, event for event: its policies are wrapped in [`Watched`], which
//! only listens, and a sink notes what happens to whom. Its digest is returned, so that the caller can
//! hold it against the recorded one.
//!
//! Every nanosecond that a message waits has one [`Cause`], by what the lane answered when it was last
//! asked. While the quota holds the lane back, the policy has already said whose turn is next: if it is
//! the message's own, it waits for the quota alone; otherwise it waits for whom the policy puts first.
//! So the causes of a wait add up to the wait, exactly.

mod board;
mod focus;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

pub use board::{Cause, Sample, Waits};
pub use focus::{Passed, Stay, Story, TenantStory, WorstMessage};

use self::board::{Board, Watched};
use self::focus::Focus;
use super::run::{RunError, build_detector};
use crate::engine::LadderCalendar;
use crate::event::{Digest, DigestSink};
use crate::measure::{Findings, Measures, RunIdentity};
use crate::model::{Setup, policies_of, simulate_with};
use crate::scenario::Scenario;
use crate::scheduler::PolicyInfo;
use crate::units::{MessageId, TenantId};

/// Whose waiting is to be explained.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Subject {
    /// One message, by its number.
    Message(MessageId),
    /// Some tenants together.
    Tenants(Vec<TenantId>),
}

/// A run that was watched.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// Its digest.
    pub digest: Digest,
    /// All its figures.
    pub findings: Findings,
    /// How many messages were submitted.
    pub submitted: u64,
    /// What was seen of the subject; of a message `None` when there is no such message.
    pub seen: Seen,
}

/// What was seen of a subject.
#[derive(Clone, Debug)]
pub enum Seen {
    /// Of one message.
    Message(Option<Box<Story>>),
    /// Of some tenants together.
    Tenants(TenantStory),
}

/// Runs `scenario` and watches `subject`.
///
/// # Errors
/// When the run cannot begin, or breaks an invariant.
pub fn explain(
    scenario: &Scenario,
    policy: &PolicyInfo,
    seed: u64,
    subject: &Subject,
) -> Result<Explanation, RunError> {
    let mut boards = Vec::new();
    for destination in &scenario.destinations {
        if destination.dispatchers.count > 1 {
            let (destination, count) = (destination.name.clone(), destination.dispatchers.count);
            return Err(RunError::SeveralDispatchers { destination, count });
        }
        boards.push(Rc::new(RefCell::new(Board::new(scenario, subject))));
    }
    let watched = policies_of(scenario, policy)?.into_iter().zip(&boards);
    let policies = watched.map(|(policy, board)| Watched { policy, board: Rc::clone(board) });
    let policies = policies.collect();
    let names = scenario.destinations.iter().map(|destination| destination.name.as_str());
    let mut digest = DigestSink::new(names);
    let mut measures = Measures::new(scenario);
    let mut focus = Focus::new(scenario, subject.clone(), boards);
    let sink = (&mut measures, (&mut digest, &mut focus));
    let setup = Setup { scenario, seed };
    let detector = build_detector(scenario);
    let outcome = simulate_with(setup, policies, detector, sink, LadderCalendar::default());
    if let Some(violation) = measures.violation() {
        return Err(RunError::Violation(violation.clone()));
    }
    let identity = RunIdentity {
        policy: policy.name.to_owned(),
        seed,
        digest: digest.digest(),
        events: digest.events(),
    };
    let findings = measures.finish(scenario, identity);
    let submitted = findings.summary.messages.submitted;
    Ok(Explanation {
        digest: digest.digest(),
        findings,
        submitted,
        seen: focus.finish(outcome.ended),
    })
}

/// Adds up.
fn add<K: Ord + Copy>(sums: &mut BTreeMap<K, (u64, u64)>, key: K, segments: u64) {
    let sum = sums.entry(key).or_default();
    sum.0 += 1;
    sum.1 += segments;
}
