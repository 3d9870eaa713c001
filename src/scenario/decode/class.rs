//! `[[class]]` and `[[tenant-set]]`.

use super::super::diagnostics::Reporter;
use super::super::reader::{Field, Shape, TableReader, TableSpec};
use super::super::resolved::{Class, TenantSet};
use super::super::tree::Node;
use super::ROOT;
use super::bounds::{BOUNDS, bounds};
use super::names::Names;
use crate::scheduler::ShareBounds;
use crate::units::Weight;

pub(crate) static CLASS: TableSpec = TableSpec {
    title: "`[[class]]`",
    doc: "A class of service.",
    fields: &[
        &[
            Field::required("name", Shape::Name, "its name"),
            Field::with_default(
                "weight",
                Shape::Weight,
                "1",
                "its weight among the classes of one tenant",
            ),
            Field::optional("deadline", Shape::Span, "how long a message of this class may wait"),
        ],
        BOUNDS,
    ],
    kind: None,
};

pub(crate) static TENANT_SET: TableSpec = TableSpec {
    title: "`[[tenant-set]]`",
    doc: "An organisation or plan tier.",
    fields: &[
        &[
            Field::required("name", Shape::Name, "its name"),
            Field::with_default("weight", Shape::Weight, "1", "its weight among the sets"),
        ],
        BOUNDS,
    ],
    kind: None,
};

/// The class of a scenario that declares none.
pub(crate) fn only_class() -> Class {
    Class { name: "notification".into(), weight: Weight::ONE, deadline: None }
}

/// Reads one class and adds its name to `names`.
pub(crate) fn class(
    reporter: &Reporter,
    names: &mut Names,
    node: &Node,
) -> Option<(Class, ShareBounds)> {
    let Some(reader) = TableReader::open(reporter, &ROOT, &CLASS, node) else {
        names.add(reporter, None);
        return None;
    };
    let name = reader.name("name");
    names.add(reporter, name.clone());
    let weight = reader.weight("weight");
    let deadline = reader.positive_span("deadline");
    let bounds = bounds(&reader);
    reader.finish();
    Some((Class { name: name?.text, weight: weight?, deadline }, bounds?))
}

/// Reads one tenant set and adds its name to `names`.
pub(crate) fn tenant_set(
    reporter: &Reporter,
    names: &mut Names,
    node: &Node,
) -> Option<(TenantSet, ShareBounds)> {
    let Some(reader) = TableReader::open(reporter, &ROOT, &TENANT_SET, node) else {
        names.add(reporter, None);
        return None;
    };
    let name = reader.name("name");
    names.add(reporter, name.clone());
    let weight = reader.weight("weight");
    let bounds = bounds(&reader);
    reader.finish();
    Some((TenantSet { name: name?.text, weight: weight? }, bounds?))
}
