//! The nodes of the share tree that tenants, sets and classes have.

use super::{Directory, Tenant};
use crate::scheduler::lane::bounds::ShareNode;
use crate::scheduler::lane::config::ChangeError;
use crate::scheduler::policy::{Level, NodeId, Policy};
use crate::time::Time;
use crate::units::{ClassId, TenantId, Weight};

impl Directory {
    /// The nodes above a queue of this tenant and class that exist.
    pub(super) fn nodes_above(&self, tenant: TenantId, class: ClassId) -> [Option<NodeId>; 3] {
        let set = self.tenant(tenant).and_then(Tenant::set);
        [
            set.and_then(|set| self.node_of(ShareNode::TenantSet(set), None)),
            self.node_of(ShareNode::Tenant(tenant), None),
            self.node_of(ShareNode::Class(class), Some(tenant)),
        ]
    }

    /// Tells the policy the bounds of those above a queue of this tenant and class that it has not had
    /// before.
    pub(super) fn tell_new_bounds<P: Policy>(
        &mut self,
        now: Time,
        (tenant, class): (TenantId, ClassId),
        had: [Option<NodeId>; 3],
        policy: &mut P,
    ) {
        let set = self.tenant(tenant).and_then(Tenant::set);
        let nodes = [
            set.map(ShareNode::TenantSet),
            Some(ShareNode::Tenant(tenant)),
            Some(ShareNode::Class(class)),
        ];
        let have = self.nodes_above(tenant, class);
        for ((node, before), id) in nodes.into_iter().zip(had).zip(have) {
            if let (Some(node), None, Some(id)) = (node, before, id) {
                self.tell_bounds(now, id, node, Some(tenant), policy);
            }
        }
    }

    /// The node of a set, of a tenant, or of a tenant's class, if it exists.
    pub(in crate::scheduler::lane) fn node_of(
        &self,
        node: ShareNode,
        tenant: Option<TenantId>,
    ) -> Option<NodeId> {
        match node {
            ShareNode::TenantSet(set) => self.sets.get(set.index()).copied().flatten(),
            ShareNode::Tenant(tenant) => self.tenant(tenant)?.node,
            ShareNode::Class(class) => {
                let classes = &self.tenant(tenant?)?.classes;
                classes.iter().find(|(known, _)| *known == class).map(|(_, node)| *node)
            }
        }
    }

    /// The weight of a node that the lane knows.
    pub(in crate::scheduler::lane) fn weight_of(&self, node: ShareNode) -> Weight {
        match node {
            ShareNode::TenantSet(set) => self.set_weights[set.index()],
            ShareNode::Class(class) => self.class_weights[class.index()],
            ShareNode::Tenant(tenant) => self.tenant(tenant).map_or(Weight::ONE, Tenant::weight),
        }
    }

    /// Tenant sets, with members or without.
    pub(in crate::scheduler::lane) fn set_count(&self) -> u32 {
        self.set_weights.len() as u32
    }

    /// Classes, with messages or without.
    pub(in crate::scheduler::lane) fn class_count(&self) -> u16 {
        self.class_weights.len() as u16
    }

    /// One more than the greatest number of a tenant that was ever attached.
    pub(in crate::scheduler::lane) fn tenant_count(&self) -> usize {
        self.tenants.len()
    }

    /// Whether the lane has such a node.
    pub(in crate::scheduler::lane) fn knows(&self, node: ShareNode) -> Result<(), ChangeError> {
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

    pub(super) fn node_of_class(&mut self, id: TenantId, class: ClassId) -> NodeId {
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

    pub(super) fn node_of_tenant(&mut self, id: TenantId) -> NodeId {
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
}
