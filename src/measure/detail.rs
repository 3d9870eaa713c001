//! The material of the figures, kept so that checks can select and merge.

use std::collections::BTreeMap;

use super::fairness::FairnessOutcome;
use super::latency::{Cell, Group};
use crate::units::{ClassId, DestinationId, TenantId};

/// What the figures of a run were made from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Detail {
    /// In order of tenant, destination and class.
    pub cells: Vec<Cell>,
    /// Shares and entitlements.
    pub fairness: FairnessOutcome,
    /// Segments dispatched at each destination before arrivals ended.
    pub sent_while_arriving: Vec<u64>,
    /// Ledger B in segments.
    pub truth_segments: BTreeMap<String, u64>,
}

impl Detail {
    /// All cells for which `wanted` holds, as one group.
    pub fn group(&self, wanted: impl Fn(TenantId, DestinationId, ClassId) -> bool) -> Group {
        let mut group = Group::default();
        for cell in &self.cells {
            if wanted(cell.tenant, cell.destination, cell.class) {
                group.merge(&cell.group);
            }
        }
        group
    }
}
