//! The messages that a fault makes.

use super::super::super::fault::Recurrence;
use super::super::super::reader::TableReader;
use super::super::super::resolved::{Arrivals, CampaignNotice, Pace, SenderUse, Source};
use super::super::names::Names;
use super::super::traffic::in_words;
use super::Scope;
use super::times::When;
use crate::time::{Span, Time};
use crate::units::{ClassId, DestinationId, SenderId, TenantId};

/// Whom and what the messages are of.
#[derive(Clone, Copy)]
pub(super) struct Made {
    pub(super) tenant: Option<TenantId>,
    pub(super) class: ClassId,
    pub(super) segments: u32,
    pub(super) validity: Option<Span>,
}

/// Reads what the messages are.
pub(super) fn made(
    reader: &TableReader<'_>,
    tenant: Option<Option<TenantId>>,
    classes: &Names,
) -> Option<Made> {
    let class = classes.find_or_only(reader, "class");
    let segments = reader.integer_u32("segments");
    let validity = reader.positive_span("validity");
    let validity = if reader.has("validity") { validity.map(Some) } else { Some(None) };
    Some(Made {
        tenant: tenant?,
        class: ClassId(class? as u16),
        segments: segments?,
        validity: validity?,
    })
}

/// When they come, of which everybody in scope has as many.
pub(super) fn arrivals(
    reader: &TableReader<'_>,
    kind: &str,
    when: When,
    horizon: Option<Span>,
) -> Option<Arrivals> {
    let start = Time::ZERO.saturating_add(when.start);
    let end = Time::ZERO.saturating_add(horizon.unwrap_or_default());
    Some(match kind {
        "traffic-spike" => {
            // What recurs comes all the time, and counts while the fault is in force.
            let until = match when.recurrence {
                Recurrence::Once => start.saturating_add(when.duration).min(end),
                Recurrence::Every { .. } | Recurrence::Random { .. } => end,
            };
            let pace = Pace { rate: reader.rate("rate")?, from: start, until, curve: None };
            Arrivals::Poisson { pace }
        }
        "campaign" => {
            let messages = reader.integer("messages")?;
            if let Some(horizon) = horizon
                && start.saturating_add(when.duration) > end
            {
                let label = format!("arrivals end at {}", in_words(horizon));
                reader.reject("duration", "the campaign goes on after the arrivals end", label);
            }
            // The fault itself tells the detector, where it is announced.
            let notice = CampaignNotice::Unannounced;
            Arrivals::Campaign { at: start, messages, over: when.duration, notice }
        }
        "flash-crowd" => {
            let peak = reader.rate("peak");
            let (rise, half_life) = (reader.span("rise"), reader.positive_span("half-life"));
            Arrivals::FlashCrowd { at: start, peak: peak?, rise: rise?, half_life: half_life? }
        }
        other => unreachable!("`{other}` makes no messages"),
    })
}

/// Reads the keys of [`arrivals`] for the sake of what may be wrong with them.
pub(super) fn read(reader: &TableReader<'_>, kind: &str) {
    let nowhere = When { start: Span::ZERO, duration: Span::ZERO, recurrence: Recurrence::Once };
    let _ = arrivals(reader, kind, nowhere, None);
}

/// One source for each tenant in scope.
pub(super) fn sources(
    scope: Scope<'_>,
    destination: DestinationId,
    made: Made,
    arrivals: &Arrivals,
) -> Vec<Source> {
    let mut first = 0;
    let mut sources = Vec::new();
    for own in scope.senders.chunk_by(|a, b| a.tenant == b.tenant) {
        let tenant = own[0].tenant;
        if made.tenant.is_none_or(|only| only == tenant) {
            sources.push(Source {
                name: "fault".into(),
                tenant,
                destination,
                class: made.class,
                first_sender: SenderId(first),
                senders: own.len() as u32,
                sender_use: SenderUse::InTurn,
                segments: vec![(made.segments, 1)],
                validity: made.validity,
                send_window: None,
                arrivals: arrivals.clone(),
            });
        }
        first += own.len() as u32;
    }
    sources
}
