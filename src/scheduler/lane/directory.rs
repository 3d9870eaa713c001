//! Tenants, senders and queues of a lane. Queues are created when first used and reclaimed when they
//! have been empty for long.

mod nodes;
mod parties;

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::bounds::BoundTable;
use super::config::{ChangeError, LaneConfig, TenantSpec};
use super::counts::Counts;
use super::gate::Gate;
use super::shares::ShareTree;
use super::store::{List, NONE};
use crate::paged::Paged;
use crate::scheduler::heap::IndexedHeap;
use crate::scheduler::message::Message;
use crate::scheduler::policy::{Hop, Level, NodeId, Policy};
use crate::time::Time;
use crate::units::{ClassId, QueueId, SenderId, TenantId, TenantSetId, Weight};

/// Queues are kept, empty, up to this many or as many as are in use: a tenant that pauses between
/// two messages should not pay for a new queue each time.
const IDLE_QUEUES_KEPT: usize = 1024;

#[derive(Clone, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Directory {
    pub(super) tree: ShareTree,
    pub(super) bounds: BoundTable,
    tenants: Vec<Option<Tenant>>,
    sets: Vec<Option<NodeId>>,
    set_weights: Vec<Weight>,
    class_weights: Vec<Weight>,
    senders: Vec<Sender>,
    /// Senders with something to send that a cap holds back, by when it lets them.
    pub(super) held_senders: IndexedHeap<(Time, u32)>,
    /// The same for tenants.
    pub(super) held_tenants: IndexedHeap<(Time, u32)>,
    queues: Paged<Queue>,
    free_queues: Vec<u32>,
    queues_in_use: usize,
    /// Idle queues, threaded through them from the one idle for longest to the latest.
    idle: List,
    idle_count: usize,
    path: Vec<Hop>,
}

#[derive(Clone, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Tenant {
    spec: TenantSpec,
    node: Option<NodeId>,
    classes: Vec<(ClassId, NodeId)>,
    /// Sorted by class and sender.
    queues: Vec<(ClassId, SenderId, QueueId)>,
    /// Where it has caps or a pause.
    pub(super) gate: Option<Box<Gate>>,
    /// Senders that may be sent from when another one's queue is too long.
    pub(super) spill: Box<[SenderId]>,
    pub(super) counts: Counts,
}

impl Tenant {
    /// The queue of a class and sender, if there is one.
    pub(super) fn queue(&self, class: ClassId, sender: SenderId) -> Option<QueueId> {
        let key = (class, sender);
        let found = self.queues.binary_search_by_key(&key, |(class, sender, _)| (*class, *sender));
        found.ok().map(|place| self.queues[place].2)
    }
}

#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Sender {
    /// Where it has caps or a pause.
    pub(super) gate: Option<Box<Gate>>,
    pub(super) queues: Vec<QueueId>,
}

/// Who has a gate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub(super) enum Party {
    Tenant(TenantId),
    Sender(SenderId),
}

/// A queue and where it stands.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Queue {
    pub(super) messages: List,
    /// See [`Queue::aside`]. While it is idle it has none, and the idle queues before and behind it are
    /// kept in the same place.
    aside: List,
    pub(super) segments: u64,
    pub(super) node: NodeId,
    pub(super) tenant: TenantId,
    pub(super) class: ClassId,
    pub(super) sender: SenderId,
    /// Messages queued, parked or in flight: while there are any, the queue stays.
    pub(super) live: u32,
    pub(super) standing: QueueStanding,
}

impl Queue {
    /// Who may hold it back.
    pub(super) fn parties(&self) -> [Party; 2] {
        [Party::Tenant(self.tenant), Party::Sender(self.sender)]
    }

    /// Its parked messages, and its queued ones that a pause keeps out of it.
    pub(super) fn aside(&self) -> List {
        if self.live > 0 { self.aside } else { List::EMPTY }
    }

    /// The same of a queue that has messages.
    pub(super) fn aside_mut(&mut self) -> &mut List {
        debug_assert!(self.live > 0, "an idle queue has nothing aside");
        &mut self.aside
    }
}

/// What the policy was last told of a queue.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub(super) enum QueueStanding {
    Empty,
    Eligible,
    Blocked,
}

impl Tenant {
    /// Its tenant set.
    pub(super) fn set(&self) -> Option<TenantSetId> {
        self.spec.set
    }

    /// Its weight in its set, or among all tenants.
    pub(super) fn weight(&self) -> Weight {
        self.spec.weight
    }
}

impl Directory {
    pub(super) fn new(config: &LaneConfig) -> Self {
        Directory {
            tree: ShareTree::new(config.salt),
            bounds: BoundTable::new(config.quota.map(|quota| quota.rate), config.tenant_sets.len()),
            tenants: Vec::new(),
            sets: alloc::vec![None; config.tenant_sets.len()],
            set_weights: config.tenant_sets.clone(),
            class_weights: config.classes.clone(),
            senders: Vec::new(),
            held_senders: IndexedHeap::default(),
            held_tenants: IndexedHeap::default(),
            queues: Paged::default(),
            free_queues: Vec::new(),
            queues_in_use: 0,
            idle: List::EMPTY,
            idle_count: 0,
            path: Vec::new(),
        }
    }

    pub(super) fn attach(&mut self, id: TenantId, spec: TenantSpec) -> Result<(), ChangeError> {
        let known = |set: TenantSetId| set.index() < self.set_weights.len();
        if spec.set.map_or(!self.set_weights.is_empty(), |set| !known(set)) {
            return Err(ChangeError::NoSuchTenantSet(spec.set));
        }
        if self.tenants.len() <= id.index() {
            self.tenants.resize(id.index() + 1, None);
        }
        let slot = &mut self.tenants[id.index()];
        if slot.is_some() {
            return Err(ChangeError::TenantAttached(id));
        }
        *slot = Some(Tenant {
            spec,
            node: None,
            classes: Vec::new(),
            queues: Vec::new(),
            gate: None,
            spill: Box::default(),
            counts: Counts::default(),
        });
        *self.attached_beside(spec) += spec.weight.millionths();
        self.bounds.mark_stale();
        Ok(())
    }

    /// The sum of the weights of the tenants attached beside one of this kind.
    fn attached_beside(&mut self, spec: TenantSpec) -> &mut u64 {
        &mut self.bounds.attached[spec.set.map_or(0, TenantSetId::index)]
    }

    /// Removes a tenant that has nothing in the lane, with its queues.
    pub(super) fn detach<P: Policy>(
        &mut self,
        now: Time,
        id: TenantId,
        policy: &mut P,
    ) -> Result<Counts, ChangeError> {
        let tenant = self.tenant(id).ok_or(ChangeError::TenantNotAttached(id))?;
        let (counts, spec) = (tenant.counts, tenant.spec);
        if counts.live() > 0 {
            return Err(ChangeError::TenantHasMessages(id));
        }
        let queues: Vec<QueueId> = tenant.queues.iter().map(|(_, _, queue)| *queue).collect();
        for queue in queues {
            self.leave_idle(queue);
            self.reclaim(now, queue, policy);
        }
        self.held_tenants.remove(id.0);
        self.tenants[id.index()] = None;
        *self.attached_beside(spec) -= spec.weight.millionths();
        self.bounds.forget(id);
        self.bounds.mark_stale();
        Ok(counts)
    }

    pub(super) fn tenant(&self, id: TenantId) -> Option<&Tenant> {
        self.tenants.get(id.index()).and_then(Option::as_ref)
    }

    /// Those that are attached.
    pub(super) fn tenants(&self) -> impl Iterator<Item = &Tenant> {
        self.tenants.iter().flatten()
    }

    pub(super) fn tenant_mut(&mut self, id: TenantId) -> &mut Tenant {
        self.tenants[id.index()].as_mut().expect("a message's tenant stays attached")
    }

    pub(super) fn queues_of(&self, id: TenantId) -> impl Iterator<Item = QueueId> + '_ {
        self.tenant(id).into_iter().flat_map(|tenant| tenant.queues.iter().map(|(_, _, q)| *q))
    }

    pub(super) fn sender_mut(&mut self, id: SenderId) -> &mut Sender {
        if self.senders.len() <= id.index() {
            self.senders.resize_with(id.index() + 1, Sender::default);
        }
        &mut self.senders[id.index()]
    }

    /// Changes a tenant's weight; returns its node and the product of weights down to it, if it has a
    /// node now.
    pub(super) fn set_weight(
        &mut self,
        id: TenantId,
        weight: Weight,
    ) -> Result<Option<(NodeId, Weight)>, ChangeError> {
        let slot = self.tenants.get_mut(id.index()).and_then(Option::as_mut);
        let tenant = slot.ok_or(ChangeError::TenantNotAttached(id))?;
        let before = core::mem::replace(&mut tenant.spec.weight, weight);
        let (spec, node) = (tenant.spec, tenant.node);
        let attached = self.attached_beside(spec);
        *attached = *attached + weight.millionths() - before.millionths();
        self.bounds.mark_stale();
        Ok(node.map(|node| {
            self.tree.set_weight(node, weight);
            (node, self.tree.product(node))
        }))
    }

    pub(super) fn queue(&self, id: QueueId) -> &Queue {
        &self.queues[id.0]
    }

    pub(super) fn queue_mut(&mut self, id: QueueId) -> &mut Queue {
        &mut self.queues[id.0]
    }

    /// The queue of a message among those of a class, created if need be.
    pub(super) fn queue_for<P: Policy>(
        &mut self,
        now: Time,
        message: &Message,
        class: ClassId,
        policy: &mut P,
    ) -> QueueId {
        let key = (class, message.sender);
        let tenant = self.tenants[message.tenant.index()].as_ref().expect("checked by submit()");
        match tenant.queues.binary_search_by_key(&key, |(class, sender, _)| (*class, *sender)) {
            Ok(place) => tenant.queues[place].2,
            Err(place) => self.create(now, message, class, place, policy),
        }
    }

    fn create<P: Policy>(
        &mut self,
        now: Time,
        message: &Message,
        class: ClassId,
        place: usize,
        policy: &mut P,
    ) -> QueueId {
        let had = self.nodes_above(message.tenant, class);
        let parent = self.node_of_class(message.tenant, class);
        let identity = u64::from(message.sender.0);
        let node = self.tree.insert(Some(parent), Level::Sender, identity, Weight::ONE);
        let index = self.free_queues.pop().unwrap_or(self.queues.len() as u32);
        let id = QueueId(index);
        let queue = Queue {
            messages: List::EMPTY,
            aside: List::EMPTY,
            segments: 0,
            node,
            tenant: message.tenant,
            class,
            sender: message.sender,
            live: 0,
            standing: QueueStanding::Empty,
        };
        if id.index() < self.queues.len() {
            self.queues[id.0] = queue;
        } else {
            self.queues.push(queue);
        }
        // A new queue is idle until its first message is counted; admission may refuse that one.
        self.join_idle(id);
        let tenant = self.tenant_mut(message.tenant);
        make_room(&mut tenant.queues);
        tenant.queues.insert(place, (class, message.sender, id));
        let queues_of_sender = &mut self.sender_mut(message.sender).queues;
        make_room(queues_of_sender);
        queues_of_sender.push(id);
        let mut path = core::mem::take(&mut self.path);
        self.tree.path(node, &mut path);
        policy.attach(now, id, &path);
        self.path = path;
        if self.has_bounds() {
            self.tell_new_bounds(now, (message.tenant, class), had, policy);
        }
        id
    }

    /// One more message of a queue is queued, parked or in flight.
    pub(super) fn hold(&mut self, id: QueueId) {
        if self.queues[id.0].live == 0 {
            self.leave_idle(id);
            self.queues_in_use += 1;
        }
        self.queues[id.0].live += 1;
    }

    /// One message fewer; the queue that was idle for longest may be reclaimed.
    pub(super) fn release<P: Policy>(&mut self, now: Time, id: QueueId, policy: &mut P) {
        let queue = &mut self.queues[id.0];
        queue.live -= 1;
        if queue.live > 0 {
            return;
        }
        self.queues_in_use -= 1;
        self.join_idle(id);
        while self.idle_count > self.queues_in_use.max(IDLE_QUEUES_KEPT) {
            let oldest = QueueId(self.idle.head);
            self.leave_idle(oldest);
            self.reclaim(now, oldest, policy);
        }
    }

    fn join_idle(&mut self, id: QueueId) {
        self.idle_count += 1;
        let before = core::mem::replace(&mut self.idle.tail, id.0);
        self.queues[id.0].aside = List { head: before, tail: NONE };
        match before {
            NONE => self.idle.head = id.0,
            before => self.queues[before].aside.tail = id.0,
        }
    }

    fn leave_idle(&mut self, id: QueueId) {
        self.idle_count -= 1;
        let List { head: before, tail: after } =
            core::mem::replace(&mut self.queues[id.0].aside, List::EMPTY);
        match before {
            NONE => self.idle.head = after,
            before => self.queues[before].aside.tail = after,
        }
        match after {
            NONE => self.idle.tail = before,
            after => self.queues[after].aside.head = before,
        }
    }

    fn reclaim<P: Policy>(&mut self, now: Time, id: QueueId, policy: &mut P) {
        let Queue { node, tenant, class, sender, .. } = self.queues[id.0];
        policy.detach(now, id);
        let slot = self.tenants[tenant.index()].as_mut().expect("a queue's tenant is attached");
        slot.queues.retain(|(_, _, queue)| *queue != id);
        self.senders[sender.index()].queues.retain(|queue| *queue != id);
        self.free_queues.push(id.0);
        let mut childless = self.tree.remove(node);
        while let Some(node) = childless {
            if let Some(place) = slot.classes.iter().position(|(c, n)| *c == class && *n == node) {
                slot.classes.swap_remove(place);
            } else if slot.node == Some(node) {
                slot.node = None;
            } else if let Some(set) = self.sets.iter_mut().find(|set| **set == Some(node)) {
                *set = None;
            }
            childless = self.tree.remove(node);
        }
    }

    /// Queues that exist, in use or kept.
    pub(super) fn queue_count(&self) -> usize {
        self.queues_in_use + self.idle_count
    }
}

/// Room for one more, and for a quarter of what there is: there are as many such lists as tenants and
/// senders, and most are short.
fn make_room<T>(entries: &mut Vec<T>) {
    if entries.len() == entries.capacity() {
        entries.reserve_exact(1 + entries.len() / 4);
    }
}
