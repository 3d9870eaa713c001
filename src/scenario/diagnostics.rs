//! What is wrong with a scenario: all of it at once, each with its place.

use std::cell::RefCell;
use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

/// Everything that is wrong with a scenario. `Display` renders it plainly.
#[derive(Clone, Debug)]
pub struct Diagnostics {
    sources: Vec<SourceText>,
    problems: Vec<Problem>,
}

/// Whether a rendering carries terminal colours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Colouring {
    /// Plain text.
    Plain,
    /// ANSI escape sequences.
    Coloured,
}

impl Diagnostics {
    /// Every problem in order of place: `file:line:column`, the line underlined, what is wrong and
    /// what would be right; then how many there are, when more than one.
    pub fn render(&self, colouring: Colouring) -> String {
        let renderer = match colouring {
            Colouring::Plain => Renderer::plain(),
            Colouring::Coloured => Renderer::styled(),
        };
        let mut text = String::new();
        for problem in &self.problems {
            text += &self.render_one(problem, &renderer);
            text += "\n\n";
        }
        match self.problems.len() {
            1 => text.truncate(text.len() - 1),
            count => text += &format!("{count} errors; nothing ran\n"),
        }
        text
    }

    /// How many problems there are; at least one.
    pub fn count(&self) -> usize {
        self.problems.len()
    }

    fn render_one(&self, problem: &Problem, renderer: &Renderer) -> String {
        let mut group = Level::ERROR.primary_title(problem.title.as_str()).elements(
            self.snippets(&problem.primary, &problem.others).collect::<Vec<Snippet<'_, _>>>(),
        );
        for help in &problem.helps {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        renderer.render(&[group])
    }

    /// One snippet a source, that of the primary mark first.
    fn snippets<'a>(
        &'a self,
        primary: &'a Labelled,
        others: &'a [Labelled],
    ) -> impl Iterator<Item = Snippet<'a, annotate_snippets::Annotation<'a>>> {
        let mut order = vec![primary.mark.source];
        for other in others {
            if !order.contains(&other.mark.source) {
                order.push(other.mark.source);
            }
        }
        order.into_iter().map(move |source| {
            let from = &self.sources[source];
            let first =
                (primary.mark.source == source).then_some((primary, AnnotationKind::Primary));
            let rest = others
                .iter()
                .filter(move |other| other.mark.source == source)
                .map(|other| (other, AnnotationKind::Context));
            Snippet::source(from.text.as_str())
                .line_start(from.first_line)
                .path(from.name.as_str())
                .annotations(first.into_iter().chain(rest).map(|(labelled, kind)| {
                    let annotation = kind.span(from.within(labelled.mark.range()));
                    annotation.label(labelled.label.as_str())
                }))
        })
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(Colouring::Plain))
    }
}

/// A file, or a part of one, that diagnostics point into.
#[derive(Clone, Debug)]
struct SourceText {
    name: String,
    text: String,
    first_line: usize,
}

impl SourceText {
    /// `range`, moved to character boundaries inside the text.
    fn within(&self, range: Range<usize>) -> Range<usize> {
        let boundary = |at: usize| {
            let at = at.min(self.text.len());
            (0..=at).rev().find(|at| self.text.is_char_boundary(*at)).unwrap_or(0)
        };
        boundary(range.start)..boundary(range.end.max(range.start))
    }
}

/// A place in one of the sources of a [`Reporter`], in bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(crate) struct Mark {
    pub(crate) source: usize,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Mark {
    fn range(self) -> Range<usize> {
        self.start..self.end
    }
}

#[derive(Clone, Debug)]
struct Labelled {
    mark: Mark,
    label: String,
}

/// One thing that is wrong.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    title: String,
    primary: Labelled,
    others: Vec<Labelled>,
    helps: Vec<String>,
}

impl Problem {
    /// `title` says what is wrong, `label` stands beside the underlined place.
    pub(crate) fn new(title: impl Into<String>, mark: Mark, label: impl Into<String>) -> Self {
        let primary = Labelled { mark, label: label.into() };
        Problem { title: title.into(), primary, others: Vec::new(), helps: Vec::new() }
    }

    /// The same at other places.
    pub(crate) fn moved(mut self, to: impl Fn(Mark) -> Mark) -> Self {
        self.primary.mark = to(self.primary.mark);
        self.others.iter_mut().for_each(|other| other.mark = to(other.mark));
        self
    }

    /// A second place that has to do with it.
    pub(crate) fn also(mut self, mark: Mark, label: impl Into<String>) -> Self {
        self.others.push(Labelled { mark, label: label.into() });
        self
    }

    /// What would be right.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.helps.push(help.into());
        self
    }
}

/// Collects problems while a scenario is read.
#[derive(Debug, Default)]
pub(crate) struct Reporter {
    sources: RefCell<Vec<SourceText>>,
    problems: RefCell<Vec<Problem>>,
}

impl Reporter {
    /// Makes `text`, whose first line has the number `first_line`, known under `name`.
    pub(crate) fn add_source(&self, name: &str, text: &str, first_line: usize) -> usize {
        let mut sources = self.sources.borrow_mut();
        sources.push(SourceText { name: name.into(), text: text.into(), first_line });
        sources.len() - 1
    }

    pub(crate) fn report(&self, problem: Problem) {
        self.problems.borrow_mut().push(problem);
    }

    pub(crate) fn has_problems(&self) -> bool {
        !self.problems.borrow().is_empty()
    }

    /// The line of `mark`, from 1.
    pub(crate) fn line_of(&self, mark: Mark) -> u32 {
        let sources = self.sources.borrow();
        let source = &sources[mark.source];
        let before = &source.text.as_bytes()[..mark.start.min(source.text.len())];
        let line = source.first_line + before.iter().filter(|byte| **byte == b'\n').count();
        u32::try_from(line).unwrap_or(u32::MAX)
    }

    /// Everything reported, in order of place.
    pub(crate) fn finish(self) -> Diagnostics {
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(|problem| problem.primary.mark);
        Diagnostics { sources: self.sources.into_inner(), problems }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problems_come_in_order_of_place_and_show_every_mark() {
        let reporter = Reporter::default();
        let source = reporter.add_source("a.toml", "one = 1\ntwo = 2\n", 1);
        let mark = |start, end| Mark { source, start, end };
        reporter.report(Problem::new("second", mark(8, 11), "here").also(mark(0, 3), "first"));
        reporter.report(Problem::new("first", mark(6, 7), "there").help("write 2"));
        assert_eq!(reporter.line_of(mark(8, 11)), 2);
        let text = reporter.finish().to_string();
        let position = |needle: &str| text.find(needle).expect("rendered");
        assert!(position("error: first") < position("error: second"), "{text}");
        assert!(text.contains("a.toml:1:7"), "{text}");
        assert!(text.contains("help: write 2"), "{text}");
        assert!(text.ends_with("2 errors; nothing ran\n"), "{text}");
    }

    #[test]
    fn marks_outside_the_text_or_inside_a_character_are_harmless() {
        let reporter = Reporter::default();
        let source = reporter.add_source("a.toml", "é", 1);
        reporter.report(Problem::new("inside", Mark { source, start: 1, end: 1 }, "here"));
        reporter.report(Problem::new("outside", Mark { source, start: 9, end: 12 }, "there"));
        let diagnostics = reporter.finish();
        assert_eq!(diagnostics.count(), 2);
        assert!(diagnostics.render(Colouring::Coloured).contains('\u{1b}'));
    }
}
