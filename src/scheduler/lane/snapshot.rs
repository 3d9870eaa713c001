//! All that a lane remembers, to be kept elsewhere while its process restarts.

use super::Lane;
use super::counts::Counts;
use crate::scheduler::life::Belief;
use crate::scheduler::policy::Policy;

/// What snapshots look like now. Any change of what a lane or a policy remembers makes it another.
const FORMAT: u32 = 3;

/// A lane as it stood at one moment: queues, messages on their way, tags, pacers and ledgers.
///
/// With the feature `snapshot` it can be written in any format of serde that keeps integers of 64 and
/// 128 bits and maps whose keys are numbers. It is of this process's making: read only what you wrote
/// yourself, because a forged one passes [`Snapshot::restore`] and can make the lane panic.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "snapshot", derive(serde::Serialize, serde::Deserialize))]
pub struct Snapshot<P> {
    format: u32,
    lane: Lane<P>,
}

/// Why a snapshot cannot be restored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RestoreError {
    /// It was written by a version whose lanes remember something else.
    OtherFormat {
        /// What it says it is.
        found: u32,
        /// What could be read.
        known: u32,
    },
    /// Its ledgers and its messages disagree: it is not whole.
    LedgersDisagree {
        /// The first belief under which they do.
        belief: Belief,
        /// Messages, by the ledger.
        counted: u64,
        /// Messages that are there.
        found: u64,
    },
}

impl core::fmt::Display for RestoreError {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            RestoreError::OtherFormat { found, known } => {
                write!(formatter, "the snapshot is of format {found}, this version reads {known}")
            }
            RestoreError::LedgersDisagree { belief, counted, found } => write!(
                formatter,
                "the snapshot counts {counted} messages as {} and holds {found}",
                belief.name()
            ),
        }
    }
}

impl core::error::Error for RestoreError {}

impl<P: Policy + Clone> Lane<P> {
    /// The lane as it stands. The lane may go on while the snapshot is written.
    ///
    /// A lane that is restored from it decides as this one would: same messages, same order, same
    /// times. What happens between the snapshot and the restart is for its owner to tell it: answers
    /// and receipts by the tickets it gave before, which stay good; attempts of which nothing is heard
    /// time out as they would have. What was dispatched in between is dispatched again unless the owner
    /// keeps a log of decisions and repeats them to the restored lane first.
    pub fn snapshot(&self) -> Snapshot<P> {
        Snapshot { format: FORMAT, lane: self.clone() }
    }
}

impl<P: Policy> Snapshot<P> {
    /// The lane that it was made of.
    ///
    /// # Errors
    /// When another version made it, or it is not whole.
    pub fn restore(self) -> Result<Lane<P>, RestoreError> {
        let Snapshot { format, lane } = self;
        if format != FORMAT {
            return Err(RestoreError::OtherFormat { found: format, known: FORMAT });
        }
        let mut found = [0_u64; Belief::ALL.len()];
        for slot in lane.store.indices() {
            found[lane.store.belief(slot) as usize] += 1;
        }
        let mut of_tenants = Counts::default();
        for tenant in lane.directory.tenants() {
            of_tenants.add(&tenant.counts);
        }
        for belief in Belief::ALL.into_iter().filter(|belief| belief.is_live()) {
            let counted = lane.counts.messages_in(belief);
            for found in [found[belief as usize], of_tenants.messages_in(belief)] {
                if found != counted {
                    return Err(RestoreError::LedgersDisagree { belief, counted, found });
                }
            }
        }
        Ok(lane)
    }
}
