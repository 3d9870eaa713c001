//! The names of one kind of thing: each once, found again with "did you mean".

use std::collections::BTreeMap;

use super::super::diagnostics::{Mark, Problem, Reporter};
use super::super::reader::TableReader;
use super::values::{Placed, did_you_mean, known};

/// Names and their places, in order of declaration.
#[derive(Debug)]
pub(crate) struct Names {
    what: &'static str,
    /// A thing whose name could not be read holds its position with `None`.
    in_order: Vec<Option<Placed>>,
    positions: BTreeMap<String, usize>,
    complete: bool,
}

impl Names {
    /// `what` is the kind of thing: "tenant".
    pub(crate) fn new(what: &'static str) -> Self {
        Names { what, in_order: Vec::new(), positions: BTreeMap::new(), complete: true }
    }

    /// Adds the next name, and reports it when it exists already.
    pub(crate) fn add(&mut self, reporter: &Reporter, name: Option<Placed>) {
        match &name {
            None => self.complete = false,
            Some(name) => match self.positions.get(&name.text) {
                None => {
                    self.positions.insert(name.text.clone(), self.in_order.len());
                }
                Some(first) => {
                    let first = self.in_order[*first].as_ref().expect("it has a position");
                    let title = format!("there are two {}s named `{}`", self.what, name.text);
                    let problem = Problem::new(title, name.mark, "the second");
                    reporter.report(problem.also(first.mark, "the first").help("rename one"));
                }
            },
        }
        self.in_order.push(name);
    }

    /// Whether every name could be read.
    pub(crate) fn is_complete(&self) -> bool {
        self.complete
    }

    pub(crate) fn len(&self) -> usize {
        self.in_order.len()
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.in_order.iter().flatten().map(|name| name.text.as_str())
    }

    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        self.positions.get(name).copied()
    }

    pub(crate) fn mark(&self, name: &str) -> Option<Mark> {
        self.in_order[self.position(name)?].as_ref().map(|name| name.mark)
    }

    /// The position of `name`. An unknown name is reported, unless some names could not be read:
    /// then this may be one of them, and the report would only distract.
    pub(crate) fn find(&self, reporter: &Reporter, name: &Placed) -> Option<usize> {
        let position = self.position(&name.text);
        if position.is_none() && self.complete {
            let title = format!("there is no {} named `{}`", self.what, name.text);
            let label = did_you_mean(&name.text, self.names());
            reporter.report(Problem::new(title, name.mark, label));
        }
        position
    }

    /// The position that `key` names; when it is not given, the only one there is.
    pub(crate) fn find_or_only(
        &self,
        reader: &TableReader<'_>,
        key: &'static str,
    ) -> Option<usize> {
        match reader.text(key) {
            Some(name) => self.find(reader.reporter, &name),
            None if reader.has(key) => None,
            None if self.len() == 1 => Some(0),
            None => {
                if self.complete && self.len() > 0 {
                    let label = format!("say which {}: {}", self.what, known(self.names()));
                    let title = format!("`{key}` is missing");
                    reader.reporter.report(Problem::new(title, reader.head, label));
                }
                None
            }
        }
    }
}
