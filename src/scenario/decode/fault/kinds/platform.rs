//! What changes on the platform's own side.

use super::super::super::super::reader::{Field, Shape, TableSpec};
use super::super::super::destination::MOST_BURST;
use super::{COMMON, PLACE, kind};

const WHO: Field = Field::required("tenant", Shape::Name, "which tenant");

const LASTS: Field =
    Field::optional("duration", Shape::Span, "for how long; for good when not given");

pub(super) static TENANT_JOINS: TableSpec = TableSpec {
    title: "`[[fault]]` of kind tenant-joins",
    doc: "A tenant begins to use the destination: what its traffic would send before is not sent.",
    fields: &[&[kind(&["tenant-joins"]), WHO], PLACE],
    kind: Some("tenant-joins"),
};

pub(super) static TENANT_LEAVES: TableSpec = TableSpec {
    title: "`[[fault]]` of kind tenant-leaves",
    doc: "A tenant stops using the destination: what waits of it is withdrawn, what would come is not sent.",
    fields: &[&[kind(&["tenant-leaves"]), WHO, LASTS], PLACE],
    kind: Some("tenant-leaves"),
};

pub(super) static WEIGHT_CHANGE: TableSpec = TableSpec {
    title: "`[[fault]]` of kind weight-change",
    doc: "A tenant's weight at the destination is another, for what waits as well as for what comes.",
    fields: &[
        &[
            kind(&["weight-change"]),
            WHO,
            Field::required("weight", Shape::Weight, "its weight meanwhile"),
            LASTS,
        ],
        PLACE,
    ],
    kind: Some("weight-change"),
};

pub(super) static QUOTA_CHANGE: TableSpec = TableSpec {
    title: "`[[fault]]` of kind quota-change",
    doc: "Our quota is another; what was sent ahead of the old one stays owed.",
    fields: &[
        &[
            kind(&["quota-change"]),
            Field::required(
                "quota",
                Shape::Rate,
                "segments we may send meanwhile, such as \"10/s\"",
            ),
            Field::optional(
                "burst",
                Shape::Integer { least: 1, most: MOST_BURST },
                "segments that may go at once after a pause; 1 when not given",
            ),
            LASTS,
        ],
        PLACE,
    ],
    kind: Some("quota-change"),
};

pub(super) static SCHEDULER_RESTART: TableSpec = TableSpec {
    title: "`[[fault]]` of kind scheduler-restart",
    doc: "The platform's process dies and loses what it holds in memory; it dispatches again at the end.",
    fields: &[&[kind(&["scheduler-restart"])], COMMON],
    kind: Some("scheduler-restart"),
};
