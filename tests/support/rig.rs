//! A lane on the bench: time is moved by hand, and every move of a message is written down and checked
//! against the table of legal moves.

#![allow(dead_code, reason = "each test binary uses its own part of the bench")]

use apportion::scheduler::{
    Accepted, Answer, Attempt, Backpressure, Belief, Change, Happening, Lane, LaneConfig,
    LaneObserver, Message, Next, Policy, ReceiptOutcome, ReceiptState, Record, Refused,
    RequeuePlace, RetryPolicy, RetryRule, SessionChange, Status, Target, TenantSpec, Ticket,
    next_belief,
};
use apportion::time::{Span, Time};
use apportion::units::{
    ClassId, MessageId, Quota, Rate, Segments, SenderId, SessionId, TenantId, TenantSetId, Weight,
};
use proptest::test_runner::{Config as ProptestConfig, FileFailurePersistence, RngSeed};
use std::collections::BTreeMap;

/// One move of one message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Move {
    pub(crate) at: Time,
    pub(crate) message: u64,
    pub(crate) from: Option<Belief>,
    pub(crate) to: Belief,
    pub(crate) why: Happening,
    pub(crate) code: u32,
}

/// Writes down every move.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log {
    pub(crate) moves: Vec<Move>,
    /// Late answers: message and status.
    pub(crate) late: Vec<(u64, Status)>,
    /// Each message, as it was last seen.
    pub(crate) messages: BTreeMap<u64, Message>,
    beliefs: BTreeMap<u64, Belief>,
}

impl LaneObserver for Log {
    fn moved(
        &mut self,
        at: Time,
        record: &Record,
        from: Option<Belief>,
        to: Belief,
        why: Happening,
        code: u32,
    ) {
        assert_eq!(next_belief(from, why), Some(to), "an illegal move");
        let message = record.message.id.0;
        let before = self.beliefs.insert(message, to);
        assert_eq!(before, from, "moves of a message connect");
        self.messages.insert(message, record.message);
        self.moves.push(Move { at, message, from, to, why, code });
    }

    fn answered_late(&mut self, _: Time, record: &Record, status: Status) {
        self.late.push((record.message.id.0, status));
    }
}

/// A lane, a clock and a log.
#[derive(Clone, Debug)]
pub(crate) struct Rig<P> {
    pub(crate) lane: Lane<P>,
    pub(crate) now: Time,
    pub(crate) log: Log,
    pub(crate) next_message: u64,
    pub(crate) entropy: u64,
}

impl<P: Policy> Rig<P> {
    pub(crate) fn new(config: LaneConfig, policy: P) -> Self {
        let lane = Lane::new(config, policy);
        Rig { lane, now: Time::ZERO, log: Log::default(), next_message: 0, entropy: 0 }
    }

    /// The same with tenants of these weights and a session that is never full.
    pub(crate) fn with_tenants(config: LaneConfig, policy: P, weights: &[u32]) -> Self {
        let mut rig = Rig::new(config, policy);
        for (tenant, weight) in weights.iter().enumerate() {
            rig.attach(tenant as u32, None, *weight);
        }
        rig.up(0, u32::MAX);
        rig
    }

    pub(crate) fn attach(&mut self, tenant: u32, set: Option<u32>, whole: u32) {
        let spec = TenantSpec { set: set.map(TenantSetId), weight: weight(whole) };
        self.lane.attach(TenantId(tenant), spec).expect("the tenant can be attached");
    }

    pub(crate) fn up(&mut self, session: u16, window: u32) {
        let change = SessionChange::Up { window };
        self.lane.session(self.now, SessionId(session), change, &mut self.log);
    }

    pub(crate) fn down(&mut self, session: u16) {
        self.lane.session(self.now, SessionId(session), SessionChange::Down, &mut self.log);
    }

    pub(crate) fn submit(&mut self, message: Message) -> Result<Accepted, Refused> {
        self.lane.submit(self.now, message, &mut self.log)
    }

    /// Submits one segment of this tenant and sender; returns its ticket.
    pub(crate) fn put(&mut self, tenant: u32, sender: u32) -> Ticket {
        self.put_sized(tenant, sender, 1)
    }

    pub(crate) fn put_sized(&mut self, tenant: u32, sender: u32, segments: u32) -> Ticket {
        let message = self.message(tenant, sender, segments);
        self.submit(message).expect("nothing refuses it").ticket
    }

    /// The next message, of class 0, that never expires.
    pub(crate) fn message(&mut self, tenant: u32, sender: u32, segments: u32) -> Message {
        self.next_message += 1;
        Message {
            id: MessageId(self.next_message - 1),
            key: self.next_message - 1,
            reference: self.next_message - 1,
            tenant: TenantId(tenant),
            sender: SenderId(sender),
            class: ClassId(0),
            segments: Segments(segments),
            expires: Time::NEVER,
        }
    }

    pub(crate) fn next(&mut self) -> Next {
        // A counter through the finaliser of SplitMix64: the sequence of that generator.
        let entropy = &mut self.entropy;
        let mut draw = || {
            *entropy = entropy.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let x = (*entropy ^ (*entropy >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            x ^ (x >> 31)
        };
        self.lane.next(self.now, &mut draw, &mut self.log)
    }

    /// Sends what may be sent now.
    pub(crate) fn drain(&mut self) -> Vec<Attempt> {
        let mut sent = Vec::new();
        while let Next::Send(attempt) = self.next() {
            sent.push(attempt);
        }
        sent
    }

    /// Sends one message.
    pub(crate) fn send(&mut self) -> Attempt {
        match self.next() {
            Next::Send(attempt) => attempt,
            other => panic!("expected a message to send, found {other:?}"),
        }
    }

    /// Sends one message, if one may go.
    pub(crate) fn drain_one(&mut self) -> Option<Attempt> {
        match self.next() {
            Next::Send(attempt) => Some(attempt),
            _ => None,
        }
    }

    /// Moves the clock to when the lane wants to be called, but not beyond `end`, and sends what may
    /// go then; `None` when nothing is due before `end`.
    pub(crate) fn step(&mut self, end: Time) -> Option<Vec<Attempt>> {
        let not_until = match self.next() {
            Next::Send(attempt) => {
                let mut sent = vec![attempt];
                sent.extend(self.drain());
                return Some(sent);
            }
            Next::NotUntil(time) => Some(time),
            Next::NoSession | Next::Idle => None,
        };
        let due = not_until.into_iter().chain(self.lane.wake()).min()?;
        assert!(due > self.now, "what is due at {due} was not done at {}", self.now);
        if due > end {
            return None;
        }
        self.now = due;
        Some(self.drain())
    }

    /// Runs to `end`, answering every attempt at once; returns when each message was sent.
    pub(crate) fn run_until(&mut self, end: Time, status: Status) -> Vec<(Time, Attempt)> {
        let mut all = Vec::new();
        while let Some(sent) = self.step(end) {
            for attempt in sent {
                all.push((self.now, attempt));
                assert_eq!(self.answer(attempt, status), Answer::InTime);
            }
        }
        self.now = end;
        all
    }

    pub(crate) fn answer(&mut self, attempt: Attempt, status: Status) -> Answer {
        self.lane.answered(self.now, attempt.ticket, status, &mut self.log)
    }

    pub(crate) fn receipt(&mut self, ticket: Ticket, state: ReceiptState) -> ReceiptOutcome {
        self.lane.receipt(self.now, ticket, state, &mut self.log)
    }

    pub(crate) fn cancel(&mut self, what: Target) -> u64 {
        self.lane.cancel(self.now, what, &mut self.log)
    }

    pub(crate) fn change(&mut self, change: Change) {
        self.lane.reconfigure(self.now, change).expect("a valid change");
    }

    pub(crate) fn pass(&mut self, span: Span) {
        self.now += span;
    }

    pub(crate) fn messages(&self, belief: Belief) -> u64 {
        self.lane.counts().messages_in(belief)
    }

    /// Where a message stands, by the log.
    pub(crate) fn belief(&self, message: u64) -> Belief {
        self.log.beliefs[&message]
    }

    /// The moves of a message, without times.
    pub(crate) fn life(&self, message: u64) -> Vec<(Happening, Belief)> {
        let own = self.log.moves.iter().filter(|other| other.message == message);
        own.map(|other| (other.why, other.to)).collect()
    }

    /// Checks the ledgers against the log and against each other.
    pub(crate) fn check_ledgers(&self) {
        let counts = self.lane.counts();
        for belief in Belief::ALL {
            let arrived = self.log.moves.iter().filter(|other| other.to == belief).count();
            let left = self.log.moves.iter().filter(|other| other.from == Some(belief)).count();
            assert_eq!(counts.messages_in(belief), (arrived - left) as u64, "{belief:?}");
        }
        let submitted = self.log.moves.iter().filter(|other| other.from.is_none()).count();
        assert_eq!(counts.submitted(), submitted as u64, "ledger A");
        let attempts = counts.attempts;
        let ends = attempts.answered + attempts.unanswered + attempts.unknown;
        assert_eq!(attempts.dispatched, ends, "ledger C: {attempts:?}");
        let dispatched = self.log.moves.iter().filter(|other| other.why == Happening::Dispatched);
        assert_eq!(attempts.dispatched, dispatched.count() as u64);
        assert_eq!(attempts.unanswered, counts.messages_in(Belief::InFlight));
    }
}

/// Everything unlimited, nothing repeated, one class, no sets.
pub(crate) fn plain() -> LaneConfig {
    LaneConfig {
        quota: None,
        admission: None,
        retry: RetryPolicy::NEVER,
        backpressure: Backpressure::default(),
        response_timeout: Span::from_seconds(10),
        receipt_timeout: Span::from_seconds(100),
        tenant_sets: Vec::new(),
        classes: vec![Weight::ONE],
        salt: 0x5eed,
    }
}

/// The same with a quota.
pub(crate) fn paced(segments_per_second: u64, burst: u64) -> LaneConfig {
    LaneConfig { quota: Some(quota(segments_per_second, burst)), ..plain() }
}

pub(crate) fn quota(segments_per_second: u64, burst: u64) -> Quota {
    Quota { rate: Rate::per_second(segments_per_second).expect("a valid rate"), burst }
}

pub(crate) fn weight(whole: u32) -> Weight {
    Weight::whole(whole).expect("a valid weight")
}

/// Retries after a fixed wait.
pub(crate) fn again(attempts: u32, wait: Span, place: RequeuePlace) -> RetryRule {
    RetryRule {
        attempts,
        first_wait: wait,
        growth_permille: 1000,
        longest_wait: Span::MAX,
        jitter_permille: 0,
        place,
    }
}

pub(crate) fn seconds(seconds: u64) -> Span {
    Span::from_seconds(seconds)
}

pub(crate) fn at(seconds: u64) -> Time {
    Time::from_seconds(seconds)
}

pub(crate) fn milliseconds(milliseconds: u64) -> Span {
    Span::from_milliseconds(milliseconds)
}

/// The same cases in every run; what once failed is kept beside the source.
pub(crate) fn reproducible() -> ProptestConfig {
    ProptestConfig {
        rng_seed: RngSeed::Fixed(0x5eed),
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..ProptestConfig::default()
    }
}
