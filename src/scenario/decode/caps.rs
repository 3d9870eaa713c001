//! The caps of a tenant and of each of its senders.

use super::super::clock::DAY;
use super::super::reader::{Field, Shape, TableReader};
use super::destination::{MOST_BURST, quota};
use crate::scheduler::DailyCap;
use crate::time::{Span, Time};
use crate::units::Quota;

/// The keys of caps, for `[[tenant]]`.
pub(crate) const CAPS: &[Field] = &[
    Field::optional("cap", Shape::Rate, "segments that it may send over all its senders"),
    Field::optional(
        "cap-burst",
        BURST,
        "segments that it may send at once after a pause; 1 when not given",
    ),
    Field::optional("daily-cap", DAILY, "segments that it may send a day over all its senders"),
    Field::optional("sender-cap", Shape::Rate, "segments that each sender may send"),
    Field::optional(
        "sender-burst",
        BURST,
        "segments that a sender may send at once after a pause; 1 when not given",
    ),
    Field::optional("sender-daily-cap", DAILY, "segments that each sender may send a day"),
    Field::with_default(
        "daily-reset",
        Shape::TimeOfDay,
        "\"00:00\"",
        "the local time of day at which its days begin",
    ),
    Field::with_default(
        "daily-zone",
        Shape::Zone,
        "\"+00:00\"",
        "the zone of `daily-reset`, such as \"-08:00\"; it stays the same over the run",
    ),
];

const BURST: Shape = Shape::Integer { least: 1, most: MOST_BURST };
/// The most is a day of the highest rate.
const DAILY: Shape = Shape::Integer { least: 1, most: 86_400_000_000_000 };

/// What a tenant, or a sender, may send at each destination.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caps {
    pub(crate) rate: Option<Quota>,
    pub(crate) daily: Option<DailyCap>,
}

/// Reads the caps of a tenant and of each of its senders; the run begins at `begins` of a UTC week.
pub(crate) fn caps(reader: &TableReader<'_>, begins: Span) -> Option<(Caps, Caps)> {
    let rate = quota(reader, "cap", "cap-burst", false);
    let sender_rate = quota(reader, "sender-cap", "sender-burst", false);
    let reset = reader.time_of_day("daily-reset");
    let zone = reader.zone("daily-zone");
    let [daily, sender_daily] = ["daily-cap", "sender-daily-cap"].map(|key| {
        let segments = reader.integer(key);
        (segments.is_some() || !reader.has(key)).then_some(segments)
    });
    let (daily, sender_daily) = (daily?, sender_daily?);
    if daily.is_none() && sender_daily.is_none() {
        for key in ["daily-reset", "daily-zone"] {
            if reader.has(key) {
                let title = format!("`{key}` has nothing to reset");
                reader.reject(
                    key,
                    title,
                    "give a `daily-cap` or `sender-daily-cap`, or remove this",
                );
            }
        }
    }
    let local = zone?.local(begins, Time::ZERO).as_nanoseconds() % DAY.as_nanoseconds();
    let until = (reset?.as_nanoseconds() + DAY.as_nanoseconds() - local) % DAY.as_nanoseconds();
    let resets = Time::from_nanoseconds(until);
    let a_day = |segments: Option<u64>| segments.map(|segments| DailyCap { segments, resets });
    Some((
        Caps { rate: rate?, daily: a_day(daily) },
        Caps { rate: sender_rate?, daily: a_day(sender_daily) },
    ))
}
