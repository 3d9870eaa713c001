//! What is known of one destination's queues while it is watched, and the policy that tells of it.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::Subject;
use crate::scenario::Scenario;
use crate::scheduler::{
    Entropy, Entry, Hop, Ineligible, Next, NodeBounds, NodeId, Pick, Policy, Reshape, Standing,
    Verdict,
};
use crate::time::{Span, Time};
use crate::units::{MessageId, QueueId, Segments, SenderId, TenantId};

/// Why a message waits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Cause {
    /// Its turn has come, and the quota is used up for the moment.
    Quota,
    /// Other messages of its own tenant are first.
    OwnBacklog,
    /// Messages of this tenant are first.
    Other(TenantId),
    /// The policy lets nobody go for the moment.
    Policy,
    /// All seats of all sessions are taken.
    Window,
    /// No session is up.
    Carrier,
    /// Its sender's cap holds it back.
    Cap,
    /// Its tenant or sender is held back by something other than a cap.
    Pause,
    /// It was refused or not answered, and waits for its next attempt.
    Backoff,
}

/// How long something waited, by cause, in nanoseconds: of many messages together it can be longer than
/// any span.
pub type Waits = BTreeMap<Cause, u128>;

/// Where a waiting message's queue stood at a choice, and where the queue stood that was chosen.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Sample {
    /// When.
    pub time: Time,
    /// The queue of the message.
    pub own: Standing,
    /// The queue that was chosen, where it is another.
    pub chosen: Option<Standing>,
    /// Whose queue was chosen.
    pub chosen_tenant: TenantId,
}

/// More samples than this are thinned out.
const MOST_SAMPLES: usize = 48;

/// A message that was just moved into its queue.
#[derive(Clone, Copy)]
pub(super) struct Joining {
    pub(super) message: MessageId,
    pub(super) tenant: TenantId,
    pub(super) sender: SenderId,
}

/// One destination.
pub(super) struct Board {
    /// By tenant: whether its waiting is to be explained.
    watched: Vec<bool>,
    message: Option<MessageId>,
    /// By sender: whether it has a cap.
    capped: Vec<bool>,
    queues: Vec<QueueSeen>,
    /// Queues of watched tenants that have something waiting.
    busy: BTreeSet<QueueId>,
    /// The watched message's queue and place, while it waits.
    place: Option<(QueueId, u64)>,
    /// How many messages were before it in its queue when it came.
    pub(super) ahead: u64,
    joining: Option<Joining>,
    picked: Option<Pick>,
    hold: Hold,
    /// All waiting before this is accounted for.
    until: Time,
    pub(super) waits: Waits,
    samples: Vec<Sample>,
    /// The latest choice of the watched message's own queue.
    last_turn: Option<Sample>,
    choices: u64,
    stride: u64,
}

#[derive(Clone, Default)]
struct QueueSeen {
    tenant: TenantId,
    sender: SenderId,
    /// By their places in the order of arrival.
    waiting: BTreeSet<u64>,
    is_blocked: bool,
}

/// What holds a lane back.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hold {
    /// It has nothing to send.
    Nothing,
    Quota,
    Policy,
    Window,
    Carrier,
}

impl Board {
    pub(super) fn new(scenario: &Scenario, subject: &Subject) -> Self {
        let mut watched = vec![false; scenario.tenants.len()];
        let mut message = None;
        match subject {
            Subject::Message(id) => message = Some(*id),
            Subject::Tenants(tenants) => {
                tenants.iter().for_each(|tenant| watched[tenant.index()] = true);
            }
        }
        Board {
            watched,
            message,
            capped: scenario.senders.iter().map(|sender| sender.cap.is_some()).collect(),
            queues: Vec::new(),
            busy: BTreeSet::new(),
            place: None,
            ahead: 0,
            joining: None,
            picked: None,
            hold: Hold::Nothing,
            until: Time::ZERO,
            waits: Waits::new(),
            samples: Vec::new(),
            last_turn: None,
            choices: 0,
            stride: 1,
        }
    }

    /// The next message that joins a queue is this one.
    pub(super) fn expect(&mut self, joining: Joining) {
        self.joining = Some(joining);
    }

    /// What was seen of the watched message's stay in its queue: why it waited, and where it stood.
    pub(super) fn take_stay(&mut self) -> (Waits, Vec<Sample>) {
        let mut samples = std::mem::take(&mut self.samples);
        let last = samples.last().map_or(Time::ZERO, |sample| sample.time);
        samples.extend(self.last_turn.take().filter(|turn| turn.time > last));
        (self.choices, self.stride) = (0, 1);
        (std::mem::take(&mut self.waits), samples)
    }

    /// What the lane answered; whether any of its sessions is up.
    pub(super) fn asked(&mut self, now: Time, next: &Next, is_reachable: bool) {
        self.account(now);
        self.hold = match (next, self.picked) {
            // It is asked again at once.
            (Next::Send(_), _) => return,
            (Next::NoSession, _) if is_reachable => Hold::Window,
            (Next::NoSession, _) => Hold::Carrier,
            (Next::NotUntil(_), Some(Pick::Queue(_))) => Hold::Quota,
            (Next::NotUntil(_), _) => Hold::Policy,
            (Next::Idle, _) => Hold::Nothing,
        };
    }

    /// Accounts for all waiting up to now.
    pub(super) fn account(&mut self, now: Time) {
        let span = now.since(self.until);
        self.until = now;
        if span == Span::ZERO {
            return;
        }
        let ns = u128::from(span.as_nanoseconds());
        if let Some((queue, sequence)) = self.place {
            let is_head = self.queues[queue.index()].waiting.first() == Some(&sequence);
            let cause = self.cause(queue, is_head);
            *self.waits.entry(cause).or_default() += ns;
        }
        for queue in &self.busy {
            let count = self.queues[queue.index()].waiting.len() as u128;
            let (first, others) = (self.cause(*queue, true), self.cause(*queue, false));
            *self.waits.entry(first).or_default() += ns;
            if count > 1 {
                *self.waits.entry(others).or_default() += ns * (count - 1);
            }
        }
    }

    /// Why a message of this queue waits now; the first of a queue may have its turn.
    fn cause(&self, queue: QueueId, is_head: bool) -> Cause {
        let own = &self.queues[queue.index()];
        if own.is_blocked {
            let has_cap = self.capped.get(own.sender.index()).is_some_and(|capped| *capped);
            return if has_cap { Cause::Cap } else { Cause::Pause };
        }
        match (self.hold, self.picked) {
            (Hold::Window, _) => Cause::Window,
            (Hold::Carrier, _) => Cause::Carrier,
            (Hold::Quota, Some(Pick::Queue(next))) => {
                let tenant = self.queues[next.index()].tenant;
                match next == queue && is_head {
                    true => Cause::Quota,
                    false if tenant == own.tenant => Cause::OwnBacklog,
                    false => Cause::Other(tenant),
                }
            }
            _ => Cause::Policy,
        }
    }

    fn seen(&mut self, queue: QueueId) -> &mut QueueSeen {
        if self.queues.len() <= queue.index() {
            self.queues.resize(queue.index() + 1, QueueSeen::default());
        }
        &mut self.queues[queue.index()]
    }

    fn enqueued(&mut self, now: Time, queue: QueueId, entry: Entry) {
        self.account(now);
        let joining = self.joining.take();
        let seen = self.seen(queue);
        seen.waiting.insert(entry.sequence);
        let Some(joining) = joining else { return };
        (seen.tenant, seen.sender) = (joining.tenant, joining.sender);
        if self.watched[joining.tenant.index()] {
            self.busy.insert(queue);
        }
        let seen = &self.queues[queue.index()];
        if self.message == Some(joining.message) {
            self.ahead = seen.waiting.range(..entry.sequence).count() as u64;
            self.place = Some((queue, entry.sequence));
        }
    }

    fn left(&mut self, now: Time, queue: QueueId, sequence: u64) {
        self.account(now);
        let seen = self.seen(queue);
        seen.waiting.remove(&sequence);
        if seen.waiting.is_empty() {
            self.busy.remove(&queue);
        }
        if self.place == Some((queue, sequence)) {
            self.place = None;
        }
    }

    fn stands(&mut self, now: Time, queue: QueueId, is_blocked: bool) {
        self.account(now);
        self.seen(queue).is_blocked = is_blocked;
    }

    /// A choice; `explain` tells where a queue stands.
    fn chose(&mut self, now: Time, pick: Pick, explain: impl Fn(QueueId) -> Option<Standing>) {
        self.account(now);
        self.picked = Some(pick);
        let (Some((own, _)), Pick::Queue(chosen)) = (self.place, pick) else { return };
        self.choices += 1;
        let is_due = self.choices.is_multiple_of(self.stride);
        if !is_due && own != chosen {
            return;
        }
        let Some(standing) = explain(own) else { return };
        let sample = Sample {
            time: now,
            own: standing,
            chosen: if own == chosen { None } else { explain(chosen) },
            chosen_tenant: self.queues[chosen.index()].tenant,
        };
        self.last_turn = Some(sample).filter(|sample| sample.chosen.is_none());
        if !is_due {
            return;
        }
        self.samples.push(sample);
        if self.samples.len() > MOST_SAMPLES {
            let mut place = 0;
            self.samples.retain(|_| {
                place += 1;
                place % 2 == 1
            });
            self.stride *= 2;
        }
    }
}

/// A policy that tells a board what it is told and what it answers, and changes nothing.
pub(super) struct Watched<P> {
    pub(super) policy: P,
    pub(super) board: Rc<RefCell<Board>>,
}

impl<P: Policy> Policy for Watched<P> {
    fn attach(&mut self, now: Time, queue: QueueId, path: &[Hop]) {
        // The number may have been another queue's.
        *self.board.borrow_mut().seen(queue) = QueueSeen::default();
        self.policy.attach(now, queue, path);
    }

    fn detach(&mut self, now: Time, queue: QueueId) {
        self.policy.detach(now, queue);
    }

    fn enqueued(&mut self, now: Time, queue: QueueId, entry: Entry) {
        self.board.borrow_mut().enqueued(now, queue, entry);
        self.policy.enqueued(now, queue, entry);
    }

    fn withdrawn(&mut self, now: Time, queue: QueueId, entry: Entry) {
        self.board.borrow_mut().left(now, queue, entry.sequence);
        self.policy.withdrawn(now, queue, entry);
    }

    fn eligible(&mut self, now: Time, queue: QueueId, head: Entry) {
        self.board.borrow_mut().stands(now, queue, false);
        self.policy.eligible(now, queue, head);
    }

    fn ineligible(&mut self, now: Time, queue: QueueId, why: Ineligible) {
        self.board.borrow_mut().stands(now, queue, why == Ineligible::Blocked);
        self.policy.ineligible(now, queue, why);
    }

    fn pick(&mut self, now: Time, entropy: Entropy<'_>) -> Pick {
        let pick = self.policy.pick(now, entropy);
        let policy = &self.policy;
        self.board.borrow_mut().chose(now, pick, |queue| policy.explain(queue));
        pick
    }

    fn dispatched(&mut self, now: Time, queue: QueueId, sent: Entry, next: Option<Entry>) {
        self.board.borrow_mut().left(now, queue, sent.sequence);
        self.policy.dispatched(now, queue, sent, next);
    }

    fn completed(&mut self, now: Time, queue: QueueId, charged: Segments, used: Segments) {
        self.policy.completed(now, queue, charged, used);
    }

    fn reshape(&mut self, now: Time, change: Reshape) {
        self.policy.reshape(now, change);
    }

    fn bound(&mut self, now: Time, node: NodeId, bounds: NodeBounds) {
        self.policy.bound(now, node, bounds);
    }

    fn answered(&mut self, now: Time, queue: QueueId, verdict: Verdict) {
        self.policy.answered(now, queue, verdict);
    }

    fn explain(&self, queue: QueueId) -> Option<Standing> {
        self.policy.explain(queue)
    }
}
