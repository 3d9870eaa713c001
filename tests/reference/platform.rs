//! Rules of today's platforms, from their documents.
//!
//! - Amazon SQS fair queues: quiet tenants first, by arrival; then the noisy one with the fewest in flight.
//!   Noisy: over a tenth of what is in flight and at least 30, or over a tenth of the processing time of
//!   this and the last minute; until drained, or silent for five minutes and neither of these any more.
//! - mClock (Gulati, Merchant, Varman 2010): the earliest reservation tag that is due; else the least tag by
//!   weight among those under their limit. The limit by what was sent; the other tags by what was used.
//! - Kubernetes API Priority and Fairness: each message into the emptiest shard of the tenant's hand; the
//!   least virtual finish; corrected by what was used.

use super::order::{Choice, First, Order, Terms};
use super::rational::Ratio;
use super::scheduler::Path;
use std::collections::BTreeMap;

/// In flight, waiting and the history of a tenant: (time, in flight from then on).
#[derive(Clone, Debug, Default)]
struct Tenant {
    history: Vec<(u64, u64)>,
    waiting: u64,
    last_sent: u64,
    is_noisy: bool,
    first: Option<First>,
}

#[derive(Debug)]
pub(crate) struct Sqs {
    tenants: BTreeMap<Path, Tenant>,
    all: Vec<(u64, u64)>,
    many: u64,
    minute: u64,
    silence: u64,
}

fn in_flight(history: &[(u64, u64)]) -> u64 {
    history.last().map_or(0, |(_, count)| *count)
}

/// Message-nanoseconds from the beginning of the minute before this until now.
fn recent(history: &[(u64, u64)], now: u64, minute: u64) -> u128 {
    let begin = (now / minute).saturating_sub(1) * minute;
    let ends = history.iter().skip(1).map(|(time, _)| *time).chain([now]);
    let spans = history.iter().zip(ends).map(|((from, count), to)| {
        u128::from(*count) * u128::from(to.max(begin) - (*from).max(begin))
    });
    spans.sum()
}

type History = [(u64, u64)];

fn takes_much(own: &History, all: &History, now: u64, minute: u64, many: u64) -> bool {
    let has_many = in_flight(own) >= many && 10 * in_flight(own) > in_flight(all);
    has_many || 10 * recent(own, now, minute) > recent(all, now, minute)
}

impl Sqs {
    pub(crate) fn new(many: u64, minute: u64, silence: u64) -> Self {
        Sqs { tenants: BTreeMap::new(), all: Vec::new(), many, minute, silence }
    }

    fn tenant(&mut self, path: &Path) -> &mut Tenant {
        self.tenants.get_mut(path).expect("the tenant exists")
    }

    fn drained(&mut self, path: &Path) {
        let tenant = self.tenant(path);
        tenant.waiting -= 1;
        tenant.is_noisy &= tenant.waiting > 0;
    }

    fn judge(&mut self, now: u64, path: &Path, change: i64) {
        let minute = self.minute;
        let count = |history: &[(u64, u64)]| in_flight(history).saturating_add_signed(change);
        let entry = (now, count(&self.all));
        self.all.push(entry);
        let tenant = self.tenant(path);
        let entry = (now, count(&tenant.history));
        tenant.history.push(entry);
        let takes_much = takes_much(&self.tenants[path].history, &self.all, now, minute, self.many);
        let tenant = self.tenant(path);
        tenant.is_noisy = tenant.waiting > 0 && (tenant.is_noisy || takes_much);
    }
}

impl Order for Sqs {
    fn add(&mut self, _: u64, path: &Path, _: Terms) {
        self.tenants.insert(path.clone(), Tenant::default());
    }

    fn remove(&mut self, _: u64, path: &Path) {
        self.tenants.remove(path);
    }

    fn reweigh(&mut self, _: u64, _: &Path, _: Terms) {}

    fn arrived(&mut self, _: u64, flow: &Path, _: &Path, _: u64, _: u64) {
        self.tenant(flow).waiting += 1;
    }

    fn sent_by_tenant(&mut self, now: u64, flow: &Path) {
        self.tenant(flow).last_sent = now;
    }

    fn withdrawn(&mut self, _: u64, flow: &Path, _: &Path, _: u64, _: u64) {
        self.drained(flow);
    }

    fn set_first(&mut self, _: u64, flow: &Path, first: Option<First>) {
        self.tenant(flow).first = first;
    }

    fn pick(&mut self, now: u64) -> Choice {
        for tenant in self.tenants.values_mut() {
            let is_silent = now >= tenant.last_sent + self.silence;
            let takes_much = || takes_much(&tenant.history, &self.all, now, self.minute, self.many);
            tenant.is_noisy &= !is_silent || takes_much();
        }
        let rank = |tenant: &Tenant| {
            let first = tenant.first.as_ref().expect("it is awake").sequence;
            let count = if tenant.is_noisy { in_flight(&tenant.history) } else { 0 };
            (tenant.is_noisy, count, first)
        };
        let awake = self.tenants.iter().filter(|(_, tenant)| tenant.first.is_some());
        let least = awake.min_by_key(|(_, tenant)| rank(tenant)).expect("something is awake");
        Choice::Flow(least.0.clone())
    }

    fn queue_of(&self, flow: &Path) -> Path {
        self.tenants[flow].first.as_ref().expect("it is awake").queue.clone()
    }

    fn serve(&mut self, now: u64, flow: &Path, _: &First, next: Option<First>) {
        self.tenant(flow).first = next;
        self.drained(flow);
        self.judge(now, flow, 1);
    }

    fn completed(&mut self, now: u64, flow: &Path, _: &Path, _: u64, _: u64) {
        self.judge(now, flow, -1);
    }
}

/// What a tenant is promised, as a function of its place in the keyed order: reservation and limit in
/// segments a nanosecond.
pub(crate) fn bounds_of(tie: u64, per: u64) -> (Option<Ratio>, Option<Ratio>) {
    let rate = |bits: u64| Ratio::new((1 + bits % 3).into(), (2 * per).into());
    let reservation = (tie & 1 == 1).then(|| rate(tie >> 8));
    let limit = (tie & 2 == 2).then(|| rate(tie >> 16) + rate(tie >> 24));
    (reservation, limit)
}

#[derive(Clone, Debug)]
struct Client {
    weight: Ratio,
    tie: u64,
    /// Tag by weight; of the reservation, and until when the limit is used up: in nanoseconds.
    tag: Ratio,
    reserved: Option<(Ratio, Ratio)>,
    limited: Option<(Ratio, Ratio)>,
    first: Option<First>,
    /// Attempts: size, and whether the reservation paid.
    sent: Vec<(u64, bool)>,
}

impl Client {
    fn due(&self) -> Option<u64> {
        let (_, paid) = self.reserved?;
        Some(paid.max(self.first.as_ref()?.arrived.into()).ceil() as u64)
    }
}

#[derive(Debug)]
pub(crate) struct Mclock {
    clients: BTreeMap<Path, Client>,
    per: u64,
}

impl Mclock {
    pub(crate) fn new(per: u64) -> Self {
        Mclock { clients: BTreeMap::new(), per }
    }

    fn client(&mut self, path: &Path) -> &mut Client {
        self.clients.get_mut(path).expect("the client exists")
    }

    fn awake(&self) -> impl Iterator<Item = (&Path, &Client)> {
        self.clients.iter().filter(|(_, client)| client.first.is_some())
    }
}

impl Order for Mclock {
    fn add(&mut self, now: u64, path: &Path, terms: Terms) {
        let (reservation, limit) = bounds_of(terms.tie, self.per);
        let client = Client {
            weight: terms.product,
            tie: terms.tie,
            tag: Ratio::ZERO,
            reserved: reservation.map(|rate| (rate, now.into())),
            limited: limit.map(|rate| (rate, Ratio::ZERO)),
            first: None,
            sent: Vec::new(),
        };
        self.clients.insert(path.clone(), client);
    }

    fn remove(&mut self, _: u64, path: &Path) {
        self.clients.remove(path);
    }

    fn reweigh(&mut self, _: u64, path: &Path, terms: Terms) {
        self.client(path).weight = terms.product;
    }

    fn set_first(&mut self, _: u64, path: &Path, first: Option<First>) {
        let least = self.awake().map(|(_, client)| client.tag).min();
        let client = self.client(path);
        if client.first.is_none() && first.is_some() {
            client.tag = client.tag.max(least.unwrap_or(client.tag));
        }
        client.first = first;
    }

    fn pick(&mut self, now: u64) -> Choice {
        let due = |client: &Client| client.due().filter(|due| *due <= now);
        let reserved = self.awake().filter_map(|(path, c)| due(c).map(|due| ((due, c.tie), path)));
        if let Some((_, path)) = reserved.min() {
            return Choice::Flow(path.clone());
        }
        let until = |client: &Client| client.limited.map_or(0, |(_, until)| until.ceil() as u64);
        let ready = self.awake().filter(|(_, client)| until(client) <= now);
        let rank = |client: &Client| {
            let segments = client.first.as_ref().expect("it is awake").segments;
            (client.tag + Ratio::from(segments) / client.weight, client.tie)
        };
        if let Some((path, _)) = ready.min_by_key(|(_, client)| rank(client)) {
            return Choice::Flow(path.clone());
        }
        let dues = self.awake().flat_map(|(_, client)| [client.due(), Some(until(client))]);
        Choice::NotUntil(dues.flatten().min().expect("something is awake"))
    }

    fn queue_of(&self, flow: &Path) -> Path {
        self.clients[flow].first.as_ref().expect("it is awake").queue.clone()
    }

    fn serve(&mut self, now: u64, flow: &Path, sent: &First, next: Option<First>) {
        let client = self.client(flow);
        let segments = Ratio::from(sent.segments);
        client.first = Some(sent.clone());
        let is_due = client.due().is_some_and(|due| due <= now);
        if let Some((rate, paid)) = client.reserved.as_mut().filter(|_| is_due) {
            *paid = (*paid).max(sent.arrived.into()) + segments / *rate;
        }
        if let Some((rate, until)) = &mut client.limited {
            *until = (*until).max(now.into()) + segments / *rate;
        }
        let is_reserved = is_due && client.reserved.is_some();
        client.sent.push((sent.segments, is_reserved));
        client.tag = client.tag + segments / client.weight;
        self.set_first(now, flow, next);
    }

    fn completed(&mut self, _: u64, flow: &Path, _: &Path, charged: u64, used: u64) {
        let client = self.client(flow);
        let oldest = client.sent.iter().position(|(size, _)| *size == charged);
        let (_, was_reserved) = client.sent.remove(oldest.expect("it was sent"));
        let back = Ratio::from(charged.saturating_sub(used));
        client.tag = client.tag - back / client.weight;
        if let Some((rate, paid)) = client.reserved.as_mut().filter(|_| was_reserved) {
            *paid = (*paid - back / *rate).max(Ratio::ZERO);
        }
    }
}

/// A message in a shard: its queue, its size, and R when it arrived.
type Waiting = (Path, u64, Ratio);

#[derive(Clone, Debug, Default)]
struct Shard {
    waiting: Vec<Waiting>,
    in_flight: u64,
    start: Option<Ratio>,
}

impl Shard {
    fn is_active(&self) -> bool {
        !self.waiting.is_empty() || self.in_flight > 0
    }
}

#[derive(Debug)]
pub(crate) struct Shards {
    shards: Vec<Shard>,
    hand: usize,
    ties: BTreeMap<Path, u64>,
    firsts: BTreeMap<Path, First>,
    /// Sequence and shard of what waits in each queue; shards of what each has in flight.
    waiting: BTreeMap<Path, BTreeMap<u64, usize>>,
    in_flight: BTreeMap<Path, Vec<usize>>,
    enqueued: usize,
    last: usize,
    rate: Ratio,
    since: u64,
    progress: Ratio,
    left: Ratio,
}

impl Shards {
    pub(crate) fn new(count: usize, hand: usize, rate: Ratio) -> Self {
        Shards {
            shards: vec![Shard::default(); count],
            hand,
            ties: BTreeMap::new(),
            firsts: BTreeMap::new(),
            waiting: BTreeMap::new(),
            in_flight: BTreeMap::new(),
            enqueued: 0,
            last: count - 1,
            rate,
            since: 0,
            progress: Ratio::ZERO,
            left: Ratio::ZERO,
        }
    }

    /// R grows with the work given, shared by the shards that have any.
    fn advance(&mut self, now: u64) {
        let given = (Ratio::from(now - self.since) * self.rate).min(self.left);
        self.since = now;
        self.left = self.left - given;
        let active = self.shards.iter().filter(|shard| shard.is_active()).count() as u64;
        self.progress = self.progress + given / Ratio::from(active.max(1));
    }

    /// Cards without return, by taking them out of a deck.
    fn deal(&self, mut hash: u64) -> Vec<usize> {
        let mut deck: Vec<usize> = (0..self.shards.len()).collect();
        let mut cards = Vec::new();
        while cards.len() < self.hand {
            let place = (hash % deck.len() as u64) as usize;
            hash /= deck.len() as u64;
            cards.push(deck.remove(place));
        }
        cards
    }

    /// The shard with the least finish among those that would send the head of a queue that `fits`.
    fn choose(&self, fits: impl Fn(&Path) -> bool) -> Option<(usize, Path)> {
        let count = self.shards.len();
        let order = (1..=count).map(|step| (self.last + step) % count);
        let finishes = order.enumerate().filter_map(|(place, index)| {
            let shard = &self.shards[index];
            let first = shard.waiting.iter().find_map(|(queue, ..)| self.firsts.get(queue))?;
            let start = shard.start.expect("a shard with work has a start");
            if !fits(&first.queue) {
                return None;
            }
            let finish = start + Ratio::from(first.segments);
            Some(((finish, place), (index, first.queue.clone())))
        });
        finishes.min_by_key(|(rank, _)| *rank).map(|(_, chosen)| chosen)
    }
}

impl Order for Shards {
    fn unit(&self) -> super::order::Unit {
        super::order::Unit::Queue
    }

    fn add(&mut self, _: u64, path: &Path, terms: Terms) {
        self.ties.insert(path.clone(), terms.tie);
    }

    fn remove(&mut self, _: u64, path: &Path) {
        self.ties.retain(|queue, _| !queue.starts_with(path));
        self.in_flight.retain(|queue, _| !queue.starts_with(path));
    }

    fn reweigh(&mut self, _: u64, _: &Path, _: Terms) {}

    fn set_rate(&mut self, now: u64, rate: Ratio) {
        self.advance(now);
        self.rate = rate;
    }

    fn arrived(&mut self, now: u64, _: &Path, queue: &Path, sequence: u64, segments: u64) {
        self.advance(now);
        let end = 1 + queue.iter().position(|(level, _)| *level == 1).expect("a tenant");
        let hand = self.deal(self.ties[&queue[..end]]);
        let offset = self.enqueued % self.hand;
        self.enqueued += 1;
        let work = |index: &usize| -> u64 {
            self.shards[*index].waiting.iter().map(|(_, segments, _)| segments).sum()
        };
        let order = (0..self.hand).map(|step| hand[(offset + step) % self.hand]);
        let index = order.min_by_key(work).expect("a hand has cards");
        let progress = self.progress;
        let shard = &mut self.shards[index];
        if !shard.is_active() {
            shard.start = Some(progress);
        }
        shard.waiting.push((queue.clone(), segments, progress));
        self.waiting.entry(queue.clone()).or_default().insert(sequence, index);
    }

    fn withdrawn(&mut self, now: u64, _: &Path, queue: &Path, sequence: u64, segments: u64) {
        self.advance(now);
        let index = self.waiting.get_mut(queue).and_then(|w| w.remove(&sequence)).expect("waits");
        // The last place of the queue in the shard, of this size if there is one.
        let shard = &mut self.shards[index];
        let last = |fits: &dyn Fn(u64) -> bool| {
            shard.waiting.iter().rposition(|(other, size, _)| other == queue && fits(*size))
        };
        let place = last(&|size| size == segments).or_else(|| last(&|_| true)).expect("waits");
        shard.waiting.remove(place);
    }

    fn set_first(&mut self, _: u64, flow: &Path, first: Option<First>) {
        match first {
            Some(first) => self.firsts.insert(flow.clone(), first),
            None => self.firsts.remove(flow),
        };
    }

    fn pick(&mut self, _: u64) -> Choice {
        Choice::Flow(self.choose(|_| true).expect("something is awake").1)
    }

    fn queue_of(&self, flow: &Path) -> Path {
        flow.clone()
    }

    fn serve(&mut self, now: u64, flow: &Path, sent: &First, next: Option<First>) {
        self.firsts.insert(flow.clone(), sent.clone());
        let (index, _) = self.choose(|queue| queue == flow).expect("it is awake");
        self.set_first(now, flow, next);
        self.advance(now);
        self.left = self.left + Ratio::from(sent.segments);
        let waiting = self.waiting.get_mut(flow).expect("it waits");
        let own = waiting.remove(&sent.sequence).expect("it waits");
        if own != index {
            let other = waiting.values_mut().find(|shard| **shard == index).expect("it waits");
            *other = own;
        }
        self.in_flight.entry(flow.clone()).or_default().push(index);
        self.last = index;
        let shard = &mut self.shards[index];
        let place = shard.waiting.iter().position(|(queue, ..)| queue == flow).expect("waits");
        let (_, _, arrived) = shard.waiting.remove(place);
        let start = shard.start.expect("a shard with work has a start").max(arrived);
        shard.start = Some(start + Ratio::from(sent.segments));
        shard.in_flight += 1;
    }

    fn completed(&mut self, now: u64, _: &Path, queue: &Path, charged: u64, used: u64) {
        self.advance(now);
        let index = self.in_flight.get_mut(queue).expect("it was sent").remove(0);
        let shard = &mut self.shards[index];
        let start = shard.start.expect("a shard with work has a start");
        shard.start = Some(start - Ratio::from(charged) + Ratio::from(used));
        shard.in_flight -= 1;
    }

    fn distance(&self, a: &Path, b: &Path) -> Ratio {
        let finish = |queue: &Path| {
            let shards = self.waiting[queue].values();
            let segments = Ratio::from(self.firsts[queue].segments);
            let finishes = shards.map(|index| self.shards[*index].start.expect("work") + segments);
            finishes.min().expect("it waits")
        };
        (finish(a) - finish(b)).abs()
    }
}
