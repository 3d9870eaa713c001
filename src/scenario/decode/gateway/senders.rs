//! The carrier's limits on senders and recipients.

use super::super::super::clock::DAY;
use super::super::super::diagnostics::Reporter;
use super::super::super::gateway::{DailyLimit, LimitPer, RecipientQueue, SenderLimit};
use super::super::super::reader::{Field, Shape, TableReader, TableSpec};
use super::super::super::tree::Node;
use super::super::ROOT;
use super::super::destination::{MOST_BURST, quota};
use super::failure_status;
use crate::time::{Span, Time};

pub(super) static SENDER_LIMIT: TableSpec = TableSpec {
    title: "`[[destination.gateway.sender-limit]]`",
    doc: "What the carrier lets through of senders.",
    fields: &[&[
        Field::optional(
            "sender-class",
            Shape::Text,
            "for senders of tenants of this `sender-class`; for all when not given",
        ),
        Field::with_default(
            "per",
            Shape::OneOf(&["sender", "tenant", "class"]),
            "\"sender\"",
            "whether each number has its own, the numbers of a tenant share it, or all of the class",
        ),
        Field::optional("limit", Shape::Rate, "segments; beyond it attempts are throttled"),
        Field::optional(
            "burst",
            Shape::Integer { least: 1, most: MOST_BURST },
            "segments at once after a pause; 1 when not given",
        ),
        Field::optional("daily", Shape::Table(&DAILY), "segments of a day"),
    ]],
    kind: None,
};

static DAILY: TableSpec = TableSpec {
    title: "`daily`",
    doc: "What a carrier lets through in a day.",
    fields: &[&[
        Field::required(
            "segments",
            Shape::Integer { least: 1, most: 1_000_000_000_000 },
            "segments of a day",
        ),
        Field::with_default(
            "resets",
            Shape::TimeOfDay,
            "\"00:00\"",
            "the time of day at which a new day begins",
        ),
        Field::with_default("zone", Shape::Zone, "\"+00:00\"", "in this zone"),
        Field::with_default(
            "status",
            Shape::Text,
            "\"ESME_RX_P_APPN\"",
            "the SMPP status that the rest of the day is refused with",
        ),
    ]],
    kind: None,
};

pub(super) static RECIPIENT_QUEUE: TableSpec = TableSpec {
    title: "`recipient-queue`",
    doc: "How many undelivered messages the carrier keeps for one recipient.",
    fields: &[&[
        Field::required(
            "recipients",
            Shape::Integer { least: 1, most: 1_000_000_000_000 },
            "how many recipients there are, all alike",
        ),
        Field::required(
            "most",
            Shape::Integer { least: 1, most: 1_000_000 },
            "messages for each; beyond it attempts are refused with ESME_RMSGQFUL",
        ),
    ]],
    kind: None,
};

/// Reads a limit on senders, in a run that begins at `begins` of a UTC week.
pub(super) fn sender_limit(reporter: &Reporter, begins: Span, node: &Node) -> Option<SenderLimit> {
    let reader = TableReader::open(reporter, &ROOT, &SENDER_LIMIT, node)?;
    let class = reader.text("sender-class");
    let class_is_fine = class.is_some() || !reader.has("sender-class");
    let per = reader.word("per");
    let limit = quota(&reader, "limit", "burst", false);
    let daily = reader.get("daily").map(|node| daily(reporter, begins, &node));
    if !reader.has("limit") && !reader.has("daily") {
        let label = "give it a `limit`, a `daily` table, or both";
        reader.reporter.report(super::super::super::diagnostics::Problem::new(
            "the limit on senders limits nothing",
            reader.head,
            label,
        ));
    }
    reader.finish();
    Some(SenderLimit {
        sender_class: if class_is_fine { class.map(|class| class.text) } else { return None },
        per: match per? {
            "sender" => LimitPer::Sender,
            "tenant" => LimitPer::Tenant,
            _ => LimitPer::Class,
        },
        limit: limit?,
        daily: match daily {
            None => None,
            Some(daily) => Some(daily?),
        },
    })
}

fn daily(reporter: &Reporter, begins: Span, node: &Node) -> Option<DailyLimit> {
    let reader = TableReader::open(reporter, &ROOT, &DAILY, node)?;
    let segments = reader.integer("segments");
    let (resets, zone) = (reader.time_of_day("resets"), reader.zone("zone"));
    let status = failure_status(&reader, "status");
    reader.finish();
    let day = DAY.as_nanoseconds();
    let local = zone?.local(begins, Time::ZERO).as_nanoseconds() % day;
    let wait = (resets?.as_nanoseconds() + day - local) % day;
    Some(DailyLimit {
        segments: segments?,
        first_reset: Time::from_nanoseconds(if wait == 0 { day } else { wait }),
        status: status?,
    })
}

/// Reads how many messages the carrier keeps for a recipient.
pub(super) fn recipient_queue(reporter: &Reporter, node: &Node) -> Option<RecipientQueue> {
    let reader = TableReader::open(reporter, &ROOT, &RECIPIENT_QUEUE, node)?;
    let (recipients, most) = (reader.integer("recipients"), reader.integer_u32("most"));
    reader.finish();
    Some(RecipientQueue { recipients: recipients?, most: most? })
}
