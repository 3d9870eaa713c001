//! Kind `poisson`.

use super::super::super::reader::{TableReader, TableSpec};
use super::super::super::resolved::Arrivals;
use super::pace::{CURVE, RATE, SPAN, pace};
use super::{COMMON, Where, kind_field};

pub(super) static POISSON: TableSpec = TableSpec {
    title: "`[[tenant.traffic]]` of kind poisson",
    doc: "Messages that arrive independently of each other.",
    fields: &[&[kind_field(&["poisson"])], RATE, SPAN, CURVE, COMMON],
    kind: Some("poisson"),
};

pub(super) fn decode(reader: &TableReader<'_>, place: &Where<'_>) -> Option<Arrivals> {
    Some(Arrivals::Poisson { pace: pace(reader, place)? })
}
