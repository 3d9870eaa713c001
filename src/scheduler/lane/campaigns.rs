//! Which waiting messages belong to which campaign, and what is held out of its queue.
//!
//! Hardly any lane at any time has something paused below the level of a sender, and many have no
//! campaigns: so none of this is in the slots of messages, and until it is used it costs nothing.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use super::store::NONE;
use crate::scheduler::heap::IndexedHeap;
use crate::time::Time;
use crate::units::CampaignId;

/// Campaigns with messages that are queued, parked or in flight, and those that are paused.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Campaigns {
    /// By slot: its campaign and its neighbours there.
    members: Vec<Member>,
    campaigns: BTreeMap<CampaignId, Campaign>,
    paused: usize,
}

#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
struct Member {
    campaign: Option<CampaignId>,
    previous: u32,
    next: u32,
}

#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
struct Campaign {
    first: u32,
    last: u32,
    is_paused: bool,
}

const NOBODY: Campaign = Campaign { first: NONE, last: NONE, is_paused: false };

impl Campaigns {
    pub(super) fn join(&mut self, slot: u32, id: CampaignId) {
        let index = slot as usize;
        if self.members.len() <= index {
            let stranger = Member { campaign: None, previous: NONE, next: NONE };
            self.members.resize(index + 1, stranger);
        }
        let campaign = self.campaigns.entry(id).or_insert(NOBODY);
        let before = core::mem::replace(&mut campaign.last, slot);
        self.members[index] = Member { campaign: Some(id), previous: before, next: NONE };
        match before {
            NONE => campaign.first = slot,
            before => self.members[before as usize].next = slot,
        }
    }

    /// A message can wait no more; nothing happens when it is of no campaign.
    pub(super) fn leave(&mut self, slot: u32) {
        let Some(member) = self.members.get_mut(slot as usize) else { return };
        let Some(id) = member.campaign.take() else { return };
        let Member { previous, next, .. } = *member;
        let campaign = self.campaigns.get_mut(&id).expect("a member's campaign is known");
        match previous {
            NONE => campaign.first = next,
            previous => self.members[previous as usize].next = next,
        }
        match next {
            NONE => campaign.last = previous,
            next => self.members[next as usize].previous = previous,
        }
        if campaign.first == NONE && !campaign.is_paused {
            self.campaigns.remove(&id);
        }
    }

    /// Its messages, in the order in which they were submitted.
    pub(super) fn members(&self, id: CampaignId) -> impl Iterator<Item = u32> + '_ {
        let first = self.campaigns.get(&id).map_or(NONE, |campaign| campaign.first);
        let some = |slot: u32| (slot != NONE).then_some(slot);
        core::iter::successors(some(first), move |slot| some(self.members[*slot as usize].next))
    }

    /// Pauses or resumes; tells whether that changed anything.
    pub(super) fn set_paused(&mut self, id: CampaignId, is_paused: bool) -> bool {
        let campaign = self.campaigns.entry(id).or_insert(NOBODY);
        let changed = core::mem::replace(&mut campaign.is_paused, is_paused) != is_paused;
        if campaign.first == NONE && !is_paused {
            self.campaigns.remove(&id);
        }
        match (changed, is_paused) {
            (true, true) => self.paused += 1,
            (true, false) => self.paused -= 1,
            (false, _) => {}
        }
        changed
    }

    fn holds(&self, slot: u32) -> bool {
        let campaign = self.members.get(slot as usize).and_then(|member| member.campaign);
        campaign.is_some_and(|id| self.campaigns[&id].is_paused)
    }
}

/// What is paused one message or one campaign at a time, and the messages out of their queues for it.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Holds {
    pub(super) campaigns: Campaigns,
    /// Messages that were paused by themselves.
    paused: BTreeSet<u32>,
    /// Queued messages that are in no queue, and when they expire.
    held: BTreeSet<u32>,
    pub(super) expiring: IndexedHeap<(Time, u32)>,
}

impl Holds {
    /// Whether a message must not be in its queue.
    pub(super) fn wants(&self, slot: u32) -> bool {
        (!self.paused.is_empty() && self.paused.contains(&slot))
            || (self.campaigns.paused > 0 && self.campaigns.holds(slot))
    }

    /// Pauses or resumes a message; tells whether that changed anything.
    pub(super) fn set_paused(&mut self, slot: u32, is_paused: bool) -> bool {
        if is_paused { self.paused.insert(slot) } else { self.paused.remove(&slot) }
    }

    pub(super) fn hold(&mut self, slot: u32, expires: Time) {
        self.held.insert(slot);
        if expires < Time::NEVER {
            self.expiring.set(slot, (expires, slot));
        }
    }

    /// Lets a message go that was held; tells whether it was.
    pub(super) fn let_go(&mut self, slot: u32) -> bool {
        let was_held = !self.held.is_empty() && self.held.remove(&slot);
        if was_held {
            self.expiring.remove(slot);
        }
        was_held
    }

    pub(super) fn is_held(&self, slot: u32) -> bool {
        !self.held.is_empty() && self.held.contains(&slot)
    }

    /// A message can wait no more.
    pub(super) fn forget(&mut self, slot: u32) {
        if !self.paused.is_empty() {
            self.paused.remove(&slot);
        }
        self.campaigns.leave(slot);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_leave_from_anywhere_and_empty_campaigns_are_forgotten() {
        let mut campaigns = Campaigns::default();
        let of = |campaigns: &Campaigns, id| campaigns.members(CampaignId(id)).collect::<Vec<_>>();
        for slot in [5, 2, 9, 4] {
            campaigns.join(slot, CampaignId(if slot == 9 { 1 } else { 0 }));
        }
        assert_eq!((of(&campaigns, 0), of(&campaigns, 1)), (vec![5, 2, 4], vec![9]));
        campaigns.leave(2);
        campaigns.leave(2);
        campaigns.leave(1000);
        assert_eq!(of(&campaigns, 0), [5, 4]);
        campaigns.leave(5);
        campaigns.join(5, CampaignId(0));
        assert_eq!(of(&campaigns, 0), [4, 5]);
        campaigns.leave(4);
        campaigns.leave(5);
        campaigns.leave(9);
        assert!(campaigns.campaigns.is_empty());
    }

    #[test]
    fn a_pause_outlives_the_members_and_holds_those_that_join() {
        let mut holds = Holds::default();
        assert!(holds.campaigns.set_paused(CampaignId(3), true));
        assert!(!holds.campaigns.set_paused(CampaignId(3), true), "it was paused already");
        holds.campaigns.join(0, CampaignId(3));
        holds.campaigns.join(1, CampaignId(4));
        assert!(holds.wants(0) && !holds.wants(1));
        assert!(holds.set_paused(1, true) && holds.wants(1));
        holds.forget(0);
        holds.forget(1);
        assert!(!holds.wants(0) && !holds.wants(1));
        assert!(holds.campaigns.set_paused(CampaignId(3), false));
        assert_eq!((holds.campaigns.campaigns.len(), holds.campaigns.paused), (0, 0));
    }
}
