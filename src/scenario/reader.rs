//! A reader of tables that keeps places, and the descriptions it reads by.
//!
//! Each table of a scenario has one [`TableSpec`]. Unknown keys, "did you mean", defaults and the
//! JSON schema all come from it. A decode function that reads a key it does not declare, or leaves a
//! declared key unread, panics on the first table it meets, whatever that holds: loader and schema
//! cannot drift apart.

use std::borrow::Cow;
use std::cell::RefCell;

use super::diagnostics::{Mark, Problem, Reporter};
use super::suggest::{list, nearest};
use super::tree::{Node, Table, Value, parse_value};

/// The description of a table.
#[derive(Debug)]
pub(crate) struct TableSpec {
    /// How people call it: `[[tenant]]`, or `the scenario`.
    pub(crate) title: &'static str,
    /// What it is.
    pub(crate) doc: &'static str,
    /// Its keys, in groups so that kinds of tables can share some.
    pub(crate) fields: &'static [&'static [Field]],
    /// The value of the tag key that makes a table this one, where one does.
    pub(crate) kind: Option<&'static str>,
}

/// The description of a key.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
    pub(crate) presence: Presence,
    pub(crate) doc: &'static str,
}

/// Whether a key must be given.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Presence {
    /// It must.
    Required,
    /// It may be left out; the decode function knows what that means.
    Optional,
    /// It may be left out and is then this, in TOML.
    Default(&'static str),
}

/// What values a key takes.
#[derive(Debug)]
pub(crate) enum Shape {
    Text,
    Name,
    Boolean,
    Span,
    Rate,
    Quota,
    Probability,
    Weight,
    Integer {
        least: u64,
        most: u64,
    },
    Number {
        least: f64,
        most: f64,
    },
    OneOf(&'static [&'static str]),
    Bound,
    /// Such as `08:30`.
    TimeOfDay,
    /// Such as `-05:00`.
    Zone,
    /// Such as `mon 08:30`.
    WeekTime,
    List(&'static Shape),
    Either(&'static Shape, &'static Shape),
    Table(&'static TableSpec),
    Tables(&'static TableSpec),
    /// An array of tables whose kind is in their key [`TAG`].
    TablesByKind(&'static [&'static TableSpec]),
}

/// The key that tells the kind of a table.
pub(crate) const TAG: &str = "kind";

impl Field {
    pub(crate) const fn required(name: &'static str, shape: Shape, doc: &'static str) -> Self {
        Field { name, shape, presence: Presence::Required, doc }
    }

    pub(crate) const fn optional(name: &'static str, shape: Shape, doc: &'static str) -> Self {
        Field { name, shape, presence: Presence::Optional, doc }
    }

    /// `default` is written in TOML.
    pub(crate) const fn with_default(
        name: &'static str,
        shape: Shape,
        default: &'static str,
        doc: &'static str,
    ) -> Self {
        Field { name, shape, presence: Presence::Default(default), doc }
    }
}

impl Field {
    /// Whether its value is not written as tables of their own.
    fn is_value(&self) -> bool {
        self.shape.tables().is_empty()
    }
}

impl TableSpec {
    pub(crate) fn all_fields(&self) -> impl Iterator<Item = &'static Field> + use<> {
        self.fields.iter().copied().flatten()
    }

    pub(crate) fn field(&self, name: &str) -> Option<&'static Field> {
        self.all_fields().find(|field| field.name == name)
    }

    /// This table and all below it, each once, parents first.
    pub(crate) fn family(&'static self) -> Vec<&'static TableSpec> {
        let mut family: Vec<&'static TableSpec> = vec![self];
        let mut next = 0;
        while next < family.len() {
            let tables = family[next].all_fields().flat_map(|field| field.shape.tables());
            for table in tables.collect::<Vec<_>>() {
                if !family.iter().any(|known| std::ptr::eq(*known, table)) {
                    family.push(table);
                }
            }
            next += 1;
        }
        family
    }
}

impl Shape {
    /// The tables that a value of this shape may be or hold.
    pub(crate) fn tables(&self) -> Vec<&'static TableSpec> {
        match self {
            Shape::Table(spec) | Shape::Tables(spec) => vec![spec],
            Shape::TablesByKind(specs) => specs.to_vec(),
            Shape::Either(one, other) => [one.tables(), other.tables()].concat(),
            Shape::List(inner) => inner.tables(),
            _ => Vec::new(),
        }
    }
}

/// Reads one table. See the module documentation.
pub(crate) struct TableReader<'a> {
    pub(crate) reporter: &'a Reporter,
    /// The place of the table's header.
    pub(crate) head: Mark,
    spec: &'static TableSpec,
    table: &'a Table,
    /// Keys that are missing but were reported as misspelt.
    excused: Vec<&'static str>,
    read: RefCell<Vec<&'static str>>,
}

impl<'a> TableReader<'a> {
    /// Opens `node`, which must be a table, and reports the keys that it should not have.
    pub(crate) fn open(
        reporter: &'a Reporter,
        root: &'static TableSpec,
        spec: &'static TableSpec,
        node: &'a Node,
    ) -> Option<Self> {
        let Value::Table(table) = &node.value else {
            let title = format!("{} is a table", spec.title);
            reporter.report(Problem::new(title, node.mark, format!("this is {}", node.kind())));
            return None;
        };
        let mut reader = TableReader {
            reporter,
            head: node.mark,
            spec,
            table,
            excused: Vec::new(),
            read: RefCell::new(Vec::new()),
        };
        if spec.kind.is_some() {
            reader.read.borrow_mut().push(TAG);
        }
        for (key, entry) in table {
            if spec.field(key).is_none() {
                let missing = spec.all_fields().filter(|field| !table.contains_key(field.name));
                let meant = nearest(key, missing.map(|field| field.name));
                let meant = meant.and_then(|name| spec.field(name)).map(|field| field.name);
                reader.excused.extend(meant);
                reporter.report(unknown_key(root, spec, key, entry.key, meant));
            }
        }
        Some(reader)
    }

    /// The value of `key`, or its default; reports a required key that is missing.
    ///
    /// # Panics
    /// When the table's description does not have the key.
    pub(crate) fn get(&self, key: &'static str) -> Option<Cow<'a, Node>> {
        let spec = self.spec;
        let field = spec.field(key).unwrap_or_else(|| {
            panic!("decoding {} reads `{key}`, which its description does not have", spec.title)
        });
        self.read.borrow_mut().push(key);
        if let Some(entry) = self.table.get(key) {
            return Some(Cow::Borrowed(&entry.node));
        }
        match field.presence {
            Presence::Optional => None,
            Presence::Default(text) => {
                let mut node = parse_value(text, self.head)
                    .unwrap_or_else(|| panic!("the default of `{key}` is not TOML: {text}"));
                node.mark = self.head;
                Some(Cow::Owned(node))
            }
            Presence::Required => {
                self.report_missing(key);
                None
            }
        }
    }

    /// Reports that `key` is missing, unless it was reported as misspelt.
    ///
    /// # Panics
    /// When the table's description does not have the key.
    pub(crate) fn report_missing(&self, key: &'static str) {
        let field = self.spec.field(key).expect("only declared keys are missed");
        if !self.excused.contains(&key) {
            let label = format!("{} needs the key `{key}`", self.spec.title);
            let problem = Problem::new(format!("`{key}` is missing"), self.head, label);
            self.reporter.report(problem.help(format!("`{key}`: {}", field.doc)));
        }
    }

    /// The elements of an array of tables; none when the key is absent.
    pub(crate) fn tables(&self, key: &'static str) -> Vec<&'a Node> {
        let Some(Cow::Borrowed(node)) = self.get(key) else { return Vec::new() };
        match &node.value {
            Value::Array(items) => items.iter().collect(),
            Value::Table(_) => {
                let title = format!("`{key}` is an array of tables");
                let label = format!("write `[[{key}]]`, in double brackets");
                self.reporter.report(Problem::new(title, node.mark, label));
                Vec::new()
            }
            _ => {
                let title = format!("`{key}` is an array of tables");
                let label = format!("this is {}", node.kind());
                self.reporter.report(Problem::new(title, node.mark, label));
                Vec::new()
            }
        }
    }

    /// The declared shape of `key`.
    ///
    /// # Panics
    /// When the table's description does not have the key.
    pub(crate) fn shape(&self, key: &str) -> &'static Shape {
        &self.spec.field(key).expect("only declared keys are read").shape
    }

    /// Whether the key is given.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// The place of the value of `key`, or of the header when it is not given.
    pub(crate) fn mark(&self, key: &str) -> Mark {
        self.table.get(key).map_or(self.head, |entry| entry.node.mark)
    }

    /// Ends the reading.
    ///
    /// # Panics
    /// When a declared key was not read.
    pub(crate) fn finish(self) {
        let read = self.read.borrow();
        let unread = self.spec.all_fields().find(|field| !read.contains(&field.name));
        if let Some(field) = unread {
            panic!("decoding {} leaves `{}` unread", self.spec.title, field.name);
        }
    }
}

/// The description among `kinds` that the table's tag names, or a report of why there is none. Of a
/// misspelt kind, which is reported, it is the one that was meant: so what else is wrong with the table is
/// told at the same time.
pub(crate) fn choose_kind(
    reporter: &Reporter,
    kinds: &'static [&'static TableSpec],
    what: &str,
    node: &Node,
) -> Option<&'static TableSpec> {
    let names = || kinds.iter().filter_map(|spec| spec.kind);
    let known = list(names());
    let Value::Table(table) = &node.value else {
        let title = format!("{what} is a table");
        reporter.report(Problem::new(title, node.mark, format!("this is {}", node.kind())));
        return None;
    };
    let Some(entry) = table.get(TAG) else {
        let label = format!("{what} needs the key `{TAG}`: {known}");
        reporter.report(Problem::new(format!("`{TAG}` is missing"), node.mark, label));
        return None;
    };
    let Value::Text(written) = &entry.node.value else {
        let label = format!("this is {}; the kinds are {known}", entry.node.kind());
        reporter.report(Problem::new(format!("`{TAG}` is a text"), entry.node.mark, label));
        return None;
    };
    let of_kind = |name: &str| kinds.iter().find(|spec| spec.kind == Some(name)).copied();
    let chosen = of_kind(written);
    if chosen.is_some() {
        return chosen;
    }
    let title = format!("there is no {what} of kind `{written}`");
    let meant = nearest(written, names());
    let label = match meant {
        Some(meant) => format!("did you mean \"{meant}\"?"),
        None => format!("the kinds are {known}"),
    };
    reporter.report(Problem::new(title, entry.node.mark, label));
    meant.and_then(of_kind)
}

fn unknown_key(
    root: &'static TableSpec,
    spec: &'static TableSpec,
    key: &str,
    mark: Mark,
    meant: Option<&str>,
) -> Problem {
    let title = format!("{} has no key `{key}`", spec.title);
    if let Some(meant) = meant {
        return Problem::new(title, mark, format!("did you mean `{meant}`?"));
    }
    let keys = format!("its keys are {}", list(spec.all_fields().map(|field| field.name)));
    let homes: Vec<_> = root
        .family()
        .into_iter()
        .filter(|other| other.field(key).is_some_and(Field::is_value))
        .collect();
    match homes.first() {
        Some(home) if std::ptr::eq(*home, root) => Problem::new(title, mark, "not here")
            .help(format!("`{key}` belongs at the top of the file, before the first `[`"))
            .help(keys),
        Some(_) => {
            let homes: Vec<&str> = homes.iter().take(3).map(|home| home.title).collect();
            let label = format!("this is a key of {}", homes.join(" and of "));
            Problem::new(title, mark, label).help(keys)
        }
        None => Problem::new(title, mark, "unknown").help(keys),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tree::parse_document;
    use super::*;

    static SPEC: TableSpec = TableSpec {
        title: "the test",
        doc: "A table for tests.",
        fields: &[&[
            Field::required("one", Shape::Text, "the first"),
            Field::with_default("two", Shape::Text, "\"default\"", "the second"),
        ]],
        kind: None,
    };

    fn document(text: &str) -> (Reporter, Node) {
        let reporter = Reporter::default();
        let source = reporter.add_source("t.toml", text, 1);
        let node = parse_document(&reporter, source, text).expect("valid TOML");
        (reporter, node)
    }

    #[test]
    fn a_misspelt_key_is_one_problem_and_defaults_are_parsed() {
        let (reporter, node) = document("onne = 'x'");
        let reader = TableReader::open(&reporter, &SPEC, &SPEC, &node).expect("a table");
        assert!(reader.get("one").is_none());
        let two = reader.get("two").expect("has a default");
        assert!(matches!(&two.value, Value::Text(text) if text == "default"));
        reader.finish();
        let diagnostics = reporter.finish();
        assert_eq!(diagnostics.count(), 1, "{diagnostics}");
        assert!(diagnostics.to_string().contains("did you mean `one`?"), "{diagnostics}");
    }

    #[test]
    #[should_panic(expected = "decoding the test leaves `two` unread")]
    fn leaving_a_declared_key_unread_is_found() {
        let (reporter, node) = document("one = 'x'");
        let reader = TableReader::open(&reporter, &SPEC, &SPEC, &node).expect("a table");
        let _ = reader.get("one");
        reader.finish();
    }

    #[test]
    #[should_panic(expected = "reads `three`, which its description does not have")]
    fn reading_an_undeclared_key_is_found() {
        let (reporter, node) = document("one = 'x'");
        let reader = TableReader::open(&reporter, &SPEC, &SPEC, &node).expect("a table");
        let _ = reader.get("three");
    }
}
