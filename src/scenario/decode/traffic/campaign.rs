//! Kind `campaign`.

use super::super::super::reader::{Field, Shape, TableReader, TableSpec};
use super::super::super::resolved::{Arrivals, CampaignNotice};
use super::{COMMON, Where, in_words, kind_field};
use crate::time::Time;

pub(super) static CAMPAIGN: TableSpec = TableSpec {
    title: "`[[tenant.traffic]]` of kind campaign",
    doc: "A number of messages, all at once or evenly over a span.",
    fields: &[
        &[
            kind_field(&["campaign"]),
            Field::required("at", Shape::Span, "when the first message arrives"),
            Field::required(
                "messages",
                Shape::Integer { least: 1, most: 1_000_000_000 },
                "how many messages",
            ),
            Field::with_default("over", Shape::Span, "\"0s\"", "over how long; 0s for all at once"),
            Field::with_default(
                "announced",
                Shape::Boolean,
                "false",
                "true when the platform is told: the detector takes it for no spike",
            ),
        ],
        COMMON,
    ],
    kind: Some("campaign"),
};

pub(super) fn decode(reader: &TableReader<'_>, place: &Where<'_>) -> Option<Arrivals> {
    let at = reader.span("at");
    let messages = reader.integer("messages");
    let over = reader.span("over");
    let notice = reader.boolean("announced").map(|announced| {
        if announced { CampaignNotice::Announced } else { CampaignNotice::Unannounced }
    });
    if let (Some(at), Some(duration)) = (at, place.duration) {
        let label = format!("arrivals end at {}", in_words(duration));
        if at >= duration {
            reader.reject("at", "the campaign starts after the arrivals end", label);
        } else if over.is_some_and(|over| over > duration - at) {
            let label = format!("{label}, that is {} after `at`", in_words(duration - at));
            reader.reject("over", "the campaign goes on after the arrivals end", label);
        }
    }
    Some(Arrivals::Campaign {
        at: Time::ZERO + at?,
        messages: messages?,
        over: over?,
        notice: notice?,
    })
}
