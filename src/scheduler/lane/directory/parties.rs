//! Who may be held back by caps and pauses of its own, and the queues that this concerns.

use super::{Directory, Party, Queue};
use crate::scheduler::heap::IndexedHeap;
use crate::scheduler::lane::gate::Gate;
use crate::time::Time;
use crate::units::{QueueId, Segments};

impl Directory {
    /// How many queues a party has.
    pub(in crate::scheduler::lane) fn queues_of_party(&self, party: Party) -> usize {
        match party {
            Party::Tenant(id) => self.tenant(id).map_or(0, |tenant| tenant.queues.len()),
            Party::Sender(id) => self.senders.get(id.index()).map_or(0, |s| s.queues.len()),
        }
    }

    /// One of the queues of a party, by position.
    pub(in crate::scheduler::lane) fn queue_of_party(
        &self,
        party: Party,
        position: usize,
    ) -> QueueId {
        match party {
            Party::Tenant(id) => {
                let tenant = self.tenants[id.index()].as_ref().expect("it has queues");
                tenant.queues[position].2
            }
            Party::Sender(id) => self.senders[id.index()].queues[position],
        }
    }

    /// Changes what holds a party back; a gate that holds nothing back is no gate.
    ///
    /// # Panics
    /// When the tenant is not attached.
    pub(in crate::scheduler::lane) fn change_gate<T>(
        &mut self,
        party: Party,
        change: impl FnOnce(&mut Gate) -> T,
    ) -> T {
        let gate = match party {
            Party::Tenant(id) => &mut self.tenant_mut(id).gate,
            Party::Sender(id) => &mut self.sender_mut(id).gate,
        };
        let outcome = change(gate.get_or_insert_default());
        gate.take_if(|gate| gate.is_open_for_good());
        outcome
    }

    pub(in crate::scheduler::lane) fn gate(&self, party: Party) -> Option<&Gate> {
        match party {
            Party::Tenant(id) => self.tenant(id)?.gate.as_deref(),
            Party::Sender(id) => self.senders.get(id.index())?.gate.as_deref(),
        }
    }

    pub(in crate::scheduler::lane) fn gate_mut(&mut self, party: Party) -> Option<&mut Gate> {
        match party {
            Party::Tenant(id) => self.tenant_mut(id).gate.as_deref_mut(),
            Party::Sender(id) => self.senders.get_mut(id.index())?.gate.as_deref_mut(),
        }
    }

    /// Where it is kept when a party's gate lets something of it go next, and under which number.
    pub(in crate::scheduler::lane) fn held(
        &mut self,
        party: Party,
    ) -> (&mut IndexedHeap<(Time, u32)>, u32) {
        match party {
            Party::Tenant(id) => (&mut self.held_tenants, id.0),
            Party::Sender(id) => (&mut self.held_senders, id.0),
        }
    }

    /// Until when the gates of a queue's tenant and sender hold back a message of this size.
    pub(in crate::scheduler::lane) fn held_until(
        &self,
        now: Time,
        queue: &Queue,
        segments: Segments,
    ) -> Option<Time> {
        queue
            .parties()
            .into_iter()
            .filter_map(|party| self.gate(party)?.held_until(now, segments))
            .max()
    }
}
