//! Every interleaving of a small world: two tenants, three messages, and all that can happen to them.
//!
//! After each step the ledgers are in balance, every move was legal, and spurious calls change
//! nothing; from wherever a walk ends, a carrier that accepts everything brings every message home.

use apportion::scheduler::{
    Answer, Backpressure, Belief, Change, Counts, Fifo, Happening, Lane, LaneConfig, LaneObserver,
    Lottery, Message, Next, Policy, ReceiptOutcome, ReceiptState, Record, RequeuePlace,
    RetryPolicy, RetryRule, Scoring, SessionChange, Status, Target, TenantSpec, Ticket,
    TokenPartition, UnknownOutcome, Wfq, next_belief,
};
use apportion::time::{Span, Time};
use apportion::units::{
    CampaignId, ClassId, MessageId, Quota, Rate, Segments, SenderId, SessionId, TenantId, Weight,
};

const MESSAGES: usize = 3;

/// Follows each message, and checks that its moves are legal and connect.
#[derive(Clone, Copy, Debug, Default)]
struct Witness {
    beliefs: [Option<Belief>; MESSAGES],
}

impl LaneObserver for Witness {
    fn moved(
        &mut self,
        _: Time,
        record: &Record,
        from: Option<Belief>,
        to: Belief,
        why: Happening,
        _: u32,
    ) {
        let known = &mut self.beliefs[record.message.id.index()];
        assert_eq!(*known, from, "moves connect");
        assert_eq!(next_belief(from, why), Some(to), "moves are legal");
        *known = Some(to);
    }
}

#[derive(Clone, Copy, Debug)]
enum Action {
    Submit,
    Next,
    /// To the time at which the lane wants to be called: time-outs and back-offs end there.
    Tick,
    Answer(usize, Status),
    LateAnswer(usize),
    Cancel(usize),
    Down,
    Up,
    Pause(Target),
    Resume(Target),
}

/// An attempt, as the carrier's side knows it.
#[derive(Clone, Copy, Debug)]
struct Sent {
    message: usize,
    ticket: Ticket,
    was_answered: bool,
}

#[derive(Clone, Debug)]
struct World<P> {
    lane: Lane<P>,
    now: Time,
    witness: Witness,
    messages: [Message; MESSAGES],
    tickets: Vec<Ticket>,
    sent: Vec<Sent>,
    /// What `next` said last, while nothing happened since.
    last: Option<Next>,
    is_up: bool,
    cancels: u32,
    sessions_lost: u32,
    /// Whether something is paused once, and no session lost.
    has_pauses: bool,
    pauses: u32,
    paused: Option<Target>,
}

/// The first and the second message are of it.
const CAMPAIGN: CampaignId = CampaignId(0);

/// How much was explored.
#[derive(Clone, Copy, Debug, Default)]
struct Explored {
    steps: u64,
    ends: u64,
    delivered: u64,
    resubmitted: u64,
    late: u64,
    expired: u64,
    cancelled: u64,
}

impl<P: Policy + Clone> World<P> {
    fn new(policy: P, senders: [u32; MESSAGES], cap: Option<Quota>) -> Self {
        let rule = |wait, place| RetryRule {
            attempts: 9,
            first_wait: Span::from_seconds(wait),
            growth_permille: 1000,
            longest_wait: Span::MAX,
            jitter_permille: 0,
            place,
        };
        let config = LaneConfig {
            quota: Some(Quota { rate: Rate::per_second(1).expect("valid"), burst: 2 }),
            admission: None,
            retry: RetryPolicy {
                temporary: RetryRule::NEVER,
                throttled: rule(1, RequeuePlace::Head),
                unknown: UnknownOutcome::Resubmit(rule(2, RequeuePlace::Tail)),
                by_status: RetryPolicy::NO_STATUS_RULES,
            },
            backpressure: Backpressure::default(),
            response_timeout: Span::from_seconds(3),
            receipt_timeout: Span::from_seconds(1000),
            tenant_sets: Vec::new(),
            classes: vec![Weight::ONE],
            salt: 7,
        };
        let mut lane = Lane::new(config, policy);
        for tenant in [0, 1] {
            let spec = TenantSpec { set: None, weight: Weight::whole(tenant + 1).expect("valid") };
            lane.attach(TenantId(tenant), spec).expect("a fresh tenant");
        }
        if cap.is_some() {
            let change = Change::SenderCap(SenderId(senders[0]), cap);
            lane.reconfigure(Time::ZERO, change).expect("a valid cap");
        }
        let mut index = 0;
        let messages = [0, 1, 0].map(|tenant| {
            index += 1;
            Message {
                id: MessageId(index - 1),
                key: index,
                reference: 0,
                tenant: TenantId(tenant),
                sender: SenderId(senders[index as usize - 1]),
                class: ClassId(0),
                segments: Segments(if index == 2 { 2 } else { 1 }),
                // The last is worth sending for two seconds only.
                expires: if index == 3 { Time::from_seconds(2) } else { Time::NEVER },
            }
        });
        let mut world = World {
            lane,
            now: Time::ZERO,
            witness: Witness::default(),
            messages,
            tickets: Vec::new(),
            sent: Vec::new(),
            last: None,
            is_up: false,
            cancels: 0,
            sessions_lost: 0,
            has_pauses: false,
            pauses: 0,
            paused: None,
        };
        world.set_session(true);
        world
    }

    /// Everything that can happen now.
    fn actions(&self) -> Vec<Action> {
        let mut actions = Vec::new();
        if self.tickets.len() < MESSAGES {
            actions.push(Action::Submit);
        }
        if self.last.is_none() {
            actions.push(Action::Next);
        }
        if self.due().is_some() {
            actions.push(Action::Tick);
        }
        for (index, sent) in self.sent.iter().enumerate().filter(|(_, sent)| !sent.was_answered) {
            if self.is_awaited(index) {
                actions.push(Action::Answer(index, Status::OK));
                actions.push(Action::Answer(index, Status::THROTTLED));
            } else if self.witness.beliefs[sent.message].is_some_and(Belief::is_live) {
                actions.push(Action::LateAnswer(index));
            }
        }
        if self.cancels == 0 {
            actions.extend((0..self.tickets.len()).map(Action::Cancel));
        }
        if self.has_pauses {
            if self.pauses == 0 {
                let messages = self.tickets.iter().map(|ticket| Target::Message(*ticket));
                let whole = [Target::Tenant(TenantId(0)), Target::Campaign(CAMPAIGN)];
                actions.extend(messages.chain(whole).map(Action::Pause));
            }
            actions.extend(self.paused.map(Action::Resume));
        } else if !self.is_up {
            actions.push(Action::Up);
        } else if self.sessions_lost == 0 && !self.sent.is_empty() {
            actions.push(Action::Down);
        }
        actions
    }

    /// Whether this is the attempt its message waits for.
    fn is_awaited(&self, index: usize) -> bool {
        let message = self.sent[index].message;
        let is_last = self.sent[index + 1..].iter().all(|later| later.message != message);
        is_last && self.witness.beliefs[message] == Some(Belief::InFlight)
    }

    fn due(&self) -> Option<Time> {
        let not_until = match self.last {
            Some(Next::NotUntil(time)) => Some(time),
            _ => None,
        };
        let due = not_until.into_iter().chain(self.lane.wake()).min()?;
        // Only receipts are waited for after that.
        (due < Time::from_seconds(500)).then_some(due)
    }

    fn act(&mut self, action: Action, explored: &mut Explored) {
        if !matches!(action, Action::Next) {
            self.last = None;
        }
        match action {
            Action::Submit => {
                let message = self.messages[self.tickets.len()];
                let accepted = match self.tickets.len() {
                    0 | 1 => self.lane.submit_for(self.now, CAMPAIGN, message, &mut self.witness),
                    _ => self.lane.submit(self.now, message, &mut self.witness),
                };
                self.tickets.push(accepted.expect("nothing refuses it").ticket);
            }
            Action::Next => {
                let _ = self.next();
            }
            Action::Tick => self.now = self.due().map_or(self.now, |due| due.max(self.now)),
            Action::Answer(index, status) => {
                assert_eq!(self.answer(index, status), Answer::InTime);
            }
            Action::LateAnswer(index) => {
                assert_eq!(self.answer(index, Status::OK), Answer::Late);
                explored.late += 1;
            }
            Action::Cancel(message) => {
                let waits =
                    matches!(self.witness.beliefs[message], Some(Belief::Queued | Belief::Parked));
                let what = Target::Message(self.tickets[message]);
                let withdrawn = self.lane.cancel(self.now, what, &mut self.witness);
                assert_eq!(withdrawn, u64::from(waits));
                self.cancels += 1;
            }
            Action::Up => self.set_session(true),
            Action::Down => self.set_session(false),
            Action::Pause(what) => {
                self.pauses += 1;
                if self.lane.pause(self.now, what, &mut self.witness) {
                    self.paused = Some(what);
                }
            }
            Action::Resume(what) => self.resume(what),
        }
    }

    fn resume(&mut self, what: Target) {
        let is_news = self.lane.resume(self.now, what, &mut self.witness);
        // The pause of a message may have ended with it.
        assert!(is_news || matches!(what, Target::Message(_)));
        self.paused = None;
    }

    /// Whether a message is paused.
    fn is_paused(&self, message: usize) -> bool {
        self.paused.is_some_and(|what| match what {
            Target::Message(ticket) => self.tickets[message] == ticket,
            Target::Campaign(_) => message < 2,
            Target::Tenant(tenant) => self.messages[message].tenant == tenant,
            Target::Sender(sender) => self.messages[message].sender == sender,
        })
    }

    fn next(&mut self) -> Next {
        // The gambler always draws the same, so that a repeated pick is the same pick.
        let next = self.lane.next(self.now, &mut || 0x9e37_79b9_7f4a_7c15, &mut self.witness);
        self.last = Some(next);
        if let Next::Send(attempt) = next {
            let message = attempt.message.id.index();
            let earlier = self.sent.iter().filter(|sent| sent.message == message).count();
            assert_eq!(attempt.number as usize, earlier + 1);
            assert!(attempt.message.expires > self.now, "never sent too late");
            assert!(self.is_up, "never sent without a session");
            assert!(!self.is_paused(message), "never sent while paused");
            self.sent.push(Sent { message, ticket: attempt.ticket, was_answered: false });
            self.last = None;
        }
        next
    }

    fn answer(&mut self, index: usize, status: Status) -> Answer {
        self.sent[index].was_answered = true;
        let ticket = self.sent[index].ticket;
        self.lane.answered(self.now, ticket, status, &mut self.witness)
    }

    fn set_session(&mut self, is_up: bool) {
        let change = if is_up { SessionChange::Up { window: 2 } } else { SessionChange::Down };
        self.lane.session(self.now, SessionId(0), change, &mut self.witness);
        self.is_up = is_up;
        self.sessions_lost += u32::from(!is_up);
    }

    /// The ledgers agree with each other and with what was seen; nothing that is spurious changes them.
    fn check(&mut self) {
        let counts = *self.lane.counts();
        assert_eq!(counts.submitted(), self.tickets.len() as u64);
        let mut seen = Counts::default();
        let mut by_tenant = [Counts::default(); 2];
        for (message, belief) in self.messages.iter().zip(self.witness.beliefs) {
            let Some(belief) = belief else { continue };
            for counts in [&mut seen, &mut by_tenant[message.tenant.index()]] {
                let (messages, segments) = &mut counts.held[belief as usize];
                *messages += 1;
                *segments += message.segments.get();
            }
        }
        assert_eq!(counts.held, seen.held, "ledger A");
        for (tenant, expected) in by_tenant.iter().enumerate() {
            assert_eq!(self.lane.tenant_counts(TenantId(tenant as u32)), Some(expected));
        }
        let attempts = counts.attempts;
        assert_eq!(attempts.dispatched, self.sent.len() as u64);
        let answered = self.sent.iter().filter(|sent| sent.was_answered).count() as u64;
        assert_eq!(attempts.answered, answered, "ledger C");
        assert_eq!(attempts.unanswered, counts.messages_in(Belief::InFlight), "ledger C");
        assert_eq!(attempts.unknown, attempts.dispatched - answered - attempts.unanswered);
        assert!(attempts.unanswered <= 2, "the window is two wide");

        if let Some(last) = self.last {
            assert_eq!(self.next(), last, "asked twice, the same answer");
        }
        for index in 0..self.sent.len() {
            let Sent { ticket, was_answered, message } = self.sent[index];
            if was_answered {
                let answer =
                    self.lane.answered(self.now, ticket, Status::THROTTLED, &mut self.witness);
                assert_eq!(answer, Answer::Stray, "answered twice");
            }
            if self.witness.beliefs[message] == Some(Belief::InFlight) {
                // It is remembered, so a copy of the lane has to take it.
                let (mut lane, mut witness) = (self.lane.clone(), self.witness);
                let state = ReceiptState::Delivered;
                let outcome = lane.receipt(self.now, ticket, state, &mut witness);
                assert_eq!(outcome, ReceiptOutcome::Kept, "not answered yet");
                assert_eq!(*lane.counts(), counts, "nothing moves before the answer");
            }
        }
        for ticket in &self.tickets {
            let answer = self.lane.answered(self.now, *ticket, Status::OK, &mut self.witness);
            assert_eq!(answer, Answer::Stray, "the ticket of a message names no attempt");
        }
        assert_eq!(*self.lane.counts(), counts, "spurious calls change nothing");
    }

    /// A carrier that accepts and delivers everything brings every message home.
    fn bring_home(mut self, explored: &mut Explored) {
        if !self.is_up {
            self.set_session(true);
        }
        if let Some(what) = self.paused {
            self.resume(what);
        }
        for round in 0.. {
            assert!(round < 100, "comes to an end");
            while let Next::Send(_) = self.next() {}
            for index in 0..self.sent.len() {
                if !self.sent[index].was_answered && self.is_awaited(index) {
                    self.answer(index, Status::OK);
                    self.last = None;
                }
                let (message, ticket) = (self.sent[index].message, self.sent[index].ticket);
                if self.witness.beliefs[message] == Some(Belief::Accepted) {
                    let state = ReceiptState::Delivered;
                    let outcome = self.lane.receipt(self.now, ticket, state, &mut self.witness);
                    assert_eq!(outcome, ReceiptOutcome::Applied);
                }
            }
            if self.lane.counts().live() == 0 {
                break;
            }
            if self.last.is_some() {
                let due = self.due().expect("what is live is waiting for some time");
                assert!(due > self.now, "what is due was done");
                self.now = due;
                self.last = None;
            }
        }
        for belief in &self.witness.beliefs[..self.tickets.len()] {
            match belief {
                Some(Belief::Delivered) => explored.delivered += 1,
                Some(Belief::Expired) => explored.expired += 1,
                Some(Belief::Cancelled) => explored.cancelled += 1,
                other => panic!("a message was lost: {other:?}"),
            }
        }
        let attempts = self.lane.counts().attempts;
        explored.resubmitted += attempts.unknown + attempts.answered - sent_at_all(&self.sent);
        explored.ends += 1;
        assert_eq!(attempts.unanswered, 0);
    }
}

/// Messages that were sent at all.
fn sent_at_all(sent: &[Sent]) -> u64 {
    (0..MESSAGES).filter(|message| sent.iter().any(|one| one.message == *message)).count() as u64
}

fn walk<P: Policy + Clone>(world: &World<P>, depth: u32, explored: &mut Explored) {
    let actions = world.actions();
    if depth == 0 || actions.is_empty() {
        return world.clone().bring_home(explored);
    }
    for action in actions {
        let mut then = world.clone();
        then.act(action, explored);
        then.check();
        explored.steps += 1;
        walk(&then, depth - 1, explored);
    }
}

fn explore<P: Policy + Clone>(policy: P, senders: [u32; MESSAGES], cap: bool, depth: u32) {
    let cap = cap.then(|| Quota { rate: Rate::per_second(1).expect("valid"), burst: 1 });
    let mut explored = Explored::default();
    walk(&World::new(policy, senders, cap), depth, &mut explored);
    went_everywhere(explored);
}

/// The same with something that is paused and resumed at any time.
fn explore_pauses<P: Policy + Clone>(policy: P, senders: [u32; MESSAGES], depth: u32) {
    let mut explored = Explored::default();
    let world = World::new(policy, senders, None);
    walk(&World { has_pauses: true, ..world }, depth, &mut explored);
    went_everywhere(explored);
}

fn went_everywhere(explored: Explored) {
    println!("{explored:?}");
    let Explored { ends, delivered, resubmitted, late, expired, cancelled, .. } = explored;
    assert!(
        [ends, delivered, resubmitted, late, expired, cancelled].iter().all(|count| *count > 0)
    );
}

const DEPTH: u32 = 9;

fn rate() -> Rate {
    Rate::per_second(1).expect("valid")
}

#[test]
fn scoring_with_one_sender_a_tenant() {
    explore(Scoring::new(), [0, 1, 0], false, DEPTH);
}

#[test]
fn scoring_with_two_senders_of_which_one_is_capped() {
    explore(Scoring::new(), [0, 1, 2], true, DEPTH + 1);
}

#[test]
fn scoring_with_one_capped_sender() {
    explore(Scoring::new(), [0, 1, 0], true, DEPTH);
}

#[test]
fn wfq_with_two_senders_of_which_one_is_capped() {
    explore(Wfq::new(rate()), [0, 1, 2], true, DEPTH);
}

#[test]
fn fifo_with_one_capped_sender() {
    explore(Fifo::new(), [0, 1, 0], true, DEPTH);
}

#[test]
fn token_partition_with_two_senders() {
    explore(TokenPartition::new(rate()), [0, 1, 2], false, DEPTH - 1);
}

#[test]
fn scoring_with_pauses_of_a_shared_queue() {
    explore_pauses(Scoring::new(), [0, 1, 0], DEPTH - 1);
}

#[test]
fn fifo_with_pauses_and_two_senders() {
    explore_pauses(Fifo::new(), [0, 1, 2], DEPTH - 2);
}

#[test]
fn lottery_with_two_senders() {
    explore(Lottery::new(), [0, 1, 2], false, DEPTH - 1);
}
