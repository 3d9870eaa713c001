//! `[[fault]]`: injected failures.

use super::super::diagnostics::{Mark, Problem, Reporter};
use super::super::reader::{Field, Presence, Shape, TableReader, TableSpec, choose_kind};
use super::super::resolved::{Fault, FaultKind, Probability};
use super::super::tree::Node;
use super::ROOT;
use super::destination::failure_status;
use super::names::Names;
use super::people::People;
use super::traffic::{default_name, in_words};
use super::values::Placed;
use crate::time::{Span, Time};
use crate::units::DestinationId;

const COMMON: &[Field] = &[
    Field::optional("name", Shape::Name, "its name; by default kind and position"),
    Field::optional("destination", Shape::Name, "where; needed when there is more than one"),
    Field::required("start", Shape::Span, "when it begins"),
    Field::required("duration", Shape::Span, "how long it lasts"),
];

static OUTAGE: TableSpec = TableSpec {
    title: "`[[fault]]` of kind outage",
    doc: "All sessions are down; what was unanswered has an unknown outcome.",
    fields: &[
        &[Field {
            name: "kind",
            shape: Shape::OneOf(&["outage"]),
            presence: Presence::Required,
            doc: "the kind of fault",
        }],
        COMMON,
    ],
    kind: Some("outage"),
};

static ERROR_BURST: TableSpec = TableSpec {
    title: "`[[fault]]` of kind error-burst",
    doc: "Some attempts are refused.",
    fields: &[
        &[
            Field {
                name: "kind",
                shape: Shape::OneOf(&["error-burst"]),
                presence: Presence::Required,
                doc: "the kind of fault",
            },
            Field::required("fraction", Shape::Probability, "how many attempts it refuses"),
            Field::required("status", Shape::Text, "an SMPP status such as \"ESME_RSYSERR\""),
            Field::optional("tenant", Shape::Name, "for whom; everybody when not given"),
        ],
        COMMON,
    ],
    kind: Some("error-burst"),
};

pub(crate) static FAULT_KINDS: [&TableSpec; 2] = [&OUTAGE, &ERROR_BURST];

/// When a run takes arrivals, and when it ends at the latest; where that could be read.
#[derive(Clone, Copy)]
pub(crate) struct Horizon {
    pub(crate) duration: Option<Span>,
    pub(crate) drain: Option<Span>,
}

/// Reads all faults, in order.
pub(crate) fn faults(
    reporter: &Reporter,
    nodes: &[&Node],
    destinations: &Names,
    people: &People<'_>,
    horizon: Horizon,
) -> Option<Vec<Fault>> {
    let mut names = Names::new("fault");
    let faults: Vec<Option<(Fault, Mark)>> = nodes
        .iter()
        .enumerate()
        .map(|(index, node)| {
            fault(reporter, &mut names, destinations, people, horizon, index + 1, node)
        })
        .collect();
    let known: Vec<_> = faults.iter().flatten().collect();
    for (index, (later, mark)) in known.iter().enumerate() {
        for (earlier, first) in &known[..index] {
            if overlap(earlier, later) {
                let title = format!("the faults `{}` and `{}` overlap", earlier.name, later.name);
                let problem = Problem::new(title, *mark, "this one strikes while the other lasts")
                    .also(*first, "the other, of the same kind and scope")
                    .help("move one of them, or make one longer fault of both");
                reporter.report(problem);
            }
        }
    }
    faults.into_iter().map(|fault| fault.map(|(fault, _)| fault)).collect()
}

fn overlap(a: &Fault, b: &Fault) -> bool {
    let same_kind = a.kind.name() == b.kind.name();
    let same_scope = a.destination == b.destination
        && (a.tenant.is_none() || b.tenant.is_none() || a.tenant == b.tenant);
    let ends = |fault: &Fault| fault.start.saturating_add(fault.duration);
    same_kind && same_scope && a.start < ends(b) && b.start < ends(a)
}

fn fault(
    reporter: &Reporter,
    names: &mut Names,
    destinations: &Names,
    people: &People<'_>,
    horizon: Horizon,
    position: usize,
    node: &Node,
) -> Option<(Fault, Mark)> {
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
    let destination = destinations.find_or_only(&reader, "destination");
    let start = reader.span("start");
    let duration = reader.positive_span("duration");
    check_times(&reader, start, duration, horizon);
    let (kind, tenant) = match kind_name {
        "outage" => (Some(FaultKind::Outage), Some(None)),
        _ => error_burst(&reader, people),
    };
    reader.finish();
    let fault = Fault {
        name: name?.text,
        kind: kind?,
        destination: DestinationId(destination? as u16),
        tenant: tenant?,
        start: Time::ZERO + start?,
        duration: duration?,
    };
    Some((fault, node.mark))
}

type Tenant = Option<crate::units::TenantId>;

fn error_burst(
    reader: &TableReader<'_>,
    people: &People<'_>,
) -> (Option<FaultKind>, Option<Tenant>) {
    let fraction = reader.probability("fraction");
    let status = failure_status(reader, "status");
    let tenant = reader.text("tenant");
    if fraction == Some(Probability::NEVER) {
        reader.reject("fraction", "`fraction` is zero", "a fault that refuses nothing is none");
    }
    let tenant = match tenant {
        None => (!reader.has("tenant")).then_some(None),
        Some(name) => people.one_tenant(reader.reporter, &name).map(Some),
    };
    let kind =
        fraction.zip(status).map(|(fraction, status)| FaultKind::ErrorBurst { fraction, status });
    (kind, tenant)
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
