//! Orders about what waits: withdraw, pause, resume, hurry.

use alloc::vec::Vec;

use super::directory::Party;
use super::waiting::Joining;
use super::{Lane, LaneObserver};
use crate::scheduler::life::{Belief, Happening};
use crate::scheduler::message::Ticket;
use crate::scheduler::policy::Policy;
use crate::time::Time;
use crate::units::{CampaignId, ClassId, QueueId, SenderId, TenantId};

/// Whom an order concerns.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Target {
    /// One message.
    Message(Ticket),
    /// All of a tenant.
    Tenant(TenantId),
    /// All of a sender.
    Sender(SenderId),
    /// All of a campaign, as named in [`Lane::submit_for`].
    Campaign(CampaignId),
}

impl<P: Policy> Lane<P> {
    /// Withdraws messages that wait in a queue or for their next attempt, in the order of their
    /// submission; returns how many. What is with the carrier cannot be called back, and what comes later
    /// is not concerned.
    ///
    /// A withdrawn message is [`Belief::Cancelled`] and costs no quota. A target that is not known, or
    /// that has nothing waiting, is no error: 0. A single message costs O(log n), the others in
    /// proportion to what they have queued, parked and, for a campaign, in flight.
    pub fn cancel<O: LaneObserver>(&mut self, now: Time, what: Target, observer: &mut O) -> u64 {
        let chosen = self.waiting(what);
        for slot in &chosen {
            let mut held = self.store.get(*slot);
            self.leave_waiting(now, *slot, &held);
            self.move_to(now, *slot, &mut held, Happening::Cancelled, 0, observer);
            self.free(now, *slot, &held);
        }
        chosen.len() as u64
    }

    /// Lets nothing of the target be dispatched until [`Lane::resume`]; tells whether that is news.
    ///
    /// What is with the carrier goes on, back-offs run on, and what expires expires. Submissions are taken
    /// as before, until admission refuses them, and wait as well; only a pause of a single message
    /// concerns nothing else. Entitlement neither grows nor shrinks: a paused queue keeps its distance.
    /// Pauses of a message, its campaign, its sender and its tenant add up: it goes when none is left.
    /// A pause ends with what it concerns: that of a message with its last attempt, that of a tenant
    /// with [`Lane::detach`].
    pub fn pause<O: LaneObserver>(&mut self, now: Time, what: Target, observer: &mut O) -> bool {
        let is_news = self.set_paused(now, what, true);
        if is_news {
            if matches!(what, Target::Message(_) | Target::Campaign(_)) {
                for slot in self.waiting(what) {
                    let is_in_queue = self.store.belief(slot) == Belief::Queued;
                    if is_in_queue && !self.holds.is_held(slot) {
                        self.leave_waiting(now, slot, &self.store.get(slot));
                        self.hold(slot);
                    }
                }
            }
            observer.paused(now, what);
        }
        is_news
    }

    /// Ends a pause of this very target; tells whether there was one. What was paused takes its old place
    /// in its queue again.
    pub fn resume<O: LaneObserver>(&mut self, now: Time, what: Target, observer: &mut O) -> bool {
        let is_news = self.set_paused(now, what, false);
        if is_news {
            if matches!(what, Target::Message(_) | Target::Campaign(_)) {
                let free = |slot: &u32| self.holds.is_held(*slot) && !self.holds.wants(*slot);
                let freed = self.waiting(what).into_iter().filter(free).collect();
                self.queue_again(now, freed);
            }
            observer.resumed(now, what);
        }
        is_news
    }

    /// Lets the waiting messages of the target queue with another class from now on, each where its
    /// arrival puts it; returns how many changed their queue.
    ///
    /// That is how a campaign is hurried or put back: classes are divided by their weights. The class that
    /// a message was submitted with stays part of it. Tenants are hurried by
    /// [`Change::TenantWeight`](super::Change::TenantWeight).
    ///
    /// A class that the lane does not have changes nothing: 0.
    pub fn reprioritise<O: LaneObserver>(
        &mut self,
        now: Time,
        what: Target,
        class: ClassId,
        observer: &mut O,
    ) -> u64 {
        if class.index() >= self.config.classes.len() {
            return 0;
        }
        let mut chosen = self.waiting(what);
        chosen.retain(|slot| self.directory.queue(self.store.queue(*slot)).class != class);
        let mut queued = Vec::new();
        for slot in &chosen {
            let held = self.store.get(*slot);
            let (message, from, belief) = (held.record.message, held.queue, held.belief);
            let is_held = self.holds.is_held(*slot);
            let is_in_queue = belief == Belief::Queued && !is_held;
            if is_in_queue {
                self.leave_waiting(now, *slot, &held);
                queued.push(*slot);
            } else {
                self.leave_aside(*slot);
            }
            let to = self.directory.queue_for(now, &message, class, &mut self.policy);
            self.directory.hold(to);
            self.store.set_queue(*slot, to);
            self.directory.release(now, from, &mut self.policy);
            if !is_in_queue {
                self.join_aside(*slot);
            }
            observer.reprioritised(now, &self.store.get(*slot).record, class);
        }
        self.queue_again(now, queued);
        chosen.len() as u64
    }

    fn set_paused(&mut self, now: Time, what: Target, is_paused: bool) -> bool {
        let party = match what {
            Target::Message(ticket) => {
                let slot = self.store.find(ticket.slot, ticket.generation);
                let may_wait = slot.is_some_and(|slot| slot.belief.may_wait());
                return may_wait && self.holds.set_paused(ticket.slot, is_paused);
            }
            Target::Campaign(id) => return self.holds.campaigns.set_paused(id, is_paused),
            Target::Tenant(id) if self.directory.tenant(id).is_none() => return false,
            Target::Tenant(id) => Party::Tenant(id),
            Target::Sender(id) => Party::Sender(id),
        };
        let is_news = self.directory.change_gate(party, |gate| gate.set_paused(is_paused));
        if is_news {
            self.reconsider(now, party);
        }
        is_news
    }

    /// Puts messages that are held, or were just taken out of their queues, back where they belong.
    /// `slots` is in order of sequence, so each queue is walked once.
    fn queue_again(&mut self, now: Time, slots: Vec<u32>) {
        let mut by_queue: Vec<(QueueId, u32)> =
            slots.into_iter().map(|slot| (self.store.queue(slot), slot)).collect();
        // Stable: within a queue the order of sequence stays.
        by_queue.sort_by_key(|(queue, _)| *queue);
        let mut last: Option<(QueueId, u32)> = None;
        for (queue, slot) in by_queue {
            if self.holds.let_go(slot) {
                self.leave_aside(slot);
            }
            let known = last.filter(|(of, _)| *of == queue).map(|(_, slot)| slot);
            self.enqueue(now, slot, queue, self.store.entry(slot), Joining::InOrder(known));
            last = Some((queue, slot));
        }
    }

    /// The queued and parked messages of a target, in order of their sequence.
    fn waiting(&self, what: Target) -> Vec<u32> {
        let waits =
            |slot: &u32| matches!(self.store.belief(*slot), Belief::Queued | Belief::Parked);
        let mut chosen: Vec<u32> = match what {
            Target::Message(ticket) => {
                let slot = self.store.find(ticket.slot, ticket.generation);
                slot.map(|_| ticket.slot).into_iter().filter(waits).collect()
            }
            Target::Campaign(id) => self.holds.campaigns.members(id).filter(waits).collect(),
            Target::Tenant(id) => self.waiting_of(Party::Tenant(id)),
            Target::Sender(id) => self.waiting_of(Party::Sender(id)),
        };
        chosen.sort_unstable_by_key(|slot| self.store.sequence(*slot));
        chosen
    }

    fn waiting_of(&self, party: Party) -> Vec<u32> {
        let mut chosen = Vec::new();
        for position in 0..self.directory.queues_of_party(party) {
            let queue = self.directory.queue(self.directory.queue_of_party(party, position));
            for list in [queue.messages, queue.aside()] {
                let mut cursor = list.head();
                while let Some(slot) = cursor {
                    chosen.push(slot);
                    cursor = self.store.next(slot);
                }
            }
        }
        chosen
    }
}
