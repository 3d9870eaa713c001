//! Where a queue stands.

use super::super::policy::Standing;
use super::super::scoring::TAG_UNITS;
use super::super::tags::ahead_of;
use super::FullScoring;
use super::node::{NONE, ROOT};
use crate::units::QueueId;

const BILLION: i128 = 1_000_000_000;
/// Shares are multiplied down the tree this finely: lags of many segments are whole nanosegments still.
const FINE: i128 = BILLION * BILLION;

impl FullScoring {
    /// As [`Scoring`](super::super::Scoring) tells it: the lag of a child is w × (mean tag of the siblings
    /// that take part, by weight − own tag). What was sent since the order was found counts.
    pub(super) fn standing(&self, queue: QueueId) -> Option<Standing> {
        let leaf = self.leaves.get(queue.index()).copied().filter(|leaf| *leaf != NONE)?;
        let mut index = leaf;
        let (mut lag, mut share) = (0_i128, FINE);
        while index != ROOT {
            let node = &self.nodes[index as usize];
            if !node.place.takes_part() {
                return None;
            }
            let own = node.tag_now();
            let members = self.nodes[node.parent as usize].division.members();
            let tags = members.map(|child| {
                let child = &self.nodes[child as usize];
                (child.tag_now(), child.tag.weight())
            });
            let (ahead, weights) = ahead_of(own, tags);
            let weight = i128::from(node.tag.weight());
            let own = ahead / weights * weight * (BILLION / 1_000_000) / i128::from(TAG_UNITS);
            lag += own * (share / BILLION) / BILLION + own * (share % BILLION) / FINE;
            share = share * weight / weights;
            index = node.parent;
        }
        let (segments, per) = self.rate.map_or((1, BILLION), |rate| {
            (i128::from(rate.segments()), i128::from(rate.per().as_nanoseconds()))
        });
        let terms = self.nodes[leaf as usize].terms;
        let share = share / BILLION;
        let score_ns = lag * per / (segments * share.max(1)) + terms.total();
        Some(Standing { score_ns, lag_nanosegments: lag, share_billionths: share as u64, terms })
    }
}
