//! The digest of a run: what "the same result" means.
//!
//! Each event becomes a record of 24 bytes in a frozen layout, little-endian:
//!
//! | bytes | what |
//! |---|---|
//! | 0–7 | time in nanoseconds |
//! | 8–15 | message number; where the lane yields, until when; weight in millionths or hash of a quota; or 0 |
//! | 16–19 | tenant, session, fault, action, failover, sender or account number, or a rate; at submission a hash of tenant, sender, class, segments and validity, where a receipt tells the time of delivery one of tenant and that time |
//! | 20 | kind of event |
//! | 21 | kind of move (high 4 bits: belief or truth before plus one, low 4: after; for an alert its kind and whether it begins) |
//! | 22–23 | 16 bits of detail: cause, status, attempt or severity |
//!
//! Each destination has a chain of its own, and the run as a whole has one; the chains are hashed
//! with XXH3-128 and combined in the order of the destinations' names. So simulating destinations
//! in another order, or side by side, cannot change the digest.

use std::fmt;

use xxhash_rust::xxh3::Xxh3;

use super::{Event, Flow, Sink, What};
use crate::detector::AlertChange;
use crate::scheduler::Message;
use crate::units::{DestinationId, Quota, mix};

/// Bytes of one record.
pub const RECORD_BYTES: usize = 24;

/// The digest of a run, written `v1:` and 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest(u128);

impl Digest {
    /// Reads a digest back from its written form.
    pub fn parse(text: &str) -> Option<Digest> {
        let digits = text.strip_prefix("v1:").filter(|digits| digits.len() == 32)?;
        u128::from_str_radix(digits, 16).ok().map(Digest)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v1:{:032x}", self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Hashes a run while it goes.
#[derive(Clone)]
pub struct DigestSink {
    chains: Vec<Chain>,
    whole: Chain,
    names: Vec<String>,
}

#[derive(Clone)]
struct Chain {
    hash: Xxh3,
    block: Box<[u8; BLOCK_BYTES]>,
    /// Bytes of the block in use.
    used: usize,
    records: u64,
}

/// Records hashed at once: the hash function is fastest on long inputs.
const BLOCK_BYTES: usize = RECORD_BYTES * 128;

impl DigestSink {
    /// A digest over the destinations of these names, in order of their numbers.
    pub fn new(destinations: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let names: Vec<String> = destinations.into_iter().map(Into::into).collect();
        DigestSink { chains: vec![Chain::new(); names.len()], whole: Chain::new(), names }
    }

    /// How many events were hashed.
    pub fn events(&self) -> u64 {
        self.chains.iter().map(|chain| chain.records).sum::<u64>() + self.whole.records
    }

    /// The digest of what was recorded so far.
    pub fn digest(&self) -> Digest {
        let mut order: Vec<usize> = (0..self.names.len()).collect();
        order.sort_by(|a, b| self.names[*a].cmp(&self.names[*b]));
        let mut combined = Xxh3::new();
        combined.update(&self.whole.finished().to_le_bytes());
        for index in order {
            combined.update(&(self.names[index].len() as u64).to_le_bytes());
            combined.update(self.names[index].as_bytes());
            combined.update(&self.chains[index].finished().to_le_bytes());
        }
        Digest(combined.digest128())
    }
}

impl Sink for DigestSink {
    fn record(&mut self, event: &Event) -> Flow {
        let chain = match event.destination {
            Some(DestinationId(index)) => &mut self.chains[usize::from(index)],
            None => &mut self.whole,
        };
        chain.push(words(event));
        Flow::Continue
    }
}

impl Chain {
    fn new() -> Self {
        Chain { hash: Xxh3::new(), block: Box::new([0; BLOCK_BYTES]), used: 0, records: 0 }
    }

    #[inline]
    fn push(&mut self, words: [u64; 3]) {
        let place = &mut self.block[self.used..self.used + RECORD_BYTES];
        for (bytes, word) in place.chunks_exact_mut(8).zip(words) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        self.used += RECORD_BYTES;
        self.records += 1;
        if self.used == BLOCK_BYTES {
            self.hash.update(&self.block[..]);
            self.used = 0;
        }
    }

    fn finished(&self) -> u128 {
        let mut hash = self.hash.clone();
        hash.update(&self.block[..self.used]);
        hash.update(&self.records.to_le_bytes());
        hash.digest128()
    }
}

/// The frozen record of an event.
pub fn encode(event: &Event) -> [u8; RECORD_BYTES] {
    let mut record = [0; RECORD_BYTES];
    for (bytes, word) in record.chunks_exact_mut(8).zip(words(event)) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    record
}

/// The record as the three numbers that its bytes are, little-endian. A record that is written in
/// smaller pieces and read in larger ones makes the processor wait for each: half of the cost of hashing.
#[inline]
fn words(event: &Event) -> [u64; 3] {
    let (kind, message, entity, moved, detail): (u8, u64, u32, u8, u16) = match &event.what {
        &What::Moved { ref record, from, to, why, code } => {
            let before = from.map_or(0, |belief| belief as u8 + 1);
            // The cause takes five bits; statuses and receipt states need eleven at most in SMPP 3.4,
            // vendor codes above that are folded.
            let code = (code ^ (code >> 11)) & 0x7ff;
            let detail = (why as u16) << 11 | code as u16;
            let entity = match from {
                None => submission(&record.message),
                Some(_) => record.message.tenant.0,
            };
            (1, record.message.id.0, entity, (before << 4) | to as u8, detail)
        }
        &What::LateAnswer { message, tenant, status } => {
            (2, message.0, tenant.0, 0, (status.0 ^ (status.0 >> 16)) as u16)
        }
        &What::TruthMoved { message, tenant, attempt, from, to } => {
            (3, message.0, tenant.0, (from as u8) << 4 | to as u8, attempt as u16)
        }
        &What::SessionUp(session) => (4, 0, u32::from(session.0), 0, 0),
        &What::SessionDown(session) => (5, 0, u32::from(session.0), 0, 0),
        &What::FaultBegan(fault) => (6, 0, fault, 0, 0),
        &What::FaultEnded(fault) => (7, 0, fault, 0, 0),
        What::Alert(alert) => {
            let change = u8::from(alert.change == AlertChange::Cleared) << 4;
            (8, 0, alert.account.tenant.0, change | alert.kind as u8, alert.severity as u16)
        }
        What::ArrivalsOver => (9, 0, 0, 0, 0),
        What::RunOver => (10, 0, 0, 0, 0),
        &What::ActionTaken(action) => (11, 0, action, 0, 0),
        &What::Spilled { message, from, .. } => (12, message.0, from.0, 0, 0),
        &What::Yielded { permille, held_until } => {
            (13, held_until.as_nanoseconds(), permille, 0, 0)
        }
        &What::WeightChanged { tenant, weight } => (14, weight.millionths(), tenant.0, 0, 0),
        &What::QuotaChanged(quota) => (15, quota.map_or(0, quota_hash), 0, 0, 0),
        &What::OfCampaign { message, campaign, .. } => (17, message.0, campaign.0, 0, 0),
        &What::DeliveryTold { message, tenant, delivered } => {
            let told = mix(mix(u64::from(tenant.0)) ^ delivered.as_nanoseconds());
            (18, message.0, told as u32, 0, 0)
        }
        &What::Rerouted { failover, to } => (16, 0, failover, 0, to.0),
    };
    let last = u64::from(entity)
        | u64::from(kind) << 32
        | u64::from(moved) << 40
        | u64::from(detail) << 48;
    [event.time.as_nanoseconds(), message, last]
}

fn quota_hash(quota: Quota) -> u64 {
    let per = quota.rate.per().as_nanoseconds();
    mix(mix(mix(quota.rate.segments()) ^ per) ^ quota.burst)
}

/// What a message is, hashed: two runs that differ in it differ, although nobody may have waited longer.
fn submission(message: &Message) -> u32 {
    let parts = [
        u64::from(message.tenant.0) << 32 | u64::from(message.sender.0),
        u64::from(message.class.0) << 32 | u64::from(message.segments.0),
        message.expires.as_nanoseconds(),
    ];
    parts.into_iter().fold(0, |hash, part| mix(hash ^ part)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detector::{Account, AlertEvent, AlertKind, Scores, Severity};
    use crate::scheduler::{Belief, Happening, Record};
    use crate::time::Time;
    use crate::units::{ClassId, MessageId, Segments, SenderId, SessionId, TenantId};

    fn event(nanoseconds: u64, destination: u16) -> Event {
        Event {
            time: Time::from_nanoseconds(nanoseconds),
            destination: Some(DestinationId(destination)),
            what: What::SessionUp(SessionId(1)),
        }
    }

    fn digest_of(events: &[Event]) -> Digest {
        let mut sink = DigestSink::new(["a", "b"]);
        for event in events {
            assert_eq!(sink.record(event), Flow::Continue);
        }
        sink.digest()
    }

    #[test]
    fn the_order_inside_a_destination_counts_and_between_destinations_does_not() {
        let same = digest_of(&[event(1, 0), event(2, 1), event(3, 0)]);
        assert_eq!(digest_of(&[event(2, 1), event(1, 0), event(3, 0)]), same);
        assert_ne!(digest_of(&[event(3, 0), event(2, 1), event(1, 0)]), same);
        assert_ne!(digest_of(&[event(1, 0), event(2, 1)]), same);
    }

    #[test]
    fn the_written_form_reads_back() {
        let digest = digest_of(&[event(1, 0)]);
        assert_eq!(Digest::parse(&digest.to_string()), Some(digest));
        assert_eq!(Digest::parse("v2:00"), None);
    }

    #[test]
    fn everything_that_a_message_is_counts() {
        let message = Message {
            id: MessageId(7),
            key: 1,
            reference: 1,
            tenant: TenantId(1),
            sender: SenderId(2),
            class: ClassId(0),
            segments: Segments(1),
            expires: Time::NEVER,
        };
        let submitted = |message| {
            let record =
                Record { message, submitted: Time::ZERO, first_dispatch: Time::NEVER, attempts: 0 };
            let what = What::Moved {
                record,
                from: None,
                to: Belief::Queued,
                why: Happening::Submitted,
                code: 0,
            };
            digest_of(&[Event { time: Time::ZERO, destination: Some(DestinationId(0)), what }])
        };
        let same = submitted(message);
        for other in [
            Message { id: MessageId(8), ..message },
            Message { tenant: TenantId(2), ..message },
            Message { sender: SenderId(3), ..message },
            Message { class: ClassId(1), ..message },
            Message { segments: Segments(2), ..message },
            Message { expires: Time::from_seconds(5), ..message },
        ] {
            assert_ne!(submitted(other), same, "{other:?}");
        }
    }

    #[test]
    fn an_alert_that_ends_is_not_one_that_begins() {
        let alert = |change| {
            let account = Account { tenant: TenantId(1), destination: DestinationId(0) };
            let alert = AlertEvent {
                account,
                kind: AlertKind::Failure,
                severity: Severity::High,
                change,
                scores: Scores::default(),
                since: Time::ZERO,
                explanation: crate::detector::Explanation::default(),
            };
            let what = What::Alert(alert);
            digest_of(&[Event { time: Time::ZERO, destination: Some(DestinationId(0)), what }])
        };
        assert_ne!(alert(AlertChange::Raised), alert(AlertChange::Cleared));
    }

    #[test]
    fn a_long_run_crosses_blocks_without_losing_a_record() {
        let events: Vec<Event> = (0..1000).map(|i| event(i, 0)).collect();
        let whole = digest_of(&events);
        for missing in [0, 127, 128, 500, 999] {
            let mut fewer = events.clone();
            fewer.remove(missing);
            assert_ne!(digest_of(&fewer), whole, "record {missing} did not count");
        }
    }
}
