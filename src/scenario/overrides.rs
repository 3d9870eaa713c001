//! `--set path.to.key=value`: edits of the tree before it is decoded.
//!
//! A path names keys, and elements of arrays by their name or by their index from 0:
//! `duration=10min`, `destination.us.quota=20/s`, `tenant.small.weight=3`,
//! `tenant.0.traffic.campaign-1.at=5min`. A segment with a dot in it stands in double quotes.

use super::decode::ROOT;
use super::decode::traffic::default_name;
use super::decode::values::Placed;
use super::diagnostics::{Mark, Problem, Reporter};
use super::reader::{Shape, TAG, TableSpec};
use super::suggest::{list, nearest};
use super::tree::{Entry, Node, Table, Value, parse_value};

/// Applies one override to the tree; what is wrong with it is reported as of a file `--set`.
pub(crate) fn apply(reporter: &Reporter, root: &mut Node, text: &str) {
    let source = reporter.add_source("--set", text, 1);
    if let Err(problem) = try_apply(root, text, source) {
        reporter.report(*problem);
    }
}

/// Tries a path that stands in a file, with a value in TOML, on a copy of the tree; reports why it
/// cannot be set.
pub(crate) fn try_at(reporter: &Reporter, root: &Node, place: &Placed, value: &str) -> Option<()> {
    let text = format!("{}={value}", place.text);
    let tried = try_apply(&mut root.clone(), &text, place.mark.source);
    // Places count from the start of the override; without escapes it stands in the file like that.
    let is_verbatim = place.mark.end.saturating_sub(place.mark.start) == place.text.len();
    let moved = |mark: Mark| match is_verbatim && mark.end <= place.text.len() {
        true => Mark {
            source: mark.source,
            start: place.mark.start + mark.start,
            end: place.mark.start + mark.end,
        },
        false => place.mark,
    };
    let is_own = place.text == "sweep" || place.text.starts_with("sweep.");
    if is_own {
        let label = "an axis changes the scenario, not the sweep";
        reporter.report(Problem::new("this cannot be an axis", place.mark, label));
        return None;
    }
    tried.map_err(|problem| reporter.report(problem.moved(moved))).ok()
}

/// A part of a path and its place.
struct Segment {
    name: String,
    mark: Mark,
}

fn try_apply(root: &mut Node, text: &str, source: usize) -> Result<(), Box<Problem>> {
    let whole = Mark { source, start: 0, end: text.len() };
    let (segments, value_at) = path(text, source).ok_or_else(|| {
        let label = "expected a path, `=` and a value, such as destination.us.quota=20/s";
        Problem::new("this is not an override", whole, label)
    })?;
    let value = value(&text[value_at..], Mark { source, start: value_at, end: text.len() });
    let (last, parents) = segments.split_last().expect("a path has at least one segment");
    let mut node = root;
    let mut tables: Vec<&'static TableSpec> = vec![&ROOT];
    for segment in parents {
        (node, tables) = descend(node, &tables, segment)?;
    }
    let Value::Table(table) = &mut node.value else {
        return Err(no_table(node, last));
    };
    let spec = choose(&tables, table);
    if spec.field(&last.name).is_none() {
        return Err(unknown(spec, last));
    }
    table.insert(last.name.clone(), Entry { key: last.mark, node: value });
    Ok(())
}

/// The node below `node` that `segment` names, and what tables it may be.
fn descend<'a>(
    node: &'a mut Node,
    tables: &[&'static TableSpec],
    segment: &Segment,
) -> Result<(&'a mut Node, Vec<&'static TableSpec>), Box<Problem>> {
    // An array is reached through its key; the element is the next segment.
    if matches!(node.value, Value::Array(_)) {
        return element(node, segment).map(|node| (node, tables.to_vec()));
    }
    if !matches!(node.value, Value::Table(_)) {
        return Err(no_table(node, segment));
    }
    let Value::Table(table) = &mut node.value else { unreachable!("it was just seen to be one") };
    let spec = choose(tables, table);
    let Some(field) = spec.field(&segment.name) else { return Err(unknown(spec, segment)) };
    let below = field.shape.tables();
    if below.is_empty() {
        let title = format!("`{}` has nothing below it", segment.name);
        return Err(Box::new(Problem::new(title, segment.mark, "this is a value, not a table")));
    }
    let is_array = matches!(field.shape, Shape::Tables(_) | Shape::TablesByKind(_));
    if is_array && !table.contains_key(&segment.name) {
        let title = format!("the scenario has no `{}`", segment.name);
        let label = "an override changes what is there; it adds no tables to an array";
        return Err(Box::new(Problem::new(title, segment.mark, label)));
    }
    let entry = table.entry(segment.name.clone()).or_insert_with(|| Entry {
        key: segment.mark,
        node: Node { value: Value::Table(Table::new()), mark: segment.mark },
    });
    Ok((&mut entry.node, below))
}

/// The element of an array that a segment names, by name or else by index from 0.
fn element<'a>(node: &'a mut Node, segment: &Segment) -> Result<&'a mut Node, Box<Problem>> {
    let Value::Array(items) = &mut node.value else { unreachable!("the caller saw an array") };
    let names: Vec<String> = items.iter().enumerate().map(|(i, item)| name_of(item, i)).collect();
    let by_name = names.iter().position(|name| *name == segment.name);
    let by_index = segment.name.parse().ok().filter(|index: &usize| *index < items.len());
    let Some(index) = by_name.or(by_index) else {
        let title = format!("there is nothing named `{}` to override", segment.name);
        let names = || names.iter().map(String::as_str);
        let label = match nearest(&segment.name, names()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there is only {}", list(names())),
        };
        return Err(Box::new(Problem::new(title, segment.mark, label)));
    };
    Ok(&mut items[index])
}

/// What an element is called: its name, or kind and position as the decoder calls it.
fn name_of(item: &Node, index: usize) -> String {
    match (item.text_at("name"), item.text_at(TAG)) {
        (Some(name), _) => name.into(),
        (None, Some(kind)) => default_name(kind, index + 1),
        (None, None) => index.to_string(),
    }
}

/// The description of `table` among those it may be: the one of its kind, or the first.
fn choose(tables: &[&'static TableSpec], table: &Table) -> &'static TableSpec {
    let kind = table.get(TAG).and_then(|entry| match &entry.node.value {
        Value::Text(kind) => Some(kind.as_str()),
        _ => None,
    });
    let of_kind = tables.iter().find(|spec| spec.kind.is_some() && spec.kind == kind);
    of_kind.or(tables.first()).expect("a table has a description")
}

fn unknown(spec: &'static TableSpec, segment: &Segment) -> Box<Problem> {
    let keys = || spec.all_fields().map(|field| field.name);
    let title = format!("{} has no key `{}`", spec.title, segment.name);
    Box::new(match nearest(&segment.name, keys()) {
        Some(near) => Problem::new(title, segment.mark, format!("did you mean `{near}`?")),
        None => Problem::new(title, segment.mark, "unknown")
            .help(format!("its keys are {}", list(keys()))),
    })
}

fn no_table(node: &Node, segment: &Segment) -> Box<Problem> {
    let title = format!("there is no `{}` to override", segment.name);
    let label = format!("what the path names up to here is {}", node.kind());
    let problem = Problem::new(title, segment.mark, label);
    Box::new(problem.help("elements of an array are named, as in tenant.small.weight=3"))
}

/// A TOML value, or else the text itself: `20/s` needs no quotes on a command line.
fn value(text: &str, mark: Mark) -> Node {
    let trimmed = text.trim();
    parse_value(text, mark).unwrap_or_else(|| Node { value: Value::Text(trimmed.into()), mark })
}

/// The segments of the path in front of `=`, and where the value starts.
fn path(text: &str, source: usize) -> Option<(Vec<Segment>, usize)> {
    let mut segments = Vec::new();
    let mut at = 0;
    loop {
        let rest = &text[at..];
        let (name, start, end, after) = if let Some(quoted) = rest.strip_prefix('"') {
            let length = quoted.find('"')?;
            (&quoted[..length], at + 1, at + 1 + length, at + 2 + length)
        } else {
            let length = rest.find(['.', '='])?;
            let name = rest[..length].trim();
            (name, at, at + length, at + length)
        };
        if name.is_empty() {
            return None;
        }
        segments.push(Segment { name: name.into(), mark: Mark { source, start, end } });
        match text[after..].chars().next()? {
            '.' => at = after + 1,
            '=' => return Some((segments, after + 1)),
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segments(text: &str) -> Option<(Vec<String>, &str)> {
        let (segments, at) = path(text, 0)?;
        Some((segments.into_iter().map(|segment| segment.name).collect(), &text[at..]))
    }

    #[test]
    fn paths_are_split_at_dots_outside_quotes() {
        let of = |names: &[&str]| names.iter().map(|name| name.to_string()).collect::<Vec<_>>();
        assert_eq!(segments("duration=10min"), Some((of(&["duration"]), "10min")));
        assert_eq!(segments("a.\"b.c\".d=x=y"), Some((of(&["a", "b.c", "d"]), "x=y")));
        for broken in ["", "a", "=1", "a.=1", ".a=1", "\"a=1", "\"a\"b=1"] {
            assert_eq!(segments(broken), None, "{broken}");
        }
    }

    #[test]
    fn values_are_toml_or_plain_text() {
        let parse = |text: &str| value(text, Mark { source: 0, start: 2, end: 2 + text.len() });
        assert!(matches!(parse("3").value, Value::Integer(3)));
        assert!(matches!(parse("true").value, Value::Boolean(true)));
        assert!(matches!(parse("20/s").value, Value::Text(text) if text == "20/s"));
        assert!(matches!(parse("\"20/s\"").value, Value::Text(text) if text == "20/s"));
        assert!(matches!(parse("1\nw = 2").value, Value::Text(_)));
        assert!(matches!(parse("[[1, 8]]").value, Value::Array(_)));
        assert_eq!(parse("17").mark, Mark { source: 0, start: 2, end: 4 });
    }
}
