//! Constraints of a sweep: comparisons of sums and products of axes, joined by `and`, `or`, `not`.
//!
//! ```text
//! either     = both { "or" both }
//! both       = single { "and" single }
//! single     = "not" single | comparison
//! comparison = sum [ ("<" | "<=" | ">" | ">=" | "==" | "!=") sum ]
//! sum        = product { ("+" | "-") product }
//! product    = factor { ("*" | "/") factor }
//! factor     = "-" factor | number | 'quantity or word' | axis | `axis` | "(" either ")"
//! ```
//!
//! Quantities stand in single quotes, because `10/s` without them is a division. Types are checked
//! when the text is read: a constraint that can be evaluated at one point can be at all.

use crate::scenario::sweep::number_of;

/// A constraint that was understood.
#[derive(Clone, Debug, PartialEq)]
pub struct Constraint {
    /// As written.
    pub text: String,
    root: Term,
}

/// What an axis amounts to at a point.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    /// A number, in seconds, segments a second or parts of one.
    Number(f64),
    /// A word.
    Word(String),
}

/// What the values of an axis are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum AxisKind {
    Numbers,
    Words,
}

/// What is wrong, and where in the text, in bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ExpressionError {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) label: String,
    /// The name that is not an axis, if that is what is wrong.
    pub(crate) unknown: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
enum Term {
    Number(f64),
    Word(String),
    Axis(usize),
    Negated(Box<Term>),
    Not(Box<Term>),
    Two(Operator, Box<Term>, Box<Term>),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Less,
    AtMost,
    Greater,
    AtLeast,
    Equal,
    Different,
    And,
    Or,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Number,
    Word,
    Truth,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Kind::Number => "a number",
            Kind::Word => "a word",
            Kind::Truth => "true or false",
        }
    }
}

impl Constraint {
    /// Whether the point whose axes have these values, in order, keeps the constraint.
    pub fn holds(&self, values: &[Operand]) -> bool {
        truth(&self.root, values)
    }
}

fn truth(term: &Term, values: &[Operand]) -> bool {
    match term {
        Term::Not(inner) => !truth(inner, values),
        Term::Two(Operator::And, one, other) => truth(one, values) && truth(other, values),
        Term::Two(Operator::Or, one, other) => truth(one, values) || truth(other, values),
        Term::Two(operator, one, other) => {
            let (one, other) = (operand(one, values), operand(other, values));
            match (operator, one, other) {
                (Operator::Equal, one, other) => one == other,
                (Operator::Different, one, other) => one != other,
                (operator, Operand::Number(one), Operand::Number(other)) => match operator {
                    Operator::Less => one < other,
                    Operator::AtMost => one <= other,
                    Operator::Greater => one > other,
                    _ => one >= other,
                },
                _ => false,
            }
        }
        _ => false,
    }
}

fn operand(term: &Term, values: &[Operand]) -> Operand {
    let number = |term: &Term| match operand(term, values) {
        Operand::Number(number) => number,
        Operand::Word(_) => f64::NAN,
    };
    match term {
        Term::Number(number) => Operand::Number(*number),
        Term::Word(word) => Operand::Word(word.clone()),
        Term::Axis(index) => values[*index].clone(),
        Term::Negated(inner) => Operand::Number(-number(inner)),
        Term::Two(operator, one, other) => {
            let (one, other) = (number(one), number(other));
            Operand::Number(match operator {
                Operator::Add => one + other,
                Operator::Subtract => one - other,
                Operator::Multiply => one * other,
                _ => one / other,
            })
        }
        Term::Not(_) => Operand::Number(f64::NAN),
    }
}

/// Understands a constraint over these axes.
pub(crate) fn parse(text: &str, axes: &[(&str, AxisKind)]) -> Result<Constraint, ExpressionError> {
    let tokens = tokens(text)?;
    let mut parser = Parser { text, tokens, next: 0, axes, depth: 0 };
    let start = parser.place();
    let (root, kind) = parser.either()?;
    if let Some((token, from, to)) = parser.peek().cloned() {
        let label = match token {
            Token::Symbol("=") => "write `==` to compare".to_owned(),
            _ => "expected the end, or an operator before this".to_owned(),
        };
        return Err(ExpressionError { from, to, label, unknown: None });
    }
    if kind != Kind::Truth {
        let label = format!("this is {}; a constraint compares, such as `a <= 2 * b`", kind.name());
        return Err(ExpressionError { from: start, to: text.len(), label, unknown: None });
    }
    Ok(Constraint { text: text.to_owned(), root })
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Number(f64),
    Quoted(String),
    Name(String),
    Symbol(&'static str),
}

const SYMBOLS: [&str; 13] = ["<=", ">=", "==", "!=", "<", ">", "=", "+", "-", "*", "/", "(", ")"];

fn tokens(text: &str) -> Result<Vec<(Token, usize, usize)>, ExpressionError> {
    let mut found = Vec::new();
    let mut at = 0;
    let error = |from, to, label: &str| ExpressionError {
        from,
        to,
        label: label.to_owned(),
        unknown: None,
    };
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let length_of =
            |holds: &dyn Fn(char) -> bool| rest.find(|c: char| !holds(c)).unwrap_or(rest.len());
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        let (token, length) = if first == '\'' || first == '`' {
            let Some(end) = rest[1..].find(first) else {
                return Err(error(at, text.len(), "the closing quote is missing"));
            };
            let inner = rest[1..=end].to_owned();
            let token = if first == '`' { Token::Name(inner) } else { Token::Quoted(inner) };
            (token, end + 2)
        } else if first.is_ascii_digit() || first == '.' {
            let length = length_of(&|c| c.is_ascii_digit() || c == '.');
            let Ok(number) = rest[..length].parse() else {
                return Err(error(at, at + length, "this is no number"));
            };
            let after = &rest[length..];
            if after.starts_with(|c: char| c.is_alphabetic() || c == '%') {
                let unit = after.find(|c: char| !c.is_alphanumeric() && c != '%');
                let end = length + unit.unwrap_or(after.len());
                let label = format!("a quantity stands in single quotes: '{}'", &rest[..end]);
                return Err(error(at, at + end, &label));
            }
            (Token::Number(number), length)
        } else if first.is_alphabetic() || first == '_' {
            let length = length_of(&|c| c.is_alphanumeric() || c == '_');
            (Token::Name(rest[..length].to_owned()), length)
        } else if let Some(symbol) = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
            (Token::Symbol(symbol), symbol.len())
        } else {
            return Err(error(at, at + first.len_utf8(), "this means nothing here"));
        };
        found.push((token, at, at + length));
        at += length;
    }
    Ok(found)
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<(Token, usize, usize)>,
    next: usize,
    axes: &'a [(&'a str, AxisKind)],
    depth: u32,
}

type Parsed = Result<(Term, Kind), ExpressionError>;

/// Deeper nesting is no constraint that anybody means.
const DEEPEST: u32 = 64;

impl Parser<'_> {
    fn peek(&self) -> Option<&(Token, usize, usize)> {
        self.tokens.get(self.next)
    }

    /// Where the next token begins.
    fn place(&self) -> usize {
        self.peek().map_or(self.text.len(), |(_, from, _)| *from)
    }

    /// Where the last token ended.
    fn behind(&self) -> usize {
        self.next.checked_sub(1).map_or(0, |last| self.tokens[last].2)
    }

    fn take(&mut self, wanted: &[(&'static str, Operator)]) -> Option<Operator> {
        let (token, _, _) = self.peek()?;
        let operator = wanted.iter().find(|(symbol, _)| match token {
            Token::Symbol(written) => written == symbol,
            Token::Name(word) => word == symbol,
            _ => false,
        });
        let operator = operator.map(|(_, operator)| *operator);
        self.next += usize::from(operator.is_some());
        operator
    }

    fn either(&mut self) -> Parsed {
        self.chain(&[("or", Operator::Or)], Kind::Truth, Self::both)
    }

    fn both(&mut self) -> Parsed {
        self.chain(&[("and", Operator::And)], Kind::Truth, Self::single)
    }

    fn sum(&mut self) -> Parsed {
        let operators = [("+", Operator::Add), ("-", Operator::Subtract)];
        self.chain(&operators, Kind::Number, Self::product)
    }

    fn product(&mut self) -> Parsed {
        let operators = [("*", Operator::Multiply), ("/", Operator::Divide)];
        self.chain(&operators, Kind::Number, Self::factor)
    }

    /// Terms of one kind with operators of one strength between them.
    fn chain(
        &mut self,
        operators: &[(&'static str, Operator)],
        kind: Kind,
        part: fn(&mut Self) -> Parsed,
    ) -> Parsed {
        let from = self.place();
        let (mut term, mut found) = part(self)?;
        let mut first_end = self.behind();
        while let Some(operator) = self.take(operators) {
            expect(kind, found, from, first_end)?;
            let from = self.place();
            let (other, other_kind) = part(self)?;
            expect(kind, other_kind, from, self.behind())?;
            term = Term::Two(operator, Box::new(term), Box::new(other));
            found = kind;
            first_end = self.behind();
        }
        Ok((term, found))
    }

    fn single(&mut self) -> Parsed {
        if self.take(&[("not", Operator::And)]).is_some() {
            let from = self.place();
            self.deeper(from)?;
            let (term, kind) = self.single()?;
            self.depth -= 1;
            expect(Kind::Truth, kind, from, self.behind())?;
            return Ok((Term::Not(Box::new(term)), Kind::Truth));
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Parsed {
        const COMPARISONS: [(&str, Operator); 6] = [
            ("<", Operator::Less),
            ("<=", Operator::AtMost),
            (">", Operator::Greater),
            (">=", Operator::AtLeast),
            ("==", Operator::Equal),
            ("!=", Operator::Different),
        ];
        let from = self.place();
        let (one, kind) = self.sum()?;
        let end = self.behind();
        let Some(operator) = self.take(&COMPARISONS) else { return Ok((one, kind)) };
        let other_from = self.place();
        let (other, other_kind) = self.sum()?;
        let allows_words = matches!(operator, Operator::Equal | Operator::Different);
        let wanted = if allows_words && kind == Kind::Word { Kind::Word } else { Kind::Number };
        expect(wanted, kind, from, end)?;
        expect(wanted, other_kind, other_from, self.behind())?;
        Ok((Term::Two(operator, Box::new(one), Box::new(other)), Kind::Truth))
    }

    fn factor(&mut self) -> Parsed {
        let Some((token, from, to)) = self.peek().cloned() else {
            let from = self.text.trim_end().len();
            let label = "something is missing at the end: an axis or a number".to_owned();
            return Err(ExpressionError { from, to: from, label, unknown: None });
        };
        self.next += 1;
        match token {
            Token::Number(number) => Ok((Term::Number(number), Kind::Number)),
            Token::Quoted(text) => Ok(match number_of(&text) {
                Some(number) => (Term::Number(number), Kind::Number),
                None => (Term::Word(text), Kind::Word),
            }),
            Token::Name(name) => {
                let index = self.axes.iter().position(|(axis, _)| *axis == name);
                let Some(index) = index else {
                    let label = String::new();
                    return Err(ExpressionError { from, to, label, unknown: Some(name) });
                };
                let kind = match self.axes[index].1 {
                    AxisKind::Numbers => Kind::Number,
                    AxisKind::Words => Kind::Word,
                };
                Ok((Term::Axis(index), kind))
            }
            Token::Symbol("-") => {
                self.deeper(from)?;
                let inner_from = self.place();
                let (term, kind) = self.factor()?;
                self.depth -= 1;
                expect(Kind::Number, kind, inner_from, self.behind())?;
                Ok((Term::Negated(Box::new(term)), Kind::Number))
            }
            Token::Symbol("(") => {
                self.deeper(from)?;
                let inner = self.either()?;
                self.depth -= 1;
                let closes = matches!(self.peek(), Some((Token::Symbol(")"), _, _)));
                if !closes {
                    let label = "this parenthesis is never closed".to_owned();
                    return Err(ExpressionError { from, to, label, unknown: None });
                }
                self.next += 1;
                Ok(inner)
            }
            Token::Symbol(_) => {
                let label = "expected an axis or a number here".to_owned();
                Err(ExpressionError { from, to, label, unknown: None })
            }
        }
    }

    fn deeper(&mut self, from: usize) -> Result<(), ExpressionError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            let label = "nested too deeply".to_owned();
            return Err(ExpressionError { from, to: self.text.len(), label, unknown: None });
        }
        Ok(())
    }
}

fn expect(wanted: Kind, found: Kind, from: usize, to: usize) -> Result<(), ExpressionError> {
    if wanted == found {
        return Ok(());
    }
    let label = format!("expected {}, this is {}", wanted.name(), found.name());
    Err(ExpressionError { from, to, label, unknown: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const AXES: [(&str, AxisKind); 3] =
        [("a", AxisKind::Numbers), ("b", AxisKind::Numbers), ("the rule", AxisKind::Words)];

    fn holds(text: &str) -> bool {
        let values = [Operand::Number(2.0), Operand::Number(10.0), Operand::Word("give-up".into())];
        parse(text, &AXES).unwrap_or_else(|error| panic!("{text}: {error:?}")).holds(&values)
    }

    #[test]
    fn constraints_by_hand() {
        for (text, expected) in [
            ("a < b", true),
            ("a * 5 == b", true),
            ("a * 5 != b", false),
            ("b - a - 3 == 5", true),
            ("b / a / 5 == 1", true),
            ("2 + 3 * a == 8", true),
            ("(2 + 3) * a == b", true),
            ("-a < 0 and not b <= a", true),
            ("a > b or b > a and a > 1", true),
            ("(a > b or b > a) and a > 2", false),
            ("a == '2000ms'", true),
            ("b == '600/min'", true),
            ("`the rule` == 'give-up'", true),
            ("`the rule` != 'give-up'", false),
            ("not not a == 2", true),
            ("a / 0 > 1", true),
        ] {
            assert_eq!(holds(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let wrong = |text: &str| {
            let error = parse(text, &AXES).expect_err("wrong");
            (text.get(error.from..error.to).unwrap_or("?").to_owned(), error.label, error.unknown)
        };
        let label = |text: &str| {
            let (place, label, _) = wrong(text);
            format!("{place}: {label}")
        };
        assert_eq!(wrong("a < c").2.as_deref(), Some("c"));
        assert_eq!(label("a < 10ms"), "10ms: a quantity stands in single quotes: '10ms'");
        assert_eq!(label("a = 2"), "=: write `==` to compare");
        assert_eq!(label("(a < b"), "(: this parenthesis is never closed");
        assert_eq!(label("a <"), ": something is missing at the end: an axis or a number");
        assert_eq!(label("a + (a < b) < 3"), "(a < b): expected a number, this is true or false");
        assert_eq!(label("`the rule` < 3"), "`the rule`: expected a number, this is a word");
        assert_eq!(label("a and b"), "a: expected true or false, this is a number");
        assert_eq!(label("a < 'soon"), "'soon: the closing quote is missing");
        assert_eq!(label("a ? b"), "?: this means nothing here");
        assert!(label("a + b").ends_with("a constraint compares, such as `a <= 2 * b`"));
        assert!(label(&"(".repeat(100)).ends_with("nested too deeply"));
        assert!(label(&"not ".repeat(100)).ends_with("nested too deeply"));
        assert!(label(&format!("{}a < 1", "-".repeat(100))).ends_with("nested too deeply"));
        assert!(label("").ends_with("an axis or a number"));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[ab0-9.'`()<>=!*/+ -]{0,24}", any in any::<String>()) {
            let values = [1.0, 2.0].map(Operand::Number);
            for text in [text, any] {
                let axes = &AXES[..2];
                if let Ok(constraint) = parse(&text, axes) {
                    let _ = constraint.holds(&values);
                }
            }
        }
    }
}
