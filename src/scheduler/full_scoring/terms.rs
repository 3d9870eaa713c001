//! What counts in a score beside the lag.

use super::super::policy::{Entry, TermTimes, Verdict};
use super::super::scoring::TAG_UNITS;
use super::node::{Below, NONE, ROOT};
use super::{FullScoring, Reach};
use crate::time::Time;

/// An outcome counts for one in so many.
const MEMORY: u32 = 16;
const BILLION: u32 = 1_000_000_000;

impl FullScoring {
    /// Evaluates the terms of a queue by its first message.
    pub(super) fn evaluate(&mut self, now: Time, leaf: u32) {
        let terms = self.terms;
        let node = &mut self.nodes[leaf as usize];
        let Some(Entry { sequence, deadline, .. }) = node.head else { return };
        let per_million =
            |weight: u32, span: u64| i128::from(weight) * i128::from(span) / 1_000_000;
        let place = node.arrivals.partition_point(|(other, _)| *other < sequence);
        let waited = node.arrivals.get(place).map_or(0, |(_, at)| now.since(*at).as_nanoseconds());
        let horizon = terms.urgency_horizon.as_nanoseconds();
        let slack = deadline.since(now).as_nanoseconds();
        let failing = i128::from(node.failing) * i128::from(terms.health.as_nanoseconds());
        node.terms = TermTimes {
            waiting_ns: per_million(terms.waiting_millionths, waited),
            urgency_ns: per_million(terms.urgency_millionths, horizon.saturating_sub(slack)),
            health_ns: -failing / i128::from(BILLION),
        };
    }

    /// An order is found when its first message is retrieved: however long nothing could be sent, the terms
    /// are those of that moment.
    pub(super) fn evaluate_before_it_begins(&mut self, now: Time) {
        if self.terms.are_set() && self.batch.sent == 0 {
            self.evaluate_all(now);
        }
    }

    /// Evaluates all queues that may be sent from.
    pub(super) fn evaluate_all(&mut self, now: Time) {
        for queue in 0..self.leaves.len() {
            let leaf = self.leaves[queue];
            if leaf != NONE && self.nodes[leaf as usize].below == Below::Ready {
                self.evaluate(now, leaf);
                self.settle(now, leaf, Reach::Top);
            }
        }
    }

    /// Ranks all queues that may be sent from anew, by the terms they have: a second of the own share is
    /// another number of segments when there is one more to share with.
    pub(super) fn rank_all(&mut self, now: Time) {
        self.release_the_limited(now);
        for queue in 0..self.leaves.len() {
            let leaf = self.leaves[queue];
            if leaf != NONE && self.nodes[leaf as usize].below == Below::Ready {
                self.settle(now, leaf, Reach::Top);
            }
        }
    }

    /// Remembers how an attempt of a queue ended.
    pub(super) fn remember(&mut self, leaf: u32, verdict: Verdict) {
        let node = &mut self.nodes[leaf as usize];
        node.failing -= node.failing / MEMORY;
        if verdict == Verdict::Refused {
            node.failing = (node.failing + BILLION / MEMORY).min(BILLION);
        }
    }

    /// So many nanoseconds of its own share, in the units in which the tags of a node's children are kept;
    /// shares are those among all children, whether they have work or not.
    pub(super) fn units(&self, parent: u32, nanoseconds: i128) -> i128 {
        if nanoseconds == 0 {
            return 0;
        }
        let (segments, per) = self.rate.map_or((1, i128::from(BILLION)), |rate| {
            (i128::from(rate.segments()), i128::from(rate.per().as_nanoseconds()))
        });
        let millionths_per_second = segments * 1_000_000 * i128::from(BILLION) / per;
        let mut nanosegments = nanoseconds * millionths_per_second / 1_000_000;
        let weights_below = |index: u32| {
            let weights = self.nodes[index as usize].division.clock.weights();
            weights.max(1) as i128
        };
        let mut index = parent;
        while index != ROOT {
            let node = &self.nodes[index as usize];
            nanosegments =
                nanosegments * i128::from(node.tag.weight()) / weights_below(node.parent);
            index = node.parent;
        }
        // Units a segment at a weight of one millionth are TAG_UNITS × 10⁶, of which a nanosegment is 10⁻⁹.
        nanosegments * i128::from(TAG_UNITS / 1000) / weights_below(parent)
    }
}
