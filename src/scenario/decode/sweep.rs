//! `[sweep]` and `[[sweep.axis]]`: which points to run.

use std::collections::BTreeMap;

use super::super::Registries;
use super::super::diagnostics::{Mark, Problem, Reporter};
use super::super::overrides;
use super::super::reader::{Field, Shape, TableReader, TableSpec};
use super::super::suggest::list;
use super::super::sweep::{
    Axis, AxisKind, AxisValue, AxisValues, Constraint, Design, Repeats, Sweep, number_of, parse,
};
use super::super::tree::{Node, Value};
use super::ROOT;
use super::values::{Placed, did_you_mean, numeral, text, wrong_type};

const ANY_NUMBER: Shape = Shape::Number { least: -1e15, most: 1e15 };

pub(crate) static SWEEP: TableSpec = TableSpec {
    title: "`[sweep]`",
    doc: "Parameter points for `apportion sweep`; other commands run the scenario as it stands.",
    fields: &[&[
        Field::with_default(
            "design",
            Shape::OneOf(&["grid", "latin-hypercube", "sobol"]),
            "\"grid\"",
            "every combination, or points that fill the space",
        ),
        Field::optional(
            "points",
            Shape::Integer { least: 1, most: 1_000_000 },
            "how many points, for a latin-hypercube or sobol design",
        ),
        Field::optional(
            "seed",
            Shape::Integer { least: 0, most: i64::MAX as u64 },
            "the seed of the design; by default the scenario's",
        ),
        Field::with_default(
            "replications",
            Shape::Integer { least: 1, most: 100_000 },
            "10",
            "runs of each point and policy; replication k has the same seed everywhere",
        ),
        Field::optional(
            "precision",
            Shape::Probability,
            "instead of a number of replications: as many as it takes to know the mean of the first \
             metric, or of all that are named, to this part of it, such as \"5%\"",
        ),
        Field::with_default(
            "cap",
            Shape::Integer { least: 20, most: 100_000 },
            "200",
            "at most so many runs for the precision; what is then not precise is inconclusive",
        ),
        Field::optional(
            "policies",
            Shape::List(&Shape::Text),
            "which run at each point; by default the scenario's",
        ),
        Field::optional(
            "metrics",
            Shape::List(&Shape::Text),
            "such as \"dwell_p99:tenant=small\"; by default those of the checks and the usual ones",
        ),
        Field::optional(
            "constraints",
            Shape::List(&Shape::Text),
            "points that break one are left out, such as \"load * 2 <= quota\"",
        ),
        Field::required("axis", Shape::Tables(&AXIS), "what varies"),
    ]],
    kind: None,
};

pub(crate) static AXIS: TableSpec = TableSpec {
    title: "`[[sweep.axis]]`",
    doc: "A value of the scenario that varies: either `values`, or `from` and `to`.",
    fields: &[&[
        Field::required("path", Shape::Text, "what it changes, as of --set: destination.us.quota"),
        Field::optional(
            "name",
            Shape::Name,
            "what columns and constraints call it; by default the end of the path",
        ),
        Field::optional(
            "values",
            Shape::List(&Shape::Either(&Shape::Text, &Shape::Either(&ANY_NUMBER, &Shape::Boolean))),
            "the values it takes",
        ),
        Field::optional("from", Shape::Either(&Shape::Text, &ANY_NUMBER), "the first value"),
        Field::optional(
            "to",
            Shape::Either(&Shape::Text, &ANY_NUMBER),
            "the last value, in the unit of the first; whole numbers stay whole",
        ),
        Field::optional(
            "steps",
            Shape::Integer { least: 2, most: 1_000_000 },
            "how many values of a range a grid takes",
        ),
        Field::with_default(
            "scale",
            Shape::OneOf(&["linear", "log"]),
            "\"linear\"",
            "equal differences or equal ratios",
        ),
        Field::optional("zip", Shape::Name, "axes of the same group go forward together"),
    ]],
    kind: None,
};

/// The most points of a sweep, and of any of its grids before constraints.
const MOST_POINTS: usize = 1_000_000;

/// Reads the sweep; `root` is the whole scenario, which the paths of axes must fit.
pub(crate) fn sweep(
    reporter: &Reporter,
    registries: Registries<'_>,
    root: &Node,
    node: &Node,
) -> Option<SweepDraft> {
    let reader = TableReader::open(reporter, &ROOT, &SWEEP, node)?;
    let design_name = reader.word("design");
    let points = reader.integer_u32("points");
    let seed = reader.integer("seed");
    let has_seed = reader.has("seed");
    let repeats = repeats(&reader);
    let chosen = texts(&reader, "policies");
    for name in chosen.iter().flatten() {
        check_known(reporter, "policy", name, &name.text, registries.policies.iter().copied());
    }
    let metrics = texts(&reader, "metrics");
    for written in metrics.iter().flatten() {
        let name = written.text.split(':').next().unwrap_or_default();
        let known = registries.metrics.iter().map(|(name, _)| *name);
        check_known(reporter, "metric", written, name, known);
    }
    let is_grid = design_name == Some("grid");
    let design = match (design_name, points) {
        (Some("grid"), None) => Some(Design::Grid),
        (Some("latin-hypercube"), Some(points)) => Some(Design::LatinHypercube(points)),
        (Some("sobol"), Some(points)) => Some(Design::Sobol(points)),
        (Some(_), Some(_)) => {
            let label = "a grid has as many points as its axes have combinations";
            reader.reject("points", "`points` is not for a grid", label);
            None
        }
        (Some(other), None) => {
            let label = format!("a {other} design needs it");
            if !reader.has("points") {
                reporter.report(Problem::new("`points` is missing", reader.head, label));
            }
            None
        }
        (None, _) => None,
    };
    let nodes = reader.tables("axis");
    if nodes.is_empty() && reader.has("axis") {
        reader.reject("axis", "the sweep has no axis", "write `[[sweep.axis]]` below it");
    }
    let axes: Vec<Option<PlacedAxis>> =
        nodes.iter().map(|node| axis(reporter, root, is_grid, node)).collect();
    let is_complete = axes.iter().all(Option::is_some);
    let axes: Vec<PlacedAxis> = axes.into_iter().flatten().collect();
    check_names(reporter, &axes);
    check_zips(reporter, &axes, is_grid);
    let written = texts(&reader, "constraints");
    let constraints = match &written {
        Some(written) if is_complete => {
            let all: Vec<Option<Constraint>> =
                written.iter().map(|text| constraint(reporter, &axes, text)).collect();
            all.into_iter().collect()
        }
        _ => Some(Vec::new()),
    };
    check_size(reporter, reader.head, &axes, design);
    reader.finish();
    let plain = |texts: Option<Vec<Placed>>| -> Vec<String> {
        texts.unwrap_or_default().into_iter().map(|text| text.text).collect()
    };
    let sweep = Sweep {
        design: design?,
        repeats: repeats?,
        policies: plain(chosen),
        metrics: plain(metrics),
        seed: seed.unwrap_or_default(),
        axes: axes.into_iter().map(|placed| placed.axis).collect(),
        constraints: constraints?,
    };
    Some(SweepDraft { sweep, has_seed })
}

/// A sweep whose defaults the scenario has yet to fill in.
pub(crate) struct SweepDraft {
    sweep: Sweep,
    has_seed: bool,
}

impl SweepDraft {
    /// Fills in what is the scenario's where the sweep does not say.
    pub(crate) fn finished(mut self, seed: u64, policy: &str) -> Sweep {
        if !self.has_seed {
            self.sweep.seed = seed;
        }
        if self.sweep.policies.is_empty() {
            self.sweep.policies.push(policy.to_owned());
        }
        self.sweep
    }
}

fn check_known<'a>(
    reporter: &Reporter,
    what: &str,
    written: &Placed,
    name: &str,
    mut known: impl Iterator<Item = &'a str> + Clone,
) {
    let candidates = known.clone();
    if !known.any(|one| one == name) {
        let title = format!("there is no {what} named `{name}`");
        let label = did_you_mean(name, candidates);
        reporter.report(Problem::new(title, written.mark, label));
    }
}

/// Either a number of replications, or a precision and the most that it may take.
fn repeats(reader: &TableReader<'_>) -> Option<Repeats> {
    let replications = reader.integer_u32("replications");
    let cap = reader.integer_u32("cap");
    let precision = reader.probability("precision");
    if !reader.has("precision") {
        if reader.has("cap") {
            let label = "without a `precision` there are as many runs as `replications` says";
            reader.reject("cap", "`cap` is for a precision", label);
            return None;
        }
        return Some(Repeats::Fixed(replications?));
    }
    let mut is_well = true;
    if reader.has("replications") {
        let label = "with a `precision` there are as many runs as it takes, at most `cap`";
        reader.reject("replications", "`replications` and `precision` exclude each other", label);
        is_well = false;
    }
    let precision = precision?.as_f64();
    if precision <= 0.0 || precision > 0.5 {
        let label = "a part of the mean, above 0 and at most 50%";
        reader.reject("precision", "no such precision can be asked for", label);
        is_well = false;
    }
    is_well.then_some(())?;
    Some(Repeats::Until { precision, cap: cap? })
}

struct PlacedAxis {
    axis: Axis,
    head: Mark,
}

fn texts(reader: &TableReader<'_>, key: &'static str) -> Option<Vec<Placed>> {
    let node = reader.get(key)?;
    let what = format!("`{key}`");
    let Value::Array(items) = &node.value else {
        wrong_type(reader.reporter, &what, &node, "an array of texts, in square brackets");
        return None;
    };
    let texts: Vec<Option<Placed>> =
        items.iter().map(|item| text(reader.reporter, &what, item)).collect();
    texts.into_iter().collect()
}

fn axis(reporter: &Reporter, root: &Node, is_grid: bool, node: &Node) -> Option<PlacedAxis> {
    let reader = TableReader::open(reporter, &ROOT, &AXIS, node)?;
    let path = reader.text("path");
    let name = reader.name("name");
    let has_name = reader.has("name");
    let values = reader.get("values");
    let ends = [reader.get("from"), reader.get("to")];
    let steps = reader.integer_u32("steps");
    let is_logarithmic = reader.word("scale").map(|scale| scale == "log");
    let zip = reader.name("zip");
    let has_range_keys = ["from", "to", "steps", "scale"].iter().any(|key| reader.has(key));
    let values = match (&values, &ends) {
        (Some(_), _) if has_range_keys => {
            let label = "an axis has either `values`, or `from`, `to`, `steps` and `scale`";
            reader.reject("values", "the axis is both a list and a range", label);
            None
        }
        (Some(node), _) => list_of(reporter, node),
        (None, [Some(from), Some(to)]) => {
            if is_grid && !reader.has("steps") {
                let label = "a grid needs to know how many values the range has";
                reporter.report(Problem::new("`steps` is missing", reader.head, label));
            } else if !is_grid && reader.has("steps") {
                let label = "the design chooses the values";
                reader.reject("steps", "`steps` is for a grid", label);
            }
            range(reporter, from, to, steps, is_logarithmic?)
        }
        (None, _) => {
            let label = "give it `values`, or `from` and `to`";
            reporter.report(Problem::new("the axis has no values", reader.head, label));
            None
        }
    };
    reader.finish();
    let (path, values) = (path?, values?);
    let mut axis = Axis { name: String::new(), path: path.text.clone(), values, zip: None };
    axis.zip = zip.map(|zip| zip.text);
    let first = if axis.is_empty() { axis.within(0.0) } else { axis.at(0) };
    overrides::try_at(reporter, root, &path, &first.toml)?;
    axis.name = match name {
        Some(name) => name.text,
        None if has_name => return None,
        None => path.text.rsplit('.').next().unwrap_or_default().trim_matches('"').to_owned(),
    };
    Some(PlacedAxis { axis, head: node.mark })
}

fn list_of(reporter: &Reporter, node: &Node) -> Option<AxisValues> {
    let Value::Array(items) = &node.value else {
        wrong_type(reporter, "`values`", node, "an array, in square brackets");
        return None;
    };
    if items.is_empty() {
        let label = "give it at least one value";
        reporter.report(Problem::new("`values` is empty", node.mark, label));
        return None;
    }
    let values: Vec<Option<AxisValue>> = items.iter().map(|item| one(reporter, item)).collect();
    Some(AxisValues::List(values.into_iter().collect::<Option<_>>()?))
}

fn one(reporter: &Reporter, node: &Node) -> Option<AxisValue> {
    match &node.value {
        Value::Text(text) => Some(AxisValue::of_text(text)),
        Value::Boolean(truth) => {
            let text = truth.to_string();
            Some(AxisValue { toml: text.clone(), text, number: None })
        }
        _ => match numeral(node) {
            Some(number) => Some(AxisValue::of_number(&number)),
            None => {
                wrong_type(reporter, "a value", node, "a text, a number, true or false");
                None
            }
        },
    }
}

/// A number and its unit: `5/s`, `100ms`, `0.5`.
fn end(reporter: &Reporter, what: &str, node: &Node) -> Option<(f64, String, bool)> {
    let written = match &node.value {
        Value::Text(text) => text.trim().to_owned(),
        _ => match numeral(node) {
            Some(number) => number,
            None => {
                wrong_type(reporter, what, node, "a number or a quantity such as \"5/s\"");
                return None;
            }
        },
    };
    let unit = written.find(|c: char| !c.is_ascii_digit() && c != '.' && c != '-');
    let (number, unit) = written.split_at(unit.unwrap_or(written.len()));
    let understood = number.parse().ok().filter(|_| number_of(&written).is_some());
    let Some(number) = understood else {
        let label = "expected a number or a quantity such as \"5/s\"";
        reporter.report(Problem::new(format!("{what} is no end of a range"), node.mark, label));
        return None;
    };
    Some((number, unit.to_owned(), matches!(node.value, Value::Integer(_))))
}

fn range(
    reporter: &Reporter,
    from_node: &Node,
    to_node: &Node,
    steps: Option<u32>,
    is_logarithmic: bool,
) -> Option<AxisValues> {
    let from = end(reporter, "`from`", from_node);
    let to = end(reporter, "`to`", to_node);
    let ((from, unit, from_whole), (to, to_unit, to_whole)) = (from?, to?);
    if unit != to_unit {
        let named = |unit: &str| match unit {
            "" => "no unit".to_owned(),
            unit => format!("the unit `{unit}`"),
        };
        let problem = Problem::new(
            "the ends of the range are in different units",
            to_node.mark,
            format!("this has {}", named(&to_unit)),
        );
        let problem = problem.also(from_node.mark, format!("this has {}", named(&unit)));
        reporter.report(problem.help("write both in the same unit"));
        return None;
    }
    if from >= to {
        let problem = Problem::new("the range is empty", to_node.mark, "not above `from`");
        reporter.report(problem.also(from_node.mark, "`from` is this"));
        return None;
    }
    if is_logarithmic && from <= 0.0 {
        let label = "a logarithmic range begins above zero";
        reporter.report(Problem::new("`from` has no logarithm", from_node.mark, label));
        return None;
    }
    let is_whole = from_whole && to_whole;
    Some(AxisValues::Range { from, to, steps, is_logarithmic, is_whole, unit })
}

fn check_names(reporter: &Reporter, axes: &[PlacedAxis]) {
    let reserved = ["point", "policy", "metric", "of", "unit", "n", "mean", "half_width", "level"];
    for (index, placed) in axes.iter().enumerate() {
        let name = &placed.axis.name;
        let same = axes[..index].iter().find(|other| other.axis.name == *name);
        if let Some(other) = same {
            let problem = Problem::new(
                format!("two axes are called `{name}`"),
                placed.head,
                "give it a `name` of its own",
            );
            reporter.report(problem.also(other.head, "the other one"));
        } else if reserved.contains(&name.as_str()) {
            let title = format!("an axis cannot be called `{name}`");
            let label = "points.csv has a column of that name; give it another `name`";
            reporter.report(Problem::new(title, placed.head, label));
        }
    }
}

fn check_zips(reporter: &Reporter, axes: &[PlacedAxis], is_grid: bool) {
    let mut groups: BTreeMap<&str, &PlacedAxis> = BTreeMap::new();
    for placed in axes {
        let Some(group) = &placed.axis.zip else { continue };
        let first = *groups.entry(group).or_insert(placed);
        let lengths = [placed, first].map(|placed| placed.axis.len());
        if is_grid && lengths[0] != lengths[1] {
            let problem = Problem::new(
                format!("the axes of the group `{group}` have different numbers of values"),
                placed.head,
                format!("this one has {}", lengths[0]),
            );
            reporter.report(problem.also(first.head, format!("this one has {}", lengths[1])));
        }
    }
}

fn check_size(reporter: &Reporter, head: Mark, axes: &[PlacedAxis], design: Option<Design>) {
    if design != Some(Design::Grid) {
        return;
    }
    let mut counted: Vec<&str> = Vec::new();
    let mut combinations = 1_usize;
    for placed in axes {
        match &placed.axis.zip {
            Some(group) if counted.contains(&group.as_str()) => continue,
            Some(group) => counted.push(group),
            None => {}
        }
        combinations = combinations.saturating_mul(placed.axis.len().max(1));
    }
    if combinations > MOST_POINTS {
        let title = format!("the sweep has more than {MOST_POINTS} points");
        let label = format!("its axes have {combinations} combinations");
        let problem = Problem::new(title, head, label);
        reporter.report(problem.help("take fewer values, `zip` axes, or another `design`"));
    }
}

fn constraint(reporter: &Reporter, axes: &[PlacedAxis], written: &Placed) -> Option<Constraint> {
    let kinds: Vec<(&str, AxisKind)> = axes
        .iter()
        .map(|placed| {
            let has_numbers = match &placed.axis.values {
                AxisValues::List(values) => values.iter().all(|value| value.number.is_some()),
                AxisValues::Range { .. } => true,
            };
            let kind = if has_numbers { AxisKind::Numbers } else { AxisKind::Words };
            (placed.axis.name.as_str(), kind)
        })
        .collect();
    let error = match parse(&written.text, &kinds) {
        Ok(constraint) => return Some(constraint),
        Err(error) => error,
    };
    // Text without escapes stands in the file as it is read.
    let length = written.mark.end.saturating_sub(written.mark.start);
    let mark = if length == written.text.len() {
        let start = written.mark.start;
        Mark { source: written.mark.source, start: start + error.from, end: start + error.to }
    } else {
        written.mark
    };
    let names = || kinds.iter().map(|(name, _)| *name);
    let problem = match error.unknown {
        Some(name) => {
            let title = format!("there is no axis named `{name}`");
            Problem::new(title, mark, did_you_mean(&name, names()).replace('"', "`"))
        }
        None => Problem::new("this is no constraint", mark, error.label),
    };
    reporter.report(problem.help(format!("the axes are {}", list(names()))));
    None
}
