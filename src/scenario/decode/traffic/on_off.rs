//! Kind `on-off`.

use super::super::super::reader::{Field, TableReader, TableSpec};
use super::super::super::resolved::Arrivals;
use super::super::latency::{LATENCY, latency};
use super::pace::{RATE, SPAN, steady_pace};
use super::{COMMON, Where, kind_field};

pub(super) static ON_OFF: TableSpec = TableSpec {
    title: "`[[tenant.traffic]]` of kind on-off",
    doc: "A Poisson stream that is switched on and off; its rate is that while it is on.",
    fields: &[
        &[
            kind_field(&["on-off"]),
            Field::required("on", LATENCY, "how long it stays on: a span or a distribution"),
            Field::required("off", LATENCY, "how long it stays off: a span or a distribution"),
        ],
        RATE,
        SPAN,
        COMMON,
    ],
    kind: Some("on-off"),
};

pub(super) fn decode(reader: &TableReader<'_>, place: &Where<'_>) -> Option<Arrivals> {
    let [on, off] = ["on", "off"].map(|key| {
        let read = latency(reader.reporter, &format!("`{key}`"), &*reader.get(key)?)?;
        if read.mean_s() == 0.0 {
            reader.reject(key, format!("`{key}` is zero"), "it must last some time");
            return None;
        }
        Some(read)
    });
    let pace = steady_pace(reader, place);
    Some(Arrivals::OnOff { pace: pace?, on: on?, off: off? })
}
