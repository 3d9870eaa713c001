//! What a queue is too long for goes out from another sender of the tenant.

use alloc::boxed::Box;

use super::Lane;
use super::config::ChangeError;
use crate::scheduler::message::Message;
use crate::scheduler::policy::Policy;
use crate::time::{Span, Time};
use crate::units::{SenderId, TenantId};

impl<P: Policy> Lane<P> {
    /// The senders of a tenant that what admission would refuse may go out from instead; none at first.
    ///
    /// A message spills to the one whose queue of the same class drains soonest, the first of them where
    /// several do, and is refused only if that takes too long as well. Its sender is then that one, for
    /// caps and pauses too. The list ends with [`Lane::detach`].
    ///
    /// # Errors
    /// When the tenant is not attached.
    pub fn set_spill(&mut self, tenant: TenantId, senders: &[SenderId]) -> Result<(), ChangeError> {
        if self.directory.tenant(tenant).is_none() {
            return Err(ChangeError::TenantNotAttached(tenant));
        }
        self.directory.tenant_mut(tenant).spill = Box::from(senders);
        Ok(())
    }

    /// The sender that a message may spill to.
    pub(super) fn spill(&self, now: Time, message: &Message, limit: Span) -> Option<SenderId> {
        let tenant = self.directory.tenant(message.tenant)?;
        let others = tenant.spill.iter().filter(|sender| **sender != message.sender);
        let drains = others.map(|sender| {
            let queue = tenant.queue(message.class, *sender);
            (queue.map_or(Span::ZERO, |queue| self.drain_time(now, queue)), *sender)
        });
        // The first of the least.
        let best = drains.reduce(|best, other| if other.0 < best.0 { other } else { best });
        best.filter(|(drain, _)| *drain <= limit).map(|(_, sender)| sender)
    }
}
