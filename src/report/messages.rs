//! `messages.csv`: a row a message, which is also a message log that can be replayed.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use super::ReportError;
use crate::event::{Event, Flow, Sink, What};
use crate::scenario::Scenario;
use crate::scheduler::{Belief, Happening, Record, Truth};
use crate::time::Time;
use crate::units::{CampaignId, ClassId, DestinationId, MessageId, Segments, SenderId, TenantId};

/// The columns of `messages.csv`, in order.
pub const MESSAGE_COLUMNS: [&str; 16] = [
    "id",
    "tenant",
    "sender",
    "class",
    "destination",
    "segments",
    "recipient",
    "validity_s",
    "submitted_s",
    "first_dispatch_s",
    "attempts",
    "outcome",
    "delivered_s",
    "told_delivered_s",
    "luck",
    "campaign",
];

/// Collects one row a message while a run goes.
///
/// Rows come out in order of first dispatch, then those never dispatched in order of their numbers.
/// Simultaneous dispatches keep the order of their destination's events, destination by
/// destination, so that simulating destinations side by side changes no byte. Times are exact
/// decimals of whole nanoseconds. It keeps about 72 bytes a message.
#[derive(Clone, Debug)]
pub struct MessageTable {
    names: Names,
    /// By message number.
    rows: Vec<Option<Row>>,
    /// Messages in the order in which their first dispatch was reported.
    dispatched: Vec<MessageId>,
    /// Of the message that is being submitted.
    campaign: Option<(MessageId, CampaignId)>,
}

#[derive(Clone, Debug)]
struct Names {
    tenants: Vec<String>,
    senders: Vec<String>,
    classes: Vec<String>,
    destinations: Vec<String>,
    campaigns: Vec<String>,
}

#[derive(Clone, Copy, Debug)]
struct Row {
    tenant: TenantId,
    sender: SenderId,
    class: ClassId,
    destination: DestinationId,
    luck: u64,
    segments: Segments,
    attempts: u32,
    outcome: Belief,
    expires: Time,
    submitted: Time,
    /// [`Time::NEVER`] before.
    first_dispatch: Time,
    /// When the first copy reached the handset, in truth; [`Time::NEVER`] before.
    delivered: Time,
    /// When it did as its receipt told; [`Time::NEVER`] where none did.
    told_delivered: Time,
    campaign: Option<CampaignId>,
}

impl MessageTable {
    /// An empty table that takes its names from `scenario`.
    pub fn new(scenario: &Scenario) -> Self {
        let names = Names {
            tenants: scenario.tenants.iter().map(|tenant| tenant.name.clone()).collect(),
            senders: scenario.senders.iter().map(|sender| sender.name.clone()).collect(),
            classes: scenario.classes.iter().map(|class| class.name.clone()).collect(),
            destinations: scenario.destinations.iter().map(|place| place.name.clone()).collect(),
            campaigns: scenario.sources.iter().map(|source| source.name.clone()).collect(),
        };
        MessageTable { names, rows: Vec::new(), dispatched: Vec::new(), campaign: None }
    }

    /// How many messages there are.
    pub fn len(&self) -> usize {
        self.rows.iter().flatten().count()
    }

    /// Whether no message was submitted.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Writes `messages.csv` into `folder`.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn write(&self, folder: &Path) -> Result<(), ReportError> {
        let path = folder.join("messages.csv");
        let file = File::create(&path).map_err(|source| ReportError::io(&path, source))?;
        self.write_to(BufWriter::new(file)).map_err(|source| ReportError::Csv { path, source })
    }

    /// Writes the table as CSV.
    ///
    /// # Errors
    /// When `output` refuses.
    pub fn write_to(&self, output: impl std::io::Write) -> Result<(), csv::Error> {
        let mut writer = csv::Writer::from_writer(output);
        writer.write_record(MESSAGE_COLUMNS)?;
        for (id, row) in self.ordered() {
            writer.write_record(self.cells(id, row))?;
        }
        writer.flush()?;
        Ok(())
    }

    fn ordered(&self) -> impl Iterator<Item = (MessageId, &Row)> {
        let mut sent: Vec<(MessageId, &Row)> =
            self.dispatched.iter().filter_map(|id| Some((*id, self.row(*id)?))).collect();
        sent.sort_by_key(|(_, row)| (row.first_dispatch, row.destination));
        let all = self.rows.iter().enumerate();
        let never = all
            .filter_map(|(index, row)| Some((MessageId(index as u64), row.as_ref()?)))
            .filter(|(_, row)| row.first_dispatch == Time::NEVER);
        sent.into_iter().chain(never)
    }

    fn cells(&self, id: MessageId, row: &Row) -> [String; 16] {
        let validity = match row.expires {
            Time::NEVER => String::new(),
            expires => expires.since(row.submitted).to_string(),
        };
        [
            id.0.to_string(),
            self.names.tenants[row.tenant.index()].clone(),
            self.names.senders[row.sender.index()].clone(),
            self.names.classes[row.class.index()].clone(),
            self.names.destinations[row.destination.index()].clone(),
            row.segments.0.to_string(),
            String::new(),
            validity,
            row.submitted.to_string(),
            known(row.first_dispatch),
            row.attempts.to_string(),
            row.outcome.name().to_owned(),
            known(row.delivered),
            known(row.told_delivered),
            row.luck.to_string(),
            row.campaign.map_or_else(String::new, |id| self.names.campaigns[id.index()].clone()),
        ]
    }

    fn row(&self, id: MessageId) -> Option<&Row> {
        self.rows.get(usize::try_from(id.0).ok()?)?.as_ref()
    }

    fn moved(&mut self, destination: DestinationId, record: Record, to: Belief, why: Happening) {
        let message = record.message;
        let index = usize::try_from(message.id.0).expect("fewer messages than addresses");
        if self.rows.len() <= index {
            self.rows.resize(index + 1, None);
        }
        if why == Happening::Dispatched && record.attempts == 1 {
            self.dispatched.push(message.id);
        }
        let campaign = self.campaign.filter(|(id, _)| *id == message.id).map(|(_, name)| name);
        // Sender and class stay those that were submitted, whatever spilling and orders make of them.
        let row = self.rows[index].get_or_insert(Row {
            tenant: message.tenant,
            sender: message.sender,
            class: message.class,
            destination,
            luck: message.reference,
            segments: message.segments,
            attempts: 0,
            outcome: to,
            expires: message.expires,
            submitted: record.submitted,
            first_dispatch: Time::NEVER,
            delivered: Time::NEVER,
            told_delivered: Time::NEVER,
            campaign,
        });
        row.attempts = record.attempts;
        row.outcome = to;
        row.first_dispatch = record.first_dispatch;
    }

    fn spilled(&mut self, id: MessageId, from: SenderId) {
        let index = usize::try_from(id.0).ok();
        if let Some(Some(row)) = index.and_then(|index| self.rows.get_mut(index)) {
            row.sender = from;
        }
    }

    fn delivered(&mut self, id: MessageId, time: Time) {
        let index = usize::try_from(id.0).ok();
        if let Some(Some(row)) = index.and_then(|index| self.rows.get_mut(index)) {
            row.delivered = row.delivered.min(time);
        }
    }

    fn told(&mut self, id: MessageId, time: Time) {
        let index = usize::try_from(id.0).ok();
        if let Some(Some(row)) = index.and_then(|index| self.rows.get_mut(index)) {
            row.told_delivered = row.told_delivered.min(time);
        }
    }
}

impl Sink for MessageTable {
    fn record(&mut self, event: &Event) -> Flow {
        match event.what {
            What::Moved { record, to, why, .. } => {
                let destination = event.destination.expect("a message moves at a destination");
                self.moved(destination, record, to, why);
            }
            What::OfCampaign { message, campaign, .. } => self.campaign = Some((message, campaign)),
            What::Spilled { message, from, .. } => self.spilled(message, from),
            What::DeliveryTold { message, delivered, .. } => self.told(message, delivered),
            What::TruthMoved { message, to: Truth::Delivered, .. } => {
                self.delivered(message, event.time);
            }
            _ => {}
        }
        Flow::Continue
    }
}

fn known(time: Time) -> String {
    if time == Time::NEVER { String::new() } else { time.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheduler::Message;

    fn table() -> MessageTable {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        MessageTable {
            names: Names {
                tenants: names(&["bulk", "small, inc"]),
                senders: names(&["b1", "s1"]),
                classes: names(&["otp"]),
                destinations: names(&["east", "west"]),
                campaigns: names(&["offers"]),
            },
            rows: Vec::new(),
            dispatched: Vec::new(),
            campaign: None,
        }
    }

    fn moved(id: u64, at_ns: u64, place: u16, why: Happening, to: Belief, attempts: u32) -> Event {
        let dispatched = attempts > 0;
        let expires =
            if id == 1 { Time::from_nanoseconds(60_000_000_000 + id) } else { Time::NEVER };
        let message = Message {
            id: MessageId(id),
            key: id,
            reference: 0,
            tenant: TenantId(u32::from(id == 1)),
            sender: SenderId(u32::from(id == 1)),
            class: ClassId(0),
            segments: Segments(2),
            expires,
        };
        let first_dispatch = if dispatched { Time::from_nanoseconds(10 - id) } else { Time::NEVER };
        let record =
            Record { message, submitted: Time::from_nanoseconds(id), first_dispatch, attempts };
        Event {
            time: Time::from_nanoseconds(at_ns),
            destination: Some(DestinationId(place)),
            what: What::Moved { record, from: None, to, why, code: 0 },
        }
    }

    fn delivered(id: u64, at_ns: u64, attempt: u32) -> Event {
        let what = What::TruthMoved {
            message: MessageId(id),
            tenant: TenantId(0),
            attempt,
            from: Truth::AtCarrier,
            to: Truth::Delivered,
        };
        Event { time: Time::from_nanoseconds(at_ns), destination: Some(DestinationId(0)), what }
    }

    fn about(id: u64, what: What) -> Event {
        Event { time: Time::from_nanoseconds(id), destination: Some(DestinationId(0)), what }
    }

    fn of_campaign(id: u64) -> Event {
        let (message, campaign) = (MessageId(id), CampaignId(0));
        about(id, What::OfCampaign { message, tenant: TenantId(0), campaign })
    }

    fn told(id: u64, at_ns: u64) -> Event {
        let (message, delivered) = (MessageId(id), Time::from_nanoseconds(at_ns));
        about(id, What::DeliveryTold { message, tenant: TenantId(0), delivered })
    }

    fn spilled(id: u64, from: SenderId) -> Event {
        about(id, What::Spilled { message: MessageId(id), tenant: TenantId(0), from })
    }

    fn written(events: &[Event]) -> Vec<String> {
        let mut table = table();
        for event in events {
            assert_eq!(table.record(event), Flow::Continue);
        }
        let mut bytes = Vec::new();
        table.write_to(&mut bytes).expect("memory takes all");
        let text = String::from_utf8(bytes).expect("UTF-8");
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn rows_are_in_order_of_first_dispatch_and_exact() {
        use Belief as B;
        use Happening as H;
        let lines = written(&[
            of_campaign(0),
            moved(0, 0, 0, H::Submitted, B::Queued, 0),
            spilled(0, SenderId(1)),
            moved(1, 1, 0, H::Submitted, B::Queued, 0),
            moved(2, 2, 0, H::Submitted, B::Queued, 0),
            moved(3, 3, 0, H::QueueOverflow, B::Refused, 0),
            moved(1, 9, 0, H::Dispatched, B::InFlight, 1),
            moved(0, 10, 0, H::Dispatched, B::InFlight, 1),
            moved(0, 11, 0, H::AnsweredRetry, B::Parked, 1),
            moved(0, 12, 0, H::BackoffOver, B::Queued, 1),
            moved(0, 13, 0, H::Dispatched, B::InFlight, 2),
            delivered(1, 2_000_000_005, 1),
            delivered(1, 3_000_000_000, 2),
            moved(1, 20, 0, H::ReceiptDelivered, B::Delivered, 1),
            told(1, 2_000_000_000),
        ]);
        assert_eq!(
            lines,
            [
                "id,tenant,sender,class,destination,segments,recipient,validity_s,submitted_s,\
                 first_dispatch_s,attempts,outcome,delivered_s,\
                 told_delivered_s,luck,campaign",
                "1,\"small, inc\",s1,otp,east,2,,60.000000000,0.000000001,0.000000009,1,delivered,\
                 2.000000005,2.000000000,0,",
                "0,bulk,s1,otp,east,2,,,0.000000000,0.000000010,2,in_flight,,,0,offers",
                "2,bulk,b1,otp,east,2,,,0.000000002,,0,queued,,,0,",
                "3,bulk,b1,otp,east,2,,,0.000000003,,0,refused,,,0,",
            ]
        );
    }

    #[test]
    fn the_order_of_destinations_in_the_stream_changes_nothing() {
        use Belief as B;
        use Happening as H;
        let east = [
            moved(0, 0, 0, H::Submitted, B::Queued, 0),
            moved(0, 5, 0, H::Dispatched, B::InFlight, 1),
        ];
        let west = [
            moved(1, 1, 1, H::Submitted, B::Queued, 0),
            moved(1, 5, 1, H::Dispatched, B::InFlight, 1),
        ];
        let one = written(&[east[0], east[1], west[0], west[1]]);
        let other = written(&[west[0], west[1], east[0], east[1]]);
        assert_eq!(one, other);
        assert_eq!(one.len(), 3);
    }
}
