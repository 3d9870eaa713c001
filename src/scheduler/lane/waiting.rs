//! Waiting messages: how they join and leave their queues, and when a queue may be picked.

use super::Lane;
use super::directory::{Party, QueueStanding};
use super::gate::Gate;
use super::store::Slot;
use crate::scheduler::life::Belief;
use crate::scheduler::policy::{Entry, Ineligible, Policy};
use crate::scheduler::retry::RequeuePlace;
use crate::time::Time;
use crate::units::{QueueId, Segments};

/// Where a message joins its queue.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub(super) enum Joining {
    /// Behind all others.
    Last,
    /// Where its sequence puts it, which is behind this message of the queue, if one is known.
    InOrder(Option<u32>),
}

impl From<RequeuePlace> for Joining {
    fn from(place: RequeuePlace) -> Self {
        match place {
            RequeuePlace::Tail => Joining::Last,
            RequeuePlace::Head => Joining::InOrder(None),
        }
    }
}

impl<P: Policy> Lane<P> {
    /// Puts a queued message into its queue and tells the policy, unless a pause keeps it out.
    pub(super) fn enqueue(
        &mut self,
        now: Time,
        slot: u32,
        id: QueueId,
        entry: Entry,
        place: Joining,
    ) {
        if self.holds.wants(slot) {
            self.hold(slot);
            return;
        }
        let queue = self.directory.queue_mut(id);
        let head_before = queue.messages.head();
        match place {
            Joining::Last => self.store.push_back(&mut queue.messages, slot),
            Joining::InOrder(after) => {
                self.store.insert_by_sequence(&mut queue.messages, after, slot);
            }
        }
        queue.segments += entry.segments.get();
        let standing = queue.standing;
        let is_head = queue.messages.head() == Some(slot);
        self.policy.enqueued(now, id, entry);
        if is_head {
            self.watch_expiry(id);
        }
        if head_before.is_none() || is_head && standing == QueueStanding::Eligible {
            self.stand(now, id);
        } else if is_head {
            self.reconsider_head(now, id);
        }
    }

    /// A queue has a new head, other than by a dispatch: whether it may be picked.
    pub(super) fn stand(&mut self, now: Time, id: QueueId) {
        let queue = self.directory.queue(id);
        let head = queue.messages.head().expect("only queues with a head stand");
        let entry = self.store.entry(head);
        if self.directory.held_until(now, queue, entry.segments).is_none() {
            self.set_standing(id, QueueStanding::Eligible);
            self.policy.eligible(now, id, entry);
            return;
        }
        let parties = queue.parties();
        self.block(now, id);
        for party in parties {
            let due = self.directory.gate(party).and_then(|g| g.held_until(now, entry.segments));
            let (held, number) = self.directory.held(party);
            if let Some(due) = due.filter(|due| *due < Time::NEVER) {
                let first = held.key(number).map_or(due, |(first, _)| due.min(first));
                held.set(number, (first, number));
                self.watch(first);
            }
        }
    }

    fn block(&mut self, now: Time, id: QueueId) {
        if self.directory.queue(id).standing != QueueStanding::Blocked {
            self.set_standing(id, QueueStanding::Blocked);
            self.policy.ineligible(now, id, Ineligible::Blocked);
        }
    }

    /// Only admission asks for shares; without it nobody pays for keeping them.
    pub(super) fn set_standing(&mut self, id: QueueId, standing: QueueStanding) {
        let queue = self.directory.queue_mut(id);
        let before = core::mem::replace(&mut queue.standing, standing);
        let [was_eligible, is_eligible] =
            [before, standing].map(|standing| standing == QueueStanding::Eligible);
        if was_eligible != is_eligible && self.config.admission.is_some() {
            let node = queue.node;
            self.directory.tree.set_eligible(node, is_eligible);
        }
    }

    /// Blocks or unblocks all queues of a party, as its gate and those of its counterparts want it.
    pub(super) fn reconsider(&mut self, now: Time, party: Party) {
        for position in 0..self.directory.queues_of_party(party) {
            let id = self.directory.queue_of_party(party, position);
            let queue = self.directory.queue(id);
            let Some(head) = queue.messages.head() else { continue };
            let entry = self.store.entry(head);
            match self.directory.held_until(now, queue, entry.segments) {
                Some(_) => self.block(now, id),
                None if queue.standing == QueueStanding::Blocked => {
                    self.set_standing(id, QueueStanding::Eligible);
                    self.policy.eligible(now, id, entry);
                }
                None => {}
            }
        }
        self.watch_gate(now, party);
    }

    /// Keeps the time at which a party's gate next lets something of it go.
    fn watch_gate(&mut self, now: Time, party: Party) {
        let due = self.directory.gate(party).and_then(|gate| {
            let heads = (0..self.directory.queues_of_party(party)).filter_map(|position| {
                let id = self.directory.queue_of_party(party, position);
                self.directory.queue(id).messages.head()
            });
            let sizes = heads.map(|head| self.store.segments(head));
            sizes.filter_map(|segments| gate.held_until(now, segments)).min()
        });
        let (held, number) = self.directory.held(party);
        match due.filter(|due| *due < Time::NEVER) {
            Some(due) => {
                held.set(number, (due, number));
                self.watch(due);
            }
            None => held.remove(number),
        }
    }

    /// Takes a message out of its queue's list; returns the head after that.
    pub(super) fn pop_queue(&mut self, id: QueueId, slot: u32, segments: Segments) -> Option<u32> {
        let queue = self.directory.queue_mut(id);
        let was_head = queue.messages.head() == Some(slot);
        self.store.unlink(&mut queue.messages, slot);
        queue.segments -= segments.get();
        let head = queue.messages.head();
        if was_head {
            self.watch_expiry(id);
        }
        head
    }

    /// Takes a waiting message out of its queue, out of the parked ones or out of a pause.
    pub(super) fn leave_waiting(&mut self, now: Time, slot: u32, held: &Slot) {
        let (id, entry) = (held.queue, held.entry());
        if held.belief == Belief::Parked {
            self.parked.remove(slot);
            self.leave_aside(slot);
            return;
        }
        if self.holds.let_go(slot) {
            self.leave_aside(slot);
            return;
        }
        let was_head = self.directory.queue(id).messages.head() == Some(slot);
        let next = self.pop_queue(id, slot, entry.segments);
        self.policy.withdrawn(now, id, entry);
        match next {
            None => {
                self.set_standing(id, QueueStanding::Empty);
                self.policy.ineligible(now, id, Ineligible::Empty);
            }
            Some(_) if was_head => {
                if self.directory.queue(id).standing == QueueStanding::Eligible {
                    self.stand(now, id);
                } else {
                    self.reconsider_head(now, id);
                }
            }
            Some(_) => {}
        }
    }

    /// A blocked queue has another head: a smaller one may fit into what is left of a day.
    fn reconsider_head(&mut self, now: Time, id: QueueId) {
        let queue = self.directory.queue(id);
        for party in queue.parties() {
            if self.directory.gate(party).is_some_and(Gate::depends_on_size) {
                self.reconsider(now, party);
            }
        }
    }

    /// Keeps a queued message out of its queue until it is resumed.
    pub(super) fn hold(&mut self, slot: u32) {
        let expires = self.store.expires(slot);
        self.holds.hold(slot, expires);
        self.join_aside(slot);
        self.watch(expires);
    }

    /// Lists a message that waits, though not in its queue's order.
    pub(super) fn join_aside(&mut self, slot: u32) {
        let queue = self.directory.queue_mut(self.store.queue(slot));
        self.store.push_back(queue.aside_mut(), slot);
    }

    pub(super) fn leave_aside(&mut self, slot: u32) {
        let queue = self.directory.queue_mut(self.store.queue(slot));
        self.store.unlink(queue.aside_mut(), slot);
    }

    /// Keeps when a queue's head expires. Heads change with every dispatch, and most leave long before they
    /// expire: a later time than was kept is put off until it is the first of all. So what is kept is never
    /// too late, and the first of all is right.
    fn watch_expiry(&mut self, id: QueueId) {
        let head = self.directory.queue(id).messages.head();
        let expires = head.map_or(Time::NEVER, |slot| self.store.expires(slot));
        let watched = self.expiring.key(id.0).map_or(Time::NEVER, |(due, _)| due);
        if expires < watched {
            self.expiring.set(id.0, (expires, id.0));
            self.watch(expires);
        } else if self.expiring.peek().is_some_and(|(_, first)| first == id.0) {
            self.put_off_expiries();
        } else if head.is_none() && watched < Time::NEVER {
            self.expiring.remove(id.0);
        }
    }

    fn put_off_expiries(&mut self) {
        while let Some(((due, _), first)) = self.expiring.peek() {
            let head = self.directory.queue(QueueId(first)).messages.head();
            match head.map_or(Time::NEVER, |slot| self.store.expires(slot)) {
                Time::NEVER => self.expiring.remove(first),
                expires if expires > due => self.expiring.set(first, (expires, first)),
                _ => return,
            }
        }
    }
}
