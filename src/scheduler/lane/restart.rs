//! What a process loses that ends without a snapshot.

use alloc::vec::Vec;

use super::{Lane, LaneObserver};
use crate::scheduler::life::{Belief, Happening};
use crate::scheduler::policy::Policy;
use crate::time::Time;

impl<P: Policy> Lane<P> {
    /// Forgets every message, as a process that ends without a snapshot of them does, so that whoever
    /// keeps the ledgers can account for each; returns how many were lost.
    ///
    /// What was unanswered has an unknown outcome first. Of what is lost nothing can be learnt any more:
    /// late answers and receipts are strays. Tenants, weights and caps stay, as a platform has them
    /// on disk; the pacers stay too: a process that began with a full bucket could send its burst twice.
    pub fn lose_everything<O: LaneObserver>(&mut self, now: Time, observer: &mut O) -> u64 {
        while let Some(slot) = self.unanswered.head() {
            self.outcome_unknown(now, slot, observer);
        }
        let live: Vec<u32> = self.store.indices().collect();
        let mut lost = 0;
        for slot in live {
            let mut held = self.store.get(slot);
            let before = held.belief;
            match before {
                Belief::Queued | Belief::Parked => self.leave_waiting(now, slot, &held),
                Belief::Accepted => self.store.unlink(&mut self.without_receipt, slot),
                _ => continue,
            }
            lost += 1;
            self.move_to(now, slot, &mut held, Happening::LostOnRestart, 0, observer);
            if before != Belief::Accepted {
                self.holds.forget(slot);
                self.directory.release(now, held.queue, &mut self.policy);
            }
            self.store.remove(slot);
        }
        while let Some(slot) = self.kept.head() {
            self.store.unlink(&mut self.kept, slot);
            self.store.remove(slot);
        }
        lost
    }
}
