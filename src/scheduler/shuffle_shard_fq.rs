//! Fair queueing over shuffle-sharded queues, as in the Kubernetes API server (Priority and Fairness).
//!
//! There is a fixed number of shards, each a first-in first-out queue. A tenant is dealt a hand of them, and
//! each of its messages joins the shard of the hand with the least work waiting; so a tenant touches few of
//! the others', and nobody keeps a state for each tenant. Among the shards it is fair queueing (Demers,
//! Keshav, Shenker): the smallest virtual finish first, looking from behind the shard served last. A shard
//! pays what a message is charged when it goes and is corrected to what it used when it is over.
//!
//! A queue's messages leave in order although they wait in different shards: the shard whose turn it is
//! sends the head of the queue that its own first message belongs to. Weights do not count. Two tenants
//! whose hands coincide share one turn: fair only between shards.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::flows::tie_of;
use super::policy::{Entropy, Entry, Hop, Ineligible, Level, Pick, Policy, Reshape, Standing};
use super::scoring::TAG_UNITS;
use super::service_clock::ServiceClock;
use crate::time::Time;
use crate::units::{QueueId, Segments};

/// Fair queueing among shards; looks at every shard for each decision, as the API server does.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct ShuffleShardFq {
    shards: Vec<Shard>,
    hand: usize,
    queues: Vec<Queue>,
    /// The virtual time R: grows at rate ÷ shards with work.
    clock: ServiceClock,
    /// Rotates where in a hand the search for the least work begins.
    enqueued: usize,
    /// The shard served last.
    last: usize,
    /// The shard that the queue picked last was picked for.
    choice: Option<(usize, QueueId)>,
}

#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
struct Shard {
    waiting: VecDeque<Waiting>,
    work: u64,
    in_flight: u64,
    /// R at which its next message begins.
    next_start: i128,
}

/// A message's place in a shard.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
struct Waiting {
    queue: QueueId,
    segments: Segments,
    /// R when it arrived.
    arrived: i128,
}

#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
struct Queue {
    hash: u64,
    head: Option<Entry>,
    /// Sequence of each message that waits, and the shard it waits in.
    waiting: VecDeque<(u64, usize)>,
    /// Shards of the attempts that are not over, oldest first.
    in_flight: VecDeque<usize>,
}

impl Shard {
    fn is_active(&self) -> bool {
        !self.waiting.is_empty() || self.in_flight > 0
    }
}

impl ShuffleShardFq {
    /// The most cards in a hand.
    pub const LARGEST_HAND: usize = 15;

    /// The policy without queues: `shards` in all, of which each tenant is dealt `hand`.
    ///
    /// # Panics
    /// When a hand has no card, more than [`Self::LARGEST_HAND`], or more than there are.
    pub fn new(shards: usize, hand: usize) -> Self {
        assert!((1..=Self::LARGEST_HAND.min(shards)).contains(&hand), "a hand of 1 to 15 shards");
        ShuffleShardFq {
            shards: alloc::vec![Shard::default(); shards],
            hand,
            queues: Vec::new(),
            clock: ServiceClock::new(None),
            enqueued: 0,
            last: shards - 1,
            choice: None,
        }
    }

    /// The hand of a hash: distinct shards, by the API server's dealer.
    pub fn deal(&self, hash: u64) -> impl Iterator<Item = usize> + use<> {
        let mut left = hash;
        let mut ranks = [0_u64; Self::LARGEST_HAND];
        for (dealt, rank) in ranks.iter_mut().enumerate().take(self.hand) {
            let remaining = (self.shards.len() - dealt) as u64;
            (*rank, left) = (left % remaining, left / remaining);
        }
        // A rank counts only the cards still in the deck: those dealt before are skipped, backwards.
        (0..self.hand).map(move |dealt| {
            let card = ranks[..dealt]
                .iter()
                .rev()
                .fold(ranks[dealt], |card, earlier| card + u64::from(card >= *earlier));
            card as usize
        })
    }

    /// The shard that is next, and the queue whose head it sends.
    fn choose(&self) -> Option<(usize, QueueId)> {
        let count = self.shards.len();
        let mut best: Option<(i128, usize, QueueId)> = None;
        for step in 1..=count {
            let index = (self.last + step) % count;
            let shard = &self.shards[index];
            let first = shard.waiting.iter().find_map(|waiting| {
                self.queues[waiting.queue.index()].head.map(|head| (waiting.queue, head))
            });
            if let Some((queue, head)) = first {
                let finish = shard.next_start + units(head.segments.0);
                if best.is_none_or(|(least, ..)| finish < least) {
                    best = Some((finish, index, queue));
                }
            }
        }
        best.map(|(_, index, queue)| (index, queue))
    }

    /// R goes on as the number of shards with work was until now, and then as it is.
    fn change<T>(&mut self, now: Time, index: usize, change: impl FnOnce(&mut Shard) -> T) -> T {
        let shard = &mut self.shards[index];
        let was_active = shard.is_active();
        let result = change(shard);
        let is_active = shard.is_active();
        if was_active != is_active {
            let active = self.clock.weights() / 1_000_000;
            let active = if is_active { active + 1 } else { active - 1 };
            self.clock.set_weights(now, active * 1_000_000);
        }
        self.choice = None;
        result
    }

    fn set_head(&mut self, queue: QueueId, head: Option<Entry>) {
        self.queues[queue.index()].head = head;
        self.choice = None;
    }
}

/// A number of segments of virtual time.
fn units(segments: u32) -> i128 {
    i128::from(segments) * i128::from(TAG_UNITS)
}

impl Policy for ShuffleShardFq {
    fn attach(&mut self, _: Time, queue: QueueId, path: &[Hop]) {
        if self.queues.len() <= queue.index() {
            self.queues.resize_with(queue.index() + 1, Queue::default);
        }
        let tenant = path.iter().position(|hop| hop.level == Level::Tenant);
        let hash = tie_of(&path[..tenant.map_or(path.len(), |at| at + 1)]);
        self.queues[queue.index()] = Queue { hash, ..Queue::default() };
    }

    fn detach(&mut self, _: Time, _: QueueId) {}

    fn enqueued(&mut self, now: Time, queue: QueueId, entry: Entry) {
        self.clock.advance(now);
        let hash = self.queues[queue.index()].hash;
        let mut hand = [0; Self::LARGEST_HAND];
        for (card, dealt) in hand.iter_mut().zip(self.deal(hash)) {
            *card = dealt;
        }
        let offset = self.enqueued % self.hand;
        self.enqueued = self.enqueued.wrapping_add(1);
        let order = (0..self.hand).map(|step| hand[(offset + step) % self.hand]);
        let index = order.min_by_key(|card| self.shards[*card].work).expect("a hand has cards");

        let arrived = self.clock.value();
        self.change(now, index, |shard| {
            if !shard.is_active() {
                shard.next_start = arrived;
            }
            shard.work += entry.segments.get();
            shard.waiting.push_back(Waiting { queue, segments: entry.segments, arrived });
        });
        let waiting = &mut self.queues[queue.index()].waiting;
        let place = waiting.partition_point(|(sequence, _)| *sequence < entry.sequence);
        waiting.insert(place, (entry.sequence, index));
    }

    fn withdrawn(&mut self, now: Time, queue: QueueId, entry: Entry) {
        let waiting = &mut self.queues[queue.index()].waiting;
        let place = waiting.partition_point(|(sequence, _)| *sequence < entry.sequence);
        let Some((_, index)) = waiting.remove(place) else { return };
        self.change(now, index, |shard| {
            // Places of one queue in one shard are as good as each other but for their size.
            let of_queue = |waiting: &Waiting| waiting.queue == queue;
            let alike = |waiting: &Waiting| of_queue(waiting) && waiting.segments == entry.segments;
            let place = shard.waiting.iter().rposition(alike);
            let place = place.or_else(|| shard.waiting.iter().rposition(of_queue));
            let gone = shard.waiting.remove(place.expect("a message waits in its shard"));
            shard.work -= gone.expect("found above").segments.get();
        });
    }

    fn eligible(&mut self, _: Time, queue: QueueId, head: Entry) {
        self.set_head(queue, Some(head));
    }

    fn ineligible(&mut self, _: Time, queue: QueueId, _: Ineligible) {
        self.set_head(queue, None);
    }

    fn pick(&mut self, _: Time, _: Entropy<'_>) -> Pick {
        if self.choice.is_none() {
            self.choice = self.choose();
        }
        self.choice.map_or(Pick::Idle, |(_, queue)| Pick::Queue(queue))
    }

    fn dispatched(&mut self, now: Time, queue: QueueId, sent: Entry, next: Option<Entry>) {
        let chosen = self.choice.or_else(|| self.choose());
        let own = &mut self.queues[queue.index()];
        let (_, own_shard) = own.waiting.pop_front().expect("a head waits in some shard");
        let index = match chosen {
            Some((index, picked)) if picked == queue => index,
            _ => own_shard,
        };
        // The head takes the place of the queue's first message in the shard, and that one the head's.
        if index != own_shard {
            let swapped = own.waiting.iter_mut().find(|(_, shard)| *shard == index);
            swapped.expect("the shard has a message of this queue").1 = own_shard;
        }
        own.in_flight.push_back(index);
        own.head = next;
        self.last = index;
        self.clock.add(now, sent.segments);
        self.change(now, index, |shard| {
            let place = shard.waiting.iter().position(|waiting| waiting.queue == queue);
            let place = place.expect("the shard has a message of this queue");
            let gone = shard.waiting.remove(place).expect("found above");
            shard.work -= gone.segments.get();
            // What was not used while nothing waited here is lost.
            shard.next_start = shard.next_start.max(gone.arrived) + units(sent.segments.0);
            shard.in_flight += 1;
        });
    }

    fn completed(&mut self, now: Time, queue: QueueId, charged: Segments, used: Segments) {
        let Some(index) = self.queues[queue.index()].in_flight.pop_front() else { return };
        self.change(now, index, |shard| {
            shard.next_start += units(used.0) - units(charged.0);
            shard.in_flight -= 1;
        });
    }

    fn reshape(&mut self, now: Time, change: Reshape) {
        if let Reshape::Rate(rate) = change {
            self.clock.set_rate(now, rate);
        }
    }

    fn explain(&self, _: QueueId) -> Option<Standing> {
        None
    }
}
