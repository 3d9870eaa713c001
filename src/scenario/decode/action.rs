//! `[[action]]`: what the platform's operators do while a scenario runs.

use super::super::action::{Action, Order, Whom};
use super::super::diagnostics::Reporter;
use super::super::reader::{Field, Presence, Shape, TAG, TableReader, TableSpec, choose_kind};
use super::super::tree::Node;
use super::ROOT;
use super::fault::{Scope, tenants_sender};
use super::names::Names;
use super::traffic::{default_name, in_words};
use super::values::{Placed, did_you_mean};
use crate::time::{Span, Time};
use crate::units::{CampaignId, ClassId, DestinationId, TenantId};

const COMMON: &[Field] = &[
    Field::optional("name", Shape::Name, "its name; by default kind and position"),
    Field::required("at", Shape::Span, "when the order is given"),
    Field::optional("destination", Shape::Name, "to which lane; to all when not given"),
    Field::required("tenant", Shape::Name, "whom it concerns"),
    Field::optional("sender", Shape::Name, "which of its senders; all when not given"),
    Field::optional(
        "campaign",
        Shape::Name,
        "which of its traffic tables, by name; all when not given",
    ),
];

const fn kind(word: &'static [&'static str]) -> Field {
    let shape = Shape::OneOf(word);
    Field { name: TAG, shape, presence: Presence::Required, doc: "the kind of order" }
}

static PAUSE: TableSpec = TableSpec {
    title: "`[[action]]` of kind pause",
    doc: "Nothing of it is dispatched until it is resumed; what is with the carrier goes on.",
    fields: &[&[kind(&["pause"])], COMMON],
    kind: Some("pause"),
};

static RESUME: TableSpec = TableSpec {
    title: "`[[action]]` of kind resume",
    doc: "Ends a pause of the same tenant, sender or campaign.",
    fields: &[&[kind(&["resume"])], COMMON],
    kind: Some("resume"),
};

static CANCEL: TableSpec = TableSpec {
    title: "`[[action]]` of kind cancel",
    doc: "What waits is withdrawn; what is with the carrier cannot be called back.",
    fields: &[&[kind(&["cancel"])], COMMON],
    kind: Some("cancel"),
};

static REPRIORITISE: TableSpec = TableSpec {
    title: "`[[action]]` of kind reprioritise",
    doc: "What waits queues with another class, or the tenant has another weight.",
    fields: &[
        &[
            kind(&["reprioritise"]),
            Field::optional(
                "class",
                Shape::Name,
                "with which class what waits queues from then on",
            ),
            Field::optional("weight", Shape::Weight, "the tenant's weight from then on"),
        ],
        COMMON,
    ],
    kind: Some("reprioritise"),
};

pub(crate) static ACTION_KINDS: [&TableSpec; 4] = [&PAUSE, &RESUME, &CANCEL, &REPRIORITISE];

/// Reads all actions, in order. `traffic` has the names of each tenant's traffic tables, by source.
pub(crate) fn actions(
    reporter: &Reporter,
    nodes: &[&Node],
    scope: Scope<'_>,
    traffic: &[(TenantId, &str)],
) -> Option<Vec<Action>> {
    let mut names = Names::new("action");
    let actions: Vec<Option<Action>> = nodes
        .iter()
        .enumerate()
        .map(|(index, node)| action(reporter, &mut names, scope, traffic, index + 1, node))
        .collect();
    actions.into_iter().collect()
}

fn action(
    reporter: &Reporter,
    names: &mut Names,
    scope: Scope<'_>,
    traffic: &[(TenantId, &str)],
    position: usize,
    node: &Node,
) -> Option<Action> {
    let spec = choose_kind(reporter, &ACTION_KINDS, "action", node)?;
    let reader = TableReader::open(reporter, &ROOT, spec, node)?;
    let kind = spec.kind.expect("it was chosen by its kind");
    let name = if reader.has("name") {
        reader.name("name")
    } else {
        let _ = reader.get("name");
        Some(Placed { text: default_name(kind, position), mark: node.mark })
    };
    names.add(reporter, name.clone());
    let at = reader.span("at");
    check_time(&reader, at, scope);
    let destination = match reader.text("destination") {
        None => (!reader.has("destination")).then_some(None),
        Some(name) => {
            scope.destinations.find(reporter, &name).map(|d| Some(DestinationId(d as u16)))
        }
    };
    let tenant = reader.text("tenant").and_then(|name| scope.people.one_tenant(reporter, &name));
    let sender = tenants_sender(&reader, tenant.map(Some), scope.senders);
    let campaign = campaign(&reader, tenant, traffic);
    if reader.has("sender") && reader.has("campaign") {
        let label = "name the sender or the campaign, not both";
        reader.reject("campaign", "the action concerns two things", label);
    }
    let order = match kind {
        "pause" => Some(Order::Pause),
        "resume" => Some(Order::Resume),
        "cancel" => Some(Order::Cancel),
        "reprioritise" => priority(&reader, scope),
        other => unreachable!("`{other}` is described and cannot be decoded"),
    };
    reader.finish();
    let whom = match (tenant?, sender?, campaign?) {
        (_, _, Some(campaign)) => Whom::Campaign(campaign),
        (_, Some(sender), None) => Whom::Sender(sender),
        (tenant, None, None) => Whom::Tenant(tenant),
    };
    Some(Action {
        name: name?.text,
        at: Time::ZERO + at?,
        destination: destination?,
        whom,
        order: order?,
    })
}

fn campaign(
    reader: &TableReader<'_>,
    tenant: Option<TenantId>,
    traffic: &[(TenantId, &str)],
) -> Option<Option<CampaignId>> {
    let Some(name) = reader.text("campaign") else {
        return (!reader.has("campaign")).then_some(None);
    };
    let tenant = tenant?;
    let own = || traffic.iter().enumerate().filter(|(_, (of, _))| *of == tenant);
    let found = own().find(|(_, (_, known))| *known == name.text);
    if found.is_none() {
        let known: Vec<&str> = own().map(|(_, (_, known))| *known).collect();
        let title = format!("the tenant has no traffic table `{}`", name.text);
        reader.reject("campaign", title, did_you_mean(&name.text, known.iter().copied()));
    }
    found.map(|(index, _)| Some(CampaignId(index as u32)))
}

/// By another class, or by another weight of the whole tenant.
fn priority(reader: &TableReader<'_>, scope: Scope<'_>) -> Option<Order> {
    let class = reader.text("class").and_then(|name| scope.classes.find(reader.reporter, &name));
    let weight = reader.weight("weight");
    match (reader.has("class"), reader.has("weight")) {
        (true, false) => class.map(|class| Order::Reclassify(ClassId(class as u16))),
        (false, true) => {
            for part in ["sender", "campaign"] {
                if reader.has(part) {
                    let label = "remove this, or give a `class` instead of the weight";
                    reader.reject(part, "only a whole tenant has a weight", label);
                }
            }
            weight.map(Order::Reweight)
        }
        (true, true) => {
            let label = "give the class or the weight, not both";
            reader.reject("weight", "the action orders two things", label);
            None
        }
        (false, false) => {
            let label = "give a `class` to queue with, or a `weight` for the whole tenant";
            reader.reject("kind", "the action orders nothing", label);
            None
        }
    }
}

fn check_time(reader: &TableReader<'_>, at: Option<Span>, scope: Scope<'_>) {
    let horizon = scope.horizon;
    let (Some(at), Some(duration), Some(drain)) = (at, horizon.duration, horizon.drain) else {
        return;
    };
    let end = Time::ZERO.saturating_add(duration).saturating_add(drain);
    if Time::ZERO.saturating_add(at) >= end {
        let label = format!("the run ends at {} at the latest", in_words(end - Time::ZERO));
        reader.reject("at", "the action comes after the run", label);
    }
}
