//! The one sink that a run needs for all its figures.

mod incidents;
mod rows;
#[cfg(test)]
mod tests;

pub use incidents::Onset;

use super::cells::AccountKey;
use super::detail::Detail;
use super::fairness::{Fairness, FairnessOutcome, Move};
use super::findings::{Findings, SCHEMA_VERSION, Summary};
use super::invariants::{Checked, Invariants, Violation};
use super::latency::Latencies;
use super::ledgers::{AttemptLedger, BeliefLedger, TruthLedger};
use crate::event::{Digest, Event, Flow, Sink, What};
use crate::scenario::Scenario;
use crate::scheduler::{Belief, Happening, Message, Record, Truth};
use crate::time::Time;
use crate::units::DestinationId;
use incidents::Incidents;

/// Checks and measures a run while it goes on.
///
/// Every event is matched once and looked up once, and each measure is told what it needs; the
/// steady state allocates nothing a message beyond its 24 bytes in the table of messages.
#[derive(Clone, Debug)]
pub struct Measures {
    invariants: Invariants,
    latencies: Latencies,
    fairness: Fairness,
    truth: TruthLedger,
    /// Ledger C of each destination.
    attempts: Vec<AttemptLedger>,
    sent_while_arriving: Vec<u64>,
    incidents: Incidents,
    lost_on_restart: u64,
    arrivals_end: Time,
    violation: Option<Violation>,
}

/// What a run is called by, and what only those outside the measures know.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RunIdentity {
    /// Name of the policy.
    pub policy: String,
    /// The seed.
    pub seed: u64,
    /// The digest of its events.
    pub digest: Digest,
    /// How many events it had.
    pub events: u64,
}

impl Measures {
    /// Nothing happened yet in a run of `scenario`.
    pub fn new(scenario: &Scenario) -> Self {
        let destinations = scenario.destinations.len();
        Measures {
            invariants: Invariants::new(scenario),
            latencies: Latencies::new(scenario),
            fairness: Fairness::new(scenario),
            truth: TruthLedger::default(),
            attempts: vec![AttemptLedger::default(); destinations],
            sent_while_arriving: vec![0; destinations],
            incidents: Incidents::new(scenario),
            lost_on_restart: 0,
            arrivals_end: Time::ZERO.saturating_add(scenario.duration),
            violation: None,
        }
    }

    /// The invariant that the run broke, if it broke one; it was stopped there.
    pub fn violation(&self) -> Option<&Violation> {
        self.violation.as_ref()
    }

    /// Compares the lane's own counts with the events, as [`Invariants::agree_with`].
    ///
    /// # Errors
    /// With the first difference.
    pub fn agree_with(
        &self,
        destination: DestinationId,
        counts: [(u64, u64); 10],
    ) -> Result<(), Violation> {
        self.invariants.agree_with(destination, counts)
    }

    /// The alerts raised so far, in order.
    pub fn onsets(&self) -> &[Onset] {
        self.incidents.onsets()
    }

    /// Each time that an injected fault happened, in order of their beginnings; as the rows of
    /// [`Findings::incidents`].
    pub fn occurrences(&self) -> Vec<(u32, Time, Option<Time>)> {
        self.incidents.occurrences()
    }

    /// Ends the run at its last event and adds everything up.
    ///
    /// `detection` and `checks` of the summary stay empty, and alerts belong to no fault yet: the
    /// detector is judged by the caller, from [`Measures::onsets`], and the checks after that.
    pub fn finish(self, scenario: &Scenario, identity: RunIdentity) -> Findings {
        let ended = self.invariants.now();
        let cells = self.invariants.cells();
        let order = cells.accounts_in_order();
        let mut fairness = self.fairness.finish(ended, order, scenario);
        let series = std::mem::take(&mut fairness.series);
        let cells = self.latencies.finish(cells, self.invariants.messages(), ended);
        let detail = Detail {
            cells,
            fairness,
            sent_while_arriving: self.sent_while_arriving,
            truth_segments: self.truth.named_segments(),
        };
        let mut attempts = AttemptLedger::default();
        self.attempts.iter().for_each(|ledger| attempts.merge(ledger));
        let ledger = total(&detail);
        let summary = Summary {
            schema_version: SCHEMA_VERSION,
            scenario: scenario.name.clone(),
            policy: identity.policy,
            seed: identity.seed.to_string(),
            digest: identity.digest.to_string(),
            events: identity.events,
            ended_s: ended.as_seconds_f64(),
            messages: ledger.messages,
            segments: ledger.segments,
            truth: self.truth.named_messages(),
            attempts: attempts.named(),
            lost_on_restart: self.lost_on_restart,
            fairness: FairnessOutcome::figures(&detail.fairness, None),
            classes: rows::classes(&detail, scenario),
            destinations: rows::destination_figures(&detail, scenario),
            groups: rows::groups(&detail, scenario),
            detection: None,
            causal: None,
            checks: Vec::new(),
        };
        Findings {
            summary,
            tenants: rows::tenants(&detail, scenario),
            destinations: rows::destinations(&detail, scenario, &self.attempts),
            series,
            incidents: self.incidents.incident_rows(scenario, ended),
            alerts: self.incidents.alert_rows(scenario),
            causal: Vec::new(),
            detail,
        }
    }

    fn moved(
        &mut self,
        event: &Event,
        cell: u32,
        record: &Record,
        from: Option<Belief>,
        to: Belief,
        why: Happening,
    ) {
        let key = self.invariants.cells().cell(cell);
        let account = AccountKey { tenant: key.tenant, destination: key.destination };
        let segments = record.message.segments.get();
        let waited = event.time.since(record.submitted);
        self.attempts[key.destination.index()].happened(why);
        self.lost_on_restart += u64::from(why == Happening::LostOnRestart);
        let submitted = record.submitted;
        if from.is_none() {
            self.latencies.submitted(cell, key.class, submitted);
            self.truth.submitted(segments);
            self.incidents.submitted(account);
        }
        match (from, to) {
            (_, Belief::InFlight) => {
                self.latencies.attempted(cell, segments);
                if record.attempts == 1 {
                    self.latencies.dispatched(cell, key.class, submitted, waited);
                }
                if event.time < self.arrivals_end {
                    self.sent_while_arriving[key.destination.index()] += segments;
                }
            }
            (_, Belief::Expired | Belief::Cancelled) if record.attempts == 0 => {
                self.latencies.gave_up_waiting(cell, submitted, waited);
            }
            (Some(Belief::InFlight), to) => {
                if was_in_vain(why) {
                    self.latencies.attempted_in_vain(cell, segments);
                }
                self.incidents.outcome(account, to);
            }
            _ => {}
        }
        let Message { id: message, class, sender, .. } = record.message;
        let number = key.account;
        let is_first = record.attempts == u32::from(to == Belief::InFlight);
        let moved = Move {
            account: number,
            key: account,
            message,
            class,
            sender,
            from,
            to,
            why,
            segments,
            is_first,
        };
        self.fairness.moved(event.time, moved);
    }
}

impl Sink for Measures {
    fn record(&mut self, event: &Event) -> Flow {
        if self.violation.is_some() {
            return Flow::Stop;
        }
        let checked = match self.invariants.check(event) {
            Ok(checked) => checked,
            Err(violation) => {
                self.violation = Some(violation);
                return Flow::Stop;
            }
        };
        self.fairness.advance(event.time);
        match (checked, &event.what) {
            (Checked::Moved { cell }, What::Moved { record, from, to, why, .. }) => {
                self.moved(event, cell, record, *from, *to, *why);
            }
            (Checked::TruthMoved { cell, before, after, segments, submitted }, moved) => {
                let segments = u64::from(segments);
                self.truth.moved(before, after, segments);
                let arrived = matches!(moved, What::TruthMoved { to: Truth::Delivered, .. });
                if arrived && before == Truth::Delivered {
                    self.truth.duplicates += 1;
                    self.latencies.duplicated(cell, segments);
                } else if arrived {
                    self.latencies.delivered(cell, submitted, event.time.since(submitted));
                }
            }
            (Checked::LateAnswer, _) => {
                if let Some(destination) = event.destination {
                    self.attempts[destination.index()].answered_late();
                }
            }
            (_, What::DeliveryTold { message, delivered, .. }) => {
                if let Some(told) = self.invariants.messages().get(*message) {
                    let latency = delivered.since(told.submitted);
                    self.latencies.delivery_told(told.cell, told.submitted, latency);
                }
            }
            (_, What::Spilled { message, .. }) => {
                if let Some(cell) = self.invariants.messages().get(*message).map(|it| it.cell) {
                    self.latencies.spilled(cell);
                }
            }
            (_, What::FaultBegan(fault)) => self.incidents.began(event.time, *fault),
            (_, What::FaultEnded(fault)) => self.incidents.ended(event.time, *fault),
            (_, What::WeightChanged { tenant, weight }) => {
                let destination = event.destination.unwrap_or_default();
                let key = AccountKey { tenant: *tenant, destination };
                self.fairness.reweigh(event.time, key, *weight);
            }
            (_, What::QuotaChanged(quota)) => {
                let destination = event.destination.unwrap_or_default();
                self.fairness.requota(event.time, destination, *quota);
            }
            (_, What::Alert(alert)) => self.incidents.alert(event.time, alert),
            _ => {}
        }
        Flow::Continue
    }
}

/// Whether the carrier let an attempt go by without taking or finally refusing its message.
fn was_in_vain(why: Happening) -> bool {
    matches!(
        why,
        Happening::AnsweredRetry
            | Happening::AnsweredExhausted
            | Happening::OutcomeUnknownRetry
            | Happening::OutcomeUnknownGiveUp
    )
}

fn total(detail: &Detail) -> BeliefLedger {
    let mut total = BeliefLedger::default();
    detail.cells.iter().for_each(|cell| total.merge(&cell.group.ledger));
    total
}
