//! `min`, `max` and `borrow`: what a node of the share tree is promised and held to.

use super::super::reader::{Field, Shape, TableReader};
use super::super::tree::{Node, Value};
use super::values::{part_of_one, quoted, rate};
use crate::scheduler::{Amount, Borrowing, ShareBounds};
use crate::units::Weight;

const AMOUNT: Shape = Shape::Either(&Shape::Rate, &Shape::Probability);

/// The keys, of every table that is a node of the share tree.
pub(crate) const BOUNDS: &[Field] = &[
    Field::optional(
        "min",
        AMOUNT,
        "what it is promised while it has work, whatever its weight: a rate such as \"5/s\", or a part of \
         the share above it such as \"20%\"",
    ),
    Field::optional("max", AMOUNT, "what it is held to, even when others leave something unused"),
    Field::with_default(
        "borrow",
        Shape::Boolean,
        "true",
        "false holds it to its own share: the one it has when everybody has work",
    ),
];

/// Reads the keys of [`BOUNDS`].
pub(crate) fn bounds(reader: &TableReader<'_>) -> Option<ShareBounds> {
    let [min, max] = ["min", "max"].map(|key| match reader.get(key) {
        Some(node) => amount(reader, key, &node).map(Some),
        None => Some(None),
    });
    let borrow = reader.boolean("borrow");
    if let (Some(Some(min)), Some(Some(max))) = (min, max)
        && is_more(min, max)
    {
        let label = "give the greater one as `max`";
        reader.reject("max", "`max` is less than `min`", label);
        return None;
    }
    let borrowing = if borrow? { Borrowing::Allowed } else { Borrowing::Never };
    Some(ShareBounds { min: min?, max: max?, borrowing })
}

/// A text with a slash is a rate, all else a part.
fn amount(reader: &TableReader<'_>, key: &'static str, node: &Node) -> Option<Amount> {
    if matches!(&node.value, Value::Text(text) if text.contains('/')) {
        return rate(reader.reporter, &quoted(key), node).map(Amount::Rate);
    }
    let kind = "a rate such as \"5/s\" or a part";
    let part = part_of_one(reader.reporter, &quoted(key), kind, node)?;
    let weight = Weight::from_millionths(u64::from(part.billionths() / 1000));
    if weight.is_none() {
        reader.reject(key, format!("`{key}` is nothing"), "it must be at least a millionth");
    }
    weight.map(Amount::Part)
}

/// Whether one amount is more than another of its kind.
fn is_more(one: Amount, other: Amount) -> bool {
    match (one, other) {
        (Amount::Part(one), Amount::Part(other)) => one > other,
        (Amount::Rate(one), Amount::Rate(other)) => {
            let product = |a: u64, b: u64| u128::from(a) * u128::from(b);
            product(one.segments(), other.per().as_nanoseconds())
                > product(other.segments(), one.per().as_nanoseconds())
        }
        _ => false,
    }
}
