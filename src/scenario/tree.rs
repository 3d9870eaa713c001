//! A TOML document as a tree in which every key and value knows its place.
//!
//! It is our own rather than the parser's, because one tree mixes the scenario file with values from
//! `--set` and with defaults.

use std::collections::BTreeMap;

use toml_span::value::ValueInner;
use toml_span::{Error, ErrorKind};

use super::diagnostics::{Mark, Problem, Reporter};
use super::quantity::{parse_rate, parse_span};

/// A value and its place. The place of a table is its header.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) mark: Mark,
}

/// A TOML value.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Text(String),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    Array(Vec<Node>),
    Table(Table),
}

/// A TOML table.
pub(crate) type Table = BTreeMap<String, Entry>;

/// A key's place, and its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: Mark,
    pub(crate) node: Node,
}

impl Node {
    /// What kind of value it is, with its article.
    pub(crate) fn kind(&self) -> &'static str {
        match self.value {
            Value::Text(_) => "a text",
            Value::Integer(_) => "an integer",
            Value::Float(_) => "a number",
            Value::Boolean(_) => "true or false",
            Value::Array(_) => "an array",
            Value::Table(_) => "a table",
        }
    }

    /// The text under `key`, when this is a table that has one.
    pub(crate) fn text_at(&self, key: &str) -> Option<&str> {
        let Value::Table(table) = &self.value else { return None };
        match &table.get(key)?.node.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// Parses a document, or reports why it is none.
pub(crate) fn parse_document(reporter: &Reporter, source: usize, text: &str) -> Option<Node> {
    match toml_span::parse(text) {
        Ok(value) => {
            let mut root = convert(value, text, source);
            root.mark = Mark { source, start: 0, end: 0 };
            Some(root)
        }
        Err(error) => {
            reporter.report(syntax_problem(&error, source, text));
            None
        }
    }
}

/// Parses one value, as it would stand behind `key =`; `None` when it is no TOML value.
///
/// `mark` is the place of `text` in its source.
pub(crate) fn parse_value(text: &str, mark: Mark) -> Option<Node> {
    const PREFIX: &str = "v=";
    let document = format!("{PREFIX}{text}");
    let parsed = toml_span::parse(&document).ok()?;
    // The places are shifted back by the prefix, and forward to where the text stands.
    let root = convert(parsed, &document, mark.source);
    let Value::Table(mut table) = root.value else { return None };
    let entry = table.remove("v")?;
    if !table.is_empty() {
        return None;
    }
    let mut node = entry.node;
    shift(&mut node, mark.start, PREFIX.len());
    Some(node)
}

fn shift(node: &mut Node, forward: usize, back: usize) {
    let moved = |mark: Mark| Mark {
        source: mark.source,
        start: (mark.start + forward).saturating_sub(back),
        end: (mark.end + forward).saturating_sub(back),
    };
    node.mark = moved(node.mark);
    match &mut node.value {
        Value::Array(items) => items.iter_mut().for_each(|item| shift(item, forward, back)),
        Value::Table(table) => {
            for entry in table.values_mut() {
                entry.key = moved(entry.key);
                shift(&mut entry.node, forward, back);
            }
        }
        Value::Text(_) | Value::Integer(_) | Value::Float(_) | Value::Boolean(_) => {}
    }
}

fn convert(mut value: toml_span::Value<'_>, text: &str, source: usize) -> Node {
    let (start, end) = (value.span.start, value.span.end);
    let mut mark = Mark { source, start, end };
    let value = match value.take() {
        ValueInner::String(text) => Value::Text(text.into_owned()),
        ValueInner::Integer(integer) => Value::Integer(integer),
        ValueInner::Float(float) => Value::Float(float),
        ValueInner::Boolean(boolean) => Value::Boolean(boolean),
        ValueInner::Array(items) => {
            Value::Array(items.into_iter().map(|item| convert(item, text, source)).collect())
        }
        ValueInner::Table(table) => {
            mark.end = start + header_length(text.get(start..end).unwrap_or_default());
            let entries = table.into_iter().map(|(key, value)| {
                let mark = Mark { source, start: key.span.start, end: key.span.end };
                let entry = Entry { key: mark, node: convert(value, text, source) };
                (key.name.into_owned(), entry)
            });
            Value::Table(entries.collect())
        }
    };
    Node { value, mark }
}

/// How much of a table's text is its header: `[[tenant]]`, or the first line of an inline table.
fn header_length(table: &str) -> usize {
    let line = table.split(['\n', '\r']).next().unwrap_or_default();
    let closing = if line.starts_with("[[") { "]]" } else { "]" };
    match line.find(closing) {
        Some(at) if line.starts_with('[') => at + closing.len(),
        _ => line.trim_end().len(),
    }
}

fn syntax_problem(error: &Error, source: usize, text: &str) -> Problem {
    let start = error.span.start;
    // Some of the parser's places run over the end of the line; one line says it all.
    let place = |span: toml_span::Span| {
        let line = text.get(span.start..span.end).unwrap_or_default().split(['\n', '\r']).next();
        let end = span.start + line.unwrap_or_default().trim_end().len();
        Mark { source, start: span.start, end }
    };
    let mark = place(error.span);
    let syntax = |label: String| {
        let problem = Problem::new("this is not valid TOML", mark, label);
        match unquoted_quantity(text, start) {
            Some(value) => {
                problem.help(format!("a value with a unit stands in quotes: \"{value}\""))
            }
            None => problem,
        }
    };
    match &error.kind {
        ErrorKind::DuplicateKey { key, first } => {
            let title = format!("the key `{key}` is given twice");
            Problem::new(title, mark, "given again").also(place(*first), "first given here")
        }
        ErrorKind::DuplicateTable { name, first } => {
            let title = format!("the table `[{name}]` is given twice");
            Problem::new(title, mark, "given again")
                .also(place(*first), "first given here")
                .help(format!("if several are meant, write `[[{name}]]` for each"))
        }
        ErrorKind::UnquotedString => syntax("a text stands in quotes".into())
            .help(format!("write \"{}\"", text.get(start..mark.end).unwrap_or_default())),
        ErrorKind::InvalidNumber => syntax("this starts like a number but is none".into()),
        ErrorKind::UnterminatedString | ErrorKind::InvalidCharInString('\n' | '\r') => {
            syntax("the text on this line has no closing quote".into())
        }
        ErrorKind::UnexpectedEof => syntax("the file ends in the middle of something".into()),
        ErrorKind::ExceededDepthLimit => syntax("nested too deeply".into()),
        ErrorKind::RedefineAsArray => {
            syntax("a table of this name already exists, and it is not an array".into())
        }
        ErrorKind::DottedKeyInvalidType { first } => {
            syntax("this key extends something that is no table".into())
                .also(place(*first), "which is this")
        }
        ErrorKind::Wanted { expected, found } => {
            syntax(format!("expected {expected}, found {found}"))
        }
        _ => syntax(error.to_string()),
    }
}

/// The value on the line of `at`, when it only lacks its quotes: `10min`, `100/s`.
fn unquoted_quantity(text: &str, at: usize) -> Option<&str> {
    let start = text.get(..at)?.rfind('\n').map_or(0, |newline| newline + 1);
    let line = text[start..].lines().next()?;
    let (_, value) = line.split_once('=')?;
    let value = value.split('#').next().unwrap_or_default().trim();
    (parse_span(value).is_ok() || parse_rate(value).is_ok()).then_some(value)
}
