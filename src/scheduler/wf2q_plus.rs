//! WF²Q+: among the flows that the fluid division would have begun to serve, the smallest finish tag.
//!
//! Bennett and Zhang (ToN 1997). A head has the tags S = max(V, F of the flow's previous message) and
//! F = S + L ÷ φ; V grows with the service given, r ÷ Σφ, and is never below the least S of the
//! backlogged: V(t + τ) = max(V(t) + W(t, t + τ), min S). A message leaves at most Lmax/r after its
//! guaranteed-rate clock, and no flow is ever behind its share by more than the worst-case fair index
//! αᵢ = Lᵢ + (Lmax − Lᵢ)rᵢ/r. The sum is over all flows that exist, so a rate is guaranteed whoever wakes.

use alloc::vec::Vec;

use super::heap::{Heap, Positions};
use super::node_rule::{ChildId, NodeRule};
use super::service_clock::ServiceClock;
use super::tags::{Tag, TagKey};
use crate::time::Time;
use crate::units::{Rate, Segments, Weight};

/// The smallest finish tag among the children whose start tag V has reached.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct Wf2qPlus {
    clock: ServiceClock,
    /// Children whose start V has reached, by finish tag; and the others awake, by start tag and then, as
    /// V will reach those with the same at once, by finish tag.
    ready: Heap<TagKey>,
    early: Heap<EarlyKey>,
}

/// Start and finish tag, then the keyed order.
type EarlyKey = (i128, i128, u64);

/// The children's tags.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct Wf2qChildren {
    children: Vec<Child>,
    positions: Positions,
}

#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
struct Child {
    start: Tag,
    head: Segments,
    tie: u64,
    place: Place,
}

/// In which of its node's heaps a child is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
enum Place {
    Asleep,
    Early,
    Ready,
}

impl Default for Wf2qPlus {
    fn default() -> Self {
        Self::new()
    }
}

impl Wf2qPlus {
    /// A rule without children, whose V follows each message at once until it is told a rate.
    pub fn new() -> Self {
        let clock = ServiceClock::new(None);
        Wf2qPlus { clock, ready: Heap::default(), early: Heap::default() }
    }

    /// Brings V up to now, and the children that it has reached into the other heap.
    fn advance(&mut self, table: &mut Wf2qChildren, now: Time) {
        self.clock.advance(now);
        if self.clock.is_idle() {
            self.reach_the_first(table);
        }
        self.promote(table);
    }

    /// V is never below the least start of those awake.
    fn reach_the_first(&mut self, table: &mut Wf2qChildren) {
        if let Some(((start, ..), _)) = self.early.peek().filter(|_| self.ready.is_empty()) {
            self.clock.lift(start);
            self.promote(table);
        }
    }

    fn promote(&mut self, table: &mut Wf2qChildren) {
        while let Some(((start, finish, tie), child)) = self.early.peek() {
            if start > self.clock.value() {
                break;
            }
            self.early.remove(&mut table.positions, child);
            table.children[child as usize].place = Place::Ready;
            self.ready.set(&mut table.positions, child, TagKey::new(finish, tie));
        }
    }

    /// Puts a child where its tags belong.
    fn place(&mut self, table: &mut Wf2qChildren, child: ChildId) {
        let own = table.children[child as usize];
        let place =
            if own.start.value() <= self.clock.value() { Place::Ready } else { Place::Early };
        if own.place != place {
            self.take_out(table, child);
        }
        table.children[child as usize].place = place;
        let (start, finish) = (own.start.value(), own.start.after(own.head));
        match place {
            Place::Ready => {
                self.ready.set(&mut table.positions, child, TagKey::new(finish, own.tie));
            }
            _ => self.early.set(&mut table.positions, child, (start, finish, own.tie)),
        }
    }

    fn take_out(&mut self, table: &mut Wf2qChildren, child: ChildId) {
        match table.children[child as usize].place {
            Place::Asleep => {}
            Place::Early => self.early.remove(&mut table.positions, child),
            Place::Ready => self.ready.remove(&mut table.positions, child),
        }
        table.children[child as usize].place = Place::Asleep;
    }

    fn weigh(&mut self, now: Time, taken: u64, added: u64) {
        let weights = self.clock.weights() + u128::from(added) - u128::from(taken);
        self.clock.set_weights(now, weights);
    }
}

impl NodeRule for Wf2qPlus {
    type Children = Wf2qChildren;

    fn attach(
        &mut self,
        table: &mut Wf2qChildren,
        now: Time,
        child: ChildId,
        weight: Weight,
        tie: u64,
    ) {
        self.weigh(now, 0, weight.millionths());
        let start = Tag::new(weight);
        let new = Child { start, head: Segments(0), tie, place: Place::Asleep };
        if table.children.len() <= child as usize {
            table.children.resize(child as usize + 1, new);
        }
        table.children[child as usize] = new;
    }

    fn detach(&mut self, table: &mut Wf2qChildren, now: Time, child: ChildId) {
        self.weigh(now, table.children[child as usize].start.weight(), 0);
    }

    fn reweigh(&mut self, table: &mut Wf2qChildren, now: Time, child: ChildId, weight: Weight) {
        self.weigh(now, table.children[child as usize].start.weight(), weight.millionths());
        table.children[child as usize].start.reweigh(weight);
        if table.children[child as usize].place != Place::Asleep {
            self.place(table, child);
        }
    }

    fn wake(&mut self, table: &mut Wf2qChildren, now: Time, child: ChildId, head: Segments) {
        // V moves on to the least start only when a message is chosen, as in the paper's algorithm: who
        // comes at that very moment begins before those who were alone until now.
        self.clock.advance(now);
        let own = &mut table.children[child as usize];
        own.start.lift(self.clock.value());
        own.head = head;
        self.place(table, child);
    }

    fn sleep(&mut self, table: &mut Wf2qChildren, _: Time, child: ChildId) {
        self.take_out(table, child);
    }

    fn set_head(&mut self, table: &mut Wf2qChildren, _: Time, child: ChildId, head: Segments) {
        table.children[child as usize].head = head;
        self.place(table, child);
    }

    fn head(table: &Wf2qChildren, child: ChildId) -> Option<Segments> {
        let own = table.children.get(child as usize)?;
        (own.place != Place::Asleep).then_some(own.head)
    }

    fn pick(&mut self, table: &mut Wf2qChildren, now: Time) -> Option<ChildId> {
        self.advance(table, now);
        // Asked while a message is still on the wire there may be none that V has reached.
        self.look(table, now)
    }

    /// V stays where it is: it moves on to the least start only when a message is chosen.
    fn look(&mut self, table: &mut Wf2qChildren, now: Time) -> Option<ChildId> {
        self.clock.advance(now);
        self.promote(table);
        self.ready.peek().map(|(_, child)| child).or(self.early.peek().map(|(_, child)| child))
    }

    fn serve(
        &mut self,
        table: &mut Wf2qChildren,
        now: Time,
        child: ChildId,
        sent: Segments,
        next: Option<Segments>,
    ) {
        self.clock.finish(now);
        self.promote(table);
        self.reach_the_first(table);
        self.clock.serve(now, sent);
        table.children[child as usize].start.charge(sent);
        match next {
            Some(head) => self.set_head(table, now, child, head),
            None => self.take_out(table, child),
        }
    }

    fn give_back(&mut self, table: &mut Wf2qChildren, _: Time, child: ChildId, segments: Segments) {
        table.children[child as usize].start.refund(segments);
        if table.children[child as usize].place != Place::Asleep {
            self.place(table, child);
        }
    }

    fn set_rate(&mut self, now: Time, rate: Option<Rate>) {
        self.clock.set_rate(now, rate);
    }
}
