//! Which injected failures are in force.

use super::AttemptLuck;
use super::happens;
use crate::engine::StreamName;
use crate::scenario::{Fault, FaultKind};
use crate::scheduler::Status;
use crate::time::Time;
use crate::units::{DestinationId, TenantId};

/// The faults of a scenario, by whether they are in force.
pub(super) struct Faults<'a> {
    all: &'a [Fault],
    /// By position: the number of the fault's name. Its luck belongs to the name, because a fault more in
    /// the scenario moves positions.
    numbers: Vec<u64>,
    /// Positions of those in force, ascending: their effects compose in the order of the scenario.
    in_force: Vec<usize>,
}

impl<'a> Faults<'a> {
    pub(super) fn new(all: &'a [Fault]) -> Self {
        let number =
            |fault: &Fault| StreamName::new(format!("fault/{}", fault.name), "refusal").number();
        Faults { all, numbers: all.iter().map(number).collect(), in_force: Vec::new() }
    }

    pub(super) fn begin(&mut self, fault: usize) {
        let place = self.in_force.partition_point(|other| *other < fault);
        self.in_force.insert(place, fault);
    }

    pub(super) fn end(&mut self, fault: usize) {
        self.in_force.retain(|other| *other != fault);
    }

    /// Until when the destination cannot be reached, if it cannot be now.
    pub(super) fn unreachable_until(&self, destination: DestinationId) -> Option<Time> {
        self.in_force
            .iter()
            .map(|fault| &self.all[*fault])
            .filter(|fault| fault.kind == FaultKind::Outage && fault.destination == destination)
            .map(|fault| fault.start + fault.duration)
            .max()
    }

    /// The status that a fault answers an attempt with, if one does.
    pub(super) fn refusal(
        &self,
        destination: DestinationId,
        tenant: TenantId,
        luck: &AttemptLuck,
    ) -> Option<Status> {
        self.in_force.iter().find_map(|position| {
            let fault = &self.all[*position];
            let in_scope = fault.destination == destination
                && fault.tenant.is_none_or(|scope| scope == tenant);
            match fault.kind {
                FaultKind::ErrorBurst { fraction, status }
                    if in_scope && happens(fraction, luck.fault(self.numbers[*position])) =>
                {
                    Some(status)
                }
                _ => None,
            }
        })
    }
}
