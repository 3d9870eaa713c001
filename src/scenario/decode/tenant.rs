//! `[[tenant]]`: a tenant, or a population of equal ones.

use std::collections::BTreeSet;

use super::super::diagnostics::{Mark, Problem, Reporter};
use super::super::reader::{Field, Shape, TableReader, TableSpec};
use super::super::resolved::{Destination, SenderUse};
use super::super::suggest::list;
use super::super::tree::Node;
use super::ROOT;
use super::bounds::{BOUNDS, bounds};
use super::caps::{self, Caps};
use super::names::Names;
use super::sizes::{SIZES, Sizes, sizes};
use super::traffic::{TRAFFIC_KINDS, Traffic, Where, traffic};
use super::values::{Placed, did_you_mean};
use crate::scheduler::ShareBounds;
use crate::units::{TenantSetId, Weight};

pub(crate) static TENANT: TableSpec = TableSpec {
    title: "`[[tenant]]`",
    doc: "A customer, or with `count` a population of equal ones.",
    fields: &[
        &[
            Field::required("name", Shape::Name, "its name"),
            Field::with_default(
                "count",
                Shape::Integer { least: 1, most: MOST_TENANTS },
                "1",
                "how many equal tenants; they are named `name-1`, `name-2` and so on",
            ),
            Field::optional(
                "sizes",
                Shape::Table(&SIZES),
                "how traffic differs between the members of a population; equal when not given",
            ),
            Field::optional("set", Shape::Name, "its tenant set; all tenants have one or none has"),
            Field::with_default("weight", Shape::Weight, "1", "its weight in its set or among all"),
            Field::with_default(
                "senders",
                Shape::Integer { least: 1, most: MOST_SENDERS },
                "1",
                "its senders, used in turn; they are named `sender-1`, `sender-2` and so on",
            ),
            Field::optional(
                "sender-skew",
                Shape::Number { least: 0.0, most: 10.0 },
                "senders are used at random, number k in proportion to k to the power of minus this; \
             0 for evenly",
            ),
            Field::with_default(
                "spill",
                Shape::Boolean,
                "false",
                "whether what admission would refuse goes out from another of its senders instead",
            ),
            Field::optional(
                "sender-class",
                Shape::Text,
                "what carriers take its senders for, such as \"long-code\": their `sender-limit` tables \
                 say",
            ),
            Field::optional("traffic", Shape::TablesByKind(&TRAFFIC_KINDS), "what it submits"),
        ],
        caps::CAPS,
        BOUNDS,
    ],
    kind: None,
};

/// The most tenants of a scenario.
pub(crate) const MOST_TENANTS: u64 = 1_000_000;
/// The most senders of a scenario, and the most traffic tables after unrolling.
pub(crate) const MOST_SENDERS: u64 = 4_000_000;

/// A `[[tenant]]` table as decoded.
#[derive(Clone, Debug)]
pub(crate) struct TenantTable {
    pub(crate) name: Placed,
    pub(crate) count: u32,
    pub(crate) count_mark: Mark,
    pub(crate) set: Option<TenantSetId>,
    pub(crate) set_given: bool,
    pub(crate) head: Mark,
    pub(crate) weight: Weight,
    pub(crate) bounds: ShareBounds,
    pub(crate) sizes: Option<Sizes>,
    pub(crate) senders: u32,
    pub(crate) sender_use: SenderUse,
    pub(crate) senders_mark: Mark,
    pub(crate) caps: Caps,
    pub(crate) sender_caps: Caps,
    pub(crate) sender_class: Option<Placed>,
    pub(crate) spills: bool,
    pub(crate) traffic: Vec<Traffic>,
}

/// Reads one tenant table and adds its name to `names`.
pub(crate) fn tenant(
    reporter: &Reporter,
    names: &mut Names,
    sets: &Names,
    place: &Where<'_>,
    node: &Node,
) -> Option<TenantTable> {
    let Some(reader) = TableReader::open(reporter, &ROOT, &TENANT, node) else {
        names.add(reporter, None);
        return None;
    };
    let name = reader.name("name");
    names.add(reporter, name.clone());
    let count = reader.integer_u32("count");
    let set_name = reader.text("set");
    let set = set_name.as_ref().and_then(|set| sets.find(reporter, set));
    let weight = reader.weight("weight");
    let bounds = bounds(&reader);
    let sizes = reader.get("sizes").map(|node| sizes(reporter, &node));
    if let (true, Some(1)) = (reader.has("sizes"), count) {
        let label = "give a `count` above 1, or remove this";
        reader.reject("sizes", "one tenant has no sizes", label);
    }
    let senders = reader.integer_u32("senders");
    let sender_use = match reader.number("sender-skew") {
        Some(exponent) => Some(SenderUse::Zipf(exponent)),
        None => (!reader.has("sender-skew")).then_some(SenderUse::InTurn),
    };
    let caps = caps::caps(&reader, place.begins);
    let sender_class = reader.text("sender-class");
    let spills = reader.boolean("spill");
    if let (Some(true), Some(1)) = (spills, senders) {
        reader.reject("spill", "the tenant has no other sender", "give it more `senders`");
    }
    let mut traffic_names = Names::new("traffic table");
    let tables: Vec<_> = reader
        .tables("traffic")
        .into_iter()
        .enumerate()
        .map(|(position, node)| traffic(reporter, &mut traffic_names, place, position + 1, node))
        .collect();
    let table = (|| {
        let (caps, sender_caps) = caps?;
        Some(TenantTable {
            name: name?,
            count: count?,
            count_mark: reader.mark("count"),
            set: set.map(|set| TenantSetId(set as u32)),
            set_given: reader.has("set"),
            head: reader.head,
            weight: weight?,
            bounds: bounds?,
            sizes: match sizes {
                Some(sizes) => Some(sizes?),
                None => None,
            },
            senders: senders?,
            sender_use: sender_use?,
            senders_mark: reader.mark("senders"),
            caps,
            sender_caps,
            sender_class,
            spills: spills?,
            traffic: tables.into_iter().collect::<Option<_>>()?,
        })
    })();
    reader.finish();
    table
}

/// What the tenants of `table` are called.
pub(crate) fn tenant_names(table: &TenantTable) -> impl Iterator<Item = String> + '_ {
    let single = (table.count == 1).then(|| table.name.text.clone());
    let many = if table.count == 1 { 0 } else { table.count };
    single.into_iter().chain(numbered(&table.name.text, many))
}

/// `stem-01` to `stem-40`, with as many digits as the last one needs.
pub(crate) fn numbered(stem: &str, count: u32) -> impl Iterator<Item = String> + '_ {
    let digits = count.to_string().len();
    (1..=count).map(move |number| format!("{stem}-{number:0digits$}"))
}

/// Reports classes of senders that no carrier knows: their limits would hit nobody.
pub(crate) fn check_sender_classes(
    reporter: &Reporter,
    tables: &[TenantTable],
    destinations: &[Destination],
) {
    let limits = destinations.iter().flat_map(|destination| &destination.gateway.sender_limits);
    let known: BTreeSet<&str> = limits.filter_map(|limit| limit.sender_class.as_deref()).collect();
    for class in tables.iter().filter_map(|table| table.sender_class.as_ref()) {
        if !known.contains(class.text.as_str()) {
            let title = format!("no carrier knows the sender class `{}`", class.text);
            let label = did_you_mean(&class.text, known.iter().copied());
            reporter.report(Problem::new(title, class.mark, label));
        }
    }
}

/// Reports tenants without a set beside tenants with one.
pub(crate) fn check_sets(reporter: &Reporter, tables: &[TenantTable], sets: &Names) {
    let Some(with) = tables.iter().find(|table| table.set_given) else { return };
    for without in tables.iter().filter(|table| !table.set_given) {
        let title = format!("the tenant `{}` has no set", without.name.text);
        let label = format!("give it a `set`: one of {}", list(sets.names()));
        let problem = Problem::new(title, without.head, label);
        reporter.report(problem.also(with.head, "this tenant has one; all have one or none has"));
    }
}
