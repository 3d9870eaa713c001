//! Kind `renewal`.

use super::super::super::reader::{Field, Shape, TableReader, TableSpec};
use super::super::super::resolved::{Arrivals, GapLaw};
use super::pace::{CURVE, RATE, SPAN, pace};
use super::{COMMON, Where, kind_field};

pub(super) static RENEWAL: TableSpec = TableSpec {
    title: "`[[tenant.traffic]]` of kind renewal",
    doc: "Messages at independent gaps of a given variability.",
    fields: &[
        &[
            kind_field(&["renewal"]),
            Field::required(
                "cv",
                Shape::Number { least: 0.01, most: 100.0 },
                "coefficient of variation of the gaps; 1 is Poisson, 4 comes in bursts",
            ),
            Field::with_default("gaps", GAPS, "\"gamma\"", "the distribution of the gaps"),
        ],
        RATE,
        SPAN,
        CURVE,
        COMMON,
    ],
    kind: Some("renewal"),
};

/// The distributions of gaps by name.
pub(crate) const GAPS: Shape = Shape::OneOf(&["gamma", "weibull"]);

/// The distribution of this name.
pub(crate) fn gap_law(name: &str, cv: f64) -> GapLaw {
    if name == "gamma" { GapLaw::gamma(cv) } else { GapLaw::weibull(cv) }
}

pub(super) fn decode(reader: &TableReader<'_>, place: &Where<'_>) -> Option<Arrivals> {
    let (cv, gaps) = (reader.number("cv"), reader.word("gaps"));
    let pace = pace(reader, place);
    Some(Arrivals::Renewal { gaps: gap_law(gaps?, cv?), pace: pace? })
}
