//! The sink that follows the subject of an explanation.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::board::{Board, Joining, Sample, Waits};
use super::{Cause, Seen, Subject, add};
use crate::event::{Event, Flow, Sink, What};
use crate::scenario::Scenario;
use crate::scheduler::{Belief, Next, Record};
use crate::time::Time;
use crate::units::{ClassId, DestinationId, MessageId, TenantId};

/// Messages and segments of some tenants.
pub type Passed = BTreeMap<TenantId, (u64, u64)>;

/// One stay of a message in its queue: until it is dispatched, or leaves it otherwise.
#[derive(Clone, Debug)]
pub struct Stay {
    /// When it joined the queue.
    pub from: Time,
    /// When it left; the end of the run where it never did.
    pub until: Time,
    /// Who was waiting at the destination when it came, itself left out.
    pub waiting: Passed,
    /// Messages before it in its own queue.
    pub ahead: u64,
    /// Who was sent while it waited.
    pub went_first: Passed,
    /// Why it waited.
    pub waits: Waits,
    /// Scores while it waited, where the policy has any.
    pub samples: Vec<Sample>,
}

/// The life of one message.
#[derive(Clone, Debug)]
pub struct Story {
    /// The message as it was last seen.
    pub record: Record,
    /// Where to.
    pub destination: DestinationId,
    /// All that happened to it, in order.
    pub events: Vec<Event>,
    /// Its stays in its queue, in order: one an attempt.
    pub stays: Vec<Stay>,
    /// Sessions that went down or up at its destination while it was alive.
    pub sessions: Vec<Event>,
    /// When the run ended.
    pub ended: Time,
}

/// One of the messages that waited longest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorstMessage {
    /// Which.
    pub message: MessageId,
    /// Of which class.
    pub class: ClassId,
    /// When it was submitted.
    pub submitted: Time,
    /// When it was first dispatched; `None` if it never was.
    pub first_dispatch: Option<Time>,
    /// When it gave up waiting or the run ended, if it never was dispatched; otherwise that dispatch.
    pub waited_until: Time,
}

/// Where the waiting time of some tenants went.
#[derive(Clone, Debug, Default)]
pub struct TenantStory {
    /// Messages submitted.
    pub messages: u64,
    /// Their waiting by cause, all messages and all stays together.
    pub waits: Waits,
    /// The messages that waited longest for their first dispatch, longest first.
    pub worst: Vec<WorstMessage>,
}

/// How many of the worst messages are kept.
const MOST_WORST: usize = 8;

/// Follows the subject.
pub(super) struct Focus {
    subject: Subject,
    watched: Vec<bool>,
    boards: Vec<Rc<RefCell<Board>>>,
    /// By destination: who waits there.
    waiting: Vec<Passed>,
    /// By destination: sessions that are up.
    up: Vec<u16>,
    story: Option<Box<Story>>,
    /// Messages of watched tenants that were never dispatched so far.
    undispatched: BTreeMap<MessageId, (ClassId, Time)>,
    /// Since when messages wait for their next attempt.
    parked: BTreeMap<MessageId, Time>,
    backoff_ns: u128,
    messages: u64,
    worst: Vec<WorstMessage>,
}

impl Focus {
    pub(super) fn new(
        scenario: &Scenario,
        subject: Subject,
        boards: Vec<Rc<RefCell<Board>>>,
    ) -> Self {
        let mut watched = vec![false; scenario.tenants.len()];
        if let Subject::Tenants(tenants) = &subject {
            tenants.iter().for_each(|tenant| watched[tenant.index()] = true);
        }
        let places = boards.len();
        Focus {
            subject,
            watched,
            boards,
            waiting: vec![Passed::new(); places],
            up: vec![0; places],
            story: None,
            undispatched: BTreeMap::new(),
            parked: BTreeMap::new(),
            backoff_ns: 0,
            messages: 0,
            worst: Vec::new(),
        }
    }

    pub(super) fn finish(mut self, ended: Time) -> Seen {
        for board in &self.boards {
            board.borrow_mut().account(ended);
        }
        for (_, since) in std::mem::take(&mut self.parked) {
            self.backoff_ns += u128::from(ended.since(since).as_nanoseconds());
        }
        if let Subject::Message(_) = self.subject {
            self.leave(ended);
            let story = self.story.map(|mut story| {
                story.ended = ended;
                story
            });
            return Seen::Message(story);
        }
        let mut waits = Waits::new();
        for board in &self.boards {
            for (cause, ns) in &board.borrow().waits {
                *waits.entry(*cause).or_default() += ns;
            }
        }
        if self.backoff_ns > 0 {
            waits.insert(Cause::Backoff, self.backoff_ns);
        }
        for (message, (class, submitted)) in std::mem::take(&mut self.undispatched) {
            let first_dispatch = None;
            let waited_until = ended;
            self.consider(WorstMessage { message, class, submitted, first_dispatch, waited_until });
        }
        Seen::Tenants(TenantStory { messages: self.messages, waits, worst: self.worst })
    }

    /// The watched message leaves its queue, if it is in it.
    fn leave(&mut self, now: Time) {
        let Some(story) = &mut self.story else { return };
        let Some(stay) = story.stays.last_mut().filter(|stay| stay.until == Time::NEVER) else {
            return;
        };
        let mut board = self.boards[story.destination.index()].borrow_mut();
        board.account(now);
        stay.until = now;
        stay.ahead = board.ahead;
        (stay.waits, stay.samples) = board.take_stay();
    }

    fn consider(&mut self, message: WorstMessage) {
        let waited = |one: &WorstMessage| one.waited_until.since(one.submitted);
        let place = self.worst.partition_point(|other| waited(other) >= waited(&message));
        if place < MOST_WORST {
            self.worst.insert(place, message);
            self.worst.truncate(MOST_WORST);
        }
    }

    fn moved(&mut self, event: &Event, place: DestinationId, record: &Record, to: Belief) {
        let What::Moved { from, .. } = event.what else { return };
        let message = record.message;
        let segments = message.segments.get();
        let is_it = self.subject == Subject::Message(message.id);
        let index = place.index();
        if from == Some(Belief::Queued) {
            let waiting = self.waiting[index].entry(message.tenant).or_default();
            waiting.0 -= 1;
            waiting.1 -= segments;
            if *waiting == (0, 0) {
                self.waiting[index].remove(&message.tenant);
            }
        }
        if to == Belief::InFlight
            && !is_it
            && let Some(story) = &mut self.story
            && story.destination == place
            && let Some(stay) = story.stays.last_mut().filter(|stay| stay.until == Time::NEVER)
        {
            add(&mut stay.went_first, message.tenant, segments);
        }
        if is_it {
            self.follow(event, place, record, from, to);
        }
        if self.watched[message.tenant.index()] {
            self.count(event.time, record, from, to);
        }
        if to == Belief::Queued {
            add(&mut self.waiting[index], message.tenant, segments);
            self.boards[index].borrow_mut().expect(Joining {
                message: message.id,
                tenant: message.tenant,
                sender: message.sender,
            });
        }
    }

    /// The watched message moved.
    fn follow(
        &mut self,
        event: &Event,
        place: DestinationId,
        record: &Record,
        from: Option<Belief>,
        to: Belief,
    ) {
        if from == Some(Belief::Queued) {
            self.leave(event.time);
        }
        let story = self.story.get_or_insert_with(|| {
            Box::new(Story {
                record: *record,
                destination: place,
                events: Vec::new(),
                stays: Vec::new(),
                sessions: Vec::new(),
                ended: Time::NEVER,
            })
        });
        story.record = *record;
        story.events.push(*event);
        if to == Belief::Queued {
            story.stays.push(Stay {
                from: event.time,
                until: Time::NEVER,
                waiting: self.waiting[place.index()].clone(),
                ahead: 0,
                went_first: Passed::new(),
                waits: Waits::new(),
                samples: Vec::new(),
            });
        }
    }

    /// A message of a watched tenant moved.
    fn count(&mut self, now: Time, record: &Record, from: Option<Belief>, to: Belief) {
        let id = record.message.id;
        if from.is_none() {
            self.messages += 1;
            if to == Belief::Queued {
                self.undispatched.insert(id, (record.message.class, now));
            }
        }
        match to {
            Belief::InFlight if record.attempts == 1 => {
                self.undispatched.remove(&id);
                self.consider(WorstMessage {
                    message: id,
                    class: record.message.class,
                    submitted: record.submitted,
                    first_dispatch: Some(now),
                    waited_until: now,
                });
            }
            Belief::Expired | Belief::Cancelled => {
                if let Some((class, submitted)) = self.undispatched.remove(&id) {
                    self.consider(WorstMessage {
                        message: id,
                        class,
                        submitted,
                        first_dispatch: None,
                        waited_until: now,
                    });
                }
            }
            _ => {}
        }
        if let Some(since) = self.parked.remove(&id) {
            self.backoff_ns += u128::from(now.since(since).as_nanoseconds());
        }
        if to == Belief::Parked {
            self.parked.insert(id, now);
        }
    }
}

impl Sink for Focus {
    fn record(&mut self, event: &Event) -> Flow {
        let Some(place) = event.destination else { return Flow::Continue };
        match &event.what {
            What::Moved { record, to, .. } => self.moved(event, place, record, *to),
            What::TruthMoved { message, .. }
            | What::LateAnswer { message, .. }
            | What::DeliveryTold { message, .. } => {
                if self.subject == Subject::Message(*message)
                    && let Some(story) = &mut self.story
                {
                    story.events.push(*event);
                }
            }
            What::SessionUp(_) | What::SessionDown(_) => {
                match event.what {
                    What::SessionUp(_) => self.up[place.index()] += 1,
                    _ => self.up[place.index()] -= 1,
                }
                if let Some(story) = &mut self.story
                    && story.destination == place
                    && story.stays.last().is_some_and(|stay| stay.until == Time::NEVER)
                {
                    story.sessions.push(*event);
                }
            }
            _ => {}
        }
        Flow::Continue
    }

    fn asked(&mut self, now: Time, destination: DestinationId, next: &Next) {
        let is_reachable = self.up[destination.index()] > 0;
        self.boards[destination.index()].borrow_mut().asked(now, next, is_reachable);
    }
}
