//! Drives the lane under test and the reference through one trace, and compares every decision.

use super::lane::{Answer, Decision, Limit, ReferenceLane, Retry, World};
use super::rational::Ratio;
use super::scheduler::{Fluid, Rule};
use super::trace::{Kind, Step, Trace};
use apportion::scheduler::{
    Attempt, Change, Lane, LaneConfig, Message, Next, Policy, ReceiptState, RequeuePlace,
    RetryPolicy, RetryRule, SessionChange, Status, Target, TenantSpec, Ticket, UnknownOutcome,
};
use apportion::time::{Span, Time};
use apportion::units::{
    ClassId, MessageId, Quota, Rate, Segments, SenderId, SessionId, TenantId, TenantSetId, Weight,
};

/// What a comparison went through.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Tally {
    pub(crate) traces: u64,
    pub(crate) decisions: u64,
    pub(crate) sends: u64,
    /// Sends with another candidate eligible at the time.
    pub(crate) contested: u64,
    pub(crate) refunds: u64,
    pub(crate) retries: u64,
    /// Decisions in which the other of two near-equal candidates went.
    pub(crate) near_ties: u64,
}

impl Tally {
    /// Fewer than one send in a thousand.
    pub(crate) fn near_ties_are_rare(&self) -> bool {
        self.near_ties * 1000 < self.sends
    }
}

/// Where lane and reference part.
#[derive(Clone, Debug)]
pub(crate) struct Difference {
    pub(crate) step: usize,
    pub(crate) text: String,
}

/// How the policy under test is built, and which rule it claims to follow.
pub(crate) struct Subject<'a> {
    pub(crate) kind: Kind,
    pub(crate) rule: &'a dyn Fn(&World) -> Rule,
    pub(crate) policy: &'a dyn Fn(Rate) -> Box<dyn Policy>,
    /// Candidates closer than this, in segments at weight 1, may go in either order.
    pub(crate) tolerance: Ratio,
}

impl Subject<'_> {
    /// Runs the traces of `seeds`; a difference comes with its trace cut to the shortest failing prefix.
    pub(crate) fn compare(
        &self,
        seeds: impl IntoIterator<Item = u64>,
    ) -> Result<Tally, Box<(Trace, Difference)>> {
        let mut tally = Tally::default();
        for seed in seeds {
            let mut trace = Trace::random(seed, self.kind);
            if let Err(difference) = self.run(&trace, &mut tally) {
                trace.steps.truncate(difference.step + 1);
                return Err(Box::new(self.shrink(trace, difference)));
            }
            tally.traces += 1;
        }
        Ok(tally)
    }

    /// Leaves out steps until the trace fails no more without any one of them.
    fn shrink(&self, mut trace: Trace, mut difference: Difference) -> (Trace, Difference) {
        let mut at = trace.steps.len();
        while at > 0 {
            at -= 1;
            let mut shorter = trace.clone();
            shorter.steps.remove(at);
            if let Err(found) = self.run(&shorter, &mut Tally::default()) {
                shorter.steps.truncate(found.step + 1);
                (trace, difference) = (shorter, found);
                at = trace.steps.len();
            }
        }
        (trace, difference)
    }

    fn run(&self, trace: &Trace, tally: &mut Tally) -> Result<(), Difference> {
        let world = &trace.world;
        let policy = (self.policy)(rate(world.quota));
        let mut pair = Pair {
            lane: Lane::new(config(world), policy),
            reference: ReferenceLane::new(world, (self.rule)(world)),
            now: 0,
            not_until: None,
            attempts: Vec::new(),
            tickets: Vec::new(),
        };
        for (tenant, (weight, set)) in world.tenants.iter().enumerate() {
            let spec = spec(world, *weight, *set);
            pair.lane.attach(TenantId(tenant as u32), spec).expect("a fresh tenant attaches");
        }
        // Both sides know both sessions from the start.
        for session in [0, 1].map(SessionId) {
            pair.lane.session(Time::ZERO, session, SessionChange::Down, &mut ());
        }
        for (step, what) in trace.steps.iter().enumerate() {
            pair.step(world, *what, self.tolerance, tally)
                .map_err(|text| Difference { step, text })?;
        }
        Ok(())
    }
}

struct Pair {
    lane: Lane<Box<dyn Policy>>,
    reference: ReferenceLane,
    now: u64,
    not_until: Option<u64>,
    /// Message and ticket of each attempt, and whether it was answered.
    attempts: Vec<(usize, Ticket, usize, bool)>,
    /// Ticket of each message.
    tickets: Vec<Ticket>,
}

impl Pair {
    fn step(
        &mut self,
        world: &World,
        step: Step,
        tolerance: Ratio,
        tally: &mut Tally,
    ) -> Result<(), String> {
        let (lane, reference, now) = (&mut self.lane, &mut self.reference, self.now);
        let time = Time::from_nanoseconds(now);
        match step {
            Step::Wait(span) => self.now += span,
            Step::WaitUntilDue => {
                let wake = lane.wake().map(Time::as_nanoseconds);
                if let Some(due) = self.not_until.into_iter().chain(wake).min() {
                    self.now = now.max(due);
                }
            }
            Step::Submit { tenant, class, sender, segments, valid_for } => {
                let (id, expires) = (self.tickets.len(), now.saturating_add(valid_for));
                reference.submit(now, (tenant, class, sender), segments, expires);
                let message = Message {
                    id: MessageId(id as u64),
                    key: id as u64,
                    reference: id as u64,
                    tenant: TenantId(tenant as u32),
                    sender: SenderId(sender as u32),
                    class: ClassId(class as u16),
                    segments: Segments(segments as u32),
                    expires: Time::from_nanoseconds(expires),
                };
                let accepted = lane.submit(time, message, &mut ());
                self.tickets.push(accepted.map_err(|refused| refused.to_string())?.ticket);
            }
            Step::Dispatch(most) => {
                for _ in 0..most {
                    if !self.decide(tolerance, tally)? {
                        break;
                    }
                }
            }
            Step::AnswerOpen { attempt, answer } => {
                let open: Vec<usize> =
                    (0..self.attempts.len()).filter(|index| !self.attempts[*index].3).collect();
                if let Some(index) = open.get(attempt % open.len().max(1)) {
                    self.answer(*index, answer, tally);
                }
            }
            Step::Answer { attempt, answer } if !self.attempts.is_empty() => {
                self.answer(attempt % self.attempts.len(), answer, tally);
            }
            Step::Receipt { attempt } if !self.attempts.is_empty() => {
                let (message, ticket, _, _) = self.attempts[attempt % self.attempts.len()];
                reference.receipt(now, message);
                let _ = lane.receipt(time, ticket, ReceiptState::Delivered, &mut ());
            }
            Step::Answer { .. } | Step::Receipt { .. } => {}
            Step::Up { session, window } => {
                reference.session(now, session, Some(window));
                let change = SessionChange::Up { window: window as u32 };
                lane.session(time, SessionId(session as u16), change, &mut ());
            }
            Step::Down { session } => {
                reference.session(now, session, None);
                lane.session(time, SessionId(session as u16), SessionChange::Down, &mut ());
            }
            Step::CancelMessage { message } if !self.tickets.is_empty() => {
                let message = message % self.tickets.len();
                let what = Target::Message(self.tickets[message]);
                self.cancel(what, |index, _| index == message)?;
            }
            Step::CancelMessage { .. } => {}
            Step::CancelTenant(tenant) => {
                let what = Target::Tenant(TenantId(tenant as u32));
                self.cancel(what, |_, message| message.tenant == tenant)?;
            }
            Step::CancelSender(sender) => {
                let what = Target::Sender(SenderId(sender as u32));
                self.cancel(what, |_, message| message.sender == sender)?;
            }
            Step::Weight { tenant, weight } => {
                reference.set_weight(now, tenant, weight);
                let change = Change::TenantWeight(TenantId(tenant as u32), millionths(weight));
                lane.reconfigure(time, change).map_err(|error| error.to_string())?;
            }
            Step::Quota(limit) => {
                reference.set_quota(now, limit);
                let change = Change::Quota(Some(quota(limit)));
                lane.reconfigure(time, change).map_err(|error| error.to_string())?;
            }
            Step::Cap { sender, limit } => {
                reference.set_cap(now, sender, limit);
                let change = Change::SenderCap(SenderId(sender as u32), limit.map(quota));
                lane.reconfigure(time, change).map_err(|error| error.to_string())?;
            }
            Step::Reattach(tenant) => {
                let id = TenantId(tenant as u32);
                if lane.detach(time, id).is_ok() {
                    if !reference.detach(now, tenant) {
                        return Err(format!("tenant {tenant} was detached with live messages"));
                    }
                    let (weight, set) = reference.tenant(tenant);
                    lane.attach(id, spec(world, weight, set)).map_err(|error| error.to_string())?;
                }
            }
        }
        Ok(())
    }

    /// One decision; whether something was sent.
    fn decide(&mut self, tolerance: Ratio, tally: &mut Tally) -> Result<bool, String> {
        let (now, time) = (self.now, Time::from_nanoseconds(self.now));
        let wanted = self.reference.decide(now);
        let contested = self.reference.contested();
        let found = self.lane.next(time, &mut || unreachable!("nobody gambles here"), &mut ());
        tally.decisions += 1;
        self.not_until = None;
        match (found, wanted) {
            (Next::Send(attempt), Decision::Send { message }) => {
                let sent = attempt.message.id.index();
                if sent != message {
                    let is_near = self.reference.is_near(now, sent, message, tolerance);
                    if !is_near || !self.reference.is_head(sent) {
                        return Err(format!("at {now}: sent message {sent}, expected {message}"));
                    }
                    tally.near_ties += 1;
                }
                tally.sends += 1;
                tally.contested += u64::from(contested);
                self.sent(now, attempt, sent, tally)?;
                Ok(true)
            }
            (Next::NotUntil(found), Decision::NotUntil(wanted))
                if found.as_nanoseconds() == wanted =>
            {
                self.not_until = Some(wanted);
                Ok(false)
            }
            (Next::NoSession, Decision::NoSession) | (Next::Idle, Decision::Idle) => Ok(false),
            (found, wanted) => Err(format!("at {now}: {found:?}, expected {wanted:?}")),
        }
    }

    fn sent(
        &mut self,
        now: u64,
        attempt: Attempt,
        message: usize,
        tally: &mut Tally,
    ) -> Result<(), String> {
        let (number, session) = self.reference.send(now, message);
        tally.retries += u64::from(number > 1);
        let found = (attempt.number as usize, attempt.session.index());
        if found != (number, session) {
            return Err(format!(
                "at {now}: message {message} as attempt {} on session {}, expected {number} on {session}",
                found.0, found.1
            ));
        }
        self.attempts.push((message, attempt.ticket, number, false));
        Ok(())
    }

    fn answer(&mut self, index: usize, answer: Answer, tally: &mut Tally) {
        let (message, ticket, number, was_answered) = &mut self.attempts[index];
        tally.refunds += u64::from(answer == Answer::Throttled && !*was_answered);
        *was_answered = true;
        self.reference.answer(self.now, *message, *number, answer);
        let status = match answer {
            Answer::Accepted => Status::OK,
            Answer::Permanent => Status::INVALID_RECIPIENT,
            Answer::Temporary => Status::QUEUE_FULL,
            Answer::Throttled => Status::THROTTLED,
        };
        let _ = self.lane.answered(Time::from_nanoseconds(self.now), *ticket, status, &mut ());
    }

    fn cancel(
        &mut self,
        what: Target,
        matches: impl Fn(usize, &super::lane::Message) -> bool,
    ) -> Result<(), String> {
        let wanted = self.reference.cancel(self.now, matches);
        let found = self.lane.cancel(Time::from_nanoseconds(self.now), what, &mut ());
        if found == wanted {
            Ok(())
        } else {
            Err(format!("{what:?}: {found} withdrawn, expected {wanted}"))
        }
    }
}

/// The fluid clock of a world.
pub(crate) fn fluid(world: &World) -> Rule {
    Rule::Wfq(Fluid::new(world.quota.rate()))
}

fn config(world: &World) -> LaneConfig {
    LaneConfig {
        quota: Some(quota(world.quota)),
        admission: None,
        retry: RetryPolicy {
            temporary: rule(world.temporary),
            throttled: rule(world.throttled),
            unknown: world
                .unknown
                .map_or(UnknownOutcome::GiveUp, |retry| UnknownOutcome::Resubmit(rule(retry))),
            by_status: RetryPolicy::NO_STATUS_RULES,
        },
        backpressure: apportion::scheduler::Backpressure::default(),
        response_timeout: Span::from_nanoseconds(world.response_timeout),
        receipt_timeout: Span::from_seconds(1),
        tenant_sets: world.sets.iter().copied().map(millionths).collect(),
        classes: world.classes.iter().copied().map(millionths).collect(),
        salt: world.salt,
    }
}

fn rule(retry: Retry) -> RetryRule {
    RetryRule {
        attempts: retry.attempts as u32,
        first_wait: Span::from_nanoseconds(retry.wait),
        growth_permille: 1000,
        longest_wait: Span::MAX,
        jitter_permille: 0,
        place: if retry.to_head { RequeuePlace::Head } else { RequeuePlace::Tail },
    }
}

fn spec(world: &World, weight: Ratio, set: u64) -> TenantSpec {
    let set = (!world.sets.is_empty()).then_some(TenantSetId(set as u32));
    TenantSpec { set, weight: millionths(weight) }
}

fn millionths(weight: Ratio) -> Weight {
    let millionths = (weight * Ratio::from(1_000_000)).ceil() as u64;
    Weight::from_millionths(millionths).expect("a valid weight")
}

fn rate(limit: Limit) -> Rate {
    Rate::new(limit.segments, Span::from_nanoseconds(limit.per)).expect("a valid rate")
}

fn quota(limit: Limit) -> Quota {
    Quota { rate: rate(limit), burst: limit.burst }
}
