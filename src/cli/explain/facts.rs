//! An explanation with names in place of numbers: what is printed, and its twin for programs.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::cli::exit::Failure;
use crate::event::{Event, What};
use crate::experiment::{Cause, Passed, Sample, Stay, Story, TenantStory, Waits};
use crate::measure::{Findings, SeriesRow, Summary};
use crate::scenario::{Fault, Scenario};
use crate::scheduler::{Belief, Happening, Message, ReceiptState, Status, Truth};
use crate::time::Time;
use crate::units::TenantId;

/// Which run.
#[derive(Clone, Debug, Serialize)]
pub(super) struct About {
    pub(super) scenario: String,
    pub(super) policy: String,
    pub(super) seed: String,
    /// The same as when the run was recorded.
    pub(super) digest: String,
    #[serde(skip)]
    pub(super) folder: String,
}

/// The life of a message.
#[derive(Clone, Debug, Serialize)]
pub(super) struct MessageFacts {
    #[serde(flatten)]
    pub(super) about: About,
    pub(super) message: u64,
    pub(super) tenant: String,
    pub(super) sender: String,
    pub(super) class: String,
    pub(super) destination: String,
    pub(super) segments: u32,
    pub(super) submitted_s: f64,
    /// Until it was dispatched for the first time; absent if it never was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) dwell_s: Option<f64>,
    /// In its queue altogether.
    pub(super) waited_s: f64,
    pub(super) outcome: &'static str,
    pub(super) attempts: u32,
    /// Failures that could strike it while it was alive.
    pub(super) faults: Vec<FaultFacts>,
    pub(super) events: Vec<EventFacts>,
    pub(super) stays: Vec<StayFacts>,
}

/// Something that happened.
#[derive(Clone, Debug, Serialize)]
pub(super) struct EventFacts {
    pub(super) time_s: f64,
    pub(super) what: String,
    /// What only the laboratory knows.
    pub(super) is_truth: bool,
}

/// A stay in the queue.
#[derive(Clone, Debug, Serialize)]
pub(super) struct StayFacts {
    pub(super) from_s: f64,
    pub(super) until_s: f64,
    /// Messages before it in its own queue.
    pub(super) ahead: u64,
    /// Who waited at the destination when it came.
    pub(super) waiting: Vec<Party>,
    /// Who was sent while it waited.
    pub(super) went_first: Vec<Party>,
    pub(super) waits: Vec<WaitFacts>,
    /// Absent scores: the policy has none.
    pub(super) scores: Vec<ScoreFacts>,
}

/// Messages of a tenant.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Party {
    pub(super) tenant: String,
    pub(super) messages: u64,
    pub(super) segments: u64,
}

/// A part of a wait.
#[derive(Clone, Debug, Serialize)]
pub(super) struct WaitFacts {
    pub(super) cause: &'static str,
    /// Who was first, where others were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tenant: Option<String>,
    pub(super) waited_s: f64,
    /// Of the whole wait, 0 to 1.
    pub(super) part: f64,
}

/// Where the message's queue stood at a choice.
#[derive(Clone, Debug, Serialize)]
pub(super) struct ScoreFacts {
    pub(super) time_s: f64,
    /// How far its queue is behind its entitlement, in seconds of its own share.
    pub(super) score_s: f64,
    /// What its queue is entitled to of the destination's rate, 0 to 1.
    pub(super) share: f64,
    pub(super) chosen: String,
    /// The same of the queue that was chosen, where that is another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) chosen_score_s: Option<f64>,
}

/// A failure.
#[derive(Clone, Debug, Serialize)]
pub(super) struct FaultFacts {
    pub(super) fault: String,
    pub(super) kind: &'static str,
    pub(super) start_s: f64,
    pub(super) end_s: f64,
}

/// Where some tenants' waiting went.
#[derive(Clone, Debug, Serialize)]
pub(super) struct TenantFacts {
    #[serde(flatten)]
    pub(super) about: About,
    pub(super) who: String,
    pub(super) tenants: usize,
    pub(super) messages: u64,
    /// All messages together, all attempts.
    pub(super) waited_s: f64,
    pub(super) waits: Vec<WaitFacts>,
    /// Absent where the run has too many tenants for a series of each.
    pub(super) series: Vec<ShareFacts>,
    pub(super) worst: Vec<WorstFacts>,
}

/// A part of the run.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct ShareFacts {
    pub(super) from_s: f64,
    /// Segments submitted.
    pub(super) offered: u64,
    /// Segments sent.
    pub(super) sent: u64,
    /// Its max-min entitlement of what was sent, segments.
    pub(super) entitled: f64,
    /// Segments waiting at the end.
    pub(super) backlog: u64,
    /// Segments that all tenants sent at its destinations.
    pub(super) sent_by_all: u64,
}

/// A message that waited long.
#[derive(Clone, Debug, Serialize)]
pub(super) struct WorstFacts {
    pub(super) message: u64,
    pub(super) class: String,
    pub(super) submitted_s: f64,
    pub(super) waited_s: f64,
    pub(super) was_dispatched: bool,
}

/// Parts of a run in the table of shares.
const SERIES_ROWS: usize = 12;

impl About {
    pub(super) fn new(summary: &Summary, folder: String) -> Self {
        About {
            scenario: summary.scenario.clone(),
            policy: summary.policy.clone(),
            seed: summary.seed.clone(),
            digest: summary.digest.clone(),
            folder,
        }
    }
}

/// Pretty JSON.
pub(super) fn json<T: Serialize>(facts: &T) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(facts).map_err(std::io::Error::from)?;
    Ok(text + "\n")
}

pub(super) fn message(about: About, story: &Story, scenario: &Scenario) -> MessageFacts {
    let message = story.record.message;
    let submitted = story.record.submitted;
    let dispatched = Some(story.record.first_dispatch).filter(|time| *time < Time::NEVER);
    let outcome = story.events.iter().rev().find_map(|event| match event.what {
        What::Moved { to, .. } => Some(to),
        _ => None,
    });
    let last = story.events.last().map_or(submitted, |event| event.time);
    let stays: Vec<StayFacts> = story.stays.iter().map(|stay| of_stay(stay, scenario)).collect();
    let strikes = |fault: &&Fault| {
        let in_time = fault.start <= last && fault.end() >= submitted;
        in_time && fault.destination == story.destination && concerns(fault, &message)
    };
    let mut events: Vec<EventFacts> = story.events.iter().filter_map(of_event).collect();
    events.extend(story.sessions.iter().filter_map(of_event));
    events.sort_by(|a, b| a.time_s.total_cmp(&b.time_s));
    MessageFacts {
        about,
        message: message.id.0,
        tenant: tenant_name(message.tenant, scenario),
        sender: scenario.senders[message.sender.index()].name.clone(),
        class: scenario.classes[message.class.index()].name.clone(),
        destination: scenario.destinations[story.destination.index()].name.clone(),
        segments: message.segments.0,
        submitted_s: submitted.as_seconds_f64(),
        dwell_s: dispatched.map(|time| time.since(submitted).as_seconds_f64()),
        waited_s: stays.iter().map(|stay| stay.until_s - stay.from_s).sum(),
        outcome: outcome.map_or("", Belief::name),
        attempts: story.record.attempts,
        faults: scenario.faults.iter().filter(strikes).map(of_fault).collect(),
        events,
        stays,
    }
}

pub(super) fn tenants(
    about: About,
    who: &str,
    tenants: &[TenantId],
    story: &TenantStory,
    scenario: &Scenario,
    findings: &Findings,
) -> TenantFacts {
    let worst = story.worst.iter().map(|one| WorstFacts {
        message: one.message.0,
        class: scenario.classes[one.class.index()].name.clone(),
        submitted_s: one.submitted.as_seconds_f64(),
        waited_s: one.waited_until.since(one.submitted).as_seconds_f64(),
        was_dispatched: one.first_dispatch.is_some(),
    });
    TenantFacts {
        about,
        who: who.to_owned(),
        tenants: tenants.len(),
        messages: story.messages,
        waited_s: total_ns(&story.waits) as f64 / 1e9,
        waits: of_waits(&story.waits, scenario),
        series: series(who, &findings.series, scenario),
        worst: worst.collect(),
    }
}

/// Shares over time, in at most so many parts of equal length.
fn series(who: &str, rows: &[SeriesRow], scenario: &Scenario) -> Vec<ShareFacts> {
    let mut starts: Vec<f64> = rows.iter().map(|row| row.start_s).collect();
    starts.dedup();
    starts.sort_by(f64::total_cmp);
    starts.dedup();
    let is_it = |row: &SeriesRow| row.tenant == who || row.group == who;
    if starts.is_empty() || !rows.iter().any(is_it) {
        return Vec::new();
    }
    let places: Vec<&str> = rows.iter().filter(|row| is_it(row)).map(|r| &*r.destination).collect();
    let window_s = scenario.window.as_seconds_f64();
    let windows = (starts[starts.len() - 1] / window_s).round() as usize + 1;
    let windows_a_part = windows.div_ceil(SERIES_ROWS);
    let part_of = |start_s: f64| (start_s / window_s).round() as usize / windows_a_part;
    let mut parts: BTreeMap<usize, ShareFacts> = BTreeMap::new();
    // The backlog at the end of a part is that of its last window.
    let mut last: BTreeMap<usize, f64> = BTreeMap::new();
    for row in rows.iter().filter(|row| places.contains(&row.destination.as_str())) {
        let number = part_of(row.start_s);
        let part = parts.entry(number).or_default();
        part.from_s = (number * windows_a_part) as f64 * window_s;
        part.sent_by_all += row.sent;
        if !is_it(row) {
            continue;
        }
        part.offered += row.offered;
        part.sent += row.sent;
        part.entitled += row.entitled;
        let latest = last.entry(number).or_insert(f64::NEG_INFINITY);
        if row.start_s > *latest {
            (*latest, part.backlog) = (row.start_s, 0);
        }
        part.backlog += row.backlog;
    }
    parts.into_values().collect()
}

fn of_stay(stay: &Stay, scenario: &Scenario) -> StayFacts {
    StayFacts {
        from_s: stay.from.as_seconds_f64(),
        until_s: stay.until.as_seconds_f64(),
        ahead: stay.ahead,
        waiting: parties(&stay.waiting, scenario),
        went_first: parties(&stay.went_first, scenario),
        waits: of_waits(&stay.waits, scenario),
        scores: stay.samples.iter().map(|sample| of_sample(sample, scenario)).collect(),
    }
}

/// Most segments first.
fn parties(passed: &Passed, scenario: &Scenario) -> Vec<Party> {
    let party = |(tenant, (messages, segments)): (&TenantId, &(u64, u64))| Party {
        tenant: tenant_name(*tenant, scenario),
        messages: *messages,
        segments: *segments,
    };
    let mut parties: Vec<Party> = passed.iter().map(party).collect();
    parties.sort_by_key(|party| std::cmp::Reverse(party.segments));
    parties
}

fn total_ns(waits: &Waits) -> u128 {
    waits.values().sum()
}

/// Longest first.
fn of_waits(waits: &Waits, scenario: &Scenario) -> Vec<WaitFacts> {
    let total = total_ns(waits).max(1) as f64;
    let wait = |(cause, ns): (&Cause, &u128)| WaitFacts {
        cause: match cause {
            Cause::Quota => "quota",
            Cause::OwnBacklog => "own backlog",
            Cause::Other(_) => "others first",
            Cause::Policy => "policy",
            Cause::Window => "window",
            Cause::Carrier => "no session",
            Cause::Cap => "sender's cap",
            Cause::Pause => "paused",
            Cause::Backoff => "back-off",
        },
        tenant: match cause {
            Cause::Other(tenant) => Some(tenant_name(*tenant, scenario)),
            _ => None,
        },
        waited_s: *ns as f64 / 1e9,
        part: *ns as f64 / total,
    };
    let mut facts: Vec<WaitFacts> = waits.iter().map(wait).collect();
    facts.sort_by(|a, b| b.waited_s.total_cmp(&a.waited_s));
    facts
}

fn of_sample(sample: &Sample, scenario: &Scenario) -> ScoreFacts {
    let seconds = |ns: i128| ns as f64 / 1e9;
    ScoreFacts {
        time_s: sample.time.as_seconds_f64(),
        score_s: seconds(sample.own.score_ns),
        share: sample.own.share_billionths as f64 / 1e9,
        chosen: tenant_name(sample.chosen_tenant, scenario),
        chosen_score_s: sample.chosen.map(|standing| seconds(standing.score_ns)),
    }
}

fn of_fault(fault: &Fault) -> FaultFacts {
    FaultFacts {
        fault: fault.name.clone(),
        kind: fault.kind.name(),
        start_s: fault.start.as_seconds_f64(),
        end_s: fault.end().as_seconds_f64(),
    }
}

fn concerns(fault: &Fault, message: &Message) -> bool {
    fault.tenant.is_none_or(|tenant| tenant == message.tenant)
        && fault.sender.is_none_or(|sender| sender == message.sender)
        && fault.class.is_none_or(|class| class == message.class)
}

fn of_event(event: &Event) -> Option<EventFacts> {
    let what = match event.what {
        What::Moved { record, to, why, code, .. } => moved(why, to, record.attempts, code),
        What::LateAnswer { status, .. } => {
            format!("an answer after the attempt was given up: {status}")
        }
        What::TruthMoved { attempt, to, .. } => truth(attempt, to)?,
        What::DeliveryTold { delivered, .. } => {
            format!("the receipt tells of a delivery at {delivered} s")
        }
        What::SessionUp(session) => format!("session {} comes up", session.0),
        What::SessionDown(session) => format!("session {} is lost", session.0),
        _ => return None,
    };
    Some(EventFacts {
        time_s: event.time.as_seconds_f64(),
        what,
        is_truth: matches!(event.what, What::TruthMoved { .. }),
    })
}

/// What the platform learnt or did.
fn moved(why: Happening, to: Belief, attempts: u32, code: u32) -> String {
    let status = Status(code);
    match why {
        Happening::Submitted => "submitted".to_owned(),
        Happening::QueueOverflow => {
            format!("refused at submission: its queue would take too long to drain ({code})")
        }
        Happening::Dispatched => format!("attempt {attempts} is sent"),
        Happening::AnsweredAccepted => format!("answered {status}: the carrier took it"),
        Happening::AnsweredPermanent => format!("answered {status}: refused for good"),
        Happening::AnsweredRetry => format!("answered {status}: refused for now, backs off"),
        Happening::AnsweredExhausted => format!("answered {status}: no attempt is left"),
        Happening::OutcomeUnknownRetry => {
            "no answer, or its session is lost: outcome unknown, backs off".to_owned()
        }
        Happening::OutcomeUnknownGiveUp => {
            "no answer, or its session is lost: the platform gives up".to_owned()
        }
        Happening::BackoffOver => "back in its queue".to_owned(),
        Happening::LateAccepted => "accepted after all".to_owned(),
        Happening::ReceiptDelivered => "receipt: delivered".to_owned(),
        Happening::ReceiptFailed => format!("receipt: {}", receipt_name(code)),
        Happening::ReceiptOverdue => "no receipt came in time".to_owned(),
        Happening::Expired => "its validity is over".to_owned(),
        _ => to.name().to_owned(),
    }
}

fn receipt_name(code: u32) -> &'static str {
    [
        (ReceiptState::Delivered, "delivered"),
        (ReceiptState::Expired, "expired at the carrier"),
        (ReceiptState::Undeliverable, "undeliverable"),
        (ReceiptState::Rejected, "rejected"),
    ]
    .into_iter()
    .find(|(state, _)| *state as u32 == code)
    .map_or("not delivered", |(_, name)| name)
}

fn truth(attempt: u32, to: Truth) -> Option<String> {
    Some(match to {
        // The answer tells the same.
        Truth::Nowhere | Truth::AtCarrier => return None,
        Truth::Delivered => format!("attempt {attempt} reaches the handset"),
        Truth::Lost => format!("attempt {attempt} is lost by the carrier"),
        Truth::Rejected => format!("attempt {attempt} is given up by the carrier"),
    })
}

fn tenant_name(tenant: TenantId, scenario: &Scenario) -> String {
    scenario.tenants[tenant.index()].name.clone()
}
