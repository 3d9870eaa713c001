//! `[[fault]]`: injected faults.

mod kinds;
mod sources;
mod times;

use super::super::diagnostics::Reporter;
use super::super::fault::{Factor, Fault, FaultKind};
use super::super::reader::{TableReader, choose_kind};
use super::super::resolved::{Latency, Probability, Sender};
use super::super::tree::Node;
use super::ROOT;
use super::destination::quota;
use super::gateway::failure_status;
use super::latency::latency;
use super::names::Names;
use super::people::People;
use super::traffic::{default_name, in_words};
use super::values::{Placed, did_you_mean, quoted};
use crate::scheduler::Status;
use crate::time::{Span, Time};
use crate::units::{ClassId, DestinationId, SenderId, SessionId, TenantId};
pub(crate) use kinds::{FAULT_KINDS, fault_kinds};
use times::{When, when};

/// When a run takes arrivals, and when it ends at the latest; where that could be read.
#[derive(Clone, Copy)]
pub(crate) struct Horizon {
    pub(crate) duration: Option<Span>,
    pub(crate) drain: Option<Span>,
}

/// Whom and what a fault can name.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) destinations: &'a Names,
    pub(crate) classes: &'a Names,
    pub(crate) senders: &'a [Sender],
    pub(crate) people: &'a People<'a>,
    pub(crate) horizon: Horizon,
}

/// Reads all faults, in order. They may overlap: their effects compose.
pub(crate) fn faults(reporter: &Reporter, nodes: &[&Node], scope: Scope<'_>) -> Option<Vec<Fault>> {
    let mut names = Names::new("fault");
    let faults: Vec<Option<Fault>> = nodes
        .iter()
        .enumerate()
        .map(|(index, node)| fault(reporter, &mut names, scope, index + 1, node))
        .collect();
    faults.into_iter().collect()
}

fn fault(
    reporter: &Reporter,
    names: &mut Names,
    scope: Scope<'_>,
    position: usize,
    node: &Node,
) -> Option<Fault> {
    let spec = choose_kind(reporter, &FAULT_KINDS, "fault", node)?;
    let reader = TableReader::open(reporter, &ROOT, spec, node)?;
    let kind_name = spec.kind.expect("it was chosen by its kind");
    let name = if reader.has("name") {
        reader.name("name")
    } else {
        let _ = reader.get("name");
        Some(Placed { text: default_name(kind_name, position), mark: node.mark })
    };
    names.add(reporter, name.clone());
    let destination = scope.destinations.find_or_only(&reader, "destination");
    let (_, duration, when) = when(&reader, spec, scope.horizon);
    let has = |key: &str| spec.field(key).is_some();
    let session = if has("session") { session(&reader) } else { Some(None) };
    let tenant = if has("tenant") { tenant(&reader, scope.people) } else { Some(None) };
    let sender =
        if has("sender") { tenants_sender(&reader, tenant, scope.senders) } else { Some(None) };
    let makes_messages = has("segments");
    let class =
        if has("class") && !makes_messages { class(&reader, scope.classes) } else { Some(None) };
    let ramp = if has("ramp") { ramp(&reader, duration) } else { Some(Span::ZERO) };
    let kind = kind(&reader, kind_name, duration);
    let made =
        if makes_messages { Some(sources::made(&reader, tenant, scope.classes)) } else { None };
    let arrivals = match (makes_messages, when) {
        (true, Some(when)) => {
            sources::arrivals(&reader, kind_name, when, scope.horizon.duration).map(Some)
        }
        (true, None) => {
            sources::read(&reader, kind_name);
            None
        }
        (false, _) => Some(None),
    };
    reader.finish();
    let destination = DestinationId(destination? as u16);
    let sources = match (made, arrivals?) {
        (Some(made), Some(arrivals)) => sources::sources(scope, destination, made?, &arrivals),
        _ => Vec::new(),
    };
    let When { start, duration, recurrence } = when?;
    Some(Fault {
        name: name?.text,
        kind: kind?,
        destination,
        session: session?,
        tenant: tenant?,
        sender: sender?,
        class: class?,
        start: Time::ZERO + start,
        duration,
        ramp: ramp?,
        recurrence,
        sources,
    })
}

/// What goes wrong; the keys are those that the description of the kind declares.
fn kind(reader: &TableReader<'_>, name: &str, duration: Option<Span>) -> Option<FaultKind> {
    Some(match name {
        "outage" => FaultKind::Outage,
        "session-drop" => FaultKind::SessionDrop { sessions: sessions(reader)? },
        "flap" => {
            let sessions = sessions(reader);
            let (down, up) = (reader.positive_span("down"), reader.positive_span("up"));
            if let (Some(down), Some(duration)) = (down, duration)
                && down >= duration
            {
                let label = format!("the fault lasts {}", in_words(duration));
                reader.reject("down", "the sessions never come up while it lasts", label);
                return None;
            }
            FaultKind::Flap { sessions: sessions?, down: down?, up: up? }
        }
        "error-burst" => {
            let (fraction, status) = (fraction(reader), failure_status(reader, "status"));
            FaultKind::ErrorBurst { fraction: fraction?, status: status? }
        }
        "brownout" => {
            let (fraction, status) = (fraction(reader), failure_status(reader, "status"));
            let factor = factor(reader);
            FaultKind::Brownout { fraction: fraction?, status: status?, factor: factor? }
        }
        "throttle" => FaultKind::Throttle {
            limit: quota(reader, "limit", "burst", false)?
                .expect("a limit that may not be unlimited is a rate"),
        },
        "rate-cut" => FaultKind::RateCut { rate: reader.rate("rate")? },
        "slow-response" => FaultKind::SlowResponse { factor: factor(reader)? },
        "blackhole" => FaultKind::Blackhole { fraction: fraction(reader)? },
        "filtering" => {
            let (fraction, has_receipt) = (fraction(reader), reader.boolean("receipts"));
            FaultKind::Filtering { fraction: fraction?, has_receipt: has_receipt? }
        }
        "receipt-delay" => FaultKind::ReceiptDelay { delay: delay(reader)? },
        "receipt-loss" => FaultKind::ReceiptLoss { fraction: fraction(reader)? },
        "receipt-duplicate" => FaultKind::ReceiptDuplicate { fraction: fraction(reader)? },
        "bad-list" => {
            let (fraction, status) = (fraction(reader), failure_status(reader, "status"));
            FaultKind::BadList { fraction: fraction?, status: status? }
        }
        "sender-block" => FaultKind::SenderBlock { status: status(reader)? },
        "traffic-spike" => FaultKind::TrafficSpike,
        "traffic-drop" => FaultKind::TrafficDrop { fraction: fraction(reader)? },
        "runaway-retry" => {
            let (copies, wait) = (reader.integer_u32("copies"), reader.positive_span("wait"));
            FaultKind::RunawayRetry { copies: copies?, wait: wait? }
        }
        "tenant-joins" => FaultKind::TenantJoins,
        "tenant-leaves" => FaultKind::TenantLeaves,
        "weight-change" => FaultKind::WeightChange { weight: reader.weight("weight")? },
        "quota-change" => FaultKind::QuotaChange {
            quota: quota(reader, "quota", "burst", false)?
                .expect("a quota that may not be unlimited is a rate"),
        },
        "scheduler-restart" => FaultKind::SchedulerRestart,
        "flash-crowd" => FaultKind::FlashCrowd,
        "campaign" => FaultKind::Campaign { is_announced: reader.boolean("announced")? },
        "diurnal" => {
            let (depth, period) = (reader.probability("depth"), reader.positive_span("period"));
            FaultKind::Diurnal { depth: depth?, period: period? }
        }
        other => unreachable!("`{other}` is described and cannot be decoded"),
    })
}

fn session(reader: &TableReader<'_>) -> Option<Option<SessionId>> {
    match reader.integer("session") {
        None => (!reader.has("session")).then_some(None),
        Some(number) => {
            let index = u16::try_from(number - 1).expect("the description bounds it");
            Some(Some(SessionId(index)))
        }
    }
}

fn sessions(reader: &TableReader<'_>) -> Option<u16> {
    let sessions = reader.integer("sessions")?;
    Some(u16::try_from(sessions).expect("the description bounds it"))
}

fn fraction(reader: &TableReader<'_>) -> Option<Probability> {
    let fraction = reader.probability("fraction")?;
    if fraction == Probability::NEVER {
        reader.reject("fraction", "`fraction` is zero", "a fault that hits nothing is none");
        return None;
    }
    Some(fraction)
}

fn status(reader: &TableReader<'_>) -> Option<Status> {
    failure_status(reader, "status")
}

fn factor(reader: &TableReader<'_>) -> Option<Factor> {
    reader.thousandths("factor", 1, 1_000_000).map(Factor)
}

fn delay(reader: &TableReader<'_>) -> Option<Latency> {
    let node = reader.get("delay")?;
    latency(reader.reporter, &quoted("delay"), &node)
}

fn ramp(reader: &TableReader<'_>, duration: Option<Span>) -> Option<Span> {
    let ramp = reader.span("ramp")?;
    if let Some(duration) = duration
        && ramp.saturating_mul(2) > duration
    {
        let label = format!("the fault lasts {}, and ramps up and down", in_words(duration));
        reader.reject("ramp", "the fault is too short for its ramps", label);
        return None;
    }
    Some(ramp)
}

fn tenant(reader: &TableReader<'_>, people: &People<'_>) -> Option<Option<TenantId>> {
    match reader.text("tenant") {
        None => (!reader.has("tenant")).then_some(None),
        Some(name) => people.one_tenant(reader.reporter, &name).map(Some),
    }
}

fn class(reader: &TableReader<'_>, classes: &Names) -> Option<Option<ClassId>> {
    match reader.text("class") {
        None => (!reader.has("class")).then_some(None),
        Some(name) => classes.find(reader.reporter, &name).map(|index| Some(ClassId(index as u16))),
    }
}

/// One of the senders of the tenant, by the key `sender`; the inner `None` is "all".
pub(crate) fn tenants_sender(
    reader: &TableReader<'_>,
    tenant: Option<Option<TenantId>>,
    senders: &[Sender],
) -> Option<Option<SenderId>> {
    let Some(name) = reader.text("sender") else {
        return (!reader.has("sender")).then_some(None);
    };
    let Some(tenant) = tenant? else {
        reader.reject("sender", "`sender` needs a `tenant`", "a sender is one of a tenant's");
        return None;
    };
    let own = || senders.iter().enumerate().filter(|(_, sender)| sender.tenant == tenant);
    let found = own().find(|(_, sender)| sender.name == name.text);
    if found.is_none() {
        let known: Vec<&str> = own().map(|(_, sender)| sender.name.as_str()).collect();
        let label = did_you_mean(&name.text, known.iter().copied());
        reader.reject("sender", format!("the tenant has no sender `{}`", name.text), label);
    }
    found.map(|(index, _)| Some(SenderId(index as u32)))
}
