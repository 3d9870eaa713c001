//! Waiting messages: how they join and leave their queues, and when a queue may be picked.

use super::Lane;
use super::directory::QueueStanding;
use crate::scheduler::life::Belief;
use crate::scheduler::policy::{Ineligible, NodeId, Policy};
use crate::scheduler::retry::RequeuePlace;
use crate::time::{Span, Time};
use crate::units::{QueueId, SenderId};

impl<P: Policy> Lane<P> {
    /// Puts a queued message into its queue and tells the policy.
    pub(super) fn enqueue(&mut self, now: Time, slot: u32, place: RequeuePlace) {
        let held = self.store.get(slot);
        let (id, entry) = (held.queue, held.entry());
        let queue = self.directory.queue_mut(id);
        let head_before = queue.messages.head();
        match place {
            RequeuePlace::Tail => self.store.push_back(&mut queue.messages, slot),
            RequeuePlace::Head => self.store.insert_by_sequence(&mut queue.messages, slot),
        }
        queue.segments += entry.segments.get();
        let (node, sender, standing) = (queue.node, queue.sender, queue.standing);
        let is_head = queue.messages.head() == Some(slot);
        self.policy.enqueued(now, id, entry);
        if is_head {
            self.watch_expiry(id);
        }
        if head_before.is_none() {
            self.note_backlogged(node, true);
            self.stand_up(now, id, sender);
        } else if is_head && standing == QueueStanding::Eligible {
            self.policy.eligible(now, id, entry);
        }
    }

    /// A queue that was empty has a head: it is eligible unless its sender's cap holds it back.
    fn stand_up(&mut self, now: Time, id: QueueId, sender: SenderId) {
        let pacer = self.directory.sender(sender).and_then(|sender| sender.pacer);
        match pacer.filter(|pacer| !pacer.conforms(now)) {
            Some(pacer) => {
                self.block(now, id);
                let due = (pacer.earliest(now), sender.0);
                self.directory.held_senders.set(sender.0, due);
                self.watch(due.0);
            }
            None => self.unblock(now, id),
        }
    }

    fn block(&mut self, now: Time, id: QueueId) {
        let queue = self.directory.queue_mut(id);
        if queue.standing != QueueStanding::Blocked {
            queue.standing = QueueStanding::Blocked;
            self.policy.ineligible(now, id, Ineligible::Blocked);
        }
    }

    fn unblock(&mut self, now: Time, id: QueueId) {
        let queue = self.directory.queue_mut(id);
        let head = queue.messages.head().expect("only queues with a head are unblocked");
        queue.standing = QueueStanding::Eligible;
        self.policy.eligible(now, id, self.store.entry(head));
    }

    /// Only admission asks for shares; without it nobody pays for keeping them.
    fn note_backlogged(&mut self, node: NodeId, is_backlogged: bool) {
        if self.config.admission.is_some() {
            self.directory.tree.set_backlogged(node, is_backlogged);
        }
    }

    /// Blocks or unblocks all queues of a sender, as its cap wants it.
    pub(super) fn reconsider_sender(&mut self, now: Time, id: SenderId) {
        let sender = self.directory.sender_mut(id);
        let held_until =
            sender.pacer.filter(|pacer| !pacer.conforms(now)).map(|pacer| pacer.earliest(now));
        // The list is given back below; meanwhile nobody else looks at it.
        let queues = core::mem::take(&mut sender.queues);
        let mut waits = false;
        for queue in &queues {
            if self.directory.queue(*queue).messages.head().is_none() {
                continue;
            }
            waits = true;
            match held_until {
                Some(_) => self.block(now, *queue),
                None if self.directory.queue(*queue).standing == QueueStanding::Blocked => {
                    self.unblock(now, *queue);
                }
                None => {}
            }
        }
        self.directory.sender_mut(id).queues = queues;
        match held_until {
            Some(due) if waits => {
                self.directory.held_senders.set(id.0, (due, id.0));
                self.watch(due);
            }
            _ => self.directory.held_senders.remove(id.0),
        }
    }

    /// Takes a message out of its queue's list; returns the head after that.
    pub(super) fn pop_queue(&mut self, id: QueueId, slot: u32) -> Option<u32> {
        let segments = self.store.segments(slot);
        let queue = self.directory.queue_mut(id);
        let was_head = queue.messages.head() == Some(slot);
        self.store.unlink(&mut queue.messages, slot);
        queue.segments -= segments.get();
        let (head, node) = (queue.messages.head(), queue.node);
        if head.is_none() {
            self.note_backlogged(node, false);
        }
        if was_head {
            self.watch_expiry(id);
        }
        head
    }

    /// Takes a waiting message out of its queue or out of the parked ones.
    pub(super) fn leave_waiting(&mut self, now: Time, slot: u32) {
        let held = self.store.get(slot);
        let (belief, id, entry) = (held.belief, held.queue, held.entry());
        if belief == Belief::Parked {
            self.parked.remove(slot);
            return;
        }
        let was_head = self.directory.queue(id).messages.head() == Some(slot);
        let next = self.pop_queue(id, slot);
        self.policy.withdrawn(now, id, entry);
        let queue = self.directory.queue_mut(id);
        match next {
            None => {
                queue.standing = QueueStanding::Empty;
                self.policy.ineligible(now, id, Ineligible::Empty);
            }
            Some(head) if was_head && queue.standing == QueueStanding::Eligible => {
                self.policy.eligible(now, id, self.store.entry(head));
            }
            Some(_) => {}
        }
    }

    /// Keeps the time at which a queue's head expires.
    fn watch_expiry(&mut self, id: QueueId) {
        let head = self.directory.queue(id).messages.head();
        let expires = head.map_or(Time::NEVER, |slot| self.store.expires(slot));
        if expires < Time::NEVER {
            self.expiring.set(id.0, (expires, id.0));
            self.watch(expires);
        } else if self.expiring.contains(id.0) {
            self.expiring.remove(id.0);
        }
    }

    /// How long a queue's backlog takes at its present share, or at its sender's cap if that is less.
    pub(super) fn drain_time(&self, id: QueueId) -> Span {
        let queue = self.directory.queue(id);
        let backlog = u128::from(queue.segments) * 1_000_000;
        let by_share = self.config.quota.map(|quota| {
            let is_backlogged = queue.messages.head().is_some();
            let share = self.directory.tree.share(queue.node, is_backlogged, quota.rate).max(1);
            let nanoseconds = backlog * 1_000_000_000 / share;
            Span::from_nanoseconds(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
        });
        let pacer = self.directory.sender(queue.sender).and_then(|sender| sender.pacer);
        let by_cap = pacer.map(|pacer| pacer.quota().rate.span_of(queue.segments));
        by_share.into_iter().chain(by_cap).max().unwrap_or(Span::ZERO)
    }
}
