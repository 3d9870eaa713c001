//! Deficit round robin: turns in which each flow may send its quantum, saving what is left over.
//!
//! Shreedhar and Varghese (SIGCOMM 1995). With quanta Qᵢ ≥ Lmax and F = ΣQ, flows that are both backlogged
//! have |Wᵢ/rᵢ − Wⱼ/rⱼ| ≤ (F/r)(1 + Lᵢ/Qᵢ + Lⱼ/Qⱼ) on every interval, and each is served at least
//! rᵢ(t − Θ) with Θ = (3F − 2Qᵢ)/r (Stiliadis and Varma 1996).
//!
//! Turns that could send nothing are not taken one by one: who would send first follows from how many
//! quanta each flow lacks. So looking changes nothing, and a decision costs O(1) where every quantum covers
//! a message, otherwise one look at each flow at most.

use alloc::vec::Vec;

use super::node_rule::{ChildId, NodeRule};
use super::ring::{Links, Ring};
use crate::time::Time;
use crate::units::{Segments, Weight};

const MILLION: i128 = 1_000_000;

/// The turns of one node's children; a child of weight w has a quantum of w × a number of segments.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct DeficitRoundRobin {
    /// The quantum at weight 1.
    quantum: Segments,
    ring: Ring,
    /// Whether the child at the front has had the quantum of its present turn.
    is_open: bool,
}

/// The children's deficits and turns.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct DeficitChildren {
    links: Links,
    children: Vec<Child>,
}

/// All in millionths of a segment.
#[derive(Clone, Copy, Debug, Default)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
struct Child {
    quantum: i128,
    deficit: i128,
    /// What its next message costs.
    head: i128,
}

impl Child {
    /// How many more quanta it needs before it can send.
    fn lacks(&self) -> i128 {
        let missing = self.head - self.deficit;
        if missing <= 0 { 0 } else { (missing + self.quantum - 1) / self.quantum }
    }
}

impl DeficitRoundRobin {
    /// A rule without children, with a quantum of `quantum` (at least 1) at weight 1.
    pub fn new(quantum: Segments) -> Self {
        DeficitRoundRobin { quantum, ring: Ring::default(), is_open: false }
    }

    /// The round of turns, from the present one, in which a child can send.
    fn round(&self, table: &DeficitChildren, child: ChildId, place: u32) -> i128 {
        let lacks = table.children[child as usize].lacks();
        if place == 0 && self.is_open { lacks } else { (lacks - 1).max(0) }
    }

    /// Takes all turns up to the one in which `child` sends.
    fn take_turns_until(&mut self, table: &mut DeficitChildren, child: ChildId) {
        let front = self.ring.front().expect("a child that sends is awake");
        let (mut at, mut place) = (front, 0);
        while at != child {
            at = table.links.next(at);
            place += 1;
        }
        let round = self.round(table, child, place);
        // In the last round those behind it have not had their turn, and who has only one is not asked.
        let touched = if round == 0 { place + 1 } else { self.ring.length() };
        let mut at = front;
        for position in 0..touched {
            let had = i128::from(position == 0 && self.is_open);
            let turns = round + i128::from(position <= place) - had;
            let one = &mut table.children[at as usize];
            one.deficit += turns * one.quantum;
            at = table.links.next(at);
        }
        self.ring.turn_to(child);
        self.is_open = true;
    }
}

impl NodeRule for DeficitRoundRobin {
    type Children = DeficitChildren;

    fn attach(
        &mut self,
        table: &mut DeficitChildren,
        now: Time,
        child: ChildId,
        weight: Weight,
        _: u64,
    ) {
        if table.children.len() <= child as usize {
            table.children.resize(child as usize + 1, Child::default());
        }
        table.children[child as usize] = Child::default();
        self.reweigh(table, now, child, weight);
    }

    fn detach(&mut self, _: &mut DeficitChildren, _: Time, _: ChildId) {}

    fn reweigh(&mut self, table: &mut DeficitChildren, _: Time, child: ChildId, weight: Weight) {
        table.children[child as usize].quantum =
            i128::from(weight.millionths()) * i128::from(self.quantum.0.max(1));
    }

    /// It comes last, with nothing saved.
    fn wake(&mut self, table: &mut DeficitChildren, now: Time, child: ChildId, head: Segments) {
        table.children[child as usize].deficit = 0;
        self.set_head(table, now, child, head);
        self.ring.join(&mut table.links, child);
    }

    fn sleep(&mut self, table: &mut DeficitChildren, _: Time, child: ChildId) {
        if self.ring.front() == Some(child) {
            self.is_open = false;
        }
        self.ring.leave(&mut table.links, child);
    }

    fn set_head(&mut self, table: &mut DeficitChildren, _: Time, child: ChildId, head: Segments) {
        table.children[child as usize].head = i128::from(head.0) * MILLION;
    }

    fn head(table: &DeficitChildren, child: ChildId) -> Option<Segments> {
        let head = || Segments((table.children[child as usize].head / MILLION) as u32);
        table.links.contains(child).then(head)
    }

    fn pick(&mut self, table: &mut DeficitChildren, _: Time) -> Option<ChildId> {
        let mut child = self.ring.front()?;
        let mut best: Option<(i128, ChildId)> = None;
        for place in 0..self.ring.length() {
            let round = self.round(table, child, place);
            if best.is_none_or(|(least, _)| round < least) {
                best = Some((round, child));
            }
            if round == 0 {
                break;
            }
            child = table.links.next(child);
        }
        best.map(|(_, child)| child)
    }

    fn serve(
        &mut self,
        table: &mut DeficitChildren,
        now: Time,
        child: ChildId,
        sent: Segments,
        next: Option<Segments>,
    ) {
        self.take_turns_until(table, child);
        table.children[child as usize].deficit -= i128::from(sent.0) * MILLION;
        // Its turn is over only when the next message is chosen: who wakes until then comes before it.
        match next {
            Some(head) => self.set_head(table, now, child, head),
            None => self.sleep(table, now, child),
        }
    }

    /// One that sleeps has no deficit to keep it in.
    fn give_back(
        &mut self,
        table: &mut DeficitChildren,
        _: Time,
        child: ChildId,
        segments: Segments,
    ) {
        if table.links.contains(child) {
            table.children[child as usize].deficit += i128::from(segments.0) * MILLION;
        }
    }
}
