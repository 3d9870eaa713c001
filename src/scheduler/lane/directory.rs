//! Tenants, senders and queues of a lane. Queues are created when first used and reclaimed when they
//! have been empty for long.

use alloc::vec::Vec;

use super::bounds::{BoundTable, ShareNode};
use super::config::{ChangeError, LaneConfig, TenantSpec};
use super::counts::Counts;
use super::shares::ShareTree;
use super::store::{List, NONE};
use crate::scheduler::heap::IndexedHeap;
use crate::scheduler::message::Message;
use crate::scheduler::pacing::Pacer;
use crate::scheduler::policy::{Hop, Level, NodeId, Policy};
use crate::time::Time;
use crate::units::{ClassId, QueueId, Quota, SenderId, TenantId, TenantSetId, Weight};

/// Queues are kept, empty, up to this many or as many as are in use: a tenant that pauses between
/// two messages should not pay for a new queue each time.
const IDLE_QUEUES_KEPT: usize = 1024;

#[derive(Clone, Debug)]
pub(super) struct Directory {
    pub(super) tree: ShareTree,
    pub(super) bounds: BoundTable,
    tenants: Vec<Option<Tenant>>,
    sets: Vec<Option<NodeId>>,
    set_weights: Vec<Weight>,
    class_weights: Vec<Weight>,
    senders: Vec<Sender>,
    /// Senders with something to send that their cap holds back, by when it lets them.
    pub(super) held_senders: IndexedHeap<(Time, u32)>,
    queues: Vec<Queue>,
    free_queues: Vec<u32>,
    queues_in_use: usize,
    /// Idle queues, threaded through them from the one idle for longest to the latest.
    idle_first: u32,
    idle_last: u32,
    idle_count: usize,
    path: Vec<Hop>,
}

#[derive(Clone, Debug)]
pub(super) struct Tenant {
    spec: TenantSpec,
    node: Option<NodeId>,
    classes: Vec<(ClassId, NodeId)>,
    /// Sorted by class and sender.
    queues: Vec<(ClassId, SenderId, QueueId)>,
    pub(super) counts: Counts,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Sender {
    pub(super) pacer: Option<Pacer>,
    pub(super) queues: Vec<QueueId>,
}

/// A queue and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Queue {
    pub(super) messages: List,
    pub(super) segments: u64,
    pub(super) node: NodeId,
    pub(super) tenant: TenantId,
    pub(super) class: ClassId,
    pub(super) sender: SenderId,
    /// Messages queued, parked or in flight: while there are any, the queue stays.
    pub(super) live: u32,
    /// Neighbours among the idle queues, while it is idle.
    idle_before: u32,
    idle_after: u32,
    pub(super) standing: QueueStanding,
}

/// What the policy was last told of a queue.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
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
            queues: Vec::new(),
            free_queues: Vec::new(),
            queues_in_use: 0,
            idle_first: NONE,
            idle_last: NONE,
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
        self.tenants[id.index()] = None;
        *self.attached_beside(spec) -= spec.weight.millionths();
        self.bounds.forget(id);
        self.bounds.mark_stale();
        Ok(counts)
    }

    pub(super) fn tenant(&self, id: TenantId) -> Option<&Tenant> {
        self.tenants.get(id.index()).and_then(Option::as_ref)
    }

    pub(super) fn tenant_mut(&mut self, id: TenantId) -> &mut Tenant {
        self.tenants[id.index()].as_mut().expect("a message's tenant stays attached")
    }

    pub(super) fn queues_of(&self, id: TenantId) -> impl Iterator<Item = QueueId> + '_ {
        self.tenant(id).into_iter().flat_map(|tenant| tenant.queues.iter().map(|(_, _, q)| *q))
    }

    pub(super) fn sender(&self, id: SenderId) -> Option<&Sender> {
        self.senders.get(id.index())
    }

    pub(super) fn sender_mut(&mut self, id: SenderId) -> &mut Sender {
        if self.senders.len() <= id.index() {
            self.senders.resize_with(id.index() + 1, Sender::default);
        }
        &mut self.senders[id.index()]
    }

    pub(super) fn set_cap(&mut self, now: Time, id: SenderId, cap: Option<Quota>) {
        let sender = self.sender_mut(id);
        match (&mut sender.pacer, cap) {
            (Some(pacer), Some(cap)) => pacer.change(now, cap),
            (pacer, cap) => *pacer = cap.map(Pacer::new),
        }
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
        &self.queues[id.index()]
    }

    pub(super) fn queue_mut(&mut self, id: QueueId) -> &mut Queue {
        &mut self.queues[id.index()]
    }

    /// The queue of a message, created if need be.
    pub(super) fn queue_for<P: Policy>(
        &mut self,
        now: Time,
        message: &Message,
        policy: &mut P,
    ) -> QueueId {
        let key = (message.class, message.sender);
        let tenant = self.tenants[message.tenant.index()].as_ref().expect("checked by submit()");
        match tenant.queues.binary_search_by_key(&key, |(class, sender, _)| (*class, *sender)) {
            Ok(place) => tenant.queues[place].2,
            Err(place) => self.create(now, message, place, policy),
        }
    }

    fn create<P: Policy>(
        &mut self,
        now: Time,
        message: &Message,
        place: usize,
        policy: &mut P,
    ) -> QueueId {
        let had = self.nodes_above(message);
        let parent = self.node_of_class(message.tenant, message.class);
        let identity = u64::from(message.sender.0);
        let node = self.tree.insert(Some(parent), Level::Sender, identity, Weight::ONE);
        let index = self.free_queues.pop().unwrap_or(self.queues.len() as u32);
        let id = QueueId(index);
        let queue = Queue {
            messages: List::EMPTY,
            segments: 0,
            node,
            tenant: message.tenant,
            class: message.class,
            sender: message.sender,
            live: 0,
            idle_before: NONE,
            idle_after: NONE,
            standing: QueueStanding::Empty,
        };
        match self.queues.get_mut(id.index()) {
            Some(slot) => *slot = queue,
            None => self.queues.push(queue),
        }
        // A new queue is idle until its first message is counted; admission may refuse that one.
        self.join_idle(id);
        let tenant = self.tenant_mut(message.tenant);
        tenant.queues.insert(place, (message.class, message.sender, id));
        self.sender_mut(message.sender).queues.push(id);
        let mut path = core::mem::take(&mut self.path);
        self.tree.path(node, &mut path);
        policy.attach(now, id, &path);
        self.path = path;
        if self.has_bounds() {
            self.tell_new_bounds(now, message, had, policy);
        }
        id
    }

    /// The nodes above a message's queue that exist.
    fn nodes_above(&self, message: &Message) -> [Option<NodeId>; 3] {
        let set = self.tenant(message.tenant).and_then(Tenant::set);
        [
            set.and_then(|set| self.node_of(ShareNode::TenantSet(set), None)),
            self.node_of(ShareNode::Tenant(message.tenant), None),
            self.node_of(ShareNode::Class(message.class), Some(message.tenant)),
        ]
    }

    /// Tells the policy the bounds of those above a message's queue that it has not had before.
    fn tell_new_bounds<P: Policy>(
        &mut self,
        now: Time,
        message: &Message,
        had: [Option<NodeId>; 3],
        policy: &mut P,
    ) {
        let set = self.tenant(message.tenant).and_then(Tenant::set);
        let nodes = [
            set.map(ShareNode::TenantSet),
            Some(ShareNode::Tenant(message.tenant)),
            Some(ShareNode::Class(message.class)),
        ];
        let have = self.nodes_above(message);
        for ((node, before), id) in nodes.into_iter().zip(had).zip(have) {
            if let (Some(node), None, Some(id)) = (node, before, id) {
                self.tell_bounds(now, id, node, Some(message.tenant), policy);
            }
        }
    }

    /// The node of a set, of a tenant, or of a tenant's class, if it exists.
    pub(super) fn node_of(&self, node: ShareNode, tenant: Option<TenantId>) -> Option<NodeId> {
        match node {
            ShareNode::TenantSet(set) => self.sets.get(set.index()).copied().flatten(),
            ShareNode::Tenant(tenant) => self.tenant(tenant)?.node,
            ShareNode::Class(class) => {
                let classes = &self.tenant(tenant?)?.classes;
                classes.iter().find(|(known, _)| *known == class).map(|(_, node)| *node)
            }
        }
    }

    /// The weight of a node, and the sum of those of all it may have to share with.
    pub(super) fn weight_among_all(&self, node: ShareNode) -> (Weight, u128) {
        let sum = |weights: &[Weight]| weights.iter().map(|w| u128::from(w.millionths())).sum();
        match node {
            ShareNode::TenantSet(set) => (self.set_weights[set.index()], sum(&self.set_weights)),
            ShareNode::Class(class) => {
                (self.class_weights[class.index()], sum(&self.class_weights))
            }
            ShareNode::Tenant(tenant) => {
                let spec = self.tenant(tenant).map(|tenant| tenant.spec);
                let set = spec.and_then(|spec| spec.set).map_or(0, TenantSetId::index);
                let weight = spec.map_or(Weight::ONE, |spec| spec.weight);
                (weight, self.bounds.attached[set].into())
            }
        }
    }

    /// One more than the greatest number of a tenant that was ever attached.
    pub(super) fn tenant_count(&self) -> usize {
        self.tenants.len()
    }

    /// Whether the lane has such a node.
    pub(super) fn knows(&self, node: ShareNode) -> Result<(), ChangeError> {
        match node {
            ShareNode::TenantSet(set) if set.index() >= self.set_weights.len() => {
                Err(ChangeError::NoSuchTenantSet(Some(set)))
            }
            ShareNode::Class(class)
                if self.class_weights.len() < 2 || class.index() >= self.class_weights.len() =>
            {
                Err(ChangeError::NoSuchClass(class))
            }
            ShareNode::Tenant(tenant) if self.tenant(tenant).is_none() => {
                Err(ChangeError::TenantNotAttached(tenant))
            }
            _ => Ok(()),
        }
    }

    fn node_of_class(&mut self, id: TenantId, class: ClassId) -> NodeId {
        let tenant_node = self.node_of_tenant(id);
        if self.class_weights.len() < 2 {
            return tenant_node;
        }
        let weight = self.class_weights[class.index()];
        let tenant = self.tenants[id.index()].as_mut().expect("checked by submit()");
        match tenant.classes.iter().find(|(known, _)| *known == class) {
            Some((_, node)) => *node,
            None => {
                let identity = u64::from(class.0);
                let node = self.tree.insert(Some(tenant_node), Level::Class, identity, weight);
                tenant.classes.push((class, node));
                node
            }
        }
    }

    fn node_of_tenant(&mut self, id: TenantId) -> NodeId {
        let tenant = self.tenants[id.index()].as_mut().expect("checked by submit()");
        if let Some(node) = tenant.node {
            return node;
        }
        let set = tenant.spec.set.map(|set| {
            *self.sets[set.index()].get_or_insert_with(|| {
                let weight = self.set_weights[set.index()];
                self.tree.insert(None, Level::TenantSet, u64::from(set.0), weight)
            })
        });
        let weight = tenant.spec.weight;
        let node = self.tree.insert(set, Level::Tenant, u64::from(id.0), weight);
        tenant.node = Some(node);
        node
    }

    /// One more message of a queue is queued, parked or in flight.
    pub(super) fn hold(&mut self, id: QueueId) {
        if self.queues[id.index()].live == 0 {
            self.leave_idle(id);
            self.queues_in_use += 1;
        }
        self.queues[id.index()].live += 1;
    }

    /// One message fewer; the queue that was idle for longest may be reclaimed.
    pub(super) fn release<P: Policy>(&mut self, now: Time, id: QueueId, policy: &mut P) {
        let queue = &mut self.queues[id.index()];
        queue.live -= 1;
        if queue.live > 0 {
            return;
        }
        self.queues_in_use -= 1;
        self.join_idle(id);
        while self.idle_count > self.queues_in_use.max(IDLE_QUEUES_KEPT) {
            let oldest = QueueId(self.idle_first);
            self.leave_idle(oldest);
            self.reclaim(now, oldest, policy);
        }
    }

    fn join_idle(&mut self, id: QueueId) {
        self.idle_count += 1;
        let before = core::mem::replace(&mut self.idle_last, id.0);
        let queue = &mut self.queues[id.index()];
        (queue.idle_before, queue.idle_after) = (before, NONE);
        match before {
            NONE => self.idle_first = id.0,
            before => self.queues[before as usize].idle_after = id.0,
        }
    }

    fn leave_idle(&mut self, id: QueueId) {
        self.idle_count -= 1;
        let Queue { idle_before, idle_after, .. } = self.queues[id.index()];
        match idle_before {
            NONE => self.idle_first = idle_after,
            before => self.queues[before as usize].idle_after = idle_after,
        }
        match idle_after {
            NONE => self.idle_last = idle_before,
            after => self.queues[after as usize].idle_before = idle_before,
        }
    }

    fn reclaim<P: Policy>(&mut self, now: Time, id: QueueId, policy: &mut P) {
        let Queue { node, tenant, class, sender, .. } = self.queues[id.index()];
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
