//! What became of each message of a run, in what it takes to compare runs.

use crate::event::{Event, Flow, Sink, What};
use crate::scenario::LoggedArrival;
use crate::scheduler::{Belief, Message, Record, Truth};
use crate::time::{Span, Time};
use crate::units::{
    CampaignId, ClassId, DestinationId, MessageId, Segments, SenderId, TenantId, mix,
};

/// What became of one message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fate {
    /// Whose.
    pub tenant: TenantId,
    /// Where to.
    pub destination: DestinationId,
    /// Of which class.
    pub class: ClassId,
    /// The number by which it is known in every run.
    pub key: u64,
    /// What it costs an attempt.
    pub segments: Segments,
    /// When it was submitted.
    pub submitted: Time,
    /// When it was first dispatched; [`Time::NEVER`] if it was not.
    pub first_dispatch: Time,
    /// When its first copy reached the handset; [`Time::NEVER`] if none did.
    pub delivered: Time,
    /// Copies that reached the handset.
    pub copies: u32,
    /// Attempts.
    pub attempts: u32,
    /// What the platform believes in the end.
    pub belief: Belief,
    /// The last thing that happened to it.
    pub last: Time,
    /// A hash of all that happened to it, and when.
    pub trace: u64,
    sender: SenderId,
    campaign: Option<CampaignId>,
    expires: Time,
}

impl Fate {
    /// What it is known by in every run.
    pub fn identity(&self) -> (TenantId, u64) {
        (self.tenant, self.key)
    }

    /// Whether any attempt was made.
    pub fn is_dispatched(&self) -> bool {
        self.first_dispatch < Time::NEVER
    }

    /// Whether a copy reached the handset.
    pub fn is_delivered(&self) -> bool {
        self.delivered < Time::NEVER
    }

    /// Whether it was not dispatched within `deadline`.
    pub fn is_late(&self, deadline: Span) -> bool {
        !self.is_dispatched() || self.first_dispatch.since(self.submitted) > deadline
    }

    /// Segments sent that brought nothing.
    pub fn wasted_segments(&self) -> i64 {
        let sent = self.segments.get() * u64::from(self.attempts);
        let useful = if self.is_delivered() { self.segments.get() } else { 0 };
        sent as i64 - useful as i64
    }
}

/// Collects the fates of all messages of a run: a sink. It keeps about 100 bytes a message.
#[derive(Clone, Debug, Default)]
pub struct Fates {
    /// By message number.
    fates: Vec<Option<Fate>>,
    /// Of the message that is being submitted.
    campaign: Option<(MessageId, CampaignId)>,
}

impl Fates {
    /// By what messages are known by in every run.
    pub(super) fn in_order(&self) -> Vec<&Fate> {
        let mut fates: Vec<&Fate> = self.fates.iter().flatten().collect();
        fates.sort_unstable_by_key(|fate| fate.identity());
        fates
    }

    /// Whether nothing is left to happen to any message.
    pub(super) fn are_over(&self) -> bool {
        self.fates.iter().flatten().all(|fate| !fate.belief.is_live())
    }

    /// All submissions, as recorded traffic that submits the same again.
    pub fn arrivals(&self) -> Vec<LoggedArrival> {
        let arrival = |fate: &Fate| LoggedArrival {
            time: fate.submitted,
            tenant: fate.tenant,
            sender: fate.sender,
            destination: fate.destination,
            class: fate.class,
            segments: fate.segments.0,
            validity: (fate.expires < Time::NEVER).then(|| fate.expires.since(fate.submitted)),
            campaign: fate.campaign,
            luck: None,
        };
        self.fates.iter().flatten().map(arrival).collect()
    }

    fn moved(&mut self, destination: DestinationId, record: &Record) -> &mut Fate {
        let Message { id, key, tenant, sender, class, segments, expires, .. } = record.message;
        let index = usize::try_from(id.0).expect("fewer messages than addresses");
        if self.fates.len() <= index {
            self.fates.resize(index + 1, None);
        }
        let campaign = self.campaign.filter(|(of, _)| *of == id).map(|(_, campaign)| campaign);
        let fate = self.fates[index].get_or_insert(Fate {
            tenant,
            destination,
            class,
            key,
            segments,
            submitted: record.submitted,
            first_dispatch: Time::NEVER,
            delivered: Time::NEVER,
            copies: 0,
            attempts: 0,
            belief: Belief::Queued,
            last: record.submitted,
            trace: 0,
            sender,
            campaign,
            expires,
        });
        fate.first_dispatch = record.first_dispatch;
        fate.attempts = record.attempts;
        fate
    }

    fn known(&mut self, id: MessageId) -> Option<&mut Fate> {
        self.fates.get_mut(usize::try_from(id.0).ok()?)?.as_mut()
    }
}

impl Fate {
    fn happened(&mut self, time: Time, what: [u64; 2]) {
        self.last = time;
        let with_time = mix(self.trace ^ time.as_nanoseconds());
        self.trace = mix(with_time ^ mix(what[0] << 32 | what[1]));
    }
}

impl Sink for Fates {
    fn record(&mut self, event: &Event) -> Flow {
        match event.what {
            What::Moved { record, to, why, code, .. } => {
                let destination = event.destination.expect("a message moves at a destination");
                let fate = self.moved(destination, &record);
                fate.belief = to;
                fate.happened(event.time, [why as u64, u64::from(code)]);
            }
            What::TruthMoved { message, attempt, to, .. } => {
                if let Some(fate) = self.known(message) {
                    if to == Truth::Delivered {
                        fate.delivered = fate.delivered.min(event.time);
                        fate.copies += 1;
                    }
                    fate.happened(event.time, [0x100 | to as u64, u64::from(attempt)]);
                }
            }
            What::LateAnswer { message, status, .. } => {
                if let Some(fate) = self.known(message) {
                    fate.happened(event.time, [0x200, u64::from(status.0)]);
                }
            }
            What::OfCampaign { message, campaign, .. } => self.campaign = Some((message, campaign)),
            What::Spilled { message, from, .. } => {
                if let Some(fate) = self.known(message) {
                    fate.sender = from;
                }
            }
            _ => {}
        }
        Flow::Continue
    }
}
