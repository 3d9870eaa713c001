//! `[[destination]]` and the carrier behind it.

use super::super::diagnostics::Reporter;
use super::super::reader::{Field, Shape, TableReader, TableSpec};
use super::super::resolved::{Destination, Dispatchers};
use super::super::tree::{Node, Value};
use super::backpressure::{BACKPRESSURE, backpressure};
use super::dispatchers::{DISPATCHERS, dispatchers};
use super::gateway::{GATEWAY, gateway};
use super::names::Names;
use super::retry::{self, RETRY};
use super::values::{quota_rate, quoted, rate};
use super::{ROOT, default_table};
use crate::scheduler::Backpressure;
use crate::time::Span;
use crate::units::Quota;

pub(crate) static DESTINATION: TableSpec = TableSpec {
    title: "`[[destination]]`",
    doc: "A route to recipients, with our quota and the carrier behind it.",
    fields: &[&[
        Field::required("name", Shape::Name, "its name"),
        Field::required(
            "quota",
            Shape::Quota,
            "segments we may send, such as \"10/s\", or \"unlimited\"",
        ),
        Field::optional(
            "burst",
            Shape::Integer { least: 1, most: MOST_BURST },
            "segments that may go at once after a pause; 1 when not given",
        ),
        Field::optional(
            "admission",
            Shape::Span,
            "later submissions are refused while their queue would take longer than this to drain",
        ),
        Field::with_default(
            "response-timeout",
            Shape::Span,
            "\"60s\"",
            "how long to wait for a response",
        ),
        Field::with_default(
            "receipt-timeout",
            Shape::Span,
            "\"72h\"",
            "how long to wait for a receipt",
        ),
        Field::optional(
            "dispatchers",
            Shape::Table(&DISPATCHERS),
            "several dispatchers instead of one scheduler",
        ),
        Field::optional("gateway", Shape::Table(&GATEWAY), "the carrier's side"),
        Field::optional("retry", Shape::Table(&RETRY), "what happens after failures"),
        Field::optional(
            "backpressure",
            Shape::Table(&BACKPRESSURE),
            "how our side yields to a carrier that throttles or fails",
        ),
    ]],
    kind: None,
};

/// The largest burst: a second of the highest rate.
pub(crate) const MOST_BURST: u64 = 1_000_000_000;

/// Reads one destination and adds its name to `names`.
pub(crate) fn destination(
    reporter: &Reporter,
    names: &mut Names,
    begins: Span,
    node: &Node,
) -> Option<Destination> {
    let Some(reader) = TableReader::open(reporter, &ROOT, &DESTINATION, node) else {
        names.add(reporter, None);
        return None;
    };
    let name = reader.name("name");
    names.add(reporter, name.clone());
    let quota = quota(&reader, "quota", "burst", true);
    let admission = reader.positive_span("admission");
    let response_timeout = reader.positive_span("response-timeout");
    let receipt_timeout = reader.positive_span("receipt-timeout");
    let gateway = match reader.get("gateway") {
        Some(node) => gateway(reporter, begins, &node),
        None => gateway(reporter, begins, &default_table(node.mark)),
    };
    let retry = match reader.get("retry") {
        Some(node) => retry::retry(reporter, &node),
        None => retry::retry(reporter, &default_table(node.mark)),
    };
    let profile = retry.and_then(|(_, profile)| profile);
    let usual = profile.map_or(Backpressure::default(), |profile| profile.backpressure);
    let backpressure = match reader.get("backpressure") {
        Some(node) => backpressure(reporter, &node, usual),
        None => Some(usual),
    };
    if let (Some(None), Some(Backpressure { adaptive: Some(_), .. })) = (quota, backpressure) {
        let label = "give the destination a `quota`; it is the most that the rate climbs to";
        reader.reject("backpressure", "`adaptive` has no quota to lower", label);
    }
    let dispatchers = match reader.get("dispatchers") {
        Some(node) => dispatchers(reporter, &node, quota, gateway.as_ref()),
        None => Some(Dispatchers::ONE),
    };
    reader.finish();
    Some(Destination {
        name: name?.text,
        quota: quota?,
        admission,
        retry: retry?.0,
        backpressure: backpressure?,
        response_timeout: response_timeout?,
        receipt_timeout: receipt_timeout?,
        gateway: gateway?,
        dispatchers: dispatchers?,
    })
}

/// A rate and its burst. The outer `None` was reported, the inner one is "no limit".
pub(crate) fn quota(
    reader: &TableReader<'_>,
    rate_key: &'static str,
    burst_key: &'static str,
    may_be_unlimited: bool,
) -> Option<Option<Quota>> {
    let node = reader.get(rate_key);
    let burst_given = reader.has(burst_key);
    let burst = match reader.integer(burst_key) {
        Some(burst) => Some(burst),
        None => (!burst_given).then_some(1),
    };
    let unlimited = match node.as_deref() {
        None if may_be_unlimited => return None,
        None => true,
        Some(node) => {
            may_be_unlimited && matches!(&node.value, Value::Text(text) if text == "unlimited")
        }
    };
    if unlimited {
        if burst_given {
            let title = format!("`{burst_key}` has nothing to limit");
            let label = format!("give `{rate_key}` a rate such as \"10/s\", or remove this");
            reader.reject(burst_key, title, label);
            return None;
        }
        return Some(None);
    }
    let node = node.expect("a missing rate is unlimited or was reported");
    let read = if may_be_unlimited { quota_rate } else { rate };
    let rate = read(reader.reporter, &quoted(rate_key), &node)?;
    Some(Some(Quota { rate, burst: burst? }))
}
