//! `[[check]]`: what must hold after a run.

use super::super::diagnostics::{Mark, Problem, Reporter};
use super::super::quantity::parse_scaled;
use super::super::reader::{Field, Shape, TableReader, TableSpec};
use super::super::resolved::{Bound, Check, Margin, Scenario, Selector};
use super::super::suggest::nearest;
use super::super::tree::{Node, Value};
use super::super::{MetricUnit, Registries};
use super::ROOT;
use super::names::Names;
use super::people::People;
use super::values::{Placed, did_you_mean, numeral, part_of_one, quoted, span};
use crate::units::{ClassId, DestinationId, TenantId, TenantSetId};

pub(crate) static CHECK: TableSpec = TableSpec {
    title: "`[[check]]`",
    doc: "Something that must hold after a run; exactly one of `at-most` and `at-least`.",
    fields: &[&[
        Field::optional("name", Shape::Text, "what reports call it; by default metric and bound"),
        Field::required("metric", Shape::Text, "the metric; `apportion metrics` lists them"),
        Field::optional("tenant", Shape::Name, "a tenant or a population"),
        Field::optional("tenant-set", Shape::Name, "a tenant set"),
        Field::optional("class", Shape::Name, "a class"),
        Field::optional("destination", Shape::Name, "a destination"),
        Field::optional("at-most", Shape::Bound, "the value is at most this"),
        Field::optional("at-least", Shape::Bound, "the value is at least this"),
        Field::with_default(
            "margin",
            Shape::Bound,
            "\"5%\"",
            "how much worse than a recorded baseline it may get: a part, or in the metric's unit",
        ),
    ]],
    kind: None,
};

/// What checks refer to.
pub(crate) struct Subjects<'a> {
    pub(crate) registries: Registries<'a>,
    pub(crate) people: &'a People<'a>,
    pub(crate) sets: &'a Names,
    pub(crate) classes: &'a Names,
    pub(crate) destinations: &'a Names,
    /// The scenario so far, when everything that makes traffic could be read.
    pub(crate) traffic: Option<&'a Scenario>,
}

/// Reads one check.
pub(crate) fn check(reporter: &Reporter, subjects: &Subjects<'_>, node: &Node) -> Option<Check> {
    let reader = TableReader::open(reporter, &ROOT, &CHECK, node)?;
    let name = reader.text("name");
    let metric = metric(&reader, subjects.registries.metrics);
    let tenant = reader.text("tenant");
    let tenant_set = reader.text("tenant-set");
    let class = reader.text("class");
    let destination = reader.text("destination");
    let bounds = [reader.get("at-most"), reader.get("at-least")];
    let bound = match bounds {
        [Some(node), None] => metric.and_then(|(name, unit)| {
            value(reporter, name, unit, "at-most", &node).map(Bound::AtMost)
        }),
        [None, Some(node)] => metric.and_then(|(name, unit)| {
            value(reporter, name, unit, "at-least", &node).map(Bound::AtLeast)
        }),
        [None, None] => {
            let label = "give it `at-most` or `at-least`";
            reporter.report(Problem::new("the check has no bound", reader.head, label));
            None
        }
        [Some(most), Some(least)] => {
            let problem = Problem::new("the check has two bounds", most.mark, "`at-most` is one");
            let problem = problem.also(least.mark, "`at-least` is the other");
            reporter.report(problem.help("make two checks of it"));
            None
        }
    };
    let margin = match (reader.get("margin"), metric) {
        (Some(node), Some((name, unit))) => margin(reporter, name, unit, &node),
        _ => None,
    };
    let selected = Selected {
        tenants: tenant.as_ref().map(|n| subjects.people.tenants(reporter, n)),
        set: position(reporter, subjects.sets, &tenant_set)
            .map(|p| p.map(|p| TenantSetId(p as u32))),
        class: position(reporter, subjects.classes, &class).map(|p| p.map(|p| ClassId(p as u16))),
        destination: position(reporter, subjects.destinations, &destination)
            .map(|p| p.map(|p| DestinationId(p as u16))),
    };
    if let Some(scenario) = subjects.traffic {
        let names = [
            ("of tenant", &tenant),
            ("of tenant set", &tenant_set),
            ("of class", &class),
            ("for destination", &destination),
        ];
        let given = names.map(|(what, name)| name.as_ref().map(|name| (what, name)));
        let given: Vec<(&str, &Placed)> = given.into_iter().flatten().collect();
        selected.check(reporter, scenario, &given, reader.head);
    }
    let line = reporter.line_of(reader.head);
    reader.finish();
    let text = |placed: Option<Placed>| placed.map(|placed| placed.text);
    let selector = Selector {
        tenant: text(tenant),
        tenant_set: text(tenant_set),
        class: text(class),
        destination: text(destination),
    };
    let (metric, unit) = metric?;
    let bound = bound?;
    let name = text(name).unwrap_or_else(|| default_name(metric, unit, &selector, bound));
    Some(Check { name, metric: metric.into(), selector, bound, margin: margin?, line })
}

/// The metric that a check names; of a misspelt one, which is reported, the one that was meant.
fn metric<'a>(
    reader: &TableReader<'_>,
    known: &'a [(&'a str, MetricUnit)],
) -> Option<(&'a str, MetricUnit)> {
    let written = reader.text("metric")?;
    let of_name = |wanted: &str| known.iter().find(|(name, _)| *name == wanted).copied();
    let found = of_name(&written.text);
    if found.is_some() {
        return found;
    }
    let names = || known.iter().map(|(name, _)| *name);
    let title = format!("there is no metric named `{}`", written.text);
    let problem = Problem::new(title, written.mark, did_you_mean(&written.text, names()));
    reader.reporter.report(problem.help("`apportion metrics` lists all of them"));
    nearest(&written.text, names()).and_then(of_name)
}

/// A part of the figure before, or a bound in the unit of its metric.
fn margin(reporter: &Reporter, metric: &str, unit: MetricUnit, node: &Node) -> Option<Margin> {
    if let Value::Text(text) = &node.value
        && text.ends_with('%')
    {
        let part = part_of_one(reporter, &quoted("margin"), "a part", node)?;
        return Some(Margin::Relative(part.as_f64()));
    }
    value(reporter, metric, unit, "margin", node).map(Margin::Absolute)
}

/// A bound in the unit of its metric.
fn value(
    reporter: &Reporter,
    metric: &str,
    unit: MetricUnit,
    key: &str,
    node: &Node,
) -> Option<f64> {
    let is_text = matches!(node.value, Value::Text(_));
    let wrong_unit = |label: String| {
        let title = format!("`{key}` has the wrong unit for `{metric}`");
        reporter.report(Problem::new(title, node.mark, label));
    };
    match unit {
        MetricUnit::Seconds => match numeral(node) {
            Some(number) => {
                wrong_unit(format!("this metric is a time; did you mean \"{number}s\"?"));
                None
            }
            None => span(reporter, &quoted(key), node).map(|span| span.as_seconds_f64()),
        },
        MetricUnit::Ratio => match &node.value {
            Value::Text(text) if !text.ends_with('%') => {
                wrong_unit(
                    "this metric is a ratio; write a number such as 0.95, or \"95%\"".into(),
                );
                None
            }
            _ => part_of_one(reporter, &quoted(key), "a ratio", node).map(|ratio| ratio.as_f64()),
        },
        MetricUnit::Count => {
            let Some(number) = numeral(node) else {
                let kind = if is_text { "a text" } else { node.kind() };
                wrong_unit(format!("this metric is a plain number such as 3 or 0.5, not {kind}"));
                return None;
            };
            if let Err(error) = parse_scaled(&number, 15, "10⁻¹⁵") {
                let title = format!("`{key}` is not a number to compare with");
                reporter.report(Problem::new(title, node.mark, error.to_string()));
                return None;
            }
            number.parse().ok()
        }
    }
}

/// `None`: not asked for. `Some(None)`: asked for and not found.
fn position(reporter: &Reporter, names: &Names, name: &Option<Placed>) -> Option<Option<usize>> {
    name.as_ref().map(|name| names.find(reporter, name))
}

/// What the selectors of a check stand for; each as by [`position`].
struct Selected<'a> {
    tenants: Option<Option<&'a [TenantId]>>,
    set: Option<Option<TenantSetId>>,
    class: Option<Option<ClassId>>,
    destination: Option<Option<DestinationId>>,
}

impl Selected<'_> {
    /// Reports when no traffic of the scenario is selected.
    fn check(
        &self,
        reporter: &Reporter,
        scenario: &Scenario,
        given: &[(&str, &Placed)],
        head: Mark,
    ) {
        let unknown = self.tenants == Some(None)
            || self.set == Some(None)
            || self.class == Some(None)
            || self.destination == Some(None);
        if unknown {
            return;
        }
        let takes = |tenant: TenantId, class: ClassId, destination: DestinationId| {
            // The tenants of a name come in the order of their numbers.
            self.tenants.flatten().is_none_or(|known| known.binary_search(&tenant).is_ok())
                && self.set.is_none_or(|set| scenario.tenants[tenant.index()].set == set)
                && self.class.flatten().is_none_or(|known| known == class)
                && self.destination.flatten().is_none_or(|known| known == destination)
        };
        let logged = scenario.log.iter().flat_map(|log| &log.arrivals);
        let any = scenario.sources.iter().any(|s| takes(s.tenant, s.class, s.destination))
            || logged.into_iter().any(|a| takes(a.tenant, a.class, a.destination));
        if !any {
            let mark = given.first().map_or(head, |(_, name)| name.mark);
            let of_whom: Vec<String> =
                given.iter().map(|(what, name)| format!("{what} `{}`", name.text)).collect();
            let of_whom = of_whom.join(" and ");
            let label = format!("no message of the scenario is {of_whom}");
            let problem = Problem::new("the check selects nothing", mark, label);
            reporter.report(problem.help("a check on nothing would always hold, or never"));
        }
    }
}

fn default_name(metric: &str, unit: MetricUnit, selector: &Selector, bound: Bound) -> String {
    let of: Vec<String> = [
        ("tenant", &selector.tenant),
        ("tenant-set", &selector.tenant_set),
        ("class", &selector.class),
        ("destination", &selector.destination),
    ]
    .into_iter()
    .filter_map(|(what, name)| Some(format!("{what} {}", name.as_ref()?)))
    .collect();
    let of = if of.is_empty() { String::new() } else { format!(" of {}", of.join(", ")) };
    let (operator, value) = match bound {
        Bound::AtMost(value) => ("<=", value),
        Bound::AtLeast(value) => (">=", value),
    };
    let unit = if unit == MetricUnit::Seconds { " s" } else { "" };
    format!("{metric}{of} {operator} {value}{unit}")
}
