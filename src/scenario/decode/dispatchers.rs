//! `[destination.dispatchers]`: several of them instead of one scheduler.

use super::super::diagnostics::Reporter;
use super::super::gateway::Gateway;
use super::super::reader::{Field, Shape, TableReader, TableSpec};
use super::super::resolved::{Dispatchers, HomeOf};
use super::super::tree::Node;
use super::ROOT;
use crate::time::Span;
use crate::units::{Quota, Rate};

pub(crate) static DISPATCHERS: TableSpec = TableSpec {
    title: "`[destination.dispatchers]`",
    doc: "Several dispatchers with a part of the quota and of the windows each, instead of one \
          scheduler: each knows of the messages that come to it alone.",
    fields: &[&[
        Field::required("count", Shape::Integer { least: 1, most: MOST }, "how many"),
        Field::with_default(
            "by",
            Shape::OneOf(&["message", "tenant"]),
            "\"message\"",
            "whether messages are scattered one by one, or all of a tenant come to one dispatcher, \
             drawn at random",
        ),
        Field::optional(
            "rebalance",
            Shape::Span,
            "how often the quota is divided anew, by the weights of those who wait at each; without \
             it everybody keeps an equal part",
        ),
    ]],
    kind: None,
};

/// The most dispatchers of one destination.
const MOST: u64 = 64;

/// The finest part that a rebalanced quota is divided into.
const FINEST: u64 = 10_000;

/// Reads the dispatchers of a destination with this quota and gateway, where those could be read.
pub(crate) fn dispatchers(
    reporter: &Reporter,
    node: &Node,
    quota: Option<Option<Quota>>,
    gateway: Option<&Gateway>,
) -> Option<Dispatchers> {
    let reader = TableReader::open(reporter, &ROOT, &DISPATCHERS, node)?;
    let count = reader.integer_u32("count");
    let by = reader.word("by").map(|by| match by {
        "tenant" => HomeOf::Tenant,
        _ => HomeOf::Message,
    });
    let rebalance = reader.positive_span("rebalance");
    let is_rebalanced = reader.has("rebalance");
    let mut is_well = true;
    if is_rebalanced && quota == Some(None) {
        let label = "the destination is unlimited";
        reader.reject("rebalance", "there is no quota to divide anew", label);
        is_well = false;
    }
    if let (Some(count), Some(gateway)) = (count, gateway) {
        let seats = u64::from(gateway.sessions) * u64::from(gateway.window);
        if u64::from(count) > seats {
            let label = format!("the gateway has {seats} seats in all: `sessions` times `window`");
            reader.reject("count", "a dispatcher would have no seat at the gateway", label);
            is_well = false;
        }
    }
    if let (Some(count), Some(Some(quota))) = (count, quota) {
        let parts = if is_rebalanced { FINEST } else { u64::from(count) };
        let per = quota.rate.per().as_nanoseconds().checked_mul(parts);
        let part =
            per.and_then(|per| Rate::new(quota.rate.segments(), Span::from_nanoseconds(per)));
        if part.is_none() {
            let label = "a part of it is less than any rate can be";
            reader.reject("count", "the quota is too slow to be divided", label);
            is_well = false;
        }
    }
    reader.finish();
    is_well.then_some(())?;
    Some(Dispatchers {
        count: count? as u16,
        by: by?,
        rebalance: if is_rebalanced { Some(rebalance?) } else { None },
    })
}
