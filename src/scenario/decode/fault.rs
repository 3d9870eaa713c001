//! `[[fault]]`: injected failures.

mod kinds;

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
use crate::units::{ClassId, DestinationId, SenderId, TenantId};
pub(crate) use kinds::{FAULT_KINDS, fault_kinds};

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
    let start = reader.span("start");
    let duration = reader.positive_span("duration");
    check_times(&reader, start, duration, scope.horizon);
    let has = |key: &str| spec.field(key).is_some();
    let tenant = if has("tenant") { tenant(&reader, scope.people) } else { Some(None) };
    let sender =
        if has("sender") { tenants_sender(&reader, tenant, scope.senders) } else { Some(None) };
    let class = if has("class") { class(&reader, scope.classes) } else { Some(None) };
    let ramp = if has("ramp") { ramp(&reader, duration) } else { Some(Span::ZERO) };
    let kind = kind(&reader, kind_name, duration);
    reader.finish();
    Some(Fault {
        name: name?.text,
        kind: kind?,
        destination: DestinationId(destination? as u16),
        tenant: tenant?,
        sender: sender?,
        class: class?,
        start: Time::ZERO + start?,
        duration: duration?,
        ramp: ramp?,
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
        other => unreachable!("`{other}` is described and cannot be decoded"),
    })
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

fn check_times(
    reader: &TableReader<'_>,
    start: Option<Span>,
    lasts: Option<Span>,
    horizon: Horizon,
) {
    let (Some(start), Some(duration)) = (start, horizon.duration) else { return };
    if start >= duration {
        let label = format!("arrivals end at {}", in_words(duration));
        reader.reject("start", "the fault begins after the arrivals end", label);
        return;
    }
    let (Some(lasts), Some(drain)) = (lasts, horizon.drain) else { return };
    let end = Time::ZERO.saturating_add(duration).saturating_add(drain);
    if Time::ZERO.saturating_add(start).saturating_add(lasts) > end {
        let end = end - Time::ZERO;
        let label = format!("the run ends at {} at the latest", in_words(end));
        reader.reject("duration", "the fault lasts longer than the run", label);
    }
}
