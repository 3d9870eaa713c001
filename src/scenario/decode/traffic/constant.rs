//! Kind `constant`.

use super::super::super::reader::{Field, Shape, TableReader, TableSpec};
use super::super::super::resolved::Arrivals;
use super::pace::{CURVE, RATE, SPAN, pace};
use super::{COMMON, Where, kind_field};

pub(super) static CONSTANT: TableSpec = TableSpec {
    title: "`[[tenant.traffic]]` of kind constant",
    doc: "Messages at equal gaps.",
    fields: &[
        &[
            kind_field(&["constant"]),
            Field::with_default(
                "staggered",
                Shape::Boolean,
                "true",
                "whether the first comes at a random part of the first gap, and not at once",
            ),
        ],
        RATE,
        SPAN,
        CURVE,
        COMMON,
    ],
    kind: Some("constant"),
};

pub(super) fn decode(reader: &TableReader<'_>, place: &Where<'_>) -> Option<Arrivals> {
    let staggered = reader.boolean("staggered");
    Some(Arrivals::Constant { pace: pace(reader, place)?, staggered: staggered? })
}
