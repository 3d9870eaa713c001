//! From the tree of a scenario file to the resolved scenario, reporting everything that is wrong.
//!
//! Every decode function reads all the keys of its table before it gives up, so that one mistake
//! does not hide the next.

pub(crate) mod action;
pub(crate) mod backpressure;
pub(crate) mod bounds;
mod caps;
pub(crate) mod check;
pub(crate) mod class;
pub(crate) mod curve;
pub(crate) mod destination;
pub(crate) mod detector;
mod dispatchers;
pub(crate) mod failover;
pub(crate) mod fault;
mod gateway;
pub(crate) mod latency;
pub(crate) mod log;
pub(crate) mod names;
pub(crate) mod people;
pub(crate) mod populate;
pub(crate) mod profile;
pub(crate) mod retry;
pub(crate) mod scoring;
pub(crate) mod send_window;
pub(crate) mod sizes;
pub(crate) mod sweep;
pub(crate) mod tenant;
pub(crate) mod traffic;
pub(crate) mod values;

use std::path::Path;

use self::action::ACTION_KINDS;
use self::check::{CHECK, Subjects};
use self::class::{CLASS, TENANT_SET};
use self::curve::{CURVE, curves};
use self::destination::DESTINATION;
use self::detector::DETECTOR;
use self::failover::FAILOVER;
pub(crate) use self::fault::fault_kinds;
use self::fault::{FAULT_KINDS, Horizon, Scope};
pub(crate) use self::gateway::carrier_profiles;
use self::log::LOG;
use self::names::Names;
use self::people::People;
use self::profile::PROFILE;
use self::scoring::SCORING;
use self::sweep::SWEEP;
use self::tenant::TENANT;
use self::traffic::{Where, in_words};
use self::values::{Placed, check_name, did_you_mean};
use super::diagnostics::{Mark, Problem, Reporter};
use super::reader::{Field, Shape, TableReader, TableSpec};
use super::resolved::{Scenario, Submissions, Tenant};
use super::sweep::Sweep;
use super::tree::{Node, Table, Value};
use super::{InputFile, Registries};
use crate::scheduler::{ShareBounds, ShareNode};
use crate::time::{Span, Time};
use crate::units::{ClassId, TenantSetId};

pub(crate) static ROOT: TableSpec = TableSpec {
    title: "the scenario",
    doc: "A scenario of Apportion: who sends what, over which quota, what goes wrong, what must hold.",
    fields: &[&[
        Field::optional("name", Shape::Name, "its name; by default the file's, without the ending"),
        Field::required("description", Shape::Text, "what it shows"),
        Field::required("duration", Shape::Span, "arrivals end here, such as \"2h\""),
        Field::with_default(
            "drain",
            Shape::Span,
            "\"1h\"",
            "the run goes on for at most this long after the arrivals",
        ),
        Field::with_default(
            "warm-up",
            Shape::Span,
            "\"0s\"",
            "messages submitted before this are left out of dwell, latency and on-time figures",
        ),
        Field::optional(
            "window",
            Shape::Span,
            "width of the windows of every series; by default about a 120th of the duration",
        ),
        Field::with_default(
            "begins",
            Shape::WeekTime,
            "\"mon 00:00\"",
            "the moment of a UTC week at which the run begins, for curves and send windows",
        ),
        Field::with_default(
            "seed",
            Shape::Integer { least: 0, most: i64::MAX as u64 },
            "1",
            "the seed of every random stream",
        ),
        Field::with_default(
            "policy",
            Shape::Text,
            "\"scoring\"",
            "`apportion policies` lists them",
        ),
        Field::optional("scoring", Shape::Table(&SCORING), "options of the policy `scoring`"),
        Field::required("destination", Shape::Tables(&DESTINATION), "routes to recipients"),
        Field::optional(
            "failover",
            Shape::Tables(&FAILOVER),
            "destinations that stand in for each other",
        ),
        Field::optional("class", Shape::Tables(&CLASS), "by default one, named notification"),
        Field::optional("tenant-set", Shape::Tables(&TENANT_SET), "organisations or plan tiers"),
        Field::optional("tenant", Shape::Tables(&TENANT), "customers"),
        Field::optional("curve", Shape::Tables(&CURVE), "how rates change over day and week"),
        Field::optional("log", Shape::Table(&LOG), "recorded traffic"),
        Field::optional("profile", Shape::Table(&PROFILE), "recorded rates"),
        Field::optional("fault", Shape::TablesByKind(&FAULT_KINDS), "injected failures"),
        Field::optional(
            "action",
            Shape::TablesByKind(&ACTION_KINDS),
            "what the platform's operators do while it runs",
        ),
        Field::optional("detector", Shape::Table(&DETECTOR), "the anomaly detector"),
        Field::optional("check", Shape::Tables(&CHECK), "what must hold after a run"),
        Field::optional("sweep", Shape::Table(&SWEEP), "parameter points for `apportion sweep`"),
    ]],
    kind: None,
};

/// The longest run.
const LONGEST_DURATION: Span = Span::from_seconds(10 * 366 * 86_400);
/// The most windows of a series.
const MOST_WINDOWS: u64 = 1_000_000;

/// The most destinations: their identities have 16 bits, and each costs a lane.
const MOST_DESTINATIONS: usize = 1_000;
/// The most classes: their identities have 16 bits.
const MOST_CLASSES: usize = 1_000;

/// A table with nothing in it: all its keys take their defaults.
pub(crate) fn default_table(mark: Mark) -> Node {
    Node { value: Value::Table(Table::new()), mark }
}

/// What decoding found beside problems.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) inputs: Vec<InputFile>,
    pub(crate) warnings: Vec<String>,
    /// A variable that an input path names and that is not set.
    pub(crate) missing_variable: Option<String>,
    /// What the sweep table asks for.
    pub(crate) sweep: Option<Sweep>,
}

/// Reads a whole scenario; `None` when something was reported.
pub(crate) fn scenario(
    reporter: &Reporter,
    registries: Registries<'_>,
    (file_stem, base_directory): (&str, &Path),
    root: &Node,
    findings: &mut Findings,
) -> Option<Scenario> {
    let reader = TableReader::open(reporter, &ROOT, &ROOT, root)?;
    let name = scenario_name(&reader, file_stem);
    let description = reader.text("description");
    let (duration, drain, window) = times(&reader);
    let warm_up = reader.span("warm-up");
    if let (Some(warm_up), Some(duration)) = (warm_up, duration)
        && warm_up >= duration
    {
        let label = format!("the scenario lasts {}", in_words(duration));
        reader.reject("warm-up", "`warm-up` leaves nothing to measure", label);
    }
    let seed = reader.integer("seed");
    let policy = policy(&reader, registries.policies);
    let scoring = reader.get("scoring").map(|node| scoring::scoring(reporter, &node));

    let mut destination_names = Names::new("destination");
    let nodes = at_most(reporter, "destinations", MOST_DESTINATIONS, reader.tables("destination"));
    let begins = reader.week_time("begins");
    let destinations = all(nodes.iter().map(|n| {
        let begins = begins.unwrap_or_default();
        destination::destination(reporter, &mut destination_names, begins, n)
    }));
    let failovers = failover::failovers(reporter, &destination_names, &reader.tables("failover"));
    let mut class_names = Names::new("class");
    let nodes = at_most(reporter, "classes", MOST_CLASSES, reader.tables("class"));
    let classes = if nodes.is_empty() {
        let class = class::only_class();
        class_names.add(reporter, Some(Placed { text: class.name.clone(), mark: root.mark }));
        Some(vec![(class, ShareBounds::NONE)])
    } else {
        let classes = all(nodes.iter().map(|n| class::class(reporter, &mut class_names, n)));
        if let Some([(class, bounds)]) = classes.as_deref()
            && *bounds != ShareBounds::NONE
        {
            let title = format!("the class `{}` has nobody to share with", class.name);
            let label = "it is the only class: remove `min`, `max` and `borrow`, or add a class";
            reporter.report(Problem::new(title, nodes[0].mark, label));
        }
        classes
    };
    let mut set_names = Names::new("tenant set");
    let nodes = reader.tables("tenant-set");
    let tenant_sets = all(nodes.iter().map(|n| class::tenant_set(reporter, &mut set_names, n)));
    let mut tenant_names = Names::new("tenant");
    let nodes = reader.tables("tenant");
    let curves = curves(reporter, &reader.tables("curve"), begins.unwrap_or_default());
    let place = Where {
        destinations: &destination_names,
        classes: &class_names,
        curves: &curves,
        duration,
        begins: begins.unwrap_or_default(),
    };
    let tables = all(nodes
        .iter()
        .map(|n| tenant::tenant(reporter, &mut tenant_names, &set_names, &place, n)));
    if let Some(tables) = &tables {
        tenant::check_sets(reporter, tables, &set_names);
        if let Some(destinations) = &destinations {
            tenant::check_sender_classes(reporter, tables, destinations);
        }
    }

    // From here on a draft is filled; what could not be read stays empty in it, and the draft is
    // handed out only when nothing was reported.
    let everything_read = destinations.is_some() && classes.is_some() && tenant_sets.is_some();
    let mut bounds = Vec::new();
    let tenant_sets =
        separate(tenant_sets, &mut bounds, |index| ShareNode::TenantSet(TenantSetId(index as u32)));
    let classes = separate(classes, &mut bounds, |index| ShareNode::Class(ClassId(index as u16)));
    let mut draft = Scenario {
        name: name.unwrap_or_default(),
        description: description.map(|text| text.text).unwrap_or_default(),
        seed: seed.unwrap_or_default(),
        policy: policy.unwrap_or_default(),
        duration: duration.unwrap_or(LONGEST_DURATION),
        drain: drain.unwrap_or_default(),
        warm_up: warm_up.unwrap_or_default(),
        window: window.unwrap_or_default(),
        destinations: destinations.unwrap_or_default(),
        failovers: failovers.unwrap_or_default(),
        classes,
        tenant_sets,
        scoring: scoring.flatten().unwrap_or_default(),
        bounds,
        tenants: Vec::new(),
        senders: Vec::new(),
        sources: Vec::new(),
        log: None,
        faults: Vec::new(),
        submissions: Submissions::Made,
        actions: Vec::new(),
        detector: None,
        checks: Vec::new(),
    };
    let populated = match &tables {
        Some(tables) => populate::populate(reporter, &mut draft, &tenant_names, tables),
        None => false,
    };
    let mut everybody = everything_read && populated && curves.are_complete();
    let (profile_node, log_node) = (reader.get("profile"), reader.get("log"));
    let names = log::References {
        destinations: &destination_names,
        classes: &class_names,
        sets: &set_names,
        base_directory,
    };
    if let Some(node) = &profile_node {
        everybody &=
            profile::profile(reporter, &names, everybody.then_some(&mut draft), node, findings);
    }
    if let Some(node) = &log_node {
        everybody &= log::log(reporter, &names, everybody.then_some(&mut draft), node, findings);
    }
    if everybody && draft.sources.is_empty() && draft.log.is_none() {
        let label = "no tenant has traffic and there is no log and no profile";
        let problem = Problem::new("the scenario has no traffic", reader.head, label);
        reporter.report(
            problem
                .help("add a `[[tenant.traffic]]` table below a `[[tenant]]`, or a `[log]` table"),
        );
    }

    let no_file = log_node.is_none() && profile_node.is_none();
    let declared = (no_file && tenant_names.is_complete()).then_some(&tenant_names);
    let people = People::new(&draft, everybody, declared);
    let nodes = reader.tables("fault");
    let horizon = Horizon { duration, drain };
    let scope = Scope {
        destinations: &destination_names,
        classes: &class_names,
        senders: &draft.senders,
        people: &people,
        horizon,
    };
    let faults = fault::faults(reporter, &nodes, scope);
    let traffic: Vec<_> =
        draft.sources.iter().map(|source| (source.tenant, source.name.as_str())).collect();
    let actions = action::actions(reporter, &reader.tables("action"), scope, &traffic);
    let detector = match reader.get("detector") {
        Some(node) => detector::detector(reporter, registries.detectors, &node),
        None => Some(None),
    };
    let subjects = Subjects {
        registries,
        people: &people,
        sets: &set_names,
        classes: &class_names,
        destinations: &destination_names,
        traffic: everybody.then_some(&draft),
    };
    let nodes = reader.tables("check");
    let checks = all(nodes.iter().map(|node| check::check(reporter, &subjects, node)));
    let sweep = reader.get("sweep").map(|node| sweep::sweep(reporter, registries, root, &node));
    findings.sweep = sweep.flatten().map(|sweep| sweep.finished(draft.seed, &draft.policy));
    reader.finish();
    warn_of_idle_sets(&draft, findings);
    warn_of_many_messages(&draft, findings);
    let (faults, actions, detector, checks) = (faults?, actions?, detector?, checks?);
    (!reporter.has_problems() && findings.missing_variable.is_none()).then_some(Scenario {
        faults,
        actions,
        detector,
        checks,
        ..draft
    })
}

/// The first `most` of `nodes`; more are reported.
fn at_most<'a>(
    reporter: &Reporter,
    what: &str,
    most: usize,
    mut nodes: Vec<&'a Node>,
) -> Vec<&'a Node> {
    if let Some(first) = nodes.get(most) {
        let title = format!("the scenario has more than {most} {what}");
        reporter.report(Problem::new(title, first.mark, format!("it has {}", nodes.len())));
        nodes.truncate(most);
    }
    nodes
}

/// What was read, and beside it the bounds that were given.
fn separate<T>(
    read: Option<Vec<(T, ShareBounds)>>,
    bounds: &mut Vec<(ShareNode, ShareBounds)>,
    node: impl Fn(usize) -> ShareNode,
) -> Vec<T> {
    let numbered = read.unwrap_or_default().into_iter().enumerate();
    let kept = numbered.map(|(index, (item, own))| {
        bounds.extend((own != ShareBounds::NONE).then(|| (node(index), own)));
        item
    });
    kept.collect()
}

/// All of them, or `None` when one is; the whole iterator runs in either case.
fn all<T>(items: impl Iterator<Item = Option<T>>) -> Option<Vec<T>> {
    let items: Vec<Option<T>> = items.collect();
    items.into_iter().collect()
}

fn scenario_name(reader: &TableReader<'_>, file_stem: &str) -> Option<String> {
    let given = reader.name("name");
    if reader.has("name") {
        return given.map(|name| name.text);
    }
    if let Err(why) = check_name(file_stem) {
        let label = format!("the file's name is no name for a scenario: {why}");
        let problem = Problem::new("the scenario needs a `name`", reader.head, label);
        reader.reporter.report(problem.help("write `name = \"…\"` at the top of the file"));
        return None;
    }
    Some(file_stem.into())
}

fn times(reader: &TableReader<'_>) -> (Option<Span>, Option<Span>, Option<Span>) {
    let [duration, drain] = ["duration", "drain"].map(|key| {
        let span = if key == "duration" { reader.positive_span(key) } else { reader.span(key) };
        if span.is_some_and(|span| span > LONGEST_DURATION) {
            reader.reject(key, format!("`{key}` is absurdly long"), "the most is ten years, 3660d");
            return None;
        }
        span
    });
    let given = reader.positive_span("window");
    if let (Some(window), Some(duration)) = (given, duration) {
        if window > duration {
            let label = format!("the scenario lasts {}", in_words(duration));
            reader.reject("window", "`window` is longer than `duration`", label);
        } else if duration.as_nanoseconds() / window.as_nanoseconds() > MOST_WINDOWS {
            let label = format!("it makes more than {MOST_WINDOWS} windows");
            reader.reject("window", "`window` is too short for `duration`", label);
        }
    }
    let window = if reader.has("window") { given } else { duration.map(usual_window) };
    (duration, drain, window)
}

/// The shortest of the widths that people like, such that at most 120 fit into `duration`.
fn usual_window(duration: Span) -> Span {
    const SECONDS: [u64; 16] =
        [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600, 43_200];
    const DAY: u64 = 86_400;
    let least = duration.as_nanoseconds().div_ceil(120);
    let liked =
        SECONDS.iter().map(|s| Span::from_seconds(*s)).find(|s| s.as_nanoseconds() >= least);
    liked.unwrap_or_else(|| Span::from_seconds(least.div_ceil(1_000_000_000).div_ceil(DAY) * DAY))
}

fn policy(reader: &TableReader<'_>, known: &[&str]) -> Option<String> {
    let written = reader.text("policy")?;
    if known.contains(&written.text.as_str()) {
        return Some(written.text);
    }
    let title = format!("there is no policy named `{}`", written.text);
    let label = did_you_mean(&written.text, known.iter().copied());
    reader.reporter.report(Problem::new(title, written.mark, label));
    None
}

fn warn_of_idle_sets(scenario: &Scenario, findings: &mut Findings) {
    for (index, set) in scenario.tenant_sets.iter().enumerate() {
        let has = |tenant: &Tenant| tenant.set.is_some_and(|set| set.index() == index);
        if !scenario.tenants.iter().any(has) {
            findings.warnings.push(format!("the tenant set `{}` has no tenants", set.name));
        }
    }
}

/// Above this many messages a run takes long enough for a slip of the pen to be likely.
const MANY_MESSAGES: u64 = 1_000_000_000;

fn warn_of_many_messages(scenario: &Scenario, findings: &mut Findings) {
    let end = Time::ZERO + scenario.duration;
    let expected = scenario.sources.iter().map(|source| source.arrivals.expected_messages(end));
    let total = expected.flatten().sum::<f64>() as u64;
    if total > MANY_MESSAGES {
        findings.warnings.push(format!("the scenario makes about {total} messages"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_windows() {
        let window = |seconds| usual_window(Span::from_seconds(seconds));
        assert_eq!(window(7200), Span::from_seconds(60));
        assert_eq!(window(1), Span::from_seconds(1));
        assert_eq!(window(86_400), Span::from_seconds(900));
        assert_eq!(window(365 * 86_400), Span::from_seconds(4 * 86_400));
    }
}
