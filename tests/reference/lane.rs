//! A lane as plain as can be, around the reference rules: pacing by the generic cell rate algorithm
//! in rationals, caps, windows, expiry, retry. Nothing is imported from the code under test.

use super::order::{Choice, First};
use super::rational::Ratio;
use super::scheduler::{Head, Path, Reference, Rule, State, flow_of};
use std::collections::BTreeMap;

/// Segments per nanoseconds, and the burst.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    pub(crate) segments: u64,
    pub(crate) per: u64,
    pub(crate) burst: u64,
}

impl Limit {
    pub(crate) fn rate(self) -> Ratio {
        Ratio::new(self.segments.into(), self.per.into())
    }
}

/// What a lane is built from.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) salt: u64,
    /// Weights of the tenant sets; empty for no such level.
    pub(crate) sets: Vec<Ratio>,
    /// Weights of the classes; one for no such level.
    pub(crate) classes: Vec<Ratio>,
    /// Weight of each tenant, and its set.
    pub(crate) tenants: Vec<(Ratio, u64)>,
    pub(crate) quota: Limit,
    pub(crate) throttled: Retry,
    pub(crate) temporary: Retry,
    /// After an unknown outcome; `None` to give up.
    pub(crate) unknown: Option<Retry>,
    pub(crate) response_timeout: u64,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Retry {
    pub(crate) attempts: usize,
    pub(crate) wait: u64,
    pub(crate) to_head: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Answer {
    Accepted,
    Permanent,
    Temporary,
    Throttled,
}

/// What is decided now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Decision {
    Send { message: usize },
    NotUntil(u64),
    NoSession,
    Idle,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    Queued,
    Parked { due: u64, to_head: bool },
    InFlight { since: u64, session: usize },
    Gone,
}

#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) queue: Path,
    pub(crate) tenant: usize,
    pub(crate) sender: u64,
    segments: u64,
    expires: u64,
    sequence: u64,
    arrived: u64,
    start: Ratio,
    finish: Ratio,
    attempts: usize,
    unknown: Vec<usize>,
    /// A receipt told that the handset has it.
    delivered: bool,
    place: Place,
}

#[derive(Clone, Copy, Default, Debug)]
struct Session {
    window: Option<usize>,
}

/// A limit and its theoretical arrival time, in nanoseconds.
#[derive(Clone, Copy, Debug)]
struct Gcra {
    limit: Limit,
    arrival: Ratio,
}

impl Gcra {
    fn earliest(&self) -> u64 {
        let tolerance = Ratio::from(self.limit.burst - 1) / self.limit.rate();
        u64::try_from((self.arrival - tolerance).ceil().max(0)).expect("within the trace")
    }

    fn charge(&mut self, now: u64, segments: u64) {
        self.arrival = self.arrival.max(now.into()) + Ratio::from(segments) / self.limit.rate();
    }

    /// What was sent ahead of the old rate stays owed, in segments.
    fn change(&mut self, now: u64, limit: Limit) {
        let owed = (self.arrival - now.into()).max(Ratio::ZERO) * self.limit.rate();
        *self = Gcra { limit, arrival: Ratio::from(now) + owed / limit.rate() };
    }
}

#[derive(Debug)]
pub(crate) struct ReferenceLane {
    world: World,
    pub(crate) order: Reference,
    quota: Gcra,
    caps: BTreeMap<u64, Gcra>,
    sessions: Vec<Session>,
    turn: usize,
    pub(crate) messages: Vec<Message>,
    /// Messages that wait in each queue, by their place in the order of arrival.
    queues: BTreeMap<Path, BTreeMap<u64, usize>>,
    next_sequence: u64,
    /// The queues of all senders, in the order in which they were first used.
    created: Vec<Path>,
    /// What the order was last told that each flow sends next.
    firsts: BTreeMap<Path, First>,
}

impl ReferenceLane {
    pub(crate) fn new(world: &World, rule: Rule) -> Self {
        ReferenceLane {
            order: Reference::new(rule, world.salt),
            quota: Gcra { limit: world.quota, arrival: Ratio::ZERO },
            caps: BTreeMap::new(),
            sessions: vec![Session::default(); 2],
            turn: 0,
            messages: Vec::new(),
            queues: BTreeMap::new(),
            next_sequence: 0,
            created: Vec::new(),
            firsts: BTreeMap::new(),
            world: world.clone(),
        }
    }

    pub(crate) fn submit(
        &mut self,
        now: u64,
        (tenant, class, sender): (usize, usize, u64),
        segments: u64,
        expires: u64,
    ) {
        let (weight, set) = self.world.tenants[tenant];
        let mut queue = Vec::new();
        if let Some(set_weight) = self.world.sets.get(set as usize) {
            queue.push((0, set));
            self.order.add(now, &queue, *set_weight);
        }
        queue.push((1, tenant as u64));
        self.order.add(now, &queue, weight);
        if self.world.classes.len() > 1 {
            queue.push((2, class as u64));
            self.order.add(now, &queue, self.world.classes[class]);
        }
        queue.push((3, sender));
        self.order.add(now, &queue, Ratio::from(1));
        if !self.created.contains(&queue) {
            self.created.push(queue.clone());
        }
        self.next_sequence += 1;
        let (start, finish) = self.order.stamp(now, &queue, segments);
        self.messages.push(Message {
            arrived: now,
            start,
            finish,
            sequence: self.next_sequence,
            place: Place::Gone,
            attempts: 0,
            unknown: Vec::new(),
            delivered: false,
            queue,
            tenant,
            sender,
            segments,
            expires,
        });
        if let Rule::Other(order) = &mut self.order.rule {
            let queue = &self.messages[self.messages.len() - 1].queue;
            order.sent_by_tenant(now, &flow_of(order.unit(), queue));
        }
        self.put(now, self.messages.len() - 1, Place::Queued);
    }

    /// Does what is due, in the order of the contract: time-outs, retries, expiry, caps.
    pub(crate) fn decide(&mut self, now: u64) -> Decision {
        let mut overdue: Vec<(u64, usize)> = Vec::new();
        for (index, message) in self.messages.iter().enumerate() {
            if let Place::InFlight { since, .. } = message.place
                && since + self.world.response_timeout <= now
            {
                overdue.push((since, index));
            }
        }
        for (_, index) in overdue {
            self.give_up(now, index);
        }
        while let Some((_, _, index)) = self.first_parked(now) {
            self.unpark(now, index);
        }
        let is_over = |lane: &Self, index: &usize| lane.messages[*index].expires <= now;
        // The earliest first: what is left in between divides what there is.
        let earliest = |lane: &Self| {
            let over = lane.heads().filter(|index| is_over(lane, index));
            over.min_by_key(|index| {
                let Message { expires, queue, .. } = &lane.messages[*index];
                (*expires, lane.created.iter().position(|created| created == queue))
            })
        };
        while let Some(index) = earliest(self) {
            self.put(now, index, Place::Gone);
        }
        self.release_the_held(now);

        let heads = self.ready_heads();
        if heads.is_empty() {
            if let Rule::Other(order) = &mut self.order.rule {
                order.idle(now);
            }
            return Decision::Idle;
        }
        let queue = match self.order.pick(now, &heads) {
            Choice::Flow(queue) => queue,
            Choice::NotUntil(time) => return Decision::NotUntil(time),
        };
        if self.free_session().is_none() {
            return Decision::NoSession;
        }
        if self.quota.earliest() > now {
            return Decision::NotUntil(self.quota.earliest());
        }
        let message = *self.queues[&queue].values().next().expect("what is picked has a head");
        Decision::Send { message }
    }

    /// Sends the head of a queue; returns the message, its attempt and the session.
    pub(crate) fn send(&mut self, now: u64, index: usize) -> (usize, usize) {
        let session = self.free_session().expect("checked by decide()");
        self.turn = (session + 1) % self.sessions.len();
        let Message { queue, segments, sender, .. } = self.messages[index].clone();
        self.messages[index].attempts += 1;
        self.quota.charge(now, segments);
        self.order.serve(&queue, segments);
        // The order is told of the service, and of the next, before a cap may hold the queue back.
        let sent = self.first(index);
        self.queues.get_mut(&queue).expect("it waits there").retain(|_, other| *other != index);
        let next = self.ready_firsts();
        if let Rule::Other(order) = &mut self.order.rule {
            let flow = flow_of(order.unit(), &queue);
            order.serve(now, &flow, &sent, next.get(&flow).cloned());
            match next.get(&flow) {
                Some(first) => self.firsts.insert(flow, first.clone()),
                None => self.firsts.remove(&flow),
            };
        }
        if let Some(cap) = self.caps.get_mut(&sender) {
            cap.charge(now, segments);
        }
        self.put(now, index, Place::InFlight { since: now, session });
        (self.messages[index].attempts, session)
    }

    pub(crate) fn answer(&mut self, now: u64, index: usize, attempt: usize, answer: Answer) {
        let message = &mut self.messages[index];
        let in_time =
            matches!(message.place, Place::InFlight { .. }) && message.attempts == attempt;
        if in_time {
            let (queue, segments) = (message.queue.clone(), message.segments);
            let retry = match answer {
                Answer::Throttled => Some(self.world.throttled),
                Answer::Temporary => Some(self.world.temporary),
                Answer::Accepted | Answer::Permanent => None,
            };
            if answer == Answer::Throttled {
                self.order.refund(&queue, segments);
            }
            let used = if answer == Answer::Throttled { 0 } else { segments };
            self.completed(now, index, used);
            self.park_or_end(now, index, retry);
        } else if let Some(at) = message.unknown.iter().position(|given_up| *given_up == attempt) {
            message.unknown.remove(at);
            if answer == Answer::Accepted {
                self.no_longer_needed(now, index);
            }
        }
    }

    /// The handset has a message, by whichever attempt.
    pub(crate) fn receipt(&mut self, now: u64, index: usize) {
        self.messages[index].delivered = true;
        self.no_longer_needed(now, index);
    }

    pub(crate) fn session(&mut self, now: u64, session: usize, window: Option<usize>) {
        self.sessions[session].window = window;
        if window.is_none() {
            for index in 0..self.messages.len() {
                if matches!(self.messages[index].place, Place::InFlight { session: s, .. } if s == session)
                {
                    self.give_up(now, index);
                }
            }
        }
    }

    /// Withdraws what waits and matches.
    pub(crate) fn cancel(&mut self, now: u64, matches: impl Fn(usize, &Message) -> bool) -> u64 {
        let mut withdrawn = 0;
        for index in 0..self.messages.len() {
            let message = &self.messages[index];
            let waits = matches!(message.place, Place::Queued | Place::Parked { .. });
            if waits && matches(index, message) {
                self.put(now, index, Place::Gone);
                withdrawn += 1;
            }
        }
        withdrawn
    }

    pub(crate) fn set_weight(&mut self, now: u64, tenant: usize, weight: Ratio) {
        self.world.tenants[tenant].0 = weight;
        if let Rule::Wfq(fluid) | Rule::Wf2q(fluid) = &mut self.order.rule {
            fluid.advance(now);
        }
        let path = self.tenant_path(tenant);
        self.order.reweigh(now, &path, weight);
    }

    pub(crate) fn set_quota(&mut self, now: u64, limit: Limit) {
        self.quota.change(now, limit);
        match &mut self.order.rule {
            Rule::Wfq(fluid) | Rule::Wf2q(fluid) => {
                fluid.advance(now);
                fluid.rate = limit.rate();
            }
            Rule::VirtualClock(clocks) => clocks.rate = limit.rate(),
            Rule::Other(order) => order.set_rate(now, limit.rate()),
            Rule::Scoring | Rule::Fifo => {}
        }
    }

    pub(crate) fn set_cap(&mut self, now: u64, sender: u64, limit: Option<Limit>) {
        match (self.caps.get_mut(&sender), limit) {
            (Some(cap), Some(limit)) => cap.change(now, limit),
            (None, Some(limit)) => {
                self.caps.insert(sender, Gcra { limit, arrival: Ratio::ZERO });
            }
            (_, None) => {
                self.caps.remove(&sender);
            }
        }
        self.release(now, sender);
        self.refresh(now);
    }

    /// Forgets a tenant; `false` when it has messages that wait or are unanswered.
    pub(crate) fn detach(&mut self, now: u64, tenant: usize) -> bool {
        if self.messages.iter().any(|m| m.tenant == tenant && m.place != Place::Gone) {
            return false;
        }
        if let Rule::Wfq(fluid) | Rule::Wf2q(fluid) = &mut self.order.rule {
            fluid.advance(now);
        }
        let path = self.tenant_path(tenant);
        self.queues.retain(|queue, _| !queue.starts_with(&path));
        self.created.retain(|queue| !queue.starts_with(&path));
        self.order.remove(now, &path);
        true
    }

    fn tenant_path(&self, tenant: usize) -> Path {
        let (_, set) = self.world.tenants[tenant];
        let mut path = Vec::new();
        if !self.world.sets.is_empty() {
            path.push((0, set));
        }
        path.push((1, tenant as u64));
        path
    }

    fn first_parked(&self, now: u64) -> Option<(u64, u64, usize)> {
        let due = |(index, message): (usize, &Message)| match message.place {
            Place::Parked { due, .. } if due <= now => Some((due, message.sequence, index)),
            _ => None,
        };
        self.messages.iter().enumerate().filter_map(due).min()
    }

    fn unpark(&mut self, now: u64, index: usize) {
        let Place::Parked { to_head, .. } = self.messages[index].place else {
            unreachable!("only what is parked comes back");
        };
        if self.messages[index].expires <= now {
            return self.put(now, index, Place::Gone);
        }
        if !to_head {
            self.next_sequence += 1;
            self.messages[index].sequence = self.next_sequence;
        }
        let Message { queue, segments, .. } = self.messages[index].clone();
        let (start, finish) = self.order.stamp(now, &queue, segments);
        let message = &mut self.messages[index];
        (message.arrived, message.start, message.finish) = (now, start, finish);
        self.put(now, index, Place::Queued);
    }

    fn give_up(&mut self, now: u64, index: usize) {
        let attempt = self.messages[index].attempts;
        self.messages[index].unknown.push(attempt);
        self.completed(now, index, self.messages[index].segments);
        self.park_or_end(now, index, self.world.unknown);
    }

    fn park_or_end(&mut self, now: u64, index: usize, retry: Option<Retry>) {
        let message = &self.messages[index];
        let again = |retry: &Retry| message.attempts < retry.attempts && !message.delivered;
        let place = match retry.filter(again) {
            Some(Retry { wait, to_head, .. }) => {
                Place::Parked { due: (now + wait).min(message.expires), to_head }
            }
            None => Place::Gone,
        };
        self.put(now, index, place);
    }

    fn no_longer_needed(&mut self, now: u64, index: usize) {
        if matches!(self.messages[index].place, Place::Queued | Place::Parked { .. }) {
            self.put(now, index, Place::Gone);
        }
    }

    fn free_session(&self) -> Option<usize> {
        let count = self.sessions.len();
        (0..count).map(|step| (self.turn + step) % count).find(|index| {
            let open = |m: &&Message| matches!(m.place, Place::InFlight { session, .. } if session == *index);
            let unanswered = self.messages.iter().filter(open).count();
            self.sessions[*index].window.is_some_and(|window| unanswered < window)
        })
    }

    /// Moves a message.
    fn put(&mut self, now: u64, index: usize, place: Place) {
        let message = &mut self.messages[index];
        let was_queued = message.place == Place::Queued;
        message.place = place;
        let queue = self.queues.entry(message.queue.clone()).or_default();
        queue.retain(|_, other| *other != index);
        if place == Place::Queued {
            queue.insert(message.sequence, index);
        }
        if let Rule::Other(order) = &mut self.order.rule {
            let (flow, sequence) = (flow_of(order.unit(), &message.queue), message.sequence);
            match place {
                Place::Queued => {
                    order.arrived(now, &flow, &message.queue, sequence, message.segments);
                }
                Place::InFlight { .. } => {}
                _ if was_queued => {
                    let segments = message.segments;
                    order.withdrawn(now, &flow, &message.queue, sequence, segments);
                }
                _ => {}
            }
        }
        self.refresh(now);
    }

    /// An attempt is over.
    fn completed(&mut self, now: u64, index: usize, used: u64) {
        let message = &self.messages[index];
        if let Rule::Other(order) = &mut self.order.rule {
            let flow = flow_of(order.unit(), &message.queue);
            order.completed(now, &flow, &message.queue, message.segments, used);
        }
    }

    /// A message as a rule over flows sees it.
    fn first(&self, index: usize) -> First {
        let message = &self.messages[index];
        First {
            queue: message.queue.clone(),
            sequence: message.sequence,
            segments: message.segments,
            deadline: message.expires,
            arrived: message.arrived,
        }
    }

    /// What each flow sends next, of those that may send.
    fn ready_firsts(&self) -> BTreeMap<Path, First> {
        let Rule::Other(order) = &self.order.rule else { return BTreeMap::new() };
        let mut firsts: BTreeMap<Path, First> = BTreeMap::new();
        for index in self.heads() {
            if self.order.nodes[&self.messages[index].queue].state == State::Ready {
                let first = self.first(index);
                let flow = flow_of(order.unit(), &first.queue);
                let earlier = firsts.get(&flow).is_some_and(|f| f.sequence < first.sequence);
                if !earlier {
                    firsts.insert(flow, first);
                }
            }
        }
        firsts
    }

    /// Lets the senders go whose caps are over, in the order in which they are.
    fn release_the_held(&mut self, now: u64) {
        let held = |sender: &u64| {
            self.queues.keys().any(|queue| {
                queue.last().is_some_and(|(_, own)| own == sender)
                    && self.order.nodes[queue].state == State::Held
            })
        };
        let over = |(sender, cap): (&u64, &Gcra)| {
            (cap.earliest() <= now && held(sender)).then(|| (cap.earliest(), *sender))
        };
        let mut due: Vec<(u64, u64)> = self.caps.iter().filter_map(over).collect();
        due.sort_unstable();
        for (_, sender) in due {
            self.release(now, sender);
        }
    }

    /// Queues of a sender that its cap no longer holds may be served.
    fn release(&mut self, now: u64, sender: u64) {
        if self.caps.get(&sender).is_some_and(|cap| cap.earliest() > now) {
            return;
        }
        let of_sender = |queue: &&Path| queue.last().is_some_and(|(_, own)| *own == sender);
        let queues: Vec<Path> = self.created.iter().filter(of_sender).cloned().collect();
        for queue in queues {
            if self.order.nodes[&queue].state == State::Held {
                self.order.move_to(now, &queue, State::Ready);
                self.refresh(now);
            }
        }
    }

    /// The first message of each queue that has one.
    fn heads(&self) -> impl Iterator<Item = usize> {
        self.queues.values().filter_map(|queue| queue.values().next().copied())
    }

    fn ready_heads(&self) -> Vec<Head> {
        let heads = self.heads().map(|index| &self.messages[index]);
        heads
            .filter(|message| self.order.nodes[&message.queue].state == State::Ready)
            .map(|message| Head {
                queue: message.queue.clone(),
                sequence: message.sequence,
                start: message.start,
                finish: message.finish,
            })
            .collect()
    }

    pub(crate) fn tenant(&self, tenant: usize) -> (Ratio, u64) {
        self.world.tenants[tenant]
    }

    /// Whether a message is the head of a queue that may be served.
    pub(crate) fn is_head(&self, index: usize) -> bool {
        self.ready_heads().iter().any(|head| head.sequence == self.messages[index].sequence)
    }

    /// Whether more than one queue may be served.
    pub(crate) fn contested(&self) -> bool {
        self.ready_heads().len() > 1
    }

    /// Whether one message may go instead of another where tags are known to within `tolerance`.
    pub(crate) fn is_near(&self, now: u64, sent: usize, chosen: usize, tolerance: Ratio) -> bool {
        match &self.order.rule {
            Rule::Other(order) => {
                let flow = |index: usize| flow_of(order.unit(), &self.messages[index].queue);
                order.is_near(now, &flow(chosen), &flow(sent), tolerance)
            }
            _ => self.distance(sent, chosen) < tolerance,
        }
    }

    /// How far apart two messages are in the order of this rule.
    fn distance(&self, a: usize, b: usize) -> Ratio {
        let (a, b) = (&self.messages[a], &self.messages[b]);
        match &self.order.rule {
            Rule::Wfq(_) | Rule::VirtualClock(_) => (a.finish - b.finish).abs(),
            Rule::Wf2q(fluid) => {
                let start = |message: &Message| (message.start - fluid.virtual_time).abs();
                (a.finish - b.finish).abs().min(start(a)).min(start(b))
            }
            Rule::Other(_) => unreachable!("asked by is_near()"),
            Rule::Fifo => Ratio::from(a.sequence.abs_diff(b.sequence)),
            Rule::Scoring => {
                let fork = a.queue.iter().zip(&b.queue).take_while(|(a, b)| a == b).count() + 1;
                let start = |queue: &Path| {
                    queue.get(..fork).map_or(Ratio::ZERO, |path| self.order.nodes[path].start)
                };
                (start(&a.queue) - start(&b.queue)).abs()
            }
        }
    }

    /// Tells the order which queues may be served, after anything changed. Who is held stays so until
    /// it is released. A cap holds the queues of its sender back one after the other, in the order in which
    /// they were first used, as it releases them: meanwhile those that are left divide what there is.
    fn refresh(&mut self, now: u64) {
        for queue in self.created.clone() {
            let messages = self.queues.get(&queue);
            let queue = &queue;
            let sender = queue.last().expect("a queue is below the root").1;
            let is_held = || self.caps.get(&sender).is_some_and(|cap| cap.earliest() > now);
            let before = self.order.nodes[queue].state;
            let state = match messages.is_none_or(BTreeMap::is_empty) {
                true => State::Idle,
                false if before == State::Held || is_held() => State::Held,
                false => State::Ready,
            };
            if before != state {
                self.order.move_to(now, queue, state);
                let firsts = self.ready_firsts();
                self.order.set_firsts(now, &firsts, &mut self.firsts);
            }
        }
        let firsts = self.ready_firsts();
        self.order.set_firsts(now, &firsts, &mut self.firsts);
    }
}
