//! Weighted fair queueing, also known as PGPS: messages leave in the order in which the fluid
//! division (GPS) would finish them, as stamped at arrival.
//!
//! Demers, Keshav and Shenker (SIGCOMM 1989); Parekh and Gallager (ToN 1993), whose notation this is:
//! the virtual time V grows at r ÷ Σφ over the flows that the *fluid* system still has work of; a
//! message of length L that arrives at time a has the start tag S = max(V(a), F of the flow's previous
//! message) and the finish tag F = S + L ÷ φ.
//!
//! A message that comes back for another attempt is stamped anew, and nothing is given back for
//! attempts that used no slot of the carrier: a stamp at arrival cannot be taken back.
//!
//! The fluid clock keeps its remainder in units of service, so V is exact to one unit of tag at every
//! arrival, however long the run.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::flows::{FlowId, Flows};
use super::heap::IndexedHeap;
use super::policy::{Entropy, Entry, Hop, Ineligible, NodeId, Pick, Policy, Reshape, Standing};
use crate::time::Time;
use crate::units::{QueueId, Rate, Segments, mix};

/// Tag units of one segment at a weight of one millionth: the least common multiple of 1 to 16, times
/// 2⁶ and a million. Smaller than in the scoring policy because the clock multiplies it by a rate.
const UNITS_PER_MILLIONTH: u128 = 720_720 * 64 * 1_000_000;

/// The order of the fluid division's finish times.
#[derive(Clone, Debug)]
pub struct Wfq {
    clock: FluidClock,
    flows: Flows,
    /// Finish tag of each flow's last message.
    last_finish: Vec<u128>,
    queues: Vec<Stamps>,
    heads: IndexedHeap<(u128, u64)>,
}

/// The finish tags of one queue's messages, by their place in the order of arrival.
#[derive(Clone, Debug, Default)]
struct Stamps {
    tags: VecDeque<(u64, u128)>,
    tie: u64,
}

impl Wfq {
    /// The policy without queues, on a fluid clock of `rate`.
    pub fn new(rate: Rate) -> Self {
        Wfq {
            clock: FluidClock::new(rate),
            flows: Flows::default(),
            last_finish: Vec::new(),
            queues: Vec::new(),
            heads: IndexedHeap::default(),
        }
    }

    fn show_head(&mut self, queue: QueueId, sequence: u64) {
        let stamps = &self.queues[queue.index()];
        let (_, finish) = stamps.tags.front().expect("the head of a queue was stamped");
        debug_assert_eq!(stamps.tags.front().map(|(first, _)| *first), Some(sequence));
        self.heads.set(queue.0, (*finish, stamps.tie));
    }
}

impl Policy for Wfq {
    fn attach(&mut self, _: Time, queue: QueueId, path: &[Hop]) {
        let (flow, is_new) = self.flows.attach(queue, path);
        if self.last_finish.len() <= flow as usize {
            self.last_finish.resize(flow as usize + 1, 0);
        }
        if is_new {
            self.last_finish[flow as usize] = 0;
        }
        if self.queues.len() <= queue.index() {
            self.queues.resize_with(queue.index() + 1, Stamps::default);
        }
        // Queues of one tenant with equal tags differ by their own hop, tenants by theirs.
        let tie = path.iter().fold(0, |tie, hop| mix(tie ^ hop.tie));
        self.queues[queue.index()] = Stamps { tags: VecDeque::new(), tie };
    }

    fn detach(&mut self, now: Time, queue: QueueId) {
        let (flow, was_last) = self.flows.detach(queue);
        if was_last {
            self.clock.advance(now);
            self.clock.forget(flow);
        }
    }

    fn enqueued(&mut self, now: Time, queue: QueueId, entry: Entry) {
        let flow = self.flows.of(queue);
        let weight = self.flows.weight(flow).millionths();
        self.clock.advance(now);
        let start = self.clock.virtual_time.max(self.last_finish[flow as usize]);
        let length = u128::from(entry.segments.get()) * UNITS_PER_MILLIONTH;
        let finish = start + length / u128::from(weight);
        self.last_finish[flow as usize] = finish;
        self.clock.has_work_until(flow, weight, finish);
        let tags = &mut self.queues[queue.index()].tags;
        let place = tags.partition_point(|(sequence, _)| *sequence < entry.sequence);
        tags.insert(place, (entry.sequence, finish));
    }

    fn withdrawn(&mut self, _: Time, queue: QueueId, entry: Entry) {
        let tags = &mut self.queues[queue.index()].tags;
        let place = tags.partition_point(|(sequence, _)| *sequence < entry.sequence);
        tags.remove(place);
    }

    fn eligible(&mut self, _: Time, queue: QueueId, head: Entry) {
        self.show_head(queue, head.sequence);
    }

    fn ineligible(&mut self, _: Time, queue: QueueId, _: Ineligible) {
        self.heads.remove(queue.0);
    }

    fn pick(&mut self, _: Time, _: Entropy<'_>) -> Pick {
        self.heads.peek().map_or(Pick::Idle, |(_, queue)| Pick::Queue(QueueId(queue)))
    }

    fn dispatched(&mut self, _: Time, queue: QueueId, _: Entry, next: Option<Entry>) {
        self.queues[queue.index()].tags.pop_front();
        match next {
            Some(head) => self.show_head(queue, head.sequence),
            None => self.heads.remove(queue.0),
        }
    }

    fn completed(&mut self, _: Time, _: QueueId, _: Segments, _: Segments) {}

    fn reshape(&mut self, now: Time, change: Reshape) {
        self.clock.advance(now);
        match change {
            Reshape::Rate(Some(rate)) => self.clock.set_rate(rate),
            Reshape::Rate(None) => {}
            Reshape::Weight { node: NodeId(flow), product, .. } => {
                self.flows.set_weight(flow, product);
            }
        }
    }

    fn explain(&self, _: QueueId) -> Option<Standing> {
        None
    }
}

/// The virtual time of the fluid division.
#[derive(Clone, Debug)]
struct FluidClock {
    rate: Rate,
    /// Real time up to which V is known.
    now: Time,
    virtual_time: u128,
    /// Service not yet turned into virtual time, in tag units × segments ÷ `rate.per()`.
    remainder: u128,
    /// Flows with fluid work, by the finish tag of their last message.
    busy: IndexedHeap<(u128, FlowId)>,
    weights_by_flow: Vec<u64>,
    /// Sum of their weights, in millionths.
    weights: u128,
}

impl FluidClock {
    fn new(rate: Rate) -> Self {
        FluidClock {
            rate,
            now: Time::ZERO,
            virtual_time: 0,
            remainder: 0,
            busy: IndexedHeap::default(),
            weights_by_flow: Vec::new(),
            weights: 0,
        }
    }

    /// Lets real time pass until `now`.
    fn advance(&mut self, now: Time) {
        let mut left = now.since(self.now).as_nanoseconds();
        self.now = self.now.max(now);
        if self.weights == 0 {
            self.remainder = 0;
            return;
        }
        // A step short enough that its service fits into the integer.
        let unit = UNITS_PER_MILLIONTH * u128::from(self.rate.segments());
        let longest = u64::try_from((u128::MAX >> 16) / unit).unwrap_or(u64::MAX);
        let per = u128::from(self.rate.per().as_nanoseconds());
        while left > 0 {
            let step = left.min(longest);
            left -= step;
            self.remainder += u128::from(step) * unit;
            while let Some(((finish, _), flow)) = self.busy.peek() {
                let ahead = self.remainder / (per * self.weights);
                let to_finish = finish.saturating_sub(self.virtual_time);
                if ahead < to_finish {
                    self.virtual_time += ahead;
                    self.remainder -= ahead * per * self.weights;
                    break;
                }
                self.virtual_time += to_finish;
                self.remainder -= to_finish * per * self.weights;
                self.forget(flow);
            }
            if self.weights == 0 {
                self.remainder = 0;
                return;
            }
        }
    }

    fn has_work_until(&mut self, flow: FlowId, weight: u64, finish: u128) {
        if self.weights_by_flow.len() <= flow as usize {
            self.weights_by_flow.resize(flow as usize + 1, 0);
        }
        let before = core::mem::replace(&mut self.weights_by_flow[flow as usize], weight);
        self.weights += u128::from(weight);
        self.weights -= u128::from(before);
        self.busy.set(flow, (finish, flow));
    }

    fn forget(&mut self, flow: FlowId) {
        self.busy.remove(flow);
        if let Some(weight) = self.weights_by_flow.get_mut(flow as usize) {
            self.weights -= u128::from(core::mem::take(weight));
        }
    }

    fn set_rate(&mut self, rate: Rate) {
        // The remainder is in units of the old interval.
        let (old, new) = (self.rate.per().as_nanoseconds(), rate.per().as_nanoseconds());
        self.remainder = self.remainder / u128::from(old) * u128::from(new);
        self.rate = rate;
    }
}
